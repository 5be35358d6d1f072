"""A document format: one method a block, and its ways with words and formulas in a line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Heading,
    Math,
    Paragraph,
    Points,
    Prose,
    Table,
    Words,
)


class Format(ABC):
    """Prints blocks, one below the other."""

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

    def prose(self, parts: Prose) -> str:
        return "".join(map(self.part, parts))

    def part(self, part: str | Math | Words) -> str:
        match part:
            case Math(tex=tex):
                return self.math(tex)
            case Words(text=text):
                return self.words(text)
        return part

    def title(self, text: Prose) -> str:
        return self.prose(text)

    def paragraph(self, block: Paragraph) -> str:
        return self.prose(block.text)

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
