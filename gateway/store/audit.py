"""The audit of what is about no request: who came in, and who changed whose rights. It stands in the history too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from gateway.models import History, columns

HISTORY = columns(History)

EVENTS = ("login", "staff")
"""Who came in or was not let in; who changed what others may."""


def write(db: Db, at: datetime, event: str, who: str, decision: str, because: str, detail: dict[str, Any]) -> None:
    """One line. `who`: the agent's name."""
    db.add(History(at=at, event=event, handler=who, decision=decision, because=because, detail=detail))


def lines(db: Db, limit: int, before: int | None = None) -> Sequence[History]:
    """The newest first. `before`: id of the last one of the page before."""
    query = select(History).where(HISTORY.event.in_(EVENTS)).order_by(HISTORY.id.desc()).limit(limit)
    return db.scalars(query if before is None else query.where(HISTORY.id < before)).all()
