"""Linear diagonal recurrences, h[t] = a[t] * h[t-1] + b[t] entry by entry, made ready to scan.

What multiplies the value before, and what is added, are known before the loop, which then
adds a product a step. Such a loop can be run for many blocks of steps side by side. The
adjoint of such a recurrence is one, from T to 1, and so is that of any recurrence that
reads its own entries only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt.algebra import NOW, ONE, Expr, Mul, Param, Ref, shifted
from symbptt.calculus import forms
from symbptt.codegen.fast.passes.rewriting import factors, names_of, reads, statements
from symbptt.codegen.naming import fresh
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import Places, leaves, variable
from symbptt.codegen.program import Assign, Block, Program


@dataclass(frozen=True)
class Recurrence:
    """``target = rate * source + rest``, the target a step from the source."""

    statement: Assign
    source: Expr
    rate: Expr
    rest: tuple[Expr, ...]


def scan(program: Program) -> Program:
    """Mark loops that can be scanned; what they read is computed before."""
    return _Scanner(program).program()


def recurrence(block: Block) -> Recurrence | None:
    """What a loop of one statement does, if it is linear and diagonal."""
    if block.place != "loop" or len(block.statements) != 1:
        return None
    (statement,) = block.statements
    target = statement.target
    if statement.beside or len(target.shape) > 1 or statement.add != block.backward:
        return None
    source = shifted(target, 1 if block.backward else -1)
    rates: list[Expr] = []
    rest: list[Expr] = []
    for term in forms.terms_of(statement.value):
        rate = rate_of(term, source)
        if rate is not None:
            rates.append(rate)
        elif mentions(term, source):
            return None
        else:
            rest.append(term)
    if not rates or bool(rest) == block.backward:
        return None
    rate = forms.add(rates, max((r.shape for r in rates), key=len))
    return None if rate == ONE else Recurrence(statement, source, rate, tuple(rest))


def rate_of(term: Expr, source: Expr) -> Expr | None:
    """What multiplies the source in a term, entry by entry, if nothing else reads it."""
    negative, found = factors(term)
    others = [f for f in found if f != source]
    if len(others) != len(found) - 1 or term.shape != source.shape:
        return None
    if any(mentions(f, source) for f in others):
        return None
    rate = forms.mul(others)
    return forms.neg(rate) if negative else rate


def mentions(expr: Expr, source: Expr) -> bool:
    return any(variable(leaf) == variable(source) for leaf in leaves(expr))


class _Scanner:
    def __init__(self, program: Program) -> None:
        self.old = program
        self.taken = program.names
        self.places = Places(program)
        self.renamed: dict[Ref, Ref] = {}

    def program(self) -> Program:
        forward = tuple(b for block in self.old.forward for b in self.blocks(block))
        backward = tuple(b for block in self.old.backward for b in self.blocks(block))
        forward = tuple(replace(b, statements=self.with_names(b)) for b in forward)
        return replace(self.old, forward=forward, backward=backward)

    def blocks(self, block: Block) -> Iterator[Block]:
        found = recurrence(block)
        if found is None or (block.backward and self.places.is_first(found.statement)):
            yield block
            return
        rate, target = found.rate, found.statement.target
        before = list(block.hoisted)
        if not is_rowwise(rate):
            name = Param(fresh("r{}", self.taken), rate.shape)
            yield Block("static", (Assign(name, rate),))
            rate = name
        elif not (isinstance(rate, Ref) and rate.index == NOW):
            ref = Ref(fresh("r{}", self.taken), NOW, rate.shape)
            before.append(Assign(ref, rate))
            rate = ref
        if found.rest and not self.renames(found):
            before.append(Assign(target, forms.add(found.rest, target.shape)))
        step = replace(found.statement, value=Mul((rate, found.source)), add=True)
        yield replace(block, statements=(step,), hoisted=tuple(before), scan=True)

    def renames(self, found: Recurrence) -> bool:
        """Whether what is added is made where the recurrence's own values will stand."""
        (first, *others), target = found.rest, found.statement.target
        if others or not isinstance(first, Ref) or not isinstance(target, Ref):
            return False
        if first.index != NOW or first.shape != target.shape:
            return False
        if not (first.name in self.old.introduced and self.is_made_for_one(first)):
            return False
        self.renamed[first] = target
        return True

    def is_made_for_one(self, value: Ref) -> bool:
        """Whether one statement makes it, over all steps, and one reads it."""
        found = variable(value)
        readers = sum(found in names_of(reads(s)) for s in statements(self.old))
        written = Counter(variable(t) for t in self.old.targets)[found]
        alone = any(
            s.target == value and not s.beside and not s.add
            for block in self.old.forward
            if block.place == "all"
            for s in block.statements
        )
        grouped = any(value in family for family in self.old.families)
        return readers == 1 and written == 1 and alone and not grouped

    def with_names(self, block: Block) -> tuple[Assign, ...]:
        return tuple(
            replace(s, target=self.renamed[s.target])
            if isinstance(s.target, Ref) and s.target in self.renamed
            else s
            for s in block.statements
        )
