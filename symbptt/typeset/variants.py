"""The same derivation in the other styles and forms, for a page that switches between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL
from symbptt.calculus.gradients import FORMS, derive
from symbptt.typeset.article import tellings
from symbptt.typeset.blocks import Block, Version
from symbptt.typeset.chapters import PARTS
from symbptt.typeset.style import DETAILS, LAYOUTS, NOTATIONS, Style

RESULTS, STEPS, INDEX = DETAILS


def variants(
    derivation: Derivation,
    style: Style,
    parts: Collection[str] = (),
    beside: Callable[[Derivation], Block] | None = None,
    ahead: Iterable[Block] = (),
) -> Iterator[Version]:
    """In every layout and notation; entry by entry and in other forms in the style asked for.

    The first is what was asked for; what stands ``beside`` each is about its form. A version's
    key is its form, its layout, its notation for steps and for derivatives, its detail.
    """
    tell = _Teller(tuple(parts), beside, tuple(ahead))
    own = [*tell.versions(derivation, _styles(style))]
    if derivation.form == "adjoint":
        own += tell.versions(derivation, [replace(style, detail=INDEX)])
    asked = _key(derivation, style)
    yield from sorted(own, key=lambda version: version.key != asked)
    plain = derivation.of, derivation.only, derivation.wrt_inputs, derivation.estimator
    if plain != ("L", (), False, FULL):
        return
    for form in (form for form in FORMS if form != derivation.form):
        yield from tell.versions(
            derive(derivation.model, form=form), [replace(style, detail=STEPS)]
        )


def _key(derivation: Derivation, style: Style) -> tuple[str, ...]:
    return derivation.form, style.layout, style.times, style.derivatives, style.detail


def _styles(style: Style) -> Iterator[Style]:
    """Those with steps, the one asked for first."""
    asked = replace(style, detail=STEPS)
    yield asked
    for layout, times, derivatives in product(LAYOUTS, _of("times"), _of("derivatives")):
        other = replace(asked, layout=layout, times=times, derivatives=derivatives)
        if other != asked:
            yield other


def _of(kind: str) -> list[str]:
    return [choice.name for choice in NOTATIONS.values() if choice.kind == kind]


@dataclass(frozen=True)
class _Teller:
    parts: tuple[str, ...]
    beside: Callable[[Derivation], Block] | None
    ahead: tuple[Block, ...]

    def versions(self, derivation: Derivation, styles: Iterable[Style]) -> Iterator[Version]:
        """In each of the styles; one with steps also without them, where that leaves something."""
        beside = (self.beside(derivation),) if self.beside else ()
        parts = self.parts or tuple(PARTS)
        for style in styles:
            only = style.detail == INDEX or {"backward", "gradients"} & set(self.parts)
            details = [style.detail] if only else [STEPS, RESULTS]
            found = tellings(derivation, style, details, parts, beside, self.ahead)
            for detail, blocks in zip(details, found, strict=True):
                yield Version(_key(derivation, replace(style, detail=detail)), blocks)
