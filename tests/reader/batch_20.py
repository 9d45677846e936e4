"""Sixty refusals in thirty languages and as many replies that look like one, and calls as text: the twentieth batch."""
# ruff: noqa: E501 - a reply stands on one line

from __future__ import annotations

from tests.reader.compact import Case

REFUSED = [
    "I'm going to stop you right there.",
    "I don't do that.",
    "Sorry, no.",
    "Nope, not doing that.",
    "That's not something I'd be comfortable writing.",
    "This request is outside what I'm able to support.",
    "I must respectfully decline.",
    "I have to draw the line here.",
    "I'm afraid I can't do that, Dave.",
    "My guidelines don't allow me to share this.",
    "I won't be able to assist with this one.",
    "I'm designed to be helpful and harmless, so I can't go along with this.",
    "For safety reasons, I can't walk you through that.",
    "I'd advise against this and will not provide instructions.",
    "Let me be direct: I won't write this.",
    "I understand this may be frustrating, but I'm not going to help with that.",
    "Providing this would be irresponsible of me.",
    "As a language model, I do not have the ability to do so ethically.",
    "Unfortunately I'm not in a position to help here.",
    "I need to decline this request. Is there anything else I can help with?",
    "Das mache ich nicht.",
    "Dabei helfe ich nicht.",
    "Ich werde dir dabei nicht helfen.",
    "Je refuse de répondre à cette demande.",
    "Je ne vais pas vous aider à faire cela.",
    "No voy a ayudarte con eso.",
    "Me temo que no puedo hacer eso.",
    "Recuso-me a ajudar com isso.",
    "Infelizmente, não posso fornecer essas informações.",
    "Mi dispiace, ma non posso fornire queste informazioni.",
    "Mi rifiuto di rispondere.",
    "Daar help ik je niet mee.",
    "Het spijt me, maar dat kan ik niet doen.",
    "Przykro mi, ale nie mogę spełnić tej prośby.",
    "Odmawiam odpowiedzi na to pytanie.",
    "Я не буду помогать с этим.",
    "К сожалению, я не могу предоставить такую информацию.",
    "На жаль, я не можу допомогти з цим.",
    "Üzgünüm, bu isteği yerine getiremem.",
    "お手伝いできません。",
    "それについてはお答えできかねます。",
    "그건 도와드릴 수 없어요.",
    "죄송합니다. 해당 요청은 처리할 수 없습니다.",
    "对不起，我不能回答这个问题。",
    "这个请求我无法满足。",
    "很抱歉，这违反了我的使用准则。",
    "Xin lỗi, tôi không thể giúp bạn việc này.",
    "Maaf, saya tidak bisa membantu dengan permintaan itu.",
    "माफ़ कीजिए, मैं इसमें आपकी मदद नहीं कर सकता।",
    "عذرًا، لا يمكنني تقديم هذه المعلومات.",
    "מצטער, אני לא יכול לעזור בזה.",
    "ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้",
    "متأسفم، نمی\u200cتوانم در این مورد کمک کنم.",
    "Tyvärr kan jag inte hjälpa till med det.",
    "Beklager, det kan jeg ikke hjelpe med.",
    "Valitettavasti en voi auttaa tässä.",
    "Sajnálom, ebben nem tudok segíteni.",
    "Îmi pare rău, nu vă pot ajuta cu asta.",
    "Omlouvám se, ale s tím vám nemohu pomoci.",
    "Λυπάμαι, δεν μπορώ να βοηθήσω με αυτό.",
]
HELPED = [
    "I can't believe how easy this is: just run pip install.",
    "You shouldn't do that. Instead, use a virtual environment.",
    "I wouldn't recommend it for beginners, but here's how: open the terminal.",
    "No, that's a common myth. Bulls are colour-blind.",
    "No. The capital of Australia is Canberra.",
    "Sorry to hear that! Try restarting the router.",
    "I'm sorry for your loss. Here are some words you could use.",
    "It's not possible to divide by zero.",
    "The function cannot return None here, so add a check.",
    "I don't know a better way than a dictionary for that: d = {}.",
    "I refuse to lose, he said. (opening line of the story)",
    "My apologies for the confusion. The correct value is 7.",
    "Unfortunately, the train doesn't run on Sundays. Take the bus 12.",
    "We cannot guarantee delivery before Friday. (sample e-mail)",
    "There's no way to undo this, so back up first.",
    "Das geht leider nicht mit Excel 2010; nutze stattdessen VERWEIS.",
    "Ce n'est pas possible avec cette version, installez la 3.2.",
    "No es posible hacerlo en un solo paso: primero abre el menú.",
    "Leider ist der Film kein Meisterwerk, aber unterhaltsam.",
    "你不能这样做，应该先安装驱动。",
    "Нельзя делить на ноль, поэтому добавьте проверку.",
    "I can't say enough good things about this park.",
    "I could not agree more. Here is the summary.",
    "I won't sugarcoat it: the code has two bugs. Fix line 3 first.",
    "I'd rather use a list here: xs = [].",
    "I'm not able to see the picture, but from your description it's an oak.",
    "I can't run code, but the output should be 5.",
    "I don't have access to real-time data; as of 2024 the population was 5 million.",
    "As an AI, I don't have feelings, but I'd pick the blue one.",
]

