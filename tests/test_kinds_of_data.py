"""Variants of data files, templates and targets by a further reader, written before they were run.

A case is (name, records or file, keys of the task, what may become of it): alternatives divided by `OR`, each one of
SHOWN (the first prompt begins so), REFUSED (with these words), NOTED (a note with these words), MARKED (outcome of a
reply), FINE.
"""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

import bz2
import datetime
import decimal
import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.data_world import DataWorld, lines
from tests.test_data_batch import has, one, parquet, unindented

SHOWN, REFUSED, NOTED, MARKED, FINE, OR = "shown", "refused", "noted", "marked", "fine", "|"
S, R, N, M, OK = SHOWN, REFUSED, NOTED, MARKED, FINE
L: dict[str, Any] = {"choices": "{{ c }}", "score": "choice"}
J = lines(one())
Case = tuple[str, Any, dict[str, Any], tuple[Any, ...]]
TEMPLATES: list[Case] = [
 ("47 map filter", one(tags=["a","b"]), {"prompt":"{{ q }} {{ tags | map('upper') }}"}, (S,'2+2? ["A", "B"]','|',R,[])),
 ("47 map list", one(tags=["a","b"]), {"prompt":"{{ q }} {{ tags | map('upper') | list }}"}, (S,'2+2? ["A", "B"]')),
 ("47 reverse", one(tags=["a","b"]), {"prompt":"{{ q }} {{ tags | reverse }}"}, (S,'2+2? ["b", "a"]','|',R,[])),
 ("47 select", one(tags=["a",""]), {"prompt":"{{ q }} {{ tags | select }}"}, (S,'2+2? ["a"]','|',R,[])),
 ("47 items", one(m={"k":1}), {"prompt":"{{ q }} {{ m.items() | list }}"}, (S,'2+2? [["k", 1]]')),
 ("47 keys()", one(m={"k":1}), {"prompt":"{{ q }} {{ m.keys() }}"}, (S,'2+2? ["k"]','|',R,[])),
 ("47 dictsort", one(m={"k":1}), {"prompt":"{{ q }} {{ m | dictsort }}"}, (S,'2+2? [["k", 1]]')),
 ("47 %s", one(tags=["a","b"]), {"prompt":"{{ q }} {{ '%s' % tags }}"}, (S,'2+2? ["a", "b"]','|',R,[])),
 ("47 %s bool", one(f=True), {"prompt":"{{ q }} {{ '%s' % f }}"}, (S,'2+2? true','|',R,[])),
 ("47 |format", one(f=True), {"prompt":"{{ q }} {{ '%s' | format(f) }}"}, (S,'2+2? true','|',R,[])),
 ("47 .format", one(f=True), {"prompt":"{{ q }} {{ '{}'.format(f) }}"}, (S,'2+2? true','|',R,[])),
 ("40 replace null", one(f=None), {"prompt":"{{ q }} {{ f | replace('o','0') }}"}, (R,["null"])),
 ("40 trim null", one(f=None), {"prompt":"{{ q }} {{ f | trim }}"}, (R,["null"])),
 ("40 title null", one(f=None), {"prompt":"{{ q }} {{ f | title }}"}, (R,["null"])),
 ("40 tojson null", one(f=None), {"prompt":"{{ q }} {{ f | tojson }}"}, (S,'2+2? null')),
 ("40 if null text", one(f=None), {"prompt":"{{ q }} {{ f if f else 'none' }}"}, (S,'2+2? none')),
 ("40 list concat null", one(f=None), {"prompt":"{{ q }} {{ [f, 'x'] | join(' ') }}"}, (R,["null"])),
 ("40 groupby null", one(t=[{"k":None,"v":1}]), {"prompt":"{{ q }} {% for k in t | map(attribute='k') %}{{ k }}{% endfor %}"}, (R,["null"])),
 ("40 join attr null", one(t=[{"k":None},{"k":"x"}]), {"prompt":"{{ q }} {{ t | join(',', attribute='k') }}"}, (R,["null"])),
 ("40 set null", one(f=None), {"prompt":"{% set x = f %}{{ q }} {{ x }}"}, (R,["null"])),
 ("40 set block null", one(f=None), {"prompt":"{% set x %}{{ f }}{% endset %}{{ q }} {{ x }}"}, (R,["null"])),
 ("40 plus null", one(f=None), {"prompt":"{{ q + ' ' + f }}"}, (R,[])),
 ("40 nested deep null", one(m={"a":[{"b":None}]}), {"prompt":"{{ q }} {{ m.a[0].b }}"}, (R,["null"])),
 ("40 null in choices", one(c=["x",None],a="x"), {**L}, (R,[])),
 ("40 choices templates null", one(x="4",y=None), {"choices":["{{ x }}","{{ y }}"],"score":"choice","target":"{{ x }}"}, (R,["null"])),
 ("40 null id", [{"id":None,"q":"x","a":"y"}], {"data":{"path":"d.jsonl","id":"id"}}, (R,["id"])),
 ("40 null cluster", one(k=None), {"cluster":"k"}, (R,[],'|',N,["k"],'|',OK)),
 ("40 null slice", one(k=None), {"slices":["k"]}, (OK,)),
 ("40 null weight", one(k=None), {"weight":"k"}, (R,["k"])),
 ("40 null critical", one(k=None), {"critical":"{{ k }}"}, (R,["null"],'|',OK)),
 ("40 null turn", one(more=["x",None]), {"turns":"{{ more }}"}, (R,[])),
 ("40 null message content", one(m=[{"role":"user","content":None}]), {"prompt":None,"messages":"{{ m }}"}, (R,[])),
 ("40 nan parquet in prompt", parquet(id=["1"],q=["2+2?"],a=["4"],x=pa.array([float("nan")])), {"name":"d.parquet","prompt":"{{ q }} {{ x }}"}, (R,["nan|null"])),
 ("40 nan parquet or", parquet(id=["1"],q=["2+2?"],a=["4"],x=pa.array([float("nan")])), {"name":"d.parquet","prompt":"{{ q }} {{ x or 'none' }}"}, (S,"2+2? none",'|',R,["nan|null"])),
 ("40 inf parquet", parquet(id=["1"],q=["2+2?"],a=["4"],x=pa.array([float("inf")])), {"name":"d.parquet","prompt":"{{ q }} {{ x }}"}, (R,["inf"],'|',S,"2+2? Infinity")),
 # empty targets of other scorers
 ("41 exact wrapping dot", one(a="."), {"score":{"exact":{"ignore_wrapping":True}}}, (R,["a|empty|text"],"|",M,"unparseable|wrong","x")),
 ("41 exact wrapping stars", one(a="**"), {"score":{"exact":{"ignore_wrapping":True}}}, (R,[])),
 ("41 contains list with empty", one(k=["x",""]), {"score":{"contains":{"field":"k"}}}, (R,[])),
 ("41 contains empty list", one(k=[]), {"score":{"contains":{"field":"k"}}}, (R,[])),
 ("41 contains all empty list", one(k=[]), {"score":{"contains":{"field":"k","match":"all"}}}, (R,[])),
 ("41 exact field empty list", one(k=[]), {"score":{"exact":{"field":"k"}}}, (R,[])),
 ("41 exact field [' ']", one(k=[" "]), {"score":{"exact":{"field":"k"}}}, (R,[])),
 ("41 instructions empty", [{"id":"1","q":"x","instructions":[]}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 instructions missing", [{"id":"1","q":"x"}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 ifeval id list empty", [{"id":"1","q":"x","instruction_id_list":[],"kwargs":[]}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 keywords empty", [{"id":"1","q":"x","example":"a","instructions":[{"kind":"keywords:existence","keywords":[]}]}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 keywords empty word", [{"id":"1","q":"x","example":"a","instructions":[{"kind":"keywords:existence","keywords":[""]}]}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 forbidden empty", [{"id":"1","q":"x","example":"a","instructions":[{"kind":"keywords:forbidden_words","forbidden_words":[]}]}], {"target":None,"score":"instructions"}, (R,[])),
 ("41 fields text", one(a="hello"), {"score":"fields"}, (R,[])),
 ("41 json equals no target", one(), {"target":None,"score":{"json":{"equals":True}}}, (R,[])),
 ("41 json neither", one(), {"score":{"json":{}}}, (R,[],"|",N,[],"|",OK)),
 ("41 tools [] no functions", [{"id":"1","q":"x","function":[],"ground_truth":[]}], {"target":None,"tools":"{{ function }}","score":"tools"}, (R,[])),
 ("41 regex matches empty", one(), {"score":{"regex":{"pattern":"\\d*"}}}, (OK,)),
 ("41 numbers '-'", one(a="-"), {"score":"numbers"}, (R,["-|number"])),
 ("41 numbers n/a", one(a="N/A"), {"score":"numbers"}, (R,["N/A"])),
 ("41 numbers range", one(a="3-5"), {"score":"numbers"}, (R,["3-5"])),
 ("41 numbers 1,5", one(a="1,5"), {"score":"numbers"}, (M,"right","1.5","|",R,[])),
 ("41 numbers 1,500", one(a="1,500"), {"score":"numbers"}, (M,"right","1500")),
 ("41 numbers percent", one(a="45%"), {"score":"numbers"}, (M,"right","45%","|",R,[])),
 ("41 math empty box", one(a="\\boxed{}"), {"score":"math"}, (R,[])),
 ("41 judge no reference", one(a=""), {"score":"exact","target":"{{ a | trim }}"}, (R,[])),
 ("41 tabs cell tsv", b"id\tq\ta\n1\t2+2?\t \n", {"name":"d.tsv"}, (R,[])),
 ("41 nbsp target", one(a="\u00a0"), {}, (R,[])),
 ("41 comment target", one(), {"target":"{# {{ a }} #}"}, (R,[])),
 ("41 target quoted empty csv", b'id,q,a\n1,x,""\n', {"name":"d.csv"}, (R,[])),
 # empty prompts
 ("42 comment prompt", one(), {"prompt":"{# {{ q }} #}"}, (R,[])),
 ("42 bom prompt", one(q="\ufeff"), {}, (R,[])),
 ("42 soft hyphen", one(q="\u00ad\u2060"), {}, (R,[])),
 ("42 messages empty content", one(), {"prompt":None,"messages":[{"role":"user","content":"{{ q if false }}"}]}, (R,[])),
 ("42 messages no user", one(), {"prompt":None,"messages":[{"role":"system","content":"{{ q }}"}]}, (R,[],"|",N,[])),
 ("42 messages []", one(m=[]), {"prompt":None,"messages":"{{ m }}"}, (R,[])),
 ("42 turn empty", one(more=[""]), {"turns":"{{ more }}"}, (R,[])),
 ("42 system blank", one(s=" "), {"system":"{{ s }}"}, (R,[],"|",OK)),
 ("42 hangul filler", one(q="\u3164"), {}, (R,[])),
 ("42 braille blank", one(q="\u2800"), {}, (R,[])),
 # labels
 ("44 label 1.0", one(c=["x","y"],n=1.0), {**L,"target":"{{ letters[n] }}"}, (R,["1.0"],"|",M,"right","B")),
 ("44 label '1'", one(c=["x","y"],n="1"), {**L,"target":"{{ letters[n] }}"}, (R,["1"],"|",M,"right","B")),
 ("44 label bool", one(c=["no","yes"],n=True), {**L,"target":"{{ letters[n] }}"}, (R,["true"],"|",M,"right","B")),
 ("44 1-based", [{"id":str(i),"q":f"q{i}","c":["x","y","z","w"],"n":i} for i in (1,2,3,4)], {**L,"target":"{{ letters[n] }}"}, (R,["4"])),
 ("44 1-based minus", [{"id":str(i),"q":f"q{i}","c":["x","y","z","w"],"n":i} for i in (1,2,3,4)], {**L,"target":"{{ letters[n-1] }}"}, (OK,)),
 ("44 0 minus 1", [{"id":str(i),"q":f"q{i}","c":["x","y","z","w"],"n":i} for i in (0,1,2,3)], {**L,"target":"{{ letters[n-1] }}"}, (R,["-1"])),
 ("44 choices[-1]", one(c=["x","y"],n=-1), {**L,"target":"{{ choices[n] }}"}, (R,["-1"])),
 ("44 letters[n|abs]", one(c=["x","y"],n=-1), {**L,"target":"{{ letters[n|abs] }}"}, (M,"right","B")),
 ("44 csv index", b"id,q,n\n1,x,-1\n", {"name":"d.csv","choices":["u","v"],"score":"choice","target":"{{ letters[n|int] }}"}, (R,["-1"])),
 ("44 slice", one(c=["x","y"],n=-1), {**L,"target":"{{ c[n:][0] }}"}, (OK,"|",R,[])),
 ("44 .get", one(c=["x","y"],n=-1), {**L,"target":"{{ c | last }}"}, (OK,)),
 ("44 lower letter", one(c=["x","y"],a="b"), {**L}, (M,"right","B","|",R,[])),
 ("44 '(B)'", one(c=["x","y"],a="(B)"), {**L}, (M,"right","B","|",R,["(B)"])),
 ("44 'B. y'", one(c=["x","y"],a="B. y"), {**L}, (M,"right","B","|",R,["B. y"])),
 ("44 '1' digits choices", one(c=["3","1"],a="1"), {**L}, (M,"right","B")),
 ("44 int target digits", one(c=["0","1"],a=0), {**L}, (M,"right","A","|",R,[])),
 ("44 float target choices ints", one(c=["0","1"],a=0.0), {**L}, (M,"right","A","|",R,["0.0"])),
 ("44 choice ints", one(c=[10,20],a=20), {**L}, (M,"right","B","|",R,[])),
 ("44 choice bools", one(c=[True,False],a=True), {**L}, (M,"right","A","|",R,[])),
 ("44 choice dict", one(c={"A":"x","B":"y"},a="B"), {**L}, (R,[],"|",M,"right","B")),
 ("44 choice hf dict", one(c={"text":["x","y"],"label":["A","B"]},a="B"), {"choices":"{{ c.text }}","score":"choice"}, (M,"right","B")),
 ("44 choice hf dict whole", one(c={"text":["x","y"],"label":["A","B"]},a="B"), {**L}, (R,["text|list"])),
 ("44 labels 1..4", one(c={"text":["x","y"],"label":["1","2"]},a="2"), {"choices":"{{ c.text }}","score":"choice"}, (R,["2"])),
 ("44 csv json list", b'id,q,c,a\n1,x,"[""u"", ""v""]",v\n', {"name":"d.csv",**L}, (R,["list"],"|",M,"right","B")),
 ("44 csv py list", b'id,q,c,a\n1,x,"[\'u\', \'v\']",v\n', {"name":"d.csv",**L}, (R,["list"])),
 ("44 csv numpy list", b'id,q,c,a\n1,x,"[\'u\' \'v\']",v\n', {"name":"d.csv",**L}, (R,["list"])),
 ("44 csv split", b'id,q,c,a\n1,x,u|v,v\n', {"name":"d.csv","choices":"{{ c.split('|') }}","score":"choice"}, (M,"right","B")),
]
FILES: list[Case] = [
 ("an index that pandas wrote", b",q,a\n0,x,y\n1,u,v\n", {"name":"d.csv"}, (R,["pandas|index=False"])),
 ("61 bom mid jsonl (two files joined)", "\ufeff".encode()+lines(one()[:1])+"\ufeff".encode()+lines(one()[1:]), {}, (OK,"|",R,["2"])),
 ("61 bom mid csv", "\ufeffid,q,a\n1,x,y\n\ufeffid,q,a\n2,u,v\n".encode(), {"name":"d.csv"}, (R,[],"|",N,[])),
 ("61 header twice csv", b"id,q,a\n1,x,y\nid,q,a\n2,u,v\n", {"name":"d.csv"}, (R,[],"|",N,["header"])),
 ("61 sep=;", b"sep=;\r\nid;q;a\r\n1;x;y\r\n2;u;v\r\n", {"name":"d.csv"}, (S,"x","|",R,["sep"])),
 ("61 sep=, bom", b"\xef\xbb\xbfsep=,\r\nid,q,a\r\n1,x,y\r\n", {"name":"d.csv"}, (S,"x","|",R,["sep"])),
 ("61 comment first", b"# exported 2026\nid,q,a\n1,x,y\n", {"name":"d.csv"}, (R,[],)),
 ("61 blank first line", b"\n\nid,q,a\n1,x,y\n", {"name":"d.csv"}, (S,"x","|",R,[])),
 ("61 blank between", b"id,q,a\n1,x,y\n\n2,u,v\n", {"name":"d.csv"}, (OK,)),
 ("61 lone CR", b"id,q,a\r1,x,y\r2,u,v\r", {"name":"d.csv"}, (S,"x","|",R,["line"])),
 ("61 lone CR jsonl", J.replace(b"\n",b"\r"), {}, (OK,"|",R,["line"])),
 ("61 ctrl-z", b"id,q,a\r\n1,x,y\r\n\x1a", {"name":"d.csv"}, (R,[],"|",OK)),
 ("61 trailing comma all", b"id,q,a,\n1,x,y,\n", {"name":"d.csv"}, (S,"x","|",R,[])),
 ("61 two unnamed", b"id,q,a,,\n1,x,y,,\n", {"name":"d.csv"}, (S,"x","|",R,[])),
 ("61 spaces after comma quoted", b'id, q, a\n1, "x, z", y\n', {"name":"d.csv"}, (S,"x, z","|",R,[])),
 ("61 backslash quote", b'id,q,a\n1,"say \\"hi\\" now",y\n', {"name":"d.csv"}, (R,[],"|",S,'say "hi" now')),
 ("61 single quotes", b"id,q,a\n1,'x, z',y\n", {"name":"d.csv"}, (R,[])),
 ("61 tsv inch", b'id\tq\ta\n1\tA 5" pipe\ty\n2\tA 6" pipe\tz\n', {"name":"d.tsv"}, (S,'A 5" pipe')),
 ("61 tsv leading quote", b'id\tq\ta\n1\t"Hi" he said\ty\n2\tu\tz\n', {"name":"d.tsv"}, (S,'"Hi" he said',"|",R,[])),
 ("61 header only", b"id,q,a\n", {"name":"d.csv"}, (R,["no record|empty"])),
 ("61 tab in csv", b"id\tq\ta\n1\tx\ty\n", {"name":"d.csv"}, (S,"x")),
 ("61 pipe", b"id|q|a\n1|x|y\n", {"name":"d.csv"}, (S,"x")),
 ("61 one column no delim", b"q\nx\n", {"name":"d.csv","target":"y"}, (OK,)),
 ("61 one column semicolon in header", b"q;\nx;\n", {"name":"d.csv","target":"y"}, (OK,"|",R,[])),
 ("61 quoted header", b'"id","q","a"\n"1","x","y"\n', {"name":"d.csv"}, (S,"x")),
 ("61 pretty json", b'{\n "id": "1",\n "q": "x",\n "a": "y"\n}\n', {}, (R,["line"])),
 ("61 json array trailing", b'[{"id":"1","q":"x","a":"y"},\n{"id":"2","q":"x2","a":"y"}]', {}, (R,["list|JSON lines"])),
 ("61 data wrapper", b'{"data": [{"id":"1","q":"x","a":"y"}]}', {}, (R,[])),
 ("61 trailing comma lines", b'{"id":"1","q":"x","a":"y"},\n{"id":"2","q":"x2","a":"y2"},\n', {}, (R,["comma|1"])),
 ("61 upper ext", b"id,q,a\n1,x,y\n", {"name":"D.CSV"}, (S,"x","|",R,["CSV|format"])),
 ("61 ndjson ext", J, {"name":"d.ndjson"}, (S,"2+2?","|",R,["jsonl|format"])),
 ("61 json ext jsonl content", J, {"name":"d.json"}, (S,"2+2?","|",R,["jsonl|format"])),
 ("61 txt ext", J, {"name":"d.txt"}, (R,["format|jsonl"])),
 ("61 gz multi member", gzip.compress(lines(one()[:1]))+gzip.compress(lines(one()[1:])), {"name":"d.jsonl.gz"}, (OK,)),
 ("61 gz not gz", J, {"name":"d.jsonl.gz"}, (R,["gz"])),
 ("61 gz truncated", gzip.compress(J)[:-12], {"name":"d.jsonl.gz"}, (R,[])),
 ("61 gz in jsonl", gzip.compress(J), {}, (R,["gz"],"|",OK)),
 ("61 bz2 in jsonl", bz2.compress(J), {}, (R,[])),
 ("61 csv gz utf16", gzip.compress("id,q,a\n1,x,y\n".encode("utf-16")), {"name":"d.csv.gz"}, (R,["UTF-16"])),
 ("61 utf16 no bom jsonl le", J.decode().encode("utf-16-le"), {}, (R,["UTF-16"])),
 ("61 cp1252 csv", "id,q,a\n1,naïve “x”,y\n".encode("cp1252"), {"name":"d.csv"}, (R,["UTF-8",":2|line 2"])),
 ("61 gb18030", "id,q,a\n1,这是什么？,y\n".encode("gb18030"), {"name":"d.csv"}, (R,["UTF-8"])),
 ("61 shift-jis", "id,q,a\n1,これは何,y\n".encode("shift_jis"), {"name":"d.csv"}, (R,["UTF-8"])),
 ("61 koi8", "id;q;a\n1;Что это?;y\n".encode("koi8_r"), {"name":"d.csv"}, (R,["UTF-8"])),
 ("61 utf7", b"id,q,a\n1,+AOk-,y\n", {"name":"d.csv"}, (OK,)),
 ("61 cesu surrogates", b'{"id":"1","q":"\xed\xa0\xbd\xed\xb8\x80","a":"y"}\n', {}, (R,[])),
 ("61 escaped lone surrogate", b'{"id":"1","q":"x \\ud83d","a":"y"}\n', {}, (R,[])),
 ("61 escaped pair", b'{"id":"1","q":"x \\ud83d\\ude00","a":"y"}\n', {}, (S,"x 😀")),
 ("61 mojibake", "id,q,a\n1,cafÃ© naÃ¯ve,y\n".encode(), {"name":"d.csv"}, (OK,"|",N,[])),
 ("61 u2028 in jsonl", '{"id":"1","q":"x\u2028y","a":"y"}\n'.encode(), {}, (S,"x",)),
 ("61 nel in csv", 'id,q,a\n1,x\u0085y,z\n'.encode(), {"name":"d.csv"}, (OK,)),
 ("61 1e400", b'{"id":"1","q":"x","a":1e400}\n', {"score":"numbers"}, (R,[])),
 ("61 -Infinity", b'{"id":"1","q":"x","a":-Infinity}\n', {"score":"numbers"}, (R,[])),
 ("61 nested dup key", b'{"id":"1","q":"x","a":"y","m":{"k":1,"k":2}}\n', {}, (R,["k"])),
 ("61 big int", b'{"id":"1","q":"x","a":123456789012345678901234567890}\n', {}, (M,"right","123456789012345678901234567890")),
 ("61 long decimal", b'{"id":"1","q":"x","a":0.1234567890123456789}\n', {"score":"numbers"}, (M,"right|wrong","0.1234567890123456789","|",R,[])),
 ("61 1E5", b'{"id":"1","q":"x","a":1E5}\n', {"score":"numbers"}, (M,"right","100000")),
 ("61 -0.0", b'{"id":"1","q":"x","a":-0.0}\n', {"score":"numbers"}, (M,"right","0")),
 ("61 parquet named jsonl", parquet(id=["1"],q=["x"],a=["y"]), {}, (R,["Parquet"],"|",OK)),
 ("61 jsonl named parquet", J, {"name":"d.parquet"}, (R,["Parquet"])),
 ("61 arrow ipc named parquet", b"ARROW1\x00\x00"+b"\0"*40, {"name":"d.parquet"}, (R,[])),
 ("61 sqlite", b"SQLite format 3\x00"+b"\0"*60, {"name":"d.csv"}, (R,[])),
 ("61 pdf", b"%PDF-1.7\n1 0 obj\n", {"name":"d.csv"}, (R,[])),
 ("61 git lfs pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n", {}, (R,["LFS|lfs"])),
 ("61 lfs parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n", {"name":"d.parquet"}, (R,[])),
 ("61 rtf/yaml", b"- id: 1\n  q: x\n  a: y\n", {}, (R,[])),
 ("57 q and 'q '", b"id,q,q ,a\n1,x,z,y\n", {"name":"d.csv"}, (R,["q"])),
 ("57 NFC NFD", "id,q,é,e\u0301,a\n1,x,1,2,y\n".encode(), {"name":"d.csv"}, (R,[],"|",OK)),
 ("57 semicolon dup", b"id;q;a;q\n1;x;y;z\n", {"name":"d.csv"}, (R,["q"])),
 ("57 gz dup", gzip.compress(b"id,a,q,a\n1,x,y,z\n"), {"name":"d.csv.gz"}, (R,["a"])),
 ("57 bom name", "\ufeffq,id,a\nx,1,y\n".encode(), {"name":"d.csv"}, (S,"x")),
 ("57 zero-width name", "id,\u200bq,a\n1,x,y\n".encode(), {"name":"d.csv"}, (R,["q"],"|",S,"x")),
 ("57 nbsp name", "id,q\u00a0,a\n1,x,y\n".encode(), {"name":"d.csv"}, (R,["q"],"|",S,"x")),
 ("56 float16", parquet(id=["1"],q=["x"],a=pa.array([0.1],pa.float64()).cast(pa.float32())), {"name":"d.parquet","score":"numbers"}, (M,"right","0.1")),
 ("56 decimal", parquet(id=["1"],q=["x"],a=pa.array([decimal.Decimal("12.50")],pa.decimal128(10,2))), {"name":"d.parquet","score":"numbers"}, (M,"right","12.5")),
 ("56 uint64", parquet(id=["1"],q=["x"],a=pa.array([2**63+1],pa.uint64())), {"name":"d.parquet"}, (M,"right",str(2**63+1))),
 ("56 list<float>", parquet(id=["1"],q=["x"],a=pa.array([[0.1,0.2]],pa.list_(pa.float32()))), {"name":"d.parquet","target":None,"score":{"exact":{"field":"a"}}}, (M,"right","0.2","|",R,[])),
 ("56 int as float (pandas nan)", parquet(id=["1","2"],q=["x","u"],a=pa.array([4.0,5.0])), {"name":"d.parquet"}, (M,"right","4.0","|",N,["4.0"])),
 ("56 int as float choices index", parquet(id=["1","2"],q=["x","u"],n=pa.array([1.0,0.0])), {"name":"d.parquet","choices":["u","v"],"score":"choice","target":"{{ letters[n] }}"}, (R,["1.0"],"|",M,"right","B")),
 ("56 f32 big", parquet(id=["1"],q=["x"],a=pa.array([16777216.0],pa.float32())), {"name":"d.parquet","score":"numbers"}, (M,"right","16777216")),
 ("56 f32 tiny", parquet(id=["1"],q=["x"],a=pa.array([1e-7],pa.float32())), {"name":"d.parquet","score":"numbers"}, (M,"right","0.0000001")),
 ("56 f32 third", parquet(id=["1"],q=["x"],a=pa.array([1/3],pa.float32())), {"name":"d.parquet","prompt":"{{ a }}","score":"numbers"}, (S,"0.3333333")),
 ("56 f32 map", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([[("k",0.1)]],pa.map_(pa.string(),pa.float32()))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'{"k": 0.1}',"|",S,'[["k", 0.1]]',"|",R,[])),
 ("56 large_list f32", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([[0.7]],pa.large_list(pa.float32()))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'[0.7]')),
 ("56 fixed list f32", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([[0.7,0.1]],pa.list_(pa.float32(),2))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'[0.7, 0.1]')),
 ("56 ts", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([datetime.datetime(2026,1,2,3,4,5)],pa.timestamp("us"))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'2026-01-02',)),
 ("56 ts list", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([[datetime.date(2026,1,2)]],pa.list_(pa.date32()))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'["2026-01-02"]',)),
 ("56 duration", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([datetime.timedelta(seconds=90)],pa.duration("s"))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'0:01:30',"|",R,[],"|",S,'PT')),
 ("56 time", parquet(id=["1"],q=["x"],a=["y"],m=pa.array([datetime.time(9,30)],pa.time64("us"))), {"name":"d.parquet","prompt":"{{ m }}"}, (S,'09:30',)),
 ("48 digit first", one(**{"1st":"z"}), {"prompt":"{{ row['1st'] }} {{ q }}"}, (S,"z 2+2?")),
 ("48 digit bare", one(**{"1st":"z"}), {"prompt":"{{ 1st }} {{ q }}"}, (R,["row["])),
 ("48 question mark", one(**{"Q?":"z"}), {"prompt":"{{ Q? }}"}, (R,["row["])),
 ("48 slash", one(**{"a/b":"z"}), {"prompt":"{{ a/b }}"}, (R,["row["])),
 ("48 options field", one(options=["4","5"],a="4"), {"choices":"{{ options }}","prompt":"{{ q }}\n{{ options }}","score":"choice"}, (S,"2+2?\nA. 4\nB. 5","|",R,["options"],"|",S,'2+2?\n["4", "5"]')),
 ("48 choices field dict", one(choices=["4","5"],a="4"), {"choices":"{{ choices }}","prompt":"{{ q }}\n{{ options }}","score":"choice"}, (S,"2+2?\nA. 4\nB. 5")),
 ("48 letters field", one(letters="zz",c=["4","5"]), {**L,"prompt":"{{ q }} {{ letters }}"}, (OK,"|",R,["letters"])),
 ("48 not field", one(**{"not":"z"}), {"prompt":"{{ row['not'] }} {{ q }}"}, (S,"z 2+2?")),
 ("48 true field", one(**{"true":"z"}), {"prompt":"{{ row['true'] }} {{ q }}"}, (S,"z 2+2?")),
 ("48 true bare", one(**{"none":"z"}), {"prompt":"{{ none }} {{ q }}"}, (R,[])),
 ("48 loop", one(loop="z"), {"prompt":"{{ loop }} {{ q }}"}, (S,"z 2+2?","|",R,[])),
 ("48 range", one(range="10-20"), {"prompt":"{{ range }} {{ q }}"}, (S,"10-20 2+2?","|",R,[])),
 ("48 dict", one(dict="z"), {"prompt":"{{ dict }} {{ q }}"}, (S,"z 2+2?","|",R,[])),
 ("48 self", one(self="z"), {"prompt":"{{ self }} {{ q }}"}, (S,"z 2+2?","|",R,[])),
 ("48 context", one(context="z",namespace="n",joiner="j",cycler="c",lipsum="l"), {"prompt":"{{ context }}{{ namespace }}{{ joiner }}{{ cycler }}{{ lipsum }} {{ q }}"}, (S,"znjcl 2+2?","|",R,[])),
 ("48 record field", one(record={"x":1}), {"prompt":"{{ record.x }} {{ q }}"}, (S,"1 2+2?")),
 ("48 newline name csv", b'id,"Question\nText",a\n1,x,y\n', {"name":"d.csv","prompt":"{{ row['Question\\nText'] }}"}, (S,"x","|",R,[])),
 ("48 fields map missing", one(), {"data":{"path":"d.jsonl","fields":{"question":"Question"}},"prompt":"{{ question }}"}, (R,["Question"])),
 ("48 case", one(Question="z"), {"prompt":"{{ question }}"}, (R,["Question"])),
 ("45 %q%", one(), {"prompt":"%q%"}, (N,["same"])),
 ("45 ${q}", one(), {"prompt":"${q}"}, (R,[],"|",N,["same"])),
 ("45 [[q]]", one(), {"prompt":"[[q]]"}, (N,["same"])),
 ("45 raw", one(), {"prompt":"{% raw %}{{ q }}{% endraw %}"}, (N,["same"],"|",R,[])),
 ("45 triple", one(), {"prompt":"{{{ q }}}"}, (R,[],"|",N,[])),
 ("45 target name", one(), {"target":"a"}, (N,["same"])),
 ("45 target lone", one(), {"target":"<a>"}, (N,["same"])),
 ("45 system const fine", one(), {"system":"Be {q}"}, (N,["{q}"],"|",OK)),
 ("46 np bool csv", b"id,q,a\n1,x,True\n2,y,False\n", {"name":"d.csv"}, (M,"right","True")),
 ("46 bool list field", one(a=[True]), {"target":None,"score":{"exact":{"field":"a"}}}, (M,"right","true","|",R,[])),
 ("46 bool contains", one(a=False), {"score":"contains"}, (M,"right","It is false.")),
 ("46 bool choices", one(a=False), {"choices":["true","false"],"score":"choice"}, (M,"right","false")),
 ("46 bool choices cap", one(a=False), {"choices":["True","False"],"score":"choice"}, (M,"right","False","|",R,["false"])),
 ("46 bool yes/no", one(a=False), {"choices":["yes","no"],"score":"choice"}, (R,["false"])),
 ("46 bool choices reverse [no,yes] index", one(a=True), {"choices":["no","yes"],"score":"choice","target":"{{ choices[a] }}"}, (M,"right","yes","|",R,["true"])),
 ("46 bool regex", one(a=True), {"score":{"regex":{"pattern":"(true|false)"}}}, (M,"right","true")),
 ("46 bool ==", one(a=True), {"prompt":"{{ q }} {{ a == true }} {{ a is true }}"}, (S,"2+2? true true")),
 ("46 bool numbers", one(a=True), {"score":"numbers"}, (R,["true"])),
]

