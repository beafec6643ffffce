"""The life of a request holds together."""

import pytest

from gateway.desk import states
from gateway.models import REQUEST_STATES


def test_every_state_of_the_table_is_one_that_the_database_knows() -> None:
    assert {state for (before, _), after in states.LIFE.items() for state in (before, after)} == set(REQUEST_STATES)


def test_whatever_the_customer_writes_comes_back_to_us() -> None:
    for state in ("pending", "answered", "resolved", "closed"):
        assert states.after(state, "received") == "open"


def test_a_pair_that_is_not_in_the_table_changes_nothing() -> None:
    assert states.after("new", "received") == "new"
    assert states.after("closed", "silent") == "closed"


def test_an_unknown_word_is_an_error() -> None:
    with pytest.raises(ValueError, match="no word"):
        states.after("new", "exploded")


def test_only_what_was_taken_for_done_is_reopened() -> None:
    assert states.is_reopening("resolved", "open")
    assert not states.is_reopening("pending", "open")
