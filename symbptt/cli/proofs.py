"""The verbs that judge and show: verify, analyze, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from symbptt.cli import completion
from symbptt.cli.ending import DONE, FAILED, UNDECIDED, print_text
from symbptt.cli.options import (
    SEED,
    Function,
    Seconds,
    bind_option,
    chart_option,
    dim_option,
    estimator_option,
    model_argument,
)
from symbptt.cli.program import (
    JSON,
    Result,
    charted,
    headed,
    json_line,
    read_model,
    verb,
    wants_json,
)

if TYPE_CHECKING:
    from symbptt.formula.answer import Verdict
    from symbptt.formula.verdict import Checker

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@verb(JSON)
@model_argument
@click.option(
    "--module",
    "module_path",
    metavar="FILE",
    type=FILE,
    help="Test this module, edited by hand or not, in place of the derivation and its own.",
)
@bind_option
@estimator_option
@click.option(
    "-O",
    "level",
    type=click.IntRange(0, 2),
    help="Test the generated module of this level; 2 if it is not given. That all levels agree is "
    "tested with each.",
)
@click.option("--proof", is_flag=True, help="Print the proof for all T, case by case.")
def verify(
    model_name: str,
    module_path: Path | None,
    bindings: dict[str, str],
    estimator: str,
    level: int | None,
    proof: bool,
) -> Result:
    """Prove and test the derivation and the module: a row each, with figures.

    For example, this does so for a built-in model:

    \b
      symbptt verify linear
    """
    from symbptt.progress import Progress
    from symbptt.proof.report import verify as prove

    if module_path is not None and level is not None:
        raise click.UsageError("--module and -O can't be combined: a file is of the level it is of")
    model = read_model(model_name)
    progress = Progress("verifying")
    report = prove(
        model,
        module=module_path,
        bind=bindings,
        estimator=estimator,
        level=2 if level is None else level,
        progress=lambda done, parts, what: progress.show(done / parts, what),
    )
    progress.done()
    status = DONE if report.ok else FAILED if report.failures else UNDECIDED
    return Result(lambda: headed(f"{report.text(proof)}\n"), report.data, status)


@verb(JSON)
@model_argument
@click.argument("numbers", metavar="[FILE.npz]", required=False, type=FILE)
@bind_option
@dim_option("32 (6 where a state is a matrix) where neither this nor an array tells")
@click.option(
    "-T",
    "steps",
    type=click.IntRange(1, 100_000),
    help="Look at so many steps; 50 where FILE has none.",
)
@click.option(
    "--sequence", type=click.IntRange(1), default=1, help="Take this sequence of a batch in FILE."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help=SEED)
@chart_option
def analyze(
    model_name: str, numbers: Path | None, bindings: dict[str, str], to: str, **given: Any
) -> Result:
    """Find where gradients vanish or explode: spectra, norms by lag and their bounds.

    FILE.npz holds parameters (all that the recurrence reads, or none), inputs (T, ...) or
    (T, B, ...) and initial values (h[0]) by their names. Inputs that it lacks are drawn at
    random, parameters too if it has none; initial values that it lacks are zero.

    For example, this draws a small model at random and looks at twenty steps:

    \b
      symbptt analyze linear -T 20 --dim h=8
    """
    from symbptt.analysis.report import analyze as run
    from symbptt.progress import Progress

    progress = Progress("multiplying Jacobians")
    model = read_model(model_name)
    found = run(model, numbers, bind=bindings, progress=progress.show, **given)
    progress.done()
    return charted(found, to, lambda: str(found), found.data)


_CONVENTIONS = (
    click.option(
        "--layout",
        type=click.Choice(["column", "row"]),
        default="column",
        help="Read the formula's vectors as columns or as rows.",
    ),
    click.option(
        "--total",
        type=click.Choice(["mean", "sum", "last"]),
        help="Read the formula's L as the mean of the losses, their sum or the last one; "
        "without it as the model says.",
    ),
    click.option(
        "--where",
        multiple=True,
        metavar="DEFINITION",
        help="Define a letter of the formula's own, as 'b[t] = W @ x[t]'; it may be repeated.",
    ),
    click.option(
        "--names",
        default="",
        show_default=False,
        metavar="NAMES",
        help="Say what the formula calls the names of the model, as 'U=W_qh, V=W_hx'.",
    ),
)
"""How a person's formulas are meant."""


def conventions(command: Function) -> Function:
    for option in reversed(_CONVENTIONS):
        command = option(command)
    return command


