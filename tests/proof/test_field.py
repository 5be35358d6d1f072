"""The field: its arithmetic, and that functions keep the identities derivations use."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy

from symbptt.algebra import Call, Expr, Param, Ref
from symbptt.functions.elementwise import FUNCTIONS, derivative
from symbptt.proof.domain import Domain, Precise, Rational
from symbptt.proof.evaluate import evaluate
from symbptt.proof.field import PRIME, Field, Residue, root
from symbptt.proof.tape import function_tape


def test_the_prime_is_safe_and_has_the_squares_that_sympy_takes_roots_of() -> None:
    assert sympy.isprime(PRIME)
    assert sympy.isprime((PRIME - 1) // 2)
    assert PRIME % 8 == 7
    for square in (2, 3, 5, 7, 11, 13):
        assert pow(square, (PRIME - 1) // 2, PRIME) == 1


def test_residues_mix_with_integers_and_fractions() -> None:
    a = Residue(7)
    assert (a + 3, 3 - a, a * Fraction(1, 7), 1 / a * a) == (10, -4, 1, 1)
    assert a**-2 * 49 == 1
    assert Residue(PRIME + 5) == 5
    with pytest.raises(ZeroDivisionError):
        a / Residue(0)


@pytest.mark.parametrize("shapes", [((3, 2), (2, 4)), ((3, 2), (2,)), ((2,), (2,))])
def test_a_product_is_that_of_the_entries(shapes: tuple[tuple[int, ...], ...]) -> None:
    """Also by a number: of those that fit into a word NumPy would keep the word alone."""
    rng = random.Random(0)
    entries = iter(lambda: Residue(rng.randrange(PRIME)), None)
    left, right = (np.empty(shape, dtype=object) for shape in shapes)
    for array in (left, right):
        array.flat = [next(entries) for _ in range(array.size)]
    found = Field().product(left, right)
    assert np.array_equal(found, np.dot(left, right))
    number = np.array(Residue(2**60), dtype=object)
    assert Field().product(number, number) == Residue(2**120)


@pytest.mark.parametrize("exponent", [Fraction(1, 2), Fraction(-3, 2), Fraction(2, 5)])
def test_roots_are_multiplicative(exponent: Fraction) -> None:
    a, b = Residue(12345), Residue(67890)
    assert root(a * b, exponent) == root(a, exponent) * root(b, exponent)
    assert root(a, exponent) ** 3 == root(a, 3 * exponent)
    assert root(Residue(4), Fraction(1, 2)) == 2
    assert root(a, Fraction(1, 3)) ** 3 == a


def test_functions_have_one_value_an_argument_and_no_more_in_common_than_needed() -> None:
    field = Field(1)
    rng = random.Random(2)
    a, b = field.random(rng), field.random(rng)
    assert field.call("tanh", (a,)) == field.call("tanh", (a,))
    assert field.call("tanh", (a,)) != field.call("tanh", (b,))
    assert field.call("tanh", (-a,)) == -field.call("tanh", (a,))
    assert field.call("cos", (-a,)) == field.call("cos", (a,))
    assert field.call("cos", (a * 0,)) == 1
    assert field.call("exp", (a,)) * field.call("exp", (-a,)) == 1
    assert field.call("log", (field.call("exp", (a,)),)) == a
    assert field.call("exp", (field.call("log", (b,)),)) == b
    assert field.call("log", (1 / b,)) == -field.call("log", (b,))
    assert field.abstract("phi", None, (a,)) != field.abstract("phi", 0, (a,))


def test_a_point_and_the_functions_of_one_seed_are_independent() -> None:
    field, rng = Field(0), random.Random(0)
    drawn = {field.random(rng) for _ in range(100)}
    values = {field.abstract("phi", None, (argument,)) for argument in drawn}
    assert len(drawn) == len(values) == 100
    assert not drawn & values


def test_piecewise_constant_functions_keep_their_laws_on_both_sides() -> None:
    field = Field(3)
    rng = random.Random(4)
    seen = set()
    for _ in range(40):
        a, b = field.random(rng), field.random(rng)
        step, sign = field.call("step", (a,)), field.call("sign", (a,))
        seen.add(step.value)
        assert sign == 2 * step - 1
        assert field.call("sign", (-a,)) == -sign
        assert field.call("step", (a * step,)) == step
        assert field.call("beyond", (a, b)) + field.call("beyond", (b, a)) == 1
    assert seen == {0, 1}
    zero = Residue(0)
    assert field.call("step", (zero,)) == field.call("sign", (zero,)) == 0
    assert 2 * field.call("beyond", (zero, zero)) == 1


class _Arguments:
    """A point at which scalar parameters have given values."""

    def __init__(self, domain: Domain, values: dict[str, object]) -> None:
        self.domain = domain
        self.sizes: dict[str, int] = {}
        self.values = values

    def parameter(self, param: Param) -> object:
        return self.values[param.name]

    def reference(self, ref: Ref, at: object) -> object:
        raise AssertionError(ref)

    cotangent = pulled_back = reference  # type: ignore[assignment]


ROWS = [(name, k) for name, row in FUNCTIONS.items() for k in range(len(row.derivatives))]


@pytest.mark.parametrize(("name", "wrt"), ROWS)
@pytest.mark.parametrize("domain", [Field(5), Precise(40)], ids=["field", "digits"])
def test_the_tables_derivatives_are_sympys(domain: Domain, name: str, wrt: int) -> None:
    """In the field, a rational identity in the functions; and to 40 digits."""
    rng = random.Random(6)
    row = FUNCTIONS[name]
    for _ in range(6):
        # Squares: the field has a root of each, and the logarithm is defined.
        arguments = [domain.random(rng) ** 2 for _ in row.arguments]
        true = function_tape(name, wrt).run(arguments, domain)[0]
        point = _Arguments(domain, dict(zip(row.arguments, arguments, strict=True)))
        args: tuple[Expr, ...] = tuple(Param(a, ()) for a in row.arguments)
        found = evaluate(derivative(name, wrt, args), point, {})[()]  # type: ignore[arg-type]
        value = evaluate(Call(name, args), point, {})[()]  # type: ignore[arg-type]
        assert value == domain.call(name, arguments)
        error = found - true
        assert error == 0 if isinstance(domain, Field) else abs(error) < 1e-35


def test_rationals_know_no_transcendental_function() -> None:
    assert Rational().call("relu", (Fraction(-3),)) == 0
    assert Rational().call("max", (Fraction(1, 2), Fraction(1, 3))) == Fraction(1, 2)
    with pytest.raises(Exception, match="tanh has no exact value"):
        Rational().call("tanh", (Fraction(1),))
