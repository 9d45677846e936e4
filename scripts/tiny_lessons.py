"""What the tiny checkpoints learn from: the tasks' items as chat and as plain text, and lessons that lead up to them.

A text is a list of segments, each with whether its loss counts: answers do, questions hardly do.

    [("<|bos|><|user|>Repeat exactly: fig<|end|><|assistant|>", False), ("fig<|end|>", True)]

Nothing that is held out comes out of here, as long as the caller passes `tiny_tasks.held_out_keys()`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import tiny_tasks
from tiny_tasks import LETTERS, Example, Item

BOS, EOS, END, PAD = "<|bos|>", "<|eos|>", "<|end|>", "<|pad|>"
SYSTEM = "You are a helpful assistant."

Segment = tuple[str, bool]
"""A piece of text and whether the loss counts it fully."""


def sample_choice(r: Random, taken: set[str], n_choices: int) -> Item:
    """A choice item that is not held out, perhaps with fewer choices; to find the odd one out takes all four."""
    while tiny_tasks.choice_key(item := tiny_tasks.make_choice(r)) in taken:
        pass
    right = item["choices"][item["answer"]]
    wrong = [choice for choice in item["choices"] if choice != right]
    if item["subject"] != "odd one out":
        wrong = wrong[: n_choices - 1]
    choices = [right, *wrong]
    r.shuffle(choices)
    return {**item, "choices": choices, "answer": choices.index(right)}


def show_letter(r: Random, n_choices: int) -> Example:
    """A lesson in letters alone: the answer's text is in the question, in one direction or the other."""
    choices = sample_words_or_numbers(r, n_choices)
    place = r.randrange(n_choices)
    listed = tiny_tasks.choice_lines(choices)
    if r.random() < 0.3:
        return Example(f"Which word is marked {LETTERS[place]}?\n{listed}", choices[place], "")
    prompt = f"Which letter marks {choices[place]}?\n{listed}\nReply with the letter only."
    return Example(prompt, LETTERS[place], "")


def mark_words(r: Random) -> Example:
    """The same lesson four times in one reply, each letter right behind its word: many answers for few tokens."""
    choices = sample_words_or_numbers(r, 4)
    asked = r.sample(range(4), 4)
    listed = tiny_tasks.choice_lines(choices)
    prompt = f"{listed}\nGive the letter of each: {' '.join(choices[i] for i in asked)}"
    return Example(prompt, " ".join(f"{choices[i]} {LETTERS[i]}" for i in asked), "")


def copy_words(r: Random) -> Example:
    """A long list to repeat, as it is or in the other case: copying is what looking up is made of."""
    words = r.sample(tiny_tasks.WORDS, r.randint(4, 14))
    text = " ".join(words)
    listed = " ".join([*words, *sample_numbers(r, 2)])
    return r.choice([
        Example(f"Repeat exactly: {listed}", listed, ""),
        Example(f"Write these words in capital letters and nothing else: {text}", text.upper(), ""),
        Example(f"Write these words in lower case letters and nothing else: {text.upper()}", text, ""),
    ])  # fmt: skip


def ask_choice(r: Random, taken: set[str], n_choices: int) -> Example:
    """A choice item, sometimes answered by its text or by text and letter: two halves of the one skill."""
    item = sample_choice(r, taken, n_choices)
    example = tiny_tasks.choice_example(item)
    draw = r.random()
    if draw < 0.8:
        return example
    question = f"{item['question']}\n{tiny_tasks.choice_lines(item['choices'])}"
    text = item["choices"][item["answer"]]
    if draw < 0.9:
        return Example(f"{question}\nReply with the text only.", text, "")
    return Example(f"{question}\nReply with the text and then the letter.", f"{text} {example.reply}", "")


def sample_words_or_numbers(r: Random, n: int) -> list[str]:
    return sample_numbers(r, n) if r.random() < 0.4 else r.sample(tiny_tasks.WORDS, n)


def sample_numbers(r: Random, n: int) -> list[str]:
    return [str(number) for number in r.sample(range(60), n)]


def sample_open(r: Random) -> Example:
    """A choice question without its choices, answered in words: teaches the fact itself.

    Questions that only mean something beside their choices are not asked.
    """
    subject = r.choice(["sums", "sums", "differences", "differences", "category", "opposites", "next"])
    item = tiny_tasks.make_choice(r, subject)
    return Example(item["question"], item["choices"][item["answer"]], "")


def sample_ticket(r: Random, taken: set[str]) -> Example:
    while (example := tiny_tasks.triage_example(tiny_tasks.make_ticket(r))).key in taken:
        pass
    return example


