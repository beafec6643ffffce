"""A gateway with workers as an operator runs it: none of them outlives it, and signals to it reach them."""

import os
import signal
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gateway_process import GatewayProcess

from gateway.config import ConfigError, load

pytestmark = pytest.mark.timeout(300)  # it starts three processes


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewayProcess]:
    monkeypatch.setenv("FRONTDESK_SMTP__WORKERS", "2")
    gateway = GatewayProcess(tmp_path, "sqlite", "[authentication]\nenabled = false")
    gateway.start()
    yield gateway
    gateway.end()


def soon(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def knock(gateway: GatewayProcess) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", gateway.port, timeout=100)
    client.ehlo("mx.example.org")
    return client


def are_gone(workers: list[int]) -> bool:
    return not {str(each) for each in workers} & set(os.listdir("/proc"))


def test_signals_reach_workers_by_the_gateway_and_when_it_is_killed_they_end(gateway: GatewayProcess) -> None:
    soon(lambda: "frontdesk is open" in gateway.log.read_text())
    workers = gateway.workers
    assert len(workers) == 2
    gateway.config.write_text(gateway.config.read_text().replace('["support@', '["help@example.com", "support@'))
    gateway.signal(signal.SIGHUP)
    for worker in workers:
        os.kill(worker, signal.SIGHUP)  # what is sent to all processes is meant for the gateway
        os.kill(worker, signal.SIGTERM)
    soon(lambda: "config reloaded" in gateway.log.read_text())
    with knock(gateway) as client:
        client.sendmail("kim@example.org", "help@example.com", "Subject: Cannot log in\r\n\r\nIt says error 42.\r\n")
    assert gateway.workers == workers

    sending = knock(gateway)
    sending.mail("kim@example.org")
    sending.rcpt("support@example.com")
    with knock(gateway) as idle:
        gateway.kill()
        assert idle.getreply()[0] == 421
    assert sending.data("Subject: Cannot log in\r\n\r\nIt says error 42.\r\n")[0] == 451  # nobody is left to keep it
    sending.close()
    soon(lambda: are_gone(workers))
    assert gateway.log.read_text().count("door closed") == 2
    socket.create_server(("127.0.0.1", gateway.port)).close()  # the next one finds its place free


def test_port_0_cannot_be_shared(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[smtp]\nlisten = ["127.0.0.1:0"]\nworkers = 2\n')
    with pytest.raises(ConfigError, match="several workers cannot share port 0"):
        load(config, {})
