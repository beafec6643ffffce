"""A disk of its own for the data of a gateway or of PostgreSQL: small, can be filled, can break, can be mended.

An ext4 in a file, behind a loop device: so a full disk, and one that was made read-only under open files because it
failed, are what the kernel makes of them. Needs root; raises CalledProcessError where nothing can be mounted.
"""

import subprocess
import time
from contextlib import suppress
from pathlib import Path


class Disk:
    def __init__(self, image: Path, place: Path, megabytes: int) -> None:
        self.image, self.place = image, place
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", str(image))
        place.mkdir(exist_ok=True)
        self.mount()

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.place))

    def unmount(self) -> None:
        """Also from the room of a test beside this one, which lets go of it when it begins."""
        _run("umount", str(self.place))
        deadline = time.monotonic() + 60
        while _run("losetup", "--associated", str(self.image)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"somebody holds {self.place}")
            time.sleep(0.01)

    def fill(self) -> None:
        """To the last block, root's reserve included."""
        with (self.place / "ballast").open("wb", buffering=0) as ballast:
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while ballast.write(b"\0" * size) == size:
                        pass

    def empty(self) -> None:
        (self.place / "ballast").unlink()

    def fail(self) -> None:
        """The kernel found it broken: from here on it is read-only, for files that are open too."""
        _run("mount", "-o", "remount,abort", str(self.place))

    def mend(self) -> None:
        """What an operator does, once nobody has a file open on it."""
        self.unmount()
        subprocess.run(["fsck.ext4", "-p", str(self.image)], capture_output=True, check=False)
        self.mount()

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.place)], capture_output=True, check=False)
        self.place.rmdir()
        self.image.unlink()


def _run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout
