"""Whom to tell what happens: webhooks, and what each has still to be told.

What happens is the history: one line for each decision about a request. A place in it is kept (Counter), and each line
behind it becomes one delivery for each webhook that wants it, in one transaction: a crash forgets and repeats nothing.
"""

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as Db

from gateway.models import Counter, History, Request, Webhook, WebhookDelivery, columns, is_in

HISTORY, REQUEST = columns(History), columns(Request)
WEBHOOK, DELIVERY = columns(Webhook), columns(WebhookDelivery)

PLACE = "webhooks"
"""Name of the counter: the last line of the history that was looked at."""
SECRET_MARK = "whsec_"  # noqa: S105 - what every key begins with
AT_ONCE = 500
SETTLED = timedelta(seconds=3)
"""A line is looked at when it is so old: of two transactions the one that began first may be seen last."""
KEPT = timedelta(days=30)
"""How long what was delivered or given up can be looked at."""
FORGET_EVERY = 1000
"""Lines of the history after which what is older is let go."""


def invent_secret() -> str:
    """A key for a new webhook."""
    return SECRET_MARK + b64encode(secrets.token_bytes(32)).decode()


def in_use(db: Db) -> Sequence[Webhook]:
    """Those that are not disabled."""
    return db.scalars(select(Webhook).where(WEBHOOK.disabled_at.is_(None)).order_by(WEBHOOK.id)).all()


def listing(db: Db) -> Sequence[Webhook]:
    return db.scalars(select(Webhook).order_by(WEBHOOK.id.desc()).limit(1000)).all()


def deliveries(db: Db, webhook_id: int, limit: int, before: int | None) -> Sequence[WebhookDelivery]:
    """The newest first. `before`: id of the last one of the page before."""
    query = select(WebhookDelivery).where(DELIVERY.webhook_id == webhook_id).order_by(DELIVERY.id.desc()).limit(limit)
    return db.scalars(query if before is None else query.where(DELIVERY.id < before)).all()


def add(db: Db, hook: Webhook) -> Webhook:
    """It is told what happens from now on."""
    if not in_use(db):  # nobody listened: what happened meanwhile is old
        place = db.get(Counter, PLACE, with_for_update=True) or Counter(name=PLACE)
        place.value = db.scalar(select(func.max(HISTORY.id))) or 0
        db.add(place)
    db.add(hook)
    db.flush()
    return hook


def gather(db: Db, now: datetime) -> int:
    """Make deliveries of what happened since the last time; how many lines of the history were looked at."""
    place = db.get(Counter, PLACE, with_for_update=True)
    if place is None:
        return 0
    hooks = in_use(db)
    query = (select(History, Request).outerjoin(Request, REQUEST.id == HISTORY.request_id)
             .where(HISTORY.id > place.value, HISTORY.at <= now - SETTLED).order_by(HISTORY.id).limit(AT_ONCE))
    lines = [(line, request) for line, request in db.execute(query)]
    if lines and (lines[-1][0].id or 0) // FORGET_EVERY != place.value // FORGET_EVERY:
        forget(db, now)
    for line, request in lines:
        place.value = line.id or place.value
        db.add_all(WebhookDelivery(webhook_id=each.id or 0, event=line.decision, body=_told(line, request),
                                   created_at=now, next_attempt=now)
                   for each in hooks if request is not None and _wants(each, line.decision, request.queue))
    return len(lines)


def _wants(hook: Webhook, event: str, queue: str) -> bool:
    return (not hook.events or event in hook.events) and (not hook.queues or queue in hook.queues)


def _told(line: History, request: Request) -> dict[str, Any]:
    """No word and no address of a customer's: who needs them asks the API, with a token."""
    return {"id": line.id, "at": line.at.isoformat(), "event": line.decision, "who": line.handler,
            "request": request.number, "queue": request.queue, "state": request.state}


def claim(db: Db, now: datetime, lease: timedelta, most: int) -> list[tuple[WebhookDelivery, Webhook]]:
    """What is due, in this process's hand for so long."""
    query = (select(WebhookDelivery, Webhook).join(Webhook, WEBHOOK.id == DELIVERY.webhook_id)
             .where(is_in(DELIVERY.state, ("waiting",)), DELIVERY.next_attempt <= now, WEBHOOK.disabled_at.is_(None))
             .order_by(DELIVERY.next_attempt, DELIVERY.id).limit(most)
             .with_for_update(skip_locked=True, of=WebhookDelivery))
    found = [(delivery, hook) for delivery, hook in db.execute(query)]
    for delivery, _ in found:
        delivery.next_attempt, delivery.attempts = now + lease, delivery.attempts + 1
    return found


def settle(db: Db, delivery_id: int, state: str, status: int | None, reply: str, now: datetime,
           again: datetime | None) -> None:
    """What came of a try. `again`: when it is tried next, while it waits."""
    row = db.get_one(WebhookDelivery, delivery_id)
    row.state, row.status, row.reply = state, status, reply
    row.settled_at = None if again else now
    row.next_attempt = again or row.next_attempt


def disable(db: Db, webhook_id: int, now: datetime, reason: str) -> None:
    """It is told nothing more."""
    db.execute(update(Webhook).where(WEBHOOK.id == webhook_id).values(disabled_at=now, reason=reason))
    db.execute(update(WebhookDelivery).where(DELIVERY.webhook_id == webhook_id, is_in(DELIVERY.state, ("waiting",)))
               .values(state="failed", settled_at=now, reply=reason))


def forget(db: Db, now: datetime) -> None:
    """What was settled long ago."""
    db.execute(delete(WebhookDelivery).where(DELIVERY.settled_at < now - KEPT))
