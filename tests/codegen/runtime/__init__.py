"""The runtime of modules by itself: its definitions, copied as a module copies them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from symbptt.codegen.runtime import model
from symbptt.codegen.targets import TARGETS

NUMPY = TARGETS["numpy"]
STATED = {name for name in vars(model) if name.isupper()}
SMALL = model._THRESHOLDS | {"rows of a segment": 8, "bytes of a chunk": 4096}


def carried(*names: str, level: int = 2, **tables: Any) -> Any:
    """A namespace with some definitions of the runtime, what they need, and a model's tables.

    Nothing is decided and nothing left out: every branch and every method is there.
    """
    runtime = NUMPY.runtime(level)
    texts, imports = runtime.needed(names).values(), runtime.copied(names).imports
    space: dict[str, Any] = {name: value for name, value in vars(model).items() if name in STATED}
    space |= {"np": np, "_LAG": 1, "_AGAIN": False, "_LOSS_AT_LAST_STEP": False, "_KEPT": {}}
    space |= {"_SUMMED": False, "_THRESHOLDS": SMALL, **tables}
    exec(compile("\n".join([*imports, *texts]), "<runtime>", "exec"), space)
    return SimpleNamespace(**space)
