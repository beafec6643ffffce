"""config.toml as frozen sections. A wrong key, unit or value is an error that names the file, the line and the key.

Each room gets its own section from service.py and sees no other. The tables [handlers.<name>] stay raw here: a
handler declares its own settings, so desk/pipeline reads them through `Config.section`.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Action = Literal["accept", "quarantine", "defer", "refuse"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}


class ConfigError(Exception):
    """One or more faults in a config file, one sentence a line, each with file, line and key. Exit code 2."""


def duration(value: object) -> object:
    """A time span written as "90s", "10m", "4h" or "7d", or several together ("1h30m")."""
    if isinstance(value, timedelta):
        return value
    parts = re.findall(r"(\d+)([smhd])", value) if isinstance(value, str) else []
    if not parts or "".join(number + unit for number, unit in parts) != str(value).replace(" ", ""):
        raise ValueError(f'{value!r} is not a time span: write a number and a unit, such as "90s", "10m", "4h", "7d"')
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))


def octets(value: object) -> object:
    """A size written as "25MB", "512KiB", or a plain number of octets."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"(\d+)\s*([kmg]?i?b?)", value, re.IGNORECASE) if isinstance(value, str) else None
    if not found or found[2].upper() not in _SIZES:
        raise ValueError(f'{value!r} is not a size: write a number and a unit, such as "25MB" or "512KiB"')
    return int(found[1]) * _SIZES[found[2].upper()]


