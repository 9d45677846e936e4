"""The person's policy decides which endpoints may receive which prompts; what it does not know refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.errors import UserError
from evalkit.suite.policy import read_policy
from evalkit.suite.sensitivity import Sensitivity
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
POLICY = """
endpoints:
  - hosts: [api.openai.com]
    region: eu
    jurisdiction: US
    retention_days: 30
    trains_on_data: false
    certificates: [SOC2]
  - hosts: [.corp.example]
    region: eu
    jurisdiction: EU
    retention_days: 0
    trains_on_data: false
    certificates: [SOC2, ISO27001]
  - hosts: [free.corp.example]
    trains_on_data: true
  - {hosts: [unknown.example]}
sensitivity:
  public: {}
  internal: {trains_on_data: false, retention_days_at_most: 30, jurisdictions: [EU, US]}
  restricted: {regions: [EU], certificates: [iso27001], retention_days_at_most: 0, endpoints: [.corp.example]}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "person" / "policy.yaml"
    path.parent.mkdir()
    path.write_text(POLICY, "utf-8")
    return path


@pytest.mark.parametrize(
    ("level", "host", "why"),
    [
        ("public", "anywhere.example", None),
        ("internal", "api.openai.com", None),
        ("internal", "gw.corp.example", None),
        ("restricted", "gw.corp.example", None),
        ("restricted", "a.b.corp.example", None),
        ("internal", "anywhere.example", "does not list it"),
        ("internal", "api.openai.com.evil.example", "does not list it"),
        ("internal", "evilcorp.example", "does not list it"),
        ("internal", "corp.example", "does not list it"),
        ("internal", "free.corp.example", "trains on prompts"),
        ("internal", "free.corp.example", "keeps prompts for an unknown time"),
        ("internal", "unknown.example", "may train on prompts (unknown)"),
        ("internal", "unknown.example", "jurisdiction is unknown"),
        ("restricted", "api.openai.com", "goes to .corp.example only"),
        ("restricted", "api.openai.com", "for 30 days"),
        ("restricted", "api.openai.com", "not known to have iso27001"),
        ("restricted", "unknown.example", "region is unknown"),
    ],
)
def test_what_is_known_is_held_against_what_the_level_asks(
    policy: Path, level: Sensitivity, host: str, why: str | None
) -> None:
    found = read_policy(policy).refusals(level, host)
    assert found == () if why is None else any(why in one for one in found), found


def test_a_level_that_the_policy_leaves_out_goes_to_nobody(policy: Path) -> None:
    policy.write_text("sensitivity: {public: {}}\n")
    assert read_policy(policy).refusals("internal", "api.openai.com") == ("policy.yaml says nothing of internal",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "policy.yaml:1:"),
        ("sensitivity: {internal: {trains_on_data: true}}", "sensitivity.internal.trains_on_data"),
        ("sensitivity: {secret: {}}", "sensitivity.secret: unknown key"),
        ("endpoints: [{hosts: []}]\nsensitivity: {}", "endpoints[0].hosts"),
        ("endpoints: [{hosts: [a], retention_days: never}]\nsensitivity: {}", "endpoints[0].retention_days"),
        ("endpoints: [{hosts: [a], retention: 3}]\nsensitivity: {}", "endpoints[0].retention: unknown key"),
        ("a: &x 1\nb: *x", "anchors"),
        ("{", "not valid YAML"),
    ],
)
def test_a_policy_that_says_something_else_is_refused_with_its_place(policy: Path, text: str, expected: str) -> None:
    policy.write_text(text)
    with pytest.raises(UserError, match=r"policy\.yaml") as caught:
        read_policy(policy)
    assert expected in str(caught.value)


def write(folder: Path, *, sensitivity: str = "internal", model: str = "", judge: str = "", extra: str = "") -> Path:
    (folder / "items.jsonl").write_text('{"id": "1", "q": "x"}\n')
    model = model or f"{{adapter: openai, model: x, settings: {{extra: {extra or '{}'}}}}}"
    score = "{judge: {by: j, rubric: judge_rating}}" if judge else "contains"
    target = "" if judge else ", target: B"
    judges = f"judges:\n  j: {judge}\n" if judge else ""
    path = folder / "suite.yaml"
    path.write_text(
        f"name: s\nsensitivity: {sensitivity}\nmodels:\n  m: {model}\n{judges}tasks:\n"
        f"  - {{name: t, data: items.jsonl, prompt: '{{{{ q }}}}'{target}, score: {score}}}\n",
        "utf-8",
    )
    return path


