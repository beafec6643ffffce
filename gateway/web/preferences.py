"""What an agent chooses: the language of the desk, kept with the agent, and its colours, kept by the browser."""

from fastapi import APIRouter
from sqlalchemy.orm import Session as Db
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from gateway.store import agents
from gateway.web.login import local, read_form, viewer_of
from gateway.web.rail import THEME, THEMES
from gateway.web.words import all_words
from gateway.web.workplace import Workplace

YEAR = 365 * 24 * 3600


def routes(place: Workplace) -> APIRouter:
    """POST /preferences."""
    router = APIRouter()

    @router.post("/preferences")
    async def choose(http_request: HttpRequest) -> Response:
        viewer, form = viewer_of(http_request), await read_form(http_request)
        answer = RedirectResponse(local(form.get("back", "")) or "/", 303)
        if (language := form.get("language", "")) in all_words():
            await place.database.write(lambda db: _speak(db, viewer.agent, language))
        if "theme" in form:
            theme = form["theme"] if form["theme"] in THEMES else ""
            answer.set_cookie(THEME, theme, max_age=YEAR, path="/", httponly=True, samesite="lax",
                              secure=place.settings.url.startswith("https://"))
        return answer

    return router


def _speak(db: Db, name: str, language: str) -> None:
    agent = agents.find(db, name)
    if agent is not None:
        agent.language = language
