"""The tokenizer of the tiny checkpoints: one token for each word that the tasks use, bytes for everything else."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import tiny_tasks
from tiny_lessons import BOS, END, EOS, PAD, sample_text
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

# What the checkpoints take, so that every ready suite runs on them. They are trained on texts of up to 200 tokens and
# have nothing to say beyond: rotary positions need no table, so the figure is a promise of room and not of sense.
WINDOW = 8192
SPECIALS = [PAD, BOS, EOS, END, "<|system|>", "<|user|>", "<|assistant|>"]
# The template writes BOS itself and so does the tokenizer's post-processor: chat text must be encoded without special
# tokens, as with Llama. Whoever forgets sends BOS twice.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|{{ message['role'] }}|>{{ message['content'] | trim }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def known_pieces() -> list[str]:
    """Every pre-token of the tasks, most often met first, then words in the forms that sampling may have missed."""
    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    r = Random(7)
    counts: dict[str, int] = defaultdict(int)
    texts = []
    for i in range(20_000):
        text = "".join(part for part, _ in sample_text(r, set(), i / 20_000))
        for special in SPECIALS:
            text = text.replace(special, "\0")
        texts += text.split("\0")
    unseen = [text for patterns in tiny_tasks.UNSEEN.values() for text in patterns]
    forms = [form for word in tiny_tasks.WORDS for form in (word, f" {word}", word.upper(), f" {word.upper()}")]
    forms += [form for n in range(61) for form in (str(n), f" {n}")]
    for text in [*texts, *unseen, *forms, *(f" {queue}" for queue in tiny_tasks.QUEUES)]:
        for piece, _ in splitter.pre_tokenize_str(text):
            counts[piece] += 1
    return sorted(counts, key=lambda piece: (-counts[piece], piece))


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level, one token for each known word, bytes for the rest.

    A BPE without merges, with `ignore_merges` as in Llama 3: a piece that is in the vocabulary is one token, any other
    is spelled in bytes. So there is no unknown token and nothing has to be trained.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = list(dict.fromkeys([*SPECIALS, *alphabet, *known_pieces()]))
    vocabulary = {name: i for i, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    bos = (BOS, vocabulary[BOS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B:1", special_tokens=[bos]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        model_max_length=WINDOW,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast
