"""Digits in another base than ten: "52 in base 8" is 42, and is not read; the 8 of it is no number of the reply.

IS_BASE.search("52 in base ")          # found: the number that follows is a base
IN_BASE.match(" in base 8")            # found: the number before it is written in another base
"""

from __future__ import annotations

import re

_WORD = r"(?:base|basis|basi|bases|radix|bazie|baza|bază|základě|bas|基数|底|основани[еюи]м?)"
_IN = (
    r"(?:,? ?\(?(?:(?:in|en|à|na|zur|zu|im|à la|w|ve|i|med|по|в|при|with|to|of|als|as(?: an?)?|como|comme"
    r"|come) )?(?:la |le |der |den )?"
    r"(?:système |sistema |notación )?)"
)
_NAMES = (
    r"(?:binary|octal|hex(?:adecimal)?|ternary|duodecimal|binaire|octale?|hexadécimale?|hexadezimal\w*|binär\w*"
    r"|oktal\w*|dualsystem|binario|binaria|hexadecimal"
    r"|esadecimale|ottale|binário|binarn\w+|ósemkow\w+|szesnastkow\w+|двоичн\w+|восьмеричн\w+|шестнадцатеричн\w+"
    r"|onaltılık|ikilik|sekizlik)"
)
LITERAL = re.compile(r"(?:[xX][0-9A-Fa-f]+|[bB][01]+|[oO][0-7]+)(?!\w)")
"""Behind a 0: a number as programs write it in another base, `0x1F`."""
IS_BASE = re.compile(rf"(?<!\w){_WORD}(?:[ -]| ?= ?|-?\()?$", re.IGNORECASE)
"""At the end of what stands before a number."""
IS_BASE_BEHIND = re.compile(r" ?(?:进制|進制|進法|進数|진법|진수)|-?(?:ary|adic)\b")
"""Behind such a number: "8进制"."""
IN_BASE = re.compile(
    r"\)_\{?(?!10\b)\d|\)?(?!₁₀(?![₀-₉]))[₀-₉]"
    rf"|[A-Fa-f]{{0,8}}(?:{_IN}(?:{_WORD}(?:[ -]| ?= ?)(?!10\b|ten\b|zehn\b|dix\b|diez\b|dieci\b|dez\b)[\w]"
    rf"|{_NAMES}(?!\w))"
    r"| ?[(（]?(?:[二八三四五六七九]|十六|十二|[2-9]|1[126])(?:进制|進制|進法|進数|진법|진수))",
    re.IGNORECASE,
)
"""Behind a number."""
