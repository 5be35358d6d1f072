"""What a playground with a server behind it answers, too: is a formula right, does all agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symbptt.errors import SymbpttError
from symbptt.formula.shapes import Layout
from symbptt.formula.verdict import Checker
from symbptt.gallery.answering import Answer, Asked, answer, refused
from symbptt.proof.report import verify

SECONDS = 3.0
"""For a verdict and what mends the formula."""


def examine(request: Mapping[str, Any]) -> Answer:
    """The answer to a request; beside what `answer` knows ``want`` may be one of two.

    ``verdict`` tells what `symbptt check` says of the text ``formula``, ``proof`` what
    `symbptt verify` says of the model: in words, ``told``, and whether it is well, ``ok``.
    """
    want = request.get("want")
    if want not in ("verdict", "proof"):
        return answer(request)
    try:
        given = {name: value for name, value in request.items() if name not in ("want", "formula")}
        asked = Asked.of(given)
        if want == "proof":
            report = verify(asked.model)
            return {"told": report.text(), "ok": report.ok}
        layout: Layout = "row" if asked.layout == "row" else "column"
        checker = Checker(asked.model, layout=layout, seconds=SECONDS)
        found = checker.answer(str(request.get("formula", "")))
        return {"told": str(found), "ok": found.right}
    except SymbpttError as error:
        return refused(error)
