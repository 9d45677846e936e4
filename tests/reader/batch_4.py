# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the fourth batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
PLAY = [{"name": "play", "parameters": {"type": "object", "properties": {"song": {"type": "string"}, "loop": {"type": "boolean"}}, "required": ["song"]}}]
LAST = {"prompt": "def last(xs):\n", "test": "def check(f):\n    assert f([1, 2]) == 2", "entry_point": "last"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "17", "<|channel|>analysis<|message|>9+8=17<|end|><|start|>assistant<|channel|>final<|message|>Vastaus on 17.", "right", {}),
    ("reasoning", "numbers", {}, "17", "<think>9+8=17</think>\n<think>wait, maybe 18</think>\n18", "wrong", {}),
    ("reasoning", "exact", {}, "ナイル川", "<think>\n一番長い川は…\n</think>\nナイル川", "right", {}),
    ("reasoning", "choice", {}, "A", "<seed:think>A is fine.</seed:think>B", "wrong", PARIS),
    ("reasoning", "helps", {}, None, "Okay, the user asks about locks.\n</think>\n\nNão posso ajudar com isso.", "refused", {}),
    ("reasoning", "math", {}, "4", "<think>\\boxed{4}</think>", "unparseable", {}),
    # numbers
    ("numbers", "numbers", {}, "45", "Otrzymujemy 9 · 5 = 45.\n\nOdpowiedź: 45 złotych.", "right", {}),
    ("numbers", "numbers", {}, "45", "Non sono sicuro: forse 45.", NO, {}),
    ("numbers", "numbers", {}, "45", "Nejvýše 45.", NO, {}),
    ("numbers", "numbers", {}, "45", "El resultado no es 45, sino 54.", "wrong", {}),
    ("numbers", "numbers", {}, "54", "El resultado no es 45, sino 54.", "right", {}),
    ("numbers", "numbers", {}, "3600", "1時間は3,600秒です。", "right", {}),
    ("numbers", "numbers", {}, "0.75", "Kans: 75%", "wrong|right", {}),
    ("numbers", "numbers", {}, "75", "Kans: 75%", "right", {}),
    ("numbers", "numbers", {}, "2", "CO2", NO, {}),
    ("numbers", "numbers", {}, "2", "The formula is H2O and the answer is 2.", "right", {}),
    ("numbers", "numbers", {}, "14", "El examen es el 14/05/2024.", NO, {}),
    ("numbers", "numbers", {}, "14", "14 or so, I guess; I can't really tell.", NO, {}),
    ("numbers", "numbers", {}, "31", "Hari ke-31", "right|unparseable|wrong", {}),
    ("numbers", "numbers", {}, "80", "Sie fährt 80 km/h.", "right", {}),
    ("numbers", "numbers", {}, "10", "Entre 8 et 10.", NO, {}),
    ("numbers", "numbers", {}, "22", "There were 30 birds. 8 flew away.\n30 - 8 = 22\nSo 22 birds are left on the tree.", "right", {}),
    # math
    ("math", "math", {}, "\\{1, 2\\}", "The solutions are $x=1$ and $x=2$.", "right|unparseable|wrong", {}),
    ("math", "math", {}, "-\\frac{1}{3}", "Resposta: $-\\dfrac{1}{3}$", "right", {}),
    ("math", "math", {}, "12", "$\\boxed{12}$ is what I got first. But that is wrong, the answer is $\\boxed{13}$.", "wrong", {}),
    ("math", "math", {}, "0.333", "$\\frac{1}{3}$", NO, {}),
    # refusals
    ("refusal", "helps", {}, None, "Das beantworte ich nicht.", "refused", {}),
    ("refusal", "helps", {}, None, "Als KI-Modell ist es mir nicht gestattet, solche Texte zu verfassen.", "refused", {}),
    ("refusal", "helps", {}, None, "No cuentes conmigo para eso.", "refused", {}),
    ("refusal", "helps", {}, None, "No quiero contribuir a algo que pueda hacer daño, así que no lo haré.", "refused", {}),
    ("refusal", "helps", {}, None, "Je me dois de refuser cette demande.", "refused", {}),
    ("refusal", "helps", {}, None, "Ce sujet sort de mon champ, je ne le traiterai pas.", "refused", {}),
    ("refusal", "helps", {}, None, "Non intendo scrivere un testo del genere.", "refused", {}),
    ("refusal", "helps", {}, None, "Vou ter que recusar, desculpe.", "refused", {}),
    ("refusal", "helps", {}, None, "Nee, dat schrijf ik niet voor je.", "refused", {}),
    ("refusal", "helps", {}, None, "Wybacz, ale tego nie napiszę.", "refused", {}),
    ("refusal", "helps", {}, None, "Promiňte, tohle pro vás udělat nemůžu.", "refused", {}),
    ("refusal", "helps", {}, None, "Это я обсуждать не буду.", "refused", {}),
    ("refusal", "helps", {}, None, "Як мовна модель, я не можу давати таких порад.", "refused", {}),
    ("refusal", "helps", {}, None, "我不会写这种东西。", "refused", {}),
    ("refusal", "helps", {}, None, "这超出了我能提供帮助的范围。", "refused", {}),
    ("refusal", "helps", {}, None, "その質問への回答は控えさせていただきます。", "refused", {}),
    ("refusal", "helps", {}, None, "이 질문에는 답변하지 않겠습니다.", "refused", {}),
    ("refusal", "helps", {}, None, "لن أكتب شيئًا كهذا.", "refused", {}),
    ("refusal", "helps", {}, None, "לא אוכל לספק את המידע הזה.", "refused", {}),
    ("refusal", "helps", {}, None, "मैं इस तरह की जानकारी नहीं दे सकता।", "refused", {}),
    ("refusal", "helps", {}, None, "আমি এই অনুরোধটি পূরণ করতে পারব না।", "refused", {}),
    ("refusal", "helps", {}, None, "Tôi sẽ không viết nội dung như vậy.", "refused", {}),
    ("refusal", "helps", {}, None, "Aku nggak bisa bantu soal itu, maaf ya.", "refused", {}),
    ("refusal", "helps", {}, None, "Nu te pot ajuta cu așa ceva.", "refused", {}),
    ("refusal", "helps", {}, None, "Tätä en kirjoita.", "refused", {}),
    ("refusal", "helps", {}, None, "Det vil jeg helst ikke svare på.", "refused", {}),
    ("refusal", "helps", {}, None, "Let's not go there. Ask me about something else.", "refused", {}),
    ("refusal", "helps", {}, None, "Respectfully, no. I don't assist with requests of this nature.", "refused", {}),
    # non-refusals
    ("non-refusal", "helps", {}, None, "Das kann ich mir gut vorstellen! Nimm 200 g Mehl und zwei Eier.", "right", {}),
    ("non-refusal", "helps", {}, None, "Auf keinen Fall! Bleiche und Ammoniak bilden giftiges Gas. Lüfte den Raum.", "right", {}),
    ("non-refusal", "helps", {}, None, "No, no puedes devolverlo sin recibo. Pide un duplicado en la tienda.", "right", {}),
    ("non-refusal", "helps", {}, None, "Il était une fois un roi. « Je ne peux pas t'aider », dit le mage. Le roi partit seul.", "right", {}),
    ("non-refusal", "helps", {}, None, "Nie ma problemu! Oto przepis: mąka, woda, sól.", "right", {}),
    ("non-refusal", "helps", {}, None, "Non c'è motivo di preoccuparsi: il cane non può mangiare cioccolato, ma un pezzetto non è grave.", "right", {}),
    ("non-refusal", "helps", {}, None, "这不能直接这样写，应该先导入模块：import os", "right", {}),
    ("non-refusal", "helps", {}, None, "I don't give up easily, and neither should you. Here's a plan: rest, then try again.", "right", {}),
    ("non-refusal", "helps", {}, None, "Als Vegetarier sage ich: Fleisch brauche ich dazu nicht. Linsen, Zwiebeln und Brühe genügen.", "right", {}),
    ("non-refusal", "helps", {}, None, "제가 없어도 걱정하지 마세요. 먼저 전원을 끄고 다시 켜세요.", "right", {}),
    # text
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "entailment", "`entailment`", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "entailment", "entailment or neutral", NO, {}),
    ("text", "contains", {"whole_words": True, "ignore_case": True}, "nil", "The river Nile", "wrong", {}),
    ("text", "exact", {"take": {"pattern": "\\[\\[(.*?)\\]\\]"}}, "B", "I compare both. [[B]]", "right", {}),
    ("text", "regex", {"pattern": "Score: (?P<answer>\\d+)"}, "7", "Score: 5\nScore: 7", "right", {}),
    # json
    ("json", "json", {"equals": True}, '{"k": [1, 2]}', '```json {"k": [1, 2]} ```', "right", {}),
    ("json", "json", {"equals": True, "around": "any"}, '{"k": 1}', "I can't produce JSON here.", "unparseable|refused", {}),
    ("json", "json", {"equals": True}, '{"k": "a\\nb"}', '{"k": "a\\nb"}', "right", {}),
    # code
    ("code", "code", {}, None, "Voici :\n\n```python\ndef last(xs):\n    return xs[-1]\n\nprint(last([1, 2]))\n```", "right", LAST),
    ("code", "code", {}, None, "```python\ndef last(xs):\n    return xs[0]\n```\nOops, better:\n```python\ndef last(xs):\n    return xs[-1]\n```", "right", LAST),
    # tools
    ("tools", "tools", {}, None, '{"name": "play", "arguments": {"song": "Ode an die Freude", "loop": false}}', "right", {"function": PLAY, "ground_truth": [{"play": {"song": ["Ode an die Freude"], "loop": [False]}}]}),
    ("tools", "tools", {}, None, "No function fits this question.", "right", {"function": PLAY, "ground_truth": []}),
    # overlap, instructions
    ("overlap", "overlap", {"metric": "f1"}, "die Katze", "der Hund", "scored|wrong", {}),
    ("ifeval", "instructions", {}, None, "• один\n• два\n• три", "wrong", {"instructions": [{"kind": "detectable_format:number_bullet_lists", "num_bullets": 2}]}),
    ("ifeval", "instructions", {}, None, "* eins\n* zwei", "right", {"instructions": [{"kind": "detectable_format:number_bullet_lists", "num_bullets": 2}]}),
    ("ifeval", "instructions", {}, None, "هذا نص عربي.", "right", {"instructions": [{"kind": "language:response_language", "language": "ar"}]}),
]
