"""How much one client may take: connections, recipients, errors, time."""

import asyncio

import pytest
from smtp.house import MAIL, Client, House, Opening

from gateway.smtp.connection import IDLE_COMMANDS
from gateway.smtp.limits import Guesses, Guests, client_ip, client_net


@pytest.mark.parametrize(("peer", "ip", "net"), [
    (("192.0.2.1", 4), "192.0.2.1", "192.0.2.1"),
    (("::ffff:192.0.2.1", 4, 0, 0), "192.0.2.1", "192.0.2.1"),
    (("2001:db8:1:2:3:4:5:6", 4, 0, 0), "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    (("fe80::1%eth0", 4, 0, 1), "fe80::1", "fe80::/64"),
    ("", "", ""),
])  # fmt: skip
def test_a_client_is_an_ipv4_address_or_an_ipv6_net(peer: object, ip: str, net: str) -> None:
    assert (client_ip(peer), client_net(ip)) == (ip, net)


def test_who_leaves_makes_room_for_one_of_the_same_net() -> None:
    guests = Guests(10, 1)
    assert guests.enter("2001:db8::1") is None
    assert guests.enter("2001:db8::2") is not None
    guests.leave("2001:db8::1")
    assert guests.enter("2001:db8::2") is None


async def test_one_client_has_so_many_connections(open_house: Opening) -> None:
    house = await open_house(connections_per_client=2)
    first, _second = await house.client(), await house.client()
    assert (await (await house.knock()).reply()).startswith("421 4.7.0")
    await first.says("QUIT")
    await house.only_left(1)
    assert (await (await house.knock()).reply()).startswith("220 ")


async def test_the_house_has_so_many_connections(open_house: Opening) -> None:
    house = await open_house(connections=1)
    await house.client()
    full = await house.knock()
    assert (await full.reply()).startswith("421 4.3.2")
    assert await full.is_closed()


async def test_further_recipients_are_told_to_come_again(open_house: Opening) -> None:
    house = await open_house(recipients=2)
    client = await house.client()
    await client.envelope("support+a@example.com")
    assert (await client.says("RCPT TO:<support+b@example.com>")).startswith("250 ")
    assert (await client.says("RCPT TO:<support+c@example.com>")).startswith("452 4.5.3")
    assert (await client.data(MAIL)).startswith("250 ")
    assert (await house.kept())[0].recipients == ["support+a@example.com", "support+b@example.com"]


async def test_who_errs_too_often_is_shown_out(open_house: Opening) -> None:
    house = await open_house(errors=3)
    client = await house.client()
    for _ in range(3):
        assert (await client.says("XYZZY")).startswith("500 5.5.1")
    assert (await client.says("NOOP")).startswith("421 4.7.0")
    assert await client.is_closed()


async def test_who_gives_commands_without_end_and_no_mail_is_shown_out(house: House) -> None:
    client = await house.client()
    for _ in range(2):  # a mail between them begins the count anew
        client.send(b"NOOP\r\n" * (IDLE_COMMANDS - 10))
        assert [(await client.reply())[:3] for _ in range(IDLE_COMMANDS - 10)] == ["250"] * (IDLE_COMMANDS - 10)
        assert (await client.mails()).startswith("250 ")
    client.send(b"RSET\r\n" * 2 * IDLE_COMMANDS)
    for _ in range(IDLE_COMMANDS):
        assert (await client.reply()).startswith("250 2.0.0")
    assert "421 4.7.0" in await client.reply() + await client.reply()


@pytest.mark.parametrize("command", [b"NOOP\r\n", b"BDAT 0\r\n"])
async def test_a_client_with_many_commands_holds_up_nobody(house: House, command: bytes) -> None:
    """They are all here before the other's one, which is answered before they are all."""
    busy, patient = await house.client(), await house.client()
    await busy.envelope()
    busy.send(command * (IDLE_COMMANDS - 10))
    assert (await patient.says("NOOP")).startswith("250 ")
    assert (await busy.reader.read(10**6)).count(b"\r\n") < IDLE_COMMANDS - 10


async def test_a_silent_client_is_told_and_shown_out(open_house: Opening) -> None:
    house = await open_house(command_timeout="1s")
    client = await house.client()
    assert (await client.reply()).startswith("421 4.4.2")
    assert await client.is_closed()


async def test_a_client_silent_inside_a_mail_is_shown_out_and_nothing_is_kept(open_house: Opening) -> None:
    house = await open_house(data_timeout="1s")
    client = await house.client()
    await client.envelope()
    await client.says("DATA")
    client.send(MAIL)
    assert (await client.reply()).startswith("421 4.4.2")
    assert await client.is_closed()
    assert await house.kept() == []


async def test_a_session_has_an_end_however_busy_it_is(open_house: Opening) -> None:
    house = await open_house(session_timeout="1s")
    client = await house.client()
    await client.envelope()
    while (reply := await client.says("BDAT 0")).startswith("250 "):
        pass
    assert reply.startswith("421 4.4.2")


async def test_a_command_without_end_ends_the_session(house: House) -> None:
    client = await house.client()
    client.send(b"x" * 2_000_000)
    assert (await client.reply()).startswith("421 4.7.0")


async def test_a_client_that_never_reads_is_cut_off(open_house: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.smtp.farewell.SECONDS", 0.2)
    house = await open_house(command_timeout="1s")
    client = await house.client()
    await client.envelope()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(200):
        client.send(b"HELP\r\n" * (IDLE_COMMANDS - 10) + b"BDAT 0\r\n")
    await asyncio.wait_for(house.only_left(0), 100)


def test_guesses_fade_and_are_counted_by_net() -> None:
    guesses = Guesses(3)
    assert [guesses.guess("192.0.2.1", name, 0.0) for name in "abca"] == [0.0, 0.0, 0.0, 0.0]
    assert guesses.is_harvest("192.0.2.1", 0.0)
    assert not guesses.is_harvest("192.0.2.2", 0.0)
    assert guesses.count("192.0.2.1", 600.0) == 1.5
    assert not guesses.is_harvest("192.0.2.1", 600.0)


def test_only_so_many_nets_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.smtp.limits.NETS", 2)
    guesses = Guesses(3)
    for last in (1, 2, 3):
        guesses.guess(f"192.0.2.{last}", "a", 0.0)
    assert [guesses.count(f"192.0.2.{last}", 0.0) for last in (1, 2, 3)] == [0.0, 1.0, 1.0]


async def test_who_guesses_mailboxes_is_slowed_down_then_shown_out(
    open_house: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.smtp.limits.SLOWDOWN", 0.05)
    house = await open_house(unknown_recipients=7)
    client = await house.client()
    await client.says("MAIL FROM:<a@example.org>")
    began = asyncio.get_running_loop().time()
    replies = [await client.says(f"RCPT TO:<guess{number}@example.com>") for number in range(7)]
    assert [reply[:9] for reply in replies] == ["550 5.1.1"] * 6 + ["421 4.7.0"]
    assert asyncio.get_running_loop().time() - began >= 0.05
    assert await client.is_closed()
    assert (await (await house.knock()).reply()).startswith("421 4.7.0 Too many unknown mailboxes")


async def test_a_mail_that_dribbles_in_is_cut_off(open_house: Opening) -> None:
    house = await open_house(data_timeout="1s", minimum_rate=1000)
    client = await house.client()
    await client.envelope()
    assert (await client.says("DATA")).startswith("354 ")
    dribbling = asyncio.create_task(_dribble(client))
    assert (await client.reply()) == "421 4.4.2 The mail comes too slowly"
    dribbling.cancel()
    assert await house.kept() == []


async def _dribble(client: Client) -> None:
    while True:
        client.send(b"x\r\n")
        await asyncio.sleep(0.1)
