"""Sizes: what is allowed is read, what is not is a clear error, and neither takes long."""

from __future__ import annotations

import time

import pytest

from symbptt.algebra import Add, Call, Mul, walk
from symbptt.language.parser import parse
from tests.language.marked import findings

SECONDS = 10.0
"""Far above what any of these takes, far below what a quadratic rule would."""

DEEP = "nests at most 100 deep"
LONG = "at most 1,000 terms in a row"
LARGE = "too large, or has too many digits"


def sums(term: str, count: int, operator: str = " + ") -> str:
    return "h[t] = " + operator.join([term] * count)


def nested(opening: str, inner: str, count: int, closing: str = ")") -> str:
    return "h[t] = " + opening * count + inner + closing * count


TOO_LARGE = {
    "a megabyte": ("h[t] = x[t]\n" * 90_000, "65,536 bytes (64 KiB), and this one has 1,080,000"),
    "a megabyte in a comment": ("h[t] = x[t] #" + "x" * 2**20, "65,536 bytes"),
    "statements": ("".join(f"h{i}[t] = x[t]\n" for i in range(1001)), "at most 1,000 statements"),
    "terms": (sums("x[t]", 1001), LONG),
    "factors": (sums("x[t]", 1001, " * "), LONG),
    "a full line of terms": (sums("x[t]", 9000), LONG),
    "terms of terms": (nested("(", "x[t]", 30, "+x[t]" * 150 + ")"), LONG),
    "brackets": (nested("(", "x[t]", 101), DEEP),
    "10,000 brackets": (nested("(", "x[t]", 10_000), DEEP),
    "10,000 open brackets": ("h[t] = " + "(" * 10_000, "never closed"),
    "10,000 square brackets": ("h[t] = " + "x[" * 10_000, "never closed"),
    "10,000 rows": (nested("E[", "tok[t]", 10_000, "]"), DEEP),
    "10,000 calls": (nested("tanh(", "x[t]", 10_000), DEEP),
    "10,000 steps": ("h[t] = x" + "[t]" * 10_000, DEEP),
    "10,000 arguments lists": ("h[t] = x" + "(3)" * 10_000, DEEP),
    "10,000 signs": ("h[t] = " + "-" * 10_000 + "x[t]", DEEP),
    "10,000 transposes": ("h[t] = W" + ".T" * 10_000 + " @ x[t]", DEEP),
    "10,000 powers": ("h[t] = x[t]" + " ** 2" * 10_000, DEEP),
    "10,000 quotients": ("h[t] = x[t]" + " / 2" * 10_000, DEEP),
    "10,000 products": ("h[t] = " + "W @ " * 10_000 + "x[t]", DEEP),
    "sums in products in calls": (nested("tanh(1 + 2*", "x[t]", 60), DEEP),
    "digits": ("h[t] = x[t] * " + "9" * 5000, "at most 100 digits, and this one has 5,000"),
    "exponent": ("h[t] = 1e-301 * x[t]", "at most 300"),
    "product of constants": ("a = " + " * ".join(["1e300"] * 900) + "\nh[t] = a * x[t]", LARGE),
    "power of constants": ("a = ((((9**9)**9)**9)**9)**9\nh[t] = a * x[t]", LARGE),
    "power of a power": ("a = 9**9**9**9\nh[t] = a * x[t]", LARGE),
    "squares of squares": (
        "a0 = 1/3\n" + "".join(f"a{i + 1} = a{i} * a{i}\n" for i in range(900)) + "h[t] = a9*x[t]",
        LARGE,
    ),
    "doubled vectors": (
        "h0[t] = x[t]\n" + "".join(f"h{i + 1}[t] = concat(h{i}[t], h{i}[t])\n" for i in range(900)),
        "a sum of at most 1,000 lengths",
    ),
    "many arguments": ("h[t] = concat(" + ",".join(["x[t]"] * 9000) + ")", "at most 1,000 lengths"),
    "a long cycle": (
        "".join(f"h{i}[t] = h{(i + 1) % 999}[t]\n" for i in range(999)),
        "`h0[t]` → `h1[t]` → `h2[t]` → `h3[t]` → … → `h996[t]` → `h997[t]` → `h998[t]` → `h0[t]`",
    ),
    "a thousand findings in a line": (sums("tanh(f[t]*W@x[t])", 900), "Python reads this as"),
}


@pytest.mark.parametrize(("text", "words"), TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_too_large(text: str, words: str) -> None:
    start = time.perf_counter()
    found = findings(text)
    assert time.perf_counter() - start < SECONDS
    assert any(words in one.message for one in found), [one.message for one in found]


ALLOWED = {
    "terms": sums("x[t]", 1000),
    "factors": sums("x[t]", 1000, " * "),
    "terms of products": sums("tanh(x[t] * (W @ x[t]))", 990),
    "statements": "".join(f"h{i}[t] = x[t] + h{i}[t-1]\n" for i in range(1000)),
    "statements backwards": "".join(f"h{i}[t] = h{i + 1}[t]\n" for i in range(998))
    + "h998[t] = dot(x[t], x[t])\n",
    "derived backwards": "".join(f"A{i} = A{i + 1}\n" for i in range(998))
    + "A998 = W\nh[t] = A0 @ x[t]\n",
    "constants backwards": "".join(f"a{i} = a{i + 1} + 1\n" for i in range(998))
    + "a998 = 1\nh[t] = a0 * x[t]\n",
    "brackets": nested("(", "x[t]", 100),
    "calls": nested("tanh(", "x[t]", 100),
    "sums of sums": nested("(", "x[t]", 10, "+x[t]" * 99 + ")"),
    "concatenations": nested("concat(x[t], ", "x[t]", 99),
    "signs": "h[t] = " + "-" * 100 + "x[t]",
    "transposes": "h[t] = W" + ".T" * 99 + " @ x[t]",
    "products": "h[t] = " + "W @ " * 99 + "x[t]",
    "quotients": "h[t] = x[t]" + " / 2" * 99,
    "names": "s[t] = " + " + ".join(f"dot(a{i}, b{i} * c{i})" for i in range(1000)),
    "a long lag": "h[t] = h[t" + "-0" * 900 + "-100]",
    "a long comment": "h[t] = x[t]\n#" + "x" * 65_000,
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed(text: str) -> None:
    start = time.perf_counter()
    parse(text)
    assert time.perf_counter() - start < SECONDS


def test_chains_are_flat() -> None:
    """1,000 terms are one sum, not 999 sums in each other."""
    (equation,) = parse(sums("x[t]", 1000)).equations
    assert isinstance(equation.rhs, Add) and len(equation.rhs.terms) == 1000
    (equation,) = parse(sums("x[t]", 1000, " * ")).equations
    assert isinstance(equation.rhs, Mul) and len(equation.rhs.factors) == 1000
    (equation,) = parse(nested("tanh(", "x[t]", 100)).equations
    assert sum(isinstance(node, Call) for node in walk(equation.rhs)) == 100


def test_scalars_are_found_one_from_the_other() -> None:
    """Each hangs on the one before: the time is not that of a pass for each."""
    steps = [f"s_{k}[t] = a_{k} * s_{k - 1}[t]" for k in range(1, 400)]
    model = parse("\n".join(["s_0[t] = dot(x[t], x[t])", *reversed(steps)]))
    assert {p.shape for p in model.parameters} == {()}
