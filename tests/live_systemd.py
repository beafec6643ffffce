"""A real systemd that boots in namespaces of its own with one unit of ours, as it stands in deploy/: the user, the
folders and the network are its own too, so port 25 is free, and nothing outlives it. Needs root.

    with Systemd(folder, config="...") as systemd:
        systemd.ctl("start", "frontdesk")
"""

import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from types import TracebackType

from rooms import ALONE

ROOT = Path(__file__).parent.parent
PROGRAM = "/lib/systemd/systemd"
OWN = ("--mount", "--pid", "--net", "--uts", "--ipc")
TARGETS = ("sysinit", "basic", "shutdown", "umount", "multi-user", "network-online", "nss-lookup", "sockets", "default")
ROOM = """\
mount --bind {folder}/passwd /etc/passwd
mount --bind {folder}/group /etc/group
for place in /run /opt /var/lib; do mount -t tmpfs -o mode=755 none $place; done
mkdir /opt/python /opt/frontdesk
mount --bind {python} /opt/python
mount --bind {root} /opt/frontdesk
cp {folder}/config.toml /run/frontdesk.toml
ip link set lo up
exec env -i container=namespace PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH={folder}/units \\
    {program} --system --log-target=null --show-status=no
"""
HERE = """\
[Service]
ExecStart=
ExecStart=/opt/python/bin/python3 -m gateway --config /run/frontdesk.toml serve
Environment=PYTHONPATH=/opt/frontdesk:/opt/frontdesk/{packages} LD_LIBRARY_PATH=/opt/python/lib
StandardError=file:/run/frontdesk.log
WatchdogSec=10
"""
OLD = """\
Type=notify
ExecReload=/bin/kill -HUP $MAINPID
"""
"""What the unit says must be written before version 253."""


class Systemd:
    def __init__(self, folder: Path, config: str) -> None:
        self.folder = folder
        folder.chmod(0o755)
        (folder / "config.toml").write_text(config)
        for name, line in (("passwd", "frontdesk:x:64300:64300::/var/lib/frontdesk:/usr/sbin/nologin\n"),
                           ("group", "frontdesk:x:64300:\n")):
            (folder / name).write_text(Path("/etc", name).read_text() + line)
        units = folder / "units"
        units.mkdir()
        for target in TARGETS:
            (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
        shutil.copy(ROOT / "deploy" / "frontdesk.service", units)
        (units / "frontdesk.service.d").mkdir()
        packages = Path(sysconfig.get_path("purelib")).relative_to(ROOT)
        (units / "frontdesk.service.d" / "here.conf").write_text(
            HERE.format(packages=packages) + (OLD if self._version < 253 else ""))

    @property
    def _version(self) -> int:
        said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
        return int(said.split()[1])

    def __enter__(self) -> "Systemd":
        room = ALONE + "\n" + ROOM.format(folder=self.folder, python=sys.base_prefix, root=ROOT, program=PROGRAM)
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                ["unshare", *OWN, "--fork", "--mount-proc", "--kill-child", "sh", "-ec", room],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        deadline = time.monotonic() + 60
        while self.ctl("is-system-running", check=False) not in ("running", "degraded"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"systemd did not start: {(self.folder / 'said').read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def ctl(self, *words: str, check: bool = True) -> str:
        """systemctl."""
        return self.run("systemctl", *words, check=check)

    def run(self, *command: str, check: bool = True) -> str:
        """Any command in its namespaces; what it printed."""
        inside = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        done = subprocess.run(["nsenter", "--target", (inside or ["0"])[0], *OWN, *command],
                              capture_output=True, text=True, check=False, timeout=90)
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}{self.log}")
        return done.stdout.strip()

    def show(self, name: str) -> str:
        """A property of the unit."""
        return self.ctl("show", "--property", name, "--value", "frontdesk")

    @property
    def log(self) -> str:
        return self.run("cat", "/run/frontdesk.log", check=False)

    def wait_for(self, name: str, value: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while self.show(name) != value:
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} is {self.show(name)!r}, not {value!r}: {self.log[-3000:]}")
            time.sleep(0.1)
