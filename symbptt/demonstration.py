"""The main job on real input: a character model, from its equations to trained weights.

`run` derives, generates and verifies ``char_rnn``, then trains the generated module on
the text of Python's own documentation, which every CPython brings along. All forward
and backward passes are the generated module's; here are only the text, Adam and the
printing.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from symbptt import output
from symbptt.algebra import Model
from symbptt.calculus.gradients import derive
from symbptt.codegen.render import generate
from symbptt.errors import OptionError, UnknownNameError
from symbptt.language.library import load
from symbptt.plots.chart import Chart, Panel, Series, csv_text
from symbptt.plots.drawing import svg_text
from symbptt.progress import Progress
from symbptt.proof.loaded import read_module
from symbptt.proof.report import Report, verify
from symbptt.typeset.document import render

Arrays = dict[str, NDArray[Any]]
Floats = NDArray[np.float32]

MODEL = "char_rnn"
HELD_OUT = 0.05

# Chosen by trial for two minutes on two cores. Small steps go further in a given time than
# large ones, the more so on a slow machine.
UNITS, EMBEDDING = 256, 64
LANES, CHUNK = 16, 32
RATE, LAST_RATE, WARM_UP = 3e-3, 1e-4, 20
THETA = 1.0
BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8

EVALUATED_AT_ONCE = 1024
SAMPLE_LENGTH, TEMPERATURE = 400, 0.7
RESERVE = 0.04  # of the time: for the held-out loss and the sample


# --- the text --------------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    """Characters as numbers, the end of the text held out.

    Attributes
    ----------
    alphabet : str
        Character number i is ``alphabet[i]``.
    training, held_out : integer arrays
    """

    alphabet: str
    training: NDArray[np.int64]
    held_out: NDArray[np.int64]


def documentation() -> str:
    """The topics of ``pydoc_data`` in alphabetical order, each paragraph once.

    Topics quote each other at length: without leaving repetitions out, a third of the
    end of the text would stand word for word in what comes before.

    Raises
    ------
    UnknownNameError
        If this Python has no such text.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise UnknownNameError(
            "this Python comes without pydoc_data.topics, the text of its documentation"
        ) from None
    paragraphs: dict[str, str] = {}
    for name in sorted(topics):
        for paragraph in topics[name].split("\n\n"):
            paragraphs.setdefault(" ".join(paragraph.split()), paragraph)
    return "\n\n".join(paragraphs.values())


def read(text: str) -> Corpus:
    alphabet = "".join(sorted(set(text)))
    number = {character: i for i, character in enumerate(alphabet)}
    numbers = np.array([number[character] for character in text], dtype=np.int64)
    cut = len(numbers) - round(HELD_OUT * len(numbers))
    return Corpus(alphabet, numbers[:cut], numbers[cut:])


def unigram_entropy(numbers: NDArray[np.int64]) -> float:
    """H(c) in nats, with the frequencies of the text itself."""
    return _entropy(Counter(numbers.tolist()))


def bigram_entropy(numbers: NDArray[np.int64]) -> float:
    """H(c_t | c_{t-1}) in nats, with the frequencies of the text itself.

    No model that sees one character back and was fitted to another text can be better.
    """
    characters = numbers.tolist()
    pairs = Counter(pairwise(characters))
    return _entropy(pairs) - _entropy(Counter(characters[:-1]))


def _entropy(counts: Mapping[Any, int]) -> float:
    total = sum(counts.values())
    return -sum(n / total * math.log(n / total) for n in counts.values())


def chunks(numbers: NDArray[np.int64]) -> Iterator[tuple[bool, Arrays]]:
    """Endlessly, pieces of LANES parallel stretches of the text; True where a pass begins."""
    length = (len(numbers) - 1) // LANES
    used = length * LANES
    now = np.ascontiguousarray(numbers[:used].reshape(LANES, length).T)
    then = np.ascontiguousarray(numbers[1 : used + 1].reshape(LANES, length).T)
    while True:
        for start in range(0, length - CHUNK + 1, CHUNK):
            piece = slice(start, start + CHUNK)
            yield start == 0, {"tok": now[piece], "y": then[piece]}


