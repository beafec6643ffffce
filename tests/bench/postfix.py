"""A Postfix of our own beside the system's: its smtpd and queue in a temporary folder, every mail held, limits lifted.

A held mail has gone the whole way of Postfix's accept (cleanup writes the queue file and syncs it before 250) and is
then left alone by the queue manager, so that delivery costs nothing.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

from ports import free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = /var, /dev/stdout, {folder}
myhostname = mx.example.com
mydestination = example.com
mynetworks = 192.0.2.0/24
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
alias_maps =
alias_database =
smtpd_peername_lookup = no
smtpd_tls_security_level = {security}
smtpd_tls_chain_files = {certificate}
smtpd_tls_loglevel = 0
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_client_access static:hold, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_client_recipient_rate_limit = 0
default_process_limit = 600
message_size_limit = 51200000
"""
MASTER = """\
127.0.0.1:{port} inet n - n - 600 smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Missing(Exception):
    """This Postfix cannot be had here; the sentence says why."""


class Postfix:
    """Running from `start` to `stop`. folder: empty, readable by everybody."""

    def __init__(self, folder: Path, certificate: Path | None = None, more: str = "") -> None:
        """certificate: PEM with the key, for STARTTLS; none is offered without. more: lines of main.cf."""
        self.folder, self.certificate, self.more = folder, certificate, more
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        install()
        config = self.folder / "config"
        for path in (config, self.folder / "queue", self.folder / "data"):
            path.mkdir()
        shutil.chown(self.folder / "data", "postfix")
        (config / "main.cf").write_text(MAIN.format(
            folder=self.folder, certificate=self.certificate or "", security="may" if self.certificate else "none")
            + self.more)
        (config / "master.cf").write_text(MASTER.format(port=self.port))
        self._process = subprocess.Popen(
            ["postfix", "-c", config, "start-fg"], stdout=subprocess.DEVNULL, stderr=(self.folder / "errors").open("w")
        )
        self._wait_until_open()

    def clear(self) -> None:
        """Drop what was kept."""
        for file in (self.folder / "queue" / "hold").rglob("*"):
            if file.is_file():
                file.unlink()

    @property
    def processes(self) -> list[int]:
        """Their ids, the master's first."""
        assert self._process
        return processes_of(self._process.pid)

    def stop(self) -> None:
        if self._process:
            subprocess.run(["postfix", "-c", self.folder / "config", "stop"], capture_output=True, check=False)
            self._process.wait(20)

    def _wait_until_open(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise Missing(f"Postfix did not start: {(self.folder / 'errors').read_text()[-500:]}")


def install() -> None:
    """Debian's Postfix, when it is not there yet. Raises Missing."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    if os.geteuid() != 0:
        raise Missing("Postfix starts as root only; run the benchmark as root")
    if not shutil.which("postfix"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        choice = b"postfix postfix/main_mailer_type select No configuration\n"
        subprocess.run(["debconf-set-selections"], input=choice, check=False)
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "postfix"]):
            subprocess.run(["apt-get", *command], env=environment, check=False, capture_output=True)
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        raise Missing("Postfix cannot be installed here (apt-get install postfix failed)") from None


def processes_of(parent: int) -> list[int]:
    """The process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
        except OSError:  # it ended meanwhile
            continue
    found = [parent]
    for each in found:
        found += children.get(each, [])
    return found
