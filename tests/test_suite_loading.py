"""evalkit.suite.loading: a suite is read whole, or refused with every complaint, place and way out."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.errors import SuiteError, UserError
from evalkit.records import Settings
from evalkit.suite.loading import load_suite
from evalkit.suite.schema import SettingsEntry, merged
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.suite_errors import MOST_TOLD

HEAD = "name: x\nmodels:\n  m: {adapter: scripted}\n"
TASK = "  - {name: t, data: d.jsonl, prompt: '{{ q }}', score: exact}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with one data file; suites are named relative to it, as a person would."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.jsonl").write_text('{"q": "1 + 1?", "a": "2"}\n{"q": "2 + 2?", "a": "4"}\n')
    return tmp_path


def load(text: str, **options: object) -> ResolvedSuite:
    Path("s.yaml").write_text(text)
    return load_suite(Path("s.yaml"), **options)  # type: ignore[arg-type]


def complaints(text: str, **options: object) -> list[str]:
    with pytest.raises(SuiteError) as raised:
        load(text, **options)
    return raised.value.complaints


def test_of_thousands_of_wrong_keys_as_many_are_told_as_a_person_reads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sentence looks at every name that could be meant: a suite of a megabyte took 28 s of the processor."""
    asked = []

    def near(word: str, known: object) -> str:
        asked.append(word)
        return "did you mean another?"

    monkeypatch.setattr("evalkit.suite.suite_errors.near", near)
    found = complaints("name: s\nmodels: {}\ntasks: []\n" + "".join(f"k{n}: 1\n" for n in range(500)))
    assert 0 < len(asked) <= MOST_TOLD and len(found) < MOST_TOLD + 9
    assert "is wrong as well, and there may be more below: mend the 100 places above first" in found[-1]


def test_the_whole_file_of_the_design_is_understood(folder: Path) -> None:
    suite = load(
        """
name: support-swap
about: May we move?
sensitivity: internal
models:
  gpt:
    adapter: openai
    model: gpt-6-sol
    settings: {max_output_tokens: 512, reasoning_effort: low}
  qwen-fp8:
    adapter: vllm
    model: Qwen/Qwen3.5-32B
    serve: {tensor_parallel_size: 2, quantization: fp8}
    hosting: {gpu: H100, gpus: 2, usd_per_gpu_hour: 2.49, load: latest}
  early: {adapter: ctranslate2, model: tiny, compute_type: int8}
tasks:
  - use: mmlu
    with: {path: mmlu.jsonl, shots: 5, limit: 500, mode: generate}
  - name: refunds
    data: {path: d.jsonl, id: q}
    system: You are a careful support agent.
    prompt: |
      {{ q }}
    choices: [approve, deny, escalate]
    target: "{{ a }}"
    score: choice
    settings: {max_output_tokens: 16}
    cluster: conversation_id
    slices: [language, product]
    critical: "{{ priority == 'P0' }}"
run: {in_flight: auto, repeats: 1, seed: 0, max_cost_usd: 20, max_error_rate: 0.01}
gate:
  baseline: gpt
  candidates: [qwen-fp8]
  rules:
    - {quality: all, margin: 0.02}
    - {quality: refunds, margin: 0.00, scope: suite}
    - {cost: usd_per_1k_samples, max_ratio: 0.5}
    - {latency: ttft_p95, max_ratio: 1.2, max_s: 1.0}
    - {rate: refused, max_increase: 0.01}
  scan: {margin: 0.10}
""",
        known_adapters=["openai", "vllm", "ctranslate2"],
        known_scorers=["choice"],
    )
    assert [task.name for task in suite.tasks] == ["mmlu", "refunds"]
    assert suite.models["early"].options == {"compute_type": "int8"}
    assert suite.models["qwen-fp8"].hosting is not None
    assert suite.models["qwen-fp8"].hosting.usd_per_gpu_hour == Decimal("2.49")
    assert suite.run.max_cost_usd == Decimal("20")
    assert suite.run.timeout_s == 600
    assert suite.gate is not None and suite.gate.rules[1].margin == 0.0
    assert suite.tasks[0].entry.limit is not None and suite.tasks[0].entry.limit.n == 500


