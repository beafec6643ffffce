"""How a target is fed: by atheris, which coverage leads, or where that is not installed by mutation of the seeds.

    with instrumented("gateway.mail"):
        from gateway.mail.message import parse

    if __name__ == "__main__":
        feed(read, seeds(), MARKS)      # PYTHONPATH=tests:. .venv/bin/python -m fuzz.mail [SECONDS]

A target raises when something is wrong; what it was fed then is left in var/fuzz/<target>, and `make fuzz` fails.
"""

import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

try:
    import atheris
except ImportError:
    atheris = None

SLOW = 1.0
"""Seconds of CPU that nothing may take."""
LONGEST = 20_000
"""Octets."""


def instrumented(*packages: str) -> AbstractContextManager[object]:
    """Around the imports of what is to be covered."""
    return atheris.instrument_imports(include=list(packages)) if atheris else nullcontext()


def feed(target: Callable[[bytes], None], seeds: Iterable[bytes], marks: Sequence[bytes]) -> None:
    """marks: octets that mean something to the target."""
    kept = ROOT / "var" / "fuzz" / Path(sys.argv[0]).stem
    (kept / "corpus").mkdir(parents=True, exist_ok=True)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0

    def timed(octets: bytes) -> None:
        start = time.process_time()
        target(octets)
        if time.process_time() - start > SLOW:
            raise TimeoutError(f"{len(octets)} octets took {time.process_time() - start:.2f} s of CPU")

    if atheris is None:
        print(f"{_mutate(timed, list(seeds), marks, seconds, kept)} cases", flush=True)
        return
    for number, octets in enumerate(seeds):
        (kept / "corpus" / f"seed-{number}").write_bytes(octets)
    words = kept / "words"
    words.write_text("".join('"{}"\n'.format("".join(f"\\x{octet:02x}" for octet in mark)) for mark in marks))
    options = [f"-max_total_time={seconds:.0f}", f"-max_len={LONGEST}", f"-artifact_prefix={kept}/", f"-dict={words}"]
    atheris.Setup([sys.argv[0], *options, str(kept / "corpus")], timed)
    atheris.Fuzz()


def _mutate(target: Callable[[bytes], None], seeds: list[bytes], marks: Sequence[bytes], seconds: float,
            kept: Path) -> int:
    """How many cases there were. Leaves the one that failed."""
    chance, count, end = random.Random(), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        octets = mutated(chance.choice(seeds), chance.choice(seeds), marks, chance)
        try:
            target(octets)
        except Exception:
            (kept / "failed").write_bytes(octets)
            raise
        count += 1
    return count


def mutated(octets: bytes, other: bytes, marks: Sequence[bytes], chance: random.Random) -> bytes:
    """Some pieces of it turned, doubled, cut out, or taken from another one."""
    found = bytearray(octets)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(found))
        length = chance.choice((1, 2, 8, 64, 500))
        what = chance.randrange(5)
        if what == 0:
            found[at : at + length] = chance.randbytes(length)
        elif what == 1:
            found[at:at] = found[at : at + length] * chance.choice((1, 2, 50))
        elif what == 2:
            del found[at : at + length]
        elif what == 3:
            found[at:at] = chance.choice(marks)
        else:
            found[at:at] = other[chance.randint(0, len(other)) :][: length * 4]
    return bytes(found)
