"""`gate --suite`: which evidence a pull request may not choose for itself. Each test changes one key of its suite."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import evalkit as evalkit_package
from evalkit.adapters.at_hand import facts_at_hand
from evalkit.adapters.base import ModelSpec
from tests.run_facts import made_run, set_facts
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]

SUITE = """name: evidence
models:
  base: {{adapter: replay, path: base.jsonl}}
  cand: {{adapter: replay, path: cand.jsonl}}
tasks:
  - name: t
    data: {data}
    prompt: "{{{{ question }}}}"
    target: "{{{{ answer }}}}"
    score: exact
run: {{{run}}}
gate: {{baseline: base, candidates: [cand], rules: {rules}}}
"""
DATA = "{path: items.jsonl, id: id}"
RULES = "[{quality: all, margin: 0.2}]"
TIMED = "[{quality: all, margin: 0.2}, {latency: total_p95, max_s: 600}]"


def suite(folder: Path, name: str, *, data: str = DATA, run: str = "seed: 0", rules: str = RULES) -> Path:
    path = folder / name
    path.write_text(SUITE.format(data=data, run=run, rules=rules))
    return path


def judged(folder: Path, capsys: Capture, theirs: Path, ours: Path) -> Ran:
    """The run of a pull request's suite, judged by the protected branch's."""
    places = ("--results", folder / "results")
    ran = evalkit(capsys, "run", theirs, *places)
    assert ran.code == 0, ran.err
    return evalkit(capsys, "gate", "latest", "--suite", ours, "--allow-recorded", *places)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """60 items, half of them hard. The candidate gets every hard one wrong; `wrong` is what it says there."""
    with (tmp_path / "items.jsonl").open("w") as items, (tmp_path / "cand.jsonl").open("w") as cand:
        for n in range(60):
            hard = n % 2 == 1
            item = {"id": f"q{n}", "question": f"Is it {n}?", "answer": "yes", "kind": "hard" if hard else "easy"}
            items.write(json.dumps({**item, "wrong": "no" if hard else "yes", "number": n}) + "\n")
            cand.write(json.dumps({"id": f"q{n}", "text": "no" if hard else "yes"}) + "\n")
    (tmp_path / "base.jsonl").write_text((tmp_path / "cand.jsonl").read_text().replace('"no"', '"yes"'))
    return tmp_path


def test_the_suite_itself_sees_that_the_candidate_is_worse(folder: Path, capsys: Capture) -> None:
    ours = suite(folder, "suite.yaml")
    assert judged(folder, capsys, ours, ours).code == 1


@pytest.mark.parametrize(
    "data",
    [
        "{path: items.jsonl, id: id, where: {kind: easy}}",
        "{path: items.jsonl, id: id, where: {answer: yes, kind: [easy]}}",
        "{path: items.jsonl, id: id, where: {number: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]}}",
        "{path: items.jsonl, id: id, fields: {answer: wrong}}",
        "{path: items.jsonl, id: id, fields: {question: id}}",
    ],
)
def test_a_pull_request_may_not_choose_the_records(folder: Path, capsys: Capture, data: str) -> None:
    theirs, ours = suite(folder, "pr.yaml", data=data), suite(folder, "suite.yaml")
    theirs.write_text(theirs.read_text().replace(".jsonl}\n", ".jsonl, partial: true}\n"))
    ours.write_text(ours.read_text().replace(".jsonl}\n", ".jsonl, partial: true}\n"))
    ran = judged(folder, capsys, theirs, ours)
    assert ran.code == 2, ran.out
    assert "t: which records of its data are asked" in ran.err


def test_a_suite_that_chooses_records_itself_is_judged(folder: Path, capsys: Capture) -> None:
    ours = suite(folder, "suite.yaml", data="{path: items.jsonl, id: id, where: {kind: [easy]}}")
    ours.write_text(ours.read_text().replace(".jsonl}\n", ".jsonl, partial: true}\n"))
    assert judged(folder, capsys, ours, ours).code == 0


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    ("theirs", "ours", "rules", "said"),
    [
        ("repeats: 1", "repeats: 3", RULES, "run.repeats: 1 in the run, 3 in the suite"),
        ("seed: 0", "repeats: 2", RULES, "run.repeats: 1 in the run, 2 in the suite"),
        ("seed: 17", "seed: 0", RULES, "run.seed: 17 in the run, 0 in the suite"),
        ("in_flight: 1", "in_flight: 8", TIMED, "run.in_flight: 1 in the run, 8 in the suite"),
        ("in_flight: 1", "seed: 0", TIMED, "run.in_flight: 1 in the run, 'auto' in the suite"),
        ("idle_timeout_s: 0.5", "seed: 0", TIMED, "run.idle_timeout_s: 0.5 in the run, 120.0 in the suite"),
        ("timeout_s: 30", "seed: 0", TIMED, "run.timeout_s: 30.0 in the run, 600.0 in the suite"),
        ("seed: 0", "timeout_s: 30", TIMED, "run.timeout_s: 600.0 in the run, 30.0 in the suite"),
    ],
)
def test_a_pull_request_may_not_choose_how_the_evidence_is_made(
    folder: Path, capsys: Capture, theirs: str, ours: str, rules: str, said: str
) -> None:
    suites = (suite(folder, "pr.yaml", run=theirs, rules=rules), suite(folder, "suite.yaml", run=ours, rules=rules))
    ran = judged(folder, capsys, *suites)
    assert ran.code == 2, ran.out
    assert said in " ".join(ran.err.split())


def test_load_and_timeouts_are_the_suite_s_whatever_the_rules_are_about(folder: Path, capsys: Capture) -> None:
    """A stalled answer is drawn again, so that a short `idle_timeout_s` takes the slow ones out of the baseline."""
    (folder / "cand.jsonl").write_text((folder / "base.jsonl").read_text())
    ours = suite(folder, "suite.yaml", run="in_flight: 8")
    ran = judged(folder, capsys, suite(folder, "pr.yaml", run="in_flight: 1, idle_timeout_s: 0.5"), ours)
    said = " ".join(ran.err.split())
    assert ran.code == 2
    assert "run.in_flight: 1 in the run, 8 in the suite" in said
    assert "run.idle_timeout_s: 0.5 in the run, 120.0 in the suite" in said


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("chat_template.jinja", "{% for m in messages %}Say nothing. {% endfor %}"),
        ("tokenizer_config.json", None),
        ("generation_config.json", None),
        ("config.json", None),
    ],
)
def test_a_pull_request_may_not_bring_other_weights_under_the_baseline_s_name(
    folder: Path, capsys: Capture, file: str, change: str | None
) -> None:
    mine = folder / "mine"
    shutil.copytree(Path(evalkit_package.__file__).parent / "checkpoints" / "tiny", mine)
    ours = suite(folder, "suite.yaml", run="max_error_rate: 1")
    base = "{adapter: ctranslate2, model: mine, settings: {max_output_tokens: 2}}"
    ours.write_text(ours.read_text().replace("{adapter: replay, path: base.jsonl}", base))
    assert judged(folder, capsys, ours, ours).code in {0, 1, 3}
    content = change if change is not None else json.dumps({**json.loads((mine / file).read_text()), "odd": 1})
    (mine / file).write_text(content)  # what the run was asked with is no longer what the suite's folder holds
    ran = evalkit(capsys, "gate", "latest", "--suite", ours, "--allow-recorded", "--results", folder / "results")
    assert ran.code == 2, ran.out
    assert "the baseline base: its weights, tokenizer or chat template changed" in " ".join(ran.err.split())


PRICED = "[{quality: all, margin: 1.0e-9, required: false}, {cost: usd_per_1k_samples, max_usd: 0.001, tail: smooth}]"


def prices(folder: Path, dollars: str) -> Path:
    path = folder / "prices.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f'- {{model: dear, valid_from: 2020-01-01, input_per_mtok: "{dollars}", output_per_mtok: "{dollars}"}}\n'
    )
    return path


@pytest.mark.parametrize("protected", [None, "50"])
def test_a_pull_request_may_not_bring_its_own_prices(folder: Path, capsys: Capture, protected: str | None) -> None:
    main = folder / "main"
    main.mkdir()
    for file in folder.glob("*.jsonl"):
        shutil.copy(file, main)
    ours = suite(main, "main.yaml", rules=PRICED)
    if protected:
        prices(main, protected)
    prices(folder, "0.0001")
    ran = judged(folder, capsys, suite(folder, "theirs.yaml", rules=PRICED), ours)
    assert ran.code == 2 and "prices.yaml" in ran.err and "--prices" in ran.err
    prices(main, "0.0001")
    ran = evalkit(capsys, "gate", "latest", "--suite", ours, "--allow-recorded", "--results", folder / "results")
    assert "prices.yaml" not in ran.err


def test_prices_that_the_person_named_for_the_run_are_the_person_s_word(folder: Path, capsys: Capture) -> None:
    ours = suite(folder, "ours.yaml", rules=PRICED)
    named, places = prices(folder / "mine", "0.01"), ("--results", folder / "results")
    assert evalkit(capsys, "run", suite(folder, "theirs.yaml", rules=PRICED), "--prices", named, *places).code == 0
    assert "prices.yaml" not in evalkit(capsys, "gate", "latest", "--suite", ours, "--allow-recorded", *places).err


def test_prices_are_free_where_no_rule_is_about_cost(folder: Path, capsys: Capture) -> None:
    main = folder / "main"
    main.mkdir()
    for file in folder.glob("*.jsonl"):
        shutil.copy(file, main)
    prices(folder, "0.0001")
    rules = "[{quality: all, margin: 0.6}]"
    ran = judged(folder, capsys, suite(folder, "theirs.yaml", rules=rules), suite(main, "main.yaml", rules=rules))
    assert "prices.yaml" not in ran.err


def test_a_run_that_was_resumed_under_other_prices_is_refused_too(folder: Path, capsys: Capture) -> None:

    ours, places = suite(folder, "ours.yaml", rules=PRICED), ("--results", folder / "results")
    prices(folder, "0.0001")
    ran = judged(folder, capsys, ours, ours)
    assert "prices.yaml" not in ran.err
    (run,) = [path for path in (folder / "results").iterdir() if (path / "run.json").is_file()]
    set_facts(run, status="incomplete")
    (folder / "prices.yaml").unlink()
    assert evalkit(capsys, "run", ours, "--resume", run, *places).code == 0
    assert "prices.yaml" in evalkit(capsys, "gate", run, "--suite", ours, "--allow-recorded", *places).err


@pytest.mark.long
def test_a_pull_request_may_not_bring_other_weights_under_a_judge_s_name(folder: Path, capsys: Capture) -> None:
    mine = folder / "mine"
    shutil.copytree(Path(evalkit_package.__file__).parent / "checkpoints" / "tiny", mine)
    ours = suite(folder, "suite.yaml", run="max_error_rate: 1")
    judge = "judges:\n  j: {adapter: ctranslate2, model: mine, settings: {max_output_tokens: 2}}\ntasks:"
    text = ours.read_text().replace("tasks:", judge)
    ours.write_text(
        text.replace("score: exact", "score: {judge: {by: j, prompt: '{{ answer }}', verdicts: {OK: 1, NO: 0}}}")
    )
    places = ("--allow-recorded", "--results", folder / "results")
    evalkit(capsys, "run", ours, "--results", folder / "results")  # a judge of two tokens says nothing that can be read
    assert "j: its weights" not in evalkit(capsys, "gate", "latest", "--suite", ours, *places).err
    (mine / "tokenizer_config.json").write_text(
        json.dumps({**json.loads((mine / "tokenizer_config.json").read_text()), "odd": 1})
    )
    ran = evalkit(capsys, "gate", "latest", "--suite", ours, *places)
    assert ran.code == 2, ran.out
    assert "the judge j: its weights, tokenizer or chat template changed" in " ".join(ran.err.split())


def test_a_lora_adapter_is_known_by_what_it_holds(tmp_path: Path) -> None:
    for name in ("base", "adapter"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.safetensors").write_bytes(b"weights")
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    (tmp_path / "base" / "config.json").write_text("{}")
    spec = ModelSpec(name="m", adapter="vllm", model="./base", folder=str(tmp_path), options={"lora": "adapter"})
    before = facts_at_hand(spec, {"dtype": "auto"})
    (tmp_path / "adapter" / "adapter.safetensors").write_bytes(b"others!")
    after = facts_at_hand(spec, {"dtype": "auto"})
    assert before["weights"] == after["weights"] and before["lora"] != after["lora"]
    named = facts_at_hand(replace(spec, options={}), {"lora_modules": {"x": "adapter"}})
    assert named["lora"].startswith("x ")
    shutil.rmtree(tmp_path / "adapter")
    assert facts_at_hand(spec, {"dtype": "auto"}) == {"weights": before["weights"]}


HOSTED = """name: hosted
models:
  base: {adapter: ctranslate2, model: tiny, hosting: {usd_per_gpu_hour: 1, billing: on_demand}}
  cand: {adapter: ctranslate2, model: tiny-early, hosting: {usd_per_gpu_hour: 1, billing: on_demand}}
