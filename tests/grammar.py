"""Random models, drawn from the grammar of the model language with fixed seeds.

Every text is well-typed by construction: `Author` writes expressions of a wanted shape
and declares the shapes of inputs and quantities; parameters get theirs by inference.
Every function is smooth and every quantity bounded, so that gradients are comparable to
1e-10.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

SUM, MATMUL, FACTOR, ATOM = range(4)
FUNCTIONS = (
    "tanh", "sigmoid", "sin", "cos", "erf", "silu", "gelu", "softsign", "softplus", "log_sigmoid",
)  # fmt: skip


@dataclass(frozen=True)
class Text:
    """A piece of an expression and how tightly it holds together."""

    text: str
    strength: int = ATOM

    def within(self, strength: int) -> str:
        return self.text if self.strength >= strength else f"({self.text})"


def call(name: str, *args: Text) -> Text:
    return Text(f"{name}({', '.join(arg.text for arg in args)})")


def add(*terms: Text) -> Text:
    return Text(" + ".join(term.within(SUM) for term in terms), SUM)


def subtract(left: Text, right: Text) -> Text:
    return Text(f"{left.within(SUM)} - {right.within(MATMUL)}", SUM)


def times(left: Text, right: Text) -> Text:
    return Text(f"{left.within(FACTOR)} * {right.within(ATOM)}", FACTOR)


def apply(matrix: Text, vector: Text) -> Text:
    return Text(f"{matrix.within(ATOM)} @ {vector.within(ATOM)}", MATMUL)


def divide(left: Text, right: Text) -> Text:
    return Text(f"{left.within(FACTOR)} / {right.within(ATOM)}", FACTOR)


@dataclass
class Author:
    """Writes one model.

    ``states`` and ``inputs`` hold the dimension of every quantity and input, ``defined``
    the quantities that may be read at their own step by now; ``tables``, ``matrices`` and
    ``biases`` the parameters used so far, by shape, to be used again in other places.
    """

    rng: random.Random
    states: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    defined: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    tables: dict[tuple[str, str], str] = field(default_factory=dict)
    matrices: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    biases: dict[str, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    constant: bool = False
    count: int = 0

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def fresh(self, letters: str) -> str:
        self.count += 1
        return f"{self.rng.choice(letters)}_{self.count}"

    # --- what the model has ---

    def matrix(self, rows: str, columns: str) -> Text:
        """A matrix parameter: a new one, one used before, or the transpose of one."""
        if self.chance(0.35) and self.matrices.get((rows, columns)):
            return Text(self.rng.choice(self.matrices[rows, columns]))
        if self.chance(0.35) and self.matrices.get((columns, rows)):
            return Text(self.rng.choice(self.matrices[columns, rows]) + ".T")
        name = self.fresh("WUVRS")
        if rows == columns and self.chance(0.15):
            derived = self.fresh("AM")
            sign = self.rng.choice("+-")
            shift = self.rng.choice(("0.1 * I", "zeta * I", "I / 2"))
            if "zeta" in shift:
                shift = f"{self.scalar_parameter()} * I"
            self.lines.append(f"{derived} = {name} {sign} {name}.T - {shift}")
            self.matrices.setdefault((rows, rows), []).append(name)
            name = derived
        self.matrices.setdefault((rows, columns), []).append(name)
        return Text(name)

    def vector_parameter(self, dim: str) -> Text:
        if self.chance(0.3) and self.biases.get(dim):
            return Text(self.rng.choice(self.biases[dim]))
        name = self.fresh("bac")
        self.biases.setdefault(dim, []).append(name)
        if self.chance(0.2):
            derived = self.fresh("rs")
            self.lines.append(f"{name}: ({dim},)")
            self.lines.append(f"{derived} = {self.rng.choice(('sigmoid', 'tanh'))}({name}) / 2")
            name = derived
        return Text(name)

    def scalar_parameter(self) -> str:
        if self.scalars and self.chance(0.5):
            return self.rng.choice(self.scalars)
        name = self.rng.choice(("zeta", "alpha", "mu")) + f"_{self.count}"
        self.count += 1
        self.lines.append(f"{name}: scalar")
        if self.chance(0.3):
            derived = self.fresh("g")
            self.lines.append(f"{derived} = sigmoid({name})")
            name = derived
        self.scalars.append(name)
        return name

    def reference(self, dim: str) -> Text | None:
        """A quantity or input of that length, at its own step where it is known by then."""
        names = [name for name, d in (self.states | self.inputs).items() if d == dim]
        if not names:
            return None
        name = self.rng.choice(names)
        known = name in self.inputs or name in self.defined
        lags = ((0, 6), (1, 4), (2, 1), (3, 0.5))[0 if known else 1 :]
        lag = self.rng.choices(*zip(*lags, strict=True))[0]
        if name in self.inputs and self.chance(0.7):
            lag = 0
        return Text(f"{name}[t-{lag}]" if lag else f"{name}[t]")

    # --- expressions ---

    def vector(self, dim: str, depth: int) -> Text:
        """An expression of that length, bounded for bounded references."""
        if depth <= 0:
            return self.leaf(dim)
        # fmt: off
        forms: tuple[tuple[float, Callable[[str, int], Text]], ...] = (
            (5, self.product), (4, self.function), (2, self.gate), (2, self.sum),
            (1, self.scaled), (1, self.quotient), (1, self.power), (1, self.blend),
            (1, self.joined), (1, self.looked_up), (1, self.normalised), (1, self.chain),
        )
        # fmt: on
        weights, makers = zip(*forms, strict=True)
        return self.rng.choices(makers, weights)[0](dim, depth - 1)

    def leaf(self, dim: str) -> Text:
        found = self.reference(dim)
        if found is None or self.chance(0.2):
            parameter = self.vector_parameter(dim)
            # Alone beside @ it could be a matrix as well.
            declaration = f"{parameter.text}: ({dim},)"
            if f"{parameter.text} =" not in "\n".join(self.lines):
                self.lines += [] if declaration in self.lines else [declaration]
            return parameter
        return found

    def product(self, dim: str, depth: int) -> Text:
        other = self.rng.choice(self.all_dims())
        vector = self.vector(other, depth)
        if self.chance(0.2):
            return Text(f"{vector.within(ATOM)} @ {self.matrix(other, dim).text}", MATMUL)
        if dim == other and self.chance(0.1):
            inner = f"({self.matrix(dim, dim).text} - {self.matrix(dim, dim).text}.T - 0.1 * I)"
            return apply(Text(inner.replace(".T.T", "")), vector)
        return apply(self.matrix(dim, other), vector)

    def chain(self, dim: str, depth: int) -> Text:
        between, last = self.rng.choice(self.all_dims()), self.rng.choice(self.all_dims())
        left, right = self.matrix(dim, between), self.matrix(between, last)
        vector = self.vector(last, depth).within(ATOM)
        return Text(f"{left.text} @ {right.text} @ {vector}", MATMUL)

    def function(self, dim: str, depth: int) -> Text:
        return call(self.rng.choice(FUNCTIONS), self.sum(dim, depth))

    def gate(self, dim: str, depth: int) -> Text:
        return times(call("sigmoid", self.sum(dim, depth)), self.vector(dim, depth - 1))

    def sum(self, dim: str, depth: int) -> Text:
        terms = [self.vector(dim, depth) for _ in range(self.rng.choice((1, 2, 2, 3)))]
        if self.chance(0.3):
            terms.append(self.vector_parameter(dim))
        if len(terms) == 2 and self.chance(0.3):
            return subtract(*terms)
        return add(*terms) if len(terms) > 1 else terms[0]

    def scaled(self, dim: str, depth: int) -> Text:
        kind = self.rng.choice(("number", "constant", "parameter", "mean"))
        factor = Text("0.5")
        if kind == "constant":
            self.constant = True
            factor = Text("dt")
        if kind == "parameter":
            factor = Text(self.scalar_parameter())
        if kind == "mean":
            factor = call("mean", self.vector(dim, depth))
        return times(factor, self.vector(dim, depth))

    def quotient(self, dim: str, depth: int) -> Text:
        below = self.vector(dim, depth)
        square = self.rng.choice((call("dot", below, below), Text(f"{below.within(ATOM)}**2")))
        return divide(self.vector(dim, depth), add(Text("2"), square))

    def power(self, dim: str, depth: int) -> Text:
        return Text(f"{self.vector(dim, depth).within(ATOM)}**{self.rng.choice((2, 3))}", FACTOR)

    def blend(self, dim: str, depth: int) -> Text:
        share = Text(self.scalar_parameter())
        first, second = self.vector(dim, depth), self.vector(dim, depth)
        return add(times(share, first), times(subtract(Text("1"), share), second))

    def joined(self, dim: str, depth: int) -> Text:
        parts = self.rng.sample(self.all_dims(), k=min(2, len(self.all_dims())))
        vectors = [self.vector(part, depth - 1) for part in parts]
        return apply(Text(self.fresh("J")), call("concat", *vectors))

    def looked_up(self, dim: str, depth: int) -> Text:
        if not self.tokens:
            return self.product(dim, depth)
        token, ranges_over = self.rng.choice(sorted(self.tokens.items()))
        table = self.tables.setdefault((ranges_over, dim), self.fresh("E"))
        lag = self.rng.choice(("t", "t", "t-1"))
        return Text(f"{table}[{token}[{lag}]]")

    def normalised(self, dim: str, depth: int) -> Text:
        name = self.rng.choice(("softmax", "log_softmax"))
        return call(name, self.vector(dim, depth))

    def all_dims(self) -> list[str]:
        return sorted({*self.states.values(), *self.inputs.values()})

    # --- statements ---

    def write(self) -> str:
        rng = self.rng
        dims = ["d", "m", "n", "q"][: rng.choice((2, 3, 4))]
        for name in ("x", "u")[: rng.choice((1, 1, 2))]:
            self.inputs[name] = rng.choice(dims)
        if self.chance(0.3):
            self.tokens["tok"] = "k"
        for name in ("h", "g", "c", "s")[: rng.choice((1, 2, 2, 3, 4))]:
            self.states[name] = rng.choice(dims)
        self.lines += [f"{name}: ({dim},)" for name, dim in (self.inputs | self.states).items()]
        self.lines += [f"{name}: index" for name in self.tokens]
        for name, dim in self.states.items():
            self.define(name, dim)
        self.starts()
        self.loss()
        self.leave_out_what_is_unused()
        if self.constant:
            self.lines.append("dt = 0.25")
        if self.chance(0.3):
            rng.shuffle(self.lines)
        if self.chance(0.3):
            self.lines.insert(rng.randrange(len(self.lines) + 1), "L = sum")
        return "\n".join(self.lines) + "\n"

    def define(self, name: str, dim: str) -> None:
        """A bounded definition, so that no recurrence grows past what a float resolves."""
        inner = self.sum(dim, self.rng.choice((1, 2, 2)))
        if not re.search(r"\b[A-Zabcrs]_\d", inner.text):
            # Else no array might tell the generated module how long it is.
            inner = add(inner, self.vector_parameter(dim))
        memory = times(Text("0.5"), Text(f"{name}[t-1]"))
        bounded = call(self.rng.choice(("tanh", "sigmoid", "sin", "softsign")), inner)
        body = self.rng.choice((bounded, bounded, add(bounded, memory), subtract(bounded, memory)))
        comment = self.rng.choice(("", "", "      # a quantity"))
        self.lines.append(f"{name}[t] = {body.text}{comment}")
        self.defined.append(name)

    def starts(self) -> None:
        """Initial values of what is read at the step before: given, fixed or learned."""
        text = "\n".join(self.lines)
        for name in self.states:
            if f"{name}[t-1]" not in text or self.chance(0.6):
                continue
            learned = f"{name}_init"
            value = self.rng.choice(("0", "0.5", learned, f"tanh({learned}) / 2"))
            self.lines.append(f"{name}[0] = {value}")

    def loss(self) -> None:
        """A loss of a read-out of every step, or of the last one."""
        last = self.chance(0.2)
        dim = self.rng.choice(sorted(self.states.values()))
        read_out = self.vector(dim, 2)
        rows = self.rng.choice((dim, "v"))
        if rows != dim:
            read_out = apply(Text(self.fresh("Q")), read_out)
        if self.chance(0.5) and not last:
            self.lines += [f"o: ({rows},)", f"o[t] = {read_out.text}"]
            read_out = Text("o[t]")
        name = self.rng.choice(
            ("softmax_cross_entropy", "squared_error", "squared_error", "binary_cross_entropy")
        )
        value = call(name, read_out, Text("y[t]"))
        extra = self.rng.choice(("", "", "0.1 * dot({0}, {0})", "0.2 * mean({0}**2)"))
        if extra:
            part = self.leaf(dim).text
            value = add(value, Text(extra.format(part), FACTOR))
        if self.chance(0.2):
            value = times(Text("0.5"), value)
        text = value.text.replace("[t", "[T") if last else value.text
        self.lines.append(f"loss[{'T' if last else 't'}] = {text}")

    def leave_out_what_is_unused(self) -> None:
        """Declarations of inputs that no expression happened to read."""
        defined = " ".join(line for line in self.lines if "=" in line)
        read = set(re.findall(r"\w+", defined))
        self.lines = [x for x in self.lines if "=" in x or x.partition(":")[0] in read]


def random_model(seed: int) -> str:
    """The text of the random model with that seed."""
    return Author(random.Random(seed)).write()


class Shrinking(Author):
    """An author whose simplest choices, to which Hypothesis shrinks, are the simplest models."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() > 1 - probability


def drawn_model(rng: random.Random) -> str:
    """The text of a model made of the choices of any source."""
    return Shrinking(rng).write()


def models() -> st.SearchStrategy[str]:
    """Texts of models, for Hypothesis."""
    return st.randoms(use_true_random=False).map(drawn_model)
