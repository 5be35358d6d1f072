"""The rules that design and style rest on, checked on the files themselves."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

import symbptt
from symbptt.language import library
from symbptt.templating import environment

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "symbptt"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
OTHERS = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- no cell-specific mathematics ------------------------------------------------------

WORDS = {"linear", "recurrence"}  # names of models that are words, too
CELLS = re.compile(
    r"\b(?:" + "|".join({"lstm", "gru", "elman", *library.names()} - WORDS) + r")\b", re.I
)
NAMED_ON_PURPOSE = {
    "symbptt/demo.py": {"char_rnn"},  # what it trains
    "symbptt/__init__.py": {"elman"},  # an example in the docstring
}


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES], ids=name_of)
def test_nothing_knows_a_cell(path: Path) -> None:
    found = {word.lower() for word in CELLS.findall(path.read_text(encoding="utf-8"))}
    assert found <= NAMED_ON_PURPOSE.get(name_of(path), set())


# --- templates hold layout -------------------------------------------------------------

LAYOUT = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.For,
    nodes.If, nodes.CondExpr, nodes.Include, nodes.Const, nodes.Not, nodes.Tuple,
)  # fmt: skip


def counts(node: nodes.Node) -> bool:
    """Whether it is ``loop.index`` or the like; where a list begins and ends is layout."""
    of_loop = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name)
    return of_loop and node.node.name == "loop" and node.attr not in ("first", "last")


def beyond_layout(kind: str, source: str) -> Iterator[str]:
    """What a template does besides setting ready strings and looping over them."""
    pending: list[nodes.Node] = [environment(kind).parse(source)]
    while pending:
        node = pending.pop()
        if not isinstance(node, LAYOUT) or counts(node):
            yield type(node).__name__
        pending.extend(node.iter_child_nodes())


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.suffix == ".j2"], ids=name_of)
def test_templates_do_not_compute(path: Path) -> None:
    kind = path.relative_to(ROOT / "templates").parts[0]
    assert list(beyond_layout(kind, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "{% set x = 1 %}",
        "{{ x + 1 }}",
        "{{ x | length }}",
        "{% if x is string %}{% endif %}",
        "{% for x in y %}{{ loop.index }}{% endfor %}",
        "{{ x() }}",
        "{% if x == 'tanh' %}{% endif %}",
        "{{ x[0] }}",
    ],
)
def test_a_template_that_computes_is_noticed(source: str) -> None:
    assert list(beyond_layout("numpy", source))


# --- imports run one way ---------------------------------------------------------------

ROOMS = ("language", "calculus", "typeset", "codegen", "proof")
BASE = ("errors", "algebra", "functions", "templating")
ALLOWED = {
    **{name: set(BASE) for name in BASE},
    "language": {*BASE, "language"},
    "calculus": {*BASE, "language", "calculus"},
    "typeset": {*BASE, "language", "calculus", "typeset"},
    # Generated statements cite their step's formula as plain text.
    "codegen": {*BASE, "language", "calculus", "typeset", "codegen"},
    "proof": {*BASE, *ROOMS},
    "analysis": {*BASE, *ROOMS, "analysis", "listing"},
    "figures": {*BASE, "figures"},
    "study": {*BASE, *ROOMS, "study", "demo"},
    "formula": {*BASE, "language", "calculus", "typeset", "proof", "formula"},
}


def room(module: str) -> str:
    """``calculus`` for ``symbptt.calculus.rules``, ``errors`` for ``symbptt.errors``."""
    return module.split(".")[1] if "." in module else ""


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules of symbptt that a file imports, at its top or later.

    What an object does to show itself in a notebook is the exception to the rule.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "_repr_latex_":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield from (
                f"{module}.{alias.name}" if module == "symbptt" else module for alias in node.names
            )
        yield from imported(node)


def astray(where: str, source: str) -> set[str]:
    """The rooms that a file of room ``where`` must not import."""
    found = {m for m in imported(ast.parse(source)) if m.split(".")[0] == "symbptt"}
    return {room(module) for module in found} - ALLOWED[where]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [p for p in SOURCES if room_of(p) in ALLOWED], ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    assert astray(room_of(path), path.read_text(encoding="utf-8")) == set()


def test_an_import_against_the_direction_is_noticed() -> None:
    assert astray("language", "def f():\n    from symbptt.calculus.adjoint import derive") == {
        "calculus"
    }
    assert astray("typeset", "import symbptt.codegen.render") == {"codegen"}
    assert astray("calculus", "from symbptt import output") == {"output"}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        *((f"symbptt.{name}", "sympy") for name in ("algebra", "functions", "errors", "cli")),
        ("symbptt.language.library", "sympy"),
        ("symbptt.typeset.document", "numpy"),
    ],
)
def test_what_an_import_does_not_load(module: str, absent: str) -> None:
    code = f"import sys, {module}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


# --- files -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES, *OTHERS], ids=name_of)
def test_no_file_is_over_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


def test_no_file_has_the_name_of_a_public_function() -> None:
    assert not {path.stem for path in SOURCES} & set(symbptt.__all__)


def test_every_file_says_what_it_is() -> None:
    silent = [
        name_of(path)
        for path in SOURCES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []
