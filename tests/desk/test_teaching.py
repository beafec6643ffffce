"""Agents teach by their work: what they make of a request is a lesson, and a correction takes the lesson back."""

import asyncio
import tomllib
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from desk_house import House
from sqlalchemy import func, select

from gateway.desk import teaching
from gateway.desk.teaching import Suggested
from gateway.models import Lesson, Request, Taught, columns
from gateway.store import days, lessons
from gateway.store.database import Database
from gateway.store.days import Span

MAILS = tomllib.loads((Path(__file__).parent / "mails_by_category.toml").read_text())


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def taught(house: House, category: str, queue: str, subject: str, text: str) -> Request:
    """A request that an agent dealt with."""
    request = await house.writes(text, subject)

    def work(db):  # type: ignore[no-untyped-def]
        row = db.get_one(Request, request.id)
        row.category, row.queue = category, queue
        teaching.teach(db, row, house.now)

    await house.change(work)
    return request


async def school(house: House) -> None:
    for category, mails in MAILS.items():
        for subject, text in mails[:8]:
            await taught(house, category, f"{category}-queue", subject, text)


async def said(house: House, request: Request) -> Suggested:
    return await house.change(lambda db: teaching.suggested(db, db.get_one(Request, request.id)))


async def test_what_was_taught_is_suggested_for_a_mail_like_it(house: House) -> None:
    await school(house)
    request = await house.writes("결제한 이용권을 환불받고 싶은데 수수료가 있나요?", "환불 관련 문의")
    found = await said(house, request)
    assert found.category
    assert found.queue
    assert (found.category.label, found.queue.label) == ("policy", "policy-queue")
    assert 0.5 < found.category.confidence <= 1


async def test_before_anything_was_taught_nothing_is_suggested(house: House) -> None:
    assert await said(house, await house.writes("The app crashes.", "Crash")) == Suggested(None, None)


async def test_a_correction_leaves_the_counts_as_if_the_mistake_had_not_been(house: House) -> None:
    request = await taught(house, "policy", "billing", "환불", "환불해 주세요")

    def correct(db):  # type: ignore[no-untyped-def]
        row = db.get_one(Request, request.id)
        row.category = "account"
        teaching.teach(db, row, house.now + timedelta(hours=1))
        teaching.teach(db, row, house.now + timedelta(hours=2))

    await house.change(correct)
    lesson = columns(Lesson)
    rows = await house.change(lambda db: db.execute(
        select(lesson.kind, lesson.label, func.sum(lesson.n)).where(lesson.feature == lessons.MAILS)
        .group_by(lesson.kind, lesson.label).order_by(lesson.kind, lesson.label)).all())
    assert [tuple(row) for row in rows] == [
        ("category", "account", 1), ("category", "policy", 0), ("queue", "billing", 1)]
    left = await house.change(lambda db: db.scalar(select(func.sum(lesson.n)).where(lesson.label == "policy")))
    assert left == 0


async def test_the_report_says_how_often_it_was_right(house: House) -> None:
    await school(house)
    await taught(house, "policy", "billing", "환불 관련 문의", "결제한 이용권을 환불받고 싶은데 수수료가 있나요?")
    await taught(house, "technical", "billing", "환불 오류", "결제한 이용권 환불 수수료가 있나요?")
    soon = house.now + timedelta(days=1)
    day, next_day = Span(house.now, soon, ZoneInfo("UTC")), Span(soon, soon + timedelta(days=1), ZoneInfo("UTC"))
    scores = lessons.scores(await house.change(lambda db: days.decided(db, day)))
    found = {each.category: each for each in scores}
    assert found["policy"].said >= 2
    assert 0 < found["policy"].right < found["policy"].said
    assert await house.change(lambda db: days.decided(db, next_day)) == []
    assert await house.change(lambda db: days.decided(db, day, ("elsewhere",))) == []


async def test_a_category_has_earned_its_place_after_enough_sure_suggestions_that_were_right(house: House) -> None:
    requests = [await house.writes(f"Mail {number}", f"Mail {number}") for number in range(lessons.FEWEST)]

    def rows(db, wrong: int) -> bool:  # type: ignore[no-untyped-def]
        for place, request in enumerate(requests):
            row = db.get(Taught, request.id) or Taught(request_id=request.id, at=house.now, category="", queue="x")
            row.said_category, row.category_confidence = "policy", lessons.SURE
            row.category = "technical" if place < wrong else "policy"
            db.add(row)
        db.flush()
        return lessons.has_earned(db, "policy")

    assert await house.change(lambda db: rows(db, 1)) is True
    assert await house.change(lambda db: rows(db, 2)) is False
    assert await house.change(lambda db: lessons.has_earned(db, "technical")) is False


async def test_what_agents_do_with_a_request_is_a_lesson_and_a_note_is_none(house: House) -> None:
    async def made_of() -> list[tuple[str, str]]:
        return [(each.category, each.queue) for each in await house.change(lambda db: db.scalars(select(Taught)).all())]

    request = await house.writes("I want a refund of my order.", "Refund")
    await house.acts.say("note", request.number, "minji", "Look at the order.")
    assert await made_of() == []
    await house.acts.say("answer", request.number, "minji", "It is on its way.")
    assert await made_of() == [("policy", request.queue)]
    await house.acts.categorise(request.number, "minji", "complaint")
    await house.acts.move(request.number, "minji", "billing")
    assert await made_of() == [("complaint", "billing")]


async def test_a_preview_teaches_nothing(house: House) -> None:
    request = await house.writes("I want a refund of my order.", "Refund")
    await house.acts.preview("answer", request.number, "minji", "It is on its way.")
    assert await house.change(lambda db: db.scalar(select(func.count()).select_from(Taught))) == 0


async def test_a_category_that_has_earned_it_stands_in_where_no_rule_finds_a_word(house: House) -> None:
    text = "Blorp quux frobs wibble zonk."
    for number in range(lessons.FEWEST + lessons.FEWEST // 2):
        await taught(house, "gadgets" if number % 3 else "other", "x", "Blorp" if number % 3 else "Hum",
                     f"{text} Nr {number}" if number % 3 else "Lorem ipsum dolor sit amet.")
    assert (await house.writes(text, "Blorp")).category == "other", "it is looked at now and then only"
    requests = await house.requests()

    def agents_agreed(db):  # type: ignore[no-untyped-def]
        for request in requests[: lessons.FEWEST]:
            row = db.get_one(Taught, request.id)
            row.category, row.said_category, row.category_confidence = "gadgets", "gadgets", lessons.SURE

    await house.change(agents_agreed)
    house.now += timedelta(minutes=11)
    await house.desk.settle()
    request = await house.writes(text, "Blorp")
    assert request.category == "gadgets"
    assert "agents made this of mails like it" in [line for line in await house.history()
                                                   if line.decision == "label"][-1].because
    assert (await house.writes("I want a refund", "Blorp")).category == "policy", "rules win"


async def test_agents_who_correct_crosswise_at_once_do_not_wait_for_each_other_for_ever(house: House) -> None:
    labels = ("policy", "technical")
    requests = [await taught(house, labels[each % 2], "general", "Refund", "Money back please.") for each in range(6)]
    await asyncio.gather(*(house.acts.categorise(request.number, "minji", labels[(each + 1) % 2])
                           for each, request in enumerate(requests)))
    assert [row.category for row in await house.requests()] == [labels[(each + 1) % 2] for each in range(6)]
