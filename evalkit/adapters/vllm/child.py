"""What a vLLM server gets from evalkit's environment, and how its output becomes a log without keys.

    environment(key, from_hub=True)      # a dict for evalkit.child.start
    keep_log(pipe, path, {"sk-..."})     # a thread that ends with the pipe

The server loads what a suite names, and its log lies in the run's folder, which people share. So it gets what CUDA,
PyTorch and vLLM read, and no key of a provider; HF_TOKEN and the proxy's address only where weights come from the hub.

By then `dtype: auto` and flags left out have become something (`engine_facts`):

(EngineCore pid=7) INFO ... Initializing a V1 LLM engine (v0.32.0) with config: model='/w', ..., dtype=torch.float32,
max_seq_len=512, ..., tensor_parallel_size=1, ..., quantization=None, kv_cache_dtype=auto, device_config=cpu, ...
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO

from evalkit import child
from evalkit.library_folders import for_server
from evalkit.reading import open_to_read
from evalkit.store.cache_folder import cache_folder
from evalkit.text.key_spellings import cut_out
from evalkit.text.secrets import REMOVED

PASSED_ON = "EVALKIT_VLLM_ENV"
"""Names, separated by commas, of further variables that the person running evalkit lets the server see."""
MOST_LOG_BYTES = 2**28
_LONGEST_LINE = 2**16
_KEPT = frozenset(
    """
    HOME USER LOGNAME XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME LD_PRELOAD CC CXX CPATH LIBRARY_PATH
    LOCAL_RANK SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE TOKENIZERS_PARALLELISM SAFETENSORS_FAST_GPU
    """.split()  # noqa: SIM905  # words read better than a column of quotes
)
_PREFIXES = (
    "CUDA", "NVIDIA_", "NCCL_", "CUBLAS", "CUDNN", "CUTLASS", "ROCM_", "HIP_", "HSA_", "RCCL_", "GPU_", "ROCR_",
    "MIOPEN", "AITER_", "ZE_", "ONEAPI_", "SYCL_", "NEURON_", "HABANA_", "PT_HPU_", "TPU_", "PJRT_", "XLA_", "VLLM_",
    "TORCH", "PYTORCH_", "TRITON_", "FLASHINFER_", "OMP_", "MKL_", "KMP_", "GOMP_", "GLOO_", "UCX_", "HF_",
    "TRANSFORMERS_", "MALLOC_", "LMCACHE_",
)  # fmt: skip
"""Starts of names that CUDA, ROCm, PyTorch, Triton, the hub's library and vLLM read; names of secrets are left out."""
_HUB = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
_PLACES = ("_HOME", "_CACHE", "_ROOT", "_DIR", "_FILE", "_BUNDLE", "_PATH")
_USER = re.compile(r"//([^/@\s]{1,500})@")


def environment(key: str, *, from_hub: bool) -> dict[str, str]:
    """The environment of one server. `key`: its own; `from_hub`: it may have to fetch weights.

    Raises UserError where a checkout brings along what a folder of it holds (`library_folders.for_server`).
    """
    named = {name.strip() for name in os.environ.get(PASSED_ON, "").split(",")} - {""}
    keep = {*_KEPT, *named, *(_HUB if from_hub else ())}
    given = {
        "VLLM_API_KEY": key,
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        # Its workers are started as `python -c`, which would import from the folder where they stand.
        "PYTHONSAFEPATH": "1",
    }
    found = child.environment(keep, _PREFIXES, given)
    for name, value in found.items():  # the server stands in another folder
        if name.endswith(_PLACES) and value and not Path(value).is_absolute() and Path(value).exists():
            found[name] = str(Path(value).absolute())
    return for_server(found, _own_home(), free=named)


def make_home(given: Mapping[str, str]) -> None:
    """Make the home folder of a server that gets none of the person's."""
    if given.get("HOME") == str(home := _own_home()):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)


def _own_home() -> Path:
    return cache_folder() / "home"


def secrets_of(given: dict[str, str]) -> frozenset[str]:
    """The values of a server's environment that its log may not hold: keys, tokens, users and passwords of proxies."""
    found = {value for name, value in given.items() if child.is_secret(name) and len(value) >= 8}
    found |= {user for value in given.values() for user in _USER.findall(value)}
    return frozenset(found) | child.secrets_at_hand()


def keep_log(pipe: IO[bytes], path: Path, secrets: Collection[str]) -> threading.Thread:
    """Copy a server's output to the end of a file, line by line, each secret replaced; the thread that does it.

    Stops writing after 256 MiB, with a line that says so, and goes on reading: a full pipe would stop the server.
    """
    hidden = sorted(filter(None, secrets), key=len, reverse=True)
    thread = threading.Thread(target=_copy, args=(pipe, path, hidden), name=f"log {path.name}", daemon=True)
    thread.start()
    return thread


def _copy(pipe: IO[bytes], path: Path, hidden: list[str]) -> None:
    written = 0
    with pipe, path.open("ab", buffering=0) as log:
        while line := pipe.readline(_LONGEST_LINE):
            if written > MOST_LOG_BYTES:
                continue
            text = line.decode("utf-8", "surrogateescape")
            for secret in hidden:
                text = cut_out(secret, text, REMOVED)
            if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:  # a secret could lie across two pieces
                text = f"{text[:200]} ... [line cut by evalkit]\n"
                _skip_line(pipe)
            line = text.encode("utf-8", "surrogateescape")
            try:
                written += log.write(line) or 0
            except OSError:  # a full disk must not stop the server; evalkit's own writes say it
                continue
            if written > MOST_LOG_BYTES:
                log.write(b"[evalkit: the log ends here, at its limit; the server goes on]\n")


def _skip_line(pipe: IO[bytes]) -> None:
    while (rest := pipe.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


MOST_BYTES = 2**20
"""Of the log's beginning: the line stands before any request."""
_LINE = re.compile(r"Initializing a V\d LLM engine[^\n]{0,20000}")
_LOGGED = re.compile(
    r"\b(dtype|max_seq_len|quantization|kv_cache_dtype|device_config|tensor_parallel_size|pipeline_parallel_size"
    r"|data_parallel_size|load_format|enforce_eager)=(?:torch\.)?([\w.+-]{1,60})"
)


def engine_facts(log: Path) -> dict[str, str]:
    """dtype, quantisation, parallelism and the like as the engine took them; {} where its log does not say."""
    try:
        with open_to_read(log) as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return {}
    line = _LINE.search(text)
    return {} if line is None else {name: value for name, value in reversed(_LOGGED.findall(line[0]))}
