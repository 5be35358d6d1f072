"""The functions that a model calls: of the tables, or left abstract with a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symbptt.errors import UnknownNameError, meant
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.losses import LOSSES, LossFunction
from symbptt.functions.vectors import VECTORS, VectorFunction
from symbptt.language.names import CALLS, MATRICES, PUBLIC, Name
from symbptt.language.source import Findings
from symbptt.language.surface import Apply, Declaration, Item, nodes

# What people call a function elsewhere, and how it is written here.
_ELSEWHERE = {
    "ln": "log(v)",
    "logistic": "sigmoid(v)",
    "sigma": "sigmoid(v)",
    "swish": "silu(v)",
    "ReLU": "relu(v)",
    "square": "v ** 2",
    "pow": "v ** 2",
    "power": "v ** 2",
    "clip": "max(0, min(1, v))",
    "maximum": "max(u, v)",
    "minimum": "min(u, v)",
    "matmul": "W @ v",
    "transpose": "W.T",
    "concatenate": "concat(u, v)",
    "cat": "concat(u, v)",
    "mse": "squared_error(o, y)",
    "cross_entropy": "softmax_cross_entropy(o, y)",
    "nll": "softmax_cross_entropy(o, y)",
    "bce": "binary_cross_entropy(o, y)",
    "tan": "sin(v) / cos(v)",
    "hadamard": "u * v",
    "one_hot": "E[tok[t]] for the product of a matrix with a one-hot vector",
}
_CONVOLUTION = "a convolution is the product with a matrix, `W @ x[t]`"
_UNSAYABLE = {
    **dict.fromkeys(("conv", "conv1d", "conv2d", "convolve"), _CONVOLUTION),
    "cumsum": "a sum over steps is carried as a state, `s[t] = s[t-1] + x[t]` with `s[0] = 0`",
    "cumprod": "a product over steps is carried as a state, `p[t] = p[t-1] * x[t]` with `p[0] = 1`",
    "where": "nothing is compared; what follows a sign is `relu(v)`, `max(u, v)` or `min(u, v)`",
    "einsum": "products are written `W @ v`, `dot(u, v)` and `u * v`",
}


@dataclass
class Functions:
    """The abstract functions of a model.

    Attributes
    ----------
    declared : dict of name to declaration
        In file order.
    arity : dict of name to int
        The number of arguments with which each is called.
    defaults : dict of name to str
        The defaults, or what is bound in their place.
    """

    declared: dict[str, Declaration] = field(default_factory=dict)
    arity: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    def is_loss(self, name: str) -> bool:
        if name in self.declared:
            return self.declared[name].kind == "loss"
        return name in LOSSES

    def loss(self, name: str) -> LossFunction | None:
        """The row of a loss or of an abstract loss's default; None if it has none."""
        return LOSSES.get(self.defaults.get(name, name))

    def is_elementwise(self, name: str) -> bool:
        return not self.is_loss(name) and name not in (*VECTORS, *MATRICES, "concat")

    def vector(self, name: str) -> VectorFunction | None:
        """The row of a function of vectors; None if it is none."""
        return None if name in self.declared else VECTORS.get(name)


def resolve(
    names: Mapping[str, Name],
    items: list[Item],
    bindings: Mapping[str, str],
    findings: Findings,
) -> Functions:
    """Checks every call and finds out the arity and default of every abstract function.

    Raises
    ------
    UnknownNameError
        If ``bindings`` speak of a function that the model does not declare, or that the
        tables do not have.
    """
    functions = Functions()
    for name, entry in names.items():
        declaration = entry.declaration
        if declaration is not None and declaration.kind in ("function", "loss"):
            functions.declared[name] = declaration
    _bind(functions, bindings)
    for item in items:
        for node in nodes(item):
            if isinstance(node, Apply):
                _check_call(node, functions, names, findings)
    for name in functions.declared:
        _check_default(name, functions, name in bindings, findings)
    return functions


def _bind(functions: Functions, bindings: Mapping[str, str]) -> None:
    for name, declaration in functions.declared.items():
        if declaration.default is not None:
            functions.defaults[name] = declaration.default.name
    for name, value in bindings.items():
        if name not in functions.declared:
            declared = f"it declares: {', '.join(functions.declared) or 'none'}"
            hint = meant(name, functions.declared, declared)
            raise UnknownNameError(f"the model declares no function {name!r}; {hint}")
        kind = functions.declared[name].kind
        table = _table(kind)
        if value not in table:
            hint = meant(value, table, f"there is {', '.join(table)}")
            raise UnknownNameError(f"no {kind} is called {value!r} (for {name!r}); {hint}")
        functions.defaults[name] = value


