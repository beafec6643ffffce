"""The PROXY header of a balancer (versions 1 and 2), and TLS from the first octet. Dialogues: dialogue.py."""

import asyncio
import random
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import pytest
from smtp.dialogue import hold, trusting
from smtp.house import MAIL, SUPPORT, Client, House, Opening

from gateway.smtp.proxy import SIGNATURE, BadHeader, Introduction, read

LINE = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n"
FOUR = SIGNATURE + b"\x21\x11\x00\x0c" + bytes([192, 0, 2, 7, 192, 0, 2, 1]) + b"\x9c\x40\x00\x19"
SIX = SIGNATURE + b"\x21\x21\x00\x24" + bytes.fromhex("20010db8" + "00" * 11 + "07") + bytes(16) + b"\x9c\x40\x00\x19"
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
DIALOGUE = f"EHLO client.example.org\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode()


@pytest.mark.parametrize(("octets", "ip"), [
    (LINE, "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 25\r\n", "192.0.2.7"),
    (b"PROXY UNKNOWN\r\n", ""), (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""),
    (FOUR, "192.0.2.7"), (SIX, "2001:db8::7"), (LOCAL, ""),
    (SIGNATURE + b"\x21\x11\x00\x10" + FOUR[16:] + b"\x04\x00\x01\x00", "192.0.2.7"),
    (SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), ""), (SIGNATURE + b"\x21\x00\x00\x00", ""),
])  # fmt: skip
def test_a_header_is_read_wherever_it_is_cut(octets: bytes, ip: str) -> None:
    for end in range(len(octets)):
        assert read(octets[:end]) is None
    assert read(octets) == read(octets + b"EHLO x\r\n") == Introduction(ip, len(octets))


@pytest.mark.parametrize("octets", [
    b"EHLO client.example.org\r\n", b"PROXY\r\n", b"PROXY TCP4 192.0.2.7\r\n",
    b"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n", b"PROXY TCP4 192.0.2.7 192.0.2.256 1 2\r\n",
    b"PROXY TCP4 192.0.2.7 ::1 1 2\r\n", b"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 1 02\r\n",
    b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", b"PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n",
    b"proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n", b"PROXY UNKNOWN " + b"x" * 200, b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    SIGNATURE + b"\x11\x11\x00\x00", SIGNATURE + b"\x22\x11\x00\x00", SIGNATURE + b"\x21\x11\x00\x04\x01\x02\x03\x04",
    b"\r\n\r\nEHLO", b"\x16\x03\x01",
])  # fmt: skip
def test_what_is_no_header(octets: bytes) -> None:
    with pytest.raises(BadHeader):
        read(octets)


@pytest.fixture
async def balanced(open_house: Opening) -> House:
    return await open_house(proxies=["127.0.0.1"])


@pytest.mark.parametrize(("header", "ip"), [(LINE, "192.0.2.7"), (FOUR, "192.0.2.7"), (SIX, "2001:db8::7"),
                                            (LOCAL, "127.0.0.1"), (b"PROXY UNKNOWN\r\n", "127.0.0.1")])
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_the_client_is_whom_the_balancer_names(balanced: House, header: bytes, ip: str, size: int) -> None:
    client = await balanced.knock()
    stream = header + DIALOGUE
    for place in range(0, len(stream), size):
        client.send(stream[place : place + size])
        await client.writer.drain()
    assert [(await client.reply())[:3] for _ in range(5)] == ["220", "250", "250", "250", "354"]
    client.send(MAIL + b".\r\n")
    assert (await client.reply()).startswith("250 ")
    assert (await balanced.kept())[0].client_ip == ip


async def test_it_holds_through_starttls(balanced: House) -> None:
    client = await balanced.knock()
    client.send(FOUR)
    await hold(client, "C: STARTTLS\nS: 220\nTLS\nC: EHLO client.example.org\nS: 250-\nC: $ENVELOPE")
    assert (await client.data(MAIL)).startswith("250 ")
    (row,) = await balanced.kept()
    assert (row.client_ip, row.tls) == ("192.0.2.7", True)


async def test_a_balancer_without_a_header_gets_no_word(balanced: House) -> None:
    client = await balanced.knock()
    client.send(b"EHLO client.example.org\r\n")
    assert await client.is_closed()
    await balanced.only_left(0)


