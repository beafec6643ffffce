"""How values are written in config.toml: spans of time, sizes, addresses, hosts and ports, time zones,
addresses of the web, nets, listening places, databases.

Each reader takes what the file holds and raises ValueError with a sentence that shows the right form.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}


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


@dataclass(frozen=True)
class Listener:
    """A place that the door listens at, and what is spoken there: host and port, or the path of a unix socket."""

    kind: str
    """"smtp"; "tls" is SMTP inside TLS from the first octet on (RFC 8314 section 3.3); "lmtp" is RFC 2033."""
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        return self.at(self.path or f"{self.host}:{self.port}")

    def at(self, name: object) -> str:
        """The same kind of place elsewhere, as it would stand in config.toml. `name`: as a socket is named."""
        return ("" if self.kind == "smtp" else f"{self.kind}://") + ("unix:" if self.path else "") + place(name)


def place(name: object) -> str:
    """A listening socket's own name (getsockname) as it would stand in config.toml."""
    if not isinstance(name, tuple):
        return str(name)
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _listener(value: object) -> object:
    found = re.fullmatch(r"(?:(tls|lmtp)://)?(?:unix:(/.+)|(.*):(\d{1,5}))", value) if isinstance(value, str) else None
    if not found:
        return _no_listener(value)
    kind, path, host, port = found.groups()
    if path is None:
        _host_and_port(f"{host}:{port}")
        if int(port) > 65535:
            return _no_listener(value)
    if kind == "lmtp" and port == "25":
        raise ValueError("LMTP is not spoken at port 25 (RFC 2033 section 5): take another one")
    if kind == "tls" and path:
        raise ValueError(f"{value!r}: nobody listens on the way to a unix socket, so there is no TLS at one")
    return Listener(kind or "smtp", host or "", int(port or 0), path or "")


def _no_listener(value: object) -> object:
    if isinstance(value, Listener):
        return value
    raise ValueError(f'{value!r} is not host:port, such as "127.0.0.1:2525" or "[::1]:25", nor one of these with '
                     f'"tls://" or "lmtp://" in front, nor "unix:/path" or "lmtp://unix:/path"')


def _name_server(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        is_good = ip_address(host.strip("[]")).version == (6 if host.startswith("[") else 4) and 0 < int(port) < 65536
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(f'{value!r} is not address:port, such as "192.0.2.53:53" or "[2001:db8::53]:53"')
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


def url(value: str) -> str:
    """An address of the web, without a slash at its end."""
    host = r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?"
    if value and not re.fullmatch(rf"https?://{host}(/[A-Za-z0-9._~/-]*)?", value):
        raise ValueError(f'{value!r} is not an address of the web, such as "https://desk.example.com"')
    return value.rstrip("/")


def is_confidential(value: str) -> bool:
    """Whether nobody on the way reads what is sent to this address of the web: by TLS, or on this machine."""
    host = r"https://[A-Za-z0-9.-]+|http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])"
    return bool(re.fullmatch(rf"({host})(:\d{{1,5}})?([/?][!-~]*)?", value))


_WAYS_INSIDE = [ip_network(each) for each in ("2002::/16", "2001::/32", "::/8", "fec0::/10")]
"""6to4, Teredo, NAT64 and the like: addresses of IPv6 that stand for one of IPv4, which may be a private one; and what
once was a site's own (RFC 3879)."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is of the open network and leads nowhere else."""
    return address.is_global and not address.is_multicast and not any(address in net for net in _WAYS_INSIDE)


def _issuer(value: str) -> str:
    if value and (not is_confidential(value) or set("?#") & set(value)):
        raise ValueError(f'{value!r} is not an issuer, such as "https://login.example.com", as it calls itself')
    return value


def _net(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError(f'{value!r} is neither an IP address nor a net such as "10.0.0.0/8"') from None
    return value


def selector(value: str) -> str:
    """The name of a DKIM key (RFC 6376 section 3.1): one label or several."""
    if not re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", value):
        raise ValueError(f'{value!r} is not a selector: letters, digits and hyphens, such as "desk-2026"')
    return value


def _domain_name(value: str) -> str:
    label = "(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
    if len(value) > 180 or not re.fullmatch(rf"{label}(\.{label})+", value):
        raise ValueError(f'{value!r} is not a name in DNS, such as "list.example.org"')
    return value.lower()


def _host_name(value: str) -> str:
    label = "(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
    if len(value) > 253 or not re.fullmatch(rf"{label}(\.{label})*", value):
        raise ValueError(f'{value!r} is not the name of a host, such as "mx.example.com"')
    return value


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError(f"{value!r} is not one line of words")
    return value


def _capitals(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{1,6}", value):
        raise ValueError(f'{value!r} is not one to six capital letters, such as "FD"')
    return value


def _database(value: str) -> str:
    if value != "sqlite" and not re.match(r"postgres(ql)?://.", value):
        raise ValueError('must be "sqlite" or "postgresql://user:password@host/database"')  # it may hold a password
    return value


def _table(value: str) -> str:
    name = "[A-Za-z_][A-Za-z0-9_]{0,62}"
    if value and not re.fullmatch(rf"{name}(\.{name})?", value):
        raise ValueError(f'{value!r} is not the name of a table, such as "customers" or "crm.customers"')
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Octets = Annotated[int, BeforeValidator(octets), Field(ge=0)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Place = Annotated[Listener, BeforeValidator(_listener)]
DomainName = Annotated[str, AfterValidator(_domain_name)]
HostName = Annotated[str, AfterValidator(_host_name)]
HostPort = Annotated[str, AfterValidator(_host_and_port)]
NameServer = Annotated[str, AfterValidator(_name_server)]
Address = Annotated[str, AfterValidator(_address)]
Selector = Annotated[str, AfterValidator(selector)]
Url = Annotated[str, AfterValidator(url)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Net = Annotated[str, AfterValidator(_net)]
Line = Annotated[str, AfterValidator(_line)]
Capitals = Annotated[str, AfterValidator(_capitals)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Table = Annotated[str, AfterValidator(_table)]
