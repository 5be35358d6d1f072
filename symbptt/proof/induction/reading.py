"""Expressions read as polynomials in their entries, and what functions' derivatives are.

An entry of a product, a softmax, a row of a table is what `symbptt.calculus.entrywise` says
that it is; no rule of the reverse walk takes part. A function of the table stays as it stands,
and its derivative is what its row states, once that is proved (`.function_facts`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symbptt import algebra as al
from symbptt.algebra.letters import Behind, Delta, Entry, Letter, Letters, LetterSum, Slope
from symbptt.calculus.entrywise import at_entry
from symbptt.errors import NotProvedError
from symbptt.functions.elementwise import FUNCTIONS, read
from symbptt.functions.vectors import definition
from symbptt.proof.induction import canonical as cn
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.canonical import Atom, Place, Poly

_VALUE = -1
"""In the place of an argument's number: not a derivative, the value."""

PLACES = ("row", "column")
"""The letters of a free entry."""

NOTHING: Mapping[str, Place] = {}

Partials = Callable[[Slope, Mapping[str, Place]], Poly]


def free_letters(shape: al.Shape, of: str = "the") -> tuple[Letter, ...]:
    """The letters for the axes of a free entry."""
    return tuple(Letter(f"{of} {name}", dim) for name, dim in zip(PLACES, shape, strict=False))


@dataclass
class EntryReader:
    """Reads expressions of one model.

    Attributes
    ----------
    partials : callable, optional
        What a derivative in an expression is.
    untimed : collection of str
        The inputs that have one value, which is of no step.
    used : set of str
        The functions whose derivatives were needed.
    """

    model: al.Model
    partials: Partials | None = None
    untimed: Collection[str] = ()
    used: set[str] = field(default_factory=set)

    def free(self, expr: al.Expr, shape: al.Shape) -> Poly:
        """The entry at free places of a value that fills the shape."""
        return self.entry(expr, free_letters(shape))

    def entry(
        self, expr: al.Expr, places: Sequence[al.Expr], scope: Mapping[str, Place] = NOTHING
    ) -> Poly:
        """An entry of an array; a scalar has one at every place."""
        there = {f"place {k}": place(each, scope) for k, each in enumerate(places)}
        # Letters of their own: those of the sums in it come from the same pool.
        letters = tuple(Letter(name, 0) for name in there) if expr.shape else ()
        return self.poly(at_entry(expr, letters, Letters(self.model)), there)

    def atom_of(
        self, name: al.Expr, places: Sequence[al.Expr], scope: Mapping[str, Place] = NOTHING
    ) -> Atom:
        """The indeterminate that an entry of a name is."""
        return pl.the_atom(self._entry(name, places, scope))

    def poly(self, expr: al.Expr, scope: Mapping[str, Place]) -> Poly:
        """An expression of entries as a polynomial; ``scope`` has the letters of sums.

        Raises
        ------
        NotProvedError
            For what is none.
        """

        def inner(part: al.Expr) -> Poly:
            return self.poly(part, scope)

        match expr:
            case al.Length(dim=dim):
                return pl.length(dim)
            case al.Horizon():
                return pl.atom(("horizon",))
            case al.Param() | al.Ref() | al.Cotangent() | al.Loss():
                return self._entry(expr, (), scope)
            case Entry(array=array, places=places):
                return self._entry(array, places, scope)
            case Delta(left=left, right=right):
                return pl.delta(place(left, scope), place(right, scope))
            case LetterSum(letter=letter, term=term):
                one = cn.fresh(cn.extent(letter.dim))
                return pl.total(self.poly(term, {**scope, letter.name: one}), (one,))
            case Slope() if self.partials is not None:
                return self.partials(expr, scope)
        return arithmetic(expr, inner, value_of)

    def _entry(self, array: al.Expr, places: Sequence[al.Expr], scope: Mapping[str, Place]) -> Poly:
        there = tuple(place(each, scope) for each in places)
        match array:
            case al.Param(name=name):
                return pl.entry("value", name, None, there)
            case al.Ref(name=name, index=index):
                return pl.entry("value", name, self._step(name, index), there)
            case al.Cotangent(name=name, index=index, part=None):
                return pl.entry("cotangent", name, self._step(name, index), there)
            case al.Vector():
                return self.entry(definition(array), places, scope)
            case al.Loss():
                return pl.atom(self._loss(array, there))
        raise NotProvedError(f"an entry of {type(array).__name__} has no polynomial")

    def _step(self, name: str, index: al.Index | None) -> al.Index | None:
        if name not in self.untimed:
            return index
        if index is not None and index.terms == al.LAST.terms and index.offset > 0:
            raise NotProvedError(f"{name} is read past T")
        return None

    def _loss(self, loss: al.Loss, places: tuple[Place, ...]) -> Atom:
        """An abstract loss, or an entry of its gradient, with its arguments at all places."""
        arguments = [loss.prediction, loss.target]
        integers: tuple[Place, ...] = ()
        if isinstance(loss.target, al.Ref) and loss.target.name in self.model.integers:
            integers = (place(arguments.pop(), {}),)
        polys = (self.entry(each, free_letters(each.shape, pl.ARGUMENT)) for each in arguments)
        wrt = _VALUE if loss.wrt is None else loss.wrt
        return ("loss", loss.function, wrt, tuple(map(cn.frozen, polys)), places, integers)

    def slopes(self, found: Atom) -> Iterator[tuple[Poly, Poly, tuple[Place, ...]]]:
        """The partial derivatives of a function's value, see `polynomials.Slopes`."""
        kind, name, wrt, args = found[:4]
        if wrt != _VALUE:
            raise NotProvedError(f"the second derivative of {name} stands in it")
        polys = [dict(each) for each in args]
        for k, argument in enumerate(polys):
            if kind == "loss":
                at = {one[:2]: cn.fresh(one[3]) for one in pl.argument_places(args[k])}
                letters = tuple(at.values())
                outer = pl.atom((*found[:2], k, args, letters, found[5]))
                yield outer, pl.renamed(argument, at), letters
            elif name in FUNCTIONS:
                self.used.add(name)
                yield stated(name, FUNCTIONS[name].derivatives[k], polys, value_of), argument, ()
            else:
                yield value_of(name, polys, k), argument, ()


