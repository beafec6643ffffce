"""A window over a real socket, and a visitor who speaks HTTP by hand, so that nothing is put right on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.config import Site, Web
from gateway.desk.acts import Acts
from gateway.web.pages import Pages
from gateway.web.server import Window

SITE = Site(name="Hanbit Support")


class Desk:
    """Takes what is pressed; `good` is the one token that proves."""

    def __init__(self) -> None:
        self.pressed: list[str] = []
        self.fault: Exception | None = None
        self.is_asked, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()

    async def prove(self, token: str) -> bool:
        self.pressed.append(token)
        self.is_asked.set()
        await self.goes_on.wait()
        if self.fault:
            raise self.fault
        return token == "good"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Visitor:
    """Somebody with a browser, or with worse."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._host, self._port = window.addresses[0]
        self._writers: list[asyncio.StreamWriter] = []

    async def connects(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self._writers.append(writer)
        return reader, writer

    def leaves(self) -> None:
        """Every connection is closed from this side."""
        for writer in self._writers:
            writer.close()

    async def sends(self, octets: bytes) -> bytes:
        """Everything that comes back until the server closes; nothing when it hangs up on us."""
        reader, writer = await self.connects()
        writer.write(octets)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""

    async def asks(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One http request on a connection of its own. Headers: Accept_Language="ko"."""
        plain = {"Host": "desk.example.com", "Connection": "close", "Content-Length": str(len(body))}
        fields = {**plain, **{name.replace("_", "-"): value for name, value in headers.items()}}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return answer(await self.sends(head.encode() + b"\r\n" + body))

    async def opens(self, path: str = "/v/good", **headers: str) -> Answer:
        return await self.asks("GET", path, **headers)

    async def presses(self, path: str = "/v/good", **headers: str) -> Answer:
        return await self.asks("POST", path, **headers)


def answer(octets: bytes) -> Answer:
    """The one answer in these octets. Raises ConnectionError when there is none."""
    if not octets:
        raise ConnectionError("closed unheard")
    head, _, body = octets.partition(b"\r\n\r\n")
    line, *fields = head.decode("ascii").split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    assert len(headers) == len(fields), "a header came twice"
    return Answer(int(line.split(" ")[1]), headers, body)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[Callable[..., Any]]:
    """Opens a window with these settings of [web]."""
    visitors: list[Visitor] = []

    async def open_window(acts: object = desk, templates: Path | None = None, **web: Any) -> Visitor:
        pages = Pages(SITE.model_copy(update={"templates": templates}))
        window = Window(pages, Web(listen="127.0.0.1:0", **web), cast(Acts, acts))
        await window.start()
        visitors.append(Visitor(window))
        return visitors[-1]

    yield open_window
    desk.goes_on.set()
    for each in visitors:
        await each.window.drain()
        each.leaves()


@pytest.fixture
async def visitor(opened: Callable[..., Any]) -> Visitor:
    """Somebody at a window with the default settings."""
    return cast(Visitor, await opened())
