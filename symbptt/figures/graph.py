"""Figure 9.7.2 of seed 004: a model's computational graph over a few steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from symbptt import algebra as al
from symbptt.errors import AnalysisError, MissingRuleError
from symbptt.figures.svg import FAINT, SHADE, Drawing, Label, Point, symbol
from symbptt.functions.vectors import vector_function

SIGNS: dict[type[al.Expr], str] = {
    al.Add: "+",
    al.Neg: "−",
    al.Div: "/",
    al.Pow: "^",
    al.Product: "×",
    al.Lookup: "row",
    al.Concat: "[ ; ]",
    al.Pick: "[ ]",
    al.Identity: "I",
    al.Transpose: "ᵀ",
}
NAMED = (al.Call, al.Vector, al.Loss, al.Mul)
"""Kinds whose sign is that of the function, or depends on the operands."""

BOX_HEIGHT, SPACING, BETWEEN, GAP, RAIL = 28.0, 66.0, 40.0, 62.0, 34.0


@dataclass
class GraphNode:
    """What is drawn in the column of a step.

    Attributes
    ----------
    kind : str
        ``input``, ``quantity``, ``operator`` or ``number``.
    sources : list of (int, int)
        Numbers of nodes and with which lag they are read.
    parameters : list of Label
    last : bool
        Whether it is there at the last step only.
    """

    kind: str
    label: Label
    name: str = ""
    sources: list[tuple[int, int]] = field(default_factory=list)
    parameters: list[Label] = field(default_factory=list)
    last: bool = False
    level: int = 0

    def labelled(self, step: int) -> Label:
        """Its label at a step: quantities and inputs carry the step's number."""
        if not self.name:
            return self.label
        below = f"{self.label.below},{step}".lstrip(",").replace("-", "−")
        return Label(self.label.letters, self.label.upright, below)

    @property
    def width(self) -> float:
        """Wide enough for any step of one digit."""
        return max(BOX_HEIGHT, self.labelled(1).width + 14)


def computational_graph(model: al.Model, steps: int = 3) -> str:
    """The graph as SVG: boxes are values, shaded ones parameters, round ones operations.

    Parameters
    ----------
    steps : int
        How many steps are drawn, at least 1.

    Raises
    ------
    AnalysisError
        If ``steps`` is below 1.
    """
    if steps < 1:
        raise AnalysisError(f"a graph has at least one step, not {steps}")
    return _Picture(model, steps, _Template(model).nodes).svg()


class _Template:
    """The nodes of one step, each above what it reads at its own step."""

    def __init__(self, model: al.Model) -> None:
        self.nodes: list[GraphNode] = []
        self.by_name: dict[str, int] = {}
        self.abstract = {abstract.name for abstract in model.abstract}
        for source in model.inputs:
            self.add(GraphNode("input", symbol(source.name), source.name, last=not source.timed))
        boxes = [self._box(equation) for equation in model.equations]
        for equation, box in zip(model.equations, boxes, strict=True):
            self.read(equation.rhs, self.nodes[box], equation.last)
        self._levels()

    def add(self, node: GraphNode) -> int:
        self.nodes.append(node)
        if node.name:
            self.by_name[node.name] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def _box(self, equation: al.Equation) -> int:
        name = "l" if equation.name == "loss" else equation.name
        return self.add(GraphNode("quantity", symbol(name), equation.name, last=equation.last))

    def read(self, expr: al.Expr, reader: GraphNode, last: bool) -> None:
        """Make a reader read an expression, its operations first."""
        match expr:
            case al.Param(name=name):
                reader.parameters.append(symbol(name))
            case al.Transpose(operand=al.Param(name=name)):
                label = symbol(name)
                reader.parameters.append(Label(f"{label.letters}ᵀ", below=label.below))
            case al.Ref(name=name):
                lag = -expr.index.offset if expr.index.names() else 0
                reader.sources.append((self.by_name[name], lag))
            case al.Number() | al.Constant() | al.Length() | al.Horizon():
                number = self.add(GraphNode("number", Label(upright=_number(expr)), last=last))
                reader.sources.append((number, 0))
            case _:
                node = GraphNode("operator", self.sign(expr), last=last)
                for child in al.children(expr):
                    self.read(child, node, last)
                reader.sources.append((self.add(node), 0))

    def sign(self, expr: al.Expr) -> Label:
        """What stands in an operation's circle; functions left abstract are symbols."""
        if isinstance(expr, al.Call | al.Loss) and expr.function in self.abstract:
            return symbol(expr.function)
        return Label(upright=sign(expr))

    def _levels(self) -> None:
        for _ in self.nodes:
            changed = False
            for node in self.nodes:
                level = max((self._above(source, lag) for source, lag in node.sources), default=0)
                level = max(level, 1 if node.kind == "operator" else 0)
                changed |= level != node.level
                node.level = level
            if not changed:
                break
        # What is only read high up stands right below its reader.
        for number, node in enumerate(self.nodes):
            if node.kind in ("input", "number"):
                readers = [n.level for n in self.nodes if (number, 0) in n.sources]
                node.level = max(0, min(readers, default=1) - 1)

    def _above(self, source: int, lag: int) -> int:
        """One level above what is read at the same step; the past is level 0."""
        return 1 if lag else self.nodes[source].level + 1


