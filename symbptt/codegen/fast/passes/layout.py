"""Families by blocks: where a loop turns from columns, as products leave them, to gates.

A product leaves the values of several gates as columns side by side. What then works entry
by entry on one gate, or on some, walks gaps. Where a loop computes a family entry by entry
from what stands by columns it writes a step's rows as blocks end to end (see
`symbptt.codegen.fast.blocks`), and all that reads them there, and in chunks, has no gaps.

What the family held by columns gets names of its own: ``f_in`` for what stood in its array
before the loop, ``f_sum`` for what the loop's products add to. The former is read before a
step writes its first block, so that both can have one array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

from symbptt import algebra as al
from symbptt.codegen.fast.entrywise import UFUNC, is_repeated
from symbptt.codegen.fast.passes.rewriting import on_blocks
from symbptt.codegen.naming import fresh
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import Places, Variable, leaves, variable
from symbptt.codegen.program import Assign, Block, Family, Place, Program
from symbptt.functions.elementwise import function

Versions = dict[al.Expr, str]
"""For each member what it holds: "in", "sum" (both by columns) or "gate"."""


def layout(program: Program) -> Program:
    """Lay out by blocks every family that is only worked on entry by entry."""
    for family in program.families:
        found = BlockLayout(program, family).program()
        if found is not None:
            program = found
    return program


@dataclass
class BlockLayout:
    """One family, and what its members are called before they are gates."""

    old: Program
    family: Family
    names: dict[tuple[str, al.Expr], al.Ref] = field(default_factory=dict)

    def program(self) -> Program | None:
        """The program with the family by blocks; None where it can't be."""
        if not self.is_of_equals() or not self.is_in_place():
            return None
        changed: dict[int, Block] = {}
        for block in self.old.blocks:
            found = self.block(block)
            if found is None:
                return None
            changed[id(block)] = found
        new = on_blocks(self.old, lambda block: changed[id(block)])
        families = [self.family, *self.others()]
        pairs = [(other, self.family) for other in families[1:] if self.of("in", other)]
        return replace(
            new,
            families=(*new.families, *families[1:]),
            by_blocks=new.by_blocks | {self.family},
            reuse=(*new.reuse, *pairs),
        )

    # --- which families --------------------------------------------------------------------

    def is_of_equals(self) -> bool:
        """Whether it is of vectors of one length, computed and read in loops and chunks."""
        first = self.family[0]
        kind = Places(self.old).kinds.get(cast(Variable, variable(first)))
        alike = {(type(m), m.shape) for m in self.family} == {(al.Ref, first.shape)}
        return alike and len(first.shape) == 1 and kind in ("rows", "chunk", "step")

    def is_in_place(self) -> bool:
        """Whether one block makes it, once another before it may have laid it out."""
        homes = [(block, place, s) for block, place, s in self.touching() if self.made(s)]
        before = [s for _, place, s in homes if place == "all"]
        inside = {(id(block), place) for block, place, _ in homes if place != "all"}
        whole = all(s.targets == self.family and not s.add for s in before)
        return len(before) < 2 and whole and len(inside) == 1

    def touching(self) -> Iterator[tuple[Block, Place, Assign]]:
        for block in self.old.blocks:
            for place, statement in block.run():
                if self.made(statement) or self.read(statement.value):
                    yield block, place, statement

    def made(self, statement: Assign) -> list[al.Expr]:
        return [target for target in statement.targets if self.member(target) is not None]

    def read(self, value: al.Expr) -> list[al.Expr]:
        return [m for leaf in leaves(value) if (m := self.member(leaf)) is not None]

    def member(self, leaf: al.Expr) -> al.Expr | None:
        """The member that a leaf is a value of, at whatever step."""
        v = variable(leaf)
        return next((m for m in self.family if variable(m) == v), None)

    # --- blocks ----------------------------------------------------------------------------

    def block(self, old: Block) -> Block | None:
        """A block with the names of what it takes; None where it takes blocks as columns."""
        mine = [s for _, s in old.run() if self.made(s) or self.read(s.value)]
        if not mine:
            return old
        if old.place == "all" and not any(self.read(s.value) for s in mine):
            put = partial(self.put, dict.fromkeys(self.family, "in"))
            return replace(old, statements=tuple(map(put, old.statements)))
        if old.place != "loop" or old.scan:
            return None
        coefficients = self.statements(old.hoisted, looped=False)
        statements = self.statements(old.statements, looped=True)
        if coefficients is None or statements is None:
            return None
        return replace(old, hoisted=tuple(coefficients), statements=tuple(statements))

    def statements(self, old: Sequence[Assign], *, looped: bool) -> list[Assign] | None:
        """The statements of a loop, or of its chunks, by what they take and leave."""
        versions: Versions = {}
        if any(self.made(s) for s in old):
            laid = any(place == "all" for _, place, s in self.touching() if self.made(s))
            versions = dict.fromkeys(self.family, "in") if laid else {}
        else:
            versions = dict.fromkeys(self.family, "gate")
        result = []
        for statement in old:
            found = self.statement(statement, versions, looped)
            if found is None:
                return None
            result.append(found)
        ends = {versions.get(member) for member in self.family}
        return result if ends == {"gate"} else None

    def statement(self, old: Assign, versions: Versions, looped: bool) -> Assign | None:
        """One statement, its targets' versions noted; None where it can't be by blocks."""
        made, read = self.made(old), self.read(old.value)
        if not made and not read:
            return old
        if any(getattr(leaf, "index", None) != al.NOW for leaf in self.occurrences(old)):
            return None
        if made and len(made) < len(old.targets):
            return None
        taken = {versions.get(member) for member in (*read, *(made if old.add else ()))}
        if None in taken or not self.is_of_one(old.value, versions):
            return None
        version = self.version(old, taken, begun="gate" in versions.values(), looped=looped)
        if version is None:
            return None
        value = al.transform(old.value, partial(self.named, versions))
        if old.add and made and versions[made[0]] != version:
            return None
        for member in made:
            versions[member] = version
        return replace(self.put(versions, old), value=value)

    def version(
        self, old: Assign, taken: set[str | None], *, begun: bool, looped: bool
    ) -> str | None:
        """What a statement's targets hold then; None where it can't take what it takes."""
        alone = looped and len(old.targets) == 1 and not any(map(self.read, concats(old.value)))
        if "in" in taken:
            # A step's first block lies where these columns were, so none may be written yet.
            return None if begun else "sum"
        if alone:
            return "gate"  # a gate of one step is an array like any other
        if any(isinstance(n, al.Product) and is_rowwise(n) for n in al.walk(old.value)):
            return None if "gate" in taken else "sum"
        return "gate" if is_entrywise(old.value, len(old.targets)) else None

    def occurrences(self, statement: Assign) -> list[al.Expr]:
        found = (*statement.targets, *leaves(statement.value))
        return [leaf for leaf in found if self.member(leaf) is not None]

    def is_of_one(self, value: al.Expr, versions: Versions) -> bool:
        """Whether what is taken as one array holds one version, and it alone."""
        for group in concats(value):
            members = [self.member(part) for part in group.parts]
            known = [m for m in members if m is not None]
            if known and (len(known) < len(members) or len({versions[m] for m in known}) > 1):
                return False
        return True

    # --- names -----------------------------------------------------------------------------

    def put(self, versions: Versions, statement: Assign) -> Assign:
        """The statement with its targets by their names."""
        target, *beside = (self.named(versions, t) for t in statement.targets)
        assert isinstance(target, al.Ref | al.Cotangent | al.Param)
        others = tuple(t for t in beside if isinstance(t, al.Ref | al.Cotangent | al.Param))
        return replace(statement, target=target, beside=others)

    def named(self, versions: Versions, leaf: al.Expr) -> al.Expr:
        member = self.member(leaf)
        if member is None or versions[member] == "gate":
            return leaf
        version = versions[member]
        if (version, member) not in self.names:
            assert isinstance(member, al.Ref)
            name = fresh(f"{member.name}_{version}", self.old.names)
            self.names[version, member] = al.Ref(name, al.NOW, member.shape)
        return self.names[version, member]

    def others(self) -> Iterator[Family]:
        """What was in the family's place, as families."""
        for version in ("in", "sum"):
            found = [self.names.get((version, member)) for member in self.family]
            family = tuple(ref for ref in found if ref is not None)
            if len(family) > 1:
                yield family

    def of(self, version: str, family: Family) -> bool:
        return any(ref in family for (other, _), ref in self.names.items() if other == version)


