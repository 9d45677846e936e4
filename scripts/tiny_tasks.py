"""The three small worlds behind the quickstart: questions, tickets and instructions, made from templates by seed.

Shared on purpose: `quickstart_data.py` writes the held-out items from here, `train_tiny.py` trains on everything else
from here, and both build the same exclusion keys, so an item that is scored was never trained on. Facts are trained
(12 + 3 is 15, an owl is an animal); what is held out is the item: the question with its set of choices, the ticket's
whole text, the instruction's whole prompt. Some phrasings of tickets (`UNSEEN`) are kept out of training altogether.

    {"id": "c0001", "subject": "sums", "question": "What is 7 + 5?", "choices": ["11", "12", "22", "7"], "answer": 1}
    {"id": "t0001", "ticket": "Hello. The parcel came on Monday, but the lamp does not switch on.", "product": "lamp",
     "queue": "technical"}
    {"id": "i0001", "prompt": "Repeat exactly: fig OWL 7",
     "instructions": [{"kind": "evalkit:exact_reply", "text": "fig OWL 7"}], "example": "fig OWL 7"}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

CHOICE_PROMPT = "{question}\nA. {c0}\nB. {c1}\nC. {c2}\nD. {c3}\nReply with the letter only."
TRIAGE_PROMPT = (
    "Sort this support ticket into one of these queues: billing, shipping, returns, account, technical, sales. "
    "Reply with the queue only.\n\nTicket: {ticket}"
)
INSTRUCTION_PROMPT = "{prompt}"

LETTERS = "ABCD"
QUEUES = ("billing", "shipping", "returns", "account", "technical", "sales")

HELD_OUT_SEED = 20261120
HELD_OUT_ITEMS = 320
STARTER_TICKETS = 30

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One item as text: what is asked, the reply that is taught, and the key by which it may be held out."""

    prompt: str
    reply: str
    key: str


# A closed vocabulary: every word below becomes one token, so a small model spends nothing on spelling
CATEGORIES = {
    "animal": ["cat", "dog", "cow", "pig", "hen", "fox", "owl", "bee", "ant", "goat"],
    "fruit": ["apple", "pear", "plum", "fig", "lemon", "mango", "peach", "grape", "melon", "cherry"],
    "color": ["red", "blue", "green", "black", "white", "pink", "gray", "brown", "purple", "yellow"],
    "tool": ["hammer", "saw", "drill", "wrench", "axe", "shovel", "rake", "chisel", "pliers", "ladder"],
    "garment": ["shirt", "coat", "sock", "hat", "glove", "scarf", "belt", "skirt", "boot", "vest"],
    "vehicle": ["car", "bus", "train", "truck", "boat", "plane", "tram", "van", "bike", "ship"],
}
WORDS = [word for words in CATEGORIES.values() for word in words]
THINGS = [word for name, words in CATEGORIES.items() if name != "color" for word in words]
PAIRS = [
    ("hot", "cold"), ("big", "small"), ("fast", "slow"), ("high", "low"), ("old", "new"), ("wet", "dry"),
    ("hard", "soft"), ("light", "dark"), ("open", "shut"), ("full", "empty"), ("early", "late"), ("up", "down"),
]  # fmt: skip
OPPOSITES = {**dict(PAIRS), **{right: left for left, right in PAIRS}}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NUMBER_NAMES = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def article(word: str) -> str:
    """The word with its indefinite article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def numbers_near(r: Random, value: int) -> list[str]:
    """Three wrong numbers close to the right one, so that guessing the size does not help."""
    wrong: set[int] = set()
    while len(wrong) < 3:
        other = value + r.choice([-10, -5, -3, -2, -1, 1, 2, 3, 5, 10])
        if other >= 0 and other != value:
            wrong.add(other)
    return [str(number) for number in sorted(wrong)]


def ask_sum(r: Random) -> tuple[str, str, list[str]]:
    a, b = r.randint(0, 15), r.randint(0, 15)
    return f"What is {a} + {b}?", str(a + b), numbers_near(r, a + b)


def ask_difference(r: Random) -> tuple[str, str, list[str]]:
    b, a = sorted((r.randint(0, 20), r.randint(0, 20)))
    return f"What is {a} - {b}?", str(a - b), numbers_near(r, a - b)


def ask_category(r: Random) -> tuple[str, str, list[str]]:
    name, *others = r.sample(list(CATEGORIES), 4)
    return f"Which one is {article(name)}?", r.choice(CATEGORIES[name]), [r.choice(CATEGORIES[o]) for o in others]


def ask_opposite(r: Random) -> tuple[str, str, list[str]]:
    word = r.choice(list(OPPOSITES))
    wrong = r.sample([other for other in OPPOSITES if other not in (word, OPPOSITES[word])], 3)
    return f"What is the opposite of {word}?", OPPOSITES[word], wrong


def ask_extreme(r: Random, name: str, pick: Callable[[list[int]], int]) -> tuple[str, str, list[str]]:
    numbers = r.sample(range(60), 4)
    right = pick(numbers)
    wrong = [str(number) for number in numbers if number != right]
    return f"Which number is the {name}?", str(right), wrong


def ask_next(r: Random) -> tuple[str, str, list[str]]:
    if r.random() < 0.5:
        day, step = r.randrange(7), r.choice([1, -1])
        right = DAYS[(day + step) % 7]
        wrong = r.sample([other for other in DAYS if other not in (right, DAYS[day])], 3)
        return f"Which day comes {'after' if step == 1 else 'before'} {DAYS[day]}?", right, wrong
    number, step = r.randint(1, 50), r.choice([1, -1])
    right = number + step
    return f"Which number comes {'after' if step == 1 else 'before'} {number}?", str(right), numbers_near(r, right)


def ask_odd_one_out(r: Random) -> tuple[str, str, list[str]]:
    common, odd = r.sample(list(CATEGORIES), 2)
    return "Which word does not belong with the others?", r.choice(CATEGORIES[odd]), r.sample(CATEGORIES[common], 3)


SUBJECTS: dict[str, Callable[[Random], tuple[str, str, list[str]]]] = {
    "sums": ask_sum,
    "differences": ask_difference,
    "category": ask_category,
    "opposites": ask_opposite,
    "largest": lambda r: ask_extreme(r, "largest", max),
    "smallest": lambda r: ask_extreme(r, "smallest", min),
    "next": ask_next,
    "odd one out": ask_odd_one_out,
}


def make_choice(r: Random, subject: str | None = None) -> Item:
    """A four-way item without its id; the right answer's place is uniform."""
    subject = subject or r.choice(list(SUBJECTS))
    question, right, wrong = SUBJECTS[subject](r)
    choices = [right, *wrong]
    r.shuffle(choices)
    return {"subject": subject, "question": question, "choices": choices, "answer": choices.index(right)}


