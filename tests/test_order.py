"""Samples that begin alike are asked one after another; all else stays as the file has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from evalkit.engine.conversation import WINDOW, alike_together, conversations
from evalkit.records import Message, Sample
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit

SUITE = """
name: subjects
sensitivity: public
models: {{fake: {{adapter: openai_chat, model: fake, base_url: "{base_url}"}}}}
tasks:
  - name: t
    data: {{path: items.jsonl, where: {{split: test}}}}
    shots: {{n: 1, where: {{split: dev}}, same: subject}}
    prompt: "{{{{ q }}}}"
    target: "{{{{ a }}}}"
    score: contains
    settings: {{max_output_tokens: 8}}
run: {{in_flight: 1}}
"""


def sample(name: str, *turns: str) -> Sample:
    return Sample("t", name, name, "", 0, tuple(Message("user", turn) for turn in turns), "")


def order(samples: Iterable[Sample]) -> list[str]:
    return [one.id for (one,) in alike_together(conversations(samples))]


def test_samples_with_the_same_examples_stand_together_in_the_order_of_the_file() -> None:
    asked = [sample(f"{subject}{n}", f"example of {subject}", f"question {n}") for n in range(3) for subject in "ab"]
    assert order(asked) == ["a0", "a1", "a2", "b0", "b1", "b2"]


def test_questions_about_one_long_document_stand_together() -> None:
    asked = [sample(f"{name}{n}", f"{name} document " * 100 + f"question {n}") for n in range(2) for name in "ab"]
    assert order(asked) == ["a0", "a1", "b0", "b1"]


def test_short_questions_without_examples_stay_as_the_file_has_them() -> None:
    asked = [sample(str(n), "the same words") for n in range(5)] + [sample("none")]
    assert order(asked) == ["0", "1", "2", "3", "4", "none"]
    assert order([]) == []


def test_every_sample_of_a_large_task_comes_once_and_few_are_held() -> None:
    taken = 0

    def many() -> Iterable[Sample]:
        nonlocal taken
        for n in range(2 * WINDOW + 5):
            taken += 1
            yield sample(str(n), str(n % 7), f"question {n}")

    walk = (one for (one,) in alike_together(conversations(many())))
    found = [next(walk).id]
    assert taken <= WINDOW + 2, "the first request does not wait for a large task to be rendered"
    before = taken
    for one in walk:
        found.append(one.id)
        assert taken - before <= 1, "a later one does not wait for many to be rendered"
        before = taken
    assert len(found) == len(set(found)) == 2 * WINDOW + 5


def test_a_run_asks_one_subject_after_the_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [f'{{"split": "dev", "subject": "{s}", "q": "example of {s}", "a": "x"}}' for s in "ab"]
    lines += [
        f'{{"split": "test", "subject": "{s}", "q": "question {n} of {s}", "a": "x"}}' for n in (1, 2) for s in "ab"
    ]
    (tmp_path / "items.jsonl").write_text("\n".join(lines), "utf-8")
    with FakeProvider.in_process(Behaviour()) as provider:
        (tmp_path / "suite.yaml").write_text(SUITE.format(base_url=provider.base_url), "utf-8")
        ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--no-cache", "--results", tmp_path / "results")
        asked = [record.prompt for record in provider.account]
    assert ran.code == 0, ran.err
    wanted = [f"question {n} of {s}" for s in "ab" for n in (1, 2)]
    assert asked == [hashlib.sha256(question.encode()).hexdigest() for question in wanted]
