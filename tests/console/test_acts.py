"""What agents do by the command, from `next` to the end of a request."""

from pathlib import Path

from command import Command
from console_house import NOW, NUMBER, OTHER, a_hostile_request, keep


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
    assert frontdesk(*words, "--dry-run", "--json").lines[0]["recipient"] == "minji@example.kr"
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
