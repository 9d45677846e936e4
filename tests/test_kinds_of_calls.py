"""Values of function calls by BFCL's types, natively and as text, and whole words: variants by a further reader, written
before they were run."""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

import json
from typing import Any

from evalkit.records import ToolCall
from tests.scoring import mark, sample


def fn(**props: Any) -> list[dict[str, Any]]:
    return [{"name":"f","description":"","parameters":{"type":"dict","properties":props,"required":[k for k in props if not k.endswith("_opt")]}}]
INT, FL, ST, B, D = ({"type": one} for one in ("integer", "float", "string", "boolean", "dict"))
AR, TU = ({"type": one, "items": {"type": "integer"}} for one in ("array", "tuple"))
AS = {"type": "array", "items": {"type": "string"}}

VALUES: list[tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any], str]] = [
 (fn(a=INT),{"a":[5]},{"a":5},"right"),
 (fn(a=INT),{"a":[5]},{"a":"5"},"wrong"),
 (fn(a=INT),{"a":[1]},{"a":True},"wrong"),
 (fn(a=INT),{"a":[5]},{"a":None},"wrong"),
 (fn(a=INT),{"a":[5]},{},"wrong"),
 (fn(a=FL),{"a":[5.0]},{"a":5},"right"),
 (fn(a=FL),{"a":[0.1]},{"a":0.1},"right"),
 (fn(a=FL),{"a":[5.0]},{"a":"5.0"},"wrong"),
 (fn(a=FL),{"a":[1.0]},{"a":True},"wrong"),
 (fn(a=ST),{"a":["New York"]},{"a":"new york"},"right"),
 (fn(a=ST),{"a":["New York"]},{"a":"NewYork"},"right"),
 (fn(a=ST),{"a":["New York, NY"]},{"a":"New York NY"},"right"),
 (fn(a=ST),{"a":["New York"]},{"a":"New York City"},"wrong"),
 (fn(a=ST),{"a":["5"]},{"a":5},"wrong"),
 (fn(a=ST),{"a":["2026-12-01"]},{"a":"2026/12/01"},"right"),
 (fn(a=ST),{"a":["1.5"]},{"a":"15"},"wrong"),
 (fn(a=ST),{"a":["-5"]},{"a":"5"},"wrong"),
 (fn(a=ST),{"a":["x>5"]},{"a":"x<5"},"wrong"),
 (fn(a=ST),{"a":["$50"]},{"a":"€50"},"wrong"),
 (fn(a=ST),{"a":["São Paulo"]},{"a":"Sao Paulo"},"wrong"),
 (fn(a=ST),{"a":["São Paulo"]},{"a":"Sa\u0303o Paulo"},"right"),
 (fn(a=ST),{"a":[""]},{"a":""},"right"),
 (fn(a=ST),{"a":["!!"]},{"a":"??"},"wrong"),
 (fn(a=ST),{"a":["-"]},{"a":"."},"wrong"),
 (fn(a=ST),{"a":["日本"]},{"a":"日 本"},"right"),
 (fn(a=ST),{"a":["12/05"]},{"a":"1205"},"wrong"),
 (fn(a=ST),{"a":["A & B"]},{"a":"A and B"},"wrong"),
 (fn(a=ST),{"a":["yes"]},{"a":True},"wrong"),
 (fn(a=B),{"a":[True]},{"a":True},"right"),
 (fn(a=B),{"a":[True]},{"a":"true"},"wrong"),
 (fn(a=B),{"a":[True]},{"a":1},"wrong"),
 (fn(a=B),{"a":[False]},{"a":0},"wrong"),
 (fn(a=AR),{"a":[[1,2]]},{"a":[1,2]},"right"),
 (fn(a=AR),{"a":[[1,2]]},{"a":[2,1]},"wrong"),
 (fn(a=AR),{"a":[[1,2]]},{"a":["1","2"]},"wrong"),
 (fn(a=AR),{"a":[[1]]},{"a":1},"wrong"),
 (fn(a=AR),{"a":[[1,2]]},{"a":"[1,2]"},"wrong"),
 (fn(a=AR),{"a":[[]]},{"a":[]},"right"),
 (fn(a=AR),{"a":[[1,1]]},{"a":[1]},"wrong"),
 (fn(a=AR),{"a":[[0,1]]},{"a":[False,True]},"wrong"),
 (fn(a=AS),{"a":[["New York","LA"]]},{"a":["new york","l.a."]},"right"),
 (fn(a=AS),{"a":[["a","b"]]},{"a":"a, b"},"wrong"),
 (fn(a=TU),{"a":[[1,2]]},{"a":[1,2]},"right"),
 (fn(a=TU),{"a":[[1,2]]},{"a":[2,1]},"wrong"),
 (fn(a=D),{"a":[{"x":[1],"y":["u",""]}]},{"a":{"x":1}},"right"),
 (fn(a=D),{"a":[{"x":[1],"y":["u",""]}]},{"a":{"x":1,"z":2}},"wrong"),
 (fn(a=D),{"a":[{"x":[1]}]},{"a":{"x":"1"}},"wrong"),
 (fn(a=D),{"a":[{"x":[1]}]},{"a":'{"x":1}'},"wrong"),
 (fn(a=INT,b_opt=ST),{"a":[5],"b_opt":["u",""]},{"a":5},"right"),
 (fn(a=INT,b_opt=ST),{"a":[5],"b_opt":["u"]},{"a":5},"wrong"),
 (fn(a=INT,b_opt=ST),{"a":[5],"b_opt":["u",""]},{"a":5,"b_opt":""},"right"),
 (fn(a=INT,b_opt=ST),{"a":[5],"b_opt":["u",""]},{"a":5,"b_opt":"v"},"wrong"),
 (fn(a=INT),{"a":[5]},{"a":5,"c":1},"wrong"),
 (fn(a=INT),{"a":[5]},{"A":5},"wrong"),
]

