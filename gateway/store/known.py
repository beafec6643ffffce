"""What is known already of those who write, and of what their mails answer: asked once for many mails together.

Plain functions of a db session, run by Database.read or Database.write.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select
from sqlalchemy.orm import Session as Db

from gateway.models import Customer, Entry, Letter, columns

CUSTOMER = columns(Customer)
_letter, _entry = Letter.__table__, Entry.__table__  # type: ignore[attr-defined]

# Built once: making a statement costs more than running it.
_ADDRESSES: Any = bindparam("addresses", expanding=True)
_CUSTOMERS = select(Customer).where(CUSTOMER.address.in_(_ADDRESSES))
_MESSAGE_IDS = select(_entry.c.message_id).where(_entry.c.message_id.in_(bindparam("ids", expanding=True))).distinct()
_AUTOMATIC = and_(_letter.c.is_automatic, _letter.c.created_at > bindparam("day"))
_LETTERED = select(
    _letter.c.recipient,
    func.max(case((_letter.c.template.startswith("acknowledgement"), _letter.c.created_at))),
    func.sum(case((and_(_AUTOMATIC, _letter.c.created_at > bindparam("hour")), 1), else_=0)),
    func.sum(case((_AUTOMATIC, 1), else_=0))).where(_letter.c.recipient.in_(_ADDRESSES)).group_by(_letter.c.recipient)
_NEUTRAL = select(func.count()).select_from(_letter).where(
    _letter.c.template.in_(bindparam("templates", expanding=True)), _letter.c.created_at > bindparam("hour"))


@dataclass(frozen=True, slots=True)
class Lettered:
    """What has gone out to an address lately, for the caps on letters that nobody asked for."""

    last_acknowledged: datetime | None = None
    """When an acknowledgement last went there."""
    last_hour: int = 0
    """Letters of the desk itself, not of an agent."""
    last_day: int = 0


def customers(db: Db, addresses: Collection[str]) -> dict[str, Customer]:
    """Who writes from these addresses (lower case), by address."""
    found = db.scalars(_CUSTOMERS, {"addresses": list(addresses)}) if addresses else ()
    return {each.address: each for each in found}


def message_ids(db: Db, ids: Collection[str]) -> frozenset[str]:
    """Which of these Message-IDs some entry bears."""
    return frozenset(db.connection().scalars(_MESSAGE_IDS, {"ids": list(ids)}) if ids else ())


def lettered(db: Db, addresses: Collection[str], now: datetime) -> dict[str, Lettered]:
    """By address, for those that letters went to."""
    values = {"addresses": list(addresses), "hour": now - timedelta(hours=1), "day": now - timedelta(days=1)}
    rows = db.connection().execute(_LETTERED, values) if addresses else ()
    return {address: Lettered(last, last_hour, last_day) for address, last, last_hour, last_day in rows}


def sent_last_hour(db: Db, templates: Sequence[str], now: datetime) -> int:
    """Letters from these templates to anybody."""
    values = {"templates": templates, "hour": now - timedelta(hours=1)}
    return db.connection().scalar(_NEUTRAL, values) or 0
