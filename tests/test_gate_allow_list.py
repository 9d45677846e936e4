"""`gate --suite` is an allow-list: every key of a run is the protected suite's or stands in a table, with a reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.at_hand import AtHand
from evalkit.api.planning import suite_at
from evalkit.decide.allowed_differences import ALLOWED, all_differences, row_for
from evalkit.decide.gate_run import checked_gate
from evalkit.decide.gate_trust import GateTrust
from evalkit.decide.run_facts_held import STANDING, Standing
from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.facts.walk import _records_in, fields_of, unknown_keys
from evalkit.results.pairs import NotComparable
from evalkit.store import runs
from evalkit.suite.tuning_fields import beyond_tuning
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, scores, stored
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]

EVERY_RULE = (
    "{quality: all, margin: 0.5}, {cost: usd_per_sample, max_ratio: 5, tail: smooth}, "
    "{latency: total_p50, max_ratio: 50}, {rate: refused, max_rate: 0.9}, {licence: [MIT]}"
)
QUALITY = "{quality: all, margin: 0.5}"


class World:
    """A protected suite and a pull request's, over the same 40 items, asked of one server."""

    def __init__(self, folder: Path, url: str, capsys: Capture) -> None:
        self.folder, self.url, self.capsys = folder, url, capsys
        with (folder / "items.jsonl").open("w") as items:
            for n in range(40):
                items.write(json.dumps({"id": f"q{n}", "question": f"Is it {n}?", "answer": "B", "n": n}) + "\n")

    def entry(self, model: str, **more: Any) -> dict[str, Any]:
        settings = {"max_output_tokens": 16, **more.pop("settings", {})}
        return {"adapter": "openai_chat", "model": model, "base_url": self.url, "settings": settings, **more}

    def suite(self, file: str, rules: str = QUALITY, **changes: Any) -> Path:
        cand = changes.pop("cand", None) or self.entry("cand", price_as="openai:gpt-4.1", licence="MIT")
        models = {"base": self.entry("base", price_as="openai:gpt-4.1"), "cand": cand, **changes.pop("models", {})}
        task = {
            "name": "t",
            "data": {"path": "items.jsonl", "id": "id"},
            "prompt": "{{ question }}",
            "target": "{{ answer }}",
            "choices": ["A", "B"],
            "score": "choice",
            **changes.pop("task", {}),
        }
        top = {
            "name": "allow-list",
            "sensitivity": "internal",
            "models": models,
            "tasks": [task],
            "run": {"in_flight": 4, **changes.pop("run", {})},
            **changes,
        }
        lines = [f"{key}: {json.dumps(value)}" for key, value in top.items() if value is not None]
        path = self.folder / file
        path.write_text(
            "\n".join([*lines, f"gate: {{baseline: base, candidates: [cand], early_stop: 'off', rules: [{rules}]}}"])
        )
        return path

    def run(self, suite: Path, *options: object) -> Ran:
        return evalkit(self.capsys, "run", suite, "--results", self.folder / "results", *options)

    def gate(self, suite: Path, *options: object) -> Ran:
        return evalkit(self.capsys, "gate", "latest", "--suite", suite, "--results", self.folder / "results", *options)

    def judged(self, theirs: Path, ours: Path) -> tuple[int, str]:
        ran = self.run(theirs)
        assert ran.code == 0, ran.err
        decided = self.gate(ours)
        return decided.code, " ".join((decided.out + decided.err).split())

    @property
    def latest(self) -> Path:
        return sorted(run_folders(self.folder / "results"))[-1]

    def trust(self, suite: Path) -> GateTrust:
        return GateTrust(
            results=self.folder / "results",
            baselines=self.folder / "baselines",
            baselines_named=True,
            installed=AtHand(),
            suite=suite_at(suite),
        )


@pytest.fixture
def world(tmp_path: Path, capsys: Capture) -> Iterator[World]:
    with FakeProvider.in_thread(Behaviour(reply="B", output_tokens=7)) as provider:
        yield World(tmp_path, provider.base_url, capsys)


# Every key, one by one