def test_an_unknown_key_is_answered_with_file_line_key_value_and_the_nearest_name(folder: Path) -> None:
    found = complaints(HEAD + "tasks:\n  - name: t\n    data: d.jsonl\n    promt: 'Hello'\n    score: exact\n")
    assert found == ["s.yaml:7: tasks[0].promt: unknown key (value seen: 'Hello'); did you mean 'prompt'?"]


def test_every_complaint_comes_at_once_in_the_order_of_the_file(folder: Path) -> None:
    found = complaints(
        """name: x
models:
  m: {adapter: scriptd, settings: {temperature: hot}}
tasks:
  - {name: t, data: d.jsonl, prompt: "{{ q", score: exat, limit: 0}
  - {name: t, data: d.jsonl, prompt: "{{ q }}", score: exact}
run: {repeats: 1.5}
gate: {baseline: n, candidates: [m, m], rules: [{quality: u, margin: 0.1}, {quality: all}]}
""",
        known_adapters=["scripted"],
        known_scorers=["exact"],
    )
    text = "\n".join(found)
    for expected in (
        "s.yaml:3: models.m.adapter: there is no adapter or preset 'scriptd'; did you mean 'scripted'?",
        "s.yaml:3: models.m.settings.temperature: expected a number (value seen: 'hot')",
        "s.yaml:5: tasks[0].score: there is no scorer 'exat'; did you mean 'exact'?",
        "s.yaml:5: tasks[0].limit: must be greater than or equal to 1 (value seen: 0)",
        "s.yaml:5: tasks[0].prompt: is not a valid template:",
        "s.yaml:6: tasks[1].name: 't' is also the name of tasks[0]",
        "s.yaml:7: run.repeats: expected a whole number (value seen: 1.5)",
        "s.yaml:8: gate.baseline: there is no model 'n' in this suite; known are m",
        "s.yaml:8: gate.candidates[1]: 'm' is named twice",
        "s.yaml:8: gate.rules[0].quality: there is no task 'u'; known are all, t",
        "s.yaml:8: gate.rules[1]: a rule about quality needs a limit: margin",
    ):
        assert expected in text
    assert len(found) == 11
    assert [int(c.split(":")[1]) for c in found] == sorted(int(c.split(":")[1]) for c in found)


