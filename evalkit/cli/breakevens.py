"""What `evalkit breakeven` does: a scenario from a file or from a stored run, compared, printed, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

import click
import numpy as np

from evalkit.cli.options import print_json
from evalkit.cli.stored_answers import Stored, answers_of
from evalkit.cost.breakeven import Billed, Line, Own, Range, compare
from evalkit.cost.hosting import HOURS_PER_YEAR
from evalkit.cost.scenario import Scenario, quantity, read_scenario
from evalkit.errors import UserError
from evalkit.facts import RunFacts
from evalkit.render.breakeven import markdown as as_markdown
from evalkit.render.breakeven import render_breakeven
from evalkit.render.breakeven import svg as as_svg
from evalkit.results import read_facts
from evalkit.results.sweeps import hosted_prices
from evalkit.stats.copies import Placed, clusters_of
from evalkit.stats.intervals import Interval, clustered, student_t
from evalkit.stats.scores import Floats
from evalkit.stats.traffic import Design, row_weights, weighted_mean
from evalkit.store import runs
from evalkit.writing import write_file

VOLUMES = (Decimal(10**7), Decimal(10**8), Decimal(10**9))
PEAK_FACTOR = Decimal(3)
"""Assumed where none is stated: office traffic peaks at two to four times its mean over the day."""


@dataclass(frozen=True, slots=True)
class AskedBreakEven:
    """What the command line says of a stored run, as it was typed. None: the option was not given."""

    run: str | None = None
    """A run's name, path, or `latest`."""
    api: str | None = None
    self_hosted: str | None = None
    hosted: str | None = None
    """Models of the run, by the suite's names."""
    tokens_per_day: str | None = None
    requests_per_day: str | None = None
    """Volumes with commas between them, like 10M,1B; one of the two."""
    peak_factor: str | None = None

    def scenario(self, results: Path) -> Scenario:
        """What the run measured. Raises click.UsageError for options that contradict each other or are missing,
        UserError for figures that do not read, StoreError for a run that cannot be read."""
        if self.run is not None and self.run.endswith((".yaml", ".yml")):
            raise click.UsageError(f"RUN is a stored run; a scenario file goes to an option: --scenario {self.run}")
        if self.run is None or self.api is None or self.self_hosted is None:
            raise click.UsageError("give RUN with --api MODEL and --self-hosted MODEL, or --scenario FILE.")
        if self.tokens_per_day is not None and self.requests_per_day is not None:
            raise click.UsageError("--tokens-per-day and --requests-per-day are the same thing twice: give one.")
        peak = _volumes("--peak-factor", self.peak_factor)
        if peak is not None and (len(peak) != 1 or peak[0] < 1):
            raise UserError(
                f"--peak-factor {self.peak_factor} is no factor: a peak is at least the mean. Write one number, like 3"
            )
        return from_run(
            runs.resolve_run(self.run, results),
            results,
            names=(self.api, self.self_hosted, self.hosted),
            tokens=_volumes("--tokens-per-day", self.tokens_per_day),
            requests=_volumes("--requests-per-day", self.requests_per_day),
            peak=peak[0] if peak else None,
        )