def _host_and_port(value: str) -> str:
    if value and not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):\d{1,5}", value):
        raise ValueError(f'{value!r} is not host:port, such as "127.0.0.1:2525" or "[::1]:25"')
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'{value!r} is not a time zone: write a name such as "Asia/Seoul" or "UTC"') from None
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*/=?^_`{|}~-]+@[A-Za-z0-9.-]+\.?", value):
        raise ValueError(f'{value!r} is not a mail address of the form name@domain without "+"')
    return value.rstrip(".")


Duration = Annotated[timedelta, BeforeValidator(duration)]
Octets = Annotated[int, BeforeValidator(octets), Field(ge=0)]
HostPort = Annotated[str, AfterValidator(_host_and_port)]
Address = Annotated[str, AfterValidator(_address)]


class Section(BaseModel):
    """A table of config.toml: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Site(Section):
    """[site]: who we are."""

    name: str = "Example Support"
    """How letters sign and what stands as the display name in From."""
    hostname: str = "mx.example.com"
    """Our own name: in the greeting, EHLO, Received and as authserv-id. Must be what the MX record says."""
    support: tuple[Address, ...] = Field(("support@example.com",), min_length=1)
    """The addresses that customers write to; the first one is the sender of our letters."""
    agents: dict[str, str] = {}
    """Agents by login name, with the name their letters are signed with."""
    languages: tuple[str, ...] = Field(("en", "ko"), min_length=1)
    """Languages that have a folder under templates/; the first serves customers who write in none of them."""
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Seoul"
    """Zone of office hours, of times in letters and of the year in request numbers."""
    data: Path = Path("var")
    """Folder of everything that must survive: database, secret, certificate. Relative to the config file."""
    templates: Path | None = None
    """Folder of the letters; by default the one that came with frontdesk."""


class Smtp(Section):
    """[smtp]: the door."""

    listen: tuple[HostPort, ...] = Field(("127.0.0.1:2525",), min_length=1)
    """Addresses to listen at. An MX wants "0.0.0.0:25" and "[::]:25"."""
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
    command_timeout: Duration = timedelta(minutes=5)
    """Silence allowed between commands (RFC 5321 section 4.5.3.2.7)."""
    data_timeout: Duration = timedelta(minutes=3)
    """Silence allowed inside DATA (RFC 5321 section 4.5.3.2.5)."""
    session_timeout: Duration = timedelta(minutes=30)
    """Longest whole session; then 421 4.4.2."""
    drain: Duration = timedelta(seconds=20)
    """How long open sessions may finish after SIGTERM."""


class Dns(Section):
    """[dns]: whom authentication asks."""

    nameservers: tuple[HostPort, ...] = ()
    """Name servers as host:port; none means those of the system."""
    timeout: Duration = timedelta(seconds=1)
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
    temporary_error: Action = "accept"
    """DNS of the sender's domain failed for now and the outcome hangs on it."""
    no_dns: Action = "accept"
    """No name server answers at all: the mail is kept as identity "unknown"."""
    trusted_sealers: tuple[str, ...] = ()
    """Domains whose ARC seal may excuse a DMARC failure."""


class Store(Section):
    """[store]: what must survive."""

    url: str = "sqlite"
    """"sqlite" is data/frontdesk.db; else postgresql://user:password@host/database."""

    def database_url(self, data: Path) -> str:
        return f"sqlite:///{data / 'frontdesk.db'}" if self.url == "sqlite" else self.url


class Desk(Section):
    """[desk]: requests and the order of the handlers."""

    handlers: tuple[str, ...] = (
        "screen", "thread", "classify", "verify", "route", "acknowledge", "answer", "feedback", "resolve", "returned",
    )
    """Names of files in handlers/, asked in this order."""
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,6}$")] = "FD"
    """Capital letters before the year in request numbers."""
    lease: Duration = timedelta(minutes=30)
    """How long a claimed request stays with an agent who does nothing."""
    attempts: int = Field(5, ge=1)
    """Tries before a mail on which a handler fails is shunted for a person to look at."""
    capability_lifetime: Duration = timedelta(days=180)
    """How long a reply address in a letter stays good."""


class Delivery(Section):
    """[delivery]: the way out."""

    smarthost: HostPort = ""
    """host:port of a mail server that relays for us."""
    direct: bool = False
    """Deliver straight to the customers' MX hosts. With neither this nor a smarthost, letters become .eml files in data/sent."""
    starttls: Literal["never", "may", "must"] = "may"
    """TLS towards the next host; "must" also checks its certificate."""
    username: str = ""
    password: str = ""
    """Login at the smarthost; the password may come from FRONTDESK_DELIVERY__PASSWORD."""
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: Path | None = None
    """Our letters are signed when all three are set."""
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
    log: Log = Log()
    handlers: dict[str, dict[str, Any]] = {}
    """[handlers.<name>]: settings that the handler itself declares."""

    _source: "Source | None" = None

    def section(self, name: str, model: type["S"]) -> "S":
        """[handlers.<name>] read as the handler's own settings. Raises ConfigError with file, line and key."""
        try:
            return model(**self.handlers.get(name, {}))
        except ValidationError as error:
            source = self._source or Source("config.toml", "")
            raise ConfigError(source.describe(error, ("handlers", name), model)) from None

    def fault(self, path: tuple[str, ...], sentence: str) -> ConfigError:
        """A ConfigError about a value that only another room could find wrong."""
        source = self._source or Source("config.toml", "")
        return ConfigError(f"{source.place(path)}: {sentence}")


S = TypeVar("S", bound=BaseModel)


class Source:
    """Where in the file each key stands, so that an error can say it."""

    _TABLE = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+")
    _KEY = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = dict(self._scan(text))

    def _scan(self, text: str) -> Iterable[tuple[tuple[str, ...], int]]:
        table: tuple[str, ...] = ()
        count: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if found := self._TABLE.match(line):
                table = _parts(found[1])
                if line.lstrip().startswith("[["):
                    count[table] = count.get(table, -1) + 1
                    table = (*table, str(count[table]))
                yield table, number
            elif found := self._KEY.match(line):
                yield (*table, *_parts(found[1])), number

    def place(self, path: tuple[str, ...]) -> str:
        """file:line: key, with the line of the nearest known parent."""
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.lines), ())
        line = f":{self.lines[known]}" if known else ""
        return f"{self.name}{line}: {'.'.join(path)}"

    def describe(self, error: ValidationError, prefix: tuple[str, ...], model: type[BaseModel]) -> str:
        return "\n".join(self._sentence(each, prefix, model) for each in error.errors())

    def _sentence(self, fault: Any, prefix: tuple[str, ...], model: type[BaseModel]) -> str:
        path = (*prefix, *(str(part) for part in fault["loc"]))
        if fault["type"] == "extra_forbidden":
            keys = ", ".join(sorted(_fields_at(model, fault["loc"][:-1])))
            return f"{self.place(path)}: there is no such setting; allowed here: {keys}"
        text = str(fault["msg"]).removeprefix("Value error, ")
        return f"{self.place(path)}: {text}"


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _fields_at(model: type[BaseModel], path: tuple[Any, ...]) -> Iterable[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return ()
        model = field.annotation
    return model.model_fields


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read a config file. Raises ConfigError: a sentence per fault, with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None
    _overlay(tree, environment)
    source = Source(str(path), text)
    try:
        config = Config(**tree)
    except ValidationError as error:
        raise ConfigError(source.describe(error, (), Config)) from None
    config = _anchor(config, path.resolve().parent)
    config._source = source
    return config


def _overlay(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    """FRONTDESK_SECTION__KEY overrides a key, so that a secret need not stand in the file."""
    for name, value in environment.items():
        section, found, key = name.removeprefix("FRONTDESK_").lower().partition("__")
        if name.startswith("FRONTDESK_") and found:
            tree.setdefault(section, {})[key] = value


def _anchor(config: Config, folder: Path) -> Config:
    """Paths in the file are relative to the file, wherever the command was started."""
    def absolute(section: Section) -> Section:
        paths = {name: folder / value for name, value in section if isinstance(value, Path)}
        return section.model_copy(update=paths)

    return config.model_copy(update={name: absolute(value) for name, value in config if isinstance(value, Section)})
