"""DNS as a file says it is: for tests, `frontdesk explain` and `frontdesk authenticate`.

The file is JSON, `{name: {TYPE: [values]}}`. A TXT value is a string or a list of strings to be joined; MX is
`[preference, host]`; a CNAME is a string and is followed. "TIMEOUT", "SERVFAIL", "REFUSED" or "NXDOMAIN" may stand for
a type's values, for the type "*" (all that are not listed), or for a whole name. A name that is not listed does not
exist, unless a listed name lies below it.

Read as kindly as it can be: one value needs no list, null is none, numbers in a TXT are text, a name in U-labels is
found by its A-labels too, and types that nobody here asks for may hold anything.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from gateway.authentication.answer import NO_SUCH_NAME, NO_SUCH_RECORD, Answer
from gateway.authentication.names import can_be_asked, octets, plain, to_ascii

WORDS = ("TIMEOUT", "SERVFAIL", "REFUSED", "NXDOMAIN")
TYPES = ("TXT", "SPF", "MX", "A", "AAAA", "PTR", "CNAME", "NS", "*")
MAX_ALIASES = 16


class ZoneResolver:
    """Answers from a zone, at once. Raises ValueError, with a sentence, for what is no zone."""

    is_away = False

    def __init__(self, zone: Mapping[str, Any]):
        self._records: dict[str, dict[str, Answer]] = {}
        """By name and type; not what no query can carry."""
        self._above: set[str] = set()
        for name, records in zone.items():
            name = plain(name)
            for each in {name, to_ascii(name) or name}:
                self._add(each, records)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a zone file. Raises ValueError with a sentence when it cannot be used."""
        try:
            zone = json.loads(Path(path).read_bytes())
        except OSError as trouble:
            raise ValueError(f"The zone file {path} cannot be read: {trouble.strerror}.") from None
        except (ValueError, RecursionError) as trouble:
            raise ValueError(f"The zone file {path} is not JSON: {trouble}.") from None
        if not isinstance(zone, dict):
            raise ValueError(f"The zone file {path} must hold an object: names and their records.")
        return cls(zone)

    async def query(self, name: str, type: str) -> Answer:
        return self.recall(name, type)

    def recall(self, name: str, type: str) -> Answer:
        name = plain(name)
        for _ in range(MAX_ALIASES):
            records = self._records.get(name)
            if records is None:
                return NO_SUCH_RECORD if name in self._above and can_be_asked(name) else NO_SUCH_NAME
            answer, alias = records.get(type), records.get("CNAME")
            if answer or not alias or not alias.values:
                return answer or records.get("*", NO_SUCH_RECORD)
            name = plain(alias.values[0])
        return Answer("SERVFAIL")

    async def close(self) -> None:
        """Nothing is held open."""

    def _add(self, name: str, records: Any) -> None:
        if word := _word(records):
            records = {"*": word}
        if not isinstance(records or {}, Mapping):
            raise ValueError(f"In the zone, the records of {name!r} must be an object: types and their values.")
        kept = self._records.setdefault(name, {}) if can_be_asked(name) else {}
        for type_, values in (records or {}).items():
            if (type_ := type_.strip().upper()) in TYPES:
                kept[type_] = _answer(name, type_, values)
        while "." in name:
            name = name.partition(".")[2]
            self._above.add(name)


def _word(values: Any) -> str:
    """The word that stands for the values, alone or as the only one of a list; "" when there is none."""
    if isinstance(values, list) and len(values) == 1:
        values = values[0]
    return values.upper() if isinstance(values, str) and values.upper() in WORDS else ""


def _answer(name: str, type_: str, values: Any) -> Answer:
    if word := _word(values):
        return Answer(word)
    if type_ == "*":
        return NO_SUCH_RECORD
    if not isinstance(values, list) or (type_ == "MX" and _is_exchanger(values)):
        values = [values]
    try:
        return Answer("NOERROR", tuple(_value(type_, value) for value in values if value is not None))
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise ValueError(f"In the zone, the {type_} records of {name!r} cannot be read.") from None


def _is_exchanger(value: list[Any]) -> bool:
    return len(value) == 2 and not isinstance(value[0], list) and isinstance(value[1], str)


def _value(type_: str, value: Any) -> bytes | str | tuple[int, str]:
    if type_ in ("TXT", "SPF"):
        return b"".join(_octets(each) for each in (value if isinstance(value, list) else [value]))
    if type_ == "MX":
        preference, host = value.split() if isinstance(value, str) else value
        return int(preference), plain(host.strip())
    if not isinstance(value, str):
        raise TypeError
    return plain(value.strip())


def _octets(text: Any) -> bytes:
    if not isinstance(text, str | int | float):
        raise TypeError
    return b".".join(octets(str(text)))
