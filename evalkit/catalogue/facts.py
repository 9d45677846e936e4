"""Facts about model versions, each with its source and date; where sources disagree a fact is disputed, never chosen.

    known = load().find("openai/gpt-oss-120b")
    known.value("licence")                 # "Apache-2.0"
    known.disputed                         # ("terms",) where two sources say different things

Openness belongs to a version, not to a maker, so facts are keyed by exact version. What is not known is absent.
`reading` makes these records from files.

A licence is of the maker's weights alone:

    is_the_makers("openai/gpt-oss-120b", known)       # True
    is_the_makers("somebody/gpt-oss-120b", known)     # False: weights of that name, of somebody else
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date
from typing import Any

from evalkit.frozen import dataclass

TIERS = ("closed", "open weights, restricted licence", "open weights, permissive", "fully open")
LICENCE_KINDS = ("permissive", "modified permissive", "use-restricted", "community", "research only")
"""`modified permissive`: a known licence's name with a condition of its own, such as a cap on revenue; never the same
as the licence that it is named after. `use-restricted`: free but for a list of uses. `community`: the maker's own, with
conditions on who may use it or what may be built."""
FIELDS = (
    "tier",
    "licence",
    "licence_kind",
    "commercial_use",
    "user_cap",
    "derived_training",
    "terms",
    "context_tokens",
    "max_output_tokens",
    "modalities",
    "refuses",
    "refuses_while_reasoning",
    "released",
    "retires",
)
LISTS = ("modalities", "refuses", "refuses_while_reasoning")
"""Fields that hold a list of texts. `refuses` are settings that the model turns down, `refuses_while_reasoning` those
that it turns down under any reasoning_effort but none; both have the names of a suite's settings."""
COUNTS = ("context_tokens", "max_output_tokens")
"""Fields that hold a number of tokens."""
DAYS = ("released", "retires")
UNCHECKED = "unchecked"
_NEAR_DAYS = 120
"""A swap takes a quarter: a model that goes earlier is no candidate without a word about it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's word on one field."""

    value: object
    source: str
    """Who says so, as a title."""
    seen: str
    """The day it was read there, ISO; `unchecked` where it was written down without opening the source again."""
    url: str | None = None
    """The page of the source; None where it has none."""
    second_hand: bool = False
    """The source passes on what the maker said, or says it for another version."""
    file: str | None = None
    """The file of one's own that says so; None for the catalogue that comes with evalkit."""

    @property
    def checked(self) -> bool:
        """Whether it was read where the maker says it."""
        return self.seen != UNCHECKED and not self.second_hand

    @property
    def doubt(self) -> str:
        """What a reader should know of its standing; empty where it was checked."""
        return "source not re-read" if self.seen == UNCHECKED else "second hand" if self.second_hand else ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one version."""

    model: str
    family: str | None = None
    names: tuple[str, ...] = ()
    """Other ids of the same version."""
    moving: bool = False
    """The id is an alias that its maker may point elsewhere, and no id is known that pins it."""
    pin: str | None = None
    """The id that pins this version, where the one that was asked for is an alias of it; None where it is none."""
    claims: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    replaced: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    """By field: what stood there before a file of one's own corrected it."""

    def value(self, name: str) -> Any:
        """The value that every source agrees on; None where nothing is known, or the sources disagree."""
        claims = self.claims.get(name, ())
        return claims[0].value if claims and name not in self.disputed else None

    @property
    def maker(self) -> str | None:
        """Who made it, as a reader knows the company; None where the family is not known."""
        return _COMPANIES.get(self.family or "")

    @property
    def openness(self) -> str | None:
        """The tier that every source agrees on, `disputed` where they do not; None: not known."""
        return str(self.value("tier") or "disputed") if self.claims.get("tier") else None

    @property
    def disputed(self) -> tuple[str, ...]:
        """Fields on which sources disagree."""
        return tuple(name for name, claims in self.claims.items() if len({str(c.value) for c in claims}) > 1)

    def shown(self, name: str) -> str | None:
        """For a person: the value, or every disputed reading with its source; None where nothing is known."""
        claims = self.claims.get(name, ())
        if not claims:
            return None
        if name in self.disputed:
            return "disputed: " + " / ".join(f"{_text(c.value)} ({_said_by(c)})" for c in claims)
        doubts = [claim.doubt for claim in claims]
        return _text(claims[0].value) + (f" ({doubts[0]})" if all(doubts) else "")

    def sources(self, name: str) -> str:
        """Who says so, when that was read and where; for a fact of one's own also the file and what it corrects."""
        told = ", ".join(f"{c.source}, {c.seen}{f', {c.url}' if c.url else ''}" for c in self.claims.get(name, ()))
        file = next((c.file for c in self.claims.get(name, ()) if c.file), None)
        if file is None:
            return told
        before = " / ".join(f"{_text(c.value)} ({c.source})" for c in self.replaced.get(name, ()))
        return f"{told}; from {file}" + (f", which corrects: {before}" if before else "")

    def badges(self, today: date) -> list[str]:
        """Sentences that a reader should see beside the model's name."""
        found = []
        retires = self.value("retires")
        if retires is not None:
            day = date.fromisoformat(retires)
            if day <= today:
                found.append(f"retired on {day}")
            elif (day - today).days <= _NEAR_DAYS:
                left = (day - today).days
                found.append(f"retires on {day}, {'tomorrow' if left == 1 else f'in {left} days'}")
        if self.pin:
            found.append(f"an alias: ask for {self.pin} to pin the version")
        elif self.moving:
            found.append("an alias that its maker may point to another version: it cannot be pinned")
        found += [f"{name.replace('_', ' ')} disputed between sources" for name in self.disputed]
        return found

    def corrected(self, theirs: Known) -> Known:
        """This, with another file's word on top: it corrects field by field; what it does not name stays."""
        before = {name: self.claims[name] for name in theirs.claims if name in self.claims}
        names = dict.fromkeys([*self.names, theirs.model, *theirs.names])
        names.pop(self.model, None)
        return Known(
            self.model,
            theirs.family or self.family,
            tuple(names),
            theirs.moving or self.moving,
            theirs.pin or self.pin,
            {**self.claims, **theirs.claims},
            {**self.replaced, **before},
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Models by id, in lower case."""

    models: Mapping[str, Known]

    def find(self, model: str | None) -> Known | None:
        """The facts of exactly this version (case and a provider's prefix aside); None when it is not listed.

        An id that ends in `latest` is an alias by its name, whether it is listed or not.
        """
        if not model:
            return None
        wanted = model.strip().lower()
        found = self.models.get(wanted) or self.models.get(wanted.rpartition("/")[2])
        if found is None and wanted.endswith(("-latest", ":latest")):
            return Known(model, moving=True)
        if found is not None and found.pin and wanted.rpartition("/")[2] == found.pin.lower().rpartition("/")[2]:
            return replace(found, pin=None)
        return found

    def corrected(self, theirs: Mapping[str, Known]) -> Catalogue:
        """With a file of one's own on top: it adds models and corrects single facts."""
        models = dict(self.models)
        for known in {id(known): known for known in theirs.values()}.values():
            ids = [known.model, *known.names]
            ours = next((models[name.lower()] for name in ids if name.lower() in models), None)
            made = known if ours is None else ours.corrected(known)
            models |= dict.fromkeys((name.lower() for name in (made.model, *made.names)), made)
        return Catalogue(models)


def _said_by(claim: Claim) -> str:
    return f"{claim.source}{f'; {claim.doubt}' if claim.doubt else ''}"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


_COMPANIES = {
    "GPT": "OpenAI",
    "GPT-OSS": "OpenAI",
    "Claude": "Anthropic",
    "Gemini": "Google",
    "Gemma": "Google",
    "Grok": "xAI",
    "DeepSeek": "DeepSeek",
    "Mistral": "Mistral",
    "Llama": "Meta",
    "Qwen": "Alibaba",
    "GLM": "Z.ai",
    "Phi": "Microsoft",
    "OLMo": "Ai2",
}
"""Family -> the company that makes it."""
MAKERS = {
    "OpenAI": "OA",
    "Anthropic": "An",
    "Google": "Go",
    "xAI": "xAI",
    "DeepSeek": "DS",
    "Mistral": "Mi",
    "Meta": "Me",
    "Alibaba": "Ali",
    "Z.ai": "Z",
    "Microsoft": "MS",
    "Ai2": "Ai2",
}
"""Company -> the letters that stand for it where there is no room for its name; no two are alike."""
_MAKERS = {
    "GPT-OSS": ("openai",),
    "DeepSeek": ("deepseek-ai", "deepseek"),
    "Mistral": ("mistralai", "mistral"),
    "Llama": ("meta-llama", "meta"),
    "Qwen": ("qwen",),
    "GLM": ("zai-org", "z-ai", "zai", "thudm"),
    "Gemma": ("google",),
    "Phi": ("microsoft",),
    "OLMo": ("allenai",),
    "Grok": ("xai-org", "xai", "x-ai"),
}
"""Family -> names of its maker, as the hub and hosted APIs write them before the model's own."""
_HOSTS = ("accounts/fireworks/models",)
"""What hosted APIs write before a model's name, whoever made it."""


def is_the_makers(asked: str, known: Known) -> bool:
    """Whether the id that was asked for names the maker's own version: by the whole id, or behind the maker's name.

    A folder, or another account of the hub, may hold anything under that last name.
    """
    wanted = asked.strip().lower()
    if wanted in {name.lower() for name in (known.model, *known.names)}:
        return True
    before, slash, _ = wanted.rpartition("/")
    return bool(slash) and before in (*_MAKERS.get(known.family or "", ()), *_HOSTS)
