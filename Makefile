# Needs Python 3.11 or newer, make and git; everything else comes into .venv at the first call.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

# One thread a process: lessons and test workers run side by side, and a fixed thread count keeps sums comparable.
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help reproduce test lab sync report book bench lint clean

help:  ## show this list
	@echo "make <target>, with ARGS='…' for more:"
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | \
	  while IFS="$$(printf '\t')" read -r target words; do printf '  %-10s %s\n' "$$target" "$$words"; done

reproduce: $(READY)  ## run every lesson, judge every claim, write report/index.html (ARGS='--profile smoke --lessons 01')
	$(RUN) -m labkit reproduce $(ARGS)

test: $(READY)  ## all tests, and all notebooks against their stored outputs
	LABKIT_PROGRESS=off $(RUN) -m pytest -n 2 --dist loadfile \
	  -p labkit.nbval_plugin --nbval --nbval-sanitize-with tests/notebooks/sanitise.cfg --nbval-cell-timeout 300 \
	  notebooks tests $(ARGS)

lab: $(READY)  ## open your own copies of the lessons in JupyterLab (ARGS=--originals: the originals, to write them)
	$(RUN) -m labkit lab $(ARGS)

sync: $(READY)  ## lessons/*.md to notebooks/*.ipynb; run what changed (ARGS='--lessons 01 --force')
	$(RUN) -m labkit sync $(ARGS)

report: $(READY)  ## write the report again from what was last measured (ARGS='--profile study')
	$(RUN) -m labkit report $(ARGS)

book: $(READY)  ## all lessons as a site that needs no network: book/index.html; nothing is executed
	$(RUN) -m labkit book $(ARGS)

bench: $(READY)  ## what a training step of every system costs on this machine
	$(RUN) -m labkit bench $(ARGS)

lint: $(READY)  ## style of code and notebooks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

clean:  ## delete the environment, the report and what the runner keeps (not data, results, or trained runs)
	rm -rf $(VENV) runs/reproduce runs/cache runs/book report book .pytest_cache .ruff_cache .hypothesis labkit.egg-info
	find labkit tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; some minutes, about 2 GB with a CPU build of torch) …"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)
	@echo "$(VENV) is ready."
