r"""Notation as data: Greek letters, accents, how losses and functions are written.

Everything here is a table that a printer looks up. LaTeX that stands here must be read
by pdflatex with amsmath, amssymb and bm, and by MathJax.
"""

from __future__ import annotations

_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma "
    "tau upsilon phi chi psi omega"
)
_CAPITAL = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_VARIANTS = "varepsilon vartheta varrho varsigma varphi"

LATIN = "À-ÖØ-öø-ɏḀ-ỿ"
"""The letters beyond ASCII that Latin alphabets have, as in a class of a pattern."""

GREEK: dict[str, str] = {
    name: rf"\{name}" for name in f"{_SMALL} {_CAPITAL} {_VARIANTS}".split()
} | {"epsilon": r"\epsilon"}
"""A name's Latin spelling to its macro. Capitals that look Latin have none in LaTeX."""

GREEK_CHARACTERS: dict[str, str] = {
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", _SMALL.split(), strict=True)),
    **dict(zip("ΓΔΘΛΞΠΣΥΦΨΩ", _CAPITAL.split(), strict=True)),
    "ς": "varsigma",
    "ϑ": "vartheta",
    "ϕ": "phi",
    "ϱ": "varrho",
    "ϵ": "epsilon",
    "µ": "mu",
}

ACCENTS: dict[str, tuple[str, str]] = {
    "hat": (r"\hat", r"\widehat"),
    "tilde": (r"\tilde", r"\widetilde"),
    "bar": (r"\bar", r"\overline"),
}
"""A name's part after the letter to the accent on one letter and on several."""

MATH_COMBINING: dict[str, str] = {
    "\u0300": r"\grave",
    "\u0301": r"\acute",
    "\u0302": r"\hat",
    "\u0303": r"\tilde",
    "\u0304": r"\bar",
    "\u0306": r"\breve",
    "\u0307": r"\dot",
    "\u0308": r"\ddot",
    "\u030a": r"\mathring",
    "\u030c": r"\check",
}
"""Combining characters to accents in mathematics."""

TEXT_COMBINING: dict[str, str] = {
    "\u0300": r"\`",
    "\u0301": r"\'",
    "\u0302": r"\^",
    "\u0303": r"\~",
    "\u0304": r"\=",
    "\u0306": r"\u",
    "\u0307": r"\.",
    "\u0308": r"\"",
    "\u030a": r"\r",
    "\u030b": r"\H",
    "\u030c": r"\v",
    "\u0323": r"\d",
    "\u0327": r"\c",
    "\u0331": r"\b",
}
"""Combining characters to accents in text."""

LOSS_NAMES = {"l": r"\ell", "ell": r"\ell", "loss": r"\ell"}
"""Abstract losses that print as the script l of the textbooks."""

