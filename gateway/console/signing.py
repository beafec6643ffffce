"""The keys that sign our letters: made, and told as DNS (RFC 6376 section 3.6.1) and config.toml want them."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.authentication.names import to_ascii
from gateway.authentication.signer import Kind, Signer, SigningKey
from gateway.config import Config
from gateway.console import plain, show
from gateway.console.edge import Failure
from gateway.mail.envelope import domain_of
from gateway.rooms import build_signer

KINDS: dict[str, tuple[Kind, ...]] = {"rsa": ("rsa",), "ed25519": ("ed25519",), "both": ("rsa", "ed25519")}
STRING = 255
"""Octets of one character-string of a TXT record (RFC 1035 section 3.3)."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs our letters: a domain, by the keys in these files, in the order of the signer's keys."""

    signer: Signer
    files: Sequence[Path]


def configured(config: Config) -> Signing | None:
    """The keys that config.toml names. Raises ConfigError for one that cannot be used."""
    signer = build_signer(config)
    if signer is None:
        return None
    files = {key.selector: key.file for key in config.delivery.dkim_keys}
    return Signing(signer, [files[key.selector] for key in signer.keys])


def make(config: Config, selector: str, kind: Literal["rsa", "ed25519", "both"], domain: str,
         folder: Path) -> Signing:
    """New keys, each in a file that only its owner reads. Raises Failure; a file that is there is left as it is."""
    kinds = KINDS[kind]
    selectors = [selector] if len(kinds) == 1 else [f"{selector}-{each}" for each in kinds]
    files = [folder.absolute() / f"dkim-{each}.pem" for each in selectors]
    if there := next((file for file in files if file.exists()), None):
        raise Failure(f"{there} is there already and stays as it is. With it in [delivery] dkim_keys, `frontdesk dkim` "
                      "prints its DNS record; another --selector makes another key.")
    try:
        signer = Signer(domain or config.delivery.dkim_domain or domain_of(config.site.support[0]),
                        [SigningKey.make(*each) for each in zip(selectors, kinds, strict=True)])
    except ValueError as error:
        raise Failure(str(error)) from None
    signing = Signing(signer, files)
    _keep(signing)
    return signing


def _keep(signing: Signing) -> None:
    try:
        for file, key in zip(signing.files, signing.signer.keys, strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
                opened.write(key.pem)
                opened.flush()
                os.fsync(opened.fileno())
    except OSError as error:
        raise Failure(f"{error.filename} cannot be made: {error.strerror}") from None


# ---- what is told --------------------------------------------------------------------------------------------------


def tell(config: Config, signing: Signing, as_json: bool) -> None:
    """The records for DNS, and the lines for config.toml."""
    if as_json:
        return show.json_line(_as_json(config, signing))
    lines = plain.words("\n".join(_lines(config, signing)))
    return show.console().print(lines, soft_wrap=True)  # a record is copied whole: no line may be broken


def _lines(config: Config, signing: Signing) -> Iterator[str]:
    domain = signing.signer.domain
    for key, file in zip(signing.signer.keys, signing.files, strict=True):
        yield from (
            f"{key.name(domain)}: {key.kind}, {key.bits} bits, the private key is {file}",
            "in a zone file:", f"    {_zone_line(key, domain)}",
            "in a form that asks for a TXT value:", f"    {key.record}", "",
        )  # fmt: skip
    yield "in config.toml:"
    yield from (f"    {line}" for line in _settings(config, signing))
    yield ""
    yield "`frontdesk check --dns` says whether DNS publishes what is configured."


def _as_json(config: Config, signing: Signing) -> dict[str, Any]:
    domain = signing.signer.domain
    keys = [{"selector": key.selector, "kind": key.kind, "bits": key.bits, "file": str(file), "name": key.name(domain),
             "value": key.record, "strings": strings(key.record), "zone": _zone_line(key, domain)}
            for key, file in zip(signing.signer.keys, signing.files, strict=True)]
    return {"domain": domain, "keys": keys, "config": "\n".join(_settings(config, signing))}


def strings(record: str) -> list[str]:
    """A record in the pieces that a TXT record is made of; others join them without a blank."""
    return [record[start : start + STRING] for start in range(0, len(record), STRING)]


def _zone_line(key: SigningKey, domain: str) -> str:
    return f"{key.name(domain)}. IN TXT " + " ".join(f'"{each}"' for each in strings(key.record))


def _settings(config: Config, signing: Signing) -> Iterator[str]:
    yield "[delivery]"
    yield "dkim_keys = ["
    for key, file in zip(signing.signer.keys, signing.files, strict=True):
        yield f'    {{ selector = "{key.selector}", file = {json.dumps(str(file), ensure_ascii=False)} }},'
    yield "]"
    if signing.signer.domain != to_ascii(domain_of(config.site.support[0])):
        yield f'dkim_domain = "{signing.signer.domain}"'
