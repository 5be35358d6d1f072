"""What is proved for all T and all sizes, of every model, and whether a slip would be.

python -m tests.trust.induction                every built-in model and every cell of the tests
python -m tests.trust.induction --every 5      one slip in five, of each model

A slip is a variant of a derivation (`symbptt.calculus.variants`). What is still proved is
compared exactly with the model's own derivatives: it must be right (y[T-1] is y[T] where y has no
time).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from symbptt import derive
from symbptt.algebra import Model
from symbptt.calculus.variants import Variant, variants
from symbptt.language import library
from symbptt.proof.exact import exact_rows
from symbptt.proof.induction.statements import prove
from symbptt.typeset.plain import plain
from tests import cells
from tests.trust.parts import Figures


@dataclass
class Found:
    """What came of the slips, by their kind, and of the statements, by model."""

    planted: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    statements: int = 0
    models: int = 0
    whole: int = 0
    unproved: list[str] = field(default_factory=list)

    def take(self, model: Model, every: int) -> None:
        derivation = derive(model, wrt_inputs=True)
        found = prove(derivation)
        missing = [each for each in found if not each.proved]
        self.models += 1
        self.statements += len(found)
        self.whole += not missing
        self.unproved += [f"{model.name}: {each.subject}: {each.failure}" for each in missing]
        for number, variant in enumerate(variants(derivation)):
            if not number % every:
                self.slip(model, variant)

    def slip(self, model: Model, variant: Variant) -> None:
        self.planted[variant.kind] += 1
        about = prove(variant.derivation, variant.step.target.name)
        if all(each.proved for each in about):
            if any(row.ok is False for row in exact_rows(variant.derivation, points=1)):
                old, new = plain(variant.old), plain(variant.new)
                where = f"{model.name}, line ({variant.step.number})"
                self.wrong.append(f"{where}: {variant.kind}: {old} -> {new} is proved and wrong")
            else:
                self.right[variant.kind] += 1

    def figures(self, every: int) -> Figures:
        return Figures(
            title="For all T and all sizes",
            command=f"python -m tests.trust.induction{f' --every {every}' * (every > 1)}",
            about=(
                "Each line of the backward pass, and the normal form, of every built-in model and "
                "of the models of the tests: proved by induction over the graph of a run of T "
                "steps, case by case, entry by entry, with letters for places and sizes "
                "(`symbptt verify MODEL --proof` prints each). Derivations with a slip in "
                "one line show that the proof sees what it should: a slip that is proved must be "
                "none by exact computation. Not proved for all T, and exact for T = 1…5 alone: "
                "the expanded, joined and forward forms, and the estimators' lines."
            ),
            totals={
                "models": self.models,
                "models whole": self.whole,
                "statements": self.statements,
                "not proved": len(self.unproved),
                "slips planted": self.planted.total(),
                "proved though wrong": len(self.wrong),
            },
            head=("slip", "planted", "not proved", "proved, and right"),
            rows=list(self.rows()),
            remarks=[*self.unproved, *self.wrong],
        )

    def rows(self) -> Iterator[tuple[str, ...]]:
        for kind, count in self.planted.items():
            kept = self.right[kind]
            yield kind, f"{count:,}", f"{count - kept:,}", f"{kept:,}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.induction", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one slip in N")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models; all without one")
    asked = parser.parse_args()
    names = asked.names or [*library.differentiable(), *cells.NAMES]
    found = Found()
    for name in names:
        found.take(cells.cell(name) if name in cells.NAMES else library.load(name), asked.every)
        print(f"{name}: {found.planted.total()} slips, {len(found.wrong)} wrong", flush=True)
    if not asked.names:
        found.figures(asked.every).write("induction")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
