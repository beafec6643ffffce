"""A visitor of the pages who speaks HTTP by hand, so that nothing is put right on the way."""

import asyncio
from dataclasses import dataclass

from gateway.web.server import Window


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
