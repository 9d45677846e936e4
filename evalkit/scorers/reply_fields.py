"""Replies that fill in a form of several fields: which of them is the answer.

    Primary: technical
    Secondary: billing

Two fields name two choices. A field whose name says that it is the second, the former, the rejected or the doubtful one
is no answer; where the others agree on one choice, that is what the reply says.
"""

from __future__ import annotations

import re

from evalkit.scorers.labelled import ChoiceReading, Labelled
from evalkit.scorers.reply_markup import plain, simplify
from evalkit.scorers.reply_words import fold, word_set

_FIELD = re.compile(
    r"^[\s\W_]*(?P<name>[^\W\d_][^:=→>\n]{0,40}?)[\s*_`\"']*(?::|=>?|->|→|–|—)\s*(?P<value>[^\n?？]{1,120})$"
)
_PARTS = re.compile(r"[\n;|]+|,\s+(?=[^,:\n]{1,40}:)")
_LONGEST = 2_000
_BESIDE = word_set(
    "secondary second 2nd third alternative alternatives alternate alt other others also possible possibly fallback "
    "backup runner runner-up runnerup least less next not no never except excluding excluded exclude rejected reject "
    "discarded dismissed eliminated incorrect wrong false unlikely old older former formerly previous previously "
    "prior past before earlier original originally initial initially draft was outdated legacy distractor "
    "secondaire seconde deuxième autre autres aussi non exclu exclue rejeté ancien "
    "ancienne précédent précédente auparavant avant initiale faux incorrecte "
    "sekundär sekundäre zweite zweiter zweites zweitwahl alternativ andere auch möglich nicht kein "
    "ausgeschlossen verworfen falsch alte alter altes früher frühere früherer vorher zuvor bisher bisherige "
    "bisheriger ursprünglich vormals ehemals "
    "secundario secundaria segundo segunda alternativa otra otro también posible descartado descartada rechazado "
    "incorrecto anterior antes antigua antiguo previo previa "
    "secondaria secondario seconda secondo altra altro anche possibile scartata scartato esclusa errato precedente "
    "prima vecchia vecchio "
    "secundária secundário outra outro também possível incorreto antiga antigo "
    "tweede secundair ander ook mogelijk niet vorige oude eerder "
    "drugi druga inny inna także możliwe nie odrzucone poprzednio poprzednia "
    "второй вторая вторичный другой также возможно не отклонено раньше прежняя прежний предыдущая предыдущий "
    "次点 以前 旧 代替 備選 备选 次选 以前的 原 排除 다른 이전 보조"
)
"""Words in the name of a field that is no answer."""
_WORD = re.compile(r"[\w-]+")


def answer_among_fields(reply: str, reading: ChoiceReading, known: Labelled) -> ChoiceReading:
    """`reading`; where it rests on a field that is no answer, the one choice of those that are, if there is one."""
    if len(reply) > _LONGEST:
        return reading
    answers: set[int] = set()
    beside: set[int] = set()
    for part in _PARTS.split(reply):
        field = _FIELD.match(part.strip())
        index = None if field is None else _choice(field["value"], known)
        if field is None or index is None:
            continue
        names = {fold(word) for word in _WORD.findall(field["name"])}
        (beside if names & _BESIDE else answers).add(index)
    if len(answers) != 1 and len(answers | beside) > 1 and reading.index in beside - answers:
        return ChoiceReading(None, "the field that names it is not the answer")
    if not beside or len(answers) != 1 or beside <= answers:
        return reading
    (index,) = answers
    if reading.index is not None and reading.index not in beside:
        return reading
    return ChoiceReading(index, "the one field that is the answer")


def _choice(value: str, known: Labelled) -> int | None:
    """The choice that a field holds and nothing else."""
    text = plain(simplify(value))
    index = known.by_text.get(text)
    return known.by_label.get(text.upper()) if index is None else index