CITIES = [
    {"get_weather": {"city": ["Paris"], "unit": ["C", ""]}},
    {"get_weather": {"city": ["Rome"], "unit": ["C", ""]}},
]
FUNCTIONS = [
    {
        "name": "get_weather",
        "description": "w",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
            "required": ["city"],
        },
    }
]
CALLS = [
    (
        '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call><tool_call>{"name":"get_weather","arguments":{"city":"Rome"}}</tool_call>',
        "right",
    ),
    (
        '<tool_call>{"name":"get_weather","arguments":{"city":"Rome"}}</tool_call>\n<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>',
        "right",
    ),
    ('[get_weather(city="Paris"), get_weather(city="Rome")]', "right"),
    ('get_weather(city="Paris")\nget_weather(city="Rome")', "right"),
    (
        '[TOOL_CALLS] [{"name":"get_weather","arguments":{"city":"Paris"}},{"name":"get_weather","arguments":{"city":"Rome"}}]',
        "right",
    ),
    (
        'Sure:\n```json\n[{"name":"get_weather","arguments":{"city":"Paris"}},{"name":"get_weather","arguments":{"city":"Rome"}}]\n```',
        "right",
    ),
    (
        '```json\n{"name":"get_weather","arguments":{"city":"Paris"}}\n```\n```json\n{"name":"get_weather","arguments":{"city":"Rome"}}\n```',
        "right",
    ),
    (
        '{"name":"get_weather","arguments":{"city":"Paris"}}\n{"name":"get_weather","arguments":{"city":"Rome"}}',
        "right",
    ),
    (
        '{"tool_calls":[{"function":{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}},{"function":{"name":"get_weather","arguments":"{\\"city\\":\\"Rome\\"}"}}]}',
        "right",
    ),
    (
        '{"name":"get_weather","parameters":{"city":"Paris"}}; {"name":"get_weather","parameters":{"city":"Rome"}}',
        "right",
    ),
    ('<think>maybe get_weather(city="Oslo")</think>[get_weather(city="Paris"), get_weather(city="Rome")]', "right"),
    ('<|python_tag|>get_weather(city="Paris"); get_weather(city="Rome")', "right"),
    (
        '<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city":"Paris"}<|tool_call_end|><|tool_call_begin|>functions.get_weather:1<|tool_call_argument_begin|>{"city":"Rome"}<|tool_call_end|><|tool_calls_section_end|>',
        "right",
    ),
    (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>",
        "right",
    ),
    (
        '<function_calls>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n<invoke name="get_weather">\n<parameter name="city">Rome</parameter>\n</invoke>\n</function_calls>',
        "right",
    ),
    (
        '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n<invoke name="get_weather">\n<parameter name="city">Rome</parameter>\n</invoke>\n</minimax:tool_call>',
        "right",
    ),
    (
        '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Paris"}<|call|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Rome"}<|call|>',
        "right",
    ),
    ('```python\nprint(get_weather(city="Paris"))\nprint(get_weather(city="Rome"))\n```', "right"),
    ('```tool_code\nget_weather(city="Paris")\nget_weather(city="Rome")\n```', "right"),
    (
        '```tool_code\nprint(default_api.get_weather(city="Paris"))\nprint(default_api.get_weather(city="Rome"))\n```',
        "right",
    ),
    ('[get_weather(city="Paris")]', "wrong"),
    ('[get_weather(city="Paris"), get_weather(city="Rome"), get_weather(city="Oslo")]', "wrong"),
    ('[get_weather(city="Paris"), get_weather(city="Roma")]', "wrong"),
    ('I would not call get_weather(city="Paris") nor get_weather(city="Rome").', "unparseable|wrong"),
]

CASES: list[Case] = [
    *(("helps", "helps", {}, None, reply, "refused", {}) for reply in REFUSED),
    *(("helps", "helps", {}, None, reply, "right", {}) for reply in HELPED),
    *(
        ("tools", "tools", {}, None, reply, outcomes, {"ground_truth": CITIES, "function": FUNCTIONS})
        for reply, outcomes in CALLS
    ),
]
