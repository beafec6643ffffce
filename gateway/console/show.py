"""Answers on standard output: tables for people, JSON for programs. Words of strangers pass through gateway/plain."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.console import badges, plain
from gateway.desk.badges import as_json as badges_as_json
from gateway.desk.badges import identity, person

if TYPE_CHECKING:
    from sqlmodel import SQLModel

    from gateway.console.readiness import Finding
    from gateway.models import Customer, Letter, Received, Refusal, Request
    from gateway.store.lessons import Score
    from gateway.store.queue import QueueLine
    from gateway.store.reports import Line

WIDTH = 160
"""Columns where no terminal says how many it has: a pipe, a file."""
NARROW = 30
"""Columns of a badge's sentence in a table."""

OVERDUE = "bold red"
QUIET = "dim"
STATES = {"new": "bold yellow", "open": "yellow", "pending": "cyan", "answered": "green", "resolved": "green"}


def console() -> Console:
    """Standard output without markup, guesses at colours, or emoji names. NO_COLOR is heeded by rich."""
    width = None if sys.stdout.isatty() else WIDTH
    return Console(markup=False, emoji=False, highlight=False, width=width, soft_wrap=False)


def say(*things: RenderableType) -> None:
    console().print(*things, sep="\n")


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """A table with quiet headings and no lines; columns named in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def json_line(value: Any) -> None:
    """One JSON value in one line, at once. Lone halves of surrogate pairs come out as JSON's own escapes."""
    text = json.dumps(value, ensure_ascii=False, default=_jsonable)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def columns(row: "SQLModel", leave_out: str = "") -> dict[str, Any]:
    """A row's columns for JSON, in the order of its table."""
    return {name: getattr(row, name) for name in type(row).model_fields if name != leave_out}


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


# ---- queues, spool, outbox, report ---------------------------------------------------------------------------------


def queues(lines: Sequence["QueueLine"], now: datetime, zone: ZoneInfo) -> None:
    """What each queue holds."""
    numbers = ("Waiting", "Overdue", "With customer")
    shown = table("Queue", *numbers, "Oldest", right=numbers)
    for each in lines:
        overdue = Text(str(each.overdue), OVERDUE if each.overdue else "")
        shown.add_row(plain.line(each.queue), str(each.waiting), overdue, str(each.alive - each.waiting),
                      _ago(each.oldest, now, zone))
    say(shown if lines else "No request waits in any queue.")


def queue(rows: Sequence[tuple["Request", "Customer"]], now: datetime, nothing: str) -> None:
    """The requests of a list, in its order."""
    shown = table("Number", "P", "Due", "State", "Owner", "Identity", "Person", "Customer", "Subject", right=("P",))
    for request, customer in rows:
        shown.add_row(Text(request.number, "bold"), str(request.priority), due(request, now), state(request),
                      plain.line(request.owner), badges.short(identity(request), request.identity, NARROW),
                      badges.short(whose := person(request), whose.words, NARROW),
                      plain.line(who(customer), 40), plain.line(request.subject, 60))
    say(shown if rows else nothing)


def requests_as_json(rows: Sequence[tuple["Request", "Customer"]]) -> None:
    """The same for programs."""
    json_line([{**columns(each), "customer": columns(customer), "badges": badges_as_json(each)}
               for each, customer in rows])  # fmt: skip


def spool(rows: Sequence["Received"], counts: Mapping[str, int], zone: ZoneInfo) -> None:
    """Mails that were kept and are not handled yet."""
    shown = table("Id", "Kept", "State", "Tries", "From", "To", "Size", "Reason", right=("Id", "Tries", "Size"))
    for row in rows:
        state = Text(row.state, OVERDUE if row.state == "shunted" else "")
        shown.add_row(
            str(row.id), plain.moment(row.kept_at, zone), state, str(row.attempts),
            plain.line(row.reverse_path or "<>", 40), plain.line(", ".join(row.recipients), 40),
            plain.size(row.size), plain.line(row.reason, 80),
        )  # fmt: skip
    say(shown if rows else "Every mail that was kept has been handled.")
    if rows:
        sums = f"{counts['kept']} wait, {counts['shunted']} were given up"
        say(Text(f"{sums}; `frontdesk spool retry ID` tries again.", QUIET))


