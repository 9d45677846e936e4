"""What is refused names what was written, and a way out that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.adapters.own_presets import find_preset
from evalkit.cli import doctoring
from evalkit.errors import SuiteError, UserError
from evalkit.scorers.registry import make_scorer
from evalkit.suite.plain_templates import BadTemplate, field_reading
from evalkit.suite.templates import Template
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "command",
    [
        ("gate", "latest", "--markdown", "-"),
        ("gate", "latest", "--junit", "-"),
        ("report", "latest", "--html", "-"),
        ("schema", "--out", "-"),
        ("judge-data", "latest", "--out", "-"),
    ],
)
def test_a_dash_is_no_file(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = evalkit(capsys, *command)
    assert ran.code == 2 and "/dev/stdout" in ran.err and not Path("-").exists(), ran.err


def test_a_name_that_is_too_long_is_no_defect(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("check", "a" * 5000), ("run", "a" * 300 + ".yaml"), ("import", "table", "a" * 300 + ".csv")):
        ran = evalkit(capsys, *command)
        assert ran.code == 2 and "defect" not in ran.err and "Traceback" not in ran.err, ran.err


@pytest.mark.parametrize("name", ["prices.yaml", "models.yaml"])
def test_a_folder_in_the_place_of_a_file_beside_the_suite_is_told(capsys: Capture, tmp_path: Path, name: str) -> None:
    (tmp_path / "d.jsonl").write_text('{"id": "1", "q": "a"}\n')
    (tmp_path / "s.yaml").write_text(
        'name: s\nmodels: {a: {adapter: scripted, replies: {"*": "x"}}}\n'
        'tasks: [{name: t, data: {path: d.jsonl}, prompt: "{{ q }}", target: "x", score: exact}]\n'
    )
    (tmp_path / name).mkdir()
    ran = evalkit(capsys, "run", tmp_path / "s.yaml", "--results", tmp_path / "results")
    assert ran.code == 2 and name in ran.err, ran.err


def test_a_field_with_a_word_of_the_templates_is_read_by_row() -> None:
    for name in ("not", "if", "self", "None"):
        assert field_reading(name) == f"{{{{ row[{name!r}] }}}}"
        assert Template(field_reading(name), "prompt").render({"row": {name: "x"}}) == "x"
    assert field_reading("question") == "{{ question }}"


def test_a_null_inside_a_field_is_named_as_the_template_names_it() -> None:
    values = {"x": {"k": None}, "row": {"x": {"k": None}}}
    template = Template("Q: {{ x.k }}", "prompt")
    with pytest.raises(BadTemplate, match=r"\{\{ x\.k \}\} is null, .*\{\{ x\.k or '' \}\}"):
        template.render(values)


def test_the_older_name_of_an_option_stands_in_its_message() -> None:
    with pytest.raises(SuiteError, match="'take' before"):
        make_scorer("exact", {"take": "word"})


def test_a_key_of_a_preset_that_is_a_text_is_told_how_a_list_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "evalkit" / "presets").mkdir(parents=True)
    file = tmp_path / "evalkit" / "presets" / "mine.yaml"
    file.write_text("about: x\nsource: x\ndialect: chat\nbase_url: http://127.0.0.1:1/v1\nkey_env: X_KEY\n")
    with pytest.raises(UserError, match=r"key_env: a list of names belongs here, like \[X_KEY\]"):
        find_preset("mine")


def test_doctor_names_the_keys_of_adapters_with_a_dialect_of_their_own() -> None:
    from evalkit.adapters.dialects import gemini
    from evalkit.adapters.presets import Preset

    told = [key for one in vars(gemini).values() if isinstance(one, Preset) for key in one.key_env]
    assert set(told) <= set(doctoring._keys_of_dialects()) and told
