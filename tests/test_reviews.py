"""People's marks: appended, never lost, never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalkit.errors import RunIncomplete
from evalkit.store.reviews import FILE, Review, add_review, latest, read_reviews

KEY = ("gpt", "refunds", "3f", 0, 0)


def test_the_last_mark_of_a_person_counts_and_all_stay_in_the_file(tmp_path: Path) -> None:
    for mark, by in (("right", "Mira"), ("wrong", "Mira"), ("unsure", "Ada")):
        add_review(tmp_path, Review(KEY, mark, by, note="\x1b[2J\nnote\ud83d"))
    reviews, unreadable = read_reviews(tmp_path)
    assert len(reviews) == 3 and unreadable == 0
    assert {by: review.mark for (_, by), review in latest(reviews).items()} == {"Mira": "wrong", "Ada": "unsure"}
    assert reviews[0].key == KEY
    assert reviews[0].note.startswith("\x1b[2J\nnote"), "kept as written; made visible when shown"


def test_a_torn_or_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    add_review(tmp_path, Review(KEY, "right", "Mira"))
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"key": ["gpt"], "mark": "right", "by": "x"}\n[1]\n{"torn')
    add_review(tmp_path, Review(KEY, "wrong", "Ada"))
    reviews, unreadable = read_reviews(tmp_path)
    assert [review.by for review in reviews] == ["Mira", "Ada"]
    assert unreadable == 3


def test_a_mark_needs_a_name_and_is_one_of_three(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="right, wrong, unsure"):
        add_review(tmp_path, Review(KEY, "fine", "Mira"))
    with pytest.raises(ValueError, match="name"):
        add_review(tmp_path, Review(KEY, "right", "  "))
    assert read_reviews(tmp_path) == ([], 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(RunIncomplete, match="writable"):
        add_review(tmp_path, Review(KEY, "right", "Mira"))
