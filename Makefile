# Two commands do everything: `make app` and `make test`. Both make the environment they need.
#
# PYTHON   the interpreter to start from (3.11 or newer)
# TEST     what pytest runs, e.g. make test TEST="-m 'not slow' tests/masking"

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)
EXTRA := $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)
BIN := .venv/bin
TEST ?=
FIRST_SEED ?= 0
COUNT ?= 100
ONLY ?=
APP ?=

# Where the tests with the markers `browser` and `alone` stand; tests/repository/test_parts_of_the_suite.py looks whether all do.
BROWSER_TESTS := tests/browser
ALONE_TESTS := tests/training/test_distributed.py tests/ingest/test_cluster.py tests/ablation/test_ablation.py
PARTS := --numprocesses 2 --dist loadfile
MORE := --numprocesses 3
# Tools that cannot be beside our packages have environments of their own, .ci/tools/NAME.txt, with ours behind: torch is installed once.
TOOLS := trackers fiftyone atlas
TOOL_TESTS := tests/training/test_trackers.py tests/exports/test_exports.py tests/pytorch/test_lightning.py

.PHONY: help app lab test check lint-js tools trust mutants audit notebooks notebook-outputs docs wheel sample-data pictures benchmarks figures clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

app: .venv/app ## open the app on the sample data; APP="--catalog DIR --runs DIR" for your own
	$(BIN)/streamlit run workbench/app.py -- $(APP)

lab: .venv/app ## open the notebooks
	$(BIN)/jupyter lab notebooks

test: .venv/dev browser ## every test, as CI runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
ifneq ($(TEST),)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(LINT_JS)
	$(BIN)/pytest --nbmake $(TEST)
else # three parts, each by files on several processes; the paths keep the second and third from collecting, and importing, every test.
# In the browser part files run by name: by size, the one that installs the wheel for minutes would come last. Many tests of the first
# part wait, for a server or a process that they kill, so it has one process more than cores; a browser draws on the cores itself.
	@mkdir -p .venv/tools; { $(INSTALL_TOOLS); } >.venv/tools/log 2>&1 & tools=$$!; \
	  { $(BIN)/mypy && $(BIN)/lint-imports --no-cache && $(LINT_JS); } >.venv/types.log 2>&1 & types=$$!; failed=; \
	  $(BIN)/pytest -p no:nbmake $(PARTS) $(MORE) -m "not browser and not notebook and not alone and not tool" || failed=1; \
	  wait $$types || failed=1; cat .venv/types.log; echo "test: the first part ended after $$SECONDS s"; \
	  $(BIN)/pytest -p no:nbmake --no-loadscope-reorder $(PARTS) -m browser $(BROWSER_TESTS) || failed=1; \
	  wait $$tools; cat .venv/tools/log; echo "test: the browser part ended after $$SECONDS s"; \
	  $(BIN)/pytest --nbmake $(PARTS) -m "notebook or alone or tool" notebooks $(ALONE_TESTS) $(TOOL_TESTS) || failed=1; \
	  { $(AUDIT); } || failed=1; echo "test: all ended after $$SECONDS s"; test -z "$$failed"
endif

check: .venv/dev ## lint, types and the fast tests: under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(LINT_JS)
	$(BIN)/pytest -m "not slow and not browser and not notebook and not fault" $(TEST)

lint-js: ## eslint and the type checker on our JavaScript, where npm is installed
	@$(LINT_JS)

# Words for the same reason as AUDIT below. npm installs anew only where package.json has changed; without it, and where the
# packages cannot be fetched, the rest of the checks goes on.
LINT_JS = if ! command -v npm >/dev/null; then echo "lint-js: skipped, npm is not installed"; \
	  elif ! cmp -s package.json node_modules/.installed && ! { npm install --no-audit --no-fund --silent >/dev/null 2>&1 && \
	    cp package.json node_modules/.installed; }; then echo "lint-js: skipped, npm cannot install eslint and typescript here"; \
	  else npm run --silent lint; fi

tools: .venv/dev ## environments of W&B, MLflow, trackio, Lightning, FiftyOne, Embedding Atlas, for their tests (a minute)
	@mkdir -p .venv/tools; { $(INSTALL_TOOLS); }

