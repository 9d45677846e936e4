"""Agents whose run is killed, interrupted, capped or broken: what is asked again, what is kept, what is counted."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from subprocess import Popen

import pytest

from evalkit.store import runs
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.agent_world import (
    ASK,
    ENVIRONMENT,
    FIND,
    GOOD,
    RECORDS,
    TASK,
    by_id,
    calls,
    run,
    scripted,
    write,
)
from tests.run_facts import set_facts
from tests.test_agents import SCRIPTS, asking
from tests.world import evalkit, finish, run_folders, start

Capture = pytest.CaptureFixture[str]
PRICE = "- {model: m-1, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 1000}\n"


def served(**more: object) -> Behaviour:
    return Behaviour(scripts=SCRIPTS, **more)  # type: ignore[arg-type]


def many(suite: Path, n: int) -> None:
    """So many samples of the one that takes four steps."""
    records = [{**RECORDS[0], "id": f"lost-{i}", "request": f"{RECORDS[0]['request']} Case {i}."} for i in range(n)]
    (suite.parent / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")


def test_each_step_is_tried_again_by_itself(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(served(faults={"503": 1.0}, fault_attempts=1, retry_after_s=0)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
        assert len(provider.account) == 10
    row = by_id(suite)["lost"]
    assert row.outcome == "right"
    assert [step.attempts for step in row.steps or ()] == [2, 2, 2, 2]
    assert row.attempts == 5, "four answers, each after one lost attempt"
    assert row.retry_s == pytest.approx(sum(step.retry_s or 0.0 for step in row.steps or ()))


def test_a_step_that_fails_for_good_is_the_systems_fault_and_only_it_is_asked_again(
    tmp_path: Path, capsys: Capture
) -> None:
    suite = write(tmp_path, scripted(GOOD, fail={"lost:step3": "rejected"}))
    assert run(capsys, suite, "--no-cache").code == 4
    row = by_id(suite)["lost"]
    assert (row.outcome, row.score, row.error_kind) == ("errored", None, "rejected")
    assert len(row.steps or ()) == 2, "what was done by then stands in the row"
    with FakeProvider.in_thread(served()) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        provider.behaviour = served(faults={"400": 1.0})
        assert run(capsys, suite, "--no-cache").code == 4
        assert len(provider.account) == 2
        provider.behaviour = served()
        assert run(capsys, suite, "--no-cache").code == 0
        assert len(provider.account) == 7


def started(suite: Path, provider: FakeProvider, *, after: int, more: tuple[str, ...] = ()) -> Popen[str]:
    """The command at work, once it has asked so many times."""
    process = start("run", suite, "--results", suite.parent / "results", "--no-cache", *more)
    until = time.monotonic() + 30
    while len(provider.account) < after and time.monotonic() < until:
        time.sleep(0.01)
    return process


def test_after_kill_9_only_what_is_open_is_asked(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(served(latency_s=0.02)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), more="run: {in_flight: 4}\n")
        many(suite, 20)
        process = started(suite, provider, after=30)
        process.kill()
        process.communicate()
        (folder,) = run_folders(tmp_path / "results")
        assert list(folder.glob("steps-*.jsonl"))
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
        assert 80 <= len(provider.account) <= 84, "80 steps, and those that were under way at the kill"
    assert not list(folder.glob("steps-*.jsonl")), "a complete run has its steps in its rows"
    found = by_id(suite)
    assert len(found) == 20
    assert all(row.outcome == "right" and len(row.steps or ()) == 4 for row in found.values())


@pytest.mark.long
def test_ctrl_c_stops_between_steps(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(served(latency_s=0.05)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), more="run: {in_flight: 4}\n")
        many(suite, 10)
        process = started(suite, provider, after=10)
        process.terminate()
        assert finish(process).code == 143
        assert len(provider.account) < 20
        assert run(capsys, suite, "--no-cache").code == 0
        assert len(provider.account) == 40


def test_a_sample_that_was_over_when_the_run_died_is_scored_without_asking(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(served()) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        assert run(capsys, suite, "--no-cache").code == 0
        (folder,) = run_folders(tmp_path / "results")
        rows = list(rows_of(folder))
        for path in (*folder.glob("*.parquet"), folder / "summary.json"):
            path.unlink()
        set_facts(folder, status="running")
        from evalkit.store.step_log import StepLog

        log = StepLog.open(folder, "killed")
        for row in rows:
            for n, step in enumerate(row.steps or (), start=1):
                log.append(row.key, n, step)
        log.close()
        provider.reset()
        assert run(capsys, suite, "--no-cache").code == 0
        assert len(provider.account) == 0
    assert {row.outcome for row in by_id(suite).values()} == {"right"}
    assert [row.steps for row in sorted(rows, key=lambda row: row.sample_id)] == [
        row.steps for _, row in sorted(by_id(suite).items())
    ]


def test_torn_and_foreign_lines_of_a_step_log_are_asked_again(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(served()) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        assert run(capsys, suite, "--no-cache").code == 0
        (folder,) = run_folders(tmp_path / "results")
        for path in (*folder.glob("*.parquet"), folder / "summary.json"):
            path.unlink()
        set_facts(folder, status="running")
        (folder / "steps-x.jsonl").write_text('{"key": [1], "n": 1}\n[]\nnull\n{"key": ["m", "desk"', "utf-8")
        provider.reset()
        assert run(capsys, suite, "--no-cache").code == 0
        assert len(provider.account) == 5


def test_costs_and_tokens_are_sums_and_what_is_unknown_stays_unknown(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "prices.yaml").write_text(PRICE, "utf-8")
    with FakeProvider.in_thread(served(input_tokens=100, output_tokens=10)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        ran = run(capsys, suite, "--no-cache")
        assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert [step.cost_usd for step in row.steps or ()] == [Decimal("0.11")] * 4
    assert (row.input_tokens, row.output_tokens, row.cost_usd, row.spend_usd) == (
        400,
        40,
        Decimal("0.44"),
        Decimal("0.44"),
    )
    silent = served(ignores=("stream_options",))
    with FakeProvider.in_thread(silent) as provider:
        suite = write(tmp_path, asking("openai_chat", provider))
        assert run(capsys, suite, "--no-cache", "--new").code == 0
    row = by_id(suite)["lost"]
    assert (row.input_tokens, row.output_tokens, row.cost_usd) == (None, None, None)


@pytest.mark.parametrize(
    ("limit", "reason", "n"),
    [
        ("tokens: 200", "it was stopped at the limit of 200 tokens, after 2 steps", 2),
        ("usd: 0.3", "it was stopped at the limit of 0.3 USD, after 3 steps", 3),
        ("steps: 3", "it was stopped at the limit of 3 steps", None),
    ],
)
def test_limits_end_a_sample(limit: str, reason: str, n: int | None, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "prices.yaml").write_text(PRICE, "utf-8")
    task = TASK.replace("steps: 6", limit)
    with FakeProvider.in_thread(served(input_tokens=100, output_tokens=10)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), task=task)
        assert run(capsys, suite, "--no-cache").code == 0
    row = by_id(suite)["lost"]
    assert (row.outcome, row.parts["at_limit"]) == ("wrong", 1.0)
    assert str(row.reason).startswith(reason)
    assert (row.steps or ())[-1].results == (), "the calls of the last answer are not carried out"
    assert n is None or len(row.steps or ()) == n


def test_a_limit_that_cannot_be_kept_is_no_score(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace("steps: 6", "tokens: 10000")
    with FakeProvider.in_thread(served(ignores=("stream_options",))) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), task=task)
        assert run(capsys, suite, "--no-cache").code == 4
    row = by_id(suite)["lost"]
    assert (row.outcome, row.error_kind) == ("errored", "unmeasured")
    assert "at_most.tokens cannot be kept: it is not known what step 1 took" in str(row.error)


def test_a_cap_in_dollars_is_kept_between_steps(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "prices.yaml").write_text(PRICE, "utf-8")
    task = TASK.replace("at_most: {steps", "settings: {max_output_tokens: 20}\n    at_most: {steps")
    with FakeProvider.in_thread(served(input_tokens=100, output_tokens=10)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), task=task)
        many(suite, 10)
        ran = run(capsys, suite, "--no-cache", "--max-cost", "6")
        assert ran.code == 4
        assert "the budget is used" in ran.err
        n = len(provider.account)
        assert n * 0.11 <= 6
        assert run(capsys, suite, "--no-cache", "--max-cost", "80").code == 0
        assert len(provider.account) == 40


def test_what_an_agent_s_steps_were_billed_counts_where_the_sample_has_no_score(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICE, "utf-8")
    task = TASK.replace("at_most: {steps", "settings: {max_output_tokens: 20}\n    at_most: {steps")
    broken = ENVIRONMENT.replace("returns: \"{{ 'yes' if state.yes else 'no' }}\"", 'returns: "{{ state.answers[0] }}"')
    records = [{key: value for key, value in one.items() if key != "solution"} for one in RECORDS]
    with FakeProvider.in_thread(served(input_tokens=100, output_tokens=10)) as provider:
        suite = write(tmp_path, asking("openai_chat", provider), task=task, environment=broken)
        (tmp_path / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
        assert run(capsys, suite, "--no-cache", "--max-cost", "80").code == 4
        assert run(capsys, suite, "--no-cache", "--max-cost", "80").code == 4, "the call that broke is asked for again"
        assert len(provider.account) == 4
    row = by_id(suite)["lost"]
    assert row.outcome == "errored" and row.cost_usd is None
    assert row.spend_usd == sum(step.cost_usd or Decimal(0) for step in row.steps or ()) > 0
    (folder,) = run_folders(tmp_path / "results")
    assert Decimal(runs.read_facts(folder)["spent_usd"]) == Decimal("0.44"), "no step is counted twice"
    (total,) = (one["total"] for one in evalkit(capsys, "price", folder, "--json").json["models"].values())
    paid = sum(one.spend_usd or Decimal(0) for one in by_id(suite).values())
    assert Decimal(total["spend_usd"]) == paid == Decimal("0.33")
    assert Decimal(total["billed_usd"]) == by_id(suite)["coming"].cost_usd, "and is no part of what an answer costs"


def test_an_environment_that_cannot_do_what_it_says_is_nobodys_answer(tmp_path: Path, capsys: Capture) -> None:
    broken = ENVIRONMENT.replace("returns: \"{{ 'yes' if state.yes else 'no' }}\"", 'returns: "{{ state.answers[0] }}"')
    suite = write(tmp_path, scripted(GOOD), environment=broken)
    records = [{key: value for key, value in one.items() if key != "solution"} for one in RECORDS]
    (tmp_path / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    assert run(capsys, suite, "--no-cache").code == 4
    row = by_id(suite)["lost"]
    assert (row.outcome, row.error_kind, row.score) == ("errored", "environment", None)
    assert "ask_customer.returns" in str(row.error)


def test_repeats_are_samples_of_their_own(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted(GOOD), more="run: {repeats: 3}\n")
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["m"]["all"]["n"] == 6


def test_stored_steps_are_scored_again_by_their_calls(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(FIND), calls(ASK), calls(ASK), "Sorry."]}))
    assert run(capsys, suite, "--no-cache").code == 0
    assert by_id(suite)["lost"].outcome == "wrong"
    rule = "{must: ask_customer, times: 3, because: it asked too seldom}"
    rule += "\n          - {must: parcel.find, because: it never looked}"
    suite.write_text(
        suite.read_text("utf-8").replace("- {at_most: 1, of", f"- {rule}\n          - {{at_most: 1, of"), "utf-8"
    )
    text = (tmp_path / "parcels.jsonl").read_text("utf-8")
    records = [{k: v for k, v in json.loads(line).items() if k != "solution"} for line in text.splitlines()]
    (tmp_path / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    ran = evalkit(capsys, "rescore", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert str(row.reason) == "it asked too seldom; parcels.P-1.refunds is [], and should be [1250]"
    assert len(row.steps or ()) == 4
    assert row.parts == {"steps": 4.0, "calls": 3.0, "failed_calls": 0.0, "at_limit": 0.0}
    assert by_id(suite)["coming"].reason == "it asked too seldom; it never looked"


def test_an_agent_may_have_several_scorers(tmp_path: Path, capsys: Capture) -> None:
    task = TASK.replace("      end-state:", "      - weight: 3\n        end-state:")
    start = task.index("        ignore:")
    task = task[:start] + task[start:].replace("\n", "\n  ").rstrip() + "\n      - {contains: {}, name: says}\n"
    task = task.replace("        ignore:", "          ignore:").replace("    score:", '    target: "12.50"\n    score:')
    suite = write(tmp_path, scripted({**GOOD, "coming": [calls(FIND), "No 12.50 for you."]}), task=task)
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    found = by_id(suite)
    assert found["lost"].score == 1.0
    assert (found["coming"].score, found["coming"].parts["says"], found["coming"].parts["end-state"]) == (
        0.25,
        1.0,
        0.0,
    )


def test_rows_are_redacted_with_their_steps(tmp_path: Path, capsys: Capture) -> None:
    secret = {"name": "ask_customer", "arguments": {"question": "Is ada@example.com right?"}}
    more = "redact: {what: [email], where: [storing]}\n"
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(FIND), calls(secret), *GOOD["lost"][2:]]}), more=more)
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert row.outcome == "right", row.reason
    assert json.loads((row.steps or ())[1].calls[0].arguments) == {"question": "Is [EMAIL] right?"}
    assert "ada@example.com" not in repr(row)
    (folder,) = run_folders(tmp_path / "results")
    assert not list(folder.glob("steps-*.jsonl"))


@pytest.mark.long
def test_long_prompts_are_priced_by_the_request_and_not_by_the_sample(tmp_path: Path, capsys: Capture) -> None:
    """Four requests of 150,000 tokens are none above 200,000, where Gemini's price doubles."""
    entry = {"adapter": "openai_chat", "price_as": "google:gemini-2.5-pro", "probe_tools": False}
    with FakeProvider.in_thread(served(input_tokens=150_000, output_tokens=1_000)) as provider:
        models = "\n".join(
            f"  {name}: {json.dumps(entry | {'model': name, 'base_url': provider.base_url})}" for name in ("m", "other")
        )
        rules = "[{cost: usd_per_sample, max_ratio: 1.5}]"
        gate = f"gate: {{baseline: m, candidates: [other], early_stop: 'off', rules: {rules}}}\n"
        suite = write(tmp_path, models, more=gate)
        many(suite, 20)
        ran = run(capsys, suite, "--no-cache", "--gate")
        assert ran.code == 0, ran.out + ran.err
    row = by_id(suite)["lost-0"]
    each = Decimal(150_000) * Decimal("1.25") / 10**6 + Decimal(1_000) * 10 / 10**6
    assert row.cost_usd == 4 * each
    results = tmp_path / "results"
    told = evalkit(capsys, "price", "latest", "--json", "--results", results, "--at", "2026-11-01").json
    for side in (told["models"], told["repriced"]["models"]):
        assert Decimal(side["m"]["total"]["billed_usd"]) == 20 * 4 * each
    assert "unsplit" not in told["models"]["m"]["total"]["usd_by_kind"]


def test_a_recorded_agent_is_scored_by_the_same_environment(tmp_path: Path, capsys: Capture) -> None:
    lines = []
    for name, replies in GOOD.items():
        for n, reply in enumerate(replies, start=1):
            is_call = reply.startswith("[")
            lines.append({
                "id": name if n == 1 else f"{name}:step{n}", "reply": None if is_call else reply,
                "made": json.loads(reply) if is_call else None, "in": 100 * n, "out": 10, "s": 0.5,
            })  # fmt: skip
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    columns = "{input_tokens: in, output_tokens: out, total_s: s}"
    model = f"  m: {{adapter: replay, path: log.jsonl, text_field: reply, calls_field: made, columns: {columns}}}"
    suite = write(tmp_path, model)
    ran = run(capsys, suite, "--no-cache")
    assert ran.code == 0, ran.err
    row = by_id(suite)["lost"]
    assert (row.outcome, row.input_tokens, row.output_tokens) == ("right", 1000, 40)
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[:2] + lines[4:]), "utf-8")
    assert run(capsys, suite, "--no-cache", "--new").code == 4
    assert by_id(suite)["lost"].error_kind == "rejected", "a step that nobody recorded is no answer"
