# ruff: noqa: E501 - a reply is one text
"""IFEval's kinds on replies in other scripts, and which replies count as English in one case."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.records import Outcome
from tests.scoring import mark, sample

SENTENCES, WORDS = "length_constraints:number_sentences", "length_constraints:number_words"


def follows(kind: str, reply: str, **parameters: Any) -> bool:
    item = sample(instructions=[{"kind": kind, **parameters}])
    return mark("instructions", {}, item, reply).outcome is Outcome.RIGHT


N_SENTENCES = [
    ("我喜欢猫。你呢？真的！", 3),
    ("猫が好きです。あなたは？本当に！", 3),
    ("यह पहला है। क्या यह दूसरा है? हाँ।", 3),
    ("هل هذا سؤال؟ نعم. جيد.", 3),
    ("یہ پہلا ہے۔ یہ دوسرا ہے۔", 2),
    ("이것은 하나입니다. 저것은 둘입니다.", 2),
    ("Это первое. Это второе! А это?", 3),
    ("ይህ አንድ ነው። ይህ ሁለት ነው።", 2),
    ("これは「はい。」という返事です。終わり。", 2),
    ("他说：“好的。”然后走了。", 2),
    ("This is one. This is two.", 2),
]


@pytest.mark.parametrize(("text", "n"), N_SENTENCES)
def test_sentences_end_in_every_script(text: str, n: int) -> None:
    assert follows(SENTENCES, text, relation="at least", num_sentences=n)
    assert not follows(SENTENCES, text, relation="at least", num_sentences=n + 1)


N_WORDS = [
    ("我喜欢在公园里散步", 4, 9),
    ("東京は日本の首都です", 4, 10),
    ("ฉันชอบเดินเล่นในสวนสาธารณะ", 4, 26),
    ("я люблю гулять", 3, 3),
    ("मुझे चलना पसंद है", 4, 4),
    ("나는 걷기를 좋아한다", 3, 3),
    ("I like walking", 3, 3),
    ("أحب المشي كثيرا", 3, 3),
]


@pytest.mark.parametrize(("text", "at_least", "at_most"), N_WORDS)
def test_words_are_counted_in_every_script(text: str, at_least: int, at_most: int) -> None:
    assert follows(WORDS, text, relation="at least", num_words=at_least)
    assert not follows(WORDS, text, relation="at least", num_words=at_most + 1)


@pytest.mark.parametrize(
    "text",
    ["你好，世界", "苹果、香蕉和梨", "مرحبا، كيف حالك", "はい，そうです", "ﾊｲ､ｿｳ", "Hello, world", "ሰላም፣ ዓለም", "﹐"],
)
def test_every_comma_is_a_comma(text: str) -> None:
    assert not follows("punctuation:no_comma", text)


@pytest.mark.parametrize("text", ["你好世界。", "こんにちは。世界", "Hello world; again", "مرحبا"])
def test_no_comma_is_no_comma(text: str) -> None:
    assert follows("punctuation:no_comma", text)


@pytest.mark.parametrize(
    ("word", "text", "there"),
    [("狗", "我喜欢狗和猫", True), ("犬", "犬が好き", True), ("แมว", "ฉันรักแมวมาก", True), ("кот", "Мой кот спит", True),
     ("кот", "Который час?", False), ("cat", "concatenate", False), ("猫", "我喜欢狗", False), ("café", "un cafe\u0301", True)],
)  # fmt: skip
def test_a_forbidden_word_is_found_in_every_script(word: str, text: str, there: bool) -> None:
    assert follows("keywords:forbidden_words", text, forbidden_words=[word]) is not there


LOWER, CAPITAL = "change_case:english_lowercase", "change_case:english_capital"
ENGLISH = [
    "the cat sat on the mat and looked at the bird.",
    "dear sir, thank you for your letter. we will write again soon.",
    "once upon a time there was a king who had three sons.",
    "you can use this function to sort a list of numbers in place.",
]
FOREIGN = [
    "der hund liegt auf dem teppich und schläft den ganzen tag.",
    "el perro duerme en la alfombra todo el día y no quiere salir.",
    "le chien dort sur le tapis toute la journée et ne veut pas sortir.",
    "il cane dorme sul tappeto tutto il giorno e non vuole uscire.",
    "o cachorro dorme no tapete o dia todo e não quer sair.",
    "собака спит на ковре весь день",
    "de hond slaapt de hele dag op het tapijt en wil niet naar buiten.",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_in_one_case_follows(text: str) -> None:
    assert follows(LOWER, text) and not follows(CAPITAL, text)
    assert follows(CAPITAL, text.upper()) and not follows(LOWER, text.upper())
    assert not follows(LOWER, text.capitalize())


@pytest.mark.parametrize("text", FOREIGN)
def test_another_language_is_not_english(text: str) -> None:
    assert not follows(LOWER, text)
    assert not follows(CAPITAL, text.upper())


@pytest.mark.parametrize(
    "text",
    ["SHOES " * 200, "xqzt " * 50, "1. [name]\n" * 12, "O " * 300, "12345 !!!", "ABCDEFGHIJKLMNOPQRSTUVWXYZ" * 3],
)
def test_a_loop_or_no_language_at_all_is_not_english(text: str) -> None:
    assert not follows(LOWER, text.lower())
    assert not follows(CAPITAL, text.upper())


LANGUAGES = [
    ("sw", "Watoto wanacheza mpira uwanjani kila siku jioni."),
    ("vi", "Hôm nay trời đẹp nên chúng tôi đi dạo trong công viên."),
    ("mr", "मला मराठी भाषा खूप आवडते आणि मी ती रोज बोलतो."),
    ("hi", "मुझे हिंदी भाषा बहुत पसंद है और मैं इसे रोज़ बोलता हूँ।"),
    ("it", "Luna d'argento\nsul lago addormentato\nbrilla la notte"),
    ("fi", "Lapset leikkivät pihalla joka päivä ja laulavat."),
    ("bg", "Децата играят в парка всеки ден и пеят."),
    ("ne", "मलाई नेपाली भाषा मन पर्छ र म यो सधैं बोल्छु।"),
    ("th", "เด็ก ๆ เล่นในสวนสาธารณะทุกวัน"),
    ("ta", "குழந்தைகள் தினமும் பூங்காவில் விளையாடுகிறார்கள்."),
    ("pa", "ਬੱਚੇ ਹਰ ਰੋਜ਼ ਪਾਰਕ ਵਿੱਚ ਖੇਡਦੇ ਹਨ।"),
    ("fa", "بچه‌ها هر روز در پارک بازی می‌کنند و آواز می‌خوانند."),
    ("ur", "بچے ہر روز پارک میں کھیلتے ہیں اور گاتے ہیں۔"),
    ("de", "Die Kinder spielen jeden Tag im Park und singen."),
    ("pt", "As crianças brincam no parque todos os dias e cantam."),
]


@pytest.mark.parametrize(("language", "text"), LANGUAGES)
def test_the_language_of_a_reply_is_told(language: str, text: str) -> None:
    assert follows("language:response_language", text, language=language)
    for other in ("en", "ko", "fr"):
        assert not follows("language:response_language", text, language=other)


@pytest.mark.parametrize("text", ["एक " * 300, "हा हा हा"])
def test_a_single_repeated_word_is_not_told_as_another_script(text: str) -> None:
    assert not follows("language:response_language", text, language="en")


@pytest.mark.parametrize(
    ("reply", "verb"),
    [
        ("Preheat the oven to 200 degrees.", True),
        ("Exploring the coast takes a day.", True),
        ("Imagine a quiet lake.", True),
        ("Tried it twice.", True),
        ("Running is good for you.", True),
        ("**Whisk** the eggs.", True),
        ("Don't panic.", True),
        ("The oven is hot.", False),
        ("Happy people sing.", False),
        ("Morning light fell.", False),
        ("Thing by thing.", False),
        ("", False),
    ],
)
def test_a_reply_that_opens_with_a_verb_is_seen(reply: str, verb: bool) -> None:
    assert follows("words:start_verb", reply) is verb
