"""From a display to its equations: rows, columns, chains, conditions, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbptt.documents.conditions import condition_of, either_or, is_condition
from symbptt.documents.displays import Passage
from symbptt.formula.reading import MAX_LENGTH

_FRAMES = 8
"""How many frames one may stand in."""

_NO_LETTER = r"(?![A-Za-z])"


def _words(*names: str) -> str:
    """One of these control words."""
    return rf"\\(?:{'|'.join(names)}){_NO_LETTER}"


_EQUAL = re.compile(
    r"\\(?:stackrel|overset)\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\s*\{?\s*=\s*\}?|:=|"
    + _words("coloneqq", "triangleq", "equiv", "doteq", "eqdef")
    + r"|(?<![+\-*/:<>!=\\])=(?!=)"
)
_OTHER = re.compile(
    _words(
        "approx", "simeq", "propto", "sim", "to", "rightarrow", "longrightarrow", "leftarrow",
        "gets", "mapsto", "leq?", "leqslant", "geq?", "geqslant", "neq?", "ll", "gg", "cong",
        "lesssim", "gtrsim",
    )
    + r"|[+\-]=|[<>←→≈∝≤≥≠]"
)  # fmt: skip
_ASSIGNS = re.compile(_words("leftarrow", "gets") + "|←")
_TEXT = r"\\(?:text|mbox|textrm|textnormal)"
_BREAK = re.compile(
    r"\\\\\*?(?:[ \t]*\[[^\]\n]*\])?|\\(?:short)?intertext\s*\{[^{}]*\}|" + _words("newline", "cr")
)
_COLUMN = re.compile(r"(?<!\\)&")
_APART = re.compile(
    r"[,;.]?(?:\s*(?:"
    + _words("q?quad", "hfill")
    + r"|\\hspace\*?\{[^{}]*\}|~\s*~|\\[;: ]\s*\\[;: ]))+\s*"
    + rf"|,?\s*{_TEXT}\s*\{{\s*,?\s*(?:and|where|with|hence|so|thus|therefore|that is|i\.e\.|or)"
    + r"\s*,?:?\s*\}|"
    + _words("implies", "Rightarrow", "Longrightarrow", "iff", "Leftrightarrow", "therefore")
)
_WHEN = re.compile(rf"(?<![_^{{\\])\s*,?\s*(?={_TEXT}\s*\{{\s*[(,]?\s*(?:for|if|when|where|at)\b)")
_INNER = "aligned|split|gathered|alignedat|align|equation|eqnarray|multlined|gather|alignat|flalign"
_FRAME = re.compile(
    rf"\\(?:begin|end)\s*\{{(?:{_INNER})\*?\}}(?:\s*\[[tbc]\])?"
    r"|(?<=alignedat\})\s*\{\d+\}|(?<=alignat\})\s*\{\d+\}|(?<=alignat\*\})\s*\{\d+\}"
)
_NOISE = re.compile(
    r"\\label\s*\{[^{}]*\}|\\(?:hspace|vspace|hskip|vskip|phantom|vphantom|hphantom)\*?\s*\{[^{}]*\}|"
    + _words(
        "nonumber", "notag", "displaystyle", "textstyle", "allowdisplaybreaks", "centering",
        "limits", "nolimits", "small", "footnotesize", "scriptsize", "normalsize", "large",
        "medskip", "smallskip",
    )
)  # fmt: skip
_TAG = re.compile(r"\\tag\*?\s*\{((?:[^{}]|\{[^{}]*\})*)\}|\\l?eqno\s*\(?([\w.\-']+)\)?")
_NUMBER = r"\(\s*([A-Z]?\d+(?:[.\-]\d+)*[a-z]?'?)\s*\)"
_FIRST_NUMBER = re.compile(rf"^\s*{_NUMBER}\s*(?:\\q?quad|\\[,; ]|~|\s)*(?=[\\A-Za-z(])")
_LAST_NUMBER = re.compile(
    rf"(?:\\q?quad|\\hfill|~|\\ |&|\n|\}})\s*(?:{_TEXT}\s*\{{\s*)?{_NUMBER}\s*\}}?\s*$"
)


@dataclass(frozen=True)
class PrintedEquation:
    """One equation of a document, or one more member of the chain above it.

    Attributes
    ----------
    members : tuple of str
        What stands between its signs of equality.
    condition : str
        As it stands behind ``for``; "" where there is none.
    unread : str
        A condition that was not understood.
    supposed : tuple of str
        What the sentence before it supposes: "if $i = y_t$, then".
    row : str
        The index of the row that its right side is, where its left side is a whole vector.
    name : str
        Its number in the document.
    fault : str
        Why there is nothing to examine: its sign is no sign of equality, it is too long.
    continues : bool
        Whether its left side is that of the equation before.
    """

    line: int
    members: tuple[str, ...]
    condition: str = ""
    unread: str = ""
    supposed: tuple[str, ...] = ()
    row: str = ""
    name: str = ""
    fault: str = ""
    continues: bool = False
    inline: bool = False

    @property
    def assigns(self) -> bool:
        """Whether it says what to do, ``g \\leftarrow \\min(1, c) g``, and claims nothing."""
        return bool(_ASSIGNS.search(self.fault))

    @property
    def text(self) -> str:
        """The equation on one line, as its author typed it."""
        return with_condition(self.members, self.condition)


def with_condition(members: tuple[str, ...], condition: str) -> str:
    body = " = ".join(" ".join(member.split()) for member in members)
    return f"{body} for {condition}" if condition else body


# --- splitting at the top --------------------------------------------------------------

_BRACKET = re.compile(
    r"\\(?P<side>left|right)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|.)|\\(?P<block>begin|end)\s*\{[^{}]*\}"
    r"|\\(?P<escaped>[{}])|\\.|(?P<brace>[{}])|(?P<round>[()\[\]])",
    re.DOTALL,
)
_OPENING = ("left", "begin", "{", "(", "[")


def _outside(text: str, brackets: bool) -> str:
    """The text with everything that stands in braces, blocks or brackets blanked out."""
    depth, done = 0, 0
    parts: list[str] = []
    for match in _BRACKET.finditer(text):
        sign = match["block"] or match["brace"]
        if brackets:
            sign = sign or match["side"] or match["escaped"] or match["round"]
        if sign is None:
            continue
        before = depth
        depth += 1 if sign in _OPENING else -1
        if depth < 0:
            return _outside(text, False) if brackets else text
        cut = match.start() if not before else match.end()
        parts.append(text[done:cut] if not before else "\0" * (cut - done))
        done = cut
    if depth and brackets:
        return _outside(text, False)
    return "".join([*parts, text[done:] if not depth else "\0" * (len(text) - done)])


def _signs(text: str, sign: re.Pattern[str], brackets: bool = True) -> Iterator[re.Match[str]]:
    """Where a sign stands outside of all brackets."""
    outside = _outside(text, brackets)
    for match in sign.finditer(text):
        if outside[match.start()] != "\0":
            yield match


def _split(text: str, at: re.Pattern[str], brackets: bool = True) -> list[tuple[int, str]]:
    """The pieces between separators outside of all brackets, each with where it begins."""
    pieces: list[tuple[int, str]] = []
    place = 0
    for match in _signs(text, at, brackets):
        pieces.append((place, text[place : match.start()]))
        place = match.end()
    return [*pieces, (place, text[place:])]


# --- from a display to its rows --------------------------------------------------------


def equations(display: Passage) -> Iterator[PrintedEquation]:
    """The equations of a display, top to bottom.

    A row without a sign of equality goes on in the expression above; one that begins with the
    sign goes on in the chain above.
    """
    pending: PrintedEquation | None = None
    for line, text, name in _rows(display):
        for number, piece in enumerate(_pieces(line, text)):
            found = replace(piece, name=name, inline=display.inline)
            if pending is None or (number and not found.continues and len(found.members) > 1):
                pass
            elif len(found.members) == 1 and not found.fault:
                pending = _longer(pending, found)
                continue
            elif found.continues and len(pending.members) == 1 and not pending.continues:
                pending = replace(
                    found,
                    line=pending.line,
                    members=(pending.members[0], *found.members[1:]),
                    continues=False,
                )
                continue
            if pending is not None:
                yield from _finished(pending)
            pending = found
    if pending is not None:
        yield from _finished(pending)


def _longer(above: PrintedEquation, row: PrintedEquation) -> PrintedEquation:
    """An expression that goes on in the next row, or a condition that stands there."""
    if said := condition_of(row.members[0]):
        conditions = ", ".join(filter(None, (above.condition, said)))
        return replace(above, condition=conditions, name=row.name or above.name)
    *before, last = above.members
    return replace(
        above,
        members=(*before, f"{last} {row.members[0]}"),
        condition=row.condition or above.condition,
        unread=row.unread or above.unread,
        name=row.name or above.name,
    )


def _finished(found: PrintedEquation) -> Iterator[PrintedEquation]:
    """An equation, or one for each case of its right side; what has no relation is none."""
    if found.fault:
        if not found.assigns:
            yield found
        return
    members = tuple(bare(member) for member in found.members)
    if len(members) < 2 or not any(members[1:]):
        return
    cases = _CASES.match(members[-1])
    if cases is None:
        yield replace(found, members=members)
        return
    rows = [row.partition("&") for _, row in _split(cases["body"], _BREAK, False)]
    either = either_or([(value, when) for value, _, when in rows if value.strip()])
    if either is not None:
        row, right = either
        yield replace(found, members=(*members[:-1], right), row=row)
        return
    for value, _, when in rows:
        if value.strip():
            said = condition_of(when)
            yield replace(
                found,
                members=(*members[:-1], bare(value)),
                condition=said or found.condition,
                unread="" if said else when.strip(),
            )


_CASES = re.compile(
    r"^(?:\\left\s*\\\{\s*)?\\begin\s*\{(?P<name>d?cases)\}(?P<body>.*)\\end\s*\{(?P=name)\}"
    r"(?:\s*\\right\s*\.)?$",
    re.DOTALL,
)


def _rows(display: Passage) -> Iterator[tuple[int, str, str]]:
    """Line, text and number of each row; aligned rows share the number of their display."""
    text = _NOISE.sub(" ", display.text)
    shared = display.name
    if re.match(r"\\begin\s*\{(?:aligned|split|gathered|alignedat|multlined)", text):
        shared = _number(text.rpartition(r"\end")[2])[1] or shared
    text = _FRAME.sub(" ", unwrapped(text))
    for place, row in _split(text, _BREAK, False):
        body, name = _number(_squeezed(unwrapped(row)))
        if body.strip(" \n&"):
            begins = place + len(row) - len(row.lstrip(" \n&"))
            yield display.line + text.count("\n", 0, begins), body, name or shared


def _squeezed(text: str) -> str:
    """Without empty lines, and with one blank where there are several."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def unwrapped(text: str) -> str:
    r"""What stands in a frame: ``\boxed{…}``, or braces around the whole."""
    for _ in range(_FRAMES):
        match = re.match(r"\s*(?:\\(?:boxed|fbox|framebox|mathbox|Aboxed)\s*)?\{", text)
        if not match:
            break
        inside = _outside(text, False)
        end = text.rstrip(" \n.,").rfind("}")
        if inside[match.end() : end].strip("\0") or end < match.end():
            break
        text = text[match.end() : end] + text[end + 1 :]
    return text


