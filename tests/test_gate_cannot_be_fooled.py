"""Ways to make the gate pass wrongly. Each is refused: the exit code says as what, the message says why.

1 fail · 2 not comparable or a mistake · 3 not enough evidence · 4 the evidence is not whole. Never 0.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome, Row
from tests.gate_world import RULE, Gate, dollars, gate, one, scores, stored
from tests.run_facts import set_facts
from tests.store_rows import write, write_sealed
from tests.world import Ran, evalkit

GOOD = {"base": scores(600, range(0, 60)), "cand": scores(600, range(1, 61))}
"""Two models that are as good as equal: this alone passes, so that what is refused below is refused for its reason."""


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gate:
    return Gate(capsys, tmp_path)


def refused(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, f"exit {ran.code}: {ran.out}{ran.err}"
    assert "PASS (" not in ran.out
    said = " ".join((ran.out + ran.err).split())
    for word in words:
        assert word in said, said


def test_two_equal_models_do_pass(judge: Gate) -> None:
    ran = judge(stored(judge.results, GOOD))
    assert ran.code == 0, ran.out + ran.err
    assert "PASS" in ran.out


# Too little evidence


@pytest.mark.long(but=3)
@pytest.mark.parametrize("n", [1, 5, 14, 100, 148])
def test_a_handful_of_identical_answers(judge: Gate, n: int) -> None:
    refused(judge(stored(judge.results, {"base": scores(n), "cand": scores(n)})), 3, "more item")


def test_a_mean_that_is_not_worse_but_might_be(judge: Gate) -> None:
    answers = {"base": scores(100, range(20)), "cand": scores(100, range(10, 30))}
    refused(judge(stored(judge.results, answers)), 3, "if this difference holds")


def test_repeats_of_ten_items_are_ten_items(judge: Gate) -> None:
    rows = [one(n, m, 1.0, repeat=r) for m in ("base", "cand") for n in range(10) for r in range(60)]
    run = stored(judge.results, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 10}, repeats=60)
    refused(judge(run), 3)


def test_sixty_copies_of_ten_items_are_ten_items(judge: Gate) -> None:
    rows = [one(n, m, 1.0, occurrence=k) for m in ("base", "cand") for n in range(10) for k in range(60)]
    run = stored(judge.results, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 600})
    refused(judge(run), 3, "alike items count as one")


def test_copies_that_each_claim_a_cluster_of_their_own(judge: Gate) -> None:
    rows = [
        one(n, m, 1.0, occurrence=k, cluster=f"{n} {k}") for m in ("base", "cand") for n in range(10) for k in range(60)
    ]
    run = stored(judge.results, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 600})
    refused(judge(run), 3, "alike items count as one")


def test_four_conversations_are_four_items(judge: Gate) -> None:
    refused(
        judge(stored(judge.results, GOOD, change=lambda r: replace(r, cluster=f"talk {int(r.sample_id[1:]) % 4}"))), 3
    )


def test_graded_scores_that_never_collapsed_so_far(judge: Gate) -> None:
    answers = {"base": [0.8] * 60, "cand": [0.8] * 60}
    refused(judge(stored(judge.results, answers)), 3, "more items")


def test_a_margin_of_zero_between_equal_models(judge: Gate) -> None:
    run = stored(judge.results, {"base": scores(500), "cand": scores(500)}, gate({"quality": "all", "margin": 0.0}))
    refused(judge(run), 3, "no number of items")


# Evidence that is not whole


@pytest.mark.parametrize("side", ["base", "cand"])
def test_an_outage_of_either_side(judge: Gate, side: str) -> None:
    answers: dict[str, list[float | None]] = {name: list(given) for name, given in GOOD.items()}
    answers[side][100:200] = [None] * 100
    refused(judge(stored(judge.results, answers)), 4, "neither a regression nor a pass")


def test_errors_on_the_very_items_that_the_candidate_would_get_wrong(judge: Gate) -> None:
    cand: list[float | None] = list(scores(400))
    cand[:4] = [None] * 4
    base = scores(400)
    assert judge(stored(judge.results, {"base": base, "cand": scores(400)})).code == 0
    refused(judge(stored(judge.results, {"base": base, "cand": cand})), 3, "4 of 400 pairs have no score")


def test_hard_items_left_out_of_the_candidate_s_rows(judge: Gate) -> None:
    run = stored(judge.results, GOOD, change=lambda r: None if r.model == "cand" and r.score == 0 else r)
    refused(judge(run), 4, "60 of 600 rows of cand are missing")


def test_hard_items_left_out_of_both_sides(judge: Gate) -> None:
    run = stored(judge.results, GOOD, change=lambda r: None if int(r.sample_id[1:]) < 61 else r)
    refused(judge(run), 4, "missing")


def rewrite(run: Path, change: Any) -> None:
    """The run's sealed rows as somebody with an editor for Parquet leaves them."""
    import pyarrow.parquet as pq

    for path in run.glob("rows-*.parquet"):
        table = pq.read_table(path)
        pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
    set_facts(run, sealed=None)  # who edits rows can edit run.json too: digests tell of damage, not of forgery


