"""The clients of a benchmark, in a process of their own: so many connections at once, so many mails over each.

usage: python -m tests.bench.load PORT MODE CONNECTIONS AGAIN MAILS OCTETS
AGAIN: each client connects so often, one connection after the other. MODE: plain (each command waits for the reply
before it), pipelining (RFC 2920), starttls (RFC 3207, then plain), bdat (RFC 3030).
Prints JSON: {"seconds": whole run, "kept": mails with 250, "latency": seconds from end of data to 250, sorted}.
"""

import asyncio
import json
import secrets
import ssl
import sys
import time

LINE = b"The quick brown fox jumps over the lazy dog; 0123456789 and so on to the end.\r\n"
EHLO = b"EHLO client.example.org\r\n"
SENDER, RECIPIENT = b"MAIL FROM:<alice@example.org>\r\n", b"RCPT TO:<support@example.com>\r\n"
MESSAGE_ID = b"Message-ID: <%s@example.org>\r\n"
OPENINGS = {"starttls": [EHLO, b"STARTTLS\r\n", EHLO]}
STEPS = {"pipelining": [SENDER + RECIPIENT + b"DATA\r\n"], "bdat": [SENDER, RECIPIENT]}


class Client(asyncio.Protocol):
    """One connection: the opening, then the steps and the mail, again and again."""

    def __init__(self, mode: str, mails: int, body: bytes, latency: list[float], context: ssl.SSLContext) -> None:
        self.left, self.body, self.latency, self.context = mails, body, latency, context
        self.words = list(OPENINGS.get(mode, [EHLO]))
        self.steps, self.is_bdat = STEPS.get(mode, [SENDER, RECIPIENT, b"DATA\r\n"]), mode == "bdat"
        self.expected, self.sent_at, self.heard = 1, 0.0, b""
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if not self.heard.endswith(b"\r\n"):
            return
        replies = [line for line in self.heard.split(b"\r\n") if line[3:4] == b" "]
        if len(replies) < self.expected:
            return
        self.heard = b""
        if bad := [reply for reply in replies if reply[:1] not in b"23"]:
            self.end(RuntimeError(str(bad[0])))
        elif replies[-1].startswith(b"220") and self.expected == 1 and self.sent_at < 0:
            self.secure = self.loop.create_task(self.start_tls())
        else:
            self.go_on()

    def go_on(self) -> None:
        if self.sent_at > 0:
            self.latency.append(time.perf_counter() - self.sent_at)
            self.left -= 1
            self.sent_at = 0.0
        if not self.words and not self.left:
            self.transport.write(b"QUIT\r\n")
            self.end()
            return
        if not self.words:
            self.words = [*self.steps, b""]
        word = self.words.pop(0)
        self.expected = max(1, word.count(b"\r\n"))
        self.sent_at = -1.0 if word.startswith(b"STARTTLS") else 0.0
        self.transport.write(word) if word else self.send_mail()

    def send_mail(self) -> None:
        mail = MESSAGE_ID % secrets.token_hex(8).encode() + self.body
        self.sent_at = time.perf_counter()
        if self.is_bdat:
            self.transport.write(b"BDAT %d LAST\r\n" % len(mail))
        self.transport.write(mail if self.is_bdat else mail + b".\r\n")

    async def start_tls(self) -> None:
        secured = await self.loop.start_tls(self.transport, self, self.context)
        assert secured
        self.transport = secured
        self.go_on()

    def end(self, error: Exception | None = None) -> None:
        self.transport.close()
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(RuntimeError("the server hung up"))


def body(octets: int) -> bytes:
    """A message without its Message-ID."""
    header = (b"From: Alice <alice@example.org>\r\nTo: support@example.com\r\nSubject: It does not work\r\n"
              b"Date: Mon, 23 Nov 2026 12:00:00 +0900\r\nMIME-Version: 1.0\r\n\r\n")  # fmt: skip
    return header + LINE * (max(0, octets - len(header) - 50) // len(LINE))


async def run(port: int, mode: str, connections: int, again: int, mails: int, octets: int) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    latency: list[float] = []
    text = body(octets)
    # One for all, as a sender's server has it: to make one reads all authorities of the system, for 20 ms.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def slot() -> None:
        for _ in range(again):
            _, client = await loop.create_connection(
                lambda: Client(mode, mails, text, latency, context), "127.0.0.1", port)
            await client.done

    began = time.perf_counter()
    await asyncio.gather(*(slot() for _ in range(connections)))
    return {"seconds": time.perf_counter() - began, "kept": len(latency), "latency": sorted(latency)}


if __name__ == "__main__":
    import uvloop

    port, mode, *numbers = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(int(port), mode, *map(int, numbers)))))
