"""What a program becomes: a row a target.

A target is a printer of expressions, a frame (what is said once a module), and a runtime of
which a module gets what its lines name. Where rows of a program's arrays are made is said in
the target's words, too, so that the emitter of statements knows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbptt.codegen.copying import Runtime, runtime


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
    empty, zeros, ones, identity : str
        How arrays are made: of a shape (its lengths, separated by commas), or of one length.
    width : int
        The longest line of a module.
    """

    name: str
    frame: str
    package: str
    plain: tuple[str, ...]
    buffered: tuple[str, ...]
    offered: tuple[str, ...]
    empty: str
    zeros: str
    ones: str
    identity: str
    width: int = 88

    def runtime(self, level: int) -> Runtime:
        """What modules of a level of optimisation may carry."""
        return runtime(self.package, self.buffered if level else self.plain)


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="numpy",
            frame="module.py.j2",
            package="symbptt.codegen.runtime",
            plain=("interface", "plain", "rows", "checks", "estimators", "functions"),
            buffered=(
                "interface", "segments", "chunks", "rows", "checks", "estimators", "functions",
            ),
            offered=("init_params", "Workspace", "clip_gradients"),
            empty="np.empty(({}), dtype)",
            zeros="np.zeros(({}), dtype)",
            ones="np.ones({}, dtype)",
            identity="np.eye({}, dtype=dtype)",
        ),
    )
}  # fmt: skip
