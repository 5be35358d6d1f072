"""What a derivation says, section by section, in ready strings for a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

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
    Reason,
    ReasonPart,
    Step,
    StepNumber,
    TotalLoss,
)
from symbptt.calculus.elimination import without_auxiliaries
from symbptt.typeset.by_entries import ByEntries
from symbptt.typeset.chapters import TELLINGS, Chapter
from symbptt.typeset.clipping import clipping
from symbptt.typeset.clock import Clock
from symbptt.typeset.display import LINE, Item, Row
from symbptt.typeset.estimate import Estimate, estimate
from symbptt.typeset.glossary import (
    Glossary,
    convention_texts,
    function_rows,
    function_texts,
    with_formulas,
)
from symbptt.typeset.latex import (
    Rows,
    equation_rows,
    printer_of,
    result_rows,
    statements,
    step_rows,
)
from symbptt.typeset.markup import Markup
from symbptt.typeset.measure import width
from symbptt.typeset.style import LAYOUTS, Style

# Kinds of steps that say for which t they hold.
_STATED = ("adjoint", "jacobian", "sensitivity")
# Longer words are no heading.
_HEADING = 100
# A page may end after so many rows of the table of symbols.
_TABLE = 4
# So many results stand between two rules of the summary.
_BOX = 40


@dataclass(frozen=True)
class Passage:
    """All about one quantity, or by one; without a heading where it stands alone."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Section:
    title: str
    introduction: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class Article:
    """Ready strings in the order of the document; a template lays them out.

    ``tables`` are pieces of one table of symbols, rows of (symbol, role, space, meaning).
    """

    header: tuple[str, ...]
    title: str
    subtitle: str
    subject: str
    introduction: tuple[str, ...]
    model: Item
    start: str
    tables: tuple[tuple[tuple[str, str, str, str], ...], ...]
    functions: tuple[Item, ...]
    conventions: tuple[str, ...]
    operations: tuple[Item, ...]
    entries: tuple[Item, ...]
    total: Item
    batch: str
    estimates: tuple[Estimate, ...]
    sections: tuple[Section, ...]
    summary: tuple[Item, ...]


def write_article(derivation: Derivation, markup: Markup, command: str, style: Style) -> Article:
    """The derivation told in a document format; ``command`` makes the document again."""
    return _Writer(derivation, markup, style).article(command)


