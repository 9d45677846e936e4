"""Which vLLM this machine has, and which GPUs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from evalkit import child
from evalkit.adapters.base import ModelSpec
from evalkit.errors import MissingPackage
from evalkit.installed import install_hint


def find_vllm() -> tuple[str, str | None]:
    """(the name that was looked for, the absolute path of `vllm`): EVALKIT_VLLM or PATH, never the suite's word."""
    named = os.environ.get("EVALKIT_VLLM") or "vllm"
    if os.sep in named or (os.altsep and os.altsep in named):
        found = shutil.which(named)
        return named, None if found is None else str(Path(found).absolute())
    return named, child.find_program(named)


def vllm_program(where: str) -> str:
    """`vllm` of the machine. Raises MissingPackage."""
    named, found = find_vllm()
    if found is not None:
        return found
    raise MissingPackage(
        f"{where}: serve needs vLLM, and there is no `{named}` here. With an NVIDIA GPU: "
        f"{install_hint('vllm')}; an environment of its own: EVALKIT_VLLM=/path/to/vllm (see docs/local-models.md)."
    )


def vllm_version(executable: str) -> str | None:
    """vLLM's version, by the metadata of its own environment (importing it takes half a minute); None if not found."""
    python = Path(executable).resolve().parent / "python"
    if not python.exists():
        python = Path(executable).parent / "python"
    code = "import importlib.metadata as m; print(m.version('vllm'))"
    # -I: without it Python takes modules from the folder where somebody stands.
    return _said([str(python), "-I", "-c", code], 30) or None


def asked_precision(spec: ModelSpec) -> dict[str, str]:
    """dtype, quantisation and parallelism as they were asked for; what `auto` became is in `resolved`."""
    serve = spec.serve or {}
    return {
        "dtype": str(serve.get("dtype", "auto")),
        "quantization": str(serve.get("quantization", "none asked for")),
        "tensor_parallel_size": str(serve.get("tensor_parallel_size", 1)),
        "revision": str(serve.get("revision", "none asked for")),
    }


def gpu_names() -> str | None:
    """Names of the GPUs and the driver's version, from the driver; None without any."""
    return "; ".join(nvidia_smi("name,driver_version") or ()) or None


def nvidia_smi(fields: str) -> list[str] | None:
    """What the NVIDIA driver says of each GPU, one line each; None where there is no driver."""
    program = child.find_program("nvidia-smi", outside=[Path.cwd()])
    said = program and _said([program, f"--query-gpu={fields}", "--format=csv,noheader"], 10)
    return None if said is None else [line.strip() for line in said.splitlines() if line.strip()]


def _said(command: list[str], timeout_s: float) -> str | None:
    """What a program printed; None where it is not there, failed or took too long."""
    try:
        done = child.run(command, timeout_s=timeout_s)
    except child.ChildFailed:
        return None
    return None if done.code else done.out.decode("utf-8", "replace").strip()
