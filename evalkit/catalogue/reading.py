"""From catalogue files to facts: the one that comes with evalkit, and files of one's own on top.

    sources:
      legal: Our legal department, ticket 4711
      card: {title: Model card, url: "https://...", second_hand: true}
    models:
      - model: mistral-medium-3-5
        commercial_use: {is: cleared for us until 2027-12-31, source: legal, seen: 2026-11-20}

Every complaint of a file is told at once, each with its line and the way out.

The catalogue of evalkit is YAML, which people edit, and JSON, which is read in a hundredth of the time. The JSON names
the digest of the YAML that it was made from, and is passed over where that is another: then the YAML is read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from evalkit.catalogue.facts import (
    COUNTS,
    DAYS,
    FIELDS,
    LICENCE_KINDS,
    LISTS,
    TIERS,
    UNCHECKED,
    Catalogue,
    Claim,
    Known,
)
from evalkit.checkouts import own_settings
from evalkit.errors import UserError
from evalkit.frozen import dataclass
from evalkit.paths import Inside, find
from evalkit.reading import read_file
from evalkit.suite.source_map import Loc, SourceMap, parse
from evalkit.suite.wording import near, short

if TYPE_CHECKING:
    from evalkit.facts.base import Json
    from evalkit.suite.suite import ResolvedSuite

FILE_NAME = "models.yaml"
"""Looked for beside a suite, in a results folder and in the user's settings."""
_BUILT_IN = Path(__file__).parent / FILE_NAME
PACKED = _BUILT_IN.with_suffix(".json")
"""The same as JSON."""
_CHOICES = {"tier": TIERS, "licence_kind": LICENCE_KINDS}
_ENTRY = ("model", "names", "family", "moving", "pin", *FIELDS)
_MOST_BYTES = 5_000_000
_LONGEST = 2_000
"""Characters of one value: beyond it a file is no list of facts."""


def load(files: Iterable[Path] = (), recorded: Iterable[Json] = ()) -> Catalogue:
    """The catalogue that comes with evalkit, with what others say on top; the later one wins, fact by fact.

    `recorded` is what a run kept of its suite's file (see `record`); it comes before `files`, whose reader knows more.
    Raises UserError for a file or a record that cannot be read, naming the places.
    """
    catalogue = Catalogue(_built_in())
    for one in recorded:
        name = one.get("file") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(name, str):
            raise UserError("what the run kept of its suite's facts is damaged")
        catalogue = catalogue.corrected(_models(SourceMap(name, one.get("content"))))
    for path in files:
        catalogue = catalogue.corrected(read(path))
    return catalogue


def mentions(models: Iterable[str]) -> bool:
    """Whether the built-in catalogue or the user's own file may have something to say of one of these ids.

    A look at the text, a hundred times faster than reading it; True where only `load` can tell.
    """
    wanted = {model.strip().lower().rpartition("/")[2] for model in models}
    own = user_file()
    try:
        texts = [read_file(path, most=_MOST_BYTES).decode().lower() for path in [_BUILT_IN, *([own] if own else [])]]
    except (OSError, UnicodeDecodeError):
        return True  # `load` says what is wrong
    return any(name.endswith("latest") or any(name in text for text in texts) for name in wanted if name)


class CatalogueReader:
    """One catalogue for each run: the same for all that brought no file of their own."""

    def __init__(self, extra: Iterable[Path] = (), *, own: bool = True) -> None:
        """`extra` files are said last; without `own` the user's file is not read. Raises UserError as `load` does."""
        self._files = [*([path] if own and (path := user_file()) else []), *extra]
        self.plain = load(self._files)
        """What is known without what a run has kept."""

    def catalogue(self, recorded: Sequence[Json] | None) -> Catalogue:
        """What is known with the files that a run has kept (`RunFacts.catalogue`). Raises UserError as `load` does."""
        return load(self._files, recorded) if recorded else self.plain


