"""`frontdesk check --dns`: what the world sees of our domain."""

import os
from pathlib import Path

import pytest
from wire_dns import wire_server

from gateway.config import load
from gateway.console.readiness import Finding, disk, look
from gateway.status.watch import Space

ZONE = {
    "example.com": {"MX": [[10, "mx.example.com"]], "TXT": ["v=spf1 mx -all"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
}


async def seen(folder: Path, server: str) -> dict[str, tuple[str, str]]:
    file = folder / "config.toml"
    file.write_text(f'[site]\ndata = "var"\n[dns]\nnameservers = ["{server}"]\ntimeout = "1s"\ntries = 1\n')
    return {found.what: (found.result, found.sentence) for found in await look(load(file, {}), ask_dns=True)}


async def test_what_dns_holds_of_us_is_compared(tmp_path: Path) -> None:
    with wire_server(ZONE) as server:
        found = await seen(tmp_path, server)
    assert found["MX"] == ("good", "example.com is served by mx.example.com")
    assert (found["SPF"][0], found["DMARC"][0]) == ("good", "good")
    assert found["name servers"][1].startswith("questions asked: 3, without an answer: 0, the slowest: 0.")


async def test_it_makes_nothing(tmp_path: Path) -> None:
    with wire_server(ZONE) as server:
        found = await seen(tmp_path, server)
    assert found["data folder"] == ("good", f"{tmp_path}/var will be made")
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_disk_with_too_little_room_is_a_fault() -> None:
    assert disk(Space(500_000_000_000, 199_000_000), 200_000_000) == Finding(
        "disk", "bad", "199 MB of 500 GB are free, less than 200 MB: no mail is taken")
    assert disk(Space(500_000_000_000, 201_000_000), 200_000_000).result == "good"
    assert disk(Space(1_000_000_000, 101_000_000), 200_000_000).result == "good"


@pytest.mark.parametrize("what", ["MX", "SPF", "DMARC", "name servers"])
async def test_name_servers_that_are_gone_are_a_fault(tmp_path: Path, what: str) -> None:
    result, sentence = (await seen(tmp_path, "127.0.0.1:9"))[what]
    assert result == "bad"
    assert "DNS does not answer for" in sentence or "questions asked: 1, without an answer: 1" in sentence
