"""From tokens to Python's syntax tree, with the student's slips explained first.

A statement that passes `check` is one that ``ast.parse`` reads; what it still refuses
is reported as well, in fewer words.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence

from symbptt.language.source import Findings, Place, Source
from symbptt.language.tokens import BINARY, MODEL, Grammar, Statement, Token, depth_zero, spelled

# Keywords that begin a statement of Python; the others stand inside expressions.
_PYTHON_STATEMENTS = frozenset(keyword.kwlist) - frozenset(
    ["False", "None", "True", "and", "as", "in", "is", "lambda", "not", "or"]
)


_STEP = re.compile(r"[tT]([-+]\w+)?|-?[0-9]+")


def check(statement: Statement, before: Statement | None, findings: Findings) -> None:
    """Finds keywords and misplaced operands and operators in a statement."""
    tokens = statement.tokens
    nothing = _no_statement(tokens)
    found = _keyword(tokens, MODEL) or nothing or _marks(tokens) or _target(tokens)
    found = found or _order(tokens, MODEL)
    if found is None:
        return
    statement.broken = True
    if found is not nothing or not _goes_on(before, tokens[0]):
        findings.add(*found)


def check_expression(tokens: Sequence[Token], findings: Findings, grammar: Grammar) -> None:
    """The same for the tokens of one expression."""
    found = _keyword(tokens, grammar) or _order(tokens, grammar)
    if found is not None:
        findings.add(*found)


def _goes_on(before: Statement | None, first: Token) -> bool:
    """Whether a line that states nothing is the rest of the broken one before it."""
    if before is None or not before.broken:
        return False
    return first.place.column > 0 or first.text in BINARY or before.tokens[-1].text in BINARY


def _keyword(tokens: Sequence[Token], grammar: Grammar) -> tuple[Place, str] | None:
    for position, token in enumerate(tokens):
        if keyword.iskeyword(token.text):
            after = tokens[position + 1].text if position + 1 < len(tokens) else ""
            return token.place, _about_keyword(token.text, position, after, grammar)
    return None


def _about_keyword(word: str, position: int, after: str, grammar: Grammar) -> str:
    if word in ("True", "False", "None"):
        return f"`{word}` is not a number; a {grammar.name} holds numbers and names only"
    if grammar != MODEL:
        return f"Python's `{word}` has no place in a {grammar.name}'s expression"
    if position == 0 and word in _PYTHON_STATEMENTS and after not in ("[", "=", ":", "."):
        return (
            f"`{word}` begins a Python statement, and a model is no program: it holds definitions "
            "`name[t] = …`, shapes `x: (d,)` and constants `k = 2`"
        )
    if word == "lambda" and position > 0 and after not in ("[", ")", "]", ",", "", *BINARY):
        return (
            "a Python function has no place in a model: declare an elementwise function with "
            "`phi: function`, or write the formula out"
        )
    if word in ("for", "if", "else", "in", "is", "not", "and", "or", "await", "yield") and position:
        return f"Python's `{word}` has no place in a model's expression"
    return f"`{word}` is reserved by Python and can't be a name: write `{word}_`, say"


def _no_statement(tokens: list[Token]) -> tuple[Place, str] | None:
    """A line without ``=`` and ``:``."""
    if any(token.text in ("=", ":") for token in depth_zero(tokens)):
        return None
    message = (
        "this line states nothing: expected a definition `name[t] = …`, a shape `x: (d,)` "
        "or a constant `k = 2`"
    )
    first = tokens[0]
    if first.text in BINARY or first.place.column > 0:
        message += "; if it goes on from the line above, put the whole expression in parentheses"
    return first.place.until(tokens[-1].place), message


def _marks(tokens: list[Token]) -> tuple[Place, str] | None:
    """One ``=`` or ``:`` states something, two of them state too much."""
    marks = [token for token in depth_zero(tokens) if token.text in ("=", ":", ",")]
    commas = [mark for mark in marks if mark.text == ","]
    if commas:
        return commas[0].place, (
            "a comma outside brackets: a shape is written `x: (d,)`, and each statement stands on "
            "a line of its own"
        )
    equals = [mark for mark in marks if mark.text == "="]
    if len(equals) > 1:
        return equals[1].place, "one `=` a line: define each name in a statement of its own"
    colons = [mark for mark in marks if mark.text == ":"]
    if len(colons) > 1:
        return colons[1].place, "one `:` a line: declare each name on a line of its own"
    return None


def _target(tokens: list[Token]) -> tuple[Place, str] | None:
    """Before ``=`` or ``:`` stands a name, with or without a step."""
    end = next(i for i, token in enumerate(tokens) if token.text in ("=", ":"))
    target = tokens[:end]
    if not target:
        return tokens[0].place, f"expected a name before `{tokens[0].text}`"
    first, last = target[0], target[-1]
    if first.kind == "name":
        brackets = (target[1].text, last.text) if len(target) > 1 else ("", "")
        if len(target) == 1 or (brackets == ("[", "]") and _is_one_bracket(target[1:])):
            return None
        step = "".join(token.text for token in target[2:-1])
        if brackets == ("(", ")") and _is_one_bracket(target[1:]) and _STEP.fullmatch(step):
            message = f"a step stands in square brackets: write `{first.text}[{step}]`"
            return first.place.until(last.place), message
    return first.place.until(last.place), (
        f"expected one name before `{tokens[end].text}`, as in `h[t] = …`, `W: (h, d)` or `k = 2`"
    )


def _is_one_bracket(tokens: list[Token]) -> bool:
    depth = 0
    for position, token in enumerate(tokens):
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        if depth == 0:
            return position == len(tokens) - 1
    return False


def _order(tokens: Sequence[Token], grammar: Grammar) -> tuple[Place, str] | None:
    """Operands and operators take turns."""
    operand = False  # whether the token before ends an operand
    open_brackets: list[Token] = []
    for position, token in enumerate(tokens):
        text = token.text if token.kind == "op" else ""
        before = tokens[position - 1] if position else None
        if token.kind != "op":
            if before is not None and before.text == ".":
                continue
            if operand:
                assert before is not None
                return token.place, _missing_operator(before, token)
            operand = True
        elif text in ("(", "["):
            if text == "[" and not operand:
                return token.place, "`[` stands after a name, as in `h[t]`; a group takes `(`"
            open_brackets.append(token)
            operand = False
        elif text in (")", "]"):
            opened = open_brackets.pop()
            empty = before is opened
            if empty and text == "]":
                return token.place, "the brackets are empty: expected a step, as in `h[t]`"
            trailing = before is not None and before.text in (",", ":")
            if not operand and not empty and not trailing:
                assert before is not None
                return token.place, f"an operand is missing between `{before.text}` and `{text}`"
            operand = True
        elif text == ".":
            follows = tokens[position + 1] if position + 1 < len(tokens) else None
            if not operand or follows is None or follows.kind != "name":
                return token.place, "`.` stands only in a number, as in `0.5`, and in `W.T`"
        elif text == ":" and grammar.entries and _opens_slice(before, open_brackets):
            operand = False
        elif text in BINARY:
            if not operand and text not in ("+", "-"):
                return token.place, _missing_operand(before, token)
            operand = False
        else:
            wrong = _separator(before, token, operand, open_brackets, grammar)
            if wrong:
                return wrong
            operand = False
    last = tokens[-1]
    if not operand:
        message = f"an operand is missing after `{last.text}`"
        if grammar == MODEL:
            message += "; an expression that goes on in the next line stands in parentheses"
        return last.place, message
    return None


def _opens_slice(before: Token | None, open_brackets: list[Token]) -> bool:
    """Whether a colon begins a slice, ``v[:d]``, or stands for a row's entries, ``E[j, :]``."""
    inside = open_brackets and open_brackets[-1].text == "["
    return before in open_brackets[-1:] or bool(inside and before and before.text == ",")


