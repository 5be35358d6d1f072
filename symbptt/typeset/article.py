"""What a derivation says, block by block."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from symbptt.algebra import Expr, Index, Initial, Model, Number, walk
from symbptt.calculus.derivation import Derivation, listed
from symbptt.typeset.blocks import (
    Block,
    Display,
    Document,
    Equality,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Reference,
    Words,
    prose,
    settled,
)
from symbptt.typeset.chapters import PARTS
from symbptt.typeset.clock import StepLetters
from symbptt.typeset.estimate import Estimate, estimate
from symbptt.typeset.gaps import NONE, Gaps
from symbptt.typeset.glossary import Glossary, convention_texts, function_lines, function_texts
from symbptt.typeset.latex import equation_of, printer_of
from symbptt.typeset.sections import ByEntries, Sections
from symbptt.typeset.style import Style


def article(
    derivation: Derivation,
    command: str,
    style: Style,
    gaps: Gaps = NONE,
    parts: Collection[str] = tuple(PARTS),
    beside: Iterable[Block] = (),
    ahead: Iterable[Block] = (),
) -> Document:
    """The derivation told as a document; ``command`` makes it again.

    ``ahead`` stands before the model, ``beside`` at the end.

    With ``gaps`` it has no summary, which would tell what is asked; of what stands in other
    ``parts`` it does not speak by number.
    """
    writer = _Writer(derivation, style, gaps)
    title, introduction = writer.title()
    blocks = settled((*introduction, *ahead, *writer.blocks(parts), *beside))
    subtitle = writer.sections.telling.subtitle
    signs = tuple(Glossary(derivation, writer.printer, writer.cited).signs())
    return Document(made(derivation, command), title, subtitle, tuple(blocks), signs=signs)


def tellings(
    derivation: Derivation,
    style: Style,
    details: Iterable[str],
    parts: Collection[str] = tuple(PARTS),
    beside: Iterable[Block] = (),
    ahead: Iterable[Block] = (),
) -> Iterator[tuple[Block, ...]]:
    """The blocks of an article at several levels of detail, "index" only where it is the style's.

    What they have in common is told once.
    """
    writer = _Writer(derivation, style, NONE)
    _, introduction = writer.title()
    before, steps, behind = map(tuple, writer.passages(parts))
    ahead, beside = (*introduction, *ahead, *before), (*behind, *beside)
    for detail in details:
        yield tuple(settled((*ahead, *(() if detail == "summary" else steps), *beside)))


def made(derivation: Derivation, command: str) -> tuple[str, ...]:
    """What a head says."""
    model = derivation.model.name
    return f"Made by symbptt from the model {model}. To make", f"it again: {command}"


class _Writer:
    def __init__(self, derivation: Derivation, style: Style, gaps: Gaps) -> None:
        self.derivation = derivation
        self.style = style
        self.gaps = gaps
        self.model = derivation.model
        self.normal = derivation.normal
        self.printer = printer_of(derivation.symbols, style)
        self.names = self.printer.names
        self.expanded = self.model.definitions != self.normal.definitions
        self.tags = numbered(self.normal)
        wanted = style.detail == "index"
        self.clock = StepLetters.of(derivation, by_entries=wanted)
        self.names.tell(self.clock)
        self.cited = self.references()
        self.by_entries = ByEntries(derivation, self.printer, self.cited) if wanted else None
        self.sections = Sections(derivation, self.printer, self.cited, self.by_entries, gaps)

    def references(self) -> Mapping[str, Reference]:
        """To the equations of the normal form."""
        lefts = {
            item.name: equation_of(self.printer, item).left for item in self.normal.definitions
        }
        return {
            name: Reference(self.tags[name], ("the equation of ", Math(left)))
            for name, left in lefts.items()
        }

    def blocks(self, parts: Collection[str]) -> Iterator[Block]:
        """Everything behind the title and its paragraph."""
        before, steps, behind = self.passages(parts)
        yield from before
        if self.style.detail != "summary":
            yield from steps
        yield from behind

    def passages(self, parts: Collection[str]) -> tuple[Iterator[Block], ...]:
        """The model, the steps, which a summary leaves out, and what they come to."""
        estimates = estimate(self.derivation, self.printer)
        return (
            self.told_model(estimates) if "model" in parts else iter(()),
            self.sections.blocks(parts),
            self.results(estimates, parts),
        )

    def results(self, estimates: Sequence[Estimate], parts: Collection[str]) -> Iterator[Block]:
        for told in estimates if "gradients" in parts else ():
            yield Heading((told.heading,))
            yield from told.quality
        if "summary" in parts and not self.gaps:
            yield Heading(("Summary",))
            yield from self.sections.summary()

    def told_model(self, estimates: Sequence[Estimate]) -> Iterator[Block]:
        expressions = list(self.expressions())
        yield from self.statement()
        yield from self.start()
        yield from self.total()
        yield from self.batch()
        for told in estimates:
            yield Heading(("The estimate",), level=2)
            yield from told.definition
        yield Heading(("Symbols",), level=2)
        yield Glossary(self.derivation, self.printer, self.cited).table()
        yield from self.functions(expressions)
        yield Heading(("Conventions",), level=2)
        yield Points(tuple(convention_texts(expressions, self.printer)))
        yield from self.operations()
        if self.by_entries:
            yield Heading(("Entry by entry",))
            yield from self.by_entries.equations()

    def expressions(self) -> Iterator[Expr]:
        """Every node that the document shows."""
        for item in (*self.model.definitions, *self.normal.definitions):
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
        tags = numbered(self.model, "M") if self.expanded else self.tags
        steps = Math(rf"{self.clock.now} = 1, \dots, {self.clock.last}")
        yield Heading(("The model",))
        yield Paragraph(("At the steps ", steps, " the model computes"))
        yield Display(
            tuple(
                equation_of(
                    self.printer, item, tags[item.name], f"({item.comment})" if item.comment else ""
                )
                for item in self.model.definitions
            )
        )

    def start(self) -> Iterator[Block]:
        """How the recurrence starts: what is given and what the model fixes."""
        given = [(Math(self.initial_symbol(i)),) for i in self.normal.initials if i.value is None]
        fixed = [
            (Math(f"{self.initial_symbol(i)} = {self.fixed(i)}"),)
            for i in self.normal.initials
            if i.value is not None
        ]
        several = len(given) > 1
        sentences: list[Prose] = []
        if given:
            first = "The initial values " if several else "The initial value "
            verb = " are" if several else " is"
            rest = f"{verb} given with the inputs, and zero if nothing is given."
            sentences.append((first, *listed(given), rest))
        if fixed:
            sentences.append(("The recurrence starts from ", *listed(fixed), "."))
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
                for item in self.normal.definitions
            )
        )

    def total(self) -> Iterator[Block]:
        loss = self.normal.loss
        assert loss is not None
        shown = self.printer.show(loss.ref)
        if self.derivation.of != "L":
            yield from self.mean_of_one_step(shown)
            return
        total = self.normal.total
        what = (
            "that of the last step" if loss.last else f"the {total.word} of the losses of all steps"
        )
        yield Paragraph((f"The total loss is {what},",))
        yield Display((Equality("L", (f"{self.printer.show(total.formula)}.",), "L"),))

    def mean_of_one_step(self, shown: str) -> Iterator[Block]:
        """What the gradient of one step's loss is for the gradient of L."""
        last, total = self.clock.last, self.derivation.model.total
        yield Paragraph(
            prose(
                f"The loss of one step ${last}$ is differentiated alone, and ${self.clock.now}$ "
                f"runs over the steps up to it. The {total.word} over all steps ${last}$ gives the "
                "gradient of the total loss, for every parameter $w$:"
            )
        )
        factor = "" if total.summed else r"\frac{1}{T} "
        whole = rf"{factor}\sum_{{{last}=1}}^T \frac{{\partial {shown}}}{{\partial w}}."
        yield Display((Equality(r"\frac{\partial L}{\partial w}", (whole,)),))

    def batch(self) -> Iterator[Block]:
        loss = self.normal.loss
        assert loss is not None
        if self.derivation.of != "L":
            return
        total = self.normal.total
        if loss.last:
            words = (
                f"For a batch of sequences it is the {total.word} over the sequences, each with "
                "its own last step."
            )
        elif total.summed:
            words = "For a batch of sequences it is the sum over all their steps."
        else:
            words = (
                "For a batch of sequences it is the sum over all their steps divided by the number "
                "of these steps, which then stands in the place of $T$."
            )
        yield Paragraph(prose(words))


def numbered(model: Model, letter: str = "F") -> dict[str, str]:
    """The numbers of a model's equations, by what they define."""
    return {item.name: f"{letter}{k}" for k, item in enumerate(model.definitions, start=1)}


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


def _joined(sentences: Sequence[Prose]) -> Prose:
    first, *rest = sentences
    return (*first, *(part for sentence in rest for part in (" ", *sentence)))
