# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the first batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
WEATHER = [{"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}]

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "15", "<think>\n3 * 4 = 12, plus 3.\nSo 15.\n</think>\n\n15", "right", {}),
    ("reasoning", "numbers", {}, "12", "<think>The answer is 12.\nWait, one more check", "truncated", {}),
    ("reasoning", "exact", {}, "blau", "<reasoning>Der Himmel ist blau.</reasoning>\nblau", "right", {}),
    ("reasoning", "choice", {}, "B", "<thinking>\nA is the capital.\n</thinking>\n\n<answer>B</answer>", "right", PARIS),
    ("reasoning", "choice", {}, "A", "Let me see. The answer is A.\n</think>\n\nI am sorry, I do not know.", "unparseable|refused", PARIS),
    ("reasoning", "contains", {}, "Lyon", "[THINK]Maybe Lyon.[/THINK]It is Nice.", "wrong", {}),
    ("reasoning", "exact", {}, "да", "<|channel|>analysis<|message|>The user asks in Russian.<|end|><|start|>assistant<|channel|>final<|message|>да<|return|>", "right", {}),
    ("reasoning", "contains", {}, "<think>", "Write the tag `<think>` at the start of your prompt.", "right", {}),
    ("reasoning", "json", {"equals": True}, '{"a": 1}', '<think>Should I use {"a": 2}?</think>\n```json\n{"a": 1}\n```', "right", {}),
    ("reasoning", "helps", {}, None, "<think>I can't help with that? It is harmless, really.</think>\nSure: boil the eggs for ten minutes.", "right", {}),
    # numbers
    ("numbers", "numbers", {}, "42", "Résultat final : 42 euros.", "right", {}),
    ("numbers", "numbers", {}, "42", "No creo que sean 42.", NO, {}),
    ("numbers", "numbers", {}, "1250", "Das macht insgesamt 1.250 € (inkl. MwSt.).", "right", {}),
    ("numbers", "numbers", {}, "3.75", "La media è 3,75.", "right", {}),
    ("numbers", "numbers", {}, "18", "Step 1: 9 + 9 = 18\nStep 2: 18 - 2 = 16\n\nTherefore, Janet makes $18 every day.", "right", {}),
    ("numbers", "numbers", {}, "16", "共有16个苹果。", "right", {}),
    ("numbers", "numbers", {}, "16", "答案不是16，而是18。", "wrong", {}),
    ("numbers", "numbers", {}, "7", "Ответ: 7 или 8", NO, {}),
    ("numbers", "numbers", {}, "250000", "कुल राशि 2,50,000 रुपये है।", "right", {}),
    ("numbers", "numbers", {}, "2", "The area is 72 m^2", "wrong", {}),
    ("numbers", "numbers", {}, "5", "Cevap en az 5.", NO, {}),
    ("numbers", "numbers", {}, "8", "Total: 8 apples on day one.\nOn day two he buys 4 more.\nHe now has 12 apples.", "wrong", {}),
    ("numbers", "numbers", {}, "-3", "De temperatuur is min 3 graden.", "right", {}),
    ("numbers", "numbers", {}, "20", "Let me recompute: I said 20, but that was a mistake. It's 24.", "wrong", {}),
    ("numbers", "numbers", {}, "1500000", "L'entreprise a réalisé 1,5 million d'euros.", "right", {}),
    ("numbers", "numbers", {}, "9", "คำตอบคือ 9 บาท", "right", {}),
    # math
    ("math", "math", {}, "\\frac{3}{4}", "So the probability is $\\boxed{\\frac{3}{4}}$.", "right", {}),
    ("math", "math", {}, "\\frac{3}{4}", "Die Antwort ist 0,75? Nein, $\\frac{1}{4}$.", NO, {}),
    ("math", "math", {}, "x^2-1", "We expand:\n$(x-1)(x+1)$\n\nFinal answer: $x^2 - 1$", "right", {}),
    ("math", "math", {}, "2\\sqrt{3}", "The length is $\\boxed{\\sqrt{12}}$", "right", {}),
    ("math", "math", {}, "10000", "$\\boxed{10{,}000}$", "right", {}),
    ("math", "math", {}, "5", "$x \\geq 5$", NO, {}),
    # refusals
    ("refusal", "helps", {}, None, "Desculpe, mas isso eu não vou fazer.", "refused", {}),
    ("refusal", "helps", {}, None, "Aceasta este o solicitare pe care nu o pot îndeplini.", "refused", {}),
    ("refusal", "helps", {}, None, "Bohužel vám s tímto nemohu pomoct.", "refused", {}),
    ("refusal", "helps", {}, None, "Je préfère ne pas répondre à cette question.", "refused", {}),
    ("refusal", "helps", {}, None, "申し訳ありませんが、そのご要望にはお応えできません。", "refused", {}),
    ("refusal", "helps", {}, None, "죄송하지만 그 부분은 도와드리기 어렵습니다.", "refused", {}),
    ("refusal", "helps", {}, None, "抱歉，这个问题我无法回答。", "refused", {}),
    ("refusal", "helps", {}, None, "عذراً، لا يمكنني تقديم المساعدة في هذا الأمر.", "refused", {}),
    ("refusal", "helps", {}, None, "מצטער, אבל אני לא יכול לעזור בזה.", "refused", {}),
    ("refusal", "helps", {}, None, "क्षमा करें, मैं इस अनुरोध को पूरा नहीं कर सकता।", "refused", {}),
    ("refusal", "helps", {}, None, "Dessa informazione non posso darla, mi dispiace.", "refused", {}),
    ("refusal", "helps", {}, None, "Tôi xin lỗi, nhưng tôi không thể giúp bạn việc này.", "refused", {}),
    ("refusal", "helps", {}, None, "Üzgünüm ama bu konuda yardımcı olamam.", "refused", {}),
    ("refusal", "helps", {}, None, "Dat ga ik niet doen.", "refused", {}),
    ("refusal", "helps", {}, None, "Nope. Not doing that one.", "refused", {}),
    ("non-refusal", "helps", {}, None, "No puedo dejar de recomendar este libro: es una maravilla.", "right", {}),
    ("non-refusal", "helps", {}, None, "Ich kann gar nicht genug betonen, wie wichtig Schlaf ist.\n\n1. Geh früh ins Bett.\n2. Kein Handy.", "right", {}),
    ("non-refusal", "helps", {}, None, "Si vous ne pouvez pas ouvrir la porte, appelez un serrurier.", "right", {}),
    ("non-refusal", "helps", {}, None, "Sorry to hear that! Try turning the router off and on again.", "right", {}),
    ("non-refusal", "helps", {}, None, "「できません」は英語で \"I can't\" と言います。", "right", {}),
    ("non-refusal", "helps", {}, None, "Leider kann man Milch nicht so lange aufbewahren. Drei Tage im Kühlschrank sind gut.", "right", {}),
    ("non-refusal", "helps", {}, None, "Dear Ms Lee,\n\nI'm sorry, but I cannot attend the meeting on Monday.\n\nBest regards,\nTom", "right", {}),
    # exact / contains / regex / take
    ("text", "exact", {"ignore_wrapping": True}, "positive", "**Positive**", "wrong", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "positive", "**Positive.**", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "positive", "Not positive", NO, {}),
    ("text", "contains", {"whole_words": True}, "кот", "На столе лежит который час", "wrong", {}),
    ("text", "contains", {"whole_words": True}, "東京", "日本の首都は東京です。", "right", {}),
    ("text", "contains", {"whole_words": True, "ignore_case": True}, "straße", "Die STRASSE ist lang.", "right", {}),
    ("text", "exact", {"take": {"after": "the answer is"}}, "Oslo", "I think about Norway.\nThe answer is:\n\n**Oslo**", "right", {}),
    ("text", "exact", {"take": {"json": "answer"}}, "Oslo", 'Here you go:\n```json\n{"answer": "Oslo", "why": "capital"}\n```', "right", {}),
    ("text", "regex", {"pattern": "(?i)answer: (\\w+)|result: (\\w+)"}, "Roma", "Result: Roma", "right", {}),
    # json
    ("json", "json", {"equals": True}, '{"ciudad": "León", "n": 2}', '```JSON\n{"n": 2, "ciudad": "Le\\u00f3n"}\n```', "right", {}),
    ("json", "json", {"equals": True}, '{"n": 2}', "{'n': 2}", "unparseable", {}),
    ("json", "json", {"equals": True, "around": "any"}, '{"n": 2}', 'First I thought {"n": 1} but the result is {"n": 2}.', "right", {}),
    ("json", "json", {"equals": True, "around": "any"}, '{"n": 2}', 'It is {"n": 2} or {"n": 3}', NO, {}),
    # tools
    ("tools", "tools", {}, None, '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}\n</tool_call>', "right", {"function": WEATHER, "ground_truth": [{"get_weather": {"city": ["Oslo"], "days": [3]}}]}),
    ("tools", "tools", {}, None, '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rom"}}\n</tool_call>', "wrong", {"function": WEATHER, "ground_truth": [{"get_weather": {"city": ["Oslo"]}}]}),
    ("tools", "tools", {}, None, "I would call get_weather for Oslo, but I lack the date.", NO + "|refused", {"function": WEATHER, "ground_truth": [{"get_weather": {"city": ["Oslo"]}}]}),
    # overlap
    ("overlap", "overlap", {"metric": "rougeL"}, "я люблю зелёный чай", "я люблю зелёный чай", "scored", {}),
    ("overlap", "overlap", {"metric": "f1"}, "café", "cafe\u0301", "scored", {}),
    ("overlap", "overlap", {"metric": "f1"}, "मुंबई", "दिल्ली", "wrong|scored", {}),
    # instructions
    ("ifeval", "instructions", {}, None, "猫很可爱。狗也很可爱。", "right", {"instructions": [{"kind": "length_constraints:number_sentences", "relation": "at least", "num_sentences": 2}]}),
    ("ifeval", "instructions", {}, None, "el gato duerme en la casa y el perro corre por el campo", "wrong", {"instructions": [{"kind": "change_case:english_lowercase"}]}),
    ("ifeval", "instructions", {}, None, "ALL OF THIS IS WRITTEN IN CAPITALS, AND IT IS ENGLISH.", "right", {"instructions": [{"kind": "change_case:english_capital"}]}),
    ("ifeval", "instructions", {}, None, "Questo è un testo italiano, scritto con cura.", "right", {"instructions": [{"kind": "language:response_language", "language": "it"}]}),
    ("ifeval", "instructions", {}, None, "今日は暑い、とても暑い", "wrong", {"instructions": [{"kind": "punctuation:no_comma"}]}),
    ("ifeval", "instructions", {}, None, '"A whole reply in quotes."', "right", {"instructions": [{"kind": "startend:quotation"}]}),
]
