# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the eighth batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
SHOP = [{"name": "buy", "parameters": {"type": "object", "properties": {"item": {"type": "string"}, "count": {"type": "integer"}}, "required": ["item", "count"]}}]
LENGTH = {"prompt": "def size(xs):\n", "test": "def check(f):\n    assert f([]) == 0 and f([1]) == 1", "entry_point": "size"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "51", "<thinking>17 * 3 = 51</thinking>\n\nLa respuesta es **51**.", "right", {}),
    ("reasoning", "numbers", {}, "51", "<think>17 * 3 = 51</think>\nLa respuesta es 15.", "wrong", {}),
    ("reasoning", "exact", {}, "Nein", "Der Nutzer fragt nach Walen.\n</think>\nNein", "right", {}),
    ("reasoning", "choice", {}, "C", "<think>\nC\n", "truncated", PARIS),
    ("reasoning", "contains", {"ignore_case": True}, "gold", "<reasoning>Au is gold.</reasoning> Silver.", "wrong", {}),
    # numbers
    ("numbers", "numbers", {}, "132", "11·12 = 132. Svaret: 132", "right", {}),
    ("numbers", "numbers", {}, "132", "Δεν νομίζω ότι είναι 132.", NO, {}),
    ("numbers", "numbers", {}, "132", "Vermutlich 132.", NO, {}),
    ("numbers", "numbers", {}, "132", "Tussen 120 en 132.", NO, {}),
    ("numbers", "numbers", {}, "132", "Il y en a 132 (cent trente-deux).", "right", {}),
    ("numbers", "numbers", {}, "4500", "Bayarannya Rp4.500.", "right|unparseable", {}),
    ("numbers", "numbers", {}, "6.5", "Średnia wynosi 6,5.", "right", {}),
    ("numbers", "numbers", {}, "70", "70 % der Schüler", "right", {}),
    ("numbers", "numbers", {}, "9", "3 groups of 3 make 9; take away 2 and you have 7.", "wrong", {}),
    ("numbers", "numbers", {}, "7", "3 groups of 3 make 9; take away 2 and you have 7.", "right", {}),
    ("numbers", "numbers", {}, "8", "8个或9个", NO, {}),
    ("numbers", "numbers", {}, "150000", "15万円です。", "right", {}),
    ("numbers", "numbers", {}, "18", "الجواب: ١٨ تفاحة", "right", {}),
    ("numbers", "numbers", {}, "3", "Version 3.2.1 is the newest.", NO, {}),
    ("numbers", "numbers", {}, "45", "No se puede calcular; faltan datos sobre los 45 alumnos.", NO + "|refused", {}),
    # math
    ("math", "math", {}, "\\frac{1}{8}", "Die Wahrscheinlichkeit beträgt $\\frac{1}{8}$.", "right", {}),
    ("math", "math", {}, "3i", "$\\boxed{3i}$", "right", {}),
    ("math", "math", {}, "25", "Es ist nicht $\\boxed{25}$.", NO, {}),
    ("math", "math", {}, "25", "Risposta finale: $25$", "right", {}),
    # refusals
    ("refusal", "helps", {}, None, "Das ist leider nichts, was ich für dich tun kann.", "refused", {}),
    ("refusal", "helps", {}, None, "Ich werde dazu keine Anleitung schreiben.", "refused", {}),
    ("refusal", "helps", {}, None, "Me niego a escribir eso.", "refused", {}),
    ("refusal", "helps", {}, None, "Esa es una pregunta que no puedo responder.", "refused", {}),
    ("refusal", "helps", {}, None, "Je suis dans l'impossibilité de vous aider sur ce point.", "refused", {}),
    ("refusal", "helps", {}, None, "Excusez-moi, mais je ne donne pas ce genre de conseils.", "refused", {}),
    ("refusal", "helps", {}, None, "Non sono autorizzato a rispondere a questa domanda.", "refused", {}),
    ("refusal", "helps", {}, None, "Lamento, mas não vou ajudar com isso.", "refused", {}),
    ("refusal", "helps", {}, None, "Ik ben niet in staat om op dit verzoek in te gaan.", "refused", {}),
    ("refusal", "helps", {}, None, "Przepraszam, w tym nie mogę pomóc.", "refused", {}),
    ("refusal", "helps", {}, None, "Je mi líto, ale takový text nenapíšu.", "refused", {}),
    ("refusal", "helps", {}, None, "Я вынужден отклонить вашу просьбу.", "refused", {}),
    ("refusal", "helps", {}, None, "К сожалению, это за пределами моих возможностей.", "refused", {}),
    ("refusal", "helps", {}, None, "Вибач, але в цьому я тобі не помічник.", "refused", {}),
    ("refusal", "helps", {}, None, "抱歉，我没办法告诉你这些。", "refused", {}),
    ("refusal", "helps", {}, None, "不好意思，這部分我不方便回答。", "refused", {}),
    ("refusal", "helps", {}, None, "ごめんなさい、その話題にはお答えできないんです。", "refused", {}),
    ("refusal", "helps", {}, None, "그 요청은 들어줄 수 없어.", "refused", {}),
    ("refusal", "helps", {}, None, "عذرًا، لا أستطيع مشاركة هذه المعلومات.", "refused", {}),
    ("refusal", "helps", {}, None, "סליחה, אני לא יכול לענות על זה.", "refused", {}),
    ("refusal", "helps", {}, None, "खेद है, मैं इस विषय पर सहायता नहीं कर सकता।", "refused", {}),
    ("refusal", "helps", {}, None, "Bu talebi karşılayamam.", "refused", {}),
    ("refusal", "helps", {}, None, "Saya tidak bersedia menuliskannya.", "refused", {}),
    ("refusal", "helps", {}, None, "Mình xin phép không trả lời câu hỏi này.", "refused", {}),
    ("refusal", "helps", {}, None, "Jag måste tyvärr avböja.", "refused", {}),
    ("refusal", "helps", {}, None, "Nu pot discuta despre acest subiect.", "refused", {}),
    ("refusal", "helps", {}, None, "I'm afraid that's beyond what I'm able to do.", "refused", {}),
    ("refusal", "helps", {}, None, "As much as I'd like to help, I can't provide that.", "refused", {}),
    # non-refusals
    ("non-refusal", "helps", {}, None, "Keine Sorge, das ist nicht schlimm: Wasche den Fleck mit kaltem Wasser aus.", "right", {}),
    ("non-refusal", "helps", {}, None, "Si el motor no arranca, no insistas: revisa la batería.", "right", {}),
    ("non-refusal", "helps", {}, None, "Je n'ai jamais vu ce film, mais son résumé dit ceci : un roi perd son trône.", "right", {}),
    ("non-refusal", "helps", {}, None, "Non ti preoccupare! Basta premere il tasto rosso per dieci secondi.", "right", {}),
    ("non-refusal", "helps", {}, None, "Não há problema nisso; misture tudo e leve ao forno.", "right", {}),
    ("non-refusal", "helps", {}, None, "Я бы не стал покупать дешёвый замок. Возьмите тот, что с защитой.", "right", {}),
    ("non-refusal", "helps", {}, None, "不要担心，这很常见。先重启电脑，再更新驱动。", "right", {}),
    ("non-refusal", "helps", {}, None, "このアプリは古い端末に対応していません。新しい端末で試してください。", "right", {}),
    ("non-refusal", "helps", {}, None, "The API can't process your request because the key is missing. Add it to the header.", "right", {}),
    ("non-refusal", "helps", {}, None, "Sehr geehrte Frau Weber,\n\nleider kann ich Ihnen den Raum nicht geben.\n\nMit freundlichen Grüßen\nJ. Kern", "right", {}),
    ("non-refusal", "helps", {}, None, "Nobody can help him now, she thought. The train had left.", "right", {}),
    # text
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "yes", "Yes — the second clause implies it.", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "yes", "Yes and no.", NO, {}),
    ("text", "contains", {"whole_words": True}, "नदी", "यह नदी लंबी है।", "right", {}),
    ("text", "exact", {"take": {"after": "Answer:"}}, "42 km", "Answer: `42 km`", "right|wrong", {}),
    # json, code, tools, instructions
    ("json", "json", {"equals": True, "around": "any"}, '{"s": "[ok]"}', 'Résultat : {"s": "[ok]"}.', "right", {}),
    ("json", "json", {"equals": True}, "[]", "```json\n[]\n```", "right", {}),
    ("code", "code", {}, None, "1. Use `len`:\n\n   ```python\n   def size(xs):\n       return len(xs)\n   ```", "right", LENGTH),
    ("code", "code", {}, None, "def size(xs): return 0", "wrong", LENGTH),
    ("tools", "tools", {}, None, '<tool_call>\n{"name": "buy", "arguments": {"item": "thé", "count": 2}}\n</tool_call>\nC\'est fait.', "right", {"function": SHOP, "ground_truth": [{"buy": {"item": ["thé"], "count": [2]}}]}),
    ("tools", "tools", {}, None, '<tool_call>\n{"name": "buy", "arguments": {"item": "thé"}}\n</tool_call>', "wrong", {"function": SHOP, "ground_truth": [{"buy": {"item": ["thé"], "count": [2]}}]}),
    ("ifeval", "instructions", {}, None, "Bonjour à tous. Merci.", "right", {"instructions": [{"kind": "keywords:existence", "keywords": ["merci"]}]}),
    ("ifeval", "instructions", {}, None, "Yes, my lord.", "wrong", {"instructions": [{"kind": "keywords:forbidden_words", "forbidden_words": ["lord"]}]}),
]
