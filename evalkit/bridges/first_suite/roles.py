"""Which column of a person's own file is what: the question, the right answer, the id, groups.

    roles_of(looked, question=(), target=None)     # Roles(question=("Customer Message",), target="Queue", ...)

By the columns' names first (the same names that `evalkit import table` takes), then by what stands in them. What could
be read in two ways is said in a line, with the option that changes it.

Of several columns of labels the one counts whose labels the texts' words foretell best: a department can be read off a
message, and a priority that somebody set by hand cannot. Each record's label is guessed from the words of the others
(naive Bayes, leave one out); what counts is how much more often that is right than always saying the commonest label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import log

from evalkit.bridges.first_suite.looking import ColumnLook, FileLook, first_records, text_of
from evalkit.bridges.traces.rules import form_of, is_number
from evalkit.errors import UserError
from evalkit.suite.column_names import GUESSES, folded_column
from evalkit.text import numbers
from evalkit.text.escape import visible

QUESTIONS = (
    *GUESSES["prompt"], "message", "customer_message", "ticket", "text", "body", "query", "utterance", "instruction",
    "instructions", "problem", "request", "user_message", "review", "comment", "sentence", "email", "content", "post",
    "tweet", "description", "claim", "statement",
    "frage", "pregunta", "domanda", "pergunta", "vraag", "nachricht", "kundennachricht", "anfrage",
)  # fmt: skip
IDS = (*GUESSES["item"], "uid", "uuid", "key", "ticket_id", "message_id", "no", "nr", "number")
_NAMES_A_RECORD = re.compile(
    r"(?:^|_)(?:id|no|nr|num|number|nummer|numero|número|key|code|ref|reference|uuid|guid|identifier)$"
)
"""The end of a name like Ticket No, Case ID, Ref."""
_NO_NAME = re.compile(
    r"phone|telefon|mobile|fax|account|card|iban|bank|tax|ssn|social|passport|insurance|zip|post|house|licen|plate"
    r"|customer|client|user|person|patient|employee|answer|target|expected|correct|right|gold|solution|result|label"
)
"""In names of numbers that belong to a person or place (ids stand in every report), and of right answers."""
CONTEXTS = ("context", "passage", "document", "article", "background", "subject", "title", "source_text")
"""Columns that belong before the question."""
TARGETS = (
    *GUESSES["target"], "label", "expected_answer", "correct_answer", "right_answer", "gold_label", "ground_truth",
    "expected_output", "reference_answer", "ideal_answer", "gold_answer", "solution", "answer",
    "antwort", "richtige_antwort", "erwartete_antwort", "musterantwort", "réponse", "reponse", "respuesta", "risposta",
    "resposta", "antwoord", "class", "intent",
    "queue", "sentiment", "topic", "category", "tag", "is_spam", "spam", "toxic", "priority", "response", "completion",
    "output", "reply", "summary", "translation",
)  # fmt: skip
LABELS = frozenset({
    "label", "gold_label", "class", "intent", "queue", "sentiment", "topic", "category", "tag", "is_spam", "spam",
    "toxic", "priority",
})  # fmt: skip
"""Names of columns that hold one of a few labels, even where each stands only twice."""
LANGUAGES = ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua")
"""Columns that say in which language a text is."""
GROUPS = (
    "product", "country", "region", "market", "source", "channel", "domain", "topic",
    "category", "difficulty", "level", "tier", "plan", "segment", "subject_area", "type", "split", "priority",
    *LANGUAGES,
)  # fmt: skip
OPTION_LISTS = ("choices", "options", "answers", "candidates")
_OPTION = re.compile(r"(?:option|choice|answer|opt|ans)?_?([a-h]|[1-8])")
_NO_TEXT = re.compile(
    r"(?:^|_)(?:id|ids|idx|index|hash|sha|sha256|uuid|model|time|timestamp|date|url|path|key|version)(?:_|$)"
)
"""In the name of a column that nobody asks about."""
_SOMEBODYS = re.compile(r"(?:^|_)(?:pred|predicted|prediction|predictions)(?:_|$)")
"""In the name of a column with what a model answered: no right answer."""
_MEASURED = frozenset(short for name, shorts in GUESSES.items() if name != "target" for short in shorts)
"""Names of columns with a score, tokens, times or money of somebody's run: no right answers."""
_MOST_GROUPS, _FEWEST_IN_A_GROUP, _MOST_SLICES = 12, 5, 3
_CLEARLY = 0.05
"""One column of labels is foretold better than another by at least this share of the records."""


