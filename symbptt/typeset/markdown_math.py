r"""Formulas spelled so that Markdown finds nothing in them to take.

Some renderers keep formulas out of Markdown's hands (Pandoc, Jupyter, VS Code), GitHub not
everywhere: there a backslash before a sign is eaten, two times ``}_{`` are emphasis, ``a<b`` is
HTML, and some of LaTeX's commands are refused. In this spelling a backslash stands before letters
alone and an underscore before a space, over which TeX passes. So formulas may stand between the
dollar signs that all renderers know, and mean the same whoever reads them first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from symbptt.typeset.latex import DisplayRow, display_line

SPELLED: dict[str, str] = {
    r"\,": r"\thinspace",
    r"\:": r"\thinspace",
    r"\;": r"\thinspace\thinspace",
    r"\!": r"\negthinspace",
    r"\{": r"\lbrace",
    r"\}": r"\rbrace",
    r"\|": r"\Vert",
    r"\_": r"\underline{\enspace}",
    "\\\\": r"\cr",
    "*": r"\ast",
    "|": r"\vert",
    "_": "_ ",
    "<": " < ",
    "&": "& ",
    "](": "] (",
}
"""What Markdown would take, and what is the same in TeX and nothing in Markdown."""

_GIVEN = re.compile(r"\\\\(?:\[[^\]\n]*\])?|\\[,:;!{}|_]|\]\(|[*|]|_(?! )|<(?! )|&(?=\w)")
_OPERATOR = re.compile(r"\\operatorname\{((?:[^{}]|\{[^{}]*\})*)\}")


def safe_in_markdown(tex: str) -> str:
    """The formula as it stands between dollar signs in Markdown."""
    return _GIVEN.sub(_spelled, _OPERATOR.sub(r"\\mathop{\\mathrm{\1}}", tex))


def displayed(tex: str) -> str:
    """A formula for itself in Markdown."""
    return f"$$\n{safe_in_markdown(tex)}\n$$"


def _spelled(match: re.Match[str]) -> str:
    given = match[0]
    # The space that a row's end may ask for behind itself can't be said.
    spelled = SPELLED["\\\\" if given.startswith("\\\\") else given]
    follows = match.string[match.end() : match.end() + 1]
    return f"{spelled} " if re.search(r"\\[A-Za-z]+\Z", spelled) and follows.isalpha() else spelled


def numbered(rows: Iterable[DisplayRow]) -> str:
    """A display with its numbers in a column: not every renderer has a margin for them."""
    rows = tuple(rows)
    words = [(rf"\text{{{row.words}}}" if row.words else "") for row in rows]
    tags = [(rf"\text{{({row.tag})}}" if row.tag else "") for row in rows]
    columns = [column for column in (words, tags) if any(column)]
    lines = (
        " && ".join((display_line(row), *cells)).rstrip("& ")
        for row, *cells in zip(rows, *columns, strict=True)
    )
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"
