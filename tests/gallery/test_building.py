"""A gallery of small models: what its pages hold and lead to."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.errors import OptionError
from symbptt.gallery import building, model_page
from symbptt.language.parser import parse
from symbptt.proof.report import Report
from symbptt.proof.rows import Row

pytest.importorskip("matplotlib", reason="needs matplotlib")

OWN = """\
# Open <network> & "cell"
# family: Échos & <states>
x: (d,)
h: (n,)
phi: function
h[t] = phi(W @ x[t] + U @ h[t-1])      # the state, <b>
loss[t] = squared_error(h[t], y[t])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "own cell.rnn").write_text(OWN, encoding="utf-8")
    words = [str(folder / "own cell.rnn"), "matrix_recurrence", "linear", "--no-proof"]
    made = CliRunner().invoke(cli.main, ["site", str(folder / "out"), *words, "--jobs", "1"])
    assert made.exit_code == 0, made.output
    return folder / "out"


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def entries(site: Path) -> list[dict[str, str]]:
    text = (site / "shared" / "search.js").read_text(encoding="utf-8")
    found: list[dict[str, str]] = json.loads(text[text.index("[") : text.rindex(";")])
    return found


def test_every_link_leads_to_a_file_and_an_equation(site: Path) -> None:
    seen = 0
    links = [
        (path, unescape(link))
        for path in pages(site)
        for link in re.findall(r'(?:href|src)="([^"]*)"', path.read_text(encoding="utf-8"))
        if link != "data:,"
    ]
    links += [(site / "index.html", entry["at"]) for entry in entries(site)]
    for path, link in links:
        assert not re.match(r"[a-z]+:|//", link), f"{path}: {link} leads outside"
        file, place = urldefrag(link)
        aim = path.parent / unquote(file) if file else path
        assert aim.is_file(), f"{path}: {link}"
        if place:
            assert f'id="{place}"' in aim.read_text(encoding="utf-8"), f"{path}: {link}"
        seen += bool(file)
    assert seen > 50


def test_what_somebody_wrote_is_text_in_every_page(site: Path) -> None:
    for path in pages(site):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<network>|<states>|, <b>", re.sub(r"<!--.*?-->", "", text))
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "Échos &amp; &lt;states&gt;" in index


def test_pages_share_what_they_need(site: Path) -> None:
    assert len(list(site.rglob("katex*.js"))) == 1
    for path in pages(site):
        assert path.stat().st_size < 300_000
        assert "data:font" not in path.read_text(encoding="utf-8")


def test_what_a_model_lacks_its_page_lacks(site: Path) -> None:
    own, linear, matrix = (
        {path.name.removeprefix(name) for path in (site / "models").glob(f"{name}[-.]*")}
        for name in ("own cell", "linear", "matrix_recurrence")
    )
    assert linear - own == {".py", "-plain.py", "-spectra.svg"}
    assert own - matrix == {".tex", ".md", ".ipynb", ".txt", ".json"}


def test_equations_are_found_by_the_words_about_them(site: Path) -> None:
    (found,) = [entry for entry in entries(site) if "the state, <b>" in entry["words"]]
    assert found["says"].startswith("h[t] = phi(")
    assert found["at"].startswith("models/own%20cell.html#eq-")


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    models = [parse(OWN, "a", "./a.rnn"), parse(OWN, "A", "./b/A.rnn")]
    with pytest.raises(OptionError, match=r"\./a\.rnn and \./b/A\.rnn"):
        building.site(tmp_path / "out", models, jobs=1)
    assert not (tmp_path / "out").exists()


def test_a_page_has_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (Row("induction", "dL/dW", True, range="for all T"),)
    monkeypatch.setattr(model_page, "verify", lambda model: Report(model.name, rows))
    made = model_page.page_of(parse(OWN, "a"), "symbptt site out")
    text = made.files[f"{model_page.FOLDER}/a.html"].decode()
    assert "1 checks, all right" in text
    assert "for all T" in text
