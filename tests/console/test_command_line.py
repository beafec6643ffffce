"""The command as people and programs meet it: what it prints, where, and with which exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import Command


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
