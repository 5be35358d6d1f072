"""python -m tests.trust                  write docs/trust.md from the figures of the last runs
python -m tests.trust --run             run every part first
python -m tests.trust --run NAME ...    run these parts first
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.trust.page import page
from tests.trust.parts import PARTS, ROOT, run


def main() -> int:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="python -m tests.trust", description=__doc__)
    parser.add_argument("--run", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    wanted = parser.parse_args().run
    for name in wanted or ():
        if name not in names:
            parser.error(f"no part is called {name!r}; expected one of: {', '.join(names)}")
    failed = []
    for part in PARTS:
        if wanted is not None and (not wanted or part.name in wanted):
            try:
                run(part)
            except subprocess.CalledProcessError:
                failed.append(part.name)
    (ROOT / "docs" / "trust.md").write_text(page(), encoding="utf-8")
    print(f"docs/trust.md is written{'; failed: ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
