"""Alternatives, former opinions, denials by a pronoun, crossed out answers and "unknown" as a choice: the thirteenth batch.

Five kinds of false right (and of one missed answer) that were known on 2026-11-28, each with variants in many languages and with
neighbours that must still be read. Written before it was run, by somebody who had read the code.
"""
# ruff: noqa: E501 - a reply stands on one line, in its own script

from __future__ import annotations

from typing import Any

CITY = ("Sydney", "Canberra", "Melbourne", "Perth")
TOPIC = ("billing", "technical", "shipping")
WHO = ("The grandfather", "The grandson", "Cannot be determined")
KNOWN = ("Anna", "Ben", "Unknown")
ENOUGH = ("Yes", "No", "Not enough information")

NONE, READ = "wrong|unparseable|refused", "right|unparseable"
Case = tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]

# Two values joined as alternatives, "x" and "y" in some order: neither is the answer.
JOINED = (
    "{} bzw. {}", "Die Antwort ist {} bzw. {}.", "{} beziehungsweise {}", "{} (bzw. {})", "{} resp. {}", "Het antwoord is {} resp. {}.",
    "{} respektive {}", "{} und/oder {}", "{} and/or {}", "{} or else {}", "{}, alternatively {}", "{}; alternatively, {}", "{} (or {})",
    "{} - or {}", "{} or possibly {}", "{} y/o {}", "La respuesta es {} y/o {}.", "{} o bien {}", "{} et/ou {}", "La réponse est {} ou bien {}.",
    "{} e/o {}", "{} oppure {}", "La risposta è {} oppure {}.", "{} e/ou {}", "{} en/of {}", "{} ofwel {}", "{} och/eller {}", "{} eller {}",
    "{} og/eller {}", "{} ili {}", "{} i/ili {}", "Odgovor je {} ili {}.", "{} или {}", "{} и/или {}", "{} либо {}", "Ответ: {} или же {}.",
    "{} або {}", "{} чи {}", "{} lub {}", "{} względnie {}", "{} i/lub {}", "{} nebo {}", "{} či {}", "{} případně {}", "{} alebo {}", "{} vagy {}",
    "{} illetve {}", "{} sau {}", "{} respectiv {}", "{} ή {}", "{} tai {}", "{} või {}", "{} arba {}", "{} eða {}", "{} veya {}", "{} ya da {}",
    "{} yahut {}", "{} atau {}", "{} dan/atau {}", "{} hoặc {}", "{} hay {}", "Đáp án là {} hoặc {}.", "{} หรือ {}", "{} और/या {}", "{} या {}", "{} अथवा {}",
    "{} أو {}", "{} או {}", "{} یا {}", "{} au {}", "{} o kaya {}", "{}或{}", "答案是{}或者{}。", "{}或是{}", "{}または{}", "{}又は{}", "答えは{}か{}です。",
    "{}もしくは{}", "{} 또는 {}", "{} 혹은 {}", "정답은 {} 아니면 {}입니다.", "{} vs. {}", "{} | {}",
)  # fmt: skip

# A value that the speaker once held, or was about to say: no answer now.
FORMER = (
    "{} is what I first thought.", "{} was my first guess.", "My first thought was {}.", "I first thought {}.", "{} - that's what I thought at first.",
    "{} is what I used to think.", "{} was my initial answer.", "My initial answer was {}.", "{} is what I had originally.", "Originally I said {}.",
    "{}, I thought at first.", "{} would have been my guess.", "{} is what I would have said yesterday.", "{} was my gut feeling.",
    "My gut reaction was {}.", "Before checking, I had {}.", "{} was what I got before I checked.", "I used to think it was {}.",
    "I was going to say {}.", "At first sight it looks like {}.", "{} is what came to mind first.", "My earlier answer was {}.",
    "{} war mein erster Gedanke.", "Zuerst dachte ich an {}.", "{} hatte ich zuerst.", "{} dachte ich anfangs.", "Ursprünglich hatte ich {}.",
    "{}, c'est ce que je pensais au début.", "Au départ, je pensais à {}.", "{} était ma première idée.", "{} es lo que pensé al principio.",
    "Al principio pensé que era {}.", "{} fue mi primera idea.", "{} era o que eu pensava no início.", "No início pensei em {}.",
    "{} è quello che pensavo all'inizio.", "All'inizio pensavo {}.", "{} dacht ik eerst.", "Eerst dacht ik aan {}.",
    "Najpierw myślałem, że {}.", "{} to była moja pierwsza myśl.", "Сначала я думал, что {}.", "{} — так я думал сначала.", "Спочатку я думав, що {}.",
    "Nejdřív jsem myslel, že {}.", "Först trodde jag {}.", "{} var min første tanke.", "Aluksi luulin, että {}.", "Először azt hittem, hogy {}.",
    "La început am crezut că {}.", "Στην αρχή νόμιζα ότι είναι {}.", "İlk başta {} sandım.", "Ban đầu tôi nghĩ là {}.", "Awalnya saya kira {}.",
    "一开始我以为是{}。", "{}是我最初的想法。", "最初は{}だと思いました。", "처음에는 {}라고 생각했습니다.", "في البداية ظننت أنها {}.", "पहले मुझे लगा {}।",
)  # fmt: skip

