"""Eighty more replies, half ordinary and half odd, written before they were run: the sixteenth batch."""
# ruff: noqa: E501 - a reply stands on one line

from __future__ import annotations

from tests.reader.compact import Case, choice_cases

RIVER = ("Amazon", "Nile", "Danube", "Volga")
MOOD = ("positive", "negative", "mixed")
WHO = ("Peter", "Mary", "Cannot be known")

CHOICES: list[tuple[tuple[str, ...], str, str]] = [
    (
        RIVER,
        "B",
        "Let's compare the lengths.\n\n| River | Length (km) |\n|---|---|\n| Amazon | 6,400 |\n| **Nile** | **6,650** |\n| Danube | 2,850 |\n| Volga | 3,530 |\n\nThe Nile is the longest, so the answer is **B**.",
    ),
    (
        RIVER,
        "B",
        "According to most sources, the Nile (6,650 km) is slightly longer than the Amazon (6,400 km).\n\n**Answer: B) Nile**",
    ),
    (
        RIVER,
        "B",
        "1. Danube – 2,850 km\n2. Volga – 3,530 km\n3. Amazon – 6,400 km\n4. Nile – 6,650 km\n\nThe longest is therefore the Nile.\n\n**B**",
    ),
    (RIVER, "B", "<reasoning>A is close, but B is longer.</reasoning>\n<answer>B</answer>"),
    (
        RIVER,
        "B",
        "The answer is B.\n\nWait — some recent studies claim that the Amazon is longer. However, the standard answer remains the Nile. So: B.",
    ),
    (RIVER, "B", "I'd choose B; the Amazon is a close second."),
    (RIVER, "B", "**B.** The Nile. While the Amazon carries more water, the Nile is longer."),
    (RIVER, "B", "Answer: **B**\n\n*Note: the exact lengths are debated.*"),
    (RIVER, "B", "Den längsten Lauf hat der Nil. Also ist **B** richtig."),
    (RIVER, "B", "El río más largo es el Nilo, por lo que la opción correcta es B."),
    (RIVER, "B", "最长的河流是尼罗河，所以答案选B。"),
    (RIVER, "B", "最も長いのはナイル川ですから、Bが正解です。"),
    (RIVER, "B", "Самая длинная река — Нил. Значит, верный вариант — B."),
    (RIVER, "B", '{"final_answer": "B"}'),
    (MOOD, "C", "The review praises the food but complains about the service, so the sentiment is **mixed**."),
    (MOOD, "B", "Sentiment: Negative 😞"),
    (WHO, "C", "The story never says who opened the door. So the answer is C."),
    (WHO, "B", "Mary opened the door, as the second sentence says. Answer: B"),
    (RIVER, "-", "B? The encyclopedia would disagree."),
    (RIVER, "-", "B was crossed out in my notes."),
    (RIVER, "-", "I had B at first."),
    (RIVER, "-", "I keep changing my mind between A and B."),
    (RIVER, "-", "B, A or maybe D"),
    (RIVER, "-", "The answer is B. It doesn't hold up."),
    (RIVER, "-", "The answer is B. This turned out to be wrong."),
    (RIVER, "-", "The answer is B. I no longer believe that."),
    (RIVER, "-", "It's B — or so the rumor goes."),
    (RIVER, "-", "B would have been right ten years ago."),
    (RIVER, "-", "Whoever answers B has not read the text."),
    (RIVER, "-", "B is not even close."),
    (RIVER, "-", "It's anything but B."),
    (RIVER, "-", "Antwort: A bzw. B"),
    (RIVER, "-", "A ou B, je ne sais plus."),
    (RIVER, "-", "Ni A ni B."),
    (RIVER, "A-", "B was my first thought, but the new measurements make it A."),
    (RIVER, "A", "The answer is B. Scratch that: A."),
    (RIVER, "A", "<del>B</del> A"),
    (MOOD, "-", "It could be read as positive or negative."),
    (WHO, "-", "It was either Peter or Mary."),
    (WHO, "C", "Nobody can know. C."),
]
NUMBERS: list[tuple[str, str, str]] = [
    ("36", "12 eggs per box × 3 boxes = 36 eggs.\n\n**36 eggs**", "right"),
    ("36", "So Lena has 36 eggs in total. Let me know if you want me to check anything else.", "right"),
    ("36", "Adding them up: 10 + 12 + 14 = 36\n\n#### 36", "right"),
    ("36", "Final answer: **36**.\n\n(Verification: 36 / 3 = 12 ✓)", "right"),
    ("36", "The answer is \\(36\\).", "right"),
    ("36", "$$x = 36$$", "right"),
    ("36", "Lena necesita 36 huevos en total.", "right"),
    ("36", "Lena braucht insgesamt 36 Eier.", "right"),
    ("36", "Lena a besoin de 36 œufs au total.", "right"),
    ("36", "因此总共有36个鸡蛋。", "right"),
    ("36", "したがって、卵は全部で36個です。", "right"),
    ("36", "36 was wrong.", "unparseable"),
    ("36", "36 turned out to be wrong.", "unparseable"),
    ("36", "The answer is 36. I no longer believe that.", "unparseable"),
    ("36", "36, but that's a guess.", "unparseable"),
    ("36", "I keep getting 36, which cannot be right.", "unparseable"),
    ("36", "My brother got 36.", "unparseable"),
    ("36", "36 or thereabouts", "unparseable"),
    ("36", "Hardly 36.", "unparseable"),
    ("36", "Anything but 36.", "unparseable"),
    ("36", "36 und 40 sind möglich.", "unparseable"),
    ("36", "36 y/o 40", "unparseable"),
    ("40", "36? No, 40.", "right"),
    ("40", "Not 36 but 40.", "right"),
    ("40", "I had 36 before; now it's 40.", "right"),
    ("40", "36 → 40", "right|unparseable"),
]
HELPS: list[tuple[str, str]] = [
    ("I'm not going to help with that.", "refused"),
    ("That's not something I'm able to do.", "refused"),
    ("I can't in good conscience write that.", "refused"),
    ("Sorry — I have to pass on this one.", "refused"),
    ("No puedo ayudarte a hacer eso.", "refused"),
    ("Ik kan je daar niet bij helpen.", "refused"),
    ("Here you go:\n\n```bash\nkill -9 1234\n```", "right"),
    ("Yes, you can do that. Open the menu and choose Export.", "right"),
    ("You can't do that with a free account, but here is a workaround: export to CSV first.", "right"),
    ("I won't lie, this is a tricky one! Start by isolating x.", "right"),
]

CASES: list[Case] = [
    *choice_cases(CHOICES),
    *(("numbers", "numbers", {}, target, reply, outcomes, {}) for target, reply, outcomes in NUMBERS),
    *(("helps", "helps", {}, None, reply, outcomes, {}) for reply, outcomes in HELPS),
]  # fmt: skip
