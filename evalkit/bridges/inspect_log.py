"""Logs of Inspect (`inspect eval`): a run made of one log, `.json` or `.eval`, without Inspect being installed.

    {"version": 2, "status": "success", "eval": {"task": "arc", "model": "openai/gpt-6-sol", ...},
     "samples": [{"id": 1, "epoch": 1, "input": "...", "target": "A", "output": {"completion": "A", "usage": {...}},
                  "scores": {"choice": {"value": "C", "answer": "A"}}}]}

A `.eval` log is a zip of header.json and samples/*.json. An epoch is a repeat. Values are read as Inspect's own
`value_to_float` reads them: C, P, N and I are 1, 0.5, 0 and 0, yes and true are 1, no and false 0, and a number may be
written as text; of a mapping one key is named (`--scorer verify.acc`). What is no number from 0 to 1 is errored and
counted, as is a sample that ended in an error.

Tokens are those of all calls of a sample to the evaluated model (`model_usage`), and the time is the whole sample's
(`total_time`), both without what a scorer did: a grader that is the same model is in Inspect's sums, and its calls are
taken out by the log's events (`inspect_events`).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.bridges import tried_versions
from evalkit.bridges.external_json import parse
from evalkit.bridges.external_records import content_of
from evalkit.bridges.imported import Imported, model_facts, task_facts, text_or_none
from evalkit.bridges.inspect_events import Grading, grading_of
from evalkit.errors import UserError
from evalkit.facts.run import ImportedFacts
from evalkit.reading import looked_at, open_to_read
from evalkit.records import Message, Outcome, Row
from evalkit.store.dates import unix_time
from evalkit.suite.digests import digest
from evalkit.suite.wording import short, spelled

_GRADES = {"C": 1.0, "P": 0.5, "N": 0.0, "I": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_ROLES = {"system": "system", "assistant": "assistant"}
LARGEST = 2**28
"""Bytes of one member of a log, unpacked: a larger one is no log."""
MOST_UNPACKED = 100_000_000
"""Bytes that a log may always unpack to."""
MOST_TIMES = 100
"""Beyond these bytes it may unpack to so many times its own size: JSON packs to a twentieth."""
_ZSTANDARD = 93
"""Of a zip's member: the way Inspect packs (0.3.285 does)."""
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


