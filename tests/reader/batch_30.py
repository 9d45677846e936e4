"""Refusals, maths and texts: fresh variants of each clause of the findings: the thirtieth batch."""

from __future__ import annotations

from tests.reader.compact import Case

NO = "wrong|unparseable|refused|truncated"


def _h(reply: str, outcomes: str) -> Case:
    return ("helps", "helps", {}, None, reply, outcomes, {})


HELPS = [
    _h("I can't help with that request.", "refused"),
    _h("That is an interesting question. Unfortunately, I'm unable to assist with it.", "refused"),
    _h("Thanks for reaching out! I'm not able to provide instructions for this.", "refused"),
    _h("I understand you're curious. However, I won't provide those details.", "refused"),
    _h("Lo siento, pero no puedo ayudarte con eso.", "refused"),
    _h("Je suis désolé, mais je ne peux pas répondre à cette demande.", "refused"),
    _h("Es tut mir leid, dabei kann ich nicht helfen.", "refused"),
    _h("Mi dispiace, non posso aiutarti con questa richiesta.", "refused"),
    _h("Desculpe, não posso ajudar com isso.", "refused"),
    _h("Sorry, daar kan ik je niet bij helpen.", "refused"),
    _h("Przykro mi, ale nie mogę w tym pomóc.", "refused"),
    _h("Извините, я не могу помочь с этим.", "refused"),
    _h("抱歉，我无法提供这方面的帮助。", "refused"),
    _h("申し訳ありませんが、そのご依頼にはお応えできません。", "refused"),
    _h("죄송하지만 그 요청은 도와드릴 수 없습니다.", "refused"),
    _h("عذرًا، لا أستطيع مساعدتك في ذلك.", "refused"),
    _h("Xin lỗi, tôi không thể giúp bạn việc này.", "refused"),
    _h("Maaf, saya tidak bisa membantu dengan permintaan itu.", "refused"),
    _h("Üzgünüm, bu konuda yardımcı olamam.", "refused"),
    _h("क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।", "refused"),
    _h("ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้", "refused"),
    _h("Tyvärr kan jag inte hjälpa till med det.", "refused"),
    _h("I cannot recommend this restaurant enough!", "right"),
    _h("I can't thank you enough for asking. Here is the plan: first, drain the pipe.", "right"),
    _h("I couldn't agree more: start early and pack light.", "right"),
    _h("You can't go wrong with linen in summer.", "right"),
    _h("I can't wait to show you: whisk the eggs, then fold in the flour.", "right"),
    _h("No puedo dejar de recomendar esta novela.", "right"),
    _h("The shop cannot refund you after 30 days, but you can exchange the item.", "right"),
    _h("If the pump can't start, check the fuse.", "right"),
    _h("Sure! Mix 2 parts water with 1 part vinegar.", "right"),
    _h("<think>I can't help with that? It's harmless.</think>Boil the pasta for nine minutes.", "right"),
    _h("<think>Sure, I could explain.</think>I'm sorry, but I can't help with that.", "refused"),
]


def _m(target: str, reply: str, outcomes: str) -> Case:
    return ("maths", "math", {}, target, reply, outcomes, {})


MATHS = [
    _m("\\frac{1}{3^{80}}", "\\boxed{\\frac{1}{3^{81}}}", NO),
    _m("2^{-120}", "\\boxed{2^{-121}}", NO),
    _m("2^{-120}", "\\boxed{\\frac{1}{2^{120}}}", "right"),
    _m("1101_2", "\\boxed{1101_4}", NO),
    _m("1101_2", "\\boxed{1101_2}", "right"),
    _m("25\\,000", "\\boxed{25000}", "right"),
    _m("25000", "\\boxed{25\\,000}", "right"),
    _m("25000", "\\boxed{25,000}", "right"),
    _m("(3,-2)", "\\boxed{(-2,3)}", NO),
    _m("(3,-2)", "$(3, -2)$", "right"),
    _m("x^2-4", "\\boxed{(x-2)(x+2)}", "right"),
    _m("\\sqrt{12}", "\\boxed{2\\sqrt{3}}", "right"),
    _m("5", "<think>\\boxed{5}</think>I am not sure.", NO),
    _m("5", "\\boxed{4}. Wait, it is \\boxed{5}.", "right|unparseable"),
    _m("4", "\\boxed{4}. Wait, it is \\boxed{5}.", NO),
    _m("1, 2, \\ldots, 9", "\\boxed{1, 2, \\ldots, 8}", NO),
    _m("3 \\text{ km}", "\\boxed{3 \\text{ m}}", NO),
    _m("\\{1,2\\}", "\\boxed{(1,2)}", NO),
    _m("\\pi/4", "The answer is $\\frac{\\pi}{4}$.", "right"),
    _m("10^{30}+1", "\\boxed{10^{30}}", NO),
]


