"""Numbers that no row has: refused at every door to a part, in every command, and looked for once a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest

from evalkit.engine.rows import with_score
from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.records import Score
from evalkit.results.summary import read_summary
from evalkit.store import integrity, part_values, parts, queries, runs, sound_parts
from evalkit.store.marks import several_names
from evalkit.store.row_codec import OddRow, from_line, to_line
from evalkit.store.score_table import read_scores
from tests.store_rows import a_row
from tests.test_odd_parts import change, column
from tests.world import evalkit, made_once

Capture = pytest.CaptureFixture[str]
SUITE = """
name: {name}
models:
  a: {{adapter: scripted, model: x, replies: {{"*": "yes"}}}}
  b: {{adapter: scripted, model: y, replies: {{"*": "no"}}}}
judges:
  strict: {{adapter: scripted, model: z, replies: {{"*": "[[4]]"}}}}
tasks:
  - {{name: t, cases: [{{q: x}}, {{q: y}}], prompt: "{{{{ q }}}}", target: "yes", score: [exact, contains]}}
  - {{name: judged, cases: [{{q: x}}, {{q: y}}], prompt: "{{{{ q }}}}",
     score: {{judge: {{by: [strict], rubric: judge_rating}}}}}}
gate: {{baseline: a, candidates: [b], rules: [{{quality: t, margin: 0.1}}]}}
"""
COMMANDS = (
    ("show", "sent"),
    ("show", "sent", "--json"),
    ("gate", "sent"),
    ("compare", "sent:a", "sent:b"),
    ("price", "sent"),
    ("judge-check", "sent"),
    ("judge-data", "sent", "--out", "j.jsonl"),
    ("corpus", "sent"),
    ("export", "sent", "--to", "csv", "--out", "e.csv"),
    ("report", "sent", "--html", "r.html"),
)


@pytest.fixture
def sent(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a run, which has a good one beside it."""

    def make(kept: Path) -> None:
        monkeypatch.chdir(kept)
        for name in ("good", "sent"):
            Path(f"{name}.yaml").write_text(SUITE.format(name=name), "utf-8")
            ran = evalkit(capsys, "run", f"{name}.yaml", "--results", "results")
            assert ran.code == 0, ran.err

    made_once("a good run and one that was sent", make, tmp_path, tmp_path_factory)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    return next((tmp_path / "results").glob("sent-*"))


def altered(folder: Path, name: str, how: Callable[[pa.Table], pa.Table]) -> None:
    """Write another part in place of one, with a digest that fits; the stored summary is kept."""
    kept = {one: (folder / one).read_bytes() for one in ("summary.json", "scores.npz")}
    change(folder, name, how)
    for one, content in kept.items():
        (folder / one).write_bytes(content)
    integrity.note(folder, *kept)


