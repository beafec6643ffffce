"""config.toml as frozen sections. A wrong key, unit or value is an error that names the file, the line and the key.

Each room gets its own section from service.py and sees no other. The tables [handlers.<name>] stay raw here: a
handler declares its own settings, so desk/journey reads them through `Config.section`.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.source import NOWHERE, Origin, Source
from gateway.units import (
    Address,
    Capitals,
    DatabaseUrl,
    DomainName,
    HostName,
    HostPort,
    Issuer,
    Line,
    NameServer,
    Net,
    Octets,
    Place,
    Selector,
    Table,
    TimeZone,
    Url,
    url,
)
from gateway.units import Duration as Duration  # handlers' settings have it from here
from gateway.units import Listener as Listener  # and the door this
from gateway.units import is_confidential as is_confidential  # and web/provider this
from gateway.units import is_public as is_public  # and who makes and who calls webhooks this

Action = Literal["accept", "quarantine", "defer", "refuse"]


class ConfigError(Exception):
    """One or more faults in a config file, one sentence a line, each with file, line and key. Exit code 2."""


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _at_the_root(value: str) -> str:
    """The address of a web site without a path: a cookie of ours holds for the whole of it."""
    if url(value).count("/") > 2:
        raise ValueError(f'{value!r} has a path: the agents\' page wants a name of its own, such as '
                         '"https://agents.example.com"')
    return url(value)


def _twice(names: Sequence[str]) -> str:
    """The first of the names that stands there again; "" when none does."""
    return next((name for name in names if names.count(name) > 1), "")


class Site(Section):
    """[site]: who we are."""

    name: Line = "Example Support"
    """How letters sign and what stands as the display name in From."""
    hostname: HostName = "mx.example.com"
    """Our own name: in the greeting, EHLO, Received and as authserv-id. Must be what the MX record says."""
    support: tuple[Address, ...] = Field(("support@example.com",), min_length=1)
    """The addresses that customers write to; the first one is the sender of our letters."""
    agents: dict[str, str] = {}
    """Agents by login name, with the name their letters are signed with."""
    languages: tuple[str, ...] = Field(("en", "ko"), min_length=1)
    """Languages that have a folder under templates/; the first serves customers who write in none of them."""
    timezone: TimeZone = "Asia/Seoul"
    """Zone of office hours, of times in letters and of the year in request numbers."""
    data: Path = Path("var")
    """Folder of everything that must survive: database, secret, certificate. Relative to the config file."""
    templates: Path | None = None
    """Folder of the letters; by default the one that came with frontdesk."""

    @property
    def domains(self) -> frozenset[str]:
        """The domains of our support addresses."""
        return frozenset(address.rpartition("@")[2].lower() for address in self.support)

    @property
    def names(self) -> frozenset[str]:
        """The names that we and our agents sign with."""
        return frozenset({self.name, *self.agents.values()})


class Smtp(Section):
    """[smtp]: the door."""

    listen: tuple[Place, ...] = Field((Listener("smtp", "127.0.0.1", 2525),), min_length=1)
    """Where to listen: an MX wants "0.0.0.0:25" and "[::]:25"; "tls://host:port", "lmtp://host:port", "unix:/path"."""
    proxies: tuple[Net, ...] = ()
    """Balancers in front of us: what comes from there begins with a PROXY header (versions 1 and 2), and must."""
    trusted_relays: tuple[Net, ...] = ()
    """Mail servers in front of us: they may say who their client is, by XCLIENT and XFORWARD. A unix socket is one."""
    size: Octets = 25_000_000
    """Largest mail taken, declared as SIZE; larger ones are refused with 552 5.3.4."""
    certificate: Path | None = None
    """PEM file with the chain; without it a self-signed one is made in the data folder."""
    key: Path | None = None
    """PEM file with the key of the certificate."""
    connections: int = Field(200, ge=1)
    """Connections at once; further ones are told 421 4.3.2."""
    connections_per_client: int = Field(20, ge=1)
    """Connections at once from one IPv4 address or IPv6 /64."""
    recipients: int = Field(100, ge=1)
    """Recipients in one transaction; further ones get 452 4.5.3."""
    errors: int = Field(20, ge=1)
    """Refused commands in one session before 421 4.7.0."""
    unknown_recipients: int = Field(50, ge=1)
    """Recipients without a mailbox from one client's net; half of them are forgotten in ten minutes. Then 421."""
    dnsbl: tuple[DomainName, ...] = ()
    """Lists in DNS of addresses that send no good mail (RFC 5782); a client on one of them gets 550 5.7.1."""
    greylist: Duration = timedelta(0)
    """How long an unknown client, sender and recipient are told 451 4.7.1; 0s lets them in at once."""
    minimum_rate: Octets = 500
    """Octets a second, on the average, that a mail comes in with at least; a slower one gets 421 4.4.2."""
    command_timeout: Duration = timedelta(minutes=5)
    """Silence allowed between commands (RFC 5321 section 4.5.3.2.7)."""
    data_timeout: Duration = timedelta(minutes=3)
    """Silence allowed inside DATA (RFC 5321 section 4.5.3.2.5)."""
    session_timeout: Duration = timedelta(minutes=30)
    """Longest whole session; then 421 4.4.2, behind the mail that is on its way and keeps up minimum_rate."""
    drain: Duration = timedelta(seconds=20)
    """How long open sessions may finish after SIGTERM."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that take mail, all at the same ports and into one store; 1 takes it in the process of the desk."""

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key are set together, or neither")
        return self

    @model_validator(mode="after")
    def _one_port_for_all(self) -> Self:
        if self.workers > 1 and any(not each.port and not each.path for each in self.listen):
            raise ValueError("several workers cannot share port 0: name one")
        return self