def read_log(path: Path, *, scorer: str | None = None, name: str | None = None) -> Imported:
    """Everything in one log. `scorer` is whose score counts (None: the first), `name` what the model is called.

    Raises UserError for what is not there, or is no log of Inspect.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; name one log of Inspect (.eval or .json)")
    header, samples = _opened(path)
    untried = tried_versions.note_of("inspect", header.get("version"))
    about = _about_of(header, path.name, untried)
    task = _slug(str(about["task"]))
    model = name or _slug(str(about.get("model") or "model"))
    status = header.get("status")
    found = Imported(
        f"inspect-{task}",
        ImportedFacts(tool="inspect", files=(path.name,), status=text_or_none(status), times_measured_by="Inspect"),
    )
    found.notes.extend([f"{path.name}: {untried}"] if untried else [])
    if status != "success":
        found.reasons.append(f"Inspect's own run did not end well: its status is {status!r}")
    asked = str(about.get("model"))
    found.models[model] = model_facts(asked, {"engine": "as run by inspect"}, priced_as=_priced_as(asked))
    seen: dict[tuple[str, int], int] = {}
    chosen, key = scorer, None
    n_unread, unread, keys = 0, "", ""
    n_graded = n_unseen = 0
    for sample in samples:
        if not isinstance(sample, dict):
            raise UserError(f"{path.name} is no log of Inspect: a sample is {str(sample)[:60]!r}")
        scores = sample.get("scores") or {}
        if not isinstance(scores, dict):
            raise UserError(
                f"{path.name}: sample {sample.get('id')!r} is not as Inspect writes it: its scores are none"
            )
        if chosen is None and scores:
            chosen = next(iter(scores))
        if scorer is not None and scores and chosen not in scores:
            chosen, _, key = scorer.rpartition(".")
            if chosen not in scores:
                raise UserError(f"{path.name} has no scorer {scorer!r}; it has {', '.join(scores)}")
        try:
            grading = grading_of(sample.get("events"), str(about.get("model")))
            row = _row(sample, task, model, grading, _of_key(scores.get(chosen), key), seen)
            n_graded += bool(grading.n_calls)
            n_unseen += not grading.seen
            asked_at = unix_time(sample.get("started_at"), sample.get("completed_at"), about.get("created"))
            found.rows.append(replace(row, started_at=asked_at))
            if row.error_kind == "unscored":
                n_unread += 1
                unread = unread or str(row.reason)
                keys = keys or _keys(scores.get(chosen), str(chosen))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise UserError(
                f"{path.name}: sample {sample.get('id')!r} is not as Inspect writes it: {error!r}"
            ) from error
    if n_unread:
        found.notes.append(
            f"{path.name}: {n_unread:,} of {len(found.rows):,} samples have no score from 0 to 1 and are errored; the "
            f"first: {unread}{keys}"
        )
    found.notes.extend(_about_grading(path.name, asked, len(found.rows), n_graded, n_unseen))
    chosen = f"{chosen}.{key}" if key else chosen
    identity = {"inspect": {"task": task, "version": about.get("task_version"), "args": about.get("task_args")}}
    found.tasks[task] = task_facts(f"inspect {chosen}", {**identity, "metric": chosen})
    return found


def _about_of(header: dict[str, object], log: str, untried: str | None) -> dict[str, Any]:
    """What the log says of the evaluation. Raises UserError where it says no task."""
    about = header.get("eval")
    if not isinstance(about, dict) or "task" not in about:
        why = f". {tried_versions.way_out('inspect', header['version'])}" if untried else ""
        raise UserError(f"{log} is no log of Inspect: it says nothing of the evaluation's task{why}")
    return about


def _about_grading(log: str, model: str, n: int, n_graded: int, n_unseen: int) -> Iterator[str]:
    """Whose tokens and times the rows hold, where a scorer asked the evaluated model or may have."""
    if n_graded:
        yield (
            f"{log}: in {n_graded:,} of {n:,} samples a scorer asked {short(model)} too; its tokens and its time are "
            "left out"
        )
    if n_unseen:
        yield (
            f"{log}: {n_unseen:,} of {n:,} samples come without their events, so their tokens and times may hold those "
            f"of a grader, where {short(model)} was one"
        )


def _opened(path: Path) -> tuple[dict[str, object], Iterator[dict[str, object]]]:
    try:
        is_packed = zipfile.is_zipfile(looked_at(path))
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror or error})") from error
    if not is_packed:
        whole = _json(content_of(path), path.name)
        samples = whole.get("samples") or []
        if not isinstance(samples, list):
            raise UserError(f"{path.name} is no log of Inspect: its samples are no list")
        return whole, iter(samples)
    try:
        with zipfile.ZipFile(looked_at(path)) as log:
            infos = {info.filename: info for info in log.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise UserError(f"{path.name} cannot be read: its table of contents is damaged ({error})") from error
    n_bytes = sum(info.file_size for info in infos.values())
    if n_bytes > max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size):
        raise UserError(
            f"{path.name} unpacks to {n_bytes // 1_000_000:,} MB, over {MOST_TIMES} times its size, and is not read. "
            "Write it as JSON if it is meant so: inspect log convert --to json"
        )
    members = [info for name, info in infos.items() if name.startswith("samples/")]
    header = infos.get("header.json")
    if header is None:
        raise UserError(f"{path.name} cannot be read: it has no header.json (the run may not have ended)")
    return next(_members(path, [header])), _members(path, members)


def _members(path: Path, infos: Iterable[zipfile.ZipInfo]) -> Iterator[dict[str, object]]:
    with zipfile.ZipFile(looked_at(path)) as log:  # once: opening it reads its whole table of contents
        for info in infos:
            yield _member(path, log, info)


def _member(path: Path, log: zipfile.ZipFile, info: zipfile.ZipInfo) -> dict[str, object]:
    if info.file_size > LARGEST:
        raise UserError(f"{path.name} cannot be read: {info.filename} is larger than {LARGEST // 2**20} MB")
    try:
        text = _unpacked(path, info) if info.compress_type == _ZSTANDARD else log.read(info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError, struct.error) as error:
        raise UserError(  # RuntimeError: locked by a password, or packed in a way that Python does not know
            f"{path.name}: {info.filename} cannot be unpacked ({error}). Write it as JSON: inspect log convert "
            "--to json"
        ) from error
    return _json(text, f"{path.name}/{info.filename}", n_bytes=path.stat().st_size)


def _unpacked(path: Path, info: zipfile.ZipInfo) -> bytes:
    """A member that is packed with Zstandard, as Inspect does and Python 3.11's zipfile cannot read.

    Raises BadZipFile, OSError, ValueError or struct.error for what is damaged.
    """
    import pyarrow

    with open_to_read(path) as file:
        file.seek(info.header_offset)
        head = file.read(_LOCAL_HEADER.size)
        *_, n_name, n_extra = _LOCAL_HEADER.unpack(head)
        file.seek(n_name + n_extra, 1)
        packed = file.read(info.compress_size)
    text: bytes = pyarrow.decompress(packed, decompressed_size=info.file_size, codec="zstd", asbytes=True)
    if zlib.crc32(text) != info.CRC:
        raise zipfile.BadZipFile("its checksum is another one")
    return text


def _json(text: bytes, where: str, *, n_bytes: int | None = None) -> dict[str, object]:
    try:
        found = parse(text, n_bytes=n_bytes)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise UserError(f"{where} is no log of Inspect")
    return found


def _of_key(score: object, key: str | None) -> Any:
    """The score with the value of one key of its mapping; as it is where no key is named."""
    if key is None or not isinstance(score, dict):
        return score
    value = score.get("value")
    return {**score, "value": value.get(key) if isinstance(value, dict) else None}


def _keys(score: object, scorer: str) -> str:
    """How one key of a mapping is named; empty for any other value."""
    value = score.get("value") if isinstance(score, dict) else None
    if not isinstance(value, dict) or not value:
        return ""
    return f". Name one of its keys: {', '.join(f'--scorer {scorer}.{key}' for key in list(value)[:4])}"


def _usage(sample: dict[str, Any], grading: Grading) -> dict[str, Any]:
    """Tokens of every call of the sample to this model, without a scorer's; of the last call where the log does not
    say."""
    whole = sample.get("model_usage")
    if isinstance(whole, dict) and isinstance(whole.get(grading.model), dict):
        return grading.without(whole[grading.model])
    usage = (sample.get("output") or {}).get("usage")
    return usage if isinstance(usage, dict) else {}


def _row(
    sample: dict[str, Any], task: str, model: str, grading: Grading, score: Any, seen: dict[tuple[str, int], int]
) -> Row:
    prompt = _prompt(sample["input"])
    repeat = int(sample.get("epoch") or 1) - 1
    asked = {"input": [[turn.role, turn.text] for turn in prompt], "choices": sample.get("choices")}
    identity = digest("evalkit.inspect.sample/1", asked)
    occurrence = seen[identity, repeat] = seen.get((identity, repeat), -1) + 1
    failed = sample.get("error") is not None
    value = None if failed else _value((score or {}).get("value"))
    output = sample.get("output") or {}
    usage = {name: count for name, count in _usage(sample, grading).items() if not isinstance(count, bool)}
    given = (score or {}).get("value")
    return Row(
        task=task,
        sample_id=str(sample["id"]),
        sample_digest=identity,
        target_digest=digest("evalkit.target/1", str(sample.get("target"))),
        occurrence=occurrence,
        model=model,
        repeat=repeat,
        outcome=Outcome.ERRORED if value is None else _OUTCOMES.get(value, Outcome.SCORED),
        score=value,
        started_at=0.0,
        error_kind="inspect_error" if failed else None if value is not None else "unscored",
        input_tokens=_input_tokens(usage),
        output_tokens=usage.get("output_tokens"),
        reasoning_tokens=usage.get("reasoning_tokens"),
        cache_read_tokens=usage.get("input_tokens_cache_read"),
        cache_write_other_tokens=usage.get("input_tokens_cache_write"),
        total_s=grading.rest_of(sample.get("total_time")),
        stop_reason=None,
        prompt=prompt,
        text=output.get("completion"),
        extracted=(score or {}).get("answer"),
        target=str(sample.get("target")),
        reason=(score or {}).get("explanation") if failed or value is not None else f"the score is {spelled(given)}",
        error=str((sample.get("error") or {}).get("message")) if failed else None,
    )


def _priced_as(model: str) -> tuple[str, str] | None:
    """(provider, model) for the price book, from Inspect's `openai/gpt-6-sol`; None where nobody is known to bill."""
    provider, slash, rest = model.partition("/")
    return (_PROVIDERS[provider], rest) if slash and provider in _PROVIDERS else None


