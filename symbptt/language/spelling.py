"""The surface tree as text, for what a message proposes: with the parentheses that it needs."""

from __future__ import annotations

from enum import IntEnum

from symbptt.language import surface as sf


class Level(IntEnum):
    """How strongly an expression holds together."""

    SUM = 0
    PRODUCT = 1
    SIGN = 2
    POWER = 3
    ATOM = 4


def spell(node: sf.Node, least: Level = Level.SUM) -> str:
    """The text of an expression, in parentheses if it holds less strongly than ``least``."""
    text, level = _spelled(node)
    return text if level >= least else f"({text})"


def _spelled(node: sf.Node) -> tuple[str, Level]:
    match node:
        case sf.Literal(text=text):
            return text, Level.ATOM
        case sf.Named(name=name):
            return name, Level.ATOM
        case sf.Timed(name=name, index=index):
            return f"{name}[{index}]", Level.ATOM
        case sf.Len(vector=vector):
            return f"len({vector.name})", Level.ATOM
        case sf.TableRow(table=table, row=row):
            return f"{spell(table)}[{spell(row)}]", Level.ATOM
        case sf.Plus(terms=[first, *rest]):
            return spell(first) + "".join(map(_added, rest)), Level.SUM
        case sf.Minus(operand=operand):
            return f"-{spell(operand, Level.SIGN)}", Level.SIGN
        case sf.Times(factors=factors):
            return _product("*", factors, Level.PRODUCT), Level.PRODUCT
        case sf.Over(numerator=above, denominator=below):
            return _product("/", [above, below], Level.PRODUCT), Level.PRODUCT
        case sf.Chain(operands=operands, loose=loose):
            return _product("@", operands, Level.PRODUCT if loose else Level.SIGN), Level.PRODUCT
        case sf.Power(base=base, exponent=exponent):
            return f"{spell(base, Level.ATOM)}**{spell(exponent, Level.SIGN)}", Level.POWER
        case sf.Flip(operand=operand):
            return f"{spell(operand, Level.ATOM)}.T", Level.ATOM
        case sf.Apply(function=function, args=args):
            return f"{function}({', '.join(map(spell, args))})", Level.ATOM
    raise TypeError(f"{type(node).__name__} is in no model")


def _added(term: sf.Node) -> str:
    if isinstance(term, sf.Minus):
        return f" - {spell(term.operand, Level.PRODUCT)}"
    return f" + {spell(term, Level.PRODUCT)}"


def _product(sign: str, operands: list[sf.Node], first: Level) -> str:
    """The first operand may be a product itself, which Python reads from the left."""
    texts = [spell(operands[0], first), *(spell(one, Level.SIGN) for one in operands[1:])]
    return f" {sign} ".join(texts)
