"""A cost rule passes on bills that the texts of the run support: no server's word alone makes a candidate cheap."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evalkit.decide.fewest_tokens import fewest_tokens
from evalkit.decide.sent_prompts import SentPrompts, n_warm
from evalkit.facts import RunFacts
from evalkit.messages import Image, Message
from evalkit.records import AgentStep, Row
from evalkit.results.side import Side
from tests.gate_world import scores, stored
from tests.loopback import reply
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
Usage = dict[str, Any]
RULES = "You sort tickets of a shop for garden tools. " * 60  # 540 words, the same in every prompt
ANSWER = "It is B, since the other choices do not fit the question at all. " * 4  # 52 words


def n_tokens(text: str) -> int:
    """As many as an ordinary tokenizer makes of English prose."""
    return round(1.3 * len(text.split())) + 8


@contextmanager
def server(usage: Callable[[str], Usage]) -> Iterator[str]:
    """Answers with a bill that depends on the prompt."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            prompt = " ".join(one["content"] for one in asked["messages"])
            choice = {"message": {"content": ANSWER}, "finish_reason": "stop"}
            self.wfile.write(reply(200, json.dumps({"model": "m", "choices": [choice], **usage(prompt)}).encode()))

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}/v1"
        finally:
            listening.shutdown()
            thread.join(10)


def told(prompt: str, cached: int = 0, *, given: int | None = None, made: int | None = None, **more: Any) -> Usage:
    """A usage object of Chat Completions."""
    counts = {"prompt_tokens": n_tokens(prompt) if given is None else given}
    counts |= {"completion_tokens": n_tokens(ANSWER) if made is None else made}
    return {"usage": {**counts, "prompt_tokens_details": {"cached_tokens": cached}, **more}}


def decided(
    capsys: Capture,
    tmp_path: Path,
    usage: Callable[[str], Usage],
    limit: str,
    *,
    own: bool,
    more: str = "",
    **keys: str,
) -> Ran:
    """The gate on a run of twenty items. `own`: each prompt begins with its own words, else with the same ones."""
    prompt = f"{{{{ id }}}}: {RULES}" if own else f"{RULES} {{{{ id }}}}: which one?"
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "a": "B"}) + "\n" for n in range(20)))
    (tmp_path / "prices.yaml").write_text(
        "- {model: m, valid_from: 2025-01-01, input_per_mtok: 10, cached_input_per_mtok: 1, output_per_mtok: 10}\n"
    )
    suite, results = tmp_path / "s.yaml", tmp_path / "results"
    with server(usage) as url:
        model = {"adapter": "openai_chat", "model": "m", "stream": False, "base_url": url, **keys}
        task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": prompt, "target": "{{ a }}"}
        rule = f"{{cost: usd_per_1k_samples, max_usd: {limit}, tail: smooth{more}}}"
        suite.write_text(
            f"name: s\nsensitivity: public\nmodels: {{cand: {json.dumps(model)}}}\n"
            f"tasks: [{json.dumps({**task, 'score': 'contains'})}]\nrun: {{in_flight: 1}}\n"
            f"gate: {{candidates: [cand], rules: [{rule}]}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--results", results)
    assert ran.code == 0, ran.err
    return evalkit(capsys, "gate", "latest", "--suite", suite, "--results", results)