def test_no_is_a_word_and_not_false(folder: Path) -> None:
    suite = load(
        HEAD + "tasks:\n  - {name: t, data: d.jsonl, prompt: q, choices: [yes, no, off], target: a, score: c}\n"
    )
    assert suite.tasks[0].entry.choices == ("yes", "no", "off")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nname: y\n", "s.yaml:2: name: given twice (first in line 1)"),
        ("name: &a x\n", "s.yaml:1: name: anchors and aliases are refused"),
        ("name: !!python/name:os.system x\n", "explicit tags are refused"),
        ("name: x\n<<: {a: 1}\n", "merge keys are refused"),
        ("run: {max_error_rate: .nan}\n", "run.max_error_rate: a number must be finite"),
        ("? [a]\n: 1\n", "a key must be plain text"),
        ("", "s.yaml: is empty"),
        ("- a\n", "a suite is a mapping"),
        ("a: [1\n", "s.yaml:2: this is not valid YAML"),
        ("a: 1\n---\nb: 1\n", "a suite is one document"),
        ("[" * 1000, "nested too deeply"),
        ("a: " + "{a: " * 1000, "nested too deeply"),
        ("name: \x01\n", "not valid YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_in_a_sentence(folder: Path, text: str, expected: str) -> None:
    assert expected in "\n".join(complaints(text))


def test_a_file_that_cannot_be_a_suite_is_named_with_the_way_out(folder: Path) -> None:
    load(HEAD + "tasks:\n" + TASK)
    Path("suites").mkdir()
    Path("suites/quickstart-of-mine.yaml").write_text("name: x\n")
    Path("latin.yaml").write_bytes("name: caf\xe9".encode("latin-1"))
    for path, expected in (
        ("t.yaml", "did you mean s.yaml?"),
        (".", "is a folder; name a suite file in it; the folder's YAML files: latin.yaml, s.yaml"),
        ("a-suite-nobody-wrote.yaml", "no such file; the folder's YAML files: latin.yaml, s.yaml"),
        ("quickstart-of-mine.yaml", "did you mean suites/quickstart-of-mine.yaml"),
        ("nowhere/s.yaml", "its folder nowhere does not exist"),
        ("latin.yaml", "is not UTF-8"),
    ):
        with pytest.raises(SuiteError, match=expected):
            load_suite(Path(path))


MAY = {"EVALKIT_ALLOWED_ENV": "ORG, PORT,DATA"}


def test_variables_are_filled_in_where_a_suite_needs_them(folder: Path) -> None:
    text = """name: x
models: {m: {adapter: vllm, model: "${ORG}/q", base_url: "http://127.0.0.1:${PORT}/v1"}}
tasks:
  - {name: t, data: {path: "${DATA}/d.jsonl"}, prompt: "{{ q }}", score: exact}
"""
    suite = load(text, environ={**MAY, "ORG": "Qwen", "PORT": "8000", "DATA": str(folder)})
    assert suite.models["m"].model == "Qwen/q"
    assert suite.models["m"].base_url == "http://127.0.0.1:8000/v1"
    assert suite.tasks[0].examine().n == 2
    assert suite.resolved().models["m"].root["base_url"] == "http://127.0.0.1:${PORT}/v1"
    assert str(folder) not in str(suite.resolved())
    assert complaints(text, environ={**MAY, "ORG": "Qwen", "DATA": "."}) == [
        "s.yaml:2: models.m.base_url: the environment variable PORT is not set: export PORT=..."
    ]


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "HF_TOKEN", "db_password", "MY_SECRET", "AWS_CREDENTIALS", "GH_PAT"]
)
def test_a_suite_can_never_name_a_credential(folder: Path, name: str) -> None:
    text = HEAD.replace("scripted", "scripted, base_url: 'https://evil.example/${" + name + "}'") + "tasks:\n" + TASK
    found = complaints(text, environ={name: "sk-canary"})
    assert "looks like a credential" in found[0]
    assert "sk-canary" not in found[0]


def test_a_variable_elsewhere_is_refused_and_not_sent_as_text(folder: Path) -> None:
    found = complaints(HEAD + "tasks:\n" + TASK.replace("{{ q }}", "${USER} {{ q }}"), environ={"USER": "u"})
    assert "filled in only in base_url, model and data.path" in found[0]
    literal = load(HEAD + "tasks:\n" + TASK.replace("'{{ q }}'", "\"{{ '$' }}{USER} {{ q }}\""))
    assert next(literal.tasks[0].samples()).messages[0].content == "${USER} 1 + 1?"


