"""What a person wrote, before names and shapes tell what it means: a tree of places in a text.

It holds what can be read in several ways as it stands: products by signs or by nothing at all,
scripts that may be steps, entries, exponents or parts of a name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symbptt.formula.spelling.marks import Mark
from symbptt.language.source import Place


@dataclass(eq=False)
class Written:
    place: Place


@dataclass(eq=False)
class Numeral(Written):
    text: str
    bold: bool = False


@dataclass(eq=False)
class Dots(Written):
    r"""``\\cdots`` between factors that go on in the same way."""


@dataclass(eq=False)
class ScriptText:
    """One of the things below or above a name, separated by commas or by their parentheses.

    Attributes
    ----------
    wrapped : str
        The bracket that it stands in, ``(`` of ``h^{(t)}``.
    """

    marks: list[Mark]
    place: Place
    wrapped: str = ""

    @property
    def word(self) -> str:
        """Its letters and digits, if it is nothing else."""
        plain = all(mark.kind in ("name", "number") for mark in self.marks)
        return "".join(mark.text for mark in self.marks) if plain else ""


@dataclass(eq=False)
class Scripted(Written):
    """A name or a group with scripts and primes."""

    core: Written
    below: list[ScriptText] = field(default_factory=list)
    above: list[ScriptText] = field(default_factory=list)
    primes: int = 0


@dataclass(eq=False)
class Word(Written):
    """A name as it looks; ``bold`` and ``upright`` as in `Mark`."""

    text: str
    bold: bool = False
    upright: bool = False


@dataclass(eq=False)
class Enclosed(Written):
    """What stands in brackets; ``bracket`` is ``(``, ``[``, ``{``, ``|``, ``‖`` or ``⟨``."""

    bracket: str
    items: list[Written]
    separators: str = ""


@dataclass(eq=False)
class Bracketed(Written):
    """An operand, and brackets behind it: a call, a step, entries or a factor."""

    operand: Written
    group: Enclosed


@dataclass(eq=False)
class Operated(Written):
    """Operands of one precedence; ``signs`` stand between them, "" where nothing does."""

    operands: list[Written]
    signs: list[str]


@dataclass(eq=False)
class Signed(Written):
    """A term of a sum; ``sign`` is ``+`` or ``-``."""

    sign: str
    operand: Written


@dataclass(eq=False)
class Summed(Written):
    terms: list[Signed]


@dataclass(eq=False)
class Fraction(Written):
    above: Written
    below: Written


@dataclass(eq=False)
class Raised(Written):
    """``base ** exponent``, and ``base.T`` where there is no exponent."""

    base: Written
    exponent: Written | None


@dataclass(eq=False)
class Radical(Written):
    operand: Written


@dataclass(eq=False)
class Differential(Written):
    """``∂h_t``, ``dW``, ``δL``; ``kind`` is ``∂``, ``+``, ``d`` or ``δ``, the operand may lack."""

    kind: str
    operand: Written | None


@dataclass(eq=False)
class Gradient(Written):
    """``∇_W L``."""

    by: list[ScriptText]
    of: Written


@dataclass(eq=False)
class Applied(Written):
    r"""A function before an argument without parentheses, ``\\tanh c_t``."""

    function: Scripted
    argument: Written


@dataclass(eq=False)
class Ranged(Written):
    """A sum or product, ``sign`` ``∑`` or ``∏``, with what stands below and above it."""

    sign: str
    below: list[Mark]
    above: list[Mark]
    body: Written


@dataclass(eq=False)
class Matrix(Written):
    """A matrix of what stands in its cells, row by row."""

    rows: list[list[Written]]


@dataclass(eq=False)
class Alternative:
    """A row of cases: its value, the words before its condition, and what this compares."""

    value: Written
    words: str
    sides: list[Written]
    sign: str


@dataclass(eq=False)
class Alternatives(Written):
    rows: list[Alternative]


@dataclass(eq=False)
class Colon(Written):
    """``a:b``."""

    first: Written | None
    last: Written | None