# A thousand samples cost some 7.90 USD: 710 tokens of a prompt and 76 of an answer, at 10 USD for a million.
HOSTILE = {
    "whole prompts are cached": (lambda prompt: told(prompt, n_tokens(prompt)), "5"),
    "most of each prompt is cached": (lambda prompt: told(prompt, n_tokens(prompt) - 20), "5"),
    "half of the words of a prompt are counted": (lambda prompt: told(prompt, given=300), "5"),
    "a third of the words of an answer is counted": (lambda prompt: told(prompt, made=18), "7.3"),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_servers_word_alone_makes_a_candidate_cheap(tmp_path: Path, capsys: Capture, name: str) -> None:
    usage, limit = HOSTILE[name]
    found = decided(capsys, tmp_path, usage, limit, own=True)
    assert found.code == 3, found.out
    assert "20 of 20 bills are lower than their texts support" in " ".join(found.out.split())


@pytest.mark.parametrize("name", HOSTILE)
def test_the_protected_suite_may_take_its_word(tmp_path: Path, capsys: Capture, name: str) -> None:
    usage, limit = HOSTILE[name]
    found = decided(capsys, tmp_path, usage, limit, own=True, more=", bills: stated")
    assert found.code == 0 and "texts support" not in found.out, found.out


def test_a_total_of_its_own_is_held_against_the_price_that_is_known(tmp_path: Path, capsys: Capture) -> None:
    found = decided(
        capsys, tmp_path, lambda prompt: told(prompt, cost=0.0001), "1", own=True, reported_cost=True  # type: ignore[arg-type]
    )  # fmt: skip
    assert found.code == 3 and "the server's own total" in " ".join(found.out.split()), found.out


UNTOLD: dict[str, Callable[[str], Usage]] = {
    "no count of the answer": lambda prompt: {"usage": {"prompt_tokens": n_tokens(prompt), "cost": 0.0001}},
    "an answer of no tokens": lambda prompt: told(prompt, made=0, cost=0.0001),
    "no count of the prompt": lambda prompt: {"usage": {"completion_tokens": n_tokens(ANSWER), "cost": 0.0001}},
    "more reasoning than answer": lambda prompt: told(prompt, cost=0.0001, reasoning_tokens=10**6),
    "more written to a cache than was sent": lambda prompt: {
        "usage": {
            **told(prompt)["usage"],
            "cost": 0.0001,
            "prompt_tokens_details": {"cache_write_tokens": 10**6, "cached_tokens": 10},
        }
    },
}


@pytest.mark.long(but=2)
@pytest.mark.parametrize("name", UNTOLD)
def test_a_total_without_counts_that_support_it_makes_nobody_cheap(tmp_path: Path, capsys: Capture, name: str) -> None:
    found = decided(capsys, tmp_path, UNTOLD[name], "1", own=True, reported_cost=True)  # type: ignore[arg-type]
    assert found.code != 0, found.out
    assert "20 of 20 bills are lower than their texts support" in " ".join(found.out.split()), found.out


def test_a_beginning_that_prompts_share_may_be_cached(tmp_path: Path, capsys: Capture) -> None:
    n_asked = 0

    def usage(prompt: str) -> Usage:
        nonlocal n_asked
        n_asked += 1
        return told(prompt, 0 if n_asked == 1 else 640)

    found = decided(capsys, tmp_path, usage, "5", own=False)
    assert found.code == 0 and "texts support" not in found.out, found.out


def test_what_the_first_prompt_of_a_run_is_said_to_have_cached_is_said(tmp_path: Path, capsys: Capture) -> None:
    found = decided(capsys, tmp_path, lambda prompt: told(prompt, 640), "6", own=False)
    assert found.code == 0, found.out
    assert "1 of 20 bills are lower than their texts support" in " ".join(found.out.split())


def test_ordinary_bills_pass_and_fail_as_they_are(tmp_path: Path, capsys: Capture) -> None:
    cheap = decided(capsys, tmp_path, told, "9", own=True)
    assert cheap.code == 0 and "texts support" not in cheap.out, cheap.out
    (tmp_path / "dear").mkdir()
    assert decided(capsys, tmp_path / "dear", told, "2", own=True).code == 1


@pytest.mark.parametrize(
    ("text", "fewest", "real"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog.", 9, 10),
        ("def f(a):\n    return a + 1\n", 6, 11),
        ("天地玄黄宇宙洪荒日月盈昃辰宿列張", 6, 12),
        ("日本の首都は東京です。 Yes.", 6, 8),
        ("-" * 4000, 1, 40),
        ("x" * 160, 10, 20),
        ("Donaudampfschifffahrtsgesellschaft", 2, 9),
        ("3.14159 " * 10, 10, 40),
        ("👩‍👩‍👧‍👦 " * 5, 5, 50),
    ],
)
def test_the_fewest_tokens_of_a_text_are_fewer_than_it_really_has(text: str, fewest: int, real: int) -> None:
    assert fewest_tokens(text) == fewest <= max(real, 0)


SYSTEM = "\0system\1You sort tickets. " * 20


@pytest.mark.parametrize(
    ("before", "prompt", "least", "most"),
    [
        ([], SYSTEM, 0, 0),
        ([(SYSTEM, "yes")], SYSTEM, 1, 1),
        ([(f"{SYSTEM}\0user\1first", "yes")], f"{SYSTEM}\0user\1second", 0.85, 0.99),
        ([(f"\0user\1first{SYSTEM}", "yes")], f"\0user\1other{SYSTEM}", 0, 0),
        ([("short", "yes")], "short", 1, 1),
        ([("short", "yes")], "shorter", 0, 0),
        ([(SYSTEM, "B, " * 200)], f"{SYSTEM}\0assistant\1{'B, ' * 200}\0user\1And now?", 0.9, 0.99),
        ([(SYSTEM, "yes")], f"{SYSTEM}\0assistant\1{'B, ' * 200}\0user\1And now?", 0.3, 0.6),
    ],
)
def test_what_was_sent_before_is_told_from_what_is_new(
    before: list[tuple[str, str]], prompt: str, least: float, most: float
) -> None:
    sent = SentPrompts(64)
    for one, answer in before:
        sent.share(one, answer)
    assert least <= sent.share(prompt, "x") <= most
    assert sent.share(prompt, "x") == 1, "from now on it was sent"


@pytest.mark.parametrize("writing", ["", ", cache_write_per_mtok: 12"], ids=["free", "billed"])
def test_bills_of_the_baseline_out_of_the_cache_are_not_those_of_another_load(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, writing: str
) -> None:
    """Two hundred prompts at once find nothing in a provider's cache: that makes the baseline dear in the next run too,
    whose suite says four at once."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "a": "B"}) + "\n" for n in range(20)))
    price = "valid_from: 2025-01-01, input_per_mtok: {n}, cached_input_per_mtok: {c}, output_per_mtok: 1{w}"
    (tmp_path / "prices.yaml").write_text(
        f"- {{model: base, {price.format(n=10, c=1, w=writing)}}}\n"
        f"- {{model: cand, {price.format(n=10, c=10, w='')}}}\n"
    )
    suite = tmp_path / "s.yaml"

    def gated(url: str, results: str, *more: object, rule: str = "") -> Ran:
        models = {
            name: {"adapter": "openai_chat", "model": name, "stream": False, "base_url": url, "weights": "1"}
            for name in ("base", "cand")
        }
        task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "target": "{{ a }}", "score": "contains"}
        task["prompt"] = f"{RULES * 2} {{{{ id }}}}: which one?"
        suite.write_text(
            f"name: s\nsensitivity: public\nmodels: {json.dumps(models)}\n"
            f"tasks: [{json.dumps(task)}]\nrun: {{in_flight: 1}}\n"
            "gate: {baseline: base, candidates: [cand], rules: "
            f"[{{cost: usd_per_sample, max_ratio: 1.5, tail: smooth{rule}}}]}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--new", "--results", tmp_path / results, *more)
        assert ran.code == 0, ran.err
        return evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / results)

    with server(told) as url:
        fresh = gated(url, "r1")
        assert fresh.code == 0, "nothing was cached, as the provider says of this very run"
        found = gated(url, "r2")
        assert found.code == 3, found.out
        assert "19 of the baseline's 20 bills come from the response cache" in " ".join(found.out.split())
        assert gated(url, "r3", rule=", bills: stated").code == 0


@pytest.mark.parametrize(
    ("prompt", "shown", "price", "n_dear"),
    [
        (f"{RULES * 2} {{{{ id }}}}: which one?", "Safe?", 10, 19),
        ("{{ id }}?", RULES * 2, 800, 20),
        ("{{ id }}?", "Safe?", 1, 0),
        ("{{ id }}?", None, 10, 20),
    ],
    ids=["the model", "a guard", "neither", "an application"],
)
def test_nor_are_those_of_a_pipeline_part_by_part_or_of_an_application(
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    prompt: str,
    shown: str | None,
    price: int,
    n_dear: int,
) -> None:
    """What a guard was shown is not stored: a long one may have been cached whole. So may what an application sent."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "a": "B"}) + "\n" for n in range(20)))
    dated = "valid_from: 2025-01-01, output_per_mtok: 1"
    (tmp_path / "prices.yaml").write_text(
        f"- {{model: bot, {dated}, input_per_mtok: 10, cached_input_per_mtok: 1}}\n"
        f"- {{model: cand, {dated}, input_per_mtok: {price}}}\n"
    )
    suite, found = tmp_path / "s.yaml", list[Ran]()
    with server(told if shown else partial(told, given=1_412)) as url:
        part = {"adapter": "openai_chat", "model": "bot", "stream": False, "base_url": url, "weights": "1"}
        models = {
            "bot": {**part, "alone": False},
            "base": {
                "adapter": "pipeline",
                "model": "bot",
                "before": {"by": "bot", "prompt": shown},
                "blocked": "unsafe",
            },
            "cand": {**part, "model": "cand"},
        }
        if shown is None:
            counts = {"input": "usage.prompt_tokens", "output": "usage.completion_tokens"}
            read = {"answer": "choices[0].message.content", "usage": counts}
            asked = {"base_url": url, "request": {"messages": "{{ messages }}"}, "price_as": "bot", "weights": "1"}
            models = {"base": {"adapter": "http", **read, **asked}, "cand": models["cand"]}
        task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "target": "{{ a }}", "score": "contains"}
        rule = {"cost": "usd_per_sample", "max_ratio": 1.5, "tail": "smooth"}
        said = {"models": models, "tasks": [{**task, "prompt": prompt}], "run": {"in_flight": 1}}
        gate = {"baseline": "base", "candidates": ["cand"], "rules": [rule]}
        suite.write_text(json.dumps({"name": "s", "sensitivity": "public", **said, "gate": gate}))
        for results in ("r1", "r2"):
            assert evalkit(capsys, "run", suite, "--new", "--results", tmp_path / results).code == 0
            found.append(evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / results))
    assert [one.code for one in found] == [0, 3 if n_dear else 0], found[1].out
    assert (f"{n_dear} of the baseline's 20 bills" in " ".join(found[1].out.split())) is bool(n_dear)


