"""Names use the words of docs/glossary.md, and none of those that it gave up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import REPO
from tests.source_trees import trees

PAGE = (REPO / "docs" / "glossary.md").read_text("utf-8")


def public_names() -> Iterator[tuple[str, str]]:
    """(where, name) of every module, class, function and method that has no leading underscore."""
    for path, tree in trees().items():
        where = str(path.relative_to(REPO))
        yield where, path.stem
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith(
                "_"
            ):
                yield f"{where}:{node.lineno}", node.name


def words_of(name: str) -> set[str]:
    """`SpendFile` and `spend_file` are spend and file."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


@pytest.mark.long
def test_no_public_name_uses_a_word_that_was_given_up() -> None:
    given_up = set(re.findall(r"`(\w+)`", PAGE.partition("## Words that we do not use")[2]))
    assert len(given_up) >= 10
    found = [f"{where}: {name}" for where, name in public_names() if words_of(name) & given_up]
    assert found == []


@pytest.mark.long
def test_no_class_name_lives_in_two_modules() -> None:
    seen: dict[str, str] = {}
    twice = []
    for path, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                if node.name in seen:
                    twice.append(f"{node.name}: {seen[node.name]} and {path.relative_to(REPO)}")
                seen[node.name] = str(path.relative_to(REPO))
    assert twice == []


def test_the_glossary_has_each_word_once_and_what_it_says_is_short() -> None:
    entries = re.findall(r"^- \*\*(.+?)\*\*", PAGE, re.MULTILINE)
    assert len(entries) >= 40
    assert len(entries) == len(set(entries))
