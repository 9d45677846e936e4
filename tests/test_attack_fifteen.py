"""What the fifteenth attack found: links as suites, personal data at cuts and behind guards, caps in dollars, sizes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from evalkit.adapters.pipeline import GuardWords
from evalkit.cost.hosting import Hosting, Throughput, curve, unit_prices
from evalkit.engine.guards import BlockRule
from evalkit.engine.stored import stored
from evalkit.records import Row
from evalkit.scorers.structure import NotJson, find_json
from evalkit.store.sealing import rows_of
from evalkit.suite.redaction import Redactor, make_redactor
from evalkit.suite.schema.suite_file import RedactEntry
from tests.store_rows import a_row
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
SECRET = "hunter2-canary-secret"
MAIL, CARD = "ann@example.org", "4111 1111 1111 1111"
Reply = Callable[[dict[str, Any]], object]


@contextmanager
def a_server(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """A server on loopback: its address, and every body that it was sent."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(body.decode())
            content = json.dumps(reply(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def chat(text: str, n_in: int = 9, **message: object) -> dict[str, object]:
    said = {"role": "assistant", "content": text, **message}
    return {
        "choices": [
            {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in message else "stop", "message": said}
        ],
        "usage": {"prompt_tokens": n_in, "completion_tokens": 3, "total_tokens": n_in + 3},
    }


def written(folder: Path, models: Mapping[str, object], *, prices: object = None, **more: Any) -> Path:
    """A suite of four questions."""
    task = {
        "name": "t", "data": {"path": "d.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "fine",
        "score": "contains", **more.pop("task", {}),
    }  # fmt: skip
    (folder / "d.jsonl").write_text(
        "".join(json.dumps({"id": str(n), "q": f"hello {n}", "end": {}}) + "\n" for n in range(4))
    )
    if prices is not None:
        (folder / "prices.yaml").write_text(json.dumps(prices))
    path = folder / "s.yaml"
    run = {"in_flight": 2, "max_error_rate": 1.0, **more.pop("run", {})}
    path.write_text(json.dumps({"name": "s", "models": models, "tasks": [task], "run": run, **more}))
    return path


def a_model(address: str, **more: object) -> dict[str, object]:
    return {
        "adapter": "openai_chat", "model": "m", "base_url": f"{address}/v1", "stream": False, "weights": "w",
        "settings": {"max_output_tokens": 20}, **more,
    }  # fmt: skip


def kept(results: Path) -> list[Row]:
    return list(rows_of(run_folders(results)[-1]))


# ---- class A: secrets and personal data


def test_a_suite_that_is_a_link_out_of_its_folder_is_not_read(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request may put such a link where the suite was; complaints would quote what it leads to."""
    monkeypatch.delenv("EVALKIT_DATA_ROOTS", raising=False)
    outside, inside = tmp_path / "home", tmp_path / "suites"
    outside.mkdir()
    inside.mkdir()
    for name, content in {
        "config.json": json.dumps({"auths": {"ghcr.io": {"auth": SECRET}}}),
        "two.yaml": f"name: {SECRET}\nmodels: {{m: {SECRET}}}\ntasks: {SECRET}\n",
    }.items():
        (outside / name).write_text(content)
        link = inside / "x.yaml"
        link.symlink_to(outside / name)
        for command in (
            ("check", link),
            ("plan", link),
            ("run", link),
            ("run", inside),
            ("check", os.path.relpath(link)),
        ):
            ran = evalkit(capsys, *command)
            assert ran.code == 2 and SECRET not in ran.out + ran.err, (name, command, ran)
        assert "outside the suite's folder" in evalkit(capsys, "check", link).err
        told = evalkit(capsys, "check", link, "--data-root", outside).err  # the person's own word
        assert "a mapping of 1 key" in told if name == "config.json" else SECRET in told
        link.unlink()
    real = written(inside, {"m": {"adapter": "scripted", "replies": {"*": "fine"}}})
    (inside / "latest.yaml").symlink_to(real.name)
    assert evalkit(capsys, "check", inside / "latest.yaml").code == 0  # one that stays inside


def everything() -> Redactor:
    made = make_redactor(RedactEntry(what=("email", "phone", "card", "iban"), patterns={"ticket": "T-[0-9]{6}"}))
    assert made is not None
    return made


def test_errors_keep_nothing_that_stands_at_a_cut_or_behind_an_escape() -> None:
    for quoted, gone in (
        (r"sent: 'call +49\xa0170\xa01234567 now'", "1234567"),
        (r"sent: 'card 4111\u00a01111\u00a01111\u00a01111'", "1111"),
        (f"sent: '{'x' * 100} {CARD[:14]}…", "4111"),
        (f"sent: '{'x' * 100} T-1234…", "T-1234"),
        (f"sent: '{'x' * 100} T-1234... and more", "T-1234"),
    ):
        row = a_row(error=quoted)
        once = stored(row, everything())
        assert once.error is not None and gone not in once.error and once.error.startswith("sent: "), once.error
        assert stored(once, everything()).error == once.error
    plain = a_row(error=r"HTTP 500: no such file 'C:\new'")
    assert stored(plain, everything()).error == plain.error


def test_what_a_guard_said_is_redacted_wherever_it_is_quoted(tmp_path: Path, capsys: Capture) -> None:
    unsafe = f"unsafe {'x' * 1_978} {CARD}"
    odd = f"{'x' * 184} {CARD}"

    def reply(body: dict[str, Any]) -> object:
        asked = body["messages"][-1]["content"]
        if not asked.startswith("GUARD"):
            return chat(f"write to {MAIL}")
        return chat(unsafe if "hello 0" in asked else odd)

    with a_server(reply) as (address, seen):
        pipeline = {
            "adapter": "pipeline", "model": "m", "blocked": "unsafe", "passed": "safe",
            "behind": {"by": "g", "prompt": "GUARD {{ prompt }} {{ answer }}"},
        }  # fmt: skip
        models = {"m": a_model(address, alone=False), "g": a_model(address, alone=False), "p": pipeline}
        redact = {"what": ["email", "card"], "where": ["sending", "storing"]}
        suite = written(tmp_path, models, redact=redact, run={"timeout_s": 5})
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    guarded = [one for one in seen if "GUARD" in one]
    assert guarded and not any(MAIL in one for one in guarded) and "[EMAIL]" in guarded[0]
    rows = kept(tmp_path / "r")
    assert {row.error is None for row in rows} == {True, False}
    for row in rows:
        assert "4111" not in str(row) and MAIL not in str(row), row


def test_the_name_of_a_served_model_holds_no_personal_data(tmp_path: Path, capsys: Capture) -> None:
    def reply(body: dict[str, Any]) -> object:
        return {"text": "fine", "who": f"{body['q']} {MAIL}"}

    with a_server(reply) as (address, _):
        bot = {
            "adapter": "http", "base_url": address, "request": {"q": "{{ prompt }}"}, "answer": "text",
            "served_model": "who",
        }  # fmt: skip
        suite = written(tmp_path, {"bot": bot}, redact={"what": ["email", "phone"], "where": ["storing"]})
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    names = {row.served_model for row in kept(tmp_path / "r")}
    assert len(names) == 4 and all(name and "[EMAIL]" in name and MAIL not in name for name in names), names
    dated = a_row(served_model="gpt-0125-20250805")
    assert stored(dated, everything()).served_model == dated.served_model


def test_an_environment_is_redacted_as_records_are(tmp_path: Path, capsys: Capture) -> None:
    """Its state, and the results of a recorded server: tools show models both."""
    recorded = {
        "tools": [{"name": "look", "inputSchema": {"type": "object", "properties": {"of": {"type": "string"}}}}],
        "results": [
            {"name": "look", "arguments": {"of": MAIL}, "result": {"content": [{"type": "text", "text": MAIL}]}}
        ],
    }
    tool = {
        "name": "look", "description": "Looks.", "returns": "{{ state.customers[args.of] }}",
        "parameters": {"type": "object", "properties": {"of": {"type": "string"}}},
    }  # fmt: skip
    played = {"about": "", "state": {"customers": {MAIL: {"mail": MAIL}}}, "tools": [tool]}

    def reply(body: dict[str, Any]) -> object:
        if body["messages"][-1]["role"] == "tool":
            return chat("fine")
        call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"of": "[EMAIL]"}'}}
        return chat("", tool_calls=[call])

    (call,) = recorded["results"]
    session = {**recorded, "results": [{**call, "session": "s1", "sample": "1"}]}
    for name, content in (("e.json", recorded), ("e.yaml", played), ("session.json", session)):
        (tmp_path / name).write_text(json.dumps(content))
        task = {
            "environment": name,
            "prompt": "{{ q }}",
            "score": {"end-state": {"answer": "contains"}},
        }
        with a_server(reply) as (address, seen):
            models = {"m": a_model(address, probe_tools=False)}
            suite = written(tmp_path, models, task=task, redact={"what": ["email"]})
            ran = evalkit(capsys, "run", suite, "--results", tmp_path / f"r-{name}")
        assert ran.code == 0, ran.err
        told = [one for one in seen if '"role":"tool"' in one.replace(" ", "")]
        assert told and all("[EMAIL]" in one and MAIL not in one for one in told), (name, seen)
    (tmp_path / "e.yaml").write_text(json.dumps({**played, "state": {"customers": {MAIL: {}, f"b.{MAIL}": {}}}}))
    suite = written(
        tmp_path,
        {"m": a_model("http://127.0.0.1:9")},
        task={**task, "environment": "e.yaml"},
        redact={"what": ["email"]},
    )
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2 and "names of several entries become [EMAIL]" in ran.err, (
        "a record would change another's entry"
    )


# ---- class B: caps in dollars


def test_a_cap_counts_what_is_really_sent(tmp_path: Path, capsys: Capture) -> None:
    """Templates of a guard, and of an application's request, may repeat what they are given."""
    again = "{% for n in range(5000) %}{{ prompt }}{% endfor %}"

    def reply(body: dict[str, Any]) -> object:
        n_in = len(json.dumps(body)) // 4
        return {"text": "fine", "n": n_in, "out": 3} if "q" in body else chat("safe", n_in)

    with a_server(reply) as (address, seen):
        price = [
            {"model": "m", "valid_from": "2026-01-01", "currency": "USD", "input_per_mtok": 10, "output_per_mtok": 10}
        ]
        part = a_model(address, alone=False)
        bot = {
            "adapter": "http", "base_url": f"{address}/ask", "model": "m", "answer": "text",
            "request": {"q": again, "n": "{{ settings.max_output_tokens }}"}, "usage": {"input": "n", "output": "out"},
            "settings": {"max_output_tokens": 20},
        }  # fmt: skip
        guard = {"by": "g", "prompt": again}
        models = {
            "m": part,
            "g": part,
            "p": {"adapter": "pipeline", "model": "m", "before": guard, "blocked": "unsafe"},
        }
        for name, entries, cap in (("bot", {"bot": bot}, "0.02"), ("guard", models, "0.02")):
            suite = written(tmp_path, entries, prices=price)
            ran = evalkit(capsys, "run", suite, "--max-cost", cap, "--results", tmp_path / name)
            assert ran.code in {2, 4}, ran.err
            assert not seen, (name, "nothing that could pass the cap is sent")
        models["p"] = {
            **models["p"],
            "before": {"by": "g", "prompt": "{% for m in messages %}{{ m.content }}{% endfor %}?"},
        }
        assert (
            evalkit(
                capsys, "run", written(tmp_path, models, prices=price), "--max-cost", "1", "--results", tmp_path / "r"
            ).code
            == 0
        )


def test_a_cap_rests_on_no_price_that_the_suite_says_below_the_list(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")
    free = {"model": "deepseek-v4-flash", "valid_from": "2026-01-01", "currency": "USD"}
    free |= {"input_per_mtok": 0, "output_per_mtok": 0}
    dear = {**free, "input_per_mtok": 100, "output_per_mtok": 100}
    with a_server(lambda body: chat("fine")) as (address, seen):
        monkeypatch.setenv("DEEPSEEK_BASE_URL", address)
        entry = {
            "adapter": "deepseek",
            "model": "deepseek-v4-flash",
            "stream": False,
            "settings": {"max_output_tokens": 20},
        }

        def asked(model: dict[str, object], prices: object, *more: object) -> Ran:
            (tmp_path / "prices.yaml").unlink(missing_ok=True)
            suite = written(tmp_path, {"m": model}, prices=prices)
            return evalkit(
                capsys,
                *(more or ("run",)),
                suite,
                "--max-cost",
                "5",
                "--results",
                tmp_path / "r",
                "--model" if more else "--models",
                "m",
            )

        for model, prices in ((entry, [free]), ({**entry, "price_as": "openai:gpt-5-nano"}, None)):
            for command in ((), ("load",)):
                ran = asked(model, prices, *command)
                assert ran.code == 2 and "below the list of deepseek" in ran.err and not seen, ran
        assert asked(entry, None).code == 0
        assert asked(entry, [dear]).code == 0
        suite = written(tmp_path, {"m": entry}, prices=[free])
        mine = ("--prices", tmp_path / "prices.yaml")
        assert evalkit(capsys, "run", suite, "--max-cost", "5", *mine, "--results", tmp_path / "r2").code == 0
        assert (
            evalkit(capsys, "run", suite, "--results", tmp_path / "r3").code == 0
        )  # without a cap it is the suite's word


# ---- class B: odd figures and sizes


def test_figures_that_no_sum_can_hold_are_told(tmp_path: Path, capsys: Capture) -> None:
    serves = {"tokens_per_s": {"value": 10.0, "low": 9.0, "high": 11.0}, "output_tokens_per_s": 3.0, "basis": "b"}
    home = Hosting.read({"gpus": 2, "usd_per_gpu_hour": 2.5, "utilisation": 0.5})
    for key, value in (
        ("low", 1e-300),
        ("value", 1e-300),
        ("high", float("inf")),
        ("low", float("nan")),
        ("low", -1.0),
    ):
        assert (
            Throughput.read({"serves": {**serves, "tokens_per_s": {**serves["tokens_per_s"], key: value}}}, "s") is None
        )  # type: ignore[dict-item]
    for output in (-1.0, 0.0, 1e-300):
        found = Throughput.read({"serves": {**serves, "output_tokens_per_s": output}}, "s")
        assert found is not None and curve(home.usd_per_hour, found)[0]["usd_per_mtok_output"] is None
    slow = Throughput(Decimal("0.001"), Decimal("0.001"), Decimal(1), "s")
    for change in (
        {"usd_per_gpu_hour": "1e30"},
        {"gpus": 10**40},
        {"utilisation": "1e-300"},
        {"usd_per_gpu_hour": "1e999999"},
    ):
        with pytest.raises(ValueError, match=r"hour|share"):
            Hosting.read({"gpus": 2, "usd_per_gpu_hour": 2.5, "utilisation": 0.5, **change})
    most = Hosting.read({"usd_per_gpu_hour": 10**9, "utilisation": "1e-4"})
    assert unit_prices("m", most, slow) is not None and curve(most.usd_per_hour, slow)
    scenario = (Path(__file__).parent.parent / "examples" / "breakeven" / "third-line.yaml").read_text()
    for said in ("1" + "0" * 500, "1e300"):
        (tmp_path / "s.yaml").write_text(scenario.replace("input_tokens: 1250", f"input_tokens: {said}"))
        assert said in (tmp_path / "s.yaml").read_text()
        ran = evalkit(capsys, "breakeven", "--scenario", tmp_path / "s.yaml")
        assert ran.code == 2 and "number above" in ran.err, ran.err


def test_prompts_times_models_have_a_bound(tmp_path: Path, capsys: Capture) -> None:
    models = {f"m{n}": {"adapter": "scripted", "replies": {"*": "fine"}} for n in range(200)}
    prompts: dict[str, object] = {f"p{n}": {"system": "x"} for n in range(200)}
    ran = evalkit(capsys, "check", written(tmp_path, models, prompts=prompts))
    assert ran.code == 2 and "make 40,200 models of 200" in ran.err and ran.err.count("\n") < 5, ran.err
    few = {name: {"system": "x", "models": ["m0"]} for name in list(prompts)[:5]}
    assert evalkit(capsys, "check", written(tmp_path, {"m0": models["m0"]}, prompts=few)).code == 0


def test_a_number_of_thousands_of_digits_is_no_json() -> None:
    long = '{"a": {"b": ' + "9" * 5_000 + "}}"
    with pytest.raises(NotJson):
        find_json(long, "any")
    for words in (
        GuardWords(json_at="a.b"),
        GuardWords(json_at="a.b", above=0.5),
        GuardWords(json_at="a.b", values=("x",)),
    ):
        assert not BlockRule(words, None).holds(long)
    assert BlockRule(GuardWords(json_at="a.b", above=0.5), None).holds('{"a": {"b": ' + "9" * 300 + "}}")
    assert Counter(find_json('so {"a": 1}', "any"))["a"] == 1
