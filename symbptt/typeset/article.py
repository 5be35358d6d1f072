"""What a derivation says, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from symbptt.algebra import (
    Cotangent,
    Derivative,
    Direct,
    Expr,
    Index,
    Initial,
    Model,
    Number,
    Shape,
    Stack,
    walk,
)
from symbptt.calculus.derivation import (
    EVERY,
    Derivation,
    EquationName,
    Past,
    Range,
    ReasonPart,
    Step,
    StepNumber,
    TotalLoss,
)
from symbptt.calculus.elimination import without_auxiliaries
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Equality,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Words,
    prose,
)
from symbptt.typeset.by_entries import ByEntries
from symbptt.typeset.chapters import TELLINGS, Chapter
from symbptt.typeset.clipping import clipping
from symbptt.typeset.clock import Clock
from symbptt.typeset.estimate import estimate
from symbptt.typeset.glossary import Glossary, convention_texts, function_lines, function_texts
from symbptt.typeset.latex import equation_of, printer_of, result_of, statements, step_equality
from symbptt.typeset.style import LAYOUTS, Style

# Kinds of steps that say for which t they hold.
_STATED = ("adjoint", "jacobian", "sensitivity")
# Longer words are no heading.
_HEADING = 100
# So many results stand between two rules of the summary.
_BOX = 40


def article(derivation: Derivation, command: str, style: Style) -> Document:
    """The derivation told as a document; ``command`` makes it again."""
    writer = _Writer(derivation, style)
    title, introduction = writer.title()
    made = (
        f"Made by symbptt from the model {derivation.model.name}. To make",
        f"it again: {command}",
    )
    blocks = (*introduction, *writer.blocks())
    return Document(made, title, writer.telling.subtitle, blocks)


class _Writer:
    def __init__(self, derivation: Derivation, style: Style) -> None:
        self.derivation = derivation
        self.style = style
        self.model = derivation.model
        self.normal = derivation.normal
        self.printer = printer_of(derivation.symbols, style)
        self.names = self.printer.names
        self.expanded = statements(self.model) != statements(self.normal)
        self.tags = _tags(self.normal, "F")
        self.words = {item.name: item.comment for item in statements(self.normal)}
        self.words |= {item.name: item.comment for item in self.normal.inputs}
        wanted = style.detail == "index"
        self.clock = Clock.of(derivation, by_entries=style.detail == "index")
        self.names.tell(self.clock)
        self.telling = TELLINGS[derivation.form]
        self.by_entries = ByEntries(derivation, self.printer, self.tags) if wanted else None

    def blocks(self) -> Iterator[Block]:
        """Everything behind the title and its paragraph."""
        expressions = list(self.expressions())
        estimates = estimate(self.derivation, self.printer)
        yield from self.statement()
        yield from self.start()
        yield from self.total()
        yield from self.batch()
        for told in estimates:
            yield Heading(("The estimate",), level=2)
            yield from told.definition
        yield Heading(("Symbols",), level=2)
        yield Glossary(self.derivation, self.printer, self.tags).table()
        yield from self.functions(expressions)
        yield Heading(("Conventions",), level=2)
        yield Points(tuple(convention_texts(expressions, self.printer)))
        yield from self.operations()
        if self.by_entries:
            yield Heading(("Entry by entry",))
            yield from self.by_entries.equations()
        if self.style.detail != "summary":
            yield from self.sections()
        for told in estimates:
            yield Heading((told.heading,))
            yield from told.quality
        yield Heading(("Summary",))
        yield from self.summary()

    def math(self, expr: Expr) -> Math:
        return Math(self.printer.laid(expr))

    def expressions(self) -> Iterator[Expr]:
        """Every node that the document shows."""
        for item in (*statements(self.model), *statements(self.normal)):
            yield from walk(self.printer.lay(item.rhs))
        for step in self.derivation.steps:
            for member in step.members:
                yield from walk(self.printer.lay(member))
        if self.by_entries:
            yield from self.by_entries.expressions()

    # --- the model ---------------------------------------------------------------------

    def title(self) -> tuple[Prose, tuple[Block, ...]]:
        """The model's leading comment: its first line the title, the rest a paragraph."""
        lines = _leading_comment(self.model.text)
        title: Prose = ("The model ", Words(self.model.name))
        if lines and len(lines[0]) <= 120:
            title = (Words(lines[0]),)
            lines = lines[1:]
        return title, (Paragraph((Words(" ".join(lines)),)),) if lines else ()

    def statement(self) -> Iterator[Block]:
        """The author's equations with the author's words."""
        tags = _tags(self.model, "M") if self.expanded else self.tags
        steps = Math(rf"{self.clock.now} = 1, \dots, {self.clock.last}")
        yield Heading(("The model",))
        yield Paragraph(("At the steps ", steps, " the model computes"))
        yield Display(
            tuple(
                equation_of(
                    self.printer, item, tags[item.name], f"({item.comment})" if item.comment else ""
                )
                for item in statements(self.model)
            )
        )

    def start(self) -> Iterator[Block]:
        """How the recurrence starts: what is given and what the model fixes."""
        given = [Math(self.initial_symbol(i)) for i in self.normal.initials if i.value is None]
        fixed = [
            Math(f"{self.initial_symbol(i)} = {self.fixed(i)}")
            for i in self.normal.initials
            if i.value is not None
        ]
        several = len(given) > 1
        sentences: list[Prose] = []
        if given:
            first = "The initial values " if several else "The initial value "
            verb = " are" if several else " is"
            rest = f"{verb} given with the inputs, and zero if nothing is given."
            sentences.append((first, *_listed(given), rest))
        if fixed:
            sentences.append(("The recurrence starts from ", *_listed(fixed), "."))
        if sentences:
            yield Paragraph(_joined(sentences))

    def initial_symbol(self, initial: Initial) -> str:
        return self.names.timed(initial.name, initial.shape, Index(offset=initial.step))

    def fixed(self, initial: Initial) -> str:
        value = initial.value
        assert value is not None
        shown = self.printer.laid(value)
        if isinstance(value, Number) and initial.shape:
            return r"\mathbf{0}" if value.value == 0 else rf"{shown} \, \mathbf{{1}}"
        return shown

    def functions(self, expressions: Sequence[Expr]) -> Iterator[Block]:
        """What the functions are that not everybody knows."""
        lines = tuple(function_lines(expressions, self.printer))
        if lines:
            yield Paragraph(("The functions are",))
            yield Display(lines)
        texts = " ".join(function_texts(expressions, self.printer))
        if texts:
            yield Paragraph(prose(texts))

    def operations(self) -> Iterator[Block]:
        """The normal form, where it differs from what the author wrote."""
        if not self.expanded:
            return
        words = (
            "The chain rule is applied to one operation at a time, so whatever stands inside "
            "a function or a product, and whatever a derivative is written with, gets a name "
            "of its own. In this form the model reads"
        )
        yield Heading(("One operation at a time",))
        yield Paragraph((words,))
        yield Display(
            tuple(
                equation_of(self.printer, item, self.tags[item.name])
                for item in statements(self.normal)
            )
        )

    def total(self) -> Iterator[Block]:
        loss = self.normal.loss
        assert loss is not None
        shown = self.printer.show(loss.ref)
        if self.derivation.of != "L":
            yield from self.mean_of_one_step(shown)
        elif loss.last:
            yield Paragraph(("The total loss is that of the last step,",))
            yield Display((Equality("L", (f"{shown}.",), "L"),))
        else:
            formula = rf"\frac{{1}}{{T}} \sum_{{t=1}}^T {shown}."
            yield Paragraph(("The total loss is the mean of the losses of all steps,",))
            yield Display((Equality("L", (formula,), "L"),))

    def mean_of_one_step(self, shown: str) -> Iterator[Block]:
        """What the gradient of one step's loss is for the gradient of L."""
        last = self.clock.last
        yield Paragraph(
            prose(
                f"The loss of one step ${last}$ is differentiated alone, and ${self.clock.now}$ "
                f"runs over the steps up to it. The mean over all steps ${last}$ gives the "
                "gradient of the total loss, for every parameter $w$:"
            )
        )
        mean = rf"\frac{{1}}{{T}} \sum_{{{last}=1}}^T \frac{{\partial {shown}}}{{\partial w}}."
        yield Display((Equality(r"\frac{\partial L}{\partial w}", (mean,)),))

    def batch(self) -> Iterator[Block]:
        loss = self.normal.loss
        assert loss is not None
        if self.derivation.of != "L":
            return
        if loss.last:
            words = (
                "For a batch of sequences it is the mean over the sequences, each with its own "
                "last step."
            )
        else:
            words = (
                "For a batch of sequences it is the sum over all their steps divided by the number "
                "of these steps, which then stands in the place of $T$."
            )
        yield Paragraph(prose(words))

    # --- the sections ------------------------------------------------------------------

    def sections(self) -> Iterator[Block]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter)
            if steps:
                yield Heading((chapter.title,))
                if chapter.introduction:
                    yield Paragraph(self.spelled(chapter.introduction))
                yield from self.passages(chapter, steps)

    def steps_of(self, chapter: Chapter) -> tuple[Step, ...]:
        return tuple(s for s in self.derivation.of_kind(*chapter.kinds) if chapter.holds(s))

    def spelled(self, text: str) -> Prose:
        clock = self.clock
        gates = " On its way back through a step it is multiplied by the gate of that step."
        text = text.replace("GATES", gates if self.derivation.gate else "")
        text = text.replace("RECEIVES", LAYOUTS[self.style.layout].receives)
        text = text.replace("DIRECT", self.printer.direct(r"\mathbf{v}").text)
        for word, letter in (("NOW", clock.now), ("LAST", clock.last), ("LAG", clock.lag)):
            text = text.replace(word, letter)
        return prose(text)

    def passages(self, chapter: Chapter, steps: Sequence[Step]) -> Iterator[Block]:
        if not chapter.grouped:
            for step in steps:
                yield from self.told(step)
            return
        key = self.quantity if chapter.grouped == "quantity" else self.variable
        for heading, group in groupby(steps, key=key):
            about = tuple(group)
            starts = [step for step in about if step.kind == "start"]
            yield Heading(heading, level=3)
            for step in about:
                if step.kind != "start" or len(starts) == 1:
                    yield from self.told(step)
                elif step == starts[0]:
                    yield from self.started(starts)

    def started(self, steps: Sequence[Step]) -> Iterator[Block]:
        """Several initial values together."""
        yield Paragraph(("An initial value is a value of its own:",))
        yield Display(tuple(step_equality(self.printer, step, ".") for step in steps))

    def quantity(self, step: Step) -> Prose:
        target = step.target
        assert isinstance(target, Cotangent | Direct)
        if isinstance(target, Direct) and isinstance(target.of, Stack):
            return "The state ", self.math(target.of)
        return self.heading(target.name, target.shape)

    def variable(self, step: Step) -> Prose:
        """What a derivative is taken by."""
        assert isinstance(step.target, Derivative)
        return "With respect to ", self.math(step.target.wrt)

    def heading(self, name: str, shape: Shape) -> Prose:
        words = self.words[name]
        if not words or len(words) > _HEADING:
            words = self.role(name)
        index = self.normal_index(name)
        symbol = Math(self.names.timed(name, shape, index))
        return Words(words[:1].upper() + words[1:]), " ", symbol

    def normal_index(self, name: str) -> Index:
        """The step at which a quantity is spoken of; at the last one if it is its loss."""
        equation = next((e for e in self.normal.equations if e.name == name), None)
        alone = self.derivation.of != "L" and equation is not None and equation.last
        return Index.of("T" if alone else "t")

    def role(self, name: str) -> str:
        """What a quantity without words is called."""
        if name == "loss" or name in self.normal.states:
            return "loss" if name == "loss" else "state"
        if any(source.name == name for source in self.normal.inputs):
            return "input"
        return "auxiliary" if self.normal.equation(name).auxiliary else "quantity"

    def told(self, step: Step) -> Iterator[Block]:
        """A step with its reason; before it, if asked for, the same entry by entry."""
        reason = chain.from_iterable(map(self.reason, step.reason))
        words = Paragraph((*self.where(step), *reason, ":"))
        display = Display((step_equality(self.printer, step, "."),))
        if self.by_entries:
            yield from self.by_entries.step(step, words, display)
        else:
            yield from (words, display)

    def where(self, step: Step) -> Prose:
        """For which steps it holds, as the beginning of a sentence."""
        part = step.part
        last = self.clock.last if part is None else str(part)
        if step.kind == "boundary" and step.needs == 1:
            place = "At the end of the sequence, " if part is None else "At the step of the loss, "
            return (place,)
        if step.kind == "boundary":
            place = "Near the end, if " if part is None else "Near the loss, if "
            return place, Math(rf"{last} \ge {step.needs}"), ", "
        if step.kind == "initial" and step.needs > 1:
            enough = self.range(step.holds) if step.holds else rf"{last} \ge {step.needs}"
            return "For ", Math(enough), ", "
        if step.holds is None or step.kind not in ("initial", *_STATED):
            return ()
        if step.holds == EVERY:
            return "For every ", Math(self.clock.now), ", "
        return "For ", Math(self.range(step.holds)), ", "

    def range(self, steps: Range) -> str:
        first, last, of = map(self.names.index, (steps.first, steps.last, steps.of))
        return f"{of} = {first}" if first == last else rf"{first} \le {of} \le {last}"

    def reason(self, part: ReasonPart) -> Prose:
        match part:
            case str():
                return (part,)
            case TotalLoss():
                return (Math(self.clock.loss),)
            case Past(index=index):
                return "past ", Math(self.names.index(index))
            case Index():
                return (Math(self.names.index(part)),)
            case StepNumber(number=number):
                return (f"({number})",)
            case EquationName(name=name):
                return (f"({self.tags[name]})",)
        return (self.math(part),)

    # --- the summary -------------------------------------------------------------------

    def summary(self) -> Iterator[Block]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter)
            first = chapter.boxed
            for start in range(0, len(steps), _BOX):
                yield from self.results(first, steps[start : start + _BOX])
                first = "And further:"
        if LAYOUTS[self.style.layout].put_in:
            words = (
                "With the gradients put in that auxiliary quantities have, or that only "
                "parameters receive, these read:"
            )
            yield from self.results(words, without_auxiliaries(self.derivation))
        if self.derivation.of == "L" and not self.derivation.only:
            yield from clipping(self.derivation, self.printer)

    def results(self, words: str, steps: Sequence[Step]) -> Iterator[Block]:
        if steps:
            yield Paragraph((words,))
            yield Box(tuple(map(self.result, steps)))

    def result(self, step: Step) -> Equality:
        partly = step.kind == "adjoint" and step.holds not in (None, EVERY)
        ending = rf"\quad ({self.range(step.holds)})" if partly and step.holds else ""
        return result_of(self.printer, step, ending)


def _tags(model: Model, letter: str) -> dict[str, str]:
    return {item.name: f"{letter}{k}" for k, item in enumerate(statements(model), start=1)}


def _leading_comment(text: str) -> list[str]:
    """The comment lines with which a model's text begins, decoration taken off."""
    lines = []
    for line in text.splitlines():
        if not line.strip().startswith("#"):
            if line.strip():
                break
            continue
        words = line.strip().strip("#=-*~ \t")
        if words:
            lines.append(words)
    return lines


def _listed(parts: Sequence[Math]) -> Prose:
    """ "a, b and c"."""
    found: list[str | Math | Words] = []
    for number, part in enumerate(parts):
        found += [" and " if number == len(parts) - 1 else ", "] if number else []
        found.append(part)
    return tuple(found)


def _joined(sentences: Sequence[Prose]) -> Prose:
    first, *rest = sentences
    return (*first, *(part for sentence in rest for part in (" ", *sentence)))
