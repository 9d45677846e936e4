"""Inline cases, and several scorers for one task: weights, all of them, each part shown, compared, gated, rescored."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import evalkit as library
from evalkit.records import Outcome, Response, Row, Sample, StopReason
from evalkit.scorers import code_worker
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.registry import make_scorer
from evalkit.suite.schema import ScoreEntry
from tests.gate_world import Gate, gate, one, stored
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
GATE = """
gate:
  baseline: digits
  candidates: [words]
  rules:
    - {quality: sums/shape, min: 0.05, scope: suite}
    - {quality: sums/exact, margin: 0.2}
"""


def a_suite(folder: Path, score: str, *, gate: str = "", n: int = 20, cases: str | None = None) -> Path:
    """Sums as inline cases; `digits` says the right number, `words` says it in a sentence."""
    inline = cases or "\n".join(
        f'      - {{vars: {{question: "{i} + {i}?"}}, expected: "{2 * i}", id: c{i}}}' for i in range(n)
    )
    digits = json.dumps({f"c{i}": str(2 * i) for i in range(n)} | {"*": "none"})
    words = json.dumps({f"c{i}": f"It is {2 * i}" for i in range(n)} | {"*": "none"})
    path = folder / "suite.yaml"
    path.write_text(
        f"name: sums\nsensitivity: internal\nmodels:\n  digits: {{adapter: scripted, replies: {digits}}}\n"
        f"  words: {{adapter: scripted, replies: {words}}}\ntasks:\n  - name: sums\n    cases:\n{inline}\n"
        f'    prompt: "{{{{ question }}}}"\n    score: {score}\n{gate}',
        encoding="utf-8",
    )
    return path


MEAN = r"[exact, {regex: {pattern: '\d+', compare: found}, weight: 3, name: shape}]"


def ran(capsys: Capture, folder: Path, score: str, *, gate: str = "", cases: str | None = None) -> Ran:
    found = evalkit(
        capsys, "run", a_suite(folder, score, gate=gate, cases=cases), "--results", folder / "results", "--no-cache"
    )
    assert found.code == 0, found.err
    return found


def test_the_score_is_the_weighted_mean_and_each_part_is_shown(capsys: Capture, tmp_path: Path) -> None:
    told = ran(capsys, tmp_path, MEAN)
    assert "sums by scorer" in told.out
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--json").json
    assert shown["models"]["digits"]["all"]["quality"]["mean"] == 1.0
    assert shown["models"]["words"]["all"]["quality"]["mean"] == pytest.approx(0.75)
    parts = shown["scorers"]["sums"]
    assert list(parts) == ["exact", "shape"]
    assert parts["exact"]["words"]["mean"] == 0.0 and parts["shape"]["words"]["mean"] == 1.0
    assert parts["exact"]["digits"]["n"] == 20 and parts["exact"]["digits"]["interval"] == "wilson"


def test_all_must_pass_makes_right_and_wrong_and_says_which_part_failed(capsys: Capture, tmp_path: Path) -> None:
    ran(capsys, tmp_path, ALL)
    rows = library.open_run("latest", tmp_path / "results").frame(text=True)
    words = rows[rows["model"] == "words"]
    assert set(words["outcome"]) == {"wrong"} and set(words["score"]) == {0.0} and set(words["part.shape"]) == {1.0}
    assert "exact 0" in words["reason"].iloc[0]
    assert set(rows[rows["model"] == "digits"]["outcome"]) == {"right"}


def test_parts_are_compared_gated_exported_and_rescored(capsys: Capture, tmp_path: Path) -> None:
    ran(capsys, tmp_path, MEAN, gate=GATE)
    path = tmp_path / "suite.yaml"
    results = ("--results", tmp_path / "results")
    compared = evalkit(capsys, "compare", "latest:digits", "latest:words", *results)
    assert "sums/exact" in compared.out and "sums/shape" in compared.out
    gated = evalkit(capsys, "gate", "latest", *results, "--json")
    (candidate,) = gated.json["candidates"]
    verdicts = {rule["condition"]["subject"]: rule["verdict"] for rule in candidate["findings"] if "condition" in rule}
    assert gated.code == 1 and verdicts["sums/exact"] == "fail" and verdicts["sums/shape"] == "pass"
    out = tmp_path / "rows.csv"
    assert evalkit(capsys, "export", "latest", "--to", "csv", "--out", out, *results).code == 0
    assert '"shape":1.0' in next(csv.DictReader(out.read_text("utf-8").splitlines()))["parts"].replace(" ", "")
    again = evalkit(capsys, "rescore", "latest", "--scorer", "{all: [contains]}", "--suite", path, *results)
    assert again.code == 0, again.err
    shown = evalkit(capsys, "show", "latest", *results, "--json").json
    assert shown["models"]["words"]["all"]["quality"]["mean"] == 1.0 and list(shown["scorers"]["sums"]) == ["contains"]


ALL = r"{all: [exact, {regex: {pattern: '\d+', compare: found}, name: shape}]}"


def test_parts_of_a_reply_that_is_wrong_as_a_whole_are_compared_and_gated(capsys: Capture, tmp_path: Path) -> None:
    ran(capsys, tmp_path, ALL, gate=GATE)
    results = ("--results", tmp_path / "results")
    compared = evalkit(capsys, "compare", "latest:digits", "latest:words", *results, "--json")
    assert compared.code == 0, compared.err
    deltas = {one["subject"]: one["delta"] for one in compared.json["paired"]["differences"]}
    assert deltas["sums/exact"] == -1.0 and deltas["sums/shape"] == 0.0
    gated = evalkit(capsys, "gate", "latest", *results, "--json")
    (candidate,) = gated.json["candidates"]
    verdicts = {rule["condition"]["subject"]: rule["verdict"] for rule in candidate["findings"]}
    assert gated.code == 1 and verdicts["sums/exact"] == "fail" and verdicts["sums/shape"] == "pass"


def test_a_part_that_the_baseline_never_gets_right_passes_nobody(capsys: Capture, tmp_path: Path) -> None:
    score = r"[exact, {regex: {pattern: 'ZZZ', compare: found}, name: shape}]"
    rule = GATE.replace("{quality: sums/shape, min: 0.05, scope: suite}", "{quality: sums/shape, margin: 0.05}")
    ran(capsys, tmp_path, score, gate=rule.replace("margin: 0.2", "margin: 0.2, required: false"))
    gated = evalkit(capsys, "gate", "latest", "--results", tmp_path / "results")
    assert gated.code != 0
    assert "the baseline's own score is 0.000, so no candidate could be worse" in " ".join(gated.out.split())


def test_parts_of_a_run_that_lacks_rows_are_compared_over_what_both_have(capsys: Capture, tmp_path: Path) -> None:
    rows = [
        one(n, m, (1 + form) / 2, parts={"exact": 1.0, "form": form})
        for m, last in (("base", 40), ("cand", 31))
        for n in range(last)
        for form in (float((n + len(m)) % 3 > 0),)
    ]
    several = {"name": "several", "options": {"of": [{"name": "exact"}, {"name": "form"}], "need": "mean"}}
    folder = stored(
        tmp_path, {"base": [1.0], "cand": [1.0]}, rows=rows, tasks={"t": 40}, identity={"score": several},
        status="interrupted",
    )  # fmt: skip
    ran = evalkit(capsys, "compare", f"{folder.name}:base", f"{folder.name}:cand", "--results", tmp_path, "--json")
    assert ran.code == 0, ran.err
    counts = {one["subject"]: one["n"] for one in ran.json["paired"]["differences"]}
    assert counts == {"t": 31, "t/exact": 31, "t/form": 31}


def test_scores_that_fall_on_one_side_of_a_half_are_told_beside_the_flips(capsys: Capture, tmp_path: Path) -> None:
    """`words` gets three parts of four: nothing flips, and every item scored lower all the same."""
    ran(capsys, tmp_path, MEAN, gate=GATE)
    results = ("--results", tmp_path / "results")
    said = "0 items went right → wrong, 0 wrong → right; of the others 20 scored lower, 0 higher"
    for verb in (("compare", "latest:digits", "latest:words"), ("gate", "latest")):
        assert said in " ".join(evalkit(capsys, *verb, *results).out.split())
    run = library.open_run("latest", tmp_path / "results")
    found = library.compare(run["digits"], run["words"])
    assert (found.n_lost, found.n_lower, found.n_higher) == (0, 20, 0)
    assert str(found).splitlines()[1].endswith("20 scored lower, 0 higher"), str(found)
    back = library.compare(run["words"], run["digits"])
    assert (back.n_lower, back.n_higher) == (0, 20)


def test_a_gate_that_runs_asks_every_item_for_a_part(capsys: Capture, tmp_path: Path) -> None:
    told = evalkit(
        capsys, "run", a_suite(tmp_path, MEAN, gate=GATE), "--gate", "--no-cache", "--results", tmp_path / "results"
    )
    assert told.code == 1, told.err
    assert evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--json").json["n_rows"] == 40


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("[exact, exact]", "are called 'exact'"),
        ("[exact, {contains: {}, weight: 0}]", "above 0"),
        ("[exact, {judge: {by: strict}}]", "a judge scores a task alone"),
        ("[exact, {choice: {mode: likelihood}}]", "reads the reply"),
        ("[exact, {contins: {}}]", "did you mean 'contains'"),
        ("[exact, {contains: {ignore: true}}]", "there is no option 'ignore'"),
        ("[exact, [contains]]", "a list of scorers holds names"),
        ("[]", "must be a list of scorers"),
        ("[exact, code]", "--allow-code-execution"),
    ],
)
def test_lists_that_cannot_be_meant_are_refused(
    score: str, said: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", False)  # another test's command may have allowed code
    found = evalkit(capsys, "check", a_suite(tmp_path, score))
    assert found.code == 2 and said in found.err, found.err


def test_a_rule_about_a_scorer_that_is_not_there_is_found_before_anything_is_asked(
    capsys: Capture, tmp_path: Path
) -> None:
    found = evalkit(capsys, "check", a_suite(tmp_path, MEAN, gate=GATE.replace("sums/shape", "sums/shap")))
    assert found.code == 2 and "did you mean 'shape'" in found.err


def mark(parts: list[str | dict[str, object]], reply: str, target: str = "4", need: str = "mean") -> object:
    entry = {"of": [{"use": one} if isinstance(one, str) else one for one in parts], "need": need}
    sample = Sample("t", "1", "d", "d", 0, (), target)
    return score_response(sample, Response(text=reply, stop_reason="stop"), make_scorer("several", entry))


@pytest.mark.parametrize(
    ("reply", "value", "outcome"),
    [
        ("4", 1.0, Outcome.RIGHT),
        ("<think>so 4</think>4", 1.0, Outcome.RIGHT),
        ("five", 0.0, Outcome.WRONG),
        ("I'm sorry, but I can't help with that.", 0.0, Outcome.REFUSED),
        ("", 0.0, Outcome.UNPARSEABLE),
    ],
)
def test_refusals_and_empty_replies_keep_their_name(reply: str, value: float, outcome: Outcome) -> None:
    found = mark(["exact", "contains"], reply, need="all")
    assert (found.value, found.outcome) == (value, outcome)  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop", ["refusal", "content_filter"])
def test_a_refusal_that_the_provider_reports_scores_by_each_part_as_one_in_words_does(stop: StopReason) -> None:
    sample = Sample("t", "1", "d", "d", 0, (), "4")
    lenient = {"use": "contains", "options": {"refusal": "right"}}

    def scored(*parts: object, need: str = "mean") -> tuple[object, ...]:
        scorer = make_scorer("several", {"of": [*parts], "need": need})
        found = score_response(sample, Response("", stop_reason=stop, refusal="declined"), scorer)
        assert found.outcome is Outcome.REFUSED
        return found.value, dict(found.parts)

    both = {"contains": 1.0, "exact": 0.0}
    assert scored(lenient) == (1.0, {"contains": 1.0}), "as `score: {contains: {refusal: right}}` alone"
    assert scored(lenient, {"use": "exact"}) == (0.5, both)
    assert scored(lenient, {"use": "exact"}, need="all") == (0.0, both)
    assert scored({"use": "exact"}) == (0.0, {"exact": 0.0})


@pytest.mark.parametrize(
    ("text", "stop", "outcome"),
    [
        ("", "length", Outcome.TRUNCATED),
        ("<think>so it is", "stop", Outcome.TRUNCATED),
        ("<think>so it is 4</think>", "stop", Outcome.UNPARSEABLE),
        (" ", "stop", Outcome.UNPARSEABLE),
    ],
)
def test_empty_and_cut_replies_are_called_in_a_list_what_they_are_called_alone(
    text: str, stop: StopReason, outcome: Outcome
) -> None:
    sample, reply = Sample("t", "1", "d", "d", 0, (), "4"), Response(text, stop_reason=stop)
    alone = score_response(sample, reply, make_scorer("exact"))
    listed = score_response(sample, reply, make_scorer("several", {"of": [{"use": "exact"}, {"use": "contains"}]}))
    assert alone.outcome is listed.outcome is outcome
    assert (alone.value, listed.value, listed.parts) == (0.0, 0.0, {"exact": 0.0, "contains": 0.0})
    assert str(alone.reason) in str(listed.reason)


def test_the_gold_reply_satisfies_every_part_or_the_check_says_so(capsys: Capture, tmp_path: Path) -> None:
    fine = make_scorer("several", {"of": [{"use": "exact"}, {"use": "contains"}]})
    sample = Sample("t", "1", "d", "d", 0, (), "4")
    assert fine.gold(sample) == "4"
    cross = make_scorer(
        "several", {"of": [{"use": "exact"}, {"use": "regex", "options": {"pattern": "x", "compare": "found"}}]}
    )
    assert cross.gold(sample) is None


def test_a_list_and_its_long_form_are_the_same_question() -> None:
    from pydantic import TypeAdapter

    from evalkit.suite.schema import Scoring

    read = TypeAdapter(Scoring).validate_python
    short: ScoreEntry = read(["exact", {"contains": {"whole_words": True}, "weight": 2}])
    use: ScoreEntry = read([{"use": "exact"}, {"use": "contains", "whole_words": True, "weight": 2.0}])
    long: ScoreEntry = read({"several": short.options})
    assert short == use == long and short.parts == ("exact", "contains")


def test_cases_are_records_and_what_run_json_keeps_of_them_is_their_number(capsys: Capture, tmp_path: Path) -> None:
    cases = (
        '      - {question: "secret-word ${HOME} {{ x }}", expected: "none"}\n      - {question: b, expected: "none"}'
    )
    found = ran(capsys, tmp_path, "exact", cases=cases)
    assert found.code == 0
    folder = run_folders(tmp_path / "results")[0]
    assert "secret-word" not in (folder / "run.json").read_text("utf-8")
    prompts = library.open_run("latest", tmp_path / "results").frame(text=True)["prompt"]
    assert any("secret-word ${HOME} {{ x }}" in prompt for prompt in prompts)
    assert (
        evalkit(capsys, "rescore", "latest", "--results", tmp_path / "results", "--suite", tmp_path / "suite.yaml").code
        == 0
    )


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ("      - {vars: {question: a}, question: b, expected: c}", "stands beside vars and among them"),
        ("      - {question: a}", "the record has no field 'expected'"),
        ("      - 7", "cases[0]"),
    ],
)
def test_cases_that_cannot_be_read_are_named(cases: str, said: str, capsys: Capture, tmp_path: Path) -> None:
    path = a_suite(tmp_path, "exact", cases=cases)
    if "no field" in said:
        path.write_text(
            path.read_text("utf-8").replace("    score:", '    target: "{{ expected }}"\n    score:'), "utf-8"
        )
    found = evalkit(capsys, "check", path)
    assert found.code == 2 and "Traceback" not in found.err and ("cases" in found.err or said in found.err), found.err


def test_python_takes_lists_of_scorers_and_cases(tmp_path: Path) -> None:
    suite = library.Suite(
        {"mine": lambda request: "4"},
        [
            library.Task(
                "sums",
                prompt="{{ q }}",
                cases=[{"q": "2 + 2?", "expected": "4"}],
                score=["exact", {"contains": {}, "weight": 2}],
            )
        ],
    )
    run = library.run(suite, results=tmp_path / "results")
    assert run["mine"].frame()["score"].tolist() == [1.0]


TWO = {"score": {"name": "several", "options": {"of": [{"name": "a"}, {"name": "b"}], "need": "mean"}}}


def of_two(model: str, n: int, a: float, b: float, **more: object) -> Row:
    return one(n, model, (a + b) / 2, parts={"a": a, "b": b}, **more)


def test_a_loss_is_not_injected_into_one_scorer_of_several(capsys: Capture, tmp_path: Path) -> None:
    rows = [
        of_two(model, n, float((n + k) % 5 > 0), 1.0) for k, model in enumerate(("base", "cand")) for n in range(99)
    ]
    section = gate({"quality": "t/b", "margin": 0.05})
    run = stored(tmp_path / "results", {"base": [], "cand": []}, section, rows=rows, tasks={"t": 99}, identity=TWO)
    told = Gate(capsys, tmp_path)(run, "--self-test")
    assert told.code == 2 and "one scorer of several" in told.err


@pytest.mark.parametrize(
    ("score", "digits", "words"),
    [
        ("{contains: It is}", 0.0, 1.0),
        ("{contains: [It, is]}", 0.0, 1.0),
        ("{contains: {text: [It, '2'], match: any, ignore_case: true}}", 0.4, 1.0),
        ("{exact: 4}", 0.05, 0.0),
        ("{regex: '^[0-9]+$'}", 1.0, 0.0),
        ("[{contains: It, weight: 3}, {regex: '[0-9]$'}]", 0.25, 1.0),
    ],
)
def test_what_every_reply_has_to_say_stands_in_the_suite_and_needs_no_target(
    capsys: Capture, tmp_path: Path, score: str, digits: float, words: float
) -> None:
    asked = "\n".join(f'      - {{question: "{i} + {i}?", id: c{i}}}' for i in range(20))
    ran(capsys, tmp_path, score, cases=asked)
    found = evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--json").json["models"]
    assert [found[name]["all"]["quality"]["mean"] for name in ("digits", "words")] == pytest.approx([digits, words])


@pytest.mark.parametrize("score", ["{equals: Paris}", "{contains: [1.5]}", "{contains: true}"])
def test_a_constant_that_no_scorer_takes_is_explained_in_one_line(capsys: Capture, tmp_path: Path, score: str) -> None:
    told = evalkit(capsys, "check", a_suite(tmp_path, score))
    assert told.code == 2
    assert "what every reply has to say may stand in it: {contains: Paris}" in told.err
