"""Who is at the desk: logins of browsers, tokens of programs. Only hashes of either are kept."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Db

from gateway.models import Agent, ApiToken, History, Login, columns

AGENT, LOGIN, TOKEN, HISTORY = columns(Agent), columns(Login), columns(ApiToken), columns(History)

AUDITED = ("login", "staff")
"""Events of the history that are about no request: who came in, and who changed whose rights."""
SEEN = timedelta(minutes=1)
"""How exactly it is known when a login or token was last used."""


def by_login(db: Db, token_hash: str, now: datetime) -> tuple[Login, Agent] | None:
    """The login of this cookie that holds still, with its agent."""
    query = (select(Login, Agent).join(Agent, AGENT.name == LOGIN.agent)
             .where(LOGIN.token_hash == token_hash, LOGIN.expires_at > now, AGENT.disabled_at.is_(None)))
    found = db.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def by_token(db: Db, token_hash: str, now: datetime) -> tuple[ApiToken, Agent] | None:
    """The token that holds still, with its agent."""
    query = (select(ApiToken, Agent).join(Agent, AGENT.name == TOKEN.agent)
             .where(TOKEN.token_hash == token_hash, TOKEN.revoked_at.is_(None), AGENT.disabled_at.is_(None),
                    TOKEN.expires_at.is_(None) | (TOKEN.expires_at > now)))
    found = db.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def login_seen(db: Db, token_hash: str, now: datetime) -> None:
    db.execute(update(Login).where(LOGIN.token_hash == token_hash).values(seen_at=now))


def token_used(db: Db, id: int, now: datetime) -> None:
    db.execute(update(ApiToken).where(TOKEN.id == id).values(used_at=now))


def end_login(db: Db, token_hash: str) -> None:
    db.execute(delete(Login).where(LOGIN.token_hash == token_hash))


def end_logins(db: Db, agent: str, but: str = "") -> None:
    """Every browser of the agent is logged out, save the login of this hash."""
    db.execute(delete(Login).where(LOGIN.agent == agent, LOGIN.token_hash != but))


def forget_expired(db: Db, now: datetime) -> None:
    db.execute(delete(Login).where(LOGIN.expires_at <= now))


def tokens(db: Db, agent: str | None) -> Sequence[ApiToken]:
    """An agent's tokens, or everybody's; the newest first."""
    query = select(ApiToken).order_by(TOKEN.id.desc()).limit(1000)
    return db.scalars(query if agent is None else query.where(TOKEN.agent == agent)).all()


def agents(db: Db) -> Sequence[Agent]:
    """Everybody, by name."""
    return db.scalars(select(Agent).order_by(AGENT.name)).all()


def audit(db: Db, limit: int, before: int | None) -> Sequence[History]:
    """Who came in and who changed whose rights, the newest first. `before`: id of the last one of the page before."""
    query = select(History).where(HISTORY.event.in_(AUDITED)).order_by(HISTORY.id.desc()).limit(limit)
    return db.scalars(query if before is None else query.where(HISTORY.id < before)).all()


def write(db: Db, at: datetime, event: str, who: str, decision: str, because: str, detail: dict[str, Any]) -> None:
    """One line of the audit that is about no request."""
    db.add(History(at=at, event=event, handler=who, decision=decision, because=because, detail=detail))


def known(db: Db, names: Collection[str]) -> set[str]:
    """Those of the names that are agents who are not disabled."""
    return set(db.scalars(select(AGENT.name).where(AGENT.name.in_(names), AGENT.disabled_at.is_(None))))
