"""A suite reads its own folder, the folders that the person named, and nothing else, by whatever way it asks.

The world of each test: a checkout with a suite in it, a home with secrets, and a folder beside the checkout. Everything
that a suite may not read holds CANARY.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import evalkit
from evalkit.errors import SuiteError, UserError
from evalkit.paths import find, forget_roots, name_roots
from evalkit.suite.datasets import open_data
from tests.world import Ran
from tests.world import evalkit as command

CANARY = "sk-CANARY-0123456789abcdefghij"
RECORD = json.dumps({"id": "1", "q": CANARY, "a": "B", "text": CANARY, "label": 1}) + "\n"
Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True)
class World:
    """Where things stand."""

    suites: Path
    outside: Path
    home: Path
    capsys: Capture

    def write(self, task: str = "", *, model: str = "{adapter: scripted, replies: {'*': B}}", more: str = "") -> Path:
        """A suite of one task and one model."""
        task = task or "{name: t, data: data/items.jsonl, prompt: '{{ q }}', target: B, score: contains}"
        path = self.suites / "suite.yaml"
        path.write_text(f"name: s\nmodels:\n  m: {model}\ntasks:\n  - {task}\n{more}", "utf-8")
        return path

    def run(self, *args: object) -> Ran:
        """A command; whatever it says, it never says the canary."""
        ran = command(self.capsys, *args)
        assert CANARY not in ran.out + ran.err
        return ran


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> World:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    suites, outside, home = tmp_path / "checkout" / "suites", tmp_path / "outside", tmp_path / "home"
    for folder in (suites / "data", outside / "weights", home / ".aws", suites / ".git"):
        folder.mkdir(parents=True)
    (suites / "data" / "items.jsonl").write_text('{"id": "1", "q": "x", "a": "B"}\n')
    for place in (outside / "s.jsonl", home / "s.jsonl", suites / ".env.jsonl", suites / ".git" / "s.jsonl"):
        place.write_text(RECORD)
    (home / ".netrc").write_text(f"machine api.example.com login me password {CANARY}\n")
    (home / ".aws" / "credentials").write_text(f"[default]\naws_secret_access_key = {CANARY}\n")
    for name in ("config.json", "tokenizer.json", "adapter_config.json", "model.safetensors"):
        (outside / "weights" / name).write_text(json.dumps({"q": CANARY}))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("EVALKIT_SOMEWHERE", str(outside))
    monkeypatch.chdir(suites)
    return World(suites, outside, home, capsys)


Way = Callable[[World], str]


def link(world: World, target: Path | str, name: str = "link.jsonl") -> str:
    """A link in the suite's data folder; the path of it as the suite writes it."""
    (world.suites / "data" / name).symlink_to(target)
    return f"data/{name}"


def fifo(world: World) -> str:
    os.mkfifo(world.suites / "data" / "pipe.jsonl")
    return "data/pipe.jsonl"


def bound(world: World) -> str:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("data/socket.jsonl")
    return "data/socket.jsonl"


def relative_link_chain(world: World) -> str:
    link(world, "../../../outside", "deep")
    return link(world, "deep/s.jsonl", "chain.jsonl")


