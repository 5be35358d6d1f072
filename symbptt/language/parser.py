"""From a model's text to a `Model`, or to an error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symbptt.algebra import Abstract, Derived, Equation, Initial, Input, Model, Parameter
from symbptt.language import limits, roles, sides, statements, tokens
from symbptt.language.building import Builder
from symbptt.language.names import Name
from symbptt.language.roles import Roles
from symbptt.language.shapes import ShapeInference, name_all
from symbptt.language.source import Findings, Source, check_characters
from symbptt.language.statements import Reading
from symbptt.language.surface import Definition, Start, Timed, nodes
from symbptt.language.unification import Shapes


def parse(
    text: str,
    name: str = "model",
    path: str = "",
    bindings: Mapping[str, str] | None = None,
) -> Model:
    """Reads a model.

    Parameters
    ----------
    text : str
        In the model language; at most 64 KiB.
    name : str
        What the model is called, a file's stem.
    path : str
        The file, for messages.
    bindings : mapping of str to str, optional
        Functions in place of the defaults of abstract ones, ``{"phi": "relu"}``. They
        stay abstract; the kind and shape of a loss's target follow the loss bound here.

    Raises
    ------
    ModelError
        With every finding that does not follow from another one.
    UnknownNameError
        If ``bindings`` name a function that does not exist.
    """
    source = Source(text, "standard input" if path == "-" else path or name)
    findings = Findings(source)
    check_characters(source, findings)
    findings.stop()
    found = tokens.split(source, findings)
    limits.check(found, findings)
    reading = statements.read(found, source, findings)
    if not len(findings) and not _has_steps(reading):
        what = "is empty" if not found else "has no equation"
        findings.add(None, f"the model {what}: expected at least one definition, `h[t] = …`")
        findings.stop()
    known = roles.infer(reading, bindings or {}, findings)
    shapes = ShapeInference(known, source, findings)
    sides.infer(shapes)
    findings.stop()
    return _assemble(shapes, source, name, path)


def _has_steps(reading: Reading) -> bool:
    """Whether anything is said of a step; else no other finding helps its author."""
    return any(
        isinstance(item, Definition) or any(isinstance(node, Timed) for node in nodes(item))
        for item in reading.items
    )


def _assemble(shapes: Shapes, source: Source, name: str, path: str) -> Model:
    dims = name_all(shapes)
    known, builder = shapes.roles, Builder(shapes)
    targets = {
        target.name
        for target in (call.args[1] for call in known.losses)
        if isinstance(target, Timed)
    }
    definitions = sorted(known.definitions, key=lambda one: one.name == "loss")
    return Model(
        name=name,
        text=source.text,
        dims=dims,
        parameters=tuple(
            Parameter(one.name, builder.shape(one.name), one.comment, one.place.line)
            for one in known.by_role("parameter")
        ),
        inputs=tuple(_input(one, targets, shapes, builder) for one in known.by_role("input")),
        equations=tuple(
            Equation(
                one.name,
                builder.expr(one.rhs),
                () if one.name == "loss" else builder.shape(one.name),
                one.comment,
                one.place.line,
                one.last,
            )
            for one in definitions
        ),
        derived=tuple(
            Derived(one.name, builder.expr(one.rhs), one.comment, one.place.line)
            for one in known.derived
        ),
        constants=_constants(known),
        initials=tuple(
            _initial(one, step, builder)
            for one in [*known.states, *known.by_role("input")]
            for step in range(0, -one.lag, -1)
        ),
        abstract=tuple(
            Abstract(
                one,
                2 if known.functions.is_loss(one) else known.functions.arity[one],
                known.functions.defaults.get(one),
                known.functions.is_loss(one),
            )
            for one in known.functions.declared
        ),
        path=path,
    )


def _constants(known: Roles) -> tuple[tuple[str, Fraction], ...]:
    names = [one for one in known.by_role("constant") if one.assignment is not None]
    return tuple((one.name, known.constants[one.name]) for one in names)


def _input(one: Name, targets: set[str], shapes: Shapes, builder: Builder) -> Input:
    return Input(
        one.name,
        builder.shape(one.name),
        shapes.lengths.dim(shapes.labels[one.name]) if one.index else None,
        timed=one.has_axis,
        target=one.name in targets,
        loss_only=all(use.item.name == "loss" for use in one.timed),
        comment=one.comment,
    )


def _initial(one: Name, step: int, builder: Builder) -> Initial:
    start: Start | None = next((s for s in one.starts if s.step == step), None)
    if start is None:
        return Initial(one.name, step, builder.shape(one.name))
    value = builder.expr(start.rhs)
    return Initial(one.name, step, builder.shape(one.name), value, start.place.line)
