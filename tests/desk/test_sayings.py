"""What agents say, on both databases: files go along, a letter is seen before it goes, and taken back for a while."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from desk_house import House

from gateway.desk import sayings
from gateway.desk.acts import Refused
from gateway.desk.sayings import MOST_OCTETS
from gateway.models import Agent, Attachment, Entry, Letter, Request, Upload, Wake
from gateway.store import outbox, queue, requests
from gateway.store.database import Database

TEN = timedelta(seconds=10)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def row(house: House, request: Request) -> dict[str, Any]:
    return {name: value for name, value in vars(await house.request(request.number)).items()
            if name not in ("_sa_instance_state", "changed_at")}  # fmt: skip


async def waiting(house: House) -> set[tuple[str, Any]]:
    return {(each.purpose, each.at) for each in await house.all(Wake) if each.done_at is None}


def files(letter: Letter) -> list[tuple[str, str, bytes]]:
    mail = message_from_bytes(letter.raw, policy=policy.default)
    return [(part.get_filename() or "", part.get_content_type(), part.get_content())
            for part in mail.iter_attachments()]  # fmt: skip


# ---- a button that is pressed twice ----


async def test_a_button_that_is_pressed_twice_sends_one_letter(house: House) -> None:
    request = await house.writes()
    letters = await house.letters()
    said = [await house.acts.say("answer", request.number, "minji", "Install 2.1.", 1, undoable=True) for _ in "12"]
    assert [each.id for each in said] == [said[0].id] * 2
    assert len(await house.letters()) == len(letters) + 1


async def test_the_same_words_are_said_again_when_they_were_taken_back_or_a_minute_is_over(house: House) -> None:
    request = await house.writes()
    first = await house.acts.say("note", request.number, "minji", "Nobody picked up.", undoable=True)
    await house.acts.undo(request.number, "minji", first.id or 0)
    again = await house.acts.say("note", request.number, "minji", "Nobody picked up.", undoable=True)
    house.now += timedelta(minutes=1)
    later = await house.acts.say("note", request.number, "minji", "Nobody picked up.", undoable=True)
    assert len({first.id, again.id, later.id}) == 3


async def test_the_same_words_with_the_file_that_was_forgotten_are_another_letter(house: House) -> None:
    request = await house.writes()
    letters = await house.letters()
    files = [(await house.acts.attach("minji", "a.txt", "text/plain", b"a")).id or 0 for _ in "12"]
    bare = await house.acts.say("answer", request.number, "minji", "See there.", undoable=True)
    said = [await house.acts.say("answer", request.number, "minji", "See there.", uploads=[each], undoable=True)
            for each in files]  # pressed twice: the page attaches its file twice
    assert bare.id != said[0].id == said[1].id
    assert len(await house.letters()) == len(letters) + 2


# ---- undo ----


@pytest.mark.parametrize("kind", ["answer", "question", "note"])
async def test_what_is_taken_back_was_never_said(house: House, kind: str) -> None:
    request = await house.writes()
    await house.acts.claim(request.number, "minji")
    before, wakes, letters = await row(house, request), await waiting(house), await house.letters()
    entry = await house.acts.say(kind, request.number, "minji", "Install 2.1.", undoable=True)
    assert len(await house.letters()) == len(letters) + (kind != "note")
    house.now += timedelta(seconds=9)
    back = await house.acts.undo(request.number, "minji", entry.id or 0)
    assert (back.text, back.withdrawn_at) == ("Install 2.1.", house.now)
    assert await row(house, request) == before
    assert await waiting(house) == wakes
    assert [each.id for each in await house.letters()] == [each.id for each in letters]
    shown = await house.database.read(lambda db: requests.conversation(db, request.id or 0))
    assert entry.id not in [each.id for each in shown]
    assert (await house.history())[-1].because == f"minji took this {kind} back; nothing was sent."


async def test_the_letter_waits_so_long_and_then_goes(house: House) -> None:
    request = await house.writes()
    said = await house.acts.say("answer", request.number, "minji", "Install 2.1.", undoable=True)

    def due(db: Any) -> list[int | None]:
        return [each.id for each in outbox.claim(db, house.now, timedelta(minutes=5), 10)]

    def settle(db: Any) -> None:
        for each in outbox.claim(db, house.now, timedelta(0), 10):
            outbox.settle(db, each.id or 0, "sent", "250", house.now)

    await house.change(settle)  # the acknowledgement
    assert await house.change(due) == []
    house.now += TEN
    assert await house.change(due) == [said.letter_id]


async def test_it_is_too_late_when_a_worker_has_the_letter_or_the_time_is_up(house: House) -> None:
    request = await house.writes()
    said = await house.acts.say("answer", request.number, "minji", "Install 2.1.", undoable=True)
    house.now += TEN

    def claim(db: Any) -> None:
        db.get_one(Letter, said.letter_id).attempts = 1

    await house.change(claim)
    with pytest.raises(Refused) as refused:
        await house.acts.undo(request.number, "minji", said.id or 0)
    assert refused.value.code == "too-late"
    other = await house.acts.say("note", request.number, "minji", "A note.", undoable=True)
    house.now += TEN + timedelta(microseconds=1)
    with pytest.raises(Refused, match="too late"):
        await house.acts.undo(request.number, "minji", other.id or 0)
    assert len(await house.letters()) == 2


async def test_what_somebody_else_did_meanwhile_stays_done(house: House) -> None:
    request = await house.writes()
    said = await house.acts.say("answer", request.number, "minji", "Install 2.1.", undoable=True)
    await house.acts.prioritise(request.number, "june", 5)
    await house.writes(f"{request.number}: forget it, it is about my invoice.")
    assert (await house.request(request.number)).state == "open"
    await house.acts.undo(request.number, "minji", said.id or 0)
    after = await house.request(request.number)
    assert (after.priority, after.state, after.answered_at) == (5, "open", None)


async def test_only_who_said_it_takes_it_back_and_only_once(house: House) -> None:
    request = await house.writes()
    said = await house.acts.say("answer", request.number, "minji", "Install 2.1.", undoable=True)
    at_once = await house.acts.say("note", request.number, "minji", "Not to be taken back.")
    for agent, entry, code in (("june", said, "unknown-entry"), ("minji", at_once, "too-late")):
        with pytest.raises(Refused) as refused:
            await house.acts.undo(request.number, agent, entry.id or 0)
        assert refused.value.code == code
    await house.acts.undo(request.number, "minji", said.id or 0)
    with pytest.raises(Refused) as refused:
        await house.acts.undo(request.number, "minji", said.id or 0)
    assert refused.value.code == "already"


async def test_a_reply_to_what_was_taken_back_and_said_again_finds_its_request(house: House) -> None:
    request = await house.writes()
    said = await house.acts.say("answer", request.number, "minji", "Instal 2.1.", undoable=True)
    await house.acts.undo(request.number, "minji", said.id or 0)
    again = await house.acts.say("answer", request.number, "minji", "Install 2.1.", undoable=True)
    await house.writes("Thank you!", In_Reply_To=again.message_id)
    assert len(await house.requests()) == 1


# ---- preview ----


async def test_a_preview_is_the_letter_and_keeps_nothing(house: House) -> None:
    request = await house.writes(name="Kim")
    counts = len(await house.entries()), len(await house.letters()), len(await house.history())
    shown = await house.acts.preview("answer", request.number, "minji", "Bitte installieren Sie 2.1. 환불 <b>")
    assert (shown.recipient, shown.subject) == ("kim@example.org", f"[{request.number}] Re: Cannot log in")
    assert "환불 <b>" in shown.text
    assert "환불 &lt;b&gt;" in shown.html
    assert "Kim Minji" in shown.text
    assert counts == (len(await house.entries()), len(await house.letters()), len(await house.history()))
    said = await house.acts.say("answer", request.number, "minji", "Bitte installieren Sie 2.1. 환불 <b>")
    letter = next(each for each in await house.letters() if each.id == said.letter_id)
    body = message_from_bytes(letter.raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    assert body.get_content() == shown.text


async def test_a_note_has_no_preview_and_an_empty_text_is_refused(house: House) -> None:
    request = await house.writes()
    for kind, text, code in (("note", "x", "not-sent"), ("answer", " ", "empty"), ("song", "x", "bad-value"),
                             ("answer", "x" * 200_001, "too-large")):
        with pytest.raises(Refused) as refused:
            await house.acts.preview(kind, request.number, "minji", text)
        assert refused.value.code == code


# ---- files ----


async def test_files_go_with_the_letter_and_are_seen_in_the_request(house: House) -> None:
    request = await house.writes()
    first = await house.acts.attach("minji", "설명서.pdf", "application/pdf", b"%PDF-1.7")
    second = await house.acts.attach("minji", "../a\r\nb.png", "image/png", PNG)
    ids = [second.id or 0, first.id or 0]
    said = await house.acts.say("answer", request.number, "minji", "See there.", uploads=ids)
    letter = (await house.letters())[-1]
    assert [each[1:] for each in files(letter)] == [("application/pdf", b"%PDF-1.7"), ("image/png", PNG)]
    assert files(letter)[0][0] == "설명서.pdf"
    shown = [(each.entry_id, each.position, each.filename, each.size) for each in await house.all(Attachment)]
    assert shown == [(said.id, 0, "설명서.pdf", 8), (said.id, 1, "../a\r\nb.png", len(PNG))]
    assert [each.content for each in await house.database.read(lambda db: requests.uploads(db, said.id or 0))] == [
        b"%PDF-1.7", PNG]


async def test_a_file_is_its_agents_and_goes_once(house: House) -> None:
    request = await house.writes()
    upload = await house.acts.attach("minji", "a.txt", "text/plain", b"a")
    with pytest.raises(Refused) as refused:
        await house.acts.say("answer", request.number, "june", "x", uploads=[upload.id or 0])
    assert refused.value.code == "unknown-upload"
    await house.acts.say("note", request.number, "minji", "x", uploads=[upload.id or 0])
    with pytest.raises(Refused):
        await house.acts.say("answer", request.number, "minji", "x", uploads=[upload.id or 0])
    assert not await house.acts.detach(upload.id or 0, "minji")
    other = await house.acts.attach("minji", "b.txt", "text/plain", b"b")
    assert not await house.acts.detach(other.id or 0, "june")
    assert await house.acts.detach(other.id or 0, "minji")


async def test_files_of_what_was_taken_back_can_go_with_the_next_answer(house: House) -> None:
    request = await house.writes()
    upload = await house.acts.attach("minji", "a.txt", "text/plain", b"a")
    said = await house.acts.say("answer", request.number, "minji", "x", uploads=[upload.id or 0], undoable=True)
    await house.acts.undo(request.number, "minji", said.id or 0)
    assert await house.all(Attachment) == []
    again = await house.acts.say("answer", request.number, "minji", "y", uploads=[upload.id or 0])
    assert [each.entry_id for each in await house.all(Upload)] == [again.id]


async def test_files_that_an_agent_does_not_send_do_not_fill_the_disk(house: House,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sayings, "MOST_WAITING_OCTETS", 100)
    request = await house.writes()
    first = await house.acts.attach("minji", "a", "text/plain", b"x" * 60)
    await house.acts.attach("jisu", "b", "text/plain", b"x" * 60)
    with pytest.raises(Refused) as refused:
        await house.acts.attach("minji", "c", "text/plain", b"x" * 41)
    assert (refused.value.code, refused.value.facts["most"]) == ("too-many-files", 100)
    await house.acts.say("answer", request.number, "minji", "x", uploads=[first.id or 0])
    third = await house.acts.attach("minji", "c", "text/plain", b"x" * 100)
    assert await house.acts.detach(third.id or 0, "minji")
    monkeypatch.setattr(sayings, "MOST_WAITING", 1)
    await house.acts.attach("minji", "d", "text/plain", b"x")
    with pytest.raises(Refused):
        await house.acts.attach("minji", "e", "text/plain", b"x")
    house.now += timedelta(days=1, seconds=1)
    await house.acts.attach("minji", "e", "text/plain", b"x")


async def test_files_beyond_what_hosts_take_are_refused(house: House) -> None:
    request = await house.writes()
    with pytest.raises(Refused) as refused:
        await house.acts.attach("minji", "a", "text/plain", b"x" * (MOST_OCTETS + 1))
    assert refused.value.code == "too-large"
    ids = [(await house.acts.attach("minji", f"{n}", "text/plain", b"x" * (MOST_OCTETS // 2 + 1))).id or 0
           for n in range(2)]
    with pytest.raises(Refused) as refused:
        await house.acts.say("answer", request.number, "minji", "x", uploads=ids)
    assert refused.value.code == "too-large"
    assert [each.kind for each in await house.all(Entry) if each.kind == "answer"] == []


async def test_a_file_that_nobody_sends_is_gone_after_a_day(house: House) -> None:
    await house.acts.attach("minji", "old.txt", "text/plain", b"a")
    house.now += timedelta(hours=25)
    await house.acts.attach("minji", "new.txt", "text/plain", b"b")
    assert [each.filename for each in await house.all(Upload)] == ["new.txt"]


# ---- what is found, and whose name it bears ----


async def test_what_was_said_by_either_side_is_found_and_what_was_taken_back_is_not(house: House) -> None:
    request = await house.writes("결제가 두 번 되었어요. 전액환불해주세요.", name="김민수")
    await house.acts.say("note", request.number, "minji", "Refund granted by the boss.")
    said = await house.acts.say("note", request.number, "minji", "supercalifragilistic", undoable=True)

    async def found(words: str) -> list[str]:
        page = await house.database.read(lambda db: queue.page(db, queue.Filter(words=words), house.now))
        return [line.number for line in page.lines]

    for words in ("환불", "kim@example.org", "민수", "cannot log", request.number, "boss 민수", "granted", "supercali"):
        assert await found(words) == [request.number], words
    assert await found("acknowledge") == []
    await house.acts.undo(request.number, "minji", said.id or 0)
    assert await found("supercali") == []


async def test_a_letter_is_signed_with_the_agents_full_name(house: House) -> None:
    await house.change(lambda db: db.add(Agent(name="june", full_name="June Park", created_at=house.now)))
    request = await house.writes()
    shown = await house.acts.preview("answer", request.number, "june", "Install 2.1.")
    assert "June Park" in shown.text
