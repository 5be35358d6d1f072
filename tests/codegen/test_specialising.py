"""Definitions of the runtime for given constants: what these decide is gone, the rest stays."""

from __future__ import annotations

import ast
from itertools import product

import pytest

from symbptt.codegen.constants import DECISIVE
from symbptt.codegen.copying import names_of
from symbptt.codegen.literals import WIDTH
from symbptt.codegen.specialising import Specialised
from symbptt.codegen.targets import TARGETS

YES, NO, NONE, TABLE = {"K": "True"}, {"K": "False"}, {"K": "()"}, {"K": "{}"}
CASES = (
    ("if K:\n    a()\nelse:\n    b()", YES, "a()"),
    ("if K:\n    a()\nelse:\n    b()", NO, "b()"),
    ("if not K:\n    a()\nb()", YES, "b()"),
    ("if x:\n    a()\nelif y or K:\n    b()", NO, "if x:\n    a()\nelif y:\n    b()"),
    ("if K and x:\n    a()", NO, ""),
    ("if K and x:\n    a()", YES, "if x:\n    a()"),
    ("if x or K:\n    a()", YES, "a()"),
    ("# Why b.\nif K:\n    # Why a.\n    a()\n# Why c.\nc()", NO, "# Why c.\nc()"),
    ("if K:\n    # Why a.\n    a()\nc()", YES, "# Why a.\na()\nc()"),
    ("if K:\n    return a\nreturn b", YES, "return a"),
    ("if K:\n    return a\nreturn b", NO, "return b"),
    ("for x in K:\n    a()\nb()", NONE, "b()"),
    ("y = [a(x) for x in z if x in K]", NONE, "y = [a(x) for x in z if False]"),
    ("y = [a(x) for x in z if x not in K]", NONE, "y = [a(x) for x in z]"),
    ("y = [a(x) for x in z if x not in K if b]", NONE, "y = [a(x) for x in z if b]"),
    ("y = a if x in K else b", NONE, "y = b"),
    ("y = a if x else () if z else K", NONE, "y = a if x else ()"),
    ("y = K.get(x, a(b) if K else c)", TABLE, "y = c"),
    ("y = all(a(x) for x in K)", NONE, "y = True"),
    ("y = a(\n    b if K else c,\n    d,\n)", YES, "y = a(b, d)"),
    ("self.unread = a\nself.read = b", {}, "self.read = b"),
    ("if x:\n    self.unread = a\nelse:\n    self.unread = b\nc()", {}, "c()"),
    ("if x:\n    self.unread = a\nelif y:\n    self.unread = b\nc()", {}, "c()"),
)


def specialised(source: str, constants: dict[str, str]) -> str:
    return Specialised(source, frozenset(constants.items()), frozenset({"unread"})).text


@pytest.mark.parametrize(("body", "constants", "expected"), CASES)
def test_what_is_decided_is_gone(body: str, constants: dict[str, str], expected: str) -> None:
    source = "def f(x):\n" + "\n".join(f"    {line}" for line in f"{body}\nz()".splitlines())
    lines = [line for line in f"{expected}\nz()".splitlines() if line]
    if expected.startswith("return"):
        lines.pop()
    if body.endswith("return b"):
        source = source.removesuffix("\n    z()")
        lines = expected.splitlines()
    assert specialised(source, constants) == "\n".join(["def f(x):", *(f"    {n}" for n in lines)])


SETTINGS = (
    "_UNTIMED", "_LOSS_ONLY", "_SCALARS", "_WITH_RESPECT_TO", "_DRAWN", "_LOSS_AT_LAST_STEP",
    "_READ_AT_LAST_STEP", "_AGAIN", "_SUMS_OF_LENGTHS", "_STEPS_GIVEN", "_CARRY_TELLS",
    "_SCALAR_ROWS", "_INDEX_STATES", "_FIXED", "_SOME_FIXED", "_SUMMED",
)  # fmt: skip


@pytest.mark.parametrize("level", (0, 2))
def test_every_definition_stands_whatever_is_decided(level: int) -> None:
    """All settings one way, then the other: no name of one is left, no line is too long."""
    found = 0
    for source, value in product(TARGETS["numpy"].runtime(level).definitions.values(), (0, 1)):
        constants = {name: EMPTY.get(name, str(bool(value))) for name in SETTINGS}
        text = specialised(source, constants)
        assert not names_of(text) & constants.keys()
        assert max(map(len, text.splitlines())) <= max(WIDTH, *map(len, source.splitlines()))
        found += text != specialised(source, {})
    assert found > 15


EMPTY = {"_DRAWN": "{}"} | dict.fromkeys(SETTINGS[:4], "()")


class WithoutWords(ast.NodeTransformer):
    """A definition without annotations and docstrings."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        assert node.value is not None
        return ast.Assign([node.target], node.value, lineno=0)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        node.returns = None
        return self.visit_ClassDef(node)

    def visit_ClassDef(self, node: ast.FunctionDef | ast.ClassDef) -> ast.stmt:
        if ast.get_docstring(node):
            node.body[0] = ast.Pass()
        self.generic_visit(node)
        return node


@pytest.mark.parametrize("level", (0, 2))
def test_nothing_else_is_changed(level: int) -> None:
    """With nothing decided a definition is what it was, but for annotations and long docstrings."""
    for source in TARGETS["numpy"].runtime(level).definitions.values():
        found, expected = (
            ast.dump(WithoutWords().visit(ast.parse(text)))
            for text in (specialised(source, {}), source)
        )
        assert found == expected
        comments = [line for line in source.splitlines() if line.strip().startswith("#")]
        assert all(line in specialised(source, {}) for line in comments)


def test_decisive_values_decide() -> None:
    assert {*DECISIVE} == {"True", "False", "()", "{}"}
