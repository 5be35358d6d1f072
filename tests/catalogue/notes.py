"""The rows of documents 001 and 002."""

from __future__ import annotations

from tests.catalogue.entries import Document, Entry
from tests.catalogue.printing import (
    derived,
    equations,
    folded,
    recurrence,
    step,
    total,
)
from tests.catalogue.proofs import (
    chains,
    everything,
    induction,
)

_OF_ONE_STEP = ("--of", "loss[t]")
_SENSITIVITY = "d(h[t], w)"
_MATRIX_SENSITIVITY = "d(h[t], W_hh)"

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
