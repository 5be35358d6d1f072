r"""Blocks as slides: an idea each, which goes on under a head that says so where it is long.

TeX measures how much fits onto a slide (``allowframebreaks``); a slide of 16:9 in 10 pt is as wide
as the article's page in 11 pt, so formulas are broken alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Figure,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Table,
    Words,
)
from symbptt.typeset.format import Tex
from symbptt.typeset.latex import aligned, rows_of
from symbptt.typeset.text import lettered_formula
from symbptt.typeset.translation import told

# Chains of so many lines are kept on one slide, and so many rows of a table.
_WHOLE, _ROWS = 4, 9


@dataclass(frozen=True)
class Idea:
    """What stands on a slide.

    Attributes
    ----------
    headings : tuple of Heading
        Those that it stands below, the highest first.
    blocks : tuple of Block
    """

    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> Prose:
        """Its heading, and what is derived where the heading is about more than that."""
        if isinstance(picture := self.blocks[-1], Figure):
            return (Words(picture.words.partition(". ")[0]),)
        heading = self.headings[-1] if self.headings else Heading(())
        shown = [block for block in self.blocks if isinstance(block, Display)]
        alone = heading.level == 1 and len(shown) == 1 and len(shown[0].lines) == 1
        return (*heading.text, ": ", Math(shown[0].lines[0].left)) if alone else heading.text

    def subtitle(self, language: str) -> Prose:
        """The section, and the number of what is derived."""
        sections = [prose for heading in self.headings[:-1] for prose in heading.text]
        lines = [line for b in self.blocks if isinstance(b, Display) for line in b.lines]
        numbered = len(lines) == 1 and lines[0].tag
        number = told(("equation ", Words(f"({lines[0].tag})")), language) if numbered else ()
        return (*sections, ", " if sections and number else "", *number)


def ideas(blocks: Sequence[Block]) -> Iterator[Idea]:
    """Each equation, or whatever is shown, with the text before it."""
    headings: tuple[Heading, ...] = ()
    below: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading):
            yield from (Idea(headings, tuple(each)) for each in _parted(below))
            headings = (*(above for above in headings if above.level < block.level), block)
            below = []
        else:
            below.append(block)
    yield from (Idea(headings, tuple(each)) for each in _parted(below))


def _parted(blocks: Sequence[Block]) -> list[list[Block]]:
    """Text leads to what is shown; the last one may follow it."""
    parts: list[list[Block]] = []
    texts: list[Block] = []
    for block in blocks:
        texts.append(block)
        if not isinstance(block, Paragraph):
            parts.append(texts)
            texts = []
    if texts and parts:
        parts[-1] += texts
        return parts
    return [texts] if texts else parts


class Beamer(Tex):
    """Blocks as frames of LaTeX's class beamer."""

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        return {**super().parts(document, text), "continued": self.say("(continued)")}

    def body(self, blocks: Sequence[Block]) -> str:
        return self.labelled("\n".join(self.frames(blocks)))

    def frames(self, blocks: Sequence[Block]) -> Iterator[str]:
        section: Prose = ()
        for idea in ideas(blocks):
            above = idea.headings[0].text if idea.headings else ()
            if above != section:
                yield rf"\section{{{self.prose(above)}}}"
                section = above
            yield self.frame(idea)

    def frame(self, idea: Idea) -> str:
        shown = self.joined(idea.blocks)
        return (
            f"\\begin{{frame}}[allowframebreaks=0.9]{{{self.prose(idea.title)}}}"
            f"{{{self.prose(idea.subtitle(self.language))}}}\n{shown}\\end{{frame}}\n"
        )

    def heading(self, block: Heading) -> str:
        return rf"\structure{{{self.prose(block.text)}}}"

    def points(self, block: Points) -> str:
        items = "\n".join(rf"\item {self.prose(item)}" for item in block.items)
        return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"

    def display(self, block: Display) -> str:
        return lettered_formula(aligned(rows_of(block.lines, self.words), whole=_WHOLE))

    def box(self, block: Box) -> str:
        """A slide needs no rules to make results stand out."""
        return self.display(Display(block.lines))

    def table(self, block: Table) -> str:
        """As many tables as slides, each with the head; a slide may end behind any row."""
        rows = [self.table_row(tuple(map(self.prose, row))) for row in block.rows]
        # About as many on each slide.
        most = ceil(len(rows) / ceil(len(rows) / _ROWS))
        slides = (rows[start : start + most] for start in range(0, len(rows), most))
        tables = "\n\\framebreak\n".join(self.rows_of_a_slide(block, slide) for slide in slides)
        return f"\\begingroup\\footnotesize\\def\\arraystretch{{1.2}}\n{tables}\n\\endgroup"

    def rows_of_a_slide(self, block: Table, rows: Sequence[str]) -> str:
        head = f"\\hline\n{self.table_head(block)} \\\\\n\\hline\n"
        start = f"\\begin{{tabular}}{{@{{}}{self.table_columns(block)}@{{}}}}\n"
        each = (f"{start}{row}\\end{{tabular}}\n" for row in (head, *rows))
        return "\\par\\nointerlineskip\n".join(each)

    def table_columns(self, block: Table) -> str:
        total = sum(block.widths)
        shares = (rf"p{{{width / total - 0.01:.3f}\linewidth}}" for width in block.widths)
        return r"@{\hspace{2pt}}".join(shares)

    def figure(self, block: Figure) -> str:
        """No wider and no higher than the slide."""
        return (
            f"\\begin{{center}}\n\\setbox0=\\hbox{{%\n{lettered_formula(block.tikz)}\n}}%\n"
            "\\ifdim\\wd0>\\linewidth "
            "\\setbox0=\\hbox{\\resizebox{\\linewidth}{!}{\\box0}}\\fi\n"
            "\\ifdim\\ht0>0.7\\textheight "
            "\\setbox0=\\hbox{\\resizebox{!}{0.7\\textheight}{\\box0}}\\fi\n"
            "\\box0\n\\end{center}"
        )
