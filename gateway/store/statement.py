"""SQL of our own words with named values, put together as a list or a search needs it.

A statement is read once and kept: SQLAlchemy would take longer over it than the database over the answer.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session as Db

from gateway.models import Moment

_NAME = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
MOST_PARTS = 100
_MOMENTS = {"now", "due", "hour"}
"""Values that are points in time."""


def rows(db: Db, sql: str, values: dict[str, Any], columns: tuple[Any, ...] = ()) -> Any:
    """What this SQL gives; values that it does not name are left out. columns: those whose types its own have."""
    statement, names = _read(sql, columns)
    return db.connection().execute(statement, {name: values[name] for name in names})


def named(words: Sequence[Any]) -> dict[str, Any]:
    """Values for :q0, :q1 ..."""
    return {f"q{place}": word for place, word in enumerate(words)}


def places(count: int) -> str:
    """(:q0, :q1 ...)"""
    return f"({', '.join(f':q{place}' for place in range(count))})"


def each_queue(count: int) -> list[str]:
    """A condition for each of the queues :q0, :q1 ..., so that each is read along its index; of very many one for all,
    since SQLite puts no more than 500 questions together."""
    return [f"queue = :q{place}" for place in range(count)] if count <= MOST_PARTS else [f"queue IN {places(count)}"]


@lru_cache(500)
def _read(sql: str, columns: tuple[Any, ...]) -> tuple[Any, frozenset[str]]:
    names = frozenset(_NAME.findall(sql))
    statement = text(sql).bindparams(*(bindparam(name, type_=Moment) for name in names & _MOMENTS))
    return statement.columns(*columns) if columns else statement, names
