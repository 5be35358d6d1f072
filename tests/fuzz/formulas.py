"""Formulas drawn from the grammar of formula-language.md, of a model's own names."""

from __future__ import annotations

import random

from symbptt.algebra import Model

STEPS = ("t", "t-1", "t+1", "T", "T-1", "1", "0", "i", "i-1", "j", "t-2")
CONDITIONS = (
    "",
    "",
    " for 1 <= t <= T",
    " for t < T",
    " for t = T",
    " for h[0] = 0",
)


class Author:
    """Writes a formula; deeper terms have more parts."""

    def __init__(self, rng: random.Random, model: Model) -> None:
        self.rng = rng
        self.states = [e.name for e in model.equations] or ["h"]
        self.timed = [*self.states, *(i.name for i in model.inputs)]
        self.parameters = [p.name for p in model.parameters] or ["W"]
        self.functions = ["tanh", "sigmoid", "exp", *(a.name for a in model.abstract)]

    def timed_value(self) -> str:
        return f"{self.rng.choice(self.timed)}[{self.rng.choice(STEPS)}]"

    def derivative(self) -> str:
        of = self.rng.choice(("L", self.timed_value(), self.timed_value()))
        by = self.rng.choice((self.timed_value(), self.rng.choice(self.parameters)))
        kind = self.rng.choice(("d", "d", "partial", "direct"))
        return self.rng.choice((f"{kind}({of}, {by})", f"d{of}/d{by}"))

    def leaf(self) -> str:
        return self.rng.choice(
            (
                self.timed_value(), self.derivative(), self.rng.choice(self.parameters),
                f"{self.rng.choice(self.parameters)}.T", "I", "1", "T", "1/T", "t", "0",
                f"onehot({self.timed_value()})", f"{self.rng.choice(self.functions)}'(a[t])",
            )
        )  # fmt: skip

    def term(self, depth: int) -> str:
        if depth <= 0:
            return self.leaf()
        one, other = self.term(depth - 1), self.term(depth - self.rng.choice((1, 2)))
        low, high = self.rng.choice(STEPS), self.rng.choice(STEPS)
        return self.rng.choice(
            (
                f"{one} + {other}", f"{one} - {other}", f"({one}) @ ({other})", f"{one} @ {other}",
                f"{one} * {other}", f"({one})**2", f"({one})**(t-i)", f"-({one})", f"({one}).T",
                f"diag({one})", f"outer({one}, {other})", f"kron({one}, {other})", f"vec({one})",
                f"sum(i, {low}, {high}, {one})", f"prod(j, {low}, {high}, {one})", f"({one})[i]",
                f"{self.rng.choice(self.functions)}({one})", f"({one}) / 2", f"({one})[i, j]",
            )
        )  # fmt: skip

    def write(self) -> str:
        left = self.rng.choice((self.derivative(), self.derivative(), self.timed_value()))
        right = self.term(self.rng.choice((0, 1, 1, 2, 2, 3)))
        return f"{left} = {right}{self.rng.choice(CONDITIONS)}"


def drawn_formula(rng: random.Random, model: Model) -> str:
    return Author(rng, model).write()
