"""Right formulas with one random edit each, and whether the answer names the edit back.

python -m tests.formula.random_edits [COUNT] [SEED]
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from symbptt.calculus.gradients import derive
from symbptt.calculus.program_slips import PROGRAM_SLIPS
from symbptt.calculus.slips import Slip
from symbptt.calculus.variants import variants
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import read
from symbptt.typeset.formulas import Formulas
from tests.formula.slips import Answer, answer, model_named

MODELS = (
    "lstm", "gru", "char_rnn", "elman", "gru_v1",
    "lstm_pre", "gru_pre", "peep", "leaky", "highway",
)  # fmt: skip
"""Five that are built in, five that are not."""

HOW_MANY = 200


@dataclass(frozen=True)
class Edited:
    """A right formula, and with one random edit."""

    model: str
    kind: str
    right: str
    wrong: str


def edited_formulas(count: int = HOW_MANY, seed: int = 11) -> Iterator[Edited]:
    """Results of derivations with a slip, the models and the kinds by turns."""
    rng = random.Random(seed)
    pools = {name: _pool(name, rng) for name in MODELS}
    for number in range(count):
        name = MODELS[number % len(MODELS)]
        kinds = list(pools[name])
        kind = kinds[number // len(MODELS) % len(kinds)]
        yield pools[name][kind].pop()
        if not pools[name][kind]:
            del pools[name][kind]


def _pool(name: str, rng: random.Random) -> dict[str, list[Edited]]:
    """The slips in the results of a derivation by their kinds, both in a random order."""
    derivation = derive(model_named(name))
    printer = Formulas(derivation)
    found: dict[str, list[Edited]] = defaultdict(list)
    for variant in variants(derivation, further=PROGRAM_SLIPS):
        right, wrong = (
            next(iter(printer.chain(step.target, (step.result,), printer.condition(step))))
            for step in (variant.step, variant.changed)
        )
        found[variant.kind].append(Edited(name, variant.kind, right, wrong))
    kinds = sorted(found)
    rng.shuffle(kinds)
    for kind in kinds:
        rng.shuffle(found[kind])
    return {kind: found[kind] for kind in kinds}


ALIKE: dict[str, tuple[str, ...]] = {
    "a complement too many": ("a slope of equal factors",),
    "a doubled term": ("a factor 2 too many",),
    "a factor near 1": (Slip.FACTOR,),
    "a lost path": (Slip.MISSING,),
    "a lost step": (Slip.MISSING,),
    "a missing factor": (Slip.LOST,),
    "a range off by one": (Slip.RANGE,),
    "a shifted index in what a name stands for": (Slip.SHIFT,),
    "a value in the place of its complement": ("a slope of equal factors",),
    "the slope of another function": (Slip.MISSING_FACTOR,),
}
"""What an edit may be called as well."""


@dataclass(frozen=True)
class Outcome:
    edited: Edited
    answer: Answer
    word: str
    """``right``, ``unreadable``, ``named`` (the formula as it was), ``mended`` or ``missed``."""

    @property
    def is_called_so(self) -> bool:
        """Whether a mend is of the kind of the edit."""
        kinds = {kind for _, said, _ in self.answer.mends for kind in said.split("; ")}
        return not kinds.isdisjoint((self.edited.kind, *ALIKE.get(self.edited.kind, ())))


def outcome(one: Edited) -> Outcome:
    found = answer(one.model, one.wrong)
    if found.verdict in ("right", "undecided") or found.verdict.startswith("unreadable"):
        return Outcome(one, found, found.verdict.partition(":")[0])
    original = canonical_of(one.right, one.model)
    named = any(canonical_of(text, one.model) == original for _, _, text in found.mends)
    return Outcome(one, found, "named" if named else "mended" if found.mends else "missed")


def canonical_of(text: str, model: str) -> str:
    """A formula without the order of terms and factors."""
    return canonical(read(text, model_named(model)))


def random_edits(count: int = HOW_MANY, seed: int = 11) -> int:
    """Prints what is said of formulas with one random edit; how many are missed."""
    words: Counter[str] = Counter()
    called, start, longest = 0, time.process_time(), 0.0
    for one in edited_formulas(count, seed):
        found = outcome(one)
        words[found.word] += 1
        by_its_kind = found.word == "named" and found.is_called_so
        called += by_its_kind
        longest = max(longest, found.answer.seconds)
        what = f"{one.model:9s} [{one.kind}] {one.wrong}"
        print(f"{found.word:10s} {found.answer.seconds:4.1f} s {what}")
        if not by_its_kind and found.word != "right":
            print(f"    was: {one.right}")
            if found.word == "unreadable":
                print(f"    {found.answer.verdict}")
        for said, _, text in found.answer.mends:
            print(f"    {said}\n        {text}")
        sys.stdout.flush()
    wrong = words.total() - words["right"]
    named, mended = 100 * words["named"] / wrong, 100 * (words["named"] + words["mended"]) / wrong
    print(
        f"{dict(words)}: of {wrong} that are wrong {named:.1f} % named back, "
        f"{called} of them by its kind, {mended:.1f} % mended; "
        f"{time.process_time() - start:.0f} s, at most {longest:.1f} s"
    )
    return words["missed"]


if __name__ == "__main__":
    sys.exit(bool(random_edits(*map(int, sys.argv[1:]))))
