"""What `evalkit import traces` does once click has read the command line: logs become a suite."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from evalkit.bridges.traces.importing import TracesOptions, TracesReport, import_traces
from evalkit.bridges.traces.receiver import HOST, Receiver
from evalkit.bridges.traces.suite_text import AskedModel
from evalkit.bridges.traces.tables import read_log_map
from evalkit.bridges.traces.taking_out import read_names
from evalkit.cli.printing import echo
from evalkit.errors import SuiteError, UserError
from evalkit.suite.phone_numbers import refuse_unknown
from evalkit.suite.redaction import Redactor, make_redactor
from evalkit.suite.schema.suite_file import RedactEntry
from evalkit.text import numbers
from evalkit.text.escape import visible

_DESCRIBED = frozenset({"http", "command", "python", "pipeline"})
"""Adapters whose models are more than an id."""
KINDS = ("email", "phone", "card", "iban", "ip")


@dataclass(frozen=True, slots=True)
class TracesAsked:
    """The command line as it was written."""

    sources: tuple[Path, ...]
    out: Path
    samples: int
    name: str | None
    seed: int
    slices: tuple[str, ...]
    models: tuple[str, ...]
    redact: str
    phones: str
    """Countries whose own way to write phone numbers is known, like `FR,US`; empty: none's."""
    names: Path | None
    patterns: tuple[str, ...]
    candidates: tuple[str, ...]
    judge: str | None
    columns: Path | None = None
    """The map of the columns of tables; None: they are guessed."""
    trajectories: str = "steps"
    """steps: each request of the log is a sample; free: each whole trajectory is one."""
    listen: int | None = None
    """Port on loopback where spans are received."""
    idle: float | None = None
    """Seconds without anything after which that ends; None: only Ctrl-C ends it."""


def import_logs(asked: TracesAsked) -> int:
    """Write the suite and say what it is; the exit code. Raises UserError."""
    options = TracesOptions(
        n_samples=asked.samples,
        name=asked.name,
        seed=asked.seed,
        slices=asked.slices,
        models=asked.models,
        redactor=_redactor(asked.redact, asked.phones, asked.patterns),
        names=read_names(asked.names),
        candidates=tuple(named_model(one, "--candidate") for one in asked.candidates),
        judge=None if asked.judge is None else named_model(asked.judge, "--judge"),
        columns=None if asked.columns is None else read_log_map(asked.columns),
        free=asked.trajectories == "free",
        received=asked.listen is not None,
    )
    if (asked.listen is None) == (not asked.sources):
        raise click.UsageError("name a file or a folder of logs, or --listen PORT to receive them; one of the two")
    if asked.listen is None:
        told = import_traces(asked.sources, asked.out, options)
    else:
        with tempfile.TemporaryDirectory(prefix="evalkit-otlp-") as folder:
            _receive(Path(folder), asked.listen, asked.idle)
            told = import_traces([Path(folder)], asked.out, options)
    _say(told)
    path = told.folder / "suite.yaml"
    for hint in told.plan.hints:
        echo(f"note: {visible(hint, limit=1000)}", err=True)
    where = shlex.quote(str(path))
    echo("Next, after a look at its README.md:", err=True)
    for line in (*(f"export {name}=..." for name in told.plan.missing), f"evalkit check {where} --show-prompt"):
        echo(f"  {line}", err=True)
    echo(f"  evalkit run {where} --gate", err=True)
    echo(str(path))
    return 0


def _receive(folder: Path, port: int, idle_s: float | None) -> None:
    """Keep what is sent as files of the folder, until Ctrl-C or silence. Raises UserError where nothing came."""
    with Receiver(folder, port) as receiver, suppress(KeyboardInterrupt):
        echo(
            f"receiving OTLP on http://{HOST}:{receiver.port} (OTEL_EXPORTER_OTLP_ENDPOINT; protocol http/protobuf or "
            f"http/json); {f'{idle_s:g} s of silence or ' if idle_s else ''}Ctrl-C ends it",
            err=True,
        )
        receiver.wait(idle_s)
    for why in receiver.refused:
        echo(f"note: not kept: {visible(why)}", err=True)
    if not receiver.n_requests:
        raise UserError(f"nothing came on {HOST}:{receiver.port}, so there is nothing to import")
    echo(f"{numbers.plural(receiver.n_requests, 'request')} received, {receiver.n_bytes / 1e6:,.1f} MB", err=True)


