"""What the twentieth attack found: a packed reply with a tail, keys in further spellings, proxies, addresses, logs."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import parquet

from evalkit.adapters import http_session
from evalkit.adapters.keys import keep_out_of_replies, keep_parts_out_of_replies, scrubbed, without_keys
from evalkit.child import looks_like_a_credential
from evalkit.engine.callouts import callouts
from evalkit.engine.stored import stored
from evalkit.errors import RequestError
from evalkit.records import AgentStep, Outcome, Response, Row, Stage, Timing, Usage
from evalkit.suite.redaction import Redactor
from evalkit.suite.secret_values import why_secret
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.faults.replies import ASK, DIALECTS, Served, adapter_at, as_stream, good, http, serving, whole
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "tail", [b"\0", b"\n" * 5_000, gzip.compress(b" " * 10**6) * 50], ids=["byte", "lines", "more"]
)
async def test_what_stands_behind_a_packed_reply_says_nothing_and_ends(dialect: str, tail: bytes) -> None:
    """The reply unpacks to more than one piece, so that zlib gives its tail back again and again."""
    blank = b": " + b" " * 400_000 + b"\n\n" if dialect not in {"bedrock-converse", "ollama-native"} else b""
    body = gzip.compress(blank + as_stream(dialect, good(dialect)), compresslevel=1) + tail
    async with serving(Served([http(body, more="Content-Encoding: gzip\r\n")])) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=20)
        try:
            answer = await adapter.respond(ASK)
        finally:
            await adapter.aclose()
    assert answer.text


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic"])
async def test_a_packed_answer_is_whole_at_its_end_whatever_keeps_coming(dialect: str) -> None:
    """One JSON body, and a connection that stays open behind it: it was waited for until the item's deadline."""
    body = gzip.compress(json.dumps(whole(dialect)).encode()) + b"\0"
    served = Served([http(body, kind="application/json", more="Content-Encoding: gzip\r\n", length=10**9)], hang=True)
    async with serving(served) as url:
        adapter = adapter_at(dialect, url, idle_timeout_s=20)
        try:
            began = time.monotonic()
            answer = await adapter.respond(ASK)
        finally:
            await adapter.aclose()
    assert answer.text and time.monotonic() - began < 15


KEY = "cAnary/Twenty+0123-4567_XYZ.q"
WITHOUT_SEMICOLON = {
    "numbers of HTML": "".join(f"&#{ord(sign)}" for sign in KEY),
    "the same in hexadecimal": "".join(f"&#x{ord(sign):x}" for sign in KEY),
    "with zeros": "".join(f"&#{ord(sign):09d};" for sign in KEY),
    "with many zeros": "".join(f"&#x{ord(sign):060X};" for sign in KEY),
    "on a page of a page": "".join(f"&amp#{ord(sign)};" for sign in KEY),
}


@pytest.mark.parametrize("spelt", WITHOUT_SEMICOLON.values(), ids=WITHOUT_SEMICOLON)
def test_a_key_is_cut_out_as_pages_write_it_without_semicolons_and_with_zeros(spelt: str) -> None:
    keep_out_of_replies(KEY)
    assert without_keys(f"Bearer {spelt} .") == "Bearer [key removed] ."


@pytest.mark.parametrize("text", ["&#" * 100_000, "&#0" * 70_000, "&#99" * 50_000, f"&#{'0' * 200_000}"])
def test_looking_for_them_takes_no_time(text: str) -> None:
    keep_out_of_replies(KEY)
    began = time.process_time()
    assert without_keys(text) == text
    assert time.process_time() - began < 3


