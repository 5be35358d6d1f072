"""docs/trust/mutants.json: what was planted, what found it, why the others change nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

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


def part(found: list[Result], waiting: int = 0) -> Figures:
    """The part of the page on trust that tells of mutants, and how many are not judged yet."""
    left = [result for result in found if not result.check]
    argued = [result for result in left if argument(result) is not None]
    places = list(dict.fromkeys(result.place for result in found))
    totals = {
        "planted": len(found),
        "killed": len(found) - len(left),
        "argued": len(argued),
        "open": len(left) - len(argued),
    }
    if waiting:
        totals["not judged yet"] = waiting
    return Figures(
        title="Mutants",
        command="make mutants",
        about=ABOUT,
        totals=totals,
        head=("error", *places, "all"),
        rows=[*_rows(found, places)],
        remarks=[*(_finders(found, place) for place in places), *_survivors(left)],
    )


def _rows(found: list[Result], places: list[str]) -> Iterator[list[str]]:
    """A line a kind of error; in each place, how many of how many are killed."""
    kinds = dict.fromkeys(result.kind for result in found)
    for kind in kinds:
        of_kind = [result for result in found if result.kind == kind]
        yield [
            kind,
            *(_killed(r for r in of_kind if r.place == p) for p in places),
            _killed(of_kind),
        ]
    yield ["all", *(_killed(r for r in found if r.place == p) for p in places), _killed(found)]


def _killed(results: Iterable[Result]) -> str:
    checks = [result.check for result in results]
    return f"{sum(map(bool, checks))} of {len(checks)}" if checks else ""


def _finders(found: list[Result], place: str) -> str:
    """What a place's mutants were planted in, and what found them."""
    here = [result for result in found if result.place == place]
    subjects = ", ".join(dict.fromkeys(result.subject for result in here))
    counts = Counter(result.check for result in here if result.check)
    finders = ", ".join(f"{check} {count}" for check, count in counts.most_common())
    return f"**{place}** ({subjects}): killed by {finders}."


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