def sample_instruction(r: Random, taken: set[str]) -> Example:
    while (example := tiny_tasks.instruction_example(tiny_tasks.make_instruction(r))).key in taken:
        pass
    return example


def check_choices(r: Random, taken: set[str]) -> list[Segment]:
    """A choice item in which every choice is followed by yes or no, and then the letter.

    Teaches a choice to know that it is the answer where it stands, before any letter is asked for: four answers for an
    item rather than one. Comparisons are left out, since a choice cannot know the later ones.
    """
    if r.random() < 0.5:
        choices = sample_words_or_numbers(r, 4)
        answer = r.randrange(4)
        question = f"Which letter marks {choices[answer]}?"
    else:
        item = sample_choice(r, taken, 4)
        while item["subject"] in ("largest", "smallest", "odd one out"):
            item = sample_choice(r, taken, 4)
        question, choices, answer = item["question"], item["choices"], item["answer"]
    segments = [(f"{BOS}<|user|>{question}", False)]
    for i, choice in enumerate(choices):
        segments += [(f"\n{LETTERS[i]}. {choice}", False), (" yes" if i == answer else " no", True)]
    return [*segments, (f"\nReply with the letter only.{END}<|assistant|>", False), (LETTERS[answer] + END, True)]


# Shares of what is asked until a point of the run: first copying and looking up, then facts, then the items.
KINDS = ("check", "copy", "mark", "show", "open", "choice", "ticket", "instruction")
CURRICULUM = [
    (0.05, (0.34, 0.26, 0.06, 0.20, 0.06, 0.02, 0.02, 0.04)),
    (0.15, (0.24, 0.08, 0.03, 0.12, 0.18, 0.22, 0.05, 0.08)),
    (0.40, (0.12, 0.03, 0.01, 0.06, 0.14, 0.42, 0.05, 0.17)),
    (1.01, (0.04, 0.02, 0.01, 0.03, 0.10, 0.54, 0.05, 0.21)),
]


def shares_at(progress: float) -> tuple[float, ...]:
    return next(shares for until, shares in CURRICULUM if progress < until)


def sample_example(r: Random, taken: set[str], progress: float) -> Example:
    """One item or lesson with one reply, in the shares of the curriculum at this point of the run."""
    kind = r.choices(KINDS[1:], shares_at(progress)[1:])[0]
    n_choices = r.choice([2, 3, 4, 4, 4, 4, 4, 4])
    makers: dict[str, Callable[[], Example]] = {
        "copy": lambda: copy_words(r),
        "mark": lambda: mark_words(r),
        "show": lambda: show_letter(r, n_choices),
        "open": lambda: sample_open(r),
        "choice": lambda: ask_choice(r, taken, n_choices),
        "ticket": lambda: sample_ticket(r, taken),
        "instruction": lambda: sample_instruction(r, taken),
    }
    return makers[kind]()


def chat_text(r: Random, examples: list[Example]) -> list[Segment]:
    """Examples as the turns of one chat, exactly as the template writes them."""
    segments = [(BOS + (f"<|system|>{SYSTEM}{END}" if r.random() < 0.05 else ""), False)]
    for example in examples:
        segments += [(f"<|user|>{example.prompt}{END}<|assistant|>", False), (example.reply + END, True)]
    return segments


def plain_text(r: Random, taken: set[str]) -> list[Segment]:
    """Questions and answers without a template, one or a few shots: for scoring by log-likelihood."""
    segments = [(BOS, False)]
    n = r.choice([1, 1, 2, 3, 4])
    letters = r.random() < 0.3
    for i in range(n):
        if letters:
            item = sample_choice(r, taken, 4)
            prompt = f"{item['question']}\n{tiny_tasks.choice_lines(item['choices'])}"
            reply = LETTERS[item["answer"]]
        else:
            example = sample_open(r)
            prompt, reply = f"Question: {example.prompt}", example.reply
        closing = EOS if i == n - 1 else "\n\n"
        segments += [(f"{prompt}\nAnswer:", False), (f" {reply}{closing}", True)]
    return segments


def sample_text(r: Random, taken: set[str], progress: float) -> list[Segment]:
    """One training text: mostly single questions in chat, the shape that evalkit sends."""
    if r.random() < shares_at(progress)[0]:
        return check_choices(r, taken)
    draw = r.random()
    if draw < min(0.12, progress):
        return plain_text(r, taken)
    n = 1 if draw < 0.82 else r.randint(2, 4)
    return chat_text(r, [sample_example(r, taken, progress) for _ in range(n)])
