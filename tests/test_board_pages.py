"""Every page of the board, drawn by Streamlit itself: with no, one and many runs, damaged ones, and hostile answers."""

from __future__ import annotations

import json
import os
import re
import shutil
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from evalkit.decide.stored import decision_of
from evalkit.facts import RunFacts
from evalkit.records import Message, Outcome, Row
from evalkit.results.entries import entries_of
from evalkit.results.reader import ResultsReader
from evalkit.store import run_lock, runs
from evalkit.store.judge_files import open_judging
from evalkit.store.reviews import read_reviews
from evalkit.store.sealing import seal
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.text import numbers
from scripts import board_example
from tests.board_world import HOSTILE, TASKS, a_row, a_run, an_error, facts_of
from tests.conftest import REPO
from tests.run_facts import set_facts
from tests.store_rows import write
from tests.world import evalkit, write_suite

pytest.importorskip(
    "streamlit", reason="THE BOARD IS NOT TESTED: streamlit is not installed (uv sync --extra app, or the dev group)"
)
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from evalkit.board import app

# Every AppTest reads the metadata of every installed package, three times over: more than half of what a page takes.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)  # type: ignore[assignment]

PAGES = tuple(path for path, _, _ in app.PAGES)
GATE = {
    "baseline": "gpt",
    "candidates": ["qwen"],
    "rules": [{"quality": "all", "margin": 0.3}, {"cost": "usd_per_1k_samples", "max_ratio": 0.5}],
}


def _page(name: str, results: str) -> None:
    """Runs inside Streamlit: source only, so it imports for itself."""
    from importlib import import_module
    from pathlib import Path

    from evalkit.results.reader import ResultsReader

    import_module(f"evalkit.board.{name}").render(ResultsReader(Path(results)))


def draw(page: str, results: Path, **query: str | list[str]) -> AppTest:
    """The page after one run; fails when it shows a traceback."""
    at = AppTest.from_function(_page, kwargs={"name": page, "results": str(results)}, default_timeout=60)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, [entry.value for entry in at.exception]
    return at


def opened(at: AppTest, key: str) -> AppTest:
    """The page after a reader opened a place on it; fails when it shows a traceback."""
    at.session_state[key] = True
    at.run()
    assert not at.exception, [entry.value for entry in at.exception]
    return at


def words(at: AppTest) -> str:
    """Everything that the page says, as the browser is told."""
    return "\n".join(str(getattr(element, "value", "")) for element in at.main)


