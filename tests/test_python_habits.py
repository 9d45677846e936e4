"""What people who come from pandas and notebooks do without a thought, and what they get."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit
from evalkit import Suite, Task
from evalkit.errors import UserError


def _suite(n: int = 12) -> Suite:
    data = pd.DataFrame({"q": [f"question {i}" for i in range(n)], "a": ["x"] * n})
    return Suite({"a": lambda _: "x", "b": lambda _: "y"}, [Task("t", data=data, prompt="{{ q }}", target="{{ a }}",
                                                                  score="exact")])  # fmt: skip


def test_rows_of_two_models_stand_in_the_same_order_so_that_columns_can_be_subtracted(tmp_path: Path) -> None:
    run = evalkit.run(_suite(), results=tmp_path, repeats=2)
    frame = run.frame()
    one, other = frame[frame.model == "a"], frame[frame.model == "b"]
    assert one.sample_id.tolist() == other.sample_id.tolist() == run["a"].frame().sample_id.tolist()
    numbers = [int(name) for name in one.sample_id[::2]]
    assert numbers == sorted(numbers) and one.repeat.tolist() == [0, 1] * 12
    assert frame.model.tolist() == ["a"] * 24 + ["b"] * 24


def test_counts_of_pandas_and_numpy_are_numbers(tmp_path: Path) -> None:
    n = pd.Series([3]).sum()
    run = evalkit.run(_suite(), results=tmp_path, limit=n, repeats=np.int32(2), seed=np.uint8(7), in_flight=np.int64(2))
    assert len(run.frame()) == 3 * 2 * 2
    with pytest.raises(UserError, match="limit is a whole number"):
        evalkit.run(_suite(), results=tmp_path, limit=True)


def test_a_tilde_is_the_home_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir(), here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    run = evalkit.run(_suite(), results="~/runs")
    assert run.status == "complete" and run.folder.parent == home / "runs" and not list(here.iterdir())
    assert evalkit.open_run("latest", results="~/runs").name == run.name
    assert evalkit.load_run(f"~/runs/{run.name}").frame().score.sum() == 12
    monkeypatch.setenv("EVALKIT_RESULTS", "~/runs")
    assert evalkit.open_run("latest").name == run.name
    odd = evalkit.run(_suite(), results=Path("~nobody-of-this-name") / "runs")  # a folder of such a name stands here
    assert odd.status == "complete" and odd.folder.is_relative_to(here)


@pytest.mark.parametrize("wrong", [3, b"results", ["results"]])
def test_a_folder_that_is_no_path_is_a_sentence(wrong: object, tmp_path: Path) -> None:
    for asked in (
        lambda: evalkit.run(_suite(1), results=wrong),  # type: ignore[arg-type]
        lambda: evalkit.load_run(wrong),  # type: ignore[arg-type]
        lambda: evalkit.open_run("latest", results=wrong),  # type: ignore[arg-type]
    ):
        with pytest.raises(UserError, match=r"is a path, as a text or a pathlib.Path \(value seen: "):
            asked()


def test_a_notebooks_table_has_heads_of_one_line(tmp_path: Path) -> None:
    run = evalkit.run(_suite(), results=tmp_path)
    drawn = evalkit.compare(run["a"], run["b"])._repr_html_()
    assert "<th>points of 100 [95 %]</th>" in drawn and "\\n" not in drawn
