"""The recipes of docs/contributing.md are followed in a copy of the checkout, each to its end."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")

FUNCTION = r"""
_ROWS = (
    Function(
        "stretched", "2*tanh(x)", r"\operatorname{stretched}", "_stretched({0})", ("2 - y**2/2",),
        steepest="2", about=r"is $2 \tanh x$",
    ),
"""
STRETCHED = '''

def _stretched(x: Any) -> Any:
    """2 tanh(x)."""
    return 2 * np.tanh(x)
'''
VECTOR = r"""
_ROWS = (
    VectorFunction(
        "energy", "(n) -> ()", "sum(x**2)", ("2*dy*x",), r"\operatorname{energy}", "_energy({0})",
        slope="2*x[i]", about=r"is $\sum_k x_k^2$",
    ),
"""
ENERGY = '''

def _energy(x: Any) -> Any:
    """The sum of squares of each row."""
    return (x * x).sum(axis=-1, keepdims=True)
'''
LOSS = r"""
_ROWS = (
    LossFunction(
        "cubic_error", "a third of the sum of (o - y)**3", "1/3*sum((o - y)**3)",
        (("1/3*(3*(o - y)**2)", "(o - y)**2"), ("-(o - y)**2",)), r"\operatorname{cubic}",
        about=r"is $\frac{1}{3} \sum_k (o_k - y_k)^3$",
    ),
"""
KIND = '''

@dataclass(frozen=True)
class Trace(Expr, structured=True):
    """The sum of the entries on the diagonal of a square matrix."""

    matrix: Expr

    @property
    def shape(self) -> Shape:
        return ()
'''
FORMAT = '''
"""Blocks in Org."""

from __future__ import annotations

from symbptt.typeset.blocks import Box, Display, Heading, Listing, Points, Table
from symbptt.typeset.latex import aligned, rows_of
from symbptt.typeset.format import Format, code_lines


class Org(Format):
    def comment(self, text: str) -> str:
        return text

    def words(self, text: str) -> str:
        return text

    def math(self, tex: str) -> str:
        return f"\\\\({tex}\\\\)"

    def heading(self, block: Heading) -> str:
        return "*" * block.level + " " + self.prose(block.text)

    def points(self, block: Points) -> str:
        return "\\n".join(f"- {self.prose(item)}" for item in block.items)

    def display(self, block: Display) -> str:
        return f"\\\\[{aligned(rows_of(block.lines))}\\\\]"

    def box(self, block: Box) -> str:
        return f"\\\\[{aligned(rows_of(block.lines))}\\\\]"

    def table(self, block: Table) -> str:
        rows = (block.head, *(tuple(map(self.prose, row)) for row in block.rows))
        return "\\n".join(f"| {' | '.join(row)} |" for row in rows)

    def listing(self, block: Listing) -> str:
        return "\\n".join(("#+begin_src python", *code_lines(block), "#+end_src"))
'''
PASS = '''
"""A pass that changes nothing that is computed."""

from __future__ import annotations

from dataclasses import replace

from symbptt.codegen.program import Program


def twice(program: Program) -> Program:
    """The same blocks in new tuples."""
    return replace(program, forward=(*program.forward,), backward=(*program.backward,))
'''
CELL = """
# A cell of a new function, a new function of vectors and a new loss
x: (d,)
h[t] = stretched(W @ h[t-1] + U @ x[t] + b) * (1 + energy(h[t-1]) / 8)
loss[t] = cubic_error(h[t], y[t])
"""
# What is put behind which text of which file; behind nothing: at the end.
EDITS = [
    ("symbptt/functions/elementwise.py", "\n_ROWS = (\n", FUNCTION),
    ("symbptt/functions/elementwise.py", "", STRETCHED),
    ("symbptt/functions/vectors.py", "\n_ROWS = (\n", VECTOR),
    ("symbptt/functions/vectors.py", "", ENERGY),
    ("symbptt/functions/losses.py", "\n_ROWS = (\n", LOSS),
    ("symbptt/models/planted.rnn", "", CELL),
    ("symbptt/typeset/org_format.py", "", FORMAT),
    ("templates/latex/article.org.j2", "", "# << page.title >>\n\n<< page.body ->>\n"),
    ("symbptt/codegen/fast/passes/nothing.py", "", PASS),
    ("symbptt/algebra/nodes.py", "", KIND),
]
LINES = [
    ("symbptt/typeset/document.py", "FORMATS: dict[str, Output] = {\n",
     '    "org": Output(Org(), "article.org.j2", ".org", "Org"),\n'),
    ("symbptt/typeset/document.py", "from symbptt.typeset.format import Format, Markdown, Tex\n",
     "from symbptt.typeset.org_format import Org\n"),
    ("symbptt/codegen/fast/passes/__init__.py", "        hoisting,\n", "        twice,\n"),
    ("symbptt/codegen/fast/passes/__init__.py",
     "from symbptt.codegen.fast.passes.layout import layout\n",
     "from symbptt.codegen.fast.passes.nothing import twice\n"),
    ("symbptt/calculus/estimators.py", "ESTIMATORS: dict[str, Kind] = {\n",
     '    "halves": Kind("", lambda text: Estimator("random", pi=Fraction(1, 2)), lambda e: "", '
     '"halves", "random:1/2"),\n'),
]  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout in which every recipe has been followed."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("symbptt", "templates", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, mark, text in EDITS:
        path = folder / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        assert mark in old
        new = old.replace(mark, text, 1) if mark else (old + text).lstrip("\n")
        path.write_text(new, encoding="utf-8")
    for name, mark, text in LINES:
        old = (folder / name).read_text(encoding="utf-8")
        assert mark in old
        (folder / name).write_text(old.replace(mark, mark + text, 1), encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in the copy, whose package it takes."""
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")

COMMANDS = {
    "a cell": ("generate", "planted"),
    "a document format": ("derive", "planted", "--to", "org"),
    "an estimator": ("generate", "planted", "--estimator", "halves"),
}
TESTS = {
    "an elementwise function": ("stretched", "test_rules.py", "test_extremes.py"),
    "a function of vectors": ("energy", "test_rules.py", "test_places.py"),
    "a loss": ("cubic_error", "test_rules.py", "test_places.py"),
    "a pass": ("every_pass_keeps_the_numbers and char_rnn", "test_levels.py"),
}
"""Which tests a recipe ends in, by ``-k`` and the files that the guide names."""


@pytest.fixture(scope="module")
def tested(copy: Path) -> str:
    """What the tests say that recipes end in: one run of them, for it is the same checkout."""
    files = [
        "tests/test_rules.py", "tests/test_places.py", "tests/codegen/test_extremes.py",
        "tests/codegen/test_levels.py",
    ]  # fmt: skip
    words = " or ".join(f"({words})" for words, *_ in TESTS.values())
    found = run(copy, *PYTEST, "-rA", "--tb=short", *files, "-k", words)
    return found.stdout + found.stderr


@pytest.mark.parametrize("recipe", COMMANDS)
def test_a_recipe_ends_in_something_that_works(recipe: str, copy: Path) -> None:
    """A cell of the new rows is generated: `verify` of each of them is among the tests."""
    assert f"**{recipe.capitalize()}**" in GUIDE
    found = run(copy, "symbptt", *COMMANDS[recipe])
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("recipe", TESTS)
def test_a_recipe_ends_in_tests_that_pass(recipe: str, tested: str) -> None:
    assert f"**{recipe.capitalize()}**" in GUIDE
    words, *files = TESTS[recipe]
    assert " passed" in tested and " failed" not in tested and " error" not in tested, tested
    for file in files:
        assert re.search(rf"PASSED \S*{file}::.*{words.split()[-1]}", tested), tested


def test_a_pass_is_explained(copy: Path) -> None:
    found = run(copy, "symbptt", "generate", "planted", "--explain")
    assert found.returncode == 0, found.stderr
    assert "twice" in found.stdout


def test_a_node_kind_without_rows_is_named_by_every_table(copy: Path) -> None:
    """The class alone: the tests of kinds say which tables lack it."""
    algebra = copy / "symbptt" / "algebra" / "__init__.py"
    old = algebra.read_text(encoding="utf-8")
    algebra.write_text(
        old.replace("    Transpose,\n", "    Trace,\n    Transpose,\n", 1), encoding="utf-8"
    )
    try:
        found = run(copy, *PYTEST, "tests/test_kinds.py", "-k", "in_every_table")
    finally:
        algebra.write_text(old, encoding="utf-8")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "'Trace'" in found.stdout
    for table in ("rules.RULES", "PlainPrinter", "LatexPrinter", "evaluate.METHODS", "work.COSTS"):
        assert f"no row in {table}" in found.stdout
