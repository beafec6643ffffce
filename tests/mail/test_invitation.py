"""An invitation in a few lines, as the sender's calendar wrote it; the text of a mail that holds nothing else."""

from gateway.mail.invitation import summary
from gateway.mail.message import parse

VISIT = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Asia/Seoul
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY;LANGUAGE=ko:방문 수리\\, 2층
DTSTART;TZID=Asia/Seoul:20260105T150000
DTEND;TZID=Asia/Seoul:20260105T163000
LOCATION:서울시
  강남구
ORGANIZER;CN="홍길동":mailto:hong@example.com
DESCRIPTION:문을 열어 주세요.\\n감사합니다.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
END:VCALENDAR
"""
READ = "방문 수리, 2층\n2026-01-05 15:00 - 16:30 (Asia/Seoul)\n서울시 강남구\n홍길동\n문을 열어 주세요.\n감사합니다."


def test_name_time_place_and_host_are_told() -> None:
    assert summary(VISIT) == summary(VISIT.replace("\n", "\r\n")) == READ


def test_an_event_of_days_and_one_in_utc() -> None:
    days = "BEGIN:VEVENT\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260107\nEND:VEVENT"
    assert summary(days) == "Fair\n2026-01-05"
    assert summary("BEGIN:VEVENT\nDTSTART:20260105T230000Z\nDTEND:20260106T003000Z\nEND:VEVENT") == (
        "2026-01-05 23:00 - 2026-01-06 00:30 (UTC)")  # fmt: skip


def test_that_it_is_called_off_or_answered_is_told_first() -> None:
    assert summary(VISIT.replace("REQUEST", "CANCEL")).startswith("CANCEL\n방문 수리")


def test_what_is_no_event_says_nothing() -> None:
    nothing = ("", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VEVENT\nDTSTART:soon", "x")
    assert [summary(text) for text in nothing] == [""] * 4


def test_a_mail_of_nothing_else_has_it_as_its_text() -> None:
    head = "From: hong@example.com\nSubject: x\nContent-Type: "
    alone = parse(f"{head}text/calendar; charset=utf-8; method=REQUEST\n\n{VISIT}".encode())
    assert (alone.text, [each.filename for each in alone.attachments]) == (READ, ["attachment-1.ics"])
    parts = f"--b\n\nSee you.\n--b\nContent-Type: text/calendar\n\n{VISIT}\n--b--\n"
    beside = parse(f"{head}multipart/mixed; boundary=b\n\n{parts}".encode())
    assert beside.text == "See you."
    assert beside.attachments[0].summary == READ
