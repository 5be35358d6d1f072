"""Abstract functions and losses replaced by concrete ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symbptt.algebra import Abstract, Call, Expr, Loss, Model, map_children
from symbptt.errors import UnboundFunctionError, UnknownNameError
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES
from symbptt.language.parser import parse


def bind(
    model: Model, bindings: Mapping[str, str] | None = None, *, defaults: bool = True
) -> Model:
    """The model with its abstract functions and losses replaced by concrete ones.

    Parameters
    ----------
    bindings : mapping of str to str, optional
        Abstract name to the name of a function or loss of the table.
    defaults : bool
        Use the model's own default for what ``bindings`` leaves out.

    Raises
    ------
    UnknownNameError
        If a binding names no abstract function of the model, or no known function.
    UnboundFunctionError
        If, with ``defaults``, a function is left without a binding.
    """
    chosen = dict(bindings or {})
    _check_bindings(model, chosen)
    if chosen and any(a.loss and a.name in chosen for a in model.abstract):
        model = _reread(model, chosen)
    names = {a.name: chosen.get(a.name, a.default if defaults else None) for a in model.abstract}
    for name, target in names.items():
        if target is None and defaults:
            raise UnboundFunctionError(
                f"{model.name}: the function {name} is abstract and has no default; "
                f"bind it, as in --bind {name}=tanh"
            )
    bound = {name: target for name, target in names.items() if target is not None}

    def concrete(expr: Expr) -> Expr:
        expr = map_children(expr, concrete)
        if isinstance(expr, Call | Loss) and expr.function in bound:
            return replace(expr, function=bound[expr.function])
        return expr

    return replace(
        model,
        equations=tuple(replace(e, rhs=concrete(e.rhs)) for e in model.equations),
        derived=tuple(replace(d, rhs=concrete(d.rhs)) for d in model.derived),
        initials=tuple(
            i if i.value is None else replace(i, value=concrete(i.value)) for i in model.initials
        ),
        abstract=tuple(a for a in model.abstract if a.name not in bound),
    )


def _check_bindings(model: Model, bindings: Mapping[str, str]) -> None:
    known = {a.name: a for a in model.abstract}
    for name, target in bindings.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            raise UnknownNameError(
                f"{model.name} has no abstract function {name!r}; its abstract functions: {listed}"
            )
        _check_target(known[name], target)


def fitting(abstract: Abstract) -> list[str]:
    """The functions, or losses, of the table that can stand for an abstract one."""
    if abstract.loss:
        return list(LOSSES)
    arity = abstract.arity
    return [f.name for f in FUNCTIONS.values() if f.public and len(f.derivatives) == arity]


def _check_target(abstract: Abstract, target: str) -> None:
    known = fitting(abstract)
    if target not in known:
        expected = f"expected one of: {', '.join(known)}"
        if not known:
            expected = f"no function of the table takes {abstract.arity} arguments"
        raise UnknownNameError(f"{abstract.name} can't be bound to {target!r}; {expected}")


def _reread(model: Model, bindings: Mapping[str, str]) -> Model:
    """A loss settles the shape and kind of its target, so the text is read again with it."""
    return parse(model.text, model.name, model.path, bindings=bindings)
