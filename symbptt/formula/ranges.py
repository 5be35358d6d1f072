"""Which values the free indices of a formula take, and what is left out and why."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from symbptt.algebra import Cotangent, Index, Ref, Stack
from symbptt.formula.scenes import TooLargeError
from symbptt.formula.statement import Formula, Inequalities, indices, own_names, with_bound
from symbptt.formula.text import chain_text

At_ = Mapping[str, int]

MAX_CASES = 4_000
WIDEST = 8

_COMPARE = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Free:
    """The free names of a formula.

    Attributes
    ----------
    steps : tuple of str
        Those that are steps or numbers, in the order of the text.
    entries : tuple of str
        Those that only count entries.
    widened : frozenset of str
        Those in the brackets of a reference, which bound them; the others go from the
        earliest step to T.
    margin : int
        How far beyond the steps they may lie, as t does in ``h[t-1]``.
    """

    steps: tuple[str, ...]
    entries: tuple[str, ...]
    widened: frozenset[str]
    margin: int

    @classmethod
    def of(cls, formula: Formula) -> Free:
        counted: dict[str, None] = {}
        used: dict[str, None] = {}
        widened: set[str] = set()
        offsets = [0]
        for side in formula.sides:
            for node, bound, counting in with_bound(side):
                own = own_names(node) - bound - {"T"}
                (counted if counting else used).update(dict.fromkeys(sorted(own)))
                if isinstance(node, Ref | Cotangent | Stack):
                    widened |= own
                    offsets += [abs(index.offset) for index in indices(node)]
        for chain in formula.chains:
            used.update(dict.fromkeys(n for s in chain.sides for n in s.names() if n != "T"))
            # What a condition promises past the ends is looked at, too.
            offsets += [abs(s.offset) if s.names() else 1 - s.offset for s in chain.sides]
        return cls(
            tuple(used),
            tuple(name for name in counted if name not in used),
            frozenset(widened),
            min(max(offsets), WIDEST),
        )


def holds(chains: Iterable[Inequalities], at: At_) -> bool:
    """Whether a chain of comparisons holds."""
    return all(
        _COMPARE[sign](left.at(at), right.at(at))
        for chain in chains
        for left, sign, right in zip(chain.sides, chain.operators, chain.sides[1:], strict=False)
    )


def cases(
    formula: Formula, free: Free, horizon: int, start: int, longest: Callable[[str], int]
) -> Iterator[dict[str, int]]:
    """The values of T and of the free names that the condition admits.

    Parameters
    ----------
    start : int
        The earliest step of any name in the formula.
    longest : callable
        Up to where a name that counts entries goes.

    Raises
    ------
    TooLargeError
        If there are too many.
    """
    spans = [
        range(start - free.margin, horizon + free.margin + 1)
        if name in free.widened
        else range(start, horizon + 1)
        for name in free.steps
    ]
    spans += [range(1, longest(name) + 1) for name in free.entries]
    count = 1
    for span in spans:
        count *= len(span)
    if count > MAX_CASES * 10:
        raise TooLargeError(f"the free indices take {count:,} values at T = {horizon}")
    for values in product(*spans):
        at = {"T": horizon, **dict(zip((*free.steps, *free.entries), values, strict=True))}
        if holds(formula.chains, at):
            yield at


def is_promised(chains: Iterable[Inequalities], index: Index, past: bool) -> bool:
    """Whether a condition bounds an index at the end at which it left its range.

    ``t >= 0`` alone says that t is a step, and no more; ``k <= t`` bounds t as far as k is.
    """
    bounds = [pair for chain in chains for pair in _bounds(chain, past)]
    promised: set[str] = {"T"}
    size = 0
    while size != (size := len(promised)):
        for bounded, by in bounds:
            if set(by.names()) <= promised:
                promised |= set(bounded.names())
    return bool(promised & (set(index.names()) - {"T"}))


def _bounds(chain: Inequalities, past: bool) -> Iterator[tuple[Index, Index]]:
    """What a condition bounds at one end, and by what."""
    if len(chain.operators) == 1 and not past and Index() in chain.sides:
        return
    for left, sign, right in zip(chain.sides, chain.operators, chain.sides[1:], strict=False):
        if sign == "==" or (sign != "!=" and (sign[0] == "<") == past):
            yield left, right
        if sign == "==" or (sign != "!=" and (sign[0] == ">") == past):
            yield right, left


def kept(used: list[dict[str, int]], free: Free) -> tuple[Inequalities, ...] | None:
    """The steps at which all is defined, as a condition; None if they are no range."""
    chains = []
    for name in free.steps:
        first, last = map(_end, _extremes(name, used))
        if first is None or last is None:
            return None
        chains.append(_between(first, Index.of(name), last))
    return tuple(chains)


def _between(first: Index, step: Index, last: Index) -> Inequalities:
    """``1 <= t < T``"""
    if first == last:
        return Inequalities((step, first), ("==",))
    if last.terms and last.offset == -1:
        return Inequalities((first, step, last + 1), ("<=", "<"))
    return Inequalities((first, step, last), ("<=", "<="))


def _end(values: Mapping[int, int]) -> Index | None:
    text = relative(values)
    if not text:
        return None
    return Index.of("T", int(text[1:] or 0)) if text[0] == "T" else Index(offset=int(text))


# --- in words ----------------------------------------------------------------------------


def range_text(free: Free, used: list[dict[str, int]], formula: Formula) -> str:
    """``T = 1 … 5, t = 1 … T``, from the cases that were looked at."""
    parts = [_span_text("T", sorted({at["T"] for at in used}))]
    parts += [_range_text(name, used) for name in free.steps]
    text = ", ".join(parts)
    if free.entries:
        text += f", all entries {', '.join(free.entries)}"
    if formula.chains:
        text += " with " + " and ".join(map(chain_text, formula.chains))
    return text


def _span_text(name: str, values: list[int]) -> str:
    if len(values) == 1:
        return f"{name} = {values[0]}"
    return f"{name} = {values[0]} … {values[-1]}"


def _extremes(name: str, used: list[dict[str, int]]) -> tuple[dict[int, int], dict[int, int]]:
    """The least and the greatest value for every T."""
    values: dict[int, list[int]] = {}
    for at in used:
        values.setdefault(at["T"], []).append(at[name])
    return {T: min(v) for T, v in values.items()}, {T: max(v) for T, v in values.items()}


def _range_text(name: str, used: list[dict[str, int]]) -> str:
    """``t = 1 … T``, or ``t within 1 … 3`` where the ends move with T in another way."""
    lowest, highest = _extremes(name, used)
    ends = (relative(lowest) or str(min(lowest.values())),
            relative(highest) or str(max(highest.values())))  # fmt: skip
    if not (relative(lowest) and relative(highest)):
        return f"{name} within {' … '.join(ends)}"
    return f"{name} = {' … '.join(dict.fromkeys(ends))}"


def relative(values: Mapping[int, int]) -> str:
    """A number for every T: ``0``, ``T`` or ``T-1``; "" if it is none of these."""
    plain, from_end = set(values.values()), {value - T for T, value in values.items()}
    if len(from_end) == 1 and (len(plain) > 1 or from_end == {0}):
        offset = from_end.pop()
        return f"T{offset:+d}" if offset else "T"
    return str(plain.pop()) if len(plain) == 1 else ""


@dataclass(frozen=True)
class LeftOut:
    """A case that has no value: where, and because of what."""

    at: tuple[tuple[str, int], ...]
    words: str


def left_out_text(found: list[LeftOut], free: Free) -> list[str]:
    """``t = T (h[t+1] lies past T)``, one for each index that is out of range."""
    groups: dict[str, list[dict[str, int]]] = {}
    for item in found:
        groups.setdefault(item.words, []).append(dict(item.at))
    texts = []
    for words, places in groups.items():
        if len(free.steps) == 1:
            where = _range_text(free.steps[0], places)
        elif not free.steps:
            where = _span_text("T", sorted({at["T"] for at in places}))
        else:
            first = ", ".join(f"{name} = {places[0][name]}" for name in ("T", *free.steps))
            count = "1 case" if len(places) == 1 else f"{len(places)} cases"
            where = f"{count} from {first} on"
        texts.append(f"{where} ({words})")
    return texts
