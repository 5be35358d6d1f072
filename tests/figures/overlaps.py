"""What lies over what in a picture: computed from its boxes, its curves and estimated widths."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from symbptt.figures.picture import Frame, Picture, Piece, Point, Route, Text

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""
# How high a formula is, beside its size; how far an edge may touch.
HIGH, TOUCH = 1.0, 0.3


def overlaps(picture: Picture) -> list[str]:
    """A line for each two things of which one lies over the other."""
    return [
        *_pairs("boxes", {box.name: _frame(box) for box in picture.boxes}),
        *_pairs("labels", {e.label.tex: _around(e.label) for e in picture.edges if e.label}),
        *(found for box in picture.boxes for found in _within(box)),
        *(found for edge in picture.edges for found in _edge(picture, edge)),
        *_same_lines(picture),
        *_outside(picture),
    ]


def _pairs(what: str, frames: dict[str, Rectangle]) -> Iterator[str]:
    ordered = sorted(frames.items(), key=lambda named: named[1])
    for number, (one, first) in enumerate(ordered):
        for other, second in ordered[number + 1 :]:
            if second[0] >= first[2]:
                break
            if _meet(first, second):
                yield f"{what} {one} and {other}"


def _within(box: Frame) -> Iterator[str]:
    """Texts that leave their box, or meet in it."""
    left, top, right, bottom = _frame(box)
    frames = {text.tex: _around(text) for text in box.texts}
    for tex, (a, b, c, d) in frames.items():
        sign = box.kind == "operator" and right - left == bottom - top
        if not sign and not (left <= a and top <= b and c <= right and d <= bottom):
            yield f"text {tex} leaves its box {box.name}"
    yield from _pairs(f"texts in {box.name}:", frames)


def _edge(picture: Picture, edge: Route) -> Iterator[str]:
    """Boxes and labels that an edge goes through; its own it may touch."""
    points = list(_points(edge.path))
    name = f"edge {edge.source} -> {edge.target}"
    ends = {edge.source: points[0], edge.target: points[-1]}
    near = _reach(points)
    for box in picture.boxes:
        frame = _frame(box)
        if _meet(near, frame) and any(
            _holds(frame, p, TOUCH, box.kind == "operator") for p in points
        ):
            yield f"{name} behind box {box.name}"
        if edge.label and _meet(_around(edge.label), frame):
            yield f"label {edge.label.tex} on box {box.name}"
        if box.name in ends and not _holds(frame, ends[box.name], -TOUCH):
            yield f"{name} does not reach {box.name}"
    for label in (other.label for other in picture.edges if other.label):
        frame = _around(label)
        if _meet(near, frame) and any(_holds(frame, p, 0.0) for p in points):
            yield f"{name} through label {label.tex}"


def _reach(points: list[Point]) -> Rectangle:
    across, down = [p[0] for p in points], [p[1] for p in points]
    return (min(across) - 0.1, min(down) - 0.1, max(across) + 0.1, max(down) + 0.1)


def _same_lines(picture: Picture) -> Iterator[str]:
    """Straight pieces that are drawn one over the other."""
    lines: dict[tuple[int, float], list[tuple[float, float, str]]] = {}
    for edge in picture.edges:
        name = f"{edge.source} -> {edge.target} ({edge.way})"
        for a, b in _straight(edge.drawn):
            for axis in (0, 1):
                if abs(a[1 - axis] - b[1 - axis]) < 0.01 and abs(a[axis] - b[axis]) > 1:
                    line = lines.setdefault((axis, round(a[1 - axis], 1)), [])
                    line.append((min(a[axis], b[axis]), max(a[axis], b[axis]), name))
    for line in lines.values():
        for (_, high, one), (low, _, other) in pairwise(sorted(line)):
            if high - low > 1:
                yield f"edges {one} and {other} on one line"


def _outside(picture: Picture) -> Iterator[str]:
    frames = {box.name: _frame(box) for box in picture.boxes}
    frames |= {text.tex: _around(text) for text in picture.texts()}
    for edge in picture.edges:
        for number, piece in enumerate(edge.path):
            for x, y in piece:
                frames[f"{edge.source} -> {edge.target} {number}"] = (x, y, x, y)
    for name, (left, top, right, bottom) in frames.items():
        if left < 0 or top < 0 or right > picture.width or bottom > picture.height:
            yield f"{name} leaves the picture"


def _points(path: tuple[Piece, ...]) -> Iterator[Point]:
    start = path[0][0]
    yield start
    for piece in path[1:]:
        a, b, end = piece if len(piece) == 3 else (start, piece[0], piece[0])
        steps = 12 if len(piece) == 3 else max(2, int(_far(start, end) / 4))
        for k in range(1, steps + 1):
            t = k / steps
            if len(piece) == 1:
                yield _mix(start, end, t)
                continue
            low, middle, high = _mix(start, a, t), _mix(a, b, t), _mix(b, end, t)
            yield _mix(_mix(low, middle, t), _mix(middle, high, t), t)
        start = end


def _straight(path: tuple[Piece, ...]) -> Iterator[tuple[Point, Point]]:
    start = path[0][0]
    for piece in path[1:]:
        if len(piece) == 1:
            yield start, piece[0]
        start = piece[-1]


def _mix(a: Point, b: Point, t: float) -> Point:
    return (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))


def _far(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _frame(box: Frame) -> Rectangle:
    (x, y), half, high = box.centre, box.width / 2, box.height / 2
    return (x - half, y - high, x + half, y + high)


def _around(text: Text) -> Rectangle:
    (x, y), half, high = text.at, text.width / 2, HIGH * text.size / 2
    return (x - half, y - high, x + half, y + high)


def _meet(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _holds(frame: Rectangle, point: Point, less: float, round_: bool = False) -> bool:
    """Whether a point lies in a frame that is ``less`` smaller at each side."""
    left, top, right, bottom = frame
    x, y = point
    if not (left + less < x < right - less and top + less < y < bottom - less):
        return False
    radius = (bottom - top) / 2
    centre = min(max(x, left + radius), right - radius), (top + bottom) / 2
    far = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) ** 0.5
    return not round_ or far < radius - less
