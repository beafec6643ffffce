"""When a deferred letter is tried again (RFC 5321 section 4.5.4.1): soon, then less and less often, then no more.

What failed on our side, such as a disk that was full, waits for seconds: no other host is troubled by it.
"""

from datetime import datetime, timedelta

from gateway.config import Delivery

OURS_FIRST, OURS_LONGEST = timedelta(seconds=2), timedelta(minutes=1)
_DOUBLINGS = 30
"""Beyond these every wait is the longest one anyhow, and a time span has an end."""


def next_attempt(attempts: int, created_at: datetime, now: datetime, settings: Delivery,
                 chance: float, *, is_ours: bool = False) -> datetime | None:
    """The moment of the next try after `attempts` tries; None when the letter is given up.

    The wait doubles from retry_first to retry_longest, and is far shorter when the fault `is_ours`. chance, from 0 to
    1, takes up to a quarter off, so that letters deferred together do not come back together. The last try falls on the
    very end of give_up.
    """
    end = created_at + settings.give_up
    if now >= end:
        return None
    first, longest = (OURS_FIRST, OURS_LONGEST) if is_ours else (settings.retry_first, settings.retry_longest)
    return min(now + _wait(attempts, first, longest) * (1 - chance / 4), end)


def _wait(attempts: int, first: timedelta, longest: timedelta) -> timedelta:
    doublings = min(max(attempts - 1, 0), _DOUBLINGS)
    return min(first * int(2**doublings), longest)
