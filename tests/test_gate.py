"""The gate as its users meet it: `run --gate`, `gate`, baselines, and what CI shows of it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evalkit.records import Row
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.text import numbers
from tests.gate_world import RULE, Gate, dollars, gate, one, scores, stored
from tests.store_rows import HOSTILE
from tests.world import Ran, evalkit, finish, prompt_of, run_folders, start, write_suite

Capture = pytest.CaptureFixture[str]
SECTION = """
gate:
  baseline: {baseline}
  candidates: [cand]
  rules:
    - {{quality: all, margin: {margin}}}
"""


@contextmanager
def two_models(wrong: int, n: int, **behaviour: object) -> Iterator[tuple[FakeProvider, FakeProvider]]:
    """A baseline that gets everything right, and a candidate that gets every `wrong`-th item wrong (0: none)."""
    lost = {prompt_of(k): "A" for k in range(0, n, wrong)} if wrong else {}
    good = Behaviour(reply="B", **behaviour)  # type: ignore[arg-type]
    less = Behaviour(reply="B", answers=lost, **behaviour)  # type: ignore[arg-type]
    with FakeProvider.in_thread(good) as base, FakeProvider.in_thread(less) as cand:
        yield base, cand


def gated_suite(
    folder: Path,
    base: FakeProvider,
    cand: FakeProvider,
    n: int,
    *,
    margin: float = 0.1,
    baseline: str = "base",
    **more: str,
) -> Path:
    models = f'  base: {{adapter: openai_chat, model: m1, base_url: "{base.base_url}"}}\n'
    models += f'  cand: {{adapter: openai_chat, model: m2, base_url: "{cand.base_url}"}}'
    suite = write_suite(folder, "", n=n, models=models, in_flight=4)
    text = suite.read_text() + SECTION.format(baseline=baseline, margin=margin)
    suite.write_text(text + "".join(f"  {key}: {value}\n" for key, value in more.items()))
    return suite


def run(capsys: Capture, folder: Path, suite: Path, *args: object) -> Ran:
    return evalkit(capsys, "run", suite, "--results", folder / "results", "--baselines", folder / "baselines", *args)


@pytest.fixture
def judge(tmp_path: Path, capsys: Capture) -> Gate:
    return Gate(capsys, tmp_path)


def test_a_plain_run_never_decides(tmp_path: Path, capsys: Capture) -> None:
    with two_models(2, 40) as (base, cand):
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 40))
    assert ran.code == 0
    assert "FAIL" not in ran.out + ran.err


def test_a_bad_candidate_fails_early_and_the_stored_run_says_the_same(tmp_path: Path, capsys: Capture) -> None:
    with two_models(2, 400) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 400)
        ran = run(capsys, tmp_path, suite, "--gate", "--json")
        asked = len(cand.account)
        assert ran.code == 1, ran.err
        assert asked < 200, f"{asked} of 400 asked"
    decision = ran.json["gate"]
    (candidate,) = decision["candidates"]
    assert (decision["verdict"], candidate["saved"]["n_items"]) == ("fail", 400)
    assert candidate["saved"]["n_used"] <= asked
    again = evalkit(capsys, "gate", ran.json["folder"], "--results", tmp_path / "results", "--json")
    assert again.code == 1
    assert again.json["candidates"] == decision["candidates"]
    facts = json.loads((Path(ran.json["folder"]) / "run.json").read_text())
    assert facts["status"] == "complete", "stopped because it was settled is not incomplete"
    assert facts["stopped_early"]["candidates"]["cand"]["verdict"] == "fail"


@pytest.mark.long
def test_an_equal_candidate_passes_early_where_nothing_needs_the_rest(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 400) as (base, cand):
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 400), "--gate")
        assert ran.code == 0, ran.out + ran.err
        assert len(cand.account) < 300
    assert "settled after" in ran.out


@pytest.mark.long
def test_a_scan_has_to_see_every_item_before_a_pass(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 120) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 120, scan="{margin: 0.2}")
        ran = run(capsys, tmp_path, suite, "--gate")
        assert len(cand.account) == 120
    assert ran.code == 0
    assert "stops early for a fail only: the scan looks at every item" in ran.err


@pytest.mark.long
def test_a_run_that_was_looked_at_to_its_end_is_held_to_the_last_look(tmp_path: Path, capsys: Capture) -> None:
    """Sixty identical answers pass at 5 points when nobody looks before; with `save` nineteen looks spend error."""
    with two_models(0, 60) as (base, cand):
        looked = gated_suite(tmp_path, base, cand, 60, margin=0.05, early_stop="save")
        ran = run(capsys, tmp_path, looked, "--gate")
        assert len(cand.account) == 60
        assert ran.code == 3
        assert "the last look asks for more" in " ".join(ran.out.split())
        assert evalkit(capsys, "gate", "latest", "--results", tmp_path / "results").code == 3
        plain = run(capsys, tmp_path, looked, "--new")
        assert plain.code == 0
        assert evalkit(capsys, "gate", "latest", "--results", tmp_path / "results").code == 0
        scanned = tmp_path / "scanned"
        scanned.mkdir()
        suite = gated_suite(scanned, base, cand, 60, margin=0.05, early_stop="save", scan="{margin: 0.3}")
        assert run(capsys, scanned, suite, "--gate").code == 0, "a pass that cannot come early is not looked for"


def test_early_stop_off_asks_everything(tmp_path: Path, capsys: Capture) -> None:
    with two_models(2, 60) as (base, cand):
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 60, early_stop="off"), "--gate")
        assert len(cand.account) == 60
    assert ran.code == 1


@pytest.mark.long
def test_items_are_asked_in_a_random_order_that_is_the_same_each_time(tmp_path: Path, capsys: Capture) -> None:
    from evalkit.store.sealing import rows_of

    orders = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        with two_models(0, 40) as (base, cand):
            suite = gated_suite(folder, base, cand, 40, margin=0.02)
            suite.write_text(suite.read_text().replace("in_flight: 4", "in_flight: 1"))
            run(capsys, folder, suite, "--gate", "--no-cache")
        (run_folder,) = run_folders(folder / "results")
        rows = sorted(rows_of(run_folder), key=lambda row: row.started_at)
        orders.append([row.sample_id for row in rows if row.model == "base"])
    assert orders[0] == orders[1]
    assert len(orders[0]) == 40
    assert orders[0] != [f"q{n}" for n in range(40)]


@pytest.mark.long
def test_an_interrupted_gate_goes_on_and_reaches_the_verdict_of_one_that_was_not(
    tmp_path: Path, capsys: Capture
) -> None:
    with two_models(3, 300, latency_s=0.02) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 300, margin=0.05)
        process = start("run", suite, "--gate", "--results", tmp_path / "results", "--no-cache")
        deadline = time.monotonic() + 20
        while len(cand.account) < 12 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        ran = finish(process)
        assert ran.code == 130, ran.err
        assert "PASS" not in ran.out
        resumed = run(capsys, tmp_path, suite, "--gate", "--no-cache", "--json")
    (folder,) = run_folders(tmp_path / "results")
    assert resumed.json["folder"] == str(folder)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with two_models(3, 300) as (base, cand):
        whole = run(capsys, fresh, gated_suite(fresh, base, cand, 300, margin=0.05), "--gate", "--no-cache", "--json")
    assert resumed.code == whole.code == 1
    used = [ran.json["gate"]["candidates"][0]["saved"]["n_used"] for ran in (resumed, whole)]
    assert used[0] == used[1], "the verdict rests on the order of the items, not on how they were asked"


@pytest.mark.long
def test_a_fast_endpoint_does_not_run_ahead_of_a_slow_one(tmp_path: Path, capsys: Capture) -> None:
    """What it would buy beyond the verdict is not needed; and the slow one's end is waited for by nobody."""
    with two_models(2, 1000) as (base, cand):
        base.behaviour = Behaviour(reply="B", latency_s=0.02)
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 1000), "--gate")
        assert ran.code == 1, ran.out + ran.err
        n_base, n_cand = len(base.account), len(cand.account)
    assert n_cand < 400, f"{n_cand} asked of the fast one, {n_base} of the slow one"


