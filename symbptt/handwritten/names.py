"""What a person calls the things of a model, in signatures, keys and what is returned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from symbptt import algebra as al
from symbptt.errors import ProgramError
from symbptt.handwritten.stacks import StackedArray, Stacks

Kind = Literal["param", "input", "start", "group", "size", "upstream", "rate", "valid"]

INPUT = ("input", "inputs", "x", "xs", "token", "tokens", "ids", "seq", "sequence", "data")
TARGET = ("target", "targets", "y", "ys", "label", "labels", "ytrue")
START = ("state", "hidden", "initstate", "initialstate", "prevstate", "prevhidden", "hiddenstate",
         "inithidden", "initialhidden", "hiddenprev", "stateprev", "a0", "h0", "hprev")  # fmt: skip
GROUPS = {
    "params": ("params", "parameters", "param", "p", "weights", "theta"),
    "inputs": ("inputs", "data", "batch"),
    "carry": ("carry", "state", "states", "init", "initial", "start"),
}
LENGTHS = {
    "T": ("t", "seqlen", "seqlength", "sequencelength", "nsteps", "numsteps", "timesteps", "steps"),
    "B": ("b", "batch", "batchsize", "nbatch"),
}
SIZES = {
    "state": ("hiddensize", "hiddendim", "nhidden", "hidden", "nh", "na", "h", "hdim", "hsize",
              "hiddenunits", "numhidden", "units"),
    "input": ("inputsize", "inputdim", "ninput", "nin", "nx", "d", "xdim", "xsize", "idim",
              "inputfeatures", "nfeatures", "features"),
    "index": ("vocabsize", "nvocab", "vocab", "v", "wordim", "worddim", "vocablen", "numclasses"),
    "output": ("outputsize", "outputdim", "noutput", "nout", "ny", "nclasses", "numclasses",
               "odim", "ydim", "ysize", "o", "k", "numoutputs"),
    "table": ("embedsize", "embeddim", "embeddingdim", "embeddingsize", "embsize", "embdim",
              "nembed", "e"),
}  # fmt: skip
RATES = ("lr", "learningrate", "learnrate", "eta", "stepsize", "l2", "reg", "weightdecay", "lambda")
"""What multiplies an update, or a penalty: 0, so that there is neither."""
VALID = {
    "mask": ("mask", "masks", "paddingmask", "validmask", "seqmask", "lossmask"),
    "lengths": ("lengths", "lens", "seqlens", "seqlengths", "sequencelengths"),
}
"""Which steps of which sequences count: all of them."""
FILLERS = frozenset(("in", "seq", "batch", "train", "data", "list", "sequence", "sequences",
                     "onehot", "true", "target", "targets", "label", "labels", "input", "inputs",
                     "idx", "ids", "indices", "all"))  # fmt: skip
"""Words behind the name of an input that say nothing of which it is."""
UPSTREAM = ("dout", "doutput", "doutputs", "gradoutput", "gradoutputs", "gradout", "upstream",
            "dy", "dys", "dyhat", "dscores", "dlogits", "delta", "deltas", "douts",
            "outputsgrad")  # fmt: skip


_DERIVATIVE = re.compile(r"d_?(?:[LJEC]|[Ll]oss|[Cc]ost)_?(?:wrt_?|by_?|d_?)?(.+)")
"""``dLdW``, ``dJ_dW``, ``dLwrtW``, ``dloss_dW``."""


def squeezed(name: str) -> str:
    return name.lower().replace("_", "")


@dataclass(frozen=True)
class Role:
    """What an argument stands for: ``name`` in the model, a key of `GROUPS`, a dimension."""

    kind: Kind
    name: str


@dataclass
class ProgramNames:
    """What the names of a program mean.

    Attributes
    ----------
    told : mapping of str to str
        By the person: from the program's name to the model's.
    stacks : tuple of StackedArray
        Arrays of several parameters.
    """

    model: al.Model
    told: Mapping[str, str] = field(default_factory=dict)
    stacks: Stacks = ()

    def __post_init__(self) -> None:
        self.params = [p.name for p in self.model.parameters]
        self.starts = [i.key for i in self.model.initials]
        self.targets = [i.name for i in self.model.inputs if i.target]
        self.sources = [i.name for i in self.model.inputs if not i.target]
        self.by_name = {name: Role("param", name) for name in self.params}
        self.by_name |= {name: Role("input", name) for name in (*self.sources, *self.targets)}
        self.by_name |= {stack.name: Role("param", stack.name) for stack in self.stacks}
        self.loosely: dict[str, Role] = {}
        for name, role in self.by_name.items():
            self.loosely.setdefault(squeezed(name), role)
        for name, role in self._customary():
            self.loosely.setdefault(name, role)

    def _customary(self) -> Iterator[tuple[str, Role]]:
        for key in self.starts:
            yield from ((word, Role("start", key)) for word in _start_words(key))
        if len(self.sources) == 1:
            yield from ((word, Role("input", self.sources[0])) for word in INPUT)
        if len(self.targets) == 1:
            yield from ((word, Role("input", self.targets[0])) for word in TARGET)
        if len(self.starts) == 1:
            yield from ((word, Role("start", self.starts[0])) for word in START)
        for name in self.model.states:
            yield f"d{squeezed(name)}s", Role("upstream", name)
        for equation in self.model.equations:
            yield f"d{squeezed(equation.name)}", Role("upstream", equation.name)
        yield from ((word, Role("upstream", "")) for word in UPSTREAM)
        yield from ((word, Role("rate", word)) for word in RATES)
        for name, words in VALID.items():
            yield from ((word, Role("valid", name)) for word in words)
        for name, words in GROUPS.items():
            yield from ((word, Role("group", name)) for word in words)

    def role(self, name: str) -> Role | None:
        """What an argument or a key stands for."""
        name = self.told.get(name, name)
        if name in self.by_name:
            return self.by_name[name]
        if name in self.starts:
            return Role("start", name)
        # H is a length where h is a state.
        letter = self.size(name) if len(name) == 1 and name.isupper() else None
        return letter or self.loosely.get(squeezed(name)) or self.size(name) or self._filled(name)

    def _filled(self, name: str) -> Role | None:
        """An input whose name has more words: ``x_batch``, ``y_true``."""
        first, *more = name.lower().split("_")
        role = self.loosely.get(first) if more and FILLERS.issuperset(more) else None
        return role if role is not None and role.kind == "input" else None

    def size(self, name: str) -> Role | None:
        """A dimension, or T or B, by the words for it."""
        word = squeezed(name)
        if name in self.told.values() and name in self.model.dims:
            return Role("size", name)
        for length, words in LENGTHS.items():
            if word in words:
                return Role("size", length)
        for dim in self.model.dims:
            if word in {f"{a}{squeezed(dim)}{b}" for a in ("n", "dim") for b in ("",)} | {
                f"{squeezed(dim)}{b}" for b in ("size", "dim")
            }:
                return Role("size", dim)
        for kind, words in SIZES.items():
            found = self._dim(kind) if word in words else None
            if found is not None:
                return Role("size", found)
        return None

    def _dim(self, kind: str) -> str | None:
        shapes = self.model.shapes
        found: list[object] = []
        if kind == "state":
            found = [d for name in self.model.states for d in shapes[name]]
        elif kind == "input":
            found = [d for name in self.sources for d in shapes[name]]
            found += [i.index_dim for i in self.model.inputs if not i.target]
        elif kind == "index":
            found = [i.index_dim for i in self.model.inputs]
            found += [d for name in self.sources for d in shapes[name]]
        elif kind == "output":
            found = [d for name in predictions(self.model) for d in shapes[name]]
        elif kind == "table":
            index = {i.index_dim for i in self.model.inputs}
            states = {d for name in self.model.states for d in shapes[name]}
            found = [d for d in self.model.dims if d not in index and d not in states]
        return next((d for d in found if isinstance(d, str)), None)

    def of_gradient(self, name: str) -> str | None:
        """The parameter, or the initial value, whose gradient bears this name."""
        told = self.told.get(name)
        if told in (*self.params, *self.starts):
            return told
        for word in _without_prefix(name):
            role = self.role(word)
            if role is not None and role.kind in ("param", "start"):
                return role.name
            if role is not None and role.kind == "group" and word != name:
                continue
        return None


def read_names(text: str, model: al.Model) -> tuple[dict[str, str], Stacks]:
    """From what a program calls things to the model's names, of ``U=W_qh, h_start=h[0]``.

    An array of several parameters is said block by block, ``W=[W_hi W_xi; W_hf W_xf]``.

    Raises
    ------
    ProgramError
        If a pair can't be read, or the model has no such name.
    """
    known = (
        *(p.name for p in model.parameters),
        *(i.name for i in model.inputs),
        *(i.key for i in model.initials),
        *GROUPS,
        *model.dims,
    )
    found: dict[str, str] = {}
    stacks: list[StackedArray] = []
    for pair in filter(str.strip, text.split(",")):
        left, sign, right = (word.strip() for word in pair.partition("="))
        if left and right[:1] + right[-1:] == "[]":
            rows = tuple(tuple(row.split()) for row in right[1:-1].split(";"))
            params = {p.name for p in model.parameters}
            if all(row and params.issuperset(row) for row in rows):
                stacks.append(StackedArray(left, rows))
                continue
        if not (left and sign) or right not in known:
            raise ProgramError(
                f"names are said as `U=W_qh, V=W_hx`, the program's name first; "
                f"`{pair.strip()}`: {model.name} has {', '.join(known)}"
            )
        found[left] = right
    return found, tuple(stacks)


def predictions(model: al.Model) -> tuple[str, ...]:
    """The quantities that the loss reads."""
    if model.loss is None:
        return ()
    names = {e.name for e in model.equations} - {"loss"}
    refs = (node for node in al.walk(model.loss.rhs) if isinstance(node, al.Ref))
    return tuple(dict.fromkeys(ref.name for ref in refs if ref.name in names))


def _start_words(key: str) -> Iterator[str]:
    """``h0`` and the like; of h[-1] ``hm1``."""
    name, step = key[:-1].split("[")
    word = squeezed(name)
    if step == "0":
        ends = ("", "0", "prev", "init", "initial", "start", "last", "old", "tm1")
        yield from (f"{word}{end}" for end in ends)
        yield from (f"{end}{word}" for end in ("prev", "init", "initial", "last", "start"))
        yield from (f"{word}sprev", f"{word}prevs")
    else:
        yield f"{word}m{step[1:]}"
        yield f"{word}{step}"


def _without_prefix(name: str) -> Iterator[str]:
    """A gradient's name without what says that it is one."""
    yield name
    if derivative := _DERIVATIVE.fullmatch(name):
        yield derivative[1]
    for prefix in ("d_", "d", "grad_", "grad", "g_", "delta_", "D", "nabla_"):
        if name.startswith(prefix) and len(name) > len(prefix):
            yield name[len(prefix) :]
    for suffix in ("_grad", "_grads", ".grad", "grad", "_g"):
        if name.endswith(suffix) and len(name) > len(suffix):
            yield name[: -len(suffix)]
