"""What weights a managed server will load: a digest of their content, or the pinned commit they come from.

    identify("Qwen/Qwen3.5-32B", {"revision": "9f3c..."}, folder)  -> Weights("Qwen/Qwen3.5-32B", "hub Qwen/...@9f..")
    identify("./checkpoints/mine", {}, folder)                     -> Weights("/suite/checkpoints/mine", "3fa1...")

A checkpoint above 8 GB is not read whole (minutes): its files' names, sizes, headers and 64 blocks of each are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.paths import Inside, find, named
from evalkit.suite.hugging_face import cache_folder
from evalkit.suite.wording import short

READ_WHOLE_BYTES = 8 * 2**30
_BLOCK = 2**20
_LARGEST_CONFIG = 10 * 2**20
_N_BLOCKS = 64
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_SHIPPED = Path(__file__).parent.parent.parent / "checkpoints"
_WEIGHTS = frozenset({".safetensors", ".bin", ".gguf"})
_PICKLED = frozenset({".pt", ".pth"})
_NOT_READ = frozenset({".md", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf"})
"""Endings of files beside weights that no server reads. All others count: a tokenizer has many forms."""
_OF_THE_WEIGHTS = frozenset({"config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json"})
_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Weights:
    """Where a server loads from, and what that is."""

    source: str
    """As `vllm serve` takes it: an absolute folder, or a name of the hub."""
    identity: str | None
    """By content; None where a branch of the hub may move: then answers are not cached."""
    config: Inside | None = None
    """The folder's config.json, where it is at hand."""
    template: str | None = None
    """Digest of the folder's chat template and of what else says how a conversation becomes a prompt; None for weights
    of the hub."""


def identify(model: str, serve: Mapping[str, object], folder: Path, where: str) -> Weights:
    """The weights that a suite's `model` names. Raises SuiteError for a folder that is not there or holds none."""
    local = find(model, folder, label=f"{where}.model: {model}", also=(cache_folder(),))
    shipped = [named(_SHIPPED / model)] if _NAME.fullmatch(model) else []
    for place in (local, *shipped):
        if place.is_dir():
            _refuse_other_weights(place / "config.json", where)
            return Weights(str(place.real), digest_of(place, where), place / "config.json", template_of(place))
    if model.startswith((".", "/", "~")) or not _HUB.fullmatch(model):
        raise SuiteError(
            f"{where}.model: there is no folder {short(model, 200)}, nor is it a name of the hub (org/name)"
        )
    revision = serve.get("revision")
    if revision is not None and not _COMMIT.fullmatch(str(revision)):
        return Weights(model, None)
    commit = str(revision) if revision else _commit_at_hand(model)
    return Weights(model, f"hub {model}@{commit}" if commit else None)


def _refuse_other_weights(config: Inside, where: str) -> None:
    """Raises SuiteError where a checkpoint names another one that vLLM would load in its place, from anywhere."""
    if not config.is_file():
        return
    try:
        said = json.loads(config.read(_LARGEST_CONFIG))
    except (ValueError, RecursionError):
        return  # vLLM says what is wrong
    if isinstance(said, dict) and said.get("speculators_config"):
        raise SuiteError(
            f"{where}.model: {config} names another checkpoint (speculators_config), and vLLM would load that one "
            "instead. Serve the model that it names, by its own name"
        )


def template_of(folder: Inside) -> str | None:
    """16 hex characters of the sha256 of the files of a checkpoint that say how a conversation becomes a prompt; None
    where it has none of them."""
    read = [path.name for path in _files(folder) if Path(path.name).suffix not in _WEIGHTS | _PICKLED]
    found = [name for name in read if name not in _OF_THE_WEIGHTS]
    told = "".join(f"{name}\0{(folder / name).sha256()}\n" for name in found)
    return hashlib.sha256(told.encode()).hexdigest()[:16] if found else None


def _files(folder: Inside) -> list[Inside]:
    """The files of a checkpoint that a server may read, by name."""
    return [
        path
        for path in folder.members()
        if Path(path.name).suffix.lower() not in _NOT_READ and not path.name.startswith(".")
    ]


def digest_of(folder: Inside, where: str) -> str:
    """sha256 of a checkpoint (or a LoRA adapter): every file but documentation.

    Raises SuiteError where it holds no weights, or any of its files is a link out of the allowed folders: the server
    reads them by itself.
    """
    files = _files(folder)
    if not any(Path(path.name).suffix in _WEIGHTS for path in files):
        raise SuiteError(f"{where}.model: {folder} holds no weights (.safetensors, .bin or .gguf)")
    sizes = {path.name: path.n_bytes() for path in files}
    whole = sum(sizes.values()) <= READ_WHOLE_BYTES
    digest = hashlib.sha256(b"whole\0" if whole else b"sampled\0")
    for path in files:
        digest.update(f"{path.name}\0{sizes[path.name]}\0{_of_file(path, whole=whole)}\n".encode())
    return digest.hexdigest()


def _of_file(path: Inside, *, whole: bool) -> str:
    with path.open_file() as file:
        if whole:
            return hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256()
        for number in range(_N_BLOCKS):
            file.seek(size * number // _N_BLOCKS)
            digest.update(file.read(_BLOCK))
        return digest.hexdigest()


def _commit_at_hand(model: str) -> str | None:
    """The commit that the hub's local cache calls main; None where the model has not been downloaded."""
    try:
        said = named(cache_folder() / f"models--{model.replace('/', '--')}" / "refs" / "main").text().strip()
    except (OSError, UnicodeDecodeError, SuiteError):
        return None
    return said if _COMMIT.fullmatch(said) else None
