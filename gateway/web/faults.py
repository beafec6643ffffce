"""What the agents' window says where something is not done: to a person a page, to a program (below /api) a problem.

Whatever goes wrong behind the door ends here, with a closed code; what went wrong with us stands in the log only.
"""

from collections.abc import Mapping
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.desk.acts import Refused
from gateway.store.database import is_of_values
from gateway.web.login import Viewer
from gateway.web.problems import Problem, problem, status_of
from gateway.web.sheets import Sheets

log = structlog.get_logger()

API = "/api/"
AGAIN = {"Retry-After": "10"}
MOST_FAULTS = 20
"""Values of one http request that are told to be wrong."""
_CODES = {400: "malformed", 403: "forbidden", 405: "no-such-method", 415: "not-json"}
"""What the framework refuses, by status; else nothing is there."""


class Faults:
    """Says what was not done."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets

    def answer(self, http_request: HttpRequest, code: str, detail: str = "",
               errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        if http_request.scope["path"].startswith(API):
            return problem(code, detail, errors, headers)
        viewer: Viewer | None = http_request.scope.get("viewer")
        wish = http_request.headers.get("accept-language", "")
        language = viewer.language if viewer else self._sheets.language(wish)
        answer = self._sheets.answer("trouble", language, status_of(code), code=code, detail=detail,
                                     back=_request_page(http_request) if code == "too-large" else "")
        answer.headers.update(headers or {})
        return answer

    def handle(self, app: FastAPI) -> None:
        """Whatever is raised in the application is answered here."""
        app.add_exception_handler(Refused, self._refused)
        app.add_exception_handler(Problem, self._told)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._by_http)
        app.add_exception_handler(DBAPIError, self._stored)
        app.add_exception_handler(Exception, self._trouble)

    async def _refused(self, http_request: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self.answer(http_request, error.code, str(error))

    async def _told(self, http_request: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return self.answer(http_request, error.code, error.detail, headers=error.headers)

    async def _invalid(self, http_request: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [{"where": ".".join(str(part) for part in each["loc"])[:200], "what": str(each["msg"])[:300]}
                  for each in error.errors()[:MOST_FAULTS]]
        return self.answer(http_request, "invalid", "", errors)

    async def _by_http(self, http_request: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self.answer(http_request, _CODES.get(error.status_code, "not-found"), headers=error.headers)

    async def _stored(self, http_request: HttpRequest, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)
        if not is_of_values(error):
            return await self._trouble(http_request, error)
        log.warning("a value that the database cannot take", path=http_request.scope["path"][:200], exc_info=error)
        return self.answer(http_request, "invalid")

    async def _trouble(self, http_request: HttpRequest, error: Exception) -> Response:
        log.error("a page of the desk failed", path=http_request.scope["path"][:200], exc_info=error)
        return self.answer(http_request, "trouble", headers=AGAIN)


def _request_page(http_request: HttpRequest) -> str:
    """Where what was typed is still there."""
    page = http_request.scope["path"].rpartition("/")[0]
    return quote(page) if page.startswith("/requests/") else ""