def test_the_same_rows_twice_in_one_file(judge: Gate) -> None:
    import pyarrow as pa

    run = stored(judge.results, {"base": scores(100), "cand": scores(100)})
    rewrite(run, lambda table: pa.concat_tables([table, table]))
    refused(judge(run), 2, "100 more rows of", "changed by hand")


def test_hard_items_replaced_by_easy_ones_that_stand_twice(judge: Gate) -> None:
    run = stored(judge.results, {"base": scores(600), "cand": scores(600, range(60))})

    def easy(table: Any) -> Any:
        places = [int(name[1:]) for name in table["sample_id"].to_pylist()]
        again = [k for k, n in enumerate(places) if 60 <= n < 120]
        return table.take([k for k, n in enumerate(places) if n >= 60] + again)

    rewrite(run, easy)
    refused(judge(run), 2, "twice", "changed by hand")


def test_more_items_than_the_run_asked(judge: Gate) -> None:
    rows = [one(n, m, 1.0) for m in GOOD for n in range(600)]
    refused(judge(stored(judge.results, GOOD, rows=rows, tasks={"t": 100})), 2, "500 more rows")


@pytest.mark.parametrize("column", ["task", "sample_digest", "occurrence", "repeat", "outcome", "score"])
def test_rows_that_somebody_damaged_end_in_a_sentence(judge: Gate, column: str) -> None:
    import pyarrow as pa

    def emptied(table: Any) -> Any:
        place = table.schema.get_field_index(column)
        values = [None if n % 50 == 3 else value for n, value in enumerate(table[column].to_pylist())]
        return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))

    run = stored(judge.results, GOOD)
    rewrite(run, emptied)
    assert judge(run).code in {2, 3, 4}
    rewrite(run, lambda table: table.drop_columns([column]))
    refused(judge(run), 2, column)


def test_a_negative_cost(judge: Gate) -> None:
    refused(
        judge(stored(judge.results, GOOD, change=lambda r: replace(r, **dollars("-1")))), 2, "cost_usd that no row has"
    )


def test_repeats_of_one_item_in_several_clusters(judge: Gate) -> None:
    rows = [one(n, m, 1.0, repeat=k, cluster=f"c{k}") for m in GOOD for n in range(100) for k in range(3)]
    run = stored(judge.results, GOOD, rows=rows, tasks={"t": 100}, repeats=3)
    refused(judge(run), 2, "different clusters")


def test_a_number_of_repeats_that_is_none(judge: Gate) -> None:
    for repeats in ("x", 0, -1):
        refused(judge(stored(judge.results, GOOD, repeats=repeats)), 2, "how often")


def test_a_hard_task_made_up_for_by_more_rows_of_an_easy_one(judge: Gate) -> None:
    rows = [one(n, m, 1.0, task="easy") for m in GOOD for n in range(600)]
    run = stored(judge.results, GOOD, rows=rows, tasks={"easy": 300, "hard": 300})
    refused(judge(run), 2, "300 more rows")


@pytest.mark.parametrize("status", ["incomplete", "interrupted", "running"])
def test_a_run_that_did_not_end_well(judge: Gate, status: str) -> None:
    run = stored(judge.results, GOOD, status=status, reasons=["the budget is used: $1.00 of max_cost_usd 1 spent"])
    refused(judge(run), 4, "budget", "it resumes")


def test_a_run_cut_by_limit(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, cut_by_limit=600)), 4, "--limit")


def test_a_run_cut_to_the_easy_tasks(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, cut_by_tasks=["t"])), 4, "--tasks")


def test_a_run_without_rows(judge: Gate) -> None:
    refused(judge(stored(judge.results, {"base": [], "cand": []}, tasks={"t": 0})), 4, "nothing to decide")


def test_an_errored_row_that_carries_a_score(judge: Gate) -> None:
    def lie(row: Row) -> Row:
        return replace(row, outcome=Outcome.ERRORED, score=1.0) if row.model == "cand" and row.score == 0 else row

    refused(judge(stored(judge.results, GOOD, change=lie)), 4, "60 of 600 rows of cand are errors")


@pytest.mark.parametrize(("outcome", "score"), [("right", 0.5), ("wrong", 1.0), ("wrong", 0.9)])
def test_an_outcome_that_its_score_contradicts(judge: Gate, outcome: str, score: float) -> None:
    def lie(row: Row) -> Row:
        return replace(row, outcome=Outcome(outcome), score=score) if row.sample_id == "q70" else row

    refused(judge(stored(judge.results, GOOD, change=lie)), 2, f"call an answer {outcome}", "damaged")


@pytest.mark.parametrize("seconds", [float("inf"), -1.0])
def test_a_time_that_no_clock_shows(judge: Gate, seconds: float) -> None:
    section = gate(RULE, {"latency": "ttft_p95", "max_s": 1.0})
    run = stored(judge.results, GOOD, section, change=lambda r: replace(r, ttft_s=seconds) if r.score == 0 else r)
    # The journal keeps no infinity: it is a time that nobody measured. One below 0 makes a line no row.
    refused(judge(run), 4 if seconds < 0 else 3)


