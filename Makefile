# Each target installs what it needs into .venv, again only when pyproject.toml or constraints.txt changed.
# Variables: PYTHON=python3.12 make test, make fuzz MINUTES=30

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help explore site test fuzz notebooks bench claims lint format clean

VENV := .venv
MINUTES ?= 10
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
BIN := $(VENV)/bin
endif

# What a target needs installed: $(VENV)/.has-EXTRAS
APP := $(VENV)/.has-app
SITE := $(VENV)/.has-site
DEV := $(VENV)/.has-dev

help:
	$(info make explore     open the explorer in the browser)
	$(info make site        build the site, into build/site)
	$(info make test        run all tests)
	$(info make fuzz        test with new random examples, for MINUTES=10)
	$(info make notebooks   build the notebooks of the course and run them)
	$(info make bench       measure speed and memory on this machine)
	$(info make claims      test what the paper claims on small models, in about an hour)
	$(info make lint        check style and types)
	$(info make format      put the source into shape)
	$(info make clean       remove .venv and caches)
	@cd .

explore: $(APP)
	$(BIN)/mcviz explore

site: $(SITE)
	$(BIN)/mcviz site --out build/site

test: $(DEV)
	$(BIN)/pytest -n auto --dist worksteal

fuzz: $(DEV)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

notebooks: $(DEV)
	$(BIN)/python notebooks/build.py

bench: $(DEV)
	$(BIN)/mcviz bench

claims: $(DEV)
	$(BIN)/mcviz claims --run

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/oxlint
	$(BIN)/oxfmt --check "**/*.js" "**/*.css"
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/oxlint --fix
	$(BIN)/oxfmt "**/*.js" "**/*.css"

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(d, True) for d in ('$(VENV)', 'build', 'dist', '.pytest_cache', '.ruff_cache', '.mypy_cache', '.hypothesis')]"

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c "import sys; v = sys.version_info; v >= (3, 11) or sys.exit('mcviz needs Python 3.11 or newer, and $(PYTHON) is %d.%d: try PYTHON=python3.12 make ...' % v[:2])"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.has-%: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$*]"
	@$(BIN)/python -c "import pathlib; pathlib.Path('$@').touch()"