class _Writer:
    def __init__(self, derivation: Derivation, markup: Markup, style: Style) -> None:
        self.derivation = derivation
        self.style = style
        self.model = derivation.model
        self.normal = derivation.normal
        self.markup = markup
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
        self.by_entries = ByEntries(derivation, self.printer, markup, self.tags) if wanted else None

    def article(self, command: str) -> Article:
        title, introduction = self.title()
        glossary = Glossary(self.derivation, self.printer, self.markup, self.tags)
        expressions = list(self.expressions())
        rows = tuple(glossary.rows())
        return Article(
            header=(
                self.markup.comment(f"Made by symbptt from the model {self.model.name}. To make"),
                self.markup.comment(f"it again: {command}"),
            ),
            title=title,
            subtitle=self.telling.subtitle,
            subject=self.telling.subtitle[:1].lower() + self.telling.subtitle[1:],
            introduction=introduction,
            model=self.statement(),
            start=self.start(),
            tables=tuple(rows[k : k + _TABLE] for k in range(0, len(rows), _TABLE)),
            functions=self.functions(expressions),
            conventions=tuple(convention_texts(expressions, self.printer, self.markup)),
            operations=self.operations(),
            entries=tuple(self.by_entries.equations()) if self.by_entries else (),
            total=self.total(),
            batch=self.batch(),
            estimates=estimate(self.derivation, self.printer, self.markup),
            sections=() if self.style.detail == "summary" else tuple(self.sections()),
            summary=tuple(self.summary()),
        )

    def math(self, expr: Expr) -> str:
        return self.markup.math(self.printer.laid(expr))

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

    def title(self) -> tuple[str, tuple[str, ...]]:
        """The model's leading comment: its first line the title, the rest a paragraph."""
        lines = _leading_comment(self.model.text)
        if lines and len(lines[0]) <= 120:
            rest = " ".join(lines[1:])
            return self.markup.text(lines[0]), (self.markup.text(rest),) if rest else ()
        paragraph = " ".join(lines)
        return (
            self.markup.text(f"The model {self.model.name}"),
            (self.markup.text(paragraph),) if paragraph else (),
        )

    def statement(self) -> Item:
        """The author's equations with the author's words."""
        rows: list[Row] = []
        tags = _tags(self.model, "M") if self.expanded else self.tags
        for item in statements(self.model):
            block = equation_rows(self.printer, item, tags[item.name])
            words = self.markup.words(f"({item.comment})") if item.comment else ""
            rows += [*block[:-1], replace(block[-1], words=words)]
        if _widest(rows) > LINE:
            rows = [replace(row, words="") for row in rows]
        step = self.markup.math(rf"{self.clock.now} = 1, \dots, {self.clock.last}")
        return Item(f"At the steps {step} the model computes", self.markup.display(rows))

    def start(self) -> str:
        """How the recurrence starts: what is given and what the model fixes."""
        given = [self.initial(i) for i in self.normal.initials if i.value is None]
        fixed = [
            self.markup.math(f"{self.initial_symbol(i)} = {self.fixed(i)}")
            for i in self.normal.initials
            if i.value is not None
        ]
        sentences = []
        if given:
            verb = "is" if len(given) == 1 else "are"
            noun = "value" if len(given) == 1 else "values"
            sentences.append(
                f"The initial {noun} {_listed(given)} {verb} given with the inputs, "
                "and zero if nothing is given."
            )
        if fixed:
            sentences.append(f"The recurrence starts from {_listed(fixed)}.")
        return " ".join(sentences)

    def initial(self, initial: Initial) -> str:
        return self.markup.math(self.initial_symbol(initial))

    def initial_symbol(self, initial: Initial) -> str:
        return self.names.timed(initial.name, initial.shape, Index(offset=initial.step))

    def fixed(self, initial: Initial) -> str:
        value = initial.value
        assert value is not None
        shown = self.printer.laid(value)
        if isinstance(value, Number) and initial.shape:
            return r"\mathbf{0}" if value.value == 0 else rf"{shown} \, \mathbf{{1}}"
        return shown

    def functions(self, expressions: Sequence[Expr]) -> tuple[Item, ...]:
        """What the functions are that not everybody knows."""
        rows = tuple(function_rows(expressions, self.printer))
        texts = " ".join(function_texts(expressions, self.printer, self.markup))
        items = (Item("The functions are", self.markup.display(rows)),) if rows else ()
        return (*items, Item(texts, "")) if texts else items

    def operations(self) -> tuple[Item, ...]:
        """The normal form, where it differs from what the author wrote."""
        if not self.expanded:
            return ()
        rows = [
            row
            for item in statements(self.normal)
            for row in equation_rows(self.printer, item, self.tags[item.name])
        ]
        prose = (
            "The chain rule is applied to one operation at a time, so whatever stands inside "
            "a function or a product, and whatever a derivative is written with, gets a name "
            "of its own. In this form the model reads"
        )
        return (Item(prose, self.markup.display(rows)),)

    def total(self) -> Item:
        loss = self.normal.loss
        assert loss is not None
        shown = self.printer.show(loss.ref)
        if self.derivation.of != "L":
            return self.mean_of_one_step(shown)
        if loss.last:
            prose = "The total loss is that of the last step,"
            return Item(prose, self.markup.display([Row("L", f"= {shown}.", "L")]))
        formula = rf"= \frac{{1}}{{T}} \sum_{{t=1}}^T {shown}."
        prose = "The total loss is the mean of the losses of all steps,"
        return Item(prose, self.markup.display([Row("L", formula, "L")]))

    def mean_of_one_step(self, shown: str) -> Item:
        """What the gradient of one step's loss is for the gradient of L."""
        last = self.clock.last
        prose = with_formulas(
            f"The loss of one step ${last}$ is differentiated alone, and ${self.clock.now}$ runs "
            f"over the steps up to it. The mean over all steps ${last}$ gives the gradient of the "
            "total loss, for every parameter $w$:",
            self.markup,
        )
        mean = rf"= \frac{{1}}{{T}} \sum_{{{last}=1}}^T \frac{{\partial {shown}}}{{\partial w}}."
        return Item(prose, self.markup.display([Row(r"\frac{\partial L}{\partial w}", mean)]))

    def batch(self) -> str:
        loss = self.normal.loss
        assert loss is not None
        if self.derivation.of != "L":
            return ""
        if loss.last:
            return (
                "For a batch of sequences it is the mean over the sequences, each with its own "
                "last step."
            )
        number = self.markup.math("T")
        return (
            "For a batch of sequences it is the sum over all their steps divided by the number "
            f"of these steps, which then stands in the place of {number}."
        )

    # --- the sections ------------------------------------------------------------------

    def sections(self) -> Iterator[Section]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter)
            if steps:
                passages = tuple(self.passages(chapter, steps))
                yield Section(chapter.title, self.spelled(chapter.introduction), passages)

    def steps_of(self, chapter: Chapter) -> tuple[Step, ...]:
        return tuple(s for s in self.derivation.of_kind(*chapter.kinds) if chapter.holds(s))

    def spelled(self, text: str) -> str:
        clock = self.clock
        gates = " On its way back through a step it is multiplied by the gate of that step."
        text = text.replace("GATES", gates if self.derivation.gate else "")
        text = text.replace("RECEIVES", LAYOUTS[self.style.layout].receives)
        text = text.replace("DIRECT", self.printer.direct(r"\mathbf{v}").text)
        for word, letter in (("NOW", clock.now), ("LAST", clock.last), ("LAG", clock.lag)):
            text = text.replace(word, letter)
        return with_formulas(text, self.markup)

    def passages(self, chapter: Chapter, steps: Sequence[Step]) -> Iterator[Passage]:
        if not chapter.grouped:
            yield Passage("", tuple(item for step in steps for item in self.told(step)))
            return
        key = self.quantity if chapter.grouped == "quantity" else self.variable
        for heading, group in groupby(steps, key=key):
            about = tuple(group)
            starts = [step for step in about if step.kind == "start"]
            items: list[Item] = []
            for step in about:
                if step.kind != "start" or len(starts) == 1:
                    items += self.told(step)
                elif step == starts[0]:
                    items.append(self.started(starts))
            yield Passage(heading, tuple(items))

    def started(self, steps: Sequence[Step]) -> Item:
        """Several initial values together."""
        rows = [row for step in steps for row in step_rows(self.printer, step, ".")]
        prose = "An initial value is a value of its own:"
        return Item(prose, self.markup.display(rows))

    def quantity(self, step: Step) -> str:
        target = step.target
        assert isinstance(target, Cotangent | Direct)
        if isinstance(target, Direct) and isinstance(target.of, Stack):
            return f"The state {self.math(target.of)}"
        return self.heading(target.name, target.shape)

    def variable(self, step: Step) -> str:
        """What a derivative is taken by."""
        assert isinstance(step.target, Derivative)
        return f"With respect to {self.math(step.target.wrt)}"

    def heading(self, name: str, shape: Shape) -> str:
        words = self.words[name]
        if not words or len(words) > _HEADING:
            words = self.role(name)
        index = self.normal_index(name)
        symbol = self.markup.math(self.names.timed(name, shape, index))
        return f"{self.markup.text(words[:1].upper() + words[1:])} {symbol}"

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

    def told(self, step: Step) -> Iterator[Item]:
        """A step with its reason; before it, if asked for, the same entry by entry."""
        prose = f"{self.where(step)}{self.reason(step.reason)}:"
        display = self.markup.display(step_rows(self.printer, step, "."))
        if self.by_entries:
            yield from self.by_entries.step(step, prose, display)
        else:
            yield Item(prose, display)

    def where(self, step: Step) -> str:
        """For which steps it holds, as the beginning of a sentence."""
        part = step.part
        last = self.clock.last if part is None else str(part)
        if step.kind == "boundary" and step.needs == 1:
            return "At the end of the sequence, " if part is None else "At the step of the loss, "
        if step.kind == "boundary":
            enough = rf"{last} \ge {step.needs}"
            place = "end" if part is None else "loss"
            return f"Near the {place}, if {self.markup.math(enough)}, "
        if step.kind == "initial" and step.needs > 1:
            enough = self.range(step.holds) if step.holds else rf"{last} \ge {step.needs}"
            return f"For {self.markup.math(enough)}, "
        if step.holds is None or step.kind not in ("initial", *_STATED):
            return ""
        if step.holds == EVERY:
            return f"For every {self.markup.math(self.clock.now)}, "
        return f"For {self.markup.math(self.range(step.holds))}, "

    def range(self, steps: Range) -> str:
        first, last, of = map(self.names.index, (steps.first, steps.last, steps.of))
        return f"{of} = {first}" if first == last else rf"{first} \le {of} \le {last}"

    def reason(self, reason: Reason) -> str:
        return "".join(map(self.reason_part, reason))

    def reason_part(self, part: ReasonPart) -> str:
        match part:
            case str():
                return part
            case TotalLoss():
                return self.markup.math(self.clock.loss)
            case Past(index=index):
                return f"past {self.markup.math(self.names.index(index))}"
            case Index():
                return self.markup.math(self.names.index(part))
            case StepNumber(number=number):
                return f"({number})"
            case EquationName(name=name):
                return f"({self.tags[name]})"
        return self.math(part)

    # --- the summary -------------------------------------------------------------------

    def summary(self) -> Iterator[Item]:
        for chapter in self.telling.chapters:
            steps = self.steps_of(chapter)
            first = chapter.boxed
            for start in range(0, len(steps), _BOX):
                yield from self.results(first, steps[start : start + _BOX])
                first = "And further:"
        if LAYOUTS[self.style.layout].put_in:
            prose = (
                "With the gradients put in that auxiliary quantities have, or that only "
                "parameters receive, these read:"
            )
            yield from self.results(prose, without_auxiliaries(self.derivation))
        prose, rows = clipping(self.derivation, self.printer, self.markup)
        if rows and self.derivation.of == "L" and not self.derivation.only:
            yield Item(prose, self.markup.display(rows))

    def results(self, prose: str, steps: Sequence[Step]) -> Iterator[Item]:
        if steps:
            yield Item(prose, self.markup.box(row for step in steps for row in self.result(step)))

    def result(self, step: Step) -> Rows:
        partly = step.kind == "adjoint" and step.holds not in (None, EVERY)
        ending = rf"\quad ({self.range(step.holds)})" if partly and step.holds else ""
        return result_rows(self.printer, step, ending)


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


def _listed(parts: Sequence[str]) -> str:
    if len(parts) <= 2:
        return " and ".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _widest(rows: Sequence[Row]) -> float:
    """The width of a display with its column of words."""
    measured: Callable[[str], float] = width
    left = max(measured(row.left) for row in rows)
    right = max(measured(row.right) for row in rows)
    words = max(10.0 * len(row.words) for row in rows)
    return left + right + (words + 80 if words else 0)
