"""Records of well-known data sets as the hub publishes them, in the form that the built-in tasks read.

    {"question": "Q?", "subject": "s", "choices": [...], "answer": 2}     cais/mmlu
      -> {"question": "Q?", "subject": "s", "choices": [...], "answer": "C"}

A record that is in the task's own form already is left as it is, so both forms give the same samples. What has no right
answer (an empty label, -1) is refused, never guessed. Where the published file always has the right option first (GPQA,
TruthfulQA), options are shuffled by the question's own digest: the same on every machine.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from string import ascii_uppercase
from typing import Any

from evalkit.suite.wording import short

Record = dict[str, Any]
Form = Callable[[Record], Record | None]
"""Raises ValueError (half a sentence) for a record that cannot be asked; None for one that is left out."""

SEVERAL_FILES = frozenset({"mmlu"})
"""Tasks whose published files have one split each, so that no field says which: `where` asks for none then."""


def form_of(task: str) -> Form | None:
    """How records of this built-in task are read; None where the published form is the task's own."""
    return _FORMS.get(task)


def _mmlu(record: Record) -> Record:
    made = dict(record)
    if "choices" not in made and set("ABCD") <= made.keys():
        made["choices"] = [made.pop(letter) for letter in "ABCD"]
    if "question" not in made and "input" in made:
        made["question"] = made.pop("input")
    if "answer" not in made and "target" in made:
        made["answer"] = made.pop("target")
    if "answer" in made:
        made["answer"] = _letter(made["answer"], made.get("choices"))
    made.setdefault("subject", "all")
    return made


def _mmlu_pro(record: Record) -> Record | None:
    options = record.get("options")
    if not isinstance(options, list):
        return record
    kept = list(options)
    while kept and kept[-1] == "N/A":  # the first release fills up to ten with it; before others it is an option
        kept.pop()
    if len(kept) == 1:
        return None
    made = {**record, "options": kept}
    if "answer" in made:
        made["answer"] = _letter(made["answer"], kept)
    return made


def _gpqa(record: Record) -> Record:
    if "Question" not in record or "Correct Answer" not in record:
        return record
    wrong = [record[f"Incorrect Answer {n}"] for n in (1, 2, 3)]
    question = record["Question"]
    choices, answer = _shuffled(question, record["Correct Answer"], wrong)
    rest = {name: value for name, value in record.items() if name in {"Subdomain", "High-level domain", "id"}}
    return {
        "id": record.get("Record ID") or _name(question),
        **rest,
        "question": question,
        "choices": choices,
        "answer": answer,
    }


def _truthfulqa(record: Record) -> Record:
    given = record.get("mc1_targets")
    if not isinstance(given, dict) or "choices" in record:
        return record
    labelled = given
    if isinstance(given.get("choices"), list):
        labelled = dict(zip(given["choices"], given.get("labels") or (), strict=True))
    right = [choice for choice, label in labelled.items() if label == 1]
    if len(right) != 1:
        raise ValueError(f"mc1_targets has {len(right)} true options; expected one")
    choices = list(labelled)
    random.Random(_seed(record["question"])).shuffle(choices)  # as scripts/task_data.py does
    made = {"id": record.get("id", _name(record["question"])), "question": record["question"]}
    return {**made, "choices": choices, "answer": choices.index(right[0])}


def _pubmedqa(record: Record) -> Record:
    made = {name.lower() if name in {"QUESTION", "CONTEXTS"} else name: value for name, value in record.items()}
    if "pmid" not in made and "pubid" in made:
        made["pmid"] = str(made.pop("pubid"))
    if "contexts" not in made and isinstance(made.get("context"), dict):
        made["contexts"] = made.pop("context").get("contexts")
    return made


def _arc(record: Record) -> Record:
    choices, key = record.get("choices"), record.get("answerKey")
    labels = choices.get("label") if isinstance(choices, dict) else None
    if isinstance(labels, list) and key not in labels:
        raise ValueError(f"answerKey is {short(key)}, and the options are labelled {', '.join(map(str, labels))}")
    if isinstance(labels, list) and list(map(str, labels)) not in _in_order(len(labels)):
        return {**record, "answerKey": ascii_uppercase[labels.index(key)]}  # shuffled: the label says which, not where
    return record


def _in_order(n: int) -> tuple[list[str], list[str]]:
    """Labels as ARC writes them: A, B, C ... or 1, 2, 3 ..."""
    return list(ascii_uppercase[:n]), [str(place) for place in range(1, n + 1)]


def _hellaswag(record: Record) -> Record:
    made = dict(record)
    if "label" in made:
        made["label"] = ascii_uppercase.index(_letter(made["label"], made.get("endings")))
    return made


def _winogrande(record: Record) -> Record:
    if str(record.get("answer")) not in {"1", "2"}:
        raise ValueError(f"answer is {short(record.get('answer'))}; expected 1 or 2")
    return {**record, "answer": str(record["answer"])}


def _boolq(record: Record) -> Record:
    made = dict(record)
    if "answer" not in made and "label" in made:
        made["answer"] = made.pop("label")
    answer = made.get("answer")
    if answer in (0, 1):  # also false and true
        made["answer"] = bool(answer)
    elif isinstance(answer, str) and answer.lower() in {"true", "false"}:
        made["answer"] = answer.lower() == "true"
    else:
        raise ValueError(f"answer is {short(answer)}; expected true or false")
    return made


def _letter(answer: object, options: object) -> str:
    """A to J, from a letter or a place that is counted from 0."""
    n = len(options) if isinstance(options, list) else len(ascii_uppercase)
    text = str(answer).strip() if isinstance(answer, str | int) and not isinstance(answer, bool) else ""
    place = int(text) if text.isdecimal() else ascii_uppercase.find(text) if len(text) == 1 else -1
    if not 0 <= place < n:
        last = ascii_uppercase[n - 1]
        raise ValueError(f"the right answer is {short(answer)}; expected A to {last}, or 0 to {n - 1}")
    return ascii_uppercase[place]


def _shuffled(question: object, right: object, wrong: list[Any]) -> tuple[list[str], int]:
    options = [right, *wrong]
    if not isinstance(question, str) or not all(isinstance(option, str) and option.strip() for option in options):
        raise ValueError("a question needs its text, a correct answer and three incorrect ones")
    order = list(range(len(options)))
    random.Random(_seed(question)).shuffle(order)
    return [options[place].strip() for place in order], order.index(0)


def _seed(question: str) -> int:
    return int.from_bytes(hashlib.sha256(question.encode()).digest()[:8], "big")


def _name(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:12]


_FORMS: Mapping[str, Form] = {
    "mmlu": _mmlu,
    "mmlu_pro": _mmlu_pro,
    "gpqa": _gpqa,
    "truthfulqa": _truthfulqa,
    "pubmedqa": _pubmedqa,
    "arc": _arc,
    "hellaswag": _hellaswag,
    "winogrande": _winogrande,
    "boolq": _boolq,
}
