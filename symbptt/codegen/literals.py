"""Python literals as formatters write them, so that generated files need no formatter."""

from __future__ import annotations

from collections.abc import Iterable

from symbptt.algebra import Dim, Shape

WIDTH = 88
ONE_LINE = WIDTH - len("_WITH_RESPECT_TO = ")


def literal(text: str) -> str:
    """A string literal: double quotes, unless single ones save escapes."""
    body = repr(text + "'" + '"')[1:-1]  # with both quotes in it, repr escapes the single one
    body = body[: -len("\\'\"")].replace("\\'", "'")
    if '"' in text and text.count("'") < text.count('"'):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def text_literal(text: str) -> str:
    """A triple-quoted literal: the text as it stands, but for what would break out of it."""
    body = "".join(c if c == "\n" or (c.isprintable() and c != "\\") else escaped(c) for c in text)
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    body = body.replace('"""', '\\"\\"\\"')
    return f'"""\\\n{body}"""'


def escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def in_docstring(text: str) -> str:
    """Text that can stand in a docstring without ending it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else "?" for c in escaped)


def tuple_literal(parts: Iterable[str]) -> str:
    texts = list(parts)
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def assigned(name: str, value: str) -> str:
    """``name = value``, in brackets of its own where only that makes the line short."""
    line = f"{name} = {value}"
    if len(line) > WIDTH >= len(value) + 4:
        return f"{name} = (\n    {value}\n)"
    return line


def assigned_tuple(name: str, parts: Iterable[str]) -> str:
    """``name = (…)``, an item a line where one line would be too long."""
    items = list(parts)
    line = f"{name} = {tuple_literal(items)}"
    if len(line) <= WIDTH:
        return line
    return f"{name} = (\n" + "".join(f"    {item},\n" for item in items) + ")"


def dict_literal(entries: Iterable[tuple[str, str | tuple[str, ...]]]) -> str:
    """A dict on one line, or an entry a line; a tuple in a line too long has an item a line."""
    pairs = [(literal(name), value) for name, value in entries]
    texts = [f"{k}: {v if isinstance(v, str) else tuple_literal(v)}" for k, v in pairs]
    line = f"{{{', '.join(texts)}}}"
    if len(line) <= ONE_LINE:
        return line
    return "{\n" + "".join(entry(*pair) for pair in pairs) + "}"


def entry(key: str, value: str | tuple[str, ...]) -> str:
    text = value if isinstance(value, str) else tuple_literal(value)
    line = f"    {key}: {text},\n"
    if isinstance(value, str) or len(line) <= WIDTH + 1 or not value:
        return line
    return f"    {key}: (\n" + "".join(f"        {v},\n" for v in value) + "    ),\n"


def number(value: int | None) -> str:
    return "None" if value is None else f"{value:_}"


def axis(dim: Dim | None) -> str:
    return str(dim) if isinstance(dim, int) else literal(str(dim))


def axes(shape: Shape) -> tuple[str, ...]:
    return tuple(axis(dim) for dim in shape)


def signature_lines(name: str, arguments: str, indent: str = "") -> list[str]:
    """``def name(arguments):`` in as many lines as a formatter takes."""
    head = f"{indent}def {name}("
    if len(head) + len(arguments) + 2 <= WIDTH:
        return [f"{head}{arguments}):"]
    if len(indent) + 4 + len(arguments) <= WIDTH:
        return [head, f"{indent}    {arguments}", f"{indent}):"]
    return [head, *(f"{indent}    {part}," for part in arguments.split(", ")), f"{indent}):"]
