"""Plug-ins by entry points: found when they are needed, refused with a sentence when they cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit import plugins
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.registry import OptionsOfAdapters, known_adapters, make_adapter, origin_of, preset_of
from evalkit.errors import MissingKey, PluginError, SuiteError
from evalkit.records import Outcome, Response, Sample, Timing
from evalkit.scorers.registry import known_scorers, make_scorer
from evalkit.suite import builtin_tasks
from evalkit.suite.loading import load_suite
from tests.conftest import REPO
from tests.plugin_world import install, on_path
from tests.world import evalkit, write_suite

Capture = pytest.CaptureFixture[str]
ECHO = """
from evalkit.adapters.base import Capabilities, Endpoint
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.records import Response, Timing

class Options(AdapterOptions):
    prefix: str | None = None
    \"\"\"What stands before every answer.\"\"\"

class Echo:
    capabilities = Capabilities(streaming=False, usage=False)
    def __init__(self, spec, options):
        self.spec, self.options = spec, options
        self.endpoint = Endpoint(lane="echo", place="echo", network=False, cacheable=False)
    async def respond(self, request):
        text = (self.options.prefix or "") + request.messages[-1].content
        return Response(text, "stop", Timing(sent_at=0.0, total_s=0.001))
    async def aclose(self): pass

def make(spec):
    return Echo(spec, read_options(Options, spec))
"""
SCORING = """
def ends_with(answer, record, *, ignore_case: bool = False):
    wanted = record["end"]
    return answer.lower().endswith(wanted.lower()) if ignore_case else answer.endswith(wanted)

def raises(answer, record):
    raise KeyError("no such thing")

def gives_text(answer, record):
    return "good"

def make(options):
    from evalkit.scorers.base import Scorer
    from evalkit.scorers.scores import right_or_wrong
    from evalkit.scorers.options import Flag, read
    given = read("own", options, {"strict": Flag(False)})
    score = lambda sample, response: right_or_wrong(True, None)
    return Scorer("whatever", 7, score, lambda sample: None, options=given)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder on sys.path into which tests install packages, before anything is looked up."""
    folder = tmp_path / "site"
    folder.mkdir()
    with on_path(folder):
        plugins._scanned.cache_clear()
        yield folder
    plugins._scanned.cache_clear()


def spec_of(adapter: str, **fields: object) -> ModelSpec:
    return ModelSpec(name="m", adapter=adapter, model="x", **fields)  # type: ignore[arg-type]


def ask_for(kind: str, name: str) -> object:
    """What evalkit does with a name of this kind."""
    if kind == "scorers":
        return make_scorer(name)
    return builtin_tasks.definition(name) if kind == "tasks" else make_adapter(spec_of(name))


def score(
    name: str, answer: str, options: dict[str, object] | None = None, **record: object
) -> tuple[float | None, Outcome]:
    sample = Sample("t", "1", "d", "d", 0, (), None, fields=record)
    found = make_scorer(name, options).score(sample, Response(answer, "stop", Timing(sent_at=0.0, total_s=0.0)))
    return found.value, found.outcome


def test_a_scorer_that_gives_its_function_under_the_former_name_goes_on_working(site: Path) -> None:
    older = """
def make(options):
    from evalkit.scorers.base import Scorer
    from evalkit.scorers.scores import right_or_wrong
    return Scorer(
        name="older", version=1, mark=lambda sample, response: right_or_wrong(response.text == "yes", None),
        gold=lambda sample: "yes", options=options,
    )
