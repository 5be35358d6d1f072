"""Models and unrolled equations as text for a terminal and as data for a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from symbptt.algebra import Input, Model
from symbptt.calculus.normal import introduced
from symbptt.calculus.unrolling import ExplicitLine
from symbptt.tables import table
from symbptt.typeset.plain import plain, plain_dim, plain_shape

Data = dict[str, Any]

# --- a model ---------------------------------------------------------------------------


def model_text(model: Model) -> str:
    """The equations of a model with what was inferred: shapes and roles."""
    data = model_data(model)
    sections: dict[str, list[list[str]]] = {
        "dimensions": [[", ".join(model.dims)]] if model.dims else [],
        "constants": [[name, "=", value] for name, value in data["constants"].items()],
        "inputs": [
            [f"{i['name']}[{i['step']}]", _shape_text(i), i["comment"] or "target" * i["target"]]
            for i in data["inputs"]
        ],
        "parameters": [
            [
                p["name"],
                _shape_text(p),
                ", ".join(filter(None, ("fixed" * p["fixed"], p["comment"]))),
            ]
            for p in data["parameters"]
        ],
        "derived parameters": [[*_defined(d), d["comment"]] for d in data["derived"]],
        "functions left abstract": [
            [name, f"{default} by default" if default else f"no default: --bind {name}=…"]
            for name, default in data["functions"].items()
        ],
        "initial values": [
            [*_defined(i), "fixed" if i["formula"] else "given by the caller, else zeros"]
            for i in data["initial_values"]
        ],
        "equations": [
            [*_defined(e), "" if e["role"] == "quantity" else e["role"], e["comment"]]
            for e in data["equations"]
        ],
        "total loss": [_total(model)] if model.summed else [],
        "notes": [[note] for note in data["notes"]],
    }
    parts = ("\n".join((title, *table(rows))) for title, rows in sections.items() if rows)
    return "\n\n".join(parts) + "\n"


def _total(model: Model) -> list[str]:
    """How losses are totalled, where that is not their mean."""
    total = model.total
    over = "the sequences" if total.last else "the steps of all sequences"
    return [f"L = {plain(total.formula)}", f"summed over {over}"]


def _defined(row: Data) -> tuple[str, str]:
    """What is defined with its formula, and its shape."""
    left = f"{row['name']}[{row['step']}]" if "step" in row else row["name"]
    return f"{left} = {row['formula']}" if row["formula"] else left, _shape_text(row)


def _shape_text(row: Data) -> str:
    indexed = row.get("index_into")
    return f"index into {indexed}" if indexed else plain_shape(tuple(row["shape"]))


def model_data(model: Model) -> Data:
    """The same as plain lists and dicts, every shape a list of names and lengths."""
    return {
        "model": model.name,
        "dims": list(model.dims),
        "constants": {name: str(value) for name, value in model.constants},
        "inputs": [_input_data(source) for source in model.inputs],
        "parameters": [
            {
                "name": p.name,
                "shape": _shape(p.shape),
                "comment": p.comment,
                "fixed": p.fixed,
            }
            for p in model.parameters
        ],
        "derived": [
            {
                "name": d.name,
                "shape": _shape(d.shape),
                "formula": plain(d.rhs),
                "comment": d.comment,
            }
            for d in model.derived
        ],
        "functions": {a.name: a.default or "" for a in model.abstract},
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
                "role": model.role(e.name),
                "comment": e.comment,
            }
            for e in model.equations
        ],
        "total": model.total.word if model.loss else None,
        "notes": list(notes(model)),
    }


def notes(model: Model) -> Iterator[str]:
    """What a reader may not expect: vectors whose length nothing tells."""
    for dim in model.dims:
        held = [(p.name, p.shape) for p in model.parameters if dim in p.shape]
        given = [(f"{i.name}[{'t' if i.timed else 'T'}]", i.shape) for i in model.inputs]
        given = [(name, shape) for name, shape in given if dim in shape]
        indexed = any(source.index_dim == dim for source in model.inputs)
        named = dim.startswith("n_") and not indexed
        if named and held and all(shape == (dim,) for _, shape in (*held, *given)):
            names = [name for name, _ in (*held, *given)]
            are = "is a vector" if len(names) == 1 else "are vectors"
            yield (
                f"{dim}: no matrix and no declaration tells this length, so {', '.join(names)} "
                f"{are}, taken entry by entry; a number is declared, `{held[0][0]}: scalar`"
            )


def _input_data(source: Input) -> Data:
    indexed = None if source.index_dim is None else plain_dim(source.index_dim)
    return {
        "name": source.name,
        "step": "t" if source.timed else "T",
        "shape": _shape(source.shape),
        "index_into": indexed,
        "target": source.target,
        "comment": source.comment,
    }


def _shape(shape: Iterable[Any]) -> list[str | int]:
    return [dim if isinstance(dim, int) else plain_dim(dim) for dim in shape]


# --- unrolled equations ----------------------------------------------------------------


def lines_text(lines: Sequence[ExplicitLine], horizon: int, normal: Model | None = None) -> str:
    """One equation a line; then what the names mean that the normal form brought in.

    What is said of L is said for T = ``horizon`` alone.
    """
    rows = [
        (
            f"{plain(line.left)} = {_right(line)}{_condition(line, horizon)}",
            f"# {line.comment}" if line.comment else "",
        )
        for line in lines
    ]
    text = table(rows, indent="")
    sides = [side for line in lines for side in (line.left, line.right) if side is not None]
    if normal is not None and (names := introduced(normal, sides)):
        text += ["", "where", *table([f"{plain(e.ref)} = {plain(e.rhs)}"] for e in names)]
    return "\n".join(text) + "\n"


def _right(line: ExplicitLine) -> str:
    return "given by the caller, else zeros" if line.right is None else plain(line.right)


def _condition(line: ExplicitLine, horizon: int) -> str:
    return f" for T = {horizon}" if line.of_total else ""


def lines_data(lines: Sequence[ExplicitLine]) -> list[Mapping[str, str | None]]:
    return [
        {
            "left": plain(line.left),
            "right": None if line.right is None else plain(line.right),
            "comment": line.comment,
        }
        for line in lines
    ]
