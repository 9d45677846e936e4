"""What is cut out of a reply, numbers, fields and odd choices: variants by a further reader, written before they were run."""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

from typing import Any

import pytest

from tests.scoring import mark, sample

READ: list[tuple[str, dict[str, Any], str, str, str]] = [
 # extract
 ("exact",{"extract":{"after":"Answer:"}},"Paris","Answer: Paris","right"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","Answer: **Paris**","right"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","**Answer:** Paris","right"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","Answer:\n\n> Paris","right"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","Answer:\n- Paris","right"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","Answer: Lyon\nAnswer: Paris","right"),
 ("exact",{"extract":{"after":"Answer:","pick":"first"}},"Paris","Answer: Lyon\nAnswer: Paris","wrong"),
 ("exact",{"extract":{"after":"Answer:"}},"Paris","The right way to answer is 'Answer: X'. Answer: Paris","right"),
 ("exact",{"extract":{"after":"答案："}},"巴黎","答案：巴黎","right"),
 ("exact",{"extract":{"after":"####"}},"42","... #### 42","right"),
 ("numbers",{"extract":{"after":"####"}},"42","#### $42.00","right"),
 ("exact",{"extract":{"json":"answer"}},"Paris",'```json\n{"answer":"Paris"}\n```',"right"),
 ("exact",{"extract":{"json":"answer"}},"5",'{"answer":5}',"right"),
 ("exact",{"extract":{"json":"answer"}},"true",'{"answer":true}',"right"),
 ("exact",{"extract":{"json":"a.b"}},"x",'{"a":{"b":"x"}}',"right"),
 ("exact",{"extract":{"pattern":"\\(([A-D])\\)"}},"B","(A) no. (B)","right"),
 ("exact",{"extract":{"pattern":"([A-D])\\)"}},"B","B)","right"),
 ("exact",{"extract":[{"after":"Final:"},{"pattern":"(\\d+)$"}]},"7","so 7","right"),
 ("exact",{"extract":{"after":"Answer:","drop":"()"}},"B","Answer: (B)","right"),
 # numbers
 ("numbers",{"tolerance":0.01},"3.14","3.149","right"),
 ("numbers",{"tolerance":0.01},"3.14","3.151","wrong"),
 ("numbers",{"tolerance":0.1},"0.3","0.4","right"),
 ("numbers",{"tolerance":0.1},"0.3","0.2","right"),
 ("numbers",{},"0.1","1e-1","right"),
 ("numbers",{},"0.5","50%","wrong"),
 ("numbers",{"percent":"ratio"},"0.5","50%","right"),
 ("numbers",{"percent":"ratio"},"50%","0.5","right"),
 ("numbers",{},"1/3","0.333","wrong"),
 ("numbers",{},"1/3","1/3","right"),
 ("numbers",{},"1/3","2/6","right"),
 ("numbers",{},"0.75","3/4","right"),
 ("numbers",{},"1000000","1 million","right"),
 ("numbers",{},"1500000","1.5M","right"),
 ("numbers",{},"2026","in 2026","right"),
 ("numbers",{},"3","3 (three)","right"),
 ("numbers",{},"3","three (3)","right"),
 ("numbers",{},"7","The answer is 7 (seven), not 8.","right"),
 ("numbers",{},"8","The answer is 7 (seven), not 8.","wrong"),
 ("numbers",{},"1234.5","1.234,5","right"),
 ("numbers",{},"1234.5","1 234,5","right"),
 ("numbers",{},"1234.5","1'234.5","right"),
 ("numbers",{},"1.5","１．５","right"),
 ("numbers",{},"5","٥","right"),
 ("numbers",{},"25","Between 20 and 30, so 25.","right"),
 ("numbers",{},"30","Between 20 and 30, so 25.","wrong"),
 ("numbers",{},"40000","4e4","right"),
 ("numbers",{},"0.00004","4×10⁻⁵","right"),
 ("numbers",{},"0.00004","4 \\times 10^{-5}","right"),
 ("numbers",{},"16","2^4","right"),
 ("numbers",{},"5","5 out of 5 stars","right"),
 ("numbers",{},"20","20°C","right"),
 ("numbers",{},"20","20 km/h","right"),
 ("numbers",{},"20","$20 USD","right"),
 ("numbers",{},"20","€ 20","right"),
 ("numbers",{},"20","R$ 20,00","right"),
 ("numbers",{},"20","20 000","wrong"),
 ("numbers",{},"20000","20 000 ₽","right"),
 ("numbers",{},"20000","2万","right"),
 ("numbers",{},"250000","2.5 lakh","right"),
 ("numbers",{},"30000000","3 crore","right"),
 # fields
 ("fields",{},'{"a":"x","b":1}','{"a":"X ","b":1.0}',"v1.0"),
 ("fields",{},'{"a":"x","b":1}','{"a":"x","b":"1"}',"v0.5"),
 ("fields",{},'{"a":"x","b":true}','{"a":"x","b":"true"}',"v0.5"),
 ("fields",{},'{"a":["x","y"]}','{"a":["y","x"]}',"v1.0"),
 ("fields",{},'{"a":["x","x"]}','{"a":["x"]}',"v0.6666666666666666"),
 ("fields",{},'{"a":"x"}','{"a":"x","b":null,"c":""}',"v1.0"),
 ("fields",{},'{"a":"x"}','{"a":"x","b":"N/A"}',"v0.6666666666666666"),
 ("fields",{},'{"a":"x","b":0}','{"a":"x","b":false}',"v0.5"),
 ("fields",{},'{"a":"straße"}','{"a":"STRASSE"}',"v1.0"),
 ("fields",{},'{"a":"x"}','[{"a":"x"}]',"unparseable"),
 ("fields",{},'{"date":"2026-12-01"}','{"date":"2026-12-01T00:00:00"}',"v0.0"),
 # choice
]
CHOSEN: list[tuple[str, tuple[str, ...], str, str]] = [
 ("B",("1,000","10,00","100"),"1.000","unparseable|wrong"),("A",("true","false"),"True.","right"),("A",("yes","no"),"Yes — no doubt.","right"),("B",("yes","no"),"Yes — no doubt.","wrong"),
 ("A",("0","1"),"0.","right"),("B",("0","1"),"1","right"),("A",("I","II","III","IV"),"I","right"),("D",("I","II","III","IV"),"IV","right"),("C",("I","II","III","IV"),"II and III","unparseable|wrong"),
 ("A",("C","C++","C#","Java"),"C++","wrong"),("B",("C","C++","C#","Java"),"C++","right"),("A",("C","C++","C#","Java"),"The language is C++.","wrong"),("A",("C","C++","C#","Java"),"It is written in C#.","wrong|unparseable"),
 ("A",("Niger","Nigeria"),"Nigeria","wrong"),("A",("Niger","Nigeria"),"It is Niger.","right"),("A",("Guinea","Guinea-Bissau","Equatorial Guinea"),"Guinea-Bissau","wrong"),("A",("Guinea","Guinea-Bissau","Equatorial Guinea"),"Equatorial Guinea","wrong"),("C",("Guinea","Guinea-Bissau","Equatorial Guinea"),"It's Equatorial Guinea.","right"),
 ("A",("5","5.5","15"),"5.5","wrong"),("B",("5","5.5","15"),"The value is 5.5.","right"),("A",("5","5.5","15"),"The value is 5.5.","wrong"),("A",("5%","15%","50%"),"15%","wrong"),("A",("-1","1"),"1","wrong"),("B",("-1","1"),"The result is -1.","wrong"),
 ("A",("A+","A","B"),"A+","right"),("B",("A+","A","B"),"A+","wrong|unparseable"),("A",("3.0","3.00 or more"),"3.0","right"),
 ("A",("all of the above","none of the above"),"None of the above","wrong"),("A",("café","cafe"),"cafe\u0301","right"),("B",("café","cafe"),"café","wrong"),
]

# fmt: on


def test_what_is_read_of_a_reply() -> None:
    otherwise = []
    for scorer, options, target, reply, expected in READ:
        found = mark(scorer, options, sample(target), reply)
        fits = (
            found.value == pytest.approx(float(expected[1:]))
            if expected.startswith("v")
            else found.outcome.value == expected
        )
        if not fits:
            otherwise.append(
                f"{scorer} {options} {target!r} {reply!r}: {found.outcome.value} {found.value}, not {expected}"
            )
    assert not otherwise, "\n".join(otherwise)


def test_choices_whose_texts_hold_one_another() -> None:
    otherwise = []
    for letter, choices, reply, outcomes in CHOSEN:
        found = mark("choice", {}, sample(choices["ABCD".index(letter)], choices), reply)
        if found.outcome.value not in outcomes.split("|"):
            otherwise.append(f"{choices} {reply!r}: {found.outcome.value} {found.extracted}, not {outcomes}")
    assert not otherwise, "\n".join(otherwise)


@pytest.mark.parametrize(
    ("target", "reply", "outcome"),
    [
        ("42", "42\n\nNote: I rounded to 2 decimals.", "right"),
        ("3.14", "π ≈ 3.14, rounded to 2 decimal places", "right"),
        ("3.14", "3.14 (gerundet auf 2 Nachkommastellen)", "right"),
        ("4.5", "The answer is 4.5, correct to 1 decimal place.", "right"),
        ("2", "It has 2 decimals.", "right"),
        ("43", "I get 42; the book says 43.", "unparseable"),
        ("43", "The answer key says 43", "unparseable"),
    ],
)
def test_how_far_a_number_is_rounded_and_what_books_say_is_no_answer(target: str, reply: str, outcome: str) -> None:
    assert mark("numbers", {}, sample(target), reply).outcome.value == outcome
