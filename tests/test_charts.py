"""Each chart is defined once: the board draws the specification, pages and files draw the same one by vl-convert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from evalkit import child
from evalkit.decide.stored import decision_of
from evalkit.errors import NoPicture
from evalkit.render import charts, pictures, tradeoff_chart
from evalkit.render.board_charts import Bar, ForestRow, bars, forest
from evalkit.render.cost_curves import Curve, CurvePoint, MarkedPoint, curves
from evalkit.render.history_chart import HistoryPoint, history, spread
from evalkit.render.rule_text import rendered_rules_of
from evalkit.render.vega import Chart, Spec
from evalkit.results.entries import entries_of, standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, points_of
from tests.board_world import a_row, a_run
from tests.world import evalkit

EVIL = "<script>alert(1)</script>'\"]}\u202e${x} https://evil.example/x.png"
MODELS = ("gpt", "qwen", EVIL)
GATE = {"baseline": "gpt", "candidates": ["qwen"], "rules": [{"quality": "all", "margin": 0.3}]}


@pytest.fixture(autouse=True)
def _as_a_person_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a child for each page, not by the one that the other tests share."""
    monkeypatch.setattr(pictures, "child", child)


def every_chart(results: Path) -> dict[str, Chart]:
    """One of each kind, over models of which one has a hostile name."""
    rows = [a_row(model, task, at) for task in ("refunds", "triage") for at in range(30) for model in MODELS]
    a_run(results, MODELS, rows=rows, n=30, gate=GATE)
    reader = ResultsReader(results)
    lines = standing(reader, entries_of(reader, "support"), None)
    run = reader.runs()[0].name
    past = [
        HistoryPoint(f"2026-11-{day:02}T10:00:00Z", model, run, 0.5, 0.4, None, "0.5", (f"was {EVIL}",))
        for day in (1, 8)
        for model in MODELS
    ]
    costs = [Curve(m, [CurvePoint(10.0**n, 10.0**n * k, 9.0**n * k, 11.0**n * k, "$1") for n in range(1, 6)])
             for k, m in enumerate(MODELS, 1)]  # fmt: skip
    made = {
        "leaderboard": charts.leaderboard(lines, chosen=[EVIL]),
        "picture": charts.leaderboard(lines, figures=True),
        **{
            axis: tradeoff_chart.tradeoff(points_of(reader, lines, axis), axis, chosen=[EVIL], selects=True)
            for axis in AXES
        },
        "history": history(past, "quality"),
        "forest": forest([ForestRow(EVIL, -0.1, -0.2, 0.0, "−0.100", True, "all")], "B − A"),
        "bars": bars([Bar(EVIL, 2.0, "$2", "model"), Bar("judge", 1.0, "$1", EVIL)], "US dollars"),
        "curves": curves(costs, x="requests", y="USD", title=EVIL, crossings=[MarkedPoint(100.0, 100.0, EVIL)]),
    }
    rules = [replace(rule, rule=EVIL, title=EVIL) for rule in rendered_rules_of(decision_of(reader, run))]
    for n, chart in enumerate(charts.rules_by_scale(rules, EVIL)):
        made[f"rules {n}"] = chart
    return {name: chart for name, chart in made.items() if chart is not None}


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


@pytest.mark.long
def test_every_chart_is_drawn_from_the_specification_that_the_board_gets(tmp_path: Path) -> None:
    made = every_chart(tmp_path)
    assert len(made) >= 8
    for name, drawn in zip(made, pictures.svg(list(made.values())), strict=True):
        root = ET.fromstring(drawn)
        assert root.get("role") == "img" and root.get("aria-label"), name
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "path", "rect", "line", "text", "title", "defs", "clipPath"}, name
        assert "<script" not in drawn and "\u202e" not in drawn
        for element in root.iter():
            assert not [key for key in element.attrib if key.startswith("on") or key.endswith("href")], name