def other_values(value: Any) -> list[Any]:
    """Plausible values that are not this one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, 0 if value else 7]
    if isinstance(value, str):
        return ["public" if value != "public" else "restricted", f"{value}x"]
    if value is None:
        return ["x", 1, {"x": 1}]
    if isinstance(value, list):
        return [[*value, "x"], value[1:] if value else ["x", "y"]]
    return [{**value, "added_tomorrow": 1}]


def mutations(content: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(where, the whole document with one thing otherwise there): each leaf changed or taken away, each object with one
    key more."""

    def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
        whole = copy.deepcopy(value)
        inner = whole
        for key in path[:-1]:
            inner = inner[key]
        if new is _GONE:
            del inner[path[-1]]
        else:
            inner[path[-1]] = new
        return whole

    def walk(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
        if isinstance(value, dict):
            yield (*path, "added_tomorrow"), changed(content, (*path, "added_tomorrow"), 1)
            for key, inner in value.items():
                yield (*path, key), changed(content, (*path, key), _GONE)
                yield from walk(inner, (*path, key))
        elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            for n, inner in enumerate(value):
                yield from walk(inner, (*path, n))
        else:
            for new in other_values(value):
                yield path, changed(content, path, new)

    yield from walk(content, at)


_GONE = object()


def is_refused(world: World, folder: Path, trusted: GateTrust, facts: Mapping[str, Any]) -> bool:
    runs.write_facts(folder, facts)
    try:
        checked_gate(folder, trusted)
    except (NotComparable, StoreError):
        return True
    return False


def test_every_key_of_the_suite_is_held_or_stands_in_the_table(world: World) -> None:
    """Whatever single thing a run's suite says otherwise: refused, or a row of the table names it with its reason."""
    cand = world.entry("cand", price_as="openai:gpt-4.1", licence="MIT", settings={"temperature": 0.5})
    ours = world.suite("ours.yaml", EVERY_RULE, about="Letters.", cand=cand)
    assert world.run(ours).code == 0
    trusted, folder = world.trust(ours), world.latest
    facts = runs.read_facts(folder)
    assert not is_refused(world, folder, trusted, facts), "the suite's own run"
    resolved = facts["suite_resolved"]
    tried, passed = 0, set()
    for at, changed in mutations(resolved):
        if not list(all_differences(changed, resolved)):
            continue  # null, and not there
        tried += 1
        if not is_refused(world, folder, trusted, {**facts, "suite_resolved": changed}):
            named = tuple("t" if n == 1 and at[0] == "tasks" else str(key) for n, key in enumerate(at))
            passed.add(named)
            assert row_for(named, ["cand"]) is not None, f"{named}: neither refused nor in the table"
    assert tried > 150
    assert {("about",), ("run", "max_cost_usd"), ("models", "cand", "settings", "temperature")} <= passed
    held = {key for key in passed if key[0] in {"judges", "name"} or key[:2] in {("models", "base"), ("run", "seed")}}
    assert not held


def test_conditions_of_the_table_hold_where_a_rule_rests_on_them(world: World) -> None:
    """With rules about everything, these rows of the table allow nothing by themselves."""
    ours = world.suite("ours.yaml", EVERY_RULE)
    assert world.run(ours).code == 0
    trusted, folder = world.trust(ours), world.latest
    facts = runs.read_facts(folder)
    for at, value in [
        (("models", "cand", "price_as"), "openai:gpt-4.1-nano"),
        (("models", "cand", "price_as"), None),
        (("models", "cand", "hosting"), {"usd_per_gpu_hour": "1"}),
        (("models", "cand", "reported_cost"), True),
        (("models", "cand", "licence"), "Apache-2.0"),
        (("models", "cand", "token_param"), "max_completion_tokens"),
        (("models", "cand", "inter_threads"), 8),
        (("models", "cand", "settings", "max_output_tokens"), None),
        (("models", "cand", "settings", "reasoning_effort"), "The answers: B"),
        (("models", "cand", "settings", "stop"), ["B" * 300]),
        (("models", "cand", "settings", "extra"), {"logit_bias": {"33": 100}}),
        (("models", "cand", "base_url"), "https://answers.example/v1"),
        (("models", "cand", "adapter"), "cohere"),
        (("models", "cand", "serve"), {"chat_template": "./answers.jinja"}),
        (("models", "cand", "lora"), "./answers"),
        (("models", "cand", "path"), "answers.jsonl"),
        (("run", "in_flight"), 1),
        (("run", "timeout_s"), 1.0),
        (("run", "idle_timeout_s"), 1.0),
        (("run", "max_error_rate"), 0.5),
    ]:
        changed = copy.deepcopy(facts)
        inner = changed["suite_resolved"]
        for key in at[:-1]:
            inner = inner[key]
        inner[at[-1]] = value
        if at == ("models", "cand", "base_url"):
            changed["models"]["cand"]["host"] = "answers.example"
        assert is_refused(world, folder, trusted, changed), at


# run.json beside the suite


def field_at(path: tuple[Any, ...]) -> str | None:
    """`Record.field` of a place in run.json; None below an object that is kept verbatim."""
    record: Any = RunFacts
    found = None
    for key in path:
        if record is None:
            return found
        if isinstance(key, str) and key in record.model_fields:
            found = f"{record.__name__}.{key}"
            inner = next(_records_in(record.model_fields[key].annotation), None)
            if inner is not None:
                record = inner
    return found


def test_every_field_of_run_json_has_a_standing() -> None:
    fields = {field for field in fields_of(RunFacts) if field.partition(".")[0] not in OF_SWEEPS}
    assert fields - set(STANDING) == set(), "say in run_facts_held what a gate makes of these"
    assert set(STANDING) - fields == set(), "these are no fields any more"
    assert all(how for _, how in STANDING.values())


OF_SWEEPS = {"LoadFacts", "StepFacts", "EstimateFacts", "SpreadFacts", "ServesFacts"}


def test_every_fact_is_held_or_says_what_happened(world: World) -> None:
    """Whatever single fact a run.json says otherwise: refused, or no gate by a suite holds it."""
    ours = world.suite("ours.yaml", EVERY_RULE)
    assert world.run(ours).code == 0
    trusted, folder = world.trust(ours), world.latest
    facts = runs.read_facts(folder)
    assert unknown_keys(RunFacts, facts) == ("suite_resolved.run.max_cost_usd",), "the suite is compared as JSON"
    beside = {key: value for key, value in facts.items() if key not in {"suite_resolved", "schema_version"}}
    held = set()
    for at, changed in mutations(beside):
        if not list(all_differences(changed, beside)) or at[-1] == "scorer_version":
            continue  # the engine says it of its own scorer
        refused = is_refused(world, folder, trusted, {**facts, **changed, **_nulls(beside, changed)})
        field = field_at(at)
        if at[-1] == "added_tomorrow" and not _is_verbatim(at):
            assert refused, at
        elif field is not None and refused:
            held.add(field)
        elif field is not None:
            assert STANDING[field][0] is not Standing.HELD or field in CONDITIONAL, (at, "is neither held nor excused")
    assert {"RunFacts.suite", "RunFacts.repeats", "TaskFacts.identity", "EgressFacts.sensitivity"} <= held


CONDITIONAL = {
    "RunFacts.models",  # a model that is gone is missed when its rows are read
    "RunFacts.tasks",
    "RunFacts.repeats",  # not there: once
    "ModelFacts.host",  # read where the candidate's address is not the suite's
    "ModelFacts.facts",  # weights and recorded answers, which these have not
    "ModelFacts.prices",  # read where somebody else bills, or a load sweep gave them
    "ModelFacts.priced_as",
    "PriceFacts.source",
    "PriceFacts.usd_per_mtok",
    "RunFacts.otherwise_before",
    "RunFacts.judges",
    "RunFacts.egress",
    "EgressFacts.policy",
}


def _nulls(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, None]:
    return {key: None for key in before if key not in after and key != "price_file"}


def _is_verbatim(at: tuple[Any, ...]) -> bool:
    """Whether a key is added to an object whose keys are names, or that is kept as it is."""
    named = {("models",), ("tasks",), ("judges",), ("sealed",), ("metadata",), ("lanes",), ("servers",)}
    return at[:-1] in named or "facts" in at or "identity" in at or "receivers" in at


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape_of_answers": "flat"}, "this evalkit does not know what run.json says there"),
        ({"kind": "load"}, "this is no run of answers"),
        ({"repeats": 2}, "repeats: 2 in the run, 1 in the suite"),
        ({"imported": {"tool": "sheet"}}, "its scores were imported from another tool"),
        ({"redaction": {"what": ["email"], "where": ["sending"]}}, "redaction: "),
        ({"egress": {"sensitivity": "public"}}, "egress: public in the run, internal in the suite"),
    ],
)
def test_a_fact_that_is_not_the_suite_s_is_named(world: World, change: dict[str, Any], said: str) -> None:
    ours = world.suite("ours.yaml")
    assert world.run(ours).code == 0
    runs.update_facts(world.latest, **change)
    ran = world.gate(ours)
    assert ran.code == 2, ran.out + ran.err
    assert said in " ".join(ran.err.split())


