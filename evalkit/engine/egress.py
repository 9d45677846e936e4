"""Who would receive a suite's prompts, and whether they may: models, judges, and what providers pass on.

    leaving = egress("internal", frozenset(), (Side("models", entries, adapters, settings), ...))
    leaving.complaints      # sentences; empty: everything may go where it would go

The rules are in `places`, the person's policy in `suite.policy`. Everything is decided before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.adapters.base import Adapter, HoldsBodies
from evalkit.adapters.registry import origin_of_model
from evalkit.addresses import is_loopback
from evalkit.engine.data_policy import body_refusal, may_receive, passed_on
from evalkit.facts import RunFacts, SuiteFacts
from evalkit.facts.run import EgressFacts, PolicyFacts, ReceiverFacts, RedactionFacts
from evalkit.frozen import dataclass
from evalkit.records import Settings
from evalkit.suite.examination import Examined
from evalkit.suite.policy import Policy, current
from evalkit.suite.schema import ModelEntry, RedactEntry
from evalkit.suite.sensitivity import LEVELS, Sensitivity, weaker
from evalkit.suite.tasks import ResolvedTask

if TYPE_CHECKING:
    from evalkit.cost.reports import ToolReceiver


@dataclass(frozen=True, slots=True)
class EgressSide:
    """Models that are asked, or judges that score."""

    section: str
    """models or judges, as the suite calls them."""
    entries: Mapping[str, ModelEntry]
    adapters: Mapping[str, Adapter]
    settings: Sequence[Mapping[str, Settings]]
    """Of each task, by the name of the model."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What would leave this process, and whether it may."""

    complaints: tuple[str, ...]
    notes: tuple[str, ...]
    facts: EgressFacts
    """For run.json: the sensitivity that held, the policy's name and digest, and every receiver."""


def egress(
    level: Sensitivity, key_hosts: frozenset[str], sides: Iterable[EgressSide], tools: Iterable[ToolReceiver] = ()
) -> Egress:
    """The decision about every receiver. Raises UserError for a policy that cannot be read.

    `tools`: live servers of agents' tools, which `live_tools` has decided about.
    """
    policy = current()
    complaints: list[str] = []
    notes: list[str] = []
    receivers: dict[str, ReceiverFacts] = {}
    for side in sides:
        for name, adapter in side.adapters.items():
            entry = side.entries[name]
            complaints += may_receive(level, name, entry, adapter.endpoint, key_hosts, side.section, policy)
            extras = [entry.settings.extra, *(own[name].extra for own in side.settings if name in own)]
            wrong, told = passed_on(level, name, adapter, extras, side.section, policy)
            complaints, notes = complaints + wrong, notes + told
            if isinstance(adapter, HoldsBodies) and (refusal := body_refusal(level, policy)) is not None:
                adapter.hold_bodies(refusal)
            host = adapter.endpoint.host
            if host is None:
                wrong, told = _unseen(level, f"{side.section}.{name}", adapter, policy)
                complaints, notes = complaints + wrong, notes + told
                continue
            receivers[name] = ReceiverFacts(host=host, passed_on=tuple(told))
            if policy is not None:
                receivers[name], known = _known(receivers[name], host, policy)
                notes.append(f"policy {policy.name}: prompts of {name} go to {host}: {known}")
    for tool in tools:
        about = ReceiverFacts(host=tool["host"], program=tool["program"], tasks=tuple(tool["tasks"]))
        if policy is not None and (host := tool["host"]) is not None:
            about, known = _known(about, host, policy)
            notes.append(f"policy {policy.name}: calls of the tools of {tool['environment']} go to {host}: {known}")
        receivers[f"tools of {tool['environment']}"] = about  # no model has a blank in its name
    policy_facts = None if policy is None else PolicyFacts(file=policy.name, sha256=policy.sha256)
    facts = EgressFacts(sensitivity=level, policy=policy_facts, receivers=receivers)
    return Egress(tuple(complaints), tuple(notes), facts)


