"""Where the lines cross: published worked examples to the cent, the stairs of whole machines, and runs."""

from __future__ import annotations

import re
import runpy
import xml.etree.ElementTree as ET
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.cost.breakeven import Billed, Own, Range, compare, crossover, usd_per_year
from evalkit.cost.scenario import quantity, read_scenario
from evalkit.errors import UserError
from evalkit.render.breakeven import sentences
from evalkit.text import numbers
from tests.conftest import REPO
from tests.world import evalkit

EXAMPLES = REPO / "examples" / "breakeven"


def _compared(name: str) -> dict[str, Any]:
    scenario = read_scenario(EXAMPLES / f"{name}.yaml")
    return compare(scenario.lines, scenario.volumes)


def _years(name: str) -> dict[str, dict[str, str]]:
    (volume,) = _compared(name)["volumes"]
    return {line["name"]: line["usd_per_year"] for line in volume["lines"]}


def test_ten_million_tokens_a_day_cost_27375_a_year_and_the_api_wins() -> None:
    (volume,) = _compared("ten-million-a-day")["volumes"]
    api, own = volume["lines"]
    assert api["usd_per_day"] == "75"
    assert api["usd_per_year"]["value"] == "27375"
    assert own["usd_per_year"]["value"] == "60000"
    assert volume["cheapest"] == "closed API"


def test_the_other_reading_of_half_is_22812_50() -> None:
    assert _years("ten-million-split")["closed API"]["value"] == "22812.5"


def test_ten_times_and_a_hundred_times_as_much() -> None:
    ten = _years("hundred-million-a-day")
    assert ten["closed API"]["value"] == "273750"
    assert (ten["4 to 8 H100"]["low"], ten["4 to 8 H100"]["high"]) == ("120000", "240000")
    hundred = _years("billion-a-day")
    assert hundred["closed API"]["value"] == "2737500"
    assert (hundred["own cluster"]["low"], hundred["own cluster"]["high"]) == ("400000", "600000")


def test_published_crossovers() -> None:
    found = {one["own"]: Decimal(one["units_per_day"]) for one in _compared("crossovers")["crossovers"]}
    millions = {name: round(units / 10**6, 1) for name, units in found.items()}
    assert millions == {"two H100": Decimal("21.9"), "four H100": Decimal("43.8"), "eight H100": Decimal("87.7")}


def test_a_leased_machine_costs_0_69_a_million_tokens_when_full_and_more_when_idle() -> None:
    own = _compared("eight-h100-leased")["lines"][1]
    curve = {row["utilisation"]: Decimal(row["usd_per_mtok"]) for row in own["usd_per_mtok_by_utilisation"]}
    assert curve["1"] == pytest.approx(Decimal("0.684932"), abs=Decimal("1e-6"))  # the example says about 0.69
    assert curve["0.1"] == pytest.approx(curve["1"] * 10, rel=Decimal("1e-5"))
    assert list(curve.values()) == sorted(curve.values(), reverse=True)


def test_below_a_hundred_thousand_requests_a_day_a_hosting_provider_beats_own_machines() -> None:
    made = _compared("third-line")
    cheapest = {int(at["units_per_day"]): at["cheapest"] for at in made["volumes"]}
    assert {cheapest[n] for n in (1000, 10_000, 50_000, 100_000)} == {"hosted open weights"}
    assert cheapest[150_000] == "own two H100"
    against = {one["against"]: Decimal(one["units_per_day"]) for one in made["crossovers"]}
    assert against["hosted open weights"] == pytest.approx(100_000, rel=0.02)


def test_machines_are_counted_for_the_peak_and_not_for_the_mean() -> None:
    own = Own("own", Range.of(Decimal(1000)), tokens_per_s=Range.of(Decimal(1)), peak_factor=Range.of(Decimal(3)))
    assert own.copies(Decimal(86_400)) == 3
    assert own.copies(Decimal(86_401)) == 4
    assert own.copies(Decimal(1)) == 1


amounts = st.integers(1, 10**6).map(Decimal)


@given(amounts, amounts, amounts, amounts, st.integers(1, 4))
def test_the_crossing_is_where_the_lines_really_meet(
    machine: Decimal, people: Decimal, speed: Decimal, price: Decimal, fewest: int
) -> None:
    own = Own("own", Range.of(machine), Range.of(people), tokens_per_s=Range.of(speed / 1000), fewest=fewest)
    api = Billed("api", "api", Range.of(price.scaleb(-6)))
    found = crossover(own, api)
    if found is None:
        for volume in (1, 10**3, 10**6, 10**9, 10**12):
            assert usd_per_year(own, Decimal(volume)) >= usd_per_year(api, Decimal(volume))
        return
    assert usd_per_year(own, found.first) == pytest.approx(usd_per_year(api, found.first), rel=Decimal("1e-12"))
    for share in ("0.1", "0.5", "0.9", "0.999"):
        below = found.first * Decimal(share)
        assert usd_per_year(own, below) > usd_per_year(api, below)
    for factor in ("1.0001", "1.01", "1.1", "2", "10", "1000"):
        beyond = found.stays * Decimal(factor)
        assert usd_per_year(own, beyond) <= usd_per_year(api, beyond)


