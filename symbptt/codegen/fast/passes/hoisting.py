"""What multiplies an adjoint and is known from the forward pass leaves the backward loop."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbptt import algebra as al
from symbptt.calculus import forms
from symbptt.codegen.fast.passes.rewriting import factors, on_blocks
from symbptt.codegen.naming import fresh
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import leaves
from symbptt.codegen.program import Assign, Block, Program
from symbptt.typeset.plain import plain


def hoisting(program: Program) -> Program:
    """Compute them for a chunk of steps at once; equal ones are computed once."""
    hoister = _Hoister(program.names)
    return on_blocks(program, hoister.block)


class _Hoister:
    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.found: dict[al.Expr, al.Ref] = {}

    def block(self, old: Block) -> Block:
        if old.place != "loop" or not old.backward:
            return old
        self.found = {}
        changed = tuple(replace(s, value=self.hoisted(collected(s.value))) for s in old.statements)
        made = [Assign(ref, value) for value, ref in self.found.items()]
        cited = tuple(
            replace(s, formula=f"{plain(s.target)} = {plain(s.value)}") for s in self.shared(made)
        )
        return replace(old, statements=changed, hoisted=cited)

    def name(self, expr: al.Expr) -> al.Ref:
        if expr not in self.found:
            self.found[expr] = al.Ref(fresh("k{}", self.taken), al.NOW, expr.shape)
        return self.found[expr]

    def hoisted(self, expr: al.Expr) -> al.Expr:
        """The expression with its parts from the forward pass replaced by names."""
        if is_known(expr):
            return self.name(expr) if is_worth_a_name(expr) else expr
        if isinstance(expr, al.Mul | al.Neg):
            return self.product(expr)
        return al.map_children(expr, self.hoisted)

    def product(self, expr: al.Expr) -> al.Expr:
        negative, found = factors(expr)
        known = [f for f in found if is_known(f)]
        if not any(map(is_rowwise, known)):
            known = []
        others = [self.hoisted(f) for f in found if f not in known]
        if not known:
            product = forms.mul(others)
            return forms.neg(product) if negative else product
        coefficient = forms.mul(known)
        if negative and is_worth_a_name(coefficient):
            coefficient, negative = forms.neg(coefficient), False
        if is_worth_a_name(coefficient):
            coefficient = self.name(coefficient)
        product = forms.mul((coefficient, *others))
        return forms.neg(product) if negative else product

    def shared(self, made: list[Assign]) -> tuple[Assign, ...]:
        """What several coefficients have in common is computed once."""
        made = sorted(made, key=lambda s: len(factors(s.value)[1]))
        for number, smaller in enumerate(made):
            for later in range(number + 1, len(made)):
                made[later] = replace(made[later], value=with_factor(made[later].value, smaller))
        counts = Counter(
            node for s in made for node in al.walk(s.value) if isinstance(node, al.Call | al.Pow)
        )
        common = [node for node, count in counts.items() if count > 1 and is_rowwise(node)]
        first: list[Assign] = []
        for node in sorted(common, key=lambda n: sum(1 for _ in al.walk(n))):
            ref = al.Ref(fresh("k{}", self.taken), al.NOW, node.shape)
            first.append(Assign(ref, node))
            made = [replace(s, value=replaced(s.value, node, ref)) for s in made]
        return (*first, *made)


def with_factor(expr: al.Expr, smaller: Assign) -> al.Expr:
    """The product with the factors of another coefficient replaced by its name."""
    negative, found = factors(expr)
    other_negative, inside = factors(smaller.value)
    if len(inside) < 2 or Counter(inside) - Counter(found):
        return expr
    rest = list((Counter(found) - Counter(inside)).elements())
    product = forms.mul((smaller.target, *rest))
    return forms.neg(product) if negative != other_negative else product


def replaced(expr: al.Expr, old: al.Expr, new: al.Expr) -> al.Expr:
    if expr == old:
        return new
    return al.map_children(expr, lambda child: replaced(child, old, new))


def collected(expr: al.Expr) -> al.Expr:
    """A sum with the coefficients of one adjoint added up."""
    if not isinstance(expr, al.Add):
        return expr
    kept: dict[al.Expr, list[al.Expr]] = {}
    for term in expr.terms:
        negative, found = factors(term)
        adjoints = [f for f in found if isinstance(f, al.Cotangent) and f.index is not None]
        others = [f for f in found if f not in adjoints]
        plain = all(is_known(f) for f in others)
        if len(adjoints) == 1 and plain and adjoints[0].shape == term.shape:
            coefficient = forms.mul(others)
            kept.setdefault(adjoints[0], []).append(
                forms.neg(coefficient) if negative else coefficient
            )
        else:
            kept.setdefault(term, []).append(term)
    parts = []
    for key, found_terms in kept.items():
        if not isinstance(key, al.Cotangent):
            parts += found_terms
        else:
            shape = max((t.shape for t in found_terms), key=len)
            parts.append(forms.mul((forms.add(found_terms, shape), key)))
    return forms.add(parts, expr.shape)


def is_known(expr: al.Expr) -> bool:
    """Whether the forward pass, or no pass at all, gives the value."""
    return not any(isinstance(leaf, al.Cotangent) for leaf in leaves(expr))


def is_worth_a_name(expr: al.Expr) -> bool:
    """Whether computing it for many steps at once saves a call a step."""
    inner = expr.operand if isinstance(expr, al.Neg) else expr
    return is_rowwise(expr) and not isinstance(inner, al.Ref)
