"""The lines of a list: remembered for as long as they look the same, drawn anew when anything that is seen changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.config import Site
from gateway.store.queue import Line
from gateway.web.lines import Lines
from gateway.web.moments import Moments
from gateway.web.sheets import Sheets
from gateway.web.words import words

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")
LINE = Line(
    1, "FD-2026-0000001-X", "Cannot log in", "open", "technical", "ko", "technical", 3, NOON + timedelta(hours=3), "",
    None, None, "none", "", "", "", "", False, NOON - timedelta(hours=5), NOON, None, "", None, 1, "kim@example.org",
    "Kim")  # fmt: skip
SEEN: dict[str, Any] = {
    "number": "FD-2026-0000002-X", "subject": "Refund", "state": "pending", "category": "policy", "language": "en",
    "priority": 5, "due": NOON - timedelta(hours=1), "owner": "ann", "identity": "failed", "is_held": True,
    "created_at": NOON - timedelta(hours=6), "customer": "lee@example.org", "customer_name": "Lee"}  # fmt: skip


@pytest.fixture(scope="module")
def lines() -> Lines:
    return Lines(Sheets(Site()), SEOUL)


def drawn(lines: Lines, line: Line = LINE, now: datetime = NOON, language: str = "en") -> str:
    (found,) = lines.drawn([line], Moments(now, SEOUL, words(language)))
    return found


def test_a_line_that_looks_as_before_is_not_drawn_again(lines: Lines) -> None:
    unseen = LINE._replace(id=2, changed_at=NOON + timedelta(minutes=1), last_entry=9, resolution="silent")
    assert drawn(lines) is drawn(lines, unseen)


@pytest.mark.parametrize("name", SEEN)
def test_whatever_is_seen_of_a_request_changes_its_line(lines: Lines, name: str) -> None:
    assert drawn(lines, LINE._replace(**{name: SEEN[name]})) != drawn(lines)


def test_time_goes_on_and_each_agent_reads_their_own_language(lines: Lines) -> None:
    assert ">5 h<" in drawn(lines)
    assert ">6 h<" in drawn(lines, now=NOON + timedelta(hours=1))
    assert "overdue" in drawn(lines, now=NOON + timedelta(hours=4))
    assert ">5시간<" in drawn(lines, language="ko")


def test_a_strangers_words_are_escaped(lines: Lines) -> None:
    hostile = '<script>alert("x")</script>'
    found = drawn(lines, LINE._replace(subject=hostile, customer=hostile, customer_name=hostile))
    assert "<script" not in found
    assert found.count("&lt;script&gt;") == 3
