"""What holds for every page: over a real socket, by hand."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.web import limits, server
from gateway.web.app import LARGEST_BODY
from gateway.web.limits import FOR_A_CLIENT

Opened = Callable[..., Any]

HEADERS = {
    "referrer-policy": "same-origin", "x-content-type-options": "nosniff", "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store", "content-type": "text/html; charset=utf-8",
}


# ---- what every answer says ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/v/good", 200), ("HEAD", "/v/good", 200), ("POST", "/v/good", 200), ("GET", "/", 404), ("GET", "/x", 404),
    ("POST", "/v", 404), ("PUT", "/v/good", 404), ("DELETE", "/v/good", 404), ("OPTIONS", "*", 404),
    ("OPTIONS", "/v/good", 404), ("TRACE", "/v/good", 404), ("BREW", "/v/good", 404), ("GET", "/openapi.json", 404),
    ("GET", "/docs", 404), ("GET", "/v/" + "x" * 2000, 414), ("POST", "/" + "x" * 2000, 414),
])
async def test_every_answer_has_the_headers_and_names_no_software(
        visitor: Any, method: str, path: str, status: int) -> None:
    answer = await visitor.asks(method, path)
    assert answer.status == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert {"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} < set(policy)
    assert not {"server", "set-cookie", "x-powered-by", "allow"} & set(answer.headers)
    assert answer.headers["date"].endswith("gmt")


async def test_what_is_not_there_and_what_is_asked_by_another_method_is_one_page(visitor: Any) -> None:
    answers = [await visitor.asks(method, path) for method, path in
               (("GET", "/"), ("PUT", "/v/good"), ("GET", "/v"), ("DELETE", "/x"), ("POST", "/"))]
    assert len({answer.body for answer in answers}) == 1


async def test_head_is_get_without_the_body(visitor: Any) -> None:
    get, head = await visitor.opens(), await visitor.asks("HEAD", "/v/good")
    for answer in (get, head):
        answer.headers.pop("date")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert int(head.headers["content-length"]) == len(get.body)


async def test_the_language_is_that_of_the_link_or_the_browser(visitor: Any) -> None:
    by_link = await visitor.opens("/v/good?l=ko", Accept_Language="en")
    by_browser = await visitor.presses("/v/good", Accept_Language="ko-KR,ko;q=0.9,en;q=0.8")
    assert (by_link.headers["content-language"], by_browser.headers["content-language"]) == ("ko", "ko")
    assert "직접 문의하셨나요?" in by_link.body.decode()
    assert "감사합니다" in by_browser.body.decode()
    assert b"Was it you?" in (await visitor.opens()).body


# ---- what a stranger may not do ------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "https://desk.example.com.evil.example", "https://", "http://[", "\xff",
    "https://evil.example/desk.example.com",
])
async def test_the_form_of_another_site_proves_nothing(visitor: Any, desk: Any, origin: str) -> None:
    answer = await visitor.presses(Origin=origin)
    assert answer.status == 403
    assert desk.pressed == []


@pytest.mark.parametrize(("web", "host", "origin"), [
    ({}, "desk.example.com", "https://desk.example.com"), ({}, "Desk.Example.com", "https://desk.example.com"),
    ({}, "127.0.0.1:8025", "http://127.0.0.1:8025"),
    ({"url": "https://desk.example.com/mail"}, "127.0.0.1:8025", "https://desk.example.com"),
], ids=["TLS in front", "letters of any case", "tried out", "a web server that changes Host"])
async def test_our_own_form_proves(opened: Opened, desk: Any, web: dict[str, str], host: str, origin: str) -> None:
    visitor = await opened(**web)
    assert (await visitor.presses(Host=host, Origin=origin)).status == 200
    assert desk.pressed == ["good"]


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 100_000])
async def test_a_large_body_is_not_taken(visitor: Any, desk: Any, size: int) -> None:
    answer = await visitor.asks("POST", "/v/good", b"x" * size)
    assert answer.status == 413
    assert desk.pressed == []


async def test_a_body_in_chunks_is_not_taken(visitor: Any, desk: Any) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    octets = await visitor.sends(b"POST /v/good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100 + b"0\r\n\r\n")
    assert octets.startswith(b"HTTP/1.1 411 ")
    assert desk.pressed == []


async def test_a_small_body_is_taken_and_not_looked_at(visitor: Any, desk: Any) -> None:
    assert (await visitor.asks("POST", "/v/good", b"x" * LARGEST_BODY)).status == 200
    assert desk.pressed == ["good"]


async def test_half_a_body_proves_nothing(visitor: Any, desk: Any) -> None:
    _, writer = await visitor.connects()
    writer.write(b"POST /v/good HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
    writer.close()
    await writer.wait_closed()
    await visitor.opens()
    assert desk.pressed == []


@pytest.mark.parametrize("octets", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"EHLO mx.example.org\r\nMAIL FROM:<>\r\n\r\n",
    b"GET / HTTP/9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"POST /v/good HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST /v/good HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /v/good HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"GET /" + b"x" * 500_000,
], ids=["TLS", "SMTP", "a version that is none", "no Host", "5000 digits", "a negative length", "two lengths",
        "a long line", "a long head", "a line without end"])
async def test_what_is_no_http_is_sent_away_and_the_next_visitor_is_served(
        visitor: Any, desk: Any, octets: bytes) -> None:
    said = await visitor.sends(octets)
    assert said == b"" or said.split(b" ")[1].startswith(b"4")
    assert desk.pressed == []
    assert (await visitor.opens()).status == 200


async def test_a_websocket_is_not_spoken(visitor: Any) -> None:
    answer = await visitor.asks("GET", "/v/good", Connection="upgrade, close", Upgrade="websocket",
                                Sec_WebSocket_Version="13", Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==")
    assert answer.status == 200


# ---- who comes too often, and who is slow --------------------------------------------------------------------------


@pytest.fixture
def next_is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute until the next visit, in place of two seconds: a busy machine takes longer for thirty of them."""
    monkeypatch.setattr(limits, "FOR_A_CLIENT", replace(FOR_A_CLIENT, a_minute=1))


