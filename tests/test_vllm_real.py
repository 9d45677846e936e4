"""The shipped checkpoint in float32 through four ways to the same numbers, item by item. `make test-vllm` runs this.

    evalkit -> vllm serve, started by evalkit        evalkit -> ctranslate2
    lm-eval's own hf                                 lm-eval's own vllm

Needs the environment of scripts/make_vllm_cpu_env.sh (EVALKIT_VLLM names its `vllm`).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from evalkit.bridges.lm_eval.samples import read_samples
from evalkit.records import Row
from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from tests.conftest import REPO
from tests.lm_eval_world import CLOZE, LETTERS
from tests.world import finish, run_folders, start

VLLM = os.environ.get("EVALKIT_VLLM", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VLLM, reason="SKIPPED LOUDLY: no vLLM here; `make test-vllm` makes an environment for it"),
]
N = 80
QUIET = {
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB; the default takes nearly all memory of the machine
    "TORCHDYNAMO_DISABLE": "1",  # compiling for the first log-probability takes half a minute
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
SUITE = """
name: parity
sensitivity: public
models:
  ctranslate2: {adapter: ctranslate2, model: tiny}
  vllm: {adapter: vllm, model: tiny, serve: {dtype: float32, enforce_eager: true, max_model_len: 512}}
tasks:
  - name: cloze
    data: {path: items.jsonl}
    prompt: "{{ question }}\\nAnswer:"
    choices: "{{ choices }}"
    target: "{{ choices[answer] }}"
    mode: likelihood
    score: choice
  - name: letters
    data: {path: items.jsonl}
    prompt: "{{ question }}\\nA. {{ texts[0] }}\\nB. {{ texts[1] }}\\nC. {{ texts[2] }}\\nD. {{ texts[3] }}\\nAnswer:"
    choices: [A, B, C, D]
    target: "{{ 'ABCD'[answer] }}"
    mode: likelihood
    score: choice
  - name: gen
    data: {path: items.jsonl}
    prompt: "{{ question }}\\n{{ options }}\\nReply with the letter only."
    choices: "{{ choices }}"
    target: "{{ letters[answer] }}"
    score: choice
    settings: {max_output_tokens: 16, temperature: 0}
run: {in_flight: 16}
"""
Rows = dict[tuple[str, str], Row]
"""(task, place of the item) -> row."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parity")
    lines = (REPO / "suites/data/quickstart/choice.jsonl").read_text("utf-8").splitlines()[:N]
    items = [{**json.loads(line), "id": str(number)} for number, line in enumerate(lines)]
    items = [{**item, "texts": item["choices"]} for item in items]  # in a prompt, `choices` are the task's own
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "tasks").mkdir()
    for name, text in {"cloze": CLOZE, "letters": LETTERS}.items():
        absolute = text.replace("items.jsonl", str(folder / "items.jsonl")).replace("{{question}}", "{{ question }}")
        (folder / "tasks" / f"{name}.yaml").write_text(absolute, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ours(folder: Path) -> dict[str, Rows]:
    """Rows by model, from one run of evalkit that starts and stops vLLM itself."""
    environment = {**QUIET, "EVALKIT_VLLM": VLLM, "EVALKIT_CACHE": str(folder / "cache")}
    running = start("run", folder / "suite.yaml", "--results", folder / "results", "--no-cache", env=environment)
    ran = finish(running, timeout_s=240)
    assert ran.code == 0, ran.err
    found: dict[str, Rows] = {}
    for row in rows_of(run_folders(folder / "results")[0]):
        found.setdefault(row.model, {})[row.task, row.sample_id] = row
    return found


def test_vllm_and_ctranslate2_agree_item_by_item(ours: dict[str, Rows]) -> None:
    check_same(ours["vllm"], ours["ctranslate2"], 3 * N)


def test_what_ran_is_recorded(ours: dict[str, Rows], folder: Path) -> None:
    facts = read_facts(run_folders(folder / "results")[0])["servers"]["vllm"]
    assert facts["engine"].startswith("vllm 0.")
    assert facts["dtype"] == "float32" and len(facts["weights"]) == 64
    assert (facts["resolved"]["dtype"], facts["resolved"]["tensor_parallel_size"]) == ("float32", "1")
    metrics = facts["metrics"]
    assert metrics["prompt_tokens"] > 0 and metrics["requests"] >= 3 * N
    assert metrics["running_mean"] > 0 and metrics["looks"] > 3, "a short run was looked at while it went on"
    assert metrics["queue_s_mean"] >= 0 and 0 <= metrics["prefix_cache_hit_rate"] < 1
    assert ours["vllm"]["gen", "0"].ttft_s is not None


@pytest.mark.parametrize(
    ("backend", "arguments"),
    [
        ("hf", "dtype=float32"),
        ("vllm", "dtype=float32,enforce_eager=True,max_model_len=512,kv_cache_memory_bytes=268435456"),
    ],
)
def test_lm_evals_own_backends_agree_item_by_item(
    ours: dict[str, Rows], folder: Path, backend: str, arguments: str
) -> None:
    lm_eval = Path(VLLM).parent / "lm-eval"
    if not lm_eval.exists():
        pytest.skip("SKIPPED LOUDLY: lm-eval is not in vLLM's environment")
    out = folder / f"out-{backend}"
    model_args = f"pretrained={REPO / 'evalkit/checkpoints/tiny'},{arguments}"
    command = [str(lm_eval), "run", "--model", backend, "--model_args", model_args, "--batch_size", "16"]
    command += ["--tasks", "tiny_cloze,tiny_letters", "--include_path", str(folder / "tasks")]
    command += ["--log_samples", "--output_path", str(out), *(["--device", "cpu"] if backend == "hf" else [])]
    done = subprocess.run(
        command, env={**os.environ, **QUIET}, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = {(row.task.removeprefix("tiny_"), row.sample_id): row for row in read_samples(out).rows}
    check_same(theirs, {key: row for key, row in ours["vllm"].items() if key[0] != "gen"}, 2 * N)
    check_same(theirs, {key: row for key, row in ours["ctranslate2"].items() if key[0] != "gen"}, 2 * N)


def check_same(one: Rows, other: Rows, n: int) -> None:
    """The same items, scores, texts and likeliest choices; log-likelihoods within 1e-3."""
    assert one.keys() == other.keys() and len(one) == n
    largest = 0.0
    for key, row in one.items():
        twin = other[key]
        assert row.score == twin.score, (key, row.text, twin.text, row.logliks, twin.logliks)
        if row.logliks is None or twin.logliks is None:
            assert row.text == twin.text, key
            continue
        assert _best(row.logliks) == _best(twin.logliks), key
        largest = max(largest, *(abs(a - b) for a, b in zip(row.logliks, twin.logliks, strict=True)))
    print(f"largest difference of a log-likelihood over {n} items: {largest:.1e}")
    assert largest < 1e-3


def _best(values: tuple[float, ...]) -> int:
    return max(range(len(values)), key=lambda number: values[number])
