"""The derivatives that the table of functions states, proved from the functions' definitions.

A definition is made of exp, log, tanh and the like, whose derivatives are `KNOWN`, and of
functions that are constant between their jumps. On every interval between jumps a definition
is one formula; its derivative and what the row states are compared there, as polynomials. What
holds at a jump itself is a convention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache

from symbptt.errors import NotProvedError
from symbptt.functions.elementwise import FUNCTIONS, Function, read
from symbptt.proof.induction import canonical as cn
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.canonical import Atom, Place, Poly
from symbptt.proof.induction.reading import formula, stated, substituted, value_of

KNOWN: Mapping[str, str] = {
    "exp": "exp(x)",
    "log": "1/x",
    "sin": "cos(x)",
    "cos": "-sin(x)",
    "tanh": "1 - tanh(x)**2",
    "sinh": "cosh(x)",
    "cosh": "sinh(x)",
    "atan": "1/(1 + x**2)",
    "erf": "2*exp(-x**2)/sqrt(pi)",
}
"""The derivatives that are not proved here: the calculus of one variable begins with them."""

INFINITE = Fraction(10**9)
"""In the place of an end where there is none."""

SAMPLES = tuple(Fraction(n, 2) for n in (-40, -11, -5, -3, -1, 1, 3, 5, 11, 40))
"""Numbers between which no function jumps unseen: that they are enough is proved, too."""

JUMPS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "step": lambda x: Fraction(x > 0),
    "sign": lambda x: Fraction((x > 0) - (x < 0)),
    "beyond": lambda x: Fraction(1 + (x > 0) - (x < 0), 2),
}
"""The functions that are constant between their jumps, at a number or a difference."""


def prove_derivatives(name: str) -> None:
    """Prove what a row of the table states about derivatives.

    Raises
    ------
    NotProvedError
        If it can't be proved.
    """
    _prove(FUNCTIONS[name])


@cache
def _prove(row: Function) -> None:
    try:
        _everywhere(row.arguments, lambda here: _prove_around(row, here))
    except NotProvedError as error:
        raise NotProvedError(f"{row.name} {error}") from error


def vanishes(poly: Poly) -> bool:
    """Whether a polynomial is 0: as it stands, or on each interval between jumps.

    The latter where all functions in it are applied to one number alone, as those of
    ``o_i - y_i`` are in a Huber loss.
    """
    if pl.is_zero(poly):
        return True
    arguments = {cn.frozen(pl.normed(each, cn.ONE)[0]) for each in _innermost(poly)}
    if len(arguments) != 1:
        return False
    (argument,) = arguments
    whole = dict(argument)
    single = next((m for m in whole if not m[0] and len(m[1]) == 1 and m[1][0][1] == 1), None)
    if single is None:
        return False
    ((one, _),) = single[1]
    coefficient = whole.pop(single)
    x = pl.entry("value", "x", None)
    put_in = pl.scale(pl.subtract(x, whole), 1 / coefficient)
    poly = substituted(poly, lambda found: put_in if found == one else None)

    def is_zero(here: _Here) -> None:
        if not pl.is_zero(here.written_out(poly)):
            raise NotProvedError("it is not 0")

    try:
        _everywhere(("x",), is_zero)
    except NotProvedError:
        return False
    return True


def _innermost(poly: Poly) -> Iterator[Poly]:
    """What functions are applied to that is not itself made of functions."""
    calls = [f for _, factors in poly for f, _ in factors if f[0] == "call"]
    for argument in (dict(each) for call in calls for each in call[3]):
        inside = list(_innermost(argument))
        yield from inside
        if not inside and not argument.keys() <= {((), ())}:
            yield argument


def _everywhere(arguments: Sequence[str], prove: Callable[[_Here], None]) -> None:
    """Prove something near samples, and that what is near them is all but single points."""
    pairs = [(Fraction(2), Fraction(1)), (Fraction(1), Fraction(2))]
    samples = [(x,) for x in SAMPLES] if len(arguments) == 1 else pairs
    reached = -INFINITE
    for sample in samples:
        if len(arguments) == 1 and sample[0] < reached:
            continue
        here = _Here(dict(zip(arguments, sample, strict=True)))
        try:
            prove(here)
        except NotProvedError as error:
            where = ", ".join(f"{key} = {number}" for key, number in here.sample.items())
            raise NotProvedError(f"near {where}: {error}") from error
        if len(arguments) == 1 and here.low > reached:
            raise NotProvedError(f"is not looked at between {reached} and {here.low}")
        reached = max(reached, here.high)
    if len(arguments) == 1 and reached < INFINITE:
        raise NotProvedError(f"is not looked at beyond {reached}")


def _prove_around(row: Function, here: _Here) -> None:
    names = {argument: pl.entry("value", argument, None) for argument in row.arguments}
    value = formula(read(row.sympy), names, here.value)
    for argument, text in zip(row.arguments, row.derivatives, strict=True):
        true = pl.slope(value, pl.the_atom(names[argument]), _slopes)
        said = stated(row.name, text, list(names.values()), here.value)
        if not pl.is_zero(pl.subtract(true, said)):
            raise NotProvedError("its row does not state the derivative of its definition")


def _slopes(found: Atom) -> list[tuple[Poly, Poly, tuple[Place, ...]]]:
    _, name, _, args = found
    if name not in KNOWN:
        raise NotProvedError(f"the derivative of {name} is not known")
    argument = dict(args[0])
    return [(formula(read(KNOWN[name]), {"x": argument}, value_of), argument, ())]


class _Here:
    """What functions are near a sample: nothing jumps between ``low`` and ``high``."""

    def __init__(self, sample: Mapping[str, Fraction]) -> None:
        self.sample = sample
        self.low, self.high = -INFINITE, INFINITE

    def value(self, name: str, args: Sequence[Poly]) -> Poly:
        if name == "zero":
            # At single points: what is proved holds at all others.
            return pl.number(not args[0])
        if name in JUMPS:
            return pl.number(JUMPS[name](self.at_sample(args)))
        if name in KNOWN or name == "sqrt":
            return value_of(name, args)
        if name not in FUNCTIONS:
            raise NotProvedError(f"no function is called {name}")
        row = FUNCTIONS[name]
        return formula(read(row.sympy), dict(zip(row.arguments, args, strict=True)), self.value)

    def written_out(self, poly: Poly) -> Poly:
        """A polynomial with the values of functions in it put in."""

        def change(found: Atom) -> Poly:
            if found[0] == "base":
                return self.written_out(dict(found[1]))
            if found[0] != "call" or found[2] >= 0:
                return pl.atom(found)
            return self.value(found[1], [self.written_out(dict(each)) for each in found[3]])

        return pl.rebuilt(poly, change)

    def at_sample(self, args: Sequence[Poly]) -> Fraction:
        """The value of a linear form, or of the difference of two; its root is a bound."""
        form = pl.subtract(*args) if len(args) == 2 else args[0]
        rest = dict(form)
        constant = rest.pop(((), ()), Fraction(0))
        coefficients = {}
        for argument in self.sample:
            coefficients[argument] = rest.pop(_alone(argument), Fraction(0))
        two = len(self.sample) == 2 and (constant or sum(coefficients.values()))
        if rest or two:
            raise NotProvedError("where it jumps is not known")
        if len(self.sample) == 1 and coefficients["x"]:
            root = -constant / coefficients["x"]
            self.low = max([self.low, *([root] if root < self.sample["x"] else [])])
            self.high = min([self.high, *([root] if root > self.sample["x"] else [])])
        terms = (coefficients[key] * number for key, number in self.sample.items())
        return constant + sum(terms, Fraction(0))


def _alone(argument: str) -> cn.Monomial:
    (monomial,) = pl.entry("value", argument, None)
    return monomial
