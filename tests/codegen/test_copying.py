"""Definitions of the runtime are copied without annotations, and with what they call."""

from __future__ import annotations

import ast

import pytest

from symbptt.codegen.copying import names_of
from symbptt.codegen.specialising import Specialised
from symbptt.codegen.targets import TARGETS
from tests.codegen.runtime import carried

SOURCE = '''\
class Box(Base):
    """A box: Any."""

    def __init__(self, size: int, *rest: Any, deep: bool = False) -> None:
        self.size: Any = {}
        both: list[int] = [size]

    @property
    def volume(self) -> int:
        # A comment: int.
        return 1

    def named(
        self, one: Any, another: Any = "a, b", *, yet_another: Any = None, and_more: Any = 1
    ) -> Any:
        def inner(x: int) -> int:
            return x

        return inner
'''
BARE = '''\
class Box(Base):
    """A box: Any."""

    def __init__(self, size, *rest, deep=False):
        self.size = {}
        both = [size]

    @property
    def volume(self):
        # A comment: int.
        return 1

    def named(self, one, another='a, b', *, yet_another=None, and_more=1):
        def inner(x):
            return x

        return inner'''


def test_annotations_stay_behind() -> None:
    assert Specialised(SOURCE).text == BARE


RUNTIMES = [
    pytest.param(target.runtime(level), level, id=f"{name} {level}")
    for name, target in TARGETS.items()
    for level in (0, 2)
]


@pytest.mark.parametrize(("runtime", "level"), RUNTIMES)
def test_every_definition_comes_with_what_it_names(runtime: object, level: int) -> None:
    runtime = TARGETS["numpy"].runtime(level)
    for name in runtime.definitions:
        needed = runtime.needed([name])
        assert {name, *names_of(needed[name])} & runtime.definitions.keys() <= needed.keys()
        assert getattr(carried(name, level=level), name)
        annotations = [
            node
            for node in ast.walk(ast.parse(needed[name]))
            if isinstance(node, ast.AnnAssign) or getattr(node, "annotation", None) is not None
        ]
        assert annotations == []


def test_nothing_comes_that_nobody_names() -> None:
    runtime = TARGETS["numpy"].runtime(2)
    assert [*runtime.needed(["_log_softmax"])] == ["_less_maximum", "_log_softmax"]
    assert runtime.needed(["of", "np", "_softmax_of_nothing"]) == {}
    copied = runtime.copied(["_erf", "Fraction"])
    assert copied.imports == ("import math", "from fractions import Fraction")
