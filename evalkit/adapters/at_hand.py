"""Weights that lie on this machine, by content: what an adapter would say of them, without loading or asking anything.

facts_at_hand(ModelSpec(...), serve)      # {"weights": "3f..", "tokenizer_config": "9a.."}; empty: none are here
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from evalkit.adapters.base import ModelSpec
from evalkit.errors import SuiteError
from evalkit.suite.schema import ModelEntry


def weights_at_hand(name: str, entry: ModelEntry, folder: Path) -> dict[str, str]:
    """`facts_at_hand` of a model as a suite declares it; `folder`: that of the suite."""
    spec = ModelSpec(
        name=name, adapter=entry.adapter, model=entry.model or "", folder=str(folder), options=entry.options
    )
    return facts_at_hand(spec, entry.serve)


def facts_at_hand(spec: ModelSpec, serve: Mapping[str, Any] | None) -> dict[str, str]:
    """What the endpoint's facts say of the weights and LoRA adapters, for ctranslate2 and a vllm that evalkit starts;
    empty for others, and without what is not here or may not be read."""
    found: dict[str, str] = {}
    with suppress(SuiteError, OSError, ValueError):
        if spec.adapter == "ctranslate2":
            from evalkit.adapters.checkpoint import identify_checkpoint

            found |= identify_checkpoint(spec)
        if spec.adapter == "vllm" and serve is not None:
            from evalkit.adapters.vllm_weights import identify

            weights = identify(spec.model, serve, Path(spec.folder), f"models.{spec.name}")
            found |= {} if weights.identity is None else {"weights": weights.identity}
    with suppress(SuiteError, OSError, ValueError):
        if spec.adapter == "vllm" and serve is not None:
            from evalkit.adapters.vllm_server import lora_facts, lora_folders

            found |= lora_facts(lora_folders(spec, serve, Path(spec.folder)), spec.name)
    return found
