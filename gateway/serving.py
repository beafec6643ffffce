"""`python -m gateway.serving [CONFIG]`: what `frontdesk serve` becomes.

A command line is not needed any more, and no library of it stays in memory for as long as the gateway runs.
"""

import sys
from pathlib import Path

from gateway import memory
from gateway.console.edge import config_at, guarded, run, usable


def serve(named: Path | None) -> None:
    """named: the config file."""
    memory.spare()
    config = config_at(named)
    from gateway.service import Service
    from gateway.systemd import Systemd

    systemd = Systemd()
    with usable():
        run(lambda: Service(config, systemd=systemd).run(lambda: config_at(named)), config.log)


if __name__ == "__main__":
    guarded(lambda: serve(Path(sys.argv[1]) if sys.argv[1:] else None))
