r"""From a text in LaTeX, Unicode, plain or mixed to the surface trees of its readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from symbptt.errors import FormulaError
from symbptt.formula.names import RESERVED, FormulaNames, derived_form
from symbptt.formula.shapes import Layout, Shaper
from symbptt.formula.spelling import layout as lay
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.calls import renamed
from symbptt.formula.spelling.choices import consistent
from symbptt.formula.spelling.derivatives import LOST
from symbptt.formula.spelling.layout import CONDITION
from symbptt.formula.spelling.limits import comparison
from symbptt.formula.spelling.marks import Known, Mark, check_nesting, marks
from symbptt.formula.spelling.meanings import MeaningReader
from symbptt.formula.spelling.names import Way
from symbptt.formula.spelling.products import CHAINED
from symbptt.formula.spelling.shares import is_letter, parts_of, shares
from symbptt.formula.spelling.signs import FUNCTION_WORDS, SYNONYMS
from symbptt.language import surface as sf
from symbptt.language.source import Place

_LETTER = "what a letter stands for is said by one equation; the left side names it, as `b_t = …`"
MAX_READINGS = 64
_TRIED = 4_000
LIKELY = 16
"""So many kinds of derivatives are tried before the next way to read the rest."""
MIXED = 8
"""Of so many kinds of derivatives in a formula each may be meant in a way of its own."""
_WORDS = {"d": "total", "partial": "within its step", "direct": "of the one equation"}
_MODES = tuple(_WORDS)


Notes = tuple[tuple[str, str], ...]
Chosen = tuple[tuple[sf.Node, ...], Notes]
"""One way of each side, and what was decided."""
Key = tuple[str, str, str]
Stated = tuple[tuple[sf.Node, ...], tuple[str, ...], Place]
"""What stands between signs of comparison, and these."""


@dataclass(frozen=True)
class Spelled:
    """A reading: the sides of an equation or chain, and the conditions of each of its links."""

    sides: tuple[sf.Node, ...]
    conditions: tuple[tuple[Stated, ...], ...]
    notes: Notes


def spelled(text: str, names: FormulaNames, layout: Layout) -> Iterator[Spelled]:
    """The readings of a text whose shapes fit, the likeliest first; if none fits, one that doesn't.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read.
    """
    reader, statement = _laid_out(text, names, layout)
    conditions = tuple(
        tuple(condition for one in link for condition in _condition(reader, one))
        for link in statement.conditions
    )
    sides = [reader.ways(side) for side in statement.sides]
    for found, notes in _in_turn(
        _with_modes(reader, *chosen) for chosen in islice(_fitting(reader, sides), MAX_READINGS)
    ):
        yield Spelled(found, conditions, notes)


def spelled_letter(
    text: str, names: FormulaNames, layout: Layout
) -> Iterator[tuple[str, str, sf.Node]]:
    r"""The readings of ``\delta_t = …``: a letter, that of its step or "", and what it stands for.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read.
    """
    reader, statement = _laid_out(text, names, layout)
    left, *members = statement.sides
    core, below, above, primes = parts_of(_with_step_below(left))
    if primes or len(members) > 1 or not isinstance(core, wr.Word):
        reader.wrong(left.place, _LETTER)
    meant = [
        (share.name, share.step.word if share.step else "")
        for share in shares(core.text, below, above)
        if not (share.entries or share.raised)
        and (not share.step or is_new_letter(share.step.word, names))
    ]
    if not meant:
        reader.wrong(left.place, _LETTER)
    for chosen in islice(_fitting(reader, [reader.ways(members[0])]), MAX_READINGS):
        for (right,), _ in _with_modes(reader, *chosen):
            yield (*max(meant, key=lambda one: bool(one[1])), right)


def is_new_letter(word: str, names: FormulaNames) -> bool:
    return is_letter(word) and word.isalpha() and word not in names


def _with_step_below(left: wr.Written) -> wr.Written:
    """``b[t]`` as ``b_t``."""
    match left:
        case wr.Bracketed(
            operand=operand, group=wr.Enclosed(bracket="[" | "(", items=[wr.Scripted() as step])
        ) if isinstance(step.core, wr.Word):
            core, below, above, primes = parts_of(operand)
            mark = Mark("name", step.core.text, step.place.column, step.place.end_column)
            script = wr.ScriptText([mark], step.place)
            return wr.Scripted(left.place, core, [*below, script], above, primes)
    return left


def _laid_out(text: str, names: FormulaNames, layout: Layout) -> tuple[MeaningReader, lay.LaidOut]:
    """What reads a text, and its sides and conditions as they are written."""
    reader = MeaningReader(text, names, Shaper(derived_form(names.model), layout))
    signs = marks(text, known_words(names))
    check_nesting(text, signs)
    return reader, lay.statement(text, signs)


def known_words(names: FormulaNames) -> Known:
    every = frozenset([
        *names.timed, *names.timeless, *names.constants, *names.letters, *names.words,
        *names.aliases, *RESERVED, *FUNCTION_WORDS, *SYNONYMS,
    ])  # fmt: skip
    return lambda word: word in every


def _fitting(reader: MeaningReader, sides: list[list[Way]]) -> Iterator[Chosen]:
    """One way of each side, such that neighbours have one shape."""
    misfit: Chosen | None = None
    found = False
    for chosen in islice(_likeliest(sides), _TRIED):
        notes = consistent(note for way in chosen for note in way.notes)
        if notes is None:
            continue
        nodes = tuple(way.node for way in chosen)
        enough = any if LOST in dict(notes) and len(chosen) > 1 else all
        if all(way.fits for way in chosen) and enough(map(reader.agree, chosen, chosen[1:])):
            found = True
            yield nodes, notes
        misfit = misfit or (nodes, notes)
    if not found and misfit is not None:
        yield misfit


def _likeliest(sides: list[list[Way]]) -> Iterator[tuple[Way, ...]]:
    """One way of each side, the likely ways of all before the rare ones of any."""
    for rare in range(sum(len(side) - 1 for side in sides) + 1):
        for ranks in _shared_out(rare, [len(side) - 1 for side in sides]):
            yield tuple(side[rank] for side, rank in zip(sides, ranks, strict=True))


def _shared_out(number: int, most: list[int]) -> Iterator[tuple[int, ...]]:
    """The ways to make a number of one for each place, none above its most."""
    if len(most) == 1:
        if number <= most[0]:
            yield (number,)
        return
    for first in range(min(number, most[0]) + 1):
        yield from ((first, *rest) for rest in _shared_out(number - first, most[1:]))


def _in_turn(each: Iterable[Iterator[Chosen]]) -> Iterator[Chosen]:
    """The likeliest of each before the rare ones of any."""
    pending = list(each)
    while pending:
        one = pending.pop(0)
        likely = list(islice(one, LIKELY))
        yield from likely
        pending += [one] * bool(likely)


def _with_modes(
    reader: MeaningReader, sides: tuple[sf.Node, ...], before: Notes
) -> Iterator[Chosen]:
    """The sides with each kind of derivative total, within a step, or of one equation."""
    open_ones = [node for side in sides for node in sf.walk(side) if node in reader.open]
    keys = list(dict.fromkeys(reader.open[node] for node in open_ones))
    for modes in _assignments(keys):
        words = {node: modes[reader.open[node]] for node in open_ones}
        notes = tuple((f"`∂{of}/∂{by}`", _WORDS[modes[of, by, lag]]) for of, by, lag in keys)
        yield tuple(_exchanged(side, words) for side in sides), (*before, *notes)


def _assignments(keys: list[Key]) -> Iterator[dict[Key, str]]:
    """Likeliest first: those of a loss total and others direct, as the chain rule has them, all of
    them alike, then mixtures, by how far they are from the likeliest."""
    likely = {key: _likely(key) for key in keys}
    first = {key: modes[0] for key, modes in likely.items()}
    chained = {key: "d" if key[0] == "loss" and key[2] != CHAINED else "direct" for key in keys}
    alike = [dict.fromkeys(keys, mode) for mode in _MODES]
    far = (
        sorted(product(range(len(_MODES)), repeat=len(keys)), key=sum) if len(keys) <= MIXED else []
    )
    mixed = ({key: likely[key][k] for key, k in zip(keys, one, strict=True)} for one in far if one)
    seen: list[dict[Key, str]] = []
    for one in (first, chained, *alike, *islice(mixed, MAX_READINGS)):
        if one not in seen:
            seen.append(one)
            yield one


def _likely(key: Key) -> tuple[str, ...]:
    """Between neighbouring steps the derivative of one equation, else the total one."""
    return (
        ("direct", "d", "partial") if key[2].lstrip("-").isdecimal() else ("d", "direct", "partial")
    )


def _exchanged(node: sf.Node, words: dict[sf.Node, str]) -> sf.Node:
    """A copy with other words for some derivatives."""
    made = sf.map_parts(node, lambda part: _exchanged(part, words))
    return renamed(made, words[node]) if node in words else made


def _condition(reader: MeaningReader, one: lay.Condition) -> Iterator[Stated]:
    """``a < b <= c`` of indices, or ``h_0 = 0``."""
    first = one.sides[0]
    fixed = _initial(reader, first) if one.signs == ["="] else None
    if fixed is not None:
        yield (fixed, reader.ways(one.sides[1])[0].node), ("=",), one.place
        return
    nodes = []
    for side in one.sides:
        node = reader.number(side)
        if node is None:
            reader.wrong(side.place, CONDITION)
        nodes.append(node)
    if one.enumerated:
        name, start, end = nodes
        low, high = (end, start) if comparison(start, end) > 0 else (start, end)
        yield (low, name, high), ("<=", "<="), one.place
    else:
        yield tuple(nodes), tuple(one.signs), one.place


def _initial(reader: MeaningReader, node: wr.Written) -> sf.Node | None:
    """A quantity at a step that is a number."""
    try:
        found = (
            [way.node for way in reader.meanings(node)]
            if isinstance(parts_of(node)[0], wr.Word)
            else [way.node for way in reader.ways(node)]
        )
    except FormulaError:
        return None
    return found[0] if found and isinstance(found[0], sf.At) else None
