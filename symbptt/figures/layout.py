"""Where everything of a computational graph stands: a column a step, a level an equation.

Edges within a step rise from level to level; between two levels nothing else stands. What is read
at a later step leaves its box at the right or above, goes down or up in the channel between two
columns, where nothing stands, then between two levels, and enters its reader from below; where
reader and source stand alone on their level it goes straight. So no edge meets a box that is
neither its source nor its reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import sqrt

from symbptt.figures.cards import ROUND, Card
from symbptt.figures.picture import SMALL, Way, text_width
from symbptt.figures.ranks import BETWEEN, Item, extent, placed
from symbptt.figures.vertices import Template

# Between lines in a track; between a line and what it passes; between levels.
TRACK, AWAY, GAP = 5.0, 8.0, 18.0
# From the middle of an edge to its line, where one flows back beside it.
BESIDE = 2.5
RAIL = 22.0

Bus = tuple[int, int, Way] | tuple[str]
"""What shares a way: (source, lag, way), or (parameter,)."""


@dataclass(eq=False)
class Link:
    """That a node reads another one.

    Attributes
    ----------
    passing : list of Item
        What it passes, from the source upwards; of a link with a lag, where it comes up.
    label : str
        TeX of the Jacobian, or "".
    """

    source: int
    lag: int
    reader: int
    label: str = ""
    straight: bool = False
    passing: list[Item] = field(default_factory=list)


class StepColumn:
    """One step: its items and their places, the same at every step.

    Parameters
    ----------
    cards : list of Card
        One a node, as large as at any step.
    labels : dict
        The TeX of the label of (source, lag, reader), where an edge flows back.
    rails : bool
        Whether parameters stand beside the columns, and not in the boxes.
    """

    def __init__(
        self,
        template: Template,
        cards: Sequence[Card],
        labels: dict[tuple[int, int, int], str],
        rails: bool,
    ) -> None:
        self.nodes, self.cards, self.rails = template.nodes, cards, rails
        self.backward = bool(labels)
        self.scale = 2 if self.backward else 1
        self.links = [
            Link(source, lag, reader, labels.get((source, lag, reader), ""))
            for reader, node in enumerate(self.nodes)
            for source, lag in node.sources
        ]
        self.items = [
            Item(self.rank(k), width / 2, width / 2, k, aside=self._is_given(k))
            for k, width in enumerate(map(self._width, range(len(self.nodes))))
        ]
        self._choose_sides()
        passing = [item for link in self.links for item in self._pass(link)]
        self.rows = placed([*self.items, *passing])
        self.width = 2 * extent(self.rows)

    def _is_given(self, number: int) -> bool:
        return self.nodes[number].kind in ("input", "number")

    def rank(self, number: int) -> int:
        """Its level; where edges have labels there is one for them between two."""
        return self.scale * self.nodes[number].level

    def _width(self, number: int) -> float:
        """Of a box: its text, and its ports below and above, find room."""
        node = self.nodes[number]
        into = len(node.sources) + len(node.parameters) * self.rails
        out = sum(link.source == number and not link.lag for link in self.links)
        lags = {link.lag for link in self.links if link.source == number and link.lag}
        apart = 4 * BESIDE + 2 if self.backward else 2 * BESIDE
        return max(self.cards[number].width, 8 + apart * (max(into, out + len(lags), 1) - 1))

    def _choose_sides(self) -> None:
        """Which sources stand last on their level, and which readers first."""
        lags = [link for link in self.links if link.lag == 1]
        alone = [item for item in self.items if self.peers(item) == 1]
        for link in lags:
            source, reader = self.items[link.source], self.items[link.reader]
            free = all(item.side == 0 for item in self.items if item.rank == source.rank)
            if source.rank != reader.rank or not free or any(
                other.straight and other.reader == link.reader for other in lags
            ):  # fmt: skip
                continue
            if source is reader and source in alone:
                link.straight = True
            elif source is not reader:
                link.straight, source.side, reader.side = True, 1, -1
        for link in lags:
            source = self.items[link.source]
            if all(item.side == 0 for item in self.items if item.rank == source.rank):
                source.side = int(source not in alone)

    def peers(self, item: Item) -> int:
        return sum(other.rank == item.rank for other in self.items)

    def _pass(self, link: Link) -> list[Item]:
        """What a link is linked through."""
        source, reader = self.items[link.source], self.items[link.reader]
        room = text_width(link.label, SMALL) + BESIDE + 2 if link.label else BESIDE
        if link.lag:
            if self.backward and not link.straight:
                link.passing = [Item(reader.rank - 1, 2 * BESIDE, BESIDE + room)]
                _join(link.passing[0], reader)
            return link.passing
        beside = 2 * BESIDE if self.backward else BESIDE
        link.passing = [
            Item(rank, beside, BESIDE + room if rank == reader.rank - 1 else beside)
            for rank in range(source.rank + 1, reader.rank)
        ]
        chain = [source, *link.passing, reader]
        for low, high in pairwise(chain):
            _join(low, high)
        return link.passing

    # --- ports -------------------------------------------------------------------------

    @cached_property
    def last(self) -> frozenset[int]:
        """The last box of each level: what is read from it may leave at the right."""
        ends = [[i.node for i in row if i.node is not None][-1:] for row in self.rows]
        return frozenset(number for end in ends for number in end)

    @cached_property
    def into(self) -> dict[object, float]:
        """Where links, and parameters as (reader, place), enter below: beside the middle."""
        found: dict[object, float] = {}
        for number, item in enumerate(self.items):
            ends: list[tuple[float, object]] = [
                (link.passing[-1].x if link.passing else self._from(link), link)
                for link in self.links
                if link.reader == number and not link.straight
            ]
            places = range(len(self.nodes[number].parameters)) if self.rails else ()
            ends += [(float("-inf"), (number, place)) for place in places]
            found |= self._spread(item, ends)
        return found

    def _from(self, link: Link) -> float:
        return float("-inf") if link.lag else self.items[link.source].x

    @cached_property
    def out(self) -> dict[object, float]:
        """Where links and, as (source, lag), ways to later steps leave above."""
        found: dict[object, float] = {}
        for number, item in enumerate(self.items):
            ends: list[tuple[float, object]] = [
                (link.passing[0].x if link.passing else self.items[link.reader].x, link)
                for link in self.links
                if link.source == number and not link.lag
            ]
            lags = sorted({link.lag for link in self.links if link.source == number and link.lag})
            ends += [(float("inf"), (number, lag)) for lag in lags if not self.aside(number, lag)]
            found |= self._spread(item, ends)
        return found

    def aside(self, number: int, lag: int) -> bool:
        """Whether what is read with that lag leaves at the right."""
        return lag == 1 and number in self.last

    def _spread(self, item: Item, ends: list[tuple[float, object]]) -> dict[object, float]:
        ends.sort(key=lambda end: end[0])
        apart = 4 * BESIDE + 2 if self.backward else 9.0
        room = item.left + item.right - 8 - (2 * BESIDE if self.backward else 0)
        step = min(apart, room / max(1, len(ends) - 1))
        first = -step * (len(ends) - 1) / 2
        return {end: first + step * number for number, (_, end) in enumerate(ends)}

    def rim(self, number: int, aside: float) -> float:
        """How far above its middle a box ends, so far beside the middle."""
        half, width = self.cards[number].height / 2, self.items[number].right
        if self.cards[number].kind != "operator":
            return half
        inside = max(0.0, abs(aside) - (width - ROUND / 2))
        return sqrt(ROUND * ROUND / 4 - inside * inside)


def _join(low: Item, high: Item) -> None:
    low.above.append(high)
    high.below.append(low)


class Tracks:
    """The lines between levels and between columns: which bus has which, and the heights.

    Attributes
    ----------
    height : dict
        Of the line of (gap, bus, turn), above the lowest; gap k is below level k.
    bottom, top, middle : list of float
        Of every level.
    channel : dict
        For each bus its line in a channel, counted from the left.
    """

    def __init__(self, column: StepColumn, rails: Sequence[tuple[str, int]]) -> None:
        self.column = column
        self.ways: tuple[Way, ...] = ("forward", "adjoint") if column.backward else ("forward",)
        self.height: dict[tuple[int, Bus, int], float] = {}
        self.channel: dict[Bus, int] = {}
        self.rails = rails
        self.free = 0.7 * GAP if column.backward else GAP
        self.bottom: list[float] = []
        self.top: list[float] = []
        high = 0.0
        for rank, row in enumerate(column.rows):
            high = self._gap(rank, high)
            self.bottom.append(high)
            boxes = [column.cards[i.node].height for i in row if i.node is not None]
            high += max(boxes, default=10.0 if row else 0.0)
            self.top.append(high)
        self.end = self._gap(len(column.rows), high)
        for link in self.turning():
            for way in self.ways:
                self.channel.setdefault((link.source, link.lag, way), len(self.channel))

    def turning(self) -> Iterator[Link]:
        """What is read at a later step and does not go straight."""
        return (link for link in self.column.links if link.lag and not link.straight)

    def entrance(self, link: Link) -> int:
        """The gap in which a link with a lag comes to its reader."""
        return link.passing[0].rank if link.passing else self.column.rank(link.reader)

    def middle(self, rank: int) -> float:
        return (self.bottom[rank] + self.top[rank]) / 2

    def _gap(self, gap: int, high: float) -> float:
        """Give the lines of a gap their heights; the height of the level above."""
        column = self.column
        leaving = {
            (link.source, link.lag): None
            for link in self.turning()
            if column.rank(link.source) == gap - 1 and not column.aside(link.source, link.lag)
        }
        coming = {
            (link.source, link.lag): None for link in self.turning() if self.entrance(link) == gap
        }
        rails = [name for name, rank in self.rails if rank == gap]
        high += AWAY if leaving or coming or rails else 0.0
        for source, lag in leaving:
            for way in self.ways:
                self.height[gap, (source, lag, way), -1] = high
                high += TRACK
        high += 0 if gap == 0 and not (coming or rails) else self.free
        for name in rails:
            self.height[gap, (name,), 0] = high + RAIL / 2
            high += RAIL
        for source, lag in coming:
            for turn in range(lag):
                for way in self.ways:
                    self.height[gap, (source, lag, way), turn] = high
                    high += TRACK
        return high + (AWAY if coming or rails else 0.0)


def past_width(column: StepColumn, numbers: Sequence[int]) -> float:
    """Of a column of initial values."""
    widest = 0.0
    for rank in {column.rank(k) for k in numbers}:
        widths = [2 * column.items[k].right for k in numbers if column.rank(k) == rank]
        widest = max(widest, sum(widths) + BETWEEN * (len(widths) - 1))
    return widest
