"""Partial evaluation: a definition of the runtime as a module gets it.

What a module's constants decide is decided: branches, loops over nothing, conditions. What
nobody reads is not kept. Annotations stay behind: they serve the type checker here, and a
module would have to import what they name. Of docstrings of private definitions the first
paragraph comes along. All else stays as it is written, lines and comments alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

from symbptt.codegen.literals import WIDTH, signature_lines

INDENT = 4
"""By how many columns what is in a block stands further to the right."""

UNKNOWN = object()
"""The value of an expression that no constant decides."""

Constants = frozenset[tuple[str, str]]
"""Names that decide something and their values: a truth value, or an empty tuple or dict."""

Edit = tuple[int, int, str]
"""Where a part of the source begins and ends, and what stands in its place."""


@dataclass(frozen=True)
class Specialised:
    """A definition for given values of some names.

    Attributes
    ----------
    source : str
        The definition; code that is changed is ASCII.
    constants : set of pairs of str
    unread : frozenset of str
        Attributes that nobody reads, and methods that nobody calls.
    """

    source: str
    constants: Constants = frozenset()
    unread: frozenset[str] = frozenset()

    @cached_property
    def text(self) -> str:
        return "\n".join(self.block([self.definition], 0, 0))

    @cached_property
    def values(self) -> dict[str, Any]:
        return {name: ast.literal_eval(text) for name, text in self.constants}

    @cached_property
    def definition(self) -> ast.stmt:
        (definition,) = ast.parse(self.source).body
        return definition

    @cached_property
    def lines(self) -> list[str]:
        return self.source.splitlines()

    @cached_property
    def starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    # --- statements ----------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], above: int, shift: int) -> list[str]:
        """Lines of statements that stand some columns too far right, below so many lines.

        Comments and blank lines belong to the statement below them.
        """
        found: list[str] = []
        for node in body:
            written = self.statement(node, shift)
            if written:
                found += [line[shift:] for line in self.lines[above : node.lineno - 1]]
            found += written
            above = node.end_lineno or 0
            taken = self.taken(node) if isinstance(node, ast.If) else None
            if taken and isinstance(taken[-1], ast.Return | ast.Raise | ast.Continue):
                break
        return found

    def statement(self, node: ast.stmt, shift: int) -> list[str]:
        """The lines of a statement; none where it does nothing."""
        match node:
            case ast.If():
                return self.conditional(node, shift)
            case (
                ast.Assign(targets=[ast.Attribute(attr=name)])
                | ast.AnnAssign(target=ast.Attribute(attr=name))
                | ast.FunctionDef(name=name)
            ) if name in self.unread:
                return []
            case ast.For() if is_empty(self.values, node.iter):
                return []
            case ast.For() | ast.FunctionDef() | ast.ClassDef():
                body = self.block(node.body, self.colon(node), shift)
                return [*self.piece(node.lineno, self.colon(node), shift), *body] if body else []
        return self.piece(node.lineno, node.end_lineno or 0, shift)

    def conditional(self, node: ast.If, shift: int) -> list[str]:
        """What may be done; a branch that is taken for certain stands for itself."""
        chosen = self.taken(node)
        if chosen is not None:
            return self.below(chosen, shift + INDENT) if chosen else []
        if not any(self.statement(each, shift) for each in (*node.body, *node.orelse)):
            return []
        found = self.piece(node.lineno, self.colon(node), shift) + self.below(node.body, shift)
        if node.orelse:
            first = node.orelse[0]
            other = first.col_offset == node.col_offset
            found += [] if other else [" " * (node.col_offset - shift) + "else:"]
            found += self.statement(first, shift) if other else self.below(node.orelse, shift)
        return found

    def taken(self, node: ast.If) -> Sequence[ast.stmt] | None:
        """The branch that is taken for certain, if one is."""
        value = value_of(self.values, node.test)
        return None if value is UNKNOWN else node.body if value else node.orelse

    def below(self, body: Sequence[ast.stmt], shift: int) -> list[str]:
        """A block with the comments above its first statement."""
        above = body[0].lineno - 1
        while self.lines[above - 1].lstrip().startswith("#"):
            above -= 1
        found = self.block(body, above, shift)
        assert found, f"nothing is left of what is done at {ast.unparse(body[0])}"
        return found

    def colon(self, node: ast.stmt) -> int:
        """The last line of a statement's head."""
        return next(k for k in range(node.lineno, len(self.lines)) if self.lines[k - 1][-1:] == ":")

    def piece(self, first: int, last: int, shift: int) -> list[str]:
        """Some lines of the source, changed, and laid out anew if they are more than one."""
        begin, end = self.starts[first - 1], self.starts[last] - 1
        text = self.changed(begin, end, self.edits)
        lines = [line[shift:] for line in text.splitlines()]
        if len(lines) > 1 and (shift or text != self.source[begin:end]) and "#" not in text:
            joined = joined_lines(lines)
            return [joined] if len(joined) <= WIDTH else lines
        return lines

    # --- expressions ---------------------------------------------------------------------------

    def changed(self, begin: int, end: int, edits: Iterable[Edit]) -> str:
        """A part of the source with those edits that are of it."""
        text, at = "", begin
        for first, last, words in sorted(edits):
            if begin <= first and last <= end:
                text += self.source[at:first] + words
                at = last
        return text + self.source[at:end]

    @cached_property
    def edits(self) -> list[Edit]:
        return [*self.edits_in(self.definition)]

    def edits_in(self, node: ast.AST) -> Iterator[Edit]:
        """What is written otherwise, the outermost parts only."""
        if isinstance(node, ast.expr):
            words = self.written(node)
            if words is not None:
                yield (*self.span(node), words)
                return
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            yield self.span(node.target)[1], self.span(node.value)[0], " = "
            yield from self.edits_in(node.value)
            return
        if isinstance(node, ast.FunctionDef):
            yield self.starts[node.lineno - 1], self.starts[self.colon(node)] - 1, signature(node)
        if isinstance(node, ast.comprehension):
            for before, test in pairwise((node.iter, *node.ifs)):
                holds = value_of(self.values, test) is True
                if holds:
                    yield self.span(before)[1], self.span(test)[1], ""
                yield from () if holds else self.edits_in(test)
            yield from self.edits_in(node.iter)
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.startswith("_"):
            yield from self.summary(node)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.arguments):
                yield from self.edits_in(child)

    def written(self, node: ast.expr) -> str | None:
        """What is written in place of an expression, if anything else."""
        value = value_of(self.values, node)
        if value is not UNKNOWN:
            return None if isinstance(node, ast.Constant) else repr(value)
        match node:
            case ast.IfExp(test=test) if value_of(self.values, test) is not UNKNOWN:
                return self.code(node.body if value_of(self.values, test) else node.orelse)
            case ast.BoolOp(op=op, values=values):
                left = [each for each in values if value_of(self.values, each) is UNKNOWN]
                word = " and " if isinstance(op, ast.And) else " or "
                return word.join(map(self.code, left)) if len(left) < len(values) else None
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, default]):
                return self.code(default) if is_empty(self.values, table) else None
        return None

    def code(self, node: ast.expr) -> str:
        """The text of an expression with its edits."""
        words = self.written(node)
        if words is not None:
            return words
        children = ast.iter_child_nodes(node)
        return self.changed(*self.span(node), (e for each in children for e in self.edits_in(each)))

    def span(self, node: ast.expr) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0),
        )

    def summary(self, node: ast.FunctionDef | ast.ClassDef) -> Iterator[Edit]:
        """The first paragraph of a docstring that has more."""
        words = ast.get_docstring(node)
        if words and "\n\n" in words and isinstance(node.body[0], ast.Expr):
            yield (*self.span(node.body[0].value), f'"""{words.partition(chr(10) * 2)[0]}"""')


