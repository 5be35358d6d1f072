"""From the text of a formula to its tree.

``left = right for CONDITION`` is taken apart here. Its expressions go through a surface tree,
whose one reader stands in `symbptt.language`: another spelling than Python's is another way from
a text to that tree (`_FormulaReader.surface`); nothing behind it sees how a formula was spelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import NoReturn
from unicodedata import normalize

from symbptt import algebra as al
from symbptt.errors import FormulaError
from symbptt.formula.building import FormulaBuilder
from symbptt.formula.names import (
    RESERVED,
    FirstFinding,
    FormulaNames,
    LetterMeaning,
    derived_form,
    finding,
)
from symbptt.formula.shapes import Layout
from symbptt.formula.spelling.derivatives import LOST
from symbptt.formula.spelling.reader import MAX_READINGS, Stated, spelled, spelled_letter
from symbptt.formula.statement import (
    NOWHERE,
    Fixed,
    Formula,
    Inequalities,
    Over,
    is_length,
    own_names,
    walk,
    with_bound,
)
from symbptt.formula.vanishing import is_read
from symbptt.language import limits, tokens
from symbptt.language.expressions import expression
from symbptt.language.source import Place, Source, check_characters
from symbptt.language.surface import At, Named, Node
from symbptt.language.tokens import COMPARISONS, FORMULA, Token, parted

MAX_LENGTH = 4_000
MAX_SPELLED = 16_000

_SPELLED = re.compile(r"[\\^{}&]|[^\x00-\x7f]|[A-Za-z]_(?:[tTijks]|[0-9]+)\b|\blambda\b(?! *:)")
"""What no plain formula has: signs of LaTeX or of Unicode, steps below a letter, a Greek letter
that is a word of Python."""

_BESIDE = re.compile(
    r"(?<![\w.])[0-9]+(?![eE][0-9+-])[A-Za-z]|[\w\])]\s+(?!for\b)[A-Za-z(]|\w\([tT0-9]|\bd[A-Za-z]\w*(?![\w(])"
)
"""What may be a product without a sign, a step in parentheses, or a gradient alone."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_COPIED = re.compile("[\ufb00-\ufb06\uff01-\uff5e]")

_ALIAS = "what a text calls the names of the model is said by `U=W_qh, V=W_hx`"
_SHAPE = "a formula is `left = right`, and conditions follow after `for`"
_DEFINITION = "what a letter stands for is said by `b[t] = …`, or `C = …` where it has no step"


@dataclass(frozen=True)
class Lost:
    """What ``(D L)_t``, a derivative by a step alone, may have been taken by, and in which link."""

    derivative: str
    by: str
    link: Formula


@dataclass(frozen=True)
class Reading:
    """One way to understand a text.

    Attributes
    ----------
    links : tuple of Formula
        ``A = B`` and ``B = C`` of a chain ``A = B = C``.
    words : str
        How what can be read in several ways was understood; "" where there is one way.
    lost : Lost, optional
        What a derivative was taken by, where the text does not say it.
    """

    links: tuple[Formula, ...]
    words: str = ""
    lost: Lost | None = None


def readings(
    text: str,
    model: al.Model,
    where: Iterable[str] = (),
    names: str = "",
    layout: Layout = "column",
) -> tuple[Reading, ...]:
    """All ways to read a text about a model whose shapes may fit, the likeliest first.

    Parameters
    ----------
    where : iterable of str
        What other letters in it stand for, as ``b[t] = W @ x[t]``.
    names : str
        What the text calls the names of the model, as ``U=W_qh, V=W_hx``.
    layout : str
        ``row`` where the vectors of the text are rows.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read.
    """
    known = names_of(model, where, names, layout)
    try:
        return (Reading(_FormulaReader(text, known).links()),)
    except FormulaError as error:
        other = _SPELLED.search(text)
        if not (other or _BESIDE.search(text.partition(" for ")[0])):
            raise
        try:
            return _spelled(text, known, layout)
        except FormulaError as found:
            beside = "an operator is missing" in str(error)  # What stands side by side is read.
            raise (found if other or beside else error) from None


def names_of(
    model: al.Model, where: Iterable[str] = (), names: str = "", layout: Layout = "column"
) -> FormulaNames:
    """The names of a model, and what a text says of its own; see `readings`."""
    known = FormulaNames.of(model)
    known = replace(known, aliases=aliases(names, known))
    return replace(known, letters=_letters(tuple(where), known, layout))


def _spelled(text: str, names: FormulaNames, layout: Layout) -> tuple[Reading, ...]:
    """The readings of a text in LaTeX, Unicode or a mixture."""
    found = list(spelled_links(text, names, layout))
    return tuple(
        Reading(links, _words(notes, found), _lost(links, notes)) for links, notes in found
    )