# Words for the same reason as AUDIT below, and so that `test` runs them beside its first part. The lists name what .venv lacks or has in
# another version, so nothing is resolved; the line in zz_behind.pth puts .venv's packages after an environment's own.
INSTALL_TOOLS = for tool in $(TOOLS); do into=.venv/tools/$$tool; list=.ci/tools/$$tool.txt; \
	  if test $$into/installed -nt $$list -a $$into/installed -nt .venv/dev; then continue; fi; \
	  rm -rf $$into; $(BIN)/python -m venv --without-pip $$into && \
	  $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >$$(echo $$into/lib/python*/site-packages)/zz_behind.pth && \
	  $(BIN)/pip --python $$into/bin/python install --disable-pip-version-check --quiet --no-deps --no-compile --requirement $$list && \
	  touch $$into/installed || echo "tools: $$tool cannot be installed here, so its tests are skipped"; done

trust: .venv/dev ## fifty kills a verb, 20 000 spoiled inputs (three minutes on two cores); FIRST_SEED=10000 for others
	MSM_KILLS=50 MSM_INPUTS=10000 MSM_FIRST_SEED=$(FIRST_SEED) $(BIN)/pytest --numprocesses 2 --dist worksteal tests/faults

mutants: .venv/dev ## break COUNT lines, one at a time, and list those that no test notices (docs/contributing/mutants.md)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.mutation.sample --count $(COUNT) --seed $(FIRST_SEED) $(if $(ONLY),--only '$(ONLY)')

audit: | .venv/bin/pip ## known vulnerabilities of the exact versions, where the advisory source answers
	@$(AUDIT)

# Words, not `$(MAKE) audit`: make runs a line that names it even when it was asked for a dry run.
AUDIT = if test -x .venv/audit/bin/pip-audit || { $(PYTHON) -m venv .venv/audit && \
	  .venv/audit/bin/pip install --disable-pip-version-check --quiet 'pip-audit>=2.9,<3' 2>/dev/null; }; \
	  then .venv/audit/bin/python .ci/audit.py 2>/dev/null; \
	  else echo "audit: pip-audit cannot be installed here, so nothing is known"; fi

notebooks: .venv/dev ## run every notebook from top to bottom
	$(BIN)/pytest --nbmake --nbmake-timeout 300 --numprocesses 2 $(TEST) notebooks

notebook-outputs: .venv/dev browser ## run the notebooks and store them with their outputs, pictures small (ten minutes on two cores)
	$(BIN)/python -m benchmarks.notebook_outputs $(ONLY)

docs: .venv/dev ## the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html; with search: $(BIN)/python -m http.server --directory site 8000"

wheel: .venv/dev ## the package with its sample data, in dist/
	$(BIN)/pip wheel . --no-deps --no-build-isolation --wheel-dir dist

sample-data: .venv/sample ## render the sample films, ingest them, train the sample run, draw its maps (half an hour on two cores)
	$(BIN)/python -m sample_data.make

pictures: .venv/dev browser ## take the pictures of the README again
	PICTURES=docs/pictures $(BIN)/pytest tests/browser/test_pictures.py

benchmarks: .venv/bench ## the tables of benchmarks/results (an hour on two cores)
	$(BIN)/python -m benchmarks.against_baselines sample
	$(BIN)/python -m benchmarks.against_baselines real
	$(BIN)/python -m benchmarks.map --out benchmarks/results/map.json
	$(BIN)/python -m benchmarks.map_page --out benchmarks/results/map_page.json
	$(BIN)/python -m benchmarks.notebooks
	$(BIN)/python -m benchmarks.figures

figures: .venv/app ## write the figures of README and docs from the results of the benchmarks
	$(BIN)/python -m benchmarks.figures

clean: ## remove the environment
	rm -rf .venv

# The stamps are newer than what they were made from, so a second call starts at once.
.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; install it or name it: make PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; name a newer one: make PYTHON=…"; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "make: this Python cannot make environments; on Debian or Ubuntu: apt-get install python3-venv"; exit 2; }

.venv/app: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "Installing the $(EXTRA) packages; a few minutes the first time …"
	@$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[$(EXTRA),notebooks,trained]'
	@touch $@

.venv/dev: pyproject.toml constraints.txt .venv/app | .venv/bin/pip
	@$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[$(EXTRA),notebooks,trained,dev,docs]'
	@touch $@

.venv/sample: pyproject.toml constraints.txt .venv/app | .venv/bin/pip
	@$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[$(EXTRA),notebooks,trained,sample]'
	@touch $@

.venv/bench: pyproject.toml constraints.txt .venv/app | .venv/bin/pip
	@$(BIN)/pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable '.[$(EXTRA),notebooks,trained,bench]'
	@touch $@

.PHONY: browser
browser: ## a Chromium for the browser tests, if there is none
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else echo "make: the browser tests need Chromium; install the package chromium, or they are skipped"; fi; }
