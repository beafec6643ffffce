"""The commands with which agents speak: answer the customer, ask, and write a note that stays inside."""

import sys
from dataclasses import asdict
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.console.agents import Agent, Number, act, exact
from gateway.console.edge import Failure, read_config
from gateway.console.options import Json

if TYPE_CHECKING:
    from gateway.desk.acts import Acts
    from gateway.models import Entry

app = typer.Typer()

LONGEST_TEXT = 1_000_000
"""Octets of a text file: nobody reads more, and a wrong file is soon named."""

TextFile = Annotated[Path, typer.Option(metavar="F", help="File with the words, UTF-8; - is standard input.")]
Seen = Annotated[int | None, typer.Option(metavar="ENTRY", help="The newest entry you have read (`show` prints it): "
                                          "refused when something newer came in.")]
Attach = Annotated[list[Path] | None, typer.Option(metavar="F", help="A file that goes along; may be given again.")]
Quote = Annotated[bool, typer.Option("--quote/--no-quote", help="The customer's last mail below your words.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the letter, send nothing.")]


@app.command()
def answer(
    context: typer.Context, number: Number, agent: Agent, text_file: TextFile, seen: Seen = None,
    attach: Attach = None, quote: Quote = True, dry_run: DryRun = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Send the customer an answer."""
    _say(context, "answer", number, agent, text_file, seen, attach or [], dry_run, as_json, quote)


@app.command()
def ask(
    context: typer.Context, number: Number, agent: Agent, text_file: TextFile, seen: Seen = None,
    attach: Attach = None, quote: Quote = True, dry_run: DryRun = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Ask the customer for more; the request then waits for them."""
    _say(context, "question", number, agent, text_file, seen, attach or [], dry_run, as_json, quote)


@app.command()
def note(
    context: typer.Context, number: Number, agent: Agent, text_file: TextFile, seen: Seen = None,
    attach: Attach = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Write a note that only agents see."""
    _say(context, "note", number, agent, text_file, seen, attach or [], False, as_json)


def _say(
    context: typer.Context, kind: str, number: str, agent: str, text_file: Path, seen: int | None,
    files: list[Path], is_rehearsed: bool, as_json: bool, quotes: bool = True,
) -> None:  # fmt: skip
    config = read_config(context)
    text, contents = _words(text_file), [(file.name, _octets(file)) for file in files]
    one = exact(config, number)
    from gateway.console import plain, show

    if is_rehearsed:
        letter = act(config, lambda acts: acts.preview(kind, one, agent, text, quotes=quotes))
        if as_json:
            return show.json_line(asdict(letter))
        return show.say(plain.words(f"To: {letter.recipient}\nSubject: {letter.subject}\n\n{letter.text}"))

    async def work(acts: "Acts") -> "Entry":
        kept = [await acts.attach(agent, name, guess_type(name)[0] or "", octets) for name, octets in contents]
        return await acts.say(kind, one, agent, text, seen, [each.id or 0 for each in kept], quotes=quotes)

    entry = act(config, work)
    if as_json:
        return show.json_line(show.columns(entry))
    return show.say(f"{one}: {kind} kept as entry {entry.id}.")


def _words(file: Path) -> str:
    is_piped = str(file) == "-"
    name, octets = ("Standard input", sys.stdin.buffer.read()) if is_piped else (str(file), _octets(file))
    try:
        text = octets.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        raise Failure(f"{name} is not UTF-8.") from None
    if not text:
        raise Failure(f"{name} holds no words.")
    if len(octets) > LONGEST_TEXT:
        raise Failure(f"{name} is longer than {LONGEST_TEXT} octets: is it the right file?")
    return text


def _octets(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.") from None
