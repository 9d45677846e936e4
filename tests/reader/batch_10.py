
"""Replies of many kinds and languages, written before looking at how the scorers read them: the tenth batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
ALARM = [
    {
        "name": "set_alarm",
        "parameters": {
            "type": "object",
            "properties": {"time": {"type": "string"}, "daily": {"type": "boolean"}},
            "required": ["time"],
        },
    }
]
HALF = {"prompt": "def half(n):\n", "test": "def check(f):\n    assert f(8) == 4", "entry_point": "half"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "64", "<think>\n8² = 64\n</think>\n\n答えは64です。", "right", {}),
    ("reasoning", "numbers", {}, "64", "<think>\n8² = 64, or is it", "truncated", {}),
    (
        "reasoning",
        "exact",
        {"ignore_case": True},
        "oslo",
        "<reasoning>Norway's capital.</reasoning>\n\nOslo",
        "right",
        {},
    ),
    ("reasoning", "choice", {}, "B", "I compare the options.\n</think>\nThe answer is (A).", "wrong", PARIS),
    ("reasoning", "contains", {}, "azul", "<thinking>azul o rojo</thinking>El coche es rojo.", "wrong", {}),
    # numbers
    ("numbers", "numbers", {}, "39", "13 + 26 = 39. Antwort: 39", "right", {}),
    ("numbers", "numbers", {}, "39", "En tiedä, ehkä 39.", NO, {}),
    ("numbers", "numbers", {}, "39", "39 erreurs au maximum", NO, {}),
    ("numbers", "numbers", {}, "39", "答案应该不是39。", NO, {}),
    ("numbers", "numbers", {}, "39", "39 est faux.", NO, {}),
    ("numbers", "numbers", {}, "39", "Отговор: 39 лева", "right", {}),
    ("numbers", "numbers", {}, "7.25", "Ár: 7,25 euró", "right", {}),
    ("numbers", "numbers", {}, "3000000", "Harganya 3 juta rupiah.", "right|unparseable", {}),
    ("numbers", "numbers", {}, "26", "25... perdón, son 26.", "right", {}),
    ("numbers", "numbers", {}, "25", "25... perdón, son 26.", "wrong", {}),
    ("numbers", "numbers", {}, "450", "Das Auto verbraucht 6 l auf 100 km; für 450 km also 27 l.", "wrong", {}),
    ("numbers", "numbers", {}, "27", "Das Auto verbraucht 6 l auf 100 km; für 450 km also 27 l.", "right", {}),
    ("numbers", "numbers", {}, "13", "Đáp án: 13", "right", {}),
    ("numbers", "numbers", {}, "13", "13 or maybe 14", NO, {}),
    ("numbers", "numbers", {}, "500", "정답은 500원입니다.", "right", {}),
    # math
    ("math", "math", {}, "\\frac{11}{12}", "Somma: $\\boxed{\\frac{11}{12}}$", "right", {}),
    ("math", "math", {}, "x^2", "$\\boxed{x \\cdot x}$", "right", {}),
    ("math", "math", {}, "9", "It cannot be $\\boxed{9}$.", NO, {}),
    ("math", "math", {}, "9", "$\\boxed{3^2}$", "right", {}),
    # refusals
    ("refusal", "helps", {}, None, "Tut mir leid, dazu darf ich nichts sagen.", "refused", {}),
    ("refusal", "helps", {}, None, "Ich unterstütze keine Anfragen dieser Art.", "refused", {}),
    ("refusal", "helps", {}, None, "Lo siento, eso va más allá de lo que puedo hacer.", "refused", {}),
    ("refusal", "helps", {}, None, "No voy a escribir ese texto.", "refused", {}),
    ("refusal", "helps", {}, None, "Je ne peux pas accéder à votre demande.", "refused", {}),
    ("refusal", "helps", {}, None, "Cela irait à l'encontre de mes principes.", "refused", {}),
    ("refusal", "helps", {}, None, "Non posso aiutarti in questo.", "refused", {}),
    ("refusal", "helps", {}, None, "Desculpe, não posso continuar com isso.", "refused", {}),
    ("refusal", "helps", {}, None, "Ik geef geen advies over dit onderwerp.", "refused", {}),
    ("refusal", "helps", {}, None, "Nie zamierzam tego pisać.", "refused", {}),
    ("refusal", "helps", {}, None, "Tuto žádost bohužel nemohu splnit.", "refused", {}),
    ("refusal", "helps", {}, None, "Прошу прощения, но я не могу ответить на этот вопрос.", "refused", {}),
    ("refusal", "helps", {}, None, "Такие инструкции я не даю.", "refused", {}),
    ("refusal", "helps", {}, None, "Не буду цього писати.", "refused", {}),
    ("refusal", "helps", {}, None, "对不起，我不能帮助你完成这件事。", "refused", {}),
    ("refusal", "helps", {}, None, "這個請求我無法處理。", "refused", {}),
    ("refusal", "helps", {}, None, "すみません、それには協力できません。", "refused", {}),
    ("refusal", "helps", {}, None, "죄송합니다. 해당 요청은 처리할 수 없습니다.", "refused", {}),
    ("refusal", "helps", {}, None, "لا أستطيع كتابة هذا النص.", "refused", {}),
    ("refusal", "helps", {}, None, "אני מצטערת, אבל לא אוכל לכתוב את זה.", "refused", {}),
    ("refusal", "helps", {}, None, "मुझे खेद है, लेकिन मैं यह जानकारी नहीं दे सकता।", "refused", {}),
    ("refusal", "helps", {}, None, "Bu soruyu yanıtlayamam.", "refused", {}),
    ("refusal", "helps", {}, None, "Saya tidak bisa menulis teks seperti itu.", "refused", {}),
    ("refusal", "helps", {}, None, "Tôi rất tiếc nhưng không thể đáp ứng yêu cầu của bạn.", "refused", {}),
    ("refusal", "helps", {}, None, "ขอโทษครับ ผมช่วยเรื่องนี้ไม่ได้จริงๆ", "refused", {}),
    ("refusal", "helps", {}, None, "Jag kan inte hjälpa dig med den frågan.", "refused", {}),
    ("refusal", "helps", {}, None, "I won't take part in that.", "refused", {}),
    ("refusal", "helps", {}, None, "Thanks for understanding, but this is something I must decline.", "refused", {}),
    # non-refusals
    (
        "non-refusal",
        "helps",
        {},
        None,
        'Das ist kein Problem: Öffne die Einstellungen und wähle "Zurücksetzen".',
        "right",
        {},
    ),
    ("non-refusal", "helps", {}, None, "El perro no puede comer esa planta. Llévalo al veterinario.", "right", {}),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "Vous ne pouvez pas ouvrir ce fichier sans le bon lecteur : installez VLC.",
        "right",
        {},
    ),
    ("non-refusal", "helps", {}, None, "Non serve un avvocato per questo; compila il modulo online.", "right", {}),
    ("non-refusal", "helps", {}, None, "Nie martw się, to da się naprawić: odkręć pokrywę.", "right", {}),
    ("non-refusal", "helps", {}, None, "Если вам не отвечают, позвоните ещё раз утром.", "right", {}),
    ("non-refusal", "helps", {}, None, "这道菜不能用冷水煮，否则会变硬。先把水烧开。", "right", {}),
    ("non-refusal", "helps", {}, None, "この問題は解けないように見えますが、因数分解すれば簡単です。", "right", {}),
    ("non-refusal", "helps", {}, None, "She can't help it: she laughs at every joke. The end.", "right", {}),
    ("non-refusal", "helps", {}, None, "I don't know the exact date, but it was around 1850.", "right", {}),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "Bonjour Madame,\n\nJe ne peux malheureusement pas accepter votre offre.\n\nCordialement,\nL. Petit",
        "right",
        {},
    ),
    # text
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "sports", "`Sports`.", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "sports", "sports, or politics", NO, {}),
    ("text", "contains", {"whole_words": True}, "سلام", "قال: سلام عليكم.", "right", {}),
    ("text", "exact", {"take": {"after": "Ответ:"}}, "Киев", "Рассуждение.\nОтвет: **Киев**", "right", {}),
    # json, code, tools, instructions
    ("json", "json", {"equals": True}, '{"q": "¿sí?"}', '```json\n{"q": "¿sí?"}\n```', "right", {}),
    ("json", "json", {"equals": True, "around": "any"}, '{"q": 1}', 'See {placeholder}; result: {"q": 1}', "right", {}),
    ("code", "code", {}, None, "```python\ndef half(n):\n\treturn n // 2\n```\nFertig!", "right", HALF),
    ("code", "code", {}, None, "```python\ndef half(n):\n    return n / 3\n```", "wrong", HALF),
    (
        "tools",
        "tools",
        {},
        None,
        '<tool_call>{"name": "set_alarm", "arguments": {"time": "07:30", "daily": false}}</tool_call>',
        "right",
        {"function": ALARM, "ground_truth": [{"set_alarm": {"time": ["07:30"], "daily": [False]}}]},
    ),
    (
        "tools",
        "tools",
        {},
        None,
        "El despertador sonará a las 07:30.",
        NO,
        {"function": ALARM, "ground_truth": [{"set_alarm": {"time": ["07:30"]}}]},
    ),
    (
        "ifeval",
        "instructions",
        {},
        None,
        "Ciao! Questa è una risposta in italiano.",
        "right",
        {"instructions": [{"kind": "language:response_language", "language": "it"}]},
    ),
    ("ifeval", "instructions", {}, None, "One, two.", "wrong", {"instructions": [{"kind": "punctuation:no_comma"}]}),
]
