"""`evalkit judge-check`: a judge against people's labels, on LLMBar's own judges and on ratings of a known kind."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from evalkit.scorers.verdicts import compare_ratings
from tests.parity import records
from tests.world import evalkit


def write(path: Path, found: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in found), encoding="utf-8")
    return path


def test_a_judge_of_llmbar_is_measured(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared_data / "llmbar"
    labels = {
        item["idx"]: str(item["label"]) for item in records(folder / "items.jsonl.gz") if item["subset"] == "Natural"
    }
    rows = [r for r in records(folder / "judgments" / "ChatGPT__Vanilla.jsonl.gz") if r["subset"] == "Natural"]
    path = write(
        tmp_path / "pairs.jsonl",
        [{"label": labels[r["idx"]], "judge": r["winner_noswap"], "other": r["winner_swap"]} for r in rows],
    )
    ran = evalkit(capsys, "judge-check", path, "--swapped", "other")
    assert ran.code == 0, ran.err
    # published: 80 and 83 of 100 right, 67 both ways, 71 the same; kappa 0.4287
    for line in (
        "as shown             0.800",
        "way round  0.830",
        "both ways             0.670",
        "position         0.290",
        "0.429",
    ):
        assert line in ran.out


def test_ratings_are_corrected_by_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = [{"label": 5.0 + n % 3 if n < 60 else None, "judge": 7.0 + n % 3} for n in range(600)]
    ran = evalkit(
        capsys, "judge-check", write(tmp_path / "r.jsonl", [*found, {"label": None, "judge": None}]), "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.json["bias"] == pytest.approx(2.0)
    assert ran.json["corrected"] == pytest.approx(6.0)
    assert ran.json["judge_mean"] == pytest.approx(8.0)
    assert ran.json["n_invalid"] == 1
    assert ran.json["correlation"] == pytest.approx(1.0)


def test_the_corrected_interval_covers_the_truth_as_often_as_it_says() -> None:
    """A judge that is biased and noisy, 40 labels of 400 items: the 95 % interval covers in about 95 of 100 draws."""
    draw = random.Random(1)
    n_covered = n_narrower = 0
    for _ in range(200):
        people = [draw.gauss(6, 2) for _ in range(400)]
        judge = [1 + 0.9 * p + draw.gauss(0, 0.5) for p in people]
        found = compare_ratings(
            [(p if n < 40 else None, j) for n, (p, j) in enumerate(zip(people, judge, strict=True))]
        )
        assert found.interval is not None
        assert found.labels_interval is not None
        n_covered += found.interval[0] <= 6 <= found.interval[1]
        n_narrower += found.interval[1] - found.interval[0] < found.labels_interval[1] - found.labels_interval[0]
    assert 0.91 < n_covered / 200 < 0.985
    assert n_narrower > 195


def test_few_labels_have_no_interval() -> None:
    found = compare_ratings([(1.0, 1.0)] * 10 + [(None, 2.0)] * 10)
    assert found.corrected == 1.5
    assert found.interval is None
    assert compare_ratings([(None, None)]).corrected is None


@pytest.mark.parametrize(
    ("lines", "args", "says"),
    [
        ("nonsense\n", [], ":1: not JSON"),
        ('{"label": "A"}\n', [], ":1: the record has no field 'judge'"),
        ('{"label": "A", "judge": 1}\n', [], "must be texts (verdicts) or numbers"),
        ('{"label": null, "judge": "A"}\n', [], "is null; verdicts need"),
        ('{"label": 1, "judge": 1, "b": 2}\n', ["--swapped", "b"], "--swapped is for verdicts"),
        ("\n", [], "no record has a value"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: str, args: list[str], says: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(lines)
    ran = evalkit(capsys, "judge-check", path, *args)
    assert ran.code == 2
    assert says in ran.err
    assert evalkit(capsys, "judge-check", tmp_path / "nowhere").code == 2


@pytest.mark.parametrize("odd", ["1e308", "-1e200", "1" + "0" * 25])
def test_a_number_that_is_no_rating_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], odd: str) -> None:
    path = tmp_path / "ratings.jsonl"
    path.write_text(
        "".join(f'{{"label": {n % 10}, "judge": {n % 9}}}\n' for n in range(40)) + f'{{"label": {odd}, "judge": 1}}\n'
    )
    ran = evalkit(capsys, "judge-check", path)
    assert (ran.code, "is no rating" in ran.err) == (2, True), ran.err
