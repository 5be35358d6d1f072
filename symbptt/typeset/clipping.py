"""The statement of gradient clipping: what the module's ``clip_gradients`` does."""

from __future__ import annotations

from symbptt.calculus.derivation import Derivation
from symbptt.typeset.blocks import Block, Display, Equality, Paragraph, prose
from symbptt.typeset.formula import LatexPrinter

GRADIENT = r"\nabla L"
NORM = rf"\lVert {GRADIENT} \rVert"


def clipping(derivation: Derivation, printer: LatexPrinter) -> tuple[Block, ...]:
    """A sentence and the display that it introduces; nothing where nothing is learned."""
    names = {parameter.name for parameter in derivation.model.parameters}
    terms = [
        rf"\Bigl\lVert {printer.laid(step.target)} \Bigr\rVert^2"
        for step in derivation.of_kind("gradient")
        if step.target.name in names
    ]
    if not terms:
        return ()
    threshold = _threshold(derivation)
    words = prose(
        f"Let ${GRADIENT}$ be all gradients with respect to parameters, set end to end. Where "
        f"its norm exceeds a threshold ${threshold} > 0$, gradient clipping shortens it to "
        f"the length ${threshold}$ and keeps its direction; elsewhere, ${GRADIENT} = 0$ "
        "included, the factor is $1$:"
    )
    factor = rf"\min\Bigl(1, \frac{{{threshold}}}{{{NORM}}}\Bigr)"
    lines = (
        Equality(rf"{NORM}^2", (" + ".join(terms),)),
        Equality(GRADIENT, (rf"{factor} \, {GRADIENT}",), sign=r"\leftarrow"),
    )
    return Paragraph(words), Display(lines)


def _threshold(derivation: Derivation) -> str:
    """A letter that the model does not use."""
    return r"\vartheta" if derivation.model.letters & {"theta", "θ"} else r"\theta"
