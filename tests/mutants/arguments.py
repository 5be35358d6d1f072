"""Why mutants that no check finds change nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.mutants.result import Result


@dataclass(frozen=True)
class Argument:
    """Of all survivors that the patterns fit; an empty pattern fits all.

    Attributes
    ----------
    why : str
    where, kind, edit, place, remark : str
        Regular expressions; ``edit`` is of "before -> after".
    """

    why: str
    where: str = ""
    kind: str = ""
    edit: str = ""
    place: str = ""
    remark: str = ""

    def fits(self, result: Result) -> bool:
        edit = f"{result.before} -> {result.after}"
        pairs = (
            (self.where, result.where), (self.kind, result.kind), (self.edit, edit),
            (self.place, result.place), (self.remark, result.remark),
        )  # fmt: skip
        return all(not pattern or re.search(pattern, text) for pattern, text in pairs)


ARGUMENTS: tuple[Argument, ...] = ()


def argument(result: Result) -> Argument | None:
    return next((each for each in ARGUMENTS if each.fits(result)), None)
