"""What stands beside a derivation is what the plain module computes, step for step."""

from __future__ import annotations

import re

import pytest

from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.codegen.statements import statements
from symbptt.language.library import load


@pytest.mark.parametrize(("name", "form"), [("lstm", "adjoint"), ("gru", "sensitivity")])
def test_the_statements_are_those_of_the_module(name: str, form: str) -> None:
    derivation = derive(load(name), form=form)
    listing = statements(derivation)
    assert listing is not None
    module = [line.strip() for line in generate(derivation, level=0).splitlines()]
    for lines, _ in listing.statements:
        start = module.index(lines[0].strip())
        assert lines[0].strip() in module[start:]
    commented = {int(n) for line in module for n in re.findall(r"^# \((\d+)\) ", line)}
    assert {int(tag) for _, tag in listing.statements if tag.isdigit()} == commented
    equations = {tag for _, tag in listing.statements if tag.startswith("F")}
    assert len(equations) == len(derivation.normal.equations)


def test_what_is_left_abstract_has_no_code() -> None:
    assert statements(derive(load("elman"))) is None
    assert statements(derive(load("gru"), form="expanded")) is None
