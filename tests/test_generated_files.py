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


@pytest.mark.parametrize("seed", ["1", pytest.param("20", marks=pytest.mark.slow)])
def test_files_are_as_made_again(seed: str, tmp_path: Path) -> None:
    """In fresh processes, one for each order of sets."""
    making = [sys.executable, "-m", "tests.generated", "--to", str(tmp_path)]
    environment = os.environ | {"PYTHONHASHSEED": seed}
    subprocess.run(making, cwd=GENERATED.parent, env=environment, check=True)
    if found := list(differences(tmp_path, GENERATED)):
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
