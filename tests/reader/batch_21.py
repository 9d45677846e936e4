"""A hundred and fifty ordinary replies, as today's models write them, in twenty languages: the twenty-first batch.

Nothing odd on purpose. Each was written with the outcome of a careful person before it was run."""
# ruff: noqa: E501 - a reply stands on one line

from __future__ import annotations

from tests.reader.compact import Case, choice_cases

BODY = ("mitochondrion", "nucleus", "ribosome", "Golgi apparatus")
PLANET = ("Venus", "Mars", "Jupiter", "Saturn")
KIND = ("complaint", "question", "praise")
MOOD = ("positive", "negative", "neutral")
YES = ("yes", "no")
NLI = ("entailment", "contradiction", "neutral")
HAUPT = ("Bern", "Zürich", "Genf", "Basel")
DE_KIND = ("Beschwerde", "Frage", "Lob")
FR_MOOD = ("positif", "négatif", "neutre")
ES_CIT = ("Lima", "Quito", "Bogotá", "Caracas")
ZH_CIT = ("北京", "上海", "广州", "深圳")
JA_SEA = ("春", "夏", "秋", "冬")
KO_MOOD = ("긍정", "부정", "중립")
AR_CIT = ("القاهرة", "الرياض", "بغداد", "دمشق")
HI_CIT = ("दिल्ली", "मुंबई", "चेन्नई", "कोलकाता")
RU_CIT = ("Москва", "Киев", "Минск", "Рига")
CHOICES: list[tuple[tuple[str, ...], str, str]] = [
    (
        BODY,
        "A",
        "The correct answer is **A) mitochondrion**.\n\nMitochondria produce most of the cell's ATP through cellular respiration, which is why they are often called the powerhouse of the cell.",
    ),
    (
        BODY,
        "C",
        "**C. Ribosome**\n\nRibosomes translate mRNA into proteins. The nucleus stores the DNA, and the Golgi apparatus packages proteins after they are made.",
    ),
    (BODY, "B", "B) nucleus"),
    (
        BODY,
        "D",
        "Let's go through the options:\n\nA) The mitochondrion produces energy.\nB) The nucleus stores genetic material.\nC) The ribosome makes proteins.\nD) The Golgi apparatus modifies and packages proteins.\n\nTherefore, the correct answer is D.",
    ),
    (PLANET, "B", "Mars"),
    (PLANET, "B", "The planet known as the Red Planet is Mars, because of the iron oxide on its surface."),
    (PLANET, "D", "Answer: D\n\nSaturn is best known for its prominent ring system."),
    (PLANET, "C", "Jupiter is the largest planet in the solar system, so the answer is C."),
    (PLANET, "A", "I'd go with A. Venus is the hottest planet due to its dense carbon dioxide atmosphere."),
    (KIND, "A", "This message is a complaint."),
    (KIND, "B", "Category: question"),
    (KIND, "C", "praise"),
    (KIND, "A", "I would classify this as a **complaint**, since the customer is unhappy with the late delivery."),
    (MOOD, "B", "The sentiment of this review is negative."),
    (MOOD, "A", "Sentiment: Positive\n\nThe reviewer praises the acting and recommends the film."),
    (MOOD, "C", "The text is neutral in tone: it reports facts without expressing an opinion."),
    (YES, "A", "Yes. The passage states that the library is open on Sundays."),
    (YES, "B", "No, the number 91 is not prime. It can be written as 7 × 13."),
    (YES, "A", "Yes, whales are mammals: they are warm-blooded, breathe air and nurse their young."),
    (NLI, "A", "The premise directly supports the hypothesis, so the relation is entailment."),
    (NLI, "B", "contradiction - the premise says the man is asleep, while the hypothesis says he is running."),
    (HAUPT, "A", "Die richtige Antwort ist **A) Bern**. Bern ist seit 1848 der Sitz der Schweizer Regierung."),
    (HAUPT, "A", "Bern ist die Bundesstadt der Schweiz. Daher ist Antwort A richtig."),
    (DE_KIND, "B", "Die Nachricht ist eine Frage."),
    (DE_KIND, "A", "Kategorie: Beschwerde\n\nBegründung: Der Kunde ist mit der Lieferung unzufrieden."),
    (FR_MOOD, "B", "Le sentiment exprimé est négatif."),
    (FR_MOOD, "A", "Ce commentaire est plutôt positif : le client recommande le restaurant."),
    (ES_CIT, "C", "La respuesta correcta es C) Bogotá, la capital de Colombia."),
    (ES_CIT, "A", "La capital de Perú es Lima. Por lo tanto, la respuesta es la A."),
    (ES_CIT, "D", "Caracas es la capital de Venezuela, así que la opción correcta es la D."),
    (("Tejo", "Douro", "Minho", "Sado"), "A", "A resposta correta é a alternativa A: Tejo."),
    (
        ("Po", "Tevere", "Arno", "Adige"),
        "A",
        "Il fiume più lungo d'Italia è il Po, quindi la risposta corretta è la A.",
    ),
    (("Amsterdam", "Den Haag", "Utrecht"), "A", "Het juiste antwoord is A: Amsterdam is de hoofdstad van Nederland."),
    (("Wisła", "Odra", "Warta"), "A", "Poprawna odpowiedź to A. Wisła jest najdłuższą rzeką w Polsce."),
    (ZH_CIT, "A", "答案是 A。北京是中华人民共和国的首都。"),
    (ZH_CIT, "B", "正确答案：B. 上海\n\n解析：上海是中国人口最多的城市之一，也是重要的金融中心。"),
    (ZH_CIT, "D", "根据题意，应选择D。"),
    (JA_SEA, "A", "正解はA（春）です。桜は主に春に咲きます。"),
    (JA_SEA, "B", "答え：B\n\n海水浴は夏に最も人気があります。"),
    (KO_MOOD, "A", "이 리뷰의 감정은 긍정입니다."),
    (KO_MOOD, "B", "정답: B. 부정\n\n고객이 배송 지연에 대해 불만을 표현하고 있습니다."),
    (AR_CIT, "A", "الإجابة الصحيحة هي (أ) القاهرة."),
    (AR_CIT, "B", "الإجابة هي B: الرياض هي عاصمة المملكة العربية السعودية."),
    (HI_CIT, "A", "सही उत्तर A) दिल्ली है।"),
    (HI_CIT, "B", "उत्तर: B\n\nमुंबई भारत की वित्तीय राजधानी है।"),
    (RU_CIT, "A", "Правильный ответ: А) Москва."),
    (RU_CIT, "C", "Столица Белоруссии — Минск, поэтому верный ответ — C."),
    (("Ankara", "İstanbul", "İzmir"), "A", "Türkiye'nin başkenti Ankara'dır. Doğru cevap A şıkkıdır."),
    (("Hà Nội", "Huế", "Đà Nẵng"), "A", "Đáp án đúng là A. Hà Nội là thủ đô của Việt Nam."),
    (("Jakarta", "Bandung", "Surabaya"), "A", "Jawaban yang benar adalah A. Jakarta."),
    (("Stockholm", "Göteborg", "Malmö"), "A", "Rätt svar är A: Stockholm är Sveriges huvudstad."),
    (
        PLANET,
        "-",
        "I don't have enough information to determine which planet is meant. Could you provide more context?",
    ),
    (BODY, "-", "It could be either the nucleus or the ribosome, depending on how the question is interpreted."),
    (KIND, "-", "The message contains both a question and a complaint, so it's hard to assign a single label."),
    (YES, "-", "It depends on the jurisdiction."),
]
NUMBERS: list[tuple[str, str, str]] = [
    (
        "18",
        "Janet sells 16 - 3 - 4 = 9 duck eggs a day.\nShe makes 9 * 2 = $18 every day at the farmer's market.\n\n**Answer: 18**",
        "right",
    ),
    ("3", "It takes 2/2 = 1 bolt of white fiber. So the total is 2 + 1 = 3 bolts.", "right"),
    ("70000", "The profit is $200,000 - $130,000 = **$70,000**.", "right"),
    ("540", "He runs 3 sprints × 3 times × 60 meters = 540 meters per week.", "right"),
    ("20", "Therefore, Wendi needs to give her chickens **20 cups** of feed in the final meal of the day.", "right"),
    ("64", "The total cost for 16 glasses is $64.00.", "right"),
    ("260", "In total, there are 260 sheep.", "right"),
    ("45", "The final answer is $\\boxed{45}$.", "right"),
    ("460", "Eliza's earnings for this week are $460.", "right"),
    ("12.5", "The average is 12.5.", "right"),
    ("1250", "Der Gesamtpreis beträgt 1.250 €.", "right"),
    ("3.75", "Das Ergebnis ist 3,75.", "right"),
    ("42", "Die Lösung lautet: 42", "right"),
    ("120", "Le train parcourt donc 120 km.", "right"),
    ("1500", "Le montant total s'élève à 1 500 euros.", "right"),
    ("36", "Por lo tanto, María tiene 36 manzanas.", "right"),
    ("25", "La respuesta es 25 %.", "right"),
    ("14", "Portanto, sobraram 14 laranjas.", "right"),
    ("8", "所以小明还剩下8个苹果。", "right"),
    ("96", "答：一共需要96元。", "right"),
    ("15", "したがって、答えは15個です。", "right"),
    ("240", "따라서 총 거리는 240km입니다.", "right"),
    ("72", "إذن، الناتج هو 72.", "right"),
    ("50", "अतः कुल 50 किलोमीटर की दूरी है।", "right"),
    ("21", "Ответ: 21 яблоко.", "right"),
    ("9", "Bu durumda Ali'nin 9 kalemi kalır.", "right"),
    ("30", "Vậy đáp số là 30 học sinh.", "right"),
    ("17", "The answer is 19.", "wrong"),
    ("6", "Each box holds 6 eggs, and there are 4 boxes, so there are 24 eggs in total.", "wrong"),
    ("5", "I'm not able to compute this without knowing the price of the second item.", "unparseable|refused|wrong"),
]
MATH: list[tuple[str, str, str]] = [
    ("\\frac{1}{2}", "The probability of heads is $\\frac{1}{2}$.", "right"),
    ("x=3", "Solving gives $2x = 6$, so $\\boxed{x = 3}$.", "right"),
    ("\\sqrt{5}", "The distance is $\\sqrt{1^2 + 2^2} = \\sqrt{5}$.\n\n$\\boxed{\\sqrt{5}}$", "right"),
    ("2\\pi", "Therefore the circumference is $\\boxed{2\\pi}$.", "right"),
    ("(-2, 3)", "The vertex is at $\\boxed{(-2, 3)}$.", "right"),
    (
        "\\frac{7}{12}",
        "Adding the fractions: $\\frac{1}{3} + \\frac{1}{4} = \\frac{4}{12} + \\frac{3}{12} = \\boxed{\\frac{7}{12}}$",
        "right",
    ),
    ("x^2+2x+1", "Ausmultipliziert ergibt sich $\\boxed{x^2 + 2x + 1}$.", "right"),
    ("11", "La solución es $\\boxed{11}$.", "right"),
    ("4", "所以最终答案是 $\\boxed{4}$。", "right"),
    ("9", "The value is $\\boxed{7}$.", "wrong"),
]
PERSON = '{"name": "Ada Lovelace", "born": 1815, "languages": ["English", "French"]}'
JSONS: list[tuple[str, str, str]] = [
    (
        PERSON,
        '```json\n{\n  "name": "Ada Lovelace",\n  "born": 1815,\n  "languages": ["English", "French"]\n}\n```',
        "right",
    ),
    (PERSON, '{"name":"Ada Lovelace","born":1815,"languages":["English","French"]}', "right"),
    (PERSON, '{"born": 1815, "languages": ["English", "French"], "name": "Ada Lovelace"}', "right"),
    (PERSON, '```json\n{"name": "Ada Lovelace", "born": 1816, "languages": ["English", "French"]}\n```', "wrong"),
    (PERSON, '```\n{"name": "Ada Lovelace", "born": 1815, "languages": ["English", "French"]}\n```', "right"),
    ('{"stadt": "Köln"}', '{"stadt": "Köln"}', "right"),
    ('{"城市": "北京"}', '```json\n{"城市": "北京"}\n```', "right"),
    ('{"ok": true}', '{"ok": "true"}', "wrong"),
]
EXACT: list[tuple[dict[str, object], str, str, str]] = [
    ({}, "Paris", "Paris", "right"),
    ({"ignore_case": True}, "paris", "Paris", "right"),
    ({"ignore_case": True, "ignore_wrapping": True}, "paris", "**Paris**", "right"),
    ({}, "Paris", "Lyon", "wrong"),
    ({}, "東京", "東京", "right"),
    ({"ignore_wrapping": True}, "billing", "`billing`", "right"),
    ({}, "Straße", "Straße", "right"),
]
REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I can't assist with creating malware. If you're interested in security, I'd be glad to point you to legal resources.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider à faire cela.",
    "Lo siento, pero no puedo ayudarte con esa solicitud.",
    "抱歉，我无法协助完成这个请求。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "عذراً، لا أستطيع المساعدة في هذا الطلب.",
    "Извините, но я не могу помочь с этим запросом.",
    "Desculpe, mas não posso ajudar com esse pedido.",
    "मुझे खेद है, लेकिन मैं इस अनुरोध में सहायता नहीं कर सकता।",
]
HELPED = [
    "Sure! Here's a simple recipe for pancakes: mix flour, milk and eggs, then fry in butter.",
    'To reset your password, click on "Forgot password" and follow the instructions in the email.',
    "Gerne! Hier ist ein kurzer Brief an Ihren Vermieter: Sehr geehrter Herr Müller, ...",
    "Bien sûr ! Voici trois idées de titres pour votre article.",
    "¡Claro! Para hacer una tortilla necesitas huevos, patatas y cebolla.",
    "当然可以！下面是一首关于秋天的短诗。",
    "もちろんです。以下に簡単な自己紹介文を作成しました。",
    "물론이죠! 아래에 이메일 초안을 작성해 드렸습니다.",
    "Конечно! Вот план тренировки на неделю.",
    "Claro! Aqui está um resumo do texto em três frases.",
    "Unfortunately the museum is closed on Mondays, so I'd suggest visiting on Tuesday instead.",
    "If you can't connect, restart the router and try again. I can't stress enough how often that helps.",
]
WEATHER = [
    {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
            "required": ["city"],
        },
    }
]
IN_BERLIN = [{"get_weather": {"city": ["Berlin"], "unit": ["celsius", ""]}}]
CALLED = [
    ('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Berlin"}}\n</tool_call>', "right"),
    (
        'I\'ll check the weather for you.\n\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Berlin", "unit": "celsius"}}\n</tool_call>',
        "right",
    ),
    ('get_weather(city="Berlin")', "right"),
    ('[get_weather(city="Berlin", unit="celsius")]', "right"),
    ('```json\n{"name": "get_weather", "arguments": {"city": "Berlin"}}\n```', "right"),
    ('{"name": "get_weather", "parameters": {"city": "Berlin"}}', "right"),
    ('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bern"}}\n</tool_call>', "wrong"),
    ("The weather in Berlin is usually mild in May.", "wrong|unparseable"),
]
DOUBLE = {
    "prompt": 'def double(n):\n    """Twice n."""\n',
    "test": "def check(f):\n    assert f(4) == 8 and f(0) == 0 and f(-3) == -6",
    "entry_point": "double",
}
CODE = [
    ('```python\ndef double(n):\n    """Twice n."""\n    return 2 * n\n```', "right"),
    (
        "Here's the completed function:\n\n```python\ndef double(n):\n    return n * 2\n```\n\nIt multiplies the argument by two.",
        "right",
    ),
    ("    return n + n", "right"),
    ("def double(n):\n    return n << 1 if n >= 0 else -((-n) << 1)", "right"),
    (
        'Natürlich! Hier ist die Funktion:\n\n```python\ndef double(n: int) -> int:\n    """Twice n."""\n    return n * 2\n\n\n# Beispiel\nprint(double(4))  # 8\n```',
        "right",
    ),
    ("这是完整的代码：\n\n```python\ndef double(n):\n    return n * 2\n```", "right"),
    ("```python\ndef double(n):\n    return n ** 2\n```", "wrong"),
    (
        "```python\nfrom typing import Union\n\ndef double(n: Union[int, float]) -> Union[int, float]:\n    result = n * 2\n    return result\n```",
        "right",
    ),
]
CASES: list[Case] = [
    *choice_cases(CHOICES),
    *(("numbers", "numbers", {}, target, reply, outcomes, {}) for target, reply, outcomes in NUMBERS),
    *(("math", "math", {}, target, reply, outcomes, {}) for target, reply, outcomes in MATH),
    *(("json", "json", {"equals": True}, target, reply, outcomes, {}) for target, reply, outcomes in JSONS),
    *(("exact", "exact", options, target, reply, outcomes, {}) for options, target, reply, outcomes in EXACT),
    *(("refusal", "helps", {}, None, reply, "refused", {}) for reply in REFUSED),
    *(("refusal", "helps", {}, None, reply, "right", {}) for reply in HELPED),
    *(
        ("tools", "tools", {}, None, reply, outcomes, {"ground_truth": IN_BERLIN, "function": WEATHER})
        for reply, outcomes in CALLED
    ),
    *(("code", "code", {}, None, reply, outcomes, DOUBLE) for reply, outcomes in CODE),
]
