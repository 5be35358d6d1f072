"""Models and unrolled equations as text for a terminal and as data for a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from symbptt.algebra import Equation, Initial, Input, Model
from symbptt.calculus.normal import introduced
from symbptt.calculus.unrolling import ExplicitLine
from symbptt.tables import table
from symbptt.typeset.plain import plain, plain_dim, plain_shape

Data = dict[str, Any]

# --- a model ---------------------------------------------------------------------------


def model_text(model: Model) -> str:
    """The equations of a model with what was inferred: shapes and roles."""
    sections: tuple[tuple[str, list[list[str]]], ...] = (
        ("dimensions", [[", ".join(model.dims)]] if model.dims else []),
        ("constants", [[name, "=", str(value)] for name, value in model.constants]),
        ("inputs", [_input_row(source) for source in model.inputs]),
        ("parameters", [[p.name, plain_shape(p.shape), p.comment] for p in model.parameters]),
        (
            "derived parameters",
            [
                [f"{d.name} = {plain(d.rhs)}", plain_shape(d.shape), d.comment]
                for d in model.derived
            ],
        ),
        ("functions left abstract", [_abstract_row(*a) for a in _abstract(model)]),
        ("initial values", [_initial_row(initial) for initial in model.initials]),
        ("equations", [_equation_row(model, equation) for equation in model.equations]),
    )
    lines: list[str] = []
    for title, rows in sections:
        if rows:
            lines += ["", title, *table(rows)]
    return "\n".join(lines[1:]) + "\n"


def _input_row(source: Input) -> list[str]:
    shape = plain_shape(source.shape)
    if source.index_dim is not None:
        shape = f"index into {plain_dim(source.index_dim)}"
    return [f"{source.name}[{'t' if source.timed else 'T'}]", shape, _input_role(source)]


def _input_role(source: Input) -> str:
    return source.comment or ("target" if source.target else "")


def _abstract(model: Model) -> list[tuple[str, str]]:
    """Each abstract function with what stands for it in code."""
    return [(a.name, a.default or "") for a in model.abstract]


def _abstract_row(name: str, default: str) -> list[str]:
    return [name, f"{default} by default" if default else f"no default: --bind {name}=…"]


def _initial_row(initial: Initial) -> list[str]:
    if initial.value is None:
        return [initial.key, plain_shape(initial.shape), "given by the caller, else zeros"]
    return [f"{initial.key} = {plain(initial.value)}", plain_shape(initial.shape), "fixed"]


def _equation_row(model: Model, equation: Equation) -> list[str]:
    left = plain(equation.ref)
    return [
        f"{left} = {plain(equation.rhs)}",
        plain_shape(equation.shape),
        _equation_role(model, equation),
        equation.comment,
    ]


def _equation_role(model: Model, equation: Equation) -> str:
    if equation.name == "loss":
        return "loss"
    return "state" if equation.name in model.states else ""


def model_data(model: Model) -> Data:
    """The same as plain lists and dicts, every shape a list of names and lengths."""
    return {
        "model": model.name,
        "dims": list(model.dims),
        "constants": {name: str(value) for name, value in model.constants},
        "inputs": [_input_data(source) for source in model.inputs],
        "parameters": [
            {"name": p.name, "shape": _shape(p.shape), "comment": p.comment}
            for p in model.parameters
        ],
        "derived": [
            {"name": d.name, "shape": _shape(d.shape), "formula": plain(d.rhs)}
            for d in model.derived
        ],
        "functions": dict(_abstract(model)),
        "initial_values": [
            {
                "name": i.key,
                "shape": _shape(i.shape),
                "formula": None if i.value is None else plain(i.value),
            }
            for i in model.initials
        ],
        "equations": [
            {
                "name": e.name,
                "step": str(e.index),
                "shape": _shape(e.shape),
                "formula": plain(e.rhs),
                "role": _equation_role(model, e) or "quantity",
                "comment": e.comment,
            }
            for e in model.equations
        ],
    }


def _input_data(source: Input) -> Data:
    indexed = None if source.index_dim is None else plain_dim(source.index_dim)
    return {
        "name": source.name,
        "step": "t" if source.timed else "T",
        "shape": _shape(source.shape),
        "index_into": indexed,
        "target": source.target,
    }


def _shape(shape: Iterable[Any]) -> list[str | int]:
    return [dim if isinstance(dim, int) else plain_dim(dim) for dim in shape]


# --- unrolled equations ----------------------------------------------------------------


def lines_text(lines: Sequence[ExplicitLine], normal: Model | None = None) -> str:
    """One equation a line; then what the names mean that the normal form brought in."""
    rows = [(f"{plain(line.left)} = {_right(line)}", _remark(line)) for line in lines]
    text = table(rows, indent="")
    sides = [side for line in lines for side in (line.left, line.right) if side is not None]
    if normal is not None and (names := introduced(normal, sides)):
        text += ["", "where", *table([f"{plain(e.ref)} = {plain(e.rhs)}"] for e in names)]
    return "\n".join(text) + "\n"


def _right(line: ExplicitLine) -> str:
    return "given by the caller, else zeros" if line.right is None else plain(line.right)


def _remark(line: ExplicitLine) -> str:
    return f"# {line.comment}" if line.comment else ""


def lines_data(lines: Sequence[ExplicitLine]) -> list[Mapping[str, str | None]]:
    return [
        {
            "left": plain(line.left),
            "right": None if line.right is None else plain(line.right),
            "comment": line.comment,
        }
        for line in lines
    ]
