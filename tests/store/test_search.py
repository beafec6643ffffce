"""What was said is found by its words, on both databases alike."""

from datetime import UTC, datetime

import pytest

from gateway.models import Customer, Entry, Request
from gateway.store import queue, search
from gateway.store.database import Database, Db
from gateway.store.queue import Filter

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def said(database: Database, *texts: str, **values: str) -> None:
    """Each text opens a request, as a mail does."""
    def work(db: Db) -> None:
        db.add(Customer(id=1, address="kim@example.org", created_at=NOON))
        db.flush()
        for number, text in enumerate(texts, 1):
            db.add(Request(id=number, number=f"FD-2026-{number:07}", customer_id=1, created_at=NOON, changed_at=NOON,
                           **values))
            db.flush()
            db.add(Entry(id=number, request_id=number, at=NOON, kind="mail", text=text))
        search.enter(db.connection(), [(number, (f"FD-2026-{number:07}", "kim@example.org", text))
                                       for number, text in enumerate(texts, 1)])

    await database.write(work)


async def found(database: Database, words: str, **more: str) -> list[int]:
    page = await database.read(lambda db: queue.page(db, Filter(words=words, **more), NOON))
    return [line.id for line in page.lines]


@pytest.mark.parametrize("words", [
    "환불", "불해", "전액", "환불해", "전액환불해주세요", "불", "전액 주세요", "  환불\t전액 "])
async def test_korean_is_found_by_any_part_of_a_word(database: Database, words: str) -> None:
    await said(database, "전액환불해주세요.", "로그인이 안 돼요.")
    assert await found(database, words) == [1]


@pytest.mark.parametrize(("words", "expected"), [
    ("😀", [2, 1]), ("두손 🎉", [1]), ("🎉😀", [1]), ("👍", [2]), ("👍🏽", [2]), ("🇰🇷", [2]), ("👨‍👩‍👧", [2]),
    ("❤", [1]), ("😡", []), ("🇰🇵", []), ("😀 없음", []),
])  # fmt: skip
async def test_an_emoji_is_found_by_itself_and_beside_words(
    database: Database, words: str, expected: list[int]
) -> None:
    await said(database, "쿠폰이 안 됩니다😀🎉두손 ❤️", "Thanks 👍🏽😀 from 🇰🇷 👨‍👩‍👧", "Plain words.")
    assert await found(database, words) == expected


@pytest.mark.parametrize("words", ["환급", "환해", "로그아웃", "환불 로그인"])
async def test_korean_that_was_not_said_is_not_found(database: Database, words: str) -> None:
    await said(database, "전액환불해주세요.", "로그인이 안 돼요.")
    assert await found(database, words) == []


@pytest.mark.parametrize(("words", "expected"), [
    ("refund", [1]), ("REFUND", [1]), ("refu", [1]), ("fund", []), ("two refund", [1]),
    ("refunding", [1]), ("refunded month", [1]), ("mont", [1]), ("mon", [1]), ("rings", []), ("one", [1]),
    ("ones", [1]), ("in", [2, 1]), ("i", []),
    ("ｒｅｆｕｎｄ", [1]), ("straße", [2]), ("STRASSE", [2]), ("München", [2]), ("返金", [3]), ("スト", [3]),
    ("kim@example.org", [3, 2, 1]), ("FD-2026-0000002", [2]), ("fd 2026 2", [2]), ("0000003", [3]),
    ('"refunds"', [1]), ("refund OR straße", []), ("refund*", [1]), ("re'fund & | ! ( ) : * \\ -", []),
    ("'); DROP TABLE finding; --", []), ("NEAR(refund two)", []), ("\0", []), ("…", []), ("_", []),
])  # fmt: skip
async def test_words_are_found_by_their_beginning_and_signs_ask_nothing(
    database: Database, words: str, expected: list[int]
) -> None:
    await said(database, "Two refunds, in one month", "Straße in München", "返金してください。リスト")
    assert await found(database, words) == expected


async def test_a_request_is_found_once_where_its_newest_entry_puts_it(database: Database) -> None:
    await said(database, "refund", "refund", "nothing")

    def again(db: Db) -> None:
        db.add(Entry(id=9, request_id=1, at=NOON, kind="mail", text="refund!"))
        db.flush()
        search.enter(db.connection(), [(9, ["refund!"])])

    await database.write(again)
    assert await found(database, "refund") == [1, 2]


async def test_what_was_taken_back_is_not_found(database: Database) -> None:
    await said(database, "refund", "refund")

    def take_back(db: Db) -> None:
        db.get_one(Entry, 2).withdrawn_at = NOON

    await database.write(take_back)
    assert await found(database, "refund") == [1]


async def test_a_search_keeps_to_queues_and_filters(database: Database) -> None:
    await said(database, "refund", "refund", "refund", "refund")

    def change(db: Db) -> None:
        db.get_one(Request, 1).queue = "account"
        db.get_one(Request, 2).state = "closed"
        db.get_one(Request, 3).category = "technical"

    await database.write(change)
    assert await found(database, "refund") == [4, 3, 2, 1]
    assert await found(database, "refund", queue="account") == [1]
    assert await found(database, "refund", category="technical") == [3]
    assert await found(database, "refund", state="alive") == [4, 3, 1]
    assert await found(database, "refund", state="closed") == [2]
    page = await database.read(lambda db: queue.page(db, Filter(words="refund"), NOON, queues={"account"}))
    assert [line.id for line in page.lines] == [1]


async def test_pages_of_a_search_reach_all_that_is_there(database: Database) -> None:
    await said(database, *("refund" if number % 3 else "other" for number in range(60)))
    ids: list[int] = []
    after = ""
    for _ in range(20):
        page = await database.read(lambda db, after=after: queue.page(db, Filter(words="refund"), NOON, 3, after))  # type: ignore[misc]
        ids += [line.id for line in page.lines]
        after = page.next
        if not after:
            break
    assert ids == [number for number in range(60, 0, -1) if (number - 1) % 3]


def test_terms_are_few_however_long_the_text() -> None:
    assert len(search.terms(["".join(chr(0xAC00 + number % 11_000) for number in range(100_000))])) <= search.MOST_TERMS
    assert search.terms(["a" * 100_000]) == {"a" * search.LONGEST}
    assert search.terms(["", "  \n"]) == set()