@verb(JSON)
@model_argument
@click.argument("formula", required=False)
@click.option(
    "--code",
    metavar="FILE[:FUNCTION]",
    shell_complete=completion.files,
    help="Examine the gradients that this function, or method, returns, in place of a formula.",
)
@click.option(
    "--returns",
    default="",
    show_default=False,
    metavar="NAMES",
    help="Take the gradients of --code in this order, where it returns a tuple.",
)
@click.option("--batch-first", is_flag=True, help="Give --code arrays of shape (B, T, d).")
@click.option(
    "--batch",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Examine a formula a line of this file (- is standard input) in the place of FORMULA, and "
    "print a line of JSON with its number for each. Empty lines and those that begin with # are "
    "passed over. The exit status is that of the worst: unreadable, wrong, undecided, right.",
)
@click.option(
    "-T",
    "horizon",
    type=click.IntRange(1, 12),
    default=5,
    help="Look at sequences up to this length.",
)
@click.option(
    "--seconds",
    type=Seconds(),
    default=10,
    help="Take at most this CPU time; past it the formula is undecided. What is left after the "
    "verdict goes to the search for mends.",
)
@conventions
@estimator_option
@click.option("--strict", is_flag=True, help="End in status 1 for a formula that is trivial.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help=SEED)
@bind_option
def check(
    model_name: str,
    formula: str | None,
    batch: Path | None,
    code: str | None,
    returns: str,
    batch_first: bool,
    strict: bool,
    bindings: dict[str, str],
    **given: Any,
) -> Result:
    """Examine a formula: is it right, and if not, where not, and which edit mends it?

    FORMULA is 'left = right' or 'left = right for CONDITION', as in
    'd(L, h[t]) = W_hh.T @ d(L, h[t+1]) + W_qh.T @ d(L, o[t])'; a chain 'A = B = C' is examined
    link by link. Derivatives are d(u, v) or dL/dh[t], everything following; partial(u, v), earlier
    steps held; direct(u, v), that of the one equation; dL[s]/dh[t], of what the loss of step s
    gives. vec, kron and derivatives by a matrix count its entries row by row. hstack, vstack,
    zeros(n, m) and ones(n) make blocks, z[t] is all that a step hands on; h[t][i], W[i, j],
    E[i, :] and v[d:] are entries, a row and a block. LaTeX reads as well, and every line of
    derive --to formulas.

    A condition is a promise: where an index leaves its range inside it, the formula is wrong.
    Exit status: 0 right, 1 wrong, 2 can't be read, 3 an error in the model, 4 undecided.

    docs/formulas.md teaches this language from its beginning, with examples and a table.

    --code FILE[:FUNCTION] examines a person's own backward pass, run in a process of its own: it
    takes parameters, inputs and initial values by name, or dicts params, inputs, carry, or is a
    method; it returns gradients, as a dict or in the order of --returns. A factor that all have
    (the sum of the losses) and clipping are told, and right; with --strict they are status 1.
    docs/code.md says how it is called and what it may return.

    For example, this examines the gradient at the last step:

    \b
      symbptt check linear 'dL/dh[T] = W_qh.T @ dL/do[T]'
    """
    if [formula, batch, code].count(None) != 2:
        raise click.UsageError(
            "one of FORMULA, --batch FILE and --code FILE says what is to be checked"
        )
    if code is not None:
        from symbptt.cli.code import examined

        told = {name: given[name] for name in ("layout", "total", "names", "seconds")}
        told |= {"bind": bindings, "batch_first": batch_first}
        return examined(read_model(model_name), code, strict, returns, **told)
    from symbptt.binding import bind
    from symbptt.errors import ModelError
    from symbptt.formula.answer import Verdict
    from symbptt.formula.verdict import Checker

    try:
        model = read_model(model_name)
        checker = Checker(bind(model, bindings, defaults=False) if bindings else model, **given)
    except ModelError as error:
        if not (wants_json() or batch):
            raise
        found = Verdict(model_name, formula or "", "model", reason=str(error))
        return Result(lambda: f"{json_line(found.data())}\n", found.data, found.status)
    if batch is not None:
        return _batch(checker, batch, strict, of_model=model_name == "-")
    assert formula is not None
    found = checker.answer(formula) if wants_json() else checker.check(formula)
    return Result(lambda: f"{found}\n", found.data, _status(found, strict))


def _status(found: Verdict, strict: bool) -> int:
    return FAILED if strict and found.trivial else found.status


def _batch(checker: Checker, path: Path, strict: bool, of_model: bool) -> NoReturn:
    """A line of JSON for each formula, as soon as it is found."""
    from symbptt.formula.answer import worst

    if str(path) == "-" and of_model:
        raise click.UsageError("standard input is the model or the formulas, and not both")
    context = click.get_current_context()
    if context.params["output"] is not None:
        raise click.UsageError("--batch prints its lines as they are found: it takes no -o")
    statuses = []
    with click.open_file(str(path), encoding="utf-8", errors="replace") as lines:
        for number, found in checker.answers(lines):
            print_text(f"{json_line({'line': number, **found.data()})}\n")
            statuses.append(_status(found, strict))
    context.exit(worst(statuses))


@verb(JSON)
@model_argument
@click.argument("document", type=FILE)
@click.option("--inline", is_flag=True, help="Look at the equations within lines, too.")
@conventions
@click.option(
    "--seconds",
    type=Seconds(),
    default=110,
    help="Take at most this CPU time for the whole; what is left then is not read.",
)
@bind_option
def proofread(model_name: str, document: Path, bindings: dict[str, str], **given: Any) -> Result:
    """Proofread the equations of a document: a row for each, with its line.

    DOCUMENT is LaTeX or Markdown. Each displayed equation is *right*, *wrong* (with the derived
    equation and the edit that mends it), of the *model*, or *not read*, with the reason. Letters
    that the document defines and macros are taken up; files that it includes are not opened.
    Exit status: 0 nothing wrong, 1 something is, 2 the document can't be read.

    For example, this reads a derivation again that symbptt wrote:

    \b
      symbptt derive linear --to md -o notes.md
      symbptt proofread linear notes.md
    """
    from symbptt.binding import bind
    from symbptt.documents.pages import decode
    from symbptt.documents.proofreading import proofread as run
    from symbptt.progress import Progress

    model = read_model(model_name)
    if bindings:
        model = bind(model, bindings, defaults=False)
    progress = Progress("proofreading")
    text = decode(document.read_bytes(), str(document))
    found = run(model, text, str(document), progress=progress.show, **given)
    progress.done()
    return Result(lambda: f"{found}\n", found.data, DONE if found.ok else FAILED)
