"""What leads to a named choice: the words to its left, back to the beginning of its clause. Used by `statements`."""

from __future__ import annotations

from dataclasses import dataclass, field

from evalkit.scorers.labelled import ANSWER_MARK
from evalkit.scorers.reply_words import Word, phrase_set, word_set
from evalkit.scorers.sentences import DENIES_BEFORE, FAR, options_begin, stands_alone


@dataclass(slots=True)
class Left:
    """What leads to a named choice, from its sentence's beginning."""

    be: bool = False
    noun: bool = False
    kind: bool = False
    """A word for what sorting assigns."""
    would: bool = False
    inside: bool = False
    """A preposition stands before it: "in option D"."""
    near_noun: bool = False
    right: bool = False
    choose: bool = False
    box: bool = False
    led: bool = False
    """By "so", "correction", "wait"."""
    colon: bool = False
    key: int = 0
    """Words before the colon on its line."""
    denials: int = 0
    passed: int = 0
    """Those of the denials that may belong to the choice before: "B wrong C"."""
    doubt: bool = False
    suppose: bool = False
    alone: bool = False
    """Nothing but words that say nothing stands before it in its sentence."""
    first: bool = False
    """The same, and it opens the line."""
    before: Word | None = None
    """The choice named directly before it, with nothing but small words between."""
    joins: list[str] = field(default_factory=list)
    """The roles between it and the choice before it."""
    bridged: int = 0
    """Words of no known part between the choice and its noun."""


_BUT = word_set(
    "but sondern sino pero mais ma bensì mas maar lecz ale а но але ama بل אלא 而是 بلکه melainkan "
    "mà αλλά utan men vaan hanem ci however tetapi tapi nýbrž mutta বরং แต่ però"
)


def look_left(words: list[Word], place: int) -> Left:  # noqa: PLR0912 - a table, read from the top
    left = Left()
    bridged = 0  # words since the last that belongs to the frame
    crossed = broken = False
    seen = 0
    i = place - 1
    while i >= 0 and seen < FAR:
        word = words[i]
        role = word.role
        seen += 1
        if word.text == ANSWER_MARK:
            left.box = left.box or bridged == 0
        elif word.choice is not None:
            if left.before is None and bridged == 0 and _may_join(left.joins):
                left.before = word
            break
        elif role == "line":
            framed = left.noun or left.be or left.choose or left.box
            step = None if crossed or bridged or framed or options_begin(words, place) else _cross(words, i)
            if step is None:
                left.first = bridged == 0
                break
            crossed, i = True, step + 1
        elif role in ("end", "ask"):
            if not (role == "end" and _numbering(words, i)):
                break
        elif role in {"wrap", "tail"}:
            if word.text in ("(", "["):
                left.joins.append("bracket")
        elif role == "comma" and left.be and bridged == 0 and (start := _aside(words, i)):
            i = start  # "The answer, in fact, is B."
        elif role == "comma" or (role == "dash" and not _after_noun(words, i)):
            left.joins.append("comma")
            if _that(words, i):
                _take_matrix(left, words, i)
            if "but" not in left.joins and _supposed_before(words, i):
                left.suppose = True
            if not (bridged == 0 and _only_small(words, i)):
                broken = i > 0 and not left.joins[:-1]
                break
        elif _numbered(words, i):
            pass
        else:
            bridged, stop = _take_left(left, words, i, bridged)
            if stop:
                break
        i -= 1
    else:
        left.first = bridged == 0 and i < 0
    clause = "redo" in left.joins or ("but" in left.joins and left.near_noun)
    clause = clause or ("be" in left.joins and any(join in left.joins for join in ("comma", "but", "so")))
    left.alone = bridged == 0 and not broken and (left.before is None or clause)
    return left


def _may_join(joins: list[str]) -> bool:
    """Whether what stands between two choices may join them."""
    return len(joins) <= 6


