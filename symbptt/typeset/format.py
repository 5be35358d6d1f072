"""Document formats: one method a block, and ways with words and formulas in a line."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import pairwise
from typing import Self

from symbptt.templating import environment
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Figure,
    Heading,
    Listing,
    Math,
    Paragraph,
    Points,
    Prose,
    Reference,
    Table,
    Words,
)
from symbptt.typeset.latex import aligned, rows_of
from symbptt.typeset.markdown_math import displayed, numbered, safe_in_markdown
from symbptt.typeset.text import (
    LETTERED,
    latex_comment,
    latex_text,
    lettered,
    lettered_formula,
    markdown_text,
)
from symbptt.typeset.translation import ENGLISH, said


class Format(ABC):
    """Prints blocks, one below the other.

    Attributes
    ----------
    language : str
        That of what a format says itself.
    """

    language = ENGLISH

    def speaking(self, language: str) -> Self:
        """The same format, in that language."""
        other = copy(self)
        # Some formats are frozen.
        object.__setattr__(other, "language", language)
        return other

    def say(self, text: str) -> str:
        """What the format or its frame says itself."""
        return self.plain(said(text, self.language))

    def body(self, blocks: Sequence[Block]) -> str:
        return "\n\n".join(map(self.block, blocks)) + "\n"

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                return self.heading(block)
            case Paragraph():
                return self.paragraph(block)
            case Points():
                return self.points(block)
            case Display():
                return self.display(block)
            case Box():
                return self.box(block)
            case Table():
                return self.table(block)
            case Listing():
                return self.listing(block)
            case Figure():
                return self.figure(block)

    def prose(self, parts: Prose) -> str:
        return "".join(map(self.part, parts))

    def part(self, part: str | Math | Words | Reference) -> str:
        match part:
            case Reference(tag=tag):
                return self.reference(tag)
            case Math(tex=tex):
                return self.math(tex)
            case Words(text=text):
                return self.words(text)
        return self.plain(part)

    def plain(self, text: str) -> str:
        """Words of the house."""
        return text

    def title(self, text: Prose) -> str:
        return self.prose(text)

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        """What the frame sets beside the printed text, by name."""
        return {}

    def paragraph(self, block: Paragraph) -> str:
        return self.prose(block.text)

    def reference(self, tag: str) -> str:
        """The number of an equation of the document."""
        return f"({tag})"

    def figure(self, block: Figure) -> str:
        """In words, where a format has no pictures."""
        return self.paragraph(Paragraph((Words(block.words),)))

    @abstractmethod
    def comment(self, text: str) -> str:
        """What a header says, safe on a line of its own."""

    @abstractmethod
    def words(self, text: str) -> str:
        """Anybody's text, made safe."""

    @abstractmethod
    def math(self, tex: str) -> str:
        """A formula within a line."""

    @abstractmethod
    def heading(self, block: Heading) -> str: ...

    @abstractmethod
    def points(self, block: Points) -> str: ...

    @abstractmethod
    def display(self, block: Display) -> str: ...

    @abstractmethod
    def box(self, block: Box) -> str: ...

    @abstractmethod
    def table(self, block: Table) -> str: ...

    @abstractmethod
    def listing(self, block: Listing) -> str: ...


# Equations of so many lines are kept on one page.
_WHOLE = 8
_COMMANDS = {1: r"\section{%s}", 2: r"\subsection*{%s}", 3: r"\paragraph{%s.}"}


