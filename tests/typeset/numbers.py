"""The numbers of equations in a document of any format."""

from __future__ import annotations

import re

_TAG = r"\\tag\{(\w+)\}"
_BOX = r"#box\[\((\w+)\)\]"
DISPLAYED = {
    "tex": _TAG,
    "beamer": _TAG,
    "md": r"\\text\{\((\w+)\)\}",
    "typst": _BOX,
    "text": r"(?m)^ *\((\w+)\)  ",
    "html": r' id="eq-(\w+)"',
}
BOXED = {**DISPLAYED, "html": r'href="#eq-(\w+)"'}
SUMMARY = {
    "tex": r"\section{Summary}",
    "beamer": r"\section{Summary}",
    "typst": "= Summary\n",
    "md": "## Summary",
    "text": "Summary\n=======",
    "html": "<h2>Summary</h2>",
}


def told(text: str, to: str) -> tuple[list[str], list[str]]:
    """The numbers in the sections and those in the summary, in the order printed."""
    sections, _, summary = text.partition(SUMMARY[to])
    return re.findall(DISPLAYED[to], sections), re.findall(BOXED[to], summary)
