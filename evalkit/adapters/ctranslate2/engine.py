"""CTranslate2 itself: what it is told, the weights it has loaded, and one batch of jobs at a time.

    job = Job(("text", 0.0, 1.0), length=12, prompt=["<|bos|>", "<|user|>", ...], limit=16)
    engine.run([job, ...])     # in a worker thread
    job.ids, job.moments       # token ids of the answer, and when each of them came

The engine knows tokens only: conversations, templates and texts are the adapter's.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any
from weakref import WeakSet

from pydantic import Field

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.ctranslate2.batching import MAX_SQUARES
from evalkit.adapters.ctranslate2.checkpoint import Checkpoint
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.errors import SuiteError
from evalkit.memory import memory_bytes
from evalkit.suite.schema.parts import Count, Text

DEFAULT_BATCH = 32
SMALL_MODEL_BYTES = 64 * 2**20
"""Below this one thread is fastest: the threads of a tiny model spend their time waiting for each other, and on a busy
machine they spin (measured on two shared cores: 0.2 s with one thread, 44 s with two)."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""As mallopt(3) names them; a request above the second is always mapped afresh, and 32 MiB is the most it may be."""
MAX_SCORED_FLOATS = 2**26
"""Log-probabilities that one forward pass may return (256 MiB): rows x tokens x vocabulary."""


MOST_ENGINES = 64
"""Loaded at once: a suite can name one folder thousands of times."""
_DENSEST = 4
"""Bytes on disk for one in memory, at most: float32 that is loaded as int8."""
_loaded: WeakSet[Engine] = WeakSet()


class CTranslate2Options(AdapterOptions):
    """What a suite may say of the engine."""

    compute_type: Text | None = None
    """float32, int8, int8_float32, bfloat16 ... None: float32."""
    inter_threads: Count | None = None
    """Batches that run side by side."""
    intra_threads: Annotated[int, Field(ge=0)] | None = None
    """Threads of one batch; 0: as many as the engine likes."""
    max_batch: Count | None = None
    """The most requests that are gathered into one batch."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine runs."""

    compute_type: str
    intra_threads: int | None
    """Threads that share one batch; 0 leaves it to the engine, None to the size of the model."""
    inter_threads: int
    """Batches at a time."""
    max_batch: int


@dataclass(slots=True, eq=False)
class Job:
    """One request on its way through the engine: a text to continue, or rows to score."""

    key: tuple[str, float, float]
    """Jobs of one key share a batch: kind, temperature, top_p."""
    length: int
    """Tokens to read, for batches of like lengths."""
    prompt: list[str] = field(default_factory=list)
    limit: int = 0
    """Tokens that the answer may have."""
    rows: list[tuple[list[int], int]] = field(default_factory=list)
    """For likelihood: token ids of prompt and continuation, and where the continuation begins."""
    given_up: bool = False
    """The caller has gone: generation stops at the next token."""
    ids: list[int] = field(default_factory=list)
    """The answer, with its end token if it came to one."""
    moments: list[float] = field(default_factory=list)
    """perf_counter at each token of the answer."""
    scores: list[tuple[float, bool]] = field(default_factory=list)
    """For each row its log-likelihood, and whether greedy decoding would have said the same."""