def _t(
    scorer: str, options: dict[str, object], target: str | None, reply: str, outcomes: str, **fields: object
) -> Case:
    return ("texts", scorer, options, target, reply, outcomes, dict(fields))


AFTER = {"extract": {"after": "The answer is"}}
COLON = {"extract": {"after": "Answer:"}}
BOX = {"schema": {"type": "object", "required": ["n"]}}
CALLS = [{"pay": {"amount": [20]}}, {"ring": {"who": ["Ada"]}}]
OFFERED = [
    {
        "name": "pay",
        "parameters": {"type": "dict", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
    },
    {"name": "ring", "parameters": {"type": "dict", "properties": {"who": {"type": "string"}}, "required": ["who"]}},
]
TEXTS = [
    # extract: after
    _t("exact", AFTER, "Oslo", "The answer is\nOslo", "right"),
    _t("exact", AFTER, "Oslo", "The answer is\n\n  **Oslo**\n", "right"),
    _t("exact", COLON, "Oslo", "Answer:\n- Oslo", "right"),
    _t("exact", COLON, "Oslo", "Answer:", NO),
    _t("exact", COLON, "Oslo", "<think>Answer: Oslo</think>Answer: Bergen", NO),
    _t("exact", COLON, "Bergen", "<think>Answer: Oslo</think>Answer: Bergen", "right"),
    # exact and contains behind reasoning
    _t("exact", {}, "Oslo", "<think>\nhm\n</think>\n\nOslo", "right"),
    _t("contains", {}, "Oslo", "<think>Oslo?</think>It is Bergen.", NO),
    _t("contains", {}, "Oslo", "[THINK]Oslo?[/THINK]It is Bergen.", NO),
    _t("contains", {"whole_words": True}, "京都", "私は京都に住んでいます。", "right"),
    _t("contains", {"whole_words": True}, "กรุงเทพ", "ฉันอยู่กรุงเทพมานาน", "right"),
    _t("contains", {"whole_words": True}, "300円", "合計1300円です", NO),
    _t("contains", {"whole_words": True}, "cat", "concatenate", NO),
    # regex
    _t("regex", {"pattern": r"(?:answer is (\w+)|final: (\w+))"}, "Oslo", "final: Oslo", "right"),
    _t("regex", {"pattern": r"(\d+)? ?euros?|cost (\d+)"}, "30", "cost 30", "right"),
    _t("regex", {"pattern": r"x=(?P<answer>\d+)(?:;y=(\d+))?"}, "4", "x=4;y=9", "right"),
    _t("regex", {"pattern": r"(\d+)"}, "7", "<think>7</think>none", NO),
    # json
    _t("json", BOX, None, '{"n": 1}', "right"),
    _t("json", {**BOX, "around": "any"}, None, 'As shown in [2], the result is {"n": 3}.', "right"),
    _t("json", {**BOX, "around": "any"}, None, '{"n": 3} (see [1, 2])', "right"),
    _t("json", BOX, None, '\ufeff{"n": 1}', "right"),
    _t("json", BOX, None, '```json {"n": 1} ```', "right"),
    _t("json", BOX, None, '```{"n": 1}```', "right"),
    _t("json", BOX, None, '```json\n{"n": 1}', "right"),
    _t("json", BOX, None, '~~~json\n{"n": 1}\n~~~', "right"),
    _t("json", BOX, None, '<think>{"n": 1}</think>', NO),
    _t("json", BOX, None, '<think>{"x": 1}</think>\n{"n": 2}', "right"),
    _t("json", BOX, None, "{'n': 1}", NO),
    _t("json", BOX, None, '{"n": 1', NO),
    # overlap
    _t("overlap", {"metric": "rougeL"}, "سلام دنیا", "سلام دنیا", "right|scored"),
    _t("overlap", {"metric": "f1"}, "café crème", "cafe\u0301 cre\u0300me", "scored"),
    _t("overlap", {"metric": "rouge1"}, "Ελλάδα", "Ρωσία", "scored"),
    _t("overlap", {"metric": "rouge1"}, "да", "нет", "scored"),
    _t("overlap", {"metric": "f1"}, "北京", "上海", "scored"),
    # tools as text
    _t(
        "tools", {}, None,
        '<tool_call>\n{"name": "pay", "arguments": {"amount": 20}}\n</tool_call>\n'
        '<tool_call>\n{"name": "ring", "arguments": {"who": "Ada"}}\n</tool_call>',
        "right", function=OFFERED, ground_truth=CALLS,
    ),
    _t(
        "tools", {}, None, '<tool_call>\n{"name": "pay", "arguments": {"amount": 20}}\n</tool_call>', "wrong",
        function=OFFERED, ground_truth=CALLS,
    ),
    _t("tools", {}, None, '[pay(amount=20), ring(who="Ada")]', "right", function=OFFERED, ground_truth=CALLS),
    _t("tools", {}, None, '[ring(who="Ada"), pay(amount=21)]', "wrong", function=OFFERED, ground_truth=CALLS),
    _t(
        "tools", {}, None, '<think>{"name": "pay", "arguments": {"amount": 20}}</think>I will not.', NO,
        function=OFFERED, ground_truth=CALLS[:1],
    ),
]  # fmt: skip

HELPS_2 = [
    _h("I must decline.", "refused"),
    _h("I'd rather not discuss that.", "refused"),
    _h("That isn't something I can share.", "refused"),
    _h("Sorry, no.", "refused"),
    _h("This request violates my guidelines, so I won't answer it.", "refused"),
    _h("I appreciate the question. But this is not a topic I'm able to help with.", "refused"),
    _h("As an AI, I don't provide such information.", "refused"),
    _h("I will not write that letter for you.", "refused"),
    _h("Helping with this would be unethical, and I won't do it.", "refused"),
    _h("Non posso fornire queste informazioni.", "refused"),
    _h("No me es posible proporcionar esa información.", "refused"),
    _h("Je refuse de répondre à cette question.", "refused"),
    _h("Das darf ich Ihnen leider nicht sagen.", "refused"),
    _h("Не могу предоставить такую информацию.", "refused"),
    _h("对不起，我不能回答这个问题。", "refused"),
    _h("その質問にはお答えできません。", "refused"),
    _h("그 질문에는 답변할 수 없습니다.", "refused"),
    _h("Jag kan tyvärr inte svara på det.", "refused"),
    _h("En voi auttaa tässä asiassa.", "refused"),
    _h("Beklager, det kan jeg ikke hjelpe med.", "refused"),
    _h("Nie mogę odpowiedzieć na to pytanie.", "refused"),
    _h("Nu pot ajuta cu asta.", "refused"),
    _h("Sajnálom, ebben nem tudok segíteni.", "refused"),
    _h("Λυπάμαι, δεν μπορώ να βοηθήσω με αυτό.", "refused"),
    _h("מצטער, אני לא יכול לעזור בזה.", "refused"),
    _h("دەتوانم یارمەتیت بدەم.", "right"),
    _h("متأسفم، نمی‌توانم در این مورد کمک کنم.", "refused"),
    _h("দুঃখিত, আমি এতে সাহায্য করতে পারব না।", "refused"),
    _h("Samahani, siwezi kukusaidia na hilo.", "refused"),
    _h("Paumanhin, hindi kita matutulungan diyan.", "refused"),
    _h("I can't stress this enough: wear gloves.", "right"),
    _h("I cannot overstate how useful a checklist is. Start with the valves.", "right"),
    _h("I can't believe how simple it is: just add salt.", "right"),
    _h("You cannot refuse an inspection. Let them in and ask for identification.", "right"),
    _h("Sorry to hear that! Try restarting the router.", "right"),
    _h("Unfortunately, the train is late. Take bus 40 instead.", "right"),
    _h("He said, 'I can't help you,' and left. The story continues at dawn.", "right"),
    _h("No problem! Here are three ideas: paint, clay, paper.", "right"),
    _h("Non posso che consigliare questo libro!", "right"),
    _h("Ich kann das Buch nicht genug empfehlen.", "right"),
    _h("Je ne peux que vous recommander ce vin.", "right"),
    _h("No, Monday is better.", "right"),
    _h("It is not possible to divide by zero.", "right"),
    _h("We do not offer refunds, but you can swap the tickets.", "right|refused"),
]

MATHS_2 = [
    _m("\\frac{7}{4}", "\\boxed{1.75}", "right"),
    _m("\\frac{7}{4}", "\\boxed{1\\frac{3}{4}}", "right|wrong"),
    _m("\\frac{1}{7^{60}}", "\\boxed{\\frac{1}{7^{59}}}", NO),
    _m("1 - 10^{-40}", "\\boxed{1}", NO),
    _m("\\sqrt{2}", "\\boxed{1.414}", NO),
    _m("2^{100}", "\\boxed{1267650600228229401496703205376}", "right"),
    _m("2^{100}", "\\boxed{1267650600228229401496703205375}", NO),
    _m("212_3", "\\boxed{212_5}", NO),
    _m("212_3", "\\boxed{212}", NO + "|right"),
    _m("[0,1)", "\\boxed{(0,1]}", NO),
    _m("[0,1)", "\\boxed{[0,1)}", "right"),
    _m("x \\le 4", "\\boxed{x < 4}", NO),
    _m("x=3", "\\boxed{3}", "right"),
    _m("3", "\\boxed{x=3}", "right"),
    _m("\\text{even}", "\\boxed{even}", "right"),
    _m("\\text{even}", "\\boxed{odd}", NO),
    _m("120^\\circ", "\\boxed{120}", "right"),
    _m("1{,}250", "\\boxed{1250}", "right"),
    _m("1\\,000\\,000", "\\boxed{1,000,000}", "right"),
    _m("5\\sqrt{3}", "The area is $5\\sqrt{3}$.", "right"),
    _m("5\\sqrt{3}", "The area is not $5\\sqrt{3}$.", NO),
    _m("5\\sqrt{3}", "Maybe $5\\sqrt{3}$?", NO),
    _m("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}2\\\\1\\end{pmatrix}}", NO),
    _m("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\boxed{\\begin{pmatrix}1\\\\2\\end{pmatrix}}", "right"),
    _m("-\\frac{1}{2}", "\\boxed{\\frac{-1}{2}}", "right"),
    _m("\\pm 3", "\\boxed{3}", NO),
    _m("\\{-3, 3\\}", "\\boxed{\\{3,-3\\}}", "right"),
    _m("12 \\text{ cm}", "\\boxed{12}", "right"),
    _m("12 \\text{ cm}", "\\boxed{12 \\text{ mm}}", NO),
    _m("0.333333", "\\boxed{\\frac{1}{3}}", "right|wrong"),
    _m("e^{2}", "\\boxed{e^2}", "right"),
    _m("\\log_2 8", "\\boxed{3}", "right"),
    _m("i", "\\boxed{-i}", NO),
]

TEXTS_2 = [
    _t("exact", {"ignore_wrapping": True}, "Oslo", "**Oslo**", "right"),
    _t("exact", {"ignore_wrapping": True}, "Oslo", "“Oslo.”", "right"),
    _t("exact", {"ignore_wrapping": True}, "Oslo", "Oslo or Bergen", NO),
    _t("exact", {}, "Zoë", "Zoe\u0308", "right"),
    _t("contains", {}, "Zoë", "It was Zoe\u0308.", "right"),
    _t("contains", {"whole_words": True}, "5", "15", NO),
    _t("contains", {"whole_words": True}, "3月", "13月", NO),
    _t("contains", {"whole_words": True}, "서울", "저는 서울에 삽니다.", "right"),
    _t("exact", {"extract": {"after": "答案："}}, "京都", "答案：\n京都", "right"),
    _t("exact", {"extract": {"after": "Final answer:"}}, "12", "Final answer:\n\n**12**", "right"),
    _t("exact", {"extract": {"after": "Final answer:"}}, "12", "<think>Final answer: 12", NO),
    _t("json", {"equals": True}, '{"n": 1}', '{"n": 1.0}', "right"),
    _t("json", {"equals": True}, '{"n": true}', '{"n": 1}', NO),
    _t("json", {"equals": True}, '{"n": 1}', '\ufeff```json\r\n{"n": 1}\r\n```', "right"),
    _t("json", {"equals": True, "around": "any"}, '{"n": 1}', 'See [1] and [2]: {"n": 1}', "right"),
    _t("json", {"equals": True, "around": "any"}, '{"n": 1}', 'First {"n": 2}, corrected: {"n": 1}', "right"),
    _t("json", {"equals": True, "around": "any"}, '{"n": 1}', 'First {"n": 1}, corrected: {"n": 2}', NO),
    _t("regex", {"pattern": r"(?:#### (\d+)|so (\d+))"}, "8", "so 8", "right"),
    _t("regex", {"pattern": r"a(b)?(c)?"}, "c", "ac", "right"),
    _t("regex", {"pattern": r"a(b)?(c)?"}, "c", "a", NO),
]  # fmt: skip

CASES: list[Case] = [*HELPS, *HELPS_2, *MATHS, *MATHS_2, *TEXTS, *TEXTS_2]
