"""Variants of the scorers' kinds by a further reader, written before they were run: instructions on odd texts, programs,
JSON and schemas, texts, verdicts of judges, calls as text."""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest

from evalkit.scorers import code_worker
from evalkit.scorers.instructions import read_instructions
from tests.scoring import mark, sample

FOLLOWED: list[tuple[str, dict[str, Any], str, bool]] = [
 ("length_constraints:number_words",{"num_words":3,"relation":"at least"},"a—b—c",True),
 ("length_constraints:number_words",{"num_words":5,"relation":"at most"},"😀 😀 😀 😀 😀 😀 😀",True),
 ("length_constraints:number_words",{"num_words":4,"relation":"at least"},"今日は天気がいい",True),
 ("length_constraints:number_sentences",{"num_sentences":2,"relation":"exactly"},"Dr. Smith went home. He slept.",True),
 ("length_constraints:number_sentences",{"num_sentences":2,"relation":"exactly"},"Ça va ? Oui !",True),
 ("length_constraints:number_sentences",{"num_sentences":3,"relation":"exactly"},"Um. Dois. Três.",True),
 ("length_constraints:number_sentences",{"num_sentences":2,"relation":"exactly"},"Τι κάνεις; Καλά.",True),
 ("length_constraints:number_sentences",{"num_sentences":2,"relation":"exactly"},"እንዴት ነህ። ደህና።",True),
 ("length_constraints:number_sentences",{"num_sentences":2,"relation":"exactly"},"آپ کیسے ہیں؟ ٹھیک ہوں۔",True),
 ("length_constraints:number_sentences",{"num_sentences":1,"relation":"exactly"},"Version 2.0.1 costs $3.50 (approx.) in the U.S. today.",True),
 ("length_constraints:number_paragraphs",{"num_paragraphs":2},"a\n\n***\n\nb",True),
 ("length_constraints:number_paragraphs",{"num_paragraphs":2},"a\n\nb",False),
 ("length_constraints:number_paragraphs",{"num_paragraphs":2},"***\na\n***\nb\n***",True),
 ("length_constraints:number_paragraphs",{"num_paragraphs":2},"a\n---\nb",False),
 ("length_constraints:nth_paragraph_first_word",{"num_paragraphs":2,"nth_paragraph":2,"first_word":"indeed"},"a\n\n\"Indeed, so.\"",True),
 ("length_constraints:nth_paragraph_first_word",{"num_paragraphs":2,"nth_paragraph":2,"first_word":"indeed"},"a\n\nb\n\nIndeed",False),
 ("keywords:existence",{"keywords":["correlated","experiencing"]},"Correlated. EXPERIENCING!",True),
 ("keywords:existence",{"keywords":["C++"]},"I like C++.",True),
 ("keywords:existence",{"keywords":["naïve"]},"naive",False),
 ("keywords:existence",{"keywords":["日本"]},"私は日本人です",True),
 ("keywords:forbidden_words",{"forbidden_words":["can't"]},"You can’t do it",False),
 ("keywords:forbidden_words",{"forbidden_words":["good"]},"goodness",True),
 ("keywords:forbidden_words",{"forbidden_words":["好"]},"你好",False),
 ("keywords:forbidden_words",{"forbidden_words":["hund"]},"Der Hund bellt",False),
 ("keywords:forbidden_words",{"forbidden_words":["été"]},"l'e\u0301te\u0301",False),
 ("keywords:frequency",{"keyword":"war","frequency":2,"relation":"at least"},"War, warrior, WAR!",True),
 ("keywords:frequency",{"keyword":"war","frequency":2,"relation":"less than"},"war war",False),
 ("keywords:letter_frequency",{"letter":"e","let_frequency":3,"let_relation":"less than"},"eé E",True),
 ("keywords:letter_frequency",{"letter":"!","let_frequency":2,"let_relation":"at least"},"a!!",True),
 ("startend:end_checker",{"end_phrase":"Any other questions?"},"Text. \"Any other questions?\"",True),
 ("startend:end_checker",{"end_phrase":"Any other questions?"},"Text. Any other questions? Yes.",False),
 ("startend:end_checker",{"end_phrase":"fin."},"C'est la FIN.",True),
 ("startend:quotation",{},'"One"\n',True),
 ("startend:quotation",{},'"',False),
 ("punctuation:no_comma",{},"1，2",False),
 ("punctuation:no_comma",{},"a; b. c",True),
 ("punctuation:no_comma",{},"१,०००",False),
 ("punctuation:no_comma",{},"‚quoted‘",True),
 ("change_case:english_capital",{},"HELLO WORLD THIS IS A TEST",True),
 ("change_case:english_capital",{},"THIS IS THE iPHONE AND IT IS GOOD",False),
 ("change_case:english_lowercase",{},"this is a test of i/o at 10 am and it is fine",True),
 ("change_case:english_lowercase",{},"this is a test. Ok",False),
 ("change_case:english_lowercase",{},"ceci est une phrase en français et elle est longue",False),
 ("change_case:english_capital",{},"هذا نص عربي طويل وليس انجليزيا",False),
 ("change_case:english_lowercase",{},"今日は天気がいいですね",False),
 ("change_case:capital_word_frequency",{"capital_frequency":3,"capital_relation":"at least"},"NASA, ESA and FBI",True),
 ("change_case:capital_word_frequency",{"capital_frequency":1,"capital_relation":"at least"},"ΑΘΗΝΑ είναι",True),
 ("detectable_format:number_bullet_lists",{"num_bullets":3},"* a\n- b\n* c",True),
 ("detectable_format:number_bullet_lists",{"num_bullets":2},"* a\n    * b\n",True),
 ("detectable_format:number_bullet_lists",{"num_bullets":2},"Text - a\nText * b",False),
 ("detectable_format:title",{},"<<poem of joy>>",True),
 ("detectable_format:title",{},"<< >>",False),
 ("detectable_format:title",{},"«poem»",False),
 ("detectable_format:title",{},"&lt;&lt;poem&gt;&gt;",False),
 ("detectable_format:title",{},"<<a\nb>>",False),
 ("detectable_format:json_format",{},"[1,2]",True),
 ("detectable_format:json_format",{},'{"a":1}\n{"b":2}',False),
 ("detectable_format:json_format",{},'{"a": 1,}',False),
 ("detectable_format:json_format",{},'// c\n{"a":1}',False),
 ("detectable_format:json_format",{},'```json\n{"a":1}\n```\nHope this helps!',False),
 ("detectable_format:constrained_response",{},"I think my answer is yes, maybe",False),
 ("detectable_format:multiple_sections",{"section_spliter":"Day","num_sections":3},"Day 1\nx\nDay 2\ny",False),
 ("detectable_format:multiple_sections",{"section_spliter":"Day","num_sections":2},"# Day 1\nx\n# Day 2\ny\n",True),
 ("detectable_format:multiple_sections",{"section_spliter":"Day","num_sections":2},"day 1\nx\nday 2",False),
 ("detectable_format:number_highlighted_sections",{"num_highlights":2},"*a* and **b**",True),
 ("detectable_format:number_highlighted_sections",{"num_highlights":2},"*a*",False),
 ("detectable_content:number_placeholders",{"num_placeholders":2},"{name} {address}",False),
 ("detectable_content:postscript",{"postscript_marker":"P.S."},"Text\nP.S. hi",True),
 ("combination:two_responses",{},"a******b",True),
 ("combination:two_responses",{},"a******",False),
 ("combination:two_responses",{},"a******b******c",False),
 ("combination:repeat_prompt",{"prompt_to_repeat":"Write a poem."},"write a poem. Roses",True),
 ("language:response_language",{"language":"nl"},"Dit is een mooi boek en ik heb het gisteren gelezen.",True),
 ("language:response_language",{"language":"nl"},"Das ist ein schönes Buch und ich habe es gestern gelesen.",False),
 ("language:response_language",{"language":"sv"},"Det här är en bra bok och jag läste den igår.",True),
 ("language:response_language",{"language":"fi"},"Tämä on hyvä kirja ja luin sen eilen.",True),
 ("language:response_language",{"language":"el"},"Αυτό είναι ένα καλό βιβλίο και το διάβασα χθες.",True),
 ("language:response_language",{"language":"he"},"זה ספר טוב מאוד וקראתי אותו אתמול.",True),
 ("language:response_language",{"language":"th"},"นี่เป็นหนังสือที่ดีมาก ฉันอ่านเมื่อวานนี้",True),
 ("language:response_language",{"language":"bg"},"Това е хубава книга и я прочетох вчера.",True),
 ("language:response_language",{"language":"ur"},"یہ ایک بہت اچھی کتاب ہے اور میں نے اسے کل پڑھا۔",True),
 ("language:response_language",{"language":"fa"},"هذا كتاب جميل جدا، وقد قرأته أمس.",False),
 ("language:response_language",{"language":"sw"},"Hiki ni kitabu kizuri na nilikisoma jana.",True),
 ("language:response_language",{"language":"bn"},"এটি একটি ভালো বই এবং আমি গতকাল এটি পড়েছি।",True),
 ("language:response_language",{"language":"ta"},"இது ஒரு நல்ல புத்தகம், நான் அதை நேற்று படித்தேன்.",True),
 ("language:response_language",{"language":"te"},"ఇది మంచి పుస్తకం, నేను నిన్న చదివాను.",True),
 ("language:response_language",{"language":"kn"},"ಇದು ಒಳ್ಳೆಯ ಪುಸ್ತಕ, ನಾನು ನಿನ್ನೆ ಓದಿದೆ.",True),
 ("language:response_language",{"language":"pa"},"ਇਹ ਇੱਕ ਚੰਗੀ ਕਿਤਾਬ ਹੈ ਅਤੇ ਮੈਂ ਇਸਨੂੰ ਕੱਲ੍ਹ ਪੜ੍ਹਿਆ।",True),
 ("language:response_language",{"language":"gu"},"આ એક સારું પુસ્તક છે અને મેં તેને ગઈકાલે વાંચ્યું.",True),
 ("language:response_language",{"language":"ne"},"यो एउटा राम्रो किताब हो र मैले हिजो पढेँ।",True),
 ("language:response_language",{"language":"uk"},"Это хорошая книга, и я прочитал её вчера.",False),
 ("language:response_language",{"language":"ru"},"Це гарна книга, і я прочитав її вчора.",False),
 ("language:response_language",{"language":"es"},"Questo è un buon libro e l'ho letto ieri.",False),
 ("language:response_language",{"language":"fr"},"I cannot answer in French, sorry about that.",False),
 ("language:response_language",{"language":"de"},"Sure! Here is the answer in German: Guten Tag.",False),
]
PROGRAMS = [
 ("Here:\n```py\ndef f(x):\n    return x+1\n```","right"),
 ("```Python3\ndef f(x):\n    return x+1\n```","right"),
 ("<code>\ndef f(x):\n    return x+1\n</code>","right"),
 ("```python\n>>> def f(x):\n...     return x+1\n```","right"),
 ("\tdef f(x):\n\t\treturn x+1","right"),
 ("    return x+1","right"),
 ("```\ndef f(x):\n  return x+1\n```\n\nTest:\n```\nprint(f(1))  # 2\n```","right"),
 ("```python\ndef f(x):\n    return x+2\n```\nCorrected:\n```python\ndef f(x):\n    return x+1\n```","right"),
 ("```python\nf = lambda x: x+1\n```","right"),
 ("```python\nfrom functools import partial\nimport operator\nf = partial(operator.add, 1)\n```","right"),
 ("```python\nasync def f(x):\n    return x+1\n```","wrong"),
 ("```python\ndef f(x: int) -> int:\n    \"\"\"```inner```\"\"\"\n    return x+1\n```","right"),
 ("~~~python\ndef f(x):\n    return x+1\n~~~","right"),
 ("````python\ndef f(x):\n    return x+1\n````","right"),
 ("1. Do this:\n\n   ```python\n   def f(x):\n       return x+1\n   ```","right"),
 ("> ```python\n> def f(x):\n>     return x+1\n> ```","right"),
 ("\ufeff```python\r\ndef f(x):\r\n    return x+1\r\n```","right"),
 ("```python\u00a0\ndef f(x):\n\u00a0\u00a0\u00a0\u00a0return x+1\n```","right"),
 ("```python\ndef f(x):\n    return x+1","right"),
 ("def f(x):\n    return x+1\n```","right"),
 ("```python\nIn [1]: def f(x):\n   ...:     return x+1\n```","right"),
 ("\\begin{lstlisting}[language=Python]\ndef f(x):\n    return x+1\n\\end{lstlisting}","right"),
 ("```python\ndef f(x):\n    raise SystemExit(0)\n```","wrong"),
 ("```python\ndef f(x):\n    return x+1\n\nif __name__ == '__main__':\n    print(f(int(input())))\n```","right"),
 ("<pre><code class=\"language-python\">def f(x):\n    return x+1\n</code></pre>","right"),
 ("[PYTHON]\ndef f(x):\n    return x+1\n[/PYTHON]","right"),
 ("<answer>\ndef f(x):\n    return x+1\n</answer>","right"),
 ("# Solution\ndef f(x):\n    return x+1\n\nThis adds one.","right"),
]
G = '{"total": 12.5, "items": ["a","b"], "paid": true, "note": null}'
MARKED: list[tuple[str, dict[str, Any], str | None, str, str]] = [
 ("json",{"equals":True},G,'{"paid":true,"total":12.50,"items":["a","b"],"note":null}',"right"),
 ("json",{"equals":True},G,'{"paid":true,"total":"12.5","items":["a","b"],"note":null}',"wrong"),
 ("json",{"equals":True},G,'{"paid":true,"total":12.5,"items":["b","a"],"note":null}',"wrong"),
 ("json",{"equals":True},G,'{"paid":1,"total":12.5,"items":["a","b"],"note":null}',"wrong"),
 ("json",{"equals":True},G,'{"paid":true,"total":12.5,"items":["a","b"]}',"wrong"),
 ("json",{"equals":True},G,'{"paid":true,"total":12.5,"items":["a","b"],"note":"null"}',"wrong"),
 ("json",{"equals":True},G,'{"paid":true,"total":1.25e1,"items":["a","b"],"note":null}',"right"),
 ("json",{"equals":True},G,G+"\n\nLet me know!","unparseable"),
 ("json",{"equals":True,"around":"any"},G,"Voilà :\n"+G+"\nBonne journée (réf. [2]).","right"),
 ("json",{"equals":True,"around":"any"},G,"Draft {\"total\": 1} then final:\n"+G,"right"),
 ("json",{"equals":True,"around":"any"},G,G+"\nActually, correction: {\"total\": 13, \"items\": [], \"paid\": false, \"note\": null}","wrong"),
 ("json",{"equals":True},"[1, 2]","```json\n[1, 2]\n```","right"),
 ("json",{"equals":True},"[1, 2]","[1.0, 2]","right"),
 ("json",{"equals":True},"[1, 2]","[2, 1]","wrong"),
 ("json",{"equals":True},'"yes"','"yes"',"right"),
 ("json",{"equals":True},'"yes"','yes',"unparseable"),
 ("json",{"equals":True},'{"k":"a"}','{"k":"a","k":"a"}',"unparseable"),
 ("json",{"equals":True},'{"k":1}','{“k”: 1}',"unparseable"),
 ("json",{"equals":True},'{"k":1}','｛"k": 1｝',"unparseable"),
 ("json",{"equals":True},'{"k":1}','JSON: {"k": 1}',"unparseable"),
 ("json",{"equals":True},'{"k":1}','{"k": 01}',"unparseable"),
 ("json",{"equals":True},'{"k":1}','{"k": +1}',"unparseable"),
 ("json",{"equals":True},'{"k":1}','{"k": 0x1}',"unparseable"),
 ("json",{"equals":True},'{"k":"a\\nb"}','{"k": "a\nb"}',"unparseable"),
 ("json",{"equals":True},'{"k":"a/b"}','{"k": "a\\/b"}',"right"),
 ("json",{"equals":True},'{"k":"😀"}','{"k": "\\ud83d\\ude00"}',"right"),
 ("json",{"equals":True},'{"k":"x"}','{"k": "x", "reason": "because"}',"wrong"),
 ("json",{"fields":["k"]},'{"k":"x"}','{"k": "x", "reason": "because"}',"right"),
 ("json",{"fields":["k"]},'{"k":"x"}','{"k": "X"}',"wrong"),
 ("json",{"fields":["a.b"]},'{"a":{"b":2}}','{"a": {"b": 2.0, "c": 1}}',"right"),
 ("json",{"fields":["a"]},'{"a":[]}','{"a": null}',"wrong"),
 ("json",{"fields":["a"]},'{"a":null}','{}',"wrong"),
 ("json",{"fields":["a"]},'{"a":0}','{"a": false}',"wrong"),
 ("json",{"fields":["a"]},'{"a":0}','{"a": -0.0}',"right"),
 ("json",{"schema":{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}}}},None,'{"k": 1.0}',"right"),
 ("json",{"schema":{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}}}},None,'{"k": true}',"wrong"),
 ("json",{"schema":{"type":"object","required":["k"],"properties":{"k":{"type":"integer"}},"additionalProperties":False}},None,'{"k": 1,"z":2}',"wrong"),
 ("json",{"schema":{"type":"string","pattern":"^[A-Z]{3}$"}},None,'"ABC\\n"',"wrong"),
 ("json",{"schema":{"type":"string","minLength":2,"maxLength":2}},None,'"😀😀"',"right"),
 ("json",{"schema":{"type":"string","minLength":2}},None,'"😀"',"wrong"),
 ("json",{"schema":{"type":"array","uniqueItems":True}},None,'[1, 1.0]',"wrong"),
 ("json",{"schema":{"type":"array","uniqueItems":True}},None,'[1, true]',"right"),
 ("json",{"schema":{"enum":[1,"1",None]}},None,'true',"wrong"),
 ("json",{"schema":{"const":False}},None,'0',"wrong"),
 ("json",{"schema":{"type":"number","multipleOf":0.1}},None,'0.3',"right"),
 ("json",{"schema":{"type":"number","multipleOf":0.01}},None,'19.99',"right"),
 ("json",{"schema":{"type":"number","exclusiveMinimum":0}},None,'0',"wrong"),
 ("json",{"schema":{"type":["string","null"]}},None,'null',"right"),
 ("json",{"schema":{"oneOf":[{"type":"integer"},{"type":"number"}]}},None,'2',"wrong"),
 ("json",{"schema":{"anyOf":[{"required":["a"]},{"required":["b"]}],"type":"object"}},None,'{"c":1}',"wrong"),
 ("json",{"schema":{"type":"object","dependentRequired":{"a":["b"]}}},None,'{"a":1}',"wrong"),
 ("json",{"schema":{"type":"array","prefixItems":[{"type":"integer"}],"items":False}},None,'[1,2]',"wrong"),
 ("json",{"schema":{"type":"array","contains":{"const":3},"minContains":2}},None,'[3,1]',"wrong"),
 ("json",{"schema":{"type":"object","if":{"properties":{"t":{"const":"x"}}},"then":{"required":["y"]}}},None,'{"t":"x"}',"wrong"),
 # exact etc
 ("exact",{},"São Paulo",normalize("NFD","São Paulo"),"right"),
 ("exact",{},"42"," 42\n","right"),
 ("exact",{},"42","42.","wrong"),
 ("exact",{"ignore_wrapping":True},"42","**42**.","right"),
 ("exact",{"ignore_wrapping":True},"Paris","\"Paris\"","right"),
 ("exact",{"ignore_wrapping":True},"Paris","„Paris“","right"),
 ("exact",{"ignore_wrapping":True},"C#","C#","right"),
 ("exact",{"ignore_wrapping":True},".5",".5","right"),
 ("exact",{"ignore_case":True},"STRASSE","straße","right"),
 ("exact",{"collapse_spaces":True},"a b","a\u00a0\n b","right"),
 ("contains",{"whole_words":True},"cat","concat","wrong"),
 ("contains",{"whole_words":True},"cat","CAT","wrong"),
 ("contains",{"whole_words":True},"cat","cat's","right"),
 ("contains",{"whole_words":True},"5","5.5","wrong"),
 ("contains",{"whole_words":True},"5","1,500 and 0.5","wrong"),
 ("contains",{"whole_words":True},"5","5%","right"),
 ("contains",{"whole_words":True},"1.5","11.5","wrong"),
 ("contains",{"whole_words":True},"1.5","1.50","wrong"),
 ("contains",{"whole_words":True},"C","C++","wrong"),
 ("contains",{"whole_words":True},"C","C#","wrong"),
 ("contains",{"whole_words":True},"東京","東京都","right"),
 ("contains",{"whole_words":True},"ครู","ครูสอน","right"),
 ("contains",{"whole_words":True},"U.S.","the U.S. army","right"),
 ("contains",{"whole_words":True},"foo","foo_bar","wrong"),
 ("contains",{"whole_words":True},"café","cafe\u0301","right"),
 ("contains",{"whole_words":True},"e","é e\u0301","wrong"),
 ("regex",{"pattern":r"Answer: (?P<answer>\w+)|(\d+)"},"7","Answer: 7","right"),
 ("regex",{"pattern":r"Answer: (?P<answer>\w+)|(\d+)"},"7","It is 7","right"),
 ("regex",{"pattern":r"(yes)|(no)"},"no","yes, then no","right"),
 ("regex",{"pattern":r"(yes)|(no)","pick":"first"},"no","yes, then no","wrong"),
 ("regex",{"pattern":r"x=(\d*)"},"5","x=","unparseable"),
 ("regex",{"pattern":r"(?i)result[:=]\s*(\S+)"},"ok","RESULT= ok","right"),
 ("verdict",{"scale":[1,5]},None,"Rating: [[4/5]]","errored"),
 ("verdict",{"scale":[1,5]},None,"Rating: [[4.5]]","scored"),
 ("verdict",{"scale":[1,5]},None,"Rating: **[[4]]**","scored"),
 ("verdict",{"scale":[1,5]},None,"Rating: [[ 4 ]]","scored"),
 ("verdict",{"scale":[1,5]},None,"Rating: [[0]]","errored"),
 ("verdict",{"scale":[1,5]},None,"[[rating]]: [[4]]","scored"),
 ("verdict",{"scale":[1,5]},None,"[[nan]]","errored"),
 ("verdict",{"scale":[1,5]},None,"<think>[[5]]</think> [[2]]","v0.25"),
 ("verdict",{"scale":[1,5]},None,"<think>[[5]]","errored"),
 ("verdict",{"verdicts":{"A":1,"B":0,"TIE":0.5}},None,"[[tie]]","v0.5"),
 ("verdict",{"verdicts":{"A":1,"B":0,"TIE":0.5}},None,"[[C]]","errored"),
 ("verdict",{"verdicts":{"A":1,"B":0,"TIE":0.5}},None,"[[A>B]]","errored"),
 ("verdict",{"verdicts":{"A":1,"B":0,"TIE":0.5}},None,"[[A]] is what I would say, if it were not for the error: [[B]]","v0.0"),
 ("verdict",{"verdicts":{"JA":1,"NEIN":0}},None,"[[nein]]","v0.0"),
]
FUNCTIONS = [{"name":"get_weather","description":"","parameters":{"type":"dict","properties":{"city":{"type":"string"},"unit":{"type":"string"}},"required":["city"]}},{"name":"add","description":"","parameters":{"type":"dict","properties":{"a":{"type":"integer"},"b":{"type":"float"}},"required":["a","b"]}}]
WANTED = [{"get_weather":{"city":["Paris"],"unit":["C","celsius",""]}},{"get_weather":{"city":["Rome"],"unit":["C","celsius",""]}}]
def calls(*made: tuple[str, dict[str, Any]]) -> str:
    return json.dumps([{"name": name, "arguments": given} for name, given in made])