@pytest.mark.long
def test_an_endpoint_that_is_down_is_not_waited_for(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 300) as (base, cand):
        base.behaviour = Behaviour(faults={"400": 1.0})
        began = time.monotonic()
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 300), "--gate")
    assert ran.code == 4
    assert time.monotonic() - began < 20


def test_an_outage_of_the_candidate_is_neither_a_fail_nor_a_pass(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 40) as (base, cand):
        cand.behaviour = Behaviour(reply="B", faults={"400": 1.0})
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 40), "--gate")
    assert ran.code == 4, ran.out + ran.err
    assert "INCOMPLETE" in ran.out


def test_ci_buys_only_the_candidate_against_a_promoted_baseline(tmp_path: Path, capsys: Capture) -> None:
    with two_models(2, 200) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 200)
        whole = run(capsys, tmp_path, suite, "--models", "base", "--json")
        promoted = evalkit(
            capsys,
            *("baseline", "promote", whole.json["folder"], "--model", "base", "--as", "prod"),
            *("--by", "Ada", "--why", "in production", "--baselines", tmp_path / "baselines"),
        )
        assert promoted.code == 0, promoted.err
        assert len((tmp_path / "baselines" / "prod.yaml").read_text()) < 1000
        base.reset()
        gated_suite(tmp_path, base, cand, 200, baseline="baseline@prod")
        ran = run(capsys, tmp_path, suite, "--gate")
        assert ran.code == 1, ran.out + ran.err
        assert len(base.account) == 0
        assert len(cand.account) < 150
        shown = evalkit(
            capsys, "baseline", "show", "prod", "--results", tmp_path / "results", "--baselines", tmp_path / "baselines"
        )
        assert shown.code == 0
        assert "unchanged" in shown.out
        # The prompt changes: refused before a single request is paid for.
        cand.reset()
        suite.write_text(suite.read_text().replace("{{ question }}", "Now: {{ question }}"))
        refused = run(capsys, tmp_path, suite, "--gate")
        assert refused.code == 2
        assert "the prompt" in refused.err
        assert len(cand.account) == 0


