"""What a model on one's own hardware costs: dollars an hour, and, from a measured throughput, dollars a token.

    home = Hosting.read({"gpu": "H100", "gpus": 8, "usd_per_month": "15000"})
    usd_per_mtok(home.usd_per_hour, Decimal(500_000) / 60)                          # 0.685 when full
    usd_per_mtok(home.usd_per_hour, Decimal(500_000) / 60, Decimal("0.25"))         # 2.74 at a quarter

    usd_per_hour = gpus x usd_per_gpu_hour, or usd_per_month / 730
                   + power_kw x usd_per_kwh + engineering_hours_per_month x usd_per_engineering_hour / 730
    usd_per_mtok = usd_per_hour / (tokens_per_s x 3600 x utilisation) x 1,000,000

Tokens are input and output together, at the mix of the measured prompts: on one's own machine a token has no price of
its own, and another mix gives another throughput. `active` is utilisation 1: only busy hours are paid. `reserved` pays
idle hours too; engineering is paid whether machines are busy or not. Without a measured throughput a token's cost is
unknown; nothing is guessed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from evalkit.cost.billing import Rates, UnitPrices
from evalkit.cost.reports import ShareCost

HOURS_PER_YEAR = Decimal(8760)
HOURS_PER_MONTH = HOURS_PER_YEAR / 12
UTILISATIONS = tuple(Decimal(percent) / 100 for percent in (5, 10, 20, 30, 50, 70, 100))
"""Shares of the busy capacity at which the curve is shown."""

_DEAREST_HOUR, _LEAST_BUSY, _SLOWEST = Decimal(10**9), Decimal("1e-4"), Decimal("1e-3")
"""USD an hour, a share of hours, tokens a second: beyond them a figure is a slip, and quotients cannot be written."""
_EXACT = Decimal("1e-9")  # nine decimals keep every product with a token count exact


@dataclass(frozen=True, slots=True)
class Hosting:
    """`hosting:` of a model. Exactly one of the two prices is given."""

    gpu: str | None = None
    gpus: int = 1
    usd_per_gpu_hour: Decimal | None = None
    usd_per_month: Decimal | None = None
    """A lease of all GPUs together."""
    billing: str = "reserved"
    """reserved: idle hours are paid; on_demand: only busy hours are."""
    power_kw: Decimal | None = None
    """Electrical power of everything together, where it is paid apart."""
    usd_per_kwh: Decimal | None = None
    engineering_hours_per_month: Decimal | None = None
    usd_per_engineering_hour: Decimal | None = None
    utilisation: Decimal | None = None
    """Busy share of all hours, in (0, 1]. None: not stated; where idle hours are paid, a token's cost is unknown."""
    load: str = "latest"

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Hosting:
        """From a suite's `hosting`, as data, which may be a stranger's. Numbers may be texts; raises ValueError for a
        value of another kind."""
        known = {name: entry[name] for name in cls.__dataclass_fields__ if entry.get(name) is not None}
        for name in _MONEY & known.keys():
            try:
                known[name] = Decimal(str(known[name]))
            except ArithmeticError:
                raise ValueError(f"hosting.{name} is {known[name]!r}, not a number") from None
        for name in ("gpu", "billing", "load"):
            if not isinstance(known.get(name, ""), str):
                raise ValueError(f"hosting.{name} is no text")  # noqa: TRY004  # a value of a file
        if type(known.get("gpus", 1)) is not int:
            raise ValueError("hosting.gpus is no whole number")
        home = cls(**known)
        try:
            dear = home.usd_per_hour > _DEAREST_HOUR
        except (ArithmeticError, TypeError):
            dear = True
        if dear:
            raise ValueError(f"an hour costs more than {_DEAREST_HOUR:,} dollars")
        if home.utilisation is not None and not _LEAST_BUSY <= home.utilisation <= 1:
            raise ValueError(f"hosting.utilisation is {home.utilisation}, and not a share from {_LEAST_BUSY} to 1")
        return home

    @property
    def usd_per_hour(self) -> Decimal:
        """Everything together, for an hour in which the machines are up."""
        return self.machine_usd_per_hour + self.people_usd_per_year / HOURS_PER_YEAR

    @property
    def machine_usd_per_hour(self) -> Decimal:
        """GPUs and power: what grows with every further copy of the model."""
        if self.usd_per_month is not None:
            machines = self.usd_per_month / HOURS_PER_MONTH
        else:
            machines = (self.usd_per_gpu_hour or Decimal(0)) * self.gpus
        return machines + (self.power_kw or Decimal(0)) * (self.usd_per_kwh or Decimal(0))

    @property
    def people_usd_per_year(self) -> Decimal:
        """Engineering: paid once, however many copies are up."""
        hours = self.engineering_hours_per_month or Decimal(0)
        return hours * (self.usd_per_engineering_hour or Decimal(0)) * 12

    @property
    def paid_usd_per_busy_hour(self) -> Decimal | None:
        """What a busy hour costs with its part of the idle ones: machines idle where they are reserved, people always.

        None where the utilisation is needed and not stated: a cost without idle hours would be the least possible one,
        on which no gate may pass.
        """
        if self.billing == "on_demand" and not self.people_usd_per_year:
            return self.machine_usd_per_hour
        if self.utilisation is None:
            return None
        idle_too = self.people_usd_per_year / HOURS_PER_YEAR
        if self.billing == "on_demand":
            return self.machine_usd_per_hour + idle_too / self.utilisation
        return (self.machine_usd_per_hour + idle_too) / self.utilisation

    @property
    def basis(self) -> str:
        """In words, which hours a token's cost pays for."""
        hours = "on demand" if self.billing == "on_demand" else "reserved"
        busy = f"{self.utilisation:.0%} busy" if self.utilisation is not None else "utilisation not stated"
        return f"{hours}, {busy}"


