"""What a verification finds: a row a check, with figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any

from symbptt.tables import Printed, html_table, table


@dataclass(frozen=True)
class Row:
    """One check of one thing.

    Attributes
    ----------
    check : str
        ``induction``, ``exact``, ``chain``, ``matrix``, ``layout``, ``entries``, ``values``,
        ``differences``, ``slip``, ``levels``, ``file`` or ``rounding``; a form of the gradient, or
        ``forward`` for a module in this mode.
    subject : str
        The variable, as ``dL/dW_hh`` or ``dL/dh[t]``; of a chain also the step.
    ok : bool or None
        None where the check is not applicable.
    range : str
        For what it holds, or where it was looked at.
    detail : str
        Of a failing row: the variable, the step, and the first wrong entry with both
        values; of one that is not applicable: the reason.
    entries : int
        How many numbers were compared.
    worst : float or None
        The largest error, where there is rounding.
    subjects : tuple of str
        Of a row that stands for several: all of them.
    proof : tuple of str
        Line by line, of what is proved.
    """

    check: str
    subject: str
    ok: bool | None
    range: str = ""
    detail: str = ""
    entries: int = 0
    worst: float | None = None
    subjects: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()

    @property
    def figure(self) -> str:
        """What was compared and how well it agreed."""
        words = [f"{self.entries} entries"] if self.entries else []
        words += [self.range] if self.range else []
        words += [f"largest error {self.worst:.1e}"] if self.worst is not None else []
        return ", ".join(words)

    @property
    def verdict(self) -> str:
        return "-" if self.ok is None else "ok" if self.ok else "FAILED"


def together(check: str, subject: str, rows: Sequence[Row], what: str) -> Row:
    """One row for many: right if all are; the first that is not says why."""
    wrong = next((row for row in rows if not row.ok), None)
    detail = "" if wrong is None else f"{wrong.subject} {wrong.detail}"
    return Row(check, subject, wrong is None, f"{len(rows)} {what}", detail)


def grouped(rows: Iterable[Row]) -> tuple[Row, ...]:
    """One row for all right ones of a check over one range."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for number, row in enumerate(rows):
        alone = row.ok is not True or not row.entries
        groups.setdefault((row.check, row.range, str(number) if alone else ""), []).append(row)
    return tuple(members[0] if len(members) == 1 else _one(members) for members in groups.values())


def _one(rows: Sequence[Row]) -> Row:
    errors = [row.worst for row in rows if row.worst is not None]
    return replace(
        rows[0],
        subject=f"{rows[0].subject}, {'…, ' if len(rows) > 2 else ''}{rows[-1].subject}",
        entries=sum(row.entries for row in rows),
        worst=max(errors, default=None),
        subjects=tuple(row.subject for row in rows),
    )


def silent(what: str) -> None:
    """Takes word of what is done next, and keeps it."""


@dataclass(frozen=True)
class Report(Printed):
    """All rows of a verification. It is right if no row failed and some check was made."""

    model: str
    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        return not self.failures and any(row.ok for row in self.rows)

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.ok is False)

    def of(self, check: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.check == check)

    def __str__(self) -> str:
        return self.text()

    def text(self, proofs: bool = False) -> str:
        """A table, the reason for a failure under its row; if asked what is proved, too."""
        cells = ((row.verdict, row.check, row.subject, row.figure) for row in self.rows)
        lines = []
        for row, line in zip(self.rows, table(cells, indent=""), strict=True):
            lines += [line, f"    {row.detail}"] if row.detail else [line]
            lines += [f"    {each}" for each in row.proof if proofs]
        return "\n".join([f"{self.model}: {self.summary}", *lines])

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        cells = (
            (r.verdict, r.check, r.subject, "; ".join(filter(None, (r.figure, r.detail))))
            for r in self.rows
        )
        rows = html_table(("", "check", "of", "compared"), cells)
        return f"<p>{escape(f'{self.model}: {self.summary}')}</p>\n{rows}"

    @property
    def summary(self) -> str:
        checked = sum(row.ok is not None for row in self.rows)
        wrong = len(self.failures)
        return f"{checked} checks, {wrong} failed" if wrong else f"{checked} checks, all right"

    def data(self) -> dict[str, Any]:
        """The same for ``--json``."""
        return {
            "model": self.model,
            "ok": self.ok,
            "rows": [{**asdict(row), "figure": row.figure} for row in self.rows],
        }
