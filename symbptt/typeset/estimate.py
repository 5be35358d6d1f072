"""What a document says about an estimator: what it is, how it differs; and about clipping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbptt.algebra import Expr
from symbptt.calculus import forms
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.moments import Dropped, MomentNames, dropped, statements
from symbptt.typeset.blocks import Block, Display, Equality, Math, Paragraph, prose
from symbptt.typeset.formula import LatexPrinter


@dataclass(frozen=True)
class Estimate:
    """The passages about an estimator; ``heading`` is that of the second one."""

    definition: tuple[Block, ...]
    heading: str
    quality: tuple[Block, ...]


CANDIDATES = {
    "b": ("b", "p", "r", "beta"),
    "C": ("C", "J", "M", "Gamma"),
    "d": ("d", "q", "k", "delta"),
    "z": ("z", "v", "y", "zeta"),
    "V": ("V", "S", "Q", "Sigma"),
    "pi": ("pi", "rho", "varrho"),
}
"""Letters for what the model has no names for, in the order of preference."""


def estimate(derivation: Derivation, printer: LatexPrinter) -> tuple[Estimate, ...]:
    """The passages about a derivation's estimator; none about the gradient itself."""
    write = PASSAGES[derivation.estimator.kind]
    return () if write is None else (write(_EstimateWriter(derivation, printer)),)


