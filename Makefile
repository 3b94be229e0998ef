# The course: `make book` builds the pages, `make test` checks everything. `make help` lists the rest.
# Everything is made in .venv and _build; `make clean` removes both.

PYTHON ?= python3
PY := .venv/bin/python
VENV := .venv/.installed
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -n 2# two workers on two cores: threads of their own would only wait for each other
PACKAGE := $(shell find companion -type f ! -path '*__pycache__*') pyproject.toml
WHEEL := _build/wheel/.made

help: ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/'

# Warnings are errors, and every reference must lead somewhere (-n).
book: $(VENV) $(WHEEL) ## run what changed and build the pages: _build/html
	$(PY) -m tools.execute
	.venv/bin/jupyter-book build . -q -W --keep-going -n
	@echo "The book is built. Open $(CURDIR)/_build/html/index.html"

test: check ## style, types, tests, every notebook compared, the site in a browser
	$(PYTEST) --ignore=tests/site
	@$(MAKE) --no-print-directory book
	$(PY) -m tools.links
	$(PYTEST) --dist=load tests/site

check: $(VENV) ## style, types and spelling
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m tools.lint_cells
	$(PY) -m mypy
	$(PY) -m codespell_lib

format: $(VENV) ## write all code, and the cells of the pages, as ruff would
	$(PY) -m ruff format .
	$(PY) -m tools.lint_cells --fix

notebooks: $(VENV) ## write book/*.ipynb and sheets/*.ipynb from book/*.md
	$(PY) -m tools.notebook
	$(PY) -m tools.sheets

zip: book ## the pages, notebooks, sheets and the wheel as one file for readers without a network
	$(PY) -m tools.offline

pdf: book ## all pages as one PDF, printed by Chromium
	$(PY) -m tools.paper

serve: ## show the built pages on http://localhost:8000
	$(PY) -m http.server 8000 --bind localhost --directory _build/html

clean: ## remove what was made
	rm -rf .venv _build build companion.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet -c constraints.txt -e ".[book,test]"
	@touch $@

# build/ goes first: setuptools would pack files from it that the package no longer has.
$(WHEEL): $(PACKAGE) $(VENV)
	@rm -rf build _build/wheel
	$(PY) -m pip wheel . --quiet --no-deps --no-build-isolation --wheel-dir _build/wheel
	@touch $@

.PHONY: help book test check format notebooks zip pdf serve clean
