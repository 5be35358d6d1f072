"""How views are handed to functions and to the steps of loops: tuples and what takes them."""

from __future__ import annotations

from symbptt.codegen.fast.scope import INDENT, unpacked


def handed(name: str, views: dict[str, str]) -> list[str]:
    """``name=(…),``, an item a line; the lines stand two levels deeper in the module."""
    if not views:
        return [f"{name}=(),"]
    first = next(iter(views))
    if len(views) == 1 and len(first) < 76 - len(name):
        # A formatter leaves a tuple of one on its line.
        return [f"{name}=({first},),"]
    items = [line for text in views for line in item_lines(text, INDENT * 3)]
    return [f"{name}=(", *(line[8:] for line in items), "),"]


def tuple_lines(views: dict[str, str], indent: str, ending: str = "") -> list[str]:
    # A level deeper in the module.
    items = [line for text in views for line in item_lines(text, indent + INDENT * 2)]
    return [f"{indent}(", *(line[4:] for line in items), f"{indent}){ending}"]


def item_lines(text: str, indent: str) -> list[str]:
    """An item of a tuple; a call in it an argument a line where it would be too long."""
    callee, _, rest = text.partition("(")
    if len(indent) + len(text) < 88 or not rest.endswith(")"):
        return [f"{indent}{text},"]
    inside = [f"{indent}{INDENT}{part}," for part in rest.removesuffix(")").split(", ")]
    return [f"{indent}{callee}(", *inside, f"{indent}),"]


def loop_head(names: list[str], source: str, indent: str) -> list[str]:
    listed = ", ".join(names)
    line = f"{indent}for {listed} in {source}:"
    if len(names) > 1 and len(line) <= 84:
        return [line]
    return [f"{indent}for step in {source}:", *unpacked(names, "step", indent + INDENT)]
