"""The helpers of `templates/numpy/helpers`: which of them a module needs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from symbptt.functions.helpers import HELPERS
from symbptt.templating import template_folder


def helper_exists(name: str) -> bool:
    return name in HELPERS or (template_folder("numpy") / "helpers" / f"{name}.py.j2").is_file()


def helper_text(name: str) -> str:
    if name in HELPERS:
        return HELPERS[name]
    path = template_folder("numpy") / "helpers" / f"{name}.py.j2"
    return path.read_text(encoding="utf-8")


def needed_helpers(used: Iterable[str]) -> tuple[str, ...]:
    """The helpers, and the helpers that those call, in alphabetical order."""
    folder = template_folder("numpy") / "helpers"
    existing = {path.name.removesuffix(".py.j2") for path in folder.glob("*.py.j2")} | {*HELPERS}
    found: set[str] = set()
    pending = sorted(used)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            called = existing & set(re.findall(r"\b_\w+", helper_text(name)))
            pending.extend(sorted(called))
    return tuple(sorted(found))


def imports(helpers: Iterable[str]) -> tuple[str, ...]:
    needs_math = any("math." in helper_text(name) for name in helpers)
    return ("import math",) if needs_math else ()
