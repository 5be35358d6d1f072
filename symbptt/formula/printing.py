"""A formula's tree as text that reads back to the same tree."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from symbptt.algebra import Index
from symbptt.formula.tree import (
    Add,
    At,
    Call,
    Chain,
    Delta,
    Diff,
    Div,
    Dot,
    Entry,
    Flip,
    Formula,
    Len,
    Mul,
    Name,
    Neg,
    Node,
    Num,
    OneHot,
    Over,
    Power,
    Row,
    Total,
    Unit,
    Whole,
    children,
    map_indices,
    with_child,
)

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
"""How tightly a piece of text holds together."""


def formula_text(formula: Formula) -> str:
    text = f"{node_text(formula.left)} = {node_text(formula.right)}"
    conditions = [f"{f.name}[{f.step}] = {node_text(f.value)}" for f in formula.fixed]
    conditions += [chain_text(chain) for chain in formula.chains]
    return text + (f" for {', '.join(conditions)}" if conditions else "")


def chain_text(chain: Chain) -> str:
    text = index_text(chain.sides[0])
    for sign, side in zip(chain.operators, chain.sides[1:], strict=True):
        text += f" {'=' if sign == '==' else sign} {index_text(side)}"
    return text


def node_text(node: Node) -> str:
    return _print(node)[0]


def index_text(index: Index) -> str:
    """``i-t``, not ``-t+i``."""
    return str(replace(index, terms=tuple(sorted(index.terms, key=lambda term: term[1] < 0))))


def canonical(formula: Formula) -> str:
    """A text that is the same for formulas which differ in the order of terms alone."""
    sides = [node_text(_sorted(side)) for side in (formula.left, formula.right)]
    return " = ".join([*sides, formula_text(replace(formula, left=_ZERO, right=_ZERO))])


def _sorted(node: Node) -> Node:
    for place, child in enumerate(children(node)):
        node = with_child(node, place, _sorted(child))
    node = map_indices(node, lambda index: replace(index, terms=tuple(sorted(index.terms))))
    if isinstance(node, Add):
        terms = [t for term in node.terms for t in _flat(term)]
        return Add(tuple(sorted(terms, key=node_text)))
    if isinstance(node, Dot):
        factors = [f for g in node.factors for f in (g.factors if isinstance(g, Dot) else (g,))]
        return Dot(tuple(factors))
    return node


def _flat(term: Node) -> tuple[Node, ...]:
    return term.terms if isinstance(term, Add) else (term,)


_ZERO = Num(Fraction(0), "0")


def _in(node: Node, level: int) -> str:
    """The text of an operand, in parentheses where its own operator is weaker."""
    text, own = _print(node)
    return text if own >= level else f"({text})"


def _print(node: Node) -> tuple[str, int]:
    match node:
        case Num(value=value, text=text):
            return _number(value, text)
        case Whole(index=index):
            text = index_text(index)
            return text, ATOM if text.isalnum() else SUM
        case Unit():
            return "I", ATOM
        case Total():
            return "L", ATOM
        case Name(name=name):
            return name, ATOM
        case At(name=name, index=index):
            return f"{name}[{index_text(index)}]", ATOM
        case Row(table=table, row=row):
            return f"{table.name}[{node_text(row)}]", ATOM
        case Entry(operand=operand, places=places):
            inner = ", ".join(map(node_text, places))
            return f"{_in(operand, ATOM)}[{inner}]", ATOM
        case Add():
            return _sum(node), SUM
        case Neg(operand=operand):
            return f"-{_in(operand, SIGN)}", SIGN
        case Mul(factors=factors) | Dot(factors=factors):
            sign = " * " if isinstance(node, Mul) else " @ "
            first, *rest = factors
            head = _in(first, PRODUCT if not isinstance(first, type(node)) else SIGN)
            return sign.join([head, *(_in(f, SIGN) for f in rest)]), PRODUCT
        case Div(above=above, below=below):
            return f"{_in(above, PRODUCT)}/{_in(below, SIGN)}", PRODUCT
        case Power(base=base, exponent=exponent):
            return f"{_in(base, ATOM)}**{_in(exponent, ATOM)}", POWER
        case Flip(operand=operand):
            # 1.T would be read as a number, 1., and a name.
            inner = _in(operand, ATOM) if not isinstance(operand, Num) else f"({operand.text})"
            return f"{inner}.T", ATOM
        case Diff(of=of, by=by, partial=partial):
            return f"{'partial' if partial else 'd'}({node_text(of)}, {node_text(by)})", ATOM
        case Over():
            return _over(node), ATOM
        case Call(function=function, args=args):
            return f"{function}({', '.join(map(node_text, args))})", ATOM
        case OneHot(position=position):
            return f"onehot({node_text(position)})", ATOM
        case Delta(left=left, right=right):
            return f"delta({node_text(left)}, {node_text(right)})", ATOM
        case Len(name=name):
            return f"len({name})", ATOM
    raise TypeError(f"no text for {type(node).__name__}")


def _number(value: Fraction, text: str) -> tuple[str, int]:
    text = text or str(value)
    return text, PRODUCT if "/" in text else SIGN if text.startswith("-") else ATOM


def _sum(node: Add) -> str:
    text = ""
    for term in node.terms:
        negative = isinstance(term, Neg) and bool(text)
        inner = term.operand if negative and isinstance(term, Neg) else term
        sign = (" - " if negative else " + ") if text else ""
        text += sign + _in(inner, PRODUCT)
    return text


def _over(node: Over) -> str:
    parts = [node.name, index_text(node.first), index_text(node.last)]
    if node.step < 0:
        parts.append("-1")
    return f"{'prod' if node.product else 'sum'}({', '.join([*parts, node_text(node.body)])})"
