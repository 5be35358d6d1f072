"""A formula as text that reads back to the same formula."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from symbptt.algebra import Derivative, Expr, Index, Neg
from symbptt.formula.statement import Formula, Inequalities
from symbptt.typeset.plain import PlainPrinter, index_text
from symbptt.typeset.printer import Piece


class _Printer(PlainPrinter):
    """Expressions as their author wrote them: the derivative of a scalar is its gradient."""

    def print_derivative(self, expr: Derivative) -> Piece:
        return self.derivative(expr.output, expr.wrt, expr.held)


def text_of(expr: Expr) -> str:
    """A part of a formula on one line."""
    return _PRINTER.show(expr)


_PRINTER = _Printer()

MARKS = ("\x02", "\x03")
"""Control characters around what is marked, which no text holds."""


class _Marking(_Printer):
    """Puts marks around some parts."""

    def __init__(self, marked: Iterable[Expr]) -> None:
        super().__init__()
        self.marked = within_signs(marked)

    def piece(self, expr: Expr) -> Piece:
        found = super().piece(expr)
        return Piece(found.text.join(MARKS), found.level) if id(expr) in self.marked else found


def within_signs(exprs: Iterable[Expr]) -> frozenset[int]:
    """The identities of parts; a sign is printed apart from what it stands before."""
    return frozenset(id(e.operand if isinstance(e, Neg) else e) for e in exprs)


def formula_text(formula: Formula, marked: Iterable[Expr] = ()) -> str:
    """On one line; ``MARKS`` stand around the marked parts of the right side."""
    right = _Marking(marked).show(formula.right)
    text = f"{text_of(formula.left)} = {right}"
    said = conditions(formula)
    return text + (f" for {', '.join(said)}" if said else "")


def conditions(formula: Formula) -> list[str]:
    """What is said behind `for`."""
    fixed = [f"{f.name}[{f.step}] = {text_of(f.value)}" for f in formula.fixed]
    return fixed + [chain_text(chain) for chain in formula.chains]


def underlined(text: str, width: int = 76) -> list[str]:
    """Lines of marked text, below each the carets of what is marked in it."""
    lines: list[str] = []
    start, _ = MARKS
    inside = False
    for line in _broken(text, width):
        plain, carets = "", ""
        for character in line:
            if character in MARKS:
                inside = character == start
                continue
            plain += character
            carets += "^" if inside and plain.strip() else " "
        lines += [plain, carets.rstrip()] if carets.strip() else [plain]
    return lines


def _broken(text: str, width: int) -> Iterator[str]:
    """Lines of no more than so many characters, broken where the fewest brackets are open."""
    indent = ""
    while len(text.translate(_UNMARKED)) + len(indent) > width:
        depth, column, breaks = 0, len(indent), {}
        for place, character in enumerate(text):
            depth += (character in "([") - (character in ")]")
            column += character not in MARKS
            if column > width:
                break
            if character == " " and (found := _OPERATOR.match(text, place)):
                breaks[place] = (depth, found.lastindex or 0)
        if not breaks:
            break
        last = min(reversed(breaks), key=lambda place: breaks[place])
        yield indent + text[:last]
        indent, text = "  ", text[last + 1 :]
    yield indent + text


_UNMARKED = dict.fromkeys(map(ord, MARKS))
_OPERATOR = re.compile(r" \x02?(?:(?:[-+] |for )|([*@/] ))")


def in_names(text: str, called: Mapping[str, str]) -> str:
    """A formula, or a part of one, with what a text calls the names in it; ``.T`` is none."""
    return _NAME.sub(lambda name: called.get(name[0], name[0]), text) if called else text


def words_in_names(words: str, called: Mapping[str, str]) -> str:
    """The same of words: of the formulas quoted in them, and of quantities at a step."""
    return _QUOTED.sub(lambda quoted: in_names(quoted[0], called), words) if called else words


_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
_QUOTED = re.compile(
    r"`[^`]*`|[^\W\d]\w*(?=\[| moves | enters )|(?<=equation of )\w+|[^\W\d]\w*_\w+"
)


def links_text(links: Sequence[Formula]) -> str:
    """A chain on one line, the conditions of all links behind it."""
    first, *others = links
    members = [text_of(side) for side in (*first.sides, *(link.right for link in others))]
    said = dict.fromkeys(text for link in links for text in conditions(link))
    return " = ".join(members) + (f" for {', '.join(said)}" if said else "")


def chain_text(
    chain: Inequalities,
    show: Callable[[Index], str] = index_text,
    signs: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """``1 <= t < T``, by a printer of indices and with other signs."""
    text = show(chain.sides[0])
    for sign, side in zip(chain.operators, chain.sides[1:], strict=True):
        plain = "=" if sign == "==" else sign
        text += f" {signs.get(plain, plain)} {show(side)}"
    return text