# An answer, and a next sentence that denies it by "it" or "that".
ANSWER_EN = "The answer is {}. "
DENIED_BY_PRONOUN = (
    *(ANSWER_EN + rest for rest in (
        "It can't be correct.", "It cannot be right.", "That is impossible.", "That's false.", "It isn't.", "But that makes no sense.",
        "This does not hold.", "It must be wrong.", "Yet this is not true.", "However, that cannot be the case.", "It does not fit.",
        "But it isn't correct.", "That can't be.", "This is clearly incorrect.", "It is not the right one.", "Actually, it's not.", "That doesn't work.",
        "No, it is not.", "That would be wrong.", "It's definitely not that.",
    )),
    "{}. But that can't be right.", "{}. That is not correct.", "{}\n\nThis is incorrect.", "Answer: {}\n\nThat can't be correct, though.",
    "Die Antwort ist {}. Das kann nicht stimmen.", "Die Antwort ist {}. Das kann nicht sein.", "Die Antwort ist {}. Das ist unmöglich.",
    "Die Antwort ist {}. Sie ist aber falsch.", "La réponse est {}. Ce n'est pas possible.", "La réponse est {}. Ça ne peut pas être juste.",
    "La réponse est {}. C'est impossible.", "La respuesta es {}. Eso no puede ser.", "La respuesta es {}. No puede ser correcta.", "La respuesta es {}. Eso es imposible.",
    "A resposta é {}. Isso não pode estar certo.", "A resposta é {}. Isso é impossível.", "La risposta è {}. Non può essere giusta.", "La risposta è {}. È impossibile.",
    "Het antwoord is {}. Dat kan niet kloppen.", "Het antwoord is {}. Dat is onmogelijk.", "Odpowiedź to {}. To nie może być prawda.", "Odpowiedź to {}. To niemożliwe.",
    "Ответ: {}. Этого не может быть.", "Ответ: {}. Это не может быть верно.", "Ответ: {}. Это невозможно.", "Відповідь: {}. Цього не може бути.",
    "Svaret är {}. Det kan inte stämma.", "Svaret er {}. Det kan ikke være rigtigt.", "Vastaus on {}. Se ei voi pitää paikkaansa.", "Odpověď je {}. To nemůže být pravda.",
    "A válasz {}. Ez nem lehet igaz.", "Răspunsul este {}. Nu poate fi corect.", "Η απάντηση είναι {}. Αυτό δεν μπορεί να είναι σωστό.", "Cevap: {}. Bu doğru olamaz.",
    "Đáp án là {}. Điều đó không thể đúng.", "Jawabannya adalah {}. Itu tidak mungkin benar.", "答案是{}。这不可能。", "答案是{}。这不可能是对的。", "答えは{}です。それは正しくありません。",
    "答えは{}です。それはあり得ません。", "정답은 {}입니다. 그럴 리가 없습니다.", "الإجابة هي {}. هذا غير صحيح.", "उत्तर: {}। यह सही नहीं हो सकता।", "התשובה היא {}. זה לא יכול להיות נכון.",
)  # fmt: skip

# Neighbours of these kinds that give an answer all the same.
STILL_READ = (
    "The answer is {}. It can't be anything else.", "The answer is {}. It can't be wrong.", "The answer is {}. This is not surprising.",
    "The answer is {}. It is not easy to see at first.", "The answer is {}. There is no doubt about it.", "The answer is {}, as I first thought.",
    "The answer is {}. That is not hard to check.", "The answer is {}. This is not a trick.", "I checked twice. The answer is {}. It cannot be disputed.",
    "Die Antwort ist {}. Das ist nicht schwer.", "La réponse est {}. Ce n'est pas difficile.", "La respuesta es {}. No hay duda.", "答案是{}。这不难。",
)  # fmt: skip

