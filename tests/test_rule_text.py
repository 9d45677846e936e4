"""What a gate says about a rule, in words that say no more than is known."""

from __future__ import annotations

import pytest

from evalkit.decide.rules import Condition, RuleResult
from evalkit.render.rule_text import advice_of
from evalkit.stats.verdict import Verdict


@pytest.mark.parametrize(
    ("items", "said"),
    [(1, "about 1 more item would"), (99_999, "about 99,999 more items"), (1_961_462, "more than 100,000 more items")],
)
def test_a_number_of_items_that_nobody_asks_is_not_told_to_the_last_one(items: int, said: str) -> None:
    condition = Condition(kind="quality", subject="all", limit="margin", value=0.05)
    finding = RuleResult(
        condition, Verdict.INCONCLUSIVE, n=10, baseline=0.5, candidate=0.5, more_if_equal=items, p_pass=0.5
    )
    assert said in advice_of(finding)
    assert "1,961,462" not in advice_of(finding)
