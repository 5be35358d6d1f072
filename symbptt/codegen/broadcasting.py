"""What a matrix a row asks of NumPy: scalars beside it that say so, and its entries end to end.

Over rows a scalar is a column, (rows, 1), which broadcasts against vectors, (rows, n), but not
against matrices, (rows, n, m). Here it is put into a `Fill` of the matrix's shape, which the
printers know. The functions of whole vectors and the losses take what stands in a row; a
matrix is laid out for them, row by row.
"""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.program import Assign, Block, Program


def with_matrices(program: Program) -> Program:
    """The program with all scalars beside matrices, and all functions of matrices, laid out."""
    return replace(
        program,
        forward=_blocks(program.forward),
        loss=_blocks(program.loss),
        backward=_blocks(program.backward),
        gradients=_blocks(program.gradients),
    )


def _blocks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return tuple(replace(b, statements=tuple(map(_statement, b.statements))) for b in blocks)


def _statement(statement: Assign) -> Assign:
    """A Jacobian is no value of a row: `symbptt.codegen.tangents` prints it as it is."""
    if isinstance(statement.target, al.Derivative) or isinstance(statement.value, al.Pullback):
        return statement
    return replace(statement, value=al.transform(statement.value, laid_out))


def laid_out(node: al.Expr) -> al.Expr:
    """A node over rows whose operands stand as NumPy needs them."""
    if node.pointwise and len(node.shape) == 2:
        return al.map_children(node, lambda operand: _beside(operand, node.shape))
    if isinstance(node, al.Vector | al.Loss) and is_rowwise(node):
        return al.map_children(node, _end_to_end)
    return node


def _beside(operand: al.Expr, shape: al.Shape) -> al.Expr:
    if operand.shape or not is_rowwise(operand):
        return operand
    return al.Fill(operand, shape)


def _end_to_end(operand: al.Expr) -> al.Expr:
    return al.Vec(operand) if len(operand.shape) == 2 else operand
