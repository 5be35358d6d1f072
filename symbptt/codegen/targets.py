"""What a program becomes: a row a target.

A target is a frame (what is said once a module), emitters of statements with their printer,
and a runtime, of which a module gets what it calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbptt.codegen.copying import Runtime, runtime
from symbptt.codegen.emission import Emitter
from symbptt.codegen.numpy_printer import names_of_call
from symbptt.codegen.tangents import TangentEmitter
from symbptt.functions.elementwise import FUNCTIONS
from symbptt.functions.vectors import VECTORS


@dataclass(frozen=True)
class Target:
    """One row of `TARGETS`.

    Attributes
    ----------
    name : str
        As `generate --target` calls it; also the folder of its frame.
    frame : str
        The template of a module.
    package : str
        Where its runtime stands.
    plain, buffered : tuple of str
        The files of the runtime in the order of a module, for code in arrays made on the way
        and for code in buffers.
    offered : tuple of str
        What every module has, named in it or not.
    emitters : mapping of str to type
        By the form of a derivation what writes its statements, with the printer of their
        expressions, which also says how arrays are made.
    """

    name: str
    frame: str
    package: str
    plain: tuple[str, ...]
    buffered: tuple[str, ...]
    offered: tuple[str, ...]
    emitters: Mapping[str, type[Emitter]]

    def runtime(self, level: int) -> Runtime:
        """What modules of a level of optimisation may carry."""
        carried = runtime(self.package, self.buffered if level else self.plain)
        beside = runtime("symbptt.functions", ("elementwise", "vectors")).definitions
        calls = [*(row.numpy for row in FUNCTIONS.values()), *(v.numpy for v in VECTORS.values())]
        called = {name for call in calls for name in names_of_call(call)}
        of_rows = {name: each for name, each in beside.items() if name in called}
        return Runtime({**carried.definitions, **of_rows}, carried.imports)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="numpy",
            frame="module.py.j2",
            package="symbptt.codegen.runtime",
            plain=("interface", "plain", "rows", "checks", "estimators", "functions"),
            buffered=(
                "interface", "runs", "segments", "chunks", "rows", "checks", "estimators",
                "functions",
            ),
            offered=("init_params", "Workspace", "clip_gradients"),
            emitters={"adjoint": Emitter, "sensitivity": TangentEmitter},
        ),
    )
}  # fmt: skip
