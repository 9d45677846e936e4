"""PubMedQA's labelled abstracts: gold answers, wrong answers, and what the two people scored who answered them."""

from __future__ import annotations

from pathlib import Path

from evalkit.scorers.overlap import macro_f1
from evalkit.scorers.registry import make_scorer
from tests.parity import marked, records
from tests.scoring import sample

CHOICES = ("yes", "no", "maybe")


def test_gold_answers_score_one_and_every_other_zero(shared_data: Path) -> None:
    scorer = make_scorer("choice", {})
    n = 0
    for record in records(shared_data / "pubmedqa" / "pqal_nontest.jsonl.gz"):
        item = sample(record["final_decision"], CHOICES)
        for answer in CHOICES:
            assert marked(item, answer, scorer).value == float(answer == record["final_decision"])
        n += 1
    assert n == 500


def test_peoples_accuracy_and_macro_f1_are_computed(shared_data: Path) -> None:
    """No figure is published for these 500; docs/scoring.md lists ours."""
    rows = list(records(shared_data / "pubmedqa" / "pqal_nontest.jsonl.gz"))
    scorer = make_scorer("choice", {})
    found = {}
    for who in ("reasoning_required_pred", "reasoning_free_pred"):
        right = sum(marked(sample(r["final_decision"], CHOICES), r[who], scorer).value or 0 for r in rows)
        f1 = macro_f1([r[who] for r in rows], [r["final_decision"] for r in rows])
        assert f1 is not None
        found[who] = (right / len(rows), round(f1, 4))
    assert found == PEOPLE


PEOPLE = {"reasoning_required_pred": (0.782, 0.6946), "reasoning_free_pred": (0.928, 0.8881)}
