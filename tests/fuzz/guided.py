"""The readers given what reaches new code: a driver for atheris (extra `fuzz`).

python -m tests.fuzz.guided models 60       the reader of models for so many seconds
python -m tests.fuzz.guided formulas 60     that of formulas

Begins with the known texts; libFuzzer counts, and ends with the status 77 at a failure.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

# Before anything imports them.
with atheris.instrument_imports(include=["symbptt.language", "symbptt.formula"]):
    from tests.fuzz.running import MEMORY, SECONDS
    from tests.fuzz.subjects import formula_texts, model_texts, take_formula, take_model


def one_model(data: bytes) -> None:
    take_model((data.decode("utf-8", errors="replace"), False))


def one_formula(data: bytes) -> None:
    """The first byte says of which model."""
    models = formula_texts()
    model, _ = models[data[0] % len(models)] if data else models[0]
    take_formula((model, data[1:].decode("utf-8", errors="replace"), False))


def known_models() -> list[bytes]:
    return [text.encode() for text in dict.fromkeys(model_texts())]


def known_formulas() -> list[bytes]:
    models = enumerate(formula_texts())
    return [bytes([k]) + text.encode() for k, (_, texts) in models for text in texts]


GUIDED = {"models": (one_model, known_models), "formulas": (one_formula, known_formulas)}


def main(name: str, seconds: str) -> None:
    take, known = GUIDED[name]
    folder = Path(tempfile.mkdtemp())
    for number, text in enumerate(known()):
        (folder / str(number)).write_bytes(text)
    options = [
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY // 2**20}",
        f"-timeout={max(1, round(SECONDS))}",
        "-max_len=4096",
        "-print_final_stats=1",
        str(folder),
    ]
    atheris.Setup([sys.argv[0], *options], take)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
