"""What a process of the gateway takes of the machine's memory, and how it gives it back.

Called before anything else is imported. What a library brings along and nobody here asks for is left out; and a large
mail that was read is given back to the system at once: by itself the C library would keep such room for the next one,
for each thread apart, and what is small would come to lie in the middle of it.
"""

import asyncio
import ctypes
import sys

UNUSED = ("rich", "pydantic.v1")
"""Drawn tracebacks, which structlog would load (3 MB), and the old pydantic, which FastAPI asks for (2 MB). Both do
without, as they do where these are not installed."""
LARGE = 256 * 1024
"""Octets from which a block is a piece of memory of its own, which goes back to the system when it is let go of."""

PAUSE = 30.0
"""Seconds between two rounds of giving back. One takes a millisecond or two."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Their numbers in glibc's malloc.h."""


def spare() -> None:
    """Take no more than is needed from here on. Where the C library is another one than glibc, its ways stay."""
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # "not to be had", says the import system
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, LARGE)
        libc.mallopt(_M_ARENA_MAX, 1)


async def give_back() -> None:
    """What 500 sessions held lies between things that stay: every now and then the free pages there are given back."""
    libc = ctypes.CDLL(None)
    while hasattr(libc, "malloc_trim"):
        await asyncio.sleep(PAUSE)
        await asyncio.to_thread(libc.malloc_trim, 0)