def tables(at: AppTest) -> str:
    return "\n".join(frame.value.to_string() for frame in at.dataframe)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of two suites, one with a gate and errors, beside folders that cannot be read."""
    results = tmp_path_factory.mktemp("many")
    a_run(results, ("gpt", "tiny"), n=30)
    rows = [a_row(m, t, i) for t in TASKS for i in range(40) for m in ("gpt", "qwen", "tiny")][:-1]
    a_run(results, n=40, rows=[*rows, an_error("tiny", "triage", 39)], gate=GATE)
    a_run(results, ("qwen",), n=20, suite="other")
    for name, content in (("newer", '{"schema_version": 99}'), ("half", '{"schema'), ("list", "[]")):
        (results / name).mkdir()
        (results / name / "run.json").write_text(content)
    broken = a_run(results, ("gpt",), n=5, suite="broken")
    (broken / "rows-1.parquet").write_bytes(b"PAR1 no more")
    (broken / "summary.json").unlink()
    (results / "notes").mkdir()
    return results


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_folder_shows_the_first_command_to_type(page: str, tmp_path: Path) -> None:
    at = draw(page, tmp_path / "results")
    assert "evalkit run suites/quickstart.yaml" in at.code[0].value


@pytest.mark.long(but=3)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_one_run(page: str, tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt",), n=6)
    draw(page, tmp_path)


@pytest.mark.long(but=2)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_many_runs_and_names_what_it_cannot_read(page: str, many: Path) -> None:
    at = draw(page, many)
    said = "\n".join(element.value for element in at.text)
    assert "written by a newer evalkit" in said
    assert "half" in said and "damaged" in said
    assert "rows-1.parquet" in said
    assert "notes" not in said, "a folder that has nothing of a run is nobody's problem"


def test_tables_that_a_reader_has_to_open_are_made_when_they_are_opened(many: Path) -> None:
    at = draw("leaderboard", many, suite="support")
    n = len(at.dataframe)
    assert "Every suite" in [place.label for place in at.expander]
    opened(at, "every suite")
    assert len(at.dataframe) == n + 1
    assert {"model", "support", "other"} <= set(at.dataframe[-1].value.columns)
    assert "Suites ask different questions" in words(at)


@pytest.mark.parametrize("page", PAGES)
def test_a_run_without_rows_and_one_with_odd_facts_are_shown(page: str, tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt",), rows=[], status="running")
    odd = a_run(tmp_path, ("gpt", "qwen"), n=4, suite="odd")
    facts = json.loads((odd / "run.json").read_text())
    facts |= {"models": None, "tasks": [1], "suite_resolved": 3, "reasons": ["**why**"], "n_rows": None}
    (odd / "run.json").write_text(json.dumps(facts))
    draw(page, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir(mode=0)
    assert "results" in draw("leaderboard", tmp_path / "results").error[0].value


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    assert "no folder of results" in draw("leaderboard", tmp_path / "results").error[0].value.replace("\\", "")


def test_the_leaderboard_says_who_is_best_and_how_sure_that_is(many: Path) -> None:
    at = draw("leaderboard", many, suite="support")
    assert at.subheader[0].value.startswith("gpt leads (0.")
    assert "Too close to call: qwen." in at.subheader[0].value
    assert "qwen costs least" in at.subheader[0].value
    frame = at.dataframe[0].value
    assert frame["model"].tolist()[-1] == "tiny"
    assert frame["standing"].tolist() == ["leads", "too close to call", "behind"]
    assert "served as" not in frame, "what is rarely asked for would make the table wider than the page"
    everything = draw("leaderboard", many, suite="support", columns="true").dataframe[0].value
    assert set(frame) < set(everything) and "gpt-5-2026" in everything["served as"].tolist()
    said = "\n".join(element.value for element in at.markdown).replace("\\", "")
    assert "retires on 2026-12-11" in said or "retired on 2026-12-11" in said
    assert "1 failed" in said


def test_filters_come_from_the_url(many: Path) -> None:
    at = draw("leaderboard", many, suite="support", search="permissive", task="triage")
    assert at.dataframe[0].value["model"].tolist() == ["qwen"]
    assert at.selectbox(key="task").value == "triage"
    assert "No model fits" in draw("leaderboard", many, search="nothing like it").info[0].value


def test_three_cards_say_what_the_leaderboard_decides(many: Path) -> None:
    at = draw("leaderboard", many, suite="support")
    said = words(at).replace("\\", "")
    told = [block.value for block in at.markdown if block.value.startswith(":small[")]
    assert [one.partition("]")[0] for one in told] == [":small[Best quality", ":small[Best value", ":small[Fastest"]
    assert "**qwen** · $0.40 per 1,000 samples" in said
    assert "too close to call" in said
    assert "Too close to call: qwen." in said


def test_a_filter_recomputes_the_headline_for_what_is_shown(many: Path) -> None:
    at = draw("leaderboard", many, suite="support", tier="open weights, permissive")
    assert at.dataframe[0].value["model"].tolist() == ["qwen"]
    assert at.subheader[0].value.startswith("qwen is the only model here")
    at = draw("leaderboard", many, suite="support", max_usd="1")
    assert at.dataframe[0].value["model"].tolist() == ["qwen"], "2 dollars and an unknown price are both above 1"
    assert any("1 of 3 models shown" in block.value for block in at.caption)


def test_columns_of_which_nothing_is_known_are_left_out(tmp_path: Path) -> None:
    a_run(tmp_path, ("tiny", "other"), n=6)
    columns = draw("leaderboard", tmp_path).dataframe[0].value.columns
    assert "USD per 1,000" not in columns and "licence" not in columns
    assert "total p50" in columns


@pytest.mark.long(but=1)
@pytest.mark.parametrize("page", ["leaderboard", "tradeoff", "sample", "cost", "history"])
def test_a_maker_s_mark_stands_before_each_model_and_none_where_no_maker_is_known(page: str, tmp_path: Path) -> None:
    for n in (10, 12):
        a_run(tmp_path / "known", ("gpt", "qwen", "other"), n=n)
        a_run(tmp_path / "unknown", ("other",), n=n)
    [table, *_] = [one.value for one in draw(page, tmp_path / "known").dataframe if "by" in one.value]
    marks = {name: unquote(mark) for name, mark in zip(table["model"], table["by"], strict=True)}
    assert list(table.columns).index("by") + 1 == list(table.columns).index("model")
    assert ">OA<" in marks["gpt"] and "<rect" in marks["gpt"], "OpenAI, closed: a square, as on the trade-off chart"
    assert ">Ali<" in marks["qwen"] and "<circle" in marks["qwen"]
    assert page == "tradeoff" or ">?<" in marks["other"], "what has no price is not on the trade-off chart"
    assert not any("by" in one.value for one in draw(page, tmp_path / "unknown").dataframe)


def chosen(at: AppTest) -> list[str]:
    return list(at.sidebar.multiselect(key="models").value)


@pytest.mark.long(but=2)
@pytest.mark.parametrize("page", PAGES)
def test_the_chosen_models_come_from_the_address_and_are_marked_on_every_page(page: str, many: Path) -> None:
    at = draw(page, many, suite="support", models="qwen")
    assert chosen(at) == ["qwen"]
    if page in {"leaderboard", "sample", "cost", "runs"}:
        assert "★ qwen" in tables(at)
    if page == "versus":
        assert at.selectbox(key="b").value.endswith(":qwen")
    if page == "cost":
        assert at.selectbox(key="api").value == "qwen"


@pytest.mark.parametrize(
    ("baseline", "sides"), [("qwen", ["qwen", "tiny"]), ("baseline@support", ["gpt", "tiny"]), (None, ["qwen", "tiny"])]
)
def test_versus_opens_with_the_gate_s_baseline_on_the_left(
    tmp_path: Path, baseline: str | None, sides: list[str]
) -> None:
    a_run(tmp_path, ("gpt",), n=5)
    rules = [{"quality": "all", "margin": 0.05}] if baseline else [{"quality": "all", "min": 0.5}]
    gate = {"baseline": baseline, "candidates": ["tiny"], "rules": rules}
    newest = a_run(tmp_path, ("qwen", "tiny") if baseline != "baseline@support" else ("tiny",), n=5, gate=gate)
    set_facts(newest, started_at="2030-01-01T00:00:00Z")
    at = draw("versus", tmp_path)
    assert [at.selectbox(key=k).value.split(":")[1] for k in "ab"] == sides


def test_two_chosen_models_are_the_two_sides_unless_a_link_says_otherwise(many: Path) -> None:
    at = draw("versus", many, models=["tiny", "gpt"])
    assert [at.selectbox(key=k).value.split(":")[1] for k in "ab"] == ["tiny", "gpt"]
    at.sidebar.multiselect(key="models").set_value(["qwen"]).run()
    assert at.selectbox(key="b").value.endswith(":qwen")
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw("versus", many, models="qwen", a=f"{run}:gpt", b=f"{run}:tiny")
    assert [at.selectbox(key=k).value.split(":")[1] for k in "ab"] == ["gpt", "tiny"]


def test_a_row_of_the_leaderboard_and_a_point_of_the_chart_choose_a_model(many: Path) -> None:
    from functools import partial

    def click(page: str, key: str, choose: str, event: dict[str, Any], names: Any) -> list[str]:
        from importlib import import_module

        import streamlit as st

        st.session_state[key] = {"selection": event}
        partial(getattr(import_module(f"evalkit.board.{page}"), choose), names)()
        return list(st.session_state["models"])

    assert click("leaderboard_table", "leaderboard_table", "_choose", {"rows": [1, 0]}, ["gpt", "qwen"]) == [
        "qwen",
        "gpt",
    ]
    picked = {"picked": [{"model": "shown"}, {"model": "gone"}]}
    assert click("tradeoff", "tradeoff_chart", "_choose", picked, {"shown": "its name"}) == ["its name"]


@pytest.mark.long
def test_nonsense_in_the_url_is_ignored(many: Path) -> None:
    for page in PAGES:
        draw(page, many, suite="'; drop table rows", task="../..", a="nobody:x", b="%00", run="..", item="x", axis="?")
        evil = "<img src=https://evil.example/i.png onerror=alert(1)> ![i](https://evil.example/i.png) \x1b[2J\u202e"
        keys = ("suite", "task", "a", "b", "run", "item", "find", "search", "models", "which", "text", "slice")
        at = draw(page, many, **dict.fromkeys(keys, evil))
        assert not _allows_html(at)
        for block in [*at.markdown, *at.caption, *at.subheader, *at.info, *at.warning, *at.error]:
            assert "evil.example" not in re.sub(r"\\.", "", block.value), page


def test_a_model_of_unknown_price_is_named_and_not_drawn_as_free(many: Path) -> None:
    at = draw("tradeoff", many, suite="support")
    assert "tiny" in at.warning[0].value
    assert "tiny" not in at.dataframe[0].value["model"].tolist()
    assert "qwen" in at.subheader[0].value


def test_the_best_at_each_price_is_dearer_only_where_it_is_shown_to_be_better(tmp_path: Path) -> None:
    skills = {"cheap": (60, "0.001"), "alike": (62, "0.002"), "good": (95, "0.004")}
    rows = [
        a_row(name, "refunds", n, score=float(n * 37 % 100 < right), cost_usd=Decimal(usd))
        for name, (right, usd) in skills.items()
        for n in range(100)
    ]
    a_run(tmp_path, tuple(skills), rows=rows, n=100)
    at = draw("tradeoff", tmp_path)
    said = at.subheader[0].value.replace("\\", "")
    assert said == "Best at each price: cheap for $1.00 (0.600); good from $4.00 (0.950)."
    assert any("not shown to be better than a cheaper one: alike." in block.value for block in at.caption)


def test_versus_opens_with_the_verdict_and_reads_a_flip(many: Path) -> None:
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw("versus", many, a=f"{run}:gpt", b=f"{run}:tiny")
    assert "tiny is" in at.subheader[0].value and "points worse than gpt" in at.subheader[0].value
    assert "95 % interval" in at.subheader[0].value
    marked = [block.proto.body for block in at.get("html")]
    assert ["<del" in one for one in marked] == [True, False], "both answers, with the words that differ marked"
    assert ["<ins" in one for one in marked] == [False, True]
    at.selectbox(key="change").set_value("wrong to right").run()
    assert not at.exception
    assert all("right" in row for row in at.dataframe[1].value["B"])


def test_versus_keeps_the_names_of_tests_for_who_opens_how_it_was_computed(many: Path) -> None:
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw("versus", many, a=f"{run}:gpt", b=f"{run}:tiny")
    [how] = [block for block in at.expander if block.label == "How it was computed"]
    method = " ".join(block.value for block in how.markdown)
    assert "Test: " in method and "docs/gate-statistics.md" in method
    assert any(block.value.startswith("B scored higher on") for block in at.caption)
    assert not any("on paired samples" in block.value for block in at.caption)


def test_versus_shows_an_answer_as_text_whatever_it_holds(tmp_path: Path) -> None:
    said = {"gpt": "Refund within 30 days <b>now</b> & here", "tiny": "Refund within 14 days <b>now</b> & here"}
    run = a_run(tmp_path, rows=[a_row(m, "refunds", n, text=said[m]) for n in range(20) for m in said])
    at = draw("versus", tmp_path, a=f"{run.name}:gpt", b=f"{run.name}:tiny", change="every sample")
    marked = [block.proto.body for block in at.get("html")]
    assert len(marked) == 2
    assert all("<b>" not in one and "&lt;b&gt;now&lt;/b&gt; &amp; here" in one for one in marked)


def test_versus_filters_by_slice_outcome_and_text(many: Path) -> None:
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw(
        "versus", many, a=f"{run}:gpt", b=f"{run}:tiny", change="every sample", slice="language = de", text="Ticket 4:"
    )
    assert set(at.dataframe[1].value["sample"]) == {"refunds-4", "triage-4"}
    at = draw("versus", many, a=f"{run}:gpt", b=f"{run}:tiny", change="every sample", outcome="errored")
    assert set(at.dataframe[1].value["sample"]) == {"triage-39"}


def test_a_sample_shows_every_model(many: Path) -> None:
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw("sample", many, run=run, find="refunds-7")
    assert at.dataframe[0].value["model"].tolist() == ["gpt", "qwen", "tiny"]
    assert any("Ticket 7" in block.value for block in at.code)


def test_a_trace_stands_beside_the_answer_as_text_to_copy(tmp_path: Path) -> None:
    told: dict[str, object] = {"gpt": "https://traces.example/t/1", "tiny": {"spans": [{"name": "\x1b[2Jretrieve"}]}}
    rows = [a_row(name, "refunds", 0, raw_usage={"trace_id": trace}) for name, trace in told.items()]
    run = a_run(tmp_path, rows=rows)
    at = draw("sample", tmp_path, run=run.name)
    shown = [block.value for block in at.code]
    assert "https://traces.example/t/1" in shown
    assert any('"name": "\\u001b[2Jretrieve"' in one for one in shown)
    assert not any("traces.example" in block.value for block in at.markdown)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"gpt": 1.0, "qwen": 0.0, "tiny": 1.0}, "2 of 3 models are right on this item."),
        ({"gpt": 1.0, "qwen": 0.4, "tiny": 0.6}, "3 models scored from 0.400 (qwen) to 1.000 (gpt) on this item."),
        ({"gpt": 0.5, "qwen": 0.5}, "2 models of this item scored 0.500."),
    ],
)
def test_a_sample_says_first_how_the_models_did(tmp_path: Path, scores: dict[str, float], said: str) -> None:
    run = a_run(tmp_path, rows=[a_row(m, "refunds", 0, score=s, outcome=Outcome.SCORED) for m, s in scores.items()])
    assert draw("sample", tmp_path, run=run.name).subheader[0].value == said


def test_a_sample_counts_answers_without_a_score_apart(tmp_path: Path) -> None:
    run = a_run(tmp_path, rows=[a_row("gpt", "refunds", 0, outcome=Outcome.RIGHT, score=1.0),
                                an_error("tiny", "refunds", 0)])  # fmt: skip
    said = draw("sample", tmp_path, run=run.name).subheader[0].value
    assert said == "1 of 1 model is right on this item. 1 model has no score."


@pytest.mark.parametrize("page", ["sample", "versus"])
def test_a_later_turn_is_shown_with_what_each_model_itself_had_said_before(page: str, tmp_path: Path) -> None:
    def turn(model: str, n: int) -> Row:
        before = (Message("user", f"First {n}?"), Message("assistant", f"{model} said so."), Message("user", "And?"))
        return a_row(model, "refunds", n, prompt=before)

    run = a_run(tmp_path, rows=[turn(model, n) for n in range(20) for model in ("gpt", "tiny")])
    at = draw(page, tmp_path, run=run.name, a=f"{run.name}:gpt", b=f"{run.name}:tiny", change="every sample")
    shown = [block.value for block in at.code]
    assert shown.count("gpt said so.") == 1
    assert shown.count("tiny said so.") == 1


def test_the_gate_page_shows_each_rule_against_its_limit(many: Path) -> None:
    at = draw("gate", many)
    assert at.subheader[0].value.replace("\\", "") == (
        "✔ qwen passes all 2 required rules: it measured 7.5 points below gpt, within the loss of 30.0 points that the "
        "gate accepts."
    )
    matrix, rules = at.table[0].value, at.dataframe[0].value
    assert matrix.iloc[0].tolist() == ["**qwen**", "pass", "pass", "pass"], "a candidate, its verdict, its two rules"
    assert rules["rule"].tolist()[0] == "quality of all tasks ≥ −30.0 points"
    assert rules["interval"].str.startswith("data:image/svg+xml,").all()


def test_the_gate_page_opens_one_candidate_and_says_each_note_once(tmp_path: Path) -> None:
    rules = [{"quality": "all", "margin": 0.3}, {"quality": "refunds", "margin": 0.3}]
    a_run(tmp_path, gate={"baseline": "gpt", "candidates": ["qwen", "tiny"], "rules": rules})
    at = draw("gate", tmp_path)
    opened = {block.label.replace("\\", ""): block.proto.expanded for block in at.expander}
    assert list(opened.values()) == [True, False, False]
    assert [name.split("**")[1] for name in opened if "**" in name] == ["qwen", "tiny"]
    how = at.expander[-1]
    assert how.label == "How it was decided"
    notes = [line.rpartition(" (")[0] for line in how.markdown[0].value.splitlines()]
    assert notes and len(notes) == len(set(notes))


def test_the_gate_page_says_in_a_sentence_why_and_what_more_items_would_cost(tmp_path: Path) -> None:
    rules = [{"quality": "all", "margin": 0.01}, {"cost": "usd_per_1k_samples", "max_ratio": 0.1}]
    a_run(tmp_path, gate={"baseline": "gpt", "candidates": ["qwen"], "rules": rules})
    at = draw("gate", tmp_path)
    why = at.subheader[0].value.replace("\\", "")
    assert why.startswith("✘ qwen fails because cost of 1,000 samples is 0.20×")
    assert "(limit ≤ 0.10×)" in why
    needs = next(block.value for block in at.text if block.value.startswith("quality of all tasks ≥ −1.0 points"))
    assert "more items" in needs and "at most $" in needs and "judges apart" in needs


@pytest.mark.long
def test_a_gate_decided_apart_imports_nothing_of_the_folder_that_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run(tmp_path / "results", gate=GATE)
    (tmp_path / "orjson.py").write_text("raise SystemExit('owned')")
    monkeypatch.chdir(tmp_path)
    assert decision_of(ResultsReader(tmp_path / "results"), run.name, apart=True).verdict == "pass"


def test_the_history_notes_another_served_model(tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt",), n=10)
    a_run(
        tmp_path,
        ("gpt",),
        rows=[a_row("gpt", t, i, served_model="gpt-5-newer") for t in TASKS for i in range(10)],
        n=10,
    )
    at = draw("history", tmp_path)
    assert "served as: gpt-5-2026 → gpt-5-newer" in tables(at)
    assert "not shown" in tables(at), "the same answers are no drift"


def test_the_history_says_drift_in_words_and_prices_from_and_to(tmp_path: Path) -> None:
    def run(skill: int, price: str) -> None:
        rows = [a_row("gpt", t, i, score=float(i < skill)) for t in TASKS for i in range(100)]
        folder = a_run(tmp_path, ("gpt",), rows=rows, n=100)
        models = runs.read_facts(folder)["models"]
        assert isinstance(models, dict)
        models["gpt"]["prices"]["usd_per_mtok"] = [{"above_input_tokens": 0, "input": price, "output": "8"}]
        set_facts(folder, models=models)

    run(90, "2")
    run(60, "1.5")
    at = draw("history", tmp_path)
    assert at.subheader[0].value.replace("\\", "") == "gpt drifted: 30.0 points worse."
    assert "price: $2.00 in, $8.00 out → $1.50 in, $8.00 out" in tables(at)


@pytest.mark.long
@pytest.mark.parametrize(
    ("billing", "said"),
    [("reserved", "gpt-oss-120b: $3,635, 1 copy"), ("on_demand", "gpt-oss-120b: $130.86, 26 busy hours")],
)
def test_the_total_comes_first_and_own_machines_are_rented_whole_or_by_busy_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, billing: str, said: str
) -> None:
    told = board_example._hosting
    monkeypatch.setattr(board_example, "_hosting", lambda name: {**told(name), "billing": billing})
    board_example.make(tmp_path, scale=0.1, others=False)
    at = draw("cost", tmp_path)
    total = at.subheader[0].value.replace("\\", "")
    assert total.startswith("$") and "for judges" in total and "more cost is unknown" in total
    assert re.search(r"for [\d,]+ answers and \d+ verdicts, of which", total), "a verdict is no answer of the run"
    spent = draw("runs", tmp_path).dataframe[0].value["spent"][0]
    assert spent.partition(" ")[0] == total.partition(" ")[0], "Runs and Cost say one sum"
    monthly = next(chart.proto.alt for chart in at.get("vega_lite_chart") if "a month at" in chart.proto.alt)
    assert said in monthly, "two H100 at $2.49 an hour, all month or while they are busy"
    assert "llama-3.3-70b" not in monthly, "unknown is not zero"


@pytest.mark.parametrize(
    ("host", "entry", "priced", "said"),
    [
        ("127.0.0.1", {}, True, "has to say what an hour costs (`hosting`) for own"),
        ("gpu.example", {"hosting": {"gpu": "H100", "gpus": 1, "usd_per_gpu_hour": "2.5", "load": "latest"}}, True, ""),
        (None, {}, False, "has to say what an hour costs (`hosting`) for own"),
    ],
)
def test_own_machines_without_a_load_sweep_are_unknown_and_no_api(
    tmp_path: Path, host: str | None, entry: dict[str, Any], priced: bool, said: str
) -> None:
    """A server on this machine, one with a price an hour, weights in this process: whatever they were priced at."""
    cost = {"cost_usd": Decimal("0.001")} if priced else {"cost_usd": None}
    rows = [a_row(m, "refunds", n, **(cost if m == "own" else {})) for m in ("gpt", "own") for n in range(30)]
    folder = a_run(tmp_path, ("gpt", "own"), rows=rows, n=30)
    facts = runs.read_facts(folder)
    models: dict[str, Any] = facts["models"]
    models["own"] |= {"host": host} if host else {"adapter": "ctranslate2", "facts": {"weights": "bab3"}}
    models["gpt"]["host"] = "api.openai.com"
    written = {"model": "own", "adapter": models["own"]["adapter"], **entry}
    resolved = {**facts["suite_resolved"], "models": {"own": written}}
    set_facts(folder, models=models, suite_path="my suite.yaml", suite_resolved=resolved)
    at = draw("cost", tmp_path)
    assert "own runs on own machines, and no load sweep in this folder says" in at.info[0].value
    assert at.code[0].value == "evalkit load 'my suite.yaml' --model own"
    assert said in "\n".join(block.value for block in at.caption)
    monthly = next(chart.proto.alt for chart in at.get("vega_lite_chart") if "a month at" in chart.proto.alt)
    assert "own" not in monthly and "gpt" in monthly
    assert at.selectbox(key="api").options == ["gpt"]


def test_a_closed_model_behind_a_gateway_on_this_machine_is_billed_as_ever(tmp_path: Path) -> None:
    """LiteLLM's address is on this machine; who bills is known by the price."""
    folder = a_run(tmp_path, ("gpt", "qwen"), n=10)
    models: dict[str, Any] = runs.read_facts(folder)["models"]
    models["gpt"]["host"] = "127.0.0.1"
    set_facts(folder, models=models)
    at = draw("cost", tmp_path)
    assert "gpt" in at.selectbox(key="api").options
    assert not any("gpt" in one.value and "own machines" in one.value for one in at.info)
    entry = next(one for one in entries_of(ResultsReader.of_now(tmp_path), "support") if one.model == "gpt")
    assert entry.is_own is False


