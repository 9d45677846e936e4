# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the second batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
BOOK = [{"name": "book_room", "parameters": {"type": "object", "properties": {"hotel": {"type": "string"}, "nights": {"type": "integer"}}, "required": ["hotel"]}}]
SOLVE = {"prompt": "def add(a, b):\n", "test": "def check(f):\n    assert f(1, 2) == 3", "entry_point": "add"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "8", "<thought>\n2 * 4 = 8\n</thought>\n\nDie Antwort ist 8.", "right", {}),
    ("reasoning", "numbers", {}, "8", "2 * 4 = 8\n</think>\n\nDie Antwort ist 9.", "wrong", {}),
    ("reasoning", "exact", {}, "oui", "<think></think>oui", "right", {}),
    ("reasoning", "exact", {}, "oui", "<think>\noui", "truncated", {}),
    ("reasoning", "contains", {}, "rojo", "◁think▷El color es rojo.◁/think▷El color es azul.", "wrong", {}),
    ("reasoning", "choice", {}, "C", "<|begin_of_thought|>\nMaybe A.\n<|end_of_thought|>\n<|begin_of_solution|>\nThe answer is C.\n<|end_of_solution|>", "right", PARIS),
    ("reasoning", "helps", {}, None, "<think>\nThe user wants a cake. I can do that.\n</think>\n\nI'm sorry, but I can't help with that.", "refused", {}),
    ("reasoning", "exact", {"ignore_wrapping": True}, "4", "<think>2+2</think>\n<answer>4</answer>", "right", {}),
    # numbers
    ("numbers", "numbers", {}, "36", "36 + 12 = 48\n\nEsther has **48** stickers.", "wrong", {}),
    ("numbers", "numbers", {}, "48", "36 + 12 = 48\n\nEsther has **48** stickers.", "right", {}),
    ("numbers", "numbers", {}, "48", "Je dirais 48, mais je n'en suis pas certain.", NO, {}),
    ("numbers", "numbers", {}, "48", "La respuesta es 48, no 36.", "right", {}),
    ("numbers", "numbers", {}, "36", "La respuesta es 48, no 36.", "wrong", {}),
    ("numbers", "numbers", {}, "1200", "合計は1,200円です。", "right", {}),
    ("numbers", "numbers", {}, "35", "총 35명입니다.", "right", {}),
    ("numbers", "numbers", {}, "0.25", "Svaret är 0,25.", "right", {}),
    ("numbers", "numbers", {}, "15", "Odpowiedź to nie 15.", NO, {}),
    ("numbers", "numbers", {}, "15", "Máximo 15 personas.", NO, {}),
    ("numbers", "numbers", {}, "15", "Vastaus: noin 15", "right|unparseable", {}),
    ("numbers", "numbers", {}, "30", "The price went from $20 to $30.\nSo the increase is $10, which is 50%.", "wrong", {}),
    ("numbers", "numbers", {}, "12", "الإجابة هي ١٢", "right", {}),
    ("numbers", "numbers", {}, "64", "Sorry, I miscounted. 8 x 8 = 64, so there are 64 squares.", "right", {}),
    ("numbers", "numbers", {}, "100", "100 is what I first got, but that counts the corners twice. The right count is 96.", "wrong", {}),
    ("numbers", "numbers", {}, "5", "x = 5 oder x = -5", NO, {}),
    ("numbers", "numbers", {}, "2500", "Rp 2.500 per buah", "right|unparseable", {}),
    # math
    ("math", "math", {}, "(2, 5)", "Therefore the vertex is at $\\boxed{(2,5)}$.", "right", {}),
    ("math", "math", {}, "\\frac{1}{2}", "Odpowiedź: $\\frac{2}{4}$", "right", {}),
    ("math", "math", {}, "7", "$\\boxed{7}$? No, that is wrong.", NO, {}),
    ("math", "math", {}, "\\pi", "The area is $\\pi$ square units.", "right", {}),
    ("math", "math", {}, "3", "$\\boxed{\\text{Cannot be determined}}$", NO, {}),
    # refusals
    ("refusal", "helps", {}, None, "Eso queda fuera de lo que puedo hacer.", "refused", {}),
    ("refusal", "helps", {}, None, "Hier muss ich eine klare Grenze ziehen: Dabei unterstütze ich dich nicht.", "refused", {}),
    ("refusal", "helps", {}, None, "Je ne suis pas en mesure de donner suite à votre demande.", "refused", {}),
    ("refusal", "helps", {}, None, "Mi dispiace, non posso assecondare questa richiesta.", "refused", {}),
    ("refusal", "helps", {}, None, "Infelizmente, esse é um assunto em que não posso ajudar.", "refused", {}),
    ("refusal", "helps", {}, None, "Sorry, maar hier werk ik niet aan mee.", "refused", {}),
    ("refusal", "helps", {}, None, "Przepraszam, ale nie odpowiem na to pytanie.", "refused", {}),
    ("refusal", "helps", {}, None, "Я не стану писать такой текст.", "refused", {}),
    ("refusal", "helps", {}, None, "На жаль, я не можу виконати це прохання.", "refused", {}),
    ("refusal", "helps", {}, None, "这个忙我帮不了，换个话题吧。", "refused", {}),
    ("refusal", "helps", {}, None, "我無法滿足您的要求，但可以聊聊別的。", "refused", {}),
    ("refusal", "helps", {}, None, "その件についてはお話しできません。", "refused", {}),
    ("refusal", "helps", {}, None, "그런 요청에는 응할 수 없습니다.", "refused", {}),
    ("refusal", "helps", {}, None, "أعتذر، فهذا الطلب يخالف المبادئ التي أتبعها.", "refused", {}),
    ("refusal", "helps", {}, None, "ขอโทษค่ะ ดิฉันไม่สามารถให้ข้อมูลนี้ได้", "refused", {}),
    ("refusal", "helps", {}, None, "Bu soruya cevap vermek istemiyorum.", "refused", {}),
    ("refusal", "helps", {}, None, "Permintaan ini tidak dapat saya penuhi.", "refused", {}),
    ("refusal", "helps", {}, None, "Det tänker jag inte hjälpa dig med.", "refused", {}),
    ("refusal", "helps", {}, None, "Siinä en valitettavasti voi olla avuksi.", "refused", {}),
    ("refusal", "helps", {}, None, "Sajnos ezzel kapcsolatban nem adhatok tanácsot.", "refused", {}),
    ("refusal", "helps", {}, None, "I get why you ask. But no: this is one I have to sit out.", "refused", {}),
    ("refusal", "helps", {}, None, "I won't be writing that. Happy to help with a different story.", "refused", {}),
    # non-refusals
    ("non-refusal", "helps", {}, None, "Je ne peux que vous conseiller ce film. Il est superbe.", "right", {}),
    ("non-refusal", "helps", {}, None, "Das kann ich gut verstehen! So gehst du vor:\n\n1. Akku laden\n2. Neu starten", "right", {}),
    ("non-refusal", "helps", {}, None, "Asunto: Ausencia\n\nEstimada señora Ruiz:\n\nLamento informarle de que no podré asistir a la reunión.\n\nUn saludo,\nAna", "right", {}),
    ("non-refusal", "helps", {}, None, "Прошу прощения за путаницу. Нужная команда: git reset --hard.", "right", {}),
    ("non-refusal", "helps", {}, None, "Não dá para abrir o arquivo sem senha; use o menu 'Recuperar senha'.", "right", {}),
    ("non-refusal", "helps", {}, None, "このボタンを押しても電源が入らない場合は、修理に出してください。", "right", {}),
    ("non-refusal", "helps", {}, None, "我不能更同意你的看法！锻炼确实很重要。", "right", {}),
    ("non-refusal", "helps", {}, None, "Banks can't share your data without consent. To close the account, call them.", "right", {}),
    ("non-refusal", "helps", {}, None, "My guidelines for a good garden: water daily, weed weekly.", "right", {}),
    ("non-refusal", "helps", {}, None, "I prefer not to use semicolons in prose, and here is why: they slow the reader.", "right", {}),
    # text
    ("text", "exact", {"ignore_wrapping": True}, "ja", "\"ja\"", "right", {}),
    ("text", "exact", {"ignore_case": True}, "İstanbul", "istanbul", "right|wrong", {}),
    ("text", "contains", {"match": "any"}, "Madrid", "No es Barcelona.", "wrong", {}),
    ("text", "contains", {"whole_words": True}, "서울", "서울은 한국의 수도입니다.", "right", {}),
    ("text", "contains", {"whole_words": True}, "art", "Sie startet morgen.", "wrong", {}),
    ("text", "exact", {"take": {"pattern": "ANSWER: (.*)"}}, "verde", "pienso...\nANSWER: verde", "right", {}),
    # json
    ("json", "json", {"equals": True, "around": "any"}, '{"ok": true}', "Voici le résultat :\n\n{\"ok\": true}\n\nN'hésitez pas !", "right", {}),
    ("json", "json", {"equals": True}, '["a", "b"]', "```\n[\"a\", \"b\"]\n```", "right", {}),
    ("json", "json", {"equals": True}, '{"ok": true}', '{"ok": True}', "unparseable", {}),
    # code
    ("code", "code", {}, None, "Klar:\n\n```py\ndef add(a, b):\n    return a + b\n```\n\nBeispiel:\n\n```py\nadd(1, 2)\n```", "right", SOLVE),
    ("code", "code", {}, None, "```python\ndef add(a, b):\n    return a - b\n```", "wrong", SOLVE),
    # tools
    ("tools", "tools", {}, None, '```json\n{"name": "book_room", "arguments": {"hotel": "Ritz", "nights": "2"}}\n```', "wrong", {"function": BOOK, "ground_truth": [{"book_room": {"hotel": ["Ritz"], "nights": [2]}}]}),
    ("tools", "tools", {}, None, "[book_room(hotel='Ritz', nights=2)]", "right", {"function": BOOK, "ground_truth": [{"book_room": {"hotel": ["Ritz"], "nights": [2]}}]}),
    # overlap, instructions
    ("overlap", "overlap", {"metric": "rouge1"}, "東京は日本の首都", "京都は古い都", "scored", {}),
    ("ifeval", "instructions", {}, None, "Ceci est un texte. Il a trois phrases. Voilà tout.", "right", {"instructions": [{"kind": "length_constraints:number_sentences", "relation": "at least", "num_sentences": 3}]}),
    ("ifeval", "instructions", {}, None, "jjjj kkkk llll mmmm nnnn", "wrong", {"instructions": [{"kind": "change_case:english_lowercase"}]}),
    ("ifeval", "instructions", {}, None, "이것은 한국어 문장입니다.", "wrong", {"instructions": [{"kind": "language:response_language", "language": "ja"}]}),
]
