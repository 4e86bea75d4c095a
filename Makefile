# Everything a developer or a curious trader runs. Only Python 3.11 or later has to be there:
# the first target makes .venv and installs the locked, hash-checked dependencies into it.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; \
	done)
VENV ?= .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
CROSS_VENV ?= .venv-cross
CROSS := $(CROSS_VENV)/.cross
# Screens spend their time waiting, so more workers than cores pay.
PARALLEL ?= -n 4 --dist worksteal
HEADLESS := run --headless --for 10m --speed 2000 --seed 7 --json
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

LOCKING := --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	--no-header --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help demo run test check cross lint snap snap-update bench deep docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(RUNTIME) ## the console on the built-in simulator (without a terminal: the same, headless)
	@if [ -t 1 ]; then $(BIN)/hedgetui demo; else $(BIN)/hedgetui $(HEADLESS); fi

run: $(RUNTIME) ## the console on your configured profile; ARGS="..." are passed on
	@$(BIN)/hedgetui $(ARGS)

test: $(DEV) ## the tests, in random order; ARGS="tests/unit -x" narrows them
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

check: lint ## what CI runs: lint, types, layers, tests with coverage
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term

lint: $(DEV) ## style, types and layers, without the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

snap: $(DEV) ## compare the screens with their pictures
	$(BIN)/python -m pytest -m snap $(ARGS)

snap-update: $(DEV) ## accept the screens as they are now
	$(BIN)/python -m pytest -m snap --snapshot-update $(ARGS)

bench: $(DEV) ## every benchmark beside its anchor, one after the other
	@missed=0; for name in pricing journal wire start latency growth tws mt5 tails accounts balance stress stress_screen; do \
		echo "== $$name"; $(BIN)/python benchmarks/$$name.py || missed=1; \
	done; exit $$missed

cross: $(CROSS) ## the broker tests on ib_async and the vendor's own client, in a virtualenv of their own
	$(CROSS_VENV)/bin/python -m pytest $(PARALLEL) tests/contract tests/gateway tests/ibkr tests/cross $(ARGS)

deep: $(DEV) cross ## long random search, and everything in the second virtualenv
	HEDGETUI_TEST_PROFILE=deep $(BIN)/python -m pytest --timeout 3600 $(ARGS)

docs: $(DEV) ## write the generated pages again
	$(BIN)/python -m hedgetui.config.reference > docs/config.md
	$(BIN)/python -c 'from hedgetui.ui.actions import keys_markdown; print(keys_markdown(), end="")' > docs/keys.md
	$(BIN)/python -c 'from hedgetui.console.pages import safety_markdown; print(safety_markdown(), end="")' > docs/safety.md

lock: ## choose newer dependencies; needs uv
	uv pip compile pyproject.toml --group build $(LOCKING) --output-file requirements.lock
	uv pip compile pyproject.toml --group build --extra dev $(LOCKING) --constraint requirements.lock \
		--output-file requirements-dev.lock
	uv pip compile --group cross --no-deps $(LOCKING) --constraint requirements-dev.lock \
		--output-file requirements-cross.lock

clean: ## remove everything that was made here
	rm -rf $(VENV) $(CROSS_VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		dist build snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "hedgetui needs Python 3.11 or later; none found (make PYTHON=...)"; exit 2; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies, development tools included"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)

# eventkit and aeventkit own the same folder, so one library goes before the other comes.
$(CROSS): requirements-dev.lock requirements-cross.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "hedgetui needs Python 3.11 or later; none found (make PYTHON=...)"; exit 2; }
	@echo "making $(CROSS_VENV) with $(PYTHON), for ib_async and ibapi"
	@$(PYTHON) -m venv --clear $(CROSS_VENV)
	@$(CROSS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-dev.lock
	@$(CROSS_VENV)/bin/python -m pip uninstall --quiet --yes ib_insync eventkit
	@$(CROSS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r requirements-cross.lock
	@$(CROSS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $@
