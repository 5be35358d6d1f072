"""How the documentation is built: ``sphinx-build -W -b html docs build/docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

import symbptt

sys.path.insert(0, str(Path(__file__).parent))
from families import write_explorers, write_pages

project = "symbptt"
author = "the authors of symbptt"
copyright = author
release = version = symbptt.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_click",
]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
# What a page of mathematics says in braces is LaTeX, and no name of a page.
myst_dmath_double_inline = True

# Formulas are set by the KaTeX that pages of `derive --to html` have in them; no network.
html_static_path = ["static", "../symbptt/typeset/katex"]
html_css_files = ["katex.min.css"]
html_js_files = ["katex.min.js"]
mathjax_path = "mathematics.js"
mathjax_options = {"defer": "defer"}

exclude_patterns = ["figures", "trust"]
html_theme = "furo"
html_title = "symbptt"
html_show_copyright = False
html_show_sphinx = False

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False


def setup(app: Sphinx) -> None:
    """The gallery is made with the manual."""
    write_pages(Path(app.srcdir) / "gallery")
    app.connect("build-finished", _explorers)


def _explorers(app: Sphinx, failure: Exception | None) -> None:
    if failure is None and app.builder.format == "html":
        write_explorers(Path(app.outdir) / "explorer")
