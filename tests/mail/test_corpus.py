"""Mails by client, language and fault, as files in corpus/: beside each NAME.eml a NAME.json says what is to be read.

"seen" tells where its shape is seen; every other key is an attribute of the message. The words are ours.
"""

import json
from pathlib import Path

import pytest

from gateway.mail.message import Message, parse

CORPUS = Path(__file__).parent / "corpus"
NAMES = sorted(file.stem for file in CORPUS.glob("*.eml"))


def read(message: Message, wanted: str) -> object:
    if wanted == "attachments":
        return [each.filename for each in message.attachments]
    value = getattr(message, wanted)
    if wanted == "text":
        return value.strip()
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_read_as_it_stands_beside_it(name: str) -> None:
    expected = json.loads((CORPUS / f"{name}.json").read_text("utf-8"))
    assert expected.pop("seen")
    message = parse((CORPUS / f"{name}.eml").read_bytes())
    assert {wanted: read(message, wanted) for wanted in expected} == expected


def test_every_mail_has_its_expectation() -> None:
    assert sorted(file.stem for file in CORPUS.glob("*.json")) == NAMES
    assert len(NAMES) >= 150