# --- training --------------------------------------------------------------------------


class Adam:
    """Kingma and Ba, Adam: a method for stochastic optimization, algorithm 1."""

    def __init__(self, params: Arrays) -> None:
        self.first = {name: np.zeros_like(value) for name, value in params.items()}
        self.second = {name: np.zeros_like(value) for name, value in params.items()}
        self.count = 0

    def step(self, params: Arrays, grads: Arrays, rate: float) -> None:
        """Change ``params`` in place."""
        self.count += 1
        size = rate * math.sqrt(1 - BETA_2**self.count) / (1 - BETA_1**self.count)
        for name, value in params.items():
            first, second, grad = self.first[name], self.second[name], grads[name]
            first += (1 - BETA_1) * (grad - first)
            second += (1 - BETA_2) * (grad * grad - second)
            value -= np.float32(size) * first / (np.sqrt(second) + np.float32(EPSILON))


@dataclass(frozen=True)
class Trained:
    """Attributes
    ----------
    losses : list of (int, float, float)
        Of every step its number, its loss and the smoothed one, in nats per character.
    """

    params: Arrays
    steps: int
    passes: float
    seconds: float
    losses: list[tuple[int, float, float]]


def dims(
    module: ModuleType, characters: int, units: int = UNITS, embedding: int = EMBEDDING
) -> dict[str, int]:
    """The sizes of the model: its dimensions that count characters, and the others."""
    sizes = dict.fromkeys(module.DIMS, units)
    sizes[module.PARAMS["E"][1]] = embedding
    return sizes | dict.fromkeys(module.INDEX_INPUTS.values(), characters)


def train(module: ModuleType, text: Corpus, seconds: float, seed: int) -> Trained:
    """Train for the given time with the generated module alone."""
    sizes = dims(module, len(text.alphabet))
    params: Arrays = module.init_params(sizes, seed=seed, dtype=np.float32)
    workspace = module.Workspace(sizes, CHUNK, LANES, dtype=np.float32)
    adam = Adam(params)
    progress = Progress("training", every=10.0)
    start = time.monotonic()
    carry = None
    smooth = math.log(len(text.alphabet))
    losses: list[tuple[int, float, float]] = []
    for begins, inputs in chunks(text.training):
        done = (time.monotonic() - start) / seconds
        if adam.count and done >= 1:
            break
        loss, grads, carry = module.loss_and_grads(
            params, inputs, None if begins else carry, workspace=workspace
        )
        module.clip_gradients(grads, THETA)
        adam.step(params, grads, rate(done, adam.count))
        smooth += 0.02 * (loss - smooth)
        losses.append((adam.count, float(loss), smooth))
        progress.show(done, f"loss {smooth:.3f}")
    progress.done()
    passes = adam.count * CHUNK * LANES / len(text.training)
    return Trained(params, adam.count, passes, time.monotonic() - start, losses)


