"""Blocks as a page for a browser: one file, formulas set by KaTeX, which it carries."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from zlib import compress

from symbptt.templating import template_folder
from symbptt.typeset.blocks import (
    Block,
    Box,
    Display,
    Document,
    Equality,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Points,
    Prose,
    Sign,
    Table,
    Version,
)
from symbptt.typeset.format import Format
from symbptt.typeset.text import latex_comment
from symbptt.typeset.text_format import TextFormat

KATEX = Path(__file__).with_name("katex")
"""KaTeX as its authors give it out, with its licence and the fonts that documents need."""


class Html(Format):
    """Headings hold what stands below them, and fold."""

    def body(self, blocks: Sequence[Block]) -> str:
        text = "\n\n".join(self.folded(blocks)) + "\n"
        displays = [block for block in blocks if isinstance(block, Display)]
        derived = {line.tag for block in displays for line in block.lines}
        # What is told in the summary alone is linked to there.
        for box in (block for block in blocks if isinstance(block, Box)):
            for tag in {line.tag: None for line in box.lines if line.tag not in derived}:
                head = f'<div class="equality"{_numbered(tag)}'
                text = text.replace(f"{head}>", f'{head} id="eq-{tag}">', 1)
        return text

    def folded(self, blocks: Sequence[Block]) -> Iterator[str]:
        levels: list[int] = []
        for block in blocks:
            if not isinstance(block, Heading):
                yield self.block(block)
                continue
            while levels and levels[-1] >= block.level:
                yield "</details>"
                levels.pop()
            levels.append(block.level)
            yield f"<details open>{self.heading(replace(block, level=len(levels)))}"
        yield from ("</details>" for _ in levels)

    def comment(self, text: str) -> str:
        return latex_comment(text).replace(">", "&gt;")

    def words(self, text: str) -> str:
        return escape(text)

    def math(self, tex: str) -> str:
        return f'<span class="math">{escape(tex)}</span>'

    def formula(self, tex: str) -> str:
        """As large as in a display, though it may be broken into lines."""
        return self.math(rf"\displaystyle {tex}")

    def heading(self, block: Heading) -> str:
        number = block.level + 1
        return f"<summary><h{number}>{self.prose(block.text)}</h{number}></summary>"

    def paragraph(self, block: Paragraph) -> str:
        return f"<p>{self.prose(block.text)}</p>"

    def points(self, block: Points) -> str:
        items = "\n".join(f"<li>{self.prose(item)}</li>" for item in block.items)
        return f"<ul>\n{items}\n</ul>"

    def display(self, block: Display) -> str:
        lines = "\n".join(self.equality(line, f' id="eq-{line.tag}"') for line in block.lines)
        return f'<div class="display">\n{lines}\n</div>'

    def box(self, block: Box) -> str:
        lines = "\n".join(map(self.equality, block.lines))
        return f'<div class="display box">\n{lines}\n</div>'

    def equality(self, line: Equality, place: str = "") -> str:
        """A chain: what is equal below each other, its number a link to where it is derived."""
        *before, last = (self.formula(f"{{}}{line.sign} {m}") for m in line.members)
        *early, late = map(self.why, line.reasons or ((),) * len(line.members))
        last += f' <span class="ending">{self.math(line.ending)}</span>' if line.ending else ""
        last += f' <span class="words">{self.words(line.words)}</span>' if line.words else ""
        tag = f'<a class="tag" href="#eq-{line.tag}">({line.tag})</a>' if line.tag else ""
        return (
            f'<div class="equality"{_numbered(line.tag) + place if line.tag else ""}>'
            f'<div class="left">{self.formula(line.left)}</div>'
            + "".join(
                f'<div class="member">{member}</div>{why}'
                for member, why in zip(before, early, strict=True)
            )
            + f'<div class="member last">{last}</div>{late}{tag}</div>'
        )

    def why(self, reason: Prose) -> str:
        return f'<div class="why">{self.prose(reason)}</div>' if reason else ""

    def reference(self, tag: str) -> str:
        return f'<a href="#eq-{tag}">({tag})</a>'

    def figure(self, block: Figure) -> str:
        return f'<figure class="graph">{block.svg}</figure>'

    def listing(self, block: Listing) -> str:
        parts = "".join(self.statement(*statement) for statement in block.statements)
        return (
            f'<aside class="code" aria-labelledby="code"><h2 id="code">{WORDS["code"]}</h2>'
            f'<pre tabindex="0"><code>{parts}</code></pre></aside>'
        )

    def statement(self, lines: tuple[str, ...], tag: str) -> str:
        text = "".join(f"<span>{escape(line)}</span>" for line in lines)
        return f'<a href="#eq-{tag}"{_numbered(tag)}>{text}</a>\n' if tag else f"{text}\n"

    def table(self, block: Table) -> str:
        head = "".join(f'<th scope="col">{cell}</th>' for cell in block.head)
        rows = "\n".join(map(self.row, block.rows))
        return (
            f'<div class="table"><table>\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{rows}\n</tbody>\n</table></div>"
        )

    def row(self, cells: Sequence[Prose]) -> str:
        return f"<tr>{''.join(f'<td>{self.prose(cell)}</td>' for cell in cells)}</tr>"

    def parts(self, document: Document, text: str) -> Mapping[str, str]:
        name = escape(TextFormat().prose(document.title))
        words = {name: self.say(text) for name, text in WORDS.items()}
        return {
            "name": name,
            "signs": in_script(list(map(self.sign, document.signs))),
            "switches": self.switches([variant.key for variant in document.variants]),
            "words": in_script(words),
            **{name: escape(said) for name, said in words.items()},
            "variants": self.packed(document.variants),
            "above": "",
            "below": "",
            **self.assets(),
        }

    def assets(self) -> Mapping[str, str]:
        """What a page needs beside its text: in the page, or links."""
        return carried()

    def packed(self, variants: Sequence[Version]) -> str:
        """All variants as lists of numbers of the pieces that they share, compressed."""
        pieces: dict[str, int] = {}
        keyed = {
            ";".join(variant.key): [
                pieces.setdefault(piece, len(pieces))
                for piece in self.body(variant.blocks).split("\n\n")
            ]
            for variant in variants
        }
        text = json.dumps({"pieces": list(pieces), "variants": keyed}, separators=(",", ":"))
        return b64encode(compress(text.encode())).decode("ascii") if variants else ""

    def sign(self, sign: Sign) -> dict[str, object]:
        """What the script marks in formulas, and what it says of it."""
        symbol = self.math(
            sign.core + (f"_{{{','.join(sign.subscripts)}}}" if sign.subscripts else "")
        )
        parts = [f"<b>{symbol}</b> <code>{self.words(sign.name)}</code>", self.prose(sign.role)]
        parts += [self.prose(part) for part in (sign.space, sign.meaning) if part]
        by = f"{self.say(WORDS['defined'])} {self.prose(sign.defined)}"
        parts += [by] if sign.defined else []
        return {"core": sign.core, "subscripts": sign.subscripts, "says": "<br>".join(parts)}

    def switches(self, keys: Sequence[tuple[str, ...]]) -> str:
        """What is chosen from in a page, the first of each first; nothing where is no choice."""
        if len(keys) < 2:
            return ""
        lists = (dict.fromkeys(values) for values in zip(*keys, strict=True))
        return "\n".join(
            f"<label>{self.say(label)} <select>{''.join(map(self.choice, names))}</select></label>"
            for label, names in zip(_CHOICES, lists, strict=True)
        )

    def choice(self, name: str) -> str:
        shown = self.say(name)
        value = f' value="{name}"' if shown != name else ""
        return f"<option{value}>{shown}</option>"


WORDS = {
    "toolbar": "Page",
    "results": "Results only",
    "close": "Close all",
    "open": "Open all",
    "dark": "Dark",
    "light": "Light",
    "print": "Print",
    "contents": "Contents",
    "code": "NumPy",
    "by_keyboard": "The number of an equation tells its symbols; from there the arrow keys go from "
    "symbol to symbol, and Escape closes what was told.",
    "defined": "defined by",
}
"""What a page says besides its document; the script has it, too."""

_CHOICES = ("Form", "Layout", "Steps", "Derivatives", "Detail")


def _numbered(tag: str) -> str:
    return f' data-tag="{tag}"'


def in_script(data: object) -> str:
    """As JSON that ends no element of a page."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def carried() -> Mapping[str, str]:
    """What a page carries beside its text."""
    own = template_folder("html")
    fonts = re.sub(r"@font-face\{.*?\}", _embedded, _read(KATEX / "katex.min.css"))
    styles = f"<style>{fonts}</style>\n<style>\n{_read(own / 'style.css')}\n</style>"
    licence, katex = _read(KATEX / "LICENSE").strip(), _read(KATEX / "katex.min.js")
    script = _read(own / "script.js")
    return {
        "policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "font-src data:",
        "styles": styles,
        "licences": f"<!--\n{licence}\n-->",
        "scripts": f"<script>{katex}</script>\n<script>\n{script}\n</script>",
    }


def _embedded(rule: re.Match[str]) -> str:
    """The rule of a font with the font in it; "" for fonts that documents don't need."""
    name = re.search(r"fonts/([\w-]+\.woff2)", rule[0])
    path = KATEX / "fonts" / name[1] if name else None
    if path is None or not path.is_file():
        return ""
    data = b64encode(path.read_bytes()).decode("ascii")
    return re.sub(
        r"src:.*?(?=[;}])", f'src:url(data:font/woff2;base64,{data}) format("woff2")', rule[0]
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
