"""Are the answers to a sheet right? What the examiner says, gap by gap."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from symbptt import algebra as al
from symbptt.errors import FormulaError, SheetError
from symbptt.exercises.sheet import Gap, Sheet
from symbptt.formula.answer import Verdict
from symbptt.formula.canonical import canonical
from symbptt.formula.reading import Reading, readings
from symbptt.formula.shapes import Layout
from symbptt.formula.statement import Formula
from symbptt.formula.verdict import SECONDS, Checker
from symbptt.tables import Printed, table

OUTCOMES = ("right", "equivalent", "wrong", "missing", "undecided", "unreadable")

Progress = Callable[[float, str], object]

_ANSWER = re.compile(r"\s*(?:gap\s*)?(\d{1,6})\s*:(.*)", re.IGNORECASE | re.DOTALL)
_EQUALS = re.compile(r"(?<![<>=!:])=(?!=)")
_FOR = re.compile(r"\bfor\b")


@dataclass(frozen=True)
class GapAnswer:
    """What was written for a gap, and on which line it begins."""

    gap: int
    text: str
    line: int


@dataclass(frozen=True)
class Graded:
    """What the examiner says of one gap.

    Attributes
    ----------
    gap : int
        Its number on the sheet.
    asked : str
        The left side and the range, as formulas are typed; "" where there is no such gap.
    answer : str
    outcome : str
        ``right``: a line of the derivation, up to the order of terms and factors;
        ``equivalent``: right in another form; ``wrong``; ``missing``; ``undecided``;
        ``unreadable``: no formula, no gap, or several answers.
    reason : str
        Why, where that is not the verdict's to say.
    verdict : Verdict or None
    """

    gap: int
    asked: str
    answer: str
    outcome: str
    reason: str = ""
    verdict: Verdict | None = None

    @property
    def details(self) -> tuple[str, ...]:
        said = str(self.verdict) if self.verdict and self.outcome in ("wrong", "undecided") else ""
        return tuple(f"    {line}" for line in f"{self.reason}\n{said}".splitlines() if line)

    def data(self) -> dict[str, Any]:
        return {
            "gap": self.gap,
            "asked": self.asked,
            "answer": self.answer,
            "outcome": self.outcome,
            "reason": self.reason,
            "verdict": None if self.verdict is None else self.verdict.data(),
        }


@dataclass(frozen=True)
class Grades(Printed):
    """What the examiner says of every gap of a sheet."""

    model: str
    gaps: tuple[Graded, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many gaps have each outcome; points are the teacher's."""
        found = Counter(each.outcome for each in self.gaps)
        return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}

    @property
    def ok(self) -> bool:
        return self.counts.keys() <= {"right", "equivalent"}

    @property
    def status(self) -> int:
        """The exit status that says the same."""
        found = self.counts
        if "unreadable" in found:
            return 2
        if "wrong" in found or "missing" in found:
            return 1
        return 4 if "undecided" in found else 0

    def __str__(self) -> str:
        rows = [(f"gap {each.gap}", each.outcome, each.asked or each.answer) for each in self.gaps]
        said = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
        lines = [f"{self.model}: {said}"]
        for each, row in zip(self.gaps, table(rows, indent=""), strict=True):
            lines += [row, *each.details]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """For a program to read."""
        gaps = [each.data() for each in self.gaps]
        return {"model": self.model, "ok": self.ok, "counts": self.counts, "gaps": gaps}


def grade(
    sheet: str, answers: str, *, seconds: float = SECONDS, progress: Progress | None = None
) -> Grades:
    """Whether the answers to an exercise are right.

    Parameters
    ----------
    sheet : str
        The text of a sheet that `symbptt.exercise` wrote.
    answers : str
        A line a gap, ``1: formula``: the right side or the whole equation, in any spelling that
        `symbptt.check` reads. Lines that are indented go on with the one before; ``#`` begins
        a comment.
    seconds : float
        How long a gap may take.

    Raises
    ------
    SheetError
        If the sheet or the answers can't be read.
    ModelError
        If the model in the sheet can't be read.
    """
    read = Sheet.read(sheet)
    given = tuple(answered(answers))
    grader = _Grader(read, seconds)
    found = []
    for gap in read.gaps:
        if progress is not None:
            progress((gap.number - 1) / len(read.gaps), f"gap {gap.number}")
        found.append(grader.graded(gap, [each for each in given if each.gap == gap.number]))
    last = len(read.gaps)
    found += [
        Graded(each.gap, "", each.text, "unreadable", f"line {each.line}: {_no_gap(last)}")
        for each in given
        if not 1 <= each.gap <= last
    ]
    return Grades(read.derivation.model.name, tuple(found))


def _no_gap(last: int) -> str:
    return f"there is no such gap: the sheet has {f'gaps 1 to {last}' if last > 1 else 'gap 1'}"


