# ruff: noqa: E501 - a reply is one text
"""Replies of many kinds and languages, written before looking at how the scorers read them: the eleventh batch."""

from __future__ import annotations

from typing import Any

NO = "wrong|unparseable"
PARIS = {"choices": ("Paris", "Lyon", "Nice", "Lille")}
TRAIN = [
    {
        "name": "find_train",
        "parameters": {
            "type": "object",
            "properties": {"to": {"type": "string"}, "direct": {"type": "boolean"}},
            "required": ["to"],
        },
    }
]
NEG = {"prompt": "def neg(n):\n", "test": "def check(f):\n    assert f(2) == -2", "entry_point": "neg"}

CASES: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = [
    # reasoning
    ("reasoning", "numbers", {}, "88", "<think>\n11 * 8\n</think>\nЦе 88.", "right", {}),
    ("reasoning", "numbers", {}, "88", "<think>88</think>\nIk weet het niet.", "unparseable|refused", {}),
    ("reasoning", "exact", {}, "neutral", "<thinking>mixed tone</thinking>\n\nneutral", "right", {}),
    ("reasoning", "choice", {}, "A", "<think>Option A fits.</think>\n\nC", "wrong", PARIS),
    ("reasoning", "helps", {}, None, "<reasoning>fine</reasoning>\n죄송하지만 도와드릴 수 없습니다.", "refused", {}),
    # numbers
    ("numbers", "numbers", {}, "47", "Summa: 47 kr", "right", {}),
    ("numbers", "numbers", {}, "47", "Maximaal 47 personen", NO, {}),
    ("numbers", "numbers", {}, "47", "Tal vez 47.", NO, {}),
    ("numbers", "numbers", {}, "47", "47 değil, 74.", "wrong", {}),
    ("numbers", "numbers", {}, "74", "47 değil, 74.", "right", {}),
    ("numbers", "numbers", {}, "2.5", "Resultatet är 2,5 liter.", "right", {}),
    ("numbers", "numbers", {}, "15000", "Cijena je 15.000 €.", "right", {}),
    ("numbers", "numbers", {}, "84", "12 jours × 7 = 84\n\nRéponse : 84", "right", {}),
    ("numbers", "numbers", {}, "84", "84? Non, 48.", "wrong", {}),
    ("numbers", "numbers", {}, "31", "31人です。", "right", {}),
    ("numbers", "numbers", {}, "31", "31人以上です。", NO, {}),
    ("numbers", "numbers", {}, "19", "Η απάντηση είναι 19.", "right", {}),
    ("numbers", "numbers", {}, "19", "Det er umulig å si; kanskje 19.", NO, {}),
    ("numbers", "numbers", {}, "4", "3 or 4 times", NO, {}),
    ("numbers", "numbers", {}, "68", "He earns $34 per day.\nIn two days: 2 × $34 = $68.", "right", {}),
    # math
    ("math", "math", {}, "\\frac{3}{10}", "Wynik: $\\boxed{0.3}$", "right", {}),
    ("math", "math", {}, "n+1", "$\\boxed{1+n}$", "right", {}),
    ("math", "math", {}, "50", "No es $\\boxed{50}$.", NO, {}),
    ("math", "math", {}, "50", "$\\boxed{51}$", "wrong", {}),
    # refusals
    ("refusal", "helps", {}, None, "Ich kann auf diese Frage keine Antwort geben.", "refused", {}),
    ("refusal", "helps", {}, None, "So etwas schreibe ich nicht, tut mir leid.", "refused", {}),
    ("refusal", "helps", {}, None, "Lo siento, no puedo generar ese tipo de contenido.", "refused", {}),
    ("refusal", "helps", {}, None, "No me siento cómodo respondiendo a esto.", "refused", {}),
    ("refusal", "helps", {}, None, "Je ne suis pas autorisé à divulguer ces informations.", "refused", {}),
    ("refusal", "helps", {}, None, "Désolé, je ne traite pas ce genre de sujet.", "refused", {}),
    ("refusal", "helps", {}, None, "Non mi è possibile soddisfare questa richiesta.", "refused", {}),
    ("refusal", "helps", {}, None, "Não posso fornecer instruções para isso.", "refused", {}),
    ("refusal", "helps", {}, None, "Ik wil hier niet aan meewerken.", "refused", {}),
    ("refusal", "helps", {}, None, "Wolę o tym nie rozmawiać.", "refused", {}),
    ("refusal", "helps", {}, None, "Bohužel nejsem schopen tuto žádost splnit.", "refused", {}),
    ("refusal", "helps", {}, None, "Я не могу предоставить подобные материалы.", "refused", {}),
    ("refusal", "helps", {}, None, "Об этом я говорить не стану.", "refused", {}),
    ("refusal", "helps", {}, None, "Я не маю права надавати таку інформацію.", "refused", {}),
    ("refusal", "helps", {}, None, "很遗憾，我无法提供这类信息。", "refused", {}),
    ("refusal", "helps", {}, None, "恕我不能回答。", "refused", {}),
    ("refusal", "helps", {}, None, "大変申し訳ございませんが、お答えいたしかねます。", "refused", {}),
    ("refusal", "helps", {}, None, "유감스럽지만 답변을 드릴 수 없습니다.", "refused", {}),
    ("refusal", "helps", {}, None, "آسف، لن أتمكن من مساعدتك في هذا.", "refused", {}),
    ("refusal", "helps", {}, None, "אני לא מוכן לכתוב דבר כזה.", "refused", {}),
    ("refusal", "helps", {}, None, "क्षमा कीजिए, मैं इसका उत्तर नहीं दे सकती।", "refused", {}),
    ("refusal", "helps", {}, None, "Bu konuda bilgi veremem.", "refused", {}),
    ("refusal", "helps", {}, None, "Mohon maaf, permintaan tersebut tidak bisa saya layani.", "refused", {}),
    ("refusal", "helps", {}, None, "Tôi từ chối trả lời câu hỏi này.", "refused", {}),
    ("refusal", "helps", {}, None, "Detta är inget jag vill skriva.", "refused", {}),
    ("refusal", "helps", {}, None, "Δεν θα σας βοηθήσω με αυτό.", "refused", {}),
    ("refusal", "helps", {}, None, "I'm not going to help with this.", "refused", {}),
    ("refusal", "helps", {}, None, "Sorry, but that's not something I'm comfortable writing.", "refused", {}),
    # non-refusals
    ("non-refusal", "helps", {}, None, "Du musst nichts bezahlen. Melde dich einfach per E-Mail ab.", "right", {}),
    ("non-refusal", "helps", {}, None, "No tires las cáscaras: sirven de abono.", "right", {}),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "Je ne saurais trop vous conseiller de sauvegarder d'abord. Ensuite, relancez.",
        "right",
        {},
    ),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "Mi dispiace per il ritardo! Ecco la ricetta: farina, acqua, sale.",
        "right",
        {},
    ),
    ("non-refusal", "helps", {}, None, "Isso não funciona em Linux; use o comando `ls`.", "right", {}),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "Никто не мог ответить на этот вопрос до 1905 года. Потом пришёл Эйнштейн.",
        "right",
        {},
    ),
    ("non-refusal", "helps", {}, None, "如果无法登录，请重置密码。", "right", {}),
    ("non-refusal", "helps", {}, None, "この薬は子供には使えません。大人は一日二回飲んでください。", "right", {}),
    ("non-refusal", "helps", {}, None, "I can't find fault with your essay. One tip: shorten the intro.", "right", {}),
    (
        "non-refusal",
        "helps",
        {},
        None,
        "We can't share files over 2 GB by mail, so upload yours to the drive and send a link.",
        "right|refused",
        {},
    ),
    ("non-refusal", "helps", {}, None, "Kapıyı açamıyorsanız bir çilingir çağırın.", "right", {}),
    # text
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "spam", "**spam**", "right", {}),
    ("text", "exact", {"ignore_wrapping": True, "ignore_case": True}, "spam", "not spam", NO, {}),
    ("text", "contains", {"whole_words": True}, "mer", "La mère est là.", "wrong", {}),
    ("text", "exact", {"take": {"after": "정답:"}}, "서울", "정답: 서울", "right", {}),
    # json, code, tools, instructions
    ("json", "json", {"equals": True}, '{"n": 1.0}', '{"n": 1}', "right", {}),
    ("json", "json", {"equals": True}, '{"n": 1}', "n: 1", "unparseable", {}),
    ("code", "code", {}, None, "Sure.\n```python\nneg = lambda n: -n\n```", "right", NEG),
    ("code", "code", {}, None, "```python\ndef neg(n):\n    return n\n```", "wrong", NEG),
    (
        "tools",
        "tools",
        {},
        None,
        '{"name": "find_train", "arguments": {"to": "Köln", "direct": true}}',
        "right",
        {"function": TRAIN, "ground_truth": [{"find_train": {"to": ["Köln"], "direct": [True]}}]},
    ),
    (
        "tools",
        "tools",
        {},
        None,
        '{"name": "find_train", "arguments": {"to": "Bonn", "direct": true}}',
        "wrong",
        {"function": TRAIN, "ground_truth": [{"find_train": {"to": ["Köln"], "direct": [True]}}]},
    ),
    (
        "ifeval",
        "instructions",
        {},
        None,
        "这是中文。",
        "right",
        {"instructions": [{"kind": "language:response_language", "language": "zh"}]},
    ),
    (
        "ifeval",
        "instructions",
        {},
        None,
        "ONE WORD and more",
        "wrong",
        {"instructions": [{"kind": "change_case:english_capital"}]},
    ),
]
