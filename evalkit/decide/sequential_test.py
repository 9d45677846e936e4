"""A candidate on its way to a verdict: each required quality rule looked at again and again as pairs come in.

A fail of one required rule settles a candidate. A pass needs every required rule, so it may come early only where all
of them are on right/wrong scores of independent items, and neither a scan nor critical items have to see the rest.
With several required rules a fail is tested at alpha / rules (Bonferroni), in suite scope too: no weaker than what the
Holm of a full run promises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from evalkit.decide.rules import Condition, RuleResult, conditions
from evalkit.decide.rules.quality import rows_of
from evalkit.results.pairs import Pairs
from evalkit.stats.assisted import ESTIMATES
from evalkit.stats.assisted_looks import Assisted, KnownItems, unknown_items
from evalkit.stats.looks import Sequential, sequential
from evalkit.stats.verdict import Verdict
from evalkit.suite.schema import GateEntry
from evalkit.text import numbers


class RuleTest:
    """One required quality rule, looked at as pairs come in."""

    def __init__(
        self,
        condition: Condition,
        n_items: int,
        alpha: float,
        n_rules: int,
        plan: str,
        known: KnownItems | None = None,
    ) -> None:
        """`known`: what a frozen history says of its items, in the order of the walk."""
        self.condition, self._plan, self._known, self._n_items = condition, plan, known, n_items
        self._pass = self._test(alpha)
        self._fail = self._test(alpha / n_rules) if n_rules > 1 else self._pass
        self._n_right = 0.0
        """What the baseline got right: too little of it, and nobody could fail."""

    def _test(self, alpha: float) -> Sequential | Assisted:
        at = self.condition
        if self._known is None and self._plan != "strict":
            how: Literal["curtail", "save"] = "save" if self._plan == "save" else "curtail"
            return sequential(self._n_items, at.at, alpha, at.scope, how)
        plan: Literal["curtail", "save", "strict"] = "curtail"
        plan = "strict" if self._plan == "strict" else "save" if self._plan == "save" else plan
        known = self._known if self._known is not None else unknown_items(self._n_items)
        return Assisted(known, at.at, alpha, at.scope, plan, at.tail)

    @property
    def takes_graded(self) -> bool:
        """Whether scores between 0 and 1 can be walked."""
        return isinstance(self._pass, Assisted)

    def update(self, baseline: Sequence[float], candidate: Sequence[float], n_errored: int = 0) -> None:
        """Take in pairs, then errored ones. Raises ValueError for graded scores."""
        self._n_right += float(sum(baseline))
        self._pass.update(baseline, candidate, n_errored)
        if self._fail is not self._pass:
            self._fail.update(baseline, candidate, n_errored)

    @property
    def n_used(self) -> int:
        """Items after which it was settled, or all so far."""
        at = self._speaking
        return at.n_used or at.n

    def last_look(self, wins: int, losses: int, n_errored: int) -> tuple[Verdict, Verdict]:
        """What all items say for passing and for failing, to somebody who has looked nineteen times before. Not with
        history, whose last bound depends on the walk: see `walked`."""
        at = (self._pass, self._fail)
        passing, failing = (one.last_look(wins, losses, n_errored) for one in at if isinstance(one, Sequential))
        return passing, failing

    @property
    def verdict(self) -> Verdict | None:
        """None while it is open."""
        if self._passes:
            # Against a baseline that gets nothing right every candidate passes: go on, and let the whole gate say so.
            n = max(self._pass.n, self._fail.n)
            return Verdict.PASS if self._n_right > self.condition.at * n else None
        if self._fail.verdict is Verdict.FAIL:
            return Verdict.FAIL
        both = self._pass.verdict is not None and self._fail.verdict is not None
        return Verdict.INCONCLUSIVE if both else None

    @property
    def failed_before(self) -> bool:
        """Whether it fails at alpha and not at alpha / rules, of a whole suite: evalkit once tested those at alpha."""
        alone = self._pass.verdict is Verdict.FAIL and self._fail.verdict is not Verdict.FAIL
        return self.condition.scope == "suite" and alone

    @property
    def _passes(self) -> bool:
        """Of a whole suite the stricter test may be right where the other had failed it by chance: it walks on."""
        at_last = self.condition.scope == "suite" and self._fail.verdict is Verdict.PASS
        return self._pass.verdict is Verdict.PASS or at_last

    @property
    def _speaking(self) -> Sequential | Assisted:
        """The test that the verdict is from."""
        other = self._passes and self._pass.verdict is not Verdict.PASS
        return self._fail if other or self.verdict is Verdict.FAIL else self._pass

    def walked(self) -> tuple[Verdict, Verdict]:
        """Where every item was taken in: what the walk says for passing and for failing."""
        open_ = Verdict.INCONCLUSIVE
        return Verdict.PASS if self._passes else self._pass.verdict or open_, self._fail.verdict or open_

    def finding(self) -> RuleResult:
        """What it came to. No interval: the one of a fixed number of items would not be true of an early stop."""
        at = self._speaking
        used = at.n_used or at.n
        return RuleResult(
            self.condition,
            self.verdict or Verdict.INCONCLUSIVE,
            value=at.mean,
            n=at.n,
            n_errored=at.n_errored,
            method=f"sequential test ({at.plan}), settled at {used:,} of {at.n_items:,} items: {at.reason or 'open'}",
            notes=self.basis(),
        )

    def basis(self) -> tuple[str, ...]:
        """With history: which estimate spoke, and how far predictions moved it. Empty without."""
        at = self._speaking
        if self._known is None or not isinstance(at, Assisted) or at.basis is None:
            return ()
        said, told = at.basis, numbers.difference
        plain = f"the plain paired difference of the same {numbers.count(at.n)} items is {told(said.plain)}"
        if said.spoke in ESTIMATES[1:]:
            moved = f"history moved the estimate by {told(said.moved)} to {told(said.estimate)} ({said.spoke} spoke)"
        elif said.spoke == ESTIMATES[0]:
            moved = "the plain estimate spoke: predictions would not have helped"
        else:
            moved = f"{said.spoke} decided, not an estimate"
        return (f"{moved}; {plain}",)


def about_these_items(gate: GateEntry) -> bool:
    """Whether every required quality rule is about exactly these items (`scope: suite`), and there is one.

    What their mean will be is then learned from a random part of them. That items move together matters to a claim
    about other items alone.
    """
    required = [c for rule in gate.rules for c in conditions(rule) if c.required and c.is_margin]
    return bool(required) and all(c.scope == "suite" for c in required)


def reasons_against(
    gate: GateEntry,
    *,
    repeats: int,
    clustered: bool,
    critical: bool,
    weighted: bool = False,
    history: bool = False,
) -> list[str]:
    """Why a pass cannot come early, as sentences; empty when it can. A fail can in any case but the first four.
    `history`: older models predict, so that graded scores, and means of several answers, can be walked."""
    found = []
    if gate.early_stop == "off":
        found.append("gate.early_stop is off")
    if repeats > 1 and not history:
        found.append("items are asked several times, and no history helps")
    if clustered and not about_these_items(gate):
        found.append("items have clusters, or say the same as others")
    if weighted:
        found.append("items have weights (requests that each stands for)")
    required = [c for rule in gate.rules for c in conditions(rule) if c.required]
    other = sorted({_other(c) for c in required if not c.is_margin})
    if other:
        found.append(f"rules about {', '.join(other)} need every item")
    if gate.scan is not None:
        found.append("the scan looks at every item")
    if critical:
        found.append("every critical item has to be seen")
    return found


class SequentialTest:
    """One candidate on its way to a verdict."""

    def __init__(self, rules: Sequence[RuleTest], passes_early: bool) -> None:
        self.rules = rules
        self._passes_early = passes_early
        self.n_used = 0
        """Items walked, in the random order."""

    @property
    def verdict(self) -> Verdict | None:
        """The candidate's verdict once it is settled; None while it is open."""
        verdicts = [rule.verdict for rule in self.rules]
        if not verdicts:
            return None
        if Verdict.FAIL in verdicts:
            return Verdict.FAIL
        if not self._passes_early or None in verdicts:
            return None
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else Verdict.PASS