def _known(about: ReceiverFacts, host: str, policy: Policy) -> tuple[ReceiverFacts, str]:
    """(the receiver with what the policy knows of its host, that as words)."""
    known = "this machine" if is_loopback(host) else policy.about(host)
    return about.with_changes(ReceiverFacts(known=known)), known


def _unseen(level: Sensitivity, place: str, adapter: Adapter, policy: Policy | None) -> tuple[list[str], list[str]]:
    """(complaints, notes) about code of others that names no host: it may send prompts anywhere.

    Nothing of evalkit's own adapters: those without a host send nothing. A policy with requirements refuses what is
    unknown; without a policy so does every level but public, where the adapter says itself that it uses a network.
    """
    if adapter.spec.function is not None:
        who, sends = "a function of your own", False
        way_out = 'Name its host: Model(function, base_url="https://HOST").'
    elif adapter.endpoint.facts.get("program") is not None:
        who, sends = f"a program of the suite ({adapter.endpoint.facts['program']})", False
        way_out = "Name its host in its entry: base_url: https://HOST."
    elif (package := origin_of_model(adapter.spec)) is not None:
        who, sends = f"the adapter {adapter.spec.adapter!r} of {package}", adapter.endpoint.network
        way_out = "Its authors name it in Endpoint(host=...); ask them, or leave the model out: --models."
    else:
        return [], []
    if policy is not None and policy.refusals(level, ""):
        unseen = "a function" if adapter.spec.function is not None else who
        said = f"where {unseen} sends prompts is not known, and {policy.name} has requirements for {level}"
        return [f"{place}: {said}. {way_out}"], []
    if policy is None and sends and level != "public":
        said = f"{who} uses a network and names no host, and the suite's sensitivity is {level}"
        return [f"{place}: {said}. {way_out}"], []
    return [], [f"{place}: {who}; evalkit does not see where it sends prompts"]


def redaction_notes(task: ResolvedTask, examined: Examined) -> list[str]:
    """Sentences on what was taken out of a task's records, and on what will be out of its rows; none where the suite
    redacts nothing."""
    notes = []
    if task.redactor is not None:
        found = ", ".join(f"{n:,} {kind}" for kind, n in sorted(examined.redacted.items())) or "nothing found"
        notes.append(f"{task.name}: redacted before anything is sent: {found}")
    if task.storing is not None:
        notes.append(
            f"{task.name}: answers are scored as they came and redacted before they are stored; they are not kept for "
            "later runs (no cache)"
        )
    return notes


def redaction_facts(entry: RedactEntry | None, redacted: Mapping[str, Mapping[str, int]]) -> RunFacts:
    """For run.json: what the suite takes out, where, and how often it was found in records, by task; nothing is set
    where it redacts nothing. What was found in rows is added when they are sealed (`stored`)."""
    if entry is None:
        return RunFacts()
    found = RedactionFacts(what=entry.what, patterns=entry.patterns, where=entry.where, found=redacted)
    if entry.countries:
        found = found.with_changes(RedactionFacts(countries=entry.countries))
    return RunFacts(redaction=found)


def sent_before(before: RunFacts, now: RunFacts, level: Sensitivity) -> RunFacts:
    """`suite_resolved` and `egress` of a run that is resumed: what was sent earlier was sent under the earlier rules.

    The weaker sensitivity of the two stays in the record, and a policy only where both were made under it.
    """
    earlier, later = before.egress or EgressFacts(), now.egress or EgressFacts()
    suite = now.suite_resolved or SuiteFacts()
    was = earlier.sensitivity or (before.suite_resolved or SuiteFacts()).sensitivity
    kept: str = level
    if weaker(was, level):
        kept = was if was in LEVELS else LEVELS[0]
    return RunFacts(
        suite_resolved=suite.with_changes(SuiteFacts(sensitivity=kept)),
        egress=EgressFacts(
            sensitivity=kept,
            policy=later.policy if later.policy == earlier.policy else None,
            receivers={**earlier.receivers, **later.receivers},
        ),
    )