"""
    install(site, "older-pack", {"scorers": {"older": "older_pack:make"}}, older_pack=older)
    with pytest.warns(DeprecationWarning, match=r"Scorer\.mark is now Scorer\.score: rename it in your plug-in"):
        assert score("older", "yes") == (1.0, Outcome.RIGHT)
    with pytest.warns(DeprecationWarning, match=r"Scorer\.mark"):
        assert make_scorer("older").mark is not None


def test_an_adapter_of_a_package_is_made_by_its_name_however_it_is_written(site: Path) -> None:
    install(site, "echo-pack", {"adapters": {"my-echo": "echo_pack"}}, echo_pack=ECHO)
    for name in ("my-echo", "my_echo", "MyEcho"):
        assert name in known_adapters()
        assert type(make_adapter(spec_of(name))).__name__ == "Echo"
    assert "my-echo" in list(known_adapters())
    assert preset_of("my-echo") is None
    assert origin_of("my-echo") == "echo-pack 1.0"
    assert origin_of("openai") is None


def test_nothing_is_searched_for_names_of_evalkits_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("the environment was searched")

    monkeypatch.setattr(plugins, "_scanned", searched)
    assert "openai" in known_adapters() and "openai_chat" in known_adapters() and "choice" in known_scorers()
    make_adapter(spec_of("scripted"))
    make_scorer("exact")
    builtin_tasks.definition("gsm8k")
    assert origin_of("vllm") is None
    with pytest.raises(AssertionError, match="searched"):
        assert "unknown" in known_adapters()


@pytest.mark.long
def test_a_run_of_built_in_names_reads_no_packages(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "", n=3, models="  m: {adapter: scripted, replies: {'*': B}}")
    code = (
        "import sys\n"
        "from evalkit.cli import run_command\n"
        f"assert run_command(['run', {str(suite)!r}, '--results', {str(tmp_path / 'r')!r}, '--no-cache']) == 0\n"
        "from evalkit import plugins\n"
        "print(plugins._scanned.cache_info().misses, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_env(tmp_path), check=True)
    assert done.stderr.strip().splitlines()[-1] == "0"


@pytest.mark.long
@pytest.mark.parametrize("command", [["-m", "evalkit"], ["-c", "from evalkit.__main__ import main; main()"]])
def test_a_package_beside_the_suite_is_never_found_or_imported(tmp_path: Path, command: list[str]) -> None:
    """`python -m evalkit` has the working directory on its path, where somebody else's files may lie."""
    source = "from pathlib import Path\nPath('imported').touch()\n"
    install(tmp_path, "beside", {"adapters": {"beside": "beside"}, "scorers": {"beside": "beside:f"}}, beside=source)
    (tmp_path / "other.egg-info").mkdir()
    (tmp_path / "other.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (tmp_path / "other.egg-info" / "entry_points.txt").write_text("[evalkit.adapters]\nother = beside\n")
    for name in ("beside", "other"):
        suite = write_suite(tmp_path, "", n=1, models=f"  m: {{adapter: {name}, model: x}}")
        run = [sys.executable, *command, "check", suite.name]
        done = subprocess.run(run, cwd=tmp_path, env=_env(tmp_path), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert f"there is no adapter or preset '{name}'" in done.stderr
    assert not (tmp_path / "imported").exists()


def _env(folder: Path, *path: Path) -> dict[str, str]:
    found = {"PATH": os.environ["PATH"], "HOME": str(folder), "EVALKIT_CACHE": str(folder / "cache")}
    return {**found, "PYTHONPATH": os.pathsep.join(map(str, path))} if path else found


def test_evalkits_own_names_win(site: Path) -> None:
    taken = {"adapters": "Open_AI", "scorers": "exact", "tasks": "gsm8k", "presets": "vllm"}
    install(site, "takeover", {kind: {name: "evil"} for kind, name in taken.items()}, evil="raise ValueError")
    with pytest.raises(MissingKey):
        make_adapter(spec_of("openai"))
    assert make_scorer("exact").plugin is None
    assert builtin_tasks.definition("gsm8k").name == "gsm8k"
    assert preset_of("vllm") is not None and preset_of("openai") is None
    assert "evil" not in sys.modules


@pytest.mark.parametrize("written", ["Replay", "RE-PLAY", "re_play", "Scripted", "OpenAI"])
def test_a_suite_writes_evalkits_names_as_they_are(site: Path, tmp_path: Path, written: str) -> None:
    """A gate knows recorded answers by the adapter's name: a spelling of its own would hide them."""
    install(site, "takeover", {"adapters": {written: "evil"}}, evil=ECHO)
    told = check(tmp_path, f"{{adapter: {written}, model: x}}")
    assert any(f"there is no adapter or preset '{written}'" in one for one in told)


@pytest.mark.parametrize("kind", ["adapters", "scorers", "tasks", "presets"])
def test_one_name_in_two_packages_is_refused_with_the_way_out(site: Path, kind: str) -> None:
    for package in ("pack-a", "pack-b"):
        install(site, package, {kind: {"twice": "no_module"}})
    with pytest.raises(PluginError) as caught:
        ask_for(kind, "twice")
    assert "'twice' is in 2 installed packages: pack-a, pack-b" in str(caught.value)
    assert "pip uninstall pack-b" in str(caught.value)


@pytest.mark.long(but=5)
@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('boom')",
        "import nowhere_at_all",
        "x = (",
        "1 / 0",
        "raise SystemExit",
        "from evalkit import gone",
    ],
)
@pytest.mark.parametrize("kind", ["adapters", "scorers", "tasks", "presets"])
def test_a_package_that_cannot_be_imported_is_named(site: Path, kind: str, source: str) -> None:
    install(site, "broken-pack", {kind: {"broken": "broken_mod"}}, version="2.3", broken_mod=source)
    with pytest.raises(PluginError) as caught:
        ask_for(kind, "broken")
    said = str(caught.value)
    assert "'broken' of the package broken-pack 2.3 cannot be used" in said
    assert "pip uninstall broken-pack" in said
    assert "\n" not in said


