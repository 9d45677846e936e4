"""Small questions about the words that lead to a named choice. Used by `said_before`."""

from __future__ import annotations

from evalkit.scorers.languages import phrases_of
from evalkit.scorers.reply_words import ARROW, Word, fold, phrase_set, word_set
from evalkit.scorers.sentences import FAR, opens_line, stands_alone

BUT = word_set(
    "but aber jedoch allerdings 但 但是 不过 可是 sondern sino pero mais ma bensì mas maar lecz ale а но але ama "
    "بل אלא 而是 بلکه melainkan mà αλλά utan men vaan hanem ci however tetapi tapi nýbrž mutta বরং แต่ però"
)


SURE = frozenset(fold(phrase) for phrase in phrases_of("sure"))
"""Words by which somebody is certain, though they deny or doubt elsewhere."""


NOW = frozenset(fold(phrase) for phrase in phrases_of("now"))
"""Words by which a statement holds today, or in the case at hand."""


_ASSERTING = word_set(
    "think believe conclude concluded concludes see seen show shows showed shown find found finds know known "
    "knows say mean means implies imply implied indicates indicate indicating suggests suggest suggesting "
    "deduce deduced infer inferred determine determined get gives given note noted clear evident obvious sure "
    "certain confident true fact follows state states confirm confirms confirmed so such conclusion realize "
    "understand seems appears ensures verify recall observe observed notice demonstrates proves prove proving "
    "showing meaning stating saying supports establish reveals provided evidence ensure to is was be"
)
"""After these an English "that" gives the speaker's own view; after any other word somebody judges the clause."""


def judged_clause(words: list[Word], i: int) -> bool:
    """Whether the clause is judged from outside: "the chances that B is right", "it is doubtful that"."""
    if words[i].text != "that" or i == 0:
        return False
    before = words[i - 1]
    return before.kind == "word" and not before.role and before.text not in _ASSERTING


_TAKES = frozenset(("choose", "chose", "pick", "select", "go with", "go for", "opt for", "settle on"))


OTHERS = word_set("he she they people who everyone everybody somebody someone students most many some others")
"""Who says or thinks something that is not the reply's own view."""


_SPEAKER = word_set("i we let i'd i'll i'm we'd we'll let's me my us our")


_MODALS = word_set("will would might may could should often also still usually typically to always sometimes just")


def others_choose(words: list[Word], i: int) -> bool:
    """Whether somebody else takes a choice: "many readers will choose B"."""
    if words[i].text not in _TAKES:
        return False
    before = i - 1
    while before >= 0 and (words[before].text in _MODALS or words[before].role == "maybe"):
        before -= 1
    if before >= 0 and words[before].text in OTHERS:
        return True
    if before < 0 or words[before].kind != "word" or words[before].role or words[before].choice is not None:
        return False
    near = words[max(0, before - 5) : before + 1]
    return not any(word.text in _SPEAKER for word in near)


_THAT = word_set("that dass daß que che dat że iż že hogy että что що че да at att että ότι cã că")
"""Words that open a clause about which the clause before it judges: "Ich glaube nicht, dass B stimmt"."""


def parenthetical_start(words: list[Word], comma: int) -> int:
    """Where the comma stands that opens an aside of one word; 0 where there is none."""
    if comma < 3 or words[comma - 2].role != "comma" or words[comma - 3].role not in ("noun", "right", "field"):
        return 0
    return comma - 2 if words[comma - 1].role in ("turn", "fill", "so", "why") else 0


def opens_that_clause(words: list[Word], comma: int) -> bool:
    return words[comma].role == "comma" and comma + 1 < len(words) and words[comma + 1].text in _THAT


_OPENS_SUPPOSING = phrase_set(
    "had the|had this|had we|had it been|had they|had you|were the|were this|were we|were you|should the|say the"
    "|say that|say it"
)
"""They suppose where they open a clause only: "Had the question been another, A would be right"."""


def supposes(words: list[Word], i: int) -> bool:
    """Whether a word of the kind "if" supposes where it stands."""
    opens = i == 0 or words[i - 1].role in ("end", "ask", "line", "comma", "wrap")
    return opens or words[i].text not in _OPENS_SUPPOSING


def joined(words: list[Word], i: int, across: tuple[str, ...] = ()) -> bool:
    """Whether a choice is named directly before, apart from commas, brackets and words of the kinds in `across`."""
    i -= 1
    while i >= 0 and (words[i].role in ("comma", "wrap", "tail", "fill", "dash", *across) or words[i].text == ARROW):
        i -= 1
    return i >= 0 and words[i].choice is not None


def only_small(words: list[Word], i: int) -> bool:
    """Whether only words that lead or join stand before a comma, or a choice does: "So, B", "Wait, no, B", "A, B"."""
    if joined(words, i):
        return True
    i -= 1
    steps = 0
    while (
        i >= 0
        and words[i].role in ("so", "fill", "redo", "turn", "not", "maybe", "comma", "dash", "wrap", "why")
        and steps < 8
    ):
        if words[i].role == "so":
            return True
        if words[i].role in ("not",) and not stands_alone(words, i):
            return False
        i -= 1
        steps += 1
    return i < 0 or words[i].role in ("end", "ask", "line") or joined(words, i + 1, across=("be",))


def supposed_before(words: list[Word], i: int) -> bool:
    """Whether an "if" opens what stands before a comma."""
    steps = 0
    while i >= 0 and words[i].role not in ("end", "ask", "line") and steps < FAR:
        if words[i].role == "if" and supposes(words, i):
            return True
        if words[i].role in ("so", "turn") or words[i].text in BUT:
            return False
        i -= 1
        steps += 1
    return False


