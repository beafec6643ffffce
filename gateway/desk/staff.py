"""Who works at the desk: agents, their passwords, the tokens of their programs, and who is let in.

Each act is one transaction with its line in the audit (History, event "staff" or "login"). What a browser or program
shows is a random secret; only its SHA-256 is kept, so that who reads the database can be nobody.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from sqlalchemy.orm import Session as Db

from gateway.desk import passwords
from gateway.desk.acts import Refused
from gateway.desk.roles import SCOPES
from gateway.models import ROLES, Agent, ApiToken, Login
from gateway.store import agents, audit
from gateway.store.database import Database, storable

CONSOLE = "console"
"""Who acts when it is somebody at the machine's own command line."""
_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")
MOST_QUEUES = 100
LONGEST_WORD = 100
LONGEST_VOUCHER = 300
TOKEN_MARK = "fd_"  # noqa: S105 - what every token begins with, so that scanners for lost secrets know one
AT_ONCE = 2
"""Passwords that are looked at together: each takes 19 MiB and a core."""


@dataclass(frozen=True, slots=True)
class Visit:
    """From where somebody comes."""

    client_ip: str
    user_agent: str = ""


def secret_hash(secret: str) -> str:
    """As a cookie or token is kept."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def login_name(typed: str) -> str:
    """A name as agents are known by, however it was typed."""
    return normalize("NFC", typed).strip().lower()


class Staff:
    """The people of one desk. Every method that changes something raises Refused with a sentence and a code."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self.database, self.now = database, now
        self._at_once = asyncio.Semaphore(AT_ONCE)

    # ---- agents ----

    async def add(self, by: str, agent: Agent, password: str) -> Agent:
        """Somebody new. `password`: "" is none yet: they cannot log in."""
        agent.name, agent.created_at = _named(agent.name), self.now()
        _check(role=agent.role, queues=agent.queues, full_name=agent.full_name, language=agent.language)
        agent.password_hash = await self._kept(password) if password else ""

        def work(db: Db) -> Agent:
            if db.get(Agent, agent.name) is not None:
                raise Refused(f"There is an agent {agent.name!r} already.", "agent-exists")
            db.add(agent)
            self._audit(db, by, "add", f"{by} added {agent.name} as {agent.role}.", agent)
            return agent

        return await self.database.write(work)

    async def change(self, by: str, name: str, **changes: Any) -> Agent:
        """Another role, full_name, language or other queues; what is None stays."""
        changes = {key: storable(value) for key, value in changes.items() if value is not None}
        _check(**changes)

        def work(db: Db) -> Agent:
            agent = _find(db, name)
            was_operator = _is_operator(agent)
            for key, value in changes.items():
                setattr(agent, key, value)
            _one_stays(db, was_operator)
            self._audit(db, by, "change", f"{by} changed {agent.name}: {', '.join(sorted(changes))}.", agent)
            return agent

        return await self.database.write(work)

    async def disable(self, by: str, name: str, *, enables: bool = False) -> Agent:
        """They come in no more, by browser or program, from this moment on; or again."""
        def work(db: Db) -> Agent:
            agent = _find(db, name)
            was_operator = _is_operator(agent)
            if enables:
                agent.disabled_at = None
            else:
                agents.disable(db, agent, self.now())
            _one_stays(db, was_operator)
            word = "enable" if enables else "disable"
            self._audit(db, by, word, f"{by} {word}d {agent.name}.", agent)
            return agent

        return await self.database.write(work)

    async def set_password(self, by: str, name: str, password: str) -> None:
        """An operator's: the old one may have leaked, so every browser of theirs is logged out, and no token of theirs
        serves any longer."""
        kept = await self._kept(password)

        def work(db: Db) -> None:
            agents.revoke_all(db, self._renew(db, by, name, kept).name, self.now())

        await self.database.write(work)

    async def change_password(self, name: str, password: str, visit: Visit, lasts: timedelta) -> str:
        """The agent's own wish: every browser of theirs is logged out, and the secret is for a new login of this one.
        Their tokens stay."""
        kept = await self._kept(password)
        secret = secrets.token_urlsafe(32)

        def work(db: Db) -> None:
            db.add(self._login(self._renew(db, name, name, kept), secret, visit, lasts))

        await self.database.write(work)
        return secret

    def _renew(self, db: Db, by: str, name: str, kept: str) -> Agent:
        agent = _find(db, name)
        agent.password_hash = kept
        agents.end_logins(db, agent.name)
        self._audit(db, by, "password", f"{by} set a new password for {agent.name}.", agent)
        return agent

    # ---- programs ----

    async def make_token(self, by: str, name: str, label: str, scopes: Collection[str],
                         lasts: timedelta | None = None) -> tuple[ApiToken, str]:
        """A token for a program of this agent, and the secret, which is nowhere else."""
        wanted: list[str] = [scope for scope in SCOPES if scope in scopes]
        if not wanted or set(scopes) - set(SCOPES):
            raise Refused(f"A token has one or more of the scopes {', '.join(SCOPES)}.", "bad-scope")
        if not label.strip() or len(label) > LONGEST_WORD:
            raise Refused(f"A token has a label of 1 to {LONGEST_WORD} characters: what it is for.", "bad-label")
        secret, now = TOKEN_MARK + secrets.token_urlsafe(32), self.now()

        def work(db: Db) -> ApiToken:
            agent = _find(db, name)
            token = ApiToken(agent=agent.name, token_hash=secret_hash(secret), label=storable(label.strip()),
                             scopes=wanted, created_at=now, expires_at=now + lasts if lasts else None)
            db.add(token)
            db.flush()
            why = f"{by} made a token for {agent.name}: {', '.join(wanted)}."
            audit.write(db, now, "staff", by, "token", why, {"agent": agent.name, "token": token.id,
                                                              "label": token.label, "scopes": wanted})
            return token

        return await self.database.write(work), secret

    async def revoke_token(self, by: str, id: int, of: str | None = None) -> None:
        """A token serves no longer. `of`: only when it is this agent's."""
        def work(db: Db) -> None:
            token = db.get(ApiToken, id)
            if token is None or (of is not None and token.agent != of):
                raise Refused(f"There is no token {id}.", "unknown-token")
            if agents.revoke(db, id, token.agent, self.now()):
                audit.write(db, self.now(), "staff", by, "revoke", f"{by} revoked token {id} of {token.agent}.",
                             {"agent": token.agent, "token": id})

        await self.database.write(work)

    # ---- who is let in ----

    async def enter(self, typed: str, password: str, visit: Visit, lasts: timedelta) -> str | None:
        """The secret for the cookie when it is their password, else None, after as long for a name that is nobody's."""
        name = login_name(typed)
        agent = await self.database.read(lambda db: db.get(Agent, storable(name)) if _NAME.fullmatch(name) else None)
        is_good = await self._fits(agent.password_hash if agent else "", password)
        if agent is None or not is_good or agent.disabled_at is not None:
            await self._told_off(agent, visit)
            return None
        return await self._let_in(agent, visit, lasts, f"{agent.name} logged in.")

    async def enter_vouched(self, typed: str, by: str, visit: Visit, lasts: timedelta) -> str | None:
        """The secret for the cookie of an agent for whom somebody else vouches; None when there is no such agent."""
        name, by = login_name(typed), storable(by)[:LONGEST_VOUCHER]
        agent = await self.database.read(lambda db: db.get(Agent, storable(name)) if _NAME.fullmatch(name) else None)
        if agent is None or agent.disabled_at is not None:
            await self.turn_away(f"There is no agent {storable(name)[:LONGEST_WORD]!r}, for whom {by} vouches.", visit)
            return None
        return await self._let_in(agent, visit, lasts, f"{agent.name} logged in: {by} vouches for them.")

    async def turn_away(self, because: str, visit: Visit) -> None:
        """Somebody whom we do not know is not let in: it stands in the audit."""
        await self.database.write(lambda db: audit.write(
            db, self.now(), "login", "nobody", "refused", because, {"client": visit.client_ip}))

    async def is_password(self, name: str, password: str) -> bool:
        """Whether it is this agent's."""
        agent = await self.database.read(lambda db: db.get(Agent, name))
        return await self._fits(agent.password_hash if agent else "", password)

    async def leave(self, name: str, token_hash: str) -> None:
        """This browser is logged out."""
        def work(db: Db) -> None:
            agents.end_login(db, token_hash)
            audit.write(db, self.now(), "login", name, "out", f"{name} logged out.", {})

        await self.database.write(work)

    async def _let_in(self, agent: Agent, visit: Visit, lasts: timedelta, because: str) -> str | None:
        secret, now = secrets.token_urlsafe(32), self.now()

        def work(db: Db) -> str | None:
            held = db.get(Agent, agent.name, with_for_update=True)
            if held is None or held.disabled_at is not None or held.password_hash != agent.password_hash:
                return None  # it changed while the password was looked at
            agents.end_old(db, now)
            db.add(self._login(held, secret, visit, lasts))
            audit.write(db, now, "login", agent.name, "in", because, {"client": visit.client_ip})
            return secret

        return await self.database.write(work)

    def _login(self, agent: Agent, secret: str, visit: Visit, lasts: timedelta) -> Login:
        now = self.now()
        return Login(token_hash=secret_hash(secret), agent=agent.name, created_at=now, seen_at=now,
                     expires_at=now + lasts, client_ip=visit.client_ip, user_agent=storable(visit.user_agent)[:200])

    async def _told_off(self, agent: Agent | None, visit: Visit) -> None:
        """A name that is nobody's is not written down: it may be a password in the wrong field."""
        name = agent.name if agent else "nobody"
        why = f"Somebody was not let in as {name}." if agent else "Somebody was not let in: there is no such agent."
        await self.database.write(lambda db: audit.write(
            db, self.now(), "login", name, "refused", why, {"client": visit.client_ip}))

    async def _fits(self, kept: str, password: str) -> bool:
        """Whether it is the password, looked at beside the loop."""
        async with self._at_once:
            return await asyncio.to_thread(passwords.fits, kept, password)

    async def _kept(self, password: str) -> str:
        if fault := passwords.fault(password):
            raise Refused(fault, "bad-password")
        async with self._at_once:
            return await asyncio.to_thread(passwords.hashed, password)

    def _audit(self, db: Db, by: str, decision: str, because: str, agent: Agent) -> None:
        detail = {"agent": agent.name, "role": agent.role, "queues": agent.queues}
        audit.write(db, self.now(), "staff", by, decision, because, detail)