def test_a_run_that_does_not_say_its_prices_is_not_judged_by_cost(world: World) -> None:
    ours = world.suite("ours.yaml", EVERY_RULE)
    assert world.run(ours).code == 0
    facts = runs.read_facts(world.latest)
    del facts["price_file"]
    runs.write_facts(world.latest, facts)
    ran = world.gate(ours)
    assert ran.code == 2
    assert "does not say which prices it was billed by" in " ".join(ran.err.split())
    assert world.gate(world.suite("free.yaml")).code == 0, "no rule is about cost"


# Through the command line


def test_all_differences_are_told_at_once(world: World) -> None:
    ours = world.suite("ours.yaml")
    theirs = world.suite(
        "pr.yaml",
        name="other",
        run={"seed": 17, "repeats": 2},
        task={"prompt": "Now: {{ question }}", "slices": ["n"]},
        models={"base": world.entry("weak"), "more": world.entry("y")},
        cand=world.entry("x", settings={"extra": {"documents": ["B"], "logit_bias": {"33": 5}}}),
        redact={"what": ["email"]},
    )
    code, said = world.judged(theirs, ours)
    assert code == 2
    for one in (
        "name: 'other' in the run, 'allow-list' in the suite",
        "run.seed: 17 in the run, 0 in the suite",
        "run.repeats: 2 in the run, 1 in the suite",
        "t: the prompt, few-shot examples, scorer or settings changed",
        "t: prompt: 'Now: {{ question }}' in the run, '{{ question }}' in the suite",
        "t: which items are clustered, sliced or critical changed",
        "the baseline base: its entry changed (model: 'weak' in the run, 'base' in the suite",
        "more: not a model of the suite; leave it out of this run (evalkit run --models base,cand)",
        "cand: settings.extra.documents of its entry: the candidate would read what the suite does not say",
        "cand: settings.extra.logit_bias: {'33': 5} in the run, not there in the suite".replace("not there", "None"),
        "redact.what: ['email'] in the run, not there in the suite",
        "What should be otherwise is changed on the protected branch first",
    ):
        assert one in said, one


