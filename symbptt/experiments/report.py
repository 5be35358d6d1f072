"""The study of estimators as a table, and as data for a program."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from symbptt.demonstration import MODEL
from symbptt.experiments.experiment import EstimatorFigures, Study
from symbptt.tables import table

ROUNDING = 1e-12
"""What is below is rounding in place of 0."""

HEADINGS = ("estimator", "bias", "deviation", "error", "cosine", "deviation of samples")


def text(study: Study) -> str:
    """The table under a few lines that say what it is about."""
    setting = study.setting
    rows = [HEADINGS, *map(_cells, study.lines)]
    drawn = f"{setting.samples} samples" if setting.samples > 1 else "no samples"
    about = [
        f"{MODEL}: {setting.units} units, an embedding of {setting.embedding}, "
        f"{study.characters} characters,",
        f"after {setting.training} steps of gradient descent at a loss of {study.loss:.3f} nats; "
        f"{setting.passages} passages of",
        f"{setting.steps} characters of Python's documentation, {drawn} each.",
        "",
        "bias       norm of the expected estimate less the gradient",
        "deviation  root of the variances of all entries together; by recursion of moments",
        "error      root of the mean squared distance from the gradient",
        "cosine     of the angle between the expected estimate and the gradient",
        "The first three are parts of the gradient's norm; 0 is exact.",
        "",
    ]
    return "\n".join([*about, *table(rows, indent="", numbers=True)]) + "\n"


def _cells(line: EstimatorFigures) -> tuple[str, ...]:
    sampled = ""
    if line.sampled is not None and line.doubt is not None:
        sampled = _number(line.sampled)
        sampled += f" ± {line.doubt:.1g}" if line.doubt > ROUNDING else ""
    return (
        str(line.estimator),
        _number(line.bias),
        _number(line.deviation),
        _number(line.error),
        f"{line.cosine:.4f}",
        sampled,
    )


def _number(value: float) -> str:
    return "0" if value < ROUNDING else f"{value:.3g}"


def data(study: Study) -> dict[str, Any]:
    """The same for ``--json``, in full precision."""
    lines = [
        {
            "estimator": str(line.estimator),
            "kind": line.estimator.kind,
            "tau": line.estimator.tau or None,
            "pi": str(line.estimator.pi) if line.estimator.kind == "random" else None,
            "bias": line.bias,
            "deviation": line.deviation,
            "variance": line.deviation**2,
            "error": line.error,
            "cosine": line.cosine,
            "sampled_deviation": line.sampled,
            "standard_error": line.doubt,
        }
        for line in study.lines
    ]
    return {
        "model": MODEL,
        "setting": asdict(study.setting),
        "characters": study.characters,
        "loss": study.loss,
        "estimators": lines,
    }
