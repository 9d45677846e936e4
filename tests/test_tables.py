"""A table of cases fails where one of them does, and names it."""

from __future__ import annotations

import pytest

from tests.tables import table


def test_every_case_is_tried_and_those_that_fail_are_named() -> None:
    tried = []

    @table("n, wanted", [(1, 1), (2, 3), pytest.param(4, 5, id="four"), (6, 6)])
    def check(n: int, wanted: int) -> None:
        tried.append(n)
        assert n == wanted

    with pytest.raises(pytest.fail.Exception, match=r"2 of 4 cases") as failed:
        check()
    assert tried == [1, 2, 4, 6]
    assert "'n': 2" in str(failed.value) and "'n': 4" in str(failed.value) and "'n': 1" not in str(failed.value)


def test_a_table_without_cases_is_no_test() -> None:
    with pytest.raises(AssertionError, match="tests nothing"):
        table("n", [])(lambda n: None)()
