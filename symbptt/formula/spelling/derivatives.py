r"""Derivatives as people write them: quotients of differentials, operators, gradients alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product

from symbptt import algebra as al
from symbptt.algebra.letters import Entry
from symbptt.errors import FormulaError
from symbptt.formula.names import derived_form
from symbptt.formula.shapes import SCALAR
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.choices import consistent, size_node
from symbptt.formula.spelling.dots import index_node
from symbptt.formula.spelling.names import Way
from symbptt.formula.spelling.products import COLUMN, ROW, ProductReader
from symbptt.formula.spelling.shares import letters_of, parts_of, shares
from symbptt.formula.spelling.sums import SumReader
from symbptt.formula.statement import at_steps
from symbptt.language import surface as sf
from symbptt.language.source import Place

LOST = "lost"
"""The question what a derivative was taken by that says nothing of it."""

_HELD = {"direct": "of the one equation", "partial": "within its step"}


class DerivativeReader(ProductReader, SumReader):
    """Reads derivatives; of what a name is defined by it is that equation's."""

    def quotient(self, place: Place, above: wr.Written, below: wr.Written) -> Iterable[Way]:
        """A quotient, or a derivative."""
        if isinstance(above, wr.Differential) and isinstance(below, wr.Differential):
            if above.operand is None or below.operand is None:
                self.wrong(
                    place, f"`{self.shown(place)}` has nothing to differentiate, or by nothing"
                )
            kinds = {above.kind, below.kind}
            kind = next(kind for kind in ("+", "d", "∂", "δ") if kind in kinds)
            return self.derivative(place, kind, above.operand, below.operand)
        if isinstance(above, wr.Differential) and isinstance(below, wr.Operated):
            # ∂l / (T ∂o): a number beside the differential divides the derivative.
            inner = [one for one in below.operands if isinstance(one, wr.Differential)]
            others = [one for one in below.operands if not isinstance(one, wr.Differential)]
            if len(inner) == 1 and set(below.signs) <= {"", "·"}:
                quotient = wr.Fraction(place, above, inner[0])
                return self.operated(wr.Operated(place, [quotient, *others], ["/"] * len(others)))
        dividends = self.ways(above)
        outer, self.dividing = self.dividing, True
        divisors = self.ways(below)
        self.dividing = outer
        return self.joined([dividends, divisors], lambda one, two: sf.Over(place, one, two))

    def derivative(self, place: Place, kind: str, of: wr.Written, by: wr.Written) -> Iterator[Way]:
        outputs = self.differentiated(of)
        uses: list[Way] = []
        try:
            pairs = [*product(outputs, self.quantities(by))]
        except FormulaError:
            pairs = [*self.pairs(outputs, by)]
            copies = self.copies(by)
            uses = [*self.through_uses(place, outputs, copies, self.shown(by.place))]
            if not (pairs or uses):
                raise
        uses += self.by_nothing(place, outputs, by)
        yield from uses
        for output, wrt in pairs:
            notes = consistent((*output.notes, *wrt.notes))
            if notes is None:
                continue
            total = isinstance(output.node, sf.Named) and output.node.name == "L"
            if kind == "+" and self.is_last_loss(output.node):
                output, total = replace(output, node=sf.Named(output.node.place, "L")), True
            word = "d"
            if kind == "+":
                word = "direct" if total else "partial"
            elif ("", "direct") in notes and self.reads(output, wrt):
                word = "direct"
            elif ("", "partial") in notes:
                word = "partial"
            by_node, places = wrt.node, list[sf.Node]()
            if word == "direct" and total and isinstance(wrt.node, sf.At):
                by_node, places = self.without_entries(wrt.node)
            made: sf.Node = sf.Apply(place, word, [output.node, by_node], place)
            made = sf.At(place, made, places) if places else made
            named = core_of(output.node)
            part = isinstance(named, sf.Named) and named.name == "L"
            if kind in ("∂", "δ") and not part and word == "d":
                self.open[made] = (name_in(output.node), name_in(wrt.node), self.lag(output, wrt))
            found = Way(made, tuple(note for note in notes if note[0]))
            yield from [found] if part else self.laid(place, found, wrt)

    def laid(self, place: Place, way: Way, wrt: Way) -> Iterator[Way]:
        """The derivative of a scalar has the shape of its variable, or is a Jacobian of one row."""
        try:
            shape, by = self.shape(way), self.shape(wrt)
        except FormulaError:
            shape = by = None
        is_row = self.shaper.layout == "row" and by is not None and by[0] == 1
        if shape is None or shape != by or shape == SCALAR or is_row:
            yield way
            return
        node = way.node if 1 in shape else sf.Apply(place, "vec", [way.node], place)
        row = node if self.shaper.layout == "row" else sf.Flip(place, node)
        yield replace(way, notes=(*way.notes, COLUMN))
        yield Way(row, (*way.notes, ROW), way.fits)

    def pairs(self, outputs: list[Way], by: wr.Written) -> Iterator[tuple[Way, Way]]:
        r"""What is differentiated and by what: ``W^{(t)}`` is where an equation of step t reads W.

        That of step t + 1, too, where a text counts what leads from one step to the next.
        """
        for name, step in self.uses(by, [*parts_of(by)[1], *parts_of(by)[2]]):
            for output in outputs:
                lag = self.lag_behind(output, step)
                if lag not in (0, 1):
                    continue
                for word in ("direct", "partial"):
                    how = (f"`∂{name_in(output.node)}/∂{self.shown(by.place)}`", _HELD[word])
                    notes = (("", word), use(self.shown(by.place), name, lag), how)
                    yield output, Way(sf.Named(by.place, name), notes)

    def by_nothing(self, place: Place, outputs: list[Way], by: wr.Written) -> Iterator[Way]:
        """A derivative by a step alone: what it is taken by is lost; each that fits is tried."""
        step = self.number(by)
        if not isinstance(step, sf.Named) or step.name != "t":
            return
        shown, model = self.shown(place), derived_form(self.names.model)
        for one in model.parameters:
            uses = [(one.name, step)]
            for way in self.through_uses(place, outputs, uses, f"{one.name}[t]"):
                yield replace(way, notes=(*way.notes, (LOST, f"{shown}: `{one.name}` of step t")))
        for output in outputs:
            for equation in model.equations:
                node = sf.At(place, sf.Named(place, equation.name), [step])
                made = sf.Apply(place, "d", [output.node, node], place)
                yield Way(made, (*output.notes, (LOST, f"{shown}: `{equation.name}[t]`")))

    def through_uses(
        self, place: Place, outputs: list[Way], uses: Iterable[tuple[str, sf.Node]], shown: str
    ) -> Iterator[Way]:
        r"""``\partial L/\partial W^{(t)}``: what of the gradient by W goes through its use at t.

        That is through every equation of step t that reads W; of step t + 1, too, where W leads
        from one step to the next.
        """
        losses = [way for way in outputs if name_in(way.node) in ("L", "loss")]
        for name, step in uses if losses else ():
            readers = [
                one
                for one in derived_form(self.names.model).equations
                if any(
                    isinstance(part, al.Param) and part.name == name for part in al.walk(one.rhs)
                )
            ]
            leads = all(leads_on(one.rhs, name) for one in readers)
            for lag in range(1 + leads):
                at = sf.Plus(place, [step, sf.Literal(place, Fraction(1), "1")]) if lag else step
                for way in losses:
                    parts = [self.through(place, way.node, one, at, name) for one in readers]
                    known = [part for part in parts if part is not None]
                    if known and len(known) == len(parts):
                        made = known[0] if len(known) == 1 else sf.Plus(place, known)
                        yield Way(made, (*way.notes, use(shown, name, lag)))

    def through(
        self, place: Place, output: sf.Node, equation: al.Equation, step: sf.Node, name: str
    ) -> sf.Node | None:
        """``sum(i, 1, n, d(L, a[t][i]) * direct(a[t][i], W))``."""
        quantity: sf.Node = sf.At(place, sf.Named(place, equation.name), [step])
        if len(equation.shape) > 1:
            return None
        index = sf.Named(place, self.unused_letter())
        part = sf.At(place, quantity, [index]) if equation.shape else quantity
        words = (("d", output, part), ("direct", part, sf.Named(place, name)))
        product_of = sf.Times(
            place, [sf.Apply(place, word, [of, by], place) for word, of, by in words]
        )
        if not equation.shape:
            return product_of
        size = self.with_lengths(size_node(place, equation.shape[0]))
        ends = [sf.Literal(place, Fraction(1), "1"), size]
        return sf.Apply(place, "sum", [index, *ends, product_of], place)

    def uses(self, node: wr.Written, steps: list[wr.ScriptText]) -> Iterator[tuple[str, sf.Node]]:
        """The parameters that a name with one of these steps may be, and that step."""
        core, below, above, primes = parts_of(node)
        for share in shares(core.text, below, above) if isinstance(core, wr.Word) else ():
            step = self.index(share.step) if share.step in steps and share.step else None
            if step is not None and not (primes or share.entries or share.raised):
                names = self.called(share.name)
                yield from ((name, step) for name in names if name in self.names.timeless)

    def copies(self, node: wr.Written) -> Iterator[tuple[str, sf.Node]]:
        """``W^{(t)}`` or ``W(t)``: what a text calls the parameter as a step reads it."""
        match node:
            case wr.Bracketed(operand=operand, group=wr.Enclosed(bracket="(", items=[inner])):
                step, core = self.number(inner), parts_of(operand)[0]
                names = self.called(letters_of(core.text)) if isinstance(core, wr.Word) else []
                if step is not None:
                    yield from ((name, step) for name in names if name in self.names.timeless)
            case _:
                yield from self.uses(node, parts_of(node)[2])

    def lag_behind(self, output: Way, step: sf.Node) -> int | None:
        """How many steps a quantity is behind a step, if that is a number."""
        try:
            one, index = self.builder.expr(output.node), self.builder.index(step)
        except FormulaError:
            return None
        one = one.array if isinstance(one, Entry) else one
        lag = one.index - index if isinstance(one, al.Ref) else None
        return None if lag is None or lag.terms else lag.offset

    def is_last_loss(self, node: sf.Node) -> bool:
        """Whether it is the loss of the last step where that is L: then it is taken directly."""
        loss = self.names.model.loss
        match node:
            case sf.At(operand=sf.Named(name="loss"), places=[sf.Named(name="T")]):
                return loss is not None and loss.last
        return False

    def without_entries(self, node: sf.At) -> tuple[sf.Node, list[sf.Node]]:
        """A quantity at its step, and the places of an entry of it."""
        inner = node.operand
        timed = isinstance(inner, sf.Named) and (
            inner.name in self.names.timed or self.is_state(inner.name)
        )
        return (node, []) if timed else (inner, node.places)

    def lag(self, output: Way, wrt: Way) -> str:
        """How many steps lie between, if that is a number."""
        try:
            one, two = (self.builder.expr(way.node) for way in (output, wrt))
        except FormulaError:
            return ""  # it is no way to read the derivative either
        if isinstance(one, al.Ref) and isinstance(two, al.Ref):
            return str(one.index - two.index)
        return ""

    def quantities(self, node: wr.Written) -> list[Way]:
        """What a derivative is taken by; by a product or a power none is."""
        ways = self.variables(node)
        found = [way for way in ways if not isinstance(way.node, sf.Power | sf.Times)]
        return found or self.wrong(
            node.place, f"no derivative is taken by `{self.shown(node.place)}`"
        )

    def unused_letter(self) -> str:
        """A letter for an index that neither the model nor the text has."""
        free = self.names.model.free_letters(tuple("ijkmnpqr"))
        return next(
            one for one in free if not re.search(rf"(?<![A-Za-z]){one}(?![A-Za-z])", self.text)
        )

    def variables(self, node: wr.Written) -> list[Way]:
        """What a derivative is taken by: a name, or an entry of one in parentheses."""
        core, below, above, primes = parts_of(node)
        if isinstance(core, wr.Word) and not primes:
            return self.meanings(node)
        if isinstance(core, wr.Enclosed) and len(core.items) == 1 and not above:
            inner = self.variables(core.items[0])
            return list(self.entries(node.place, inner, below)) if below else inner
        return list(self.read(node))

    def differentiated(self, node: wr.Written) -> list[Way]:
        """What is differentiated: a name, or an expression that is what a name is defined by."""
        core, _, _, _ = parts_of(node)
        if isinstance(core, wr.Word | wr.Enclosed):
            try:
                return self.variables(node)
            except FormulaError:
                if isinstance(core, wr.Word):
                    raise
        found: list[Way] = []
        for way in self.ways(node):
            defined = self.defined(node.place, way)
            found.append(defined or way)
        return found

    def defined(self, place: Place, way: Way) -> Way | None:
        """The quantity whose equation has this right side; its derivative is that equation's."""
        expr = self.builder.expr(way.node)
        if isinstance(expr, al.Ref | al.Param):
            return None
        if self.shaper.layout == "row":
            expr = al.transform(expr, _stood_up)
        steps = [node.index for node in al.mentioned(expr) if isinstance(node, al.Ref)]
        for model in (self.names.model, derived_form(self.names.model)):
            for equation in model.equations:
                for step in dict.fromkeys(steps):
                    if at_steps(equation.rhs, {"t": step}) == expr:
                        node = sf.At(
                            place, sf.Named(place, equation.name), [index_node(place, step)]
                        )
                        return Way(node, (*way.notes, ("", "direct")))
        return None

    def reads(self, output: Way, wrt: Way) -> bool:
        """Whether the equation of a quantity has in it what it is differentiated by.

        Where it has not, as in ``∂l(y_t, o_t)/∂W``, what is meant goes through its arguments.
        """
        try:
            one, two = (self.builder.expr(way.node) for way in (output, wrt))
        except FormulaError:
            return True
        one, by = (node.array if isinstance(node, Entry) else node for node in (one, two))
        return any(
            by in al.mentioned(at_steps(equation.rhs, {"t": one.index}))
            for model in (self.names.model, derived_form(self.names.model))
            for equation in model.equations
            if isinstance(one, al.Ref) and equation.name == one.name
        )

    def alone(self, node: wr.Differential) -> Iterator[Way]:
        r"""``dh_t``, ``\delta W``: the gradient of L; a product where the model has a delta.

        So is ``d T``, where a length is called d and what stands behind has no gradient.
        """
        if node.operand is None or node.kind in ("∂", "+"):
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`, or `d(L, h[t])`")
        letter = {"δ": "delta", "d": "d"}[node.kind]
        is_length = letter in self.dims and not self.has_gradient(node.operand)
        if is_length or (node.kind == "δ" and self.called(letter)):
            word = wr.Word(Place(1, node.place.column, 1, node.operand.place.column), letter)
            yield from self.operated(wr.Operated(node.place, [word, node.operand], [""]))
            return
        core, below, above, primes = parts_of(node.operand)
        if not isinstance(core, wr.Word) or primes:
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`, or `d(L, h[t])`")
        self.meanings(node.operand)
        for way in self.gradients(node.place, wr.Scripted(node.operand.place, core, below, above)):
            yield replace(
                way, notes=(*way.notes, (f"`{self.shown(node.place)}`", "the gradient of L"))
            )

    def has_gradient(self, operand: wr.Written) -> bool:
        """Whether L is differentiated by such a name: not by T, nor by a length."""
        if not isinstance(parts_of(operand)[0], wr.Word):
            return True
        try:
            return bool(self.settled(self.gradients(operand.place, operand)))
        except FormulaError:
            return False

    def sign_of_gradient(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        r"""``\bar{h}_t`` and ``\delta^h_t`` are the gradient by h_t."""
        inner: wr.Written
        if core.text.endswith("_bar"):
            word = wr.Word(core.place, core.text.removesuffix("_bar"), core.bold, core.upright)
            inner = wr.Scripted(place, word, below, above)
        else:
            name = self.parsed(above[0])
            if name is None or not isinstance(parts_of(name)[0], wr.Word):
                return
            letter, own_below, own_above, _ = parts_of(name)
            inner = wr.Scripted(place, letter, [*own_below, *below], [*own_above, *above[1:]])
        yield from self.gradients(place, inner)

    def gradients(self, place: Place, by: wr.Written) -> Iterator[Way]:
        try:
            ways = self.meanings(by)
        except FormulaError:
            return
        for way in ways:
            node, wrapping = way.node, []
            while isinstance(node, sf.Flip | sf.Power):
                wrapping.append(node)
                node = node.operand if isinstance(node, sf.Flip) else node.base
            made: sf.Node = sf.Apply(place, "d", [sf.Named(place, "L"), node], place)
            for outer in reversed(wrapping):
                made = (sf.Flip(place, made) if isinstance(outer, sf.Flip)
                        else sf.Power(place, made, outer.exponent))  # fmt: skip
            yield Way(made, way.notes)

    def operator_of(self, node: wr.Written) -> tuple[str, wr.Written] | None:
        """``(D h_t)`` of ``(D h_t)_v``; a star is a total derivative, a plus a partial one."""
        if not isinstance(node, wr.Enclosed) or node.bracket != "(" or len(node.items) != 1:
            return None
        match node.items[0]:
            case wr.Operated(signs=[""], operands=[sign, operand]):
                pass
            case wr.Bracketed(operand=sign, group=operand):
                pass
            case wr.Scripted(core=wr.Bracketed(operand=sign, group=group)) as whole:
                operand = wr.Scripted(whole.place, group, whole.below, whole.above)
            case _:
                return None
        core, below, above, _ = parts_of(sign)
        if not isinstance(core, wr.Word) or core.text != "D" or below:
            return None
        # A script D is the operator where the model has a D.
        if self.called("D") and not self.shown(node.place).startswith(r"(\mathcal"):
            return None
        kind = "".join(mark.text for script in above for mark in script.marks)
        kinds = {"+": "+", "*": "d", "": "∂"}
        return (kinds[kind], operand) if kind in kinds else None

    def operator(
        self, place: Place, kind: str, of: wr.Written, below: list[wr.ScriptText]
    ) -> list[Way]:
        trees = [self.parsed(script) for script in below]
        if len(trees) != 1 or trees[0] is None:
            self.wrong(place, f"`{self.shown(place)}` is taken by one variable")
        return self.settled(self.derivative(place, kind, of, trees[0]))


def _stood_up(node: al.Expr) -> al.Expr:
    """A vector that a text of rows stands up, as the model has it."""
    is_vector = isinstance(node, al.Transpose) and len(node.operand.shape) == 1
    return node.operand if is_vector and isinstance(node, al.Transpose) else node


def use(shown: str, name: str, lag: int) -> tuple[str, str]:
    """Which use of a parameter is counted as that of a step, as it is said."""
    return f"`{shown}`", f"`{name}` where {'the next step' if lag else 'its step'} reads it"


def leads_on(rhs: al.Expr, name: str) -> bool:
    """Whether a parameter stands beside what an earlier step has made."""
    return all(
        any(isinstance(part, al.Ref) and part.index != al.NOW for part in al.walk(term))
        for term in al.terms_of(rhs)
        if any(isinstance(part, al.Param) and part.name == name for part in al.walk(term))
    )


def core_of(node: sf.Node) -> sf.Node:
    while isinstance(node, sf.At):
        node = node.operand
    return node


def name_in(node: sf.Node) -> str:
    """A name and its step, for derivatives that are alike."""
    core = core_of(node)
    return core.name if isinstance(core, sf.Named) else ""