def test_a_key_written_into_a_suite_is_refused_and_not_repeated(folder: Path) -> None:
    for where in (
        "api_key: sk-canary",
        "settings: {extra: {api_key: sk-canary}}",
        "base_url: 'https://u:sk-canary@h/'",
    ):
        found = complaints(HEAD.replace("scripted", f"scripted, {where}") + "tasks:\n" + TASK)
        assert "come from the environment" in found[0]
        assert "sk-canary" not in "".join(found)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("{name: t, data: d.jsonl, score: exact}", "either prompt or messages (neither is given)"),
        ("{data: d.jsonl, prompt: q, score: exact}", "tasks[0].name: is required, and missing"),
        ("{name: all, data: d.jsonl, prompt: q, score: exact}", "'all' means every task together"),
        ("{name: t, prompt: q, score: exact}", "tasks[0].data: is required"),
        ("{name: t, data: d.jsonl, prompt: q}", "tasks[0].score: is required"),
        (
            "{name: t, data: d.jsonl, prompt: q, score: {a: 1, b: 2}}",
            "expected a scorer's name, {NAME: {option: value}}",
        ),
        ("{name: t, data: d.jsonl, prompt: q, score: exact, choices: [a, b]}", "tasks[0].target: is required"),
        ("{name: t, data: d.jsonl, prompt: q, score: exact, choices: a, target: b}", "one template that names a list"),
        ("{name: t, data: d.jsonl, prompt: q, score: exact, mode: likelihood}", "likelihood needs choices"),
        ("{name: t, data: d.jsonl, prompt: q, score: exact, shots: 3}", "must say where examples come from"),
        ("{name: t, data: {hub: a/b, file: x.csv, revision: main}, prompt: q, score: e}", "'main' is a branch"),
        (
            "{name: t, data: {hub: a/b, revision: " + "a" * 40 + "}, prompt: q, score: e}",
            "which file of the repository",
        ),
        ("{name: t, data: {path: d, hub: a/b}, prompt: q, score: e}", "(both are given)"),
        (
            "{name: t, data: d.jsonl, messages: [{role: system, content: a}], score: e}",
            "must end with a turn of the user",
        ),
        (
            "{name: t, data: d.jsonl, prompt: '{% include \"x\" %}', score: e}",
            "templates have output, if, for and set only",
        ),
        ("{use: mmlo}", "there is no built-in task 'mmlo'; did you mean mmlu or mmlu_pro?"),
        (
            "{use: mmlu}",
            "needs your copy of its data: with: {path: FILE}. It was tested on https://github.com/lu-wang-dl/",
        ),
        ("{use: mmlu, limit: 5, with: {path: d.jsonl}}", "put it under with: {limit: ...}"),
        ("{lm_eval: arc_challenge, prompt: hi}", "cannot stand beside lm_eval; there may be"),
        ("{lm_eval: arc_challenge, shots: {path: x.jsonl}}", "beside lm_eval is a number"),
        ("[1]", "expected a mapping, {key: value} (value seen: a list of 1)"),
        # Of a key that takes a list or a text nothing is said but of the one that was written.
        (
            "{name: t, data: d.jsonl, score: e, messages: [{role: user, content: 3}]}",
            "a list or a text (value seen: 3)",
        ),
        ("{name: t, data: d.jsonl, score: e, messages: [{role: user, content: []}]}", "without parts asks nothing"),
        ("{name: t, data: d.jsonl, score: e, messages: [{role: system, content: [a]}]}", "only a turn of the user"),
        ("{name: t, data: d.jsonl, prompt: q, score: e, images: 3}", "expected a list or a text (value seen: 3)"),
        ("{name: t, data: d.jsonl, prompt: q, score: e, images: ''}", "images: must not be empty"),
    ],
)
def test_a_task_that_cannot_be_asked_says_what_is_missing(folder: Path, task: str, expected: str) -> None:
    found = complaints(HEAD + f"tasks:\n  - {task}\n")
    assert len(found) == 1, found
    assert expected in found[0]
    assert found[0].startswith("s.yaml:5: tasks[0]")


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("{baseline: m, candidates: [n], rules: []}", "gate.rules: must not be empty"),
        ("{baseline: m, candidates: [], rules: [{quality: all, margin: 0}]}", "gate.candidates: must not be empty"),
        ("{baseline: n, candidates: [n], rules: [{quality: all, margin: 0}]}", "a model cannot replace itself"),
        ("{baseline: m, candidates: [n], rules: [{margin: 0.1}]}", "exactly one of quality, cost, latency, rate"),
        ("{baseline: m, candidates: [n], rules: [{latency: ttft_p95}]}", "needs a limit: max_ratio or max_s"),
        (
            "{baseline: m, candidates: [n], rules: [{rate: refused, max_ratio: 2}]}",
            "does not belong to a rule about rate",
        ),
        ("{baseline: m, candidates: [n], rules: [{quality: all, margin: 0, required: false}]}", "no rule is required"),
    ],
)
def test_a_gate_that_could_pass_by_accident_is_refused(folder: Path, gate: str, expected: str) -> None:
    found = complaints(HEAD + "  n: {adapter: scripted}\ntasks:\n" + TASK + f"gate: {gate}\n")
    assert expected in "\n".join(found)


def test_a_promoted_baseline_needs_no_model_of_this_suite(folder: Path) -> None:
    gate = "gate: {baseline: baseline@x, candidates: [m], rules: [{quality: t, margin: 0.1}]}\n"
    assert load(HEAD + "tasks:\n" + TASK + gate).gate is not None