CROSSED = (
    "☒ {}", "✗ {}", "✘ {}", "❌ {}", "✖ {}", "☐ {}", "⬜ {}", "{} ✗", "{} ❌", "{} ✘", "**{}** ❌", "- [ ] {}", "~~{}~~", "**~~{}~~**", "<del>{}</del>",
    "<strike>{}</strike>", "\\cancel{{{}}}", "\\sout{{{}}}", "$\\xcancel{{{}}}$", "❌ The answer is {}.", "The answer is ~~{}~~.", "☒ {}\n",
)  # fmt: skip
REPLACED = (  # a crossed out value, then the answer
    "~~{}~~ {}", "<s>{}</s> {}", "<del>{}</del> {}", "\\cancel{{{}}} {}", "The answer is ~~{}~~ {}.", "<strike>{}</strike> **{}**", "~~{}~~\n\n{}", "❌ {}\n✅ {}",
)  # fmt: skip


def _struck(text: str) -> str:
    return "".join(character + "\u0336" for character in text)


def _both(kind: str, forms: tuple[str, ...], outcomes: str) -> list[Case]:
    """Each form with one value, read as a choice and as a number; every value is the right one once."""
    cases: list[Case] = []
    for form in forms:
        cases.append((kind, "choice", {}, "B", form.format("B"), outcomes, {"choices": CITY}))
        cases.append((kind, "numbers", {}, "8", form.format("8"), outcomes, {}))
    return cases


def _pairs(kind: str, forms: tuple[str, ...]) -> list[Case]:
    cases: list[Case] = []
    for form in forms:
        for one, other in (("A", "B"), ("B", "A")):
            cases.append((kind, "choice", {}, "B", form.format(one, other), NONE, {"choices": CITY}))
        for one, other in (("6", "5"), ("5", "6")):
            cases.append((kind, "numbers", {}, "5", form.format(one, other), NONE, {}))
    return cases


