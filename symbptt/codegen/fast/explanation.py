"""What a level of optimisation does: the program after each pass, as text with counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from symbptt.algebra import Dim, DimProduct, DimSum, Model, Shape
from symbptt.binding import bind as bind_functions
from symbptt.calculus.estimators import Estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.fast.segments import kept_apart
from symbptt.codegen.fast.work import Work, work
from symbptt.codegen.lowering import lower
from symbptt.codegen.places import Places, Variable
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.runtime.model import _THRESHOLDS
from symbptt.typeset.plain import plain

NUMBER_BYTES = 8
"""Of a number in float64."""


@dataclass(frozen=True)
class PassStage:
    """A program, and the name of what made it of the one before."""

    title: str
    program: Program
    changed: bool = True


def explain(
    model: Model,
    level: int = 2,
    *,
    bind: Mapping[str, str] | None = None,
    wrt_inputs: bool = False,
    estimator: Estimator | str | None = None,
) -> str:
    """The array program of a model after each pass of a level, as text with counts.

    Parameters
    ----------
    level : int
        A key of `symbptt.codegen.fast.passes.LEVELS`. A window is plain at every level.
    bind : mapping of str to str, optional
        Functions for the abstract ones; defaults for the others.
    wrt_inputs : bool
        Also the gradients with respect to the real-valued inputs.
    estimator : Estimator or str, optional
        Which estimator of the gradient, as ``chunk:8``; else the gradient.

    Raises
    ------
    EstimatorError
        If the text names no estimator.
    UnboundFunctionError
        If a function is abstract and has neither binding nor default.
    MissingLossError
        If the model has no loss.
    """
    bound = bind_functions(model, bind)
    derivation = derive(bound, wrt_inputs=wrt_inputs, estimator=estimator)
    used = 0 if derivation.estimator.kind == "window" else level
    found = list(stages(lower(derivation), used))
    texts = ["\n".join(stage_lines(stage)) + "\n" for stage in found]
    return "\n".join([*texts, *([segment_words(found[-1].program)] if used else [])])


def stages(program: Program, level: int) -> Iterator[PassStage]:
    """The lowered program, then what each pass makes of it."""
    yield PassStage("lowered", program)
    for number, change in enumerate(LEVELS[level], start=1):
        before, program = program, change(program)
        yield PassStage(f"pass {number}, {change.__name__}", program, program != before)


def stage_lines(stage: PassStage) -> Iterator[str]:
    if not stage.changed:
        yield f"{stage.title}: no effect"
        return
    yield f"{stage.title}:"
    numbers = loop_numbers(stage.program)
    program = stage.program
    parts = {
        "forward": program.forward,
        "loss": program.loss,
        "backward": program.backward,
        "gradients": program.gradients,
    }
    for title, blocks in parts.items():
        lines = [line for block in blocks for line in block_lines(block, numbers)]
        yield from [f"  {title}", *(f"    {line}" for line in lines)] if lines else []
    yield from (f"  {line}" for line in count_lines(program, numbers))


def loop_numbers(program: Program) -> dict[int, int]:
    """The number of each loop, by its block's identity."""
    loops = [block for block in program.blocks if block.place == "loop"]
    return {id(block): number for number, block in enumerate(loops, start=1)}


def block_lines(block: Block, numbers: Mapping[int, int]) -> Iterator[str]:
    number = numbers.get(id(block))
    for place, statement in block.run():
        label = place if number is None else f"{place} {number}"
        yield f"{label:<8} {statement_text(statement)}"


def statement_text(statement: Assign) -> str:
    target = ", ".join(map(plain, statement.targets))
    return f"{target} {'+=' if statement.add else '='} {plain(statement.value)}"


# --- counts -----------------------------------------------------------------------------


