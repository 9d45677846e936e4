"""IFBench's `custom:*`: instructions that belong to one request each; being right is a matter of fact or form."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise

from evalkit.scorers.instructions.base import Kind, alone
from evalkit.scorers.instructions.length import split_sentences
from evalkit.scorers.instructions.small_words import AFRICAN_COUNTRIES, EUROPEAN_CAPITALS_NORTH_OF_45

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ANIMAL = "bald eagle"


def character_reverse(reply: str) -> bool:
    """The national animal of the USA, spelled backwards."""
    return _ANIMAL[::-1] in reply.lower()


def word_reverse(reply: str) -> bool:
    """The same, with its words in reverse order."""
    words = re.sub(r"[^a-z ]", " ", reply.lower()).split()
    return _ANIMAL in " ".join(reversed(words))


def multiples(reply: str) -> bool:
    """The multiples of 7 from 10 to 50, in order, and nothing else."""
    return re.findall(r"\d+", reply) == [str(n) for n in range(14, 51, 7)]


def reverse_newline(reply: str) -> bool:
    """African countries, at least 52 lines, in reverse alphabetical order."""
    said = [line.strip(" -*.").lower() for line in reply.strip().split("\n") if line.strip()]
    known = {name.lower() for name in AFRICAN_COUNTRIES}
    return len(said) >= 52 and said == sorted(said, reverse=True) and sum(name in known for name in said) >= 45


def capitals(reply: str) -> bool:
    """The capitals north of 45 degrees, from the highest latitude to the lowest, and no others."""
    said = [
        name.strip(" .\n")
        for name in reply.replace("Reykjavík", "Reykjavik").replace("Chișinău", "Chisinau").split(",")
    ]
    return said == list(EUROPEAN_CAPITALS_NORTH_OF_45)


def dates(reply: str) -> bool:
    """Dates as YYYY-MM-DD, parted by commas, and nothing else."""
    return all(_DATE.fullmatch(part.strip(" .\n")) for part in reply.split(","))


def sentence_alphabet(reply: str) -> bool:
    """26 sentences whose first letters are the alphabet."""
    firsts = [sentence.lstrip("\"'“‘*( ")[:1].lower() for sentence in split_sentences(reply)]
    return "".join(firsts) == "abcdefghijklmnopqrstuvwxyz"


def questions(reply: str) -> bool:
    """Four questions labelled "Question", five options each, each question longer than the one before."""
    blocks = [block for block in re.split(r"(?=Question)", reply) if block.startswith("Question")]
    asked = [block.split("\n", 1)[0] for block in blocks]
    n_options = [len(re.findall(r"(?m)^\s{0,20}\(?[A-Ea-e1-5][).]", block)) for block in blocks]
    lengths = [len(question) for question in asked]
    return len(blocks) == 4 and set(n_options) == {5} and all(a < b for a, b in pairwise(lengths))


def _table(reply: str, delimiter: str) -> list[list[str]]:
    text = reply.strip().removeprefix("```csv").strip("`\n ")
    try:
        return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error:
        return []


def csv_city(reply: str) -> bool:
    """A header of five columns and seven rows, parted by commas."""
    return _is_table(_table(reply, ","), ["ID", "Country", "City", "Year", "Count"], 7)


def csv_special(reply: str) -> bool:
    """A header of five columns and fourteen rows; one quoted field holds a special character."""
    quoted = re.findall(r'"([^"\n]{1,500})"', reply)
    special = any(re.search(r"[^\w\s]", field) for field in quoted)
    return special and _is_table(_table(reply, ","), ["ProductID", "Category", "Brand", "Price", "Stock"], 14)


def csv_quotes(reply: str) -> bool:
    """A header of five columns and three rows, parted by tabs, every field in double quotes."""
    rows = reply.strip().removeprefix("```csv").strip("`\n ").split("\n")
    fields = [field for row in rows for field in row.split("\t")]
    quoted = all(len(f) >= 2 and f.strip().startswith('"') and f.strip().endswith('"') for f in fields)
    return quoted and _is_table(_table(reply, "\t"), ["StudentID", "Subject", "Grade", "Semester", "Score"], 3)


def _is_table(rows: list[list[str]], header: list[str], n: int) -> bool:
    if len(rows) != n + 1 or [name.strip() for name in rows[0]] != header:
        return False
    return all(len(row) == len(header) for row in rows)


KINDS = {
    "custom:character_reverse": Kind(alone(character_reverse)),
    "custom:word_reverse": Kind(alone(word_reverse)),
    "custom:multiples": Kind(alone(multiples)),
    "custom:reverse_newline": Kind(alone(reverse_newline)),
    "custom:european_capitals_sort": Kind(alone(capitals)),
    "custom:date_format_list": Kind(alone(dates)),
    "custom:sentence_alphabet": Kind(alone(sentence_alphabet)),
    "custom:mcq_count_length": Kind(alone(questions)),
    "custom:csv_city": Kind(alone(csv_city)),
    "custom:csv_special_character": Kind(alone(csv_special)),
    "custom:csv_quotes": Kind(alone(csv_quotes)),
}