TICKET = "CaNaRySession-twenty-9"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Cookie", f"sid={TICKET};theme=dark"),
        ("X-Auth", f"ApiKey:canary-id:{TICKET}"),
        ("X-Auth", f'token="{TICKET}"'),
        ("Authorization", f"ApiKey canary-id:{TICKET}"),
    ],
)
def test_a_part_of_a_header_that_comes_back_alone_is_cut_out(
    header: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("EVALKIT_VISITOR", value)
    with FakeProvider.in_thread(Behaviour(reply=f"right, {TICKET}")) as server:
        (tmp_path / "data.jsonl").write_text('{"id": "a", "q": "What?", "t": "right"}\n')
        (tmp_path / "suite.yaml").write_text(
            f"""
name: headers
models:
  m: {{adapter: openai_chat, model: m, base_url: "{server.base_url}", header_env: {{{header}: EVALKIT_VISITOR}}}}
tasks:
  - {{name: t, data: {{path: data.jsonl, id: id}}, prompt: "{{{{ q }}}}", target: "{{{{ t }}}}", score: contains}}
"""
        )
        ran = evalkit(
            capsys,
            "run",
            tmp_path / "suite.yaml",
            *("--results", tmp_path / "results", "--allow-key-host", "EVALKIT_VISITOR@127.0.0.1"),
        )
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    (row,) = parquet.read_table(next(folder.glob("texts-*.parquet"))).to_pylist()
    assert row["text"] == "right, [key removed]"


@pytest.mark.parametrize(
    "name",
    [
        *("EVALKIT_JWT", "EVALKIT_BOT_CREDS", "EVALKIT_HMAC", "EVALKIT_USERPW", "EVALKIT_DB_PASS", "EVALKIT_DBPASS"),
        *("EVALKIT_PASSCODE", "EVALKIT_PINCODE", "EVALKIT_PSK", "EVALKIT_CERT", "EVALKIT_CONNECTION_STRING"),
        *("EVALKIT_TOTP", "EVALKIT_PEM", "EVALKIT_ID_RSA", "EVALKIT_PASS1", "EVALKIT_PWD2", "EVALKIT_PAT_RO"),
        *("EVALKIT_DSN_MAIN", "EVALKIT_PIN_2", "EVALKIT_OTP_SEED", "EVALKIT_CRED_FILE"),
    ],
)
def test_further_names_of_credentials(name: str) -> None:
    assert looks_like_a_credential(name)


@pytest.mark.parametrize(
    "name",
    ["EVALKIT_BYPASS", "EVALKIT_MODEL", "EVALKIT_COMPASS", "EVALKIT_CREDIT", "EVALKIT_SPAN", "EVALKIT_PASS_AT_K"],
)
def test_names_that_only_hold_such_letters(name: str) -> None:
    assert not looks_like_a_credential(name)


VALUES = {
    "sk-" + "canarycanarycanary12": False,
    "ghp_" + "canarycanarycanarycanary": False,
    "eyJhbGciOiJub25lIn0.eyJ" + "canary": False,
    "postgres://reader:canary-word@db.example/x": False,
    "https://hooks.slack.com/services/T0/B0/canary": False,
    "https://server.example/v1": True,
    "task-canarycanarycanary12": True,
    "Qwen/Qwen3.5-32B": True,
    "ollama://model@sha256:canary": True,
}


@pytest.mark.parametrize(("value", "taken"), VALUES.items())
def test_a_value_that_looks_like_a_key_is_filled_in_nowhere(
    value: str, taken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("EVALKIT_SERVED", value)
    (tmp_path / "suite.yaml").write_text(
        """
name: variables
models:
  m: {adapter: openai_chat, model: "${EVALKIT_SERVED}", base_url: "http://127.0.0.1:9/v1"}
tasks:
  - {name: t, cases: [{q: a, expected: b}], prompt: "{{ q }}", score: exact}
"""
    )
    ran = evalkit(capsys, "check", tmp_path / "suite.yaml")
    assert ran.code == (0 if taken else 2), ran.err
    assert taken or ("looks like a key" in ran.err and value not in ran.err)


PASSWORD = "canary-word-20"
ODD_PROXIES = {
    "a slash in the password": f"http://user:{PASSWORD}/@127.0.0.1:9",
    "a number sign": f"http://user:{PASSWORD}#@127.0.0.1:9",
    "no port": f"http://user:{PASSWORD}@127.0.0.1:abc",
    "no such port": f"http://user:{PASSWORD}@127.0.0.1:99999",
    "without a scheme": f"//user:{PASSWORD}@127.0.0.1",
    "half a bracket": f"http://user:{PASSWORD}@[::1",
    "a colon in the user": f"http://us%3Aer:{PASSWORD}@127.0.0.1:9",
    "a sign that no header has": f"http://user:{PASSWORD}%E2%82%AC@127.0.0.1:9",
    "no letters of a host": f"http://user:{PASSWORD}@exa\u2100mple:80",
}


@pytest.mark.parametrize("proxy", ODD_PROXIES.values(), ids=ODD_PROXIES)
def test_a_proxy_that_is_no_address_is_told_without_its_password(
    proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-twenty-key")
    (tmp_path / "suite.yaml").write_text(
        """
name: proxied
run: {timeout_s: 5}
models:
  m: {adapter: openai, model: gpt-6-luna}
tasks:
  - {name: t, cases: [{q: a, expected: b}], prompt: "{{ q }}", score: exact}
"""
    )
    ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results", "--no-cache")
    assert ran.code in {2, 4}, ran.err
    said = ran.out + ran.err
    for folder in run_folders(tmp_path / "results") if (tmp_path / "results").exists() else ():
        for file in folder.glob("texts-*.parquet"):
            said += str(parquet.read_table(file).to_pylist())
    assert "proxy" in said and "HTTPS_PROXY" in said
    assert PASSWORD not in said and "Traceback" not in said


def test_what_a_proxy_says_of_the_password_is_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary%2Fodd@127.0.0.1:9")
    assert http_session.proxy_for("https://api.example/v1")
    for told in ("wrong user:canary%2Fodd", "wrong canary/odd", "wrong user:canary/odd"):
        assert "canary" not in without_keys(told)
    assert without_keys("got Basic dXNlcjpjYW5hcnkvb2Rk") == "got Basic [key removed]"  # as it stands in the request


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:8080/in", "1.2.3.4"),
        ("evil.example:8080", "evil.example"),
        ("evil.example:443/collect", "evil.example"),
        ("mailto:them@evil.example", "evil.example"),
        ("them@evil.example", "evil.example"),
    ],
)
def test_an_address_without_a_scheme_is_one_in_an_unknown_field(value: str, host: str) -> None:
    for extra in ({"x_next_year": value}, {"x": [{"y": value}]}, {"x": {value: 1}}):
        assert [one.host for one in callouts("gpt-6", extra)] == [host], extra


@pytest.mark.parametrize(
    "value", ["1.2.3", "v1.5", "gpt-4.1", "12:30", "a:1", "meta.llama", "Say 1.2.3.4.", "0.5", "x@y"]
)
def test_numbers_versions_and_sentences_are_no_address(value: str) -> None:
    assert not [one for one in callouts("gpt-6", {"x_next_year": value}) if one.known]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("openai/gpt-4o:online:floor", "web_search"),
        ("perplexity/llama-3.1-sonar-large-128k-online", "web_search"),
        ("@preset/support", "prompt"),
        ("openai/gpt-4o@preset/support", "prompt"),
    ],
)
def test_models_that_search_or_hold_prompts_are_named_wherever_it_stands(model: str, kind: str) -> None:
    assert [one.kind for one in callouts(model, {})] == [kind]


