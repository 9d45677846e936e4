"""Answers by a rule that no longer holds: "B according to the outdated edition". Used by `word_roles`.

mark_outdated(words)      # "according" becomes a word of the kind "if": what it leads to is only supposed
"""

from __future__ import annotations

from evalkit.scorers.reply_words import Word, word_set

_BY = word_set(
    "according by under per in following from nach laut gemäß zufolge in unter selon d' suivant dans d'après "
    "según conforme bajo "
    "en por secondo stando per segundo pelo pela no na em volgens onder według wg zgodnie w согласно по в за під "
    "podle v enligt ifølge "
    "ifølge göre menurut theo"
)
OLD = word_set(
    "outdated obsolete superseded repealed old older withdrawn expired deprecated retired abolished out-of-date "
    "archived discarded "
    "previous earlier last former veraltete veralteten alte alten altem früheren früherer letzten vorigen "
    "überholten aufgehobenen ungültigen "
    "ancienne ancien anciennes anciens précédente précédent obsolète périmée dépassée abrogée antigua antiguo "
    "antiguas antiguos anterior "
    "obsoleta obsoleto derogada derogado vieja viejo desactualizada desactualizado vecchia vecchio precedente "
    "abrogata superata obsoleta "
    "antiga antigo desatualizada revogada oude vorige verouderde ingetrokken starego starej poprzedniej "
    "poprzedniego nieaktualnego nieaktualnej "
    "старому старой старого устаревшему устаревшей прежнему прежней прошлому старим застарілим gamla föregående "
    "gamle forrige eski önceki"
)
_RULES = word_set(
    "edition version law laws rule rules guideline guidelines textbook book standard standards code codes "
    "statute regulation regulations "
    "constitution manual curriculum syllabus key exam definition classification convention convention act scheme "
    "policy policies handbook "
    "specification spec draft release revision norm norms system catalogue documentation docs auflage ausgabe "
    "fassung version gesetz recht "
    "regelung regeln norm richtlinie lehrbuch édition loi règle règles norme version manuel code réglementation "
    "directive edición versión ley "
    "norma normas reglas regla manual guía reglamento edizione versione legge norma regole manuale edição versão "
    "lei regra regras manual "
    "druk editie uitgave versie wet regels richtlijn wydania wersji prawa prawem przepisów изданию издания "
    "издании версии закону закона правилам "
    "правил учебнику виданням upplagan versionen lagen reglerna udgave utgaven loven baskıya sürüme yasaya kanuna"
)
_FAR = 5


def mark_outdated(words: list[Word]) -> None:
    """Give words such as "according to" the kind "if" where an outdated rule follows."""
    for place, word in enumerate(words):
        if word.text not in _BY:
            continue
        near = words[place + 1 : place + 1 + _FAR]
        end = next((n for n, one in enumerate(near) if one.role in ("end", "ask", "line", "comma")), len(near))
        old = next((n for n, one in enumerate(near[:end]) if one.text in OLD), None)
        if old is not None and any(one.text in _RULES for one in words[place + 1 + old : place + 5 + old]):
            word.role = "if"
