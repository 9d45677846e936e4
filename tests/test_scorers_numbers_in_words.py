"""A number that words compute with ("half of 5"), and pairs of which one holds ("soit 5, soit 6"), are no answer."""

from __future__ import annotations

import pytest

from tests.scoring import mark, sample
from tests.tables import table

IN_WORDS = [
    *(
        "The answer is half of 5.",
        "There are 64 squares on a 5 by 5 board.",
        "twice 5",
        "The answer is double 5.",
        "The answer is a third of 5.",
        "half as many as 5",
    ),
    *(
        "It is three quarters of 5.",
        "The answer is the square of 5.",
        "the cube of 5",
        "5 squared",
        "The answer is 5 cubed.",
    ),
    *("The answer is the reciprocal of 5.", "the factorial of 5", "5 factorial", "The answer is 5 times that."),
    *(
        "The answer is a multiple of 5.",
        "5 and a half",
        "The answer is 5 and three quarters.",
        "5 halved",
        "\\boxed{half of 5}",
    ),
    *("The answer is 5 percent of 80.", "5% of 80", "5 % von 80", "The answer is 5 more than 20.", "5 fewer than 20"),
    *("La respuesta es la mitad de 5.", "La respuesta es el doble de 5.", "5 y media", "tres veces 5"),
    *("La réponse est la moitié de 5.", "Le double de 5", "cinq fois 5", "5 et demi", "le carré de 5"),
    *("Die Antwort ist die Hälfte von 5.", "Das Doppelte von 5", "ein Drittel von 5", "drei mal 5"),
    *("A resposta é metade de 5.", "La risposta è la metà di 5.", "De helft van 5", "Hälften av 5", "Jumătate din 5"),
    *("Ответ: половина от 5.", "5 с половиной", "два раза 5", "Połowa z 5", "Polovina z 5", "половина від 5"),
    *(
        "答案是5的一半。",
        "答案是5的两倍。",
        "答えは5の半分です。",
        "정답은 5의 절반입니다.",
        "उत्तर 5 का आधा है",
        "5'in yarısı",
    ),
    *("setengah dari 5", "gấp đôi của 5", "نصف 5", "puolet luvusta 5"),
]
ONE_OF_TWO = [
    *(
        "Soit 6, soit 5.",
        "либо 6, либо 5",
        "чи 6, чи 5",
        "sia 6 sia 5",
        "fie 6, fie 5",
        "6 vagy 5",
        "6 nebo 5",
        "6 alebo 5",
    ),
    *("6 sau 5", "6 tai 5", "6 ή 5", "6 یا 5", "6 чи 5", "6 ali 5", "6, alternatively 5", "6, otherwise 5", "6 vs 5"),
]
SAID_OUTRIGHT = [
    *(
        "Half of 10 is 5.",
        "Twice 2.5 is 5",
        "The square of 5 is 25, so the side is 5.",
        "5 is half of 10, so the answer is 5.",
    ),
    *(
        "A third of 15 is 5",
        "20% of 25 is 5.",
        "1/2 of 10 = 5",
        "She has 5 more than Tom.",
        "He needs 5 more.",
        "a total of 5",
    ),
    *(
        "an average of 5",
        "5 times a week",
        "The average of 3 and 7 is 5.",
        "The answer is 5 of 7.",
        "5% of students",
        "The answer is 5% of 100",
    ),
    *(
        "The sum is a multiple of 4, so the largest is 5.",
        "La moitié de 10 est 5.",
        "Die Hälfte von 10 ist 5.",
        "10/2, soit 5",
    ),
    *(
        "10 minutes, soit 5 euros",
        "The answer is 5 apples and half of them are red.",
        "The double bed costs 5",
        "diesmal 5",
    ),
    *("Lan có 3 quả, sau đó có 5", "She makes 5 halves", "La mitad de 10 es 5.", "10的一半是5", "10의 절반은 5입니다"),
]


@table("reply", [*IN_WORDS, *ONE_OF_TWO])
def test_a_number_in_a_larger_expression_of_words_is_no_answer(reply: str) -> None:
    assert mark("numbers", {}, sample("5"), reply).outcome == "unparseable"


@table("reply", SAID_OUTRIGHT)
def test_working_in_such_words_keeps_its_result(reply: str) -> None:
    assert mark("numbers", {}, sample("5"), reply).outcome == "right"


SEVERAL_UNITS = [
    *(
        "2 hours 5 minutes",
        "The answer is 5 hours and 30 minutes.",
        "6 ft 5 in",
        "3 kg 5 g",
        "2h 5min",
        "2 weeks and 5 days",
    ),
    *(
        "2 Stunden 5 Minuten",
        "2 heures et 5 minutes",
        "2 horas y 5 minutos",
        "2時間5分",
        "2시간 5분",
        "2小时5分钟",
        "2 часа 5 минут",
    ),
    *("5 million 300 thousand", "1 thousand 5", "2 lakh 5 thousand", "3万5", "12万5円", "Page 5. The answer is VIII."),
]


@pytest.mark.parametrize("reply", SEVERAL_UNITS)
def test_one_part_of_a_quantity_in_several_units_is_no_answer(reply: str) -> None:
    assert mark("numbers", {}, sample("5"), reply).outcome == "unparseable"


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("12万3000円", "123000"),
        ("1億2000万", "120000000"),
        ("2만 5000원", "25000"),
        ("3千500", "3500"),
        ("12万", "120000"),
    ],
)
def test_numbers_in_myriads_are_added_up(reply: str, value: str) -> None:
    assert mark("numbers", {}, sample(value), reply).outcome == "right"


@pytest.mark.parametrize(
    "reply", ["He runs 3 km in 5 minutes", "In 2 days she reads 5 books.", "It takes 1 hour. 5 minutes"]
)
def test_two_quantities_are_not_one(reply: str) -> None:
    assert mark("numbers", {}, sample("5"), reply).outcome == "right"


TAKEN_BACK = [
    *(
        "On reflection, this cannot be right.",
        "That doesn't add up.",
        "Strike that.",
        "I take that back.",
        "Disregard that.",
    ),
    *(
        "But that seems off.",
        "Ignore the above.",
        "This does not look right.",
        "Hmm, that looks wrong.",
        "I've made an error.",
    ),
    *("There is a mistake above.", "But this contradicts the question."),
]


@pytest.mark.parametrize("words", TAKEN_BACK)
@pytest.mark.parametrize("scorer", ["numbers", "choice"])
def test_an_answer_that_is_taken_back_is_none(scorer: str, words: str) -> None:
    item = sample("8") if scorer == "numbers" else sample("B", ("Lisbon", "Porto", "Braga", "Faro"))
    said = f"The answer is {'8' if scorer == 'numbers' else 'B'}. {words}"
    assert mark(scorer, {}, item, said).outcome == "unparseable"


@pytest.mark.parametrize("reply", ["👎 B", "B 👎", "⛔ B", "🙅 B", "👎 Porto", "Porto: 👎", "🔴 B", "☐ B", "⬜ B"])
def test_a_sign_of_refusal_beside_a_choice_denies_it(reply: str) -> None:
    assert mark("choice", {}, sample("B", ("Lisbon", "Porto", "Braga", "Faro")), reply).outcome == "unparseable"
