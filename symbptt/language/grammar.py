"""What a model and what a formula may hold: both are written in Python's expressions."""

from __future__ import annotations

from dataclasses import dataclass

_SIGNS = frozenset(["**", "*", "/", "@", "+", "-", "(", ")", "[", "]", ",", ":", "=", "."])
BINARY = frozenset(["+", "-", "*", "/", "@", "**"])
COMPARISONS = frozenset(["<=", ">=", "==", "!=", "<", ">", "="])


@dataclass(frozen=True)
class Grammar:
    """One of the two languages.

    Attributes
    ----------
    name : str
        What messages call a text of it.
    signs : frozenset of str
        The operators and brackets that stand in it.
    comments : bool
        Whether words follow after ``#``.
    slopes : bool
        Whether a function may have a prime, ``phi'(v)`` or ``f'2(u, v)``.
    entries : bool
        Whether brackets may stand behind anything and hold places, ``h[t][i]``, ``v[:d]``;
        else they hold one step behind a name, ``h[t-1]``, which lies in the past.
    """

    name: str
    signs: frozenset[str] = _SIGNS
    comments: bool = False
    slopes: bool = False
    entries: bool = False


MODEL = Grammar("model", comments=True)
FORMULA = Grammar("formula", _SIGNS | COMPARISONS, slopes=True, entries=True)
