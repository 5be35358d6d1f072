"""A derivation entry by entry: every equation, every partial derivative, every step.

From (o_t)_j = sum_i (W)_ji (h_t)_i + (b)_j over d(o_t)_j/d(W)_mi = delta_jm (h_t)_i to
dL/d(W)_ji = sum_t dL/d(o_t)_j (h_t)_i, which the derivation's own step says with whole
arrays. It is made from the steps of a derivation and says nothing of its own about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, Letter, Letters, LetterSum, Line, Slope
from symbptt.calculus import forms
from symbptt.calculus.derivation import EVERY, Derivation, Step
from symbptt.calculus.entrywise import Places, at_entry, collapsed, entry_of, letter_sum, over_time
from symbptt.calculus.slopes import Chain, Slices, Where, moved_to, pullbacks, slope

# The places of letters in the pool.
_OUT, _IN, _OTHER, _FOURTH = range(4)


@dataclass(frozen=True)
class EquationLines:
    """An equation of the normal form by entries, and its partial derivatives.

    Where the entries of a Jacobian are those of a matrix, a line says so behind them.
    """

    name: str
    entry: Line
    slopes: tuple[Line, ...]


@dataclass(frozen=True)
class StepLines:
    """A step by entries.

    Attributes
    ----------
    step : Step
    line : Line
        The chain rule by entries, the partial derivatives put in, the sums collapsed.
    nested : Line or None
        For a table: the same with the gradient of its row spelled out, a sum over three
        letters (A. Singh, BPTT derivations, 3.19).
    tensor : Line or None
        For a table: by rows of the tensor of its derivatives (3.20 and 3.21).
    """

    step: Step
    line: Line
    nested: Line | None = None
    tensor: Line | None = None

    def all(self) -> tuple[Line, ...]:
        return tuple(line for line in (self.line, self.nested, self.tensor) if line is not None)


@dataclass(frozen=True)
class Indices:
    """A derivation entry by entry."""

    equations: tuple[EquationLines, ...]
    steps: tuple[StepLines, ...]

    def of(self, step: Step) -> StepLines | None:
        return next((lines for lines in self.steps if lines.step.number == step.number), None)

    def lines(self) -> Iterator[Line]:
        """All lines in order."""
        for equation in self.equations:
            yield equation.entry
            yield from equation.slopes
        for lines in self.steps:
            yield from lines.all()


def by_entries(derivation: Derivation) -> Indices:
    """The derivation entry by entry.

    Raises
    ------
    MissingRuleError
        If a node kind has no rule for its entries.
    """
    maker = _Maker(derivation)
    return Indices(
        tuple(map(maker.equation, maker.items.values())),
        tuple(
            maker.step(step)
            for step in derivation.steps
            if {node.held for node in pullbacks(step.members[0])} == {"equation"}
        ),
    )


class _Maker:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.model: al.Model = derivation.normal
        self.items = {item.name: item for item in self.model.definitions}
        self.slices = Slices(self.model)

    # --- equations ---------------------------------------------------------------------

    def equation(self, item: al.Derived | al.Equation) -> EquationLines:
        letters = Letters(self.model)
        places = self.places(item.rhs, letters, (_OUT, _IN))
        entry = Line(entry_of(item.ref, places), (at_entry(item.rhs, places, letters),), places)
        read = dict.fromkeys(n for n in al.walk(item.rhs) if isinstance(n, al.Ref | al.Param))
        slopes = [self.slope_line(item, operand) for operand in read if self.is_real(operand)]
        lines = [line for found in slopes for line in (found, _jacobian(found)) if line]
        return EquationLines(item.name, entry, tuple(lines))

    def is_real(self, operand: al.Expr) -> bool:
        return not (isinstance(operand, al.Ref) and operand.name in self.model.integers)

    def places(
        self, array: al.Expr, letters: Letters, numbers: tuple[int, int]
    ) -> tuple[Letter, ...]:
        """Letters of fixed places in the pool, one for each axis."""
        return tuple(
            letters.nth(number, dim) for number, dim in zip(numbers, array.shape, strict=False)
        )

    def slope_line(self, item: al.Derived | al.Equation, operand: al.Expr) -> Line:
        letters = Letters(self.model)
        places = self.places(item.ref, letters, (_OUT, _OTHER))
        numbers = (_FOURTH, _IN) if len(operand.shape) == 2 else (_IN, _IN)
        others = self.places(operand, letters, numbers)
        target = Slope(entry_of(item.ref, places), entry_of(operand, others))
        return Line(target, self.slope(target, letters), (*places, *others))

    def slope(self, node: Slope, letters: Letters) -> Chain:
        """The partial derivative as its equation gives it, at the equation's step."""
        output, places = _array(node.output)
        wrt, others = _array(node.wrt)
        assert isinstance(output, al.Ref | al.Param)
        item = self.items[output.name]
        index = item.index
        where = Where(
            self.model,
            index,
            places,
            _in_frame(wrt, output, index),
            others,
            item.ref if item.shape == item.rhs.shape else None,
        )
        return tuple(moved_to(m, output, index) for m in slope(item.rhs, where, letters))

    # --- steps -------------------------------------------------------------------------

    def step(self, step: Step) -> StepLines:
        lines = StepLines(step, self.line(step, step.members[0]))
        if step.kind == "gradient" and self.slices.readers(step):
            nested = self.nested(step, lines.line)
            return replace(lines, nested=nested, tensor=self.slices.line(step))
        return lines

    def letters(self, step: Step) -> tuple[Letters, tuple[Letter, ...]]:
        letters = Letters(self.model)
        numbers = (_OUT, _IN) if len(step.shape) == 2 else (_IN, _IN)
        return letters, self.places(step.target, letters, numbers)

    def line(self, step: Step, member: al.Expr) -> Line:
        letters, places = self.letters(step)
        rule = self.chain_rule(member, places, letters)
        put_in = self.put_in(rule, letters, step)
        members = (rule, put_in, collapsed(put_in))
        return Line(entry_of(step.target, places), forms.distinct(members), places)

    def chain_rule(self, member: al.Expr, places: Places, letters: Letters) -> al.Expr:
        """The chain rule by entries; each term has its letters to itself."""
        if isinstance(member, al.Pullback) or not any(
            isinstance(node, al.Pullback) for node in al.walk(member)
        ):
            return at_entry(member, places if member.shape else (), letters.fork())
        return al.map_children(member, lambda child: self.chain_rule(child, places, letters))

    def put_in(self, expr: al.Expr, letters: Letters, step: Step) -> al.Expr:
        """The partial derivatives in the place of their signs, and the factor of the loss."""
        if isinstance(expr, LetterSum):
            inside = letters.fork()
            inside.used.append(expr.letter.name)
            return letter_sum(expr.letter, self.put_in(expr.term, inside, step))
        if isinstance(expr, al.TimeSum):
            return over_time(expr, self.put_in(expr.term, letters, step))
        if isinstance(expr, al.Mul) and isinstance(node := expr.factors[-1], Slope):
            before = expr.factors[:-1]
            found = self.slope(node, letters.fork())[-1]
            weights = [self.put_in(w, letters, step) for w in self.weights(before, node)]
            pair = (*weights, found) if step.kind == "gradient" else (found, *weights)
            return forms.mul(pair)
        return al.map_children(expr, lambda child: self.put_in(child, letters, step))

    def weights(self, before: tuple[al.Expr, ...], node: Slope) -> list[al.Expr]:
        """The gradients in front of a partial derivative; that of the loss is known.

        Where the loss reads an earlier step it stays: past T it is absent.
        """
        wrt, _ = _array(node.wrt)
        output, _ = _array(node.output)
        loss = self.derivation.of_kind("seed")[0]
        same = not isinstance(wrt, al.Ref) or (
            isinstance(output, al.Ref) and wrt.index == output.index
        )
        return [
            loss.result if isinstance(w, al.Cotangent) and w.name == "loss" and same else w
            for w in before
        ]

    # --- tables, both ways -------------------------------------------------------------

    def nested(self, step: Step, line: Line) -> Line:
        """The gradient of the row that is read, spelled out by its own chain rule."""
        letters = Letters(self.model, tuple(_used(line.members[0])))
        readers = self.slices.readers(step)
        spelled = self.spelled(line.members[0], readers, letters)
        put_in = self.put_in(spelled, letters, step)
        members = (line.members[0], spelled, put_in, collapsed(put_in))
        return replace(line, members=forms.distinct(members))

    def spelled(self, expr: al.Expr, readers: set[str], letters: Letters) -> al.Expr:
        """What goes through the readers of rows, with their gradients spelled out."""
        if isinstance(expr, al.Mul) and isinstance(node := expr.factors[-1], Slope):
            output, _ = _array(node.output)
            if not isinstance(output, al.Ref | al.Param) or output.name not in readers:
                return expr
            return al.Mul((*(self.gradient(f, letters) for f in expr.factors[:-1]), node))
        return al.map_children(expr, lambda child: self.spelled(child, readers, letters))

    def gradient(self, expr: al.Expr, letters: Letters) -> al.Expr:
        """The entry of a gradient by the chain rule that its own step begins with."""
        if isinstance(expr, Entry) and isinstance(expr.array, al.Cotangent):
            name, index = expr.array.name, expr.array.index
            steps = [s for s in self.derivation.of_kind("adjoint") if s.target.name == name]
            if index is not None and steps and steps[0].holds == EVERY:
                rule = self.chain_rule(steps[0].members[0], expr.places, letters)
                return al.substitute_index(rule, {"t": index})
        return expr