def count_lines(program: Program, numbers: Mapping[int, int]) -> Iterator[str]:
    """What a program does, in figures."""
    done = total(part for block in program.blocks for part in works(program, block))
    everything = done.inside + done.once
    others = f", {counted(everything['other'], 'other call')}" if everything["other"] else ""
    yield (
        f"{counted(everything['product'], 'matrix product')}, "
        f"{counted(everything['elementwise'], 'elementwise call')}{others}"
    )
    for block in program.blocks:
        if block.place == "loop":
            yield f"loop {numbers[id(block)]}, {loop_words(program, block)}"
    yield f"kept: {kept_words(program)}"


def works(program: Program, block: Block) -> tuple[Work, Work]:
    """What a block does in its statements, and before, in its coefficients."""
    known = Places(program)
    inside = total(
        work(s, block.place, first=s.add and known.is_first(s)) for s in block.statements
    )
    return inside, total(work(s, "chunk") for s in block.hoisted)


def loop_words(program: Program, block: Block) -> str:
    step, chunk = (each.inside for each in works(program, block))
    before = f", {counted(chunk.total(), 'call')} a chunk" if block.hoisted else ""
    numbers = _THRESHOLDS["numbers a step of a scan"]
    scan = f"; scanned at up to {numbers} numbers a step" if block.scan else ""
    return (
        f"t = {'T, ..., 1' if block.backward else '1, ..., T'}: "
        f"{counted(step.total(), 'call')} a step, "
        f"{counted(step['product'], 'matrix product')} among them{before}{scan}"
    )


def total(works: Iterable[Work]) -> Work:
    found = Work()
    for one in works:
        found += one
    return found


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def segment_words(program: Program) -> str:
    """What of it each segment has for itself; all segments share the rest."""
    places = Places(program)
    own = kept_numbers(program, kept_apart(program, places))
    return f"each segment of steps for itself: {in_bytes(own)}\n"


def kept_words(program: Program) -> str:
    """The bytes of all that has a row for every step of every sequence."""
    return in_bytes(kept_numbers(program))


def in_bytes(numbers: Counter[tuple[str, ...]]) -> str:
    if not numbers:
        return "nothing for every step"
    text = polynomial(numbers)
    inside = f"({text})" if len(numbers) > 1 else text
    return f"{NUMBER_BYTES} * {inside} bytes a step of one sequence, in float64"


def kept_numbers(
    program: Program, among: Container[Variable] | None = None
) -> Counter[tuple[str, ...]]:
    """How many numbers, as a polynomial in the dimensions: monomials with coefficients.

    Inputs are the caller's. What is only in a loop, or a chunk of it, has no such row.
    """
    places = Places(program)
    found: Counter[tuple[str, ...]] = Counter()
    guests = {member for family in places.reuse for member in family}
    for variable, kind in places.kinds.items():
        if variable in guests or (among is not None and variable not in among):
            continue
        if kind in ("rows", "past") and places.writers[variable]:
            found += entries(places.shapes[variable])
    return found


def entries(shape: Shape) -> Counter[tuple[str, ...]]:
    """The number of entries of an array, multiplied out."""
    found: Counter[tuple[str, ...]] = Counter({(): 1})
    for dim in shape:
        found = multiplied(found, numbers_of(dim))
    return found


def numbers_of(dim: Dim) -> Counter[tuple[str, ...]]:
    if isinstance(dim, DimProduct):
        return entries(dim.parts)
    found: Counter[tuple[str, ...]] = Counter()
    for part in dim.parts if isinstance(dim, DimSum) else (dim,):
        found += Counter({(): part} if isinstance(part, int) else {(str(part),): 1})
    return found


def multiplied(
    left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]
) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for (names, factor), (others, other) in product(left.items(), right.items()):
        found[tuple(sorted((*names, *others)))] += factor * other
    return found


def polynomial(terms: Mapping[tuple[str, ...], int]) -> str:
    ordered = sorted(terms.items(), key=lambda item: (-len(item[0]), item[0]))
    return " + ".join(monomial(names, factor) for names, factor in ordered)


def monomial(names: tuple[str, ...], factor: int) -> str:
    shown = [str(factor)] if factor != 1 or not names else []
    return " * ".join([*shown, *names])
