"""The herald: tells other programs what happens, by signed HTTP POSTs, until they have heard it.

Signed as standardwebhooks.com says: `webhook-id`, `webhook-timestamp`, and `webhook-signature`, which is "v1," and the
base64 of HMAC-SHA256 over "id.timestamp.body"; the key is the base64 behind "whsec_". The id is the same at every try,
so whoever hears a thing twice can tell. 2xx is heard; 410 wants to hear no more; all else is tried again later.
"""

import asyncio
import hmac
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from gateway.config import Delivery
from gateway.delivery.caller import Caller, NotCalled
from gateway.delivery.retry import next_attempt
from gateway.models import Webhook, WebhookDelivery
from gateway.store import webhooks
from gateway.store.database import Database

log = structlog.get_logger()

EVERY = 2.0
"""Seconds between two looks at what happened."""
AT_ONCE = 8
"""Calls under way together."""
LEASE = timedelta(minutes=1)
RETRY = Delivery(retry_first=timedelta(seconds=10), retry_longest=timedelta(hours=4), give_up=timedelta(days=2))
"""When what was not heard is told again."""


def signature(secret: str, id: str, at: int, body: bytes) -> str:
    """What stands in webhook-signature. at: seconds since 1970."""
    key = b64decode(secret.removeprefix(webhooks.SECRET_MARK))
    return "v1," + b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, sha256)).decode()


class Herald:
    """Tells until it is stopped. Several may work on one PostgreSQL database."""

    def __init__(self, database: Database, caller: Caller, now: Callable[[], datetime]) -> None:
        self._database, self._caller, self._now = database, caller, now
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until stop() is called."""
        self._running = asyncio.current_task()
        while True:
            try:
                is_busy = await self.round()
            except Exception as error:  # the edge to the store: it may be away for a while
                log.warning("webhooks cannot be looked at", error=str(error))
                is_busy = False
            await asyncio.sleep(0 if is_busy else EVERY)

    def stop(self) -> None:
        """Tell nothing more; what is under way is told again after the next start."""
        if self._running:
            self._running.cancel()

    async def round(self) -> bool:
        """Gather what happened and tell what is due; False when there was nothing to do."""
        if not await self._database.read(webhooks.in_use):
            return False
        gathered = await self._database.write(lambda db: webhooks.gather(db, self._now()))
        due = await self._database.write(lambda db: webhooks.claim(db, self._now(), LEASE, AT_ONCE))
        await asyncio.gather(*(self._tell(delivery, hook) for delivery, hook in due))
        return bool(gathered or due)

    async def _tell(self, delivery: WebhookDelivery, hook: Webhook) -> None:
        body, now = json.dumps(delivery.body, separators=(",", ":")).encode(), self._now()
        id, at = f"msg_{delivery.id}", int(now.timestamp())
        headers = [("Content-Type", "application/json"), ("User-Agent", "frontdesk"), ("webhook-id", id),
                   ("webhook-timestamp", str(at)), ("webhook-signature", signature(hook.secret, id, at, body))]
        status, reply = None, ""
        try:
            status = await self._caller.post(hook.url, body, headers)
        except NotCalled as error:
            reply = str(error)
        await self._settle(delivery, hook, status, reply)

    async def _settle(self, delivery: WebhookDelivery, hook: Webhook, status: int | None, reply: str) -> None:
        now, id = self._now(), delivery.id or 0
        is_heard = status is not None and 200 <= status < 300
        is_over = is_heard or status == 410
        again = None if is_over else next_attempt(delivery.attempts, delivery.created_at, now, RETRY, random.random())  # noqa: S311
        state = "delivered" if is_heard else "waiting" if again else "failed"
        await self._database.write(lambda db: webhooks.settle(db, id, state, status, reply, now, again))
        if status == 410:
            await self._database.write(lambda db: webhooks.disable(db, hook.id or 0, now, "It said 410 Gone."))
        if not is_heard:
            log.info("a webhook did not hear", webhook=hook.id, status=status, reply=reply, state=state)
