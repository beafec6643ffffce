"""What was found about one mail, for a person to read: the answers of `explain` and `authenticate` without --json."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gateway.console import badges, plain, show
from gateway.desk.badges import level as level_of

RESULTS = {"pass": "green", "fail": "bold red", "permerror": "red", "temperror": "yellow", "softfail": "yellow"}


def tell(answer: Mapping[str, Any], as_json: bool) -> None:
    """An answer of gateway/explain on standard output."""
    if as_json:
        show.json_line(answer)
    elif "mail" in answer:
        show.say(*_mail(answer["mail"], answer["may_acknowledge"]), *_checks(answer["authentication"]),
                 *_decisions(answer["decisions"]))
    else:
        show.say(*_checks(answer))


def _mail(mail: Mapping[str, Any], may_acknowledge: bool) -> Iterator[RenderableType]:
    yield _title("What it says")
    grid = _grid()
    grid.add_row("From", plain.line(f"{mail['from_name']} <{mail['from_email']}>"))
    grid.add_row("Subject", plain.line(mail["subject"]))
    grid.add_row("Language", mail["language"])
    kind = "a bounce" if mail["is_bounce"] else "a machine" if mail["is_automatic"] else "a person"
    grid.add_row("Written by", f"{kind}; {'may' if may_acknowledge else 'must not'} be answered automatically")
    for each in mail["bounce"]:
        grid.add_row("Failed", plain.line(f"{each['recipient']} {each['status']} {'hard' if each['hard'] else 'soft'}"))
    for each in mail["attachments"]:
        known_as = f"{each['content_type']} ({each['real_type']})" if each["real_type"] else each["content_type"]
        odd = f"  {', '.join(each['findings'])}" if each["findings"] else ""
        grid.add_row("Attachment", plain.line(f"{each['filename']}  {known_as}  {plain.size(each['size'])}{odd}"))
    if mail["findings"]:
        grid.add_row("Odd", plain.line(", ".join(mail["findings"])))
    grid.add_row("New words", plain.words(mail["reply_text"]).strip())
    yield grid


LABELS = {"spf": "SPF", "dkim": "DKIM", "arc": "ARC", "dmarc": "DMARC", "iprev": "iprev"}


def _checks(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _title("Whose mail it is")
    grid = _grid()
    level, (_, meaning) = badges.level(found["verdict"]), level_of(found["verdict"])
    grid.add_row("Verdict", Text.assemble(level, f": {meaning}. ", plain.line(found["because"])))
    for each in found["checks"]:
        grid.add_row(LABELS[each["method"]], _result(each, found))
    if found["structure"]:
        grid.add_row("Structure", plain.line(", ".join(found["structure"]), 400))
    yield grid


def _result(check: Mapping[str, Any], found: Mapping[str, Any]) -> Text:
    result = check["result"]
    cost = f"{check['milliseconds']:g} ms, {check['queries']} asked of DNS"
    said = found["spf"]["explanation"] if check["method"] == "spf" else ""
    said = f' "{plain.line(said)}"' if said else ""
    words = plain.line(check["reason"], 300)
    return Text.assemble((f"{result:<10}", RESULTS.get(result, "dim")), f"{words}{said}  ", (cost, "dim"))


def _decisions(decisions: list[Mapping[str, Any]]) -> Iterator[RenderableType]:
    yield _title("What would happen")
    shown = show.table("Handler", "Decision", "What", "Why")
    for each in decisions:
        rest = {key: value for key, value in each.items() if key not in ("handler", "decision", "because")}
        what = ", ".join(f"{key} {value}" for key, value in rest.items() if value not in (None, "", {}, [], False))
        shown.add_row(plain.line(str(each["handler"])), plain.line(str(each["decision"])), plain.line(what, 120),
                      plain.line(str(each["because"]), 300))
    yield shown


def _title(words: str) -> Rule:
    return Rule(words, align="left", style="dim")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    return grid
