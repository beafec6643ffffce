"""A gateway as an operator runs it: signals, reload, what stays and what changes."""

import signal
import smtplib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_process import GatewayProcess


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(tmp_path, "sqlite")
    gateway.start()
    yield gateway
    if gateway.process is not None and gateway.process.poll() is None:
        gateway.kill()


def takes(gateway: GatewayProcess, recipient: str) -> bool:
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        client.ehlo("mx.example.org")
        client.mail("kim@example.org")
        return client.rcpt(recipient)[0] == 250


def says(gateway: GatewayProcess, words: str) -> bool:
    """Whether the log says it, soon."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if words in gateway.log.read_text():
            return True
        time.sleep(0.02)
    return False


def test_sigterm_ends_it_with_exit_code_0(gateway: GatewayProcess) -> None:
    assert gateway.stop() == 0
    assert "frontdesk is closed" in gateway.log.read_text()


def test_sighup_takes_a_new_config(gateway: GatewayProcess) -> None:
    assert not takes(gateway, "help@example.com")
    text = gateway.config.read_text()
    gateway.config.write_text(text.replace('["support@example.com"]', '["support@example.com", "help@example.com"]'))
    gateway.signal(signal.SIGHUP)
    assert says(gateway, "config reloaded")
    assert takes(gateway, "help@example.com")


def test_sighup_takes_the_form_and_the_level_of_the_log_too(gateway: GatewayProcess) -> None:
    gateway.config.write_text(gateway.config.read_text() + '[log]\nformat = "json"\n')
    gateway.signal(signal.SIGHUP)
    assert says(gateway, '"event": "config reloaded"')
    gateway.config.write_text(gateway.config.read_text().replace('"json"', '"json"\nlevel = "error"'))
    gateway.signal(signal.SIGHUP)
    assert gateway.stop() == 0
    assert "frontdesk is closed" not in gateway.log.read_text()


@pytest.mark.parametrize(("old", "new", "told"), [
    ("[smtp]", "[smtp]\nsiez = 3", "siez"),
    ("[smtp]", '[smtp]\ncommand_timeout = "5 parsecs"', "parsecs"),
    ("[smtp]", '[smtp]\ncertificate = "no.pem"\nkey = "no.pem"', "certificate"),
    ("[store]", '[handlers.route]\nrules = [{queue = "x", colour = "red"}]\n[store]', "colour"),
    ("[store]", '[desk]\nhandlers = ["screen", "dance"]\n[store]', "dance"),
    ("[store]", '[handlers.acknowledge]\ntemplate = "welcome"\n[store]', "welcome"),
    ('data = "var"', 'data = "elsewhere"', "restart"),
    ("[smtp]", "[smtp]\nworkers = 2", "restart"),
    ("[store]", "[dns]\ntries = 3\n[store]", "restart"),
    ('[status]\nlisten = ""', '[status]\nlisten = "127.0.0.1:0"', "restart"),
    ('[agents]\nlisten = ""', '[agents]\nlisten = "127.0.0.1:0"', "restart"),
    ('[agents]\nlisten = ""', '[agents]\nurl = "https://a.example/b"', "a name of its own"),
], ids=["unknown key", "wrong unit", "certificate", "bad rule", "unknown handler", "no such letter",
        "only by a restart", "workers too", "name servers too", "status too", "the agents' page too", "below a path"])
def test_sighup_with_a_bad_file_keeps_the_old_config_and_says_so(
        gateway: GatewayProcess, old: str, new: str, told: str) -> None:
    gateway.config.write_text(gateway.config.read_text().replace(old, new, 1))
    gateway.signal(signal.SIGHUP)
    assert says(gateway, "the old one stays")
    fault = next(line for line in gateway.log.read_text().splitlines() if "the old one stays" in line)
    assert told in fault
    assert "config.toml:" in fault
    assert takes(gateway, "support@example.com")


def test_where_no_dns_answers_mail_is_taken_and_the_log_says_so(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path, "sqlite", '[dns]\nnameservers = ["127.0.0.1:9"]')
    gateway.start()
    try:
        for name in ("kim", "lee", "park"):
            with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
                client.sendmail(f"{name}@{name}.example", "support@example.com",
                                f"From: {name}@{name}.example\r\nSubject: Cannot log in\r\n\r\nIt says error 42.\r\n")
        assert says(gateway, "no name server answers")
        assert gateway.log.read_text().count("identity=unknown") == 3
    finally:
        gateway.kill()


def test_an_address_that_is_taken_is_a_config_error_with_its_line(gateway: GatewayProcess) -> None:
    second = gateway.cli("serve", check=False)
    assert second.returncode == 2
    assert "config.toml:" in second.stderr
    assert "smtp.listen: cannot be listened at" in second.stderr
    assert "Traceback" not in second.stderr
