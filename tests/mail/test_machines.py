"""Mails of machines, and of people who look like machines: machines/NAME.eml, and NAME.json with its reverse-path,
where its shape is seen and what follows. All were written for this suite.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.automatic import automatic, may_acknowledge
from gateway.mail.envelope import Envelope
from gateway.mail.message import parse

FOLDER = Path(__file__).parent / "machines"
NAMES = sorted(each.stem for each in FOLDER.glob("*.eml"))


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_who_wrote_and_who_is_answered(name: str) -> None:
    told = expected(name)
    message = parse((FOLDER / f"{name}.eml").read_bytes())
    envelope = Envelope(told["mail_from"], ("support@example.com",))
    assert bool(automatic(message, envelope)) is told["is_automatic"], automatic(message, envelope)
    is_answered, because = may_acknowledge(message, envelope, ("support@example.com",))
    assert is_answered is told["may_acknowledge"], because


@pytest.mark.parametrize("name", NAMES)
def test_each_says_where_its_shape_is_seen(name: str) -> None:
    assert expected(name)["seen"]