def test_the_repositorys_own_sample_says_which_sweeps_priced_it(tmp_path: Path) -> None:
    name = "own-machine-20261120T150621Z-d04eca"
    shutil.copytree(REPO / "results" / name, tmp_path / name)
    at = draw("cost", tmp_path)
    assert at.code[0].value.splitlines()[0] == "evalkit load own-machine.yaml --model tiny"
    said = "\n".join(block.value for block in at.caption).replace("\\", "")
    assert "tiny by own-machine-20261120T150324Z-6033ba" in said
    assert not [box for box in at.selectbox if box.key == "api"], "nobody is billed by an API"


@pytest.mark.long(but=2)
@pytest.mark.parametrize("page", ["gate", "cost", "sample", "runs"])
def test_the_run_of_a_page_stands_in_its_address_though_nobody_chose_it(tmp_path: Path, page: str) -> None:
    """The newest of today is another tomorrow, and a link should open what was seen."""
    older = a_run(tmp_path, n=10, gate=GATE)
    newer = older.with_name(older.name.replace("-2", "-3", 1))
    shutil.copytree(older, newer)
    set_facts(newer, started_at="2030-01-01T00:00:00Z")
    assert draw(page, tmp_path).query_params["run"] == newer.name
    linked = draw(page, tmp_path, run=older.name)
    assert linked.selectbox(key="run").value == older.name and linked.query_params["run"] == older.name
    assert not [block for block in linked.warning if "The address names" in block.value]


