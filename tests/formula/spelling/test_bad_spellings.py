r"""Bad input in LaTeX and Unicode: refused in bounded time, pointing at the place."""

from __future__ import annotations

import time

import pytest

from symbptt.errors import FormulaError
from symbptt.formula.reading import readings
from symbptt.language import library

LEFT = r"\frac{\partial L}{\partial h_t} = "

BAD = {
    "1 MB": LEFT + "x" * 2**20,
    "braces 10,000 deep": LEFT + "{" * 10_000 + "h_t" + "}" * 10_000,
    "braces 1,500 deep": LEFT + "{" * 1_500 + "h_t" + "}" * 1_500,
    "fractions in fractions": LEFT + r"\frac{" * 1_000 + "1" + "}{2}" * 1_000,
    "scripts on scripts": LEFT + "h_" + "{a_" * 500 + "t" + "}" * 500,
    "many scripts": LEFT + "h" + "_t" * 1_000,
    "accents on accents": LEFT + r"\hat" * 2_000 + "h",
    "accents in accents": LEFT + r"\hat{" * 500 + "h" + "}" * 500,
    "products": LEFT + " ".join(["h_t"] * 3_000),
    "products in two orders": LEFT + " ".join(["h_t h_t^T"] * 90),
    "derivatives of three kinds": LEFT
    + " ".join(rf"\frac{{\partial h_{{t+{k}}}}}{{\partial h_{{t-{k}}}}}" for k in range(100)),
    "terms": LEFT + " + ".join(["h_t^T"] * 199),
    "sums in sums": LEFT + r"\sum_{i=1}^T " * 60 + "h_i",
    "products in products": LEFT + r"\prod_{i=1}^T h_i " * 25 + "q",
    "a long chain": "L = " * 3_000 + "1",
    "an open brace": LEFT + r"\frac{1}{2",
    "a surplus brace": LEFT + "h_t}",
    "an open parenthesis": LEFT + r"\left( h_t",
    "a fraction of nothing": r"L = \frac",
    "a root of nothing": r"L = \sqrt",
    "an accent alone": r"L = \hat",
    "a condition of nothing": LEFT + r"h_t \quad ()",
    "a condition of nothing in brackets": LEFT + r"h_t, \quad \{(\,)\}",
    "binary": "\x00\x01\xff\xfe\x80" * 50,
    "NUL": LEFT + "h\0_t",
    "a file": r"\input{/etc/passwd} = 1",
    "a macro": r"\def\a{\a\a}\a = 1",
    "combining characters": LEFT + "h" + "\u0302" * 4_000,
    "combining characters alone": "\u0302" * 100 + " = 1",
    "combining behind a sign": LEFT + "(\u0302 h_t)",
    "right to left": LEFT + "\u202eh_t\u202c",
    "an unknown environment": r"\begin{tikzpicture} h_t = 1 \end{tikzpicture}",
    "an environment without a name": r"\begin",
    "a block of nothing that is end to end": LEFT + r"[0\;\mathbf{I}]^{\top} h_t",
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_refused_at_its_place_and_soon(kind: str) -> None:
    start = time.thread_time()
    with pytest.raises(FormulaError) as refused:
        readings(BAD[kind], library.load("elman"))
    assert time.thread_time() - start < 0.5
    assert "^" in str(refused.value).splitlines()[-1] or "characters" in str(refused.value)
    assert len(str(refused.value)) < 20_000
