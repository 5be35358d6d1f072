"""How a person's function is called: its signature against the names of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbptt.errors import ProgramError
from symbptt.handwritten.forms import UPSTREAM, ArrayForm, ProgramCase, Subject, handed
from symbptt.handwritten.names import ProgramNames, Role, squeezed
from symbptt.handwritten.program import File, ProgramFunction, SignatureArgument
from symbptt.proof.place import length

FORWARD = ("forward", "forward_pass", "fwd", "feedforward", "forward_propagation", "__call__")

Spec = dict[str, Any]

MOST = 3
"""So many functions that can be called are called, if none is named."""


@dataclass(frozen=True)
class Binding:
    """A function and what each of its arguments stands for.

    Attributes
    ----------
    before : Binding or None
        The method that has to be called first, ``forward``.
    make : Binding or None
        How its object is made.
    grouped : bool
        Whether ``inputs`` is a dict of all inputs, where it might be the only one.
    """

    function: ProgramFunction
    roles: tuple[tuple[SignatureArgument, Role], ...]
    names: ProgramNames
    before: Binding | None = None
    make: Binding | None = None
    grouped: bool = False

    @property
    def all_roles(self) -> tuple[Role, ...]:
        parts = [b.all_roles for b in (self.make, self.before) if b]
        return (*(role for _, role in self.roles), *(role for part in parts for role in part))

    def takes(self, kind: str) -> bool:
        return any(role.kind == kind for role in self.all_roles)

    def starts(self) -> tuple[str, ...]:
        """The initial values that it takes."""
        roles = self.all_roles
        if Role("group", "carry") in roles:
            return tuple(self.names.starts)
        return tuple(role.name for role in roles if role.kind == "start")

    @property
    def groups(self) -> Iterator[str]:
        """Which arguments are dicts, and what is in them."""
        for argument, role in self.roles:
            if role.kind == "group":
                keys = ", ".join(repr(key) for key in self.keys(role.name))
                yield f"{argument.name} is a dict with the keys {keys}"

    def keys(self, group: str) -> list[str]:
        names = self.names
        known = {
            "params": [*names.params, *(stack.name for stack in names.stacks)],
            "inputs": [*names.sources, *names.targets],
            "carry": names.starts,
        }
        return known[group]

    @property
    def upstream(self) -> str | None:
        """The quantity whose gradient is handed in; "" for what the loss reads."""
        found = (role.name for _, role in self.roles if role.kind == "upstream")
        return next(found, None)

    # --- a call --------------------------------------------------------------------------------

    def call(
        self,
        subject: Subject,
        case: ProgramCase,
        form: ArrayForm,
        number: int,
        sizes: Mapping[str, int],
    ) -> tuple[Spec, dict[str, Any]]:
        """What the process is told to do, and the arrays for it."""
        arrays: dict[str, Any] = {}
        specs: dict[str, Spec] = {}
        for name, array, as_list in handed(subject.model, case, form):
            key = f"{number}:{name}"
            arrays[key] = array
            specs[name] = {"l" if as_list else "a": key}
        for name, array in _all_valid(case, form):
            arrays[f"{number}:{name}"] = array
            specs[name] = {"a": f"{number}:{name}"}
        for stack in self.names.stacks:
            array = stack.array(case.call.params, form).astype(case.dtype)
            arrays[f"{number}:{stack.name}"] = array
            specs[stack.name] = {"a": f"{number}:{stack.name}"}
        maker = _Specs(self, case, form, specs)
        steps = [maker.step(each) for each in (self.before, self) if each]
        params = {squeezed(name): specs[name] for name in self.names.params}
        params |= {
            squeezed(told): specs[name]
            for told, name in self.names.told.items()
            if name in self.names.params
        }
        params |= {squeezed(s.name): specs[s.name] for s in self.names.stacks}
        make = maker.step(self.make)["keywords"] if self.make else {}
        found = {
            "globals": dict(self._globals(specs, {**sizes, "T": case.steps, "B": case.batch})),
            "class": self.function.owner,
            "make": make,
            "attributes": {} if self._params_given else params,
            "steps": steps,
        }
        return found, arrays

    @property
    def _params_given(self) -> bool:
        return self.takes("param") or Role("group", "params") in self.all_roles

    def _globals(self, specs: Mapping[str, Spec], sizes: Mapping[str, int]) -> Iterator[Any]:
        """Parameters and sizes that the function reads and does not take."""
        function = self.function
        taken = {argument.name for argument, _ in self.roles}
        for name in sorted(function.reads - taken):
            role = self.names.role(name)
            if role is not None and role.kind == "param":
                if not self._params_given and not function.owner:
                    yield name, specs[role.name]
                continue
            size = self.names.size(name) if name in function.assigned else None
            if size is not None:
                yield name, {"v": length(size.name, sizes)}


@dataclass(frozen=True)
class _Specs:
    binding: Binding
    case: ProgramCase
    form: ArrayForm
    specs: Mapping[str, Spec]

    def step(self, binding: Binding) -> Spec:
        function = binding.function
        positional, keywords = [], {}
        for argument, role in binding.roles:
            spec = self.spec(argument, role)
            if spec is None:
                continue
            if argument.positional:
                positional.append([argument.name, spec])
            else:
                keywords[argument.name] = spec
        if function.keywords and not self.binding._params_given and not function.owner:
            params = self.binding.names.params
            keywords |= {p: self.specs[p] for p in params if p not in keywords}
        return {"name": function.name, "positional": positional, "keywords": keywords}

    def spec(self, argument: SignatureArgument, role: Role) -> Spec | None:
        if role.kind == "group":
            keys = self.binding.keys(role.name)
            found = {key: self.specs[key] for key in keys if key in self.specs}
            if role.name == "carry":
                found |= {k.removesuffix("[0]"): s for k, s in found.items() if k.endswith("[0]")}
            return {"d": found}
        if role.kind == "rate":
            return {"v": 0.0}
        if role.kind == "size":
            sizes = {**self.case.sizes, "T": self.case.steps, "B": self.case.batch}
            return {"v": length(role.name, sizes)}
        name = UPSTREAM if role.kind == "upstream" else role.name
        return self.specs.get(f"valid {name}" if role.kind == "valid" else name)


def _all_valid(case: ProgramCase, form: ArrayForm) -> Iterator[tuple[str, Any]]:
    """A mask and lengths that leave nothing out."""
    mask, lengths = np.ones((case.steps, case.batch)), np.full(case.batch, case.steps)
    yield "valid mask", form.timed(mask).astype(case.dtype)
    yield "valid lengths", form.untimed(lengths)


def bindings(file: File, wanted: str, names: ProgramNames) -> tuple[Binding, ...]:
    """The ways to call the function that is meant, likeliest first.

    Raises
    ------
    ProgramError
        If no function can be called: it shows the signature expected and the one found.
    """
    candidates = file.candidates(wanted)
    found: list[Binding] = []
    functions = 0
    helpers: set[str] = set()
    for function in candidates:
        if function.name in helpers and not function.owner:
            helpers |= function.uses
            continue
        more = list(_of(file, function, names))
        if more:
            # Who means a function means what it calls only where it does what that does.
            helpers |= function.uses - {function.name}
        functions += bool(more)
        found += more
        if functions == MOST and not wanted:
            break
    if not found:
        fits = max(candidates, key=lambda f: len(f.arguments) - 2 * len(_unknown(file, f, names)))
        raise ProgramError(_mismatch(file, fits, names))
    return tuple(found)


def _of(file: File, function: ProgramFunction, names: ProgramNames) -> Iterator[Binding]:
    if function.name in {"__init__", *FORWARD} - {"__call__"}:
        return
    roles = _roles(function, names)
    if roles is None:
        return
    make = None
    if function.owner:
        maker = file.of(function.owner, "__init__")
        made = _roles(maker, names) if maker else ()
        if made is None:
            return
        make = Binding(maker, made, names) if maker else None
    binding = Binding(function, roles, names, make=make)
    if not _has_inputs(binding, names):
        forward = next((f for n in FORWARD if (f := file.of(function.owner, n))), None)
        before = _roles(forward, names) if forward and function.owner else None
        if forward is None or before is None:
            return
        binding = Binding(function, roles, names, Binding(forward, before, names), make)
        if not _has_inputs(binding, names):
            return
    if not binding._params_given and not function.owner and not function.keywords:
        read = {r.name for n in function.reads if (r := names.role(n)) and r.kind == "param"}
        if not read:
            return
    forward = next((f for n in FORWARD if (f := file.of(function.owner, n))), None)
    before = _roles(forward, names) if forward and function.owner else None
    if forward and before is not None and binding.upstream is not None and not binding.before:
        yield replace(binding, before=Binding(forward, before, names))
    yield binding
    grouped = tuple((a, _grouped(a, r)) for a, r in roles)
    if grouped != roles:
        yield Binding(function, grouped, names, binding.before, make, grouped=True)


def _grouped(argument: SignatureArgument, role: Role) -> Role:
    """The same argument as a dict, where it may be one."""
    if role.kind == "input" and squeezed(argument.name) in ("inputs", "data"):
        return Role("group", "inputs")
    return role


def _roles(
    function: ProgramFunction, names: ProgramNames
) -> tuple[tuple[SignatureArgument, Role], ...] | None:
    """The roles of all arguments; None where one that is required has none."""
    found: list[tuple[SignatureArgument, Role]] = []
    taken: set[Role] = set()
    for argument in function.arguments:
        role = names.role(argument.name)
        sized = names.size(argument.name) if function.name == "__init__" else None
        role = sized if sized and (role is None or role.kind != "param") else role
        if role in taken:
            role = None
        if role is not None:
            # A single letter that has a default may be anything.
            if argument.required or role.kind != "size" or len(argument.name) > 1:
                found.append((argument, role))
                taken.add(role)
        elif argument.required:
            return None
    return tuple(found)


def _has_inputs(binding: Binding, names: ProgramNames) -> bool:
    roles = binding.all_roles
    if Role("group", "inputs") in roles or any(
        a.name in ("inputs", "data") for a, _ in binding.roles
    ):
        return True
    given = {role.name for role in roles if role.kind == "input"}
    needed = {*names.sources} if binding.upstream is not None else {*names.sources, *names.targets}
    return needed <= given


# --- messages ------------------------------------------------------------------------------------


def expected(names: ProgramNames) -> str:
    """The signature that fits a model."""
    starts = [f"{key[:-1].replace('[', '').replace('-', 'm')}=None" for key in names.starts]
    words = [*names.params, *names.sources, *names.targets, *starts]
    return f"loss_and_grads({', '.join(words)})"


def _unknown(file: File, function: ProgramFunction, names: ProgramNames) -> list[str]:
    """The arguments that nothing is known for."""
    maker = file.of(function.owner, "__init__") if function.owner else None
    arguments = (*(maker.arguments if maker else ()), *function.arguments)
    return [a.name for a in arguments if a.required and names.role(a.name) is None]


def _mismatch(file: File, function: ProgramFunction, names: ProgramNames) -> str:
    maker = file.of(function.owner, "__init__") if function.owner else None
    unknown = _unknown(file, function, names)
    lines = [
        f"{file.path}:{function.line}: {function.called} can't be called for {names.model.name}",
        f"    expected: {expected(names)}",
        "              parameters by name or as a dict params, inputs, initial values; "
        "returns their gradients",
        f"    found:    {function.text}" + (f", {maker.text}" if maker else ""),
    ]
    lines += [f"    {each}" for each in _reasons(file, function, names, unknown)]
    return "\n".join(lines)


def _reasons(
    file: File, function: ProgramFunction, names: ProgramNames, unknown: Sequence[str]
) -> Iterator[str]:
    caches = [name for name in unknown if "cache" in name.lower() or name in ("ctx", "memory")]
    if caches:
        yield (
            f"{caches[0]} holds what a forward pass of its own has kept: write a function that "
            "calls both, forward and backward, and name it FILE:FUNCTION"
        )
    others = [name for name in unknown if name not in caches]
    if others:
        known = ", ".join((*names.params, *names.sources, *names.targets, *names.starts))
        yield (
            f"{', '.join(others)}: no name of the model's ({known}); say what it stands for by "
            f"--names '{others[0]}=NAME', or give it a default"
        )
    given = {r.name for a in function.arguments if (r := names.role(a.name))}
    lacking = [n for n in (*names.sources, *names.targets) if n not in given]
    if not unknown and lacking:
        yield f"it takes no {', '.join(lacking)}"
    elif not unknown:
        yield "it reads none of the parameters, neither as arguments nor as names of the file"
