PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS := local embedded spss formats individual explore dev

.PHONY: run test setup browser hf lock clean

run: $(READY)
	$(BIN)/demoscope run examples/quickstart.yaml

test: $(READY) browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

setup: $(READY)

# The report is tested in a real browser where there is one, or where it may be installed.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null; } || \
	echo "No Chromium: tests of the report in a browser are skipped (apt-get install chromium chromium-driver)."

# The local backend compiles llama.cpp once (about four minutes on two cores); pip keeps the wheel for next time.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

# Models of Hugging Face, GPUs and training. PyPI's torch for Linux brings CUDA, several GB; another build of it can be named:
# make hf TORCH="torch==2.13.0 --index-url ..."
TORCH ?= torch==2.13.0
hf: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[hf]'

lock: $(READY)
	$(BIN)/pip-compile --quiet --allow-unsafe $(addprefix --extra ,$(EXTRAS)) --generate-hashes --strip-extras --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --output-file=requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
