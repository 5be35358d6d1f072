"""A model's NumPy module, from its program and one template."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symbptt.algebra import (
    Input,
    Model,
)
from symbptt.binding import bind as bind_functions
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.constants import ModuleConstants
from symbptt.codegen.emission import INDENT
from symbptt.codegen.estimating import EstimatorText, estimator_text
from symbptt.codegen.fast.buffered import Buffered, BufferedText
from symbptt.codegen.fast.passes import LEVELS, Pass, passes_of
from symbptt.codegen.fast.segments import check_segments
from symbptt.codegen.literals import (
    assigned,
    in_docstring,
    literal,
    signature_lines,
)
from symbptt.codegen.modes import Mode, mode_named, mode_of
from symbptt.codegen.naming import Identifiers, ValueNames
from symbptt.codegen.places import Places
from symbptt.codegen.program import Program
from symbptt.codegen.targets import TARGETS
from symbptt.codegen.unbuffered import Unbuffered, making
from symbptt.errors import UnboundFunctionError
from symbptt.output import YOURS, signed
from symbptt.templating import environment


@dataclass(frozen=True)
class ModuleText:
    """What the frame sets: ready strings and lists of ready lines."""

    stem: str
    how: str
    licence: str
    imports: tuple[str, ...]
    constants: tuple[str, ...]
    forward: tuple[str, ...]
    both: tuple[str, ...]
    steps_words: str
    total: str
    grads_words: str
    outputs: tuple[str, ...]
    compute: tuple[str, ...]
    definitions: tuple[str, ...]
    estimator: EstimatorText
    mode: Mode


def generate(
    source: Model | Derivation,
    *,
    bind: Mapping[str, str] | None = None,
    wrt_inputs: bool = False,
    level: int | None = None,
    mode: str = "reverse",
    estimator: Estimator | str | None = None,
    checkpoint: int | Literal["auto"] | None = None,
    gates: str = "blocks",
) -> str:
    """The text of the NumPy module of a model or of a derivation.

    Parameters
    ----------
    source : Model or Derivation
        A derivation is lowered as it stands, step by step; its functions must be bound.
    bind : mapping of str to str, optional
        Functions for the abstract ones of a model; defaults for the others.
    wrt_inputs : bool
        Also compute the gradients with respect to the real-valued inputs.
    level : int
        0 plain code to be read, 1 the same statements in buffers made once, 2 all passes
        of `symbptt.codegen.fast.passes`; by default the highest that the mode has. The module of
        a window is plain at every level.
    mode : str
        A key of `symbptt.codegen.modes.MODES`: ``reverse`` or ``forward``. A derivation
        has the mode of its form.
    estimator : Estimator or str, optional
        Of a model: which estimator of the gradient, as ``chunk:8``; else the gradient.
    checkpoint : int or "auto", optional
        Keep the states between segments of so many steps only, and run each segment forward
        again before its backward pass; ``auto``: the square root of T, so that memory
        grows with it (Chen et al., Training deep nets with sublinear memory cost, 2016,
        section 3). From level 1 on, for the gradient itself.
    gates : str
        ``blocks`` where the program permits, or ``columns`` (`symbptt.codegen.fast.blocks`).

    Raises
    ------
    EstimatorError
        If the text names no estimator.
    UnboundFunctionError
        If a function is abstract and has neither binding nor default.
    MissingLossError
        If the model has no loss.
    UnknownNameError
        If there is no such mode.
    OptionError
        If the mode has not this level, or not the gradients asked for; if ``checkpoint`` is
        neither a number of steps nor "auto", or it or ``gates`` does not go with the others.
    """
    derivation = derivation_of(
        source, bind=bind, wrt_inputs=wrt_inputs, mode=mode, estimator=estimator
    )
    chosen = mode_of(derivation)
    level = chosen.checked(level)
    how = f"symbptt generate {shlex.quote(derivation.model.argument)}"
    for name, value in sorted((bind or {}).items()):
        how += f" --bind {name}={value}"
    if wrt_inputs:
        how += " --wrt inputs"
    if derivation.estimator != FULL:
        how += f" --estimator {derivation.estimator}"
    how += chosen.option
    how += "" if level == chosen.levels[-1] else f" -O{level}"
    how += "" if gates == "blocks" else f" --gates {gates}"
    passes = passes_of(level, gates)
    if checkpoint is not None:
        check_segments(checkpoint, chosen, level, derivation.estimator)
        how += f" --checkpoint {checkpoint}"
    return render(chosen.lower(derivation), derivation, how, level, passes, checkpoint)


def derivation_of(
    source: Model | Derivation,
    *,
    bind: Mapping[str, str] | None = None,
    wrt_inputs: bool = False,
    mode: str = "reverse",
    estimator: Estimator | str | None = None,
) -> Derivation:
    """What `generate` lowers, with the same arguments; it raises what that raises."""
    if not isinstance(source, Derivation):
        bound, form = bind_functions(source, bind), mode_named(mode).form
        return derive(bound, form=form, wrt_inputs=wrt_inputs, estimator=estimator)
    if source.model.abstract:
        names = ", ".join(a.name for a in source.model.abstract)
        raise UnboundFunctionError(f"the derivation leaves abstract: {names}; bind them first")
    return source


def render(
    program: Program,
    derivation: Derivation,
    how: str,
    level: int = 0,
    passes: Sequence[Pass] | None = None,
    checkpoint: int | Literal["auto"] | None = None,
) -> str:
    """A program's module; ``passes`` in place of those of the level."""
    chosen = LEVELS[level] if passes is None else tuple(passes)
    avoided: set[str] = set()
    while True:
        identifiers = Identifiers(f"{how}{derivation.model.text}", avoided)
        module = _Module(program, derivation, how, level, chosen, checkpoint, identifiers)
        text = module.text()
        clashes = identifiers.clashes(text)
        if not clashes:
            return signed(identifiers.settled(text))
        avoided |= clashes


