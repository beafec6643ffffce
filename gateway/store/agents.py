"""Who works at the desk: agents, their logins and tokens, and what a program was answered before.

Plain functions of a db session. Nothing here knows a password or a token: only what web/login made of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as Db

from gateway.models import Agent, ApiToken, IdempotencyKey, Login, columns
from gateway.store.statement import rows

AGENT, LOGIN, TOKEN, KEY = columns(Agent), columns(Login), columns(ApiToken), columns(IdempotencyKey)

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is written when a login or a token was last used: not each page shall cost a write."""
KEPT_ANSWERS = timedelta(days=1)
"""How long a key of an HTTP request is remembered."""
_AT_A_BROWSER = ("SELECT agent.name, agent.full_name, agent.role, agent.queues, agent.language, login.seen_at, "
                 "login.expires_at FROM login JOIN agent ON agent.name = login.agent "
                 "WHERE login.token_hash = :hash AND login.expires_at > :now AND agent.disabled_at IS NULL")


class AtABrowser(NamedTuple):
    """The agent behind a cookie, as every page needs to know them: named as the columns of Agent and Login are."""

    name: str
    full_name: str
    role: str
    queues: list[str]
    language: str
    seen_at: datetime
    expires_at: datetime


_COLUMNS = tuple(columns(Login if name.endswith("_at") else Agent).__table__.c[name] for name in AtABrowser._fields)


def find(db: Db, name: str) -> Agent | None:
    """The agent of a login name, however it is cased; also one who was disabled."""
    return db.get(Agent, name.strip().lower())


def listing(db: Db) -> Sequence[Agent]:
    """Everybody, by name."""
    return db.scalars(select(Agent).order_by(AGENT.name)).all()


def names(db: Db) -> list[str]:
    """Those whom a request can be given to: an auditor only looks."""
    working = "SELECT name FROM agent WHERE disabled_at IS NULL AND role <> 'auditor' ORDER BY name"
    return [row[0] for row in rows(db, working, {})]


def may_own(db: Db, name: str, queue: str) -> bool:
    """Whether a request of this queue can be given to them. Where no agents are kept, to anybody."""
    agent = find(db, name)
    if agent is None:
        return not db.scalar(select(func.count()).select_from(Agent))
    return agent.disabled_at is None and agent.role != "auditor" and (not agent.queues or queue in agent.queues)


def full_name(db: Db, name: str) -> str:
    """How the agent's letters are signed; "" when nobody of this name is kept, or has none."""
    agent = find(db, name)
    return agent.full_name if agent else ""


def disable(db: Db, agent: Agent, now: datetime) -> None:
    """They can do nothing from now on: every login and token of theirs ends."""
    agent.disabled_at = agent.disabled_at or now
    end_logins(db, agent.name)
    revoke_all(db, agent.name, now)


# ---- logins ----


def login(db: Db, token_hash: str, now: datetime) -> AtABrowser | None:
    """Who is behind a cookie; None when it is unknown or expired, or the agent disabled."""
    found = rows(db, _AT_A_BROWSER, {"hash": token_hash, "now": now}, _COLUMNS).one_or_none()
    return AtABrowser(*found) if found else None


def logins(db: Db, name: str, now: datetime) -> Sequence[Login]:
    """Where an agent is logged in, newest first."""
    return db.scalars(select(Login).where(LOGIN.agent == name, LOGIN.expires_at > now)
                      .order_by(LOGIN.created_at.desc())).all()


def is_stale(seen_at: datetime | None, now: datetime) -> bool:
    """Whether it is time to write down once more that a login or a token is in use."""
    return seen_at is None or now - seen_at >= SEEN_EVERY


def see_login(db: Db, token_hash: str, now: datetime, expires_at: datetime) -> None:
    """It is in use, and good until then."""
    db.execute(update(Login).where(LOGIN.token_hash == token_hash).values(seen_at=now, expires_at=expires_at))


def end_login(db: Db, token_hash: str) -> None:
    db.execute(delete(Login).where(LOGIN.token_hash == token_hash))


def end_logins(db: Db, name: str) -> None:
    """All of an agent's."""
    db.execute(delete(Login).where(LOGIN.agent == name))


def end_old(db: Db, now: datetime) -> None:
    """What has expired goes: logins, and the answers that programs were given."""
    db.execute(delete(Login).where(LOGIN.expires_at <= now))
    db.execute(delete(IdempotencyKey).where(KEY.at <= now - KEPT_ANSWERS))


# ---- tokens of programs ----


def token(db: Db, token_hash: str, now: datetime) -> tuple[ApiToken, Agent] | None:
    """Who is behind a token; None when it is unknown, revoked or expired, or the agent disabled."""
    found = db.execute(
        select(ApiToken, Agent).join(Agent, AGENT.name == TOKEN.agent)
        .where(TOKEN.token_hash == token_hash, TOKEN.revoked_at.is_(None), AGENT.disabled_at.is_(None))).one_or_none()
    if found is None or (found[0].expires_at is not None and found[0].expires_at <= now):
        return None
    return found[0], found[1]


def tokens(db: Db, name: str) -> Sequence[ApiToken]:
    """An agent's, also revoked ones, newest first."""
    return db.scalars(select(ApiToken).where(TOKEN.agent == name).order_by(TOKEN.id.desc())).all()


def see_token(db: Db, id: int, now: datetime) -> None:
    """It is in use."""
    db.execute(update(ApiToken).where(TOKEN.id == id).values(used_at=now))


def revoke(db: Db, id: int, name: str, now: datetime) -> bool:
    """False when the agent has no such token in use."""
    found = db.scalar(select(ApiToken).where(TOKEN.id == id, TOKEN.agent == name, TOKEN.revoked_at.is_(None)))
    if found is not None:
        found.revoked_at = now
    return found is not None


def revoke_all(db: Db, name: str, now: datetime) -> None:
    """No token of the agent's serves any longer."""
    db.execute(update(ApiToken).where(TOKEN.agent == name, TOKEN.revoked_at.is_(None)).values(revoked_at=now))


# ---- answers that programs were given ----


def answered_before(db: Db, agent: str, key: str, now: datetime) -> IdempotencyKey | None:
    """What this key was answered with, within a day."""
    found = db.get(IdempotencyKey, (agent, key))
    return found if found is not None and found.at > now - KEPT_ANSWERS else None


def remember(db: Db, agent: str, key: str, request_hash: str, status: int, body: dict[str, Any], now: datetime) -> None:
    """The same key is to be answered so again. Of two at once the second raises IntegrityError."""
    old = db.get(IdempotencyKey, (agent, key))
    if old is not None and old.at <= now - KEPT_ANSWERS:
        db.delete(old)
        db.flush()
    db.add(IdempotencyKey(agent=agent, key=key, request_hash=request_hash, status=status, body=body, at=now))
