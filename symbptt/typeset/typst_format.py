"""Blocks in Typst: equations in rows of a grid, which pages may end between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Equality,
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
from symbptt.typeset.format import Format, code_lines
from symbptt.typeset.latex import DisplayRow, rows_of
from symbptt.typeset.text import latex_comment
from symbptt.typeset.text_format import TextFormat
from symbptt.typeset.typst_math import quoted, typst_math

_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
_TAG = re.compile(r"#place\((\w+)\)")
_GAPS = "column-gutter: (0.25em, 0.5em), row-gutter: 0.8em"


class Typst(Format):
    def body(self, blocks: Sequence[Block]) -> str:
        followers = (*blocks[1:], None)
        shown = [self.led(*pair) for pair in zip(blocks, followers, strict=True)]
        return self.labelled("\n\n".join(shown) + "\n")

    def led(self, block: Block, after: Block | None) -> str:
        """A page does not end between a text and the equations that it leads to."""
        shown = self.block(block)
        leads = isinstance(block, Paragraph) and isinstance(after, Display | Box)
        return f"#block(sticky: true)[{shown}]" if leads else shown

    def labelled(self, text: str) -> str:
        """Where a number stands first is its place."""
        named: set[str] = set()

        def label(match: re.Match[str]) -> str:
            new = match[1] not in named
            named.add(match[1])
            return f"#box[({match[1]})]" + (f" <eq-{match[1]}>" if new else "")

        return _TAG.sub(label, text)

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        return {"name": quoted(" ".join(TextFormat().prose(document.title).split()))}

    def part(self, part: str | Math | Words | Reference) -> str:
        return self.words(part) if isinstance(part, str) else super().part(part)

    def comment(self, text: str) -> str:
        return latex_comment(text)

    def words(self, text: str) -> str:
        """Nothing in it is markup, nor the start of a list."""
        printable = "".join(c for c in text if c.isprintable() or c.isspace())
        return _MARKUP.sub(r"\\\1", re.sub(r"\s+", " ", printable))

    def math(self, tex: str) -> str:
        return f"${typst_math(tex)}$"

    def formula(self, tex: str) -> str:
        return f"[$display({typst_math(tex)})$]" if tex.strip() else "[]"

    def reference(self, tag: str) -> str:
        return f"#link(<eq-{tag}>)[({tag})]"

    def heading(self, block: Heading) -> str:
        return f"{'=' * block.level} {self.prose(block.text)}"

    def points(self, block: Points) -> str:
        return "\n".join(f"- {self.prose(item)}" for item in block.items)

    def display(self, block: Display) -> str:
        return f"#block(inset: (left: 1em), width: 100%)[{self.grid(block.lines)}]"

    def box(self, block: Box) -> str:
        rules = "stroke: (y: 0.4pt), inset: (y: 0.8em), width: 100%"
        return f"#block({rules})[{self.grid(block.lines)}]"

    def grid(self, lines: Sequence[Equality]) -> str:
        """In columns: left sides, right sides, words if there are any, numbers."""
        rows = rows_of(lines, self.words)
        worded = any(row.words for row in rows)
        sides = "auto, auto, 1fr" if worded else "auto, 1fr"
        aligned = "right, left, left" if worded else "right, left"
        aligned = f"({aligned}, right).map(x => x + horizon)"
        shown = "\n".join(self.row(row, worded) for row in rows)
        columns = f"columns: ({sides}, auto), align: {aligned}, {_GAPS}"
        # Without it a line takes some of a formula's height for its own leading.
        return f"#set par(leading: 0pt)\n#grid({columns},\n{shown}\n)"

    def row(self, row: DisplayRow, worded: bool) -> str:
        tag = f"#place({row.tag})" if row.tag else ""
        words = f" [{row.words}]," if worded else ""
        return f"  {self.formula(row.left)}, {self.formula(row.right)},{words} [{tag}],"

    def table(self, block: Table) -> str:
        widths = ", ".join(f"{width:g}fr" for width in block.widths)
        head = ", ".join(f"[{self.words(cell)}]" for cell in block.head)
        rows = "\n".join(f"  {', '.join(self.cells(row))}," for row in block.rows)
        rule = "table.hline(stroke: 0.4pt)"
        return (
            f"#table(columns: ({widths}),\n  table.header({rule}, {head}, {rule}),\n{rows}\n"
            f"  {rule},\n)"
        )

    def cells(self, row: Sequence[Prose]) -> Iterator[str]:
        return (f"[{self.prose(cell)}]" for cell in row)

    def listing(self, block: Listing) -> str:
        text = "\\n".join(quoted(line)[1:-1] for line in code_lines(block))
        return f'#raw("{text}", lang: "python", block: true)'

    def figure(self, block: Figure) -> str:
        """No wider than the text."""
        lines = "\\n".join(quoted(line)[1:-1] for line in block.svg.splitlines())
        return f'#align(center, image(bytes("{lines}"), format: "svg"))'
