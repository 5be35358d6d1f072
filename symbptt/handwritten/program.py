"""A person's file, read and not executed: its functions, what they take and return."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from symbptt.errors import ProgramError, meant

LARGEST = 1 << 20
"""Bytes of a file that is read."""

WORDS = ("grad", "bptt", "backward", "backprop", "loss", "cost", "objective", "step", "train")
"""What the function that is meant is often called, likeliest first."""


@dataclass(frozen=True)
class SignatureArgument:
    name: str
    required: bool
    positional: bool = False


@dataclass(frozen=True)
class ProgramFunction:
    """A function or a method of a class.

    Attributes
    ----------
    arguments : tuple of SignatureArgument
        Without ``self``.
    keywords : bool
        Whether it takes any others by name.
    returned : tuple of str
        What its last ``return`` names, one by one.
    reads : frozenset of str
        ProgramNames that functions of the file read.
    uses : frozenset of str
        What it reads itself, functions that it calls among it.
    """

    name: str
    owner: str
    arguments: tuple[SignatureArgument, ...]
    keywords: bool
    returned: tuple[str, ...]
    reads: frozenset[str]
    assigned: frozenset[str]
    text: str
    line: int
    uses: frozenset[str] = frozenset()

    @property
    def called(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True)
class File:
    path: Path
    source: str
    functions: tuple[ProgramFunction, ...]
    words: tuple[str, ...] = ()
    """What may be names of parameters: of arguments, keys, attributes."""
    awaited: tuple[str, ...] = ()
    """Functions that are called in a loop of events alone."""

    def of(self, owner: str, name: str) -> ProgramFunction | None:
        found = (f for f in self.functions if f.owner == owner and f.name == name)
        return next(found, None)

    def candidates(self, wanted: str) -> tuple[ProgramFunction, ...]:
        """The functions that may be meant, likeliest first.

        Raises
        ------
        ProgramError
            If there is none.
        """
        public = [f for f in self.functions if not f.name.startswith("_")]
        public = public or [f for f in self.functions if f.name == "__call__"]
        if not wanted:
            # Nobody means these who looks for gradients, if there is another function.
            public = [f for f in public if not _passes_forward(f)] or public
        if wanted:
            chosen = [f for f in self.functions if f.called == wanted]
            chosen = chosen or [f for f in public if f.owner == wanted]
            if not chosen:
                known = [f.called for f in public]
                other = f"it defines {', '.join(known) or 'no function'}"
                raise ProgramError(
                    f"{self.path} defines no {wanted}: {meant(wanted, known, other)}"
                )
            public = chosen
        if not public:
            why = "".join(f"; {name} is async, and is not awaited" for name in self.awaited)
            raise ProgramError(f"{self.path} defines no function{why}")
        return tuple(sorted(public, key=_likeliness))


def _passes_forward(function: ProgramFunction) -> bool:
    name = function.name.lower()
    return any(
        word in name for word in ("forward", "predict", "sample", "fit", "check", "test", "numeric")
    )


def _likeliness(function: ProgramFunction) -> int:
    name = function.name.lower()
    return next((k for k, word in enumerate(WORDS) if word in name), len(WORDS))


def read(path: str | Path) -> File:
    """A file of Python.

    Raises
    ------
    ProgramError
        If it can't be read, or is no Python.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProgramError(f"{path} can't be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise ProgramError(f"{path} has {len(data):,} bytes; {LARGEST:,} are as many as are read")
    try:
        source = data.decode("utf-8-sig")
        tree = ast.parse(source, str(path))
        functions, words = tuple(_functions(tree)), tuple(dict.fromkeys(_words(tree)))
    except SyntaxError as error:
        line = (error.text or "").strip()[:80]
        raise ProgramError(
            f"{path}:{error.lineno}: this is no Python 3: {error.msg}\n    {line}"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ProgramError(f"{path} is no text of Python: {error}"[:300]) from error
    awaited = tuple(n.name for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef))
    return File(path, source, functions, words, awaited)


def _functions(tree: ast.Module) -> Iterator[ProgramFunction]:
    defined = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    reads = frozenset(n.id for d in defined for n in ast.walk(d) if isinstance(n, ast.Name))
    top = (n for s in tree.body if isinstance(s, ast.Assign | ast.AnnAssign) for n in ast.walk(s))
    stored = (n.id for n in top if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    known = reads, reads & frozenset(stored)
    for statement in map(_defined, tree.body):
        if isinstance(statement, ast.FunctionDef):
            yield _function(statement, "", *known)
        elif isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, ast.FunctionDef):
                    yield _function(inner, statement.name, *known)


def _defined(statement: ast.stmt) -> ast.stmt:
    """``f = lambda x: y`` as ``def f(x): return y``."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args, body=body)):
            found = ast.FunctionDef(name, args, [ast.Return(body)], [], lineno=statement.lineno)
            return ast.fix_missing_locations(found)
    return statement


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(word)) | ast.arg(arg=word) | ast.Attribute(attr=word):
                yield word
            case ast.keyword(arg=str(word)):
                yield word
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            yield from (name for target in statement.targets for name in _names(target))


def _function(
    node: ast.FunctionDef, owner: str, reads: frozenset[str], assigned: frozenset[str]
) -> ProgramFunction:
    given = node.args
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
    positional = [*given.posonlyargs, *given.args]
    required = len(positional) - len(given.defaults)
    own = 1 if owner and not static else 0
    arguments = [
        SignatureArgument(a.arg, place < required, place < len(given.posonlyargs))
        for place, a in enumerate(positional)
    ][own:]
    arguments += [
        SignatureArgument(a.arg, default is None)
        for a, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    text = f"{owner + '.' if owner else ''}{node.name}({ast.unparse(given)})"
    return ProgramFunction(
        node.name,
        owner,
        tuple(arguments),
        given.kwarg is not None,
        _returned(node),
        reads,
        assigned,
        text,
        node.lineno,
        frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name)),
    )


def _returned(node: ast.FunctionDef) -> tuple[str, ...]:
    """The names in the last statement that returns something."""
    found: tuple[str, ...] = ()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Return) and inner.value is not None:
            names = tuple(_names(inner.value))
            found = names if len(names) >= len(found) else found
    return found


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _names(part)
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=value, attr="T") | ast.BinOp(left=value):
            yield from _names(value)
        case ast.Attribute(attr=name):
            yield name
        case ast.Call(args=[first, *_]):
            yield from _names(first)
        case _:
            yield "_"
