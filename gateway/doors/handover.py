"""How a worker keeps a mail: it hands it to the gateway, whose one writer keeps the mails of all workers together.

So there is one sync for all who wait, wherever they came in, and nobody fights for the lock of the store: two writers
at one SQLite file took half as many mails, and some waited for half a second.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from gateway.doors import wire
from gateway.doors.wire import TROUBLES, Done, Keep, Large, Word
from gateway.store.arrival import Arrival
from gateway.store.database import Database
from gateway.store.intake import Intake, StoreAway


class Handover(Intake):
    """An intake whose writer is in another process. What the door asks of the store is read here.

    say: to the gateway. files: over which it gets the files of large mails.
    """

    def __init__(self, database: Database, say: Callable[[Word], None], files: socket.socket, backlog: int) -> None:
        super().__init__(database, backlog=backlog)
        self._say, self._files = say, files
        self._serials = count(1)
        self._handed: dict[int, asyncio.Future[int]] = {}
        self._is_given_up = False

    async def _keep(self, arrival: Arrival) -> int:
        serial = next(self._serials)
        kept: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._handed[serial] = kept
        try:
            self._hand(serial, arrival)
            return await kept
        except OSError as error:
            raise StoreAway("the gateway does not take it") from error
        finally:
            del self._handed[serial]

    def _hand(self, serial: int, arrival: Arrival) -> None:
        large = arrival.large
        if self._is_given_up:
            raise BrokenPipeError("the gateway is gone")
        if large is None:
            self._say(Keep(serial, arrival, None))
            return
        wire.hand(self._files, serial, large.file)
        self._say(Keep(serial, replace(arrival, large=None), Large(large.size, large.head)))

    def settle(self, done: Done) -> None:
        """What became of a mail; who waited for it may be gone."""
        kept = self._handed.get(done.serial)
        if kept is None or kept.done():
            return
        if done.fault:
            kept.set_exception(TROUBLES[done.fault](done.fault))
        else:
            kept.set_result(done.id)

    def give_up(self) -> None:
        """The gateway is gone: nothing that was handed to it is known to be kept."""
        self._is_given_up = True
        for serial in list(self._handed):
            self.settle(Done(serial, fault="away"))