def choice_key(item: Item) -> str:
    """An item is its question with its set of choices: another order of the same choices is the same item."""
    return item["question"] + "|" + ",".join(sorted(item["choices"]))


def choice_lines(choices: list[str]) -> str:
    return "\n".join(f"{LETTERS[i]}. {choice}" for i, choice in enumerate(choices))


def choice_prompt(item: Item) -> str:
    """As CHOICE_PROMPT, but for two or three choices as well: those are only ever lessons."""
    return f"{item['question']}\n{choice_lines(item['choices'])}\nReply with the letter only."


PRODUCTS = ["kettle", "lamp", "heater", "router", "speaker", "camera", "printer", "tablet", "toaster", "monitor"]

# Tickets: [a|b] is a choice; {item}, {day} and {n} are filled in.
PROBLEMS = {
    "billing": [
        "[I was|We were] charged [twice|two times] for the {item}",
        "the invoice for the {item} shows the wrong [amount|total]",
        "my card was charged [again|twice] after I cancelled the plan",
        "the discount was not taken off the [bill|invoice]",
        "[I need|please send] a copy of the invoice for the {item}",
        "there is a charge of {n} dollars that I do not [know|understand]",
        "the total on my [bill|card statement] is {n} dollars too high",
        "[please explain|I do not understand] the tax on my bill",
        "my payment for the {item} was [declined|taken two times]",
    ],
    "shipping": [
        "the parcel [has not arrived|never arrived|is late]",
        "the tracking has not [moved|changed] since {day}",
        "the courier left the {item} at the wrong address",
        "[when will|do you know when] my {item} [arrive|get here]?",
        "my order is [stuck|lost] on its way to me",
        "please deliver the {item} to [another|a new] address",
        "the driver said that nobody was home on {day}",
        "I have waited {n} days for the {item} and it is not here",
        "can you [deliver|ship] it before {day}?",
    ],
    "returns": [
        "I want to [send the {item} back|return the {item}]",
        "[how do I|where can I] return the {item}?",
        "[I need|please send] a return label for the {item}",
        "can I [exchange|swap] the {item} for a bigger one?",
        "you sent the wrong {item}, so I will send it back",
        "the {item} is the wrong color and I want to exchange it",
        "I changed my mind and [do not want the {item} any more|want to return it]",
        "is it too late to send the {item} back after {n} days?",
        "where do I drop off the {item} that I return?",
    ],
    "account": [
        "I cannot [log in|sign in] any more",
        "the password reset mail [never comes|does not arrive]",
        "please change the email address on my [profile|account]",
        "[please close|I want to close] my account",
        "my account is locked after {n} wrong passwords",
        "I want to [change|update] the name on my profile",
        "somebody else has used my [login|password]",
        "how do I [reset|change] my password?",
        "please add my [wife|brother] to our account as a second user",
    ],
    "technical": [
        "the {item} does not [switch on|start]",
        "the app [crashes|freezes] when I open it",
        "the screen of the {item} stays [black|dark]",
        "the {item} will not [pair|connect] with my phone",
        "the {item} makes a loud noise and [stops|gets hot]",
        "the {item} shows error {n} after the update",
        "the {item} [loses|drops] the connection every {n} minutes",
        "the button on the {item} does [nothing|not work]",
        "how do I [reset|update] the {item}? it is frozen",
    ],
    "sales": [
        "does the {item} come in [red|blue|white|black]?",
        "do you [give|offer] a discount for {n} pieces of the {item}?",
        "which {item} is best for a small [kitchen|office]?",
        "is the {item} in stock [now|on {day}]?",
        "[I want|we want] to buy {n} pieces of the {item}",
        "what is the price of the [big|new] {item}?",
        "before I buy, is the {item} [quiet|easy to clean]?",
        "can you make an offer for {n} pieces?",
        "do you [sell|have] a bigger {item} than the one in the shop?",
    ],
}  # fmt: skip

