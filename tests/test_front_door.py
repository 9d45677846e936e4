"""The command line at its edges: what it imports, how it exits, and what it says to somebody who made a mistake."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evalkit.adapters.registry import warm_up
from evalkit.cli import COMMANDS
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.board_world import a_run
from tests.conftest import REPO
from tests.source_trees import ROOT, trees
from tests.world import evalkit, write_suite

Capture = pytest.CaptureFixture[str]
HEAVY = {
    *("aiohttp", "anthropic", "asyncio", "ctranslate2", "duckdb", "genai_prices", "httpx2", "jinja2", "numpy"),
    *("openai", "orjson", "pandas", "pyarrow", "pydantic", "rich", "ruamel", "tokenizers", "yaml"),
}


def test_help_imports_click_and_the_standard_library_only() -> None:
    script = (
        "import sys, json\n"
        "from evalkit.cli import run_command\n"
        "assert run_command(['--help']) == 0\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(ran.stderr.strip().split("\n")[-1]))
    assert not loaded & HEAVY
    foreign = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign <= {"click", "evalkit"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: Capture) -> None:
    ran = evalkit(capsys, name, "--help")
    assert ran.code == 0
    assert "Usage: evalkit" in ran.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["run", "nowhere.yaml"], "no such file"),
        (["run", "x.yaml", "--limit", "0"], "--limit"),
        (["run", "x.yaml", "--new", "--resume", "latest"], "--new"),
        (["show", "no-such-run"], "no runs in"),
        (["check", "."], "holds no suite: a YAML file with models and tasks"),
    ],
)
def test_a_user_s_mistake_is_a_sentence_and_exit_2(args: list[str], said: str, capsys: Capture, tmp_path: Path) -> None:
    ran = evalkit(capsys, *args)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_defect_is_exit_70_and_never_reads_as_a_failed_gate(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("evalkit.store.runs.list_runs", broken)
    ran = evalkit(capsys, "list", "--results", tmp_path)
    assert ran.code == 70
    assert "defect of evalkit" in ran.err


def test_ctrl_c_while_a_c_extension_is_imported_is_no_defect(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def importing(*_: object, **__: object) -> int:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("evalkit.store.runs.list_runs", importing)
    ran = evalkit(capsys, "list", "--results", tmp_path)
    assert (ran.code, ran.err) == (130, "interrupted\n")


def test_a_missing_key_names_the_variable_before_anything_is_sent(capsys: Capture, tmp_path: Path) -> None:
    models = "  gpt: {adapter: openai, model: m}\n  claude: {adapter: anthropic, model: m}"
    ran = evalkit(capsys, "run", write_suite(tmp_path, "", models=models), "--results", tmp_path / "r")
    assert ran.code == 2
    assert "OPENAI_API_KEY" in ran.err
    assert "ANTHROPIC_API_KEY" in ran.err, "all complaints come at once"
    assert not (tmp_path / "r").exists()


def test_a_suite_cannot_send_a_key_to_a_host_of_its_own_choice(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary-secret")
    models = '  gpt: {adapter: openai, model: m, base_url: "https://evil.example/v1"}'
    ran = evalkit(capsys, "run", write_suite(tmp_path, "", models=models), "--results", tmp_path / "r")
    assert ran.code == 2
    assert "evil.example" in ran.err
    assert "--allow-key-host" in ran.err
    assert "canary" not in ran.err + ran.out


def test_internal_prompts_do_not_go_to_a_host_that_nobody_allowed(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = '  m: {adapter: openai_chat, model: m, base_url: "https://somewhere.example/v1"}'
    suite = write_suite(tmp_path, "", models=models)
    refused = evalkit(capsys, "check", suite)
    allowed = evalkit(capsys, "check", suite, "--allow-key-host", "somewhere.example")
    assert refused.code == 2
    assert "sensitivity" in refused.err
    assert allowed.code == 0
    assert "prompts go to somewhere.example" in allowed.out


def test_plain_http_beyond_this_machine_is_refused(capsys: Capture, tmp_path: Path) -> None:
    models = '  m: {adapter: openai_chat, model: m, base_url: "http://somewhere.example/v1"}'
    ran = evalkit(capsys, "check", write_suite(tmp_path, "", models=models))
    assert ran.code == 2
    assert "plain http" in ran.err


def test_a_key_is_in_no_file_no_message_and_no_cache(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "sk-canary-1234567890"
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")
    said = ""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "TOGETHER_API_KEY"):
        monkeypatch.setenv(name, canary)
    behaviour = Behaviour(reply="B", require_key=canary, faults={"500": 0.2, "400": 0.1, "malformed": 0.1})
    with FakeProvider.in_thread(behaviour) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: {adapter}, model: m, base_url: "{url}"}}'
            for name, adapter, url in (
                ("a", "openai", provider.base_url),
                ("b", "anthropic", provider.origin),
                ("c", "gemini", provider.origin),
                ("d", "together", provider.base_url),
            )
        )
        suite = write_suite(tmp_path, "", models=models, n=10)
        for wrong in (False, True):
            if wrong:
                provider.behaviour = Behaviour(require_key="another")
            ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--json", "--new", "--no-cache")
            said += ran.out + ran.err
        cached = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--json")
        said += cached.out + cached.err
    assert "errored" in said
    assert canary not in said
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path


def test_a_key_that_an_endpoint_sends_back_is_not_stored(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "sk-canary-0987654321"
    monkeypatch.setenv("TOGETHER_API_KEY", canary)
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    behaviour = Behaviour(reply=f"B, and your key is {canary}", served_model=f"model-{canary}")
    with FakeProvider.in_thread(behaviour) as provider:
        models = f'  t: {{adapter: together, model: m, base_url: "{provider.base_url}"}}'
        ran = evalkit(capsys, "run", write_suite(tmp_path, "", models=models, n=3), "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("score", ["numbers", "exact", "contains"])
def test_a_task_that_nothing_can_be_marked_on_is_refused_before_anything_is_paid(
    score: str, capsys: Capture, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, "", models='  s: {adapter: scripted, replies: {"*": "2"}}', n=3)
    text = suite.read_text()
    suite.write_text(text[: text.index("    prompt:")] + f'    prompt: "{{{{ question }}}}"\n    score: {score}\n')
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "target" in ran.err


def test_a_record_that_a_scorer_cannot_read_is_named_with_its_task_and_sample(capsys: Capture, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "", models='  s: {adapter: scripted, replies: {"*": "2"}}', n=3)
    (tmp_path / "items.jsonl").write_text('{"id": "i7", "question": "?", "instructions": [{"kind": "nonsense"}]}\n')
    text = suite.read_text()
    suite.write_text(text[: text.index("    prompt:")] + '    prompt: "{{ question }}"\n    score: instructions\n')
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    for part in ("suite.yaml:", "tasks[0]", "'i7'", "nonsense"):
        assert part in ran.err


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("redirect", "code"), [("| head -1", 0), (">&-", 0), ("2>&-", 0), (">/dev/full", 4), ("2>/dev/full", 0)]
)
def test_what_becomes_of_the_output_changes_nothing_but_a_full_disk_is_told(
    redirect: str, code: int, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, "", models='  s: {adapter: scripted, replies: {"*": "B"}}', n=3)
    command = f"{sys.executable} -m evalkit run {suite} --results {tmp_path / 'r'} {redirect}"
    ran = subprocess.run(
        ["bash", "-c", command + '; exit "${PIPESTATUS[0]}"'], capture_output=True, text=True, check=False
    )
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr


HOSTILE = "\x1b[31mB\x1b[0m \u202edlrow\u202c \u200b[bold]B[/bold] \x07"


def test_what_a_model_wrote_cannot_act_on_the_terminal(capsys: Capture, tmp_path: Path) -> None:
    models = ""
    with FakeProvider.in_thread(
        Behaviour(reply=HOSTILE, served_model="\x1b[2Jgotcha", faults={"400": 0.2})
    ) as provider:
        models = f'  "evil[red]": {{adapter: openai_chat, model: m, base_url: "{provider.base_url}"}}'
        suite = write_suite(tmp_path, "", models=models.replace("evil[red]", "evil"), n=30)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
        shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results")
    for text in (ran.out, ran.err, shown.out, shown.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x07" not in text


def test_list_show_and_compare_read_what_run_wrote(capsys: Capture, tmp_path: Path) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: {name}, base_url: "{provider.base_url}"}}' for name in ("a", "b")
        )
        suite = write_suite(tmp_path, "", models=models)
        run = evalkit(capsys, "run", suite, "--results", results)
    listed = evalkit(capsys, "list", "--results", results)
    shown = evalkit(capsys, "show", "latest", "--results", results)
    compared = evalkit(capsys, "compare", "latest:a", "latest:b", "--results", results, "--json")
    assert "letters-" in listed.out
    assert shown.out.split("\n")[:6] == run.out.split("\n")[:6]
    assert compared.code == 0, compared.err
    assert {side.rpartition(":")[2] for side in (compared.json["a"]["side"], compared.json["b"]["side"])} == {"a", "b"}
    wrong = evalkit(capsys, "compare", "latest:a", "latest:zz", "--results", results)
    assert wrong.code == 2
    assert "zz" in wrong.err
    assert "a, b" in wrong.err


def test_an_empty_results_folder_shows_the_first_command_to_type(capsys: Capture, tmp_path: Path) -> None:
    ran = evalkit(capsys, "list", "--results", tmp_path)
    assert ran.code == 0
    assert "evalkit run" in ran.out


def test_results_that_are_a_file_are_a_sentence(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("not a folder")
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
        assert len(provider.account) == 0
    assert ran.code == 2
    assert "results" in ran.err


def test_resume_of_another_suite_s_run_is_refused(capsys: Capture, tmp_path: Path) -> None:
    results = tmp_path / "results"
    with FakeProvider.in_thread(Behaviour(reply="B", faults={"400": 1.0})) as provider:
        evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, n=5), "--results", results)
        (tmp_path / "other").mkdir()
        other = write_suite(tmp_path / "other", provider.base_url, n=6)
        ran = evalkit(capsys, "run", other, "--results", results, "--resume", "latest")
    assert ran.code == 2


def test_init_writes_a_suite_that_checks_and_never_overwrites(capsys: Capture, tmp_path: Path) -> None:
    made = evalkit(capsys, "init", tmp_path / "evals")
    assert made.code == 0
    checked = evalkit(capsys, "check", tmp_path / "evals" / "suite.yaml")
    assert checked.code == 0, checked.err
    before = (tmp_path / "evals" / "suite.yaml").read_bytes()
    again = evalkit(capsys, "init", tmp_path / "evals")
    assert again.code == 2
    assert (tmp_path / "evals" / "suite.yaml").read_bytes() == before


def test_a_gold_answer_that_its_scorer_would_not_accept_is_found_before_anything_is_sent(
    capsys: Capture, tmp_path: Path
) -> None:
    with FakeProvider.in_thread(Behaviour()) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=3)
        (tmp_path / "items.jsonl").write_text('{"id": "1", "question": "?", "answer": "seven"}\n')
        text = suite.read_text()
        start = text.index("    choices:")
        suite.write_text(
            text[:start].replace("      {{ options }}\n", "")
            + '    target: "{{ answer }}"\n    score: numbers\nrun: {in_flight: 2}\n'
        )
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
        assert len(provider.account) == 0
    assert ran.code == 2
    assert "gold" in ran.err or "target" in ran.err


def test_a_damaged_record_is_named_by_its_own_file_and_line_so_that_an_editor_opens_it(
    tmp_path: Path, capsys: Capture
) -> None:
    suite = write_suite(tmp_path, "http://127.0.0.1:1/v1", n=2)
    with (tmp_path / "items.jsonl").open("a") as file:
        file.write("no record\n")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    first = ran.err.removeprefix("evalkit: ").splitlines()[0]
    assert first.startswith(f"{tmp_path / 'items.jsonl'}:3: is not a JSON record")
    assert first.endswith(f"({suite}:7: tasks[0].data)")


def test_ctrl_c_before_evalkit_is_loaded_is_one_word_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import time; print('loading', flush=True); time.sleep(30)")
    process = subprocess.Popen(
        [sys.executable, "-c", "from evalkit.__main__ import main; main()", "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "interrupted\n")


def test_a_damaged_part_is_told_by_the_list(tmp_path: Path, capsys: Capture) -> None:
    folder = a_run(tmp_path, ["gpt"], n=3)
    a_run(tmp_path, ["gpt"], n=3, suite="sound")
    rows = folder / "rows-1.parquet"
    whole = rows.read_bytes()
    for content, said in ((whole[:-9], "damaged"), (b"", "damaged"), (b"PAR1" + whole[4:-4] + b"RAP1", "damaged")):
        rows.write_bytes(content)
        listed = evalkit(capsys, "list", "--results", tmp_path)
        assert listed.code == 0
        assert f"rows-1.parquet is {said}" in listed.out
    rows.write_bytes(whole)
    (folder / "texts-1.parquet").unlink()
    problems = {run["suite"]: run["problem"] for run in evalkit(capsys, "list", "--results", tmp_path, "--json").json}
    assert problems == {"support": "texts-1.parquet is missing. Restore the file.", "sound": None}


def test_check_shows_no_target_where_a_task_has_none(capsys: Capture) -> None:
    ran = evalkit(capsys, "check", REPO / "suites" / "quickstart.yaml", "--show-prompt")
    assert "instructions, sample i0001:" in ran.out
    assert "target None" not in ran.out


def test_no_cache_leaves_no_cache_behind(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=3)
        common = ("run", suite, "--results", tmp_path / "results", "--new", "--allow-key-host", "127.0.0.1")
        assert evalkit(capsys, *common, "--no-cache").code == 0
        assert not (tmp_path / "cache").exists()


def test_models_are_compared_by_the_names_that_tables_show(tmp_path: Path, capsys: Capture) -> None:
    folder = a_run(tmp_path, ("gpt", "qwen"), n=10)
    ran = evalkit(capsys, "compare", "gpt", "qwen", "--results", tmp_path)
    assert ran.code == 0 and f"A: {folder.name}:gpt" in ran.out and f"B: {folder.name}:qwen" in ran.out
    ran = evalkit(capsys, "compare", "gpt", "qwne", "--results", tmp_path)
    assert ran.code == 2 and "No run 'qwne'" in ran.err


_ENDED_WITH_THE_PROCESS = {
    "adapters/awaiting.py": "code of a person's, which may never come back",
    "adapters/vllm/child.py": "it copies a server's log",
    "api/run.py": "code of a person's",
    "board/served.py": "the board serves until it is stopped",
    "bridges/traces/receiver.py": "it serves until it is stopped",
    "child.py": "it reads a program's pipes",
    "cli/held.py": "it waits for whoever started the board",
    "engine/event_loop.py": "scorers, which may never come back",
    "engine/session.py": "it starts the process that seals",
    "testing/fake_provider/__main__.py": "it waits for whoever started it",
    "testing/fake_provider/server.py": "it serves until it is stopped",
}


def test_a_thread_that_imports_is_waited_for_at_the_end() -> None:
    """OpenSSL frees its tables when a process ends: a refused run whose thread was reading certificates died of
    SIGSEGV. Which threads may be cut off is listed, with why."""
    found = {
        str(path.relative_to(ROOT))
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "daemon"
        and isinstance(node.value, ast.Constant)
        and node.value.value is True
    }
    assert found == set(_ENDED_WITH_THE_PROCESS)
    before = set(threading.enumerate())
    warm_up(["openai_chat"])
    started = [thread for thread in threading.enumerate() if thread not in before]
    assert not any(thread.daemon for thread in started)