@dataclass(slots=True)
class Roles:
    """What each column is taken for."""

    question: tuple[str, ...]
    """Shown to the model, in this order."""
    target: str | None
    """The right answer. None: the file has none."""
    id: str | None = None
    """The column that names each record; None: they are named by their line."""
    options: tuple[str, ...] = ()
    """Columns with one option each, or one column with a list of them. Empty: no options are offered."""
    slices: tuple[str, ...] = ()
    cluster: str | None = None
    unused: tuple[str, ...] = ()
    """Columns that nobody reads."""
    has_bad_id: bool = False
    """Whether a column `id` is there that names no record for itself, so that the suite may not go by it."""
    leaves_copies: bool = False
    """Whether records that are the same as an earlier one in every column are left out, so that `id` names each."""
    said: list[str] = field(default_factory=list)
    """What could be meant otherwise, each with the way to change it."""


def roles_of(looked: FileLook, question: Sequence[str], target: str | None, own_id: str | None = None) -> Roles:
    """What the columns are taken for. `question`, `target`, `own_id`: the person's own word; empty and None: guessed.

    Raises UserError for a column that is not there, an id that names no record for itself, and where nothing looks
    like a question.
    """
    columns = {name: one for name, one in looked.columns.items() if one.n}
    for name in (*question, *(one for one in (target, own_id) if one)):
        _must_be_there(name, looked)
    if own_id and (why := _no_id(looked.columns[own_id], looked)):
        raise UserError(f"--id {own_id}: {why}; choose a column that names each record, or leave --id out")
    folded = {folded_column(name): name for name in reversed(columns)}
    said: list[str] = []
    options = _options(columns, folded, {*question, target})
    own_id = own_id or _id(looked, folded, {*question, target}, said)
    left = [name for name in columns if name not in {*options, own_id}]
    found = target or _target(looked, folded, left, question, bool(options), said)
    asked = tuple(question) or _question(columns, folded, [name for name in left if name != found], said)
    if not asked:
        unread = f" {len(looked.unread):,} could not be read; the first: {looked.unread[0]}." if looked.unread else ""
        raise UserError(
            f"no column of {looked.path.name} looks like a question or a text (there are: "
            f"{', '.join(visible(name) for name in list(columns)[:20])}, in "
            f"{numbers.plural(looked.n, 'record')}).{unread} Say which: --question COLUMN"
        )
    rest = [name for name in left if name not in {*asked, found}]
    cluster = next((folded[name] for name in GUESSES["cluster"] if folded.get(name) in rest), None)
    rest = [name for name in rest if name != cluster]
    slices = tuple(name for name in rest if _is_group(columns[name]) and folded_column(name) in GROUPS)
    slices = slices[:_MOST_SLICES]
    unused = tuple(name for name in rest if name not in slices)
    bad = own_id is None and (why := _no_id(looked.columns.get("id"), looked))
    if bad:
        said.append(f"column id: {why}, so the suite names records by their line; another column: --id COLUMN")
    copies = own_id is not None and looked.columns[own_id].n_different < looked.n
    return Roles(asked, found, own_id, options, slices, cluster, unused, bool(bad), copies, said)


