"""What was said in a request, as it is shown: the new words of each mail first, the quoted ones folded; what came
along, with what is odd about it; what became of our letters; and between them the decisions, folded too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session as Db

from gateway.desk import badges
from gateway.desk.sayings import SAYINGS
from gateway.desk.teaching import Suggested, suggested
from gateway.models import Attachment, Customer, Entry, History, Letter, Received, Request, Undo
from gateway.store import agents, requests
from gateway.web.words import Words

RISKY = ("executable", "double-extension", "macro", "type-differs")
"""Findings of an attachment that an agent must not overlook."""

LONGEST, BEGINNING = 50_000, 500
"""Characters of one thing said that are shown, and of an old one on a page that is full."""
ROOM = 400_000
"""Characters of all that is shown of the conversation: a stranger may send millions, and the page has to be drawn."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is in the store about one request: what its page is made of."""

    request: Request
    customer: Customer
    entries: Sequence[Entry]
    attachments: Sequence[Attachment]
    letters: Mapping[int | None, Letter]
    findings: Mapping[int, list[str]]
    history: Sequence[History]
    others: Sequence[Request]
    names: Mapping[str, str]
    """Agents' full names by their login names."""
    undo: Undo | None
    """Of the newest saying that can still be taken back."""
    opened_by: Received | None
    """The mail that opened it."""
    held_for: Request | None
    merged_into: Request | None
    suggested: Suggested
    """What it may be about, by what agents made of others."""


def known(db: Db, request: Request, now: datetime, sees: Callable[[str], bool]) -> Known:
    """Everything, in one look. sees: whether the viewer may see a queue."""
    id, entries = request.id or 0, requests.conversation(db, request.id or 0)
    first = next((each.received_id for each in entries if each.kind == "mail" and each.received_id), None)
    others = [each for each in requests.of_customer(db, request.customer_id) if each.id != id and sees(each.queue)]
    sayings = [each.id for each in entries if each.kind in SAYINGS and each.withdrawn_at is None]
    undo = db.get(Undo, sayings[-1]) if sayings else None
    return Known(
        request, requests.customer(db, request), entries,
        requests.attachments(db, [each.id or 0 for each in entries]),
        {each.id: each for each in requests.letters(db, id)}, requests.findings(db, entries),
        requests.history(db, id), others, {each.name: each.full_name for each in agents.listing(db)},
        undo if undo is not None and undo.until > now else None, db.get(Received, first) if first else None,
        db.get(Request, request.held_for) if request.held_for else None,
        db.get(Request, request.merged_into) if request.merged_into else None, suggested(db, request))


@dataclass(frozen=True, slots=True)
class File:
    """Something that came along."""

    filename: str
    content_type: str
    size: int
    href: str
    warnings: Sequence[Markup]
    is_risky: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said."""

    entry: Entry
    by: str
    new: str
    quoted: str
    language: str
    sure: badges.Badge | None
    odd: Sequence[tuple[str, str]]
    files: Sequence[File]
    letter: Letter | None
    letter_state: str
    may_split: bool
    is_cut: bool
    """There is more than is shown: it stands in the mail itself."""
    decisions: None = None

    @property
    def quoted_lines(self) -> int:
        return self.quoted.count("\n") + 1


@dataclass(frozen=True, slots=True)
class Steps:
    """Decisions between two things that were said."""

    decisions: Sequence[History]


def turns(known: Known, words: Words, now: datetime) -> list[Turn | Steps]:
    """In time order; what was decided stands behind what it was decided about."""
    told = [each for each in known.history if each.decision not in SAYINGS]
    marks = [(each.at, 0, each.id or 0, each) for each in known.entries]
    marks += [(each.at, 1, each.id or 0, each) for each in told]  # type: ignore[misc]
    return list(_turns(known, sorted(marks, key=lambda mark: mark[:3]), words, now))


def _turns(known: Known, marks: Sequence[tuple[datetime, int, int, Entry | History]], words: Words,
           now: datetime) -> Iterator[Turn | Steps]:
    mails, rooms = [each.id for each in known.entries if each.kind == "mail"], _rooms(known.entries)
    steps: list[History] = []
    for *_, each in marks:
        if isinstance(each, History):
            steps.append(each)
            continue
        if steps:
            yield Steps(steps)
            steps = []
        yield _turn(known, each, words, now, each.id in mails[1:], rooms[each.id])
    if steps:
        yield Steps(steps)


def _rooms(entries: Sequence[Entry]) -> dict[int | None, int]:
    """How many characters of each are shown: the newest come first."""
    rooms, left = dict[int | None, int](), ROOM
    for each in reversed(entries):
        rooms[each.id] = LONGEST if left > 0 else BEGINNING
        left -= min(len(each.text), 2 * LONGEST)
    return rooms


def _turn(known: Known, entry: Entry, words: Words, now: datetime, may_split: bool, room: int) -> Turn:
    is_mail = entry.kind == "mail"
    new = (entry.reply_text or entry.text) if is_mail else entry.text
    rest = _rest(entry.text, new) if is_mail else ""
    letter = known.letters.get(entry.letter_id) if entry.letter_id else None
    return Turn(
        entry, _by(known, entry), new[:room].strip("\n"), rest[:room], known.request.language,
        _sure(entry, words.language), list(badges.sentences(known.findings.get(entry.id or 0, ()), words.language)),
        [_file(known.request, each, words) for each in known.attachments if each.entry_id == entry.id],
        letter, _state(letter, now) if letter else "", may_split, max(len(new), len(rest)) > room)


def _by(known: Known, entry: Entry) -> str:
    if entry.kind == "mail":
        is_customer = entry.author.lower() == known.customer.address
        return (known.customer.name if is_customer else "") or entry.author
    return known.names.get(entry.author) or entry.author


def _sure(entry: Entry, language: str) -> badges.Badge | None:
    if not entry.identity:
        return None
    tone, said = badges.level(entry.identity, language)
    return badges.Badge(entry.identity, said, "", tone)


def _rest(text: str, new: str) -> str:
    """What the new words leave out: all behind them, or the whole where they do not stand at its beginning."""
    whole, words = text.strip("\n"), new.strip("\n")
    if whole.strip() == words.strip():
        return ""
    return (whole[len(words):] if whole.startswith(words) else whole).strip("\n")


def _state(letter: Letter, now: datetime) -> str:
    is_held = letter.state == "waiting" and not letter.attempts and letter.next_attempt > now
    return "held" if is_held else letter.state


def _file(request: Request, attachment: Attachment, words: Words) -> File:
    href = f"/requests/{request.number}/attachments/{attachment.id}"
    return File(attachment.filename, attachment.content_type, attachment.size, href,
                [_warning(each, words) for each in attachment.findings],
                any(each in RISKY for each in attachment.findings))


def _warning(finding: str, words: Words) -> Markup:
    name = f"finding.{finding}"
    return words(name) if words.has(name) else words("finding.odd", what=finding)