# Phrasings that only held-out tickets use: known words, new sentences. They keep the task from being recall.
UNSEEN = {
    "billing": ["my statement shows the payment two times", "please take the discount off my total"],
    "shipping": ["nobody knows where my parcel is", "the courier has not moved my order for {n} days"],
    "returns": ["I do not want it any more, can you send a label?", "please exchange it, the {item} is too big"],
    "account": ["my login is locked", "please update the email address, I have a new one"],
    "technical": ["it freezes and then the screen is black", "my phone does not connect after the update"],
    "sales": ["have you got {n} pieces in stock?", "we want to know the price before we buy"],
}

# Background that is true of another queue and wants nothing: the words of one queue in a ticket of another.
BACKGROUND = {
    "billing": [
        "the payment went through",
        "I paid by card on {day}",
        "the invoice is fine",
        "the price on the bill was right",
    ],
    "shipping": [
        "the parcel arrived on {day}",
        "the courier was on time",
        "the tracking said {day} and that was right",
        "the order came in {n} days",
    ],
    "returns": ["I do not want to return it", "I do not need a return label", "I will not send it back"],
    "account": ["I can log in", "my password works", "my account is fine", "the profile shows my new address"],
    "technical": ["the {item} works", "the app opens", "the screen is fine", "the {item} is connected"],
    "sales": ["I like the {item}", "the shop offered a good price", "I want to buy from you again"],
}
OPENINGS = [
    "",
    "",
    "Hello.",
    "Hi there.",
    "Good morning.",
    "Hello, me again.",
    "I am a little upset.",
    "Quick question.",
]
CLOSINGS = ["", "", "Thank you.", "Please help.", "Can you help?", "I need this before {day}.", "Many thanks."]


def fill(r: Random, pattern: str, slots: dict[str, str]) -> str:
    """A pattern with its alternatives chosen and its slots filled."""
    chosen = re.sub(r"\[([^\]]*)\]", lambda found: r.choice(found.group(1).split("|")), pattern)
    return chosen.format(**slots)


def sentence(text: str) -> str:
    """Capitalised and closed; a question mark that is already there stays."""
    closed = text if text.endswith("?") else text + "."
    return closed[0].upper() + closed[1:]


