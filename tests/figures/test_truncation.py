"""The three strategies over the first characters of a text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from symbptt.errors import AnalysisError
from symbptt.figures.truncation import random_pieces, regular_pieces, truncation_figure

TEXT = "The Time Machine by H. G. Wells"
SVG = "{http://www.w3.org/2000/svg}"


def drawn_letters(root: ET.Element) -> list[str | None]:
    texts = root.iter(f"{SVG}text")
    return [text.text for text in texts if text.attrib.get("font-family") == "monospace"]


def test_regular_pieces_have_one_length_but_for_the_last() -> None:
    assert regular_pieces(31, 8) == (8, 8, 8, 7)
    assert regular_pieces(6, 3) == (3, 3)
    assert regular_pieces(5, 9) == (5,)


def test_random_pieces_end_where_a_gate_is_shut() -> None:
    gates = [False, True, True, False, True, False]
    assert random_pieces(6, 0.5, 0, gates) == (3, 2, 1)
    assert random_pieces(6, 1.0, 0) == (6,)
    for seed in range(20):
        assert sum(random_pieces(31, 0.6, seed)) == 31


def test_the_mean_number_of_cuts_is_that_of_the_probability() -> None:
    cuts = [len(random_pieces(31, 0.8, seed)) - 1 for seed in range(2000)]
    # 30 * 0.2 = 6; its standard error is sqrt(30 * 0.16 / 2000) = 0.05.
    assert abs(sum(cuts) / len(cuts) - 6) < 0.25


def test_figure_971() -> None:
    root = ET.fromstring(truncation_figure(TEXT, tau=8, pi=0.8, seed=0))
    shaded = [box for box in root.iter(f"{SVG}rect") if box.attrib["class"] == "line shade"]
    rows: dict[str, list[float]] = {}
    for box in shaded:
        rows.setdefault(box.attrib["y"], []).append(float(box.attrib["width"]))
    random, regular, full = rows.values()
    lengths = [round((width + 4) / 22) for width in random]
    assert tuple(lengths) == random_pieces(31, 0.8, 0)
    assert [round((width + 4) / 22) for width in regular] == [8, 8, 8, 7]
    assert [round((width + 4) / 22) for width in full] == [31]
    letters = [
        t.text for t in root.iter(f"{SVG}text") if t.attrib.get("font-family") == "monospace"
    ]
    assert letters == list(TEXT) * 3
    assert len(list(root.iter(f"{SVG}polygon"))) == sum(
        length > 1 for length in (*lengths, 8, 8, 8, 7, 31)
    )


def test_the_same_seed_gives_the_same_bytes_and_another_another_figure() -> None:
    assert truncation_figure(TEXT) == truncation_figure(TEXT)
    assert truncation_figure(TEXT, seed=1) != truncation_figure(TEXT)


def test_text_is_text() -> None:
    root = ET.fromstring(truncation_figure("a <b> & \n\n  --> c"))
    letters = [
        t.text for t in root.iter(f"{SVG}text") if t.attrib.get("font-family") == "monospace"
    ]
    assert "".join(map(str, letters)) == "a <b> & --> c" * 3


@pytest.mark.parametrize(
    ("options", "words"),
    [({"tau": 0}, "tau"), ({"pi": 0.0}, "pi"), ({"pi": 1.5}, "pi"), ({"gates": [True]}, "gates")],
)
def test_numbers_out_of_range(options: dict[str, object], words: str) -> None:
    with pytest.raises(AnalysisError, match=words):
        truncation_figure(TEXT, **options)  # type: ignore[arg-type]


def test_no_text() -> None:
    with pytest.raises(AnalysisError, match="no text"):
        truncation_figure(" \n")
