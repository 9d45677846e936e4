"""Values of `${EVALKIT_...}` that hold a credential are filled in nowhere; names, dates, versions and revisions are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evalkit.suite.secret_values import BEGINS, why_secret
from tests.tables import table
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
HONEST = [
    "Qwen/Qwen3-235B-A22B-Instruct-2507",
    "meta-llama/Llama-3.1-405B-Instruct-FP8",
    "us.anthropic.claude-v2:0",
    "TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ",
    "gpt-4o-2024-08-06-PTU-EastUS2",
    "/mnt/nvme0n1/hub/models--Qwen--Qwen2-7B/snapshots/f2826a00ceef68f0f2b946d945ecc0477ce4450c",
    "projects/my-proj/locations/us-central1/endpoints/1234567890123456789",
    "http://gpu-1.corp.example:8000/v1",
    "ft:gpt-4o-mini-2024-07-18:acme:s:9ABcDeFg",
    "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
    "asia-northeast1-aiplatform",
    "/data/f2826a00ceef68f0f2b946d945ecc0477ce4450c/x.jsonl",
    "data/TicketsOfTheSecondQuarterOf2025Germany.jsonl",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "key-value-memory-network-7b",
    "secret_santa_dataset_2025_final.jsonl",
    "gpt-4o-2024-11-20-PTU-EastUS2-Prod01",
    "internVL3_5-GPT-OSS-20B-A4B-Preview",
    "SFT_Qwen3_8B_2026Nov30_run17b_LR1e5",
    "s3://bucket/models/Llama31_8B_SFT_v2_DPO_beta01",
    "TheBloke/WizardLM-33B-V1.0-Uncensored-SuperHOT-8K-GPTQ",
    "https://server.example/v1",
    "task-canarycanarycanary12",
    "ollama://model@sha256:canary",
    "ollama://model@sha256:a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    "registry.io/llama3:8b@sha256:a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    "f2826a00ceef68f0f2b946d945ecc0477ce4450c",
    "f2826a0",
    "f2826a00ceef",
    "Qwen/Qwen3-8B@f2826a00ceef68f0f2b946d945ecc0477ce4450c",
    "Qwen3-8B@f2826a00ceef68f0f2b946d945ecc0477ce4450c",
    "claude-sonnet-4@20250514",
    "vertex_ai:claude-3-5-sonnet@20240620",
    "anthropic:claude-3-5-sonnet@20241022",
    "models:/my-model@champion",
    "llama3.1:8b-instruct-q4_K_M",
    "gemma3:27b-it-qat",
    "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q8_0",
    "bartowski/Qwen2.5-Coder-32B-Instruct-GGUF:Q4_K_M",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "accounts/fireworks/models/llama-v3p1-405b-instruct",
    "accounts/me/deployments/a1b2c3d4",
    "openrouter/anthropic/claude-opus-4.5:beta",
    "x-ai/grok-4-fast:free",
    "nvidia/llama-3.3-nemotron-super-49b-v1.5",
    "gemini-2.5-pro-preview-06-05",
    "o3-deep-research-2025-06-26",
    "text-embedding-3-large",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-pro-v1:0:300k",
    "cohere.command-r-plus-v1:0",
    "moonshotai/Kimi-K2-Instruct-0905",
    "Qwen/Qwen2.5-VL-72B-Instruct-AWQ",
    "unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit",
    "microsoft/Phi-3.5-MoE-instruct",
    "ibm-granite/granite-3.3-8b-instruct",
    "CohereForAI/c4ai-command-r-plus-08-2024",
    "NousResearch/Hermes-3-Llama-3.1-405B-FP8",
    "mlx-community/Qwen3-30B-A3B-4bit-DWQ-053125",
    "https://x.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-02-01",
    "http://[2001:db8::1]:8000/v1",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "http://localhost:8080/@scope/x",
    "C:\\data\\run@2\\x.jsonl",
    "data/2026-12-01T10:30:00/x.jsonl",
    "https://api.nvcf.nvidia.com/v2/functions/0c9b8f7a-1234-4abc-9def-00112233aabb",
    "mlruns/0/ad9600aeb6ea3c7f4996352d0bc0f5f8/artifacts",
    "user/model-ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "ssh://git@host:22/x",
    "2026-12-01",
    "v1.2.3-rc.4",
    "1.2.3+build.20261201",
    "https://x/data.jsonl?revision=f2826a00ceef68f0f2b946d945ecc0477ce4450c&max_tokens=5",
    "https://x/v1?tokenizer=abc&author=me",
    "127.0.0.1:8000",
    "gpu-1.corp:8000,gpu-2.corp:8000",
    "hf://datasets/org/name@main/x.jsonl",
    "https://hub/resolve/f2826a00ceef68f0f2b946d945ecc0477ce4450c/x.jsonl",
    "ft:gpt-4.1-2025-04-14:my-org:suffix:BcD3fGh1",
    "Meta-Llama-3.1-8B-Instruct-Turbo",
    "ft:gpt-4o-mini-2024-07-18:acme-corp::9Xk2LmPq",
    "DeepSeek-V3.2-Exp",
    "MiniMax-M2",
    "GLM-4.5-Air-FP8",
    "Qwen3-Next-80B-A3B-Thinking",
    "ernie-4.5-300b-a47b",
]
"""Models, files, addresses, versions and digests of git, each as people have them in variables."""
SECRETS = [
    "bob:canarysecret@proxy.corp:3128",
    "ad9600aeb6ea3c7f4996352d0bc0f5f8.iynGOBLO8QtBsgOV",
    "https://api.x.com/v1?key=ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "bob:s@h",
    "ft:x::sk-canary-12345678901234567890:abcdefgh1234",
    "redis://user:/hunter2abc@cache.corp/0",
    "0x4c08ad9600aeb6ea3c7f4996352d0bc0f5f84c08ad9600aeb6ea3c7f4996352d",
    "0XAD9600AEB6EA3C7F4996352D0BC0F5F8",
    "x bob:sec/ret@proxy.corp",
    "bob:p@ss@host.example",
    "http://bob:se/cret@host",
    "//bob:secret@127.0.0.1",
    "bob:secret@[::1]:3128",
    ":pw@redis.corp:6379",
    "bob%3Asecret%40proxy.corp",
    "CORP\\bob:pw@proxy:8080",
    "proxy=bob:pw@proxy:80",
    "a,bob:pw@h.x",
    "https://h/v1?token=abc",
    "https://h/v1#access_token=abc",
    "https://h/?a=1&sig=abc",
    "https://h/x;password=hunter2",
    "h/x?pass=hunter2",
    "https://h/x?X-Amz-Signature=1a",
    "https://h/?subscription-key=1",
    "https://h/f?code=abc",
    "https://h/?client_secret=x",
    "https://h/?%6Bey=abc",
    "key=abc",
    "apiKey=abc",
    "ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "AD9600AEB6EA3C7F4996352D0BC0F5F8",
    "ad9600aeb6ea3c7f4996352d",
    "ad9600aeb6ea3c7f-4996352d0bc0f5f8",
    "ad9600aeb6ea3c7f4996352d0bc0f5f8:ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "ad9600aeb6ea3c7f4996352d0bc0f5f8_ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "0c9b8f7a-1234-4abc-9def-00112233aabb",
    "0C9B8F7A-1234-4ABC-9DEF-00112233AABB",
    "acme-ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "0c9b8f7a-1234-4abc-9def-00112233aabb:ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "ad:96:00:ae:b6:ea:3c:7f:49:96:35:2d:0b:c0:f5:f8",
    "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    "https://mainnet.infura.io/v3/ad9600aeb6ea3c7f4996352d0bc0f5f8",
    "A1b2C3d4.E5f6G7h8.I9j0K1l2",
    "Xk9:Qw3rT:zY8uI:oP2aS:dF4gH",
    "user@corp.com:secret@smtp.host.com",
    "postgres://u:p@h/d",
    "mysql+pymysql://u:p@h/d",
    "postgres://reader:word@db.example/x",
]


@table("value", HONEST)
def test_names_of_models_files_dates_versions_and_revisions_are_filled_in(value: str) -> None:
    assert why_secret(value) is None


@table("value", SECRETS)
def test_logins_named_credentials_and_drawn_rows_in_parts_are_none(value: str) -> None:
    assert why_secret(value) is not None


def test_drawn_hex_digits_are_refused_however_they_are_divided() -> None:
    draw = random.Random(2)
    passed = []
    for _ in range(2_000):
        n, part, sign = draw.choice([24, 32, 48, 64]), draw.choice([4, 8, 16, 64]), draw.choice(".-_:")
        row = "".join(draw.choice("0123456789abcdef") for _ in range(n))
        value = sign.join(row[at : at + part] for at in range(0, n, part))
        if why_secret(value) is None and not (n == 32 and part == 4 and sign == ":"):  # an address of IPv6
            passed.append(value)
    assert len(passed) <= 5, passed


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("bob:canarysecret@proxy.corp:3128", "model: '${EVALKIT_SERVED}', base_url: 'http://127.0.0.1:1/v1'"),
        (
            "ad9600aeb6ea3c7f4996352d0bc0f5f8.iynGOBLO8QtBsgOV",
            "model: '${EVALKIT_SERVED}', base_url: 'http://127.0.0.1:1/v1'",
        ),
        ("https://127.0.0.1:1/v1?k=6382a061e136ae9a0606d4bedf499275", "model: m, base_url: '${EVALKIT_SERVED}'"),
        ("6382-a061", "model: 'https://api.example/v1?key=${EVALKIT_SERVED}', base_url: 'http://127.0.0.1:1/v1'"),
        ("bob:word", "model: '${EVALKIT_SERVED}@proxy.corp', base_url: 'http://127.0.0.1:1/v1'"),
    ],
)
def test_a_credential_is_refused_with_the_way_out_and_not_shown(
    value: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("EVALKIT_SERVED", value)
    (tmp_path / "s.yaml").write_text(
        f"name: s\nmodels: {{m: {{adapter: openai_chat, {place}}}}}\n"
        "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
    )
    ran = evalkit(capsys, "check", tmp_path / "s.yaml")
    assert ran.code == 2 and "--allow-env EVALKIT_SERVED" in ran.err, ran.err
    assert value not in ran.err + ran.out
    ran = evalkit(capsys, "check", tmp_path / "s.yaml", "--allow-env", "EVALKIT_SERVED")
    assert "--allow-env" not in ran.err, ran.err


def test_what_begins_as_keys_do_has_no_way_out() -> None:
    assert why_secret("http://bob:canarysecret@proxy.corp:3128") == why_secret("sk-canarycanarycanary12") == BEGINS