@pytest.mark.parametrize(("own", "cached", "code"), [(True, 0, 0), (True, 1_500, 3), (False, 1_500, 0)])
def test_times_of_a_provider_whose_cache_was_warm_before_the_run_show_nothing(
    tmp_path: Path, capsys: Capture, own: bool, cached: int, code: int
) -> None:
    """Asked alone a minute before, a candidate that is three times as slow passed (R15-5). A beginning that the run
    itself has sent before explains what was cached."""
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "a": "B"}) + "\n" for n in range(20)))
    prompt = f"{{{{ id }}}}: {RULES * 2}" if own else f"{RULES * 2} {{{{ id }}}}: which one?"
    suite, sent = tmp_path / "s.yaml", Counter[str]()

    def usage(asked: str) -> Usage:
        sent["requests"] += 1
        return told(asked, cached if own or sent["requests"] > 1 else 0)

    with server(usage) as url:
        model = {"adapter": "openai_chat", "model": "m", "stream": False, "base_url": url}
        task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": prompt, "target": "{{ a }}"}
        suite.write_text(
            f"name: s\nsensitivity: public\nmodels: {{cand: {json.dumps(model)}}}\n"
            f"tasks: [{json.dumps({**task, 'score': 'contains'})}]\nrun: {{in_flight: 1}}\n"
            "gate: {candidates: [cand], rules: [{latency: total_p50, max_s: 50}]}\n"
        )
        ran = evalkit(capsys, "run", suite, "--new", "--no-cache", "--results", tmp_path / "r")
    assert ran.code == 0, ran.err
    decided = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "r")
    assert decided.code == code, decided.out
    assert (" of 20 prompts came out of the cache" in " ".join(decided.out.split())) == (code == 3)


