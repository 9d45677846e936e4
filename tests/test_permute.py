"""`permute: N`: a question in several orders of its options, which count as one item."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.suite.orders import n_distinct, orders, refers_to_others
from evalkit.suite.schema import PermuteEntry
from tests.world import Ran, evalkit, rows, run_folders

TASK = """
  - name: mc
    data: {path: items.jsonl}
    prompt: "{{ question }}"
    choices: "{{ options }}"
    target: "{{ letters[gold] }}"
    score: choice
    settings: {max_output_tokens: 8}
"""


def write(folder: Path, more: str = "    permute: 4\n", *, task: str = TASK, n: int = 6, models: str = "") -> Path:
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            record = {
                "id": f"q{number}",
                "question": f"Q{number}?",
                "options": ["w", "x", "y", "z"],
                "gold": number % 4,
            }
            file.write(json.dumps(record | {"a": "w", "b": "x", "team": f"t{number // 2}"}) + "\n")
    path = folder / "suite.yaml"
    models = models or "  says-a: {adapter: scripted, replies: {'*': A}}\n"
    path.write_text(f"name: permuted\nmodels:\n{models}tasks:{task}{more}", encoding="utf-8")
    return path


def ran(capsys: pytest.CaptureFixture[str], suite: Path, *more: object) -> tuple[Ran, Any]:
    """The run with its summary's figures of the task."""
    results = suite.parent / "results"
    done = evalkit(capsys, "run", suite, "--results", results, "--no-cache", "--json", *more)
    return done, done.json["models"] if done.code == 0 else None


def test_a_model_that_always_says_a_scores_exactly_chance_and_its_liking_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done, models = ran(capsys, write(tmp_path))
    assert done.code == 0, done.err
    task = models["says-a"]["tasks"]["mc"]
    assert task["n"] == 24
    assert task["quality"]["mean"] == 0.25
    assert task["spread"]["gold_position"] == {"low": 0.0, "low_at": "B", "high": 1.0, "high_at": "A", "n": 4}
    assert {key: block["n"] for key, block in task["slices"].items() if key.startswith("gold")} == {
        f"gold_position={letter}": 6 for letter in "ABCD"
    }
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results")
    assert "0.000 (gold at B) to 1.000 (gold at A) over 4 places" in " ".join(shown.out.split())


def test_the_orders_of_a_record_count_as_one_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, models = ran(capsys, write(tmp_path))
    quality = models["says-a"]["tasks"]["mc"]["quality"]
    assert quality["interval"] != "wilson"  # 24 independent answers would be a Wilson interval of [0.12, 0.45]
    from evalkit.store.sealing import rows_of

    (folder,) = run_folders(tmp_path / "results")
    found = list(rows_of(folder))
    assert {row.cluster for row in found} == {f"record q{n}" for n in range(6)}
    assert len({row.sample_digest for row in found}) == 24
    assert sorted(row.sample_id for row in found)[:4] == ["q0", "q0:order2", "q0:order3", "q0:order4"]


def test_the_users_own_cluster_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, write(tmp_path, "    permute: 2\n    cluster: team\n"))
    from evalkit.store.sealing import rows_of

    (folder,) = run_folders(tmp_path / "results")
    assert {row.cluster for row in rows_of(folder)} == {"t0", "t1", "t2"}


def test_limit_counts_records_and_chooses_the_same_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, write(tmp_path, ""), "--limit", "3")
    ran(capsys, write(tmp_path), "--limit", "3")
    plain, permuted = sorted(run_folders(tmp_path / "results"), key=lambda folder: len(rows(folder)))
    assert len(rows(permuted)) == 12
    written = {row["key"] for row in rows(plain)}
    assert written < {row["key"] for row in rows(permuted)}  # the first order is the question as written


def test_the_prompt_shows_each_order_and_the_gold_keeps_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write(tmp_path, n=1, models="  says-w: {adapter: scripted, replies: {'*': w}}\n")
    _, models = ran(capsys, suite)
    assert models["says-w"]["tasks"]["mc"]["quality"]["mean"] == 1.0  # the text is right wherever it stands
    from evalkit.store.sealing import rows_of

    (folder,) = run_folders(tmp_path / "results")
    prompts = {row.prompt[-1].content for row in rows_of(folder)}
    assert len(prompts) == 4
    assert {prompt.split("\n")[2] for prompt in prompts} == {"A. w", "A. x", "A. y", "A. z"}


def test_likelihoods_are_weighed_in_every_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = TASK.replace('"{{ question }}"', '"{{ question }} {{ options }} Answer:"')
    suite = write(
        tmp_path, "    mode: likelihood\n    permute: {n: 3, seed: 7}\n", task=task, n=2,
        models="  tiny: {adapter: ctranslate2, model: tiny}\n",
    )  # fmt: skip
    done, models = ran(capsys, suite)
    assert done.code == 0, done.err
    assert models["tiny"]["tasks"]["mc"]["spread"]["option_order"]["n"] == 3


