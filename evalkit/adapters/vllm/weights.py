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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.library_folders import find_weights, hub_cache
from evalkit.paths import Inside, named
from evalkit.reading import HOLES_OF_NUMBERS
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
_SETTINGS = ("*config*.json", "modules.json", "params.json", "chat_template.json")
"""Files beside weights that a server reads as settings."""
_LEADS = frozenset(["speculators_config", "configuration_files", "fast_tokenizer_files", "init_inputs", "init_args"])
"""Keys by which a checkpoint stands for another one (vLLM), or one file of settings for another (transformers)."""
_NAMES_FILES = ("_file", "_files", "_path", "_id", "_dir", "_name_or_path", "_repo", "_model")
"""How keys end whose text with a slash in it is a file, or a checkpoint of the hub that is loaded beside this one."""
_NAMES_MODELS = ("_model_id", "_name_or_path")
_NOT_OPENED = frozenset(
    {
        *("special_tokens_map_file", "added_tokens_file"),  # with a path of the author, by old versions of transformers
        *("_name_or_path", "name_or_path", "base_model_name_or_path"),
    }
)
"""Where this one came from: nobody follows them."""
_WORDS = frozenset({"content", "chat_template", "template", "default_system_prompt", "license", "description"})
"""Keys of texts for models, and of tokens, which may begin as paths do."""
_DEEPEST_SETTING = 30
_DEEPEST, _MOST_FILES = 5, 10_000
"""Folders inside folders of a checkpoint, and its files in all."""
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
    local = find_weights(model, folder, f"{where}.model: {model}")
    shipped = [named(_SHIPPED / model)] if _NAME.fullmatch(model) else []
    for place in (local, *shipped):
        if place.is_dir():
            refuse_elsewhere(place, where)
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


def refuse_elsewhere(folder: Inside, where: str) -> None:
    """Raises SuiteError where the settings of a checkpoint or of a LoRA adapter lead a server to files or weights that
    are not in its folder, or to other settings in the place of these."""
    for file in folder.members("*.json"):
        if not any(fnmatch(file.name.lower(), one) for one in _SETTINGS):
            continue
        led = next(_led_away(_settings(file), ""), None)
        if led is not None:
            key, value = led
            raise SuiteError(
                f"{where}.model: {file} names a file or a checkpoint elsewhere ({key[-80:]}: {short(value, 80)}), and "
                "a server would load that one, unseen. Remove the key, or serve the other model by its own name"
            )


def _led_away(value: object, key: str, *, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Each key by which a server is led elsewhere, with what it says."""
    name = key.rpartition(".")[2]
    if depth > _DEEPEST_SETTING:
        yield key, "nested too deeply"
    elif name in _LEADS and value:
        yield key, value
    elif isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _led_away(one, f"{key}.{inner}" if key else str(inner), depth=depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _led_away(one, key, depth=depth + 1)
    elif isinstance(value, str) and name not in _NOT_OPENED:
        away = value.startswith(("/", "~", "../", "./", "file:", "http:", "https:")) and len(value) > 1
        if (away and name not in _WORDS and not name.endswith("_token")) or _names_another(name, value):
            yield key, value


def _names_another(name: str, value: str) -> bool:
    """Whether a key names a file, or a checkpoint, which on the hub may have no slash (`gpt2`)."""
    return ("/" in value and name.endswith(_NAMES_FILES)) or (value != "" and name.endswith(_NAMES_MODELS))


def _settings(file: Inside) -> object:
    """What a file of settings says; None where it is no JSON: vLLM says what is wrong. Raises SuiteError for one that
    vLLM might read and this does not."""
    content = file.read(_LARGEST_CONFIG + 1)
    if len(content) > _LARGEST_CONFIG:
        raise SuiteError(f"{file}: is larger than {_LARGEST_CONFIG / 2**20:g} MB, and no settings of a model are")
    try:
        return json.loads(content)
    except RecursionError as error:
        raise SuiteError(f"{file}: is nested too deeply for settings of a model") from error
    except ValueError:
        return None


def template_of(folder: Inside) -> str | None:
    """16 hex characters of the sha256 of the files of a checkpoint that say how a conversation becomes a prompt; None
    where it has none of them."""
    found = {
        name: path
        for name, path in _files(folder).items()
        if Path(name).suffix not in _WEIGHTS | _PICKLED and name not in _OF_THE_WEIGHTS
    }
    told = "".join(f"{name}\0{path.sha256()}\n" for name, path in found.items())
    return hashlib.sha256(told.encode()).hexdigest()[:16] if found else None


def _files(folder: Inside) -> dict[str, Inside]:
    """The files of a checkpoint that a server may read, those of its folders too (`additional_chat_templates/x.jinja`),
    by their names from the checkpoint on. Raises SuiteError for a link that leaves, and for folders without an end."""
    found: dict[str, Inside] = {}
    waiting = [("", folder)]
    while waiting:
        before, within = waiting.pop()
        for name in within.names():
            one, called = within / name, before + name
            if one.is_dir():
                if called.count("/") >= _DEEPEST:
                    raise SuiteError(
                        f"{folder}/{called}: a checkpoint has no folders so deep (a link may lead back to its folder)"
                    )
                waiting.append((f"{called}/", one))
            elif one.is_file() and Path(name).suffix.lower() not in _NOT_READ:
                found[called] = one
        if len(found) > _MOST_FILES:
            raise SuiteError(f"{folder}: holds more than {_MOST_FILES:,} files, which no checkpoint does")
    return dict(sorted(found.items()))


def digest_of(folder: Inside, where: str) -> str:
    """sha256 of a checkpoint (or a LoRA adapter): every file but documentation and hidden ones, with its folders'.

    Raises SuiteError where it holds no weights, or any of its files is a link out of the allowed folders: the server
    reads them by itself.
    """
    files = _files(folder)
    if not any(Path(name).suffix in _WEIGHTS for name in files if "/" not in name):
        raise SuiteError(f"{where}.model: {folder} holds no weights (.safetensors, .bin or .gguf)")
    sizes = {name: path.n_bytes() for name, path in files.items()}
    whole = sum(sizes.values()) <= READ_WHOLE_BYTES
    digest = hashlib.sha256(b"whole\0" if whole else b"sampled\0")
    for name, path in files.items():
        digest.update(f"{name}\0{sizes[name]}\0{_of_file(path, whole=whole)}\n".encode())
    return digest.hexdigest()


def _of_file(path: Inside, *, whole: bool) -> str:
    if whole:
        return path.sha256()
    with path.open_file(most_holes=HOLES_OF_NUMBERS) as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256()
        for number in range(_N_BLOCKS):
            file.seek(size * number // _N_BLOCKS)
            digest.update(file.read(_BLOCK))
        return digest.hexdigest()


def _commit_at_hand(model: str) -> str | None:
    """The commit that the hub's local cache calls main; None where the model has not been downloaded. Raises UserError
    as `hub_cache`."""
    try:
        said = named(hub_cache() / f"models--{model.replace('/', '--')}" / "refs" / "main").text().strip()
    except (OSError, UnicodeDecodeError, SuiteError):
        return None
    return said if _COMMIT.fullmatch(said) else None