OWN = " ".join(f"word{n}" for n in range(2_000))
"""Of one record alone."""


@pytest.mark.parametrize(
    ("kind", "cached", "warm"),
    [
        ("text", 2_500, True),
        ("text", 1_000, False),
        ("text behind a shared beginning", 2_000, True),
        ("text behind a long shared beginning", 1_900, False),
        ("agent", 2_500, True),
        ("agent that only its later steps find in the cache", 0, False),
        ("a picture of its own behind a shared beginning", 2_500, True),
        ("text of its own behind a shared picture", 2_500, True),
        ("a short question behind a shared picture", 2_500, False),
        ("beside another task's schema", 2_500, True),
        ("beside its own task's schema", 1_900, False),
        ("a dense beginning that all share", 2_400, False),
        ("asked again after an error", 2_500, False),
    ],
)
def test_what_this_run_sent_before_explains_so_many_cached_tokens(
    tmp_path: Path, kind: str, cached: int, warm: bool
) -> None:
    """The provider says how many it had, and the run knows what it had sent (R20-2 to R20-4)."""

    def made(row: Row) -> Row:
        shared = {"text behind a shared beginning": RULES[:400], "text behind a long shared beginning": RULES * 3}
        own = OWN.replace("word", f"w{row.sample_id}x")
        if kind.startswith(("a short", "text behind a long")):
            own = f"Item {row.sample_id}?"
        if kind.startswith("a dense"):
            shared[kind], own = "\u5929\u5730\u7384\u9ec4" * 550, " ".join(f"{row.sample_id}word" for _ in range(300))
        turns = [Message("system", shared.get(kind, "Be brief and clear." * 6)), Message("user", own)]
        if "picture" in kind:
            digest = f"{0 if 'shared picture' in kind else int(row.sample_id[1:]):064x}"
            turns[1] = Message("user", (Image("p.png", "image/png", 100, 512, 512, digest), own))
        if kind == "beside its own task's schema":
            turns[1] = Message("user", f"Item {row.sample_id}?")
        changed = replace(row, prompt=tuple(turns), input_tokens=2_700, cache_read_tokens=cached, total_s=0.1)
        if "agent" not in kind:
            return replace(changed, attempts=2) if "again" in kind else changed
        first = AgentStep(started_at=1.0, text="", total_s=0.1, input_tokens=2_700, cache_read_tokens=cached)
        later = AgentStep(started_at=1.1, text="B", total_s=0.1, input_tokens=2_700, cache_read_tokens=2_600)
        return replace(changed, steps=(first, later), input_tokens=5_400, cache_read_tokens=cached + 2_600)

    schema = {"settings": {"json_schema": {"properties": {f"name_{n}": {"type": "string"} for n in range(150)}}}}
    tasks = [{"name": "t", "written": schema if "own task's schema" in kind else {}}, {"name": "u", "written": schema}]
    folder = stored(tmp_path, {"cand": scores(20, wrong=[])}, change=made)
    told = json.loads((folder / "run.json").read_text())
    told["suite_resolved"]["tasks"] = tasks
    facts = RunFacts.model_validate(told)
    n, n_all = n_warm(Side(folder, "cand", facts, "cand"))
    assert n_all == (20 if cached > 1_023 or "agent" in kind else 0)
    assert n >= 19 if warm else n <= 1, n
