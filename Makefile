# Everything happens in an environment of its own, .venv, made on first use from Python 3.11 or
# later and a C compiler. `make demo` and `make test` need nothing else.
#
#   make VENV=path PYTHON=python3.13    another environment, another Python

PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
# -P: import what the environment or PYTHONPATH offers, not what lies in the current folder
PYTEST := $(PY) -P -m pytest
# the extensions are built in place, by the rule of .built
INSTALL := FASTEMBED_EXTENSIONS=0 $(PY) -m pip install -q --no-build-isolation

export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

NATIVE := setup.py $(wildcard csrc/*.[ch]) $(wildcard fastembed/_native/*.pyx fastembed/_native/*.pxd)
PACKAGE := $(shell find fastembed data -type f -not -name '*.so' -not -name '*.c' -not -path '*__pycache__*')

.DEFAULT_GOAL := help
.PHONY: help demo test lint types doctest suite build sanitize noopenmp wheel bench format clean distclean

help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build  ## build, train on the bundled text, show neighbours, an analogy and scores
	@$(PY) -m fastembed demo

test: lint types doctest suite  ## lint, types, the examples in the documentation, the test suite

lint: $(VENV)/.tools  ## ruff: rules and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.tools  ## rewrite the sources as ruff formats them
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: $(VENV)/.tools  ## mypy
	$(PY) -m mypy

doctest: build $(VENV)/.tools  ## run the examples in the docstrings
	$(PYTEST) -q --doctest-modules fastembed

suite: build $(VENV)/.tools  ## pytest
	$(PYTEST)

build: $(VENV)/.built  ## the environment and the extensions, in place

# The environment with what fastembed needs, and fastembed itself, editable.
$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"fastembed needs Python 3.11 or later; this is %d.%d: make PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) "setuptools>=77" "Cython>=3.1" "numpy>=2.0" "scipy>=1.11"
	$(INSTALL) -e .
	@touch $@

# The same with what the tests need.
$(VENV)/.tools: $(VENV)/.ready
	$(INSTALL) -e '.[test,dev]'
	@touch $@

$(VENV)/.built: $(VENV)/.ready $(NATIVE)
	$(PY) setup.py -q build_ext --inplace
	@touch $@

# Other builds of the same sources stand in build/<name>, so that the one in place stays as it is.
# The suite runs on them because -P and PYTHONPATH put them before everything else.
build/%/.built: $(VENV)/.built $(VENV)/.tools $(PACKAGE)
	rm -rf build/$*/lib
	$(BUILD_ENV) $(PY) setup.py -q build --build-base build/$* --build-lib build/$*/lib
	@touch $@

# Tests that are worth a run on another build of the extensions: not those of the command line, of
# documents, of the benchmarks (they measure memory, and the sanitizer's is not ours).
NATIVE_TESTS := $(filter-out tests/test_build.py tests/test_data.py \
	tests/test_demo.py tests/test_house.py tests/test_info.py tests/test_params.py \
	tests/test_progress.py tests/test_readme.py tests/test_files.py \
	$(wildcard tests/test_bench*.py tests/test_cli_*.py tests/test_*_cli.py), $(wildcard tests/test_*.py))

# Without OpenMP all threads are one: that is for the tests that name their number.
THREAD_TESTS = $(shell grep -lw workers $(NATIVE_TESTS))

sanitize: BUILD_ENV := FASTEMBED_SANITIZE=1
sanitize: build/sanitize/.built  ## the suite on a build with AddressSanitizer, UBSan and bounds checks
	@rm -f build/sanitize/report.*
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:log_path=$(CURDIR)/build/sanitize/report \
	UBSAN_OPTIONS=print_stacktrace=1:log_path=$(CURDIR)/build/sanitize/report \
	PYTHONMALLOC=malloc PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/sanitize/lib \
	HYPOTHESIS_PROFILE=few $(PYTEST) $(NATIVE_TESTS) || { cat build/sanitize/report.*; exit 1; }
	@! cat build/sanitize/report.* 2>/dev/null

noopenmp: BUILD_ENV := FASTEMBED_OPENMP=0 FASTEMBED_DEBUG=1
noopenmp: build/noopenmp/.built  ## what has to do with threads, on a build without OpenMP
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/noopenmp/lib \
	HYPOTHESIS_PROFILE=few $(PYTEST) $(THREAD_TESTS)

wheel: $(VENV)/.built  ## a wheel for any x86-64 Linux, tried in an empty environment
	PY=$(PY) tools/make_wheel.sh

bench: build $(VENV)/.tools  ## speed beside the peers that are installed; BENCH_ARGS="TEXT --help"
	@$(PY) -m fastembed bench $(BENCH_ARGS)

clean:  ## remove what was built
	rm -rf build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache demo-output
	rm -f fastembed/_native/*.so $(VENV)/.built
	find fastembed tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## the same, and the environment
	rm -rf $(VENV)
