"""Templates: layout and loops over ready strings, found installed and in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from symbptt.errors import UnknownNameError

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries the templates inside the package; a checkout has them beside it.
_ROOTS = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")


def template_folder(kind: str) -> Path:
    """The folder of the templates of one kind: ``latex``, ``numpy``, …

    Raises
    ------
    UnknownNameError
        If no such folder is installed.
    """
    for root in _ROOTS:
        if (root / kind).is_dir():
            return root / kind
    raise UnknownNameError(f"no folder of templates is called {kind!r} (looked in {_ROOTS})")


@cache
def environment(kind: str) -> Environment:
    r"""The Jinja environment of one kind of template.

    An undefined name is an error, and nothing is escaped: the strings that templates
    receive are ready. LaTeX is full of braces and percent signs, so there the
    delimiters are ``<< >>``, ``<% %>`` and ``<# #>``.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    """
    delimiters: dict[str, str] = {}
    if kind == "latex":
        delimiters = {
            "block_start_string": "<%",
            "block_end_string": "%>",
            "variable_start_string": "<<",
            "variable_end_string": ">>",
            "comment_start_string": "<#",
            "comment_end_string": "#>",
        }
    return Environment(
        loader=FileSystemLoader(template_folder(kind)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        **delimiters,  # type: ignore[arg-type]
    )
