"""A real Postfix in a folder of its own, on a free loopback port: somebody else's mail server, sender and smarthost.

    with Postfix({"example.com": relay(port), "nobody@example.net": UNKNOWN, "example.net": DISCARD}) as postfix:
        ...   # talks SMTP at 127.0.0.1:postfix.port, STARTTLS offered

Its methods block: where the peer it delivers to lives in the test's own event loop, call them by asyncio.to_thread.
Needs root and the Debian packages postfix and swaks (.ci/packages).
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from peer import certificate
from ports import free_port

DISCARD = "discard:"
"""Taken, logged as sent, and thrown away."""
UNKNOWN = "error:5.1.1 no such user here"
"""Taken at first, and returned to its reverse-path as a delivery status notification."""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = {hostname}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
smtpd_reject_unlisted_recipient = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_host_lookup = native
transport_maps = texthash:{folder}/config/transport
default_transport = error:5.4.4 no route
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtp_tls_security_level = {security}
smtp_tls_loglevel = 1
smtp_send_xforward_command = yes
lmtp_send_xforward_command = yes
smtputf8_enable = yes
smtpd_milters = {milter}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
message_size_limit = 60000000
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def relay(port: int, host: str = "127.0.0.1") -> str:
    """A route that hands mail on by SMTP."""
    return f"smtp:[{host}]:{port}"


def install() -> None:
    """Fetch the packages when they are missing. Raises RuntimeError where they are not to be had."""
    packages = Path(__file__).parent.parent / ".ci" / "packages"
    said = subprocess.run([packages, "install"], capture_output=True, text=True, check=False)
    if os.getuid() or not shutil.which("postfix", path="/usr/sbin") or not shutil.which("swaks"):
        raise RuntimeError(f"Postfix and swaks are needed, and root to start them. {said.stdout}{said.stderr}")


class Postfix:
    """routes: recipient domain or address -> transport (relay(port), DISCARD, UNKNOWN, or any other of Postfix's).

    security: what it asks of hosts it delivers to, as Postfix calls it: none, may, encrypt.
    milter: host:port of a filter that reads and marks every mail, such as OpenDKIM.
    """

    def __init__(self, routes: Mapping[str, str], *, hostname: str = "postfix.example.net",
                 security: str = "may", milter: str = "") -> None:
        install()
        self.folder = Path(tempfile.mkdtemp(prefix="frontdesk-postfix-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.routes, self.hostname, self.security, self.milter = dict(routes), hostname, security, milter
        self.port = free_port()

    def __enter__(self) -> "Postfix":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def waiting(self) -> int:
        """Mails in its queue."""
        command = ["/usr/sbin/postqueue", "-c", self._config, "-j"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        return len(listed.stdout.splitlines())

    def start(self) -> None:
        self._write()
        self._run("start")
        self._wait_for_greeting()

    def reroute(self, **routes: str) -> None:
        """Change routes of a running server. Addresses are given by `**{"kim@example.net": ...}`."""
        self.routes |= routes
        self._write()
        self._run("reload")

    def stop(self) -> None:
        subprocess.run(["/usr/sbin/postfix", "-c", self._config, "stop"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Until the log says so; raises AssertionError with the log when it never does."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} is not in the log of Postfix:\n{self.log[-5000:]}")
            time.sleep(0.02)
        return found

    def swaks(self, *arguments: str) -> str:
        """Give it a mail with swaks; what was said. Raises CalledProcessError when the mail was not taken."""
        done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(self.port), *arguments],
                              capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    @property
    def _config(self) -> str:
        return str(self.folder / "config")

    def _write(self) -> None:
        config = self.folder / "config"
        for name in ("config", "queue", "data"):
            (self.folder / name).mkdir(exist_ok=True)
        shutil.chown(self.folder / "data", "postfix")
        if not (config / "tls").exists():
            self._certificate = certificate(config / "tls", self.hostname)
        chain, key = self._certificate
        (config / "main.cf").write_text(MAIN.format(
            folder=self.folder, hostname=self.hostname, chain=chain, key=key, security=self.security,
            milter=f"inet:{self.milter}" if self.milter else ""))
        (config / "master.cf").write_text(MASTER.format(port=self.port))
        (config / "transport").write_text("".join(f"{name} {route}\n" for name, route in self.routes.items()))

    def _run(self, command: str) -> None:
        # Files, not pipes: the master keeps what it inherits, and a pipe would never end.
        with (self.folder / "start").open("ab+") as said:
            done = subprocess.run(["/usr/sbin/postfix", "-c", self._config, command], check=False,
                                  stdout=said, stderr=said)
            if done.returncode:
                said.seek(0)
                raise RuntimeError(f"postfix {command}: {said.read().decode()}{self.log}")

    def _wait_for_greeting(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(3) == b"220":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"Postfix did not start:\n{self.log}")
