"""The models of a suite: options, each checked by the record that its adapter declares, and variants.

s.yaml:5: models.logs.pth: unknown key (value seen: 'a.jsonl'); did you mean 'path'?
s.yaml:6: models.gpt.path: openai has no such option (replay reads it); it knows none of its own

`variants:` of a model are the same base with other weights, flags or settings, each a model of its own:

    qwen: {adapter: vllm, model: Qwen/Qwen3.5-32B, serve: {}, variants: {qwen-fp8: {serve: {quantization: fp8}}}}
    -> models qwen and qwen-fp8

A variant says what differs. `serve` and `settings` are merged key by key, every other key replaces the base's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.suite.schema import ModelEntry, SettingsEntry, SuiteFile, VariantEntry
from evalkit.suite.schema.options import KnownOptions, unknown_option
from evalkit.suite.source_map import Loc, SourceMap
from evalkit.suite.suite_errors import first_of
from evalkit.suite.wording import SECRET_KEY, near, value_seen

Finding = tuple[Loc, str]
_SECTIONS = ("models", "judges")


def check_options(
    tree: SourceMap, data: object, file: SuiteFile | None, known: KnownOptions | None
) -> SuiteFile | None:
    """The file with every option as its adapter reads it; complaints are added to the tree.

    `data` is the file as written, so that the options of a file that is unreadable elsewhere are checked too. With
    `known` None only credentials are refused: which options exist is not known then.
    """
    found = first_of(_findings(data, known))
    for loc, message in found:
        tree.refuse(loc, message)
    if found or file is None or known is None:
        return file
    read = {s: {name: _as_read(entry, known) for name, entry in getattr(file, s).items()} for s in _SECTIONS}
    return file.model_copy(update=read)


def _findings(data: object, known: KnownOptions | None) -> Iterator[Finding]:
    for section in _SECTIONS:
        entries = data.get(section) if isinstance(data, Mapping) else None
        for name, written in entries.items() if isinstance(entries, Mapping) else ():
            if isinstance(written, Mapping) and isinstance(written.get("adapter"), str):
                yield from _of_model((section, name), written, known)


def _of_model(loc: Loc, written: Mapping[str, Any], known: KnownOptions | None) -> Iterator[Finding]:
    adapter = written["adapter"]
    own = _given(written, ModelEntry)
    yield from _of_entry(loc, adapter, own, own, known, serves=written.get("serve") is not None)
    variants = written.get("variants")
    for name, variant in variants.items() if isinstance(variants, Mapping) else ():
        if isinstance(variant, Mapping):
            changes = _given(variant, VariantEntry)
            serves = variant.get("serve", written.get("serve")) is not None
            yield from _of_entry((*loc, "variants", name), adapter, changes, {**own, **changes}, known, serves=serves)


def _of_entry(
    loc: Loc,
    adapter: str,
    written: Mapping[str, object],
    whole: Mapping[str, object],
    known: KnownOptions | None,
    *,
    serves: bool,
) -> Iterator[Finding]:
    """Findings about the keys that are `written` here; `whole` are all options that hold with them."""
    if not written:
        return
    record = known.of(adapter, serves=serves) if known is not None else None
    for key, value in written.items():
        if SECRET_KEY.search(key) and (record is None or key not in record.model_fields):
            yield (
                (*loc, key),
                "unknown key (its value is not shown); keys and passwords come from the environment, never from a "
                "suite",
            )
        elif known is not None and record is not None and key not in record.model_fields:
            if readers := known.readers(key):
                yield (*loc, key), unknown_option(adapter, key, record, readers)
            else:
                keys = {*_keys(ModelEntry if len(loc) == 2 else VariantEntry), *record.model_fields}
                hint = f"did you mean 'settings.{key}'?" if key in SettingsEntry.model_fields else near(key, keys)
                yield (*loc, key), f"unknown key {value_seen(value, (*loc, key))}; {hint}"
    if record is not None:
        yield from (((*loc, key), said) for key, said in record.problems(whole) if key in written)


def _as_read(entry: ModelEntry, known: KnownOptions) -> ModelEntry:
    """The entry with the values of its adapter's record: 1 of a file is 1.0 where seconds are asked for."""
    update: dict[str, object] = {}
    if entry.options and (record := known.of(entry.adapter, serves=entry.serve is not None)) is not None:
        update = record.read(entry.options).written()
    changed = {}
    for name, variant in entry.variants.items():
        if not variant.options:
            continue
        serves = (entry.serve if variant.serve is None else variant.serve) is not None
        if (record := known.of(entry.adapter, serves=serves)) is not None:
            whole = record.read({**entry.options, **variant.options}).written()
            changed[name] = variant.model_copy(update={key: whole[key] for key in variant.options})
    if changed:
        update["variants"] = {**entry.variants, **changed}
    return entry.model_copy(update=update) if update else entry


def _given(written: Mapping[str, object], kind: type[ModelEntry] | type[VariantEntry]) -> dict[str, object]:
    """What is written besides the keys of every model; null takes an option back."""
    return {str(key): value for key, value in written.items() if key not in kind.model_fields}


def _keys(kind: type[ModelEntry] | type[VariantEntry]) -> list[str]:
    return list(kind.model_fields)


def expanded(models: Mapping[str, ModelEntry]) -> dict[str, ModelEntry]:
    """Every model with its variants behind it, under their own names."""
    found: dict[str, ModelEntry] = {}
    for name, entry in models.items():
        found[name] = entry.model_copy(update={"variants": {}})
        for own, variant in entry.variants.items():
            found.setdefault(own, _merged(entry, variant))
    return found


def check_variants(section: str, models: Mapping[str, ModelEntry]) -> Iterator[tuple[Loc, str]]:
    """Names are unique over models and variants, and a variant differs in something."""
    taken = dict.fromkeys(models, "a model")
    for name, entry in models.items():
        for own, variant in entry.variants.items():
            if own in taken:
                yield (section, name, "variants", own), f"{own!r} is also the name of {taken[own]}; choose another"
            taken[own] = f"a variant of {name}"
            if not variant.model_fields_set:
                yield (section, name, "variants", own), "changes nothing; say what differs: {compute_type: int8}"


def _merged(base: ModelEntry, variant: VariantEntry) -> ModelEntry:
    changes = {key: getattr(variant, key) for key in variant.model_fields_set}
    if variant.serve is not None and base.serve is not None:
        changes["serve"] = {**base.serve, **variant.serve}
    if "settings" in changes:
        own, under = variant.settings, base.settings
        written = {key: getattr(own, key) for key in own.model_fields_set}
        if "extra" in written:
            written["extra"] = {**under.extra, **own.extra}
        kept = {key: getattr(under, key) for key in under.model_fields_set}
        changes["settings"] = SettingsEntry.model_construct(**{**kept, **written})
    return base.model_copy(update={**changes, "variants": {}})