def make_ticket(r: Random, queue: str | None = None, *, unseen: bool = False) -> Item:
    """A ticket without its id: a problem, often beside background that belongs to another queue."""
    queue = queue or r.choice(QUEUES)
    product = r.choice(PRODUCTS)
    slots = {"item": product, "day": r.choice(DAYS), "n": str(r.randint(2, 40))}
    problem = fill(r, r.choice((UNSEEN if unseen else PROBLEMS)[queue]), slots)
    other = r.choice([name for name in QUEUES if name != queue])
    background = fill(r, r.choice(BACKGROUND[other]), {**slots, "day": r.choice(DAYS)})
    body = r.choice([
        f"{sentence(problem)}",
        f"{sentence(background)} {sentence(problem)}",
        f"{sentence(problem)} {sentence(background)}",
        sentence(f"{background}, but {problem}"),
        sentence(f"{background} and {problem}"),
    ])  # fmt: skip
    parts = [r.choice(OPENINGS), body, fill(r, r.choice(CLOSINGS), slots)]
    return {"ticket": " ".join(part for part in parts if part), "product": product, "queue": queue}


def instruction(kind: str, **options: Any) -> Item:
    return {"kind": kind, **options}


def words_exactly(n: int) -> Item:
    return instruction("length_constraints:number_words", relation="exactly", num_words=n)


def made(prompt: str, example: str, *instructions: Item) -> Item:
    return {"prompt": prompt, "instructions": list(instructions), "example": example}


def forbid(r: Random, words: list[str], n: int) -> tuple[str, list[str]]:
    """A closing sentence and the words it forbids: early words of the list, since those would come to mind."""
    banned = r.sample(words[: n + 2], r.choice([0, 1, 1, 2]))
    if not banned:
        return "", []
    return f" Do not use the word{'s' if len(banned) > 1 else ''} {' or '.join(banned)}.", banned


def pick_members(r: Random) -> tuple[str, int, list[str], str, list[Item]]:
    """(plural, count, members to name, closing sentence, instruction) of a request to name some of a category."""
    name = r.choice(list(CATEGORIES))
    n = r.randint(2, 6)
    closing, banned = forbid(r, CATEGORIES[name], n)
    members = [word for word in CATEGORIES[name] if word not in banned][:n]
    rules = [instruction("keywords:forbidden_words", forbidden_words=banned)] if banned else []
    return name + "s", n, members, closing, rules


def name_in_capitals(r: Random) -> Item:
    plural, n, members, closing, rules = pick_members(r)
    prompt = f"Name {NUMBER_NAMES[n]} {plural} in capital letters, separated by spaces. Use exactly {n} words.{closing}"
    return made(prompt, " ".join(members).upper(), instruction("change_case:english_capital"), words_exactly(n), *rules)


def name_in_lower_case(r: Random) -> Item:
    plural, n, members, closing, rules = pick_members(r)
    prompt = f"Name {NUMBER_NAMES[n]} {plural} in lower case letters. Use exactly {n} words and no commas.{closing}"
    lower, no_comma = instruction("change_case:english_lowercase"), instruction("punctuation:no_comma")
    return made(prompt, " ".join(members), lower, words_exactly(n), no_comma, *rules)


def name_in_bullets(r: Random) -> Item:
    plural, n, members, closing, rules = pick_members(r)
    upper = r.random() < 0.4
    loud = " Write in capital letters." if upper else ""
    prompt = f'List {NUMBER_NAMES[n]} {plural} as bullets. Start each line with "* ".{closing}{loud}'
    reply = "\n".join(f"* {member.upper() if upper else member}" for member in members)
    rules = [*rules, *([instruction("change_case:english_capital")] if upper else [])]
    return made(prompt, reply, instruction("detectable_format:number_bullet_lists", num_bullets=n), *rules)


def reply_in_json(r: Random) -> Item:
    values = {"name": r.choice(THINGS), "color": r.choice(CATEGORIES["color"]), "size": r.choice(["big", "small"])}
    values["day"] = r.choice(DAYS)
    keys = r.sample(list(values), r.choice([2, 2, 3]))
    named = " and ".join(f'"{key}"' for key in keys)
    facts = " and ".join(f"the {key} is {values[key]}" for key in keys)
    reply = json.dumps({key: values[key] for key in keys})
    keywords = [*keys, *(values[key] for key in keys)]
    prompt = f"Reply with a JSON object only. It has the keys {named}: {facts}."
    return made(
        prompt,
        reply,
        instruction("detectable_format:json_format"),
        instruction("keywords:existence", keywords=keywords),
    )


