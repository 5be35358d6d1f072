"""The five forms of a statement: shapes, definitions, starts, constants, derived parameters."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from symbptt.algebra import LAST, NOW
from symbptt.errors import meant
from symbptt.language import constants, syntax
from symbptt.language import surface as sf
from symbptt.language.expressions import Reader
from symbptt.language.limits import MAX_LAG
from symbptt.language.source import Findings, Source
from symbptt.language.tokens import Statement

KINDS = ("scalar", "index", "function", "loss", "fixed")
_KIND_WORDS = (
    "expected a shape `(d,)` or `(h, d)`, or one of `scalar`, `index`, `function`, `loss` and "
    "`fixed`"
)
MAX_LENGTH = 10**9


@dataclass
class Reading:
    """What the statements of a model say.

    Attributes
    ----------
    items : list of Item
    totals : list of TotalRule
    unclear : set of str
        Names about which some statement could not be read.
    hidden : set of str
        Names that occur in what could not be read: they may be used in ways not known.
    """

    items: list[sf.Item] = field(default_factory=list)
    totals: list[sf.TotalRule] = field(default_factory=list)
    unclear: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def miss(self, statement: Statement) -> None:
        self.hidden.update(statement.names)


def read(statements: list[Statement], source: Source, findings: Findings) -> Reading:
    """Reads all statements; what is wrong with one does not keep from reading the others."""
    trees: list[tuple[Statement, ast.stmt]] = []
    reading = Reading()
    for before, statement in zip([None, *statements], statements, strict=False):
        if not statement.broken:
            syntax.check(statement, before, findings)
        tree = None if statement.broken else syntax.read(statement, source, findings)
        if tree is not None:
            trees.append((statement, tree))
            continue
        reading.miss(statement)
        if statement.name:
            reading.unclear.add(statement.name)
    known = _constants(trees, source)
    for statement, tree in trees:
        reader = Reader(source, findings, statement.tokens[0].place, known)
        item = _StatementReader(reader, statement).read(tree)
        if isinstance(item, sf.TotalRule):
            reading.totals.append(item)
            continue
        if item is not None:
            reading.items.append(item)
        elif statement.name:
            reading.unclear.add(statement.name)
        if item is None or any(isinstance(node, sf.Hole) for node in sf.nodes(item)):
            reading.miss(statement)
    return reading


def _constants(trees: list[tuple[Statement, ast.stmt]], source: Source) -> Mapping[str, Fraction]:
    """The constants, which lags need before anything else can be read.

    What is wrong with them is found again when they are read for good.
    """
    silent = Findings(source)
    assignments = []
    for statement, tree in trees:
        match tree:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if any(isinstance(node, ast.Subscript) for node in ast.walk(value)):
                    continue
                reader = Reader(source, silent, statement.tokens[0].place)
                place = reader.place(tree.targets[0])
                assignments.append(sf.Assignment(name, place, reader.read(value), ""))
    return constants.evaluate(assignments, silent)


class _UnreadableStatement(Exception):
    """Leaves a statement about which a finding has been made."""


class _StatementReader:
    """Reads one statement; None where a finding says why it says nothing."""

    def __init__(self, reader: Reader, statement: Statement) -> None:
        self.reader = reader
        self.findings = reader.findings
        self.comment = statement.comment

    def wrong(self, node: ast.expr | ast.stmt, message: str) -> NoReturn:
        self.findings.add(self.reader.place(node), message)
        raise _UnreadableStatement

    def read(self, tree: ast.stmt) -> sf.Item | sf.TotalRule | None:
        try:
            return self._read(tree)
        except _UnreadableStatement:
            return None

    def _read(self, tree: ast.stmt) -> sf.Item | sf.TotalRule | None:
        match tree:
            case ast.AnnAssign(target=ast.Name(id=name)):
                return self._declaration(tree, name)
            case ast.AnnAssign(target=ast.Subscript(value=ast.Name(id=name)) as target):
                shape = self.reader.source.snippet(self.reader.place(tree.annotation))
                message = f"a shape is declared without a step: write `{name}: {shape}`"
                self.wrong(target, message)
            case ast.Assign(targets=[ast.Name(id="L")], value=ast.Name(id="sum" | "mean" as word)):
                return sf.TotalRule("L", self.reader.place(tree.targets[0]), word)
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                return self._assignment(target, name, value)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name)) as target]):
                return self._definition(target, name, tree.value)
        self.wrong(tree, "this is Python, but no statement of a model")

    # --- declarations -----------------------------------------------------------------

    def _declaration(self, tree: ast.AnnAssign, name: str) -> sf.Declaration:
        place = self.reader.place(tree.target)
        match tree.annotation:
            case ast.Name(id=kind) if kind in KINDS:
                default = self._default(tree, kind)
                return sf.Declaration(name, place, kind, [], default, self.comment, kind == "fixed")
            case ast.Name(id=other):
                hint = meant(other, KINDS, f"a vector is `{name}: ({other},)`", 0.75)
                self.wrong(tree.annotation, f"{_KIND_WORDS}, found `{other}`; {hint}")
            case ast.Constant(value=int(length)) if not isinstance(length, bool):
                hint = f"a vector is `{name}: ({length},)`"
                self.wrong(tree.annotation, f"{_KIND_WORDS}; {hint}")
            case ast.Tuple(elts=elements):
                return self._shape(tree, name, elements)
            case ast.Call(func=ast.Name(id="fixed"), args=elements, keywords=[]) if elements:
                return self._shape(tree, name, elements, fixed=True)
        self.wrong(tree.annotation, _KIND_WORDS)

    def _default(self, tree: ast.AnnAssign, kind: str) -> sf.Named | None:
        if tree.value is None:
            return None
        if kind in ("scalar", "index", "fixed"):
            self.wrong(tree.value, f"a declaration of `{kind}` takes no value")
        if isinstance(tree.value, ast.Name):
            return sf.Named(self.reader.place(tree.value), tree.value.id)
        example = "tanh" if kind == "function" else "squared_error"
        self.wrong(tree.value, f"expected the name of a {kind}, as in `= {example}`")
        return None

    def _shape(
        self, tree: ast.AnnAssign, name: str, elements: list[ast.expr], fixed: bool = False
    ) -> sf.Declaration:
        if tree.value is not None:
            self.wrong(tree.value, f"a shape takes no value: give `{name}` its own statement")
        if len(elements) not in (1, 2):
            self.wrong(
                tree.annotation,
                f"expected one dimension (a vector) or two (a matrix), found {len(elements)}; "
                f"a quantity without axes is `{name}: scalar`",
            )
        dims = [(self._dimension(element), self.reader.place(element)) for element in elements]
        return sf.Declaration(
            name, self.reader.place(tree.target), "shape", dims, None, self.comment, fixed
        )

    def _dimension(self, element: ast.expr) -> str | int:
        match element:
            case ast.Name(id="T" | "B" as letter):
                which = "number of steps" if letter == "T" else "number of sequences"
                self.wrong(
                    element,
                    f"`{letter}` is the {which}, no dimension of a vector; choose another name",
                )
            case ast.Name(id=dim):
                return dim
            case ast.Constant(value=int(length)) if not isinstance(length, bool):
                if 1 <= length <= MAX_LENGTH:
                    return length
                self.wrong(element, f"expected a length from 1 to {MAX_LENGTH:,}, found {length}")
        found = self.reader.source.snippet(self.reader.place(element))
        self.wrong(element, f"a dimension is a name or a whole number, found `{found}`")

    # --- definitions ------------------------------------------------------------------

    def _assignment(self, target: ast.expr, name: str, value: ast.expr) -> sf.Assignment:
        match value:
            case ast.Tuple(elts=[_, *_]):
                shape = self.reader.source.snippet(self.reader.place(value))
                self.wrong(value, f"a shape stands after a colon: write `{name}: {shape}`")
            case ast.Name(id=kind) if kind in KINDS:
                self.wrong(value, f"`{kind}` stands after a colon: write `{name}: {kind}`")
        place = self.reader.place(target)
        return sf.Assignment(name, place, self.reader.read(value), self.comment)

    def _definition(
        self, target: ast.Subscript, name: str, value: ast.expr
    ) -> sf.Definition | sf.Start | None:
        place = self.reader.place(target)
        inner = self.reader.read(target.slice)
        if isinstance(inner, sf.Hole):
            return None
        index = self.reader.index(inner, name)
        if index is None:
            return None
        if not index.terms:
            return self._start(target, name, index.offset, value)
        now = index.names()[0]
        if index.offset:
            self.wrong(
                target,
                f"a definition says what `{name}` is at step t: write `{name}[{now}] = …`, with "
                f"what it needs from earlier steps as `{name}[{now}-1]`",
            )
        if index == LAST and name != "loss":
            self.wrong(target, f"only the loss is defined at step T: expected `{name}[t] = …`")
        assert index in (NOW, LAST)
        rhs = self.reader.read(value)
        return sf.Definition(name, place, rhs, self.comment, index == LAST)

    def _start(self, target: ast.expr, name: str, step: int, value: ast.expr) -> sf.Start:
        if step > 0:
            self.wrong(
                target,
                f"steps from 1 on follow from `{name}[t] = …`; a value is given at step 0, "
                f"`{name}[0] = …`, or before it",
            )
        if step < -MAX_LAG:
            self.wrong(target, f"a lag is at most {MAX_LAG}: no step before {-MAX_LAG}")
        return sf.Start(name, self.reader.place(target), step, self.reader.read(value))