@given(amounts, amounts, amounts)
def test_a_better_case_crosses_no_later(machine: Decimal, speed: Decimal, price: Decimal) -> None:
    wide = Range(machine, machine * Decimal("0.8"), machine * Decimal("1.3"))
    own = Own("own", wide, tokens_per_s=Range(speed, speed * Decimal("0.9"), speed * Decimal("1.2")))
    api = Billed("api", "api", Range(price, price / 2, price * 2))
    good, usual, bad = (crossover(own, api, good=end) for end in ("high", "value", "low"))
    if usual is not None:
        assert good is not None
        assert good.first <= usual.first
    if bad is not None:
        assert usual is not None
        assert usual.first <= bad.first


def test_machines_that_come_and_go_cost_by_the_token_too() -> None:
    own = Own("own", Range.of(Decimal(8760)), tokens_per_s=Range.of(Decimal(1000)), elastic=True)
    dear = Billed("api", "api", Range.of(Decimal("1e-6")))
    assert usd_per_year(own, Decimal(86_400_000)) == 8760
    assert crossover(own, dear) is not None
    assert crossover(own, Billed("api", "api", Range.of(Decimal("1e-7")))) is None


def test_gpus_that_come_and_go_are_counted_at_the_peak() -> None:
    """Busy hours alone are paid; how many must be had at the busiest moment is another question."""
    two = Range.of(Decimal(2))
    own = Own("own", Range.of(Decimal(8760)), tokens_per_s=Range.of(Decimal(10)), gpus=two, elastic=True)
    own = replace(own, peak_factor=Range.of(Decimal(3)))
    made = compare([own, Billed("api", "api", Range.of(Decimal("1e-3")))], [Decimal(n) for n in (10_000, 5_720_000)])
    assert [at["lines"][0]["gpus"]["low"] for at in made["volumes"]] == ["2", "40"], "66 a second, three times at peak"
    scenario = replace(
        read_scenario(EXAMPLES / "third-line.yaml"), lines=(own, Billed("api", "api", Range.of(Decimal("1e-3"))))
    )
    assert "own costs less than api at every volume." in sentences(scenario, made)


def test_machines_of_which_nobody_says_what_they_serve_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "breakeven", "--scenario", EXAMPLES / "crossovers.yaml")
    said = " ".join(ran.out.split())
    assert "Whether two H100, four H100 and eight H100 can serve these volumes is not stated (`tokens_per_s`" in said


@pytest.mark.parametrize(
    ("text", "value"), [("10M", 10**7), ("1.5B", 1_500_000_000), ("250,000", 250_000), ("1k", 1000)]
)
def test_volumes_as_people_write_them(text: str, value: int) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "ten", "1e9", "nan", "10X"])
def test_what_is_no_volume(text: str) -> None:
    with pytest.raises(ValueError, match="10M"):
        quantity(text)


def test_a_scenario_s_unit_has_the_plural_that_it_says(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: s\nunit: {name: Anfrage, plural: Anfragen, input_tokens: 1000, output_tokens: 0}\n"
        "volumes_per_day: [1M]\nlines:\n  - {name: a, kind: api, usd_per_mtok_input: 1, usd_per_mtok_output: 1}\n"
        "  - {name: b, kind: own, usd_per_month: 1000}\n",
        "utf-8",
    )
    ran = evalkit(capsys, "breakeven", "--scenario", path)
    assert "Anfragen a day" in ran.out and "Anfrages" not in ran.out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{name: a, kind: api, usd_per_mtok_input: 1}", "usd_per_mtok_output"),
        ("{name: a, kind: own}", "usd_per_gpu_hour"),
        ("{name: a, kind: own, usd_per_month: 1, usd_per_year: 2}", "one of"),
        ("{name: a, kind: own, usd_per_gpu_hour: 2}", "gpus"),
        ("{name: a, kind: own, usd_per_month: -1}", "below 0"),
        ("{name: a, kind: own, usd_per_month: .nan}", "number"),
        ("{name: a, kind: own, usd_per_month: 1, tokens_per_s: 0}", "more than 0"),
        ("{name: a, kind: api, usd_per_mtok_input: 1, usd_per_mtok_output: 1, gpus: 2}", "kind: own"),
        ("{name: a, kind: own, usd_per_month: 1, colour: red}", "colour: no such key; known are billing"),
        ("{name: a, kind: own, usd_per_mnth: 1}", "did you mean usd_per_month or "),
        ("{name: a, kind: own, usd_per_month: [2, 1]}", "lower to the higher"),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said_with_its_place(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        f"name: s\nunit: {{input_tokens: 1, output_tokens: 0}}\nvolumes_per_day: [1M]\nlines:\n  - {line}\n", "utf-8"
    )
    with pytest.raises(UserError, match=re.escape(says)) as caught:
        read_scenario(path)
    assert "lines" in str(caught.value)
    path.write_text("lines: [", "utf-8")
    with pytest.raises(UserError, match="no valid YAML"):
        read_scenario(path)


