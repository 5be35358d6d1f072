"""Bias and variance of the estimators on real text, spread over an executor; and the table."""

from __future__ import annotations

import math
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from symbptt.calculus.estimators import Estimator, read_estimator
from symbptt.demonstration import MODEL, dims, documentation, read
from symbptt.errors import AnalysisError
from symbptt.experiments.tasks import Arrays, Squares, Task, measure, module_of
from symbptt.plots.chart import Chart, Panel, Series
from symbptt.tables import table

TAUS = (1, 2, 4, 8, 16, 32)
PIS = ("1/2", "4/5", "9/10", "19/20", "99/100")
RATE, THETA, LANES = 0.5, 1.0, 16

Progress = Callable[[float, str], None]
"""Told what part of the work is done, and what of it."""


@dataclass(frozen=True)
class Setting:
    """What the study is about.

    Attributes
    ----------
    taus : tuple of int
        Of windows and of pieces.
    pis : tuple of str
        Of the random estimator, exact.
    steps, passages : int
        The length of a passage, and how many there are, spread evenly over the text.
    units, embedding : int
        The model's sizes.
    training : int
        For how many steps of gradient descent the parameters are trained first.
    samples : int
        How many estimates are drawn on each passage for each random estimator, as a check.
    seed : int
        Of the parameters and the draws.
    """

    taus: tuple[int, ...] = TAUS
    pis: tuple[str, ...] = PIS
    steps: int = 64
    passages: int = 8
    units: int = 16
    embedding: int = 8
    training: int = 300
    samples: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "passages", "units", "embedding"):
            if getattr(self, name) < 1:
                raise AnalysisError(f"{name}: expected at least 1, found {getattr(self, name)}")
        for name in ("training", "samples", "seed"):
            if getattr(self, name) < 0:
                raise AnalysisError(f"{name}: expected at least 0, found {getattr(self, name)}")

    def estimators(self) -> tuple[tuple[Estimator, ...], ...]:
        """The estimators, those of one kind together."""
        named = (
            [f"window:{tau}" for tau in self.taus],
            [f"chunk:{tau}" for tau in self.taus],
            [f"random:{pi}" for pi in self.pis],
        )
        return tuple(tuple(map(read_estimator, group)) for group in named if group)


@dataclass(frozen=True)
class EstimatorFigures:
    """One estimator over all passages; everything is relative to the gradient's norm.

    Attributes
    ----------
    bias : float
        Root of the mean squared norm of the bias.
    deviation : float
        Root of the variances of all entries, added up.
    error : float
        Root of the mean squared distance from the gradient, both together.
    cosine : float
        Of the angle between gradient and expected estimate.
    sampled, doubt : float or None
        The deviation of samples, and how far it may be off: its standard error.
    """

    estimator: Estimator
    bias: float
    deviation: float
    error: float
    cosine: float
    sampled: float | None = None
    doubt: float | None = None


@dataclass(frozen=True)
class Study:
    """The lines of the table, and what they are about."""

    setting: Setting
    characters: int
    loss: float
    lines: tuple[EstimatorFigures, ...]

    def chart(self) -> Chart:
        """Bias and deviation of every estimator, as parts of the gradient's norm."""
        labels = tuple(str(line.estimator) for line in self.lines)
        xs = tuple(map(float, range(len(labels))))
        series = tuple(
            Series(name, xs, tuple(getattr(line, name) for line in self.lines), "bars", labels)
            for name in ("bias", "deviation", "error")
        )
        panel = Panel("Bias and deviation", "estimator", "part of the gradient's norm", series)
        return Chart(f"Estimators of the gradient of {MODEL}", (panel,))


