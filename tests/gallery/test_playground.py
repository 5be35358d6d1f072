"""The files of a playground: Python for a browser with what answers, and nothing from elsewhere."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from symbptt.errors import OptionError
from symbptt.gallery.answering import DOCUMENTS, WANTED
from symbptt.gallery.playground import FOLDER, NEEDED, REQUIRED, archive, playground
from symbptt.language import library
from symbptt.language.parser import parse
from symbptt.templating import template_folder

HOSTILE = '# </script><script>alert("x")</script>\nx: (d,)\nh[t] = tanh(W @ x[t] + U @ h[t-1])\n'


@pytest.fixture
def pyodide(tmp_path: Path) -> Path:
    """A folder that has the names of the real one."""
    for name in NEEDED:
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_a_folder_without_pyodide_is_told(pyodide: Path) -> None:
    for name in NEEDED:
        (pyodide / name).unlink()
        with pytest.raises(OptionError, match=rf"{re.escape(name)}.*npm pack pyodide"):
            playground([library.load("linear")], pyodide, "made")
        (pyodide / name).write_bytes(b"")


def test_what_the_page_refers_to_is_there(pyodide: Path) -> None:
    files = playground([library.load("linear"), parse(HOSTILE, "h")], pyodide, "made")
    page = files["playground.html"].decode()
    assert "alert(" in page
    assert "<script>alert" not in page
    for link in re.findall(r'src="([^"]*)"', page):
        assert link in files
    asked = re.findall(r'Worker\("([^"]*)"', files["shared/ask.js"].decode())
    assert asked == [f"{FOLDER}/worker.mjs"]
    worker = files[asked[0]].decode()
    for name in re.findall(r'"\./([^"]*[^/"])"', worker):
        assert f"{FOLDER}/{name}" in files
    assert not re.search(r"https?://", "".join((page, worker)))


def test_the_archive_answers_with_no_other_package(tmp_path: Path) -> None:
    """What a browser's Python has: its own library, no NumPy, no SymPy."""
    data = archive()
    assert data == archive()
    with ZipFile(io.BytesIO(data)) as packed:
        packed.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from symbptt.gallery.answering import answer\n"
        "from symbptt.language import library\n"
        "text = library.load('linear').text\n"
        f"for wish in {(*WANTED, *DOCUMENTS)}:\n"
        "    found = answer({'model': text, 'want': wish})\n"
        "    assert wish in found, found\n"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, cwd=tmp_path)
    for name in REQUIRED:
        assert list((tmp_path / name).glob("LICENSE*"))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("name", ["ask.js", "index.js", "playground.js", "worker.mjs"])
def test_scripts_are_scripts(name: str) -> None:
    subprocess.run(["node", "--check", template_folder("gallery") / name], check=True)