def test_a_run_in_the_address_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    folder = a_run(tmp_path, n=10)
    at = draw("cost", tmp_path, run="gone-20200101T000000Z-abcdef")
    (said,) = [block.value.replace("\\", "") for block in at.warning]
    assert said.startswith("The address names something that this page cannot show under “Run”: it is not here")
    assert at.selectbox(key="run").value == folder.name
    at.run()
    assert not at.warning, "said once"


def test_damaged_runs_stand_in_the_list_and_what_is_wrong_below_it(many: Path) -> None:
    at = draw("runs", many)
    frame = at.dataframe[0].value
    assert {"newer", "half"} <= set(frame[frame["status"] == "cannot be read"]["run"])
    assert "problem" not in frame, "one damaged run does not push what all runs cost off the page"
    said = [block.value.replace("\\", "") for block in at.warning]
    assert any(one.startswith("**newer** cannot be read:") and "written by a newer evalkit" in one for one in said)
    assert any(one.startswith("**half** cannot be read:") and "damaged" in one for one in said)


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_whose_only_run_is_damaged_says_so_on_every_page(tmp_path: Path, page: str) -> None:
    folder = a_run(tmp_path, n=10)
    (folder / "run.json").write_text('{"schema', "utf-8")
    at = draw(page, tmp_path)
    assert at.error[0].value.startswith("The run in this folder cannot be read.")
    if page == "runs":
        (row,) = at.dataframe[0].value.to_dict("records")
        assert row["run"] == folder.name and row["suite"] == "support" and row["started"].startswith("20")
        assert "damaged" in at.warning[0].value


