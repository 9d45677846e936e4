"""lighteval's metric cases: each expected value is evalkit's too, or stands below with the reason why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.scorers.overlap import corpus_bleu, macro_f1
from evalkit.scorers.registry import make_scorer
from evalkit.stats.repeats import chance_of_all
from tests.scoring import mark, said, sample

Case = dict[str, Any]


def golds(doc: dict[str, Any]) -> list[str]:
    index = doc["gold_index"]
    return [doc["choices"][i] for i in (index if isinstance(index, list) else [index])]


def exact(case: Case, text: str) -> float:
    return mark("exact", {"field": "golds"}, sample(golds=golds(case["doc"])), text).value or 0.0


def overlap(metric: str, **more: Any) -> Callable[[Case], float]:
    def value(case: Case) -> float:
        item = sample(golds=golds(case["doc"]))
        return (
            mark("overlap", {"metric": metric, "field": "golds", **more}, item, case["model_response"]["text"][0]).value
            or 0
        )

    return value


def likelihood(case: Case) -> float:
    doc = case["doc"]
    scorer = make_scorer("choice", {"mode": "likelihood"})
    item = sample(golds(doc)[0], tuple(doc["choices"]))
    return scorer.score(item, said("", logliks=tuple(case["model_response"]["logprobs"]))).value or 0.0


def average(case: Case) -> float:
    texts = case["model_response"]["text"][: case["metric_params"]["k"]]
    return sum(exact(case, text) for text in texts) / len(texts)


def passed(case: Case) -> float:
    params = case["metric_params"]
    right = sum(exact(case, text) for text in case["model_response"]["text"][: params["n"]])
    wrong, n = np.array([params["n"] - int(right)]), np.array([params["n"]])
    return 1 - float(chance_of_all(wrong, n, params["k"])[0])


def bleu(case: Case) -> float:
    replies = [response["text"][0] for response in case["model_responses"]]
    return 100 * (corpus_bleu(replies, [golds(doc)[0] for doc in case["docs"]]) or 0.0)


def macro(case: Case) -> float:
    replies = [response["text"][0] for response in case["model_responses"]]
    return macro_f1(replies, [golds(doc)[0] for doc in case["docs"]]) or 0.0


def t5(case: Case) -> float:
    return 100 * overlap("rougeLsum", stem=False)(case)


OURS: dict[str, tuple[str, Callable[[Case], float]]] = {
    # file: (key of the expected value, or "" where it is a number; our figure)
    "avg_at_k": ("avg@k:k={k}", average),
    "avg_at_k_math": ("avg@k:k={k}", average),
    "bleu": ("", bleu),
    "drop": ("f1", overlap("f1")),
    "exact_match": ("em", lambda case: exact(case, case["model_response"]["text"][0])),
    "expr_gold_metric": ("extractive_match", lambda case: exact(case, case["model_response"]["text"][0])),
    "f1_score": ("f1", overlap("f1")),
    "f1_score_macro": ("", macro),
    "loglikelihood_acc": ("acc", likelihood),
    "loglikelihood_f1": ("loglikelihood_f1", likelihood),
    "pass_at_k": ("pass@k:k={k}&n={n}", passed),
    "pass_at_k_math": ("pass@k:k={k}&n={n}", passed),
    "rouge1": ("rouge1", overlap("rouge1", stem=False)),
    "rougeL": ("rougeL", overlap("rougeL", stem=False)),
    "rougeLsum": ("rougeLsum", overlap("rougeLsum", stem=False)),
    "rouge_t5": ("rougeLsum", t5),
}
DIFFER: dict[tuple[str, int], str] = {
    ("avg_at_k", 2): "three golds, the replies are each one of them; lighteval takes the first gold for the only one",
    ("f1_score", 2): "lighteval counts the shared word 'the'; SQuAD's F1, which this is, drops articles",
    ("f1_score_macro", 2): "a wrong reply is a class with F1 0 for lighteval; here classes are those of the golds",
}
NOT_OFFERED = {
    "acc_golds_likelihood": "reads a flag of the backend; evalkit compares the log-likelihoods themselves",
    "bits_per_byte": "evalkit asks for likelihoods of choices, not of whole texts",
    "bleu_1": "unigram precision alone rewards word salad (its own last case gives 1.0 to one); use f1 or bleu",
    "byte_perplexity": "as bits_per_byte",
    "g_pass_at_k": "repeats are averaged; pass@k is offered as a corpus figure",
    "g_pass_at_k_latex": "as g_pass_at_k",
    "g_pass_at_k_math": "as g_pass_at_k",
    "maj_at_k": "a vote over repeats is another system than the one that is measured",
    "mcc": "accuracy and macro-F1 are offered for classes",
    "mrr": "ranking is not measured",
    "prediction_perplexity": "as bits_per_byte",
    "recall_at_k": "ranking is not measured",
    "target_perplexity": "as bits_per_byte",
    "word_perplexity": "as bits_per_byte",
}


def cases(folder: Path, name: str) -> list[Case]:
    found: list[Case] = json.loads((folder / "metric_cases" / f"{name}.json").read_text("utf-8"))["test_cases"]
    return found


def test_every_file_of_cases_is_reproduced_or_explained(shared_data: Path) -> None:
    files = {path.stem for path in (shared_data / "metric_cases").glob("*.json")}
    assert files == OURS.keys() | NOT_OFFERED.keys()


@pytest.mark.parametrize("name", OURS)
def test_expected_values_are_reached(shared_data: Path, name: str) -> None:
    key, ours = OURS[name]
    wrong = {}
    for number, case in enumerate(cases(shared_data, name)):
        expected = case["expected_output"]
        if key:
            expected = expected[key.format(**case["metric_params"])]
        if abs(ours(case) - expected) > case["tolerance"] + 1e-9:
            wrong[name, number] = (ours(case), expected)
    assert wrong.keys() == {place for place in DIFFER if place[0] == name}, wrong