def refusals(rows: Sequence["Refusal"], zone: ZoneInfo) -> None:
    """What the door sent away, the newest first."""
    shown = table("At", "Client", "From", "To", "Size", "What it was told", right=("Size",))
    for row in rows:
        sender = f"{row.reverse_path or '<>'} (From {row.author})" if row.author else row.reverse_path or "<>"
        shown.add_row(
            plain.moment(row.at, zone), plain.line(f"{row.client_ip} {row.helo}", 40), plain.line(sender, 60),
            plain.line(", ".join(row.recipients), 40), plain.size(row.size) if row.size else "",
            plain.line(row.reply, 120),
        )  # fmt: skip
    say(shown if rows else "Nobody was sent away.")


def outbox(letters: Sequence["Letter"], counts: Mapping[str, int], zone: ZoneInfo) -> None:
    """Letters that wait or failed."""
    shown = table("Id", "Made", "State", "Tries", "Next try", "To", "Letter", "The other side", right=("Id", "Tries"))
    for letter in letters:
        again = plain.moment(letter.next_attempt, zone) if letter.state in ("waiting", "deferred") else ""
        shown.add_row(
            str(letter.id), plain.moment(letter.created_at, zone), delivery_state(letter), str(letter.attempts), again,
            plain.line(letter.recipient, 40), plain.line(letter.template), plain.line(letter.reply, 80),
        )  # fmt: skip
    say(shown if letters else "No letter waits, none failed.")
    say(Text(", ".join(f"{number} {word}" for word, number in counts.items()), QUIET))


def delivery_state(letter: "Letter") -> Text:
    return Text(letter.state, {"bounced": OVERDUE, "deferred": "yellow", "sent": "green"}.get(letter.state, ""))


def report(lines: Sequence["Line"], scores: Sequence["Score"]) -> None:
    """Figures by period and category; and of suggestions, where there were any."""
    numbers = ("Requests", "Answered", "in (median)", "(90 %)", "Resolved", "in (median) ", "(90 %) ", "Thanks",
               "Not solved", "Rating")
    shown = table("Period", "Category", *numbers, right=numbers)
    for line in lines:
        rating = f"{line.rating_mean:.1f} ({line.ratings})" if line.rating_mean is not None else ""
        shown.add_row(line.period, plain.line(line.category), str(line.requests), str(line.answered),
                      _long(line.first_answer_median), _long(line.first_answer_p90), str(line.resolved),
                      _long(line.resolution_median), _long(line.resolution_p90), str(line.thanks), str(line.not_solved),
                      rating, style="bold" if line.category == "all" else None)
    say(shown if lines else "No request was opened in this time.")
    if scores:
        say(_suggestions(scores))


def _suggestions(scores: Sequence["Score"]) -> Table:
    shown = table("Suggested", "Times", "Right", right=("Times", "Right"))
    for score in scores:
        shown.add_row(plain.line(score.category), str(score.said), f"{score.right} ({score.right / score.said:.0%})")
    return shown


def comma_separated(rows: Iterable[Mapping[str, Any]]) -> None:
    """CSV with a heading (RFC 4180)."""
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow(row)


def _long(seconds: float | None) -> str:
    return "" if seconds is None else plain.span(timedelta(seconds=seconds))


# ---- check ---------------------------------------------------------------------------------------------------------


def findings(found: Sequence["Finding"], as_json: bool) -> None:
    """What `check` found, one line each."""
    if as_json:
        json_line([{"what": each.what, "result": each.result, "sentence": each.sentence} for each in found])
        return
    marks = {"good": Text("ok", "green"), "note": Text("note", "yellow"), "bad": Text("FAULT", OVERDUE)}
    shown = Table.grid(padding=(0, 2, 0, 0))
    for each in found:
        shown.add_row(marks[each.result], each.what, plain.line(each.sentence, 400))
    say(shown)


# ---- words that several tables use ---------------------------------------------------------------------------------


def due(request: "Request", now: datetime) -> Text:
    """When the next act of ours is due, as a span from now."""
    if request.due is None:
        return Text("")
    if request.due < now and request.state in ("new", "open"):
        return Text(f"{plain.span(now - request.due)} late", OVERDUE)
    return Text(f"in {plain.span(request.due - now)}") if request.due >= now else Text("")


def state(request: "Request") -> Text:
    held = Text(" held", OVERDUE) if request.is_held else Text("")
    return Text(request.state, STATES.get(request.state, "")) + held


def who(customer: "Customer") -> str:
    return f"{customer.name} <{customer.address}>" if customer.name else customer.address


def _ago(at: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    return f"{plain.moment(at, zone)} ({plain.span(now - at)})" if at else ""