def test_a_score_that_is_not_a_number_is_lost_and_not_won(judge: Gate) -> None:
    nan = stored(judge.results, GOOD, change=lambda r: replace(r, score=float("nan")) if r.sample_id == "q9" else r)
    assert judge(nan).code in {0, 2, 3, 4}  # one absent score of 600 is an errored pair
    many = stored(judge.results, GOOD, change=lambda r: replace(r, score=float("nan")) if r.score == 0 else r)
    assert judge(many).code != 0


def test_half_of_the_repeats_stored_for_twice_the_items(judge: Gate) -> None:
    """Six hundred rows of three hundred items asked twice were owed; six hundred items asked once are others."""
    refused(judge(stored(judge.results, GOOD, tasks={"t": 300}, repeats=2)), 2, "repeats are missing")


def test_repeats_beyond_those_that_were_asked(judge: Gate) -> None:
    def later(row: Row) -> Row:
        return replace(row, repeat=1) if row.sample_id == "q9" else row

    refused(judge(stored(judge.results, GOOD, change=later)), 2, "repeats beyond the 1")


def test_one_model_s_answers_under_two_names(judge: Gate) -> None:
    rows = [one(n, m, s, total_s=0.4 + n / 1000) for m in GOOD for n, s in enumerate(GOOD["base"])]
    refused(judge(stored(judge.results, GOOD, rows=rows)), 2, "one model's answers under two names")
    assert judge.promote(stored(judge.results, {"base": GOOD["base"]})).code == 0
    copy = [one(n, "cand", s, total_s=one(n, "base", s).total_s) for n, s in enumerate(GOOD["base"])]
    again = stored(judge.results, {"cand": GOOD["base"]}, gate(baseline="baseline@prod"), rows=copy)
    refused(judge(again), 2, "one model's answers under two names")


def test_a_part_of_the_rows_that_is_gone(judge: Gate) -> None:
    run = stored(judge.results, GOOD)
    write(run, [one(0, "cand", 0.0)])
    from evalkit.store import sealing

    sealing.seal(run)
    first = sorted(run.glob("rows-*.parquet"))[0]
    first.unlink()
    assert judge(run).code in {2, 4}


def test_a_candidate_that_is_named_twice(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, gate(candidates=["cand", "cand"]))), 2, "names cand twice")


def test_every_item_in_one_cluster(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, change=lambda r: replace(r, cluster="all"))), 3, "1 cluster decides")


@pytest.mark.parametrize(
    "rule",
    [
        {"cost": "usd_per_sample", "max_ratio": float("inf")},
        {"latency": "ttft_p95", "max_s": float("inf")},
        {"rate": "refused", "max_rate": 1},
        {"rate": "refused", "max_increase": 1},
        {"quality": "all", "margin": float("nan")},
        {"quality": "all", "margin": 1},
        {"quality": "all", "margin": -0.02},
        {"quality": "all", "margin": "2%"},
        {"quality": "all", "margin": "0.02"},
        {"quality": "all", "margin": True},
    ],
)
def test_a_limit_that_nothing_could_break_or_nobody_can_read(rule: dict[str, Any]) -> None:
    from pydantic import ValidationError

    from evalkit.suite.schema import GateEntry

    with pytest.raises(ValidationError):
        GateEntry.model_validate(gate(rule))


def test_a_margin_of_minus_zero_is_zero(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, gate({"quality": "all", "margin": -0.0}))), 3)


def test_scores_beyond_one(judge: Gate) -> None:
    run = stored(judge.results, GOOD, change=lambda r: replace(r, score=2.0) if r.sample_id == "q9" else r)
    # Such a row is none: it is set aside where it is sealed, and so it is missing.
    refused(judge(run), 4, "INCOMPLETE", "1 of 600 rows")


# Nothing to decide with


def test_a_suite_without_a_gate(judge: Gate) -> None:
    run = stored(judge.results, GOOD, suite_resolved={"gate": None, "run": {}})
    refused(judge(run), 2, "without a gate", "--suite")


def test_facts_about_judges_that_are_damaged_are_no_traceback(judge: Gate) -> None:
    odd = {"judges_served": ["strict"], "judges_unread": 3}
    promoted = stored(judge.results, GOOD, **odd)
    run = stored(judge.results, GOOD, gate(baseline="baseline@prod"), **odd)
    for folder in (promoted, run):  # that of the judges, which the facts speak of
        (folder / "judging").mkdir()
        (folder / "judging" / "run.json").write_text('{"schema_version": 1}')
    assert judge.promote(promoted).code == 0
    ran = judge(run)
    assert ran.code == 0, ran.out + ran.err


def test_a_gate_without_rules(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, {**gate(), "rules": []})), 2)