def test_the_ordinary_swap_is_judged(world: World) -> None:
    ours = world.suite("ours.yaml", cand=world.entry("old"))
    for cand in (
        world.entry("new", adapter="vllm", settings={"temperature": 0.3, "reasoning_effort": "low", "top_p": 0.9}),
        world.entry("new", settings={"max_output_tokens": 64, "extra": {"top_k": 20, "verbosity": "low"}}),
        world.entry("new", adapter="sglang", settings={"extra": {"chat_template_kwargs": {"thinking": True}}}),
        world.entry("new", weights="2026-11", stream=False, settings={"seed": 3, "stop": ["END"]}),
    ):
        code, said = world.judged(world.suite("pr.yaml", cand=cand), ours)
        assert code == 0, (cand, said)


def test_other_words_for_the_same_suite_are_the_same_suite(world: World) -> None:
    ours = world.suite("ours.yaml", task={"score": "choice", "limit": 30})
    theirs = world.suite("pr.yaml", about="Why not.", task={"score": {"choice": {}}, "limit": {"n": 30}})
    theirs.write_text("# A comment.\n" + theirs.read_text() + "\n# Another one.\n")
    (world.folder / "copy.jsonl").write_text((world.folder / "items.jsonl").read_text())
    theirs.write_text(theirs.read_text().replace("items.jsonl", "copy.jsonl"))
    code, said = world.judged(theirs, ours)
    assert code == 0, said


