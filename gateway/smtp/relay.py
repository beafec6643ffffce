"""Behind another mail server: who its client is (Postfix's XCLIENT_README and XFORWARD_README).

Only relays that config.toml trusts are told of these commands and may use them. XCLIENT makes the session another
client's, from its beginning; XFORWARD speaks of the next mail only. So SPF, limits, log and Received see who sent it.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address

from gateway.smtp import path, policy, xtext
from gateway.smtp.policy import Reply
from gateway.smtp.transfer import Transfer

CLIENT = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "DESTADDR", "DESTPORT")
FORWARDED = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")
_UNTOLD = {"LOGIN", "REVERSE_NAME"}
"""Taken, not asked for. Names are of no use here: DNS is asked itself."""
_UNKNOWN = {"[UNAVAILABLE]", "[TEMPUNAVAIL]"}
_FORMS: dict[str, Callable[[str], object]] = {
    "HELO": path.is_helo_name,
    "PORT": re.compile("[0-9]{1,5}").fullmatch,
    "DESTPORT": re.compile("[0-9]{1,5}").fullmatch,
    "SOURCE": re.compile("LOCAL|REMOTE", re.IGNORECASE).fullmatch,
}
"""How the values of some attributes look where they are told."""
_ATTRIBUTE = re.compile(r"([A-Za-z_]+)=([!-~]{1,255})")


class Relay(Transfer):
    """The commands of a mail server in front of us."""

    _relay: tuple[str, str | None, bool] | None = None
    """What was known of the relay itself, while a forwarded client stands in its place."""

    def _forget_mail(self) -> None:
        super()._forget_mail()
        if self._relay and self.session:
            self.client_ip, self.session.host_name, self.session.extended_smtp = self._relay
        self._relay = None

    async def smtp_XCLIENT(self, arg: str | None) -> None:
        await self.push(self._take_client(arg or ""))

    async def smtp_XFORWARD(self, arg: str | None) -> None:
        await self.push(self._take_forwarded(arg or ""))

    def _take_client(self, argument: str) -> Reply:
        assert self.session is not None
        told = self._told(argument, {*CLIENT, *_UNTOLD})
        if isinstance(told, Reply):
            return told
        if told.get("PROTO", "").upper() not in ("", "SMTP", "ESMTP"):
            return policy.BAD_ATTRIBUTE
        self._begin(self.session.peer)
        if "ADDR" in told and (refusal := self._become(told["ADDR"])):
            return refusal
        self.session.host_name = told.get("HELO") or None
        self.session.extended_smtp = told.get("PROTO", "ESMTP").upper() != "SMTP"
        return Reply(220, "", self._greeting[4:])

    def _take_forwarded(self, argument: str) -> Reply:
        assert self.session is not None
        told = self._told(argument, set(FORWARDED))
        if isinstance(told, Reply):
            return told
        self._relay = self._relay or (self.client_ip, self.session.host_name, self.session.extended_smtp)
        self.client_ip = told.get("ADDR", self.client_ip)
        self.session.host_name = told.get("HELO") or self.session.host_name
        return policy.OK

    def _told(self, argument: str, known: set[str]) -> dict[str, str] | Reply:
        """The attributes by name, "" where the relay does not know; or why they are not taken."""
        if not self.is_from_relay:
            return policy.NOT_HERE
        if self._has_sender:
            return policy.MAIL_TWICE
        told = attributes(argument)
        return told if told and told.keys() <= known else policy.BAD_ATTRIBUTE


def attributes(argument: str) -> dict[str, str] | None:
    """`NAME=value` words, values in xtext; None when one is malformed, no address, or no name to greet with."""
    told = {}
    for word in argument.split():
        found = _ATTRIBUTE.fullmatch(word)
        value = xtext.decode(found[2]) if found else None
        if not found or value is None:
            return None
        told[found[1].upper()] = "" if value.upper() in _UNKNOWN else value
    try:
        for name in ("ADDR", "DESTADDR"):
            if told.get(name):
                told[name] = _address(told[name])
    except ValueError:
        return None
    return told if all(is_one(told[name]) for name, is_one in _FORMS.items() if told.get(name)) else None


def _address(text: str) -> str:
    """Raises ValueError. IPv4 in IPv6 clothes is IPv4."""
    address = ip_address(text[5:] if text[:5].upper() == "IPV6:" else text)
    return str(getattr(address, "ipv4_mapped", None) or address)
