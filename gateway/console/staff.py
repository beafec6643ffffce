"""The commands about people: who works at the desk, their passwords, the tokens of their programs.

Whoever may run these may do everything anyway: they own the database. A secret is printed once and kept nowhere.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.console.edge import Failure, read_config, read_database, site_zone, with_database
from gateway.console.options import Json

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.desk.staff import Staff
    from gateway.store.database import Database

app = typer.Typer(no_args_is_help=True, help="Who works at the desk: logins, roles, tokens of programs.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Login name.")]
FullName = Annotated[str | None, typer.Option(metavar="TEXT", help="As letters are signed.")]
Role = Annotated[str | None, typer.Option(metavar="R", help="agent, supervisor, operator or auditor.")]
Queues = Annotated[list[str] | None, typer.Option("--queue", metavar="Q", help="A queue they may see; may be given "
                                                  "several times. Without it: all.")]
Language = Annotated[str | None, typer.Option(metavar="L", help="Of their page: en or ko.")]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for the password instead of inventing one.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", metavar="S", help="read, act, send or admin; may be given "
                                                  "several times. Without it: read.")]
Label = Annotated[str, typer.Option(metavar="TEXT", help="What the token is for.")]
Days = Annotated[int | None, typer.Option(metavar="N", min=1, max=3650, help="How long it is good.")]

T = TypeVar("T")


@app.command()
def add(
    context: typer.Context, name: Name, full_name: FullName = None, role: Role = None, queue: Queues = None,
    language: Language = None, ask: Ask = False,
) -> None:  # fmt: skip
    """Employ somebody, and print their first password."""
    config = read_config(context)
    from gateway.models import Agent

    password = _password(ask)
    agent = Agent(name=name, full_name=full_name or "", role=role or "agent", queues=queue or [],
                  language=language or "en")
    made = _staff(config, lambda staff: staff.add(_BY, agent, password))
    _tell(f"{made.name} works here now, as {made.role}.", "" if ask else f"First password: {password}", _where(config))


@app.command(name="list")
def listing(context: typer.Context, as_json: Json = False) -> None:
    """Everybody who works here."""
    config = read_config(context)
    from gateway.console import plain, show
    from gateway.store import agents

    rows = read_database(config, agents.listing)
    if as_json:
        return show.json_line([show.columns(each, leave_out="password_hash") for each in rows])
    zone, shown = site_zone(config), show.table("Login", "Name", "Role", "Queues", "Language", "Since", "")
    for each in rows:
        gone = f"disabled {plain.moment(each.disabled_at, zone)}" if each.disabled_at else ""
        locked = "" if each.password_hash else "no password"
        shown.add_row(plain.line(each.name), plain.line(each.full_name), each.role,
                      plain.line(", ".join(each.queues)) or "all", each.language,
                      plain.moment(each.created_at, zone), gone or locked)
    return show.say(shown if rows else "Nobody works here yet: `frontdesk agent add NAME`.")


@app.command()
def change(
    context: typer.Context, name: Name, full_name: FullName = None, role: Role = None, queue: Queues = None,
    language: Language = None,
) -> None:  # fmt: skip
    """Give somebody another role, name or language, or other queues."""
    made = _staff(read_config(context), lambda staff: staff.change(
        _BY, name, full_name=full_name, role=role, queues=queue, language=language))
    _tell(f"{made.name} is {made.role}, and sees {', '.join(made.queues) or 'all queues'}.")


@app.command()
def password(context: typer.Context, name: Name, ask: Ask = False) -> None:
    """Set a new password and print it; every browser of theirs is logged out, and their tokens are revoked."""
    config, new = read_config(context), _password(ask)
    _staff(config, lambda staff: staff.set_password(_BY, name, new))
    _tell(f"{name} has a new password. Every browser of theirs is logged out, and their tokens serve no longer.",
          "" if ask else f"Password: {new}", _where(config))


@app.command()
def disable(context: typer.Context, name: Name) -> None:
    """Let somebody in no more, by browser or program."""
    made = _staff(read_config(context), lambda staff: staff.disable(_BY, name))
    _tell(f"{made.name} comes in no more. Their requests stay theirs: `frontdesk queue` shows them.")


@app.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let somebody in again; their tokens stay revoked."""
    made = _staff(read_config(context), lambda staff: staff.disable(_BY, name, enables=True))
    _tell(f"{made.name} may come in again.")


@app.command()
def token(
    context: typer.Context, name: Name, label: Label, scope: Scopes = None, days: Days = None, as_json: Json = False
) -> None:
    """Make a token for a program of this agent, and print it."""
    lasts = timedelta(days=days) if days else None
    row, secret = _staff(read_config(context), lambda staff: staff.make_token(
        _BY, name, label, scope or ["read"], lasts))
    if as_json:
        from gateway.console import show

        return show.json_line({**show.columns(row, leave_out="token_hash"), "secret": secret})
    return _tell(f"Token {row.id} of {row.agent} ({', '.join(row.scopes)}):", secret)


@app.command()
def revoke(context: typer.Context, token: Annotated[int, typer.Argument(metavar="ID", help="Number of the token.")],
           ) -> None:
    """Let a token serve no longer."""
    _staff(read_config(context), lambda staff: staff.revoke_token(_BY, token))
    _tell(f"Token {token} serves no longer.")


_BY = "console"
"""desk/staff.CONSOLE: named here too, since `--help` is not to wait for the desk."""


def _password(asks: bool) -> str:
    from gateway.desk import passwords

    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True)) if asks else passwords.invent()


def _staff(config: "Config", work: Callable[["Staff"], Awaitable[T]]) -> T:
    """Let it be done. What is refused is a Failure with its sentence."""
    from gateway.desk.acts import Refused
    from gateway.desk.staff import Staff
    from gateway.foundation import clock

    async def whole(database: "Database") -> T:
        try:
            return await work(Staff(database, clock))
        except Refused as refused:
            raise Failure(str(refused)) from None

    return with_database(config, whole)


def _where(config: "Config") -> str:
    if not config.agents.listen:
        return "No page is served: see [agents] listen in config.toml."
    return f"Log in at {config.agents.url or f'http://{config.agents.listen}'}/"


def _tell(*lines: str) -> None:
    """On standard output, as they are: a secret is copied from here."""
    for line in filter(None, lines):
        typer.echo(line)