@pytest.mark.long(but=5)
@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("adapters", "odd:NUMBER", "must be a module with make(spec) -> Adapter"),
        ("adapters", "odd", "must be a module with make(spec) -> Adapter"),
        ("adapters", "wrong_options", "must be a module whose Options is a subclass"),
        ("adapters", "taken_option", "Options has no field 'model'"),
        ("adapters", "makes_nothing", "make(spec) returns an Adapter"),
        ("scorers", "odd:NUMBER", "must be a function (answer, record)"),
        ("scorers", "odd:one", "must be a function (answer, record)"),
        ("tasks", "odd:NUMBER", "must be a mapping, or the Path of a YAML file"),
        ("tasks", "odd:EMPTY", "must be the definition of a task"),
        ("tasks", "odd:MISSING", "must be the path of a YAML file that can be read"),
        ("presets", "odd:NUMBER", "must be a Preset, a mapping, or the Path"),
    ],
)
def test_an_object_of_the_wrong_kind_is_named(site: Path, kind: str, value: str, said: str) -> None:
    modules = {
        "odd": (
            "from pathlib import Path\nNUMBER = 5\nEMPTY = {}\nMISSING = Path('/nowhere/x.yaml')\n"
            "one = lambda options: 5\n"
        ),
        "wrong_options": "Options = dict\ndef make(spec): return None\n",
        "taken_option": (
            "from evalkit.adapters.options import AdapterOptions\n"
            "class Options(AdapterOptions):\n    model: str | None = None\ndef make(spec): return None\n"
        ),
        "makes_nothing": "def make(spec): return 'adapter'\n",
    }
    install(site, "odd-pack", {kind: {"odd": value}}, **modules)
    with pytest.raises(PluginError) as caught:
        ask_for(kind, "odd")
    assert said in str(caught.value)
    assert "odd-pack 1.0" in str(caught.value) and "pip uninstall odd-pack" in str(caught.value)


def test_a_plug_in_that_fails_while_it_is_made_is_no_defect_of_evalkit(site: Path) -> None:
    install(site, "bad-make", {"adapters": {"bad": "bad_make"}}, bad_make="def make(spec): return 1 / 0\n")
    with pytest.raises(
        PluginError, match=r"models\.m: the adapter 'bad' of the package bad-make 1\.0 could not be made"
    ):
        make_adapter(spec_of("bad"))


