"""From the text of a formula to its tree.

``left = right for CONDITION`` is taken apart by hand; what is left are expressions that
`symbptt.formula.expressions` reads.
"""

from __future__ import annotations

import ast
import re

from symbptt import algebra as al
from symbptt.algebra.letters import Entry
from symbptt.errors import FormulaError
from symbptt.formula.expressions import ExpressionReader
from symbptt.formula.indices import MAX_NESTING
from symbptt.formula.names import FormulaNames, finding
from symbptt.formula.statement import (
    Fixed,
    Formula,
    Inequalities,
    Span,
    free_names,
    is_length,
    own_names,
    walk,
    with_bound,
)

MAX_LENGTH = 4_000

_COMPARISON = re.compile(r"<=|>=|==|!=|<|>|=")
_SHAPE = "a formula is `left = right`, and conditions follow after `for`"


def read(text: str, model: al.Model) -> Formula:
    """The tree of a formula about a model.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read.
    """
    plain = re.sub(r"\s", " ", text)
    reader = _FormulaReader(plain, FormulaNames.of(model))
    if len(plain) > MAX_LENGTH:
        raise FormulaError(
            f"a formula has at most {MAX_LENGTH:,} characters, and this one has {len(plain):,}"
        )
    return reader.formula()


class _FormulaReader(ExpressionReader):
    def formula(self) -> Formula:
        self._brackets()
        end = len(self.text)
        words = [m for m in re.finditer(r"\bfor\b", self.text) if self._outside(m.start())]
        if len(words) > 1:
            self.wrong(words[1].span(), "one `for`: conditions are separated by commas")
        body = (0, words[0].start() if words else end)
        equals = [s for s, sign in self._signs(body) if sign == "="]
        others = [(s, sign) for s, sign in self._signs(body) if sign != "="]
        if others:
            start, sign = others[0]
            self.wrong((start, start + len(sign)), f"{_SHAPE}; a comparison stands in a condition")
        if not equals:
            self.wrong((body[1] - 1, body[1]), f"{_SHAPE}; there is no `=`")
        if len(equals) > 1:
            self.wrong((equals[1], equals[1] + 1), f"{_SHAPE}; one `=` only")
        left = self.expression((body[0], equals[0]))
        right = self.expression((equals[0] + 1, body[1]))
        chains, fixed = self._conditions((words[0].end(), end)) if words else ((), ())
        formula = Formula(left, right, chains, fixed, " ".join(self.text.split()), self.spans)
        self._all_bound(formula)
        return formula

    def _brackets(self) -> None:
        opened: list[int] = []
        for place, sign in enumerate(self.text):
            if sign in "([{":
                opened.append(place)
            elif sign in ")]}":
                if not opened:
                    self.wrong((place, place + 1), f"this `{sign}` closes no bracket")
                start = opened.pop()
                if self.text[start] + sign not in ("()", "[]", "{}"):
                    message = f"this `{sign}` does not close the `{self.text[start]}` before it"
                    self.wrong((place, place + 1), message)
            prime = re.match(r"\w'\d*\(", self.text[max(0, place - 1) :])
            if sign in '"#\\;`' or (sign == "'" and not prime):
                self.wrong((place, place + 1), f"`{sign}` has no meaning in a formula")
            if len(opened) > MAX_NESTING:
                self.wrong((place, place + 1), f"brackets nest at most {MAX_NESTING} deep")
        if opened:
            self.wrong((opened[-1], opened[-1] + 1), "this bracket is never closed")

    def _outside(self, place: int) -> bool:
        """Whether a place stands in no bracket."""
        before = self.text[:place]
        return sum(map(before.count, "([{")) == sum(map(before.count, ")]}"))

    def _signs(self, span: Span) -> list[tuple[int, str]]:
        """The comparison signs outside brackets."""
        found = _COMPARISON.finditer(self.text, *span)
        return [(m.start(), m.group()) for m in found if self._outside(m.start())]

    def _conditions(self, span: Span) -> tuple[tuple[Inequalities, ...], tuple[Fixed, ...]]:
        first, last = span
        commas = [k for k in range(first, last) if self.text[k] == "," and self._outside(k)]
        chains: list[Inequalities] = []
        fixed: list[Fixed] = []
        for start, end in zip([first, *(k + 1 for k in commas)], [*commas, last], strict=True):
            if not self.text[start:end].strip():
                self.wrong((start, end), "a condition is missing after `for` or a comma")
            signs = self._signs((start, end))
            if not signs:
                self.wrong(
                    self.trimmed((start, end)),
                    "a condition compares indices (`1 <= t < T`) or fixes an initial value "
                    "(`h[0] = 0`)",
                )
            head = self.tree((start, signs[0][0]))
            if isinstance(head, ast.Subscript):
                fixed.append(self._fixed(head, signs, (start, end)))
            else:
                chains.append(self._chain(signs, (start, end)))
        return tuple(chains), tuple(fixed)

    def _chain(self, signs: list[tuple[int, str]], span: Span) -> Inequalities:
        cuts = [span[0], *(k for place, s in signs for k in (place, place + len(s))), span[1]]
        spans = list(zip(cuts[::2], cuts[1::2], strict=True))
        sides = tuple(self.index(self.tree(part)) for part in spans)
        if any(is_length(name) for side in sides for name in side.names()):
            self.wrong(self.trimmed(span), "a condition compares steps, and `len` is none")
        return Inequalities(sides, tuple("==" if s == "=" else s for _, s in signs))

    def _fixed(self, head: ast.Subscript, signs: list[tuple[int, str]], span: Span) -> Fixed:
        place, sign = signs[0]
        target = self.node(head)
        whole = self.trimmed(span)
        if len(signs) > 1 or sign not in ("=", "==") or not isinstance(target, al.Ref):
            self.wrong(whole, "an initial value is fixed by one equation, `h[0] = 0`")
        if target.index.terms:
            self.wrong(whole, f"an initial value has a number for its step, as `{target.name}[0]`")
        step = target.index.offset
        initial = {(i.name, i.step): i for i in self.names.model.initials}
        if (target.name, step) not in initial:
            keys = ", ".join(i.key for i in self.names.model.initials) or "none"
            self.wrong(
                whole, f"`{target.name}[{step}]` is no initial value of the model; it has {keys}"
            )
        if initial[target.name, step].value is not None:
            self.wrong(whole, f"the model itself fixes `{target.name}[{step}]`")
        value = self.expression((place + len(sign), span[1]))
        for node in walk(value):
            if not isinstance(node, _INITIAL):
                message = "an initial value is a number or an expression of parameters"
                self.wrong(self.span(node), message)
        return Fixed(target.name, step, value, whole)

    def _all_bound(self, formula: Formula) -> None:
        """Every index name is free by the rules or bound by a sum or product."""
        known = {"t", "T"}
        known |= bracketed(formula.left)
        for chain in formula.chains:
            known.update(name for side in chain.sides for name in side.names())
        for side in formula.sides:
            for node, bound in with_bound(side):
                if isinstance(node, al.Count | al.Ref | al.TimeSum | al.OrderedProduct):
                    self._bound_there(node, known | bound)

    def _bound_there(self, node: al.Expr, known: frozenset[str] | set[str]) -> None:
        unknown = sorted(own_names(node) - known)
        if unknown:
            self.wrong(
                self.span(node),
                f"`{unknown[0]}` is neither a name of the model {self.names.model.name} nor an "
                "index: an index is bound by `sum` or `prod`, or stands in brackets on the left "
                f"or in the condition{self.names.near(unknown[0])}",
            )


_INITIAL = (
    al.Number,
    al.Constant,
    al.Param,
    al.Add,
    al.Neg,
    al.Mul,
    al.Div,
    al.Product,
    al.Transpose,
    al.Pow,
)
"""What the value of an initial value is made of."""


def bracketed(node: al.Expr) -> set[str]:
    """The index names that stand in brackets, bound ones left out."""
    found: set[str] = set()
    for inner, bound in with_bound(node):
        if isinstance(inner, al.Ref):
            found |= set(inner.index.names()) - bound
        elif isinstance(inner, Entry):
            for place in inner.places:
                found |= free_names(place) - bound
    return found


__all__ = ["bracketed", "finding", "read"]
