"""`evalkit run` as its users meet it: through the command line, the real client and a provider that is not there."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit, finish, prompt_of, rows, run_folders, start, write_suite

Capture = pytest.CaptureFixture[str]


def run_in(capsys: Capture, folder: Path, suite: Path, *args: object) -> Ran:
    return evalkit(capsys, "run", suite, "--results", folder / "results", *args)


def test_a_run_prints_a_table_on_stdout_and_progress_on_stderr(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url))
    assert ran.code == 0, ran.err
    assert "fake" in ran.out
    assert "1.000" in ran.out
    assert "unknown" in ran.out, "an endpoint of one's own has no known price, and unknown is not zero"
    assert "20/20" in ran.err
    assert "20/20" not in ran.out


def test_json_is_one_object_on_stdout(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url), "--json")
    assert ran.json["status"] == "complete"
    assert ran.json["models"]["fake"]["all"]["quality"]["mean"] == 1.0
    assert Path(ran.json["folder"]).is_dir()


def test_each_question_is_asked_exactly_once(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=50))
        assert [provider.account.times_asked(prompt_of(n)) for n in range(50)] == [1] * 50


def test_never_more_requests_are_open_than_in_flight_says(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.02)) as provider:
        run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=60, in_flight=7))
        assert provider.account.max_in_flight == 7


def test_a_second_run_buys_nothing_and_measures_no_latency(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url)
        first = run_in(capsys, tmp_path, suite, "--json")
        second = run_in(capsys, tmp_path, suite, "--json")
        assert len(provider.account) == 20
    cell = second.json["models"]["fake"]["all"]
    assert second.json["folder"] != first.json["folder"], "a complete run is never written into"
    assert cell["cached_share"] == 1.0
    assert cell["latency"]["ttft_s"]["p50"] is None
    assert cell["quality"] == first.json["models"]["fake"]["all"]["quality"]


def test_no_cache_asks_again(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url)
        run_in(capsys, tmp_path, suite)
        run_in(capsys, tmp_path, suite, "--no-cache")
        assert len(provider.account) == 40


def test_a_passing_500_is_tried_again_and_leaves_no_trace_in_the_score(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"500": 0.5}, fault_attempts=1)) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["fake"]["all"]["outcomes"]["errored"] == 0
    assert max(row["attempts"] for row in rows(Path(ran.json["folder"]))) == 2


def test_errors_are_not_wrong_answers_and_too_many_make_the_run_incomplete(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.3})) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=40)
        ran = run_in(capsys, tmp_path, suite, "--json")
        cell = ran.json["models"]["fake"]["all"]
        n_errored = cell["outcomes"]["errored"]
        assert ran.code == 4
        assert 0 < n_errored < 25
        assert cell["quality"]["mean"] == 1.0
        assert cell["quality_failures_wrong"]["mean"] == pytest.approx(1 - n_errored / 40)
        assert "max_error_rate" in ran.err

        provider.behaviour = Behaviour(reply="B")
        provider.reset()
        again = run_in(capsys, tmp_path, suite, "--json")
        assert again.code == 0
        assert again.json["folder"] == ran.json["folder"], "an incomplete run is resumed"
        assert len(provider.account) == n_errored, "only what failed is asked again"
        assert again.json["models"]["fake"]["all"]["outcomes"]["errored"] == 0
        assert again.json["models"]["fake"]["all"]["n"] == 40


def test_a_resumed_run_says_the_suite_that_it_ended_with(tmp_path: Path, capsys: Capture) -> None:
    """A gate and a load that were edited in between: the old gate must not decide, and two loads are none."""
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.3})) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=40, in_flight=4)
        ran = run_in(capsys, tmp_path, suite, "--json")
        assert ran.code == 4
        provider.behaviour = Behaviour(reply="B")
        suite = write_suite(tmp_path, provider.base_url, n=40, in_flight=8, run="max_error_rate: 0.02")
        again = run_in(capsys, tmp_path, suite, "--json")
        assert again.json["folder"] == ran.json["folder"]
        facts = json.loads((Path(again.json["folder"]) / "run.json").read_text())
        assert facts["suite_resolved"]["run"]["max_error_rate"] == 0.02
        assert facts["in_flight"] == "4, then 8", "no ratio of latencies rests on these"


def test_a_refused_key_stops_the_model_at_once_and_names_the_variable(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-not-the-right-key")
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")
    with FakeProvider.in_thread(Behaviour(reply="B", require_key="right")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=200, adapter="openai")
        ran = run_in(capsys, tmp_path, suite)
        assert len(provider.account) <= 8, "nobody hammers an endpoint with a bad key"
    assert ran.code == 4
    assert "OPENAI_API_KEY" in ran.err
    assert "canary" not in ran.err + ran.out


def test_an_endpoint_that_is_not_there_is_a_message_within_seconds(tmp_path: Path, capsys: Capture) -> None:
    start_at = time.perf_counter()
    ran = run_in(capsys, tmp_path, write_suite(tmp_path, "http://127.0.0.1:9/v1", n=500, in_flight="auto"))
    assert ran.code == 4
    assert "127.0.0.1:9" in ran.err
    assert "same command again" in ran.err
    assert time.perf_counter() - start_at < 20


def test_rate_limits_slow_the_run_down_but_cost_no_answer(tmp_path: Path, capsys: Capture) -> None:
    behaviour = Behaviour(reply="B", latency_s=0.02, limit_in_flight=5, retry_after_s=0.1)
    with FakeProvider.in_thread(behaviour) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=60, in_flight="auto"), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["fake"]["all"]["outcomes"]["errored"] == 0
    facts = json.loads((Path(ran.json["folder"]) / "run.json").read_text())
    (lane,) = facts["lanes"].values()
    assert lane["rate_limit_episodes"] >= 1
    assert lane["in_flight_limit"] < 16


def test_silence_is_given_up_within_the_item_s_deadline(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"stall": 1.0})) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=3, run="timeout_s: 0.5"), "--json")
    assert ran.code == 4
    assert {row["error_kind"] for row in rows(Path(ran.json["folder"]))} == {"stalled"}


def test_a_refusal_and_a_truncation_keep_their_outcome_and_score_zero(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", filter_rate=1.0)) as provider:
        refused = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url), "--json")
    with FakeProvider.in_thread(Behaviour(reply="let me think about it for a while")) as provider:
        suite = write_suite(tmp_path, provider.base_url, max_output_tokens=3)
        cut = run_in(capsys, tmp_path, suite, "--json")
    assert refused.json["models"]["fake"]["all"]["outcomes"]["refused"] == 20
    assert cut.json["models"]["fake"]["all"]["outcomes"]["truncated"] == 20
    assert cut.json["models"]["fake"]["all"]["quality"]["mean"] == 0.0


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.1)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=80)
        process = start("run", suite, "--results", tmp_path / "results")
        _until(lambda: len(provider.account) > 12, process)
        process.send_signal(signal.SIGINT)
        ran = finish(process)
        assert ran.code == 130, ran.err
        assert "Traceback" not in ran.err
        assert "fake" in ran.out, "what is there is shown"
        asked = len(provider.account)
        assert asked < 80
        again = run_in(capsys, tmp_path, suite, "--json")
        assert again.code == 0
        assert len(provider.account) == 80, "nothing was asked twice: answers under way were waited for"
    assert len(run_folders(tmp_path / "results")) == 1


@pytest.mark.long
def test_a_polite_kill_exits_143(tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.1)) as provider:
        process = start("run", write_suite(tmp_path, provider.base_url, n=80), "--results", tmp_path / "results")
        _until(lambda: len(provider.account) > 4, process)
        process.terminate()
        assert finish(process).code == 143


def test_after_kill_9_only_what_was_in_flight_is_asked_again_and_the_result_is_the_same(
    tmp_path: Path, capsys: Capture
) -> None:
    behaviour = Behaviour(answers="letter", latency_s=0.03)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    with FakeProvider.in_thread(behaviour) as provider:
        run_in(capsys, whole, write_suite(whole, provider.base_url, n=120), "--no-cache")
        provider.reset()
        suite = write_suite(killed, provider.base_url, n=120)
        process = start("run", suite, "--results", killed / "results", "--no-cache")
        _until(lambda: len(provider.account) > 50, process)
        process.kill()
        process.communicate()
        (folder,) = run_folders(killed / "results")
        (journal,) = folder.glob("journal-*.jsonl")
        with journal.open("ab") as file:
            file.write(b'{"task": "letters", "sample_id": "q1')  # torn in the middle of a line
        ran = run_in(capsys, killed, suite, "--no-cache")
        assert ran.code == 0, ran.err
        assert "unreadable line" in ran.err
        twice = sum(count - 1 for count in provider.account.asked().values())
    assert twice <= 4, f"{twice} asked twice with 4 in flight"
    assert run_folders(killed / "results") == [folder]
    same = [{k: row[k] for k in ("key", "outcome", "score", "text", "extracted")} for row in rows(folder)]
    (other,) = run_folders(whole / "results")
    assert same == [{k: row[k] for k in ("key", "outcome", "score", "text", "extracted")} for row in rows(other)]


@pytest.mark.long
def test_two_processes_never_write_the_same_run(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.2)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=80)
        process = start("run", suite, "--results", tmp_path / "results")
        _until(lambda: len(provider.account) > 2, process)
        second = run_in(capsys, tmp_path, suite)
        process.kill()
        process.communicate()
    assert second.code == 2
    assert "--new" in second.err


def test_new_starts_beside_an_incomplete_run(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 1.0})) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=5)
        run_in(capsys, tmp_path, suite)
        run_in(capsys, tmp_path, suite, "--new")
    assert len(run_folders(tmp_path / "results")) == 2


PRICES = """
- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 1000}
"""


def test_a_budget_is_never_passed_and_raising_it_goes_on(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    with FakeProvider.in_thread(Behaviour(reply="B", input_tokens=10, output_tokens=1)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=100, in_flight=1)  # 0.011 USD an answer
        ran = run_in(capsys, tmp_path, suite, "--json", "--max-cost", "0.5")
        spent = ran.json["models"]["fake"]["all"]["cost"]["spend_usd"]
        assert ran.code == 4
        assert 0 < spent <= 0.5
        assert "max_cost_usd" in ran.err
        again = run_in(capsys, tmp_path, suite, "--json", "--max-cost", "50")
        assert again.code == 0
        assert len(provider.account) == 100
    assert again.json["models"]["fake"]["all"]["cost"]["total_usd"] == pytest.approx(1.1)


def test_attempts_that_broke_off_count_against_the_budget_in_this_sitting_and_the_next(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    dearest = 0.001 * (len(prompt_of(0)) + 16 + 64)  # every byte a token, the whole output limit used
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"drop_mid": 1.0})) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=30)
        for _ in range(3):
            ran = run_in(capsys, tmp_path, suite, "--max-cost", "1.0", "--no-cache")
            assert ran.code == 4
        assert len(provider.account) * dearest <= 1.0, "each of them may have been billed"
        assert len(provider.account) >= 3


def test_an_error_in_the_middle_of_an_answer_counts_against_the_budget_whatever_its_status(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    behaviour = Behaviour(reply="B", input_tokens=20, output_tokens=60, faults={"error_mid": 0.4})
    with FakeProvider.in_thread(behaviour) as provider:  # its error says "overloaded", as of a 529
        models = f'  c: {{adapter: anthropic, model: claude-opus-4-8, base_url: "{provider.origin}"}}'
        suite = write_suite(tmp_path, "", models=models, n=100)
        ran = run_in(capsys, tmp_path, suite, "--max-cost", "0.04", "--no-cache", "--allow-key-host", "127.0.0.1")
        assert ran.code == 4, ran.err
        each = (20 * 5 + 60 * 25) / 1e6
        assert len(provider.account) > 10
        assert len(provider.account) * each <= 0.04, "every one of them had begun its answer"


@pytest.mark.long
def test_answers_given_up_by_a_second_interrupt_count_against_the_budget_of_the_next_sitting(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    each = 0.001 * (10 + 1)
    with FakeProvider.in_process(
        Behaviour(input_tokens=10, output_tokens=1, reply="B B", token_interval_s=0.6)
    ) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=14, in_flight=4)
        command = ("run", suite, "--results", tmp_path / "results", "--no-cache", "--max-cost", "1.2")
        for session in range(3):
            process = start(*command, env={"EVALKIT_CACHE": str(tmp_path / "cache")})
            if session < 2:
                while len(provider.account) < 4 * (session + 1):
                    assert process.poll() is None, process.communicate()
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
                time.sleep(0.1)
                process.send_signal(signal.SIGINT)
            finish(process)
        (folder,) = run_folders(tmp_path / "results")
        spent = float(json.loads((folder / "run.json").read_text())["spent_usd"])
        assert len(provider.account) >= 8
        assert len(provider.account) * each <= spent <= 1.2


@pytest.mark.long
def test_what_was_under_way_when_a_capped_run_was_killed_counts_against_its_budget(tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(PRICES)
    each = 0.001 * (10 + 1)
    behaviour = Behaviour(input_tokens=10, output_tokens=1, reply="B B", token_interval_s=0.5)
    with FakeProvider.in_process(behaviour) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=14, in_flight=4)
        results = tmp_path / "results"
        command = ("run", suite, "--results", results, "--no-cache", "--max-cost", "1.2")
        process = start(*command)
        _until(lambda: len(provider.account) >= 4, process)
        process.kill()
        process.communicate()
        (folder,) = run_folders(results)
        assert len(rows(folder)) == 0, "nothing had come back"
        finish(start(*command))
        spent = float(json.loads((folder / "run.json").read_text())["spent_usd"])
        assert len(provider.account) * each <= spent <= 1.2
        paid = sum(float(row["spend_usd"]) for row in rows(folder) if row["spend_usd"] is not None)
        assert spent > paid + 3 * each, "the four that were killed, at their worst case"
        assert not list(folder.glob(".pledged"))


def test_a_model_in_this_process_costs_nothing_and_a_cap_does_not_stop_it(tmp_path: Path, capsys: Capture) -> None:
    models = '  s: {adapter: scripted, replies: {"*": "B"}}'
    ran = run_in(capsys, tmp_path, write_suite(tmp_path, "", models=models), "--max-cost", "1", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["s"]["all"]["n"] == 20


def test_a_corrected_price_reaches_answers_that_come_from_the_cache(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", input_tokens=10, output_tokens=1)) as provider:
        suite = write_suite(tmp_path, provider.base_url)
        (tmp_path / "prices.yaml").write_text(PRICES)
        run_in(capsys, tmp_path, suite)
        (tmp_path / "prices.yaml").write_text(PRICES.replace("_mtok: 1000", "_mtok: 2000"))
        ran = run_in(capsys, tmp_path, suite, "--json")
    cost = ran.json["models"]["fake"]["all"]["cost"]
    assert cost["total_usd"] == pytest.approx(2 * 20 * 0.011)
    assert cost["spend_usd"] == 0.0


@pytest.mark.long
def test_ctrl_c_does_not_wait_for_items_that_only_sleep_before_a_retry(tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", limit_per_s=1, retry_after_s=30)) as provider:
        process = start("run", write_suite(tmp_path, provider.base_url, n=80), "--results", tmp_path / "results")
        _until(lambda: len(provider.account) > 3, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        begun = time.perf_counter()
        ran = finish(process)
    assert ran.code == 130
    assert time.perf_counter() - begun < 20  # the pause before a retry is 30 s


@pytest.mark.long
def test_a_results_folder_that_vanishes_stops_the_run(tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", latency_s=0.1)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=400)
        process = start("run", suite, "--results", tmp_path / "results")
        _until(lambda: len(provider.account) > 3, process)
        shutil.rmtree(tmp_path / "results")
        ran = finish(process)
        assert len(provider.account) < 400
    assert ran.code == 4
    assert "is gone" in ran.err
    assert "Traceback" not in ran.err


def test_slices_are_reported_by_their_values(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=4)
        suite.write_text(suite.read_text().replace("score: choice", "score: choice\n    slices: [kind]"))
        items = (tmp_path / "items.jsonl").read_text().strip().split("\n")
        kinds = ["easy", "hard", "hard", "hard"]
        records = [{**json.loads(line), "kind": kind} for line, kind in zip(items, kinds, strict=True)]
        (tmp_path / "items.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        ran = run_in(capsys, tmp_path, suite, "--json")
        shown = evalkit(capsys, "show", "--slices", "--results", tmp_path / "results")
        again = run_in(capsys, tmp_path, suite)
    name = again.out.split("\n/")[-1].split("\n")[0].rpartition("/")[2]
    assert f"By slice: evalkit show {name} --slices" in again.out, "after a resume `latest` can be another run"
    slices = ran.json["models"]["fake"]["tasks"]["letters"]["slices"]
    assert {name: found["n"] for name, found in slices.items()} == {"kind=easy": 1, "kind=hard": 3}
    assert slices["kind=hard"]["quality"]["mean"] == 1.0
    assert "kind=hard" in shown.out


def test_a_budget_without_a_known_price_is_refused_before_anything_is_sent(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url), "--max-cost", "5")
        assert len(provider.account) == 0
    assert ran.code == 2
    assert "price is unknown" in ran.err


@pytest.mark.long
def test_a_full_disk_is_exit_4_and_loses_nothing_that_was_written(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=300)
        command = f"ulimit -f 24; exec {_python()} -m evalkit run {suite} --results {tmp_path / 'results'} --no-cache"
        process = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
        assert process.returncode == 4, process.stderr
        assert "Traceback" not in process.stderr
        assert "could not be stored" in process.stderr
        asked = len(provider.account)
        ran = run_in(capsys, tmp_path, suite, "--no-cache", "--json")
        assert ran.code == 0, ran.err
        assert len(provider.account) - asked <= 300 - (asked - 2 * 4), "rows written before the disk was full are kept"
    assert ran.json["models"]["fake"]["all"]["n"] == 300


def test_limit_takes_a_seeded_subset_and_says_that_it_is_no_evidence(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        ran = run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, n=50), "--limit", "7", "--json")
        assert len(provider.account) == 7
    assert ran.code == 0
    assert "--limit" in ran.err


def test_models_and_tasks_choose_and_unknown_names_are_told(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: {name}, base_url: "{provider.base_url}"}}' for name in ("a", "b")
        )
        suite = write_suite(tmp_path, provider.base_url, models=models)
        ran = run_in(capsys, tmp_path, suite, "--models", "b", "--json")
        wrong = run_in(capsys, tmp_path, suite, "--models", "c")
    assert list(ran.json["models"]) == ["b"]
    assert wrong.code == 2
    assert "'c'" in wrong.err


def test_models_of_one_endpoint_are_asked_side_by_side(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: {name}, base_url: "{provider.base_url}"}}' for name in ("a", "b")
        )
        run_in(capsys, tmp_path, write_suite(tmp_path, provider.base_url, models=models, in_flight=1))
        order = [record.model for record in provider.account]
    assert order == ["a", "b"] * 20


def test_a_setting_that_a_task_wants_and_a_model_refuses_is_dropped_aloud(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.origin, adapter="anthropic", n=3)
        text = suite.read_text().replace("settings: {max", "settings: {temperature: 0, max")
        suite.write_text(text)
        ran = run_in(capsys, tmp_path, suite, "--json")
    assert ran.code == 0, ran.err
    assert "temperature" in ran.err
    assert all(row["dropped"] == ("temperature",) for row in rows(Path(ran.json["folder"])))


def test_a_setting_that_a_model_s_own_entry_cannot_have_is_refused(tmp_path: Path, capsys: Capture) -> None:
    models = '  c: {adapter: anthropic, model: m, base_url: "http://127.0.0.1:9", settings: {temperature: 0}}'
    ran = run_in(capsys, tmp_path, write_suite(tmp_path, "", models=models))
    assert ran.code == 2
    assert "temperature" in ran.err


def _until(condition: object, process: subprocess.Popen[str], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _python() -> str:
    import sys

    return sys.executable
