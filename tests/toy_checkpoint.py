"""A toy Llama checkpoint with random weights: everything a real one has, in a tenth of a second and 100 KB.

It says nothing sensible, but always the same, so that tests can compare what the adapter makes of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|bos|>", "<|eos|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
MAX_TOKENS = 96


def make_toy(folder: Path, *, template: str | None = TEMPLATE, adds_bos: bool = True, adds_eos: bool = False) -> Path:
    """Writes the checkpoint into this folder and returns it."""
    folder.mkdir(parents=True)
    tokenizer = _tokenizer(adds_bos=adds_bos, adds_eos=adds_eos)
    tokenizer.save(str(folder / "tokenizer.json"))
    hidden, inner, layers, vocabulary = 32, 64, 2, tokenizer.get_vocab_size()
    config = {
        "architectures": ["LlamaForCausalLM"],
        "hidden_act": "silu",
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": True,
        "vocab_size": vocabulary,
        "max_position_embeddings": MAX_TOKENS,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    naming: dict[str, Any] = {"bos_token": "<|bos|>", "eos_token": "<|eos|>"}
    if template is not None:
        naming["chat_template"] = template
    for name, value in {
        "config": config,
        "tokenizer_config": naming,
        "generation_config": {"eos_token_id": [2, 3]},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    _write_weights(folder / "model.safetensors", hidden, inner, layers, vocabulary)
    return folder


def _tokenizer(*, adds_bos: bool, adds_eos: bool) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the answer is red blue green", "what is the answer"] * 20, trainer)
    if adds_bos or adds_eos:
        single = f"{'<|bos|> ' if adds_bos else ''}$A{' <|eos|>' if adds_eos else ''}"
        tokenizer.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing(single=single, special_tokens=[("<|bos|>", 1), ("<|eos|>", 2)]),
            ]
        )
    return tokenizer


def _write_weights(path: Path, hidden: int, inner: int, layers: int, vocabulary: int) -> None:
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, hidden),
        "model.norm.weight": (hidden,),
    }
    for layer in range(layers):
        name = f"model.layers.{layer}"
        shapes |= {f"{name}.{norm}_layernorm.weight": (hidden,) for norm in ("input", "post_attention")}
        shapes |= {f"{name}.self_attn.{part}_proj.weight": (hidden, hidden) for part in "qkvo"}
        shapes |= {f"{name}.mlp.{part}_proj.weight": (inner, hidden) for part in ("gate", "up")}
        shapes[f"{name}.mlp.down_proj.weight"] = (hidden, inner)
    draw = np.random.default_rng(7)
    header, body = {}, b""
    for name, shape in shapes.items():
        values = np.ones(shape) if "norm" in name else draw.normal(0, 0.4, shape)
        raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
