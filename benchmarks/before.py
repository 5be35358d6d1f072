"""Whether a change made generated modules slower: -O2 of another checkout beside this one's.

    python -m benchmarks.before ../before                   # tanh, LSTM, GRU at all sizes
    python -m benchmarks.before ../before --cells gru,peephole_lstm --sizes small --rounds 61

The other checkout has its own `.venv` (`make .venv/core` there). Both modules run in one process,
in turns whose order is reversed every round; their losses and gradients are compared first. A
figure is the median of the rounds' ratios, the other module's time to this one's: above 1, this is
faster.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import symbptt
from benchmarks.comparison import Comparison, Disagreement, assert_alike
from benchmarks.levels import dims_of, drawn_inputs, loaded
from benchmarks.rounds import timed
from benchmarks.speed import ROUNDS, environment, some_of, without_misleading_settings
from benchmarks.task import CELLS, DTYPES, SIZES, Call, drawn_params, executed
from symbptt.algebra import Model
from symbptt.errors import SymbpttError

TOLERANCES = {"float32": 2e-4, "float64": 1e-10}
# The least ratio that is no loss: below it lies what a noisy machine makes of equal code.
LEAST = 0.97


def made_there(checkout: Path, model: Model) -> str:
    """The text of the -O2 module that another checkout writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{model.name}.rnn"
        path.write_text(model.text, encoding="utf-8")
        python = checkout.resolve() / ".venv" / "bin" / "python"
        command = [str(python), "-m", "symbptt", "generate", "-O2", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=checkout)
    return done.stdout


def measured(texts: dict[str, str], model: Model, size: str, dtype: str, rounds: int) -> Comparison:
    """Compare the gradients of both modules, then time them.

    Raises
    ------
    Disagreement
        If a loss or a parameter's gradient differs.
    """
    kind, sizes = DTYPES[dtype], SIZES[size]
    dims = dims_of(model, sizes)
    inputs = drawn_inputs(model, dims, sizes, kind)
    modules = {name: executed(text, f"{model.name}_{name}") for name, text in texts.items()}
    params = drawn_params(modules["now"], dims, kind)
    calls = {}
    for name, module in modules.items():
        workspace = module.Workspace(dims, sizes.T, sizes.B, dtype=kind)
        run = partial(module.loss_and_grads, params, inputs, workspace=workspace)
        calls[name] = Call(run, lambda found: found[:2])
    assert_alike(calls, tuple(params), TOLERANCES[dtype])
    times = timed({name: call.run for name, call in calls.items()}, rounds)
    return Comparison(model.name, size, dtype, times)


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parsed(arguments)
    without_misleading_settings(arguments, "benchmarks.before")
    print("\n".join(environment()), flush=True)
    slower = []
    for name in options.cells:
        model = loaded(name)
        texts = {"before": made_there(options.checkout, model), "now": symbptt.generate(model)}
        for size in options.sizes:
            for dtype in options.dtypes:
                try:
                    rounds = options.rounds or ROUNDS[size]
                    found = measured(texts, model, size, dtype, rounds)
                except Disagreement as error:
                    print(f"{name} {size} {dtype}: {error}", file=sys.stderr)
                    return 1
                print(found.line("now"), flush=True)
                if found.times.ratio("before", "now")[1] < LEAST:
                    slower.append(f"{name} {size} {dtype}")
    print(f"below {LEAST}: {', '.join(slower) or 'none'}")
    return 1 if slower else 0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.before",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkout", type=Path, help="the other checkout's folder")
    parser.add_argument("--cells", type=lambda text: text.split(","), default=list(CELLS),
                        help="also cells of tests/cells and files")  # fmt: skip
    for option, choices in (("--sizes", list(SIZES)), ("--dtypes", list(DTYPES))):
        parser.add_argument(option, type=some_of(choices), default=choices,
                            help=f"some of {','.join(choices)}")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="by default more for smaller sizes")
    options = parser.parse_args(arguments)
    for name in options.cells:
        try:
            loaded(name)
        except (SymbpttError, OSError) as error:
            parser.error(str(error))
    return options


if __name__ == "__main__":
    sys.exit(main())
