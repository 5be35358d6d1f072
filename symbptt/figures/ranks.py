"""What stands on the levels of a column: in which order, and where from left to right.

Sugiyama's method: an edge that passes a level has an item of its own there, so that nothing
else stands in its way; items are ordered by the middle of their neighbours, as long as fewer
edges cross, and stand as near above each other as their order and widths allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

SWEEPS, BETWEEN = 10, 10.0
# What others do not care for gives way.
LIGHT = 0.01


@dataclass(eq=False)
class Item:
    """A box, or an edge where it passes a level.

    Attributes
    ----------
    node : int or None
        The number of the box; None for an edge.
    side : int
        -1 where it stands first on its level, 1 where last, 0 elsewhere.
    aside : bool
        Whether others do not care how near they are to it.
    left, right : float
        How far it reaches from its x.
    below, above : list of Item
        What it is linked with, a level down and a level up.
    """

    rank: int
    left: float
    right: float
    node: int | None = None
    side: int = 0
    aside: bool = False
    below: list[Item] = field(default_factory=list)
    above: list[Item] = field(default_factory=list)
    x: float = 0.0


def placed(items: Iterable[Item]) -> list[list[Item]]:
    """The items by level, in their order, each with its x; the middle is at 0."""
    ranks: dict[int, list[Item]] = {}
    for item in items:
        ranks.setdefault(item.rank, []).append(item)
    rows = [ranks.get(rank, []) for rank in range(max(ranks) + 1)]
    rows = _ordered(rows)
    _stand(rows)
    middle = (min(i.x - i.left for r in rows for i in r) + extent(rows)) / 2
    for row in rows:
        for item in row:
            item.x -= middle
    return rows


def extent(rows: Sequence[Sequence[Item]]) -> float:
    return max(item.x + item.right for row in rows for item in row)


# --- order -----------------------------------------------------------------------------


def _ordered(rows: list[list[Item]]) -> list[list[Item]]:
    """The order with the fewest crossings that the sweeps come by."""
    rows = [sorted(row, key=lambda item: item.side) for row in rows]
    best, fewest = [list(row) for row in rows], _crossings(rows)
    for sweep in range(SWEEPS):
        up = sweep % 2 == 0
        for number in range(1, len(rows)) if up else range(len(rows) - 2, -1, -1):
            places = _places(rows[number - 1 if up else number + 1])
            _sort(rows[number], places, up)
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _places(row: Sequence[Item]) -> dict[Item, float]:
    return {item: (number + 0.5) / len(row) for number, item in enumerate(row)}


def _sort(row: list[Item], places: dict[Item, float], up: bool) -> None:
    own = _places(row)

    def key(item: Item) -> tuple[int, float]:
        neighbours = item.below if up else item.above
        found = [places[other] for other in neighbours]
        return item.side, sum(found) / len(found) if found else own[item]

    row.sort(key=key)


def _crossings(rows: Sequence[Sequence[Item]]) -> int:
    count = 0
    for lower, upper in pairwise(rows):
        places = _places(upper)
        links = [(k, places[up]) for k, item in enumerate(lower) for up in item.above]
        count += sum((a < c and b > d) or (a > c and b < d) for (a, b), (c, d) in _pairs(links))
    return count


def _pairs(links: list[tuple[int, float]]) -> Iterable[tuple[tuple[int, float], ...]]:
    return combinations(links, 2)


# --- places ----------------------------------------------------------------------------


def _stand(rows: list[list[Item]]) -> None:
    """Every level as near as it can to its neighbours, again and again."""
    for row in rows:
        _fit(row, [0.0] * len(row))
    for sweep in range(8 * SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            _fit(row, [_wanted(item) for item in row])


def _wanted(item: Item) -> float:
    others = (*item.below, *item.above)
    near = [other.x for other in others if not other.aside] or [other.x for other in others]
    return sum(near) / len(near) if near else item.x


def _fit(row: Sequence[Item], wanted: Sequence[float]) -> None:
    """The places nearest to those wanted that keep order and distance.

    Moved together by what stands before them, items would only have to ascend: pools of
    neighbours that would not share the mean of their wishes.
    """
    shifts, shift = [], 0.0
    for number, item in enumerate(row):
        if number:
            shift += row[number - 1].right + BETWEEN + item.left
        shifts.append(shift)
    pools: list[tuple[float, float, int]] = []
    for item, wish, moved in zip(row, wanted, shifts, strict=True):
        mean, weight, count = wish - moved, LIGHT if item.aside else 1.0, 1
        while pools and pools[-1][0] > mean:
            other, others, more = pools.pop()
            mean = (mean * weight + other * others) / (weight + others)
            weight, count = weight + others, count + more
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for item, mean, moved in zip(row, means, shifts, strict=True):
        item.x = mean + moved
