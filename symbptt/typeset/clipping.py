"""The statement of gradient clipping: what the module's ``clip_gradients`` does."""

from __future__ import annotations

from symbptt.calculus.derivation import Derivation
from symbptt.typeset.display import Row, chain
from symbptt.typeset.glossary import with_formulas
from symbptt.typeset.latex import LatexPrinter
from symbptt.typeset.markup import Markup

GRADIENT = r"\nabla L"
NORM = rf"\lVert {GRADIENT} \rVert"


def clipping(
    derivation: Derivation, printer: LatexPrinter, markup: Markup
) -> tuple[str, tuple[Row, ...]]:
    """A sentence and the display that it introduces; no rows where nothing is learned."""
    names = {parameter.name for parameter in derivation.model.parameters}
    terms = [
        rf"\Bigl\lVert {printer.laid(step.target)} \Bigr\rVert^2"
        for step in derivation.of_kind("gradient")
        if step.target.name in names
    ]
    if not terms:
        return "", ()
    threshold = _threshold(derivation)
    prose = with_formulas(
        f"Let ${GRADIENT}$ be all gradients with respect to parameters, set end to end. Where "
        f"its norm exceeds a threshold ${threshold} > 0$, gradient clipping shortens it to "
        f"the length ${threshold}$ and keeps its direction; elsewhere, ${GRADIENT} = 0$ "
        "included, the factor is $1$:",
        markup,
    )
    factor = rf"\min\Bigl(1, \frac{{{threshold}}}{{{NORM}}}\Bigr)"
    rows = (
        *chain(rf"{NORM}^2", [" + ".join(terms)]),
        Row(GRADIENT, rf"\leftarrow {factor} \, {GRADIENT}"),
    )
    return prose, rows


def _threshold(derivation: Derivation) -> str:
    """A letter that the model does not use."""
    model = derivation.model
    names = [name for name, _ in model.constants]
    for items in (model.parameters, model.derived, model.inputs, model.equations):
        names += [item.name for item in items]
    taken = {name.partition("_")[0] for name in names} & {"theta", "θ"}
    return r"\vartheta" if taken else r"\theta"
