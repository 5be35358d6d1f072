"""Finding out how a program is called: the forms that its arrays may have are tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symbptt import algebra as al
from symbptt.errors import ProgramError
from symbptt.handwritten.answers import ResultReader, ReturnedGradients
from symbptt.handwritten.comparison import conventions, right
from symbptt.handwritten.forms import ArrayForm, ProgramCase, Subject, forms
from symbptt.handwritten.names import ProgramNames
from symbptt.handwritten.process import Outcome, Room
from symbptt.handwritten.program import File
from symbptt.handwritten.signature import Binding, bindings
from symbptt.handwritten.stacks import Stacks, guesses
from symbptt.handwritten.upstream import with_upstream
from symbptt.proof.points import size_sets

EQUAL = 3
"""The length of all dimensions where no others do."""


@dataclass(frozen=True)
class ProgramCall:
    """One call of the program: at a case, perhaps on the object of the call before."""

    case: ProgramCase
    keep: bool = False


@dataclass
class Callee:
    """A function, how it is called and how what it returns is read."""

    room: Room
    binding: Binding
    subject: Subject
    reader: ResultReader
    form: ArrayForm

    def answers(self, calls: Sequence[ProgramCall]) -> list[ReturnedGradients]:
        """All calls in one process, each with the file executed anew."""
        specs: list[dict[str, Any]] = []
        arrays: dict[str, Any] = {}
        for number, call in enumerate(calls):
            spec, given = self.spec(call, number)
            specs.append(spec)
            arrays |= given
        outcomes = self.room.run(specs, arrays)
        return [
            self.reader.answer(self.subject.model, call.case, self.form, outcome)
            for call, outcome in zip(calls, outcomes, strict=True)
        ]

    def spec(self, call: ProgramCall, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        spec, arrays = self.binding.call(
            self.subject, call.case, self.form, number, call.case.sizes
        )
        return {**spec, "keep": call.keep, "fresh": not call.keep}, arrays


@dataclass(frozen=True)
class FormTrial:
    caller: Callee
    case: ProgramCase
    answer: ReturnedGradients

    @property
    def score(self) -> tuple[int, bool, int, int]:
        """How many gradients are right, whether the loss is, how many have the right shape."""
        case, found = self.case, self.answer
        known = max(len(right(case, found.grads, c)) for c in conventions(case.batch > 1))
        totals = (1, case.steps, case.batch, case.steps * case.batch)
        loss = found.loss is not None and any(
            abs(found.loss - case.loss * by) <= 1e-5 * abs(found.loss) for by in totals
        )
        return known, loss, len(found.grads), len(found.misshapen)


@dataclass(frozen=True)
class Chosen:
    caller: Callee
    sizes: tuple[Mapping[str, int], Mapping[str, int]]
    square: str = ""
    """Why all dimensions are of one length, if they are."""


def find(
    model: al.Model,
    file: File,
    function: str,
    room: Room,
    names: ProgramNames,
    returns: tuple[str, ...],
    batch_first: bool,
    layout: str,
) -> Chosen:
    """The way of calling that gives the most right gradients.

    Raises
    ------
    ProgramError
        If the function can't be called, or returns no gradients that can be read.
    """
    trier = _Trier(model, file, function, room, returns, batch_first, layout)
    up, down = size_sets(model)[0], size_sets(model)[-1]
    try:
        trials, refused = _trials(trier.callers(names), up), None
    except ProgramError as error:
        trials, refused = [], error
    stacked = _stacked(trier, names, up, trials)
    if stacked is not None:
        return Chosen(stacked, (up, down))
    if refused is not None:
        raise refused
    callers = [trial.caller for trial in trials]
    # Rows (1, n) of one sequence are a batch of one: what else fits says more.
    several = [t for t in trials if (t.caller.form.axes, t.caller.form.vectors) != ("one", "row")]
    best = max(several, key=lambda trial: trial.score)
    if not best.score[2]:
        best = max(trials, key=lambda trial: trial.score)
    if best.score[2]:
        return Chosen(best.caller, (up, down))
    if any(trial.answer.outcome.late for trial in trials):
        raise ProgramError(_why(trials, names, best))
    # A transpose too few: with all lengths equal it may run, and then tell more.
    square = dict.fromkeys(model.dims, EQUAL)
    again = max(_trials(callers, square), key=lambda trial: trial.score)
    first = next((t for t in trials if not t.answer.outcome.ok), None)
    if again.score[2] and first is not None:
        own = next(t for t in trials if t.caller is again.caller).answer.outcome
        raised = own if not own.ok else first.answer.outcome
        return Chosen(again.caller, (square, square), f"{raised.error}{raised.where}")
    raise ProgramError(_why(trials, names, best))


def _reader(binding: Binding, names: ProgramNames, returns: tuple[str, ...]) -> ResultReader:
    roles = binding.make.roles if binding.make else ()
    made = tuple(role.name for _, role in roles if role.kind == "param")
    return ResultReader(names, returns, binding.function.returned, made)


@dataclass(frozen=True)
class _Trier:
    model: al.Model
    file: File
    function: str
    room: Room
    returns: tuple[str, ...]
    batch_first: bool
    layout: str
    subjects: dict[Any, Subject] = field(default_factory=dict)

    def callers(self, names: ProgramNames) -> list[Callee]:
        """Every way to call the function, by what its names mean.

        Raises
        ------
        ProgramError
            If there is none.
        """
        return [
            Callee(self.room, binding, subject, _reader(binding, names, self.returns), form)
            for binding in bindings(self.file, self.function, names)
            for subject in [self._subject(binding)]
            for form in forms(subject.model, self.batch_first, self.layout)
        ]

    def _subject(self, binding: Binding) -> Subject:
        above, starts = binding.upstream, binding.starts()
        if (above, starts) not in self.subjects:
            model = self.model if above is None else with_upstream(self.model, above)
            self.subjects[above, starts] = Subject(model, starts)
        return self.subjects[above, starts]


def _stacked(
    trier: _Trier, names: ProgramNames, sizes: Mapping[str, int], trials: Sequence[FormTrial]
) -> Callee | None:
    """The call with arrays of several parameters, in the order that makes the most right.

    None where the trials without them have all gradients, or as many.
    """
    known = max((trial.score for trial in trials), default=(0, False, 0, 0))
    whole = sum(known[2:]) >= len(trier.model.parameters)
    if whole or names.stacks or any(trial.answer.outcome.late for trial in trials):
        return None
    roles = [(word, names.role(word)) for word in trier.file.words]
    # A b is no number of sequences where it may be a bias.
    unknown = [word for word, role in roles if role is None or role.kind == "size"]
    best: tuple[FormTrial, tuple[Stacks, ...]] | None = None
    for orders in guesses(trier.model, unknown):
        try:
            callers = trier.callers(replace(names, stacks=orders[0]))
        except ProgramError:
            continue
        trial = max(_trials(callers, sizes), key=lambda trial: trial.score)
        if trial.score > (known if best is None else best[0].score) and trial.score[2]:
            best = trial, orders
    if best is None:
        return None
    trial, orders = best
    same = [
        caller
        for stacks in orders
        for caller in trier.callers(replace(names, stacks=stacks))
        if caller.form == trial.caller.form and caller.binding.roles == trial.caller.binding.roles
    ]
    return max(_trials(same, sizes), key=lambda trial: trial.score).caller


def _trials(callers: Sequence[Callee], sizes: Mapping[str, int]) -> list[FormTrial]:
    """Every form at one call, all of them in one process."""
    largest = max(sizes.values(), default=2)
    specs: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    cases: list[ProgramCase] = []
    for number, caller in enumerate(callers):
        batch = 1 if caller.form.axes == "one" else largest + 1
        case = caller.subject.case(sizes, largest + 2, batch, form=caller.form)
        spec, given = caller.spec(ProgramCall(case), number)
        specs.append({**spec, "fresh": False})
        arrays |= given
        cases.append(case)
    outcomes = callers[0].room.run(specs, arrays)
    return [
        FormTrial(c, case, c.reader.answer(c.subject.model, case, c.form, outcome))
        for c, case, outcome in zip(callers, cases, outcomes, strict=True)
    ]


def _why(trials: Sequence[FormTrial], names: ProgramNames, best: FormTrial) -> str:
    """Why no gradients were found."""
    outcomes = [trial.answer.outcome for trial in trials]
    done = [trial for trial in trials if trial.answer.outcome.ok]
    function = best.caller.binding.function
    where = f"{best.caller.room.path}:{function.line}: {function.called}"
    told = _notes(outcomes)
    if not done:
        # What was not done in time says the most, then the error that came farthest.
        worst = max(outcomes, key=lambda o: (o.late and o.line > 0, not o.late, o.line))
        form = trials[outcomes.index(worst)].caller.form.words
        lines = [f"{where} failed: {worst.error}{worst.where}"]
        lines += [f"    called as {function.text} with {form}"]
        lines += [f"    {words}" for words in best.caller.binding.groups]
        return "\n".join([*lines, *told])
    missing = done[0].answer.outcome.missing
    found = _shown(done[0].answer.outcome)
    lines = [
        f"{where} returns no gradients that can be read",
        f"    expected: a dict with {', '.join(f'd{name}' for name in names.params)} (or the same "
        "with d_, grad_ or nothing before), or a tuple and --returns with its order",
        f"    found:    {found}",
    ]
    if missing:
        lines.append(f"    its object keeps no {', '.join(missing)}")
    for name, (shape, wanted) in best.answer.misshapen.items():
        lines.append(f"    d{name} has the shape {shape}, not {wanted}")
    return "\n".join([*lines, *told])


def _notes(outcomes: Sequence[Outcome]) -> list[str]:
    words = [f"    {o.note}" for o in outcomes if o.note]
    words += [f"    {each}" for o in outcomes for each in o.refused]
    return list(dict.fromkeys(words))


def _shown(outcome: Outcome) -> str:
    def shown(tree: Any) -> str:
        if "a" in tree:
            shape = outcome.arrays[tree["a"]].shape
            return f"array {shape}" if shape else "number"
        if "d" in tree:
            return "dict with " + ", ".join(str(key) for key, _ in tree["d"][:12])
        if "t" in tree:
            return f"({', '.join(shown(part) for part in tree['t'][:12])})"
        return "None" if "none" in tree else str(tree.get("o"))

    return shown(outcome.result)
