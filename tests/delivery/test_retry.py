"""Soon, then less and less often, then no more."""

from datetime import UTC, datetime, timedelta

from gateway.config import Delivery
from gateway.delivery.retry import next_attempt

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTES = Delivery(retry_first=timedelta(minutes=5), retry_longest=timedelta(hours=4), give_up=timedelta(days=4))


def waits(*attempts: int, chance: float = 0.0) -> list[float]:
    moments = [next_attempt(each, NOON, NOON, MINUTES, chance) for each in attempts]
    return [(moment - NOON).total_seconds() / 60 for moment in moments if moment]


def test_the_wait_doubles_up_to_the_longest() -> None:
    assert waits(1, 2, 3, 4, 5, 6, 7, 8) == [5, 10, 20, 40, 80, 160, 240, 240]


def test_chance_takes_up_to_a_quarter_off() -> None:
    assert waits(1, 2, 7, chance=1.0) == [3.75, 7.5, 180]


def test_a_fault_of_ours_keeps_nobody_waiting_for_minutes() -> None:
    moments = [next_attempt(each, NOON, NOON, MINUTES, 0.0, is_ours=True) for each in (1, 2, 5, 6, 99)]
    assert [(moment - NOON).total_seconds() for moment in moments if moment] == [2, 4, 32, 60, 60]


def test_a_letter_tried_a_million_times_has_no_larger_wait() -> None:
    assert waits(0, 1_000_000) == [5, 240]


def test_the_last_try_falls_on_the_end_and_then_it_is_given_up() -> None:
    end = NOON + timedelta(days=4)
    assert next_attempt(20, NOON, end - timedelta(hours=1), MINUTES, 0.0) == end
    assert next_attempt(21, NOON, end, MINUTES, 0.0) is None
