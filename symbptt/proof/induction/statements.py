"""The backward pass proved for all T and all sizes, from the model's equations alone.

The statement, for a quantity v at the steps t = T, T - 1, …, 1: the right side of the line about
dL/dv[t] is the derivative of L by the value v[t].

A run of T steps is a graph: a node for each equation at each step, an edge from v[t] to every
equation at a step t + k <= T that reads v with lag k, and to what is computed at step T alone
where it reads v[t]. Within a step the equations can be ordered (that is proved), so the graph
has no circle, and by the chain rule dL/dv[t] is the sum over its edges of
(d equation / d v).T dL/d(equation). An induction over the nodes, last ones first: where a line
is that sum, and the gradients that it reads are right, it gives the right gradient. What is left
to prove of a line is an identity, and it is proved entry by entry, with letters for places and
for sizes (`symbptt.proof.induction.polynomials`).

Which edges there are depends on t and T only through T - t, and only near the end: at
t = T - m, those with lag at most m and, at step T, those with lag m; for t <= T - D with D beyond
all lags, all but the latter. So finitely many cases are all cases. Of an initial value the cases
are the lengths T = 1, 2, … up to the longest lag, and all longer ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation, Step
from symbptt.calculus.estimators import FULL
from symbptt.errors import MissingRuleError, NotProvedError
from symbptt.proof.induction import polynomials as pl
from symbptt.proof.induction.arrows import Graph
from symbptt.proof.induction.canonical import Atom, Poly
from symbptt.proof.induction.lines import About
from symbptt.proof.induction.reading import EntryReader, substituted
from symbptt.proof.rows import Row

ARGUMENT = (
    "The derivative of L by a value is the sum over the equations that read it: each one's "
    "derivative, transposed, times the gradient of what it defines (the chain rule).",
    "The equations of a run of T steps can be put in order, so by induction over them, last ones "
    "first: where each line is that sum, each gives the right gradient.",
    "Each line is that sum, entry by entry, with letters for places and sizes, in each case of t "
    "and T in which other equations read the value; those past T do not exist:",
)


@dataclass(frozen=True)
class Proposition:
    """What is said of one gradient, or of the normal form.

    Attributes
    ----------
    proof : tuple of str
        Case by case, and why; empty where it is not proved.
    failure : str
        Why it is not proved; empty where it is.
    """

    subject: str
    proof: tuple[str, ...] = ()
    failure: str = ""

    @property
    def proved(self) -> bool:
        return not self.failure


def prove(derivation: Derivation, of: str = "") -> tuple[Proposition, ...]:
    """Prove every line of a backward pass, and the normal form, for all T and all sizes.

    Parameters
    ----------
    of : str
        Only the lines about this variable.

    Raises
    ------
    NotProvedError
        If it is not the backward pass of the gradient itself, or the model's equations can't
        be put in an order within a step.
    """
    if derivation.form != "adjoint" or derivation.estimator != FULL:
        raise NotProvedError("only the adjoint form of the gradient itself is proved for all T")
    graph = Graph(derivation.normal)
    groups: dict[tuple[str, int | None], list[Step]] = {}
    for step in derivation.steps:
        index = step.target.index
        fixed = index.offset if index is not None and not index.terms else None
        if of in ("", step.target.name):
            groups.setdefault((step.target.name or "", fixed), []).append(step)
    found = []
    for (name, fixed), steps in groups.items():
        index = steps[0].target.index
        where = "" if index is None else f"[{fixed}]" if fixed is not None else "[t]"
        about = About(graph, name, tuple(steps))
        found.append(_statement(f"dL/d{name}{where}", about.proof))
    if not of:
        missing = [name for name in _spoken_of(derivation) if all(key[0] != name for key in groups)]
        found += [Proposition(f"dL/d{name}", failure="nothing is said of it") for name in missing]
        found.append(_statement("normal form", lambda: list(_same_model(derivation))))
    return tuple(found)


def _spoken_of(derivation: Derivation) -> dict[str, None]:
    """The variables whose gradients are asked for or read by a line."""
    members = (member for step in derivation.steps for member in step.members)
    read = (node.name for m in members for node in al.walk(m) if isinstance(node, al.Cotangent))
    asked = () if derivation.only else (p.name for p in derivation.model.learned)
    return dict.fromkeys((*asked, *read))


def induction_rows(derivation: Derivation) -> Iterator[Row]:
    """A row for what is proved for all T and all sizes, and one for each thing that is not."""
    try:
        found = prove(derivation)
    except NotProvedError as error:
        yield Row("induction", "all T", None, "not proved for all T", str(error))
        return
    proved = [statement for statement in found if statement.proved]
    if proved:
        subjects = [statement.subject for statement in proved]
        yield Row(
            "induction",
            f"{subjects[0]}, …, {subjects[-1]}",
            True,
            f"{len(proved)} statements for all T and all sizes",
            subjects=tuple(subjects),
            proof=(*ARGUMENT, *(f"{one.subject}: {line}" for one in proved for line in one.proof)),
        )
    for statement in found:
        if not statement.proved:
            yield Row(
                "induction", statement.subject, None, "not proved for all T", statement.failure
            )


def _statement(subject: str, proof: Callable[[], list[str]]) -> Proposition:
    try:
        return Proposition(subject, tuple(proof()))
    except (NotProvedError, MissingRuleError) as error:
        return Proposition(subject, failure=str(error))


# --- the normal form -----------------------------------------------------------------------------


def _same_model(derivation: Derivation) -> Iterator[str]:
    """Each of the author's equations is that of the normal form, its own names put in."""
    written, normal = (Graph(model) for model in (derivation.model, derivation.normal))
    reader = EntryReader(derivation.normal, untimed=normal.untimed)
    names = {node.name for node in written.nodes}
    own = [node.name for node in normal.nodes if node.name not in names]

    def known(found: Atom) -> Poly | None:
        return normal.defined(found, reader) if found[2] in own else None

    starts = [
        [(i.key, i.value is None) for i in graph.model.initials] for graph in (written, normal)
    ]
    if starts[0] != starts[1]:
        raise NotProvedError("the normal form has other initial values")
    there = {(node.name, node.index): node for node in normal.nodes}
    for node in written.nodes:
        other = there.get((node.name, node.index))
        polys = [substituted(reader.free(n.rhs, node.shape), known) for n in (node, other) if n]
        if len(polys) < 2 or not pl.is_zero(pl.subtract(*polys)):
            raise NotProvedError(f"the normal form computes another {node.name}")
    yield f"{', '.join(own)} put in, " * bool(own) + "the equations are the author's"
