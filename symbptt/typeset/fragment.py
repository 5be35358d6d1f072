r"""LaTeX to be pasted into another document: it takes its numbers, and fits into its columns.

How wide the host's lines are is known to TeX alone. So a formula bears the places at which it is
broken in columns of three widths, as commands that are line breaks or nothing, by ``\linewidth``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from symbptt.errors import OptionError, known_as
from symbptt.typeset.blocks import Block, Box, Display, Equality, Heading, Math, Prose, Table
from symbptt.typeset.breaking import cut, cuts
from symbptt.typeset.format import Tex, letters
from symbptt.typeset.tex import width
from symbptt.typeset.text import LETTERED, lettered_formula

HEADINGS: dict[str, tuple[str, ...]] = {
    "section": (r"\section{%s}", r"\subsection*{%s}", r"\paragraph{%s.}"),
    "subsection": (r"\subsection{%s}", r"\subsubsection*{%s}", r"\paragraph{%s.}"),
    "paragraph": (r"\paragraph{%s.}", r"\paragraph{%s.}", r"\subparagraph{%s.}"),
    "none": (r"\par\medskip", r"\par\medskip", r"\par"),
}
"""The commands of the three levels, by the highest one."""

# A heading that runs in has a line for itself before what is as wide as the column.
_BEHIND_A_HEAD = r"\makeatletter\if@noskipsec\leavevmode\fi\makeatother\par"

_NO_PREFIX = re.compile(r"[^A-Za-z0-9:._/+-]")

# What a column has at least, in em, and what formulas for it may take, in units of 1/18 em: less
# than that, by the error of the estimated widths. A number that has no room goes to the next line.
_COLUMNS = ((0, 21), (27, 27), (32, 32))
_ROOMS = tuple(17.4 * most for _, most in _COLUMNS)
_RUNS = {
    (0,): "narrow",
    (0, 1): "notwide",
    (1,): "medium",
    (1, 2): "notnarrow",
    (2,): "wide",
    (0, 1, 2): "always",
}
_SIGN, _INDENT, _GAP = 24, 36, 80
# Where a left side leaves less, the right side goes below it.
_LEFT = 0.45
_CONDITION = re.compile(r" & (?=\\text)")
# Chains of so many lines are kept on one page.
_WHOLE = 5
# The narrowest column's line, what a word needs in a table and what one in its head, in units of
# 1/18 em; what the columns of a table share of the line.
_EM, _WORD, _HEAD = 18 * 21.0, 78.0, 54.0
_SHARED = 0.96

_FOLDS = {
    "fold": (r"\notag \\* & \qquad {}", ""),
    "cond": (r"\\ \quad", "&"),
}
_COMMAND = re.compile(rf"\\(fold|cond|words)({'|'.join(_RUNS.values())})")


@dataclass(frozen=True)
class Fragment:
    """How a document becomes part of another one.

    Attributes
    ----------
    prefix : str, optional
        What its labels begin with; the model's name and a colon if it is not given.
    heading : str
        A key of `HEADINGS`.
    tags : bool
        Whether equations bear numbers of their own, and not those of the host.

    Raises
    ------
    OptionError
        If a label can't begin so.
    UnknownNameError
        If there is no such heading.
    """

    prefix: str | None = None
    heading: str = "section"
    tags: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command line that ask for it, as they are typed."""
        prefix = () if self.prefix is None else ("--label-prefix", self.prefix)
        heading = ("--heading", self.heading) if self.heading != "section" else ()
        return *prefix, *heading, *(("--tags",) if self.tags else ())

    def __post_init__(self) -> None:
        known_as("heading", self.heading, HEADINGS)
        if self.prefix is not None and _NO_PREFIX.search(self.prefix):
            raise OptionError(
                f"--label-prefix {self.prefix}: labels are made of letters from A to Z, digits "
                "and the signs : . _ / + -, as in eq:cell:"
            )

    def named(self, model: str) -> Fragment:
        """With what its labels begin with in the fragment of a model."""
        return (
            self
            if self.prefix is not None
            else replace(self, prefix=_NO_PREFIX.sub("-", model) + ":")
        )


