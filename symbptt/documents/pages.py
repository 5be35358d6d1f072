"""A document's text with all that is no text blanked out, line by line as it was.

Comments, code, what stands before ``\\begin{document}``: each gives way to as many line feeds as it
had, so that a place in what is left is at the line where its author sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from symbptt.errors import DocumentError

MAX_BYTES = 512 * 1024

TEX, MARKDOWN = "LaTeX", "Markdown"


@dataclass(frozen=True)
class Page:
    """The text of a document, and what kind of text it is."""

    file: str
    text: str
    kind: str

    def line(self, place: int) -> int:
        """The line of a place in the text, from 1."""
        return self.text.count("\n", 0, place) + 1

    def wrong(self, line: int, words: str) -> DocumentError:
        """An error that begins as editors read a place."""
        return DocumentError(f"{self.file}:{line}: {words}")


def decode(data: bytes, file: str) -> str:
    """The text of a document.

    Raises
    ------
    DocumentError
        If it is larger than 512 KiB, or no text.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(
            f"{file}: a document has at most {MAX_BYTES:,} bytes, and this one has "
            f"{len(data):,}: proofread its chapters one by one"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # An older document: its mathematics is ASCII whatever its words are.
        text = data.decode("latin-1")
    text = re.sub(r"\r\n?", "\n", text)
    control = re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise DocumentError(
            f"{file}:{line}: a document is LaTeX or Markdown, and this file is no text: it has "
            f"the byte 0x{ord(control.group()):02X}"
        )
    return text


def page(text: str, file: str) -> Page:
    """What is text in a document; its kind is told by its name, else by what stands in it."""
    ending = PurePath(file).suffix.lower()
    named = {".tex": TEX, ".ltx": TEX, ".md": MARKDOWN, ".markdown": MARKDOWN}
    like = TEX if re.search(r"\\(documentclass|begin\{document\})", text) else MARKDOWN
    kind = named.get(ending, like)
    blanked = _tex(text) if kind == TEX else _markdown(text)
    return Page(file, blanked, kind)


def _lines(text: str) -> str:
    return "\n" * text.count("\n")


def _without(text: str, opening: str, closing: str) -> str:
    """The text with a blank for everything between two marks, marks included.

    ``closing`` is what `opening` matched, filled in as `re.Match.expand` does.
    """
    parts: list[str] = []
    done = 0
    missing: set[str] = set()
    for match in re.finditer(opening, text):
        mark = match.expand(closing)
        if match.start() < done or mark in missing:
            continue
        end = text.find(mark, match.end())
        if end < 0:
            missing.add(mark)
            continue
        parts += [text[done : match.start()], _lines(text[match.start() : end])]
        done = end + len(mark)
    return "".join([*parts, text[done:]])


_VERBATIM = "verbatim|Verbatim|lstlisting|minted|comment|tikzpicture|filecontents|algorithmic"
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_VERB = re.compile(r"\\(?:verb|lstinline)\*?([^\w\s{*])[^\n]{0,300}?\1")


def _tex(text: str) -> str:
    text = _without(text, rf"\\begin\{{((?:{_VERBATIM})\*?)\}}", r"\\end{\1}")
    text = _VERB.sub("", text)
    text = _COMMENT.sub(r"\1", text)
    text = _without(text, r"\\iffalse\b", r"\\fi")
    before, _, after = text.partition(r"\end{document}")
    return before + _lines(after)


_FENCE = re.compile(
    r"^[ \t>]*(?P<fence>`{3,}+|~{3,}+)[ \t]*(?P<kind>[^\n]*)\n(?P<body>.*?)"
    r"(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_CODE = re.compile(r"(?<![`\\$])(`+)[^`\n]+\1(?![`$])")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_GITHUB = re.compile(r"\$`([^`\n]*)`\$")


def _markdown(text: str) -> str:
    text = _FRONT_MATTER.sub(lambda match: _lines(match.group()), text)
    text = _FENCE.sub(_fenced, text)
    text = _without(text, "<!--", "-->")
    return _CODE.sub("", _GITHUB.sub(r"$\1$", text))


def _fenced(match: re.Match[str]) -> str:
    """Code gives way to its lines; a block of mathematics is a display."""
    if match["kind"].strip().lower() in ("math", "{math}"):
        closing = "$$" if match.group().rstrip().endswith(match["fence"]) else ""
        return f"$$\n{match['body']}{closing}"
    return _lines(match.group())
