"""One worker, as the gateway that started it sees it: from its start to its end."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

import gateway
from gateway.config import Config
from gateway.doors import wire
from gateway.doors.wire import Change, Open, Report, Start, Taken, Word

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
    """Lives again and again; each life is a process. `hear`: who is told what it says."""

    def __init__(self, number: int, hear: Callable[["Process", Word], None]) -> None:
        self.number, self._hear = number, hear
        self.opening: Open | None = None
        """Where it takes mail; None while it does not."""
        self.report = Report()
        self.is_full = False
        """What it was told of the disk."""
        self._silence = 0
        self._is_finishing = False
        self._taken: asyncio.Future[str] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_up(self) -> bool:
        return self.opening is not None and self._silence < SILENT

    async def live(self, start: Start, inherited: Sequence[int]) -> int:
        """One life; its exit code. inherited: files that Start speaks of."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.doors", str(theirs.fileno()), stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *inherited), cwd=HERE, start_new_session=True)
        reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        self.is_full = False
        self.say(start)
        if self._is_finishing:
            self.finish()
        try:
            while (word := await wire.read(reader)) is not None:
                self._note(word)
            return await self._ended()
        finally:
            self.kill()
            self._forget()

    def _note(self, word: Word) -> None:
        self._silence = 0
        if isinstance(word, Open):
            self.opening = word
        elif isinstance(word, Report):
            self.report = word
        elif isinstance(word, Taken) and self._taken and not self._taken.done():
            self._taken.set_result(word.fault)
        self._hear(self, word)

    async def _ended(self) -> int:
        assert self._process is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST):
                return await self._process.wait()
        self.kill()
        return await self._process.wait()

    def _forget(self) -> None:
        self.opening, self.report, self._silence = None, Report(), 0
        if self._taken and not self._taken.done():
            self._taken.set_result("")  # the next life begins with the new config
        if self._writer:
            self._writer.close()

    def say(self, word: Word) -> None:
        if self._writer and not self._writer.is_closing():
            self._writer.write(wire.packed(word))

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
        if self._writer and not self._writer.is_closing():
            self._writer.write_eof()

    def kill(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