def study_estimators(
    setting: Setting | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Study:
    """Bias and variance of each estimator against the whole gradient.

    Parameters
    ----------
    executor : concurrent.futures.Executor, optional
        Runs the measurements; by default as many processes as there are cores. The
        result does not depend on it.

    Raises
    ------
    AnalysisError
        If a number is out of range, or the text is too short.
    EstimatorError
        If a tau or pi is none.
    UnknownNameError
        If this Python comes without the text of its documentation.
    """
    setting = setting or Setting()
    groups = setting.estimators()
    text = read(documentation())
    params, loss = _trained(setting, text.training, len(text.alphabet))
    passages = list(_passages(setting, text.training))
    tasks = [
        Task(MODEL, group, number, params, inputs, setting.samples, setting.seed)
        for number, inputs in enumerate(passages)
        for group in groups
    ]
    told = progress or (lambda done, what: None)
    if executor is None:
        with processes() as own:
            measures = run_all(tasks, own, told)
    else:
        measures = run_all(tasks, executor, told)
    return Study(setting, len(text.alphabet), loss, tuple(_lines(tasks, measures)))


@contextmanager
def processes(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """So many processes, or one a core, which end with whoever waits for them."""
    others = multiprocessing.active_children()
    done = False
    with ProcessPoolExecutor(jobs, initializer=_die_of_signals) as pool:
        try:
            yield pool
            done = True
        finally:
            mine = [one for one in multiprocessing.active_children() if one not in others]
            for child in () if done else mine:
                child.terminate()


def _die_of_signals() -> None:
    """At once and in silence: the process that waits says what happened."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def run_all(
    tasks: Sequence[Task], executor: Executor, progress: Progress
) -> list[tuple[Squares, ...]]:
    """The measures of all tasks, in the order of the tasks, whichever is done first."""
    futures: list[Future[tuple[Squares, ...]]] = [executor.submit(measure, t) for t in tasks]
    try:
        for done, _ in enumerate(as_completed(futures), start=1):
            progress(done / len(tasks), f"{done} of {len(tasks)}")
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


def _lines(
    tasks: Sequence[Task], measures: Sequence[tuple[Squares, ...]]
) -> Iterator[EstimatorFigures]:
    gathered: dict[Estimator, list[Squares]] = {}
    for task, of_task in zip(tasks, measures, strict=True):
        for estimator, one in zip(task.estimators, of_task, strict=True):
            gathered.setdefault(estimator, []).append(one)
    for estimator, found in gathered.items():
        yield _line(estimator, found)


def _line(estimator: Estimator, found: Sequence[Squares]) -> EstimatorFigures:
    """Sums over passages, in their order: the same to the last bit wherever they ran."""

    def total(name: str) -> float:
        return math.fsum(getattr(one, name) for one in found)

    square = total("square")
    return EstimatorFigures(
        estimator,
        math.sqrt(total("bias") / square),
        math.sqrt(total("variance") / square),
        math.sqrt((total("bias") + total("variance")) / square),
        total("product") / math.sqrt(square * total("estimate")),
        *_samples(found, square),
    )


def _samples(found: Sequence[Squares], square: float) -> tuple[float | None, float | None]:
    """The deviation of samples and its standard error, half that of its square over itself."""
    distances = [one.sampled for one in found if one.sampled is not None]
    errors = [one.error for one in found if one.error is not None]
    if not distances:
        return None, None
    deviation = math.sqrt(math.fsum(distances) / square)
    doubt = math.sqrt(math.fsum(error**2 for error in errors)) / square
    return deviation, doubt / (2 * deviation) if deviation else 0.0


# --- the text and the model ------------------------------------------------------------


def _passages(setting: Setting, numbers: Any) -> Iterator[Arrays]:
    """Passages at even distances, each the input of a call with one sequence."""
    room = len(numbers) - setting.steps - 1
    if room < setting.passages:
        raise AnalysisError(f"the text has {len(numbers)} characters, too few for this study")
    for number in range(setting.passages):
        start = number * room // setting.passages
        piece = numbers[start : start + setting.steps + 1, None]
        yield {"tok": piece[:-1], "y": piece[1:]}


def _trained(setting: Setting, numbers: Any, characters: int) -> tuple[Arrays, float]:
    """Parameters after some steps of gradient descent, clipped; and the last losses' mean."""
    module = module_of(MODEL, Estimator())
    sizes = dims(module, characters, setting.units, setting.embedding)
    params: Arrays = module.init_params(sizes, seed=setting.seed, dtype=np.float64)
    rng = np.random.default_rng(setting.seed)
    losses = []
    for _ in range(setting.training):
        starts = rng.integers(len(numbers) - setting.steps - 1, size=LANES)
        rows = starts[None, :] + np.arange(setting.steps + 1)[:, None]
        piece = numbers[rows]
        loss, grads, _ = module.loss_and_grads(params, {"tok": piece[:-1], "y": piece[1:]})
        module.clip_gradients(grads, THETA)
        for name, value in params.items():
            value -= RATE * grads[name]
        losses.append(loss)
    return params, float(np.mean(losses[-50:])) if losses else math.log(characters)


# --- as a table and as data ---------------------------------------------------------


ROUNDING = 1e-12
"""What is below is rounding in place of 0."""

HEADINGS = ("estimator", "bias", "deviation", "error", "cosine", "deviation of samples")


def text(study: Study) -> str:
    """The table under a few lines that say what it is about."""
    setting = study.setting
    rows = [HEADINGS, *map(_cells, study.lines)]
    drawn = f"{setting.samples} samples" if setting.samples > 1 else "no samples"
    about = [
        f"{MODEL}: {setting.units} units, an embedding of {setting.embedding}, "
        f"{study.characters} characters,",
        f"after {setting.training} steps of gradient descent at a loss of {study.loss:.3f} nats; "
        f"{setting.passages} passages of",
        f"{setting.steps} characters of Python's documentation, {drawn} each.",
        "",
        "bias       norm of the expected estimate less the gradient",
        "deviation  root of the variances of all entries together; by recursion of moments",
        "error      root of the mean squared distance from the gradient",
        "cosine     of the angle between the expected estimate and the gradient",
        "The first three are parts of the gradient's norm; 0 is exact.",
        "",
    ]
    return "\n".join([*about, *table(rows, indent="", numbers=True)]) + "\n"


def _cells(line: EstimatorFigures) -> tuple[str, ...]:
    sampled = ""
    if line.sampled is not None and line.doubt is not None:
        sampled = _number(line.sampled)
        sampled += f" ± {line.doubt:.1g}" if line.doubt > ROUNDING else ""
    return (
        str(line.estimator),
        _number(line.bias),
        _number(line.deviation),
        _number(line.error),
        f"{line.cosine:.4f}",
        sampled,
    )


def _number(value: float) -> str:
    return "0" if value < ROUNDING else f"{value:.3g}"


def data(study: Study) -> dict[str, Any]:
    """The same for ``--json``, in full precision."""
    lines = [
        {
            "estimator": str(line.estimator),
            "kind": line.estimator.kind,
            "tau": line.estimator.tau or None,
            "pi": str(line.estimator.pi) if line.estimator.kind == "random" else None,
            "bias": line.bias,
            "deviation": line.deviation,
            "variance": line.deviation**2,
            "error": line.error,
            "cosine": line.cosine,
            "sampled_deviation": line.sampled,
            "standard_error": line.doubt,
        }
        for line in study.lines
    ]
    return {
        "model": MODEL,
        "setting": asdict(study.setting),
        "characters": study.characters,
        "loss": study.loss,
        "estimators": lines,
    }
