"""PyTorch's `nn.RNN`, `nn.LSTM` and `nn.GRU` with autograd, as a contender."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.task import Call, Gradient, Task

LAYERS = {"tanh": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
# The model's gates in PyTorch's order; "h" stands for the only one of an Elman network.
GATES = {"tanh": "h", "lstm": "ifgo", "gru": "rzn"}


def call(task: Task) -> Call:
    """A step of training without the update: mean cross entropy, gradients of all parameters."""
    size = task.size
    dtype = getattr(torch, np.dtype(task.dtype).name)
    layer = LAYERS[task.cell](size.d, size.h, dtype=dtype)
    head = nn.Linear(size.h, size.q, dtype=dtype)
    _load(task, layer, head)
    x = torch.from_numpy(task.inputs["x"])
    y = torch.from_numpy(task.inputs["y"]).reshape(-1)
    both = nn.ModuleList([layer, head])
    loss_of = nn.CrossEntropyLoss()

    def run() -> Any:
        both.zero_grad(set_to_none=True)
        states, _ = layer(x)
        loss = loss_of(head(states).reshape(-1, size.q), y)
        loss.backward()
        return loss

    def kept() -> int:
        """Bytes of what autograd saves, without parameters and inputs, and of the gradients."""
        own = {tensor.untyped_storage().data_ptr() for tensor in (x, y, *both.parameters())}
        saved: dict[int, int] = {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            run()
        gradients = sum(p.numel() * p.element_size() for p in both.parameters())
        return gradients + sum(size for place, size in saved.items() if place not in own)

    return Call(run, lambda loss: _read(task, float(loss.detach()), layer, head), kept)


def _load(task: Task, layer: Any, head: nn.Linear) -> None:
    p, gates = task.params, GATES[task.cell]
    beside = {"b_n": p["b_xn"]} if "b_xn" in p else {}
    with torch.no_grad():
        for into, names in (
            (layer.weight_ih_l0, [f"W_x{g}" for g in gates]),
            (layer.weight_hh_l0, [f"W_h{g}" for g in gates]),
            (layer.bias_ih_l0, [f"b_{g}" for g in gates]),
        ):
            into.copy_(torch.from_numpy(np.concatenate([{**p, **beside}[n] for n in names])))
        layer.bias_hh_l0.zero_()
        if beside:
            layer.bias_hh_l0[-task.size.h :] = torch.from_numpy(p["b_hn"])
        head.weight.copy_(torch.from_numpy(p["W_qh"]))
        head.bias.copy_(torch.from_numpy(p["b_q"]))


def _read(task: Task, loss: float, layer: Any, head: Any) -> Gradient:
    gates = GATES[task.cell]
    grads = {"W_qh": head.weight.grad.numpy(), "b_q": head.bias.grad.numpy()}
    for stem, array in (
        ("W_x", layer.weight_ih_l0),
        ("W_h", layer.weight_hh_l0),
        ("b_", layer.bias_ih_l0),
    ):
        parts = np.split(array.grad.numpy(), len(gates))
        grads |= {f"{stem}{gate}": part for gate, part in zip(gates, parts, strict=True)}
    if task.cell == "gru":
        grads["b_xn"] = grads.pop("b_n")
        grads["b_hn"] = np.split(layer.bias_hh_l0.grad.numpy(), len(gates))[-1]
    return loss, grads