@pytest.mark.usefixtures("next_is_far")
async def test_who_comes_too_often_is_asked_to_wait(visitor: Any) -> None:
    answers = [await visitor.opens() for _ in range(FOR_A_CLIENT.at_once + 1)]
    assert [answer.status for answer in answers] == [200] * FOR_A_CLIENT.at_once + [429]
    assert answers[-1].headers["retry-after"] == "10"
    assert b"One moment, please" in answers[-1].body


@pytest.mark.usefixtures("next_is_far")
async def test_visitors_behind_our_web_server_are_counted_apart(opened: Opened) -> None:
    visitor = await opened(proxies=("127.0.0.0/8",))
    for client in ("192.0.2.1", "192.0.2.2, 127.0.0.9"):
        statuses = [(await visitor.opens(X_Forwarded_For=client)).status for _ in range(FOR_A_CLIENT.at_once)]
        assert set(statuses) == {200}
    assert (await visitor.opens(X_Forwarded_For="198.51.100.1, 192.0.2.1")).status == 429


@pytest.mark.usefixtures("next_is_far")
async def test_nobody_else_says_who_he_is(opened: Opened) -> None:
    visitor = await opened(proxies=())
    statuses = [(await visitor.opens(X_Forwarded_For=f"192.0.2.{number}")).status for number in range(31)]
    assert statuses[-1] == 429


def mannered(visitor: Any, **other: float) -> None:
    """The window has these manners for whoever comes from now on."""
    visitor.window.manners = replace(visitor.window.manners, **other)


async def drip(visitor: Any, *pieces: bytes) -> bytes:
    """Everything that comes back to who sends the first piece at once, each further one a while later, and no more."""
    reader, writer = await visitor.connects()
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(visitor.window.manners.patience / 3)
    with suppress(ConnectionError):
        return await reader.read()
    return b""


@pytest.mark.parametrize("pieces", [
    (), (b"GET",), (b"GET /v/x HTTP/1.1\r\n", b"Host: a\r\n", b"X: 1\r\n"),
    (b"POST /v/good HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", b"x", b"x"),
], ids=["says nothing", "begins", "one header at a time", "one octet at a time"])
async def test_a_slow_client_is_let_go(
        visitor: Any, desk: Any, pieces: tuple[bytes, ...]) -> None:
    mannered(visitor, patience=0.15)
    async with asyncio.timeout(60):
        assert await drip(visitor, *pieces) == b""
    assert desk.pressed == []


