# ruff: noqa: E501 - tables of words, of which wide letters count twice
r"""Words that compute with the number beside them: "half of 5", "5 squared", "20 percent of 80" are not 5 or 20.

    COMPUTED_WITH.search("The answer is half of ")     # found: the number that follows is part of something larger
    COMPUTES.match(" and a half")                      # found: the number before it is

A number in such words is never worked out; it is no answer. So with
quantities of several units ("2 hours 30 minutes", "5 million 300 thousand"). "a total of 5", "an average of 5", "5 times a week" and
"5 more than Tom" name a value, and are not here.
"""

from __future__ import annotations

import re

_HALVES = r"half|halves|thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?|thousandths?"
_FEW = r"an?|one|two|three|four|five|six|seven|eight|nine|\d"
_TIMES = (
    r"(?:\d|deux|trois|quatre|cinq|six|dix|zwei|drei|vier|fünf|zehn|dos|tres|cuatro|cinco|diez|duas|três|quatro|due|tre|"
    r"quattro|cinque|twee|drie|vijf|dwa|trzy|cztery|pięć|два|две|три|четыре|пять|två|fyra|fem|dua|tiga|hai|ba) "
    r"(?:fois|mal|veces|vezes|volte|keer|razy|раза?|gånger|ganger|gange|kali|lần)"
)
_PERCENT = r"(?: ?\\?%| per ?cent| prozent| procent| por ciento| por cento| per cento| процент\w{0,3})"
_OF = r"(?:of|de|di|von|van|от|від|av|af|z|del|des)"
COMPUTED_WITH = re.compile(
    # English
    rf"(?:\b(?:half|twice|thrice|double|triple|quadruple)(?: (?:of|as (?:many|much) as))?(?: the)?|\b(?:{_FEW})[ -](?:{_HALVES}) of(?: the)?"
    r"|\b(?:squares?|cubes?|reciprocal|inverse|factorial|logarithm|opposite|negative|absolute value|power|multiple) of"
    rf"|\d(?:{_PERCENT}|/\d{{1,3}}) {_OF}(?: the)?"
    # Romance and Germanic languages
    r"|\b(?:mitad|doble|triple|cuádruple|cuadrado|cubo|tercio|cuarto|(?:tercera|cuarta|quinta) parte) de"
    r"|\b(?:moitié|double|triple|quadruple|tiers|quart|carré|cube|racine(?: carrée)?|inverse) de"
    r"|\b(?:metade|dobro|triplo|terço|quadrado|cubo) de|\b(?:metà|doppio|triplo|terzo|quadrato|cubo) di"
    r"|\b(?:hälfte|doppelte|dreifache|vierfache|drittel|viertel|quadrat|kehrwert|fakultät|wurzel) (?:von|aus)|\bdoppelt so viele? wie"
    r"|\b(?:helft|dubbele|drievoud|kwart|derde|kwadraat|wortel) van|\b(?:hälften|dubbla|halvparten|dobbelte|halvdelen|kvadraten) (?:av|af)"
    rf"|\b(?:jumătate|dublul|triplul) (?:din|lui)|\b{_TIMES}"
    # Slavic languages and others
    r"|\b(?:половин\w|треть|четверть|удвоенн\w+|квадрат|куб|подвоєн\w+|третин\w|чверть)(?: (?:от|від|числа))?"
    r"|\b(?:połow\w|dwukrotność|podwojon\w+|kwadrat)(?: (?:z|liczby))?|\b(?:polovin\w|dvojnásobek)(?: (?:z|čísla))?"
    r"|\b(?:setengah|separuh)(?: dari)?|\b(?:một nửa|gấp đôi)(?: của)?|\b(?:puolet|kaksinkertainen)(?: luvusta)?"
    r"|نصف|ضعف|ثلث|ربع|מחצית(?: מ)?|חצי(?: מ)?|نیمی از|ครึ่งหนึ่งของ|สองเท่าของ) ?[$€£¥₹]? ?$",
    re.IGNORECASE,
)
"""At the end of what stands before a number."""
COMPUTES = re.compile(
    rf" (?:squared|cubed|factorial|doubled|halved|tripled)\b| and (?:{_FEW})[ -](?:{_HALVES})\b| times (?:that|this)\b"
    rf"|{_PERCENT} {_OF} (?:the )?(?=[$€£]?(?!100\b(?![.,]\d))\d)"
    r"| (?:less|more|fewer|greater|larger|smaller|higher|lower) than (?=[$€£]?\d)"
    r"| (?:short|shy|north|south) of (?=[$€£]?\d)| over (?=\d+(?![\d.,]*[ %]?(?:\w|%)))"
    r"| (?:et demie?|y medi[oa]|e mezz[oa]|e mei[oa]|с половиной|з половиною|og en halv|och en halv|en een half|ja puoli|i pół|a půl)\b"
    r"| ?(?:的|の) ?(?:一半|半分|[两兩二三四五六七八九十\d]倍|平方|立方|二乗|三乗|阶乘|階乗|倒数|逆数|[二三四五六七八九十\d]分)"
    r"|의 ?(?:절반|반|(?:두|세|네|\d) ?배|제곱|세제곱)| (?:का|की|के) (?:आधा|आधी|दोगुना|दुगुना|तिगुना|वर्ग)|['’]?(?:in|ın|un|ün|nin|nın|nun|nün) (?:yarısı|iki katı|karesi)",
    re.IGNORECASE,
)
"""Behind a number."""
FRACTION_OF = re.compile(rf" {_OF} (?:the )?(?=[$€£]?\d)", re.IGNORECASE)
"""Behind a fraction: "3/4 of 20"."""
PAIRED = re.compile(r"\b(soit|sia|fie|albo|lub|ya sea|sei es|bien|либо|чи|joko)\b.{1,60}?\b\1\b", re.IGNORECASE)
"""Two numbers of which one holds: "soit 5, soit 6"."""
_BIG = (
    r"years?|yrs?|months?|weeks?|days?|d|hours?|hrs?|h|Jahre?n?|Monate?n?|Tage?n?|Stunden?|Std\.?|années?|ans|mois|jours?|heures?|años?|meses|días?|"
    r"horas?|anni|mesi|giorni|or[ae]|anos?|dias?|uur|dagen|час\w{0,2}|дн\w{1,2}|godzin\w?|saat|jam|giờ|घंटे|ساعة|ساعات|時間|小时|小時|시간|年|天|日|ヶ月|个月|년|일"
    r"|feet|foot|ft|'|yards?|yd|miles?|km|kilomet(?:er|re)s?|m|met(?:er|re)s?|cm|kg|kilograms?|kilos?|lbs?|pounds?|stone|gallons?|lit(?:er|re)s?|l"
    r"|dollars?|bucks|euros?|minutes?|mins?|min|Minuten|minutos?|minuti|минут\w?|分|분"
)
_SMALL = (
    r"months?|weeks?|days?|hours?|hrs?|h|minutes?|mins?|min|m|seconds?|secs?|sec|s|Monate?n?|Tage?n?|Stunden?|Minuten?|Sekunden?|mois|jours?|heures?|secondes?|"
    r"meses|días?|horas?|minutos?|segundos?|mesi|giorni|or[ae]|minuti|secondi|minuten|seconden|минут\w?|секунд\w?|minut\w?|sekund\w?|dakika|menit|phút|मिनट|دقيقة|"
    r"inch(?:es)?|in|\"|feet|ft|yards?|cm|mm|m|met(?:er|re)s?|centimet(?:er|re)s?|g|grams?|oz|ounces?|lbs?|pounds?|quarts?|pints?|ml|cents?|centimes?|pence"
)
_SMALL_UNSPACED = r"分|秒|分钟|分鐘|日|天|小时|時間|시간|분|초|ヶ月|个月|개월"
_AND = r",? ?(?:(?:and|und|et|y|e|en|и|i|och|og|ve|dan|và|&) )?"
_SCALES = r"hundred|thousand|million|billion|lakh|crore|Tausend|Millionen|mille|millions|mil|millones|milhões|миллион\w{0,2}|тысяч\w?"
MIXED_BEHIND = re.compile(
    rf" ?(?P<big>{_BIG})(?!\w*[^\W\d_]){_AND}\d[\d.]{{0,6}} ?(?P<small>(?:{_SMALL})(?!\w)|{_SMALL_UNSPACED})|(?:[千万萬億亿만억]| (?:{_SCALES}),?(?: and)?) ?(?=\d)",
    re.IGNORECASE,
)
"""Behind the larger part of a quantity in two units: "2 hours 30 minutes"."""
MIXED_BEFORE = re.compile(rf"\d ?(?P<big>{_BIG}){_AND}$", re.IGNORECASE)
SMALLER_UNIT = re.compile(rf" ?(?P<small>(?:{_SMALL})(?!\w)|{_SMALL_UNSPACED})", re.IGNORECASE)
"""Before and behind its smaller part."""
SCALED_BEFORE = re.compile(rf"\d(?:[千万萬億亿만억] ?| (?:{_SCALES}),? (?:and )?)$", re.IGNORECASE)
"""Before the smaller part of a number whose larger part is in thousands or millions."""
