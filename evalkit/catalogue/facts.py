"""Facts about model versions, each with its source and date; where sources disagree a fact is disputed, never chosen.

    catalogue = load()
    known = catalogue.find("openai/gpt-oss-120b")
    known.value("licence")                 # "Apache-2.0"
    known.disputed                         # ("terms",) where two sources say different things

Openness belongs to a version, not to a maker, so facts are keyed by exact version. What is not known is absent. A file
of one's own (EVALKIT_CATALOGUE, or models.yaml beside the runs) adds models and replaces single facts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from evalkit.errors import UserError

TIERS = ("closed", "open weights, restricted licence", "open weights, permissive", "fully open")
FIELDS = ("tier", "licence", "terms", "context_tokens", "modalities", "released", "retires")
UNCHECKED = "unchecked"
_DAYS = ("released", "retires")
_FILE = Path(__file__).parent / "models.yaml"
_NEAR_DAYS = 120
"""A swap takes a quarter: a model that goes earlier is no candidate without a word about it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's word on one field."""

    value: Any
    source: str
    """Who says so, as a title or an address."""
    seen: str
    """The day it was read there, ISO; `unchecked` where it was written down without opening the source again."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one version."""

    model: str
    family: str | None = None
    names: tuple[str, ...] = ()
    """Other ids of the same version."""
    moving: bool = False
    """The id is an alias that its maker may point elsewhere, so it cannot be pinned."""
    claims: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """The value that every source agrees on; None where nothing is known, or the sources disagree."""
        claims = self.claims.get(name, ())
        return claims[0].value if claims and name not in self.disputed else None

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
            return "disputed: " + " / ".join(f"{_text(c.value)} ({c.source})" for c in claims)
        return _text(claims[0].value) + (" (source not re-read)" if claims[0].seen == UNCHECKED else "")

    def badges(self, today: date) -> list[str]:
        """Sentences that a reader should see beside the model's name."""
        found = []
        retires = self.value("retires")
        if retires is not None:
            day = date.fromisoformat(retires)
            if day <= today:
                found.append(f"retired on {day}")
            elif (day - today).days <= _NEAR_DAYS:
                found.append(f"retires on {day}, in {(day - today).days} days")
        if self.moving:
            found.append("an alias that its maker may point to another version: it cannot be pinned")
        found += [f"{name} disputed between sources" for name in self.disputed]
        return found


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Models by id."""

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
        return found


def load(extra: Iterable[Path] = ()) -> Catalogue:
    """The catalogue that comes with evalkit, with these files and EVALKIT_CATALOGUE on top.

    Raises UserError for a file that cannot be read, naming the place.
    """
    models = dict(_built_in())
    own = os.environ.get("EVALKIT_CATALOGUE")
    for path in [*extra, *([Path(own)] if own else [])]:
        for key, known in _read(path).items():
            models[key] = _merged(models.get(key), known)
    return Catalogue(models)


@cache
def _built_in() -> Mapping[str, Known]:
    return _read(_FILE)


def _merged(ours: Known | None, theirs: Known) -> Known:
    """A user's file corrects fact by fact; what it does not name stays."""
    if ours is None:
        return theirs
    return Known(
        theirs.model,
        theirs.family or ours.family,
        tuple(dict.fromkeys([*ours.names, *theirs.names])),
        theirs.moving or ours.moving,
        {**ours.claims, **theirs.claims},
    )


def _read(path: Path) -> dict[str, Known]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"The catalogue {path} cannot be read ({error.strerror}).") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"The catalogue {path} is no valid YAML: {str(error).splitlines()[0]}") from error
    content = {} if content is None else content
    if not isinstance(content, dict) or not isinstance(content.get("models", []), list):
        raise UserError(f"The catalogue {path} needs `sources:` (a group) and `models:` (a list).")
    sources = content.get("sources") or {}
    found: dict[str, Known] = {}
    for entry in content.get("models") or []:
        known = _known(entry, sources, path)
        for name in (known.model, *known.names):
            if name.lower() in found:
                raise UserError(f"The catalogue {path} names {name} twice; put both claims into one entry.")
            found[name.lower()] = known
    return found


def _known(entry: Any, sources: Mapping[str, Any], path: Path) -> Known:
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        raise UserError(f"The catalogue {path}: each entry starts with `- model:`, the exact version.")
    model = entry["model"]
    odd = set(entry) - {"model", "names", "family", "moving", *FIELDS}
    if odd:
        raise UserError(
            f"The catalogue {path}, {model}: unknown {', '.join(sorted(odd))}; known are {', '.join(FIELDS)}."
        )
    claims = {name: _claims(entry[name], sources, f"{path}, {model}, {name}") for name in FIELDS if name in entry}
    for claim in claims.get("tier", ()):
        if claim.value not in TIERS:
            raise UserError(f"The catalogue {path}, {model}: tier {claim.value!r} is none of {' · '.join(TIERS)}.")
    for name in _DAYS:
        for claim in claims.get(name, ()):
            try:
                date.fromisoformat(claim.value)
            except ValueError:
                raise UserError(f"The catalogue {path}, {model}: {name} needs a day like 2026-07-01.") from None
    names = entry.get("names") or []
    return Known(model, entry.get("family"), tuple(map(str, names)), entry.get("moving") is True, claims)


def _claims(value: Any, sources: Mapping[str, Any], where: str) -> tuple[Claim, ...]:
    claims = []
    for claim in value if isinstance(value, list) else [value]:
        if not isinstance(claim, dict) or set(claim) != {"is", "source", "seen"}:
            raise UserError(f"The catalogue {where}: a fact is written {{is: ..., source: ..., seen: 2026-11-20}}.")
        said = claim["is"].isoformat() if isinstance(claim["is"], date) else claim["is"]
        source = str(claim["source"])
        claims.append(Claim(said, str(sources.get(source, source)), str(claim["seen"])))
    return tuple(claims)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
