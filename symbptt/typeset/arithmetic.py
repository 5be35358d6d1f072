r"""Numbers, sums, products, quotients and powers in LaTeX.

Elementwise products of vectors have ``\odot``; numbers and scalars stand beside what
they multiply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from symbptt import algebra as al
from symbptt.typeset.printer import Level, Piece, Printer
from symbptt.typeset.tex import FRACTIONS, WORDS, Atom, atoms, width

WIDEST_FRACTION = 400
"""Wider than this (in units of 1/18 em), a fraction's parts are set on the line."""

FRACTION = r"\frac"

# What a scalar stands before without parentheses.
_JUXTAPOSED = (al.Product, al.Outer, al.Pullback)


class ArithmeticPrinter(Printer):
    """The part of the LaTeX printer that knows arithmetic."""

    def print_number(self, expr: al.Number) -> Piece:
        value = expr.value
        if value < 0:
            positive = al.Number(-value, expr.text.lstrip("-"))
            return Piece(f"-{self.print_number(positive).text}", Level.SIGNED)
        scientific = re.fullmatch(r"([\d.]+)[eE]\+?(-?\d+)", expr.text.replace("_", ""))
        if scientific:
            mantissa, exponent = scientific.groups()
            factor = "" if mantissa == "1" else rf"{mantissa} \cdot "
            return Piece(rf"{factor}10^{{{int(exponent)}}}", Level.FRACTION)
        if re.fullmatch(r"[\d._]+", expr.text):
            return Piece(expr.text.replace("_", "").rstrip("."))
        if value.denominator == 1:
            return Piece(str(value))
        return Piece(rf"\frac{{{value.numerator}}}{{{value.denominator}}}", Level.FRACTION)

    def print_add(self, expr: al.Add) -> Piece:
        return Piece(" ".join(self.signed_terms(expr)), Level.SUM)

    def signed_terms(self, expr: al.Expr) -> list[str]:
        """The terms of a sum, each but the first with its sign in front."""
        if not isinstance(expr, al.Add):
            return [self.show(expr)]
        texts = [self.show(expr.terms[0], Level.SIGNED)]
        for term in expr.terms[1:]:
            piece = self.piece(term)
            if isinstance(term, al.Neg):
                texts.append(f"- {self.show(term.operand, Level.BIG_SUM)}")
            elif isinstance(term, al.Loss) and piece.level == Level.SIGNED:
                texts.append(f"- {piece.text.removeprefix('-')}")
            else:
                texts.append(f"+ {self.fit(piece, Level.BIG_SUM)}")
        return texts

    def shape(self, expr: al.Expr) -> al.Shape:
        """What is set as a scalar, a vector or a matrix."""
        return expr.shape

    def print_neg(self, expr: al.Neg) -> Piece:
        return Piece(f"-{self.show(expr.operand, Level.BIG_SUM)}", Level.SIGNED)

    def print_mul(self, expr: al.Mul) -> Piece:
        r"""Scalars stand beside their neighbour, arrays are joined by ``\odot``."""
        text = ""
        arrays = 0
        signed = False
        for position, factor in enumerate(expr.factors):
            piece = self.piece(factor)
            last = position == len(expr.factors) - 1
            if position == 0 and piece.level == Level.SIGNED and isinstance(factor, al.Neg):
                signed = True
                shown = piece.text
            elif last and position and not arrays and isinstance(factor, _JUXTAPOSED):
                shown = self.fit(piece, Level.BIG_SUM)
            else:
                shown = self.factor(piece, position, last)
            array = bool(self.shape(factor))
            text += self.joint(text, shown, hadamard=array and arrays > 0) + shown
            arrays += array
        level = Level.SIGNED if signed else Level.PRODUCT if arrays > 1 else Level.MATRIX
        if len(expr.factors) == 1:
            level = self.piece(expr.factors[0]).level
        return Piece(text, level)

    def factor(self, piece: Piece, position: int, last: bool) -> str:
        if last and position and piece.level == Level.BIG_SUM:
            return piece.text
        return self.fit(piece, Level.FRACTION)

    def joint(self, left: str, right: str, hadamard: bool) -> str:
        if not left:
            return ""
        if hadamard:
            return r" \odot "
        last, first = atoms(left)[-1], atoms(right)[0]
        digit = first.token in FRACTIONS and first.groups[0][0].isdigit()
        if right[0].isdigit() or (left[-1].isdigit() and digit):
            return r" \cdot "
        touching = last.token in FRACTIONS and first.token in FRACTIONS
        return r" \, " if touching or _is_word(last) or _is_word(first) else " "

    def beside(self, *texts: str) -> str:
        """Factors side by side, names of several letters and fractions kept apart."""
        result = ""
        for text in texts:
            result += self.joint(result, text, hadamard=False) + text
        return result

    def print_div(self, expr: al.Div) -> Piece:
        """A fraction of no more than two decks: what holds a fraction stands behind it."""
        above, below = self.show(expr.numerator), self.show(expr.denominator)
        if FRACTION in above + below:
            return self.print_flat(expr)
        if max(width(above), width(below)) <= WIDEST_FRACTION:
            return Piece(rf"\frac{{{above}}}{{{below}}}", Level.FRACTION)
        return self.on_the_line(expr)

    def on_the_line(self, expr: al.Div) -> Piece:
        above = self.show(expr.numerator, Level.FRACTION)
        below = self.show(expr.denominator, Level.POWER)
        return Piece(f"{above} / {below}", Level.PRODUCT)

    def print_flat(self, expr: al.Div) -> Piece:
        """With the denominators of its parts below, too."""
        above, below = _decks(expr)
        if any(FRACTION in self.show(factor) for factor in below):
            return self.on_the_line(expr)
        tall = [factor for factor in above if FRACTION in self.show(factor)]
        front = al.Div(_product([f for f in above if f not in tall]), _product(below))
        return self.print_mul(al.Mul((front, *tall))) if tall else self.piece(front)

    def print_pow(self, expr: al.Pow) -> Piece:
        r"""A power of an array is elementwise, ``^{\odot 2}``; a matrix power is not."""
        base = self.show(expr.base, Level.ATOM)
        hadamard = r"\odot " if self.is_entrywise(expr) else ""
        exponent = self.exponent(expr.exponent)
        if not hadamard and len(exponent) == 1:
            return Piece(f"{base}^{exponent}", Level.POWER)
        return Piece(f"{base}^{{{hadamard}{exponent}}}", Level.POWER)

    def is_entrywise(self, expr: al.Pow) -> bool:
        return bool(expr.shape)

    def exponent(self, expr: al.Expr) -> str:
        """An exponent on one line: 1/2 rather than a small fraction."""
        if isinstance(expr, al.Neg):
            return f"-{self.exponent(expr.operand)}"
        if isinstance(expr, al.Number) and not expr.text:
            return str(expr.value)
        return self.show(expr)


