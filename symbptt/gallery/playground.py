"""A playground that needs no server: the page, and Python with symbptt as its browser runs it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import files as installed
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from symbptt.algebra import Model
from symbptt.calculus.gradients import FORMS
from symbptt.errors import OptionError
from symbptt.gallery.answering import DOCUMENTS
from symbptt.gallery.linked import SHARED
from symbptt.templating import environment, template_folder
from symbptt.typeset.document import SUFFIXES
from symbptt.typeset.html_format import in_script
from symbptt.typeset.pdf import is_set_here
from symbptt.typeset.style import DETAILS, LAYOUTS, NOTATIONS, Style

FOLDER = "python"
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; worker-src 'self'; "
    "connect-src 'self'; font-src 'self'; img-src 'self' data:; frame-src 'self'"
)

NEEDED = ("pyodide.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""Of Pyodide's npm package, in every version."""
TAKEN = ("pyodide.asm.mjs", "pyodide.asm.js", "package.json", "README.md")
"""Where there are such: a version has one of the first two; the last say whose it is."""

REQUIRED = ("jinja2", "markupsafe")
"""What answers need beside symbptt, as pure Python."""

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class PlaygroundPage:
    """What the template of the page receives: ready strings."""

    made: str
    policy: str
    examples: str
    names: tuple[str, ...]
    choices: tuple[tuple[str, str, tuple[str, ...]], ...]
    formats: tuple[tuple[str, str], ...]
    served: bool


def playground(models: Sequence[Model], pyodide: Path, made: str) -> dict[str, bytes]:
    """The files of a playground, by their paths within a site.

    Parameters
    ----------
    models : sequence of Model
        The examples.
    pyodide : Path
        The unpacked npm package ``pyodide``.

    Raises
    ------
    OptionError
        If that folder lacks what Pyodide needs.
    """
    own, interpreter = template_folder("gallery"), dict(_interpreter(pyodide))
    files = {
        "playground.html": page_of(models, made).encode(),
        f"{SHARED}/playground.js": (own / "playground.js").read_bytes(),
        f"{SHARED}/ask.js": (own / "ask.js").read_bytes(),
        f"{FOLDER}/worker.mjs": (own / "worker.mjs").read_bytes(),
        f"{FOLDER}/symbptt.zip": archive(),
    }
    return files | interpreter


def _interpreter(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name in NEEDED:
        if not (folder / name).is_file():
            raise OptionError(
                f"{folder} has no {name}: expected the unpacked npm package pyodide, as "
                "`npm pack pyodide && tar xf pyodide-*.tgz` leaves it in the folder package"
            )
    for name in (*NEEDED, *TAKEN):
        if (folder / name).is_file():
            yield f"{FOLDER}/pyodide/{name}", (folder / name).read_bytes()


def archive() -> bytes:
    """symbptt, with what it requires to answer, as a zip of Python files; always the same bytes."""
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as packed:
        for name, data in sorted(_packed()):
            info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, data)
    return out.getvalue()


def _packed() -> Iterator[tuple[str, bytes]]:
    templates = template_folder("html").parent
    yield from _tree(
        ROOT, "symbptt", (path for path in _under(ROOT) if templates not in path.parents)
    )
    yield from _tree(templates, "symbptt/_templates", _under(templates))
    for name in REQUIRED:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        folder = Path(spec.origin).parent
        yield from _tree(folder, name, folder.rglob("*.py"))
        for path in installed(name) or ():
            if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
                yield f"{name}/{path.name}", path.read_binary()


def _under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _tree(folder: Path, name: str, paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def page_of(models: Sequence[Model], made: str, served: bool = False) -> str:
    """The page; one that is ``served`` examines formulas and proves, too."""
    examples = {model.name: model.text for model in models}
    page = PlaygroundPage(
        made,
        POLICY,
        in_script(examples),
        tuple(escape(name) for name in examples),
        (
            ("form", "Form", _first("adjoint", FORMS)),
            ("layout", "Layout", _first(Style().layout, LAYOUTS)),
            *((kind, label, _notations(kind)) for kind, label in _KINDS.items()),
            ("detail", "Detail", _first(Style().detail, DETAILS)),
        ),
        (
            *((name, SUFFIXES[name]) for name in DOCUMENTS),
            ("module", ".py"),
            ("graph", ".svg"),
            *((("pdf", ".pdf"),) if served and is_set_here() else ()),
        ),
        served,
    )
    return environment("gallery").get_template("playground.html.j2").render(page=page)


def _first(default: str, names: Iterable[str]) -> tuple[str, ...]:
    """What is chosen if nothing is said stands first."""
    return (default, *(name for name in names if name != default))


_KINDS = {"times": "Steps", "derivatives": "Derivatives"}


def _notations(kind: str) -> tuple[str, ...]:
    return tuple(choice.name for choice in NOTATIONS.values() if choice.kind == kind)
