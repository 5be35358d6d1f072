"""The runtime that a module carries: definitions of `symbptt.codegen.runtime`, copied.

A module gets what its own lines name, and what that names. Annotations stay behind: they
serve the type checker here, and a module would have to import what they name.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbptt.codegen.naming import words_of

WIDTH = 88
"""Of the lines of a module."""


@dataclass(frozen=True)
class RuntimeDefinition:
    """A function, class or constant as it stands in a module, and the words in it."""

    text: str
    words: frozenset[str]


@dataclass(frozen=True)
class Runtime:
    """The definitions of some files by name, in their order, and the imports of those."""

    definitions: dict[str, RuntimeDefinition]
    imports: Mapping[str, str]

    def needed(self, words: Iterable[str]) -> list[str]:
        """The names that some words need, in the order of the files."""
        found: set[str] = set()
        pending = self.definitions.keys() & set(words)
        while pending:
            found |= pending
            named = {word for name in pending for word in self.definitions[name].words}
            pending = (self.definitions.keys() & named) - found
        return [name for name in self.definitions if name in found]

    def copied(self, words: Iterable[str]) -> tuple[list[str], list[str]]:
        """What is needed, as text, and the import lines for it and for the words."""
        words = set(words)
        names = self.needed(words)
        words.update(*(self.definitions[name].words for name in names))
        lines = {line for name, line in self.imports.items() if name in words}
        return (
            [self.definitions[name].text for name in names],
            sorted(lines, key=lambda line: (line.startswith("from"), line)),
        )


@cache
def runtime(package: str, files: tuple[str, ...]) -> Runtime:
    """The runtime in some files of a package."""
    definitions: dict[str, RuntimeDefinition] = {}
    imports: dict[str, str] = {}
    for source in sources(package, files):
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                definitions[node.name] = defined(source, node)
            elif isinstance(node, ast.Import | ast.ImportFrom) and is_carried(node, package):
                for alias in node.names:
                    line = ast.unparse(node)
                    imports[alias.asname or alias.name] = line
    return Runtime(definitions, imports)


@cache
def functions(package: str, files: tuple[str, ...]) -> dict[str, RuntimeDefinition]:
    """The functions in some files of a package, by name."""
    return {
        node.name: defined(source, node)
        for source in sources(package, files)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }


def sources(package: str, files: tuple[str, ...]) -> list[str]:
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    return [(folder / f"{file}.py").read_text(encoding="utf-8") for file in files]


def defined(source: str, node: ast.FunctionDef | ast.ClassDef) -> RuntimeDefinition:
    text = bare(source, node)
    return RuntimeDefinition(text, frozenset(words_of([text])))


def is_carried(node: ast.Import | ast.ImportFrom, package: str) -> bool:
    """Whether an import is of the standard library, and not for annotations."""
    module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    return str(module).partition(".")[0] not in (
        package.partition(".")[0], "numpy", "typing", "__future__",
    )  # fmt: skip


def bare(source: str, definition: ast.FunctionDef | ast.ClassDef) -> str:
    """The text of a definition without annotations."""
    lines = source.splitlines()
    for node in ast.walk(definition):
        if isinstance(node, ast.AnnAssign):
            line = node.lineno - 1
            assert node.value is not None and node.end_lineno is not None
            head = lines[line][: node.target.end_col_offset]
            lines[line] = f"{head} = {lines[line][node.value.col_offset :]}"
    # From the last one up, so that the numbers of lines above stay right.
    functions = [n for n in ast.walk(definition) if isinstance(n, ast.FunctionDef)]
    end = definition.end_lineno
    assert end is not None
    removed = 0
    for function in sorted(functions, key=lambda f: -f.lineno):
        first = last = function.lineno - 1
        indent = " " * function.col_offset
        while not (
            lines[last].endswith(":") and (last == first or lines[last].startswith(f"{indent})"))
        ):
            last += 1
        signature = signature_lines(function.name, unannotated(function.args), indent)
        removed += last + 1 - first - len(signature)
        lines[first : last + 1] = signature
    start = min([definition.lineno, *(d.lineno for d in definition.decorator_list)]) - 1
    return "\n".join(lines[start : end - removed])


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
