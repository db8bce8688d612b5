# Every target sets itself up from nothing but Python 3.11 or newer; a second run installs nothing again.
.POSIX:
SHELL = /bin/sh

# Your own customers for the demo: make demo DATA=customers.csv TARGET=Churn KEY=customerID
DATA =
TARGET =
KEY =
PORT = 5000

VENV = .venv
BIN = $(VENV)/bin
SETUP = pyproject.toml constraints.txt
# -qq: errors are shown, and nothing else.
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt

help:
	@echo 'make demo    all five families on public data: a table and a report; your churn: make demo DATA=file.csv TARGET=column [KEY=column]'
	@echo 'make test    run the tests'
	@echo 'make check   lint, formatting, types, examples in docstrings'
	@echo 'make ui      look at the runs in a browser, at http://127.0.0.1:$(PORT) (another one: PORT=5001)'
	@echo 'make bench   measure speed and accuracy beside other packages'
	@echo 'make models  make the models that ship anew, from public data'
	@echo 'make pictures  draw the pictures of the README and the docs anew'
	@echo 'make clean   remove what these made, but for the runs and models in mlflow.db and mlruns'

demo: $(VENV)/.demo
	@set --; \
	if [ -n '$(DATA)' ]; then set -- "$$@" --data '$(DATA)'; fi; \
	if [ -n '$(TARGET)' ]; then set -- "$$@" --target '$(TARGET)'; fi; \
	if [ -n '$(KEY)' ]; then set -- "$$@" --key '$(KEY)'; fi; \
	$(BIN)/cxml demo "$$@"

test: $(VENV)/.test
	@# Two at a time, whole files: what a file trains for its tests is trained once.
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(VENV)/.check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# The types take one core: the examples run beside them.
	@$(BIN)/mypy & types=$$!; $(BIN)/python -m pytest -q -n 2 --dist loadfile --doctest-modules src/cxml; \
	examples=$$?; wait $$types && exit $$examples

ui: $(VENV)/.demo
	@echo 'The runs are at http://127.0.0.1:$(PORT) - stop with Ctrl-C.'
	@$(BIN)/mlflow server --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port '$(PORT)' --workers 1

bench: $(VENV)/.bench
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

models: $(VENV)/.demo
	@$(BIN)/python models/make.py

pictures: $(VENV)/.demo
	@$(BIN)/python docs/images/make.py

clean:
	@rm -rf $(VENV) .demo build dist src/cxml.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, and in it one stamp for each set of packages.
$(BIN)/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); exit 1; \
	  fi; \
	done; \
	echo 'cxml needs Python 3.11 or newer - none is on the PATH as python3. Install it and run make again.' >&2; \
	exit 1

$(VENV)/.demo: $(BIN)/python $(SETUP)
	@echo 'Installing cxml and what it needs (some minutes, once)'
	@$(INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@echo 'Installing what the tests need'
	@$(INSTALL) -e '.[test]'
	@touch $@

$(VENV)/.check: $(VENV)/.test
	@echo 'Installing what the checks need'
	@$(INSTALL) -e '.[check]'
	@touch $@

$(VENV)/.bench: $(VENV)/.demo
	@echo 'Installing what the benchmarks need'
	@$(INSTALL) -e '.[bench]'
	@touch $@

.PHONY: help demo test check ui bench models pictures clean
