# Two commands matter: `make report` and `make test`. Both set everything up first, inside this folder.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup report test test-all lab shell check docs lock benchmarks clean

help:            ## list the targets
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/: .*## /\t/' | expand -t 14

setup: $(STAMP)  ## install the exact versions of requirements.lock into .venv
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=python3.12 make ...)"; exit 2; }
	@echo "Setting up .venv (a few minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

report: setup    ## rerun the whole demo survey into reports/demo-2019/index.html
	@$(BIN)/workbench refresh demo-2019

test: setup      ## run the tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

test-all: setup  ## run also the slow tests (English pages, every notebook in JupyterLab, a dying worker)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m ""

lab: setup       ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

shell: setup     ## a shell in which the command workbench is found
	@PATH="$(CURDIR)/$(BIN):$$PATH" $${SHELL:-sh}

check: setup     ## ruff, mypy and the layers of imports, as the pull request does
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache
	@$(BIN)/python benchmarks/measure_house.py

docs: setup      ## build the documentation into docs/_build
	@$(BIN)/sphinx-build -q -W -b html docs docs/_build

lock: setup      ## renew requirements.lock after a change of pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --all-extras --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock

benchmarks: setup  ## measure; the tables stand in docs/performance.md
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

clean:           ## remove what was made (reports, cleaned data, .venv)
	rm -rf $(VENV) reports docs/_build data/processed/*/ data/processed/.cache
