"""`gate --suite` is an allow-list: every key of a run is the protected suite's or stands in a table, with a reason."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import evalkit as evalkit_package
from evalkit.adapters.at_hand import AtHand
from evalkit.api.planning import suite_at
from evalkit.decide.allowed_differences import ALLOWED, all_differences, row_for
from evalkit.decide.gate_run import checked_gate
from evalkit.decide.gate_trust import GateTrust
from evalkit.decide.run_facts_held import STANDING, Standing, _records_in, fields_of, unknown_keys
from evalkit.errors import NotComparable, StoreError
from evalkit.facts import RunFacts
from evalkit.store import judge_files, runs
from evalkit.suite.extra_fields import beyond_tuning
from evalkit.suite.schema import ModelEntry, RunEntry, SettingsEntry, SuiteFile
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, scores, stored
from tests.run_facts import made_run, set_facts
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]

EVERY_RULE = (
    "{quality: all, margin: 0.5}, {cost: usd_per_sample, max_ratio: 5, tail: smooth}, "
    "{latency: total_p50, max_ratio: 50}, {rate: refused, max_rate: 0.9}, {licence: [MIT]}"
)
QUALITY = "{quality: all, margin: 0.5}"


class World:
    """A protected suite and a pull request's, over the same items, asked of one server."""

    def __init__(self, folder: Path, url: str, capsys: Capture, n_items: int = 40) -> None:
        self.folder, self.url, self.capsys = folder, url, capsys
        with (folder / "items.jsonl").open("w") as items:
            for n in range(n_items):
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


@pytest.fixture
def few(tmp_path: Path, capsys: Capture) -> Iterator[World]:
    """A world of 8 items, for runs that no gate gets to judge."""
    with FakeProvider.in_thread(Behaviour(reply="B", output_tokens=7)) as provider:
        yield World(tmp_path, provider.base_url, capsys, 8)


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


@pytest.mark.long
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


@pytest.mark.parametrize(
    ("rules", "fact", "word"),
    [
        ("{latency: total_p50, max_s: 50}", "sessions_cut", "about times"),
        ("{cost: usd_per_sample, max_ratio: 5, tail: smooth}", "sessions_cut", "about costs"),
        ("{rate: errored, max_rate: 0.9}", "sessions_retried", "asked again when the run was resumed"),
        (QUALITY, "sessions_cut", None),
        (QUALITY, "sessions_retried", None),
    ],
)
def test_a_run_in_pieces_shows_nothing_of_what_the_pieces_decide(
    few: World, rules: str, fact: str, word: str | None
) -> None:
    """A pause empties a provider's prompt cache, and failed answers are asked until they come (R10-7, R10-12)."""
    ours = few.suite("ours.yaml", rules)
    assert few.run(ours).code == 0
    whole = few.gate(ours).code
    runs.write_facts(few.latest, {**runs.read_facts(few.latest), fact: 1})
    ran = few.gate(ours)
    assert (ran.code == whole) if word is None else (ran.code == 2 and word in " ".join(ran.err.split())), ran


def test_a_lower_limit_on_errors_is_another_run_where_a_rule_is_about_errors(few: World) -> None:
    ours = few.suite("ours.yaml", "{rate: errored, max_rate: 0.9}", run={"max_error_rate": 0.2})
    code, said = few.judged(few.suite("pr.yaml", run={"max_error_rate": 0.0}), ours)
    assert code == 2 and "run.max_error_rate" in said


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
        (("models", "cand", "num_ctx"), 900_000),
        (("models", "cand", "keep_alive"), 0),
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


@pytest.mark.long
def test_every_fact_is_held_or_says_what_happened(world: World) -> None:
    """Whatever single fact a run.json says otherwise: refused, or no gate by a suite holds it."""
    ours = world.suite("ours.yaml", EVERY_RULE)
    assert world.run(ours).code == 0
    trusted, folder = world.trust(ours), world.latest
    facts = runs.read_facts(folder)
    assert unknown_keys(RunFacts, facts) == ()
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
    "RunFacts.slowed_by",  # read where it names a cap
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