class Engine:
    """Loaded weights in one precision."""

    def __init__(self, spec: ModelSpec, checkpoint: Checkpoint, options: EngineSettings) -> None:
        """Raises SuiteError when the weights cannot be loaded."""
        import ctranslate2

        _refuse_too_many(spec, checkpoint)
        _keep_freed_memory()
        threads = options.intra_threads
        if threads is None:
            threads = 1 if checkpoint.n_bytes < SMALL_MODEL_BYTES else 0
        self.n_threads = threads
        """Threads of one batch; 0: the engine chooses."""
        try:
            self._generator = ctranslate2.Generator(
                str(checkpoint.weights),
                device="cpu",
                compute_type=options.compute_type,
                intra_threads=threads,
                inter_threads=options.inter_threads,
            )
        except (RuntimeError, ValueError) as error:
            raise SuiteError(f"models.{spec.name}.model: CTranslate2 cannot load it: {error}") from error
        self.n_bytes = checkpoint.n_bytes
        """Of the weights on disk."""
        _loaded.add(self)
        self._end_ids = list(checkpoint.end_ids) or None
        self._vocabulary_size = max(checkpoint.n_tokens or 1, checkpoint.tokenizer.get_vocab_size())

    def unload(self) -> None:
        """Gives the memory back."""
        self._generator.unload_model()
        _loaded.discard(self)

    def run(self, jobs: Sequence[Job]) -> None:
        """Fills the jobs, which are of one key. Called in a worker thread; raises what CTranslate2 raises."""
        if jobs[0].rows:
            self._run_scores(jobs)
        else:
            self._run_texts(jobs)

    def _run_texts(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            job.moments.clear()
        now = time.perf_counter

        def note(step: Any) -> bool:
            """Called by the engine for every token; True ends that answer."""
            job = jobs[step.batch_id]
            job.moments.append(now())
            done: bool = len(job.moments) >= job.limit or job.given_up
            return done

        _, temperature, top_p = jobs[0].key
        results = self._generator.generate_batch(
            [job.prompt for job in jobs],
            max_length=max(job.limit for job in jobs),
            end_token=self._end_ids,
            return_end_token=True,
            include_prompt_in_result=False,
            sampling_topk=0 if temperature else 1,
            sampling_topp=top_p,
            sampling_temperature=temperature or 1.0,
            callback=note,
        )
        for job, result in zip(jobs, results, strict=True):
            job.ids = result.sequences_ids[0]

    def _run_scores(self, jobs: Sequence[Job]) -> None:
        """One forward pass over prompt and continuation gives every token's log-probability given those before it."""
        import ctranslate2
        import numpy as np

        rows = [row for job in jobs for row in job.rows]
        scores: dict[int, tuple[float, bool]] = {}
        for chunk in _chunks(rows, MAX_SCORED_FLOATS // self._vocabulary_size):
            output = self._generator.forward_batch([rows[at][0][:-1] for at in chunk], return_log_probs=True)
            if output.dtype != ctranslate2.DataType.float32:
                output = output.to(ctranslate2.DataType.float32)
            logprobs = np.asarray(output)
            for place, at in enumerate(chunk):
                ids, start = rows[at]
                wanted = np.asarray(ids[start:])
                given = logprobs[place, start - 1 : len(ids) - 1]
                score = given[np.arange(len(wanted)), wanted].sum(dtype=np.float64)
                scores[at] = (float(score), bool((given.argmax(axis=1) == wanted).all()))
        in_order = iter(range(len(rows)))
        for job in jobs:
            job.scores = [scores[next(in_order)] for _ in job.rows]


def _refuse_too_many(spec: ModelSpec, checkpoint: Checkpoint) -> None:
    """Raises SuiteError for one more engine than fits: all models of a suite are loaded before the first is asked."""
    n_bytes = checkpoint.n_bytes + sum(engine.n_bytes for engine in _loaded)
    if len(_loaded) >= MOST_ENGINES or n_bytes // _DENSEST > memory_bytes():
        raise SuiteError(
            f"models.{spec.name}: {len(_loaded)} local models are loaded already (together {n_bytes / 2**30:.1f} GB on "
            f"disk with this one), and no more than {MOST_ENGINES} are, nor more than the memory holds: run a part of "
            "them, with --models."
        )


def _keep_freed_memory() -> None:
    """Have the allocator keep what the engine frees: at each token it frees megabytes and asks for as many again.

    Given back to the kernel and zeroed anew, they cost three times the computing (8 answers of 2,048 tokens: 28 s of
    processor time, 7 s with this). Where the allocator is not glibc's, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)


def engine_settings(spec: ModelSpec) -> EngineSettings:
    """How the engine will run this model. Raises SuiteError with every complaint at once."""
    import ctranslate2

    complaints = []
    if spec.base_url is not None:
        complaints.append(f"models.{spec.name}.base_url: ctranslate2 runs in this process and has no address.")
    if spec.settings.extra:
        complaints.append(f"models.{spec.name}.settings.extra: ctranslate2 takes no extra fields.")
    precision = spec.options.get("compute_type", "float32")
    if precision not in (here := sorted(ctranslate2.get_supported_compute_types("cpu"))):
        complaints.append(f"models.{spec.name}.compute_type is {precision!r}; this CPU computes in {', '.join(here)}.")
    options = read_options(CTranslate2Options, spec, complaints)
    return EngineSettings(
        compute_type=options.compute_type or "float32",
        intra_threads=options.intra_threads,
        inter_threads=options.inter_threads or 1,
        max_batch=options.max_batch or DEFAULT_BATCH,
    )


def _chunks(rows: Sequence[tuple[list[int], int]], max_tokens: int) -> Iterator[list[int]]:
    """Places of the rows in groups of like length, each of at most so many tokens once padded, but at least one row.

    The square of the length is bounded too, as in a batch of texts (`MAX_SQUARES`).
    """
    chunk: list[int] = []
    for at in sorted(range(len(rows)), key=lambda at: len(rows[at][0])):
        length = len(rows[at][0])
        if chunk and (len(chunk) + 1) * length > min(max_tokens, MAX_SQUARES // length):
            yield chunk
            chunk = []
        chunk.append(at)
    if chunk:
        yield chunk
