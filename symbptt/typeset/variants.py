"""The same derivation in the other styles and forms, for a page that switches between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import product

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL
from symbptt.calculus.gradients import FORMS, derive
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Block, Version
from symbptt.typeset.chapters import PARTS
from symbptt.typeset.style import LAYOUTS, NOTATIONS, Style

INDEX = "index"


def variants(
    derivation: Derivation,
    style: Style,
    parts: Collection[str] = (),
    beside: Callable[[Derivation], Block] | None = None,
    ahead: Iterable[Block] = (),
) -> Iterator[Version]:
    """In every layout and notation; entry by entry and in other forms in the style asked for.

    The first is what was asked for; what stands ``beside`` each is about its form.
    """
    parts, ahead = tuple(parts) or tuple(PARTS), tuple(ahead)

    def told(what: Derivation, near: tuple[Block, ...], chosen: Style, telling: str) -> Version:
        key = (telling, chosen.layout, chosen.times, chosen.derivatives)
        document = article(what, "", chosen, parts=parts, beside=near, ahead=ahead)
        return Version(key, document.blocks)

    def code(what: Derivation) -> tuple[Block, ...]:
        return (beside(what),) if beside else ()

    own, near = INDEX if style.detail == INDEX else derivation.form, code(derivation)
    yield told(derivation, near, style, own)
    if style.detail == INDEX:
        return
    for layout, times, derivatives in product(LAYOUTS, _of("times"), _of("derivatives")):
        chosen = replace(style, layout=layout, times=times, derivatives=derivatives)
        if chosen != style:
            yield told(derivation, near, chosen, own)
    if derivation.form == "adjoint" and style.detail == "steps":
        yield told(derivation, near, replace(style, detail=INDEX), INDEX)
    asked = derivation.of, derivation.only, derivation.wrt_inputs, derivation.estimator
    if asked == ("L", (), False, FULL):
        for form in (form for form in FORMS if form != derivation.form):
            other = derive(derivation.model, form=form)
            yield told(other, code(other), style, form)


def _of(kind: str) -> list[str]:
    return [choice.name for choice in NOTATIONS.values() if choice.kind == kind]
