"""A name server in a thread of its own, for a gateway that runs in a process of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dns_server import NameServer


@contextmanager
def nameserver(zone: dict[str, Any], port: int = 0) -> Iterator[str]:
    """host:port of a server that answers from the zone; port 0 is a free one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = asyncio.run_coroutine_threadsafe(
        loop.create_datagram_endpoint(lambda: NameServer(zone), ("127.0.0.1", port)), loop)
    transport, _ = opening.result(10)
    try:
        yield "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        asyncio.run_coroutine_threadsafe(_close(transport), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _close(transport: asyncio.BaseTransport) -> None:
    transport.close()
    await asyncio.sleep(0)  # its socket is closed by the loop, a turn later
