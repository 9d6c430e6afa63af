# Everything that a person types. `make help` lists it.
# Works from a fresh clone with nothing but make and Python 3.11 or newer.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
TESTS ?= tests
# Files of tests are shared out over this many processes, each with servers of its own.
CREWS ?= 2
NAME ?= spine
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
PROJECT_FILES := pyproject.toml
RUNTIME_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: help run test lint bench
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## List the targets.
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME_STAMP) ## Start everything (the demo company on first start). Ctrl-C stops it.
	@exec $(BIN)/promiseline up

test: $(DEV_STAMP) ## Run every test; TESTS=tests/domain runs some.
	@exec $(BIN)/python -m pytest --numprocesses $(CREWS) --dist loadfile --no-loadscope-reorder $(TESTS)

lint: $(DEV_STAMP) ## Check style, types and templates.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --quiet templates

bench: $(RUNTIME_STAMP) ## Measure, on an installation of its own; NAME=spine says what.
	@exec $(BIN)/promiseline bench $(NAME) --json

# The development packages contain the runtime's, so whoever has them needs nothing more.
$(RUNTIME_STAMP): $(BIN)/python requirements.lock $(PROJECT_FILES)
	@echo "installing the locked packages (the first time takes a minute or two)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(INSTALL_SELF)
	@touch $@

$(DEV_STAMP): $(BIN)/python requirements-dev.lock $(PROJECT_FILES)
	@echo "installing the locked packages and the tools for tests (the first time takes a minute or two)"
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(INSTALL_SELF)
	@touch $@ $(RUNTIME_STAMP)

# The newest Python that works, unless PYTHON= names one.
$(BIN)/python:
	@for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making $(VENV) with $$("$$candidate" --version)"; \
	    exec "$$candidate" -m venv $(VENV); \
	  fi; \
	done; \
	echo "Promiseline needs Python 3.11 or newer with its venv module, and found none$(if $(PYTHON), at $(PYTHON))." >&2; \
	echo "Install one (on Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1
