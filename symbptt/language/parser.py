"""Reading a model (first form: the built-in models only; replaced shortly)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from symbptt.algebra import (
    LAST, NOW, Abstract, Add, Call, Dim, Equation, Expr, Index, Initial, Input, Loss, Lookup,
    Model, Mul, Neg, Number, Param, Parameter, Product, Ref,
)
from symbptt.functions import FUNCTIONS, LOSSES


def parse(
    text: str, name: str = "model", path: str = "", bindings: Mapping[str, str] | None = None
) -> Model:
    tree = ast.parse(text)
    comments = [line.partition("#")[2].strip() for line in text.splitlines()]
    parent: dict[Any, Any] = {}

    def find(x: Any) -> Any:
        while x in parent:
            x = parent[x]
        return x

    def unify(a: Any, b: Any) -> None:
        a, b = find(a), find(b)
        if a != b:
            assert isinstance(a, tuple) or isinstance(b, tuple), (a, b)
            if isinstance(a, tuple):
                parent[a] = b
            else:
                parent[b] = a

    shapes: dict[str, tuple[Any, ...]] = {}
    abstract: dict[str, Abstract] = {}
    index_inputs: dict[str, Any] = {}
    order: list[str] = []
    defs: list[tuple[str, ast.expr, bool, int]] = []
    targets: set[str] = set()
    lags: dict[str, int] = {}
    timed: dict[str, bool] = {}
    for s in tree.body:
        if isinstance(s, ast.AnnAssign):
            assert isinstance(s.target, ast.Name)
            n = s.target.id
            a = s.annotation
            if isinstance(a, ast.Tuple):
                shapes[n] = tuple(e.id if isinstance(e, ast.Name) else e.value for e in a.elts)  # type: ignore[attr-defined]
                order.append(n)
            else:
                kind = a.id  # type: ignore[attr-defined]
                if kind == "index":
                    index_inputs[n] = (n, 0)
                    order.append(n)
                elif kind == "scalar":
                    shapes[n] = ()
                    order.append(n)
                else:
                    d = s.value.id if isinstance(s.value, ast.Name) else None
                    abstract[n] = Abstract(n, 1, (bindings or {}).get(n, d), kind == "loss")
        elif isinstance(s, ast.Assign):
            tgt = s.targets[0]
            assert isinstance(tgt, ast.Subscript) and isinstance(tgt.value, ast.Name)
            last = isinstance(tgt.slice, ast.Name) and tgt.slice.id == "T"
            defs.append((tgt.value.id, s.value, last, s.lineno))
            order.append(tgt.value.id)
    defined = [d[0] for d in defs]
    where: dict[str, int] = {}

    def shape_of(n: str, rank: int) -> tuple[Any, ...]:
        if n in index_inputs:
            return ()
        if n not in shapes:
            shapes[n] = tuple((n, i) for i in range(rank))
        return shapes[n]

    def note(n: str, line: int) -> None:
        if n not in order:
            order.append(n)
        where.setdefault(n, line)

    def loss_name(n: str) -> str | None:
        if n in LOSSES:
            return n
        return abstract[n].default if n in abstract and abstract[n].loss else None

    def infer(e: ast.expr, rank: int = 1) -> tuple[Any, ...]:
        match e:
            case ast.Constant():
                return ()
            case ast.Name(id=n):
                note(n, e.lineno)
                return shape_of(n, rank)
            case ast.Subscript(value=ast.Name(id=n), slice=ast.Subscript(value=ast.Name(id=i))):
                note(n, e.lineno)
                infer(e.slice, 0)
                sh = shape_of(n, 2)
                unify(sh[0], index_inputs[i])
                return (sh[1],)
            case ast.Subscript(value=ast.Name(id=n), slice=sl):
                note(n, e.lineno)
                lags[n] = max(lags.get(n, 0), -index(sl).offset)
                timed[n] = timed.get(n, False) or index(sl).terms[0][0] == "t"
                return shape_of(n, rank)
            case ast.BinOp(left=a, op=ast.MatMult(), right=b):
                left, right = infer(a, 2), infer(b)
                unify(left[1], right[0])
                return (left[0],)
            case ast.BinOp(left=a, right=b):
                left, right = infer(a), infer(b)
                if left and right:
                    unify(left[0], right[0])
                return left or right
            case ast.UnaryOp(operand=a):
                return infer(a)
            case ast.Call(func=ast.Name(id=f), args=args):
                if f in LOSSES or f in abstract and abstract[f].loss:
                    y = args[1].value.id  # type: ignore[attr-defined]
                    o = infer(args[0])
                    lf = loss_name(f)
                    if lf and LOSSES[lf].index_target:
                        index_inputs[y] = o[0]
                    targets.add(y)
                    got = infer(args[1], len(o))
                    if got:
                        unify(o[0], got[0])
                    return ()
                parts = [infer(a) for a in args]
                return max(parts, key=len)
        raise AssertionError(ast.dump(e))

    def index(e: ast.expr) -> Index:
        match e:
            case ast.Name(id=n):
                return NOW if n == "t" else LAST
            case ast.BinOp(left=ast.Name(id=n), op=ast.Sub(), right=ast.Constant(value=int(k))):
                return Index.of(n, -k)
        raise AssertionError

    for n, e, _, line in defs:
        note(n, line)
        sh = infer(e)
        if n == "loss":
            shapes[n] = ()
        elif n in shapes:
            unify(shapes[n][0], sh[0])
        else:
            shapes[n] = sh
    ordered = [n for n in order if n not in abstract]
    inputs = [n for n in dict.fromkeys(ordered) if n in lags and n not in defined]
    states = [n for n in defined if lags.get(n)]
    ranked = inputs + states + [n for n in dict.fromkeys(ordered)]
    names: dict[Any, str] = {}
    dims: list[str] = []
    for n in ranked:
        these = (index_inputs[n],) if n in index_inputs else shapes[n]
        for d in these:
            root = find(d)
            if isinstance(root, tuple) and root not in names:
                names[root] = "n_" + n
            dim = names.get(root, root)
            if isinstance(dim, str) and dim not in dims:
                dims.append(dim)

    def solve(d: Any) -> Dim:
        root = find(d)
        result: Dim = names.get(root, root)
        return result

    final = {n: tuple(solve(d) for d in s) for n, s in shapes.items()}
    final.update({n: () for n in index_inputs})

    def flat(e: ast.expr, add: bool, top: bool = True) -> list[Expr]:
        ops: tuple[Any, ...] = (ast.Add, ast.Sub) if add else (ast.Mult,)
        if isinstance(e, ast.BinOp) and isinstance(e.op, ops) and (top or True):
            r = build(e.right)
            return [*flat(e.left, add), Neg(r) if isinstance(e.op, ast.Sub) else r]
        return [build(e)]

    def build(e: ast.expr) -> Expr:
        match e:
            case ast.Constant(value=v):
                return Number(Fraction(str(v)), str(v))
            case ast.Name(id=n):
                return Param(n, final[n])
            case ast.Subscript(value=ast.Name(id=n), slice=ast.Subscript() as row):
                return Lookup(Param(n, final[n]), build(row))
            case ast.Subscript(value=ast.Name(id=n), slice=sl):
                return Ref(n, index(sl), final[n])
            case ast.BinOp(left=a, op=ast.MatMult(), right=b):
                return Product(build(a), build(b))
            case ast.BinOp(op=ast.Mult()):
                return Mul(tuple(flat(e, False)))
            case ast.BinOp():
                return Add(tuple(flat(e, True)))
            case ast.UnaryOp(operand=a):
                return Neg(build(a))
            case ast.Call(func=ast.Name(id=f), args=args):
                if f in LOSSES or f in abstract and abstract[f].loss:
                    return Loss(f, build(args[0]), build(args[1]))
                assert f in FUNCTIONS or f in abstract
                return Call(f, tuple(build(a) for a in args))
        raise AssertionError

    eqs = [
        Equation(n, build(e), final[n], comments[line - 1], line, last)
        for n, e, last, line in defs
    ]
    eqs.sort(key=lambda q: q.name == "loss")
    return Model(
        name=name, text=text, dims=tuple(dims), path=path,
        parameters=tuple(
            Parameter(n, final[n], "", where[n])
            for n in dict.fromkeys(ordered) if n not in lags and n not in defined
        ),
        inputs=tuple(
            Input(n, final[n], solve(index_inputs[n]) if n in index_inputs else None,
                  timed[n], n in targets, n in targets)
            for n in inputs
        ),
        equations=tuple(eqs),
        initials=tuple(
            Initial(n, -k, final[n]) for n in inputs + states for k in range(lags.get(n, 0))
        ),
        abstract=tuple(abstract.values()),
    )