WAYS: dict[str, Way] = {
    "up": lambda w: "../../outside/s.jsonl",
    "down and up": lambda w: "data/../../../outside/s.jsonl",
    "absolute": lambda w: str(w.outside / "s.jsonl"),
    "absolute with dots": lambda w: f"{w.suites}/../../outside/s.jsonl",
    "double slash": lambda w: f"/{w.outside}/s.jsonl",
    "link to a file": lambda w: link(w, w.outside / "s.jsonl"),
    "link to a folder": lambda w: link(w, w.outside, "folder") + "/s.jsonl",
    "relative link": lambda w: link(w, "../../../outside/s.jsonl"),
    "chain of links": relative_link_chain,
    "link to the root": lambda w: link(w, "/", "root") + str(w.outside / "s.jsonl"),
    "link to itself": lambda w: link(w, "link.jsonl"),
    "home": lambda w: "~/s.jsonl",
    "netrc": lambda w: "~/.netrc",
    "credentials": lambda w: "~/.aws/credentials",
    "another home": lambda w: "~root/.bashrc",
    "hidden file": lambda w: ".env.jsonl",
    "hidden folder": lambda w: ".git/s.jsonl",
    "link to a hidden file": lambda w: link(w, "../.git/s.jsonl"),
    "environ": lambda w: "/proc/self/environ",
    "environ by a link": lambda w: link(w, "/proc/self/environ"),
    "own folder through proc": lambda w: "/proc/self/cwd/data/items.jsonl",
    "descriptor": lambda w: "/proc/self/fd/0",
    "proc by dots": lambda w: "../" * 40 + "proc/self/environ",
    "stdin": lambda w: "/dev/stdin",
    "dev fd": lambda w: "/dev/fd/0",
    "zero": lambda w: "/dev/zero",
    "sys": lambda w: "/sys/kernel/notes",
    "pipe": fifo,
    "socket": bound,
    "percent": lambda w: "%2e%2e/%2e%2e/outside/s.jsonl",
    "look-alike dots": lambda w: "․․/․․/outside/s.jsonl",
    "backslashes": lambda w: "..\\..\\outside\\s.jsonl",
    "address": lambda w: f"file://{w.outside}/s.jsonl",
    "folder": lambda w: "..",
    "long": lambda w: "x" * 5_000,
}
OPTIONS: dict[str, Callable[[World, str], Path]] = {
    "data": lambda w, p: w.write(
        f"{{name: t, data: {{path: {json.dumps(p)}, format: jsonl}}, "
        "prompt: '{{ q }}', target: B, score: contains}"
    ),
    "table": lambda w, p: w.write(
        f"{{name: t, data: {{path: {json.dumps(p)}, format: tsv}}, prompt: '{{{{ q }}}}', target: B, score: contains}}"
    ),
    "parquet": lambda w, p: w.write(
        f"{{name: t, data: {{path: {json.dumps(p)}, format: parquet}}, prompt: x, target: B, score: contains}}"
    ),
    "built-in": lambda w, p: w.write(f"{{use: gsm8k, with: {{path: {json.dumps(p)}}}}}"),
    "examples": lambda w, p: w.write(
        f"{{name: t, data: data/items.jsonl, shots: {{path: {json.dumps(p)}, format: jsonl}}, prompt: '{{{{ q }}}}', "
        "target: '{{ a }}', score: contains}"
    ),
    "replay": lambda w, p: w.write(model=f"{{adapter: replay, path: {json.dumps(p)}}}"),
    "weights": lambda w, p: w.write(model=f"{{adapter: ctranslate2, model: {json.dumps(p)}}}"),
    "served weights": lambda w, p: w.write(model=f"{{adapter: vllm, model: {json.dumps(p)}, serve: {{dtype: auto}}}}"),
    "catalogue": lambda w, p: w.write(more=f"catalogue: {json.dumps(p)}\n"),
}


@pytest.mark.long(but=29)
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("way", WAYS)
def test_no_option_reads_outside_the_suites_folder_by_any_way(world: World, way: str, option: str) -> None:
    suite = OPTIONS[option](world, WAYS[way](world))
    ran = world.run("check", suite)
    assert ran.code == 2, ran.out + ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err) < 6_000


@pytest.mark.parametrize("way", ["up", "link to a file", "link to a folder", "environ", "home", "hidden file"])
@pytest.mark.parametrize(
    "args",
    [("run",), ("check", "--show-prompt"), ("plan",), ("load", "--model", "m"), ("run", "--gate")],
    ids=" ".join,
)
def test_every_command_refuses_before_anything_is_asked(world: World, way: str, args: tuple[str, ...]) -> None:
    suite = OPTIONS["data"](world, WAYS[way](world))
    if "--gate" in args:
        with suite.open("a") as file:
            file.write("gate: {baseline: m, candidates: [m2], rules: [{quality: all, margin: 0.1}]}\n")
        suite.write_text(suite.read_text().replace("tasks:", "  m2: {adapter: scripted, replies: {'*': B}}\ntasks:", 1))
    ran = world.run(args[0], suite, *args[1:])
    assert ran.code == 2, ran.out + ran.err
    assert "suite cannot read" in ran.err or "outside the suite's folder" in ran.err


