"""Texts gone wrong at random."""

from __future__ import annotations

from random import Random

MARKS = "()[],:=+-*/@.T#'\"\\;^ \n\tt01hxW\0é"


def mutated(text: str, draw: Random) -> str:
    """The text with characters taken out, put in, replaced or exchanged."""
    found = list(text)
    for _ in range(draw.randrange(1, 4)):
        at, other = draw.randrange(len(found)), draw.randrange(len(found))
        match draw.randrange(4):
            case 0:
                del found[at]
            case 1:
                found.insert(at, draw.choice(MARKS))
            case 2:
                found[at] = draw.choice(MARKS)
            case 3:
                found[at], found[other] = found[other], found[at]
    return "".join(found)
