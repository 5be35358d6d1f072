"""The names of a model: where each is mentioned and how.

A `Name` gathers what the statements say about one name; `roles` then decides what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.functions.vectors import VECTORS
from symbptt.language import surface as sf
from symbptt.language.source import Findings, Place

PUBLIC = tuple(name for name, row in FUNCTIONS.items() if row.public)
MATRICES = {"outer": ("u", "v"), "diag": ("v",)}
"""What makes matrices of vectors, with its arguments."""
CALLS = (*PUBLIC, *VECTORS, "concat", *MATRICES, *LOSSES, "len")
FORMULA = ("d", "partial", "sum", "prod", "outer", "diag", "onehot", "delta")

Role = Literal["parameter", "derived", "constant", "input", "quantity", "function", "identity"]


@dataclass(eq=False)
class Use:
    """One mention inside the right-hand side of ``item``."""

    node: sf.Named | sf.Timed
    item: sf.Stated


@dataclass(eq=False)
class Name:
    """What a model says of a name.

    Attributes
    ----------
    place : Place
        Its first mention.
    index : bool
        Whether it is an input of integers; ``index_place`` is where that was said.
    lag : int
        The longest lag with which it is read.
    has_axis : bool
        False for an input that only ``loss[T]`` reads, and at one step: it has no time axis.
    """

    name: str
    place: Place
    role: Role = "parameter"
    declaration: sf.Declaration | None = None
    definition: sf.Definition | None = None
    assignment: sf.Assignment | None = None
    plain: list[Use] = field(default_factory=list)
    timed: list[Use] = field(default_factory=list)
    called: list[sf.Apply] = field(default_factory=list)
    measured: list[sf.Len] = field(default_factory=list)
    starts: list[sf.Start] = field(default_factory=list)
    index: bool = False
    index_place: Place | None = None
    lag: int = 0
    has_axis: bool = True

    def __str__(self) -> str:
        return f"`{self.name}`"

    @property
    def is_scalar(self) -> bool:
        return self.declaration is not None and self.declaration.kind == "scalar"

    @property
    def is_fixed(self) -> bool:
        return self.declaration is not None and self.declaration.fixed

    @property
    def has_shape(self) -> bool:
        return self.declaration is not None and self.declaration.kind == "shape"

    @property
    def comment(self) -> str:
        said = self.definition or self.assignment or self.declaration
        own = said.comment if said is not None else ""
        return own or (self.declaration.comment if self.declaration is not None else "")

    @property
    def used(self) -> bool:
        return bool(self.plain or self.timed or self.called or self.measured)


_NO_NUMBER = (
    "stands only in brackets, as in `h[t]` or `h[T]`; it is no number here: steps are counted by a "
    "state, `n[t] = n[t-1] + 1` with `n: scalar` and `n[0] = 0`, and a fixed number is a constant, "
    "`k = 10`"
)
RESERVED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(FORMULA, ("for derivations", "is reserved for derivations")),
    **{name: ("a function", f"is a function: write `{name}(…)`") for name in CALLS},
    "t": ("the step", _NO_NUMBER),
    "T": ("the number of steps", _NO_NUMBER),
    "L": ("the total loss", "is the total loss, and no equation reads it"),
    "I": ("the identity matrix", "is the identity matrix and has no step"),
    "loss": (
        "the loss at a step",
        "stays alone: no equation reads the loss, so what it needs has a name",
    ),
}
"""Names that can't be a model's own: what they mean, and what is said where one is read."""


def gather(items: list[sf.Item], findings: Findings) -> dict[str, Name]:
    """All names of a model in the order of their first mention."""
    table: dict[str, Name] = {}

    def named(name: str, place: Place) -> Name:
        return table.setdefault(name, Name(name, place))

    for item in items:
        _record(item, named(item.name, item.place), findings)
        if isinstance(item, sf.Declaration):
            continue
        for node in sf.walk(item.rhs):
            match node:
                case sf.Named(place=place, name=name):
                    named(name, place).plain.append(Use(node, item))
                case sf.Timed(place=place, name=name):
                    named(name, place).timed.append(Use(node, item))
                case sf.Apply(function=name, head=head):
                    if name not in CALLS:
                        named(name, head).called.append(node)
                case sf.Len(vector=vector):
                    named(vector.name, vector.place).measured.append(node)
    return table


def _record(item: sf.Item, name: Name, findings: Findings) -> None:
    """Enters a statement under its name, once of each kind."""
    match item:
        case sf.Declaration():
            if name.declaration is not None:
                _twice(item, name.declaration, "declared", findings)
            name.declaration = name.declaration or item
        case sf.Start():
            same = [start for start in name.starts if start.step == item.step]
            if same:
                findings.add(
                    item.place,
                    f"`{item.name}[{item.step}]` is given twice: leave one of the two out",
                    ("first given here", same[0].place),
                )
            else:
                name.starts.append(item)
        case sf.Definition() | sf.Assignment():
            first = name.definition or name.assignment
            if first is not None:
                _twice(item, first, "defined", findings)
            elif isinstance(item, sf.Definition):
                name.definition = item
            else:
                name.assignment = item


def _twice(
    item: sf.Declaration | sf.Definition | sf.Assignment,
    first: sf.Declaration | sf.Definition | sf.Assignment,
    how: str,
    findings: Findings,
) -> None:
    if item.name == "loss":
        message = "a model has one loss: "
        if getattr(item, "last", None) == getattr(first, "last", None):
            step = "T" if getattr(item, "last", False) else "t"
            message += f"add the two in one statement, `loss[{step}] = … + …`"
        else:
            message += "at every step, `loss[t] = …`, or at the last one, `loss[T] = …`"
    elif how == "defined":
        message = (
            f"`{item.name}` is defined twice; if these are two things (an output gate and a "
            "read-out, say), rename one of them wherever it is read"
        )
    else:
        message = f"`{item.name}` is declared twice: leave one of the two out"
    findings.add(item.place, message, (f"first {how} here", first.place))