def test_an_unknown_name_lists_plug_ins_among_the_near_ones(site: Path) -> None:
    install(site, "echo-pack", {"adapters": {"my-echo": "echo_pack"}, "scorers": {"ends-with": "s:x"}})
    with pytest.raises(SuiteError, match="did you mean my-echo"):
        make_adapter(spec_of("my-ecko"))
    with pytest.raises(SuiteError, match="did you mean 'ends-with'"):
        make_scorer("ends-wiht")


# --- options


def check(folder: Path, model: str) -> list[str]:
    """Complaints about a suite with this model."""
    suite = write_suite(folder, "", n=1, models=f"  m: {model}")
    try:
        load_suite(suite, known_adapters=known_adapters(), options=OptionsOfAdapters(str(folder)))
    except SuiteError as error:
        return [line.partition(": ")[2] for line in error.complaints]
    return []


def test_options_of_a_plug_in_are_checked_in_the_suite(site: Path, tmp_path: Path) -> None:
    install(site, "echo-pack", {"adapters": {"my-echo": "echo_pack"}}, echo_pack=ECHO)
    assert check(tmp_path, "{adapter: my-echo, model: x, prefix: 'A '}") == []
    assert check(tmp_path, "{adapter: my-echo, model: x, prefxi: 'A '}") == [
        "models.m.prefxi: unknown key (value seen: 'A '); did you mean 'prefix'?"
    ]
    assert check(tmp_path, "{adapter: my-echo, model: x, prefix: 5}") == [
        "models.m.prefix: expected a text (value seen: 5)"
    ]
    assert check(tmp_path, "{adapter: openai, model: x, prefix: 'A '}") == [
        "models.m.prefix: openai has no such option (my-echo reads it); it knows reported_cost"
    ]


@pytest.mark.parametrize("network", [True, False])
def test_an_adapter_that_names_no_host_meets_no_policy(
    site: Path, tmp_path: Path, capsys: Capture, network: bool
) -> None:
    """Its code may send prompts anywhere: what is unknown meets no requirement."""
    install(
        site, "echo-pack", {"adapters": {"my-echo": "echo_pack"}}, echo_pack=ECHO.replace("=False, c", f"={network}, c")
    )
    policy = tmp_path / "policy.yaml"
    policy.write_text("sensitivity: {public: {}, internal: {trains_on_data: false}}\n")
    suite = write_suite(tmp_path, "", n=2, models="  m: {adapter: my-echo, model: x}")
    ran = evalkit(capsys, "check", suite, "--policy", policy)
    assert ran.code == 2
    assert "models.m: where the adapter 'my-echo' of echo-pack 1.0 sends prompts is not known" in ran.err
    assert "policy.yaml has requirements for internal" in ran.err
    alone = evalkit(capsys, "check", suite)
    assert alone.code == (2 if network else 0), alone.err
    assert "evalkit does not see where it sends prompts" in alone.out or "names no host" in alone.err
    suite.write_text(suite.read_text().replace("sensitivity: internal", "sensitivity: public"))
    assert evalkit(capsys, "check", suite, "--policy", policy).code == 0


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{adapter: openai, model: x, path: a.jsonl}", "openai has no such option (replay and scripted read it)"),
        ("{adapter: replay, pth: a.jsonl}", "did you mean 'path'?"),
        ("{adapter: replay, path: a.jsonl, partial: perhaps}", "expected true or false (value seen: 'perhaps')"),
        ("{adapter: scripted, delay_s: -1}", "expected a number from 0 on (value seen: -1)"),
        ("{adapter: ctranslate2, model: x, max_batch: 0}", "expected a whole number from 1 on (value seen: 0)"),
        ("{adapter: vllm, model: x, base_url: 'http://127.0.0.1:1/v1', token_param: max}", "expected max_tokens or"),
        (
            "{adapter: vllm, model: x, serve: {}, stream: false}",
            "vllm has no such option (openai-chat with",
        ),
        ("{adapter: bedrock, model: x, regoin: eu}", "did you mean 'region'?"),
        (
            "{adapter: together, model: x, region: eu}",
            "together has no such option (bedrock and bedrock-converse read it)",
        ),
        ("{adapter: openai, model: x, api_key: sk-secret}", "unknown key (its value is not shown)"),
        ("{adapter: openai, modle: x}", "did you mean 'model'?"),
        ("{adapter: scripted, replies: [a]}", "expected a mapping, {key: value} (value seen: a list of 1)"),
        ("{adapter: ctranslate2, model: x, variants: {y: {compute_type: 8}}}", "models.m.variants.y.compute_type"),
        (
            "{adapter: ctranslate2, model: x, variants: {y: {compute: int8}}}",
            "variants.y.compute: unknown key",
        ),
    ],
)
def test_a_misspelt_or_foreign_option_has_a_line_and_a_way_out(tmp_path: Path, model: str, said: str) -> None:
    found = check(tmp_path, model)
    assert any(said in one for one in found), found
    assert "sk-secret" not in str(found)