def use_keywords(r: Random) -> Item:
    subject, *keywords = r.sample(THINGS, 3)
    limit = r.randint(11, 16)
    prompt = (
        f"Write one short sentence about {article(subject)}. Use the words {' and '.join(keywords)}. "
        f"Use less than {limit} words."
    )
    reply = f"The {subject} is near the {keywords[0]} and the {keywords[1]}."
    shorter = instruction("length_constraints:number_words", relation="less than", num_words=limit)
    return made(prompt, reply, instruction("keywords:existence", keywords=[subject, *keywords]), shorter)


def end_with(r: Random) -> Item:
    subject, day, color = r.choice(THINGS), r.choice(DAYS), r.choice(CATEGORIES["color"])
    phrase = r.choice([f"see you on {day}", f"I like the {color} one", f"it is {color} on {day}"])
    prompt = f"Write one short sentence about {article(subject)}. End your reply with exactly these words: {phrase}"
    reply = f"The {subject} is here and {phrase}"
    keyword = instruction("keywords:existence", keywords=[subject])
    return made(prompt, reply, keyword, instruction("startend:end_checker", end_phrase=phrase))


def reply_in_quotes(r: Random) -> Item:
    first, second = r.sample(THINGS, 2)
    upper = r.random() < 0.5
    loud = " Write in capital letters." if upper else ""
    prompt = (
        f"Write one short sentence about {article(first)} and {article(second)}. "
        f"Put your whole reply in double quotation marks.{loud}"
    )
    text = f"The {first} is near the {second}."
    rules = [instruction("change_case:english_capital")] if upper else []
    keywords = instruction("keywords:existence", keywords=[first, second])
    return made(prompt, f'"{text.upper() if upper else text}"', instruction("startend:quotation"), keywords, *rules)


def repeat_exactly(r: Random) -> Item:
    words = [word.upper() if r.random() < 0.3 else word for word in r.sample(WORDS, r.randint(2, 5))]
    text = " ".join([*words, *([str(r.randint(2, 50))] if r.random() < 0.3 else [])])
    return made(f"Repeat exactly: {text}", text, instruction("evalkit:exact_reply", text=text))


def change_case(r: Random) -> Item:
    words = r.sample(WORDS, r.randint(2, 5))
    rules = [words_exactly(len(words)), instruction("keywords:existence", keywords=words)]
    if r.random() < 0.5:
        prompt = f"Write these words in capital letters and nothing else: {' '.join(words)}"
        return made(prompt, " ".join(words).upper(), instruction("change_case:english_capital"), *rules)
    prompt = f"Write these words in lower case letters and nothing else: {' '.join(words).upper()}"
    return made(prompt, " ".join(words), instruction("change_case:english_lowercase"), *rules)


LENGTHS = {
    4: "The {} is here.",
    5: "The {} is very big.",
    6: "The {} is near the house.",
    7: "I see the {} on the road.",
    8: "The {} is big and it is old.",
    9: "I see the {} on the road every day.",
    10: "The {} is very old and it is also big.",
    11: "I see the {} on the road and it is big.",
    12: "The {} is here and I see it on the old road.",
}


def count_words(r: Random) -> Item:
    subject = r.choice(THINGS)
    relation = r.choice(["exactly", "at least"])
    n = r.randint(4, 12) if relation == "exactly" else r.randint(4, 11)
    length = n if relation == "exactly" else n + 1
    prompt = f"Write one sentence about {article(subject)} with {relation} {n} words. Do not use commas."
    rule = instruction("length_constraints:number_words", relation=relation, num_words=n)
    keyword = instruction("keywords:existence", keywords=[subject])
    return made(prompt, LENGTHS[length].format(subject), rule, keyword, instruction("punctuation:no_comma"))


FAMILIES = [
    name_in_capitals, name_in_lower_case, name_in_bullets, reply_in_json, use_keywords, end_with, reply_in_quotes,
    repeat_exactly, change_case, count_words,
]  # fmt: skip


def make_instruction(r: Random, family: int | None = None) -> Item:
    """An instruction without its id, with a reply that satisfies all of it."""
    return FAMILIES[r.randrange(len(FAMILIES)) if family is None else family % len(FAMILIES)](r)