WORDS: list[tuple[str, str, int]] = [
 ("5","5.0",0),("3","3/4",1),("3","1/3",1),("12","12:30",1),("42","0x42",0),("42","42nd",0),("5","5kg",0),("5 kg","5 kg",1),("5 kg","15 kg",0),("5 kg","2.5 kg",0),("10%","110%",0),("10%","10%",1),("$5","$5.50",0),("$5","$50",0),("1.2.3","1.2.3",1),("1.2","1.2.3",0),("2026","2026-12",1),("v2","v2.1",0),("b.de","a@b.de",1),("no","no-one",1),("no","No.",0),("yes","yes!",1),("I","I'm",1),("I","II",0),("X","X-ray",1),("Java","JavaScript",0),("Go","Go-lang",1),("R","R&D",1),("C","°C",1),("A","A's",1),("A","A*",1),("H2","H2O",0),("CO","CO2",0),("50","$50,000",0),("50","50,000",0),("000","50,000",0),("7","3+4=7",1),("4","3+4=7",1),("-7","x=-7",1),("7","x=-7",0),("7","(−7)",0),("1","1.",1),("1","1..2",1),("10","10–20",1),("20","10–20",1),("99","٩٩",0),("5","5 000",1),("100","1 100",1),("½","1½",0),("2","½",0),("6","6e3",0),("3","3e",0),("2","2,",1),("3","2,3",0),("3","2, 3",1),("3","1;2;3",1),("3","1/2/3",1),("12","12.12.2026",0),("Bob","Bob-Bob",1),("C","C/C++",1),("8","8-bit",1),("Sony","Sony®",1),("日","日本",1),("500円","1500円",0),("500円","1,500円",0)]

# fmt: on


def test_values_of_calls_natively_and_as_text() -> None:
    otherwise = []
    for functions, accepted, given, outcome in VALUES:
        asked = sample(function=functions, ground_truth=[{"f": accepted}])
        made = mark("tools", {}, asked, "", calls=(ToolCall("f", json.dumps(given)),))
        told = mark("tools", {}, asked, json.dumps([{"name": "f", "arguments": given}]))
        for way, found in (("native", made), ("text", told)):
            if found.outcome.value != outcome:
                otherwise.append(f"{way} {accepted} {given}: {found.outcome.value} ({found.reason}), not {outcome}")
    assert not otherwise, "\n".join(otherwise)


def test_whole_words_in_further_texts() -> None:
    otherwise = [
        f"{word!r} in {text!r}: not {bool(there)}"
        for word, text, there in WORDS
        if (mark("contains", {"whole_words": True}, sample(word), text).outcome.value == "right") is not bool(there)
    ]
    assert not otherwise, "\n".join(otherwise)