def sequential_rules(
    gate: GateEntry,
    counts: Mapping[str, int],
    *,
    passes_early: bool,
    known: Mapping[str, KnownItems] | None = None,
) -> list[RuleTest]:
    """A rule for each required quality condition; `counts`: items of each subject; `known`: what history says of them.

    None at all where one has no items, or there is none: then nothing can settle. Where only a fail may come early
    (`passes_early` false) the plan is always `curtail`: it keeps all power for the end, where the pass is decided.
    """
    required = [c for rule in gate.rules for c in conditions(rule) if c.required]
    quality = [c for c in required if c.is_margin]
    if not all(counts.get(c.subject) for c in quality):
        return []
    asked = gate.early_stop or ("save" if known is not None else "curtail")
    plan = asked if passes_early or asked == "strict" else "curtail"
    if known is not None and any(c.subject not in known or len(known[c.subject]) != counts[c.subject] for c in quality):
        return []
    helped = known or {}
    return [RuleTest(c, counts[c.subject], gate.alpha, len(required), plan, helped.get(c.subject)) for c in quality]


def at_the_end(
    gate: GateEntry,
    pairs: Pairs,
    found: Sequence[RuleResult],
    *,
    passes_early: bool,
    walked: Sequence[RuleTest] | None = None,
) -> tuple[RuleResult, ...]:
    """The findings on all items of a run that was looked at while it ran. `walked`: the rules after that walk, where
    its last bound depends on what was seen on the way (history, betting); None: it depends on the plan alone.

    Each look spends some of the accepted error, so what a single look would show may not be enough: it has to reach
    the last look's own bound too. A pass that could not have come early was not looked for, and needs no more.
    """
    if walked is not None:
        ends = {rule.condition: rule for rule in walked}
        held = []
        for finding in found:
            rule = ends.get(finding.condition)
            kept = with_last_look(finding, rule.walked() if rule is not None else None, passes_early)
            held.append(replace(kept, notes=(*kept.notes, *rule.basis())) if rule is not None else kept)
        return tuple(held)
    parts = {c.subject: pairs.only(rows_of(pairs, c.subject)) for f in found if (c := f.condition).is_margin}
    rules = sequential_rules(gate, {name: part.n for name, part in parts.items()}, passes_early=passes_early)
    said = {}
    for rule in rules:
        part = parts[rule.condition.subject]
        if part.binary:  # marked again since, scores may be graded: nobody has looked at those
            ahead = (part.candidate.score - part.baseline.score)[part.scored]
            n_errored = part.n - len(ahead)
            said[rule.condition] = rule.last_look(int((ahead > 0).sum()), int((ahead < 0).sum()), n_errored)
    return tuple(with_last_look(finding, said.get(finding.condition), passes_early) for finding in found)


