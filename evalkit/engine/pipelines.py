"""Pipelines: a model with a guard before or behind it, asked as one, billed and timed part by part.

    request -> guard: "safe" -> model: answer -> guard: "unsafe" -> refused, with what the guard said

An attempt that fails in the middle is made again from where it failed: what the parts before it said of this request
still holds, and is not paid for twice (`parts_so_far`). Times are those of the parts together; a guard behind holds the
answer back, so that there is no first token before the end.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace

from evalkit.adapters.awaiting import ask_adapter, close_adapter
from evalkit.adapters.base import (
    Adapter,
    Capabilities,
    ChecksRequests,
    DescribesServer,
    Endpoint,
    ManagedServer,
    ModelSpec,
    ProbesTools,
    ReadsRecord,
    WeighsRequests,
)
from evalkit.adapters.options import read_options
from evalkit.adapters.pipeline import PipelineOptions, guards_of
from evalkit.engine.asking import believed
from evalkit.engine.billing_of_parts import parts_so_far
from evalkit.engine.budget import prompt_bytes
from evalkit.engine.caching import is_kept
from evalkit.engine.guards import ReadyGuard
from evalkit.errors import SuiteError, Unsupported
from evalkit.facts import is_replayed
from evalkit.plugins import folded
from evalkit.reasoning import answer_of
from evalkit.records import Message, Request, Response, Stage, Timing, Usage
from evalkit.suite.digests import digest
from evalkit.suite.model_prompts import own_words
from evalkit.suite.pipeline_parts import PIPELINE, is_pipeline
from evalkit.suite.redaction import Redactor
from evalkit.suite.schema import ModelEntry
from evalkit.suite.wording import near

_TRIAL = "?"
_READ = re.compile(r"\b(?:prompt|messages|system|answer|record|content)\b")
"""What a guard's template, or the request of an application that guards, reads of what it guards."""
_LOOP = re.compile(r"\{%[-+]?\s*for\b")
_MARKERS = 500
"""Bytes of turns' own markers, which a comparison passes over."""
_LONGEST_WHY = 2_000
"""Characters of a guard's words that a refusal quotes."""


def options_of(name: str, entry: ModelEntry) -> PipelineOptions:
    """What the entry says. Raises SuiteError with every complaint."""
    place = f"models.{name}"
    spec = ModelSpec(name, PIPELINE, entry.model or "", options=entry.options)
    wrong = []
    if entry.model is None:
        wrong.append(f"{place}.model: is required, and missing: the model of the suite between the guards")
    wrong += [
        f"{place}.{key}: belongs to its parts; a pipeline has no {key} of its own"
        for key in ("base_url", "serve", "hosting", "price_as", "weights", "licence")
        if getattr(entry, key) is not None
    ]
    if entry.settings.model_fields_set:
        wrong.append(f"{place}.settings: belong to its parts; a pipeline has none of its own")
    return read_options(PipelineOptions, spec, wrong)


def put_together(
    name: str,
    entry: ModelEntry,
    entries: Mapping[str, ModelEntry],
    made: Mapping[str, Adapter],
    redactor: Redactor | None = None,
) -> PipelineAdapter | None:
    """The pipeline of this entry; None where a part of it could not be made, which is said elsewhere. `redactor`: what
    is taken out of an answer before the guard behind sees it. Raises SuiteError."""
    options = options_of(name, entry)
    guards = dict(guards_of(options))
    place, wrong = f"models.{name}", []
    if not guards:
        wrong.append(f"{place}: has no guard; write before: or behind: with the name of a model")
    named = {"model": entry.model or "", **{role: guard.by for role, guard in guards.items()}}
    for key, part in named.items():
        if part not in entries:
            wrong.append(f"{place}.{key}: there is no model {part!r} in the suite; {near(part, entries)}")
        elif is_pipeline(entries[part]):
            wrong.append(f"{place}.{key}: {part} is a pipeline itself; a pipeline is made of single models")
        elif entries[part].serve is not None:
            wrong.append(f"{place}.{key}: {part} is started by evalkit (serve:), which a part of a pipeline is not")
    wrong += _prompts_not_asked(name, entry, entries, {role: guard.by for role, guard in guards.items()})
    found: dict[str, ReadyGuard] = {}
    for role, guard in guards.items():
        try:
            found[role] = ReadyGuard.of(guard, options, f"{place}.{role}", role)
        except SuiteError as error:
            wrong += error.complaints
    if wrong:
        raise SuiteError(wrong)
    if any(part not in made for part in named.values()):
        return None
    parts = {role: made[part] for role, part in named.items()}
    spec = replace(parts["model"].spec, name=name, adapter=PIPELINE, model=entry.model or "", options=entry.options)
    return PipelineAdapter(replace(spec, base_url=None, weights=None), parts, found, redactor)


