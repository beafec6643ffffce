"""What came in and what became of it: by day and category, by age; what was corrected; which words grow."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session as Db

from gateway.models import Customer, Entry, Letter, Request, Taught
from gateway.store import days, insights
from gateway.store.database import Database
from gateway.store.days import Span
from gateway.store.insights import Correction, Grown
from gateway.store.reports import Period

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""Noon in Seoul, a Monday."""
DAY = timedelta(days=1)
AROUND_NOON = Span(NOON - DAY, NOON + DAY, SEOUL)


def enter(db: Db, at: datetime, category: str = "technical", subject: str = "x", text: str = "",
          **more: object) -> Request:
    """A request with its mail."""
    customer = db.get(Customer, 1) or Customer(id=1, address="a@example.org", created_at=NOON)
    db.add(customer)
    number = str(db.query(Request).count())
    request = Request(number=number, customer_id=1, category=category, created_at=at, changed_at=at, subject=subject,
                      **{"identity": "verified-dkim", **more})
    db.add(request)
    db.flush()
    db.add(Entry(request_id=request.id or 0, at=at, kind="mail", subject=subject, text=text, reply_text=text))
    db.flush()
    return request


def overview(db: Db, span: Span, by: Period, queues: Collection[str] | None = None) -> insights.Overview:
    return insights.overview(days.opened(db, span, queues), days.letters(db, span, queues), span, by)


async def test_requests_are_counted_by_the_days_of_the_site_and_their_category(database: Database) -> None:
    def work(db: Db) -> insights.Overview:
        enter(db, NOON)
        enter(db, NOON + timedelta(hours=11))  # still Monday in London, Monday 23:00 in Seoul
        enter(db, NOON + timedelta(hours=12, minutes=1), "policy", identity="none", reopened=2, rating=1)
        enter(db, NOON + 2 * DAY, rating=5)
        enter(db, NOON + 9 * DAY)
        since = datetime(2026, 11, 23, tzinfo=SEOUL)
        return overview(db, Span(since, since + 4 * DAY, SEOUL), "day")

    seen = await database.write(work)
    assert seen.periods == ("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26")
    assert seen.by_category == {"technical": (2, 0, 1, 0), "policy": (0, 1, 0, 0)}
    assert seen.identities == {"verified-dkim": 3, "none": 1}
    assert seen.ratings == {5: 1, 4: 0, 3: 0, 2: 0, 1: 1}
    assert (seen.requests, seen.reopened) == (4, 1)


async def test_letters_that_bounced_are_counted(database: Database) -> None:
    def work(db: Db) -> insights.Overview:
        request = enter(db, NOON)
        for state in ("sent", "sent", "bounced"):
            db.add(Letter(request_id=request.id, created_at=NOON, recipient="a@example.org", raw=b"", state=state,
                          next_attempt=NOON))
        db.flush()
        return overview(db, AROUND_NOON, "week")

    seen = await database.write(work)
    assert (seen.letters, seen.bounced, seen.periods) == (3, 1, ("2026-W47", "2026-W48"))


async def test_who_sees_one_queue_sees_its_figures_only(database: Database) -> None:
    def work(db: Db) -> tuple[insights.Overview, dict[str, int]]:
        enter(db, NOON, queue="billing")
        enter(db, NOON, queue="technical")
        return (overview(db, AROUND_NOON, "day", ["billing"]),
                insights.by_age(db, NOON + DAY, ["billing"]))

    seen, ages = await database.write(work)
    assert seen.requests == 1
    assert sum(ages.values()) == 1


async def test_what_is_alive_is_counted_by_its_age(database: Database) -> None:
    def work(db: Db) -> dict[str, int]:
        for age in (0.5, 1, 2.9, 6, 29, 31, 400):
            enter(db, NOON - age * DAY)
        enter(db, NOON, state="resolved")
        return insights.by_age(db, NOON)

    assert await database.write(work) == {"1d": 1, "3d": 2, "7d": 1, "30d": 1, "older": 2}


async def test_what_agents_made_of_suggestions_is_told_most_often_first(database: Database) -> None:
    def work(db: Db) -> list[Correction]:
        for said, became in (("policy", "account"), ("technical", "policy"), ("policy", "account"), ("", "policy"),
                             ("policy", "policy")):
            request = enter(db, NOON)
            db.add(Taught(request_id=request.id, at=NOON, category=became, queue="x", said_category=said))
        db.flush()
        return insights.corrections(days.decided(db, AROUND_NOON))

    assert await database.write(work) == [Correction("policy", "account", 2), Correction("technical", "policy", 1)]


async def test_words_that_customers_began_to_write_this_week_are_told(database: Database) -> None:
    def work(db: Db) -> list[Grown]:
        for week in range(5):
            for number in range(8):
                at = NOON - timedelta(weeks=week, hours=1 + number)
                enter(db, at, subject="문의", text="로그인을 하면 오류가 납니다. The app says sorry.")
        for number, text in enumerate(("결제창이 멈춥니다", "결제창에서 오류", "결제창은 왜 안 열리나요", "결제창")):
            enter(db, NOON - timedelta(hours=20 + number), subject="문의", text=text)
        return insights.growing(db, NOON)

    grown = await database.write(work)
    assert grown[0] == Grown("결제창", 4, 0.0)
    assert not {"로그인", "오류", "app", "문의"} & {each.word for each in grown}


async def test_without_mails_no_word_grows(database: Database) -> None:
    assert await database.read(lambda db: insights.growing(db, NOON)) == []


@pytest.mark.parametrize(("text", "words"), [
    ("결제창이 결제창을 결제창에서는", {"결제창"}), ("나이가", {"나이"}), ("The APP, the app!", {"the", "app"}),
    ("a 1 22 x_y", set()), ("가" * 31, set()),
])  # fmt: skip
def test_a_korean_word_is_counted_without_its_particle(text: str, words: set[str]) -> None:
    assert insights.words_of(text) - {"가" * 30, "가" * 29} == words - {""}