def test_a_stored_run_is_not_marked_or_gated_with_files_from_outside(world: World) -> None:
    gate = "gate: {baseline: m, candidates: [m2], rules: [{quality: all, margin: 0.5}]}\n"
    two = "{adapter: scripted, replies: {'*': B}}\n  m2: {adapter: scripted, replies: {'*': B}}"
    suite = world.write(model=two, more=gate)
    assert world.run("run", suite, "--no-cache").code == 0
    text = suite.read_text().replace("data: data/items.jsonl", "data: {path: ../../outside/s.jsonl, format: jsonl}")
    suite.write_text(text)
    for args in (("gate", "latest", "--suite", suite), ("rescore", "latest", "--suite", suite)):
        ran = world.run(*args)
        assert ran.code == 2
        assert "outside the suite's folder" in ran.err


@pytest.mark.parametrize(
    ("name", "content"),
    [("prices.yaml", f"- model: {CANARY}\n  wrong: x\n"), ("models.yaml", f"models: [{{model: 1, x: {CANARY}}}]\n")],
)
def test_files_beside_the_suite_that_are_links_out_are_refused(world: World, name: str, content: str) -> None:
    (world.outside / name).write_text(content)
    (world.suites / name).symlink_to(world.outside / name)
    ran = world.run("check", world.write())
    assert ran.code == 2
    assert "outside the suite's folder" in ran.err


@pytest.mark.parametrize("serve", ["lora_modules: {x: %s}", "lora"])
@pytest.mark.parametrize("path", ["../../outside/weights", "~/weights", "data/adapter"])
def test_lora_adapters_stay_inside(world: World, serve: str, path: str) -> None:
    (world.suites / "base").mkdir()
    (world.suites / "base" / "model.safetensors").write_bytes(b"x")
    (world.home / "weights").symlink_to(world.outside / "weights")
    (world.suites / "data" / "adapter").symlink_to(world.outside / "weights")
    lora = f", lora: {path}, serve: {{dtype: auto}}" if serve == "lora" else f", serve: {{{serve % path}}}"
    ran = world.run("check", world.write(model=f"{{adapter: vllm, model: base{lora}}}"))
    assert ran.code == 2
    assert "outside the suite's folder" in ran.err


def test_weights_whose_parts_are_links_out_are_refused(world: World) -> None:
    folder = world.suites / "mine"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    (folder / "tokenizer.json").symlink_to(world.home / ".netrc")
    for model in ("{adapter: ctranslate2, model: mine}", "{adapter: vllm, model: mine, serve: {dtype: auto}}"):
        ran = world.run("check", world.write(model=model))
        assert ran.code == 2
        assert "outside the suite's folder" in ran.err


def test_labels_of_judged_answers_stay_inside(world: World) -> None:
    judged = (
        "{name: t, data: data/items.jsonl, prompt: '{{ q }}', labels: ../../outside/s.jsonl, "
        "score: {judge: {by: j, rubric: judge_rating}}}"
    )
    ran = world.run("check", world.write(judged, more="judges:\n  j: {adapter: scripted, replies: {'*': '[[5]]'}}\n"))
    assert ran.code == 2
    assert "outside the suite's folder" in ran.err


def test_a_load_sweep_is_not_named_by_a_path_elsewhere(world: World) -> None:
    elsewhere = world.outside / "sweep"
    elsewhere.mkdir()
    (elsewhere / "run.json").write_text(json.dumps({"format": 1, "suite": CANARY}))
    hosting = f"hosting: {{usd_per_gpu_hour: 1, load: {elsewhere}}}"
    ran = world.run("plan", world.write(model=f"{{adapter: scripted, replies: {{'*': B}}, {hosting}}}"))
    assert ran.code == 2
    assert "outside the suite's folder" in ran.err