def _must_be_there(name: str, looked: FileLook) -> None:
    if name in looked.columns:
        return
    near = get_close_matches(name, looked.columns, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"its columns are {', '.join(map(visible, looked.columns))[:400]}"
    raise UserError(f"{looked.path.name} has no column {name!r}; {hint}")


def _options(columns: dict[str, ColumnLook], folded: dict[str, str], taken: set[str | None]) -> tuple[str, ...]:
    """Columns of options: a list in one, or two to eight of one kind of name from the first letter or number on."""
    for name in OPTION_LISTS:
        column = columns.get(folded.get(name, ""))
        if column is not None and column.name not in taken and column.n_lists == column.n:
            return (column.name,)
    kinds: dict[tuple[str, bool], dict[str, str]] = {}
    for short, name in folded.items():
        if name not in taken and (match := _OPTION.fullmatch(short)):
            kinds.setdefault((short[: -len(match[1])], match[1].isdigit()), {})[match[1]] = name
    for (_, numbered), found in kinds.items():
        wanted = ("12345678" if numbered else "abcdefgh")[: len(found)]
        if len(found) >= 2 and set(found) == set(wanted):
            return tuple(found[key] for key in wanted)
    return ()


def _id(looked: FileLook, folded: dict[str, str], taken: set[str | None], said: list[str]) -> str | None:
    """The column that names every record once, whole copies aside: by its whole name, else by the end of it, else the
    first, if it counts them."""
    named = [folded[short] for short in IDS if short in folded]
    like = [
        name for short, name in reversed(folded.items())
        if _NAMES_A_RECORD.search(short) and not _NO_NAME.search(short) and short not in TARGETS
        and not any(len(value.split()) > 1 for value in looked.columns[name].head)
    ]  # fmt: skip
    counted = [name for name in list(looked.columns)[:1] if _counts_records(looked.columns[name])]
    counted = [name for name in counted if not _NO_NAME.search(folded_column(name))]
    found = [looked.columns[name] for name in dict.fromkeys((*named, *like, *counted)) if name not in taken]
    own = next((column.name for column in found if not _no_id(column, looked)), None)
    if own is None:
        said += [
            f"{visible(column.name)} would name the records, but {why}"
            for column in found
            if folded_column(column.name) != "id"
            and (why := _no_id(column, looked))
            and 2 * column.n_different > column.n
        ][:1]
    return own


def _counts_records(column: ColumnLook) -> bool:
    """Whether its first values are 0, 1, 2 ... or 1, 2, 3 ..., whatever its name says."""
    whole = [int(value) if value.isdecimal() and len(value) < 10 else -1 for value in column.head]
    return len(whole) > 2 and whole in (list(range(len(whole))), list(range(1, len(whole) + 1)))


_LONGEST_ID = 100


def _no_id(column: ColumnLook | None, looked: FileLook) -> str | None:
    """Why a column does not name each record, whole copies aside, in words; None where it does, or is not there."""
    if column is None:
        return None
    n = looked.n
    if column.n < n:
        return f"{n - column.n:,} of {n:,} records have none"
    if column.n_plain < column.n:
        return "some are lists or objects"
    if column.n_different < n - looked.n_copies:
        twice = next((value for value, count in (column.values or {}).items() if count > 1), None)
        return f"{n:,} records have {column.n_different:,} different ones" + (
            f" ('{visible(twice, limit=60)}' stands there twice)" if twice is not None else ""
        )
    return f"one has {column.longest:,} characters" if column.longest > _LONGEST_ID else None


def _target(
    looked: FileLook, folded: dict[str, str], left: list[str], question: Sequence[str], has_options: bool,
    said: list[str],
) -> str | None:  # fmt: skip
    columns = looked.columns
    others = [name for name in left if name not in question]
    named = [folded[short] for short in TARGETS if folded.get(short) in others]
    labels = [
        name for name in others if is_labels(columns[name]) and name not in named and _may_be_asked(columns[name])
    ]
    if named and (has_options or not labels or folded_column(named[0]) not in GROUPS):
        rivals = [name for name in named[1:] if is_labels(columns[name])]
        if rivals:
            said.append(f"{visible(named[0])} is taken for the right answer; {_could_be(rivals)}")
        return named[0]
    if has_options or len(left) < 2:
        return None
    candidates = [*labels, *reversed([name for name in named if is_labels(columns[name])])]
    if candidates:
        return _decided(looked, candidates, tuple(question) or _question(columns, folded, left, []), said)
    return _number(columns, left, others, said)


def _may_be_asked(column: ColumnLook) -> bool:
    """Whether labels may be what is asked for: they are no groups by their name, no languages, no model's answers."""
    from evalkit.scorers.instructions.language import KNOWN

    short = folded_column(column.name)
    codes = column.values is not None and all(value.casefold() in KNOWN for value in column.values)
    return short not in (*GROUPS, *QUESTIONS) and not _SOMEBODYS.search(short) and not codes


def _decided(looked: FileLook, candidates: list[str], question: Sequence[str], said: list[str]) -> str:
    """Of several columns of labels the one that the question's words foretell best; where none stands out, the last."""
    best, why = candidates[-1], "by its few different values"
    rivals = [name for name in candidates if name != best]
    if rivals and question:
        told = foretold(first_records(looked, MOST_RECORDS), question, candidates)
        first, second = sorted(told, key=lambda name: -told[name])[:2]
        if told[first] >= told[second] + _CLEARLY and told[first] > 0:
            best, why = first, f"as the words of {visible(question[-1])} foretell its values best"
            rivals = [name for name in candidates if name != best]
    more = f"; {_could_be(rivals)}" if rivals else ": --target COLUMN"
    said.append(f"{visible(best)} is taken for the right answer, {why}{more}")
    return best


def _could_be(rivals: Sequence[str]) -> str:
    return f"{', '.join(map(visible, rivals))} could be too: --target COLUMN"


def _number(
    columns: Mapping[str, ColumnLook], left: Sequence[str], others: Sequence[str], said: list[str]
) -> str | None:
    """The only column of numbers beside the only text; None: there is no such pair."""
    numbers = [name for name in others if _is_numbers(columns[name])]
    texts = [name for name in left if _is_text(columns[name]) and not _is_numbers(columns[name])]
    if len(numbers) != 1 or len(texts) != 1:
        return None
    said.append(
        f"{visible(numbers[0])} is taken for the right answer, as the only numbers beside the text: --target COLUMN"
    )
    return numbers[0]


def _is_numbers(column: ColumnLook) -> bool:
    """Whether nearly all of its values are numbers, and neither its name nor their order says that they are others."""
    short = folded_column(column.name)
    if not column.head or column.n_plain < column.n or short in _MEASURED or _NO_TEXT.search(short):
        return False
    counted = all(value.isdecimal() for value in column.head) and column.head == sorted(set(column.head), key=int)
    return not (counted and len(column.head) > 1) and sum(map(is_number, column.head)) >= 0.95 * len(column.head)


def _question(
    columns: Mapping[str, ColumnLook], folded: dict[str, str], left: list[str], said: list[str]
) -> tuple[str, ...]:
    main = next((folded[short] for short in QUESTIONS if folded.get(short) in left), None)
    if main is None:
        texts = [name for name in left if columns[name].n_plain and not is_labels(columns[name])]
        texts = [name for name in texts if _is_text(columns[name]) and not _NO_TEXT.search(folded_column(name))]
        if not texts:
            return ()
        main = max(texts, key=lambda name: columns[name].typical_length)
        if len(texts) > 1:
            said.append(f"{visible(main)} is taken for the question, as the longest text: --question COLUMN")
    before = [folded[short] for short in CONTEXTS if folded.get(short) in left and folded[short] != main]
    before = [name for name in columns if name in before and not _is_group(columns[name])]
    return (*before, main)


def is_labels(column: ColumnLook) -> bool:
    """Whether it holds one of a few labels in each record."""
    if column.values is None or column.n_plain < column.n or len(column.values) < 2:
        return False
    texts = list(column.values.elements())
    return form_of(texts, 2 if folded_column(column.name) in LABELS else 4) == "labels"


def _is_text(column: ColumnLook) -> bool:
    """Whether most of its values are words: letters, and more than one word where words have blanks between."""
    said = [value for value in column.head if any(char.isalpha() for char in value)]
    several = sum(len(value.split()) > 1 or not value.isascii() for value in said)
    return bool(column.head) and 2 * several >= len(column.head)


def _is_group(column: ColumnLook) -> bool:
    """Whether its values make groups of the records."""
    values = column.values
    if values is None or column.n_plain < column.n:
        return False
    return 2 <= len(values) <= _MOST_GROUPS and min(values.values()) >= _FEWEST_IN_A_GROUP


MOST_RECORDS, MOST_WORDS, MOST_COLUMNS = 300, 30, 12
"""Looked at: so that a file with many columns of labels takes no second."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def foretold(
    records: Sequence[Mapping[str, object]], question: Sequence[str], columns: Sequence[str]
) -> dict[str, float]:
    """By column, the share of the first records whose label their words foretell, less the share of the commonest
    label: 0 or below where words say nothing. Columns beyond the first dozen are not looked at.

    foretold(records, ("message",), ["Department", "Priority"])     # {"Department": 0.58, "Priority": -0.06}
    """
    texts = [
        frozenset(_WORD.findall(" ".join(text_of(one.get(name)) for name in question).casefold())[:MOST_WORDS])
        for one in records[:MOST_RECORDS]
    ]
    found = {}
    for name in columns[:MOST_COLUMNS]:
        labels = [text_of(one.get(name)).casefold() for one in records[:MOST_RECORDS]]
        found[name] = _beyond_commonest(texts, labels)
    return found


def _beyond_commonest(texts: Sequence[frozenset[str]], labels: Sequence[str]) -> float:
    if not labels:
        return 0.0
    n_of = Counter(labels)
    words: dict[str, Counter[str]] = {label: Counter() for label in n_of}
    for text, label in zip(texts, labels, strict=True):
        words[label].update(text)
    n_right = sum(_guess(text, label, n_of, words) == label for text, label in zip(texts, labels, strict=True))
    return (n_right - max(n_of.values())) / len(labels)


def _guess(text: frozenset[str], own: str, n_of: Counter[str], words: Mapping[str, Counter[str]]) -> str:
    """The likeliest label by the other records."""
    best, highest = "", float("-inf")
    for label, n in n_of.items():
        left = int(label == own)
        others = n - left
        if not others:
            continue
        # The record itself is left out of its own label's counts.
        seen = words[label]
        likely = log(others) + sum(log((seen[word] - left + 0.5) / (others + 1)) for word in text)
        if likely > highest:
            best, highest = label, likely
    return best
