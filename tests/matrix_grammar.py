"""Random models with matrices a step, drawn with fixed seeds: well-typed, smooth and bounded.

What is multiplied is bounded by tanh first, so that no recurrence grows past what a float
resolves. Shapes of quantities and inputs are declared, those of parameters inferred.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DIMS = ("d", "m", "n", "p")
Shape = tuple[str, str]


@dataclass
class MatrixAuthor:
    """Writes one model; ``now`` holds the matrices that may be read at their own step."""

    rng: random.Random
    states: dict[str, Shape] = field(default_factory=dict)
    vectors: dict[str, str] = field(default_factory=dict)
    now: list[str] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    def parameter(self, shape: Shape) -> str:
        name = f"W_{shape[0]}{shape[1]}"
        self.parameters[name] = f"{name}: ({shape[0]}, {shape[1]})"
        return name

    # --- expressions, each in parentheses where it needs them ---

    def matrix(self, shape: Shape, depth: int) -> str:
        kinds = [self.outer, self.leaf]
        if depth:
            kinds += [self.product, self.product, self.scaled, self.diagonal, self.entrywise]
        return self.rng.choice(kinds)(shape, depth - 1)

    def leaf(self, shape: Shape, depth: int) -> str:
        found = [f"{s}[t-1]" for s, own in self.states.items() if own == shape]
        found += [f"{s}[t-1].T" for s, own in self.states.items() if own == shape[::-1]]
        found += [f"{s}[t]" for s in self.now if self.states[s] == shape]
        found += [f"{s}[t].T" for s in self.now if self.states[s] == shape[::-1]]
        if self.rng.random() < 0.2:
            self.inputs["C"] = "C: (n, m)"
            found += ["C[t]"] * (shape == ("n", "m")) + ["C[t].T"] * (shape == ("m", "n"))
        return self.rng.choice(found) if found else self.outer(shape, depth)

    def outer(self, shape: Shape, depth: int) -> str:
        return f"outer({self.vector(shape[0], depth)}, {self.vector(shape[1], depth)})"

    def product(self, shape: Shape, depth: int) -> str:
        inner = self.rng.choice(DIMS)
        sides = []
        for side in ((shape[0], inner), (inner, shape[1])):
            sides.append(f"tanh({self.matrix(side, depth)})")
        if self.rng.random() < 0.5:
            place = self.rng.randrange(2)
            turned = self.rng.random() < 0.3
            side = ((shape[0], inner), (inner, shape[1]))[place]
            sides[place] = f"{self.parameter(side[::-1])}.T" if turned else self.parameter(side)
        return f"({sides[0]} @ {sides[1]})"

    def scaled(self, shape: Shape, depth: int) -> str:
        return f"({self.scalar(depth)} * {self.matrix(shape, depth)})"

    def diagonal(self, shape: Shape, depth: int) -> str:
        if self.rng.random() < 0.5:
            return f"(diag({self.vector(shape[0], depth)}) @ {self.matrix(shape, depth)})"
        return f"({self.matrix(shape, depth)} @ diag({self.vector(shape[1], depth)}))"

    def entrywise(self, shape: Shape, depth: int) -> str:
        one, other = self.matrix(shape, depth), self.matrix(shape, depth)
        return self.rng.choice((
            f"({one} + {other})", f"({one} - 0.5 * {other})", f"(sin({one}) * {other})",
            f"({one} / (2 + {other}**2))", f"sigmoid({one} - {self.scalar(0)})",
        ))  # fmt: skip

    def vector(self, dim: str, depth: int) -> str:
        found = [f"{v}[t]" for v, own in self.vectors.items() if own == dim]
        if depth <= 0 or self.rng.random() < 0.4:
            return self.rng.choice(found)
        other = self.rng.choice(DIMS)
        inner = self.vector(other, 0)
        matrix = f"tanh({self.matrix((dim, other), depth - 1)})"
        if self.rng.random() < 0.3:
            return f"({inner} @ tanh({self.matrix((other, dim), depth - 1)}))"
        return f"tanh({matrix} @ {inner})"

    def scalar(self, depth: int) -> str:
        shape = (self.rng.choice(DIMS), self.rng.choice(DIMS))
        one = f"tanh({self.matrix(shape, depth)})" if depth > 0 else f"{self.rng.choice('kvw')}[t]"
        return self.rng.choice(("0.5", "f", f"mean({one})", f"(0.1 * sum({one}))",
                                f"(0.1 * dot({one}, {one}))"))  # fmt: skip

    # --- statements ---

    def write(self) -> str:
        rng = self.rng
        self.vectors = {"x": "d", "k": "m", "v": "n", "w": "p"}
        lines = ["k[t] = tanh(K @ x[t])", "v[t] = sin(V @ x[t] + b)", "w[t] = sigmoid(U @ x[t])"]
        for name in "SRP"[: rng.choice((1, 2, 3))]:
            self.states[name] = (rng.choice(DIMS), rng.choice(DIMS))
        for name, shape in self.states.items():
            body = f"tanh({self.matrix(shape, 2)})"
            body += rng.choice(("", f" + 0.5 * {name}[t-1]", f" - 0.25 * {name}[t-2]"))
            lines.append(f"{name}[t] = {body}")
            self.now.append(name)
            if rng.random() < 0.3 and f"{name}[t-1]" in body:
                start = rng.choice(("0", "0.5", f"{name}_init"))
                lines.append(f"{name}[0] = {start}")
        dim = rng.choice(DIMS)
        last = rng.choice(list(self.states))
        read_out = self.vector(dim, 2)
        if dim == self.states[last][0]:
            read_out += f" + {last}[t] @ {self.vector(self.states[last][1], 0)}"
        lines.append(f"o[t] = {read_out}")
        loss = f"squared_error(o[t], y[t]) + 0.1 * dot({last}[t], {last}[t])"
        if rng.random() < 0.5:
            rows, columns = self.states[last]
            self.inputs["Y"] = f"Y: ({rows}, {columns})"
            loss += f" + {rng.choice(('squared_error', 'binary_cross_entropy'))}({last}[t], Y[t])"
        lines.append(f"loss[t] = {loss}")
        shapes = [f"{name}: ({rows}, {columns})" for name, (rows, columns) in self.states.items()]
        heads = [f"{name}: ({dim},)" for name, dim in self.vectors.items()]
        heads += [*shapes, *self.parameters.values(), *self.inputs.values(), "f: scalar"]
        text = "\n".join(lines)
        return "\n".join([*(h for h in heads if f"{h.partition(':')[0]}" in text), text]) + "\n"


def random_matrix_model(seed: int) -> str:
    """The text of the random model with that seed."""
    return MatrixAuthor(random.Random(seed)).write()
