"""The log is for people and programs, and never in the way of a mail."""

import errno
import io
import json

import pytest
import structlog

from gateway import logs
from gateway.config import Log


@pytest.fixture(autouse=True)
def _as_it_was() -> object:
    yield
    structlog.reset_defaults()


def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure(Log())
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    structlog.get_logger().error("store away", mails=3)


def test_a_full_disk_under_the_log_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure(Log())
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stderr", Full())
    structlog.get_logger().error("store away", mails=3)


def test_words_of_a_stranger_add_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Log())
    structlog.get_logger().info("mail kept", helo="x\nERROR forged\x1b[31m")
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "\x1b" not in told


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Log(format="json"))
    structlog.get_logger().info("mail kept", helo="x\ny", bytes=3)
    assert json.loads(capsys.readouterr().err)["helo"] == "x\ny"
