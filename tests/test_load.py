"""The load sweep: its figures from observations, and the real thing against a server whose capacity is known."""

from __future__ import annotations

import gzip
import heapq
import json
import random
import time
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.latency.distribution import distribution, error_rate
from evalkit.latency.loadtest import Seen, Slo, Step, closed_step, find, open_step
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.fake_provider.faults import FakeQueue
from tests.test_hostile_servers import answering
from tests.world import evalkit, rows, write_suite

LLMPERF = {
    "inter_token_latency_s": "inter_token_latency_s",
    "ttft_s": "ttft_s",
    "end_to_end_latency_s": "end_to_end_latency_s",
    "request_output_throughput_token_per_s": "request_output_throughput_token_per_s",
    "number_input_tokens": "number_input_tokens",
    "number_output_tokens": "number_output_tokens",
}


def test_published_latency_summaries_are_reproduced(shared_data: Path) -> None:
    """llmperf's per-request logs of eight providers: every percentile, mean, spread and error rate of its summaries."""
    files = sorted((shared_data / "llmperf" / "individual").glob("*.json.gz"))
    assert len(files) == 8
    compared = 0
    for file in files:
        requests = json.loads(gzip.decompress(file.read_bytes()))
        published = json.loads(gzip.decompress((shared_data / "llmperf" / "summary" / file.name).read_bytes()))
        answered = [request for request in requests if request["error_code"] is None]
        assert error_rate(r["error_code"] is not None for r in requests) == published["results_error_rate"], file.name
        assert len(requests) - len(answered) == published["results_number_errors"]
        for ours, theirs in LLMPERF.items():
            found = distribution(request[ours] for request in answered)
            assert found is not None
            for percent in (25, 50, 75, 90, 95, 99):
                stated = published[f"results_{theirs}_quantiles_p{percent}"]
                assert getattr(found, f"p{percent}") == pytest.approx(stated, rel=1e-12, abs=1e-15), (file.name, ours)
                compared += 1
            for name, value in (
                ("mean", found.mean),
                ("min", found.minimum),
                ("max", found.maximum),
                ("stddev", found.sd),
            ):
                assert value == pytest.approx(float(published[f"results_{theirs}_{name}"]), rel=1e-9, abs=1e-12), (
                    file.name,
                    name,
                )
                compared += 1
    assert compared == 8 * 6 * 10


def test_a_failed_request_has_no_latency_and_is_counted() -> None:
    seen = [Seen(n, n, n + 1.0, ttft_s=0.5, input_tokens=1, output_tokens=1) for n in range(9)]
    seen.append(Seen(9, 9, 9.0, error_kind="rate_limited"))
    step = closed_step(1, seen)
    assert (step.n, step.n_errored) == (10, 1)
    total = step.times["total_s"]
    assert total is not None and total.minimum == 1.0
    assert not step.serves
    assert distribution([None]) is None
    assert error_rate([]) is None


def test_a_closed_loop_is_measured_by_littles_law() -> None:
    seen = [
        Seen(slot + n * 2.0, slot + n * 2.0, slot + n * 2.0 + 2, n == 0, slot) for slot in range(2) for n in range(6)
    ]
    step = closed_step(2, seen)
    assert step.requests_per_s is not None
    assert step.requests_per_s.value == pytest.approx(1.0)
    assert step.tokens_per_s is None  # no token was reported: unknown, not zero


def test_an_open_loop_that_falls_behind_is_saturated() -> None:
    at = [n * 0.1 for n in range(100)]
    keeping_up = open_step(10, 10.0, [Seen(t, t, t + 0.05, ttft_s=0.02) for t in at])
    assert keeping_up.saturated is None
    behind = open_step(10, 10.0, [Seen(t, t, t * 2 + 0.05, ttft_s=t + 0.02) for t in at])
    assert behind.saturated is not None


def test_a_promise_about_what_was_not_measured_is_not_kept() -> None:
    step = open_step(10, 10.0, [Seen(n * 0.1, n * 0.1, n * 0.1 + 0.05) for n in range(100)])
    assert find([step], Slo(ttft_p95=1.0)).within_slo is None


def test_a_limit_that_the_fastest_rate_still_met_is_no_capacity() -> None:
    def step(rate: int, ttft_s: float) -> Step:
        at = [n / rate for n in range(10 * rate)]
        seen = [Seen(t, t, t + ttft_s + 0.1, ttft_s=ttft_s, input_tokens=9, output_tokens=9) for t in at]
        return open_step(rate, 10.0, seen)

    slow, fast, late = step(5, 0.1), step(10, 0.2), step(20, 3.0)
    found = find([slow, fast], Slo(ttft_p95=1.0)).serves
    assert (
        found is not None and found.basis == "within the SLO, which the fastest rate tried still met: at least so much"
    )
    found = find([slow, fast, late], Slo(ttft_p95=1.0)).serves
    assert found is not None and found.basis == "within the SLO"


