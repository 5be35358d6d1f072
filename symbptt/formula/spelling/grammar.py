r"""From marks to what a person wrote: precedence, brackets and scripts.

A product by nothing, ``\cdot``, ``\times`` or ``/`` binds tightest, then ``*`` and ``@`` (from left
to right, as in plain formulas), then ``\odot``, then sums. A sum over steps reaches to the next
``+`` or ``-``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from symbptt.formula.names import finding
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.marks import Mark
from symbptt.formula.spelling.scripts import scripts
from symbptt.formula.spelling.signs import FUNCTION_WORDS
from symbptt.language.source import Place

MAX_NESTING = 50
MAX_SCRIPTS = 6

CLOSING = {
    "(": ")", "[": "]", "{": "}", "{{": "}}", "⟨": "⟩", "|": "|", "‖": "‖", "⟦": "⟧", "⦃": "⦄",
}  # fmt: skip
_TIGHT = frozenset(["·", "/", "⊗"])
_MIDDLE = frozenset(["*", "@"])
_ENDS = frozenset([*CLOSING.values(), *",;:=<>→&\\", "<=", ">=", "!="]) - {"|", "‖"}
_STARTS = frozenset(["(", "[", "{", "⟨", "|", "‖", "∂", "∇", "∑", "∏", "frac", "√", "…", "⟦", "⦃"])


_OVER = {"sum": "∑", "prod": "∏"}

Operand = Callable[[], wr.Written]
Row = TypeVar("Row")


class Parser:
    """Reads one run of marks, which ends at a place in the text."""

    def __init__(self, text: str, marks: list[Mark], end: int) -> None:
        self.text = text
        self.marks = marks
        self.at = 0
        self.end = Place(1, end, 1, end + 1)
        self.depth = 0
        self.fences: list[str] = []

    # --- the marks ------------------------------------------------------------------------

    @property
    def mark(self) -> Mark | None:
        return self.marks[self.at] if self.at < len(self.marks) else None

    @property
    def sign(self) -> str:
        mark = self.mark
        return mark.text if mark is not None and mark.kind == "sign" else ""

    @property
    def here(self) -> Place:
        return self.mark.place if self.mark is not None else self.end

    @property
    def before(self) -> Place:
        return self.marks[self.at - 1].place if self.at else self.end

    def take(self) -> Mark:
        mark = self.marks[self.at]
        self.at += 1
        return mark

    def wrong(self, place: Place, message: str) -> NoReturn:
        raise finding(self.text, place, message)

    def missing(self) -> NoReturn:
        mark = self.mark
        what = f"before `{self.text[mark.start : mark.end]}`" if mark else "at the end"
        self.wrong(self.here, f"an operand is missing {what}")

    # --- sums and products ----------------------------------------------------------------

    def whole(self) -> wr.Written:
        found = self.sum()
        if self.mark is not None:
            shown = self.text[self.mark.start : self.mark.end]
            closes = "closes no bracket" if self.sign in CLOSING.values() else "stands here alone"
            self.wrong(self.here, f"this `{shown}` {closes}")
        return found

    def sum(self) -> wr.Written:
        start = self.here
        first = self.take().text if self.sign in ("+", "-") else "+"
        terms = [wr.Signed(start, first, self.term())]
        while self.sign in ("+", "-"):
            place = self.here
            sign = self.take().text
            terms.append(wr.Signed(place, sign, self.term()))
        if len(terms) == 1 and terms[0].sign == "+":
            return terms[0].operand
        return wr.Summed(start.until(self.before), terms)

    def term(self) -> wr.Written:
        return self.operated(frozenset(["⊙"]), lambda: self.operated(_MIDDLE, self.tight))

    def operated(self, signs: frozenset[str], inner: Operand) -> wr.Written:
        start, operands, between = self.here, [inner()], []
        while self.sign in signs:
            between.append(self.take().text)
            operands.append(inner())
        if not between:
            return operands[0]
        return wr.Operated(start.until(self.before), operands, between)

    def tight(self) -> wr.Written:
        start, operands, between = self.here, [self.signed()], []
        while self.sign in _TIGHT or self.starts():
            between.append(self.take().text if self.sign in _TIGHT else "")
            operands.append(self.signed())
        if not between:
            return operands[0]
        return wr.Operated(start.until(self.before), operands, between)

    def starts(self) -> bool:
        """Whether a factor begins here."""
        mark = self.mark
        if mark is None or mark.kind == "text":
            return False
        if mark.kind == "sign" and mark.text in ("|", "‖") and mark.text in self.fences:
            return False
        return mark.kind != "sign" or mark.text in _STARTS

    def signed(self) -> wr.Written:
        """A factor, or one with a sign behind another sign."""
        start, sign = self.here, "+"
        while self.sign in ("+", "-"):
            sign = "-" if (self.take().text == "-") == (sign == "+") else "+"
        found = self.factor()
        if sign == "+":
            return found
        return wr.Summed(start.until(self.before), [wr.Signed(start, sign, found)])

    # --- factors --------------------------------------------------------------------------

    def factor(self) -> wr.Written:
        self.deeper()
        found = self.one_factor()
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.wrong(self.here, f"a formula nests at most {MAX_NESTING} deep")

    def one_factor(self) -> wr.Written:
        start = self.here
        if self.sign in ("∑", "∏") or self.is_word_of_sum():
            return self.over()
        if self.sign == "∂":
            return self.differential()
        if self.sign == "∇":
            self.take()
            by = self.script_group() if self.sign == "_" and self.take() else []
            return wr.Gradient(start, by, self.factor())
        found = self.scripted(self.primary())
        while self.sign in ("(", "[", ".T", "**"):
            if self.sign == ".T":
                self.take()
                found = wr.Raised(start.until(self.before), found, None)
            elif self.sign == "**":
                self.take()
                exponent = self.signed()
                found = wr.Raised(start.until(self.before), found, exponent)
            elif self.is_name(found):
                found = wr.Bracketed(start.until(self.before), found, self.group())
                found = self.scripted(found)
                found.place = start.until(self.before)
            else:
                break
        if self.takes_argument(found):
            argument = self.factor()
            assert isinstance(found, wr.Scripted)
            return wr.Applied(start.until(self.before), found, argument)
        return found

    def is_word_of_sum(self) -> bool:
        """``sum_{i=1}^T`` in plain letters."""
        two = self.marks[self.at : self.at + 2]
        return len(two) == 2 and two[0].text in _OVER and two[1].text in ("_", "^")

    def is_name(self, found: wr.Written) -> bool:
        """Whether brackets behind it may be a call, a step or entries."""
        if isinstance(found, wr.Bracketed | wr.Enclosed):
            return self.sign == "["
        if isinstance(found, wr.Scripted):
            if isinstance(found.core, wr.Enclosed | wr.Bracketed):
                return self.sign == "["
            return isinstance(found.core, wr.Word)
        return isinstance(found, wr.Word)

    def takes_argument(self, found: wr.Written) -> bool:
        """Whether it is a function whose argument stands behind it without parentheses."""
        if not isinstance(found, wr.Scripted) or not isinstance(found.core, wr.Word):
            return False
        return found.core.text in FUNCTION_WORDS and self.starts()

    def primary(self) -> wr.Written:
        mark = self.mark
        if mark is None or mark.kind == "text" or (mark.kind == "sign" and mark.text in _ENDS):
            self.missing()
        if mark.kind == "number":
            self.take()
            return wr.Numeral(mark.place, mark.text, mark.bold)
        if mark.kind == "name":
            return self.named()
        if mark.text == "…":
            self.take()
            return wr.Dots(mark.place)
        if mark.text == "frac":
            return self.fraction()
        if mark.text == "√":
            self.take()
            return wr.Radical(mark.place, self.argument())
        if mark.text == "⟦":
            return wr.Matrix(mark.place, self.rows(self.cells))
        if mark.text == "⦃":
            return wr.Alternatives(mark.place, self.rows(self.case))
        if mark.text in CLOSING:
            return self.group()
        shown = self.text[mark.start : mark.end]
        self.wrong(mark.place, f"`{shown}` has no meaning here")

    def named(self) -> wr.Written:
        """A name; a d before another is a differential."""
        mark = self.take()
        following = self.mark
        if (
            mark.text in ("d", "delta")
            and following is not None
            and (
                following.kind == "name"
                or following.text == "{"
                or self.is_one_in_parentheses()
                or [one.text for one in self.marks[self.at : self.at + 2]] == ["^", "+"]
            )
        ):
            self.at -= 1
            return self.differential()
        return wr.Word(mark.place, mark.text, mark.bold, mark.upright)

    def is_one_in_parentheses(self) -> bool:
        """``(h_t)`` of ``d(h_t)_i``: a call of d has two arguments."""
        depth = 0
        for mark in self.marks[self.at :]:
            depth += (mark.text in ("(", "[", "{")) - (mark.text in (")", "]", "}"))
            if depth == 0:
                return self.sign == "("
            if depth == 1 and mark.text == ",":
                return False
        return False

    def is_step_in_parentheses(self) -> bool:
        """``(t+1)`` of ``∂h_i(t+1)``."""
        after = self.marks[self.at + 1 : self.at + 5]
        inner = [
            mark.text
            for mark in after[: next((k for k, m in enumerate(after) if m.text == ")"), 0)]
        ]
        return bool(inner) and len(inner[0]) == 1 and inner[1:2] in ([], ["+"], ["-"])

    def differential(self) -> wr.Written:
        start = self.here
        kind = {"∂": "∂", "d": "d", "delta": "δ"}[self.take().text]
        if self.sign == "^":
            self.take()
            above = self.script_group()
            if [mark.text for script in above for mark in script.marks] != ["+"]:
                self.wrong(start.until(self.before), "of derivatives there are `∂` and `∂^+` only")
            kind = "+"
        if self.sign == "_" and kind == "∂":
            self.take()
            return self.by(start, self.script_group())
        if not self.starts():
            return wr.Differential(start, kind, None)
        operand = self.scripted(self.primary())
        bare = not (isinstance(operand, wr.Scripted) and (operand.below or operand.above))
        called = self.sign == "[" or (self.sign == "(" and (bare or self.is_step_in_parentheses()))
        if called and self.is_name(operand):
            operand = self.scripted(wr.Bracketed(operand.place, operand, self.group()))
        return wr.Differential(start.until(self.before), kind, operand)

    def by(self, start: Place, below: list[wr.ScriptText]) -> wr.Written:
        r"""``\partial_2 f(u, v)``, a slope by the second argument; ``\partial_h L``, a gradient."""
        found = self.factor()
        core = found.operand if isinstance(found, wr.Bracketed) else None
        if not (isinstance(core, wr.Scripted) and len(below) == 1 and below[0].word.isdecimal()):
            return wr.Gradient(start.until(self.before), below, found)
        assert isinstance(found, wr.Bracketed)
        which = below if len(found.group.items) > 1 else []
        slope = wr.Scripted(core.place, core.core, core.below, [*which, *core.above], 1)
        return wr.Bracketed(start.until(self.before), slope, found.group)

    def fraction(self) -> wr.Written:
        start = self.take().place
        above, below = self.argument(), self.argument()
        return wr.Fraction(start.until(self.before), above, below)

    def argument(self) -> wr.Written:
        """``{…}``, or one mark as in ``\\frac12``."""
        self.deeper()
        found = self.one_argument()
        self.depth -= 1
        return found

    def one_argument(self) -> wr.Written:
        if self.sign == "{":
            start = self.take().place
            found = self.sum()
            self.close("{", start)
            return found
        mark = self.mark
        if (
            mark is not None
            and mark.kind == "number"
            and len(mark.text) > 1
            and mark.text.isdigit()
        ):
            first = Mark("number", mark.text[0], mark.start, mark.start + 1)
            self.marks[self.at : self.at + 1] = [
                first, Mark("number", mark.text[1:], mark.start + 1, mark.end)
            ]  # fmt: skip
        return self.primary()

    def over(self) -> wr.Written:
        start = self.here
        sign = self.take().text
        sign = _OVER.get(sign, sign)
        limits: dict[str, list[Mark]] = {"_": [], "^": []}
        while self.sign in limits:
            which = self.take().text
            limits[which] = self.raw()
        body = self.term()
        return wr.Ranged(start.until(self.before), sign, limits["_"], limits["^"], body)

    # --- brackets and scripts -------------------------------------------------------------

    def group(self) -> wr.Enclosed:
        start = self.here
        opened = self.take().text
        self.fences.append(opened if opened in ("|", "‖") else "")
        items: list[wr.Written] = []
        separators = ""
        if self.sign != CLOSING[opened]:
            items.append(self.item(opened))
        while self.sign in (",", ";") or (opened == "⟨" and self.sign == "|"):
            separators += self.take().text
            items.append(self.item(opened))
        self.fences.pop()
        if self.sign in ("=", "<", "<=", ">", ">=", "!=") and opened in ("[", "{{"):
            separators = self.take().text
            items.append(self.sum())
        self.close(opened, start)
        return wr.Enclosed(start.until(self.before), opened, items, separators)

    def rows(self, row: Callable[[], Row]) -> list[Row]:
        """The rows of a matrix or of cases."""
        start, opened = self.here, self.take().text
        found = [row()]
        while self.sign == "\\":
            self.take()
            if self.sign != CLOSING[opened]:
                found.append(row())
        self.close(opened, start)
        return found

    def cells(self) -> list[wr.Written]:
        found = [self.sum()]
        while self.sign == "&":
            self.take()
            found.append(self.sum())
        return found

    def case(self) -> wr.Alternative:
        """``a & \\text{in row } i = j,``"""
        value, words, sides, sign = self.sum(), "", list[wr.Written](), ""
        if self.sign in ("&", ","):
            self.take()
        while self.mark is not None and self.mark.kind == "text":
            words += self.take().text
        if self.sign not in ("⦄", "\\", ",", "."):
            sides, sign = [self.sum()], self.sign
            if sign not in ("=", "!="):
                self.wrong(
                    self.here,
                    "a case is told by `=` or `≠`; other steps have a formula of their own",
                )
            self.take()
            sides.append(self.sum())
        while self.sign in (",", ";", "."):
            self.take()
        return wr.Alternative(value, words, sides, sign)

    def item(self, opened: str) -> wr.Written:
        start = self.here
        first = None if self.sign == ":" and opened == "[" else self.sum()
        if self.sign != ":" or opened != "[":
            assert first is not None
            return first
        self.take()
        last = None if self.sign in ("]", ",") else self.sum()
        return wr.Colon(start.until(self.before), first, last)

    def close(self, opened: str, start: Place | None = None) -> None:
        if self.sign != CLOSING[opened]:
            shown = {"{": "{", "{{": "\\{"}.get(opened, opened)
            if start is not None and opened in "⟦⦃":
                shown = self.text[start.column : start.end_column]
            if self.mark is None or start is None:
                self.wrong(start or self.end, f"this `{shown}` is never closed")
            found = self.text[self.mark.start : self.mark.end]
            self.wrong(self.here, f"`{found}` stands here where the `{shown}` before it is open")
        self.take()

    def scripted(self, core: wr.Written) -> wr.Written:
        below: list[wr.ScriptText] = []
        above: list[wr.ScriptText] = []
        primes = 0
        while self.sign in ("_", "^", "'", "''"):
            sign = self.take().text
            if sign[0] == "'":
                primes += len(sign)
            else:
                (below if sign == "_" else above).extend(self.script_group())
        if primes > 2:
            self.wrong(core.place, "there is one prime, the slope of a function, or an index's")
        if len(below) > MAX_SCRIPTS or len(above) > MAX_SCRIPTS:
            self.wrong(core.place, f"a name has at most {MAX_SCRIPTS} scripts")
        if not (below or above or primes) and not isinstance(core, wr.Word):
            return core
        if isinstance(core, wr.Enclosed) and core.bracket == "{" and len(core.items) == 1:
            inner = core.items[0]
            if isinstance(inner, wr.Scripted) and not (inner.above and above):
                return wr.Scripted(
                    core.place.until(self.before), inner.core, [*inner.below, *below],
                    [*inner.above, *above], inner.primes + primes,
                )  # fmt: skip
        return wr.Scripted(core.place.until(self.before), core, below, above, primes)

    def raw(self) -> list[Mark]:
        """The marks of a script: those in braces, or one."""
        if self.sign != "{":
            if self.mark is None:
                self.missing()
            if self.sign in ("(", "["):
                return self.enclosed(CLOSING[self.sign], keep=True)
            if self.sign == "-" and self.at + 1 < len(self.marks):
                return [self.take(), self.take()]
            return [self.take()]
        return self.enclosed("}", keep=False)

    def enclosed(self, closing: str, keep: bool) -> list[Mark]:
        start, opened = self.at, self.take()
        depth = 1
        while depth:
            if self.mark is None:
                self.wrong(opened.place, f"this `{opened.text}` is never closed")
            mark = self.take()
            if mark.kind == "sign":
                depth += (mark.text == opened.text) - (mark.text == closing)
        return self.marks[start : self.at] if keep else self.marks[start + 1 : self.at - 1]

    def script_group(self) -> list[wr.ScriptText]:
        return scripts(self.raw(), self.before)
