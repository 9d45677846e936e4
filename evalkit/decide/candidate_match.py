"""What a run may not say of its candidates by itself, where the gate comes from a protected branch.

The candidate's entry is what is judged, so the keys in `allowed_differences` may differ. These are their conditions,
with `candidate_bills` and `candidate_weights`: what it reads besides the suite's prompts, who answers, who else is
asked while it is timed, and what held when a part of the rows was asked.

What the weights and the server of a candidate may bring along: no prompt; templates and tokenizers can hold one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from evalkit import trust
from evalkit.addresses import BadAddress, is_loopback, read_address
from evalkit.decide.allowed_differences import RECORDED, SuiteDifference, differences, same
from evalkit.decide.candidate_bills import BILLED_BY, other_licence, otherwise_billed
from evalkit.decide.gate_trust import GateTrust
from evalkit.decide.judged import Judged, mapping, other_model
from evalkit.facts import RunFacts, SuiteFacts
from evalkit.plugins import folded
from evalkit.suite.extra_fields import EFFORTS, LONG_TEXT, MODEL_WITH_PROMPTS, beyond_tuning, n_letters, prompt_fields
from evalkit.suite.pipeline_parts import PIPELINE
from evalkit.suite.policy import current
from evalkit.suite.schema import GateEntry
from evalkit.suite.wording import short, spelled

EVERYTHING = frozenset({"scores", "outcomes", "costs", "times", "licence"})
"""What a rule of a package rests on that does not say what it reads."""
_SHARED = ("inter_threads", "intra_threads", "max_batch", "num_ctx", "keep_alive")
"""Keys by which a candidate may take from the machine that the baseline runs on, too: processors, memory."""
_APPLICATIONS = frozenset({"http", "command", "python"})
"""Adapters whose request may print `model` wherever its template likes."""
_VERSION = re.compile(r"[A-Za-z0-9._-]{1,64}")


def rests_on(gate: GateEntry | None) -> frozenset[str]:
    """What the rules of a gate read. A rule of a package that does not say so reads everything."""
    rules = gate.rules if gate is not None else ()
    return frozenset().union(*(rule.reads or EVERYTHING for rule in rules))


def differing_facts(
    gate: GateEntry, facts: RunFacts, now: SuiteFacts, made: SuiteFacts, trusted: GateTrust
) -> Iterator[str]:
    """A line for each thing that the run says by itself. `now`: the protected suite; `made`: the run's own."""
    read = rests_on(gate)
    timed = compares_times(gate)
    addresses = _addresses_of(now)
    for name in gate.candidates:
        one = Judged(name, _entry(now, name), _entry(made, name), facts.model_facts(name))
        yield from (_not_listed(found) for found in _unlisted(one))
        said = [key for key in RECORDED if one.theirs.get(key) is not None and not _alike(one, key)]
        if said and not trusted.allow_recorded:
            yield f"  {name}: {', '.join(said)} of its entry: recorded answers (--allow-recorded)"
        yield from _otherwise_read(one)
        yield from _answered_elsewhere(one, addresses, trusted)
        yield from other_weights(one, trusted)
        yield from _other_parts(one, facts, now, made, trusted)
        if "costs" in read:
            yield from otherwise_billed(one, facts)
        if one.theirs.get("stream") is False and one.ours.get("stream") is not False:
            yield (
                f"  {name}: stream: false in the run alone; what is long would then be a silence, given up and asked "
                "again until it is short (change it on the protected branch first)"
            )
        if timed and (threads := [key for key in _SHARED if one.ours.get(key) != one.theirs.get(key)]):
            yield f"  {name}: {', '.join(threads)} of its entry changed, and a rule compares times with the baseline's"
        if "licence" in read:
            yield from other_licence(one, addresses)
    yield from _asked_beside(gate, facts, now, made, timed=timed)
    yield from _changed_on_the_way(facts, read)


