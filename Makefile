# `make` lists the targets. Needs Python 3.11 or newer and make; the rest is installed into .venv.
# Another interpreter: make test PYTHON=python3.12. Arguments for pytest: make test ARGS="-k ports -x".

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.installed
PROTOS := $(wildcard protos/solver/v1/*.proto)
BENCHMARKS := $(shell find benchmarks -name 'test_*.py' -o -name 'bench_*.py' 2>/dev/null)

.PHONY: help install demo test check lint types imports generated protos-lint generate bench bench-smoke report format lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

install: $(STAMP) ## make the environment in .venv

# Made when missing; installed again only when the project file or the lock changes.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is %s" % sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	$(BIN)/placement-solver warm-up
	@touch $@

demo: $(STAMP) ## place and rebalance tasks on the bundled cluster, print the answers, draw out/demo.png
	@mkdir -p out
	$(BIN)/placement-solver demo --figure out/demo.png

test: $(STAMP) ## run every test
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --benchmark-disable $(ARGS)

check: lint types imports generated protos-lint ## lint, types, import contracts, generated code, buf lint

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

generated: $(STAMP)
	@.ci/generated $(BIN)/python $(PROTOS)

protos-lint:
	@.ci/buf-lint $(PROTOS)

generate: $(STAMP) ## write solver/v1 from protos/solver/v1
	$(if $(PROTOS),$(BIN)/python -m grpc_tools.protoc -I protos --python_out=. --pyi_out=. --grpc_python_out=. $(PROTOS),@echo "nothing to generate: no protos")

format: $(STAMP) ## put the sources into the form that the check expects
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## run the benchmarks (three quarters of an hour), record them, write benchmarks/RESULTS.md and report.html
	@mkdir -p out
	$(BIN)/pytest benchmarks --benchmark-only --benchmark-json=out/benchmarks.json --benchmark-columns=median,rounds -q $(ARGS)
	$(BIN)/python -m benchmarks.report out/benchmarks.json

report: $(STAMP) ## make benchmarks/RESULTS.md and benchmarks/report.html from what is recorded
	$(BIN)/python -m benchmarks.report

# One call of every benchmark, without timing it.
bench-smoke: $(STAMP)
	$(if $(BENCHMARKS),$(BIN)/pytest benchmarks --benchmark-disable -q $(ARGS),@echo "no benchmarks yet")

lock: ## resolve pyproject.toml afresh and pin the result in requirements.lock
	.ci/lock $(PYTHON)

clean: ## remove the environment and everything that was built
	rm -rf .venv build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
