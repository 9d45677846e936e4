"""A checkpoint folder as the embedded engine needs it: weights to load, a tokenizer, a template, ends and limits.

    tiny/  model.safetensors config.json generation_config.json tokenizer.json tokenizer_config.json
      -> Checkpoint(weights=~/.cache/evalkit/ctranslate2/<digest>, digest="3f..", end_ids=(2, 3), max_tokens=512, ...)

A folder with `model.bin` is CTranslate2's own format and taken as it is; it needs the checkpoint's tokenizer.json (and
better its other JSON files) beside it. Everything else is converted once, by content, into the cache.

    read_model_file(folder / "model.bin")        # ModelFile(n_rows=1053, n_heads=4)

The engine looks up whatever number it is given in the table of embeddings, beyond its end too: it reads other memory
there, or dies (4.8.5); the vocabulary beside it is not compared. So the truth is read from the file itself. Layout of
binary version 6 (ctranslate2.specs.model_spec), little-endian: version, name, revision, count; of each tensor its name,
number of dimensions (one byte), dimensions, type (one byte), bytes, data; count of aliases, each two names. Names have
their length (two bytes, with the zero byte at the end) before them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from struct import calcsize, unpack
from typing import Any

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.ctranslate2.chat_template import Render, chat_template
from evalkit.errors import SuiteError
from evalkit.library_folders import find_weights
from evalkit.paths import MOST_TEXT, Inside, named
from evalkit.reading import HOLES_OF_NUMBERS, has_more_values

SHIPPED = Path(__file__).parent.parent.parent / "checkpoints"
"""The checkpoints of the package; a suite names them without a path: `model: tiny`."""
_MOST_SETTINGS = 16 * 2**20
"""Bytes of a JSON file of settings: those with a large vocabulary of added tokens have 2 MB."""
_MOST_VALUES, _MOST_OF_TOKENIZER = 1_000_000, 8_000_000
"""Values of a JSON file of settings, and of others: the largest tokenizers have 2.5 million, in tokens and merges."""
_BINARY_VERSION = 6
_EMBEDDINGS, _HEADS = "decoder/embeddings/weight", "decoder/num_heads"
_NUMBER = 8
"""Bytes of a number by itself, at most."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds."""

    name: str
    weights: Path
    """Folder that CTranslate2 loads."""
    digest: str
    """sha256 of weights, config and tokenizer."""
    writing: str
    """sha256 of what makes a text of a conversation and ends an answer: chat template, special tokens, ends."""
    spelling: str
    """sha256 of the tokenizer's own files: it can change every text that is read."""
    n_bytes: int
    """Size of the weights on disk."""
    tokenizer: Any
    render: Render | None
    """Conversation to text; None where the checkpoint has no chat template."""
    end_ids: tuple[int, ...]
    """Tokens that end an answer; empty: the engine's own end-of-text."""
    start_id: int | None
    """What stands before a text that is otherwise empty; None where the checkpoint names none."""
    max_tokens: int | None
    """Prompt and answer together; None where the checkpoint does not say."""
    n_tokens: int | None = None
    """Tokens that the weights have a place for: the engine must be given no number beyond. None: not looked up."""
    n_heads: int = 1
    """Of each layer's attention."""
    known: frozenset[str] | None = None
    """The vocabulary, where a token that is not in it would be a number beyond; None: it has a token for unknown ones.
    """


def read_checkpoint(spec: ModelSpec, compute_type: str = "float32") -> Checkpoint:
    """The checkpoint that a suite's `model` names. Raises SuiteError when it is missing or not usable."""
    folder = _folder(spec)
    ours = folder.real.is_relative_to(SHIPPED.resolve())
    if not (folder / "tokenizer.json").is_file():
        raise SuiteError(
            f"models.{spec.name}.model: {folder} has no tokenizer.json; copy it from the checkpoint, or save the "
            f"tokenizer with save_pretrained of transformers."
        )
    if not ours:
        _refuse_large(folder, spec)
    tokenizer = _tokenizer(folder, spec, ours=ours)
    if not ours:
        from evalkit.adapters.ctranslate2.checkpoint_trial import try_checkpoint

        try_checkpoint(folder, compute_type, f"models.{spec.name}.model")
    generation, config, naming = (
        _json(folder / f"{name}.json", spec) for name in ("generation_config", "config", "tokenizer_config")
    )
    try:
        render = chat_template(folder, naming, ours=ours)
        weights, digest = _weights(folder)
        engine = read_model_file(named(weights) / "model.bin")
        vocabulary = _vocabulary(named(weights), engine.n_rows)
        known = _known(named(weights), vocabulary)
    except KeyError as error:
        raise SuiteError(f"models.{spec.name}.model: {folder}/config.json has no {error}.") from error
    except (ValueError, OSError, TypeError, RecursionError) as error:
        raise SuiteError(f"models.{spec.name}.model: {error}") from error
    ends: list[int | None] = [*_ids(generation.get("eos_token_id")), *_ids(config.get("eos_token_id"))]
    ends += [_token_id(tokenizer, naming.get("eos_token"))]
    limits = [config.get("max_position_embeddings"), naming.get("model_max_length")]
    known_limits = [int(limit) for limit in limits if isinstance(limit, int | float) and 0 < limit < 1e9]
    n_tokens = min(engine.n_rows, len(vocabulary))
    if wrong := [one for one in ends if one is not None and not 0 <= one < n_tokens]:
        raise SuiteError(
            f"models.{spec.name}.model: {folder} ends an answer with token {wrong[0]} (eos_token_id), and its "
            f"vocabulary has {n_tokens:,} tokens."
        )
    starts = [_token_id(tokenizer, naming.get("bos_token")), *_ids(config.get("bos_token_id")), *ends]
    return Checkpoint(
        name=folder.name,
        weights=weights,
        digest=digest,
        writing=_writing(folder),
        spelling=_spelling(folder),
        n_bytes=(weights / "model.bin").stat().st_size,
        tokenizer=tokenizer,
        render=render,
        end_ids=tuple(dict.fromkeys(one for one in ends if one is not None)),
        start_id=next((one for one in starts if one is not None and 0 <= one < n_tokens), None),
        n_tokens=n_tokens,
        n_heads=engine.n_heads,
        known=known,
        max_tokens=min(known_limits, default=None),
    )


