"""Bad input for the readers and the modules, counted.

python -m tests.fuzz --seconds 600 --seed 1                all subjects, the time shared
python -m tests.fuzz --seconds 60 models formulas          some
python -m tests.fuzz --seed 1 --show models 1234           what the input of that number is
python -m tests.fuzz.guided models 60                      by coverage (atheris, extra `fuzz`)

Status 1 if anything but a documented error came of an input, or it took more than a second of
CPU time or 512 MiB. --json FILE writes the counts; --add FILE ... runs nothing and writes those of
several such files together for docs/trust.md, as a run of all subjects does of itself alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz import running
from tests.fuzz.counts import Run, figures
from tests.fuzz.subjects import SUBJECTS


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--seconds", type=float, default=60, metavar="S")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--add", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--show", nargs=2, metavar=("SUBJECT", "NUMBER"))
    asked = parser.parse_args()
    names = asked.subjects or list(SUBJECTS)
    for name in (*names, *(asked.show or ())[:1]):
        if name not in SUBJECTS:
            parser.error(f"no subject is called {name!r}; subjects: {', '.join(SUBJECTS)}")
    if asked.show:
        name, number = asked.show
        print(SUBJECTS[name].draw(running.source(name, asked.seed, int(number))))
        return 0
    if asked.add:
        figures(map(Run.read, asked.add)).write("fuzzing")
        return 0
    for name in names:
        SUBJECTS[name].prepare()
    share = asked.seconds / len(names)
    tallies = {name: running.run(name, share, asked.seed) for name in names}
    run = Run.of(tallies, asked.seconds, asked.seed)
    if asked.json:
        asked.json.write_text(run.text + "\n", encoding="utf-8")
    if not asked.subjects:
        figures([run]).write("fuzzing")
    print(run.text)
    return 1 if any(run.failures()) else 0


if __name__ == "__main__":
    sys.exit(main())
