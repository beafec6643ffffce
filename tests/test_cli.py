"""The command as people and programs meet it: what it prints, where, and with which exit code."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from command import Command
from sqlalchemy.orm import Session as Db

from gateway.console import plain
from gateway.desk import badges, number
from gateway.desk.letters import default_folder
from gateway.models import Attachment, Customer, Entry, History, Letter, Received, Request
from gateway.store.database import Database, connect
from gateway.store.refusals import Refused, insert_all

NOW = datetime.now(UTC)
NUMBER, OTHER, NOWHERE = (number.compose("FD", 2026, running) for running in (1, 2, 3))
HOSTILE = "\x1b]0;pwned\x07\x1b[2J[bold]x[/bold]"
MAIL = b"From: Kim <kim@example.org>\r\nTo: support@example.com\r\nSubject: Cannot log in\r\n\r\nError 42.\r\n"
ZONE = {"example.org": {"TXT": ["v=spf1 ip4:192.0.2.0/24 -all"]}}


@pytest.fixture
def frontdesk(frontdesk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Kim at the keyboard, with a mail at hand."""
    monkeypatch.setenv("FRONTDESK_AGENT", "kim")
    (tmp_path / "mail.eml").write_bytes(MAIL)
    (tmp_path / "zone.json").write_text(json.dumps(ZONE))
    return frontdesk


@cache
def migrated() -> bytes:
    """An empty database file."""
    with TemporaryDirectory() as folder:
        asyncio.run(_with(f"sqlite:///{folder}/frontdesk.db", lambda database: database.migrate()))
        return (Path(folder) / "frontdesk.db").read_bytes()


def keep(folder: Path, work: Callable[[Db], None]) -> None:
    """Put rows into the database of ./var."""
    (folder / "var").mkdir()
    (folder / "var" / "frontdesk.db").write_bytes(migrated())
    asyncio.run(_with(f"sqlite:///{folder}/var/frontdesk.db", lambda database: database.write(work)))