def _take_left(left: Left, words: list[Word], i: int, bridged: int) -> tuple[int, bool]:  # noqa: PLR0911, PLR0912, PLR0915 - a table, read from the top
    """Take one word of the clause in: (words since the frame, whether the clause begins here)."""
    word, role = words[i], words[i].role
    if word.text == "to conclude" and i > 0 and words[i - 1].role not in ("end", "ask", "line", "comma"):
        return bridged, False  # "it is too early to conclude that"
    if role == "so" and word.text in _THEN:
        left.suppose = left.suppose or _supposed_before(words, i - 1)
        if _joined(words, i) and words[i - 1].role != "comma":
            left.joins.append("and")  # "B then C"
            return bridged, False
    if role == "so":
        left.led = left.led or bridged == 0
        left.joins.append("so")
        return bridged, True
    if role in ("redo", "turn"):
        left.led = left.led or bridged == 0
        left.joins += ["but", "turn"] if role == "turn" else ["but" if word.text in _BUT else role]
        if bridged == 0 and _joined(words, i):
            return bridged, False
        return bridged, True
    if word.text in _BUT:
        left.joins.append("but")
        return bridged, not _joined(words, i)
    if word.text in DENIES_BEFORE and _joined(words, i, across=("be",)):
        left.joins.append("but")
    elif role == "not" and stands_alone(words, i):
        left.led = left.led or bridged == 0
        left.joins.append("redo")
    elif role == "not":
        left.denials += 1
        left.joins.append("not")
    elif role == "wrong":
        counts = (bridged == 0 or left.be) and not left.inside
        left.denials += counts
        left.passed += counts and _joined(words, i, across=("be",))
        left.joins.append("wrong")
    elif role in ("maybe", "unsure"):
        left.doubt = True
        left.joins.append("maybe")
    elif role == "says" or (role == "if" and supposes(words, i)):
        left.suppose = True
    elif role in ("colon", "dash") and (word.text == ":" or _after_noun(words, i)):
        left.colon = left.colon or bridged == 0
        left.kind = left.kind or (bridged == 0 and words[i - 1].text in _FINAL)
        _take_key(left, words, i)
        return bridged, False
    elif word.text == "=" and i >= 1 and (i == 1 or words[i - 2].role == "line"):
        left.colon = left.colon or bridged == 0
        left.key = 1
    elif role == "colon" and (
        i == 0 or words[i - 1].role == "be" or (word.text != "=" and words[i - 1].role == "line")
    ):
        return bridged, False
    elif role in ("be", "would"):
        left.would = left.would or (role == "would" and not left.be)
        left.be = left.be or bridged == 0
        left.joins.append("be")
    elif role == "field":
        left.kind = left.kind or left.be or left.colon or bridged == 0
        left.bridged = max(left.bridged, bridged)
    elif role == "noun" and word.text in _LISTED and (words[i + 1].text in _ARE or (left.colon and not left.be)):
        bridged += 1
    elif role == "noun" and left.colon and not left.be and i > 0 and words[i - 1].text in _EACH:
        bridged += 1  # "consider each choice:"
    elif role == "noun":
        left.near_noun = left.near_noun or (bridged == 0 and not left.be and not left.colon)
        left.noun = left.noun or (bridged <= 8 and (left.be or left.colon)) or bridged == 0
        bridged = 0 if left.noun and (left.be or left.colon) else bridged
    elif role == "right":
        left.right = left.right or bridged <= 1
    elif role == "choose":
        if not left.choose and bridged <= 1 and _others_choose(words, i):
            left.suppose = True
        left.choose = left.choose or bridged <= 1
        bridged = 0 if left.choose else bridged
    elif role in ("or", "and"):
        left.joins.append(role)
        bridged += role == "and" and not _joined(words, i)
    elif role in ("fill", "why"):
        if role == "why":
            left.joins.append("why")
            if word.text in REASONS:
                return bridged + 1, True
        left.suppose = left.suppose or _judged_clause(words, i)
        left.inside = left.inside or (word.text in _PREPOSITIONS and not left.be and not left.colon)
    else:
        bridged += 1
    return bridged, False


_ASSERTING = word_set(
    "think believe conclude concluded concludes see seen show shows showed shown find found finds know known "
    "knows say mean means implies imply implied indicates indicate indicating suggests suggest suggesting "
    "deduce deduced infer inferred determine determined get gives given note noted clear evident obvious sure "
    "certain confident true fact follows state states confirm confirms confirmed so such conclusion realize "
    "understand seems appears ensures verify recall observe observed notice demonstrates proves prove proving "
    "showing meaning stating saying supports establish reveals provided evidence ensure to is was be"
)
"""After these an English "that" gives the speaker's own view; after any other word somebody judges the clause."""


def _judged_clause(words: list[Word], i: int) -> bool:
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


def _others_choose(words: list[Word], i: int) -> bool:
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


