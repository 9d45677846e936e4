"""Limits of the candidate alone: a gate without a baseline, floors, licences, served models, and rules of packages."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome, Row
from evalkit.suite.loading import load_suite
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, dollars, one, scores, stored
from tests.plugin_world import install, on_path
from tests.world import evalkit, prompt_of, write_suite

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def judge(tmp_path: Path, capsys: Capture) -> Gate:
    return Gate(capsys, tmp_path)


def alone(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"candidates": ["cand"], "rules": list(rules), **more}


def run_of(judge: Gate, given: list[float | None], *rules: dict[str, Any], **facts: Any) -> Path:
    return stored(judge.results, {"cand": given}, alone(*rules), **facts)


def said(judge: Gate, run: Path, *args: object) -> Any:
    return judge(run, "--json", *args).json


# Floors


@pytest.mark.parametrize(
    ("n", "wrong", "floor", "code"),
    [
        (300, 20, 0.85, 0),
        (300, 45, 0.85, 3),
        (300, 80, 0.85, 1),
        (18, 0, 0.85, 3),  # .85 ** 18 is more than .05
        (19, 0, 0.85, 0),
        (40, 40, 0.05, 3),  # .95 ** 40 is more than .05
        (60, 60, 0.05, 1),
    ],
)
def test_a_least_score_passes_or_fails_only_when_it_is_shown(
    judge: Gate, n: int, wrong: int, floor: float, code: int
) -> None:
    ran = judge(run_of(judge, scores(n, range(wrong)), {"quality": "all", "min": floor}))
    assert ran.code == code, ran.out + ran.err
    assert "no baseline: every rule is about the candidate alone" in ran.out
    assert f"≥ {floor:.3f}" in ran.out


def test_the_interval_of_a_floor_lies_above_it_exactly_when_it_passes(judge: Gate) -> None:
    for wrong in range(20, 80, 6):
        run = run_of(judge, scores(300, range(wrong)), {"quality": "all", "min": 0.85})
        finding = said(judge, run)["candidates"][0]["findings"][0]
        assert (finding["low"] > 0.85) == (finding["verdict"] == "pass"), wrong
        assert (finding["high"] < 0.85) == (finding["verdict"] == "fail"), wrong


def test_ten_items_asked_sixty_times_are_ten_items_for_a_floor_too(judge: Gate) -> None:
    rows = [one(n, "cand", 1.0, repeat=r) for n in range(10) for r in range(60)]
    run = run_of(judge, [1.0], {"quality": "all", "min": 0.9}, rows=rows, tasks={"t": 10}, repeats=60)
    assert judge(run).code == 3
    rows = [one(n, "cand", 1.0, occurrence=k) for n in range(10) for k in range(60)]
    run = run_of(judge, [1.0], {"quality": "all", "min": 0.9}, rows=rows, tasks={"t": 600})
    ran = judge(run)
    assert ran.code == 3
    assert "alike items count as one" in ran.out


def test_graded_scores_that_never_collapsed_so_far_need_more_items_or_a_word(judge: Gate) -> None:
    assert judge(run_of(judge, [0.8] * 12, {"quality": "all", "min": 0.7})).code == 3
    near = [0.72 + 0.001 * (n % 5) for n in range(40)]
    assert judge(run_of(judge, near, {"quality": "all", "min": 0.7})).code == 3
    assert judge(run_of(judge, near, {"quality": "all", "min": 0.7, "tail": "smooth"})).code == 0
    assert judge(run_of(judge, near * 5, {"quality": "all", "min": 0.7})).code == 0


def test_an_answer_that_failed_is_wrong_for_passing_and_right_for_failing(judge: Gate) -> None:
    given: list[float | None] = [*scores(299, range(31)), None]
    run = run_of(judge, given, {"quality": "all", "min": 0.85})
    finding = said(judge, run)["candidates"][0]["findings"][0]
    whole = said(judge, run_of(judge, scores(300, range(31)), {"quality": "all", "min": 0.85}))
    assert finding["p_pass"] > whole["candidates"][0]["findings"][0]["p_pass"]
    assert finding["n_errored"] == 1


def test_exactly_these_items_are_arithmetic(judge: Gate) -> None:
    rule = {"quality": "all", "min": 0.9, "scope": "suite"}
    assert judge(run_of(judge, scores(20, range(2)), rule)).code == 0
    assert judge(run_of(judge, scores(20, range(3)), rule)).code == 1
    assert judge(run_of(judge, scores(5), {**rule, "min": 1})).code == 0


# The other limits of the candidate alone


def test_rates_costs_and_times_need_no_baseline(judge: Gate) -> None:
    rules = (
        {"rate": "refused", "max_rate": 0.05},
        {"cost": "usd_per_1k_samples", "max_usd": 5},
        {"latency": "total_p95", "max_s": 2.0},
        {"cost": "usd_per_correct", "max_usd": 1, "required": False},
    )
    facts = {"change": lambda row: replace(row, **dollars("0.002"))}
    ran = judge(run_of(judge, scores(400), *rules, **facts))
    assert ran.code == 0, ran.out + ran.err
    assert "−0.0" not in ran.out
    assert "-0.0" not in ran.out
    dear = judge(run_of(judge, scores(400), {"cost": "usd_per_sample", "max_usd": 0.001}, **facts))
    assert dear.code == 1
    unknown = run_of(judge, scores(400), *rules, change=lambda row: replace(row, **dollars(None)))
    assert "is unknown" in judge(unknown).out
    slow = {"latency": "total_p95", "max_s": 0.5}
    assert judge(run_of(judge, scores(400), slow)).code == 1


def test_no_rate_is_ever_minus_zero(judge: Gate) -> None:
    rules = [{"rate": "refused", "max_increase": 0.03}, {"rate": "refused", "max_rate": 0.03}]
    answers = {"base": scores(300), "cand": scores(300)}
    run = stored(judge.results, answers, {"baseline": "base", "candidates": ["cand"], "rules": rules})
    ran = judge(run, "--json")
    assert "-0.0," not in ran.out
    assert "-0.000" not in judge(run).out.replace("−", "-").replace("[-0.000, ", "")
    assert judge(run).code == 0


def test_a_critical_item_that_is_wrong_fails_without_a_baseline(judge: Gate) -> None:
    def marked(row: Row) -> Row:
        return replace(row, critical=row.sample_id in {"q1", "q7"})

    rule = {"quality": "all", "min": 0.5}
    ran = judge(run_of(judge, scores(200, [7]), rule, change=marked))
    assert ran.code == 1, ran.out
    assert "critical items" in ran.out
    assert "no failure" in ran.out
    assert judge(run_of(judge, scores(200, [9]), rule, change=marked)).code == 0


@pytest.mark.parametrize(
    "rule",
    [
        {"quality": "all", "margin": 0.02},
        {"cost": "usd_per_sample", "max_ratio": 1.0},
        {"latency": "total_p50", "max_ratio": 1.0},
        {"rate": "refused", "max_increase": 0.01},
    ],
)
def test_what_compares_is_refused_without_a_baseline(judge: Gate, rule: dict[str, Any]) -> None:
    ran = judge(run_of(judge, scores(300), {"quality": "all", "min": 0.5}, rule))
    assert ran.code == 2, ran.out
    assert "has no baseline" in ran.err
    scanned = stored(judge.results, {"cand": scores(300)}, alone({"quality": "all", "min": 0.5}, scan={"margin": 0.1}))
    assert judge(scanned).code == 2


def test_evidence_that_is_not_whole_is_incomplete_without_a_baseline_too(judge: Gate) -> None:
    rule = {"quality": "all", "min": 0.5}
    assert judge(run_of(judge, scores(300), rule, cut_by_limit=5)).code == 4
    assert judge(run_of(judge, scores(300), rule, tasks={"t": 400})).code == 4
    assert judge(run_of(judge, [*scores(200), *[None] * 100], rule)).code == 4
    assert judge(run_of(judge, scores(300), rule, status="interrupted")).code == 4


def test_every_report_knows_a_gate_without_a_baseline(judge: Gate, tmp_path: Path) -> None:
    run = run_of(judge, scores(300, range(20)), {"quality": "all", "min": 0.85})
    files = {"--junit": tmp_path / "gate.xml", "--markdown": tmp_path / "gate.md"}
    ran = judge(run, *(part for pair in files.items() for part in pair), "--dossier", tmp_path / "d.jsonl")
    assert ran.code == 0, ran.err
    assert "No baseline: every rule is about the candidate alone." in files["--markdown"].read_text("utf-8")
    (suite,) = ElementTree.fromstring(files["--junit"].read_text("utf-8"))
    assert [case.get("name") for case in suite.findall("testcase")] == ["quality all (min 0.85)"]
    decision = said(judge, run)
    assert decision["baseline"] is None
    assert decision["verdict"] == "pass"
    html = tmp_path / "r.html"
    assert judge.cli("report", run, "--html", html).code == 0
    assert "against None" not in html.read_text("utf-8")
    assert "0.933" in html.read_text("utf-8")
    signed = judge(run, "--signed-baseline", tmp_path / "allowed")
    assert signed.code == 2
    assert "it has none" in signed.err


@pytest.mark.long
def test_the_board_shows_a_gate_without_a_baseline(judge: Gate) -> None:
    from tests.test_board_pages import draw, words

    rules = ({"quality": "all", "min": 0.85}, {"licence": ["MIT"], "required": False})
    run_of(judge, scores(300, range(20)), *rules)
    page = words(draw("gate", judge.results))
    assert "✔ cand" in page
    assert "every rule is about the candidate alone" in page
    assert "300 answers" in page
    assert "against None" not in page


def test_the_self_test_moves_the_score_around_the_floor(judge: Gate) -> None:
    run = run_of(judge, scores(300, range(30)), {"quality": "all", "min": 0.85})
    shifts = said(judge, run, "--self-test", "--reps", "100")["shifts"]
    assert [shift["loss"] for shift in shifts] == pytest.approx([-0.075, 0, 0.075, 0.15])
    assert shifts[0]["passed"] > 0.9
    assert shifts[1]["passed"] <= 0.15
    assert shifts[1]["failed"] <= 0.15
    assert shifts[3]["failed"] > 0.95
    assert "true score to the floor" in judge(run, "--self-test", "--reps", "20").out


# From the suite file


SUITE_GATE = "gate: {candidates: [fake], rules: [{quality: all, min: 0.8}, {rate: unparseable, max_rate: 0.1}]}\n"


def test_run_gate_and_the_protected_suite_s_gate(tmp_path: Path, capsys: Capture) -> None:
    lost = {prompt_of(k): "A" for k in range(4)}
    with FakeProvider.in_thread(Behaviour(reply="B", answers=lost)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=80)
        suite.write_text(suite.read_text() + SUITE_GATE)
        assert evalkit(capsys, "check", suite).code == 0
        ran = evalkit(capsys, "run", suite, "--gate", "--results", tmp_path / "results")
    assert ran.code == 0, ran.out + ran.err
    assert "it has no baseline, so every item is looked at" in ran.err
    assert "PASS" in ran.out
    again = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results", "--json")
    assert again.code == 0
    stricter = suite.with_name("stricter.yaml")
    stricter.write_text(suite.read_text().replace("min: 0.8", "min: 0.99"))
    assert evalkit(capsys, "gate", "latest", "--suite", stricter, "--results", tmp_path / "results").code == 1


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("{candidates: [m], rules: [{quality: all, margin: 0.1}]}", "the rule about quality compares with it"),
        ("{candidates: [m], rules: [{cost: usd_per_sample, max_ratio: 1}]}", "the rule about cost compares with it"),
        ("{candidates: [m], rules: [{quality: all, min: 0.9}], scan: {margin: 0.1}}", "the scan compares with it"),
        ("{candidates: [m], rules: [{quality: all, min: 1}]}", "write scope: suite"),
        ("{candidates: [m], rules: [{quality: all, min: 1.2}]}", "less than or equal to 1"),
        ("{candidates: [m], rules: [{quality: all, min: -1}]}", "greater than 0"),
        ("{candidates: [m], rules: [{quality: all, mim: 0.9}]}", "did you mean 'min'?"),
        ("{candidates: [m], rules: [{quality: al, min: 0.9}]}", "there is no task 'al'"),
        ("{candidates: [m], rules: [{licence: []}]}", "must not be empty"),
        ("{candidates: [m], rules: [{licence: MIT, min: 0.9}]}", "does not belong to a rule about licence"),
        ("{candidates: [m], rules: [{licence: MIT, quality: all}]}", "exactly one of"),
        ("{candidates: [m], rules: [{latency: total_p50, max_s: 1, min: 0.5}]}", "does not belong to a rule about lat"),
    ],
)
def test_a_rule_that_cannot_be_meant_says_what_is_wrong(tmp_path: Path, gate: str, expected: str) -> None:
    (tmp_path / "d.jsonl").write_text('{"q": "1", "a": "2"}\n')
    suite = tmp_path / "s.yaml"
    suite.write_text(
        'name: x\nmodels:\n  m: {adapter: scripted}\ntasks:\n  - {name: t, data: d.jsonl, prompt: "{{ q }}", '
        f'target: "{{{{ a }}}}", score: exact}}\ngate: {gate}\n'
    )
    with pytest.raises(SuiteError) as caught:
        load_suite(suite)
    assert expected in str(caught.value)
    assert len(caught.value.complaints) == 1, caught.value.complaints


def test_the_python_door_takes_a_gate_without_a_baseline(judge: Gate) -> None:
    import evalkit as door

    run = stored(judge.results, {"cand": scores(300, range(20))}, suite_resolved={"run": {"max_error_rate": 0.01}})
    result = door.gate(run, rules=[{"quality": "all", "min": 0.85}, {"cost": "usd_per_sample", "max_usd": 1}])
    assert result.passed, result.reasons
    assert result.baseline is None
    assert result.rules[0].limit == 0.85
    assert "no baseline" in repr(result)
    with pytest.raises(door_errors()) as caught:
        door.gate(run, rules=[{"quality": "all", "margin": 0.02}])
    assert "give baseline too" in str(caught.value)
    with pytest.raises(SuiteError, match="no task 'x'"):
        door.gate(run, rules=[{"quality": "x", "min": 0.5}])
    own = stored(judge.results, {"cand": scores(300)}, alone({"cost": "usd_per_sample", "max_usd": "0.5"}))
    assert door.gate(own, candidates=["cand"]).passed


def door_errors() -> type[Exception]:
    from evalkit.errors import UserError

    return UserError


# Licences


def licensed(judge: Gate, allowed: list[str], model: str, licence: str | None) -> Path:
    entry = {"licence": licence} if licence else {}
    section = alone({"licence": allowed}, {"quality": "all", "min": 0.5})
    resolved = {"gate": section, "run": {"max_error_rate": 0.01, "seed": 0}, "models": {"cand": entry}}
    about = {"cand": {"adapter": "openai_chat", "model": model, "facts": {}}}
    return stored(judge.results, {"cand": scores(100)}, section, suite_resolved=resolved, models=about)


@pytest.mark.parametrize(
    ("allowed", "model", "licence", "code"),
    [
        (["MIT", "Apache-2.0"], "own-model", "Apache-2.0", 0),
        (["MIT", "Apache-2.0"], "own-model", "apache 2.0", 0),
        (["MIT", "Apache-2.0"], "own-model", "Llama 3.1 Community", 1),
        (["MIT"], "own-model", "Modified MIT", 1),
        (["MIT", "Apache-2.0"], "own-model", None, 3),
        (["MIT", "Apache-2.0"], "openai/gpt-oss-120b", None, 0),  # the catalogue knows it, whoever serves it
        (["MIT"], "openai/gpt-oss-120b", None, 1),
        (["MIT"], "openai/gpt-oss-120b", "MIT", 0),  # the suite's own word counts, and the difference is said
        (["MIT", "Apache-2.0"], "gpt-6-sol", None, 3),  # closed: there is no licence of weights
    ],
)
def test_a_licence_is_cleared_refused_or_unknown(
    judge: Gate, allowed: list[str], model: str, licence: str | None, code: int
) -> None:
    ran = judge(licensed(judge, allowed, model, licence))
    assert ran.code == code, ran.out + ran.err
    assert f"one of {', '.join(allowed)}" in ran.out
    if code == 3:
        assert "is not known" in ran.out
        assert "licence:" in ran.out
    if licence == "MIT" and model.startswith("openai"):
        assert "the catalogue says Apache-2.0" in ran.out


def test_unknown_never_passes_even_where_inconclusive_may(judge: Gate) -> None:
    section = alone({"licence": ["MIT"]}, on_inconclusive="pass")
    about = {"cand": {"adapter": "openai_chat", "model": "own-model", "facts": {}}}
    assert judge(stored(judge.results, {"cand": scores(100)}, section, models=about)).code == 3


def test_a_run_cannot_bring_its_own_licence(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=40)
        rule = "gate: {candidates: [fake], rules: [{licence: [MIT]}]}\n"
        protected = suite.with_name("protected.yaml")
        protected.write_text(suite.read_text() + rule)
        suite.write_text(suite.read_text().replace("model: fake,", "model: fake, licence: MIT,") + rule)
        assert evalkit(capsys, "run", suite, "--gate", "--results", tmp_path / "results").code == 0
    ran = evalkit(capsys, "gate", "latest", "--suite", protected, "--results", tmp_path / "results")
    assert ran.code == 2
    assert "licence of its entry changed, and a rule is about its licence" in ran.err


def test_a_run_cannot_bring_its_own_catalogue(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "protected").mkdir()
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=40)
        suite.write_text(suite.read_text() + "gate: {candidates: [fake], rules: [{licence: [MIT]}]}\n")
        for name in ("suite.yaml", "items.jsonl"):
            (tmp_path / "protected" / name).write_text((tmp_path / name).read_text())
        (tmp_path / "models.yaml").write_text(
            "sources: {me: Me}\nmodels:\n  - {model: fake, licence: {is: MIT, source: me, seen: 2026-11-20}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--gate", "--results", tmp_path / "results")
        assert ran.code == 0, ran.out + ran.err
    same = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert same.code == 0, same.err
    protected = tmp_path / "protected" / "suite.yaml"
    ran = evalkit(capsys, "gate", "latest", "--suite", protected, "--results", tmp_path / "results")
    assert ran.code == 2
    assert "another catalogue than lies beside the suite" in ran.err


# Served models


def by_two(row: Row) -> Row:
    late = int(row.sample_id[1:]) >= 200 and row.model == "cand"
    return replace(row, served_model="dm-2026-02" if late else "dm-2026-01", fingerprint="fp_b" if late else "fp_a")


def test_a_model_that_changed_within_one_side_is_a_finding_by_name(judge: Gate, tmp_path: Path) -> None:
    answers = {"base": scores(400), "cand": scores(400)}
    run = stored(judge.results, answers, change=by_two)
    junit, markdown = tmp_path / "g.xml", tmp_path / "g.md"
    ran = judge(run, "--junit", junit, "--markdown", markdown)
    assert ran.code == 0, "whether the change matters is for a person to say"
    assert "served model of the candidate (advisory)" in ran.out
    out = " ".join(ran.out.split())
    assert "the candidate was served by 2 models: dm-2026-01, dm-2026-02" in out
    assert "served as: baseline: dm-2026-01 (fingerprint fp_a)" in out
    assert "dm-2026-02" in markdown.read_text("utf-8")
    (suite,) = ElementTree.fromstring(junit.read_text("utf-8"))
    names = [case.get("name") for case in suite.findall("testcase")]
    assert "served model (one for the candidate)" in names
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["served baseline"] == "dm-2026-01 (fingerprint fp_a)"
    assert properties["served candidate"] == "dm-2026-01, dm-2026-02 (fingerprint fp_a, fp_b)"
    compared = judge.cli("compare", f"{run}:base", f"{run}:cand")
    assert "served as: B: dm-2026-01, dm-2026-02" in compared.out, compared.out + compared.err


# Rules of other packages


PACKAGE = '''
from __future__ import annotations
from typing import ClassVar
from evalkit.decide.rules import Condition, GateRule, RuleContext, RuleResult
from evalkit.stats.verdict import Verdict


class WordRule(GateRule):
    """At most so many answers may be without a score."""
    kind: ClassVar[str] = "unscored"
    limits: ClassVar[tuple[str, ...]] = ("max_count",)
    unscored: str
    max_count: int | None = None

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        import numpy as np

        n = int(np.isnan(context.pairs.candidate.score).sum())
        verdict = Verdict.PASS if n <= condition.at else Verdict.FAIL
        return RuleResult(condition, verdict, value=float(n), n=context.pairs.n)
'''


def test_a_rule_of_an_installed_package_is_one_file(judge: Gate, tmp_path: Path, capsys: Capture) -> None:
    site = tmp_path / "site"
    install(site, "evalkit-unscored", {"rules": {"unscored": "unscored_rule:WordRule"}}, unscored_rule=PACKAGE)
    with on_path(site):
        rule = {"unscored": "all", "max_count": 2}
        answers: list[float | None] = [*scores(398), None, None]
        assert judge(run_of(judge, answers, rule)).code == 0
        worse: list[float | None] = [*scores(397), None, None, None]
        run = run_of(judge, worse, rule)
        ran = judge(run)
        assert ran.code == 1, ran.out + ran.err
        assert "unscored all" in ran.out
        assert json.loads(judge(run, "--json").out)["verdict"] == "fail"
        doctor = evalkit(capsys, "doctor")
        assert "plug-in rule unscored" in doctor.out
        assert "evalkit-unscored 1.0" in doctor.out
        assert "max_count" in evalkit(capsys, "schema").out
    gone = judge(run)
    assert gone.code == 2, "a rule that is not installed any more decides nothing"
    assert "cannot read" in gone.err


def test_a_rule_of_a_package_that_raises_decides_nothing_and_is_named(judge: Gate, tmp_path: Path) -> None:
    source = PACKAGE.replace("import numpy as np", "raise RuntimeError('rule bug')")
    install(
        tmp_path / "site", "evalkit-unscored", {"rules": {"unscored": "unscored_rule:WordRule"}}, unscored_rule=source
    )
    with on_path(tmp_path / "site"):
        ran = judge(run_of(judge, scores(100), {"unscored": "all", "max_count": 2}))
    told = " ".join((ran.out + ran.err).split())
    assert ran.code not in {0, 70}, told
    assert "the rule unscored of evalkit-unscored 1.0 raised RuntimeError: rule bug (unscored_rule.py:" in told


@pytest.mark.parametrize(
    ("method", "given", "code"),
    [
        ("evaluate", "sys.exit(0)", 3),
        ("evaluate", "None", 3),
        ("evaluate", "'pass'", 3),
        ("evaluate", "RuleResult(given[0], 'pass')", 3),
        ("evaluate", "RuleResult(given[0], Verdict.PASS, value='1')", 3),
        ("evaluate", "RuleResult(given[0], Verdict.PASS, notes=[1])", 3),
        ("conditions", "['all']", 2),
        ("conditions", "[Condition('unscored', 'all', 'max_count', '2')]", 2),
        ("conditions", "[Condition('unscored', 'all', 'max_count', 2.0)] * 5000", 2),
        ("conditions", "None", 2),
        ("describe", "None", 0),
        ("describe", "RuleWords('x', 'no unit')", 0),
    ],
)
def test_what_a_rule_of_a_package_gives_back_is_looked_at(
    judge: Gate, tmp_path: Path, method: str, given: str, code: int
) -> None:
    """A gate's command was silent and green for a rule that left by sys.exit(0)."""
    source = PACKAGE.replace("def evaluate", "def was") if method == "evaluate" else PACKAGE
    source = source.replace("import Condition", "import RuleWords, Condition")
    source += f"\n    {'@classmethod' if method == 'describe' else ''}\n    def {method}(self, *given):\n"
    source += f"        import sys\n        return {given}\n"
    install(
        tmp_path / "site", "evalkit-unscored", {"rules": {"unscored": "unscored_rule:WordRule"}}, unscored_rule=source
    )
    with on_path(tmp_path / "site"):
        ran = judge(run_of(judge, scores(100), {"unscored": "all", "max_count": 2}))
    told = " ".join((ran.out + ran.err).split())
    assert ran.code == code and "defect" not in told, told
    assert code == 0 or "unscored of evalkit-unscored 1.0" in told or "package evalkit-unscored 1.0" in told, told


