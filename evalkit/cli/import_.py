"""`evalkit import FORMAT PATH`: results of other tools become runs, or a load sweep."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from evalkit.cli.interrupts import half_made
from evalkit.cli.late_client import import_client_late
from evalkit.cli.options import GivenPath, data_roots, results_folder, suite_words
from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.bridges.external_records import ExternalRecords
    from evalkit.bridges.guidellm_report import Report
    from evalkit.bridges.imported import Imported
    from evalkit.bridges.outcome_table import TableReport
    from evalkit.facts.base import JsonMap


class _OfOtherTools(click.Group):
    """Commands that read what other tools wrote, or somebody made look so: what nobody foresaw there is a sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with half_made():
                return super().invoke(ctx)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            from evalkit.errors import UserError, place_of

            raise UserError(
                "this file cannot be imported: something in it is not as its tool writes it "
                f"({type(error).__name__} at {place_of(error)}: {str(error)[:200]}). If its tool wrote it so, please "
                "report this line."
            ) from error


def _priced(command: Callable[..., Any]) -> Callable[..., Any]:
    """Who bills, for the results of a tool that does not say what they cost."""
    for option in (
        click.option("--prices", type=GivenPath(path_type=Path), help="Your own price file; it wins over the book."),
        click.option(
            "--price-as",
            multiple=True,
            metavar="[NAME=]PROVIDER:MODEL",
            help="Who bills, in the price book; with NAME= for one of several models, several times.",
        ),
    ):
        command = option(command)
    return command


