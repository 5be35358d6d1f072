"""The study: the same numbers whoever computes them, and what they show."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from symbptt.cli import main
from symbptt.errors import AnalysisError, EstimatorError
from symbptt.experiments.experiment import (
    EstimatorFigures,
    Setting,
    Study,
    data,
    study_estimators,
    text,
)
from symbptt.output import unsigned
from symbptt.progress import Progress

SETTING = Setting(
    taus=(1, 3, 12), pis=("1/2", "9/10", "1"), steps=12, passages=3, units=5, embedding=3,
    training=20, samples=60,
)  # fmt: skip


class InOrder(Executor):
    """Runs what it is given at once, in this thread."""

    def submit(self, fn: Any, /, *args: Any, **keywords: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **keywords))
        return future


@cache
def study() -> Study:
    return study_estimators(SETTING, executor=InOrder())


def line(estimator: str) -> EstimatorFigures:
    return next(one for one in study().lines if str(one.estimator) == estimator)


def test_threads_and_processes_give_the_same_numbers() -> None:
    for executor in (ThreadPoolExecutor(3), ProcessPoolExecutor(2)):
        with executor:
            assert study_estimators(SETTING, executor=executor) == study()


def test_a_dask_client_gives_the_same_numbers() -> None:
    distributed = pytest.importorskip(
        "distributed", reason="dask is not installed (pip install distributed)"
    )
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert study_estimators(SETTING, executor=client.get_executor()) == study()


def test_a_window_and_pieces_of_all_steps_are_the_gradient() -> None:
    for estimator in ("window:12", "chunk:12"):
        found = line(estimator)
        assert found.bias < 1e-14
        assert found.deviation == 0
    assert line("random:1").error < 1e-14


def test_truncation_is_biased_and_less_so_with_tau() -> None:
    for kind in ("window", "chunk"):
        biases = [line(f"{kind}:{tau}").bias for tau in SETTING.taus]
        assert biases == sorted(biases, reverse=True)
        assert biases[0] > 1e-3
        assert all(line(f"{kind}:{tau}").deviation == 0 for tau in SETTING.taus)
    assert line("window:1").bias == pytest.approx(line("chunk:1").bias, rel=1e-12)
    assert line("window:3").bias < line("chunk:3").bias


def test_random_truncation_is_unbiased_and_varies_less_with_pi() -> None:
    deviations = [line(f"random:{pi}").deviation for pi in SETTING.pis]
    assert deviations == sorted(deviations, reverse=True)
    assert all(line(f"random:{pi}").bias < 1e-13 for pi in SETTING.pis)


def test_samples_agree_within_their_standard_error() -> None:
    for pi in ("1/2", "9/10"):
        found = line(f"random:{pi}")
        assert found.sampled is not None
        assert found.doubt is not None
        assert abs(found.sampled - found.deviation) < 4 * found.doubt
        assert found.doubt < 0.3 * found.deviation


def test_a_wrong_deviation_would_be_noticed() -> None:
    found = line("random:1/2")
    assert found.sampled is not None
    assert found.doubt is not None
    assert abs(found.sampled - 2 * found.deviation) > 4 * found.doubt


def test_the_same_setting_gives_the_same_text() -> None:
    shown = text(study())
    assert shown == text(study_estimators(SETTING, executor=InOrder()))
    assert re.search(r"^random:1 +0 +0 +0 +1.0000 +0$", shown, re.MULTILINE)
    assert [row.split()[0] for row in shown.splitlines()[-9:]] == [
        str(one.estimator) for one in study().lines
    ]


def test_data_is_what_json_can_say() -> None:
    found = json.loads(json.dumps(data(study())))
    kinds = [one["kind"] for one in found["estimators"]]
    assert kinds == ["window"] * 3 + ["chunk"] * 3 + ["random"] * 3
    assert found["estimators"][0]["variance"] == 0
    assert found["estimators"][-2]["pi"] == "9/10"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"steps": 0}, "steps: expected at least 1, found 0"),
        ({"samples": -1}, "samples: expected at least 0, found -1"),
        ({"steps": 10**9}, "too few for this study"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting: dict[str, int], words: str) -> None:
    with pytest.raises(AnalysisError, match=words):
        study_estimators(Setting(**{"training": 0, **setting}), executor=InOrder())


def test_a_wrong_pi_is_refused() -> None:
    with pytest.raises(EstimatorError, match="PI = 0"):
        study_estimators(Setting(pis=("0",)), executor=InOrder())


# --- the commands ----------------------------------------------------------------------


def test_progress_is_told_task_by_task() -> None:
    told: list[float] = []
    small = Setting(taus=(1,), pis=("1/2",), steps=3, passages=2, units=2, training=0, samples=0)
    study_estimators(small, executor=InOrder(), progress=lambda done, what: told.append(done))
    assert told == [k / 6 for k in range(1, 7)]
    quiet = io.StringIO()
    Progress("measuring", stream=quiet).show(0.5)
    assert quiet.getvalue() == ""


def test_the_verb_study_prints_the_table_or_json() -> None:
    options = ["--tau", "1", "--pi", "0.5", "-T", "4", "--passages", "1", "--units", "2"]
    options += ["--training", "0", "--samples", "0", "--jobs", "1"]
    run = CliRunner().invoke(main, ["study", *options])
    assert run.exit_code == 0
    assert run.stdout.splitlines()[0].endswith("--training 0 --samples 0")
    assert "random:1/2" in run.stdout
    found = json.loads(CliRunner().invoke(main, ["study", *options, "--json"]).stdout)
    assert [one["estimator"] for one in found["estimators"]] == [
        "window:1",
        "chunk:1",
        "random:1/2",
    ]


def test_the_verb_study_refuses_what_is_no_probability() -> None:
    run = CliRunner().invoke(main, ["study", "--pi", "0", "--training", "0"])
    assert run.exit_code == 2
    assert "PI = 0" in run.stderr


def test_the_verb_strategies_draws_the_three(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("The Time Machine by H. G. Wells", encoding="utf-8")
    run = CliRunner().invoke(main, ["strategies", str(page), "-n", "20", "-t", "5"])
    assert run.exit_code == 0
    made = f"made by symbptt: symbptt strategies {page} -n 20 -t 5 -p 0.8 -s 0"
    assert made in unsigned(run.stdout)
    words = " ".join(ElementTree.fromstring(run.stdout).itertext())
    for name in ("random", "regular", "full", "pieces of 5 steps"):
        assert name in words


def test_the_verb_strategies_says_what_it_can_not_read(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes(b"\xff\xfe")
    run = CliRunner().invoke(main, ["strategies", str(page)])
    assert run.exit_code == 2
    assert "no text in UTF-8" in run.stderr
