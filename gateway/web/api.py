"""The API of the agents' desk, /api/v1: everything that the page does, for programs.

Answers are JSON; what is not done is application/problem+json (RFC 9457). Lists have cursors. What changes a request
names the version it means (If-Match, RFC 9110 section 13.1.1), and what may send a letter may be asked for again safely
(Idempotency-Key): both are looked at in the transaction of the act, so nothing comes between.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Path
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Db
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.desk import number as numbers
from gateway.desk.acts import Acts, Refused
from gateway.models import Entry, IdempotencyKey, Request, columns
from gateway.store import agents, requests
from gateway.web.login import Viewer, viewer_of
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

BASE = "/api/v1"
ENTRY = columns(Entry)
_NOT_OF_THE_MATTER = ("lease_until", "claimed_at", "changed_at")
"""Columns of a request that change while an agent works, and contradict nobody."""
IN_HAND = 0
"""Status of a key whose act was done, and whose answer is not there yet."""

Who = Annotated[Viewer, Depends(viewer_of)]
Number = Annotated[str, Path(max_length=60, description="Request number, however loosely typed",
                             examples=["FD-2026-0001236"])]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description="Any word of yours: the same "
                                   "request with the same key is done once, and answered the same for a day.")]
Match = Annotated[str | None, Header(alias="If-Match", max_length=200,
                                     description='The ETag of the request as you saw it, or "*".')]


def found(db: Db, workplace: Workplace, viewer: Viewer, typed: str) -> Request:
    """The request of a number, when the viewer may see it. Raises Refused: both reasons are one answer."""
    exact = next(numbers.find(typed, workplace.acts.desk.office.prefix), "")
    request = requests.find(db, exact) if exact else None
    if request is None or not viewer.sees(request.queue):
        raise unknown()
    return request


def unknown() -> Refused:
    return Refused("There is no such request, or it is in a queue that you do not see.", "unknown-request")


def version(db: Db, request: Request) -> str:
    """The ETag of a request: it changes with what it is and what was said in it."""
    newest = db.scalar(select(func.max(ENTRY.id)).where(ENTRY.request_id == request.id))
    values = [str(getattr(request, name)) for name in Request.model_fields if name not in _NOT_OF_THE_MATTER]
    return f'"{sha256(json.dumps([*values, newest]).encode()).hexdigest()[:24]}"'


@dataclass(frozen=True, slots=True)
class Asked:
    """One http request that changes something: by whom, on which condition, and done once."""

    workplace: Workplace
    viewer: Viewer
    http_request: HttpRequest
    key: str | None
    match: str | None = "*"
    """If-Match; None where it is needed and was not given."""

    async def done(self, act: Callable[[Acts], Awaitable[Any]],
                   answer: Callable[[Any], Awaitable[Response]]) -> Response:
        """Let the act be done, and answer; what was answered before is answered again."""
        if self.match is None:
            raise Problem("no-precondition", 'Send If-Match with the ETag of the request as you saw it, or "*".')
        acts = self.workplace.acts.within(self.viewer.queues).provided(self._condition)
        if self.key is None:
            return await answer(await act(acts))
        _check_key(self.key)
        if kept := await self.workplace.database.read(self._kept):
            return self._again(kept)
        try:
            made = await answer(await act(acts))
        except _Replay as replay:
            return self._again(replay.kept)
        except IntegrityError:
            raise Problem("in-hand") from None
        await self.workplace.database.write(lambda db: self._settle(db, made))
        return made

    def _condition(self, db: Db, request: Request) -> None:
        if kept := self._kept(db):
            db.expunge(kept)
            raise _Replay(kept)  # it came twice at the same moment
        if not _matches(self.match or "*", lambda: version(db, request)):
            raise Problem("changed", "The request is not as you saw it: read it again.", ETag=version(db, request))
        if self.key is not None:
            now = self.workplace.now()
            agents.end_old(db, now)
            agents.remember(db, self.viewer.agent, self.key, self._hash, IN_HAND, {}, now)
            db.flush()

    def _kept(self, db: Db) -> IdempotencyKey | None:
        """What this key was answered with before."""
        return agents.answered_before(db, self.viewer.agent, self.key, self.workplace.now()) if self.key else None

    @property
    def _hash(self) -> str:
        """What was asked, so that a key cannot mean two things."""
        what = self.http_request
        body = what.scope["body"]
        return sha256(b"\0".join([what.method.encode(), what.scope["raw_path"], body])).hexdigest()

    def _again(self, kept: IdempotencyKey) -> Response:
        if kept.request_hash != self._hash:
            raise Problem("key-reused", "This Idempotency-Key came with another request before.")
        if kept.status == IN_HAND:
            raise Problem("in-hand", "It was asked for before and is done, or nearly: look at the request.")
        headers = {"Idempotent-Replayed": "true", **kept.body["headers"]}
        return Response(kept.body["body"], kept.status, headers, media_type="application/json")

    def _settle(self, db: Db, made: Response) -> None:
        kept = db.get_one(IdempotencyKey, (self.viewer.agent, self.key))
        headers = {name: made.headers[name] for name in ("etag", "location") if name in made.headers}
        kept.status, kept.body = made.status_code, {"body": bytes(made.body).decode(), "headers": headers}


class _Replay(Exception):
    """It was done before."""

    def __init__(self, kept: IdempotencyKey) -> None:
        self.kept = kept


def _check_key(key: str) -> None:
    if not key.strip() or not key.isascii() or not key.isprintable():
        raise Problem("malformed", "An Idempotency-Key has 1 to 200 printable ASCII characters.")


def _matches(wanted: str, etag: Callable[[], str]) -> bool:
    """RFC 9110 section 13.1.1: a strong comparison with any of the list."""
    return wanted.strip() == "*" or etag() in [each.strip() for each in wanted.split(",")]
