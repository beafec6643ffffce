"""A mail too large to be held in memory, in a file without a name: nothing is left of it when nobody uses it any more.

Its octets are counted and hashed as they come, so that nothing walks through all of them a second time. Who wants to
keep it gives the file a name.
"""

import errno
import hashlib
import mmap
import os
import tempfile
import weakref
from functools import cached_property
from pathlib import Path

from gateway.mail.lines import LineEnds

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""How the system says that a disk is full, or that our part of it is."""
HEADER = 1 << 20
"""Octets that a header may have; what is behind them is body, whatever it looks like."""


class LargeMail:
    """Written piece by piece, then read. Methods raise OSError: disk full, too many files."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder: on the disk that has room for mails; the system's for temporary files unless given."""
        self._file = _nameless(folder or Path(tempfile.gettempdir()))
        weakref.finalize(self, os.close, self._file)
        self._hash = hashlib.sha256()
        self.size = 0
        self._ends = LineEnds()
        self._head = b""

    @classmethod
    def of(cls, file: int, size: int, head: bytes) -> "LargeMail":
        """One that another process has written. It is closed with us; nobody writes or hashes it any further."""
        mail = cls.__new__(cls)
        mail._file, mail.size, mail._head = file, size, head
        weakref.finalize(mail, os.close, file)
        return mail

    @property
    def file(self) -> int:
        """The number under which it is open."""
        return self._file

    def add(self, octets: bytes) -> None:
        if not self.size:
            self._head = octets[: octets.find(b"\r\n\r\n") + 4]
        self._hash.update(octets)
        self._ends.see(octets)
        self.size += len(octets)
        with memoryview(octets) as view:
            written = 0
            while written < len(view):
                written += os.write(self._file, view[written:])

    @property
    def has_bare_line_end(self) -> bool:
        """A CR or LF outside CRLF (RFC 5321 section 2.3.8)."""
        return self._ends.are_bare

    @property
    def hash(self) -> "hashlib._Hash":
        """SHA-256 of all octets, to go on from."""
        return self._hash.copy()

    @cached_property
    def head(self) -> bytes:
        """The header with the empty line behind it."""
        if self._head.endswith(b"\r\n\r\n"):
            return self._head
        beginning = os.pread(self._file, HEADER, 0)
        end = beginning.find(b"\r\n\r\n")
        return beginning if end < 0 else beginning[: end + 4]

    def behind(self, prefix: bytes) -> bytearray:
        """The body, with the prefix in front of it: in one piece, for who must have it so."""
        whole = bytearray(len(prefix) + self.size - len(self.head))
        whole[: len(prefix)] = prefix
        with memoryview(whole) as view:
            place, offset = len(prefix), len(self.head)
            while read := os.preadv(self._file, [view[place:]], offset):
                place, offset = place + read, offset + read
        return whole

    def sync(self) -> None:
        """Return when the octets are on disk."""
        os.fsync(self._file)

    def name(self, path: Path) -> None:
        """Give the synced file a name, in place of whatever had it; on another disk it is copied. The folder is to be
        synced after it."""
        path.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.link(f"/proc/self/fd/{self._file}", path.name, dst_dir_fd=folder)
        except OSError:
            self._copy(path)
        finally:
            os.close(folder)

    def _copy(self, path: Path) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            offset = 0
            while piece := os.pread(self._file, HEADER, offset):
                offset += file.write(piece)
            file.flush()
            os.fsync(file.fileno())

    def octets(self) -> mmap.mmap:
        """All of it, where the system brings in what is looked at, and drops it again when memory is short."""
        return mmap.mmap(self._file, self.size, access=mmap.ACCESS_READ)


def _nameless(folder: Path) -> int:
    """A file that can be given a name later, where the system knows such files."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except (OSError, AttributeError):
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.dup(file.fileno())