# fmt: on


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def otherwise(world: DataWorld, case: Case) -> str | None:  # noqa: PLR0911, PLR0912 - a table, read from the top
    """What became of a case where it is none of what it may; None where it is one."""
    _, records, keys, expected = case
    ran = world.check(records, **keys)
    if ran.code not in (0, 2) or "Traceback" in ran.err:
        return f"exit {ran.code}: {ran.err[-300:]}"
    found = f"exit {ran.code}: {ran.err[:300]}"
    ways: list[list[Any]] = [[]]
    for part in expected:
        if part == OR:
            ways.append([])
        else:
            ways[-1].append(part)
    for way, *told in ways:
        if way == REFUSED:
            if ran.code == 2 and not has(ran.err, told[0]):
                return None
        elif ran.code == 0:
            if way == FINE:
                return None
            if way == SHOWN and (found := unindented(world.shown(records, **keys))).startswith(told[0]):
                return None
            if way == NOTED:
                notes = [line for line in ran.out.split("\n") if "note:" in line]
                if notes and not has("\n".join(notes), told[0]):
                    return None
            if way == MARKED:
                again, rows = world.run(records, reply=told[1], run={"max_error_rate": 1.0}, **keys)
                found = rows[0].outcome.value if rows else again.err[:300]
                if found in told[0].split("|"):
                    return None
    return found[:300]


@pytest.mark.long
@pytest.mark.parametrize("cases", [TEMPLATES, FILES], ids=["templates", "files"])
def test_what_a_careful_person_would_expect(world: DataWorld, cases: list[Case]) -> None:
    wrong = [f"{case[0]}: {found!r}, not {case[3]}" for case in cases if (found := otherwise(world, case)) is not None]
    assert not wrong, "\n".join(wrong)