@dataclass(frozen=True, slots=True)
class Throughput:
    """Tokens a second that a load sweep measured, input and output together."""

    tokens_per_s: Decimal
    low: Decimal
    high: Decimal
    source: str
    """The sweep's name."""
    output_tokens_per_s: Decimal | None = None
    basis: str = "stated"
    """Under which promise it was measured: `within the SLO`, or `capacity, no SLO stated`."""

    @classmethod
    def read(cls, load: Mapping[str, object], source: str) -> Throughput | None:
        """From a sweep's facts (`latency.loadtest`); None where it measured no throughput, or holds something else."""
        found = load.get("serves")
        if not isinstance(found, Mapping):
            return None
        try:
            value, low, high = (Decimal(str(found["tokens_per_s"][key])) for key in ("value", "low", "high"))
            output = Decimal(str(found["output_tokens_per_s"]))
        except (KeyError, TypeError, ArithmeticError):
            return None
        basis = str(found.get("basis"))
        if not all(one.is_finite() for one in (value, low, high, output)):
            return None
        written = output if output >= _SLOWEST else None
        return cls(value, low, high, source, written, basis) if _SLOWEST <= low <= value <= high else None


def usd_per_mtok(usd_per_hour: Decimal, tokens_per_s: Decimal, utilisation: Decimal = Decimal(1)) -> Decimal:
    """Dollars per million tokens. Raises ValueError unless the throughput is above 0 and the utilisation in (0, 1]."""
    if tokens_per_s <= 0 or not 0 < utilisation <= 1:
        raise ValueError(f"needs tokens_per_s > 0 and 0 < utilisation <= 1, not {tokens_per_s} and {utilisation}")
    return usd_per_hour * 1_000_000 / (tokens_per_s * 3600 * utilisation)


def unit_prices(
    model: str, home: Hosting, served: Throughput, busy_hour_usd: Decimal | None = None
) -> UnitPrices | None:
    """The cost of own hardware as prices per token, so that rows, bills and gates read it like any other price.

    `busy_hour_usd` replaces what a busy hour costs; None: the hosting's own; where that is unknown, so are prices.
    """
    hour = busy_hour_usd if busy_hour_usd is not None else home.paid_usd_per_busy_hour
    if hour is None:
        return None
    rate = usd_per_mtok(hour, served.tokens_per_s).quantize(_EXACT)
    source = f"hosting ({home.basis}; {served.basis}) by load sweep {served.source}"
    return UnitPrices(model, source, ((0, Rates(input=rate, output=rate)),))


def curve(usd_per_hour: Decimal, served: Throughput) -> list[ShareCost]:
    """Dollars per million tokens against utilisation, each with the interval that the throughput's gives it.

    `usd_per_mtok_output` puts the whole cost on the output tokens, as some price lists are read; None where their share
    is not known.
    """
    written = served.output_tokens_per_s
    return [
        {
            "utilisation": str(share),
            "usd_per_mtok": _shown(usd_per_mtok(usd_per_hour, served.tokens_per_s, share)),
            "low": _shown(usd_per_mtok(usd_per_hour, served.high, share)),
            "high": _shown(usd_per_mtok(usd_per_hour, served.low, share)),
            "usd_per_mtok_output": _shown(usd_per_mtok(usd_per_hour, written, share)) if written else None,
        }
        for share in UTILISATIONS
    ]


_MONEY = frozenset(
    (
        *("usd_per_gpu_hour", "usd_per_month", "power_kw", "usd_per_kwh", "engineering_hours_per_month"),
        *("usd_per_engineering_hour", "utilisation"),
    )
)


def _shown(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("1e-6")), "f")
