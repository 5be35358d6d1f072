"""Models, steps and derivations show themselves where their text is used from symbptt."""

import subprocess
import sys

import symbptt
from symbptt.typeset.latex import derivation_latex, model_latex, step_latex


def test_objects_show_themselves_in_latex() -> None:
    model = symbptt.load("elman")
    derivation = symbptt.derive(model)
    assert model._repr_latex_() == model_latex(model)
    assert derivation._repr_latex_() == derivation_latex(derivation)
    assert derivation.steps[0]._repr_latex_() == step_latex(derivation.steps[0])


def test_a_first_name_is_enough() -> None:
    code = "from symbptt import parse; parse('x: (d,)\\nh[t] = tanh(W @ x[t])')._repr_latex_()"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