class Dns(Section):
    """[dns]: whom authentication asks."""

    nameservers: tuple[NameServer, ...] = ()
    """Name servers as address:port; none means those of the system."""
    timeout: Duration = Field(timedelta(seconds=1), gt=timedelta(0))
    """Time given to one try of one question."""
    tries: int = Field(2, ge=1, le=5)
    """Tries per question."""


class Authentication(Section):
    """[authentication]: what the door does about what SPF, DKIM, DMARC and ARC found."""

    enabled: bool = True
    """False takes every mail as identity "unknown"."""
    broken_author: Action = "refuse"
    """From is absent, broken or names several domains."""
    dmarc_reject: Action = "refuse"
    """DMARC failed, the domain asks to reject."""
    dmarc_reject_through_list: Action = "quarantine"
    """The same, with the marks of a mailing list or forwarder, which break signatures in good faith."""
    dmarc_quarantine: Action = "quarantine"
    """DMARC failed, the domain asks for quarantine."""
    own_domain: Action = "refuse"
    """The author claims a domain of ours from outside without a pass."""
    temporary_error: Action = "defer"
    """DNS of the sender's domain failed for now and the outcome hangs on it."""
    defer_for: Duration = timedelta(hours=4)
    """Who is deferred for so long is let in as identity "unknown", and not answered automatically."""
    no_dns: Action = "accept"
    """No name server answers at all: the mail is kept as identity "unknown"."""
    replay: Action = "refuse"
    """Mails with one DKIM signature came again and again within a week."""
    replay_sightings: int = Field(10, ge=1)
    """So many mails with one signature are let in; the next one is a replay."""
    trusted_sealers: tuple[str, ...] = ()
    """Domains whose ARC seal may excuse a DMARC failure."""


class Store(Section):
    """[store]: what must survive."""

    url: DatabaseUrl = "sqlite"
    """"sqlite" is data/frontdesk.db; else postgresql://user:password@host/database."""
    backlog: Octets = 64_000_000
    """Octets of mails that may wait for the disk; further ones get 451 4.3.1."""
    free: Octets = 200_000_000
    """Octets (or a tenth of a small disk) that stay free where the data folder is; with less, mail gets 452 4.3.1."""

    def database_url(self, data: Path) -> str:
        return f"sqlite:///{data / 'frontdesk.db'}" if self.url == "sqlite" else self.url


def _each_handler_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := _twice(names):
        raise ValueError(f"{twice!r} stands here twice")
    return names


class Desk(Section):
    """[desk]: requests and the order of the handlers."""

    handlers: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_each_handler_once)] = (
        "screen", "thread", "classify", "verify", "feedback", "route", "acknowledge", "answer", "resolve", "returned",
    )
    """Names of files in handlers/, asked in this order."""
    prefix: Capitals = "FD"
    """Capital letters before the year in request numbers."""
    lease: Duration = timedelta(minutes=30)
    """How long a claimed request stays with an agent who does nothing."""
    undo: Duration = timedelta(seconds=10)
    """How long an agent at the page can take back what they said: its letter waits so long."""
    attempts: int = Field(5, ge=1)
    """Tries before a mail on which a handler fails is shunted for a person to look at."""
    capability_lifetime: Duration = timedelta(days=180)
    """How long a reply address in a letter stays good."""