@dataclass
class FragmentTex(Tex):
    """Prints the blocks of one fragment."""

    fragment: Fragment
    used: set[str] = field(default_factory=set)

    def body(self, blocks: Sequence[Block]) -> str:
        text = super().body(blocks)
        head = "\n".join(self.head(text))
        return f"{head}\n{text}\\par\n\\endgroup\n"

    def head(self, text: str) -> Iterator[str]:
        """What holds within the fragment: which of its commands break a line."""
        packages = ["amsmath", "amssymb", "bm"]
        packages += ["graphicx"] if r"\resizebox" in text else []
        packages += ["tikz"] if r"\begin{tikzpicture}" in text else []
        yield f"% It needs the packages {', '.join(packages)}."
        yield r"\par\begingroup"
        yield r"\allowdisplaybreaks"
        yield r"\emergencystretch=3em \jot=5pt"
        if LETTERED.search(text):
            yield f"\\makeatletter\n{letters()}\n\\makeatother"
        for level in ("paragraph", "subparagraph"):
            if rf"\{level}{{" in text:
                yield rf"\ifcsname {level}\endcsname\else\let\{level}\textbf\fi"
        commands = sorted(set(_COMMAND.findall(text)))
        if commands:
            yield "% Lines end where the column is narrow (below 27em), medium (below 32em), wide."
            for number, (least, _) in enumerate(_COLUMNS):
                if number:
                    yield rf"\ifdim\linewidth<{least}em\else"
                for command, run in commands:
                    chosen = number in next(r for r, name in _RUNS.items() if name == run)
                    yield "  " + _definition(command, run, chosen)
            yield r"\fi\fi"

    def math(self, tex: str) -> str:
        return super().math(tex.replace(", ", r", \allowbreak "))

    # --- blocks ------------------------------------------------------------------------

    def reference(self, tag: str) -> str:
        return rf"\eqref{{{self.fragment.prefix}{tag}}}"

    def heading(self, block: Heading) -> str:
        command = HEADINGS[self.fragment.heading][block.level - 1]
        return command % self.prose(block.text) if "%s" in command else command

    def display(self, block: Display) -> str:
        lines = list(self.lines(block.lines))
        return "\\begin{align}\n" + " \\\\\n".join(lines) + "\n\\end{align}"

    def labelled(self, text: str) -> str:
        return text

    def box(self, block: Box) -> str:
        """Between two rules, which stay with it: columns may be too short for a whole box."""
        return (
            "\\\\*\n\\rule{\\linewidth}{0.4pt}\n"
            f"{{\\postdisplaypenalty=10000\n{self.display(Display(block.lines))}}}\n"
            "\\par\\nobreak\\hrule\\medskip"
        )

    def table(self, block: Table) -> str:
        """A row is a table of its own, behind which a column may end."""
        start = f"\\begin{{tabular}}{{@{{}}{self.table_columns(block)}@{{}}}}\n"
        rows = [self.table_row(tuple(map(self.prose, row))) for row in block.rows]
        rows[0] = f"\\hline\n{' & '.join(block.head)} \\\\\n\\hline\n{rows[0]}"
        rows[-1] += "\\hline\n"
        tabulars = "\n\\nointerlineskip\n".join(f"{start}{r}\\end{{tabular}}\n" for r in rows)
        return (
            f"{_BEHIND_A_HEAD}\n\\begingroup\n\\renewcommand{{\\arraystretch}}{{1.2}}\n"
            f"\\parskip=0pt\n\\parindent=0pt\n{tabulars}\n\\endgroup\n\\medskip"
        )

    def table_columns(self, block: Table) -> str:
        """Shares of the host's line: room for what can't be broken, the rest by their widths."""
        columns = list(zip(*block.rows, strict=True))
        least = [max(map(_word, column)) / _EM for column in columns]
        more = [
            max(n, max(map(_formula, column)) / _EM) - n
            for n, column in zip(least, columns, strict=True)
        ]
        free = _SHARED - sum(least)
        rest = max(free - sum(more), 0) / sum(block.widths)
        scale = min(free / sum(more), 1) if sum(more) else 1
        shares = (
            n + scale * m + rest * each
            for n, m, each in zip(least, more, block.widths, strict=True)
        )
        return r"@{\hspace{2pt}}".join(f"p{{{share:.3f}\\linewidth}}" for share in shares)

    # --- equations ---------------------------------------------------------------------

    def lines(self, lines: Sequence[Equality]) -> Iterator[str]:
        """Each chain, broken for columns of all widths, with its label."""
        usual = [w for w in (width(line.left) for line in lines) if w <= _LEFT * _ROOMS[0]]
        left = max(usual, default=0.0)
        chains = [_chain(line, left) for line in lines]
        words = max((10.0 * len(line.words) for line in lines), default=0.0)
        beside = [
            left + max(chain.widths[k] for chain in chains) + words + _GAP <= room
            for k, room in enumerate(_ROOMS)
        ]
        for line, chain in zip(lines, chains, strict=True):
            said = self.said(line.words, beside) if words else ""
            yield f"{lettered_formula(chain.text)}{said} {self.number(line.tag)}"

    def said(self, words: str, beside: Sequence[bool]) -> str:
        column = rf"&& \text{{{self.words(words)}}}"
        shown = [rf"\words{run}{{{column}}}" for run in _runs(beside)] if words else []
        return "".join(f" {column}" if "always" in each else f" {each}" for each in shown)

    def number(self, tag: str) -> str:
        """Its label, and its own number if that is wanted."""
        label = self.label(tag)
        own = rf"\tag{{{tag}}} " if tag and self.fragment.tags else ""
        bare = r"\notag " if self.fragment.tags and not tag else ""
        return rf"{own}{bare}\label{{{self.fragment.prefix}{label}}}"

    def label(self, tag: str) -> str:
        """An equation's name; where it stands once more, or has no number, one of its own."""
        wanted = tag if tag and tag not in self.used else f"{tag or 'eq'}-"
        found = wanted
        count = 1
        while found in self.used or found.endswith("-"):
            count += 1
            found = f"{wanted}{count}"
        self.used.add(found)
        return found