def _lost(links: tuple[Formula, ...], notes: dict[str, str]) -> Lost | None:
    if LOST not in notes:
        return None
    number, derivative, by = notes[LOST].split(": ", 2)
    return Lost(derivative, by, links[int(number)])


def spelled_links(
    text: str, names: FormulaNames, layout: Layout
) -> Iterator[tuple[tuple[Formula, ...], dict[str, str]]]:
    """The same one after the other, each with what it decides of what can be read in several ways.

    Raises
    ------
    FormulaError
        With a caret, if there is none.
    """
    plain = _one_line(text, MAX_SPELLED)
    found: list[tuple[Formula, ...]] = []
    first: FormulaError | None = None
    for one in spelled(plain, names, layout):
        try:
            links = _FormulaReader(plain, names).linked(one.sides, one.conditions)
        except FormulaError as error:
            first = first or error
            continue
        if links not in found:
            found.append(links)
            notes = dict(one.notes)
            if LOST in notes:
                column = plain.index(notes[LOST].partition(": ")[0])
                before = sum(side.place.column <= column for side in one.sides)
                notes[LOST] = f"{max(before - 2, 0)}: {notes[LOST]}"
            yield links, notes
        if len(found) == MAX_READINGS:
            return
    if not found:
        raise first or FormulaError("its parts are read only in ways that contradict each other")


def _letters(
    where: tuple[str, ...], names: FormulaNames, layout: Layout
) -> dict[str, LetterMeaning]:
    """What letters stand for; one may be made of others that are told behind it."""
    found: dict[str, LetterMeaning] = {}
    told: dict[str, str] = {}
    while where:
        waiting: dict[str, FormulaError] = {}
        for text in where:
            try:
                letter = _letter(text, replace(names, letters=dict(found)), layout)
            except FormulaError as error:
                waiting[text] = error
            else:
                found[letter.name] = letter
                told[letter.name] = text
        if len(waiting) == len(where):
            raise next(iter(waiting.values()))
        where = tuple(waiting)
    for name, text in reversed(told.items() if len(told) > 1 else ()):
        # Letters told behind this one may be what it seemed to say without them, as C_{11}.
        others = {other: one for other, one in found.items() if other != name}
        with suppress(FormulaError):
            found[name] = _letter(text, replace(names, letters=others), layout)
    return found


def _letter(text: str, names: FormulaNames, layout: Layout) -> LetterMeaning:
    """What a letter stands for, in plain or in other spelling."""
    reader = _FormulaReader(text, names)
    try:
        if not _SPELLED.search(text.partition("=")[0]):
            return reader.letter()
    except FormulaError:
        if not _SPELLED.search(text):
            raise
    plain = _one_line(text, MAX_SPELLED)
    ways = list(islice(spelled_letter(plain, names, layout), MAX_READINGS))
    name, index, right = next((way for way in ways if reader.is_read(way[2])), ways[0])
    return reader.meant(name, index, right, right.place)


def _words(notes: dict[str, str], found: list[tuple[tuple[Formula, ...], dict[str, str]]]) -> str:
    """What a reading decides that others decide otherwise, and that a product is turned."""
    open_ones = [
        question
        for question in notes
        if question != LOST
        if question[0] != "`" or any(other.get(question) != notes[question] for _, other in found)
    ]
    return "; ".join(f"{question} as {notes[question]}" for question in open_ones)


def _one_line(text: str, most: int) -> str:
    """Without line breaks, and without what only a text has that was copied from a page.

    That is characters that one does not see, and letters set as one or wide.
    """
    if len(text) > most:
        raise FormulaError(
            f"a formula has at most {most:,} characters, and this one has {len(text):,}"
        )
    seen = re.sub(r"\s", " ", _UNSEEN.sub("", text))
    return _COPIED.sub(lambda one: normalize("NFKC", one[0]), seen)


def read(text: str, model: al.Model, where: Iterable[str] = ()) -> Formula:
    """The one formula of a text, in its likeliest reading.

    Raises
    ------
    FormulaError
        With a caret, if it can't be read, or is a chain of several.
    """
    links = readings(text, model, where)[0].links
    if len(links) > 1:
        raise finding(text, NOWHERE, f"{_SHAPE}, and this is a chain of {len(links)}")
    return links[0]


