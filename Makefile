# `make run` and `make test` are all that a newcomer needs; both work from a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRIALS ?= quick
DATA ?= data/starter
RUNS ?= runs

# Anew also where an earlier try, without python3-venv, left an environment without pip.
MAKE_VENV = $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)

.PHONY: install run test slow lint docs lock clean

install: $(VENV)/run.installed

run: install
	$(BIN)/python run_model_train.py --trials $(TRIALS) --data $(DATA) --runs $(RUNS)

test: lint
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

# A stamp is written last, so an interrupted installation is taken up again.
$(VENV)/run.installed: requirements.txt
	$(MAKE_VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.installed: requirements-dev.txt
	$(MAKE_VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	touch $(VENV)/run.installed $@

# Pins what requirements*.in asks for, for every supported Python and platform at once.
lock:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	  --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	  --no-header -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
