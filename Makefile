# make demo: from nothing to a picture.  make test: every check there is.  make man: the manual pages.

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin

.PHONY: demo test oldest man clean

demo: $(VENV)/.plain
	PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh demo.svg
	@echo "What the network wrote: $(CURDIR)/demo.svg"

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# Manual pages and completion scripts, both made from the program's own declarations.
man: $(VENV)/.dev
	$(BIN)/python man/make_man.py
	$(BIN)/python man/make_completions.py

# What is in the virtual environment: the program alone, or all that the tests need.
$(VENV)/.plain: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	touch $@

# The oldest packages that pyproject.toml allows (ruff and mypy aside, which find what they find).
oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install --quiet uv
	$(VENV)-oldest/bin/uv pip install --quiet --python $(VENV)-oldest/bin/python --resolution lowest-direct \
		--editable '.[train,tensorboard,dev]'
	$(VENV)-oldest/bin/python -m pytest -m 'not slow' --deselect tests/project/test_style.py

clean:
	rm -rf $(VENV) $(VENV)-oldest demo.svg build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
