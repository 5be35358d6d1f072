"""Slips of people in the text of generated modules, and what ``verify --module`` calls them.

python -m tests.proof.module_edits [-O LEVEL] [MODEL ...]    the table: line, edit, what is said

An edit changes one statement of the backward pass. It is named where a row bears one of the words
that fit it and a step that the module cites above the statement.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, partial

from symbptt.algebra import Model
from symbptt.binding import bind
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import SymbpttError
from symbptt.proof.loaded import load_module
from symbptt.proof.module_slips import sequences
from symbptt.proof.slips import FACTORS, Inquiry, agree
from tests.modules import model_of, some

MODELS = ("linear", "char_rnn", "elman", "gru", "lstm", "stacked", "lag_two")
LEVELS = (0, 2)
EACH = 2
"""So many edits of a kind are made in a module, spread over its statements."""

Edit = Callable[[ast.AST], Iterator[ast.AST]]
"""From a part of a statement to what a slip makes of it."""


# --- edits ---------------------------------------------------------------------------------------


def _is_matrix(node: ast.AST) -> bool:
    """Whether it is written as a parameter that is a matrix."""
    return bool(re.search(r"\b[WUVRAE]\w*('?\"?\])?$", ast.unparse(node)))


def transposed(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.MatMult(), right=right) if _is_matrix(right):
            yield ast.BinOp(node.left, ast.MatMult(), ast.Attribute(right, "T", ast.Load()))
        case ast.Call(func=ast.Name(id="_copyto"), args=[out, matrix]) if _is_matrix(matrix):
            yield ast.Call(node.func, [out, ast.Attribute(matrix, "T", ast.Load())], [])
        case ast.Call(args=[left, right, out]) if "roduct" in ast.unparse(node.func):
            if _is_matrix(right):
                turned = ast.Attribute(right, "T", ast.Load())
                yield ast.Call(node.func, [left, turned, out], [])


def without_factor(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            yield from (right, left)
        case ast.Call(func=ast.Name(id="_multiply"), args=[left, right, out]):
            if not re.match(r"k\d", ast.unparse(right)):  # no product of several steps' factors
                yield _copied(out, left)
            if ast.unparse(left) != ast.unparse(out):
                yield _copied(out, right)


def _copied(out: ast.expr, kept: ast.expr) -> ast.AST:
    return ast.Call(ast.Name("_copyto", ast.Load()), [out, kept], [])


def without_complement(node: ast.AST) -> Iterator[ast.AST]:
    """``z`` for ``1 - z``."""
    match node:
        case ast.BinOp(op=ast.Sub(), left=ast.Constant(value=1), right=ast.Subscript() as right):
            yield right
        case ast.Call(func=ast.Name(id="_subtract"), args=[ast.Name(id=one), right, out]):
            if one.startswith("c_1_1") and ast.unparse(right) != ast.unparse(out):
                yield _copied(out, right)


def exponent(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Pow(), left=left, right=ast.Constant(value=2)):
            yield left
        case ast.Call(func=ast.Name(id="_multiply"), args=[left, right, out]):
            if ast.unparse(left) == ast.unparse(right):
                yield _copied(out, left)


def other_slope(node: ast.AST) -> Iterator[ast.AST]:
    """``h * (1 - h)`` for ``1 - h**2``, and the other way."""
    source = ast.unparse(node)
    match node:
        case ast.BinOp(op=ast.Sub(), right=ast.BinOp(op=ast.Pow(), left=left)):
            value = ast.unparse(left)
            yield ast.parse(f"{value} * (1 - {value})", mode="eval").body
        case ast.BinOp(op=ast.Mult(), left=left) if source == "{0} * (1 - {0})".format(
            ast.unparse(left)
        ):
            yield ast.parse(f"1 - {ast.unparse(left)} ** 2", mode="eval").body


def turned_sign(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Sub(), left=left, right=right):
            yield ast.BinOp(left, ast.Add(), right)
        case ast.AugAssign(op=ast.Add()):
            yield ast.AugAssign(node.target, ast.Sub(), node.value)
        case ast.Call(func=ast.Name(id="_add"), args=[left, right, out]):
            yield ast.Call(ast.Name("_subtract", ast.Load()), [left, right, out], [])


def shifted(node: ast.AST) -> Iterator[ast.AST]:
    """A value of the step before, read at the step itself, and the other way."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    source = ast.unparse(node)
    for old, new in (("_all[prev]", "[now]"), ("_all[rows.back[1]]", "")):
        if source.endswith(old) and not source.startswith("d_"):
            yield ast.parse(source.removesuffix(old) + new, mode="eval").body


