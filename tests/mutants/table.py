"""docs/trust/mutants.json: what was planted, what found it, why the others change nothing."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.mutants.arguments import argument
from tests.mutants.result import Result
from tests.trust.parts import Figures

ABOUT = (
    "Errors planted one at a time in everything that makes a module: in derivations "
    "(`symbptt/calculus/variants.py`), in the rows of functions, the rules and the walk, the "
    "lowering, the passes, the runtime and generated modules (`tests/mutants/slips.py`); at most "
    "so many of a kind in a function, spread from first to last. An error of the package is tried "
    "with models that run its line. `exact`, `values`, `trial`, `file`, `arguments`, "
    "`differences`, `reach` are checks of `verify`, the cheap ones first; `interface` is a fixed "
    "list of wrong arguments, draws and clippings; what `raises` ends in an error where a "
    "derivation or a module is made; `load`: the checks refuse the module made; `kept files`: "
    "what is made is right, but not what stands in `generated/`, which the suite compares; "
    "`suite`: tests of the room fail. What none finds is named with the reason why it changes "
    "nothing."
)


def part(found: list[Result]) -> Figures:
    """The part of the page on trust that tells of mutants."""
    left = [result for result in found if not result.check]
    argued = [result for result in left if argument(result) is not None]
    totals = {
        "planted": len(found),
        "killed": len(found) - len(left),
        "argued": len(argued),
        "open": len(left) - len(argued),
    }
    checks = sorted({result.check for result in found if result.check})
    return Figures(
        title="Mutants",
        command="make mutants",
        about=ABOUT,
        totals=totals,
        head=("where", "planted", *checks, "argued", "open"),
        rows=_rows(found, checks),
        remarks=[_kinds(found), *_survivors(left)],
    )


def _rows(found: list[Result], checks: list[str]) -> list[list[str]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in found:
        groups[f"{result.place}: {result.subject}"].append(result)
    rows = []
    for name, group in [*groups.items(), ("all", found)]:
        counts = Counter(result.check for result in group)
        argued = sum(not r.check and argument(r) is not None for r in group)
        cells = [str(counts[check] or "") for check in checks]
        rows.append([name, str(len(group)), *cells, str(argued), str(counts[""] - argued)])
    return rows


def _kinds(found: list[Result]) -> str:
    kinds = Counter(result.kind for result in found)
    killed = Counter(result.kind for result in found if result.check)
    counts = (f"{kind} {killed[kind]} of {count}" for kind, count in sorted(kinds.items()))
    return f"Killed, by kind: {', '.join(counts)}."


def _survivors(left: list[Result]) -> list[str]:
    """Every survivor, below the argument that it changes nothing."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in left:
        found = argument(result)
        groups["**Neither found nor argued.**" if found is None else found.why].append(result)
    return [f"{why} {'; '.join(map(_line, group))}." for why, group in sorted(groups.items())]


def _line(result: Result) -> str:
    edit = f"`{_quoted(result.before)}` → `{_quoted(result.after)}`"
    return f"{result.subject} `{result.where}` {edit}"


def _quoted(text: str) -> str:
    return text.replace("`", "'")
