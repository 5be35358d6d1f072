"""The sections of an article: every step with its reason, entry by entry, the results boxed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, groupby

from symbptt.algebra import Cotangent, Derivative, Direct, Expr, Index, Shape, Stack, walk
from symbptt.algebra.letters import Line
from symbptt.calculus.derivation import (
    EVERY,
    Derivation,
    EquationName,
    Past,
    ReasonPart,
    Step,
    TotalLoss,
)
from symbptt.calculus.indices import EquationLines, StepLines, by_entries
from symbptt.calculus.selection import without_auxiliaries
from symbptt.calculus.why import line_reasons
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Equality,
    Heading,
    Math,
    Paragraph,
    Prose,
    Reference,
    Words,
    prose,
)
from symbptt.typeset.chapters import TELLINGS, Chapter
from symbptt.typeset.estimate import clipping
from symbptt.typeset.formula import LatexPrinter
from symbptt.typeset.gaps import Gaps
from symbptt.typeset.latex import result_of, step_equality
from symbptt.typeset.style import LAYOUTS

NESTED = (
    "The gradient that is summed has a chain rule of its own. With it put in, this is one sum "
    "over all letters, from which the deltas lead back:"
)
TENSOR = (
    "The other way is to differentiate by the row that is read as a whole. Its derivative by the "
    "table is a tensor, here one matrix for each row $ROW$ of the table: zero unless $ROW$ is the "
    "row that is read, and there the identity. So row $ROW$ of the gradient is"
)
MATRIX = "In matrix form,"
WHOLE = "With whole arrays,"


class ByEntries:
    """Says the equations and steps of a derivation entry by entry."""

    def __init__(
        self, derivation: Derivation, printer: LatexPrinter, cited: Mapping[str, Reference]
    ) -> None:
        self.indices = by_entries(derivation)
        self.printer = printer
        self.cited = cited

    def expressions(self) -> Iterator[Expr]:
        """Every node that is shown."""
        for line in self.indices.lines():
            for expr in (line.target, *line.members):
                yield from walk(self.printer.lay(expr))

    # --- equations ---------------------------------------------------------------------

    def equations(self) -> Iterator[Block]:
        for lines in self.indices.equations:
            yield Paragraph(self.entry_words(lines))
            yield self.display(lines.entry)
            if lines.slopes:
                yield Paragraph(("with the partial derivatives",))
                yield self.display(*lines.slopes)

    def entry_words(self, lines: EquationLines) -> Prose:
        cited = self.cited[lines.name]
        if not lines.entry.letters:
            return "Equation ", cited, " is"
        return "Entry ", self.places(lines.entry), " of equation ", cited, " is"

    def places(self, line: Line) -> Math:
        """``j`` or ``(j, i)``."""
        letters = ", ".join(map(self.printer.show, line.letters))
        return Math(letters if len(line.letters) == 1 else f"({letters})")

    # --- steps -------------------------------------------------------------------------

    def step(self, step: Step, introduction: Paragraph, display: Block) -> Iterator[Block]:
        """The step by entries, where it has any, and then as it is."""
        lines = self.indices.of(step)
        if lines is None:
            yield from (introduction, display)
            return
        yield from (introduction, self.display(lines.line))
        yield from self.both_ways(lines)
        yield from (Paragraph((MATRIX if step.shape else WHOLE,)), display)

    def both_ways(self, lines: StepLines) -> Iterator[Block]:
        if lines.nested is not None:
            yield from (Paragraph((NESTED,)), self.display(lines.nested))
        if lines.tensor is not None:
            row = self.printer.show(lines.tensor.letters[0])
            yield Paragraph(prose(TENSOR.replace("ROW", row)))
            yield self.display(lines.tensor)

    def display(self, *lines: Line) -> Display:
        return Display(tuple(map(self.equality, lines)))

    def equality(self, line: Line) -> Equality:
        members = tuple(self.printer.laid(member) for member in line.members)
        return Equality(self.printer.laid(line.target), members)


# Kinds of steps that say for which t they hold.
_STATED = ("adjoint", "jacobian", "sensitivity")
# Longer words are no heading.
_HEADING = 100
# So many results stand between two rules of the summary.
_BOX = 40


class Sections:
    """Tells the steps of a derivation, chapter by chapter.

    ``cited`` are references to the normal form's equations; with ``by_entries`` every step is
    told entry by entry, too; ``gaps`` are the steps that are asked for.
    """

    def __init__(
        self,
        derivation: Derivation,
        printer: LatexPrinter,
        cited: Mapping[str, Reference],
        by_entries: ByEntries | None,
        gaps: Gaps,
    ) -> None:
        self.derivation = derivation
        self.normal = derivation.normal
        self.printer = printer
        self.names = printer.names
        self.clock = printer.names.clock
        self.layout = LAYOUTS[printer.names.style.layout]
        self.cited = cited
        self.by_entries = by_entries
        self.gaps = gaps
        self.telling = TELLINGS[derivation.form]
        self.words = {item.name: item.comment for item in self.normal.definitions}
        self.words |= {item.name: item.comment for item in self.normal.inputs}

    def math(self, expr: Expr) -> Math:
        return Math(self.printer.laid(expr))

    def blocks(self, parts: Collection[str]) -> Iterator[Block]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter) if chapter.part in parts else ()
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
        text = text.replace("RECEIVES", self.layout.receives)
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
            alone = len(starts) == 1 or any(step in self.gaps for step in starts)
            for step in about:
                if step.kind != "start" or alone:
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
        symbol = Math(self.names.timed(name, shape, self.normal_index(name)))
        if not words or len(words) > _HEADING:
            return self.normal.role(name).capitalize(), " ", symbol
        return Words(words[:1].upper() + words[1:]), " ", symbol

    def normal_index(self, name: str) -> Index:
        """The step at which a quantity is spoken of; at the last one if it is its loss."""
        equation = next((e for e in self.normal.equations if e.name == name), None)
        alone = self.derivation.of != "L" and equation is not None and equation.last
        return Index.of("T" if alone else "t")

    def told(self, step: Step) -> Iterator[Block]:
        """A step with its reason; before it, if asked for, the same entry by entry."""
        reason = chain.from_iterable(map(self.reason, step.reason))
        asked = (f"{self.gaps.words(step)}. ",) if step in self.gaps else ()
        words = Paragraph((*asked, *self.where(step), *reason, ":"))
        display = self.reasoned(step, self.gaps.display(self.printer, step))
        if self.by_entries:
            yield from self.by_entries.step(step, words, display)
        else:
            yield from (words, display)

    def reasoned(self, step: Step, display: Display) -> Display:
        """With a reason for each member, where none is left out."""
        if step in self.gaps:
            return display
        (line,) = display.lines
        reasons = line_reasons(step, self.normal)
        told = tuple(tuple(chain.from_iterable(map(self.reason, each))) for each in reasons)
        return Display((replace(line, reasons=told),))

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
            enough = self.names.range(step.holds) if step.holds else rf"{last} \ge {step.needs}"
            return "For ", Math(enough), ", "
        if step.holds is None or step.kind not in ("initial", *_STATED):
            return ()
        if step.holds == EVERY:
            return "For every ", Math(self.clock.now), ", "
        return "For ", Math(self.names.range(step.holds)), ", "

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
            case EquationName(name=name):
                return (self.cited[name],)
        return (self.math(part),)

    # --- the summary -------------------------------------------------------------------

    def summary(self) -> Iterator[Block]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter)
            first = chapter.boxed
            for start in range(0, len(steps), _BOX):
                yield from self.results(first, steps[start : start + _BOX])
                first = "And further:"
        if self.layout.put_in:
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
        ending = rf"\quad ({self.names.range(step.holds)})" if partly and step.holds else ""
        return result_of(self.printer, step, ending)