def figures(value: float | None) -> Callable[[pa.Table], pa.Table]:
    """The table with this in place of each figure beside a score."""

    def make(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index("parts")
        told = [[(name, value) for name, _ in row] for row in table["parts"].to_pylist()]
        return table.set_column(at, "parts", pa.array(told, table.schema.field(at).type))

    return make


@pytest.mark.parametrize("value", [1e308, 3.0, -0.5, math.nan, None])
def test_a_mark_that_no_scorer_gives_is_refused_and_hides_no_other_run(
    capsys: Capture, sent: Path, value: float | None
) -> None:
    altered(sent, "rows-1.parquet", figures(value))
    for command in COMMANDS[:3] if value == -0.5 else COMMANDS[:1]:
        ran = evalkit(capsys, *command)
        assert ran.code == 2 and "that no row has. Restore the file" in " ".join(ran.err.split()), (command, ran)
    listed = {one["suite"]: one["problem"] for one in json.loads(evalkit(capsys, "list", "--json").out)}
    assert listed["good"] is None and "that no row has" in listed["sent"]
    if value == 3.0:
        ran = evalkit(capsys, "report", "--site", "site")
        assert ran.code == 0 and "that no row has" in ran.err
        assert [path.name.partition("-")[0] for path in Path("site/runs").iterdir()] == ["good"]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("value", [1e308, 3.0, -1.0])
def test_no_command_shows_a_score_that_no_row_has_whoever_reads_the_part(
    capsys: Capture, sent: Path, value: float
) -> None:
    altered(sent, "rows-1.parquet", column("score", lambda n: pa.array([value] * n)))
    for command in COMMANDS:
        ran = evalkit(capsys, *command)
        assert ran.code == 2 and "a score that no row has" in " ".join(ran.err.split()), (command, ran)
    with pytest.raises(StoreError, match="a score that no row has"):
        read_summary(sent)


def test_a_verdict_that_no_judge_gives_is_refused(capsys: Capture, sent: Path) -> None:
    """It stands in the folder of what judges said, which the run names too."""
    inner = sent / "judging"
    altered(inner, "rows-1.parquet", column("score", lambda n: pa.array([3.0] * n)))
    runs.update_facts(sent, RunFacts(sealed=integrity.with_inner(sent, inner)))
    ran = evalkit(capsys, "judge-check", "sent")
    assert ran.code == 2 and "a score that no row has" in " ".join(ran.err.split())
    with pytest.raises(StoreError, match="a score that no row has"), queries.connect([inner]):
        pass
    with pytest.raises(StoreError, match="a score that no row has"):
        read_summary(inner)


def test_duckdb_opens_no_part_that_was_not_looked_at(sent: Path) -> None:
    whole, kinds = (sent / "rows-1.parquet").read_bytes(), parts.rows_schema()
    for name in ("score", "total_s", "attempts", "weight", "cost_usd", "started_at", "occurrence"):
        (sent / "rows-1.parquet").write_bytes(whole)
        value: Any = -1 if pa.types.is_integer(kinds.field(name).type) else -1e299
        if pa.types.is_decimal(kinds.field(name).type):
            value = -1
        altered(sent, "rows-1.parquet", column(name, lambda n, v=value, k=name: pa.array([v] * n, kinds.field(k).type)))  # type: ignore[misc]
        with pytest.raises(StoreError, match=f"a {name} that no row has"), queries.connect([sent], texts=False):
            pass


def test_a_part_is_looked_at_once_and_again_when_it_changes(
    sent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks = []
    look = parts._values
    monkeypatch.setattr(parts, "_values", lambda path: looks.append(path.name) or look(path))
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "kept"))
    (tmp_path / "kept").mkdir()

    def another_process() -> None:
        part_values._sound.clear()
        sound_parts._path.cache_clear()
        sound_parts._known.cache_clear()

    try:
        another_process()
        path = sent / "rows-1.parquet"
        for _ in range(3):
            list(parts.read_columns(path, ["score"]))
            queries.connect([sent], texts=False).close()
        assert looks == ["rows-1.parquet"]
        another_process()
        list(parts.read_columns(path, ["score"]))
        assert len(looks) == 1, "its digest is known"
        altered(sent, "rows-1.parquet", column("score", lambda n: pa.array([7.0] * n)))
        for _ in range(2):
            with pytest.raises(StoreError, match="a score that no row has"):
                parts.refuse_odd_values(path)
        another_process()
        with pytest.raises(StoreError, match="a score that no row has"):
            parts.refuse_odd_values(path)
    finally:
        another_process()


def test_scores_that_were_kept_are_believed_only_as_scores(sent: Path) -> None:
    good = read_scores(sent)
    with np.load(sent / "scores.npz") as stored:
        arrays = dict(stored)
    arrays["scores_0"] = np.full_like(arrays["scores_0"], 7)
    np.savez(sent / "scores.npz", **arrays)
    integrity.note(sent, "scores.npz")
    assert all((a == b).all() for a, b in zip(good.scores, read_scores(sent).scores, strict=True))


NO_ROWS: list[dict[str, object]] = [
    {"parts": {"exact": "nan"}},
    {"parts": {"exact": 1e301}},
    {"total_s": -1.0},
    {"outcome": "right", "score": None},
    {"slices": None},
    {"attempts": None},
    {"prompt": [["judge", "x"]]},
]


@pytest.mark.parametrize("odd", NO_ROWS)
def test_a_journaled_line_holds_what_a_part_may_hold(odd: dict[str, object]) -> None:
    line = orjson.dumps({**orjson.loads(to_line(a_row())), **odd})
    with pytest.raises(OddRow):
        from_line(line)


def test_a_plug_in_cannot_make_a_run_unreadable() -> None:
    given: Any = {"fine": 3.0, "none": math.nan, "far": 1e305, "endless": math.inf, "word": "x"}
    row = with_score(replace(a_row(), parts={}), Score(1.0, parts=given))
    assert row.parts == {"fine": 3.0}
    assert from_line(to_line(row)).parts == {"fine": 3.0}


def test_the_figures_of_an_agent_are_no_marks_whatever_a_scorer_is_called() -> None:
    score = {
        "name": "several",
        "options": {"of": [{"name": "calls", "use": "exact"}, {"name": "tone", "use": "exact"}]},
    }
    assert several_names({"score": score}) == ("calls", "tone")
    assert several_names({"score": score, "environment": {}}) == ("tone",)