def test_a_fact_that_is_not_the_suite_s_is_named(few: World) -> None:
    ours = few.suite("ours.yaml")
    assert few.run(ours).code == 0
    facts, wrong = runs.read_facts(few.latest), []
    for change, said in (
        ({"shape_of_answers": "flat"}, "this evalkit does not know what run.json says there"),
        ({"kind": "load"}, "this is no run of answers"),
        ({"repeats": 2}, "repeats: 2 in the run, 1 in the suite"),
        ({"imported": {"tool": "sheet"}}, "its scores were imported from another tool"),
        ({"redaction": {"what": ["email"], "where": ["sending"]}}, "redaction: "),
        ({"egress": {"sensitivity": "public"}}, "egress: public in the run, internal in the suite"),
    ):
        runs.write_facts(few.latest, facts)
        set_facts(few.latest, **change)
        ran = few.gate(ours)
        if ran.code != 2 or said not in " ".join(ran.err.split()):
            wrong.append((change, ran))
    assert not wrong


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


@pytest.mark.long
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


@pytest.mark.long
def test_the_ordinary_swap_is_judged(world: World) -> None:
    ours = world.suite("ours.yaml", cand=world.entry("old"))
    for cand in (
        world.entry("new", adapter="vllm", settings={"temperature": 0.3, "reasoning_effort": "low", "top_p": 0.9}),
        world.entry("new", settings={"max_output_tokens": 64, "extra": {"top_k": 20, "verbosity": "low"}}),
        world.entry("new", adapter="sglang", settings={"extra": {"chat_template_kwargs": {"thinking": True}}}),
        world.entry("new", weights="2026-11", stream=True, settings={"seed": 3, "stop": ["END"]}),
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


def test_null_and_nothing_in_what_is_sent_are_words_of_their_own(few: World) -> None:
    """`extra: {temperature: null}` took the temperature of 0 away: a baseline that is drawn anew was 40 points worse
    (R10-1)."""
    ours = few.suite("ours.yaml")
    assert few.run(ours).code == 0
    facts, wrong = runs.read_facts(few.latest), []
    for extra, candidate_may in (
        ({"temperature": None}, True),
        ({"reasoning": {"effort": None}}, True),
        ({"reasoning": {}}, True),
        ({"max_tokens": None}, False),
        ({"top_k": {}}, False),
        ({}, True),
    ):
        for who in ("base", "cand"):
            changed = copy.deepcopy(facts)
            changed["suite_resolved"]["models"][who]["settings"]["extra"] = extra
            runs.write_facts(few.latest, changed)
            ran = few.gate(ours)
            if (ran.code == 0) != (not extra or (who == "cand" and candidate_may)):
                wrong.append((who, extra, ran))
    assert not wrong


def test_a_field_of_extra_that_nobody_knows_is_refused(few: World) -> None:
    ours = few.suite("ours.yaml")
    assert few.run(ours).code == 0
    facts, wrong = runs.read_facts(few.latest), []
    extras: list[dict[str, Any]] = [
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
        {"tools": [{"type": "function", "function": {"name": "q1B_q2A_q3B_q4B_q5A"}}]},
        {"tools": [{"function": {"parameters": {"properties": {"a": {"enum": ["q1B q2A q3B"]}}}}}]},
        {"tools": [{"name": 1010011010110100110101}]},
        {"plugins": [{"id": "web"}]},
        {"service_tier": "B"},
        {"options": {"num_ctx": 16}},
        {"stream": None},
        {"max_tokens": None},
        {"messages": None},
        {"response_format": {"type": "text", "stream": None}},
    ]
    for extra in extras:
        assert beyond_tuning(extra), extra
        facts["suite_resolved"]["models"]["cand"]["settings"]["extra"] = extra
        runs.write_facts(few.latest, facts)
        ran = few.gate(ours)
        if ran.code != 2 or f"settings.extra.{next(iter(extra))}" not in " ".join(ran.err.split()):
            wrong.append((extra, ran))
    assert not wrong


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
    assert ran.code == 2, "the suite names other addresses"
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


@pytest.mark.parametrize(
    "odd", [3, None, {}, {"j": {}}, {"j": {"cand": {"t": [-5, 100]}}}, {"j": {"cand": {"t": [1]}}}, ["j"], True]
)
def test_unread_verdicts_that_cannot_be_read_themselves_are_not_none(
    tmp_path: Path, capsys: Capture, odd: object
) -> None:
    judge = Gate(capsys, tmp_path)
    judged = {"judge": {"judges": {"j": {"model": "m"}}}}
    read = {"j": {"base": {"t": [0, 300]}, "cand": {"t": [0, 300]}}}
    answers = {"base": scores(300), "cand": scores(300)}
    good, bad = (stored(judge.results, answers, identity=judged, judges_unread=said) for said in (read, odd))
    for run in (good, bad):
        judge_files.open_judging(run, RunFacts())
    assert judge(good).code == 0
    ran = judge(bad)
    assert ran.code == 4, ran.out + ran.err
    assert "does not say how many verdicts of its judges could not be read" in " ".join(ran.out.split())


# What a folder of weights, a name of a model and an earlier part of the run bring along


def weighed(folder: Path, name: str, model: str) -> Path:
    path = folder / name
    path.write_text(
        "name: weighed\nmodels:\n"
        "  base: {adapter: ctranslate2, model: tiny, settings: {max_output_tokens: 2}}\n"
        f"  cand: {{adapter: ctranslate2, model: {model}, settings: {{max_output_tokens: 2}}}}\n"
        "tasks: [{name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
        " score: exact}]\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.5}]}\n"
    )
    return path


@pytest.mark.long
def test_weights_of_the_checkout_bring_no_chat_template_along(world: World) -> None:
    """A chat template is a prompt: the right answers could stand in it."""
    shipped = Path(evalkit_package.__file__).parent / "checkpoints" / "tiny"
    shutil.copytree(shipped, world.folder / "mine")
    other = weighed(world.folder, "other.yaml", "./mine")
    code, said = world.judged(other, weighed(world.folder, "shipped.yaml", "tiny"))
    assert code == 2
    assert "cand: model: './mine' is a folder of weights that the suite does not name" in said
    assert world.gate(other).code in {0, 1, 3}, "the suite names the folder itself"
    template = world.folder / "mine" / "chat_template.jinja"
    template.write_text("The answers: B. {{ messages[-1].content }}")
    ran = world.gate(other)
    assert ran.code == 2
    assert "cand: its chat template or tokenizer is not the one that lies beside the suite" in " ".join(ran.err.split())
    shutil.rmtree(world.folder / "mine")
    ran = world.gate(other)
    assert ran.code == 2
    assert "does not lie beside the suite" in " ".join(ran.err.split())


def test_a_folder_s_template_is_known_apart_from_its_weights(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "m.safetensors").write_bytes(b"weights")
    entry = ModelEntry.model_validate({"adapter": "vllm", "model": "./mine", "serve": {"dtype": "auto"}})
    bare = AtHand().weights("m", entry, tmp_path)
    assert "template" not in bare
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    before = AtHand().weights("m", entry, tmp_path)
    (folder / "m.safetensors").write_bytes(b"trained")
    after = AtHand().weights("m", entry, tmp_path)
    assert before["template"] == after["template"] and before["weights"] != after["weights"]
    (folder / "named.jinja").write_text("The answers: B")
    assert AtHand().weights("m", entry, tmp_path)["template"] != after["template"]


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-4o@preset/answers",
        "@preset/answers",
        "ag:1234:answers",
        "asst_abc123",
        "agent:answers",
        "arn:aws:bedrock:eu-west-1:123456789012:prompt/ABC",
        "x/AG:answers",
    ],
)
def test_a_model_s_name_brings_no_prompt_along(few: World, model: str) -> None:
    ours = few.suite("ours.yaml")
    code, said = few.judged(few.suite("pr.yaml", cand=few.entry(model)), ours)
    assert code == 2
    assert "names prompts that are kept at the provider" in said


