"""One line per fact on standard error, with its keys: for people as text, for programs as JSON.

Values may hold words of strangers: a value that is more than one plain word is quoted, so that no mail can add a line
of its own or reach the terminal.
"""

import json
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from gateway.config import Log
from gateway.console import plain

_JSON = json.JSONEncoder(default=str)  # made once: json.dumps makes one for each line


class StandardError:
    """Standard error, whatever it is by now. A line that cannot be written (full disk, closed pipe) costs no mail."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = exception = msg


_STANDARD_ERROR = StandardError()


def configure(section: Log, **process: object) -> None:
    """Set up logging for the whole process. `process`: keys that tell it from others in the same log."""
    structlog.configure(
        processors=[*([lambda _logger, _method, event: {**event, **process}] if process else []), _complete,
                    _as_json if section.format == "json" else _as_text],
        wrapper_class=structlog.make_filtering_bound_logger(section.level),
        logger_factory=lambda *_: _STANDARD_ERROR,
        cache_logger_on_first_use=False,
    )


def _complete(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["level"] = "error" if method == "exception" else method
    event["timestamp"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return structlog.processors.format_exc_info(logger, method, event) if "exc_info" in event else event


def _as_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return _JSON.encode(event)


def _as_text(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    head = f"{event.pop('timestamp')} {event.pop('level'):<7} {event.pop('event')}"
    trouble = event.pop("exception", "")
    return head + _keys(event) + (f"\n{plain.words(trouble)}" if trouble else "")


def _keys(event: Mapping[str, Any]) -> str:
    return "".join(f"  {key}={_value(value)}" for key, value in event.items())


def _value(value: object) -> str:
    text = str(value)
    is_word = bool(text) and text.isprintable() and not set(text) & set(' "=')
    return text if is_word else json.dumps(text)