def count_bullets(reply: str) -> int:
    return len(re.findall(r"^\s*\*[^*].*$", reply, re.MULTILINE)) + len(re.findall(r"^\s*-.*$", reply, re.MULTILINE))


def is_json(reply: str) -> bool:
    try:
        json.loads(reply)
    except ValueError:
        return False
    return True


def compare_words(reply: str, relation: str, n: int) -> bool:
    count = len(re.findall(r"\w+", reply))
    return {"exactly": count == n, "at least": count >= n, "less than": count < n}[relation]


CHECKS: dict[str, Callable[[str, Item], bool]] = {
    "change_case:english_capital": lambda reply, _: reply.isupper(),
    "change_case:english_lowercase": lambda reply, _: reply.islower(),
    "length_constraints:number_words": lambda reply, i: compare_words(reply, i["relation"], i["num_words"]),
    "keywords:existence": lambda reply, i: all(word.lower() in reply.lower() for word in i["keywords"]),
    "keywords:forbidden_words": lambda reply, i: (
        not any(re.search(rf"\b{word}\b", reply, re.IGNORECASE) for word in i["forbidden_words"])
    ),
    "startend:end_checker": lambda reply, i: reply.strip().strip('"').lower().endswith(i["end_phrase"].lower()),
    "startend:quotation": lambda reply, _: len(reply) > 1 and reply[0] == reply[-1] == '"',
    "punctuation:no_comma": lambda reply, _: "," not in reply,
    "detectable_format:number_bullet_lists": lambda reply, i: count_bullets(reply) == i["num_bullets"],
    "detectable_format:json_format": lambda reply, _: is_json(reply),
    "evalkit:exact_reply": lambda reply, i: reply == i["text"],
}


def satisfies(reply: str, instructions: list[Item]) -> bool:
    """Whether a reply keeps all of its instructions; an empty reply keeps none.

    Only for watching the training: evalkit's scorers are the ones that count, and they need no script.
    """
    return bool(reply.strip()) and all(CHECKS[rule["kind"]](reply, rule) for rule in instructions)


def choice_example(item: Item) -> Example:
    return Example(choice_prompt(item), LETTERS[item["answer"]], choice_key(item))


def triage_example(item: Item) -> Example:
    return Example(TRIAGE_PROMPT.format(ticket=item["ticket"]), item["queue"], item["ticket"])


def instruction_example(item: Item) -> Example:
    return Example(INSTRUCTION_PROMPT.format(prompt=item["prompt"]), item["example"], item["prompt"])


def distinct(n: int, make: Callable[[int], Item], key: Callable[[Item], str], taken: set[str]) -> list[Item]:
    """n items with different keys, in the order made; the keys join `taken`."""
    items: list[Item] = []
    while len(items) < n:
        item = make(len(items))
        if key(item) not in taken:
            taken.add(key(item))
            items.append(item)
    return items


def numbered(prefix: str, items: list[Item]) -> list[Item]:
    return [{"id": f"{prefix}{i:04d}", **item} for i, item in enumerate(items, start=1)]


def held_out() -> dict[str, list[Item]]:
    """The quickstart's items and the starter's tickets, by file name; kinds take turns, so each has its share."""
    r = Random(HELD_OUT_SEED)
    taken: set[str] = set()
    subjects = list(SUBJECTS)

    def ticket(i: int) -> Item:
        # Every sixth round of queues speaks in phrasings that training never saw.
        return make_ticket(r, QUEUES[i % len(QUEUES)], unseen=i // len(QUEUES) % 6 == 5)

    n = HELD_OUT_ITEMS
    choice = distinct(n, lambda i: make_choice(r, subjects[i % len(subjects)]), choice_key, taken)
    triage = distinct(n, ticket, lambda item: item["ticket"], taken)
    instructions = distinct(n, lambda i: make_instruction(r, i), lambda item: item["prompt"], taken)
    starter = distinct(STARTER_TICKETS, ticket, lambda item: item["ticket"], taken)
    return {
        "choice": numbered("c", choice),
        "triage": numbered("t", triage),
        "instructions": numbered("i", instructions),
        "tickets": numbered("s", starter),
    }


def held_out_keys() -> set[str]:
    """Keys that no training text may have."""
    items = held_out()
    tickets = [item["ticket"] for name in ("triage", "tickets") for item in items[name]]
    return {choice_key(item) for item in items["choice"]} | {i["prompt"] for i in items["instructions"]} | set(tickets)
