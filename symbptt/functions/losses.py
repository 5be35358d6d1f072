"""The losses l(o, y): one row each, read by every room.

Adding a loss is adding a row. Its formulas are written in ``o`` and ``y`` as those of
`symbptt.functions.vectors` are; where y is an integer, ``v[y]`` is the entry that it names,
``onehot(y)`` the unit vector, and ``cases(y, u, v)`` has the entries of ``u`` there and those
of ``v`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbptt.algebra import Call, Cases, Expr, Loss, OneHot
from symbptt.functions.vectors import stated


@dataclass(frozen=True)
class LossFunction:
    """A loss.

    Attributes
    ----------
    name : str
    words : str
        What it is, on a line.
    definition : str
    gradients : tuple of tuple of str
        By each argument: a chain of equal formulas, from the derivative as it is worked out
        to what is left when all is cancelled. Empty for an integer.
    latex : str
        A formula with its parts between angle brackets.
    about : str
        What it is, in words (LaTeX), where its sign does not tell.
    numpy : str
        The call for the rows of arrays; empty where the definition serves.
    names : tuple of (letter, formula)
        What the gradient is written with: the normal form names it.
    """

    name: str
    words: str
    definition: str
    gradients: tuple[tuple[str, ...], tuple[str, ...]]
    latex: str
    about: str = ""
    numpy: str = ""
    names: tuple[tuple[str, str], ...] = ()

    @property
    def index_target(self) -> bool:
        """Whether y is an integer, and not shaped like o."""
        return not self.gradients[1]


_ROWS = (
    LossFunction(
        "softmax_cross_entropy",
        "-log softmax(o)[y]",
        "-log(softmax(o)[y])",
        # Outside the derivative of -log at p_y, inside dp_y/do_i by the quotient rule on
        # exp(o_y) / S: p_y - p_y^2 for i = y and -p_y p_i otherwise.
        (
            (
                "cases(y, -(1/p[y])*(p[y] - p[y]**2), -(1/p[y])*-(p[y]*p))",
                "cases(y, p - 1, p)",
                "p - onehot(y)",
            ),
            (),
        ),
        r"-\log <softmax(o)[y]>",
        names=(("p", "softmax(o)"),),
        numpy="_softmax_cross_entropy({0}, {1})",
    ),
    LossFunction(
        "squared_error",
        "half the squared distance of o and y",
        "1/2*sum((o - y)**2)",
        (("o - y",), ("y - o",)),
        r"\frac{1}{2} \left\lVert <o - y> \right\rVert^2",
        numpy="_squared_error({0}, {1})",
    ),
    LossFunction(
        "binary_cross_entropy",
        "-sum(y log sigmoid(o) + (1-y) log sigmoid(-o))",
        # It is -y log s - (1 - y) log(1 - s) with s = sigmoid(o), since -log s = softplus(-o),
        # -log(1 - s) = softplus(o) and softplus(o) - softplus(-o) = o.
        "sum(softplus(o) - y*o)",
        (
            (
                "((1 - y)/(1 - sigmoid(o)) - y/sigmoid(o))*(sigmoid(o)*(1 - sigmoid(o)))",
                "sigmoid(o) - y",
            ),
            ("-o",),
        ),
        r"-<inner(y, log_sigmoid(o))> - <inner(1 - y, log_sigmoid(-o))>",
        numpy="_binary_cross_entropy({0}, {1})",
    ),
    LossFunction(
        "absolute_error",
        "the sum of the distances of o and y entry by entry",
        "sum(abs(o - y))",
        (("sign(o - y)",), ("-sign(o - y)",)),
        r"\left\lVert <o - y> \right\rVert_1",
    ),
    LossFunction(
        "huber",
        "the sum of (o - y)**2 / 2 where abs(o - y) <= 1, else of abs(o - y) - 1/2",
        "sum(hard_tanh(o - y)*(o - y - hard_tanh(o - y)/2))",
        (("hard_tanh(o - y)",), ("-hard_tanh(o - y)",)),
        r"\operatorname{huber}",
        about=r"is the sum of $\frac{1}{2} d^2$ over the entries $d$ of $\mathbf{o} - \mathbf{y}$ "
        r"with $|d| \le 1$ and of $|d| - \frac{1}{2}$ over the others",
    ),
)

LOSSES: dict[str, LossFunction] = {row.name: row for row in _ROWS}


def loss_formula(
    loss: Loss, text: str, tidy: Callable[[Expr], Expr] = lambda node: node, **names: Expr
) -> Expr:
    """A formula of a loss's row, at its arguments; ``names`` for what the row names."""

    def fill(node: Expr) -> Expr:
        match node:
            case Call(function="onehot", args=(position,)):
                return OneHot(position, loss.prediction.shape[0])
            case Call(function="cases", args=(position, on, off)):
                return Cases(position, on, off, loss.prediction.shape[0])
        return tidy(node)

    return stated(text, {"o": loss.prediction, "y": loss.target, **names}, fill)