@pytest.mark.parametrize("model", ["gpt-6-luna", "org/online-tuner", "masonary-7b", "llama:onlineish"])
def test_models_whose_names_only_look_so(model: str) -> None:
    assert not callouts(model, {})


MAIL = "jane.canary@mail.example"
PLAIN = Row("t", "s", "0" * 64, "0" * 64, 0, "m", 0, Outcome.RIGHT, 1.0, started_at=0.0)


def test_storing_redacts_every_name_that_a_server_gives_itself() -> None:
    names = {"served_model": f"m {MAIL}", "fingerprint": f"fp {MAIL}", "service_tier": MAIL, "billed_beside": MAIL}
    step = AgentStep(text="", started_at=0.0, **names)  # type: ignore[arg-type]
    stage = Stage("g", "before", Timing(0.0, 1.0), Usage(1, 1, service_tier=MAIL, beside=(MAIL,)), served_model=MAIL)
    redactor = Redactor(("email", "phone", "card", "iban", "ip"), {})
    made = stored(replace(PLAIN, steps=(step,), stages=(stage,), **names), redactor)  # type: ignore[arg-type]
    assert "canary" not in repr(made)
    assert stored(made, redactor) == made
    other = stored(replace(PLAIN, fingerprint="fp john.canary@mail.example"), redactor)
    assert other.fingerprint != made.fingerprint, "two fingerprints stay two"
    plain = replace(PLAIN, fingerprint="fp_44709d6fcb", service_tier="default", billed_beside="image_tokens")
    assert stored(plain, redactor) == plain