def test_the_suite_s_own_gate_judges_a_run_only_while_its_data_is_the_same(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 60) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 60, margin=0.2)
        run(capsys, tmp_path, suite)
    same = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert same.code == 0, same.err
    written = suite.read_text()
    suite.write_text(written.replace("    target:", "    critical: true\n    target:", 1))
    assert suite.read_text() != written
    dropped = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert dropped.code == 2
    assert "clustered, sliced or critical" in dropped.err
    for changed, said in (
        (written.replace("model: m1", "model: m3"), "the baseline base: its entry changed"),
        (written.replace("in_flight: 4", "in_flight: 4, max_error_rate: 0.0"), "run.max_error_rate: 0.01 in the run"),
    ):
        assert changed != written
        suite.write_text(changed)
        ran = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
        assert ran.code == 2
        assert said in " ".join(ran.err.split())
    suite.write_text(written.replace("model: m2", "model: m3"))  # the candidate is what is judged
    assert evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results").code == 0
    suite.write_text(written)
    with (tmp_path / "items.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "question": "Easy?", "choices": ["w", "x"], "answer": 1}) + "\n")
    changed = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert changed.code == 2
    assert "the data changed" in changed.err


def test_a_run_that_was_marked_again_is_judged_by_the_suite_that_marks_so(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 60) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 60, margin=0.2)
        run(capsys, tmp_path, suite)
    places = ("--suite", suite, "--results", tmp_path / "results")
    assert evalkit(capsys, "rescore", "latest", "--scorer", "{choice: {pick: first}}", *places).code == 0
    ran = evalkit(capsys, "gate", "latest", *places)
    assert ran.code == 2, ran.out
    assert "scorer or settings changed" in ran.err
    suite.write_text(suite.read_text().replace("score: choice", "score: {choice: {pick: first}}"))
    assert evalkit(capsys, "gate", "latest", *places).code == 0


