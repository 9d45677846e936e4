"""What a gate speaks of and no sample has is said before anything is asked, and by the gate of a stored run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import sample_stream
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]


def suite(folder: Path, rule: str, critical: object, *, gated: bool = True, n: int = 6) -> Path:
    """A suite of n tickets of the priorities P1 and P2, with two scripted models."""
    records = [{"id": f"s{k}", "q": f"Ticket {k}?", "Priority": f"P{k % 2 + 1}", "a": "yes"} for k in range(n)]
    (folder / "t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    task = {"name": "t", "data": "t.jsonl", "prompt": "{{ q }}", "target": "{{ a }}", "score": "exact"}
    written: dict[str, Any] = {
        "name": "guarded",
        "models": {name: {"adapter": "scripted", "replies": {"*": "yes"}} for name in ("base", "cand")},
        "tasks": [{**task, "slices": ["Priority"], "critical": critical}],
    }
    if gated:
        rules = [{"quality": rule, "margin": 0.1}]
        written["gate"] = {"baseline": "base", "candidates": ["cand"], "rules": rules}
    path = folder / "suite.yaml"
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


def test_a_slice_or_a_guard_that_no_sample_has_is_refused_before_anything_is_asked(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    slice_said = "gate.rules[0].quality: the gate asks about 't/Priority=P7', to which no item belongs; did you mean"
    guard_said = "marks no sample, so no sample is guarded"
    cases = [
        ("t/Priority=P7", False, slice_said),
        ("t", "{{ Priority == 'p1' }}", guard_said),
        ("t", "{{ Priority == 'P2' }}", ""),
        ("t/Priority=P2", True, ""),
        ("all", False, ""),
    ]
    for many in (False, True):  # samples that else are checked while the first are asked are looked at as well
        if many:
            monkeypatch.setattr(sample_stream, "KEPT", 3)
            monkeypatch.setattr(sample_stream, "HEAD", 2)
        for rule, critical, said in cases:
            path = suite(tmp_path, rule, critical)
            for command in (("check", path), ("plan", path), ("run", path, "--gate", "--results", results)):
                if command[0] == "run" and not said:
                    continue
                ran = evalkit(capsys, *command)
                assert (ran.code == 2, said in ran.err) == (bool(said), True), (command, rule, critical, ran)
    assert not results.exists() or run_folders(results) == []


def test_a_cut_run_and_a_suite_without_a_gate_are_told_and_go_on(tmp_path: Path, capsys: Capture) -> None:
    path = suite(tmp_path, "t/Priority=P7", "{{ Priority == 'p0' }}")
    ran = evalkit(capsys, "run", path, "--limit", 1, "--results", tmp_path / "results")
    assert ran.code == 0
    assert "note: " in ran.err and "to which no item belongs" in ran.err and "marks no sample" in ran.err
    ran = evalkit(capsys, "check", suite(tmp_path, "t", "{{ Priority == 'p0' }}", gated=False))
    assert ran.code == 0
    assert "note: t: critical ({{ Priority == 'p0' }}) marks no sample" in ran.out


def test_the_gate_of_a_stored_run_says_that_its_guard_marks_nothing(tmp_path: Path, capsys: Capture) -> None:
    path, results = suite(tmp_path, "t", "{{ Priority == 'p0' }}", gated=False), tmp_path / "results"
    assert evalkit(capsys, "run", path, "--results", results).code == 0
    gate = tmp_path / "gate.yaml"
    gate.write_text(suite(tmp_path, "t", "{{ Priority == 'p0' }}").read_text(encoding="utf-8"), encoding="utf-8")
    ran = evalkit(capsys, "gate", run_folders(results)[0], "--suite", gate, "--allow-recorded", "--results", results)
    assert "t: critical ({{ Priority == 'p0' }}) marks no sample" in ran.out, ran


def test_models_with_other_scripts_are_no_noise_of_one_model(tmp_path: Path, capsys: Capture) -> None:
    results, path = tmp_path / "results", suite(tmp_path, "t", critical=False)
    written, noise = json.loads(path.read_text(encoding="utf-8")), "both sides are the same model"
    for changes, same in (({}, True), ({"replies": {"*": "no"}}, False), ({"fail": {"none": "rejected*2"}}, False)):
        written["models"]["cand"] = {**written["models"]["base"], **changes}
        path.write_text(json.dumps(written), encoding="utf-8")
        ran = evalkit(capsys, "run", path, "--gate", "--new", "--results", results)
        assert (noise in ran.out) == same, (changes, ran)


def test_single_braces_around_any_field_are_told(tmp_path: Path, capsys: Capture) -> None:
    written = json.loads(suite(tmp_path, "t", critical=False).read_text(encoding="utf-8"))
    records = [{"id": f"s{k}", "q": f"Ticket {k}?", "Customer Message": f"Help {k}", "a": "yes"} for k in range(3)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    written["tasks"][0]["slices"] = []
    message, q = "{{ row['Customer Message'] }}", "{{ q }}"
    cases = {
        "{row['Customer Message']}": message,
        '{ row["Customer Message"] }': message,
        "{Customer Message}": message,
        "{row['q']}": q,
        "{row.q}": q,
        "{q}": q,
        '{"label": 1} {{ row["Customer Message"] }} {{ q }} {other} \\boxed{q}': None,
    }
    for prompt, meant in cases.items():
        for also in ("", " {{ id }}"):  # the prompt is then the same for all, or not
            written["tasks"][0]["prompt"] = prompt + also
            path = tmp_path / "suite.yaml"
            path.write_text(json.dumps(written), encoding="utf-8")
            ran = evalkit(capsys, "check", path)
            assert ran.code == 0
            assert (f"did you mean {meant}" in ran.out) if meant else ("did you mean" not in ran.out), (prompt, ran.out)


def test_what_history_is_worth_beside_rules_that_see_every_item_is_said_first(tmp_path: Path, capsys: Capture) -> None:
    path = suite(tmp_path, "t", False)
    written = json.loads(path.read_text("utf-8"))
    written["gate"]["history"] = "auto"
    for rule, said in (({"latency": "ttft_p95", "max_s": 1.2}, "nothing for rules about latency, which see"), ({}, "")):
        rules = [*written["gate"]["rules"], *([rule] if rule else [])]
        path.write_text(json.dumps({**written, "gate": {**written["gate"], "rules": rules}}), "utf-8")
        ran = evalkit(capsys, "check", path)
        out = " ".join(ran.out.split())
        assert ran.code == 0, ran.err
        assert (said in out) if said else ("gate, history" not in out), out


@pytest.mark.parametrize(
    ("rule", "run", "prices", "said"),
    [
        ({"latency": "ttft_p95", "max_ratio": 1.2}, {}, "", "can only be inconclusive: times compare only at one"),
        ({"latency": "ttft_p95", "max_ratio": 1.2}, {"in_flight": 2}, "", ""),
        ({"latency": "ttft_p95", "max_s": 1.2}, {}, "", ""),
        ({"cost": "usd_per_sample", "max_ratio": 0.5}, {}, "", "the price of base, cand is unknown, so the rule can"),
        ({"cost": "usd_per_sample", "max_usd": 0.5}, {}, "", "the price of cand is unknown"),
        ({"cost": "usd_per_sample", "max_usd": 0.5}, {}, "openai:gpt-4.1", ""),
        ({"quality": "t", "margin": 0.1, "labels": "random"}, {}, "", "labels: random changes nothing here"),
        ({"quality": "all", "margin": 0.1, "labels": "random"}, {}, "", "labels: random changes nothing here"),
    ],
)
def test_a_rule_that_can_decide_nothing_is_named_before_anything_is_paid(
    tmp_path: Path, capsys: Capture, rule: dict[str, object], run: dict[str, object], prices: str, said: str
) -> None:
    path = suite(tmp_path, "t", False)
    written = json.loads(path.read_text("utf-8"))
    written["gate"]["rules"].append(rule)
    written["models"]["cand"] |= {"price_as": prices} if prices else {}
    path.write_text(json.dumps({**written, "run": run}), "utf-8")
    for command in ("check", "plan"):
        ran = evalkit(capsys, command, path)
        out = " ".join(ran.out.split())
        assert ran.code == 0, ran.err
        assert (said in out) if said else ("note: gate" not in out), out
    if "labels" in rule:
        ran = evalkit(capsys, "run", path, "--gate", "--results", tmp_path / "results")
        assert said in " ".join(ran.out.split()), ran
        assert said in " ".join(ran.err.split()), "and before the first request"
