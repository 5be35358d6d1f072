"""The statements that compute what a derivation says, each with what it carries out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from symbptt import algebra as al
from symbptt.calculus.derivation import Derivation
from symbptt.codegen.emission import Emitter
from symbptt.codegen.modes import MODES
from symbptt.codegen.naming import Identifiers, ValueNames
from symbptt.codegen.numpy_printer import Uses
from symbptt.codegen.one_sequence import Unbatched
from symbptt.codegen.places import Places
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.targets import TARGETS
from symbptt.typeset.article import numbered
from symbptt.typeset.blocks import Listing


class _Marked(str):
    """A line that knows its statement."""

    assign: Assign | None = None


def statements(derivation: Derivation) -> Listing:
    """The plain code of all steps in the order in which it runs, without its comments.

    It is that of the module; where none computes the form, or a function is left abstract, what
    computes the same for one sequence.
    """
    mode = next((mode for mode in MODES.values() if mode.form == derivation.form), None)
    if mode is None or derivation.model.abstract:
        return Listing(tuple(Unbatched(derivation, numbered(derivation.normal)).statements()))
    program = mode.lower(derivation)
    identifiers = Identifiers(derivation.model.text)
    recorded = type("_Recording", (_Recorded, TARGETS["numpy"].emitters[derivation.form]), {})
    emitter: Emitter = recorded(_names(program, identifiers), Places(program), Uses())
    lines = list(emitter.blocks(program.blocks))
    settled = identifiers.settled("\n".join(lines)).split("\n")
    owners = [getattr(line, "assign", None) for line in lines]
    tags = numbered(derivation.normal)
    return Listing(tuple(_grouped(zip(owners, settled, strict=True), program, tags)))


class _Recorded(Emitter):
    """Marks the lines of a statement with it, in front of what writes them."""

    def statement(self, statement: Assign, block: Block, indent: str) -> Iterator[str]:
        for text in super().statement(statement, block, indent):
            line = _Marked(text)
            line.assign = statement
            yield line

    def comment(self, statement: Assign, indent: str) -> Iterator[str]:
        yield from ()


def _names(program: Program, identifiers: Identifiers) -> ValueNames:
    known = {equation.name for equation in program.model.equations}
    hoisted = [s.target.name for b in program.forward for s in b.statements]
    gates = [name for name, _ in program.gates]
    return ValueNames(program.model, [*(n for n in hoisted if n not in known), *gates], identifiers)


def _grouped(
    lines: Iterable[tuple[Assign | None, str]], program: Program, tags: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for owner, group in groupby(lines, key=lambda line: line[0]):
        texts = tuple(text for _, text in group)
        if owner is None:
            yield texts, ""
        else:
            yield texts, str(owner.step or tags.get(_computed(owner, program), ""))


def _computed(owner: Assign, program: Program) -> str:
    """The quantity that a forward statement computes, or for which it works something out."""
    name = owner.target.name
    if name in {item.name for item in program.model.definitions}:
        return name
    for block in program.forward:
        for _, reader in block.run():
            if any(getattr(node, "name", "") == name for node in al.walk(reader.value)):
                return reader.target.name
    return ""
