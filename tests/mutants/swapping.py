"""A function's code exchanged for another's, for everybody who holds the function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any


def function_at(namespace: Any, name: str) -> FunctionType | None:
    """A module's function, or a method of one of its classes, without what decorates it."""
    head, _, method = name.partition(".")
    found = vars(namespace).get(head)
    if method:
        found = vars(found).get(method)
    while True:
        match found:
            case FunctionType() if hasattr(found, "__wrapped__"):
                found = found.__wrapped__
            case FunctionType():
                return found
            case property():
                found = found.fget
            case cached_property():
                found = found.func
            case staticmethod() | classmethod():
                found = found.__func__
            case _:
                wrapped = getattr(found, "__wrapped__", None)
                if wrapped is None:
                    return None
                found = wrapped


@contextmanager
def swapped(function: FunctionType, code: CodeType) -> Iterator[None]:
    own = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = own


def fits(function: FunctionType, code: CodeType) -> bool:
    """Whether the code closes over as many names."""
    return len(function.__code__.co_freevars) == len(code.co_freevars)
