"""Promoted baselines and the columns they are read by: what counts as the same rows, and what is said otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import StoreError, UserError
from evalkit.records import Outcome
from evalkit.store import baselines, sealing
from evalkit.store.table import floats, model_rows
from tests.gate_world import scores, stored
from tests.store_rows import a_hostile_row, a_row, a_run, an_error, write


def promoted(folder: Path, **changes: Any) -> Path:
    run = stored(folder / "results", {"base": scores(30, [3])})
    given: dict[str, Any] = {"name": "prod", "by": "Ada", "why": "it runs", "where": None, "replace": False, **changes}
    baselines.promote(run, "base", baselines=folder / "b", **given)
    return run


def test_a_baseline_is_found_with_its_rows(tmp_path: Path) -> None:
    run = promoted(tmp_path)
    found = baselines.find("prod", tmp_path / "b", tmp_path / "results")
    assert (found.folder.resolve(), found.model, found.rows.num_rows) == (run.resolve(), "base", 30)
    assert (found.baseline.by, found.baseline.why) == ("Ada", "it runs")


def test_the_digest_is_of_what_the_rows_say_and_not_of_how_they_are_stored(tmp_path: Path) -> None:
    rows = [a_row(n, cluster=f"c{n % 3}") for n in range(200)] + [an_error(200)]
    a, b = a_run(tmp_path / "a", rows), a_run(tmp_path / "b", reversed(rows))
    sealing.seal(a)
    digests = {baselines.rows_digest(model_rows(folder, "gpt")) for folder in (a, b)}
    write(b, [replace(rows[7], text="other words")])
    digests.add(baselines.rows_digest(model_rows(b, "gpt")))
    assert len(digests) == 1


@pytest.mark.parametrize(
    "change",
    [{"score": 0.0}, {"outcome": Outcome.REFUSED}, {"target_digest": "x"}, {"critical": True}, {"total_s": 9.0}],
)
def test_whatever_a_gate_reads_is_part_of_the_digest(tmp_path: Path, change: dict[str, Any]) -> None:
    rows = [a_row(n) for n in range(20)]
    a, b = a_run(tmp_path / "a", rows), a_run(tmp_path / "b", [*rows[:-1], replace(rows[-1], **change)])
    assert len({baselines.rows_digest(model_rows(folder, "gpt")) for folder in (a, b)}) == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no baseline of this evalkit"),
        ("version: 9", "no baseline"),
        ("version: 2", "lacks name"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, text: str, word: str) -> None:
    promoted(tmp_path)
    (tmp_path / "b" / "prod.yaml").write_text(text)
    with pytest.raises(UserError, match=word):
        baselines.find("prod", tmp_path / "b", tmp_path / "results")


@pytest.mark.parametrize("name", ["../prod", "", "a/b", ".hidden"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError):
        promoted(tmp_path, name=name)
    with pytest.raises(UserError):
        baselines.read(name, tmp_path / "b")


@pytest.mark.parametrize("empty", [{"by": " "}, {"why": ""}])
def test_somebody_promotes_for_a_reason(tmp_path: Path, empty: dict[str, str]) -> None:
    with pytest.raises(UserError, match="who promoted it and why"):
        promoted(tmp_path, **empty)


def test_a_reason_may_hold_anything(tmp_path: Path) -> None:
    why = "yes: [no] #'\"\n- x: !!python/object:os.system {}"
    promoted(tmp_path, why=why)
    assert baselines.read("prod", tmp_path / "b").why == why


def test_another_run_whose_name_begins_alike_is_not_taken_for_it(tmp_path: Path) -> None:
    run = promoted(tmp_path)
    run.rename(run.with_name(run.name + "-2"))
    with pytest.raises(StoreError, match="not here"):
        baselines.find("prod", tmp_path / "b", tmp_path / "results")


def test_columns_hold_each_key_once_answers_before_errors_and_later_before_earlier(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [an_error(1), a_row(2, score=0.25), a_row(3)])
    sealing.seal(folder)
    write(folder, [a_row(1), a_row(2, score=0.75)])
    sealing.seal(folder)
    write(folder, [an_error(3), a_row(9, model="other")], writer="late")
    table = model_rows(folder, "gpt")
    found = dict(zip(table["sample_digest"].to_pylist(), table["score"].to_pylist(), strict=True))
    assert found == {a_row(1).sample_digest: 1.0, a_row(2).sample_digest: 0.75, a_row(3).sample_digest: 1.0}


def test_columns_read_what_a_hostile_model_left_behind(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_hostile_row()])
    table = model_rows(folder, "gpt")
    assert floats(table["cost_usd"])[0] == pytest.approx(1.23456e-10)
    assert model_rows(folder, "nobody").num_rows == 0