def with_last_look(finding: RuleResult, said: tuple[Verdict, Verdict] | None, passes_early: bool) -> RuleResult:
    """The finding, held to what the last look said for passing and failing; None: nobody looked."""
    if said is None or finding.verdict not in ((Verdict.PASS, Verdict.FAIL) if passes_early else (Verdict.FAIL,)):
        return finding
    if finding.verdict is said[0 if finding.verdict is Verdict.PASS else 1]:
        return finding
    note = f"would {finding.verdict} if this run had not been looked at while it ran: the last look asks for more"
    return replace(finding, verdict=Verdict.INCONCLUSIVE, notes=(*finding.notes, note))


def subjects_of(gate: GateEntry) -> list[str]:
    """What the required quality rules are about."""
    return list(dict.fromkeys(c.subject for r in gate.rules for c in conditions(r) if c.required and c.is_margin))


def belongs(subject: str, task: str, slices: Mapping[str, str]) -> bool:
    """Whether an item is part of what a rule is about."""
    if subject == "all":
        return True
    of_task, slash, part = subject.partition("/")
    name, _, value = part.partition("=")
    return of_task == task and (not slash or slices.get(name) == value)


def _other(condition: Condition) -> str:
    """What a required condition is about that no look decides early."""
    if condition.kind != "quality":
        return condition.kind
    return "one scorer of several" if condition.part is not None else "a least score (min)"