def test_no_specification_has_an_address_an_image_or_a_name_in_an_expression(tmp_path: Path) -> None:
    for name, chart in every_chart(tmp_path).items():
        assert json.loads(json.dumps(chart.spec, allow_nan=False)) == chart.spec, "plain JSON, every figure finite"
        for node in nodes(chart.spec):
            assert not {"href", "url", "image", "signal", "calculate", "format_custom"} & set(node), name
            for kind in ("filter", "expr"):
                assert not [one for one in (*MODELS, "script") if one in str(node.get(kind, ""))], name


@pytest.mark.long
def test_a_picture_for_a_slide_is_small_and_complete(tmp_path: Path) -> None:
    from PIL import Image

    content = pictures.png(every_chart(tmp_path)["picture"])
    with Image.open(BytesIO(content)) as image:
        assert image.format == "PNG" and image.width > 1000
    assert len(content) < 150_000


def test_words_say_every_figure_of_a_chart(tmp_path: Path) -> None:
    made = every_chart(tmp_path)
    assert "gpt: 0." in made["leaderboard"].alt and "leads" in made["leaderboard"].alt
    assert "on the front" in made["USD per 1,000 samples"].alt
    assert "of <script>" in made["rules 0"].alt, "words are text: whoever shows them escapes them"


def test_without_the_extra_the_page_has_its_tables_and_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(tmp_path / "results", n=10)
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    ran = evalkit(capsys, "report", "latest", "--results", tmp_path / "results", "--html", tmp_path / "r.html")
    assert ran.code == 0, ran.err
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "<svg" not in page and "<table" in page
    assert "uv sync --extra charts" in page


def test_without_the_extra_a_plot_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    scenario = Path(__file__).parents[1] / "examples" / "breakeven" / "third-line.yaml"
    ran = evalkit(capsys, "breakeven", "--scenario", scenario, "--svg", tmp_path / "p.svg")
    assert ran.code == 2 and "uv sync --extra charts" in ran.err
    assert not (tmp_path / "p.svg").exists()


@pytest.mark.long
def test_a_chart_that_vega_cannot_draw_is_a_sentence() -> None:
    with pytest.raises(NoPicture, match="could not be drawn"):
        pictures.svg([Chart({"mark": "no such mark", "encoding": 7}, "nothing")])


@pytest.mark.long
def test_nothing_is_fetched_for_a_drawing() -> None:
    spec: Spec = {"data": {"url": "http://127.0.0.1:9/data.json"}, "mark": "point", "encoding": {}}
    with pytest.raises(NoPicture):
        pictures.svg([Chart(spec, "remote data")])


@pytest.mark.long
def test_drawing_imports_no_chart_library_here() -> None:
    import subprocess
    import sys

    code = "import sys; from evalkit.render import charts, pictures, tradeoff_chart, html; "
    code += "assert not {'altair', 'vl_convert', 'pandas', 'streamlit'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.long
def test_of_many_models_those_on_the_front_and_the_chosen_are_named(tmp_path: Path) -> None:
    models = [f"m{n}" for n in range(20)]
    rows = [
        a_row(m, "refunds", at, score=float(at < 5 + n), cost_usd=Decimal(n + 1))
        for n, m in enumerate(models)
        for at in range(30)
    ]
    a_run(tmp_path, models, rows=rows, n=30)
    reader = ResultsReader(tmp_path)
    points = points_of(reader, standing(reader, entries_of(reader, "support"), None), "USD per 1,000 samples")
    assert tradeoff_chart.is_wide(points)
    chart = tradeoff_chart.tradeoff(points, "USD per 1,000 samples", log=True, chosen=["m3"])
    assert chart is not None
    named = {row["model"] for row in chart.spec["data"]["values"] if row["wide"]}  # type: ignore[index]
    front = {point.name for point in points if point.state == "front"}
    assert named == front | {"m3"}
    few = tradeoff_chart.tradeoff(points[:5], "USD per 1,000 samples")
    assert few is not None and all(row["wide"] for row in few.spec["data"]["values"])  # type: ignore[index]