@pytest.mark.parametrize("method", ["evaluate", "conditions", "describe", "problems", "subjects"])
def test_what_a_rule_of_a_package_raises_beyond_exception_names_it(judge: Gate, tmp_path: Path, method: str) -> None:
    source = PACKAGE.replace("def evaluate", "def was") if method == "evaluate" else PACKAGE
    how = {"describe": "@classmethod", "subjects": "@property"}.get(method, "")
    source += (
        f"\n    {how}\n    def {method}(self, *given):\n        raise type('Panic', (BaseException,), {{}})('bug')\n"
    )
    install(
        tmp_path / "site", "evalkit-unscored", {"rules": {"unscored": "unscored_rule:WordRule"}}, unscored_rule=source
    )
    with on_path(tmp_path / "site"):
        ran = judge(run_of(judge, scores(100), {"unscored": "all", "max_count": 2}))
    told = " ".join((ran.out + ran.err).split())
    assert "Traceback" not in told and "defect" not in told, told
    assert (ran.code == 0) if method in {"describe", "problems", "subjects"} else (ran.code not in {0, 70}), told
    if ran.code:
        assert "evalkit-unscored 1.0" in told and "Panic: bug" in told, told


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("x = 1", "odd_rule:x", "must be a subclass of evalkit.decide.rules.GateRule"),
        ("raise RuntimeError('broken')", "odd_rule:x", "raised RuntimeError: broken"),
        (PACKAGE, "odd_rule:WordRule", "with kind = 'odd'"),
    ],
)
def test_a_rule_of_a_package_that_cannot_be_used_is_named(
    judge: Gate, tmp_path: Path, source: str, value: str, expected: str
) -> None:
    install(tmp_path / "site", "evalkit-odd", {"rules": {"odd": value}}, odd_rule=source)
    with on_path(tmp_path / "site"):
        ran = judge(run_of(judge, scores(100), {"odd": "all"}))
    assert ran.code == 2, ran.out
    assert "evalkit-odd 1.0" in ran.err
    assert expected in " ".join(ran.err.split())


def test_a_refusal_counts_by_its_outcome(judge: Gate) -> None:
    def refuses(row: Row) -> Row:
        many = int(row.sample_id[1:]) % 5 == 0
        return replace(row, outcome=Outcome.REFUSED, score=0.0) if many else row

    ran = judge(run_of(judge, scores(400), {"rate": "refused", "max_rate": 0.1}, change=refuses))
    assert ran.code == 1, ran.out + ran.err
    assert "20.0 % [" in ran.out