def test_a_permuted_run_does_not_compare_with_one_as_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = "gate: {baseline: says-a, candidates: [b], rules: [{quality: all, margin: 0.1}]}\n"
    models = "  says-a: {adapter: scripted, replies: {'*': A}}\n  b: {adapter: scripted, replies: {'*': A}}\n"
    results = tmp_path / "results"
    ran(capsys, write(tmp_path, "    permute: 2\n" + gate, models=models))
    (permuted,) = run_folders(results)
    ran(capsys, write(tmp_path, gate, models=models))
    (plain,) = [folder for folder in run_folders(results) if folder != permuted]
    done = evalkit(capsys, "compare", f"{permuted}:says-a", f"{plain}:b", "--results", results)
    assert done.code == 2
    assert "the orders of the options (permute)" in done.err
    done = evalkit(capsys, "rescore", permuted, "--suite", tmp_path / "suite.yaml", "--results", results)
    assert done.code == 2
    assert "permute" in done.err


def test_a_built_in_task_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "mmlu.jsonl").open("w", encoding="utf-8") as file:
        record = {"subject": "s", "split": "test", "question": "Q?", "choices": list("pqrs"), "answer": "B"}
        file.write(json.dumps(record) + "\n")
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: m\nmodels: {says-a: {adapter: scripted, replies: {'*': A}}}\ntasks:\n"
        "  - {use: mmlu, with: {path: mmlu.jsonl, shots: 0, permute: 4}}\n",
        encoding="utf-8",
    )
    done, models = ran(capsys, suite)
    assert done.code == 0, done.err
    assert models["says-a"]["tasks"]["mmlu"]["quality"]["mean"] == 0.25
    assert "subject=s" in models["says-a"]["tasks"]["mmlu"]["slices"]


@pytest.mark.parametrize(
    ("task", "more", "said"),
    [
        (TASK, "    permute: 25\n", "4 options have only 24 distinct orders; 25 are asked for"),
        (TASK, "    permute: 1\n", "permute"),
        (TASK.replace("choices", "slices: [team]\n    # choices"), "    permute: 2\n", "this task has no choices"),
        (TASK, "    permute: 2\n    mode: likelihood\n", "the prompt does not show its options"),
        (TASK, "    permute: 2\n    slices: [option_order]\n", "the slices of permute have this name"),
        (TASK.replace('"{{ question }}"', '"{{ question }} A {{ a }} B {{ b }}"')
         .replace('"{{ options }}"', '["{{ a }}", "{{ b }}"]'), "    permute: 2\n", "the prompt reads {{ a }} itself"),
        (TASK.replace('"{{ question }}"', '"{{ question }} {{ letters }} w x y z"')
         .replace('"{{ options }}"', "[A, B, C, D]"), "    permute: 2\n", "are letters that stand for texts elsewhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_permuted_is_refused_with_a_reason(
    task: str, more: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = evalkit(capsys, "check", write(tmp_path, more, task=task))
    assert done.code == 2
    assert said in done.err


def test_options_that_speak_of_others_are_told_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write(tmp_path)
    record = {"id": "n", "question": "?", "options": ["w", "x", "y", "none of the above"], "gold": 3}
    with (tmp_path / "items.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    done = evalkit(capsys, "check", suite)
    assert done.code == 0
    assert "1 record has options that speak of other options" in done.out
    assert "'n'" in done.out


@pytest.mark.parametrize("text", ["None of the Above", "both A and B", "A and C", "(A) or (B)", "A & B"])
def test_words_about_other_options_are_known(text: str) -> None:
    assert refers_to_others(("w", text))


@pytest.mark.parametrize("text", ["I and II only", "above sea level", "a and b", "The sum, A" * 90, ("A " * 50_000)])
def test_words_that_only_look_like_it_are_not(text: str) -> None:
    assert not refers_to_others((text, "w"))


@pytest.mark.parametrize("n", [2, 3, 4, 5, 10, 30])
def test_as_many_orders_as_options_put_each_option_once_in_each_place(n: int) -> None:
    choices = tuple(f"option {i}" for i in range(n))
    found = orders(choices, "0f" * 16, PermuteEntry(n=n))
    assert found[0] == tuple(range(n))
    assert all(sorted(places) == list(range(n)) for places in zip(*found, strict=True))


def test_every_order_there_is_can_be_asked_for_and_none_comes_twice() -> None:
    assert len(set(orders(("a", "b", "c", "d"), "ab" * 16, PermuteEntry(n=24)))) == 24
    assert n_distinct(("a", "a", "b")) == 3
    found = orders(("a", "a", "b"), "ab" * 16, PermuteEntry(n=3))
    assert len({tuple("aab"[place] for place in order) for order in found}) == 3


def test_the_seed_and_the_record_choose_the_orders_the_same_on_every_machine() -> None:
    choices = ("a", "b", "c", "d", "e")
    once = orders(choices, "0f" * 16, PermuteEntry(n=5))
    assert once == orders(choices, "0f" * 16, PermuteEntry(n=5))
    assert once != orders(choices, "0f" * 16, PermuteEntry(n=5, seed=1))
    assert len({str(orders(choices, f"{i:02d}" * 16, PermuteEntry(n=5))) for i in range(20)}) > 10