def shifted_rows(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Call(func=ast.Attribute(attr="gathered"), args=[_, values, _]):
            yield ast.parse(f"{ast.unparse(values)}[rows.live]", mode="eval").body


def set_anew(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.AugAssign(op=ast.Add()):
            yield ast.Assign([node.target], node.value)
        case ast.Call(func=ast.Name(id="_add"), args=[left, right, out]):
            if ast.unparse(left) == ast.unparse(out):
                yield _copied(out, right)


def dropped(node: ast.AST) -> Iterator[ast.AST]:
    """A statement that adds to something, left out."""
    match node:
        case ast.AugAssign():
            yield ast.Pass()
        case ast.Expr(value=ast.Call(func=ast.Name(id="_add"), args=[left, _, out])):
            if ast.unparse(left) == ast.unparse(out):
                yield ast.Pass()


def doubled(node: ast.AST) -> Iterator[ast.AST]:
    two = ast.Constant(2)
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith("d_"):
            yield ast.Assign(node.targets, ast.BinOp(two, ast.Mult(), node.value))


def lost_sum(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Call(func=ast.Attribute(attr="sum"), args=[rows]):
            yield ast.Subscript(rows, ast.Constant(0), ast.Load())


def meant(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Call(func=ast.Attribute(attr="sum"), args=[rows]):
            yield ast.Call(ast.parse("np.mean", mode="eval").body, [rows], node.keywords)


def other_name(names: tuple[tuple[str, str], ...], node: ast.AST) -> Iterator[ast.AST]:
    """A name for another one of the same shape."""
    for old, new in names:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name == old:
                yield ast.Name(new, ast.Load())
            case ast.Attribute(value=ast.Name(id="v"), attr=name, ctx=ast.Load()) if name == old:
                yield ast.Attribute(node.value, new, ast.Load())
            case ast.Constant(value=name) if name == old:
                yield ast.Constant(new)


def twice_applied(node: ast.AST) -> Iterator[ast.AST]:
    """``tanh(tanh(c))`` and ``c`` for ``tanh(c)``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="tanh"), args=[inner]):
            yield ast.Call(node.func, [node], [])
            yield inner


EDITS: dict[str, tuple[Edit, str]] = {
    "transposed": (transposed, "transpose|reversed"),
    "a factor left out": (without_factor, "factor|slope|term|complement|exponent"),
    "z for 1 - z": (without_complement, "complement|term|exponent|equal factors"),
    "no square": (exponent, "exponent"),
    "the other slope": (other_slope, "another function|slope|exponent|complement"),
    "the sign turned": (turned_sign, "sign"),
    "the step itself": (shifted, "shifted"),
    "the rows of the step itself": (shifted_rows, "shifted"),
    "set, not added": (set_anew, "missing term|lost path|at all steps but"),
    "not added": (dropped, "missing term|lost path|lost step|is 0"),
    "twice": (doubled, "factor 2|twice"),
    "the first alone": (lost_sum, "lost sum|first"),
    "the mean": (meant, "mean|1/T too many"),
    "tanh twice or not at all": (twice_applied, "twice|left out|another function"),
}
"""What is done, and the words of which one names it."""


# --- a module ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Module:
    """A generated module, its statements and the steps that it cites above them."""

    name: str
    level: int

    @cached_property
    def model(self) -> Model:
        return bind(model_of(self.name))

    @cached_property
    def derivation(self) -> Derivation:
        return derive(self.model)

    @cached_property
    def text(self) -> str:
        return generate(self.model, level=self.level)

    @cached_property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Names of one shape: gates, their pre-activations' gradients, matrices."""
        normal = self.derivation.normal
        timed = [e for e in normal.equations if e.name != "loss"]
        shapes = {e.name: e.shape for e in timed} | {f"d_{e.name}": e.shape for e in timed}
        shapes |= {p.name: p.shape for p in normal.parameters}
        pairs = [
            next(((one, o) for o in others if o != one and shapes[o] == shapes[one]), (one, one))
            for others in (
                [e.name for e in timed],
                [f"d_{e.name}" for e in timed],
                [p.name for p in normal.parameters],
            )
            for one in others
            if shapes[one]
        ]
        present = {node.id for node in ast.walk(self.function) if isinstance(node, ast.Name)}
        present |= {n.attr for n in ast.walk(self.function) if isinstance(n, ast.Attribute)}
        present |= {p.name for p in normal.parameters}
        return tuple((old, new) for old, new in pairs if old != new and {old, new} <= present)

    @cached_property
    def function(self) -> ast.FunctionDef:
        functions = [n for n in ast.parse(self.text).body if isinstance(n, ast.FunctionDef)]
        return next(n for n in functions if n.name in ("_backward", "_run_backward"))

    @cached_property
    def folded(self) -> tuple[int, ...]:
        """The steps whose factors a fast module has in names of its own, worked out beforehand."""
        return tuple(step.number for step in self.derivation.of_kind("adjoint"))

    def statements(self) -> Iterator[tuple[ast.stmt, tuple[int, ...]]]:
        """Those of the backward pass that calculate, with the steps cited above."""
        lines = self.text.splitlines()
        simple = [n for n in ast.walk(self.function) if isinstance(n, ast.Assign | ast.AugAssign
                  | ast.Expr)]  # fmt: skip
        cited: tuple[int, ...] = ()
        for statement in sorted(simple, key=lambda one: one.lineno):
            above = []
            for line in reversed(lines[: statement.lineno - 1]):
                if not line.strip().startswith("#"):
                    break
                above += [int(number) for number in re.findall(r"# \((\d+)\)", line)]
                if re.match(r" *# k\d+\[", line):  # a factor of what several steps say
                    above += self.folded
            cited = tuple(above) or cited
            source = ast.unparse(statement)
            layout = source.startswith(("grads", "pasts", "(", "matrix")) or "row_starts" in source
            if cited and not layout:
                yield statement, cited

    def edited(self) -> Iterator[tuple[str, str, str, tuple[int, ...], str]]:
        """Kind, line as it was and as it is, steps, the module's text."""
        names: dict[str, tuple[Edit, str]]
        names = {"another name": (partial(other_name, self.names), "name")}
        edits = EDITS | names
        lines = self.text.splitlines()
        for kind, (edit, _) in edits.items():
            found = []
            for statement, cited in self.statements():
                for changed in replaced(statement, edit):
                    if reads_itself(changed):
                        continue
                    own, new = map(ast.unparse, (statement, ast.fix_missing_locations(changed)))
                    indent = " " * statement.col_offset
                    last = statement.end_lineno or statement.lineno
                    text = [*lines[: statement.lineno - 1], indent + new, *lines[last:]]
                    found.append((kind, own, new, cited, "\n".join(text)))
            yield from found[:: max(1, -(-len(found) // EACH))]


def reads_itself(node: ast.AST) -> bool:
    """Whether an assignment reads what it has not yet written."""
    if not isinstance(node, ast.Assign):
        return False
    return ast.unparse(node.targets[0]) in ast.unparse(node.value)


_IN_PLACE = re.compile(r"_?(multiply|add|subtract|divide|product_?|matmul)\(")
"""Calls whose last argument is what they write."""


def replaced(node: ast.AST, edit: Edit) -> Iterator[ast.AST]:
    """A statement with an edit made at one place, each in turn."""
    yield from (ast.copy_location(new, node) for new in edit(node))
    for field, value in ast.iter_fields(node):
        if field in ("target", "targets"):
            continue
        parts = value if isinstance(value, list) else [value]
        if isinstance(node, ast.Call) and field == "args" and _IN_PLACE.match(ast.unparse(node)):
            parts = parts[:-1]
        for place, part in enumerate(parts):
            for new in replaced(part, edit) if isinstance(part, ast.AST) else ():
                copy = deepcopy(node)
                if isinstance(value, list):
                    getattr(copy, field)[place] = new
                else:
                    setattr(copy, field, new)
                yield copy


# --- what is said --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    kind: str
    own: str
    new: str
    steps: tuple[int, ...]
    words: str
    told: tuple[str, ...]

    @property
    def named(self) -> bool:
        """Whether the answer bears the slip's name and its step."""
        right = any(word in line for word in self.words.split("|") for line in self.told)
        steps = {int(n) for line in self.told for n in re.findall(r"step \((\d+)\)", line)}
        whole = all("step (" not in line for line in self.told)
        return right and (whole or bool(steps & {*self.steps}))


def answered(module: Module, every: int = 1) -> Iterator[Answer]:
    """What is said of each edit, or of one in so many, that makes gradients wrong."""
    for kind, own, new, steps, text in some(list(module.edited()), every):
        words = EDITS[kind][1] if kind in EDITS else "name"
        try:
            loaded = load_module(text, "<edited>", module.model)
            asked = Inquiry(module.derivation, tuple(sequences(loaded, module.model)))
            found = asked.run()
        except (SymbpttError, ValueError):  # shapes that do not fit
            continue
        if (
            not found
            and asked.factor == FACTORS[0]
            and all(is_right(asked, n) for n in asked.names)
        ):
            continue
        told = tuple(slip.suspect.words for slip in found)
        yield Answer(kind, own, new, steps, words, told or (asked.factor[0],))


def is_right(asked: Inquiry, name: str) -> bool:
    """Whether a gradient is right, up to the factor of all."""
    return all(
        agree(
            scene.sequence.found[name],
            scene.true.gradient(name) * asked.factor[1](scene.sequence.steps),
        )
        for scene in asked.scenes
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.module_edits")
    parser.add_argument("models", nargs="*", default=[])
    parser.add_argument("-O", type=int, choices=LEVELS, action="append", dest="levels")
    asked = parser.parse_args()
    enough = True
    for name in asked.models or MODELS:
        for level in asked.levels or LEVELS:
            answers = []
            for one in answered(Module(name, level)):
                answers.append(one)
                mark = "ok " if one.named else "-- "
                told = " | ".join(one.told)
                print(f"{mark}{one.kind} {one.steps}: {one.own}\n      {one.new}\n      {told}",
                      flush=True)  # fmt: skip
            named = sum(one.named for one in answers)
            print(f"{name} -O{level}: {named} of {len(answers)} named", flush=True)
            enough = enough and named >= 0.9 * len(answers)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
