r"""What a name with its scripts is in a model: ``W_{hh}`` a parameter, ``h_{t,i}`` an entry.

Every way in which the scripts can be shared out between the name, its step, its entries and an
exponent is tried; the names of the model decide which of them there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from string import ascii_lowercase
from typing import NoReturn

from symbptt import algebra as al
from symbptt.errors import FormulaError
from symbptt.formula.names import derived_form
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.grammar import Parser
from symbptt.formula.spelling.shares import (
    Share,
    counts_steps,
    is_bound,
    is_letter,
    is_row,
    letters_of,
    parts_of,
    shares,
    spread,
)
from symbptt.formula.spelling.words import WordReader
from symbptt.language import surface as sf
from symbptt.language.source import Place
from symbptt.typeset.names import latin

LOSS_LETTERS = frozenset(["L", "J", "E", "C", "ell", "Loss", "loss", "l", "cost"])
"""What texts call the loss."""

STEP_LOSS = {"loss": "the loss of one step", "L": "what one step gives to L"}


@dataclass(frozen=True)
class Way:
    """One way to read a part.

    Attributes
    ----------
    notes : tuple of (question, answer)
        What was decided, to be decided in the same way everywhere in a formula.
    fits : bool
        Whether its shapes fit.
    """

    node: sf.Node
    notes: tuple[tuple[str, str], ...] = ()
    fits: bool = True


class NameReader(WordReader):
    """Names with scripts, and what stands in scripts: steps, places, exponents."""

    # --- names ----------------------------------------------------------------------------

    def meanings(self, node: wr.Written) -> list[Way]:
        """What a name with its scripts may be, the likeliest first; not looked at further."""
        core, below, above, primes = parts_of(node)
        assert isinstance(core, wr.Word)
        place = node.place
        if primes:
            return self.primed(core, place, below, above, primes)
        found: list[Way] = []
        for share in shares(core.text, below, above):
            for name in self.spelled_so(core.text, share.name):
                bare = share.name == core.text and core.text not in (
                    latin(name),
                    self.cut.get(name),
                )
                if not bare or core.text in self.aliased:
                    found += self.named(place, name, share)
        if below:
            found += self.dimension(core, place, below, above)
        if not found:
            found = list(self.special(core, place, below, above))
        elif core.text.endswith("_bar") and self.called(core.text.removesuffix("_bar")):
            # `\overline{grads}` beside a `grads_bar` of the model's own.
            gradients = self.sign_of_gradient(core, place, below, above)
            both = (
                ("the model's own", found),
                ("the gradient by what is below the bar", gradients),
            )
            found = [
                replace(way, notes=(*way.notes, (f"`{self.shown(place)}`", meaning)))
                for meaning, ways in both
                for way in ways
            ]
        if not found:
            self.unknown(core, place, below, above)
        return found

    def primed(
        self,
        core: wr.Word,
        place: Place,
        below: list[wr.ScriptText],
        above: list[wr.ScriptText],
        primes: int,
    ) -> list[Way]:
        """``t'`` is an index of its own."""
        if below or above or self.called(letters_of(core.text)) or core.text in self.functions:
            message = (
                "a prime stands behind a function alone, as in `phi'(v)`, or behind an index; a "
                r"transpose is `W.T` or `W^\top`"
            )
            self.wrong(place, f"`{self.shown(place)}`: {message}")
        return [Way(sf.Named(place, core.text + "1" * primes))]

    def named(self, place: Place, name: str, share: Share) -> Iterator[Way]:
        timed = name in self.names.timed or self.is_state(name) or self.has_step(name)
        if timed != (share.step is not None):
            return
        node: sf.Node = sf.Named(place, name)
        if share.step is not None:
            step = self.index(share.step)
            if step is None:
                return
            node = sf.At(place, node, [step])
        if share.entries:
            places = [self.entry(script) for script in share.entries]
            if None in places or len(places) > 3 or (not timed and counts_steps(places)):
                return
            if any(self.is_of_quantities(one) for one in places if one is not None):
                return  # W_{hh} is no entry of W where h is a quantity
            node = sf.At(place, node, [one for one in places if one is not None])
        yield from self.raised(Way(node), share.raised)

    def is_of_quantities(self, place: sf.Node) -> bool:
        """Whether a place that counts names what has a value at every step."""
        names = {part.name for part in sf.walk(place) if isinstance(part, sf.Named)}
        return not isinstance(place, sf.At) and not names.isdisjoint(self.names.timed)

    def is_state(self, name: str) -> bool:
        return self.names.state is not None and self.names.state.name == name

    def has_step(self, name: str) -> bool:
        return name in self.names.letters and bool(self.names.letters[name].index)

    def special(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        """What no name of the model says: I, the loss, an index, a unit vector, a delta."""
        text = core.text
        if not below:
            yield from self.dimension(core, place, below, above)
        if text == "I" or (text == "E" and core.bold and not below):
            yield from self.turned(Way(sf.Named(place, "I")), above)
        if text in LOSS_LETTERS:
            yield from self.loss(place, text, below, above)
        if text.endswith("_bar") or (text == "delta" and above):
            yield from self.sign_of_gradient(core, place, below, above)
        if text.endswith("_hat") and (below or above):
            yield from self.softmax(core, place, below, above)
        if text.endswith("_tilde") and (below or above):
            yield from self.candidate(core, place, below, above)
        if text == "e" and len(below) == 1:
            for way in self.unit(place, below[0]):
                yield from self.powers(way, above)
        if below and text.islower() and len(text) == 1:
            yield from self.entry_of_matrix(core, place, below, above)
        if text == "delta" and below and not above:
            yield from self.kronecker(place, below)
        if not below and text not in {*LOSS_LETTERS, *self.names.model.shapes} and is_letter(text):
            yield from self.powers(Way(sf.Named(place, text)), above)

    def dimension(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        r"""``n_{\mathrm{h}}``, a dimension as the number that it is.

        One letter is so below a fraction's line alone: ``h`` for ``h_t`` is an error to be told.
        """
        found = self.dims.get(letters_of("".join([core.text, *(one.word for one in below)])))
        if found is not None and (self.dividing or below):
            yield from self.powers(Way(sf.Len(place, sf.Named(place, found))), above)

    def loss(
        self, place: Place, text: str, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        if len(text) == 1 and text not in "Ll" and (self.called(text) or self.called(text.lower())):
            return
        if self.names.model.loss is None or (
            text == "l" and "l" in self.names.functions and not (below or above)
        ):
            return
        for share in shares("", below, above):
            if share.entries or share.name:
                continue
            if share.step is None:
                if text not in ("loss", "l"):
                    yield from self.raised(Way(sf.Named(place, "L")), share.raised)
            elif (step := self.index(share.step)) is not None and not share.raised:
                for name in STEP_LOSS if text == "L" else ("loss",):
                    said = ((f"`{self.shown(place)}`", STEP_LOSS[name]),) if text == "L" else ()
                    yield Way(sf.At(place, sf.Named(place, name), [step]), said)

    def sign_of_gradient(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        """What a bar or a delta says of the name that it stands on."""
        raise NotImplementedError

    def softmax(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        r"""``\hat y_t`` where the model has no such name: the softmax that the loss makes."""
        for equation in derived_form(self.names.model).equations:
            if isinstance(equation.rhs, al.Vector) and equation.rhs.function == "softmax":
                yield from self.instead(core, equation.name, "the softmax", place, below, above)

    def candidate(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        r"""``\tilde h_t``, ``\tilde C_t``: the one quantity that is a tanh and no state."""
        states = {initial.name for initial in self.names.model.initials}
        made = [
            equation.name
            for equation in derived_form(self.names.model).equations
            if isinstance(equation.rhs, al.Call)
            and equation.rhs.function == "tanh"
            and equation.name not in states | self.names.introduced
        ]
        if len(made) == 1:
            yield from self.instead(core, made[0], "the candidate", place, below, above)

    def instead(
        self,
        core: wr.Word,
        name: str,
        what: str,
        place: Place,
        below: list[wr.ScriptText],
        above: list[wr.ScriptText],
    ) -> Iterator[Way]:
        """Another name with the same scripts."""
        word = wr.Word(core.place, name, core.bold, core.upright)
        note = ((f"`{self.shown(core.place)}`", f"{what} `{name}`"),)
        inner = wr.Scripted(place, word, below, above)
        yield from (Way(one.node, (*one.notes, *note)) for one in self.meanings(inner))

    def entry_of_matrix(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> Iterator[Way]:
        """``w_{ij}``, the entry of a matrix W, where the model has no w."""
        for name in self.called(core.text.upper()):
            if len(self.names.shapes[name]) == 2 and name in self.names.timeless:
                entries = self.instead(core, name, "the matrix", place, below, above)
                yield from (way for way in entries if isinstance(way.node, sf.At))

    def unit(self, place: Place, script: wr.ScriptText) -> Iterator[Way]:
        position = self.entry(script)
        if self.is_integer(position):
            assert position is not None
            yield Way(sf.Apply(place, "onehot", [position], place))

    def kronecker(self, place: Place, below: list[wr.ScriptText]) -> Iterator[Way]:
        for pieces in spread(tuple(below)):
            places = [self.entry(script) for script in pieces]
            if len(places) == 2 and None not in places:
                yield Way(sf.Apply(place, "delta", [p for p in places if p], place))

    def is_integer(self, node: sf.Node | None) -> bool:
        return (isinstance(node, sf.At) and isinstance(node.operand, sf.Named)
                and node.operand.name in self.names.integers)  # fmt: skip

    def unknown(
        self, core: wr.Word, place: Place, below: list[wr.ScriptText], above: list[wr.ScriptText]
    ) -> NoReturn:
        """Why a name with these scripts is none of the model."""
        self.check_run(core)
        scripted = [s for s in shares(core.text, below, above)]
        for share in scripted:
            for name in self.called(share.name):
                if name in self.names.timed and share.step is None and not share.raised:
                    self.wrong(place, f"`{name}` has a value at every step: write `{name}_t`")
                step = None if share.step is None else self.index(share.step)
                counts = step is not None and not self.is_of_quantities(step)
                if name not in self.names.timed and counts:
                    self.wrong(
                        place, f"`{name}` is a parameter, and parameters have no step"
                        if name in self.names.timeless else f"`{name}` has no step",
                    )  # fmt: skip
        if letters_of(core.text) in self.functions:
            word = self.functions[letters_of(core.text)]
            message = f"`{word}` is a function: its arguments stand in parentheses"
            if word == "delta":
                message += "; what a letter of your own stands for is said by `--where`"
            self.wrong(place, message)
        written = (
            core.place.until(below[0].place) if below and below[0].word.isalpha() else core.place
        )
        closing = self.text[written.end_column : written.end_column + 1] == "}"
        shown = self.shown(written) + "}" * (closing and written is not core.place)
        name = core.text + ("_" + below[0].word if below and below[0].word else "")
        near = self.names.near(name) or self.names.near(core.text)
        self.wrong(place, f"the model {self.names.model.name} has no name `{shown}`{near}")

    def shown(self, place: Place) -> str:
        return self.text[place.column : place.end_column]

    # --- exponents ------------------------------------------------------------------------

    def raised(self, way: Way, raised: Iterable[tuple[str, wr.ScriptText]]) -> Iterator[Way]:
        for role, script in raised:
            place = way.node.place.until(script.place)
            if role == "turn":
                note = way.notes
                if is_row(way.node):
                    yield way
                if script.word == "T":
                    note = (*note, ("`^T`", "a transpose"))
                way = Way(sf.Flip(place, way.node), note)
                continue
            entrywise = script.marks[0].text == "⊙"
            script = replace(script, marks=script.marks[1:]) if entrywise else script
            exponent = self.exponent(script)
            if exponent is None:
                return
            notes = (*way.notes, ("`^T`", "a power")) if script.word == "T" else way.notes
            way = Way(sf.Power(place, way.node, exponent), notes)
            if entrywise:
                self.entrywise.add(way.node)
        yield way

    def turned(self, way: Way, above: list[wr.ScriptText]) -> Iterator[Way]:
        yield from self.powers(way, above)

    def powers(self, way: Way, above: list[wr.ScriptText]) -> Iterator[Way]:
        """A part with exponents and transposes alone above it."""
        for share in shares("", [], above):
            if not (share.name or share.step or share.entries):
                yield from self.raised(way, share.raised)

    def exponent(self, script: wr.ScriptText) -> sf.Node | None:
        tree = self.parsed(script)
        return None if tree is None else self.number(tree)

    # --- indices --------------------------------------------------------------------------

    def parsed(self, script: wr.ScriptText) -> wr.Written | None:
        if not script.marks:
            return None
        try:
            return Parser(self.text, list(script.marks), script.marks[-1].end).whole()
        except FormulaError:
            return None

    def index(self, script: wr.ScriptText) -> sf.Node | None:
        tree = self.parsed(script)
        return None if tree is None else self.number(tree)

    def entry(self, script: wr.ScriptText) -> sf.Node | None:
        """The place of an entry: an index, an integer input, or ``:`` for all."""
        if [mark.text for mark in script.marks] == [":"]:
            return sf.Stretch(script.place, None, None)
        for position, mark in enumerate(script.marks):
            if mark.text == ":":
                return self.stretch(script, position)
        tree = self.parsed(script)
        return None if tree is None else self.position(tree)

    def stretch(self, script: wr.ScriptText, position: int) -> sf.Node | None:
        """``1:n``, the rows of a block counted from 1."""
        ends = [
            wr.ScriptText(one, script.place)
            for one in (script.marks[:position], script.marks[position + 1 :])
        ]
        trees = [self.parsed(end) for end in ends]
        if None in trees:
            return None
        first, last = (self.number(tree, lengths=True) for tree in trees if tree is not None)
        if first is None or last is None:
            return None
        one = sf.Minus(script.place, sf.Literal(script.place, Fraction(1), "1"))
        begins = isinstance(first, sf.Literal) and first.value == 1
        before = None if begins else sf.Plus(script.place, [first, one])
        return sf.Stretch(script.place, before, last)

    def position(self, tree: wr.Written) -> sf.Node | None:
        core, below, above, _ = parts_of(tree)
        if isinstance(tree, wr.Bracketed):
            operand, group = tree.operand, tree.group
            name = self.called(letters_of(getattr(parts_of(operand)[0], "text", "")))
            if name and name[0] in self.names.integers and len(group.items) == 1:
                step = self.number(group.items[0])
                return (
                    None
                    if step is None
                    else sf.At(tree.place, sf.Named(tree.place, name[0]), [step])
                )
        if isinstance(core, wr.Word) and (below or above):
            try:
                ways = self.meanings(tree)
            except FormulaError:
                return None
            found = [way.node for way in ways if self.is_integer(way.node)]
            return found[0] if found else None
        place = self.number(tree)
        # d + i is entry i behind d others.
        if isinstance(place, sf.Plus) and isinstance(tree, wr.Summed):
            return sf.Plus(place.place, list(map(self.counted, place.terms)))
        return place

    def counted(self, node: sf.Node) -> sf.Node:
        """A letter that is a dimension of the model, and no index of the text, as the length."""
        match node:
            case sf.Named(place=place, name=name) if letters_of(name) in self.dims and not is_bound(
                name, self.text
            ):
                return self.dim(place, letters_of(name), lengths=False)
        return node

    def number(self, tree: wr.Written, lengths: bool = False) -> sf.Node | None:
        """An index or a number; with ``lengths`` its names are dimensions."""
        match tree:
            case wr.Numeral(text=text):
                return sf.Literal(tree.place, Fraction(text), text)
            case wr.Scripted(core=wr.Word() as word, above=[], primes=primes):
                key = letters_of("".join([word.text, *(script.word for script in tree.below)]))
                if key in self.dims and (lengths or not is_letter(word.text) or tree.below):
                    return self.dim(tree.place, key, lengths)
                if tree.below:
                    return None
                name = word.text + "1" * primes
                return sf.Named(tree.place, self.index_name(name))
            case wr.Summed(terms=terms):
                found = [self.number(term.operand, lengths) for term in terms]
                if None in found:
                    return None
                signed = [
                    sf.Minus(node.place, node) if term.sign == "-" else node
                    for node, term in zip(found, terms, strict=True) if node is not None
                ]  # fmt: skip
                return signed[0] if len(signed) == 1 else sf.Plus(tree.place, signed)
            case wr.Operated(operands=operands, signs=signs) if set(signs) <= {"", "·", "*"}:
                factors = [self.number(one, lengths) for one in operands]
                return None if None in factors else sf.Times(tree.place, [f for f in factors if f])
            case (
                wr.Operated(operands=[above, below], signs=["/"])
                | wr.Fraction(above=above, below=below)
            ):
                both = [self.number(above, lengths), self.number(below, lengths)]
                return None if None in both else sf.Over(tree.place, *[b for b in both if b])
            case wr.Enclosed(bracket="(" | "{", items=[inner]):
                return self.number(inner, lengths)
            case wr.Bracketed(
                operand=wr.Scripted(core=wr.Word(text="len")), group=wr.Enclosed(items=[inner])
            ):
                core = parts_of(inner)[0]
                if isinstance(core, wr.Word):
                    name = (self.called(letters_of(core.text)) or [core.text])[0]
                    return sf.Len(tree.place, sf.Named(core.place, name))
        return None

    def index_name(self, name: str) -> str:
        """What an index is called: T, where the text calls it otherwise, or a constant.

        Where papers have bold letters for vectors, ``s`` may be an index beside them: one that
        limits or a condition bound.
        """
        (meant,) = self.table.get(name, [name])[:1]
        if meant == "T" or meant in self.names.constants:
            return meant
        of_model = is_letter(name) and name in self.names.timed
        return self.beside(name) if of_model and is_bound(name, self.text) else name

    def beside(self, letter: str) -> str:
        """An index's letter that is none of the model's, always the same one."""
        timed = sorted(name for name in self.names.timed if is_letter(name))
        free = self.names.model.free_letters(tuple(ascii_lowercase.replace("t", "")[::-1]))
        return [*islice(free, len(timed))][timed.index(letter)]

    def dim(self, place: Place, key: str, lengths: bool) -> sf.Node:
        named = sf.Named(place, self.dims[key])
        return named if lengths else sf.Len(place, named)
