"""What the shell completes: models, and the names that a model has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from glob import escape, glob
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from symbptt.algebra import Model

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def one_of(words: Iterable[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(begun)]


def one_more_of(words: Iterable[str], begun: str) -> list[CompletionItem]:
    """Of a list with commas the word that is typed; what stands in it already is no choice."""
    before, comma, last = begun.rpartition(",")
    there = before.split(",")
    left = (word for word in words if word not in there)
    return [CompletionItem(f"{before}{comma}{item.value}") for item in one_of(left, last)]


def models(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Built-in ones by their names; and files, in a folder too."""
    from symbptt.language import library

    start = escape(begun)
    files = (*glob(f"{start}*.rnn"), *glob(f"{start}*/*.rnn"))
    # A file is told from a built-in model by its dot.
    return one_of((*library.names(), *sorted(dict.fromkeys(files))), begun)


def files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Any, by the shell's own means."""
    return [CompletionItem(begun, type="file")]


def estimators(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    from symbptt.calculus.estimators import ESTIMATORS

    return one_of((f"{n}:" if row.argument else n for n, row in ESTIMATORS.items()), begun)


def of_model(names: Callable[[Model], Iterable[str]], *, several: bool = False) -> Complete:
    """Names of the model that the command line has before; none where it can't be read."""

    def complete(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        from symbptt.errors import SymbpttError
        from symbptt.language import library

        # An option that lacks its value yet leaves what stands before it unread.
        model = context.params.get("model_name") or next(iter(context.args), "")
        try:
            found = tuple(names(library.load(model)))
        except (SymbpttError, OSError):
            return []
        return one_more_of(found, begun) if several else one_of(found, begun)

    return complete


def quantities(model: Model) -> Iterable[str]:
    return (equation.name for equation in model.equations)


def variables(model: Model) -> Iterable[str]:
    """What has a gradient."""
    return (*(each.name for each in model.parameters), *(each.key for each in model.initials))


def functions(model: Model) -> Iterable[str]:
    """Those left abstract, ready to be bound."""
    return (f"{each.name}=" for each in model.abstract)


def lengths(model: Model) -> Iterable[str]:
    return (f"{name}=" for name in model.dims)
