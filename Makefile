# Everything people and CI run. `make help` lists the targets; each sets up .venv by itself.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup build test lint format bench

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 10

setup: $(STAMP) ## Install everything into .venv (the only step that needs the network)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "This needs Python 3.11 or newer with venv and ensurepip: install it (Debian: apt-get install python3 python3-venv), or run make PYTHON=/path/to/python3."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' \
		|| { echo "The first run needs a Python package index: pip could not install the dependencies of pyproject.toml."; exit 1; }
	@touch $@

build: $(STAMP) ## Compile the rules and write the bundles to dist/
	@$(BIN)/qdet build

test: $(STAMP) ## Run every test
	@$(BIN)/python -m pytest

lint: $(STAMP) ## Check types, style, layers, rules and bundles
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/qdet check
	@$(BIN)/qdet build --check

format: $(STAMP) ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## Time a build of 60 rules on three targets against its peers
	@$(BIN)/python tests/bench_build.py