@dataclass(frozen=True)
class _FoldedChain:
    """A chain of equals as TeX, and how wide its right side is in columns of each width."""

    text: str
    widths: Sequence[float]


def _chain(line: Equality, left: float) -> _FoldedChain:
    below = width(line.left) > left
    members = [_FoldedMember(member, left) for member in line.members]
    shown = [f"&{line.sign} {member.text}" for member in members]
    widths = [max(member.widths[k] for member in members) for k in range(len(_ROOMS))]
    ending = line.ending.removeprefix(r"\quad ")
    if ending and width(ending) <= _ROOMS[0] - left - _INDENT:
        size = width(ending) + _INDENT / 2
        last = [member + size + _SIGN + left for member in members[-1].lasts]
        folded = [last[k] > room for k, room in enumerate(_ROOMS)]
        shown[-1] += f"{_fold(folded)} \\quad {ending}"
        widths = [
            max(w, 0 if f else e - left) for w, f, e in zip(widths, folded, last, strict=True)
        ]
    end = r" \notag \\*" if sum(member.count for member in members) <= _WHOLE else r" \notag \\"
    first = f"&{line.left}{end}\n" if below else f"{line.left} "
    return _FoldedChain(first + f"{end}\n".join(shown), widths)


class _FoldedMember:
    """A member of a chain, with the places at which it is broken in columns of each width."""

    def __init__(self, tex: str, left: float) -> None:
        rooms = [room - left - _SIGN for room in _ROOMS]
        folded = [tex if _widest(tex) <= room else _CONDITION.sub(r" \\\\", tex) for room in rooms]
        starts = [
            cuts(text, room, room - _INDENT) for text, room in zip(folded, rooms, strict=True)
        ]
        every = sorted(set().union(*starts))
        first, *rest = cut(tex, every)
        pieces = [_fitting(first, rooms[0]), *(_fitting(p, rooms[0] - _INDENT) for p in rest)]
        breaks = [_fold([at in each for each in starts]) for at in every]
        told = "".join(f"{b}{_joint(b)}{p}" for b, p in zip(breaks, pieces[1:], strict=True))
        text = pieces[0] + told
        conditions = "".join(rf"\cond{run}" for run in _runs([f != tex for f in folded]))
        self.text = _CONDITION.sub(lambda _: f" {conditions} ", text) if conditions else text
        lines = [cut(text, places) for text, places in zip(folded, starts, strict=True)]
        self.widths = [max(map(width, each)) for each in lines]
        self.lasts = [width(each[-1]) + (_INDENT if each[1:] else 0) for each in lines]
        self.count = len(lines[0]) + folded[0].count(r"\\")


def _word(cell: Prose) -> float:
    """What the words of a cell need."""
    return _WORD if any(not isinstance(part, Math) for part in cell) else _HEAD


def _formula(cell: Prose) -> float:
    """The width of the formulas of a cell, which are not broken."""
    return max((width(part.tex) for part in cell if isinstance(part, Math)), default=0.0)


def _widest(tex: str) -> float:
    """The width of the widest environment with conditions in it."""
    return width(tex) if _CONDITION.search(tex) else 0.0


def _fitting(piece: str, room: float) -> str:
    """What can't be broken and is too wide for a narrow column is made smaller there."""
    if width(_CONDITION.sub(r" \\\\", piece)) <= room:
        return piece
    most = rf"{room / (18 * _COLUMNS[0][1]):.2f}\linewidth"
    return (
        rf"\resizebox{{\ifdim\width>{most} {most}\else\width\fi}}{{!}}{{$\displaystyle {piece}$}}"
    )


def _runs(chosen: Sequence[bool]) -> Iterator[str]:
    """The names of the columns that are chosen."""
    for is_chosen, group in groupby(enumerate(chosen), key=lambda pair: pair[1]):
        if is_chosen:
            yield _RUNS[tuple(number for number, _ in group)]


def _fold(chosen: Sequence[bool]) -> str:
    """A line break in the columns that are chosen."""
    if all(chosen):
        return " \\notag \\\\*\n&\\qquad {}"
    return "".join(f"\n\\fold{run}" for run in _runs(chosen))


def _joint(fold: str) -> str:
    return " " if fold else ""


def _definition(command: str, run: str, chosen: bool) -> str:
    if command == "words":
        kept = "@firstofone" if chosen else "@gobble"
        return rf"\expandafter\let\expandafter\words{run}\csname {kept}\endcsname"
    return rf"\def\{command}{run}{{{_FOLDS[command][0 if chosen else 1]}}}"
