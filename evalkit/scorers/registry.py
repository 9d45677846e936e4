"""Every scorer that a suite may name, and where it lives; a scorer is imported when a suite asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from evalkit import plugins
from evalkit.errors import SuiteError
from evalkit.plugins import KnownNames
from evalkit.reasoning import names_tag
from evalkit.scorers.base import Make, Scorer
from evalkit.scorers.options import did_you_mean

SCORERS: Mapping[str, str] = {
    "choice": "evalkit.scorers.choice:make",
    "code": "evalkit.scorers.code:make",
    "contains": "evalkit.scorers.text:make_contains",
    "end-state": "evalkit.scorers.end_state:make",
    "exact": "evalkit.scorers.text:make_exact",
    "fields": "evalkit.scorers.fields:make",
    "instructions": "evalkit.scorers.instructions:make",
    "judge": "evalkit.scorers.judge_scores:make_judge",
    "json": "evalkit.scorers.structure:make",
    "math": "evalkit.scorers.maths:make",
    "numbers": "evalkit.scorers.numbers:make",
    "overlap": "evalkit.scorers.overlap:make",
    "regex": "evalkit.scorers.text:make_regex",
    "several": "evalkit.scorers.several:make",
    "tools": "evalkit.scorers.tools:make",
    "verdict": "evalkit.scorers.judge_scores:make",
}
"""Scorers whose file has another name, or stands elsewhere than in `kinds/`."""
_KINDS = Path(__file__).parent / "kinds"

READING = 1
"""Part of every scorer's version: raised when `evalkit.reasoning` tells answers from reasoning in another way."""


def known_scorers() -> KnownNames:
    """The names a suite may use, in alphabetical order; imports none of them.

    Plug-ins are looked for only when a name is asked for that evalkit does not have, or when the names are listed.
    """
    return KnownNames("scorers", own_scorers())


@cache
def own_scorers() -> Mapping[str, str]:
    """The scorers of evalkit itself: name to `module:function`. Lists a folder, imports nothing."""
    kinds = [path.stem for path in _KINDS.glob("[a-z]*.py")]
    return {**{name.replace("_", "-"): f"evalkit.scorers.kinds.{name}:make" for name in kinds}, **SCORERS}


def make_scorer(name: str, options: Mapping[str, object] | None = None) -> Scorer:
    """The scorer with its options bound. Raises SuiteError for a name or an option that is not known, PluginError."""
    make = _maker(name)
    given = dict(options or {})
    take = given.pop("extract") if "extract" in given else given.pop("take", None)  # its name before
    if take is None:
        return _read(make(given), given)
    from evalkit.scorers.extraction import read_extraction, with_extraction

    rule = read_extraction(take, name)
    scorer = _read(make(given), {**given, "take": take})
    if scorer.needs == "likelihood":
        raise SuiteError(f"scorer {name}: `extract` reads a reply, and likelihoods are no reply: leave it out")
    return replace(with_extraction(scorer, rule), options={**(scorer.options or {}), "take": take})


def origin_of_scorer(name: str) -> str | None:
    """The package and version of a plug-in's scorer, for run.json; None: evalkit's own, or nobody's."""
    plugin = None if name in own_scorers() else plugins.find("scorers", name)
    return None if plugin is None else plugin.origin


def _maker(name: str) -> Make:
    if name in own_scorers():
        module, _, attribute = own_scorers()[name].partition(":")
        make: Make = getattr(importlib.import_module(module), attribute)
        return make
    if (plugin := plugins.find("scorers", name)) is not None:
        from evalkit.scorers.plugged import maker_of

        return maker_of(plugin)
    known = list(known_scorers())
    raise SuiteError(f"there is no scorer {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")


def _read(scorer: Scorer, options: Mapping[str, object]) -> Scorer:
    """The scorer with its whole version. One whose `extract` or `pattern` names a tag of reasoning reads it itself."""
    keeps = names_tag(f"{options.get('take')} {options.get('pattern')}")
    return replace(scorer, version=scorer.version + READING, keeps_reasoning=keeps)
