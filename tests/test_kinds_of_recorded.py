"""Recorded answers in files as people have them: ids, texts, columns and repeats, with what should become of each.

Written before they were run, by a further reader. A case is (name, records, file, keys of the model, keys of the run,
what may become of it): outcomes; ("R", words): refused with these words; ("either", outcomes): so or refused;
("row", figures): of the first row; several of them are alternatives.
"""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from evalkit.records import Row
from tests.data_world import DataWorld, lines
from tests.test_data_batch import has, parquet


def items(*ids: Any, a: str = "a") -> list[dict[str, Any]]:
    return [{"id": one, "q": f"q{one}", "a": f"{a}{n}"} for n, one in enumerate(ids)]


def ans(*ids: Any, a: str = "a") -> list[dict[str, Any]]:
    return [{"id": one, "text": f"{a}{n}"} for n, one in enumerate(ids)]


CASES: list[tuple[str, list[dict[str, Any]], tuple[str, bytes], dict[str, Any], dict[str, Any], Any]] = [
 ("58 csv 0-based", items(1,2,3), ("x.csv", b"id,text\n0,a0\n1,a1\n2,a2\n"), {}, {}, ("R",[])),
 ("58 doc_id zero no ids in suite", [{"q":"x","a":"a0"},{"q":"y","a":"a1"}], ("x.jsonl", lines([{"doc_id":0,"text":"a0"},{"doc_id":1,"text":"a1"}])), {"id_field":"doc_id"}, {}, ("R",[])),
 ("58 shift by one among many + partial", items(*range(1,40)), ("x.jsonl", lines(ans(*range(0,39)))), {"partial":True}, {}, ("R",[],"4",)),
 ("58 10-step ids", items(10,20), ("x.jsonl", lines(ans(0,10))), {}, {}, ("R",[])),
 ("58 dup sample ids q1..", items("q1","q2"), ("x.jsonl", lines(ans("q0","q1"))), {}, {}, ("R",[])),
 ("59 1.0 csv", items(1,2), ("x.csv", b"id,text\n1.0,a0\n2.0,a1\n"), {}, {}, ["right","right"]),
 ("59 parquet float", items(1,2), ("x.parquet", parquet(id=[1.0,2.0],text=["a0","a1"])), {}, {}, ["right","right"]),
 ("59 parquet int32", items("1","2"), ("x.parquet", parquet(id=pa.array([1,2],pa.int32()),text=["a0","a1"])), {}, {}, ["right","right"]),
 ("59 1e3 csv", items(1000,2000), ("x.csv", b"id,text\n1e3,a0\n2e3,a1\n"), {}, {}, ("R",[])),
 ("59 1,000", items(1000,2000), ("x.csv", b'id,text\n"1,000",a0\n"2,000",a1\n'), {}, {}, ("R",[])),
 ("59 1.00", items(1,2), ("x.csv", b"id,text\n1.00,a0\n2.00,a1\n"), {}, {}, ("either",["right","right"])),
 ("59 big int float", items(2**53+1,2**53+3), ("x.jsonl", lines([{"id":float(2**53),"text":"a0"},{"id":float(2**53+4),"text":"a1"}])), {}, {}, ("R",[])),
 ("59 uuid case", items("AB-1","AB-2"), ("x.jsonl", lines(ans("ab-1","ab-2"))), {}, {}, ("R",[])),
 ("59 nfd ids", items("é1","é2"), ("x.jsonl", lines(ans("e\u03011","e\u03012"))), {}, {}, ("either",["right","right"])),
 ("59 true id", items("true","false"), ("x.jsonl", lines(ans(True,False))), {}, {}, ("either",["right","right"])),
 ("59 list id", items(1,2), ("x.jsonl", lines(ans([1],[2]))), {}, {}, ("R",[])),
 ("59 null id", items(1,2), ("x.jsonl", lines(ans(None,2))), {}, {}, ("R",[])),
 ("59 excel apostrophe", items(1,2), ("x.csv", b"id,text\n'1,a0\n'2,a1\n"), {}, {}, ("R",[])),
 ("59 leading zeros", items("007","008"), ("x.csv", b"id,text\n7,a0\n8,a1\n"), {}, {}, ("R",["007"])),
 ("59 blank id", items("a","b"), ("x.csv", b"id,text\na ,a0\nb ,a1\n"), {}, {}, ("either",["right","right"])),
 ("59 same id twice same text", items(1,2), ("x.jsonl", lines(ans(1,2)+ans(1))), {}, {}, ("R",["1"])),
 ("59 1 and 1.0 twice", items(1,2), ("x.jsonl", lines([*ans(1,2),{"id":"1.0","text":"zz"}])), {}, {}, ("R",["1"])),
 ("text null", items(1,2), ("x.jsonl", lines([{"id":1,"text":None},{"id":2,"text":"a1"}])), {}, {}, ("R",["text"],"outs",["errored","right"],["unparseable","right"])),
 ("text number", items(1,2), ("x.jsonl", lines([{"id":1,"text":5},{"id":2,"text":"a1"}])), {}, {}, ("R",["text"],"outs",["wrong","right"])),
 ("text list", items(1,2), ("x.jsonl", lines([{"id":1,"text":["a0"]},{"id":2,"text":"a1"}])), {}, {}, ("R",["text"])),
 ("text empty csv", items(1,2), ("x.csv", b"id,text\n1,\n2,a1\n"), {}, {}, ("outs",["unparseable","right"])),
 ("text NaN", items(1,2), ("x.jsonl", b'{"id":1,"text":NaN}\n{"id":2,"text":"a1"}\n'), {}, {}, ("R",[])),
 ("text nan pandas parquet", items(1,2), ("x.parquet", parquet(id=[1,2],text=pa.array([None,"a1"]))), {}, {}, ("R",["text"],"outs",["errored","right"])),
 ("no text column, response", items(1,2), ("x.jsonl", lines([{"id":1,"response":"a0"},{"id":2,"response":"a1"}])), {}, {}, ("R",["text_field|response"])),
 ("text_field path", items(1,2), ("x.jsonl", lines([{"id":1,"r":{"t":"a0"}},{"id":2,"r":{"t":"a1"}}])), {"text_field":"r.t"}, {}, ("either",["right","right"])),
 ("utf16 answers", items(1,2), ("x.csv", "id,text\n1,a0\n2,a1\n".encode("utf-16")), {}, {}, ("R",["UTF-16"])),
 ("semicolon answers", items(1,2), ("x.csv", b"id;text\n1;a0\n2;a1\n"), {}, {}, ["right","right"]),
 ("bom answers", items(1,2), ("x.csv", b"\xef\xbb\xbfid,text\r\n1,a0\r\n2,a1\r\n"), {}, {}, ["right","right"]),
 ("gz answers", items(1,2), ("x.jsonl.gz", gzip.compress(lines(ans(1,2)))), {}, {}, ("either",["right","right"])),
 ("header twice answers", items(1,2), ("x.csv", b"id,text\n1,a0\nid,text\n2,a1\n"), {}, {}, ("R",[])),
 ("crlf inside", [{"id":1,"q":"q","a":"x y"}], ("x.csv", b'id,text\r\n1,"x\r\ny"\r\n'), {}, {}, ("outs",["wrong"])),
 ("think in text", items(1,2), ("x.jsonl", lines([{"id":1,"text":"<think>a1?</think>a0"},{"id":2,"text":"<think>a1"}])), {}, {}, ("outs",["right","truncated"])),
 # columns
 ("cols tokens text", items(1), ("x.csv", b"id,text,t\n1,a0,1,234\n"), {"columns":{"input_tokens":"t"}}, {}, ("R",[])),
 ("cols tokens 1,234", items(1), ("x.csv", b'id,text,t\n1,a0,"1,234"\n'), {"columns":{"input_tokens":"t"}}, {}, ("R",["1,234"],"row",{"input_tokens":1234})),
 ("cols tokens 12.0", items(1), ("x.csv", b'id,text,t\n1,a0,12.0\n'), {"columns":{"input_tokens":"t"}}, {}, ("row",{"input_tokens":12})),
 ("cols tokens 12.5", items(1), ("x.csv", b'id,text,t\n1,a0,12.5\n'), {"columns":{"input_tokens":"t"}}, {}, ("R",["12.5"])),
 ("cols tokens -1", items(1), ("x.csv", b'id,text,t\n1,a0,-1\n'), {"columns":{"input_tokens":"t"}}, {}, ("R",["-1"])),
 ("cols tokens N/A", items(1), ("x.csv", b'id,text,t\n1,a0,N/A\n'), {"columns":{"input_tokens":"t"}}, {}, ("R",["N/A"],"row",{"input_tokens":None})),
 ("cols cost $", items(1), ("x.csv", b'id,text,t\n1,a0,$0.0012\n'), {"columns":{"cost_usd":"t"}}, {}, ("R",["$"],"row",{"cost_usd":"0.001200000000000"})),
 ("cols cost comma", items(1), ("x.csv", b'id;text;t\n1;a0;0,0012\n'), {"columns":{"cost_usd":"t"}}, {}, ("R",["0,0012"],"row",{"cost_usd":"0.001200000000000"})),
 ("cols cost 1e-5", items(1), ("x.csv", b'id,text,t\n1,a0,1.2e-5\n'), {"columns":{"cost_usd":"t"}}, {}, ("row",{"cost_usd":"0.000012000000000"})),
 ("cols cost 0", items(1), ("x.csv", b'id,text,t\n1,a0,0\n'), {"columns":{"cost_usd":"t"}}, {}, ("any",)),
 ("cols cost EUR", items(1), ("x.csv", "id,text,t\n1,a0,€0.01\n".encode()), {"columns":{"cost_usd":"t"}}, {}, ("R",["€"])),
 ("cols time 1:02.5", items(1), ("x.csv", b'id,text,t\n1,a0,0:01:02.5\n'), {"columns":{"total_s":"t"}}, {}, ("R",["0:01:02.5"],"row",{"total_s":62.5})),
 ("cols time ms", items(1), ("x.csv", b'id,text,t\n1,a0,1500\n'), {"columns":{"total_s":{"column":"t","unit":"ms"}}}, {}, ("row",{"total_s":1.5})),
 ("cols time '1500ms'", items(1), ("x.csv", b'id,text,t\n1,a0,1500ms\n'), {"columns":{"total_s":"t"}}, {}, ("R",["1500ms"],"row",{"total_s":1.5})),
 ("cols ttft > total", items(1), ("x.csv", b'id,text,t,u\n1,a0,1.5,2.5\n'), {"columns":{"total_s":"t","ttft_s":"u"}}, {}, ("R",[],"row",{"ttft_s":None})),
 ("cols cached > input", items(1), ("x.csv", b'id,text,t,u\n1,a0,10,25\n'), {"columns":{"input_tokens":"t","cached_tokens":"u"}}, {}, ("R",[],"any")),
 ("cols guess latency_ms", items(1), ("x.csv", b'id,text,latency_ms,prompt_tokens,completion_tokens\n1,a0,1500,10,3\n'), {"columns":"guess"}, {}, ("row",{"total_s":1.5,"input_tokens":10,"output_tokens":3})),
 ("cols finish length", items(1), ("x.csv", b'id,text,t\n1,zz,length\n'), {"columns":{"finish":"t"}}, {}, ("outs",["truncated"])),
 ("cols finish MAX_TOKENS", items(1), ("x.csv", b'id,text,t\n1,zz,MAX_TOKENS\n'), {"columns":{"finish":"t"}}, {}, ("outs",["truncated"])),
 ("cols finish max_tokens", items(1), ("x.csv", b'id,text,t\n1,zz,max_tokens\n'), {"columns":{"finish":"t"}}, {}, ("outs",["truncated"])),
 ("cols finish content_filter", items(1), ("x.csv", b'id,text,t\n1,zz,content_filter\n'), {"columns":{"finish":"t"}}, {}, ("outs",["refused"])),
 ("cols finish SAFETY", items(1), ("x.csv", b'id,text,t\n1,zz,SAFETY\n'), {"columns":{"finish":"t"}}, {}, ("outs",["refused"])),
 ("cols finish refusal", items(1), ("x.csv", b'id,text,t\n1,zz,refusal\n'), {"columns":{"finish":"t"}}, {}, ("outs",["refused"])),
 ("cols started epoch ms", items(1), ("x.csv", b'id,text,t\n1,a0,1772359200000\n'), {"columns":{"started_at":"t"}}, {}, ("R",[],"row",{"started_at":1772359200})),
 ("cols started epoch s", items(1), ("x.csv", b'id,text,t\n1,a0,1772359200\n'), {"columns":{"started_at":"t"}}, {}, ("row",{"started_at":1772359200})),
 ("cols started german", items(1), ("x.csv", b'id,text,t\n1,a0,01.03.2026 10:00\n'), {"columns":{"started_at":"t"}}, {}, ("R",["01.03.2026"])),
 ("cols started us", items(1), ("x.csv", b'id,text,t\n1,a0,03/04/2026\n'), {"columns":{"started_at":"t"}}, {}, ("R",["03/04/2026"])),
 ("cols same column twice", items(1), ("x.csv", b'id,text,t\n1,a0,5\n'), {"columns":{"input_tokens":"t","output_tokens":"t"}}, {}, ("R",[],"row",{"input_tokens":5,"output_tokens":5})),
 # repeats
 ("rep run-2/10", items(1), ("x.jsonl", lines([{"id":1,"text":"a0","r":f"run-{k}"} for k in (10,2,1)])), {"columns":{"repeat":"r"}}, {"repeats":3}, ("outs",["right"]*3)),
 ("rep 0-based", items(1,2), ("x.jsonl", lines([{"id":i,"text":f"a{i-1}","r":k} for i in (1,2) for k in (0,1)])), {"columns":{"repeat":"r"}}, {"repeats":2}, ("outs",["right"]*4)),
 ("rep ragged", items(1,2), ("x.jsonl", lines([{"id":1,"text":"a0","r":0},{"id":1,"text":"a0","r":1},{"id":2,"text":"a1","r":0}])), {"columns":{"repeat":"r"}}, {"repeats":2}, ("R",["2"])),
 ("rep other labels each", items(1,2), ("x.jsonl", lines([{"id":1,"text":"a0","r":0},{"id":1,"text":"a0","r":1},{"id":2,"text":"a1","r":2},{"id":2,"text":"a1","r":3}])), {"columns":{"repeat":"r"}}, {"repeats":2}, ("either",["right"]*4)),
 ("rep dup", items(1), ("x.jsonl", lines([{"id":1,"text":"a0","r":0},{"id":1,"text":"zz","r":0.0}])), {"columns":{"repeat":"r"}}, {"repeats":2}, ("R",[])),
 ("rep guess seed", items(1), ("x.jsonl", lines([{"id":1,"text":"a0","seed":1},{"id":1,"text":"zz","seed":2}])), {"columns":"guess"}, {"repeats":2}, ("either",["right","wrong"])),
 ("rep guess epoch", items(1), ("x.jsonl", lines([{"id":1,"text":"a0","epoch":1},{"id":1,"text":"zz","epoch":2}])), {"columns":"guess"}, {"repeats":2}, ("outs",["right","wrong"])),
]

