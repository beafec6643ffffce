"""What agents read: queues, one request, spool, outbox and report, on a terminal and as JSON."""

from pathlib import Path

import pytest
from command import Command
from console_house import NOWHERE, NUMBER, OTHER, a_hostile_request, keep

from gateway.desk import badges

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
    assert frontdesk("report", "--csv", "--json").code == 2
