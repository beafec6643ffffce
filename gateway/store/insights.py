"""What came in and what became of it, for the page of reports: by day and category, by age, by whose word it was; what
agents corrected; and which words customers began to write.

What days came to, store/days keeps. Days are those of the site's zone, which no database shares with the other.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from gateway.mail.words import fold
from gateway.models import ALIVE, Entry, Request, Tally, columns, is_in
from gateway.store.days import Span
from gateway.store.figures import Decided, Letters, Opened
from gateway.store.reports import Period, period_of

ENTRY, REQUEST, TALLY = columns(Entry), columns(Request), columns(Tally)

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


def overview(opened: Sequence[tuple[date, Opened]], letters: Iterable[Letters], span: Span, by: Period) -> Overview:
    """opened, letters: of this span, as store/days tells them."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    identities, ratings, reopened = Counter[str](), Counter[str](), 0
    for day, line in opened:
        counts[line.category][period_of(day, by)] += line.requests
        identities.update(line.identities)
        ratings.update(line.ratings)
        reopened += line.reopened
    frequent = sorted(counts, key=lambda category: (-counts[category].total(), category))
    periods, sent = _periods(span, by), [*letters]
    return Overview(
        periods, {category: tuple(counts[category][period] for period in periods) for category in frequent},
        dict(sorted(identities.items(), key=lambda each: (-each[1], each[0]))),
        {value: ratings[str(value)] for value in (5, 4, 3, 2, 1)}, identities.total(), reopened,
        sum(each.written for each in sent), sum(each.bounced for each in sent))


def by_age(db: Db, now: datetime, queues: Collection[str] | None = None) -> dict[str, int]:
    """Requests that are alive, by how long ago they were opened: every name of AGES, and OLDER. The old ones are what
    remains of the tally: there may be very many."""
    younger = [func.count().filter(REQUEST.created_at > now - end) for _, end in AGES]
    alive = _in_queues(select(func.coalesce(func.sum(TALLY.n), 0)).where(TALLY.state.in_(ALIVE)), TALLY, queues)
    query = select(*younger, alive.scalar_subquery()).where(
        is_in(REQUEST.state, ALIVE), REQUEST.created_at > now - AGES[-1][1])
    ends = db.execute(_in_queues(query, REQUEST, queues)).one()
    names = (*(name for name, _ in AGES), OLDER)
    return {name: int(end - start) for name, start, end in zip(names, (0, *ends), ends, strict=False)}


def corrections(decided: Iterable[Decided]) -> list[Correction]:
    """What was suggested and became something else, most often first."""
    found = Counter[tuple[str, str]]()
    for each in decided:
        if each.said != each.became:
            found[each.said, each.became] += each.times
    return sorted((Correction(*pair, times) for pair, times in found.items()),
                  key=lambda each: (-each.times, each.said, each.became))


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
    return {*map(_stem, _WORD.findall(fold(text[:SCAN])))}


@lru_cache(10_000)
def _stem(word: str) -> str:
    return _PARTICLE.sub("", word) if _KOREAN.fullmatch(word) else word


def _periods(span: Span, by: Period) -> tuple[str, ...]:
    day, last = (at.astimezone(span.zone).date() for at in (span.since, span.until - timedelta(microseconds=1)))
    days = (day + timedelta(days=number) for number in range((last - day).days + 1))
    return tuple(dict.fromkeys(period_of(each, by) for each in days))


def _in_queues(query: Any, table: Any, queues: Collection[str] | None) -> Any:
    """Of these queues; None is all."""
    return query if queues is None else query.where(table.queue.in_(queues))


def _words(db: Db, since: datetime, until: datetime, queues: Collection[str] | None) -> tuple[Counter[str], int]:
    """In how many mails each word stands, and how many mails there were."""
    # By the index of requests: from the last mail backwards, all that came after `until` would be looked at.
    newest = select(REQUEST.id).where(REQUEST.created_at >= since, REQUEST.created_at < until)
    asked = (_in_queues(newest, REQUEST, queues).order_by(REQUEST.created_at.desc()).limit(MOST_MAILS)).subquery()
    said = func.coalesce(func.nullif(ENTRY.reply_text, ""), ENTRY.text)
    mails_of = (select(ENTRY.subject, func.substr(said, 1, SCAN)).join(asked, asked.c.id == ENTRY.request_id)
                .where(ENTRY.kind == "mail").order_by(ENTRY.id.desc()).limit(MOST_MAILS))
    found, mails = Counter[str](), 0
    for subject, text in db.execute(mails_of):
        found.update(words_of(f"{subject}\n{text}"))
        mails += 1
    return found, mails


def _surprise(now: int, mails: int, before: int, mails_before: int) -> float:
    """Log-likelihood of the two rates being one (Dunning 1993): the higher, the less it is chance."""
    expected = (now + before) / (mails + mails_before)
    told = now * math.log(now / (mails * expected))
    return told + (before * math.log(before / (mails_before * expected)) if before else 0.0)
