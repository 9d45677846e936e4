"""How long a provider asks to wait: its headers, a field of its error, its words.

    retry_after({"retry-after": "30"})                                        # 30.0
    retry_after({"retry-after": "2026-12-01T09:00:00Z"})                      # seconds until then
    retry_after({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "7.5"})     # 7.5
    asked_in_words("Please try again in 7h12m0s.")                            # 25920.0
    asked_in_words("Trop de requêtes. Réessayez dans 30 secondes.")           # 30.0

A wait that is not seen costs requests: the model is asked again at once, until the item's time is up. One that is read
too long costs the model: beyond an hour it is given up. So a number is a wait only where its place says so, a large one
is a moment (a Unix time), and nothing is guessed from a rate ("30 requests in 60 seconds").
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from evalkit.adapters import error_words
from evalkit.late import late

LOOKED_AT = 500
"""Characters of a message that are searched for a wait."""
_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?) ?d(?:ays?)? ?)?(?:(\d+(?:\.\d+)?) ?h(?:ours?|rs?)? ?)?"
    r"(?:(\d+(?:\.\d+)?) ?m(?!s)(?:in(?:ute)?s?)? ?)?"
    r"(?:(\d+(?:\.\d+)?) ?s(?:ec(?:ond)?s?)?)?(?:(\d+(?:\.\d+)?) ?ms)?"
)
_ONE = re.compile(r"\b(?:an?|one) (?=(?:day|hour|minute)\b)")
_JOINT = re.compile(r",? and |, ?")
_NONE_LEFT = re.compile(r"\br=0\b|\bremaining=0\b")
_RESETS_IN = re.compile(r"\b(?:t|reset)=(\d+)")
_MOST_DIGITS = 40
_EPOCH_S = 1e9
"""Larger values are points in time, not waits."""
_NO_ZONE = re.compile(r" (?:utc|gmt)$|(?<=\d)z$", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], retry_delay: str | None = None) -> float | None:
    """Seconds that the provider asks us to wait; None where it does not say.

    Looks at retry-after-ms, retry-after (seconds, a duration like 1m30s, a date or a Unix time), headers that end like
    them (x-ms-retry-after-ms, x-ratelimit-retry-after), `retry_delay` out of the body (Google's RetryInfo), and
    the resets of those rate limits of which nothing remains: OpenAI's x-ratelimit-remaining-requests and its kin,
    Cerebras' limits of a day, Anthropic's dates, the IETF's RateLimit fields. A retry-after-ms of 0 says nothing.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    if ms := _number(lowered.get("retry-after-ms")):
        return ms / 1000
    if (value := lowered.get("retry-after")) and (wait := _wait(value)) is not None:
        return wait
    for name, value in lowered.items():
        if name.endswith("-retry-after-ms") and (ms := _number(value)):
            return ms / 1000
        if name.endswith("-retry-after") and (wait := _wait(value)) is not None:
            return wait
    if retry_delay is not None and (delay := seconds(retry_delay)) is not None:
        return delay
    return max((wait for wait in _resets(lowered) if wait is not None), default=None)


def _resets(headers: Mapping[str, str]) -> Iterator[float | None]:
    """Seconds until each rate limit of which nothing remains begins anew."""
    for name, value in headers.items():
        if name == "ratelimit":  # draft-ietf-httpapi-ratelimit-headers: "day";r=0;t=51234, "minute";r=7;t=3
            limits = [value] if "remaining=" in value else value.split(",")
            for limit in limits:
                if _NONE_LEFT.search(limit) and (resets := _RESETS_IN.search(limit)):
                    yield seconds(resets[1])
        elif re.search("rate-?limit", name) and "remaining" in name and _number(value.strip()) == 0:
            reset = name.replace("remaining", "reset")
            yield _wait(headers.get(reset) or headers.get(f"{reset}-after", ""))


def _wait(value: str) -> float | None:
    """Seconds from a header's value: a wait, a moment, or the same several times ("30, 30"); None for anything else."""
    if (wait := seconds(value)) is not None:
        return wait
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return max((wait for part in value.split(",")[:9] if (wait := seconds(part)) is not None), default=None)


def asked_in_words(words: str) -> float | None:
    """Seconds that a message asks to wait ("Please try again in 7h12m0s"); None where it names no wait.

    In English, and in the languages of `_UNITS`; a moment with its time zone counts too ("again at 2026-12-01T09:00Z").
    """
    words = words[:LOOKED_AT]
    plain = _ONE.sub("1 ", words.casefold())
    asked = (found[1] for found in error_words.ASKED_WAIT.finditer(plain) if found[1])
    wait = next((wait for one in asked if (wait := seconds(_JOINT.sub(" ", one))) is not None), None)
    if wait is None and (moment := _MOMENT.search(plain)):
        wait = _until(f"{moment[1]}T{moment[2]}{moment[3]}".upper())
    return wait if wait is not None else _asked_elsewhere(plain)


_MOMENT = late(
    r"(?:try|again|retry|wait|resets?|renews?|available|until|重置|恢复|リセット)[^!?\d]{0,24}"
    r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(z|utc|gmt|[+-]\d\d:?\d\d)"
)
_UNITS = {
    1: r"se[ck]und\w*|sek\b|second[aeio]\w*|segundos?|секунд\w*|сек\b|秒|초|saniye|giây|"
    r"detik|วินาที|ثوان\w*|ثانية|सेकंड|másodperc|sekun[tn]\w+|δευτερόλεπτ\w+|שניות",
    60: r"minut\w*|минут\w*|мин\b|хвилин\w*|分钟|分鐘|分|분|dakika|phút|"
    r"menit|นาที|دقيقة|دقائق|मिनट|perc|minuut\w*|λεπτ\w+|דקות",
    3600: r"stunden?|std\b|heures?|horas?|or[ae]\b|uren|uur|час\w*|годин\w*|小时|小時|时间|時間|시간|saat|godzin\w*|"
    r"hodin\w*|giờ|jam\b|timmar|timer|ชั่วโมง|ساعات|ساعة|घंटे|óra|tunti\w*|tunnin|ώρ\w+|שעות",
    86_400: r"tage?n?|jours?|d[ií]as?|giorni|dagen|дн\w+|天|日|일|gün|dni|dny|ngày|hari|dagar|dager?|วัน|أيام|दिन|"
    r"nap\b|päivä\w*|ημέρ\w+|ימים",
}
"""By their seconds, the units of time in the languages in which providers and gateways were seen to answer."""
_AMOUNT = r"\d{1,6}(?:[.,]\d{1,3})? ?"
_FURTHER = late(
    rf"(?P<before>[^\d.!?。！？]{{0,60}})(?P<wait>(?:{_AMOUNT}(?:{'|'.join(_UNITS.values())})"
    r"[ ,]{0,2}(?:(?:und|et|y|e|en|og|och|и|і|和) )?)+)(?P<behind>[^\d.!?。！？]{0,40})"
)
_PART = late(rf"({_AMOUNT})(?:{'|'.join(f'({units})' for units in _UNITS.values())})")
_AGAIN = late(
    r"erneut|wieder|noch ?mal|versuch|warte|réessa|ressay|patient|attend|int[eé]nt|esper|vuelv|tent|aguard|riprov|"
    r"probeer|wacht|повтор|подожд|попроб|спроб|зачека|重试|重試|再试|再試|稍后|稍後|等待|もう一度|再度|お待ち|다시|재시도|기다|"
    r"tekrar|bekle|spróbuj|ponow|poczekaj|zkus|počkej|thử lại|chờ|coba lagi|tunggu|försök|vänta|prøv|vent|ลองใหม่|รอ|"
    r"حاول|انتظر|पुन|प्रतीक्षा|próbál|várj|yritä|odota|δοκιμ|περιμ|încerc|aștept|נסה|נסו|המת"
)
"""Words of waiting and of trying again."""
_AHEAD = late(
    r"(?:\b(?:in|nach|dans|après|en|em|dentro de|después de|depois de|tra|fra|dopo|over|na|om|za|po|через|після|sau|"
    r"dalam|setelah|peste|în|σε|sonra)|在|请|ในอีก|อีก|بعد|خلال|בעוד|(?:warte|attend|patient|espere|aguard|wacht|подожд|"
    r"зачека|等待|chờ|tunggu|vänta|vent|poczekaj|počkej|انتظر)\w*(?: sie| por| bitte)?) ?"
    r"(?:etwa |ca\. ?|circa |environ |unos |cerca de |约|約)?$"
)
"""What stands before a time that is to come."""
_LATER = late(r"^ ?(?:之?后|以后|後|后再|お待ち|待|후|뒤|기다|sonra|içinde|bekle|बाद|में|múlva|kuluttua|warten|abwarten)")
"""What stands behind one."""
_RATE = re.compile(r"\d [^\d.!?]{3,30}$")
"""Before "in 60 Sekunden": something that is counted."""


def _asked_elsewhere(text: str) -> float | None:
    """The first wait of a message in another language than English; None where none is named. A time counts only
    between the words of waiting: "100 Anfragen in 60 Sekunden" is a rate."""
    if text.isascii() and not any(character.isdigit() for character in text):
        return None
    for found in _FURTHER.finditer(text):
        before, behind = found["before"], found["behind"]
        if not _AGAIN.search(before) and not _AGAIN.search(behind):
            continue
        rate = text[max(0, found.start("wait") - 40) : found.start("wait")]
        if _LATER.search(behind) or (_AHEAD.search(before) and not _RATE.search(rate)):
            return _sum(found["wait"])
    return None


def _sum(wait: str) -> float:
    total = 0.0
    for part in _PART.finditer(wait):
        unit = next(size for size, group in zip(_UNITS, part.groups()[1:], strict=True) if group)
        total += float(part[1].strip().replace(",", ".")) * unit
    return total


def seconds(value: str) -> float | None:
    """Seconds from "1.5", "6m0s", "20ms", "2 hours", a Unix time in seconds or milliseconds, or a date; None for
    anything else."""
    value = value.strip()
    if len(value) > _MOST_DIGITS:
        return None
    if (number := _number(value)) is not None:
        if number > 1000 * _EPOCH_S:
            number /= 1000
        return max(0.0, number - time.time()) if number > _EPOCH_S else number
    match = _DURATION.fullmatch(value)
    if not value or match is None:
        return _until(value)
    days, hours, minutes, rest, ms = (float(part or 0) for part in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + rest + ms / 1000


def _until(moment: str) -> float | None:
    """Seconds until a date with a time zone, like 2026-11-29T00:00:00Z; None for anything else."""
    try:
        at = datetime.fromisoformat(_NO_ZONE.sub("+00:00", moment))
    except ValueError:
        return None
    return None if at.tzinfo is None else max(0.0, at.timestamp() - time.time())


def _number(value: str | None) -> float | None:
    """A wait in its own unit, not negative; None for anything that is no finite number."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
