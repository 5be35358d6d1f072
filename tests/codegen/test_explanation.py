"""The explanation of a level: pass by pass, with counts that the generated text bears out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import symbptt
from symbptt import algebra as al
from symbptt import cli
from symbptt.algebra import DimProduct, DimSum
from symbptt.binding import bind
from symbptt.calculus.estimators import ESTIMATORS
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast import explanation
from symbptt.codegen.fast.explanation import entries, explain, polynomial, stage_lines, stages
from symbptt.codegen.fast.passes import LEVELS
from symbptt.codegen.fast.work import COSTS
from symbptt.codegen.lowering import lower
from symbptt.codegen.program import Program
from symbptt.codegen.render import generate
from symbptt.language.parser import parse
from symbptt.output import unsigned
from tests import cells
from tests.modules import BUILT_IN, RANDOM, model_of
from tests.test_kinds import KINDS

COUNTED = (*BUILT_IN, "peephole_lstm", "minimal_gated_unit", "stacked", "min_gru", "two_states")

SMALL = """x: (d,)
h[t] = tanh(W @ x[t] + U @ h[t-1])
loss[t] = squared_error(h[t], y[t])
"""

EXPLAINED = """\
lowered:
  forward
    all      a_in[t] = W @ x[t]
    loop 1   a[t] = a_in[t] + U @ h[t-1]
    loop 1   h[t] = tanh(a[t])
  loss
    all      loss[t] = squared_error(h[t], y[t])
  backward
    all      dL/dh[t] += 1 / T * (h[t] - y[t])
    loop 2   dL/da[t] += (1 - h[t]**2) * dL/dh[t]
    loop 2   dL/dh[t-1] += U.T @ dL/da[t]
  gradients
    static   dL/dW = sum(t, 1, T, outer(dL/da[t], x[t]))
    static   dL/dU = sum(t, 1, T, outer(dL/da[t], h[t-1]))
  5 matrix products, 8 elementwise calls, 1 other call
  loop 1, t = 1, ..., T: 3 calls a step, 1 matrix product among them
  loop 2, t = T, ..., 1: 5 calls a step, 1 matrix product among them
  kept: 8 * (4 * n_y + 1) bytes a step of one sequence, in float64
"""


def lowered(name: str) -> Program:
    return lower(derive(bind(model_of(name), cells.BINDINGS.get(name))))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["generate", *arguments])


def test_a_level_is_explained() -> None:
    model = parse(SMALL, "small")
    assert explain(model, 0) == EXPLAINED
    more = explain(model, 1).removeprefix(EXPLAINED)
    stored = EXPLAINED.replace("dL/da[t] +=", "dL/da[t] =").partition("\n")[2]
    own = "each segment of steps for itself: 8 * n_y bytes a step of one sequence, in float64\n"
    assert more == f"\npass 1, dead_code: no effect\n\npass 2, single_assignment:\n{stored}\n{own}"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [*BUILT_IN, *RANDOM[::20]])
def test_every_pass_has_its_part(name: str, level: int) -> None:
    text = explain(model_of(name), level, bind=cells.BINDINGS.get(name))
    titles = [line.rstrip(":") for line in text.splitlines() if line and line[0] != " "]
    titles = [title for title in titles if not title.startswith("each segment")]
    names = [f"pass {k}, {each.__name__}" for k, each in enumerate(LEVELS[level], start=1)]
    assert [title.removesuffix(": no effect") for title in titles] == ["lowered", *names]
    assert text == explain(model_of(name), level, bind=cells.BINDINGS.get(name))


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_estimator_is_explained(kind: str) -> None:
    example = ESTIMATORS[kind].example
    text = run("lstm", "--estimator", example, "--explain").stdout
    assert f": symbptt generate lstm --estimator {example} --explain\n" in text
    # A window's module is plain at every level.
    assert ("pass 1, " in text) == (kind != "window")


def test_a_pass_without_effect_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(program: Program) -> Program:
        return program

    monkeypatch.setitem(explanation.LEVELS, 1, (nothing,))
    assert "\n\npass 1, nothing: no effect\n\neach segment" in explain(model_of("elman"), 1)


LOWERED = {al.Cases, al.Diag, al.Ones, al.Outer, al.PartSum, al.Pullback, al.TimeSum, al.Vec}
"""Kinds of derivatives that programs hold, too."""


def test_every_kind_of_node_has_a_cost() -> None:
    kinds = LOWERED | {kind for kind in KINDS if kind.__module__ == al.Ref.__module__}
    free = {kind for kind in kinds if kind.free}
    assert kinds - free == COSTS.keys()


# --- the counts are those of the generated text ------------------------------------------------


def calls_of_loops(text: str) -> list[int]:
    """How many calls each loop over time makes a step, in a module's text."""
    lines = text[: text.index("def _arrays(")].splitlines()
    found = []
    for number, line in enumerate(lines):
        head = re.match(r"( +)for .* in (v\.loop_\d+|steps):$", line)
        if head and ", steps in v.loop" not in line:
            inside = []
            for following in lines[number + 1 :]:
                if following.strip() and not following.startswith(head[1] + "    "):
                    break
                inside.append(following)
            found.append(sum(bool(re.match(r" +[A-Za-z_][\w.]*\(", each)) for each in inside))
    return found


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("name", COUNTED)
def test_the_counts_of_loops_are_those_of_the_text(name: str, level: int) -> None:
    (*_, last) = stages(lowered(name), level)
    lines = "\n".join(stage_lines(explanation.PassStage("last", last.program)))
    told = [int(count) for count in re.findall(r"loop \d+, .*?: (\d+) calls? a step", lines)]
    assert told == calls_of_loops(generate(model_of(name), level=level))
    assert told


def test_loops_that_are_scanned_are_named() -> None:
    *_, counts = explain(model_of("min_gru")).split(", scanned:")
    assert counts.count("; scanned at up to 64 numbers a step") == 2
    assert "scanned at" not in explain(model_of("lstm"))


def test_sizes_are_multiplied_out() -> None:
    assert polynomial(entries(())) == "1"
    assert polynomial(entries(("h", DimSum(("h", "d", 2))))) == "d * h + h * h + 2 * h"
    assert polynomial(entries((DimProduct(("d", DimSum(("h", 1)))),))) == "d * h + d"
    assert polynomial(Counter({("h",): 3, (): 1}) + entries((4,))) == "3 * h + 5"


# --- the command ---------------------------------------------------------------------------


def test_generate_explains() -> None:
    result = run("lstm", "-O1", "--explain")
    head, _, text = result.stdout.partition("\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert unsigned(head) == "# made by symbptt: symbptt generate lstm -O 1 --explain"
    assert text == symbptt.explain(symbptt.load("lstm"), level=1)


def test_an_explanation_has_its_bindings_and_inputs() -> None:
    text = run("elman", "--bind", "phi_h=relu", "--wrt", "inputs", "--explain").stdout
    assert ": symbptt generate elman --bind phi_h=relu --wrt inputs --explain\n" in text
    assert "relu(" in text
    assert "dL/dx[t]" in text


def test_an_explanation_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "passes.txt"
    for _ in range(2):
        assert run("gru", "--explain", "-o", str(path)).exit_code == 0
    assert path.read_text(encoding="utf-8") == run("gru", "--explain").stdout
