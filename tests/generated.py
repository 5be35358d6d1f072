"""The files of ``generated/``, made again by the commands that their headers name.

python -m tests.generated             compare, print the differences, exit 1 if any
python -m tests.generated --update    write them
"""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from symbptt.cli import main as symbptt
from symbptt.language import library
from symbptt.output import is_as_made
from symbptt.typeset.json_format import SCHEMA, schema_text

GENERATED = Path(__file__).resolve().parents[1] / "generated"
KINDS = {
    "numpy": (("generate", "-O0"), ".py", library.runnable),
    "numpy-fast": (("generate",), ".py", library.runnable),
    "latex": (("derive",), ".tex", library.differentiable),
}


def make(folder: Path) -> None:
    """Write what every built-in model gives into ``folder``.

    Raises
    ------
    RuntimeError
        If a command fails.
    """
    for kind, ((verb, *options), suffix, names) in KINDS.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name in names():
            path = folder / kind / (name + suffix)
            if status := symbptt.main(
                [verb, name, *options, "-o", str(path)], standalone_mode=False
            ):
                raise RuntimeError(f"symbptt {verb} {name} ended with status {status}")


def files(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def differences(expected: Path, found: Path) -> Iterator[str]:
    """What must change in ``found`` to become ``expected``, file by file."""
    wanted, present = files(expected), files(found)
    for name in sorted(wanted.keys() | present.keys()):
        if name not in present:
            yield f"{name}: is missing"
        elif name not in wanted:
            yield f"{name}: nothing makes this file"
        elif wanted[name] != present[name]:
            yield _difference(name, present[name], wanted[name])


def _difference(name: str, old: bytes, new: bytes) -> str:
    lines = difflib.unified_diff(
        old.decode(errors="replace").splitlines(),
        new.decode(errors="replace").splitlines(),
        f"generated/{name}, as it stands",
        f"generated/{name}, made again",
        lineterm="",
        n=1,
    )
    return "\n".join(lines) or f"{name}: differs in the ends of its lines"


def update() -> None:
    """Make everything first, so that an error leaves generated/ as it was."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        wanted = files(Path(folder))
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    for name, content in wanted.items():
        (GENERATED / name).parent.mkdir(parents=True, exist_ok=True)
        (GENERATED / name).write_bytes(content)
    for name in sorted(files(GENERATED).keys() - wanted.keys()):
        if is_as_made((GENERATED / name).read_text(encoding="utf-8")):
            (GENERATED / name).unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--update", action="store_true", help="write the files")
    parser.add_argument("--to", type=Path, help="make them in this folder and compare nothing")
    arguments = parser.parse_args()
    if arguments.to:
        make(arguments.to)
        return 0
    if arguments.update:
        update()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        found = list(differences(Path(folder), GENERATED))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
