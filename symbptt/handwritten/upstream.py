"""A model whose gradient comes in from above: ``backward(d_outputs)`` without a loss of its own."""

from __future__ import annotations

from dataclasses import replace

from symbptt import algebra as al
from symbptt.errors import ProgramError
from symbptt.handwritten.forms import UPSTREAM
from symbptt.handwritten.names import predictions


def with_upstream(model: al.Model, name: str) -> al.Model:
    """The model up to a quantity, its loss being <quantity, what is handed in>.

    Parameters
    ----------
    name : str
        The quantity; "" for the one that the loss reads.

    Raises
    ------
    ProgramError
        If the loss reads several.
    """
    read = predictions(model)
    if not name and len(read) != 1:
        raise ProgramError(
            f"the loss of {model.name} reads {', '.join(read) or 'no quantity'}: "
            "call what is handed in after the quantity that it is the gradient of"
        )
    quantity = model.equation(name or read[0])
    last = model.loss is not None and model.loss.last
    index = al.LAST if last else al.NOW
    above = al.Ref(UPSTREAM, index, quantity.shape)
    pair = (replace(quantity.ref, index=index), above)
    rhs = al.Vector("dot", pair) if quantity.shape else al.Mul(pair)
    loss = al.Equation("loss", rhs, (), last=last)
    kept = _ancestors(model, quantity.name)
    return replace(
        model,
        inputs=(
            *(i for i in model.inputs if i.name in kept),
            al.Input(UPSTREAM, quantity.shape, timed=not last, target=True, loss_only=True),
        ),
        equations=(*(e for e in model.equations if e.name in kept), loss),
        parameters=tuple(p for p in model.parameters if p.name in kept),
        derived=tuple(d for d in model.derived if d.name in kept),
        initials=tuple(i for i in model.initials if i.name in kept),
    )


def _ancestors(model: al.Model, name: str) -> frozenset[str]:
    """What a quantity is made of, itself included."""
    rights = {each.name: each.rhs for each in model.definitions}
    starts = {i.name: i.value for i in model.initials if i.value is not None}
    found, waiting = {name}, [name]
    while waiting:
        one = waiting.pop()
        for expr in (rights.get(one), starts.get(one)):
            for node in al.walk(expr) if expr is not None else ():
                if isinstance(node, al.Ref | al.Param) and node.name not in found:
                    found.add(node.name)
                    waiting.append(node.name)
    return frozenset(found)