def _refuse_large(folder: Inside, spec: ModelSpec) -> None:
    """Raises SuiteError for a file beside the weights that no checkpoint has so large: all of them are read whole."""
    for file in folder.members():
        most = _MOST_SETTINGS if file.name.endswith("config.json") else MOST_TEXT
        if file.name.endswith((".json", ".jinja", ".txt")) and file.n_bytes() > most:
            raise SuiteError(f"models.{spec.name}.model: {file} is larger than {most / 2**20:g} MB, and is not read.")
        values = _MOST_VALUES if most == _MOST_SETTINGS else _MOST_OF_TOKENIZER
        if file.name.endswith(".json") and has_more_values(file.read(), values):
            raise SuiteError(f"models.{spec.name}.model: {file} holds more than {values:,} values, and is not read.")


def _tokenizer(folder: Inside, spec: ModelSpec, *, ours: bool) -> Any:
    """The tokenizer: the library's own for what ships with evalkit, else one in a process of its own."""
    try:
        if not ours:
            from evalkit.adapters.ctranslate2.tokenizer_process import TokenizerProcess

            return TokenizerProcess((folder / "tokenizer.json").text())
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_buffer((folder / "tokenizer.json").read())
        tokenizer.no_padding()
        tokenizer.no_truncation()
    except Exception as error:  # the tokenizers package raises plain Exception for a file that it cannot read
        raise SuiteError(f"models.{spec.name}.model: {folder}/tokenizer.json cannot be read: {error}") from error
    return tokenizer


def identify_checkpoint(spec: ModelSpec) -> dict[str, str]:
    """Digests of what `model` names, as the adapter's facts have them. Raises SuiteError, OSError or ValueError."""
    folder = _folder(spec)
    return {
        "weights": _identity(folder),
        "tokenizer_config": _writing(folder)[:16],
        "tokenizer": _spelling(folder)[:16],
    }


def _folder(spec: ModelSpec) -> Inside:
    shipped = SHIPPED / spec.model
    if "/" not in spec.model and "\\" not in spec.model and spec.model not in {"", ".", ".."}:
        place = named(shipped)
        if place.is_dir():
            return place
    folder = find_weights(spec.model, Path(spec.folder), f"models.{spec.name}.model: {spec.model}")
    if folder.is_dir():
        return folder
    names = ", ".join(sorted(path.name for path in SHIPPED.glob("*") if path.is_dir())) or "none"
    raise SuiteError(
        f"models.{spec.name}.model: there is no folder {folder}. Give the folder of a Llama checkpoint (safetensors), "
        f"of a CTranslate2 model, or one that comes with evalkit: {names}."
    )


def _weights(folder: Inside) -> tuple[Path, str]:
    """(folder to load, digest). Raises ValueError for weights that cannot be converted."""
    if not (folder / "model.bin").is_file():
        from evalkit.adapters.ctranslate2.llama_weights import converted

        return converted(folder), _identity(folder)
    folder.members()  # CTranslate2 opens the files itself: none may be a link out of the allowed folders
    return folder.real, _identity(folder)


def _identity(folder: Inside) -> str:
    """Digest of the weights with config and tokenizer. Raises ValueError where there are none."""
    if not (folder / "model.bin").is_file():
        from evalkit.adapters.ctranslate2.llama_weights import weights_digest

        return weights_digest(folder)
    names = ("config.json", "model.bin", "tokenizer.json", "vocabulary.json", "vocabulary.txt")
    return _digest_of(folder, names)


def _writing(folder: Inside) -> str:
    return _digest_of(folder, ("chat_template.jinja", "generation_config.json", "tokenizer_config.json"))


