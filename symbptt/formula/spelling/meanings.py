r"""From what a person wrote to surface trees: every way to read it whose shapes fit.

The parts are read first; what fits in no way is left out before it meets others, so that a formula
with many products of two readings each has few. What is decided once (whether ``^T`` turns or
raises, in which order a product runs) is decided in the same way everywhere in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice, product

from symbptt import algebra as al
from symbptt.errors import FormulaError
from symbptt.formula.building import FormulaBuilder
from symbptt.formula.meaning import is_constant
from symbptt.formula.names import FormulaNames, derived_form
from symbptt.formula.shapes import (
    SCALAR,
    Extents,
    ShapeError,
    Shaper,
    is_matrix_of_values,
    is_turned,
)
from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.limits import Limits, comparison, entries, is_step, limits
from symbptt.formula.spelling.names import (
    LOSS_LETTERS,
    NameReader,
    Way,
    letters_of,
    parts_of,
    shares,
)
from symbptt.formula.statement import at_steps
from symbptt.formula.text import text_of
from symbptt.functions.losses import LOSSES
from symbptt.language import surface as sf
from symbptt.language.source import Place

MAX_WAYS = 24
MAX_TERMS = 200
_TRIED = 200
_ONE = Fraction(1)
_DERIVATIVES = frozenset(["d", "partial", "direct"])
_PRIME = "\N{MODIFIER LETTER PRIME}"
_ROOTS = {"1": "sum", "2": "norm", "F": "norm", "": "norm"}

Made = Callable[..., sf.Node]


class MeaningReader(NameReader):
    """Reads expressions; `open` holds the derivatives that may be total, partial or direct."""

    def __init__(self, text: str, names: FormulaNames, shaper: Shaper) -> None:
        super().__init__(text, names)
        self.builder = FormulaBuilder(text, names)
        self.shaper = shaper
        self.open: dict[sf.Node, tuple[str, str, str]] = {}

    # --- what fits ------------------------------------------------------------------------

    def agree(self, left: Way, right: Way) -> bool:
        """Whether two sides may be equal: a number is any, a matrix its entries row by row."""
        one, two = (self.builder.expr(way.node) for way in (left, right))
        a, b = self.shaper.shape(one), self.shaper.shape(two)
        if a is None or b is None or a == b:
            return True
        if self.shaper.is_flat(b, a):
            return True
        return any(shape == SCALAR and is_constant(side) for shape, side in ((a, one), (b, two)))

    def shape(self, way: Way) -> Extents | None:
        return self.shaper.shape(self.builder.expr(way.node))

    def settled(self, ways: Iterable[Way]) -> list[Way]:
        """The ways that can be built, those that fit if any does.

        Raises
        ------
        FormulaError
            The first reason, if none can be built.
        """
        fitting: dict[tuple[al.Expr, tuple[tuple[str, str], ...]], Way] = {}
        others: list[Way] = []
        error: FormulaError | None = None
        for way in islice(ways, _TRIED):
            try:
                expr = self.builder.expr(way.node)
                self.shaper.shape(expr)
            except ShapeError:
                others.append(replace(way, fits=False))
            except FormulaError as reason:
                error = error or reason
            else:
                if way.fits:
                    fitting.setdefault((expr, way.notes), way)
                else:
                    others.append(way)
        found = list(fitting.values())[:MAX_WAYS] or others[:2]
        if not found:
            raise error or FormulaError("this can't be read")
        return found

    def joined(self, parts: Sequence[list[Way]], make: Made) -> Iterator[Way]:
        """One node of one way of each part, where these decide nothing differently."""
        for chosen in islice(product(*parts), _TRIED):
            notes = consistent(note for way in chosen for note in way.notes)
            if notes is not None:
                node = make(*(way.node for way in chosen))
                yield Way(node, notes, all(way.fits for way in chosen))

    # --- expressions ----------------------------------------------------------------------

    def ways(self, node: wr.Written) -> list[Way]:
        return self.settled(self.read(node))

    def read(self, node: wr.Written) -> Iterable[Way]:
        place = node.place
        match node:
            case wr.Numeral(text=text, bold=bold):
                if bold and text == "1":
                    return [Way(sf.Named(place, "ones")), Way(sf.Literal(place, _ONE, "1"))]
                return [Way(sf.Literal(place, Fraction(text), text))]
            case wr.Scripted(core=wr.Word()) | wr.Word():
                return self.value(node)
            case wr.Scripted():
                return self.scripted(node)
            case wr.Summed(terms=terms):
                return self.added(place, terms)
            case wr.Operated():
                return self.operated(node)
            case wr.Fraction(above=above, below=below):
                return self.quotient(place, above, below)
            case wr.Raised(base=base, exponent=None):
                return self.joined([self.ways(base)], lambda one: sf.Flip(place, one))
            case wr.Raised(base=base, exponent=exponent) if exponent is not None:
                power = self.number(exponent)
                if power is None:
                    self.wrong(exponent.place, "an exponent is a number or an index")
                return self.joined([self.ways(base)], lambda one: sf.Power(place, one, power))
            case wr.Root(operand=operand):
                return self.joined(
                    [self.ways(operand)], lambda one: sf.Apply(place, "sqrt", [one], place)
                )
            case wr.Group():
                return self.group(node)
            case wr.Behind():
                return self.behind(node)
            case wr.Applied(function=function, argument=argument):
                group = wr.Group(argument.place, "(", [argument])
                return self.behind(wr.Behind(place, function, group))
            case wr.Differential():
                return self.alone(node)
            case wr.Gradient(by=[script], of=of):
                by = self.parsed(script)
                if by is not None:
                    return self.derivative(place, "∂", of, by)
            case wr.Over():
                return self.over(node)
        self.wrong(place, f"`{self.shown(place)}` has no meaning in a formula")

    def added(self, place: Place, terms: list[wr.Signed]) -> Iterable[Way]:
        """A sum, term by term: each has the shape of those before."""
        first, *others = terms
        if len(terms) > MAX_TERMS:
            self.wrong(place, f"a formula has at most {MAX_TERMS} terms in a row")
        whole: Iterable[Way] = self.joined(
            [self.ways(first.operand)], lambda one: signed(first.sign, one)
        )
        for term in others:
            parts = [self.settled(whole), self.ways(term.operand)]
            until = place.until(term.place)

            def plus(
                one: sf.Node, two: sf.Node, sign: str = term.sign, until: Place = until
            ) -> sf.Node:
                return sf.Plus(until, [*terms_of(one, place), signed(sign, two)])

            whole = self.joined(parts, plus)
        return whole

    def value(self, node: wr.Written) -> Iterator[Way]:
        """A name; an integer input is its one-hot vector where a value is wanted."""
        for way in self.meanings(node):
            if self.is_integer(way.node):
                note = (f"`{self.shown(node.place)}`", "its one-hot vector")
                one_hot = sf.Apply(node.place, "onehot", [way.node], node.place)
                yield Way(one_hot, (*way.notes, note))
            else:
                yield from self.unless_inverse(way)

    def unless_inverse(self, way: Way) -> Iterator[Way]:
        """An inverse of a matrix is refused; of a number it is a quotient."""
        match way.node:
            case sf.Power(base=base, exponent=sf.Minus(operand=sf.Literal(value=value))) if (
                value == 1
            ):
                try:
                    found = self.shape(Way(base))
                except FormulaError:
                    found = SCALAR
                if found != SCALAR:
                    self.wrong(
                        way.node.place, "the inverse of a matrix has no meaning in a formula"
                    )
            case sf.Power(base=base, exponent=sf.Named(name="T")):
                shape = self.shape(Way(base))
                if shape is not None and shape[0] != shape[1]:
                    return
        yield way

    def scripted(self, node: wr.Scripted) -> Iterable[Way]:
        """A group, a call or a fraction with scripts: entries, a transpose, a power."""
        core, place = node.core, node.place
        if isinstance(core, wr.Numeral):
            return self.numeral(node, core)
        if node.primes:
            self.wrong(place, "a prime stands behind the name of a function")
        if isinstance(core, wr.Behind) and not self.is_applied(core):
            # W (a + b)^T: the script belongs to the parentheses alone.
            behind = wr.Scripted(core.group.place.until(place), core.group, node.below, node.above)
            return self.operated(wr.Operated(place, [core.operand, behind], [""]))
        if isinstance(core, wr.Group) and core.bracket == "‖":
            return self.norm(core, node.below, node.above)
        operator = self.operator_of(core)
        if operator is not None and node.below:
            return self.raised_all(self.operator(place, *operator, node.below), node.above)
        inner = self.ways(core)
        if node.below:
            inner = self.settled(self.entries(place, inner, node.below))
        return self.raised_all(inner, node.above)

    def entries(self, place: Place, ways: list[Way], below: list[wr.Script]) -> Iterator[Way]:
        for share in shares("", below, []):
            scripts = [*([share.step] if share.step else []), *share.entries]
            places = [self.entry(script) for script in scripts]
            if share.name or None in places:
                continue
            found = [one for one in places if one is not None]
            for way in ways:
                yield replace(way, node=sf.At(place, way.node, found))

    def raised_all(self, ways: Iterable[Way], above: list[wr.Script]) -> Iterator[Way]:
        for way in ways:
            for one in self.powers(way, above):
                yield from self.unless_inverse(one)

    def numeral(self, node: wr.Scripted, core: wr.Numeral) -> Iterable[Way]:
        r"""``2^n``, ``\mathbf{1}^\top``, ``\mathbf{1}_{y_t}``, ``\mathbb{1}_{i = j}``."""
        place = node.place
        if not node.below:
            return self.raised_all(self.read(core), node.above)
        [script, *others] = node.below
        sign = next((k for k, mark in enumerate(script.marks) if mark.text == "="), None)
        if sign is not None:
            ends = [
                wr.Script(script.marks[:sign], place),
                wr.Script(script.marks[sign + 1 :], place),
            ]
            places = [self.entry(end) for end in ends]
            return [Way(sf.Apply(place, "delta", [p for p in places if p], place))]
        found = [] if others else list(self.unit(place, script))
        if not found:
            self.wrong(place, f"`{self.shown(place)}` has no meaning in a formula")
        return self.raised_all(found, node.above)

    def group(self, node: wr.Group) -> Iterable[Way]:
        place, items = node.place, node.items
        if node.separators == "=" and len(items) == 2:
            places = [self.position(item) for item in items]
            if None not in places:
                return [Way(sf.Apply(place, "delta", [p for p in places if p], place))]
        if node.bracket == "‖":
            return self.norm(node, [], [])
        if node.bracket == "⟨" and len(items) == 2:
            return self.call(place, "dot", items)
        if node.bracket == "|" and len(items) == 1:
            return self.call(place, "abs", items)
        operator = self.operator_of(node)
        if len(items) == 1 and operator is None:
            return self.ways(items[0])
        if node.bracket == "[" and len(items) > 1 and set(node.separators) <= {",", ";"}:
            return self.call(place, "concat", items)
        self.wrong(place, f"`{self.shown(place)}` is no expression")

    def norm(self, node: wr.Group, below: list[wr.Script], above: list[wr.Script]) -> Iterable[Way]:
        kind = below[0].word if below else ""
        if len(node.items) != 1 or len(below) > 1 or kind not in _ROOTS:
            self.wrong(node.place, f"`{self.shown(node.place)}` has no meaning in a formula")
        if kind == "1":
            inner = self.settled(self.call(node.place, "abs", node.items))
            found = self.joined([inner], lambda one: sf.Apply(node.place, "sum", [one], node.place))
        else:
            found = iter(self.call(node.place, "norm", node.items))
        return self.raised_all(self.settled(found), above)

    # --- products -------------------------------------------------------------------------

    def operated(self, node: wr.Operated) -> Iterable[Way]:
        """From left to right, what is read so far times what comes next."""
        operands, signs = list(node.operands), list(node.signs)
        if len(operands) > MAX_TERMS:
            self.wrong(node.place, f"a formula has at most {MAX_TERMS} factors in a row")
        self.pair_differentials(operands, signs)
        whole = self.ways(operands[0])
        for sign, operand in zip(signs, operands[1:], strict=True):
            place = node.place.until(operand.place)
            right = self.ways(operand)
            whole = self.settled(
                made
                for left in whole
                for other in right
                for made in self.times(place, sign, left, other)
            )
        return whole

    def pair_differentials(self, operands: list[wr.Written], signs: list[str]) -> None:
        r"""``∂L/∂h`` is one operand, and ``\frac{\partial}{\partial h} L`` too."""
        position = 0
        while position + 1 < len(operands):
            first, second = operands[position : position + 2]
            sign = signs[position]
            place = first.place.until(second.place)
            if sign == "/" and is_differential(first) and is_differential(second):
                operands[position : position + 2] = [wr.Fraction(place, first, second)]
                del signs[position]
            elif sign == "" and isinstance(first, wr.Fraction) and is_operator(first):
                kind = first.above.kind if isinstance(first.above, wr.Differential) else "∂"
                above = wr.Differential(place, kind, second)
                operands[position : position + 2] = [wr.Fraction(place, above, first.below)]
                del signs[position]
            else:
                position += 1

    def times(self, place: Place, sign: str, left: Way, right: Way) -> Iterator[Way]:
        """The products of two parts that a sign, or none, can mean between their shapes."""
        notes = consistent((*left.notes, *right.notes))
        if notes is None:
            return
        fits = left.fits and right.fits
        for node, more in self.products(place, sign, left, right):
            yield Way(node, (*notes, *more), fits)

    def products(
        self, place: Place, sign: str, left: Way, right: Way
    ) -> Iterator[tuple[sf.Node, tuple[tuple[str, str], ...]]]:
        one, two = left.node, right.node
        if sign in ("⊙", "*"):
            yield self.elementwise(place, one, two), ()
            return
        if sign == "/":
            yield sf.Over(place, one, two), ()
            return
        if sign == "@" or not (left.fits and right.fits):
            yield chained(place, one, two), ()
            return
        a, b = self.shape(left), self.shape(right)
        if sign == "⊗":
            vectors = a is not None and b is not None and 1 in a and 1 in b
            yield sf.Apply(place, "outer" if vectors else "kron", [one, two], place), ()
            return
        if a == SCALAR or b == SCALAR:
            yield self.elementwise(place, one, two), ()
        elif a is None or b is None or (1 not in a and 1 not in b):
            yield chained(place, one, two), ()
            if a == b and a is not None and a[0] != a[1]:
                yield self.elementwise(place, one, two), ()
        elif 1 in a and 1 in b and a.index(1) == b.index(1):
            alike: list[sf.Node] = []
            if a == b:
                alike = [
                    self.elementwise(place, one, two),
                    sf.Apply(place, "dot", [one, two], place),
                ]
            yield from ((node, ()) for node in alike)
            yield sf.Apply(place, "outer", [one, two], place), ()
        elif is_turned(a, b) and not is_matrix_of_values(self.builder.expr(two)):
            note = (("a gradient before a Jacobian", "a row times it"),)
            yield chained(place, sf.Flip(two.place, two), one), note
        else:
            yield chained(place, one, two), ()

    def elementwise(self, place: Place, one: sf.Node, two: sf.Node) -> sf.Node:
        own = isinstance(one, sf.Times) and one.place.column == place.column
        factors = one.factors if own and isinstance(one, sf.Times) else [one]
        return sf.Times(place, [*factors, two])

    # --- derivatives ----------------------------------------------------------------------

    def quotient(self, place: Place, above: wr.Written, below: wr.Written) -> Iterable[Way]:
        """A quotient, or a derivative."""
        if isinstance(above, wr.Differential) and isinstance(below, wr.Differential):
            if above.operand is None or below.operand is None:
                self.wrong(
                    place, f"`{self.shown(place)}` has nothing to differentiate, or by nothing"
                )
            kinds = {above.kind, below.kind}
            kind = next(kind for kind in ("+", "d", "∂", "δ") if kind in kinds)
            return self.derivative(place, kind, above.operand, below.operand)
        parts = [self.ways(above), self.ways(below)]
        return self.joined(parts, lambda one, two: sf.Over(place, one, two))

    def derivative(self, place: Place, kind: str, of: wr.Written, by: wr.Written) -> Iterator[Way]:
        outputs, bys = self.differentiated(of), self.variables(by)
        for output, wrt in product(outputs, bys):
            notes = consistent((*output.notes, *wrt.notes))
            if notes is None:
                continue
            total = isinstance(output.node, sf.Named) and output.node.name == "L"
            word = "d"
            if kind == "+":
                word = "direct" if total else "partial"
            elif ("", "direct") in notes:
                word = "direct"
            made = sf.Apply(place, word, [output.node, wrt.node], place)
            named = core_of(output.node)
            part = isinstance(named, sf.Named) and named.name == "L"
            if kind in ("∂", "δ") and not part and word == "d":
                self.open[made] = (name_in(output.node), name_in(wrt.node), self.lag(output, wrt))
            yield Way(made, tuple(note for note in notes if note[0]))

    def lag(self, output: Way, wrt: Way) -> str:
        """How many steps lie between, if that is a number."""
        one, two = (self.builder.expr(way.node) for way in (output, wrt))
        if isinstance(one, al.Ref) and isinstance(two, al.Ref):
            return str(one.index - two.index)
        return ""

    def variables(self, node: wr.Written) -> list[Way]:
        """What a derivative is taken by: a name, or an entry of one in parentheses."""
        core, below, above, primes = parts_of(node)
        if isinstance(core, wr.Word) and not primes:
            return self.meanings(node)
        if isinstance(core, wr.Group) and len(core.items) == 1 and not above:
            inner = self.variables(core.items[0])
            return list(self.entries(node.place, inner, below)) if below else inner
        return list(self.read(node))

    def differentiated(self, node: wr.Written) -> list[Way]:
        """What is differentiated: a name, or an expression that is what a name is defined by."""
        core, _, _, _ = parts_of(node)
        if isinstance(core, wr.Word | wr.Group):
            try:
                return self.variables(node)
            except FormulaError:
                if isinstance(core, wr.Word):
                    raise
        found: list[Way] = []
        for way in self.ways(node):
            defined = self.defined(node.place, way)
            found.append(defined or way)
        return found

    def defined(self, place: Place, way: Way) -> Way | None:
        """The quantity whose equation has this right side; its derivative is that equation's."""
        expr = self.builder.expr(way.node)
        if isinstance(expr, al.Ref | al.Param):
            return None
        steps = [node.index for node in al.mentioned(expr) if isinstance(node, al.Ref)]
        for model in (self.names.model, derived_form(self.names.model)):
            for equation in model.equations:
                for step in dict.fromkeys(steps):
                    if at_steps(equation.rhs, {"t": step}) == expr:
                        node = sf.At(
                            place, sf.Named(place, equation.name), [index_node(place, step)]
                        )
                        return Way(node, (*way.notes, ("", "direct")))
        return None

    def alone(self, node: wr.Differential) -> Iterator[Way]:
        r"""``dh_t``, ``\delta W``: the gradient of L; a product where the model has a delta."""
        if node.operand is None or node.kind in ("∂", "+"):
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`")
        if node.kind == "δ" and self.called("delta"):
            word = wr.Word(Place(1, node.place.column, 1, node.operand.place.column), "delta")
            yield from self.operated(wr.Operated(node.place, [word, node.operand], [""]))
            return
        core, below, above, primes = parts_of(node.operand)
        if not isinstance(core, wr.Word) or primes:
            self.wrong(node.place, "a derivative is a quotient, `∂L/∂h_t`")
        self.meanings(node.operand)
        for way in self.gradients(node.place, wr.Scripted(node.operand.place, core, below, above)):
            yield replace(
                way, notes=(*way.notes, (f"`{self.shown(node.place)}`", "the gradient of L"))
            )

    def operator_of(self, node: wr.Written) -> tuple[str, wr.Written] | None:
        """``(D h_t)`` of ``(D h_t)_v``; a star is a total derivative, a plus a partial one."""
        if not isinstance(node, wr.Group) or node.bracket != "(" or len(node.items) != 1:
            return None
        inner = node.items[0]
        if isinstance(inner, wr.Operated) and inner.signs == [""]:
            sign, operand = inner.operands
            core, below, above, _ = parts_of(sign)
            if (
                isinstance(core, wr.Word)
                and core.text == "D"
                and not below
                and not self.called("D")
            ):
                kinds = {"+": "+", "*": "d", "": "∂"}
                kind = "".join(mark.text for script in above for mark in script.marks)
                return (kinds[kind], operand) if kind in kinds else None
        return None

    def operator(
        self, place: Place, kind: str, of: wr.Written, below: list[wr.Script]
    ) -> list[Way]:
        trees = [self.parsed(script) for script in below]
        if len(trees) != 1 or trees[0] is None:
            self.wrong(place, f"`{self.shown(place)}` is taken by one variable")
        return self.settled(self.derivative(place, kind, of, trees[0]))

    # --- calls ----------------------------------------------------------------------------

    def is_applied(self, node: wr.Behind) -> bool:
        """Whether brackets behind a name are its arguments, its step or its entries."""
        core, _, _, _ = parts_of(node.operand)
        if node.group.bracket == "[" or not isinstance(core, wr.Word):
            return True
        return self.function_of(node.operand) is not None or self.has_free_step(node)

    def has_free_step(self, node: wr.Behind) -> bool:
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
            and self.number(node.group.items[0]) is not None
        )

    def function_of(self, node: wr.Written) -> str | None:
        """The function that a name with its scripts is."""
        core, below, above, _ = parts_of(node)
        if not isinstance(core, wr.Word):
            return None
        own = [script.word for script in (*below, *(s for s in above if s.wrapped))]
        return self.functions.get(letters_of("".join([core.text, *own])))

    def behind(self, node: wr.Behind) -> Iterable[Way]:
        """A call, a step in brackets, entries, or a product with what stands in parentheses."""
        core, below, above, primes = parts_of(node.operand)
        function = self.function_of(node.operand)
        named = node.group.bracket == "[" and self.called(getattr(core, "text", ""))
        if function is not None and not named:
            return self.function(node, function, primes, [s for s in above if not s.wrapped])
        if node.group.bracket == "[":
            return self.bracketed(node)
        if isinstance(core, wr.Word) and self.has_free_step(node):
            step = self.number(node.group.items[0])
            assert step is not None
            return self.bracketed_name(node, core, below, above, [step])
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
        self, node: wr.Behind, name: str, primes: int, above: list[wr.Script]
    ) -> Iterable[Way]:
        place, items = node.place, node.group.items
        if name in _DERIVATIVES and len(items) == 2:
            kinds = {"d": "d", "partial": "+", "direct": "="}
            found = self.derivative(place, kinds[name], *items)
            if name == "direct":
                found = (replace(way, node=renamed(way.node, "direct")) for way in found)
            return found
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
        parts = [self.ways(item) if name not in losses or not k else self.target(item)
                 for k, item in enumerate(items)]  # fmt: skip
        return self.joined(parts, lambda *args: sf.Apply(place, name, list(args), place))

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
            found = self.number(wr.Behind(place, wr.Scripted(place, wr.Word(place, "len")),
                                          wr.Group(place, "(", items)))  # fmt: skip
            if found is None:
                self.wrong(place, f"`{name}` takes indices or integer inputs")
            return [Way(found)]
        return [Way(sf.Apply(place, name, [p for p in places if p], place))]

    def bracketed(self, node: wr.Behind) -> Iterable[Way]:
        """``h[t]``, ``W[j, i]``, ``v[:d]``; else a factor in brackets, ``W [h; x]``."""
        core, below, above, primes = parts_of(node.operand)
        if not node.group.items:
            self.wrong(node.group.place, "the brackets are empty: expected a step, as in `h[t]`")
        places = [self.placed(item) for item in node.group.items]
        if None not in places and ";" not in node.group.separators:
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
        self, node: wr.Behind, core: wr.Word, below: list[wr.Script], above: list[wr.Script],
        places: list[sf.Node],
    ) -> list[Way]:  # fmt: skip
        """A step behind a name that has none yet."""
        found: list[Way] = []
        for share in shares(core.text, below, above):
            if share.step or share.entries or share.raised:
                continue
            loss = {"L": ["L"]}.get(core.text, ["loss"] if core.text in LOSS_LETTERS else [])
            names = self.called(share.name) or loss
            for name in names:
                if (
                    name in self.names.timed
                    or self.is_state(name)
                    or self.has_step(name)
                    or name in ("L", "loss")
                ):
                    found.append(Way(sf.At(node.place, sf.Named(core.place, name), places)))
        return found

    def placed(self, node: wr.Written) -> sf.Node | None:
        if isinstance(node, wr.Stretch):
            ends = [
                None if e is None else self.number(e, lengths=True) for e in (node.first, node.last)
            ]
            return sf.Stretch(node.place, ends[0], ends[1])
        return self.position(node)

    # --- sums and products over steps -----------------------------------------------------

    def plain_over(self, place: Place, name: str, items: list[wr.Written]) -> Iterator[Way]:
        bound, first, last, *step, body = items
        fixed = [self.number(one) for one in (bound, first, last, *step)]
        if None in fixed:
            self.wrong(place, f"`{name}` is written `{name}(i, a, b, expr)`")
        begins = [node for node in fixed if node is not None]
        return self.joined(
            [self.ways(body)], lambda one: sf.Apply(place, name, [*begins, one], place)
        )

    def over(self, node: wr.Over) -> Iterator[Way]:
        bounds = limits(self, node)
        ways: Iterable[Way] = self.ways(node.body)
        for bound in reversed(bounds):
            ways = self.settled(
                made
                for way in ways
                for made in (
                    self.sum(node, bound, way)
                    if node.sign == "∑"
                    else self.product(node, bound, way)
                )
            )
        yield from ways

    def sum(self, node: wr.Over, bound: Limits, way: Way) -> Iterator[Way]:
        name, place = bound.name, node.place
        first, last = bound.first, bound.last
        timed = self.names.timed | frozenset(self.names.letters) | {"loss", "L"}
        if last is None and not is_step(way.node, name.name, timed):
            last = self.length(way.node, name)
        first = first or sf.Literal(place, _ONE, "1")
        last = last or sf.Named(place, "T")
        if comparison(first, last) > 0:
            first, last = last, first
        made = sf.Apply(place, "sum", [name, first, self.with_lengths(last), way.node], place)
        yield replace(way, node=made)

    def length(self, body: sf.Node, name: sf.Named) -> sf.Node | None:
        """How many entries an index counts that has no limits."""
        for array, axis in entries(body, name.name):
            try:
                found = self.shaper.shape(self.builder.expr(array))
            except FormulaError:
                continue
            if found is not None:
                dims = [dim for dim in found if dim != 1] if 1 in found else list(found)
                dim = dims[axis] if axis < len(dims) else 1
                if isinstance(dim, str):
                    return sf.Len(name.place, sf.Named(name.place, dim))
                if isinstance(dim, int):
                    return sf.Literal(name.place, Fraction(dim), str(dim))
        return None

    def with_lengths(self, node: sf.Node) -> sf.Node:
        """A dimension as the length that it is."""
        if isinstance(node, sf.Named) and node.name in self.names.model.dims:
            return sf.Len(node.place, node)
        if isinstance(node, sf.Plus):
            return sf.Plus(node.place, [self.with_lengths(term) for term in node.terms])
        return node

    def product(self, node: wr.Over, bound: Limits, way: Way) -> Iterator[Way]:
        """A product of matrices in the orders that its limits may mean."""
        place, name = node.place, bound.name
        if bound.first is None or bound.last is None:
            self.wrong(place, "a product says from where to where its index goes")
        first, last = bound.first, bound.last
        later = comparison(first, last)
        down, up = (last, first, -1), (first, last, 1)
        fall, rise = (first, last, -1), (last, first, 1)
        if bound.order == "listed":
            orders = [fall] if later > 0 else [up] if later < 0 else [fall, up]
        elif bound.order == "down":
            orders = [down, up]
        else:
            orders = (
                [fall, rise] if later > 0 else [up, down] if later < 0 else [up, down, fall, rise]
            )
        scalar = way.fits and self.shape(way) == SCALAR
        if scalar:
            orders = list({id(one): one for one in orders if one[2] == 1}.values()) or orders
        for begin, end, step in orders:
            by = [sf.Minus(place, sf.Literal(place, _ONE, "1"))] if step < 0 else []
            made = sf.Apply(place, "prod", [name, begin, end, *by, way.node], place)
            sense = "down" if step < 0 else "up"
            words = (
                f"{name.name} from {self.said(begin)} {sense} to {self.said(end)}, left to right"
            )
            note = ((f"`∏` over {name.name}", words),) if len(orders) > 1 else ()
            notes = consistent((*way.notes, *note))
            if notes is not None:
                yield Way(made, notes, way.fits)

    def said(self, node: sf.Node) -> str:
        return text_of(self.builder.expr(node))


# --- helpers -------------------------------------------------------------------------------


def consistent(notes: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...] | None:
    """The decisions, each once; None if one question is answered in two ways."""
    found: dict[str, str] = {}
    for question, answer in notes:
        if found.setdefault(question, answer) != answer:
            return None
    return tuple(found.items())


def signed(sign: str, term: sf.Node) -> sf.Node:
    return sf.Minus(term.place, term) if sign == "-" else term


def terms_of(node: sf.Node, place: Place) -> list[sf.Node]:
    """The terms of a sum that begins at a place; a sum in parentheses is one term."""
    own = isinstance(node, sf.Plus) and node.place.column == place.column
    return node.terms if own and isinstance(node, sf.Plus) else [node]


def chained(place: Place, one: sf.Node, two: sf.Node) -> sf.Chain:
    operands = (
        one.operands if isinstance(one, sf.Chain) and one.place.column == place.column else [one]
    )
    return sf.Chain(place, [*operands, two])


def is_differential(node: wr.Written) -> bool:
    return isinstance(node, wr.Differential)


def is_operator(node: wr.Fraction) -> bool:
    """``∂/∂h`` before what it differentiates."""
    above, below = node.above, node.below
    return (isinstance(above, wr.Differential) and above.operand is None
            and isinstance(below, wr.Differential) and below.operand is not None)  # fmt: skip


def core_of(node: sf.Node) -> sf.Node:
    while isinstance(node, sf.At):
        node = node.operand
    return node


def name_in(node: sf.Node) -> str:
    """A name and its step, for derivatives that are alike."""
    core = core_of(node)
    return core.name if isinstance(core, sf.Named) else ""


def renamed(node: sf.Node, word: str) -> sf.Node:
    return replace(node, function=word) if isinstance(node, sf.Apply) else node


def index_node(place: Place, index: al.Index) -> sf.Node:
    """A step as a surface tree."""
    terms: list[sf.Node] = []
    for name, count in index.terms:
        named: sf.Node = sf.Named(place, name)
        if abs(count) != 1:
            named = sf.Times(
                place, [sf.Literal(place, Fraction(abs(count)), str(abs(count))), named]
            )
        terms.append(sf.Minus(place, named) if count < 0 else named)
    if index.offset or not terms:
        number = sf.Literal(place, Fraction(abs(index.offset)), str(abs(index.offset)))
        terms.append(sf.Minus(place, number) if index.offset < 0 else number)
    return terms[0] if len(terms) == 1 else sf.Plus(place, terms)
