"""Where the tiny checkpoints start from: weights in which looking back and looking for a word already half work.

An initialisation and no more: every weight is trained from there. From the usual random start copying takes some
thousand steps to appear, and letters longer than anybody wants to wait: to find "the letter two tokens before the word
that I have in mind", heads of two layers must come to agree, and until they do neither gets anything for it.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

LOOK_BACK = {0: (1, 2, 3), 1: (1,)}
"""Distances, in tokens, that the first heads of a layer look back; a letter stands two tokens before its choice."""
EMBEDDING_SCALE, CONSTANT = 0.3, 5.0
HEAD, FAST = 32, 6
"""Width of a head, and how many of its 16 rotary frequencies turn fast enough to tell neighbouring tokens apart."""


def wire(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Overwrite all weights but the norms of the layers; draws on torch's seed."""
    with torch.no_grad():
        wire_embeddings(model, tokenizer)
        model.model.norm.weight.fill_(0.5)  # the embeddings are large, and they are the output layer too
        for i, layer in enumerate(model.model.layers):
            attention, mlp = layer.self_attn, layer.mlp
            for linear in (attention.q_proj, attention.k_proj, attention.v_proj, mlp.gate_proj, mlp.up_proj):
                linear.weight.normal_(0, model.config.hidden_size**-0.5)
                linear.weight[:, 0] = 0  # the constant channel, see wire_embeddings
            for linear in (attention.o_proj, mlp.down_proj):
                # Small beside the embeddings: a layer may add to a token but must not hide which token it is.
                linear.weight.normal_(0, 0.02)
            for head, distance in enumerate(LOOK_BACK.get(i, ())):
                wire_look_back(model, attention, head, distance)
            if i > 0:
                for head in (2, 3):
                    wire_same_token(attention, head)


def wire_embeddings(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Give the forms of a word ("fig", " fig", "FIG") most of their vector in common, and channel 0 a constant.

    The constant lets a head look at positions alone.
    """
    weight = model.model.embed_tokens.weight
    bases: dict[str, torch.Tensor] = {}
    forms: dict[tuple[bool, bool], torch.Tensor] = {}
    for i in range(len(tokenizer)):
        token = tokenizer.convert_ids_to_tokens(i)
        bare = token.removeprefix("Ġ")
        base = bases.setdefault(bare.lower() or token, torch.randn(weight.shape[1]))
        form = forms.setdefault((token != bare, bare.isupper()), torch.randn(weight.shape[1]))
        weight[i] = EMBEDDING_SCALE * (0.85 * base + 0.4 * form + 0.3 * torch.randn(weight.shape[1]))
    weight[:, 0] = EMBEDDING_SCALE * CONSTANT


def wire_look_back(model: LlamaForCausalLM, attention: Any, head: int, distance: int) -> None:
    """Make a head attend `distance` tokens back: constant queries turned against constant keys by that angle."""
    width = model.config.hidden_size
    strength = 4.0 / (CONSTANT * math.sqrt(width / (width + CONSTANT**2)))
    query = attention.q_proj.weight[head * HEAD : (head + 1) * HEAD]
    key = attention.k_proj.weight[head * HEAD : (head + 1) * HEAD]
    query *= 0.1
    key *= 0.1
    for i in range(FAST):
        angle = distance * 10_000.0 ** (-i / (HEAD // 2))
        key[i, 0] = strength
        query[i, 0] = strength * math.cos(angle)
        query[i + HEAD // 2, 0] = -strength * math.sin(angle)


def wire_same_token(attention: Any, head: int) -> None:
    """Make a head attend to its own token elsewhere: keys like queries, in the frequencies that hardly turn."""
    fast = [head * HEAD + half + i for half in (0, HEAD // 2) for i in range(FAST)]
    slow = [head * HEAD + half + i for half in (0, HEAD // 2) for i in range(FAST, HEAD // 2)]
    attention.k_proj.weight[slow] = attention.q_proj.weight[slow] * 1.3
    attention.q_proj.weight[slow] *= 1.3
    attention.q_proj.weight[fast] *= 0.3
    attention.k_proj.weight[fast] *= 0.3
