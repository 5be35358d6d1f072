"""PDFs: the same bytes each time, made in bounded time by what is installed, and never lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.errors import TypesettingError
from symbptt.output import is_as_made, pdf_text, signed
from symbptt.typeset import pdf as setting
from tests.typeset.test_pdflatex import needs_pdflatex

TEX = r"\documentclass{article}\begin{document}%s\end{document}"


def engine(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only engine on the PATH is this script, beside the programs that scripts call."""
    path = folder / "pdflatex"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    found = {str(Path(shutil.which(name) or "/bin/sh").parent) for name in ("sh", "cat", "sleep")}
    monkeypatch.setenv("PATH", ":".join((str(folder), *sorted(found))))


@needs_pdflatex
@pytest.mark.slow
def test_a_pdf_is_the_same_each_time_and_its_text_is_not_lost(tmp_path: Path) -> None:
    files = [tmp_path / "a.pdf", tmp_path / "b.pdf"]
    for file in files:
        result = CliRunner().invoke(cli.main, ["derive", "recurrence", "-o", str(file)])
        assert result.exit_code == 0, result.output
    data = files[0].read_bytes()
    assert data == files[1].read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.endswith(b": symbptt derive recurrence --to pdf\n")
    assert b"CreationDate" not in data and str(tmp_path).encode() not in data
    files[0].write_bytes(data.replace(b"%%EOF", b"%%eof"))
    again = CliRunner().invoke(cli.main, ["derive", "recurrence", "-o", str(files[0])])
    assert again.exit_code == 2
    assert "was changed after symbptt wrote it; --force replaces it\n" in again.stderr


@needs_pdflatex
@pytest.mark.slow
def test_slides_are_set_too(tmp_path: Path) -> None:
    words = ["derive", "recurrence", "--to", "beamer", "-o", str(tmp_path / "it.pdf")]
    assert CliRunner().invoke(cli.main, words).exit_code == 0
    assert (tmp_path / "it.pdf").read_bytes().startswith(b"%PDF-")


def test_a_digest_of_a_pdf_stands_at_its_end() -> None:
    text = signed(pdf_text(b"%PDF-1.5\r\n\xff made by nobody\n%%EOF\n", "symbptt derive it"))
    assert text.startswith("%PDF-1.5\r\n\xff made by nobody\n%%EOF\n% made by symbptt (digest ")
    assert is_as_made(text)
    assert not is_as_made(text.replace("nobody", "somebody"))


def test_without_an_engine_the_error_names_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TypesettingError, match="pdflatex, lualatex, tectonic") as error:
        setting.pdf(TEX % "It.")
    assert "Typst" not in str(error.value)
    monkeypatch.setattr(setting, "find_spec", lambda name: None)
    with pytest.raises(TypesettingError, match=r"tectonic\), or Typst \(pip install"):
        setting.pdf(TEX % "It.", lambda: "It.")


def test_an_engine_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(setting, "SECONDS", 0.2)
    with pytest.raises(TypesettingError, match=r"pdflatex has not set the document in 0 s"):
        setting.pdf(TEX % "It.")


def test_what_an_engine_says_first_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, "echo This is TeX; echo '! No such file: bm.sty'; exit 1", monkeypatch)
    with pytest.raises(TypesettingError, match=r"can't set the document: ! No such file: bm.sty$"):
        setting.pdf(TEX % "It.")


@pytest.mark.parametrize(("said", "runs"), [("", 2), ("Rerun to get it right", 4)])
def test_an_engine_runs_again_as_long_as_it_asks_for_it_and_no_longer(
    said: str, runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine(tmp_path, f"echo run >> document.pdf; echo '{said}'", monkeypatch)
    assert setting.pdf(TEX % "It.") == b"run\n" * runs


@needs_pdflatex
@pytest.mark.parametrize(
    "body", [r"\input{/etc/passwd}", r"\openin5=/etc/passwd \ifeof5\undefined\fi"]
)
def test_an_engine_reads_no_file_of_others(body: str) -> None:
    with pytest.raises(TypesettingError):
        setting.pdf(TEX % body)


@needs_pdflatex
def test_an_engine_starts_no_program(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    setting.pdf(TEX % rf"It.\immediate\write18{{touch {trace}}}")
    assert not trace.exists()
