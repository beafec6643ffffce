"""What the API says when it does not do something: application/problem+json (RFC 9457), with a closed `code`.

The same code and sentence stand on the page where a person asked.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.store.database import storable

KIND = "application/problem+json"

TITLES = {
    "malformed": (400, "The request cannot be read"),
    "not-logged-in": (401, "A login or token is needed"),
    "forbidden": (403, "This is not for you"),
    "foreign-origin": (403, "It came from another site"),
    "not-found": (404, "Nothing is here"),
    "no-such-method": (405, "This is not done here"),
    "refused": (409, "It cannot be done now"),
    "in-hand": (409, "The first of these is still being done"),
    "length-required": (411, "A length is needed"),
    "changed": (412, "It has changed since"),
    "too-large": (413, "It is too large"),
    "too-many-files": (413, "Too many files wait to be sent"),
    "too-long": (414, "The address is too long"),
    "not-json": (415, "The body is not JSON"),
    "invalid": (422, "Some values are not allowed"),
    "key-reused": (422, "The key was used for something else"),
    "no-precondition": (428, "If-Match is needed"),
    "crowded": (429, "Too often"),
    "trouble": (503, "The desk has a fault"),
}
"""Status and title of each code. What an act refuses has a code of its own, and the title of "refused"."""
NOT_THERE = ("unknown-request", "unknown-entry", "unknown-agent", "unknown-token", "unknown-upload", "unknown-webhook")
"""Codes of acts that mean 404."""


class FieldFault(BaseModel):
    """One value that is not allowed."""

    where: str = Field(description='Such as "body.text" or "query.limit"')
    what: str


class ProblemBody(BaseModel):
    """RFC 9457, with a code that programs may rely on."""

    type: str = Field(description="urn:frontdesk:problem:<code>")
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[FieldFault] | None = None


class Problem(Exception):
    """Ends the handling of an http request with this answer."""

    def __init__(self, code: str, detail: str = "", **headers: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def status(self) -> int:
        return status_of(self.code)


def status_of(code: str) -> int:
    """The HTTP status of a code; that of an act's refusal is 409, where it is not one of the closed table."""
    if code in TITLES:
        return TITLES[code][0]
    if code in NOT_THERE:
        return 404
    return 422 if code.startswith("bad-") else 409


def problem(code: str, detail: str = "", errors: list[dict[str, str]] | None = None,
            headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a program."""
    status = status_of(code)
    title = TITLES.get(code, TITLES["refused"])[1] if status != 404 else TITLES["not-found"][1]
    body: dict[str, Any] = {"type": f"urn:frontdesk:problem:{code}", "title": title, "status": status, "code": code,
                            "detail": detail}
    if errors:
        body["errors"] = errors
    octets = json.dumps(storable(body), ensure_ascii=False).encode()
    return Response(octets, status, dict(headers or {}), media_type=KIND)
