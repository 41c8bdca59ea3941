# Two commands matter: `make report` and `make test`. Both set everything up first, inside this folder.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# of this place: what is installed names the folder it was made in, and a copied or moved one is made anew
STAMP  := $(VENV)/.ready-$(shell pwd -P | cksum | cut -d' ' -f1)
TOOLS  := $(VENV)/.tools
# uv installs the same files in a fifth of the time; pip does where uv does not reach the packages
lay = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) 2>/dev/null \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1)
compile = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header pyproject.toml

# what two processes import, so that it is compiled before the tests start
COMPILED := analysis.lab,workbench.office.draft docx,nbconvert,papermill,workbench.run.ipython_kernel,xlsxwriter
# uv trusts whom the machine trusts: networks of offices have certificates of their own
export UV_SYSTEM_CERTS := 1
# kept also where the surroundings forbid it: a process that compiles all it imports starts in 10 s instead of 4
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup tools report test test-all lab shell check docs lock benchmarks clean

help:            ## list the targets
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/: .*## /\t/' | expand -t 14

setup: $(STAMP)  ## install what the reports need (requirements.lock, exact versions) into .venv
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=python3.12 make ...)"; exit 2; }
	@echo "Setting up .venv (a minute the first time)"
	@[ -e $@ ] || ! ls $(VENV)/.ready* >/dev/null 2>&1 || rm -rf $(VENV)
	@$(PYTHON) -m venv --without-pip $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements.lock > $(VENV)/uv.lock
	@# its own pip takes as long to unpack as uv takes for all else, and comes meanwhile
	@$(BIN)/python -m ensurepip >/dev/null 2>&1 & \
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes \
		-r $(VENV)/uv.lock 2>/dev/null && $(BIN)/uv pip install --quiet --python $(BIN)/python \
		--require-hashes -r requirements.lock 2>/dev/null; wait
	@$(call lay,--require-hashes -r requirements.lock)
	@$(call lay,--no-deps --no-build-isolation --editable .)
	@touch $@

tools: $(TOOLS)  ## install also what only developers need (requirements-dev.lock)
$(TOOLS): $(STAMP) requirements-dev.lock
	@echo "Setting up what tests and checks need"
	@# meanwhile what all tests import is compiled, which each of their processes would do at its start
	@for modules in $(COMPILED); do $(BIN)/python -c "import $$modules" >/dev/null 2>&1 & done; \
	$(call lay,--require-hashes -r requirements-dev.lock)
	@touch $@

report: setup    ## rerun the whole demo survey into reports/demo-2019/index.html
	@$(BIN)/workbench refresh demo-2019

test: tools      ## run the tests
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

test-all: tools  ## run also the slow tests (English pages, every notebook in JupyterLab, a dying worker)
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m ""

lab: setup       ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

shell: setup     ## a shell in which the command workbench is found
	@PATH="$(CURDIR)/$(BIN):$$PATH" $${SHELL:-sh}

check: tools     ## ruff, mypy and the layers of imports, as the pull request does
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache
	@$(BIN)/python benchmarks/measure_house.py

docs: tools      ## build the documentation into docs/_build
	@$(BIN)/sphinx-build -q -W -b html docs docs/_build

lock: tools      ## renew both locks after a change of pyproject.toml
	@$(compile) --all-extras -o requirements-dev.lock
	@$(compile) --extra build --extra spss -c requirements-dev.lock -o requirements.lock

benchmarks: tools  ## measure; the tables stand in docs/performance.md
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file; done

clean:           ## remove .venv and what is only kept to save time; reports and data stay, somebody may have typed into them
	rm -rf $(VENV) docs/_build data/processed/.cache/*/
