"""Turn a Hugging Face Llama checkpoint into a folder that CTranslate2 loads, without torch or transformers.

CTranslate2's own converter reads checkpoints through transformers and so needs torch: gigabytes for what is, for this
one architecture, a renaming of tensors. The result is kept beside nothing of the user's, in a cache by content:

    tiny/config.json, model.safetensors, tokenizer.json ...
    -> ~/.cache/evalkit/ctranslate2/v2/<sha256 of those>/config.json, model.bin, vocabulary.json

This room converts and does not run: prompts, templates and end tokens are the adapter's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalkit.paths import Inside, named
from evalkit.reading import HOLES_OF_NUMBERS
from evalkit.store.cache_folder import cache_folder

if TYPE_CHECKING:
    from ctranslate2.specs import common_spec, transformer_spec


CONVERSION = 2
"""Raised when the same checkpoint is converted differently, so that no older conversion is taken for it."""
_MOST_HEADER = 100_000_000
"""Bytes, as the format says."""
ARCHITECTURE = "LlamaForCausalLM"
ROTARY_SCALINGS = ("default", "linear", "llama3")

Array = npt.NDArray[Any]
Folder = Path | Inside
"""Of a checkpoint: `Inside` where a suite names it, a path where the person or this package does."""


def weights_digest(folder: Folder) -> str:
    """sha256, in hex, of everything that decides what a checkpoint answers: weights, config.json and tokenizer.json.

    A contract: files by sorted name, each as its name, a zero byte, its own sha256 in hex and a newline. Where the
    folder stands, and its README, do not matter. Raises ValueError when there are no weights to speak of.
    """
    folder = _inside(folder)
    weights = weight_files(folder)
    others = [path for path in (folder / "config.json", folder / "tokenizer.json") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted([*weights, *others], key=lambda path: path.name):
        digest.update(f"{path.name}\0{path.sha256()}\n".encode())
    return digest.hexdigest()


def converted(folder: Folder, cache: Path | None = None) -> Path:
    """The CTranslate2 folder of this checkpoint, converted on first use; its name is the digest of all that it is made
    of: the weights, config.json and tokenizer.json (`weights_digest`), and tokenizer_config.json.

    `cache` holds such folders; None: `ctranslate2` in evalkit's own cache folder.
    Two processes may convert at once: each writes a folder of its own and the first rename wins. Raises ValueError when
    the checkpoint is not one that is understood here.
    """
    folder = _inside(folder)
    cache = cache or cache_folder() / "ctranslate2" / f"v{CONVERSION}"
    named_tokens = folder / "tokenizer_config.json"  # its special tokens become the engine's
    made_of = [weights_digest(folder), named_tokens.sha256() if named_tokens.is_file() else ""]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    target = cache / digest
    if target.is_dir():
        return target
    spec = build_spec(folder)
    cache.mkdir(parents=True, exist_ok=True)
    # In the cache itself, since a rename is only atomic within one file system.
    unfinished = Path(tempfile.mkdtemp(prefix=f".{digest[:12]}-", dir=cache))
    try:
        spec.save(str(unfinished))
        unfinished.chmod(0o755)  # mkdtemp's 0700 would keep a shared cache to one user
        unfinished.rename(target)
    except OSError:
        # A folder with files in it is not replaced: another process was first, with the same content.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def _inside(folder: Folder) -> Inside:
    return folder if isinstance(folder, Inside) else named(folder)


def weight_files(folder: Folder) -> list[Inside]:
    """The safetensors files of a checkpoint, by name; several where it is sharded."""
    files = _inside(folder).members("*.safetensors")
    if not files:
        raise ValueError(f"{folder} holds no .safetensors file, so there are no weights to read")
    return files


def read_tensors(folder: Folder) -> dict[str, Array]:
    """All tensors by name, mapped from disk where no conversion is needed; bfloat16 is widened to float32.

    A safetensors file is eight bytes of header length, a JSON header of {name: dtype, shape, offsets}, then the bytes.
    """
    tensors = {}
    for path in weight_files(folder):
        with path.open_file(most_holes=HOLES_OF_NUMBERS) as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _MOST_HEADER:
                raise ValueError(f"{path} has a header of {length:,} bytes, and {_MOST_HEADER:,} are the most")
            header = json.loads(file.read(length))
            raw = np.memmap(file, dtype=np.uint8, mode="r")
        for name, entry in header.items():
            if name != "__metadata__":
                start, end = entry["data_offsets"]
                tensors[name] = as_floats(raw[8 + length + start : 8 + length + end], entry, f"{name} of {path}")
    return tensors


def as_floats(raw: Array, entry: Mapping[str, Any], where: str) -> Array:
    """Bytes as an array of floats. Raises ValueError for quantised and other number formats."""
    dtype, shape = entry["dtype"], entry["shape"]
    if dtype == "BF16":
        # The upper half of a float32: numpy has no bfloat16.
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    if dtype in ("F16", "F32"):
        return raw.view("<f2" if dtype == "F16" else "<f4").reshape(shape)
    raise ValueError(f"{where} is stored as {dtype}; F32, F16 and BF16 are understood")


def build_spec(folder: Inside) -> Any:
    """A validated CTranslate2 model specification, ready to save. Raises ValueError for another kind of checkpoint."""
    config = json.loads((folder / "config.json").text())
    refuse_others(folder, config)
    spec = empty_spec(folder, config)
    tensors = read_tensors(folder)
    try:
        fill_decoder(spec.decoder, config, tensors)
    except KeyError as error:
        raise ValueError(f"{folder} has no tensor {error.args[0]}: the checkpoint is not complete") from error
    vocabulary = read_vocabulary(folder, config["vocab_size"])
    spec.register_vocabulary(vocabulary)
    set_special_tokens(spec.config, folder, config, vocabulary)
    spec.config.layer_norm_epsilon = config["rms_norm_eps"]
    spec.validate()
    spec.optimize()
    return spec


def refuse_others(folder: Inside, config: Mapping[str, object]) -> None:
    architectures = config.get("architectures") or ["none named"]
    if architectures != [ARCHITECTURE] or config.get("hidden_act", "silu") != "silu":
        named = architectures if isinstance(architectures, list) else [architectures]
        raise ValueError(
            f"{folder} is {', '.join(map(str, named))}; evalkit converts {ARCHITECTURE} (with SiLU) itself. For "
            "others, `ct2-transformers-converter --model FOLDER --output_dir OUT` (pip install transformers torch) "
            "makes a folder which evalkit takes as it is."
        )
    if config.get("quantization_config"):
        raise ValueError(f"{folder} is quantised; give the checkpoint in float32, float16 or bfloat16")


def read_rotary(folder: Inside, config: Mapping[str, Any]) -> dict[str, Any]:
    """Rotary parameters with `rope_type` and `rope_theta`, as transformers 5 writes them; older keys are understood."""
    rotary = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    rotary.setdefault("rope_type", rotary.get("type", "default"))
    rotary.setdefault("rope_theta", config.get("rope_theta", 10_000.0))
    if rotary["rope_type"] not in ROTARY_SCALINGS:
        raise ValueError(
            f"{folder} scales its rotary embeddings by {rotary['rope_type']!r}; "
            f"understood are {', '.join(ROTARY_SCALINGS)}"
        )
    return rotary


def empty_spec(folder: Inside, config: Mapping[str, Any]) -> Any:
    """The specification of this shape, without weights."""
    from ctranslate2.specs import TransformerDecoderModelSpec, attention_spec, common_spec

    rotary = read_rotary(folder, config)
    scaling = attention_spec.RotaryScalingType
    n_heads = config["num_attention_heads"]
    n_kv_heads = config.get("num_key_value_heads") or n_heads
    head_dim = config.get("head_dim") or config["hidden_size"] // n_heads
    spec = TransformerDecoderModelSpec.from_config(
        config["num_hidden_layers"],
        n_heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,  # all of a head's dimensions
        rotary_interleave=False,
        rotary_scaling_type={"linear": scaling.Linear, "llama3": scaling.Llama3}.get(rotary["rope_type"]),
        rotary_scaling_factor=rotary.get("factor", 1),
        rotary_base=rotary["rope_theta"],
        original_max_position_embeddings=rotary.get("original_max_position_embeddings", 0),
        num_heads_kv=None if n_kv_heads == n_heads else n_kv_heads,
        head_dim=None if head_dim * n_heads == config["hidden_size"] else head_dim,
    )
    if rotary["rope_type"] == "llama3":
        for layer in spec.decoder.layer:
            layer.self_attention.rotary_low_freq_factor = float(rotary["low_freq_factor"])
            layer.self_attention.rotary_high_freq_factor = float(rotary["high_freq_factor"])
            # The engine reads the factor but the (frozen) specification has no place for it, so that the converter of
            # 4.8.5 leaves it out: log-probabilities are then off by 0.2 and more.
            object.__setattr__(layer.self_attention, "rotary_scaling_factor", np.float32(rotary["factor"]))
    return spec


def fill_decoder(
    decoder: transformer_spec.TransformerDecoderSpec, config: Mapping[str, object], tensors: Mapping[str, Array]
) -> None:
    """Put every tensor in its place. Raises KeyError with the name of one that is missing."""
    decoder.scale_embeddings = False
    decoder.embeddings.weight = tensors["model.embed_tokens.weight"]
    decoder.layer_norm.gamma = tensors["model.norm.weight"]
    tied = config.get("tie_word_embeddings", False)
    decoder.projection.weight = tensors["model.embed_tokens.weight" if tied else "lm_head.weight"]
    for i, layer in enumerate(decoder.layer):
        name = f"model.layers.{i}"
        layer.self_attention.layer_norm.gamma = tensors[f"{name}.input_layernorm.weight"]
        layer.ffn.layer_norm.gamma = tensors[f"{name}.post_attention_layernorm.weight"]
        query_key_value = [f"{name}.self_attn.{part}_proj" for part in "qkv"]
        fill_linear(layer.self_attention.linear[0], tensors, query_key_value)
        fill_linear(layer.self_attention.linear[1], tensors, [f"{name}.self_attn.o_proj"])
        fill_linear(layer.ffn.linear_0, tensors, [f"{name}.mlp.gate_proj"])
        fill_linear(layer.ffn.linear_0_noact, tensors, [f"{name}.mlp.up_proj"])
        fill_linear(layer.ffn.linear_1, tensors, [f"{name}.mlp.down_proj"])


def fill_linear(linear: common_spec.LinearSpec, tensors: Mapping[str, Array], names: list[str]) -> None:
    """One linear layer out of one or several stacked ones; biases where the checkpoint has them."""
    linear.weight = np.concatenate([tensors[f"{name}.weight"] for name in names])
    if f"{names[0]}.bias" in tensors:
        linear.bias = np.concatenate([tensors[f"{name}.bias"] for name in names])


def read_vocabulary(folder: Inside, size: int) -> list[str]:
    """Tokens by id, exactly `size` of them: rows of the embedding that no token names get a made-up one."""
    stored = json.loads((folder / "tokenizer.json").text())
    listed = stored["model"]["vocab"]
    # A mapping of token to id, or (for Unigram) a list of [token, score] by id.
    ids = dict(listed) if isinstance(listed, dict) else {entry[0]: i for i, entry in enumerate(listed)}
    ids |= {token["content"]: token["id"] for token in stored.get("added_tokens", [])}
    by_id = {i: token for token, i in ids.items()}
    return [by_id.get(i, f"<extra_id_{i}>") for i in range(size)]


def set_special_tokens(spec_config: object, folder: Inside, config: Mapping[str, Any], vocabulary: list[str]) -> None:
    """Name the tokens of beginning, end and unknown: by the tokenizer's config, otherwise by the model's ids."""
    path = folder / "tokenizer_config.json"
    named = json.loads(path.text()) if path.is_file() else {}
    for key in ("bos_token", "eos_token", "unk_token"):
        token = named.get(key)
        if isinstance(token, dict):
            token = token["content"]
        ids = config.get(f"{key}_id")
        first = ids[0] if isinstance(ids, list) else ids
        # CTranslate2 wants a string for each: its own converter writes "" for an unknown token that there is not.
        setattr(spec_config, key, token or (vocabulary[first] if first is not None else ""))
