"""A real OpenDKIM, as a filter for Postfix: somebody else's hand that signs and verifies.

    with OpenDkim(port, folder, "Mode v", dns={name: record}):
        ...   # Postfix(..., milter=f"127.0.0.1:{port}") hands it every mail

Its methods block. Needs the Debian package opendkim (.ci/packages), which knows RSA and ed25519.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from postfix import install

PROGRAM = "opendkim"
COMMON = """\
Socket inet:{port}@127.0.0.1
Syslog no
AuthservID opendkim.example.net
RequireSafeKeys no
TestDNSData file:{dns}
"""


class OpenDkim:
    """settings: lines of opendkim.conf; dns: the key records it finds, by name."""

    def __init__(self, port: int, folder: Path, settings: str, dns: Mapping[str, str]) -> None:
        install()
        found = shutil.which(PROGRAM, path="/usr/sbin:/usr/bin")
        if found is None:
            raise RuntimeError("OpenDKIM is needed: the Debian package opendkim")
        self.program, self.port, self.config = found, port, folder / "opendkim.conf"
        (folder / "dns").write_text("".join(f"{name} {record}\n" for name, record in dns.items()))
        self.config.write_text(COMMON.format(port=port, dns=folder / "dns") + settings + "\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "OpenDkim":
        with self.config.with_suffix(".log").open("wb") as said:
            self._process = subprocess.Popen([self.program, "-f", "-x", str(self.config)], stdout=said, stderr=said)
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"OpenDKIM did not start:\n{self.config.with_suffix('.log').read_text()}")
            time.sleep(0.01)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._process.kill()  # it keeps nothing, and takes five seconds to end by itself
        self._process.wait(20)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
