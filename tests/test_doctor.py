"""`evalkit doctor` says what is there, and never a secret."""

from __future__ import annotations

import tomllib

import pytest

from evalkit.cli import doctoring
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.loopback import loopback, reply
from tests.conftest import REPO
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def test_it_names_keys_without_their_values_and_a_next_command(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    ran = evalkit(capsys, "doctor")
    assert ran.code == 0, ran.err
    assert "key OPENAI_API_KEY" in ran.out and "next: evalkit init" in ran.out
    assert "sk-very-secret" not in ran.out + ran.err


def test_without_anything_the_next_command_is_the_quickstart(capsys: Capture) -> None:
    ran = evalkit(capsys, "doctor", "--json")
    found = {one["what"]: one["state"] for one in ran.json["found"]}
    assert found["evalkit"] == "ok"
    assert not any(what.startswith("key ") for what in found)
    if not any(what.startswith("server ") for what in found):
        assert ran.json["next"].startswith("evalkit run suites/quickstart.yaml")


def test_every_extra_that_can_be_installed_has_a_line(capsys: Capture) -> None:
    extras = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    found = {one["what"].removeprefix("extra "): one for one in evalkit(capsys, "doctor", "--json").json["found"]}
    assert set(extras) - set(found) == set()
    absent = [name for name in extras if found[name]["state"] == "missing"]
    assert [name for name in absent if f"--extra {name}" not in found[name]["says"]] == []


ODD_LISTS = {
    "nested too deeply": b"[" * 200_000,
    "nested too deeply, a half of a character": b'{"data": "\\ud800", "x": ' + b"[" * 200_000,
    "a number": b'{"data": 7}',
    "models that are none": b'{"data": [7, {"id": {"a": 1}}, null]}',
    "endless": b'{"data": "' + b"x" * 2**21,
    "not of its encoding": b"\xff\xfe{}",
}


@pytest.mark.parametrize("body", ODD_LISTS.values(), ids=ODD_LISTS)
async def test_whatever_a_server_on_a_known_port_says_is_no_defect(body: bytes) -> None:
    async with loopback(reply(200, body, "application/json; charset=nonsense")) as server:
        (said,) = (await doctoring._ask([server.url])).values()
    assert said in {None, "no model loaded", "{'a': 1}"}


def test_a_server_at_a_presets_address_is_found(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from evalkit.adapters import presets

    with FakeProvider.in_thread(Behaviour(models=("llama-tiny",))) as provider:
        real = presets.load_preset

        def moved(name: str) -> presets.Preset:
            preset = real(name)
            return dataclasses.replace(preset, base_url=provider.base_url) if name == "ollama" else preset

        monkeypatch.setattr(presets, "load_preset", moved)
        ran = evalkit(capsys, "doctor")
    assert "server ollama" in ran.out, ran.out
