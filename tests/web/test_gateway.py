"""The page of a gateway as an operator runs it."""

import http.client
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from gateway_process import GatewayProcess
from ports import free_port

from gateway.desk.letters import default_folder
from gateway.web.server import Manners

TEMPLATES = default_folder()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def gateway(tmp_path: Path, port: int) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(tmp_path, "sqlite", f'[web]\nlisten = "127.0.0.1:{port}"')
    gateway.start()
    yield gateway
    if gateway.process is not None and gateway.process.poll() is None:
        gateway.kill()


def asks(port: int, method: str = "GET", path: str = "/v/x") -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request(method, path)
    answer = client.getresponse()
    page = answer.read().decode()
    client.close()
    return answer.status, page


def says(gateway: GatewayProcess, words: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if words in gateway.log.read_text():
            return True
        time.sleep(0.02)
    return False


def test_the_page_is_served_beside_the_door(gateway: GatewayProcess, port: int) -> None:
    status, page = asks(port)
    assert (status, "Was it you?" in page) == (200, True)
    assert asks(port, "POST")[0] == 200
    assert "link pressed" in gateway.log.read_text()
    assert "/v/x" not in gateway.log.read_text()


def test_sighup_takes_other_pages_and_keeps_them_when_a_page_is_broken(gateway: GatewayProcess, port: int) -> None:
    own = gateway.folder / "own"
    shutil.copytree(TEMPLATES, own)
    gateway.config.write_text(gateway.config.read_text().replace("[site]", '[site]\ntemplates = "own"'))
    (own / "web" / "en" / "confirm.html").write_text("Hello")
    gateway.signal(signal.SIGHUP)
    assert says(gateway, "config reloaded")
    assert asks(port) == (200, "Hello")
    (own / "web" / "en" / "confirm.html").write_text("{% block")
    gateway.signal(signal.SIGHUP)
    assert says(gateway, "the old one stays")
    assert "own/web/en/confirm.html:1: " in gateway.log.read_text()
    assert asks(port) == (200, "Hello")


def test_an_address_that_is_taken_is_a_config_error_with_its_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f'"127.0.0.1:{other.getsockname()[1]}"'
        second = GatewayProcess(tmp_path, "sqlite", f"[web]\nlisten = {listen}").cli("serve", check=False)
    assert second.returncode == 2
    assert "config.toml:" in second.stderr
    assert "web.listen: cannot be listened at" in second.stderr
    assert "Traceback" not in second.stderr


def test_slow_visitors_harm_neither_the_door_nor_its_end(gateway: GatewayProcess, port: int) -> None:
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(250)]
    for each in slow:
        each.sendall(b"POST /v/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
    with socket.create_connection(("127.0.0.1", gateway.port), 60) as client:
        assert client.recv(3) == b"220"
    assert gateway.stop() == 0
    assert "frontdesk is closed" in gateway.log.read_text()
    assert "Traceback" not in gateway.log.read_text()
    for each in slow:
        each.close()


def test_it_ends_at_once_while_a_browser_keeps_its_connection(gateway: GatewayProcess, port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", "/v/x")
    client.getresponse().read()
    before = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - before < Manners(body=0).patience, "so long it waits for a client"
    client.close()


# ---- the agents' window --------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, port: int) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(tmp_path, "sqlite", f'[agents]\nlisten = "127.0.0.1:{port}"')
    gateway.start()
    yield gateway
    if gateway.process is not None and gateway.process.poll() is None:
        gateway.kill()


def test_an_agent_is_employed_logs_in_and_listens_until_the_gateway_ends(desk: GatewayProcess, port: int) -> None:
    password = desk.cli("agent", "add", "minji", "--role", "operator").stdout.splitlines()[1].partition(": ")[2]
    secret = desk.cli("agent", "token", "minji", "--label", "test").stdout.splitlines()[1]
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    form = urlencode({"name": "minji", "password": password})
    client.request("POST", "/login", form, {"Origin": f"http://127.0.0.1:{port}"})
    answer = client.getresponse()
    answer.read()
    assert (answer.status, "HttpOnly" in (answer.headers["Set-Cookie"] or "")) == (303, True)
    desk.signal(signal.SIGHUP)
    assert says(desk, "config reloaded")
    client.request("GET", "/", headers={"Cookie": answer.headers["Set-Cookie"].partition(";")[0]})
    page = client.getresponse()
    assert (page.status, b"<html" in page.read()) == (200, True)
    listening = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    listening.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {secret}"})
    events = listening.getresponse()
    assert (events.status, events.readline()) == (200, b"retry: 3000\n")
    assert desk.stop() == 0
    assert "Traceback" not in desk.log.read_text()
    for each in (client, listening):
        each.close()


def test_who_serves_no_agents_loads_nothing_of_theirs() -> None:
    """Memory and time for FastAPI, argon2 and what uses them are for those who have them."""
    code = ("import sys, gateway.service; "
            "print(sorted({'fastapi', 'argon2', 'uvicorn', 'gateway.web.desk', 'gateway.delivery.webhooks'} "
            "& set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
