"""What all tests share."""

import gc
import os
from pathlib import Path

import pytest

# The arrays of tests are small: threads would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What tests read is plain, whoever runs them.
os.environ.pop("FORCE_COLOR", None)

# As the program has it: to look for garbage among the expressions of all tests that ran before
# would be an eighth of their time, and now and then a second of a test that measures its own.
gc.set_threshold(100_000, 20, 100)

FOLDER = Path(__file__).parent

# Files that take long as a whole: `make check` leaves them out, `make test` does not.
SLOW = {
    "analysis/test_report.py",
    "analysis/test_sensitivity.py",
    "analysis/test_structure.py",
    "benchmarks/test_before.py",
    "benchmarks/test_levels.py",
    "benchmarks/test_speed.py",
    "calculus/test_bias.py",
    "calculus/test_closed_formulas.py",
    "calculus/test_recurrence_models.py",
    "calculus/test_unrolled_answers.py",
    "calculus/test_variants.py",
    "catalogue/test_table.py",
    "codegen/test_blocks.py",
    "codegen/test_carry_grad.py",
    "codegen/test_checkpoint.py",
    "codegen/test_estimators.py",
    "codegen/test_explanation.py",
    "codegen/test_extremes.py",
    "codegen/test_forward_mode.py",
    "codegen/test_gradients.py",
    "codegen/test_interface.py",
    "codegen/test_levels.py",
    "codegen/test_naming.py",
    "codegen/test_scan.py",
    "codegen/test_short_calls.py",
    "codegen/test_sizes.py",
    "codegen/test_style.py",
    "documents/test_proofreading.py",
    "documents/test_seeds.py",
    "errata/test_page.py",
    "exercises/test_grading.py",
    "experiments/test_experiment.py",
    "formula/test_catalogue.py",
    "formula/test_check_command.py",
    "formula/test_decision.py",
    "formula/test_derived.py",
    "formula/test_edits.py",
    "formula/test_latex_round_trip.py",
    "formula/test_meaning.py",
    "formula/test_mending.py",
    "formula/test_own_names.py",
    "formula/test_printed_answers.py",
    "formula/test_public_formulas.py",
    "formula/test_reading.py",
    "formula/test_round_trip.py",
    "formula/test_slips.py",
    "formula/test_unrolled_lines.py",
    "formula/test_vanishing.py",
    "formula/test_verdict.py",
    "fuzz/test_fuzz.py",
    "handwritten/test_examination.py",
    "handwritten/test_process.py",
    "handwritten/test_slips.py",
    "language/test_limits.py",
    "mutants/test_mutants.py",
    "proof/induction/test_statements.py",
    "proof/test_arguments.py",
    "proof/test_domains.py",
    "proof/test_estimators.py",
    "proof/test_execution.py",
    "proof/test_forms.py",
    "proof/test_layouts.py",
    "proof/test_levels.py",
    "proof/test_lines.py",
    "proof/test_losses_inside.py",
    "proof/test_planted.py",
    "proof/test_reach.py",
    "proof/test_report.py",
    "proof/test_rounding.py",
    "proof/test_slips.py",
    "proof/test_trial.py",
    "proof/test_unrolled.py",
    "test_cli_estimators.py",
    "test_cli_situations.py",
    "test_contributing.py",
    "test_demonstration.py",
    "test_docs.py",
    "test_formulas_page.py",
    "test_output.py",
    "test_places.py",
    "test_readme.py",
    "test_symbolic.py",
    "test_testing.py",
    "trust/test_trust.py",
    "typeset/test_estimate.py",
    "typeset/test_every_text.py",
    "typeset/test_forms.py",
    "typeset/test_fragments.py",
    "typeset/test_pdflatex.py",
    "typeset/test_style.py",
    "typeset/test_text_format.py",
}

# What two files make of the same, one process makes once.
TOGETHER = {
    "codegen/test_naming.py": "naming",
    "catalogue/test_table.py": "verdicts",
    "formula/test_catalogue.py": "verdicts",
    "formula/test_edits.py": "edits",
    "codegen/test_style.py": "style",
    "test_contributing.py": "recipes",
    "test_output.py": "output",
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What no test of will run is not looked into: half of the time that looking takes."""
    fast = config.option.markexpr == "not slow"
    return True if fast and collection_path.relative_to(FOLDER).as_posix() in SLOW else None


# Before the plugin that hands tests out to processes looks at the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow files, and those that are run by one process.

    All that has to do with one model's modules is.
    """
    for item in items:
        file = item.path.relative_to(FOLDER).as_posix()
        if file in SLOW:
            item.add_marker(pytest.mark.slow)
        group = TOGETHER.get(file)
        if not group and file.startswith("codegen/") and isinstance(item, pytest.Function):
            group = getattr(item, "callspec", None) and item.callspec.params.get("name")
        if group:
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def shortened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`verify` looks at less of each kind, unless all is asked for."""
    from tests.modules import EXHAUSTIVE
    from tests.proof.shortened import shorten

    if not EXHAUSTIVE:
        shorten(monkeypatch, request.node.name)
