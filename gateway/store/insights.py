"""What came in and what became of it, for the page of reports: by day and category, by age, by whose word it was; what
agents corrected; and which words customers began to write.

Each is one question about few columns. Days are those of the site's zone, which no database shares with the other.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from gateway.mail.words import fold
from gateway.models import ALIVE, Entry, Letter, Request, Taught, columns, is_in
from gateway.store.reports import Period, in_queues, period_of

ENTRY, LETTER, REQUEST, TAUGHT = columns(Entry), columns(Letter), columns(Request), columns(Taught)

AGES = (("1d", timedelta(days=1)), ("3d", timedelta(days=3)), ("7d", timedelta(days=7)), ("30d", timedelta(days=30)))
"""Name and upper end; what is older is "older"."""
OLDER = "older"
WEEKS_BEFORE = 4
"""What a week's words are compared with."""
MOST_MAILS = 2_000
"""Mails of each of the two times that are read, the newest first."""
SCAN = 600
"""Characters of a mail that are read for words."""
FEWEST = 3
"""Mails that a word must stand in to be told of."""
MOST_WORDS = 15

_WORD = re.compile(r"[^\W\d_]{2,30}")
_KOREAN = re.compile("[가-힣]{2,}")
_PARTICLE = re.compile("(?<=[가-힣]{2})(?:에서는|으로는|에서|에게|으로|까지|부터|처럼|보다|하고|이나|이고|이라|"
                       "은|는|이|가|을|를|에|의|도|로|와|과|만|나)$")


