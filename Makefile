# `make run` and `make test` are all that a newcomer needs; both work from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRIALS ?= quick
DATA ?= data/starter
RUNS ?= runs

.PHONY: install run test slow lint docs notebooks lock clean

install: $(VENV)/run.installed

run: install
	$(BIN)/python run_model_train.py --trials $(TRIALS) --data $(DATA) --runs $(RUNS)

test: lint docs
	$(BIN)/python -m pytest

slow: $(VENV)/dev.installed
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/dev.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

# A broken link or a missing reference fails.
docs: $(VENV)/dev.installed
	$(BIN)/mkdocs build --strict

# Executes all notebooks and stores them with their outputs; 01 shows the trials of `make run`.
notebooks: $(VENV)/dev.installed
	$(BIN)/python notebooks/execute.py

# What stands in the way of an environment, each in one sentence with its cure. One that an earlier try without
# python3-venv left behind has no pip, and is made anew.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
AS_IN := as in 'make install PYTHON=python3.12'.
define MAKE_VENV
@$(PYTHON) -c '' 2>/dev/null \
  || { echo "$(PYTHON) is not found: install Python 3.11, 3.12 or 3.13 and name it, $(AS_IN)"; exit 1; }
@$(PYTHON) -c '$(SUPPORTED)' \
  || { echo "$(PYTHON) is `$(PYTHON) --version 2>&1`, and Python 3.11, 3.12 or 3.13 is needed: install one and name it, $(AS_IN)"; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
  || { echo "$(PYTHON) cannot make environments: install venv for it, on Debian and Ubuntu with 'apt install python3-venv'."; exit 1; }
@test -d $(VENV) || df -Pk . | awk 'END { exit $$4 < 4 * 1024 * 1024 }' \
  || { echo "Less than 4 GB of disk are free here, and the packages take 3 GB: free some, or clone elsewhere."; exit 1; }
@$(BIN)/python -c '$(SUPPORTED)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 \
  || $(PYTHON) -m venv --clear $(VENV)
endef

# A stamp is written last, so an interrupted installation is taken up again.
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
$(VENV)/run.installed: requirements.txt pyproject.toml
	$(MAKE_VENV)
	$(PIP_INSTALL) -r requirements.txt
	$(PIP_INSTALL) --no-deps --editable .
	touch $@

$(VENV)/dev.installed: requirements-dev.txt pyproject.toml
	$(MAKE_VENV)
	$(PIP_INSTALL) -r requirements-dev.txt
	$(PIP_INSTALL) --no-deps --editable .
	touch $(VENV)/run.installed $@

# Pins what pyproject.toml asks for, for every supported Python and platform at once.
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
  --no-header
lock:
	$(MAKE_VENV)
	$(PIP_INSTALL) --quiet uv
	$(UV_COMPILE) pyproject.toml -o requirements.txt
	$(UV_COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) site .pytest_cache .ruff_cache .hypothesis
