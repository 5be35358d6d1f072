"""Documents into which fragments are pasted."""

from __future__ import annotations

_PACKAGES = r"\usepackage{amsmath,amssymb,bm,graphicx}"

HOSTS: dict[str, tuple[str, str]] = {
    "article": (
        rf"\documentclass[10pt]{{article}}{_PACKAGES}\begin{{document}}",
        r"\end{document}",
    ),
    "columns": (
        rf"\documentclass[10pt,twocolumn]{{article}}{_PACKAGES}\begin{{document}}",
        r"\end{document}",
    ),
    "beamer": (
        rf"\documentclass{{beamer}}{_PACKAGES}\begin{{document}}\begin{{frame}}[allowframebreaks=0.9]",
        r"\end{frame}\end{document}",
    ),
}
"""What stands before a fragment and behind it, in a host of each width."""


def hosted(fragment: str, host: str) -> str:
    """The fragment in a document with a paragraph of its own."""
    start, end = HOSTS[host]
    return f"{start}\nThe host's own text.\n{fragment}\nAnd further text.\n{end}\n"