def rate(done: float, steps: int) -> float:
    """The learning rate: a short warm-up, then half a cosine over the time there is."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return min(1.0, (steps + 1) / WARM_UP) * (LAST_RATE + (RATE - LAST_RATE) * cosine)


def held_out_loss(module: ModuleType, params: Arrays, numbers: NDArray[np.int64]) -> float:
    """Nats per character, reading the held-out text once from beginning to end."""
    carry = None
    total = 0.0
    for start in range(0, len(numbers) - 1, EVALUATED_AT_ONCE):
        piece = numbers[start : start + EVALUATED_AT_ONCE + 1, None]
        outputs, carry = module.forward(params, {"tok": piece[:-1], "y": piece[1:]}, carry)
        total += float(outputs["loss"].sum(dtype=np.float64))
    return total / (len(numbers) - 1)


def sample(module: ModuleType, params: Arrays, alphabet: str, seed: int) -> str:
    """Text that the model writes, each character drawn at TEMPERATURE."""
    rng = np.random.default_rng(seed)
    number, carry = alphabet.index("\n"), None
    written: list[str] = []
    for _ in range(SAMPLE_LENGTH):
        outputs, carry = module.forward(params, {"tok": np.array([[number]])}, carry)
        logits = outputs["o"][0, 0].astype(np.float64) / TEMPERATURE
        odds = np.exp(logits - logits.max())
        number = int(rng.choice(len(odds), p=odds / odds.sum()))
        written.append(alphabet[number])
    return "".join(written)


# --- the whole of it -------------------------------------------------------------------


def run(out: Path, seconds: float, seed: int) -> bool:
    """Everything, printed as it is done.

    Returns
    -------
    bool
        Whether the proof holds; without it nothing is trained.
    """
    start = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    model = load(MODEL)
    derivation = derive(model)
    article, module_file = out / f"{MODEL}.tex", out / f"{MODEL}.py"
    output.write(article, render(derivation, to="tex"))
    _say("derived", f"{len(derivation.steps)} steps, {article}")
    code = generate(model)
    output.write(module_file, code)
    _say("generated", f"{len(code.splitlines())} lines of NumPy, {module_file}")
    report = verified(model)
    _say("verified", report.summary)
    if not report.ok:
        click.echo(f"\n{report}")
        return False
    text = read(documentation())
    _say(
        "text",
        f"Python's documentation, each paragraph once: {len(text.training):,} characters "
        f"({len(text.alphabet)} different), then {len(text.held_out):,} held out",
    )
    module = read_module(module_file, model).module
    left = seconds * (1 - RESERVE) - (time.monotonic() - start)
    trained = train(module, text, max(left, seconds / 4), seed)
    _say(
        "trained",
        f"{trained.steps:,} steps of {LANES} x {CHUNK} characters "
        f"({trained.passes:.1f} passes) in {trained.seconds:.0f} s, {_losses(trained, out)}",
    )
    _figures(held_out_loss(module, trained.params, text.held_out), text.held_out)
    click.echo(f"\nA sample, drawn at temperature {TEMPERATURE}:\n")
    click.echo(_indented(sample(module, trained.params, text.alphabet, seed)))
    return True


def loss_chart(losses: list[tuple[int, float, float]]) -> Chart:
    """The loss while training, of each step and smoothed.

    Parameters
    ----------
    losses : list of (int, float, float)
        The number of the step, its loss and the smoothed one, in nats.
    """
    xs = tuple(float(step) for step, _, _ in losses)
    series = (
        Series("loss of the step", xs, tuple(loss for _, loss, _ in losses)),
        Series("smoothed", xs, tuple(smooth for _, _, smooth in losses)),
    )
    panel = Panel("Loss while training", "step", "nats per character", series)
    return Chart(f"Training of {MODEL}", (panel,))


def _losses(trained: Trained, out: Path) -> Path:
    """Write the loss of every step, and where matplotlib is installed its figure."""
    chart = loss_chart(trained.losses)
    table = out / "loss.csv"
    how = "symbptt demo"
    output.write(table, output.signed(f"# {output.MARK}: {how}\n{csv_text(chart)}"))
    with suppress(OptionError):
        output.write(out / "loss.svg", output.signed(svg_text(chart, how)))
    return table


def verified(model: Model) -> Report:
    progress = Progress("verifying")
    report = verify(model, progress=lambda done, parts, what: progress.show(done / parts, what))
    progress.done()
    return report


def _say(what: str, how: str) -> None:
    click.echo(f"{what:<10} {how}")


def _figures(loss: float, held_out: NDArray[np.int64]) -> None:
    click.echo("\nnats per character on the held-out text")
    for name, value in (
        ("entropy of its characters (unigram)", unigram_entropy(held_out)),
        ("entropy given the one before (bigram)", bigram_entropy(held_out)),
        ("loss of the trained model", loss),
    ):
        click.echo(f"  {name:<38} {value:.3f}")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").split("\n"))
