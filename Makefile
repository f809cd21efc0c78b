# Everything a new clone needs is installed by the commands themselves, into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && command -v "$$p" && break; done)
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

export UV_PROJECT_ENVIRONMENT := $(VENV)
# A network with certificates of its own has them in the system's store.
export UV_SYSTEM_CERTS := 1

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml uv.lock
	@if [ -z "$(PYTHON)" ]; then \
	  echo "make: Python 3.11, 3.12 or 3.13 is needed and none was found on PATH. Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@$(BIN)/uv --version 2>/dev/null | grep -qF 'uv $(UV_VERSION)' || { \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'; }
	@$(BIN)/uv sync --quiet --frozen --all-extras --compile-bytecode --python $(BIN)/python
	@$(BIN)/python -m pulumi_userprofiles.bundle host
	@touch $@

.PHONY: install
install: $(VENV)/.installed ## Install everything into .venv

.PHONY: demo
demo: install ## A sign-up becomes a profile on a local AWS, then a backfill (ARGS=--json for one JSON document)
	@$(BIN)/python examples/demo $(ARGS)

.PHONY: test
test: install ## The test suite, short versions (3 minutes at most)
	@$(BIN)/python -m pytest -n auto -m "not long" $(ARGS)

.PHONY: test-long
test-long: install ## The tests that take longer
	@$(BIN)/python -m pytest -n auto -m long $(ARGS)

.PHONY: check
check: install ## Format, lint, types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

.PHONY: format
format: install ## Format the code and mend what ruff can
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

.PHONY: bench
bench: install ## Run the benchmarks
	@for b in benchmarks/bench_*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

.PHONY: lock
lock: install ## Lock the dependencies again, and the list that a function's zip is made from
	@$(BIN)/uv lock $(ARGS)
	@$(BIN)/uv export --quiet --frozen --no-dev --no-emit-project --no-header --format pylock.toml --output-file lambdas/userprofiles/pylock.toml

.PHONY: pr
pr: check test test-long ## All that a pull request has to pass

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
