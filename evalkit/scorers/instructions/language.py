"""IFEval's `language:response_language`, told by script and by each language's commonest words; no model, no chance.

IFEval uses langdetect, which is unseeded. Here: a script that only one language of the list writes decides at once;
among languages that share a script (Latin, Cyrillic, Arabic, Devanagari) the one whose little words appear most often
is it. A reply without letters follows any language, as it does in IFEval.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from typing import Any

from evalkit.scorers.instructions.base import Kind

_SAMPLE = 20_000  # characters looked at: more would not change the verdict

_SCRIPTS = {
    "LATIN": "en de fr es it pt nl sv fi vi sw",
    "CYRILLIC": "ru bg uk",
    "ARABIC": "ar fa ur",
    "DEVANAGARI": "hi mr ne",
    "BENGALI": "bn", "GUJARATI": "gu", "GURMUKHI": "pa", "KANNADA": "kn", "MALAYALAM": "ml", "TAMIL": "ta",
    "TELUGU": "te", "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HEBREW": "he",
    "GREEK": "el",
}  # fmt: skip

_LITTLE_WORDS = {
    "en": "the of and to in is that it for with as was are this you on be by",
    "de": "der die das und ist nicht ein eine zu den mit ich sie von auf für im dem es",
    "fr": "le la les et est des une un que pour dans du en vous nous qui pas au sur",
    "es": "el la los las y es que de una un por para con en del se su no como más",
    "it": "il la che di e è per un una non con del sono le gli nel della mi ti",
    "pt": "o a os as e é que de uma um para com não do da em no na por você",
    "nl": "de het een en van is dat niet op te voor met zijn ik aan je",
    "sv": "och det att en som är på för av med inte den till jag ett",
    "fi": "ja on ei että se hän oli mutta kun ovat tai niin myös joka voi minä sinä ole",
    "vi": "và là của có không một những được cho trong với người này các để tôi bạn",
    "sw": "na ya wa kwa ni za katika la kuwa hii kama yake cha hiyo lakini sana yangu wewe mimi",
    "ru": "и в не на что с по это как к но из у за от так для же его вы мы я",
    "bg": "и на да се в за е не от че са с по като това ще най му ги към със си",
    "uk": "і в не на що з та це як до але у за від для його ви ми є я",
    "ar": "في من على أن إلى هذا التي الذي عن مع هذه كان ما لا هو هي و",
    "fa": "و در به از که این را با است برای آن یک می ما شما من های هم",
    "ur": "کے کی میں ہے اور سے کا کو نے پر ہیں یہ ایک کہ اس نہیں آپ",
    "hi": "के में है की और से का को हैं पर यह एक ने कि भी नहीं था लिए",
    "mr": "आहे आणि या च्या मध्ये आहेत हे ते तो ही एक नाही करण्यासाठी होते आपण मी आपल्या की",
    "ne": "छ र को मा छन् हो यो लाई पनि का गर्न हुन्छ तपाईं गर्नुहोस् भएको एक ले छैन",
}
_WORD_SETS = {language: frozenset(words.split()) for language, words in _LITTLE_WORDS.items()}
_WORD = re.compile(r"[^\W\d_][^\s.,!?;:()\"'«»।،؟\d]*+")


def mostly_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin; true for text without letters."""
    return text.isascii() or _scripts(text).most_common(1)[0][0] in ("LATIN", "")


def language_of(text: str) -> str | None:
    """The code of the language (`de`), by the rules above; None when there are no letters or nothing tells."""
    found = _scripts(text[:_SAMPLE])
    if found["HIRAGANA"] + found["KATAKANA"] > 0 and found["CJK"] > 0:
        return "ja"
    script = found.most_common(1)[0][0]
    candidates = _SCRIPTS.get(script, "").split()
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    words = Counter(match.group().casefold() for match in _WORD.finditer(text[:_SAMPLE]))
    counts = {code: sum(words[word] for word in _WORD_SETS[code]) for code in candidates}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > 0 else None


def is_in(reply: str, given: Mapping[str, Any]) -> bool:
    """The reply is in the language; a reply without letters is too."""
    found = language_of(reply)
    return found == given["language"] or (found is None and not any(map(str.isalpha, reply[:_SAMPLE])))


def _scripts(text: str) -> Counter[str]:
    """How many letters of each script; {"": 0} when there are none, so that the commonest always exists."""
    scripts: Counter[str] = Counter({"": 0})
    for character, count in Counter(text).items():
        if character.isalpha():
            scripts[unicodedata.name(character, "").split(" ", 1)[0]] += count
    return scripts


KNOWN = tuple(sorted({code for codes in _SCRIPTS.values() for code in codes.split()}))

KINDS = {
    "language:response_language": Kind(
        is_in, {"language": (lambda value: value in KNOWN, f"one of {', '.join(KNOWN)}")}
    ),
}
