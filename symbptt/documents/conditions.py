"""Conditions as a display says them beside an equation, and as a formula says them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INDEX = r"\\?[A-Za-z]+(?:_\{?\w+\}?)?|\d+"
_STEP = rf"(?:{_INDEX})(?:\s*[+-]\s*(?:{_INDEX}))*"
_DOTS = r"(?:\\[lc]?dots[bc]?|\.\.\.|…|\\cdots)"
_BETWEEN = re.compile(
    rf"^({_INDEX})\s*(?:=|\\in)\s*(?:\\?\{{)?\s*({_STEP})\s*,(?:.*,)?\s*{_DOTS}\s*,?"
    rf"\s*({_STEP})?\s*(?:\\?\}})?$"
)
_COMPARISON = re.compile(rf"^{_STEP}(?:\s*(?:<=|>=|<|>|=)\s*{_STEP})+$")
_INDICES = ("t", "k", "i", "j", "s", "n", "m", r"\tau")
_SIGNS = (
    (r"\\(?:leqslant|leq|le)(?![A-Za-z])|≤", "<="),
    (r"\\(?:geqslant|geq|ge)(?![A-Za-z])|≥", ">="),
    (r"\\lt(?![A-Za-z])", "<"),
    (r"\\gt(?![A-Za-z])", ">"),
)
_TEXT = r"\\(?:text|mbox|textrm|textnormal)\s*\{"
_MATHS_IN_TEXT = re.compile(rf"{_TEXT}([^{{}}$]*)\$([^$]*)\$([^{{}}$]*)\}}")
_WHEN = re.compile(rf"\s*[(]?\s*{_TEXT}\s*[(,]?\s*(for|if|when|where|with|at)\b")
_WORDS = re.compile(
    r"\\(?:text|mbox|textrm|textnormal|mathrm|textit)\s*\{\s*([^{}$]*?)\s*\}"
    r"|\\(?:forall|quad|qquad|,|;|:|!| )|[$~]"
    r"|\\(?:left|right|bigl|bigr)(?![A-Za-z])"
)
_SAYS = re.compile(
    r"^(?:for|if|when|where|with|and|all|any|every|each|at|steps?|time|,|\s|\.|:|(?:at )?(?:the )?"
    r"(?:last|first|final) (?:time )?step|(?:in )?(?:the )?(?:rows?|entries|entry))+",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A condition's text without its words, its signs as a formula has them."""
    text = _MATHS_IN_TEXT.sub(r"\\text{\1} \2 \\text{\3}", text)
    for pattern, sign in _SIGNS:
        text = re.sub(pattern, sign, text)
    text = _WORDS.sub(lambda match: f" {match.group(1) or ''} ", text)
    text = " ".join(text.split()).strip(" ,.;:")
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return _SAYS.sub("", text).strip(" ,.;:")


_SUPPOSING = re.compile(
    r"\b(?:if|when|whenever|case|suppose|assume)\b[\w\s:,]{0,40}$", re.IGNORECASE
)
_RELATION = re.compile(r"[<>=≠≤≥]|\\(?:neq?|leq?|geq?|lt|gt)(?![A-Za-z])")


def is_supposed(words: str, text: str) -> bool:
    """Whether an inline formula is what the sentence before a display supposes."""
    return bool(_SUPPOSING.search(words) and _RELATION.search(text))


def is_condition(text: str) -> bool:
    """Whether a piece beside an equation says when it holds, and is no equation itself."""
    return bool(_WHEN.match(text)) or r"\forall" in text or condition_of(text) is not None


def condition_of(text: str) -> str | None:
    """``1 <= t <= T``, as it stands behind ``for``; None if the text says nothing of the kind."""
    said = plain(text)
    between = _BETWEEN.match(said)
    if between:
        index, first, last = between.groups()
        if not last:
            return f"{_step(first)} <= {_step(index)}"
        first, last = _step(first), _step(last)
        if _is_last(first) and not _is_last(last):
            first, last = last, first
        return f"{first} <= {_step(index)} <= {last}"
    if _COMPARISON.match(said) and re.search("[<>=]", said):
        left = re.split("[<>=]", said)[0].strip()
        # `h = 0` is an equation; `t = T` says when one holds.
        if "=" in re.sub("[<>]=", "", said) and left not in _INDICES:
            return None
        return re.sub(r"(?<![<>=])=(?!=)", "==", _step(said))
    return None


_UNEQUAL = re.compile(r"\\neq?(?![A-Za-z])|≠|!=")
_OTHERWISE = ("otherwise", "else")


def either_or(cases: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """Two values as one, where one index is another or is not; a case of the last step is none.

    Returns
    -------
    tuple of str, optional
        The index of the row where "in row i" is said, else "", and the value through a delta.
    """
    if len(cases) != 2:
        return None
    (one, here), (two, there) = cases
    said, other = plain(here), plain(there)
    opposite = other in _OTHERWISE or re.sub(r"\s", "", _UNEQUAL.sub("=", other)) == re.sub(
        r"\s", "", said
    )
    delta = indicator(said)
    if not delta or _UNEQUAL.search(said) or not opposite:
        return None
    row = said.partition("=")[0].strip() if re.search(r"\brows?\b", here) else ""
    return row, rf"{delta} \left({one}\right) + \left(1 - {delta}\right) \left({two}\right)"


def indicator(said: str) -> str | None:
    """1 where one index is another, or where it is not, and else 0; None of the last step."""
    found = re.fullmatch(r"([^=<>]+)=([^=<>]+)", _UNEQUAL.sub("=", said))
    if not found or re.search(r"T|\d", said):
        return None
    delta = rf"\mathbf{{1}}_{{\{{{found.group()}\}}}}"
    return rf"\left(1 - {delta}\right)" if _UNEQUAL.search(said) else delta


def _is_last(step: str) -> bool:
    return "T" in step or "tau" in step


def _step(text: str) -> str:
    return text.replace("\\", "").replace("{", "").replace("}", "")
