"""docs/catalogue.md is what its command makes today, and it goes through every equation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.catalogue.entries import Document, Entry
from tests.catalogue.proofs import Proof
from tests.catalogue.rows import DOCUMENTS
from tests.catalogue.table import DOCS, TABLE, columns, differences, figures, section
from tests.formula.catalogue import MISPRINTS, RIGHT, UNREADABLE, Row
from tests.modules import EXHAUSTIVE, some

ENTRIES = tuple(entry for document in DOCUMENTS for entry in document.entries)


def named(entry: Entry) -> tuple[str, ...]:
    return (*entry.right, *entry.wrong, *entry.unreadable)


@pytest.mark.skipif(not EXHAUSTIVE, reason="every row, with SYMBPTT_EXHAUSTIVE=1")
def test_the_files_are_as_made_again() -> None:
    if found := list(differences(DOCS)):
        pytest.fail("\n".join([*found, "", "`make docs` writes them again"]), pytrace=False)


@pytest.mark.parametrize("document", some(DOCUMENTS, 2), ids=lambda one: one.title)
def test_a_document_is_as_made_again(document: Document) -> None:
    made = "\n".join(section(document))
    assert made in (DOCS / TABLE).read_text(encoding="utf-8"), "`make docs` writes it again"


def test_a_row_that_differs_is_seen() -> None:
    made = "\n".join(section(replace(DOCUMENTS[0], entries=(), title="Another title")))
    assert made not in (DOCS / TABLE).read_text(encoding="utf-8")


@pytest.mark.parametrize("row", (*RIGHT, *MISPRINTS, *UNREADABLE), ids=lambda row: row.id)
def test_every_formula_has_a_row(row: Row) -> None:
    assert any(row.id in named(entry) for entry in ENTRIES)


def test_right_and_wrong_are_in_their_places() -> None:
    for entry in ENTRIES:
        assert set(entry.right) <= {row.id for row in RIGHT}
        assert set(entry.wrong) <= {row.id for row in MISPRINTS}
        assert set(entry.unreadable) <= {row.id for row in UNREADABLE}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_row_is_printed_and_proved(entry: Entry) -> None:
    assert entry.shown or entry.figure
    assert entry.proved or entry.right or entry.wrong or entry.figure


def test_ids_are_unique_within_a_document() -> None:
    for document in DOCUMENTS:
        ids = [entry.id for entry in document.entries]
        assert len(ids) == len(set(ids))


def test_the_table_has_four_columns_throughout() -> None:
    lines = (DOCS / TABLE).read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == len(ENTRIES) + 2 * len(DOCUMENTS)
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row


def test_figures_are_there() -> None:
    for name, made in figures().items():
        assert (DOCS / "figures" / name).read_text(encoding="utf-8") == made
        assert f"figures/{name}" in (DOCS / TABLE).read_text(encoding="utf-8")


def test_a_proof_that_fails_is_not_printed() -> None:
    def wrong() -> str:
        raise AssertionError("not so")

    proof: Proof = wrong
    with pytest.raises(AssertionError, match="not so"):
        columns(Entry("x", proved=(proof,)))
    with pytest.raises(AssertionError):
        columns(Entry("x", right=("004 9.7.5 ascending",)))
    with pytest.raises(AssertionError):
        columns(Entry("x", wrong=("004 9.7.6",)))
    with pytest.raises(AssertionError):
        columns(Entry("x", unreadable=("004 9.7.6",)))


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.catalogue import table

    monkeypatch.setattr(table, "files", lambda: {TABLE: "one\n", "figures/a.svg": "two\n"})
    table.update(tmp_path)
    assert list(differences(tmp_path)) == []
    (tmp_path / TABLE).write_text("other\n")
    (tmp_path / "figures" / "a.svg").unlink()
    found = "\n".join(differences(tmp_path))
    assert "-other" in found and "+one" in found and "+two" in found
