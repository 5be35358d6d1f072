"""Models, steps and derivations show themselves: printed as text, in a notebook in LaTeX.

What they are stands below the printers and does not know them; so the methods that `print` and a
notebook call are set from here, on top, when a name of symbptt is first used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbptt.algebra import Model
from symbptt.calculus.derivation import Derivation, Sentence, Step
from symbptt.tables import Printed
from symbptt.typeset import told
from symbptt.typeset.latex import derivation_latex, model_latex, step_latex

Shown = dict[type, Callable[..., Any]]

METHODS: dict[str, Shown] = {
    "_repr_latex_": {Model: model_latex, Step: step_latex, Derivation: derivation_latex},
    "__str__": {
        Model: told.model_told,
        Sentence: told.reason_told,
        Step: told.step_told,
        Derivation: told.derivation_told,
    },
    "_repr_pretty_": dict.fromkeys((Model, Sentence, Step, Derivation), Printed._repr_pretty_),
}

for method, shown in METHODS.items():
    for kind, printed in shown.items():
        setattr(kind, method, printed)