def value_of(values: Mapping[str, Any], node: ast.expr) -> Any:
    """What an expression is for certain, or `UNKNOWN`."""
    match node:
        case ast.Constant(value=bool() as value):
            return value
        case ast.Tuple(elts=[]):
            return ()
        case ast.Name(id=name):
            return values.get(name, UNKNOWN)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = value_of(values, operand)
            return UNKNOWN if value is UNKNOWN else not value
        case ast.BoolOp(op=op, values=operands):
            known = [value_of(values, each) for each in operands]
            decisive = isinstance(op, ast.Or)
            if any(value is not UNKNOWN and bool(value) == decisive for value in known):
                return decisive
            return UNKNOWN if UNKNOWN in known else not decisive
        case ast.Compare(ops=[ast.In() | ast.NotIn() as op], comparators=[table]):
            return isinstance(op, ast.NotIn) if is_empty(values, table) else UNKNOWN
        case ast.IfExp(test=test, body=body, orelse=other):
            value, either = value_of(values, test), value_of(values, body)
            if value is UNKNOWN:
                return either if either == value_of(values, other) else UNKNOWN
            return either if value else value_of(values, other)
        case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp() as each]):
            return True if is_empty(values, each.generators[0].iter) else UNKNOWN
    return UNKNOWN


def is_empty(values: Mapping[str, Any], table: ast.expr) -> bool:
    """Whether a tuple or dict is known to hold nothing."""
    return value_of(values, table) in ((), {})


def top(node: ast.stmt) -> int:
    """The first line of a statement."""
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(each.lineno for each in decorators)])


def signature(node: ast.FunctionDef) -> str:
    """The head of a function without annotations."""
    arguments = node.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    for one in (*every, arguments.vararg, arguments.kwarg):
        if one is not None:
            one.annotation = None
    return "\n".join(signature_lines(node.name, ast.unparse(arguments), " " * node.col_offset))


def joined_lines(lines: Iterable[str]) -> str:
    """A statement of several lines in one."""
    text = ""
    for line in lines:
        word = line.strip()
        if text[-1:] == "," and word[0] in ")]}":
            text = text[:-1] + word
        elif not text or text[-1] in "([{" or word[0] in ")]}":
            text += word if text else line
        else:
            text += " " + word
    return text
