# `make demo` and `make test` set up everything that they need in .venv; no environment has to be
# active. They want Python 3.11 or later; PYTHON=… says which one to take.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; \
	done)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test check lint manual bench cost mutants generated docs trust clean

demo: $(VENV)/core
	$(BIN)/python -m symbptt demo

test: $(VENV)/tools
	$(BIN)/python -m pytest -n auto --dist loadgroup

# The fast part, under a minute.
check: $(VENV)/tools
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow"

lint: $(VENV)/tools
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check --isolated generated
	$(BIN)/python -m ruff format --check --isolated generated
	$(BIN)/python -m mypy

# The documentation as web pages, in build/manual.
manual: $(VENV)/manual
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/manual

# One gradient step beside hand-written NumPy and, where installed, PyTorch and JAX.
bench: $(VENV)/core
	$(BIN)/python -m benchmarks.speed --write docs

# What symbptt itself costs.
cost: $(VENV)/core
	$(BIN)/python benchmarks/cost.py

# Plants errors in everything that makes a module, and says what finds them; goes on where
# it stopped (build/mutants).
mutants: $(VENV)/tools
	$(BIN)/python -m tests.mutants

# Makes the files in generated/ again.
generated: $(VENV)/tools
	$(BIN)/python -m tests.generated --update

# Makes docs/catalogue.md and its figures again. The picture in the README: python -m tests.picture.
docs: $(VENV)/tools
	$(BIN)/python -m tests.catalogue.table --update
	$(BIN)/python -m tests.errata.page --update

# Runs everything that symbptt is examined with, for hours, and writes docs/trust.md.
trust: $(VENV)/tools
	$(BIN)/python -m tests.trust --run

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache

# The stamps are newer than pyproject.toml when what it asks for is installed.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "symbptt needs Python 3.11 or later; none was found" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/core: pyproject.toml | $(BIN)/python
	$(PIP) install -e .
	@touch $@

$(VENV)/tools: pyproject.toml | $(BIN)/python
	$(PIP) install -e ".[test,lint]"
	@touch $(VENV)/core $@

$(VENV)/manual: pyproject.toml | $(BIN)/python
	$(PIP) install -e ".[docs]"
	@touch $@
