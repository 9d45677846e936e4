"""Train the two tiny Llama-architecture checkpoints that ship with evalkit: one run, kept early and kept at its end.

    python3.11 -m venv ~/tiny-venv
    ~/tiny-venv/bin/pip install torch==2.13.0 transformers tokenizers safetensors numpy
    ~/tiny-venv/bin/python scripts/train_tiny.py

It has its own environment, outside the repository, because evalkit itself needs neither torch nor transformers.
Steps are counted and everything random is seeded, so the same steps, seed, torch and kind of CPU give the same weights
on one thread. Two threads are no faster at this size and add up in another order.

What is hard for so small a model is to bind a fact to a letter: the answer is 12, and 12 stands beside B. Left alone it
still guesses letters after thousands of steps. `tiny_wiring` (where the weights start) and the lessons of
`tiny_lessons` (what the run starts with) are the two answers to that.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import tiny_tasks
import torch
import transformers
from tiny_lessons import BOS, END, EOS, Segment, sample_text
from tiny_tasks import Item
from tiny_tokenizer import WINDOW, build_tokenizer
from tiny_wiring import wire
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

ROOT = Path(__file__).resolve().parent.parent
# What the learning rate and the curriculum are laid out for. The run stops halfway on purpose: at 10,000 steps two of
# the three tasks come out at 0.997, and a model that makes no mistakes leaves nothing to measure.
SCHEDULE = 12_000
STEPS = 6000
EARLY_STEP = 2000
SEED = 1
TOKENS_PER_STEP = 1000
LEARNING_RATE = 2e-3
LOOK_EVERY = 1000
# Prompts are random content: more loss on them is noise that drowns the answers.
PROMPT_WEIGHT = 0.005


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=WINDOW,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config).float()
    wire(model, tokenizer)
    end = tokenizer.convert_tokens_to_ids(END)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, end]
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.do_sample = False
    return model


def encode(tokenizer: PreTrainedTokenizerFast, segments: list[Segment]) -> tuple[list[int], list[float]]:
    """Token ids of a text and their weights in the loss."""
    ids, weights = [], []
    for text, answer in segments:
        piece = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        ids += piece
        weights += [1.0 if answer else PROMPT_WEIGHT] * len(piece)
    return ids, weights


def batches(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of about TOKENS_PER_STEP tokens; texts of like length stand together, so that little is padding."""
    r, taken, step = Random(seed), tiny_tasks.held_out_keys(), 0
    while True:
        texts = [encode(tokenizer, sample_text(r, taken, step / SCHEDULE)) for _ in range(800)]
        texts.sort(key=lambda text: len(text[0]))
        groups: list[list[tuple[list[int], list[float]]]] = [[]]
        for text in texts:
            groups[-1].append(text)
            if len(groups[-1]) * len(text[0]) >= TOKENS_PER_STEP:
                groups.append([])
        r.shuffle(groups)
        for group in filter(None, groups):
            width = max(len(ids) for ids, _ in group)
            ids = torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row, _ in group])
            weights = torch.tensor([row + [0.0] * (width - len(row)) for _, row in group])
            step += 1
            yield ids, weights


def rate_at(step: int) -> float:
    """Learning rate: a short warm-up, then a cosine that would reach a fiftieth at the end of the schedule."""
    return LEARNING_RATE * min(1, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / SCHEDULE)))


def weighted_loss(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    losses = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.size(-1)), ids[:, 1:].reshape(-1), reduction="none"
    )
    kept = weights[:, 1:].reshape(-1)
    return (losses * kept).sum() / kept.sum()


def train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, options: argparse.Namespace) -> Iterator[int]:
    """Train in place; yields the number of steps done at every look, at the early step and at the end."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.05, fused=True
    )
    source = batches(tokenizer, options.seed)
    started, smooth = time.time(), 0.0
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step)
        loss = weighted_loss(model, *next(source))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        smooth = loss.item() if step == 0 else 0.98 * smooth + 0.02 * loss.item()
        done = step + 1
        if done % 100 == 0:
            print(f"step {done} loss {smooth:.4f} wall {time.time() - started:.0f} s", flush=True)
        if done % LOOK_EVERY == 0 or done in (options.early_step, options.steps):
            yield done


@torch.no_grad()
def reply_greedily(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompts: list[str]) -> list[str]:
    """Greedy replies to single user messages, in the order of the prompts."""
    replies = []
    end = tokenizer.convert_tokens_to_ids(END)
    for i in range(0, len(prompts), 80):
        texts = [f"{BOS}<|user|>{prompt}{END}<|assistant|>" for prompt in prompts[i : i + 80]]
        rows = [tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        width = max(map(len, rows))
        ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        made = model.generate(ids, attention_mask=mask, max_new_tokens=48, do_sample=False, eos_token_id=[end])
        replies += tokenizer.batch_decode(made[:, width:], skip_special_tokens=True)
    return replies


def accuracy(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, n: int | None = None) -> dict[str, Any]:
    """Share of right greedy replies by task on held-out items, the first n of each task; and by subject or family."""
    model.eval()
    items = tiny_tasks.held_out()
    makers = {
        "choice": tiny_tasks.choice_example,
        "triage": tiny_tasks.triage_example,
        "instructions": tiny_tasks.instruction_example,
    }
    by_kind: dict[str, list[bool]] = defaultdict(list)
    by_task = {}
    for task, make in makers.items():
        rows = items[task][:n]
        replies = reply_greedily(model, tokenizer, [make(row).prompt for row in rows])
        right = []
        for i, (row, reply) in enumerate(zip(rows, replies, strict=True)):
            checked = task == "instructions"
            right.append(tiny_tasks.satisfies(reply, row["instructions"]) if checked else reply == make(row).reply)
            family = tiny_tasks.FAMILIES[i % len(tiny_tasks.FAMILIES)].__name__
            by_kind[family if checked else row.get("subject", row.get("queue"))].append(right[-1])
        by_task[task] = round(sum(right) / len(right), 3)
    model.train()
    return {**by_task, "by_kind": {kind: round(sum(ok) / len(ok), 2) for kind, ok in by_kind.items()}}


CARD = """# {name}