@pytest.mark.parametrize(
    ("repo", "file"),
    [
        ("org/name", "../../../../s.jsonl"),
        ("org/name", "/etc/passwd"),
        ("org/name", "data\\..\\..\\x.jsonl"),
        ("../../outside", "s.jsonl"),
        ("/abs", "s.jsonl"),
        ("~/home", "s.jsonl"),
        ("org/..", "s.jsonl"),
        ("a/b/c", "s.jsonl"),
    ],
)
def test_a_dataset_of_the_hub_does_not_leave_the_hubs_cache(world: World, repo: str, file: str) -> None:
    data = f"data: {{hub: {json.dumps(repo)}, file: {json.dumps(file)}, revision: {'a' * 40}}}"
    ran = world.run("check", world.write(f"{{name: t, {data}, prompt: '{{{{ q }}}}', target: B, score: contains}}"))
    assert ran.code == 2
    assert "is no name of a dataset" in ran.err or "is no file of a dataset" in ran.err


def test_the_person_can_name_a_data_folder_and_the_suite_cannot(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.outside / "s.jsonl").write_text('{"id": "1", "q": "x"}\n')
    (world.outside / ".hidden.jsonl").write_text(RECORD)
    suite = OPTIONS["data"](world, "../../outside/s.jsonl")
    assert world.run("check", suite).code == 2
    assert world.run("check", suite, "--data-root", world.outside).code == 0
    assert world.run("check", suite).code == 2, "the word holds for one command"
    assert world.run("check", suite, "--data-root", "../../outside").code == 0
    assert world.run("check", suite, "--data-root", world.home).code == 2
    for variable in ("EVALKIT_DATA_ROOTS", "EVALKIT_DATA"):
        with monkeypatch.context() as own:
            own.setenv(variable, f"{world.home}{os.pathsep}{world.outside}")
            assert world.run("run", suite, "--no-cache").code == 0
    for path in ("${EVALKIT_SOMEWHERE}/s.jsonl", "~/../outside/s.jsonl"):
        named = OPTIONS["data"](world, path)
        assert world.run("check", named).code == 2
        assert world.run("check", named, "--data-root", world.outside).code == 0
    hidden = OPTIONS["data"](world, "../../outside/.hidden.jsonl")
    assert world.run("check", hidden, "--data-root", world.outside).code == 2
    everything = OPTIONS["data"](world, "/proc/self/environ")
    assert world.run("check", everything, "--data-root", "/").code == 2


@pytest.mark.parametrize(("root", "expected"), [("nowhere", "no such folder"), ("/proc", "system's own state")])
def test_a_data_folder_that_is_none_is_said(world: World, root: str, expected: str) -> None:
    ran = world.run("check", world.write(), "--data-root", root)
    assert ran.code == 2
    assert expected in ran.err


def test_links_inside_and_a_suite_folder_that_is_a_link_are_fine(world: World, tmp_path: Path) -> None:
    (world.suites / "data" / "same.jsonl").symlink_to("items.jsonl")
    (world.suites / "more").symlink_to("data")
    (tmp_path / "elsewhere").symlink_to(world.suites)
    for path in (
        "data/same.jsonl",
        "more/items.jsonl",
        "more/../data/items.jsonl",
        str(world.suites / "data/items.jsonl"),
    ):
        suite = OPTIONS["data"](world, path)
        assert world.run("check", suite).code == 0
        assert world.run("check", tmp_path / "elsewhere" / "suite.yaml").code == 0
        assert world.run("check", "suite.yaml").code == 0


def test_a_link_that_is_swapped_in_after_the_check_is_not_followed(world: World) -> None:
    """One thread turns the file, then its folder, into a link out and back; no read ever returns what is outside."""
    inner = world.suites / "data"
    honest = (inner / "items.jsonl").read_bytes()
    (world.outside / "items.jsonl").write_text(RECORD)
    stop = threading.Event()

    def swap() -> None:
        other, kept = inner / "other", world.suites / "kept"
        while not stop.is_set():
            other.symlink_to(world.outside / "items.jsonl")
            other.replace(inner / "items.jsonl")
            other.write_bytes(honest)
            other.replace(inner / "items.jsonl")
            inner.rename(kept)
            inner.symlink_to(world.outside)
            inner.unlink()
            kept.rename(inner)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = {"read": 0, "refused": 0}
    try:
        for _ in range(3_000):
            try:
                content = find("data/items.jsonl", world.suites).read()
            except (SuiteError, OSError):
                seen["refused"] += 1
            else:
                assert CANARY.encode() not in content
                seen["read"] += 1
    finally:
        stop.set()
        swapping.join()
    assert seen["read"] > 0 and seen["refused"] > 0, seen