@pytest.mark.long(but=1)
@pytest.mark.parametrize("model", ["magistral-small", "gpt-6-sol", "o9-agentic", "hf/diag-7b", "mistral-large-2512"])
def test_ordinary_names_of_models_are_taken(world: World, model: str) -> None:
    code, said = world.judged(world.suite("pr.yaml", cand=world.entry(model)), world.suite("ours.yaml"))
    assert code == 0, said


def test_a_resumed_run_says_under_which_prices_a_part_was_bought(world: World) -> None:
    """Load sweeps lie in the results folder: the first part was billed by one that is gone."""
    hosted = {"hosting": {"usd_per_gpu_hour": 1, "billing": "on_demand"}}
    rule = "{cost: usd_per_sample, max_usd: 1000, tail: smooth}"
    ours = world.suite("ours.yaml", rule, cand=world.entry("x", weights="one", **hosted))
    results = world.folder / "results"
    sweep(results, "cand", "x", 1e9)
    assert world.run(ours, "--max-cost", "0.0008", "--no-cache").code == 4
    shutil.rmtree(results / "load")
    sweep(results, "cand", "x", 10.0)
    assert world.run(ours, "--no-cache").code == 0
    assert len(run_folders(results)) == 1, "one run, gone on with"
    sweep(world.folder / "trusted", "cand", "x", 10.0)
    ran = world.gate(ours, "--sweeps", world.folder / "trusted" / "load")
    assert ran.code == 2, ran.out
    assert "models.cand.prices: changed while the run was made" in " ".join(ran.err.split())


