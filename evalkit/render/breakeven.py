"""What `evalkit breakeven` prints: yearly costs by volume, where the lines cross, what moves it, and the plot.

Everything is made from `cost.breakeven.compare`, as JSON; the plot also draws the lines themselves.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TextIO

from evalkit.cost.breakeven import Billed, Own, usd_per_year
from evalkit.cost.reports import BreakEvenReport, CrossoverFigures, YearCost
from evalkit.cost.scenario import Scenario
from evalkit.render import pictures
from evalkit.render.cost_curves import Curve, CurvePoint, MarkedPoint, curves
from evalkit.render.markdown import table
from evalkit.render.standings import listed
from evalkit.text import numbers
from evalkit.text.escape import markdown as markdown_text
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page

_POINTS = 160


def render_breakeven(
    scenario: Scenario, made: BreakEvenReport, *, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print the tables and sentences."""
    with Page(width, file) as page:
        if scenario.about:
            page.say(visible(scenario.about, limit=500))
            page.say("")
        for title, header, rows in _tables(scenario, made):
            columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
            first, *rest = (
                Column(name, list(texts), left=n == 0, folds=n == 0)
                for n, (name, texts) in enumerate(zip(header, columns, strict=True))
            )
            page.grid(title, first, rest)
        for sentence in sentences(scenario, made):
            page.say(sentence)


def markdown(scenario: Scenario, made: BreakEvenReport) -> str:
    """The same as Markdown, for a page or a pull request. Names are escaped: they are other people's text."""
    lines = [f"# Break-even: {markdown_text(scenario.name)}", ""]
    if scenario.about:
        lines += [markdown_text(scenario.about), ""]
    for title, header, rows in _tables(scenario, made):
        cells = [[markdown_text(text) for text in row] for row in (header, *rows)]
        lines += [f"## {markdown_text(title)}", "", *table(cells[0], cells[1:], right=range(1, len(header))), ""]
    lines += [f"* {markdown_text(sentence)}" for sentence in sentences(scenario, made)]
    return "\n".join(lines) + "\n"


def svg(scenario: Scenario, made: BreakEvenReport) -> str:
    """The lines with their bands, and the crossings marked. Raises ValueError for nothing to draw, NoPicture."""
    crossings = [Decimal(one["units_per_day"]) for one in made["crossovers"] if one["units_per_day"]]
    shown = [volume for volume in (*scenario.volumes, *crossings) if volume > 0]
    low, high = float(min(shown)) / 3, float(max(shown)) * 3
    volumes = [low * (high / low) ** (n / (_POINTS - 1)) for n in range(_POINTS)]
    lines = []
    for line in scenario.lines:
        points = []
        for volume in volumes:
            at = Decimal(repr(volume))
            year = usd_per_year(line, at)
            ends = (usd_per_year(line, at, "low"), usd_per_year(line, at, "high"))
            points.append(CurvePoint(volume, float(year), float(ends[0]), float(ends[1]), numbers.usd(year)))
        lines.append(Curve(line.name, points))
    by_name = {line.name: line for line in scenario.lines if isinstance(line, Billed)}
    marks = []
    for one in made["crossovers"]:
        if one["units_per_day"]:
            at = Decimal(one["units_per_day"])
            marks.append(MarkedPoint(float(at), float(usd_per_year(by_name[one["against"]], at)), numbers.volume(at)))
    title = f"Cost a year by volume: {scenario.name}"
    chart = curves(lines, x=f"{visible(scenario.units, limit=40)} a day", y="USD a year", title=title, crossings=marks)
    if chart is None:
        raise ValueError("a plot needs points above 0")
    return pictures.svg([chart])[0]