# fmt: on


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def fits(expected: list[Any], code: int, said: str, rows: list[Row]) -> bool:
    """Whether what became of a case is one of what may become of it."""
    outcomes = [row.outcome.value for row in rows]
    for n, way in enumerate(expected):
        told = expected[n + 1] if n + 1 < len(expected) else None
        if way == "any" or (way == "4" and code == 4 and "right" not in outcomes):
            return True
        if way == "R" and code == 2 and not has(said, told or []):
            return True
        if isinstance(way, list) and n and expected[0] != "R" and way == outcomes:
            return True
        if way in ("outs", "either") and (outcomes == told or (way == "either" and code == 2)):
            return True
        if way == "row" and rows and all(_same(getattr(rows[0], name), value) for name, value in (told or {}).items()):
            return True
    return False


def _same(value: Any, wanted: Any) -> bool:
    return (
        value == pytest.approx(wanted)
        if isinstance(wanted, int | float) and value is not None
        else str(value) == str(wanted)
    )


@pytest.mark.long
def test_recorded_answers_become_what_a_careful_person_expects(world: DataWorld) -> None:
    wrong = []
    for name, records, (file, data), model, run, expected in CASES:
        (world.folder / file).write_bytes(data)
        ran, rows = world.run(
            records, model={"adapter": "replay", "path": file, **model}, run={"max_error_rate": 1.0, **run}
        )
        ways = ["outs", expected] if isinstance(expected, list) else list(expected)
        if "Traceback" in ran.err or ran.code not in (0, 2, 4) or not fits(ways, ran.code, ran.err, rows):
            wrong.append(f"{name}: exit {ran.code}, {[row.outcome.value for row in rows][:6]}, {ran.err[-300:]}")
    assert not wrong, "\n".join(wrong)