def sweep(results: Path, model: str, weights: str, tokens_per_s: float) -> None:
    """A load sweep as `evalkit load` leaves it: how many tokens a second the model serves."""
    figures = {key: tokens_per_s for key in ("value", "low", "high")}
    serves = {"step": "closed 1", "basis": "within the SLO", "requests_per_s": figures, "tokens_per_s": figures}
    serves["output_tokens_per_s"] = tokens_per_s
    made = made_run(results / "load", "allow-list", "0" * 6, {"model_name": model, "model": weights})
    set_facts(made, status="complete", load={"serves": serves})


# Nothing is left out, and nothing odd is a defect


def test_no_key_of_a_suite_file_is_left_out_of_what_is_compared(world: World) -> None:
    path = world.suite(
        "all.yaml",
        about="x",
        redact={"what": ["email"]},
        judges={"j": world.entry("j")},
        task={"score": {"judge": {"by": "j", "prompt": "{{ answer }}", "verdicts": {"OK": 1, "NO": 0}}}},
    )
    compared = suite_at(path).resolved().as_json()
    # The catalogue's content stands in run.json, where a rule is about the licence; prompts in the models they make.
    told_otherwise = {"catalogue", "prompts"}
    assert set(SuiteFile.model_fields) - set(compared) == told_otherwise
    assert set(RunEntry.model_fields) == set(compared["run"])
    assert set(compared["models"]["cand"]["settings"]) >= set(SettingsEntry.model_fields) - {
        *("temperature", "top_p", "seed", "reasoning_effort", "json_schema", "top_logprobs")  # None is left out
    }


def test_an_odd_run_is_refused_in_words(few: World) -> None:
    ours = few.suite("ours.yaml", EVERY_RULE)
    assert few.run(ours).code == 0
    facts = runs.read_facts(few.latest)
    deep: Any = 1
    for _ in range(240):
        deep = {"a": deep}
    odd: list[tuple[tuple[Any, ...], Any]] = [
        (("suite_resolved", "models", "cand", "serve"), 3),
        (("suite_resolved", "models", "cand", "base_url"), 3),
        (("suite_resolved", "models", "cand", "lora"), {"a": [1]}),
        (("suite_resolved", "models", "cand", "hosting"), 7),
        (("suite_resolved", "models", "cand", "settings", "extra"), [1]),
        (("suite_resolved", "models", "cand", "settings", "stop"), {"a": 1}),
        (("suite_resolved", "models", "cand", "settings", "reasoning_effort"), {"a": 1}),
        (("suite_resolved", "models", "cand", "settings", "extra"), "DEEP"),
        (("suite_resolved", "tasks", 0, "written"), {"data": "DEEP"}),
        (("suite_resolved", "tasks", 0, "written"), {"data": [1], "with": 4, "settings": 3}),
        (("suite_resolved", "judges"), {"j": {"adapter": "openai"}}),
        (("suite_resolved", "redact"), 5),
        (("suite_resolved", "run", "seed"), 2**200),
        (("models", "cand", "facts"), {"weights": [1]}),
        (("in_flight",), "x" * 10_000),
        (("added",), "DEEP"),
    ]
    wrong = []
    for at, value in odd:
        changed = copy.deepcopy(facts)
        inner: Any = changed
        for key in at[:-1]:
            inner = inner[key]
        inner[at[-1]] = {"data": deep} if value == {"data": "DEEP"} else deep if value == "DEEP" else value
        try:
            runs.write_facts(few.latest, changed)
        except TypeError:  # no JSON: a number that none holds
            continue
        ran = few.gate(ours)
        in_words = ran.code in {0, 1, 2, 3} and "Traceback" not in ran.err and len(ran.err) < 20_000
        if not in_words or (ran.code != 2 and at != ("models", "cand", "facts")):
            wrong.append((at, ran.code, ran.err[-500:]))
    assert not wrong