@pytest.mark.long
def test_a_run_that_was_marked_again_by_other_right_answers_is_not_the_suites(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 60) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 60, margin=0.2)
        run(capsys, tmp_path, suite)
    places, items = ("--suite", suite, "--results", tmp_path / "results"), tmp_path / "items.jsonl"
    written = items.read_text()
    items.write_text(written.replace('"answer": 1', '"answer": 2', 1))
    assert evalkit(capsys, "rescore", "latest", *places).code == 0
    items.write_text(written)
    ran = evalkit(capsys, "gate", "latest", *places)
    assert ran.code == 2, ran.out
    assert "the data changed" in ran.err
    assert evalkit(capsys, "rescore", "latest", *places).code == 0
    assert evalkit(capsys, "gate", "latest", *places).code == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"suite_resolved": {"tasks": [3], "models": [1], "run": 4}},
        {"suite_resolved": {"tasks": [{"name": [1]}]}, "tasks": {"letters": {"n": 20, "identity": [1]}}},
        {"suite_resolved": 3, "tasks": [1], "models": [2]},
    ],
)
def test_a_run_that_says_of_its_suite_what_cannot_be_read_is_refused(
    tmp_path: Path, capsys: Capture, odd: dict[str, object]
) -> None:
    with two_models(0, 20) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 20)
        run(capsys, tmp_path, suite)
    (folder,) = run_folders(tmp_path / "results")
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**facts, **odd}))
    ran = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert ran.code == 2, ran.out + ran.err
    assert "Traceback" not in ran.err


def test_a_run_may_not_bring_other_recorded_answers_of_the_baseline(tmp_path: Path, capsys: Capture) -> None:
    def record(file: str, answers: dict[str, str]) -> None:
        lines = [json.dumps({"id": f"q{n}", "text": answers.get(f"q{n}", "yes")}) + "\n" for n in range(60)]
        (tmp_path / file).write_text("".join(lines))

    items = [json.dumps({"id": f"q{n}", "question": f"Is it {n}?"}) + "\n" for n in range(60)]
    (tmp_path / "items.jsonl").write_text("".join(items))
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: recorded\nmodels:\n  base: {adapter: replay, path: base.jsonl}\n"
        "  cand: {adapter: replay, path: cand.jsonl}\n"
        "tasks: [{name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: yes, score: exact}]\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.2}]}\n"
    )
    record("base.jsonl", {})
    record("cand.jsonl", {})
    places = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", suite, *places).code == 0
    assert evalkit(capsys, "gate", "latest", "--suite", suite, *places).code == 0
    record("cand.jsonl", {"q1": "no"})  # the candidate is what is judged
    assert evalkit(capsys, "gate", "latest", "--suite", suite, *places).code == 0
    record("base.jsonl", {"q1": "no"})
    ran = evalkit(capsys, "gate", "latest", "--suite", suite, *places)
    assert ran.code == 2, ran.out
    assert "the baseline base: its recorded answers changed" in ran.err


def test_on_inconclusive_decides_the_exit_code_and_not_the_verdict(judge: Gate) -> None:
    few = {"base": scores(20), "cand": scores(20)}
    codes = {
        policy: judge(stored(judge.results, few, gate(on_inconclusive=policy))) for policy in ("fail", "warn", "pass")
    }
    assert {policy: ran.code for policy, ran in codes.items()} == {"fail": 3, "warn": 0, "pass": 0}
    assert all("INCONCLUSIVE" in ran.out and "PASS" not in ran.out for ran in codes.values())


