"""What became of a mutant."""

from __future__ import annotations

from dataclasses import asdict, dataclass


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
    """

    place: str
    subject: str
    where: str
    kind: str
    before: str
    after: str
    check: str = ""
    remark: str = ""

    @property
    def key(self) -> str:
        return " | ".join(
            (self.place, self.subject, self.where, self.kind, self.before, self.after)
        )

    def data(self) -> dict[str, str]:
        return asdict(self)