@pytest.mark.parametrize(
    "extra",
    [
        {"logit_bias": {"33": 100}},
        {"grammar": "root ::= 'B'"},
        {"guided_choice": ["B"]},
        {"response_format": {"type": "json_schema", "json_schema": {"enum": ["B"]}}},
        {"chat_template_kwargs": {"hint": "B"}},
        {"chat_template_kwargs": {"thinking_budget": "B"}},
        {"metadata": {"answers": "B"}},
        {"user": "B"},
        {"top_k": "B"},
        {"reasoning": {"effort": "B"}},
        {"thinking": {"type": "enabled", "note": "B"}},
        {"bad_words": ["A"]},
        {"seed": 10**40},
        {"tools": [{"type": "function", "function": {"name": "f", "description": "B"}}]},
        {"tools": [{"type": "web_search"}] * 12},
        {"plugins": [{"id": "web"}]},
        {"service_tier": "B"},
        {"options": {"num_ctx": 16}},
    ],
)
def test_a_field_of_extra_that_nobody_knows_is_refused(world: World, extra: dict[str, Any]) -> None:
    assert beyond_tuning(extra)
    ours = world.suite("ours.yaml")
    assert world.run(ours).code == 0
    facts = runs.read_facts(world.latest)
    facts["suite_resolved"]["models"]["cand"]["settings"]["extra"] = extra
    runs.write_facts(world.latest, facts)
    ran = world.gate(ours)
    assert ran.code == 2
    assert f"settings.extra.{next(iter(extra))}" in " ".join(ran.err.split())


def test_a_host_that_nobody_named_does_not_answer_for_a_candidate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = world.suite("ours.yaml")
    assert world.run(ours).code == 0
    facts = runs.read_facts(world.latest)
    facts["suite_resolved"]["models"]["cand"]["base_url"] = "https://answers.example/v1"
    facts["models"]["cand"]["host"] = "answers.example"
    runs.write_facts(world.latest, facts)
    ran = world.gate(ours)
    assert ran.code == 2
    assert "its answers came from 'answers.example'" in " ".join(ran.err.split())
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "answers.example")
    assert world.gate(ours).code == 0


def test_the_table_of_the_docs_is_the_code_s() -> None:
    page = (Path(__file__).parents[1] / "docs" / "gate.md").read_text()
    for row in ALLOWED:
        assert f"| `{row.path}` | {row.why} | {row.held} |" in page, row.path


# Licences and judges that nobody vouches for


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("somebody/gpt-oss-120b", "weights of that name by somebody else may be others"),
        ("./weights/gpt-oss-120b", "weights of that name by somebody else may be others"),
        ("meta-llama/gpt-oss-120b", "weights of that name by somebody else may be others"),
        ("org/openai/gpt-oss-120b", "weights of that name by somebody else may be others"),
        ("unread-model", "nobody read that at its maker's"),
    ],
)
def test_a_licence_is_that_of_the_maker_s_weights_where_somebody_read_it(
    tmp_path: Path, capsys: Capture, model: str, said: str
) -> None:
    judge = Gate(capsys, tmp_path)
    section = {"candidates": ["cand"], "rules": [{"licence": ["MIT", "Apache-2.0"]}]}
    unread = {"model": "unread-model", "licence": {"is": "MIT", "source": "me", "seen": "unchecked"}}
    run = stored(
        judge.results,
        {"cand": scores(100)},
        section,
        models={"cand": {"adapter": "openai_chat", "model": model, "facts": {}}},
        catalogue=[{"file": "models.yaml", "content": {"sources": {"me": "Me"}, "models": [unread]}}],
    )
    ran = judge(run)
    assert ran.code == 3, ran.out + ran.err
    assert said in " ".join(ran.out.split())


@pytest.mark.parametrize("odd", [3, None, {"j": {"cand": {"t": [-5, 100]}}}, {"j": {"cand": {"t": [1]}}}, ["j"], True])
def test_unread_verdicts_that_cannot_be_read_themselves_are_not_none(
    tmp_path: Path, capsys: Capture, odd: object
) -> None:
    judge = Gate(capsys, tmp_path)
    judged = {"judge": {"judges": {"j": {"model": "m"}}}}
    answers = {"base": scores(300), "cand": scores(300)}
    assert judge(stored(judge.results, answers, identity=judged, judges_unread={"j": {}})).code == 0
    ran = judge(stored(judge.results, answers, identity=judged, judges_unread=odd))
    assert ran.code == 4, ran.out + ran.err
    assert "does not say how many verdicts of its judges could not be read" in " ".join(ran.out.split())