class Opened(NamedTuple):
    """A request as the overview counts it."""

    created_at: datetime
    category: str
    identity: str
    reopened: int
    rating: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What came in within a time."""

    periods: tuple[str, ...]
    """Every day, week or month of it, also where nothing came."""
    by_category: dict[str, tuple[int, ...]]
    """For each category its requests by period; the most frequent category first."""
    identities: dict[str, int]
    ratings: dict[int, int]
    requests: int
    reopened: int
    """Requests that were opened again at least once."""
    letters: int
    bounced: int
    """Letters of ours that did not arrive."""


@dataclass(frozen=True, slots=True)
class Correction:
    """How often agents made something else of what was suggested."""

    said: str
    became: str
    times: int


@dataclass(frozen=True, slots=True)
class Grown:
    """A word that customers write more often than before."""

    word: str
    now: int
    """Mails that it stood in this week."""
    before: float
    """Mails a week in the weeks before."""


def overview(db: Db, since: datetime, until: datetime, by: Period, zone: ZoneInfo,
             queues: Collection[str] | None = None) -> Overview:
    """queues: those that may be seen; None is all."""
    rows = _opened(db, since, until, queues)
    periods = _periods(since, until, by, zone)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.category][period_of(row.created_at.astimezone(zone).date(), by)] += 1
    frequent = sorted(counts, key=lambda category: (-counts[category].total(), category))
    letters, bounced = _letters(db, since, until, queues)
    return Overview(
        periods, {category: tuple(counts[category][period] for period in periods) for category in frequent},
        dict(Counter(row.identity for row in rows).most_common()), _ratings(rows), len(rows),
        sum(row.reopened > 0 for row in rows), letters, bounced)


def by_age(db: Db, now: datetime, queues: Collection[str] | None = None) -> dict[str, int]:
    """Requests that are alive, by how long ago they were opened: every name of AGES, and OLDER."""
    younger = [func.count().filter(REQUEST.created_at > now - end) for _, end in AGES]
    query = select(*younger, func.count()).where(is_in(REQUEST.state, ALIVE))
    ends = db.execute(in_queues(query, queues)).one()
    names = (*(name for name, _ in AGES), OLDER)
    return {name: end - start for name, start, end in zip(names, (0, *ends), ends, strict=False)}


def corrections(db: Db, since: datetime, until: datetime, queues: Collection[str] | None = None) -> list[Correction]:
    """What was suggested and became something else, most often first."""
    query = (select(TAUGHT.said_category, TAUGHT.category, func.count())
             .where(TAUGHT.at >= since, TAUGHT.at < until, TAUGHT.said_category != "",
                    TAUGHT.said_category != TAUGHT.category)
             .group_by(TAUGHT.said_category, TAUGHT.category))
    if queues is not None:
        query = query.where(TAUGHT.queue.in_(queues))
    found = [Correction(said, became, times) for said, became, times in db.execute(query)]
    return sorted(found, key=lambda each: (-each.times, each.said, each.became))


def growing(db: Db, until: datetime, queues: Collection[str] | None = None) -> list[Grown]:
    """Words of the week up to `until` that stood in clearly fewer mails in the weeks before, most striking first."""
    week = until - timedelta(weeks=1)
    new, new_mails = _words(db, week, until, queues)
    old, old_mails = _words(db, week - timedelta(weeks=WEEKS_BEFORE), week, queues)
    found = [(_surprise(count, new_mails, old[word], old_mails), word, count) for word, count in new.items()
             if count >= FEWEST and count * (old_mails + 1) > 2 * (old[word] + 1) * new_mails]
    best = sorted(found, key=lambda each: (-each[0], each[1]))[:MOST_WORDS]
    return [Grown(word, count, old[word] / WEEKS_BEFORE) for _, word, count in best]


def words_of(text: str) -> set[str]:
    """Words as they are counted: folded, Korean ones without their particle."""
    return {_PARTICLE.sub("", word) if _KOREAN.fullmatch(word) else word for word in _WORD.findall(fold(text[:SCAN]))}


def _opened(db: Db, since: datetime, until: datetime, queues: Collection[str] | None) -> list[Opened]:
    query = select(REQUEST.created_at, REQUEST.category, REQUEST.identity, REQUEST.reopened, REQUEST.rating).where(
        REQUEST.created_at >= since, REQUEST.created_at < until)
    return [Opened(*row) for row in db.execute(in_queues(query, queues))]


def _periods(since: datetime, until: datetime, by: Period, zone: ZoneInfo) -> tuple[str, ...]:
    day, last = since.astimezone(zone).date(), (until - timedelta(microseconds=1)).astimezone(zone).date()
    days = (day + timedelta(days=number) for number in range((last - day).days + 1))
    return tuple(dict.fromkeys(period_of(each, by) for each in days))


def _ratings(rows: Iterable[Opened]) -> dict[int, int]:
    found = Counter(row.rating for row in rows)
    return {value: found[value] for value in (5, 4, 3, 2, 1)}


def _letters(db: Db, since: datetime, until: datetime, queues: Collection[str] | None) -> tuple[int, int]:
    """Letters written in that time, and how many of them bounced."""
    query = (select(LETTER.state, func.count()).where(LETTER.created_at >= since, LETTER.created_at < until)
             .group_by(LETTER.state))
    if queues is not None:
        query = in_queues(query.join(Request, REQUEST.id == LETTER.request_id), queues)
    found: dict[str, int] = dict(db.execute(query).all())
    return sum(found.values()), found.get("bounced", 0)


def _words(db: Db, since: datetime, until: datetime, queues: Collection[str] | None) -> tuple[Counter[str], int]:
    """In how many mails each word stands, and how many mails there were."""
    newest = (select(ENTRY.subject, func.substr(ENTRY.reply_text, 1, SCAN))
              .join(Request, REQUEST.id == ENTRY.request_id)
              .where(ENTRY.kind == "mail", REQUEST.created_at >= since, REQUEST.created_at < until)
              .order_by(ENTRY.id.desc()).limit(MOST_MAILS))
    found, mails = Counter[str](), 0
    for subject, text in db.execute(in_queues(newest, queues)):
        found.update(words_of(f"{subject}\n{text}"))
        mails += 1
    return found, mails


def _surprise(now: int, mails: int, before: int, mails_before: int) -> float:
    """Log-likelihood of the two rates being one (Dunning 1993): the higher, the less it is chance."""
    expected = (now + before) / (mails + mails_before)
    told = now * math.log(now / (mails * expected))
    return told + (before * math.log(before / (mails_before * expected)) if before else 0.0)
