"""Bounds on a model's size, checked on tokens: past them an error, never a crash or a hang.

Brackets nest, but so do unary operators, powers, transposes, quotients and products of
matrices: each adds a level to the tree that is read. Sums and elementwise products do
not; they are flat, and bounded by their number of terms.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.language.source import Findings, Place
from symbptt.language.tokens import BINARY, MODEL, Grammar, Statement, Token

MAX_STATEMENTS = 1_000
MAX_TERMS = 1_000
MAX_NESTING = 100
MAX_DEPTH = 120  # of the tree, where sums and products between brackets count as well
MAX_DIGITS = 100
MAX_EXPONENT = 300  # of ten: what float64 can hold, with room
MAX_LAG = 100

_DEEPENING = frozenset(["/", "@", "**", "."])


@dataclass
class _Nesting:
    """What one bracket holds so far.

    ``inner`` is the deepest nesting inside the present term, ``cost`` what the term's
    own operators add; ``deepest`` is the same over finished terms. ``nodes`` and
    ``deepest_nodes`` count the tree's nodes in their place. ``operators`` counts the
    present chain and ``tall`` the longest chain inside it, for Python's parser reads a
    chain as a tree that leans to the left.
    """

    inner: int = 0
    cost: int = 0
    deepest: int = 0
    nodes: int = 0
    product: bool = False
    deepest_nodes: int = 0
    is_sum: bool = False
    is_call: bool = False
    is_step: bool = False
    operators: int = 0
    tall: int = 0
    tallest: int = 0

    def end_term(self) -> None:
        self.deepest = max(self.deepest, self.inner + self.cost)
        self.deepest_nodes = max(self.deepest_nodes, self.nodes + self.cost + self.product)
        self.inner = self.cost = self.nodes = 0
        self.product = False

    def end_chain(self) -> None:
        self.end_term()
        self.tallest = max(self.tallest, self.operators + self.tall)
        self.operators = self.tall = 0


class _Gauge:
    """Measures one statement, token by token."""

    def __init__(self) -> None:
        self.levels = [_Nesting()]
        self.operand = False  # whether the token before ends an operand
        self.postfix = False  # whether it is a closing bracket

    def add(self, token: Token) -> None:
        level = self.levels[-1]
        text = token.text if token.kind == "op" else ""
        if text in ("(", "["):
            # f(x)(y), a[0][0]: postfix brackets in a row nest as well.
            level.cost += 1 if self.postfix else 0
            self.levels.append(_Nesting(is_call=self.operand, is_step=text == "["))
        elif text in (")", "]") and len(self.levels) > 1:
            level.end_chain()
            self.levels.pop()
            outer = self.levels[-1]
            is_step = text == "]" and level.deepest == 0
            outer.inner = max(outer.inner, level.deepest + (0 if is_step else 1))
            outer.nodes = max(outer.nodes, level.deepest_nodes + level.is_sum + level.is_call)
            outer.tall = max(outer.tall, level.tallest)
        elif text in (",", "=", ":"):
            level.end_chain()
        elif text in BINARY and self.operand:
            level.operators += 1
            if text in ("+", "-"):
                level.end_term()
                level.is_sum = True
            elif text in _DEEPENING:
                level.cost += 1
            else:
                level.product = True
        elif text in BINARY or text == ".":
            level.cost += 1
        self.operand = token.kind != "op" or text in (")", "]")
        self.postfix = text in (")", "]")

    @property
    def nesting(self) -> int:
        level = self.levels[-1]
        is_step = level.is_step and not level.inner + level.cost
        return len(self.levels) - 1 - is_step + level.inner + level.cost

    @property
    def depth(self) -> int:
        """How deep the tree is in what has been closed so far."""
        level = self.levels[-1]
        return max(level.deepest_nodes, level.nodes + level.cost + level.product) + level.is_sum

    @property
    def terms(self) -> int:
        return 1 + max(level.operators for level in self.levels)

    @property
    def tall(self) -> int:
        return sum(level.operators for level in self.levels) + self.levels[-1].tall


def check(statements: list[Statement], findings: Findings, grammar: Grammar = MODEL) -> None:
    """Finds too many statements, too long chains, too deep nesting and too large numbers."""
    if len(statements) > MAX_STATEMENTS:
        place = statements[MAX_STATEMENTS].tokens[0].place
        count = f"{MAX_STATEMENTS:,}"
        findings.add(
            place, f"a model has at most {count} statements, and this one has {len(statements):,}"
        )
        findings.stop()
    for statement in statements:
        found = _measure(statement.tokens, grammar)
        if found and not statement.broken:
            findings.add(*found)
        statement.broken = statement.broken or found is not None


def _measure(tokens: list[Token], grammar: Grammar) -> tuple[Place, str] | None:
    gauge = _Gauge()
    advice = ": give a part of it a name of its own" if grammar == MODEL else ""
    for token in tokens:
        gauge.add(token)
        if gauge.nesting > MAX_NESTING or gauge.depth > MAX_DEPTH:
            return token.place, (
                f"an expression nests at most {MAX_NESTING} deep (brackets, sums and products in "
                f"each other, unary operators, `.T`, `**`, `/`, `@`){advice}"
            )
        if gauge.terms > MAX_TERMS or gauge.tall > MAX_TERMS + MAX_NESTING:
            return token.place, f"an expression has at most {MAX_TERMS:,} terms in a row{advice}"
        message = check_number(token.text) if token.kind == "number" else None
        if message:
            return token.place, message
    return None


def check_number(text: str) -> str | None:
    """What is wrong with a number as written, if anything is."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = sum(map(str.isdigit, mantissa))
    if digits > MAX_DIGITS:
        return f"a number has at most {MAX_DIGITS} digits, and this one has {digits:,}"
    if len(exponent) > 6 or abs(int(exponent or 0)) > MAX_EXPONENT:
        return (
            f"the exponent of a number is at most {MAX_EXPONENT}: "
            "floating-point numbers end near 1e308"
        )
    if mantissa.isdigit() and len(mantissa) > 1 and mantissa[0] == "0" and not exponent:
        return f"a whole number has no leading zero: write {mantissa.lstrip('0') or '0'}"
    return None
