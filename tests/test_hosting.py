"""What own hardware costs: an hour, a token, and only where a load sweep says what it serves."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalkit.cost.billing import bill
from evalkit.cost.hosting import Hosting, Throughput, curve, unit_prices, usd_per_mtok
from evalkit.errors import StoreError
from evalkit.records import Usage
from evalkit.results.sweeps import hosted_prices
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.board_world import a_row, a_run
from tests.run_facts import made_run, set_facts
from tests.world import evalkit, write_suite

SERVED = Throughput(Decimal(1000), Decimal(900), Decimal(1100), "sweep")
positive = st.integers(1, 10**6).map(lambda n: Decimal(n) / 100)


def test_an_hour_is_gpus_power_and_people() -> None:
    home = Hosting(
        gpus=2,
        usd_per_gpu_hour=Decimal("2.5"),
        power_kw=Decimal("1.4"),
        usd_per_kwh=Decimal("0.30"),
        engineering_hours_per_month=Decimal(73),
        usd_per_engineering_hour=Decimal(100),
    )
    assert home.machine_usd_per_hour == Decimal("5.42")
    assert home.people_usd_per_year == 87_600
    assert home.usd_per_hour == Decimal("15.42")
    lease = Hosting(gpus=8, usd_per_month=Decimal(15_000))
    assert lease.usd_per_hour * 730 == pytest.approx(Decimal(15_000))


@pytest.mark.long
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw imports
@given(positive, positive, st.integers(1, 100), st.integers(1, 100))
def test_a_token_costs_more_the_less_the_machine_is_busy(hour: Decimal, speed: Decimal, a: int, b: int) -> None:
    low, high = sorted((Decimal(a) / 100, Decimal(b) / 100))
    assert usd_per_mtok(hour, speed, low) >= usd_per_mtok(hour, speed, high) > 0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw imports
@given(positive, positive, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_answers_on_own_hardware_are_additive_monotone_and_never_negative(
    hour: Decimal, speed: Decimal, first: int, second: int, more: int
) -> None:
    served = Throughput(speed, speed, speed, "sweep")
    unit = unit_prices("own", Hosting(usd_per_gpu_hour=hour, billing="on_demand"), served)
    assert unit is not None
    one, other = (bill(Usage(input=n, output=0), unit) for n in (first, second))
    both, larger = bill(Usage(input=first + second, output=0), unit), bill(Usage(input=first, output=more), unit)
    assert one is not None
    assert other is not None
    assert both is not None
    assert larger is not None
    assert one.total_usd + other.total_usd == both.total_usd
    assert larger.total_usd >= one.total_usd >= 0
    assert bill(Usage(input=None, output=1), unit) is None


def test_a_stated_utilisation_is_paid_only_where_idle_hours_are() -> None:
    reserved = unit_prices("own", Hosting(usd_per_gpu_hour=Decimal(2), utilisation=Decimal("0.25")), SERVED)
    busy = Hosting(usd_per_gpu_hour=Decimal(2), utilisation=Decimal("0.25"), billing="on_demand")
    on_demand = unit_prices("own", busy, SERVED)
    assert reserved is not None
    assert on_demand is not None
    assert reserved.bands[0][1].input == pytest.approx(4 * on_demand.bands[0][1].input, rel=Decimal("1e-6"))
    assert "25% busy" in reserved.source


def test_people_are_paid_in_idle_hours_even_where_machines_are_not() -> None:
    home = Hosting(
        usd_per_gpu_hour=Decimal(2),
        billing="on_demand",
        engineering_hours_per_month=Decimal(73),
        usd_per_engineering_hour=Decimal(10),
    )
    assert home.paid_usd_per_busy_hour is None
    half = replace(home, utilisation=Decimal("0.5"))
    assert half.paid_usd_per_busy_hour == 2 + 2  # a dollar an hour for people, twice


def test_reserved_hours_of_unknown_utilisation_have_no_price_for_a_token() -> None:
    """The cost without idle hours is the least possible one: a gate that passed on it would be fooled."""
    assert unit_prices("own", Hosting(usd_per_gpu_hour=Decimal(2)), SERVED) is None


def test_the_curve_carries_the_interval_of_the_throughput() -> None:
    rows = curve(Decimal(3), SERVED)
    for row in rows:
        assert Decimal(row["low"]) < Decimal(row["usd_per_mtok"]) < Decimal(row["high"])
    assert [row["utilisation"] for row in rows][-1] == "1"


def test_a_sweep_that_measured_nothing_gives_no_throughput() -> None:
    figure = {"value": 10.0, "low": 9.0, "high": 11.0}
    assert Throughput.read({"serves": {"tokens_per_s": figure, "output_tokens_per_s": 3.0}}, "s") is not None
    for serves in (None, {}, {"tokens_per_s": {**figure, "low": 0}, "output_tokens_per_s": 1}, {"tokens_per_s": "x"}):
        assert Throughput.read({"serves": serves}, "s") is None


@pytest.mark.parametrize(
    ("hosting", "says"),
    [
        ("{gpus: 2}", "usd_per_gpu_hour"),
        ("{usd_per_gpu_hour: 1, usd_per_month: 2}", "one of"),
        ("{usd_per_gpu_hour: 1, power_kw: 2}", "usd_per_kwh"),
        ("{usd_per_gpu_hour: 1, engineering_hours_per_month: 2}", "usd_per_engineering_hour"),
        ("{usd_per_gpu_hour: -1}", "usd_per_gpu_hour"),
        ("{usd_per_gpu_hour: 1, utilisation: 0}", "utilisation"),
        ("{usd_per_gpu_hour: 1, utilisation: 30}", "utilisation"),
        ("{usd_per_gpu_hour: 1, gpu_count: 2}", "gpu_count"),
    ],
)
def test_a_hosting_that_does_not_add_up_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, hosting: str, says: str
) -> None:
    models = f'  own: {{adapter: vllm, model: own, base_url: "http://127.0.0.1:9/v1", hosting: {hosting}}}'
    ran = evalkit(capsys, "check", write_suite(tmp_path, "http://127.0.0.1:9/v1", models=models))
    assert ran.code == 2
    assert says in ran.err


OWN = {"adapter": "vllm", "model": "a", "base_url": "http://gpu:8000", "serve": {"quantization": "fp8"}}
HOME = {"gpu": "H100", "gpus": 2, "usd_per_gpu_hour": "2", "billing": "on_demand"}


def _swept(folder: Path, entry: dict[str, Any], tokens_per_s: float, facts: dict[str, str] | None = None) -> Path:
    """A sweep of `own` as its facts are stored."""
    figure = {"value": tokens_per_s, "low": tokens_per_s, "high": tokens_per_s}
    rate = {"value": 1.0, "low": 1.0, "high": 1.0}
    serves = {"step": "closed 4", "basis": "capacity", "requests_per_s": rate, "tokens_per_s": figure}
    made = made_run(
        folder,
        "s",
        "a" * 64,
        {
            "kind": "load",
            "model_name": "own",
            "model": entry["model"],
            "models": {"own": {"adapter": "vllm", "model": "a", "facts": facts or {}}},
            "suite_resolved": {"models": {"own": entry}},
            "load": {"serves": {**serves, "output_tokens_per_s": 1.0}},
        },
    )
    set_facts(made, status="complete")
    return made


def _price(folder: Path, entry: dict[str, Any], facts: dict[str, str] | None = None) -> Decimal | None:
    """US dollars for a million tokens by the sweeps of a folder."""
    unit = hosted_prices({"own": entry}, "s", folder, sweeps=folder, served=lambda _: facts)["own"][2]
    return None if unit is None else unit.bands[0][1].input


@pytest.mark.parametrize(
    "changed",
    [
        {"adapter": "ctranslate2"},
        {"resource": "other"},
        {"weights": "nightly"},
        {"compute_type": "int8"},
        {"serve": {"quantization": "int4"}},
        {"serve": None},
        {"lora": {"tone": "adapters/tone"}},
        {"intra_threads": 1},
        {"max_batch": 4},
        {"num_ctx": 512},
        {"hosting": {**HOME, "gpus": 1}},
        {"hosting": {**HOME, "gpu": "L4"}},
    ],
    ids=str,
)
def test_a_sweep_of_another_precision_server_or_machine_prices_nothing(tmp_path: Path, changed: dict[str, Any]) -> None:
    now = {**OWN, "hosting": HOME, **changed}
    older = _swept(tmp_path, now, 300.0)
    assert _price(tmp_path, now) is not None
    made = _swept(tmp_path, {**OWN, "hosting": HOME}, 1000.0)
    was = _price(tmp_path, now)
    assert was is not None and was != _price(tmp_path, {**OWN, "hosting": HOME}), "the older one speaks for it"
    shutil.rmtree(older)
    assert _price(tmp_path, now) is None
    with pytest.raises(StoreError, match="measured own with another"):
        _price(tmp_path, {**now, "hosting": {**now["hosting"], "load": made.name}})


@pytest.mark.parametrize(
    "changed",
    [
        {"base_url": "http://gpu:9000"},
        {"settings": {"temperature": 1.0}},
        {"licence": "MIT"},
        {"hosting": {**HOME, "usd_per_gpu_hour": "3"}},
        {"compute_type": None},
    ],
    ids=str,
)
def test_what_decides_no_throughput_may_change_after_a_sweep(tmp_path: Path, changed: dict[str, Any]) -> None:
    _swept(tmp_path, OWN, 1000.0)
    assert _price(tmp_path, {**OWN, "hosting": HOME, **changed}) is not None


def test_other_weights_under_the_same_name_are_not_what_was_measured(tmp_path: Path) -> None:
    _swept(tmp_path, OWN, 1000.0, {"weights": "sha256:aa", "compute_type": "float32"})
    entry = {**OWN, "hosting": HOME}
    assert _price(tmp_path, entry) is not None, "nobody says what lies here now"
    assert _price(tmp_path, entry, {"weights": "sha256:aa", "tokenizer": "x"}) is not None
    assert _price(tmp_path, entry, {"weights": "sha256:bb"}) is None
    assert _price(tmp_path, entry, {"compute_type": "int8_float32"}) is None


def test_a_run_is_not_billed_by_the_sweep_of_another_precision(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hosting = "hosting: {usd_per_gpu_hour: 2, billing: on_demand}"
    suite = write_suite(tmp_path, "", models=f"  own: {{adapter: ctranslate2, model: tiny, {hosting}}}\n", n=3)
    options = ("--model", "own", "--in-flight", "2", "--seconds", "0.3", "--closed-only", "--json")
    assert evalkit(capsys, "load", suite, *options).code == 0
    assert "price unknown" not in evalkit(capsys, "check", suite).out
    suite.write_text(suite.read_text("utf-8").replace("model: tiny,", "model: tiny, compute_type: int8,"), "utf-8")
    assert "price unknown" in evalkit(capsys, "check", suite).out
    assert evalkit(capsys, "run", suite, "--json").json["models"]["own"]["all"]["cost"]["total_usd"] is None
    assert "no load sweep of this model as it is" in _said(capsys)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    """What `evalkit price` prints, its lines joined."""
    return " ".join(evalkit(capsys, "price").out.split())


@pytest.mark.long
def test_a_sweep_counts_only_for_the_model_and_suite_it_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    behaviour = Behaviour(latency_s=0.01, slots=2, input_tokens=10, output_tokens=5)
    with FakeProvider.in_thread(behaviour) as provider:
        place = f'adapter: vllm, base_url: "{provider.base_url}", hosting'
        models = (
            f"  one: {{{place}: {{usd_per_gpu_hour: 2, billing: on_demand}}, model: a}}\n"
            f"  two: {{{place}: {{usd_per_gpu_hour: 2}}, model: b}}\n"
        )
        suite = write_suite(tmp_path, provider.base_url, models=models, n=4)
        sweep = evalkit(
            capsys, "load", suite, "--model", "one", "--in-flight", "2", "--seconds", "0.3", "--closed-only", "--json"
        )
        assert sweep.code == 0
        folder = Path(sweep.json["folder"]).name
        checked = evalkit(capsys, "check", suite).out
        assert "one: vllm" in checked and checked.count("price unknown") == 1, "the sweep gives it a price"
        found = evalkit(capsys, "run", suite, "--json").json["models"]
        assert found["one"]["all"]["cost"]["total_usd"] > 0
        assert found["two"]["all"]["cost"]["total_usd"] is None
        shown = _said(capsys)
        assert "no load sweep" in shown
        assert "capacity, no SLO stated" in shown

        assert "did not ask these prompts" not in shown
        strict = evalkit(
            capsys, "load", suite, "--model", "one", "--in-flight", "2", "--seconds", "0.3", "--slo", "ttft_p95=0.001"
        )
        assert "unknown: no step qualifies" in " ".join(strict.out.split())
        assert evalkit(capsys, "price", "--json").json["hosting"]["one"]["answers_usd"] is None
        shutil.rmtree(Path(sweep.json["folder"]).parent / Path(strict.out.split()[-1]).name)
        suite.write_text(suite.read_text("utf-8").replace("{{ question }}", "Think it over. {{ question }}"), "utf-8")
        assert evalkit(capsys, "run", suite).code == 0
        assert "did not ask these prompts: letters" in _said(capsys)

        named = models.replace("{usd_per_gpu_hour: 2}, model: b", f"{{usd_per_gpu_hour: 2, load: {folder}}}, model: b")
        wrong = evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, models=named, n=4))
        assert wrong.code == 2
        assert "evalkit load SUITE --model two" in wrong.err
        idle = models.replace("billing: on_demand", "billing: reserved")
        assert evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, models=idle, n=4), "--new").code == 0
        reserved = evalkit(capsys, "price", "--json").json
        assert reserved["models"]["one"]["total"]["billed_usd"] is None
        assert reserved["hosting"]["one"]["answers_usd"] is None
        assert Decimal(reserved["hosting"]["one"]["least_usd"]) > 0
        assert "state hosting.utilisation" in _said(capsys)

        nowhere = models.replace("{usd_per_gpu_hour: 2}", "{usd_per_gpu_hour: 2, load: nowhere}")
        absent = evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, models=nowhere, n=4))
        assert absent.code == 2
        assert "nowhere" in absent.err


def test_the_mean_request_of_a_break_even_is_that_of_the_traffic(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Ten samples stand for nine requests each and are short, ten for one and are long: 190 tokens each, not 550."""
    entry = {**OWN, "hosting": HOME}
    _swept(tmp_path / "load", entry, 1000.0)
    rows = [
        a_row(
            model, "triage", n, weight=9.0 if n < 10 else 1.0, input_tokens=100 if n < 10 else 1000, output_tokens=0,
            cost_usd=Decimal("0.001") if n < 10 else Decimal("0.01"),
        )
        for model in ("closed", "own") for n in range(20)
    ]  # fmt: skip
    folder = a_run(tmp_path, ("closed", "own"), rows=rows, suite="s")
    set_facts(
        folder, suite_resolved={"name": "s", "models": {"closed": {"adapter": "openai", "model": "x"}, "own": entry}}
    )
    asked = ("--api", "closed", "--self-hosted", "own", "--results", tmp_path, "--requests-per-day", "1000", "--json")
    said = evalkit(capsys, "breakeven", folder.name, *asked)
    assert said.code == 0, said.err
    assert float(said.json["tokens_per_unit"]) == pytest.approx(190)
    assert any("that of the traffic" in line for line in said.json["assumed"])
    assert {line["name"]: line.get("usd_per_unit") for line in said.json["lines"]}["closed"] == "0.0019"
    (volume,) = said.json["volumes"]
    assert volume["lines"][1]["usd_per_day"].startswith("0.2111")  # 1,000 × 190 tokens at $1.11 a million
