"""What the weights and the server of a candidate may bring along: no prompt; templates and tokenizers can hold one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.decide.allowed_differences import same
from evalkit.decide.gate_trust import GateTrust
from evalkit.decide.judged import Judged, mapping
from evalkit.plugins import folded
from evalkit.suite.wording import short

_FLAGS = frozenset(
    """
    tensor_parallel_size pipeline_parallel_size data_parallel_size enable_expert_parallel quantization dtype
    kv_cache_dtype max_model_len max_num_seqs max_num_batched_tokens max_logprobs gpu_memory_utilization cpu_offload_gb
    block_size enforce_eager seed enable_prefix_caching enable_chunked_prefill max_lora_rank fully_sharded_loras
    reasoning_parser tool_call_parser enable_auto_tool_choice load_format revision startup_timeout_s
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""Flags of `serve:` that a candidate may set: none that names a file, a template, a tokenizer or other weights."""
_FLAG_VALUE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def other_weights(one: Judged, trusted: GateTrust) -> Iterator[str]:
    """A line for weights that lie in the checkout, and for each flag of a server that may bring a prompt along."""
    ours, theirs = (mapping(entry.get("serve")) for entry in (one.ours, one.theirs))
    for flag, value in theirs.items():
        plain = isinstance(value, bool | int | float) or (isinstance(value, str) and _FLAG_VALUE.fullmatch(value))
        if not same(ours.get(flag), value) and not (flag.replace("-", "_") in _FLAGS and plain):
            yield (
                f"  {one.name}: serve.{flag}: {short(value)} in the run, {short(ours.get(flag))} in the suite; a "
                "candidate may set flags of size, precision and parsers alone"
            )
    if not _is_local(one, trusted):
        return
    if one.theirs.get("model") != one.ours.get("model"):
        yield (
            f"  {one.name}: model: {short(one.theirs.get('model'))} is a folder of weights that the suite does not "
            "name; a folder brings its own chat template, which may hold the right answers (name it on the protected "
            "branch first, or take weights of the hub)"
        )
        return
    suite = trusted.suite
    entry = suite.models.get(one.name) if suite is not None else None
    if suite is None or entry is None:
        return
    here, ran = trusted.installed.weights(one.name, entry, suite.folder), one.ran.facts or {}
    if not here:
        yield (
            f"  {one.name}: model: {short(one.theirs.get('model'))} does not lie beside the suite, so its chat "
            "template cannot be compared; put the folder there, or under a --data-root for both"
        )
    elif _otherwise_templated(here, ran):
        yield (
            f"  {one.name}: its chat template or tokenizer is not the one that lies beside the suite: it may hold the "
            "right answers (change it on the protected branch first)"
        )


def _otherwise_templated(here: Mapping[str, str], ran: Mapping[str, Any]) -> bool:
    """Whether the run's weights read conversations otherwise than those beside the suite. The digest of the weights
    covers the tokenizer, and of vllm the template too."""
    if here.get("tokenizer_config") != ran.get("tokenizer_config"):
        return True
    covered = any(here.get(key) != ran.get(key) for key in ("template", "tokenizer"))
    return covered and here.get("weights") != ran.get("weights")


def _is_local(one: Judged, trusted: GateTrust) -> bool:
    """Whether the weights lie in a folder that a suite names: not those of the hub, nor those that evalkit ships."""
    model = str(one.theirs.get("model") or "")
    if folded(str(one.theirs.get("adapter"))) == "ctranslate2":
        return not trusted.installed.is_shipped(model)
    if not one.theirs.get("serve"):
        return False
    weights = str((one.ran.facts or {}).get("weights") or "")
    return not weights.startswith(("hub ", "unknown"))
