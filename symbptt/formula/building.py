"""From the surface tree of a formula's expression to the algebra.

An expression keeps its author's form and freedom; what does not depend on shapes is checked
here, and every finding points at its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

from symbptt import algebra as al
from symbptt.algebra.letters import Delta, Entry, RowOf
from symbptt.formula.names import (
    DERIVATIVES,
    RESERVED,
    FormulaNames,
    LetterMeaning,
    derived_form,
)
from symbptt.formula.positions import PositionReader
from symbptt.formula.statement import TOTAL, UNIT, Over, at_steps, number_of, walk
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS, vector
from symbptt.language import surface as sf
from symbptt.language.shapes import MAX_POWER
from symbptt.language.source import Place
from symbptt.language.tokens import slope_of

_VECTORS: dict[str, Callable[..., al.Expr]] = {
    **{name: partial(vector, name) for name in VECTORS},
    "concat": lambda *parts: al.Concat(parts),
    "outer": al.Outer,
    "diag": al.Diag,
    "kron": al.Kronecker,
    "vec": al.Vec,
    "hstack": lambda *parts: _blocks((parts,)),
    "vstack": lambda *parts: _below(parts),
}

_VALUES = (al.Ref, al.Stack)

_PART = "what the loss of step s gives to L stands in a derivative alone, `d(L[s], h[t])`"


class FormulaBuilder(PositionReader):
    """Builds expressions of the algebra; ``places`` say where in the text each stands."""

    def __init__(self, text: str, names: FormulaNames) -> None:
        super().__init__(text, names)
        self.places: dict[int, tuple[al.Expr, Place]] = {}
        self._built: dict[sf.Node, al.Expr] = {}

    def place(self, expr: al.Expr) -> Place:
        return self.places[id(expr)][1]

    def _at(self, expr: al.Expr, place: Place) -> al.Expr:
        self.places[id(expr)] = (expr, place)
        return expr

    def expr(self, node: sf.Node) -> al.Expr:
        if node not in self._built:
            self._built[node] = self._at(self._expr(node), node.place)
        return self._built[node]

    def _expr(self, node: sf.Node) -> al.Expr:
        match node:
            case sf.Literal(value=value, text=text):
                return al.Number(value, text)
            case sf.Named():
                return self._name(node)
            case sf.Len():
                return self.length_of(node)
            case sf.Minus(operand=operand):
                return al.Neg(self.expr(operand))
            case sf.Plus(terms=terms):
                return al.Add(self._all(terms))
            case sf.Times(factors=factors):
                return al.Mul(self._all(factors))
            case sf.Chain(operands=[first, *rest]):
                whole = self.expr(first)
                for operand in rest:
                    place = node.place.until(operand.place)
                    whole = self._at(al.Product(whole, self.expr(operand)), place)
                return whole
            case sf.Over():
                return self._quotient(node)
            case sf.Power(base=base, exponent=exponent):
                self.number(node)
                return al.Pow(self.expr(base), self._at(self._exponent(exponent), exponent.place))
            case sf.Flip(operand=operand):
                return al.Transpose(self.expr(operand))
            case sf.At():
                return self._brackets(node)
            case sf.Apply():
                return self._call(node)
        raise AssertionError(f"no expression of the algebra for {type(node).__name__}")

    def _all(self, nodes: list[sf.Node]) -> tuple[al.Expr, ...]:
        return tuple([self.expr(node) for node in nodes])

    def _name(self, node: sf.Named) -> al.Expr:
        name = node.name
        if name == "I":
            return al.Identity(UNIT.dim)
        if name == "L":
            self._has_loss(node)
            return al.Param(TOTAL.name, TOTAL.shape)
        if name in self.names.letters:
            return self._meant(node, self.names.letters[name], al.Index())
        if name in self.names.constants:
            return al.Constant(name, self.names.constants[name])
        if name in self.names.timeless:
            return al.Param(name, self.names.shapes[name])
        if name == "ones":
            return al.Ones("")
        if name in self.names.timed - self.names.introduced:
            self.wrong(node, f"`{name}` has a value at every step: write `{name}[t]`")
        if name in self.names.words or name in RESERVED - {"T"}:
            self.wrong(node, f"`{name}` is a function: its arguments stand in parentheses")
        return number_of(al.Index.of(name))

    def _has_loss(self, node: sf.Node) -> None:
        if self.names.model.loss is None:
            self.wrong(node, f"the model {self.names.model.name} has no loss, so no `L`")

    def _meant(self, node: sf.Node, letter: LetterMeaning, step: al.Index) -> al.Expr:
        """What a letter stands for, at a step; it can't stand for itself."""
        if letter.index and not isinstance(node, sf.At):
            self.wrong(node, f"`{letter.name}` has a value at every step: write `{letter.name}[t]`")
        found = FormulaBuilder(letter.text, self.names.without(letter)).expr(letter.right)
        bound = {part.index for part in walk(found) if isinstance(part, Over)}
        if bound & {letter.index, *step.names()}:
            self.wrong(node, f"`{min(bound)}` is bound in what `{letter.name}` stands for")
        moved = at_steps(found, {letter.index: step})
        for part in walk(moved):
            self._at(part, node.place)
        return moved

    # --- indices ------------------------------------------------------------------------

    def _exponent(self, node: sf.Node) -> al.Expr:
        """A number, worked out where it is written as several, or an index."""
        constants = self.names.constants
        value = self.number(node)
        if value is not None and (abs(value) > MAX_POWER or value.denominator > MAX_POWER):
            self.wrong(node, f"an exponent is at most {MAX_POWER:,}")
        if isinstance(node, sf.Literal) or (isinstance(node, sf.Named) and node.name in constants):
            return self._expr(node)
        if value is not None:
            return al.Number(value)
        names = {part.name for part in sf.walk(node) if isinstance(part, sf.Named)} - set(constants)
        if any(name in self.names for name in names):
            self.wrong(node, "an exponent is a number or an index, as in `W**(T-i)`")
        return number_of(self.index(node))

    # --- brackets -----------------------------------------------------------------------

    def _brackets(self, node: sf.At) -> al.Expr:
        """A value at a step, a row, an entry, or a part of a vector."""
        first, *others = node.places
        if isinstance(node.operand, sf.Named):
            name = node.operand.name
            if name in self.names.letters and self.names.letters[name].index and not others:
                return self._meant(node, self.names.letters[name], self.index(first))
            if name in self.names.timed:
                if others:
                    where = first.place.until(others[-1].place)
                    self.wrong(where, f"an entry stands behind the step: `{name}[t][i, j]`")
                return al.Ref(name, self.index(first), self.names.shapes[name])
            if name == "L":
                self.wrong(node, _PART)
            if name == "I" and not others:
                return self._call(sf.Apply(node.place, "onehot", [first], node.place))
            if name not in self.names.timeless:
                return self._state(node.operand, first)
        operand = self.expr(node.operand)
        if isinstance(operand, al.Param) and not others and self._is_step(first):
            self.wrong(node, f"`{operand.name}` is a parameter, and parameters have no step")
        if isinstance(first, sf.Stretch) and not others:
            return self._slice(operand, first)
        match node.places:
            case [row, sf.Stretch(first=None, last=None)]:
                return RowOf(operand, self._entry_place(row))
        places = tuple(self._entry_place(one) for one in node.places)
        if len(places) > (3 if isinstance(operand, al.Derivative) else 2):
            self.wrong(node, "an entry has one index or two")
        is_matrix = isinstance(operand, al.Param) and len(operand.shape) == 2
        if is_matrix and len(places) == 1 and isinstance(places[0], al.Ref):
            return al.Lookup(operand, places[0])
        return Entry(operand, places)

    def _is_step(self, node: sf.Node) -> bool:
        names = {part.name for part in sf.walk(node) if isinstance(part, sf.Named)}
        return not isinstance(node, sf.At) and bool(names & {"t", "T"})

    def _state(self, node: sf.Named, step: sf.Node) -> al.Expr:
        """``z[t]``, all that step t hands on, as derivations call it."""
        state = self.names.state
        if state is None or node.name != state.name:
            self.unknown(node)
        return al.substitute_index(state, {"t": self.index(step)})

    def _entry_place(self, node: sf.Node) -> al.Expr:
        """Which entry: an index, or an integer input."""
        match node:
            case sf.At(operand=sf.Named(name=name)) if name in self.names.integers:
                return self.expr(node)
            case sf.At(operand=sf.Named(name=name) as named) if name not in self.names:
                self.unknown(named)
        return self._at(number_of(self.index(node)), node.place)

    def _slice(self, operand: al.Expr, node: sf.Stretch) -> al.Slice:
        """``v[a:b]`` in blocks; the length of the last, which nothing states, is open."""
        first = al.Index() if node.first is None else self.length(node.first)
        blocks = [] if first == al.Index() else [self.dim(first, node)]
        if node.last is None:
            return al.Slice(operand, (*blocks, ""), len(blocks))
        inner = self.dim(self.length(node.last) - first, node)
        return al.Slice(operand, (*blocks, inner, ""), len(blocks))

    # --- derivatives --------------------------------------------------------------------

    def _quotient(self, node: sf.Over) -> al.Expr:
        """A quotient, or ``dL/dh[t]``, which takes the last factor before it alone."""
        above, below = node.numerator, node.denominator
        if isinstance(below, sf.Flip) and self._differential(below.operand) is not None:
            return self._expr(sf.Flip(node.place, replace(node, denominator=below.operand)))
        by, of = self._differential(below), self._differential(above)
        if by is None:
            named = below.operand if isinstance(below, sf.At) else below
            if of is not None and isinstance(named, sf.Named) and named.name[:1] == "d":
                self.unknown(_without_d(named))
            return al.Div(self.expr(above), self.expr(below))
        if of is not None:
            return self._derived(node.place, of, by, "nothing")

        def quotient(last: sf.Node) -> sf.Over:
            return sf.Over(last.place.until(node.place), last, below)

        match above:
            case sf.Minus(operand=operand):
                return self._expr(sf.Minus(node.place, quotient(operand)))
            case sf.Times(factors=[*factors, last]):
                return self._expr(sf.Times(node.place, [*factors, quotient(last)]))
            case sf.Chain(operands=[*operands, last]):
                return self._expr(sf.Chain(node.place, [*operands, quotient(last)]))
            case sf.Over(numerator=whole, denominator=last):
                return self._expr(sf.Over(node.place, whole, quotient(last)))
        self.wrong(node, "a derivative is written `dL/dh[t]` or `d(L, h[t])`")

    def _differential(self, node: sf.Node) -> sf.Node | None:
        """``h[t]`` of ``dh[t]``, unless the model has a name dh."""
        match node:
            case sf.Named(name=name):
                known = self.names.timed | self.names.timeless | {"L"}
                if name[:1] != "d" or name in known or name[1:] not in known:
                    return None
                return _without_d(node)
            case sf.At(operand=operand, places=places):
                inner = self._differential(operand)
                return None if inner is None else sf.At(node.place, inner, places)
        return None

    def _derived(self, place: Place, of: sf.Node, by: sf.Node, held: al.Held) -> al.Expr:
        """The derivative of a value, or of L, by a value or a parameter."""
        word = next(word for word, what in DERIVATIVES.items() if what == held)
        wrt = self._variable(by, word)
        match of:
            case sf.At(operand=sf.Named(name="L") as total, places=[step]):
                self._has_loss(total)
                at = wrt.index if isinstance(wrt, al.Ref) else None
                if not isinstance(wrt, al.Ref | al.Param) or held != "nothing":
                    self.wrong(of, _PART)
                return al.Cotangent(wrt.name, at, wrt.shape, self.index(step))
        output = self.expr(of)
        core = output.array if isinstance(output, Entry) else output
        own = {derived.name for derived in derived_form(self.names.model).derived}
        is_derived = isinstance(core, al.Param) and core.name in own
        whole = held == "nothing" or (held == "equation" and isinstance(wrt, _VALUES))
        if not (isinstance(core, _VALUES) or is_derived or (core == TOTAL and whole)):
            if isinstance(of, sf.Named) and isinstance(output, al.Count):
                self.unknown(of)
            value = "a quantity at a step" + (", or `L`," if held == "nothing" else "")
            self.wrong(of, f"`{word}` differentiates {value} or an entry of one")
        if isinstance(wrt, al.Vec):
            # A Jacobian counts a matrix row by row, as vec does; a gradient has its shape.
            found = al.Derivative(output, wrt.operand, held)
            return found if output.shape else al.Vec(self._at(found, place))
        return al.Derivative(output, wrt, held)

    def _variable(self, node: sf.Node, word: str) -> al.Expr:
        """What a derivative is taken by."""
        wrt = self.expr(node)
        core = wrt.array if isinstance(wrt, Entry) else wrt
        core = core.operand if isinstance(core, al.Vec) else core
        core = core.matrix if isinstance(core, RowOf) else core
        if isinstance(node, sf.Named) and isinstance(wrt, al.Count):
            self.unknown(node)
        if not isinstance(core, al.Ref | al.Stack | al.Param) or core == TOTAL:
            self.wrong(
                node,
                f"`{word}` is taken by a parameter, by a quantity at a step, or by an entry of one",
            )
        if isinstance(core, al.Ref) and core.name in self.names.integers:
            self.wrong(node, f"`{core.name}` is an integer: no derivative is taken by it")
        return wrt

    # --- calls --------------------------------------------------------------------------

    def _call(self, node: sf.Apply) -> al.Expr:
        name = node.function
        if name in self.names.functions:
            return self._applied(node, name, None)
        special: dict[str, Callable[[sf.Apply], al.Expr]] = {
            **dict.fromkeys(DERIVATIVES, self._diff),
            "prod": self._prod,
            "onehot": self._one_hot,
            "delta": self._delta,
            "ones": self._filled,
            "zeros": self._filled,
        }
        if name in special:
            return special[name](node)
        if name == "sum" and len(node.args) != 1:
            return self._sum(node)
        return self._applied(node, *slope_of(name))

    def _applied(self, node: sf.Apply, name: str, slope: str | None) -> al.Expr:
        """A function of its arguments; ``slope`` is what stands behind its prime."""
        if name not in self.names.words:
            kind = "no function" if name in self.names else "neither a function nor a name"
            self.wrong(
                node.head,
                f"`{name}` is {kind} of the model {self.names.model.name} or the formula language"
                + self.names.near(name),
            )
        wanted, count = self.names.arity(name), len(node.args)
        if wanted is not None and count != wanted:
            number = "one argument" if wanted == 1 else f"{wanted} arguments"
            self.wrong(node, f"`{name}` takes {number}, and here are {count}")
        if not node.args:
            self.wrong(node, f"`{name}` has no argument")
        wrt = None if slope is None else self._argument(node, name, slope)
        args = self._all(node.args)
        if name in _VECTORS:
            return _VECTORS[name](*args)
        losses = {a.name for a in self.names.model.abstract if a.loss}
        if name in losses or (name in LOSSES and name not in self.names.functions):
            return al.Loss(name, args[0], args[1], wrt)
        return al.Call(name, args, wrt)

    def _argument(self, node: sf.Apply, name: str, slope: str) -> int:
        """By which argument a slope is taken, from 0: ``f'2(u, v)`` is by the second."""
        count = len(node.args)
        if name in _VECTORS:
            self.wrong(node, f"`{name}'` has no meaning: a prime is the slope of an elementwise "
                       "function, the Jacobian of another is `direct(u, v)`")  # fmt: skip
        number = int(slope) if slope.isdecimal() else 1 if not slope and count == 1 else 0
        if not 1 <= number <= count:
            self.wrong(node, f"`{name}` has several arguments: its slope by the second, say, is "
                       f"`{name}'2(…)`")  # fmt: skip
        return number - 1

    def _diff(self, node: sf.Apply) -> al.Expr:
        word = node.function
        if len(node.args) != 2:
            self.wrong(node, f"`{word}` takes two arguments, as in `{word}(h[t], h[t-1])`")
        of, by = node.args
        return self._derived(node.place, of, by, DERIVATIVES[word])

    def _bound(self, node: sf.Node, word: str) -> str:
        """The name of an index that a sum or product binds."""
        if not isinstance(node, sf.Named):
            self.wrong(node, f"the first argument of `{word}` is an index, a new name")
        if node.name in self.names or node.name in RESERVED or node.name in self.names.words:
            self.wrong(
                node,
                f"`{node.name}` is a name of the model or the language already: a bound index "
                "needs another",
            )
        return node.name

    def _sum(self, node: sf.Apply) -> al.Expr:
        if len(node.args) != 4:
            self.wrong(node, "`sum` is written `sum(i, a, b, expr)`")
        bound, first, last, term = node.args
        name = self._bound(bound, "sum")
        return al.TimeSum(self.expr(term), self.index(first), self.index(last), name)

    def _prod(self, node: sf.Apply) -> al.Expr:
        if len(node.args) not in (4, 5):
            self.wrong(node, "`prod` is written `prod(j, a, b, expr)` or `prod(j, a, b, -1, expr)`")
        bound, first, last, *step, factor = node.args
        name = self._bound(bound, "prod")
        by = self.number(step[0]) if step else Fraction(1)
        if by not in (1, -1):
            self.wrong(step[0], "a product goes up, or down with -1 as its fourth argument")
        return al.OrderedProduct(
            self.expr(factor), self.index(first), self.index(last), int(by), name
        )

    def _filled(self, node: sf.Apply) -> al.Expr:
        """``ones(n)``, ``zeros(n)`` and ``zeros(n, m)``."""
        shape = tuple(self.size(arg) for arg in node.args)
        if node.function == "ones" and len(shape) == 1:
            return al.Ones(shape[0])
        if node.function == "ones" or len(shape) not in (1, 2):
            self.wrong(node, "it is written `ones(n)`, `zeros(n)` or `zeros(n, m)`")
        return al.Fill(al.ZERO, shape)

    def _one_hot(self, node: sf.Apply) -> al.Expr:
        position = self.expr(node.args[0]) if len(node.args) == 1 else None
        if not isinstance(position, al.Ref) or position.name not in self.names.integers:
            self.wrong(node, "`onehot` takes an integer input at a step, as in `onehot(y[t])`")
        dim = self.names.model.input(position.name).index_dim
        assert dim is not None
        return al.OneHot(position, dim)

    def _delta(self, node: sf.Apply) -> al.Expr:
        if len(node.args) != 2:
            self.wrong(node, "`delta` takes two indices, as in `delta(i, j)`")
        left, right = node.args
        return Delta(self._entry_place(left), self._entry_place(right))


def _without_d(node: sf.Named) -> sf.Named:
    """``h`` of ``dh``."""
    place = node.place
    bare = Place(place.line, place.column + 1, place.end_line, place.end_column)
    return sf.Named(bare, node.name[1:])


def _below(parts: tuple[al.Expr, ...]) -> al.BlockMatrix:
    """Blocks in a column, or rows of as many blocks each."""
    rows = [part.cells[0] for part in parts if isinstance(part, al.BlockMatrix)]
    return _blocks(
        tuple(rows)
        if len(rows) == len(parts) and len(set(map(len, rows))) == 1
        else tuple((part,) for part in parts)
    )


def _blocks(rows: tuple[tuple[al.Expr | None, ...], ...]) -> al.BlockMatrix:
    """Sizes are open: they follow from each other, and zeros state theirs."""
    return al.BlockMatrix(rows, ("",) * len(rows), ("",) * len(rows[0]))
