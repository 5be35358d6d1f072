"""What goes wrong around the command line: interruptions, pipes, disks, streams, files.

Every verb in every situation ends in its documented status, with one sentence and no traceback,
and a file holds what it held or the whole result. What verbs compute does not matter here, so
the long ones have a short answer.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click
import pytest

from symbptt import cli, output
from symbptt.cli.ending import INTERRUPTED, PIPE_CLOSED, USAGE
from symbptt.errors import visible
from symbptt.exercises.sheet import exercise
from symbptt.language import library
from symbptt.proof.rows import Report, Row
from tests.modules import is_caught

VERBS: dict[str, tuple[str, ...]] = {
    "list": (),
    "show": ("linear",),
    "unroll": ("linear", "-T", "2"),
    "derive": ("linear",),
    "graph": ("linear", "-T", "2"),
    "generate": ("linear", "-O0", "--no-try"),
    "verify": ("linear",),
    "analyze": ("linear", "-T", "2", "--dim", "h=2"),
    "check": ("linear", "d(L, h[0]) = 0"),
    "proofread": ("linear", "notes.md"),
    "exercise": ("linear", "--steps", "3"),
    "grade": ("sheet.tex", "answers.txt"),
    "study": ("--tau", "1", "-T", "3", "--passages", "1", "--training", "0", "--jobs", "1"),
    "checkpoints": ("linear", "-T", "2", "-B", "1", "--dim", "h=2"),
    "strategies": ("-n", "3"),
    "demo": (),
    "site": ("out", "linear"),
    "serve": ("linear",),
}
WRITING = [verb for verb in VERBS if verb not in ("demo", "serve", "site")]
"""Those with -o."""
READING = [verb for verb, words in VERBS.items() if "linear" in words]
"""Those that read a model."""


NOTES = "$$h_t = W_{hx} x_t + W_{hh} h_{t-1}$$\n"
ANSWERS = "1: W_qh.T @ dL/do[T]\n"
SHEET = exercise(library.load("linear"), steps=(3,))


@pytest.fixture(autouse=True)
def papers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that verbs read lie in the folder in which they run."""
    folder = tmp_path_factory.mktemp("papers")
    for name, text in (("notes.md", NOTES), ("sheet.tex", SHEET), ("answers.txt", ANSWERS)):
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)


@pytest.fixture(autouse=True)
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing long is computed."""
    report = Report("linear", (Row("exact", "dL/dW", True, "4 entries"),))
    monkeypatch.setattr("symbptt.proof.report.verify", lambda *args, **options: report)
    monkeypatch.setattr(
        "symbptt.experiments.experiment.study_estimators", lambda *args, **options: None
    )
    monkeypatch.setattr("symbptt.experiments.experiment.text", lambda study: "a table\n")
    monkeypatch.setattr("symbptt.demonstration.run", lambda *args: click.echo("derived") or True)
    monkeypatch.setattr("symbptt.gallery.building.site", lambda *args, **options: ("index.html",))
    monkeypatch.setattr("symbptt.gallery.serving.serve", lambda models, port, ready: ready())
    monkeypatch.setattr("symbptt.demonstration.documentation", lambda: "some text to draw")


class Refusing(io.RawIOBase):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        self.number = number

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(self.number, os.strerror(self.number))


def refusing(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(Refusing(number), encoding="utf-8", write_through=True)


def ended(verb: str, *words: str) -> int:
    """The status with which a verb ends."""
    with pytest.raises(SystemExit) as end:
        cli.main.main([verb, *(words or VERBS.get(verb, ()))])
    assert isinstance(end.value.code, int)
    return end.value.code


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr: a sentence, no traceback, nothing that a terminal obeys."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert "internal error" not in text
    assert visible(text) == text
    return text


def test_every_verb_is_here() -> None:
    assert list(VERBS) == list(cli.main.commands)


# --- stdout ----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(errno.ENOSPC))
    assert ended(verb) == USAGE
    assert "No space left on device" in said(capsys)


@pytest.mark.parametrize("verb", WRITING)
def test_a_closed_stream(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert ended(verb) == USAGE
    assert "can't write to standard output: the stream is closed" in said(capsys)


@pytest.mark.parametrize("verb", VERBS)
def test_a_reader_that_has_seen_enough(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(errno.EPIPE))
    assert ended(verb) == PIPE_CLOSED
    assert said(capsys) == ""


@pytest.mark.parametrize("words", [("--help",), ("--version",), *((v, "-h") for v in VERBS)])
@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, USAGE), (errno.EPIPE, PIPE_CLOSED)])
def test_help_that_can_not_be_written(
    words: tuple[str, ...],
    number: int,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdout", refusing(number))
    assert ended(*words) == status
    said(capsys)


@pytest.mark.parametrize("verb", READING)
def test_an_error_that_can_not_be_said(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for stderr in (refusing(errno.ENOSPC), refusing(errno.EPIPE), None):
        monkeypatch.setattr(sys, "stderr", stderr)
        assert ended(verb, *("nobody" if w == "linear" else w for w in VERBS[verb])) == USAGE
        assert ended(verb, "--nonsense") == USAGE


# --- interruptions ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_an_interruption(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(Refusing):
        def write(self, data: object) -> int:
            raise KeyboardInterrupt

    stdout = io.TextIOWrapper(Interrupted(0), encoding="utf-8", write_through=True)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert ended(verb) == INTERRUPTED
    assert said(capsys) == "\ninterrupted\n"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("before", [None, "# made by symbptt: the old one\n"])
def test_an_interruption_at_any_moment_of_writing(before: str | None, tmp_path: Path) -> None:
    """An interruption at each line that runs while a file is written."""
    path = tmp_path / "result.txt"
    whole = {before, "the new one\n"}
    for moment in range(10_000):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(before)
        interrupted = _interrupted(moment, lambda: output.write(path, "the new one\n", force=True))
        assert (path.read_text() if path.exists() else None) in whole
        if not interrupted:
            break
    assert moment > 20
    assert path.read_text() == "the new one\n"


def _interrupted(moment: int, run: Callable[[], None]) -> bool:
    """Whether a line was left to interrupt, the lines that run being counted from 0."""
    left = moment

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(old)
    return False


# --- files -----------------------------------------------------------------------------


@pytest.fixture(params=["folder", "no folder", "read-only", "full", "not ours", "long", "loop"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Where nothing can be written, and what is said."""
    path = tmp_path / "result"
    if request.param == "folder":
        path.mkdir()
        yield path, "Is a directory"
    elif request.param == "no folder":
        yield path / "result", "No such file or directory"
    elif request.param == "read-only":
        path.write_text("# made by symbptt")
        path.chmod(0o400)
        yield path, "the file is read-only"
    elif request.param == "full":
        yield Path("/dev/full"), "No space left on device"
    elif request.param == "not ours":
        path.write_text("mine")
        yield path, "--force"
    elif request.param == "long":
        yield tmp_path / ("a" * 300), "File name too long"
    else:
        path.symlink_to(path)
        yield path, "symbolic link"


