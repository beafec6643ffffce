"""New rows handed to the driver as it takes them, many in one statement.

What SQLAlchemy does for each row takes longer than the database's own work; and SQLite lets go of the interpreter for
each statement and then waits to have it back, while the write lock is held.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table

TOGETHER = 16
"""Rows of one statement on SQLite."""

Taker = Callable[[Any], Any] | None


def insert(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows that have a value for each of the columns."""
    takers = _takers(table, columns, connection.dialect)
    values = [[row[name] if take is None else take(row[name]) for name, take in takers] for row in rows]
    if connection.dialect.name == "sqlite":
        for place in range(0, len(values), TOGETHER):
            part = values[place:place + TOGETHER]
            connection.exec_driver_sql(_words(table.name, columns, len(part)), tuple(chain.from_iterable(part)))
    else:
        connection.exec_driver_sql(_numbered(table.name, columns), [tuple(each) for each in values])


@cache
def _takers(table: Table, columns: tuple[str, ...], dialect: Dialect) -> list[tuple[str, Taker]]:
    """Each column with what makes of its value what the driver takes: moments and JSON, of which there are few."""
    found: list[tuple[str, Taker]] = []
    for name in columns:
        found.append((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)))
    return found


@cache
def _words(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = ", ".join([f"({', '.join('?' * len(columns))})"] * rows)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks}"  # noqa: S608


@cache
def _numbered(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join(f"${place + 1}" for place in range(len(columns)))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