# --- scorers


def test_a_plain_function_is_a_scorer_and_its_keywords_are_options(site: Path) -> None:
    install(site, "scoring-pack", {"scorers": {"ends-with": "scoring_pack:ends_with"}}, scoring_pack=SCORING)
    assert score("ends-with", "It is Ulm", end="Ulm") == (1.0, Outcome.RIGHT)
    assert score("ends-with", "It is ULM", end="Ulm") == (0.0, Outcome.WRONG)
    assert score("ends-with", "It is ULM", {"ignore_case": True}, end="Ulm") == (1.0, Outcome.RIGHT)
    with pytest.raises(SuiteError, match="no option 'ignore_caes'"):
        make_scorer("ends-with", {"ignore_caes": True})
    with pytest.raises(SuiteError, match="option 'ignore_case' must be of the kind bool"):
        make_scorer("ends-with", {"ignore_case": "yes"})


async def test_a_plain_function_may_be_async(site: Path) -> None:
    source = "async def later(answer, record, *, wanted: str = 'x'):\n    return answer == wanted\n"
    install(site, "later-pack", {"scorers": {"later": "later_pack:later"}}, later_pack=source)
    scorer = make_scorer("later", {"wanted": "y"})
    assert scorer.awaited is not None
    sample = Sample("t", "1", "d", "d", 0, (), None)
    response = Response("y", "stop", Timing(sent_at=0.0, total_s=0.0))
    assert (await scorer.awaited(sample, response)).value == 1.0


def test_a_scorer_may_declare_its_options_as_a_record(site: Path) -> None:
    source = (
        "from evalkit.scorers.base import Scorer\n"
        "from evalkit.scorers.declared import ScorerOptions\n"
        "from evalkit.scorers.scores import right_or_wrong\n"
        "class Options(ScorerOptions):\n"
        "    most: int = 5\n"
        "def make(options: Options) -> Scorer:\n"
        "    short = lambda sample, response: right_or_wrong(len(response.text) <= options.most, response.text)\n"
        "    return Scorer('short', 1, short, lambda sample: None)\n"
    )
    install(site, "short-pack", {"scorers": {"short": "short_pack:make"}}, short_pack=source)
    assert score("short", "abcde")[0] == 1.0 and score("short", "abcdef")[0] == 0.0
    assert score("short", "abcdef", {"most": 6})[0] == 1.0
    assert make_scorer("short", {"refusal": "right"}).options == {"refusal": "right", "most": 5}
    with pytest.raises(SuiteError, match="short has no such option; did you mean most"):
        make_scorer("short", {"mots": 6})
    with pytest.raises(SuiteError, match="option 'most': expected a whole number"):
        make_scorer("short", {"most": "six"})


def test_a_plain_function_without_a_version_has_its_packages(site: Path) -> None:
    points = {"scorers": {"ends-with": "scoring_pack:ends_with", "own": "scoring_pack:make"}}
    install(site, "scoring-pack", points, version="3.1", scoring_pack=SCORING)
    assert make_scorer("ends-with").identity["scorer_plugin"] == "scoring-pack 3.1"
    own = make_scorer("own", {"strict": True})
    assert own.identity == {"scorer_version": 8, "scorer_plugin": "scoring-pack"}  # 7, and 1 for how reasoning is read
    assert own.name == "own"
    assert "scorer_plugin" not in make_scorer("exact").identity


