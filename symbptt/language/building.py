"""From the surface tree to the algebra, once all shapes are known."""

from __future__ import annotations

from symbptt import algebra as al
from symbptt.functions.vectors import vector
from symbptt.language import products
from symbptt.language import surface as sf
from symbptt.language.constants import fold
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
                return transposed(self.expr(operand))
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
        if len(products.operand_shape(self.shapes, first) or ()) == 1:
            whole = self.expr(first)
            for matrix in rest:
                whole = al.Product(transposed(self.expr(matrix)), whole)
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
        if self.shapes.roles.functions.vector(function) is not None:
            return vector(function, *args)
        return al.Call(function, args)


def transposed(expr: al.Expr) -> al.Expr:
    return expr.operand if isinstance(expr, al.Transpose) else al.Transpose(expr)