def test_a_live_run_is_shown_model_by_model(tmp_path: Path) -> None:
    rows = [a_row("gpt", "refunds", i) for i in range(7)] + [a_row("qwen", "refunds", i) for i in range(30)]
    folder = a_run(tmp_path, ("gpt", "qwen"), n=15, rows=rows, status="running")
    with run_lock.lock_run(folder):
        live = draw("runs", tmp_path).dataframe[0].value.set_index("model")
    assert live.loc["gpt", "answers"] == "7 of 30"
    assert live.loc["gpt", "phase"] == "asking" and live.loc["qwen", "phase"] == "done"


def test_a_model_that_was_given_up_is_said_so_while_the_run_goes_on(tmp_path: Path) -> None:
    rows = [an_error("gpt", "refunds", 0)] + [a_row("qwen", "refunds", i) for i in range(7)]
    folder = a_run(tmp_path, ("gpt", "qwen"), n=15, rows=rows, status="running")
    set_facts(folder, reasons=["gpt was given up: 401 from x: bad key. Once that is mended, run it again."])
    with run_lock.lock_run(folder):
        at = draw("runs", tmp_path)
    live = at.dataframe[0].value.set_index("model")
    assert live.loc["gpt", "phase"] == "given up" and live.loc["qwen", "phase"] == "asking"
    assert live.loc["gpt", "left"] == numbers.UNDEFINED, "nothing more comes of it"
    assert any("gpt is asked no further: 401 from x: bad key." in text.value for text in at.text)


