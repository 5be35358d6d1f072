"""Code that loops, allocates, prints, opens files, forks: ended, told, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from symbptt.errors import ProgramError
from symbptt.handwritten.examination import check_code
from symbptt.language.library import load
from tests.handwritten.slips import PROGRAMS
from tests.modules import some

HEAD = """
import ctypes, os, socket, subprocess, time
import numpy as np

def grads(W_xh, W_hh, b_h, W_hy, b_y, x, y, hprev):
    {body}
    return {{"W_xh": 0 * W_xh, "W_hh": 0 * W_hh, "b_h": 0 * b_h, "W_hy": 0 * W_hy, "b_y": 0 * b_y}}
"""

REFUSED = {
    "while True: pass": "not done in time at line 6",
    "time.sleep(1000)": "not done in time at line 6",
    "while True: print('x' * 1000)": "not done in time at line 6",
    "os.system('true')": "may not call os.system",
    "big = [bytes(1 << 28) for _ in range(100)]": "MemoryError",
    "os.remove('{outside}')": "may not call os.remove",
    "os.fork()": "may not call os.fork",
    "subprocess.run(['true'])": "may not call subprocess.Popen",
    "open('{outside}', 'w').write('x')": "outside of its own folder",
    "open('/etc/passwd').read()": "may not open /etc/passwd",
    "socket.create_connection(('127.0.0.1', 9))": "may not call socket",
    "os.abort()": "SIGABRT",
    "os._exit(0)": "its process ended itself",
    "raise SystemExit(3)": "SystemExit: 3",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "input()": "EOFError",
    "import threading; threading.Thread(target=time.sleep, args=(300,)).start()": "gradients are 0",
    "os.chdir('/')": "all gradients are 0",
    "np.savez = None": "its process ended itself",
    "np.zeros_like = np.asarray = None": "no gradients that can be read",
    "os.kill(os.getppid(), 9)": "may not call os.kill",
    "print('x' * (1 << 30))": "MemoryError",
    "c = ctypes.CDLL(None); [c.fork() for _ in range(5)]; c.setsid(); c.sleep(200)": "in time",
    "open('big', 'wb').write(bytes(1 << 28))": "File too large",
    "np.ones((1 << 30, 100))": "MemoryError: Unable to allocate 800",
    "return {'b_h': b_h * np.nan}": "it is not finite: NaN, or infinite",
    "1 / 0": "ZeroDivisionError: division by zero at line 6",
}


def examined(folder: Path, text: str, seconds: float = 4.0) -> str:
    path = folder / "code.py"
    path.write_text(text, encoding="utf-8")
    try:
        return str(check_code(load(str(PROGRAMS / "letters.rnn")), path, seconds=seconds))
    except ProgramError as error:
        return str(error)


def started(folder: Path) -> set[str]:
    """The processes whose home is a folder of a program's in this one."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if b"HOME=" + os.fsencode(folder) + b"/symbptt-" in place.read_bytes():
                found.add(place.parent.name)
        except OSError:
            continue
    return found


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("symbptt-*"))


@pytest.mark.parametrize("body", some(list(REFUSED), 4))
def test_bad_code_is_ended_and_told(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outside = tmp_path / "outside"
    begin = time.monotonic()
    said = examined(tmp_path, HEAD.format(body=body.replace("{outside}", str(outside))))
    assert REFUSED[body] in said
    assert time.monotonic() - begin < 30
    assert not outside.exists()
    assert folders() == set()
    assert started(tmp_path) == set()


def test_processes_of_any_session_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork behind Python's back, in a session of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = "c = ctypes.CDLL(None)\n    if c.fork() == 0:\n        c.setsid()\n        c.sleep(300)"
    said = examined(tmp_path, HEAD.format(body=body))
    assert "all gradients are 0" in said
    assert started(tmp_path) == set()
    assert folders() == set()


def test_what_is_written_in_its_own_folder_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    said = examined(tmp_path, HEAD.format(body="open('log', 'a').write('x'); print('step')"))
    assert "all gradients are 0" in said
    assert "it prints" in said
    assert {path.name for path in tmp_path.iterdir()} == {"code.py"}


TEXTS = {
    "": "defines no function",
    "def f(:": "no Python 3: invalid syntax",
    "print 'hello'": "no Python 3",
    "x = " + "(" * 20_000 + ")" * 20_000: "no Python 3",
    "x = 1\0": "is no",
    "#" * 2_000_000: "as many as are read",
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_is_no_python_is_told(text: str, tmp_path: Path) -> None:
    assert TEXTS[text] in examined(tmp_path, text)


def test_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ProgramError, match="no text of Python"):
        check_code(load(str(PROGRAMS / "letters.rnn")), path)


TOP = {
    "while True: pass": "not done in time",
    "open('input.txt').read()": "FileNotFoundError",
    "import no_such_module": "ModuleNotFoundError",
}


@pytest.mark.parametrize("statement", some(sorted(TOP), 2))
def test_what_a_file_does_beside_defining_is_left_out_where_it_fails(
    statement: str, tmp_path: Path
) -> None:
    text = (PROGRAMS / "letters.py").read_text(encoding="utf-8")
    said = examined(tmp_path, f"{text}\n\n{statement}\n", seconds=8)
    assert "right, of the sum of the losses" in said
    assert TOP[statement] in said
    assert "definitions alone" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_of_it_outlives_the_program_that_a_signal_ends(
    number: signal.Signals, tmp_path: Path
) -> None:
    """While code runs that never ends."""
    path = tmp_path / "code.py"
    path.write_text("while True: pass\n", encoding="utf-8")
    script = (
        "from pathlib import Path; from symbptt.__main__ import _take_signals as take; take();"
        "from symbptt.handwritten.process import Room; "
        f"Room(Path('code.py'), {path.read_text()!r}, 60.0).run([{{}}], {{}})"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
        # Who runs the tests in the background is deaf to the first of the signals.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    end = time.monotonic() + 60
    while not list(tmp_path.glob("symbptt-*/begun")) and time.monotonic() < end:
        time.sleep(0.02)
    assert [*tmp_path.glob("symbptt-*/begun")]
    program.send_signal(number)
    assert program.wait(60) == 128 + number
    assert [*tmp_path.iterdir()] == [path]
    assert not started(tmp_path)
