# CI runs exactly these. `uv run` makes the environment on first use.
.PHONY: check test demo docs lock bench

check:
	uv run ruff format --check .
	uv run ruff check .
	uv run mypy
	uv run lint-imports

test:
	uv run pytest

demo:
	uv run evalkit run suites/quickstart.yaml --new --no-cache

docs:
	uv run python -m evalkit.suite.json_schema
	uv run python scripts/regenerate_docs.py

lock:
	uv pip compile pyproject.toml --extra app --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --quiet -o requirements.lock

bench:
	uv run python -m benchmarks