def test_task_settings_override_the_model_field_by_field() -> None:
    model = Settings(max_output_tokens=512, temperature=0.5, extra={"a": 1, "b": 1})
    task = SettingsEntry.model_validate({"max_output_tokens": 16, "temperature": None, "extra": {"b": 2}, "stop": "."})
    assert merged(model, task) == Settings(max_output_tokens=16, temperature=None, stop=(".",), extra={"a": 1, "b": 2})
    assert merged(model, SettingsEntry()) is model


def test_the_digest_follows_what_is_asked_and_nothing_else(folder: Path) -> None:
    text = HEAD + "tasks:\n" + TASK
    before = load(text).digest
    assert load("about: words\n" + text + "run: {in_flight: 4, max_cost_usd: 3}\n").digest == before
    assert load(text.replace("scripted}", "scripted, licence: MIT}")).digest == before
    assert load(text + "run: {repeats: 2}\n").digest != before
    assert load(text.replace("{{ q }}", "{{ q }}!")).digest != before
    assert load(text.replace("scripted}", "scripted, settings: {seed: 1}}")).digest != before
    (folder / "d.jsonl").write_text('{"q": "1 + 1?", "a": "3"}\n')
    assert load(text).digest != before


def test_only_takes_models_and_tasks_by_name(folder: Path) -> None:
    suite = load(HEAD + "  n: {adapter: scripted}\ntasks:\n" + TASK + TASK.replace("name: t", "name: u"))
    some = suite.only(models=["n"], tasks=["u"])
    assert list(some.models) == ["n"]
    assert [task.name for task in some.tasks] == ["u"]
    assert some.resolved().tasks[0].written["name"] == "u"
    with pytest.raises(SuiteError, match="there is no model 'k'"):
        suite.only(models=["k"])


@pytest.mark.long
def test_reading_a_suite_imports_nothing_heavy(folder: Path) -> None:
    load(HEAD + "tasks:\n" + TASK)
    code = (
        "import sys; from pathlib import Path; from evalkit.suite.loading import load_suite\n"
        "load_suite(Path('s.yaml')).tasks[0].examine()\n"
        "print([m for m in ('numpy', 'pyarrow', 'pandas', 'openai', 'huggingface_hub', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


NUMBERS = ["0x" + "f" * 5_000, "0o" + "7" * 5_000, "9" * 5_000, "-" + "9" * 30, "0x" + "f" * 17, "18446744073709551616"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", ["run: {seed: %s}", "run: {repeats: %s}", "about: %s", "gate: {a: {b: [%s]}}"])
def test_a_whole_number_that_nothing_can_store_is_a_complaint(tmp_path: Path, place: str, number: str) -> None:
    (tmp_path / "s.yaml").write_text(f"name: s\n{place % number}\n", "utf-8")
    with pytest.raises(SuiteError, match=r"s\.yaml:2: .*64 bits"):
        load_suite(tmp_path / "s.yaml")


@pytest.mark.parametrize("half", [r"\ud800", r"a\udfff", r"\udc00\ud800", r"\U0000d83d"])
@pytest.mark.parametrize("place", ['about: "%s"', '"%s": 1', 'models: {m: {model: "%s"}}', 'tasks: [{prompt: "%s"}]'])
def test_half_a_character_is_a_complaint(tmp_path: Path, place: str, half: str) -> None:
    (tmp_path / "s.yaml").write_text(f"name: s\n{place % half}\n", "utf-8")
    with pytest.raises(SuiteError, match=r"s\.yaml:2: .*half of a character"):
        load_suite(tmp_path / "s.yaml")


# Of "[", the reader looks back over every open one at each: 700 are past what it can nest, and cost a fifth of 5,000.
@pytest.mark.parametrize("text", ["[" * 700, "{a: " * 5_000, "- " * 5_000, "a: " + "9" * 5_000, "? " * 5_000])
def test_files_beside_a_suite_that_no_reader_takes_are_complaints(tmp_path: Path, text: str) -> None:
    from evalkit.cost.price_file import read_prices
    from evalkit.cost.scenario import read_scenario
    from evalkit.store import baselines

    path = tmp_path / "b.yaml"
    path.write_text(text, "utf-8")
    for read in (read_prices, read_scenario):
        with pytest.raises(UserError):
            read(path)
    with pytest.raises(UserError):
        baselines.read("b", tmp_path)
