"""A suite is not read by way of a link of a checkout that leads out of it: complaints would quote what is there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import evalkit as library
from evalkit.errors import SuiteError
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
SECRET = "hunter2-canary-secret"
HELD = f"name: prod\nmodels: {SECRET}\ntasks: {SECRET}\n{SECRET}: 3\n"
FINE = (
    "name: s\nmodels: {m: {adapter: scripted, replies: {'*': b}}}\n"
    "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that is worked in, and a folder of secrets outside."""
    monkeypatch.delenv("EVALKIT_DATA_ROOTS", raising=False)
    for folder in ("home/held", "work/.git", "work/real"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home" / "held" / "x.yaml").write_text(HELD)
    (tmp_path / "work" / "real" / "x.yaml").write_text(FINE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def _folder(checkout: Path) -> None:
    (checkout / "suites").symlink_to(checkout.parent / "home" / "held")


def _higher_up(checkout: Path) -> None:
    (checkout / "up").symlink_to("../home")
    (checkout / "suites").symlink_to("up/held")


def _round_about(checkout: Path) -> None:
    """Out by a link inside a folder that a link inside leads to."""
    (checkout / "part").mkdir()
    (checkout / "part" / "out").symlink_to("../../home/held")
    (checkout / "suites").symlink_to("real/../part/out")


def _without_git(checkout: Path) -> None:
    """As an archive gives it."""
    (checkout / ".git").rmdir()
    _folder(checkout)


def _worktree(checkout: Path) -> None:
    (checkout / ".git").rmdir()
    (checkout / ".git").write_text("gitdir: /elsewhere/.git/worktrees/work\n")
    _folder(checkout)


MAKE = [_folder, _higher_up, _round_about, _without_git, _worktree]


@pytest.mark.parametrize("make", MAKE)
def test_suites_behind_a_link_that_leads_out_are_not_read_by_any_command(
    checkout: Path, capsys: Capture, make: object
) -> None:
    assert callable(make)
    make(checkout)
    for command in (
        *(("check", "suites"), ("check", "suites/x.yaml"), ("check", checkout / "suites" / "x.yaml")),
        *(("plan", "suites"), ("plan", "suites/x.yaml"), ("run", "suites"), ("run", "suites/x.yaml")),
        *(("check", "suites/none.yaml"), ("load", "suites/x.yaml"), ("judge-check", "suites/x.yaml")),
        *(("gate", "latest", "--suite", "suites/x.yaml"), ("check", "real/../suites/x.yaml")),
    ):
        ran = evalkit(capsys, *command)
        assert ran.code == 2, (command, ran)
        assert SECRET not in ran.out + ran.err and "x.yaml" not in ran.out + ran.err.replace("/x.yaml", ""), command
    assert "leads out of" in evalkit(capsys, "check", "suites").err
    with pytest.raises(SuiteError, match="leads out of"):
        library.Suite.from_yaml("suites/x.yaml")


def test_a_link_to_a_data_folder_that_the_person_named_is_followed(checkout: Path, capsys: Capture) -> None:
    _folder(checkout)
    held = checkout.parent / "home" / "held"
    (held / "x.yaml").write_text(FINE)
    assert evalkit(capsys, "check", "suites/x.yaml", "--data-root", held).code == 0
    assert evalkit(capsys, "check", "suites", "--data-root", checkout.parent / "home").code == 0
    assert evalkit(capsys, "check", held / "x.yaml").code == 0


def test_links_that_stay_inside_or_lie_outside_of_every_checkout_are_followed(
    checkout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/tmp of macOS, a home on another disk, a folder of projects elsewhere."""
    (checkout / "suites").symlink_to("real")
    assert evalkit(capsys, "check", "suites/x.yaml").code == 0
    assert evalkit(capsys, "check", "suites").code == 0
    other = checkout.parent / "other"
    other.symlink_to(checkout)
    assert evalkit(capsys, "check", other / "real" / "x.yaml").code == 0
    (checkout.parent / "home" / "project").symlink_to(checkout)
    monkeypatch.chdir(checkout.parent / "home")
    assert evalkit(capsys, "check", "project/suites/x.yaml").code == 0


@pytest.mark.parametrize("how", ["EVALKIT_DATA", "EVALKIT_DATA_ROOTS", "--data-root", "whole path"])
def test_a_data_folder_behind_a_link_that_leads_out_is_not_what_the_person_named(
    checkout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    held = checkout.parent / "home" / ".aws"
    held.mkdir()
    (held / "credentials").write_text(f"q\n{SECRET}\n")
    (checkout / "data").symlink_to("../home/.aws")
    (checkout / "real" / "x.yaml").write_text(
        FINE.replace("cases: [{q: a, expected: b}]", "data: {path: ../data/credentials, format: csv}, target: b")
    )
    named = str(checkout / "data") if how == "whole path" else "data"
    words = ["--data-root", named] if how in ("--data-root", "whole path") else []
    if not words:
        monkeypatch.setenv(how, named)
    ran = evalkit(capsys, "check", "real/x.yaml", "--show-prompt", *words)
    assert ran.code == 2 and SECRET not in ran.out + ran.err
    assert "leads out of" in ran.err
    (checkout / "data").unlink()
    (checkout / "true").mkdir()
    (checkout / "true" / "credentials").write_text("q\nwhy\n")
    (checkout / "data").symlink_to("true")
    assert evalkit(capsys, "check", "real/x.yaml", *words).code == 0, "one that stays inside"


def test_a_loop_of_links_is_a_sentence(checkout: Path, capsys: Capture) -> None:
    (checkout / "a").symlink_to("b")
    (checkout / "b").symlink_to("a")
    ran = evalkit(capsys, "check", "a/x.yaml")
    assert ran.code == 2 and "Traceback" not in ran.err
    shutil.rmtree(checkout / ".git")
    assert evalkit(capsys, "check", "a").code == 2


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{0}: [{{name: a, user: {{token: SECRET}}}}]", "users: unknown key (value seen: a list of 1)"),
        ("database: {{password: SECRET}}", "database: unknown key (value seen: a mapping of 1 key)"),
        ("tasks: {{a: SECRET, b: c}}", "value seen: a mapping of 2 keys"),
        ("models: {{m: {{adapter: scripted, settings: [SECRET]}}}}", "value seen: a list of 1"),
        ("models: {{m: {{adapter: scripted, passwords: {{old: SECRET}}}}}}", "its value is not shown"),
        ("models: {{password: SECRET}}", "models.password: expected a mapping, {key: value} (its value is not shown)"),
        ("run: {{in_flight: [SECRET]}}", "value seen: a list of 1"),
        ("run: {{api_key: {{x: SECRET}}}}", "its value is not shown"),
    ],
)
def test_a_complaint_quotes_nothing_of_a_mapping_or_a_list(
    checkout: Path, capsys: Capture, written: str, said: str
) -> None:
    (checkout / "real" / "x.yaml").write_text(written.format("users").replace("SECRET", SECRET) + "\n")
    ran = evalkit(capsys, "check", "real/x.yaml")
    assert ran.code == 2
    assert SECRET not in ran.out + ran.err
    assert said in ran.err


@pytest.mark.parametrize(
    "task",
    [
        "score: {exact: {strip: [SECRET]}}",
        "score: {number: {extract: [SECRET]}}",
        "score: {number: {extract: {after: [SECRET]}}}",
        "score: {json-schema: {schema: {type: {a: SECRET}}}}",
        "score: {json-schema: {schema: {properties: [SECRET]}}}",
        "score: {instructions: {kinds: [SECRET]}}",
        "score: [{use: exact, weight: [SECRET]}]",
        "score: {use: exact, options: [SECRET]}",
        "tools: [[SECRET]], score: exact",
        "choices: {a: SECRET}, score: choice",
        "shots: [[SECRET]], score: exact",
        "limit: [SECRET], score: exact",
        "turns: {a: SECRET}, score: exact",
        "environment: [SECRET], score: exact",
        "data: {path: [SECRET]}, score: exact",
        "slices: {a: {b: SECRET}}, score: exact",
    ],
)
def test_no_key_of_a_task_makes_a_complaint_quote_what_is_in_it(checkout: Path, capsys: Capture, task: str) -> None:
    cases = "" if "data:" in task else "cases: [{q: a, expected: b}], "
    (checkout / "real" / "x.yaml").write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': b}}}\n"
        f"tasks: [{{name: t, {cases}prompt: '{{{{ q }}}}', {task.replace('SECRET', SECRET)}}}]\n"
    )
    ran = evalkit(capsys, "check", "real/x.yaml")
    assert ran.code == 2, ran.out
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize("led", [".git", "real/../.git", "real/.held"])
def test_a_data_folder_behind_a_link_to_a_hidden_folder_is_refused(
    checkout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, led: str
) -> None:
    """CI keeps a login in `.git/config`."""
    (checkout / led).mkdir(exist_ok=True)
    (checkout / led / "config").write_text(f"q\n{SECRET}\n")
    (checkout / "data").symlink_to(led)
    (checkout / "real" / "x.yaml").write_text(
        FINE.replace("cases: [{q: a, expected: b}]", "data: {path: ../data/config, format: csv}, target: b")
    )
    monkeypatch.setenv("EVALKIT_DATA", "data")
    ran = evalkit(capsys, "check", "real/x.yaml", "--show-prompt")
    assert ran.code == 2 and "leads to a hidden folder" in ran.err and SECRET not in ran.out + ran.err
    monkeypatch.setenv("EVALKIT_DATA", led)
    assert evalkit(capsys, "check", "real/x.yaml").code == 0, "the person's own word"


@pytest.mark.parametrize("led", [".held", "real/../.held", "up/.held"])
@pytest.mark.parametrize("git", [True, False])
def test_suites_behind_a_link_to_a_hidden_folder_of_the_checkout_are_not_read(
    checkout: Path, capsys: Capture, led: str, git: bool
) -> None:
    """Jobs keep logins there: DOCKER_CONFIG=$CI_PROJECT_DIR/.docker, a HOME that is the checkout."""
    (checkout / ".held").mkdir()
    (checkout / "up").symlink_to(".")
    (checkout / ".held" / "key.csv").write_text(f"q\n{SECRET}\n")
    text = FINE.replace("cases: [{q: a, expected: b}]", "data: {path: key.csv}, target: b")
    (checkout / ".held" / "x.yaml").write_text(text)
    (checkout / "suites").symlink_to(led)
    if not git:
        (checkout / ".git").rmdir()
    for command in (("check", "suites/x.yaml", "--show-prompt"), ("check", "suites"), ("run", "suites/x.yaml")):
        for wide in ((), ("--data-root", checkout)):
            ran = evalkit(capsys, *command, *wide)
            assert ran.code == 2 and SECRET not in ran.out + ran.err, command
            assert "leads to a " in ran.err and "--data-root DIR" in ran.err
    assert evalkit(capsys, "check", ".held/x.yaml").code == 0, "the person's own word"
    assert evalkit(capsys, "check", "suites/x.yaml", "--data-root", checkout / ".held").code == 0


@pytest.mark.parametrize("led", [".", "real/..", "real/up"])
def test_a_link_does_not_make_the_whole_checkout_the_suite_s_folder(
    checkout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, led: str
) -> None:
    """A job may have laid a key there."""
    (checkout / "key.csv").write_text(f"q\n{SECRET}\n")
    (checkout / "real" / "up").symlink_to("..")
    text = FINE.replace("cases: [{q: a, expected: b}]", "data: {path: key.csv}, target: b")
    (checkout / "x.yaml").write_text(text)
    (checkout / "suites").symlink_to(led)
    ran = evalkit(capsys, "check", "suites/x.yaml", "--show-prompt")
    assert ran.code == 2 and "leads to a folder around it" in ran.err and SECRET not in ran.out + ran.err
    monkeypatch.setenv("EVALKIT_DATA", "suites")
    (checkout / "real" / "x.yaml").write_text(text.replace("key.csv", "../key.csv"))
    ran = evalkit(capsys, "check", "real/x.yaml", "--show-prompt")
    assert ran.code == 2 and "leads to a folder around it" in ran.err and SECRET not in ran.out + ran.err


@pytest.mark.parametrize("stands", ["mounted", "elsewhere"])
@pytest.mark.parametrize("git", [True, False])
def test_a_mounted_configmap_of_kubernetes_is_read(
    checkout: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, stands: str, git: bool
) -> None:
    mounted = (checkout if git else checkout.parent) / "mounted"
    (mounted / "..2026_12_01_10_00_00.123").mkdir(parents=True)
    (mounted / "..data").symlink_to("..2026_12_01_10_00_00.123")
    text = FINE.replace("cases: [{q: a, expected: b}]", "data: {path: x.csv}, target: b")
    for name, content in (("x.yaml", text), ("x.csv", "q\nwhy\n")):
        (mounted / "..data" / name).write_text(content)
        (mounted / name).symlink_to(f"..data/{name}")
    monkeypatch.chdir(mounted if stands == "mounted" else checkout)
    for path in (mounted, mounted / "x.yaml", mounted / "..data" / "x.yaml"):
        assert evalkit(capsys, "check", path).code == 0, path
    (checkout / "real" / "x.yaml").write_text(text.replace("x.csv", str(mounted / "x.csv")))
    assert evalkit(capsys, "check", checkout / "real" / "x.yaml", "--data-root", mounted).code == 0


def test_a_folder_whose_one_suite_is_refused_says_why(checkout: Path, capsys: Capture) -> None:
    (checkout / "real" / "x.yaml").unlink()
    (checkout / "real" / "x.yaml").symlink_to("../../home/held/x.yaml")
    ran = evalkit(capsys, "check", "real")
    assert ran.code == 2 and "leads out of" in ran.err and "holds no suite" not in ran.err
