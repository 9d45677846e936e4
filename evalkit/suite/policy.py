"""The egress policy: which endpoints may receive prompts of which sensitivity, by a file outside the suite.

    policy = current()                                   # of --policy FILE or EVALKIT_POLICY; None without either
    policy.refusals("internal", "api.example.com")       # ("its region is unknown, and internal asks for eu",)

It is the word of the person running evalkit (or of the protected branch, where they name its file), never the suite's:
no file is looked for beside a suite. What the policy does not say of an endpoint is unknown and meets no requirement.
This machine needs no entry: what goes to loopback or stays in the process leaves it for nobody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pydantic import ValidationError

from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.reading import read_small_text
from evalkit.suite.schema.policy import EndpointEntry, PolicyFile, RequirementEntry
from evalkit.suite.sensitivity import Sensitivity
from evalkit.suite.source_map import SourceMap, parse

VARIABLE = "EVALKIT_POLICY"
_LARGEST = 1_000_000
_named: ContextVar[Path | None] = ContextVar("policy", default=None)
"""The file of --policy, or of `policy` in Python; None where it was not given."""


def name_policy(path: Path | None) -> None:
    """Set the policy file of this process, by the person's word on the command line; None takes it back."""
    _named.set(path)


@contextmanager
def named_policy(path: Path) -> Iterator[None]:
    """Set the policy file within this block, by the person's word."""
    before = _named.set(path)
    try:
        yield
    finally:
        _named.reset(before)


def current() -> Policy | None:
    """The policy that the person named; None without one. Raises UserError for a file that cannot be used."""
    named = os.environ.get(VARIABLE, "").strip()
    path = _named.get() or (Path(named) if named else None)
    return None if path is None else read_policy(path)


def named() -> Policy | None:
    """The policy of --policy alone; None without the option. Raises UserError for a file that cannot be used."""
    path = _named.get()
    return None if path is None else read_policy(path)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file."""

    name: str
    """The file's name."""
    sha256: str
    """Of its bytes, in hex."""
    file: PolicyFile

    def endpoint(self, host: str) -> EndpointEntry | None:
        """What is known about this host; None where the policy does not list it."""
        fitting = [
            (len(name), -i, entry)
            for i, entry in enumerate(self.file.endpoints)
            for name in entry.hosts
            if _fits(name, host)
        ]
        return max(fitting, key=lambda one: one[:2])[2] if fitting else None

    def refusals(self, level: Sensitivity, host: str) -> tuple[str, ...]:
        """Why prompts of this level may not go to this host, as half sentences; empty: they may."""
        asked: RequirementEntry | None = getattr(self.file.sensitivity, level)
        if asked is None:
            return (f"{self.name} says nothing of {level}",)
        if asked == RequirementEntry():
            return ()
        known = self.endpoint(host)
        if known is None:
            return (f"{self.name} does not list it, and {level} has requirements",)
        return tuple(_unmet(asked, known, host, level))

    def about(self, host: str) -> str:
        """What the policy knows of a host, for people: region eu, retention 0 days, no training."""
        known = self.endpoint(host)
        if known is None:
            return "not listed"
        trains = {True: "trains on data", False: "no training", None: "training unknown"}[known.trains_on_data]
        kept = "retention unknown" if known.retention_days is None else f"kept for {known.retention_days} days"
        place = f"region {known.region or 'unknown'}, jurisdiction {known.jurisdiction or 'unknown'}"
        return f"{place}, {kept}, {trains}, certificates {', '.join(known.certificates or ()) or 'unknown'}"


def read_policy(path: Path) -> Policy:
    """The policy in this file. Raises UserError with every complaint."""
    content, text = read_small_text(path, "the policy", _LARGEST)
    tree = parse(text, str(path))
    if not tree.complaints:
        try:
            made = PolicyFile.model_validate(tree.data)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                said = "unknown key" if detail["type"] == "extra_forbidden" else detail["msg"]
                tree.refuse(tuple(detail["loc"]), said[0].lower() + said[1:])
        else:
            _refuse_twice(made, tree)
    if tree.complaints:
        raise UserError("\n".join(tree.complaints))
    return Policy(path.name, hashlib.sha256(content).hexdigest(), made)


def _refuse_twice(made: PolicyFile, tree: SourceMap) -> None:
    """A host that two entries list has two truths, of which one would hold in silence."""
    known: dict[str, int] = {}
    for i, entry in enumerate(made.endpoints):
        for k, name in enumerate(entry.hosts):
            if (first := known.setdefault(name.lower(), i)) != i:
                tree.refuse(("endpoints", i, "hosts", k), f"{name} is listed in endpoints[{first}] already")


def _unmet(asked: RequirementEntry, known: EndpointEntry, host: str, level: str) -> list[str]:
    found = []
    if asked.endpoints is not None and not any(_fits(name, host) for name in asked.endpoints):
        found.append(f"{level} goes to {', '.join(asked.endpoints)} only")
    for what, value, allowed in (
        ("region", known.region, asked.regions),
        ("jurisdiction", known.jurisdiction, asked.jurisdictions),
    ):
        if allowed is not None and (value is None or value.lower() not in {one.lower() for one in allowed}):
            found.append(f"its {what} is {value or 'unknown'}, and {level} asks for {' or '.join(allowed)}")
    most, kept = asked.retention_days_at_most, known.retention_days
    if most is not None and (kept is None or kept > most):
        days = "for an unknown time" if kept is None else f"for {kept} days"
        found.append(f"it keeps prompts {days}, and {level} asks for at most {most}")
    if asked.trains_on_data is False and known.trains_on_data is not False:
        may = "trains on prompts" if known.trains_on_data else "may train on prompts (unknown)"
        found.append(f"it {may}, and {level} forbids that")
    held = {one.lower() for one in known.certificates or ()}
    if lacking := [one for one in asked.certificates if one.lower() not in held]:
        found.append(f"it is not known to have {', '.join(lacking)}, and {level} asks for it")
    return found


def _fits(name: str, host: str) -> bool:
    name = name.lower()
    return host == name or (name.startswith(".") and host.endswith(name))
