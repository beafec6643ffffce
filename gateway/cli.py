"""The command `frontdesk`. No logic: each command asks a room and shows the answer.

Results go to standard output, as JSON with --json; faults go to standard error: exit code 2 for usage and config, 1 for
what could not be done. What a command needs is imported when it runs, so that `frontdesk --help` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.console import agents, operators, saying, sorting, staff
from gateway.console.edge import Failure, become, guarded, has_database, read_config, run, usable
from gateway.console.options import Json

if TYPE_CHECKING:
    from gateway.console.explain import Question

app = typer.Typer(
    name="frontdesk", help="A customer centre's front desk that speaks SMTP.", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

File = Annotated[str | None, typer.Argument(metavar="FILE", help="A mail as it came over the wire (.eml).")]
MailFrom = Annotated[str | None, typer.Option(metavar="ADDRESS", help='MAIL FROM; "" is the null path. Without it: '
                                              "what the mail's own fields say.")]
Rcpt = Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="RCPT TO; may be given several times. Without "
                                                "it: our addresses in To and Cc, else the first support address.")]
ClientIp = Annotated[str, typer.Option(metavar="IP", help="Address of the server that hands the mail over.")]
Helo = Annotated[str, typer.Option(metavar="NAME", help="What that server calls itself.")]
Zone = Annotated[str | None, typer.Option(metavar="ZONE.json", help="JSON in place of DNS: {name: {TYPE: [values]}}.")]
Now = Annotated[float | None, typer.Option(metavar="EPOCH", help="The moment it comes, in seconds since 1970.")]
Lines = Annotated[bool, typer.Option("--lines", help="Read one JSON object per line from standard input (file, "
                                     "mail_from, rcpt, client_ip, helo, zone, now) and answer each in one line.")]


def _selector(value: str) -> str:
    from gateway.units import selector

    try:
        return selector(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Selector = Annotated[str | None, typer.Option(metavar="S", parser=_selector, help="Selector of a new key; with both "
                                              "kinds S-rsa and S-ed25519. Without it: frontdesk.")]
Kind = Annotated[Literal["rsa", "ed25519", "both"] | None, typer.Option(help="Which keys to make. Without it: both.")]
Domain = Annotated[str | None, typer.Option(metavar="D", help="The domain that signs. Without it: what config.toml "
                                            "says.")]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="Where to keep new keys. Without it: the data "
                                             "folder.")]


@app.callback()
def choose_config(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(metavar="FILE", envvar="FRONTDESK_CONFIG", help="The config file; else "
                                                "./config.toml, else the default that came along.")] = None,
) -> None:
    context.obj = config


@app.command()
def serve(context: typer.Context) -> None:
    """Take mail, handle it and send letters.

    Ends with SIGTERM or Ctrl-C, after open sessions had time to finish. SIGHUP reads the config again.
    """
    config = read_config(context)
    if not has_database(config):
        from gateway.groundwork import lay

        with usable():
            run(lambda: lay(config), config.log)
    become("gateway.serving", *([str(context.obj)] if context.obj else []))


@app.command()
def check(
    context: typer.Context,
    dns: Annotated[bool, typer.Option("--dns", help="Ask DNS for MX, SPF, DMARC and DKIM of our domain.")] = False,
    as_json: Json = False,
) -> None:
    """Is everything there that serving needs?"""
    config = read_config(context)
    from gateway.console import readiness, show

    findings = run(lambda: readiness.look(config, ask_dns=dns))
    show.findings(findings, as_json)
    if any(finding.is_bad for finding in findings):
        raise typer.Exit(1)


@app.command()
def dkim(
    context: typer.Context, selector: Selector = None, kind: Kind = None, domain: Domain = None, folder: Folder = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Make the keys that sign our letters, or print the DNS records of those that are configured.

    Keys are made when none are configured, and when any option says which.
    """
    config = read_config(context)
    from gateway.console import signing

    signature = None if selector or kind or domain or folder else signing.configured(config)
    signing.tell(config, signature or signing.make(config, selector or "frontdesk", kind or "both", domain or "",
                                                   folder or config.site.data), as_json)


@app.command()
def explain(
    context: typer.Context, file: File = None, mail_from: MailFrom = None, rcpt: Rcpt = None,
    client_ip: ClientIp = "127.0.0.1", helo: Helo = "", zone: Zone = None, now: Now = None,
    as_json: Json = False, lines: Lines = False,
) -> None:  # fmt: skip
    """Handle a mail as if it came now, and roll back.

    Says what would happen and why.
    """
    _either(file, lines)
    config = read_config(context)
    from gateway.console.explain import Question, explainer

    question = Question(file, mail_from, tuple(rcpt or ()), client_ip, helo, zone, now) if file else None
    run(lambda: _judge(explainer(config), question, as_json))


@app.command()
def authenticate(
    context: typer.Context, file: File = None, mail_from: MailFrom = None,
    client_ip: ClientIp = "127.0.0.1", helo: Helo = "", zone: Zone = None, now: Now = None,
    as_json: Json = False, lines: Lines = False,
) -> None:  # fmt: skip
    """Whose mail is this? SPF, DKIM, ARC, DMARC, iprev."""
    _either(file, lines)
    config = read_config(context)
    from gateway.console.explain import Question, authenticator

    question = Question(file, mail_from, (), client_ip, helo, zone, now) if file else None
    run(lambda: _judge(authenticator(config), question, as_json))


def _either(file: str | None, lines: bool) -> None:
    if bool(file) == lines:
        raise typer.BadParameter("give either FILE or --lines")


async def _judge(opening: Any, question: "Question | None", as_json: bool) -> None:
    from gateway.console import judgement
    from gateway.console.explain import answer_lines
    from gateway.desk.journey import where

    async with opening as judge:
        if question is None:
            await answer_lines(judge.answer)
            return
        try:
            answer = await judge.answer(question.checked())
        except ValueError as error:
            raise Failure(f"{where(error)}{error}") from None
        judgement.tell(answer, as_json)


app.add_typer(agents.app)
app.add_typer(saying.app)
app.add_typer(sorting.app)
app.add_typer(operators.app)
app.add_typer(staff.app, name="agent")


@app.command()
def demo() -> None:
    """Send a dozen real mails through a gateway of its own.

    Korean and English, signed and forged, a bounce, an out-of-office, an account request, a follow-up; then shows
    queue, letters and decisions, and leaves nothing behind.
    """
    from gateway.console.demo import play

    run(play)


def main() -> None:
    """Entry point of the command."""
    sys.argv[1:] = _config_first(sys.argv[1:])
    guarded(app)


def _config_first(words: list[str]) -> list[str]:
    """--config FILE is taken after the command as well as before it."""
    for at, word in enumerate(words):
        if word == "--":
            break
        taken = 2 if word == "--config" else 1 if word.startswith("--config=") else 0
        if taken:
            return [*words[at : at + taken], *words[:at], *words[at + taken :]]
    return words
