"""Who may do what: for each right the roles that have it, and the scope that a program's token needs for it.

A login has every scope of its agent; a token has those it was made with, and never more than its agent's role allows.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from gateway.models import ROLES

Role = Literal["agent", "supervisor", "operator", "auditor"]
Scope = Literal["read", "act", "send", "admin"]
RightName = Literal["read", "work", "send", "decide", "assign", "report", "audit", "administer"]

SCOPES: tuple[Scope, ...] = ("read", "act", "send", "admin")

_WORKERS = frozenset({"agent", "supervisor", "operator"})
_OVERSEERS = frozenset({"supervisor", "operator", "auditor"})


@dataclass(frozen=True, slots=True)
class Right:
    """What one may do."""

    scope: Scope
    roles: frozenset[str]


RIGHTS: dict[RightName, Right] = {
    "read": Right("read", frozenset(ROLES)),  # queues, requests, mails, attachments, history, search
    "work": Right("act", _WORKERS),  # claim, renew, give back, take over, note, move, prioritise, categorise
    "send": Right("send", _WORKERS),  # answer, ask, take back; whatever may make a letter go out
    "decide": Right("act", _WORKERS),  # is it this person; join, merge, split, spam
    "assign": Right("act", frozenset({"supervisor", "operator"})),  # give it to another agent
    "report": Right("read", _OVERSEERS),  # figures about everybody's work
    "audit": Right("read", _OVERSEERS),  # who logged in, who changed whose rights
    "administer": Right("admin", frozenset({"operator"})),  # agents, their tokens, webhooks
}


def may(role: str, scopes: Collection[str], right: RightName) -> bool:
    """Whether an agent of this role, by a login or token with these scopes, has the right."""
    return role in RIGHTS[right].roles and RIGHTS[right].scope in scopes
