"""`frontdesk agent`: who works at the desk, by the command line."""

import json
import shutil
from pathlib import Path

import pytest
from command import Command


@pytest.fixture
def run(frontdesk: Command, tmp_path: Path, migrated: Path) -> Command:
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var")
    return frontdesk


def test_somebody_is_employed_listed_changed_and_disabled(run: Command) -> None:
    added = run("agent", "add", "Minji", "--full-name", "김민지", "--role", "operator", "--queue", "technical")
    assert added.code == 0
    assert added.out.startswith("minji works here now, as operator.\nFirst password: ")
    assert "Log in at http://127.0.0.1:8026/" in added.out
    assert run("agent", "change", "minji", "--role", "operator", "--language", "ko").code == 0
    [[minji]] = run("agent", "list", "--json").lines
    assert (minji["name"], minji["full_name"], minji["queues"], minji["language"]) == (
        "minji", "김민지", ["technical"], "ko")
    assert "password_hash" not in minji
    run("agent", "add", "jisu", "--role", "operator")
    assert run("agent", "disable", "minji").code == 0
    assert "disabled" in run("agent", "list").out
    assert run("agent", "enable", "minji").code == 0


def test_a_new_password_and_a_token_are_printed_once(run: Command) -> None:
    first = run("agent", "add", "minji").out.splitlines()[1]
    told, second, *_ = run("agent", "password", "minji").out.splitlines()
    assert "tokens serve no longer" in told
    assert first.partition(": ")[2] != second.partition(": ")[2]
    token = run("agent", "token", "minji", "--label", "reports", "--scope", "read", "--days", "30", "--json")
    made = json.loads(token.out)
    assert (made["scopes"], made["label"], made["secret"][:3]) == (["read"], "reports", "fd_")
    assert "token_hash" not in made
    assert run("agent", "token", "minji", "--label", "x").out.splitlines()[1].startswith("fd_")
    assert run("agent", "revoke", str(made["id"])).code == 0


@pytest.mark.parametrize(("words", "told"), [
    (("disable", "minji"), "There is no such agent."), (("password", "minji"), "There is no such agent."),
    (("revoke", "7"), "There is no token 7."), (("add", "two words"), "A login name has"),
    (("add", "minji", "--role", "king"), "A role is one of agent, supervisor, operator, auditor."),
    (("add", "minji", "--language", "fr"), "The page speaks en and ko."),
    (("token", "minji", "--label", "x", "--scope", "all"), "A token has one or more of the scopes"),
])
def test_what_cannot_be_done_is_told(run: Command, words: tuple[str, ...], told: str) -> None:
    said = run("agent", *words)
    assert said.code == 1
    assert told in said.err


def test_the_last_operator_stays(run: Command) -> None:
    run("agent", "add", "minji", "--role", "operator")
    for words in (("disable", "minji"), ("change", "minji", "--role", "agent")):
        assert "Somebody must stay an operator." in run("agent", *words).err


def test_before_the_first_start_it_says_what_makes_the_database(frontdesk: Command) -> None:
    assert "`frontdesk serve` makes it" in frontdesk("agent", "add", "minji").err
