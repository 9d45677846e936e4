"""Presets among the user's own settings: read from there, and from nowhere that a stranger can write to.

A preset names the hosts that receive a key: docs/safety.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit import plugins
from evalkit.adapters import own_presets
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.presets import load_preset
from evalkit.adapters.registry import known_adapters, make_adapter, origin_of, preset_of
from evalkit.errors import SuiteError, UserError
from evalkit.records import Message, Request
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.plugin_world import install, on_path
from tests.world import evalkit, write_suite

Capture = pytest.CaptureFixture[str]
CANARY = "acme-canary-6f1d0c9b2a"
PRESET = """
dialect: chat
base_url: https://llm.acme.example/v1
key_env: [ACME_API_KEY]
key_hosts: [llm.acme.example]
supports: [temperature, seed]
"""
EVIL = PRESET.replace("llm.acme.example", "collector.example")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    plugins._scanned.cache_clear()
    yield
    plugins._scanned.cache_clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own settings, and a working directory elsewhere."""
    folder = tmp_path / "home" / ".config" / "evalkit" / "presets"
    folder.mkdir(parents=True)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.chdir(work)
    return folder


def spec_of(adapter: str = "acme", **fields: object) -> ModelSpec:
    return ModelSpec(name="m", adapter=adapter, model="x", **fields)  # type: ignore[arg-type]


async def test_a_preset_of_ones_own_is_an_adapter_with_its_own_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "acme.yaml").write_text(PRESET)
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    assert "acme" in known_adapters() and "ACME" in known_adapters()
    assert make_adapter(spec_of()).endpoint.host == "llm.acme.example"
    found = preset_of("acme")
    assert found is not None and found.supports == {"temperature", "seed"}
    assert str(origin_of("acme")).startswith("preset of the user's settings, sha256 ")
    async with FakeProvider(Behaviour(reply="Ulm")) as provider:  # loopback is no host of acme's: no key goes there
        (home / "acme.yaml").write_text(PRESET.replace("https://llm.acme.example/v1", provider.base_url))
        adapter = make_adapter(spec_of())
        assert (await adapter.respond(Request((Message("user", "Where?"),)))).text == "Ulm"
        await adapter.aclose()


def test_a_key_goes_only_to_the_hosts_that_the_preset_names(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "acme.yaml").write_text(PRESET)
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    with pytest.raises(SuiteError, match=r"collector\.example") as caught:
        make_adapter(spec_of(base_url="https://collector.example/v1"))
    assert CANARY not in str(caught.value)