@pytest.mark.long(but=1)
@pytest.mark.parametrize("word", ["a", "1.", "a-", "f", "@"])
def test_a_log_with_one_long_word_is_read_in_time(word: str, tmp_path: Path, capsys: Capture) -> None:
    """Pictures and files stand in logs as one word in base64; four times as long took sixteen times as long."""
    long = word * (400_000 // len(word))
    log = tmp_path / "log.jsonl"
    turns = [{"role": "user", "content": f"Read {long}"}, {"role": "assistant", "content": long}]
    log.write_text(json.dumps({"messages": turns, "model": "m"}) + "\n")
    began = time.process_time()
    ran = evalkit(capsys, "import", "traces", log, "--out", tmp_path / "suite")
    assert ran.code == 0, ran.err
    assert time.process_time() - began < 30


@pytest.mark.parametrize(("server", "code"), [("https://openrouter.example/v1", 2), ("http://127.0.0.1:9/v1", 0)])
def test_a_stored_prompt_is_a_providers_and_no_name_of_ones_own_server(
    server: str, code: int, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "suite.yaml").write_text(
        f"""
name: presets
models:
  m: {{adapter: openai_chat, model: "@preset/support", base_url: "{server}"}}
tasks:
  - {{name: t, cases: [{{q: a, expected: b}}], prompt: "{{{{ q }}}}", score: exact}}
"""
    )
    ran = evalkit(capsys, "check", tmp_path / "suite.yaml", "--allow-key-host", "openrouter.example")
    assert ran.code == code, ran.err
    assert code == 0 or "--allow-callout prompt" in ran.err


@pytest.mark.parametrize(
    "before", ["fw_", "tgp_v1_", "ABSK", "nvapi-", "pplx-", "csk-", "r8_", "sk_live_", "npm_", "ya29."]
)
def test_further_keys_are_filled_in_nowhere(before: str) -> None:
    assert why_secret(before + "a1b2c3d4e5f6a7b8c9d0")


@pytest.mark.parametrize(
    "value",
    [
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b64",
        "https://x.blob.core.windows.net/c?sv=1&sig=abc",
        "Server=x;User Id=sa;Password=p",
        "Bearer a1",
        "A1b2C3d4E5f6G7h8I9j0K1l2M3n4",
    ],
)
def test_values_that_hold_a_key_or_are_drawn_are_filled_in_nowhere(value: str) -> None:
    assert why_secret(value)


def test_names_of_models_addresses_and_files_are_filled_in() -> None:
    good = [
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
        "http://gpu-1.corp.example:8000/v1",
        "ft:gpt-4o-mini-2024-07-18:acme:s:9ABcDeFg",
    ]
    good += [
        "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
        "asia-northeast1-aiplatform",
    ]
    good += [
        "/data/3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a/x.jsonl",
        "data/TicketsOfTheSecondQuarterOf2025Germany.jsonl",
    ]
    good += [
        "mistralai/Mixtral-8x22B-Instruct-v0.1",
        "key-value-memory-network-7b",
        "secret_santa_dataset_2025_final.jsonl",
    ]
    assert [one for one in good if why_secret(one)] == []


async def test_an_odd_reply_is_told_without_words_of_the_interpreter() -> None:
    odd: list[object] = [{}, [], 3, 1.5, True, None, "x", [[]], [{"type": {}}], [None], [3]]
    whole = next(event["response"] for event in good("openai") if event["type"] == "response.completed")
    bodies = [{**whole, "output": value} for value in odd]
    bodies += [{**whole, "output": [{"type": kind, "content": value, "summary": value}]}
               for kind in ("message", "reasoning", "function_call") for value in odd]  # fmt: skip
    for body in bodies:
        async with serving(Served([http(json.dumps(body).encode())])) as url:
            adapter = adapter_at("openai", url, idle_timeout_s=20)
            try:
                await adapter.respond(ASK)
            except RequestError as error:
                assert not any(word in str(error) for word in ("Error:", "NoneType", "unhashable", "attribute", "dict"))
            finally:
                await adapter.aclose()


@pytest.mark.parametrize("between", [":", "|", "/", "&", "@", ".", "%3A", "<", "(", "?t="])
def test_a_part_of_a_key_alone_is_cut_out_whatever_divides_it(between: str) -> None:
    keep_parts_out_of_replies(f"tenant-0001{between}PLACEHOLDERsecret42)")
    assert without_keys("it was PLACEHOLDERsecret42!") == "it was [key removed]!"


@pytest.mark.parametrize("spelt", ["\\x2b", "\\u{2B}", "\\U0000002b", "\\053", "\\u002b"])
def test_a_key_in_escapes_of_programs_is_cut_out(spelt: str) -> None:
    keep_parts_out_of_replies("cAnary/Twenty+0123-9876_XYZ.q")
    assert without_keys(f"a {'cAnary/Twenty+0123-9876_XYZ.q'.replace('+', spelt)} b") == "a [key removed] b"


def test_a_key_of_digits_is_cut_out_of_numbers_too_and_counts_stay() -> None:
    keep_out_of_replies("482910573648291")
    said = {"account": 482910573648291, "x": {"y": [4.82910573648291e14, "482910573648291"]}, "total_tokens": 48}
    made = scrubbed(Response(text="x", stop_reason="stop", timing=Timing(0, 1), raw_usage=said))
    assert made.raw_usage == {
        "account": "[key removed]",
        "x": {"y": ["[key removed]", "[key removed]"]},
        "total_tokens": 48,
    }
