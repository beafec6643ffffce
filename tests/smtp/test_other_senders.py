"""What other people's programs make of the protocol: Exim and OpenSMTPD as mail servers, swaks, nodemailer and Python's
smtplib as clients. Each brings the same mails over STARTTLS, and each arrives octet for octet."""

import asyncio
import smtplib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mail_servers import DEBIAN, Exim, MailServer, OpenSmtpd
from postfix import install
from smtp.dialogue import trusting
from smtp.house import SUPPORT, House, Opening

pytestmark = pytest.mark.system
SENDER = "alice@example.org"
KOREAN = "로그인이 되지 않습니다. 오류 1042가 납니다.".encode()
BODIES = {
    "small": b"I cannot log in.\r\n",
    "korean": KOREAN + b"\r\n",
    "dots": b".\r\n..\r\n.x\r\n\r\n.\r\n.\r\nx.\r\n",
    "longest": b"x" * 998 + b"\r\n." + b"y" * 997 + b"\r\n",
    "large": (KOREAN + b" and so on, a line like any other in a large mail\r\n") * 45_000,
}
"""The longest line that every server takes has 998 octets (RFC 5322 section 2.1.1)."""
NODE = """
const nodemailer = require(process.argv[1]);
const transport = nodemailer.createTransport({host: "127.0.0.1", port: +process.argv[2], requireTLS: true, pool: true,
  maxConnections: 1, name: "node.example.org", tls: {rejectUnauthorized: false}});
const envelope = {from: process.argv[3], to: [process.argv[4]]};
(async () => {
  for (const path of process.argv.slice(5)) {
    const info = await transport.sendMail({envelope, raw: {path}});
    console.log(info.response);
  }
  transport.close();
})().catch(error => { console.error(error); process.exit(1); });
"""


def mail(kind: str) -> bytes:
    """With all that a server would add on its way if it were missing."""
    header = (f"Message-ID: <{kind}@example.org>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\nFrom: {SENDER}\r\n"
              f"To: {SUPPORT}\r\nSubject: Cannot log in\r\nMIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
    return header.encode() + BODIES[kind]


MAILS = [mail(kind) for kind in BODIES]


@pytest.fixture
async def house(open_house: Opening) -> House:
    return await open_house(size=10_000_000)


async def all_have_come(house: House) -> None:
    """Octet for octet, behind what the door and servers on the way put in front."""
    contents = await house.contents()
    assert len(contents) == len(MAILS)
    came = sorted(next((len(sent) for sent in MAILS if content.endswith(sent)), 0) for content in contents)
    assert came == sorted(map(len, MAILS))
    rows = await house.kept()
    assert {(row.tls, row.protocol, row.reverse_path) for row in rows} == {(True, "ESMTPS", SENDER)}


@pytest.mark.parametrize(("kind", "said"), [
    (Exim, r"=> support@example.com R=\S+ T=away .* X=TLS1\.[23]:\S+ .*\bL K C=\"250 2\.0\.0 Kept as "),
    (OpenSmtpd, r"mta delivery .*to=<support@example.com> .*result=\"Ok\" stat=\"250 2\.0\.0 Kept as "),
], ids=["exim", "opensmtpd"])  # fmt: skip
async def test_a_server_brings_all_mails_over_tls(house: House, kind: Callable[..., MailServer], said: str) -> None:
    """With Exim in pipelines (L in its log) and by BDAT (K)."""
    def send() -> None:
        with kind({"example.com": ("127.0.0.1", house.port)}) as server:
            for content in MAILS:
                server.give(SENDER, SUPPORT, content)
            for number in range(1, len(MAILS) + 1):
                server.wait_for(said + str(number))

    await asyncio.to_thread(send)
    await all_have_come(house)


async def test_a_refusal_reaches_the_author_by_exim_and_opensmtpd(house: House) -> None:
    """Both make a notification of our words, which nobody takes here."""
    def send(kind: Callable[..., MailServer], said: str) -> None:
        with kind({"example.com": ("127.0.0.1", house.port)}) as server:
            server.give(SENDER, "nobody@example.com", mail("small"))
            server.wait_for(said)

    await asyncio.to_thread(send, Exim, r"\*\* nobody@example.com .*550 5\.1\.1 No such mailbox here")
    await asyncio.to_thread(send, OpenSmtpd, r"to=<nobody@example.com> .*PermFail.*550 5\.1\.1 No such mailbox here")
    assert await house.kept() == []


@pytest.mark.parametrize("pipelined", [False, True])
async def test_swaks_brings_all_mails_over_tls(house: House, tmp_path: Path, pipelined: bool) -> None:
    install()
    for path in written(tmp_path):
        path.write_bytes(path.read_bytes().removesuffix(b"\r\n"))  # it adds one of its own
        await asyncio.to_thread(run, "swaks", "--server", f"127.0.0.1:{house.port}", "-tls", "--suppress-data",
                                "--ehlo", "swaks.example.org", "--from", SENDER, "--to", SUPPORT, "--data", f"@{path}",
                                *(["--pipeline"] if pipelined else []))
    await all_have_come(house)


async def test_nodemailer_brings_all_mails_over_tls(house: House, tmp_path: Path) -> None:
    install()
    said = await asyncio.to_thread(run, "node", "-e", NODE, "--", str(DEBIAN / "usr/share/nodejs/nodemailer"),
                                   str(house.port), SENDER, SUPPORT, *map(str, written(tmp_path)))
    assert [line.rpartition(" ")[0] for line in said.splitlines()] == ["250 2.0.0 Kept as"] * len(MAILS)
    await all_have_come(house)


async def test_smtplib_brings_all_mails_over_tls(house: House) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", house.port, "python.example.org", 60) as client:
            client.starttls(context=trusting())
            for content in MAILS:
                client.sendmail(SENDER, [SUPPORT], content, ["BODY=8BITMIME"])

    await asyncio.to_thread(send)
    await all_have_come(house)


def written(folder: Path) -> list[Path]:
    paths = [folder / f"{kind}.eml" for kind in BODIES]
    for path, content in zip(paths, MAILS, strict=True):
        path.write_bytes(content)
    return paths


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
