"""From the start of `evalkit run` to the first request of an lm-eval task: nearly all of it is importing packages.

    uv run --isolated --extra lm-eval python -m benchmarks.lm_eval_start

Three states of one machine: `usual` (Python's bytecode is written, files are in the system's cache), `no bytecode` (a
container with PYTHONDONTWRITEBYTECODE, or the first command after an install), `cold files` (this environment's files
dropped from the system's cache before each round, where the file system heeds it). Goal: 3 s, usually.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import EVALKIT, measure, middle, questions
from evalkit.testing.fake_provider import Behaviour, FakeProvider

ROUNDS, N = 5, 100
TASK = """
task: bench_words
dataset_path: json
dataset_kwargs: {data_files: {test: questions.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 16, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""
SUITE = """
name: lm-eval-start
sensitivity: public
models: {{fake: {{adapter: openai_chat, model: fake, base_url: "{base_url}"}}}}
tasks: [{{lm_eval: bench_words, include_path: tasks}}]
run: {{in_flight: 8}}
"""


def drop_files() -> None:
    """Ask the system to forget the contents of every file of this environment: only ours, nobody else's."""
    for path in Path(sysconfig.get_paths()["purelib"]).rglob("*"):
        if path.is_file() and not path.is_symlink():
            opened = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(opened)


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as name, FakeProvider.in_process(Behaviour()) as provider:
        folder = Path(name)
        (folder / "tasks").mkdir()
        (folder / "tasks/words.yaml").write_text(TASK, encoding="utf-8")
        questions(N, folder / "tasks/questions.jsonl")
        suite = folder / "suite.yaml"
        suite.write_text(SUITE.format(base_url=provider.base_url), encoding="utf-8")

        def once(env: dict[str, str], before: Callable[[], None]) -> tuple[float, float]:
            """Seconds to the first request, CPU seconds of the whole command."""
            before()
            provider.reset()
            results = tempfile.mkdtemp(dir=folder)
            offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "datasets"), **env}
            got = measure([*EVALKIT, "run", str(suite), "--no-cache", "--results", results], env=offline)
            return min(record.arrived_unix for record in provider.account) - got.started_at, got.cpu_s

        written = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        unwritten = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(folder / "none")}
        states: dict[str, Callable[[], tuple[float, float]]] = {
            "usual": lambda: once(written, lambda: None),
            "no bytecode": lambda: once(unwritten, lambda: None),
            "cold files": lambda: once(written, drop_files),
        }
        once(written, lambda: None)  # writes bytecode and the data set
        got = {state: [ask() for _ in range(ROUNDS)] for state, ask in states.items()}
    print(f"\nlm-eval start: {sys.version.split()[0]}, median of {ROUNDS}")
    print(f"{'':14}{'first request s':>16}{'CPU s, whole command':>22}   goal <= 3, usual")
    for state, runs in got.items():
        print(f"{state:14}{middle(first for first, _ in runs):16.2f}{middle(cpu for _, cpu in runs):22.2f}")


if __name__ == "__main__":
    main()