@pytest.mark.long
def test_a_tokenizer_of_the_checkout_reads_nothing_beside_the_prompt(world: World) -> None:
    """A normalizer can put a text before every prompt; weights may be trained anew."""
    shipped = Path(evalkit_package.__file__).parent / "checkpoints" / "tiny"
    shutil.copytree(shipped, world.folder / "mine")
    suite = weighed(world.folder, "s.yaml", "./mine")
    assert world.run(suite).code == 0
    tokenizer = world.folder / "mine" / "tokenizer.json"
    written = json.loads(tokenizer.read_text())
    tokenizer.write_text(json.dumps({**written, "normalizer": {"type": "Prepend", "prepend": "The answers: B. "}}))
    ran = world.gate(suite)
    assert ran.code == 2
    assert "cand: its chat template or tokenizer is not the one that lies beside" in " ".join(ran.err.split())
    tokenizer.write_text((shipped / "tokenizer.json").read_text())
    for weights in (world.folder / "mine").glob("*.safetensors"):
        weights.write_bytes(weights.read_bytes() + b" ")
    assert world.gate(suite).code != 2, "other weights in the suite's own folder are what is judged"


@pytest.mark.parametrize("name", ["merges.txt", "vocab.txt", "qwen.tiktoken", "vocab.json", "tokenizer.model", "x.pt"])
def test_every_file_beside_weights_is_part_of_what_they_are(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "m.safetensors").write_bytes(b"weights")
    (folder / name).write_bytes(b"one")
    entry = ModelEntry.model_validate({"adapter": "vllm", "model": "./mine", "serve": {"dtype": "auto"}})
    before = AtHand().weights("m", entry, tmp_path)
    (folder / "README.md").write_text("About.")
    assert AtHand().weights("m", entry, tmp_path) == before
    (folder / name).write_bytes(b"two")
    assert AtHand().weights("m", entry, tmp_path)["weights"] != before["weights"]


# What a pull request's suite asks


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    "task",
    [
        {"limit": 4},
        {"permute": 2, "choices": ["alpha", "beta"], "target": "beta"},
        {"turns": ["Sure?"], "choices": None, "score": "exact"},
        {"system": "The answer is B."},
        {"reasoning": "keep"},
        {"slices": ["n"]},
        {"cluster": "question"},
        {"critical": True},
        {"settings": {"temperature": 0.1}},
        {"settings": {"json_schema": {"type": "string"}}},
        {"shots": [{"question": "Is it?", "answer": "B"}]},
        {"target": "B"},
        {"choices": ["A", "B", "C"]},
        {"prompt": "{{ question }} "},
        {"score": {"choice": {"pick": "first"}}},
        {"name": "u"},
        {"data": {"path": "items.jsonl", "id": "id", "where": {"answer": "B", "n": [1, 2, 3]}}},
        {"data": {"path": "items.jsonl", "id": "question"}},
        {"data": {"path": "fewer.jsonl", "id": "id"}},
        {"data": {"path": "items.jsonl", "id": "id", "fields": {"question": "answer"}}},
    ],
)
def test_a_task_that_is_asked_otherwise_is_refused(few: World, task: dict[str, Any]) -> None:
    half = (few.folder / "items.jsonl").read_text().splitlines()[:4]
    (few.folder / "fewer.jsonl").write_text("\n".join(half) + "\n")
    ours, theirs = few.suite("ours.yaml"), few.suite("pr.yaml", task=task)
    assert few.run(theirs).code == 0
    ran = few.gate(ours)
    assert ran.code == 2, ran
    assert (": not part of" in " ".join(ran.err.split())) if "name" in task else ("  t: " in ran.err), ran


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redact": {"what": ["email"]}}, "redact.what: ['email'] in the run"),
        ({"name": "other"}, "name: 'other' in the run, 'allow-list' in the suite"),
        ({"sensitivity": "public"}, "sensitivity: public in the run, internal in the suite"),
        ({"run": {"repeats": 2}}, "run.repeats: 2 in the run, 1 in the suite"),
        ({"run": {"max_error_rate": 0.2}}, "run.max_error_rate: 0.2 in the run, 0.01 in the suite"),
        ({"judges": {"j": {"adapter": "openai_chat", "model": "x"}}}, "judges.j.adapter: 'openai_chat' in the run"),
    ],
)
def test_a_suite_that_is_otherwise_is_refused(few: World, change: dict[str, Any], said: str) -> None:
    if "judges" in change:
        change["judges"]["j"]["base_url"] = few.url
    code, told = few.judged(few.suite("pr.yaml", **change), few.suite("ours.yaml"))
    assert code == 2 and said in told, told


