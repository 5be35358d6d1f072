"""The rows of document 000."""

from __future__ import annotations

from tests.catalogue.entries import Document, Entry
from tests.catalogue.printing import (
    derived,
    equations,
    slope,
    step,
    total,
)
from tests.catalogue.proofs import (
    chains,
    everything,
)

_INDEX = ("--detail", "index")
_SENSITIVITY = "d(h[t], w)"

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
