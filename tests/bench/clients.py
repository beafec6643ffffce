"""Clients that leave mails which lie in a file: EHLO once for each connection, each mail with its own reverse-path.

usage: python -m tests.bench.clients PORT FILE CONNECTIONS RATE     (RATE: mails a second in all; 0: no pause)
Prints JSON: {"seconds": whole run, "waits": seconds from the end of each mail to its 250, sorted}.
"""

import asyncio
import json
import sys
import time
from pathlib import Path


async def leave(port: int, mails: list[bytes], pause: float, start: float, waits: list[float]) -> None:
    """One connection. A mail that is late is not waited for: the next one goes at its own time."""
    await asyncio.sleep(start)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()

    async def say(words: bytes, replies: int) -> None:
        writer.write(words)
        while replies:
            line = await reader.readline()
            if line[:1] not in b"23" or not line:
                raise RuntimeError(f"{words[:40]!r}: {line!r}")
            replies -= line[3:4] == b" "

    await say(b"EHLO mail.bench.example\r\n", 2)
    for number, mail in enumerate(mails):
        await asyncio.sleep(max(0.0, began + number * pause - time.perf_counter()) if pause else 0)
        domain = mail.partition(b" d=")[2].partition(b";")[0]
        await say(b"MAIL FROM:<joe@%s>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" % domain, 3)
        ended = time.perf_counter()
        await say(mail + b".\r\n", 1)
        waits.append(time.perf_counter() - ended)
    await say(b"QUIT\r\n", 1)
    writer.close()


async def leave_all(port: int, mails: list[bytes], connections: int, rate: float) -> None:
    waits, pause, began = list[float](), connections / rate if rate else 0.0, time.perf_counter()
    await asyncio.gather(*(leave(port, mails[place::connections], pause, pause * place / connections, waits)
                           for place in range(connections)))  # fmt: skip
    print(json.dumps({"seconds": time.perf_counter() - began, "waits": sorted(waits)}))


if __name__ == "__main__":
    port, path, connections, rate = sys.argv[1:]
    asyncio.run(leave_all(int(port), Path(path).read_bytes().split(b"\0"), int(connections), float(rate)))