def _decks(expr: al.Expr) -> tuple[list[al.Expr], list[al.Expr]]:
    """The factors of a quotient, and those that it is divided by."""
    match expr:
        case al.Div(numerator=above, denominator=below):
            (first, second), (third, fourth) = _decks(above), _decks(below)
            return first + fourth, second + third
        case al.Mul(factors=factors):
            pairs = [_decks(factor) for factor in factors]
            return [f for pair in pairs for f in pair[0]], [f for pair in pairs for f in pair[1]]
        case al.Number(value=value, text="") if value.denominator > 1:
            one: list[al.Expr] = [al.Number(Fraction(value.numerator))]
            return one if value.numerator != 1 else [], [al.Number(Fraction(value.denominator))]
        case al.Number(value=value) if value == 1:
            return [], []
    return [expr], []


def _product(factors: Sequence[al.Expr]) -> al.Expr:
    """Whole numbers first, as one; equal factors are a power."""
    number = Fraction(1)
    powers: Counter[al.Expr] = Counter()
    for factor in factors:
        if isinstance(factor, al.Number) and factor.value.denominator == 1:
            number *= factor.value
        else:
            powers[factor] += 1
    raised = [f if n == 1 else al.Pow(f, al.Number(Fraction(n))) for f, n in powers.items()]
    found = [al.Number(number), *raised] if number != 1 or not raised else raised
    return found[0] if len(found) == 1 else al.Mul(tuple(found))


def _is_word(atom: Atom) -> bool:
    """Whether it is a name of several letters."""
    return atom.token in WORDS and len(atom.groups[0]) > 1
