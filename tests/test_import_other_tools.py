"""Results that promptfoo, EvalScope and converters to Every Eval Ever really wrote, and small ones of the same form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.sealing import rows_of
from tests.world import Ran
from tests.world import evalkit as run_evalkit

Capture = pytest.CaptureFixture[str]
Evalkit = Callable[..., Ran]


@pytest.fixture
def evalkit(capsys: Capture, tmp_path: Path) -> Evalkit:
    """Runs a command on the results folder of the test."""
    return lambda *words: run_evalkit(capsys, *words, "--results", tmp_path / "results")


def imported(evalkit: Evalkit, *words: object) -> list[Any]:
    """The rows of an import."""
    ran = evalkit("import", *words)
    assert ran.code == 0, ran.err
    return list(rows_of(Path(ran.out.strip())))


@pytest.fixture
def expected(shared_data: Path) -> dict[str, Any]:
    """By file what stands in it."""
    index = json.loads((shared_data / "traces" / "index.json").read_text())
    return {one["file"]: one["expected"] for one in index["files"]}


@pytest.mark.parametrize("name", ["promptfoo-0.121.20_output.json", "promptfoo-0.121.20_output.jsonl"])
def test_promptfoo_as_it_writes(shared_data: Path, expected: dict[str, Any], evalkit: Evalkit, name: str) -> None:
    told = expected[f"promptfoo/{name}"]
    rows = imported(evalkit, "promptfoo", shared_data / "traces" / "promptfoo" / name)
    assert len(rows) == told["rows"]
    assert sum(row.score == 1.0 for row in rows) == told["passed"]
    assert sum(row.outcome == "wrong" for row in rows) == told["failed_assert"]
    assert sum(row.outcome == "errored" for row in rows) == told["errors"]
    assert sum(row.input_tokens or 0 for row in rows) == told["input_tokens"]
    assert sum(row.output_tokens or 0 for row in rows) == told["output_tokens"]
    assert float(sum(row.cost_usd or 0 for row in rows)) == pytest.approx(told["cost_usd"])
    echoed = [row for row in rows if row.model == "echo"]
    assert all(row.cost_usd is None and row.input_tokens is None for row in echoed)  # a 0 of promptfoo is no figure


def test_promptfoo_out_of_its_cache_has_no_tokens_costs_or_times(shared_data: Path, evalkit: Evalkit) -> None:
    path = shared_data / "traces" / "promptfoo" / "promptfoo-0.121.20_output_cached.json"
    ran = evalkit("import", "promptfoo", path)
    assert "4 answers came from promptfoo's cache" in ran.err
    cached = [row for row in rows_of(Path(ran.out.strip())) if row.cached]
    assert len(cached) == 4
    assert {(row.input_tokens, row.cost_usd, row.total_s) for row in cached} == {(None, None, None)}


def promptfoo(tmp_path: Path, *rows: dict[str, Any], version: Any = 3) -> Path:
    whole = {"evalId": "e", "results": {"version": version, "timestamp": "2026-05-01T00:00:00Z", "results": rows}}
    (tmp_path / "p.json").write_text(json.dumps(whole))
    return tmp_path / "p.json"


def result(**more: Any) -> dict[str, Any]:
    """One row as promptfoo writes it."""
    return {
        "success": False,
        "score": 0.25,
        "testIdx": 0,
        "provider": {"id": "openai:gpt", "label": "mine"},
        "prompt": {"raw": "Say hi"},
        "failureReason": 1,
        "error": "Expected output to contain hi",
        "latencyMs": 40,
        "cost": 0,
        "response": {"output": "no", "tokenUsage": {"prompt": 3, "completion": 1}},
        **more,
    }


def test_promptfoo_a_failed_assertion_is_a_wrong_answer_and_no_error(tmp_path: Path, evalkit: Evalkit) -> None:
    (row,) = imported(evalkit, "promptfoo", promptfoo(tmp_path, result()))
    assert (row.model, row.outcome, row.score, row.error, row.cost_usd) == ("mine", "wrong", 0.0, None, None)
    assert (row.input_tokens, row.total_s) == (3, 0.04)


def test_promptfoo_graded(tmp_path: Path, evalkit: Evalkit) -> None:
    (row,) = imported(evalkit, "promptfoo", promptfoo(tmp_path, result()), "--metric", "score")
    assert (row.outcome, row.score) == ("scored", 0.25)


def test_promptfoo_repeats_are_repeats_and_other_prompts_other_items(tmp_path: Path, evalkit: Evalkit) -> None:
    rows = imported(evalkit, "promptfoo", promptfoo(tmp_path, result(), result(), result(prompt={"raw": "Say ho"})))
    assert sorted(row.repeat for row in rows) == [0, 0, 1]
    assert len({row.sample_digest for row in rows}) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "no output of promptfoo"),
        ("[]", "no output of promptfoo"),
        ("", "is no JSON"),
        ('{"results": {"version": 2, "results": []}}', "version 2"),
        ('{"results": {"version": 3, "results": []}}', "no row"),
        ('{"results": {"version": 3, "results": [1]}}', "result 1 is not as promptfoo writes it"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_promptfoo_refuses_what_it_is_not(tmp_path: Path, evalkit: Evalkit, content: str, said: str) -> None:
    (tmp_path / "p.json").write_text(content)
    ran = evalkit("import", "promptfoo", tmp_path / "p.json")
    assert ran.code == 2
    assert said in ran.err
    assert not list((tmp_path / "results").glob("*"))


def test_evalscope_as_it_writes(shared_data: Path, expected: dict[str, Any], evalkit: Evalkit) -> None:
    folder = shared_data / "traces" / "evalscope"
    told = expected["evalscope/evalscope-1.14.1_predictions_general_qa_support.jsonl"]
    rows = imported(evalkit, "evalscope", folder / "evalscope-1.14.1_reviews_general_qa_support.jsonl")
    assert len(rows) == told["llm_calls"]
    assert {row.served_model for row in rows} == set(told["models"])
    assert sum(row.input_tokens for row in rows) == told["input_tokens"]
    assert sum(row.output_tokens for row in rows) == told["output_tokens"]
    assert sum(row.total_s for row in rows) == pytest.approx(told["duration_s"], abs=0.001)
    assert sorted(row.score for row in rows) == [0.0, 1.0]


def test_evalscope_joins_on_the_index_not_on_the_line(tmp_path: Path, evalkit: Evalkit) -> None:
    for kind in ("reviews", "predictions"):
        (tmp_path / "out" / kind / "m").mkdir(parents=True)
    value = {"value": {"acc": 1, "f1": 0.5}, "main_score_name": "acc"}
    reviews = [{"index": n, "target": ["t"], "sample_score": {"score": value}} for n in (0, 1)]
    answers = [
        {"index": n, "model": "m", "model_output": {"usage": {"input_tokens": n, "output_tokens": 1}}} for n in (1, 0)
    ]
    (tmp_path / "out/reviews/m/task.jsonl").write_text("\n".join(map(json.dumps, reviews)))
    (tmp_path / "out/predictions/m/task.jsonl").write_text("\n".join(map(json.dumps, answers)))
    rows = imported(evalkit, "evalscope", tmp_path / "out", "--metric", "f1")
    assert {(row.sample_id, row.input_tokens, row.score) for row in rows} == {("0", 0, 0.5), ("1", 1, 0.5)}
    ran = evalkit("import", "evalscope", tmp_path / "out", "--metric", "bleu")
    assert ran.code == 2
    assert "it has acc, f1" in ran.err


def test_every_eval_ever_as_converters_write(shared_data: Path, evalkit: Evalkit) -> None:
    folder = shared_data / "traces" / "every_eval_ever"
    (row,) = imported(evalkit, "every-eval-ever", folder / "f3a1c0de-4b2e-4c1a-9f6d-1b7e5a2c8d40.json")
    assert (row.model, row.score, row.input_tokens, row.output_tokens) == ("demo-org/demo-model", 1.0, 12, 5)
    assert row.started_at == 1_750_000_000
    for aggregate in ("98ea850e-7019-4728-a558-8b1819ec47c2.json", "676f4465-ce78-411a-9f5a-c97b3d2eac4f.json"):
        ran = evalkit("import", "every-eval-ever", folder / aggregate)
        assert ran.code == 2
        assert "summary figures only" in ran.err


def evaluation(tmp_path: Path, *samples: dict[str, Any], **config: Any) -> Path:
    about = {
        "schema_version": "0.3.0",
        "evaluation_timestamp": "1750000000",
        "evaluation_results": [{"evaluation_name": "t", "metric_config": config}],
    }
    (tmp_path / "u.json").write_text(json.dumps(about))
    (tmp_path / "u_samples.jsonl").write_text("\n".join(map(json.dumps, samples)))
    return tmp_path / "u.json"


def sample(score: float, **more: Any) -> dict[str, Any]:
    return {"sample_id": "1", "model_id": "m", "evaluation_name": "t", "evaluation": {"score": score}, **more}


def test_every_eval_ever_scales_scores_to_the_best_of_1(tmp_path: Path, evalkit: Evalkit) -> None:
    path = evaluation(tmp_path, sample(7.0), min_score=1.0, max_score=5.0)
    assert imported(evalkit, "every-eval-ever", path)[0].outcome == "errored"  # beyond its own scale
    path = evaluation(tmp_path, sample(2.0), min_score=1.0, max_score=5.0, lower_is_better=True)
    assert imported(evalkit, "every-eval-ever", path)[0].score == 0.75


@pytest.mark.parametrize(
    ("config", "scores"),
    [
        ({"metric_unit": "percent"}, {1.0: 0.01, 50.0: 0.5, 100.0: 1.0}),
        ({"metric_unit": "percent", "min_score": 0, "max_score": 1}, {1.0: 1.0, 0.5: 0.5}),
        ({"metric_unit": "proportion"}, {1.0: 1.0, 50.0: None}),
        ({"score_type": "levels", "level_names": ["bad", "fair", "good"]}, {0.0: 0.0, 1.0: 0.5, 2.0: 1.0, -1.0: None}),
        ({"score_type": "levels"}, {0.0: None, 1.0: None}),
        ({"score_type": "levels", "min_score": 1, "max_score": 5}, {3.0: 0.5}),
    ],
)
def test_every_eval_ever_a_scale_that_is_not_written_is_that_of_its_unit_or_levels(
    tmp_path: Path, evalkit: Evalkit, config: dict[str, Any], scores: dict[float, float | None]
) -> None:
    path = evaluation(tmp_path, *(sample(score, sample_id=f"{score}") for score in scores), **config)
    rows = imported(evalkit, "every-eval-ever", path)
    assert {float(row.sample_id): row.score for row in rows} == scores


def told(tmp_path: Path, **details: Any) -> Path:
    """Two samples, and what their evaluation says of their file."""
    path = evaluation(tmp_path, sample(1.0), sample(0.0, sample_id="2"))
    about = {**json.loads(path.read_text()), "detailed_evaluation_results": details}
    path.write_text(json.dumps(about))
    return path


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"total_rows": 5}, "u_samples.jsonl holds 2 samples, and its evaluation says total_rows: 5"),
        ({"total_rows": 1, "file_path": "data/x/u_samples.jsonl"}, "total_rows: 1"),
        ({"checksum": "0" * 64, "hash_algorithm": "sha256"}, "its sha256 is not the checksum of its evaluation"),
        ({"checksum": "sha256:" + "0" * 64}, "its sha256 is not the checksum"),
        ({"checksum": "0" * 32, "hash_algorithm": "MD5"}, "its md5 is not the checksum"),
    ],
)
@pytest.mark.parametrize("named", ["u.json", "u_samples.jsonl"])
def test_every_eval_ever_samples_that_are_not_those_of_the_evaluation_are_refused(
    tmp_path: Path, evalkit: Evalkit, details: dict[str, Any], said: str, named: str
) -> None:
    path = told(tmp_path, **details)
    ran = evalkit("import", "every-eval-ever", path.with_name(named))
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("kind", ["sha256", "SHA-512", "md5", "crc32"])
def test_every_eval_ever_a_checksum_that_holds_or_that_nobody_can_check_is_fine(
    tmp_path: Path, evalkit: Evalkit, kind: str
) -> None:
    path = told(tmp_path, total_rows=2)
    content = (tmp_path / "u_samples.jsonl").read_bytes()
    plain = kind.lower().replace("-", "")
    checksum = "0" if plain == "crc32" else hashlib.new(plain, content).hexdigest().upper()
    path = told(tmp_path, total_rows=2, checksum=checksum, hash_algorithm=kind)
    assert len(imported(evalkit, "every-eval-ever", path)) == 2


def test_every_eval_ever_a_score_that_is_correct_denies_is_no_score(tmp_path: Path, evalkit: Evalkit) -> None:
    pairs = [(1.0, False), (0.0, True), (1.0, True), (0.0, False), (0.3, True)]
    samples = [
        sample(score, sample_id=f"{n}", evaluation={"score": score, "is_correct": right})
        for n, (score, right) in enumerate(pairs)
    ]
    ran = evalkit("import", "every-eval-ever", evaluation(tmp_path, *samples))
    rows = sorted(rows_of(Path(ran.out.strip())), key=lambda row: row.sample_id)
    assert [row.score for row in rows] == [None, None, 1.0, 0.0, 0.3]
    assert "2 samples whose score and is_correct contradict each other" in ran.err


def test_notes_name_no_map_where_a_command_takes_none(tmp_path: Path, evalkit: Evalkit) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "input_tokens_cache_read": 5000}
    ran = evalkit("import", "every-eval-ever", evaluation(tmp_path, sample(7.0, token_usage=usage)))
    assert "rows with no score from 0 to 1 are errors: 1 of 1" in ran.err
    assert "the input is unknown there" in ran.err
    twice = evalkit("import", "every-eval-ever", evaluation(tmp_path, sample(1.0), sample(0.0)))
    assert twice.code == 2
    assert "stands there twice" in twice.err
    for said in (ran.err, twice.err):
        assert "map" not in said and "column" not in said and "{" not in said


def test_every_eval_ever_takes_no_tokens_of_a_last_call_for_those_of_an_agent(tmp_path: Path, evalkit: Evalkit) -> None:
    one = sample(1.0, interaction_type="agentic", token_usage={"input_tokens": 95, "output_tokens": 11})
    (row,) = imported(evalkit, "every-eval-ever", evaluation(tmp_path, one))
    assert (row.score, row.input_tokens, row.output_tokens) == (1.0, None, None)


def test_every_eval_ever_an_errored_sample_is_no_wrong_answer(tmp_path: Path, evalkit: Evalkit) -> None:
    (row,) = imported(evalkit, "every-eval-ever", evaluation(tmp_path, sample(0.0, error="timeout")))
    assert (row.outcome, row.error) == ("errored", "timeout")


def test_every_eval_ever_goes_out_and_comes_back(tmp_path: Path, evalkit: Evalkit) -> None:
    table = tmp_path / "r.csv"
    table.write_text(
        "model,item,trial,score,outcome,input_tokens,output_tokens,total_s,error,text\n"
        "a,1,1,1,,10,2,0.5,,yes\na,1,2,0.25,,10,2,0.5,,so\na,2,1,,,,,,timeout,\na,2,2,0,refused,9,1,0.25,,no\n"
    )
    before = imported(evalkit, "table", table)
    assert evalkit("export", "latest", "--to", "every-eval-ever", "--out", tmp_path / "out").code == 0
    (about,) = (path for path in (tmp_path / "out").glob("*.json"))
    whole = json.loads(about.read_text())
    assert whole["evaluation_results"][0]["score_details"]["score"] == pytest.approx(1.25 / 3)
    assert whole["detailed_evaluation_results"]["total_rows"] == 4
    after = imported(evalkit, "every-eval-ever", about)

    def facts(rows: list[Any]) -> set[tuple[Any, ...]]:
        return {
            (r.model, r.sample_id, r.repeat, r.outcome, r.score, r.input_tokens, r.total_s, r.error, r.text)
            for r in rows
        }

    assert facts(after) == facts(before)
    again = evalkit("export", "latest", "--to", "every-eval-ever", "--out", tmp_path / "out2")
    assert again.code == 0


def test_promptfoo_tests_that_ask_the_same_are_one_cluster(tmp_path: Path, evalkit: Evalkit) -> None:
    """`--repeat 2` makes four tests of two, and they are no four independent answers."""
    asked = [("hi", "a"), ("hi", "a"), ("ho", "a"), ("ho", "b"), ("he", "a")]  # what, and what is asserted
    rows = [
        result(
            testIdx=n,
            vars={"q": what},
            prompt={"raw": f"Say {what}"},
            testCase={"assert": [{"type": "contains", "value": checked}]},
            provider={"id": model},
        )
        for n, (what, checked) in enumerate(asked)
        for model in ("gpt", "mine")
    ]
    ran = evalkit("import", "promptfoo", promptfoo(tmp_path, *rows))
    assert "1 tests ask and check the same as another" in ran.err
    found = {(row.model, row.sample_id): row.cluster for row in rows_of(Path(ran.out.strip()))}
    assert found["gpt", "0"] == found["gpt", "1"] == found["mine", "0"] is not None
    assert {found["gpt", n] for n in "234"} == {None}


def test_promptfoo_two_providers_of_one_name_are_told(tmp_path: Path, evalkit: Evalkit) -> None:
    ran = evalkit("import", "promptfoo", promptfoo(tmp_path, result(), result()))
    assert "1 answer stands there again, of one provider to one test, and is taken for a repeat" in ran.err
    assert "give each a label" in ran.err


@pytest.mark.parametrize(
    ("folder", "task"), [("out", "amazon_reviews"), ("reviews/out", "task"), ("my_reviews", "reviews")]
)
def test_evalscope_finds_the_answers_whatever_folders_and_tasks_are_called(
    tmp_path: Path, evalkit: Evalkit, folder: str, task: str
) -> None:
    for kind in ("reviews", "predictions"):
        (tmp_path / folder / kind / "m").mkdir(parents=True)
    score = {"value": {"acc": 1}, "main_score_name": "acc"}
    review = {"index": 0, "target": "t", "sample_score": {"score": score}}
    answer = {"index": 0, "model": "m", "model_output": {"usage": {"input_tokens": 7}, "time": 1.5}}
    (tmp_path / folder / f"reviews/m/{task}.jsonl").write_text(json.dumps(review))
    (tmp_path / folder / f"predictions/m/{task}.jsonl").write_text(json.dumps(answer))
    (row,) = imported(evalkit, "evalscope", tmp_path / folder)
    assert (row.input_tokens, row.total_s) == (7, 1.5)


def evaluation_of(tmp_path: Path, results: list[dict[str, Any]], *samples: dict[str, Any]) -> Path:
    about = {"schema_version": "0.3.0", "evaluation_timestamp": "1750000000", "evaluation_results": results}
    (tmp_path / "u.json").write_text(json.dumps(about))
    (tmp_path / "u_samples.jsonl").write_text("\n".join(map(json.dumps, samples)))
    return tmp_path / "u.json"


def measured(result_id: str | None, **config: Any) -> dict[str, Any]:
    return {"evaluation_name": "t", "evaluation_result_id": result_id, "metric_config": config}


def test_every_eval_ever_reads_each_score_by_the_scale_of_its_own_result(tmp_path: Path, evalkit: Evalkit) -> None:
    """A sample that two metrics score stands there twice, under one name of an evaluation."""
    results = [
        measured("acc", min_score=0.0, max_score=1.0),
        measured("loss", min_score=0.0, max_score=10.0, lower_is_better=True),
    ]
    samples = [sample(0.8, evaluation_result_id="acc"), sample(2.5, evaluation_result_id="loss")]
    rows = imported(evalkit, "every-eval-ever", evaluation_of(tmp_path, results, *samples))
    assert {row.task: row.score for row in rows} == {"t (acc)": 0.8, "t (loss)": 0.75}


@pytest.mark.parametrize(
    "results",
    [
        [measured(None, min_score=0.0, max_score=float("inf"))],
        [measured("a", min_score=0.0, max_score=float("inf"))],
        [measured(None, min_score=0.0, max_score=1.0), measured(None, min_score=0.0, max_score=10.0)],
        [measured(None, min_score=0, max_score=1), measured(None, min_score=0, max_score=1, lower_is_better=True)],
    ],
)
def test_every_eval_ever_a_scale_that_nobody_knows_gives_no_score(
    tmp_path: Path, evalkit: Evalkit, results: list[dict[str, Any]]
) -> None:
    one = sample(0.8, evaluation_result_id=results[0]["evaluation_result_id"])
    (row,) = imported(evalkit, "every-eval-ever", evaluation_of(tmp_path, results, one))
    assert (row.outcome, row.score) == ("errored", None)


def test_every_eval_ever_results_that_agree_on_the_scale_need_no_id(tmp_path: Path, evalkit: Evalkit) -> None:
    results = [measured("a", min_score=0.0, max_score=4.0), measured("b", min_score=0, max_score=4)]
    (row,) = imported(evalkit, "every-eval-ever", evaluation_of(tmp_path, results, sample(1.0)))
    assert row.score == 0.25


def test_promptfoo_an_answer_that_never_came_belongs_to_the_item_of_the_others(
    tmp_path: Path, evalkit: Evalkit
) -> None:
    """Where a call timed out, promptfoo writes the template instead of the prompt that was sent."""
    rows = []
    for n in range(3):
        for model in ("gpt", "mine"):
            late = (n, model) == (1, "mine")
            prompts = {"raw": "Say {{ q }}" if late else f"Say {n}", "label": "Say {{ q }}"}
            more = {"failureReason": 2, "error": "timed out", "response": None} if late else {}
            rows.append(result(testIdx=n, vars={"q": n}, provider={"id": model}, prompt=prompts, **more))
    ran = evalkit("import", "promptfoo", promptfoo(tmp_path, *rows))
    assert "these have fewer" not in ran.err
    found = {(row.model, row.sample_id): row for row in rows_of(Path(ran.out.strip()))}
    assert found["mine", "1"].outcome == "errored"
    assert found["mine", "1"].sample_digest == found["gpt", "1"].sample_digest
    assert len({row.sample_digest for row in found.values()}) == 3


def test_promptfoo_a_lost_prompt_is_not_guessed_among_several(tmp_path: Path, evalkit: Evalkit) -> None:
    lost = result(provider={"id": "c"}, failureReason=2, error="x", prompt={"raw": "P", "label": "l"})
    others = [result(provider={"id": m}, prompt={"raw": f"for {m}", "label": "l"}) for m in ("a", "b")]
    rows = imported(evalkit, "promptfoo", promptfoo(tmp_path, lost, *others))
    assert {row.prompt[0].content for row in rows if row.model == "c"} == {"P"}