_PUTTING = word_set(
    "classify classified categorize categorise categorized categorised label labeled labelled route routed "
    "assign assigned mark marked "
    "tag tagged rate rated file filed flag flagged set send sent forward treat put sort place consider judge grade"
)
_UNDER = word_set("as to under into in with")
_ITS = word_set("this the that it your these them")


def puts_under(words: list[Word], i: int) -> bool:
    """Whether the preposition here puts something under the label that follows: "route the ticket to billing"."""
    if words[i].text not in _UNDER or i < 2:
        return False
    for start in range(max(0, i - 5), i - 1):
        if words[start].text in _PUTTING and words[start + 1].text in _ITS:
            return not any(
                word.role in ("comma", "end", "line", "ask") or word.choice is not None for word in words[start:i]
            )
    return False


REASON_WORDS = word_set(
    "since because as given da weil comme puisque parce como ya porque visto poiché siccome dato aangezien omdat "
    "поскольку так ponieważ skoro dado eftersom fordi koska mivel deoarece çünkü karena vì 由于 因为 因為 由於"
)
_LONGEST_REASON = 40
_AT_HAND = word_set(
    "this these new current latest present passage text table data context information above given question "
    "steps reasoning analysis"
)
"""What an answer rests on that is at hand: "Based on the passage, B"."""


def reason_opens(words: list[Word], comma: int) -> bool:
    """Whether the sentence up to this comma is a reason that names no choice: "Since x < 0, B"."""
    i = comma - 1
    while i >= 0 and words[i].role not in ("end", "ask", "line"):
        if (
            words[i].choice is not None
            or words[i].role in ("if", "says", "maybe", "comma")
            or comma - i > _LONGEST_REASON
        ):
            return False
        i -= 1
    opens = i + 1
    while (
        opens < comma and words[opens].role in ("so", "wrap", "redo", "turn") and words[opens].text not in REASON_WORDS
    ):
        opens += 1
    if comma - opens < 2:
        return False
    first, second = words[opens].text, words[opens + 1].text
    if first in ("after", "upon", "by", "on", "when") and second.endswith("ing"):
        return True
    if first in ("according", "based", "under", "following", "per") and any(
        word.text in _AT_HAND for word in words[opens + 1 : opens + 4]
    ):
        return True
    return first in REASON_WORDS


def after_noun(words: list[Word], i: int) -> bool:
    """Whether a dash or an arrow joins like a verb: "Answer - B", "queue -> technical", "-> B"."""
    arrow = words[i].text == ARROW
    i -= 1
    while i >= 0 and words[i].role in ("wrap", "fill", "right"):
        i -= 1
    if i >= 0 and words[i].role in ("noun", "right"):
        return True
    return arrow and (i < 0 or words[i].role == "line" or (words[i].role == "field" and opens_line(words, i)))


_SHORT = 12
"""Words of a reply that is a name, an arrow and a choice."""


def is_short_line(words: list[Word], i: int) -> bool:
    """Whether an arrow here gives something a choice in a reply that says no more: "Ticket 12 -> technical"."""
    if words[i].text != ARROW or len(words) > _SHORT:
        return False
    return not any(word.role in ("line", "end") or word.choice is not None for word in words[:i])


def is_certain_remark(words: list[Word], comma: int) -> bool:
    """Whether this comma closes a remark that only says how certain somebody is: ", without a doubt,"."""
    return comma > 1 and words[comma - 2].role == "comma" and fold(words[comma - 1].text) in SURE


_SINCE = word_set("since from in of seit ab depuis desde dal dall' с од od sinds sedan fra z roku selama sejak")
_YEAR_DIGITS = 4


def dated(words: list[Word], i: int) -> bool:
    """Whether this is the year of "since 2020"."""
    word = words[i]
    if word.kind != "number" or len(word.text) != _YEAR_DIGITS or i == 0 or word.text[0] not in "12":
        return False
    return words[i - 1].text in _SINCE


def assigns(words: list[Word], i: int) -> bool:
    """Whether this is the equals sign of a result: of "so x = -7", but not of "if x = -7"."""
    if words[i].text not in "=∈" or i == 0 or words[i - 1].kind != "word" or words[i - 1].end - words[i - 1].start != 1:
        return False
    return i == 1 or (words[i - 2].role in ("so", "be", "line") and words[i - 1].choice is None)


def numbered(words: list[Word], i: int) -> bool:
    """Whether this is a list's number: the "1" of "1. B"."""
    return words[i].kind == "number" and i + 1 < len(words) and numbering(words, i + 1)


def numbering(words: list[Word], i: int) -> bool:
    """Whether a full stop belongs to a list's number: "1. B"."""
    return i >= 1 and words[i - 1].kind == "number" and (i == 1 or words[i - 2].role == "line")


def cross(words: list[Word], i: int) -> int | None:
    """Where the line before ends that leads over to this one: "The answer is:", "## Answer"; None when it does not."""
    while i >= 0 and words[i].role in ("line", "wrap"):
        i -= 1
    if i < 0:
        return None
    if words[i].role in ("colon", "be"):
        return i
    end, steps = i, 0
    while i >= 0 and words[i].role in ("noun", "fill", "right", "wrap", "symbol") and steps < 8:
        i -= 1
        steps += 1
    heading = i < 0 or words[i].role == "line"
    return end if heading and any(word.role == "noun" for word in words[i + 1 : end + 1]) else None
