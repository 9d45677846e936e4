"""Two choices side by side: "A or B" names several, "not A but B" is for B, "A and C are wrong" denies both."""

from __future__ import annotations

from evalkit.scorers.clause_words import NOW
from evalkit.scorers.reply_words import Word, phrase_set, word_set
from evalkit.scorers.said_before import Left
from evalkit.scorers.said_behind import Right
from evalkit.scorers.stances import STATED, Statement


def join_choices(  # noqa: PLR0911, PLR0912 - a table, read from the top
    said: Statement, left: Left, right: Right, by_place: dict[int, Statement], words: list[Word]
) -> None:
    """Two choices side by side: "A or B" names several, "not A but B" hands the statement on, "B rather than A"
    does not."""
    other = by_place.get(id(left.before)) if left.before is not None else None
    if other is None:
        return
    if _proposition(words, other.place):
        other.stance = said.stance = "supposes"  # "It is false that the statement is false."
    if other.index == said.index:
        return
    if _from_to(words, other.place, said.place):
        other.stance = said.stance = "several"  # "from positive to negative"
        return
    joins = left.joins
    listed = set(joins) <= {"comma", "and", "or"}
    if "or" in joins and other.stance == "supposes":
        said.stance = "supposes"  # "whether it is A or B"
        return
    past = other.stance == "supposes" or _once(words, other.place)
    if past and not {"or", "and"} & set(joins) and _now(words, other.place, said.place):
        other.stance = "supposes"
        said.stance = "states" if right.ends or right.pause or right.right else said.stance
        return  # "It used to be A, now B"
    if listed:
        said.listed_with = other
    if left.choose and ("comma" in joins or not {"and", "or"} & set(joins)):
        return  # "A or B, I'd say B": a clause of its own
    if (
        listed
        and other.stance == "denies"
        and not right.right
        and (_excludes(words, other) or _neither(words, other, joins))
    ):
        said.stance, said.excluded = "denies", True  # "I rule out A, C and D"
    elif other.stance == "denies" and right.right:
        return  # "B is wrong and C is right"
    elif _but_no_more(said, other, left, right):
        other.stance, other.framed, said.stance, said.framed = "several", True, "several", True  # "Yes, but no."
    elif "but" in joins or (other.stance == "denies" and not {"or", "and", "not"} & set(joins)):
        _hand_on(said, other, joins, right, words)
    elif said.stance == "denies":
        _deny_both(other, joins, right)
    else:
        _side_by_side(said, other, left, right)


_FROM = word_set("from von vom de du da dal desde van z od из с от från fra din dari từ")
_TO = word_set("to into zu zum nach à au a al para naar do на к в till til la ke sang thành")


def _from_to(words: list[Word], first: int, last: int) -> bool:
    """Whether two choices are the ends of a change: "from positive to negative"."""
    between = [word.text for word in words[first + 1 : last] if word.role != "wrap"]
    return first > 0 and words[first - 1].text in _FROM and len(between) == 1 and between[0] in _TO


_ONCE = word_set(
    "formerly once before früher vorher damals avant autrefois antes prima dawniej wcześniej раньше прежде "
    "vroeger förr tidigare "
    "tidligere dříve önceden eskiden 昔は 以前は かつては 以前 过去 過去 예전에는 이전에는 πριν trước"
)


def _now(words: list[Word], first: int, last: int) -> bool:
    return any(word.text in NOW for word in words[first:last])


def _once(words: list[Word], place: int) -> bool:
    """Whether a word such as "formerly" leads to the choice."""
    place -= 1
    while place > 0 and words[place].role in ("fill", "be", "wrap"):
        place -= 1
    return place >= 0 and words[place].text in _ONCE


def _deny_both(other: Statement, joins: list[str], right: Right) -> None:
    """ "A or B is wrong", "A and B are wrong"."""
    if "not" in joins:
        return
    if "or" in joins and other.stance != "denies":
        other.stance = "several"
    elif "and" in joins and right.denied and other.stance in ("names", "mentions", "line"):
        _deny_listed(other)


def _but_no_more(said: Statement, other: Statement, left: Left, right: Right) -> bool:
    """Whether nothing but a "but" stands between two choices, and nothing is said of the second."""
    bare = right.ends and not (left.be or left.noun or left.colon or right.right)
    return bare and left.joins in (["but"], ["but", "comma"]) and other.stance in (*STATED, "line", "opens", "mentions")


BOUNDS = word_set(
    "before after above below beyond until under over near vor nach über unter avant après antes después depois "
    "prima "
    "dopo voor na до после"
)


def _hand_on(said: Statement, other: Statement, joins: list[str], right: Right, words: list[Word]) -> None:
    """ "Not A but B": B has what was kept from A."""
    if other.stance not in ("denies", *STATED, "line", "opens", "mentions"):
        return
    if said.stance in ("denies", "doubts", "supposes") or words[said.place - 1].text in BOUNDS:
        return
    ends = right.ends or right.pause or right.right
    said.stance = "states" if ends and not right.verb and said.stance not in STATED else said.stance
    if "but" in joins and other.stance != "denies" and said.stance in STATED:
        other.stance = "names"


def _side_by_side(said: Statement, other: Statement, left: Left, right: Right) -> None:
    joins = left.joins
    several = "or" in joins or "and" in joins
    if not several and "bracket" in joins and not right.ends:
        return  # "It is D (A, B and C are too far away)"
    if {"why", "so", "redo"} & set(joins) or ("be" in joins and not several):
        return
    if several or not joins or ("comma" in joins and (right.ends or right.pause) and not right.verb):
        if joins == ["comma"] and other.stance == "opens" and said.stance in STATED and left.be:
            return
        framed = other.framed or other.stance in STATED or said.stance in STATED
        for one in (other, said):
            if one.stance != "denies":
                one.stance, one.framed = "several", framed


_EXCLUDING = phrase_set(
    "rule out|ruling out|rules out|ruled out|exclude|excluding|eliminate|reject|discard|dismiss|except|except for"
    "|all except|neither|unlike|as opposed to|weder|ausschließen|schließe|ni|exclure|descarto|descarta|escludo|排除"
    "|除了|除|以外|исключаю|wykluczam"
)
"""They deny every choice of the list that follows."""


def _excludes(words: list[Word], said: Statement) -> bool:
    """Whether a word stands before the choice that excludes all that follow it in a list."""
    if said.excluded:
        return True
    i = said.place - 1
    while i >= 0 and words[i].role in ("fill", "noun", "wrap"):
        i -= 1
    return i >= 0 and words[i].text in _EXCLUDING


def _neither(words: list[Word], other: Statement, joins: list[str]) -> bool:
    """ "Not A or B"."""
    return joins == ["or"] and other.place > 0 and words[other.place - 1].role == "not"


def _deny_listed(said: Statement | None) -> None:
    """ "A, B and C are wrong": what is said of the last holds for those before it."""
    while said is not None and said.stance in ("names", "mentions", "line", "opens", "several"):
        said.stance, said.framed = "denies", False
        said = said.listed_with


_CLAUSE = word_set("that dass que che dat")


def _proposition(words: list[Word], place: int) -> bool:
    """Whether a choice's text judges a clause: "false that"."""
    return words[place].how == "text" and words[place + 1 : place + 2] != [] and words[place + 1].text in _CLAUSE