def test_an_account_that_the_suite_names_gets_no_key_and_no_prompt(
    home: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A template of the address that a suite fills in may lead to a stranger's account; a region does not."""
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    text = PRESET.replace("[llm.acme.example]", "['llm.acme.example']")
    keyless = text.replace("key_env: [ACME_API_KEY]\n", "key_required: false\n")
    for place in ("tenant", "resource"):
        host = f"{{{place}}}.acme.example"
        (home / "acme.yaml").write_text(text.replace("llm.acme.example", host))
        with pytest.raises(SuiteError, match="ACME_API_KEY is not sent there"):
            make_adapter(spec_of(options={place: "mallory"}))
        (home / "open.yaml").write_text(keyless.replace("llm.acme.example", host))
        models = f"  m: {{adapter: open, model: x, {place}: mallory}}"
        ran = evalkit(capsys, "check", write_suite(tmp_path / "work", "", n=1, models=models))
        assert ran.code == 2 and "may not go to mallory.acme.example" in ran.err
    (home / "acme.yaml").write_text(text.replace("llm.acme.example", "{region}.acme.example"))
    assert make_adapter(spec_of(options={"region": "eu"})).endpoint.host == "eu.acme.example"


def test_no_preset_is_read_from_the_suites_folder_or_the_working_directory(
    home: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    suites = tmp_path / "suites"
    for folder in (suites, tmp_path / "work"):
        for place in ("presets", ".config/evalkit/presets", "evalkit/presets", "."):
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / "acme.yaml").write_text(EVIL)
    suite = write_suite(suites, "", n=1, models="  m: {adapter: acme, model: x}")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "there is no adapter or preset 'acme'" in ran.err
    assert "collector.example" not in ran.out + ran.err


@pytest.mark.parametrize("place", ["suites/presets", "work/presets", "work"])
@pytest.mark.parametrize("variable", ["EVALKIT_PRESETS", "XDG_CONFIG_HOME"])
def test_a_variable_cannot_point_to_where_strangers_write(
    home: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, variable: str
) -> None:
    folder = tmp_path / place
    presets = folder if variable == "EVALKIT_PRESETS" else folder / "evalkit" / "presets"
    presets.mkdir(parents=True, exist_ok=True)
    (presets / "acme.yaml").write_text(EVIL)
    monkeypatch.setenv(variable, str(folder))
    (tmp_path / "suites").mkdir(exist_ok=True)
    suite = write_suite(tmp_path / "suites", "", n=1, models="  m: {adapter: acme, model: x}")
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "presets name the hosts that receive keys: none is read from there" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("mark", [".hg", ".svn", ".jj", ".sl", ".bzr"])
@pytest.mark.parametrize("outer", [".git", ".hg"])
def test_what_the_checkout_is_cannot_be_said_by_a_file_in_it(
    home: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, outer: str
) -> None:
    """No repository of git holds a `.git`, but one of Mercurial may, and every other mark may be a tracked file."""
    checkout = tmp_path / "checkout"
    for folder in ("ci/presets", "suites", outer):
        (checkout / folder).mkdir(parents=True)
    (checkout / "ci" / "presets" / "acme.yaml").write_text(EVIL)
    suite = write_suite(checkout / "suites", "", n=1, models="  m: {adapter: acme, model: x}")
    monkeypatch.setenv("EVALKIT_PRESETS", str(checkout / "ci" / "presets"))
    monkeypatch.chdir(checkout / "suites")
    for brought in (mark,) if outer == ".git" else (mark, ".git"):
        (checkout / "suites" / brought).mkdir()
        ran = evalkit(capsys, "check", suite)
        assert ran.code == 2 and "presets name the hosts that receive keys: none is read from there" in ran.err


def test_a_home_that_is_a_repository_has_presets_for_repositories_in_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for linked worktrees, but not for what is itself a part of the home's repository."""
    (home / "acme.yaml").write_text(PRESET)
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    monkeypatch.setenv("EVALKIT_PRESETS", str(home))
    outer = tmp_path / "home"
    for folder in (".git/modules/part", ".git/worktrees/own", "project/.git/worktrees/tree", "tree", "part", "own"):
        (outer / folder).mkdir(parents=True)
    (outer / "tree" / ".git").write_text(f"gitdir: {outer}/project/.git/worktrees/tree\n")
    (outer / "part" / ".git").write_text("gitdir: ../.git/modules/part\n")
    (outer / "own" / ".git").write_text(f"gitdir: {outer}/.git/worktrees/own\n")
    for name in ("project", "tree"):
        monkeypatch.chdir(outer / name)
        assert make_adapter(spec_of(folder=str(outer / name))).endpoint.host == "llm.acme.example"
    for name in ("part", "own"):
        monkeypatch.chdir(outer / name)
        with pytest.raises(UserError, match="is in the checkout around the suite's folder"):
            make_adapter(spec_of(folder=str(outer / name)))


def test_a_link_out_of_the_settings_is_followed_and_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "work" / "evil.yaml").write_text(EVIL)
    (home / "acme.yaml").symlink_to(tmp_path / "work" / "evil.yaml")
    with pytest.raises(UserError, match=r"(the suite's folder|the working directory), and presets name the hosts"):
        make_adapter(spec_of())


def test_somebody_who_works_in_the_home_folder_has_presets_all_the_same(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "acme.yaml").write_text(PRESET)
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    monkeypatch.chdir(tmp_path / "home")
    assert make_adapter(spec_of(folder=str(tmp_path / "home"))).endpoint.host == "llm.acme.example"


def test_a_relative_folder_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_PRESETS", "presets")
    with pytest.raises(UserError, match="depends on the working directory; write the whole path"):
        make_adapter(spec_of())


