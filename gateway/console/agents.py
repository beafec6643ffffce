"""The commands of agents: take a request from the queue, read it, and bring it to its end.

Each says to the desk what is wanted and shows what came of it; what is allowed, and what follows, the desk decides.
"""

import getpass
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gateway.console.edge import Failure, read_config, read_database, site_zone, with_database
from gateway.console.options import Json, Limit

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.desk.acts import Acts
    from gateway.models import Request
    from gateway.store.database import Database

app = typer.Typer()


LONGEST_NAME = 100
"""Characters of a queue's or an agent's name."""


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "agent"


def name_of(word: str | None) -> str | None:
    """A name goes into the database, onto terminals and into letters."""
    if word is not None and not (word.strip() and word.isprintable() and len(word) <= LONGEST_NAME):
        raise typer.BadParameter(f"a name has 1 to {LONGEST_NAME} printable characters")
    return word


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Request number, however loosely typed.")]
Agent = Annotated[str, typer.Option(metavar="A", envvar="FRONTDESK_AGENT", default_factory=_me, show_default=False,
                                    callback=name_of, help="Who does it; else the login name.")]
T = TypeVar("T")


@app.command()
def queue(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One queue; else all with their counts.")] = None,
    limit: Limit = 200,
    as_json: Json = False,
) -> None:
    """What waits for agents: counts, or one queue's list."""
    config = read_config(context)
    from gateway.console import show
    from gateway.store import queue as queues
    from gateway.store import requests

    now = datetime.now(UTC)
    if name is None:
        lines = read_database(config, lambda db: queues.counts(db, now))
        if as_json:
            return show.json_line([asdict(line) for line in lines])
        return show.queues(lines, now, site_zone(config))
    page = read_database(config, lambda db: queues.page(db, queues.Filter(queue=name), now, limit))
    rows = read_database(config, lambda db: requests.of_lines(db, [line.id for line in page.lines]))
    if as_json:
        return show.requests_as_json(rows)
    return show.queue(rows, now, "" if rows else _elsewhere(config, name, now))


def _elsewhere(config: "Config", name: str, now: datetime) -> str:
    """Nothing waits there; perhaps another name was meant."""
    from gateway.console import plain
    from gateway.store import queue as queues

    others = [plain.line(line.queue) for line in read_database(config, lambda db: queues.counts(db, now))]
    return f"No request waits in queue {plain.line(name)}." + (f" There is: {', '.join(others)}." if others else "")


@app.command(name="next")
def claim_next(
    context: typer.Context, agent: Agent,
    queue: Annotated[str | None, typer.Option(metavar="Q", help="From this queue only.")] = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Claim the most urgent request: nobody else gets it."""
    config = read_config(context)
    request = act(config, lambda acts: acts.next(queue, agent))
    if request is None:
        raise Failure("Nothing waits" + (f" in queue {queue}." if queue else "."))
    _show(config, request.number, as_json)


@app.command()
def show(
    context: typer.Context, number: Number,
    history: Annotated[bool, typer.Option("--history", help="Every decision with its reason.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Quoted words too.")] = False, as_json: Json = False,
) -> None:  # fmt: skip
    """One request: who, what was said, what is known."""
    _show(read_config(context), number, as_json, history, full)


@app.command()
def verify(
    context: typer.Context, number: Number, agent: Agent,
    because: Annotated[str, typer.Option(metavar="TEXT", help="Why: it stands in the history.")],
    reject: Annotated[bool, typer.Option("--reject", help="It is not this person.")] = False,
) -> None:  # fmt: skip
    """Decide whether it is this person."""
    do(context, number, lambda acts, one: acts.verify(one, agent, because, rejects=reject),
        "is rejected: it is not this person" if reject else "is verified")


@app.command()
def move(
    context: typer.Context, number: Number, agent: Agent,
    queue: Annotated[str, typer.Option(metavar="Q", callback=name_of, help="The queue it belongs in.")],
    take_over: Annotated[bool, typer.Option("--take-over", help="Also from an agent who works on it.")] = False,
) -> None:  # fmt: skip
    """Put a request into another queue."""
    do(context, number, lambda acts, one: acts.move(one, agent, queue, take_over), f"is now in queue {queue}")


@app.command()
def release(
    context: typer.Context, number: Number, agent: Agent,
    join: Annotated[str | None, typer.Option(metavar="NUMBER", help="A held mail belongs to this request.")] = None,
) -> None:  # fmt: skip
    """Give a request back, or let go what was held."""
    config = read_config(context)
    other = exact(config, join) if join else None
    do(context, number, lambda acts, one: acts.release(one, agent, other), "is released")


@app.command()
def resolve(context: typer.Context, number: Number, agent: Agent) -> None:
    """The matter is at its end."""
    do(context, number, lambda acts, one: acts.resolve(one, agent), "is resolved")


@app.command()
def reopen(context: typer.Context, number: Number, agent: Agent) -> None:
    """It is not at its end after all."""
    do(context, number, lambda acts, one: acts.reopen(one, agent), "is open again")


def do(context: typer.Context, number: str, work: Callable[["Acts", str], Awaitable[Any]], done: str) -> None:
    """Let the desk do it to one request, and say so."""
    config = read_config(context)
    one = exact(config, number)
    act(config, lambda acts: work(acts, one))
    from gateway.console import show

    show.say(f"{one} {done}.")


def act(config: "Config", work: Callable[["Acts"], Awaitable[T]]) -> T:
    """Let the desk do it. What it refuses is a Failure with its sentence."""
    from gateway.desk.acts import Acts, Refused
    from gateway.rooms import build_desk

    async def whole(database: "Database") -> T:
        try:
            return await work(Acts(build_desk(config, database)))
        except Refused as refused:
            raise Failure(str(refused)) from None

    return with_database(config, whole)


def exact(config: "Config", typed: str) -> str:
    """The number in its canonical form, however loosely typed."""
    from gateway.desk import number

    prefix = config.desk.prefix
    found = next(number.find(typed, prefix), None) or next(number.find(f"{prefix}-{typed}", prefix), None)
    if found is None:
        example = number.compose(prefix, 2026, 123)
        raise Failure(f"{typed!r} is no request number: one looks like {example}, and its last digit shows slips.")
    return found


def _request(config: "Config", typed: str) -> "Request":
    from gateway.store import requests

    one = exact(config, typed)
    found = read_database(config, lambda db: requests.find(db, one))
    if found is None:
        raise Failure(f"There is no request {one}.")
    return found


def _show(config: "Config", number: str, as_json: bool, history: bool = False, full: bool = False) -> None:
    request = _request(config, number)
    from gateway.console import conversation

    page = read_database(config, lambda db: conversation.load(db, request))
    conversation.show(page, datetime.now(UTC), site_zone(config), as_json, history, full)
