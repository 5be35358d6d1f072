"""What stands below or above a name: cut at commas and brackets."""

from __future__ import annotations

from dataclasses import replace

from symbptt.formula.spelling import written as wr
from symbptt.formula.spelling.marks import Mark
from symbptt.language.source import Place


def scripts(marks: list[Mark], place: Place) -> list[wr.ScriptText]:
    """The things in one script: cut at commas, and where a bracket ends or begins one."""
    found: list[wr.ScriptText] = []
    run: list[Mark] = []
    depth = 0
    marks = _raised_once(marks)

    def finish() -> None:
        if run:
            found.append(_script(list(run)))
            run.clear()

    for position, mark in enumerate(marks):
        if mark.kind == "sign" and mark.text in ("(", "[", "{", "⟨", "<"):
            if depth == 0 and mark.text in ("(", "⟨", "<", "[") and not _goes_on(run):
                finish()
            depth += 1
        if mark.kind == "sign" and mark.text == "," and depth == 0:
            finish()
            continue
        if mark.text == "⊤" and depth == 0:
            finish()
            found.append(_script([mark]))
            continue
        run.append(mark)
        if mark.kind == "sign" and mark.text in (")", "]", "}", "⟩", ">"):
            depth -= 1
            scripted = marks[position + 1 : position + 2] and marks[position + 1].text in "_^"
            if depth == 0 and run[0].text in ("(", "⟨", "<", "[") and not scripted:
                finish()
    finish()
    return found


def _raised_once(marks: list[Mark]) -> list[Mark]:
    r"""``h^{(t)^\top}`` is ``h^{(t) \top}``."""
    bare = [mark for mark in marks if mark.text not in ("{", "}")]
    if (
        len(bare) > 2
        and bare[-2].text == "^"
        and bare[-1].text in ("⊤", "T")
        and marks[0].text == "("
    ):
        last = bare[-1]
        return [*marks[: marks.index(bare[-2])], replace(last, kind="sign", text="⊤")]
    return marks


def _goes_on(run: list[Mark]) -> bool:
    """Whether a bracket behind these is part of an expression."""
    return bool(run) and (run[-1].kind == "sign" or run[-1].kind == "name")


_WRAPS = {"(": ")", "⟨": "⟩", "<": ">", "[": "]", "{": "}"}


def _script(marks: list[Mark]) -> wr.ScriptText:
    place = marks[0].place.until(marks[-1].place)
    wrapped = ""
    while len(marks) > 2 and _WRAPS.get(marks[0].text) == marks[-1].text and _is_one(marks):
        wrapped = wrapped or marks[0].text
        marks = marks[1:-1]
    return wr.ScriptText(marks, place, "" if wrapped == "{" else wrapped)


def _is_one(marks: list[Mark]) -> bool:
    """Whether the first bracket is closed by the last."""
    depth = 0
    for number, mark in enumerate(marks):
        depth += (mark.text == marks[0].text) - (mark.text == marks[-1].text)
        if depth == 0:
            return number == len(marks) - 1
    return False
