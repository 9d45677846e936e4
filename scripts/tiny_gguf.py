"""The shipped checkpoint as a GGUF file in float32, for llama.cpp. Needs the packages gguf and numpy.

python scripts/tiny_gguf.py evalkit/checkpoints/tiny tiny.gguf
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gguf  # type: ignore[import-not-found]
import numpy as np

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
SPECIAL, PLAIN = 3, 1
"""GGUF's kinds of token."""


def write_gguf(source: Path, target: Path) -> None:
    """Writes the checkpoint in `source` to the file `target`."""
    config = json.loads((source / "config.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_tokenizer(writer, source, config)
    for name, values in _tensors(source / "model.safetensors"):
        place = name.removeprefix("model.").removesuffix(".weight")
        writer.add_tensor(*_renamed(place, values, config["num_attention_heads"], config["num_key_value_heads"]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: Any, source: Path, config: dict[str, Any]) -> None:
    """Whole words of the vocabulary are one token and all else is spelled in bytes, as with Llama 3."""
    tokenizer = json.loads((source / "tokenizer.json").read_text("utf-8"))
    ids = tokenizer["model"]["vocab"]
    tokens = sorted(ids, key=ids.__getitem__)
    special = {one["content"] for one in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types([SPECIAL if token in special else PLAIN for token in tokens])
    writer.add_token_merges(["! !"])  # there are none, and llama.cpp wants a list: this one makes no token
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_eot_token_id(ids["<|end|>"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(True)
    writer.add_chat_template(json.loads((source / "tokenizer_config.json").read_text("utf-8"))["chat_template"])


def _tensors(file: Path) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Every tensor of a safetensors file of float16, in float32."""
    raw = file.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    found = []
    for name, entry in json.loads(raw[8:start]).items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F16", entry
        first, end = entry["data_offsets"]
        values = np.frombuffer(raw[start + first : start + end], np.float16).reshape(entry["shape"])
        found.append((name, values.astype(np.float32)))
    return found


def _renamed(place: str, values: np.ndarray[Any, Any], heads: int, kv_heads: int) -> tuple[str, np.ndarray[Any, Any]]:
    """A tensor under GGUF's name. llama.cpp rotates neighbours, transformers halves: rows of q and k change places."""
    if place == "embed_tokens":
        return "token_embd.weight", values
    if place == "norm":
        return "output_norm.weight", values
    _, layer, part = place.split(".", 2)
    if part in ("self_attn.q_proj", "self_attn.k_proj"):
        n_heads = heads if part == "self_attn.q_proj" else kv_heads
        values = values.reshape(n_heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
    return f"blk.{layer}.{NAMES[part]}.weight", values


if __name__ == "__main__":
    write_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
