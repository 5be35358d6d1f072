"""python -m tests.mutants [--most N] [--part WORD ...] [--suite] [--fresh | --tell]"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.house import ROOT
from tests.mutants.arguments import argument
from tests.mutants.result import Result
from tests.mutants.table import part
from tests.mutants.units import Unit, units

FOUND = ROOT / "build" / "mutants"
"""What has been found, a file a unit: a run goes on where the last one ended."""

MOST = {"modules": 2, "rows of functions": 2, "rules and walk": 2}
"""So many of a kind in a function; elsewhere one."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--most", type=int, default=0, help="so many of a kind a function")
    parser.add_argument("--part", nargs="*", help="only units whose names hold one of these words")
    parser.add_argument("--suite", action="store_true", help="run tests on what verify leaves")
    parser.add_argument("--fresh", action="store_true", help="judge all of them again")
    parser.add_argument("--tell", action="store_true", help="judge none, tell what was found")
    chosen = parser.parse_args()
    words = chosen.part or [""]
    names = (unit.name for word in words for unit in units() if word in unit.name)
    wanted = list(dict.fromkeys(names))
    if not chosen.tell:
        judge_all(wanted, chosen)
    told = [known_of(name, chosen.most) for name in wanted]
    found = [result for results, _ in told for result in results]
    left = [r for r in found if not r.check and argument(r) is None]
    for result in left:
        print(result.key, result.remark, sep="\n    ")
    if not chosen.part:
        part(found, sum(waiting for _, waiting in told)).write("mutants")
    killed = sum(bool(result.check) for result in found)
    print(f"{len(found)} planted, {killed} found, {len(left)} neither found nor argued")
    return 1 if left else 0


def judge_all(names: list[str], chosen: argparse.Namespace) -> None:
    """All mutants of some units, one after another."""
    FOUND.mkdir(parents=True, exist_ok=True)
    for name in names:
        judge(name, chosen)


def known_of(name: str, most: int) -> tuple[list[Result], int]:
    """What has been found of the mutants that there are now, and how many are not judged yet."""
    unit = next(unit for unit in units() if unit.name == name)
    known = {result.key: result for result in read(path_of(name))}
    keys = dict.fromkeys(m.result.key for m in unit.mutants(most or MOST.get(unit.place, 1)))
    return [known[key] for key in keys if key in known], len(keys - known.keys())


def path_of(name: str) -> Path:
    return FOUND / ("".join(c if c.isalnum() else "_" for c in name) + ".jsonl")


def judge(name: str, chosen: argparse.Namespace) -> None:
    unit = next(unit for unit in units() if unit.name == name)
    path = path_of(name)
    known = {} if chosen.fresh else {result.key: result for result in read(path)}
    found = []
    with path.open("a", encoding="utf-8") as file:
        for result in judged(unit, chosen, known):
            found.append(result)
            if known.get(result.key) != result:
                file.write(json.dumps(result.data()) + "\n")
                file.flush()
    killed = sum(bool(result.check) for result in found)
    print(f"{name}: {len(found)} planted, {killed} found", file=sys.stderr, flush=True)


def judged(unit: Unit, chosen: argparse.Namespace, known: dict[str, Result]) -> Iterator[Result]:
    seen: set[str] = set()
    for mutant in unit.mutants(chosen.most or MOST.get(unit.place, 1)):
        key = mutant.result.key
        if key in seen:
            continue
        seen.add(key)
        found = known.get(key)
        if found is None:
            check, remark = mutant.judge()
            found = replace(mutant.result, check=check, remark="" if check else remark)
        if chosen.suite and not found.check and argument(found) is None:
            check, words = mutant.suite()
            found = replace(found, check=check, remark=words if check else found.remark)
        yield found


def read(path: Path) -> Iterator[Result]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Result(**json.loads(line))


if __name__ == "__main__":
    sys.exit(main())
