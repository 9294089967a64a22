# Each of `make serve`, `make demo` and `make test` sets up first; the README shows the same without make.
# Every path is relative, so that the checkout may lie in a folder with spaces and Chinese in its name.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PYTEST_WORKERS ?= 2
TRAIN_VENV := .venv-train
TORCH_OPTIONS ?=

.PHONY: help serve demo test acceptance train-test lock wheel wheel-test wheelhouse web clean

help:
	@echo "make serve       set up, start the web application, print its address"
	@echo "make demo        set up, fly a small simulated flight, search it, score it, show where the map is"
	@echo "make test        set up, then ruff, mypy and all tests"
	@echo "make acceptance  the long measurements, many minutes"
	@echo "make train-test  set up training (.venv-train), one epoch for real, our boxes beside ultralytics' own"
	@echo "make wheel-test  the wheel alone: empty environment, no network, read-only installation"
	@echo "make wheelhouse  offline installation folders for Linux and Windows in dist/wheelhouse"
	@echo "make web         build the web page again (Node 20.19 or newer; only who changes web/ needs it)"
	@echo "make lock        resolve the requirements again (UPGRADE=--upgrade for newer versions)"

$(VENV)/.base: requirements.lock pyproject.toml tools/setup.py
	"$(PYTHON)" tools/setup.py "$(VENV)" requirements.lock
	@touch "$@"

$(VENV)/.test: requirements-test.lock $(VENV)/.base
	"$(PYTHON)" tools/setup.py "$(VENV)" requirements-test.lock
	@touch "$@"

serve: $(VENV)/.base
	"$(VENV)/bin/qianliyan" serve

demo: $(VENV)/.base
	"$(VENV)/bin/qianliyan" demo

test: $(VENV)/.test
	"$(PY)" -m ruff check pipeline tests tools benchmarks
	"$(PY)" -m mypy
	"$(PY)" -m pytest -n $(PYTEST_WORKERS)

acceptance: $(VENV)/.test
	"$(PY)" -m pytest -m acceptance -s

$(TRAIN_VENV)/.train: requirements-train.lock requirements-test.lock pyproject.toml tools/setup.py tools/setup_train.py
	"$(PYTHON)" tools/setup_train.py "$(TRAIN_VENV)" $(TORCH_OPTIONS)
	@touch "$@"

train-test: $(TRAIN_VENV)/.train
	"$(TRAIN_VENV)/bin/python" -m pytest tests/extra

wheel: $(VENV)/.base
	rm -f dist/qianliyan-*.whl
	"$(PY)" -m pip wheel --quiet --no-deps --wheel-dir dist .

wheel-test: wheel
	"$(PY)" tools/wheel_test.py dist

wheelhouse: wheel
	"$(PY)" tools/wheelhouse.py dist

web: $(VENV)/.base
	"$(PY)" tools/web_words.py
	cd web && npm ci --no-audit --no-fund && npm test && npm run build

LOCK = "$(PY)" -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) pyproject.toml

lock:
	test -x "$(PY)" || "$(PYTHON)" -m venv "$(VENV)"
	"$(PY)" -m pip install --quiet "uv>=0.5"
	$(LOCK) --output-file requirements.lock
	for extra in train openvino dask postgres test; do \
		$(LOCK) --constraint requirements.lock --extra $$extra --output-file requirements-$$extra.lock || exit 1; \
	done

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
