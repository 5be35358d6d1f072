"""Displays, their rows, columns, chains, conditions and numbers."""

from __future__ import annotations

import pytest

from tests.documents.reading import equations_of, texts


@pytest.mark.parametrize(
    "text",
    [
        "$$a = b$$",
        r"\[ a = b \]",
        r"\begin{equation}\label{eq:x} a = b \end{equation}",
        r"\begin{equation*} a = b . \end{equation*}",
        r"\begin{align} a &= b \nonumber \end{align}",
        r"\begin{align*} & a \\ &= b, \end{align*}",
        r"\begin{gather} a = b \end{gather}",
        r"\begin{multline} a \\ = b \end{multline}",
        r"\begin{eqnarray} a & = & b \end{eqnarray}",
        r"\begin{alignat}{2} a &= b \end{alignat}",
        r"$$\begin{aligned} a &= b \end{aligned}$$",
        r"\begin{equation}\begin{split} a &= b \end{split}\end{equation}",
        r"\[ \boxed{a = b} \]",
        r"\[ a \stackrel{\text{def}}{=} b \]",
        r"\[ a := b \]",
        r"\[ a = b \quad \text{(as it was)} \]",
        r"\begin{align} a &= b && \text{(a remark)} \end{align}",
        "% $$x = y$$\n$$a = b$$ % $$u = v$$",
        "\\begin{verbatim}\n$$x = y$$\n\\end{verbatim}\n$$a = b$$",
        "\\documentclass{article}\n\\begin{document}\n\\[a = b\\]\n\\end{document}\n$$x = y$$",
    ],
)
def test_every_kind_of_display_is_found(text: str) -> None:
    assert texts(text) == ["a = b"]


@pytest.mark.parametrize(
    "text",
    [
        "```math\na = b\n```",
        "\\\\[ a = b \\\\]",
        "```python\nx = y\n$$x = y$$\n```\n$$a = b$$",
        "`$$x = y$$` and\n\n$$ a = b $$",
        "---\ntitle: $$x = y$$\n---\n$$a = b$$",
        "<!-- $$x = y$$ -->\n$$a = b$$",
        "$$a$$ is a letter and $$a = b$$",
        "- it costs $5, then $10\n\n  $$a = b$$",
        "> $$a = b$$",
    ],
)
def test_markdown_has_displays_and_code(text: str) -> None:
    assert texts(text, "notes.md") == ["a = b"]


@pytest.mark.parametrize("text", [r"$a = b$", r"\(a = b\)", "$`a = b`$"])
def test_formulas_in_a_line_are_found_where_they_are_wanted(text: str) -> None:
    assert texts(text, "notes.md") == []
    assert texts(text, "notes.md", inline=True) == ["a = b"]


def test_rows_have_the_lines_of_the_document() -> None:
    text = (
        "one\n\n\\begin{align}\n  a &= b \\\\\n\n  c &= d \\\\[2pt]\n  e &= f\n\\end{align}\n"
        "$$\n\ng = h$$"
    )
    assert [(one.line, one.text) for one in equations_of(text)] == [
        (4, "a = b"),
        (6, "c = d"),
        (7, "e = f"),
        (11, "g = h"),
    ]


