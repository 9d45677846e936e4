"""What judges cost and how far they agree, with each other and with people: `show`, `price`, `plan`, `judge-check`."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.stats.prediction_powered import corrected_mean
from evalkit.stats.raters import alpha, kappa
from evalkit.store.reviews import Review, add_review
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.judges_world import candidates, judgments, model, write_suite
from tests.world import evalkit, run_folders

REPO = Path(__file__).resolve().parents[1]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def asked() -> Iterator[FakeProvider]:
    with FakeProvider.in_thread(Behaviour(reply="An answer of mine.")) as provider:
        yield provider


@pytest.fixture
def judge() -> Iterator[FakeProvider]:
    low = {f"Question {k}?": "[[3]]" for k in range(0, 40, 4)}
    with FakeProvider.in_thread(Behaviour(reply="[[8]]", answers=low)) as provider:
        yield provider


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"


@pytest.mark.long
def test_judges_have_a_bill_of_their_own(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", judge.base_url, id="j"))
    assert evalkit(capsys, "run", suite).code == 0
    (folder,) = run_folders(results)
    bill = evalkit(capsys, "price", "--json").json
    assert list(bill["models"]) == ["gpt"]
    assert Decimal(bill["models"]["gpt"]["total"]["billed_usd"]) == sum(r.cost_usd or 0 for r in candidates(folder))
    own = bill["judges"]["models"]["strict"]["total"]
    assert Decimal(own["billed_usd"]) == sum(r.cost_usd or 0 for r in judgments(folder)) > 0
    assert Decimal(own["usd_by_kind"]["input"]) > 0
    assert "judges: billed for scoring" in evalkit(capsys, "price").out
    shown = evalkit(capsys, "show", "latest")
    assert "strict (j)" in shown.out
    assert list(evalkit(capsys, "show", "latest", "--json").json["models"]) == ["gpt"]
    assert "strict" in evalkit(capsys, "show", folder / "judging").out


@pytest.mark.long
def test_an_answer_without_a_mark_is_billed_all_the_same(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="Hm.")) as mute:
        suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", mute.base_url, id="j"))
        assert evalkit(capsys, "run", suite).code == 4
    (folder,) = run_folders(results)
    bill = evalkit(capsys, "price", "--json").json
    assert Decimal(bill["models"]["gpt"]["total"]["billed_usd"]) == sum(r.cost_usd or 0 for r in candidates(folder))
    whole = evalkit(capsys, "show", "--json").json["models"]["gpt"]["all"]
    assert whole["cost"]["total_usd"] == pytest.approx(float(bill["models"]["gpt"]["total"]["billed_usd"]))
    assert whole["latency"]["n_measured"] == 8
    assert whole["quality"]["mean"] is None


@pytest.mark.long
def test_a_plan_counts_judges(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    judge.behaviour = Behaviour(reply="[[TIE]]")
    models = model("gpt", asked.base_url) + model("own", asked.base_url)
    suite = write_suite(tmp_path, models, model("strict", judge.base_url, id="j"), "{by: strict, pair: gpt}")
    before = evalkit(capsys, "plan", suite, "--json").json
    (one,) = before["judges"]
    assert one["model"] == "strict"
    assert one["n_requests"] == 16, "two orders of the rival's eight answers"
    assert one["price_known"]
    assert one["usd"]["value"] is None, "how long the answers will be is not known"
    assert Decimal(one["usd"]["low"]) > 0
    assert evalkit(capsys, "run", suite).code == 0
    after = evalkit(capsys, "plan", suite, "--json", "--no-cache").json
    true = sum(row.cost_usd or 0 for row in judgments(run_folders(results)[0]))
    assert Decimal(after["judges"][0]["usd"]["value"]) == pytest.approx(true, rel=Decimal("0.1"))
    assert [m["model"] for m in after["models"]] == ["gpt", "own"]
    assert "then, to judge the answers" in evalkit(capsys, "plan", suite).out


def test_check_names_the_judges_and_where_prompts_go(tmp_path: Path, capsys: Capture, asked: FakeProvider) -> None:
    suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", asked.base_url, id="j"))
    ran = evalkit(capsys, "check", suite)
    assert "strict: openai_chat, prompts go to 127.0.0.1, priced by" in ran.out
    assert "judges the answers" in ran.out


@pytest.mark.long
def test_how_far_judges_agree_is_shown(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="[[7]]", answers={"Question 4?": "[[2]]"})) as other:
        judges = model("strict", judge.base_url, id="j") + model("second", other.base_url, id="j")
        suite = write_suite(tmp_path, model("gpt", asked.base_url), judges, "{by: [strict, second]}")
        ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    found = evalkit(capsys, "show", "--json").json["judging"]["tasks"]["talk"]
    assert found["n_both"] == 8
    strict, second = [2 / 9] + [7 / 9] * 3 + [2 / 9] + [7 / 9] * 3, [6 / 9] * 4 + [1 / 9] + [6 / 9] * 3
    assert found["alpha"] == pytest.approx(alpha(list(zip(strict, second, strict=True))))
    assert "Krippendorff's alpha" in ran.out


def test_a_liking_for_the_first_place_is_measured(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="[[A]]")) as partial:
        models = model("gpt", asked.base_url) + model("own", asked.base_url)
        suite = write_suite(tmp_path, models, model("strict", partial.base_url, id="j"), "{by: strict, pair: gpt}")
        assert evalkit(capsys, "run", suite).code == 0
    place = evalkit(capsys, "judge-check", "--json").json["tasks"]["talk"]["place"]["strict"]
    assert (place["n"], place["share"], place["first"]) == (8, 1.0, 1.0)
    assert place["low"] == pytest.approx(0.676, abs=0.001)  # Wilson's for 8 of 8


def reviewed(folder: Path, n: int, *, wrong: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    rows = sorted(candidates(folder), key=lambda row: int(row.sample_id[1:]))
    for k, row in enumerate(rows[:n]):
        add_review(folder, Review(row.key, "wrong" if k in wrong else "right", "Mira"))


@pytest.mark.long
def test_reviews_of_the_board_correct_the_judged_mean_beside_the_raw_one(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", judge.base_url, id="j"), n=80)
    assert evalkit(capsys, "run", suite).code == 0
    (folder,) = run_folders(results)
    assert "corrected" not in evalkit(capsys, "show").out
    reviewed(folder, 40, wrong={0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 1, 2})
    ran = evalkit(capsys, "judge-check")
    assert ran.code == 0, ran.err
    told = evalkit(capsys, "judge-check", "--json").json["tasks"]["talk"]
    people = told["people"]["gpt"]
    raw = (10 * 2 / 9 + 70 * 7 / 9) / 80
    assert people["judged_mean"] == pytest.approx(raw)
    assert people["label_mean"] == pytest.approx(0.7)
    error = 0.7 - (10 * 2 / 9 + 30 * 7 / 9) / 40
    assert people["mean"] == pytest.approx(raw + error)  # all eighty, and the judge's error on forty
    assert people["low"] < people["mean"] < people["high"]
    agreement = told["agreement"]["strict"]
    assert (agreement["n"], agreement["same"]) == (40, pytest.approx(38 / 40))
    assert agreement["kappa_low"] < agreement["kappa"] < agreement["kappa_high"]
    shown = evalkit(capsys, "show").out
    assert f"{raw:.3f}" in shown, "the raw mean stays"
    assert "corrected" in shown


@pytest.mark.long
def test_few_labels_correct_nothing_and_say_so(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", judge.base_url, id="j"), n=40)
    assert evalkit(capsys, "run", suite).code == 0
    nobody = evalkit(capsys, "judge-check")
    assert nobody.code == 0
    assert "nobody labelled an answer" in nobody.out
    reviewed(run_folders(results)[0], 29)
    ran = evalkit(capsys, "judge-check")
    assert "fewer than 30 labels" in ran.out
    assert evalkit(capsys, "judge-check", "--json").json["tasks"]["talk"]["people"]["gpt"]["low"] is None


@pytest.mark.long
def test_a_suite_may_name_labels_and_they_count_for_the_answers_they_were_given_to(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider, judge: FakeProvider
) -> None:
    models, judges = model("gpt", asked.base_url), model("strict", judge.base_url, id="j")
    suite = write_suite(tmp_path, models, judges, n=50)
    assert evalkit(capsys, "run", suite).code == 0
    assert evalkit(capsys, "judge-data", "--out", tmp_path / "answers.jsonl").code == 0
    items = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    for k, item in enumerate(items):
        item["label"] = None if k >= 35 else 10 if k % 2 else 1
        if k == 0:
            item["answer"] = "What another run said."
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    text = suite.read_text().replace("    settings: {max_output", "    labels: labels.jsonl\n    settings: {max_output")
    suite.write_text(text)
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    assert "1 labels of its file are about other answers" in ran.out
    people = evalkit(capsys, "judge-check", "--json").json["tasks"]["talk"]["people"]["gpt"]
    assert people["n_labelled"] == 34
    assert people["label_mean"] == pytest.approx(0.5)
    assert people["low"] is not None
    assert len(run_folders(results)) == 2
    identities = [json.loads((f / "run.json").read_text())["tasks"]["talk"]["identity"] for f in run_folders(results)]
    assert identities[0] == identities[1], "labels change nothing about what is asked or marked"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"id": "talk/q0/0/gpt", "label": 11}', "labels.jsonl:1: the label 11 is no verdict"),
        (f'{{"id": "talk/q0/0/gpt", "label": 1{"0" * 400}}}', "is no verdict"),
        ('{"id": "talk/q0/0/gpt", "label": -1e308}', "labels.jsonl:1: the label -1e+308 is no verdict"),
        ('{"id": "talk/q0/0/gpt", "label": [1]}', "is no verdict"),
        ('{"label": 3}', "has no id"),
        ('{"id": "talk/q0/0/gpt"}', "has a label in 'label'"),
        ('{"id": "x", "label": 1}\n{"id": "x", "label": 2}', "its id stands twice"),
        ("{", "is not a JSON record"),
    ],
)
def test_labels_that_cannot_be_read_are_told(
    tmp_path: Path, capsys: Capture, asked: FakeProvider, line: str, says: str
) -> None:
    suite = write_suite(tmp_path, model("gpt", asked.base_url), model("strict", asked.base_url, id="j"))
    suite.write_text(
        suite.read_text().replace("    settings: {max_out", "    labels: labels.jsonl\n    settings: {max_out")
    )
    missing = evalkit(capsys, "check", suite)
    assert missing.code == 2
    assert "labels.jsonl: there is no such file" in missing.err
    (tmp_path / "labels.jsonl").write_text(line + "\n")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert says in ran.err


def test_judge_check_of_a_run_without_judges_says_how_to_get_some(
    tmp_path: Path, results: Path, capsys: Capture, asked: FakeProvider
) -> None:
    from tests.world import write_suite as plain

    assert evalkit(capsys, "run", plain(tmp_path, asked.base_url, n=2)).code == 0
    ran = evalkit(capsys, "judge-check", "latest")
    assert ran.code == 2
    assert "no judge scored its answers" in ran.err
    assert evalkit(capsys, "judge-check", "nowhere").code == 2


@pytest.mark.long
def test_the_example_runs_without_a_key_and_shows_what_judges_do(
    tmp_path: Path, results: Path, capsys: Capture
) -> None:
    ran = evalkit(capsys, "run", REPO / "examples" / "judges" / "suite.yaml")
    assert ran.code == 0, ran.err
    assert "strict, kind scored 11 answers together" in ran.out
    found = evalkit(capsys, "judge-check", "--json").json
    assert found["judges"]["kind"]["n_unreadable"] == 1
    assert found["tasks"]["duel"]["place"]["kind"]["share"] == pytest.approx(2 / 6)
    (folder,) = run_folders(results)
    flattered = next(r for r in candidates(folder) if (r.model, r.task, r.sample_id) == ("brief", "advice", "damage"))
    assert flattered.score == pytest.approx((0 / 9 + 1 / 9) / 2), "what the answer says of itself is not a verdict"


def test_published_figures_of_agreement_are_reproduced() -> None:
    units = [  # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", the example with four observers
        (1, 1, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4), (4, 4, 4, 4), (1, 1, 2, 1),
        (2, 2, 2, 2), (5, 5, 5), (1, 1), (3,),
    ]  # fmt: skip
    assert alpha(units) == pytest.approx(0.849, abs=0.0005)
    assert alpha([(1.0,), (2.0,)]) is None
    assert alpha([(1.0, 1.0), (1.0, 1.0)]) is None
    found = kappa([("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert kappa([("y", "y")] * 5) is None


def test_one_answer_that_nobody_labelled_does_not_decide_the_corrected_mean() -> None:
    labels: list[float | None] = [1.0, 0.0] * 20
    found = corrected_mean([1.0, 0.0] * 20 + [0.0], [*labels, None])
    assert found.mean == pytest.approx(20 / 41), "a judge without a fault: all its marks count alike"
    assert found.interval is not None
    assert found.interval.low < 0.5 < found.interval.high


def test_labels_that_do_not_vary_between_conversations_promise_no_certainty() -> None:
    halves = corrected_mean([0.5] * 60, [1.0, 0.0] * 30, [n // 2 for n in range(60)])
    assert (halves.label_mean, halves.labels_interval, halves.interval) == (0.5, None, None)
    right = corrected_mean([1.0] * 40, [1.0] * 30 + [None] * 10)
    assert right.mean == 1.0
    assert (right.labels_interval, right.interval) == (None, None), "thirty right ones do not prove the next"


def test_the_corrected_interval_covers_the_truth_also_where_items_move_together() -> None:
    """60 conversations of 5 items, every item of 35 labelled, a judge that is biased by conversation: 95 of 100."""
    draw = random.Random(7)
    n_covered = n_alone = 0
    for _ in range(200):
        judged, labels, clusters = [], [], []
        for c in range(120):
            mood, lean = draw.gauss(0, 0.15), draw.gauss(0.1, 0.1)
            for _ in range(5):
                truth = 0.5 + mood + draw.gauss(0, 0.1)
                judged.append(truth + lean + draw.gauss(0, 0.05))
                labels.append(truth if c < 40 else None)
                clusters.append(c)
        found = corrected_mean(judged, labels, clusters).interval
        alone = corrected_mean(judged, labels).interval
        assert found is not None
        assert alone is not None
        n_covered += found.low <= 0.5 <= found.high
        n_alone += alone.low <= 0.5 <= alone.high
    assert 0.91 < n_covered / 200 < 0.985
    assert n_alone / 200 < 0.85, "without the clusters it would promise too much"