def _other_parts(one: Judged, facts: RunFacts, now: SuiteFacts, made: SuiteFacts, trusted: GateTrust) -> Iterator[str]:
    """A line for a part of a pipeline that is not the suite's: its entry, or the weights behind it. A part that is a
    candidate itself is held as one."""
    written = [one.theirs.get("model"), *(_by(one.theirs.get(role)) for role in ("before", "behind"))]
    named = {name for name in written if isinstance(name, str)} if one.theirs.get("adapter") == PIPELINE else set()
    told = one.ran.parts or {}
    if named != set(told):
        yield f"  {one.name}: run.json says that it was made of {_all(told)}, and its suite says {_all(named)}"
    for name, ran in told.items():
        part = Judged(name, _entry(now, name), _entry(made, name), ran)
        if name not in now.models:
            yield f"  {one.name}: its part {name} is not a model of the suite"
        yield from other_weights(part, trusted)


def _by(guard: object) -> object:
    return guard.get("by") if isinstance(guard, Mapping) else guard


def _all(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing else"


def compares_times(gate: GateEntry) -> bool:
    """Whether a rule puts the candidate's times beside the baseline's."""
    return any("times" in (rule.reads or EVERYTHING) and (not rule.reads or rule.needs_baseline) for rule in gate.rules)


def _alike(one: Judged, key: str) -> bool:
    return same(one.ours.get(key), one.theirs.get(key))


def _unlisted(one: Judged) -> Iterator[SuiteDifference]:
    """Keys of the entry that differ and stand in no row of the table."""
    run, suite = ({"models": {one.name: entry}} for entry in (one.theirs, one.ours))
    return differences(run, suite, [one.name])


def _not_listed(found: SuiteDifference) -> str:
    return (
        f"  {found.at[1]}: {found.values(2)}; a candidate may not have this key otherwise (change it on the protected "
        "branch first)"
    )


def _otherwise_read(one: Judged) -> Iterator[str]:
    """Settings that give the candidate more to read than the suite does: the right answers could stand there."""
    ours, theirs = (mapping(entry.get("settings")) for entry in (one.ours, one.theirs))
    had, has = (mapping(settings.get("extra")) for settings in (ours, theirs))
    changed = {key: value for key, value in has.items() if key not in had or not same(had[key], value)}
    prompts = prompt_fields(changed)
    found = [f"settings.extra.{field}" for field in prompts]
    stop, extra = theirs.get("stop"), theirs.get("extra")
    if stop != ours.get("stop") and (not isinstance(stop, list | None) or n_letters(stop) > LONG_TEXT):
        found.append("settings.stop")
    if not isinstance(extra, Mapping | None):
        found.append("settings.extra")
    if found:
        yield f"  {one.name}: {', '.join(found)} of its entry: the candidate would read what the suite does not say"
    unknown = [field for field in beyond_tuning(changed) if field.partition(".")[0] not in {_first(p) for p in prompts}]
    for field in unknown:
        yield (
            f"  {one.name}: settings.extra.{field}: {spelled(_at(has, field))} in the run, "
            f"{spelled(_at(had, field))} in the suite; this field is not known to be harmless (change it on the "
            "protected branch first)"
        )
    model = one.theirs.get("model")
    if model != one.ours.get("model") and isinstance(model, str) and MODEL_WITH_PROMPTS.search(model):
        yield f"  {one.name}: model: {short(model)} names prompts that are kept at the provider; name the model itself"
    if model is not None and model != one.ours.get("model") and not _names_a_version(one, model):
        yield (
            f"  {one.name}: model: {short(model)} is put into the application's request, and is more than a name (at "
            "most 64 letters, digits, dots and dashes; change it on the protected branch first)"
        )
    effort = theirs.get("reasoning_effort")
    if effort is not None and effort != ours.get("reasoning_effort") and not _is_effort(effort):
        yield (
            f"  {one.name}: settings.reasoning_effort: {spelled(effort)} is no effort that is known "
            f"({', '.join(sorted(EFFORTS))}, or a number); templates print it into the prompt"
        )


def _names_a_version(one: Judged, model: object) -> bool:
    """Whether `model` can be no text for an application to read; models themselves are asked by many kinds of ids."""
    adapter = one.theirs.get("adapter")
    if not isinstance(adapter, str) or folded(adapter) not in _APPLICATIONS:
        return True
    return isinstance(model, str) and _VERSION.fullmatch(model) is not None


def _is_effort(value: object) -> bool:
    return isinstance(value, str) and (value in EFFORTS or (value.isascii() and value.isdigit() and len(value) < 7))


def _answered_elsewhere(one: Judged, addresses: frozenset[str], trusted: GateTrust) -> Iterator[str]:
    """Who answers, where nobody but the run names it: whoever runs a server can answer with the right answers."""
    adapter = one.theirs.get("adapter")
    other = adapter != one.ours.get("adapter") and isinstance(adapter, str) and not trusted.allow_recorded
    if other and not trusted.installed.has(str(adapter)):
        yield (
            f"  {one.name}: adapter: {short(adapter)} is of an installed package, and the suite does not name it "
            "(change it on the protected branch first)"
        )
    if one.ran.adapter != adapter:
        yield f"  {one.name}: run.json says that {short(one.ran.adapter)} asked it, and its suite says {short(adapter)}"
    elif other_model(one.theirs, one.ran.model):
        yield (
            f"  {one.name}: run.json says that {short(one.ran.model)} answered, and its suite says "
            f"{short(one.theirs.get('model'))}"
        )
    address = one.theirs.get("base_url")
    if (said := _host_of(address)) is not None and said != (one.ran.host or "").lower():
        yield f"  {one.name}: run.json says that {short(one.ran.host)} answered, and its suite says {short(said)}"
    if not address or address == one.ours.get("base_url"):
        return
    host = said or (one.ran.host or "").lower()
    policy = current()
    named = isinstance(address, str) and address.rstrip("/") in addresses
    allowed = trust.prompts_may_go(host) or (policy is not None and policy.endpoint(host) is not None)
    if not named and not allowed and not is_loopback(host):
        yield (
            f"  {one.name}: base_url: its answers came from {short(host or 'an unknown host')}, at an address that the "
            "suite does not name, and whoever runs a host can send the right answers; allow it yourself: "
            "EVALKIT_KEY_HOSTS=HOST, or list it in a --policy"
        )


def _host_of(address: object) -> str | None:
    """The host of an address as a suite writes it; None where `${NAME}` stands in it, or it is none."""
    if not isinstance(address, str) or "${" in address:
        return None
    try:
        return read_address(address).host.lower()
    except BadAddress:
        return None


def _addresses_of(now: SuiteFacts) -> frozenset[str]:
    """Addresses that the protected suite names. Whole ones: many hosts have one path for each of their customers."""
    found = (entry.root.get("base_url") for entry in (*now.models.values(), *now.judges.values()))
    return frozenset(address.rstrip("/") for address in found if isinstance(address, str))


def _asked_beside(gate: GateEntry, facts: RunFacts, now: SuiteFacts, made: SuiteFacts, *, timed: bool) -> Iterator[str]:
    """Models beside the candidates that the suite does not have so: they could load the baseline's server, or fill the
    caches of the candidate's."""
    fixed = {gate.baseline, *gate.candidates}
    for name in {**made.models, **(facts.models or {})}:
        if name in gate.candidates or (name in now.models and now.models[name] == made.models.get(name)):
            continue
        if timed:
            yield (
                f"  {name}: asked in the same run, but not a model of the suite as it is; a rule compares times with "
                "the baseline's, which others slow down"
            )
        elif name not in fixed:
            what = "its entry is not the suite's" if name in now.models else "not a model of the suite"
            yield f"  {name}: {what}; leave it out of this run (evalkit run --models {','.join(_wanted(gate))})"


def _wanted(gate: GateEntry) -> list[str]:
    own = [] if gate.baseline is None or "@" in gate.baseline else [gate.baseline]
    return [*own, *gate.candidates]


def _changed_on_the_way(facts: RunFacts, read: frozenset[str]) -> Iterator[str]:
    """Keys that a resumed run had otherwise when a part of its rows was asked."""
    for key in facts.otherwise_before:
        last = key.rpartition(".")[2]
        about_cost = last in (*BILLED_BY, "prices")
        if last != "licence" and not (about_cost and "costs" not in read):
            yield f"  {key}: changed while the run was made; a part was asked before that (run it anew: --new)"


def _entry(side: SuiteFacts, name: str) -> Mapping[str, object]:
    return side.models[name].root if name in side.models else {}


def _first(path: str) -> str:
    return path.partition(".")[0]


def _at(value: object, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


_FLAGS = frozenset(
    """
    tensor_parallel_size pipeline_parallel_size data_parallel_size enable_expert_parallel quantization dtype
    kv_cache_dtype max_model_len max_num_seqs max_num_batched_tokens max_logprobs gpu_memory_utilization cpu_offload_gb
    block_size enforce_eager seed enable_prefix_caching enable_chunked_prefill max_lora_rank fully_sharded_loras
    reasoning_parser tool_call_parser enable_auto_tool_choice load_format revision startup_timeout_s
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Flags of `serve:` that a candidate may set: none that names a file, a template, a tokenizer or other weights."""
_FLAG_VALUE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def other_weights(one: Judged, trusted: GateTrust) -> Iterator[str]:
    """A line for weights that lie in the checkout, and for each flag of a server that may bring a prompt along."""
    ours, theirs = (mapping(entry.get("serve")) for entry in (one.ours, one.theirs))
    for flag, value in theirs.items():
        plain = isinstance(value, bool | int | float) or (isinstance(value, str) and _FLAG_VALUE.fullmatch(value))
        if not same(ours.get(flag), value) and not (flag.replace("-", "_") in _FLAGS and plain):
            yield (
                f"  {one.name}: serve.{flag}: {spelled(value)} in the run, {spelled(ours.get(flag))} in the suite; a "
                "candidate may set flags of size, precision and parsers alone"
            )
    if not _is_local(one, trusted):
        return
    if one.theirs.get("model") != one.ours.get("model"):
        yield (
            f"  {one.name}: model: {short(one.theirs.get('model'))} is a folder of weights that the suite does not "
            "name; a folder brings its own chat template, which may hold the right answers (name it on the protected "
            "branch first, or take weights of the hub)"
        )
        return
    suite = trusted.suite
    entry = suite.models.get(one.name) if suite is not None else None
    if suite is None or entry is None:
        return
    here, ran = trusted.installed.weights(one.name, entry, suite.folder), one.ran.facts or {}
    if not here:
        yield (
            f"  {one.name}: model: {short(one.theirs.get('model'))} does not lie beside the suite, so its chat "
            "template cannot be compared; put the folder there, or under a --data-root for both"
        )
    elif _otherwise_templated(here, ran):
        yield (
            f"  {one.name}: its chat template or tokenizer is not the one that lies beside the suite: it may hold the "
            "right answers (change it on the protected branch first)"
        )


def _otherwise_templated(here: Mapping[str, str], ran: Mapping[str, object]) -> bool:
    """Whether the run's weights read conversations otherwise than those beside the suite. The digest of the weights
    covers the tokenizer, and of vllm the template too."""
    if here.get("tokenizer_config") != ran.get("tokenizer_config"):
        return True
    covered = any(here.get(key) != ran.get(key) for key in ("template", "tokenizer"))
    return covered and here.get("weights") != ran.get("weights")


def _is_local(one: Judged, trusted: GateTrust) -> bool:
    """Whether the weights lie in a folder that a suite names: not those of the hub, nor those that evalkit ships."""
    model = str(one.theirs.get("model") or "")
    if folded(str(one.theirs.get("adapter"))) == "ctranslate2":
        return not trusted.installed.is_shipped(model)
    if not one.theirs.get("serve"):
        return False
    weights = str((one.ran.facts or {}).get("weights") or "")
    return not weights.startswith(("hub ", "unknown"))
