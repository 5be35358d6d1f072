"""A small sample of `make mutants`, and the parts that it is made of."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.mutants.arguments import ARGUMENTS, argument
from tests.mutants.checks import ModuleChecks, first_failing
from tests.mutants.result import Result
from tests.mutants.slips import SLIPS, code_of, evenly, functions, planted
from tests.mutants.subjects import SETTINGS, Subject
from tests.mutants.swapping import function_at, swapped
from tests.mutants.table import part
from tests.mutants.units import units

EVERYTHING = """
def some(a, b, rows, now, out=None):
    total = np.zeros(3)
    total[:2] = np.tanh(a.T @ b, out=out)
    total += 0.5 * a[now] - -b ** 2 / 3
    if a.sum() < 2 and ~rows.mask[1:]:
        total[0] = np.where(rows.mask & b, a, 1)
    for t in range(rows.T):
        out.fill(t)
    return total + 1
"""


def test_every_slip_of_code_is_planted() -> None:
    function = functions(ast.parse(EVERYTHING))["some"]
    found = list(planted(function, "some"))
    assert {one.kind for one in found} == set(SLIPS)
    whole = ast.unparse(function)
    texts = [ast.unparse(one.tree) for one in found]
    assert whole not in texts
    # One edit each; the function itself stays what it is.
    assert ast.unparse(functions(ast.parse(EVERYTHING))["some"]) == whole
    assert all(code_of(one.tree) is not None for one in found if "reversed" not in one.after)


def test_a_mutant_is_put_in_place_and_taken_out() -> None:
    checks = ModuleChecks(Subject(SETTINGS[0]))
    checks.prepare()
    own = function_at(checks.module.module, "_backward")
    assert own is not None
    (one, *_) = planted(checks.subject.functions["_backward"], "_backward")
    code = code_of(one.tree)
    assert code is not None
    with swapped(own, code):
        assert first_failing(checks.checks)[0]
    assert first_failing(checks.checks) == ("", "")


@pytest.mark.parametrize("name", ["modules linear -O0", "derivation steps linear", "rows"])
def test_a_sample_is_found_or_argued(name: str) -> None:
    (unit,) = (unit for unit in units() if unit.name.startswith(name))
    mutants = evenly(list(unit.mutants(1)), 16)
    found = Counter[str]()
    for mutant in mutants:
        check, remark = mutant.judge()
        found[check] += 1
        known = Result(**{**mutant.result.data(), "remark": remark})
        assert check or argument(known), (known.key, remark)
    assert found.total() - found[""] > 12


def test_the_part_counts_what_is_given() -> None:
    found = Result("modules", "linear", "_loss", "sign", "a", "b", "values")
    left = Result("modules", "linear", "_loss", "slice", "a", "b")
    told = part([found, left])
    assert told.totals == {"planted": 2, "killed": 1, "argued": 0, "open": 1}
    assert told.head == ("error", "modules", "all")
    assert told.rows[0] == ["sign", "1 of 1", "1 of 1"]
    assert told.rows[-1] == ["all", "1 of 2", "1 of 2"]
    assert told.remarks[0] == "**modules** (linear): killed by values 1."
    assert told.remarks[1] == "**Neither found nor argued.** linear `_loss` `a` → `b`."


def test_every_argument_says_something() -> None:
    assert all(len(a.why) > 20 and (a.where or a.edit or a.remark) for a in ARGUMENTS)