_THEN = word_set("then dann alors entonces então allora dan то тогда wtedy тоді 那么 そのとき 그러면 thì maka så")
_LISTED = word_set("options choices optionen möglichkeiten choix opciones opções opzioni варианты opcje seçenekler")
_EACH = word_set("each every jede jeder jedes jeden chaque cada ogni elke każdą каждый кожен her setiap mỗi varje hver")
_ARE = word_set("are were sind waren sont étaient son eran são eram sono erano zijn")
"""They announce what is offered where a colon follows, not an answer."""
REASONS = word_set(
    "because since while whereas although though weil denn obwohl car parce puisque porque aunque poiché perché omdat "
    "want потому поскольку ponieważ çünkü karena"
)
"""They open a clause to which the answer before has no say: "B is right because Paris (A) is ..."."""
_PREPOSITIONS = word_set(
    "after before above below behind beyond near against in for with of by from on für bei en pour dans para por per"
)


_FINAL = word_set("final finale finally endgültig итог итого وأخيرا 最終 最终 最後 最后")
"""They name an answer where a colon follows."""


def _take_key(left: Left, words: list[Word], i: int) -> None:
    left.key = 0
    while (
        left.key < 12 and i - left.key - 1 >= 0 and words[i - left.key - 1].role not in ("line", "end", "ask", "comma")
    ):
        left.key += 1


_THAT = word_set("that dass daß que che dat że iż že hogy että что що че да at att että ότι cã că")
"""Words that open a clause about which the clause before it judges: "Ich glaube nicht, dass B stimmt"."""


def _aside(words: list[Word], comma: int) -> int:
    """Where the comma stands that opens an aside of one word; 0 where there is none."""
    if comma < 3 or words[comma - 2].role != "comma" or words[comma - 3].role not in ("noun", "right", "field"):
        return 0
    return comma - 2 if words[comma - 1].role in ("turn", "fill", "so", "why") else 0


def _that(words: list[Word], comma: int) -> bool:
    return words[comma].role == "comma" and comma + 1 < len(words) and words[comma + 1].text in _THAT


def _take_matrix(left: Left, words: list[Word], comma: int) -> None:
    """What the clause before "that" denies, doubts or reports holds for what follows."""
    i = comma - 1
    while i >= 0 and comma - i < FAR and words[i].role not in ("end", "ask", "line", "so") and words[i].choice is None:
        role = words[i].role
        left.denials += role in ("not", "wrong")
        left.doubt = left.doubt or role in ("maybe", "unsure")
        left.suppose = left.suppose or role in ("if", "says")
        i -= 1


_OPENS_SUPPOSING = phrase_set(
    "had the|had this|had we|had it been|had they|had you|were the|were this|were we|were you|should the|say the"
    "|say that|say it"
)
"""They suppose where they open a clause only: "Had the question been another, A would be right"."""


def supposes(words: list[Word], i: int) -> bool:
    """Whether a word of the kind "if" supposes where it stands."""
    opens = i == 0 or words[i - 1].role in ("end", "ask", "line", "comma", "wrap")
    return opens or words[i].text not in _OPENS_SUPPOSING


def _joined(words: list[Word], i: int, across: tuple[str, ...] = ()) -> bool:
    """Whether a choice is named directly before, apart from commas, brackets and words of the kinds in `across`."""
    i -= 1
    while i >= 0 and words[i].role in ("comma", "wrap", "tail", "fill", "dash", *across):
        i -= 1
    return i >= 0 and words[i].choice is not None


def _only_small(words: list[Word], i: int) -> bool:
    """Whether only words that lead or join stand before a comma, or a choice does: "So, B", "Wait, no, B", "A, B"."""
    if _joined(words, i):
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
    return i < 0 or words[i].role in ("end", "ask", "line") or _joined(words, i + 1, across=("be",))


def _supposed_before(words: list[Word], i: int) -> bool:
    """Whether an "if" opens what stands before a comma."""
    steps = 0
    while i >= 0 and words[i].role not in ("end", "ask", "line") and steps < FAR:
        if words[i].role == "if" and supposes(words, i):
            return True
        if words[i].role in ("so", "turn") or words[i].text in _BUT:
            return False
        i -= 1
        steps += 1
    return False


def _after_noun(words: list[Word], i: int) -> bool:
    """Whether a dash joins like a verb: "Answer - B"."""
    i -= 1
    while i >= 0 and words[i].role in ("wrap", "fill", "right"):
        i -= 1
    return i >= 0 and words[i].role in ("noun", "right")


def _numbered(words: list[Word], i: int) -> bool:
    """Whether this is a list's number: the "1" of "1. B"."""
    return words[i].kind == "number" and i + 1 < len(words) and _numbering(words, i + 1)


def _numbering(words: list[Word], i: int) -> bool:
    """Whether a full stop belongs to a list's number: "1. B"."""
    return i >= 1 and words[i - 1].kind == "number" and (i == 1 or words[i - 2].role == "line")


def _cross(words: list[Word], i: int) -> int | None:
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
