"""Published figures about judges: LLMBar's verdicts in both orders, MT-bench's ratings."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.scorers.verdicts import PAIR, RATING, Verdicts, agreement, cohen_kappa, swapped
from tests.parity import published, records

LLMBAR = Verdicts.of(
    {"1": r"(?:^Output \(a\)$|Output \(a\) is better)", "2": r"(?:^Output \(b\)$|Output \(b\) is better)"}, first=True
)
LLMBAR_FILES = [
    (judge, how) for judge in ("ChatGPT", "LLaMA2") for how in ("Vanilla", "CoT", "Swap", "Metrics_Reference")
]


@pytest.mark.parametrize(("judge", "how"), LLMBAR_FILES)
def test_llmbars_accuracies_and_agreements_are_reproduced(shared_data: Path, judge: str, how: str) -> None:
    folder = shared_data / "llmbar"
    labels = {(item["subset"], item["idx"]): str(item["label"]) for item in records(folder / "items.jsonl.gz")}
    rows = list(records(folder / "judgments" / f"{judge}__{how}.jsonl.gz"))
    for subset, figures in published(folder)[judge][how].items():
        chosen = [row for row in rows if row["subset"] == subset]
        found = agreement(
            [labels[subset, row["idx"]] for row in chosen],
            [row["winner_noswap"] for row in chosen],
            [row["winner_swap"] for row in chosen],
        )
        assert found is not None
        for ours, theirs in (
            (found.right_first, "correct_False"),
            (found.right_second, "correct_True"),
            (found.right_both, "correct_both"),
            (found.same, "equal"),
        ):
            count, of = figures[theirs].split(" = ")[0].split(" / ")
            assert ours == int(count) / int(of), (subset, theirs)
        assert (found.right_first + found.right_second) / 2 == pytest.approx(
            float(figures["correct_average"].rstrip("%")) / 100, abs=1e-12
        )


@pytest.mark.parametrize(("judge", "how"), LLMBAR_FILES)
def test_llmbars_verdicts_are_read_from_the_judges_own_words(shared_data: Path, judge: str, how: str) -> None:
    differ = []
    for row in records(shared_data / "llmbar" / "judgments" / f"{judge}__{how}.jsonl.gz"):
        for order in ("noswap", "swap"):
            verdict = LLMBAR.read(row[f"completion_{order}"][0].strip())
            ours = swapped(verdict, ("1", "2")) if order == "swap" else verdict
            if ours != row[f"winner_{order}"]:
                differ.append((row["subset"], row["idx"], order, ours, row[f"winner_{order}"]))
    assert differ == []


def test_mt_benchs_means_are_reproduced(shared_data: Path) -> None:
    figures = {"gpt-4-1106-preview": 9.228125, "mistralai/Mixtral-8x7B-Instruct-v0.1": 8.340625}
    ratings: dict[str, list[float | None]] = {}
    by_turn: dict[tuple[str, int], list[float]] = {}
    for row in records(shared_data / "routellm" / "mt_bench_judgements.jsonl.gz"):
        rating = RATING.read(row["judgment"])
        assert rating == row["score"]
        ratings.setdefault(row["model"], []).append(rating)
        by_turn.setdefault((row["model"], row["turn"]), []).append(rating or 0)
    assert {model: sum(r or 0 for r in found) / len(found) for model, found in ratings.items()} == figures
    gpt, mixtral = figures
    assert {at: sum(found) / len(found) for at, found in by_turn.items()} == {
        (gpt, 1): 9.40625, (gpt, 2): 9.05, (mixtral, 1): 8.69375, (mixtral, 2): 7.9875,
    }  # fmt: skip


@pytest.mark.parametrize("words", ["A fine answer.", "Rating: [[0]]", "Rating: [[11]]", "Rating: [[-1]]", "[[x]]", ""])
def test_a_judgment_without_a_rating_is_missing_and_never_minus_one(words: str) -> None:
    assert RATING.read(words) is None


def test_the_last_verdict_counts_and_no_verdict_is_none() -> None:
    assert PAIR.read("[[A]] at first, but no: [[B]]") == "B"
    assert PAIR.read("[[C]]") == "tie"
    assert PAIR.read("neither") is None
    assert swapped("A") == "B"
    assert swapped("tie") == "tie"
    assert swapped(None) is None


def test_an_invalid_verdict_counts_as_wrong_and_is_counted() -> None:
    found = agreement(["A", "A", "B"], ["A", None, "A"], ["A", "A", None])
    assert found is not None
    assert (found.right_first, found.right_second, found.right_both, found.same) == (1 / 3, 2 / 3, 1 / 3, 1 / 3)
    assert found.n_invalid == 2
    assert agreement([], [], []) is None
    assert cohen_kappa([("A", "A"), ("A", "A")]) is None
    assert cohen_kappa([("A", "A"), ("B", "B"), ("A", "B"), ("B", "A")]) == 0.0
