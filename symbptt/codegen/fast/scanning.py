"""The views of a loop that can be scanned: a plan for few numbers a step, else the steps."""

from __future__ import annotations

from collections.abc import Sequence

from symbptt.codegen.fast.layout import Layout
from symbptt.codegen.fast.scope import INDENT, Scope, Section, in_brackets, row_shape
from symbptt.codegen.places import leaves
from symbptt.codegen.program import Assign

SCAN_NUMBERS = 64
"""Up to how many numbers a step has a scan is faster than the loop, by measurement."""


def scan_views(
    name: str,
    statement: Assign,
    backs: Sequence[str],
    views: tuple[list[str], list[str]],
    layout: Layout,
    backward: bool,
) -> list[str]:
    """The lines that make a loop's chunks: views, the plan of a scan, views of the steps.

    ``views`` are the lines of the tuples of a step's views and of a chunk's.
    """
    own, chunk = views
    number = name.removeprefix("loop_")
    scan, source = f"scan_{number}", f"chunks_{number}"
    width = in_brackets(row_shape(layout.names, statement.target.shape))
    places = ", ".join(["now", *backs])
    # A scan is of what reads one step back; its chunks may read further.
    others = ", *_" if len(backs) > 1 else ""
    run, chunks = f"_stepwise(run, {scan})", f"_uniform(chunks, {scan})"
    if backward:
        run, chunks = f"reversed({run})", f"reversed({chunks})"
    return [
        f'{scan} = size["B"] * {width} <= {SCAN_NUMBERS}',
        f"{source} = {chunks}",
        f"{name} = [",
        f"{INDENT}(",
        *shortened(chunk),
        f"{INDENT * 2}_scan_plan(",
        f"{INDENT * 3}{scan},",
        f"{INDENT * 3}run,",
        *(f"{INDENT * 3}{text}," for text in plan_arrays(statement, layout)),
        f"{INDENT * 3}{backward},",
        f"{INDENT * 3}buffers,",
        f"{INDENT * 3}size,",
        f"{INDENT * 2}),",
        f"{INDENT * 2}[",
        *own,
        f"{INDENT * 3}for here, top, now, prev{others} in {run}",
        f"{INDENT * 2}],",
        f"{INDENT})",
        f"{INDENT}for {places}, whole, run in {source}",
        "]",
    ]


def shortened(lines: list[str]) -> list[str]:
    """A tuple of one item, or of none, on one line."""
    if len(lines) > 3:
        return lines
    first, *items, last = lines
    return [first + "".join(item.strip() for item in items) + last.strip()]


def plan_arrays(statement: Assign, layout: Layout) -> list[str]:
    """The rows of a chunk of what multiplies, of what it multiplies and of the target."""
    own = Section("plan")
    scope = Scope(layout, "chunk", own, own)
    rate, source = leaves(statement.value)
    names = [scope.leaf(leaf) for leaf in (rate, source, statement.target)]
    texts = {name: text for text, name in own.views.items()}
    return [texts.get(name, name) for name in names]