def test_a_gate_whose_only_rule_is_advisory(judge: Gate) -> None:
    for more in ({}, {"on_inconclusive": "pass"}, {"scan": {"margin": 0.1}}):
        run = stored(judge.results, GOOD, gate({**RULE, "required": False}, **more))
        refused(judge(run), 3)


def test_critical_items_that_hold_while_the_only_rule_is_advisory(judge: Gate) -> None:
    answers = {"base": scores(500), "cand": scores(500, range(100, 400))}
    section = gate({**RULE, "required": False}, on_inconclusive="pass")
    run = stored(judge.results, answers, section, change=lambda r: replace(r, critical=r.sample_id == "q0"))
    refused(judge(run), 3)


def test_a_rule_about_a_task_that_is_not_there(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, gate({"quality": "tt", "margin": 0.1}))), 2, "did you mean 't'?")


def test_a_rule_about_a_slice_that_no_item_belongs_to(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, gate({"quality": "t/lang=de", "margin": 0.1}))), 2, "no item belongs")


def test_a_baseline_that_gets_nothing_right(judge: Gate) -> None:
    """Both cut off by a token limit, say: no candidate could be worse, so every one would pass."""
    answers = {"base": scores(600, range(598)), "cand": scores(600, range(600))}
    refused(judge(stored(judge.results, answers)), 3, "no candidate could be worse", "cut off")


def test_a_candidate_compared_with_itself(judge: Gate) -> None:
    run = stored(judge.results, {"base": GOOD["base"]})
    assert judge.promote(run).code == 0
    own = stored(judge.results, {"base": GOOD["base"]}, gate(baseline="baseline@prod", candidates=["base"]))
    for path in own.glob("rows-*.parquet"):
        path.unlink()
    facts = json.loads((run / "run.json").read_text())
    facts["suite_resolved"]["gate"] = gate(baseline="baseline@prod", candidates=["base"])
    del facts["checksum"]  # edited on purpose
    (run / "run.json").write_text(json.dumps(facts))
    refused(judge(run), 2, "compared with itself")


# Another question


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": "Think hard. {{ question }}"}]}, "the prompt"),
    ({"shots": "5 examples"}, "few-shot examples"),
    ({"mode": "likelihood"}, "the mode"),
    ({"score": {"name": "contains", "options": {}}}, "the scorer"),
    ({"scorer_version": 2}, "the scorer's version"),
    ({"limit": {"n": 600, "seed": 3}}, "the subset of items"),
    ({"settings": {"max_output_tokens": 4096}}, "the task's settings"),
]


@pytest.mark.parametrize(("identity", "word"), CHANGES)
def test_a_baseline_that_was_asked_or_marked_otherwise(judge: Gate, identity: dict[str, Any], word: str) -> None:
    assert judge.promote(stored(judge.results, {"base": GOOD["base"]}, identity=identity)).code == 0
    run = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"))
    ran = judge(run)
    refused(ran, 2, "not comparable", word)
    if "scorer" in word:
        assert "evalkit rescore" in ran.err


def against_stored(judge: Gate, change: Any = lambda row: row, **facts: Any) -> Ran:
    """A candidate's run against a baseline that was promoted from another run, with changed rows or facts."""
    assert judge.promote(stored(judge.results, {"base": GOOD["base"]}), "base", "prod", "--replace").code == 0
    run = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"), change=change, **facts)
    return judge(run)


def test_a_stored_baseline_passes_as_one_of_the_same_run_does(judge: Gate) -> None:
    assert against_stored(judge).code == 0


def test_other_items_under_the_same_names(judge: Gate) -> None:
    refused(
        against_stored(judge, lambda r: replace(r, sample_digest="0" + r.sample_digest[1:])), 2, "not asked the same"
    )


def test_other_right_answers(judge: Gate) -> None:
    refused(against_stored(judge, lambda r: replace(r, target_digest="other")), 2, "right answers", "rescore")


def test_clusters_that_are_gone(judge: Gate) -> None:
    refused(against_stored(judge, lambda r: replace(r, cluster="one")), 2, "clusters")


@pytest.mark.long(but=1)
@pytest.mark.parametrize("value", [None, "fr"])
def test_a_slice_that_the_baseline_does_not_know(judge: Gate, value: str | None) -> None:
    def sliced(row: Row) -> Row:
        return replace(row, slices={"lang": "de" if int(row.sample_id[1:]) % 20 == 0 else "en"})

    def otherwise(row: Row) -> Row:
        return row if value is None else replace(row, slices={"lang": value})

    lost = scores(1200, range(0, 1200, 20))
    for code, before in ((1, sliced), (2, otherwise)):
        base = stored(judge.results, {"base": scores(1200)}, change=before)
        assert judge.promote(base, "base", "prod", "--replace").code == 0
        section = gate({"quality": "all", "margin": 0.1}, baseline="baseline@prod", scan={"margin": 0.1})
        rows = [sliced(one(n, "cand", score)) for n, score in reversed(list(enumerate(lost)))]
        run = stored(judge.results, {"cand": lost}, section, rows=rows)
        refused(judge(run), code, "lang=de" if code == 1 else "slices of some items differ")


