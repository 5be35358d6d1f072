"""What is said about a person's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from symbptt.tables import Printed

RIGHT, WRONG = "right", "wrong"


@dataclass(frozen=True)
class GradientVerdict:
    """One gradient.

    Attributes
    ----------
    verdict : str
        ``right``, ``wrong`` or ``not returned``.
    detail : str
        Of a wrong one: the smallest case, the first wrong entry, both values.
    """

    name: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class SlipFound:
    """A slip, with the gradients that it explains, and the steps of the derivation."""

    words: str
    names: tuple[str, ...] = ()
    kind: str = ""
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class CodeVerdict(Printed):
    """The answer about a function.

    Attributes
    ----------
    verdict : str
        ``right`` or ``wrong``.
    convention : tuple of str
        What all gradients have in common that L's do not: a factor, clipping.
    form : str
        Which arrays it takes.
    tried : str
        The lengths and widths that it was called with.
    notes : tuple of str
        What else was seen: what it prints, what was refused.
    """

    model: str
    path: str
    function: str
    verdict: str
    gradients: tuple[GradientVerdict, ...]
    convention: tuple[str, ...] = ()
    slips: tuple[SlipFound, ...] = ()
    form: str = ""
    tried: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return self.verdict == RIGHT

    def __str__(self) -> str:
        head = ", ".join((self.verdict, *self.convention))
        lines = [f"{self.path}: {self.function}: {head}"]
        for verdict in (RIGHT, "not returned"):
            names = [f"dL/d{g.name}" for g in self.gradients if g.verdict == verdict]
            lines += [f"    {verdict:<6} {', '.join(names)}"] if names else []
        for gradient in self.gradients:
            if gradient.verdict == WRONG:
                lines.append(f"    wrong  {gradient.detail or f'dL/d{gradient.name}'}")
        for slip in self.slips:
            whose = ", ".join(f"dL/d{name}" for name in slip.names)
            lines.append(f"    slip   {f'{whose}: ' if whose else ''}{slip.words}")
        if not self.ok and not self.slips:
            lines.append("    slip   none of those known explains these numbers")
        lines += [f"    called {self.form}"] if self.form else []
        lines += [f"    tried  {self.tried}"] if self.tried else []
        lines += [f"    note   {note}" for note in self.notes]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The same for ``--json``."""
        return {
            "model": self.model,
            "file": self.path,
            "function": self.function,
            "verdict": self.verdict,
            "convention": list(self.convention),
            "gradients": [
                {"name": g.name, "verdict": g.verdict, "detail": g.detail} for g in self.gradients
            ],
            "slips": [
                {
                    "slip": s.kind or s.words,
                    "words": s.words,
                    "names": list(s.names),
                    "steps": list(s.steps),
                }
                for s in self.slips
            ],
            "form": self.form,
            "tried": self.tried,
            "notes": list(self.notes),
        }