def _jacobian(line: Line) -> Line | None:
    """The partial derivatives of a vector by a vector as the matrix that they are."""
    assert isinstance(line.target, Slope)
    (output, places), (wrt, others) = _array(line.target.output), _array(line.target.wrt)
    if len(places) != 1 or len(others) != 1 or not isinstance(output, al.Ref):
        return None
    matrix = _as_matrix(line.members[-1], places[0], others[0])
    return Line(al.Derivative(output, wrt), (matrix,), ()) if matrix else None


def _as_matrix(expr: al.Expr, row: al.Expr, column: al.Expr) -> al.Expr | None:
    """The matrix with this entry, if it has a name."""
    match expr:
        case Entry(array=array, places=places) if places == (row, column):
            return array
        case Entry(array=array, places=places) if places == (column, row):
            return al.Transpose(array)
        case Delta(left=left, right=right) if (left, right) == (row, column):
            assert isinstance(row, Letter)
            return al.Identity(row.dim)
    return None


def _array(entry: al.Expr) -> tuple[al.Expr, Places]:
    return (entry.array, entry.places) if isinstance(entry, Entry) else (entry, ())


def _in_frame(wrt: al.Expr, output: al.Expr, index: al.Index | None) -> al.Expr:
    """What an equation used at another step reads, as the equation itself says it."""
    if index is None or not (isinstance(wrt, al.Ref) and isinstance(output, al.Ref)):
        return wrt
    return replace(wrt, index=index + (wrt.index - output.index))


def _used(expr: al.Expr) -> Iterator[str]:
    return (node.name for node in al.walk(expr) if isinstance(node, Letter))