def _dated(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and the day of the answers, which the tool may not say."""
    at = click.option("--at", metavar="DATE", help="When the answers were made, where the file does not say it.")
    return at(_priced(command))


@click.group(cls=_OfOtherTools)
def command() -> None:
    """Turn results of another tool into a run."""


@command.command("table", short_help="Any tool's table: CSV, TSV, JSONL or Parquet.")
@click.argument("file", type=GivenPath(path_type=Path))
@click.option("--map", "mapped", type=GivenPath(path_type=Path), help="YAML: which column holds what; else guessed.")
@click.option("--name", help="What the run is called; else as the file.")
@click.option("--prices", type=GivenPath(path_type=Path), help="Your own price file; it wins over the price book.")
@results_folder
def table(file: Path, mapped: Path | None, name: str | None, prices: Path | None, results: Path) -> int:
    """Import a table of any tool: CSV, TSV, JSONL or Parquet, with one row for each model, item and repeat."""
    from evalkit.bridges.outcome_table import import_table
    from evalkit.bridges.table_map import read_map

    import_client_late()
    return _told(*import_table(file, results, read_map(mapped) if mapped else None, name=name, prices=prices), ())


@command.command("traces", short_help="Logs of production become a suite.")
@click.argument("source", nargs=-1, type=GivenPath(path_type=Path))
@click.option("--out", required=True, type=GivenPath(path_type=Path), help="The folder of the suite; it is made.")
@click.option(
    "--samples", type=click.IntRange(1, 100_000), default=500, show_default=True, help="How many requests to draw."
)
@click.option(
    "--map",
    "columns",
    type=GivenPath(path_type=Path),
    metavar="FILE",
    help="Which column of a table holds what (YAML); else guessed.",
)
@click.option("--name", help="What the suite is called; else as its folder.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one draws other requests.")
@click.option("--slice", "slices", multiple=True, metavar="ATTRIBUTE", help="Groups by it, like user or tier.")
@click.option("--model", "models", multiple=True, help="Only what this model answered.")
@click.option(
    "--redact",
    default="email,phone,card,iban,ip",
    show_default=True,
    metavar="KINDS",
    help="Personal data to take out, or none.",
)
@click.option(
    "--phones", default="", metavar="COUNTRIES", help="Phone numbers as these countries write them too, like FR,US."
)
@click.option("--names", type=GivenPath(path_type=Path), help="Names to take out, one a line.")
@click.option("--pattern", "patterns", multiple=True, metavar="NAME=REGEX", help="Something else to take out.")
@click.option("--candidate", "candidates", multiple=True, metavar="ADAPTER:MODEL", help="What to compare with.")
@click.option("--judge", metavar="ADAPTER:MODEL", help="Who scores free text.")
@click.option(
    "--trajectories",
    type=click.Choice(["steps", "free"]),
    default="steps",
    show_default=True,
    help="steps: each request of an agent with its recorded history; free: the whole way, by itself.",
)
@click.option(
    "--listen",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Receive OTLP over HTTP on 127.0.0.1 (4318 is usual) until Ctrl-C or --idle; 0: any free port.",
)
@click.option(
    "--idle",
    type=click.FloatRange(0.1, 86_400),
    metavar="SECONDS",
    help="With --listen: stop once nothing came for so long.",
)
def traces(source: tuple[Path, ...], out: Path, samples: int, patterns: tuple[str, ...], **given: Any) -> int:
    """Make a suite of logs: a sample with known probabilities, the recorded answers as the baseline.

    SOURCE is a file or a folder of OpenTelemetry (OTLP as JSON or protobuf), Langfuse, LiteLLM, Phoenix, MLflow,
    LangSmith, Braintrust, batches of OpenAI, Anthropic and Gemini, stored completions, plain JSON lines of messages,
    or a table with a row a call (CSV, TSV, Parquet).
    """
    from evalkit.cli.import_traces import TracesAsked, import_logs

    return import_logs(TracesAsked(sources=source, out=out, samples=samples, patterns=patterns, **given))


@command.command("promptfoo", short_help="promptfoo: its output.json or .jsonl.")
@click.argument("file", type=GivenPath(path_type=Path))
@click.option(
    "--metric",
    type=click.Choice(["pass", "score"]),
    default="pass",
    show_default=True,
    help="pass: all assertions; score: the weighted score.",
)
@click.option("--name", help="What the run is called; else as the file.")
@_dated
@results_folder
def promptfoo(file: Path, metric: Literal["pass", "score"], name: str | None, results: Path, **billing: Any) -> int:
    """Import the results of promptfoo: eval -o output.json, or .jsonl."""
    from evalkit.bridges.promptfoo_results import read_results

    return _outcomes(read_results(file, metric), name, results, **billing)


@command.command("evalscope", short_help="EvalScope: its folder outputs/TIME.")
@click.argument("path", type=GivenPath(path_type=Path))
@click.option("--metric", help="Whose value is the score; else the main one of each task.")
@click.option("--name", help="What the run is called; else as the folder.")
@_dated
@results_folder
def evalscope(path: Path, metric: str | None, name: str | None, results: Path, **billing: Any) -> int:
    """Import the results of EvalScope: its folder outputs/TIME, or one file of reviews/."""
    from evalkit.bridges.evalscope_reviews import read_reviews

    return _outcomes(read_reviews(path, metric), name, results, **billing)


@command.command("harbor", short_help="Harbor: trials of a job, or trajectories (ATIF).")
@click.argument("path", type=GivenPath(path_type=Path))
@click.option("--reward", help="Whose value is the score, where the verifier gives several; else `reward`.")
@click.option("--name", help="What the run is called; else as the folder.")
@_dated
@results_folder
def harbor(path: Path, reward: str | None, name: str | None, results: Path, **billing: Any) -> int:
    """Import trials of Harbor: a folder of jobs, one trial's result.json, or trajectories (ATIF) by themselves."""
    from evalkit.bridges.harbor_trials import read_trials

    return _outcomes(read_trials(path, reward), name, results, **billing)


@command.command("every-eval-ever", short_help="Every Eval Ever: UUID.json with samples.")
@click.argument("file", type=GivenPath(path_type=Path))
@click.option("--name", help="What the run is called; else as the file.")
@_dated
@results_folder
def every_eval_ever(file: Path, name: str | None, results: Path, **billing: Any) -> int:
    """Import Every Eval Ever: UUID.json with its samples beside it, UUID_samples.jsonl, or a folder of them."""
    from evalkit.bridges.every_eval_ever import read_evaluations

    return _outcomes(read_evaluations(file), name, results, **billing)


@command.command("lm-eval", short_help="lm-eval: samples of --log_samples.")
@click.argument("path", type=GivenPath(path_type=Path))
@click.option("--metric", help="The score, like acc_norm or exact_match,strict-match; else each task's main one.")
@click.option("--name", help="What to call the model; else as lm-eval calls it.")
@results_folder
def lm_eval(path: Path, metric: str | None, name: str | None, results: Path) -> int:
    """Import samples that lm-eval wrote with --log_samples: its --output_path, or one samples_*.jsonl."""
    from evalkit.bridges.lm_eval.samples import read_samples

    return _written(results, read_samples(path, metric=metric, name=name))


@command.command("inspect", short_help="Inspect: one log, .eval or .json.")
@click.argument("log", type=GivenPath(path_type=Path))
@click.option(
    "--scorer", help="Whose score counts, where the log has several (NAME, or NAME.KEY of a mapping); else the first."
)
@click.option("--name", help="What to call the model; else as Inspect calls it.")
@_priced
@results_folder
def inspect(
    log: Path, scorer: str | None, name: str | None, prices: Path | None, price_as: tuple[str, ...], results: Path
) -> int:
    """Import one log of Inspect, .eval or .json."""
    from evalkit.bridges.external_prices import price_rows
    from evalkit.bridges.inspect_log import read_log
    from evalkit.cost.prices import PriceBook

    found = read_log(log, scorer=scorer, name=name)
    price_rows(found, PriceBook.load(prices), price_as)
    return _written(results, found)


@command.command("guidellm", short_help="GuideLLM: a report becomes a load sweep.")
@click.argument("report", type=GivenPath(path_type=Path))
@click.option("--suite", type=GivenPath(path_type=Path), help="The suite whose model was measured, with --model.")
@click.option("--model", help="Its model: `hosting.load: latest` finds the sweep, and run and price use it.")
@click.option("--slo", metavar="LIMITS", help="What users are promised, in seconds: ttft_p95=1.0,tpot_p95=0.05")
@results_folder
@data_roots
@suite_words
def guidellm(report: Path, suite: Path | None, model: str | None, slo: str | None, results: Path) -> int:
    """Import a report of GuideLLM (JSON) as a load sweep, as `evalkit load` makes them."""

    return import_guidellm(report, suite=suite, model=model, slo=slo, results=results)


def _written(results: Path, found: Imported) -> int:
    from evalkit.bridges.imported import write_run

    folder = write_run(results, found)
    _say(len(found.rows), found.models, found.tasks)
    for note in found.notes:
        echo(f"note: {visible(note, limit=1000)}", err=True)
    for reason in found.reasons:
        echo(f"evalkit: {visible(reason)}; what it has is kept, and no gate passes on it.", err=True)
    echo(str(folder))
    return 4 if found.reasons else 0


def _say(n_rows: int, models: Collection[str], tasks: Collection[str]) -> None:
    """The first line about what was imported."""
    from evalkit.text import numbers

    by = ", ".join(visible(name) for name in models)
    echo(f"{numbers.plural(n_rows, 'row')} of {numbers.plural(len(tasks), 'task')} by {by}", err=True)


def _outcomes(
    found: ExternalRecords,
    name: str | None,
    results: Path,
    *,
    prices: Path | None,
    price_as: tuple[str, ...],
    at: str | None,
) -> int:
    """Write the run of another tool's outcomes, and say what it is."""
    from evalkit.bridges.external_prices import billed
    from evalkit.bridges.outcome_table import import_records
    from evalkit.errors import SuiteError, UserError

    if at is not None:
        found.made_at(_day_of(at))
    mapped = found.map(billed(price_as, found.models()))
    try:
        folder, told = import_records(found, results, mapped, name=name or found.name, prices=prices, tool=found.tool)
    except SuiteError as error:
        raise UserError(str(error)) from error
    return _told(folder, told, found.notes)


def _day_of(text: str) -> str:
    """Raises UsageError for what is no date."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise click.UsageError(f"--at {text}: write a date: 2026-11-01") from error


def _told(folder: Path, told: TableReport, before: Iterable[str]) -> int:

    _say(told.n_rows, told.models, told.tasks)
    for note in (*before, *told.notes):
        lines = [visible(line, limit=1000) for line in note.splitlines()]
        echo("\n".join(["note: " + lines[0], *lines[1:]]), err=True)
    echo(str(folder))
    return 0


def import_guidellm(path: Path, *, suite: Path | None, model: str | None, slo: str | None, results: Path) -> int:
    """Write the sweep, print it; the exit code. Raises UserError for a report or options that do not read."""
    from evalkit.bridges.guidellm_report import read_report
    from evalkit.cli.loads import promised
    from evalkit.cost.hosting import curve
    from evalkit.facts import LoadFacts, ModelFacts, RunFacts
    from evalkit.facts.base import json_map
    from evalkit.facts.run import ImportedFacts
    from evalkit.latency.loadtest import find
    from evalkit.render.loadtest import render_load
    from evalkit.results.sweeps import hosted_prices, sweeps_folder
    from evalkit.store import runs
    from evalkit.suite.digests import digest

    if (suite is None) != (model is None):
        raise click.UsageError("--suite and --model belong together: whose `hosting.load` the sweep is for.")
    limits = promised(slo)
    report = read_report(path)
    entries, suite_name, name = _for_whom(report, suite, model)
    load = find(report.steps, limits).with_changes(
        LoadFacts(
            seconds=report.seconds,
            n_prompts=None,
            n_asked=report.n_asked,
            spent_usd=None,
            notes=(*report.notes, *_unnamed(report, name, suite_name, suite)),
        )
    )
    if (serves := load.serves) is not None:
        basis = {"basis": f"{serves.basis}, on GuideLLM's prompts"}
        load = load.with_changes(LoadFacts(serves=serves.model_copy(update=basis)))
    source = ImportedFacts(tool="guidellm", version=report.version, files=(path.name,))
    facts = RunFacts(
        kind="load",
        model_name=name,
        model=str((entries.get(name) or {}).get("model") or report.model or ""),
        models={name: ModelFacts(adapter="imported", model=report.model, facts={})},
        tasks={},
        n_rows=0,
        imported=source,
        load=load,
        load_settings=json_map({"slo": asdict(limits)}),
    )
    identity = digest("evalkit.import/1", {**source.as_json(), **load.as_json()})
    with runs.drafted_run(sweeps_folder(results), suite_name, identity, facts) as draft:
        runs.update_facts(draft.folder, RunFacts(status="complete", reasons=()))
        made = draft.place()
    found = hosted_prices({name: _linked(entries.get(name) or {}, made)}, suite_name, results).get(name)
    by_share = curve(found[0].usd_per_hour, found[1]) if found is not None and found[1] is not None else None
    render_load(name, load, by_share)
    echo(str(made))
    return 0


def _for_whom(report: Report, suite: Path | None, model: str | None) -> tuple[dict[str, JsonMap], str, str]:
    """The suite's models as data, the suite's name and the model's. Raises UserError where the report is of another."""
    from evalkit.adapters.registry import OptionsOfAdapters
    from evalkit.suite.loading import load_suite

    if suite is None or model is None:
        return {}, "guidellm", re.sub(r"[^A-Za-z0-9._+-]+", "-", report.model or "").strip("-.") or "model"
    loaded = load_suite(suite, options=OptionsOfAdapters(str(suite.parent)))
    entry = loaded.models.get(model)
    if entry is None:
        raise UserError(f"{suite.name} has no model {visible(model)}; there are: {', '.join(loaded.models)}")
    if report.model is not None and entry.model != report.model:
        raise UserError(
            f"the report is of {visible(report.model)!r}, and {model} of {suite.name} is {entry.model!r}: another "
            "model's throughput would give it a false price. Name the model that was measured with --model, or "
            "import without --suite to look at the figures."
        )
    return {model: entry.model_dump(mode="json", exclude_none=True)}, loaded.name, model


def _unnamed(report: Report, name: str, suite_name: str, suite: Path | None) -> list[str]:
    if suite is None or report.model is not None:
        return []
    return [f"The report does not say which model was measured: that it was {name} of {suite_name} is taken on trust."]


def _linked(entry: JsonMap, made: Path) -> JsonMap:
    """The entry as if its hosting named this sweep."""
    hosting = entry.get("hosting")
    return {**entry, "hosting": {**hosting, "load": made.name}} if isinstance(hosting, dict) and hosting else entry
