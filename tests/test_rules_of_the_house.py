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
from tests import house
from tests.conftest import SLOW, TOGETHER

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
    "symbptt/demonstration.py": {"char_rnn"},  # what it trains
    "symbptt/__init__.py": {"elman"},  # an example in the docstring
}


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES], ids=name_of)
def test_nothing_knows_a_cell(path: Path) -> None:
    found = {word.lower() for word in CELLS.findall(path.read_text(encoding="utf-8"))}
    assert found <= NAMED_ON_PURPOSE.get(name_of(path), set())


@pytest.mark.parametrize("file", sorted({*SLOW, *TOGETHER}))
def test_what_is_known_of_a_file_of_tests_is_of_one(file: str) -> None:
    """A file that moves is not slow any more where it is listed by its old name."""
    assert (ROOT / "tests" / file).is_file()


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

HOUSE = house.read(ROOT)


def test_imports_run_one_way() -> None:
    """The order of the rooms stands in tests/house.py; a file in no room is a KeyError."""
    assert HOUSE.back == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Lazy imports, imports for types and modules named in strings are imports."""
    assert HOUSE.circles == set()


def test_classes_have_names_of_their_own() -> None:
    assert len(HOUSE.doubled) <= 5


def built(**texts: str) -> house.House:
    """A house of the modules that are given; ``algebra__nodes`` stands for algebra/nodes.py."""
    paths = {f"symbptt/{name.replace('__', '/')}.py": text for name, text in texts.items()}
    return house.House([house.File(*pair) for pair in paths.items()], [], [])


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    from symbptt.calculus.adjoint import derive",
        "if TYPE_CHECKING:\n    import symbptt.calculus.adjoint",
        "from symbptt.calculus import adjoint",
        "HOME = 'symbptt.calculus.adjoint'",
    ],
)
def test_an_import_against_the_direction_is_noticed(text: str) -> None:
    small = built(calculus__adjoint="", language__names=text)
    assert small.back == ["symbptt.language.names imports symbptt.calculus.adjoint"]


@pytest.mark.parametrize("former", house.FORMER)
def test_rooms_of_an_older_checkout_are_known(former: str) -> None:
    assert house.may_import("cli", house.room(f"symbptt.{former}.files"))


def test_a_circle_is_noticed() -> None:
    lazy = "def f():\n    from symbptt.algebra.model import Model"
    small = built(
        algebra__model="from symbptt.algebra import nodes",
        algebra__nodes="import symbptt.algebra.index",
        algebra__index=lazy,
        errors="",
        algebra__traversal="import symbptt.errors, symbptt.algebra.model",
    )
    assert small.circles == {"symbptt.algebra.index symbptt.algebra.model symbptt.algebra.nodes"}


def test_a_name_for_two_classes_is_noticed() -> None:
    small = built(errors="class _Row: ...", output="def f():\n    class Row: ...")
    assert small.doubled == {"Row": ["symbptt/errors.py:1", "symbptt/output.py:2"]}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        *((f"symbptt.{name}", "sympy") for name in ("algebra", "functions", "errors", "cli")),
        ("symbptt.language.library", "sympy"),
        ("symbptt.proof.trial", "sympy"),
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
