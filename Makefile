# Every target does its own set-up: a virtual environment in .venv, and Debian packages where they are missing
# (tools/packages.sh says which target needs what; as root it installs them, otherwise it names them).

# Debian's own Python before others on the path: it is built with the optimisations that a request feels (a third of its
# time), which a Python compiled by hand seldom has.
export PYTHON ?= $(shell /usr/bin/python3 -c 'import sys; print("/usr/bin/python3" if sys.version_info >= (3, 9) else "python3")' 2>/dev/null || echo python3)
VENV ?= .venv
BIND ?= 127.0.0.1:8000
ONLY ?=
BENCH_OPTIONS ?=

BIN := $(VENV)/bin
PACKAGING := pyproject.toml
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help run test lint types bench prove docs clean

help:
	@echo "make run      serve examples/ on http://$(BIND)"
	@echo "make test     ruff, mypy and every test"
	@echo "make bench    measure mpfcgi beside its peers   (ONLY=ours,floor,php picks rows)"
	@echo "make prove    prove what docs/processes.md promises, under load   (ONLY=fairness,kills picks proofs)"
	@echo "make docs     write the reference pages, and all of docs/ as HTML into build/docs"
	@echo "make clean    remove what the others made"

run: $(VENV)/.for-run
	$(BIN)/mpfcgi serve examples --bind $(BIND)

test: lint types
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.for-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.for-test
	$(BIN)/mypy

bench: $(VENV)/.for-bench
	$(BIN)/python bench/run.py --only "$(ONLY)" $(BENCH_OPTIONS)

prove: $(VENV)/.for-bench
	$(BIN)/python bench/prove.py --only "$(ONLY)" $(BENCH_OPTIONS)

docs: $(VENV)/.for-docs
	$(BIN)/python docs/build.py --html build/docs

clean:
	rm -rf $(VENV) build dist bench/out *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: one per set of packages, made anew when the packaging changes.

$(BIN)/python:
	tools/packages.sh run
	$(PYTHON) -m venv $(VENV)

$(VENV)/.for-run: $(BIN)/python $(PACKAGING)
	$(PIP) install -e .
	@touch $@

$(VENV)/.for-test: $(BIN)/python $(PACKAGING) tools/packages.sh
	tools/packages.sh test
	$(PIP) install -e ".[test]"
	@touch $@

$(VENV)/.for-bench: $(BIN)/python $(PACKAGING) tools/packages.sh
	tools/packages.sh bench
	$(PIP) install -e ".[bench]"
	@touch $@

$(VENV)/.for-docs: $(BIN)/python $(PACKAGING)
	$(PIP) install -e ".[docs]"
	@touch $@
