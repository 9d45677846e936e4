"""Times are decided on at the load that the suite says: what kept fewer requests open stands in run.json.

A cap in dollars that has room for a few worst cases lets a few requests be open, whatever `in_flight` says, and so does
a gate that has a fast endpoint wait for a slow one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.decide.early_stopping import EarlyStopping
from evalkit.facts import RunFacts
from evalkit.results import read_facts
from evalkit.store import runs
from evalkit.suite.schema import GateEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, gate, scores, stored
from tests.test_gate_allow_list import World

Capture = pytest.CaptureFixture[str]
WIDE = {"in_flight": 24}
QUICK = {"latency": "total_p50", "max_s": 60}


@pytest.fixture
def few(tmp_path: Path, capsys: Capture) -> Iterator[World]:
    with FakeProvider.in_thread(Behaviour(reply="B", output_tokens=7, latency_s=0.02)) as provider:
        yield World(tmp_path, provider.base_url, capsys, 12)


def test_a_cap_that_let_requests_wait_is_no_run_at_the_suite_s_load(few: World) -> None:
    ours, theirs = few.suite("ours.yaml", run=WIDE), few.suite("theirs.yaml", run={**WIDE, "max_cost_usd": 0.003})
    code, said = few.judged(theirs, ours)
    assert read_facts(few.latest).slowed_by == ("max_cost_usd 0.003",)
    assert code == 2 and "requests waited for a cap of 0.003 US dollars" in said and "no cap in the suite" in said
    code, said = few.judged(few.suite("roomy.yaml", run={**WIDE, "max_cost_usd": 5}), ours)
    assert read_facts(few.latest).slowed_by == () and code == 0, said
    ran = few.run(ours, "--new", "--no-cache", "--max-cost", "0.003")  # the person's own cap holds requests back too
    assert ran.code == 0 and "requests wait for room below it" in " ".join(ran.err.split())
    assert few.gate(ours).code == 2
    assert few.gate(theirs).code == 0  # the suite itself says so


@pytest.mark.parametrize(
    ("by", "says"), [("max_cost_usd 0.1", "a higher max_cost_usd"), ("early_stop", "early_stop: off")]
)
def test_times_of_a_run_that_was_held_back_decide_no_pass(tmp_path: Path, capsys: Capture, by: str, says: str) -> None:
    judge = Gate(capsys, tmp_path)
    answers = {"base": scores(300), "cand": scores(300)}
    for rule, code in ((QUICK, 3), ({**QUICK, "max_s": 0.01}, 1), ({"latency": "total_p50", "max_ratio": 50}, 3)):
        run = stored(judge.results, answers, gate(rule), slowed_by=[by])
        decided = judge(run)
        assert decided.code == code, decided.out
        said = " ".join(decided.out.split())
        assert code == 1 or (says in said and "fewer requests were open" in said)
        runs.update_facts(run, RunFacts(slowed_by=()))
        assert judge(run).code == (1 if code == 1 else 0)


def test_nobody_waits_for_a_slow_endpoint_where_times_are_decided_on() -> None:
    items = [("t", f"{n:064x}", 0, {}) for n in range(500)]
    margin = {"quality": "all", "margin": 0.05}
    for section, waits in ((gate(margin), True), (gate(margin, QUICK), False)):
        watch = EarlyStopping(GateEntry.model_validate(section), items, 0, passes_early=True)
        for task, digest, occurrence, _ in items[:200]:
            watch.note("cand", (task, digest, occurrence), 1.0)
        assert watch.ahead("cand", ["base"]) is waits


def test_who_is_asked_first_is_the_suite_s_word_where_bills_or_times_are_judged(few: World) -> None:
    bill = "{cost: usd_per_sample, max_ratio: 5, tail: smooth}"
    models = {name: few.entry(name, price_as="openai:gpt-4.1") for name in ("cand", "base")}
    models["cand"]["licence"] = "MIT"
    ours = few.suite("ours.yaml", bill)
    written = json.dumps({"base": models["base"], "cand": models["cand"]})
    theirs = few.folder / "theirs.yaml"
    theirs.write_text(ours.read_text().replace(written, json.dumps(models)))
    assert theirs.read_text() != ours.read_text()
    code, said = few.judged(theirs, ours)
    assert code == 2 and "models: asked in the order" in said, said
    assert few.gate(few.suite("scores.yaml")).code == 0  # scores rest on no order
