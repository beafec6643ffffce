"""How many clients are inside at all doors of a gateway that has several ([smtp] workers), so that limits hold for all.

The doors are processes that share a piece of memory. Each writes into its own part of it and reads all parts; nobody
waits for anybody. Two that let in the last client at the same moment let in one too many, which hurts nobody.
"""

import mmap
from hashlib import blake2b

CELLS = 1 << 14
"""Of one door: the first counts all its clients, each other one those of the nets that fall to it."""
OCTETS = 4 * CELLS
"""That a door takes in the memory."""


class Crowd:
    """The clients of all doors, as the door with this number (from 0 on) sees and tells them.

    memory: OCTETS for each door. key: 16 octets, the same for all, that no stranger knows: else he could choose nets
    that are counted together with another's.
    """

    def __init__(self, memory: mmap.mmap, number: int, key: bytes) -> None:
        self._cells, self._key = memoryview(memory).cast("I"), key
        self._own = number * CELLS
        self._others = [start for start in range(0, len(self._cells), CELLS) if start != self._own]

    def elsewhere(self, net: str) -> tuple[int, int]:
        """How many are inside at the other doors: in all, and of this net."""
        cell, cells = self._cell(net), self._cells
        return sum(cells[start] for start in self._others), sum(cells[start + cell] for start in self._others)

    def add(self, net: str, count: int) -> None:
        """So many of a net came to this door; -1: one left."""
        self._cells[self._own] += count
        self._cells[self._own + self._cell(net)] += count

    def _cell(self, net: str) -> int:
        return 1 + int.from_bytes(blake2b(net.encode(), digest_size=8, key=self._key).digest()) % (CELLS - 1)


def forget(memory: mmap.mmap, number: int) -> None:
    """A door is gone, and with it all who were there."""
    memory[number * OCTETS : (number + 1) * OCTETS] = bytes(OCTETS)
