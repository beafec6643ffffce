"""Mails that are handled in one transaction: as if each had come alone, and none stands before the others."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from desk_house import House
from desk_values import NOON

from gateway.desk.handler import Identity
from gateway.mail.authres import UNCHECKED
from gateway.mail.envelope import Envelope
from gateway.mail.large import LargeMail
from gateway.models import Received, Wake
from gateway.store import events, raw
from gateway.store.arrival import Arrival
from gateway.store.customer_file import CustomerFile
from gateway.store.database import Database, connect
from gateway.store.intake import Intake
from handlers.acknowledge import Acknowledge

MAILS: tuple[dict[str, Any], ...] = (
    {"author": "new@example.org", "Message_ID": "<1@example.org>"},
    {"author": "new@example.org", "subject": "Refund", "Message_ID": "<2@example.org>"},
    {"author": "new@example.org", "text": "One thing more.", "Message_ID": "<3@example.org>",
     "In_Reply_To": "<1@example.org>"},
    {"author": "new@example.org", "Message_ID": "<1@example.org>"},
    {"author": "new@example.org", "subject": "Re: [FD-2026-0000028] Refund", "Message_ID": "<4@example.org>"},
    {"author": "eve@example.net", "subject": "Re: [FD-2026-0000028] Refund", "Message_ID": "<5@example.net>"},
    {"author": "eve@example.net", "is_quarantined": True, "Message_ID": "<6@example.net>"},
    {"author": "lee@example.org", "identity": Identity.NONE, "Message_ID": "<7@example.org>"},
    {"author": "lee@example.org", "identity": Identity.NONE, "Message_ID": "<8@example.org>",
     "In_Reply_To": "<7@example.org>"},
)  # fmt: skip


async def outcome(house: House) -> list[list[Any]]:
    """What became of all mails, but for what is made by chance."""
    return [[(each.number, each.subject, each.state, each.is_held, each.held_for is None, each.last_entry > 0)
             for each in await house.requests()],
            [(each.request_id, each.kind, each.author, each.subject) for each in await house.entries()],
            [(each.received_id, each.handler, each.decision, each.because) for each in await house.history()],
            [(each.recipient, each.template) for each in await house.letters()],
            [(each.state, each.reason, each.request_id) for each in await house.received()]]


async def test_mails_that_concern_each_other_are_handled_as_one_after_the_other(
    tmp_path: Path, migrated: Path
) -> None:
    found = []
    for place, at_once in enumerate((False, True)):
        shutil.copy(migrated, path := tmp_path / f"{place}.db")
        database = connect(f"sqlite:///{path}")
        house = House(database, tmp_path)
        for mail in MAILS:
            await house.keep(**mail)
            if not at_once:
                await house.desk.settle()
        assert await house.desk.step() is at_once
        found.append(await outcome(house))
        await database.close()
    assert found[0] == found[1]
    assert [line[2] for line in found[0][1]].count("new@example.org") == 4, "a second copy is dropped"


async def test_neutral_letters_of_one_transaction_are_counted_for_who_is_on_file_too(
    database: Database, tmp_path: Path
) -> None:
    house = House(database, tmp_path)
    (tmp_path / "customers.csv").write_text("address,name,account,standing\nkim@example.org,Kim,AB-12345,good\n")
    house.desk.customers = CustomerFile(tmp_path / "customers.csv")
    house.desk.journey = [(name, Acknowledge(neutral_per_hour=2) if name == "acknowledge" else each)
                          for name, each in house.desk.journey]
    for author in ("kim@example.org", "lee@example.org", "eve@example.net"):
        about = " My account is AB-12345." if author == "eve@example.net" else ""
        await house.keep(f"It says error 1042.{about}", author=author, identity=Identity.NONE,
                         Message_ID=f"<1.{author}>")
    await house.desk.settle()
    assert [letter.template for letter in await house.letters()] == ["acknowledgement_neutral"] * 2


async def test_what_another_desk_has_done_is_not_put_off(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    await house.writes()
    wake = (await house.wakes())[0]
    await house.change(lambda db: setattr(db.get_one(Wake, wake.id), "done_at", NOON))
    for put_off, id in ((events.put_off_kept, 1), (events.put_off_wake, wake.id)):
        assert await house.change(
            lambda db, put_off=put_off, id=id: put_off(db, id, "x", NOON, 5, timedelta(seconds=1))) == events.DONE
    assert [row.state for row in await house.received()] == ["handled"]
    assert (await house.wakes())[0].done_at == NOON


async def test_a_file_that_cannot_be_read_stands_before_no_other_mail(tmp_path: Path, migrated: Path) -> None:
    shutil.copy(migrated, tmp_path)
    database = connect(f"sqlite:///{tmp_path}/{migrated.name}")
    house = House(database, tmp_path)
    large = LargeMail(tmp_path)
    large.add(b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 30_000)
    id = await Intake(database).keep(Arrival(
        Envelope("a@x", ("b@x",)), b"Subject: x\r\n\r\n", None, UNCHECKED, False, NOON, large.size, large=large))
    file = tmp_path / raw.FOLDER / str(id)
    kept = file.read_bytes()
    file.unlink()
    file.mkdir()
    await house.writes()
    assert [(row.state, row.attempts) for row in await house.all(Received)] == [("kept", 1), ("handled", 0)]
    assert "IsADirectoryError" in (await house.received())[0].reason
    file.rmdir()
    file.write_bytes(kept)
    await house.passes(timedelta(minutes=5))
    assert [row.state for row in await house.received()] == ["handled", "handled"]
    await database.close()