def sentences(scenario: Scenario, made: BreakEvenReport) -> list[str]:
    """The crossings and what moves them most, in words; then what was assumed."""
    said = []
    units = visible(scenario.units, limit=40)
    for one in made["crossovers"]:
        own, other = visible(one["own"], limit=60), visible(one["against"], limit=60)
        if one["units_per_day"] is None:
            said.append(f"{own} never costs less than {other}, at no volume: a full machine costs more than it saves.")
            continue
        at = Decimal(one["units_per_day"])
        tokens = f" ({numbers.volume(at * scenario.tokens_per_unit)} tokens)" if scenario.tokens_per_unit != 1 else ""
        band = f"{_end(one['low'])} to {_end(one['high'])}"
        sure = one["low"] == one["high"] == one["units_per_day"]
        where = f"from {numbers.volume(at)} {units} a day{tokens} on" if at else "at every volume"
        said.append(
            f"{own} costs less than {other} {where}"
            + ("." if sure else f"; with everything in doubt at its best or worst end: {band}.")
        )
        if (stays := one["stays_from"]) is not None and Decimal(stays) > at:
            said.append(
                f"Beyond it each further machine lifts {own} above {other} again for a while; "
                f"from {numbers.volume(stays)} {units} a day on it stays below."
            )
        said += _strongest(one)
    return [*said, *_unstated(scenario), *scenario.assumed]


def _unstated(scenario: Scenario) -> list[str]:
    """Of which machines nobody says what they serve: their cost is the same at any volume, and may not carry it."""
    own = [line.name for line in scenario.lines if isinstance(line, Own) and line.tokens_per_s is None]
    if not own:
        return []
    names = listed([visible(name, limit=60) for name in own])
    whose = "their cost is" if len(own) > 1 else "its cost is"
    return [
        f"Whether {names} can serve these volumes is not stated (`tokens_per_s`, of one copy when full): {whose} the "
        "same at any volume."
    ]


def _strongest(one: CrossoverFigures) -> list[str]:
    moves = [m for m in one["sensitivity"] if m["crossover_from"] != m["crossover_to"]][:3]
    if not moves:
        return []
    told = []
    for move in moves:
        ends = [_end(end) for end in (move["crossover_from"], move["crossover_to"])]
        by = (
            "20 % less or more"
            if move["what_if"]
            else f"{numbers.volume(move['from'])} to {numbers.volume(move['to'])}"
        )
        told.append(f"{visible(move['input'], limit=80)} ({by}: {ends[0]} to {ends[1]})")
    return [f"What moves this most: {'; '.join(told)}."]


def _end(volume: str | None) -> str:
    return "never" if volume is None else numbers.volume(volume)


def _tables(scenario: Scenario, made: BreakEvenReport) -> list[tuple[str, list[str], list[list[str]]]]:
    """(title, header, rows) of each table."""
    comes_and_goes = {line.name for line in scenario.lines if isinstance(line, Own) and line.elastic}
    header = [
        f"{visible(scenario.units, limit=40)} a day",
        *(visible(line["name"], limit=40) for line in made["lines"]),
        "cheapest",
    ]
    rows = [
        [
            numbers.volume(at["units_per_day"]),
            *(_year(line, elastic=line["name"] in comes_and_goes) for line in at["lines"]),
            visible(at["cheapest"] or "", limit=40),
        ]
        for at in made["volumes"]
    ]
    tables = [("USD a year", header, rows)]
    for line in made["lines"]:
        by_share = line.get("usd_per_mtok_by_utilisation")
        if by_share:
            tables.append((
                f"{visible(line['name'], limit=60)}: USD per million tokens",
                ["busy share of paid hours", *(numbers.share(Decimal(row["utilisation"])) for row in by_share)],
                [["USD", *(numbers.usd(Decimal(row["usd_per_mtok"])) for row in by_share)]],
            ))  # fmt: skip
    return tables


def _year(line: YearCost, *, elastic: bool) -> str:
    year = {end: Decimal(amount) for end, amount in line["usd_per_year"].items()}
    text = numbers.usd(year["value"])
    if year["low"] != year["high"]:
        text += f" [{numbers.usd(year['low'])}, {numbers.usd(year['high'])}]"
    if line["gpus"] is not None:
        low, high = line["gpus"]["low"], line["gpus"]["high"]
        text += f", {low if low == high else f'{low} to {high}'} GPUs{' at the peak' if elastic else ''}"
    if line["busy_share"] is not None:
        text += f", {numbers.share(line['busy_share'])} busy"
    return text
