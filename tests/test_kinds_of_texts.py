"""Texts, patterns and formulas: variants by a further reader, written before they were run.

(scorer, options, the target as `t` or the record's fields, the reply, the outcome)
"""

# fmt: off

from __future__ import annotations

from typing import Any

from tests.scoring import mark, sample

CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
 ("exact",{"field":"k"},{"k":["Paris","Lutetia"]},"Lutetia","right"),
 ("exact",{"field":"k"},{"k":"Paris"},"Paris","right"),
 ("exact",{"field":"k"},{"k":5},"5","right"),
 ("exact",{"field":"k"},{"k":[5,5.0]},"5.0","right"),
 ("exact",{"field":"k"},{"k":{"a":1}},'{"a": 1}',"right"),
 ("exact",{"field":"k","ignore_case":True},{"k":[True]},"TRUE","right"),
 ("exact",{"escapes":True},{"t":"a\nb"},"a\\nb","right"),
 ("exact",{"strip":False},{"t":"a "},"a","wrong"),
 ("exact",{"strip":False},{"t":"a "},"a ","right"),
 ("exact",{},{"t":"a\u00a0b"},"a b","wrong"),
 ("exact",{"collapse_spaces":True},{"t":"a\u00a0b"},"a b","right"),
 ("exact",{"collapse_spaces":True},{"t":"a b"},"ab","wrong"),
 ("exact",{},{"t":"ﬁn"},"fin","wrong"),
 ("exact",{"ignore_case":True},{"t":"Σίσυφος"},"ΣΊΣΥΦΟΣ","right"),
 ("exact",{"ignore_case":True},{"t":"I"},"ı","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"(B)"},"B","right"),
 ("exact",{"ignore_wrapping":True},{"t":"(B)"},"(b)","wrong"),
 ("exact",{"ignore_wrapping":True,"ignore_case":True},{"t":"(B)"},"b.","right"),
 ("exact",{"ignore_wrapping":True},{"t":"(B)"},"B and C","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"(B)"},"(B) is wrong","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"(B)"},"(B)?","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"yes"},"Yes","wrong"),
 ("exact",{"ignore_wrapping":True,"ignore_case":True},{"t":"yes"},"Yes, but only sometimes","wrong"),
 ("exact",{"ignore_wrapping":True,"ignore_case":True},{"t":"yes"},"Yes.\n\nBecause it is.","right"),
 ("exact",{"ignore_wrapping":True,"ignore_case":True},{"t":"no"},"No problem!","wrong"),
 ("exact",{"ignore_wrapping":True,"ignore_case":True},{"t":"no"},"No-one","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 apples","right"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 dozen","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 and a half","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 million","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 Tausend","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 mille","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 minus 2","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 per cent","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 oder 6","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 ou six","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 times ten","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 is wrong","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 ist falsch","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 or so","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 at most","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 maximum","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"5"},"5 fewer","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, France","right"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, oder Lyon","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, ou Lyon","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris. Nein, Lyon.","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris: falsch","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, peut-être","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, vielleicht","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, quizás","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, I suppose, although Lyon is closer","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"Paris"},"Paris, which is not it","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"true"},"true, I think it's false","wrong"),
 ("exact",{"ignore_wrapping":True},{"t":"valid"},"valid. Hmm, sorry, invalid","wrong"),
 ("contains",{},{"t":"5"},"15","right"),
 ("contains",{"match":"any","field":"k"},{"k":["a","b"]},"b","right"),
 ("contains",{"field":"k"},{"k":["a","b"]},"b","wrong"),
 ("contains",{"field":"k","ignore_case":True},{"k":["ÄB"]},"äb","right"),
 ("regex",{"pattern":"(?i)answer:\\s*([a-d])","ignore_case":True},{"t":"B"},"Answer: b","right"),
 ("regex",{"pattern":"^(\\d+)$"},{"t":"5"},"x\n5\ny","unparseable"),
 ("regex",{"pattern":"(?m)^(\\d+)$"},{"t":"5"},"x\n5\ny","right"),
 ("regex",{"pattern":"(\\d+) euro"},{"t":"5"},"5 euro or 6 euro","wrong"),
 ("math",{},{"t":"\\frac{3}{4}"},"\\boxed{0.75}","right"),
 ("math",{},{"t":"\\frac{3}{4}"},"\\boxed{\\frac{4}{3}}","wrong"),
 ("math",{},{"t":"x=3"},"\\boxed{3}","right"),
 ("math",{},{"t":"(1,2)"},"\\boxed{(2,1)}","wrong"),
 ("math",{},{"t":"\\{1,2\\}"},"\\boxed{\\{2,1\\}}","right"),
 ("math",{},{"t":"[1,2)"},"\\boxed{(1,2]}","wrong"),
 ("math",{},{"t":"2\\sqrt{3}"},"\\boxed{\\sqrt{12}}","right"),
 ("math",{},{"t":"10^{-3}"},"\\boxed{0.001}","right"),
 ("math",{},{"t":"5 \\text{ cm}"},"\\boxed{5}","right"),
 ("math",{},{"t":"1,000"},"\\boxed{1000}","right"),
 ("math",{},{"t":"\\pi"},"\\boxed{3.14}","wrong"),
 ("math",{},{"t":"\\text{even}"},"\\boxed{\\text{odd}}","wrong"),
 ("math",{},{"t":"\\text{(C)}"},"\\boxed{C}","right"),
 ("math",{},{"t":"x^2+2x+1"},"\\boxed{(x+1)^2}","right"),
 ("math",{},{"t":"\\infty"},"\\boxed{-\\infty}","wrong"),
 ("math",{},{"t":"3+4i"},"\\boxed{4i+3}","right"),
 ("math",{},{"t":"3+4i"},"\\boxed{3-4i}","wrong"),
 ("math",{},{"t":"a \\le 5"},"\\boxed{a \\ge 5}","wrong"),
 ("math",{},{"t":"a \\le 5"},"\\boxed{5 \\ge a}","right"),
]

# fmt: on


def test_texts_patterns_and_formulas() -> None:
    otherwise = []
    for scorer, options, given, reply, outcome in CASES:
        fields = {name: value for name, value in given.items() if name != "t"}
        found = mark(scorer, options, sample(given.get("t"), **fields), reply)
        if found.outcome.value != outcome:
            otherwise.append(
                f"{scorer} {options} {given} {reply!r}: {found.outcome.value} ({found.reason}), not {outcome}"
            )
    assert not otherwise, "\n".join(otherwise)