class _EstimateWriter:
    def __init__(self, derivation: Derivation, printer: LatexPrinter) -> None:
        self.derivation = derivation
        self.printer = printer
        self.tau = derivation.estimator.tau
        loss = derivation.normal.equation("loss")
        self.at_end = loss.last
        self.s = printer.names.clock.part

    def say(self, text: str, *lines: Equality) -> Iterator[Block]:
        """A sentence, S in it the step of a loss, and the equations to which it leads."""
        yield Paragraph(prose(re.sub(r"\bS\b|(?<=_)S\b", self.s, text)))
        if lines:
            yield Display(lines)

    def letter(self, role: str) -> str:
        return next(self.derivation.symbols.free_letters(CANDIDATES[role]))

    # --- what it is --------------------------------------------------------------------

    def weights(self, *members: str) -> Iterator[Block]:
        words = """In other words, what a use of a parameter at step $t$ contributes to the
            gradient of $\\ell_S$ has the weight"""
        return self.say(words, Equality(f"w({self.s}, t)", members))

    def parts(self) -> Iterator[Block]:
        """The parts of L, for whose gradients there is a sign."""
        if self.at_end:
            words = """Only the last step has a loss, so that $L_T = L$, and $L_S = 0$ for
                $S < T$."""
            return self.say(words)
        words = """The loss of step $S$ gives $L$ the part $L_S = FACTOR\\ell_S$, so that
            $L = L_1 + \\dots + L_T$, and there is none past $T$. A derivative of $L_S$
            is the exact one."""
        total = self.derivation.normal.total
        return self.say(words.replace("FACTOR", "" if total.summed else r"\frac{1}{T} "))

    def window(self) -> Iterator[Block]:
        yield from self.say(f"""What follows is not the gradient but an estimate of it, with a
            window of $\\tau = {self.tau}$ steps: when the loss $\\ell_S$ is differentiated, every
            value of the steps $t \\le S - \\tau$ is held. An initial value counts as a value of
            its step. The sign of a derivative of $L$ stands for this estimate of it.""")
        yield from self.parts()
        yield from self.weights(
            rf"\begin{{cases}} 1 & \text{{if }} {self.s} - t < \tau, \\ "
            r"0 & \text{otherwise} \end{cases}"
        )
        yield from self.carried("the step whose value is handed on")

    def chunk(self) -> Iterator[Block]:
        yield from self.say(
            f"""What follows is not the gradient but an estimate of it: the steps are taken
            in pieces of $\\tau = {self.tau}$, counted from step 1. The state crosses from one
            piece to the next, the gradient does not: it passes into step $t$ through the gate""",
            Equality(self.gate(), (self.cases(),)),
        )
        yield from self.say("The sign of a derivative of $L$ stands for this estimate of it.")
        yield from self.parts()
        yield from self.weights(self.product(), self.same_piece())
        yield from self.carried("the last step")

    def cases(self) -> str:
        begins = r"\text{if } t = 1 + n \tau \text{ for a whole number } n \ge 1"
        return rf"\begin{{cases}} 0 & {begins}, \\ 1 & \text{{otherwise}} \end{{cases}}"

    def gate(self, step: str = "t") -> str:
        gate = self.derivation.gate
        assert gate is not None
        return self.printer.names.symbol(gate.name, ()).at(step)

    def product(self) -> str:
        return rf"{self.gate('t+1')} {self.gate('t+2')} \cdots {self.gate(self.s)}"

    def same_piece(self) -> str:
        cases = rf"1 & \text{{if }} {self.s} \text{{ and }} t \text{{ lie in one piece}}, \\ 0 &"
        return rf"\begin{{cases}} {cases} \text{{otherwise}} \end{{cases}}"

    def carried(self, where: str) -> Iterator[Block]:
        words = f"""Where a sequence goes on in another call, the gradient that comes back for
            the state handed on counts as that of a loss at {where}."""
        return self.say(words)

    # --- truncated: the bias -------------------------------------------------------------

    def truncated(self, definition: Callable[[], Iterator[Block]]) -> Estimate:
        lacking = dropped(self.derivation)
        return Estimate(tuple(definition()), "The bias", tuple(self.bias(lacking)))

    def bias(self, lacking: tuple[Dropped, ...]) -> Iterator[Block]:
        """Term by term."""
        some = [one for one in lacking if not forms.is_zero(one.terms)]
        none = [one for one in lacking if forms.is_zero(one.terms)]
        what = "no use before the window counts"
        if self.derivation.estimator.kind == "chunk":
            step = "$c_S = \\tau \\lfloor (S - 1) / \\tau \\rfloor$"
            what = f"no use in an earlier piece counts, {step} being the last step of those"
        if some:
            yield from self.say(
                f"""The bias, the estimate less the gradient, is what is dropped, with
                a minus sign: in the gradient of $\\ell_S$ {what}.""",
                *map(self.bias_of, some),
            )
        if none:
            listed = ", ".join(f"${self.printer.show(one.of)}$" for one in none)
            verb = "is" if len(none) == 1 else "are"
            yield from self.say(f"""Only losses of their own step have a share in {listed},
                which {verb} unbiased.""")
        yield from self.say("""There is no bias if $\\tau$ is so large that the sums are empty.
            For given data the estimate has no variance.""")

    def bias_of(self, one: Dropped) -> Equality:
        left = rf"\operatorname{{bias}} {self.printer.show(one.of)}"
        return Equality(left, (self.printer.show(forms.neg(one.terms)),))

    # --- random: expectation and variance ------------------------------------------------

    def random(self) -> Estimate:
        return Estimate(
            tuple(self.random_definition()), "Expectation and variance", tuple(self.moments())
        )

    def random_definition(self) -> Iterator[Block]:
        pi, gate = self.letters().pi, self.gate()
        pi = self.printer.names.symbol(pi, ()).at()
        value = self.derivation.estimator.pi
        shown = f"{value.numerator} / {value.denominator}" if value.denominator > 1 else str(value)
        yield from self.say(
            """What follows is not the gradient but a random estimate of it: into step
            $t > 1$ the gradient passes through a gate, independent of all others, with""",
            Equality(
                rf"P\Bigl({gate} = \frac{{1}}{{{pi}}}\Bigr)",
                (rf"{pi}, \qquad P({gate} = 0) = 1 - {pi}, \qquad {pi} = {shown},",),
            ),
        )
        yield from self.say(f"""and ${self.gate("1")} = 1$. The sign of a derivative of $L$
            stands for this estimate of it.""")
        yield from self.weights(self.product())
        yield from self.carried("the last step")

    def letters(self) -> MomentNames:
        chosen = {role: self.letter(role) for role in CANDIDATES}
        assert self.derivation.gate is not None
        return MomentNames(**chosen, gate=self.derivation.gate.name)

    def moments(self) -> Iterator[Block]:
        letters = self.letters()
        b, d, z = (self.show(letters.vector(n)) for n in (letters.b, letters.d, letters.z))
        C, before = self.show(letters.matrix(letters.C)), self.show(letters.vector(letters.d, 1))
        yield from self.say(f"""Let ${d}$ be the derivative, with respect to one entry of a
            parameter, of all that step $t$ hands on; ${b}$ the part of it that step $t$ itself
            contributes, with all earlier values held; and ${C}$ the Jacobian of what step $t$
            hands on with respect to what step $t - 1$ did. Then ${d} = {b} + {C} {before}$, and the
            estimate ${z}$ has a gate before ${C}$.""")
        for statement in statements(letters):
            yield Paragraph(tuple(map(self.said, statement.reason)))
            members = tuple(map(self.show, statement.members))
            yield Display((Equality(self.show(statement.left), members),))
        yield from self.conclusion(letters)

    def conclusion(self, letters: MomentNames) -> Iterator[Block]:
        z, pi = self.show(letters.vector(letters.z)), self.printer.names.symbol(letters.pi, ()).at()
        words = f"""The gradient of $L$ is linear in these derivatives, and the estimate is the
            same with the recursive ${z}$: its expectation is the gradient. The weights, being
            products of independent gates, have for $t \\ge 1$"""
        expectation = rf"\mathbb{{E}}[w({self.s}, t)]"
        yield from self.say(
            words,
            Equality(expectation, ("1,",)),
            Equality(
                rf"\mathbb{{E}}\bigl[(w({self.s}, t) - 1)^2\bigr]",
                (rf"\Bigl(\frac{{1}}{{{pi}}}\Bigr)^{{{self.s}-t}} - 1,",),
            ),
        )
        yield from self.say("""so that the variance grows with the distance over which the gradient
            goes.""")

    def said(self, part: str | Expr | tuple[Expr, Expr]) -> str | Math:
        """A part of a reason; of two expressions, that they are equal."""
        if isinstance(part, str):
            return part
        sides = part if isinstance(part, tuple) else (part,)
        return Math(" = ".join(map(self.show, sides)))

    def show(self, expr: Expr) -> str:
        return self.printer.show(expr)