def shaded_width(label: Label) -> float:
    """Of a parameter's box."""
    return max(34.0, label.width + 14)


def _number(expr: al.Expr) -> str:
    match expr:
        case al.Number(value=value, text=text):
            return text or str(value)
        case al.Constant(name=name):
            return name
        case al.Length(dim=dim):
            return f"len {dim}"
    return "T"


def sign(expr: al.Expr) -> str:
    match expr:
        case al.Call(function=name) | al.Loss(function=name):
            return name.replace("_", " ")
        case al.Mul(factors=factors):
            return "⊙" if all(factor.shape for factor in factors) else "·"
        case al.Vector(function=name):
            return vector_function(name).graph or name
    if type(expr) not in SIGNS:
        raise MissingRuleError(f"no sign for {type(expr).__name__} in a computational graph")
    return SIGNS[type(expr)]


class _Picture:
    def __init__(self, model: al.Model, steps: int, nodes: list[GraphNode]) -> None:
        self.model, self.steps, self.nodes = model, steps, nodes
        self.past = max((1 - i.step for i in model.initials), default=0)
        lagged = {initial.name for initial in model.initials}
        self.now, self.column = self._slots(range(len(nodes)))
        self.before, self.past_column = self._slots(
            k for k, node in enumerate(nodes) if node.name in lagged
        )
        self.rails = self._rails()
        self.heights = self._heights()
        top = self.heights[-1] + (2 * GAP if model.loss is not None else GAP / 2)
        self.height = top + 40
        labels = [label for node in nodes for label in node.parameters]
        self.margin = max((shaded_width(label) for label in labels), default=0.0) + 40
        self.left = self.margin + self.past * self.past_column
        self.width = self.left + steps * self.column + 10

    def _slots(self, numbers: Iterable[int]) -> tuple[dict[int, float], float]:
        """Where nodes stand beside the middle of their column, and how wide it is.

        In a level those come first that read the past.
        """
        levels: dict[int, list[int]] = {}
        for number in numbers:
            levels.setdefault(self.nodes[number].level, []).append(number)
        places: dict[int, float] = {}
        widest = 0.0
        for here in levels.values():
            here.sort(key=lambda k: not any(lag for _, lag in self.nodes[k].sources))
            slots = [max(self.nodes[k].width + 18, SPACING) for k in here]
            left = -sum(slots) / 2
            for number, slot in zip(here, slots, strict=True):
                places[number] = left + slot / 2
                left += slot
            widest = max(widest, sum(slots))
        return places, widest + (BETWEEN if widest else 0.0)

    def _rails(self) -> list[tuple[int, int]]:
        """(node, number of its parameter), one rail each."""
        return [(k, p) for k, node in enumerate(self.nodes) for p in range(len(node.parameters))]

    def _heights(self) -> list[float]:
        """How high above the bottom each level stands; rails run below their level."""
        heights: list[float] = []
        high = 30.0
        for level in range(max(node.level for node in self.nodes) + 1):
            rails = sum(1 for k, _ in self.rails if self.nodes[k].level == level)
            high += (GAP if level else 0) + RAIL * rails
            heights.append(high)
        return heights

    def at(self, number: int, step: int) -> Point:
        """Where a node stands at a step (at steps <= 0 an initial value)."""
        y = self.height - self.heights[self.nodes[number].level]
        if step < 1:
            return (self.left + (step - 0.5) * self.past_column + self.before[number], y)
        return (self.left + (step - 0.5) * self.column + self.now[number], y)

    def present(self, number: int, step: int) -> bool:
        return step == self.steps or not self.nodes[number].last

    def svg(self) -> str:
        title = f"Computational graph of {self.model.name} over {self.steps} steps"
        drawing = Drawing(self.width, self.height, title, f"computational_graph {self.model.name}")
        self._draw_rails(drawing)
        for step in range(1, self.steps + 1):
            for number in range(len(self.nodes)):
                if self.present(number, step):
                    self._draw_edges(drawing, number, step)
        self._draw_total(drawing)
        for number, step in self._shown():
            self._draw_node(drawing, number, step)
        return str(drawing)

    def _shown(self) -> Iterator[tuple[int, int]]:
        by_name = {node.name: k for k, node in enumerate(self.nodes) if node.name}
        for initial in self.model.initials:
            yield by_name[initial.name], initial.step
        for step in range(1, self.steps + 1):
            yield from ((k, step) for k in range(len(self.nodes)) if self.present(k, step))

    def _draw_node(self, drawing: Drawing, number: int, step: int) -> None:
        node, at = self.nodes[number], self.at(number, step)
        if node.kind != "number":
            radius = BOX_HEIGHT / 2 if node.kind == "operator" else 3
            drawing.box(at, node.width, BOX_HEIGHT, radius=radius)
        drawing.label(at, node.labelled(step))

    def _draw_edges(self, drawing: Drawing, number: int, step: int) -> None:
        x, y = self.at(number, step)
        half = BOX_HEIGHT / 2
        for source, lag in self.nodes[number].sources:
            if lag and step - lag < 1 - self.past:
                continue
            u, v = self.at(source, step - lag)
            if lag:
                u, end = u + self.nodes[source].width / 2, x - self.nodes[number].width / 2
                drawing.curve(((u, v), (u + 34, v), (end - 34, y), (end, y)))
                continue
            start, end = v - half, y + half
            if self.nodes[number].level - self.nodes[source].level > 1:
                # Round what stands between.
                aside = 52.0 if u >= x else -52.0
                drawing.curve(
                    ((u, start), (u + aside, start - 40), (x + aside, end + 40), (x, end))
                )
            else:
                drawing.curve(((u, start), (u, start - 20), (x, end + 20), (x, end)))

    def _draw_rails(self, drawing: Drawing) -> None:
        """A parameter stands once, at the left; its rail runs through all steps."""
        below: dict[int, int] = {}
        for number, place in self.rails:
            node = self.nodes[number]
            below[node.level] = below.get(node.level, 0) + 1
            y = self.height - self.heights[node.level] + BOX_HEIGHT / 2 + RAIL * below[node.level]
            # Beside the middle, where an operand's arrow ends.
            shift = -9.0 + 18.0 * place / max(1, len(node.parameters) - 1)
            steps = [s for s in range(1, self.steps + 1) if self.present(number, s)]
            ends = [(self.at(number, s)[0] + shift, self.at(number, s)[1]) for s in steps]
            width, middle = shaded_width(node.parameters[place]), (self.margin - 20) / 2
            drawing.line([(middle + width / 2, y), (ends[-1][0], y)], FAINT)
            for x, top in ends:
                drawing.dot((x, y), FAINT)
                drawing.line([(x, y), (x, top + BOX_HEIGHT / 2 - 3)], FAINT, arrow=True)
            drawing.box((middle, y), width, 24, SHADE)
            drawing.label((middle, y), node.parameters[place])

    def _draw_total(self, drawing: Drawing) -> None:
        """L, the mean of the losses, or the loss of the last step."""
        loss = self.model.loss
        if loss is None:
            return
        number = next(k for k, node in enumerate(self.nodes) if node.name == "loss")
        steps = loss.steps(self.steps)
        ends = [self.at(number, step) for step in steps]
        x = sum(end[0] for end in ends) / len(ends)
        y = ends[0][1] - GAP
        for u, v in ends:
            start, end = v - BOX_HEIGHT / 2, y + BOX_HEIGHT / 2
            drawing.curve(((u, start), (u, start - 20), (x, end + 20), (x, end)))
        if not loss.last:
            drawing.line([(x, y - BOX_HEIGHT / 2), (x, y - GAP + BOX_HEIGHT / 2)], arrow=True)
            drawing.box((x, y), 52, BOX_HEIGHT, radius=BOX_HEIGHT / 2)
            drawing.label((x, y), Label(upright="mean"))
            y -= GAP
        drawing.box((x, y), 34, BOX_HEIGHT)
        drawing.label((x, y), Label("L"))
