"""The rows of document 004."""

from __future__ import annotations

from tests.catalogue.entries import Document, Entry
from tests.catalogue.printing import (
    analysed,
    clip,
    derived,
    equations,
    folded,
    recurrence,
    step,
    total,
)
from tests.catalogue.proofs import (
    chains,
    clipped,
    expectation,
    induction,
    modulus,
    no_gate_at_zero,
    refusals,
)

_SENSITIVITY = "d(h[t], w)"
_MATRIX_SENSITIVITY = "d(h[t], W_hh)"

SECTION = Document(
    "004: the textbook section (Dive into Deep Learning, 9.7) with a reader's notes",
    (
        Entry(
            "9.7.1",
            (equations("recurrence", "h", "o"),),
            ("004 9.7.1 h", "004 9.7.1 o"),
            words="f and g stay abstract: proved for every f and g.",
        ),
        Entry("9.7.2", (total("recurrence"),), ("004 9.7.2",)),
        Entry(
            "9.7.3",
            (
                step("recurrence", ("w", "gradient")),
                derived(
                    "recurrence",
                    "--form",
                    "sensitivity",
                    lefts=(r"\frac{\partial L}{\partial w}",),
                    typed=("004 9.7.3 b",),
                ),
            ),
            ("004 9.7.3 a", "004 9.7.3 b"),
            (chains("recurrence", ("w", "gradient")),),
        ),
        Entry(
            "9.7.4",
            (recurrence("recurrence", _SENSITIVITY), recurrence("elman", _MATRIX_SENSITIVITY)),
            ("004 9.7.4", "004 9.7.4 matrices"),
            (induction("recurrence", _SENSITIVITY), induction("elman", _MATRIX_SENSITIVITY)),
            words="∂f/∂w_h is the partial derivative with h_{t-1} held.",
        ),
        Entry(
            "9.7.5, 9.7.6",
            (folded("matrix_recurrence", "a"),),
            ("004 9.7.5", "004 9.7.5 scalars", "004 9.7.5 with a_0", "004 9.7.6"),
            (induction("matrix_recurrence", "a"), refusals("matrix_recurrence", "a")),
            ("004 9.7.5 ascending", "004 9.7.5 without a_0 = 0"),
            words="Right for numbers; for matrices only with the product in descending order.",
        ),
        Entry(
            "9.7.7",
            (folded("recurrence", _SENSITIVITY), folded("elman", _MATRIX_SENSITIVITY)),
            ("004 9.7.7", "004 9.7.7 matrices"),
            (
                induction("recurrence", _SENSITIVITY),
                induction("elman", _MATRIX_SENSITIVITY),
                refusals("elman", _MATRIX_SENSITIVITY),
            ),
            ("004 9.7.7 ascending",),
        ),
        Entry(
            "truncation",
            (
                derived(
                    "elman",
                    "--estimator",
                    "window:2",
                    lefts=(
                        "w(s, t)",
                        r"\operatorname{bias} \frac{\partial L}{\partial \mathbf{W}_{\mathrm{hh}}}",
                    ),
                    typed=("004 truncation after 2 steps",),
                ),
                derived(
                    "elman",
                    "--estimator",
                    "chunk:3",
                    lefts=(r"\xi_t", "w(s, t)"),
                    typed=(),
                ),
            ),
            ("004 truncation after 2 steps",),
            words="The last term is what ending the sum drops. Two estimators are meant: a "
            "sliding window (the sum ended at ∂h_{t-τ}/∂w_h) and chunks (the text cut into "
            "pieces of one length): `--estimator window:TAU` and `chunk:TAU`.",
        ),
        Entry(
            "9.7.8",
            (
                recurrence("recurrence", _SENSITIVITY),
                derived(
                    "recurrence",
                    "--estimator",
                    "random:0.5",
                    lefts=(
                        r"\mathbb{E}\bigl[\xi_t\bigr]",
                        r"\mathbb{E}\bigl[\mathbf{z}_t\bigr]",
                        r"\mathbf{V}_t",
                    ),
                    typed=(),
                ),
            ),
            proved=(expectation, no_gate_at_zero),
            words="Right for 0 < π_t ≤ 1; printed with 0 ≤ π_t, for which E ξ_t = 1 fails at 0. "
            "`--estimator random:PI`.",
        ),
        Entry(
            "figure 9.7.1",
            words="Redrawn: the three strategies over the first characters of a text.",
            figure="truncation",
        ),
        Entry(
            "9.7.9, 9.7.10",
            (equations("linear", "h", "o"), total("linear")),
            ("004 9.7.9 h", "004 9.7.9 o", "004 9.7.10"),
        ),
        Entry(
            "9.7.11",
            (step("linear", ("o", "adjoint")),),
            ("004 9.7.11",),
            (chains("linear", ("o", "adjoint")),),
        ),
        Entry(
            "9.7.12",
            (step("linear", ("W_qh", "gradient")),),
            ("004 9.7.12",),
            (chains("linear", ("W_qh", "gradient")),),
        ),
        Entry(
            "9.7.13",
            (step("linear", ("h", "boundary")),),
            ("004 9.7.13",),
            (chains("linear", ("h", "boundary")),),
        ),
        Entry(
            "9.7.14",
            (step("linear", ("h", "adjoint")),),
            ("004 9.7.14",),
            (chains("linear", ("h", "adjoint")),),
        ),
        Entry(
            "9.7.15",
            (folded("linear", "d(L, h[t])"),),
            ("004 9.7.15", "004 9.7.15 by k"),
            (induction("linear", "d(L, h[t])"),),
        ),
        Entry(
            "its note",
            (folded("linear", "d(L, h[t])"),),
            wrong=("004 note on 9.7.15",),
            words="The note calls the (T-i)-th power the influence of h_t on h_i: T-i belongs "
            "to o_{T+t-i}.",
        ),
        Entry(
            "9.7.16",
            (step("linear", ("W_hx", "gradient"), ("W_hh", "gradient")),),
            ("004 9.7.16 hx", "004 9.7.16 hh"),
            (chains("linear", ("W_hx", "gradient"), ("W_hh", "gradient")),),
        ),
        Entry(
            "eigenvalues",
            (analysed([[-2.0]]), analysed([[0.9, 50.0], [0.0, 0.9]])),
            proved=(modulus,),
            words="“Eigenvalues smaller than 1 vanish, larger than 1 diverge” is wrong taken "
            "literally: the modulus counts, and powers of a matrix that is not normal can grow "
            "first.",
        ),
        Entry("clipping", (clip("linear"),), proved=(clipped,), words="Right; g = 0 gives 0."),
        Entry(
            "figure 9.7.2",
            words="Redrawn: the computational graph for three steps.",
            figure="graph",
        ),
    ),
)
