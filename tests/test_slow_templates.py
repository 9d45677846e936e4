"""A template that is dear for every record is refused for its sum, by name, in check, plan and run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.suite import metering
from evalkit.suite.metering import Spent
from evalkit.suite.rendering import TooMuch
from evalkit.suite.templates import EndlessTemplate, Expression, Template
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SLOW = "{% for a in range(300) %}{% for b in range(300) %}{% endfor %}{% endfor %}"
"""Some 30 ms of the processor."""
LESS_SLOW = SLOW.replace("300", "200")
"""Some 12 ms: five are below the limit of one template, also on a slow machine."""


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EVALKIT_TEMPLATE_SECONDS", "0.1")
    metering.most_in_sum_s.cache_clear()
    metering.count_anew()
    yield
    metering.most_in_sum_s.cache_clear()
    metering.count_anew()


def _suite(folder: Path, n: int, **keys: str) -> Path:
    rows = (json.dumps({"id": f"q{k}", "question": f"Is it {k}?", "answer": "yes", "choices": ["yes", "no"]})
            for k in range(n))  # fmt: skip
    (folder / "items.jsonl").write_text("\n".join(rows) + "\n")
    task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ question }}", "score": "exact",
            "target": "{{ answer }}", **keys}  # fmt: skip
    model = {"adapter": "scripted", "replies": {"*": "yes"}}
    suite = {"name": "slow", "sensitivity": "public", "models": {"m": model}, "tasks": [task]}
    (folder / "s.yaml").write_text(json.dumps(suite))
    return folder / "s.yaml"


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("key", "template"),
    [("prompt", SLOW + "{{ question }}"), ("target", SLOW + "{{ answer }}"), ("cluster", SLOW + "{{ id }}")],
)
@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_a_template_that_is_slow_for_each_of_many_records_is_refused_by_name(
    tmp_path: Path, capsys: Capture, command: str, key: str, template: str
) -> None:
    if key == "cluster":
        key, template = "system", SLOW + "Be brief about {{ id }}."
    suite = _suite(tmp_path, 3_000, **{key: template})
    began = time.process_time()
    ran = evalkit(capsys, command, suite, *(("--results", tmp_path / "r") if command != "check" else ()))
    assert ran.code == 2 and time.process_time() - began < 20
    assert f"tasks[0].{key}" in ran.err and "s of the processor for" in ran.err, ran.err
    assert "EVALKIT_TEMPLATE_SECONDS" in ran.err
    assert ran.err.count("processor") < 5, "it is said once, and no other record is tried"


def test_choices_that_are_slow_are_refused_too(tmp_path: Path, capsys: Capture) -> None:
    slow = "{{ choices if (range(99999)|map('string')|join|length) else [] }}"
    suite = _suite(tmp_path, 3_000, choices=slow, score="choice")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and "s of the processor for" in ran.err and "choices" in ran.err, ran.err


@pytest.mark.long
def test_many_templates_may_not_take_together_what_one_may_not() -> None:
    with pytest.raises(EndlessTemplate, match="the templates of the suite together"):
        for n in range(400):
            template = Template(LESS_SLOW + f"{n} {{{{ a }}}}", "prompt")
            for _ in range(5):
                template.render({"a": 1})


def test_many_records_with_ordinary_templates_are_never_too_many() -> None:
    template = Template("{% for shot in shots %}Q: {{ shot }}\n{% endfor %}Q: {{ question }}", "prompt")
    options = Expression("{{ shots[:2] }}", "choices")
    for n in range(5_000):
        template.render({"shots": ["one", "two", "three"] * 4, "question": n})
        options.value({"shots": ["one", "two"], "question": n})


def test_another_suite_begins_anew(tmp_path: Path, capsys: Capture) -> None:
    spent = Spent()
    for _ in range(3):
        with spent.counted():
            pass
    metering._of_all.s = 1e6
    with pytest.raises(TooMuch):
        spent.s = 0.1
        spent.refuse_dear()
    assert evalkit(capsys, "check", _suite(tmp_path, 5, prompt=LESS_SLOW + "{{ question }}")).code == 0