def _prompts_not_asked(
    name: str, entry: ModelEntry, entries: Mapping[str, ModelEntry], guards: Mapping[str, str]
) -> Iterator[str]:
    """What parts say of prompts and would not be asked with."""
    for role, guard in guards.items():
        for key in own_words(entries[guard]) if guard in entries else ():
            yield (
                f"models.{guard}.{key}: a guard is not asked with a {key} of its own; write it where it guards, "
                f"models.{name}.{role}: {{by: {guard}, {key}: ...}}"
            )
    main = entries.get(entry.model or "")
    if main is not None and isinstance(entry.prompt, Mapping) and isinstance(main.prompt, str):
        yield f"models.{name}.prompt: names tasks, and that of {entry.model} is one for all; write both alike"


class PipelineAdapter:
    """The parts of a pipeline as one model. `served` is what their servers said of themselves, by part."""

    def __init__(
        self,
        spec: ModelSpec,
        parts: Mapping[str, Adapter],
        guards: Mapping[str, ReadyGuard],
        redactor: Redactor | None = None,
    ) -> None:
        self.spec = spec
        self._redactor = redactor
        self.parts = parts
        """By role: model, before, behind."""
        self._guards = guards
        main = parts["model"]
        self.capabilities = _capabilities(parts, holds_back="behind" in guards)
        self.record_fields = frozenset(
            field for one in parts.values() if isinstance(one, ReadsRecord) for field in one.record_fields
        )
        facts = {f"part_{role}": f"{one.spec.name} at {one.endpoint.place}" for role, one in parts.items()}
        if any(is_replayed(one.endpoint.facts) or _is_made_up(one) for one in parts.values()):
            facts["replayed"] = "true"
        named = " · ".join(f"{role} {one.endpoint.place} {one.spec.model}" for role, one in sorted(parts.items()))
        self.endpoint = Endpoint(
            lane=main.endpoint.lane,
            further_lanes=tuple(sorted({one.endpoint.lane for one in parts.values()} - {main.endpoint.lane})),
            place=f"{named} · {_content(spec, parts, redactor)[:12]}",
            network=any(one.endpoint.network for one in parts.values()),
            host=main.endpoint.host,
            cacheable=all(is_kept(one) for one in parts.values()),
            weights=main.endpoint.weights or main.spec.weights,
            turn=main.endpoint.turn,
            facts=facts,
        )
        self.served: Mapping[str, object] = {}

    async def respond(self, request: Request) -> Response:
        """The answer, or that a guard blocked it. Raises the RequestError of the part that failed."""
        if request.continuations is not None:
            raise Unsupported(f"models.{self.spec.name}: a pipeline gives no log-likelihoods", sent=False)
        so_far = parts_so_far()
        stages: list[Stage] = []
        if (before := self._guards.get("before")) is not None:
            if so_far.before is None:
                so_far.before = await self._ask(before, request, None)
            stages.append(so_far.before)
            if so_far.before.blocked:
                return _blocked(stages)
        if so_far.answer is None:
            so_far.answer = await self._answer(request)
        said, made = so_far.answer
        behind = self._guards.get("behind")
        shown = answer_of(said.text)
        if self._redactor is not None:  # as judges see it: a guard may be somebody else's
            shown = self._redactor.text(shown, Counter())
        if behind is None or not shown.strip():
            return _passed_on(said, [*stages, made], held_back=False)
        stage = await self._ask(behind, request, shown)
        if stage.blocked:
            return _blocked([*stages, replace(made, said=said.text), stage], said)
        return _passed_on(said, [*stages, made, stage], held_back=True)

    def n_bytes(self, request: Request) -> int:
        """Bytes that the model between the guards is sent; `most_shown` says what that makes for its guards."""
        return _own_bytes(self.parts["model"], request)

    def most_shown(self, role: str, n_bytes: int) -> int:
        """The most bytes that a guard is shown of so many: its templates, and all once for each time that they name a
        variable. A loop goes over messages, of which each has 16 bytes and more."""
        own = self.parts[role].spec.options.get("request")
        source = "".join(template.source for _, template in self._guards[role].turns)
        source += "" if own is None else json.dumps(own, default=str, ensure_ascii=False)
        rounds = 1 + (n_bytes // 16 if _LOOP.search(source) else 0)
        return max(1, len(_READ.findall(source))) * n_bytes + len(source.encode("utf-8", "replace")) * rounds

    def check_request(self, request: Request) -> None:
        """Raises Unsupported where a part cannot be asked this."""
        main = self.parts["model"]
        asked = [(main, request)]
        for role, guard in self._guards.items():
            answer = _TRIAL if role == "behind" else None
            made = guard.request(request, answer, self.parts[role])
            self._refuse_more(guard, made, request, answer)
            asked.append((self.parts[role], made))
        for part, one in asked:
            if isinstance(part, ChecksRequests):
                part.check_request(one)

    async def describe(self) -> None:
        """Asks each server what it is."""
        try:
            for part in self.parts.values():
                if isinstance(part, DescribesServer) and not isinstance(part, ManagedServer):
                    await part.describe()
        finally:  # also where no time was left for the rest
            told = ((one.spec.name, getattr(one, "served", None)) for one in self.parts.values())
            self.served = {name: dict(served) for name, served in told if served}

    async def probe_tools(self) -> str | None:
        """As the model between the guards."""
        main = self.parts["model"]
        return await main.probe_tools() if isinstance(main, ProbesTools) else None

    async def aclose(self) -> None:
        """Closes every part; those that are asked by themselves too are closed twice, which does nothing."""
        for part in self.parts.values():
            await close_adapter(part)

    async def _answer(self, request: Request) -> tuple[Response, Stage]:
        main = self.parts["model"]
        asked = request if main.capabilities.record else replace(request, record={})
        said = believed(await ask_adapter(main, asked), asked)
        return said, Stage(main.spec.name, "model", said.timing, said.usage, said.served_model)

    async def _ask(self, guard: ReadyGuard, request: Request, answer: str | None) -> Stage:
        adapter = self.parts[guard.role]
        request = self._as_shown(request)
        asked = guard.request(request, answer, adapter)
        self._refuse_more(guard, asked, request, answer)
        said = believed(await ask_adapter(adapter, asked), asked)
        blocked = guard.blocks(said, guard.by)
        words = said.text or said.refusal
        return Stage(guard.by, guard.role, said.timing, said.usage, said.served_model, blocked, words)

    def _as_shown(self, request: Request) -> Request:
        """The request with earlier answers of the model as judges see them: a guard may be somebody else's."""
        if self._redactor is None or not any(one.role == "assistant" for one in request.messages):
            return request
        from evalkit.engine.stored import turn_as_stored

        turns = (
            turn_as_stored(one, request.tools, self._redactor) if one.role == "assistant" else one
            for one in request.messages
        )
        return replace(request, messages=tuple(turns))

    def _refuse_more(self, guard: ReadyGuard, asked: Request, request: Request, answer: str | None) -> None:
        """Raises Unsupported where a guard would be sent more than a cap in dollars counts with."""
        given = prompt_bytes((*request.messages, Message("assistant", answer or "")))
        most = self.most_shown(guard.role, given) + _MARKERS
        if (made := max(prompt_bytes(asked.messages), _own_bytes(self.parts[guard.role], asked))) > most:
            raise Unsupported(
                f"models.{guard.by}: what it is shown is larger ({made:,} bytes) than its prompt and what that names "
                f"together ({most:,}), so no cap in dollars can hold; let the prompt name each thing where it stands",
                sent=False,
            )


def _content(spec: ModelSpec, parts: Mapping[str, Adapter], redactor: Redactor | None) -> str:
    """Digest of all that decides what a pipeline says, beside the request itself."""
    what = {
        role: {
            "place": one.endpoint.place,
            "model": one.spec.model,
            "options": dict(one.spec.options),
            "settings": asdict(one.spec.settings),
            "weights": one.endpoint.weights or one.spec.weights,
        }
        for role, one in parts.items()
    }
    said: dict[str, object] = {"parts": what, "options": dict(spec.options)}
    if redactor is not None:
        said["redacted"] = redactor.identity()
    return digest("evalkit.pipeline/1", said)


def _own_bytes(part: Adapter, request: Request) -> int:
    return part.n_bytes(request) if isinstance(part, WeighsRequests) else 0


def _is_made_up(part: Adapter) -> bool:
    return part.spec.function is not None or folded(part.spec.adapter) in {"replay", "scripted"}


def _capabilities(parts: Mapping[str, Adapter], *, holds_back: bool) -> Capabilities:
    main = parts["model"].capabilities
    return replace(
        main,
        likelihood=False,
        images=False,  # a guard would let pass what it cannot see
        streaming=main.streaming and not holds_back,
        usage=all(one.capabilities.usage for one in parts.values()),
        timing=all(one.capabilities.timing for one in parts.values()),
        record=any(one.capabilities.record for one in parts.values()),
    )


def _passed_on(said: Response, stages: list[Stage], *, held_back: bool) -> Response:
    """The model's answer with the bill and the times of all parts. A guard behind holds every token back."""
    waited_s = sum(stage.timing.total_s for stage in stages if stage.role == "before")
    own = said.timing
    first = None if held_back or own.ttft_s is None else waited_s + own.ttft_s
    thought = None if held_back or own.ttfr_s is None else waited_s + own.ttfr_s
    timing = Timing(stages[0].timing.sent_at, _seconds(stages), ttft_s=first, ttfr_s=thought)
    return replace(said, timing=timing, usage=_sum(stages), raw_usage=None, stages=tuple(stages))


def _blocked(stages: list[Stage], said: Response | None = None) -> Response:
    """What a user sees of a request, or of an answer, that a guard blocked."""
    guard = stages[-1]
    words = (guard.said or "").strip()
    words = words if len(words) <= _LONGEST_WHY else words[: _LONGEST_WHY - 1] + "…"
    why = f"blocked by {guard.model}" + (f": {words}" if words else "")
    return Response(
        "",
        "content_filter",
        Timing(stages[0].timing.sent_at, _seconds(stages)),
        served_model=said.served_model if said is not None else None,
        usage=_sum(stages),
        refusal=why,
        calls=() if said is not None and said.calls is not None else None,
        dropped=said.dropped if said is not None else (),
        stages=tuple(stages),
    )


def _seconds(stages: list[Stage]) -> float:
    return sum(stage.timing.total_s for stage in stages)


def _sum(stages: list[Stage]) -> Usage | None:
    """Tokens of all parts; a count that one of them does not say is unknown."""
    bills = [stage.usage for stage in stages]
    known = [bill for bill in bills if bill is not None]
    if len(known) < len(bills):
        return None
    return Usage(
        input=_total(bill.input for bill in known),
        cache_read=_total(bill.cache_read for bill in known),
        cache_write_5m=_total(bill.cache_write_5m for bill in known),
        cache_write_1h=_total(bill.cache_write_1h for bill in known),
        cache_write_other=_total(bill.cache_write_other for bill in known),
        output=_total(bill.output for bill in known),
        reasoning=_total(bill.reasoning for bill in known),
        beside=tuple(dict.fromkeys(one for bill in known for one in bill.beside)),
    )


def _total(counts: Iterable[int | None]) -> int | None:
    """The sum; None where one is unknown."""
    total = 0
    for n in counts:
        if n is None:
            return None
        total += n
    return total
