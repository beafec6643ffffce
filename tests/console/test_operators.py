"""What operators ask: who was sent away, and what is to be tried again."""

from datetime import UTC, datetime
from pathlib import Path

from command import Command
from console_house import a_hostile_request, keep
from sqlalchemy.orm import Session as Db

from gateway.store.refusals import Refused, insert_all


def sent_away(db: Db) -> None:
    now = datetime.now(UTC)
    insert_all(db, [
        Refused(now, "192.0.2.7", "550 5.1.1 No such mailbox here", "mx.example.org", "kim@example.org",
                ("x@example.com",)),
        Refused(now, "192.0.2.8", "550 5.7.26 boss.example asks to reject mail", "\x1b[31m", "a@spam.example",
                ("support@example.com",), "ceo@boss.example", 2048),
    ])  # fmt: skip


def test_whoever_asks_where_his_mail_is_can_be_told(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, sent_away)
    shown = frontdesk("spool", "--refused").out
    for words in ("192.0.2.7 mx.example.org", "kim@example.org", "x@example.com", "550 5.1.1 No such mailbox here",
                  "a@spam.example (From ceo@boss.example)", "2.0 kB"):  # fmt: skip
        assert words in shown
    assert "\x1b" not in shown
    assert frontdesk("spool", "--refused", "--from", "nobody@example.org").out == "Nobody was sent away.\n"


def test_refusals_are_found_by_the_author_too(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, sent_away)
    [found] = frontdesk("spool", "--refused", "--from", "CEO@boss.example", "--json").lines
    assert [(each["reverse_path"], each["author"], each["size"]) for each in found["refusals"]] == [
        ("a@spam.example", "ceo@boss.example", 2048)]
    assert frontdesk("spool", "--from", "a@b.example").code == 2


def test_mails_and_letters_are_tried_again(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    assert frontdesk("spool", "retry", "1").code == 0
    assert frontdesk("spool", "--json").lines[0]["counts"] == {"kept": 1, "shunted": 0}
    assert frontdesk("outbox", "retry", "1").code == 0
    assert frontdesk("outbox", "--json").lines[0]["counts"]["deferred"] == 1
    for room, what in (("spool", "mails"), ("outbox", "letters")):
        said = frontdesk(room, "retry", "99")
        assert (said.code, said.err) == (1, f"frontdesk: None of these {what} is there to be tried again.\n")


def test_a_queue_of_a_wrong_name_is_told_with_those_that_are(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    assert "No request waits in queue technicla. There is: technical" in frontdesk("queue", "technicla").out
