"""A gateway in a process of its own, as an operator runs it: `frontdesk --config FILE serve`."""

import asyncio
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
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the gateway did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        import socket
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            return probe.recv(3) == b"220"
        return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)

    def cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Another command of frontdesk on the same config."""
        return subprocess.run([sys.executable, "-m", "gateway", "--config", str(self.config), *words], cwd=ROOT,
                              capture_output=True, text=True, check=check, timeout=60)


async def submit(port: int, mails: "asyncio.Queue[tuple[str, str, bytes]]", confirmed: set[str]) -> None:
    """One client connection after another, until the queue is empty. A mail without its 250 is sent again."""
    while not mails.empty():
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await _session(reader, writer, mails, confirmed)
            finally:
                writer.close()
        await asyncio.sleep(0.02)


async def _session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
                   mails: "asyncio.Queue[tuple[str, str, bytes]]", confirmed: set[str]) -> None:
    await _reply(reader)
    await _say(reader, writer, b"EHLO mx.example.org")
    while not mails.empty():
        mail = mails.get_nowait()
        message_id, sender, content = mail
        try:
            await _say(reader, writer, f"MAIL FROM:<{sender}>".encode())
            await _say(reader, writer, b"RCPT TO:<support@example.com>")
            await _say(reader, writer, b"DATA")
            code = await _say(reader, writer, content + b"\r\n.")
            assert code == 250, code
            confirmed.add(message_id)
        except BaseException:
            mails.put_nowait(mail)
            raise


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> int:
    writer.write(line + b"\r\n")
    await writer.drain()
    code = await _reply(reader)
    if code >= 400:
        raise ConnectionError(f"{line[:40]!r}: {code}")
    return code


async def _reply(reader: asyncio.StreamReader) -> int:
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if not line:
        raise ConnectionError("closed")
    return int(line[:3])
