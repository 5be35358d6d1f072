"""The gallery of the manual: a page a family of built-in models, made by symbptt's own commands.

`conf.py` writes the pages into docs/gallery before the manual is built, and the derivations to be
looked at in a browser into its folder explorer afterwards; neither is kept in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from symbptt.algebra import Model
from symbptt.cli import main
from symbptt.gallery.features import family, features
from symbptt.language import library


def write_pages(folder: Path) -> None:
    """A page a family, and the pictures that it shows."""
    folder.mkdir(exist_ok=True)
    for name, models in families():
        parts = [f"# {name}", *(part for model in models for part in _parts(model, folder))]
        (folder / f"{slug(name)}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_explorers(folder: Path) -> None:
    """The derivation of each model as a page of its own, to be folded, searched and switched."""
    folder.mkdir(exist_ok=True)
    for name in library.differentiable():
        made("derive", name, "--graph", folder / f"{name}.html")


def families() -> Iterator[tuple[str, list[Model]]]:
    """The families in alphabetical order, and the models of each."""
    models = sorted(map(library.load, library.names()), key=lambda one: (family(one), one.name))
    for name, members in groupby(models, key=family):
        yield name, [*members]


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def made(verb: str, name: str, *words: str | Path) -> str:
    """What a command writes into a file, the last of the words."""
    path = Path(words[-1])
    options = [*map(str, words[:-1]), "-o", str(path), "--force"]
    main.main([verb, name, *options], standalone_mode=False)
    return path.read_text(encoding="utf-8")


def _parts(model: Model, folder: Path) -> Iterator[str]:
    name = model.name
    yield f"## {name}\n\n{_title(model)}: {', '.join(features(model))}."
    yield f"```{{literalinclude}} ../../symbptt/models/{name}.rnn\n:language: text\n:lines: 2-\n```"
    made("graph", name, "--backward" if model.loss else "-T3", folder / f"{name}.svg")
    yield f"![The computational graph of {name} over three steps]({name}.svg)"
    if model.loss is None:
        yield f"`symbptt unroll {name}` writes it out; it has no loss, and so no gradient."
        return
    yield f"What is derived, in short; the letters are those of `symbptt derive {name}`."
    words = ("--to", "md", "--fragment", "--detail", "summary", "--parts", "summary")
    text = made("derive", name, *words, folder / f"{name}.part")
    (folder / f"{name}.part").unlink()
    yield _below(text)
    yield (
        f'<a href="../explorer/{name}.html">The whole derivation of {name}</a>, with a reason on '
        "every line, beside the code that computes it."
    )


def _title(model: Model) -> str:
    return model.text.lstrip().partition("\n")[0].lstrip("# ").rstrip()


def _below(text: str) -> str:
    """Markdown below a heading of the second rank."""
    kept = (line for line in text.splitlines() if not line.startswith(("<!--", "## ")))
    return re.sub(r"^##", "####", "\n".join(kept), flags=re.MULTILINE).strip()