class DkimKey(Section):
    """One of [delivery] dkim_keys: a key that signs our letters."""

    selector: Selector
    """The name under which DNS holds the public half: <selector>._domainkey.<domain>."""
    file: Path
    """PEM file of the private key (RSA or ed25519). Relative to the config file."""


def _each_selector_once(keys: tuple[DkimKey, ...]) -> tuple[DkimKey, ...]:
    if twice := _twice([key.selector.lower() for key in keys]):
        raise ValueError(f"two keys have the selector {twice!r}")
    return keys


class Delivery(Section):
    """[delivery]: the way out."""

    smarthost: HostPort = ""
    """host:port of a mail server that relays for us."""
    direct: bool = False
    """Deliver straight to the customers' MX hosts. With neither this nor a smarthost, letters become .eml files in
    data/sent."""
    starttls: Literal["never", "may", "must"] = "may"
    """TLS towards the next host; "must" also checks its certificate."""
    username: str = ""
    password: str = ""
    """Login at the smarthost; the password may come from FRONTDESK_DELIVERY__PASSWORD."""
    dkim_keys: Annotated[tuple[DkimKey, ...], AfterValidator(_each_selector_once)] = ()
    """The keys that sign our letters, each of them every letter; without one they go unsigned."""
    dkim_domain: str = ""
    """The domain that signs; that of the first support address unless set."""
    connections: int = Field(10, ge=1)
    """Letters on their way at once."""
    timeout: Duration = timedelta(minutes=5)
    """Longest wait for one reply of the next host."""
    retry_first: Duration = timedelta(minutes=5)
    """Wait after the first deferral; it doubles, with jitter."""
    retry_longest: Duration = timedelta(hours=4)
    """Longest wait between two tries."""
    give_up: Duration = timedelta(days=4)
    """Age at which a deferred letter counts as bounced."""


