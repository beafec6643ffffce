"""The command, with Kim at the keyboard."""

import json
from pathlib import Path

import pytest
from command import Command
from console_house import MAIL, ZONE


@pytest.fixture
def frontdesk(frontdesk: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Kim at the keyboard, with a mail at hand."""
    monkeypatch.setenv("FRONTDESK_AGENT", "kim")
    (tmp_path / "mail.eml").write_bytes(MAIL)
    (tmp_path / "zone.json").write_text(json.dumps(ZONE))
    return frontdesk
