"""What the files of the built-in models lose to rounding, beside themselves in 50 digits.

python -m tests.trust.rounding            every built-in model that runs
python -m tests.trust.rounding NAME ...   these
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from symbptt import load
from symbptt.binding import bind
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.render import generate
from symbptt.language import library
from symbptt.proof.loaded import load_module
from symbptt.proof.rounding import FLOATS, INPUTS, LostDigits, measured
from tests.trust.parts import Figures

WIDE = tuple(replace(inputs, width=2) if inputs.width else inputs for inputs in INPUTS)
"""The kinds of arguments of `verify`, the long sequence with two units of everything."""

ABOUT = """\
The file of each level runs at one call of each kind in float64, in float32 and, on the same
statements, in 50 digits; all arguments are numbers that float32 has. The kinds: *random* (entries
of modulus .1 to .9), *badly scaled* (each entry times its own power of ten, 1e-8 to 1e4),
*saturated* (random times 40) and a sequence of 1,000 steps with two units of everything.

A figure is the largest error of the loss and of any gradient, **in units in the last place of the
array's largest entry** (the distance of neighbouring floats there). In parentheses stand, in the
same unit, what that array moves by where every argument is moved by half a unit of its own, which
is the condition of the problem and no code's fault; and the largest error of any array in units of
a thousandth of the largest number of all, or of the array's own largest entry if that is more.

Figures far above the condition come of slopes that are written in values at their limits, such as
1 - h**2 and s*(1 - s): a difference that is right to a unit of 1, however small it is itself, and
that weights then enlarge. Derivations write slopes so, since the forward pass has the values. With
1/cosh(a)**2 for 1 - h**2 the -O0 file of char_rnn is off by less than 64 units at the badly scaled
call (a test does it), at the price of another function a step. Where the third figure is small,
such an array is nearly 0 beside the others. In a long sequence each step rounds what is summed
step after step, and where a state has settled every time the same way; so `verify` lets a file be
off by 64 units and 64 times the condition, and at T = 1000 by 4 for each step. Numbers beyond the
range of a float, and results that overflow on the way, are named."""


def cell(loss: LostDigits) -> str:
    """The three figures of one kind of arguments."""
    if not loss.name:
        return "beyond float32"
    if loss.units == float("inf"):
        return f"overflows in {loss.name}"
    return f"{loss.units:.2g} ({loss.amplified:.2g}; {loss.common:.2g})"


def losses(name: str, level: int) -> Iterator[tuple[str, list[LostDigits]]]:
    """For each float, the loss of each kind of arguments."""
    model = bind(load(name))
    module = load_module(generate(model, level=level), name, model)
    exact = [measured(module, model, inputs) for inputs in WIDE]
    for dtype in FLOATS:
        yield (
            dtype,
            [LostDigits.of(e, inputs, dtype) for e, inputs in zip(exact, WIDE, strict=True)],
        )


def collected(names: Sequence[str]) -> Figures:
    rows, worst, wrong = [], dict.fromkeys((inputs.words for inputs in WIDE), 0.0), []
    for name in names:
        for level in LEVELS:
            for dtype, found in losses(name, level):
                rows.append((name, f"-O{level}", dtype, *map(cell, found)))
                wrong += [f"{name} -O{level}, {dtype}: {x.detail}" for x in found if x.detail]
                for loss in found:
                    worst[loss.inputs.words] = max(worst[loss.inputs.words], loss.units)
                print(*rows[-1], sep="  ", flush=True)
    return Figures(
        title="Rounding",
        command="python -m tests.trust.rounding",
        about=ABOUT,
        totals={
            "files": len(names) * len(LEVELS),
            **{f"units at worst ({words})": f"{value:.2g}" for words, value in worst.items()},
        },
        head=("model", "level", "float", *(inputs.words for inputs in WIDE)),
        rows=rows,
        remarks=wrong,
    )


def main(names: Sequence[str]) -> int:
    found = collected(names or library.runnable())
    found.write("rounding")
    return 1 if found.remarks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
