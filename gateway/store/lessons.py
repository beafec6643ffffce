"""What agents taught, kept: counts of features by label, and how often what was suggested turned out right."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session as Db

from gateway.models import Entry, Lesson, Taught, columns
from gateway.store.figures import Decided

ENTRY, LESSON, TAUGHT = columns(Entry), columns(Lesson), columns(Taught)
MAILS = -1
"""The feature that counts mails."""
SURE = 0.8
"""So confident a suggestion must be to count for what it has earned."""
LATEST, FEWEST, RIGHT = 50, 30, 0.95
"""Of the latest sure suggestions of a label at least so many, and this share of them right: it has earned its place."""

_LEARN = text("INSERT INTO lesson (kind, feature, label, n) VALUES (:kind, :feature, :label, :n) "
              "ON CONFLICT (kind, feature, label) DO UPDATE SET n = lesson.n + excluded.n")


@dataclass(frozen=True, slots=True)
class Score:
    """How often suggestions of one category were right."""

    category: str
    said: int
    right: int


def learn(db: Db, kind: str, labels: Mapping[str, int], counted: Collection[int]) -> None:
    """One mail more, or with -1 one less, that bears each of the labels."""
    # In one order: of two agents who teach at once none may wait for what the other holds.
    db.connection().execute(_LEARN, [{"kind": kind, "feature": each, "label": label, "n": labels[label]}
                                     for label in sorted(labels) for each in sorted((*counted, MAILS))])


def learnt(db: Db, kind: str, counted: Collection[int] | None = None) -> Iterator[tuple[str, int, int]]:
    """(label, feature, n) of these features, or of all, and of MAILS."""
    query = select(LESSON.label, LESSON.feature, LESSON.n).where(LESSON.kind == kind)
    if counted is not None:
        query = query.where(LESSON.feature.in_((*counted, MAILS)))
    yield from ((label, feature, n) for label, feature, n in db.execute(query))


def suggested_categories(db: Db) -> list[str]:
    """Every category that was ever suggested."""
    return list(db.scalars(select(TAUGHT.said_category).where(TAUGHT.said_category != "").distinct()))


def opening(db: Db, request_id: int) -> Entry | None:
    """The mail that a request began with."""
    return db.scalars(select(Entry).where(ENTRY.request_id == request_id, ENTRY.kind == "mail")
                      .order_by(ENTRY.id).limit(1)).one_or_none()


def scores(decided: Iterable[Decided]) -> list[Score]:
    """By suggested category, of what agents decided in a time."""
    said, right = Counter[str](), Counter[str]()
    for each in decided:
        said[each.said] += each.times
        right[each.said] += each.times if each.said == each.became else 0
    return [Score(category, said[category], right[category]) for category in sorted(said)]


def has_earned(db: Db, category: str) -> bool:
    """Whether sure suggestions of this category were right so often of late that they may stand in for a rule."""
    latest = db.scalars(select(TAUGHT.category)
                        .where(TAUGHT.said_category == category, TAUGHT.category_confidence >= SURE)
                        .order_by(TAUGHT.at.desc()).limit(LATEST)).all()
    return len(latest) >= FEWEST and sum(each == category for each in latest) >= RIGHT * len(latest)