def aliases(text: str, names: FormulaNames) -> dict[str, str]:
    """What each name in a text stands for, from ``U=W_qh, V=W_hx``.

    A name of the model that is called otherwise nowhere, and means another one there, is
    ``U_model``: or it could not be said.
    """
    found: dict[str, str] = {}
    for item in text.split(",") if text.strip() else ():
        name, equals, meant = (part.strip() for part in item.partition("="))
        if not (equals and name.isidentifier()):
            raise FormulaError(f"{_ALIAS}, and here is `{item.strip()}`")
        if meant not in names.every | names.introduced | names.words | {"L", "loss", "T"}:
            raise FormulaError(
                f"{_ALIAS}; the model {names.model.name} has no name `{meant}`{names.near(meant)}"
            )
        found[name] = meant
    hidden = [name for name in found if name in names.every and name not in found.values()]
    return found | {f"{name}_model": name for name in hidden}


class _FormulaReader:
    def __init__(self, text: str, names: FormulaNames) -> None:
        plain = _one_line(text, MAX_SPELLED)
        self.source = Source(plain, "formula")
        self.findings = FirstFinding(self.source)
        self.names = names
        self.builder = FormulaBuilder(plain, names)
        self.wrong = self.builder.wrong

    def letter(self) -> LetterMeaning:
        """``b[t] = …`` or ``C = …``, whose right side is read where the letter stands."""
        body, *conditions = self._runs()
        sides, signs = self._sides(body)
        if len(signs) > 1:
            self.wrong(signs[1].place, f"{_SHAPE}; one `=` only")
        left, right = sides
        match left:
            case At(operand=Named(name=name), places=[Named(name=index)]):
                pass
            case Named(name=name):
                index = ""
            case _:
                self.wrong(left.place, f"{_DEFINITION}; the left side names it")
        if conditions:
            self.wrong(conditions[0][0].place, f"{_DEFINITION}; it holds at all steps")
        return self.meant(name, index, right, left.place)

    def is_read(self, node: Node) -> bool:
        """Whether no derivative is of one equation and by what that does not read."""
        model = derived_form(self.names.model)
        slopes = (n for n in walk(self.builder.expr(node)) if isinstance(n, al.Derivative))
        return all(is_read(slope, model) for slope in slopes)

    def meant(self, name: str, index: str, right: Node, place: Place) -> LetterMeaning:
        """A letter that is none of the model's or the language's; with a step, delta and I are."""
        taken = RESERVED - {"delta", "I"} if index else RESERVED
        if name in self.names or name in taken or name in self.names.words:
            self.wrong(place, f"`{name}` is a name of the model or the language already")
        return LetterMeaning(name, index, right, self.source.text)

    def links(self) -> tuple[Formula, ...]:
        """The formula, or those that a chain ``A = B = C`` is made of."""
        _one_line(self.source.text, MAX_LENGTH)
        body, *conditions = self._runs()
        sides = self._sides(body)[0]
        stated = list(map(self._condition, conditions))
        return self.linked(sides, [stated] * (len(sides) - 1))

    def linked(
        self, sides: Iterable[Node], conditions: Iterable[Iterable[Stated]]
    ) -> tuple[Formula, ...]:
        """The formulas of a chain whose sides are read, and the conditions of each of its links."""
        text, built = self.source.text, [self.builder.expr(side) for side in sides]
        links = tuple(
            Formula(left, right, *self._stated(one), text, self.builder.places, head=built[0])
            for (left, right), one in zip(pairwise(built), conditions, strict=True)
        )
        self._all_bound(links)
        return links

    def _runs(self) -> list[list[Token]]:
        """The tokens of the equation, and those of each condition."""
        check_characters(self.source, self.findings)
        statements = tokens.split(self.source, self.findings, FORMULA)
        limits.check(statements, self.findings, FORMULA)
        (body, *behind), words = parted(statements[0].tokens if statements else [], ["for"])
        if len(words) > 1:
            self.wrong(words[1].place, "one `for`: conditions are separated by commas")
        if not behind:
            return [body]
        conditions, commas = parted(behind[0], [",", "and"])
        for condition, before in zip(conditions, [*words, *commas], strict=True):
            if not condition:
                self.wrong(before.place, "a condition is missing after `for` or a comma")
        # `for all t` sets no bounds.
        bounds = [run[1:] if run[0].text == "all" else run for run in conditions]
        return [body, *(run for run in bounds if run and (len(run) > 1 or run in conditions))]

    def _sides(self, body: list[Token]) -> tuple[list[Node], list[Token]]:
        """What stands between the signs of equality, and these."""
        sides, signs = parted(body, COMPARISONS)
        for sign in signs:
            if sign.text != "=":
                said = "write one `=`; " if sign.text == "==" else ""
                self.wrong(sign.place, f"{_SHAPE}; {said}a comparison stands in a condition")
        if not signs:
            self.wrong(body[-1].place if body else NOWHERE, f"{_SHAPE}; there is no `=`")
        beside = [signs[0], *signs]
        return [self.surface(*one) for one in zip(sides, beside, strict=True)], signs

    def surface(self, run: list[Token], sign: Token) -> Node:
        """The surface tree of an expression beside a sign."""
        if not run:
            self.wrong(sign.place, "an expression is missing here")
        return self.names.renamed(expression(run, self.source, self.findings, FORMULA))

    def _condition(self, run: list[Token]) -> Stated:
        whole = run[0].place.until(run[-1].place)
        sides, signs = parted(run, COMPARISONS)
        if not signs:
            self.wrong(
                whole,
                "a condition compares indices (`1 <= t < T`) or fixes an initial value "
                "(`h[0] = 0`)",
            )
        nodes = tuple(
            self.surface(side, sign) for side, sign in zip(sides, [*signs, signs[-1]], strict=True)
        )
        return nodes, tuple(sign.text for sign in signs), whole

    def _stated(
        self, conditions: Iterable[Stated]
    ) -> tuple[tuple[Inequalities, ...], tuple[Fixed, ...]]:
        chains: list[Inequalities] = []
        fixed: list[Fixed] = []
        for nodes, signs, whole in conditions:
            if isinstance(nodes[0], At):
                fixed.append(self._fixed(nodes, signs, whole))
                continue
            indices = tuple(map(self.builder.index, nodes))
            if any(is_length(name) for index in indices for name in index.names()):
                self.wrong(whole, "a condition compares steps, and `len` is none")
            operators = tuple("==" if sign == "=" else sign for sign in signs)
            chains.append(Inequalities(indices, operators))
        return tuple(chains), tuple(fixed)

    def _fixed(self, nodes: tuple[Node, ...], signs: tuple[str, ...], whole: Place) -> Fixed:
        target = self.builder.expr(nodes[0])
        if len(signs) > 1 or signs[0] not in ("=", "==") or not isinstance(target, al.Ref):
            self.wrong(whole, "an initial value is fixed by one equation, `h[0] = 0`")
        if target.index.terms:
            self.wrong(whole, f"an initial value has a number for its step, as `{target.name}[0]`")
        step = target.index.offset
        initial = {(i.name, i.step): i for i in self.names.model.initials}
        if (target.name, step) not in initial:
            keys = ", ".join(i.key for i in self.names.model.initials) or "none"
            self.wrong(
                whole, f"`{target.name}[{step}]` is no initial value of the model; it has {keys}"
            )
        if initial[target.name, step].value is not None:
            self.wrong(whole, f"the model itself fixes `{target.name}[{step}]`")
        value = self.builder.expr(nodes[1])
        for node in walk(value):
            if not isinstance(node, _INITIAL):
                message = "an initial value is a number or an expression of parameters"
                self.wrong(self.builder.place(node), message)
        return Fixed(target.name, step, value)

    def _all_bound(self, links: tuple[Formula, ...]) -> None:
        """Every index name is free by the rules or bound by a sum or product."""
        known = {"t", "T"} | bracketed(links[0].left)
        rights = [link.right for link in links]
        summed = {over.index for right in rights for over in walk(right) if isinstance(over, Over)}
        if summed & counted(links[0].left):
            # `a_i = \sum_i W_{ij} h_i` claims it for every j.
            known |= {name for right in rights for name in counted(right)}
        for chain in (chain for link in links for chain in link.chains):
            known.update(name for side in chain.sides for name in side.names())
        for side in (links[0].left, *(link.right for link in links)):
            for node, bound, _ in with_bound(side):
                unknown = sorted(own_names(node) - known - bound)
                if unknown:
                    self._unbound(node, unknown[0])

    def _unbound(self, node: al.Expr, name: str) -> NoReturn:
        self.wrong(
            self.builder.place(node),
            f"`{name}` is neither a name of the model {self.names.model.name} nor an index: an "
            "index is bound by `sum` or `prod`, or stands in brackets on the left or in the "
            f"condition{self.names.near(name)}",
        )


def counted(node: al.Expr) -> set[str]:
    """The index names that say which entry is meant, bound ones left out."""
    return {
        name
        for inner, bound, counting in with_bound(node)
        if counting
        for name in own_names(inner) - bound
    }


_INITIAL = (
    al.Number, al.Constant, al.Param, al.Add, al.Neg, al.Mul, al.Div, al.Product, al.Transpose,
    al.Pow,
)  # fmt: skip
"""What the value of an initial value is made of."""


def bracketed(node: al.Expr) -> set[str]:
    """The index names that stand in brackets, bound ones left out."""
    found: set[str] = set()
    for inner, bound, counting in with_bound(node):
        if counting or isinstance(inner, al.Ref | al.Cotangent):
            found |= own_names(inner) - bound
    return found
