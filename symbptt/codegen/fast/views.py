"""How views are written in NumPy, and what the text of values and calls mentions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from symbptt.codegen.fast.buffers import (
    Extent,
    KernelCall,
    LocalName,
    Statement,
    Value,
    View,
    loops,
    met,
    values,
)
from symbptt.codegen.numpy_printer import names_of_call

Known = Mapping[Value, str]
"""The names of the views that a function or a loop is handed."""

VIEWS: dict[str, str | tuple[str, ...]] = {
    # rows
    "at": "{0}[{1}]",
    "begin": "{0}[rows.begin({1})]",
    "live": "{0}[rows.live]",
    "before_live": "{0}[: rows.live.start]",
    "gathered": ("w.gathered", "{0}", "{1}", "{2}"),
    # which rows
    "back": "rows.back[{0}]",
    "ends": "rows.ends[{0}]",
    "finals": "rows.finals[{0}]",
    # columns, and other shapes
    "transposed": "{0}.T",
    "flat": "{0}.reshape(-1)",
    "each": "{0}[:, None]",
    "as_columns": "{0}[..., None]",
    "as_rows": "{0}[..., None, :]",
    "turned": "{0}.swapaxes(-1, -2)",
    "entries": ("_entries", "{0}"),
    "spread": ("{0}.reshape", "{1}", "1", "-1"),
    "columns": ("_block", "{0}", "{1}", "{2}"),
    "rows": ("_rows_of", "{0}", "{1}", "{2}"),
    "columns of": ("_side_by_side", "{0}", "{1}"),
    "rows of": ("_stacked", "{0}", "{1}"),
    "in_blocks": ("_in_blocks", "{0}", "{1}"),
    "blocks": ("_by_blocks", "{0}", "{1}"),
    "blocks_of_steps": ("_by_blocks", "{0}", "{1}", "len(run)"),
    "columns_as_blocks": ("_by_columns", "{0}", "{1}"),
    "columns_as_blocks_of_steps": ("_by_columns", "{0}", "{1}", "len(run)"),
    "step": "{0}[0]",
    "member": "{0}[0, {1}]",
    "members": "{0}[0, {1}:{2}]",
    "members_of_steps": "{0}[:, {1}:{2}]",
    "rows_of_member": ("_rows_of_member", "{0}", "w.rows", "{1}", "{2}"),
    # products of a step
    "blocking": ("_blocking", 'size["B"]', "{0}", "{1}", "dtype"),
    "product_in": ("_product_in", "{0}", "{1}"),
    "columns_for": ("_columns_for", "w", "{0}", "{1}", "{2}", "{3}"),
    "columns_for_given": ("_columns_for", "w", "{0}", "{1}", "{2}", "{3}", "given=True"),
    "in_columns": ("_in_columns", "{0}", "{1}", "first"),
    "rows_in": ("_rows_in", "{0}", "{1}"),
    "out_in": ("_out_in", "{0}", "{1}"),
    # what is made when the size of a call is known
    "number": ("np.asarray", "{0}", "dtype"),
    "ones": ("np.ones", "{0}", "dtype"),
    "column_of_ones": ("np.ones", "({0}, 1)", "dtype"),
    "identity": ("np.eye", "{0}", "dtype=dtype"),
    "row_starts": "np.arange({0}) * {1}",
    # what is made where it is taken
    "sum_over_rows": ("np.add.reduce", "{0}", "axis=0"),
    "sum_of_scalars": ("np.add.reduce", "{0}", "axis=None"),
}
"""How each view of an array is written; a tuple is a function and its arguments."""

OWN_WORDS = {
    how: names_of_call(row if isinstance(row, str) else f"{row[0]}({', '.join(row[1:])})")
    for how, row in VIEWS.items()
}
"""The names that each way of writing a view brings with it."""

EXACTLY = ("tanh", "logaddexp")
"""Functions of NumPy that exact numbers need not have."""


def mentioned(found: Iterable[Value], known: Known) -> set[str]:
    """The names in the text of some values: of what is handed, else of what they are made of."""
    names: set[str] = set()
    for value in (each for top in found for each in met(top, known)):
        if value in known:
            names.add(known[value])
        elif isinstance(value, LocalName):
            names.add(value.name.partition(".")[0])
        elif isinstance(value, Extent) and not isinstance(value.dim, int):
            names.add("size")
        elif isinstance(value, View):
            names |= OWN_WORDS.get(value.how, set())
    return names


def names_in(found: Sequence[Statement], known: Known) -> set[str]:
    """The names in the text of some statements, those inside of loops among them."""
    names = mentioned(values(found), known)
    for loop in loops(found):
        for section in loop.sections:
            names |= names_in(section.statements, {**known, **section.views})
    return names


def aliases(found: Iterable[KernelCall]) -> Iterator[str]:
    """The lines that look up NumPy's functions."""
    names = {"copyto", *(c.function for c in found if isinstance(c.function, str))}
    pairs = {alias(n): n for n in names if not n.startswith("_") and n not in EXACTLY}
    yield from (f"{short} = np.{name}" for short, name in sorted(pairs.items()) if short)


def exact_kernels(found: Iterable[KernelCall]) -> Iterator[str]:
    """The lines that put other functions in the place of those that serve floats alone."""
    names = {call.function for call in found}
    for name in EXACTLY:
        if name in names:
            yield f"{alias(name)} = _exact_{name} if w.dtype == object else np.{name}"


def alias(function: str) -> str:
    """A module's own name for a function of NumPy; nothing for one that is rarely called."""
    if "." in function or function in ("sign", "greater", "fill"):
        return ""
    return "_product" if function == "dot" else f"_{function}"
