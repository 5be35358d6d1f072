"""What a module with buffers consists of, as data: arrays, views of them, and calls.

A statement of the array program becomes calls that write into views of buffers. A view says
which rows and columns of which array it takes, and in which shape; a row of
`symbptt.codegen.fast.views.VIEWS` says how each way of taking them is written. Nothing
here is text but names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symbptt.algebra import Dim, Expr, Shape
from symbptt.codegen.places import Kind
from symbptt.codegen.program import Assign


@dataclass(frozen=True)
class Buffer:
    """An array of the workspace: over which rows it goes, and the shape of a row.

    Attributes
    ----------
    sides : tuple of Dim
        Of a matrix that products of a step take: its rows and columns.
    """

    kind: Kind
    shape: Shape
    integer: bool = False
    sides: tuple[Dim, ...] = ()


# --- values ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Value:
    """What a call takes or fills."""


@dataclass(frozen=True)
class LocalName(Value):
    """What goes by a name where it is taken: an array, the rows of a step, a setting."""

    name: str


@dataclass(frozen=True)
class Extent(Value):
    """The length of a dimension."""

    dim: Dim


@dataclass(frozen=True)
class Key(Value):
    """A name of the model as the key of a dict."""

    name: str


@dataclass(frozen=True)
class Quoted(Value):
    """What a copy goes by in the workspace."""

    words: str


Entries = tuple[tuple[Key, Value], ...]
Operand = Value | int | bool | Fraction | None


@dataclass(frozen=True)
class View(Value):
    """Part of an array, or all of it in another shape, or what is made once a call's size."""

    how: str
    of: tuple[Operand, ...]


def view(how: str, *of: Operand) -> View:
    """A view; what it is of comes first."""
    return View(how, of)


# --- statements --------------------------------------------------------------------------


@dataclass(frozen=True)
class KernelCall:
    """``function(operands…, out, options…)``: a ufunc, or a function of the runtime."""

    function: str | Value
    operands: tuple[Operand, ...]
    out: Value | None = None
    options: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class Let:
    """A value gets a name of its own in its function."""

    name: str
    value: Value


@dataclass(frozen=True)
class Change:
    """``target operator value``, as ``d_W += …``."""

    target: Value
    operator: str
    value: Operand


@dataclass(frozen=True)
class Comment:
    """Cites the steps that the calls after it carry out."""

    statement: Assign


@dataclass(frozen=True)
class If:
    """Statements for a condition, and for its opposite."""

    condition: str
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Loop:
    """Over the steps, in chunks where something is computed for many at once.

    Attributes
    ----------
    steps, chunk : Body
        What is done for each step, and before for each chunk.
    plan : tuple of Value
        Of a scan: the rows of a chunk of what multiplies, of what it multiplies and of the
        target.
    width : Dim
        Of a scan: how many numbers a row of the target has.
    """

    name: str
    steps: Body
    chunk: Body | None = None
    backward: bool = False
    plan: tuple[Value, ...] = ()
    width: Dim = 1

    @property
    def sections(self) -> tuple[Body, ...]:
        return (self.steps,) if self.chunk is None else (self.chunk, self.steps)

    @property
    def views(self) -> tuple[Value, ...]:
        """All that is made before it runs."""
        return (*(v for section in self.sections for v in section.handed), *self.plan)


@dataclass(frozen=True)
class Return:
    """Tables of arrays by the model's names, each with its own name."""

    tables: tuple[tuple[str, Entries], ...]


Statement = KernelCall | Let | Change | Comment | If | Loop | Return


@dataclass
class Body:
    """One function, or one loop in it: what it does, and the views that it is handed.

    ``once`` are the buffers of what has no rows, which ``prologue`` fills; ``local`` is what
    the function names itself.
    """

    name: str
    views: dict[Value, str] = field(default_factory=dict)
    once: dict[Expr, LocalName] = field(default_factory=dict)
    local: dict[Value, LocalName] = field(default_factory=dict)
    prologue: list[Statement] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)

    def __hash__(self) -> int:
        return id(self)

    @property
    def loops(self) -> list[Loop]:
        """Those that stand in it, conditions looked into."""
        return list(loops(self.statements))

    @property
    def taken(self) -> set[str]:
        """The names that views have already."""
        return {*self.views.values(), *(name.name for name in self.local.values())}

    @property
    def handed(self) -> dict[Value, str]:
        """The views that a loop's statements take, of those that were asked for."""
        taken = {each for value in values(self.statements) for each in met(value, self.views)}
        return {value: name for value, name in self.views.items() if value in taken}


# --- what mentions what --------------------------------------------------------------------


def values(statements: Sequence[Statement]) -> Iterator[Value]:
    """All that statements take or fill, conditions looked into; loops not."""
    for statement in statements:
        match statement:
            case KernelCall(function, operands, out, options):
                found = (function, *operands, out, *options)
                yield from (value for value in found if isinstance(value, Value))
            case Let(value=value):
                yield value
            case Change(target=target, value=value):
                yield from (v for v in (target, value) if isinstance(v, Value))
            case If(then=then, otherwise=otherwise):
                yield from values((*then, *otherwise))
            case Return(tables):
                yield from (value for _, entries in tables for _, value in entries)


def calls(statements: Sequence[Statement]) -> Iterator[KernelCall]:
    """All calls of statements."""
    for statement in statements:
        match statement:
            case KernelCall():
                yield statement
            case If(then=then, otherwise=otherwise):
                yield from calls((*then, *otherwise))
            case Loop():
                for section in statement.sections:
                    yield from calls(section.statements)


def loops(statements: Sequence[Statement]) -> Iterator[Loop]:
    """All loops among statements, conditions looked into."""
    for statement in statements:
        match statement:
            case Loop():
                yield statement
            case If(then=then, otherwise=otherwise):
                yield from loops((*then, *otherwise))


def met(value: Value, known: Mapping[Value, str]) -> Iterator[Value]:
    """What a value is made of, what has a name not looked into."""
    yield value
    if isinstance(value, View) and value not in known:
        for operand in value.of:
            if isinstance(operand, Value):
                yield from met(operand, known)
