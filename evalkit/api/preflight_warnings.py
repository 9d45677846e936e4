"""What catalogue, environment and gate know of a plan before anybody pays: sentences for check, plan and run.

    gpt-4: retired on 2026-10-23 (OpenAI Python SDK ...): its maker will most likely answer 404
    letters: 2 of 20 prompts are longer than gpt-4 takes (8,192 tokens): the longest has about 75,004, with 64 to answer
    gpt-4o: max_output_tokens 64,000 is above what it writes at most (16,384 tokens, ...): the request will ...
    o3: refuses temperature (...): the request will most likely be turned down
    gate, cost usd_per_sample (max_ratio 0.5): the price of qwen is unknown, so the rule can only be inconclusive ...

They are warnings and no complaints: facts may be old, and only the provider knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import unquote

from evalkit.adapters.keys import unsent_headers, unsent_key
from evalkit.catalogue.facts import Known
from evalkit.catalogue.reading import load, mentions, user_file
from evalkit.cost.prices import book_version, context_window
from evalkit.engine.budget import prompt_bytes, tools_bytes
from evalkit.engine.plan import Plan
from evalkit.engine.work import PlannedModel, PlannedTask
from evalkit.facts import is_replayed
from evalkit.records import Settings
from evalkit.suite.schema import GateEntry
from evalkit.text.secrets import longest_first, secrets_in

if TYPE_CHECKING:
    from evalkit.decide.rules import Condition

_OWN_COST = ("cost_usd",)
"""Options by which an adapter says itself what an answer costs."""
BYTES_A_TOKEN = 4
"""As plans assume where no tokenizer is at hand."""
_SOON_DAYS = 60
_SMALL_WINDOW = 4_000
"""Tokens of prompt and answer that every model takes: for less, the price list (0.2 s to load) is not asked."""
_UNUSED = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORGANIZATION", "OPENAI_DEFAULT_HEADERS"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"),
    "gemini": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI"),
    "azure": ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION", "AZURE_OPENAI_AD_TOKEN"),
    "mistral": ("MISTRAL_BASE_URL", "MISTRAL_SERVER_URL"),
    "groq": ("GROQ_BASE_URL",),
    "together": ("TOGETHER_BASE_URL",),
    "openrouter": ("OPENROUTER_BASE_URL",),
    "deepseek": ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"),
    "xai": ("XAI_BASE_URL",),
    "fireworks": ("FIREWORKS_BASE_URL",),
    "ollama": ("OLLAMA_HOST",),
    "ollama-native": ("OLLAMA_HOST",),
    "bedrock-converse": ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"),
}
"""By adapter: variables that the provider's own tools obey and that evalkit leaves alone, unless `environment` uses
them: a suite has to mean the same on every machine."""


def forewarned(plan: Plan) -> Plan:
    """The plan with what is known of its models among its notes. Raises UserError for a file of facts that is wrong."""
    today = datetime.now(UTC).date()
    models = _models(plan)
    notes = [*gate_warnings(plan), *(note for model in models for note in unused_variables(model))]
    addressed = [(model.adapter.spec, host) for model in models if (host := model.adapter.endpoint.host) is not None]
    notes += [note for spec, host in addressed if (note := unsent_key(spec, host)) is not None]
    notes += [note for spec, host in addressed for note in unsent_headers(spec, host)]
    notes += hidden_answers(plan.work.tasks)
    recorded = plan.facts.catalogue or ()
    own = user_file()
    if not (recorded or own or mentions(model.adapter.spec.model for model in models)):
        notes += too_long(plan.work.tasks, {}, models)
        return replace(plan, notes=(*notes, *plan.notes)) if notes else plan
    catalogue = load([own] if own else [], recorded)
    known = {m.name: found for m in models if (found := catalogue.find(m.adapter.spec.model)) is not None}
    ends = {name: end for name, one in known.items() if (end := retirement(one, today)) is not None}
    remote = {model.name for model in models if model.adapter.endpoint.host is not None}
    notes = [f"{name}: {end}" for name, end in ends.items() if name in remote] + notes
    notes += too_long(plan.work.tasks, known, models)
    notes += above_limit(plan.work.tasks, known)
    notes += refused(plan.work.tasks, known)
    with_ends = tuple(replace(model, gone=ends.get(model.name)) for model in plan.work.models)
    return replace(plan, work=replace(plan.work, models=with_ends), notes=(*notes, *plan.notes))


def retirement(known: Known, today: date) -> str | None:
    """That a model has been retired, or will be within two months, by whose word; None where nobody says so."""
    days = [date.fromisoformat(str(claim.value)) for claim in known.claims.get("retires", ())]
    if not days:
        return None
    first, told = min(days), known.sources("retires")
    if first <= today:
        return f"retired on {first} ({told}): its maker most likely answers 404"
    if (left := (first - today).days) <= _SOON_DAYS:
        when = "tomorrow" if left == 1 else f"in {left} days"
        return f"retires on {first}, {when} ({told}): what is measured now will soon be gone"
    return None


def hidden_answers(tasks: Iterable[PlannedTask]) -> list[str]:
    """Where a key, or a header's value, stands in right answers or options: it is cut out of every reply."""
    if not longest_first():
        return []
    notes = []
    for task in tasks:
        samples = list(task.samples() if task.stream is None else task.stream.head)
        found = [secrets for one in samples if (secrets := secrets_in("\n".join((one.target or "", *one.choices))))]
        if not found:
            continue
        values = set(chain.from_iterable(found))
        named = [name for name, value in os.environ.items() if any(one in unquote(value) for one in values)]
        first = "the first " if task.stream is not None else ""
        notes.append(
            f"{task.name}: the value of {' or '.join(named[:3]) or 'a key'}, or a part of it, stands in the right "
            f"answers or options of {len(found):,} of {first}{len(samples):,} samples. It is cut out of every reply, "
            "so that these can hardly be right: give that key or header another value"
        )
    return notes