@pytest.mark.long
def test_a_model_whose_name_has_no_room_has_a_number_that_is_explained(tmp_path: Path) -> None:
    """Thirteen models with nearly the same figures: on a telephone there is room for few names."""
    models = [f"a-model-of-some-maker-{n}" for n in range(13)]
    rows = [
        a_row(m, "refunds", at, score=float(at < 20 + n % 3), cost_usd=Decimal(100 + n))
        for n, m in enumerate(models)
        for at in range(30)
    ]
    a_run(tmp_path, models, rows=rows, n=30)
    reader = ResultsReader(tmp_path)
    points = points_of(reader, standing(reader, entries_of(reader, "support"), None), "USD per 1,000 samples")
    chart = tradeoff_chart.tradeoff(points, "USD per 1,000 samples")
    assert chart is not None
    (told,) = chart.spec["params"]  # type: ignore[misc]
    drawn = chart.spec["data"]["values"]  # type: ignore[index]
    for size in ("narrow", "middle", "wide", "widest"):
        explained = dict(one.split(" ") for line in told["value"][size] for one in line.split(" · "))
        shown = {row["model"]: row[size] for row in drawn}
        assert all(text in ("", model) or explained[text] == model for model, text in shown.items())
        assert len(set(filter(None, shown.values()))) == sum(map(bool, shown.values())), "a number is one model's"
        assert sum(map(bool, shown.values())) >= 10
    assert any(text.isdecimal() for text in (row["narrow"] for row in drawn))
    drawn_svg = pictures.svg([chart])[0]
    assert "1 a-model-of-some-maker-" in drawn_svg, "the numbers are explained in the picture itself"


def _point(day: str, model: str, value: float, *notes: str) -> HistoryPoint:
    return HistoryPoint(f"2026-11-{day}Z", model, "r", value, value - 0.1, value + 0.1, str(value), notes)


def test_a_history_names_days_leaves_room_at_both_ends_and_says_what_changed() -> None:
    points = [_point(f"{day}T10:00:00", model, 0.5, *(["price: 1 → 2"] if day == "21" else []))
              for day in ("14", "21", "28") for model in ("gpt", "qwen")]  # fmt: skip
    spec = history(points, "quality").spec
    layers = cast("list[Any]", spec["layer"])
    x = layers[0]["encoding"]["x"]
    assert x["axis"]["format"] == "%-d %b"
    assert x["axis"]["values"] == [f"2026-11-{day}T10:00:00Z" for day in ("14", "21", "28")]
    rows = cast("Any", spec["data"])["values"]
    assert all(x["scale"]["domain"][0] < row["x"] < x["scale"]["domain"][1] for row in rows)
    assert len({row["x"] for row in rows}) == len(rows), "whiskers of one run stand beside each other"
    assert [row["changed"] for row in rows] == ["", "", "price", "price", "", ""]
    assert any(one["encoding"].get("text", {}).get("field") == "changed" for one in layers)


def test_a_history_of_one_run_names_its_day() -> None:
    x = cast("Any", history([_point("14T10:00:09", "gpt", 0.5)], "quality").spec["layer"])[0]["encoding"]["x"]
    assert (x["axis"]["format"], x["axis"]["values"]) == ("%-d %b", ["2026-11-14T10:00:09Z"])
    assert x["scale"]["domain"] == ["2026-11-13T22:00:09Z", "2026-11-14T22:00:09Z"]


def test_a_history_of_two_runs_of_a_day_names_their_hours() -> None:
    points = [_point("14T10:00:09", "gpt", 0.5), _point("14T17:00:09", "gpt", 0.6)]
    x = cast("Any", history(points, "quality").spec["layer"])[0]["encoding"]["x"]
    assert x["axis"]["format"] == "%-d %b %H:%M"


def test_names_stand_as_near_to_their_lines_as_all_of_them_allow() -> None:
    assert spread([0.9, 0.5], 0.1, 0.0, 1.0) == [0.9, 0.5], "nothing in the way"
    assert spread([0.5, 0.5, 0.5], 0.1, 0.0, 1.0) == pytest.approx([0.6, 0.5, 0.4]), "about the middle, not below it"
    assert spread([0.8, 0.52, 0.5], 0.1, 0.0, 1.0) == pytest.approx([0.8, 0.56, 0.46])
    assert spread([0.02, 0.0], 0.1, 0.0, 1.0) == pytest.approx([0.1, 0.0]), "none below the axis"