PASSAGES: dict[str, Callable[[_EstimateWriter], Estimate] | None] = {
    "full": None,
    "window": lambda writer: writer.truncated(writer.window),
    "chunk": lambda writer: writer.truncated(writer.chunk),
    "random": lambda writer: writer.random(),
}
"""A row for each of `symbptt.calculus.estimators.ESTIMATORS`."""


# --- clipping -----------------------------------------------------------------------


GRADIENT = r"\nabla L"
NORM = rf"\lVert {GRADIENT} \rVert"


def clipping(derivation: Derivation, printer: LatexPrinter) -> tuple[Block, ...]:
    """What ``clip_gradients`` does, in a sentence; nothing where nothing is learned."""
    names = {parameter.name for parameter in derivation.model.parameters}
    terms = [
        rf"\Bigl\lVert {printer.laid(step.target)} \Bigr\rVert^2"
        for step in derivation.of_kind("gradient")
        if step.target.name in names
    ]
    if not terms:
        return ()
    threshold = r"\vartheta" if derivation.model.letters & {"theta", "θ"} else r"\theta"
    words = prose(
        f"Let ${GRADIENT}$ be all gradients with respect to parameters, set end to end. Where "
        f"its norm exceeds a threshold ${threshold} > 0$, gradient clipping shortens it to "
        f"the length ${threshold}$ and keeps its direction; elsewhere, ${GRADIENT} = 0$ "
        "included, the factor is $1$:"
    )
    factor = rf"\min\Bigl(1, \frac{{{threshold}}}{{{NORM}}}\Bigr)"
    lines = (
        Equality(rf"{NORM}^2", (" + ".join(terms),)),
        Equality(GRADIENT, (rf"{factor} \, {GRADIENT}",), sign=r"\leftarrow"),
    )
    return Paragraph(words), Display(lines)
