"""What systemd hears and gives (sd_notify(3), sd_listen_fds(3)), and how much the unit leaves to a gateway gone bad."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_process import GatewayProcess

from gateway.authentication.zone import ZoneResolver
from gateway.config import Config
from gateway.service import Service
from gateway.systemd import Systemd

DEPLOY = Path(__file__).parent.parent / "deploy"


class Manager:
    """A service manager's ear."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self._ear.settimeout(60)

    def hears(self) -> str:
        """The next message that is not a sign of life."""
        while (message := self._ear.recv(4096).decode()) == "WATCHDOG=1":
            pass
        return message

    def hears_life(self) -> bool:
        return self._ear.recv(4096) == b"WATCHDOG=1"

    def hears_nothing(self) -> bool:
        self._ear.setblocking(False)
        try:
            return not self._ear.recv(4096)
        except BlockingIOError:
            return True

    def close(self) -> None:
        self._ear.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    folder = tempfile.mkdtemp(prefix="sd")  # a path of at most 108 octets
    manager = Manager(f"{folder}/notify")
    yield manager
    manager.close()
    shutil.rmtree(folder)


# ---- what it hears ----


def test_it_hears_ready_reload_and_stop_in_this_order(
        manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type=notify-reload: RELOADING=1 with MONOTONIC_USEC, then READY=1 again, also when the new file is bad."""
    monkeypatch.setenv("NOTIFY_SOCKET", manager.name)
    gateway = GatewayProcess(tmp_path, "sqlite")
    gateway.start()
    try:
        assert manager.hears() == f"READY=1\nSTATUS=taking mail at 127.0.0.1:{gateway.port}"
        before = time.monotonic_ns() // 1000
        gateway.config.write_text(gateway.config.read_text() + "[nonsense]\n")
        gateway.signal(signal.SIGHUP)
        reloading, moment = manager.hears().split("\nMONOTONIC_USEC=")
        assert reloading == "RELOADING=1"
        assert before <= int(moment) <= time.monotonic_ns() // 1000
        assert manager.hears().startswith("READY=1\n")
        assert gateway.stop() == 0
        assert manager.hears().startswith("STOPPING=1\n")
        assert manager.hears_nothing()
    finally:
        if gateway.process and gateway.process.poll() is None:
            gateway.kill()


def test_it_hears_that_we_live_when_it_watches(manager: Manager) -> None:
    Systemd({"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "30000000"}).alive()
    assert manager.hears_life()


def test_it_hears_no_sign_of_life_that_it_did_not_ask_for(manager: Manager) -> None:
    Systemd({"NOTIFY_SOCKET": manager.name}).alive()
    assert manager.hears_nothing()


def test_a_name_in_the_abstract_space_is_a_name_too() -> None:
    manager = Manager(f"@frontdesk-test-{os.getpid()}")
    Systemd({"NOTIFY_SOCKET": manager.name}).stopping()
    assert manager.hears().startswith("STOPPING=1")
    manager.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "/" + "x" * 300}])
def test_who_does_not_listen_is_no_trouble(environment: dict[str, str]) -> None:
    systemd = Systemd(environment)
    systemd.ready("well")
    systemd.reloading()
    systemd.stopping()


# ---- what it gives ----


def listening(family: socket.AddressFamily = socket.AF_INET, address: object = ("127.0.0.1", 0)) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.bind(address)  # type: ignore[arg-type]
    opened.listen()
    return opened


def given(*sockets: socket.socket, pid: int | None = None) -> Systemd:
    """As systemd leaves them to us: numbers in a row, and our own process id."""
    first = 200
    for number, each in enumerate(sockets, first):
        os.dup2(each.fileno(), number)
        each.close()
    return Systemd({"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(len(sockets))}, first)


async def test_each_room_listens_at_the_socket_that_is_given_for_its_address(tmp_path: Path, migrated: Path) -> None:
    shutil.copy(migrated, tmp_path)
    opened = [listening() for _ in range(3)]
    smtp, web, status = (f"127.0.0.1:{each.getsockname()[1]}" for each in opened)
    door = str(tmp_path / "door")
    config = Config.model_validate({
        "site": {"data": tmp_path}, "web": {"listen": web}, "agents": {"listen": ""}, "status": {"listen": status},
        "smtp": {"listen": [f"tls://{smtp}", f"lmtp://unix:{door}", "127.0.0.1:0"]}})
    systemd = given(*opened, listening(socket.AF_UNIX, door))
    async with Service(config, resolver=ZoneResolver({}), systemd=systemd).running() as service:
        assert service.door.places[:2] == [f"tls://{smtp}", f"lmtp://unix:{door}"]
        assert service.window is not None
        assert service.status is not None
        assert [f"{host}:{port}" for host, port in service.window.addresses] == [web]
        assert [f"{host}:{port}" for host, port in service.status.addresses] == [status]
        reader, writer = await asyncio.open_unix_connection(door)
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()
    assert os.path.exists(door), "the socket is systemd's, not ours to take away"  # noqa: ASYNC240


async def test_a_client_who_came_before_the_gateway_is_served(tmp_path: Path, migrated: Path) -> None:
    shutil.copy(migrated, tmp_path)
    early = listening()
    port = early.getsockname()[1]
    config = Config.model_validate({
        "site": {"data": tmp_path}, "web": {"listen": ""}, "agents": {"listen": ""}, "status": {"listen": ""},
        "smtp": {"listen": [f"127.0.0.1:{port}"]}})
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with Service(config, resolver=ZoneResolver({}), systemd=given(early)).running():
        assert (await asyncio.wait_for(reader.readline(), 60)).startswith(b"220 ")
    writer.close()


def test_a_socket_that_nobody_wants_is_told_and_closed() -> None:
    left = listening()
    at = f"127.0.0.1:{left.getsockname()[1]}"
    systemd = given(left)
    assert systemd.close() == [at]
    assert systemd.socket(at) is None


def test_sockets_of_another_process_are_not_touched() -> None:
    theirs = listening()
    at = f"127.0.0.1:{theirs.getsockname()[1]}"
    systemd = given(theirs, pid=1)
    assert systemd.socket(at) is None
    os.close(200)


def test_the_variables_are_not_handed_on() -> None:
    environment = {"NOTIFY_SOCKET": "/n", "LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp", "HOME": "/"}
    Systemd(environment)
    assert environment == {"HOME": "/"}


# ---- the unit ----


def exposure(unit: str) -> float:
    tool = shutil.which("systemd-analyze")
    told = subprocess.run([tool or "", "security", "--offline=true", "--no-pager", str(DEPLOY / unit)],
                          capture_output=True, text=True) if tool else None  # fmt: skip
    found = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout if told else "")
    if not found:
        pytest.skip("no systemd-analyze that scores a file here")
    return float(found[1])


def test_the_unit_leaves_little_to_a_gateway_gone_bad() -> None:
    assert exposure("frontdesk.service") <= 1.5


def test_the_unit_gives_what_the_gateway_needs() -> None:
    unit = (DEPLOY / "frontdesk.service").read_text()
    for line in ("Type=notify-reload", "AmbientCapabilities=CAP_NET_BIND_SERVICE", "User=frontdesk",
                 "StateDirectory=frontdesk", "RestartPreventExitStatus=2", "WatchdogSec=30"):
        assert f"\n{line}\n" in unit
