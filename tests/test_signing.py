"""Our letters are signed: the keys as an operator makes, configures, publishes and changes them."""

import os
import re
import signal
import smtplib
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Command
from gateway_process import GatewayProcess
from nameserver import nameserver

from gateway.authentication.check import check
from gateway.authentication.signer import SigningKey
from gateway.authentication.zone import ZoneResolver

RSA, ED25519 = "frontdesk-rsa._domainkey.example.com", "frontdesk-ed25519._domainkey.example.com"


def made(frontdesk: Command, *words: str) -> dict[str, Any]:
    """What `frontdesk dkim` made, as JSON."""
    said = frontdesk("dkim", "--json", *words)
    assert (said.code, said.err) == (0, "")
    return dict(said.lines[0])


def configure(folder: Path, made: dict[str, Any], more: str = "") -> Path:
    """The lines that were printed, as they are, in config.toml."""
    file = folder / "config.toml"
    file.write_text(f"{made['config']}\n{more}")
    return file


# ---- keys are made -------------------------------------------------------------------------------------------------


def test_one_key_of_each_kind_is_made_that_nobody_else_may_read(frontdesk: Command, tmp_path: Path) -> None:
    before = os.umask(0)
    keys = made(frontdesk)["keys"]
    os.umask(before)
    assert [(key["selector"], key["kind"], key["bits"]) for key in keys] == [
        ("frontdesk-rsa", "rsa", 2048), ("frontdesk-ed25519", "ed25519", 256)]
    for key in keys:
        file = Path(key["file"])
        assert file.parent == tmp_path / "var"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert SigningKey.read(key["selector"], file.read_bytes()).record == key["value"]


def test_the_record_is_told_as_dns_wants_it(frontdesk: Command) -> None:
    """RFC 1035 section 3.3: strings of at most 255 octets, which others join (RFC 6376 section 3.6.2.2)."""
    rsa, ed25519 = made(frontdesk)["keys"]
    assert (rsa["name"], ed25519["name"]) == (RSA, ED25519)
    for key, strings in ((rsa, 2), (ed25519, 1)):
        assert len(key["strings"]) == strings
        assert max(map(len, key["strings"])) <= 255
        assert "".join(key["strings"]) == key["value"]
        assert key["zone"] == f"{key['name']}. IN TXT " + " ".join(f'"{each}"' for each in key["strings"])
        assert re.fullmatch(rf"v=DKIM1; k={key['kind']}; p=[A-Za-z0-9+/=]+", key["value"])


def test_people_read_the_same_and_no_line_of_it_is_broken(frontdesk: Command, tmp_path: Path) -> None:
    keys = made(frontdesk)
    configure(tmp_path, keys)
    said = frontdesk("dkim")
    lines = [line.strip() for line in said.out.splitlines()]
    for key in keys["keys"]:
        assert key["zone"] in lines
        assert key["value"] in lines
    assert set(lines) >= {line.strip() for line in keys["config"].splitlines()}
    assert "PRIVATE KEY" not in said.out


def test_the_options_say_which_key_where_and_for_whom(frontdesk: Command, tmp_path: Path) -> None:
    found = made(frontdesk, "--selector", "desk.2027", "--kind", "ed25519", "--domain", "한국.example",
                 "--folder", "keys")
    [key] = found["keys"]
    assert key["file"] == str(tmp_path / "keys" / "dkim-desk.2027.pem")
    assert key["name"] == "desk.2027._domainkey.xn--3e0b707e.example"
    assert 'dkim_domain = "xn--3e0b707e.example"' in found["config"]


def test_what_is_printed_for_config_toml_is_what_it_takes(frontdesk: Command, tmp_path: Path) -> None:
    first = made(frontdesk, "--folder", 'odd "folder" \\ 키')
    configure(tmp_path, first)
    assert made(frontdesk) == first


def test_a_key_that_is_there_is_never_overwritten(frontdesk: Command, tmp_path: Path) -> None:
    before = [Path(key["file"]).read_bytes() for key in made(frontdesk)["keys"]]
    said = frontdesk("dkim")
    assert (said.code, said.out) == (1, "")
    assert "dkim-frontdesk-rsa.pem is there already and stays as it is" in said.err
    assert [(tmp_path / "var" / f"dkim-frontdesk-{kind}.pem").read_bytes() for kind in ("rsa", "ed25519")] == before


def test_no_key_is_made_when_one_of_two_is_there(frontdesk: Command, tmp_path: Path) -> None:
    made(frontdesk, "--selector", "a-ed25519", "--kind", "ed25519")
    assert frontdesk("dkim", "--selector", "a").code == 1
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["dkim-a-ed25519.pem"]