def break_even(
    asked: AskedBreakEven,
    scenario: Path | None,
    results: Path,
    *,
    svg: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> int:
    """Compare and print; the exit code. `scenario`: a file that states everything; None: `asked` says what.

    Raises click.UsageError or UserError where something is missing, contradictory or unknown.
    """
    if scenario is None:
        made = asked.scenario(results)
    elif asked != AskedBreakEven():
        raise click.UsageError("--scenario states everything in its file: leave the run's options out.")
    else:
        made = read_scenario(scenario)
    found = compare(made.lines, made.volumes)
    facts = {"name": made.name, "unit": made.unit, "tokens_per_unit": str(made.tokens_per_unit),
             "assumed": list(made.assumed), **found}  # fmt: skip
    if svg is not None:
        try:
            _write(svg, as_svg(made, found))
        except ValueError as error:
            raise UserError(f"{svg}: there is nothing to draw: {error}") from error
    if markdown is not None:
        _write(markdown, as_markdown(made, found))
    if as_json:
        return print_json(facts)
    render_breakeven(made, found)
    return 0


def from_run(
    folder: Path,
    results: Path,
    *,
    names: tuple[str, str, str | None],
    tokens: tuple[Decimal, ...] | None,
    requests: tuple[Decimal, ...] | None,
    peak: Decimal | None,
) -> Scenario:
    """The scenario that a run measured: requests as the unit, each model's own tokens and its own dollars."""
    facts = read_facts(folder)
    api, self_hosted, hosted = names
    if len(set(names)) < len(names):
        raise UserError("--api, --self-hosted and --hosted name the same model twice: name different ones.")
    by_model: dict[str, list[Stored]] = {}
    for row in answers_of(folder):
        if not row.answer.errored:
            by_model.setdefault(row.answer.model, []).append(row)
    for name in filter(None, names):
        if name not in by_model:
            raise UserError(f"{folder.name} has no answers of {name!r}. It has: {', '.join(by_model) or 'none'}.")
    lines: list[Line] = [_billed(api, "api", by_model[api])]
    own = _own(self_hosted, by_model[self_hosted], facts, results, peak or PEAK_FACTOR)
    lines.append(own)
    if hosted is not None:
        lines.append(_billed(hosted, "hosted", by_model[hosted]))
    per_request = _tokens(api, by_model[api]).value
    volumes = requests or tuple(volume / per_request for volume in tokens or VOLUMES)
    assumed = [
        f"A request is the mean request of {folder.name}: {per_request:,.0f} tokens as {api} counts them; "
        "other prompts cost something else.",
        "Prices are those at which the answers were billed; a list price of tomorrow is not known.",
    ]
    if any(row.marked.weight is not None for row in by_model[api]):
        assumed.append(
            f"The samples of {folder.name} stand for unequal numbers of requests (weight): the mean request is that of "
            "the traffic that they were drawn from."
        )
    if facts.status != "complete":
        assumed.append(
            f"{folder.name} is {facts.status}: its models may have answered different samples, "
            "so their means need not be of the same requests."
        )
    if peak is None:
        assumed.append(f"The peak is assumed to be {PEAK_FACTOR} times the mean: state yours with --peak-factor.")
    return Scenario(folder.name, "request", "requests", per_request, tuple(lines), volumes, assumed=tuple(assumed))


def _billed(name: str, kind: Literal["api", "hosted"], stored: list[Stored]) -> Billed:
    """Mean dollars a request with the interval that the sample of requests gives it."""
    costs = [row.answer.cost_usd for row in stored]
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        raise UserError(
            f"{len(costs) - len(known)} of {len(costs)} answers of {name} have no known cost, so its line is unknown. "
            "Give it a price (a price file, or price_as) and run again: answers come from the cache."
        )
    return Billed(name, kind, Range.of(_mean(known, stored)), _relative([float(cost) for cost in known], stored))


def _own(name: str, stored: list[Stored], facts: RunFacts, results: Path, peak: Decimal) -> Own:
    known = facts.model_facts(name).facts
    found = hosted_prices({name: facts.entry(name)}, str(facts.suite), results, served=lambda _: known).get(name)
    if found is None:
        raise UserError(
            f"{name} has no hosting in the suite of this run. Add hosting: {{gpus: 2, usd_per_gpu_hour: 2.5}}"
        )
    home, served, _ = found
    if served is None:
        raise UserError(
            f"What {name} serves on its machines was never measured, or no rate met the SLO, so its cost is unknown. "
            f"Measure it: evalkit load SUITE --model {name}"
        )
    return Own(
        name=name,
        machine_usd_per_year=Range.of(home.machine_usd_per_hour * HOURS_PER_YEAR),
        people_usd_per_year=Range.of(home.people_usd_per_year),
        tokens_per_s=Range(served.tokens_per_s, served.low, served.high),
        tokens_per_unit=_tokens(name, stored),
        gpus=Range.of(Decimal(home.gpus)),
        peak_factor=Range.of(peak),
        elastic=home.billing == "on_demand",
    )


def _tokens(name: str, stored: list[Stored]) -> Range:
    """Mean tokens of a request, input and output, as this model counts them."""
    counts = [(row.answer.usage.input, row.answer.usage.output) for row in stored]
    known = [given + made for given, made in counts if given is not None and made is not None]
    if len(known) < len(counts):
        raise UserError(f"{len(counts) - len(known)} of {len(counts)} answers of {name} do not report their tokens.")
    mean = _mean([Decimal(count) for count in known], stored)
    if mean <= 0:
        raise UserError(f"The answers of {name} report no tokens at all.")
    return _relative([float(count) for count in known], stored).times(mean)


def _weights(stored: Sequence[Stored]) -> Floats | None:
    """What each answer stands for, 1 on average; None where none says."""
    said = np.array([np.nan if row.marked.weight is None else row.marked.weight for row in stored])
    return row_weights(said)


def _mean(values: Sequence[Decimal], stored: Sequence[Stored]) -> Decimal:
    """Exact where all answers count alike; of the traffic where they are weighted."""
    heavy = _weights(stored)
    if heavy is None:
        return sum(values, Decimal(0)) / len(values)
    weights = [Decimal(repr(weight)) for weight in heavy.tolist()]
    return sum((value * weight for value, weight in zip(values, weights, strict=True)), Decimal(0)) / sum(weights)


def _relative(values: list[float], stored: Sequence[Stored]) -> Range:
    """The 95 % interval of a mean as factors of it; 1 to 1 where nothing varied or the mean is 0."""
    heavy, marked = _weights(stored), [row.marked for row in stored]
    together = clusters_of([Placed(one.task, one.content, one.occurrence, one.cluster) for one in marked])
    if heavy is None:
        alone = len(set(together)) == len(together)
        mean, spread = sum(values) / len(values), student_t(values) if alone else clustered(values, together)
    else:
        strata = [(one.task, one.stratum or "") for one in marked]
        found = weighted_mean(np.array(values), Design.of(len(values), heavy, strata, together), shares=False)
        mean = found.value
        spread = None if found.low is None or found.high is None else Interval(found.low, found.high)
    if spread is None or mean <= 0:
        return Range.of(Decimal(1))
    low, high = (Decimal(repr(round(end / mean, 9))) for end in (max(spread.low, mean * 1e-3), spread.high))
    return Range(Decimal(1), low, high)


def _volumes(option: str, text: str | None) -> tuple[Decimal, ...] | None:
    if text is None:
        return None
    try:
        return tuple(quantity(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(f"{option}: {error}") from error


def _write(path: Path, text: str) -> None:
    try:
        write_file(path, text)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from error