def test_suite_scope_is_arithmetic_over_these_very_items(judge: Gate) -> None:
    answers = {"base": scores(50), "cand": scores(50, [3])}
    assert judge(stored(judge.results, answers, gate({**RULE, "scope": "suite"}))).code == 0
    assert judge(stored(judge.results, answers, gate({**RULE, "margin": 0.01, "scope": "suite"}))).code == 1


def test_every_kind_of_rule_can_pass(judge: Gate) -> None:
    section = gate(
        {"quality": "t/lang=de", "margin": 0.05},
        {"cost": "usd_per_sample", "max_usd": 0.01},
        {"cost": "usd_per_1k_samples", "max_ratio": 1.5},
        {"cost": "usd_per_correct", "max_ratio": 1.0, "required": False},
        {"latency": "ttft_p95", "max_s": 5.0, "max_ratio": 1.5},
        {"latency": "total_p50", "max_ratio": 1.5},
        {"rate": "truncated", "max_increase": 0.02, "max_rate": 0.05},
        {"rate": "errored", "max_rate": 0.05},
    )
    from dataclasses import replace

    run = stored(judge.results, {"base": scores(400), "cand": scores(400)}, section,
                 change=lambda r: replace(r, slices={"lang": "de" if int(r.sample_id[1:]) % 2 else "en"}))  # fmt: skip
    ran = judge(run, "--json")
    verdicts = {f["condition"]["name"]: f["verdict"] for f in ran.json["candidates"][0]["findings"]}
    assert ran.code == 0, verdicts
    assert len(verdicts) == 10
    assert [name for name, verdict in verdicts.items() if verdict != "pass"] == ["cost usd_per_correct (max_ratio 1)"]


