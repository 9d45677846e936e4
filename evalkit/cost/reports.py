"""The shape of what `price`, `plan` and `breakeven` say, as JSON (`--json`) and as what their tables are drawn from.

Money is text of exact decimals (US dollars), unless a figure is an estimate: then it is a float. None is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict


class Spread(TypedDict):
    """An estimate with its 95 % interval; no interval: None."""

    value: float
    low: float | None
    high: float | None


class ShareCost(TypedDict):
    """US dollars per million tokens at one busy share of the paid hours."""

    utilisation: str
    usd_per_mtok: str
    low: str
    high: str
    usd_per_mtok_output: str | None
    """The whole cost on the output tokens."""


class AmountFigures(TypedDict):
    """What some answers were billed."""

    n: int
    n_answers: int
    n_errored: int
    n_from_cache: int
    n_unknown: int
    n_lost_attempts: int
    billed_usd: str | None
    known_usd: str
    spend_usd: str | None
    reused_usd: str | None
    prompt_cache_saved_usd: str | None
    usd_by_kind: dict[str, str]
    tokens: dict[str, int]


class ModelBill(TypedDict):
    """The bill of one model."""

    total: AmountFigures
    tasks: dict[str, AmountFigures]


class Repriced(TypedDict):
    """The same bills at other prices."""

    at: str | None
    tier: str | None
    without_file: dict[str, str]
    models: dict[str, ModelBill]


class DerivedFigures(TypedDict):
    """What an answer of one model cost."""

    usd_per_sample: Spread | None
    usd_per_1k_samples: Spread | None
    usd_per_correct: Spread | None
    quality: float | None


class CheapestAsGood(TypedDict):
    """The cheapest model of at least the same mean quality."""

    model: str
    usd_per_1k_samples: float


class HostingFigures(TypedDict):
    """What own hardware costs, and the run's answers on it."""

    usd_per_hour: str
    basis: str
    answers_usd: str | None
    least_usd: str | None
    why: str | None
    """Why `answers_usd` is unknown."""
    other_prompts: list[str]
    low_usd: NotRequired[str | None]
    high_usd: NotRequired[str | None]
    tokens_per_s: NotRequired[dict[str, str]]
    sweep: NotRequired[str]
    """The load sweep that the figures rest on; absent: none is linked."""
    sweep_basis: NotRequired[str]
    usd_per_mtok_by_utilisation: NotRequired[Sequence[ShareCost]]


class JudgesBill(TypedDict):
    """The bill of those who marked a run."""

    models: dict[str, ModelBill]
    repriced: Repriced | None


class RunBillReport(TypedDict):
    """What `evalkit price` says."""

    run: str
    models: dict[str, ModelBill]
    repriced: Repriced | None
    derived: dict[str, DerivedFigures]
    at_equal_quality: dict[str, CheapestAsGood | None]
    hosting: dict[str, HostingFigures]
    parts: dict[str, dict[str, ModelBill]]
    """By pipeline the bills of its parts, which add up to its own; empty where there is no pipeline."""
    judges: JudgesBill | None


class TokenRange(TypedDict):
    """Tokens, or None at an end without a known limit."""

    low: int | None
    value: int | None
    high: int | None


class UsdRange(TypedDict):
    """US dollars at the low end, as expected, and at the high end."""

    low: str | None
    value: str | None
    high: str | None


class ModelForecast(TypedDict):
    """What a run would ask of one model or judge."""

    model: str
    n_requests: int
    n_cached: int
    input_tokens: TokenRange
    input_basis: str
    output_tokens: TokenRange
    output_basis: dict[str, str]
    usd: UsdRange
    usd_per_1k_requests: UsdRange | None
    """Of the traffic that weighted samples stand for. None: samples are not weighted."""
    price_known: bool
    minutes: float | None
    minutes_basis: str
    receiver: str | None
    """Host that receives the prompts."""
    place: str


class ToolReceiver(TypedDict):
    """A live server of agents' tools: it receives the arguments that models call them with."""

    environment: str
    """The file that names it."""
    tasks: list[str]
    host: str | None
    """None: a program of the suite, and where it sends what it is told is not known."""
    program: str | None
    """Its words. None: it is asked over the network."""


class RuleForecast(TypedDict):
    """What one quality rule of the gate could see."""

    rule: str
    words: str
    """What it is about and its limit, as text shows them."""
    margin: float
    n: int
    effective: float
    """Independent items of equal weight that would tell as much."""
    discordance: float
    smallest_regression: float | None
    chance_equal_passes: float | None
    n_needed: int | None
    power: float
    labelled: int | None
    """Pairs that people are supposed to have labelled; None where no rule's labels correct a judge."""


class LimitForecast(TypedDict):
    """What a rule about the candidate alone could see: a least score, or a largest rate."""

    rule: str
    limit: float
    is_rate: bool
    n: int
    effective: float
    passes_from: float | None
    """The least true score (the largest true rate) that passes with this power; None: none is sure to."""
    fails_at: float | None
    power: float


class PlanReport(TypedDict):
    """What `evalkit plan` says."""

    suite: str
    digest: str
    """Of all that a person agrees to who reads this (`api.planning.digest_of`): `evalkit run --planned`."""
    continues: str | None
    """The unfinished run that the same command resumes; None: it starts another."""
    sensitivity: str | None
    tasks: dict[str, int]
    repeats: int
    models: list[ModelForecast]
    judges: list[ModelForecast]
    tools: list[ToolReceiver]
    gate: list[RuleForecast]
    floors: NotRequired[list[LimitForecast]]
    notes: list[str]


class YearCost(TypedDict):
    """One line at one volume."""

    name: str
    usd_per_day: str
    usd_per_year: dict[str, str]
    """By end: value, low, high."""
    copies: int | None
    gpus: dict[str, str] | None
    """low and high, open at the peak; None: not stated."""
    busy_share: float | None


class VolumeCosts(TypedDict):
    """Every line at one volume."""

    units_per_day: str
    lines: list[YearCost]
    cheapest: str | None


class InputMove(TypedDict):
    """What one input alone does to a crossing; None: no crossing at that end."""

    input: str
    what_if: bool
    crossover_from: str | None
    crossover_to: str | None


InputMoved = TypedDict("InputMoved", {"from": str, "to": str})
"""The ends that the input was moved to."""


class Sensitivity(InputMove, InputMoved):
    """What one input alone does to a crossing, and the ends that it was moved to."""


class CrossoverFigures(TypedDict):
    """Where own hardware begins to cost less than one billed line; None: never."""

    own: str
    against: str
    units_per_day: str | None
    low: str | None
    high: str | None
    stays_from: str | None
    sensitivity: list[Sensitivity]


class LineFigures(TypedDict):
    """One line of a break-even."""

    name: str
    kind: Literal["api", "hosted", "own"]
    usd_per_unit: NotRequired[str]
    machine_usd_per_year: NotRequired[str]
    people_usd_per_year: NotRequired[str]
    peak_factor: NotRequired[str]
    tokens_per_s: NotRequired[str | None]
    usd_per_mtok_by_utilisation: NotRequired[Sequence[ShareCost] | None]


class BreakEvenReport(TypedDict):
    """What `evalkit breakeven` says."""

    lines: list[LineFigures]
    volumes: list[VolumeCosts]
    crossovers: list[CrossoverFigures]


ModelBills = Mapping[str, ModelBill]
