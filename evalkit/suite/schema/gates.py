"""The `gate:` of a suite file: what a candidate must show before it may replace the baseline, or go on alone.

baseline: gpt
candidates: [qwen-fp8]
rules:
  - {quality: all, margin: 0.02}
  - {cost: usd_per_1k_samples, max_ratio: 0.5}
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationInfo, WrapValidator, model_validator

from evalkit.suite.schema.parts import Part, StoredName, Text
from evalkit.suite.schema.rules import RuleEntry, read_rule

MOST_CHECKS: Final = 2_000
"""Rules times candidates of one gate. A file of them may be somebody else's, and whoever opens it waits."""


def _read(value: object, _: object, info: ValidationInfo) -> RuleEntry:
    return read_rule(value, from_json=info.mode == "json")


Rule = Annotated[SerializeAsAny[RuleEntry], WrapValidator(_read)]
"""Any kind of rule, read by the class of its kind."""


class ScanEntry(Part):
    """Look at every task and slice for a collapse."""

    margin: Annotated[float, Field(gt=0, lt=1)]
    """A loss beyond this anywhere fails, in score units."""


class GateEntry(Part):
    """What a candidate must show before it may replace the baseline."""

    baseline: Text | None = None
    """A model of this suite, or a promoted one: baseline@NAME. None: every limit is about the candidate alone (min,
    max_usd, max_s, max_rate, licence)."""
    candidates: Annotated[tuple[StoredName, ...], Field(strict=False, min_length=1, max_length=500)]
    rules: Annotated[tuple[Rule, ...], Field(strict=False, min_length=1, max_length=200)]
    scan: ScanEntry | None = None
    """None: no scan."""
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    """Accepted probability of a wrong pass, and apart from it of a wrong fail, for each rule."""
    on_inconclusive: Literal["fail", "pass", "warn"] = "fail"
    """What too little evidence does to the command: fail (exit 3), warn or pass (exit 0). The verdict stays
    inconclusive, and what could not be measured at all (an unknown price) is exit 3 whatever stands here."""
    early_stop: Literal["curtail", "save", "strict", "off"] | None = None
    """`run --gate` stops when the verdict is settled: curtail (no power lost), save (a third fewer items, some 3 points
    of power lost), strict (a proved bound, later and with less power), or off. None: `save`
    where `history` is asked for and found, else `curtail`."""
    history: Literal["auto", "off"] | Annotated[tuple[Text, ...], Field(strict=False, min_length=1, max_length=16)] = (
        "off"
    )
    """Stored answers of older models predict where the candidate differs, so that fewer items have to be asked: auto
    (every stored run that fits), or names of runs and promoted baselines. off: none."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.n_checks > MOST_CHECKS:
            raise ValueError(
                f"{len(self.candidates)} candidates times {len(self.rules)} rules are more than {MOST_CHECKS:,} "
                "decisions; make several gates of it"
            )
        return self

    @property
    def n_checks(self) -> int:
        """How often a rule is decided: a few hundredths of a second each, for some thousand rows."""
        return len(self.candidates) * len(self.rules)

    @property
    def error_rules(self) -> tuple[RuleEntry, ...]:
        """Its rules about how many answers failed."""
        return tuple(rule for rule in self.rules if getattr(rule, "rate", None) == "errored")

    @property
    def needs_baseline(self) -> str | None:
        """What compares with a baseline, as a reader knows it; None where nothing does."""
        compared = next((rule.kind for rule in self.rules if rule.needs_baseline), None)
        if compared is not None:
            return f"the rule about {compared}"
        return "the scan" if self.scan is not None else None
