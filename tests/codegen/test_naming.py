"""Names in generated code are valid, distinct, and the same every time."""

import keyword

from symbptt.codegen.naming import LONGEST, RESERVED, Names
from symbptt.language.parser import parse

AWKWARD = """
np: (d,)
params: (d,)
h[t] = tanh(W @ h[t-1] + np * x[t] + params + d_h + h_all)
loss[t] = squared_error(h[t], y[t])
"""


def test_reserved_names_step_aside() -> None:
    names = Names(parse(AWKWARD))
    assert names.values["np"] == "np_"
    assert names.values["params"] == "params_"
    given = [*names.values.values(), *names.cotangents.values(), *names.histories.values()]
    given += names.cotangent_histories.values()
    assert len(set(given)) == len(given)
    assert not RESERVED & set(given)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in given)


def test_long_names_are_cut_and_stay_distinct() -> None:
    long = "a" * 60
    text = f"x: (d,)\nh[t] = {long}1 * h[t-1] + {long}2 * x[t]\nloss[t] = dot(h[t], h[t])"
    names = Names(parse(text))
    first, second = names.values[f"{long}1"], names.values[f"{long}2"]
    assert first != second
    assert max(len(first), len(second)) <= LONGEST + 1


def test_names_do_not_depend_on_anything_but_the_model() -> None:
    assert Names(parse(AWKWARD)).values == Names(parse(AWKWARD)).values
