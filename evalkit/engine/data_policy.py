"""Where prompts may go: a suite's `sensitivity` against each endpoint, before anything is sent.

    public       anywhere
    internal     this machine, a provider's own endpoint (the suite names no address and no resource), or a host that
                 the person allows
    restricted   this machine, or a host that the person running evalkit allows

With a policy file (`suite.policy`) the policy alone decides. "The person allows" means --allow-key-host,
--allow-http-host or their variables, never the suite: it may come from a pull request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalkit.adapters.base import Adapter, Endpoint
from evalkit.adapters.callouts import callouts
from evalkit.adapters.registry import account_options
from evalkit.addresses import is_loopback
from evalkit.suite.policy import Policy
from evalkit.suite.schema import ModelEntry
from evalkit.suite.sensitivity import Sensitivity
from evalkit.trust import CALLOUTS, prompts_may_go


def may_receive(
    sensitivity: Sensitivity,
    name: str,
    entry: ModelEntry,
    endpoint: Endpoint,
    allowed: frozenset[str],
    section: str = "models",
    policy: Policy | None = None,
) -> list[str]:
    """A complaint if this suite's prompts may not go to this model's endpoint; else nothing.

    A policy is the person's whole word on that: with one, nothing else is asked.
    """
    host = endpoint.host
    if host is None or is_loopback(host):
        return []
    if policy is not None:
        return [
            f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}: {why}. "
            f"This is the policy's word ({policy.name}); change it there."
            for why in policy.refusals(sensitivity, host)
        ]
    if sensitivity == "public":
        return []
    if prompts_may_go(host, allowed):
        return []
    if sensitivity == "internal" and entry.base_url is None and not account_options(entry.adapter, entry.options):
        return []
    return [
        f"{section}.{name}: prompts of a suite with sensitivity: {sensitivity} may not go to {host}. If they may, "
        f"allow the host outside the suite: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
    ]


def passed_on(
    sensitivity: Sensitivity,
    name: str,
    adapter: Adapter,
    extras: Iterable[Mapping[str, Any]],
    section: str = "models",
    policy: Policy | None = None,
) -> tuple[list[str], list[str]]:
    """(complaints, notes) about provider-side tools and fields that pass parts of prompts on to others.

    `extras` are the `settings.extra` that this model is asked with. Under `public` they are noted; otherwise the person
    has to allow each by its host or its name (--allow-callout). Nothing is said of models that no network reaches.
    """
    if not adapter.endpoint.network:
        return [], []
    found = dict.fromkeys(one for extra in extras for one in callouts(adapter.spec.model, extra))
    allowed = CALLOUTS.hosts()
    complaints, notes = [], []
    for one in found:
        where = one.host or "a place that the provider decides"
        place = "model" if one.place == "model" else f"settings.extra.{one.place}"
        what = f"{section}.{name}.{place}: {one.kind} may pass parts of prompts on to {where}"
        known = one.host if one.host is not None else one.kind.lower()
        if one.host is not None and policy is not None:
            why = policy.refusals(sensitivity, one.host)
            complaints += [f"{what}: {reason} ({policy.name})" for reason in why]
            notes += [] if why else [what]
            continue
        if sensitivity == "public" or known in allowed:
            notes.append(what)
        else:
            complaints.append(
                f"{what}, and the suite's sensitivity is {sensitivity}. If it may, allow it outside the suite: "
                f"--allow-callout {known}, or EVALKIT_CALLOUTS={known}."
            )
    return complaints, notes
