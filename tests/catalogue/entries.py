"""The rows of the catalogue: what is printed, how it is proved, what the documents print.

A row names formulas of `tests.formula.catalogue`, which are typed from the documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.catalogue.printing import (
    Printer,
    analysed,
    clip,
    derived,
    equations,
    folded,
    recurrence,
    slope,
    step,
    total,
)
from tests.catalogue.proofs import (
    Proof,
    chains,
    clipped,
    everything,
    expectation,
    induction,
    modulus,
    no_gate_at_zero,
    refusals,
)


@dataclass(frozen=True)
class Entry:
    """One row.

    Attributes
    ----------
    id : str
        The equation's number or name in its document.
    shown : tuple of Printer
    right, wrong, unreadable : tuple of str
        Formulas as the document prints them, by their ids.
    proved : tuple of Proof
    words : str
        What else is to be said of the printed form.
    figure : str
        A key of `tests.catalogue.figures.FIGURES`.
    """

    id: str
    shown: tuple[Printer, ...] = ()
    right: tuple[str, ...] = ()
    proved: tuple[Proof, ...] = ()
    wrong: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    words: str = ""
    figure: str = ""


@dataclass(frozen=True)
class Document:
    """One of the seed documents."""

    title: str
    entries: tuple[Entry, ...]


_INDEX = ("--detail", "index")
_OF_ONE_STEP = ("--of", "loss[t]")
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

SLIDES = Document(
    "000: slides, the linear model with both biases",
    (
        Entry(
            "(1)-(3)",
            (equations("linear_bias", "h", "o"), total("linear_bias")),
            ("000 (1)", "000 (2)", "000 (3)"),
        ),
        Entry(
            "(2), second numbering",
            (step("linear_bias", ("o", "adjoint")),),
            ("000 (2) gradient",),
            (chains("linear_bias", ("o", "adjoint")),),
        ),
        Entry(
            "(4)-(6)",
            (
                step("linear_bias", ("W_qh", "gradient")),
                derived(
                    "linear_bias",
                    *_INDEX,
                    lefts=(
                        r"(\mathbf{o}_t)_{j}",
                        r"\frac{\partial L}{\partial (\mathbf{W}_{\mathrm{qh}})_{ji}}",
                    ),
                    typed=("000 (4)", "000 (5)"),
                ),
            ),
            ("000 (4)", "000 (5) chain", "000 (5)", "000 (6)"),
            (chains("linear_bias", ("W_qh", "gradient")),),
        ),
        Entry(
            "(7)-(13)",
            (
                step("linear_bias", ("h", "boundary"), ("h", "adjoint")),
                derived(
                    "linear_bias",
                    *_INDEX,
                    lefts=(
                        r"\frac{\partial L}{\partial (\mathbf{h}_T)_{i}}",
                        r"\frac{\partial L}{\partial (\mathbf{h}_t)_{i}}",
                    ),
                    typed=("000 (8)",),
                ),
            ),
            (
                "000 (7)",
                "000 (8) chain",
                "000 (8)",
                "000 (9)",
                "000 (10)",
                "000 (11)",
                "000 (12) h",
                "000 (12) o",
                "000 (13)",
            ),
            (chains("linear_bias", ("h", "boundary"), ("h", "adjoint")),),
        ),
        Entry(
            "(14)-(19)",
            (
                step("linear_bias", ("W_hx", "gradient")),
                derived(
                    "linear_bias",
                    *_INDEX,
                    lefts=(
                        r"(\mathbf{h}_t)_{j}",
                        slope(r"(\mathbf{h}_t)_{j}", r"(\mathbf{W}_{\mathrm{hx}})_{mi}"),
                        r"\frac{\partial L}{\partial (\mathbf{W}_{\mathrm{hx}})_{ji}}",
                    ),
                    typed=("000 (17)", "000 (18)"),
                ),
            ),
            ("000 (15)", "000 (16)", "000 (17)", "000 (18) chain", "000 (18)", "000 (19)"),
            (chains("linear_bias", ("W_hx", "gradient")),),
            unreadable=("000 (19) misprinted",),
            words="(14) is (1). (19) misprints ∂L/∂h_t; the right column has what is meant.",
        ),
        Entry(
            "(20)-(25)",
            (
                step("linear_bias", ("W_hh", "gradient")),
                derived(
                    "linear_bias",
                    *_INDEX,
                    lefts=(
                        slope(r"(\mathbf{h}_t)_{j}", r"(\mathbf{W}_{\mathrm{hh}})_{mi}"),
                        r"\frac{\partial L}{\partial (\mathbf{W}_{\mathrm{hh}})_{ji}}",
                    ),
                    typed=("000 (23)", "000 (24)"),
                ),
            ),
            ("000 (21)", "000 (23)", "000 (24) chain", "000 (24)", "000 (25)"),
            (chains("linear_bias", ("W_hh", "gradient")),),
            words="(20) is (1) and (22) is (16).",
        ),
        Entry(
            "(26)-(28)",
            (step("linear_bias", ("b_h", "gradient")),),
            ("000 (27)", "000 (28) chain", "000 (28)"),
            (chains("linear_bias", ("b_h", "gradient")),),
            ("000 (28) column",),
            words="The result is right; its first member multiplies a column by I_h, which "
            "conforms with the transpose only, or with rows.",
        ),
        Entry(
            "(29)-(31)",
            (step("linear_bias", ("b_q", "gradient")),),
            ("000 (30)", "000 (31) chain", "000 (31)"),
            (chains("linear_bias", ("b_q", "gradient")),),
            ("000 (31) column",),
            words="The same remark.",
        ),
        Entry(
            "(32), (33)",
            (
                step(
                    "linear_bias",
                    ("W_qh", "gradient"),
                    ("b_q", "gradient"),
                    ("W_hx", "gradient"),
                    ("W_hh", "gradient"),
                    ("b_h", "gradient"),
                ),
            ),
            ("000 (6)", "000 (31)", "000 (19)", "000 (25)", "000 (28)"),
            (everything("linear_bias"),),
        ),
    ),
)

ELMAN = Document(
    "001: an Elman network with general activations",
    (
        Entry("(1)", (total("elman"),), ("001 (1)",)),
        Entry("(2), (3)", (equations("elman", "h", "o"),), ("001 (2)", "001 (3)")),
        Entry(
            "w_h",
            (equations("joined", "h"), step("joined", ("w_h", "gradient"))),
            ("001 w_h", "001 w_h, block of x", "001 w_h, block of h"),
            (chains("joined", ("w_h", "gradient")), everything("joined")),
            ("001 w_h transposed",),
            words="Printed as the transpose, which does not multiply [x_t; h_{t-1}] from the left.",
        ),
        Entry(
            "(4), (5)",
            (
                derived(
                    "joined",
                    *_OF_ONE_STEP,
                    lefts=(r"\frac{\partial \ell_t}{\partial \mathbf{w}_{\mathrm{h}}}",),
                    typed=("001 (4)", "001 (5)"),
                ),
            ),
            ("001 (4)", "001 (5)"),
        ),
        Entry(
            "(6)-(10)",
            (recurrence("elman", _MATRIX_SENSITIVITY),),
            ("001 (6)", "001 (7)", "001 (8)", "001 (9)", "001 (10)"),
            (induction("elman", _MATRIX_SENSITIVITY),),
            ("001 (10) total",),
            words="Right with partial derivatives of f; the last line of (10) writes total ones.",
        ),
        Entry(
            "boxed",
            (folded("elman", _MATRIX_SENSITIVITY),),
            proved=(induction("elman", _MATRIX_SENSITIVITY),),
            wrong=("001 boxed", "001 boxed, total on both sides"),
            words="Wrong taken literally: one symbol is total on the left and partial on the "
            "right, and j - 1 = i … t is one factor too many.",
        ),
    ),
)

NOTES = Document(
    "002: notes with U after, V before, W inside the hidden layer",
    (
        Entry(
            "model",
            (equations("notes_elman", "y_hat", "h"),),
            ("002 y_hat", "002 h"),
        ),
        Entry(
            "∂L_t/∂U",
            (
                step("notes_elman", ("U", "gradient")),
                derived(
                    "notes_elman",
                    *_OF_ONE_STEP,
                    lefts=(r"\frac{\partial \ell_t}{\partial \mathbf{U}}",),
                    typed=("002 dU",),
                ),
            ),
            ("002 dU",),
            (chains("notes_elman", ("U", "gradient")),),
            ("002 dU over steps 1 to T",),
            words="The middle member, the sum over all steps, is the total and not step t.",
        ),
        Entry(
            "∂L_t/∂W",
            (
                folded("notes_elman", "d(h[t], W)"),
                derived(
                    "notes_elman",
                    "--form",
                    "expanded",
                    *_OF_ONE_STEP,
                    lefts=(r"\frac{\partial \ell_t}{\partial \mathbf{W}}",),
                    typed=("002 dW",),
                ),
            ),
            ("002 dW", "002 dW from step 1", "002 step 0"),
            (induction("notes_elman", "d(h[t], W)"),),
            ("002 dy/dL", "002 dh/dW total", "002 dW without a real first step"),
            words="The sum starts at 0. Convention: with h_0 a constant the term of step 0 is 0, "
            "so the sum from 1 is the same; where step 0 is a real step (here step 1), leaving "
            "it out is wrong.",
        ),
        Entry(
            "∂L_t/∂V",
            (
                folded("notes_elman", "d(h[t], V)"),
                derived(
                    "notes_elman",
                    "--form",
                    "expanded",
                    *_OF_ONE_STEP,
                    lefts=(r"\frac{\partial \ell_t}{\partial \mathbf{V}}",),
                    typed=("002 dV",),
                ),
            ),
            ("002 dV",),
            (induction("notes_elman", "d(h[t], V)"), everything("notes_elman")),
            words="Stated in words only; derived.",
        ),
    ),
)
