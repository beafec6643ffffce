"""One worker, as the gateway that started it sees it: from its start to its end."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog

import gateway
from gateway.config import Config
from gateway.doors import wire
from gateway.doors.wire import Change, Finish, Keep, Open, Report, Start, Taken, Wire, Word
from gateway.mail.large import LargeMail
from gateway.store.arrival import Arrival

log = structlog.get_logger()

HERE = Path(gateway.__file__).parent.parent
"""A worker that starts here finds the code that we run."""
LAST = 5.0
"""Seconds in which a worker that says no more must have ended."""
SILENT = 5
"""Seconds after which one that says nothing does not count as there."""
HUNG = 30
"""Seconds after which it is killed. It says something each second."""


class Process:
    """Lives again and again; each life is a process. `hear`: who is told what it says, and in which life."""

    def __init__(self, number: int, hear: Callable[["Process", "Life", Word], None]) -> None:
        self.number, self._hear = number, hear
        self.opening: Open | None = None
        """Where it takes mail; None while it does not."""
        self.report = Report()
        self.is_full = False
        """What it was told of the disk."""
        self._silence = 0
        self._is_finishing = False
        self._taken: asyncio.Future[str] | None = None
        self._life: Life | None = None

    @property
    def is_alive(self) -> bool:
        """It hears what it is told, though it may not take mail yet."""
        return self._life is not None

    @property
    def is_up(self) -> bool:
        return self.opening is not None and self._silence < SILENT

    async def live(self, start: Callable[[], Start], inherited: Sequence[int]) -> int:
        """One life; its exit code. inherited: files that Start speaks of. Raises OSError when it cannot begin.

        start: asked when it can be said, so that what changes from then on is heard as a Change.
        """
        life = self._life = await Life.begin(inherited, self._note)
        self.is_full = False
        life.say(start())
        if self._is_finishing:
            life.say(Finish())
        try:
            return await life.ended()
        finally:
            life.close()
            self._forget()

    def _note(self, life: "Life", word: Word) -> None:
        self._silence = 0
        if isinstance(word, Open):
            self.opening = word
        elif isinstance(word, Report):
            self.report = word
        elif isinstance(word, Taken) and self._taken and not self._taken.done():
            self._taken.set_result(word.fault)
        self._hear(self, life, word)

    def _forget(self) -> None:
        self._life, self.opening, self.report, self._silence = None, None, Report(), 0
        if self._taken and not self._taken.done():
            self._taken.set_result("")  # the next life begins with the new config

    def say(self, word: Word) -> None:
        if self._life:
            self._life.say(word)

    async def change(self, config: Config) -> None:
        """Return when it works by a new config, or has told why not."""
        self._taken = asyncio.get_running_loop().create_future()
        self.say(Change(config))
        if fault := await self._taken:
            log.error("a worker does not take the new config: it keeps the old one", worker=self.number, fault=fault)

    def count_second(self) -> None:
        """Seconds of our own loop are counted: one that stood still itself must not find others silent."""
        self._silence += 1
        if self.opening and self._silence >= HUNG:
            log.error("a worker is silent: it is killed", worker=self.number, seconds=self._silence)
            self.kill()

    def finish(self) -> None:
        """Let its clients finish, and end: this life, or one that has hardly begun."""
        self._is_finishing = True
        self.say(Finish())

    def kill(self) -> None:
        if self._life:
            self._life.kill()


class Life:
    """One process of a worker, and the two pairs of sockets that only we and it have."""

    def __init__(self, process: asyncio.subprocess.Process, wire: Wire, files: socket.socket) -> None:
        self._process, self._wire, self._files = process, wire, files

    @classmethod
    async def begin(cls, inherited: Sequence[int], hear: Callable[["Life", Word], None]) -> "Life":
        """Raises OSError."""
        words, its_words = socket.socketpair()
        files, its_files = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        its = (its_words.fileno(), its_files.fileno())
        try:
            with its_words, its_files:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "gateway.doors", *map(str, its), stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(*its, *inherited), cwd=HERE, start_new_session=True)
        except OSError:
            words.close()
            files.close()
            raise
        files.setblocking(False)
        wire = await Wire.over(words, lambda _: None)  # it says nothing before it has heard Start
        life = cls(process, wire, files)
        wire.hear = partial(hear, life)
        return life

    def say(self, word: Word) -> None:
        """To this life, or to nobody: another one must not hear what was meant for it."""
        self._wire.say(word)

    def mail(self, keep: Keep) -> Arrival:
        """The whole of a mail that it hands over. Raises OSError."""
        if keep.large is None:
            return keep.arrival
        file = wire.take(self._files, keep.serial)
        return replace(keep.arrival, large=LargeMail.of(file, keep.large.size, keep.large.head))

    async def ended(self) -> int:
        """Its exit code, once it has said its last word."""
        await self._wire.cut
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                return await self._process.wait()
        self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def close(self) -> None:
        self.kill()
        self._wire.close()
        self._files.close()
