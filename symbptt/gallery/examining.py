"""What a playground with a server behind it answers, too: is a formula right, does all agree.

And a PDF, which another program sets: `symbptt.typeset.pdf` says what that may do.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from symbptt.errors import SymbpttError
from symbptt.formula.shapes import Layout
from symbptt.formula.verdict import Checker
from symbptt.gallery.answering import Answer, Asked, answer, document, refused
from symbptt.proof.report import verify
from symbptt.typeset.pdf import pdf

SECONDS = 3.0
"""For a verdict and what mends the formula."""


def examine(request: Mapping[str, Any]) -> Answer:
    """The answer to a request; beside what `answer` knows ``want`` may be one of three.

    ``verdict`` tells what `symbptt check` says of the text ``formula``, ``proof`` what
    `symbptt verify` says of the model: in words, ``told``, and whether it is well, ``ok``;
    ``pdf`` is the derivation's, in base 64.
    """
    want = request.get("want")
    if want not in ("verdict", "proof", "pdf"):
        return answer(request)
    try:
        given = {name: value for name, value in request.items() if name not in ("want", "formula")}
        asked = Asked.of(given)
        if want == "pdf":
            written = partial(document, asked)
            return {"pdf": b64encode(pdf(written("tex"), partial(written, "typst"))).decode()}
        if want == "proof":
            report = verify(asked.model)
            return {"told": report.text(), "ok": report.ok}
        layout: Layout = "row" if asked.layout == "row" else "column"
        checker = Checker(asked.model, layout=layout, seconds=SECONDS)
        found = checker.answer(str(request.get("formula", "")))
        return {"told": str(found), "ok": found.right}
    except SymbpttError as error:
        return refused(error)
