"""Indices, lengths and numbers of a formula: linear forms in the names that it may use."""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn

from symbptt import algebra as al
from symbptt.formula.names import RESERVED, FormulaNames, finding
from symbptt.language import surface as sf
from symbptt.language.constants import ArithmeticFinding, fold, linear
from symbptt.language.source import Place

MAX_INDEX = 10**6


class PositionReader:
    """Reads what is no expression of the algebra; every finding points at its place."""

    def __init__(self, text: str, names: FormulaNames) -> None:
        self.text = text
        self.names = names

    def wrong(self, where: sf.Node | Place, message: str) -> NoReturn:
        raise finding(self.text, where.place if isinstance(where, sf.Node) else where, message)

    def unknown(self, node: sf.Named) -> NoReturn:
        model, near = self.names.model.name, self.names.near(node.name)
        self.wrong(node, f"the model {model} has no name `{node.name}`{near}")

    def index(self, node: sf.Node) -> al.Index:
        """A linear form in index names and whole numbers."""
        try:
            index = linear(node, self.names.constants)
        except ArithmeticFinding as found:
            self.wrong(found.place, found.message)
        if index is None:
            self.wrong(
                node, "an index is linear: it is made of whole numbers and names such as `t`, by "
                "+ and -"
            )  # fmt: skip
        for part in sf.walk(node):
            if isinstance(part, sf.Len):
                self.length_of(part)
            elif isinstance(part, sf.Named) and part.name not in self.names.constants:
                self._check_index(part)
        if max(abs(c) for c in (index.offset, *dict(index.terms).values())) > MAX_INDEX:
            self.wrong(node, "an index is at most a million")
        return index

    def _check_index(self, node: sf.Named) -> None:
        name = node.name
        known = name in self.names and name not in self.names.functions
        if known or name in RESERVED - {"T"} or name in self.names.words - self.names.functions:
            self.wrong(node, f"`{name}` is a name of the model or the language, and no index")

    def length_of(self, node: sf.Len) -> al.Length:
        name = node.vector.name
        if name in self.names.shapes:
            return al.Length(al.entries(self.names.shapes[name]), name)
        if name in self.names.model.dims:
            return al.Length(name, name)
        self.wrong(node, "`len` takes the name of one vector, as in `len(h)`")

    def number(self, node: sf.Node) -> Fraction | None:
        """The number that constants make, if nothing else stands in it."""
        try:
            return fold(node, self.names.constants)
        except ArithmeticFinding as found:
            self.wrong(found.place, found.message)

    def length(self, node: sf.Node) -> al.Index:
        """A sum of dimensions and a number."""
        found = linear(node, {})
        if found is None or not set(found.names()) <= set(self.names.model.dims):
            dims = ", ".join(self.names.model.dims)
            self.wrong(node, f"a length is a sum of dimensions and a number; there are {dims}")
        return found

    def dim(self, length: al.Index, node: sf.Node) -> al.Dim:
        if length == al.Index() or any(
            n < 0 for n in (length.offset, *dict(length.terms).values())
        ):
            self.wrong(node, "a length is at least 1")
        parts: list[al.Dim] = [dim for dim, count in length.terms for _ in range(count)]
        return al.add_dims([*parts, length.offset] if length.offset else parts)

    def size(self, node: sf.Node) -> al.Dim:
        """A sum of dimensions and a number, or a product of such."""
        factors = node.factors if isinstance(node, sf.Times) else [node]
        return al.entries(tuple(self.dim(self.length(factor), node) for factor in factors))
