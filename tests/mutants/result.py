"""What became of a mutant."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass

UNRUN = "nothing runs it"
SAME = "the same of every model"
DIFFERENT = "another one, which is right"
"""What is known of a survivor: of its line, and of what is derived or generated with it."""


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    Attributes
    ----------
    place, subject, where, kind, before, after : str
        In which part, of what, in which function or step, and the edit.
    check : str
        Which check found it; "" for a survivor.
    remark : str
        Of a survivor: what is known of it.
    digest : str
        Of the function as it was: what was found of another is not known of this one.
    """

    place: str
    subject: str
    where: str
    kind: str
    before: str
    after: str
    check: str = ""
    remark: str = ""
    digest: str = ""

    @property
    def key(self) -> str:
        return " | ".join((*astuple(self)[:6], self.digest))

    def data(self) -> dict[str, str]:
        return asdict(self)