def test_the_command_prints_draws_and_writes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plot, report = tmp_path / "plot.svg", tmp_path / "report.md"
    ran = evalkit(capsys, "breakeven", "--scenario", EXAMPLES / "third-line.yaml", "--svg", plot, "--markdown", report)
    assert ran.code == 0
    assert "101 k requests a day" in ran.out
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 100, "a table that is too wide comes in several, as everywhere"
    assert "hosted open weights" in report.read_text("utf-8")
    drawn = ET.fromstring(plot.read_text("utf-8"))
    marks = [element.get("aria-roledescription") for element in drawn.iter()]
    assert marks.count("line mark") == 3
    assert marks.count("point") == 2
    made = evalkit(capsys, "breakeven", "--scenario", EXAMPLES / "crossovers.yaml", "--json").json
    assert made["crossovers"][0]["units_per_day"].startswith("21917808.2")
    for wrong in (
        ["latest"],
        ["--scenario", EXAMPLES / "third-line.yaml", "--api", "x"],
        ["--scenario", "nowhere.yaml"],
    ):
        assert evalkit(capsys, "breakeven", *wrong).code == 2


def test_hostile_names_stay_text_in_plot_and_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    name = "<script>alert(1)</script> | [x](http://y)"
    scenario.write_text(
        f"name: s\nunit: {{input_tokens: 1, output_tokens: 0}}\nvolumes_per_day: [1M]\nlines:\n"
        f"  - {{name: '{name}', kind: api, usd_per_mtok_input: 1, usd_per_mtok_output: 1}}\n"
        "  - {name: own, kind: own, usd_per_month: 100}\n",
        "utf-8",
    )
    plot, report = tmp_path / "plot.svg", tmp_path / "report.md"
    assert evalkit(capsys, "breakeven", "--scenario", scenario, "--svg", plot, "--markdown", report).code == 0
    assert "<script" not in plot.read_text("utf-8")
    assert "<script" not in report.read_text("utf-8")
    assert r"\[x\]" in report.read_text("utf-8")


@pytest.mark.long
def test_the_example_measures_a_closed_and_an_own_model_and_prints_the_crossover(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    example = runpy.run_path(str(REPO / "examples" / "closed-or-own" / "run.py"))
    capsys.readouterr()
    seconds = (0.5, 1.5, 4.0)  # a busy machine answers too few in half a second to measure any rate
    assert any(example["main"](tmp_path, seconds=s) == 0 for s in seconds if capsys.readouterr())
    said = capsys.readouterr().out
    assert "own costs less than closed from" in said
    assert "own costs less than hosted from" in said
    assert (tmp_path / "breakeven.svg").is_file()


def test_an_own_model_without_a_sweep_has_no_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from evalkit.testing.fake_provider import FakeProvider
    from tests.world import write_suite

    with FakeProvider.in_thread() as provider:
        api = f'base_url: "{provider.base_url}"'
        models = (
            f'  gpt: {{adapter: openai_chat, model: x, {api}, price_as: "openai:gpt-5.5"}}\n'
            f"  own: {{adapter: vllm, model: y, {api}, hosting: {{gpus: 2, usd_per_gpu_hour: 2.5}}}}\n"
            f"  bare: {{adapter: vllm, model: z, {api}}}"
        )
        assert evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, models=models, n=3)).code == 0
    for names, says in (
        (["--api", "gpt", "--self-hosted", "own"], "evalkit load"),
        (["--api", "gpt", "--self-hosted", "bare"], "no hosting"),
        (["--api", "bare", "--self-hosted", "own"], "no known cost"),
        (["--api", "nobody", "--self-hosted", "own"], "has no answers"),
        (["--api", "own", "--self-hosted", "own"], "the same model twice"),
    ):
        ran = evalkit(capsys, "breakeven", "latest", *names)
        assert ran.code == 2
        assert says in ran.err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("21917808.2", "21.9 M"),
        (100_972.7, "101 k"),
        (9875, "9,875"),
        (3, "3"),
        (2.5e9, "2.5 B"),
        (Decimal("0.5"), "0.5"),
    ],
)
def test_volumes_are_shown_with_three_digits(value: Any, shown: str) -> None:
    assert numbers.volume(value) == shown


def test_a_scenario_in_the_place_of_a_run_is_told_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "breakeven", "examples/breakeven/crossovers.yaml")
    assert ran.code == 2
    assert "--scenario examples/breakeven/crossovers.yaml" in ran.err