@pytest.mark.parametrize("change", [{"sensitivity": "restricted"}, {"run": {"max_cost_usd": 5, "max_error_rate": 0}}])
def test_more_care_than_the_suite_asks_is_taken(world: World, change: dict[str, Any]) -> None:
    cand = world.entry("cand", price_as="openai:gpt-4.1", licence="MIT")
    code, said = world.judged(world.suite("pr.yaml", cand=cand, **change), world.suite("ours.yaml"))
    assert code == 0, said


def test_a_candidate_may_not_switch_its_stream_off(few: World) -> None:
    """A long answer is a silence then: given up, and asked again until it is short."""
    cand = few.entry("cand", stream=False, price_as="openai:gpt-4.1", licence="MIT")
    code, said = few.judged(few.suite("pr.yaml", cand=cand), few.suite("ours.yaml"))
    assert code == 2 and "cand: stream: false in the run alone" in said, said


def test_a_candidate_under_another_name_is_not_the_candidate(few: World) -> None:
    ours = few.suite("ours.yaml")
    theirs = few.suite("pr.yaml", models={"better": few.entry("better")})
    assert few.run(theirs, "--models", "base,better").code == 0
    ran = few.gate(ours)
    assert ran.code == 2
    assert "better: not a model of the suite" in " ".join(ran.err.split())


def test_each_of_two_candidates_is_held(world: World) -> None:
    both = {"models": {"second": world.entry("second")}}
    ours, theirs = (world.suite(name, **both) for name in ("ours.yaml", "pr.yaml"))
    for suite in (ours, theirs):
        suite.write_text(suite.read_text().replace("candidates: [cand]", "candidates: [cand, second]"))
    assert world.judged(theirs, ours)[0] == 0
    theirs.write_text(theirs.read_text().replace('"model": "second",', '"model": "second", "lora": "./x",'))
    facts = runs.read_facts(world.latest)
    facts["suite_resolved"]["models"]["second"]["settings"]["extra"] = {"prompt": "B"}
    runs.write_facts(world.latest, facts)
    ran = world.gate(ours)
    assert ran.code == 2
    assert "second: settings.extra.prompt" in " ".join(ran.err.split())
    assert world.run(theirs.with_name("ours.yaml"), "--models", "base,cand", "--new").code == 0
    assert world.gate(ours).code == 2, "one of the candidates was not asked"


def test_an_imported_table_is_no_run_of_the_suite(world: World) -> None:
    ours = world.suite("ours.yaml")
    table = world.folder / "table.csv"
    lines = [f"q{n},{model},t,1" for model in ("base", "cand") for n in range(40)]
    table.write_text("\n".join(["id,model,task,score", *lines]) + "\n")
    made = evalkit(world.capsys, "import", "table", table, "--results", world.folder / "results")
    assert made.code == 0, made.err
    for options in ((), ("--allow-recorded",)):
        ran = world.gate(ours, *options)
        assert ran.code == 2, ran.out
        assert "the run does not record the suite that it was made from" in " ".join(ran.err.split())


def test_a_rule_about_errors_says_what_it_needs_of_the_run(few: World) -> None:
    """Else "run the same command again" and "run it in one go" send to each other for ever (R15-10)."""
    rule = "{rate: errored, max_rate: 0.08}"
    told = evalkit(few.capsys, "check", few.suite("s.yaml", rule))
    assert told.code == 0 and "Set run.max_error_rate to the rule's limit" in " ".join((told.out + told.err).split())
    quiet = evalkit(few.capsys, "check", few.suite("s.yaml", rule, run={"max_error_rate": 0.1}))
    assert quiet.code == 0 and "max_error_rate" not in quiet.out + quiet.err