def too_long(tasks: Iterable[PlannedTask], known: Mapping[str, Known], models: Iterable[PlannedModel]) -> list[str]:
    """Where prompts, with the answer that they leave room for, are longer than a model's window: the catalogue's, else
    the price list's."""
    windows = {
        name: (window, one.sources("context_tokens"))
        for name, one in known.items()
        if isinstance(window := one.value("context_tokens"), int)
    }
    unread = {one.name: one for one in models if one.name not in windows and one.priced_as and one.priced_as[0]}
    if not windows and not unread:
        return []
    notes = []
    for task in tasks:
        if task.settings.keys().isdisjoint(windows.keys() | unread.keys()):
            continue
        samples = task.samples() if task.stream is None else task.stream.head
        sizes = [-(-(prompt_bytes(s.messages) + tools_bytes(s.tools)) // BYTES_A_TOKEN) for s in samples]
        first = "the first " if task.stream is not None else ""
        for name, settings in task.settings.items():
            answer = settings.max_output_tokens or 0
            if name in unread and max(sizes, default=0) + answer > _SMALL_WINDOW:
                windows |= _listed_window(unread.pop(name))
            if name not in windows:
                continue
            window, told = windows[name]
            n_over = sum(size + answer > window for size in sizes)
            if n_over:
                room = f", with {answer:,} to answer" if answer else ""
                notes.append(
                    f"{task.name}: {n_over:,} of {first}{len(sizes):,} prompts are longer than {name} takes "
                    f"({window:,} tokens, {told}): the longest has about {max(sizes):,}{room}. It will be "
                    "refused or cut. Shorten them, or leave the model out."
                )
    return notes


def _listed_window(model: PlannedModel) -> dict[str, tuple[int, str]]:
    """By the model's name (window in tokens, who says so), as the price list has it; empty where it says nothing."""
    provider, listed = model.priced_as or (None, "")
    window = context_window(provider, listed) if provider is not None else None
    return {} if window is None else {model.name: (window, book_version())}


def above_limit(tasks: Iterable[PlannedTask], known: Mapping[str, Known]) -> list[str]:
    """Where the longest answer that is asked for is longer than a model writes."""
    limits = {name: n for name, one in known.items() if isinstance(n := one.value("max_output_tokens"), int)}
    found: dict[str, list[str]] = {}
    for task in tasks:
        for name, settings in task.settings.items():
            asked = settings.max_output_tokens
            if name in limits and asked is not None and asked > limits[name]:
                sentence = (
                    f"{name}: max_output_tokens {asked:,} is above what it writes at most ({limits[name]:,} tokens, "
                    f"{known[name].sources('max_output_tokens')}): its requests will most likely be turned down, or "
                    "its answers end there"
                )
                found.setdefault(sentence, []).append(task.name)
    return [f"{sentence} ({', '.join(names)})." for sentence, names in found.items()]


def refused(tasks: Iterable[PlannedTask], known: Mapping[str, Known]) -> list[str]:
    """Settings that a model is known to turn down."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        for name, settings in task.settings.items():
            if name in known and (names := _refused_settings(settings, known[name])):
                told = known[name].sources("refuses") or known[name].sources("refuses_while_reasoning")
                sentence = f"{name}: refuses {', '.join(names)} ({told}): its requests will most likely be turned down"
                found.setdefault(sentence, []).append(task.name)
    return [f"{sentence} ({', '.join(names)}). Take the setting back with null." for sentence, names in found.items()]


def _refused_settings(settings: Settings, known: Known) -> list[str]:
    names = list(known.value("refuses") or [])
    if settings.reasoning_effort not in {None, "none"}:
        names += known.value("refuses_while_reasoning") or []
    given = {name: getattr(settings, name, None) for name in dict.fromkeys(names)}
    # 1 is the default of both, and taken.
    harmless = {(name, 1) for name in ("temperature", "top_p")}
    return [name for name, value in given.items() if value not in (None, ()) and (name, value) not in harmless]


def unused_variables(model: PlannedModel) -> list[str]:
    """Variables of the provider's own tools that are set here and do not count."""
    spec, endpoint = model.adapter.spec, model.adapter.endpoint
    names = _UNUSED.get(spec.adapter.lower().replace("_", "-"), ())
    return [
        f"{model.name}: {name} is set and not used: prompts go to {endpoint.host}. What a suite means must not hang on "
        "the machine. For another address write base_url; or allow its host (--allow-key-host), and it is used."
        if name.endswith(("_URL", "_BASE", "_HOST", "_ENDPOINT"))
        else f"{model.name}: {name} is set and not used."
        for name in names
        if os.environ.get(name) and spec.base_url is None
    ]


def _models(plan: Plan) -> list[PlannedModel]:
    return [*plan.work.models, *(plan.panel.judges if plan.panel is not None else ())]


def gate_warnings(plan: Plan) -> list[str]:
    """One sentence for each condition of the gate that cannot be decided, or has a key that does nothing; [] without a
    gate, or where its models are not asked."""
    gate = plan.suite.gate
    if gate is None:
        return []
    from evalkit.decide.reasons import EVERY_ITEM, IDLE_LABELS
    from evalkit.decide.rules import conditions

    models = {model.name: model for model in plan.work.models}
    found = []
    required = {c.kind for rule in gate.rules for c in conditions(rule) if c.required}
    if gate.history != "off" and (kinds := [kind for kind in ("cost", "latency") if kind in required]):
        found.append(f"gate, history: it {EVERY_ITEM.format(rules='rules about ' + ' and '.join(kinds))}")
    for rule in gate.rules:
        for condition in conditions(rule):
            if condition.kind == "latency":
                found += [f"{_of(condition)} can only be inconclusive: {why}" for why in _no_ratio(condition, plan)]
            elif condition.kind == "cost":
                found += _unpriced(condition, gate, models)
        if getattr(rule, "labels", None) is not None and not _judged(rule.subjects, plan):
            found.append(f"{_of(next(iter(conditions(rule))))} {IDLE_LABELS}")
    return found


def _of(condition: Condition) -> str:
    return f"gate, {condition.words}:"


def _no_ratio(condition: Condition, plan: Plan) -> Iterator[str]:
    """Why two times will not be put into a ratio; nothing where they will."""
    from evalkit.decide.reasons import NO_DECLARED_LOAD, STORED_BASELINE, recorded_ratio

    gate = plan.suite.gate
    if gate is None or condition.limit != "max_ratio":
        return
    sides = {gate.baseline, *gate.candidates}
    asked = [model for model in plan.work.models if model.name in sides]
    if gate.baseline is not None and gate.baseline.startswith("baseline@"):
        yield STORED_BASELINE
    elif any(is_replayed(model.adapter.endpoint.facts) for model in asked):
        why = recorded_ratio(*(model.adapter.endpoint.facts for model in asked))
        yield from () if why is None else (why,)
    elif plan.work.settings.in_flight is None:
        yield NO_DECLARED_LOAD


def _unpriced(condition: Condition, gate: GateEntry, models: dict[str, PlannedModel]) -> Iterator[str]:
    """A sentence where a model that is asked has no price and is not known to say itself what it costs."""
    from evalkit.decide.reasons import GIVE_PRICE

    sides = [*([gate.baseline] if condition.limit == "max_ratio" else []), *gate.candidates]
    lacking = [name for name in sides if name in models and not _has_price(models[name])]
    if lacking:
        yield (
            f"{_of(condition)} the price of {', '.join(lacking)} is unknown, so the rule can only be inconclusive, "
            f"unless the answers themselves say what they cost: {GIVE_PRICE}"
        )


def _has_price(model: PlannedModel) -> bool:
    """Whether an answer has a price, or a cost of its own."""
    from evalkit.records import Usage

    if model.parts:
        return all(_has_price(part) for part in model.parts.values())
    adapter = model.adapter
    if is_replayed(adapter.endpoint.facts) or any(adapter.spec.options.get(key) for key in _OWN_COST):
        return True
    return model.price(Usage(input=1, output=1, reasoning=0), None, datetime.now(UTC)) is not None


def _judged(subjects: tuple[str, ...], plan: Plan) -> bool:
    """Whether a judge marks an answer that the rule is about; True where its task is not asked now."""
    judged = set(plan.panel.tasks) if plan.panel is not None else set()
    planned = {task.name for task in plan.work.tasks}
    named = {subject.partition("/")[0] for subject in subjects}
    if "all" in named:
        return bool(judged) or planned != {task.name for task in plan.suite.tasks}
    return bool(named & judged) or not named <= planned