def test_another_evalkit_that_marks_otherwise(judge: Gate) -> None:
    refused(against_stored(judge, run_version=2), 2, "how evalkit asks and scores")


def test_fewer_repeats_than_the_baseline(judge: Gate) -> None:
    refused(against_stored(judge, repeats=2), 2, "repeats")


def test_made_up_easy_items_beside_the_real_ones(judge: Gate) -> None:
    extra = [one(n, "cand", 1.0) for n in range(600, 2000)]
    rows = [*(one(n, "cand", s) for n, s in enumerate(GOOD["cand"])), *extra]
    refused(against_stored(judge, rows=rows), 2, "1,400 more rows")
    refused(
        against_stored(judge, rows=rows, tasks={"t": 2000}), 2, "1,400 items of t stand only on the candidate's side"
    )


def test_rows_of_a_task_that_the_run_does_not_know(judge: Gate) -> None:
    rows = [one(n, m, s, task="easy") for m in GOOD for n, s in enumerate(GOOD[m])]
    refused(judge(stored(judge.results, GOOD, rows=rows)), 2, "changed by hand")


# A baseline that moves


def test_a_baseline_whose_rows_were_changed_since(judge: Gate) -> None:
    run = stored(judge.results, {"base": GOOD["base"]})
    assert judge.promote(run).code == 0
    write_sealed(run, [one(100, "base", 0.0)])
    fresh = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"))
    refused(judge(fresh), 2, "not the ones that were promoted")


@pytest.mark.parametrize(
    "changes", [{"slices": {"language": "de"}}, {"ttfr_s": 9.0}, {"tpot_s": 9.0}, {"served_model": "x"}]
)
def test_a_baseline_whose_slices_times_or_served_model_were_changed_since(judge: Gate, changes: dict[str, Any]) -> None:
    run = stored(judge.results, {"base": GOOD["base"]})
    assert judge.promote(run).code == 0
    write_sealed(run, [one(100, "base", GOOD["base"][100], **changes)])
    fresh = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"))
    refused(judge(fresh), 2, "not the ones that were promoted")


@pytest.mark.parametrize("name", ["../elsewhere", "..", ".", "a/b", "/etc"])
def test_a_baseline_that_points_out_of_the_results(judge: Gate, name: str) -> None:
    run = stored(judge.results, {"base": GOOD["base"]})
    assert judge.promote(run).code == 0
    path = judge.baselines / "prod.yaml"
    path.write_text(path.read_text().replace(f"run: {run.name}", f"run: {name}"))
    fresh = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"))
    refused(judge(fresh), 2, "no folder of results")


def test_a_baseline_whose_rows_are_not_here(judge: Gate) -> None:
    run = stored(judge.results, {"base": GOOD["base"]})
    assert judge.promote(run, "base", "prod", "--where", "s3://evals/prod").code == 0
    fresh = stored(judge.results, {"cand": GOOD["cand"]}, gate(baseline="baseline@prod"))
    run.rename(run.parent.parent / "elsewhere")
    refused(judge(fresh), 2, "s3://evals/prod", "Fetch that folder")


def test_a_baseline_that_nobody_promoted(judge: Gate) -> None:
    run = stored(judge.results, GOOD, gate(baseline="baseline@nobody"))
    refused(judge(run), 2, "evalkit baseline promote")


@pytest.mark.parametrize("facts", [{"cut_by_limit": 5}, {"cut_by_tasks": ["t"]}, {"status": "incomplete"}])
def test_promoting_a_run_that_is_not_whole(judge: Gate, facts: dict[str, Any]) -> None:
    refused(judge.promote(stored(judge.results, GOOD, **facts)), 2, "cannot be a baseline")


def test_promoting_a_model_that_a_gate_stopped_early(judge: Gate) -> None:
    run = stored(
        judge.results,
        GOOD,
        change=lambda r: r if r.model == "base" or int(r.sample_id[1:]) < 200 else None,
        stopped_early={"seed": 0, "candidates": {}},
    )
    refused(judge.promote(run, "cand"), 2, "200 of the 600 rows of cand", "stopped it early")
    assert judge.promote(run, "base").code == 0, "the other model's rows are whole"


def test_promoting_over_a_baseline_in_silence(judge: Gate) -> None:
    run = stored(judge.results, GOOD)
    assert judge.promote(run).code == 0
    refused(judge.promote(run, "cand"), 2, "--replace")
    assert judge.promote(run, "cand", "prod", "--replace").code == 0


# What an average hides


