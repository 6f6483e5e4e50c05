# Every target sets up what it needs: `make demo` or `make test` alone is enough on a fresh machine with Python 3.11.
# make PYTHON=python3.12 ...   another interpreter        EDGEASR_DATA=folder make test   another place for the data

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
STAMP := .venv/.installed
PACKAGES := edgeasr export firmware_bridge benchmarks
export EDGEASR_DATA ?= ../shared/data
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help setup check test test-all demo bench docs clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP) ## make .venv and install edgeasr with everything that developing needs

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "edgeasr needs Python 3.11 or newer: install it, or make PYTHON=path" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

check: $(STAMP) ## lint, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: $(STAMP) ## the tests that take seconds
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

test-all: $(STAMP) ## all tests, those that take minutes too
	$(BIN)/python -m pytest -n auto --dist worksteal

demo: $(STAMP) ## export the built-in model, measure it against the float original, listen to a spoken clip
	$(BIN)/edgeasr export --int8 --float32 --out demo/digits
	$(BIN)/edgeasr bench demo/digits --report demo/report.md
	$(BIN)/python -c "from pathlib import Path; import numpy as np; from edgeasr.audio.clip import Clip; \
	from edgeasr.audio.wav import write_wav; from edgeasr.data.synthetic import say; \
	words = [np.pad(say(word).samples, 11025) for word in ('three', 'seven')]; \
	write_wav(Path('demo/three-seven.wav'), Clip(np.concatenate(words), 22050))"
	$(BIN)/edgeasr listen demo/digits/*.int8.tflite demo/three-seven.wav
	@echo "The report is in demo/report.md, the exported models are in demo/digits."

bench: $(STAMP) ## measure the numbers of the README (an hour: it trains 18 models)
	@set -e; for script in $(filter-out benchmarks/zoo.py $(wildcard benchmarks/firmware_*.py),$(wildcard benchmarks/*.py)); do echo "$$script"; $(BIN)/python "$$script"; done

docs: $(STAMP) ## write docs/commands.md from the help of the commands, and the schema of bench records
	$(BIN)/python docs/commands.py
	$(BIN)/python -m edgeasr_bench.schema.generate

clean: ## remove what the targets made; .venv stays
	rm -rf demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(PACKAGES) tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
