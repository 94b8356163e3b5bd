# Everything people and CI run. `make help` lists the targets; each sets up .venv by itself.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SUITS = -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
ifneq ($(origin PYTHON),command line)
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p $(SUITS) && echo $$p && break; done)
endif

.DEFAULT_GOAL := help
.PHONY: help setup build test lint format docs proof bench

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 10

# What is installed is what stands in the stamp: this folder's path, since scripts in .venv carry it, and pyproject.toml.
setup: ## Install everything into .venv; the first time it needs the network
	@{ pwd; cat pyproject.toml; } | cmp -s - $(STAMP) || $(MAKE) --no-print-directory $(STAMP)

.PHONY: $(STAMP)
$(STAMP):
	@{ test -n "$(PYTHON)" && $(PYTHON) $(SUITS); } || { echo "This needs Python 3.11 or newer with venv and ensurepip: install it (Debian: apt-get install python3 python3-venv), or run make PYTHON=/path/to/python3."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' \
		|| { echo "The first run needs a Python package index: pip could not install the dependencies of pyproject.toml."; exit 1; }
	@{ pwd; cat pyproject.toml; } > $@

build: setup ## Compile the rules and write the bundles to dist/
	@$(BIN)/qdet build

test: setup ## Run every test; the first time it fetches OpenSearch
	@$(BIN)/python -m amazon_q_detections.targets.opensearch.node
	@$(BIN)/python -m pytest

lint: setup ## Check types, style, layers, rules and bundles
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/qdet check
	@$(BIN)/qdet build --check

format: setup ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup ## Rewrite docs/queries.md, which shows rules and their queries
	@$(BIN)/python tests/queries_page.py

proof: setup ## Hold 20,000 random rule/event pairs on each engine and schema against the meaning; writes docs/proof.md
	@$(BIN)/python tests/proof/__main__.py --write docs/proof.md

bench: setup ## Time a build of 60 rules on three targets against its peers
	@$(BIN)/python tests/bench_build.py