@pytest.mark.long
def test_a_task_that_collapsed_under_a_good_average(judge: Gate) -> None:
    rows = [
        one(n, m, float(n % 10 > 0 and not (m == "cand" and n < 60 and n % 2)), task="small" if n < 60 else "big")
        for m in ("base", "cand")
        for n in range(4000)
    ]
    tasks = {"small": 60, "big": 3940}
    answers = {"base": scores(4000), "cand": scores(4000)}
    assert judge(stored(judge.results, answers, gate(), rows=rows, tasks=tasks)).code == 0
    ran = judge(stored(judge.results, answers, gate(scan={"margin": 0.1}), rows=rows, tasks=tasks))
    refused(ran, 1, "small lost")


@pytest.mark.long
def test_a_slice_that_collapsed_under_a_good_average(judge: Gate) -> None:
    def sliced(row: Row) -> Row:
        n = int(row.sample_id[1:])
        german = n % 50 == 0
        wrong = german and row.model == "cand"
        return replace(row, slices={"lang": "de" if german else "en"}, score=0.0 if wrong else 1.0,
                       outcome=Outcome.WRONG if wrong else Outcome.RIGHT)  # fmt: skip

    answers = {"base": scores(4000), "cand": scores(4000)}
    run = stored(judge.results, answers, gate({"quality": "all", "margin": 0.05}, scan={"margin": 0.1}), change=sliced)
    refused(judge(run), 1, "t/lang=de lost")


def test_a_critical_item_that_newly_fails_under_a_better_average(judge: Gate) -> None:
    answers = {"base": scores(600, range(1, 60)), "cand": scores(600, [0])}
    run = stored(judge.results, answers, change=lambda r: replace(r, critical=r.sample_id == "q0"))
    refused(judge(run), 1, "newly failing")


def test_a_critical_item_that_was_never_answered(judge: Gate) -> None:
    cand: list[float | None] = [*scores(1000)]
    cand[0] = None
    run = stored(
        judge.results, {"base": scores(1000), "cand": cand}, change=lambda r: replace(r, critical=r.sample_id == "q0")
    )
    refused(judge(run), 3, "critical items have no score")


def test_a_candidate_that_refuses_what_it_would_get_wrong(judge: Gate) -> None:
    def refuse(row: Row) -> Row:
        lost = row.model == "cand" and int(row.sample_id[1:]) < 120
        return replace(row, outcome=Outcome.REFUSED, score=0.0) if lost else row

    refused(judge(stored(judge.results, GOOD, change=refuse)), 1)


def test_a_rate_of_refusals_that_rises_where_quality_does_not(judge: Gate) -> None:
    section = gate(RULE, {"rate": "refused", "max_increase": 0.01})

    def refuse(row: Row) -> Row:
        return replace(row, outcome=Outcome.REFUSED) if row.model == "cand" and row.score == 0 else row

    refused(judge(stored(judge.results, GOOD, section, change=refuse)), 1, "rate of refused answers")


def test_one_good_candidate_beside_a_bad_one(judge: Gate) -> None:
    answers = {**GOOD, "bad": scores(600, range(300))}
    refused(judge(stored(judge.results, answers, gate(candidates=["cand", "bad"]))), 1, "cand: PASS", "bad: FAIL")


# Money and time that were not measured


COST = {"cost": "usd_per_1k_samples", "max_ratio": 0.9}


def cheap(row: Row) -> Row:
    return replace(row, **dollars("0.001" if row.model == "base" else "0.0002"))


def test_a_cheaper_candidate_does_pass(judge: Gate) -> None:
    assert judge(stored(judge.results, GOOD, gate(RULE, COST), change=cheap)).code == 0


@pytest.mark.parametrize("policy", ["fail", "warn", "pass"])
def test_a_single_unknown_price(judge: Gate, policy: str) -> None:
    def unknown(row: Row) -> Row:
        return replace(cheap(row), **dollars(None)) if row.key[0] == "cand" and row.sample_id == "q5" else cheap(row)

    run = stored(judge.results, GOOD, gate(RULE, COST, on_inconclusive=policy), change=unknown)
    refused(judge(run), 3, "unknown", "prices.yaml")


def test_errors_are_not_free(judge: Gate) -> None:
    """Six requests failed, at an unknown cost: they count as the dearest that was seen."""
    answers: dict[str, list[float | None]] = {"base": [*scores(600)], "cand": [*scores(600)]}
    answers["cand"][:6] = [None] * 6

    def dear(row: Row) -> Row:
        if row.score is None:
            return row
        return replace(row, **dollars("0.001" if row.model == "base" else "0.2" if row.sample_id == "q9" else "0.0002"))

    refused(judge(stored(judge.results, answers, gate({"quality": "all", "margin": 0.1}, COST), change=dear)), 3)


LATENCY = {"latency": "ttft_p50", "max_ratio": 1.2}


def test_a_candidate_that_is_as_fast_does_pass(judge: Gate) -> None:
    assert judge(stored(judge.results, GOOD, gate(RULE, LATENCY))).code == 0


def test_times_from_the_cache(judge: Gate) -> None:
    run = stored(judge.results, GOOD, gate(RULE, LATENCY), change=lambda r: replace(r, cached=True))
    refused(judge(run), 3, "--no-cache")


