"""Bounces of the mail systems of the world as fixtures: bounces/NAME.eml, and NAME.json with where its shape is seen
and what is to be read from it. All were written for this suite.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.message import parse

FOLDER = Path(__file__).parent / "bounces"
NAMES = sorted(each.stem for each in FOLDER.glob("*.eml"))


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_bounce_tells_whom_and_why(name: str) -> None:
    message = parse((FOLDER / f"{name}.eml").read_bytes())
    told = expected(name)
    assert message.is_bounce is told["is_bounce"]
    read = [{"recipient": each.recipient, "status": each.status, "hard": each.is_hard} for each in message.bounce]
    assert read == told["bounce"]


@pytest.mark.parametrize("name", NAMES)
def test_a_bounce_says_where_its_shape_is_seen(name: str) -> None:
    assert expected(name)["seen"]


@pytest.mark.parametrize("name", [each for each in NAMES if expected(each)["is_bounce"]])
def test_a_bounce_is_a_machines(name: str) -> None:
    assert parse((FOLDER / f"{name}.eml").read_bytes()).is_automatic
