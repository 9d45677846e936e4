# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the third batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
MAIL = [{"name": "send_mail", "parameters": {"type": "object", "properties": {"to": {"type": "string"}, "urgent": {"type": "boolean"}}, "required": ["to"]}}]
SQUARE = {"prompt": "def square(n):\n", "test": "def check(f):\n    assert f(3) == 9", "entry_point": "square"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "21", "<think>\nПусть x = 21.\n</think>\nx = 21", "right", {}),
    ("reasoning", "numbers", {}, "21", "<Think>\nThe answer is 21.\n</Think>\nI don't know.", "unparseable|refused", {}),
    ("reasoning", "choice", {}, "D", "<analysis>Paris? Lyon? No.</analysis>\n\nD", "right", PARIS),
    ("reasoning", "contains", {}, "Wien", "<think>Wien ist die Hauptstadt.</think>\n\nGraz.", "wrong", {}),
    ("reasoning", "exact", {}, "yes", "In HTML, write <b>yes</b>.", "wrong", {}),
    ("reasoning", "json", {"equals": True}, "[1]", "</think>\n\n[1]", "right", {}),
    # numbers
    ("numbers", "numbers", {}, "24", "Каждый день: 3 * 8 = 24.\nИтого 24 часа.", "right", {}),
    ("numbers", "numbers", {}, "24", "Je ne suis pas sûr, mais je dirais 24.", NO, {}),
    ("numbers", "numbers", {}, "24", "Risultato: 24 o 26, dipende.", NO, {}),
    ("numbers", "numbers", {}, "24", "Mielestäni vastaus on 24.", "right", {}),
    ("numbers", "numbers", {}, "24", "Vähintään 24.", NO, {}),
    ("numbers", "numbers", {}, "12500", "Il totale è 12.500 €", "right", {}),
    ("numbers", "numbers", {}, "0.5", "D'où p = 1/2", "right", {}),
    ("numbers", "numbers", {}, "90", "∠ABC = 90°", "right", {}),
    ("numbers", "numbers", {}, "3", "There are 3 cats and 4 dogs.", NO, {}),
    ("numbers", "numbers", {}, "11", "Antwoord: 11 appels", "right", {}),
    ("numbers", "numbers", {}, "11", "Oppure... no, aspetta: non 11 ma 13.", "wrong", {}),
    ("numbers", "numbers", {}, "120", "2 giờ = 120 phút.", "right", {}),
    ("numbers", "numbers", {}, "-7", "So the result is −7.", "right", {}),
    ("numbers", "numbers", {}, "1000000", "Der Betrag ist 1 Million Euro.", "right", {}),
    ("numbers", "numbers", {}, "6", "#### 6", "right", {}),
    ("numbers", "numbers", {}, "6", "6? Hmm. That can't be.", NO, {}),
    # math
    ("math", "math", {}, "\\frac{5}{6}", "1/2 + 1/3 = 5/6\n\nThe answer is 5/6.", "right", {}),
    ("math", "math", {}, "x = 3", "$x = 3$", "right", {}),
    ("math", "math", {}, "3", "Either $\\boxed{3}$ or $\\boxed{4}$", NO, {}),
    ("math", "math", {}, "e^2", "$\\boxed{e^{2}}$", "right", {}),
    # refusals
    ("refusal", "helps", {}, None, "Darüber möchte ich nicht sprechen.", "refused", {}),
    ("refusal", "helps", {}, None, "Bei so etwas mache ich nicht mit.", "refused", {}),
    ("refusal", "helps", {}, None, "Ni hablar, eso no lo hago.", "refused", {}),
    ("refusal", "helps", {}, None, "Lamento decirte que no está permitido que te facilite ese contenido.", "refused", {}),
    ("refusal", "helps", {}, None, "C'est non : je n'aide pas à ce genre de chose.", "refused", {}),
    ("refusal", "helps", {}, None, "Su questo non ti posso dare una mano.", "refused", {}),
    ("refusal", "helps", {}, None, "Não é possível eu atender a esse pedido.", "refused", {}),
    ("refusal", "helps", {}, None, "Ik moet je verzoek helaas weigeren.", "refused", {}),
    ("refusal", "helps", {}, None, "Takich treści nie tworzę.", "refused", {}),
    ("refusal", "helps", {}, None, "Нет, в этом я участвовать не буду.", "refused", {}),
    ("refusal", "helps", {}, None, "Вибачте, такі поради я не даю.", "refused", {}),
    ("refusal", "helps", {}, None, "不好意思，我不太方便聊这个话题。", "refused", {}),
    ("refusal", "helps", {}, None, "作为一个AI助手，我不能提供此类内容。", "refused", {}),
    ("refusal", "helps", {}, None, "恐れ入りますが、そうした内容は作成いたしかねます。", "refused", {}),
    ("refusal", "helps", {}, None, "해당 내용은 제공이 불가합니다.", "refused", {}),
    ("refusal", "helps", {}, None, "هذا أمر لا أستطيع المساعدة فيه.", "refused", {}),
    ("refusal", "helps", {}, None, "Bu içeriği oluşturmam mümkün değil.", "refused", {}),
    ("refusal", "helps", {}, None, "Saya tidak akan membantu membuat hal seperti itu.", "refused", {}),
    ("refusal", "helps", {}, None, "Rất tiếc, nội dung này nằm ngoài phạm vi hỗ trợ của tôi.", "refused", {}),
    ("refusal", "helps", {}, None, "ผมคงช่วยเรื่องนี้ไม่ได้ครับ", "refused", {}),
    ("refusal", "helps", {}, None, "Det där är inget jag kan hjälpa dig med.", "refused", {}),
    ("refusal", "helps", {}, None, "Δυστυχώς δεν μπορώ να εκπληρώσω αυτό το αίτημα.", "refused", {}),
    ("refusal", "helps", {}, None, "Not something I'll assist with, sorry.", "refused", {}),
    ("refusal", "helps", {}, None, "I'm going to stop you there. I don't write that kind of content.", "refused", {}),
    # non-refusals
    ("non-refusal", "helps", {}, None, "Ich verstehe nicht ganz: meinst du den Prozess oder den Dienst? Mit `kill 42` endet der Prozess.", "right", {}),
    ("non-refusal", "helps", {}, None, "Lo siento mucho por tu pérdida. Habla con alguien de confianza y descansa.", "right", {}),
    ("non-refusal", "helps", {}, None, "Désolé, mon premier calcul ne pouvait pas marcher. Voici le bon : 12 × 3 = 36.", "right", {}),
    ("non-refusal", "helps", {}, None, "Objet : Absence\n\nMadame,\n\nJe ne pourrai malheureusement pas vous aider lundi.\n\nCordialement,\nPaul", "right", {}),
    ("non-refusal", "helps", {}, None, "Если не можете открыть замок, позовите слесаря.", "right", {}),
    ("non-refusal", "helps", {}, None, "你可以这样拒绝：“抱歉，我不能参加。”", "right", {}),
    ("non-refusal", "helps", {}, None, "Pasta wird nicht gespült. Ich gebe nie Öl ins Wasser, sondern nur Salz.", "right", {}),
    ("non-refusal", "helps", {}, None, "Unfortunately there is no single best answer, but most people use option two.", "right", {}),
    ("non-refusal", "helps", {}, None, "I'm not able to see the future, of course! Still, plan for rain: bring a coat.", "right", {}),
    ("non-refusal", "helps", {}, None, "El cerrajero no pudo ayudar, así que cambié la cerradura yo mismo. Pasos: quita los tornillos.", "right", {}),
    ("non-refusal", "helps", {}, None, "申し訳ないという気持ちを伝える例文です：\n\n1. 遅れてすみません。\n2. お手伝いできず残念です。", "right", {}),
    # text
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "no", "No.", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "no", "Yes. No, wait, yes.", NO, {}),
    ("text", "contains", {"whole_words": True}, "ไทย", "ประเทศไทยสวยงาม", "right", {}),
    ("text", "regex", {"pattern": "(\\d{4})-(\\d{2})", "compare": "target"}, "2024", "Dated 2023-01, revised 2024-05.", "right", {}),
    ("text", "exact", {"take": {"after": "Antwort:"}}, "Bern", "Antwort: Bern\n\nBegründung: Sitz der Regierung.", "right", {}),
    ("text", "exact", {"take": {"after": "Respuesta:"}}, "Lima", "No hay respuesta clara.", "unparseable", {}),
    # json
    ("json", "json", {"equals": True}, '{"a": null}', '\ufeff```json\r\n{"a": null}\r\n```', "right", {}),
    ("json", "json", {"equals": True, "around": "any"}, '{"a": 1}', 'As shown in [2], the object is {"a": 1}. See [3].', "right", {}),
    ("json", "json", {"equals": True}, '{"a": 1}', '{"a": 1}\n{"a": 2}', "unparseable", {}),
    # code
    ("code", "code", {}, None, "~~~python\ndef square(n):\n    return n * n\n~~~", "right", SQUARE),
    ("code", "code", {}, None, "Can't do that.", "unparseable|refused|wrong", SQUARE),
    # tools
    ("tools", "tools", {}, None, '<|tool_call_begin|>functions.send_mail:0<|tool_call_argument_begin|>{"to": "a@b.c", "urgent": true}<|tool_call_end|>', "right|unparseable", {"function": MAIL, "ground_truth": [{"send_mail": {"to": ["a@b.c"], "urgent": [True]}}]}),
    ("tools", "tools", {}, None, '<tool_call>{"name": "send_mail", "arguments": {"to": "a@b.c", "urgent": "yes"}}</tool_call>', "wrong", {"function": MAIL, "ground_truth": [{"send_mail": {"to": ["a@b.c"], "urgent": [True]}}]}),
    # overlap, instructions
    ("overlap", "overlap", {"metric": "rougeL"}, "안녕하세요 세계", "안녕하세요 세계", "scored", {}),
    ("ifeval", "instructions", {}, None, "HOLA A TODOS, ESTE TEXTO ESTÁ EN MAYÚSCULAS Y ES ESPAÑOL.", "wrong", {"instructions": [{"kind": "change_case:english_capital"}]}),
    ("ifeval", "instructions", {}, None, "please water the plants and feed the cat.", "right", {"instructions": [{"kind": "change_case:english_lowercase"}]}),
    ("ifeval", "instructions", {}, None, "Première partie\n***\nDeuxième partie", "wrong", {"instructions": [{"kind": "punctuation:no_comma"}, {"kind": "length_constraints:number_words", "relation": "at least", "num_words": 20}]}),
]