@pytest.mark.parametrize(("words", "code", "told"), [
    (["--selector", "a b"], 2, "'a b' is not a selector: letters, digits and hyphens"),
    (["--domain", "no domain"], 1, "'no domain' is not a domain name"),
    (["--selector", ".".join(["a" * 60] * 4)], 1, "too long for DNS"),
    (["--kind", "dsa"], 2, "'dsa' is not one of 'rsa', 'ed25519', 'both'"),
    (["--folder", "config.toml"], 1, "config.toml cannot be made: File exists"),
])
def test_what_cannot_be_made_is_told(
        frontdesk: Command, tmp_path: Path, words: list[str], code: int, told: str) -> None:
    (tmp_path / "config.toml").write_text("")
    said = frontdesk("dkim", *words)
    assert said.code == code
    assert told in " ".join(said.err.split())
    assert not list(tmp_path.rglob("*.pem"))


def test_with_keys_configured_their_records_are_printed(frontdesk: Command, tmp_path: Path) -> None:
    first = made(frontdesk)
    configure(tmp_path, first)
    assert made(frontdesk)["keys"] == first["keys"]
    assert made(frontdesk, "--selector", "next")["keys"][0]["selector"] == "next-rsa"


# ---- a config that cannot sign -------------------------------------------------------------------------------------


UNFIT_KEYS = pytest.mark.parametrize(("content", "told"), [
    (None, "k.pem cannot be read: No such file or directory"),
    ("nonsense", "k.pem is not the PEM file of a private key"),
])


def unfit(folder: Path, content: str | None, told: str) -> str:
    """What is said of a key that is in this file."""
    if content:
        (folder / "k.pem").write_text(content)
    (folder / "config.toml").write_text('[delivery]\ndkim_keys = [\n  { selector = "a", file = "k.pem" },\n]\n')
    return f"frontdesk: config.toml:3: delivery.dkim_keys.0.file: {folder}/{told}\n"


@UNFIT_KEYS
@pytest.mark.parametrize("command", ["check", "dkim"])
def test_a_key_that_cannot_sign_is_told_with_its_line(
        frontdesk: Command, tmp_path: Path, command: str, content: str | None, told: str) -> None:
    expected = unfit(tmp_path, content, told)
    said = frontdesk(command)
    assert (said.code, said.err) == (2, expected)


@UNFIT_KEYS
def test_a_gateway_with_a_key_that_cannot_sign_does_not_start(tmp_path: Path, content: str | None, told: str) -> None:
    expected = unfit(tmp_path, content, told)
    ended = subprocess.run([sys.executable, "-m", "gateway", "serve"], cwd=tmp_path, check=False, capture_output=True,
                           text=True, timeout=100)
    assert (ended.returncode, ended.stderr) == (2, expected)


def test_a_domain_that_cannot_sign_is_told_with_its_line(frontdesk: Command, tmp_path: Path) -> None:
    configure(tmp_path, made(frontdesk), 'dkim_domain = "example..com"\n')
    said = frontdesk("check")
    assert (said.code, said.err) == (
        2, "frontdesk: config.toml:6: delivery.dkim_domain: 'example..com' is not a domain name\n")


# ---- check ---------------------------------------------------------------------------------------------------------


def findings(frontdesk: Command, what: str, *words: str) -> list[tuple[str, str]]:
    """(result, sentence) of what `frontdesk check` says of a subject."""
    return [(each["result"], each["sentence"]) for each in frontdesk("check", "--json", *words).lines[0]
            if each["what"] == what]


def test_check_says_who_signs(frontdesk: Command, tmp_path: Path) -> None:
    configure(tmp_path, made(frontdesk))
    assert findings(frontdesk, "signature") == [
        ("good", "example.com signs letters by frontdesk-rsa (rsa 2048), frontdesk-ed25519 (ed25519 256)")]


def test_check_warns_of_a_key_that_others_may_read(frontdesk: Command, tmp_path: Path) -> None:
    keys = made(frontdesk, "--kind", "rsa")
    configure(tmp_path, keys)
    file = Path(keys["keys"][0]["file"])
    file.chmod(0o640)
    assert findings(frontdesk, "signature")[1:] == [("note", f"{file} can be read by others: chmod 600 {file}")]


def test_check_warns_of_signatures_that_help_little(frontdesk: Command, tmp_path: Path) -> None:
    configure(tmp_path, made(frontdesk, "--kind", "ed25519", "--domain", "example.net"))
    assert findings(frontdesk, "signature")[1:] == [
        ("note", "many servers know RSA only and find no signature: add a key of that kind"),
        ("note", "a signature of example.net may not count for letters from example.com")]