@pytest.mark.parametrize("verb", WRITING)
def test_where_nothing_can_be_written(
    verb: str,
    place: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, why = place
    if os.geteuid() == 0 and why == "the file is read-only":
        # For root every file is writable.
        own = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and own(path, mode))
    old = path.read_bytes() if os.path.isfile(path) else None
    there = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    assert ended(verb, *VERBS[verb], "-o", str(path)) == USAGE
    assert why in said(capsys)
    if old is not None:
        assert path.read_bytes() == old
        assert sorted(path.parent.iterdir()) == there


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    assert ended("show", "linear", "-o", str(path)) == 0
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


# --- models ----------------------------------------------------------------------------


@pytest.fixture(params=["folder", "nothing", "vanishing", "bytes", "escapes", "long"])
def model(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    """A model that can't be read, and what is said."""
    path = tmp_path / "model.rnn"
    if request.param == "folder":
        path.mkdir()
        return str(path), "Is a directory"
    if request.param == "nothing":
        return str(path), "No such file or directory"
    if request.param == "vanishing":
        path.write_text("h[t] = x[t]")
        monkeypatch.setattr(library, "_read", lambda path: (path.unlink(), path.read_bytes())[1])
        return str(path), "No such file or directory"
    if request.param == "bytes":
        path.write_bytes(b"h[t] = \xe4\xff")
        return str(path), "UTF-8"
    if request.param == "escapes":
        return "\x1b[2J\u202e.rnn", r"can't read \x1b[2J\u202e.rnn"
    return f"./{'a' * 5000}.rnn", "File name too long"


@pytest.mark.parametrize("verb", READING)
def test_a_model_that_can_not_be_read(
    verb: str, model: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, why = model
    status = ended(verb, *(path if word == "linear" else word for word in VERBS[verb]))
    assert status in (2, 3)
    assert why in said(capsys)


@pytest.mark.parametrize("verb", READING)
def test_standard_input_that_is_closed(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert ended(verb, *("-" if word == "linear" else word for word in VERBS[verb])) == USAGE
    assert "can't read standard input: it is closed" in said(capsys)


HOSTILE = "\x1b[2J\u202e\u0085\u2028"


@pytest.mark.parametrize(
    "words",
    [
        ("show", HOSTILE), ("show", f"./{HOSTILE}"), ("show", "linear", HOSTILE), (HOSTILE,),
        ("unroll", "linear", HOSTILE), ("unroll", "linear", "--to", HOSTILE),
        ("unroll", "linear", f"d(L, {HOSTILE})"), ("check", "linear", f"d(L, h[t]) = {HOSTILE}"),
        ("check", "linear", f"d(L, h[t]) = 0 for {HOSTILE}"),
        ("derive", "linear", "--only", HOSTILE),
        ("derive", "linear", "--notation", HOSTILE), ("derive", "linear", "--estimator", HOSTILE),
        ("derive", "linear", "--estimator", f"window:{HOSTILE}"),
        ("generate", "linear", "--bind", f"{HOSTILE}=tanh"),
        ("generate", "elman", "--bind", f"phi_h={HOSTILE}"),
        ("analyze", "linear", "--dim", f"{HOSTILE}=2"), ("analyze", "linear", HOSTILE),
        ("strategies", HOSTILE), (f"--{HOSTILE}",),
    ],
    ids=lambda words: visible(" ".join(words)),
)  # fmt: skip
def test_what_a_terminal_would_obey_is_escaped(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*words) == USAGE
    text = said(capsys)
    assert r"\x1b[2J" in text or "\ufffd[2J" in text


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_name_that_is_no_text(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file's name of other bytes than UTF-8 comes in as a surrogate."""
    path = tmp_path / "m\udcff.rnn"
    path.write_text("h[t] = x[t]\n")
    for verb in ("show", "unroll"):
        assert ended(verb, str(path), *options) == 0
        assert ended(verb, str(path), *options, "-o", str(tmp_path / verb)) == 0
    assert ended("check", str(path), "h[t] = \udcff", *options) == USAGE
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["show", "unroll"])
def test_what_a_model_says_is_escaped(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.rnn"
    path.write_text("h[t] = x[t] + h[t-1]  # a \u202e mark\n", encoding="utf-8")
    assert ended(verb, str(path)) == 0
    shown = capsys.readouterr().out
    assert visible(shown) == shown
    assert r"a \u202e mark" in shown


# --- processes -------------------------------------------------------------------------


def process(*words: str, module: str = "symbptt", **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
        # Tests that run in the background of a shell are deaf to interruptions, and so are theirs.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


SIGNALS = [(signal.SIGINT, b"\ninterrupted\n"), (signal.SIGTERM, b"")]


def opened(pipe: Path, running: subprocess.Popen[bytes]) -> int:
    """The end of a pipe to write to, once the program reads its other end."""
    while running.poll() is None:
        with suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    raise AssertionError(running.communicate())


@pytest.mark.parametrize(("number", "words"), SIGNALS)
def test_a_signal(number: signal.Signals, words: bytes, tmp_path: Path) -> None:
    """While it waits for its model."""
    pipe = tmp_path / "model.rnn"
    os.mkfifo(pipe)
    with process("verify", str(pipe)) as running:
        model = opened(pipe, running)
        running.send_signal(number)
        os.close(model)  # a read that began just before the signal came ends, too
        output, error = running.communicate(timeout=60)
    assert (running.returncode, output, error) == (128 + number, b"", words)


@pytest.mark.parametrize(("number", "words"), SIGNALS)
def test_a_signal_in_what_catches_everything(
    number: signal.Signals, words: bytes, tmp_path: Path
) -> None:
    """As SymPy does in places; and in an exec, which Python leaves by the signal itself."""
    swallowing = (
        f"import os, time\ntry:\n os.kill(os.getpid(), {number})\nexcept BaseException:\n pass\n"
    )
    (tmp_path / "planted.py").write_text(
        "import symbptt.cli\n"
        "from symbptt.__main__ import main\n"
        f"symbptt.cli.main = lambda **_: exec({swallowing!r})\n"
        "main()\n"
    )
    with process(module="planted", PYTHONPATH=str(tmp_path)) as running:
        assert running.communicate(timeout=60) == (b"", words)
    assert running.returncode == 128 + number


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_a_signal_at_some_moment(number: signal.Signals, tmp_path: Path) -> None:
    """The file holds what it held or the whole result, and nothing lies beside it."""
    path = tmp_path / "result"
    with process("derive", "linear", "-o", str(path)) as running:
        assert running.wait(timeout=60) == 0
    whole = path.read_text()
    for moment in range(1, 6):
        path.write_text("")
        with process("derive", "linear", "-o", str(path)) as running:
            # Before, Python itself is not ready; what it does at an interrupt is its own at first.
            while running.poll() is None and not is_caught(running.pid, signal.SIGTERM):
                time.sleep(0.005)
            time.sleep(0.1 * (moment - 1))
            running.send_signal(number)
            status = running.wait(timeout=60)
        # When all is done Python lets go of its handlers, a little before its process ends.
        assert status in (0, 128 + number) or (status == -number and path.read_text() == whole)
        assert path.read_text() in ("", whole)
        assert os.listdir(tmp_path) == ["result"]


def test_a_pipe_that_is_closed() -> None:
    with process("unroll", "lstm", "-T", "1000") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 141


def test_a_disk_that_is_full() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "symbptt", "show", "linear"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == b"symbptt: can't write to standard output: No space left on device\n"


def test_a_terminal_of_ascii() -> None:
    with process("show", "ä…∂", PYTHONIOENCODING="ascii:strict", LC_ALL="C") as running:
        _, error = running.communicate(timeout=60)
    assert running.returncode == 2
    assert b"no built-in model is called" in error
    assert error.isascii()
