r"""What a text says beside its equation: conditions, remarks, and where each begins.

``A = B, \quad 1 \le t < T``, ``A = B \text{ for } t = 1, \dots, T``, ``A = B \in \mathbb{R}^n``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import NoReturn

from symbptt.formula.names import finding
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.grammar import CLOSING, Parser
from symbptt.formula.spelling.marks import WORDS, Mark
from symbptt.formula.statement import NOWHERE
from symbptt.language.source import Place

RELATIONS = frozenset(["=", "<", ">", "<=", ">=", "!="])
CONDITION = "a condition compares indices (`1 <= t < T`) or fixes an initial value (`h[0] = 0`)"
BREAK = frozenset(["⏎"])
_INFIX = RELATIONS | BREAK | frozenset(["+", "-", "⊙", "·", "*", "/", "@", "␣"])
_INDENT = ["⏎", "␣", "{", "}"]
"""Of a row that goes on with a product: an operand stands before its first sign."""
_CONDITIONAL = frozenset(["for", "if", "when", "with", "where", "and", "all", "forall"])


@dataclass(eq=False)
class Condition:
    """``a < b <= c``: what stands between the signs, or the ends of ``t = a, …, b``."""

    sides: list[wr.Written]
    signs: list[str]
    place: Place
    enumerated: bool = False


@dataclass(eq=False)
class LaidOut:
    """The sides of a chain, and the conditions of each of its links."""

    sides: list[wr.Written]
    conditions: list[list[Condition]]


def statement(text: str, marks: list[Mark]) -> LaidOut:
    """The sides of an equation or chain, and the conditions behind it.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read.
    """
    return _SegmentReader(text, marks).statement()


class _SegmentReader:
    def __init__(self, text: str, marks: list[Mark]) -> None:
        self.text = text
        self.marks = marks

    def wrong(self, where: Place, message: str) -> NoReturn:
        raise finding(self.text, where, message)

    def statement(self) -> LaidOut:
        lines = [list(self.segments(line)) for line in cut(self.without_remarks(), BREAK)]
        body = [mark for line in lines for mark in line[0]] if lines[0] else []
        if not body:
            self.wrong(NOWHERE, "a formula is `left = right`; there is no `=`")
        signs = [mark for mark in outside(body) if mark.text in RELATIONS]
        if not signs or any(mark.text != "=" for mark in signs):
            where = next((m.place for m in signs if m.text != "="), body[-1].place)
            self.check_closed(body)
            missing = "there is no `=`" if not signs else "a comparison stands in a condition"
            self.wrong(where, f"a formula is `left = right`; {missing}")
        sides = [
            self.parsed(run, sign)
            for run, sign in zip(cut(body, RELATIONS), [signs[0], *signs], strict=True)
        ]
        return LaidOut(sides, _of_links([
            (sum(mark.text == "=" for mark in outside(first)), list(self.conditions(behind)))
            for first, *behind in lines
        ]))  # fmt: skip

    def check_closed(self, marks: list[Mark]) -> None:
        """What a bracket keeps open is no side of an equation."""
        opened: list[Mark] = []
        for mark in marks:
            if mark.kind == "sign" and mark.text in ("(", "[", "{", "{{"):
                opened.append(mark)
            elif mark.kind == "sign" and mark.text in (")", "]", "}", "}}") and opened:
                opened.pop()
        if opened:
            shown = self.text[opened[-1].start : opened[-1].end]
            self.wrong(opened[-1].place, f"this `{shown}` is never closed")

    def segments(self, marks: list[Mark]) -> Iterator[list[Mark]]:
        """The equation, then what stands between commas, wide spaces and words behind it."""
        run: list[Mark] = []
        skipping = False
        outer = set(map(id, outside(marks)))
        for mark in marks:
            ends = id(mark) in outer and (
                mark.kind == "text" or mark.text in (",", ";", "␣", "∀", "∈", ".")
            )
            if mark.text == "∈" and ends and self.is_space(mark):
                skipping = True
            elif skipping and ends and mark.text not in ("␣", "∈"):
                skipping = False
            if skipping or not ends or (mark.text == "∈"):
                if not skipping:
                    run.append(mark)
                continue
            if run:
                yield run
                run = []
        if run:
            yield run

    def is_space(self, mark: Mark) -> bool:
        """Whether ``\\in`` names the space of a value, which its shape says already."""
        position = self.marks.index(mark)
        following = self.marks[position + 1 : position + 2]
        return bool(following) and following[0].text in ("R", "ℝ")

    def without_remarks(self) -> list[Mark]:
        found = []
        outer = set(map(id, outside(self.marks)))
        for mark in self.marks:
            if mark.kind == "text" and id(mark) in outer:
                words = mark.text.lower().replace(",", " ").split()
                if mark.text[:1] in "([" or mark.text[:2] == "by":
                    continue
                if not words or not set(words) <= _CONDITIONAL:
                    self.wrong(mark.place, f"the words `{mark.text}` have no meaning in a formula")
            found.append(mark)
        return without_gaps(found)

    def conditions(self, segments: list[list[Mark]]) -> Iterator[Condition]:
        position = 0
        while position < len(segments):
            run = segments[position]
            position += 1
            opening = run[0].place
            while run and run[0].text in CLOSING and is_enclosed(run):
                run = run[1:-1]
            if not run:
                self.wrong(opening, "nothing stands between these brackets")
            inner = list(self.listed(run))
            following = segments[position : position + 2]
            if len(inner) == 1 and following and [m.text for m in following[0]] == ["…"]:
                inner = [*inner, *following]
                position += 2
            elif (
                len(inner) == 1 and len(following) == 2 and any(m.text == "…" for m in following[1])
            ):
                inner = [*inner, *segments[position : position + 3]]
                position += 3
            yield from self.condition(inner)

    def listed(self, run: list[Mark]) -> Iterator[list[Mark]]:
        yield from cut(run, frozenset([",", ";", "␣"]))

    def condition(self, runs: list[list[Mark]]) -> Iterator[Condition]:
        """One condition, or several in parentheses; with dots ``t = 1, …, T``."""
        dots = [k for k, run in enumerate(runs) if [m.text for m in run] == ["…"]]
        if dots:
            first, last = runs[0], runs[-1]
            signs = [mark for mark in outside(first) if mark.text in ("=", "∈")]
            if len(signs) != 1 or dots[0] == len(runs) - 1:
                self.wrong(first[0].place, "steps are listed as in `t = 1, …, T`")
            name, start = cut(first, frozenset(["=", "∈"]))
            place = first[0].place.until(last[-1].place)
            sides = [self.parsed(one, signs[0]) for one in (name, start, last)]
            yield Condition(sides, ["=", "="], place, enumerated=True)
            return
        for run in runs:
            if not run:
                continue
            signs = [mark for mark in outside(run) if mark.text in RELATIONS]
            place = run[0].place.until(run[-1].place)
            if not signs:
                if len(run) == 1 and run[0].kind == "name":
                    continue  # `for all t`
                if any(mark.text == "∈" for mark in run):
                    yield self.member(run)
                    continue
                self.wrong(place, CONDITION)
            sides = [self.parsed(one, signs[0]) for one in cut(run, RELATIONS)]
            yield Condition(sides, [mark.text for mark in signs], place)

    def member(self, run: list[Mark]) -> Condition:
        r"""``t \in \{1, \dots, T\}``, ``t \in [1, T]``."""
        name, where = cut(run, frozenset(["∈"]))
        place = run[0].place.until(run[-1].place)
        inner = where[1:-1] if where and where[0].text in CLOSING else where
        runs = [one for one in cut(inner, frozenset([",", ":"])) if [m.text for m in one] != ["…"]]
        if len(runs) < 2:
            self.wrong(place, "steps are listed as in `t = 1, …, T`")
        sides = [self.parsed(one, run[-1]) for one in (name, runs[0], runs[-1])]
        return Condition(sides, ["=", "="], place, enumerated=True)

    def parsed(self, run: list[Mark], sign: Mark) -> wr.Written:
        run = [mark for mark in run if mark.text != "␣"]
        while run and run[-1].text in (".", ",", ";"):
            run.pop()
        if not run:
            self.wrong(sign.place, "an expression is missing here")
        return Parser(self.text, run, run[-1].end).whole()


def _of_links(lines: list[tuple[int, list[Condition]]]) -> list[list[Condition]]:
    """Of each link the conditions on its line; else of the line before, or the first that has."""
    found: list[list[Condition]] = []
    last = next((conditions for _, conditions in lines if conditions), [])
    for count, conditions in lines:
        last = conditions or last
        found += [last] * count
    return found


def without_gaps(marks: list[Mark]) -> list[Mark]:
    """Without braces around nothing, wide spaces beside operators, and breaks but before `=`."""
    found: list[Mark] = []
    marks = without_indents(marks)
    for place, (mark, behind) in enumerate(zip_longest(marks, marks[1:])):
        if (
            mark.text == "}"
            and found
            and found[-1].text == "{"
            and (
                not (found[-2:-1] and found[-2].text in ("_", "^", "}", "frac"))
                or (found[-2].text == "}" and behind is not None and behind.text in _INFIX - {"␣"})
            )
        ):
            found.pop()
            continue
        if mark.text == "␣" and (not found or found[-1].text in _INFIX - BREAK):
            continue
        gap: list[Mark] = []
        while mark.text != "␣" and found and (found[-1].text == "␣" or found[-1].text in BREAK):
            gap.append(found.pop())
        if mark.text == "=":
            found += [one for one in gap if one.text in BREAK][:1]
        elif mark.text not in _INFIX and not (
            any(one.text in BREAK for one in gap) and is_factor(marks[place:])
        ):
            found += [one for one in gap if one.text == "␣"][:1]
        found.append(mark)
    return found[:-1] if found and found[-1].text in BREAK else found


def without_indents(marks: list[Mark]) -> list[Mark]:
    """Without the wide space before a row that goes on with a product."""
    found: list[Mark] = []
    for mark in marks:
        found.append(mark)
        if [one.text for one in found[-4:]] == _INDENT:
            del found[-3:]
    return found


def is_factor(marks: list[Mark]) -> bool:
    """Whether brackets that begin a line state nothing: they go on with the line before."""
    if marks[0].kind != "sign" or marks[0].text not in CLOSING:
        return False
    end = next((k for k in range(2, len(marks) + 1) if is_enclosed(marks[:k])), 0)
    return not any(mark.text in RELATIONS or mark.text in ("∈", "…") for mark in marks[:end])


def outside(marks: list[Mark]) -> Iterator[Mark]:
    """The marks that stand in no bracket."""
    depth = 0
    for mark in marks:
        if mark.kind == "sign" and mark.text in ("(", "[", "{", "{{", "⟨", "⟦", "⦃"):
            depth += 1
        elif mark.kind == "sign" and mark.text in (")", "]", "}", "}}", "⟩", "⟧", "⦄"):
            depth -= 1
        elif depth <= 0:
            yield mark


def cut(marks: list[Mark], signs: frozenset[str]) -> list[list[Mark]]:
    """The runs between signs that stand in no bracket."""
    cuts = {id(mark) for mark in outside(marks) if mark.text in signs and mark.kind == "sign"}
    runs: list[list[Mark]] = [[]]
    for mark in marks:
        if id(mark) in cuts:
            runs.append([])
        else:
            runs[-1].append(mark)
    return runs


def is_enclosed(run: list[Mark]) -> bool:
    """Whether one pair of brackets encloses all of it."""
    if len(run) < 2 or CLOSING.get(run[0].text) != run[-1].text:
        return False
    return not list(outside(run))


__all__ = ["WORDS", "Condition", "LaidOut", "statement"]
