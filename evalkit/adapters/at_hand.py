"""Weights that lie on this machine, by content: what an adapter would say of them, without loading or asking anything.

facts_at_hand(ModelSpec(...), serve)      # {"weights": "3f..", "tokenizer_config": "9a.."}; empty: none are here
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from evalkit.adapters.base import ModelSpec
from evalkit.errors import SuiteError
from evalkit.suite.schema import ModelEntry


class AtHand:
    """What the adapters of this installation can say without asking anybody (`decide.gate_trust.InstalledAdapters`)."""

    def weights(self, name: str, entry: ModelEntry, folder: Path) -> dict[str, str]:
        """As `weights_at_hand`."""
        return weights_at_hand(name, entry, folder)

    def has(self, adapter: str) -> bool:
        """Whether evalkit itself or the person's settings have an adapter of this name; no for those of packages."""
        from evalkit.adapters.own_presets import user_presets
        from evalkit.adapters.registry import own_adapters
        from evalkit.plugins import folded

        return folded(adapter) in {folded(name) for name in (*own_adapters(), *user_presets())}

    def is_shipped(self, model: str) -> bool:
        """Whether a checkpoint of this name comes with evalkit."""
        from evalkit.adapters.ctranslate2.checkpoint import SHIPPED

        return model not in {"", ".", ".."} and not {"/", "\\"} & set(model) and (SHIPPED / model).is_dir()


def weights_at_hand(name: str, entry: ModelEntry, folder: Path) -> dict[str, str]:
    """`facts_at_hand` of a model as a suite declares it; `folder`: that of the suite."""
    spec = ModelSpec(
        name=name, adapter=entry.adapter, model=entry.model or "", folder=str(folder), options=entry.options
    )
    return facts_at_hand(spec, entry.serve)


def facts_at_hand(spec: ModelSpec, serve: Mapping[str, object] | None) -> dict[str, str]:
    """What the endpoint's facts say of the weights and LoRA adapters, for ctranslate2 and a vllm that evalkit starts;
    empty for others, and without what is not here or may not be read."""
    found: dict[str, str] = {}
    with suppress(SuiteError, OSError, ValueError):
        if spec.adapter == "ctranslate2":
            from evalkit.adapters.ctranslate2.checkpoint import identify_checkpoint

            found |= identify_checkpoint(spec)
        if spec.adapter == "vllm" and serve is not None:
            from evalkit.adapters.vllm.weights import identify

            weights = identify(spec.model, serve, Path(spec.folder), f"models.{spec.name}")
            found |= {} if weights.identity is None else {"weights": weights.identity}
            found |= {} if weights.template is None else {"template": weights.template}
    with suppress(SuiteError, OSError, ValueError):
        if spec.adapter == "vllm" and serve is not None:
            from evalkit.adapters.vllm.flags import lora_facts, lora_folders

            found |= lora_facts(lora_folders(spec, serve, Path(spec.folder)), spec.name)
    return found
