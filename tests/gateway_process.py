"""A gateway in a process of its own, as an operator runs it: `frontdesk --config FILE serve`."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ports import free_port

ROOT = Path(__file__).parent.parent


class GatewayProcess:
    """Starts, kills and restarts one gateway over one folder."""

    def __init__(self, folder: Path, database_url: str, more: str = "") -> None:
        self.folder, self.port = folder, free_port()
        url = "sqlite" if database_url.startswith("sqlite") else database_url
        self.config = folder / "config.toml"
        self.config.write_text(f"""
[site]
support = ["support@example.com"]
data = "var"
[smtp]
listen = ["127.0.0.1:{self.port}"]
connections_per_client = 100
[store]
url = "{url}"
{"" if "[web]" in more else '[web]' + chr(10) + 'listen = ""'}
{"" if "[agents]" in more else '[agents]' + chr(10) + 'listen = ""'}
{"" if "[status]" in more else '[status]' + chr(10) + 'listen = ""'}
{more}
""")
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "gateway", "--config", str(self.config), "serve"],
                                            cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + 100
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the gateway did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        import socket
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            return probe.recv(3) == b"220"
        return False

    @property
    def workers(self) -> list[int]:
        """Processes that it has started, where it has several ([smtp] workers)."""
        assert self.process is not None
        return [int(each) for each in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
                .read_text().split()]

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Whatever it is doing."""
        if self.process and self.process.poll() is None:
            self.kill()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(100)

    def cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Another command of frontdesk on the same config."""
        return subprocess.run([sys.executable, "-m", "gateway", "--config", str(self.config), *words], cwd=ROOT,
                              capture_output=True, text=True, check=check, timeout=100)
