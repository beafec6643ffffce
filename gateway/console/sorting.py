"""The commands with which agents keep the queues in order: find, take, give, join, part, and throw away."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.console.agents import Agent, Number, act, do, exact, name_of
from gateway.console.edge import read_config, read_database
from gateway.console.options import Json, Limit

app = typer.Typer()


@app.command()
def search(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them were said.")],
    queue: Annotated[str, typer.Option(metavar="Q", help="In this queue only.")] = "",
    limit: Limit = 50, as_json: Json = False,
) -> None:  # fmt: skip
    """Requests in which something was said: subject, text, customer or number."""
    config = read_config(context)
    from gateway.console import show
    from gateway.store import queue as lists
    from gateway.store import requests

    now = datetime.now(UTC)
    filter = lists.Filter(queue=queue, words=" ".join(words))
    page = read_database(config, lambda db: lists.page(db, filter, now, limit))
    rows = read_database(config, lambda db: requests.of_lines(db, [line.id for line in page.lines]))
    if as_json:
        return show.requests_as_json(rows)
    return show.queue(rows, now, "Nothing was found.")


@app.command()
def claim(
    context: typer.Context, number: Number, agent: Agent,
    take_over: Annotated[bool, typer.Option("--take-over", help="Also from an agent who works on it.")] = False,
) -> None:  # fmt: skip
    """Take this request: nobody else answers it meanwhile."""
    do(context, number, lambda acts, exact: acts.claim(exact, agent, take_over), f"is {agent}'s")


@app.command()
def assign(
    context: typer.Context, number: Number, agent: Agent,
    to: Annotated[str, typer.Option(metavar="A", help="Who is to do it.", callback=name_of)],
) -> None:  # fmt: skip
    """Give a request to an agent: their `next` brings it first."""
    do(context, number, lambda acts, exact: acts.assign(exact, agent, to), f"is given to {to}")


@app.command()
def prioritise(
    context: typer.Context, number: Number, agent: Agent,
    priority: Annotated[int, typer.Option("--as", metavar="1-5", min=1, max=5, help="1 can wait, 5 is for now.")],
) -> None:  # fmt: skip
    """Say how urgent a request is."""
    do(context, number, lambda acts, exact: acts.prioritise(exact, agent, priority), f"has priority {priority}")


@app.command()
def categorise(
    context: typer.Context, number: Number, agent: Agent,
    category: Annotated[str, typer.Option("--as", metavar="C", help="What it is about.", callback=name_of)],
) -> None:  # fmt: skip
    """Say what a request is about."""
    do(context, number, lambda acts, exact: acts.categorise(exact, agent, category), f"is about {category}")


@app.command()
def merge(
    context: typer.Context, number: Number, agent: Agent,
    into: Annotated[str, typer.Option(metavar="NUMBER", help="The request that it becomes part of.")],
) -> None:  # fmt: skip
    """Make a request part of another one."""
    other = exact(read_config(context), into)
    do(context, number, lambda acts, one: acts.merge(one, agent, other), f"is part of {other} now")


@app.command()
def split(
    context: typer.Context, number: Number, agent: Agent,
    entry: Annotated[int, typer.Option(metavar="ENTRY", help="The mail (`show` prints its entry).")],
) -> None:  # fmt: skip
    """Make one mail of a request a request of its own."""
    config = read_config(context)
    one = exact(config, number)
    new = act(config, lambda acts: acts.split(one, agent, entry))
    from gateway.console import show

    show.say(f"{new.number} holds entry {entry} of {one} now.")


@app.command()
def spam(context: typer.Context, number: Number, agent: Agent) -> None:
    """Close a request that asks for nothing; nothing is sent."""
    do(context, number, lambda acts, exact: acts.spam(exact, agent), "is closed as spam")
