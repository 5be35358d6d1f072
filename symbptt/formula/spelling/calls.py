r"""What stands before brackets: a function, a step, entries, or a factor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.derivatives import DerivativeReader
from symbptt.formula.spelling.names import LOSS_LETTERS, STEP_LOSS, Way
from symbptt.formula.spelling.shares import is_letter, letters_of, parts_of, shares
from symbptt.functions.losses import LOSSES
from symbptt.language import surface as sf
from symbptt.language.source import Place

_DERIVATIVES = frozenset(["d", "partial", "direct"])
_PRIME = "\N{MODIFIER LETTER PRIME}"


class CallReader(DerivativeReader):
    """Reads calls and brackets behind names."""

    def is_applied(self, node: wr.Bracketed) -> bool:
        """Whether brackets behind a name are its arguments, its step or its entries."""
        core, _, _, _ = parts_of(node.operand)
        if block_row(node.group) is not None:
            return False
        if node.group.bracket == "[":
            apart = is_apart(node.group)
            placed = not apart and None not in map(self.placed, node.group.items)
            return placed or self.function_of(node.operand) is not None
        if not isinstance(core, wr.Word):
            return True
        return self.function_of(node.operand) is not None or self.has_free_step(node)

    def has_free_step(self, node: wr.Bracketed) -> bool:
        """``h(t)``: a quantity without a step, and an index in parentheses."""
        core, below, above, _ = parts_of(node.operand)
        assert isinstance(core, wr.Word)
        names = {name for share in shares(core.text, below, above) if share.step is None
                 for name in self.called(share.name)}  # fmt: skip
        timed = (
            names & (self.names.timed | frozenset(self.names.letters)) or core.text in LOSS_LETTERS
        )
        return (
            bool(timed)
            and len(node.group.items) == 1
            and self.operator_of(node.group) is None
            and self.is_step(node.group.items[0])
        )

    def is_step(self, node: wr.Written) -> bool:
        """Whether it is an index without a name of the model in it: no index is called so."""
        found = self.number(node)
        return found is not None and not any(
            self.called(part.name) for part in sf.walk(found) if isinstance(part, sf.Named)
        )

    def function_of(self, node: wr.Written) -> str | None:
        """The function that a name with its scripts is."""
        core, below, above, _ = parts_of(node)
        if not isinstance(core, wr.Word):
            return None
        own = [script.word for script in (*below, *(s for s in above if s.wrapped))]
        found = self.functions.get(letters_of("".join([core.text, *own])))
        of_entry = core.text in self.names.functions | set(self.names.aliases)
        if found is None and of_entry and len(own) == 1 and is_letter(own[0]):
            return self.functions.get(core.text)  # `f_j(a_j)`, for an entry
        if found == "delta" and (below or above) and not of_entry:
            return None  # `\delta_{t+1}^h (a - b)`: Kronecker's delta has its places in parentheses
        return found

    def behind(self, node: wr.Bracketed) -> Iterable[Way]:
        """A call, a step in brackets, entries, or a product with what stands in parentheses."""
        core, below, above, primes = parts_of(node.operand)
        function = self.function_of(node.operand)
        named = node.group.bracket == "[" and self.called(getattr(core, "text", ""))
        if function is not None and not named:
            return self.function(node, function, primes, [s for s in above if not s.wrapped])
        if node.group.bracket == "[":
            return self.bracketed(node)
        if isinstance(core, wr.Word) and core.text in LOSS_LETTERS and len(node.group.items) > 1:
            return self.read(node.operand)
        if isinstance(core, wr.Word) and self.has_free_step(node):
            step = self.number(node.group.items[0])
            assert step is not None
            stepped = self.bracketed_name(node, core, below, above, [step])
            if stepped:
                return stepped
        if (
            isinstance(core, wr.Word)
            and not self.called(letters_of(core.text))
            and len(node.group.items) > 1
        ):
            self.unknown_function(core)
        return self.operated(wr.Operated(node.place, [node.operand, node.group], [""]))

    def unknown_function(self, core: wr.Word) -> None:
        self.wrong(
            core.place,
            f"`{core.text}` is neither a function nor a name of the model {self.names.model.name} "
            f"or the formula language{self.names.near(core.text)}",
        )

    def function(
        self, node: wr.Bracketed, name: str, primes: int, above: list[wr.ScriptText]
    ) -> Iterable[Way]:
        place, items = node.place, node.group.items
        if name in _DERIVATIVES and len(items) == 2:
            kinds = {"d": "d", "partial": "+", "direct": "="}
            found = self.derivative(place, kinds[name], *items)
            if name == "direct":
                found = (replace(way, node=renamed(way.node, "direct")) for way in found)
            return found
        if name == "prod" and len(items) in (2, 3):
            return self.any_product(place, items)
        if name in ("sum", "prod") and len(items) > 3:
            return self.plain_over(place, name, items)
        if name in ("onehot", "delta", "ones", "zeros", "len"):
            return self.of_places(place, name, items)
        if primes:
            digits = above[:1] if above and above[0].word.isdecimal() and len(items) > 1 else []
            name = f"{name}{_PRIME}{digits[0].word if digits else ''}"
            above = above[len(digits) :]
            if primes > 1:
                self.wrong(place, "there is one prime: the slope of a function")
        return self.raised_all(self.settled(self.call(place, name, items)), above)

    def call(self, place: Place, name: str, items: list[wr.Written]) -> Iterator[Way]:
        losses = {a.name for a in self.names.model.abstract if a.loss} | set(LOSSES)
        if name in losses and len(items) == 2 and self.is_input(items[0]) > self.is_input(items[1]):
            items = items[::-1]
        parts = [self.ways(item) if name not in losses or not k else self.target(item)
                 for k, item in enumerate(items)]  # fmt: skip
        return self.joined(parts, lambda *args: sf.Apply(place, name, list(args), place))

    def is_input(self, node: wr.Written) -> bool:
        """Whether it is what the model is given; texts write losses in either order."""
        core, below, above, _ = parts_of(node)
        inputs = {one.name for one in self.names.model.inputs}
        return isinstance(core, wr.Word) and any(
            name in inputs
            for share in shares(core.text, below, above)
            for name in self.called(share.name)
        )

    def target(self, node: wr.Written) -> list[Way]:
        """A loss compares with an integer input itself."""
        core = parts_of(node)[0]
        if isinstance(core, wr.Word):
            found = [way for way in self.meanings(node) if self.is_integer(way.node)]
            if found:
                return found
        return self.ways(node)

    def of_places(self, place: Place, name: str, items: list[wr.Written]) -> list[Way]:
        if name in ("ones", "zeros"):
            sizes = [self.number(item, lengths=True) for item in items]
            if None not in sizes:
                return [Way(sf.Apply(place, name, [s for s in sizes if s], place))]
        places = [self.position(item) for item in items]
        if name == "len" or None in places:
            found = self.number(wr.Bracketed(place, wr.Scripted(place, wr.Word(place, "len")),
                                          wr.Enclosed(place, "(", items)))  # fmt: skip
            if found is None:
                self.wrong(place, f"`{name}` takes indices or integer inputs")
            return [Way(found)]
        return [Way(sf.Apply(place, name, [p for p in places if p], place))]

    def bracketed(self, node: wr.Bracketed) -> Iterable[Way]:
        """``h[t]``, ``W[j, i]``, ``v[:d]``; else a factor in brackets, ``W [h; x]``."""
        core, below, above, primes = parts_of(node.operand)
        if not node.group.items:
            self.wrong(node.group.place, "the brackets are empty: expected a step, as in `h[t]`")
        places = [self.placed(item) for item in node.group.items]
        apart = is_apart(node.group) or block_row(node.group) is not None
        if None not in places and not apart:
            found = [one for one in places if one is not None]
            if isinstance(core, wr.Word) and not primes:
                ways = self.bracketed_name(node, core, below, above, found)
                if ways:
                    return ways
            return [
                replace(w, node=sf.At(node.place, w.node, found)) for w in self.ways(node.operand)
            ]
        return self.operated(wr.Operated(node.place, [node.operand, node.group], [""]))

    def bracketed_name(
        self,
        node: wr.Bracketed,
        core: wr.Word,
        below: list[wr.ScriptText],
        above: list[wr.ScriptText],
        places: list[sf.Node],
    ) -> list[Way]:
        """A step behind a name that has none yet; ``h_i(t)`` is an entry."""
        found: list[Way] = []
        for share in shares(core.text, below, above):
            if share.step or share.raised:
                continue
            entries = [self.entry(script) for script in share.entries]
            names = self.called(share.name) or loss_names(core.text, node.group.bracket)
            for name in names:
                if not (self.takes_step(name) and None not in entries):
                    continue
                made: sf.Node = sf.At(node.place, sf.Named(core.place, name), places)
                if entries:
                    made = sf.At(node.place, made, [one for one in entries if one is not None])
                said = (f"`{self.shown(node.place)}`", STEP_LOSS.get(name, ""))
                found.append(Way(made, (said,) if name in STEP_LOSS and len(names) > 1 else ()))
        return found

    def takes_step(self, name: str) -> bool:
        timed = name in self.names.timed or name in STEP_LOSS
        return timed or self.is_state(name) or self.has_step(name)

    def placed(self, node: wr.Written) -> sf.Node | None:
        if isinstance(node, wr.Colon):
            ends = [
                None if e is None else self.number(e, lengths=True) for e in (node.first, node.last)
            ]
            return sf.Stretch(node.place, ends[0], ends[1])
        return self.position(node)


def is_apart(group: wr.Enclosed) -> bool:
    """Whether brackets hold blocks, ``[a; b]``, or a condition, ``[k = i]``, and no places."""
    return not set(group.separators) <= {","}


def loss_names(letter: str, bracket: str) -> list[str]:
    """What the loss of a step may be; ``L(t)`` like ``L_t``, and ``L[t]`` the plain form."""
    if letter != "L":
        return ["loss"] if letter in LOSS_LETTERS else []
    return ["L"] if bracket == "[" else ["loss", "L"]


def block_row(node: wr.Enclosed) -> int | None:
    """Which block of ``[0 I 0]`` is the identity."""
    match node:
        case wr.Enclosed(bracket="[", items=[wr.Operated(operands=cells, signs=signs)]):
            if set(signs) != {""}:
                return None
        case _:
            return None
    words = [getattr(parts_of(cell)[0], "text", "") for cell in cells]
    return words.index("I") if sorted(words) == [*"0" * (len(words) - 1), "I"] else None


def renamed(node: sf.Node, word: str) -> sf.Node:
    return replace(node, function=word) if isinstance(node, sf.Apply) else node
