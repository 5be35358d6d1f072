"""The normal form: products act on names, and whatever a rule needs a name for has one.

``h[t] = tanh(W @ x[t] + b)`` becomes ``a[t] = W @ x[t] + b``, ``h[t] = tanh(a[t])``.
After that every right-hand side is a sum of terms, each a structured node on plain
references or a pointwise expression of plain references, and the adjoint rules need to
know nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus.forms import unsigned_terms
from symbptt.errors import UnknownNameError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES, loss_formula


def normalize(model: al.Model) -> al.Model:
    """The model in normal form (see the module's text). Its meaning is the same."""
    trial = _Normalizer(model, Counter())
    trial.run()
    return _Normalizer(model, trial.letters).run()


def introduced(normal: al.Model, exprs: Iterable[al.Expr]) -> tuple[al.Equation, ...]:
    """The equations of the normal form's own names that occur in expressions."""
    nodes = (node for expr in exprs for node in al.mentioned(expr))
    used = {node.name for node in nodes if isinstance(node, al.Ref | al.Cotangent)}
    return tuple(e for e in normal.equations if e.auxiliary and e.name in used)


class _Normalizer:
    """Names subexpressions; run twice, since a letter used once needs no subscript."""

    def __init__(self, model: al.Model, uses: Counter[str]) -> None:
        self.model = model
        self.uses = uses
        self.letters: Counter[str] = Counter()
        self.taken = {*model.names, *FUNCTIONS, *LOSSES, "t", "T", "L", "I"}
        self.equations: list[al.Equation] = []
        self.derived: list[al.Derived] = []

    def run(self) -> al.Model:
        for derived in self.model.derived:
            rhs = self.affine(derived.rhs, derived.name, None)
            self.derived.append(replace(derived, rhs=rhs))
        initials = tuple(self.initial(initial) for initial in self.model.initials)
        for equation in self.model.equations:
            index = equation.index
            rhs = self.affine(equation.rhs, equation.name, index)
            self.equations.append(replace(equation, rhs=rhs))
        return replace(
            self.model,
            equations=tuple(self.equations),
            derived=tuple(self.derived),
            initials=initials,
        )

    def initial(self, initial: al.Initial) -> al.Initial:
        value = initial.value
        if value is None or isinstance(value, al.Number | al.Constant | al.Param):
            return initial
        return replace(initial, value=self.name(value, "s", initial.name, None))

    def affine(self, expr: al.Expr, owner: str, index: al.Index | None) -> al.Expr:
        """A right-hand side: sums are entered, all else becomes one term."""
        if isinstance(expr, al.Add | al.Neg):
            return al.map_children(expr, lambda term: self.affine(term, owner, index))
        if expr.structured:
            return self.structured(expr, owner, index)
        return self.pointwise(expr, owner, index)

    def pointwise(self, expr: al.Expr, owner: str, index: al.Index | None) -> al.Expr:
        """A pointwise expression: a part that holds a structured term gets a name."""
        letter = "a" if isinstance(expr, al.Call) else "u"

        def operand(child: al.Expr) -> al.Expr:
            if any(term.structured for term in unsigned_terms(child)):
                return self.name(child, letter, owner, index)
            return self.pointwise(child, owner, index)

        return al.map_children(expr, operand)

    def structured(self, expr: al.Expr, owner: str, index: al.Index | None) -> al.Expr:
        """A structured node whose operands are plain references."""
        if isinstance(expr, al.Product):
            left = self.matrix(expr.left, owner, index)
            return al.Product(left, self.factor(expr.right, left, owner, index))
        if isinstance(expr, al.Loss):
            expr = replace(
                expr,
                prediction=self.operand(expr.prediction, "u", owner, index),
                target=self.operand(expr.target, "u", owner, index),
            )
            for letter, text in loss_names(expr):
                self.name(loss_formula(expr, text), letter, owner, index)
            return expr
        return al.map_children(expr, lambda child: self.operand(child, "u", owner, index))

    def matrix(self, expr: al.Expr, owner: str, index: al.Index | None) -> al.Expr:
        if isinstance(expr, al.Transpose):
            inner = self.matrix(expr.operand, owner, index)
            return al.transposed(inner)
        if isinstance(expr, al.Diag):
            return al.Diag(self.operand(expr.vector, "u", owner, index))
        return self.operand(expr, "A", owner, index)

    def factor(self, expr: al.Expr, left: al.Expr, owner: str, index: al.Index | None) -> al.Expr:
        """The right side of a product: a name, transposed or on a diagonal beside a matrix.

        What is transposed once for all steps is named.
        """
        turned = isinstance(expr, al.Transpose) and not (_is_static(left) and _is_static(expr))
        if turned or (isinstance(expr, al.Diag) and not isinstance(left, al.Diag)):
            return self.matrix(expr, owner, index)
        return self.operand(expr, "u", owner, index)

    def operand(self, expr: al.Expr, letter: str, owner: str, index: al.Index | None) -> al.Expr:
        return expr if expr.leaf else self.name(expr, letter, owner, index)

    def name(self, expr: al.Expr, letter: str, owner: str, index: al.Index | None) -> al.Expr:
        """A reference to the quantity that ``expr`` is, defined now if it is new."""
        home = None if _is_static(expr) else index
        rhs = self.affine(expr, owner, home)
        if home is None:
            for derived in self.derived:
                if derived.rhs == rhs:
                    return derived.ref
            name = self.fresh(letter, owner)
            self.derived.append(al.Derived(name, rhs, auxiliary=True))
            return al.Param(name, rhs.shape)
        for equation in (*self.equations, *self.model.equations):
            if equation.rhs == rhs and equation.index == home:
                return equation.ref
        name = self.fresh(letter.upper() if rhs.shape[1:] else letter, owner)
        equation = al.Equation(name, rhs, rhs.shape, last=home == al.LAST, auxiliary=True)
        self.equations.append(equation)
        return equation.ref

    def fresh(self, letter: str, owner: str) -> str:
        self.letters[letter] += 1
        base = letter if self.uses[letter] <= 1 else f"{letter}_{owner}"
        name, count = base, 1
        while name in self.taken:
            count += 1
            name = (
                f"{letter}_{owner}" if count == 2 and base == letter else f"{letter}_{owner}{count}"
            )
        self.taken.add(name)
        return name


def _is_static(expr: al.Expr) -> bool:
    """Whether an expression reads nothing that has a step."""
    return not any(isinstance(node, al.Ref) for node in al.walk(expr))


def loss_names(loss: al.Loss) -> tuple[tuple[str, str], ...]:
    """What a loss's gradient is written with: letters and formulas."""
    return LOSSES[loss.function].names if loss.function in LOSSES else ()


def names_of_loss(model: al.Model, loss: al.Loss, index: al.Index | None) -> dict[str, al.Expr]:
    """What the normal form calls it, by letter."""
    return {
        letter: _name_of(model, loss_formula(loss, text), index)
        for letter, text in loss_names(loss)
    }


def _name_of(model: al.Model, wanted: al.Expr, index: al.Index | None) -> al.Expr:
    for equation in model.equations:
        if equation.rhs == wanted and equation.index == index:
            return equation.ref
    for derived in model.derived:
        if derived.rhs == wanted:
            return derived.ref
    raise UnknownNameError(f"{model.name}: no equation names {wanted}; normalize the model first")