SERVICE_S, SLOTS = 0.16, 8
RATES = (30, 35, 40, 45)
PROMISE_S = 0.24
"""Midway between what 40 and 45 a second give (0.19 s and 0.32 s), so that a busy machine changes little."""


def _ttft_p95(rate: float) -> float:
    """Of an M/D/k queue whose first token comes after half of its service, simulated at length."""
    rng = random.Random(1)
    now, free, waits = 0.0, [0.0] * SLOTS, []
    for _ in range(40_000):
        now += rng.expovariate(rate)
        begin = max(now, heapq.heappop(free))
        heapq.heappush(free, begin + SERVICE_S)
        waits.append(begin - now + SERVICE_S / 2)
    return sorted(waits)[int(0.95 * len(waits))]


@pytest.mark.long
def test_capacity_and_slo_rate_of_a_server_that_is_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    server = Behaviour(
        latency_s=SERVICE_S / 2,
        reply="one two three four five",
        chunks=5,
        token_interval_s=SERVICE_S / 8,
        slots=SLOTS,
        input_tokens=100,
        output_tokens=20,
        flavour="vllm",
    )
    with FakeProvider.in_process(server) as provider:
        hosting = "hosting: {gpu: H100, gpus: 2, usd_per_gpu_hour: 2.50, billing: on_demand}"
        models = f'  own: {{adapter: vllm, model: own, base_url: "{provider.base_url}", {hosting}}}'
        suite = write_suite(tmp_path, provider.base_url, models=models, n=50)
        before = evalkit(capsys, "run", suite, "--json")
        assert before.json["models"]["own"]["all"]["cost"]["total_usd"] is None  # no sweep yet: unknown, not guessed
        true_capacity = SLOTS / SERVICE_S
        expected = [rate for rate in RATES if rate < true_capacity and _ttft_p95(rate) <= PROMISE_S]
        for _ in range(3):  # on a busy machine the server is slower than it is known to be
            ran = evalkit(
                capsys, "load", suite, "--model", "own", "--in-flight", "8,16", "--seconds", "2.5", "--json",
                "--rates", ",".join(map(str, RATES)), "--slo", f"ttft_p95={PROMISE_S}",
            )  # fmt: skip
            assert ran.code == 0, ran.err
            load = ran.json
            found = load["capacity"]["requests_per_s"]["value"]
            steps = abs(RATES.index(load["within_slo"]["level"]) - RATES.index(max(expected)))
            if found == pytest.approx(true_capacity, rel=0.05) and steps <= 1:
                break
        assert found == pytest.approx(true_capacity, rel=0.05)
        assert steps <= 1
        assert load["serves"]["tokens_per_s"]["value"] == pytest.approx(120 * load["serves"]["requests_per_s"]["value"])
        stored = rows(Path(load["folder"]))
        assert len(stored) == load["n_asked"]

        after = evalkit(capsys, "run", suite, "--new", "--no-cache", "--json").json["models"]["own"]["all"]["cost"]
        usd_per_token = 5.0 / 3600 / load["serves"]["tokens_per_s"]["value"]
        assert after["total_usd"] == pytest.approx(50 * 120 * usd_per_token, rel=1e-4)
        bill = evalkit(capsys, "price", "--json").json["hosting"]["own"]
        assert Decimal(bill["low_usd"]) < Decimal(bill["answers_usd"]) < Decimal(bill["high_usd"])
        full = bill["usd_per_mtok_by_utilisation"][-1]
        assert float(full["usd_per_mtok"]) == pytest.approx(usd_per_token * 1e6, rel=1e-4)
        assert float(bill["usd_per_mtok_by_utilisation"][0]["usd_per_mtok"]) == pytest.approx(20 * usd_per_token * 1e6)
        assert [run["suite"] for run in evalkit(capsys, "list", "--json").json] == ["letters", "letters"]


def test_the_line_serves_whoever_came_first() -> None:
    line = FakeQueue()
    begins = []
    for arrived in (0.0, 0.1, 0.2, 5.0):
        begins.append(line.turn(2, arrived))
        line.leaves(begins[-1] + 1.0)
    assert begins == [0.0, 0.1, 1.0, 5.0]


