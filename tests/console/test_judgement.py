"""`frontdesk authenticate` and `explain`: whose mail is this, and what would happen to it?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import Command
from console_house import MAIL, ZONE


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
