r"""What LaTeX's words and the characters of Unicode stand for in a formula: tables alone."""

from __future__ import annotations

from symbptt.typeset.notation import ACCENTS, GREEK, GREEK_CHARACTERS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FONTS = _words(
    "mathbf bm boldsymbol pmb mathrm textrm text mathit mathsf textsf mathtt texttt mathcal mathbb "
    "mathfrak mathscr textbf textit operatorname operatorname* mathop vec underline mbox bf rm "
    "mathnormal mathbfit symbf symbfit vb vect mat"
)
"""What changes how a name looks; the vectors of some texts have arrows and lines."""

BLACKBOARD = _words("mathbf mathbb bm boldsymbol mathds mathbbm bf")
"""Fonts in which a digit 1 is a vector of ones."""

WORDY = _words("text textrm mbox textit textbf texttt textsf")
"""Fonts in which a remark may be set."""

IGNORED = _words(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm middle "
    "limits nolimits displaystyle textstyle scriptstyle nonumber notag mathopen mathclose "
    "mathstrut mathord mathbin mathrel thinspace medspace thickspace negthinspace enspace hfill "
    "allowbreak nobreak boxed ensuremath relax strut smash , ; : ! / >"
)
"""Words that only place things; a space is none of their business."""

WITH_ARGUMENT = _words(
    "tag tag* label mspace hspace hspace* vspace phantom hphantom vphantom color cite ref eqref"
)
"""Words that say nothing of the formula, and what stands in braces behind them neither."""

BRACED = _words("underbrace overbrace underset overset stackrel textcolor")

_DISPLAYS = _words(
    "equation align aligned alignedat gather gathered split multline eqnarray flalign math "
    "displaymath dmath"
)
TABLES = {
    **dict.fromkeys(["pmatrix", "bmatrix", "matrix", "smallmatrix", "psmallmatrix"], "⟦⟧"),
    **dict.fromkeys(["cases", "dcases"], "⦃⦄"),
}
"""Environments of rows and cells to the signs around them: a matrix, and cases."""

ENVIRONMENTS = _DISPLAYS | {f"{name}*" for name in _DISPLAYS}
"""What displays formulas and is no part of one."""

ACCENTED = {
    command.lstrip("\\"): name for name, both in ACCENTS.items() for command in both
}  # fmt: skip

SIGNS: dict[str, str] = {
    **dict.fromkeys(["odot", "bigodot", "circ", "bullet"], "⊙"),
    **dict.fromkeys(["cdot", "times"], "·"),
    "ast": "*",
    "otimes": "⊗",
    "partial": "∂",
    "nabla": "∇",
    "sum": "∑",
    "prod": "∏",
    **dict.fromkeys(["top", "intercal", "transpose", "transp", "T"], "⊤"),
    **dict.fromkeys(["le", "leq", "leqslant"], "<="),
    **dict.fromkeys(["ge", "geq", "geqslant"], ">="),
    **dict.fromkeys(["ne", "neq"], "!="),
    **dict.fromkeys(["lt"], "<"),
    **dict.fromkeys(["gt"], ">"),
    **dict.fromkeys(["dots", "ldots", "cdots", "dotsc", "dotsb", "vdots"], "…"),
    **dict.fromkeys(["in", "ni"], "∈"),
    "forall": "∀",
    "colon": ":",
    "mid": "|",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "lVert": "‖",
    "rVert": "‖",
    "Vert": "‖",
    "|": "‖",
    "langle": "⟨",
    "rangle": "⟩",
    "lbrack": "[",
    "rbrack": "]",
    "lbrace": "{{",
    "rbrace": "}}",
    "{": "{{",
    "}": "}}",
    "prime": "'",
    "quad": "␣",
    "qquad": "␣",
    "frac": "frac",
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "sqrt": "√",
    "div": "/",
    "to": "→",
    "mapsto": "→",
    "coloneqq": "=",
    "triangleq": "=",
    "equiv": "=",
    "doteq": "=",
    "begin": "begin",
    "end": "end",
    "_": "_",
}
r"""A word of LaTeX to its sign; ``{{`` is a brace that is printed."""

CHARACTERS: dict[str, str] = {
    **dict.fromkeys("⊙∘○⊚", "⊙"),
    **dict.fromkeys("·×⋅∙", "·"),
    **dict.fromkeys("∗", "*"),
    "⊗": "⊗",
    "∂": "∂",
    "𝜕": "∂",
    "∇": "∇",
    "∑": "∑",
    "∏": "∏",
    **dict.fromkeys("⊤⊺", "⊤"),
    "≤": "<=",
    "⩽": "<=",
    "≥": ">=",
    "⩾": ">=",
    "≠": "!=",
    **dict.fromkeys("…⋯", "…"),
    "∈": "∈",
    "∀": "∀",
    **dict.fromkeys("−–—", "-"),
    **dict.fromkeys("′’´", "'"),
    "″": "''",
    **dict.fromkeys("‖∥", "‖"),
    **dict.fromkeys("⟨〈", "⟨"),
    **dict.fromkeys("⟩〉", "⟩"),
    "√": "√",
    "÷": "/",
    "⁄": "/",
    "≡": "=",
    "≔": "=",
    "→": "→",
}

ABOVE = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵀᵗⁱʲᵏⁿˡᵐᵃᵇᶜᵈᵉᶠᵍʰᵒᵖʳˢᵘᵛʷˣʸᶻ",
        "0123456789+-()Ttijknlmabcdefghoprsuvwxyz",
        strict=True,
    )
)
BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₜᵢⱼₖₙₗₘₐₑₕₒₚᵣₛᵤᵥₓ", "0123456789+-()tijknlmaehoprsuvx", strict=True))
"""Small characters above and below the line to what they are on it."""

LETTERS: dict[str, str] = {
    **GREEK_CHARACTERS,
    **{macro.lstrip("\\"): name for name, macro in GREEK.items()},
    "ell": "ell",
    "ℓ": "ell",
    "imath": "i",
    "jmath": "j",
}
"""A Greek letter, or its word in LaTeX, to its name."""

VARIANTS = {
    "varphi": "phi", "varepsilon": "epsilon", "varsigma": "sigma", "vartheta": "theta",
    "varrho": "rho", "phi": "varphi", "epsilon": "varepsilon",
}  # fmt: skip

FUNCTION_WORDS = _words(
    "tanh sinh cosh sin cos arctan exp log ln max min sigm sgn softmax diag tr trace"
)
"""Words of LaTeX, and of what its authors name operators, that are functions."""

SYNONYMS = {
    "ln": "log",
    "sigm": "sigmoid",
    "logistic": "sigmoid",
    "sgn": "sign",
    "Softmax": "softmax",
    "Diag": "diag",
    "ReLU": "relu",
    "vect": "vec",
    "one_hot": "onehot",
    "inner": "dot",
}