async def test_a_balancer_that_looks_and_leaves_disturbs_nobody(balanced: House) -> None:
    client = await balanced.knock()
    client.send(LINE[:9])
    client.hang_up()
    client = await balanced.knock()
    client.writer.write_eof()
    assert await client.is_closed()
    await balanced.only_left(0)
    client = await balanced.knock()
    client.send(LINE + b"QUIT\r\n")
    assert [(await client.reply())[:3] for _ in range(2)] == ["220", "221"]


async def test_a_balancer_that_says_nothing_is_shown_out(open_house: Opening) -> None:
    house = await open_house(proxies=["127.0.0.1"], command_timeout="1s")
    assert await (await house.knock()).reply() == "421 4.4.2 You were silent for too long"


async def test_limits_are_the_true_clients(open_house: Opening) -> None:
    house = await open_house(proxies=["127.0.0.1"], connections_per_client=1)
    clients = [await house.knock() for _ in range(3)]
    for client, header in zip(clients, (LINE, LINE, SIX), strict=True):
        client.send(header)
    assert [(await client.reply())[:9] for client in clients] == ["220 mx.ex", "421 4.7.0", "220 mx.ex"]


async def test_anybody_else_who_says_proxy_says_nothing_that_is_known(house: House) -> None:
    await hold(await house.knock(), "S: 220\nC: PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\nS: 500")
    client = await house.knock()
    client.send(FOUR + b"\r\nEHLO x\r\n")
    replies = [await client.reply() for _ in range(5)]
    assert [reply[:3] for reply in replies[:4]] == ["220", "500", "500", "500"]
    assert await house.kept() == []


# ---- TLS from the first octet (RFC 8314 section 3.3) ----


async def secured(house: House, header: bytes = b"") -> Client:
    """A client that begins the handshake at once, behind the header of a balancer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(header)
    await writer.start_tls(trusting())
    client = Client(reader, writer)
    house.clients.append(client)
    return client


async def test_tls_comes_before_the_greeting(open_house: Opening) -> None:
    house = await open_house(listen=["tls://127.0.0.1:0"])
    assert house.door.places == [f"tls://127.0.0.1:{house.port}"]
    client = await secured(house)
    await hold(client, "C: EHLO client.example.org\nS: 250-(?!.*STARTTLS)\nC: STARTTLS\nS: 503\nC: $ENVELOPE")
    assert (await client.data(MAIL)).startswith("250 ")
    (row,) = await house.kept()
    assert (row.tls, row.protocol) == (True, "ESMTPS")


@pytest.mark.parametrize("header", [LINE, FOUR])
async def test_a_balancer_speaks_before_tls(open_house: Opening, header: bytes) -> None:
    house = await open_house(listen=["tls://127.0.0.1:0"], proxies=["127.0.0.1"])
    client = await secured(house, header)
    await hold(client, "C: $ENVELOPE")
    assert (await client.data(MAIL)).startswith("250 ")
    assert (await house.kept())[0].client_ip == "192.0.2.7"


async def test_nothing_is_said_in_the_clear_where_tls_is_due(open_house: Opening) -> None:
    house = await open_house(listen=["tls://127.0.0.1:0"], connections_per_client=1)
    plain = await house.knock()
    assert await (await house.knock()).is_closed()
    plain.send(b"EHLO client.example.org\r\n")
    assert not (await asyncio.wait_for(plain.reader.read(), 30)).startswith((b"2", b"4", b"5"))
    await asyncio.wait_for(house.only_left(0), 30)
    assert (await (await secured(house)).reply()).startswith("220 ")


@pytest.mark.parametrize("settings", [{"listen": ["tls://127.0.0.1:0"]}, {"proxies": ["127.0.0.1"]}])
async def test_nobody_waits_for_a_client_that_has_yet_to_begin(open_house: Opening, settings: dict[str, Any]) -> None:
    house = await open_house(**settings)
    client = await house.knock()
    for _ in range(100):
        await asyncio.sleep(0)
    assert house.door.sessions == 1
    await asyncio.wait_for(house.door.drain(), 30)
    await asyncio.wait_for(client.reader.read(), 30)
    await asyncio.wait_for(house.only_left(0), 30)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_a_header_is_it_is_read_or_it_is_none(seed: int) -> None:
    chance = random.Random(seed)
    octets = bytearray(chance.choice([LINE, FOUR, SIX, LOCAL]))
    for _ in range(chance.randint(1, 4)):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    with suppress(BadHeader):
        found = read(bytes(octets))
        assert found is None or (found.length <= len(octets) and (not found.client_ip or ip_address(found.client_ip)))
