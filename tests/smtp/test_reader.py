"""Octets into lines and mails, whatever the pieces they come in."""

import asyncio
import random
import time

import pytest

from gateway.smtp.reader import COMMAND_LIMIT, HELD, Data, Endless, Herald, Wire, unstuffed


def wire(*pieces: bytes) -> Wire:
    made = Wire()
    for piece in pieces:
        made.feed(piece)
    return made


async def read_in_pieces(stream: bytes, sizes: list[int], limit: int = 10_000) -> tuple[Data | None, bytes | None]:
    """The mail at the start of the stream and the command behind it."""
    made = Wire()

    async def feed() -> None:
        place = 0
        for size in sizes:
            made.feed(stream[place : place + size])
            place += size
            await asyncio.sleep(0)
        made.feed(stream[place:])
        made.end()

    _, data = await asyncio.gather(feed(), made.data(limit))
    return data, await made.line()


STREAM = b"Subject: x\r\n\r\n..dot\r\n...\r\nnot.\r\n.\n.\r.x\r\n\r\n.\r\nQUIT\r\n"
CONTENT = b"Subject: x\r\n\r\n.dot\r\n..\r\nnot.\r\n\n.\r.x\r\n\r\n"


@pytest.mark.parametrize("split", range(1, len(STREAM)))
async def test_a_mail_is_the_same_wherever_the_stream_is_cut(split: int) -> None:
    data, command = await read_in_pieces(STREAM, [split])
    assert (data, command) == (Data(CONTENT), b"QUIT\r\n")


@pytest.mark.parametrize("seed", range(20))
async def test_a_mail_is_the_same_in_any_pieces(seed: int) -> None:
    chance = random.Random(seed)
    data, command = await read_in_pieces(STREAM, [chance.randint(1, 4) for _ in range(40)])
    assert (data, command) == (Data(CONTENT), b"QUIT\r\n")


async def test_a_mail_may_be_empty() -> None:
    data, command = await read_in_pieces(b".\r\nQUIT\r\n", [1, 1, 1])
    assert (data, command) == (Data(b""), b"QUIT\r\n")


@pytest.mark.parametrize("end", [
    b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n",
    b"\r\n. \r\n", b"\r\n..\r\n",
])  # fmt: skip
async def test_nothing_but_its_own_end_ends_a_mail(end: bytes) -> None:
    data, command = await read_in_pieces(b"a" + end + b"MAIL FROM:<x@y>\r\n.\r\nQUIT\r\n", [])
    assert data is not None
    assert b"MAIL FROM" in data.content
    assert command == b"QUIT\r\n"


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n\nb\r\n", b"\n\r\n", b"a\r\r\n", b"a\n\r\r\n"])
def test_a_bare_line_end_is_seen(content: bytes) -> None:
    assert Data(content).has_bare_line_end


@pytest.mark.parametrize("content", [b"", b"\r\n", b"a\r\n\r\nb\r\n"])
def test_a_proper_line_end_is_not_bare(content: bytes) -> None:
    assert not Data(content).has_bare_line_end


def test_one_dot_goes_from_every_line_that_begins_with_one() -> None:
    assert unstuffed(b".a\r\n..\r\nb.c\r\n.\r\n") == b"a\r\n.\r\nb.c\r\n\r\n"


@pytest.mark.parametrize(("size", "is_too_large"), [(1000, False), (1001, True), (9000, True), (400_000, True)])
async def test_a_mail_above_the_limit_is_read_to_its_end_and_dropped(size: int, is_too_large: bool) -> None:
    stream = b"x" * (size - 2) + b"\r\n.\r\nQUIT\r\n"
    data, command = await read_in_pieces(stream, [997] * 500, limit=1000)
    assert data is not None
    assert (data.is_too_large, len(data.content)) == (is_too_large, 0 if is_too_large else size)
    assert command == b"QUIT\r\n"


async def test_stuffed_dots_do_not_count_towards_the_size() -> None:
    data, _ = await read_in_pieces(b"..\r\n" * 300 + b".\r\n", [100] * 13, limit=900)
    assert data == Data(b".\r\n" * 300)


async def test_a_mail_without_end_ends_the_session() -> None:
    made = Wire()
    reading = asyncio.ensure_future(made.data(1000))
    for _ in range(40):
        made.feed(b"x" * 50_000)
        await asyncio.sleep(0)
    with pytest.raises(Endless):
        await reading


async def test_a_hang_up_before_the_end_is_no_mail() -> None:
    data, _ = await read_in_pieces(b"Subject: x\r\n\r\nhalf a ma", [3])
    assert data is None


async def test_an_overlong_line_is_passed_over() -> None:
    made = wire(b"x" * 5000, b"\r\nNOOP\r\n")
    line = await made.line()
    assert line is not None
    assert (len(line), line.endswith(b"\n")) == (COMMAND_LIMIT, False)
    assert await made.line() == b"NOOP\r\n"


async def test_a_line_without_end_ends_the_session() -> None:
    made = wire(b"x" * 1_100_000)
    with pytest.raises(Endless):
        await made.line()


class Transport:
    """The one method pair of a transport that the wire uses."""

    is_reading = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True


async def test_a_client_faster_than_we_are_is_not_read() -> None:
    transport = Transport()
    made = Wire()
    made.open(transport)  # type: ignore[arg-type]
    made.feed(b"NOOP\r\n" * 50_000)
    assert not transport.is_reading
    for _ in range(50_000):
        await made.line()
    waiting = asyncio.ensure_future(made.line())
    await asyncio.sleep(0)
    assert transport.is_reading
    made.end()
    assert await waiting is None


@pytest.mark.parametrize("line", [b"\r\n", b".\r\n", b"\r\n..\r\n"])
async def test_a_mail_of_many_short_lines_is_read_in_linear_time(line: bytes) -> None:
    began = time.process_time()
    stream = b"x\r\n" + b"." * (line == b".\r\n") + line * (4_000_000 // len(line))
    data, _ = await read_in_pieces(stream + b"\r\n.\r\n", [65_536] * 60, limit=10_000_000)
    assert data is not None
    assert time.process_time() - began < 1


@pytest.mark.parametrize("split", range(1, STREAM.index(b"..dot") + 1))
def test_a_header_is_told_once_wherever_it_is_cut(split: int) -> None:
    told: list[bytes] = []
    herald = Herald(told.append)
    for end in (split, len(CONTENT), len(CONTENT)):
        herald.see(CONTENT[:end])
    assert told == [b"Subject: x\r\n"]


def test_a_header_without_end_is_not_told_and_not_looked_for_for_ever() -> None:
    told: list[bytes] = []
    herald = Herald(told.append)
    for held in (b"x" * 10, b"x" * (HELD + 1), b"x\r\n\r\n"):
        herald.see(held)
    assert told == []
