"""The runtime that a module carries: definitions of `symbptt.codegen.runtime`, copied.

A module gets what it calls, and what that names, as Python's own table of symbols says it.
Annotations stay behind: they serve the type checker here, and a module would have to import
what they name.
"""

from __future__ import annotations

import ast
import importlib.util
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

WIDTH = 88
"""Of the lines of a module."""


@dataclass(frozen=True)
class RuntimeDefinition:
    """A function or class as it stands in its file, and the names that it does not make itself."""

    source: str
    names: frozenset[str]

    @cached_property
    def text(self) -> str:
        """As it stands in a module."""
        return bare(self.source)


@dataclass(frozen=True)
class Runtime:
    """The definitions of some files by name, in their order, and the imports of those."""

    definitions: Mapping[str, RuntimeDefinition]
    imports: Mapping[str, str]

    def needed(self, names: Iterable[str]) -> list[str]:
        """The definitions that some names need, in the order of the files."""
        found: set[str] = set()
        pending = self.definitions.keys() & set(names)
        while pending:
            found |= pending
            named = {other for name in pending for other in self.definitions[name].names}
            pending = (self.definitions.keys() & named) - found
        return [name for name in self.definitions if name in found]

    def copied(self, names: Iterable[str]) -> tuple[list[str], list[str]]:
        """What is needed, as text, and the import lines for it and for the names."""
        needed = [self.definitions[name] for name in self.needed(names)]
        named = {*names, *(other for definition in needed for other in definition.names)}
        lines = {line for name, line in self.imports.items() if name in named}
        return (
            [definition.text for definition in needed],
            sorted(lines, key=lambda line: (line.startswith("from"), line)),
        )


def runtime(package: str, files: Iterable[str]) -> Runtime:
    """The runtime in some files of a package."""
    found = [runtime_of(package, file) for file in files]
    return Runtime(
        {name: each for one in found for name, each in one.definitions.items()},
        {name: line for one in found for name, line in one.imports.items()},
    )


@cache
def runtime_of(package: str, file: str) -> Runtime:
    """The runtime in one file of a package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / f"{file}.py"
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    table = symtable.symtable(source, str(path), "exec")
    definitions = {
        each.get_name(): RuntimeDefinition(block(lines, each.get_lineno()), frozenset(named(each)))
        for each in table.get_children()
        if each.get_type() in ("function", "class")
    }
    return Runtime(definitions, dict(carried_imports(source, package)))


def block(lines: list[str], number: int) -> str:
    """A definition from its line on to where the next statement of the file begins."""
    first = number - 1
    while lines[first - 1].startswith("@"):
        first -= 1
    rest = range(number, len(lines))
    end = next((k for k in rest if lines[k][:1] not in ("", " ", ")")), len(lines))
    return "\n".join(lines[first:end]).rstrip()


def named(table: symtable.SymbolTable) -> Iterator[str]:
    """The names in a definition that its file, or Python, gives a meaning."""
    yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
    for inner in table.get_children():
        yield from named(inner)


def named_in(functions: Iterable[str]) -> set[str]:
    """The names that some functions, as text, take from their module."""
    table = symtable.symtable("\n\n\n".join(functions), "module", "exec")
    return {name for each in table.get_children() for name in named(each)}


def carried_imports(source: str, package: str) -> Iterator[tuple[str, str]]:
    """The imports of the standard library that are not for annotations, by what they name."""
    others = (package.partition(".")[0], "numpy", "typing", "__future__")
    head, _, _ = source.partition("\n\n\n")
    for node in ast.parse(head).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            if str(module).partition(".")[0] not in others:
                yield from ((each.asname or each.name, ast.unparse(node)) for each in node.names)


def bare(source: str) -> str:
    """The text of a definition without annotations."""
    lines = source.splitlines()
    (definition,) = ast.parse(source).body
    # From the last one up, so that the numbers of lines above stay right.
    for node in reversed([*statements(definition)]):
        first = node.lineno - 1
        if isinstance(node, ast.AnnAssign):
            assert node.value is not None
            head = lines[first][: node.target.end_col_offset]
            lines[first] = f"{head} = {lines[first][node.value.col_offset :]}"
        elif isinstance(node, ast.FunctionDef):
            assert node.returns is not None
            indent = " " * node.col_offset
            signature = signature_lines(node.name, unannotated(node.args), indent)
            lines[first : node.returns.end_lineno] = signature
    return "\n".join(lines)


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """A statement and those inside of it, in their order."""
    if isinstance(node, ast.stmt):
        yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler):
            yield from statements(child)


def unannotated(arguments: ast.arguments) -> str:
    """The arguments of a function as text."""
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        one.annotation = None
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            rest.annotation = None
    return ast.unparse(arguments)


def signature_lines(name: str, arguments: str, indent: str = "") -> list[str]:
    """``def name(arguments):`` in as many lines as a formatter takes."""
    head = f"{indent}def {name}("
    if len(head) + len(arguments) + 2 <= WIDTH:
        return [f"{head}{arguments}):"]
    if len(indent) + 4 + len(arguments) <= WIDTH:
        return [head, f"{indent}    {arguments}", f"{indent}):"]
    return [head, *(f"{indent}    {part}," for part in arguments.split(", ")), f"{indent}):"]