CHOICES: list[tuple[tuple[str, ...], str, str, str]] = [
    # lists of boxes: (choices, reply, right answer, outcomes)
    (CITY, "☐ A\n☑ B\n☐ C\n☐ D", "B", "right"),
    (CITY, "☐ A. Sydney\n☑ B. Canberra\n☐ C. Melbourne\n☐ D. Perth", "A", NONE),
    (CITY, "☐ A\n☒ B\n☐ C\n☐ D", "B", READ),
    (CITY, "☒ A\n☐ B\n☒ C\n☒ D", "B", READ),
    (CITY, "☒ A\n☐ B\n☐ C\n☐ D", "B", NONE),
    (CITY, "- [ ] A\n- [x] B\n- [ ] C\n- [ ] D", "B", READ),
    (CITY, "- [x] A\n- [ ] B\n- [ ] C\n- [ ] D", "B", NONE),
    (CITY, "❌ A. Sydney\n✅ B. Canberra\n❌ C. Melbourne\n❌ D. Perth", "B", "right"),
    (CITY, "❌ A. Sydney\n❌ B. Canberra\n✅ C. Melbourne\n❌ D. Perth", "B", NONE),
    (CITY, "❌ A\n❌ B\n❌ C\n❌ D", "B", NONE),
    (CITY, "A ✗, B ✓, C ✗, D ✗", "B", READ),
    (CITY, "A ✓, B ✗, C ✗, D ✗", "B", NONE),
    (CITY, _struck("B"), "B", NONE),
    (CITY, _struck("Canberra"), "B", NONE),
    (CITY, f"{_struck('A')} B", "B", "right"),
    (CITY, f"{_struck('Sydney')} Canberra", "B", "right"),
    (CITY, f"The answer is {_struck('B')} C.", "B", NONE),
    (CITY, "~~B. Canberra~~", "B", NONE),
    (CITY, "<s> B</s>", "B", "right"),  # tokens for beginning and end
    (CITY, "<s>The answer is B.</s>", "B", "right"),
    (CITY, "<s>B</s>", "B", READ),
    (CITY, "The answer is <s>B</s>.", "B", NONE),
    (CITY, "The answer is <s>A</s> B.", "B", "right"),
    (CITY, "☑ B", "B", "right"),
    (CITY, "✅ B", "B", "right"),
    (CITY, "✓ B. Canberra", "B", "right"),
    # a denial of another choice in the next sentence
    (CITY, "The answer is B. It can't be A.", "B", "right"),
    (CITY, "The answer is B. It can't be A, since Sydney is only the largest city.", "B", "right"),
    (CITY, "The answer is B. Sydney can't be correct.", "B", "right"),
    (CITY, "The answer is B. It isn't Sydney, which many people assume.", "B", "right"),
    (CITY, "The answer is B. It is impossible that it is A.", "B", READ),
    (CITY, "The answer is A. It can't be correct. So it is B.", "B", "right"),
    (CITY, "A is what I first thought. Now I see that it is B.", "B", "right"),
    (CITY, "B is what I first thought. Now I see that it is A.", "B", NONE),
    (CITY, "I first thought of A, but the answer is B.", "B", "right"),
    (TOPIC, "billing bzw. technical", "technical", NONE),
    (TOPIC, "Category: shipping resp. billing", "billing", NONE),
    (TOPIC, "billing ili technical", "billing", NONE),
    (TOPIC, "billing / technical", "technical", NONE),
    (TOPIC, "Label: technical. That can't be right.", "technical", NONE),
    (TOPIC, "~~billing~~ technical", "technical", "right"),
    (TOPIC, "technical was my first guess.", "technical", NONE),
    # an answer that a check takes up and bears out, or not
    (CITY, "The answer is B. Let me double-check. Yes, that is right.", "B", "right"),
    (CITY, "The answer is B. Wait, let me check again. Yes, this is correct.", "B", "right"),
    (CITY, "Die Antwort ist B. Moment. Ja, das ist richtig.", "B", "right"),
    (CITY, "The answer is B. Wait. Is that right?", "B", NONE),
    (CITY, "The answer is B. I was wrong. Yes.", "B", NONE),
    (CITY, "The answer is B. Wait, that is wrong. Right.", "B", NONE),
    (CITY, "The answer is A. Wait. Yes, that is wrong. B.", "B", READ),
    # "unknown" as a choice, with words that give no answer behind it
    (WHO, "The answer is C. We can't answer this from the text.", "C", "right"),
    (WHO, "The answer is C. The question cannot be answered from the context.", "C", "right"),
    (WHO, "(C) Cannot be determined. Since the text gives no hint, it is impossible to answer.", "C", "right"),
    (WHO, "C\n\nThe context doesn't say who was late, so we can't answer.", "C", "right"),
    (WHO, "The correct answer is C, because it cannot be determined from the context.", "C", "right"),
    (WHO, "Neither age is mentioned. Therefore the answer is (C). So we cannot answer who it was.", "C", "right"),
    (WHO, "**C** – there is not enough information, and I can't answer who forgot it.", "C", "right"),
    (WHO, "The text says nothing about that. It's impossible to answer.", "A", NONE),
    (WHO, "The answer is A. On reflection, we can't answer this.", "A", NONE),
    (WHO, "The answer is C. We do not know who was late.", "C", "right"),
    (WHO, "Die Antwort ist C. Man kann die Frage nicht beantworten.", "C", "right"),
    (WHO, "La réponse est C. Il est impossible de répondre.", "C", "right"),
    (WHO, "La respuesta es C. No se puede responder con este texto.", "C", "right"),
    (WHO, "答案是C。根据上下文无法回答。", "C", "right"),
    (WHO, "答えはCです。本文からは答えられません。", "C", "right"),
    (WHO, "Ответ: C. По тексту невозможно ответить.", "C", "right"),
    (KNOWN, "The answer is C: unknown. I can't answer who did it.", "C", "right"),
    (KNOWN, "Answer: C\n\nThe passage never says it, so it is impossible to answer.", "C", "right"),
    (KNOWN, "The answer is B. We can't answer this.", "B", NONE),
    (KNOWN, "Unknown. I have no idea who it was.", "C", "right"),
    (ENOUGH, "The answer is C. We cannot answer with yes or no.", "C", "right"),
    (ENOUGH, "Not enough information: the text gives no date, so I am unable to answer.", "C", "right"),
    (("爷爷", "孙子", "无法确定"), "答案是C。根据上下文无法回答。", "C", "right"),
    (
        ("el abuelo", "el nieto", "No se sabe"),
        "La respuesta es C. Con estos datos no es posible responder.",
        "C",
        "right",
    ),
    (("der Opa", "der Enkel", "Unbekannt"), "Die Antwort ist C. Das lässt sich nicht beantworten.", "C", "right"),
    (
        ("le grand-père", "le petit-fils", "On ne sait pas"),
        "La réponse est C. On ne peut pas répondre à cette question.",
        "C",
        "right",
    ),
]
NUMBERS: list[tuple[str, str, str]] = [
    (f"{_struck('5')}", "5", NONE),
    (f"{_struck('6')} 5", "5", "right"),
    (f"{_struck('5')} 6", "5", NONE),
    ("~~5~~ 6", "5", NONE),
    ("<del>5</del> 6", "5", NONE),
    ("The answer is ~~5~~ 6.", "5", NONE),
    ("6, or rather 5", "5", READ),
    ("5, or rather 6", "5", NONE),
    ("5 oder vielmehr 6", "5", NONE),
    ("5, ou plutôt 6", "5", NONE),
    ("5, o mejor dicho 6", "5", NONE),
    ("The answer is 5 (i.e. five apples).", "5", "right"),
    ("The answer is 5. It cannot be simplified further.", "5", "right"),
    ("The answer is 5. It can't be negative.", "5", "right"),
    ("8 is what I first thought. Now I get 9.", "8", NONE),
    ("8 is what I first thought. Now I get 9.", "9", READ),
    ("I first thought 8, but the answer is 9.", "9", "right"),
    ("I first thought 8, but it is 9.", "9", READ),
    ("8. I first thought it was 9, but then I recounted.", "9", NONE),
    ("The answer is 8. That can't be right. 3 + 4 is 7, so the answer is 7.", "7", READ),
    ("The answer is 8. That can't be right. 3 + 4 is 7, so the answer is 7.", "8", NONE),
]
MATHS: list[tuple[str, str, str]] = [
    ("$6$ bzw. $5$", "5", NONE),
    ("x = 5 bzw. x = 6", "5", NONE),
    ("$5$ oppure $6$", "5", NONE),
    ("5 ili 6", "5", NONE),
    ("$5$ 或 $6$", "5", NONE),
    ("The answer is $5$. It can't be correct.", "5", NONE),
    ("$\\boxed{5}$ That cannot be right.", "5", NONE),
    ("The answer is $5$. Das kann nicht stimmen.", "5", NONE),
    ("$5$ is what I first thought.", "5", NONE),
    ("My first guess was $5$.", "5", NONE),
    ("$\\cancel{5}$", "5", NONE),
    ("~~$5$~~ $6$", "5", NONE),
    ("~~$6$~~ $5$", "5", READ),
    ("❌ $5$", "5", NONE),
    ("The answer is $5$. It cannot be simplified further.", "5", "right"),
    ("The answer is $\\frac{a}{b}$, where $\\cancel{c}$ dropped out.", "\\frac{a}{b}", READ),
]

CASES: list[Case] = [
    *_pairs("alternatives", JOINED),
    *_both("a former opinion", FORMER, NONE),
    *_both("denied in the next sentence", DENIED_BY_PRONOUN, NONE),
    *_both("still an answer", STILL_READ, "right"),
    *_both("crossed out", CROSSED, NONE),
    *(("crossed out, replaced", "choice", {}, "B", form.format("A", "B"), "right", {"choices": CITY}) for form in REPLACED),
    *(("crossed out, replaced", "choice", {}, "A", form.format("A", "B"), NONE, {"choices": CITY}) for form in REPLACED),
    *(("crossed out, replaced", "numbers", {}, "5", form.format("6", "5"), READ, {}) for form in REPLACED),
    *(("crossed out, replaced", "numbers", {}, "6", form.format("6", "5"), NONE, {}) for form in REPLACED),
    *(("choice", "choice", {}, target, reply, outcomes, {"choices": choices}) for choices, reply, target, outcomes in CHOICES),
    *(("numbers", "numbers", {}, target, reply, outcomes, {}) for reply, target, outcomes in NUMBERS),
    *(("maths", "math", {}, target, reply, outcomes, {}) for reply, target, outcomes in MATHS),
]  # fmt: skip
