"""A site: a page a model, an index of them by family and feature, a search."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import groupby
from pathlib import Path

from symbptt.algebra import Model
from symbptt.errors import OptionError
from symbptt.experiments.experiment import processes
from symbptt.gallery.folder import write_folder
from symbptt.gallery.linked import POLICY, SHARED, shared
from symbptt.gallery.model_page import ModelPage, page_of
from symbptt.gallery.playground import playground
from symbptt.language import library
from symbptt.output import MARK, signed
from symbptt.templating import environment
from symbptt.typeset.html_format import Html, in_script


@dataclass(frozen=True)
class ModelCard:
    """A model in the index, ready to be shown."""

    name: str
    href: str
    title: str
    features: str
    told: str
    equations: tuple[str, ...]


@dataclass(frozen=True)
class CardsOfFamily:
    name: str
    cards: tuple[ModelCard, ...]


@dataclass(frozen=True)
class IndexPage:
    """What the template of the index receives."""

    made: str
    policy: str
    count: str
    played: bool
    features: tuple[str, ...]
    families: tuple[CardsOfFamily, ...]


def site(
    out: Path | str,
    models: Sequence[Model] = (),
    *,
    proved: bool = True,
    pyodide: Path | str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: Callable[[float, str], None] = lambda part, what: None,
) -> tuple[str, ...]:
    """Write a gallery into a folder: an index of models with a search, and a page for each.

    Parameters
    ----------
    out : path
        The folder; it may exist.
    models : sequence of Model
        The built-in ones if none are given.
    proved : bool
        With the report of `verify`, which takes most of the time.
    pyodide : path, optional
        The unpacked npm package ``pyodide``: the site then has a playground, whose reader's
        browser runs Python.
    jobs : int, optional
        How many processes; one a core otherwise.
    force : bool
        Also replace files that symbptt did not write, or that were changed since.
    progress : callable
        Told the part of the work that is done, and the model that was last.

    Returns
    -------
    tuple of str
        The files' paths within the folder.

    Raises
    ------
    OptionError
        If two models bear one name, ``pyodide`` lacks a file, or matplotlib, which draws the
        spectra, is not installed.
    OutputError
        If a file would be lost, or can't be written; then nothing is written.
    """
    how = _command(out, models, proved, pyodide)
    chosen = models or tuple(map(library.load, library.names()))
    _refuse_twins(chosen)
    head = Html().comment(f"{MARK}: {how}")
    played = playground(chosen, Path(pyodide), head) if pyodide else {}
    made = partial(page_of, how=how, proved=proved, played=bool(pyodide))
    pages = list(_pages(chosen, made, jobs, progress))
    found = {
        "index.html": _index(pages, head, bool(pyodide)),
        f"{SHARED}/search.js": _search(pages, how),
    }
    texts = {path: signed(text).encode() for path, text in found.items()}
    files = (
        texts
        | shared()
        | played
        | {path: data for one in pages for path, data in one.files.items()}
    )
    write_folder(Path(out), files, how, force=force)
    return tuple(files)


def _command(
    out: Path | str, models: Sequence[Model], proved: bool, pyodide: Path | str | None
) -> str:
    words = ["symbptt", "site", str(out), *(model.argument for model in models)]
    words += [] if proved else ["--no-proof"]
    line = shlex.join([*words, *(("--pyodide", str(pyodide)) if pyodide else ())])
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _refuse_twins(models: Sequence[Model]) -> None:
    names: dict[str, str] = {}
    for model in models:
        other = names.setdefault(model.name.casefold(), model.argument)
        if other != model.argument:
            raise OptionError(
                f"{other} and {model.argument} would have one page: a model's page bears the name "
                "of its file; rename one of them"
            )


def _pages(
    models: Sequence[Model],
    made: Callable[[Model], ModelPage],
    jobs: int | None,
    progress: Callable[[float, str], None],
) -> Iterator[ModelPage]:
    """In the order of the models; in this process if there is but one."""
    if jobs == 1 or len(models) == 1:
        for done, model in enumerate(models):
            progress(done / len(models), model.name)
            yield made(model)
        return
    with processes(jobs) as pool:
        for done, found in enumerate(pool.map(made, models), start=1):
            progress(done / len(models), found.name)
            yield found


def _index(pages: Sequence[ModelPage], made: str, played: bool) -> str:
    by_family = sorted(pages, key=lambda one: (one.family.casefold(), one.family))
    families = (
        CardsOfFamily(escape(name), tuple(map(_card, members)))
        for name, members in groupby(by_family, key=lambda one: one.family)
    )
    features = sorted({feature for one in pages for feature in one.features})
    count = f"{len(pages)} recurrence{'s' * (len(pages) != 1)}"
    index = IndexPage(
        made,
        POLICY,
        count,
        played,
        tuple(map(escape, features)),
        tuple(families),
    )
    return environment("gallery").get_template("index.html.j2").render(index=index)


def _card(one: ModelPage) -> ModelCard:
    return ModelCard(
        escape(one.name),
        escape(one.href),
        escape(one.title),
        escape("; ".join(one.features)),
        escape("".join(f" · {feature}" for feature in one.features)),
        one.equations,
    )


def _search(pages: Sequence[ModelPage], how: str) -> str:
    entries = [
        {"at": found.at, "says": found.says, "words": found.words}
        for one in pages
        for found in one.found
    ]
    return f"// {MARK}: {how}\nconst SEARCH = {in_script(entries)};\n"
