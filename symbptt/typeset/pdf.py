r"""Documents as PDF: by a TeX engine that is installed, else by Typst.

The engine runs in a folder of its own, for a bounded time, may start no program and read no file
outside; nothing in the PDF tells when or where it was made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from symbptt.errors import TypesettingError

SECONDS = 120.0
"""How long an engine may take for one run."""

_PDFTEX = r"\pdftrailerid{}\pdfsuppressptexinfo=-1\pdfinfoomitdate=1\input{document.tex}"
_LUATEX = r"\pdfvariable suppressoptionalinfo 1023\relax\input{document.tex}"
_OPTIONS = ("-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-jobname=document")
ENGINES: Mapping[str, Sequence[str]] = {
    "pdflatex": (*_OPTIONS, _PDFTEX),
    "lualatex": (*_OPTIONS, _LUATEX),
    "tectonic": ("--untrusted", "document.tex"),
}
"""The TeX engines that are looked for, in this order, and what they are called with."""

# Numbers of pages and of equations are known after the first run; a table may want another one.
_LEAST, _MOST = 2, 4
_AGAIN = re.compile(r"Rerun (?:to|LaTeX)|has changed\. Rerun")


def pdf(tex: str, typst: Callable[[], str] | None = None) -> bytes:
    """The document as PDF.

    Parameters
    ----------
    tex : str
        It in LaTeX.
    typst : callable, optional
        Gives it in Typst, where that can say it.

    Raises
    ------
    TypesettingError
        If nothing that can set it is installed, or it can't be set in time.
    """
    engine = next(filter(shutil.which, ENGINES), None)
    if engine is not None:
        return _by_tex(engine, tex)
    if typst is not None and find_spec("typst"):
        return _by_typst(typst())
    also = ", or Typst (pip install 'symbptt[pdf]')" if typst else ""
    raise TypesettingError(
        f"a PDF needs a TeX engine on the PATH ({', '.join(ENGINES)}){also}; there is none of them"
    )


def is_set_here() -> bool:
    """Whether anything that sets a PDF is installed."""
    return any(map(shutil.which, ENGINES)) or find_spec("typst") is not None


def _by_tex(engine: str, tex: str) -> bytes:
    with TemporaryDirectory(prefix="symbptt-") as name:
        folder = Path(name)
        (folder / "document.tex").write_text(tex, encoding="utf-8")
        for number in range(1, _MOST + 1):
            said = _run(engine, folder)
            if engine == "tectonic" or (number >= _LEAST and not _AGAIN.search(said)):
                break
        return (folder / "document.pdf").read_bytes()


def _run(engine: str, folder: Path) -> str:
    """One run; what the engine says."""
    closed = {"openin_any": "p", "openout_any": "p", "shell_escape": "f"}
    undated = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    try:
        run = subprocess.run(
            [engine, *ENGINES[engine]],
            cwd=folder,
            env={**os.environ, **closed, **undated},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingError(
            f"{engine} has not set the document in {SECONDS:.0f} s; --to tex writes it unset"
        ) from error
    said = (run.stdout + run.stderr).decode("utf-8", errors="replace")
    if run.returncode:
        first = next((line for line in said.splitlines() if line.startswith(("!", "error:"))), said)
        raise TypesettingError(f"{engine} can't set the document: {first[:200].strip()}")
    return said


def _by_typst(text: str) -> bytes:
    import typst

    try:
        found = typst.compile(text.encode(), format="pdf", timestamp=0, ignore_system_fonts=True)
    except typst.TypstError as error:
        raise TypesettingError(f"Typst can't set the document: {error}") from error
    return bytes(found)