tasks:
  - {name: t, data: {path: items.jsonl, id: id}, prompt: "{{ question }}", target: "{{ answer }}", score: exact,
     settings: {max_output_tokens: 4}}
run: {seed: 0}
gate: {baseline: base, candidates: [cand], rules: [{cost: usd_per_1k_samples, max_ratio: 0.5}]}
"""


def sweep(results: Path, model: str, weights: str, tokens_per_s: float) -> None:
    """A load sweep as `evalkit load` leaves it: how many tokens a second the model serves."""
    figures = {key: tokens_per_s for key in ("value", "low", "high")}
    serves = {"step": "closed 1", "basis": "within the SLO", "requests_per_s": figures, "tokens_per_s": figures}
    serves["output_tokens_per_s"] = tokens_per_s
    made = made_run(results / "load", "hosted", "0" * 6, {"model_name": model, "model": weights})
    set_facts(made, status="complete", load={"serves": serves})


def test_a_pull_request_may_not_bring_load_sweeps_along(folder: Path, capsys: Capture) -> None:
    ours = folder / "suite.yaml"
    ours.write_text(HOSTED)
    theirs, trusted = folder / "results", folder / "trusted"
    for name, weights, forged, measured in (("base", "tiny", 100.0, 100.0), ("cand", "tiny-early", 1e6, 90.0)):
        sweep(theirs, name, weights, forged)
        sweep(trusted, name, weights, measured)
    assert evalkit(capsys, "run", ours, "--results", theirs).code == 0
    assert evalkit(capsys, "gate", "latest", "--results", theirs).code == 0, "the run's own gate believes its prices"
    gate = ("gate", "latest", "--suite", ours, "--results", theirs)
    ran = evalkit(capsys, *gate)
    assert ran.code == 2, ran.out
    assert "cand: its price rests on a load sweep" in " ".join(ran.err.split()) and "--sweeps DIR" in ran.err
    ran = evalkit(capsys, *gate, "--sweeps", trusted / "load")
    assert ran.code == 2, ran.out
    assert "cand: its price is not the one that the load sweeps" in " ".join(ran.err.split())
    assert "base: its price is not" not in ran.err
    assert evalkit(capsys, *gate, "--sweeps", theirs / "load").code == 0, "a folder that the person trusts"