class Tex(Format):
    """Blocks in LaTeX."""

    def body(self, blocks: Sequence[Block]) -> str:
        return self.labelled(self.joined(blocks))

    def joined(self, blocks: Sequence[Block]) -> str:
        """A blank line ends a paragraph: before a heading, and between two paragraphs."""
        printed = [self.block(blocks[0])]
        for before, block in pairwise(blocks):
            ended = isinstance(block, Heading) or (
                isinstance(block, Paragraph) and isinstance(before, Paragraph | Points)
            )
            printed.append("\n" + self.block(block) if ended else self.block(block))
        return "\n".join(printed) + "\n"

    def labelled(self, text: str) -> str:
        """Where a number stands first is its place."""
        named: set[str] = set()

        def label(match: re.Match[str]) -> str:
            new = match[1] not in named
            named.add(match[1])
            return rf"{match[0]}\label{{eq:{match[1]}}}" if new else match[0]

        return re.sub(r"\\tag\{(\w+)\}", label, text)

    def reference(self, tag: str) -> str:
        return rf"\hyperref[eq:{tag}]{{({tag})}}"

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        """What the document needs."""
        drawn = any(isinstance(block, Figure) for block in document.blocks)
        return {
            "packages": r"\usepackage{tikz}" if drawn else "",
            "letters": letters() if LETTERED.search(text) else "",
        }

    def plain(self, text: str) -> str:
        return lettered(text)

    def comment(self, text: str) -> str:
        return latex_comment(text)

    def words(self, text: str) -> str:
        return latex_text(text)

    def math(self, tex: str) -> str:
        return f"${lettered_formula(tex)}$"

    def heading(self, block: Heading) -> str:
        return _COMMANDS[block.level] % self.prose(block.text)

    def points(self, block: Points) -> str:
        return "\n".join(map(self.prose, block.items))

    def display(self, block: Display) -> str:
        return lettered_formula(aligned(rows_of(block.lines, self.words), whole=_WHOLE))

    def box(self, block: Box) -> str:
        """Between rules; the frame knows how it goes over the end of a page."""
        display = self.display(Display(block.lines))
        return f"\\par\\nobreak\\smallskip\n\\setbox\\results=\\vbox{{{display}}}\n\\putresults"

    def table(self, block: Table) -> str:
        """Over as many pages as it needs, each with the head."""
        head = f"\\hline\n{self.table_head(block)} \\\\\n\\hline\n\\endhead\n\\hline\n\\endfoot\n"
        rows = "".join(self.table_row(tuple(map(self.prose, row))) for row in block.rows)
        return (
            "\\begingroup\n\\renewcommand{\\arraystretch}{1.2}\n"
            f"\\begin{{longtable}}[l]{{@{{}}{self.table_columns(block)}@{{}}}}\n{head}{rows}"
            "\\end{longtable}\n\\endgroup"
        )

    def table_head(self, block: Table) -> str:
        return " & ".join(map(self.plain, block.head))

    def table_columns(self, block: Table) -> str:
        return "".join(f"p{{{width}cm}}" for width in block.widths)

    def listing(self, block: Listing) -> str:
        lines = map(self.code_line, code_lines(block))
        text = " \\\\\n".join(lines)
        return f"\\begin{{flushleft}}\\ttfamily\\small\n{text}\n\\end{{flushleft}}"

    def figure(self, block: Figure) -> str:
        """No wider than the text."""
        fitting = r"\ifdim\width>\linewidth\linewidth\else\width\fi"
        picture = f"\\resizebox{{{fitting}}}{{!}}{{%\n{lettered_formula(block.tikz)}\n}}"
        return f"\\begin{{center}}\n{picture}\n\\end{{center}}"

    def code_line(self, line: str) -> str:
        text = line.lstrip()
        return rf"\hspace*{{{(len(line) - len(text)) / 2}em}}{self.words(text)}"

    def table_row(self, cells: Sequence[str]) -> str:
        # The first columns hold a symbol and a word.
        ragged = (rf"\raggedright {cell}" for cell in cells[2:])
        return f"{' & '.join((*cells[:2], *ragged))} \\tabularnewline\n"


class Markdown(Format):
    """Blocks in Markdown, with formulas between dollar signs, safe on GitHub too."""

    def comment(self, text: str) -> str:
        return latex_comment(text).replace(">", "&gt;")

    def words(self, text: str) -> str:
        return markdown_text(text)

    def math(self, tex: str) -> str:
        return f"${safe_in_markdown(tex)}$"

    def heading(self, block: Heading) -> str:
        return ("## " if block.level == 1 else "### ") + self.prose(block.text)

    def points(self, block: Points) -> str:
        return "\n".join(f"- {self.prose(item)}" for item in block.items)

    def display(self, block: Display) -> str:
        return displayed(numbered(rows_of(block.lines, _plain)))

    def box(self, block: Box) -> str:
        # A frame is a macro, and MathJax takes no more than 5 kB into a macro.
        return self.display(Display(block.lines))

    def table(self, block: Table) -> str:
        rule = ("---",) * len(block.head)
        cells = (block.head, rule, *(tuple(map(self.prose, row)) for row in block.rows))
        return "\n".join(_table_row(row) for row in cells)

    def figure(self, block: Figure) -> str:
        return f"<figure>\n{block.svg}\n</figure>"

    def listing(self, block: Listing) -> str:
        return "\n".join(("```python", *code_lines(block), "```"))


def letters() -> str:
    """The commands that set words with letters beyond ASCII."""
    return environment("latex").get_template("letters.tex.j2").render().rstrip("\n")


def code_lines(block: Listing) -> Iterator[str]:
    yield from (line for lines, _ in block.statements for line in lines)


def _table_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(words: str) -> str:
    """Words in a display: MathJax knows few of TeX's escapes, so only what needs none."""
    return words if re.fullmatch(r"[A-Za-z0-9 ,.;:'()/=-]*", words) else ""
