"""Documents as data: blocks as JSON, and read back.

What may stand where is what `symbptt.typeset.blocks` says of its classes: every object bears the
``kind`` of its class, and has its fields. ``document.schema.json`` says the same to others.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard, Union, get_args, get_origin, get_type_hints

from symbptt.errors import DataError
from symbptt.output import signed, unsigned
from symbptt.typeset.blocks import Document
from symbptt.typeset.translation import ENGLISH

SCHEMA = Path(__file__).with_name("document.schema.json")
"""The JSON Schema of documents; `schema_text` makes it."""

VERSION = 1
"""Of the schema: another one where what was read before is read no more."""


def json_text(document: Document) -> str:
    """The document as JSON; its head bears the digest."""
    head = {"made": document.made, "version": VERSION}
    data = {**head, **_encoded(document)}
    return signed(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def load_document(text: str) -> Document:
    """The document that ``symbptt derive MODEL --to json`` wrote.

    Printed (`print_document`) it gives what it gave before.

    Parameters
    ----------
    text : str
        JSON of the schema's version 1.

    Raises
    ------
    DataError
        If it is none, with the place at which something else was expected.
    """
    try:
        data = json.loads(unsigned(text))
    except json.JSONDecodeError as error:
        raise DataError(f"this is no JSON: line {error.lineno}: {error.msg}") from error
    if not isinstance(data, dict) or data.pop("version", None) != VERSION:
        raise DataError(f"expected a document with `version` {VERSION}, as --to json writes it")
    # Documents were written before they had a choice of languages.
    found = _decoded({"language": ENGLISH, **data}, Document, "")
    assert isinstance(found, Document)
    return found


# --- by the fields of the classes ----------------------------------------------------------


@cache
def _fields(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _kind(kind: type) -> str:
    return kind.__name__.lower()


def _encoded(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        inner = {name: _encoded(getattr(value, name)) for name in _fields(type(value))}
        return {"kind": _kind(type(value)), **inner}
    return [_encoded(one) for one in value] if isinstance(value, tuple) else value


def _decoded(data: Any, hint: Any, place: str) -> Any:
    """The value of a field's type; ``place`` leads to it, as in /blocks/3/text."""
    if get_origin(hint) is tuple:
        return _decoded_tuple(data, get_args(hint), place)
    choices = [one for one in _choices(hint) if _is_of(data, one)]
    if not choices:
        wanted = " or ".join(map(_called, _choices(hint)))
        raise DataError(f"at {place or '/'}: expected {wanted}, found {json.dumps(data)[:60]}")
    (chosen,) = choices
    if not _is_a_class_of_ours(chosen):
        return data
    known = _fields(chosen)
    if wrong := (data.keys() - {"kind"}) ^ known.keys():
        names = ", ".join(f"`{name}`" for name in sorted(wrong))
        raise DataError(f"at {place or '/'}: {names}: {_called(chosen)} has {', '.join(known)}")
    return chosen(**{name: _decoded(data[name], known[name], f"{place}/{name}") for name in known})


def _decoded_tuple(data: Any, inner: Sequence[Any], place: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise DataError(f"at {place}: expected a list, found {json.dumps(data)[:60]}")
    endless = inner[-1] is Ellipsis
    hints = [inner[0]] * len(data) if endless else list(inner)
    if len(hints) != len(data):
        raise DataError(f"at {place}: expected a list of {len(hints)}, found one of {len(data)}")
    return tuple(
        _decoded(one, hint, f"{place}/{number}")
        for number, (one, hint) in enumerate(zip(data, hints, strict=True))
    )


def _is_a_class_of_ours(hint: Any) -> TypeGuard[type]:
    return isinstance(hint, type) and is_dataclass(hint)


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _is_of(data: Any, hint: Any) -> bool:
    if _is_a_class_of_ours(hint):
        return isinstance(data, dict) and data.get("kind") == _kind(hint)
    if hint is str:
        return isinstance(data, str)
    number = int if hint is int else int | float
    return isinstance(data, number) and not isinstance(data, bool)


_NAMES: Mapping[Any, tuple[str, str]] = {
    str: ("a text", "string"),
    float: ("a number", "number"),
    int: ("a number", "integer"),
}


def _called(hint: Any) -> str:
    return f"a `{_kind(hint)}`" if _is_a_class_of_ours(hint) else _NAMES[hint][0]


# --- the schema ------------------------------------------------------------------------------


def schema_text() -> str:
    """The JSON Schema of documents, of its draft 2020-12."""
    found: dict[str, Any] = {}
    _define(Document, found)
    document = found.pop("document")
    document["properties"] = {"version": {"const": VERSION}, **document["properties"]}
    required = [name for name in document["required"] if name != "language"]
    document["required"] = ["version", *required]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A document of symbptt, version {VERSION}",
        **document,
        "$defs": found,
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _define(kind: type, found: dict[str, Any]) -> None:
    found[_kind(kind)] = {}
    properties = {name: _schema(hint, found) for name, hint in _fields(kind).items()}
    words = (kind.__doc__ or "").partition("\n\n")[0]
    said = "" if words.startswith((kind.__name__, "Attributes")) else " ".join(words.split())
    found[_kind(kind)] = {
        **({"description": said} if said else {}),
        "type": "object",
        "properties": {"kind": {"const": _kind(kind)}, **properties},
        "required": ["kind", *properties],
        "additionalProperties": False,
    }


def _schema(hint: Any, found: dict[str, Any]) -> dict[str, Any]:
    if get_origin(hint) is tuple:
        inner = get_args(hint)
        if inner[-1] is Ellipsis:
            return {"type": "array", "items": _schema(inner[0], found)}
        items = [_schema(one, found) for one in inner]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
    choices = [_choice_schema(one, found) for one in _choices(hint)]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _choice_schema(hint: Any, found: dict[str, Any]) -> dict[str, Any]:
    if not _is_a_class_of_ours(hint):
        return {"type": _NAMES[hint][1]}
    if _kind(hint) not in found:
        _define(hint, found)
    return {"$ref": f"#/$defs/{_kind(hint)}"}
