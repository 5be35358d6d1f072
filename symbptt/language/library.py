"""The built-in models and model files."""

from __future__ import annotations

from pathlib import Path

from symbptt.algebra import Model
from symbptt.language.parser import parse

_FOLDER = Path(__file__).parents[1] / "models"


def names() -> tuple[str, ...]:
    return tuple(sorted(p.stem for p in _FOLDER.glob("*.rnn")))


def load(name_or_path: str) -> Model:
    path = Path(name_or_path)
    if not ("/" in name_or_path or "." in name_or_path):
        path = _FOLDER / f"{name_or_path}.rnn"
    return parse(path.read_text(encoding="utf-8"), path.stem, str(path))