def _separator(
    before: Token | None,
    token: Token,
    operand: bool,
    open_brackets: list[Token],
    grammar: Grammar,
) -> tuple[Place, str] | None:
    """What is wrong with a ``,``, ``:``, ``=`` or another comparison where it stands."""
    if not operand:
        return token.place, _missing_operand(before, token)
    if not open_brackets or token.text == ",":
        return None
    if token.text == "=":
        return token.place, "`=` stands outside brackets only: arguments have no names here"
    if token.text != ":":
        return token.place, f"`{token.text}` stands outside brackets only: it compares steps"
    if grammar.entries and open_brackets[-1].text == "[":
        return None
    return token.place, "`:` has no meaning in brackets: a step is written `h[t]` or `h[t-1]`"


def _missing_operand(before: Token | None, token: Token) -> str:
    if before is None:
        return f"an operand is missing before `{token.text}`"
    return f"an operand is missing between `{before.text}` and `{token.text}`"


def _missing_operator(before: Token, token: Token) -> str:
    adjacent = before.place.line == token.place.line
    adjacent = adjacent and before.place.end_column == token.place.column
    if before.kind == "number" and adjacent:
        message = (
            f"`{before.text}{token.text}` is no number and no name: numbers are written `2`, "
            "`0.05` or `1e-3`"
        )
        is_product = token.text[0].isalpha() and before.text != "0"
        return message + (f", a product `{before.text} * {token.text}`" if is_product else "")
    return (
        f"an operator is missing between `{before.text}` and `{token.text}`: `@` for a matrix "
        "product, `*` for an elementwise one"
    )


def read(statement: Statement, source: Source, findings: Findings) -> ast.stmt | None:
    """Python's syntax tree of a statement; None where a finding says why there is none."""
    text = spelled("\n".join(source.cut(statement.place)))
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        findings.add(_place_of(error, statement), "this can't be read")
        return None
    if len(body) == 1:
        return body[0]
    findings.add(statement.place, "expected one statement on a line")
    return None


def _place_of(error: Exception, statement: Statement) -> Place:
    start = statement.place
    if not isinstance(error, SyntaxError) or not error.lineno or not error.offset:
        return start
    line = start.line + error.lineno - 1
    column = error.offset - 1 + (start.column if error.lineno == 1 else 0)
    return Place(line, column, line, column + 1)
