"""A run goes out as Every Eval Ever and comes back whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.world import evalkit

TABLE = """model,case,solved,tokens_in,tokens_out,took,first,usd,day,lang,group
a,c1,1,100,20,2.5,0.3,0.01,2026-03-01,de,x
a,c2,0,110,25,2.0,0.2,0.02,2026-03-02,en,y
org/b,c1,1,100,30,1.5,0.1,0.001,2026-03-01,de,x
org/b,c2,1,110,35,1.0,,,2026-03-02,en,y
"""
MAP = """model: model
item: case
score: solved
input_tokens: tokens_in
output_tokens: tokens_out
total_s: took
ttft_s: first
cost_usd: usd
started_at: day
slices: [lang]
cluster: group
scorer: ours
"""


def figures(row: Row) -> tuple[object, ...]:
    counts = (row.score, row.input_tokens, row.output_tokens, row.total_s, row.ttft_s, row.cost_usd, row.started_at)
    return (row.model, row.sample_id, *counts, row.cluster, tuple(row.slices.items()))


def test_a_run_of_two_models_comes_back_as_one_with_day_cost_times_clusters_and_slices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "map.yaml").write_text(MAP)
    into = ("--results", tmp_path / "results")
    first = Path(
        evalkit(capsys, "import", "table", tmp_path / "t.csv", "--map", tmp_path / "map.yaml", *into).out.strip()
    )
    ran = evalkit(capsys, "export", first, "--to", "every-eval-ever", "--out", tmp_path / "out", *into)
    assert ran.code == 0, ran.err
    abouts = [json.loads(one.read_text()) for one in (tmp_path / "out").glob("*.json")]
    assert {one["evaluation_timestamp"] for one in abouts} == {"1772323200"}, "the first answer's day, not the import's"
    assert "unknown" not in {one["eval_library"]["version"] for one in abouts}
    ran = evalkit(capsys, "import", "every-eval-ever", tmp_path / "out", *into)
    assert ran.code == 0, ran.err
    kept = [sorted(map(figures, rows_of(folder))) for folder in (first, Path(ran.out.strip()))]
    assert len(kept[0]) == 4 and kept[0] == kept[1]


def test_a_folder_without_evaluations_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "import", "every-eval-ever", tmp_path, "--results", tmp_path / "results")
    assert ran.code == 2 and "holds no UUID_samples.jsonl" in ran.err
