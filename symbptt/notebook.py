"""Models, steps and derivations show themselves in a notebook, in LaTeX.

What they are stands below the printers and does not know them; so the method that a notebook
calls is set from here, on top, when a name of symbptt is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation, Step
from symbptt.typeset.latex import derivation_latex, model_latex, step_latex

METHOD = "_repr_latex_"
SHOWN: dict[type, Callable[[Any], str]] = {
    Model: model_latex,
    Step: step_latex,
    Derivation: derivation_latex,
}

for shown, latex in SHOWN.items():
    setattr(shown, METHOD, latex)
