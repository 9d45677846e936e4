"""Where prompts may go: a suite's `sensitivity` against each endpoint, before anything is sent.

    public       anywhere
    internal     this machine, a provider's own endpoint (the suite names no address and no resource), or a host that
                 the person allows
    restricted   this machine, or a host that the person running evalkit allows

With a policy file (`suite.policy`) the policy alone decides. "The person allows" means --allow-key-host,
--allow-http-host or their variables, never the suite: it may come from a pull request.

Fields by which a provider sends parts of a prompt elsewhere: `callouts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from evalkit.adapters.base import Adapter, BodyRefusal, Endpoint
from evalkit.adapters.billed_beside import SEARCHING_MODEL
from evalkit.adapters.registry import account_options
from evalkit.addresses import is_loopback
from evalkit.suite.extra_fields import CLOUD_MODEL, MODEL_WITH_PROMPTS, ROUTER, plain_name
from evalkit.suite.policy import Policy
from evalkit.suite.schema import ModelEntry
from evalkit.suite.sensitivity import Sensitivity
from evalkit.trust import CALLOUTS, prompts_may_go

if TYPE_CHECKING:
    from evalkit.engine.address_texts import Callout


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
    extras: Iterable[Mapping[str, object]],
    section: str = "models",
    policy: Policy | None = None,
) -> tuple[list[str], list[str]]:
    """(complaints, notes) about provider-side tools and fields that pass parts of prompts on to others.

    `extras` are the `settings.extra` that this model is asked with. Under `public` they are noted; otherwise the person
    has to allow each by its host or its name (--allow-callout). With a policy each has to meet what it asks at this
    level; where the provider decides where to, that is nothing. Nothing is said of models that no network reaches.
    """
    extras = list(extras)
    if not adapter.endpoint.network or not _has_ways(adapter, extras):
        return [], []
    from evalkit.engine.address_texts import addresses, in_text
    from evalkit.engine.callouts import ROUTING, STORED_PROMPT, callouts

    found = dict.fromkeys(one for extra in extras for one in callouts(adapter.spec.model, extra))
    if adapter.endpoint.host is None or is_loopback(adapter.endpoint.host):
        # A server or a function of one's own calls its models and fields as it likes, and is no provider.
        found = dict.fromkeys(one for one in found if one.known and one not in (STORED_PROMPT, ROUTING))
    for option in (_REQUEST, _QUERY):
        found |= dict.fromkeys(addresses(option, adapter.spec.options.get(option)))
    path = urlsplit(adapter.spec.base_url or "").path
    for part in (path, *unquote(path).split("/")):
        found |= dict.fromkeys(in_text("base_url", part, ""))
    allowed = CALLOUTS.hosts()
    complaints, notes = [], []
    for one in found:
        where = one.host or "a place that the provider decides"
        own = one.place in ("model", "base_url") or one.place.startswith((f"{_REQUEST}.", f"{_QUERY}."))
        place = one.place if own else f"settings.extra.{one.place}"
        if not one.known and sensitivity == "public" and policy is None:
            continue
        kind = one.kind if one.known else f"{one.kind} is a field that evalkit does not know, so it"
        kind = f"{one.kind} takes plain words, and this text is none; it" if one.odd_text else kind
        what = f"{section}.{name}.{place}: {kind} may pass parts of prompts on to {where}"
        known = one.host if one.host is not None else one.kind.lower()
        way_out = f"--allow-callout {known}, or EVALKIT_CALLOUTS={known}."
        if policy is not None and (one.host is not None or known not in allowed):
            # Where the provider decides, nobody knows the place: it meets no requirement.
            why = policy.refusals(sensitivity, one.host or "")
            also = "" if one.host is not None else f". If it may, allow it outside the suite: {way_out}"
            complaints += [f"{what}: {reason} ({policy.name}){also}" for reason in why]
            if why or one.host is not None:
                notes += [] if why else [what]
                continue
        if sensitivity == "public" or known in allowed:
            notes.append(what)
        else:
            complaints.append(
                f"{what}, and the suite's sensitivity is {sensitivity}. If it may, allow it outside the suite: "
                f"{way_out}"
            )
    return complaints, notes


def _has_ways(adapter: Adapter, extras: Iterable[Mapping[str, object]]) -> bool:
    """Whether there is anything to look at: a plain run needs none of what knows the fields."""
    spec = adapter.spec
    path = urlsplit(spec.base_url or "").path
    return (
        any(extras)
        or any(one.search(spec.model) for one in (SEARCHING_MODEL, MODEL_WITH_PROMPTS, ROUTER, CLOUD_MODEL))
        or bool(spec.options.get(_REQUEST) or spec.options.get(_QUERY))
        or _PLAIN_PATH.fullmatch(path) is None
    )


def body_refusal(sensitivity: Sensitivity, policy: Policy | None) -> BodyRefusal | None:
    """What says of a body that templates made why it may not be sent, before it is; None where everything may.

    The suite's own words are looked at by `passed_on`. What its templates make of them, of the record and of the
    prompt is known only now: a text that is an address as a whole, and an address that neither the prompt nor the
    record has, count as places that prompts are passed on to.
    """
    if sensitivity == "public" and policy is None:
        return None

    def refusal(body: Mapping[str, object], asked: Sequence[str]) -> str | None:
        for one in dict.fromkeys(_made_addresses("request", body, asked)):
            where = one.host or "a place that nobody knows"
            if policy is not None and (one.host is not None or sensitivity == "public"):
                why = next(iter(policy.refusals(sensitivity, one.host or "")), None)
            elif sensitivity == "public" or one.host in CALLOUTS.hosts():
                why = None
            else:
                why = f"the suite's sensitivity is {sensitivity}. If it may: --allow-callout {one.host or one.kind}"
            if why is not None:
                return f"{one.place} may pass parts of prompts on to {where}, so it was not sent: {why}"
        return None

    return refusal


_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]*)?(?:/[A-Za-z0-9._~-]+)*/?")
"""The path of an address in which no other can stand."""
_QUERY = "query"
_REQUEST = "request"
"""The option that holds the body for an application of one's own: what is written in it as an address is one."""
_QUESTIONS = frozenset(
    {"content", "question", "prompt", "input", "inputs", "text", "message", "user_input", "user_message", "user_query"}
    | {"utterance", "query", "q", "ask"}
)
"""Fields in which applications take what a user says: a message that is nothing but an address is one there too."""


