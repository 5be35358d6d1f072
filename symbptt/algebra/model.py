"""Models: a recurrence with all names' roles and shapes known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, count

from symbptt.algebra.index import LAST, NOW, Dim, Index, Shape
from symbptt.algebra.nodes import Expr, Param, Ref
from symbptt.algebra.totals import Total
from symbptt.algebra.traversal import walk


@dataclass(frozen=True)
class Parameter:
    """A parameter; ``fixed`` ones are held: they are given, and have no gradient."""

    name: str
    shape: Shape
    comment: str = ""
    line: int = 0
    fixed: bool = False

    @property
    def ref(self) -> Param:
        return Param(self.name, self.shape)


@dataclass(frozen=True)
class Derived:
    """A derived parameter: a name for an expression of parameters and constants."""

    name: str
    rhs: Expr
    comment: str = ""
    line: int = 0
    auxiliary: bool = False

    @property
    def shape(self) -> Shape:
        return self.rhs.shape

    @property
    def index(self) -> None:
        """It is of no step."""
        return None

    @property
    def ref(self) -> Param:
        return Param(self.name, self.shape)


@dataclass(frozen=True)
class Input:
    """What has a time index and is never defined.

    Attributes
    ----------
    shape : Shape
        Without time and batch; ``()`` for integers and scalars.
    index_dim : Dim or None
        For integer inputs, the dimension that they index; None for real ones.
    timed : bool
        False where it is read only at ``[T]`` (or ``[T-k]``) and so has no time axis.
    target : bool
        True where it stands as second argument of a loss.
    loss_only : bool
        True where nothing but the loss reads it.
    """

    name: str
    shape: Shape
    index_dim: Dim | None = None
    timed: bool = True
    target: bool = False
    loss_only: bool = False
    comment: str = ""


@dataclass(frozen=True)
class Equation:
    """``name[t] = rhs``; ``last`` is True for ``loss[T] = …`` and what only it needs.

    ``auxiliary`` marks what the normal form introduced (a pre-activation, say); the
    author's own equations have it False.
    """

    name: str
    rhs: Expr
    shape: Shape
    comment: str = ""
    line: int = 0
    last: bool = False
    auxiliary: bool = False

    @property
    def index(self) -> Index:
        return LAST if self.last else NOW

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.index, self.shape)

    def steps(self, horizon: int) -> range:
        """The steps at which it is there in a sequence of ``horizon`` steps."""
        return range(horizon if self.last else 1, horizon + 1)


@dataclass(frozen=True)
class Initial:
    """The value of a state or lagged input at a step <= 0.

    ``value`` is None where the caller gives it, else an expression of parameters and
    numbers (a scalar number fills the shape).
    """

    name: str
    step: int
    shape: Shape
    value: Expr | None = None
    line: int = 0

    @property
    def key(self) -> str:
        """Its name in CARRY: ``h[0]``, ``h[-1]``."""
        return f"{self.name}[{self.step}]"

    @property
    def index(self) -> Index:
        return Index(offset=self.step)

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.index, self.shape)


@dataclass(frozen=True)
class Abstract:
    """An elementwise function (or a loss) left abstract, with its default if any."""

    name: str
    arity: int
    default: str | None = None
    loss: bool = False


@dataclass(frozen=True)
class Model:
    """A recurrence, parsed and with all shapes known.

    Attributes
    ----------
    name : str
        The file's stem.
    text : str
        The source, as read.
    dims : tuple of str
        The free dimensions: of inputs first, then states, then the rest, in file order.
    parameters, derived, inputs, equations : tuples
        In file order of first appearance (parameters, inputs) or of definition.
        ``equations`` has the loss last where there is one; it is called ``loss``.
    constants : tuple of (name, value)
    initials : tuple of Initial
        For every state and every input read with a lag, steps 0, -1, …, as far as the
        longest lag reaches.
    abstract : tuple of Abstract
    summed : bool
        Whether L is the sum of the losses; else it is their mean.
    """

    name: str
    text: str
    dims: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...]
    equations: tuple[Equation, ...]
    derived: tuple[Derived, ...] = ()
    constants: tuple[tuple[str, Fraction], ...] = ()
    initials: tuple[Initial, ...] = ()
    abstract: tuple[Abstract, ...] = ()
    summed: bool = False
    path: str = field(default="", compare=False)

    @property
    def definitions(self) -> tuple[Derived | Equation, ...]:
        """Derived parameters first, then the equations, the loss last."""
        return (*self.derived, *self.equations)

    @property
    def learned(self) -> tuple[Parameter, ...]:
        """The parameters that have gradients: all but those that are held."""
        return tuple(parameter for parameter in self.parameters if not parameter.fixed)

    @property
    def held(self) -> frozenset[str]:
        """The parameters that are held, and the derived ones that are made of nothing else."""
        found = {parameter.name for parameter in self.parameters if parameter.fixed}
        pending = {
            d.name: {n.name for n in walk(d.rhs) if isinstance(n, Param)} for d in self.derived
        }
        while more := {name for name, read in pending.items() if read and read <= found} - found:
            found |= more
        return frozenset(found)

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of parameters, derived ones, inputs and quantities, by their names."""
        groups = (self.parameters, self.derived, self.inputs, self.equations)
        return {item.name: item.shape for group in groups for item in group}

    @property
    def names(self) -> frozenset[str]:
        """All names that mean something in the model."""
        return frozenset(
            (
                *(p.name for p in self.parameters),
                *(d.name for d in self.derived),
                *(i.name for i in self.inputs),
                *(e.name for e in self.equations),
                *(name for name, _ in self.constants),
                *(a.name for a in self.abstract),
            )
        )

    @property
    def letters(self) -> frozenset[str]:
        """What names begin with, before their subscripts."""
        return frozenset(name.partition("_")[0] for name in self.names)

    def free_letters(self, candidates: tuple[str, ...]) -> Iterator[str]:
        """Those candidates, then numbered ones without end, with which no name begins."""
        numbered = (f"{candidates[0]}{number}" for number in count(1))
        return (name for name in chain(candidates, numbered) if name not in self.letters)

    @property
    def argument(self) -> str:
        """What a command takes for it: a built-in model's name, a file as it was given, ``-``."""
        return self.path or self.name

    @property
    def integers(self) -> frozenset[str]:
        """The inputs that are integers."""
        return frozenset(i.name for i in self.inputs if i.index_dim is not None)

    def equation(self, name: str) -> Equation:
        return next(e for e in self.equations if e.name == name)

    def input(self, name: str) -> Input:
        return next(i for i in self.inputs if i.name == name)

    @property
    def loss(self) -> Equation | None:
        return next((e for e in self.equations if e.name == "loss"), None)

    @property
    def total(self) -> Total:
        """How L is made of the loss, which the model must have."""
        loss = self.equation("loss")
        return Total(loss.ref, loss.last, self.summed)

    @property
    def states(self) -> tuple[str, ...]:
        """The defined quantities that are also read at an earlier step, in file order."""
        lagged = {initial.name for initial in self.initials}
        return tuple(e.name for e in self.equations if e.name in lagged)

    def role(self, name: str) -> str:
        """What has steps: an ``input``, the ``loss``, a ``state``, else ``auxiliary`` or not."""
        if any(source.name == name for source in self.inputs):
            return "input"
        if name == "loss" or name in self.states:
            return "loss" if name == "loss" else "state"
        return "auxiliary" if self.equation(name).auxiliary else "quantity"

    def lag(self, name: str) -> int:
        """The longest lag with which ``name`` is read; 0 if only at its own step."""
        return max((1 - i.step for i in self.initials if i.name == name), default=0)
