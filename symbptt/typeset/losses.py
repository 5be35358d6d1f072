"""How the losses of the table print: one printer each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from symbptt.algebra import Add, Loss, Neg, Pick, Softmax
from symbptt.typeset.printer import Level, Piece

if TYPE_CHECKING:
    from symbptt.typeset.formula import LatexPrinter


def _softmax_cross_entropy(printer: LatexPrinter, loss: Loss) -> Piece:
    picked = printer.print_pick(Pick(Softmax(loss.prediction), loss.target))
    return Piece(rf"-\log {picked.text}", Level.SIGNED)


def _squared_error(printer: LatexPrinter, loss: Loss) -> Piece:
    difference = printer.show(Add((loss.prediction, Neg(loss.target))))
    return Piece(rf"\frac{{1}}{{2}} \left\lVert {difference} \right\rVert^2", Level.MATRIX)


def _binary_cross_entropy(printer: LatexPrinter, loss: Loss) -> Piece:
    """-y.T log sigmoid(o) - (1 - y).T log sigmoid(-o)."""
    one = r"\mathbf{1}" if loss.prediction.shape else "1"
    y = printer.show(loss.target, Level.ATOM)
    log = printer.names.function("log_sigmoid")
    yes = f"{log}({printer.show(loss.prediction)})"
    no = f"{log}({printer.show(Neg(loss.prediction))})"
    pairs = ((y, yes), (f"({one} - {y})", no))
    if loss.prediction.shape:
        first, second = (printer.inner(*pair) for pair in pairs)
    else:
        first, second = (f"{weight} {log}" for weight, log in pairs)
    return Piece(f"-{first} - {second}", Level.SUM)


LOSSES: dict[str, Callable[[LatexPrinter, Loss], Piece]] = {
    "softmax_cross_entropy": _softmax_cross_entropy,
    "squared_error": _squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
}


def missing_losses(names: frozenset[str]) -> frozenset[str]:
    """The losses of the table that have no printer here."""
    return names - frozenset(LOSSES)
