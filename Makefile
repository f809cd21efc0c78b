# The targets install everything that a new clone needs, into .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && command -v "$$p" && break; done)
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests wait for processes and time-outs, so one more worker than processors.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

export UV_PROJECT_ENVIRONMENT := $(VENV)
# Use the system's certificate store, which has the certificates of a company network.
export UV_SYSTEM_CERTS := 1
# Let Python keep bytecode even if the caller's environment says otherwise: without it, each of the hundreds of
# processes that the tests start compiles our code again, and each test process rewrites every assertion.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml uv.lock
	@if [ -z "$(PYTHON)" ]; then \
	  echo "make: Python 3.11, 3.12 or 3.13 is required, but none of them is on PATH. Install one, or set its path: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; fi
	@$(BIN)/python -c '' 2>/dev/null && $(BIN)/uv --version 2>/dev/null | grep -qF 'uv $(UV_VERSION)' || { \
	  $(PYTHON) -m venv --clear $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'; }
	@$(BIN)/uv sync --quiet --frozen --all-extras --compile-bytecode --python $(BIN)/python
	@$(BIN)/python -m pulumi_userprofiles.bundle host
	@touch $@

# Other tools change .venv too: `pulumi install` and `uv sync` remove what they do not know. The check takes 0.1 s.
.PHONY: install
install: ## Install everything into .venv, or repair it
	@{ $(BIN)/python -c '' && $(BIN)/uv sync --quiet --frozen --all-extras --check; } >/dev/null 2>&1 || rm -f $(VENV)/.installed
	@$(MAKE) --silent --no-print-directory $(VENV)/.installed

.PHONY: demo
demo: install ## Show a sign-up and a backfill on a local AWS (ARGS=--json prints one JSON document)
	@$(BIN)/python examples/demo $(ARGS)

.PHONY: demo-legacy
demo-legacy: install ## Move 2,000 users of an old application to a local AWS (ARGS=--json prints one JSON document)
	@$(BIN)/python examples/demo_legacy $(ARGS)

.PHONY: test
test: install ## Run the test suite without the long tests (3 minutes at most)
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not long" $(ARGS)

.PHONY: test-long
test-long: install ## Run the long tests
	@$(BIN)/python -m pytest -n $(WORKERS) -m long $(ARGS)

.PHONY: check
check: install ## Check format, lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache --no-logo

.PHONY: format
format: install ## Format the code and apply ruff's fixes
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

.PHONY: bench
bench: install ## Run the benchmarks
	@for b in benchmarks/bench_*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

.PHONY: lock
lock: install ## Update uv.lock and the pylock files, the lists of packages in the functions' zips
	@$(BIN)/uv lock $(ARGS)
	@$(BIN)/uv export --quiet --frozen --no-dev --no-emit-project --no-header --format pylock.toml --output-file lambdas/userprofiles/pylock.toml
	@$(BIN)/uv export --quiet --frozen --no-dev --extra custom-sms-sender --no-emit-project --no-header --format pylock.toml --output-file lambdas/userprofiles/pylock.custom_sms_sender.toml
	@$(BIN)/uv export --quiet --frozen --no-dev --extra pulumi --no-emit-project --no-header --no-annotate --no-hashes --format requirements.txt --output-file constraints.txt

.PHONY: pr
pr: check test test-long ## Run every check that a pull request must pass

.PHONY: clean
clean: ## Delete the files that the other targets created
	@rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
