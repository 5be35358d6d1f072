"""Documents as data: of the schema, read back as they were, refused where they are no document."""

from __future__ import annotations

import json
from typing import Any

import pytest

import symbptt
from symbptt.calculus.gradients import derive
from symbptt.errors import DataError, OptionError
from symbptt.figures.figure import block
from symbptt.language import library
from symbptt.typeset.article import article
from symbptt.typeset.blocks import Document
from symbptt.typeset.document import FORMATS, printed, render
from symbptt.typeset.fragment import Fragment
from symbptt.typeset.json_format import SCHEMA, json_text, load_document, schema_text
from symbptt.typeset.style import Style
from tests import cells
from tests.modules import some
from tests.typeset.test_blocks import BLOCKS

NAMES = (*library.differentiable(), *cells.NAMES)
DOCUMENT = Document(("Made by symbptt.", "symbptt derive m"), (), "", tuple(BLOCKS.values()))
STYLES = (Style(), Style("row", "superscript", "delta", "index"))


def document(name: str, style: Style) -> Document:
    model = cells.cell(name) if name in cells.NAMES else library.load(name)
    return article(derive(model), f"symbptt derive {name}", style, ahead=(block(model),))


def offences(data: Any, schema: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    """What a document does that its schema does not allow; of JSON Schema what ours uses."""
    if "$ref" in schema:
        return offences(data, whole["$defs"][schema["$ref"].removeprefix("#/$defs/")], whole)
    if "anyOf" in schema:
        found = [offences(data, one, whole) for one in schema["anyOf"]]
        return [] if [] in found else [f"none of {len(found)}: {data!r}"]
    if "const" in schema:
        return [] if data == schema["const"] else [f"{data!r} is not {schema['const']!r}"]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": int | float}
    if not isinstance(data, kinds[schema["type"]]):
        return [f"{data!r} is no {schema['type']}"]
    if isinstance(data, dict):
        inner = schema["properties"]
        wrong = [f"{name} is missing" for name in schema["required"] if name not in data]
        wrong += [f"{name} is not known" for name in data if name not in inner]
        return wrong + [o for n in data.keys() & inner for o in offences(data[n], inner[n], whole)]
    if isinstance(data, list) and "prefixItems" in schema:
        if len(data) != schema["minItems"]:
            return [f"{data!r} is of another length"]
        pairs = zip(data, schema["prefixItems"], strict=True)
        return [o for one, inner in pairs for o in offences(one, inner, whole)]
    found = [offences(one, schema["items"], whole) for one in data] if "items" in schema else []
    return [o for each in found for o in each]


def of_the_schema(text: str) -> list[str]:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return offences(json.loads(text), schema, schema)


def test_the_schema_is_that_of_the_blocks() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "make generated"


@pytest.mark.parametrize("name", some(NAMES, 9))
def test_a_document_is_of_the_schema_and_prints_the_same_once_it_is_read(name: str) -> None:
    for style in STYLES:
        told = document(name, style)
        text = json_text(told)
        assert not of_the_schema(text)
        read = load_document(text)
        assert read == told
        assert json_text(read) == text


@pytest.mark.parametrize("to", FORMATS)
def test_every_block_prints_the_same_once_it_is_read(to: str) -> None:
    text = json_text(DOCUMENT)
    assert not of_the_schema(text)
    assert printed(load_document(text), to) == printed(DOCUMENT, to)


@pytest.mark.parametrize("to", ["tex", "md", "text"])
def test_what_is_read_prints_to_the_bytes_of_the_command(to: str) -> None:
    derivation = derive(library.load("gru"))
    style = Style(detail="index")
    read = symbptt.load_document(render(derivation, "json", style=style, author="A. Other"))
    again = symbptt.print_document(read, to)
    assert again == render(derivation, to, style=style, author="A. Other")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("blocks", 0, "kind"), "image", "at /blocks/0: expected a `heading` or a `paragraph`"),
        (("blocks", 0, "level"), "1", "at /blocks/0/level: expected a number, found \"1\""),
        (("blocks", 3, "lines", 0, "members", 1), None, "at /blocks/3/lines/0/members/1: expected"),
        (("blocks", 6, "statements", 0, 1), True, "at /blocks/6/statements/0/1: expected a text"),
        (("blocks", 6, "statements", 0), ["x"], "expected a list of 2, found one of 1"),
        (("blocks", 3, "lines"), "a = b", "at /blocks/3/lines: expected a list"),
        (("colour",), "red", "at /: `colour`: a `document` has made, title"),
        (("version",), 2, "expected a document with `version` 1"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_the_place(
    path: tuple[str | int, ...], value: object, words: str
) -> None:
    data = json.loads(json_text(DOCUMENT))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    text = json.dumps(data)
    assert of_the_schema(text)
    with pytest.raises(DataError) as error:
        load_document(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"), [("{", "no JSON: line 1"), ("[1]", "`version` 1"), ("", "no JSON")]
)
def test_what_is_no_json_is_refused(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        load_document(text)


def test_data_is_no_fragment() -> None:
    with pytest.raises(OptionError, match="--fragment and --to json can't be combined: data is"):
        render(derive(library.load("linear")), "json", Fragment())
