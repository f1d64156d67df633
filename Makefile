# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0

# Which sandbox: make sandbox-up SANDBOX=name
SANDBOX ?= default
# Where make conformance finds the vectors of the projects that the benchmark compares with; a relative path counts from here.
VECTORS ?= ../shared/research/vectors
# Any Python >= 3.11 runs the set-up, which then looks for the best one itself. Each candidate is really run, because
# pyenv's shims are there for versions that are not switched on; the one behind .venv comes first because it is quick.
find_python = for python in "$$(readlink -f .venv/bin/python)" python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done
PYTHON ?= $(eval PYTHON := $$(shell $$(find_python)))$(PYTHON)
VENV_PYTHON := .venv/bin/python
LAUNCHER = $(VENV_PYTHON) -m sandbox.launcher

.DEFAULT_GOAL := help
.PHONY: help demo test lint sanity unit stateful integration molecule conformance bench setup setup-oldest requirements binaries images \
	sandbox-up sandbox-down sandbox-status clean python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; name one: make setup PYTHON=/path/to/python" >&2; exit 1; }

demo: setup ## Start the sandbox, ship a good canary and a good blue-green, and take a bad canary back
	@$(VENV_PYTHON) -m sandbox.demo --name $(SANDBOX)

test: setup ## All of the next six; what depends on Python and ansible-core on the newest and on the oldest supported pair
	@$(VENV_PYTHON) -m tests.checks lint sanity unit stateful molecule integration

lint: setup ## Style, types, YAML, ansible-lint (profile production), Dockerfiles, shell scripts, changelog
	@$(VENV_PYTHON) -m tests.checks lint

sanity: setup ## ansible-test sanity, without an ignore file
	@$(VENV_PYTHON) -m tests.checks sanity

unit: setup ## Unit tests
	@$(VENV_PYTHON) -m tests.checks unit

stateful: setup ## Real PostgreSQL, Redis and Prometheus servers with what role workloads renders for their pods
	@$(VENV_PYTHON) -m tests.checks stateful

molecule: setup ## Molecule scenarios of the roles, on a sandbox of their own (SCENARIO=config; STEP=converge: on that of sandbox-up)
	@$(VENV_PYTHON) -m tests.scenarios $(SCENARIO) $(if $(STEP),--step $(STEP) --sandbox $(SANDBOX))

integration: setup ## Integration tests on a sandbox that is started and stopped for them
	@$(VENV_PYTHON) -m tests.checks integration

conformance: setup ## Check the rivals of the guard's benchmark against vectors beside the checkout (VECTORS=../shared/research/vectors)
	@VECTORS="$(VECTORS)" $(VENV_PYTHON) -m tests.checks conformance

bench: setup ## Measure beside what others use, on a sandbox of its own or by simulation (PART=verbs, apply, guard or watch; ROUNDS=5, STRICT=1)
	@$(VENV_PYTHON) -m tests.bench $(PART) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(STRICT),--strict)

setup: python ## Make the virtual environment .venv (a moment when nothing changed)
	@$(PYTHON) -m tools.setup

setup-oldest: python ## The same, and .venv-oldest: the oldest supported ansible-core on Python 3.11
	@$(PYTHON) -m tools.setup --oldest

requirements: python ## Compile requirements/*.txt from *.in (UPGRADE=1: take the newest versions)
	@$(PYTHON) -m tools.requirements $(if $(UPGRADE),--upgrade)

binaries: setup ## Build the sandbox's programs into the cache (ten minutes the first time)
	@$(VENV_PYTHON) -m tools.binaries

images: setup ## Build images with buildah or docker (FRONTEND="web=../web" BACKEND="../api-gateway" GUARD=.; images/README.md)
	@$(VENV_PYTHON) -m tools.images $(if $(FRONTEND),--frontend $(FRONTEND)) $(if $(BACKEND),--backend $(BACKEND)) $(if $(GUARD),--guard $(GUARD)) \
		$(if $(VERSION),--version $(VERSION)) $(if $(REPOSITORY),--repository $(REPOSITORY)) \
		$(if $(ENGINE),--engine $(ENGINE)) $(if $(BASE),--base $(BASE))

sandbox-up: setup ## Start the sandbox, or what is missing of it (SANDBOX=name: another one beside it)
	@$(LAUNCHER) up --name $(SANDBOX)

sandbox-down: setup ## Stop the sandbox and remove its state, except the logs
	@$(LAUNCHER) down --name $(SANDBOX)

sandbox-status: setup ## One line for each part of the sandbox
	@$(LAUNCHER) status --name $(SANDBOX)

# Without the environment nobody could stop the sandboxes, and their processes would outlive the folder that names them.
clean: $(if $(wildcard .sandbox),setup) ## Stop all sandboxes of this checkout and remove whatever was made in it (not the cache)
	@if test -x $(VENV_PYTHON); then $(LAUNCHER) down --all; fi
	@rm -rf .venv .venv-oldest .venv-bench .bench .dev .sandbox .pytest_cache .mypy_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
