"""Anybody's text made safe: comments and file names in LaTeX and in Markdown."""

from __future__ import annotations

import re
import unicodedata
from string import ascii_letters

from symbptt.typeset.notation import GREEK, GREEK_CHARACTERS, LATIN, MATH_COMBINING, TEXT_COMBINING
from symbptt.typeset.tex import worded

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedblright{}",
    "`": r"\textquoteleft{}",
    # Kept from joining into dashes.
    "-": "-{}",
}

_CHARACTERS = {
    "–": "--", "—": "---", "−": r"\ensuremath{-}", "‐": "-{}", "‑": "-{}",
    "‘": "\\textquoteleft{}", "’": "\\textquoteright{}",
    "“": "\\textquotedblleft{}", "”": "\\textquotedblright{}", "„": ",,",
    "…": r"\dots{}", "•": r"\textbullet{}", "·": r"\ensuremath{\cdot}", "§": r"\S{}",
    "¶": r"\P{}", "©": r"\copyright{}", "£": r"\pounds{}", "°": r"\ensuremath{^\circ}",
    "²": r"\textsuperscript{2}", "³": r"\textsuperscript{3}", "¹": r"\textsuperscript{1}",
    "½": r"\ensuremath{\frac{1}{2}}", "×": r"\ensuremath{\times}", "÷": r"\ensuremath{\div}",
    "±": r"\ensuremath{\pm}", "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}", "≈": r"\ensuremath{\approx}", "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\to}", "←": r"\ensuremath{\leftarrow}", "↔": r"\ensuremath{\leftrightarrow}",
    "⇒": r"\ensuremath{\Rightarrow}", "∂": r"\ensuremath{\partial}", "∇": r"\ensuremath{\nabla}",
    "∑": r"\ensuremath{\sum}", "∏": r"\ensuremath{\prod}", "√": r"\ensuremath{\surd}",
    "∈": r"\ensuremath{\in}", "⊙": r"\ensuremath{\odot}", "⊗": r"\ensuremath{\otimes}",
    "ℝ": r"\ensuremath{\mathbb{R}}", "ℓ": r"\ensuremath{\ell}", "⊤": r"\ensuremath{\top}",
    "«": r"\ensuremath{\ll}", "»": r"\ensuremath{\gg}", "¡": "!'", "¿": "?'",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}",
    "đ": r"\rlap{\kern.15em\raise.45ex\hbox{-}}d", "Đ": r"\rlap{\raise.05ex\hbox{-}}D",
    "ı": r"\i{}",
}  # fmt: skip

# Letters that look Latin, and Cyrillic by its usual transliteration: the fonts have neither.
_CHARACTERS |= dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_CYRILLIC = dict(zip("абвгдезийклмнопрстуфцыьэґіё", "abvgdezijklmnoprstufcy'egie", strict=True))
_CYRILLIC |= {"ж": "zh", "х": "kh", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "''"}
_CYRILLIC |= {"ю": "yu", "я": "ya", "ї": "yi", "є": "ye"}
for _letter, _latin in _CYRILLIC.items():
    _CHARACTERS |= {_letter: _latin, _letter.upper(): _latin.capitalize()}

# A hook and a horn, which Vietnamese has and TeX's first fonts have not.
_RAISED = {"\u0309": r"\textsuperscript{,}", "\u031b": r"\kern-.05em\textquoteright{}"}

# Letters, one of them beyond ASCII; Greek ones are mathematics.
_OTHER = rf"(?![A-Za-z{LATIN}{''.join(GREEK_CHARACTERS)}])[^\W\d_]"
_RUN = re.compile(rf"[A-Za-z]*[{LATIN}][A-Za-z{LATIN}]*|(?:{_OTHER})+")
_ONCE = re.compile(rf"\\(?:letters|vietnamese)\{{[^}}]*\}}|{_RUN.pattern}")

_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_T5 = {
    unicodedata.normalize("NFC", letter + tone)
    for letter in "AĂÂEÊIOÔƠUƯYaăâeêioôơuưy"
    for tone in _TONES
} | {*ascii_letters, "Đ", "đ"}
"""What stands in words of Vietnamese."""

LETTERED = re.compile(r"\\(letters|vietnamese)\{")
"""What sets a word with such letters."""

_LONG_WORD = 16
_ROMAN = r"\mathrm"


def latex_text(text: str) -> str:
    r"""The text for a paragraph of LaTeX: nothing in it is a command any more.

    Words with letters beyond ASCII are ``\letters`` or, where the encoding T5 has all of them,
    ``\vietnamese``, which the frame defines: the word, its code in a PDF, and what stands for it
    where the fonts lack them: letters built of what there is, or numbers, as in [U+4E2D]. Long
    words may be broken.
    """
    words = unicodedata.normalize("NFC", text).split()
    return " ".join(_latex_word(word) for word in words)


