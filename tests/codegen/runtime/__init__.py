"""The runtime of modules by itself: its definitions, copied as a module copies them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from symbptt.codegen.runtime.model import _THRESHOLDS
from symbptt.codegen.targets import TARGETS

NUMPY = TARGETS["numpy"]


def carried(*names: str, level: int = 2, **tables: Any) -> Any:
    """A namespace with some definitions of the runtime, what they need, and a model's tables."""
    definitions, imports = NUMPY.runtime(level).copied(names)
    space: dict[str, Any] = {
        "np": np, "DIMS": (), "PARAMS": {}, "INPUTS": {}, "INDEX_INPUTS": {}, "CARRY": {},
        "_LAG": 1, "_UNTIMED": (), "_LOSS_ONLY": (), "_SCALARS": (), "_WITH_RESPECT_TO": (),
        "_LOSS_AT_LAST_STEP": False, "_DRAWN": {}, "_OUTPUTS": (), "_AGAIN": False,
        "_KEPT": {},
        "_THRESHOLDS": _THRESHOLDS | {"rows of a segment": 8, "bytes of a chunk": 4096}, **tables,
    }  # fmt: skip
    exec(compile("\n".join([*imports, *definitions]), "<runtime>", "exec"), space)
    return SimpleNamespace(**space)
