"""GuideLLM's reports as load sweeps: payloads are its own reports (0.8.1 and 0.5.4) with the requests left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges.guidellm_report import read_report
from evalkit.store.runs import read_facts
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
PAYLOADS = Path(__file__).parent / "payloads"
NEW, OLD = PAYLOADS / "guidellm-0.8.1.json", PAYLOADS / "guidellm-0.5.4.json"
SUITE = """
name: answers
sensitivity: public
models:
  own: {adapter: vllm, model: MODEL, base_url: "http://127.0.0.1:9/v1", hosting: {gpu: H100, gpus: 2,
        usd_per_gpu_hour: 2.50, billing: on_demand}}
tasks:
  - {name: t, data: {path: items.jsonl}, prompt: "{{ q }}", target: "{{ a }}", score: exact}
"""


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], object], source: Path = NEW) -> Path:
    """A report with something about it changed."""
    report = json.loads(source.read_text("utf-8"))
    change(report)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), "utf-8")
    return path


def written(tmp_path: Path, model: str) -> Path:
    """A suite whose model `own` is called `model` on its server."""
    (tmp_path / "items.jsonl").write_text('{"q": "1 + 1?", "a": "2"}\n', "utf-8")
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE.replace("MODEL", model), "utf-8")
    return path


def metrics(report: dict[str, Any], number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = report["benchmarks"][number]["metrics"]
    return found


def test_a_report_says_what_guidellm_measured_in_our_units(capsys: Capture, tmp_path: Path) -> None:
    ran = evalkit(capsys, "import", "guidellm", NEW, "--slo", "ttft_p95=0.1", "--results", tmp_path)
    assert ran.code == 0, ran.err
    facts = read_facts(Path(ran.out.strip().splitlines()[-1]))
    load = facts["load"]
    one, full, kept, late = load["steps"]
    assert [step["name"] for step in load["steps"]] == ["closed 1", "closed 38", "open 64.6562", "open 346.094"]
    assert one["requests_per_s"]["value"] == 17.75 and one["tokens_per_s"]["value"] == pytest.approx(172.3, abs=0.1)
    assert one["ttft_s"]["p50"] == pytest.approx(0.052, abs=0.001), "milliseconds there are seconds here"
    assert one["total_s"]["p50"] == pytest.approx(0.053, abs=0.001), "and seconds stay seconds"
    assert full["misses_slo"] and load["capacity"]["name"] == "closed 38"
    assert kept["saturated"] is None and "80%" in late["saturated"]
    assert load["within_slo"]["name"] == "open 64.6562"
    assert load["serves"]["basis"] == "within the SLO, on GuideLLM's prompts"
    assert "closed 38 35 of 1,622" in ran.out, "requests that were cut off are counted"
    assert facts["imported"]["version"] == "0.8.1" and facts["status"] == "complete"


def test_the_schema_before_this_one_is_read_too() -> None:
    report = read_report(OLD)
    assert (report.version, report.model) == ("0.5.4", "fake")
    assert [step.name for step in report.steps] == ["closed 1", "closed 4"]


def test_the_sweep_of_a_suites_model_gives_it_a_price(capsys: Capture, tmp_path: Path) -> None:
    suite = written(tmp_path, "fake")
    ran = evalkit(capsys, "import", "guidellm", NEW, "--suite", suite, "--model", "own", "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    assert "USD per million tokens" in ran.out
    assert not evalkit(capsys, "plan", suite, "--json", "--results", tmp_path).json["models"][0]["price_known"]
    plan = evalkit(capsys, "plan", suite, "--json", "--results", tmp_path / "r")
    assert plan.code == 0 and plan.json["models"][0]["price_known"], plan.out


def test_a_report_of_another_model_gives_no_price(capsys: Capture, tmp_path: Path) -> None:
    suite = written(tmp_path, "other")
    ran = evalkit(capsys, "import", "guidellm", NEW, "--suite", suite, "--model", "own", "--results", tmp_path / "r")
    assert ran.code == 2 and "'fake'" in ran.err and "'other'" in ran.err
    assert not (tmp_path / "r/load").exists()


def test_a_report_that_does_not_name_its_model_is_taken_on_trust_and_says_so(capsys: Capture, tmp_path: Path) -> None:
    def unnamed(report: dict[str, Any]) -> None:
        for number, benchmark in enumerate(report["benchmarks"]):
            benchmark["config"]["backend"]["model"] = [1] if number else None

    suite, report = written(tmp_path, "fake"), changed(tmp_path, unnamed)
    ran = evalkit(capsys, "import", "guidellm", report, "--suite", suite, "--model", "own", "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    assert "does not say which model was measured" in " ".join(ran.out.split())


def test_what_guidellm_writes_as_zero_for_unknown_is_unknown(tmp_path: Path) -> None:
    def not_streamed(report: dict[str, Any]) -> None:
        for name in ("time_to_first_token_ms", "inter_token_latency_ms", "prompt_token_count"):
            told = metrics(report)[name]["successful"]
            told |= {key: 0.0 for key in ("mean", "std_dev", "min", "max")}
            told["percentiles"] = dict.fromkeys(told["percentiles"], 0.0)

    step = read_report(changed(tmp_path, not_streamed)).steps[0]
    assert step.times["ttft_s"] is None and step.times["tpot_s"] is None and step.input_tokens is None
    assert step.tokens_per_s is None and step.requests_per_s is not None


def test_a_step_in_which_requests_failed_is_no_capacity(capsys: Capture, tmp_path: Path) -> None:
    def failing(report: dict[str, Any]) -> None:
        for benchmark in report["benchmarks"]:
            benchmark["metrics"]["request_totals"]["errored"] = 200

    ran = evalkit(capsys, "import", "guidellm", changed(tmp_path, failing), "--results", tmp_path)
    load = read_facts(Path(ran.out.strip().splitlines()[-1]))["load"]
    assert load["capacity"] is None and load["serves"] is None
    assert load["steps"][0]["n_errored"] == 200


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda report: report.pop("benchmarks"), "no list of benchmarks"),
        (lambda report: report["metadata"].update(version=9), "schema 9"),
        (lambda report: report["benchmarks"].clear(), "no benchmark"),
        (lambda report: report.update(benchmarks=[3]), "no list of benchmarks"),
        (lambda report: report["benchmarks"][0].pop("metrics"), "damaged"),
        (lambda report: report["benchmarks"][2]["config"]["strategy"].update(rate=float("nan")), "damaged"),
        (lambda report: report["benchmarks"][2]["config"]["strategy"].update(rate=[1]), "damaged"),
        (lambda report: report["benchmarks"][0]["config"]["backend"].update(model="other"), "several models"),
        (lambda report: [one["config"]["strategy"].update(type_=[1]) for one in report["benchmarks"]], "no benchmark"),
    ],
)
def test_a_damaged_report_is_a_sentence(
    capsys: Capture, tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    ran = evalkit(capsys, "import", "guidellm", changed(tmp_path, change), "--results", tmp_path / "r")
    assert ran.code == 2 and said in ran.err, ran.err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("text", ["", "nothing", "[" * 200_000, '{"benchmarks": ', "[]", "{}"])
def test_what_is_no_report_is_a_sentence(capsys: Capture, tmp_path: Path, text: str) -> None:
    (tmp_path / "benchmarks.json").write_text(text, "utf-8")
    ran = evalkit(capsys, "import", "guidellm", tmp_path, "--results", tmp_path / "r")
    assert ran.code == 2 and ran.err.startswith("evalkit: ") and "Traceback" not in ran.err
    assert len(ran.err) < 500


def test_hostile_names_are_shown_escaped(capsys: Capture, tmp_path: Path) -> None:
    def hostile(report: dict[str, Any]) -> None:
        for benchmark in report["benchmarks"]:
            benchmark["config"]["backend"]["model"] = "../../x\x1b[31m"
            benchmark["config"]["strategy"]["type_"] = "synchronous"
        report["benchmarks"][1]["config"]["strategy"]["type_"] = "trace\x1b[31m"

    ran = evalkit(capsys, "import", "guidellm", changed(tmp_path, hostile), "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out and "left out" in ran.out
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["load"]
