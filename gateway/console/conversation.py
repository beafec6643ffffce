"""One request as an agent reads it in a terminal: who and how sure, what was said, what became of our letters.

Every word of a mail passes through gateway/plain before it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session as Db

from gateway.console import badges, plain
from gateway.console import show as tables
from gateway.desk.badges import as_json as both_badges
from gateway.desk.badges import identity, person, sentences
from gateway.models import Attachment, Customer, Entry, History, Letter, Request, Verification
from gateway.store import requests

TITLES = {
    "mail": ("wrote", "bold cyan"), "answer": ("answered", "bold green"), "question": ("asked", "bold magenta"),
    "note": ("noted, for agents only", "bold yellow"), "letter": ("our letter", "dim"),
}  # fmt: skip
FOLD = 6
"""Lines of an automatic letter that are shown."""


@dataclass(frozen=True, slots=True)
class Page:
    """All that `frontdesk show` shows."""

    request: Request
    customer: Customer
    others: Sequence[Request]
    """The customer's other requests, newest first."""
    entries: Sequence[Entry]
    attachments: Sequence[Attachment]
    letters: Sequence[Letter]
    history: Sequence[History]
    verification: Verification | None
    held_for: Request | None
    findings: Mapping[int, Sequence[str]]
    """By entry: what authentication found odd about its mail."""

    @property
    def newest(self) -> int:
        """The entry that `--seen` wants: the newest of the customer's."""
        return self.request.last_entry


def load(db: Db, request: Request) -> Page:
    """Everything about a request, in one look at the database."""
    id = request.id or 0
    entries = requests.conversation(db, id)
    customer = requests.customer(db, request)
    return Page(
        request, customer, [each for each in requests.of_customer(db, request.customer_id) if each.id != id], entries,
        requests.attachments(db, [entry.id for entry in entries if entry.id]), requests.letters(db, id),
        requests.history(db, id), requests.verification(db, id),
        db.get(Request, request.held_for) if request.held_for else None, requests.findings(db, entries),
    )  # fmt: skip


def show(page: Page, now: datetime, zone: ZoneInfo, as_json: bool, history: bool, full: bool) -> None:
    if as_json:
        tables.json_line(_as_json(page, history))
    else:
        tables.say(*_page(page, now, zone, history, full))


def _as_json(page: Page, history: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "request": tables.columns(page.request),
        "customer": tables.columns(page.customer),
        "entries": [tables.columns(entry) for entry in page.entries],
        "attachments": [tables.columns(each) for each in page.attachments],
        "letters": [tables.columns(letter, leave_out="raw") for letter in page.letters],
        "verification": tables.columns(page.verification) if page.verification else None,
        "badges": both_badges(page.request),
        "findings": [{"entry": entry, "finding": finding, "sentence": sentence}
                     for entry, found in page.findings.items() for finding, sentence in sentences(found)],
        "seen": page.newest,
    }
    return {**shown, "history": [tables.columns(each) for each in page.history]} if history else shown


def _page(page: Page, now: datetime, zone: ZoneInfo, history: bool, full: bool) -> Iterator[RenderableType]:
    title = Text.assemble((page.request.number, "bold"), "  ", plain.line(page.request.subject) or "(no subject)")
    yield Rule(title, align="left", style="dim")
    yield _head(page, now, zone)
    for entry in page.entries:
        yield Text("")
        yield _entry(entry, page, zone, full)
    if history:
        yield Text("")
        yield Rule("Decisions", align="left", style="dim")
        yield _history(page.history, zone)
    yield Rule(style="dim")
    yield Text(f"To answer: frontdesk answer {page.request.number} --seen {page.newest} --agent A --text-file F", "dim")
    if page.request.verification in ("asked", "mailbox", "expired"):
        decide = f"frontdesk verify {page.request.number} --agent A --because TEXT [--reject]"
        yield Text(f"To decide whether it is this person: {decide}", "dim")


def _head(page: Page, now: datetime, zone: ZoneInfo) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in _facts(page, now, zone):
        grid.add_row(name, value)
    return grid


