"""The runtime that a module carries: definitions of `symbptt.codegen.runtime`, copied.

A module gets what it calls, and what that names, as Python's own table of symbols says it.
"""

from __future__ import annotations

import ast
import importlib.util
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbptt.codegen.specialising import Constants, Specialised, top


@dataclass(frozen=True)
class Copied:
    """Definitions as they stand in a module, its imports, and what all of it names."""

    texts: tuple[str, ...]
    imports: tuple[str, ...]
    names: frozenset[str]


@dataclass(frozen=True)
class Runtime:
    """The definitions of some files by name, in their order, and the imports of those."""

    definitions: Mapping[str, str]
    imports: Mapping[str, str]

    def needed(
        self,
        names: Iterable[str],
        constants: Constants = frozenset(),
        unread: frozenset[str] = frozenset(),
    ) -> dict[str, str]:
        """The definitions that some names need, in the order of the files."""
        found: dict[str, str] = {}
        pending = self.definitions.keys() & set(names)
        while pending:
            found |= {n: specialised(self.definitions[n], constants, unread) for n in pending}
            pending = (self.definitions.keys() & named_in(found.values())) - found.keys()
        return {name: found[name] for name in self.definitions if name in found}

    def copied(
        self, names: Iterable[str], constants: Constants = frozenset(), code: Iterable[str] = ()
    ) -> Copied:
        """What some names need, for the constants of a module and what else stands in it."""
        functions, named = tuple(code), set(names)
        named |= named_in(functions)
        unread: frozenset[str] = frozenset()
        while True:
            texts = tuple(self.needed(named, constants, unread).values())
            read = {name for text in (*functions, *texts) for name in attributes(text)[0]}
            kept = {name for text in texts for name in attributes(text)[1]}
            if kept <= read | unread:
                break
            unread |= kept - read
        named |= named_in(texts)
        lines = {line for name, line in self.imports.items() if name in named}
        imports = sorted(lines, key=lambda line: (line.startswith("from"), line))
        return Copied(texts, tuple(imports), frozenset(named))


def specialised(source: str, constants: Constants, unread: frozenset[str]) -> str:
    """The text of a definition, made once for those of the names that it has."""
    met = frozenset(pair for pair in constants if pair[0] in source)
    return text_of(source, met, frozenset(name for name in unread if name in source))


@cache
def text_of(source: str, constants: Constants, unread: frozenset[str]) -> str:
    return Specialised(source, constants, unread).text


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
    found = {
        node.name: "\n".join(lines[top(node) - 1 : node.end_lineno])
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    return Runtime(found, dict(carried_imports(source, package)))


def named_in(code: Iterable[str]) -> set[str]:
    """The names that some definitions take from their module."""
    return {name for text in code for name in names_of(text)}


@cache
def names_of(text: str) -> frozenset[str]:
    """The names in a definition that its file, or Python, gives a meaning."""
    return frozenset(
        symbol.get_name()
        for table in tables_in(symtable.symtable(text, "module", "exec"))
        for symbol in table.get_symbols()
        if symbol.is_global()
    )


def tables_in(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from tables_in(inner)


@cache
def attributes(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The attributes that some code reads, and those that its classes alone know of."""
    nodes = [*ast.walk(ast.parse(text))]
    found = {True: set[str](), False: set[str]()}
    for node in nodes:
        if isinstance(node, ast.Attribute):
            found[isinstance(node.ctx, ast.Load)].add(node.attr)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
            found[True].add(node.target.attr)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            found[False] |= {name for name in methods if not name.startswith("__")}
    return frozenset(found[True]), frozenset(found[False])


def carried_imports(source: str, package: str) -> Iterator[tuple[str, str]]:
    """The imports of the standard library that are not for annotations, by what they name."""
    others = (package.partition(".")[0], "numpy", "typing", "__future__")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            if str(module).partition(".")[0] not in others:
                yield from ((each.asname or each.name, ast.unparse(node)) for each in node.names)