def weather(**given: Any) -> tuple[str, dict[str, Any]]:
    return "get_weather", given


CALLED: list[tuple[list[dict[str, Any]], str, str]] = [
 (WANTED,calls(weather(city="Paris"),weather(city="Rome")),"right"),
 (WANTED,calls(weather(city="Rome"),weather(city="Paris")),"right"),
 (WANTED,calls(weather(city="Paris"),weather(city="Paris")),"wrong"),
 (WANTED,calls(weather(city="Paris"),weather(city="Rome"),weather(city="Rome")),"wrong"),
 (WANTED,calls(weather(city="Paris")),"wrong"),
 (WANTED,'<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>\n<tool_call>{"name":"get_weather","arguments":{"city":"Rome"}}</tool_call>',"right"),
 (WANTED,'<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>\nand then\n<tool_call>{"name":"get_weather","arguments":"{\\"city\\": \\"Rome\\"}"}</tool_call>',"right"),
 (WANTED,'get_weather(city="Paris"); get_weather(city="Rome")',"right"),
 (WANTED,"[get_weather(city='Paris'), get_weather(city='Rome', unit='celsius')]","right"),
 (WANTED,"```python\nget_weather(city='Paris')\nget_weather(city='Rome')\n```","right"),
 (WANTED,'{"tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}},{"function":{"name":"get_weather","arguments":{"city":"Rome"}}}]}',"right"),
 (WANTED,'1. get_weather(city="Paris")\n2. get_weather(city="Rome")',"right"),
 (WANTED,'[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}',"right"),
 (WANTED,'<function=get_weather>{"city": "Paris"}</function><function=get_weather>{"city": "Rome"}</function>',"right"),
 (WANTED,calls(weather(city="Paris"),("add",{"a":1,"b":2})),"wrong"),
 (WANTED,calls(weather(city="Paris"),weather(city="Rome",unit="F")),"wrong"),
 (WANTED,calls(weather(city="Paris"),weather(city="Rome",zone=1)),"wrong"),
 (WANTED,calls(weather(city="Paris"),weather(town="Rome")),"wrong"),
 (WANTED,calls(weather(city="paris"),weather(city="ROME")),"right"),
 (WANTED,calls(weather(city="Paris, France"),weather(city="Rome")),"wrong"),
 (WANTED,calls(weather(city=["Paris"]),weather(city="Rome")),"wrong"),
 ([{"add":{"a":[1],"b":[2.0]}}],calls(("add",{"a":1,"b":2})),"right"),
 ([{"add":{"a":[1],"b":[2.0]}}],calls(("add",{"a":"1","b":2})),"wrong"),
 ([{"add":{"a":[1],"b":[2.0]}}],calls(("add",{"a":True,"b":2})),"wrong"),
 ([{"add":{"a":[-1],"b":[2.0]}}],"add(a=-1, b=2.0)","right"),
]