def user_file() -> Path | None:
    """The user's own file: what EVALKIT_CATALOGUE names, else models.yaml among the user's settings; None: there is
    none."""
    named = os.environ.get("EVALKIT_CATALOGUE")
    if named:
        return Path(named)
    path = own_settings(FILE_NAME, f"name the file: EVALKIT_CATALOGUE=/whole/path/{FILE_NAME}")
    return path if path.is_file() else None


def read(path: Path) -> dict[str, Known]:
    """The models of one file by every id, in lower case. Raises UserError with every complaint."""
    return _models(_parsed(path))


def record(path: Path | Inside) -> dict[str, object]:
    """The content of one file as JSON, for the facts of a run. Raises UserError with every complaint."""
    tree = _parsed(path)
    _models(tree)
    return {"file": path.name, "content": tree.data}


def records_of_suite(suite: ResolvedSuite) -> list[dict[str, object]]:
    """What the suite's own file says of models; [] where it has none. Raises UserError with every complaint."""
    named = suite.file.catalogue
    path = find(named or FILE_NAME, suite.folder, label=f"{suite.path}: catalogue: {named or FILE_NAME}")
    return [] if named is None and not path.exists() else [record(path)]


def _parsed(path: Path | Inside) -> SourceMap:
    try:
        size = path.n_bytes() if isinstance(path, Inside) else path.stat().st_size
        if size > _MOST_BYTES:
            raise UserError(f"The catalogue {path} has {size:,} bytes; one of facts has at most {_MOST_BYTES:,}")
        text = path.text() if isinstance(path, Inside) else read_file(path).decode()
    except OSError as error:
        raise UserError(f"The catalogue {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The catalogue {path} is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
    return parse(text, str(path))


@cache
def _built_in() -> Mapping[str, Known]:
    data = packed(_BUILT_IN)
    return _models(_parsed(_BUILT_IN) if data is None else SourceMap(str(_BUILT_IN), data), own=False)


def _models(tree: SourceMap, *, own: bool = True) -> dict[str, Known]:
    """Every id to its facts. Raises UserError with every complaint."""
    data = {} if tree.data is None else tree.data
    if not isinstance(data, dict):
        tree.refuse((), "a catalogue has the keys `sources:` (a group) and `models:` (a list)")
        data = {}
    for key in data:
        if key not in {"sources", "models"}:
            tree.refuse((key,), f"unknown key; {near(key, ['sources', 'models'])}")
    file = _File(tree, _sources(tree, data.get("sources")), Path(tree.name).name if own else None)
    entries = data.get("models") or []
    if not isinstance(entries, list):
        tree.refuse(("models",), "expected a list; start each entry with `- model:`, the exact version")
        entries = []
    found: dict[str, Known] = {}
    for i, entry in enumerate(entries):
        known = file.known(entry, ("models", i))
        if known is None:
            continue
        for name in dict.fromkeys(name.lower() for name in (known.model, *known.names)):
            if name in found:
                tree.refuse(("models", i), f"{name} stands here twice; put what is said of it into one entry")
            found[name] = known
    if tree.complaints:
        raise UserError("\n".join(tree.complaints))
    return found


def _sources(tree: SourceMap, written: object) -> dict[str, dict[str, object]]:
    """Name of a source to its title, url and second_hand."""
    if written is None:
        return {}
    if not isinstance(written, dict):
        tree.refuse(("sources",), "expected a group of names, {legal: Our legal department}")
        return {}
    found = {}
    for name, value in written.items():
        loc: Loc = ("sources", name)
        source = {"title": value} if isinstance(value, str) else value
        if not isinstance(source, dict) or not isinstance(source.get("title"), str) or not source["title"].strip():
            tree.refuse(loc, 'expected a title, or {title: ..., url: "https://...", second_hand: true}')
            continue
        for key in source.keys() - {"title", "url", "second_hand"}:
            tree.refuse((*loc, key), f"unknown key; {near(str(key), ['title', 'url', 'second_hand'])}")
        if not isinstance(source.get("url", ""), str) or not isinstance(source.get("second_hand", False), bool):
            tree.refuse(loc, "url is a text, second_hand is true or false")
            continue
        found[name] = source
    return found


@dataclass(frozen=True, slots=True)
class _File:
    """What the entries of one file have in common."""

    tree: SourceMap
    sources: Mapping[str, Mapping[str, Any]]
    own: str | None
    """The file's name; None for the catalogue that comes with evalkit."""

    def known(self, entry: Any, loc: Loc) -> Known | None:
        """One entry; None where it has no name, about which there is a complaint."""
        model = entry.get("model") if isinstance(entry, dict) else None
        if not isinstance(model, str) or not model.strip():
            self.tree.refuse(loc, "each entry starts with `- model:`, the exact version as it is asked for")
            return None
        for key in entry.keys() - set(_ENTRY):
            self.tree.refuse((*loc, key), f"unknown key; {near(str(key), _ENTRY)}")
        names = entry.get("names") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.tree.refuse((*loc, "names"), "expected a list of ids, [gpt-x-2026-01-01]")
            names = []
        for key in ("family", "pin"):
            if not isinstance(entry.get(key, ""), str):
                self.tree.refuse((*loc, key), "expected a text")
        if not isinstance(entry.get("moving", False), bool):
            self.tree.refuse((*loc, "moving"), "expected true or false")
        pin = entry.get("pin")
        claims = {name: self._claims(entry[name], name, (*loc, name)) for name in FIELDS if name in entry}
        return Known(
            model,
            entry.get("family"),
            tuple(dict.fromkeys([*names, *([pin] if isinstance(pin, str) and pin != model else [])])),
            entry.get("moving") is True,
            pin,
            {name: said for name, said in claims.items() if said},
        )

    def _claims(self, written: Any, name: str, loc: Loc) -> tuple[Claim, ...]:
        several = isinstance(written, list)
        made = [
            self._claim(claim, name, (*loc, i) if several else loc)
            for i, claim in enumerate(written if several else [written])
        ]
        return tuple(claim for claim in made if claim is not None)

    def _claim(self, written: object, name: str, loc: Loc) -> Claim | None:
        if not isinstance(written, dict) or set(written) != {"is", "source", "seen"}:
            self.tree.refuse(loc, "a fact is written {is: ..., source: ..., seen: 2026-11-20}")
            return None
        value, wrong = written["is"], None
        if name in _CHOICES and value not in _CHOICES[name]:
            wrong = f"expected one of {' · '.join(_CHOICES[name])} (seen: {short(value)})"
        elif name in DAYS and not _is_day(value):
            wrong = f"expected a day, like 2026-07-01 (seen: {short(value)})"
        elif name in COUNTS and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            wrong = f"expected a whole number of tokens (seen: {short(value)})"
        elif name in LISTS and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            example = "[text, image]" if name == "modalities" else "[temperature, top_p]"
            wrong = f"expected a list, {example}"
        elif name not in {*COUNTS, *LISTS} and not (isinstance(value, str) and value.strip()):
            wrong = f"expected a text (seen: {short(value)})"
        elif not isinstance(written["source"], str) or not written["source"].strip():
            wrong = "source: expected who says so, a text or a name under `sources:`"
        elif (day := written["seen"]) != UNCHECKED and not _is_day(day):
            wrong = f"seen: expected the day it was read, like 2026-11-20, or unchecked (seen: {short(day)})"
        elif len(str(value)) > _LONGEST:
            wrong = f"longer than {_LONGEST:,} characters"
        if wrong:
            self.tree.refuse(loc, wrong)
            return None
        source = self.sources.get(written["source"], {"title": written["source"]})
        return Claim(
            value,
            source["title"],
            written["seen"],
            source.get("url"),
            source.get("second_hand", False),
            self.own,
        )


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def packed(yaml: Path) -> Any:
    """The data of the YAML file; None where there is no JSON of it as it is now."""
    try:
        found = orjson.loads(PACKED.read_bytes())
        return found["data"] if found["sha256"] == _digest(yaml) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def pack(yaml: Path) -> bytes:
    """The JSON of the YAML file."""
    data = parse(yaml.read_text("utf-8"), str(yaml)).data
    return orjson.dumps({"sha256": _digest(yaml), "data": data}, option=orjson.OPT_APPEND_NEWLINE)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
