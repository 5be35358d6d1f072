"""What each name of a model is, inferred from how it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from symbptt.algebra import NOW
from symbptt.language import calls, constants
from symbptt.language import surface as sf
from symbptt.language.calls import Functions
from symbptt.language.names import RESERVED, Name, gather
from symbptt.language.source import Findings, Note, Place
from symbptt.language.statements import Reading


@dataclass
class Roles:
    """The names of a model with their roles, and its statements by kind.

    Attributes
    ----------
    names : dict of name to Name
        In the order of first mention; reserved names are left out.
    constants : dict of name to value
    definitions, derived, starts : lists of statements
        In file order, the loss among the definitions.
    unclear : set of str
        Names about which something is wrong: what follows from them is not reported.
    """

    names: dict[str, Name]
    functions: Functions
    constants: dict[str, Fraction]
    items: list[sf.Item]
    definitions: list[sf.Definition] = field(default_factory=list)
    derived: list[sf.Assignment] = field(default_factory=list)
    starts: list[sf.Start] = field(default_factory=list)
    unclear: set[str] = field(default_factory=set)

    @cached_property
    def losses(self) -> list[sf.Apply]:
        """All calls of a loss, with the right number of arguments."""
        return [
            node
            for item in self.items
            for node in sf.nodes(item)
            if isinstance(node, sf.Apply)
            and self.functions.is_loss(node.function)
            and len(node.args) == 2
        ]

    def by_role(self, role: str) -> list[Name]:
        return [name for name in self.names.values() if name.role == role]

    @property
    def states(self) -> list[Name]:
        """Quantities read at an earlier step, in the order of their definitions."""
        defined = (self.names[one.name] for one in self.definitions)
        return [name for name in defined if name.lag]


def infer(reading: Reading, bindings: Mapping[str, str], findings: Findings) -> Roles:
    """The roles of all names; what is wrong with them goes to ``findings``.

    Raises
    ------
    UnknownNameError
        If ``bindings`` name a function that does not exist.
    """
    items = reading.items
    assignments = [item for item in items if isinstance(item, sf.Assignment)]
    known = constants.evaluate(assignments, findings)
    names = gather(items, findings)
    functions = calls.resolve(names, items, bindings, findings)
    roles = Roles(names, functions, known, items, unclear=set(reading.unclear))
    return _Inference(roles, reading.hidden, findings).run()


_SHOWN = 8  # names of a cycle that a message lists


class _Inference:
    def __init__(self, roles: Roles, hidden: set[str], findings: Findings) -> None:
        self.roles = roles
        self.hidden = hidden
        self.findings = findings

    def run(self) -> Roles:
        roles = self.roles
        self.check_reserved()
        for name in roles.names.values():
            self.set_role(name)
        for name in roles.names.values():
            if name.definition is not None:
                roles.definitions.append(name.definition)
            if name.role == "derived" and name.assignment is not None:
                roles.derived.append(name.assignment)
            roles.starts.extend(name.starts)
        for several in (roles.definitions, roles.derived, roles.starts):
            several.sort(key=lambda one: (one.place.line, one.place.column))
        for item in roles.items:
            self.check_steps(item)
        for name in roles.names.values():
            self.set_axis(name)
            self.check_starts(name)
            self.check_used(name)
        self.find_index_inputs()
        self.check_cycles()
        return roles

    def wrong(self, name: Name, place: Place, message: str, *notes: Note) -> None:
        """A finding about a name, after which nothing more is said about it."""
        if name.name not in self.roles.unclear:
            self.findings.add(place, message, *notes)
        self.roles.unclear.add(name.name)

    # --- reserved names ---------------------------------------------------------------

    def check_reserved(self) -> None:
        names = self.roles.names
        for name in [name for name in names if name in RESERVED]:
            meaning, read = RESERVED[name]
            said = len(self.findings)
            for item in self.roles.items:
                if item.name == name and not (name == "loss" and isinstance(item, sf.Definition)):
                    message = f"`{name}` is reserved ({meaning}): choose another name"
                    if name in ("loss", "L"):
                        message += ", or write `loss[t] = …`, `loss[T] = …` for the last step alone"
                    if name == "L":
                        message += "; `L = sum` and `L = mean` say how losses are totalled"
                    self.findings.add(item.place, message)
            for use in (*names[name].plain, *names[name].timed):
                if name != "I" or isinstance(use.node, sf.Timed):
                    self.findings.add(use.node.place, f"`{name}` {read}")
            for measured in names[name].measured:
                self.findings.add(measured.place, f"`{name}` has no length")
            # A matrix I where one may stand has nothing wrong about it.
            if name != "I" or len(self.findings) > said:
                self.roles.unclear.add(name)
            if name != "loss":
                del names[name]

    # --- roles ------------------------------------------------------------------------

    def set_role(self, name: Name) -> None:
        declared = name.declaration
        if name.name == "loss":
            name.role = "quantity"
        elif declared is not None and declared.kind in ("function", "loss"):
            name.role = "function"
            self.check_function(name)
        elif name.definition is not None:
            name.role = "quantity"
            self.check_timed(name, name.definition.place)
        elif name.assignment is not None:
            name.role = "constant" if name.name in self.roles.constants else "derived"
            self.check_untimed(name)
        elif name.timed or name.starts:
            name.role = "input"
            self.check_timed(name, name.timed[0].node.place if name.timed else name.place)
        elif name.called and not name.plain:
            name.role = "function"  # an unknown one, already reported
            self.roles.unclear.add(name.name)
        self.check_declared_kind(name)

    def check_function(self, name: Name) -> None:
        declared = name.declaration
        assert declared is not None
        note = ("declared here", declared.place)
        for item in (one for one in (name.definition, name.assignment) if one is not None):
            message = f"{name} is declared a function, and a function has no definition: "
            self.wrong(name, item.place, message + "rename one of the two", note)
        for use in (*name.plain, *name.timed):
            message = f"{name} is a function: write `{name.name}(…)`"
            self.wrong(name, use.node.place, message, note)

    def check_timed(self, name: Name, place: Place) -> None:
        """A name with a time index has one everywhere."""
        how = "defined with" if name.definition is not None else "read with"
        for use in name.plain:
            self.wrong(
                name,
                use.node.place,
                f"{name} stands here without a time index and is {how} one elsewhere: "
                f"write `{name.name}[t]`, or rename one of the two",
                (f"{how} a time index here", place),
            )
        if name.assignment is not None:
            self.roles.unclear.add(name.name)

    def check_untimed(self, name: Name) -> None:
        assert name.assignment is not None
        reads = next((n for n in sf.walk(name.assignment.rhs) if isinstance(n, sf.Timed)), None)
        if reads is not None and reads.name != name.name:
            self.wrong(
                name,
                name.assignment.place,
                f"{name} has no time index, but its definition reads "
                f"`{reads.name}[{reads.index}]`: write `{name.name}[t] = …`",
            )
            return
        for place in [*(use.node.place for use in name.timed), *(s.place for s in name.starts)]:
            self.wrong(
                name,
                place,
                f"{name} has a time index here and is defined without one: write "
                f"`{name.name}[t] = …` there, or {name} here",
                ("defined without a time index here", name.assignment.place),
            )

    def check_declared_kind(self, name: Name) -> None:
        declared = name.declaration
        if declared is None or name.name in self.roles.unclear:
            return
        if name.role == "constant":
            self.wrong(
                name,
                declared.place,
                f"{name} is a constant, a number without axes, and needs no declaration",
                ("defined here", name.assignment.place if name.assignment else declared.place),
            )
        elif declared.fixed and name.role != "parameter" and name.used:
            said = name.definition or name.assignment
            found = "is defined here" if said is not None else "has a time index here"
            timed = name.timed[0].node.place if name.timed else name.place
            self.wrong(
                name,
                said.place if said is not None else timed,
                f"{name} is declared fixed, a parameter that is held, and {found}: only what is "
                "given with the parameters can be held",
                ("declared here", declared.place),
            )
        elif declared.kind == "index" and name.role != "input" and name.used:
            found = {"parameter": "stands without a time index"}.get(name.role, "is defined")
            place = name.plain[0].node.place if name.role == "parameter" else name.place
            said = name.definition or name.assignment
            self.wrong(
                name,
                said.place if said is not None else place,
                f"{name} is declared an index, an input of integers read as "
                f"`{name.name}[t]`, and {found} here",
                ("declared here", declared.place),
            )

    # --- steps ------------------------------------------------------------------------

    def check_steps(self, item: sf.Item) -> None:
        """Which steps an equation may read, and how far back it does."""
        last = isinstance(item, sf.Definition) and item.last
        losses = [] if isinstance(item, sf.Definition) else self.roles.losses
        for node in sf.nodes(item):
            if isinstance(node, sf.Apply) and node in losses:
                self.findings.add(
                    node.place,
                    f"the loss `{node.function}` compares what a step yields: it stands in an "
                    "equation, `name[t] = …`",
                )
            if isinstance(node, sf.Timed) and node.name in self.roles.names:
                message = self.wrong_step(node, item, last)
                if message:
                    self.findings.add(node.place, message)
                    self.roles.unclear.add(item.name)
                elif isinstance(item, sf.Definition):
                    name = self.roles.names[node.name]
                    name.lag = max(name.lag, -node.index.offset)

    def wrong_step(self, node: sf.Timed, item: sf.Item, last: bool) -> str | None:
        name = node.name
        if name in self.roles.unclear and name != item.name:
            return None
        if isinstance(item, sf.Start):
            return (
                "an initial value is made of parameters and constants, and "
                f"`{name}[{node.index}]` has a step; a learned one is a parameter, "
                f"`{item.name}[{item.step}] = {item.name}_init`"
            )
        if isinstance(item, sf.Assignment):
            return None
        if not node.index.terms:
            if name == item.name or self.roles.names[name].definition:
                return f"an equation reads earlier steps as `{name}[t-1]`, not by their number"
            return f"an equation reads `{name}[t]` or `{name}[t-1]`, not a step by its number"
        letter = node.index.names()[0]
        if last and letter == "t":
            back = str(node.index).replace("t", "T")
            return f"in `loss[T]` every step is counted from T: write `{name}[{back}]`"
        if not last and letter == "T":
            now = str(node.index).replace("T", "t")
            return f"`[T]` stands only in `loss[T] = …`: write `{name}[{now}]`"
        return None

    def set_axis(self, name: Name) -> None:
        """An input that only ``loss[T]`` reads, at one step, has one value, not one a step."""
        last = all(isinstance(use.item, sf.Definition) and use.item.last for use in name.timed)
        steps = {use.node.index for use in name.timed if isinstance(use.node, sf.Timed)}
        if name.role == "input" and last and len(steps) == 1:
            name.has_axis, name.lag = False, 0

    def check_starts(self, name: Name) -> None:
        lag = name.lag
        for start in name.starts:
            written = f"{name.name}[{start.step}]"
            if name.name in self.roles.unclear or name.name in self.hidden:
                continue
            if lag == 0:
                self.wrong(
                    name,
                    start.place,
                    f"`{written}` is read by nothing: only what is read at an earlier step, "
                    f"`{name.name}[t-1]`, has an initial value",
                )
            elif start.step < 1 - lag:
                far = f"`{name.name}[0]`" + (f" to `{name.name}[{1 - lag}]`" if lag > 1 else "")
                self.wrong(
                    name,
                    start.place,
                    f"`{written}` is read by nothing: the longest lag of {name} is {lag}, "
                    f"so the initial values are {far}",
                )

    # --- uses -------------------------------------------------------------------------

    def check_used(self, name: Name) -> None:
        used = name.used or name.name in self.hidden or name.definition or name.assignment
        if name.declaration is not None and not used:
            message = f"{name} is declared and never used: use it, or leave the line out"
            self.wrong(name, name.declaration.place, message)

    def find_index_inputs(self) -> None:
        """Integers are what stands in ``E[tok[t]]`` and what a loss takes as a label."""
        for name in self.roles.names.values():
            if name.declaration is not None and name.declaration.kind == "index":
                name.index, name.index_place = True, name.declaration.place
        for item in self.roles.items:
            for node in sf.nodes(item):
                if isinstance(node, sf.TableRow):
                    self.set_index(node.row, "its row stands in brackets here")
                elif isinstance(node, sf.Apply):
                    self.set_label(node)

    def set_label(self, call: sf.Apply) -> None:
        row = self.roles.functions.loss(call.function)
        if row is None or not row.index_target or len(call.args) != 2:
            return
        target = call.args[1]
        if isinstance(target, sf.Timed):
            self.set_index(target, f"`{row.name}` takes it as a label here")
        elif not isinstance(target, sf.Named) or target.name not in self.roles.unclear:
            self.findings.add(
                target.place,
                f"the second argument of `{row.name}` is a label, an input of integers: "
                "expected `y[t]`",
            )

    def set_index(self, node: sf.Timed, why: str) -> None:
        name = self.roles.names.get(node.name)
        if name is None or name.name in self.roles.unclear:
            return
        declared = name.declaration
        if name.definition is not None:
            self.findings.add(
                node.place,
                f"expected an input of integers, and {name} is defined by an equation",
                ("defined here", name.definition.place),
            )
        elif declared is not None and declared.kind != "index":
            self.wrong(
                name,
                node.place,
                f"{name} is an input of integers here ({why}), and is declared with a "
                f"shape: declare `{name.name}: index`, or nothing",
                ("declared here", declared.place),
            )
        elif not name.index:
            name.index, name.index_place = True, node.place

    # --- cycles -----------------------------------------------------------------------

    def check_cycles(self) -> None:
        derived = {
            one.name: [use.name for use in sf.walk(one.rhs) if isinstance(use, sf.Named)]
            for one in self.roles.derived
        }
        steps = {
            one.name: [
                use.name
                for use in sf.walk(one.rhs)
                if isinstance(use, sf.Timed) and use.index == NOW
            ]
            for one in self.roles.definitions
        }
        said: tuple[sf.Stated, ...] = (*self.roles.derived, *self.roles.definitions)
        places = {one.name: one.place for one in said}
        for cycle in constants.cycles(derived):
            arrow = _arrows([f"`{name}`" for name in cycle])
            message = f"`{cycle[0]}` is defined by itself: {arrow}; define it otherwise"
            self.report_cycle(cycle, places, message)
        for cycle in constants.cycles(steps):
            arrow = _arrows([f"`{name}[t]`" for name in cycle])
            message = f"`{cycle[0]}[t]` needs itself within one step: {arrow}; one of them must be "
            message += f"read at an earlier step, `{cycle[1]}[t-1]`, say"
            self.report_cycle(cycle, places, message)

    def report_cycle(self, cycle: list[str], places: Mapping[str, Place], message: str) -> None:
        notes = [(f"`{name}` is defined here", places[name]) for name in cycle[1:-1][:_SHOWN]]
        self.findings.add(places[cycle[0]], message, *notes)
        self.roles.unclear.update(cycle)


def _arrows(names: list[str]) -> str:
    """A cycle as ``a → b → a``; the middle of a long one is left out."""
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN // 2], "…", *names[-_SHOWN // 2 :]]
    return " → ".join(names)