def test_a_live_judging_shows_models_and_judges(tmp_path: Path) -> None:
    rows = [an_error("gpt", "refunds", 0)] + [a_row("qwen", "refunds", i) for i in range(30)]
    folder = a_run(tmp_path, ("gpt", "qwen"), n=15, rows=rows, status="running")
    set_facts(folder, reasons=["gpt was given up: bad key."])
    inner = open_judging(folder, RunFacts.model_validate(facts_of(["strict"], 30)))
    write(inner, [a_row("strict", "refunds", n) for n in range(5)])
    with run_lock.lock_run(folder):
        at = draw("runs", tmp_path)
    models, judges = (at.dataframe[n].value.set_index("model") for n in (0, 1))
    assert models["phase"].to_dict() == {"gpt": "given up", "qwen": "done"}
    assert judges.loc["strict", "phase"] == "judging" and judges.loc["strict", "answers"] == "5"


def test_the_pace_of_a_run_that_is_gone_on_with_says_nothing_of_the_hour_it_lay_still(tmp_path: Path) -> None:
    rows = [a_row("gpt", "refunds", i) for i in range(7)]
    folder = a_run(tmp_path, ("gpt",), n=15, rows=rows, status="running")
    set_facts(folder, started_at="2026-01-01T00:00:00Z")
    with run_lock.lock_run(folder):
        at = draw("runs", tmp_path)
        assert "7 of 30" in tables(at) and any("– answers/s · time left unknown" in e.value for e in at.text)
        assert at.dataframe[0].value.loc[0, "left"] == numbers.UNDEFINED


def test_a_sample_s_grid_holds_the_answers(many: Path) -> None:
    run = next(info.name for info in runs.list_runs(many) if info.suite == "support")
    at = draw("sample", many, run=run, find="refunds-7")
    assert at.dataframe[0].value["answer"].str.startswith("I have read it. Answer: ").all()


