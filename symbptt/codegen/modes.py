"""The directions in which a module's gradients can be computed: a row a mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbptt.calculus.derivation import Derivation
from symbptt.codegen.forward_mode import lower_forward
from symbptt.codegen.lowering import lower
from symbptt.codegen.program import Program
from symbptt.errors import OptionError, known_as


@dataclass(frozen=True)
class Mode:
    """How gradients are computed.

    Attributes
    ----------
    name : str
    form : str
        The form of the derivation that is lowered.
    lower : callable
        From a derivation in that form to its program.
    levels : tuple of int
        The levels of optimisation there are.
    method : str
        What the method is called.
    function : str
        The name of the generated function that computes the gradients.
    pass_name : str
        What its work is called.
    option : str
        The option of the command line that asks for it.
    """

    name: str
    form: str
    lower: Callable[[Derivation], Program]
    levels: tuple[int, ...]
    method: str
    function: str
    pass_name: str
    option: str = ""

    def checked(self, level: int | None) -> int:
        """The level asked for, or the highest.

        Raises
        ------
        OptionError
            If there is no such level.
        """
        if level is None:
            return self.levels[-1]
        if level not in self.levels:
            raise OptionError(
                f"-O{level} can't be combined with --mode {self.name}, which has "
                f"{', '.join(f'-O{known}' for known in self.levels)}"
            )
        return level


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(
            name="reverse",
            form="adjoint",
            lower=lower,
            levels=(0, 1, 2),
            method="backpropagation through time",
            function="_backward",
            pass_name="backward pass",
        ),
        Mode(
            name="forward",
            form="sensitivity",
            lower=lower_forward,
            levels=(0,),
            method="real-time recurrent learning",
            function="_sensitivities",
            pass_name="tangent pass",
            option=" --mode forward",
        ),
    )
}


def mode_named(name: str) -> Mode:
    """A row of `MODES`.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    known_as("mode", name, MODES)
    return MODES[name]


def mode_of(derivation: Derivation) -> Mode:
    """The mode that computes what a derivation says.

    Raises
    ------
    OptionError
        If its form is not one that is computed.
    """
    for mode in MODES.values():
        if mode.form == derivation.form:
            return mode
    raise OptionError(f"no module computes the form {derivation.form}")
