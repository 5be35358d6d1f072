"""Literals survive Python's own reading of them, whatever stands in the text."""

import ast

import pytest

from symbptt.codegen.literals import (
    dict_literal,
    in_docstring,
    literal,
    text_literal,
    tuple_literal,
)

HOSTILE = [
    "",
    "plain",
    'a "quoted" word',
    "it's",
    "both ' and \"",
    '"""',
    "'''\"\"\"'",
    'ends with "',
    'ends with ""',
    "back\\slash",
    "\\",
    'ends with \\"',
    "tab\there",
    "line\nline\n",
    "\r\n",
    "nul \x00 bell \x07",
    "\u202eright to left",
    "{braces} %s %(x)s {{ jinja }}",
    "ünïcödé 数 😀",
    "\ufeffbom",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_reads_back(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_literal_reads_back(text: str) -> None:
    assert ast.literal_eval(text_literal(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_docstring_is_not_left(text: str) -> None:
    module = ast.parse(f'"""{in_docstring(text)}"""\n')
    assert len(module.body) == 1
    assert isinstance(module.body[0], ast.Expr)


def test_double_quotes_are_preferred() -> None:
    assert literal("a") == '"a"'
    assert literal("it's") == '"it\'s"'
    assert literal('say "so"') == "'say \"so\"'"


def test_tuples_and_dicts() -> None:
    assert tuple_literal(["1"]) == "(1,)"
    assert tuple_literal([]) == "()"
    assert dict_literal([]) == "{}"
    long = tuple(f'"a_rather_long_dimension_{k}"' for k in range(4))
    assert dict_literal([("name", long)]).count("\n") == 7