def test_a_ratio_of_times_measured_at_no_declared_load(judge: Gate) -> None:
    refused(judge(stored(judge.results, GOOD, gate(RULE, LATENCY), in_flight="auto")), 3, "in_flight")


def test_a_ratio_of_times_measured_on_different_days(judge: Gate) -> None:
    assert judge.promote(stored(judge.results, {"base": GOOD["base"]})).code == 0
    run = stored(judge.results, {"cand": GOOD["cand"]}, gate(RULE, LATENCY, baseline="baseline@prod"))
    refused(judge(run), 3, "max_s")


def test_times_that_nobody_measured(judge: Gate) -> None:
    rule = {"latency": "ttft_p95", "max_s": 9.0}
    run = stored(judge.results, GOOD, gate(RULE, rule), change=lambda r: replace(r, ttft_s=None))
    refused(judge(run), 3, "not measured")


@pytest.mark.parametrize(
    "rule", [{"latency": "total_p95", "max_s": 1.0}, {"latency": "total_p95", "max_ratio": 60.0, "required": True}]
)
def test_slow_answers_that_a_short_timeout_made_into_errors(judge: Gate, rule: dict[str, Any]) -> None:
    """One answer in twelve would take half a minute. Given up after 90 ms, it is an error that nobody timed."""
    quick = {"base": [1.0] * 600, "cand": [None if n % 12 == 0 else 1.0 for n in range(600)]}
    section = gate({"quality": "all", "margin": 0.3}, rule)
    wide = {"gate": section, "run": {"max_error_rate": 0.1, "seed": 0}}

    def fast(row: Row) -> Row:
        return row if row.total_s is None else replace(row, total_s=row.total_s / 10)

    assert judge(stored(judge.results, {**quick, "cand": [1.0] * 600}, section, change=fast)).code == 0
    said = judge(stored(judge.results, quick, section, change=fast, suite_resolved=wide))
    assert said.code in (1, 3), said.out


# Looking until it passes


def test_a_graded_score_that_comes_late_does_not_undo_a_verdict_that_stands() -> None:
    from evalkit.decide.early_stopping import EarlyStopping
    from evalkit.suite.schema import GateEntry

    section = GateEntry.model_validate({**gate({"quality": "all", "margin": 0.02}), "candidates": ["bad", "slow"]})
    watch = EarlyStopping(
        section, [("t", one(n, "base", 1.0).sample_digest, 0, {}) for n in range(400)], 0, passes_early=True
    )
    order = sorted(range(400), key=lambda n: watch._place["t", one(n, "base", 1.0).sample_digest, 0])
    for n in order:
        if watch.is_final("bad"):
            break
        watch.take(one(n, "base", 1.0))
        watch.take(one(n, "bad", 0.0))
    assert watch.is_final("bad")
    watch.take(one(order[0], "slow", 0.5))
    assert watch.is_final("bad"), "its skipped items are not asked any more, so its verdict has to stand"
    assert not watch.is_final("slow")
    assert not watch.is_final("base"), "the other candidate still needs it"
    facts = watch.facts()
    assert facts is not None
    assert list(facts.candidates) == ["bad"]


def test_a_run_that_was_stopped_for_one_margin_judged_by_another(judge: Gate) -> None:
    from evalkit.decide.early_stopping import EarlyStopping
    from evalkit.suite.schema import GateEntry

    section = gate({"quality": "all", "margin": 0.3})
    wide = GateEntry.model_validate(section)
    answers = {"base": scores(400), "cand": scores(400, range(0, 400, 25))}
    watch = EarlyStopping(
        wide, [("t", one(n, "base", 1.0).sample_digest, 0, {}) for n in range(400)], 0, passes_early=True
    )
    asked: list[Row] = []
    place = watch._place  # the order in which the engine asks
    for n in sorted(range(400), key=lambda n: place["t", one(n, "base", 1.0).sample_digest, 0]):
        if watch.is_final("cand"):
            break
        for model in ("base", "cand"):
            asked.append(one(n, model, answers[model][n]))
            watch.take(asked[-1])
    assert 10 < len(asked) < 700
    walk = watch.facts()
    assert walk is not None
    told = walk.as_json()
    run = stored(judge.results, answers, section, rows=asked, stopped_early=told)
    assert judge(run).code == 0
    narrow = stored(judge.results, answers, gate(), rows=asked, stopped_early=told)
    refused(judge(narrow), 4, "stopped early")
    fewer = stored(judge.results, answers, section, rows=asked[4:], stopped_early=told)
    refused(judge(fewer), 4, "items have gone")
    graded = [replace(row, score=0.5, outcome=Outcome.SCORED) for row in asked]
    again = stored(judge.results, answers, section, rows=graded, stopped_early=told)
    refused(judge(again), 4, "scored otherwise")
    forged = {**told, "counts": {"all": "many"}}
    refused(judge(stored(judge.results, answers, section, rows=asked, stopped_early=forged)), 2, "but not how")


# Answers that no model gave

