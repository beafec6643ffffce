"""The unit of deploy/ under a systemd that runs, with all its walls: ready, reloading, watched and stopped."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_systemd import Systemd
from postfix import install

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
CONFIG = """
[smtp]
listen = ["127.0.0.1:25"]
workers = 2
[web]
listen = ""
[agents]
listen = ""
[log]
level = "info"
"""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    install()
    with Systemd(tmp_path, CONFIG) as systemd:
        systemd.ctl("start", "frontdesk")  # returns once the gateway says that it is ready
        yield systemd


def sends(systemd: Systemd, serial: int) -> str:
    return systemd.run("swaks", "--server", "127.0.0.1:25", "-tls", "--from", "kim@example.org",
                       "--to", "support@example.com", "--header", f"Message-ID: <{serial}@example.org>")


def test_the_unit_serves_reloads_is_watched_and_stops(systemd: Systemd) -> None:
    assert "Kept as 1" in sends(systemd, 1)  # ready, at port 25, without root, and the store can be written to
    first = systemd.show("MainPID")
    assert systemd.run("stat", "--format", "%U", f"/proc/{first}") == "frontdesk"
    workers = systemd.run("pgrep", "-P", first).split()
    assert len(workers) == 2
    assert systemd.run("stat", "--format", "%U %a", "/var/lib/frontdesk") == "frontdesk 750"

    systemd.ctl("reload", "frontdesk")
    systemd.wait_for("ActiveState", "active")
    assert systemd.show("MainPID") == first
    assert systemd.run("pgrep", "-P", first).split() == workers
    assert "Kept as 2" in sends(systemd, 2)

    systemd.run("kill", f"-{signal.SIGSTOP}", first)  # a loop that hangs
    systemd.wait_for("NRestarts", "1")
    systemd.wait_for("ActiveState", "active")
    assert systemd.show("MainPID") != first
    assert "Kept as 3" in sends(systemd, 3)

    systemd.ctl("stop", "frontdesk")
    assert (systemd.show("ActiveState"), systemd.show("Result")) == ("inactive", "success")
    assert "frontdesk is closed" in systemd.log
    assert systemd.run("pgrep", "-f", "gateway.doors", check=False) == ""