def test_what_judges_cost_is_shown_apart_and_is_part_of_what_a_run_spent(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=2)
    inner = open_judging(folder, RunFacts.model_validate(facts_of(["strict"], 2)))
    dear = {"cost_usd": Decimal("0.5"), "spend_usd": Decimal("0.5")}
    write(inner, [a_row("strict", "refunds", n, **dear) for n in range(2)])
    seal(inner)
    set_facts(inner, status="complete")
    at = draw("cost", tmp_path)
    assert [at.dataframe[n].value.loc[0, who] for n, who in enumerate(("model", "judge"))] == ["gpt", "strict"]
    assert at.dataframe[1].value["all answers"].tolist() == [numbers.usd(1.0)]
    assert draw("runs", tmp_path).dataframe[0].value["spent"].tolist() == [numbers.usd(4 * 0.002 + 1.0)]
    next(inner.glob("rows-*.parquet")).write_bytes(b"torn")
    (inner / "summary.json").unlink(missing_ok=True)
    assert "cannot be read" in draw("runs", tmp_path).expander[0].label


def test_a_live_run_is_read_from_its_journal(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=30, rows=[a_row("gpt", "refunds", i) for i in range(7)], status="running")
    with run_lock.lock_run(folder):
        at = draw("runs", tmp_path)
        assert "7 of 60 rows" in tables(at) or "7 of 60" in tables(at)
        assert any("is running" in element.value for element in at.markdown)
        assert any("running: 7 of 60" in element.value.replace("\\", "").replace("`", "") for element in at.info)
        with (folder / "journal-main.jsonl").open("ab") as journal:
            journal.write(b'{"task": "torn')
        at.run()
    assert not at.exception


def test_pages_begin_with_the_last_complete_run(tmp_path: Path) -> None:
    whole = a_run(tmp_path, ("gpt", "qwen"), n=10)
    live = a_run(tmp_path, ("gpt", "qwen"), n=10, rows=[a_row("gpt", "refunds", 0)], status="running")
    with run_lock.lock_run(live):
        assert [draw(page, tmp_path).selectbox(key="run").value for page in ("sample", "cost", "runs")] == [
            whole.name
        ] * 3
        versus = draw("versus", tmp_path)
        assert {versus.selectbox(key=key).value.split(":")[0] for key in "ab"} == {whole.name}
        every = draw("leaderboard", tmp_path, columns="true").dataframe[0].value
        assert every["run"].unique().tolist() == [whole.name]


def test_pages_open_on_the_newest_decided_run_and_name_a_newer_one_that_is_none(tmp_path: Path) -> None:
    """A run that its gate stopped early is decided; one that was cut is not, and every page says that it is there."""
    gate = {"baseline": "gpt", "candidates": ["qwen"], "rules": [{"quality": "all", "margin": 0.05}]}
    a_run(tmp_path, ("gpt", "qwen"), n=10, gate=gate)
    stopped = a_run(tmp_path, ("gpt", "qwen"), n=6, gate=gate)
    at = {"n_used": 6, "n_items": 10, "items_digest": "sha256:0", "verdict": "fail"}
    set_facts(stopped, stopped_early={"seed": 0, "counts": {"all": 10}, "candidates": {"qwen": at}})
    pages = [draw(page, tmp_path) for page in ("gate", "sample", "cost", "runs")]
    assert {page.selectbox(key="run").value for page in pages} == {stopped.name}
    assert not any("newer run" in words(page) for page in pages)
    cut = a_run(tmp_path, ("gpt", "qwen"), n=3, gate=gate)
    set_facts(cut, cut_by_limit=3)
    pages = [draw(page, tmp_path) for page in ("gate", "sample", "cost", "runs")]
    assert {page.selectbox(key="run").value for page in pages} == {stopped.name}
    told = [[block.value.replace("\\", "") for block in page.info if "newer run" in block.value] for page in pages]
    assert all(len(one) == 1 and "complete (cut by --limit 3)" in one[0] for one in told)


def test_the_only_measured_model_is_not_the_fastest(tmp_path: Path) -> None:
    """The newest run took two models' answers from the cache: they have no times there."""
    times = [a_row(m, t, i) for t in TASKS for i in range(20) for m in ("gpt",)]
    cached = [
        a_row(m, t, i, ttft_s=None, tpot_s=None, total_s=None, cached=True)
        for t in TASKS for i in range(20) for m in ("qwen", "tiny")
    ]  # fmt: skip
    a_run(tmp_path, n=20, rows=[*times, *cached])
    said = words(draw("leaderboard", tmp_path)).replace("\\", "")
    assert "nothing to compare with" in said and "Only gpt was measured" in said
    assert "Not measured here: qwen and tiny" in said
    a_run(tmp_path, n=20, rows=[*times, *cached[1::2], *(a_row("qwen", t, i) for t in TASKS for i in range(20))])
    assert "Of the 2 that were measured." in words(draw("leaderboard", tmp_path)).replace("\\", "")


