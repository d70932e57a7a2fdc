BIN := .venv/bin
READY := .venv/.ready

# Looked up when used: the first of these that is one of the Pythons that the lock is for.
PYTHON = $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && \
	echo $$p && break; done)
REQUIRE_PYTHON = @test -n "$(PYTHON)" || { \
	echo "Python 3.11, 3.12 or 3.13 is needed, as python3.11 (3.12, 3.13) or python3 on the PATH" >&2; exit 1; }

# The kernel is the one in .venv, not a `python3` registered for this user.
export JUPYTER_PREFER_ENV_PATH := 1

.PHONY: help setup report test soak lab bench replicate blog live check-pages notebooks lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## create .venv from requirements.lock, once

$(READY): requirements.lock pyproject.toml
	$(REQUIRE_PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	touch $@

report: $(READY) ## train, execute the notebooks and write report/
	$(BIN)/replicate report

test: export OMP_NUM_THREADS := 1 # two workers at once
test: $(READY) ## check the code, the library and every notebook
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -n 2
	runs=$$(mktemp -d) && trap 'rm -rf "$$runs"' EXIT && \
	REPLICATE_RUNS="$$runs" REPLICATE_PROGRESS=off $(BIN)/pytest -n 2 --dist loadfile \
		--nbval --nbval-sanitize-with tests/notebooks/sanitize.cfg notebooks/[0-9]*.ipynb

lab: $(READY) ## open JupyterLab on copies of the notebooks, which are yours, in lab/
	$(BIN)/replicate lab

check-pages: report ## look at the report and at JupyterLab in a real browser (needs Chromium)
	$(BIN)/pytest -rs tests/browser

soak: export OMP_NUM_THREADS := 1
soak: $(READY) ## the tests' long forms: kills and damaged input by the thousand
	$(BIN)/pytest --soak results/soak.csv tests/training/test_stopping.py \
		tests/training/test_workers.py tests/training/test_progress.py \
		tests/runs/test_damage.py tests/sweeps/test_sweep.py tests/sweeps/test_lost_schedulers.py

bench: $(READY) ## measure the library against its plain reference
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/sweep.py
	$(BIN)/python bench/gpu.py

replicate: $(READY) ## do the full runs (hours)
	$(BIN)/replicate replicate

blog: $(READY) ## write the blog's posts under blog/, or say what would change
	$(BIN)/replicate blog

live: $(READY) ## write live.html, a page in which models answer what you type
	$(BIN)/replicate live

notebooks: $(READY) ## execute the committed notebooks anew, and the README's table
	$(BIN)/replicate refresh

lock: ## write requirements.lock anew from pyproject.toml
	$(REQUIRE_PYTHON)
	rm -rf .lock && $(PYTHON) -m venv .lock
	.lock/bin/python -m pip install -e '.[lab,report,sweep,test,translation]'
	# Neither a build of torch nor the libraries of its CUDA build: pip picks those for each machine.
	{ echo "# Every package at its exact version, from pyproject.toml; 'make lock' writes this file."; \
	.lock/bin/python -m pip freeze --all --exclude-editable --exclude pip | sed 's/+[a-z0-9.]*$$//' | \
	grep -Ev '^(nvidia|cuda|triton)'; } > requirements.lock
	rm -rf .lock

clean: ## remove .venv and what the commands made, runs excepted
	rm -rf .venv .lock build report .report blog live.html .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