def test_models_judges_and_what_providers_pass_on_are_checked_before_anything_is_sent(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, policy: Path
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "k")
    words = ("--policy", policy)
    fine = evalkit(capsys, "check", write(tmp_path), *words)
    assert fine.code == 0
    assert "prompts of m go to api.openai.com: region eu, jurisdiction US, kept for 30 days, no training" in fine.out
    for command in ("check", "plan", "run"):
        ran = evalkit(capsys, command, write(tmp_path, model="{adapter: anthropic, model: x}"), *words)
        assert ran.code == 2 and "policy.yaml does not list it" in ran.err
    ran = evalkit(capsys, "check", write(tmp_path, judge="{adapter: anthropic, model: x}"), *words)
    assert ran.code == 2 and "judges.j: prompts" in ran.err
    tool = '{tools: [{type: mcp, server_url: "https://%s/x"}]}'
    ran = evalkit(capsys, "check", write(tmp_path, extra=tool % "free.corp.example"), *words)
    assert ran.code == 2 and "free.corp.example: it keeps prompts" in ran.err
    assert evalkit(capsys, "check", write(tmp_path, extra=tool % "gw.corp.example"), *words).code == 0
    ran = evalkit(capsys, "check", write(tmp_path, extra="{tools: [{type: web_search}]}"), *words)
    assert ran.code == 2 and "--allow-callout web_search" in ran.err
    assert evalkit(capsys, "check", write(tmp_path, sensitivity="restricted"), *words).code == 2
    asking = policy.with_name("asking.yaml")
    asking.write_text(policy.read_text().replace("public: {}", "public: {regions: [eu]}"))
    for extra, model in (("{tools: [{type: web_search}]}", "x"), ("{browsing: true}", "x"), ("{}", "x-search-preview")):
        public = write(
            tmp_path,
            extra=extra,
            sensitivity="public",
            model=f"{{adapter: openai, model: {model}, settings: {{extra: {extra}}}}}",
        )
        assert evalkit(capsys, "check", public, *words).code == 0
        ran = evalkit(capsys, "check", public, "--policy", asking)
        assert ran.code == 2 and "public has requirements" in ran.err, "a place that nobody knows meets none"
        kind = "browsing" if "browsing" in extra else "web_search"
        assert evalkit(capsys, "check", public, "--policy", asking, "--allow-callout", kind).code == 0
    monkeypatch.setenv("EVALKIT_POLICY", str(policy))
    assert evalkit(capsys, "check", write(tmp_path, model="{adapter: anthropic, model: x}")).code == 2
    monkeypatch.setenv("EVALKIT_POLICY", str(policy.with_name("nowhere.yaml")))
    ran = evalkit(capsys, "check", write(tmp_path))
    assert ran.code == 2 and "cannot be read" in ran.err


def test_a_policy_beside_the_suite_is_not_read_by_itself(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    (tmp_path / "policy.yaml").write_text("sensitivity: {restricted: {}}\n")
    ran = evalkit(capsys, "check", write(tmp_path, model="{adapter: anthropic, model: x}", sensitivity="restricted"))
    assert ran.code == 2 and "may not go to api.anthropic.com" in ran.err


def test_the_run_records_who_received_what_under_which_policy(tmp_path: Path, capsys: Capture, policy: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as server:
        suite = write(tmp_path, model=f'{{adapter: openai-chat, model: x, base_url: "{server.base_url}"}}')
        ran = evalkit(capsys, "run", suite, "--policy", policy, "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    told = json.loads((folder / "run.json").read_text())["egress"]
    assert told["sensitivity"] == "internal"
    assert told["policy"]["file"] == "policy.yaml" and len(told["policy"]["sha256"]) == 64
    assert told["receivers"] == {"m": {"host": "127.0.0.1", "known": "this machine", "passed_on": []}}


def test_the_gate_refuses_a_run_that_was_made_under_another_policy(
    tmp_path: Path, capsys: Capture, policy: Path
) -> None:
    one = "{adapter: scripted, replies: {'*': B}}"
    suite = write(tmp_path, model=f"{one}\n  n: {one}")
    text = suite.read_text("utf-8") + "gate: {baseline: m, candidates: [n], rules: [{quality: all, margin: 0.5}]}\n"
    suite.write_text(text, "utf-8")
    results = ("--results", tmp_path / "results")
    assert evalkit(capsys, "run", suite, "--policy", policy, *results, "--no-cache").code == 0
    judge = ("gate", "latest", "--suite", suite, "--policy", policy, *results)
    assert "under policy.yaml" not in evalkit(capsys, *judge).err
    policy.write_text(POLICY.replace("retention_days: 30", "retention_days: 29"), "utf-8")
    refused = evalkit(capsys, *judge)
    assert refused.code == 2
    assert "the run was not made under policy.yaml as it is now" in refused.err
    assert "again under that policy" in refused.err
    alone = evalkit(capsys, "gate", "latest", "--policy", policy, *results)
    assert alone.code == 2 and "was not made under policy.yaml" in alone.err
    assert evalkit(capsys, "gate", "latest", "--policy", tmp_path / "nowhere.yaml", *results).code == 2
    policy.write_text(POLICY, "utf-8")
    assert evalkit(capsys, "gate", "latest", "--policy", policy, *results).code != 2


def test_a_resumed_run_keeps_the_weaker_word_that_its_answers_were_sent_under(
    tmp_path: Path, capsys: Capture, policy: Path
) -> None:
    """Else a run could be made as public, and be shown to the gate as restricted by resuming it."""
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B")) as server:
        model = f'{{adapter: openai-chat, model: x, base_url: "{server.base_url}"}}'
        suite = write(tmp_path, model=model, sensitivity="public")
        assert evalkit(capsys, "run", suite, "--results", results, "--no-cache").code == 0
        (folder,) = run_folders(results)
        write(tmp_path, model=model, sensitivity="restricted")
        words = ("--resume", folder, "--policy", policy)
        ran = evalkit(capsys, "run", suite, "--results", results, "--no-cache", *words)
        assert ran.code == 0, ran.err
    told = json.loads((folder / "run.json").read_text())
    assert told["suite_resolved"]["sensitivity"] == told["egress"]["sensitivity"] == "public"
    assert told["egress"]["policy"] is None


def test_a_host_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "endpoints:\n  - {hosts: [api.example], trains_on_data: false}\n"
        "  - {hosts: [other.example, API.example], trains_on_data: true}\nsensitivity: {public: {}}\n"
    )
    with pytest.raises(UserError, match=r"API\.example is listed in endpoints\[0\] already"):
        read_policy(path)
