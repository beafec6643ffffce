"""`frontdesk check` before a start, and `frontdesk demo`."""

import shutil
from pathlib import Path

import pytest
from command import Command
from console_house import keep

from gateway.desk.letters import default_folder


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
