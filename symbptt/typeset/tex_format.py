"""Blocks in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from symbptt.typeset.blocks import Block, Box, Display, Heading, Paragraph, Points, Table
from symbptt.typeset.display import aligned, rows_of
from symbptt.typeset.format import Format
from symbptt.typeset.text import latex_comment, latex_text

# Equations of so many lines are kept on one page.
_WHOLE = 8
# A page may end after so many rows of a table.
_ROWS = 4
_HEADINGS = {1: r"\section{%s}", 2: r"\subsection*{%s}", 3: r"\paragraph{%s.}"}


class Tex(Format):
    def body(self, blocks: Sequence[Block]) -> str:
        """A blank line ends a paragraph: before a heading, and between two paragraphs."""
        printed = [self.block(blocks[0])]
        for before, block in pairwise(blocks):
            ended = isinstance(block, Heading) or (
                isinstance(block, Paragraph) and isinstance(before, Paragraph | Points)
            )
            printed.append("\n" + self.block(block) if ended else self.block(block))
        return "\n".join(printed) + "\n"

    def comment(self, text: str) -> str:
        return latex_comment(text)

    def words(self, text: str) -> str:
        return latex_text(text)

    def math(self, tex: str) -> str:
        return f"${tex}$"

    def heading(self, block: Heading) -> str:
        return _HEADINGS[block.level] % self.prose(block.text)

    def points(self, block: Points) -> str:
        return "\n".join(map(self.prose, block.items))

    def display(self, block: Display) -> str:
        return aligned(rows_of(block.lines, self.words), whole=_WHOLE)

    def box(self, block: Box) -> str:
        # Between two rules, which stay with it: a real box can't be broken over pages.
        display = aligned(rows_of(block.lines, self.words), whole=_WHOLE)
        return (
            "\\\\\n\\rule{\\linewidth}{0.4pt}\n"
            f"{{\\postdisplaypenalty=10000\n{display}}}\n"
            "\\par\\nobreak\\hrule\\medskip"
        )

    def table(self, block: Table) -> str:
        """In pieces, one tabular each, between which a page may end."""
        columns = "".join(f"p{{{width}cm}}" for width in block.widths)
        start, end = f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n", "\\end{tabular}\n\n"
        cells = [self.table_row(tuple(map(self.prose, row))) for row in block.rows]
        pieces = ["".join(cells[k : k + _ROWS]) for k in range(0, len(cells), _ROWS)]
        pieces[0] = f"\\hline\n{' & '.join(block.head)} \\\\\n\\hline\n{pieces[0]}"
        pieces[-1] += "\\hline\n"
        tabulars = "\\nointerlineskip\n".join(start + piece + end for piece in pieces)
        return (
            "\\begingroup\n\\renewcommand{\\arraystretch}{1.2}\n\\setlength{\\parskip}{0pt}\n"
            f"{tabulars}\\endgroup\n\\medskip"
        )

    def table_row(self, cells: Sequence[str]) -> str:
        # The first columns hold a symbol and a word.
        ragged = (rf"\raggedright {cell}" for cell in cells[2:])
        return f"{' & '.join((*cells[:2], *ragged))} \\tabularnewline\n"
