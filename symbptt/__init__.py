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

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symbptt.algebra import Model
    from symbptt.analysis.report import analyze
    from symbptt.binding import bind
    from symbptt.calculus.derivation import Derivation, Step
    from symbptt.calculus.gradients import derive
    from symbptt.codegen.fast.explanation import explain
    from symbptt.demonstration import run as demo
    from symbptt.documents.proofreading import proofread
    from symbptt.errors import FormulaError, ModelError, SymbpttError
    from symbptt.exercises.grading import grade
    from symbptt.exercises.sheet import exercise
    from symbptt.experiments.experiment import study_estimators as study
    from symbptt.experiments.segments import checkpoints
    from symbptt.figures.figure import graph
    from symbptt.figures.truncation import truncation_figure as strategies
    from symbptt.formula.answer import Verdict
    from symbptt.formula.verdict import check
    from symbptt.gallery.building import site
    from symbptt.gallery.serving import serve
    from symbptt.language.library import load
    from symbptt.language.library import names as list
    from symbptt.language.parser import parse
    from symbptt.listing import model_text as show
    from symbptt.live import load_ipython_extension, module
    from symbptt.plots.drawing import plot
    from symbptt.proof.report import Report, verify
    from symbptt.proof.trial import generate
    from symbptt.symbolic import Unrolled, unroll
    from symbptt.typeset.document import printed as print_document
    from symbptt.typeset.json_format import load_document

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
    "checkpoints",
    "demo",
    "derive",
    "exercise",
    "explain",
    "generate",
    "grade",
    "graph",
    "list",
    "load",
    "load_document",
    "load_ipython_extension",
    "module",
    "parse",
    "plot",
    "print_document",
    "proofread",
    "serve",
    "show",
    "site",
    "strategies",
    "study",
    "unroll",
    "verify",
]

# Where a name stands, and as what if not as itself.
_HOME = {
    "Derivation": "symbptt.calculus.derivation",
    "FormulaError": "symbptt.errors",
    "Model": "symbptt.algebra",
    "ModelError": "symbptt.errors",
    "Report": "symbptt.proof.report",
    "Step": "symbptt.calculus.derivation",
    "SymbpttError": "symbptt.errors",
    "Unrolled": "symbptt.symbolic",
    "Verdict": "symbptt.formula.answer",
    "analyze": "symbptt.analysis.report",
    "bind": "symbptt.binding",
    "check": "symbptt.formula.verdict",
    "checkpoints": "symbptt.experiments.segments",
    "demo": "symbptt.demonstration:run",
    "derive": "symbptt.calculus.gradients",
    "exercise": "symbptt.exercises.sheet",
    "explain": "symbptt.codegen.fast.explanation",
    "generate": "symbptt.proof.trial",
    "grade": "symbptt.exercises.grading",
    "graph": "symbptt.figures.figure",
    "list": "symbptt.language.library:names",
    "load": "symbptt.language.library",
    "load_document": "symbptt.typeset.json_format",
    "load_ipython_extension": "symbptt.live",
    "module": "symbptt.live",
    "parse": "symbptt.language.parser",
    "plot": "symbptt.plots.drawing",
    "print_document": "symbptt.typeset.document:printed",
    "proofread": "symbptt.documents.proofreading",
    "show": "symbptt.listing:model_text",
    "serve": "symbptt.gallery.serving",
    "site": "symbptt.gallery.building",
    "strategies": "symbptt.figures.truncation:truncation_figure",
    "study": "symbptt.experiments.experiment:study_estimators",
    "unroll": "symbptt.symbolic",
    "verify": "symbptt.proof.report",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("symbptt.notebook")
    home, _, there = _HOME[name].partition(":")
    value = getattr(import_module(home), there or name)
    globals()[name] = value
    return value


def __dir__() -> Iterable[str]:
    return sorted({*globals(), *__all__})