def _spelling(folder: Inside) -> str:
    return _digest_of(folder, ("tokenizer.json", "vocabulary.json", "vocabulary.txt"))


def _digest_of(folder: Inside, names: tuple[str, ...]) -> str:
    """sha256 of these files, as far as they are there."""
    digest = hashlib.sha256()
    for name in names:
        if (folder / name).is_file():
            digest.update(f"{name}\0{(folder / name).sha256()}\n".encode())
    return digest.hexdigest()


def _vocabulary(weights: Inside, n_rows: int) -> list[str]:
    """The tokens of a CTranslate2 folder, as the engine counts them. Raises ValueError where there are none, or more
    than the weights have a place for: the engine would read beyond their end."""
    for name in ("vocabulary.json", "vocabulary.txt"):
        file = weights / name
        if not file.is_file():
            continue
        lines = file.text().removesuffix("\n").split("\n") if name.endswith(".txt") else json.loads(file.text())
        if not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
            raise ValueError(f"{file} is no list of tokens")
        if len(lines) > n_rows:
            raise ValueError(f"{file} has {len(lines):,} tokens, and the weights have a place for {n_rows:,}")
        return lines
    raise ValueError(f"{weights} has no vocabulary.json beside its model.bin")


def _known(weights: Inside, vocabulary: list[str]) -> frozenset[str] | None:
    """As `Checkpoint.known`. The engine adds a token for unknown ones that is not in the vocabulary, behind its end."""
    config = (
        json.loads((weights / "config.json").text(most=_MOST_SETTINGS)) if (weights / "config.json").is_file() else {}
    )
    unknown = config.get("unk_token", "<unk>") if isinstance(config, dict) else None
    tokens = frozenset(vocabulary)
    return None if unknown in tokens else tokens


def _json(path: Inside, spec: ModelSpec) -> dict[str, object]:
    """The object in a JSON file of the checkpoint; empty where there is no such file."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.text(most=_MOST_SETTINGS))
    except (ValueError, RecursionError) as error:
        raise SuiteError(f"models.{spec.name}.model: {path} is no JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def _ids(value: object) -> list[int]:
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]


def _token_id(tokenizer: Any, token: object) -> int | None:
    if isinstance(token, dict):
        token = token.get("content")
    found = tokenizer.token_to_id(token) if isinstance(token, str) else None
    return found if isinstance(found, int) else None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What evalkit has to know of an engine's file before it gives the engine a token."""

    n_rows: int
    """Of the table of embeddings: tokens that it has a place for."""
    n_heads: int
    """Of each layer's attention."""


def read_model_file(file: Inside) -> ModelFile:
    """Raises ValueError for a file of another layout, SuiteError and OSError as `Inside.open_file`."""
    with file.open_file(most_holes=HOLES_OF_NUMBERS) as opened:
        rows, heads = _rows_and_heads(opened, os.fstat(opened.fileno()).st_size)
    if not rows or not heads:
        raise ValueError("model.bin is no decoder: it has no table of embeddings, or no number of heads")
    return ModelFile(min(rows), max(heads))  # one that has two is given the worse


def _rows_and_heads(file: BufferedReader, n_bytes: int) -> tuple[list[int], list[int]]:
    rows: list[int] = []
    heads: list[int] = []
    (version,) = _unpacked(file, "<I")
    if version != _BINARY_VERSION:
        raise ValueError(
            f"model.bin has the binary version {version}, and evalkit reads {_BINARY_VERSION}: convert it anew"
        )
    _tensor_name(file)
    _, count = _unpacked(file, "<II")
    for _ in range(count):  # a file that announces more than it has breaks off
        name = _tensor_name(file)
        (n_dimensions,) = _unpacked(file, "<B")
        shape = _unpacked(file, f"<{n_dimensions}I")
        _, size = _unpacked(file, "<BI")
        if file.tell() + size > n_bytes:
            raise ValueError("model.bin breaks off")
        if name == _HEADS and size <= _NUMBER:
            heads.append(int.from_bytes(file.read(size), "little"))
            continue
        if name == _EMBEDDINGS and shape:
            rows.append(shape[0])
        file.seek(size, os.SEEK_CUR)
    (count,) = _unpacked(file, "<I")
    for _ in range(count):
        alias, _ = _tensor_name(file), _tensor_name(file)
        if alias in {_EMBEDDINGS, _HEADS}:
            raise ValueError(f"model.bin takes {alias} from elsewhere in it, which no converter writes")
    return rows, heads


def _tensor_name(file: BufferedReader) -> str:
    (length,) = _unpacked(file, "<H")
    return file.read(length).rstrip(b"\0").decode("utf-8", "replace")


def _unpacked(file: BufferedReader, form: str) -> tuple[int, ...]:
    data = file.read(calcsize(form))
    if len(data) < calcsize(form):
        raise ValueError("model.bin breaks off")
    return unpack(form, data)
