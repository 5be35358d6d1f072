"""Is a person's own backward pass right? If not: which slip, and at which step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from symbptt.algebra import Model
from symbptt.binding import bind as bind_functions
from symbptt.errors import EvaluationError, MissingLossError, OptionError, ProgramError
from symbptt.handwritten import program
from symbptt.handwritten.answers import ReturnedGradients
from symbptt.handwritten.calling import Chosen, ProgramCall, find
from symbptt.handwritten.causes import Causes
from symbptt.handwritten.comparison import (
    ROUNDING,
    Convention,
    clipping,
    explained,
    first_wrong,
    right,
)
from symbptt.handwritten.forms import ProgramCase
from symbptt.handwritten.names import ProgramNames, read_names
from symbptt.handwritten.process import Room
from symbptt.handwritten.verdict import RIGHT, WRONG, CodeVerdict, GradientVerdict, SlipFound
from symbptt.proof.backward import OneSequence
from symbptt.proof.calls import Arrays
from symbptt.proof.slips import FACTORS, TOLERANCE, Inquiry, NamedSlip

LONGEST = 60
"""Past the steps after which programs usually truncate."""
OTHERWISE = "its matrices are handed in transposed: with --layout {} all of it is right"
SCALES = (1.0, 4.0, 20.0, 100.0)
"""What arguments are multiplied with, for gradients that are clipped."""


def check_code(
    model: Model,
    path: str | Path,
    function: str = "",
    *,
    bind: Mapping[str, str] | None = None,
    names: str = "",
    returns: Sequence[str] = (),
    batch_first: bool = False,
    layout: str = "column",
    total: str | None = None,
    seconds: float = 60.0,
) -> CodeVerdict:
    """Examine the gradients that a function returns.

    Parameters
    ----------
    function : str
        ``name``, ``Class`` or ``Class.method``; the likeliest if nothing is said.
    names : str
        What the program calls things, ``U=W_qh``: its names first.
    returns : sequence of str
        The order of a tuple that is returned.
    batch_first : bool
        Whether arrays are (B, T, d).
    layout : str
        ``row``: matrices are handed in transposed, and so are their gradients.
    total : str, optional
        What the program's L is: the ``mean`` of the losses or their ``sum``; what the model
        says without one.
    seconds : float
        Of each process in which it runs.

    Raises
    ------
    ProgramError
        If the code can't be read or called.
    MissingLossError
        If the model has no loss.
    """
    if total not in (None, "mean", "sum"):
        raise OptionError(f"total: expected mean or sum, found {total}")
    bound = bind_functions(model, bind)
    if bound.loss is None:
        raise MissingLossError(f"{model.name} has no loss")
    total = total or bound.total.word
    bound = replace(bound, summed=False)  # factors are told as those of the mean
    file = program.read(path)
    room = Room(Path(path), file.source, seconds)
    known = ProgramNames(bound, *read_names(names, bound))

    def examined(by: str) -> tuple[Chosen, CodeVerdict]:
        chosen = find(bound, file, function, room, known, tuple(returns), batch_first, by)
        return chosen, Examination(chosen, str(path), total).verdict()

    chosen, verdict = examined(layout)
    if chosen.square:
        other = "column" if layout == "row" else "row"
        try:
            _, turned = examined(other)
        except ProgramError:
            return verdict
        if turned.ok:
            return replace(verdict, slips=(SlipFound(OTHERWISE.format(other)),))
    return verdict


@dataclass
class Examination:
    """A function that can be called: what is right, and the slips in what is not."""

    chosen: Chosen
    path: str
    total: str
    convention: Convention = field(default_factory=Convention)
    cases: list[ProgramCase] = field(default_factory=list)
    answers: list[ReturnedGradients] = field(default_factory=list)
    aside: frozenset[str] = frozenset()
    single: bool = False

    @cached_property
    def caller(self) -> Any:
        return self.chosen.caller

    @property
    def batched(self) -> bool:
        return bool(self.caller.form.axes != "one")

    def verdict(self) -> CodeVerdict:
        self._call_all()
        base = self._looked_at_in_single(self._factor())
        grads = [a.grads for a in self.answers]
        # What is clipped in short sequences, too, shows its factor only with its bound.
        bases = (base, *(replace(base, factor=factor) for factor in FACTORS[:2]))
        clipped = (clipping(self.cases, grads, each) for each in bases)
        self.convention = max(clipped, key=lambda c: explained(self.cases, grads, c))
        wrong = self._wrong()
        values = [*self._causes.of_states(wrong)]
        self.aside = frozenset(name for slip in values for name in slip.names)
        slips = [*self._of_calls(), *values]
        left = {name: numbers for name, numbers in wrong.items() if name not in self.aside}
        if left or self._misshapen:
            slips += self._explained(left)
        gradients = tuple(self._rows(wrong))
        failed = [a for a in self.answers if not a.outcome.ok]
        fine = not (wrong or slips or failed or self.chosen.square or self._misshapen)
        return CodeVerdict(
            self.caller.subject.model.name,
            self.path,
            self.caller.binding.function.text,
            RIGHT if fine and any(g.verdict == RIGHT for g in gradients) else WRONG,
            gradients,
            self._said(),
            tuple(slips),
            ", ".join(
                ("with " + self.caller.form.words, *map(str, self.caller.reader.names.stacks))
            ),
            self._tried(),
            tuple(self._notes()),
        )

    def _said(self) -> tuple[str, ...]:
        """What is told of the convention; of a sum nothing where the person said so."""
        factor = self.convention.factor
        summed = factor == FACTORS[1] and (not self.batched or self.convention.batch)
        if self.total == "sum":
            if summed:
                return replace(self.convention, factor=FACTORS[0], batch=0).words
            if factor == FACTORS[0]:
                return ("of the mean of the losses", *self.convention.words)
        return self.convention.words

    # --- calls ------------------------------------------------------------------------------------

    def _case(
        self, sizes: Mapping[str, int], steps: int, batch: int = 1, **more: Any
    ) -> ProgramCase:
        case: ProgramCase = self.caller.subject.case(
            sizes, steps, batch, form=self.caller.form, **more
        )
        return case

    def _call_all(self) -> None:
        up, down = self.chosen.sizes
        self.cases = [self._case(up, 3), self._case(down, 4), self._case(up, 1), self._case(up, 2)]
        if self.batched:
            self.cases += [self._case(up, 3, 2), self._case(down, 2, 3)]
        self.cases += [self._case(up, LONGEST), self._case(up, 3, dtype="float32")]
        self.cases += [*self._large()]
        calls = [ProgramCall(case) for case in self.cases]
        # The same once more, on the object and in the module that have been called since; then
        # other numbers of the same shapes.
        repeated = [
            ProgramCall(self.cases[0]),
            ProgramCall(self.cases[3], True),
            ProgramCall(self.cases[0], True),
            ProgramCall(self._again, True),
        ]
        answers = self.caller.answers([*calls, *repeated])
        self.answers, self.repeated = answers[: len(calls)], answers[len(calls) :]

    @property
    def _again(self) -> ProgramCase:
        """The shapes of the first case, with other numbers."""
        return self._case(self.chosen.sizes[0], 3, scale=0.5)

    def _large(self) -> Iterator[ProgramCase]:
        """Long sequences whose gradients are large enough to be clipped."""
        found: list[ProgramCase] = []
        for scale in SCALES:
            try:
                found.append(self._case(self.chosen.sizes[0], LONGEST, scale=scale))
            except EvaluationError:
                continue
        # What float32 can't hold says nothing of clipping.
        found = sorted((c for c in found if _size(c) < 1e12), key=_size, reverse=True)
        yield from found[:2]

    # --- what is right ----------------------------------------------------------------------------

    def _factor(self) -> Convention:
        """The factor by which the most gradients are right, of one sequence and of several."""
        done = [(c, a) for c, a in self._pairs() if a.outcome.ok]
        single = [(c, a) for c, a in done if c.batch == 1 and 2 < c.steps < LONGEST]
        several = [(c, a) for c, a in done if c.batch > 1]

        def count(
            pairs: Sequence[tuple[ProgramCase, ReturnedGradients]], convention: Convention
        ) -> int:
            """How many gradients are right in all of the cases."""
            found = [set(right(c, a.grads, convention)) for c, a in pairs]
            return len(set.intersection(*found)) if found else 0

        # Of the mean or the sum of the losses some may be wrong; another factor is that of all.
        names = {name for _, answer in single for name in answer.grads}
        counts = {factor: count(single, Convention(factor)) for factor in FACTORS}
        most = max(FACTORS[:2], key=lambda f: counts[f])
        factor = next((f for f in FACTORS if names and counts[f] == len(names)), most)
        return max((Convention(factor, batch) for batch in (0, 1)), key=lambda c: count(several, c))

    def _looked_at_in_single(self, base: Convention) -> Convention:
        """The factor, once more where what is handed in as float64 goes through float32."""
        few = [k for k, c in enumerate(self.cases) if c.batch == 1 and c.steps in (3, 4)]
        grads = [self.answers[k].grads for k in few]

        def count(convention: Convention) -> int:
            return explained([self.cases[k] for k in few], grads, convention)

        exact, known = self.cases, count(base)
        if known == sum(map(len, grads)):
            return base
        self.cases = [replace(c, dtype="single") if c.dtype == "float64" else c for c in exact]
        again = self._factor()
        raw = [np.asarray(a) for k in few[:2] for a in self.answers[k].raw.values()]
        self.single = count(again) > known or max((a.itemsize for a in raw), default=8) < 8
        if self.single:
            return again
        self.cases = exact
        return base

    def _pairs(self) -> list[tuple[ProgramCase, ReturnedGradients]]:
        return list(zip(self.cases, self.answers, strict=True))

    def _wrong(self) -> dict[str, list[int]]:
        """The gradients that are wrong, and in which of the cases."""
        found: dict[str, list[int]] = {}
        for number, (case, answer) in enumerate(self._pairs()):
            good = right(case, answer.grads, self.convention)
            for name in answer.grads:
                if name not in good:
                    found.setdefault(name, []).append(number)
        return found

    @property
    def _causes(self) -> Causes:
        return Causes(self.caller, self.cases, self.answers, self.convention)

    @property
    def _misshapen(self) -> dict[str, tuple[ProgramCase, ReturnedGradients]]:
        return self._causes.misshapen

    def _rows(self, wrong: Mapping[str, list[int]]) -> Iterator[GradientVerdict]:
        returned = {name for a in self.answers for name in (*a.grads, *a.misshapen)}
        model = self.caller.subject.model
        for name in (*(p.name for p in model.parameters), *(i.key for i in model.initials)):
            if name in self._misshapen:
                case, answer = self._misshapen[name]
                found, shape = answer.misshapen[name]
                words = f"dL/d{name} has the shape {found}, not {shape}, at {case.words}"
                yield GradientVerdict(name, WRONG, words)
            elif name in wrong:
                number = min(wrong[name], key=lambda k: _order(self.cases[k]))
                case, answer = self.cases[number], self.answers[number]
                words = first_wrong(case, answer.grads, self.convention, name)
                yield GradientVerdict(name, WRONG, f"{words} at {case.words}")
            elif name in returned:
                yield GradientVerdict(name, RIGHT)
            elif name in (p.name for p in model.parameters):
                yield GradientVerdict(name, "not returned")

    # --- slips of calls ---------------------------------------------------------------------------

    def _of_calls(self) -> Iterator[SlipFound]:
        if self.chosen.square:
            yield SlipFound(
                f"it raises {self.chosen.square}, and runs where all lengths are equal: "
                "a transpose is missing or too many, or a product is in the wrong order"
            )
        changed = sorted({name for a in self.answers for name in a.outcome.overwritten})
        if changed:
            yield SlipFound(f"it overwrites its arguments: {', '.join(changed)}")
        raised = [(c, a.outcome) for c, a in self._pairs() if not a.outcome.ok]
        if raised:
            case, outcome = min(raised, key=lambda pair: _order(pair[0]))
            yield SlipFound(f"it failed: {outcome.error}{outcome.where}, at {case.words}")
        # What is not finite at T = 60 alone may have grown there.
        few = [a.grads for c, a in self._pairs() if c.steps < LONGEST]
        endless = {n for grads in few for n, a in grads.items() if not np.all(np.isfinite(a))}
        if endless:
            names = tuple(n for n in few[0] if n in endless)
            yield SlipFound("it is not finite: NaN, or infinite", names)
        first, _, last, other = self.repeated
        if not (first.outcome.ok and last.outcome.ok and other.outcome.ok):
            return
        if not _alike(first.grads, last.grads):
            yield SlipFound(
                "it keeps state from the call before: called again with the same arguments it "
                "returns other gradients"
            )
            return
        again = replace(self._again, dtype=self.cases[0].dtype)
        stale = {*right(self.cases[0], last.grads, self.convention)}
        stale -= {*right(again, other.grads, self.convention)}
        if stale:
            yield SlipFound(
                "it keeps what it worked out in the call before: called again with other numbers "
                "of the same shapes it returns gradients that are not right there",
                tuple(name for name in last.grads if name in stale),
            )

    # --- slips of mathematics ---------------------------------------------------------------------

    def _explained(self, wrong: Mapping[str, list[int]]) -> Iterator[SlipFound]:
        small = {name for name, numbers in wrong.items() if {0, 1} & {*numbers}}
        if small:
            slips = tuple(self._inquired((0, 1)))
            yield from slips or self._causes.of_windows((0, 1), tuple(wrong))
            return
        early = {n for n, numbers in wrong.items() if {2, 3} & {*numbers}}
        if early:
            numbers = sorted({k for n in early for k in wrong[n] if k in (2, 3)})
            yield from self._inquired(tuple(numbers))
            return
        yield from self._causes.of_batches(wrong)
        yield from self._causes.of_lengths(wrong, LONGEST)
        if wrong and all(
            self.cases[k].dtype == "float32" for numbers in wrong.values() for k in numbers
        ):
            yield SlipFound("it is right in float64 and not in float32", tuple(wrong))

    def _inquired(self, numbers: tuple[int, ...]) -> Iterator[SlipFound]:
        """What explains the gradients of single sequences."""
        subject = self.caller.subject
        names = [n for n in self.answers[numbers[0]].grads if n not in self.aside]
        sequences = [
            subject.sequence(self.cases[k], self._first(k, names))
            for k in numbers
            if set(names) <= self.answers[k].grads.keys()
        ]
        found = self._slips(sequences)
        if not found and not self.single and "float32" in self.caller.room.source:
            # Where all is wrong it does not show that what is handed in goes through float32.
            self.single = True
            found = self._slips(sequences)
            self.single = bool(found)
        alike: dict[tuple[str, str], list[NamedSlip]] = {}
        for slip in found:
            alike.setdefault((slip.suspect.kind, slip.factor[0]), []).append(slip)
        for (kind, factor), slips in alike.items():
            words = slips[0].suspect.words
            if factor and factor != self.convention.factor[0]:
                words += f" ({factor})"
            steps = tuple(e[0].number for s in slips for e in s.suspect.edits)
            if len(slips) > 1 and len(steps) > 1:
                words += f"; and alike in steps {', '.join(f'({k})' for k in steps[1:])}"
            yield SlipFound(words, tuple(n for s in slips for n in s.names), kind, steps)

    def _slips(self, sequences: Sequence[OneSequence]) -> tuple[NamedSlip, ...]:
        bound = self.convention.value or math.inf
        tolerance = ROUNDING["single"] / 10 if self.single else TOLERANCE
        derivation = self.caller.subject.derivation
        return Inquiry(derivation, sequences, bound=bound, tolerance=tolerance).run()

    def _first(self, number: int, names: Sequence[str]) -> Arrays:
        """The gradients of a case of one sequence, without the axis of sequences."""
        grads = self.answers[number].grads
        starts = {i.key for i in self.caller.subject.model.initials}
        return {n: grads[n][0] if n in starts else grads[n] for n in names}

    # --- words ------------------------------------------------------------------------------------

    def _tried(self) -> str:
        steps = sorted({case.steps for case in self.cases})
        words = f"T = {', '.join(map(str, steps))}"
        batches = sorted({case.batch for case in self.cases})
        if len(batches) > 1:
            words += f"; B = {', '.join(map(str, batches))}"
        return f"{words}; float64, float32; called again"

    def _notes(self) -> Iterator[str]:
        outcomes = [a.outcome for a in self.answers]
        reader = self.caller.reader
        for word in reader.unknown:
            known = ", ".join(f"d{name}" for name in reader.names.params)
            yield f"--returns: {word} is the gradient of no parameter ({known}; _ for what is none)"
        if self.single:
            yield "it works in float32, whatever it is handed"
        printed = max((o.printed for o in outcomes), default=0)
        if printed:
            yield f"it prints, {printed:,} characters here"
        for words in dict.fromkeys(o.note for o in outcomes if o.note):
            yield f"{words}: its definitions alone were used"
        yield from dict.fromkeys(w for o in outcomes for w in o.refused)
        losses = [
            (case, answer.loss)
            for case, answer in self._pairs()
            if answer.loss is not None and case.batch == 1 and case.steps < LONGEST
        ]
        upstream = self.caller.binding.upstream is not None
        if losses and not upstream and not any(_is_loss(losses, f) for f in FACTORS):
            case, loss = losses[0]
            yield (
                f"the loss that it returns is {loss:.8g}, that of the model is {case.loss:.8g}, "
                f"at {case.words}: its forward pass differs"
            )


def _size(case: ProgramCase) -> float:
    return max(float(np.max(np.abs(a), initial=0.0)) for a in case.grads.values())


def _order(case: ProgramCase) -> tuple[int, int, str]:
    return case.steps, case.batch, case.dtype


def _alike(some: Arrays, others: Arrays) -> bool:
    return some.keys() == others.keys() and all(
        np.allclose(some[name], others[name], rtol=1e-9, atol=1e-12, equal_nan=True)
        for name in some
    )


def _is_loss(losses: Sequence[tuple[ProgramCase, float]], factor: Any) -> bool:
    return all(
        abs(loss - case.loss * factor[1](case.steps)) <= 1e-4 * max(1e-3, abs(loss))
        for case, loss in losses
    )
