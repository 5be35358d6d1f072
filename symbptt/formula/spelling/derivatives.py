r"""Derivatives as people write them: quotients of differentials, operators, gradients alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

from symbptt import algebra as al
from symbptt.algebra.letters import Entry
from symbptt.errors import FormulaError
from symbptt.formula.names import derived_form
from symbptt.formula.shapes import SCALAR
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.choices import consistent
from symbptt.formula.spelling.dots import index_node
from symbptt.formula.spelling.names import Way
from symbptt.formula.spelling.products import COLUMN, ROW, ProductReader
from symbptt.formula.spelling.shares import Share, parts_of, shares
from symbptt.formula.statement import at_steps
from symbptt.language import surface as sf
from symbptt.language.source import Place


class DerivativeReader(ProductReader):
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
        for output, wrt in self.pairs(outputs, by):
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
        try:
            bys = self.variables(by)
        except FormulaError:
            uses = [(share, name) for share in self.shared(by) for name in self.called(share.name)]
            made = [
                (output, Way(sf.Named(by.place, name), (("", word), note)))
                for share, name in uses
                if name in self.names.timeless and not (share.entries or share.raised)
                for output in outputs
                if share.step is not None and self.is_near(output, share.step)
                for word, where in (("direct", "equation"), ("partial", "step"))
                for note in [(f"`{self.shown(by.place)}`", f"`{name}` in one {where}")]
            ]
            if not made:
                raise
            yield from made
        else:
            yield from product(outputs, bys)

    def shared(self, node: wr.Written) -> Iterator[Share]:
        core, below, above, primes = parts_of(node)
        if isinstance(core, wr.Word) and not primes:
            yield from (one for one in shares(core.text, below, above) if one.step is not None)

    def is_near(self, output: Way, script: wr.ScriptText) -> bool:
        """Whether a step is that of a quantity or the one before."""
        step = self.index(script)
        if step is None:
            return False
        try:
            one, index = self.builder.expr(output.node), self.builder.index(step)
        except FormulaError:
            return False
        one = one.array if isinstance(one, Entry) else one
        return isinstance(one, al.Ref) and one.index - index in (al.Index(), al.Index(offset=1))

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
        r"""``dh_t``, ``\delta W``: the gradient of L; a product where the model has a delta."""
        if node.operand is None or node.kind in ("∂", "+"):
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`")
        if node.kind == "δ" and self.called("delta"):
            word = wr.Word(Place(1, node.place.column, 1, node.operand.place.column), "delta")
            yield from self.operated(wr.Operated(node.place, [word, node.operand], [""]))
            return
        core, below, above, primes = parts_of(node.operand)
        if not isinstance(core, wr.Word) or primes:
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`")
        self.meanings(node.operand)
        for way in self.gradients(node.place, wr.Scripted(node.operand.place, core, below, above)):
            yield replace(
                way, notes=(*way.notes, (f"`{self.shown(node.place)}`", "the gradient of L"))
            )

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
        if not isinstance(core, wr.Word) or core.text != "D" or below or self.called("D"):
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


def core_of(node: sf.Node) -> sf.Node:
    while isinstance(node, sf.At):
        node = node.operand
    return node


def name_in(node: sf.Node) -> str:
    """A name and its step, for derivatives that are alike."""
    core = core_of(node)
    return core.name if isinstance(core, sf.Named) else ""
