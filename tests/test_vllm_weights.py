"""Which files are a checkpoint for a server: all that it reads, and none from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.vllm.flags import lora_folders
from evalkit.adapters.vllm.weights import digest_of, identify
from evalkit.errors import SuiteError
from evalkit.paths import find


def test_a_chat_template_is_part_of_what_weights_are(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"weights")
    before = identify("mine", {}, tmp_path, "models.m").identity
    (tmp_path / "mine" / "chat_template.jinja").write_text("{{ messages }}")
    assert identify("mine", {}, tmp_path, "models.m").identity != before


@pytest.mark.parametrize(
    "name",
    [
        *("merges.txt", "vocab.txt", "qwen.tiktoken", "model.pt", "consolidated.00.pth", "x.bpe"),
        *("additional_chat_templates/tool_use.jinja", "np/weight_names.json", "1_Pooling/config.json", "a/b/c.bin"),
    ],
)
def test_every_file_that_a_server_reads_is_part_of_the_weights(tmp_path: Path, name: str) -> None:
    """Another merges.txt is another tokenizer: a baseline with it is another baseline."""
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    folder = find(".", tmp_path)
    without = digest_of(folder, "models.m")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("one", "utf-8")
    before = digest_of(folder, "models.m")
    (tmp_path / name).write_text("two", "utf-8")
    assert len({without, before, digest_of(folder, "models.m")}) == 3


def test_a_template_in_a_folder_of_the_weights_is_one_of_their_templates(tmp_path: Path) -> None:
    (tmp_path / "mine" / "additional_chat_templates").mkdir(parents=True)
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"weights")
    before = identify("mine", {}, tmp_path, "models.m").template
    (tmp_path / "mine" / "additional_chat_templates" / "tool_use.jinja").write_text("{{ messages }}")
    assert identify("mine", {}, tmp_path, "models.m").template != before


@pytest.mark.parametrize("place", ["additional_chat_templates", "a/b"])
def test_links_that_leave_a_folder_of_the_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    (tmp_path / "secret.jinja").write_text("mine alone")
    suite = tmp_path / "suite"
    (suite / "w" / place).mkdir(parents=True)
    (suite / "w" / "model.safetensors").write_bytes(b"weights")
    (suite / "w" / place / "tool_use.jinja").symlink_to(tmp_path / "secret.jinja")
    with pytest.raises(SuiteError, match="outside the suite's folder"):
        identify("w", {}, suite, "models.m")
    (suite / "w" / place / "tool_use.jinja").unlink()
    (suite / "w" / place / "again").symlink_to(suite / "w")
    with pytest.raises(SuiteError, match="a link may lead back"):
        identify("w", {}, suite, "models.m")


@pytest.mark.parametrize(
    ("name", "adapter"),
    [
        ('{"name":"lora","path":"/any/folder","base_model_name":"', './q"}'),
        ("a,b", "./mine"),
        ("a b", "./mine"),
        ("-x", "./mine"),
        ("", "./mine"),
        ("model", "./mine"),
        ("mine", "./with,comma"),
    ],
)
def test_an_adapter_is_never_read_from_another_folder(tmp_path: Path, name: str, adapter: str) -> None:
    """vLLM reads NAME=PATH with a comma in it as JSON, whose `path` may be any folder of the machine or of the hub."""
    for folder in ('q"}', "mine", "with,comma"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "adapter_config.json").write_text("{}")
    spec = ModelSpec(name="m", adapter="vllm", model="w", folder=str(tmp_path))
    with pytest.raises(SuiteError, match=r"cannot be called|has a comma in its path"):
        lora_folders(spec, {"lora_modules": {name: adapter}}, tmp_path)
    assert [*lora_folders(spec, {"lora_modules": {"mine.v-2_x": "./mine"}}, tmp_path)] == ["mine.v-2_x"]


def test_weights_that_stand_for_others_are_refused(tmp_path: Path) -> None:
    """vLLM loads the verifier that `speculators_config` names: any folder of the machine, or a branch of the hub."""
    folder = tmp_path / "draft"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"speculators_config": {"verifier": {"name_or_path": "/home/x/w"}}}', "utf-8")
    with pytest.raises(SuiteError, match="names a file or a checkpoint elsewhere"):
        identify("./draft", {}, tmp_path, "models.m")
    for config in (
        "{}",
        "[]",
        "{",
        '{"speculators_config": null, "_name_or_path": "/root/x", "auto_map": {"A": "o/n--x.Y"}}',
    ):
        (folder / "config.json").write_text(config, "utf-8")
        assert identify("./draft", {}, tmp_path, "models.m").identity


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("config.json", '{"configuration_files": ["config.4.0.json"]}'),
        ("tokenizer_config.json", '{"fast_tokenizer_files": [".tokenizer.4.0.json"]}'),
        ("config.json", '{"model_type": "ultravox", "text_model_id": "org/other"}'),
        ("config.json", '{"audio_model_id": "/home/me/x"}'),
        ("config.json", '{"text_model_id": "gpt2"}'),
        ("config.json", '{"anything": "/x"}'),
        ("config.json", '{"text_config": {"deep": [{"weights_path": "sub/x"}]}}'),
        ("config.json", '{"anything": "/home/me/x"}'),
        ("processor_config.json", '{"audio_tokenizer": {"audio_tokenizer_name_or_path": "org/other"}}'),
        ("modules.json", '[{"path": "../elsewhere"}]'),
        ("preprocessor_config.json", '{"x": "https://evil.example/a"}'),
        ("config.json", "[" * 40 + "]" * 40),
    ],
)
def test_settings_that_lead_a_server_elsewhere_are_refused(tmp_path: Path, name: str, said: str) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / name).write_text(said, "utf-8")
    with pytest.raises(SuiteError, match="elsewhere"):
        identify("w", {}, tmp_path, "models.m")


def test_settings_as_checkpoints_have_them_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    ordinary = {
        "config.json": {"_name_or_path": "/raid/x", "text_config": {"_name_or_path": "a/b"}, "eos_token_id": [1, 2],
                        "architectures": ["LlamaForCausalLM"], "auto_map": {"AutoConfig": "a/b--configuration.C"}},
        "tokenizer_config.json": {"added_tokens_decoder": {"1": {"content": "/INST"}}, "eos_token": "</s>",
                                  "chat_template": "/{{ messages }}", "name_or_path": "/x/y", "tokenizer_file": None},
        "generation_config.json": {"pad_token_id": 0},
        "model.safetensors.index.json": {"weight_map": {"a/b": "model.safetensors"}},
        "trainer_state.json": {"best_model_checkpoint": "./out/checkpoint-1"},
        "modules.json": [{"idx": 0, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}],
    }  # fmt: skip
    for name, said in ordinary.items():
        (folder / name).write_text(json.dumps(said), "utf-8")
    assert identify("w", {}, tmp_path, "models.m").identity


@pytest.mark.parametrize(
    "said",
    [
        '{"vocab_file": "/home/x/secret.json"}',
        '{"tokenizer_file": "../other/tokenizer.json"}',
        '{"merges_file": "home/x"}',
        '{"vocab_file": "~/x"}',
        '{"init_inputs": ["/home/x/secret.json"]}',
        '{"init_args": [{"vocab_file": "/home/x"}]}',
    ],
)
def test_a_tokenizer_that_names_files_elsewhere_is_refused(tmp_path: Path, said: str) -> None:
    """Transformers opens what tokenizer_config.json names in the place of the folder's own file."""
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "tokenizer_config.json").write_text(said, "utf-8")
    with pytest.raises(SuiteError, match=r"tokenizer_config\.json names a file"):
        identify("w", {}, tmp_path, "models.m")
    for harmless in (
        "{}", "[]", "{", '{"vocab_file": null, "tokenizer_file": "tokenizer.json", "chat_template": "/a/b"}',
        '{"special_tokens_map_file": "/root/.cache/x.json", "init_inputs": [], "name_or_path": "a/b"}',
    ):  # fmt: skip
        (folder / "tokenizer_config.json").write_text(harmless, "utf-8")
        assert identify("w", {}, tmp_path, "models.m").identity


@pytest.mark.parametrize(
    ("config", "told"),
    [(" " * (10 * 2**20) + '{"speculators_config": {"a": 1}}', "larger than 10 MB"), ("[" * 200_000, "too deeply")],
)
def test_settings_that_are_not_read_here_are_read_by_no_server(tmp_path: Path, config: str, told: str) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text(config, "utf-8")
    with pytest.raises(SuiteError, match=told):
        identify("w", {}, tmp_path, "models.m")


def test_an_adapter_brings_no_tokenizer_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "adapter_config.json").write_text("{}")
    (tmp_path / "mine" / "tokenizer_config.json").write_text('{"vocab_file": "/home/x/secret.json"}')
    spec = ModelSpec(name="m", adapter="vllm", model="w", folder=str(tmp_path))
    with pytest.raises(SuiteError, match="names a file or a checkpoint elsewhere"):
        lora_folders(spec, {"lora_modules": {"mine": "./mine"}}, tmp_path)
