"""The gate's result that says that one side was answered by several served models. It never decides.

changed_within("candidate", rows)         # None where the side was answered by one model
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.decide.rules import Condition, RuleResult, RuleWords
from evalkit.results.served import SERVED, changed_line, served_of
from evalkit.stats.verdict import Verdict

if TYPE_CHECKING:
    import pyarrow as pa


def changed_within(side: str, rows: pa.Table) -> RuleResult | None:
    """The result that says that one side was answered by several models; None where it was not.

    It never decides: whether the change matters is for a person to say.
    """
    line = changed_line(side, rows)
    if line is None:
        return None
    return RuleResult(
        Condition(SERVED, side, "one for the", None, required=False),
        Verdict.INCONCLUSIVE,
        shown=f"{len(served_of(rows).models)} models",
        n=rows.num_rows,
        method="as the provider reported",
        notes=(line,),
    )


def describe(result: RuleResult) -> RuleWords:
    """The words for that result."""
    side = result.condition.subject
    return RuleWords(f"{SERVED} of the {side}", "text", limit_text="one model", observed_text=result.shown)