def _input_tokens(usage: dict[str, object]) -> int | None:
    """Every input token. Inspect counts tokens of a cache apart for some providers: its own total tells."""
    given: Any = usage.get("input_tokens")
    beside: list[Any] = [usage.get(key) or 0 for key in _COUNTS]
    if not all(isinstance(count, int) for count in (given, *beside)):
        return given if isinstance(given, int) else None
    made, *cached = beside
    apart = usage.get("total_tokens") == given + made + sum(cached)
    return int(given + sum(cached)) if apart else int(given)


_COUNTS = ("output_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
_PROVIDERS = {
    **{name: name for name in ("openai", "anthropic", "google", "mistral", "together", "groq", "deepseek")},
    **{"grok": "x-ai", "bedrock": "aws", "azureai": "azure", "openrouter": "openrouter", "fireworks": "fireworks"},
}
"""Inspect's name of a provider -> the price book's."""
_OUTCOMES = {1.0: Outcome.RIGHT, 0.0: Outcome.WRONG}


def _value(value: object) -> float | None:
    if isinstance(value, str):
        if value in _GRADES:
            return _GRADES[value]
        word = value.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        try:
            value = float(word)
        except ValueError:
            return None
    if isinstance(value, bool | int | float) and 0.0 <= float(value) <= 1.0:
        return float(value)
    return None


def _prompt(given: Any) -> tuple[Message, ...]:
    if isinstance(given, str):
        return (Message("user", given),)
    turns = []
    for turn in given:
        content = turn.get("content")
        if isinstance(content, list):
            content = "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        role = _ROLES.get(str(turn.get("role")), "user")
        turns.append(Message(role, str(content)))  # type: ignore[arg-type]  # one of the three
    return tuple(turns)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "inspect"