def place(expr: al.Expr, scope: Mapping[str, Place]) -> Place:
    """A place as polynomials have it."""
    match expr:
        case Letter(name=name, dim=dim):
            return scope.get(name) or cn.letter(name, dim)
        case Behind(letter=inner, dim=dim):
            return cn.behind(place(inner, scope), dim)
        case al.Ref(name=name, index=index):
            return cn.letter(f"{name}[{index}]", 0, cn.INTEGER)
    raise NotProvedError(f"{type(expr).__name__} is no place")


def arithmetic(expr: al.Expr, inner: Callable[[al.Expr], Poly], apply: Apply) -> Poly:
    """A node of the algebra of numbers.

    Raises
    ------
    NotProvedError
        For another one.
    """
    match expr:
        case al.Number(value=value) | al.Constant(value=value):
            return pl.number(value)
        case al.Add(terms=terms):
            return cn.add(map(inner, terms))
        case al.Neg(operand=operand):
            return pl.scale(inner(operand), -1)
        case al.Mul(factors=factors):
            return pl.multiply(map(inner, factors))
        case al.Div(numerator=above, denominator=below):
            return pl.multiply((inner(above), pl.power(inner(below), Fraction(-1))))
        case al.Pow(base=base, exponent=exponent):
            return pl.power(inner(base), _number(inner(exponent)))
        case al.Call(function=name, args=args, wrt=None):
            return apply(name, list(map(inner, args)))
        case al.Call(function=name, args=args, wrt=int() as wrt):
            return value_of(name, list(map(inner, args)), wrt)
    raise NotProvedError(f"{type(expr).__name__} has no polynomial in entries")


def _number(poly: Poly) -> Fraction:
    if not poly:
        return Fraction(0)
    if len(poly) == 1 and ((), ()) in poly:
        return poly[(), ()]
    raise NotProvedError("an exponent is no number")


Known = Callable[[Atom], "Poly | None"]
"""What stands for an entry, where something does."""


def substituted(poly: Poly, known: Known) -> Poly:
    """The polynomial with what is known put in, until nothing is left to be put in."""

    def change(found: Atom) -> Poly:
        match found[0]:
            case "entry":
                other = known(found)
                return pl.atom(found) if other is None else substituted(other, known)
            case "call":
                _, name, wrt, args = found
                return value_of(name, [substituted(dict(each), known) for each in args], wrt)
            case "base":
                return substituted(dict(found[1]), known)
            case "loss":
                args = tuple(cn.frozen(substituted(dict(each), known)) for each in found[3])
                return pl.atom((*found[:3], args, *found[4:]))
        return pl.atom(found)

    return pl.rebuilt(poly, change)


# --- functions -----------------------------------------------------------------------------------


Apply = Callable[[str, Sequence[Poly]], Poly]


def value_of(name: str, args: Sequence[Poly], wrt: int = -1) -> Poly:
    """A function's value; exp and log are inverse, roots are powers."""
    first = args[0]
    if wrt == _VALUE:
        match name:
            case "sqrt":
                return pl.power(first, Fraction(1, 2))
            case "ratio":
                return _ratio(*args)
            case "exp" if not first:
                return pl.number(1)
            case "exp" | "log":
                other = _argument(first, "log" if name == "exp" else "exp")
                if other is not None:
                    return other
        if name == "exp" and _is_negative(first):
            return pl.power(value_of(name, [pl.scale(first, -1)]), Fraction(-1))
    return pl.atom(("call", name, wrt, tuple(cn.frozen(pl.written_out(each)) for each in args)))


def _is_negative(poly: Poly) -> bool:
    return bool(poly) and poly[min(poly)] < 0


def _argument(poly: Poly, function: str) -> Poly | None:
    """What a function is applied to, where the polynomial is its value and nothing else."""
    if len(poly) == 1:
        (((letters, factors), coefficient),) = poly.items()
        if not letters and coefficient == 1 and len(factors) == 1:
            ((found, exponent),) = factors
            if found[:3] == ("call", function, _VALUE) and (exponent == 1 or function == "exp"):
                return pl.scale(dict(found[3][0]), exponent)
    return None


def _ratio(above: Poly, below: Poly) -> Poly:
    """above/below, and 0 where below is 0: linear above, and numbers come out of it below."""
    if not below:
        return {}
    whole, leading = pl.normed(below, Fraction(1))
    one = pl.atom(("call", "ratio", _VALUE, (cn.frozen(pl.number(1)), cn.frozen(whole))))
    return pl.scale(pl.multiply((above, one)), 1 / leading)


def stated(name: str, text: str, args: Sequence[Poly], apply: Apply) -> Poly:
    """A formula of a function's row at its arguments; ``y`` is its value."""
    names = dict(zip(FUNCTIONS[name].arguments, args, strict=True))
    names["y"] = apply(name, args)
    return formula(read(text), names, apply)


def formula(expr: al.Expr, names: Mapping[str, Poly], apply: Apply) -> Poly:
    """A formula of a table with polynomials for its names."""
    if isinstance(expr, al.Param):
        return names[expr.name] if expr.name in names else pl.atom(("constant", expr.name))
    return arithmetic(expr, lambda part: formula(part, names, apply), apply)