def test_hostile_answers_are_shown_as_text_and_nothing_else(tmp_path: Path) -> None:
    names = ("<b>bold</b> **x** ![i](https://evil.example/i.png)", ":material/delete: [a](javascript:alert(1))")
    rows = [
        a_row(
            name, task, i, sample_id=HOSTILE[:90], text=f"{n}{HOSTILE}", reasoning=HOSTILE, extracted=HOSTILE,
            target=HOSTILE, reason=HOSTILE, served_model=HOSTILE[:200], slices={HOSTILE[:30]: HOSTILE[:30]},
            score=float(n), refusal=HOSTILE, prompt=(Message("user", HOSTILE),), raw_usage={"trace_id": HOSTILE},
        )
        for task in TASKS for i in range(2) for n, name in enumerate(names)
    ]  # fmt: skip
    folder = a_run(tmp_path, names, rows=rows, n=2)
    for page in PAGES:
        at = draw(page, tmp_path)
        assert not _allows_html(at), page
        for block in [*at.code, *at.text]:
            assert "\x1b" not in block.value and "\u202e" not in block.value and "\u200b" not in block.value
            assert len(block.value) < 25_000
            assert max(map(len, block.value.split("\n"))) <= 2_100
        for block in [
            *at.markdown,
            *at.caption,
            *at.subheader,
            *at.header,
            *at.title,
            *at.info,
            *at.warning,
            *at.error,
        ]:
            unfenced = re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", block.value)
            acting = re.sub(r"\\.", "", unfenced)  # what Markdown would still act upon
            for bait in ("<", "](", "![", ":material", "$"):
                assert bait not in acting, f"{page}: {block.value[:200]}"
    assert folder.is_dir()


def test_a_run_folder_whose_name_holds_a_colon_is_compared_like_any_other(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt", "tiny"), n=6)
    folder.rename(folder.parent / "a:b: c")
    at = draw("versus", tmp_path)
    assert not at.error and at.subheader[0].value.startswith(("tiny", "No difference", "gpt"))


def test_no_table_or_download_holds_a_formula_of_a_model(tmp_path: Path) -> None:
    name = '=HYPERLINK("http://evil.example")'
    rows = [a_row(m, t, i, extracted="=1+1", served_model=name) for t in TASKS for i in range(3) for m in (name, "b")]
    a_run(tmp_path, (name, "b"), rows=[*rows, an_error(name, TASKS[0], 9)], n=3, suite="=suite")
    for page in ("leaderboard", "tradeoff", "sample", "cost", "runs", "versus"):
        for frame in draw(page, tmp_path).dataframe:
            for cell in [*frame.value.columns, *frame.value.to_numpy().ravel()]:
                assert not str(cell).startswith("="), (page, cell)


def _allows_html(at: AppTest) -> bool:
    return any(getattr(element.proto, "allow_html", False) for element in [*at.markdown, *at.caption])


def test_a_review_is_saved_beside_the_run_and_changes_nothing_else(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=3)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    at = draw("sample", tmp_path)
    slot = next(box.key for box in at.text_input if box.key and box.key.startswith("by-")).removeprefix("by-")
    at.text_input(key=f"by-{slot}").set_value("Mira")
    at.text_area(key=f"note-{slot}").set_value("<b>fair</b>")
    _mark(at, slot, "wrong")
    _save(at)
    assert not at.exception
    reviews, unreadable = read_reviews(folder)
    assert [(r.mark, r.by, r.note) for r in reviews] == [("wrong", "Mira", "<b>fair</b>")]
    assert unreadable == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "reviews.jsonl"} == before


def test_a_review_without_a_name_is_not_saved(tmp_path: Path) -> None:
    folder = a_run(tmp_path, ("gpt",), n=3)
    at = draw("sample", tmp_path)
    _save(at)
    assert "say who you are" in at.error[0].value
    assert not (folder / "reviews.jsonl").exists()


def _mark(at: AppTest, slot: str, mark: str) -> None:
    group: Any = at.button_group(key=f"mark-{slot}")
    group.set_value([mark]) if isinstance(group.value, list) else group.set_value(mark)


def _save(at: AppTest) -> None:
    next(button for button in at.button if button.label == "Save").click().run()


@pytest.mark.long
def test_what_evalkit_run_has_written_is_what_every_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 0.2})) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: {name}, base_url: "{provider.base_url}"}}'
            for name in ("one", "two")
        )
        suite = write_suite(tmp_path, provider.base_url, n=12, models=models, run="max_error_rate: 1")
        prices = "- {model: one, valid_from: 2020-01-01, input_per_mtok: 2, output_per_mtok: 8}\n"
        (tmp_path / "prices.yaml").write_text(prices)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
        assert ran.code in {0, 4}, ran.err
    for page in PAGES:
        draw(page, tmp_path / "results")
    at = draw("leaderboard", tmp_path / "results")
    frame = at.dataframe[0].value.set_index("model")
    assert frame.loc["one", "USD per 1,000"] > 0
    assert frame["USD per 1,000"].isna()["two"], "an unknown price is unknown, not zero"
    everything = draw("leaderboard", tmp_path / "results", columns="true").dataframe[0].value.set_index("model")
    assert "failed" in everything.loc["one", "other outcomes"]


def test_the_leaderboard_shows_facts_with_their_sources_and_what_a_file_of_one_s_own_corrects(tmp_path: Path) -> None:
    a_run(tmp_path, ("gpt", "qwen"), n=10)
    own = (
        "models:\n- model: gpt-5\n  retires: {is: 2100-01-01, source: Our <b>lawyers</b>, seen: 2026-11-20}\n"
        '  licence: {is: "by \\e[31mcontract\\u202e", source: us, seen: 2026-11-20}\n'
    )
    (tmp_path / "models.yaml").write_text(own)
    found = tables(opened(draw("leaderboard", tmp_path), "model facts"))
    assert "2100-01-01" in found
    assert not {"\x1b", "\u202e"} & set(found), "whoever wrote the file cannot act on the page"
    assert "Our <b>lawyers</b>, 2026-11-20; from models.yaml, which corrects: 2026-12-11 (OpenAI Python SDK" in found
    assert "https://github.com/QwenLM/Qwen3.5/blob/main/README.md" in found
    (tmp_path / "models.yaml").write_text(own.replace("2100-01-01", "soon"))
    slipped = opened(draw("leaderboard", tmp_path), "model facts")
    assert "facts of your own are left out" in words(slipped).replace("\\", "")
    assert "2026-12-11" in tables(slipped)
