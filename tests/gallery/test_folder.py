"""A folder of files is written whole or not at all, over nothing that somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from symbptt.errors import OutputError
from symbptt.gallery.folder import CONTENTS, write_folder

FILES = {"index.html": b"index", "fonts/a.woff2": b"\x00\xff", "models/b.html": b"page"}
NEW = {**FILES, "index.html": b"other"}


def held(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path / "out", FILES, "symbptt site out")
    return tmp_path / "out"


def test_all_files_are_there_and_told_of(folder: Path) -> None:
    assert set(held(folder)) == {*FILES, CONTENTS}
    assert FILES.items() <= held(folder).items()


def test_the_same_again_is_the_same(folder: Path) -> None:
    before = held(folder)
    write_folder(folder, FILES, "symbptt site out")
    assert held(folder) == before


def test_what_is_as_it_was_made_is_replaced_and_what_is_not_made_any_more_taken_away(
    folder: Path,
) -> None:
    (folder / "models" / "own.html").write_text("mine")
    write_folder(folder, {"index.html": b"other"}, "symbptt site out")
    assert set(held(folder)) == {"index.html", "models/own.html", CONTENTS}


def changed(folder: Path) -> None:
    (folder / "models/b.html").write_bytes(b"mine")


def theirs(folder: Path) -> None:
    (folder / CONTENTS).unlink()


def another(folder: Path) -> None:
    (folder / CONTENTS).write_text('{"made_by": "somebody"}')


def a_folder(folder: Path) -> None:
    (folder / "models/b.html").unlink()
    (folder / "models/b.html").mkdir()


@pytest.mark.parametrize("done", [changed, theirs, another, a_folder])
def test_nothing_is_written_where_something_would_be_lost(
    folder: Path, done: Callable[[Path], None]
) -> None:
    done(folder)
    before = held(folder)
    with pytest.raises(OutputError, match=r"folder"):
        write_folder(folder, {**NEW, "models/b.html": b"new"}, "symbptt site out")
    assert held(folder) == before


def test_force_replaces(folder: Path) -> None:
    changed(folder)
    write_folder(folder, FILES, "symbptt site out", force=True)
    assert FILES.items() <= held(folder).items()
    theirs(folder)
    write_folder(folder, NEW, "symbptt site out", force=True)
    assert NEW.items() <= held(folder).items()


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="can't write"):
        write_folder(tmp_path / "out", FILES, "symbptt site out")