def test_a_found_file_that_becomes_a_link_or_a_pipe_is_refused_at_once(world: World) -> None:
    path = world.suites / "data" / "items.jsonl"
    found = find("data/items.jsonl", world.suites)
    data = open_data("data/items.jsonl", world.suites)
    path.unlink()
    path.symlink_to(world.outside / "s.jsonl")
    with pytest.raises(OSError, match="symbolic link"):
        found.read()
    with pytest.raises(SuiteError, match="cannot be read"):
        data.fingerprint()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SuiteError, match="no ordinary file"):
        found.read()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl", f'{{"id": 1, "q": "{CANARY}"'),
        ("d.jsonl", CANARY),
        ("d.jsonl", json.dumps(CANARY)),
        ("d.jsonl", json.dumps([CANARY])),
        ("d.jsonl", f'{{"{CANARY}": 1, "{CANARY}": 2}}'),
        ("d.jsonl", f"machine api.example.com login me password {CANARY}"),
        ("d.jsonl", f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n"),
        ("d.csv", f"q,a\n{CANARY},1,2\n"),
        ("d.csv", f"{CANARY},{CANARY}\nx,y\n"),
        ("d.csv", f"{CANARY},\nx,y\n"),
        ("d.tsv", f"aws_secret_access_key = {CANARY}\nx\n"),
        ("d.tsv", f"{CANARY}\nx\n"),
        ("d.jsonl", json.dumps({CANARY: "x"})),
    ],
)
def test_a_bad_line_is_named_by_its_place_and_shown_masked(world: World, name: str, content: str) -> None:
    (world.suites / "data" / name).write_text(content)
    task = (
        f"{{name: t, data: {{path: data/{name}, where: {{a: B}}}}, prompt: '{{{{ q }}}}', target: B, score: contains}}"
    )
    ran = world.run("check", world.write(task))
    assert ran.code == 2
    assert f"data/{name}" in ran.err
    assert "CANARY" not in ran.err


