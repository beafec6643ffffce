"""What the door has seen before: signatures that come again, and senders that were told to come again.

A signature holds for whoever resends the mail it stands on. So each one that passed is remembered for a week: a second
mail with it is a copy, many are a replay. A sender whose DNS failed was told 451; whoever still comes after hours is
let in unproven, so the first time is remembered.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Delete, bindparam, case, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Db

from gateway.models import Deferral, Sighting, columns
from gateway.store.database import storable

REMEMBERED = timedelta(days=7)
"""A signature that was not seen for so long is new."""
PATIENCE = timedelta(days=2)
"""A deferred sender who stayed away for so long begins anew: mail servers come again within hours."""
SWEEP = 500
"""Rows that are forgotten with each batch."""

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_sighting, _deferral = columns(Sighting).__table__.c, columns(Deferral).__table__.c
_TIMES = select(_sighting.times).where(
    _sighting.signature == bindparam("signature"), _sighting.last_at > bindparam("since")
)


def times(db: Db, signatures: Sequence[str], now: datetime) -> int:
    """How often mails with one of these signatures were kept within a week."""
    connection, since = db.connection(), now - REMEMBERED  # most mails bear one: a list of them would be dear
    return max((connection.scalar(_TIMES, {"signature": each, "since": since}) or 0 for each in signatures), default=0)


def sight(db: Db, signatures: Sequence[str], now: datetime) -> None:
    """Remember that a mail with each of these signatures was kept. Forgets a little of what is too old."""
    # In one order always: two writers that take rows in different orders would wait for each other.
    rows = [{"signature": each, "last_at": now, "times": 1, "old": now - REMEMBERED} for each in sorted(signatures)]
    _forget(db, Sighting, now - REMEMBERED)
    db.connection().execute(_sight(db.connection().dialect.name), rows)


@cache
def _sight(dialect: str) -> Any:
    """Made once: it takes longer than what it does."""
    statement = _INSERTS[dialect](columns(Sighting))
    again = case((_sighting.last_at <= bindparam("old"), 1), else_=_sighting.times + 1)
    return statement.on_conflict_do_update(
        index_elements=["signature"], set_={"times": again, "last_at": statement.excluded.last_at})


def deferred_since(db: Db, domain: str, client_net: str, now: datetime) -> datetime:
    """When this sender was first told to come again: now, unless it was before."""
    domain = storable(domain)
    _forget(db, Deferral, now - PATIENCE)
    statement = _insert(db, Deferral)
    again = statement.on_conflict_do_update(
        index_elements=["domain", "client_net"],
        set_={
            "first_at": case(
                (_deferral.last_at <= now - PATIENCE, statement.excluded.first_at), else_=_deferral.first_at
            ),
            "last_at": statement.excluded.last_at,
        },
    )
    row = {"domain": domain, "client_net": client_net, "first_at": now, "last_at": now}
    db.connection().execute(again, row)
    known = select(_deferral.first_at).where(_deferral.domain == domain, _deferral.client_net == client_net)
    first: datetime = db.connection().execute(known).scalar_one()
    return first


def _insert(db: Db, table: type[Sighting] | type[Deferral]) -> Any:
    return _INSERTS[db.connection().dialect.name](table)


def _forget(db: Db, table: type[Sighting] | type[Deferral], before: datetime) -> None:
    """A few rows at a time, so that no mail waits for a great sweep."""
    db.connection().execute(_old(table), {"before": before})


@cache
def _old(table: type[Sighting] | type[Deferral]) -> Delete:
    rows = columns(table).__table__
    keys = tuple(rows.primary_key)
    old = select(*keys).where(rows.c.last_at <= bindparam("before")).order_by(rows.c.last_at).limit(SWEEP)
    return delete(rows).where(tuple_(*keys).in_(old))
