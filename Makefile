# Every target sets itself up: an environment .venv here, with uv where it is installed, else venv and pip.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check soak bench clean

demo: $(STAMP)
	@$(BIN)/anju demo $(ARGS)

test: check
	@echo "== tests"
	@$(BIN)/pytest -m "not soak" $(ARGS)

check: $(STAMP)
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy --strict"
	@$(BIN)/mypy
	@echo "== import-linter"
	@$(BIN)/lint-imports --no-cache

soak: $(STAMP)
	@$(BIN)/pytest -m soak $(ARGS)

bench: $(STAMP)
	@$(BIN)/anju bench $(ARGS)

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "missing: $(PYTHON) (Python 3.11 or newer; name another with PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "missing: Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1) (name another with PYTHON=...)" >&2; exit 1; }
	@if command -v uv >/dev/null; then \
		echo "== setting up .venv with uv" >&2; \
		uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv && \
		uv pip install --python .venv/bin/python --editable '.[dev]' >&2; \
	else \
		echo "== setting up .venv with venv and pip (a minute or two)" >&2; \
		{ $(PYTHON) -m venv .venv || { echo "missing: Python's venv module (Debian: apt install python3-venv)" >&2; exit 1; }; } && \
		$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --editable '.[dev]' >&2; \
	fi
	@touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
