"""`serve:` of a suite as the command line of `vllm serve`, and further weights (LoRA) that it names.

    {tensor_parallel_size: 2, quantization: fp8, enable_prefix_caching: false}
    -> ["--tensor-parallel-size", "2", "--quantization", "fp8", "--no-enable-prefix-caching"]

An allow-list, because suites come from pull requests: a flag outside it may load programs, open ports or read files; it
needs --allow-suite-code on the command line.
What evalkit itself sets (address, port, key, served name) nobody may set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.vllm.weights import digest_of, refuse_elsewhere
from evalkit.errors import SuiteError
from evalkit.paths import Inside, find
from evalkit.suite.schema.parts import Text
from evalkit.suite.wording import short

ALLOWED = frozenset(
    """
    tensor_parallel_size pipeline_parallel_size data_parallel_size enable_expert_parallel
    quantization dtype kv_cache_dtype max_model_len max_num_seqs max_num_batched_tokens max_logprobs
    gpu_memory_utilization cpu_offload_gb block_size enforce_eager seed
    enable_prefix_caching enable_chunked_prefill max_lora_rank fully_sharded_loras
    reasoning_parser tool_call_parser enable_auto_tool_choice tokenizer_mode load_format revision tokenizer_revision
    lora_modules
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
OURS = frozenset(
    """
    host port uds api_key served_model_name generation_config ssl_keyfile ssl_certfile root_path model config
    allowed_origins middleware enable_lora
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
"""What evalkit sets, or what would change who can reach the server."""
STARTUP_S = "startup_timeout_s"
"""Not a flag: seconds that the server may take to start (1,800 unless given: large weights load for minutes)."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ADAPTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LOAD_FORMATS = ("auto", "hf", "safetensors", "pt", "gguf", "bitsandbytes", "mistral", "sharded_state", "dummy")
"""Values of `load_format` by which vLLM reads the files that were digested, or none. Others read a copy of their own
(`npcache`), by other programs or from elsewhere."""


def arguments(serve: Mapping[str, object], where: str, *, allow_code: bool) -> list[str]:
    """Flags in the order of the file. Raises SuiteError with every flag that may not be there."""
    complaints: list[str] = []
    found: list[str] = []
    for written, value in serve.items():
        name = written.replace("-", "_")
        if name == STARTUP_S:
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                complaints.append(f"{where}.{written} is {value!r}; it is a number of seconds above 0")
            continue
        if complaint := _refused(name, written, allow_code=allow_code):
            complaints.append(f"{where}.{written} {complaint}")
            continue
        if name == "lora_modules":
            if not isinstance(value, Mapping) or not value:
                complaints.append(
                    f"{where}.{written} is {value!r}; it maps names to folders: {{mine: ./adapters/mine}}"
                )
            continue  # folders are resolved by the adapter, which knows the suite's place
        if name == "load_format" and value not in LOAD_FORMATS and not allow_code:
            complaints.append(
                f"{where}.{written} is {value!r}; a suite may set {', '.join(LOAD_FORMATS)}. If you trust this suite, "
                "allow it with --allow-suite-code."
            )
            continue
        if isinstance(value, Mapping | list):
            complaints.append(f"{where}.{written} is {value!r}; a flag takes one value")
            continue
        found += _spelled(name, value)
    if complaints:
        raise SuiteError(complaints)
    return found


def _refused(name: str, written: str, *, allow_code: bool) -> str | None:
    if not _NAME.fullmatch(name):
        return "is no flag: flags are lower-case words joined by underscores"
    if name in OURS:
        return "is set by evalkit itself; remove it"
    if name in ALLOWED or allow_code:
        return None
    near = get_close_matches(name, ALLOWED, n=1, cutoff=0.75)
    hint = f"did you mean {near[0]}? " if near else ""
    return (
        f"is not among the flags that a suite may set; {hint}If you trust this suite, allow it with --allow-suite-code."
    )


def _spelled(name: str, value: object) -> list[str]:
    flag = "--" + name.replace("_", "-")
    if value is True:
        return [flag]
    if value is False:
        return ["--no-" + name.replace("_", "-")]
    return [f"{flag}={value}"]  # one word, so that a value can never be taken for another flag


SERVED = "model"
"""What the weights are called on the server; LoRA adapters have their own names."""


class VllmServeOptions(AdapterOptions):
    """Beside `serve:`, where the server's own flags are."""

    lora: Text | None = None
    """The folder of a LoRA adapter; it is what answers."""


def lora_folders(spec: ModelSpec, serve: Mapping[str, Any], folder: Path) -> dict[str, Inside]:
    """LoRA adapters by name; `lora: FOLDER` is the one that answers."""
    named = dict(serve.get("lora_modules") or {})
    if lora := read_options(VllmServeOptions, spec).lora:
        named["lora"] = lora
    found = {}
    for name, path in named.items():
        place = find(str(path), folder, label=f"models.{spec.name}.lora: {path}")
        if not _ADAPTER.fullmatch(str(name)) or name == SERVED:
            raise SuiteError(
                f"models.{spec.name}: a LoRA adapter cannot be called {short(str(name))}; its name is letters, digits, "
                f"dots, - and _, and is not {SERVED}"
            )
        if "," in str(place.real):  # vLLM reads NAME=PATH with a comma as JSON, which may name any folder
            raise SuiteError(
                f"models.{spec.name}: the folder {place} of a LoRA adapter has a comma in its path, which vLLM does "
                "not take; rename it"
            )
        if not (place / "adapter_config.json").is_file():
            raise SuiteError(f"models.{spec.name}: {place} is no LoRA adapter (it has no adapter_config.json)")
        refuse_elsewhere(place, f"models.{spec.name}.lora")  # some versions of vLLM load an adapter's own tokenizer
        found[str(name)] = place
    return found


def lora_facts(loras: Mapping[str, Inside], model: str) -> dict[str, str]:
    """What an endpoint's facts say of its LoRA adapters, by content; empty where it has none. Raises SuiteError."""
    return served_loras(contents_of_loras(loras, model))


def contents_of_loras(loras: Mapping[str, Inside], model: str) -> dict[str, str]:
    """Adapter name -> digest of its files. Raises SuiteError."""
    return {name: digest_of(path, f"models.{model}.lora") for name, path in loras.items()}


def served_loras(adapters: Mapping[str, str]) -> dict[str, str]:
    """The same as one fact: `lora: NAME DIGEST, ...`."""
    said = ", ".join(f"{name} {content[:16]}" for name, content in adapters.items())
    return {"lora": said} if adapters else {}
