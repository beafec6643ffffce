"""What programs ask for: the API, its description, and MCP where it is on.

Built when the first of them comes, since its routes and values take 4 MB: where only people work at the desk, nobody
pays for them.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache, partial

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.desk.staff import Staff
from gateway.web.api import BASE
from gateway.web.workplace import Workplace

DESCRIPTION = f"{BASE}/openapi.json"


class Programs:
    """Answers what lies below /api/v1; `pages` answer all else. live: what is told to pages and programs alike."""

    def __init__(self, pages: ASGIApp, workplace: Workplace, staff: Staff, live: APIRouter,
                 finish: Callable[[FastAPI, Sequence[APIRouter]], FastAPI]) -> None:
        """finish: gives an application its routes, and what it says when something is not done."""
        self._pages, self._workplace, self._staff, self._live, self._finish = pages, workplace, staff, live, finish
        self._api: FastAPI | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await self._built() if scope["path"].startswith(BASE + "/") else self._pages
        await app(scope, receive, send)

    async def _built(self) -> FastAPI:
        """It takes 0.3 s, in which the door goes on."""
        async with self._building:
            if self._api is None:
                self._api = await asyncio.to_thread(self._build)
        return self._api

    def _build(self) -> FastAPI:
        from gateway.web import openapi

        app = FastAPI(openapi_url=DESCRIPTION, docs_url=None, redoc_url=None, redirect_slashes=False)
        self._finish(app, [self._live, *_routes(self._workplace, self._staff)])
        app.openapi = cache(partial(openapi.describe, app))  # type: ignore[method-assign]
        return app


def _routes(workplace: Workplace, staff: Staff) -> list[APIRouter]:
    from gateway.web import api_acts, api_reports, api_requests, api_staff, api_webhooks, mcp

    router = APIRouter(prefix=BASE)
    for each in (api_requests.routes(workplace), api_acts.routes(workplace), api_staff.routes(workplace, staff),
                 api_reports.routes(workplace), api_webhooks.routes(workplace)):
        router.include_router(each)
    return [*([mcp.routes(workplace)] if workplace.settings.mcp else []), router]