def _facts(page: Page, now: datetime, zone: ZoneInfo) -> Iterator[tuple[str, Text]]:
    request = page.request
    where = f", queue {plain.line(request.queue)}, priority {request.priority}, {plain.line(request.category)}"
    yield "State", tables.state(request) + Text(where)
    if request.is_held:
        candidate = f" It may belong to {page.held_for.number}." if page.held_for else ""
        yield "Held", Text(f"No letter goes out before `frontdesk release`.{candidate}", tables.OVERDUE)
    if request.due:
        yield "Due", Text(plain.moment(request.due, zone) + " ") + tables.due(request, now)
    if request.owner:
        is_leased = request.lease_until is not None and request.lease_until > now
        until = f", until {plain.moment(request.lease_until, zone)}" if is_leased else ""
        yield "Agent", Text(plain.line(request.owner) + until)
    yield "Customer", Text(_customer(page))
    mail, whose = identity(request), person(request)
    yield "Identity", badges.whole(mail, f"{mail.level}: {mail.words}")
    yield "Person", badges.whole(whose, whose.words)
    if request.on_file:
        yield "File", Text(plain.line(request.on_file))
    yield "Opened", Text(f"{plain.moment(request.created_at, zone)} ({plain.span(now - request.created_at)} ago)"
                         + (f", reopened {request.reopened} times" if request.reopened else ""))
    if request.resolved_at:
        yield "Resolved", Text(f"{plain.moment(request.resolved_at, zone)} ({plain.line(request.resolution)})")
    if request.rating is not None:
        yield "Rating", Text(f"{request.rating} of 5")


def _customer(page: Page) -> str:
    customer = page.customer
    others = ", ".join(f"{each.number} ({each.state})" for each in page.others[:5])
    more = f" and {len(page.others) - 5} more" if len(page.others) > 5 else ""
    language = f", writes {plain.line(customer.language)}" if customer.language else ""
    return plain.line(tables.who(customer)) + language + (f"; also {others}{more}" if others else "; first request")


def _entry(entry: Entry, page: Page, zone: ZoneInfo, full: bool) -> Group:
    word, style = TITLES[entry.kind]
    letter = next((each for each in page.letters if each.id == entry.letter_id), None)
    title = Text.assemble((f"[{entry.id}] ", "dim"), f"{plain.moment(entry.at, zone)}  ",
                          (f"{plain.line(entry.author, 80)} {word}", style))
    if entry.identity:
        title.append("  ").append_text(badges.level(entry.identity))
    odd = _odd(page.findings.get(entry.id or 0, ()))
    return Group(title, *odd, *_below(entry, letter, page.attachments, zone, full))


def _odd(findings: Sequence[str]) -> Iterator[Text]:
    """What an agent must not overlook about a mail."""
    for _, sentence in sentences(findings):
        yield Text(f"    ! {plain.line(sentence)}", badges.DOUBTFUL)


def _below(
    entry: Entry, letter: Letter | None, attachments: Iterable[Attachment], zone: ZoneInfo, full: bool
) -> Iterator[RenderableType]:
    yield Padding(Text("\n".join(_lines(entry, full))), (0, 0, 0, 4), expand=False)
    for each in attachments:
        if each.entry_id == entry.id:
            findings = f"  {plain.line(', '.join(each.findings))}" if each.findings else ""
            shown = f"    ▪ {plain.line(each.filename) or '(no name)'}  {plain.line(each.content_type)}  "
            yield Text.assemble(shown + plain.size(each.size), (findings, tables.OVERDUE))
    if letter is not None:
        yield _delivery(letter, zone)


def _lines(entry: Entry, full: bool) -> list[str]:
    """The new words; quoted ones are folded, and so is the end of a letter that the desk wrote itself."""
    text = entry.text if full else entry.reply_text or entry.text
    lines = plain.words(text).strip("\n").split("\n")
    if full:
        return lines
    if entry.kind == "letter" and len(lines) > FOLD:
        return [*lines[:FOLD], f"… {len(lines) - FOLD} lines more (--full)"]
    folded = len(entry.text.strip().split("\n")) - len(lines) if entry.kind == "mail" else 0
    return [*lines, f"… {folded} quoted lines (--full)"] if folded > 0 else lines


def _delivery(letter: Letter, zone: ZoneInfo) -> Text:
    when = letter.settled_at or (letter.next_attempt if letter.state == "deferred" else None)
    moment = f" {plain.moment(when, zone)}" if when else ""
    reply = f": {plain.line(letter.reply)}" if letter.reply else ""
    return Text.assemble("    → ", tables.delivery_state(letter), f" to {plain.line(letter.recipient)}{moment}{reply}")


def _history(history: Sequence[History], zone: ZoneInfo) -> Table:
    shown = tables.table("When", "Event", "Who", "Decision", "Why")
    for each in history:
        shown.add_row(plain.moment(each.at, zone), plain.line(each.event), plain.line(each.handler),
                      plain.line(each.decision), plain.line(each.because, 300))
    return shown
