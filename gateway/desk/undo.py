"""For some seconds an agent can take back what they said: the letter waits so long in the outbox.

What the saying changed is kept beside it, column by column, as it was before and as it is after. Taking it back sets
those that are still as the saying left them: what somebody else did meanwhile stays done.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Db
from sqlmodel import SQLModel

from gateway.desk.hand import Hand, Refused
from gateway.models import Attachment, Entry, Letter, Moment, Request, Undo, Upload, Wake, columns

ATTACHMENT, LETTER, UNDO = columns(Attachment), columns(Letter), columns(Undo)
UPLOAD, WAKE = columns(Upload), columns(Wake)
_OF_REQUEST = [name for name in Request.model_fields if name not in ("id", "changed_at", "last_entry")]
_OF_WAKE = ["at", "done_at"]
_FORGOTTEN = timedelta(days=1)

State = dict[str, dict[str, Any]]
"""Row ("request", or the id of a wake) -> column -> value as JSON holds it."""


def state(db: Db, request: Request) -> State:
    """All that a saying may change."""
    db.flush()
    wakes = db.scalars(select(Wake).where(WAKE.request_id == request.id, WAKE.done_at.is_(None)))
    return {"request": _values(request, _OF_REQUEST), **{str(wake.id): _values(wake, _OF_WAKE) for wake in wakes}}


def keep(hand: Hand, entry: Entry, before: State) -> None:
    """The entry can be taken back for a while; its letter waits so long."""
    db, until = hand.db, hand.now + hand.desk.undo
    db.flush()
    db.execute(delete(Undo).where(UNDO.until < hand.now - _FORGOTTEN))
    db.add(Undo(entry_id=entry.id or 0, until=until, changes=dict(_changes(db, hand.request, before))))
    db.execute(update(Letter).where(LETTER.id == entry.letter_id).values(next_attempt=until))


def take_back(hand: Hand, entry_id: int) -> Entry:
    """It was never said. The words and files are still there, for the agent to say it better."""
    db, entry = hand.db, hand.db.get(Entry, entry_id)
    if entry is None or entry.request_id != hand.request.id or entry.author != hand.agent:
        raise Refused(f"{hand.agent} said no entry {entry_id} in {hand.request.number}.", "unknown-entry")
    if entry.withdrawn_at is not None:
        raise Refused("It was taken back already.", "already")
    kept = db.get(Undo, entry_id)
    if kept is None or kept.until < hand.now:
        raise Refused("It is too late: the letter is on its way.", "too-late")
    _withdraw(db, entry, hand.now)
    _set_back(db, hand.request, kept.changes, hand.now)
    db.delete(kept)
    hand.write("undo", f"{hand.agent} took this {entry.kind} back; nothing was sent.", entry=entry_id)
    return entry


def _withdraw(db: Db, entry: Entry, now: datetime) -> None:
    letter = db.get(Letter, entry.letter_id, with_for_update=True) if entry.letter_id else None
    if letter is not None and (letter.state != "waiting" or letter.attempts):
        raise Refused("It is too late: the letter is on its way.", "too-late")
    entry.withdrawn_at, entry.letter_id, entry.message_id = now, None, ""
    db.flush()
    if letter is not None:
        db.delete(letter)
    db.execute(update(Upload).where(UPLOAD.entry_id == entry.id).values(entry_id=None))
    db.execute(delete(Attachment).where(ATTACHMENT.entry_id == entry.id))


def _changes(db: Db, request: Request, before: State) -> Iterator[tuple[str, dict[str, list[Any]]]]:
    wakes = db.scalars(select(Wake).where(WAKE.request_id == request.id)
                       .execution_options(populate_existing=True)).all()  # fmt: skip
    after = {"request": _values(request, _OF_REQUEST), **{
        str(wake.id): _values(wake, _OF_WAKE) for wake in wakes if wake.done_at is None or str(wake.id) in before}}
    for row, values in after.items():
        was = before.get(row, {})
        if changed := {name: [was.get(name), value] for name, value in values.items() if was.get(name) != value}:
            yield row, changed


def _set_back(db: Db, request: Request, changes: dict[str, dict[str, list[Any]]], now: datetime) -> None:
    for row, changed in changes.items():
        subject = request if row == "request" else db.get(Wake, int(row))
        if isinstance(subject, Wake) and changed.get("at", [""])[0] is None:
            subject.done_at = subject.done_at or now  # the saying asked for it: nobody waits for it any more
        elif subject is not None:
            _set_columns_back(subject, changed)


def _set_columns_back(row: SQLModel, changed: dict[str, list[Any]]) -> None:
    for name, (before, after) in changed.items():
        if _plain(getattr(row, name)) == after:
            is_moment = isinstance(columns(type(row)).__table__.c[name].type, Moment)
            setattr(row, name, datetime.fromisoformat(before) if is_moment and before else before)


def _values(row: SQLModel, names: list[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
