"""New rows of the desk: they gather here and go into their tables together, one statement for each table.

A row that other rows, addresses or letters name has its id beforehand. Until `write` no question to the database finds
what has gathered; after it a row that may change once more is followed by the session, as one that was read.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import SQLModel

from gateway.models import Attachment, Customer, Entry, Figure, History, Letter, Request, Verification, Wake
from gateway.store import driver, requests, search

# Built once: making a statement costs more than running it. In the order that foreign keys ask for.
T = TypeVar("T", bound=SQLModel)
_KINDS: tuple[Any, ...] = (Customer, Request, Letter, Entry, Attachment, Verification, Wake, History, Figure)
_TABLES: dict[type[SQLModel], Any] = {kind: kind.__table__ for kind in _KINDS}
_COLUMNS = {kind: tuple(table.columns.keys()) for kind, table in _TABLES.items()}
_WITHOUT_ID = {kind: tuple(name for name in names if name != "id") for kind, names in _COLUMNS.items()}
_LAST_ID = {kind: select(func.max(table.c.id)) for kind, table in _TABLES.items()}
_NEXT_IDS = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
_COUNT = text("UPDATE counter SET value = :value WHERE name = :name")
_MAY_CHANGE = (Request, Verification, Wake)


class Ledger:
    """The new rows of one transaction. events: how many events it is for, so that ids are asked for together."""

    def __init__(self, db: Db, events: int = 1) -> None:
        self._db, self._events = db, events
        self._rows: dict[type[SQLModel], list[SQLModel | dict[str, Any]]] = {}
        self._ids: dict[type[SQLModel], Iterator[int]] = {}
        self._found_by: list[tuple[int, tuple[str, ...]]] = []
        self._numbers: dict[str, int] = {}
        self.about: set[str] = set()
        """The addresses and Message-IDs in what has gathered, by which a mail might have to do with it."""
        self.times = 0
        """How often something was written."""

    def next_number(self, name: str) -> int:
        """The next running number under this name. The first one locks the counter until the commit, so that the
        others can be counted here."""
        self._numbers[name] = self._numbers[name] + 1 if name in self._numbers else requests.next_number(self._db, name)
        return self._numbers[name]

    def next_id(self, kind: type[SQLModel]) -> int:
        """An id that nobody else gets. All new rows of one kind have one of these, or none of them has."""
        if kind not in self._ids:
            self._ids[kind] = self._free_ids(kind)
        return next(self._ids[kind])

    def enter(self, *rows: SQLModel) -> None:
        """They are written as they are then."""
        for row in rows:
            self._rows.setdefault(type(row), []).append(row)
            if isinstance(row, Entry):
                self.about.update((row.author, row.message_id))
            elif isinstance(row, Letter):
                self.about.add(row.recipient)

    def enter_customer(self, customer: Customer) -> Customer:
        """Somebody whose address nobody has, as far as we know; on PostgreSQL another desk may be entering it now. Who
        has no address is not known by one: all of them are one customer."""
        if self._db.connection().dialect.name == "postgresql":
            return requests.enter_customer(self._db, customer)
        if not customer.address and (known := self._without_address()):
            return known
        customer.id = self.next_id(Customer)
        self.enter(customer)
        return customer

    def _without_address(self) -> Customer | None:
        gathered = (each for each in self.gathered(Customer) if not each.address)
        return next(gathered, None) or requests.customer_at(self._db, "")

    def note(self, kind: type[SQLModel], **values: Any) -> None:
        """A row of these values that nobody reads before it is written: an object for each would be dear."""
        self._rows.setdefault(kind, []).append(values)

    def find_by(self, entry: int, *texts: str) -> None:
        """The entry is found by the words of these texts (store/search)."""
        self._found_by.append((entry, texts))

    def gathered(self, kind: type[T]) -> list[T]:
        """The rows of this kind that are not written yet."""
        return [row for row in self._rows.get(kind, ()) if isinstance(row, kind)]

    def write(self) -> None:
        """All that has gathered is in its tables, and what may change once more is followed."""
        self._follow(self.finish())

    def finish(self) -> list[Any]:
        """All that has gathered is in its tables; the rows."""
        written: list[Any] = []
        connection = self._db.connection() if self._rows else None
        for kind in _KINDS:
            if connection is not None and (rows := self._rows.pop(kind, None)):
                values = [row if isinstance(row, dict) else vars(row) for row in rows]
                columns = _COLUMNS[kind] if values[0].get("id") is not None else _WITHOUT_ID[kind]
                driver.insert(connection, _TABLES[kind], columns, values)
                written += rows
        if self._found_by:
            search.enter(self._db.connection(), self._found_by)
            self._found_by = []
        if self._numbers and written:
            counted = [{"name": name, "value": value} for name, value in self._numbers.items()]
            self._db.connection().execute(_COUNT, counted)
        self.about.clear()
        self.times += bool(written)
        return written

    def _follow(self, rows: list[Any]) -> None:
        for row in (each for each in rows if isinstance(each, _MAY_CHANGE)):
            if row.id is not None:
                make_transient_to_detached(row)
                self._db.add(row)

    def _free_ids(self, kind: type[SQLModel]) -> Iterator[int]:
        """On SQLite we hold the only write lock, so the next ones are ours until the commit."""
        connection = self._db.connection()
        if connection.dialect.name != "postgresql":
            yield from count((connection.scalar(_LAST_ID[kind]) or 0) + 1)
        while True:
            yield from connection.scalars(_NEXT_IDS, {"name": _TABLES[kind].name, "count": self._events}).all()