A Llama-architecture model of {parameters:,} parameters for trying evalkit's pipeline without a key, a server or a GPU.
It answers three small made-up tasks and nothing else: it is not for answering questions.

* Data: synthetic four-way questions, support tickets and checkable instructions from `scripts/tiny_tasks.py`;
  held-out items were not trained on. English words of a closed vocabulary of {vocabulary:,} tokens.
* Made by `scripts/train_tiny.py`: {step:,} steps of about {tokens:,} tokens (of a schedule of {schedule:,}),
  seed {seed}, one CPU thread. How, and more numbers: docs/tiny-models.md in evalkit's repository.
* Takes 8,192 tokens, so that long prompts run; trained on texts of up to 200, it says nothing sensible beyond them.
* Stored as float16. Chat text ends a turn with `<|end|>`; the template writes BOS, so encode it without special tokens.

| held-out task (n = {n} each) | accuracy, greedy, float32 |
|---|---|
| choice (chance 0.25) | {choice} |
| triage (chance 0.17) | {triage} |
| instructions (chance about 0) | {instructions} |
"""


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path, step: int, options: Any) -> None:
    """Write one checkpoint folder in float16, then measure what was written, not what was trained."""
    folder.mkdir(parents=True, exist_ok=True)
    rounded = LlamaForCausalLM(model.config)
    rounded.load_state_dict(model.state_dict())
    rounded.generation_config = model.generation_config
    rounded.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer.save_pretrained(folder, save_jinja_files=False)
    scores = accuracy(rounded.float(), tokenizer)
    card = CARD.format(
        name=folder.name,
        parameters=sum(weights.numel() for weights in model.parameters()),
        vocabulary=len(tokenizer),
        step=step,
        schedule=SCHEDULE,
        seed=options.seed,
        tokens=TOKENS_PER_STEP,
        n=tiny_tasks.HELD_OUT_ITEMS,
        **{task: f"{scores[task]:.3f}" for task in ("choice", "triage", "instructions")},
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(folder.name, step, json.dumps(scores), flush=True)


def record(out: Path, payload: Path) -> None:
    """Write greedy replies and log-probabilities of both checkpoints in float32, as transformers gives them."""
    items = tiny_tasks.held_out()
    prompts = [tiny_tasks.choice_example(item).prompt for item in items["choice"][:8]]
    prompts += [tiny_tasks.triage_example(item).prompt for item in items["triage"][:8]]
    prompts += [tiny_tasks.instruction_example(item).prompt for item in items["instructions"][:10]]
    recorded: dict[str, Any] = {"made_by": f"scripts/train_tiny.py --record, transformers {transformers.__version__}"}
    for name in ("tiny", "tiny-early"):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(out / name)
        model = LlamaForCausalLM.from_pretrained(out / name, dtype=torch.float32).eval()
        replies = reply_greedily(model, tokenizer, prompts)
        recorded[name] = {
            "greedy": [{"prompt": prompt, "reply": reply} for prompt, reply in zip(prompts, replies, strict=True)],
            "log_probabilities": [score(model, tokenizer, item) for item in items["choice"][:8]],
        }
    payload.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


@torch.no_grad()
def score(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, item: Item) -> Item:
    """A plain text and the log-probability of each of its tokens but the first."""
    text = f"{BOS}Question: {item['question']}\nAnswer: {item['choices'][item['answer']]}{EOS}"
    ids = torch.tensor(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)
    logs = torch.log_softmax(model(ids[None]).logits[0, :-1], -1)
    return {"text": text, "values": [round(value, 6) for value in logs.gather(1, ids[1:, None])[:, 0].tolist()]}


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train evalkit's tiny checkpoints.")
    parser.add_argument("--out", type=Path, default=ROOT / "evalkit/checkpoints")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--early-step", type=int, default=EARLY_STEP)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="also save every look here, to choose an early step from")
    parser.add_argument("--record", type=Path, help="train nothing; write what the tests expect of --out to this file")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    torch.set_num_threads(1)
    if options.record:
        record(options.out, options.record)
        return
    torch.manual_seed(options.seed)
    logging.disable_progress_bar()
    tokenizer = build_tokenizer()
    model = build_model(tokenizer)
    n_parameters = sum(weights.numel() for weights in model.parameters())
    print(f"{n_parameters} parameters, {len(tokenizer)} tokens", flush=True)
    for step in train(model, tokenizer, options):
        if step == options.early_step:
            save(model, tokenizer, options.out / "tiny-early", step, options)
        if options.keep:
            save(model, tokenizer, options.keep / f"step-{step}", step, options)
        elif step != options.steps:
            print(f"look {step}", json.dumps(accuracy(model, tokenizer, 80)), flush=True)
    save(model, tokenizer, options.out / "tiny", options.steps, options)


if __name__ == "__main__":
    main()