REAL = "{adapter: openai_chat, model: m, base_url: 'http://127.0.0.1:9/v1'}"


def recorded_suite(folder: Path, name: str, candidate: str) -> Path:
    """A suite of 60 items whose baseline is a file of right answers, with this entry for the candidate."""
    (folder / "items.jsonl").write_text(
        "".join(json.dumps({"id": f"q{n}", "q": f"Is it {n}?"}) + "\n" for n in range(60))
    )
    (folder / "right.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "text": "yes"}) + "\n" for n in range(60)))
    suite = folder / f"{name}.yaml"
    suite.write_text(
        "name: recorded\nmodels:\n  base: {adapter: replay, path: right.jsonl}\n"
        f"  cand: {candidate}\n"
        "tasks: [{name: t, data: {path: items.jsonl, id: id}, prompt: '{{ q }}', target: yes, score: exact}]\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.2}]}\n"
    )
    return suite


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{adapter: replay, path: right.jsonl}", REAL),
        ("{adapter: scripted, replies: {'*': 'yes'}}", REAL),
        ("{adapter: replay, path: right.jsonl}", "{adapter: scripted, replies: {'*': 'yes'}}"),
        ("{adapter: scripted, replies: {'*': 'yes'}}", "{adapter: scripted, replies: {'*': 'no'}}"),
    ],
)
def test_a_candidate_that_asks_no_model_where_the_protected_suite_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], theirs: str, ours: str
) -> None:
    """A pull request replaces the candidate by a file of the right answers; main's suite judges the run."""
    results = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", recorded_suite(tmp_path, "pr", theirs), *results).code == 0
    protected = recorded_suite(tmp_path, "main", ours)
    ran = evalkit(capsys, "gate", "latest", "--suite", protected, *results)
    refused(ran, 2, "cand: its answers", "no model was asked", "--allow-recorded")
    allowed = evalkit(capsys, "gate", "latest", "--suite", protected, "--allow-recorded", *results)
    assert allowed.code == 0, allowed.out + allowed.err
    assert "no model was asked for cand" in allowed.out.splitlines()[0]


def test_recorded_answers_are_named_in_the_first_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = recorded_suite(tmp_path, "s", "{adapter: replay, path: right.jsonl}")
    results, markdown = ("--results", tmp_path / "results"), tmp_path / "gate.md"
    ran = evalkit(capsys, "run", suite, "--gate", "--markdown", markdown, *results)
    assert ran.code == 0, ran.out + ran.err
    said = " ".join(ran.out.split())
    assert "gate recorded: PASS on recorded answers: no model was asked for cand" in said
    assert "no model was asked" in markdown.read_text().splitlines()[1]
    assert evalkit(capsys, "gate", "latest", "--suite", suite, *results).code == 0  # that suite itself names the file


def test_a_candidate_that_says_itself_how_cheap_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pull request bills its candidate as a cheap model; main's suite has a rule about the cost."""
    results = ("--results", tmp_path / "results")
    files = ("{adapter: replay, path: right.jsonl", "{adapter: replay, path: right.jsonl}")
    theirs = recorded_suite(tmp_path, "pr", files[0] + ", price_as: cheap}")
    protected = recorded_suite(tmp_path, "main", files[1])
    for suite in (theirs, protected):
        suite.write_text(suite.read_text().replace("rules: [", "rules: [{cost: usd_per_sample, max_ratio: 0.5}, "))
    assert evalkit(capsys, "run", theirs, *results).code == 0
    ran = evalkit(capsys, "gate", "latest", "--suite", protected, "--allow-recorded", *results)
    refused(ran, 2, "cand: price_as of its entry changed", "a rule is about its cost")


# The same model on both sides


def test_the_same_stored_answers_on_both_sides(judge: Gate) -> None:
    """A/A out of the cache: every answer keeps its first time, so both sides are one set of answers."""
    same = {"base": scores(600, range(60)), "cand": scores(600, range(60))}

    def from_the_cache(row: Row) -> Row:
        return replace(row, total_s=0.4 + int(row.sample_id[1:]) / 1000, cached=row.model == "cand")

    refused(judge(stored(judge.results, same, change=from_the_cache)), 2, "share 600 of 600 answers", "--no-cache")


def test_a_few_answers_that_happen_to_take_as_long_are_no_copies(judge: Gate) -> None:
    def half(row: Row) -> Row:
        n = int(row.sample_id[1:])
        return replace(row, total_s=0.4 + n / 1000, cached=row.model == "cand") if n < 290 else row

    assert judge(stored(judge.results, GOOD, change=half)).code == 0


def test_a_served_model_that_changed_is_what_is_compared(judge: Gate) -> None:
    def served(row: Row) -> Row:
        return replace(row, served_model="dm-2026-01" if row.model == "base" else "dm-2026-02")

    ran = judge(stored(judge.results, GOOD, change=served))
    assert ran.code == 0, ran.out + ran.err
    assert "served model: dm-2026-01 → dm-2026-02" in ran.out
    assert "this shows noise" not in ran.out
