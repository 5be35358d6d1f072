"""The slips of Python code: from a node to what may stand there in its place."""

from __future__ import annotations
import __future__

import ast
import copy
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

Function = ast.FunctionDef
Slip = Callable[[Any], Iterator[ast.AST]]

NEAR_ONE = ast.Constant(1 + 1e-6)
COUNTERPARTS = {
    "zeros": ("empty",), "zeros_like": ("empty_like",), "tanh": ("sin",), "maximum": ("minimum",),
    "minimum": ("maximum",), "max": ("min",), "min": ("max",), "any": ("all",), "all": ("any",),
    "sum": ("max",), "exp": ("expm1",), "float64": ("float32",), "multiply": ("add",),
    "add": ("subtract", "multiply"), "subtract": ("add",), "ceil": ("floor",),
}  # fmt: skip
"""Names of functions and types, and what is written for them."""


@dataclass(frozen=True)
class Planted:
    """A function with one slip; ``before`` and ``after`` are the part that changed.

    ``digest`` is that of the function without it.
    """

    function: str
    kind: str
    line: int
    before: str
    after: str
    tree: Function
    digest: str

    @property
    def name(self) -> str:
        return f"{self.function}:{self.kind}:{self.before} -> {self.after}"


def put(node: Any, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _sign(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Add()) | ast.AugAssign(op=ast.Add()):
            yield put(node, op=ast.Sub())
        case ast.BinOp(op=ast.Sub()) | ast.AugAssign(op=ast.Sub()):
            yield put(node, op=ast.Add())
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield operand


def _term(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from (node.left, node.right)


def _factor(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(op=ast.Mult() | ast.MatMult()):
            yield from (node.left, node.right)
        case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Pow()):
            yield node.left


def _near_one(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.Assign(value=ast.BinOp() | ast.Call() as value) | ast.AugAssign(value=value):
            yield put(node, value=ast.BinOp(value, ast.Mult(), NEAR_ONE))
        case ast.Return(value=ast.BinOp() as value):
            yield put(node, value=ast.BinOp(value, ast.Mult(), NEAR_ONE))


def _transpose(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.Attribute(attr="T", value=value):
            yield value
        case ast.BinOp(op=ast.MatMult()):
            yield put(node, right=ast.Attribute(node.right, "T", ast.Load()))
            yield put(node, left=node.right, right=node.left)


def _number(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.Constant(node.value + 1)
        if node.value:
            yield ast.Constant(node.value - 1)
    if isinstance(node, ast.Constant) and type(node.value) is float:
        yield ast.Constant(node.value * (1 + 1e-6))


def _slice(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if (bound := getattr(node, end)) is not None:
                yield put(node, **{end: None})
                yield put(node, **{end: ast.BinOp(bound, ast.Add(), ast.Constant(1))})


_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def _comparison(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            yield put(node, ops=[*node.ops[:k], _COMPARED[type(op)](), *node.ops[k + 1 :]])


def _condition(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield put(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.If | ast.IfExp):
        yield put(node, test=ast.Constant(False))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield put(node, ifs=[])
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield put(node, op=other)


def _mask(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            yield operand
        case ast.Call(func=ast.Attribute(attr="where"), args=[_, yes, no]):
            yield from (yes, no)
        case ast.BinOp(op=ast.BitAnd()):
            yield from (node.left, node.right)
        case ast.BinOp(op=ast.BitOr()):
            yield node.left


def _dropped(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Call() | ast.Yield()) | ast.AugAssign():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Call(keywords=[*_, ast.keyword()]):
            for k in range(len(node.keywords)):
                yield put(node, keywords=[*node.keywords[:k], *node.keywords[k + 1 :]])


def _stored(node: Any) -> Iterator[ast.AST]:
    """What is added is stored, what is stored is added."""
    match node:
        case ast.AugAssign(target=target, value=value):
            yield ast.Assign([target], value)
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            yield ast.AugAssign(target, ast.Add(), value)


def _other(node: Any) -> Iterator[ast.AST]:
    match node:
        case ast.Attribute(attr=name) if name in COUNTERPARTS:
            yield from (put(node, attr=other) for other in COUNTERPARTS[name])
        case ast.Call(func=ast.Name(id=name) as func) if name in COUNTERPARTS:
            for other in COUNTERPARTS[name]:
                yield put(node, func=put(func, id=other))
        case ast.Call(args=[first, second, *rest]) if not isinstance(first, ast.Starred):
            yield put(node, args=[second, first, *rest])


SHIFTED = {"prev": "now", "now": "prev", "back": "ahead", "first": "last", "last": "first"}


def _shift(node: Any) -> Iterator[ast.AST]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in SHIFTED:
        yield put(node, id=SHIFTED[node.id])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        if len(node.args) == 1:
            yield put(node, args=[ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))])
        yield ast.Call(ast.Name("reversed", ast.Load()), [node], [])


SLIPS: dict[str, Slip] = {
    "sign": _sign,
    "dropped term": _term,
    "dropped factor": _factor,
    "factor near 1": _near_one,
    "transpose": _transpose,
    "number off by one": _number,
    "slice": _slice,
    "threshold": _comparison,
    "condition": _condition,
    "mask": _mask,
    "dropped statement": _dropped,
    "stored for added": _stored,
    "another function": _other,
    "shift": _shift,
}

_LEFT_ALONE = (ast.Raise, ast.Assert, ast.JoinedStr, ast.arguments)


def sites(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body; messages, annotations and defaults are left alone."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, _LEFT_ALONE):
                yield child
                yield from sites(child)


def planted(function: Function, name: str) -> Iterator[Planted]:
    """The function with every single slip."""
    digest = hashlib.sha256(ast.unparse(function).encode()).hexdigest()[:12]
    for node in sites(function):
        for kind, slip in SLIPS.items():
            for new in slip(node):
                before, after = ast.unparse(node), ast.unparse(ast.fix_missing_locations(new))
                if before != after:
                    tree = _with(function, node, new)
                    line = getattr(node, "lineno", function.lineno)
                    yield Planted(name, kind, line, _short(before), _short(after), tree, digest)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:60]} … {line[-25:]}"


def _with(function: Function, old: ast.AST, new: ast.AST) -> Function:
    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is target else self.generic_visit(node)

    memo: dict[int, Any] = {}
    whole = copy.deepcopy(function, memo)
    target = memo[id(old)]
    changed = Put().visit(whole)
    assert isinstance(changed, Function)
    return ast.fix_missing_locations(changed)


def functions(tree: ast.Module) -> dict[str, Function]:
    """The functions of a module and the methods of its classes, by name."""
    found: dict[str, Function] = {}
    for node in tree.body:
        if isinstance(node, Function):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            methods = (item for item in node.body if isinstance(item, Function))
            found |= {f"{node.name}.{method.name}": method for method in methods}
    return found


def code_of(function: Function) -> CodeType | None:
    """The code object of a function; None where it closes over names around it, or is no Python."""
    bare = put(function, decorator_list=[], returns=None)
    flags = __future__.annotations.compiler_flag
    try:
        whole = compile(ast.Module([bare], []), "<mutant>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    inner = (c for c in whole.co_consts if isinstance(c, CodeType) and c.co_name == function.name)
    return next(inner, None)


def spread(found: list[Planted], most: int, in_all: int = 1000) -> list[Planted]:
    """At most so many of each kind in a function, and so many in all, from first to last."""
    groups: dict[str, list[Planted]] = defaultdict(list)
    for one in found:
        groups[one.kind].append(one)
    return evenly([one for group in groups.values() for one in evenly(group, most)], in_all)


def evenly(group: list[Any], most: int) -> list[Any]:
    """At most so many, from first to last."""
    count = min(most, len(group))
    return [group[k * len(group) // count] for k in range(count)]
