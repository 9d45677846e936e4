"""Answers that a scorer cannot read are said in red, with two examples and the option that would read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evalkit.facts import TaskFacts
from evalkit.records import Outcome, Response, Sample, Timing
from evalkit.render.html import page_of
from evalkit.render.terminal import render_unreadable
from evalkit.results.reader import ResultsReader
from evalkit.results.unreadable import remedy, unreadable_of
from evalkit.scorers.registry import make_scorer
from tests.test_board_pages import draw
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
QUEUES = ("billing", "technical", "shipping")


def a_suite(folder: Path, replies: list[str], score: str = "choice", target: str = "{{ queue }}") -> Path:
    """One model that gives these replies to as many tickets, whose right answers are the queues in turn."""
    records = [{"id": f"t{n}", "ticket": f"Ticket {n}", "queue": QUEUES[n % 3], "n": n} for n in range(len(replies))]
    (folder / "my.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    by_id = json.dumps({f"t{n}": reply for n, reply in enumerate(replies)}, ensure_ascii=False)
    choices = "\n    choices: [billing, technical, shipping]" if "choice" in score else ""
    path = folder / "suite.yaml"
    path.write_text(
        f"""name: tickets
models:
  m: {{adapter: scripted, replies: {by_id}}}
tasks:
  - name: triage
    data: {{path: my.jsonl, id: id}}
    prompt: "{{{{ ticket }}}}"{choices}
    target: "{target}"
    score: {score}
""",
        encoding="utf-8",
    )
    return path


def ran(folder: Path, capsys: Capture, suite: Path) -> tuple[ResultsReader, str, str]:
    done = evalkit(capsys, "run", suite, "--results", folder / "results", "--no-cache")
    assert done.code == 0, done.err
    (run,) = run_folders(folder / "results")
    return ResultsReader(folder / "results"), run.name, done.out


def queues(n: int) -> list[str]:
    return [QUEUES[i % 3] for i in range(n)]


FORMS = {
    "a field": [json.dumps({"why": f"It says {q} and more", "queue": q}) for q in queues(12)],
    "a field in a fence": [f"```json\n{json.dumps({'queue': q})}\n```" for q in queues(12)],
    "words and a colon": [f"Billing or shipping?\nRouted to: {q}" for q in queues(12)],
    "words and is": [f"Perhaps billing. The queue that fits is **{q}**." for q in queues(12)],
    "an arrow": [f"queue -> {q}" for q in queues(12)],
    "most of them": [f"queue -> {q}" for q in queues(9)] + ["no", "idea", "at all"],
}


@pytest.mark.parametrize("replies", FORMS.values(), ids=FORMS)
def test_the_option_that_is_named_reads_them(replies: list[str]) -> None:
    facts = TaskFacts.model_validate({
        "identity": {"score": {"name": "choice", "options": {"refusal": "wrong"}}, "choices": list(QUEUES)}
    })  # fmt: skip
    option, advice = remedy(replies, facts)
    assert option is not None, advice
    read = YAML(typ="safe").load(option)["choice"]
    assert read["refusal"] == "wrong"
    scorer = make_scorer("choice", read)
    sample = Sample(
        task="t", id="1", messages=(), choices=QUEUES, target="technical", digest="d", target_digest="d", occurrence=0
    )
    scores = [
        scorer.score(sample, Response(text=reply, stop_reason="stop", timing=Timing(0.0, 0.1))) for reply in replies
    ]
    n_read = sum(score.outcome in (Outcome.RIGHT, Outcome.WRONG) for score in scores)
    assert n_read >= 9
    said = [score.outcome is Outcome.RIGHT for score in scores[:9]]
    assert said == [queue == "technical" for queue in queues(9)]


@pytest.mark.parametrize("form", ["json", "words"])
def test_where_several_parts_would_be_read_none_is_chosen(tmp_path: Path, capsys: Capture, form: str) -> None:
    pairs = [(QUEUES[n % 3], QUEUES[(n + 1) % 3]) for n in range(12)]
    replies = [
        json.dumps({"primary": a, "secondary": b}) if form == "json" else f"Primary is {a}\nSecondary is {b}"
        for a, b in pairs
    ]
    store, run, _ = ran(tmp_path, capsys, a_suite(tmp_path, replies))
    (one,) = unreadable_of(store, run)
    assert one.option is None
    assert "primary" in one.advice.lower() and "secondary" in one.advice.lower()


@pytest.mark.long
def test_every_page_says_how_many_and_shows_two_of_them(tmp_path: Path, capsys: Capture) -> None:
    replies = [*queues(18), "Hm <b>hard</b> to say.", "No idea, honestly."]
    store, run, said = ran(tmp_path, capsys, a_suite(tmp_path, replies))
    assert "2 of 20 answers to triage could not be read (10 %)" in said
    shown = evalkit(capsys, "show", run, "--results", tmp_path / "results").out
    page = page_of(store, run, samples=True)
    closed = page_of(store, run)  # the suite is not public
    assert "No idea, honestly." not in closed and "the board has examples" in closed
    at = draw("leaderboard", tmp_path / "results")
    board = " ".join(element.value for element in at.error).replace("\\", "")
    for text in (said, shown, page, board):
        assert "m: 2 of 20 answers to triage could not be read" in " ".join(text.split())
        assert "No idea, honestly." in text
    assert "<b>hard</b>" not in page
    assert "Say in the prompt" in said


def test_answers_that_are_all_alike_are_said_to_be(tmp_path: Path, capsys: Capture) -> None:
    _, _, said = ran(tmp_path, capsys, a_suite(tmp_path, [*queues(18), "No idea.", "No idea."]))
    assert "“No idea.” (alike in all that were looked at)" in " ".join(said.split())


def test_one_in_twenty_is_no_alarm(tmp_path: Path, capsys: Capture) -> None:
    store, run, said = ran(tmp_path, capsys, a_suite(tmp_path, [*queues(19), "No idea."]))
    assert unreadable_of(store, run) == []
    assert "could not be read" not in said


def test_empty_answers_point_to_the_limit_and_not_to_the_scorer(tmp_path: Path, capsys: Capture) -> None:
    replies = [" " if n % 2 else queue for n, queue in enumerate(queues(12))]
    store, run, _ = ran(tmp_path, capsys, a_suite(tmp_path, replies))
    found = unreadable_of(store, run)
    assert not found or "max_output_tokens" in found[0].advice


def test_it_is_red_on_a_terminal(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    store, run, _ = ran(tmp_path, capsys, a_suite(tmp_path, [*queues(9), "?", "??", "No idea"]))
    out = Terminal()
    render_unreadable(unreadable_of(store, run), file=out)
    assert "\x1b[1;31m" in out.getvalue()