def test_a_server_that_refuses_what_is_too_much_is_counted_and_not_hammered(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_thread(Behaviour(latency_s=0.02, limit_in_flight=2)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=5)
        ran = evalkit(
            capsys,
            "load",
            suite,
            "--model",
            "fake",
            "--in-flight",
            "1,2,6",
            "--seconds",
            "0.6",
            "--closed-only",
            "--json",
        )
        assert ran.code == 0, ran.err
        steps = {step["name"]: step for step in ran.json["steps"]}
        assert steps["closed 6"]["n_errored"] > 0 == steps["closed 1"]["n_errored"]
        assert ran.json["capacity"]["name"] in {"closed 1", "closed 2"}
        assert len(provider.account) < 500


def test_a_billed_model_is_loaded_only_under_a_cap(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(input_tokens=20, output_tokens=60)) as provider:
        models = (
            f'  gpt: {{adapter: openai_chat, model: x, base_url: "{provider.base_url}", price_as: "openai:gpt-5.5"}}'
        )
        suite = write_suite(tmp_path, provider.base_url, models=models, n=5)
        ran = evalkit(capsys, "load", suite, "--model", "gpt")
        assert ran.code == 2
        assert "--max-cost" in ran.err
        assert len(provider.account) == 0
        capped = evalkit(
            capsys, "load", suite, "--model", "gpt", "--max-cost", "0.02", "--seconds", "1", "--in-flight", "1"
        )
        assert capped.code == 4
        assert "budget" in capped.err
        each = 20 * Decimal("5e-6") + 60 * Decimal("30e-6")
        assert 0 < len(provider.account) * each <= Decimal("0.02")


def test_what_is_under_way_when_the_budget_ends_counts_as_spent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    slow = Behaviour(input_tokens=20, output_tokens=60, latency_s=0.3)
    with FakeProvider.in_thread(slow) as provider:
        models = (
            f'  gpt: {{adapter: openai_chat, model: x, base_url: "{provider.base_url}", price_as: "openai:gpt-5.5"}}'
        )
        suite = write_suite(tmp_path, provider.base_url, models=models, n=5)
        ran = evalkit(
            capsys, "load", suite, "--model", "gpt", "--max-cost", "0.03", "--seconds", "1", "--in-flight", "1,8",
            "--json",
        )  # fmt: skip
        assert ran.code == 4
        assert "for requests under way" in ran.err
        each = 20 * Decimal("5e-6") + 60 * Decimal("30e-6")
        spent = Decimal(str(ran.json["spent_usd"]))
        n_sent = len(provider.account)
        assert n_sent * each <= spent <= Decimal("0.03")
        assert spent > sum(row["cost_usd"] or 0 for row in rows(Path(ran.json["folder"])))


@pytest.mark.parametrize(
    ("status", "after_s"), [(500, 0.3), (503, 0.3), (504, 0.0), (520, 0.0), (524, 0.0), (408, 0.0)]
)
@pytest.mark.parametrize("command", ["load", "run"])
def test_a_gateway_that_gives_up_what_went_on_is_paid_from_the_cap(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, status: int, after_s: float
) -> None:
    """The provider behind it worked on each, and bills it: the cap ends the sweep as if all had been answered."""
    asked = []

    def answer(key: str, body: dict[str, object]) -> dict[str, object]:
        asked.append(body)
        time.sleep(after_s)
        return {"error": {"message": "upstream request timeout"}}

    with answering(answer, status=status) as url:
        models = f'  gpt: {{adapter: openai_chat, model: x, base_url: "{url}/v1", price_as: "openai:gpt-5.5"}}'
        suite = write_suite(tmp_path, f"{url}/v1", models=models, n=5)
        words = {"load": ("--model", "gpt", "--seconds", "2", "--in-flight", "4"), "run": ("--no-cache",)}[command]
        ran = evalkit(capsys, command, suite, "--max-cost", "0.01", *words)
    assert ran.code == 4
    assert "--max-cost" in ran.err or "max_cost" in ran.err, ran.err
    assert 0 < len(asked) < 8


def test_a_server_that_is_not_there_and_options_that_do_not_read_are_sentences(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:9/v1", n=5)
    ran = evalkit(capsys, "load", suite, "--model", "fake", "--seconds", "0.1", "--in-flight", "1")
    assert ran.code == 4
    assert "did not answer" in ran.err
    for option, value in (
        ("--slo", "ttft=1"),
        ("--slo", "ttft_p95=-1"),
        ("--rates", "fast"),
        ("--in-flight", "1.5"),
        ("--seconds", "nan"),
    ):
        wrong = evalkit(capsys, "load", suite, "--model", "fake", option, value)
        assert wrong.code == 2, value
        assert "like" in wrong.err


def test_recorded_answers_have_no_load(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": "1", "question": "q?", "answer": "a"}\n')
    (tmp_path / "said.jsonl").write_text('{"id": "1", "text": "a"}\n')
    (tmp_path / "suite.yaml").write_text(
        "name: s\nsensitivity: public\nmodels:\n  m: {adapter: replay, path: said.jsonl}\n"
        "tasks:\n  - {name: t, data: items.jsonl, prompt: '{{ question }}', target: '{{ answer }}', score: exact}\n"
    )
    said = evalkit(capsys, "load", tmp_path / "suite.yaml", "--model", "m", "--results", tmp_path / "results")
    assert said.code == 2
    assert "recorded answers have no server" in said.err


def test_a_step_of_many_requests_is_computed_in_linear_time() -> None:
    """Each cycle looked through all of them: twenty thousand took ten seconds, and a server that is fast gives more."""
    seen = [Seen(n * 0.001, n * 0.001, n * 0.001 + 0.0005, slot=n % 4) for n in range(20_000)]
    begun = time.process_time()
    step = closed_step(4, seen)
    assert time.process_time() - begun < 3
    assert step.requests_per_s is not None and step.requests_per_s.value == pytest.approx(1_000, rel=0.01)