async def test_a_client_that_reads_nothing_is_let_go(visitor: Any) -> None:
    mannered(visitor, patience=0.3)
    _, writer = await visitor.connects()
    writer.transport.pause_reading()

    async def asks_for_ever() -> None:
        while True:
            writer.write(b"GET /v/x HTTP/1.1\r\nHost: a\r\n\r\n" * 3000)
            await writer.drain()
            await asyncio.sleep(0.02)

    async with asyncio.timeout(100):  # until it lets us go, our requests are answered into the kernel's buffers
        with pytest.raises(ConnectionError):
            await asks_for_ever()


async def test_a_customer_waits_for_a_slow_desk(visitor: Any, desk: Any) -> None:
    mannered(visitor, patience=1)
    desk.goes_on.clear()
    pressed = asyncio.create_task(visitor.presses())
    await desk.is_asked.wait()
    await asyncio.sleep(1.2)  # the patience is what is tested
    desk.goes_on.set()
    assert (await pressed).status == 200


async def test_beyond_the_most_connections_nobody_is_let_in_until_one_goes(
        visitor: Any) -> None:
    mannered(visitor, connections=3)
    inside = [await visitor.connects() for _ in range(3)]
    with pytest.raises(ConnectionError):
        await visitor.opens()
    inside[0][1].close()
    await inside[0][1].wait_closed()
    assert (await visitor.opens()).status == 200


async def test_many_requests_come_over_one_connection(visitor: Any) -> None:
    octets = await visitor.sends(b"GET /v/x HTTP/1.1\r\nHost: a\r\n\r\n" * 3
                                 + b"GET /v/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert octets.count(b"HTTP/1.1 200 OK") == 4


async def test_a_connection_is_good_for_more_than_one_request_may_have(visitor: Any) -> None:
    reader, writer = await visitor.connects()
    for _ in range(20):
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1000 + b"\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 404 ")
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))


async def test_who_sends_heaps_at_once_gets_a_few_answers_and_is_let_go(
        visitor: Any) -> None:
    mannered(visitor, patience=0.3)
    async with asyncio.timeout(100):
        octets = await visitor.sends(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 8000)
    assert octets.count(b"HTTP/1.1 ") < 500


# ---- when we cannot ------------------------------------------------------------------------------------------------


async def test_a_fault_of_ours_is_told_to_the_customer_and_in_the_log(visitor: Any, desk: Any) -> None:
    desk.fault = OSError("the disk is full")
    with capture_logs() as lines:
        answer = await visitor.presses("/v/good?l=ko")
    assert answer.status == 503
    assert "처리하지 못했습니다" in answer.body.decode()
    assert "content-security-policy" in answer.headers
    assert [line["log_level"] for line in lines] == ["error"]
    assert (await visitor.opens()).status == 200


async def test_no_token_is_ever_logged(visitor: Any, desk: Any) -> None:
    with capture_logs() as lines:
        await visitor.presses("/v/good")
        await visitor.presses("/v/v1.abc.secretsecret")
        desk.fault = OSError("away")
        await visitor.presses("/v/v1.abc.secretsecret")
    assert [line.get("proven") for line in lines] == [True, False, None]
    assert "secret" not in str(lines)


async def test_drained_it_finishes_what_was_pressed_and_lets_nobody_in(visitor: Any, desk: Any) -> None:
    desk.goes_on.clear()
    idle = await visitor.connects()
    pressed = asyncio.create_task(visitor.presses())
    await desk.is_asked.wait()
    draining = asyncio.create_task(visitor.window.drain())
    assert await idle[0].read() == b""
    with pytest.raises(ConnectionError):
        await visitor.opens()
    desk.goes_on.set()
    assert (await pressed).status == 200
    await draining


async def test_drained_it_waits_for_nobody_for_ever(visitor: Any, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DRAIN", 0.1)
    desk.goes_on.clear()
    pressed = asyncio.create_task(visitor.presses())
    await desk.is_asked.wait()
    async with asyncio.timeout(60):
        await visitor.window.drain()
    with pytest.raises(ConnectionError):
        await pressed
