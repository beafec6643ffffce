# Frontdesk. `make` lists what there is; each target installs what it needs.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
DEVELOPED := .venv/.developed
CONFIG ?= config.toml
SECONDS ?= 120
WORKERS := -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test crash fuzz bench demo screenshots lint types packages clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: $(INSTALLED)  ## Start the gateway on 127.0.0.1:2525 with SQLite in var/
	@.ci/greeting
	@exec $(BIN)/frontdesk --config $(CONFIG) serve

demo: $(INSTALLED)  ## Send a dozen real mails through a gateway of its own and show what becomes of them
	@$(BIN)/frontdesk demo

test: $(DEVELOPED) packages  ## Run all tests (PostgreSQL, Postfix, Exim and the other peers are installed when missing)
	@if .ci/packages missing; then $(BIN)/pytest $(WORKERS) $(PYTEST); \
	else $(BIN)/pytest $(WORKERS) -m "not system" $(PYTEST); fi

crash: $(DEVELOPED) packages  ## Kill, freeze, fill and cut what the gateway stands on, then count what every 250 became
	FRONTDESK_CRASH=long $(BIN)/pytest -m crash -s $(PYTEST)

fuzz: $(DEVELOPED)  ## Feed the door, the reader of mails and the checks with hostile octets (SECONDS=120 each)
	$(BIN)/python -m pip install --quiet --group fuzz || echo "No atheris for this Python: seeds are mutated instead."
	for target in door authentication mail; do PYTHONPATH=tests:. $(BIN)/python -m fuzz.$$target $(SECONDS) || exit 1; done
	FRONTDESK_FUZZ_DIALOGUES=$$((3 * $(SECONDS))) $(BIN)/pytest tests/smtp/test_any_order.py $(PYTEST)

bench: $(DEVELOPED) packages  ## Measure accept beside Postfix, authentication and mail beside other libraries (BENCH=one of them)
	$(BIN)/python -m pip install --quiet --group bench
	$(BIN)/python -m tests.bench $(BENCH)

screenshots: $(DEVELOPED) packages  ## Draw the agents' desk anew for docs/screenshots, in Debian's Chromium
	PYTHONPATH=tests:. $(BIN)/python -m tests.screenshots

lint: $(DEVELOPED)  ## Read the code for faults (ruff)
	$(BIN)/ruff check .

types: $(DEVELOPED)  ## Check the types of gateway and handlers (mypy, strict)
	$(BIN)/mypy

packages:  ## Install the Debian packages that the system tests need, where that is possible
	@.ci/packages install

clean:  ## Remove the virtual environment and what tools left behind; var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist

$(BIN)/python:
	@.ci/environment $(PYTHON) .venv

$(INSTALLED): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(DEVELOPED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