# --- what works entry by entry -----------------------------------------------------------


def concats(value: al.Expr) -> Iterator[al.Concat]:
    return (node for node in al.walk(value) if isinstance(node, al.Concat) and is_rowwise(node))


def is_entrywise(value: al.Expr, count: int) -> bool:
    """Whether calls on blocks compute a value: ``count`` of them, or one that has a gate's rows.

    Of what has rows they take neighbours, as many as there are targets, and numbers a row.
    """
    if isinstance(value, al.Number | al.Constant | al.Horizon | al.Length):
        return True
    if not is_rowwise(value):
        return len(value.shape) < 2
    if isinstance(value, al.Concat):
        return len(value.parts) == count and all(variable(p) is not None for p in value.parts)
    if isinstance(value, al.Ref | al.Cotangent):
        return value.name != "loss" and (not value.shape or (count == 1 and len(value.shape) == 1))
    if isinstance(value, al.Mul) and any(map(is_repeated, value.factors)):
        blocks, repeated = value.factors[0], value.factors[-1]
        both = len(value.factors) == 2 and is_repeated(repeated) and not is_repeated(blocks)
        return both and is_entrywise(blocks, count)
    if isinstance(value, al.Call):
        row = function(value.function)
        known = row.calls or UFUNC.fullmatch(row.numpy)
        return bool(known) and value.wrt is None and are_entrywise(value.args, count)
    if isinstance(value, al.Add | al.Mul | al.Neg | al.Div | al.Pow | al.Fill):
        return are_entrywise(al.children(value), count)
    return False


def are_entrywise(values: Sequence[al.Expr], count: int) -> bool:
    return all(is_entrywise(value, count) for value in values)
