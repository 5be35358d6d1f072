"""What the benchmark writes: a page with tables, and a figure."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence

from benchmarks.comparison import Comparison, ratio_in_words
from benchmarks.contenders import CONTENDERS
from benchmarks.task import DTYPES, SIZES
from symbptt.figures.svg import Drawing
from symbptt.output import MARK

COLOURS = {
    "generated": "",
    "checkpointed": "#66ccee",
    "plain": "#b8b8b8",
    "fast": "#4477aa",
    "loops": "#aa3377",
    "torch": "#ee6677",
    "jax": "#228833",
    "products": "#999933",
}
MAKE = "`make bench`"


def page(
    results: Sequence[Comparison],
    peaks: Mapping[tuple[str, str, str], Mapping[str, Mapping[str, float]]],
    about: Sequence[str],
    against: str,
) -> str:
    """The page in Markdown."""
    parts = [
        "# How fast the generated modules are",
        f"Made by {MAKE}. One gradient step (forward pass, mean softmax cross-entropy on every "
        "step, all parameter gradients), all contenders in one process, interleaved, their results "
        f"compared first. {sizes_in_words(SIZES)}",
        "\n".join(f"- {line}" for line in about),
        "![Ratios of times](benchmark.svg)",
    ]
    for dtype in DTYPES:
        rows = [found for found in results if found.dtype == dtype]
        if rows:
            parts += [
                f"## {dtype}: a contender's time over that of {_title(against)}",
                "Median and quartiles of the rounds' ratios.",
                ratios(rows, against),
            ]
    if peaks:
        parts += [
            "## Memory",
            "MiB: the peak of a process for three steps beyond what it had before; in brackets "
            "what is kept from forward to backward pass: the bytes of the workspace, or what "
            "autograd saves with the gradients.",
            _memory(peaks),
        ]
    return "\n\n".join(parts) + "\n"


def sizes_in_words(names: Container[str]) -> str:
    """What T, B, d, h and q are at some sizes."""
    sizes = [(name, SIZES[name]) for name in SIZES if name in names]
    listed = "; ".join(f"{name} ({s.T}, {s.B}, {s.d}, {s.h}, {s.q})" for name, s in sizes)
    return f"Sizes (T, B, d, h, q): {listed}."


def _title(name: str) -> str:
    return CONTENDERS[name].title if name in CONTENDERS else name


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ratios(rows: Sequence[Comparison], against: str) -> str:
    """A table of times and ratios, a row a cell and size."""
    names = [name for name in rows[0].times.names if name != against]
    return _table(
        ["cell, size", f"{_title(against)}, ms", *map(_title, names)],
        [
            [f"{found.cell} {found.size}", f"{1e3 * found.times.median(against):.3g}",
             *(ratio_in_words(found.times, name, against) for name in names)]
            for found in rows
        ],
    )  # fmt: skip


def _memory(peaks: Mapping[tuple[str, str, str], Mapping[str, Mapping[str, float]]]) -> str:
    names = list(next(iter(peaks.values())))
    return _table(
        ["cell, size", *map(_title, names)],
        [
            [f"{cell} {size} {dtype}", *(_memory_in_words(found[name]) for name in names)]
            for (cell, size, dtype), found in peaks.items()
        ],
    )


def _memory_in_words(found: Mapping[str, float]) -> str:
    kept = f" ({found['kept']:g})" if "kept" in found else ""
    return f"{found['peak']:g}{kept}"


# --- the figure ------------------------------------------------------------------------

LEFT, TOP, ROW, WIDTH = 130.0, 90.0, 24.0, 560.0
BESIDE = 4  # names in a line of the legend
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def figure(results: Sequence[Comparison], against: str) -> str:
    """Ratios in float32 on a logarithmic scale, a row a cell and size, as SVG."""
    dtype = results[0].dtype
    rows = [found for found in results if found.dtype == dtype]
    height = TOP + ROW * len(rows) + 50
    title = f"Time over that of {_title(against)}, {dtype}; one gradient step"
    drawing = Drawing(LEFT + WIDTH + 30, height, title, f"{MARK}: make bench", zoom=1.0)
    drawing.text((LEFT, 20), title, anchor="start")
    names = [name for name in rows[0].times.names if name != against]
    for number, name in enumerate(names):
        line, column = divmod(number, BESIDE)
        x, y = LEFT + column * WIDTH / BESIDE, 42 + 18 * line
        drawing.dot((x, y), color=COLOURS[name])
        drawing.text((x + 7, y + 4), _title(name), anchor="start", size=11)
    for tick in TICKS:
        x = _place(tick)
        kind = "" if tick == 1 else "faint dashed"
        drawing.path((((x, TOP - 12),), ((x, height - 40),)), kind, arrow=False)
        drawing.text((x, height - 24), f"{tick:g}", size=11)
    for number, found in enumerate(rows):
        y = TOP + ROW * number
        drawing.text((LEFT - 12, y + 4), f"{found.cell} {found.size}", anchor="end")
        for name in names:
            low, middle, high = found.times.ratio(name, against)
            ends = (((_place(low), y),), ((_place(high), y),))
            drawing.path(ends, arrow=False, color=COLOURS[name])
            drawing.dot((_place(middle), y), color=COLOURS[name])
    return str(drawing.svg())


def _place(ratio: float) -> float:
    """Where a ratio stands; what lies beyond the scale stands at its end."""
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])
    share = (math.log(ratio) - low) / (high - low)
    return LEFT + WIDTH * min(max(share, 0), 1)
