"""PyTorch as the reference's automatic differentiation, where it is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import torch
from torch.nn import functional


def _tensor(value: Any) -> Any:
    return torch.as_tensor(value, dtype=torch.float64)


def _unary(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(_tensor(x))


class Torch:
    """A backend of the reference."""

    functions: Mapping[str, Callable[..., Any]] = {
        "tanh": _unary(torch.tanh),
        "sigmoid": _unary(torch.sigmoid),
        "relu": _unary(torch.relu),
        "softplus": lambda x: torch.logaddexp(_tensor(x), _tensor(0)),
        "exp": _unary(torch.exp),
        "log": _unary(torch.log),
        "sqrt": _unary(torch.sqrt),
        "sin": _unary(torch.sin),
        "cos": _unary(torch.cos),
        "abs": _unary(torch.abs),
        "erf": _unary(torch.erf),
        "silu": _unary(functional.silu),
        "gelu": lambda x: _tensor(x) * torch.erfc(-_tensor(x) / math.sqrt(2)) / 2,
        "softsign": _unary(functional.softsign),
        "log_sigmoid": _unary(functional.logsigmoid),
        "max": lambda u, v: torch.maximum(*torch.broadcast_tensors(_tensor(u), _tensor(v))),
        "min": lambda u, v: torch.minimum(*torch.broadcast_tensors(_tensor(u), _tensor(v))),
        "elu": _unary(functional.elu),
        "leaky_relu": _unary(functional.leaky_relu),
        "selu": _unary(functional.selu),
        "mish": _unary(functional.mish),
        "hard_sigmoid": _unary(functional.hardsigmoid),
        "hard_tanh": _unary(functional.hardtanh),
        "sinh": _unary(torch.sinh),
        "cosh": _unary(torch.cosh),
        "arctan": _unary(torch.arctan),
        "log1p": _unary(torch.log1p),
        "expm1": _unary(torch.expm1),
    }

    def number(self, value: Fraction) -> float:
        return float(value)

    def array(self, value: Any) -> Any:
        return _tensor(value)

    def plain(self, value: Any) -> Any:
        return value.detach().numpy() if isinstance(value, torch.Tensor) else value

    def zeros(self, shape: tuple[int, ...]) -> Any:
        return torch.zeros(shape, dtype=torch.float64)

    def identity(self, size: int) -> Any:
        return torch.eye(size, dtype=torch.float64)

    def concatenate(self, parts: list[Any]) -> Any:
        return torch.cat(parts)

    def total(self, value: Any) -> Any:
        return _tensor(value).sum()

    def log_softmax(self, vector: Any) -> Any:
        return torch.log_softmax(vector, dim=0)

    def differentiate(
        self, function: Callable[[dict[str, Any]], Any], variables: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        leaves = {
            name: _tensor(value).clone().requires_grad_() for name, value in variables.items()
        }
        value = _tensor(function(leaves))
        if value.requires_grad:
            value.backward()
        grads = {
            name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
            for name, leaf in leaves.items()
        }
        return float(value.detach()), {name: grad.numpy() for name, grad in grads.items()}
