"""Other programs are told what happens: signed, until they have heard it, and never behind our own walls."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path

import pytest
from desk_house import House

from gateway.authentication.zone import ZoneResolver
from gateway.delivery.caller import Caller, NotCalled, Target
from gateway.delivery.webhooks import RETRY, Herald
from gateway.models import Webhook, WebhookDelivery
from gateway.store import webhooks
from gateway.store.database import Database

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Listener:
    """A program that is told things; it answers with these statuses, one after the other, the last for ever."""

    statuses: list[int] = field(default_factory=lambda: [204])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) if index else ("line", line)
                      for index, line in enumerate(head) if line)
        raw = dict(line.split(": ", 1) for line in head[1:] if line)
        fields["webhook-signature"] = {name.lower(): value for name, value in raw.items()}["webhook-signature"]
        self.heard.append((fields, await reader.readexactly(int(fields["content-length"]))))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        writer.write(f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:{self.port}/elsewhere\r\n"
                     "Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    yield listener
    server.close()
    await server.wait_closed()


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def hooked(house: House, listener: Listener, **more: list[str]) -> Herald:
    """The listener is told from now on."""
    hook = Webhook(url=f"http://127.0.0.1:{listener.port}/in?x=1", secret=webhooks.invent_secret(),
                   created_at=house.now, **more)
    await house.change(lambda db: webhooks.add(db, hook))
    return Herald(house.database, Caller(ZoneResolver({}), LOOPBACK), lambda: house.now)


async def tells(house: House, herald: Herald) -> None:
    """All that is due, when what happened has settled."""
    house.now += webhooks.SETTLED
    while await herald.round():
        pass


async def test_what_happens_is_told_signed_and_without_a_customers_word(house: House, listener: Listener) -> None:
    await house.writes(subject="an old one")
    herald = await hooked(house, listener)
    request = await house.writes(text="My card number is 4711.", author="lee@example.org")
    await tells(house, herald)
    fields, body = listener.heard[0]
    told = json.loads(body)
    assert (told["event"], told["request"], told["queue"]) == ("open", request.number, request.queue)
    whole = b"".join(body for _, body in listener.heard).decode()
    assert not {word for word in ("4711", "lee@example.org", "Cannot log in", "an old one") if word in whole}
    [hook] = await house.all(Webhook)
    key = b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + body
    kind, _, value = fields["webhook-signature"].partition(",")
    assert (kind, b64decode(value)) == ("v1", digest(key, signed, sha256))
    assert fields["line"] == "POST /in?x=1 HTTP/1.1"
    before = len(listener.heard)
    await tells(house, herald)
    assert len(listener.heard) == before


async def test_only_what_is_wanted_is_told(house: House, listener: Listener) -> None:
    herald = await hooked(house, listener, events=["answer"], queues=["technical"])
    request = await house.writes()
    await house.acts.say("answer", request.number, "minji", "Please try again.")
    await house.acts.move(request.number, "minji", "elsewhere")
    await tells(house, herald)
    assert listener.heard == []
    await house.acts.move(request.number, "minji", "technical")
    await house.acts.say("answer", request.number, "minji", "Please try again.")
    await tells(house, herald)
    assert [json.loads(body)["event"] for _, body in listener.heard] == ["answer"]


@pytest.mark.parametrize("status", [500, 302, 404])
async def test_what_was_not_heard_is_told_again_under_the_same_id_and_given_up_in_the_end(
        house: House, listener: Listener, status: int) -> None:
    listener.statuses = [status]
    herald = await hooked(house, listener, events=["open"])
    await house.writes()
    await tells(house, herald)
    assert [row.state for row in await house.all(WebhookDelivery)] == ["waiting"]
    house.now += RETRY.retry_first
    await tells(house, herald)
    assert len({fields["webhook-id"] for fields, _ in listener.heard}) == 1
    assert len(listener.heard) == 2
    house.now += RETRY.give_up
    await tells(house, herald)
    [row] = await house.all(WebhookDelivery)
    assert (row.state, row.status, row.attempts) == ("failed", status, 3)


async def test_who_is_gone_is_told_nothing_more(house: House, listener: Listener) -> None:
    listener.statuses = [410]
    herald = await hooked(house, listener)
    await house.writes()
    await tells(house, herald)
    [hook] = await house.all(Webhook)
    assert (hook.disabled_at, hook.reason) == (house.now, "It said 410 Gone.")
    assert {row.state for row in await house.all(WebhookDelivery)} == {"failed"}


async def test_what_was_told_long_ago_is_forgotten(
        house: House, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "FORGET_EVERY", 1)
    herald = await hooked(house, listener, events=["open"])
    await house.writes()
    await tells(house, herald)
    house.now += webhooks.KEPT + timedelta(seconds=1)
    await house.writes(author="lee@example.org")
    await tells(house, herald)
    assert len(await house.all(WebhookDelivery)) == 1


async def test_two_heralds_tell_each_thing_once(house: House, listener: Listener) -> None:
    herald = await hooked(house, listener, events=["open"])
    other = Herald(house.database, Caller(ZoneResolver({}), LOOPBACK), lambda: house.now)
    for number in range(5):
        await house.writes(author=f"kim{number}@example.org")
    house.now += webhooks.SETTLED
    await asyncio.gather(*(each.round() for each in (herald, other, herald, other)))
    await tells(house, herald)
    assert len(listener.heard) == len({fields["webhook-id"] for fields, _ in listener.heard}) == 5


# ---- whom we call --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
    "64:ff9b::7f00:1", "2001:0:7f00:1::", "ff02::1", "::127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1",
])
async def test_nothing_inside_is_called_by_address_or_by_name(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    zone = {"hooks.example.org": {"AAAA" if ":" in address else "A": [address]}}
    caller = Caller(ZoneResolver(zone), ())
    for host in (literal, "hooks.example.org"):
        with pytest.raises(NotCalled, match="private address"):
            await caller.post(f"https://{host}/", b"{}", ())


async def test_the_open_network_is_spoken_to_by_tls_only() -> None:
    caller = Caller(ZoneResolver({"hooks.example.org": {"A": ["192.0.2.1", "8.8.8.8"]}}), ())
    with pytest.raises(NotCalled, match="only https"):
        await caller.post("http://hooks.example.org/", b"{}", ())
    with pytest.raises(NotCalled, match="DNS knows no address"):
        await caller.post("https://nowhere.example.org/", b"{}", ())


@pytest.mark.parametrize("url", [
    "ftp://a.example/", "https://", "https:///x", "https://user:pw@a.example/", "https://a.example:99999/",
    "//a.example", "https://[::1", "https://a.example/\r\nX: y", "https://a.example/ x", "javascript:alert(1)", "https://é.example/",
    "https://a.example/" + "x" * 500, "",
])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ValueError, match="An address is such as"):
        Target.read(url)


@pytest.mark.parametrize("said", [b"", b"220 mx.example.org ESMTP\r\n", b"HTTP/1.1 ", b"x" * 100_000])
async def test_who_does_not_speak_http_has_not_heard(said: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotCalled):
        await Caller(ZoneResolver({}), LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", ())
    server.close()
    await server.wait_closed()


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.delivery.caller.PATIENCE", 0.1)
    has_left = asyncio.Event()

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        has_left.set()

    server = await asyncio.start_server(listens, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(NotCalled, match="no answer within"):
        await Caller(ZoneResolver({}), LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", ())
    await has_left.wait()
    server.close()
    await server.wait_closed()
