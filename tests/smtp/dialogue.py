"""Dialogues written down as RFC 5321 appendix D does: `C:` is said by the client, `S:` is how the answer must begin.

    C: MAIL FROM:<alice@example.org>
    S: 250 2.1.0

Lines of the client with no answer between them go out in one piece. What stands behind `S:` is a regular expression;
`S: closed` means that the server hung up, `TLS` that the client begins the handshake here. A client's line that ends
with \\ has no CRLF; ␍ ␊ ␀ stand for the bare octets. Unless a dialogue begins with `S: 220`, the greeting and EHLO are
past. $ENVELOPE, $MAIL, $RCPT stand for the commands of an envelope that is taken.
"""

import asyncio
import re
import ssl

from smtp.house import Client

MAIL, RCPT = "MAIL FROM:<alice@example.org>", "RCPT TO:<support@example.com>"
SHORT = {"$ENVELOPE": f"{MAIL}\nS: 250\nC: {RCPT}\nS: 250", "$MAIL": MAIL, "$RCPT": RCPT,
         "$LETTER": "Subject: Hello\nC:\nC: Hi\nC: ."}  # fmt: skip
_OCTETS = str.maketrans({"␍": "\r", "␊": "\n", "␀": "\0"})


async def hold(client: Client, dialogue: str) -> list[str]:
    """Say it, line by line. The replies; raises AssertionError at the first that is another one."""
    heard: list[str] = []
    if not dialogue.lstrip().startswith("S: 220"):
        dialogue = f"S: 220\nC: EHLO client.example.org\nS: 250-\n{dialogue}"
    for short, whole in SHORT.items():
        dialogue = dialogue.replace(short, whole)
    said = b""
    for line in dialogue.strip().splitlines():
        line = line.strip()
        if not line:
            continue
        if line.startswith("C:"):
            said += octets(line[3:])
            continue
        if said:
            client.send(said)
            said = b""
        if line == "TLS":
            await client.writer.start_tls(trusting())
        elif line == "S: closed":
            assert await client.is_closed(), f"still open after {heard}"
        else:
            try:
                heard.append(await asyncio.wait_for(client.reply(), 20))
            except TimeoutError:
                raise AssertionError(f"nothing is answered where {line!r} is due, after {heard}") from None
            assert re.match(line.removeprefix("S: "), heard[-1], re.DOTALL), f"{line}: {heard}"
    return heard


def octets(line: str) -> bytes:
    """What one line of the client is on the wire."""
    line = line.translate(_OCTETS)
    return line[:-1].encode() if line.endswith("\\") else line.encode() + b"\r\n"


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
