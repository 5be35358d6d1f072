"""How the scripts of a name are shared out between its letters, step, entries and exponent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.marks import Mark
from symbptt.language import surface as sf

_LONGEST_ROW = 3


@dataclass(frozen=True)
class Share:
    """How scripts are shared out."""

    name: str
    step: wr.ScriptText | None
    entries: tuple[wr.ScriptText, ...]
    raised: tuple[tuple[str, wr.ScriptText], ...]


def letters_of(name: str) -> str:
    """The letters of a name; an underscore that begins or ends it is one of them."""
    return re.sub("(?<=[^_])_+(?=[^_])", "", name)


def is_letter(text: str) -> bool:
    """Whether it is one letter, Latin or Greek, as an index has."""
    return len(text) == 1 or text in (
        "tau", "kappa", "iota", "alpha", "beta", "gamma", "mu", "nu", "rho", "ell", "eta", "xi"
    )  # fmt: skip


def parts_of(
    node: wr.Written,
) -> tuple[wr.Written, list[wr.ScriptText], list[wr.ScriptText], int]:
    """The core, what stands below and above it, and its primes."""
    if isinstance(node, wr.Scripted):
        return node.core, node.below, node.above, node.primes
    if isinstance(node, wr.Enclosed) and node.bracket == "{" and len(node.items) == 1:
        return parts_of(node.items[0])
    return node, [], [], 0


def spread(scripts: tuple[wr.ScriptText, ...]) -> Iterator[tuple[wr.ScriptText, ...]]:
    """The scripts as they are, and with the letters of a word as scripts of their own."""
    yield scripts
    apart: list[wr.ScriptText] = []
    for script in scripts:
        word = script.word
        if word.isalpha() and 1 < len(script.marks) <= _LONGEST_ROW:
            apart += [wr.ScriptText([mark], mark.place) for mark in script.marks]
        elif (
            word.isalpha()
            and len(script.marks) == 1
            and 1 < len(word) <= _LONGEST_ROW
            and (script.marks[0].end - script.marks[0].start == len(word))
        ):
            start = script.marks[0].start
            letters = [Mark("name", one, start + k, start + k + 1) for k, one in enumerate(word)]
            apart += [wr.ScriptText([one], one.place) for one in letters]
        else:
            apart.append(script)
    if len(apart) > len(scripts):
        yield tuple(apart)


def shares(base: str, below: list[wr.ScriptText], above: list[wr.ScriptText]) -> Iterator[Share]:
    """All ways to share scripts out, the likeliest first."""
    base = letters_of(base)
    for own in range(len(below), -1, -1):
        words = [script.word for script in below[:own]]
        if "" in words:
            continue
        for roles in product(*(_roles(script) for script in above)):
            raised = tuple(
                (r, s) for r, s in zip(roles, above, strict=True) if r in ("turn", "power")
            )
            raised_words = (s.word for r, s in zip(roles, above, strict=True) if r == "name")
            name = letters_of("".join([base, *words, *raised_words]))
            steps = [s for r, s in zip(roles, above, strict=True) if r == "step"]
            behind = tuple(s for r, s in zip(roles, above, strict=True) if r == "entry")
            if len(steps) > 1:
                continue
            if steps and steps[0].word == "T" and any(map(_is_step, below[own:])):
                continue  # `h_{t-1}^T` has its step below
            for rest in spread(tuple(below[own:])):
                if steps:
                    yield Share(name, steps[0], (*rest, *behind), raised)
                    continue
                if rest:
                    yield Share(name, rest[0], (*rest[1:], *behind), raised)
                yield Share(name, None, (*rest, *behind), raised)
                if len(rest) > 1 and _is_step(rest[-1]) and not _is_step(rest[0]):
                    yield Share(name, rest[-1], (*rest[:-1], *behind), raised)


def _is_step(script: wr.ScriptText) -> bool:
    return any(mark.text in ("t", "T", "tau") for mark in script.marks)


def _roles(script: wr.ScriptText) -> tuple[str, ...]:
    if script.marks and script.marks[0].text == "⊤" and len(script.marks) == 1:
        return ("turn",)
    if script.marks and script.marks[0].text == "⊙":
        return ("power",)
    if script.wrapped:
        return ("step", "name", "entry") if script.word else ("step", "entry")
    if script.word == "T":
        return ("turn", "power", "step")
    return ("power", "step", "name") if script.word else ("power", "step")


def counts_steps(places: Iterable[sf.Node | None]) -> bool:
    """Whether one of them is a step: parameters have none."""
    return any(
        isinstance(part, sf.Named) and part.name in ("t", "T")
        for place in places
        if place is not None and not isinstance(place, sf.At)
        for part in sf.walk(place)
    )


def is_bound(letter: str, text: str) -> bool:
    """Whether a letter stands beside a sign of limits or of a condition."""
    before, after = rf"(?<![A-Za-z\\_]){letter}\s*(?:=|<|≤|\\leq?\b)", rf"{letter}(?![A-Za-z_^\[(])"
    return bool(re.search(rf"{before}|(?:<=?|≤|\\leq?\b)\s*{after}", text))


def is_row(node: sf.Node) -> bool:
    """``W_{i,:}``, which is a column in plain formulas and may be a row as it looks."""
    match node:
        case sf.At(places=[_, sf.Stretch(first=None, last=None)]):
            return True
    return False
