"""What a page tells of a model: its derivation, or without a loss its equations step by step."""

from __future__ import annotations

from dataclasses import replace

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.codegen.statements import statements
from symbptt.figures.figure import block
from symbptt.output import MARK
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Document
from symbptt.typeset.document import refuse_together
from symbptt.typeset.style import Style
from symbptt.typeset.variants import variants
from symbptt.unrolled import answer


def derivation_of(model: Model, form: str = "adjoint") -> Derivation | None:
    """None of a model without a loss."""
    return None if model.loss is None else derive(model, form=form)


def document_of(
    model: Model,
    derivation: Derivation | None,
    how: str,
    style: Style | None = None,
    switched: bool = False,
) -> Document:
    """The blocks of a page.

    Parameters
    ----------
    how : str
        The command that makes it.
    switched : bool
        With what its reader may switch to.

    Raises
    ------
    OptionError
        If form and style can't be combined.
    """
    style = style or Style()
    figure = block(model, derivation=derivation)
    if derivation is None:
        found = answer(model, None, 4).document((f"{MARK}: {how}",))
        return replace(found, blocks=(figure, *found.blocks))
    refuse_together(derivation, style)
    told = article(derivation, how, style, beside=(statements(derivation),), ahead=(figure,))
    if not switched:
        return told
    versions = variants(derivation, style, beside=statements, ahead=(figure,))
    return replace(told, variants=tuple(versions))
