"""`adapter: pipeline`: a guard before and behind another model, with both bills and both times."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.at_hand import AtHand
from evalkit.api.planning import suite_at
from evalkit.cost.prices import PriceBook
from evalkit.decide.gate_trust import GateTrust
from evalkit.engine.plan import PlanOptions, make_plan
from evalkit.engine.serving import lanes_of
from evalkit.errors import BadReply
from evalkit.records import Stage, Timing, Usage
from evalkit.results.rows import read_rows
from evalkit.results.stages import read_stages
from evalkit.store import runs, stage_codec
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.test_gate_allow_list import is_refused
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
GUARD = {"answers": {"password": "unsafe\nS7"}, "reply": "safe", "output_tokens": 1}


class World:
    """A guard and a model, each at a server of its own, and 20 items of which two hold a password."""

    def __init__(self, folder: Path, guard: FakeProvider, model: FakeProvider, capsys: Capture) -> None:
        self.folder, self.guard, self.model, self.capsys = folder, guard, model, capsys
        with (folder / "items.jsonl").open("w") as items:
            for n in range(20):
                said = f"Is it {n}? My password is tulip." if n in {3, 7} else f"Is it {n}?"
                items.write(json.dumps({"id": f"q{n}", "question": said, "answer": "B"}) + "\n")

    def entry(self, at: FakeProvider, **more: Any) -> dict[str, Any]:
        settings = {"max_output_tokens": 16}
        return {
            "adapter": "openai_chat", "model": "m", "base_url": at.base_url, "settings": settings,
            "price_as": "openai:gpt-4.1", **more,
        }  # fmt: skip

    def suite(self, name: str = "s.yaml", *, rules: str = "", **changes: Any) -> Path:
        safe = {"adapter": "pipeline", "model": "bot", "before": "guard", "blocked": "unsafe", "passed": "safe"}
        models = {
            "bot": self.entry(self.model),
            "guard": self.entry(self.guard, alone=False),
            "safe": {**safe, **changes.pop("safe", {})},
            **changes.pop("models", {}),
        }
        models = {key: value for key, value in models.items() if value is not None}
        task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ question }}"}
        task |= {"target": "{{ answer }}", "score": "exact", **changes.pop("task", {})}
        top = {"name": "guards", "models": models, "tasks": [task], "run": {"in_flight": 4, **changes.pop("run", {})}}
        lines = [f"{key}: {json.dumps(value)}" for key, value in {**top, **changes}.items()]
        if rules:
            lines.append(f"gate: {{baseline: bot, candidates: [safe], early_stop: 'off', rules: [{rules}]}}")
        (self.folder / name).write_text("\n".join(lines))
        return self.folder / name

    def run(self, suite: Path, *options: object, code: int = 0, results: str = "r") -> Path:
        ran = evalkit(self.capsys, "run", suite, "--results", self.folder / results, *options)
        assert ran.code == code, ran.out + ran.err
        return run_folders(self.folder / results)[-1]

    def rows(self, folder: Path, *columns: str) -> list[dict[str, Any]]:
        found = read_rows(folder, [*columns, "sample_id", "stages"], model="safe").to_pylist()
        return [{**row, "stages": json.loads(row["stages"] or "null")} for row in found]


@pytest.fixture
def world(tmp_path: Path, capsys: Capture) -> Iterator[World]:
    with (
        FakeProvider.in_thread(Behaviour().changed(GUARD)) as guard,
        FakeProvider.in_thread(Behaviour(reply="B", output_tokens=1)) as model,
    ):
        yield World(tmp_path, guard, model, capsys)


def test_what_a_guard_blocks_is_refused_and_never_reaches_the_model(world: World) -> None:
    rows = world.rows(world.run(world.suite()), "outcome", "refusal", "text", "cost_usd", "total_s", "input_tokens")
    blocked = {row["sample_id"]: row for row in rows if row["outcome"] == "refused"}
    assert blocked.keys() == {"q3", "q7"} and len(rows) == 20
    assert blocked["q3"]["refusal"] == "blocked by guard: unsafe\nS7" and blocked["q3"]["text"] == ""
    assert [stage["model"] for stage in blocked["q3"]["stages"]] == ["guard"]
    assert len(world.model.account) == 20 + 18  # bot by itself, and behind the guard
    assert len(world.guard.account) == 20
    for row in rows:
        parts = row["stages"]
        assert row["cost_usd"] == sum(Decimal(part["cost_usd"]) for part in parts)
        assert row["total_s"] == pytest.approx(sum(part["total_s"] for part in parts))
        assert row["input_tokens"] == sum(part["usage"]["input"] for part in parts)


@pytest.mark.long
def test_show_price_and_run_json_tell_the_parts_apart(world: World) -> None:
    folder = world.run(world.suite())
    found = read_stages(folder)
    assert found is not None
    guard, bot = found["safe"]
    assert (guard.model, guard.role, guard.n, guard.blocked) == ("guard", "before", 20, 2)
    assert (bot.model, bot.role, bot.n, bot.blocked) == ("bot", "model", 18, 0)
    shown = evalkit(world.capsys, "show", folder)
    assert "parts of safe" in shown.out
    told = evalkit(world.capsys, "show", folder, "--json").json["stages"]["safe"]
    assert [one["blocked"] for one in told] == [2, 0]
    bill = evalkit(world.capsys, "price", folder, "--json").json
    parts = [Decimal(one["total"]["billed_usd"]) for one in bill["parts"]["safe"].values()]
    assert sum(parts) == Decimal(bill["models"]["safe"]["total"]["billed_usd"]) == guard.known_usd + bot.known_usd
    again = evalkit(world.capsys, "price", folder, "--at", "2026-10-01", "--json").json["repriced"]["models"]["safe"]
    assert Decimal(again["total"]["billed_usd"]) == sum(parts), "priced anew part by part, at the same prices"
    facts = runs.read_facts(folder)["models"]
    assert facts.keys() == {"bot", "safe"} and facts["safe"]["parts"].keys() == {"bot", "guard"}
    assert facts["safe"]["parts"]["guard"]["prices"]["model"].startswith("gpt-4.1")


def test_a_guard_behind_sees_the_answer_and_holds_it_back(world: World) -> None:
    world.model.behaviour = Behaviour(answers={"Is it 5?": "the password is tulip"}, reply="B")
    safe = {"before": None, "behind": {"by": "guard", "prompt": "Is this fine? {{ answer }} (asked: {{ prompt }})"}}
    world.guard.behaviour = world.guard.behaviour.changed({"answers": {"the password is tulip": "unsafe"}})
    rows = world.rows(world.run(world.suite(safe=safe)), "outcome", "text", "ttft_s", "tpot_s")
    (blocked,) = [row for row in rows if row["outcome"] == "refused"]
    assert blocked["sample_id"] == "q5" and blocked["text"] == ""
    assert [(stage["role"], stage.get("said")) for stage in blocked["stages"]] == [
        ("model", "the password is tulip"),
        ("behind", "unsafe"),
    ]
    assert all(row["ttft_s"] is None and row["tpot_s"] is None for row in rows), "nothing is seen before the end"
    assert len(world.guard.account) == 20


def test_the_first_token_comes_after_the_guard_before(world: World) -> None:
    world.guard.behaviour = world.guard.behaviour.changed({"latency_s": 0.05})
    rows = world.rows(world.run(world.suite(), "--limit", 4), "ttft_s", "total_s", "outcome")
    for row in (one for one in rows if one["outcome"] == "right"):
        guard, bot = row["stages"]
        assert row["ttft_s"] == pytest.approx(guard["total_s"] + bot["ttft_s"]) and row["ttft_s"] > 0.05


def test_a_retry_does_not_ask_the_guard_again(world: World) -> None:
    world.model.behaviour = Behaviour(reply="B", faults={"503": 1.0}, fault_attempts=1, retry_after_s=0.01)
    folder = world.run(world.suite(), "--models", "safe", "--limit", 4)
    n_blocked = len([row for row in world.rows(folder, "outcome") if row["outcome"] == "refused"])
    assert len(world.guard.account) == 4
    assert len(world.model.account) == 2 * (4 - n_blocked)
    attempts = read_rows(folder, ["attempts", "outcome"], model="safe").to_pylist()
    assert {row["attempts"] for row in attempts if row["outcome"] == "right"} == {2}


@pytest.mark.parametrize("failing", ["before", "behind"])
def test_what_parts_billed_before_another_failed_is_booked_and_held_by_the_cap(world: World, failing: str) -> None:
    broken = Behaviour(faults={"400": 1.0})
    dear = Behaviour(reply="safe", input_tokens=2_000, output_tokens=1_000)  # $0.012 by gpt-4.1
    world.guard.behaviour, world.model.behaviour = (dear, broken) if failing == "before" else (broken, dear)
    cap, paid = 0.05, world.guard if failing == "before" else world.model
    safe = {"before": None, "behind": None, failing: "guard"}
    models = {"guard": world.entry(world.guard, alone=False, settings={"max_output_tokens": 1_000})}
    models["bot"] = world.entry(world.model, alone=False, settings={"max_output_tokens": 1_000})
    suite = world.suite(safe=safe, models=models, run={"in_flight": 1, "max_cost_usd": cap, "max_error_rate": 1})
    folder = world.run(suite, code=4)
    billed = len(paid.account) * Decimal("0.012")
    assert 0 < billed <= Decimal(str(cap)), "the cap holds"
    assert Decimal(runs.read_facts(folder)["spent_usd"]) == billed
    rows = read_rows(folder, ["outcome", "spend_usd", "error"], model="safe").to_pylist()
    assert {row["outcome"] for row in rows} == {"errored"} and {row["spend_usd"] for row in rows} == {Decimal("0.012")}
    who = "guard" if failing == "before" else "bot"
    assert all(f"{who} had answered before, at $0.012" in row["error"] for row in rows)
    bill = evalkit(world.capsys, "price", folder, "--json").json
    assert bill["models"]["safe"]["total"]["n_errored"] == len(rows)
    n_before = len(paid.account)
    world.run(suite, code=4)
    assert len(paid.account) == n_before, "a resumed run knows what was spent"


def test_a_guard_behind_that_fails_once_is_asked_again_without_the_model(world: World) -> None:
    world.guard.behaviour = Behaviour(reply="safe", faults={"503": 1.0}, fault_attempts=1, retry_after_s=0.01)
    behind = {"by": "guard", "prompt": "{{ prompt }}: {{ answer }}"}
    folder = world.run(world.suite(safe={"before": None, "behind": behind}), "--models", "safe", "--limit", 3)
    assert len(world.model.account) == 3 and len(world.guard.account) == 2 * 3
    for row in world.rows(folder, "attempts", "outcome", "cost_usd"):
        assert (row["attempts"] == 2 and row["outcome"] == "wrong") or row["outcome"] == "right"
        assert row["cost_usd"] == sum(Decimal(part["cost_usd"]) for part in row["stages"])


def test_the_model_of_a_pipeline_keeps_its_own_prompt(world: World) -> None:
    bot = world.entry(world.model, system="Say B.", prompt={"t": "Well: {{ question }}"})
    plain = {"adapter": "pipeline", "model": "bot+own", "behind": "guard", "blocked": "unsafe"}
    other = {"adapter": "pipeline", "model": "bot", "behind": "guard", "blocked": "unsafe", "system": "Say A."}
    own = {"own": {"prompt": "Own: {{ question }}", "models": ["bot"]}}
    suite = world.suite(models={"bot": bot, "varied": plain, "other": other}, prompts=own)
    folder = world.run(suite, "--limit", 1)
    asked = {row["model"]: row["prompt"] for row in read_rows(folder, ["model", "prompt"]).to_pylist()}
    said = {name: [turn["content"] for turn in json.loads(prompt)] for name, prompt in asked.items()}
    said_plainly = said["bot"][1].removeprefix("Well: ")
    assert said["bot"] == said["safe"] == ["Say B.", f"Well: {said_plainly}"]
    assert said["bot+own"] == said["varied"] == ["Say B.", f"Own: {said_plainly}"]
    assert said["other"] == ["Say A.", f"Well: {said_plainly}"]


def test_a_guard_that_says_neither_has_failed_and_blocks_nobody_in_silence(world: World) -> None:
    world.guard.behaviour = Behaviour(reply="I am not sure.")
    folder = world.run(world.suite(run={"timeout_s": 2.0}), "--models", "safe", "--limit", 1, code=4)
    (row,) = read_rows(folder, ["outcome", "error_kind", "error"], model="safe").to_pylist()
    assert (row["outcome"], row["error_kind"]) == ("errored", "bad_reply")
    assert "the guard said neither that it blocks nor that it passes: 'I am not sure.'" in row["error"]


@pytest.mark.parametrize(
    ("rule", "said", "blocks"),
    [
        ("unsafe", "UNSAFE.\nS1", True),
        ("unsafe", "Safe", False),
        ("unsafe", "not unsafe", False),
        (["no", "block"], "Block: it asks for a secret", True),
        ({"text": "policy violation"}, "This is a Policy Violation of kind 3", True),
        ({"text": "policy violation"}, "fine", False),
        ({"regex": "score: [89]"}, "risk score: 9", True),
        ({"regex": "score: [89]"}, "risk score: 1", False),
        ({"json_at": "verdict", "values": ["deny"]}, '```json\n{"verdict": "deny"}\n```', True),
        ({"json_at": "flagged"}, '{"flagged": true}', True),
        ({"json_at": "flagged"}, '{"flagged": "true"}', False),
        ({"json_at": "scores.harm", "above": 0.5}, '{"scores": {"harm": 0.7}}', True),
        ({"json_at": "scores.harm", "above": 0.5}, '{"scores": {"harm": "0.7"}}', None),
        ({"json_at": "scores.harm", "above": 0.5}, f'{{"scores": {{"harm": {"9" * 5_000}}}}}', None),
        ({"json_at": "scores.harm", "above": 0.5}, '{"scores": {"harm": NaN}}', None),
        ({"json_at": "scores.harm", "above": 0.5}, "no JSON", None),
        ({"json_at": "flagged"}, '{"flagged": tr', None),
        ({"json_at": "flagged"}, "{}", False),
        ("unsafe", "\n", None),
        ("unsafe", "\ufeffun\u200bsafe", True),
        ({"text": "unsafe"}, "It is ｕｎｓａｆｅ.", True),
    ],
)
def test_what_counts_as_blocked(world: World, rule: Any, said: str, blocks: bool | None) -> None:
    """None: it cannot be told, and the guard has failed."""
    world.guard.behaviour = Behaviour(reply=said)
    suite = suite_at(world.suite(safe={"blocked": rule, "passed": None}))
    plan = make_plan(suite, PlanOptions(models=("safe",)), PriceBook.load(None))
    (model,) = plan.work.models
    (task,) = plan.work.tasks

    async def ask() -> bool | None:
        from evalkit.engine.asking import request_of
        from evalkit.engine.work import Item

        try:
            sample = next(iter(task.samples()))
            return (await model.adapter.respond(request_of(Item(task, sample, model, 0)))).text == ""
        except BadReply:
            return None
        finally:
            await plan.aclose()

    assert asyncio.run(ask()) is blocks


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"safe": {"before": "gard"}},
            "models.safe.before: there is no model 'gard' in the suite; did you mean 'guard'?",
        ),
        ({"safe": {"model": None}}, "models.safe.model: is required, and missing"),
        ({"safe": {"before": None}, "loose": True}, "models.safe: has no guard"),
        ({"safe": {"blocked": None, "passed": None}}, "models.safe.before: nothing says what counts as blocked"),
        ({"safe": {"blocked": {"label": "a", "text": "b"}}}, "give one of label, text, regex and json_at"),
        ({"safe": {"blocked": {"regex": "(?<=a)b"}}}, "is not a regular expression that RE2 reads"),
        (
            {"safe": {"before": {"by": "guard", "prompt": "{{ answer }}"}}},
            "{{ answer }} is nothing that a guard",
        ),
        ({"safe": {"before": {"by": "guard", "prompt": "{{ x"}}}, "models.safe.before.prompt: is not a valid template"),
        ({"safe": {"before": {"by": "guard", "pompt": "x"}}}, "pompt: unknown key; did you mean prompt?"),
        ({"safe": {"before": {"by": "safe"}}, "loose": True}, "safe is a pipeline itself"),
        ({"safe": {"settings": {"seed": 1}}}, "models.safe.settings: belong to its parts"),
        (
            {"guard": {"system": "Say safe or unsafe."}},
            "models.guard.system: a guard is not asked with a system of its own; write it where it guards, "
            "models.safe.before: {by: guard, system: ...}",
        ),
        ({"safe": {"prompt": {"t": "x"}}, "bot": {"prompt": "y"}}, "models.safe.prompt: names tasks, and that of bot"),
        ({"safe": {"base_url": "http://127.0.0.1:9"}}, "models.safe.base_url: belongs to its parts"),
        ({"safe": {"alone": False}}, "models.safe.alone: is false, and no pipeline of the suite has this model"),
        ({"safe": None, "models": {"safe": None}}, "models.guard.alone: is false, and no pipeline"),
        ({"judges": {"j": {"adapter": "pipeline", "model": "bot"}}}, "a judge is one model, and no pipeline"),
        (
            {"rules": "{quality: all, margin: 0.1}", "guarded": True},
            "'guard' is asked no task by itself",
        ),
        (
            {"task": {"choices": ["A", "B"], "mode": "likelihood", "score": "choice"}},
            "mode likelihood needs the log-likelihood",
        ),
    ],
)
def test_what_is_no_pipeline_is_said(world: World, changes: dict[str, Any], complaint: str) -> None:
    guarded = changes.pop("guarded", False)
    if changes.pop("loose", False):
        changes["models"] = {"guard": world.entry(world.guard)}
    if changes.get("safe") is None and "safe" in changes:
        changes.pop("safe")
    for name, at in (("guard", world.guard), ("bot", world.model)):
        if name in changes:
            changes["models"] = {name: world.entry(at, **changes.pop(name))}
    suite = world.suite(**changes)
    if guarded:
        suite.write_text(suite.read_text().replace("candidates: [safe]", "candidates: [guard]"))
    ran = evalkit(world.capsys, "check", suite)
    assert ran.code == 2, ran.out
    assert complaint in " ".join(ran.err.split())


def test_check_and_plan_name_every_part_and_the_policy_sees_each(world: World) -> None:
    suite = world.suite()
    said = evalkit(world.capsys, "check", suite).out
    assert "safe: pipeline of model bot, before guard" in said
    assert "guard: openai_chat, prompts go to 127.0.0.1, priced by" in said
    apart = evalkit(world.capsys, "check", suite, "--models", "guard")
    assert apart.code == 2 and "only asked as a part of a pipeline" in apart.err
    elsewhere = suite.read_text().replace(world.guard.base_url, "https://guard.example/v1")
    suite.write_text(elsewhere)
    allowed = evalkit(world.capsys, "plan", suite, "--allow-key-host", "guard.example", "--json").json["models"]
    assert {one["model"]: one["receiver"] for one in allowed}["safe"] == "127.0.0.1, guard.example"
    refused = evalkit(world.capsys, "check", suite, "--models", "safe")
    assert refused.code == 2
    assert "models.guard: prompts of a suite with sensitivity: internal may not go to guard.example" in refused.err


def test_a_forecast_and_a_cap_count_the_guard(world: World) -> None:
    told = {one["model"]: one for one in evalkit(world.capsys, "plan", world.suite(), "--json").json["models"]}
    assert Decimal(told["safe"]["usd"]["high"]) > Decimal(told["bot"]["usd"]["high"])
    endless = world.entry(world.guard, alone=False, settings={})
    capped = evalkit(world.capsys, "check", world.suite(models={"guard": endless}, run={"max_cost_usd": 1}))
    assert capped.code == 2 and "max_output_tokens of its guard guard is not set" in " ".join(capped.err.split())
    assert evalkit(world.capsys, "check", world.suite(run={"max_cost_usd": 1})).code == 0


def test_a_pipeline_is_resumed_and_kept_as_other_models_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(world.folder / "cache"))
    kept = {"bot": world.entry(world.model, weights="1"), "guard": world.entry(world.guard, weights="1", alone=False)}
    suite = world.suite(models=kept)
    world.run(suite, "--models", "safe", results="r1")
    second = world.run(suite, "--models", "safe", results="r2")
    cached = read_rows(second, ["cached", "cost_usd", "spend_usd", "outcome", "stages"], model="safe").to_pylist()
    assert all(row["cached"] for row in cached), "what was blocked too: who asks only that again chooses what is left"
    one = next(row for row in cached if row["cached"])
    assert one["spend_usd"] == 0 and one["cost_usd"] == sum(Decimal(p["cost_usd"]) for p in json.loads(one["stages"]))
    kept["guard"] = world.entry(world.guard, weights="2", alone=False)
    third = world.run(world.suite(models=kept), "--models", "safe", results="r3")
    assert not any(read_rows(third, ["cached"], model="safe").column("cached").to_pylist()), "another guard"


def test_parts_that_others_use_too_share_one_limit(world: World) -> None:
    def lanes(**models: Any) -> list[str]:
        suite = suite_at(world.suite(models=models))
        plan = make_plan(suite, PlanOptions(), PriceBook.load(None))
        asyncio.run(plan.aclose())
        return sorted(lane.name for lane, _ in lanes_of(plan.work))

    bot, guard = (one.base_url.removeprefix("http://").removesuffix("/v1") for one in (world.model, world.guard))
    assert lanes() == [bot]
    assert lanes(other=world.entry(world.guard)) == [" + ".join(sorted([bot, guard]))]


def test_what_a_guard_said_is_redacted_before_it_is_stored(world: World) -> None:
    world.guard.behaviour = Behaviour(answers={"password": "unsafe, write to ada@example.org"}, reply="safe")
    redact = {"what": ["email"], "where": ["sending", "storing"]}
    rows = world.rows(world.run(world.suite(redact=redact)), "refusal", "outcome", "redacted")
    blocked = [row for row in rows if row["outcome"] == "refused"]
    assert len(blocked) == 2 and "ada@" not in json.dumps(blocked)
    assert blocked[0]["stages"][0]["said"] == "unsafe, write to [EMAIL]"


# The gate

RULES = "{quality: all, margin: 0.3}, {cost: usd_per_sample, max_ratio: 9}, {latency: total_p50, max_ratio: 99}"


def test_a_gate_decides_over_the_total_of_all_parts(world: World) -> None:
    suite = world.suite(rules=RULES)
    ran = evalkit(world.capsys, "run", suite, "--gate", "--results", world.folder / "r", "--json")
    assert ran.code in {0, 1, 3}, ran.err
    (decided,) = ran.json["gate"]["candidates"]
    told = {one["condition"]["kind"]: one["value"] for one in decided["findings"]}
    folder = run_folders(world.folder / "r")[-1]
    bot, safe = (
        sum(row["cost_usd"] for row in read_rows(folder, ["cost_usd"], model=name).to_pylist())
        for name in ("bot", "safe")
    )
    assert told["cost"] == pytest.approx(float(safe / bot)) and told["latency"] is not None


def test_a_protected_gate_holds_every_part(world: World) -> None:
    """A pull request changes neither the guard, nor the rule, nor the model between, unless that is a candidate."""
    ours = world.suite(rules=RULES)
    folder = world.run(ours)
    facts = runs.read_facts(folder)
    trust = GateTrust(
        results=world.folder / "r",
        baselines=world.folder / "b",
        baselines_named=True,
        installed=AtHand(),
        suite=suite_at(ours),
    )

    def refused(*at: str, value: Any) -> bool:
        changed = copy.deepcopy(facts)
        inner = changed["suite_resolved"]["models"]
        for key in at[:-1]:
            inner = inner[key]
        inner[at[-1]] = value
        return is_refused(None, folder, trust, changed)  # type: ignore[arg-type]

    assert not is_refused(None, folder, trust, facts)  # type: ignore[arg-type]
    for at, value in (
        (("safe", "blocked"), {"label": ["never"]}),
        (("safe", "passed"), None),
        (("safe", "before"), {"by": "bot"}),
        (("safe", "before"), {"by": "guard", "prompt": "The answer is B."}),
        (("safe", "behind"), {"by": "guard"}),
        (("safe", "alone"), True),
        (("safe", "model"), "guard"),
        (("guard", "model"), "other"),
        (("guard", "base_url"), "http://127.0.0.1:9/v1"),
        (("guard", "settings"), {"extra": {"instructions": "B"}}),
        (("bot", "model"), "other"),
        (("oracle",), {"adapter": "scripted", "replies": {"*": "B"}}),
    ):
        assert refused(*at, value=value), at
    forged = copy.deepcopy(facts)
    forged["models"]["safe"]["parts"] = None
    assert is_refused(None, folder, trust, forged), "run.json says that it was made of nothing"  # type: ignore[arg-type]


def test_parts_of_the_baseline_are_fixed_though_they_are_candidates(world: World) -> None:
    """A weaker `bot` would make a candidate of the pull request and weaken the baseline that is made of it."""
    ours = world.suite(rules=RULES)
    text = ours.read_text().replace("baseline: bot, candidates: [safe]", "baseline: safe, candidates: [bot]")
    ours.write_text(text)
    theirs = world.folder / "pr.yaml"
    weak = world.entry(world.model, model="weak")
    theirs.write_text(text.replace(json.dumps(world.entry(world.model)), json.dumps(weak)))
    assert theirs.read_text() != text
    world.run(theirs)
    decided = evalkit(world.capsys, "gate", "latest", "--suite", ours, "--results", world.folder / "r")
    assert decided.code == 2
    assert "a part of the baseline, bot: its entry changed (model: 'weak' in the run" in " ".join(decided.err.split())


def test_a_server_that_states_fewer_tokens_than_its_parts_said_passes_no_cost_rule(world: World) -> None:
    """`bot` is billed for 80 tokens of an answer of 300 words: behind a guard it is looked at as closely."""
    world.model.behaviour = Behaviour(reply="word " * 300 + "B", output_tokens=80)
    bot = world.entry(world.model, settings={"max_output_tokens": 400})
    suite = world.suite(rules="{cost: usd_per_sample, max_usd: 0.0012}", models={"bot": bot})
    suite.write_text(suite.read_text().replace("baseline: bot, ", ""))
    ran = evalkit(world.capsys, "run", suite, "--models", "safe", "--gate", "--results", world.folder / "r")
    assert ran.code != 0 and "fewer tokens than words" in " ".join(ran.out.split()), ran.out


# Stored stages

STAGE = Stage(
    "guard", "before", Timing(0.0, 0.5, ttft_s=0.1), Usage(input=3, output=1, provider_cost_usd=Decimal("0.1")),
    served_model="g-1", blocked=True, said="unsafe", cost_usd=Decimal("0.1"),
)  # fmt: skip


def test_stages_come_back_as_they_were_and_odd_ones_are_none() -> None:
    written = json.loads(json.dumps(stage_codec.as_json([STAGE, Stage("bot", "model", Timing(0.0, 1.0))])))
    assert stage_codec.fits(written)
    assert stage_codec.from_json(written) == (STAGE, Stage("bot", "model", Timing(0.0, 1.0)))
    assert stage_codec.from_json(written)[0] == replace(STAGE)
    for key, value in [
        ("role", "beside"), ("model", 5), ("total_s", "x"), ("total_s", None), ("usage", {"input": -1}),
        ("cost_usd", "NaN"), ("cost_usd", 5), ("cost_usd", "1e300000000"), ("cost_usd", "-0.1"),
        ("cost_usd", "1e-99999"), ("usage", {"provider_cost_usd": "1e300000000"}),
        ("extra", 1), ("usage", {"beside": [1]}), ("usage", 3),
        ("said", ["x"]), ("served_model", {}),
    ]:  # fmt: skip
        assert not stage_codec.fits([{**written[0], key: value}]), (key, value)
    assert not stage_codec.fits([written[0]] * 17) and not stage_codec.fits({"a": 1})
