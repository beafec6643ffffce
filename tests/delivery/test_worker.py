"""The worker sends every letter of the outbox, in order, records each outcome, and survives being stopped anywhere."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from peer import DROP, HANG, Peer

from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signer import Signer, SigningKey
from gateway.config import Delivery, Site
from gateway.delivery.worker import LEASE, Worker
from gateway.models import Customer, Letter, Request
from gateway.store import outbox
from gateway.store.database import Database, Db

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Lines:
    """The log as a list that can be waited for."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self._more = asyncio.Condition()

    def __call__(self, _logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.seen.append(event)
        self._task = asyncio.ensure_future(self._tell())
        raise structlog.DropEvent

    async def _tell(self) -> None:
        async with self._more:
            self._more.notify_all()

    def of(self, words: str) -> list[dict[str, Any]]:
        return [each for each in self.seen if each["event"] == words]

    async def until(self, words: str, count: int = 1) -> list[dict[str, Any]]:
        async with self._more, asyncio.timeout(60):
            await self._more.wait_for(lambda: len(self.of(words)) >= count)
        return self.of(words)


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    lines = Lines()
    structlog.configure(processors=[lines], cache_logger_on_first_use=False)
    yield lines
    structlog.reset_defaults()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer().listening() as peer:
        yield peer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(database: Database, tmp_path: Path, clock: Clock) -> Callable[..., Worker]:
    """A worker with these settings; `bounces` counts the calls of returned()."""

    def worker(*, signer: Signer | None = None, returned: Callable[[], None] = lambda: None, **settings: Any) -> Worker:
        site = Site(hostname="mx.example.com", data=tmp_path)
        return Worker(database, Delivery(**settings), site, ZoneResolver({}), clock, signer, returned)

    return worker


@pytest.fixture
def smart(make: Callable[..., Worker], peer: Peer) -> Callable[..., Worker]:
    """A worker with the peer as its smarthost."""
    return lambda **settings: make(smarthost=f"127.0.0.1:{peer.port}", **settings)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[Worker]:
    task = asyncio.create_task(worker.run())
    yield worker
    await worker.stop()
    await task


def letter(name: str, request_id: int | None = None) -> Letter:
    raw = f"From: support@example.com\r\nTo: {name}@example.net\r\nSubject: {name}\r\n\r\n{name}\r\n".encode()
    return Letter(request_id=request_id, created_at=NOON, reverse_path="bounce+1.x@example.com",
                  recipient=f"{name}@example.net", raw=raw, next_attempt=NOON)


async def put(database: Database, *letters: Letter) -> list[int]:
    def work(db: Db) -> list[int]:
        if db.get(Customer, 1) is None:
            db.add(Customer(id=1, address="kim@example.net", created_at=NOON))
            db.flush()
            db.add(Request(number="FD-1", customer_id=1, created_at=NOON, changed_at=NOON))
            db.flush()
        for each in letters:
            db.add(each)
            db.flush()
        return [each.id or 0 for each in letters]

    return await database.write(work)


async def get(database: Database, letter_id: int) -> Letter:
    found = await database.read(lambda db: db.get(Letter, letter_id))
    assert found is not None
    return found


def subjects(peer: Peer) -> list[str]:
    return [str(email.message_from_bytes(each)["Subject"]) for each in peer.letters]


async def test_what_waits_is_sent_and_the_reply_recorded(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    [one] = await put(database, letter("a"))
    async with running(smart()):
        await lines.until("letter sent")
    found = await get(database, one)
    assert (found.state, found.reply, found.attempts) == ("sent", "250 2.0.0 queued (host 127.0.0.1)", 1)
    assert (found.settled_at, found.claimed_until) == (NOON, None)
    assert peer.letters == [found.raw]


async def test_a_letter_put_in_later_is_sent_when_the_desk_wakes_the_worker(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    async with running(smart()) as worker:
        for number in range(3):
            await put(database, letter(f"l{number}"))
            worker.wake()
            await lines.until("letter sent", number + 1)
    assert subjects(peer) == ["l0", "l1", "l2"]


async def test_letters_of_one_request_arrive_in_order_and_others_beside_them(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    await put(database, *(letter(f"r{number}", 1) for number in range(5)),
              *(letter(f"o{number}") for number in range(5)))
    async with running(smart(connections=4)):
        await lines.until("letter sent", 10)
    assert [each for each in subjects(peer) if each.startswith("r")] == ["r0", "r1", "r2", "r3", "r4"]
    assert len(peer.letters) == 10


async def test_no_more_connections_than_allowed_are_open_at_once(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    await put(database, *(letter(f"o{number}") for number in range(20)))
    async with running(smart(connections=3)):
        await lines.until("letter sent", 20)
    assert 1 < peer.most_at_once <= 4  # the peer may see the end of one after the beginning of the next


async def test_a_deferred_letter_is_tried_again_when_its_time_has_come(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines, clock: Clock) -> None:
    peer.replies["RCPT"] = ["451 4.7.1 greylisted", "250 2.1.5 OK"]
    [one] = await put(database, letter("a"))
    async with running(smart(retry_first=timedelta(minutes=5))) as worker:
        await lines.until("letter deferred")
        waiting = await get(database, one)
        assert waiting.reply == "451 4.7.1 greylisted (host 127.0.0.1)"
        assert NOON + timedelta(minutes=3, seconds=45) <= waiting.next_attempt <= NOON + timedelta(minutes=5)
        clock.now = waiting.next_attempt
        worker.wake()
        await lines.until("letter sent")
    assert (await get(database, one)).attempts == 2
    assert worker.outcomes == {"deferred": 1, "sent": 1}
    assert worker.in_hand == 0


async def test_a_bounced_letter_is_told_to_the_desk_after_it_was_recorded(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    peer.replies["RCPT"] = ["550 5.1.1 unknown"]
    [one] = await put(database, letter("a"))
    told = asyncio.Event()
    async with running(smart(returned=told.set)):
        async with asyncio.timeout(60):
            await told.wait()
        assert [each.id for each in await database.read(lambda db: outbox.bounced(db, 9))] == [one]
    assert (await get(database, one)).reply == "550 5.1.1 unknown (host 127.0.0.1)"
    assert [each["letter"] for each in lines.of("letter bounced")] == [one]


async def test_a_letter_deferred_for_too_long_bounces(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines, clock: Clock) -> None:
    peer.replies["RCPT"] = ["451 4.2.2 mailbox full"]
    [one] = await put(database, letter("a"))
    clock.now = NOON + timedelta(days=4)
    async with running(smart(give_up=timedelta(days=4))):
        await lines.until("letter bounced")
    found = await get(database, one)
    assert found.state == "bounced"
    assert found.reply == "451 4.2.2 mailbox full (host 127.0.0.1) (given up after 96 hours)"


async def test_a_bounce_sets_the_next_letter_of_the_request_free(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    peer.replies["RCPT"] = ["550 5.1.1 unknown", "250 2.1.5 OK"]
    await put(database, letter("a", 1), letter("b", 1))
    async with running(smart()):
        await lines.until("letter sent")
    assert subjects(peer) == ["b"]


async def test_a_letter_of_a_worker_that_died_is_taken_over_when_the_lease_ends(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines, clock: Clock) -> None:
    peer.replies["."] = [HANG, "250 2.0.0 queued"]
    [one] = await put(database, letter("a"))
    dead = asyncio.create_task(smart().run())
    await peer.hears("DATA")
    dead.cancel()
    with suppress(asyncio.CancelledError):
        await dead
    assert (await get(database, one)).state == "waiting"
    clock.now = NOON + LEASE - timedelta(seconds=1)
    async with running(smart()) as heir:
        assert peer.letters == []
        clock.now = NOON + LEASE
        heir.wake()
        await lines.until("letter sent")
    assert len(peer.letters) == 1
    assert (await get(database, one)).attempts == 2


class Watched:
    """A real database of which one can wait until a worker has looked for letters in vain."""

    def __init__(self, database: Database) -> None:
        self.write, self._read = database.write, database.read
        self.has_looked = asyncio.Event()

    async def read(self, work: Callable[[Db], Any]) -> Any:
        self.has_looked.set()
        return await self._read(work)


async def test_a_letter_that_is_long_under_way_stays_in_one_hand(
        database: Database, peer: Peer, lines: Lines, clock: Clock) -> None:
    lease = timedelta(seconds=1.2)

    def worker(database: Database) -> Worker:
        settings = Delivery(smarthost=f"127.0.0.1:{peer.port}")
        return Worker(database, settings, Site(), ZoneResolver({}), clock, None, lambda: None, lease=lease)

    peer.may_answer.clear()
    [one] = await put(database, letter("a"))
    async with running(worker(database)), asyncio.timeout(60):
        await peer.hears("DATA")
        clock.now = NOON + timedelta(seconds=1)
        while (await get(database, one)).claimed_until != clock.now + lease:  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.05)
        clock.now = NOON + lease
        watched = Watched(database)
        async with running(worker(watched)):  # type: ignore[arg-type]
            await watched.has_looked.wait()
            assert peer.connections == 1
            peer.may_answer.set()
            await lines.until("letter sent")
    assert len(peer.letters) == 1


async def test_what_was_recorded_as_sent_is_never_sent_again(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines, clock: Clock) -> None:
    await put(database, letter("a"))
    async with running(smart()):
        await lines.until("letter sent")
    clock.now = NOON + timedelta(days=1)
    await put(database, letter("b"))
    async with running(smart()):
        await lines.until("letter sent", 2)
    assert subjects(peer) == ["a", "b"]


async def test_a_connection_lost_after_the_letter_was_sent_is_tried_again(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    peer.replies["."] = [DROP]
    [one] = await put(database, letter("a"))
    async with running(smart()):
        await lines.until("letter deferred")
    assert "after the letter was sent" in (await get(database, one)).reply


async def test_stopping_lets_a_letter_under_way_arrive(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines) -> None:
    [one] = await put(database, letter("a"))
    worker = smart()
    task = asyncio.create_task(worker.run())
    await peer.hears("EHLO")
    await worker.stop()
    await task
    assert (await get(database, one)).state == "sent"
    assert len(peer.letters) == 1


async def test_stopping_a_worker_that_never_ran_returns(smart: Callable[..., Worker]) -> None:
    await smart().stop()


class Flaky:
    """A real database that is away for some calls."""

    def __init__(self, database: Database, away: int) -> None:
        self.database, self.away = database, away

    async def write(self, work: Callable[[Db], Any]) -> Any:
        self._fail()
        return await self.database.write(work)

    async def read(self, work: Callable[[Db], Any]) -> Any:
        self._fail()
        return await self.database.read(work)

    def _fail(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise ConnectionError("the database is away")


async def test_a_database_that_is_away_is_asked_again_and_the_outcome_is_kept_meanwhile(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.delivery.worker.PAUSE", 0.01)
    [one] = await put(database, letter("a"))
    worker = smart()
    flaky = worker._database = Flaky(database, away=3)  # type: ignore[assignment]
    async with running(worker):
        await peer.hears("RCPT")
        told = lines.of("the outbox does not answer")
        assert [line["error"] for line in told] == ["ConnectionError: the database is away"] * 3
        assert not any("exc_info" in line for line in told), "one line for each try, however long it is away"
        flaky.away = 3
        await lines.until("letter sent")
    assert lines.of("an outcome could not be recorded")
    assert (await get(database, one)).state == "sent"
    assert len(peer.letters) == 1


# ---- signed, and as files ------------------------------------------------------------------------------------------


@pytest.fixture
def signer() -> Signer:
    return Signer("example.com", [SigningKey.make("desk", "ed25519")])


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    return tmp_path / "sent"


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def block(folder: Path) -> None:
    folder.write_text("in the way")


async def test_a_letter_is_signed_on_its_way_and_the_outbox_keeps_it_unsigned(
        database: Database, smart: Callable[..., Worker], peer: Peer, lines: Lines, signer: Signer) -> None:
    [one] = await put(database, letter("a"))
    async with running(smart(signer=signer)):
        await lines.until("letter sent")
    raw = (await get(database, one)).raw
    assert peer.letters[0].startswith(b"DKIM-Signature:")
    assert b"t=%d;" % NOON.timestamp() in peer.letters[0]
    assert peer.letters[0].endswith(raw)
    assert b"DKIM-Signature" not in raw


async def test_without_a_way_out_letters_become_files_and_the_log_says_where(
        database: Database, make: Callable[..., Worker], lines: Lines, sent: Path, signer: Signer) -> None:
    [one] = await put(database, letter("a"))
    async with running(make(signer=signer)):
        [line] = await lines.until("letter sent")
    [file] = files(sent)
    assert file.name == f"20261123T120000Z-{one:08d}-a@example.net.eml"
    assert str(file) in line["reply"]
    assert file.read_bytes().startswith(b"Return-Path: <bounce+1.x@example.com>\r\nDKIM-Signature:")
    assert (await get(database, one)).state == "sent"


async def test_a_file_written_twice_is_one_file(
        database: Database, make: Callable[..., Worker], lines: Lines, sent: Path, clock: Clock) -> None:
    [one] = await put(database, letter("a"))
    async with running(make()):
        await lines.until("letter sent")

    def forget(db: Db) -> None:
        found = db.get(Letter, one)
        assert found is not None
        found.state = "waiting"

    await database.write(forget)
    clock.now = NOON + timedelta(hours=1)
    async with running(make()):
        await lines.until("letter sent", 2)
    assert len(files(sent)) == 1


async def test_an_address_cannot_name_a_file_elsewhere(
        database: Database, make: Callable[..., Worker], lines: Lines, sent: Path) -> None:
    hostile = letter("a")
    hostile.recipient = "../../etc/\r\n\x1b한글@" + "x" * 300
    await put(database, hostile)
    async with running(make()):
        await lines.until("letter sent")
    [file] = files(sent)
    assert "/" not in file.name
    assert len(file.name) < 130


async def test_a_folder_that_cannot_be_written_defers_the_letter(
        database: Database, make: Callable[..., Worker], lines: Lines, sent: Path) -> None:
    block(sent)
    [one] = await put(database, letter("a"))
    async with running(make()):
        await lines.until("letter deferred")
    assert (await get(database, one)).reply.startswith("451 4.3.0 trouble on our side: ")
    assert (await get(database, one)).next_attempt <= NOON + timedelta(seconds=2)


async def test_new_settings_hold_from_the_next_letter_on(
        database: Database, make: Callable[..., Worker], peer: Peer, lines: Lines, sent: Path) -> None:
    await put(database, letter("a"))
    async with running(make()) as worker:
        await lines.until("letter sent")
        worker.configure(Delivery(smarthost=f"127.0.0.1:{peer.port}"), Site(), None)
        await put(database, letter("b"))
        worker.wake()
        await lines.until("letter sent", 2)
    assert subjects(peer) == ["b"]
    assert len(files(sent)) == 1