def lettered(text: str) -> str:
    """Words of the house, in whatever language they are; what is lettered stays so."""
    return _ONCE.sub(_lettered, unicodedata.normalize("NFC", text))


def lettered_formula(tex: str) -> str:
    """A formula with its words lettered."""
    return worded(tex, lettered)


def built_formula(tex: str) -> str:
    """A formula with its words built of what every LaTeX has."""
    return worded(tex, lambda words: _RUN.sub(lambda run: _built(run[0]), words))


def _latex_word(word: str) -> str:
    runs = _RUN.split(word)
    if len(runs) == 1:
        return _built(word)
    found = _RUN.findall(word)
    return "".join(_built(a) + b for a, b in zip(runs, [*map(_run, found), ""], strict=True))


def _lettered(run: re.Match[str]) -> str:
    return run[0] if run[0].startswith("\\") else _run(run[0])


def _run(run: str) -> str:
    command = "vietnamese" if _T5.issuperset(run) else "letters"
    return rf"\{command}{{{run}}}{{{run.encode('utf-16-be').hex().upper()}}}{{{_built(run)}}}"


def _built(word: str) -> str:
    pieces = [_latex_character(character) for character in word]
    if len(word) > _LONG_WORD:
        pieces = [
            piece + (r"\allowbreak{}" if k % 8 == 7 else "") for k, piece in enumerate(pieces)
        ]
    return "".join(pieces)


def _latex_character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    if character in _CHARACTERS:
        return _CHARACTERS[character]
    if character in GREEK_CHARACTERS:
        return rf"\ensuremath{{{GREEK[GREEK_CHARACTERS[character]]}}}"
    if unicodedata.category(character) in ("Cc", "Cf", "Mn", "Co", "Cs"):
        return ""
    return _composed(character) or rf"[U+{ord(character):04X}]\allowbreak{{}}"


def _composed(character: str) -> str | None:
    """A letter with accents by TeX's accents, or None if it is none of ours."""
    base, *marks = list(unicodedata.normalize("NFKD", character))
    plain = all(" " <= c <= "~" and c not in _SPECIAL for c in [base, *marks])
    if plain:
        return base + "".join(marks)
    if base in GREEK_CHARACTERS:
        letter = GREEK[GREEK_CHARACTERS[base]]
        known = [mark for mark in marks if mark in MATH_COMBINING]
        return rf"\ensuremath{{{_stacked(letter, known)}}}"
    if not (base.isascii() and base.isalpha()):
        return None
    upper = [mark for mark in marks if mark in MATH_COMBINING]
    other = [mark for mark in marks if mark not in MATH_COMBINING]
    if any(mark not in TEXT_COMBINING and mark not in _RAISED for mark in other):
        return None
    if len(upper) > 1:
        # Text accents do not stack in TeX's first fonts, those of mathematics do.
        letter = rf"\ensuremath{{{_stacked(rf'{_ROMAN}{{{base}}}', upper)}}}"
    elif upper:
        letter = f"{TEXT_COMBINING[upper[0]]}{{{_dotless(base)}}}"
    else:
        letter = base
    for mark in other:
        raised = _RAISED.get(mark)
        letter = letter + raised if raised else f"{TEXT_COMBINING[mark]}{{{letter}}}"
    return letter


def _dotless(letter: str) -> str:
    return {"i": r"\i", "j": r"\j"}.get(letter, letter)


def _stacked(text: str, marks: list[str]) -> str:
    for mark in marks:
        text = f"{MATH_COMBINING[mark]}{{{text}}}"
    return text


def latex_comment(text: str) -> str:
    """The text for one line after ``%``: printable ASCII only."""
    line = " ".join(text.split())
    return "".join(c if " " <= c <= "~" else "?" for c in line)


_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&])")


def markdown_text(text: str) -> str:
    """The text for a paragraph of Markdown: no emphasis, no HTML, no mathematics."""
    cleaned = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") or c.isspace())
    return _MARKDOWN.sub(_markdown_character, " ".join(cleaned.split()))


def _markdown_character(match: re.Match[str]) -> str:
    # Renderers look for mathematics and HTML also behind a backslash: entities are safe.
    entities = {"$": "&#36;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "\\": "&#92;", "|": "&#124;"}
    character = match.group(1)
    if character in entities:
        return entities[character]
    return character if character in ".()-+!" else "\\" + character
