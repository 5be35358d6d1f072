"""What a computational graph shows of a model at one step: nodes, and what each reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from symbptt import algebra as al
from symbptt.errors import MissingRuleError
from symbptt.functions.vectors import vector_function
from symbptt.typeset.names import Names

SIGNS: dict[type[al.Expr], str] = {
    al.Add: "+",
    al.Neg: "-",
    al.Div: "/",
    al.Pow: r"\mathrm{pow}",
    al.Product: r"\times",
    al.Lookup: r"\mathrm{row}",
    al.Concat: r"[\,;\,]",
    al.Pick: r"\mathrm{entry}",
    al.Identity: r"\mathbf{I}",
    al.Transpose: r"\top",
    al.Outer: r"\otimes",
    al.Diag: r"\mathrm{diag}",
}
NAMED = (al.Call, al.Vector, al.Loss, al.Mul)
"""Kinds whose sign is that of the function, or depends on the operands."""

DETAILS: dict[str, str] = {
    "equations": "a box for each equation, with its functions and parameters in it",
    "operations": "a box for each value and a circle for each operation",
}
"""How closely a graph looks."""

T = TypeVar("T")


@dataclass
class Vertex:
    """What stands in the column of a step.

    Attributes
    ----------
    kind : str
        ``input``, ``quantity``, ``operator`` or ``number``.
    sign : str
        TeX; of a quantity or an input "", for it depends on the step.
    name : str
        Of a quantity or an input.
    sources : list of (int, int)
        Numbers of nodes and with which lag they are read.
    functions, parameters : list of str
        TeX of what else goes into it.
    last : bool
        Whether it is there at the last step only.
    level : int
        Above what it reads at its own step.
    """

    kind: str
    sign: str = ""
    name: str = ""
    shape: al.Shape = ()
    sources: list[tuple[int, int]] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    last: bool = False
    level: int = 0


class Template:
    """The nodes of one step, the loss above all others.

    Parameters
    ----------
    detail : str
        A key of `DETAILS`.
    """

    def __init__(self, model: al.Model, names: Names, detail: str = "equations") -> None:
        self.names = names
        self.nodes: list[Vertex] = []
        self.by_name: dict[str, int] = {}
        for source in model.inputs:
            self.add(Vertex("input", name=source.name, shape=source.shape, last=not source.timed))
        for equation in model.equations:
            shape, last = equation.shape, equation.last
            self.add(Vertex("quantity", name=equation.name, shape=shape, last=last))
        read = self.read if detail == "operations" else self.gather
        for equation in model.equations:
            read(equation.rhs, self.nodes[self.by_name[equation.name]])
        self._levels()

    def add(self, node: Vertex) -> int:
        self.nodes.append(node)
        if node.name:
            self.by_name[node.name] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def source(self, ref: al.Ref) -> tuple[int, int]:
        return self.by_name[ref.name], -ref.index.offset if ref.index.names() else 0

    def gather(self, expr: al.Expr, reader: Vertex) -> None:
        """Make an equation's box read all that the equation names, each once."""
        for part in al.walk(expr):
            match part:
                case al.Param():
                    _once(reader.parameters, self.parameter(part))
                case al.Ref():
                    _once(reader.sources, self.source(part))
                case al.Call() | al.Vector() | al.Loss():
                    for word in _words(sign(part, self.names)):
                        _once(reader.functions, word)

    def read(self, expr: al.Expr, reader: Vertex) -> None:
        """Make a reader read an expression, its operations first."""
        match expr:
            case al.Param():
                reader.parameters.append(self.parameter(expr))
            case al.Transpose(operand=al.Param() as parameter):
                reader.parameters.append(self.parameter(parameter) + r"^{\top}")
            case al.Ref():
                reader.sources.append(self.source(expr))
            case al.Number() | al.Constant() | al.Length() | al.Horizon():
                number = Vertex("number", _number(expr, self.names), last=reader.last)
                reader.sources.append((self.add(number), 0))
            case _:
                node = Vertex("operator", sign(expr, self.names), last=reader.last)
                for child in al.children(expr):
                    self.read(child, node)
                reader.sources.append((self.add(node), 0))

    def parameter(self, expr: al.Param) -> str:
        return self.names.symbol(expr.name, expr.shape).at()

    def label(self, number: int, step: int) -> str:
        """The TeX of a node at a step."""
        node = self.nodes[number]
        return node.sign or self.names.timed(node.name, node.shape, al.Index(offset=step))

    def _levels(self) -> None:
        for _ in self.nodes:
            for node in self.nodes:
                read = [self.nodes[source].level + 1 for source, lag in node.sources if not lag]
                past = any(lag for _, lag in node.sources)
                node.level = max([*read, int(past or node.kind == "operator")])
        # What is only read high up stands right below its reader.
        for number, node in enumerate(self.nodes):
            readers = [n.level for n in self.nodes if (number, 0) in n.sources]
            if node.kind in ("input", "number") and readers:
                node.level = max(0, min(readers) - 1)
        if "loss" in self.by_name:
            highest = max(node.level for node in self.nodes)
            self.nodes[self.by_name["loss"]].level = highest


def _once(found: list[T], one: T) -> None:
    if one not in found:
        found.append(one)


def _words(tex: str) -> list[str]:
    """The words of a sign that is several, for a narrow box."""
    if not tex.startswith(r"\text{"):
        return [tex]
    inside = tex.removeprefix(r"\text{").removesuffix("}")
    return [rf"\text{{{word}}}" for word in inside.split()]


def _number(expr: al.Expr, names: Names) -> str:
    match expr:
        case al.Number(value=value, text=text):
            return text or str(value)
        case al.Constant(name=name):
            return names.symbol(name, ()).at()
        case al.Length(dim=dim):
            return names.dim(dim)
    return "T"


def sign(expr: al.Expr, names: Names | None = None) -> str:
    """The TeX in an operation's circle.

    Raises
    ------
    MissingRuleError
        If the kind has none.
    """
    names = names or Names()
    match expr:
        case al.Call(function=name):
            return names.function(name).replace("{0}", r"{\,\cdot\,}")
        case al.Loss(function=name):
            known = name.replace("_", " ")
            return names.loss(name) if known == name else rf"\text{{{known}}}"
        case al.Mul(factors=factors):
            return r"\odot" if all(factor.shape for factor in factors) else r"\cdot"
        case al.Vector(function=name):
            return vector_function(name).graph or rf"\operatorname{{{name}}}"
    if type(expr) not in SIGNS:
        raise MissingRuleError(f"no sign for {type(expr).__name__} in a computational graph")
    return SIGNS[type(expr)]


def description(template: Template, total: str) -> Iterator[str]:
    """Sentences for who can't see the picture, in TeX between dollars; ``total`` is L's."""
    for node in template.nodes:
        if node.kind == "quantity":
            now = template.names.timed(node.name, node.shape, al.NOW)
            parts = [
                template.names.timed(source.name, source.shape, al.NOW - lag)
                for source, lag in ((template.nodes[k], lag) for k, lag in node.sources)
                if source.name
            ]
            read = ", ".join(f"${part}$" for part in (*parts, *node.parameters))
            yield f"${now}$ reads {read}." if read else f"${now}$ is given."
    if total:
        yield total
