"""The clients of a benchmark, in a process of their own: so many connections, so many mails over each, one by one.

usage: python -m tests.bench.load PORT CONNECTIONS MAILS OCTETS
Prints JSON: {"seconds": whole run, "kept": mails with 250, "latency": seconds from end of data to 250, sorted}.
"""

import asyncio
import json
import secrets
import sys
import time

LINE = b"The quick brown fox jumps over the lazy dog; 0123456789 and so on to the end.\r\n"


class Client(asyncio.Protocol):
    """Speaks in lockstep: EHLO once, then MAIL, RCPT, DATA and the mail, again and again."""

    def __init__(self, mails: int, body: bytes, latency: list[float], done: "asyncio.Future[None]") -> None:
        self.left, self.body, self.latency, self.done = mails, body, latency, done
        self.step, self.sent_at = 0, 0.0
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if not self.heard.endswith(b"\r\n"):
            return
        last = self.heard[self.heard.rfind(b"\r\n", 0, -2) + 2 if self.heard.count(b"\r\n") > 1 else 0 :]
        if last[3:4] == b" ":
            self.heard = b""
            self.answer(last)

    def answer(self, reply: bytes) -> None:
        if reply[:1] not in b"23":
            self.done.set_exception(RuntimeError(f"step {self.step}: {reply!r}"))
            self.transport.abort()
            return
        if self.step == 5:
            self.latency.append(time.perf_counter() - self.sent_at)
            self.left -= 1
            self.step = 1
        if not self.left:
            self.transport.write(b"QUIT\r\n")
            self.transport.close()
            self.done.set_result(None)
            return
        self.transport.write(self.next_words())
        self.step += 1

    def next_words(self) -> bytes:
        if self.step == 4:
            self.sent_at = time.perf_counter()
            return b"Message-ID: <%s@example.org>\r\n" % secrets.token_hex(8).encode() + self.body
        return (b"EHLO client.example.org\r\n", b"MAIL FROM:<alice@example.org>\r\n",
                b"RCPT TO:<support@example.com>\r\n", b"DATA\r\n")[self.step]  # fmt: skip

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError("the server hung up"))


def body(octets: int) -> bytes:
    """A message without its Message-ID, with the end of data."""
    header = (b"From: Alice <alice@example.org>\r\nTo: support@example.com\r\nSubject: It does not work\r\n"
              b"Date: Mon, 23 Nov 2026 12:00:00 +0900\r\nMIME-Version: 1.0\r\n\r\n")  # fmt: skip
    text = LINE * (max(0, octets - len(header) - 50) // len(LINE))
    return header + text + b".\r\n"


async def run(port: int, connections: int, mails: int, octets: int) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    latency: list[float] = []
    text = body(octets)
    ends = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: Client(mails, text, latency, end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return {"seconds": time.perf_counter() - began, "kept": len(latency), "latency": sorted(latency)}


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(*(int(argument) for argument in sys.argv[1:5])))))