def _table(kind: str) -> tuple[str, ...]:
    return PUBLIC if kind == "function" else tuple(LOSSES)


def _check_default(name: str, functions: Functions, bound: bool, findings: Findings) -> None:
    declaration = functions.declared[name]
    value = functions.defaults.get(name)
    if value is None:
        return
    place = declaration.default.place if declaration.default is not None else declaration.place
    table = _table(declaration.kind)
    if value not in table:
        kind = "an elementwise function" if declaration.kind == "function" else "a loss"
        hint = meant(value, table, f"there is {', '.join(table)}")
        findings.add(place, f"the default of `{name}` is {kind}, and `{value}` is none; {hint}")
    elif declaration.kind == "function" and name in functions.arity:
        wanted, found = functions.arity[name], len(FUNCTIONS[value].derivatives)
        if wanted != found:
            what = "is bound to" if bound else "has the default"
            findings.add(
                place,
                f"`{name}` is called with {_arguments(wanted)} and {what} `{value}`, "
                f"which takes {_arguments(found)}",
            )


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"


def _check_call(
    call: Apply, functions: Functions, names: Mapping[str, Name], findings: Findings
) -> None:
    name, count = call.function, len(call.args)
    if name in functions.declared and name not in CALLS:
        _check_abstract_call(call, functions, findings)
    elif name in CALLS:
        least, wanted, example = _signature(name)
        if count < least or (wanted is not None and count != wanted):
            number = _arguments(least) if wanted is not None else f"at least {_arguments(least)}"
            findings.add(
                call.place,
                f"`{name}` takes {number}, `{example}`, found {count}{_nested(name, count)}",
            )
    else:
        findings.add(call.head, _unknown(call, functions, names))


def _nested(name: str, count: int) -> str:
    if name in ("max", "min") and count > 2:
        return f"; write `{name}(u, {name}(v, w))`"
    return ""


def _check_abstract_call(call: Apply, functions: Functions, findings: Findings) -> None:
    name, count = call.function, len(call.args)
    if functions.is_loss(name):
        if count != 2:
            findings.add(
                call.place,
                f"`{name}` is a loss of 2 arguments, `{name}(o[t], y[t])`, found {count}",
            )
        return
    first = functions.arity.setdefault(name, count)
    if count == 0:
        findings.add(call.place, f"`{name}` is called without an argument, expected `{name}(v)`")
    elif first != count:
        findings.add(
            call.place,
            f"`{name}` takes {_arguments(first)} elsewhere, found {count}: "
            "a function has one number of arguments",
        )


def _signature(name: str) -> tuple[int, int | None, str]:
    """The least and the exact number of arguments (None if open), and an example."""
    count = arity(name)
    if count is None:
        return 1, None, f"{name}(u, v)"
    arguments = "o[t], y[t]" if name in LOSSES else "v" if count == 1 else "u, v"
    return count, count, f"{name}({arguments})"


def arity(name: str) -> int | None:
    """The number of arguments of a function of the tables; None if it takes any number."""
    if name == "concat":
        return None
    if name in MATRICES:
        return len(MATRICES[name])
    return 2 if name in LOSSES else len((VECTORS.get(name) or FUNCTIONS[name]).arguments)


def _unknown(call: Apply, functions: Functions, names: Mapping[str, Name]) -> str:
    name = call.function
    entry = names[name]
    if entry.timed or entry.definition:
        return (
            f"`{name}` is no function: a product is written `{name}[t] * (…)`, a step `{name}[t]`"
        )
    if entry.plain or entry.assignment or entry.declaration:
        return f"`{name}` is no function: a product is written `{name} * (…)` or `{name} @ (…)`"
    message = f"there is no function `{name}`"
    if name in _ELSEWHERE:
        return f"{message}; write `{_ELSEWHERE[name]}`"
    if name in _UNSAYABLE:
        return f"{message}: {_UNSAYABLE[name]}"
    otherwise = (
        f"an elementwise function is left abstract by declaring `{name}: function`, "
        f"and those that exist are {', '.join(PUBLIC)}"
    )
    return f"{message}; {meant(name, [*functions.declared, *CALLS], otherwise, 0.7)}"
