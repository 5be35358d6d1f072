"""Is a document right? Every equation that it displays, read and examined about one model."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from symbptt.algebra import Derivative, Expr, Model, Ref
from symbptt.algebra.letters import Entry
from symbptt.documents import letters as lt
from symbptt.documents.conditions import condition_of, indicator, is_supposed, plain
from symbptt.documents.displays import Passage, displays
from symbptt.documents.macros import expanded
from symbptt.documents.pages import Page, page
from symbptt.documents.report import ExaminedEquation, Proofreading
from symbptt.documents.rows import PrintedEquation, equations, with_condition
from symbptt.errors import FormulaError
from symbptt.formula.answer import Verdict
from symbptt.formula.meaning import Total
from symbptt.formula.names import FormulaNames, derived_form
from symbptt.formula.reading import Reading, readings
from symbptt.formula.shapes import Layout
from symbptt.formula.statement import TOTAL, walk
from symbptt.formula.text import text_of
from symbptt.formula.verdict import Checker

Progress = Callable[[float, str], object]

SECONDS = 110.0
MOST = 20_000
_MEANINGS = 6
_LONGEST = 10.0
"""How long one equation may take."""


def proofread(
    model: Model,
    text: str,
    file: str = "document",
    *,
    inline: bool = False,
    layout: Layout = "column",
    total: Total | None = None,
    names: str = "",
    where: Sequence[str] = (),
    seconds: float = SECONDS,
    progress: Progress = lambda fraction, note: None,
) -> Proofreading:
    """Whether the equations of a document about a model are right.

    Parameters
    ----------
    model : Model
    text : str
        LaTeX or Markdown; which of them is told by the ending of ``file``, else by the text.
    inline : bool
        Look at the equations within lines, too.
    layout, total, names, where
        The document's conventions, as `symbptt.check` takes them. Letters that the document
        itself says the meaning of need no ``where``.
    seconds : float
        The CPU time that the whole may take; what is left then is not read.

    Returns
    -------
    Proofreading

    Raises
    ------
    DocumentError
        If a display is never closed, or a macro expands forever.
    FormulaError
        If ``names`` or ``where`` can't be read.
    """
    whole = expanded(page(text, file))
    ways = Ways(layout, total, names, tuple(where))
    reader = _Proofreader(model, ways, time.thread_time() + seconds)
    rows = reader.rows(_bounded(whole), inline, progress)
    remarks = (*reader.remarks(rows), *_not_opened(whole))
    return Proofreading(model.name, file, tuple(rows), remarks)


def _bounded(whole: Page) -> list[Passage]:
    """The mathematics of a page.

    Raises
    ------
    DocumentError
        If there is more of it than one document has.
    """
    found: list[Passage] = []
    equalities = 0
    for one in displays(whole):
        found.append(one)
        equalities += "=" in one.text
        if equalities > MOST:
            words = f"a document has at most {MOST:,} formulas: proofread its chapters one by one"
            raise whole.wrong(one.line, words)
    return found


def _not_opened(whole: Page) -> Iterator[str]:
    """What the document includes, which is not read with it."""
    for found in re.finditer(r"\\(?:input|include|subfile)\s*\{?\s*([^\s{}\\]+)", whole.text):
        words = f"{found.group(1)} is not opened: proofread it by itself"
        yield f"{whole.file}:{whole.line(found.start())}: {words}"


def _equations(found: Sequence[Passage]) -> Iterator[PrintedEquation]:
    """Every equation, each with what the words of the paragraph before it suppose."""
    supposed: tuple[str, ...] = ()
    for one in found:
        if "\n\n" in one.before.strip():
            supposed = ()
        if one.inline and is_supposed(one.before, one.text):
            supposed = (*supposed, one.text)
        for equation in equations(one):
            yield replace(equation, supposed=supposed)
        if not one.inline:
            supposed = ()


@dataclass(frozen=True)
class Ways:
    """The conventions of a document."""

    layout: Layout
    total: Total | None
    names: str
    where: tuple[str, ...]

    def checker(self, model: Model) -> Checker:
        return Checker(
            model, layout=self.layout, total=self.total, names=self.names, where=self.where
        )


@dataclass
class _Above:
    """What a row with an empty left side goes on from."""

    head: str = ""
    above: str = ""


@dataclass
class _Proofreader:
    model: Model
    ways: Ways
    end: float
    letters: list[lt.Denotation] = field(default_factory=list)
    functions: list[lt.FunctionName] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    until: float = 0.0
    """When the time for an equation is over."""

    def __post_init__(self) -> None:
        self.checker = self.ways.checker(self.model)
        # Options that can't be read are no fault of the document.
        self._readings("1 = 1", self.ways.where)
        self.names = names = FormulaNames.of(self.model)
        self.known = names.words | names.timed | names.timeless | frozenset(names.constants)

    def rows(
        self, found: Sequence[Passage], inline: bool, progress: Progress
    ) -> list[ExaminedEquation]:
        """A row for every equation."""
        every = list(_equations(found))
        self._take_up(found, every)
        wanted = [equation for equation in every if inline or not equation.inline]
        if inline:
            wanted = sorted([*wanted, *lt.entries_in(found)], key=lambda one: one.line)
        rows: list[ExaminedEquation] = []
        chain = _Above()
        for number, equation in enumerate(wanted):
            progress(number / len(wanted), f"line {equation.line}")
            left = self.end - time.thread_time()
            share = max(6 * left / (len(wanted) - number), 0.2)
            self.until = time.thread_time() + max(min(_LONGEST, left, share), 0.1)
            rows.append(self._row(equation, chain, left > 0))
        return rows

    # --- one equation ------------------------------------------------------------------

    def _row(self, equation: PrintedEquation, chain: _Above, in_time: bool) -> ExaminedEquation:
        source = equation.text if not equation.continues else f"= {equation.text[3:]}"
        row = ExaminedEquation(equation.line, equation.name, source, "not read")
        if equation.fault:
            return replace(row, reason=equation.fault)
        if not in_time:
            return replace(row, reason="there was no time left for it")
        lefts = [chain.head, chain.above] if equation.continues else [equation.members[0]]
        if not equation.continues:
            chain.head = equation.members[0]
        chain.above, above = "" if equation.row else equation.members[-1], chain.above
        for left in dict.fromkeys(filter(None, (*lefts[:1], above if equation.continues else ""))):
            if equation.row:
                left = rf"\left({left}\right)_{{{equation.row}}}"
            found = self._judged(row, replace(equation, members=(left, *equation.members[1:])))
            if found.answer != "not read":
                return found
            row = row if row.reason else found
        return row if row.reason else replace(row, reason="nothing stands left of it")

    def _judged(self, row: ExaminedEquation, equation: PrintedEquation) -> ExaminedEquation:
        said = self._of_no_steps(equation)
        unread = equation.unread or "".join(said[:1])
        try:
            verdict = self._where_entries(equation, said) if said else None
            if verdict is None:
                verdict = self._verdict(equation)
            else:
                unread = ""
            defined = self._defined(self._said(equation.text), equation.line)
        except FormulaError as error:
            stepped = self._at_a_step(equation)
            if stepped is None:
                return replace(row, reason=_first_line(error))
            return self._judged(row, stepped)
        row = replace(row, read=verdict.read, verdict=verdict)
        if verdict.verdict == "undecided":
            return replace(row, reason=f"undecided: {verdict.reason}")
        if verdict.right:
            return replace(row, answer="model" if defined else "right", reason=verdict.reading)
        if unread:
            return replace(row, reason=f"its condition is not read: {' '.join(unread.split())}")
        if defined:
            return replace(row, answer="model", reason=f"it contradicts the model's {defined}")
        return replace(row, answer="wrong")

    def _of_no_steps(self, equation: PrintedEquation) -> list[str]:
        """What the sentence before supposes that no condition of steps says."""
        integers = self.model.integers
        conditions = {one: condition_of(one) for one in equation.supposed}
        return [
            one
            for one, condition in conditions.items()
            if condition is None or integers.intersection(re.findall("[A-Za-z]+", condition))
        ]

    def _where_entries(self, equation: PrintedEquation, said: Sequence[str]) -> Verdict | None:
        """The verdict on the entries that the sentence before supposes: elsewhere 0 = 0 is said.

        None if it supposes something else than "if $i = y_t$" does, which is of an entry.
        """
        factors = [indicator(plain(one)) for one in said]
        if equation.unread or None in factors:
            return None
        where = " ".join(filter(None, factors))
        members = tuple(rf"{where} \left({member}\right)" for member in equation.members)
        text = self._said(with_condition(members, equation.condition))
        try:
            return self._checked(self.checker, [text], equation.line)
        except FormulaError:
            return None

    def _at_a_step(self, equation: PrintedEquation) -> PrintedEquation | None:
        """``y = f(h_t)`` as ``y_t = f(h_t)``, where y has a value at every step; what defines a
        function as what it is of a quantity."""
        left, *rest = equation.members
        quantity = next((one.name for one in self.model.equations if len(one.shape) == 1), None)
        if quantity and (members := lt.of_any_value(equation.members, f"{quantity}[t]")):
            return replace(equation, members=members)
        if letter := lt.letter(left):
            name, index = letter
            if not index and name in self.names.timed:
                return replace(equation, members=(f"{left}_t", *rest))
        return None

    def _verdict(self, equation: PrintedEquation) -> Verdict:
        """The verdict under what the document says of its letters, the first and the last step."""
        texts = [self._said(equation.text)]
        for condition in self._further(equation):
            texts.append(self._said(with_condition(equation.members, condition)))
        return self._checked(self.checker, texts, equation.line)

    def _checked(self, checker: Checker, texts: Sequence[str], line: int) -> Verdict:
        """The verdict in the first way to understand it in which it is right.

        The ways are the readings of the document's letters, and the texts, of which only the
        first need be readable. An edit that mends it is sought for the first way alone.
        """
        ways = [*product(texts, self._meanings(line))]
        found: list[Verdict] = []
        for text, checker.where in ways:
            checker.clock.seconds = max(self.until - time.thread_time(), 0.1)
            try:
                found.append(checker.check(text, mended=len(ways) == 1))
            except FormulaError:
                if text == texts[0]:
                    raise
                continue
            if found[-1].right or found[-1].verdict == "undecided":
                return found[-1]
        if len(ways) > 1:
            text, checker.where = ways[0]
            checker.clock.seconds = max(self.until - time.thread_time(), 0.1)
            again = checker.check(text)
            return again if again.verdict != "undecided" else found[0]
        return found[0]

    def _further(self, equation: PrintedEquation) -> Iterator[str]:
        """Conditions that the document states elsewhere, or in the sentence before."""
        supposed = filter(None, map(condition_of, equation.supposed))
        for fact in (*self.facts, *supposed, *_last_step(equation)):
            yield ", ".join(filter(None, (equation.condition, fact)))

    def _defined(self, text: str, line: int) -> str:
        """The model's own equation of what stands on the left; "" where derivatives are."""
        way = self._readings(text, self._meanings(line)[0])[0]
        first = way.links[0]
        if any(isinstance(node, Derivative) for link in way.links for node in walk(link.right)):
            return ""
        left = _whole(first.left)
        if left == TOTAL:
            return "total loss"
        for one in (*self.model.equations, *derived_form(self.model).equations):
            if isinstance(left, Ref) and left.name == one.name:
                return f"{one.name}[t] = {text_of(one.rhs)}"
        return ""

    def _readings(self, text: str, where: Sequence[str]) -> tuple[Reading, ...]:
        return readings(text, self.model, where, self.ways.names, self.ways.layout)

    def _said(self, text: str) -> str:
        return lt.without_functions(text, self.functions)

    # --- what the document says of its letters ---------------------------------------------

    def _meanings(self, line: int) -> list[tuple[str, ...]]:
        """What the letters stand for at a line: in each way in which that can be read."""
        letters = lt.in_force(self.letters, line)
        several = product(*([f"{one.left} = {m}" for m in one.meanings] for one in letters))
        return [(*self.ways.where, *said) for said in islice(several, _MEANINGS)]

    def _take_up(self, found: Sequence[Passage], every: Sequence[PrintedEquation]) -> None:
        """The letters, functions and initial values that the document says the meaning of."""
        self.functions = [
            one
            for one in dict.fromkeys(lt.functions_in(passage.text for passage in found))
            if {one.letter, one.name.lstrip("\\")}.isdisjoint(self.known)
        ]
        self.facts = [*filter(self._is_fact, dict.fromkeys(e.text for e in every))]
        candidates = [*lt.named_in(every), *lt.denoted_in(found)]
        # A letter that stands for one derivative stands for nothing else that is equal to it.
        simple = {one.name for one in candidates if one.is_derivative}
        open_ones = [
            replace(one, right=self._said(one.right))
            for one in candidates
            if (one.is_derivative or one.name not in simple) and one.name not in self.known
        ]
        while True:
            taken = [known for one in open_ones for known in self._taken(one)]
            if not taken:
                break
            self.letters += taken
            open_ones = [one for one in open_ones if one not in taken]

    def _taken(self, one: lt.Denotation) -> Iterator[lt.Denotation]:
        """A letter with its meanings, where its right side can be read without it."""
        if not one.is_derivative and any(known.name == one.name for known in self.letters):
            return
        others = [known for known in self._meanings(one.line)[0] if not _defines(known, one.name)]
        try:
            ways = self._readings(f"{one.right} = {one.right}", others)
            meanings = tuple(dict.fromkeys(text_of(way.links[0].left) for way in ways))
            self._readings("1 = 1", [*others, f"{one.left} = {meanings[0]}"])
        except FormulaError:
            return
        yield replace(one, meanings=meanings[:_MEANINGS])

    def _is_fact(self, text: str) -> bool:
        """Whether an equation fixes an initial value, as ``h_0 = 0`` does, or the last step."""
        if not _FIRST.search(text) and not _LAST.fullmatch(text):
            return False
        try:
            self._readings(f"1 = 1 for {text}", self.ways.where)
        except FormulaError:
            return False
        return True

    # --- in the end --------------------------------------------------------------------

    def remarks(self, rows: Sequence[ExaminedEquation]) -> Iterator[str]:
        """What makes more of the document right, or readable."""
        wrong = [row for row in rows if row.answer == "wrong"]
        right = [row for row in rows if row.answer == "right"]
        for option, ways in self._others() if wrong else ():
            gained = self._right_with(ways, wrong)
            if gained > self._lost_with(ways, right):
                are = "equations are" if gained > 1 else "equation is"
                yield f"{gained} more {are} right with {option}"
        found = (re.search(r"no name `([^`]+)`|`([^`]+)` is neither", row.reason) for row in rows)
        unknown = Counter(match.group(1) or match.group(2) for match in found if match)
        for name, number in unknown.most_common(3):
            if number > 1:
                yield (
                    f"{number} equations are not read for `{name}`: --names or --where says "
                    "what it stands for"
                )

    def _others(self) -> Iterator[tuple[str, Ways]]:
        own = "sum" if self.model.summed else "mean"
        totals: tuple[Total, ...] = ("mean", "sum")
        for total in totals:
            if total != (self.ways.total or own):
                yield f"--total {total}", replace(self.ways, total=total)
        layouts: tuple[Layout, ...] = ("column", "row")
        for layout in layouts:
            if layout != self.ways.layout:
                yield f"--layout {layout}", replace(self.ways, layout=layout)

    def _right_with(self, ways: Ways, rows: Sequence[ExaminedEquation]) -> int:
        checker = ways.checker(self.model)
        return sum(self._is_right(checker, row) for row in rows)

    def _lost_with(self, ways: Ways, rows: Sequence[ExaminedEquation]) -> int:
        checker = ways.checker(self.model)
        return sum(not self._is_right(checker, row) for row in rows)

    def _is_right(self, checker: Checker, row: ExaminedEquation) -> bool:
        left = self.end - time.thread_time()
        if left <= 0 or row.verdict is None:
            return False
        self.until = time.thread_time() + min(1.0, left)
        try:
            return self._checked(checker, [row.verdict.formula], row.line).right
        except FormulaError:
            return False


