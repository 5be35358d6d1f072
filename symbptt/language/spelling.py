"""The surface tree as text, for what a message proposes: with the parentheses that it needs."""

from __future__ import annotations

from enum import IntEnum

from symbptt.language import surface as sf


class Tightness(IntEnum):
    """How strongly an expression holds together."""

    SUM = 0
    PRODUCT = 1
    SIGN = 2
    POWER = 3
    ATOM = 4


def spell(node: sf.Node, least: Tightness = Tightness.SUM) -> str:
    """The text of an expression, in parentheses if it holds less strongly than ``least``."""
    text, level = _spelled(node)
    return text if level >= least else f"({text})"


def _spelled(node: sf.Node) -> tuple[str, Tightness]:
    match node:
        case sf.Literal(text=text):
            return text, Tightness.ATOM
        case sf.Named(name=name):
            return name, Tightness.ATOM
        case sf.Timed(name=name, index=index):
            return f"{name}[{index}]", Tightness.ATOM
        case sf.Len(vector=vector):
            return f"len({vector.name})", Tightness.ATOM
        case sf.TableRow(table=table, row=row):
            return f"{spell(table)}[{spell(row)}]", Tightness.ATOM
        case sf.Plus(terms=[first, *rest]):
            return spell(first) + "".join(map(_added, rest)), Tightness.SUM
        case sf.Minus(operand=operand):
            return f"-{spell(operand, Tightness.SIGN)}", Tightness.SIGN
        case sf.Times(factors=factors):
            return _product("*", factors, Tightness.PRODUCT), Tightness.PRODUCT
        case sf.Over(numerator=above, denominator=below):
            return _product("/", [above, below], Tightness.PRODUCT), Tightness.PRODUCT
        case sf.Chain(operands=operands, loose=loose):
            return _product(
                "@", operands, Tightness.PRODUCT if loose else Tightness.SIGN
            ), Tightness.PRODUCT
        case sf.Power(base=base, exponent=exponent):
            return (
                f"{spell(base, Tightness.ATOM)}**{spell(exponent, Tightness.SIGN)}",
                Tightness.POWER,
            )
        case sf.Flip(operand=operand):
            return f"{spell(operand, Tightness.ATOM)}.T", Tightness.ATOM
        case sf.Apply(function=function, args=args):
            return f"{function}({', '.join(map(spell, args))})", Tightness.ATOM
    raise TypeError(f"{type(node).__name__} is in no model")


def _added(term: sf.Node) -> str:
    if isinstance(term, sf.Minus):
        return f" - {spell(term.operand, Tightness.PRODUCT)}"
    return f" + {spell(term, Tightness.PRODUCT)}"


def _product(sign: str, operands: list[sf.Node], first: Tightness) -> str:
    """The first operand may be a product itself, which Python reads from the left."""
    texts = [spell(operands[0], first), *(spell(one, Tightness.SIGN) for one in operands[1:])]
    return f" {sign} ".join(texts)
