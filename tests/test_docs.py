"""Every example of the documentation runs, in the order of its page, in one folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import symbptt
from docs.families import families, write_pages
from symbptt.language import library
from tests.pages import DOCS, blocks, run

PAGES = [path for path in sorted(DOCS.rglob("*.md")) if "```console" in path.read_text("utf-8")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the page's files are; what it imports from there is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    # It has no end.
    monkeypatch.setattr("symbptt.gallery.serving.serve", lambda models, port, ready: ready())
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.usefixtures("shortened")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page(page: Path, folder: Path) -> None:
    there: dict[str, object] = {}
    for words, text in blocks(page.read_text(encoding="utf-8")):
        match words:
            case ["text", name]:
                (folder / name).write_text(text, encoding="utf-8")
            case ["console"]:
                run(text)
            case ["python"]:
                exec(compile(text, str(page), "exec"), there)


STANDS = {
    "python": (":: symbptt.{}\n", symbptt.__all__),
}


@pytest.mark.parametrize("page", STANDS)
def test_nothing_is_left_out(page: str) -> None:
    place, names = STANDS[page]
    (path,) = DOCS.rglob(f"{page}.md")
    text = path.read_text(encoding="utf-8")
    assert [name for name in names if place.format(name) not in text] == []


def test_the_gallery_of_the_manual(tmp_path: Path) -> None:
    """A page a family; every model in one, with its text, picture, results and derivation."""
    write_pages(tmp_path)
    pages = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("*.md"))]
    assert len(pages) == len(list(families()))
    for name in library.names():
        (page,) = (text for text in pages if f"\n## {name}\n" in text)
        assert f"models/{name}.rnn" in page
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000
    for text in pages:
        assert "\\section" not in text
        assert text.count("explorer/") == text.count("What is derived") == text.count(r"\text{(1)}")