def test_a_relative_settings_folder_counts_as_none(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (home / "acme.yaml").write_text(PRESET)
    (tmp_path / "work" / "evalkit" / "presets").mkdir(parents=True)
    (tmp_path / "work" / "evalkit" / "presets" / "acme.yaml").write_text(EVIL)
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    found = preset_of("acme")
    assert found is not None and found.key_hosts == ("llm.acme.example",)


def test_a_preset_with_a_name_of_evalkits_own_is_never_read(home: Path, capsys: Capture) -> None:
    for name in ("together", "openai", "Open_AI"):
        (home / f"{name}.yaml").write_text(EVIL)
    assert preset_of("together") is load_preset("together")
    assert preset_of("openai") is None
    found = {one["what"]: one["says"] for one in evalkit(capsys, "doctor", "--json").json["found"]}
    assert "never used: evalkit has this name itself" in found["own preset together"]


def test_doctor_lists_the_users_presets_and_says_what_is_wrong_with_one(
    home: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "acme.yaml").write_text(PRESET)
    (home / "broken.yaml").write_text("dialect: telepathy\n")
    monkeypatch.setenv("ACME_API_KEY", CANARY)
    ran = evalkit(capsys, "doctor", "--json")
    assert CANARY not in ran.out + ran.err
    found = {one["what"]: one for one in ran.json["found"]}
    assert found["key ACME_API_KEY"]["state"] == "ok"
    assert found["own preset acme"]["state"] == "ok" and str(home / "acme.yaml") in found["own preset acme"]["says"]
    assert found["own preset broken"]["state"] == "missing" and "dialect" in found["own preset broken"]["says"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("- a\n", "must be a mapping"),
        ("dialect: telepathy\n", "dialect: Input should be 'chat' or 'responses'"),
        (PRESET + "bas_url: x\n", "has no key 'bas_url'; did you mean base_url?"),
        (PRESET.replace("[temperature, seed]", "[temperature, sede]"), "supports has no setting 'sede'"),
        (PRESET.replace("[llm.acme.example]", "5"), "key_hosts"),
        (PRESET.replace("[ACME_API_KEY]", "{a: b}"), "key_env"),
        (PRESET.replace("https://llm.acme.example/v1", "https://me:secret@llm.acme.example/v1"), "base_url"),
        (PRESET.replace("https://llm.acme.example/v1", "ftp://llm.acme.example"), "base_url"),
        (PRESET.replace("https://llm.acme.example/v1", "[a, b]"), "base_url"),
        ("a: b: c\n", "acme.yaml:1"),
        ("dialect: chat\ndialect: chat\n", "acme.yaml"),
        ("x" * 200_000, "is larger than 100 kB"),
    ],
)
def test_a_preset_that_cannot_be_used_is_said_with_its_file(home: Path, text: str, said: str) -> None:
    (home / "acme.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        make_adapter(spec_of())
    assert said in str(caught.value)
    assert str(home / "acme.yaml") in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_text_is_said_to_be_none(home: Path) -> None:
    (home / "acme.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        make_adapter(spec_of())


def test_a_preset_of_a_package_may_be_a_file_a_mapping_or_a_preset(home: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "c.yaml").write_text(PRESET)
    source = (
        "from pathlib import Path\nfrom evalkit.adapters.presets import Preset\n"
        "A = {'dialect': 'chat', 'base_url': 'https://a.example/v1', 'key_required': False}\n"
        "B = Preset(name='b', about='b', source='b', dialect='chat',\n"
        "           base_url='https://b.example/v1', key_required=False)\n"
        "C = Path(__file__).parent / 'c.yaml'\n"
    )
    points = {"presets": {"pa": "preset_pack:A", "pb": "preset_pack:B", "pc": "preset_pack:C"}}
    install(site, "preset-pack", points, version="0.2", preset_pack=source)
    with on_path(site):
        plugins._scanned.cache_clear()
        own_presets._of_plugin.cache_clear()
        assert make_adapter(spec_of("pa")).endpoint.host == "a.example"
        assert make_adapter(spec_of("PB")).endpoint.host == "b.example"
        assert preset_of("pc") is not None
        assert origin_of("pa") == "preset-pack 0.2"
        (home / "pa.yaml").write_text(PRESET)  # the user's own word is nearer than a package's
        assert str(origin_of("pa")).startswith("preset of the user's settings")


def test_the_home_folder_of_these_tests_is_not_the_machines(home: Path) -> None:
    assert own_presets.user_folder() == home
    assert os.environ["HOME"].startswith(str(home.parents[3]))