STEPS_WORDS = """    steps : int
        T, which no input of this model tells.
"""


class _Module:
    def __init__(
        self,
        program: Program,
        derivation: Derivation,
        how: str,
        level: int,
        passes: Sequence[Pass],
        checkpoint: int | Literal["auto"] | None,
        identifiers: Identifiers,
    ) -> None:
        # The sweeps of a window are computed plainly: no buffers are laid out for them.
        self.level = 0 if derivation.estimator.kind == "window" else level
        self.passes = passes
        self.program = program
        self.model = derivation.normal
        self.derivation = derivation
        self.how = how
        self.target = TARGETS["numpy"]
        self.identifiers = identifiers
        self.places = Places(program)
        self.constants = ModuleConstants(
            self.model,
            derivation.model,
            self.places.lag,
            any(block.place == "last" and block.statements for block in program.blocks),
            tuple(source.name for source in self.differentiated()),
            checkpoint,
        )
        self.told = self.constants.steps_told

    def text(self) -> str:
        """The frame, its own functions and as much of the runtime as they need."""
        frame = environment(self.target.name).get_template(self.target.frame)
        return frame.render(m=self.frame())

    def frame(self) -> ModuleText:
        author, mode = self.derivation.model, mode_of(self.derivation)
        estimator = estimator_text(self.derivation, self.program)
        buffered = self.buffered() if self.level else None
        if buffered is None:
            plain = self.unbuffered(self.program)
            signature = f"{mode.function}(call, values, carry_grad)"
            functions = [
                function_text("_forward(call)", plain.forward()),
                function_text("_loss(call, values)", plain.added(self.program.loss)),
                function_text(signature, plain.backward()),
            ]
        else:
            functions = list(buffered_functions(buffered))
            if buffered.missing:
                part = making(self.program, buffered.missing)
                lines = self.unbuffered(part).added(part.forward)
                functions.append(function_text("_completed(call, values)", lines))
        steps = "None" if self.told else "steps"
        outputs = (
            f"call = _prepare(params, inputs, carry, lengths, {steps}, loss=False)",
            "return _outputs(call)",
        )
        compute = list(self.compute(estimator, mode, steps))
        runtime = self.target.runtime(self.level)
        incomplete = "_INCOMPLETE", str(buffered is not None and bool(buffered.missing))
        own = [("forward", outputs), ("loss_and_grads", compute), ("_stated", estimator.constants)]
        code = [*functions, *(function_text(f"{name}()", lines) for name, lines in own if lines)]
        copied = runtime.copied(self.target.offered, self.constants.decided() | {incomplete}, code)
        constants = (
            *self.constants.tables(),
            *self.constants.stated(copied.names),
            *self.aliases(buffered, copied.names),
            *estimator.constants,
            *self.constants.thresholds("\n".join([*functions, *copied.texts])),
        )
        given = "params, inputs, carry=None, lengths=None"
        keywords = ["carry_grad=None", "workspace=None", *([] if self.told else ["steps=None"])]
        both = ", ".join([given, "*", *keywords, *estimator.keywords])
        return ModuleText(
            stem=in_docstring(author.name),
            how=in_docstring(self.how),
            licence=YOURS,
            imports=copied.imports,
            constants=constants,
            total=self.derivation.normal.total.word,
            steps_words="" if self.told else STEPS_WORDS,
            forward=tuple(
                signature_lines("forward", given + ("" if self.told else ", *, steps=None"))
            ),
            both=tuple(signature_lines("loss_and_grads", both)),
            grads_words=", and for every real-valued input" if self.differentiated() else "",
            outputs=outputs,
            compute=tuple(compute),
            definitions=(*functions, *copied.texts),
            estimator=replace(estimator, what=estimator.what.replace("METHOD", mode.method)),
            mode=mode,
        )

    def is_quick(self, estimator: EstimatorText) -> bool:
        """Whether a call in a workspace that fits may go without any check."""
        return bool(self.level) and self.told and not estimator.prepare

    def compute(self, estimator: EstimatorText, mode: Mode, steps: str) -> Iterator[str]:
        """The body of `loss_and_grads`."""
        if self.is_quick(estimator):
            yield "quick = isinstance(workspace, Workspace) and lengths is None"
            yield "if quick and workspace.takes(params, inputs, carry, carry_grad):"
            yield "    return _at_once(workspace, params, inputs, carry, carry_grad)"
        yield "call = _prepare("
        yield f"    params, inputs, carry, lengths, {steps}, carry_grad, workspace, loss=True"
        yield ")"
        yield from estimator.prepare
        if self.level:
            yield "return _in_buffers(call, workspace)"
        else:
            yield f"return _computed_plainly(call, {mode.function})"

    def differentiated(self) -> list[Input]:
        """The inputs whose gradients are results of the call."""
        adjoints = {step.target.name for step in self.derivation.of_kind("adjoint")}
        wanted = self.derivation.wrt_inputs
        return [i for i in self.model.inputs if wanted and i.name in adjoints]

    def aliases(self, buffered: BufferedText | None, names: Collection[str]) -> Iterator[str]:
        """The constants that stand for long keys and for functions of NumPy."""
        for name, key in self.identifiers.keys.items():
            yield assigned(key, literal(name))
        if "_KEPT" in names:
            yield "# The buffers of the last call of `forward`."
            yield "_KEPT = {}"
        if buffered is not None:
            yield "# Looked up once: a loop over time calls them a few times a step."
            yield from (line for line in buffered.aliases if line.split()[0] in names)

    def unbuffered(self, program: Program) -> Unbuffered:
        """What computes in arrays made on the way."""
        known = {e.name for e in self.model.equations}
        hoisted = [s.target.name for b in program.forward for s in b.statements]
        added = [name for name in hoisted if name not in known]
        gates = [name for name, _ in program.gates]
        names = ValueNames(self.model, [*added, *gates], self.identifiers)
        emitter = self.target.emitters[self.derivation.form]
        return Unbuffered(program, names, self.differentiated(), emitter)

    def buffered(self) -> BufferedText:
        """What computes in buffers; its names are apart from those of the plain code."""
        program = self.program
        for change in self.passes:
            program = change(program)
        names = ValueNames(program.model, program.introduced, self.identifiers, "buffered")
        return Buffered(program, names, self.derivation.wrt_inputs).text()