def test_a_row_goes_on_in_the_chain_or_in_the_expression_above() -> None:
    text = r"\begin{align} a &= b + c \\ &\quad + d \\ &= e \\ f &= g = h \end{align}"
    assert [(one.text, one.continues) for one in equations_of(text)] == [
        ("a = b + c + d", False),
        (" = e", True),
        ("f = g = h", False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\[ a_t = b, \quad o_t = c \]", ["a_t = b", "o_t = c"]),
        (r"\begin{align} a &= b & c &= d \\ e &= f \end{align}", ["a = b", "c = d", "e = f"]),
        (r"\[ a = b \text{ and } c = d \]", ["a = b", "c = d"]),
        (r"\[ a = b \implies c = d \]", ["a = b", "c = d"]),
        (r"\[ a = f(x, \quad y) \]", [r"a = f(x, \quad y)"]),
        (r"\[ a = \sum_{k=1}^T b_k \]", [r"a = \sum_{k=1}^T b_k"]),
        (r"\[ a = \left( b \right. \]", [r"a = \left( b \right."]),
    ],
)  # fmt: skip
def test_equations_that_stand_side_by_side(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"\quad (1 \le t \le T-1)", "1 <= t <= T-1"),
        (r", \qquad t = 1, \dots, T", "1 <= t <= T"),
        (r"\quad \text{for } t = T-1, \ldots, 1", "1 <= t <= T-1"),
        (r" \text{ for $1 \leq t < T$}", "1 <= t < T"),
        (r"\quad \forall t \in \{1, \dots, T\}", "1 <= t <= T"),
        (r", \quad t = T", "t == T"),
        (r"\quad \text{if } t < T", "t < T"),
        (r"\quad t = 1, 2, \dots", "1 <= t"),
        (r"\quad \text{(hidden state)}", ""),
    ],
)
def test_a_condition_beside_an_equation(said: str, expected: str) -> None:
    (found,) = equations_of(rf"\[ a_t = b_t {said} \]")
    assert (found.members, found.condition, found.unread) == (("a_t", "b_t"), expected, "")


def test_a_condition_in_words_is_kept_as_unread() -> None:
    (found,) = equations_of(r"\[ a_t = b_t \quad \text{if the gate is open} \]")
    assert found.unread == r"\text{if the gate is open}"


def test_cases_are_an_equation_each() -> None:
    text = r"\[ a_t = \begin{cases} b & t = T \\ c & \text{if } t < T \end{cases} \]"
    assert texts(text) == ["a_t = b for t == T", "a_t = c for t < T"]


@pytest.mark.parametrize(
    "text",
    [
        r"$$a = b \tag{3.1}$$",
        r"$$a = b \quad (3.1)$$",
        r"$$(3.1) \quad a = b$$",
        r"$$a = b \eqno(3.1)$$",
        "$$\\begin{aligned} a &= b \\end{aligned} \\tag{3.1}$$",
        "$$a = b$$\n(3.1)",
        "(3.1)\n$$a = b$$",
        "$$a = b$$ (3.1)",
    ],
)
def test_an_equation_bears_its_number(text: str) -> None:
    (found,) = equations_of(text)
    assert (found.text, found.name) == ("a = b", "3.1")


def test_cases_of_an_index_are_one_equation() -> None:
    here, there = r"1 & \text{if } i = j", r"2 & \text{otherwise}"
    for first, second, row in (
        (here, there, ""),
        (here, r"2 & i \neq j", ""),
        (r"1 & \text{in row } i = j,", r"2 & \text{in the rows } i \neq j", "i"),
    ):
        (found,) = equations_of(rf"\[ a = \begin{{cases}} {first} \\ {second} \end{{cases}} \]")
        assert found.row == row
        delta = r"\mathbf{1}_{\{i = j\}}"
        assert (
            found.text
            == rf"a = {delta} \left( 1 \right) + \left(1 - {delta}\right) \left( 2 \right)"
        )


def test_a_condition_may_stand_in_a_row_of_its_own() -> None:
    (found,) = equations_of(r"\begin{align} a_t &= b \\ &\qquad \quad (1 \le t < T) \end{align}")
    assert (found.members, found.condition) == (("a_t", "b"), "1 <= t < T")


@pytest.mark.parametrize("sign", [r"\leftarrow", r"\gets", "←"])
def test_an_assignment_claims_nothing(sign: str) -> None:
    assert equations_of(rf"\[ g {sign} 2 g \]") == []


@pytest.mark.parametrize("sign", [r"\approx", r"\propto", "+=", "<"])
def test_what_is_no_equality_says_so(sign: str) -> None:
    (found,) = equations_of(rf"\[ a {sign} b \]")
    assert found.fault == f"`{sign}` is no sign of equality"
