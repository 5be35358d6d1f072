"""A formula in LaTeX says what the formula says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from symbptt.formula.reading import read
from symbptt.formula.shapes import Shaper
from symbptt.formula.typesetting import formula_latex
from symbptt.formula.verdict import check
from tests.formula.catalogue import MISPRINTS, RIGHT, Row, model

ALL = (*RIGHT, *MISPRINTS)


def latex(name: str, formula: str) -> str:
    return formula_latex(read(formula, model(name)), Shaper(model(name)))


@pytest.mark.parametrize(
    ("name", "formula", "expected"),
    [
        ("linear", "o[t] = W_qh @ h[t]", r"\mathbf{o}_t = \mathbf{W}_{\mathrm{qh}} \mathbf{h}_t"),
        ("linear", "L = 1/T * loss[t]", r"L = \frac{1}{T} \ell_t"),
        ("linear", "d(L, o[t]) = h[t]", r"\frac{\partial L}{\partial \mathbf{o}_t} = \mathbf{h}_t"),
        (
            "linear",
            "d(o[t], h[t]) = 0",
            r"\frac{\mathrm{d} \mathbf{o}_t}{\mathrm{d} \mathbf{h}_t} = 0",
        ),
        (
            "linear",
            "partial(o[t], h[t]) = 0",
            r"\frac{\partial^{+} \mathbf{o}_t}{\partial \mathbf{h}_t} = 0",
        ),
        (
            "linear",
            "W_hh.T**(T-i) @ h[t] = 0 for i >= 1",
            r"(\mathbf{W}_{\mathrm{hh}}^{\top})^{T-i} \mathbf{h}_t = 0 \quad (i \ge 1)",
        ),
        (
            "linear",
            "h[t] * (o[t] - 1) = -h[t] - o[t]",
            r"\mathbf{h}_t \odot (\mathbf{o}_t - 1) = -\mathbf{h}_t - \mathbf{o}_t",
        ),
        (
            "linear",
            "sum(i, 1, len(h), W_hh[i, 1] * h[t][i]) + 1 = 0",
            r"\sum_{i=1}^h (\mathbf{W}_{\mathrm{hh}})_{i,1} (\mathbf{h}_t)_{i} + 1 = 0",
        ),
        (
            "matrix_recurrence",
            "prod(j, t, 1, -1, C[j]) @ a[0] = 0 for a[0] = 0",
            r"(\mathbf{C}_t \mathbf{C}_{t-1} \cdots \mathbf{C}_1) \mathbf{a}_0 = 0 \quad "
            r"(\mathbf{a}_0 = 0)",
        ),
        ("singh", "sqrt(h[t]) = exp(h[t])", r"\sqrt{\mathbf{h}_t} = \exp(\mathbf{h}_t)"),
        ("singh", "p[t] = onehot(y[t])", r"\mathbf{p}_t = \mathbf{e}_{y_t}"),
        ("singh", "p[t][i] = delta(i, y[t])", r"(\mathbf{p}_t)_{i} = \delta_{i,y_t}"),
        (
            "singh",
            "h[t]**2 = diag(h[t])",
            r"\mathbf{h}_t^{\odot 2} = \operatorname{diag}(\mathbf{h}_t)",
        ),
    ],
)
def test_what_is_printed(name: str, formula: str, expected: str) -> None:
    assert latex(name, formula) == expected


def test_different_formulas_print_differently() -> None:
    """Ascending and descending, total and partial, a transpose more or less."""
    seen: dict[str, Row] = {}
    for row in ALL:
        text = latex(row.model, row.formula)
        other = seen.setdefault(f"{row.model}: {text}", row)
        assert other.formula == row.formula, (row.id, other.id)


def test_a_verdict_shows_its_formula() -> None:
    verdict = check(model("linear"), "d(o[t], h[t]) = W_qh")
    assert verdict.latex == latex("linear", "d(o[t], h[t]) = W_qh")
    assert verdict.data()["latex"] == verdict.latex
    assert verdict.latex in verdict._repr_latex_() and "right" in verdict._repr_latex_()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_all_of_the_catalogue_compiles(tmp_path: Path) -> None:
    lines = [r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"]
    lines += [rf"$\displaystyle {latex(row.model, row.formula)}$\par" for row in ALL]
    lines.append(r"\end{document}")
    (tmp_path / "all.tex").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