def _named(typed: str) -> str:
    name = login_name(typed)
    if not _NAME.fullmatch(name) or name in (CONSOLE, "nobody"):
        raise Refused("A login name has 1 to 64 letters, digits, and . @ + - _ inside.", "bad-name")
    return name


def _find(db: Db, typed: str) -> Agent:
    name = login_name(typed)
    agent = db.get(Agent, name, with_for_update=True) if _NAME.fullmatch(name) else None
    if agent is None:
        raise Refused("There is no such agent.", "unknown-agent")
    return agent


def _check(*, role: str = "agent", queues: Collection[str] = (), full_name: str = "", language: str = "en") -> None:
    if role not in ROLES:
        raise Refused(f"A role is one of {', '.join(ROLES)}.", "bad-role")
    if language not in ("en", "ko"):
        raise Refused("The page speaks en and ko.", "bad-language")
    words = [*queues, *([full_name] if full_name else [])]
    if len(queues) > MOST_QUEUES or any(not _is_word(word) for word in words):
        raise Refused(f"A name has 1 to {LONGEST_WORD} printable characters.", "bad-name")


def _is_word(word: str) -> bool:
    return bool(word.strip()) and word.isprintable() and len(word) <= LONGEST_WORD


def _is_operator(agent: Agent) -> bool:
    return agent.role == "operator" and agent.disabled_at is None


def _one_stays(db: Db, was_operator: bool) -> None:
    """Whoever takes the last operator away locks the door from outside."""
    db.flush()
    if was_operator and not any(_is_operator(each) for each in agents.listing(db)):
        raise Refused("Somebody must stay an operator.", "last-operator")
