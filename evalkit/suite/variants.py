"""`variants:` of a model: the same base with other weights, flags or settings, each a model of its own.

    qwen: {adapter: vllm, model: Qwen/Qwen3.5-32B, serve: {}, variants: {qwen-fp8: {serve: {quantization: fp8}}}}
    -> models qwen and qwen-fp8

A variant says what differs. `serve` and `settings` are merged key by key, every other key replaces the base's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.suite.schema import ModelEntry, SettingsEntry, VariantEntry
from evalkit.suite.source_map import Loc


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
