"""What the gateway and its workers say to each other, over two pairs of sockets that nobody else has.

The gateway says Start, and later Change, Disk, Done and Finish; when it is gone the worker finds the wire cut. A worker
says Open, and later Keep, Taken and Report. The file of a large mail goes over the second pair, ahead of its Keep.
"""

import asyncio
import os
import pickle
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from gateway.authentication import resolver
from gateway.config import Config
from gateway.smtp.figures import Figures
from gateway.store.arrival import Arrival
from gateway.store.intake import StoreAway, StoreBehind, StoreFull

_LENGTH = struct.Struct("!I")
Fault = Literal["", "away", "behind", "full"]
TROUBLES: dict[Fault, type[StoreAway]] = {"away": StoreAway, "behind": StoreBehind, "full": StoreFull}
"""Why a mail was not kept."""


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
class Finish:
    """Let clients finish, and end."""


@dataclass(frozen=True, slots=True)
class Large:
    """What is to be known of a LargeMail beside its file."""

    size: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Keep:
    """A mail, without what is in its file."""

    serial: int
    arrival: Arrival
    large: Large | None


@dataclass(frozen=True, slots=True)
class Done:
    """The mail with this serial is kept under this id, or why it is not."""

    serial: int
    id: int = 0
    fault: Fault = ""


def fault_of(error: Exception) -> Fault:
    return next((fault for fault, kind in TROUBLES.items() if kind is type(error)), "away")


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


Word = Start | Change | Disk | Finish | Done | Open | Keep | Taken | Report


class Wire(asyncio.Protocol):
    """One end. What is said in one turn of the loop goes over as one pickled list, behind its length.

    hear: who is told each word of the other side; what it raises cuts the wire.
    """

    def __init__(self, hear: Callable[[Word], None]) -> None:
        self.hear = hear
        self.cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when nothing comes or goes any more."""
        self._heard, self._said = bytearray(), list[Word]()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def over(cls, words: socket.socket, hear: Callable[[Word], None]) -> "Wire":
        _, wire = await asyncio.get_running_loop().create_unix_connection(lambda: cls(hear), sock=words)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if not self.cut.done():
            self.cut.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while len(self._heard) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._heard)[0]
            if len(self._heard) < end:
                return
            words: list[Word] = pickle.loads(self._heard[_LENGTH.size : end])  # noqa: S301 - our own process wrote it
            del self._heard[:end]
            for word in words:
                self.hear(word)

    def say(self, word: Word) -> None:
        """To nobody, once the wire is cut."""
        if not self._said:
            asyncio.get_running_loop().call_soon(self._write)
        self._said.append(word)

    def _write(self) -> None:
        words, self._said = self._said, []
        if words and self._transport and not self._transport.is_closing():
            octets = pickle.dumps(words)
            self._transport.write(_LENGTH.pack(len(octets)) + octets)

    def close(self) -> None:
        """After what was said has gone over."""
        self._write()
        if self._transport:
            self._transport.close()


_SERIAL = struct.Struct("!Q")


def hand(files: socket.socket, serial: int, file: int) -> None:
    """An open file, for the Keep with this serial. Raises OSError."""
    socket.send_fds(files, [_SERIAL.pack(serial)], [file])


def take(files: socket.socket, serial: int) -> int:
    """The file that was handed over ahead of its Keep; those of mails that were given up are closed. Raises OSError."""
    while True:
        octets, found, _, _ = socket.recv_fds(files, _SERIAL.size, 1, socket.MSG_CMSG_CLOEXEC)
        if not octets:
            raise OSError("the file did not come")
        if _SERIAL.unpack(octets)[0] == serial:
            return found[0]
        os.close(found[0])