def _number(text: str) -> tuple[str, str]:
    """A row without the number that it bears, and that number."""
    tag = _TAG.search(text)
    if tag:
        said = (tag.group(1) or tag.group(2) or "").strip().strip("()$*")
        return _TAG.sub(" ", text), said
    for pattern in (_FIRST_NUMBER, _LAST_NUMBER):
        found = pattern.search(text)
        if found:
            kept = "}" if found.group().startswith("}") else ""
            return text[: found.start()] + kept + text[found.end() :], found.group(1)
    return text, ""


def _pieces(line: int, row: str) -> Iterator[PrintedEquation]:
    """The equations that stand side by side in a row, each with what is said beside it."""
    if len(row) > MAX_LENGTH:
        fault = f"it has {len(row):,} characters, and a formula at most {MAX_LENGTH:,}"
        yield PrintedEquation(line, (row[:60].rstrip(" \\") + " …",), fault=fault)
        return
    cells = [cell for _, cell in _split(row, _COLUMN, False)]
    texts = [row] if len(cells) < 2 else _columns(cells)
    found: list[PrintedEquation] = []
    for text in texts:
        for _, part in _split(text, _APART):
            for _, piece in _split(part, _WHEN):
                if not piece.strip(" \n.,;"):
                    continue
                _take(found, line, piece)
    yield from found


