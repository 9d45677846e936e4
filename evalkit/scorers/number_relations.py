"""Two numbers side by side: a part of a whole, a rate, a difference, several things.

is_part_of(" out of ")                 # True: "5 out of 6" gives 5
is_rate(" in ", "1 in 5")              # True: "1 in 5" gives no number
only_difference("5 less", 1)           # True: less than what?
several_things(" apples and ")         # True: "5 apples and 3 pears"
"""

from __future__ import annotations

import re

_WHOLE = r"(?: (?:the|all|a possible|a total of|these|those|my|his|her|their|its|den|die|les|los|las|gli|os|as))?"
_PART_OF = re.compile(
    rf" (?:out of|of|von|aus|sur|de|su|di|из|z|ze|av|af|van|din|із|з|från){_WHOLE} ?|[个個]?(?:中的|里的|分之)",
    re.IGNORECASE,
)
_CHANCE = re.compile(
    r"\b(?:probabilit|chance|odds|likelihood|fraction|proportion|share of|ratio|wahrscheinlichkeit|anteil|quote"
    r"|bruchteil|probabilidad|fracción|proporción"
    r"|probabilidade|fração|frazione|breukdeel|kans|вероятност|доля|доли|prawdopodobieństw|ułamek)|概率|比例|分数|確率|割合"
    r"|확률|비율",
    re.IGNORECASE,
)
"""Words by which "5 out of 6" is a fraction and no count."""
_RATE = re.compile(
    r" (?:(?:in|per|para|pro|por|par) |(?:\w+ )?per (?:every |each )?|(?:\w+ )?(?:in|out of|of) (?:every|each) "
    r"|chances? (?:in|out of) )",
    re.IGNORECASE,
)
_AFTER_DOING = re.compile(
    r"[^\d.?!;,:=]{0,50}? (?:after|from|by) (?!adding|taking|multiplying|dividing|subtracting|counting)\w{2,12}ing"
    r"(?! [^\d]{0,30}\b(?:is|are|was|were|has|have|had|he|she|it|they|we|you|i|there|gets?|leaves?|makes?)\b)"
    r"[^\d.?!;,:=]{0,30}"
    r"|[^\d.?!;,:=]{0,50}?,? (?:nachdem (?:er|sie|man|ich|wir)|après avoir|après en avoir"
    r"|después de|tras|dopo (?:aver|avere)|depois de|na het) [^\d.?!;,:=]{0,30}",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?: [^\d\s.,;:=?!]{1,15}){0,4}[\s.*!)]*")
_FEW = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eine?[rs]?|zwei|drei|une?|deux|trois|un[oa]|dos|tres|due"
    r"|tre)"
)
_WORD_RATE = re.compile(rf"(?<!\w){_FEW} (?:in|out of|per|of)(?: every| each)? $", re.IGNORECASE)
_EVERY = re.compile(r"\w+ per | every | each ", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]")
_LESS = r"de moins|less|fewer|lower|smaller|weniger|menos|moins|meno|minder|меньше|mniej|mindre"
_MORE = r"more|higher|greater|larger|mehr|más|plus|de plus|più|mais|meer|больше|więcej|mer"
_THAN_THAT = (
    r"(?:than|als|que|di|do que|dan|чем|niż|än|end) "
    r"(?:that|this|it|before|now|usual|expected|average|das|dies|cela|ça|eso|antes|quello|isso|dat|это|to)"
)
_DIFFERENCE = re.compile(rf" (?:(?:{_LESS})(?: {_THAN_THAT})?|(?:{_MORE}) {_THAN_THAT})[\s.!*]*$", re.IGNORECASE)
_AND = r"(?:and|und|et|y|e|en|и|i|och|og|ve|dan|và|a|și|ja|és|і|&|plus)"
_COUNTED = re.compile(
    rf" [^\W\d_]{{2,}}(?: [^\W\d_]{{2,}})?,? {_AND} $"
    r"|^[个個本只枚匹人名台張张支条條]?[\u4e00-\u9fff]{1,4}(?:和|与|與|、)$|^(?: ?[\uac00-\ud7af]{1,6})[와과,] ?$"
    r"|^[\u3040-\u9fff]{0,3}[と、和与及][\u3040-\u9fff]{1,6}$|^ ?[\uac00-\ud7af]{0,3}[와과] [\uac00-\ud7af]{1,6} $",
    re.IGNORECASE,
)
_THING = r"(?:[$€£]?\d[\d.,]* [^\W\d_]{2,}(?: [^\W\d_]{2,})?)"
_THINGS = re.compile(rf"\W*{_THING}(?:(?:[,;/]|,? {_AND}) {_THING})+\W*", re.IGNORECASE)


def is_part_of(gap: str) -> bool:
    """Whether the first number is taken out of the second: "5 out of 6"."""
    return _PART_OF.fullmatch(gap) is not None


def is_fraction(sentence: str) -> bool:
    """Whether a part of a whole is a fraction there, and no count: "The probability is 5 out of 6"."""
    return _CHANCE.search(sentence) is not None


def is_circumstance(gap: str, behind: str) -> bool:
    """Whether the second number only says after what the first one holds: "27 pens after giving away 3"."""
    return _AFTER_DOING.fullmatch(gap) is not None and _ENDS.fullmatch(behind) is not None


def is_rate(gap: str, around: str) -> bool:
    """Whether two numbers are a rate: "1 in 5" and nothing else, or with a word such as "chance"."""
    if _RATE.fullmatch(gap) is None:
        return False
    return _EVERY.search(gap) is not None or is_fraction(around + gap) or _LETTERS.search(around) is None


def is_word_rate(lead: str) -> bool:
    """Whether a rate in words leads to a number: "one in 5"."""
    return _WORD_RATE.search(lead) is not None


def only_difference(text: str, end: int) -> bool:
    """Whether the number that ends here only says how far the answer lies from another one: "5 less"."""
    return _DIFFERENCE.fullmatch(text, end) is not None


def several_things(gap: str) -> bool:
    """Whether two numbers count different things, or stand side by side: "5 apples and 3 pears", "12 34"."""
    return (gap.isspace() and "\n" not in gap) or _COUNTED.search(gap) is not None


def lists_things(sentence: str) -> bool:
    """Whether a sentence is a list of quantities and nothing else: "5 apples, 3 pears"."""
    return _THINGS.fullmatch(sentence) is not None
