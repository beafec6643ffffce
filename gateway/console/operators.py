"""The commands of operators: what waits and what failed on the way in (spool) and out (outbox), and the report."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.console.edge import Failure, read_config, read_database, site_zone, with_database
from gateway.console.options import Json, Limit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session as Db

    from gateway.store.database import Database

app = typer.Typer()
spool_app = typer.Typer(invoke_without_command=True, help="Mails that are kept and not yet handled.")
outbox_app = typer.Typer(invoke_without_command=True, help="Letters that wait or failed.")

Ids = Annotated[list[int] | None, typer.Argument(metavar="ID", help="Ids as listed.")]
LAST_YEAR = 2199
All = Annotated[bool, typer.Option("--all", help="Every one.")]


@spool_app.callback()
def spool(
    context: typer.Context,
    refused: Annotated[bool, typer.Option("--refused", help="What the door sent away instead, and why.")] = False,
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Of --refused: this sender's only, by "
                                        "envelope or From.")] = "",
    limit: Limit = 200, as_json: Json = False,
) -> None:  # fmt: skip
    """Mails that are kept and not yet handled."""
    if context.invoked_subcommand:
        return None
    if sender and not refused:
        raise typer.BadParameter("it belongs to --refused", context, param_hint="--from")
    config = read_config(context)
    from gateway.console import show
    from gateway.store import refusals, spool

    if refused:
        sent_away = read_database(config, lambda db: refusals.listing(db, sender, limit))
        if as_json:
            return show.json_line({"refusals": [show.columns(each) for each in sent_away]})
        return show.refusals(sent_away, site_zone(config))
    rows, counts = read_database(config, lambda db: (spool.waiting(db, limit), spool.counts(db)))
    if as_json:
        return show.json_line({"counts": counts, "mails": [show.columns(row) for row in rows]})
    return show.spool(rows, counts, site_zone(config))


@spool_app.command(name="retry")
def retry_spool(context: typer.Context, ids: Ids = None, every: All = False) -> None:
    """Hand mails to the desk again, at once."""
    from gateway.store import spool

    _retry(context, spool.retry, ids, every, "Mails")


@outbox_app.callback()
def outbox(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(metavar="S", help="waiting, deferred, bounced or sent; may be "
                                                    "given several times. Without it: the first three.")] = None,
    limit: Limit = 200, as_json: Json = False,
) -> None:  # fmt: skip
    """Letters that wait or failed."""
    if context.invoked_subcommand:
        return None
    config = read_config(context)
    from gateway.console import show
    from gateway.store import outbox

    states = state or ("waiting", "deferred", "bounced")
    pages = read_database(config, lambda db: [outbox.listing(db, each, limit=limit) for each in states])
    letters = sorted(chain(*pages), key=lambda letter: letter.id or 0)
    counts = read_database(config, outbox.counts)
    if as_json:
        return show.json_line({"counts": counts, "letters": [show.columns(each, leave_out="raw") for each in letters]})
    return show.outbox(letters, counts, site_zone(config))


@outbox_app.command(name="retry")
def retry_outbox(context: typer.Context, ids: Ids = None, every: All = False) -> None:
    """Try letters again, at once."""
    from gateway.store import outbox

    def retry(db: "Db", ids: list[int] | None, now: datetime) -> int:
        return sum(outbox.retry(db, each, now) for each in ids) if ids else outbox.retry(db, None, now)

    _retry(context, retry, ids, every, "Letters")


def _retry(context: typer.Context, retry: Callable[..., int], ids: list[int] | None, every: bool, what: str) -> None:
    if bool(ids) == every:
        raise typer.BadParameter("give either ids or --all")
    config = read_config(context)
    now = datetime.now(UTC)
    count = with_database(config, lambda database: database.write(lambda db: retry(db, ids or None, now)))
    if ids and not count:
        raise Failure(f"None of these {what.lower()} is there to be tried again.")
    from gateway.console import show

    show.say(f"{what} to be tried again at once: {count}")


app.add_typer(spool_app, name="spool")
app.add_typer(outbox_app, name="outbox")


@app.command()
def report(
    context: typer.Context,
    by: Annotated[Literal["day", "week", "month"], typer.Option(help="Length of a period.")] = "day",
    since: Annotated[datetime | None, typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="First day; else 30 days "
                                                   "ago.", show_default=False)] = None,
    until: Annotated[datetime | None, typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="Last day; else today.",
                                                   show_default=False)] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
) -> None:
    """Volume, times and feedback by period and category, and how often what was suggested was right."""
    if as_json and as_csv:
        raise typer.BadParameter("give either --json or --csv")
    config = read_config(context)
    from gateway.console import show
    from gateway.store import days, figures, lessons, reports

    if any(day and not 1970 <= day.year <= LAST_YEAR for day in (since, until)):
        raise typer.BadParameter(f"A day lies between 1970 and {LAST_YEAR}.")
    zone = site_zone(config)
    last = (until or datetime.now(zone)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone)
    first = since.replace(tzinfo=zone) if since else last - timedelta(days=30)
    span = days.Span(first, last + timedelta(days=1), zone)

    async def look(database: "Database") -> tuple[list[tuple[date, figures.Opened]], list[figures.Decided]]:
        await days.keep(database, span, datetime.now(UTC))
        return await database.read(lambda db: (days.opened(db, span), days.decided(db, span)))

    opened, decided = with_database(config, look)
    lines = reports.report(opened, by)
    if as_json:
        return show.json_line([asdict(line) for line in lines])
    if as_csv:
        return show.comma_separated(asdict(line) for line in lines)
    return show.report(lines, lessons.scores(decided))
