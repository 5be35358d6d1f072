"""From a model's text to a `Model`, or to an error that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from symbptt import algebra as al
from symbptt.functions.vectors import vector
from symbptt.language import limits, roles, sides, statements, tokens
from symbptt.language import surface as sf
from symbptt.language.constants import fold
from symbptt.language.names import Name
from symbptt.language.roles import Roles
from symbptt.language.shapes import ShapeInference, name_all
from symbptt.language.source import Findings, Source, check_characters
from symbptt.language.statements import Reading
from symbptt.language.unification import Shapes


class Builder:
    """Builds expressions of the algebra; the shapes must be free of findings."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.constants = shapes.roles.constants

    def shape(self, name: str) -> al.Shape:
        return tuple(self.shapes.lengths.dim(length) for length in self.shapes.names[name])

    def expr(self, node: sf.Node) -> al.Expr:
        match node:
            case sf.Literal(value=value, text=text):
                return al.Number(value, text)
            case sf.Named():
                return self._named(node)
            case sf.Timed(name=name, index=index):
                return al.Ref(name, index, self.shape(name))
            case sf.Len(vector=vector):
                return al.Length(self.shape(vector.name)[0])
            case sf.TableRow(table=table, row=row):
                return al.Lookup(self.expr(table), self.expr(row))
            case sf.Plus(terms=terms):
                return al.Add(self._all(terms))
            case sf.Minus(operand=operand):
                return al.Neg(self.expr(operand))
            case sf.Times(factors=factors):
                return al.Mul(self._all(factors))
            case sf.Over(numerator=numerator, denominator=denominator):
                return al.Div(self.expr(numerator), self.expr(denominator))
            case sf.Power(base=base, exponent=exponent):
                return al.Pow(self.expr(base), self._exponent(exponent))
            case sf.Flip(operand=operand):
                return al.transposed(self.expr(operand))
            case sf.Chain(operands=operands):
                return self._chain(operands)
            case sf.Apply(function=function, args=args):
                return self._apply(function, self._all(args))
        raise AssertionError(f"no expression of the algebra for {type(node).__name__}")

    def _all(self, nodes: list[sf.Node]) -> tuple[al.Expr, ...]:
        return tuple([self.expr(node) for node in nodes])

    def _named(self, node: sf.Named) -> al.Expr:
        if node.name in self.constants:
            return al.Constant(node.name, self.constants[node.name])
        if node.name == "I":
            size = self.shapes.of(node)
            assert size is not None
            return al.Identity(self.shapes.lengths.dim(size[0]))
        return al.Param(node.name, self.shape(node.name))

    def _exponent(self, node: sf.Node) -> al.Expr:
        """A number or constant or its negative; arithmetic is carried out."""
        inner = node.operand if isinstance(node, sf.Minus) else node
        if isinstance(inner, sf.Literal | sf.Named):
            return self.expr(node)
        value = fold(node, self.constants)
        assert value is not None
        return (
            al.Number(value, str(value)) if value >= 0 else al.Neg(al.Number(-value, str(-value)))
        )

    def _chain(self, operands: list[sf.Node]) -> al.Expr:
        """Nested products with the vector, or the last matrix, innermost."""
        first, *rest = operands
        if isinstance(first, sf.Minus):
            return al.Neg(self._chain([first.operand, *rest]))
        if len(self.shapes.of(first) or ()) == 1:
            whole = self.expr(first)
            for matrix in rest:
                whole = al.Product(al.transposed(self.expr(matrix)), whole)
            return whole
        whole = self.expr(operands[-1])
        for matrix in reversed(operands[:-1]):
            whole = al.Product(self.expr(matrix), whole)
        return whole

    def _apply(self, function: str, args: tuple[al.Expr, ...]) -> al.Expr:
        if self.shapes.roles.functions.is_loss(function):
            prediction, target = args
            return al.Loss(function, prediction, target)
        if function == "concat":
            return al.Concat(args)
        if function == "outer":
            return al.Outer(*args)
        if function == "diag":
            return al.Diag(*args)
        if self.shapes.roles.functions.vector(function) is not None:
            return vector(function, *args)
        return al.Call(function, args)


def parse(
    text: str,
    name: str = "model",
    path: str = "",
    bindings: Mapping[str, str] | None = None,
) -> al.Model:
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
    _check_totals(reading, known, findings)
    shapes = ShapeInference(known, source, findings)
    sides.infer(shapes)
    findings.stop()
    model = _assemble(shapes, source, name, path)
    return replace(model, summed=any(rule.word == "sum" for rule in reading.totals))


def _has_steps(reading: Reading) -> bool:
    """Whether anything is said of a step; else no other finding helps its author."""
    return any(
        isinstance(item, sf.Definition)
        or any(isinstance(node, sf.Timed) for node in sf.nodes(item))
        for item in reading.items
    )


def _check_totals(reading: Reading, known: Roles, findings: Findings) -> None:
    """How losses are totalled is said once, and of losses that there are."""
    for rule in reading.totals[1:]:
        message = "how the losses are totalled is said twice: leave one of the two out"
        findings.add(rule.place, message, ("first said here", reading.totals[0].place))
    has_loss = "loss" in known.unclear or any(one.name == "loss" for one in known.definitions)
    if reading.totals and not has_loss:
        rule = reading.totals[0]
        findings.add(
            rule.place,
            f"`L = {rule.word}` says how losses are totalled, and the model has none: write "
            "`loss[t] = …`, or leave the line out",
        )


def _assemble(shapes: Shapes, source: Source, name: str, path: str) -> al.Model:
    dims = name_all(shapes)
    known, builder = shapes.roles, Builder(shapes)
    targets = {
        target.name
        for target in (call.args[1] for call in known.losses)
        if isinstance(target, sf.Timed)
    }
    definitions = sorted(known.definitions, key=lambda one: one.name == "loss")
    return al.Model(
        name=name,
        text=source.text,
        dims=dims,
        parameters=tuple(
            al.Parameter(
                one.name, builder.shape(one.name), one.comment, one.place.line, one.is_fixed
            )
            for one in known.by_role("parameter")
        ),
        inputs=tuple(_input(one, targets, shapes, builder) for one in known.by_role("input")),
        equations=tuple(
            al.Equation(
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
            al.Derived(one.name, builder.expr(one.rhs), one.comment, one.place.line)
            for one in known.derived
        ),
        constants=_constants(known),
        initials=tuple(
            _initial(one, step, builder)
            for one in [*known.states, *known.by_role("input")]
            for step in range(0, -one.lag, -1)
        ),
        abstract=tuple(
            al.Abstract(
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


def _input(one: Name, targets: set[str], shapes: Shapes, builder: Builder) -> al.Input:
    return al.Input(
        one.name,
        builder.shape(one.name),
        shapes.lengths.dim(shapes.labels[one.name]) if one.index else None,
        timed=one.has_axis,
        target=one.name in targets,
        loss_only=all(use.item.name == "loss" for use in one.timed),
        comment=one.comment,
    )


def _initial(one: Name, step: int, builder: Builder) -> al.Initial:
    start: sf.Start | None = next((s for s in one.starts if s.step == step), None)
    if start is None:
        return al.Initial(one.name, step, builder.shape(one.name))
    value = builder.expr(start.rhs)
    return al.Initial(one.name, step, builder.shape(one.name), value, start.place.line)
