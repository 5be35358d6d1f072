"""Where a document's mathematics stands: its displays, its inline formulas, the words between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symbptt.documents.pages import MARKDOWN, Page

ENVIRONMENTS = (
    "equation", "align", "alignat", "flalign", "gather", "multline", "eqnarray", "displaymath",
    "math", "dmath", "dgroup",
)  # fmt: skip

_ENVIRONMENT = rf"\\begin\s*\{{(?P<name>(?:{'|'.join(ENVIRONMENTS)})\*?)\}}(?:\s*\{{\d\}})?"
_TEX = re.compile(rf"{_ENVIRONMENT}|\\\\(?:\[[^\]\n]*\])?|\\.|\$\$|\$", re.DOTALL)
# In Markdown a backslash is often doubled: \\[ … \\].
_MARKDOWN = re.compile(rf"{_ENVIRONMENT}|\\\\[\[(]|\\.|\$\$|\$", re.DOTALL)
_CLOSING = {r"\[": r"\]", r"\(": r"\)", r"\\[": r"\\]", r"\\(": r"\\)", "$$": "$$"}
_INLINE = (r"\(", r"\\(", "$")


@dataclass(frozen=True)
class Passage:
    """A stretch of mathematics.

    Attributes
    ----------
    line : int
        Of its first character.
    before : str
        The words between the stretch before it and itself.
    name : str
        Its number, where one stands in the text beside it.
    """

    line: int
    text: str
    inline: bool
    before: str = ""
    name: str = ""


def displays(page: Page) -> Iterator[Passage]:
    """The mathematics of a page, from its beginning to its end.

    Raises
    ------
    DocumentError
        If a display is never closed.
    """
    text = page.text
    opening = _MARKDOWN if page.kind == MARKDOWN else _TEX
    place = words = 0
    line, counted = 1, 0
    while match := opening.search(text, place):
        sign = match.group()
        place = match.end()
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match["name"]:
            end, place = _environment_end(page, match, line)
        elif sign == "$":
            end = _inline_end(page, place)
            if end < 0:
                continue
            place = end + 1
        elif sign in _CLOSING:
            end = text.find(_CLOSING[sign], place)
            if end < 0:
                raise page.wrong(line, f"the display that `{sign}` opens here is never closed")
            start, place = place, end + len(_CLOSING[sign])
        else:
            continue
        start = match.end()
        body = text[start:end]
        first = len(body) - len(body.lstrip())
        begins = line + text.count("\n", match.start(), start + first)
        inline = sign in _INLINE
        if page.kind == MARKDOWN:
            body = _unescaped(body)
        name = "" if inline else _number_beside(text, match.start(), place)
        yield Passage(begins, body.strip(), inline, text[words : match.start()], name)
        words = place


_NUMBER = r"\(([A-Z]?\d+(?:[.\-]\d+)*[a-z]?)\)[ \t]*+"
_ABOVE = re.compile(rf"(?:^|\n)[ \t]*{_NUMBER}\n?[ \t]*\Z")
_BELOW = re.compile(rf"[ \t]*+(?:\n[ \t]*+)?{_NUMBER}(?:\n|\Z)")


def _number_beside(text: str, start: int, end: int) -> str:
    """The number of a display that stands by itself before it, behind it or on the next line."""
    found = _BELOW.match(text, end) or _ABOVE.search(text, max(0, start - 40), start)
    return found.group(1) if found else ""


def _environment_end(page: Page, match: re.Match[str], line: int) -> tuple[int, int]:
    r"""Where an environment's body ends, and where what follows ``\end`` begins."""
    name = re.escape(match["name"])
    depth = 1
    for mark in re.compile(rf"\\(begin|end)\s*\{{{name}\}}").finditer(page.text, match.end()):
        depth += 1 if mark.group(1) == "begin" else -1
        if not depth:
            return mark.start(), mark.end()
    raise page.wrong(line, f"`{match.group()}` is never closed")


def _inline_end(page: Page, start: int) -> int:
    """Where an inline formula ends that a dollar begins; -1 where the dollar is money."""
    text = page.text
    if page.kind == MARKDOWN and text[start : start + 1].isspace() and text[start] == "\n":
        return -1
    place = start
    while True:
        end = text.find("$", place, start + 2_000)
        if end < 0 or "\n\n" in text[start:end]:
            return -1
        if text[end - 1] != "\\":
            break
        place = end + 1
    money = page.kind == MARKDOWN and text[end + 1 : end + 2].isdecimal()
    return -1 if money else end


def _unescaped(body: str) -> str:
    """Without what keeps Markdown off: backslashes before its marks, spaces behind underscores."""
    return re.sub(r"\\([_*])|(_) +", r"\1\2", body.replace("\\\\\\\\", "\\\\"))
