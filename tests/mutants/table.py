"""docs/mutants.md: what was planted, what found it, and why the others change nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.mutants.arguments import argument
from tests.mutants.result import Result

HEAD = """\
# Mutants

Errors planted one at a time, in everything that makes a module, and what finds them. Made by
`make mutants`, which goes on where it stopped and ends in status 1 if a mutant is neither found
nor argued. A derivation is changed by one slip of `symbptt/calculus/variants.py`, code by one of
`tests/mutants/slips.py`, at most so many of a kind in a function, spread from first to last.

What finds them: **exact** (the exact check of `verify`), **values**, **trial**, **fractions**,
**verify** (its rows in this order, the cheap ones first), **interface** (a fixed list of wrong
arguments, draws and clippings, which are to stay what they are), `tests/test_rules.py` (every
row of the tables of functions against its definition). "raises" is a mutant that ends in an
error where the package makes a derivation or a module, "load" one whose module the checks refuse.

"""


def page(found: list[Result]) -> str:
    survivors = [result for result in found if not result.check]
    return "".join(
        (HEAD, _totals(found), _by_kind(found), "## Survivors\n\n", _survivors(survivors))
    )


def _totals(found: list[Result]) -> str:
    checks = list(dict.fromkeys(r.check for r in found if r.check))
    rows = [["where", "planted", *checks, "survive", "argued"]]
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in found:
        groups[f"{result.place}: {result.subject}"].append(result)
    for name, group in [*groups.items(), ("**all**", found)]:
        counts = Counter(result.check for result in group)
        left = [result for result in group if not result.check]
        argued = sum(argument(result) is not None for result in left)
        cells = (counts[check] or "" for check in checks)
        rows.append([name, str(len(group)), *map(str, cells), str(len(left)), str(argued)])
    return _markdown(rows) + "\n"


def _by_kind(found: list[Result]) -> str:
    rows = [["slip", "planted", "found"]]
    kinds = Counter(result.kind for result in found)
    killed = Counter(result.kind for result in found if result.check)
    rows += [[kind, str(count), str(killed[kind])] for kind, count in sorted(kinds.items())]
    return _markdown(rows) + "\n"


def _survivors(survivors: list[Result]) -> str:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in survivors:
        found = argument(result)
        groups["**Not argued.**" if found is None else found.why].append(result)
    text = []
    for why, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        text.append(f"{why}\n\n" + "".join(f"- {_line(result)}\n" for result in group) + "\n")
    return "".join(text)


def _line(result: Result) -> str:
    edit = f"`{_quoted(result.before)}` → `{_quoted(result.after)}`"
    return f"{result.place}, {result.subject}, `{result.where}`, {result.kind}: {edit}"


def _quoted(text: str) -> str:
    return text.replace("`", "'")


def _markdown(rows: Iterable[list[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rest]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
