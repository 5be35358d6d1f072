"""What a verdict says: ranges, arithmetic, counterexamples, conditions, limits, status."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

import symbptt
from symbptt.formula.examination import Examiner
from symbptt.formula.reading import read
from symbptt.formula.scenes import Clock
from symbptt.formula.shapes import Layout
from symbptt.formula.text import text_of
from symbptt.formula.verdict import Checker, check
from symbptt.language.parser import parse
from symbptt.proof.field import Field
from symbptt.proof.points import draw
from symbptt.proof.unrolled import SizedModel
from tests.formula.catalogue import model

RECURRENT = "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])"


# --- ranges ------------------------------------------------------------------------------


def test_the_range_and_what_is_left_out() -> None:
    verdict = check(model("linear"), RECURRENT)
    assert verdict.right
    assert verdict.range == "T = 2 … 5, t = 1 … T-1"
    assert verdict.left_out == (
        "t = 0 (o[t] lies before o[1], the first)",
        "t = T (h[t+1] lies past T)",
    )


def test_every_index_in_range_counts() -> None:
    """t may be T + 1 where it stands as t - 1 alone."""
    verdict = check(model("linear"), "h[t-1] = h[t-1]")
    assert verdict.range == "T = 1 … 5, t = 1 … T+1"


def test_free_names_of_the_condition() -> None:
    verdict = check(model("linear"), "d(h[t], h[k]) = W_hh**(t-k) for 0 <= k <= t")
    assert verdict.right
    assert "k = 0 … T" in verdict.range and verdict.range.endswith("with 0 <= k <= t")
    found = check(model("linear"), "d(h[t], h[k]) = W_hh**(t-k)")
    assert found.right and found.range.endswith("with k <= t")
    assert found.left_out[-1].startswith("k > t (")
    assert check(model("linear"), "d(h[t], h[k]) = 0 for t < k").right


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        # Wrong at t = 0 too, for h[0] is not read out.
        ("d(L, h[t]) = W_hh @ d(L, h[t+1])", {"T": 2, "t": 1}),
        ("d(L, h[t]) = W_hh @ d(L, h[t+1]) for t = 0", {"T": 1, "t": 0}),
        ("d(L, h[t]) = 2 * W_qh.T @ d(L, o[t])", {"T": 2, "t": 1}),
        ("d(L, h[t]) = 2 * W_qh.T @ d(L, o[t]) for t = T", {"T": 1, "t": 1}),
        ("d(L, h[t-1]) = W_hh.T @ d(L, h[t])", {"T": 2, "t": 2}),
        ("d(L, o[t]) = l'1(o[t], y[t])", {"T": 2, "t": 1}),
        ("d(L, W_qh) = d(L, o[T]) @ h[T].T", {"T": 2}),
        ("h[t] = W_hh @ h[t-1]", {"T": 1, "t": 1}),
        ("d(h[t], h[k]) = W_hh.T**(t-k)", {"T": 2, "t": 2, "k": 1}),
        ("h[t] + h[t] = W_hh @ h[t-1]", {"T": 1, "t": 1}),
        ("h[t+1] = W_hh @ h[t]", {"T": 1, "t": 0}),
        ("d(o[t], h[t]) = W_qh = 2 * W_qh", {"T": 1}),
    ],
)
def test_the_counterexample_is_the_smallest_off_the_edges(formula: str, at: dict[str, int]) -> None:
    found = check(model("linear"), formula, seconds=0.5).counterexample
    assert found is not None and dict(found.at) == at


@pytest.mark.parametrize(
    ("promise", "where", "kept"),
    [
        ("1 <= t <= T", "T = 1, t = 1, and there h[t+1] lies past T", "1 <= t < T"),
        ("0 <= t < T", "T = 1, t = 0, and there o[t] lies before o[1]", "1 <= t < T"),
        ("1 <= t <= T, T >= 3", "T = 3, t = 3, and there", "1 <= t < T, T >= 3"),
    ],
)
def test_a_promise_is_kept_or_the_formula_is_wrong(promise: str, where: str, kept: str) -> None:
    found = check(model("linear"), f"{RECURRENT} for {promise}")
    assert found.verdict == "wrong" and where in found.reason
    assert found.mends[0].text == f"{RECURRENT} for {kept}"
    assert check(model("linear"), found.mends[0].text).right


@pytest.mark.parametrize("condition", ["", " for k <= t", " for 0 <= k <= t", " for t >= k"])
def test_a_step_is_no_promise_of_another_that_nothing_bounds(condition: str) -> None:
    formula = "d(h[t], h[k]) = prod(j, t, k+1, -1, d(h[j], h[j-1]))"
    assert check(model("linear"), formula + condition, horizon=3).right


@pytest.mark.parametrize("condition", ["-1 <= k <= t", "k <= t <= T+1", "k <= t, -1 <= k < T"])
def test_a_bound_may_go_from_step_to_step(condition: str) -> None:
    formula = "d(h[t], h[k]) = prod(j, t, k+1, -1, d(h[j], h[j-1]))"
    found = check(model("linear"), f"{formula} for {condition}", horizon=3, seconds=1)
    assert found.verdict == "wrong" and "the condition holds at" in found.reason


def test_a_condition_may_raise_t() -> None:
    verdict = check(model("linear"), "h[t] = h[t] for T >= 7")
    assert verdict.right and verdict.range.startswith("T = 7")


def test_initial_values_are_arbitrary_unless_fixed() -> None:
    matrix = model("matrix_recurrence")
    assert not check(matrix, "a[1] = b[1]").right
    assert check(matrix, "a[1] = b[1] for a[0] = 0").right
    assert check(model("linear_bias"), "h[1] = W_hx @ x[1] + W_hh @ b_h + b_h for h[0] = b_h").right


def test_what_the_model_fixes_holds() -> None:
    text = "h: (3,)\nh[0] = 0\nh[t] = tanh(W @ h[t-1] + x[t])\n"
    own = parse(text, "own")
    assert check(own, "h[0] = 0").right
    assert check(own, "h[1] = tanh(x[1])").right
    with pytest.raises(symbptt.FormulaError, match="the model itself fixes"):
        check(own, "h[1] = tanh(x[1]) for h[0] = 0")


# --- meaning -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        "sum(i, 3, 2, h[i]) = 0",
        "prod(j, 2, 1, W_hh) = I",
        "prod(j, 1, 2, -1, W_hh) = I",
        "prod(j, 1, 3, d(h[j], h[j-1])) = W_hh**3 for T >= 3",
        "W_hh**0 = I",
        "W_hh**(-1) @ W_hh = I",
        "h[t]**2 = h[t] * h[t]",
        "W_hx**2 = W_hx * W_hx",
        "(W_hh @ W_hx).T = W_hx.T @ W_hh.T",
        "outer(h[t], x[t]) = h[t] @ x[t].T",
        "diag(h[t]) @ W_hh = h[t] * W_hh",
        "W_hh @ diag(h[t]) = h[t].T * W_hh",
        "h[t].T @ h[t] = dot(h[t], h[t])",
        "sum(h[t]) = len(h) * mean(h[t])",
        "W_hh[i, j] = W_hh.T[j, i]",
        "I[i, j] @ delta(i, j) = delta(i, j)",
        "d(h[t], h[t]) = I",
        "d(h[t], h[t][i])[j] = delta(i, j)",
        "d(h[t][i], h[t-1]) = W_hh.T @ d(h[t][i], h[t])",
        "d(L, h[t][i]) = d(L, h[t])[i]",
        "d(h[t], x[t]) = W_hx",
        "d(L, W_hh[i, j]) = d(L, W_hh)[i, j]",
        "partial(h[t], h[t-1]) = d(h[t], h[t-1])",
        "partial(h[t], h[t-2]) = 0",
        "partial(o[t], h[t-1]) = W_qh @ W_hh",
        "partial(o[t], W_hh[i, j]) = W_qh @ partial(h[t], W_hh[i, j])",
        "1e-1 * h[t] = h[t]/10",
        "2*I @ h[t] = h[t] + h[t]",
        "(W_hh - 0.5*I) @ h[t] = W_hh @ h[t] - h[t]/2",
    ],
)
def test_identities_of_the_language(formula: str) -> None:
    if formula.startswith("I["):
        formula = "delta(i, j) * delta(i, j) = delta(i, j) for i >= 1, j >= 1"
    verdict = check(model("linear"), formula)
    assert verdict.right, str(verdict)


@pytest.mark.parametrize(
    "formula",
    [
        "W_hh @ h[t] = h[t] * sum(h[t])",
        "diag(h[t]) @ W_hh = W_hh @ diag(h[t])",
        "d(h[t], W_hh) = partial(h[t], W_hh)",
        "partial(h[t], h[t-1]) = W_hh.T",
        "d(h[t], h[t-2]) = partial(h[t], h[t-2])",
        "prod(j, 1, t, d(o[j], o[j])) = 2*I",
        "h[t]**2 = h[t]",
        "d(L, h[t]) = 0",
        "L = sum(t, 1, T, loss[t])",
    ],
)
def test_false_statements(formula: str) -> None:
    verdict = check(model("linear"), formula, seconds=4)
    assert verdict.verdict == "wrong" and verdict.counterexample is not None


def test_derivatives_are_those_of_the_unrolled_equations() -> None:
    """The forward accumulation here against the one of the proofs, variable by variable."""
    examiner = Examiner(model("elman"), 3, 0, Clock(20))
    stage = examiner.stages[0]
    unrolled, domain = SizedModel(model("elman"), stage.unrolled.sizes), Field(0)
    given = draw(model("elman"), unrolled.sizes, 3, domain, random.Random(0))
    full = unrolled.run(given, 3, domain)
    scene = stage.scene(Field(0), 0, 3, {}, Clock(20))
    compared = 0
    for by in full.variables:
        found = scene.slope(("h", 3), by, "nothing", 3)
        for row in range(len(found)):
            expected = full.gradient(full.slope(("h", 3), row), by)
            assert np.shape(expected) == np.shape(scene.run.values[by])
            compared += np.size(expected)
    assert compared > 100


# --- what a verdict rests on -------------------------------------------------------------


def test_rational_models_are_calculated_in_rational_numbers() -> None:
    verdict = check(model("linear"), RECURRENT)
    assert "rational numbers" in verdict.arithmetic and verdict.bits is not None
    wrong = check(model("linear"), RECURRENT.replace("W_hh.T", "W_hh"))
    assert wrong.counterexample is not None
    left, right = Fraction(wrong.counterexample.left), Fraction(wrong.counterexample.right)
    assert left != right
    assert wrong.counterexample.at == (("T", 2), ("t", 1))
    assert wrong.counterexample.entry == (1, 1)


def test_transcendental_models_are_calculated_with_50_digits() -> None:
    verdict = check(model("char_rnn"), "h[t] = tanh(W @ h[t-1] + U @ x[t] + b)")
    assert "50 digits" in verdict.arithmetic


def test_an_identity_of_functions_is_right_to_50_digits() -> None:
    """It is no identity of indeterminates, so no probability is stated."""
    verdict = check(model("linear"), "sin(h[t])**2 + cos(h[t])**2 = 1 + 0*h[t]")
    assert verdict.right and verdict.bits is None


def test_roots_and_logarithms_are_looked_at_where_they_are_defined() -> None:
    for formula in ("x[t]**(-1/2) = 1/sqrt(x[t])", "log(x[t]**2) = 2 * log(x[t])"):
        verdict = check(model("char_rnn"), formula)
        assert verdict.right and "at positive points" in verdict.arithmetic
    assert check(model("char_rnn"), "log(x[t]**2) = 3 * log(x[t])").status == 1
    # Not defined anywhere.
    assert check(model("char_rnn"), "log(-x[t]**2) = 0").status == 4


def test_a_difference_in_the_last_digits_is_seen() -> None:
    verdict = check(model("linear"), "tanh(h[t]) = tanh(h[t]) + 1e-30", seconds=2)
    assert verdict.verdict == "wrong"


def test_for_every_function_or_for_the_default() -> None:
    elman = model("elman")
    assert check(elman, "d(L, h[T]) = d(o[T], h[T]).T @ d(L, o[T])").generic == (
        "phi_h",
        "phi_o",
        "l",
    )
    verdict = check(elman, "d(h[t], h[t-1]) = diag(1 - h[t]**2) @ W_hh")
    assert verdict.right and verdict.generic == ()
    assert "phi_h = tanh" in verdict.assumed


def test_the_seed_changes_the_point_and_not_the_verdict() -> None:
    wrong = [
        check(model("linear"), RECURRENT.replace("W_hh.T", "W_hh"), seed=seed) for seed in (0, 1, 1)
    ]
    found = [verdict.counterexample for verdict in wrong]
    assert found[0] != found[1] == found[2]


def test_what_holds_for_the_sample_alone_is_not_right() -> None:
    """f has no default; in numbers it is a sum of sines, and the formula is about f."""
    verdict = check(model("recurrence"), "partial(h[t], x[t]) = cos(x[t]) for t >= 1")
    assert verdict.verdict == "undecided" and "every f, g" in verdict.reason


# --- limits ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        "h[t] = W_hh**1000 @ h[t]",
        "h[t] = sum(i, 1, 1000000, sum(j, 1, 1000000, h[t]))",
        "d(h[t], h[k]) = d(h[t], h[k]) for 0 <= p, 0 <= q, 0 <= r, 0 <= s",
    ],
)
def test_too_large_is_undecided(formula: str) -> None:
    verdict = check(model("linear"), formula, seconds=2)
    assert verdict.verdict == "undecided" and verdict.status == 4
    assert verdict.reason


def test_a_model_that_is_too_large() -> None:
    large = parse("h: (400,)\nh[t] = tanh(W @ h[t-1] + x[t])\n", "large")
    verdict = check(large, "h[t] = h[t]")
    assert verdict.verdict == "undecided" and "160,000" not in verdict.formula
    assert "entries" in verdict.reason


@pytest.mark.parametrize(
    ("formula", "words", "place"),
    [
        ("h[t] = W_hx @ W_qh @ W_hx", "do not fit", "W_qh"),
        ("h[t] = diag(W_hx)", "does not take", "diag(W_hx)"),
        ("h[t] = I", "is square", "I"),
        ("d(L, h[t]) = W_qh @ d(L, o[t])", "do not fit", "d(L, o[t])"),
    ],
)
def test_shapes_that_do_not_fit_are_wrong_mended_or_not(
    formula: str, words: str, place: str
) -> None:
    """What was found in the time decides of the mends alone, never of the verdict."""
    found = check(model("linear"), formula, seconds=0.3)
    assert found.verdict == "wrong" and words in found.reason
    text, carets = found.pointed.splitlines()
    assert text[carets.index("^") : len(carets)] == place
    assert found.derived is not None and found.derived.text.startswith(formula.split(" = ")[0])
    assert found.derived.text in str(found).replace("\n      ", " ")
    answer, _, _ = str(found).partition("  one edit mends it")  # which stands on one line
    assert all(len(line) <= 80 for line in answer.splitlines())


# --- what the derivation says ------------------------------------------------------------


def test_the_derivations_own_equation_stands_in_a_wrong_verdict() -> None:
    found = check(model("lstm"), "d(L, c[t]) = o[t] * (1 - c[t]**2) * d(L, h[t])", seconds=1)
    own = found.derived
    assert own is not None and (own.number, own.range) == (6, "1 <= t <= T-1")
    assert [text_of(part) for part in own.differs] == ["f[t+1] * d(L, c[t+1])", "tanh(c[t])**2"]
    lines = str(found).splitlines()
    (first,) = (k for k, line in enumerate(lines) if line.startswith("    d(L, c[t]) = f[t+1]"))
    assert "step (6) of the derivation: c[t] enters" in " ".join(lines[first - 2 : first])
    assert lines[first][lines[first + 1].index("^") : len(lines[first + 1])].startswith("f[t+1] *")
    assert r"\boxed{\tanh(\mathbf{c}_t)^{\odot 2}}" in own.latex
    said = found.data()["derived"]
    assert said["formula"] == own.text and said["step"] == 6
    assert [term["differs"] for term in said["terms"]] == [True, True]


def test_an_answer_comes_when_no_time_is_left_for_mends() -> None:
    found = check(model("lstm"), "d(L, h[t]) = W_hi.T @ d(L, a_i[t+1])", seconds=0.6)
    assert found.verdict in ("wrong", "undecided")


def test_names_of_the_derivations_own_are_explained() -> None:
    own = check(model("char_rnn"), "d(L, W) = 0", seconds=0.3).derived
    assert own is not None and "d(L, a[t])" in own.text
    assert own.where == ("a[t] = W @ h[t-1] + U @ x[t] + b",)
    used = check(model("char_rnn"), "d(L, W) = outer(d(L, a[T]), h[T-1])", seconds=0.3).derived
    assert used is not None and not used.where


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        (
            "elman",
            r"\frac{\partial h_t}{\partial W_{hh}} = \frac{\partial h_t}{\partial W_{hh}} + "
            r"\frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial W_{hh}}",
        ),
        ("char_rnn", r"\frac{\partial h_t}{\partial h_{t-1}} = 0"),
        ("char_rnn", r"\frac{\partial o_t}{\partial W} = V \frac{\partial h_t}{\partial x_{t-1}}"),
    ],
)
def test_no_reading_is_right_because_a_derivative_in_it_is_0_by_structure(
    name: str, formula: str
) -> None:
    found = check(model(name), formula, seconds=2)
    assert found.verdict == "wrong", str(found)


@pytest.mark.parametrize(
    ("formula", "trivial"),
    [
        ("1 = 1", True),
        ("h[t] = h[t]", True),
        ("W_hh.T.T = W_hh", True),
        ("d(L, h[t]) - d(L, h[t]) = 0", True),
        ("h[t] = h[t-1] + h[t] - h[t-1]", True),
        ("d(L, o[t]) = d(L, o[t]) * h[t].T @ h[t] / dot(h[t], h[t])", True),
        ("sum(i, 1, len(h), W_hh[i, j] * h[t][i]) = (W_hh.T @ h[t])[j]", True),
        ("L = L", True),
        ("L = 1/T * sum(t, 1, T, loss[t])", False),
        ("h[t] = W_hx @ x[t] + W_hh @ h[t-1]", False),
        ("d(h[t], h[t-1]) = W_hh", False),
        ("d(L, W_qh) = sum(t, 1, T, d(L, o[t]) @ h[t].T)", False),
    ],
)
def test_trivial_is_what_holds_for_every_model_of_these_shapes(formula: str, trivial: bool) -> None:
    found = check(model("linear"), formula)
    assert found.right and found.trivial == trivial
    assert ("trivial: it holds for every model" in str(found)) == trivial


def test_a_vector_before_a_matrix_is_a_row() -> None:
    assert check(model("linear"), "W_hh.T @ h[t] = h[t] @ W_hh").right


def test_python_interface() -> None:
    assert symbptt.check(symbptt.load("linear"), "o[t] = W_qh @ h[t]").right


def test_many_formulas_at_the_same_points_get_the_answers_that_each_gets_alone() -> None:
    formulas = (
        "h[t] = W_hx @ x[t] + W_hh @ h[t-1]",
        "d(L, h[t]) = W_hh @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])",
        "d(L, h[T]) = W_qh.T @ d(L, o[T])",
        "h[1] = W_hx @ x[1] for h[0] = 0",
        "d(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])",
    )
    checker = Checker(model("linear"), horizon=3)
    for formula in (*formulas, *reversed(formulas)):
        assert str(checker.check(formula)) == str(check(model("linear"), formula, horizon=3))


@pytest.mark.parametrize("word", ["direct", "partial"])
@pytest.mark.parametrize("entries", ["({of}[t][j], b_h[i]) = delta(j, i)", "({of}[t], b_h) = I"])
def test_an_equation_has_no_slope_where_its_quantity_is_given(word: str, entries: str) -> None:
    formula = word + entries.format(of="h")
    found = check(model("linear_bias"), formula, horizon=3)
    assert found.right and found.left_out[0] == "t = 0 (h[0] is given)"
    assert not check(model("linear_bias"), f"{formula} for t >= 0", horizon=3).right
    assert not check(model("linear_bias"), formula.replace(word, "d"), horizon=3).right


@pytest.mark.parametrize("layout", ["column", "row"])
@pytest.mark.parametrize("formula", ["h[t] = b", "h[t][j] = b[j]"])
def test_an_equation_says_nothing_of_what_is_given(formula: str, layout: Layout) -> None:
    about = parse("h[t] = b\no[t] = V @ h[t-1]\nloss[t] = squared_error(o[t], y[t])\n", "still")
    found = check(about, formula, horizon=3, layout=layout)
    assert found.right and found.left_out[0] == "t = 0 (h[0] is given)"


def test_a_name_counts_to_the_end_of_the_longest_axis_that_it_counts() -> None:
    about = model("linear")
    examiner = Examiner(about, 3, 0, Clock(20))
    text = "W_qh[j, i] = h[t][i] + delta(k, m) * x[1][k+1] for k >= 1, m >= 1"
    longest = examiner.longest(read(text, about))
    sizes = [stage.unrolled.sizes for stage in examiner.stages]
    assert longest("j") == max(one["q"] for one in sizes)
    assert longest("i") == max(one["h"] for one in sizes)
    assert longest("k") == longest("m") == max(max(one.values()) for one in sizes)


@pytest.mark.parametrize(
    ("name", "formula", "read"),
    [
        (
            "gru",
            r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(z_t) W_{hn}",
            "total",
        ),
        (
            "gru",
            r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(z_t)",
            "one equation",
        ),
    ],
)
def test_a_slope_that_holds_what_its_equation_lacks_is_no_slope_of_it(
    name: str, formula: str, read: str
) -> None:
    assert read in check(model(name), formula, horizon=3).reading
