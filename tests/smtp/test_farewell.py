"""Whom the door shows out, whatever is still on its way from there, reads why (RFC 5321 section 4.2.2: 421, 5yz)."""

import asyncio

import pytest
from smtp.house import Client, Opening

MORE = b"and more of it\r\n" * 100_000
"""Far more than lies in a socket, so that much of it comes when the reply was said."""


@pytest.mark.parametrize(("begins", "reply"), [
    (b"XYZZY\r\n", b"421 4.7.0 Too many errors"),
    (b"POST / HTTP/1.1\r\n", b"554 5.5.1 This is a mail server"),
    (b"BDAT 1e6 LAST\r\n", b"501 5.5.4 It is: BDAT size [LAST]"),
    (b"MAIL FROM:<a@example.org>\r\nDATA\r\n", b"421 4.7.0 Whoever does not wait for our replies is not understood"),
    (b"BDAT 999999999999 LAST\r\n", b"552 5.3.4 The mail is far larger than what SIZE in our EHLO says"),
])  # fmt: skip
async def test_who_is_shown_out_while_he_sends_on_reads_why(open_house: Opening, begins: bytes, reply: bytes) -> None:
    client = await (await open_house()).client()
    client.send(begins + MORE)
    assert (await client.reader.read()).endswith(reply + b"\r\n")


async def test_for_whom_there_is_no_room_reads_why_though_he_speaks_at_once(open_house: Opening) -> None:
    house = await open_house(connections=1)
    await house.client()
    hasty = await house.knock()
    hasty.send(MORE)
    assert (await hasty.reader.read()).startswith(b"421 4.3.2 ")


@pytest.mark.parametrize(("bound", "least"), [("SECONDS", 0.2), ("OCTETS", 1000), ("MOST", 0)])
async def test_nobody_is_heard_out_without_end(
    open_house: Opening, monkeypatch: pytest.MonkeyPatch, bound: str, least: float
) -> None:
    monkeypatch.setattr(f"gateway.smtp.farewell.{bound}", least)
    client = await (await open_house()).client()
    assert (await client.says("GET / HTTP/1.1")).startswith("554 ")
    await asyncio.wait_for(sending_fails(client), 60)


async def sending_fails(client: Client) -> None:
    while not client.writer.is_closing():
        client.send(b"x" * 100)
        await asyncio.sleep(0.01)
