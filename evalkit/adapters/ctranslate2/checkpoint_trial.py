"""A trial of somebody's checkpoint in a process of its own: whatever its files do to the engine, they do it there.

    try_checkpoint(find("./mine", suite_folder), "float32", "models.mine.model")      # SuiteError names what is wrong

The engine is C++ and believes its files: a wrong number in config.json or a damaged tensor ends the whole process
(SIGSEGV) or takes all memory. So a folder that evalkit does not ship is converted, loaded and asked for a few tokens
once in a child with limits on time and memory. One that passed is remembered by its files' sizes and times.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from evalkit import child
from evalkit.errors import SuiteError
from evalkit.paths import Inside
from evalkit.store.cache_folder import cache_folder

_BASE_S, _S_PER_GIB = 120.0, 60.0
_BASE_BYTES, _TIMES = 6 << 30, 8
"""Address space of a trial: the libraries' own, and a multiple of the weights, which are widened and copied."""
_MOST: Mapping[str, int] = {
    "num_hidden_layers": 2_000, "num_attention_heads": 10_000, "num_key_value_heads": 10_000, "head_dim": 100_000,
    "hidden_size": 1_000_000, "intermediate_size": 10_000_000, "vocab_size": 10_000_000,
}  # fmt: skip
"""Far above any checkpoint there is; beyond them a number is a mistake, or meant to take all memory."""


def try_checkpoint(folder: Inside, compute_type: str, where: str) -> None:
    """Convert, load and ask it in a child. Raises SuiteError with the reason; nothing where it works."""
    passed = _remembered(folder, compute_type)
    if passed is not None and passed.is_file():
        return
    try:
        n_bytes = sum(file.n_bytes() for file in folder.members())
    except OSError as error:
        raise SuiteError(f"{where}: {folder} cannot be read: {error.strerror or error}") from error
    place = json.dumps([str(folder.root), folder.parts, [str(one) for one in folder.allowed]])
    limit_s = _BASE_S + _S_PER_GIB * n_bytes / 2**30
    command = child.function(
        "evalkit.adapters.ctranslate2.checkpoint_trial:trial",
        place,
        compute_type,
        str(_BASE_BYTES + _TIMES * n_bytes),
    )
    environment = child.environment(
        ("HOME", "EVALKIT_CACHE", "CT2_USE_MKL", "CT2_FORCE_CPU_ISA"), ("OMP_", "MKL_", "KMP_")
    )
    if named := environment.get("EVALKIT_CACHE"):
        environment["EVALKIT_CACHE"] = str(Path(named).absolute())
    try:
        done = child.run(command, timeout_s=limit_s, environment=environment)
    except child.ChildFailed as error:
        raise SuiteError(f"{where}: {folder} cannot be used: loading it {_without_name(error)}.") from error
    said = _said(done.out)
    if done.code or said is None:
        raise SuiteError(
            f"{where}: {folder} cannot be used: the engine broke on it ({_ending(done.code)}). Its config.json, "
            "tokenizer.json or weights are damaged or do not fit together."
        )
    if said:
        raise SuiteError(f"{where}: {folder} cannot be used: {said}")
    if passed is not None:
        passed.parent.mkdir(parents=True, exist_ok=True)
        passed.write_text("", encoding="utf-8")


def trial(place: str, compute_type: str, memory: str) -> None:
    """What the child does; one line of JSON on standard output: {"error": ...} or {}.

    `place`: root, way and allowed folders of the checkpoint's `Inside`, as JSON.
    """
    import resource

    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: it ends with evalkit
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    error = None
    root, parts, allowed = json.loads(place)
    folder = Inside(Path(root, *parts), Path(root), tuple(parts), tuple(Path(one) for one in allowed), "model")
    try:
        _load_and_ask(folder, compute_type)
    except MemoryError:
        error = "it takes too much memory"
    except KeyError as caught:
        error = f"{folder}/config.json has no {caught}"
    except Exception as caught:  # noqa: BLE001 - a hostile file can raise anything; it becomes the sentence
        error = (f"{caught}" or type(caught).__name__)[:400]
        if not isinstance(caught, ValueError):
            error = f"{type(caught).__name__}: {error}"
    out.write(json.dumps({} if error is None else {"error": error}).encode())
    os._exit(0)  # not through the engine's own ending


def check_shape(config: Mapping[str, object]) -> None:
    """Raises ValueError for a number in config.json that no checkpoint can have."""
    for name, most in _MOST.items():
        value = config.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most):
            raise ValueError(f"config.json: {name} is {value!r:.60}; it is a whole number from 1 to {most:,}")


def _load_and_ask(folder: Inside, compute_type: str) -> None:
    import ctranslate2

    from evalkit.adapters.ctranslate2.llama_weights import converted

    if (folder / "model.bin").is_file():
        weights = folder.real
    else:
        check_shape(json.loads((folder / "config.json").text()))
        weights = converted(folder)
    try:
        engine = ctranslate2.Generator(str(weights), device="cpu", compute_type=compute_type, intra_threads=1)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"CTranslate2 cannot load it: {error}") from error
    engine.forward_batch([[0, 1, 2]], return_log_probs=True)
    for _ in engine.generate_tokens([["word"]], max_length=4):
        pass


def _remembered(folder: Inside, compute_type: str) -> Path | None:
    """Where it is noted that these very files passed; None where they cannot be listed."""
    from importlib.metadata import version

    try:
        files = sorted((path.name, path.stat()) for path in folder.real.iterdir() if path.is_file())
    except OSError:
        return None
    listed = [[name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino] for name, found in files]
    seen = [str(folder.real), compute_type, version("ctranslate2"), sys.version, listed]
    return cache_folder() / "ctranslate2" / "tried" / hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _said(out: bytes) -> str | None:
    """What went wrong; empty: nothing. None: the child did not get as far as to say."""
    try:
        reply = json.loads(out)
    except (ValueError, RecursionError):
        return None
    return str(reply.get("error", "")) if isinstance(reply, dict) else None


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit {code}"


def _without_name(error: Exception) -> str:
    return str(error).partition(" ")[2]
