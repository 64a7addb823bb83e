# make run   the dashboard on http://127.0.0.1:8501
# make test  the tests
# Python 3.11-3.13 and make are enough; uv is used when it is there.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin

.PHONY: run test lint evidence bench data lock clean

run: .venv/ready
	$(BIN)/lastmile dashboard

test: .venv/ready-test
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" $(PYTEST_ARGS)

# The runs at full count: coverage of intervals, kill tests, fuzzing.
evidence: .venv/ready-test
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/ready-test
	for bench in benchmarks/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# Remake the generated parts of the bundle from the tables they are written in.
data: .venv/ready-test
	$(BIN)/python tools/build_network.py
	$(BIN)/python tools/build_gtfs.py
	$(BIN)/python tools/check_sources.py --write

lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --group build --group test --extra dask --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate -q \
		-c requirements.txt -o requirements-test.txt

.venv/ready: requirements.txt pyproject.toml
	@$(call environment,requirements.txt)
	@touch $@

.venv/ready-test: requirements-test.txt pyproject.toml
	@$(call environment,requirements-test.txt)
	@touch $@ .venv/ready

clean:
	rm -rf .venv static artefacts build dist

define environment
set -e; \
if [ -z "$(PYTHON)" ]; then \
	echo "lastmile needs Python 3.11, 3.12 or 3.13 (set PYTHON=/path/to/python)" >&2; exit 1; fi; \
if [ -n "$(UV)" ]; then \
	[ -x $(BIN)/python ] || uv venv -q --python "$$(command -v $(PYTHON))" .venv; \
	uv pip install -p .venv --compile-bytecode --require-hashes -r $(1); \
	uv pip install -q -p .venv --no-deps --no-build-isolation -e .; \
else \
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv; \
	$(BIN)/pip install --require-hashes -r $(1); \
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .; \
fi
endef
