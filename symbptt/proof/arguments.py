"""Arguments that a module must refuse, by a ValueError that names one; and what helpers do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from symbptt.errors import InterfaceError
from symbptt.proof.calls import ModuleCall, are_numbers, keywords
from symbptt.proof.cases import Case
from symbptt.proof.loaded import Loaded
from symbptt.proof.points import size_sets
from symbptt.proof.reach import Plain, Undecided
from symbptt.proof.rows import Row

NAMED = re.compile(r"\b(params|inputs|carry|carry_grad|lengths|workspace|gates|steps|dims|theta)\b")
"""What the message of a refusal says."""

STEPS, SEQUENCES = 3, 2

Arguments = dict[str, Any]
Wrong = tuple[str, Arguments]
"""What is wrong, and the arguments that are."""


def argument_rows(loaded: Loaded, plain: Plain) -> Iterator[Row]:
    """A row a function: it refuses every wrong argument, and takes those at the edge.

    Raises
    ------
    InterfaceError
        If the module raises where nothing is wrong.
    """
    sizes = size_sets(plain.model)[0]
    call = _right(plain, Case("arguments", STEPS, (STEPS,) * SEQUENCES, sizes))
    right: Arguments = {kind: getattr(call, kind) for kind in ("params", "inputs", "carry")}
    right |= {"lengths": np.array([STEPS, 0]), **keywords(plain.module, call)}
    if plain.estimator.kind == "random":
        right["gates"] = call.gates
    forward = {key: value for key, value in right.items() if key != "gates"}
    full = {**right, "carry_grad": call.carry_grad}
    whole = {**full, "lengths": None}
    wrong = [*_wrong_arrays(plain, full), *_wrong_counts(plain, full)]
    workspaces = [*_wrong_workspaces(loaded, sizes)]
    space = loaded.call("Workspace", sizes, STEPS, SEQUENCES, np.float64)
    through = {**whole, "workspace": space}
    loaded.call("loss_and_grads", **through)
    yield _refused(loaded, "loss_and_grads", full, [*wrong, *workspaces])
    # What the loss alone reads may be left out there.
    free = {f"inputs lacks {i.name}" for i in plain.model.inputs if i.loss_only}
    given = [w for w in wrong if {*w[1]} <= {*forward} and w[0] not in free]
    yield _refused(loaded, "forward", forward, given)
    yield replace(_refused(loaded, "loss_and_grads", through, wrong), subject="workspace")
    dims = [{}, {**sizes, "another": 2}, {**sizes, next(iter(sizes), "n"): 0}]
    bad: list[Wrong] = [(f"dims = {each}", {"dims": each}) for each in dims if each != sizes]
    yield _refused(loaded, "init_params", {"dims": sizes}, bad)
    clip = [(f"theta = {theta}", {"theta": theta}) for theta in (0.0, -1.0, np.nan)]
    _, grads, _ = plain.module.call("loss_and_grads", **whole)
    yield _refused(loaded, "clip_gradients", {"grads": grads, "theta": 1e9}, clip)
    yield Row("helpers", "clip_gradients", *_clipped(loaded, grads))
    yield Row("helpers", "init_params", *_drawn(loaded, sizes))


def _right(plain: Plain, case: Case) -> ModuleCall:
    """A call at a point where the model is defined; any, where rounding is large at each."""
    try:
        return plain.call(case)[0]
    except Undecided:
        return plain.drawn(case, 0)


def _wrong_arrays(plain: Plain, right: Arguments) -> Iterator[Wrong]:
    """Dictionaries and arrays that do not fit their table."""
    tables = {
        "params": "PARAMS", "inputs": "INPUTS", "carry": "CARRY", "carry_grad": "CARRY",
    }  # fmt: skip
    axes = {kind: plain.module.table(table) for kind, table in tables.items()}
    told = Counter(a for kind in ("params", "inputs") for s in axes[kind].values() for a in s)
    for kind, arrays in right.items():
        if kind not in tables or not arrays:
            continue
        first = next(iter(arrays))
        rest = {key: array for key, array in arrays.items() if key != first}
        yield f"{kind} is a list", {kind: [*arrays.values()]}
        yield f"{kind} lacks {first}", {kind: rest}
        yield f"{kind} has another key", {kind: {**arrays, "another": arrays[first]}}
        for key, array in arrays.items():
            for words, other in _spoilt(array, axes[kind][key], told, kind == "params"):
                yield f"{kind}[{key!r}] {words}", {kind: {**arrays, key: other}}
            limit = plain.module.index_inputs.get(key.partition("[")[0])
            if limit is not None:
                for index in (-1, int(array.max() + 10**6)):
                    yield (
                        f"{kind}[{key!r}] holds {index}",
                        {kind: {**arrays, key: np.full_like(array, index)}},
                    )


def _spoilt(array: Any, axes: Any, told: Counter[Any], strict: bool) -> Iterator[tuple[str, Any]]:
    """An array of another shape or of other numbers; what is no parameter may be cast."""
    yield "has another axis", array[None]
    yield "is complex", array.astype(complex)
    yield "is text", array.astype(str)
    if strict or array.dtype.kind != "f":
        yield "is of half precision", array.astype(np.float16)
    for k, axis in enumerate(axes):
        # An axis that nothing else tells may have any length.
        if told[axis] > 1 and " + " not in str(axis):
            longer = np.concatenate([array, array.take([0], axis=k)], axis=k)
            yield f"has a longer axis {axis}", longer


def _wrong_counts(plain: Plain, right: Arguments) -> Iterator[Wrong]:
    """Lengths, steps and gates that are none."""
    for lengths in (
        np.array([STEPS, -1]), np.array([STEPS + 1, 0]), np.array([STEPS]), np.array([1.0, 2.0]),
        np.array([[STEPS, 0]]), "all",
    ):  # fmt: skip
        yield f"lengths are {lengths}", {"lengths": lengths}
    for steps in (None, -1, 1.5, "all") if "steps" in right else ():
        yield f"steps is {steps!r}", {"steps": steps}
    if "gates" in right:
        yield "gates of another shape", {"gates": right["gates"][:-1]}
        yield "no gates", {"gates": None}


def _wrong_workspaces(loaded: Loaded, sizes: Any) -> Iterator[Wrong]:
    """Workspaces of another size or dtype."""
    for words, size in (
        ("more steps", (sizes, STEPS + 1, SEQUENCES, np.float64)),
        ("more sequences", (sizes, STEPS, SEQUENCES + 1, np.float64)),
        ("float32", (sizes, STEPS, SEQUENCES, np.float32)),
        ("other dims", ({name: n + 1 for name, n in sizes.items()}, STEPS, SEQUENCES, np.float64)),
    ):
        if words != "other dims" or sizes:
            yield f"a workspace for {words}", {"workspace": loaded.call("Workspace", *size)}


def _refused(loaded: Loaded, name: str, right: Arguments, wrong: list[Wrong]) -> Row:
    """Whether a function takes what is right and refuses, alone, whatever is wrong."""
    detail = ""
    for words, change in (("", {}), *wrong):
        try:
            loaded.call(name, **{**right, **change})
        except InterfaceError as error:
            fits = isinstance(error.__cause__, ValueError) and NAMED.search(str(error.__cause__))
            if not (words and fits):
                detail = f"{words or 'what is right'}: {error}"
        else:
            detail = f"{words}: nothing is raised" if words else ""
        if detail:
            break
    return Row("arguments", name, not detail, f"{len(wrong)} wrong ones refused", detail)


# --- helpers ----------------------------------------------------------------------------------


def _clipped(loaded: Loaded, grads: Arguments) -> tuple[bool, str, str]:
    """Whether gradients of any size are scaled to a norm, and those that are none left alone."""
    learned = [name for name in loaded.table("PARAMS") if name in grads]
    names, detail = [name for name in learned if grads[name].size], ""
    for size in (1e-30, 1.0, 1e30):
        given = {name: np.array(array * size) for name, array in grads.items()}
        norm = size * np.sqrt(sum(np.sum(np.array(grads[name]) ** 2) for name in names))
        for theta in (norm / 3, norm * 3) if norm else ():
            found = {name: np.array(array) for name, array in given.items()}
            before = loaded.call("clip_gradients", found, float(theta))
            if not (are_numbers(found) and are_numbers({"norm": before})):
                return False, "", "clip_gradients returns no norm, or makes no numbers"
            factor = {name: min(1, theta / norm) if name in names else 1 for name in found}
            same = all(np.allclose(found[n], factor[n] * given[n], 1e-9, 0) for n in found)
            if not (same and np.isclose(before, norm, 1e-9, 0)):
                detail = f"a norm of {norm:.3g} is {before:.3g}, or not scaled to {theta:.3g}"
    given = {name: np.full_like(array, np.inf) for name, array in grads.items()}
    if names and loaded.call("clip_gradients", given, 1.0) != np.inf:
        detail = "a norm that is not finite is told as finite"
    return not detail, "6 calls: the norm, and all gradients scaled to it", detail


def _drawn(loaded: Loaded, sizes: Any) -> tuple[bool, str, str]:
    """Whether parameters are drawn in their shapes, alike for one seed."""
    detail = ""
    for dtype in (np.float32, np.float64):
        first, again = (
            loaded.call("init_params", dims=sizes, seed=1, dtype=dtype) for _ in range(2)
        )
        if not (are_numbers(first) and are_numbers(again)):
            return False, "", "init_params returns no dict of arrays"
        for name, array in first.items():
            fits = array.dtype == dtype and len(array.shape) == len(loaded.table("PARAMS")[name])
            if not (fits and np.isfinite(array).all() and np.array_equal(array, again[name])):
                detail = f"{name} is of shape {array.shape} and {array.dtype}, or not the same"
        if first.keys() != loaded.table("PARAMS").keys():
            detail = f"it draws {', '.join(first)}"
        loaded.call("Workspace", sizes, STEPS, SEQUENCES, dtype)
    return not detail, "4 calls: shapes, dtypes, one seed", detail