def test_what_a_plain_function_raises_or_returns_is_no_score(site: Path) -> None:
    points = {"scorers": {"raises": "scoring_pack:raises", "text": "scoring_pack:gives_text"}}
    install(site, "scoring-pack", points, scoring_pack=SCORING)
    assert score("raises", "x") == (None, Outcome.ERRORED)
    assert score("text", "x") == (None, Outcome.ERRORED)


def test_a_target_that_a_scorer_of_a_package_did_not_foresee_is_refused_with_its_name(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = """
def make(options):
    from evalkit.scorers.base import Scorer
    from evalkit.scorers.scores import right_or_wrong
    score = lambda sample, response: right_or_wrong(len(response.text.split()) == int(sample.target), None)
    return Scorer("words", 1, score, lambda sample: "word " * int(sample.target))
"""
    install(site, "words-pack", {"scorers": {"words": "words_pack:make"}}, words_pack=source)
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': a b}}}\n"
        "tasks: [{name: t, cases: [{q: a, a: two}], prompt: '{{ q }}', target: '{{ a }}', score: words}]\n"
    )
    ran = evalkit(capsys, "check", suite)
    told = " ".join((ran.out + ran.err).split())
    assert ran.code == 2, told
    assert "the scorer 'words' of words-pack raised ValueError: invalid literal" in told and "target 'two'" in told


