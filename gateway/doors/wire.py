"""What the gateway and its workers say to each other, over a pair of sockets that nobody else has.

Each word is a value, pickled, behind its length. The gateway says Start, and later Change and Disk; when it is to end,
or has ended itself, a worker hears the end of the stream. A worker says Open, and later Kept, Taken and Report.
"""

import asyncio
import pickle
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.authentication import resolver
from gateway.config import Config
from gateway.smtp.figures import Figures

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Start:
    """number: of the worker, from 1 on. given: sockets that listen already, by their place in config.toml. crowd and
    key: what gateway.smtp.crowd counts with. Sockets and memory are numbers of files that the worker has inherited."""

    config: Config
    number: int
    given: Mapping[str, int]
    crowd: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """The config was read again."""

    config: Config


@dataclass(frozen=True, slots=True)
class Disk:
    """Whether it has room for mails."""

    is_full: bool


@dataclass(frozen=True, slots=True)
class Open:
    """The worker takes mail."""

    places: list[str]
    addresses: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Kept:
    """There are new mails in the store."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a Change; "" when all is well."""

    fault: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker did since its last report, and how it is."""

    figures: Figures = field(default_factory=Figures)
    refusals: Counter[str] = field(default_factory=Counter)
    dns: resolver.Figures = field(default_factory=resolver.Figures)
    sessions: int = 0
    octets: int = 0
    """Of the mails that wait for the disk."""
    trouble: str = ""
    """Why the store could not be used the last time."""
    is_dns_away: bool = False


Word = Start | Change | Disk | Open | Kept | Taken | Report


def packed(word: Word) -> bytes:
    """A word as octets."""
    octets = pickle.dumps(word)
    return _LENGTH.pack(len(octets)) + octets


async def read(reader: asyncio.StreamReader) -> Word | None:
    """The next word; None when the other side says no more."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        word: Word = pickle.loads(await reader.readexactly(length))  # noqa: S301 - our own process wrote it
    except (asyncio.IncompleteReadError, OSError):
        return None
    return word
