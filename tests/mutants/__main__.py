"""python -m tests.mutants [--most N] [--part WORD] [--fresh | --tell]"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
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

PROCESSES = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--most", type=int, default=0, help="so many of a kind a function")
    parser.add_argument("--part", default="", help="only units whose names hold this word")
    parser.add_argument("--fresh", action="store_true", help="judge all of them again")
    parser.add_argument("--tell", action="store_true", help="judge none, tell what was found")
    chosen = parser.parse_args()
    wanted = [unit.name for unit in units() if chosen.part in unit.name]
    if chosen.tell:
        found = [result for name in wanted for result in known_of(name, chosen.most)]
    else:
        found = judge_all(wanted, chosen.most, chosen.fresh)
    left = [r for r in found if not r.check and argument(r) is None]
    for result in left:
        print(result.key, result.remark, sep="\n    ")
    if not chosen.part:
        part(found).write("mutants")
    killed = sum(bool(result.check) for result in found)
    print(f"{len(found)} planted, {killed} found, {len(left)} neither found nor argued")
    return 1 if left else 0


def judge_all(names: list[str], most: int, fresh: bool) -> list[Result]:
    """All mutants of some units, two at a time."""
    os.nice(5)
    FOUND.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(PROCESSES) as pool:
        jobs = [pool.submit(judge, name, most, fresh) for name in names]
        return [result for job in jobs for result in job.result()]


def known_of(name: str, most: int) -> list[Result]:
    """What has been found of the mutants that there are now."""
    unit = next(unit for unit in units() if unit.name == name)
    known = {result.key: result for result in read(path_of(name))}
    keys = dict.fromkeys(m.result.key for m in unit.mutants(most or MOST.get(unit.place, 1)))
    return [known[key] for key in keys if key in known]


def path_of(name: str) -> Path:
    return FOUND / ("".join(c if c.isalnum() else "_" for c in name) + ".jsonl")


def judge(name: str, most: int, fresh: bool) -> list[Result]:
    unit = next(unit for unit in units() if unit.name == name)
    path = path_of(name)
    known = {} if fresh else {result.key: result for result in read(path)}
    with path.open("w", encoding="utf-8") as file:
        found = []
        for result in judged(unit, most or MOST.get(unit.place, 1), known):
            file.write(json.dumps(result.data()) + "\n")
            file.flush()
            found.append(result)
    killed = sum(bool(result.check) for result in found)
    print(f"{name}: {len(found)} planted, {killed} found", file=sys.stderr, flush=True)
    return found


def judged(unit: Unit, most: int, known: dict[str, Result]) -> Iterator[Result]:
    seen: set[str] = set()
    for mutant in unit.mutants(most):
        key = mutant.result.key
        if key in seen:
            continue
        seen.add(key)
        if key in known and known[key].check:
            yield known[key]
            continue
        check, remark = mutant.judge()
        yield replace(mutant.result, check=check, remark="" if check else remark)


def read(path: Path) -> Iterator[Result]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield Result(**json.loads(line))


if __name__ == "__main__":
    sys.exit(main())
