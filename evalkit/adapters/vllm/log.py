"""What a vLLM server's own log says it runs: `dtype: auto` and flags left out have become something by then.

(EngineCore pid=7) INFO ... Initializing a V1 LLM engine (v0.32.0) with config: model='/w', ..., dtype=torch.float32,
max_seq_len=512, ..., tensor_parallel_size=1, ..., quantization=None, kv_cache_dtype=auto, device_config=cpu, ...
"""

from __future__ import annotations

import re
from pathlib import Path

MOST_BYTES = 2**20
"""Of the log's beginning: the line stands before any request."""
_LINE = re.compile(r"Initializing a V\d LLM engine[^\n]{0,20000}")
_KEPT = re.compile(
    r"\b(dtype|max_seq_len|quantization|kv_cache_dtype|device_config|tensor_parallel_size|pipeline_parallel_size"
    r"|data_parallel_size|load_format|enforce_eager)=(?:torch\.)?([\w.+-]{1,60})"
)


def engine_facts(log: Path) -> dict[str, str]:
    """dtype, quantisation, parallelism and the like as the engine took them; {} where its log does not say."""
    try:
        with log.open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return {}
    line = _LINE.search(text)
    return {} if line is None else {name: value for name, value in reversed(_KEPT.findall(line[0]))}