def test_what_a_right_answer_costs_knows_that_items_of_one_cluster_move_together(judge: Gate) -> None:
    from dataclasses import replace

    section = gate({"cost": "usd_per_correct", "max_ratio": 1.0, "required": False})
    hard = [k for k in range(200) if k // 10 % 2]  # whole conversations are dear, and mostly wrong
    answers = {"base": scores(200), "cand": scores(200, [k for k in hard if k % 10 < 8])}

    def told(clustered: bool) -> tuple[float, float, float]:
        def change(row: Row) -> Row:
            k = int(row.sample_id[1:])
            return replace(row, cluster=f"c{k // 10}" if clustered else None, **dollars(".03" if k in hard else ".01"))

        found = judge(stored(judge.results, answers, section, change=change), "--json").json["candidates"][0]
        (one_rule,) = (f for f in found["findings"] if "usd_per_correct" in f["condition"]["name"])
        assert one_rule["verdict"] == "inconclusive"
        return one_rule["value"], one_rule["low"], one_rule["high"]

    alone, together = told(clustered=False), told(clustered=True)
    assert alone[0] == pytest.approx(4 / 120) == together[0]
    assert together[2] - together[1] > 2 * (alone[2] - alone[1])


def test_markdown_holds_the_verdict_first_and_no_answer_can_break_out_of_it(judge: Gate, tmp_path: Path) -> None:
    evil = "```\n</details><script>alert(1)</script>\n::error::owned\n" + HOSTILE
    from dataclasses import replace

    run = stored(
        judge.results, {"base": scores(300), "cand": scores(300, range(90))}, change=lambda r: replace(r, text=evil)
    )
    assert judge(run, "--markdown", tmp_path / "out" / "gate.md").code == 1
    text = (tmp_path / "out" / "gate.md").read_text()
    assert text.split("\n")[1].startswith("## ❌ gate demo: FAIL")
    assert "90 items went right → wrong" in text
    assert "\x1b" not in text
    fence = ""
    for line in text.split("\n"):
        if line.startswith("```") and fence in {"", line}:
            fence = "" if fence else line.removesuffix("text")
        assert fence or "<script>" not in line
    assert "````" in text, "the fence is longer than any that the answer holds"


def test_junit_has_a_case_for_each_rule(judge: Gate, tmp_path: Path) -> None:
    section = gate(RULE, {"cost": "usd_per_sample", "max_usd": 0.01}, candidates=["cand", "bad"])
    answers = {"base": scores(300), "cand": scores(300), "bad": scores(300, range(90))}
    judge(stored(judge.results, answers, section), "--junit", tmp_path / "gate.xml")
    root = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("4", "1")
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["quality all (margin 0.02)"]


def test_github_gets_annotations_that_no_name_can_abuse_and_a_summary(
    judge: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    name = "bad\n::error::owned"
    section = {**gate(), "candidates": ["cand"]}
    run = stored(judge.results, {"base": scores(300), "cand": scores(300, range(90))}, section,
                 change=lambda r: None if r.sample_id == "q0" and r.model == "cand" else r, reasons=[name])  # fmt: skip
    ran = judge(run)
    assert ran.code == 4
    commands = [line for line in ran.err.split("\n") if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error title=evalkit gate%3A cand INCOMPLETE::")
    assert "INCOMPLETE" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing yet"])
def test_the_job_s_summary_is_not_written_through_a_link(
    judge: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    mine, summary = tmp_path / "mine", tmp_path / "summary.md"
    if there:
        mine.write_text("mine\n")
    summary.symlink_to(mine)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ran = judge(stored(judge.results, {"base": scores(30), "cand": scores(30)}, gate()))
    assert "the job's summary could not be written (it is a link" in " ".join(ran.err.split())
    assert mine.read_text() == "mine\n" if there else not mine.exists()


def test_what_is_not_comparable_is_told_in_the_pull_request_too(
    judge: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert judge.promote(stored(judge.results, {"base": scores(30)}, identity={"shots": "five"})).code == 0
    run = stored(judge.results, {"cand": scores(30)}, gate(baseline="baseline@prod"))
    ran = judge(run, "--markdown", tmp_path / "gate.md", "--junit", tmp_path / "gate.xml")
    assert ran.code == 2
    text = (tmp_path / "gate.md").read_text()
    assert text.startswith("<!-- evalkit gate: demo -->\n## ⛔ gate demo: NOT DECIDED")
    assert "few-shot examples" in text
    assert ElementTree.parse(tmp_path / "gate.xml").getroot().get("errors") == "1"
    assert any(line.startswith("::error title=evalkit gate%3A demo was not decided::") for line in ran.err.split("\n"))


@pytest.mark.long
def test_the_self_test_shows_what_the_gate_can_see(judge: Gate) -> None:
    answers = {"base": scores(800, range(80)), "cand": scores(800, range(4, 84))}
    run = stored(judge.results, answers, gate({"quality": "all", "margin": 0.05}))
    ran = judge(run, "--self-test", "--reps", "60", "--json")
    assert ran.code == 0, ran.err
    shifts = ran.json["shifts"]
    assert [shift["loss"] for shift in shifts] == pytest.approx([0, 0.05, 0.1, 0.15])
    assert shifts[0]["passed"] > 0.9
    assert shifts[1]["passed"] < 0.2
    assert shifts[1]["failed"] < 0.2
    assert shifts[3]["failed"] > 0.9
    assert judge(run, "--self-test", "--reps", "60", "--json").json == ran.json, "the same seed says the same"


def test_holm_keeps_many_rules_from_failing_by_chance(judge: Gate) -> None:
    """A p-value between .0125 and .05 fails alone; as one of four required rules it does not."""
    answers = {"base": scores(400), "cand": scores(400, range(14))}
    alone = judge(stored(judge.results, answers, gate(RULE)))
    assert alone.code == 1, alone.out
    others = [{"rate": kind, "max_increase": 0.02} for kind in ("refused", "truncated", "unparseable")]
    many = judge(stored(judge.results, answers, gate(RULE, *others)))
    assert many.code == 3, many.out
    assert "not after correcting for" in many.out


def test_compare_pairs_the_items_and_names_those_that_changed_sides(judge: Gate) -> None:
    run = stored(judge.results, {"base": scores(300, [5]), "cand": scores(300, range(30))})
    ran = judge.cli("compare", f"{run}:base", f"{run}:cand", "--flips", "1")
    assert ran.code == 0, ran.err
    assert "−9.7 [−1" in ran.out
    assert "29 items went right → wrong, 0 wrong → right" in ran.out
    assert "right → wrong: t " in ran.out


def test_compare_refuses_answers_to_other_questions_unless_told(judge: Gate) -> None:
    a = stored(judge.results, {"base": scores(30)})
    b = stored(judge.results, {"cand": scores(30)}, identity={"shots": "five"})
    refused = judge.cli("compare", f"{a}:base", f"{b}:cand")
    assert refused.code == 2
    assert "few-shot" in refused.err
    shown = judge.cli("compare", f"{a}:base", f"{b}:cand", "--anyway")
    assert shown.code == 0
    assert "few-shot" in shown.err


def test_a_model_that_the_gate_needs_cannot_be_left_out(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 10) as (base, cand):
        ran = run(capsys, tmp_path, gated_suite(tmp_path, base, cand, 10), "--gate", "--models", "cand")
        assert len(cand.account) == 0
    assert ran.code == 2
    assert "base" in ran.err


def test_a_rule_about_a_slice_is_checked_before_anything_is_paid_for(tmp_path: Path, capsys: Capture) -> None:
    with two_models(0, 10) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 10)
        suite.write_text(suite.read_text().replace("quality: all", "quality: letters/lang=de"))
        ran = run(capsys, tmp_path, suite, "--gate")
        assert len(base.account) == 0
    assert ran.code == 2
    assert "letters is not sliced by 'lang'" in ran.err


def test_a_million_rows_are_paired_without_a_row_object(judge: Gate) -> None:
    """The million is benchmarks/gate_scale.py's; here: shuffled storage pairs by content."""
    made = [
        one(n, m, s) for m in ("cand", "base") for n, s in reversed(list(enumerate(scores(500, range(0, 500, 25)))))
    ]
    run = stored(judge.results, {"base": scores(500), "cand": scores(500)}, rows=made)
    ran = judge(run, "--json")
    assert ran.json["candidates"][0]["findings"][0]["value"] == 0


@pytest.mark.long
def test_the_quickstart_s_gate_tells_a_quantised_model_from_a_worse_one(tmp_path: Path, capsys: Capture) -> None:
    """Real weights: int8 is as good as float32 as far as 960 items show, and the checkpoint of an early step is not."""
    suite = Path(__file__).parent.parent / "suites" / "quickstart.yaml"
    ran = run(capsys, tmp_path, suite, "--gate", "--json", "--no-cache")
    verdicts = {c["candidate"]: c for c in ran.json["gate"]["candidates"]}
    assert ran.code == 1
    assert verdicts["tiny-early"]["verdict"] == "fail"
    int8 = verdicts["tiny-int8"]
    finding = int8["findings"][0]
    assert int8["verdict"] == "pass" or (int8["verdict"] == "inconclusive" and finding["more_if_equal"])
    assert verdicts["tiny-early"]["saved"]["n_used"] < 960


@pytest.mark.long
def test_after_a_changed_scorer_both_sides_are_marked_again_without_asking_a_model(
    tmp_path: Path, capsys: Capture
) -> None:
    results, baselines = ("--results", tmp_path / "results"), ("--baselines", tmp_path / "baselines")
    about = ("--model", "base", "--as", "prod", "--by", "Ada", "--why", "in production", *baselines, *results)
    with two_models(0, 80) as (base, cand):
        suite = gated_suite(tmp_path, base, cand, 80)
        stored_run = run(capsys, tmp_path, suite, "--models", "base", "--json").json["folder"]
        assert evalkit(capsys, "baseline", "promote", stored_run, *about).code == 0
        gated_suite(tmp_path, base, cand, 80, baseline="baseline@prod")
        suite.write_text(suite.read_text().replace("score: choice", "score: {choice: {pick: first}}"))
        refused = run(capsys, tmp_path, suite, "--gate")
        assert refused.code == 2
        assert "the scorer or its options" in refused.err
        assert "evalkit rescore" in refused.err
        base.reset()
        marked = evalkit(capsys, "rescore", stored_run, "--suite", suite, *results)
        assert marked.code == 0, marked.err
        unseen = run(capsys, tmp_path, suite, "--gate")
        assert unseen.code == 2 and "changed or scored anew since" in unseen.err
        assert evalkit(capsys, "baseline", "promote", stored_run, *about, "--replace").code == 0
        passed = run(capsys, tmp_path, suite, "--gate")
        assert passed.code == 0, passed.out + passed.err
        assert len(base.account) == 0


def test_the_gate_and_the_board_count_the_same_flips(judge: Gate) -> None:
    """Graded scores flip where they cross one half; a score that only fell is no flip, and repeats are one item."""
    from evalkit.results.changes import list_changes as list_flips
    from evalkit.results.compare import compare_samples as compare
    from evalkit.results.reader import ResultsReader

    before, after = [0.9, 0.9, 0.5, 0.2, 0.4] * 6, [0.4, 0.6, 0.49, 0.7, 0.4] * 6
    run = stored(judge.results, {"base": before, "cand": after})
    said = judge(run, "--json").json["candidates"][0]["flips"]
    assert (said["n_lost"], said["n_won"]) == (12, 6)
    store, sides = ResultsReader(judge.results), ((run.name, "base"), (run.name, "cand"))
    assert compare(store, *sides).flips == 18
    for kind, n in (("right to wrong", 12), ("wrong to right", 6)):
        assert list_flips(store, *sides, limit=50, offset=0, kind=kind)[1] == n
    rows = [one(n, m, s, repeat=r) for m, given in (("base", (1, 1, 0)), ("cand", (1, 0, 0))) for n in range(20)
            for r, s in enumerate(map(float, given))]  # fmt: skip
    repeated = stored(judge.results, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 20}, repeats=3)
    flips = judge(repeated, "--json").json["candidates"][0]["flips"]
    assert (flips["n_lost"], flips["n_won"], len(flips["lost"])) == (20, 0, 20)


@pytest.mark.parametrize("usd", ["0.002", None])
def test_the_terminal_says_what_further_items_would_cost_where_it_is_known(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, usd: str | None
) -> None:
    """The price that the board names, of both sides; nothing where a price is unknown."""
    judge = Gate(capsys, tmp_path)
    rows = [one(n, model, float(n % 3 > 0), **dollars(usd)) for n in range(40) for model in ("base", "cand")]
    run = stored(
        judge.results, {"base": [], "cand": []}, gate({"quality": "all", "margin": 0.02}), rows=rows, tasks={"t": 40}
    )
    said = judge(run)
    assert said.code == 3
    told = judge(run, "--json").json["candidates"][0]["findings"][0]
    more = max(told["more_if_equal"] or 0, told["more_if_estimate_holds"] or 0)
    priced = f"(at most {numbers.usd(2 * 0.002 * more)} for the answers, judges apart)"
    words = " ".join(said.out.split())
    assert "more items would" in words
    assert (priced in words) == (usd is not None) and ("at most $" in words) == (usd is not None)
