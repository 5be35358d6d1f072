"""The picture of a graph: the same column at every step, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from symbptt.algebra import Model
from symbptt.figures.cards import Card, below
from symbptt.figures.layout import (
    AWAY,
    BESIDE,
    GAP,
    TRACK,
    Bus,
    Link,
    StepColumn,
    Tracks,
    past_width,
)
from symbptt.figures.picture import (
    SMALL,
    Frame,
    Piece,
    Point,
    Route,
    Text,
    Way,
    backwards,
    rounded,
    spline,
    text_width,
)

MARGIN = 6.0
TOTAL = "L"
Crossing = tuple[int, int, int, int]
"""(reader, its step, source, its step)."""


class Placement:
    """Boxes and edges of a graph over ``horizon`` steps, y upwards from the lowest level.

    Parameters
    ----------
    cards : callable
        The card of (number, step).
    labels : callable
        The TeX of the label of (source, lag, reader, step of the reader).
    flows : callable
        Whether an adjoint flows back over a `Crossing`.
    rails : dict
        Of each parameter that stands beside the columns its card.
    """

    def __init__(
        self,
        model: Model,
        column: StepColumn,
        horizon: int,
        cards: Callable[[int, int], Card],
        labels: Callable[[int, int, int, int], str],
        flows: Callable[[Crossing], bool],
        rails: dict[str, Card],
    ) -> None:
        self.model, self.column, self.horizon = model, column, horizon
        self.cards, self.labels, self.flows, self.rails = cards, labels, flows, rails
        self.nodes = column.nodes
        uses = [(name, column.rank(k)) for k, name, _ in self._uses()]
        self.tracks = Tracks(column, list(dict.fromkeys(uses)))
        self.edges: list[Route] = []
        self.dots: list[tuple[Point, Way]] = []
        numbers = {node.name: k for k, node in enumerate(self.nodes) if node.name}
        self.past: dict[int, list[int]] = {}
        for initial in model.initials:
            self.past.setdefault(initial.step, []).append(numbers[initial.name])
        self._columns()

    def _uses(self) -> Iterator[tuple[int, str, int]]:
        """(node, parameter, place) of what stands beside the columns."""
        for k, node in enumerate(self.nodes):
            for place, name in enumerate(node.parameters if self.rails else ()):
                yield k, name, place

    # --- where columns stand -----------------------------------------------------------

    def _columns(self) -> None:
        straight = [link.label for link in self.column.links if link.straight]
        reserve = max((text_width(label, SMALL) + 6 for label in straight if label), default=0.0)
        channel = 2 * AWAY + TRACK * max(0, len(self.tracks.channel) - 1) + reserve
        rail = max((card.width for card in self.rails.values()), default=0.0)
        self.rail = rail
        x = rail + (AWAY + TRACK * len(self.rails) if rail else 0.0)
        self.centre: dict[int, float] = {}
        self.right: dict[int, float] = {}
        self.places: dict[tuple[int, int], float] = {}
        for step in range(min(self.past, default=1), self.horizon + 1):
            width = self.column.width if step > 0 else past_width(self.column, self.past[step])
            self.centre[step], self.right[step] = x + width / 2, x + width
            x += width + channel
        self.width = x - channel
        for step, numbers in self.past.items():
            self._place_past(step, numbers)

    def _place_past(self, step: int, numbers: Sequence[int]) -> None:
        order = {i.node: k for row in self.column.rows for k, i in enumerate(row)}
        for _, group in groupby(sorted(numbers, key=self.column.rank), self.column.rank):
            row = sorted(group, key=lambda k: order[k])
            x = self.centre[step] - past_width(self.column, row) / 2
            for k in row:
                self.places[k, step] = x + self.column.items[k].right
                x += 2 * self.column.items[k].right + 10

    def at(self, number: int, step: int) -> Point:
        x = self.places.get((number, step), self.centre[step] + self.column.items[number].x)
        return x, self.tracks.middle(self.column.rank(number))

    def name(self, number: int, step: int) -> str:
        return f"{self.nodes[number].name or number}[{step}]"

    def present(self, number: int) -> range:
        """At which steps it is computed."""
        return range(self.horizon if self.nodes[number].last else 1, self.horizon + 1)

    # --- boxes -------------------------------------------------------------------------

    def boxes(self) -> Iterator[Frame]:
        for step in self.past:
            yield from (self._box(k, step) for k in self.past[step])
        for step in range(1, self.horizon + 1):
            numbers = range(len(self.nodes))
            yield from (self._box(k, step) for k in numbers if step in self.present(k))
        for name, card in self.rails.items():
            yield card.box(name, (self.rail / 2, self._rail_height(name)), self.rail)

    def _box(self, number: int, step: int) -> Frame:
        # Texts run downwards, heights upwards: whoever turns the picture moves whole boxes.
        card = self.cards(number, step)
        height = card.height if step < 1 else self.column.cards[number].height
        width = 2 * self.half(number, step)
        return card.box(self.name(number, step), self.at(number, step), width, height)

    def half(self, number: int, step: int) -> float:
        """From the middle of its box to its right side."""
        full = self.column.items[number].right
        above = any(key[0] == number for key in self.column.out if isinstance(key, tuple))
        return full if step > 0 or above else self.cards(number, step).width / 2

    def rim(self, number: int, step: int, aside: float) -> float:
        """From the middle of its box up, or down, to its edge."""
        if step < 1:
            return self.cards(number, step).height / 2
        return self.column.rim(number, aside)

    def _rail_height(self, name: str) -> float:
        return min(y for (_, bus, _), y in self.tracks.height.items() if bus == (name,))

    # --- edges -------------------------------------------------------------------------

    def draw_edges(self) -> None:
        self._draw_rails()
        for link in self.column.links:
            if not link.lag:
                for step in self.present(link.reader):
                    self._draw_link(link, step)
        buses = {(link.source, link.lag): None for link in self.column.links if link.lag}
        for source, lag in buses:
            for step in range(1, self.horizon + 1):
                self._draw_bus(source, lag, step)

    def _ways(self, link: Link, step: int) -> Iterator[tuple[Way, float]]:
        """The ways between the two, and how far beside the middle they run."""
        beside = BESIDE if self.column.backward else 0.0
        yield "forward", -beside
        if self.flows((link.reader, step, link.source, step - link.lag)):
            yield "adjoint", beside

    def _draw_link(self, link: Link, step: int) -> None:
        for way, beside in self._ways(link, step):
            path = self._rise(link, step, beside)
            label = self._label(link, step) if way == "adjoint" else None
            self._add(link, step, way, path, path, True, label)

    def _rise(self, link: Link, step: int, beside: float) -> tuple[Piece, ...]:
        """From level to level."""
        column, tracks = self.column, self.tracks
        x, y = self.at(link.source, step)
        port = column.out[link] + beside
        place = (x + port, tracks.top[column.rank(link.source)])
        path: tuple[Piece, ...] = (((x + port, y + column.rim(link.source, port)),), (place,))
        for item in link.passing:
            x = self.centre[step] + item.x + beside
            path += spline(place, (x, tracks.bottom[item.rank]), beside)[1:]
            place = (x, tracks.top[item.rank])
            path += ((place,),) if tracks.top[item.rank] > tracks.bottom[item.rank] else ()
        return path + self._arrive(link, step, beside, place)

    def _arrive(self, link: Link, step: int, beside: float, place: Point) -> tuple[Piece, ...]:
        """From the gap below a reader into its box."""
        x, y = self.at(link.reader, step)
        port = self.column.into[link] + beside
        low = (x + port, self.tracks.bottom[self.column.rank(link.reader)])
        end = (x + port, y - self.column.rim(link.reader, port))
        return (*spline(place, low, beside)[1:], (end,))

    def _draw_bus(self, source: int, lag: int, step: int) -> None:
        """All that is read with a lag from one value, and what flows back."""
        if step - lag < 1 and source not in self.past.get(step - lag, ()):
            return
        routes: dict[Way, list[tuple[list[Point], tuple[Piece, ...], Link]]] = {}
        for link in self.column.links:
            if (link.source, link.lag) == (source, lag) and step in self.present(link.reader):
                for way, beside in self._ways(link, step):
                    points, end = self._route(link, step, way, beside)
                    routes.setdefault(way, []).append((points, end, link))
        for way, found in routes.items():
            self._draw_tree(found, step, way)

    def _draw_tree(
        self, found: list[tuple[list[Point], tuple[Piece, ...], Link]], step: int, way: Way
    ) -> None:
        """Routes that begin as one; the longest is drawn whole, others from where they part."""
        found = sorted(found, key=lambda route: -_length(route[0]))
        starts = [
            _parting(points, [other for other, _, _ in found[:number]])
            for number, (points, _, _) in enumerate(found)
        ]
        forks = {rest[0] for rest in starts[1:]}
        self.dots += [(fork, way) for fork in sorted(forks)]
        for number, ((points, end, link), rest) in enumerate(zip(found, starts, strict=True)):
            path, drawn = (rounded(part, forks) + end for part in (points, rest))
            label = self._label(link, step) if way == "adjoint" else None
            self._add(link, step, way, path, drawn, way == "forward" or not number, label)

    def _route(
        self, link: Link, step: int, way: Way, beside: float
    ) -> tuple[list[Point], tuple[Piece, ...]]:
        """Corner by corner to where it comes up below its reader, and from there on."""
        column, tracks = self.column, self.tracks
        before = step - link.lag
        x, y = self.at(link.source, before)
        u, v = self.at(link.reader, step)
        side = (x + self.half(link.source, before), y - beside)
        if link.straight:
            return [side, (u - column.items[link.reader].right, v - beside)], ()
        bus: Bus = (link.source, link.lag, way)
        points = [side]
        if not column.aside(link.source, link.lag):
            port = column.out[link.source, link.lag] + beside
            leaves = tracks.height[column.rank(link.source) + 1, bus, -1]
            points = [(x + port, y + self.rim(link.source, before, port)), (x + port, leaves)]
        turn = self.right[before] + AWAY + TRACK * tracks.channel[bus]
        comes = tracks.height[tracks.entrance(link), bus, step % link.lag]
        points += [(turn, points[-1][1]), (turn, comes)]
        if link.passing:
            (item,) = link.passing
            place = (self.centre[step] + item.x + beside, tracks.top[item.rank])
            points += [(place[0], comes), place]
            return points, self._arrive(link, step, beside, place)
        port = column.into[link] + beside
        points += [(u + port, comes), (u + port, v - column.rim(link.reader, port))]
        return points, ()

    def _label(self, link: Link, step: int) -> Text | None:
        tex = self.labels(link.source, link.lag, link.reader, step)
        if not tex:
            return None
        half = text_width(tex, SMALL) / 2
        if link.straight:
            right = self._free_side(link.reader, step) - 3
            height = self.at(link.reader, step)[1] + BESIDE + 7
            return Text(tex, (right - half, height), SMALL, "adjoint")
        item = link.passing[-1]
        x = self.centre[step] + item.x + BESIDE + 2 + half
        return Text(tex, (x, self.tracks.middle(item.rank)), SMALL, "adjoint")

    def _free_side(self, number: int, step: int) -> float:
        """Left of it, and of what stands or passes left of it on its level, where nothing is."""
        item = self.column.items[number]
        first = self.column.rows[item.rank][0] is item
        x = item.x - item.right if first else -self.column.width / 2
        return self.centre[step] + x

    def _add(
        self,
        link: Link,
        step: int,
        way: Way,
        path: tuple[Piece, ...],
        drawn: tuple[Piece, ...],
        arrow: bool,
        label: Text | None,
    ) -> None:
        source, target = self.name(link.source, step - link.lag), self.name(link.reader, step)
        if way == "adjoint":
            source, target = target, source
            path, drawn = backwards(path), backwards(drawn)
        self.edges.append(Route(source, target, way, path, drawn, arrow, label))

    def _draw_rails(self) -> None:
        """From each parameter one line through all steps, with a branch to each reader."""
        for number, name in enumerate(self.rails):
            start = (self.rail, self._rail_height(name))
            turn = self.rail + AWAY / 2 + TRACK * number
            routes = []
            for k, used, place in self._uses():
                if used != name:
                    continue
                comes = self.tracks.height[self.column.rank(k), (name,), 0]
                for step in self.present(k):
                    u, v = self.at(k, step)
                    port = self.column.into[k, place]
                    end = (u + port, v - self.column.rim(k, port))
                    points = [start, (turn, start[1]), (turn, comes), (end[0], comes), end]
                    routes.append((_corners(points), self.name(k, step)))
            routes.sort(key=lambda route: -_length(route[0]))
            starts = [
                _parting(points, [other for other, _ in routes[:k]])
                for k, (points, _) in enumerate(routes)
            ]
            forks = {rest[0] for rest in starts[1:]}
            self.dots += [(fork, "rail") for fork in sorted(forks)]
            for (points, reader), rest in zip(routes, starts, strict=True):
                path, drawn = rounded(points, forks), rounded(rest, forks)
                self.edges.append(Route(name, reader, "rail", path, drawn))

    # --- the total ---------------------------------------------------------------------

    def total(self, total: Card, mean: Card | None) -> Iterator[Frame]:
        """L above all, and where it stands for itself the mean; edges from the losses to it."""
        loss = next(k for k, node in enumerate(self.nodes) if node.name == "loss")
        steps = self.present(loss)
        x = sum(self.at(loss, step)[0] for step in steps) / len(steps)
        low = self.tracks.end + GAP
        first = mean or total
        target = "mean" if mean else TOTAL
        span = min(first.width - 8, 9.0 * (len(steps) - 1))
        for number, step in enumerate(steps):
            u, v = self.at(loss, step)
            aside = span * (number / (len(steps) - 1) - 0.5) if len(steps) > 1 else 0.0
            self._rise_to(target, loss, step, (u, v), (x + aside, low))
        yield first.box(target, (x, low + first.height / 2))
        if mean:
            top = low + mean.height
            line: tuple[Piece, ...] = (((x, top),), ((x, top + GAP),))
            self.edges.append(Route("mean", TOTAL, "forward", line, line))
            yield total.box(TOTAL, (x, top + GAP + total.height / 2))

    def _rise_to(self, target: str, loss: int, step: int, at: Point, end: Point) -> None:
        top = self.tracks.top[self.column.rank(loss)]
        back = self.flows((-1, step, loss, step))
        ways: dict[Way, float] = (
            {"forward": -BESIDE, "adjoint": BESIDE} if back else {"forward": 0.0}
        )
        for way, by in ways.items():
            x = at[0] + by
            path: tuple[Piece, ...] = (((x, at[1] + self.column.rim(loss, by)),), ((x, top),))
            path += spline((x, top), (end[0] + by, end[1]), by)[1:]
            source, to = self.name(loss, step), target
            if way == "adjoint":
                path, source, to = backwards(path), to, source
            self.edges.append(Route(source, to, way, path, path))


def beside_below(cards: dict[str, Card], width: float) -> list[Frame]:
    """Parameters in rows, left to right."""
    return below(cards, 0.0, width, 0.0)


def _corners(points: Iterable[Point]) -> list[Point]:
    """Without those where a line goes straight on, or nowhere."""
    found: list[Point] = []
    for point in points:
        if found and point == found[-1]:
            continue
        if len(found) > 1 and (
            found[-2][0] == found[-1][0] == point[0] or found[-2][1] == found[-1][1] == point[1]
        ):
            found.pop()
        found.append(point)
    return found


def _length(points: Sequence[Point]) -> float:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(points))


def _parting(points: list[Point], others: Sequence[list[Point]]) -> list[Point]:
    """What is left of a way behind where it parts from the last of the others."""
    best = points
    for other in others:
        rest = _rest(points, other)
        if _length(rest) < _length(best):
            best = rest
    return best


def _rest(points: list[Point], other: list[Point]) -> list[Point]:
    for number, (corner, theirs) in enumerate(zip(points[1:], other[1:], strict=False), start=1):
        if corner == theirs:
            continue
        before = points[number - 1]
        for axis in (0, 1):
            along, across = corner[axis] - before[axis], theirs[axis] - before[axis]
            if corner[1 - axis] == before[1 - axis] == theirs[1 - axis] and along * across > 0:
                fork = min((corner, theirs), key=lambda end: abs(end[axis] - before[axis]))
                return [fork, *points[number:]] if fork != corner else points[number:]
        return points[number - 1 :]
    return points[-1:]
