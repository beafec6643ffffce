"""The API about people: who you are, agents, tokens of programs, the audit."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from gateway.desk.roles import RIGHTS, Role, Scope
from gateway.desk.staff import Staff, login_name
from gateway.models import Agent, ApiToken
from gateway.store import agents, audit
from gateway.web.api import Who
from gateway.web.api_values import LARGEST_ID, Heard, HistoryValue, Id, Name, Value, Word
from gateway.web.login import Viewer
from gateway.web.problems import Problem
from gateway.web.workplace import Workplace

MOST_QUEUES = 100
Language = Annotated[str, Field(pattern="^(en|ko)$")]
AgentName = Annotated[str, Path(max_length=100)]


class Me(Value):
    """Who asks, and what they may."""

    agent: str
    full_name: str
    role: str
    queues: list[str] | None
    """Those they see; null is all."""
    language: str
    scopes: list[str]
    rights: list[str]


class AgentValue(Value):
    name: str
    full_name: str
    role: str
    queues: list[str]
    """Those they see; none named is all."""
    language: str
    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def of(cls, agent: Agent) -> Self:
        return cls.model_validate(agent)


class AgentsValue(Value):
    items: list[AgentValue]


class TokenValue(Value):
    """A program's token, without its secret."""

    id: int
    agent: str
    label: str
    scopes: list[str]
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        return cls.model_validate(token)


class TokensValue(Value):
    items: list[TokenValue]


class NewToken(TokenValue):
    secret: str
    """Shown once, kept nowhere."""


class AuditPage(Value):
    """Who came in, who changed whose rights; the newest first."""

    items: list[HistoryValue]
    next: str | None


class NewAgent(Heard):
    """Somebody new."""

    name: Name
    """Login name."""
    full_name: Word = ""
    """As letters are signed."""
    role: Role = "agent"
    queues: list[Name] = Field(default=[], max_length=MOST_QUEUES)
    """Those they may see; none named is all."""
    language: Language = "en"
    password: Word = ""
    """"" is none yet."""


class AgentChanges(Heard):
    """What is not named stays."""

    full_name: Word | None = None
    role: Role | None = None
    queues: list[Name] | None = Field(default=None, max_length=MOST_QUEUES)
    language: Language | None = None


class Password(Heard):
    """A new one; who had logged in with the old one is logged out."""

    password: Word


class TokenWish(Heard):
    """A token for a program."""

    agent: Name | None = None
    """Whose; yours, unless you administer."""
    label: Name
    """What it is for."""
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    days: int | None = Field(default=None, ge=1, le=3650)
    """How long it is good; null until it is revoked."""


def routes(workplace: Workplace, staff: Staff) -> APIRouter:
    """/me, /agents, /tokens, /audit."""
    router = APIRouter(tags=["people"])

    @router.get("/me")
    async def me(viewer: Who) -> Me:
        """Who you are, and what you may."""
        return Me(agent=viewer.agent, full_name=viewer.full_name, role=viewer.role, language=viewer.language,
                  queues=None if viewer.queues is None else list(viewer.queues), scopes=list(viewer.scopes),
                  rights=[right for right in RIGHTS if viewer.may(right)])

    @router.get("/agents")
    async def listing(viewer: Who) -> AgentsValue:
        """Everybody who works here, by name."""
        viewer.must("read")
        rows = await workplace.database.read(agents.listing)
        return AgentsValue(items=[AgentValue.of(row) for row in rows])

    @router.post("/agents", status_code=201)
    async def add(viewer: Who, wish: NewAgent) -> AgentValue:
        """Somebody new."""
        viewer.must("administer")
        agent = Agent(**wish.model_dump(exclude={"password"}))
        return AgentValue.of(await staff.add(viewer.agent, agent, wish.password))

    @router.patch("/agents/{name}")
    async def change(viewer: Who, name: AgentName, changes: AgentChanges) -> AgentValue:
        """Another role or name, other queues, another language."""
        viewer.must("administer")
        return AgentValue.of(await staff.change(viewer.agent, name, **changes.model_dump()))

    @router.post("/agents/{name}/disable")
    async def disable(viewer: Who, name: AgentName) -> AgentValue:
        """They come in no more, by browser or program, from this moment on."""
        viewer.must("administer")
        return AgentValue.of(await staff.disable(viewer.agent, name))

    @router.post("/agents/{name}/enable")
    async def enable(viewer: Who, name: AgentName) -> AgentValue:
        """They may come in again; their tokens stay revoked."""
        viewer.must("administer")
        return AgentValue.of(await staff.disable(viewer.agent, name, enables=True))

    @router.post("/agents/{name}/password", status_code=204)
    async def password(viewer: Who, name: AgentName, wish: Password) -> None:
        """A new password for somebody; every browser of theirs is logged out, and their tokens are revoked."""
        viewer.must("administer")
        await staff.set_password(viewer.agent, name, wish.password)

    _tokens(router, workplace, staff)

    @router.get("/audit")
    async def lines(viewer: Who, limit: Annotated[int, Query(ge=1, le=200)] = 50,
                    cursor: Annotated[int, Query(ge=1, le=LARGEST_ID)] = LARGEST_ID) -> AuditPage:
        """Who came in or was not let in, and who changed whose rights; the newest first."""
        viewer.must("audit")
        rows = await workplace.database.read(lambda db: audit.lines(db, limit + 1, cursor))
        further = str(rows[limit - 1].id) if len(rows) > limit else None
        return AuditPage(items=[HistoryValue.of(row) for row in rows[:limit]], next=further)

    return router


def _tokens(router: APIRouter, workplace: Workplace, staff: Staff) -> None:
    @router.get("/tokens")
    async def listing(viewer: Who, agent: Annotated[Word, Query()] = "") -> TokensValue:
        """Your tokens, or those of another agent when you administer; the newest first."""
        whose = _whose(viewer, agent)
        rows = await workplace.database.read(lambda db: agents.tokens(db, whose))
        return TokensValue(items=[TokenValue.of(row) for row in rows])

    @router.post("/tokens", status_code=201)
    async def make(viewer: Who, wish: TokenWish) -> NewToken:
        """A token for a program. Its secret is in this answer, and nowhere else."""
        whose = _whose(viewer, wish.agent or "")
        if viewer.by == "token" and not set(wish.scopes) <= set(viewer.scopes):
            raise Problem("forbidden", "A token makes no token that may do more than itself.")
        lasts = timedelta(days=wish.days) if wish.days else None
        token, secret = await staff.make_token(viewer.agent, whose, wish.label, wish.scopes, lasts)
        return NewToken(**TokenValue.of(token).model_dump(), secret=secret)

    @router.delete("/tokens/{id}", status_code=204)
    async def revoke(viewer: Who, id: Annotated[Id, Path()]) -> Response:
        """It serves no longer."""
        _whose(viewer, "")
        await staff.revoke_token(viewer.agent, id, None if viewer.may("administer") else viewer.agent)
        return Response(status_code=204)


def _whose(viewer: Viewer, named: str) -> str:
    """Tokens are made by who administers, or for oneself at one's own browser, or by a program with the scope admin."""
    name = login_name(named) or viewer.agent
    if name != viewer.agent:
        viewer.must("administer")
    if viewer.by == "token" and "admin" not in viewer.scopes:
        raise Problem("forbidden", "This token has not the scope admin.")
    return name
