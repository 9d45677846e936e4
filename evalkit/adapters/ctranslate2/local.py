"""The embedded engine: real weights on this machine's CPU, without a server, a key, a network or torch.

    models:
      mine: {adapter: ctranslate2, model: ./checkpoints/mine, compute_type: int8}

    Request(messages=(user: Capital of France?,)) -> Response(text="Paris", usage=Usage(input=12, output=2, ...))

Text requests go through the checkpoint's chat template; a checkpoint without one gets the messages as plain text, which
the endpoint's facts say. Decoding is greedy unless a temperature above 0 is asked for. Sampling cannot be seeded per
request, so `seed` is dropped, and so is what the engine has no part for (JSON schema, effort, top log-probabilities).

Likelihood requests are plain text: prompt and continuation are encoded together and split at the prompt's length, and
blanks at the prompt's end belong to the continuation, as in lm-eval, so that figures are comparable with it.

Like any server, the engine queues: `sent_at` is the moment of the call, and the wait for a place in a batch is part of
the time to first token. Usage counts the tokens of the checkpoint's own tokenizer, the end token included.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.ctranslate2.batching import Gatherer
from evalkit.adapters.ctranslate2.checkpoint import Checkpoint, read_checkpoint
from evalkit.adapters.ctranslate2.door import answerable, usable
from evalkit.adapters.ctranslate2.engine import (
    CTranslate2Options,
    Engine,
    EngineSettings,
    Job,
    engine_settings,
)
from evalkit.adapters.moments import first_seen
from evalkit.errors import Rejected, ServerError, Unsupported
from evalkit.memory import memory_bytes
from evalkit.reasoning import split
from evalkit.records import Message, Request, Response, Settings, Timing, Usage

DEFAULT_MAX_TOKENS = 256
Options = CTranslate2Options


def make(spec: ModelSpec) -> CTranslate2Adapter:
    """Loads the weights, converting them on first use. Raises SuiteError for whatever cannot work here.

    Loading comes before the run rather than with the first request: a model that does not load should cost nothing.
    """
    options = engine_settings(spec)
    with usable(spec):
        return CTranslate2Adapter(spec, read_checkpoint(spec, options.compute_type), options)


class CTranslate2Adapter:
    """One checkpoint in one precision."""

    def __init__(self, spec: ModelSpec, checkpoint: Checkpoint, options: EngineSettings) -> None:
        import ctranslate2

        engine = Engine(spec, checkpoint, options)
        version = ctranslate2.__version__
        precision = options.compute_type
        self.spec = spec
        self.capabilities = Capabilities(likelihood=True, seed=False)
        self.endpoint = Endpoint(
            lane="cpu",
            place=f"weights {checkpoint.digest} {checkpoint.writing[:16]} ctranslate2 {version} {precision} cpu",
            network=False,
            facts={
                "engine": f"ctranslate2 {version}",
                "weights": checkpoint.digest,
                "compute_type": precision,
                "device": "cpu",
                "intra_threads": str(engine.n_threads) if engine.n_threads else "chosen by the engine",
                "max_batch": str(options.max_batch),
                "prompt": "plain text" if checkpoint.render is None else "chat template",
                "tokenizer_config": checkpoint.writing[:16],
                "tokenizer": checkpoint.spelling[:16],
            },
        )
        self._checkpoint = checkpoint
        self._fingerprint = f"ctranslate2-{version}-{precision}-{checkpoint.digest[:12]}"
        self._engine = engine
        self._gatherer = Gatherer(engine.run, max_batch=options.max_batch, n_threads=options.inter_threads)

    async def respond(self, request: Request) -> Response:
        """The answer to one request. Raises Rejected for a prompt that does not fit, Unsupported for extra fields."""
        sent_at = time.perf_counter()
        if request.settings.extra:
            names = ", ".join(request.settings.extra)
            raise Unsupported(
                f"models.{self.spec.name}: ctranslate2 takes no extra fields, and these are given: {names}."
            )
        with answerable(self.spec):
            if request.continuations is not None:
                return await self._score(request, request.continuations, sent_at)
            return await self._write(request.messages, request.settings, sent_at)

    def count_prompt(self, messages: tuple[Message, ...]) -> int:
        """Tokens of a prompt, by the checkpoint's own tokenizer: for `evalkit plan`, which sends nothing. Raises
        Rejected as `respond`."""
        with answerable(self.spec):
            return len(self._prompt(messages))

    async def aclose(self) -> None:
        """Lets running batches end and gives the memory back."""
        await self._gatherer.aclose()
        self._engine.unload()

    async def _write(self, messages: tuple[Message, ...], settings: Settings, sent_at: float) -> Response:
        prompt = self._prompt(messages)
        limit = self._limit(len(prompt), settings.max_output_tokens)
        temperature = settings.temperature or 0.0
        top_p = 1.0 if settings.top_p is None or not temperature else settings.top_p
        job = Job(("text", temperature, top_p), len(prompt), prompt, limit)
        await self._through_engine(job)
        total_s = time.perf_counter() - sent_at
        ended = bool(job.ids) and job.ids[-1] in self._checkpoint.end_ids
        said = job.ids[:-1] if ended else job.ids
        text = self._checkpoint.tokenizer.decode(said, skip_special_tokens=True)
        cut = min((at for stop in settings.stop if stop and (at := text.find(stop)) >= 0), default=None)
        text = text[:cut]
        moments = [moment - sent_at for moment in job.moments[: len(said)]]
        parted = split(text)
        thinking = 0 if parted.reasoning is None else self._token_at(said, parted.begins)
        first = self._token_at(said, first_seen(text, 0 if parted.reasoning is None else parted.begins))
        spoken = moments[first:]
        return Response(
            text=text,
            stop_reason="stop" if ended or cut is not None else "length",
            timing=Timing(
                sent_at=sent_at,
                total_s=total_s,
                ttft_s=spoken[0] if spoken else None,
                ttfr_s=moments[0] if thinking and moments else None,
                last_s=spoken[-1] if spoken else None,
                began_s=moments[thinking] if spoken and thinking < first else None,
            ),
            served_model=self._checkpoint.name,
            fingerprint=self._fingerprint,
            usage=Usage(input=len(prompt), output=len(job.ids), reasoning=thinking),
            dropped=dropped(settings),
        )

    def _token_at(self, said: Sequence[int], place: int | None) -> int:
        """The first token with which the character at this place of the text is there; all of them for None."""
        if place is None:
            return len(said)
        if place == 0:
            return 0
        decode, low, high = self._checkpoint.tokenizer.decode, 0, len(said)
        while low < high:
            middle = (low + high) // 2
            if len(decode(said[: middle + 1], skip_special_tokens=True)) > place:
                high = middle
            else:
                low = middle + 1
        return low

    async def _score(self, request: Request, continuations: tuple[str, ...], sent_at: float) -> Response:
        contexts = request.contexts
        if contexts is None:
            contexts = ("\n\n".join(turn.text for turn in request.messages),) * len(continuations)
        rows = [self._row(*pair) for pair in zip(contexts, continuations, strict=True)]
        job = Job(("likelihood", 0.0, 1.0), max((len(ids) for ids, _ in rows), default=0), rows=rows)
        if rows:
            await self._through_engine(job)
        return Response(
            text="",
            stop_reason="stop",
            timing=Timing(sent_at=sent_at, total_s=time.perf_counter() - sent_at),
            served_model=self._checkpoint.name,
            fingerprint=self._fingerprint,
            usage=Usage(input=sum(len(ids) for ids, _ in rows), output=0, reasoning=0),
            logliks=tuple(score for score, _ in job.scores),
            logliks_greedy=tuple(greedy for _, greedy in job.scores),
            loglik_tokens=tuple(len(ids) - start for ids, start in rows),
            dropped=dropped(request.settings),
        )

    async def _through_engine(self, job: Job) -> None:
        """Fills the job. Raises ServerError for what the engine cannot compute."""
        try:
            await self._gatherer.done(job)
        except asyncio.CancelledError:
            job.given_up = True
            raise
        except (RuntimeError, ValueError, MemoryError) as error:
            raise ServerError(f"models.{self.spec.name}: CTranslate2 failed: {error}") from error

    def _prompt(self, messages: tuple[Message, ...]) -> list[str]:
        """Tokens of the conversation. A template writes its special tokens itself: none are added to its text."""
        render = self._checkpoint.render
        text = "\n\n".join(turn.text for turn in messages) if render is None else render(messages)
        encoding = self._checkpoint.tokenizer.encode(text, add_special_tokens=render is None)
        tokens: list[str] = encoding.tokens[: _text_end(encoding)]
        start = self._checkpoint.start_id
        if not tokens and start is not None and (token := self._checkpoint.tokenizer.id_to_token(start)) is not None:
            tokens = [token]
        if not tokens:
            raise Rejected(f"models.{self.spec.name}: the prompt is empty, and the checkpoint names no start token.")
        known = self._checkpoint.known
        if known is not None and not known.issuperset(tokens):
            strange = next(token for token in tokens if token not in known)
            raise Rejected(
                f"models.{self.spec.name}: the tokenizer gives {strange!r:.60}, and the weights have no such token: "
                "they do not fit together."
            )
        return tokens

    def _row(self, context: str, continuation: str) -> tuple[list[int], int]:
        """(token ids of both, where the continuation begins), split as lm-eval splits them."""
        body = context.rstrip()
        tail = context[len(body) :] + continuation
        encode = self._checkpoint.tokenizer.encode
        before, both = encode(body, add_special_tokens=True), encode(body + tail, add_special_tokens=True)
        ids: list[int] = both.ids[: _text_end(both)]
        start = _text_end(before)
        if start == 0:
            if self._checkpoint.start_id is None:
                raise Rejected(
                    f"models.{self.spec.name}: nothing stands before {continuation!r}, and the checkpoint "
                    f"names no start token."
                )
            ids, start = [self._checkpoint.start_id, *ids], 1
        if start >= len(ids):
            raise Rejected(f"models.{self.spec.name}: the continuation {continuation!r} has no token of its own.")
        n_known = self._checkpoint.n_tokens
        if n_known is not None and (strange := next((one for one in ids if not 0 <= one < n_known), None)) is not None:
            raise Rejected(
                f"models.{self.spec.name}: the tokenizer gives token {strange}, and the weights know {n_known:,}: they "
                "do not fit together."
            )
        self._limit(len(ids) - 1, 1)
        self._refuse_too_large(len(ids), floats=len(ids) * (self._checkpoint.n_tokens or 1))
        return ids, start

    def _refuse_too_large(self, n_prompt: int, floats: int = 0) -> None:
        """Raises Rejected for a prompt that would fill this machine's memory; `floats` come back for it."""
        needed, most = attention_bytes(n_prompt, self._checkpoint.n_heads) + 4 * floats, memory_bytes() // 2
        if needed > most:
            raise Rejected(
                f"models.{self.spec.name}: the prompt has {n_prompt:,} tokens, for which the engine takes "
                f"{needed / 2**30:,.0f} GB; half of this machine's memory is {most / 2**30:,.0f} GB. "
                "Shorten it, or ask these weights by a server (vllm, llama-cpp)."
            )

    def _limit(self, n_prompt: int, asked: int | None) -> int:
        """Tokens that an answer may have after so long a prompt. Raises Rejected where there is no room for one."""
        wanted = DEFAULT_MAX_TOKENS if asked is None else asked
        room = self._checkpoint.max_tokens
        if room is None:
            room = n_prompt + wanted
        if n_prompt >= room:
            raise Rejected(
                f"models.{self.spec.name}: the prompt has {n_prompt} tokens, and the model takes {room} for prompt and "
                f"answer together."
            )
        self._refuse_too_large(n_prompt)
        if wanted < 1:
            raise Rejected(f"models.{self.spec.name}: max_output_tokens is {wanted}; an answer needs at least 1.")
        return min(wanted, room - n_prompt)


def attention_bytes(n_prompt: int, n_heads: int) -> int:
    """Memory that the engine takes for one prompt: a float for each pair of its tokens, in every head of a layer."""
    return 4 * n_heads * n_prompt**2


def dropped(settings: Settings) -> tuple[str, ...]:
    """Settings that were asked for and that the engine has no part for."""
    asked = ("json_schema", "reasoning_effort", "seed", "top_logprobs")
    return tuple(name for name in asked if getattr(settings, name) is not None)


def _text_end(encoding: Any) -> int:
    """Where the text ends: before the special tokens that a tokenizer may close it with."""
    mask = encoding.special_tokens_mask
    end = len(mask)
    while end and mask[end - 1] and not all(mask[:end]):
        end -= 1
    return end
