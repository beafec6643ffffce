"""SQLite on a disk so small that its log, which grows with each commit, is what fills it. Its pages are few, but to go
into the database they need room, and on a full disk that stood still there was none for ever."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crash.disk import Disk
from sqlalchemy import func, select

from gateway.mail.authres import UNCHECKED
from gateway.mail.envelope import Envelope
from gateway.models import Received, columns
from gateway.store.arrival import Arrival, digest
from gateway.store.database import Database, connect
from gateway.store.intake import Intake, StoreAway

pytestmark = [pytest.mark.crash, pytest.mark.system]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OCTETS = 10_000
DISK, ANOTHERS = 16, 4
"""Megabytes: of it all, and of a file that is another's."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    small = Disk(tmp_path / "image", tmp_path / "var", DISK)
    yield small
    small.remove()


@pytest.fixture
async def database(disk: Disk) -> AsyncIterator[Database]:
    database = connect(f"sqlite:///{disk.place}/frontdesk.db")
    await database.migrate()
    yield database
    await database.close()


def arrival(serial: int) -> Arrival:
    content = b"%d\r\n" % serial + bytes(OCTETS)
    envelope = Envelope(f"kim@c{serial}.example.org", ("support@example.com",), "192.0.2.1", "mx.example.org")
    return Arrival(envelope, content, digest(f"<{serial}@x>", envelope.recipients, content), UNCHECKED, False, NOON,
                   OCTETS)


async def until_full(intake: Intake) -> int:
    """How many mails were kept."""
    for serial in range(10_000):
        try:
            await intake.keep(arrival(serial))
        except StoreAway:
            return serial
    raise AssertionError("the disk takes everything")


async def test_when_another_file_is_deleted_mail_is_kept_again(disk: Disk, database: Database) -> None:
    another = disk.place / "another"
    another.write_bytes(bytes(ANOTHERS << 20))
    intake = Intake(database)
    kept = await until_full(intake)
    for _ in range(3):
        with pytest.raises(StoreAway):
            await intake.keep(arrival(kept))
    another.unlink()
    later = range(kept, 2 * kept)  # more than the log alone has room for
    ids = {await intake.keep(arrival(serial)) for serial in later}
    assert len(ids) == len(later)
    assert intake.trouble == ""
    received = columns(Received)
    assert await database.read(lambda db: db.scalar(select(func.count(received.id)))) == kept + len(later)
