"""From a recurrence to its backpropagation through time: derivation, code and proof.

>>> from symbptt import derive, generate, load, verify
>>> model = load("elman")
>>> derivation = derive(model)   # numbered steps, each with its reason
>>> module = generate(model)     # the text of a NumPy module
>>> report = verify(model)       # a row a check

A name is imported when it is first used: SymPy and NumPy are not loaded before. Models, steps
and derivations then show themselves in a notebook.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symbptt.algebra import Model
    from symbptt.analysis.report import analyze
    from symbptt.binding import bind
    from symbptt.calculus.derivation import Derivation, Step
    from symbptt.calculus.gradients import derive
    from symbptt.codegen.fast.explanation import explain
    from symbptt.errors import FormulaError, ModelError, SymbpttError
    from symbptt.formula.verdict import Verdict, check
    from symbptt.language.library import load
    from symbptt.language.parser import parse
    from symbptt.proof.report import Report, verify
    from symbptt.proof.trial import generate
    from symbptt.symbolic import Unrolled, unroll

__version__ = "0.1.0"

__all__ = [
    "Derivation",
    "FormulaError",
    "Model",
    "ModelError",
    "Report",
    "Step",
    "SymbpttError",
    "Unrolled",
    "Verdict",
    "analyze",
    "bind",
    "check",
    "derive",
    "explain",
    "generate",
    "load",
    "parse",
    "unroll",
    "verify",
]

_HOME = {
    "Derivation": "symbptt.calculus.derivation",
    "FormulaError": "symbptt.errors",
    "Model": "symbptt.algebra",
    "ModelError": "symbptt.errors",
    "Report": "symbptt.proof.report",
    "Step": "symbptt.calculus.derivation",
    "SymbpttError": "symbptt.errors",
    "Unrolled": "symbptt.symbolic",
    "Verdict": "symbptt.formula.verdict",
    "analyze": "symbptt.analysis.report",
    "bind": "symbptt.binding",
    "check": "symbptt.formula.verdict",
    "derive": "symbptt.calculus.gradients",
    "explain": "symbptt.codegen.fast.explanation",
    "generate": "symbptt.proof.trial",
    "load": "symbptt.language.library",
    "parse": "symbptt.language.parser",
    "unroll": "symbptt.symbolic",
    "verify": "symbptt.proof.report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("symbptt.notebook")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
