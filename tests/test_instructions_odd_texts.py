"""Checkable instructions on texts as they really come: CRLF, no-break blanks, Markdown, code, other languages.

What a careful person would say, written before the checks were looked at. Where IFEval's own checker says otherwise,
its rule stands (its published verdicts are reproduced), and the case says so.
"""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest

from evalkit.scorers.instructions import read_instructions
from tests.tables import table
from tests.test_scorers_instructions import FOLLOWED

NB = "\u00a0"
CASES: list[tuple[str, dict[str, Any], str, bool]] = [
    # length
    ("length_constraints:number_words", {"num_words": 4, "relation": "exactly"}, f"one{NB}two\r\nthree four", True),
    (
        "length_constraints:number_words",
        {"num_words": 4, "relation": "exactly"},
        "one\u200b two\u3000three\tfour",
        True,
    ),
    ("length_constraints:number_words", {"num_words": 4, "relation": "at most"}, "Größe naïve café Ωmega", True),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, "- \n- \n***\n---", False),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, "Привет, как дела?", True),
    (
        "length_constraints:number_words",
        {"num_words": 3, "relation": "at most"},
        "don't won’t can't",
        False,
    ),  # IFEval's own rule: six
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "exactly"}, "One.\r\nTwo.\r\n", True),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "exactly"}, "你好。再见。", True),
    (
        "length_constraints:number_sentences",
        {"num_sentences": 1, "relation": "exactly"},
        "It costs 3.50 at no. 7.",
        True,
    ),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "exactly"}, "क्या? हाँ।", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "a\r\n***\r\nb", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, f"a\n{NB}***{NB}\nb", True),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 3}, "a\n***\nb", False),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        "a\r\n\r\nSo it is.",
        True,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "über"},
        "a\n\nÜber alles.",
        True,
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        "a\n\nSomehow.",
        False,
    ),
    # keywords
    ("keywords:existence", {"keywords": ["café"]}, "Un cafe\u0301, bitte", True),
    ("keywords:existence", {"keywords": ["two words"]}, f"these two{NB}words", True),
    ("keywords:existence", {"keywords": ["two words"]}, "these two\r\nwords", True),
    ("keywords:existence", {"keywords": ["STRASSE"]}, "die Straße", False),
    ("keywords:existence", {"keywords": ["a+b"]}, "aab", False),
    ("keywords:forbidden_words", {"forbidden_words": ["ja"]}, "Ja!", False),
    ("keywords:forbidden_words", {"forbidden_words": ["ja"]}, "Januar", True),
    ("keywords:forbidden_words", {"forbidden_words": ["да"]}, "Куда", True),
    ("keywords:forbidden_words", {"forbidden_words": ["да"]}, "Да, хорошо", False),
    ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "**rock**", False),
    ("keywords:forbidden_words", {"forbidden_words": ["rock"]}, "`rock`", False),
    ("keywords:frequency", {"keyword": "ok", "frequency": 3, "relation": "at least"}, "OK\r\nok\r\nOk", True),
    ("keywords:letter_frequency", {"letter": "ü", "let_frequency": 2, "let_relation": "at least"}, "Übü", True),
    ("keywords:letter_frequency", {"letter": "#", "let_frequency": 1, "let_relation": "at least"}, "## Head", True),
    # edges
    ("startend:end_checker", {"end_phrase": "Is there more?"}, "So. Is there more?\r\n\r\n", True),
    ("startend:end_checker", {"end_phrase": "Is there more?"}, f"So. Is there more?{NB}", True),
    ("startend:end_checker", {"end_phrase": "Is there more?"}, "So. Is there more?\u200b", True),
    ("startend:end_checker", {"end_phrase": "Ende."}, "Das ist das ENDE.", True),
    ("startend:end_checker", {"end_phrase": "the end"}, "the end\n```", False),
    ("startend:quotation", {}, '"All of it.\r\nTwo lines."\r\n', True),
    ("startend:quotation", {}, f'{NB}"All of it."{NB}', True),
    ("startend:quotation", {}, '"One" and "two', False),
    ("startend:quotation", {}, "```\nx\n```", False),
    # punctuation
    ("punctuation:no_comma", {}, "eins، zwei", False),
    ("punctuation:no_comma", {}, "一、二", False),
    ("punctuation:no_comma", {}, "1.000.000 und mehr", True),
    ("punctuation:no_comma", {}, "```\nf(a, b)\n```", False),
    # case
    ("change_case:english_capital", {}, "THE CAT IS ON THE MAT.\r\nIT IS 5 KG!", True),
    ("change_case:english_capital", {}, f"THE{NB}CAT SAT ON THE MAT", True),
    ("change_case:english_capital", {}, "THE CAT\n```\nx = 1\n```", False),
    ("change_case:english_capital", {}, "DAS IST NICHT DIE KATZE UND DER HUND IST AUCH NICHT DA", False),
    ("change_case:english_lowercase", {}, "the cat is on the mat.\r\nit is 5 kg!", True),
    ("change_case:english_lowercase", {}, "the cat is on the mat with a ß and naïve café owners", True),
    ("change_case:english_lowercase", {}, "**the** cat is on the mat & so it is", True),
    ("change_case:english_lowercase", {}, "der hund ist nicht da und die katze ist auch nicht da", False),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": "at least"},
        "**NASA**\r\nUSA",
        True,
    ),
    ("change_case:capital_word_frequency", {"capital_frequency": 1, "capital_relation": "at least"}, "123 #!", False),
    # layout
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* a\r\n* b\r\n", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "- a\r\n- b\r\n", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "  * a\n\t- b", True),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "1. a\n2. b", False),
    ("detectable_format:number_bullet_lists", {"num_bullets": 1}, "**bold** only", False),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*eins* *zwei*\r\n", True),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "**一**", True),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 1}, "2 * 3 * 4", True),  # IFEval's own rule
    ("detectable_format:title", {}, "<<Größe>>\r\ntext", True),
    ("detectable_format:title", {}, f"<<{NB}>>", False),
    ("detectable_format:json_format", {}, '\ufeff{"a": 1}', True),
    ("detectable_format:json_format", {}, '```json\r\n{"a": 1}\r\n```\r\n', True),
    ("detectable_format:json_format", {}, '```JSON\n["ü"]\n```', True),
    ("detectable_format:json_format", {}, 'Here: {"a": 1}', False),
    ("detectable_format:json_format", {}, "{'a': 1}", False),
    ("detectable_format:constrained_response", {}, "**My answer is yes.**", True),
    ("detectable_format:constrained_response", {}, "My answer is maybe.\r\n", True),
    ("detectable_format:constrained_response", {}, "Mi respuesta es sí.", False),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "SECTION", "num_sections": 2},
        "SECTION 1\r\nx\r\nSECTION 2\r\ny",
        True,
    ),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "Abschnitt", "num_sections": 2},
        "**Abschnitt 1**\nx\n**Abschnitt 2**\ny",
        True,
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[Straße] und\r\n[город]", True),
    ("detectable_content:number_placeholders", {"num_placeholders": 1}, "x[0] = 1", True),  # IFEval's own rule
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Text.\r\n\r\nP.S. More.", True),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Text.\n\n**P.S.** More.", True),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}, "Text.\n\np. s. more", True),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Text.\n\nP.P.S. More", True),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Text.\n\nP.S. More", False),
    # combination
    ("combination:two_responses", {}, "one\r\n******\r\ntwo", True),
    ("combination:two_responses", {}, "one\n******\none", False),
    ("combination:two_responses", {}, f"one\n******\n{NB}one{NB}", False),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Was ist los?"}, "Was ist los?\r\nNichts.", True),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Two\nlines?"}, "Two\r\nlines?\r\nYes.", True),
    ("combination:repeat_prompt", {"prompt_to_repeat": "What now?"}, f"What{NB}now? Go.", True),
    ("combination:repeat_prompt", {"prompt_to_repeat": "What now?"}, "Sure. What now? Go.", False),
    # language
    ("language:response_language", {"language": "de"}, "Das ist der Hund, und er schläft nicht im Haus.\r\n", True),
    (
        "language:response_language",
        {"language": "de"},
        "```\nprint(1)\n```\nDas ist der Code, und er läuft nicht auf dem Gerät.",
        True,
    ),
    ("language:response_language", {"language": "en"}, "Das ist der Hund, und er schläft nicht im Haus.", False),
    ("language:response_language", {"language": "ru"}, "Это не тот дом, который мы искали.", True),
    (
        "language:response_language",
        {"language": "uk"},
        "Це не той будинок, який ми шукали, і він їй не подобається.",
        True,
    ),
    ("language:response_language", {"language": "ja"}, "これは本です。とても面白い。", True),
    ("language:response_language", {"language": "zh"}, "这是一本书，很有意思。", True),
    ("language:response_language", {"language": "ko"}, "이것은 책입니다. 아주 재미있어요.", True),
    ("language:response_language", {"language": "ar"}, "هذا كتاب جميل جدا، وقد قرأته أمس.", True),
    ("language:response_language", {"language": "fa"}, "این کتاب بسیار خوبی است و من آن را دیروز خواندم.", True),
    ("language:response_language", {"language": "hi"}, "यह एक अच्छी किताब है और मैंने इसे पढ़ा।", True),
    ("language:response_language", {"language": "mr"}, "हे एक चांगले पुस्तक आहे आणि मी ते वाचले.", True),
    ("language:response_language", {"language": "pt"}, "Não sei o que você quer dizer com isso, mas está bem.", True),
    ("language:response_language", {"language": "es"}, "No sé qué quieres decir con eso, pero está bien.", True),
    ("language:response_language", {"language": "vi"}, "Đây là một quyển sách rất hay và tôi đã đọc nó.", True),
]


@table(("kind", "given", "reply", "followed"), CASES)
def test_an_instruction_is_checked_on_odd_texts(kind: str, given: dict[str, Any], reply: str, followed: bool) -> None:
    (instruction,) = read_instructions({"instructions": [{"kind": kind, **given}]})
    assert instruction.check(reply) is followed


@pytest.mark.parametrize("way", ["CRLF", "no-break blanks", "byte order mark", "decomposed", "zero width"])
def test_what_nobody_sees_changes_no_verdict_of_any_kind(way: str) -> None:
    changed = []
    for kind, given, reply, followed in FOLLOWED:
        (instruction,) = read_instructions({"instructions": [{"kind": kind, **given}]})
        other = {
            "CRLF": reply.replace("\n", "\r\n"),
            "no-break blanks": reply.replace(" ", NB),
            "byte order mark": "\ufeff" + reply,
            "decomposed": normalize("NFD", reply),
            "zero width": reply.replace(". ", ".\u200b "),
        }[way]
        if instruction.check(other) is not followed:
            changed.append((kind, given, reply))
    assert changed == []
