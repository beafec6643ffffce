"""The rows of mails that are kept together: each mail once, all in one transaction.

Statements go to the driver as they are, on SQLite many rows in each: what SQLAlchemy does for one takes longer than
the database's own work, and the door stands still meanwhile.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect
from sqlalchemy.orm import Session as Db

from gateway.mail.authres import UNCHECKED, Verdict
from gateway.mail.receipt import SUBJECT, Receipt
from gateway.models import Letter, Moment
from gateway.store import raw, seen
from gateway.store.arrival import Arrival
from gateway.store.database import storable

TOGETHER = 32
"""Rows of one INSERT. The driver lets go of the interpreter for each statement, and then waits to have it back."""

_RECEIVED = ("id", "kept_at", "digest", "client_ip", "helo", "tls", "protocol", "reverse_path", "recipients", "size",
             "verdict", "quarantined", "state", "attempts", "next_attempt", "reason")  # fmt: skip
_RAW_MAIL = ("received_id", "content", "body_at")
_MOMENT = Moment()

Row = tuple[Any, ...]
Key = str | int
"""The digest of a mail; of one without, its place in the batch."""
Known = dict[Key, int]
"""Ids of mails."""


class Rows(Protocol):
    """The tables of kept mails, as one kind of database has them."""

    def known(self, digests: Sequence[str]) -> Known:
        """Which of these mails are there already, and under which id."""

    def place(self, digests: Sequence[str], count: int) -> tuple[Known, Sequence[int]]:
        """The same, and ids for so many new rows."""

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
        """Values go to the driver as they are: moments and JSON in the form of their columns."""

    def octets(self, mails: Sequence[tuple[int, Arrival]]) -> list[Row]:
        """The rows of raw_mail; what is not in them lies in files when it returns. Raises OSError."""


class SqliteRows:
    _PLACE = """SELECT (SELECT json_group_object(digest, id) FROM received
                        WHERE digest IN (SELECT value FROM json_each(?))), (SELECT max(id) FROM received)"""

    def __init__(self, driver: sqlite3.Connection, files: Path) -> None:
        self._driver, self._files = driver, files

    def known(self, digests: Sequence[str]) -> Known:
        return self.place(digests, 0)[0]

    def place(self, digests: Sequence[str], count: int) -> tuple[Known, Sequence[int]]:
        """We hold the only write lock, so the next ids are ours."""
        known, last = self._driver.execute(self._PLACE, (json.dumps(digests),)).fetchone()
        next_id = (last or 0) + 1
        return json.loads(known), range(next_id, next_id + count)

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
        for place in range(0, len(rows), TOGETHER):
            part = rows[place : place + TOGETHER]
            marks = "?" * len(columns)
            self._driver.execute(_insert(table, columns, (marks,) * len(part)), list(chain.from_iterable(part)))

    def octets(self, mails: Sequence[tuple[int, Arrival]]) -> list[Row]:
        if large := [(id, arrival.large) for id, arrival in mails if arrival.large]:
            raw.place(self._files, large)
        return [(id, arrival.content, len(arrival.large.head) if arrival.large else None) for id, arrival in mails]


class PostgresRows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, digests: Sequence[str]) -> Known:
        words = "SELECT digest, id FROM received WHERE digest = ANY($1)"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(words, (list(digests),))}

    def place(self, digests: Sequence[str], count: int) -> tuple[Known, Sequence[int]]:
        words = "SELECT nextval(pg_get_serial_sequence('received', 'id')) FROM generate_series(1, $1)"
        known = self.known(digests)
        return known, [row[0] for row in self._connection.exec_driver_sql(words, (count - len(known),))]

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
        marks = tuple(f"${place + 1}" for place in range(len(columns)))
        self._connection.exec_driver_sql(_insert(table, columns, (marks,)), list(rows))

    def octets(self, mails: Sequence[tuple[int, Arrival]]) -> list[Row]:
        return [(id, arrival.whole(), None) for id, arrival in mails]


@cache
def _insert(table: str, columns: tuple[str, ...], marks: tuple[Sequence[str], ...]) -> str:
    """marks: what stands for the values of each row."""
    values = ", ".join(f"({', '.join(row)})" for row in marks)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"  # noqa: S608


def _rows(db: Db) -> Rows:
    files = raw.folder(db)
    return PostgresRows(db.connection()) if files is None else SqliteRows(db.info["driver"], files)


def is_kept(db: Db, digest: str) -> bool:
    """True for a mail that has come before."""
    return bool(_rows(db).known([digest]))


def insert_all(db: Db, arrivals: Sequence[Arrival]) -> list[int]:
    """Insert what is not there yet; the id of each, of a mail that came before the id it had then."""
    rows, dialect = _rows(db), db.get_bind().dialect
    keys = [arrival.digest or place for place, arrival in enumerate(arrivals)]
    first: dict[Key, Arrival] = {}
    for key, arrival in zip(keys, arrivals, strict=True):
        first.setdefault(key, arrival)
    known, free = rows.place([key for key in first if isinstance(key, str)], len(first))
    new = {key: arrival for key, arrival in first.items() if key not in known}
    ids = known | dict(zip(new, free, strict=False))
    mails = [(ids[key], arrival) for key, arrival in new.items()]
    if mails:
        rows.insert("received", _RECEIVED, [_row(id, arrival, dialect) for id, arrival in mails])
        rows.insert("raw_mail", _RAW_MAIL, rows.octets(mails))
        _sight(db, new.values())
        db.add_all(_letter(arrival.receipt, arrival) for arrival in new.values() if arrival.receipt)
    return [ids[key] for key in keys]


def _letter(receipt: Receipt, arrival: Arrival) -> Letter:
    """From the null path (RFC 3461 section 6.1). Not automatic: it leaves a customer's acknowledgements uncounted."""
    now = arrival.kept_at
    return Letter(template="receipt", created_at=now, next_attempt=now, recipient=receipt.recipient, raw=receipt.raw,
                  subject=SUBJECT, message_id=receipt.message_id, is_automatic=False)  # fmt: skip


def _sight(db: Db, arrivals: Iterable[Arrival]) -> None:
    found = [(signature, each.kept_at) for each in arrivals for signature in each.verdict.signatures]
    if found:
        seen.sight(db, [signature for signature, _ in found], max(kept_at for _, kept_at in found))


def _row(id: int, arrival: Arrival, dialect: Dialect) -> Row:
    envelope, kept_at = arrival.envelope, _MOMENT.process_bind_param(arrival.kept_at, dialect)
    return (id, kept_at, arrival.digest, envelope.client_ip, storable(envelope.helo), envelope.tls, envelope.protocol,
            storable(envelope.reverse_path), _json(envelope.recipients), arrival.size,
            _verdict_json(arrival.verdict), arrival.quarantined, "kept", 0, kept_at, "")  # fmt: skip


@cache
def _unchecked() -> str:
    return json.dumps(UNCHECKED.as_json())


def _verdict_json(verdict: Verdict) -> str:
    return _unchecked() if verdict is UNCHECKED else _json(verdict.as_json())


def _json(value: Any) -> str:
    """As both databases take it: all that is odd is written as \\u...., and there is seldom anything odd."""
    text = json.dumps(value)
    return json.dumps(storable(value)) if "\\u" in text else text