# fmt: on


def test_instructions_on_odd_texts() -> None:
    otherwise = []
    for kind, given, reply, followed in FOLLOWED:
        (instruction,) = read_instructions({"instructions": [{"kind": kind, **given}]})
        if instruction.check(reply) is not followed:
            otherwise.append(f"{kind} {given} {reply!r}: not {followed}")
    assert not otherwise, "\n".join(otherwise)


@pytest.mark.long
@pytest.mark.skipif(code_worker.unsupported() is not None, reason="seccomp of Linux")
def test_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    asked = sample(
        entry_point="f",
        prompt='def f(x):\n    """Add one."""\n',
        test="def check(f):\n    assert f(1) == 2\n    assert f(4) == 5\n",
    )
    otherwise = []
    for reply, outcome in PROGRAMS:
        found = mark("code", {}, asked, reply)
        if found.outcome.value != outcome:
            otherwise.append(f"{reply!r}: {found.outcome.value} ({found.reason}), not {outcome}")
    assert not otherwise, "\n".join(otherwise)


def test_values_and_texts() -> None:
    otherwise = []
    for scorer, options, target, reply, expected in MARKED:
        found = mark(scorer, options, sample(target), reply)
        said = f"v{found.value}" if expected.startswith("v") else found.outcome.value
        if said != expected:
            otherwise.append(f"{scorer} {options} {target!r} {reply!r}: {said} ({found.reason}), not {expected}")
    assert not otherwise, "\n".join(otherwise)