def named_model(text: str, option: str) -> AskedModel:
    """`ADAPTER:MODEL` or `ADAPTER:MODEL@URL` of this option. Raises UsageError."""
    adapter, colon, rest = text.partition(":")
    model, there, url = rest.partition("@http")
    if not (adapter and colon and model):
        raise click.UsageError(
            f"{option} {text}: write ADAPTER:MODEL, like openai:gpt-6-luna; ADAPTER:MODEL@URL for a server of your own"
        )
    from evalkit.adapters.registry import known_adapters

    known = known_adapters()
    if adapter not in known:
        from evalkit.suite.wording import near

        raise click.UsageError(f"{option} {text}: {adapter} is no adapter; {near(adapter, known)}")
    if adapter == "replay":
        raise click.UsageError(
            f"{option} {text}: recorded answers cannot stand here. Leave it out, and write the model into suite.yaml: "
            f"{{adapter: replay, path: answers.jsonl}} (docs/suites.md, Recorded answers)"
        )
    if adapter in _DESCRIBED:
        raise click.UsageError(
            f"{option} {text}: {adapter} needs more than a name. Leave it out, and write the model into suite.yaml "
            "(docs/applications.md)"
        )
    base_url = f"http{url}" if there else None
    _must_have_an_address(adapter, model, base_url, f"{option} {text}")
    return AskedModel(adapter, model, base_url)


def _must_have_an_address(adapter: str, model: str, base_url: str | None, at: str) -> None:
    """Raises UsageError before anything is written, where the suite would be refused for the model's address."""
    from evalkit.adapters.base import ModelSpec
    from evalkit.adapters.presets import filled
    from evalkit.adapters.registry import preset_of
    from evalkit.addresses import BadAddress, read_address

    try:
        if base_url is not None:
            read_address(base_url)
    except BadAddress as error:
        raise click.UsageError(f"{at}: the address behind @ {error}") from error
    preset = preset_of(adapter)
    if preset is None or base_url is not None:
        return
    try:
        filled(preset, ModelSpec("", adapter, model))
    except SuiteError as error:
        if preset.base_url is None:
            raise click.UsageError(
                f"{at}: {adapter} is a server of your own, and its address is missing: write {adapter}:{model}@URL, "
                f"like {adapter}:{model}@http://127.0.0.1:8000/v1"
            ) from error
        raise click.UsageError(
            f"{at}: {adapter} needs more than a name ({preset.base_url}). Give the address too, "
            f"{adapter}:{model}@URL; or leave it out, and write the model into suite.yaml"
        ) from error


def _redactor(what: str, phones: str, patterns: Sequence[str]) -> Redactor | None:
    kinds = () if what == "none" else tuple(one.strip() for one in what.split(","))
    unknown = [one for one in kinds if one not in KINDS]
    if unknown:
        raise click.UsageError(f"--redact {what}: {unknown[0]} is none of {', '.join(KINDS)}; or write none")
    own: dict[str, str] = {}
    for one in patterns:
        name, equals, pattern = one.partition("=")
        if not (name and equals and pattern):
            raise click.UsageError(f"--pattern {one}: write NAME=REGEX, like ticket=T-[0-9]{{6}}")
        own[name] = pattern
    countries = tuple(one.strip() for one in phones.split(",") if one.strip())
    if countries and "phone" not in kinds:
        raise click.UsageError(f"--phones {phones}: --redact {what} takes out no phone numbers; add phone to it")
    try:
        refuse_unknown(countries, "--phones")
    except SuiteError as error:
        raise UserError(str(error)) from error
    try:
        entry = RedactEntry.model_validate({"what": list(kinds), "countries": countries, "patterns": own})
        return make_redactor(entry)
    except (SuiteError, ValueError) as error:
        raise UserError(f"--pattern: {error}") from error


def _say(told: TracesReport) -> None:
    n = told.n_calls
    echo(f"{numbers.plural(n, 'call')} of models in {', '.join(map(visible, told.reading.files[:5]))}", err=True)
    for note in told.reading.notes():
        echo(f"note: {visible(note, limit=1000)}", err=True)
    for why, count in told.dropped.most_common():
        echo(f"dropped: {count:,}: {visible(why)}", err=True)
    echo(
        f"{numbers.plural(told.n_usable, 'request')}, {told.n_different:,} different, in "
        f"{numbers.plural(len(told.strata), 'stratum', 'strata')}: "
        f"{told.n_sampled:,} sampled",
        err=True,
    )
    if told.redacted:
        taken = ", ".join(f"{count:,} {visible(kind)}" for kind, count in sorted(told.redacted.items()))
        echo(f"taken out: {taken}", err=True)
    for task in told.plan.tasks:
        echo(f"task {task.name}: {numbers.plural(len(task.sampled), 'sample')}; {task.rule.says}", err=True)