def test_a_value_of_a_filter_is_shown_only_where_it_reads_like_a_label(world: World) -> None:
    lines = [{"split": "test"}, {"split": "dev set"}, {"split": CANARY}, {"split": "hunter2hunter2hunter2"}]
    (world.suites / "data" / "d.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(SuiteError) as caught:
        list(open_data("data/d.jsonl", world.suites, where={"split": "train"}).records())
    assert "split: 'test', split: 'dev set'" in str(caught.value)
    assert "CANARY" not in str(caught.value) and "hunter" not in str(caught.value)


def test_a_suite_cannot_lower_what_the_person_says_of_its_prompts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    suite = world.write(model="{adapter: openai, model: m}", more="sensitivity: public\n")
    assert world.run("check", suite).code == 0
    refused = world.run("check", suite, "--sensitivity", "restricted")
    assert refused.code == 2 and "sensitivity: restricted may not go to api.openai.com" in refused.err
    assert world.run("check", suite).code == 0, "the word holds for one command"
    monkeypatch.setenv("EVALKIT_SENSITIVITY", "restricted")
    for args in ((), ("--sensitivity", "public")):
        ran = world.run("run", suite, *args)
        assert ran.code == 2 and "restricted may not go to" in ran.err
    monkeypatch.setenv("EVALKIT_SENSITIVITY", "secret")
    ran = world.run("check", suite)
    assert ran.code == 2 and "public, internal, restricted" in ran.err


def test_the_gates_suite_refuses_a_run_that_was_less_sensitive(world: World) -> None:
    gate = "gate: {baseline: m, candidates: [m2], rules: [{quality: all, margin: 0.5}]}\n"
    two = "{adapter: scripted, replies: {'*': B}}\n  m2: {adapter: scripted, replies: {'*': B}}"
    suite = world.write(model=two, more=gate + "sensitivity: public\n")
    assert world.run("run", suite, "--no-cache").code == 0
    said = world.run("gate", "latest", "--suite", suite)
    assert "sensitivity" not in said.err
    suite.write_text(suite.read_text().replace("sensitivity: public", "sensitivity: restricted"))
    refused = world.run("gate", "latest", "--suite", suite)
    assert refused.code == 2
    assert "sensitivity: public in the run, restricted in the suite" in refused.err


def test_roots_of_one_process_are_forgotten(world: World) -> None:
    name_roots([world.outside])
    assert find("../../outside/s.jsonl", world.suites).is_file()
    forget_roots()
    with pytest.raises(UserError):
        find("../../outside/s.jsonl", world.suites)


_OPENERS = frozenset(
    ("open", "read_text", "read_bytes", "memmap", "load", "from_file", "ParquetFile", "expanduser", "expandvars")
)
_OWN_FILES = {
    "suite/loading.py": "the suite file itself: the person named it",
    "suite/folder.py": "suite files of a folder: the person named it",
    "adapters/command.py": "programs that the suite names, found through the door: they are about to be run",
    "suite/policy.py": "the policy file: the person named it",
    "suite/builtin_tasks.py": "tasks of this package",
    "suite/json_schema.py": "writes the schema of this package",
    "suite/hugging_face.py": "names the hub's cache folder",
    "adapters/presets.py": "presets of this package",
    "adapters/own_presets.py": "presets among the user's settings and of plug-ins; never from a suite's folder",
    "adapters/vllm/process.py": "notes and logs of servers that evalkit started",
    "scorers/cage/files.py": "the folders of the cage, which no suite names",
    "adapters/vllm/child.py": "logs of servers that evalkit started",
    "adapters/ctranslate2/llama_weights.py": "maps what the door opened",
    "catalogue/reading.py": "a file that the person named, and the catalogue of this package",
    "cost/price_file.py": "a file that the person named",
    "cost/scenario.py": "a file that the person named",
    "bridges/lm_eval/samples.py": "results that the person named",
    "bridges/lm_eval/index.py": "names in task files, in folders without links out",
    "bridges/lm_eval/bridge.py": "a digest of task files, in folders without links out",
    "bridges/lm_eval/code.py": "task files, searched for calls that run text; what they say is never shown",
    "bridges/lm_eval/start.py": "loads modules of packages, no files",
    "bridges/lm_eval/trust.py": "task files, in folders without links out",
    "bridges/lm_eval/hub.py": "YAML of a page that the door has read",
    "bridges/lm_eval/loading.py": "what `datasets` reads: files that the door has looked at, and lm-eval's own data",
}
_ROOMS = ("suite", "adapters", "catalogue", "cost", "scorers", "engine/judging/panel.py", "engine/plan.py")


@pytest.mark.long
def test_rooms_that_meet_a_suites_paths_open_files_by_the_one_door() -> None:
    """No room that reads suites opens a file but through evalkit.paths, except where a reason stands above."""
    package = Path(evalkit.__file__).parent
    files = [*(package / "bridges" / "lm_eval").glob("*.py")]
    for room in _ROOMS:
        files += sorted((package / room).rglob("*.py")) if (package / room).is_dir() else [package / room]
    found: dict[str, list[str]] = {}
    for file in files:
        name = file.relative_to(package).as_posix()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in _OPENERS and not _harmless(called, node):
                found.setdefault(name, []).append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
    unknown = {name: calls for name, calls in found.items() if name not in _OWN_FILES}
    assert not unknown, f"open these by evalkit.paths.find(...).open_file(): {unknown}"


def _harmless(called: str, node: ast.Call) -> bool:
    """What is no file: YAML from a text, a handle that is open already, a device of our own."""
    said = ast.unparse(node)
    return (
        (called == "load" and ("YAML" in said or "json" in said))
        or said in {f"pq.ParquetFile({one})" for one in ("opened", "source", "source, read_dictionary=names")}
        or "os.devnull" in said
        or "importlib" in said
    )


@pytest.mark.parametrize("option", ["--data-root", "--policy", "--prices"])
def test_an_empty_path_is_no_working_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    """`--data-root "$UNSET"` opened the working directory to the suite."""
    ran = command(capsys, "plan", tmp_path / "s.yaml", option, "")
    assert ran.code == 2
    assert "it is empty: is a variable of it not set?" in " ".join(ran.err.split())