def test_an_adapter_of_a_package_that_breaks_fails_its_items_and_is_named(
    site: Path, capsys: Capture, tmp_path: Path
) -> None:
    """Its defect is neither an answer nor a defect of evalkit; other models of the run are not touched."""
    broken = ECHO.replace("return Response(text", "raise KeyError('no such field')\n        return Response(text")
    none = ECHO.replace('return Response(text, "stop", Timing(sent_at=0.0, total_s=0.001))', "return None")
    points = {"adapters": {"breaks": "bad_a", "none": "bad_b"}}
    install(site, "bad-pack", points, version="0.9", bad_a=broken, bad_b=none)
    models = (
        "  a: {adapter: breaks, model: x}\n  b: {adapter: none, model: x}\n  c: {adapter: scripted, replies: {'*': B}}"
    )
    suite = write_suite(tmp_path, "", n=3, models=models)
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache")
    assert ran.code == 4, ran.err
    assert "Traceback" not in ran.err and "defect of evalkit" not in ran.err
    out = tmp_path / "rows.jsonl"
    assert evalkit(capsys, "export", "latest", "--results", tmp_path / "r", "--to", "jsonl", "--out", out).code == 0
    by_model = {row["model"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert by_model["c"]["outcome"] == "right"
    for name in "ab":
        assert by_model[name]["outcome"] == "errored" and by_model[name]["error_kind"] == "rejected"
    assert "the adapter breaks of bad-pack 0.9 raised KeyError" in json.dumps(by_model["a"])


# --- tasks and doctor


def test_a_task_of_a_package_is_used_like_a_built_in_one(site: Path) -> None:
    source = (
        "TASK = {'about': 'a', 'version': 1, 'licence': 'MIT', 'source': 's', 'data': {},\n"
        "        'prompt': '{{ q }}', 'target': '{{ a }}', 'score': 'exact'}\n"
    )
    install(site, "task-pack", {"tasks": {"my-task": "task_pack:TASK"}}, task_pack=source)
    entry = builtin_tasks.definition("my-task")
    assert (entry.name, entry.use, entry.revision) == ("my-task", "my-task", "unverified")
    with pytest.raises(SuiteError, match="did you mean my-task"):
        builtin_tasks.definition("my-tusk")


def test_doctor_lists_plug_ins_with_where_they_come_from_and_imports_none(site: Path, capsys: Capture) -> None:
    install(site, "good-pack", {"adapters": {"good": "boom"}, "rules": {"tone": "boom:RULE"}}, version="0.4",
            boom="raise SystemExit('imported')")  # fmt: skip
    install(site, "takeover", {"scorers": {"exact": "boom"}})
    install(site, "half", {"rules": {"gone": "boom.nosuch:X", "away": "nosuch_at_all"}})
    for package in ("pack-a", "pack-b"):
        install(site, package, {"tasks": {"twice": "boom"}})
    ran = evalkit(capsys, "doctor", "--json")
    found = {one["what"]: one for one in ran.json["found"] if one["what"].startswith("plug-in")}
    assert found["plug-in adapter good"]["state"] == "ok"
    assert f"good-pack 0.4, boom, in {site}" in found["plug-in adapter good"]["says"]
    assert found["plug-in rule tone"]["state"] == "ok"
    for name, module in (("gone", "boom.nosuch"), ("away", "nosuch_at_all")):
        assert found[f"plug-in rule {name}"]["state"] == "missing"
        assert f"there is no module {module}: reinstall it" in found[f"plug-in rule {name}"]["says"]
    assert "never used: evalkit has this name itself" in found["plug-in scorer exact"]["says"]
    assert "in two packages" in found["plug-in task twice"]["says"]
    assert "boom" not in sys.modules


@pytest.mark.long
def test_the_schema_has_the_options_of_installed_plug_ins(site: Path, capsys: Capture, tmp_path: Path) -> None:
    install(site, "echo-pack", {"adapters": {"my-echo": "echo_pack"}}, echo_pack=ECHO)
    ran = evalkit(capsys, "schema")
    entry = ran.json["$defs"]["ModelEntry"]
    assert entry["properties"]["prefix"]["description"] == "my-echo: What stands before every answer."
    assert entry["additionalProperties"] is False
    out = tmp_path / "my.schema.json"
    told = evalkit(capsys, "schema", "--out", out)
    assert told.code == 0 and "$schema=my.schema.json" in told.out
    assert json.loads(out.read_text()) == ran.json
    committed = json.loads((REPO / "suites" / "suite.schema.json").read_text())
    assert "prefix" not in committed["$defs"]["ModelEntry"]["properties"]


def test_a_plug_in_that_reads_recorded_answers_is_named_by_the_gate() -> None:
    from evalkit.decide.origin import recorded_answers
    from evalkit.facts import RunFacts

    facts = RunFacts.model_validate(
        {
            "schema_version": 1,
            "models": {"logs": {"adapter": "our-logs", "facts": {"replayed": "true"}}, "live": {"adapter": "our-api"}},
        }
    )
    assert "no model was asked" in str(recorded_answers(facts, "logs"))
    assert recorded_answers(facts, "live") is None


def test_a_task_that_is_scored_anew_keeps_the_name_of_its_package_or_gets_the_new_one(
    site: Path, tmp_path: Path, capsys: Capture
) -> None:
    install(site, "scoring-pack", {"scorers": {"ends-with": "scoring_pack:ends_with"}}, scoring_pack=SCORING)
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "say b", "end": "b"}\n')
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        'name: s\nmodels: {m: {adapter: scripted, replies: {"*": "ab"}}}\ntasks:\n'
        '  - {name: t, data: {path: d.jsonl, id: id}, prompt: "{{ q }}", target: "{{ end }}", score: ends-with}\n'
    )
    results = ("--results", tmp_path / "r")
    assert evalkit(capsys, "run", suite, *results).code == 0

    def recorded() -> object:
        return json.loads(next((tmp_path / "r").glob("*/run.json")).read_text())["tasks"]["t"].get("scorer_plugin")

    assert recorded() == "scoring-pack 1.0"
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "say b", "end": "B"}\n')
    same = evalkit(capsys, "rescore", "latest", "--suite", suite, *results)
    assert same.code == 0, same.err
    assert recorded() == "scoring-pack 1.0"
    other = evalkit(capsys, "rescore", "latest", "--suite", suite, "--scorer", "contains", *results)
    assert other.code == 0, other.err
    assert recorded() is None, "evalkit's own scorer is of no package"
