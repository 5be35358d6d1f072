"""Every line of a derivation by entries holds at every place; planted errors are rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from symbptt.algebra import ONE, Expr, Mul, Number, Ref, walk
from symbptt.algebra.letters import Delta, Entry, LetterSum, Line, Slope, substituted
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.calculus.indices import EquationLines, Indices, StepLines, by_entries
from symbptt.language.library import differentiable, load
from symbptt.proof.lines import LineCheck, line_rows
from tests.cells import NAMES, cell
from tests.modules import some
from tests.proof.planting import wrongs

FAST = ("linear_bias", "char_rnn", "lstm", "leaky", "joint_matrix", "tied_table", "binary")


@cache
def derivation_of(name: str) -> Derivation:
    return derive(cell(name) if name in NAMES else load(name))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in dict.fromkeys((*differentiable(), *FAST, *some(NAMES, 4)))
    ],
)
def test_every_line_holds_at_every_place(name: str) -> None:
    derivation = derivation_of(name)
    found = line_rows(derivation)
    assert [(row.subject, row.detail) for row in found if not row.ok] == []
    subjects = {row.subject for row in found}
    assert len(subjects) >= len(derivation.steps)


# --- planted errors --------------------------------------------------------------------------


def dropped_delta(node: Expr) -> Expr | None:
    return ONE if isinstance(node, Delta) else None


def swapped_places(node: Expr) -> Expr | None:
    if isinstance(node, Entry) and len(node.places) == 2:
        return replace(node, places=node.places[::-1])
    return None


def missing_sum(node: Expr) -> Expr | None:
    """The letter of a sum left free."""
    return node.term if isinstance(node, LetterSum) else None


def one_term_of_a_sum(node: Expr) -> Expr | None:
    """A sum over a letter taken for another one's term, where no delta makes that right."""
    if isinstance(node, LetterSum) and not any(isinstance(n, Delta | Slope) for n in walk(node)):
        others = [n for n in walk(node.term) if type(n) is type(node.letter) and n != node.letter]
        if others:
            return substituted(node.term, node.letter, others[0])
    return None


def other_letter(node: Expr) -> Expr | None:
    """A delta of a place with itself."""
    return replace(node, right=node.left) if isinstance(node, Delta) else None


def shifted_step(node: Expr) -> Expr | None:
    if isinstance(node, Ref) and node.shape and "t" in node.index.names():
        return replace(node, index=node.index - 1)
    return None


def factor(node: Expr) -> Expr | None:
    scaled = Number(Fraction(1001, 1000))
    return Mul((scaled, node)) if isinstance(node, Entry) else None


EDITS: dict[str, Callable[[Expr], Expr | None]] = {
    "dropped delta": dropped_delta,
    "swapped index": swapped_places,
    "missing sum": missing_sum,
    "one term of a sum": one_term_of_a_sum,
    "other letter": other_letter,
    "shifted step": shifted_step,
    "factor": factor,
}


def planted(line: Line) -> Iterator[tuple[str, Line]]:
    """The line with one member wrong, in every way."""
    for place, member in enumerate(line.members):
        for words, edit in EDITS.items():
            for wrong in wrongs(member, edit):
                members = (*line.members[:place], wrong, *line.members[place + 1 :])
                yield words, replace(line, members=members)


@pytest.mark.parametrize("name", ["linear_bias", "char_rnn"])
def test_every_planted_error_is_rejected(name: str) -> None:
    derivation = derivation_of(name)
    check = LineCheck(derivation)
    check.longest = 2
    seen = set()
    for equation in by_entries(derivation).equations:
        for line in (equation.entry, *equation.slopes):
            for words, wrong in planted(line):
                found = check.rows(Indices((EquationLines(equation.name, wrong, ()),), ()))
                assert not found[0].ok, (words, wrong)
                assert found[0].detail.startswith("member ")
                seen.add(words)
    for lines in by_entries(derivation).steps:
        for line in lines.all():
            for words, wrong in planted(line):
                found = check.rows(Indices((), (StepLines(lines.step, wrong),)))
                assert not found[0].ok, (words, lines.step.number, wrong)
                seen.add(words)
    assert seen == set(EDITS)


def test_a_line_is_compared_with_its_matrix_form() -> None:
    derivation = derivation_of("linear")
    lines = by_entries(derivation).steps[-1]
    wrong = replace(lines.step, members=(Mul((Number(Fraction(2)), lines.step.result)),))
    (found,) = LineCheck(derivation).rows(Indices((), (StepLines(wrong, lines.line),)))
    assert not found.ok
    assert f"member {len(lines.line.members) + 1} of" in found.detail
