# Needs make and Python 3.10 to 3.13, nothing else. `make` alone lists what it can do; start.py does it, also without make.

PYTHON ?= python3
LESSONS ?= 01
export NOTEBOOKS ?= notebooks solutions
BIN := .venv/bin
STAMP := .venv/.installed
START := $(PYTHON) start.py $(if $(filter file,$(origin PYTHON)),,--this-python)

.DEFAULT_GOAL := help
.PHONY: help run lab test unit test-full lint site release bench soak interop mutants lock
.DELETE_ON_ERROR:

help:
	@echo 'make run      execute lesson 01 and print the figures it reached   (LESSONS="01 02" or LESSONS=all for others)'
	@echo 'make lab      open JupyterLab on lesson 01, in your own copy under work/'
	@echo 'make test     lint, unit tests, lessons in quick sizes, solutions  (ARGS="-k softmax" for some)'
	@echo 'make unit     the unit tests alone, the browser test with them'
	@echo 'make test-full  every lesson and solution in full'
	@echo 'make lint     ruff check, ruff format, mypy'
	@echo 'make site     build the course as a web site under build/site      (ARGS=--without-solutions for a class)'
	@echo 'make release  make exercises/ from solutions/'
	@echo 'make bench    print the measured ratios that the README quotes      (ARGS=graders for those alone)'
	@echo 'make soak     grade 500 submissions, a tenth of them hostile       (ARGS="--learners 50" for fewer)'
	@echo 'make interop  check that nbgrader gives the same marks'
	@echo 'make mutants  spoil the stored solutions, and list what the checks do not notice  (ARGS="--exercise 4" for one)'
	@echo 'make lock     write requirements.lock from pyproject.toml     (ARGS=--upgrade for the newest of all)'
	@echo
	@echo 'Each makes .venv first when it is missing. PYTHON=python3.12 make run chooses the Python for it.'

run:
	@$(START) run $(LESSONS) $(ARGS)

lab lint unit test test-full site:
	@$(START) $@ $(ARGS)

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

.PHONY: $(STAMP)
$(STAMP):
	@$(START) setup

lock:
	$(PYTHON) -m venv --clear build/uv
	build/uv/bin/python -m pip install --disable-pip-version-check --quiet uv
	build/uv/bin/uv pip compile pyproject.toml --extra dev --extra site --universal --python-version 3.10 \
		--generate-hashes --no-emit-index-url --no-header --quiet $(ARGS) -o requirements.lock
