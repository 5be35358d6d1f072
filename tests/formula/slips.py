"""The slips that people make, each with the words that name it: the table of the examiner.

python -m tests.formula.slips [MODEL …] [column] [row]     what is said of every slip
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from symbptt.algebra import Model
from symbptt.errors import FormulaError
from symbptt.formula.answer import Verdict
from symbptt.formula.meaning import Meaning
from symbptt.formula.reading import read
from symbptt.formula.shapes import Layout
from symbptt.formula.text import formula_text
from symbptt.formula.verdict import Checker, NothingToCheckError
from symbptt.language import library
from symbptt.language.parser import parse
from tests import cells
from tests.formula.laying import in_row_layout

PUBLIC = Path(__file__).parent / "public"
SECONDS = 5.0
"""In so many seconds of CPU time a slip is named."""


@cache
def model_named(name: str) -> Model:
    path = PUBLIC / f"{name}.rnn"
    if path.exists():
        return parse(path.read_text(encoding="utf-8"), name)
    return library.load(name) if name in library.names() else cells.cell(name)


@cache
def checker(name: str, layout: Layout = "column") -> Checker:
    return Checker(model_named(name), layout=layout)


@dataclass(frozen=True)
class Case:
    """A slip in a right formula, and a word of the kind that names it."""

    model: str
    right: str
    wrong: str
    kind: str
    words: str = ""

    @property
    def id(self) -> str:
        return f"{self.model}: {self.wrong}"


def _cases() -> Iterator[Case]:
    """The slips of the issue, on cells that have them."""
    cells_ = (("lstm", "h", "i", "c", "1 <= t < T"), ("lstm_pre", "a", "u", "c", "1 <= t < T"))
    for model, h, i, c, where in cells_:
        gate = f"d(L, {h}[t]) * o[t] * (1 - tanh({c}[t])**2)"
        left, through, on = f"d(L, {c}[t])", f"f[t+1] * d(L, {c}[t+1])", f" for {where}"
        right = f"{left} = {gate} + {through}{on}"
        slips = [
            (gate, "a missing term", through),
            ("0", "a missing term", through),
            (f"{gate} + d(L, {c}[t+1])", "a missing factor", "f[t+1]"),
            (f"d(L, {h}[t]) * (1 - tanh({c}[t])**2) + {through}", "a missing factor", "o[t]"),
            (
                f"d(L, {h}[t]) * o[t] * (1 - tanh(tanh({c}[t]))**2) + {through}",
                "a function applied twice",
                "",
            ),
            (
                f"d(L, {h}[t]) * o[t] * (1 - {c}[t]**2) + {through}",
                "a function left out",
                f"tanh({c}[t])",
            ),
            (f"{gate} + f[t] * d(L, {c}[t+1])", "a shifted index", "f[t+1]"),
            (f"{gate} + {i}[t+1] * d(L, {c}[t+1])", "another name", "f[t+1]"),
            (f"{gate} - {through}", "a wrong sign", ""),
            (f"{gate} + {through} + {through}", "doubled term", ""),
            (f"o[t] * (1 - tanh({c}[t])**2) + {through}", "a missing factor", f"d(L, {h}[t])"),
        ]
        for wrong, kind, words in slips:
            yield Case(model, right, f"{left} = {wrong}{on}", kind, words)
    yield from _lstm()
    yield from _gru()
    yield from _tanh()


def _lstm() -> Iterator[Case]:
    right = "d(L, a_f[t]) = d(L, c[t]) * c[t-1] * f[t] * (1 - f[t])"
    yield Case("lstm", right, "d(L, a_f[t]) = d(L, c[t]) * c[t-1] * sigmoid(f[t])", "slope")
    yield Case("lstm", right, "d(L, a_f[t]) = d(L, c[t]) * c[t-1] * f[t]", "", "1 - f[t]")
    yield Case("lstm", right, "d(L, a_f[t]) = d(L, c[t]) * c[t-1] * (1 - f[t]**2)", "slope")
    yield Case("lstm", right, "d(L, a_f[t]) = d(L, c[t]) * c[t] * f[t] * (1 - f[t])", "shifted")
    yield Case("lstm", right, "d(L, a_f[t]) = d(L, c[t]) * c[t-1]", "missing factor", "1 - f[t]")
    right = "d(L, a_g[t]) = d(L, g[t]) * (1 - g[t]**2)"
    yield Case("lstm", right, "d(L, a_g[t]) = 1 - g[t]**2", "missing factor", "d(L, g[t])")
    right = "d(L, pf[t]) = d(L, c[t]) * c[t-1] * f[t] * (1 - f[t])"
    yield Case("lstm_pre", right, "d(L, pf[t]) = d(L, c[t]) * c[t-1] * sigmoid(f[t])", "slope")
    right = "d(L, pg[t]) = d(L, c[t]) * u[t] * (1 - g[t]**2)"
    yield Case("lstm_pre", right, "d(L, pg[t]) = d(L, c[t]) * u[t] * g[t] * (1 - g[t])", "slope")
    yield Case("lstm_pre", right, "d(L, pg[t]) = d(L, c[t]) * u[t] * (1 - g[t])", "exponent")
    yield Case(
        "lstm_pre",
        "d(L, pg[t]) = (f[t+1] * d(L, c[t+1]) * u[t] + o[t] * (1 - tanh(c[t])**2) * u[t] "
        "* d(L, a[t])) * (1 - g[t]**2) for 1 <= t < T",
        "d(L, pg[t]) = f[t+1] * d(L, c[t+1]) * u[t] + o[t] * (1 - tanh(c[t])**2) * u[t] "
        "* d(L, a[t]) * (1 - g[t]**2) for 1 <= t < T",
        "parentheses",
    )
    for model, h, x, pre, weight, out in (
        ("lstm", "h", "ifog", "a_", "W_h", "W_qh.T @ d(L, s[t])"),
        ("lstm_pre", "a", "fugo", "p", "W_", "d(loss[t], a[t]) / T"),
    ):
        left = f"d(L, {h}[t])"

        def sum_of(pre: str, weight: str = weight, x: str = x, out: str = out) -> str:
            return " + ".join([*(f"{weight}{g}.T @ d(L, {pre}{g}[t+1])" for g in x), out])

        right = f"{left} = {sum_of(pre)} for 1 <= t < T"
        yield Case(model, right, f"{left} = {sum_of('')} for 1 <= t < T", "pre-activation")
        one = right.replace(f"d(L, {pre}{x[1]}[", f"d(L, {x[1]}[")
        yield Case(model, right, one, "", f"d(L, {pre}{x[1]}[t+1])")
        yield Case(model, right, right.replace(f"{weight}{x[2]}.T", f"{weight}{x[2]}"), "transpose")
        yield Case(model, right, right.replace(".T @ d(L, " + pre, " @ d(L, " + pre), "transpose")
        yield Case(
            model,
            right,
            right.replace(f"{weight}{x[0]}.T @ d(L, {pre}{x[0]}[t+1]) + ", ""),
            "missing term",
        )
    bias = "d(L, b_f) = sum(t, 1, T, d(L, a_f[t]))"
    yield Case("lstm", bias, "d(L, b_f) = d(L, a_f[t])", "lost sum")
    yield Case("lstm", bias, "d(L, b_f) = sum(t, 1, T, d(L, a_i[t]))", "another name")
    weights = "d(L, W_hf) = sum(t, 1, T, outer(d(L, a_f[t]), h[t-1]))"
    yield Case("lstm", weights, "d(L, W_hf) = outer(d(L, a_f[t]), h[t-1])", "lost sum")
    yield Case("lstm", weights, weights.replace("t-1]", "t]"), "shifted index", "h[t-1]")
    yield Case("lstm", weights, weights.replace("a_f[", "f["), "", "d(L, a_f[t])")
    yield Case(
        "peep",
        "d(L, c[t]) = d(L, y[t]) * o[t] * (1 - tanh(c[t])**2) + p_o * d(L, po[t]) + p_i * "
        "d(L, pi[t+1]) + p_f * d(L, pf[t+1]) + d(L, c[t+1]) * f[t+1] for 1 <= t < T",
        "d(L, c[t]) = d(L, y[t]) * o[t] * (1 - tanh(c[t])**2) + p_o * d(L, po[t]) + "
        "d(L, c[t+1]) * f[t+1] for 1 <= t < T",
        "missing term",
        "p_i",
    )
    yield Case(
        "peep",
        "d(L, p_i) = sum(t, 0, T-1, c[t] * d(L, pi[t+1]))",
        "d(L, p_i) = sum(t, 0, T-1, c[t] * d(L, i[t+1]))",
        "",
        "d(L, pi[t+1])",
    )


def _gru() -> Iterator[Case]:
    yield Case(
        "gru",
        "d(L, n[t]) = (1 - z[t]) * d(L, h[t])",
        "d(L, n[t]) = z[t] * d(L, h[t])",
        "complement",
        "1 - z[t]",
    )
    right = (
        "d(L, h[t]) = W_hr.T @ d(L, a_r[t+1]) + W_hz.T @ d(L, a_z[t+1]) + W_hn.T @ d(L, u[t+1]) "
        "+ z[t+1] * d(L, h[t+1]) + W_qh.T @ d(L, o[t]) for 1 <= t < T"
    )
    yield Case("gru", right, right.replace("z[t+1] *", "(1 - z[t+1]) *"), "complement")
    yield Case("gru", right, right.replace("z[t+1] * ", ""), "missing factor", "z[t+1]")
    yield Case("gru", right, right.replace(" + z[t+1] * d(L, h[t+1])", ""), "missing term")
    right = "h[t] = (1 - z[t]) * n[t] + z[t] * h[t-1]"
    yield Case("gru", right, "h[t] = z[t] * n[t] + (1 - z[t]) * h[t-1]", "complement")
    yield Case("gru", right, "h[t] = z[t] * n[t] + z[t] * h[t-1]", "complement")
    right = (
        "d(L, h[t]) = d(loss[t], h[t]) / T + (W_g.T @ d(L, pg[t+1])) * r[t+1] + W_z.T @ "
        "d(L, pz[t+1]) + d(L, h[t+1]) * (1 - z[t+1]) + W_r.T @ d(L, pr[t+1]) for 1 <= t < T"
    )
    yield Case("gru_pre", right, right.replace("(1 - z[t+1])", "z[t+1]"), "complement")
    yield Case("gru_pre", right, right.replace(" * r[t+1]", ""), "missing factor", "r[t+1]")
    yield Case("gru_pre", right, right.replace("W_z.T", "W_z"), "transpose")
    yield Case("gru_pre", right, right.replace(" / T", ""), "1/T")
    posts = right
    for gate in "gzr":
        posts = posts.replace(f"d(L, p{gate}[", f"d(L, {gate}[")
    yield Case("gru_pre", right, posts, "pre-activation")
    right = "d(L, pz[t]) = d(L, h[t]) * (g[t] - h[t-1]) * z[t] * (1 - z[t])"
    yield Case("gru_pre", right, right.replace("g[t] - h[t-1]", "g[t] - h[t]"), "shifted")
    yield Case("gru_pre", right, right.replace("z[t] * (1 - z[t])", "(1 - z[t]**2)"), "slope")
    yield Case("gru_pre", right, right.replace("z[t] * (1 - z[t])", "z[t]"), "", "1 - z[t]")
    right = "d(L, pr[t]) = d(L, r[t]) * r[t] * (1 - r[t])"
    wrong = "d(L, pr[t]) = d(L, r[t]) * pr[t] * (1 - pr[t])"
    yield Case("gru_pre", right, wrong, "a function left out", "`r[t]` for `pr[t]`")
    right = "d(L, g[t]) = z[t] * d(L, h[t])"
    yield Case("gru_pre", right, "d(L, g[t]) = (1 - z[t]) * d(L, h[t])", "complement")


def _tanh() -> Iterator[Case]:
    right = "d(L, a[t]) = d(L, h[t]) * (1 - h[t]**2)"
    yield Case("char_rnn", right, "d(L, a[t]) = d(L, h[t]) / (1 - h[t]**2)", "quotient")
    yield Case("char_rnn", right, "d(L, a[t]) = d(L, h[t]) * h[t] * (1 - h[t])", "slope")
    yield Case("char_rnn", right, "d(L, a[t]) = d(L, h[t])", "missing factor", "1 - h[t]**2")
    yield Case("char_rnn", right, "d(L, a[t]) = d(L, h[t]) * (1 - a[t]**2)", "", "")
    yield Case("char_rnn", right, "d(L, a[t]) = d(L, h[t]) @ (1 - h[t]**2)", "product")
    for model, h, w, b, v in (("char_rnn", "h", "W", "b", "V"), ("tanh", "s", "W", "b", "V")):
        slope = f"(1 - {h}[t+1]**2)"
        right = (
            f"d(L, {h}[t]) = {w}.T @ (d(L, {h}[t+1]) * {slope}) + {v}.T @ d(L, o[t]) for 1 <= t < T"
        )
        yield Case(
            model,
            right,
            f"d(L, {h}[t]) = {w}.T @ d(L, {h}[t+1]) * {slope} + {v}.T @ d(L, o[t]) for 1 <= t < T",
            "parentheses",
        )
        yield Case(model, right, right.replace(f"{w}.T @ (", f"{w} @ ("), "transpose")
        yield Case(model, right, right.replace(f" * {slope}", ""), "missing factor", slope[1:-1])
        yield Case(model, right, right.replace(slope, f"(1 - {h}[t]**2)"), "shifted")
        yield Case(model, right, right.replace(f" + {v}.T @ d(L, o[t])", ""), "missing term")
        yield Case(
            model,
            right,
            f"d(L, {h}[t]) = {v}.T @ d(L, o[t]) for 1 <= t < T",
            "missing term",
            w,
        )
        slope = f"(1 - {h}[t]**2)"
        right = f"d(L, {w}) = sum(t, 1, T, outer(d(L, {h}[t]) * {slope}, {h}[t-1]))"
        yield Case(model, right, right.replace(f"{h}[t-1]", f"{h}[t]"), "shifted", f"{h}[t-1]")
        yield Case(model, right, f"d(L, {w}) = outer(d(L, {h}[t]) * {slope}, {h}[t-1])", "lost sum")
        yield Case(
            model,
            right,
            f"d(L, {w}) = sum(t, 1, T, outer(({v}.T @ d(L, o[t])) * {slope}, {h}[t-1]))",
            "missing term",
            "next step",
        )
        right = f"d(L, {b}) = sum(t, 1, T, d(L, {h}[t]) * {slope})"
        yield Case(model, right, f"d(L, {b}) = d(L, {h}[t]) * {slope}", "lost sum")
    right = "d(L, h[2]) = W.T @ d(L, a[3]) + V.T @ d(L, o[2]) for T = 3"
    wrong = "d(L, h[2]) = W.T @ d(L, a[3]) for T = 3"
    yield Case("char_rnn", right, wrong, "a missing term", "d(L, o[2])")
    right = "d(L, a[t]) = phi'(a[t]) * d(L, s[t])"
    yield Case("phi", right, "d(L, a[t]) = phi(a[t]) * d(L, s[t])", "slope")
    yield Case("phi", right, "d(L, a[t]) = phi'(s[t]) * d(L, s[t])", "", "`a[t]` for `s[t]`")


CASES = tuple(_cases())


def in_rows(case: Case) -> Case:
    """The same in the row layout."""
    about = model_named(case.model)

    def laid(text: str) -> str:
        formula = read(text, about)
        return formula_text(in_row_layout(formula, Meaning(normal(case.model))))

    return replace(case, right=laid(case.right), wrong=laid(case.wrong))


@cache
def normal(name: str) -> Model:
    from symbptt.formula.names import derived_form

    return derived_form(model_named(name))


@dataclass(frozen=True)
class Answer:
    """What was said of a wrong formula, and how long that took."""

    verdict: str
    mends: tuple[tuple[str, str, str], ...]
    seconds: float

    def names(self, kind: str, words: str = "") -> bool:
        return any(kind in k and words in w for w, k, _ in self.mends)


def answer(model: str, formula: str, layout: Layout = "column") -> Answer:
    start = time.process_time()
    try:
        found: Verdict | NothingToCheckError = checker(model, layout).check(formula)
        verdict = found.verdict if isinstance(found, Verdict) else ""
    except NothingToCheckError as error:
        found, verdict = error, "nothing to check"
    except FormulaError as error:
        return Answer(f"unreadable: {error}", (), time.process_time() - start)
    mends = tuple((m.words, m.kind, m.text) for m in found.mends)
    return Answer(verdict, mends, time.process_time() - start)


def table(wanted: Iterable[str] = ()) -> int:
    """Prints the table; how many are not named."""
    missed = 0
    times = []
    wanted = set(wanted)
    for layout in ("column", "row"):
        for case in CASES:
            if wanted and not {case.model, layout} & wanted:
                continue
            case = case if layout == "column" else in_rows(case)
            right = checker(case.model, layout).check(case.right)
            found = answer(case.model, case.wrong, layout)
            named = found.verdict == "wrong" and found.names(case.kind, case.words)
            good = right.right and named and found.seconds < SECONDS
            missed += not good
            times.append(found.seconds)
            mark = "     " if good else "MISS "
            print(f"{mark}{found.seconds:4.1f} s {case.model:9s} {layout:6s} {case.wrong}")
            if not right.right:
                print(f"        NOT RIGHT: {case.right}")
            if not named:
                print(f"        wanted: {case.kind} {case.words}; {found.verdict}")
            for words, _, text in found.mends[:4]:
                print(f"        {words}\n            {text}", flush=True)
    print(f"{len(times) - missed} of {len(times)} named, at most {max(times):.1f} s each")
    return missed


if __name__ == "__main__":
    sys.exit(bool(table(sys.argv[1:])))
