# make demo        set everything up and export the embedded LeNet to demo.html (OPEN=1 opens it)
# make test        set up the rest and run everything
# make test-full   as test, with the slow checks on large models and beside other attribution libraries
# make lint        only the linters and type checkers
# make gallery     remake the pictures of docs/gallery.md
# make page        only the page's build
# make screenshots remake the pictures of README and docs
# make clean       remove what was made here

PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PAGE := web_static
# Tests of one file stay together: they share what they export.
WORKERS ?= 2
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/scripts -type f 2>/dev/null) $(PAGE)/tsconfig.json
# A Node that scripts/node.sh had to install lies in the virtual environment and goes before an older one.
NODE_PATH_FIRST := PATH="$(CURDIR)/$(BIN):$$PATH"

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := demo
.PHONY: demo test test-full lint lint-python lint-page page screenshots gallery clean

demo: $(STAMPS)/installed $(PAGE)/dist/app.js
	@$(BIN)/tensorview demo -o demo.html --force $(if $(OPEN),--open)

test: lint
	@cd $(PAGE) && $(NODE_PATH_FIRST) npm --silent test
	@chromium=$$(sh scripts/chromium.sh) && CHROMIUM="$$chromium" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-full: export TENSORVIEW_FULL := 1
test-full: test $(STAMPS)/peers $(STAMPS)/fuzz
	@PYTHONPATH=$(CURDIR)/$(VENV)/peers $(BIN)/python -m pytest tests/test_peers.py
	@TENSORVIEW_FUZZ=$(CURDIR)/$(VENV)/fuzz $(BIN)/python -m pytest tests/server/test_server_fuzz.py

lint: lint-python lint-page

lint-python: $(STAMPS)/dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy

lint-page: $(PAGE)/dist/app.js
	@cd $(PAGE) && $(NODE_PATH_FIRST) npm --silent run check
	@cd $(PAGE) && $(NODE_PATH_FIRST) npm --silent run lint

page: $(PAGE)/dist/app.js

screenshots: $(STAMPS)/dev $(PAGE)/dist/app.js
	@chromium=$$(sh scripts/chromium.sh) && CHROMIUM="$$chromium" $(BIN)/python scripts/screenshots.py
	@$(BIN)/python scripts/attribution_pictures.py

gallery: $(STAMPS)/dev $(PAGE)/dist/app.js
	@chromium=$$(sh scripts/chromium.sh) && CHROMIUM="$$chromium" $(BIN)/python scripts/gallery.py

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "tensorview needs Python 3.11 or later; install it, or set PYTHON to it" >&2; exit 1; }
	@echo "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)/installed: pyproject.toml hatch_build.py | $(VENV)/pyvenv.cfg
	@echo "installing tensorview and what it needs (TensorFlow is large: this takes a while the first time)"
	@$(BIN)/python -m pip install --quiet --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(STAMPS)/installed
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(STAMPS)/peers: benchmarks/peers.txt $(STAMPS)/dev
	@echo "installing the attribution libraries that ours is compared with"
	@$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/peers -r benchmarks/peers.txt
	@touch $@

$(STAMPS)/fuzz: tests/server/fuzz.txt $(STAMPS)/dev
	@echo "installing what asks the server's API every kind of question"
	@$(BIN)/python -m pip install --quiet --target $(VENV)/fuzz -r tests/server/fuzz.txt
	@touch $@

$(STAMPS)/node: scripts/node.sh | $(VENV)/pyvenv.cfg
	@sh scripts/node.sh $(BIN)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/npm: $(PAGE)/package.json $(PAGE)/package-lock.json $(STAMPS)/node
	@echo "installing what the page's build needs"
	@cd $(PAGE) && $(NODE_PATH_FIRST) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE)/dist/app.js: $(PAGE_SOURCES) $(STAMPS)/npm
	@echo "building the page"
	@cd $(PAGE) && $(NODE_PATH_FIRST) npm --silent run build
	@touch $@

clean:
	rm -rf $(VENV) $(PAGE)/node_modules $(PAGE)/dist build dist demo.html .mypy_cache .pytest_cache .ruff_cache
