"""When a deferred letter is tried again (RFC 5321 section 4.5.4.1): soon, then less and less often, then no more."""

from datetime import datetime, timedelta

from gateway.config import Delivery

_DOUBLINGS = 30
"""Beyond these every wait is the longest one anyhow, and a time span has an end."""


def next_attempt(attempts: int, created_at: datetime, now: datetime, settings: Delivery,
                 chance: float) -> datetime | None:
    """The moment of the next try after `attempts` tries; None when the letter is given up.

    The wait doubles from retry_first to retry_longest. chance, from 0 to 1, takes up to a quarter off, so that letters
    deferred together do not come back together. The last try falls on the very end of give_up.
    """
    end = created_at + settings.give_up
    if now >= end:
        return None
    return min(now + _wait(attempts, settings) * (1 - chance / 4), end)


def _wait(attempts: int, settings: Delivery) -> timedelta:
    doublings = min(max(attempts - 1, 0), _DOUBLINGS)
    return min(settings.retry_first * int(2**doublings), settings.retry_longest)
