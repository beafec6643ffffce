"""What agents teach by their work, and what is suggested from it: the category of a request, and its queue.

A request is a lesson once an agent has dealt with it as it is labelled: answered, moved or corrected it. Whatever the
agent says later takes the lesson back and teaches the other. What would have been suggested just before is kept beside
it, so that the report can say how often that was right.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session as Db

from gateway.desk.suggestion import Experience, Suggestion, features
from gateway.models import Request, Taught
from gateway.store import lessons

KINDS = ("category", "queue")


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a request may be about, and where it may belong; None where nothing can be said."""

    category: Suggestion | None
    queue: Suggestion | None


class Earned:
    """The categories whose sure suggestions agents nearly always left as they were, and all that was learnt for them.
    In memory: a mail that comes in is compared with it without a question to the database."""

    def __init__(self, categories: Collection[str], experience: Experience) -> None:
        self.categories, self._experience = frozenset(categories), experience

    def suggest(self, subject: str, text: str) -> str:
        """One of these, when the mail speaks for it as surely; else ""."""
        found = self._experience.suggest(features(subject, text))
        is_sure = found is not None and found.confidence >= lessons.SURE and found.label in self.categories
        return found.label if found is not None and is_sure else ""


def earned(db: Db) -> Earned | None:
    """As things stand now; None while no category has earned it."""
    categories = [each for each in lessons.suggested_categories(db) if lessons.has_earned(db, each)]
    return Earned(categories, _experience(lessons.learnt(db, "category"))) if categories else None


def suggested(db: Db, request: Request) -> Suggested:
    """From everything taught so far, but for this request's own lesson."""
    counted = _features(db, request)
    known = db.get(Taught, request.id)
    found = {kind: _suggest(db, kind, counted, getattr(known, kind, "")) for kind in KINDS}
    return Suggested(**found)


def teach(db: Db, request: Request, now: datetime) -> None:
    """An agent dealt with the request: its category and queue are a lesson now, in place of any before."""
    known = db.get(Taught, request.id)
    if known is not None and (known.category, known.queue) == (request.category, request.queue):
        return
    if not (counted := _features(db, request)):
        return
    if known is None:
        said = suggested(db, request)
        db.add(Taught(request_id=request.id or 0, at=now, category=request.category, queue=request.queue,
                      **_said("category", said.category), **_said("queue", said.queue)))
    for kind in KINDS:
        before, label = getattr(known, kind, ""), getattr(request, kind)
        if before != label:
            lessons.learn(db, kind, {label: 1} | ({before: -1} if before else {}), counted)
    if known is not None:
        known.category, known.queue, known.at = request.category, request.queue, now
    db.flush()


def _said(kind: str, suggestion: Suggestion | None) -> dict[str, Any]:
    return {f"said_{kind}": suggestion.label if suggestion else "",
            f"{kind}_confidence": suggestion.confidence if suggestion else 0.0}


def _features(db: Db, request: Request) -> Sequence[int]:
    mail = lessons.opening(db, request.id or 0)
    return features(mail.subject, mail.reply_text or mail.text) if mail else ()


def _suggest(db: Db, kind: str, counted: Sequence[int], own: str) -> Suggestion | None:
    experience = _experience(lessons.learnt(db, kind, counted))
    if own:
        experience.learn(own, counted, -1)
    return experience.suggest(counted)


def _experience(rows: Iterable[tuple[str, int, int]]) -> Experience:
    experience, counts = Experience(), defaultdict[str, dict[int, int]](dict)
    for label, feature, n in rows:
        counts[label][feature] = n
    for label, counted in counts.items():
        experience.add(label, counted, counted.pop(lessons.MAILS, 0))
    return experience
