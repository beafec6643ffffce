"""Words of strangers on a terminal."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from command import Command
from console_house import NUMBER

from gateway.console import plain


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
