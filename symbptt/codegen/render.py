"""A model's NumPy module, from its program and one template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symbptt.algebra import (
    Add,
    Constant,
    Expr,
    Lookup,
    Model,
    Neg,
    Number,
    Param,
    Parameter,
    walk,
)
from symbptt.binding import bind as bind_functions
from symbptt.calculus.derivation import Derivation
from symbptt.calculus.estimators import FULL, Estimator
from symbptt.calculus.gradients import derive
from symbptt.codegen.emission import Emitter
from symbptt.codegen.estimating import EstimatorText, estimator_text
from symbptt.codegen.fast.buffered import Buffered, BufferedText
from symbptt.codegen.fast.passes import LEVELS, Pass, passes_of
from symbptt.codegen.fast.segments import check_segments
from symbptt.codegen.helpers import helper_exists, imports, needed_helpers
from symbptt.codegen.literals import (
    assigned,
    assigned_tuple,
    axes,
    axis,
    dict_literal,
    entry,
    in_docstring,
    literal,
    text_literal,
)
from symbptt.codegen.lowering import loss_side_quantities
from symbptt.codegen.modes import Mode, mode_named, mode_of
from symbptt.codegen.naming import Identifiers, Names, words_of
from symbptt.codegen.numpy_printer import Uses, integer_ratio
from symbptt.codegen.places import Places
from symbptt.codegen.program import Block, Program
from symbptt.codegen.tangents import TangentEmitter
from symbptt.errors import UnboundFunctionError
from symbptt.templating import environment


@dataclass(frozen=True)
class ModuleText:
    """What the template sets: ready strings and lists of ready lines."""

    name: str
    stem: str
    equations: str
    how: str
    imports: tuple[str, ...]
    dims: str
    params: str
    inputs: str
    index_inputs: str
    carry: str
    lag: str
    untimed: str
    loss_only: str
    outputs: str
    scalars: str
    scales: str
    keys: tuple[str, ...]
    last_loss: str
    steps_parameter: str
    steps_keyword: tuple[str, ...]
    steps_words: str
    steps_value: str
    grads_words: str
    forward: tuple[str, ...]
    loss: tuple[str, ...]
    backward: tuple[str, ...]
    input_gradients: str
    estimator: EstimatorText
    helpers: tuple[str, ...]
    told: str
    segment: str
    buffered: BufferedText | None
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
    if isinstance(source, Derivation):
        if source.model.abstract:
            names = ", ".join(a.name for a in source.model.abstract)
            raise UnboundFunctionError(f"the derivation leaves abstract: {names}; bind them first")
        derivation = source
        chosen = mode_of(derivation)
    else:
        chosen = mode_named(mode)
        bound = bind_functions(source, bind)
        derivation = derive(bound, form=chosen.form, wrt_inputs=wrt_inputs, estimator=estimator)
    level = chosen.checked(level)
    how = f"symbptt generate {derivation.model.name}"
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
    template = environment("numpy").get_template("module.py.j2")
    avoided: set[str] = set()
    while True:
        identifiers = Identifiers(f"{how}{derivation.model.text}", avoided)
        module = _Module(program, derivation, how, level, chosen, checkpoint, identifiers)
        text = template.render(m=module.text())
        clashes = identifiers.clashes(text)
        if not clashes:
            return identifiers.settled(text)
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
        self.checkpoint = checkpoint
        self.passes = passes
        self.program = program
        self.model = derivation.normal
        self.derivation = derivation
        self.how = how
        known = {e.name for e in self.model.equations}
        hoisted = [s.target.name for b in program.forward for s in b.statements]
        added = [name for name in hoisted if name not in known]
        self.gates = [name for name, _ in program.gates]
        self.identifiers = identifiers
        self.names = Names(self.model, [*added, *self.gates], identifiers)
        self.places = Places(program)
        self.pasts = self.places.pasts
        self.helpers: set[str] = set()

    def text(self) -> ModuleText:
        model, author = self.model, self.derivation.model
        forward, loss, backward = self.forward(), self.loss(), self.backward()
        estimator = estimator_text(self.derivation, self.program)
        mode = mode_of(self.derivation)
        told = any(i.timed and not i.loss_only for i in model.inputs)
        buffered = self.buffered() if self.level else None
        helpers = needed_helpers({*self.helpers, *estimator.helpers})
        differentiated = [i for i in model.inputs if self.has_adjoint(i.name)]
        quantities = [e for e in model.equations if not e.auxiliary and e.name != "loss"]
        shapes = [(e.name, e.shape) for e in quantities]
        shapes += [(i.name, i.shape) for i in differentiated]
        values = self.names.values
        return ModuleText(
            name=assigned("MODEL", literal(author.name)),
            stem=in_docstring(author.name),
            equations=text_literal(author.text),
            how=in_docstring(self.how),
            imports=imports(helpers),
            dims=assigned_tuple("DIMS", map(literal, model.dims)),
            params=dict_literal((p.name, axes(p.shape)) for p in model.parameters),
            inputs=dict_literal(
                (i.name, axes((*(("T",) if i.timed else ()), "B", *i.shape))) for i in model.inputs
            ),
            index_inputs=dict_literal(
                (i.name, axis(i.index_dim)) for i in model.inputs if i.index_dim is not None
            ),
            carry=dict_literal((i.key, axes(("B", *i.shape))) for i in model.initials),
            lag=str(self.places.lag),
            untimed=assigned_tuple(
                "_UNTIMED", (literal(i.name) for i in model.inputs if not i.timed)
            ),
            loss_only=assigned_tuple(
                "_LOSS_ONLY", (literal(i.name) for i in model.inputs if i.loss_only)
            ),
            outputs=dict_literal((e.name, literal(values[e.name])) for e in quantities),
            scalars=assigned_tuple(
                "_SCALARS",
                (literal(name) for name, shape in shapes if not shape),
            ),
            scales=dict_literal((p.name, literal(self.drawn(p))) for p in model.parameters),
            keys=tuple(assigned(key, literal(name)) for name, key in self.identifiers.keys.items()),
            last_loss=str(model.loss is not None and model.loss.last),
            steps_parameter="" if told else ", *, steps=None",
            steps_keyword=() if told else ("steps=None",),
            steps_words="" if told else STEPS_WORDS,
            steps_value="None" if told else "steps",
            grads_words=", and for every real-valued input" if differentiated else "",
            forward=tuple(forward),
            loss=tuple(loss),
            backward=tuple(backward),
            input_gradients=assigned_tuple(
                "_WITH_RESPECT_TO", (literal(i.name) for i in differentiated)
            ),
            estimator=replace(estimator, what=estimator.what.replace("METHOD", mode.method)),
            helpers=tuple(f"helpers/{name}.py.j2" for name in helpers),
            told=str(told),
            segment=self.segment(),
            buffered=buffered,
            mode=mode,
        )

    def buffered(self) -> BufferedText:
        """What computes in buffers; its names are apart from those of the plain code."""
        program = self.program
        for change in self.passes:
            program = change(program)
        names = Names(program.model, program.introduced, self.identifiers, "buffered")
        writer = Buffered(program, names, self.derivation.wrt_inputs)
        text = writer.text()
        self.helpers |= {name for name in words_of(text.lines) if helper_exists(name)}
        return text

    def segment(self) -> str:
        """How many steps a segment of a checkpointed module has; nothing for another."""
        if self.checkpoint is None:
            return ""
        steps = None if self.checkpoint == "auto" else self.checkpoint
        return assigned("_SEGMENT", str(steps))

    def past(self, name: str) -> str:
        """Where the array with a quantity's past is kept."""
        key = self.names.key(name)
        whole = literal(f"past of {name}") if key == literal(name) else f'"past of " + {key}'
        return f"values[{whole}]"

    def has_adjoint(self, name: str) -> bool:
        """Whether the gradient with respect to an input is a result of the call."""
        steps = self.derivation.of_kind("adjoint")
        return self.derivation.wrt_inputs and any(s.target.name == name for s in steps)

    # --- functions ---------------------------------------------------------------------------

    def emitted(self, blocks: Sequence[Block]) -> tuple[list[str], Emitter]:
        kind = TangentEmitter if self.derivation.form == "sensitivity" else Emitter
        emitter = kind(self.names, self.places, Uses())
        return list(emitter.blocks(blocks)), emitter

    def function(self, emitter: Emitter, lines: list[str], own: Sequence[str]) -> list[str]:
        """A body's lines, with what they mention fetched first.

        ``own`` are the names that the body makes itself.
        """
        self.helpers |= emitter.uses.helpers
        constants = [f"{name} = {ratio}" for name, ratio in emitter.uses.constants.items()]
        words = words_of(lines)
        fetched = [f"{n} = {home}" for n, home in self.homes() if n in words and n not in own]
        needed = words | words_of([*constants, *fetched])
        settings = [
            f"{name} = call.{name}" for name in ("rows", "size", "one", "dtype") if name in needed
        ]
        return [*settings, *fetched, *constants, *lines]

    def homes(self) -> Iterator[tuple[str, str]]:
        """Every array's name and where a function finds it."""
        values = self.names.values
        for parameter in self.model.parameters:
            yield values[parameter.name], f"call.params[{self.names.key(parameter.name)}]"
        for derived in self.model.derived:
            yield values[derived.name], kept(values[derived.name])
        for source in self.model.inputs:
            if source.name not in self.pasts:
                yield values[source.name], f"call.inputs[{self.names.key(source.name)}]"
        for name in self.pasts:
            yield self.names.histories[name], self.past(name)
            yield values[name], kept(values[name])
        for equation in self.model.equations:
            if equation.name not in self.pasts:
                yield values[equation.name], kept(values[equation.name])
        for gate in self.gates:
            yield values[gate], f"call.inputs[{self.names.key(gate)}]"

    def forward(self) -> list[str]:
        blocks = self.program.forward
        static = [b for b in blocks if b.place == "static"]
        before, static_emitter = self.emitted(static)
        body, emitter = self.emitted([b for b in blocks if b.place != "static"])
        emitter.uses.helpers |= static_emitter.uses.helpers
        emitter.uses.constants |= static_emitter.uses.constants
        lines = [*before, *self.begin_pasts(emitter), *body, "values = {}"]
        own = [self.names.values[n] for b in blocks for n in (s.target.name for s in b.statements)]
        own += [table[n] for n in self.pasts for table in (self.names.values, self.names.histories)]
        for name, home in self.homes():
            if home.startswith("values[") and name in own and self.is_kept(name):
                lines.append(f"{home} = {name}")
        return self.function(emitter, [*lines, "return values"], own)

    def is_kept(self, identifier: str) -> bool:
        local = {self.names.values[name] for kind, name in self.places.local if kind == "value"}
        return identifier not in local

    def begin_pasts(self, emitter: Emitter) -> Iterator[str]:
        """Arrays whose first rows are initial values."""
        for name in self.pasts:
            history, value = self.names.histories[name], self.names.values[name]
            if name in {i.name for i in self.model.inputs}:
                yield f"{history} = rows.past_of(call, {self.names.key(name)})"
            else:
                initials = [i for i in self.model.initials if i.name == name]
                fixed = [f"{i.step}: {self.start(i.value)}" for i in initials if i.value]
                own = f"{{{', '.join(fixed)}}}"
                width = emitter.shape_text(initials[0].shape)
                yield f"{history} = rows.past(call, {self.names.key(name)}, {own}, ({width},))"
            yield f"{value} = {history}[rows.live]"

    def start(self, value: Expr) -> str:
        """An initial value that the model fixes: in normal form a name or a number."""
        match value:
            case Param(name=name):
                return self.names.values[name]
            case Number(value=number) | Constant(value=number):
                ratio = integer_ratio(number)
                return ratio.replace("one", "call.one")
        raise UnboundFunctionError(f"an initial value in normal form is a name, found {value}")

    def loss(self) -> list[str]:
        body, emitter = self.emitted(self.program.loss)
        side = loss_side_quantities(self.model)
        made = [e for e in self.model.equations if e.name in side]
        own = [self.names.values[e.name] for e in made]
        lines = [f"{kept(name)} = {name}" for name in own if self.is_kept(name)]
        return self.function(emitter, [*body, *lines], own)

    def backward(self) -> list[str]:
        body, emitter = self.emitted((*self.program.backward, *self.program.gradients))
        pasts = [name for name in self.pasts if name not in self.places.indexed]
        cotangents, histories = self.names.cotangents, self.names.cotangent_histories
        begin = []
        for name in pasts:
            like = self.names.histories[name]
            received = f"rows.received(carry_grad, {self.names.key(name)}, {like})"
            if name in self.places.ahead:
                emitter.uses.helpers.add("_ahead")
                begin.append(f"{histories[name]} = np.zeros_like({like})")
                begin.append(f"{self.names.aheads[name]} = {received}")
                ahead = self.names.aheads[name]
                begin.append(f"{ahead} = _ahead({ahead}, {self.places.ahead[name]})")
            else:
                begin.append(f"{histories[name]} = {received}")
            if cotangents[name] in words_of(body):
                begin.append(f"{cotangents[name]} = {histories[name]}[rows.live]")
        assigned = {s.target.name for b in self.program.backward for s in b.statements}
        for source in self.model.inputs:
            name = source.name
            if self.has_adjoint(name) and name not in assigned and name not in self.pasts:
                rows = "rows.count" if source.timed else "rows.sequences"
                shape = emitter.shape_text(source.shape)
                body.append(f"{cotangents[name]} = np.zeros(({rows}, {shape}), dtype)")
        flowing = [(p.name, cotangents[p.name]) for p in self.model.parameters]
        sources = [
            (i.name, f"{histories[i.name]}[rows.live]" if i.name in pasts else cotangents[i.name])
            for i in self.model.inputs
        ]
        end = [
            *self.results("grads", flowing),
            *self.results("pasts", [(n, histories[n]) for n in pasts]),
            *self.results("sources", [s for s in sources if self.has_adjoint(s[0])]),
            "return grads, pasts, sources",
        ]
        return self.function(emitter, [*begin, *body, *end], ())

    def results(self, name: str, entries: list[tuple[str, str]]) -> list[str]:
        lines = "".join(entry(self.names.key(key), value) for key, value in entries)
        return [f"{name} = {{", *lines.splitlines(), "}"] if entries else [f"{name} = {{}}"]

    # --- init_params -----------------------------------------------------------------------------

    def drawn(self, parameter: Parameter) -> str:
        """How `init_params` draws a parameter, read off from how the model uses it."""
        if len(parameter.shape) == 2:
            return "table" if self.is_table(parameter.name) else "matrix"
        return "bias" if self.is_added(parameter.name) else "factor"

    def right_sides(self) -> tuple[Expr, ...]:
        return (*(d.rhs for d in self.model.derived), *(e.rhs for e in self.model.equations))

    def is_table(self, name: str) -> bool:
        return any(
            isinstance(node, Lookup) and isinstance(node.table, Param) and node.table.name == name
            for rhs in self.right_sides()
            for node in walk(rhs)
        )

    def is_added(self, name: str) -> bool:
        """Whether a vector is only ever a term of a sum, as biases and starts are."""
        for rhs in self.right_sides():
            for term in terms_of(rhs):
                uses = any(isinstance(node, Param) and node.name == name for node in walk(term))
                if uses and not isinstance(term, Param):
                    return False
        return True


def kept(name: str) -> str:
    return f"values[{literal(name)}]"


def terms_of(expr: Expr) -> Iterator[Expr]:
    """The terms of a sum, signs taken off."""
    if isinstance(expr, Add):
        for term in expr.terms:
            yield from terms_of(term)
    elif isinstance(expr, Neg):
        yield from terms_of(expr.operand)
    else:
        yield expr
