"""`evalkit.import_table`: a table in memory becomes the run that its file becomes, and says what was guessed."""

from __future__ import annotations

import json
import re
import warnings
from datetime import date
from pathlib import Path

import pytest

import evalkit
from evalkit import errors
from tests.conftest import REPO

Capture = pytest.CaptureFixture[str]

FRAME = [
    {"model": name, "case": f"c{n}", "try": 1, "ok": name == "a" or n % 3 > 0, "ms": 900.5, "in": 12, "lang": "de"}
    for name in ("a", "b")
    for n in range(40)
]
FRAME_MAP = {
    "model": "model", "task": {"const": "support"}, "item": "case", "repeat": "try", "score": "ok",
    "input_tokens": "in", "total_s": {"column": "ms", "unit": "ms"}, "started_at": {"const": date(2026, 3, 1)},
    "cost_usd": {"const": 0.001},
    "slices": ("lang",), "scorer": "ours", "times": {"measured_by": "us"},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["pandas", "arrow", "list", "file"])
def test_a_table_in_memory_becomes_the_run_that_its_file_becomes(kind: str, tmp_path: Path) -> None:
    import pandas as pd
    import pyarrow as pa

    file = tmp_path / "support.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in FRAME), "utf-8")
    made: dict[str, object] = {
        "pandas": pd.DataFrame(FRAME, index=range(100, 180)), "arrow": pa.Table.from_pylist(FRAME), "list": FRAME,
        "file": str(file),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.ImportedTableWarning)  # a map that fits leaves nothing to say
        run = evalkit.import_table(made[kind], map=FRAME_MAP, name="support", results=tmp_path / "results")
    frame = run.frame()
    assert (list(run.models), list(run.tasks), len(frame)) == (["a", "b"], ["support"], 80)
    assert set(frame.total_s) == {0.9005}
    assert set(frame.input_tokens) == {12}
    assert set(frame["slice.lang"]) == {"de"}
    assert frame.groupby("model", observed=True).score.mean().round(3).to_dict() == {"a": 1.0, "b": 0.65}
    rules = [{"quality": "all", "margin": 0.05}]
    assert evalkit.gate(run, baseline="a", candidates=["b"], rules=rules).decision == "fail"


def test_what_does_not_fit_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    import pandas as pd

    into = tmp_path / "results"
    odd = [{**one, "in": "1,234"} if n == 3 else one for n, one in enumerate(FRAME)]
    refused: list[tuple[object, object, str]] = [
        (FRAME, {"model": "model", "items": "case", "score": "ok"}, "map: 'items' is nothing that a table"),
        (FRAME, {"model": "model", "item": "nothing", "score": "ok"}, "nothing"),
        (pd.DataFrame(), FRAME_MAP, "no row"),
        ([*FRAME, FRAME[0]], FRAME_MAP, "row 81"),
        ([{"x": float("inf")}], None, "'x' is inf"),
        (FRAME, None, "Say it with map={...}, whose keys are these:"),
        (3, None, "expected a path, a list of records or a DataFrame"),
        (tmp_path / "none.csv", None, "there is no such file"),
    ]
    for data, mapped, said in refused:
        with pytest.raises(errors.UserError, match=re.escape(said)):
            evalkit.import_table(data, map=mapped, results=into)  # type: ignore[arg-type]  # a person's mistake
    assert not list(into.glob("*/run.json"))
    with pytest.warns(errors.ImportedTableWarning, match="0,000"):
        run = evalkit.import_table(odd, map=FRAME_MAP, results=into)
    assert run.frame().input_tokens.isna().sum() == 1
    with pytest.warns(errors.ImportedTableWarning, match="guessed"):
        evalkit.import_table(
            [{"model": "a", "case": one["case"], "solved": one["ok"]} for one in FRAME[:40]], results=into
        )


def test_the_python_of_the_page_does_what_it_shows(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (REPO / "docs" / "import-table.md").read_text("utf-8")
    (found,) = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    exec(compile(found[0], "docs/import-table.md", "exec"), {})
    assert capsys.readouterr().out == found[1]