async def _with(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    database = connect(url)
    await work(database)
    await database.close()


def a_hostile_request(db: Db) -> None:
    """One request whose every word a stranger chose, a second one, and a mail that was given up."""
    customer = Customer(address="minji@example.kr", name=f"김민지 {HOSTILE}", language="ko", created_at=NOW)
    db.add(customer)
    db.flush()
    first = Request(number=NUMBER, customer_id=customer.id or 0, subject=f"로그인이 안 돼요 {HOSTILE}", state="open",
                    queue="technical", category="technical", priority=4, due=NOW - timedelta(hours=3), owner="kim",
                    identity="verified-dkim", identity_because="A signature of example.kr is good.", language="ko",
                    verification="expired", verification_because="Not verified: nobody answered our letter in time.",
                    on_file=f"Not on file: neither the address {HOSTILE}", created_at=NOW - timedelta(days=1),
                    changed_at=NOW, last_entry=1)
    second = Request(number=OTHER, customer_id=customer.id or 0, subject="환불", queue="technical", created_at=NOW,
                     changed_at=NOW, due=NOW + timedelta(hours=30, minutes=5), identity="none")
    db.add_all([first, second])
    db.flush()
    letter = Letter(request_id=first.id, template="acknowledgement", created_at=NOW, recipient="minji@example.kr",
                    raw=b"x", next_attempt=NOW, state="bounced", reply=f"550 5.1.1 {HOSTILE}", settled_at=NOW)
    db.add(letter)
    db.flush()
    odd = Received(id=2, kept_at=NOW, next_attempt=NOW, state="handled", verdict={
        "findings": ["display-name-our-name", "subject-duplicated", f"new-word {HOSTILE}"]})
    db.add(odd)
    db.flush()
    mail = Entry(request_id=first.id or 0, at=NOW, kind="mail", author=f"minji@example.kr{HOSTILE}",
                 text=f"오류 42 {HOSTILE}\n\n> old words", reply_text=f"오류 42 {HOSTILE}", identity="verified-dkim",
                 received_id=odd.id)
    db.add_all([mail, Entry(request_id=first.id or 0, at=NOW, kind="letter", author="acknowledge", text="We have it.",
                            letter_id=letter.id)])
    db.flush()
    name = f"a\u202egpj.exe{HOSTILE}"
    db.add(Attachment(entry_id=mail.id or 0, filename=name, content_type="image/png", size=123_456))
    db.add(History(at=NOW, request_id=first.id, event="received", handler="route", decision="place",
                   because=f"Rule 3 {HOSTILE}"))
    db.add(Received(id=1, kept_at=NOW, reverse_path="", recipients=[f"support@example.com{HOSTILE}"], state="shunted",
                    next_attempt=NOW, attempts=5, reason="KeyError"))


# ---- usage and config ----------------------------------------------------------------------------------------------


def test_help_answers_at_once() -> None:
    best = min(_seconds([sys.executable, "-m", "gateway", "--help"]) for _ in range(3))
    assert best < 0.3


def _seconds(command: list[str]) -> float:
    """Of CPU, for other tests run beside this one."""
    start = os.times()
    subprocess.run(command, check=True, capture_output=True, cwd=Path(__file__).parent.parent)
    end = os.times()
    return end.children_user + end.children_system - start.children_user - start.children_system


@pytest.mark.parametrize("words", [["nonsense"], ["show"], ["--nonsense"], ["authenticate"], ["outbox", "retry"],
                                   ["authenticate", "mail.eml", "--lines"], ["explain", "x", "--now", "soon"]])
def test_a_wrong_command_line_is_told_on_stderr_with_code_2(frontdesk: Command, words: list[str]) -> None:
    said = frontdesk(*words)
    assert (said.code, said.out) == (2, "")
    assert "Usage: frontdesk" in said.err


@pytest.mark.parametrize("words", [["check"], ["serve"], ["queue"], ["explain", "a.eml"], ["authenticate", "a.eml"]])
def test_a_fault_in_the_config_is_told_by_every_command_with_code_2(
    frontdesk: Command, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "config.toml").write_text("[dns]\ntries = 0\n")
    said = frontdesk(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err == "frontdesk: config.toml:2: dns.tries: Input should be greater than or equal to 1, not 0\n"


@pytest.mark.parametrize("words", [["--config", "other.toml", "queue"], ["queue", "--config", "other.toml"],
                                   ["queue", "--config=other.toml"]])
def test_the_config_may_be_named_before_and_after_the_command(frontdesk: Command, words: list[str]) -> None:
    said = frontdesk(*words)
    assert said.code == 2
    assert said.err.startswith("frontdesk: other.toml: cannot be read")


def test_the_config_may_be_named_in_the_environment(frontdesk: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_CONFIG", "third.toml")
    assert frontdesk("queue").err.startswith("frontdesk: third.toml: cannot be read")


def test_without_a_config_the_default_counts_and_its_data_is_in_this_folder(frontdesk: Command, tmp_path: Path) -> None:
    said = frontdesk("queue")
    assert said.code == 1
    assert said.err == f"frontdesk: There is no database in {tmp_path}/var yet: `frontdesk serve` makes it.\n"


def test_a_database_that_is_none_is_told_without_a_traceback(frontdesk: Command, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "frontdesk.db").write_bytes(b"This is no database, whatever its name says." * 99)
    said = frontdesk("queue")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("frontdesk: The database cannot be used: ")
    assert said.err.count("\n") == 1


# ---- authenticate and explain --------------------------------------------------------------------------------------


def test_authenticate_prints_one_object_with_the_keys_of_the_contract(frontdesk: Command) -> None:
    said = frontdesk("authenticate", "mail.eml", "--mail-from", "kim@example.org", "--client-ip", "192.0.2.7",
                     "--helo", "mx.example.org", "--zone", "zone.json", "--now", "1790000000", "--json")
    [found] = said.lines
    assert list(found) == ["spf", "dkim", "arc", "dmarc", "iprev", "verdict", "because", "authentication_results",
                           "structure", "checks"]
    assert found["spf"] == {"result": "pass", "domain": "example.org", "explanation": ""}
    assert found["dmarc"] == {"result": "none", "policy": "", "from_domain": "example.org", "aligned": ["spf"]}
    assert found["verdict"] == "verified-spf"


def test_explain_prints_one_object_with_the_keys_of_the_contract(frontdesk: Command) -> None:
    [found] = frontdesk("explain", "mail.eml", "--zone", "zone.json", "--json").lines
    assert list(found) == ["mail", "authentication", "may_acknowledge", "decisions"]
    assert found["mail"] == {
        "from_email": "kim@example.org", "from_name": "Kim", "subject": "Cannot log in", "text": "Error 42.",
        "html": None, "reply_text": "Error 42.", "language": "en", "attachments": [], "findings": [],
        "is_automatic": False, "is_bounce": False, "bounce": []}
    assert found["may_acknowledge"] is True
    assert all({"handler", "decision", "because"} <= set(each) for each in found["decisions"])
    assert "open" in [each["decision"] for each in found["decisions"]]


def test_explain_lists_each_attachment_with_what_it_really_is(frontdesk: Command, tmp_path: Path) -> None:
    raw = ("From: kim@example.org\nTo: support@example.com\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
           "--b\n\nSee the photo.\n--b\nContent-Type: image/jpeg; name=photo.jpg.exe\n\nMZ\n--b--\n")
    (tmp_path / "mail.eml").write_text(raw)
    [found] = frontdesk("explain", "mail.eml", "--zone", "zone.json", "--json").lines
    [photo] = found["mail"]["attachments"]
    assert list(photo) == ["filename", "content_type", "size", "sha256", "real_type", "is_inline", "findings"]
    assert (photo["filename"], photo["real_type"]) == ("photo.jpg.exe", "application/x-msdownload")
    assert photo["findings"] == ["executable", "double-extension", "type-differs"]


def test_explain_leaves_nothing_behind(frontdesk: Command, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert frontdesk("explain", "mail.eml", "--zone", "zone.json").code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_explain_says_what_the_door_refuses(frontdesk: Command, tmp_path: Path) -> None:
    zone = {**ZONE, "_dmarc.example.org": {"TXT": ["v=DMARC1; p=reject"]}}
    (tmp_path / "zone.json").write_text(json.dumps(zone))
    [found] = frontdesk("explain", "mail.eml", "--zone", "zone.json", "--json").lines
    assert [(each["handler"], each["decision"], each["status"]) for each in found["decisions"]] == [
        ("door", "refuse", "5.7.26")]


def test_explain_takes_the_null_path_for_a_machine(frontdesk: Command) -> None:
    [found] = frontdesk("explain", "mail.eml", "--mail-from", "", "--zone", "zone.json", "--json").lines
    assert found["mail"]["is_automatic"] is True
    assert found["may_acknowledge"] is False


def test_people_read_the_same_as_a_page(frontdesk: Command) -> None:
    said = frontdesk("explain", "mail.eml", "--zone", "zone.json")
    for words in ("Kim <kim@example.org>", "Cannot log in", "nobody stands behind the name", "What would happen"):
        assert words in said.out


GOOD = {"file": "mail.eml", "zone": ZONE, "mail_from": "kim@example.org", "client_ip": "192.0.2.7", "now": 1790000000}
BAD = [
    "nonsense", "[]", "3", '"mail.eml"', "{}", "null", '{"file": 3}', '{"file": "/nowhere"}', '{"file": "."}',
    json.dumps({**GOOD, "client_ip": "x"}), json.dumps({**GOOD, "now": -1}), json.dumps({**GOOD, "now": 10**400}),
    json.dumps({**GOOD, "now": float("nan")}), json.dumps({**GOOD, "now": True}), json.dumps({**GOOD, "zone": "/no"}),
    json.dumps({**GOOD, "zone": {"a": 3}}), json.dumps({**GOOD, "rcpt": [3]}), "[" * 100_000, '{"file": "a\\u0000b"}',
    json.dumps({**GOOD, "file": "\ud800"}),
]


@pytest.mark.parametrize("command", ["authenticate", "explain"])
def test_lines_are_answered_in_order_and_a_bad_one_stops_nothing(frontdesk: Command, command: str) -> None:
    asked = [json.dumps({**GOOD, "helo": f"h{number}"}) for number in range(3)]
    lines = [asked[0], *BAD, asked[1], b"\xff\xfe".decode("latin-1"), "", asked[2]]
    said = frontdesk(command, "--lines", stdin="\n".join(lines).encode("utf-8", "surrogatepass"))
    assert (said.code, said.err) == (0, "")
    kinds = ["error" if list(each) == ["error"] else "answer" for each in said.lines]
    assert kinds == ["answer", *["error"] * len(BAD), "answer", "error", "answer"]
    assert all(isinstance(each["error"], str) and each["error"] for each in said.lines if "error" in each)


def test_a_line_may_name_a_zone_file_and_recipients(frontdesk: Command) -> None:
    line = json.dumps({**GOOD, "zone": "zone.json", "rcpt": ["support@example.com"], "unknown": 1})
    [found] = frontdesk("explain", "--lines", stdin=line.encode()).lines
    assert found["authentication"]["verdict"] == "verified-spf"


def test_a_mail_with_halves_of_characters_is_printed_as_json(frontdesk: Command, tmp_path: Path) -> None:
    mail = b"From: \xed\xa0\x80 <a@example.org>\r\nSubject: \xff\xfe\r\n\r\n\xed\xb0\x80\r\n"
    (tmp_path / "mail.eml").write_bytes(mail)
    said = frontdesk("explain", "mail.eml", "--zone", "zone.json", "--json")
    assert said.code == 0
    assert len(said.lines) == 1


def test_each_line_is_answered_before_the_next_is_read(tmp_path: Path) -> None:
    """A program may ask one by one: the answer is there without an end of input, by the zone file as it is now."""
    (tmp_path / "mail.eml").write_bytes(MAIL)
    command = [sys.executable, "-m", "gateway", "authenticate", "--lines"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=_environment()) as run:
        assert run.stdin
        assert run.stdout
        for spf, verdict in (("v=spf1 +all", "verified-spf"), ("v=spf1 -all", "none")):
            (tmp_path / "zone.json").write_text(json.dumps({"example.org": {"TXT": [spf]}}))
            run.stdin.write(json.dumps({**GOOD, "zone": "zone.json"}).encode() + b"\n")
            run.stdin.flush()
            assert json.loads(run.stdout.readline())["verdict"] == verdict
        run.stdin.close()


def test_a_reader_that_goes_away_gets_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(MAIL)
    command = [sys.executable, "-m", "gateway", "authenticate", "--lines"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=_environment()) as run:
        assert run.stdin
        assert run.stdout
        assert run.stderr
        run.stdout.close()
        run.stdin.write((json.dumps(GOOD).encode() + b"\n") * 50)
        run.stdin.close()
        assert b"Traceback" not in run.stderr.read()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}


# ---- what agents read ----------------------------------------------------------------------------------------------

SHOWN = [["queue"], ["queue", "technical"], ["show", NUMBER], ["show", NUMBER, "--history", "--full"], ["spool"],
         ["outbox"], ["report"]]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_no_control_character_of_a_mail_reaches_the_terminal(
    frontdesk: Command, tmp_path: Path, words: list[str]
) -> None:
    keep(tmp_path, a_hostile_request)
    said = frontdesk(*words)
    assert (said.code, said.err) == (0, "")
    assert set(said.out) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E)} == set()


@pytest.mark.parametrize("words", [words for words in SHOWN if words != ["report"]], ids=" ".join)
def test_programs_get_the_same_as_json(frontdesk: Command, tmp_path: Path, words: list[str]) -> None:
    keep(tmp_path, a_hostile_request)
    assert len(frontdesk(*words, "--json").lines) == 1


def test_show_says_all_that_an_agent_needs(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    shown = frontdesk("show", "fd 2026 ００００015", "--history").out
    for words in (
        NUMBER, "로그인이 안 돼요", "open", "queue technical", "priority 4", "3 h late", "kim", "minji@example.kr",
        "writes ko", f"also {OTHER} (new)", "verified-dkim: its domain signed it. A signature of",
        "Not verified: nobody answered our letter in time.", "Not on file: neither the address",
        "오류 42", "… 2 quoted lines (--full)", "image/png  123 kB",
        "bounced to minji@example.kr", "550 5.1.1", "Rule 3", "[bold]x[/bold]", "--seen 1",
    ):  # fmt: skip
        assert words in shown, words
    assert "old words" not in shown
    assert "old words" in frontdesk("show", NUMBER, "--full").out


def test_every_badge_says_whose_word_it_is(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    [[first, second]] = frontdesk("queue", "technical", "--json").lines
    assert first["badges"] == {
        "identity": {"level": "verified-dkim", "badge": "its domain signed it",
                     "because": "A signature of example.kr is good."},
        "person": {"level": "expired", "badge": "not verified",
                   "because": "Not verified: nobody answered our letter in time."}}
    assert (first["identity"], first["verification"]) == ("verified-dkim", "expired")
    assert (second["badges"]["identity"]["badge"], second["badges"]["person"]["badge"]) == (
        "nobody stands behind the name", "not asked")
    [shown] = frontdesk("show", NUMBER, "--json").lines
    assert shown["badges"] == first["badges"]
    table = frontdesk("queue", "technical").out
    for words in ("verified-dkim", "A signature of example.kr", "not verified", "Not verified: nobody",
                  "none", "not asked"):
        assert words in table, words


def test_what_is_odd_about_a_mail_is_told_in_words(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    shown = frontdesk("show", NUMBER).out
    for words in ("! The name is ours, or one of our agents'; the address is not.",
                  "! The field subject stands there twice", "! new-word"):
        assert words in shown, words
    [found] = frontdesk("show", NUMBER, "--json").lines
    assert [(each["entry"], each["finding"]) for each in found["findings"]][:2] == [
        (1, "display-name-our-name"), (1, "subject-duplicated")]


def test_no_badge_says_valid() -> None:
    said = [each for table in (badges.IDENTITIES, badges.PERSONS) for _, each in table.values()]
    words = [each for languages in (*said, *badges.FINDINGS.values()) for each in languages.values()]
    assert not any("valid" in each or "유효" in each for each in words)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_badge_and_finding_has_words_in_the_language_of_the_agent(language: str) -> None:
    said = [each for table in (badges.IDENTITIES, badges.PERSONS) for _, each in table.values()]
    assert all(each[language] for each in (*said, *badges.FINDINGS.values()))


def test_an_agent_decides_about_a_person(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    assert frontdesk("verify", NUMBER, "--agent", "kim").code == 2, "a decision needs its reason"
    hint = f"To decide whether it is this person: frontdesk verify {NUMBER}"
    assert hint in frontdesk("show", NUMBER).out
    said = frontdesk("verify", NUMBER, "--agent", "kim", "--because", "She called from the number on file.")
    assert (said.code, said.out) == (0, f"{NUMBER} is verified.\n")
    shown = frontdesk("show", NUMBER).out
    assert "Verified by kim (agent): She called from the number on file." in shown
    assert hint not in shown
    said = frontdesk("verify", NUMBER, "--agent", "kim", "--because", "Another voice.", "--reject")
    assert said.out == f"{NUMBER} is rejected: it is not this person.\n"
    [page] = frontdesk("show", NUMBER, "--json", "--history").lines
    assert page["badges"]["person"] == {"level": "rejected", "badge": "rejected", "because": (
        "Not verified: rejected by kim (agent): Another voice.")}
    assert "Not verified: rejected by kim (agent): Another voice." in [line["because"] for line in page["history"]]


def test_columns_stand_under_each_other_with_korean_words(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    heading, *rows = frontdesk("queue", "technical").out.splitlines()
    first, second = (next(row for row in rows if row.startswith(each)) for each in (NUMBER, OTHER))
    assert _width(first, first.index("로그인")) == _width(second, second.index("환불")) == heading.index("Subject")


def _width(line: str, end: int) -> int:
    return sum(2 if "가" <= each <= "힣" else 1 for each in line[:end])


def test_the_queues_are_counted(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    [[line]] = frontdesk("queue", "--json").lines
    assert (line["queue"], line["waiting"], line["overdue"]) == ("technical", 2, 1)


@pytest.mark.parametrize(("typed", "told"), [
    ("FD-2026-0000016", "is no request number"), ("nonsense", "is no request number"), (NOWHERE, "There is no request"),
])
def test_a_number_that_is_none_is_told_with_code_1(frontdesk: Command, tmp_path: Path, typed: str, told: str) -> None:
    keep(tmp_path, a_hostile_request)
    said = frontdesk("show", typed)
    assert (said.code, said.out) == (1, "")
    assert told in said.err


def test_the_report_comes_as_csv(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    heading, *rows = frontdesk("report", "--by", "month", "--csv").out.splitlines()
    assert heading.startswith("period,category,requests,answered,first_answer_median,")
    assert rows[-1].startswith("all,all,2,0,")


# ---- what agents do ------------------------------------------------------------------------------------------------


def test_a_claimed_request_is_given_to_nobody_else(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    first = frontdesk("next", "--agent", "kim", "--json").lines[0]["request"]
    second = frontdesk("next", "--agent", "lee", "--json").lines[0]["request"]
    assert {first["number"], second["number"]} == {NUMBER, OTHER}
    assert first["lease_until"] > NOW.isoformat()
    assert second["lease_until"] > NOW.isoformat()
    assert frontdesk("next", "--agent", "kim").code == 1


def test_a_request_is_claimed_answered_and_brought_to_its_end(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    (tmp_path / "answer.txt").write_text("앱을 업데이트해 주세요.\n")
    assert NUMBER in frontdesk("next", "--queue", "technical", "--agent", "kim").out
    assert frontdesk("answer", NUMBER, "--agent", "kim", "--text-file", "answer.txt", "--seen", "1").code == 0
    assert "kim answered" in frontdesk("show", NUMBER).out
    assert frontdesk("note", NUMBER, "--text-file", "-", stdin="전화함".encode()).code == 0
    assert frontdesk("resolve", NUMBER).code == 0
    assert frontdesk("show", NUMBER, "--json").lines[0]["request"]["state"] in ("resolved", "closed")
    assert frontdesk("reopen", NUMBER).code == 0
    assert frontdesk("move", NUMBER, "--queue", "complaint").code == 0
    assert frontdesk("queue", "complaint", "--json").lines[0][0]["number"] == NUMBER
    assert frontdesk("release", NUMBER).code == 0


def test_agents_find_give_join_and_throw_away(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    assert frontdesk("claim", NUMBER, "--agent", "kim").code == 0
    assert "kim has" in frontdesk("claim", NUMBER, "--agent", "lee").err
    assert frontdesk("claim", NUMBER, "--agent", "lee", "--take-over").out == f"{NUMBER} is lee's.\n"
    assert frontdesk("assign", NUMBER, "--to", "park").out == f"{NUMBER} is given to park.\n"
    assert frontdesk("prioritise", NUMBER, "--as", "5").code == 0
    assert frontdesk("prioritise", NUMBER, "--as", "6").code == 2
    assert frontdesk("categorise", NUMBER, "--as", "policy").code == 0
    request = frontdesk("show", NUMBER, "--json").lines[0]["request"]
    assert (request["owner"], request["priority"], request["category"]) == ("park", 5, "policy")
    assert frontdesk("split", NUMBER, "--entry", "999").code == 1
    assert frontdesk("merge", OTHER, "--into", NUMBER).out == f"{OTHER} is part of {NUMBER} now.\n"
    assert frontdesk("spam", NUMBER).out == f"{NUMBER} is closed as spam.\n"
    (tmp_path / "note.txt").write_text("환불은 재무팀에 문의함\n")
    assert frontdesk("note", NUMBER, "--text-file", "note.txt").code == 0
    assert [each["number"] for each in frontdesk("search", "재무", "환불", "--json").lines[0]] == [NUMBER]
    assert NUMBER in frontdesk("search", NUMBER).out
    assert frontdesk("search", "unheard").out == "Nothing was found.\n"


def test_a_letter_is_seen_before_it_goes_and_takes_files_along(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    (tmp_path / "answer.txt").write_text("설명서를 보내 드립니다.\n")
    (tmp_path / "manual.pdf").write_bytes(b"%PDF-1.7")
    words = ("answer", NUMBER, "--text-file", "answer.txt")
    shown = frontdesk(*words, "--dry-run").out
    assert shown.startswith("To: minji@example.kr\nSubject: ")
    assert "설명서를 보내 드립니다." in shown
    assert frontdesk(*words, "--attach", "none.pdf").code == 1
    assert "설명서" not in frontdesk("show", NUMBER).out
    assert frontdesk(*words, "--attach", "manual.pdf").code == 0
    assert "manual.pdf" in frontdesk("show", NUMBER).out


def test_an_answer_is_refused_when_something_newer_came_in(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    (tmp_path / "answer.txt").write_text("Please try again.\n")
    said = frontdesk("answer", NUMBER, "--text-file", "answer.txt", "--seen", "0")
    assert (said.code, said.out) == (1, "")
    assert "wrote again" in said.err


def test_an_answer_without_words_is_refused(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, a_hostile_request)
    said = frontdesk("answer", NUMBER, "--text-file", "-", stdin=b" \n")
    assert said.err == "frontdesk: Standard input holds no words.\n"


def test_nothing_waiting_is_told_with_code_1(frontdesk: Command, tmp_path: Path) -> None:
    keep(tmp_path, lambda db: None)
    said = frontdesk("next", "--queue", "complaint")
    assert (said.code, said.err) == (1, "frontdesk: Nothing waits in queue complaint.\n")


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


# ---- check and demo ------------------------------------------------------------------------------------------------


def test_check_finds_a_fresh_folder_good(frontdesk: Command) -> None:
    said = frontdesk("check", "--json")
    assert said.code == 0
    assert {each["what"]: each["result"] for each in said.lines[0]} == {
        "data folder": "good", "disk": "good", "handlers": "good", "database": "good", "customers": "note",
        "certificate": "note", "delivery": "note", "signature": "note", "page": "good", "agents": "note"}


@pytest.mark.parametrize(("section", "result"), [
    ('listen = ""', "note"), ('url = "http://desk.example.com"', "note"), ('url = "https://desk.example.com"', "good"),
])
def test_check_says_where_the_links_in_letters_lead(
        frontdesk: Command, tmp_path: Path, section: str, result: str) -> None:
    (tmp_path / "config.toml").write_text(f"[web]\n{section}\n")
    said = frontdesk("check", "--json")
    assert {each["what"]: each["result"] for each in said.lines[0]}["page"] == result


@pytest.mark.parametrize(("section", "employed", "result", "told"), [
    ('listen = ""', True, "note", "agents have no page"), ("", False, "note", "nobody can log in yet"),
    ('listen = "0.0.0.0:8026"', True, "note", "without TLS"), ("", True, "good", "http://127.0.0.1:8026"),
    ('listen = "0.0.0.0:8026"\nurl = "https://a.example.com"', True, "good", "https://a.example.com"),
])
def test_check_says_where_agents_log_in(
        frontdesk: Command, tmp_path: Path, migrated: Path, section: str, employed: bool, result: str,
        told: str) -> None:
    (tmp_path / "config.toml").write_text(f"[agents]\n{section}\n")
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var")
    if employed:
        frontdesk("agent", "add", "minji")
    [finding] = [each for each in frontdesk("check", "--json").lines[0] if each["what"] == "agents"]
    assert (finding["result"], told in finding["sentence"]) == (result, True)


def test_check_finds_a_broken_page(frontdesk: Command, tmp_path: Path) -> None:
    shutil.copytree(default_folder(), tmp_path / "own")
    (tmp_path / "own" / "web" / "en" / "thanks.html").write_text("{% block")
    (tmp_path / "config.toml").write_text('[site]\ntemplates = "own"\n')
    said = frontdesk("check")
    assert said.code == 2
    assert "own/web/en/thanks.html:1: " in said.err


@pytest.mark.parametrize(("section", "result"), [
    ('file = "customers.csv"', "good"), ('file = "nowhere.csv"', "bad"), ('table = "nobody"', "bad"),
])
def test_check_reads_the_customer_file(frontdesk: Command, tmp_path: Path, section: str, result: str) -> None:
    keep(tmp_path, lambda db: None)
    (tmp_path / "customers.csv").write_text("address\nkim@example.org\n")
    (tmp_path / "config.toml").write_text(f"[customers]\n{section}\n")
    said = frontdesk("check", "--json")
    assert {each["what"]: each["result"] for each in said.lines[0]}["customers"] == result


def test_check_finds_what_serving_would_stumble_over(frontdesk: Command, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[smtp]\ncertificate = "c.pem"\nkey = "k.pem"\n')
    said = frontdesk("check", "--json")
    assert said.code == 1
    assert {each["what"]: each["result"] for each in said.lines[0]}["certificate"] == "bad"


def test_the_demo_shows_the_day_and_leaves_nothing_behind(frontdesk: Command, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*")), sorted(Path("/tmp").glob("frontdesk-demo-*"))
    said = frontdesk("demo")
    assert (said.code, said.err) == (0, "")
    for words in ("로그인이 안 돼요", "Forged: the domain asks to reject", "550 5.7.26", "acknowledgement",
                  "verification", "FD-", "verified-dkim", "thread: join", "returned"):
        assert words in said.out, words
    assert (sorted(tmp_path.rglob("*")), sorted(Path("/tmp").glob("frontdesk-demo-*"))) == before


# ---- words of strangers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "shown"), [
    ("a\x1b[31mb", "a␛[31mb"), ("a\x00b\x7fc\x9bd", "a␀b�c�d"), ("a\u202eb", "a�b"), ("a\r\nb\rc", "a\nb\nc"),
    ("\ud800", "�"), ("가나다", "가나다"),
])
def test_controls_become_visible_marks(written: str, shown: str) -> None:
    assert plain.words(written) == shown


def test_a_line_is_one_line_and_is_cut() -> None:
    assert plain.line(" a\n\tb\u2028c ") == "a b c"
    assert plain.line("x" * 300, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize(("seconds", "shown"), [(40, "40 s"), (60, "1 min"), (3_600, "1 h"), (86_400, "24 h"),
                                                (172_800, "2 days"), (-5, "0 s")])
def test_spans_are_told_in_one_unit(seconds: int, shown: str) -> None:
    assert plain.span(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize("name", ["", " ", "\x1b[31mred", "two\nlines", "q" * 101])
def test_a_name_that_would_not_look_like_one_is_refused(frontdesk: Command, name: str) -> None:
    for words in (("move", NUMBER, "--queue", name), ("resolve", NUMBER, "--agent", name)):
        said = frontdesk(*words)
        assert said.code == 2
        assert "printable" in said.err


def test_a_file_far_too_long_for_an_answer_is_refused(frontdesk: Command) -> None:
    said = frontdesk("answer", NUMBER, "--text-file", "-", stdin=b"x" * 1_000_001)
    assert (said.code, said.out) == (1, "")
    assert "is it the right file?" in said.err


def test_with_both_outputs_closed_it_still_ends_with_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "authenticate", str(tmp_path / "nothing.eml")]
    for closed, code in ((">&- 2>&-", 1), (">&-", 1), ("2>&-", 1)):
        done = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *command], cwd=Path(__file__).parent.parent,
                              capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert "Traceback" not in done.stderr
    shown = subprocess.run(["sh", "-c", '"$@" >&-', "sh", sys.executable, "-m", "gateway", "--help"],
                           cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
