"""What `verify` says of every built-in model, put together by the kind of check.

python -m tests.trust.proofs            every built-in model that has a loss
python -m tests.trust.proofs NAME ...   these
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symbptt import load, verify
from symbptt.language import library
from symbptt.proof.rows import Report, Row
from tests.trust.parts import Figures


@dataclass(frozen=True)
class Kind:
    """What a check of `verify` shows: the link of the chain that it holds, how, and how far."""

    link: str
    way: str
    says: str


KINDS: dict[str, Kind] = {
    "chain": Kind(
        "derivation", "exact", "each member of each line equals the one before, at every step"
    ),
    "exact": Kind(
        "derivation",
        "exact",
        "each gradient is that of the model unrolled entry by entry and differentiated forward",
    ),
    "matrix": Kind(
        "derivation", "exact", "SymPy's own matrix derivative agrees, where SymPy has one"
    ),
    "expanded": Kind("derivation", "exact", "the gradient as a sum over steps is the same"),
    "joined": Kind("derivation", "exact", "the gradient by joined weights is the same"),
    "sensitivity": Kind("derivation", "exact", "the forward sensitivities give the same"),
    "layout": Kind("document", "exact", "with vectors as rows every line says the same"),
    "entries": Kind("document", "exact", "every line entry by entry says the same"),
    "bias": Kind("document", "exact", "what an estimate is said to lack, it lacks"),
    "moments": Kind("document", "proved", "expectation and variance of the random estimate"),
    "induction": Kind(
        "derivation", "proved", "each line of the backward pass, for all T and all sizes"
    ),
    "plain": Kind(
        "module", "tested", "the plain code gives the author's equations, over many steps"
    ),
    "values": Kind("numbers", "tested", "loss, outputs, carry and gradients are the model's"),
    "differences": Kind("numbers", "tested", "gradients are those of the loss that is returned"),
    "levels": Kind(
        "module",
        "tested",
        "-O1 and -O2 give what -O0 gives",
    ),
    "file": Kind(
        "module",
        "exact",
        "the file itself returns what the author's equations give, in fractions where a model has "
        "them, in 50 digits, and modulo a prime with functions as indeterminates",
    ),
    "rounding": Kind(
        "numbers",
        "tested",
        "how many units in the last place floats are off, beside 50 digits of the same file",
    ),
    "reach": Kind(
        "numbers",
        "tested",
        "past every threshold of the code, in both floats, every layout, start and size",
    ),
    "forward": Kind("numbers", "tested", "the module of the forward mode agrees with the reverse"),
    "remark": Kind(
        "numbers", "tested", "where L has kinks, and what L depends on by steps alone, is said"
    ),
    "arguments": Kind("module", "tested", "arguments that do not fit are refused"),
    "helpers": Kind("module", "tested", "clipping and drawing parameters do what they say"),
}
"""A row a word of `symbptt.proof.rows.Row.check`."""

_HORIZON = re.compile(r"T = \d+(?:…\d+)?")
_CHANCE = re.compile(r"error < 2\^-(\d+)")
_ERROR = re.compile(r"(\d\.\d+e[+-]\d+)(?: \((float\d\d)\))?")


def collected(reports: Iterable[Report]) -> Figures:
    """The rows of the reports, a line a kind of check."""
    reports = tuple(reports)
    rows = [row for report in reports for row in report.rows]
    kinds = dict.fromkeys(row.check for row in rows)
    failed = [(report.model, row) for report in reports for row in report.failures]
    return Figures(
        title="Proofs and tests of each model",
        command="python -m tests.trust.proofs",
        about=(
            "`symbptt verify MODEL` for every built-in model, a line a kind of check. What is "
            "exact is so at random points modulo a prime of 127 bits: a wrong formula passes them "
            "with less than the chance in the last column (Schwartz and Zippel). The models: "
            f"{', '.join(report.model for report in reports)}."
        ),
        totals={
            "models": len(reports),
            "checks": sum(row.ok is not None for row in rows),
            "failed": len(failed),
        },
        head=("link", "check", "how", "what it says", "checks", "range and worst figure"),
        rows=[_line(kind, [row for row in rows if row.check == kind]) for kind in kinds],
        remarks=[f"{model}: {row.check} {row.subject}: {row.detail}" for model, row in failed],
    )


def _line(kind: str, rows: Sequence[Row]) -> tuple[str, ...]:
    known = KINDS[kind]
    made = sum(row.ok is not None for row in rows)
    bad = sum(row.ok is False for row in rows)
    count = f"{made:,}" + (f", **{bad} failed**" if bad else "")
    return known.link, f"`{kind}`", known.way, known.says, count, _range(rows)


def _range(rows: Sequence[Row]) -> str:
    if rows[0].check == "rounding":
        return "see [rounding](#rounding)"
    proved = [int(row.range.split()[0]) for row in rows if row.proof]
    if proved:
        return f"{sum(proved)} statements for all T and all sizes"
    horizons = dict.fromkeys(h for row in rows for h in _HORIZON.findall(row.figure))
    chances = [int(bits) for row in rows for bits in _CHANCE.findall(row.figure)]
    worst = [f"chance below 2^-{min(chances)}"] if chances else []
    errors: dict[str, float] = {}
    for error, dtype in (one for row in rows for one in _ERROR.findall(row.figure)):
        errors[dtype] = max(float(error), errors.get(dtype, 0.0))
    worst += [f"error at most {error:.1e} {dtype}".rstrip() for dtype, error in errors.items()]
    return "; ".join([*horizons, *worst])


def main(names: Sequence[str]) -> int:
    reports = []
    for name in names or library.differentiable():
        reports.append(verify(load(name)))
        print(f"{name}: {reports[-1].summary}", flush=True)
    collected(reports).write("proofs")
    return 0 if all(report.ok for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