CONVENTIONS: tuple[tuple[str, str], ...] = (
    (
        "column",
        r"Vectors are columns. A gradient has the shape of its variable: "
        r"$GRADIENT$ is a column for a vector $\mathbf{v}$, and for "
        r"a matrix it is a matrix of the same shape.",
    ),
    (
        "row",
        r"Vectors are rows, so that a matrix stands behind what it multiplies. A gradient has the "
        r"shape of its variable: $GRADIENT$ is a row for a vector $\mathbf{v}$, and for a matrix "
        r"it is a matrix of the same shape.",
    ),
    ("superscript", r"The step is written above: $STEP$ is the vector $\mathbf{v}$ at step $t$."),
    (
        "D",
        r"The operator of differentiation comes first and the variable below: $GRADIENT$ is the "
        r"gradient $DERIVATIVE$.",
    ),
    ("bar", r"A bar marks a gradient: $GRADIENT = DERIVATIVE$."),
    ("delta", r"A gradient is a delta with its variable above: $GRADIENT = DERIVATIVE$."),
    (
        "",
        r"For vectors $\mathbf{u}$ and $\mathbf{v}$, "
        r"$JACOBIAN$ is the Jacobian of the one equation "
        r"that defines $\mathbf{u}$, with a row for each entry of $\mathbf{u}$; whatever else that "
        r"equation reads is held fixed.",
    ),
    (
        "",
        r"The sign $\odot$ multiplies entry by entry. Functions and fractions of vectors are meant "
        r"entry by entry too, and a number or scalar added to a vector is added to each entry.",
    ),
    ("ArrayPow", r"The power $\mathbf{v}^{\odot 2}$ squares each entry of $\mathbf{v}$."),
    (
        "Prime",
        r"$\phi'$ is the derivative of a function $\phi$ of one argument, and $\partial_k \phi$ "
        r"the partial derivative by argument $k$ of a function of several.",
    ),
    ("OneHot", r"$UNIT$ is the unit vector whose entry $i$ is 1."),
    ("Pick", r"$(\mathbf{v})_i$ is the entry $i$ of $\mathbf{v}$."),
    ("Delta", r"$DELTA$ is $1$ where $PLACES$ and $0$ elsewhere."),
    (
        "Behind",
        r"Entries of vectors set end to end are counted through: behind the $d$ entries of "
        r"$\mathbf{u}$, entry $d + k$ of both is entry $k$ of $\mathbf{v}$.",
    ),
    ("ColumnLookup", r"$\mathbf{E}_{i,:}^{\top}$ is row $i$ of $\mathbf{E}$, as a column."),
    ("RowLookup", r"$\mathbf{E}_{i,:}$ is row $i$ of $\mathbf{E}$."),
    ("ColumnConcat", r"$[\mathbf{u};\, \mathbf{v}]$ sets vectors end to end."),
    ("RowConcat", r"$[\mathbf{u},\, \mathbf{v}]$ sets vectors end to end."),
    (
        "ColumnDiag",
        r"$\operatorname{diag}(\mathbf{v})$ is the square matrix with the entries of $\mathbf{v}$ "
        r"on its diagonal.",
    ),
    (
        "RowDiag",
        r"$\operatorname{diag}[\mathbf{v}]$ is the square matrix with the entries of $\mathbf{v}$ "
        r"on its diagonal: behind a row it multiplies entry by entry, before a matrix it scales "
        r"the matrix's rows.",
    ),
    (
        "HeldStep",
        r"$WITHIN$ is the derivative within step $NOW$: the values of all earlier steps are held "
        r"fixed, but for $\mathbf{v}$ if it is one of them, and what is computed on the way from "
        r"them follows.",
    ),
    (
        "HeldNothing",
        r"$THROUGH$ is the derivative through all steps up to $NOW$: everything that depends on "
        r"$\mathbf{v}$ follows.",
    ),
    (
        "Followers",
        r"What is made of a parameter, another parameter or a start, follows it and has a gradient "
        r"of its own: what comes through it is counted there, and taken off here.",
    ),
    (
        "Direct",
        r"$DIRECTLY$ is the direct derivative: all other values of the recurrence are held fixed, "
        r"and only what is read out follows.",
    ),
    (
        "Kronecker",
        r"$\otimes$ is the Kronecker product. A Jacobian has a column for each entry of what it is "
        r"taken by, and the entries of a matrix count row by row; so $KRON$ is the derivative of "
        r"$PRODUCT$ by $\mathbf{W}$.",
    ),
    (
        "Vec",
        r"$\operatorname{vec}(\mathbf{A})$ is the vector of the entries of $\mathbf{A}$, row by "
        r"row.",
    ),
    (
        "OrderedProduct",
        r"The factors of a product over $j = t, \dots, i$ stand in this order from left to right; "
        r"a product without factors is the identity.",
    ),
    ("BlockMatrix", r"Blocks that are zero are written $\mathbf{0}$, whatever their shape."),
    (
        "Slice",
        r"$(\mathbf{v})_{a:b}$ are the entries $a$ to $b$ of $\mathbf{v}$, and "
        r"$(\mathbf{v})_{[k]}$ is the part $k$ of those set end to end in it.",
    ),
    (
        "MatrixDot",
        r"$\langle \mathbf{A}, \mathbf{B} \rangle$ is the sum of all entries of "
        r"$\mathbf{A} \odot \mathbf{B}$.",
    ),
    ("ColumnOnes", r"$\mathbf{1}$ is the vector of ones."),
    ("RowOnes", r"$\mathbf{1}$ is the row of ones."),
    ("Index", r"Integers that stand for rows count from 1 here and from 0 in generated code."),
    (
        "",
        r"Whatever would lie past the last step $LAST$ is absent: it does not exist and "
        r"contributes nothing.",
    ),
)
"""What an article says about its notation: when, and the text.

"" is for always; else it is a layout, a choice of notation, or what occurs: a node kind, by
itself or with the layout in front (`symbptt.typeset.glossary`).

The text goes through `symbptt.typeset.blocks.prose`.
"""
