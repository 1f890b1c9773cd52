# Two commands: `make run` and `make test`. Both set up what they need first.
PYTHON ?= python3
DATA ?= ./atpix-data
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check unit bench lock openapi clean

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ -/'

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Atpix needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.lock pins ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src sdk/src
	@touch $@

setup: $(VENV)/installed ## make the environment

run: $(VENV)/installed ## start the service on http://127.0.0.1:8000
	@exec $(BIN)/atpix serve --data $(DATA) --port $(PORT) --demo

test: check unit ## every check and every test

check: $(VENV)/installed ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/installed ## every test, on every database and store
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: $(VENV)/installed ## measure, against baselines of the same run
	$(BIN)/python -m bench

lock: ## pin again what pyproject.toml asks for
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group test --group build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock

openapi: $(VENV)/installed ## write the OpenAPI snapshot anew
	$(BIN)/python -m tests.openapi_snapshot

clean: ## remove the environment, not the data
	rm -rf $(VENV)
