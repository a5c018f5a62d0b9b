# Every target makes what it needs; nothing has to be installed before but Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# Where the demonstration goes, e.g. make demo SINK=wav:demo.wav
SINK ?=
# How long chaos and starter take
MINUTES ?= 60
# The parallel text for starter and eval, what eval measures, and where starter keeps its work
CORPUS ?= ../corpus
BACKEND ?= starter
WORK ?= build/starter
# A model in NLLB's file form that starter goes on from; none: it begins from scratch
BEGIN ?=
# Answers that bench-audio counts, 15 at most
ROUNDS ?= 12

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench bench-audio chaos starter eval clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/core.stamp  ## Speak a recorded agent session in Japanese: on your audio device, else into demo.wav
	@$(BIN)/python tools/demo.py $(SINK)

test: check  ## Lint, types, import rules and all tests
	$(BIN)/python -m pytest

check: $(VENV)/dev.stamp  ## Lint, formatting, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## Format the code and repair what lint can repair
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/core.stamp  ## Measure a hop against the bare ZeroMQ floor, the parser against bare JSON
	$(BIN)/python bench/hops.py
	$(BIN)/python bench/parse.py

bench-audio: $(VENV)/core.stamp  ## Measure the time to first audio of ROUNDS answers against other systems
	$(BIN)/python bench/first_audio.py --rounds $(ROUNDS)

chaos: $(VENV)/dev.stamp  ## Kill whatever can be killed for MINUTES and judge the sound
	$(BIN)/python tests/chaos/long.py --minutes $(MINUTES)

starter: $(VENV)/dev.stamp  ## Train the starter translator anew on CORPUS for MINUTES; goes on where it was ended
	OMP_WAIT_POLICY=passive PYTHONPATH=tools $(BIN)/python -m train_starter "$(CORPUS)" --minutes $(MINUTES) --work "$(WORK)" \
	  $(if $(BEGIN),--begin "$(BEGIN)" --rate 8e-4 --tokens 3000)

eval: $(VENV)/dev.stamp  ## Measure translations on the dev sets of CORPUS, e.g. BACKEND="starter nllb"
	@PYTHONPATH=tools $(BIN)/python -m train_starter.evaluate "$(CORPUS)" $(foreach name,$(BACKEND),--backend $(name))

clean:  ## Remove the virtual environment, caches and demo.wav
	rm -rf $(VENV) build dist demo.wav chaos-failures .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamps stand for the virtual environment with the core, and with everything that the tests need.

$(VENV)/core.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "voicectl needs Python 3.11 or newer, and $(PYTHON) is not; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "installing voicectl into $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "no virtual environment can be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp
	@echo "installing torch and what the tests need; this takes a few minutes the first time"
	@$(PIP) torch 'sacrebleu[ja]'
	@$(PIP) --no-build-isolation -e '.[dev,nllb,coqui,piper,kokoro,google,edge]'
	@touch $@
