"""Options about where a document lands: in another one, or under a title of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from symbptt.cli.options import KeyOf

if TYPE_CHECKING:
    from symbptt.typeset.fragment import Fragment

_FRAGMENT = (
    click.option(
        "--fragment",
        is_flag=True,
        help="Leave the preamble out, so that it can be pasted into a text: in LaTeX it fits into "
        "its columns, takes its numbers, and every equation has a label.",
    ),
    click.option(
        "--label-prefix",
        metavar="PREFIX",
        help="Begin the labels of a fragment so; with MODEL: if it is not given.",
    ),
    click.option(
        "--heading",
        type=KeyOf("heading", "symbptt.typeset.fragment", "HEADINGS"),
        default="section",
        help="Take this as the highest heading of a fragment.",
    ),
    click.option("--tags", is_flag=True, help="Give a fragment numbers of its own, as (F1)."),
)
_SIGNED = (
    click.option(
        "--title",
        metavar="TEXT",
        default="",
        show_default=False,
        help="Put this in the place of its own title.",
    ),
    click.option(
        "--author",
        metavar="TEXT",
        default="",
        show_default=False,
        help="Say who signs the document.",
    ),
)


def fragment_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a document becomes part of another one: `landing_of` of these."""
    return reduce(lambda inner, option: option(inner), reversed(_FRAGMENT), command)


def signed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What stands on top of a document."""
    return reduce(lambda inner, option: option(inner), reversed(_SIGNED), command)


def landing_of(
    fragment: bool, label_prefix: str | None, heading: str, tags: bool
) -> Fragment | None:
    """What these options say; None if the document is whole.

    Raises
    ------
    click.UsageError
        If one is given that is about a fragment alone.
    """
    from symbptt.typeset.fragment import Fragment

    landing = Fragment(label_prefix, heading, tags)
    if landing.options and not fragment:
        raise click.UsageError(f"{landing.options[0]} is about a fragment: there is no --fragment")
    return landing if fragment else None
