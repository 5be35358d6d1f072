"""What the house looks like from outside: sizes, names, and which file imports which.

python -m tests.house                 the figures of this checkout
python -m tests.house --before DIR    beside those of another checkout

The order of the rooms stands here alone; tests/test_rules_of_the_house.py holds the files to it.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# From the ground up: a room imports from what stands above it here, and from itself. What stands
# in one line stands side by side. A file of symbptt/ is a room, symbptt/__init__.py is "symbptt".
ORDER = (
    ("errors",),
    ("models", "output", "progress", "tables", "templating"),
    ("algebra", "plots"),
    ("functions",),
    ("language", "calculus"),
    ("binding",),
    ("typeset",),
    ("codegen", "notebook"),  # a generated statement cites its step's formula as plain text
    ("proof", "listing"),
    ("formula",),
    ("documents", "exercises", "handwritten"),
    ("live", "testing"),
    ("analysis", "demonstration", "figures", "unrolled"),
    ("experiments", "symbolic"),
    ("sympy_script", "gallery"),
    ("symbptt",),
    ("cli",),
    ("__main__",),
)
FORMER = {"demo": "demonstration", "study": "experiments"}
"""Rooms by the names that they bear in an older checkout."""
LONG = 400


@dataclass(frozen=True)
class File:
    path: str
    text: str

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))


@dataclass(frozen=True)
class House:
    """The files of a checkout: Python of symbptt/ and benchmarks/, and the templates."""

    package: list[File]
    benchmarks: list[File]
    templates: list[File]

    @cached_property
    def arrows(self) -> dict[str, set[str]]:
        """The modules of the checkout that each module imports, wherever in its text."""
        files = [*self.package, *self.benchmarks]
        modules = {file.module for file in files}
        return {f.module: {*imported(f.nodes, modules)} - {f.module} for f in files}

    @cached_property
    def doubled(self) -> dict[str, list[str]]:
        """The names that two or more classes of symbptt/ bear, with where; ``_Row`` is ``Row``."""
        places: dict[str, list[str]] = defaultdict(list)
        for file in self.package:
            for node in file.nodes:
                if isinstance(node, ast.ClassDef):
                    places[node.name.lstrip("_")].append(f"{file.path}:{node.lineno}")
        return {name: found for name, found in sorted(places.items()) if len(found) > 1}

    @cached_property
    def circles(self) -> set[str]:
        """Modules that import each other, on whatever way around."""
        reached = {module: reachable(module, self.arrows) for module in self.arrows}
        return {
            " ".join(sorted(other for other in reached[module] if module in reached[other]))
            for module in self.arrows
            if module in reached[module]
        }

    @cached_property
    def back(self) -> list[str]:
        """Imports against the order of the rooms."""
        return [
            f"{file.module} imports {target}"
            for file in self.package
            for target in sorted(self.arrows[file.module])
            if not may_import(room(file.module), room(target))
        ]

    @cached_property
    def long(self) -> list[str]:
        files = [*self.package, *self.benchmarks, *self.templates]
        return [f"{file.path} {file.lines}" for file in files if file.lines > LONG]

    @cached_property
    def read_once(self) -> list[str]:
        """Modules of symbptt/ that exactly one module imports."""
        readers = Counter(target for targets in self.arrows.values() for target in targets)
        return [file.module for file in self.package if readers[file.module] == 1]

    @cached_property
    def code_in_templates(self) -> int:
        """Lines of Python in templates that hold no Jinja."""
        files = [file for file in self.templates if file.path.endswith(".py.j2")]
        lines = [line for file in files for line in file.text.splitlines() if line.strip()]
        return sum(not any(mark in line for mark in ("{%", "{{", "{#")) for line in lines)

    @cached_property
    def import_lines(self) -> int:
        return sum(
            (node.end_lineno or node.lineno) - node.lineno + 1
            for file in self.package
            for node in file.nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
        )

    def figures(self) -> dict[str, str]:
        """The rows of the table."""
        rooms = {"symbptt/": self.package, "templates/": self.templates}
        for file in self.package:
            if file.path.count("/") > 1:
                rooms.setdefault(f"symbptt/{room(file.module)}/", []).append(file)
        sizes = {
            f"lines (files) of {name}": f"{sum(file.lines for file in files):,} ({len(files)})"
            for name, files in rooms.items()
        }
        return sizes | {
            "lines of Python in templates": f"{self.code_in_templates:,}",
            "lines of imports in symbptt/": f"{self.import_lines:,}",
            "class names borne twice or more": str(len(self.doubled)),
            "circles of imports": str(len(self.circles)),
            "arrows that run back": str(len(self.back)),
            f"files over {LONG} lines": str(len(self.long)),
            "modules with one reader": str(len(self.read_once)),
        }

    def places(self) -> Iterator[str]:
        """Where the names, circles, arrows and long files are, a line each."""
        yield from (f"doubled: {name} {' '.join(found)}" for name, found in self.doubled.items())
        yield from (f"circle: {circle}" for circle in sorted(self.circles))
        yield from (f"back: {arrow}" for arrow in self.back)
        yield from (f"long: {file}" for file in self.long)


def room(module: str) -> str:
    """``calculus`` for ``symbptt.calculus.rules``, ``symbptt`` for the package itself."""
    name = module.split(".")[1] if "." in module else module
    return FORMER.get(name, name)


def may_import(reader: str, target: str) -> bool:
    """Whether the order has ``target`` above ``reader``; a room that it lacks is an error."""
    place = {name: number for number, names in enumerate(ORDER) for name in names}
    return reader == target or place[target] < place[reader]


def imported(nodes: list[ast.AST], modules: set[str]) -> Iterator[str]:
    """What a file imports, at its top, later or for types; a module named in a string, too."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            found = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            yield from found or {str(node.module)} & modules
        elif isinstance(node, ast.Constant) and node.value in modules and "." in str(node.value):
            yield str(node.value)


def reachable(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
    """All modules that ``start`` imports, directly or not."""
    found: set[str] = set()
    pending = [*arrows[start]]
    while pending:
        if (module := pending.pop()) not in found:
            found.add(module)
            pending.extend(arrows[module])
    return found


def read(root: Path) -> House:
    def below(folder: str, pattern: str) -> list[File]:
        paths = sorted(path for path in (root / folder).rglob(pattern) if path.is_file())
        return [File(path.relative_to(root).as_posix(), path.read_text("utf-8")) for path in paths]

    return House(below("symbptt", "*.py"), below("benchmarks", "*.py"), below("templates", "*"))


def table(columns: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Checkouts side by side, in Markdown."""
    yield f"| | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for row in dict.fromkeys(name for column in columns.values() for name in column):
        yield f"| {row} | {' | '.join(column.get(row, '') for column in columns.values())} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.house", description=__doc__)
    parser.add_argument("--before", type=Path, metavar="DIR", help="a checkout to compare with")
    before = parser.parse_args().before
    now = read(ROOT)
    columns = {"before": read(before).figures()} if before else {}
    print(*table(columns | {"now": now.figures()}), *now.places(), sep="\n")


if __name__ == "__main__":
    main()
