"""What evalkit costs, measured beside a reference in the same run: `uv run python -m benchmarks [NAME ...]`.

Figures are ratios or differences within one run on one machine, rounds interleaved, medians shown; nothing here is a
test, because a busy machine must not turn a build red. `docs/benchmarks.md` keeps what was printed, and when.
"""
