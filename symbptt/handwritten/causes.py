"""Slips that one short sequence doesn't show: in batches, in long ones, in what is returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.handwritten.answers import ReturnedGradients
from symbptt.handwritten.calling import Callee, ProgramCall
from symbptt.handwritten.comparison import Convention, close, laid, right, wanted
from symbptt.handwritten.forms import ProgramCase
from symbptt.handwritten.verdict import SlipFound
from symbptt.proof.backward import Passes
from symbptt.proof.calls import Arrays, called
from symbptt.proof.loaded import load_module


@dataclass
class Causes:
    """Calls of a program, what it returned, and what all of it has in common."""

    callee: Callee
    cases: Sequence[ProgramCase]
    answers: Sequence[ReturnedGradients]
    convention: Convention

    @property
    def misshapen(self) -> dict[str, tuple[ProgramCase, ReturnedGradients]]:
        """The gradients of another shape, and the first call that returned them."""
        pairs = list(zip(self.cases, self.answers, strict=True))
        return {
            name: (case, answer) for case, answer in reversed(pairs) for name in answer.misshapen
        }

    def _case(self, steps: int) -> ProgramCase:
        return self.callee.subject.case(self.cases[0].sizes, steps, form=self.callee.form)

    def of_states(self, wrong: Mapping[str, list[int]]) -> Iterator[SlipFound]:
        """The last value of a state where the gradient of its first was read."""
        for initial in self.callee.subject.model.initials:
            if initial.key in wrong:
                numbers = wrong[initial.key]
                ends = [called(self.callee.subject.module, self.cases[k].call)[2] for k in numbers]
                if all(
                    close(self.cases[k], self.answers[k].grads[initial.key], end, initial.key)
                    for k, end in zip(numbers, ends, strict=True)
                ):
                    words = f"this is the last value of {initial.name}, not a gradient"
                    yield SlipFound(f"{words}: leave it out, in --returns with _", (initial.key,))

    def of_batches(self, wrong: Mapping[str, list[int]]) -> Iterator[SlipFound]:
        numbers = [k for k, case in enumerate(self.cases) if case.batch > 1]
        told: dict[str, list[str]] = {}
        for name in self.misshapen:
            case, answer = self.misshapen[name]
            ways = (_turned, _lost_axis, _another)
            words = next((w for way in ways if (w := way(case, answer, name, self.convention))), "")
            if words:
                told.setdefault(words, []).append(name)
        for name, found in wrong.items():
            if not {*found} & {*numbers}:
                continue
            for words, expected in self._of_sequences(numbers, name):
                if all(
                    close(self.cases[k], self.answers[k].grads[name], {name: each}, name)
                    for k, each in zip(numbers, expected, strict=True)
                ):
                    told.setdefault(words, []).append(name)
                    break
        for words, names in told.items():
            yield SlipFound(words, tuple(names), words)

    def _of_sequences(self, numbers: Sequence[int], name: str) -> Iterator[tuple[str, list[Any]]]:
        """What a gradient is where not all sequences count, or count otherwise."""
        cases = [self.cases[k] for k in numbers]
        own = [wanted(case, {name: 0}, self.convention)[name] for case in cases]
        for words, power in (
            ("it is the mean over the sequences where their sum belongs", -1.0),
            ("it is the sum over the sequences where their mean belongs", 1.0),
        ):
            yield words, [a * case.batch**power for case, a in zip(cases, own, strict=True)]
        for place, what in ((0, "first"), (-1, "last")):
            alone = [self._alone(case, place, name) for case in cases]
            for by in (1, 0):
                scaled = [
                    each * self.convention.factor[1](c.steps) / (1 if by else c.batch)
                    for c, each in zip(cases, alone, strict=True)
                ]
                yield f"only the {what} sequence counts", scaled

    def _alone(self, case: ProgramCase, place: int, name: str) -> Any:
        call = case.call
        timed = {i.name: i.timed for i in self.callee.subject.model.inputs}
        chosen = slice(place, None) if place < 0 else slice(place, place + 1)
        one = replace(
            call,
            scenario=replace(call.scenario, lengths=call.scenario.lengths[:1]),
            inputs={n: a[:, chosen] if timed[n] else a[chosen] for n, a in call.inputs.items()},
            carry=call.carry and {key: a[chosen] for key, a in call.carry.items()},
        )
        _, grads, _ = called(self.callee.subject.module, one)
        return grads[name]

    def of_lengths(self, wrong: Mapping[str, list[int]], longest: int) -> Iterator[SlipFound]:
        """Right for short sequences and wrong for long ones: truncated, and after how many."""
        long = [k for k, c in enumerate(self.cases) if c.steps == longest and c.dtype == "float64"]
        names = tuple(name for name, numbers in wrong.items() if {*numbers} & {*long})
        if not names:
            return
        lengths = range(5, longest)
        cases = [self._case(steps) for steps in lengths]
        answers = self.callee.answers([ProgramCall(case) for case in cases])
        first = next(
            (
                number
                for number, (case, answer) in enumerate(zip(cases, answers, strict=True))
                if len(right(case, answer.grads, self.convention)) < len(answer.grads)
            ),
            len(cases) - 1,
        )
        kept = cases[first].steps - 1
        later = min(first + 3, len(cases) - 1)
        for words, expected in self._truncated(cases[later], kept):
            grads = laid(cases[later], expected, self.convention)
            known = [n for n in names if n in grads]
            if all(close(cases[later], answers[later].grads[n], grads, n) for n in known):
                yield SlipFound(words, names, "truncated")
                return
        yield SlipFound(f"it is right up to {kept} steps, and wrong for more", names, "truncated")

    def of_windows(self, numbers: tuple[int, ...], names: tuple[str, ...]) -> Iterator[SlipFound]:
        """Truncated so early that the shortest of sequences show it."""
        cases = [self.cases[k] for k in numbers]
        for kept in range(1, min(case.steps for case in cases) + 1):
            for each in zip(*(self._truncated(case, kept) for case in cases), strict=True):
                pairs = zip(numbers, cases, each, strict=True)
                if all(self._are(case, k, expected) for k, case, (_, expected) in pairs):
                    yield SlipFound(each[0][0], names, "truncated")
                    return

    def _are(self, case: ProgramCase, number: int, expected: Arrays) -> bool:
        """Whether these are the gradients that were returned."""
        grads, found = laid(case, expected, self.convention), self.answers[number].grads
        return all(close(case, found[n], grads, n) for n in found if n in grads)

    def _truncated(self, case: ProgramCase, kept: int) -> Iterator[tuple[str, Arrays]]:
        subject = self.callee.subject
        passes = Passes(subject.derivation, subject.sequence(case, {}))
        left = passes.reading({}, range(1, case.steps - kept + 1))
        params = [p.name for p in subject.model.parameters]
        yield (
            f"truncated: only the last {kept} steps are gone through",
            {name: left.gradient(name) for name in params},
        )
        for kind, words in (
            ("window", f"truncated: from each loss {kept} steps are gone back"),
            ("chunk", f"truncated: the gradient does not cross from one {kept} steps to the next"),
        ):
            derivation = derive(subject.model, estimator=f"{kind}:{kept}")
            module = load_module(generate(derivation, level=0), f"<{kind}>", subject.model)
            _, grads, _ = called(module, case.call)
            yield words, {name: grads[name] for name in params}
        whole = case.call
        short = replace(
            whole,
            scenario=replace(whole.scenario, steps=kept, lengths=(kept,)),
            inputs={n: a[:kept] for n, a in whole.inputs.items()},
        )
        _, grads, _ = called(subject.module, short)
        by = kept / case.steps
        yield (
            f"only the first {kept} steps are read",
            {name: grads[name] * by for name in params},
        )


def _turned(case: ProgramCase, answer: ReturnedGradients, name: str, convention: Convention) -> str:
    """Whether rows stand for columns, of a matrix that is not square."""
    expected, raw = wanted(case, {name: 0}, convention), answer.raw[name]
    for array in (raw, np.transpose(raw)):
        if array.shape == expected[name].shape and close(case, array, expected, name):
            return "it is transposed: a transpose is missing or too many in what is returned"
    return ""


def _another(
    case: ProgramCase, answer: ReturnedGradients, name: str, convention: Convention
) -> str:
    """Whose gradient stands in the place of this one."""
    expected = wanted(case, case.grads, convention)
    for other, array in expected.items():
        if np.shape(answer.raw[name]) == array.shape and close(
            case, answer.raw[name], expected, other
        ):
            return f"it is the gradient of another parameter, dL/d{other}"
    return ""


def _lost_axis(
    case: ProgramCase, answer: ReturnedGradients, name: str, convention: Convention
) -> str:
    """Which sum was lost where an array has an axis too many."""
    raw, shape = answer.raw[name], case.grads[name].shape
    for axis in range(np.ndim(raw)):
        summed = np.sum(raw, axis=axis)
        if summed.shape == shape:
            for batch in (0, 1):
                expected = wanted(case, {name: 0}, replace(convention, batch=batch))
                if close(case, summed, expected, name):
                    over = "sequences" if np.shape(raw)[axis] == case.batch else "steps"
                    return f"the sum over the {over} is missing"
    return ""
