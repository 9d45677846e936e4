"""Copies of an item are one piece of evidence, on every page: gate, compare, show, leaderboard, report, bill, plan."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import evalkit
from evalkit.cost.derived import Marked, derived
from evalkit.records import Outcome, Row
from evalkit.render.html import page_of
from evalkit.results.entries import entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.repeats import read_repeats
from evalkit.stats.copies import Placed, clusters_of, with_copies
from evalkit.store.score_table import read_scores
from evalkit.store.summary import read_summary
from tests.board_world import a_row, a_run
from tests.world import evalkit as command

Capture = pytest.CaptureFixture[str]
SUITE = """
name: copies
sensitivity: public
models:
  old: {adapter: replay, path: old.jsonl, id_field: id, text_field: reply}
  new: {adapter: replay, path: new.jsonl, id_field: id, text_field: reply}
tasks:
  - name: sorting
    data: {path: items.jsonl, id: id}
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: exact
gate: {baseline: old, candidates: [new], rules: [{quality: sorting, margin: 0.05}]}
"""


def a_suite(folder: Path, contents: list[int], *, more: str = "", wrong: int = 0) -> Path:
    """A suite whose items ask these questions; `new` answers question `wrong` wrongly, `old` everything rightly."""
    items, old, new = [], [], []
    for n, content in enumerate(contents):
        items.append({"id": n, "question": f"Question {content}?", "answer": f"a{content}", "n": n, "weight": content})
        old.append({"id": n, "reply": f"a{content}"})
        new.append({"id": n, "reply": "no" if content == wrong else f"a{content}"})
    for name, lines in (("items", items), ("old", old), ("new", new)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "suite.yaml").write_text(SUITE.replace("    score: exact\n", f"    score: exact\n{more}"))
    return folder / "suite.yaml"


def row(model: str, task: str, content: int, copy: int, right: bool) -> Row:
    outcome = Outcome.RIGHT if right else Outcome.WRONG
    copied = {"sample_id": f"{task}-{content}-{copy}", "occurrence": copy, "cost_usd": Decimal(content + 1)}
    return a_row(model, task, content, outcome=outcome, score=float(right), **copied)


def test_every_page_knows_that_sixty_copies_of_ten_questions_are_ten(tmp_path: Path, capsys: Capture) -> None:
    """Ten of sixty wrong would put `qwen` behind; one question of ten, asked six times, does not."""
    rows = [row(m, "triage", n, copy, m == "gpt" or n != 3) for n in range(10) for copy in range(6) for m in
            ("gpt", "qwen")]  # fmt: skip
    results = tmp_path / "results"
    folder = a_run(results, ("gpt", "qwen"), rows=rows, n=60)
    run, store = folder.name, ResultsReader(results)

    quality = read_summary(folder).models["qwen"].tasks["triage"].quality
    assert (quality.n, quality.interval) == (60, "clustered")
    assert quality.low is not None and quality.low < 0.75  # Wilson of 54 of 60 begins at .80
    shown = command(capsys, "show", run, "--results", results, "--json").json
    assert shown["models"]["qwen"]["all"]["quality"]["low"] == quality.low
    assert shown["standings"]["qwen"]["state"] == "close"

    lines = standing(store, entries_of(store, "support"), None)
    assert {line.model: line.standing.state for line in lines if line.standing} == {"gpt": "leads", "qwen": "close"}
    page = page_of(store, run)
    assert "Too close to call: qwen." in page
    assert "No difference is shown between qwen and gpt" in page

    opened = evalkit.open_run(run, results)
    said = command(capsys, "compare", f"{run}:gpt", f"{run}:qwen", "--results", results, "--json").json
    first = said["paired"]["differences"][0]
    assert first["low"] < 0 < first["high"]
    assert not command(capsys, "compare", f"{run}:gpt", f"{run}:qwen", "--results", results).err
    assert evalkit.compare(opened["gpt"], opened["qwen"]).differences[0].high == first["high"]
    assert len(np.unique(read_scores(folder).cluster)) == 10

    bill = command(capsys, "price", run, "--results", results, "--json").json["derived"]["gpt"]["usd_per_sample"]
    alone = derived([Marked(str(n), None, float(n + 1), 1.0, False) for n in range(10)])["usd_per_sample"]
    assert alone is not None
    assert bill["low"] == pytest.approx(alone["low"], rel=0.02)


def test_stored_figures_of_before_are_computed_anew(tmp_path: Path) -> None:
    rows = [row("gpt", "triage", n, copy, n != 3) for n in range(10) for copy in range(6)]
    folder = a_run(tmp_path, ("gpt",), rows=rows, n=60)
    path = folder / "summary.json"
    said = json.loads(path.read_text())
    said["schema_version"] = 2
    said["models"]["gpt"]["tasks"]["triage"]["quality"]["low"] = 0.8
    path.write_text(json.dumps(said))
    low = read_summary(folder).models["gpt"].tasks["triage"].quality.low
    assert low is not None and low < 0.75


def test_a_few_copies_change_nothing_and_each_task_is_judged_by_itself(tmp_path: Path) -> None:
    """One copy in two hundred is left; a small task of copies is a task of copies beside a large one, too."""
    few = [row("gpt", "refunds", n, 0, n % 3 > 0) for n in range(199)] + [row("gpt", "refunds", 0, 1, False)]
    many = [row("gpt", "triage", 0, 0, True), row("gpt", "triage", 0, 1, True), row("gpt", "triage", 1, 0, False)]
    tasks = read_summary(a_run(tmp_path, ("gpt",), rows=[*few, *many])).models["gpt"].tasks
    assert tasks["refunds"].quality.interval == "wilson"
    assert tasks["triage"].quality.interval == "clustered"


def test_copies_join_the_clusters_that_they_stand_in() -> None:
    """a-b and b'-c are two clusters, and b' is a copy of b: all four move together. A name in two tasks is two."""
    placed = [
        *(Placed("t", "a", 0, "x"), Placed("t", "b", 0, "x"), Placed("t", "b", 1, "y"), Placed("t", "c", 0, "y")),
        *(Placed("t", "d", 0, None), Placed("u", "a", 0, "x"), Placed("u", "b", 0, None), Placed("t", "d", 0, None)),
    ]
    found = clusters_of(placed)
    assert len(set(found[:4])) == 1
    assert len({found[0], *found[4:7]}) == 4
    assert found[4] == found[7], "repeats of one sample stand together"
    none = np.array([-1, -1, -1])
    assert with_copies(none, none + 1, np.arange(3), np.arange(3), np.zeros(3)).n_copies == 0


def test_the_first_of_several_copies_need_not_be_asked() -> None:
    """A limit may leave out the first of two: the other one is a copy of nothing that was asked."""
    placed = [Placed("t", name, 1, None) for name in "abcd"]
    assert len(set(clusters_of(placed))) == 4


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_check_and_plan_count_copies(tmp_path: Path, capsys: Capture, verb: str) -> None:
    suite = a_suite(tmp_path, [n % 10 for n in range(60)])
    said = command(capsys, verb, suite, "--results", tmp_path / "results", "--json").json["notes"]
    told = "sorting: 50 of all 60 samples ask the same as another one: alike items count as one, so 10 different ones"
    assert told in str(said)


@pytest.mark.long
def test_check_plan_and_gate_say_the_same_figures_of_copies(tmp_path: Path, capsys: Capture) -> None:
    """Copies that come unequally often: forty different questions tell as much as sixteen equal ones."""
    suite = a_suite(tmp_path, [n for n in range(40) for _ in range(1 + 15 * (n % 8 == 0))], wrong=-1)
    results = ("--results", tmp_path / "results")
    assert command(capsys, "run", suite, *results).code == 0
    told = "alike items count as one, so 40 different ones, effective sample size 10"
    for ran in (command(capsys, "check", suite), command(capsys, "gate", "latest", *results)):
        assert told in " ".join(ran.out.split()), ran.out
    planned = " ".join(command(capsys, "plan", suite, *results).out.split())
    assert told in planned
    assert "tell as much as 10 independent ones" in planned
    assert "no earlier run of this model" not in planned  # there is one: it measured no times


def test_check_tells_a_few_copies_and_a_limit_that_leaves_copies_out(tmp_path: Path, capsys: Capture) -> None:
    suite = a_suite(tmp_path, [*range(150), 7])
    assert "1 of all 151 samples asks the same" in str(command(capsys, "check", suite, "--json").json["notes"])
    suite = a_suite(tmp_path, [0, 0, 1, 1], more="    limit: 1\n")
    assert "the same as another" not in str(command(capsys, "check", suite, "--json").json["notes"])


def test_one_copy_that_decides_a_verdict_is_said_to_be_why(tmp_path: Path, capsys: Capture) -> None:
    """Sixty equal answers of which one is to a copy pass less than the fifty-nine others: the finding says so."""
    said = {}
    for name, contents in (("with", [*range(59), 7]), ("without", [*range(59)])):
        (tmp_path / name).mkdir()
        suite = a_suite(tmp_path / name, contents, wrong=-1)
        assert command(capsys, "run", suite, "--results", tmp_path / name / "results").code == 0
        gate = command(capsys, "gate", "latest", "--results", tmp_path / name / "results")
        said[name] = (gate.code, " ".join(gate.out.split()))
    assert "1 of 60 items says the same as another one" in said["with"][1]
    assert "clusters, whose test needs more evidence than items that stand alone" in said["with"][1]
    assert said["without"][0] == 0 and "clusters" not in said["without"][1]


def test_a_question_that_is_most_of_the_data_is_named(tmp_path: Path, capsys: Capture) -> None:
    """900 copies of one question and 100 others: no page may say that there are a thousand pieces of evidence."""
    suite = a_suite(tmp_path, [0] * 90 + list(range(1, 21)), wrong=21)
    assert command(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    gate = command(capsys, "gate", "latest", "--results", tmp_path / "results")
    assert gate.code == 3
    said = " ".join(gate.out.split())
    assert "89 of 110 items say the same as another one: alike items count as one, so 21 different ones" in said
    assert "one item or cluster is 82% of the weight: one piece of evidence" in said
    assert "one sample is 82% of the weight" in str(command(capsys, "check", suite, "--json").json["notes"])


def test_a_request_that_is_most_of_a_log_is_named_everywhere(tmp_path: Path, capsys: Capture) -> None:
    suite = a_suite(tmp_path, [1] * 20 + [900], more="    weight: weight\n", wrong=-1)
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    for item in items:
        item["question"] += str(item["n"])
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    assert command(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    for ran in (
        command(capsys, "gate", "latest", "--results", tmp_path / "results"),
        command(capsys, "show", "latest", "--results", tmp_path / "results"),
        command(capsys, "check", suite),
        command(capsys, "plan", suite, "--results", tmp_path / "results"),
    ):
        said = " ".join(ran.out.split())
        assert "98%" in said or "98 %" in said
        assert "one piece of evidence, however many others there are" in said
        assert "effective sample size 1" in said


def test_figures_about_repeats_count_copies_once(tmp_path: Path) -> None:
    """Six copies of ten questions, each asked twice, tell as much as the ten."""
    rows = [
        replace(row("gpt", "triage", n, copy, n > 3 or (n + repeat) % 2 == 0), repeat=repeat)
        for n in range(10) for copy in range(6) for repeat in range(2)
    ]  # fmt: skip
    found = read_repeats(a_run(tmp_path / "many", ("gpt",), rows=rows))
    once = read_repeats(a_run(tmp_path / "once", ("gpt",), rows=[one for one in rows if one.occurrence == 0]))
    assert found is not None and once is not None
    many, few = found.models["gpt"].all, once.models["gpt"].all
    assert (many.n_items, few.n_items) == (60, 10)
    assert many.se is not None and few.se is not None
    assert many.se == pytest.approx(few.se, rel=0.1)
    assert many.unstable_interval is None or many.unstable_interval.low < 0.2


def test_check_and_the_run_say_the_same_effective_sample_size_of_a_log(tmp_path: Path, capsys: Capture) -> None:
    """Two copies in two hundred are left as they are: each counts by itself, and so does its weight."""
    suite = a_suite(tmp_path, [*range(1, 199), 150, 190], more="    weight: weight\n", wrong=-1)
    assert command(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    note = next(said for said in command(capsys, "check", suite, "--json").json["notes"] if "effective" in said)
    size = note.rsplit(" ", 1)[1]
    told = [" ".join(command(capsys, verb, "latest", "--results", tmp_path / "results").out.split()) for verb in
            ("show", "gate")]  # fmt: skip
    assert f"(effective sample size {size})" in told[0], told[0]
    assert f"effective sample size {size} of 200" in told[1], told[1]


def test_one_weight_with_a_copy_is_no_weighted_log(tmp_path: Path, capsys: Capture) -> None:
    suite = a_suite(tmp_path, [*range(150), 7], more="    weight: weight\n")
    items = (tmp_path / "items.jsonl").read_text().splitlines()
    (tmp_path / "items.jsonl").write_text(
        "".join(json.dumps(json.loads(line) | {"weight": 3}) + "\n" for line in items)
    )
    said = command(capsys, "check", suite, "--json")
    assert said.code == 0, said.err
    assert "effective" not in str(said.json["notes"])