class Customers(Section):
    """[customers]: whom account requests are compared with; only read."""

    file: Path | None = None
    """A CSV file with the columns address, name, account and standing."""
    table: Table = ""
    """Or a table in our own database with these columns."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.file and self.table:
            raise ValueError("the customers are in a file or in a table, not in both")
        return self


class Web(Section):
    """[web]: the page on which a customer answers the verification letter."""

    listen: HostPort = "127.0.0.1:8025"
    """Address to listen at, with plain HTTP; "" serves no page here."""
    url: Url = ""
    """What the page is called from outside. Letters that leave this machine carry a link only when it is set."""
    proxies: tuple[Net, ...] = ("127.0.0.1", "::1")
    """Web servers in front of us: only their X-Forwarded-For is believed."""


class Oidc(Section):
    """[agents.oidc]: agents log in by the organisation's own provider (OpenID Connect), beside passwords."""

    issuer: Issuer = ""
    """What the provider calls itself, to the letter; "" is no provider."""
    client_id: str = ""
    """What it calls us."""
    client_secret: str = ""
    """Our password there; it may come from FRONTDESK_AGENTS__OIDC__CLIENT_SECRET."""
    claim: str = Field("email", min_length=1)
    """The claim that is somebody's address; the provider must say email_verified."""
    domain: str = ""
    """Addresses of this domain are login names without it; others are login names as they are."""

    @model_validator(mode="after")
    def _known_there(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("an issuer wants the client_id by which it knows us")
        return self

    def login_name(self, address: str) -> str:
        """The login name of whoever has this address."""
        local, _, domain = address.rpartition("@")
        return local if self.domain and domain.lower() == self.domain.lower() else address


class Agents(Section):
    """[agents]: the agents' page and its API, at an address of its own that the public does not reach."""

    listen: HostPort = "127.0.0.1:8026"
    """Address to listen at, with plain HTTP; "" serves neither."""
    url: Annotated[str, AfterValidator(_at_the_root)] = ""
    """What it is called from outside; with https:// the cookie goes over TLS only."""
    proxies: tuple[Net, ...] = ("127.0.0.1", "::1")
    """Web servers in front of us: only their X-Forwarded-For is believed."""
    login: Duration = Field(timedelta(hours=12), gt=timedelta(0))
    """How long an agent who has logged in need not do so again."""
    webhook_nets: tuple[Net, ...] = ()
    """Nets of our own that webhooks may reach, also without TLS; others only at public addresses over TLS."""
    api_per_minute: int = Field(600, ge=1)
    """What one token may ask of the API in a minute, all of it at once if it likes; more gets 429."""
    mcp: bool = False
    """Whether AI agents find the desk at /api/v1/mcp, each with a token."""
    oidc: Oidc = Oidc()
    """The organisation's own login."""

    @model_validator(mode="after")
    def _where_to_come_back(self) -> Self:
        if self.oidc.issuer and not self.url:
            raise ValueError("[agents.oidc] wants [agents] url, to which the provider sends agents back")
        return self


class Status(Section):
    """[status]: /healthz, /readyz and /metrics, for whoever runs it."""

    listen: HostPort = "127.0.0.1:9125"
    """A private address to listen at, with plain HTTP; "" serves none."""


class Log(Section):
    """[log]: one line per fact on standard error."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """All of config.toml."""

    site: Site = Site()
    smtp: Smtp = Smtp()
    dns: Dns = Dns()
    authentication: Authentication = Authentication()
    store: Store = Store()
    desk: Desk = Desk()
    delivery: Delivery = Delivery()
    customers: Customers = Customers()
    web: Web = Web()
    agents: Agents = Agents()
    status: Status = Status()
    log: Log = Log()
    handlers: dict[str, dict[str, Any]] = {}
    """[handlers.<name>]: settings that the handler itself declares."""

    _origin: "Origin | None" = None

    @property
    def page(self) -> str:
        """What links in letters begin with; "" when they carry none. No letter that leaves this machine names it."""
        stays_here = not self.delivery.smarthost and not self.delivery.direct
        tried_out = f"http://{self.web.listen}" if self.web.listen and stays_here else ""
        return self.web.url or tried_out

    def section(self, name: str, model: type["S"]) -> "S":
        """[handlers.<name>] read as the handler's own settings. Raises ConfigError with file, line and key."""
        try:
            return model(**self.handlers.get(name, {}))
        except ValidationError as error:
            raise ConfigError((self._origin or NOWHERE).describe(error, ("handlers", name), model)) from None

    def fault(self, path: tuple[str, ...], sentence: str) -> ConfigError:
        """A ConfigError about a value that only another room could find wrong."""
        return ConfigError(f"{(self._origin or NOWHERE).place(path)}: {sentence}")


S = TypeVar("S", bound=BaseModel)


def load(path: Path, environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Config:
    """Read a config file. `folder`: what its relative paths start from, its own folder unless given.

    Raises ConfigError: a sentence per fault, with file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: it is not UTF-8 (octet {error.start + 1})") from None
    tree = _tree(path, text)
    origin = Origin(Source(str(path), text), _overlay(tree, environment))
    try:
        config = Config(**tree)
    except ValidationError as error:
        raise ConfigError(origin.describe(error, (), Config)) from None
    config = _anchor(config, (folder or path.parent).resolve())
    config._origin = origin
    return config


def _tree(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
        what, line, column = found.groups() if found else (str(error), None, None)
        where = f" (column {column})" if column else ""
        raise ConfigError(f"{path}:{line or text.count(chr(10)) + 1}: is not TOML: {what}{where}") from None


def _overlay(tree: dict[str, Any], environment: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """FRONTDESK_SECTION__KEY overrides a key, so that a secret need not stand in the file; lists are as in TOML.

    Returns the variable that each overridden key came from.
    """
    variables = {}
    for name, value in environment.items():
        path = tuple(name.removeprefix("FRONTDESK_").lower().split("__"))
        if name.startswith("FRONTDESK_") and len(path) > 1 and all(path):
            _put(tree, path, _listed(value))
            variables[path] = name
    return variables


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        inner = tree.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[path[-1]] = value


def _listed(value: str) -> Any:
    if not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _anchor(config: Config, folder: Path) -> Config:
    """Paths in the file are relative to the file, wherever the command was started."""
    def anchored(value: Any) -> Any:
        if isinstance(value, Path):
            return folder / value
        if isinstance(value, tuple):
            return tuple(anchored(each) for each in value)
        return section(value) if isinstance(value, Section) else value

    def section(value: "S") -> "S":
        return value.model_copy(update={name: anchored(inner) for name, inner in value})

    return section(config)