def _columns(cells: list[str]) -> list[str]:
    """Columns belong together in pairs; in three the middle one is the sign alone."""
    if len(cells) == 3 and _EQUAL.fullmatch(cells[1].strip()):
        return ["".join(cells)]
    return ["".join(cells[k : k + 2]) for k in range(0, len(cells), 2)]


def _take(found: list[PrintedEquation], line: int, piece: str) -> None:
    """One more equation, or what is said beside the last one."""
    last = found[-1] if found else None
    if last is not None and is_condition(piece):
        said = condition_of(piece)
        conditions = ", ".join(filter(None, (last.condition, said)))
        found[-1] = replace(last, condition=conditions, unread=last.unread if said else piece)
        return
    made = _equation(line, piece)
    if last is not None and len(made.members) == 1 and not made.fault:
        if not _is_remark(piece):
            found[-1] = _longer(last, made)
    else:
        found.append(made)


_GOES_ON = re.compile(r"\s*(?:[+\-*/]|" + _words("in", "times", "cdot", "odot", "circ", "pm") + ")")


def _is_remark(piece: str) -> bool:
    """Whether a piece beside an equation is words, and no part of it."""
    return not _GOES_ON.match(piece)


def _equation(line: int, piece: str) -> PrintedEquation:
    members = tuple(member for _, member in _split(piece, _EQUAL))
    other = next(_signs(piece, _OTHER), None)
    fault = f"`{other.group()}` is no sign of equality" if other else ""
    if len(members) > 1 and not members[0].strip(" \n&{}"):
        return PrintedEquation(line, members, continues=True)
    return PrintedEquation(line, members, fault=fault)


def bare(member: str) -> str:
    """A side without the punctuation at its end."""
    text = member.strip()
    while stripped := re.sub(r"(?:\\[,;:! ]|(?<!\\right)[,.;:~]|\\q?quad)$", "", text).strip():
        if stripped == text:
            break
        text = stripped
    return text