_FIRST = re.compile(r"(?:[_^]\{?\(?0\)?\}?|\[0\])\s*=\s*(?:\\mathbf\s*\{?\s*0\s*\}?|0)$")


_LAST = re.compile(r"T\s*=\s*\d+")
_TO_A_NUMBER = re.compile(
    r"\\(?:sum|prod)(?![A-Za-z])\s*(?:\\limits)?\s*_\{\w\s*=\s*1\}\s*\^\s*(?:\{\s*)?(\d+)"
)


def _last_step(equation: PrintedEquation) -> list[str]:
    r"""``T = 3`` where a sum of an equation without T goes to 3."""
    if re.search(r"(?<![A-Za-z\\])T(?![A-Za-z])|\\tau", equation.text.replace("^T", "")):
        return []
    return [f"T = {last}" for last in dict.fromkeys(_TO_A_NUMBER.findall(equation.text))][:1]


def _defines(said: str, name: str) -> bool:
    return re.match(rf"{name}\b", said) is not None


def _whole(node: Expr) -> Expr:
    """The quantity of which a side is an entry."""
    return node.array if isinstance(node, Entry) else node


def _first_line(error: FormulaError) -> str:
    """What is wrong, without the picture below it."""
    return re.sub(r"^formula:\d+: ", "", str(error).splitlines()[0])
