# Needs make and Python 3.10 to 3.13, nothing else. `make` alone lists what it can do.

PYTHON ?= python3
LESSONS ?= 01
NOTEBOOKS ?= notebooks solutions
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := $(BIN)/python -m pytest
NBVAL := $(PYTEST) --nbval-lax --nbval-current-env --nbval-cell-timeout=900 --durations=15 -n 2

.DEFAULT_GOAL := help
.PHONY: help run lab test unit test-full lint release bench soak interop mutants lock
.DELETE_ON_ERROR:

help:
	@echo 'make run      execute lesson 01 and print the figures it reached   (LESSONS="01 02" or LESSONS=all for others)'
	@echo 'make lab      open JupyterLab on lesson 01, in your own copy under work/'
	@echo 'make test     lint, unit tests, lessons in quick sizes, solutions, one lesson in full  (ARGS="-k softmax" for some)'
	@echo 'make unit     the unit tests alone, the browser test with them'
	@echo 'make test-full  every lesson and solution in full'
	@echo 'make lint     ruff check, ruff format, mypy'
	@echo 'make release  make exercises/ from solutions/'
	@echo 'make bench    print the measured ratios that the README quotes      (ARGS=graders for those alone)'
	@echo 'make soak     grade 500 submissions, a tenth of them hostile       (ARGS="--learners 50" for fewer)'
	@echo 'make interop  check that nbgrader gives the same marks'
	@echo 'make mutants  spoil the stored solutions, and list what the checks do not notice  (ARGS="--exercise 4" for one)'
	@echo 'make lock     write requirements.lock from pyproject.toml     (ARGS=--upgrade for the newest of all)'
	@echo
	@echo 'Each makes .venv first when it is missing. PYTHON=python3.12 make run chooses the Python for it.'

run: $(STAMP)
	@$(BIN)/coursekit run $(LESSONS) $(ARGS)

lab: $(STAMP)
	@$(BIN)/coursekit lab $(ARGS)

# What a recipe runs with `each`, it runs to the end, and then it fails with the worst exit code. pytest ends with 5
# where ARGS chose nothing; that counts only when nothing was chosen anywhere. Two tests run at a time, since a training
# here keeps little more than one core busy; a lesson in full runs alone.
WORST := worst=5; each() { code=0; "$$@" || code=$$?; \
	if [ $$code != 5 ] && { [ $$worst = 5 ] || [ $$code -gt $$worst ]; }; then worst=$$code; fi; }
UNIT = each $(PYTEST) -n 2 --durations=15 --cov coursekit --cov-report=term:skip-covered $(if $(ARGS),,--cov-fail-under=93) coursekit tests

LINT := each $(BIN)/ruff check .; each $(BIN)/ruff format --check .; each $(BIN)/mypy

lint: $(STAMP)
	@$(WORST); $(LINT); exit $$worst

unit: $(STAMP)
	@$(WORST); $(UNIT) $(ARGS); exit $$worst

test: $(STAMP)
	@$(WORST); $(LINT); $(UNIT) $(ARGS); $(if $(NOTEBOOKS),each $(NBVAL) --quick $(NOTEBOOKS) $(ARGS); \
	if lesson=$$($(BIN)/python tools/lesson_in_turn.py); then each $(NBVAL) -n 0 $$lesson $(ARGS); else worst=1; fi;) \
	exit $$worst

test-full: $(STAMP)
	@$(WORST); each $(NBVAL) $(NOTEBOOKS) $(ARGS); exit $$worst

release: $(STAMP)
	@$(BIN)/coursekit release $(ARGS)

bench: $(STAMP)
	@$(BIN)/python benchmarks/bench.py $(ARGS)

soak: $(STAMP)
	@$(BIN)/python benchmarks/soak.py $(ARGS)

interop: $(STAMP)
	$(BIN)/python -m pytest -m interop tests/interop $(ARGS)

mutants: $(STAMP)
	@$(BIN)/python tools/mutants.py $(ARGS)

# The stamp names the folder, since a .venv that was moved is broken, and is written last, since one
# whose making was interrupted is too. Either is made anew; so is one of another Python than was asked for.
MADE_HERE := $(shell test -x $(BIN)/python && cat $(STAMP) 2>/dev/null)
ifneq ($(MADE_HERE),$(CURDIR))
.PHONY: $(STAMP)
else ifneq ($(origin PYTHON),file)
VERSION := import sys; print(sys.version_info[:2])
ifneq ($(shell $(PYTHON) -c '$(VERSION)'),$(shell $(BIN)/python -c '$(VERSION)'))
.PHONY: $(STAMP)
MADE_HERE :=
endif
endif

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || { \
		echo "This course needs Python 3.10 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Install one, then name it: PYTHON=python3.12 make $(or $(MAKECMDGOALS),run)" >&2; exit 1; }
	@rm -f $@
	@echo 'Installing the pinned environment into .venv (once; two minutes on a fast connection).'
	@$(if $(filter $(CURDIR),$(MADE_HERE)),,$(PYTHON) -m venv --clear .venv)
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --quiet -e .
	@echo '$(CURDIR)' > $@

lock:
	$(PYTHON) -m venv --clear build/uv
	build/uv/bin/python -m pip install --disable-pip-version-check --quiet uv
	build/uv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.10 \
		--generate-hashes --no-emit-index-url --no-header --quiet $(ARGS) -o requirements.lock
