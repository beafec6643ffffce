"""The API about webhooks: who is told what happens, and what became of it. For whoever administers."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session as Db
from starlette.responses import Response

from gateway.config import is_public
from gateway.desk.acts import Refused
from gateway.models import Webhook
from gateway.store import audit, webhooks
from gateway.web.api import Who
from gateway.web.api_values import LARGEST_ID, Heard, Id, Name, Value, Word
from gateway.web.workplace import Workplace

MOST = 100


class WebhookWish(Heard):
    """A program that is to be told what happens, by signed POSTs (standardwebhooks.com)."""

    url: Annotated[str, Field(max_length=500, pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?$")]
    """https://; another address only within [agents] webhook_nets."""
    label: Word = ""
    events: list[Name] = Field(default=[], max_length=50)
    """Decisions as the history names them, such as open, join, answer, place; none named is all."""
    queues: list[Name] = Field(default=[], max_length=100)
    """Of requests in these queues; none named is all."""


class WebhookValue(Value):
    id: int
    url: str
    label: str
    events: list[str]
    queues: list[str]
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    reason: str
    """Why it was disabled."""


class NewWebhook(WebhookValue):
    secret: str
    """Key of the signatures: shown once."""


class WebhooksValue(Value):
    items: list[WebhookValue]


class DeliveryValue(Value):
    """One thing told, or to be told."""

    id: int
    event: str
    state: str
    """waiting, delivered or failed."""
    attempts: int
    created_at: datetime
    next_attempt: datetime
    settled_at: datetime | None
    status: int | None
    reply: str


class DeliveryPage(Value):
    items: list[DeliveryValue]
    next: str | None


def routes(workplace: Workplace) -> APIRouter:
    """/webhooks."""
    router = APIRouter(tags=["webhooks"])
    database = workplace.database

    @router.get("/webhooks")
    async def listing(viewer: Who) -> WebhooksValue:
        """All of them, the newest first."""
        viewer.must("administer")
        rows = await database.read(webhooks.listing)
        return WebhooksValue(items=[WebhookValue.model_validate(row) for row in rows])

    @router.post("/webhooks", status_code=201)
    async def add(viewer: Who, wish: WebhookWish) -> NewWebhook:
        """Tell a program what happens from now on. The secret is in this answer, and nowhere else."""
        viewer.must("administer")
        _check(wish.url, workplace.settings.webhook_nets)
        now = workplace.now()
        hook = Webhook(**wish.model_dump(), secret=webhooks.invent_secret(), created_at=now, created_by=viewer.agent)

        def work(db: Db) -> Webhook:
            made = webhooks.add(db, hook)
            audit.write(db, now, "staff", viewer.agent, "webhook", f"{viewer.agent} made webhook {made.id}.",
                        {"webhook": made.id, "url": made.url})
            return made

        return NewWebhook.model_validate(await database.write(work))

    @router.delete("/webhooks/{id}", status_code=204)
    async def disable(viewer: Who, id: Annotated[Id, Path()]) -> Response:
        """It is told nothing more."""
        viewer.must("administer")
        now = workplace.now()

        def work(db: Db) -> None:
            if db.get(Webhook, id) is None:
                raise Refused("There is no such webhook.", "unknown-webhook")
            webhooks.disable(db, id, now, f"{viewer.agent} disabled it.")
            audit.write(db, now, "staff", viewer.agent, "webhook", f"{viewer.agent} disabled webhook {id}.",
                        {"webhook": id})

        await database.write(work)
        return Response(status_code=204)

    @router.get("/webhooks/{id}/deliveries")
    async def deliveries(viewer: Who, id: Annotated[Id, Path()], limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
                         cursor: Annotated[int, Query(ge=1, le=LARGEST_ID)] = LARGEST_ID) -> DeliveryPage:
        """What it was told, or is to be, the newest first."""
        viewer.must("administer")
        rows = await database.read(lambda db: webhooks.deliveries(db, id, limit + 1, cursor))
        further = str(rows[limit - 1].id) if len(rows) > limit else None
        return DeliveryPage(items=[DeliveryValue.model_validate(row) for row in rows[:limit]], next=further)

    return router


def _check(url: str, nets: Sequence[str]) -> None:
    """Raises Refused for what would never be called. delivery/caller looks where a name leads each time."""
    if url.startswith("http://") and not nets:
        raise Refused("Only https:// goes over the open network.", "bad-address")
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        raise Refused("An address is such as https://hooks.example.com/frontdesk.", "bad-address") from None
    with suppress(ValueError):  # a name
        address: Any = ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
        if not is_public(address) and not any(address in ip_network(each) for each in nets):
            raise Refused(f"{address} is a private address, which [agents] webhook_nets does not allow.", "bad-address")
