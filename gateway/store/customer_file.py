"""The customer file as CSV (RFC 4180), as spreadsheets write it: UTF-8 with or without a BOM, or CP949 (Korean Excel).

The first line names the columns: address, and as far as they are there name, account and standing; others are passed
over. It is read whole and kept in memory, and read again when it changes. A file with a fault is told with its line,
and the one that was read before stays.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import structlog
from sqlalchemy.orm import Session as Db

from gateway.mail.addresses import address_key
from gateway.models import STANDINGS, CustomerRecord
from gateway.store.customers import Unreadable, account_key, accounts_in, is_address

log = structlog.get_logger()

LARGEST = 64_000_000
"""Octets of a file that is read."""
MOST_LINES = 200_000
"""Customers of a file; about 1 kB of memory each. More belong into a table."""
MOST_FAULTS = 5
"""Faults of one file that are told."""
LONGEST_CELL = 500
COLUMNS = ("address", "name", "account", "standing")

Stamp = tuple[int, int, int]


class Fault(Exception):
    """The file cannot be taken; a line for each reason, with file and line."""


@dataclass(slots=True)
class Index:
    """The records by address and by account."""

    by_address: dict[str, list[CustomerRecord]] = field(default_factory=dict)
    by_account: dict[str, list[CustomerRecord]] = field(default_factory=dict)

    def add(self, record: CustomerRecord) -> None:
        self.by_address.setdefault(record.address, []).append(record)
        if key := account_key(record.account):
            self.by_account.setdefault(key, []).append(record)


class CustomerFile:
    """A CSV file, in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index: Index | None = None
        self._stamp: Stamp | None = None

    def at(self, _db: Db, address: str) -> tuple[CustomerRecord, ...]:
        return tuple(self._read_before.by_address.get(address_key(address), ()))

    def named(self, _db: Db, text: str) -> tuple[CustomerRecord, ...]:
        known = self._read_before.by_account
        return tuple(record for word in accounts_in(text) for record in known.get(word, ()))

    @property
    def _read_before(self) -> Index:
        if self._index is None:
            raise Unreadable("The customer file could not be read.")
        return self._index

    def load(self) -> int:
        """Read it now; the number of addresses in it. Raises Fault."""
        self._stamp = self._stamp_now()
        self._index = read(self.path)
        return len(self._index.by_address)

    def refresh(self) -> None:
        if self._stamp_now() == self._stamp:
            return
        try:
            log.info("customer file read", file=str(self.path), addresses=self.load())
        except Fault as fault:
            log.error("the customer file is not taken: the old one stays", fault=str(fault))

    def _stamp_now(self) -> Stamp:
        try:
            found = os.stat(self.path)
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def read(path: Path) -> Index:
    """The whole file. Raises Fault with a sentence for each of the first faults."""
    rows = _rows(path, _text(path))
    line, heading = next(rows, (1, []))
    places = _places(path, line, heading)
    index, faults = Index(), []
    for count, (line, row) in enumerate(rows):
        if count >= MOST_LINES:
            raise Fault(f"{path}:{line}: there are more than {MOST_LINES} customers: use a table")
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        if fault := _fault(cells, row, heading):
            faults.append(f"{path}:{line}: {fault}")
        elif cells["address"]:
            index.add(_record(cells))
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise Fault("\n".join(faults))
    return index


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST + 1)
    except OSError as error:
        raise Fault(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(octets) > LARGEST:
        raise Fault(f"{path}: is larger than {LARGEST} octets: use a table")
    for charset in ("utf-8-sig", "cp949"):
        try:
            return octets.decode(charset)
        except UnicodeDecodeError as error:
            line = octets.count(b"\n", 0, error.start) + 1
    raise Fault(f"{path}:{line}: is neither UTF-8 nor CP949: save it as \"CSV UTF-8\"")


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that say something, each with the line that it ends at."""
    heading = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise Fault(f"{path}:{reader.line_num}: is not CSV: {error}") from None


def _places(path: Path, line: int, heading: list[str]) -> dict[str, int]:
    names = [" ".join(cell.split()).casefold() for cell in heading]
    if "address" not in names:
        raise Fault(f"{path}:{line}: the first line names the columns, and one of them is address; this names "
                    f"{', '.join(map(_shown, names))[:LONGEST_CELL] or 'none'}")
    for name in COLUMNS:
        if names.count(name) > 1:
            raise Fault(f"{path}:{line}: there are two columns {name}")
    return {name: names.index(name) for name in COLUMNS if name in names}


def _shown(text: str) -> str:
    return text if text.isprintable() else repr(text)


def _fault(cells: dict[str, str], row: list[str], heading: list[str]) -> str:
    """What is wrong with a line; "" when nothing is."""
    if len(row) > len(heading):
        return f"has {len(row)} columns, the first line has {len(heading)}"
    for name, cell in cells.items():
        if len(cell) > LONGEST_CELL:
            return f"the {name} is longer than {LONGEST_CELL} characters"
        if not cell.isprintable():
            return f"the {name} {cell!r} holds a line break or another sign that cannot be shown"
    if (address := cells["address"]) and not is_address(address):
        return f"{address!r} is no mail address"
    if (standing := cells.get("standing", "").casefold()) and standing not in STANDINGS:
        return f"the standing {standing!r} is none of {', '.join(STANDINGS)}"
    return ""


def _record(cells: dict[str, str]) -> CustomerRecord:
    return CustomerRecord(address_key(cells["address"]), cells.get("name", ""), cells.get("account", ""),
                          cells.get("standing", "").casefold() or "good")
