"""generated/ is what the commands make today, to the byte, whatever order sets have."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from symbptt.output import is_as_made
from tests.generated import GENERATED, KINDS, differences, files

HASH_SEEDS = ("1", "20")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files made in fresh processes, one for each order of sets."""
    folders = {seed: tmp_path_factory.mktemp(f"seed{seed}") for seed in HASH_SEEDS}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.generated", "--to", str(folder)],
            cwd=GENERATED.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        for seed, folder in folders.items()
    ]
    assert [process.wait() for process in processes] == [0, 0]
    return folders


@pytest.mark.parametrize("seed", HASH_SEEDS)
def test_files_are_as_made_again(made: dict[str, Path], seed: str) -> None:
    if found := list(differences(made[seed], GENERATED)):
        pytest.fail("\n".join([*found, "", "`make generated` writes them again"]), pytrace=False)


def test_every_model_has_every_kind() -> None:
    expected = {
        f"{kind}/{name}{suffix}" for kind, (_, suffix, names) in KINDS.items() for name in names()
    }
    assert files(GENERATED).keys() == expected


def test_headers_say_what_made_the_file() -> None:
    for name in files(GENERATED):
        path = GENERATED / name
        head = "\n".join(path.read_text(encoding="utf-8").splitlines()[:8])
        (verb, *options), _, _ = KINDS[path.parent.name]
        assert is_as_made(path.read_text(encoding="utf-8")), name
        assert " ".join(("symbptt", verb, path.stem, *options)) in head, name


def test_differences_are_found(tmp_path: Path) -> None:
    copy = tmp_path / "generated"
    shutil.copytree(GENERATED, copy)
    assert list(differences(GENERATED, copy)) == []
    changed, missing = copy / "numpy" / "linear.py", copy / "latex" / "gru.tex"
    changed.write_bytes(changed.read_bytes().replace(b"np.float32", b"np.float64", 1))
    missing.unlink()
    (copy / "numpy" / "stray.py").write_text("")
    found = "\n".join(differences(GENERATED, copy))
    assert "latex/gru.tex: is missing" in found
    assert "numpy/stray.py: nothing makes this file" in found
    assert "\n-" in found and "np.float64" in found
