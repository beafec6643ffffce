"""A gateway that nobody has written to is small: what few ask for is loaded when somebody asks."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_process import ROOT, GatewayProcess
from ports import free_port

MODULES = """
import sys
from pathlib import Path
from gateway import memory
memory.spare()
from gateway.console.edge import config_at
from gateway.service import Service
Service(config_at(Path(sys.argv[1])))
print(*(name for name, module in sys.modules.items() if module))
"""
LATER = {
    "alembic": "migrations", "cryptography": "DKIM", "dkim": "letters that are signed", "dns": "odd names",
    "nh3": "HTML", "aiosmtplib": "a way out for letters", "gateway.web.api_acts": "programs", "typer": "commands",
    "rich": "drawn tracebacks",
}
IDLE = 112
"""MB: 97 were measured, of 132 before."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """Everything on, as shipped."""
    listen = "".join(f'[{each}]\nlisten = "127.0.0.1:{free_port()}"\n' for each in ("web", "agents", "status"))
    made = GatewayProcess(tmp_path, "sqlite", listen)
    yield made
    made.end()


def test_a_gateway_that_has_just_started_for_the_first_time_holds_no_more_than_it_needs(gateway):
    gateway.start()
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    assert int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024 < IDLE


def test_what_few_ask_for_is_not_loaded_before_they_do(gateway):
    gateway.start()
    gateway.end()
    said = subprocess.run([sys.executable, "-c", MODULES, gateway.config], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    assert LATER.keys() & set(said.stdout.split()) == set()
