"""What is measured: `python -m tests.bench [name ...] [--all]`, all benches without a name. Exit code 1 when a goal is
missed. Words that begin with "--" are the benches' own."""

import sys
from collections.abc import Callable

from tests.bench import authentication, desk, growth, intake, journey, mail

BENCHES: dict[str, Callable[[], int]] = {
    "intake": intake.main,
    "authentication": authentication.main,
    "mail": mail.main,
    "journey": journey.main,
    "desk": desk.main,
    "growth": growth.main,
}


def main(words: list[str]) -> int:
    if "--help" in words:
        print(__doc__)
        return 0
    names = [word for word in words if not word.startswith("--")]
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"there is no bench {unknown[0]}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    return max(BENCHES[name]() for name in names or BENCHES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
