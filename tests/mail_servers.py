"""Exim and OpenSMTPD: somebody else's mail servers, senders and smarthosts, each on a free loopback port.

    with Exim({"example.com": ("127.0.0.1", port)}) as exim:
        ...   # talks SMTP at 127.0.0.1:exim.port, and hands what is for example.com on to that place

Debian's packages of them stand unpacked in .venv/debian (.ci/packages), since none can be installed beside Postfix.
Each runs in namespaces of its own: there it finds the users and folders it was built for, and nothing outlives it.
Its methods block: where the peer it delivers to lives in the test's own event loop, call them by asyncio.to_thread.
Needs root.
"""

import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from peer import certificate
from ports import free_port
from postfix import install
from rooms import ALONE

DEBIAN = Path(__file__).parent.parent / ".venv" / "debian"
EXIM = """\
exim_path = {debian}/usr/sbin/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
log_selector = +pipelining +smtp_connection
pid_file_path = {folder}/spool/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
primary_hostname = exim.example.net
keep_environment =
message_size_limit = 60M
acl_smtp_rcpt = accept
tls_advertise_hosts = *
tls_certificate = {chain}
tls_privatekey = {key}
begin routers
{routes}
begin transports
away:
  driver = smtp
  hosts_try_dane =
  tls_verify_certificates =
  tls_try_verify_hosts =
begin retry
* * F,1h,1s
"""
OPENSMTPD = """\
pki own cert "{chain}"
pki own key "{key}"
listen on 127.0.0.1 port {port} tls pki own hostname opensmtpd.example.net
smtp max-message-size "60M"
{routes}
"""


class MailServer(ABC):
    """routes: recipient domain -> address and port of its server, asked for STARTTLS where that is offered."""

    users: tuple[str, ...]
    """Who must be known to the system."""
    empty: tuple[str, ...] = ()
    """Folders of the system that it finds empty."""

    def __init__(self, routes: Mapping[str, tuple[str, int]] | None = None) -> None:
        install()
        if not DEBIAN.exists():
            raise RuntimeError("Exim and OpenSMTPD are needed: .ci/packages install, as root")
        self.folder = Path(tempfile.mkdtemp(prefix="frontdesk-mail-server-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port, self.routes = free_port(), dict(routes or {})

    def __enter__(self) -> "MailServer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @abstractmethod
    def configure(self, chain: Path, key: Path) -> list[str]:
        """Write what it reads at its start; the command that starts it in the foreground."""

    @property
    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*log"))

    def start(self) -> None:
        command = self.configure(*certificate(self.folder / "tls", "localhost"))
        with (self.folder / "said.log").open("wb") as said:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", self._room(), "sh", *command],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self._wait_for_greeting()

    def stop(self) -> None:
        self._process.kill()  # the whole namespace with it
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def give(self, sender: str, recipient: str, content: bytes) -> None:
        """A mail to hand on, as a mail program gives it."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.sendmail(sender, [recipient], content, ["BODY=8BITMIME"])

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Until the log says so; raises AssertionError with the log when it never does."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} is not in the log of {type(self).__name__}:\n{self.log[-5000:]}")
            time.sleep(0.02)
        return found

    def _room(self) -> str:
        """Shell that makes the system look as the server wants it, seen by nobody else."""
        for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n")):
            known = Path("/etc", name).read_text()
            (self.folder / name).write_text(known + "".join(line.format(user, self._number(user))
                                                            for user in self.users))
        return "\n".join([
            ALONE,
            *(f"mount --bind {self.folder}/{name} /etc/{name}" for name in ("passwd", "group")),
            *(f"mount -t tmpfs -o mode=755 none {folder}" for folder in self.empty),
            *self._furnish(), '"$@"', "exit"])  # the shell stays as the namespace's first process, with which all end

    def _number(self, user: str) -> int:
        return 64_200 + self.users.index(user)

    def _furnish(self) -> list[str]:
        return []

    def _wait_for_greeting(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(3) == b"220":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log}")


class Exim(MailServer):
    """It sends by BDAT and in pipelines where the peer offers them."""

    users = ("Debian-exim",)

    def configure(self, chain: Path, key: Path) -> list[str]:
        spool = self.folder / "spool"
        spool.mkdir()
        for path in (self.folder, spool, key):
            shutil.chown(path, self._number("Debian-exim"))
        routes = "".join(f"to_{port}:\n  driver = manualroute\n  route_list = {domain} {host}::{port}\n"
                         "  self = send\n  transport = away\n" for domain, (host, port) in self.routes.items())
        config = self.folder / "exim.conf"
        config.write_text(EXIM.format(debian=DEBIAN, folder=self.folder, port=self.port, chain=chain, key=key,
                                      routes=routes))
        return [str(DEBIAN / "usr/sbin/exim4"), "-C", str(config), "-bdf", "-q1s"]


class OpenSmtpd(MailServer):
    users = ("opensmtpd", "opensmtpq")
    empty = ("/var/spool", "/var/lib", "/run")

    def configure(self, chain: Path, key: Path) -> list[str]:
        key.chmod(0o600)
        routes = "".join(f'action "to-{port}" relay host smtp://{host}:{port}\n'
                         f'match from any for domain "{domain}" action "to-{port}"\n'
                         for domain, (host, port) in self.routes.items())
        config = self.folder / "smtpd.conf"
        config.write_text(OPENSMTPD.format(port=self.port, chain=chain, key=key, routes=routes))
        config.chmod(0o600)
        return [str(DEBIAN / "usr/sbin/smtpd"), "-d", "-f", str(config)]

    def _furnish(self) -> list[str]:
        return ["mkdir -p -m 711 /var/spool/smtpd /var/lib/opensmtpd/empty"]