def test_calls_as_text() -> None:
    otherwise = []
    for wanted, reply, outcome in CALLED:
        found = mark("tools", {}, sample(function=FUNCTIONS, ground_truth=wanted), reply)
        if found.outcome.value != outcome:
            otherwise.append(f"{reply!r}: {found.outcome.value} ({found.reason}), not {outcome}")
    assert not otherwise, "\n".join(otherwise)


NUMBERS_AND_NAMES = [
    ("It is 5.", "5", True), ("2, 5 and 7", "5", True), ("1,2,3", "2", True), ("1,2,3", "3", True), ("3-5", "5", True),
    ("x - 5", "5", True), ("5%", "5", True), ("fig.5", "5", True), ("3.\n4.", "4", True), ("PR#5", "PR", True),
    ("1,500", "1,500", True), ("A - is", "A", True), ("A+B", "A", True), ("C, C++", "C", True), ("5.5 or 5", "5", True),
    ("5,6", "5", False), (".5", "5", False), ("12,34,567", "34", False), ("(-5)", "5", False), ("F=\u22125", "5", False),
    ("1'000", "1", False), ("1.000,50", "000", False), ("Disney+", "Disney", False), ("A-, why", "A", False),
]  # fmt: skip


def test_whole_words_are_no_part_of_another_value_or_name() -> None:
    otherwise = [
        f"{word} in {text!r}: not {there}"
        for text, word, there in NUMBERS_AND_NAMES
        if (mark("contains", {"whole_words": True}, sample(word), text).outcome.value == "right") is not there
    ]
    assert not otherwise, "\n".join(otherwise)


@pytest.mark.parametrize(
    ("reference", "reply", "score"),
    [
        ("The", "the", 1.0),
        ("The", "!!", 0.0),
        ("a", "the", 0.0),
        ("∅", "∅", 1.0),
        ("?", "!", 0.0),
        ("the cat", "cat", 1.0),
    ],
)
def test_a_reference_without_a_word_that_counts_is_met_by_itself_alone(
    reference: str, reply: str, score: float
) -> None:
    assert mark("overlap", {"metric": "f1"}, sample(reference), reply).value == score
