"""Documents into which fragments are pasted."""

from __future__ import annotations

_PACKAGES = r"\usepackage{amsmath,amssymb,bm,graphicx}"

HOSTS: dict[str, tuple[str, str, str]] = {
    "article": (r"\documentclass[10pt]{article}", "", r"\clearpage"),
    "columns": (r"\documentclass[10pt,twocolumn]{article}", "", r"\clearpage"),
    "beamer": (
        r"\documentclass{beamer}",
        r"\begin{frame}[allowframebreaks=0.9]",
        r"\end{frame}",
    ),
}
"""The class of a host of each width, and what stands around each fragment."""


def hosted(host: str, *fragments: str) -> str:
    """The fragments in a document, each with a paragraph of the document's own."""
    preamble, start, end = HOSTS[host]
    pages = "\n".join(
        f"{start}\nThe host's own text.\n{fragment}\nAnd further text.\n{end}"
        for fragment in fragments
    )
    return f"{preamble}{_PACKAGES}\\begin{{document}}\n{pages}\n\\end{{document}}\n"