def answered(text: str) -> Iterator[GapAnswer]:
    """The answers in a text, those without a formula left out.

    Raises
    ------
    SheetError
        If a line belongs to no gap.
    """
    found: list[GapAnswer] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = _ANSWER.fullmatch(line)
        if begun:
            found.append(GapAnswer(int(begun[1]), begun[2].strip(), number))
        elif found and line[0].isspace():
            found[-1] = replace(found[-1], text=f"{found[-1].text} {line.strip()}".strip())
        else:
            shown = line if len(line) <= 60 else f"{line[:60]} …"
            raise SheetError(
                f"line {number} of the answers: expected a gap's number, a colon and a formula, "
                f"as `1: dL/dh[t] = …`, and found `{shown}`"
            )
    return (each for each in found if each.text)


class _Grader:
    def __init__(self, sheet: Sheet, seconds: float) -> None:
        self.sheet = sheet
        self.model = sheet.derivation.model
        layout: Layout = "row" if sheet.style.layout == "row" else "column"
        self.checker = Checker(self.model, layout=layout, seconds=seconds)

    def graded(self, gap: Gap, answers: list[GapAnswer]) -> Graded:
        """The one answer to a gap, judged."""
        if not answers:
            return Graded(gap.number, str(gap), "", "missing")
        if len(answers) > 1:
            lines = " and ".join(str(each.line) for each in answers)
            text = "; ".join(each.text for each in answers)
            reason = f"answered {len(answers)} times, on the lines {lines}: which one is meant?"
            return Graded(gap.number, str(gap), text, "unreadable", reason)
        answer = answers[0].text
        found = Graded(gap.number, str(gap), answer, "unreadable")
        try:
            return self.judged(gap, found, *_parted(gap, answer))
        except FormulaError as error:
            return replace(found, reason=str(error))

    def judged(self, gap: Gap, found: Graded, equation: str, condition: str) -> Graded:
        """The answer at the steps that are asked for; then at those that it names itself."""
        asked = f"{equation} for {gap.range}" if gap.range else equation
        ways = self.readings(asked)
        meant = [way for way in ways if way.links[0].left == self.left(gap)]
        if not meant:
            return replace(found, outcome="wrong", reason=self.other_left(gap, ways[0]))
        verdict = self.checker.check(asked)
        if verdict.right and condition:
            named = self.checker.check(f"{equation} for {condition}")
            verdict = verdict if named.right else named
        judged = replace(found, outcome=verdict.verdict, verdict=verdict)
        if not verdict.right:
            return judged
        if verdict.trivial:
            reason = f"this is no answer: it says `{gap.left}` by itself"
            return replace(judged, outcome="wrong", reason=reason, verdict=None)
        return judged if self.is_derived(gap, meant) else replace(judged, outcome="equivalent")

    def readings(self, text: str) -> tuple[Reading, ...]:
        return readings(text, self.model, layout=self.checker.layout)

    def links(self, text: str) -> tuple[Formula, ...]:
        return self.readings(text)[0].links

    def left(self, gap: Gap) -> object:
        return self.links(self.sheet.solutions(gap)[-1])[0].left

    def other_left(self, gap: Gap, way: Reading) -> str:
        """What is said of an answer whose left side is not the gap's."""
        left = way.links[0].left
        other = next((each for each in self.sheet.gaps if self.left(each) == left), None)
        hint = f"; the left side written is that of gap {other.number}" if other else ""
        return f"the gap asks for `{gap.left}`, and the answer is about something else{hint}"

    def is_derived(self, gap: Gap, ways: list[Reading]) -> bool:
        """Whether a link of the answer is a line of the derivation, but for the order of terms."""
        lines = {self.bare(link) for line in self.sheet.solutions(gap) for link in self.links(line)}
        return any(self.bare(link) in lines for way in ways for link in way.links)

    def bare(self, formula: Formula) -> str:
        """The same for formulas that differ in conditions, order of terms, signs of outer alone."""
        left, right = (al.transform(side, self.multiplied) for side in formula.sides)
        return canonical(replace(formula, left=left, right=right, chains=(), fixed=()))

    def multiplied(self, node: al.Expr) -> al.Expr:
        """``outer(u, v)`` as the product that documents print; a diagonal matrix as no product."""
        if isinstance(node, al.Diag):
            return al.Call("diag", (node.vector,))
        if not isinstance(node, al.Outer):
            return node
        if self.checker.layout == "row":
            return al.Product(al.Transpose(node.left), node.right)
        return al.Product(node.left, al.Transpose(node.right))


def _parted(gap: Gap, answer: str) -> tuple[str, str]:
    """The whole equation, and the condition that the answer itself states."""
    body, *conditions = _FOR.split(answer, maxsplit=1)
    equation = body.strip() if _is_equation(body) else f"{gap.left} = {body.strip()}"
    return equation, "".join(conditions).strip()


def _is_equation(text: str) -> bool:
    """Whether a sign of equality stands outside of all brackets, and of TeX's scripts."""
    depth = 0
    outside = []
    for letter in text:
        depth -= letter in ")]}"
        outside.append(letter if depth <= 0 else " ")
        depth += letter in "([{"
    return bool(_EQUALS.search("".join(outside)))
