"""Articles and notes of a page, of which others are made by mutation."""

from __future__ import annotations

from functools import cache

from tests.formula.spelling.test_spellings import SAME

DISPLAYS = (
    r"$$ {} $$",
    r"\[ {} \]",
    r"\begin{{equation}}\label{{eq:h}} {} \tag{{3}}\end{{equation}}",
    r"""\begin{{align}}
  {} \\
  &= 0 & \text{{for }} t = T \\[2pt]
  a &:= b, \quad c = d
\end{{align}}""",
    "```math\n{}\n```",
    r"in a line $ {} $ and \( {} \)",
    r"\[ \boxed{{\begin{{aligned}} {} \end{{aligned}}}} \]",
    r"\begin{{gather*}} {} \intertext{{where}} \end{{gather*}} % \[",
    r"\[ h_t = \begin{{cases}} {} & t < T \\ 0 & \text{{otherwise}} \end{{cases}} \]",
)

AROUND = (
    "# Notes\n\nLet `a` be a state. {}\n\n> quoted\n",
    r"""\documentclass{{article}}
\newcommand{{\pd}}[2]{{\frac{{\partial #1}}{{\partial #2}}}}
\begin{{document}}
Let $\delta_t = \pd{{L}}{{h_t}}$. {}
\input{{other}}\end{{document}}
""",
    r"""\def\W#1{{W_{{h#1}}}}\let\old\vec\DeclareMathOperator{{\diag}}{{diag}}
\begin{{verbatim}}
$$x = y$$
\end{{verbatim}}
{} \verb|$$| where $\mathbf{{g}} = 1$.
""",
    "---\ntitle: t\n---\n<!-- no -->\n```python\nx = y\n```\n{}\n",
)


@cache
def documents() -> tuple[str, ...]:
    """One a spelling, with displays and surroundings in turn."""
    typed = [text for name, _, texts in SAME if name == "linear" for text in texts]
    return tuple(
        AROUND[k % len(AROUND)].format(DISPLAYS[k % len(DISPLAYS)].format(*[text] * 2))
        for k, text in enumerate(typed)
    )