def function_text(signature: str, lines: Iterable[str], words: str = "") -> str:
    """A function of ready lines."""
    body = [f'"""{words}"""', *lines] if words else lines
    return "\n".join([f"def {signature}:", *(f"{INDENT}{line}" for line in body)])


def buffered_functions(text: BufferedText) -> Iterator[str]:
    """The functions of a module that computes in buffers."""
    yield from text.functions
    yield function_text(
        "_run_forward(w, params, inputs, start, first)",
        text.forward,
        "Run the steps of a segment forward.",
    )
    yield function_text(
        "_run_loss(w, params, inputs, first, targets)",
        text.loss,
        "Compute what no step takes and, with all targets, the losses of a segment.",
    )
    yield function_text(
        "_run_backward(w, params, inputs, start, carry_grad, first)",
        text.backward,
        "Run the steps of a segment backward.",
    )
    yield function_text(
        "_arrays(size, dtype)",
        text.arrays,
        "Every array: who has it, the rows it has, the lengths of a row.",
    )
    yield function_text(
        "_forward_views(w)", text.forward_views, "Make the views that a forward pass takes."
    )
    yield function_text(
        "_backward_views(w)", text.backward_views, "Make those that only a backward pass takes."
    )
    yield function_text(
        "_quantities(w)",
        text.quantities,
        "The rows of all quantities of a segment that has run forward, but for states.",
    )
