# make demo    set everything up, export the embedded LeNet to demo.html (OPEN=1 opens it)
# make test    set up the rest and run everything
# make lint    only the linters and type checkers
# make page    only the page's build
# make clean   remove what was made here

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info)' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
# Where the machine has no Node, the one from PyPI lies in the virtual environment.
export PATH := $(PATH):$(CURDIR)/$(BIN)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PAGE := web_static
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/scripts -type f 2>/dev/null) $(PAGE)/tsconfig.json

.PHONY: demo test test-full lint page setup clean chromium pytest check-page check-python
.DEFAULT_GOAL := demo

demo: $(STAMPS)/installed $(PAGE)/dist/app.js
	@$(BIN)/tensorview demo -o demo.html --force $(if $(OPEN),--open)

test: lint
	@chromium=$$(scripts/chromium.sh)
	cd $(PAGE) && npm test
	cd ..
	CHROMIUM=$$chromium $(BIN)/python -m pytest

test-full: lint
	@chromium=$$(scripts/chromium.sh)
	cd $(PAGE) && npm test
	cd ..
	CHROMIUM=$$chromium TENSORVIEW_FULL=1 $(BIN)/python -m pytest

lint: check-python check-page

check-python: $(STAMPS)/dev
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check-page: $(PAGE)/dist/app.js
	@cd $(PAGE)
	npm run check
	npm run lint

page: $(PAGE)/dist/app.js

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then
		echo "tensorview needs Python 3.11 or later; none was found (set PYTHON to one)" >&2
		exit 1
	fi
	echo "making a virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/installed: pyproject.toml hatch_build.py | $(VENV)/bin/python
	@echo "installing tensorview and what it needs (TensorFlow is large: this takes a while the first time)"
	$(BIN)/python -m pip install --quiet --editable .
	mkdir -p $(STAMPS)
	touch $@

$(STAMPS)/dev: $(STAMPS)/installed
	@echo "installing what the tests need"
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

# The page is built with the machine's Node where it is new enough, else with the one from PyPI.
$(STAMPS)/node: scripts/node.sh | $(VENV)/bin/python
	@scripts/node.sh $(BIN)
	mkdir -p $(STAMPS)
	touch $@

$(PAGE)/node_modules/.package-lock.json: $(PAGE)/package.json $(PAGE)/package-lock.json $(STAMPS)/node
	@echo "installing what the page's build needs"
	cd $(PAGE)
	npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json

$(PAGE)/dist/app.js: $(PAGE_SOURCES) $(PAGE)/node_modules/.package-lock.json
	@echo "building the page"
	cd $(PAGE)
	npm run --silent build
	touch dist/app.js

clean:
	@rm -rf $(VENV) $(PAGE)/node_modules $(PAGE)/dist build dist demo.html .mypy_cache .pytest_cache .ruff_cache
