"""The command line: what goes where, what each exit status means, what files it touches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from symbptt import cli, output
from symbptt.language import library
from symbptt.proof import report
from symbptt.proof.rows import Report, Row

ELMAN = """# A small network
x: (d,)
h[t] = tanh(W @ x[t] + U @ h[t-1] + b)   # state
o[t] = V @ h[t]
loss[t] = squared_error(o[t], y[t])
"""


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli.main, list(arguments), input=stdin)


def fresh(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "symbptt", *arguments],
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        timeout=60,
    )


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "small.rnn"
    path.write_text(ELMAN)
    return str(path)


# --- results ---------------------------------------------------------------------------


def test_list_has_a_line_for_every_model() -> None:
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(library.names())
    assert all(len(line.split()) > 2 for line in lines)


def test_list_as_json() -> None:
    models = json.loads(run("list", "--json").stdout)["models"]
    assert [entry["name"] for entry in models] == list(library.names())


@pytest.mark.parametrize("name", library.names())
@pytest.mark.parametrize("as_json", [False, True])
def test_every_built_in_model_is_shown_and_unrolled(name: str, as_json: bool) -> None:
    for verb in ("show", "unroll"):
        result = run(verb, name, *(["--json"] if as_json else []))
        assert result.exit_code == 0
        if as_json:
            assert json.loads(result.stdout)["made_by"] == f"symbptt {verb}"


def test_unroll_writes_every_step(model: str) -> None:
    text, _, folded = run("unroll", model, "h", "-T", "3").stdout.partition("\n\n")
    lines = [line.partition("#")[0].rstrip() for line in text.splitlines()[1:]]
    assert "not affine" in folded
    assert "tanh(W @ x[t] + U @ h[t-1] + b)" in folded
    assert lines == [
        "h[0] = given by the caller, else zeros",
        "h[1] = tanh(W @ x[1] + U @ h[0] + b)",
        "h[2] = tanh(W @ x[2] + U @ h[1] + b)",
        "h[3] = tanh(W @ x[3] + U @ h[2] + b)",
    ]


def test_unroll_as_json(model: str) -> None:
    data = json.loads(run("unroll", model, "d(L, h[T])", "-T", "2", "--json").stdout)
    assert [line["left"] for line in data["equations"]] == ["dL/do[2]", "dL/dh[2]"]


@pytest.mark.parametrize("arguments", [("--to", "tex"), ("--to", "md"), ("--fragment",)])
def test_derive_writes_a_document(model: str, arguments: tuple[str, ...]) -> None:
    text = run("derive", model, *arguments).stdout
    assert "symbptt" in text.splitlines()[0]
    assert ("\\documentclass" in text) == (arguments == ("--to", "tex"))


def test_derive_says_how_it_was_asked(model: str) -> None:
    asked = ("--layout", "row", "--notation", "superscript,bar", "--detail", "index")
    shown = run("derive", model, "--to", "md", "--fragment", *asked).stdout
    assert shown.splitlines()[1].endswith(f"--to md --fragment {' '.join(asked)} -->")
    assert "Vectors are rows" in shown


def test_generate_writes_a_module(model: str) -> None:
    source = run("generate", model).stdout
    compile(source, "small.py", "exec")
    assert "def loss_and_grads" in source


def test_generate_binds_functions() -> None:
    options = ("-O0", "--bind", "phi_h=relu", "--bind", "phi_o=softplus")
    bound = run("generate", "elman", *options).stdout
    assert "np.tanh" in run("generate", "elman", "-O0").stdout
    assert "np.tanh" not in bound


def test_generate_with_respect_to_inputs(model: str) -> None:
    assert run("generate", model).stdout != run("generate", model, "--wrt", "inputs").stdout


def test_model_from_standard_input() -> None:
    result = run("show", "-", stdin=ELMAN)
    assert result.exit_code == 0
    assert "symbptt show -\n" in result.stdout


def test_a_header_says_how_to_make_it_again_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines of.rnn"
    path.write_text(ELMAN)
    head, blank, *_ = run("unroll", str(path), "h[t]", "-T", "2").stdout.splitlines()
    assert head.endswith("two?lines of.rnn' 'h[t]' -T 2")
    assert blank.startswith("h[0]")


def test_results_are_utf8_whatever_the_terminal_is(tmp_path: Path) -> None:
    path = tmp_path / "m.rnn"
    path.write_text(ELMAN.replace("# state", "# état caché"), encoding="utf-8")
    result = fresh("show", str(path), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0
    assert "état caché" in result.stdout.decode("utf-8")


@pytest.mark.slow
def test_verify_says_right_and_wrong(model: str, tmp_path: Path) -> None:
    module = tmp_path / "small.py"
    assert run("generate", "-O0", model, "-o", str(module)).exit_code == 0
    right = run("verify", model, "--module", str(module))
    assert right.exit_code == 0, right.output
    assert right.stderr == ""
    source = module.read_text()
    assert source.count("np.tanh(") == 1
    module.write_text(source.replace("np.tanh(", "1.001 * np.tanh("))
    wrong = run("verify", model, "--module", str(module), "--json")
    assert wrong.exit_code == 1
    assert json.loads(wrong.stdout)["ok"] is False


def test_verify_prints_a_proof_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("induction", "dL/dW", True, "for all T", proof=("the base", "the step"))
    monkeypatch.setattr(report, "verify", lambda *_, **__: Report("linear", (row,)))
    assert run("verify", "linear", "--proof").stdout.endswith("\n    the base\n    the step\n")
    assert "the base" not in run("verify", "linear").stdout


# --- exit statuses ---------------------------------------------------------------------

BROKEN_MODELS = {
    "shapes": ("h[t] = tanh(W @ x[t] + x[t] + U @ h[t-1])\nx: (3,)\nW: (4, 3)\n", "^"),
    "with and without a step": ("h[t] = W @ h[t-1] + h\n", "^"),
    "future": ("h[t] = W @ h[t+1]\n", "^"),
    "cycle": ("a[t] = tanh(b[t])\nb[t] = tanh(a[t])\n", "^"),
    "lag": ("h[t] = W @ h[t-n]\n", "^"),
    "function": ("h[t] = tanhh(W @ h[t-1])\n", "^"),
    "import": ("import os\n", "^"),
    "dunder": ("h[t] = ().__class__\n", "^"),
    "lambda": ("h[t] = (lambda: 0)()\n", "^"),
    "syntax": ("h[t] = = 2\n", "^"),
    "reserved": ("lambda[t] = W @ x[t]\n", "^"),
    "empty": ("", "empty.rnn"),
    "large": ("# " + "x" * 1_000_000 + "\n", "64 KiB"),
    "deep": ("h[t] = " + "(" * 10_000 + "x[t]" + ")" * 10_000 + "\n", "^"),
    "not UTF-8": (b"h[t] = W @ x[t]  # \xff\n", "^"),
    "NUL": ("h[t] = W @ x[t]\0\n", "^"),
}


@pytest.mark.parametrize("verb", ["show", "generate"])
@pytest.mark.parametrize("case", BROKEN_MODELS)
def test_errors_in_a_model(case: str, verb: str, tmp_path: Path) -> None:
    text, said = BROKEN_MODELS[case]
    path = tmp_path / f"{case.split()[0]}.rnn"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run(verb, str(path))
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert said in result.stderr
    assert path.name in result.stderr
    assert "Traceback" not in result.stderr


def test_no_traceback_in_a_process_of_its_own() -> None:
    nested = ("h[t] = " + "(" * 10_000 + "x[t]" + ")" * 10_000).encode()
    result = fresh("show", "-", stdin=nested)
    assert result.returncode == 3
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "lstn"), "lstn"),
        (("show", "./none.rnn"), "can't read ./none.rnn"),
        (("show", "./"), "can't read ./"),
        (("show",), "MODEL"),
        (("walk", "lstm"), "walk"),
        (("show", "lstm", "--force"), "--force"),
        (("unroll", "lstm", "-T", "0"), "-T"),
        (("unroll", "lstm", "nobody"), "nobody"),
        (("unroll", "lstm", "d(L, nobody[t])"), "nobody"),
        (("unroll", "lstm", "d(L, h)"), "d(L, h[t])"),
        (("unroll", "lstm", "d(h[t], W)"), "d(h[t], W)"),
        (("unroll", "lstm", "d(L, W_hi[t])"), "W_hi"),
        (("unroll", "lstm", "h[9]"), "9"),
        (("derive", "lstm", "--to", "doc"), "tex"),
        (("derive", "lstm", "--layout", "diagonal"), "column, row"),
        (("derive", "lstm", "--notation", "newton"), "superscript, leibniz, D, bar, delta"),
        (("derive", "lstm", "--notation", "bar,delta"), "can't be combined"),
        (("derive", "lstm", "--detail", "all"), "steps, index"),
        (("generate", "elman", "--bind", "phi_h=tanhh"), "tanhh"),
        (("generate", "elman", "--bind", "psi=tanh"), "psi"),
        (("generate", "elman", "--bind", "phi_h=tanh", "--bind", "phi_h=relu"), "twice"),
        (("generate", "lstm", "--wrt", "weights"), "inputs"),
        (("verify", "lstm", "--module", "none.py"), "none.py"),
        (("generate", "lstm", "--mode", "forward", "--explain"), "--explain and --mode forward"),
        (("verify", "lstm", "--module", "README.md", "-O", "1"), "--module and -O"),
        (("verify", "lstm", "-O", "3"), "-O"),
        (("demo", "--seconds", "0"), "--seconds"),
    ],
)
def test_usage(arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stdout == ""


TABLES = [
    (verb, option.opts[0], option.metavar)
    for verb, command in cli.main.commands.items()
    for option in command.params
    if option.metavar and "=" in option.metavar
]
"""Every option that is a table: a word, =, and what is meant by it."""


@pytest.mark.parametrize(("verb", "option", "form"), TABLES)
@pytest.mark.parametrize("value", ["h", "h=", "=3", ""])
def test_an_option_says_its_own_form(verb: str, option: str, form: str, value: str) -> None:
    result = run(verb, "elman", option, value)
    assert result.exit_code == 2, result.output
    assert f"Invalid value for '{option}': {value!r} is not of the form {form}" in result.stderr


def test_a_model_without_a_loss_is_no_model_to_differentiate(tmp_path: Path) -> None:
    path = tmp_path / "m.rnn"
    path.write_text("x: (d,)\nh[t] = tanh(W @ h[t-1] + U @ x[t])\n")
    assert run("unroll", str(path)).exit_code == 0
    for verb in ("derive", "generate"):
        result = run(verb, str(path))
        assert result.exit_code == 3
        assert "loss" in result.stderr


def test_an_unbound_function_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.rnn"
    path.write_text("phi: function\n" + ELMAN.replace("tanh", "phi"))
    result = run("generate", str(path))
    assert result.exit_code == 2
    assert "phi" in result.stderr
    assert run("generate", str(path), "--bind", "phi=tanh").exit_code == 0


def test_a_module_of_another_kind_fails(tmp_path: Path) -> None:
    path = tmp_path / "other.py"
    path.write_text("x = 1\n")
    result = run("verify", "lstm", "--module", str(path))
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_is_one_sentence(monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    def broken() -> None:
        raise ZeroDivisionError("somewhere\ndeep")

    monkeypatch.setattr(library, "names", broken)
    monkeypatch.setenv("SYMBPTT_DEBUG", "1" if debug else "")
    result = run("list")
    assert result.exit_code == 70
    assert "internal error: ZeroDivisionError: somewhere deep" in result.stderr
    assert "report" in result.stderr
    assert ("Traceback" in result.stderr) == debug


# --- help ------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["generate", "--help"]])
def test_help_loads_neither_sympy_nor_numpy(arguments: list[str]) -> None:
    code = (
        "import sys, symbptt\n"
        "from symbptt.cli import main\n"
        f"main({arguments!r}, standalone_mode=False)\n"
        "sys.exit(bool({'sympy', 'numpy', 'jinja2'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize("verb", cli.main.commands)
def test_every_verb_explains_itself(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    command = cli.main.commands[verb]
    options = [p for p in command.params if isinstance(p, click.Option)]
    for option in options:
        assert option.opts[-1] in result.stdout


OF_ANOTHER_NAME = {
    "print_document": "printed",
    "demo": "run",
    "list": "names",
    "show": "model_text",
    "strategies": "truncation_figure",
    "study": "study_estimators",
}
"""Words that are verbs of the command line and bear another name where they are at home."""


def test_the_same_words_in_python() -> None:
    import symbptt

    for name in symbptt.__all__:
        assert getattr(symbptt, name).__name__ == OF_ANOTHER_NAME.get(name, name)
    assert set(symbptt.__all__) <= set(dir(symbptt))
    with pytest.raises(AttributeError, match="nothing"):
        symbptt.nothing  # noqa: B018


# --- files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "lstm"),
        ("show", "lstm", "--json"),
        ("unroll", "lstm"),
        ("unroll", "lstm", "--json"),
        ("derive", "lstm"),
        ("derive", "lstm", "--to", "md"),
        ("derive", "lstm", "--fragment"),
        ("derive", "lstm", "--to", "md", "--fragment"),
        ("derive", "lstm", "--layout", "row", "--notation", "superscript,D", "--detail", "index"),
        ("generate", "lstm"),
    ],
)
def test_a_result_replaces_a_result(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "result"
    for _ in range(2):
        assert run(*arguments, "-o", str(path)).exit_code == 0
        assert path.read_text() == run(*arguments).stdout
    assert [p.name for p in tmp_path.iterdir()] == ["result"]


def test_what_symbptt_did_not_write_stays(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import symbptt  # mine\n")
    result = run("generate", "linear", "-o", str(path))
    assert result.exit_code == 2
    assert "--force" in result.stderr
    assert path.read_text() == "import symbptt  # mine\n"
    assert run("generate", "linear", "-o", str(path), "--force").exit_code == 0
    assert "def forward" in path.read_text()


def test_a_model_is_not_taken_for_a_result(model: str) -> None:
    assert run("show", model, "-o", model).exit_code == 2
    assert Path(model).read_text() == ELMAN


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.txt"
    assert run("show", "linear", "-o", str(path)).exit_code == 0
    before = path.read_text()

    def full_disk(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    result = run("show", "lstm", "-o", str(path))
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


def test_an_error_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "result.py"
    assert run("generate", "-", "-o", str(path), stdin="h[t] = W @ h[t+1]").exit_code == 3
    assert not path.exists()


def test_output_through_links_and_devices(tmp_path: Path) -> None:
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.touch()
    real.chmod(0o640)
    link.symlink_to(real)
    assert run("show", "linear", "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert output.is_as_made(real.read_text(encoding="utf-8"))
    assert real.stat().st_mode & 0o777 == 0o640
    assert run("show", "linear", "-o", os.devnull).exit_code == 0
    assert Path(os.devnull).is_char_device()
    for place in (tmp_path, tmp_path / "none" / "result.txt"):
        result = run("show", "linear", "-o", str(place))
        assert result.exit_code == 2
        assert "can't write" in result.stderr


# --- forms, one step's loss, some gradients, modes ---------------------------------------


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--form", "expanded"), "The gradient as a sum over steps"),
        (("--form", "sensitivity"), "Real-time recurrent learning"),
        (("--form", "joined"), r"\section{Joined weights}"),
        (("--of", "loss[t]"), r"\frac{\partial \ell_t}{\partial \mathbf{W}"),
        (("--detail", "summary"), r"\section{Summary}"),
    ],
)
def test_derive_in_every_way(arguments: tuple[str, ...], shown: str) -> None:
    text = run("derive", "linear", *arguments).stdout
    assert shown in text
    # The header says how to make it again.
    again = [
        word.strip("'") for word in text.partition("symbptt derive ")[2].split("\n")[0].split()
    ]
    assert again[1:] == list(arguments)


def test_derive_only_some() -> None:
    text = run("derive", "linear", "--only", "W_hh, h[0]", "--only", "W_qh").stdout
    assert "hx}}} &=" not in text
    assert r"\frac{\partial L}{\partial \mathbf{W}_{\mathrm{qh}}} &=" in text
    assert r"\frac{\partial L}{\partial \mathbf{h}_0} &=" in text


def test_a_summary_has_no_chains() -> None:
    text = run("derive", "linear", "--detail", "summary").stdout
    assert r"\section{The backward pass}" not in text
    assert text.count(r"\tag{5}") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("derive", "linear", "--form", "tree"),
            "expected one of: adjoint, expanded, joined, sensitivity",
        ),
        (("derive", "linear", "--of", "o"), "expected one of: L, loss[t]"),
        (("derive", "linear", "--only", "W"), "it has those by h[0], W_hx, W_hh, W_qh"),
        (("derive", "linear", "--form", "expanded", "--detail", "index"), "can't be combined"),
        (("generate", "linear", "--mode", "forward", "--wrt", "inputs"), "can't be combined"),
        (("generate", "linear", "--mode", "forward", "-O", "2"), "can't be combined"),
        (("generate", "linear", "--mode", "up"), "expected one of: reverse, forward"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(
    arguments: tuple[str, ...], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_generate_in_forward_mode() -> None:
    source = run("generate", "linear", "--mode", "forward").stdout
    assert "def _sensitivities(" in source
    assert "symbptt generate linear --mode forward" in source