def _made_addresses(place: str, value: object, asked: Sequence[str]) -> Iterator[Callout]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            at = f"{place}.{name}"
            yield from _made_in_text(at, str(name), "", asked)  # a key of a record's own mapping is a text like others
            if isinstance(inner, str) and not (plain_name(str(name)) in _QUESTIONS and inner in asked):
                yield from _made_in_text(at, inner, plain_name(str(name)), asked)
            elif not isinstance(inner, str):
                yield from _made_addresses(at, inner, asked)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            if isinstance(inner, str):
                yield from _made_in_text(f"{place}[{i}]", inner, "", asked)
            else:
                yield from _made_addresses(f"{place}[{i}]", inner, asked)


def _made_in_text(place: str, text: str, key: str, asked: Sequence[str]) -> Iterator[Callout]:
    """Addresses of a text that was made: it is one as a whole, or nobody who asks has it."""
    from evalkit.engine.address_texts import Callout, bare_address, readings, written_addresses

    known: list[str] | None = None
    for said in readings(text.strip()):
        for address, host in written_addresses(said):
            known = [one.strip() for whole in asked for one in readings(whole)] if known is None else known
            if address == said or not any(address in one and address != one for one in known):
                yield Callout(place, "address", host)
        if "//" not in said:
            yield from bare_address(place, said, key)
