"""Pages that share their styles, scripts and fonts with the others of a site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbptt.templating import template_folder
from symbptt.typeset.blocks import Document
from symbptt.typeset.html_format import KATEX, Html

POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; font-src 'self'; "
    "img-src 'self' data:"
)
"""Nothing comes from elsewhere, and nothing that a page's text holds runs."""

SHARED = "shared"


@dataclass(eq=False)
class Linked(Html):
    """A page of a site.

    Attributes
    ----------
    above, below : str
        What stands before its title and behind its text, ready.
    root : str
        The way from its folder to that of the site.
    """

    above: str
    below: str
    root: str = "../"

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        return {**super().parts(document, text), "above": self.above, "below": self.below}

    def assets(self) -> Mapping[str, str]:
        folder = f"{self.root}{SHARED}/"
        return {
            "policy": POLICY,
            "styles": "\n".join(
                (
                    '<link rel="icon" href="data:,">',
                    *(
                        f'<link rel="stylesheet" href="{folder}{name}">'
                        for name in ("katex.min.css", "style.css", "site.css")
                    ),
                )
            ),
            "licences": "",
            "scripts": "\n".join(
                f'<script src="{folder}{name}"></script>' for name in ("katex.min.js", "script.js")
            ),
        }


def shared() -> dict[str, bytes]:
    """What all pages link to, by its path within the site; KaTeX with its licence."""
    pages, own = template_folder("html"), template_folder("gallery")
    paths = [KATEX / "katex.min.css", KATEX / "katex.min.js", pages / "style.css"]
    paths += [pages / "script.js", own / "site.css", own / "index.js"]
    found = {path.name: path.read_bytes() for path in paths}
    found |= {f"fonts/{path.name}": path.read_bytes() for path in (KATEX / "fonts").glob("*.woff2")}
    found["katex-LICENSE.txt"] = (KATEX / "LICENSE").read_bytes()
    return {f"{SHARED}/{name}": found[name] for name in sorted(found)}
