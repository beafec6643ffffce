"""Where the octets of kept mails are: in a row, and with SQLite the body of a large one in a file, raw/<id> beside the
database.

A row's octets are written twice (log, then database); the file is the one that took them off the wire, given a name.
First the file is on disk, then its name, then the row is committed: no row ever speaks of a file that is not there. A
file without a row is left when a batch is cut off before its commit: the next batch removes what lies under the
numbers that come next.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from gateway.mail.large import LargeMail
from gateway.models import RawMail, Received, columns

FOLDER = "raw"
RAW = columns(RawMail)


def folder(db: Db) -> Path | None:
    """Where bodies of large mails lie; None with PostgreSQL, whose rows hold all, so that one backup holds all."""
    beside: Path | None = db.info.get(FOLDER)
    return beside


def place(folder: Path, mails: Iterable[tuple[int, LargeMail]]) -> None:
    """Name the files of these mails by their ids. Files and names are on disk when it returns. Raises OSError."""
    folder.mkdir(exist_ok=True)
    for id, large in mails:
        large.sync()
        large.name(folder / str(id))
    for changed in (folder, folder.parent):
        _sync(changed)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sweep(db: Db, most: int) -> None:
    """Remove what a batch of at most so many mails has left that was not committed. In the transaction of the next."""
    beside = folder(db)
    if beside is None:
        return
    last = db.scalar(select(func.max(columns(Received).id))) or 0
    for id in range(last + 1, last + 1 + most):
        (beside / str(id)).unlink(missing_ok=True)


def octets(db: Db, id: int) -> bytes | None:
    """A kept mail, our trace fields in front; None when there is no such mail. Raises OSError."""
    row = db.execute(select(RAW.content, RAW.body_at).where(RAW.received_id == id)).one_or_none()
    return None if row is None else whole(db, id, row.content, row.body_at)


def whole(db: Db, id: int, content: bytes, body_at: int | None) -> bytes:
    """The mail whose row has this content. Raises OSError where its file cannot be read, or is not there any more."""
    beside = folder(db)
    if body_at is None or beside is None:
        return content
    with (beside / str(id)).open("rb") as file:
        file.seek(body_at)
        return b"".join((content, file.read()))
