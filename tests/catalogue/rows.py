"""The rows of document 003 and of what lies beyond the documents."""

from __future__ import annotations

from tests.catalogue.entries import Document, Entry
from tests.catalogue.notes import ELMAN, NOTES
from tests.catalogue.printing import analysed, derived, equations, step, total
from tests.catalogue.proofs import aligned, chains, everything
from tests.catalogue.slides import SLIDES
from tests.catalogue.textbook import SECTION

_ROWS = ("--layout", "row", "--notation", "superscript,D")

SINGH = Document(
    "003: tanh units, softmax cross-entropy, an embedding; row vectors",
    (
        Entry(
            "(1.1)-(1.6)",
            (equations("char_rnn", "x", "h", "o"), total("char_rnn")),
            ("003 (1.1)", "003 (1.2)", "003 (1.3)", "003 (1.4)", "003 (1.5)", "003 (1.6)"),
            words="Rows are checked as transposed columns.",
        ),
        Entry(
            "(3.1)-(3.4), (4.1)",
            (
                step("char_rnn", ("o", "adjoint")),
                derived(
                    "char_rnn",
                    "--detail",
                    "index",
                    lefts=(
                        r"\frac{\partial (\mathbf{p}_t)_{j}}{\partial (\mathbf{o}_t)_{i}}",
                        r"\frac{\partial \ell_t}{\partial (\mathbf{o}_t)_{i}}",
                        r"\frac{\partial L}{\partial (\mathbf{o}_t)_{i}}",
                    ),
                    typed=("003 both cases", "003 (3.4), (4.1)"),
                ),
            ),
            (
                "003 (3.1)",
                "003 (3.2)",
                "003 (3.2), (3.3)",
                "003 both cases",
                "003 (3.4), (4.1)",
                "003 (4.1) vectors",
            ),
            (chains("char_rnn", ("o", "adjoint")),),
            words="The two cases i = y and i ≠ y are the two terms with δ.",
        ),
        Entry(
            "(3.5), (4.2)",
            (
                step("char_rnn", ("h", "boundary")),
                derived(
                    "char_rnn",
                    *_ROWS,
                    lefts=(r"(DL)_{\mathbf{h}^{(T)}}",),
                    typed=("003 (3.5), (4.2)",),
                ),
            ),
            ("003 (3.5), (4.2)",),
            (chains("char_rnn", ("h", "boundary")),),
        ),
        Entry(
            "(3.6)-(3.8), (4.3)",
            (
                step("char_rnn", ("h", "adjoint")),
                derived(
                    "char_rnn",
                    *_ROWS,
                    lefts=(r"(DL)_{\mathbf{h}^{(t)}}", r"(DL)_{\mathbf{a}^{(t)}}"),
                    typed=("003 (3.8)",),
                ),
            ),
            ("003 (3.6)", "003 (3.7)", "003 (3.8)", "003 (3.8) column"),
            (chains("char_rnn", ("h", "adjoint"), ("h", "boundary")),),
            ("003 (3.8) row",),
            words="The second form, the only one in (4.3), is right if 1 - h² is a column; by the "
            "document's own convention (rows) it scales the wrong axis.",
        ),
        Entry(
            "(3.9)-(3.11), (4.4)",
            (step("char_rnn", ("c", "gradient")),),
            ("003 (3.10)", "003 (3.11), (4.4)"),
            (chains("char_rnn", ("c", "gradient")),),
        ),
        Entry(
            "(3.12), (4.5)",
            (step("char_rnn", ("b", "gradient")),),
            ("003 (3.12) chain", "003 (3.12), (4.5)"),
            (chains("char_rnn", ("b", "gradient")),),
        ),
        Entry(
            "(3.13), (3.14), (4.6)",
            (step("char_rnn", ("V", "gradient")),),
            ("003 (3.13)", "003 (3.14), (4.6)"),
            (chains("char_rnn", ("V", "gradient")),),
        ),
        Entry(
            "(3.15), (3.16), (4.7)",
            (step("char_rnn", ("W", "gradient")),),
            ("003 (3.15) a", "003 (3.15)", "003 (3.16), (4.7)"),
            (chains("char_rnn", ("W", "gradient")),),
            ("003 before (3.15)", "003 before (3.16)"),
            words="The line before the matrix of (3.15) sums W_ij h_i over i; the sentence before "
            "(3.16) squares 1 - h.",
        ),
        Entry(
            "(3.17), (3.18), (4.8)",
            (step("char_rnn", ("U", "gradient")),),
            ("003 (3.17)", "003 (3.18), (4.8)"),
            (chains("char_rnn", ("U", "gradient")),),
            unreadable=("003 (3.17) without U",),
            words="(3.17) loses U in (DL)_t.",
        ),
        Entry(
            "(3.19)-(3.21), (4.9)",
            (
                step("char_rnn", ("E", "gradient")),
                derived(
                    "char_rnn",
                    "--detail",
                    "index",
                    lefts=(r"\frac{\partial L}{\partial (\mathbf{E})_{ji}}",),
                    typed=("003 (3.19)",),
                ),
                derived(
                    "char_rnn", *_ROWS, lefts=(r"(DL)_{\mathbf{E}}",), typed=("003 (3.21), (4.9)",)
                ),
            ),
            ("003 (3.19)", "003 (3.20)", "003 (3.21), (4.9)"),
            (chains("char_rnn", ("E", "gradient")),),
            ("003 words on (3.21)",),
            words="“Row i equal to …” is wrong for a token that occurs twice: it adds up.",
        ),
        Entry(
            "notation",
            (
                derived(
                    "char_rnn",
                    *_ROWS,
                    lefts=(
                        r"\mathbf{x}^{(t)}",
                        r"\mathbf{a}^{(t)}",
                        r"\mathbf{h}^{(t)}",
                        r"\mathbf{o}^{(t)}",
                        r"(DL)_{\mathbf{W}}",
                        r"(DL)_{\mathbf{U}}",
                        r"(DL)_{\mathbf{V}}",
                        r"(DL)_{\mathbf{b}}",
                        r"(DL)_{\mathbf{c}}",
                    ),
                    typed=("003 (3.8)",),
                ),
            ),
            ("003 (3.8)",),
            (everything("char_rnn"),),
            words="Operator D, rows, superscript times: `--layout row --notation superscript,D`.",
        ),
    ),
)

BEYOND = Document(
    "Beyond the documents",
    (
        Entry(
            "LSTM",
            (
                equations("lstm", "c", "h"),
                step("lstm", ("c", "adjoint"), ("h", "adjoint"), chain=False),
            ),
            proved=(everything("lstm"),),
        ),
        Entry(
            "GRU, reset before the product",
            (equations("gru_v1", "n", "h"), step("gru_v1", ("h", "adjoint"), chain=False)),
            proved=(everything("gru_v1"),),
        ),
        Entry(
            "GRU, reset after the product",
            (equations("gru", "n", "h"), step("gru", ("h", "adjoint"), chain=False)),
            proved=(everything("gru"),),
        ),
        Entry(
            "powers of a symmetric matrix",
            (analysed([[-1.0, 0.3], [0.3, 0.2]]),),
            proved=(aligned,),
            words="For |λ_1| > |λ_2| and v_1·x not 0: M^k has the eigenvalues λ_i^k and M^k x "
            "turns to ±v_1; gradients that go back k linear steps, M^k g, point along v_1 "
            "whatever the loss and change by |λ_1| a step.",
        ),
    ),
)

DOCUMENTS = (SECTION, SLIDES, ELMAN, NOTES, SINGH, BEYOND)