@pytest.mark.parametrize(("change", "result", "told"), [
    (lambda record: record, "good", "publishes our rsa key"),
    (lambda record: record.replace("v=DKIM1; ", "").replace("p=", "t=s; p="), "good", "publishes our rsa key"),
    (lambda record: "NXDOMAIN", "bad", "example.com publishes no key for the selector frontdesk-rsa"),
    (lambda record: re.sub("p=.*", "p=", record), "bad", "the key was revoked"),
    (lambda record: SigningKey.make("x", "rsa").record, "bad", "holds a key that is not ours"),
    (lambda record: record.replace("k=rsa", "k=ed25519"), "bad", "it is not a key for rsa"),
    (lambda record: record.replace("p=", "t=y; p="), "note", "says t=y"),
    (lambda record: record[:-30], "bad", "cannot be used"),
    (lambda record: "SERVFAIL", "bad", "DNS did not answer"),
], ids=["right", "short", "missing", "revoked", "another", "other kind", "testing", "cut", "silent"])
def test_check_compares_each_key_with_dns(
        frontdesk: Command, tmp_path: Path, change: Any, result: str, told: str) -> None:
    keys = made(frontdesk)
    rsa, ed25519 = (key["value"] for key in keys["keys"])
    changed = change(rsa)
    zone = {RSA: {"TXT": changed if changed.isupper() else [changed]}, ED25519: {"TXT": [ed25519]}}
    with nameserver(zone) as address:
        configure(tmp_path, keys, f'[dns]\nnameservers = ["{address}"]\n')
        first, second = findings(frontdesk, "DKIM", "--dns")
    assert first[0] == result
    assert first[1].startswith(RSA)
    assert told in first[1]
    assert second == ("good", f"{ED25519} publishes our ed25519 key")


# ---- a running gateway ---------------------------------------------------------------------------------------------


Running = tuple[GatewayProcess, dict[str, Any]]


@pytest.fixture
def running(tmp_path: Path, frontdesk: Command) -> Iterator[Running]:
    """A gateway that signs with two keys, and what was told of them."""
    keys = made(frontdesk)
    zone = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}}
    with nameserver(zone) as address:
        gateway = GatewayProcess(tmp_path, "sqlite", f'{keys["config"]}\n[dns]\nnameservers = ["{address}"]\n')
        gateway.start()
        yield gateway, keys
        gateway.kill()


def answer_to(gateway: GatewayProcess, subject: str) -> bytes:
    """The acknowledgement of a mail, as it left: without a way out, letters become files."""
    sent = gateway.folder / "var" / "sent"
    before = set(sent.glob("*.eml"))
    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=60) as client:
        client.sendmail("kim@example.org", "support@example.com",
                        f"From: kim@example.org\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
                        f"Message-ID: <{subject.encode().hex()}@example.org>\r\n\r\n"
                        "로그인이 안 돼요. 오류 42\r\n".encode())
    deadline = time.monotonic() + 60
    while not (new := set(sent.glob("*.eml")) - before):
        assert time.monotonic() < deadline, gateway.log.read_text()
        time.sleep(0.02)
    return new.pop().read_bytes()


async def signed_by(letter: bytes, *told: dict[str, Any]) -> list[tuple[str, str]]:
    """(result, selector) of each signature of a letter, for somebody who finds these keys in DNS."""
    zone = ZoneResolver({key["name"]: {"TXT": [key["value"]]} for keys in told for key in keys["keys"]})
    verdict = await check(letter, client_ip="127.0.0.1", helo="mx.example.com", reverse_path="", resolver=zone,
                          now=time.time())
    return [(str(each.result), each.selector) for each in verdict.dkim]


async def test_a_letter_of_a_running_gateway_passes_by_both_keys(running: Running) -> None:
    gateway, keys = running
    letter = answer_to(gateway, "로그인")
    assert await signed_by(letter, keys) == [("pass", "frontdesk-rsa"), ("pass", "frontdesk-ed25519")]


async def test_sighup_takes_new_keys_and_a_bad_one_keeps_the_old(
        running: Running, frontdesk: Command) -> None:
    gateway, old = running
    new = made(frontdesk, "--selector", "next")
    text = gateway.config.read_text()
    gateway.config.write_text(text.replace("frontdesk-rsa", "nobody"))
    gateway.signal(signal.SIGHUP)
    says(gateway, "the old one stays")
    assert "delivery.dkim_keys.0.file" in gateway.log.read_text()
    assert await signed_by(answer_to(gateway, "one"), old) == [("pass", "frontdesk-rsa"), ("pass", "frontdesk-ed25519")]
    gateway.config.write_text(text.replace(old["config"], new["config"]))
    gateway.signal(signal.SIGHUP)
    says(gateway, "config reloaded")
    assert await signed_by(answer_to(gateway, "two"), new) == [("pass", "next-rsa"), ("pass", "next-ed25519")]


def says(gateway: GatewayProcess, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in gateway.log.read_text():
        assert time.monotonic() < deadline, gateway.log.read_text()
        time.sleep(0.02)
