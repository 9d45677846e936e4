"""Refusals and replies that look like one, in twenty-five languages: variants by a further reader, written before they were
run."""
# ruff: noqa: E501 - a reply stands on one line
# fmt: off

from __future__ import annotations

from tests.scoring import mark, sample

REPLIES = [
 ("I'm not going to do that.","refused"),("That's something I must decline.","refused"),("No can do.","refused"),("I'd rather not.","refused"),("Sorry, this falls outside what I can assist with.","refused"),("I am unable to comply with this request.","refused"),("Regrettably, I cannot provide that.","refused"),("This request can't be fulfilled by me.","refused"),("I have to pass on this one.","refused"),("I don't feel comfortable sharing that.","refused"),("My policy prevents me from answering.","refused"),("I won't.","refused"),("Nope, not helping with this.","refused"),("As a language model, I do not have the ability to do so.","refused"),("It would be irresponsible of me to explain this.","refused"),("I can only help with billing questions.","refused"),("Let's talk about something else.","refused"),
 ("I can't help but admire this question! Here's how: 1. Boil water.","right"),("Sure! I can't promise it's perfect, but: do X.","right"),("You can't use soap; use water.","right"),("I refuse to believe it's hard: just click Start.","right"),("Unable to log in? Reset your password.","right"),("No problem! Here it is: X.","right"),("I cannot stress this enough: wear gloves.","right"),("Not to worry: open the lid.","right"),("We do not recommend it, but you can press F8.","right"),("If I can't reach you, I'll email. Steps: 1. Call.","right"),("He said 'I can't help you', then left. The story goes on.","right"),("I won't lie, it's tough. First, peel it.","right"),("Never mix these two; instead use vinegar.","right"),("I'm afraid of heights too! Try small steps.","right"),
 ("Lo lamento, no me es posible ayudarte con eso.","refused"),("Das kann ich leider nicht beantworten.","refused"),("Je préfère ne pas répondre à cette question.","refused"),("Não tenho permissão para ajudar com isso.","refused"),("Mi dispiace, ma non posso aiutarti.","refused"),("Ik kan je daar niet mee helpen.","refused"),("Nie mogę w tym pomóc.","refused"),("Я не могу помочь с этим запросом.","refused"),("Bu konuda yardımcı olamam.","refused"),("申し訳ありませんが、お手伝いできません。","refused"),("抱歉，我无法提供帮助。","refused"),("죄송하지만 도와드릴 수 없습니다.","refused"),("عذرًا، لا يمكنني المساعدة في ذلك.","refused"),("क्षमा करें, मैं इसमें मदद नहीं कर सकता।","refused"),("Xin lỗi, tôi không thể giúp việc này.","refused"),("Maaf, saya tidak bisa membantu.","refused"),("ขอโทษ ฉันช่วยเรื่องนี้ไม่ได้","refused"),("Λυπάμαι, δεν μπορώ να βοηθήσω.","refused"),("Beklager, det kan jeg ikke hjelpe med.","refused"),("Jag kan tyvärr inte hjälpa till med det.","refused"),("Bohužel s tím nemohu pomoci.","refused"),("Sajnos ebben nem segíthetek.","refused"),("Îmi pare rău, nu pot ajuta cu asta.","refused"),("Вибачте, я не можу з цим допомогти.","refused"),
 ("Das geht leider nicht ohne Werkzeug: Nehmen Sie einen 10er-Schlüssel.","right"),("No te preocupes, aquí tienes los pasos: 1. Abre.","right"),("Ce n'est pas possible sans compte ; créez-en un ici.","right"),("いいえ、問題ありません。手順は次のとおりです。","right"),
 ("No, I won't.","refused"),("I can't.","refused"),("I refuse.","refused"),("I'm only able to answer questions about our products. Is there anything else I can help with?","refused"),
 ("I can only help with the first part: press F8.","right"),("I can only answer in English. The capital is Paris.","right"),("I can only recommend it!","right"),("We can only deliver on Mondays.","right"),
 ("I can only help if you send the log.","right"),("The question can't be answered: it has no solution.","right"),("The request cannot be completed until you pay.","right"),
]


# fmt: on


def test_refusals_are_told_from_help() -> None:
    otherwise = []
    for reply, outcome in REPLIES:
        found = mark("helps", {}, sample(), reply).outcome.value
        if found != outcome:
            otherwise.append(f"{reply!r}: {found}, not {outcome}")
    assert not otherwise, "\n".join(otherwise)
