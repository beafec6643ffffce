"""Where in config.toml each key stands (TOML 1.0): a fault is told with its line and with what is allowed there.

Only a text that `tomllib` has read goes in: what is written here looks for positions, not for faults. Paths are tuples
of names; an element of an array counts as a name ("0", "1" ...), as in pydantic's `loc`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Path = tuple[str, ...]

WORDS = {
    "missing": "this key is missing",
    "too_short": "must not be empty",
    "tuple_type": 'must be a list, such as ["one", "two"]',
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
}
"""What pydantic says in the words of Python, in the words of a file."""

_TOKEN = re.compile(
    r'''(?P<string>"""(?:[^\\"]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}'''
    r'''|"(?:[^\\"\n]|\\.)*"|'[^'\n]*')|(?P<comment>\#[^\n]*)|(?P<end>\n)|(?P<mark>[\[\]{}=,.])'''
    r'''|(?P<bare>[^\s\[\]{}=,."'\#]+)''',
    re.DOTALL,
)


class Source:
    """The text of one file. `lines` maps each key's path to its line, counted from 1."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self._tokens = list(_tokens(text))
        self._at = 0
        self._scan()

    def place(self, path: Path) -> str:
        """file:line: key, with the line of the nearest known parent."""
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.lines), ())
        line = f":{self.lines[known]}" if known else ""
        key = f": {'.'.join(path)}" if path else ""
        return f"{self.name}{line}{key}"

    def _scan(self) -> None:
        table: Path = ()
        elements: dict[Path, int] = {}
        while self._at < len(self._tokens):
            if self._next == "\n":
                self._at += 1
            elif self._next == "[":
                table = self._header(elements)
            else:
                self._assignment(table)

    @property
    def _next(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else "\n"

    @property
    def _line(self) -> int:
        return self._tokens[min(self._at, len(self._tokens) - 1)][1]

    def _header(self, elements: dict[Path, int]) -> Path:
        """[table] or [[array of tables]]; names below an array of tables mean its last element."""
        line = self._line
        self._at += 1
        is_array = self._next == "["
        self._at += is_array
        path: Path = ()
        names = self._key("]")
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            if is_array and depth == len(names):
                elements[path] = elements.get(path, -1) + 1
            if path in elements:
                self.lines.setdefault(path, line)
                path = (*path, str(elements[path]))
        self._at += is_array
        self.lines.setdefault(path, line)
        return path

    def _assignment(self, table: Path) -> None:
        line = self._line
        path = table
        for name in self._key("="):
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._value(path)

    def _key(self, end: str) -> list[str]:
        """The names of a dotted key; what ends it is passed over."""
        names = []
        while self._next != end:
            if self._next != ".":
                names.append(_plain(self._next))
            self._at += 1
        self._at += 1
        return names

    def _value(self, path: Path) -> None:
        if self._next == "[":
            self._array(path)
        elif self._next == "{":
            self._inline_table(path)
        else:
            while self._next not in ("\n", ",", "]", "}"):
                self._at += 1

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._next != "]":
            if self._next in ("\n", ","):
                self._at += 1
                continue
            self.lines.setdefault((*path, str(index)), self._line)
            self._value((*path, str(index)))
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._next != "}":
            if self._next in ("\n", ","):
                self._at += 1
            else:
                self._assignment(path)
        self._at += 1


def _tokens(text: str) -> Iterable[tuple[str, int]]:
    line, counted = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        if found.lastgroup != "comment":
            yield found[0], line


def _plain(name: str) -> str:
    """A key without its quotes. Escapes stay as written: nobody names a setting with them."""
    return name[1:-1] if name[0] in "\"'" else name


@dataclass(frozen=True)
class Origin:
    """Where a config came from: its file, and the environment that had the last word on some keys."""

    source: Source
    variables: Mapping[Path, str]

    def place(self, path: Path) -> str:
        variable = next((name for key, name in self.variables.items() if self._is_from(key, path)), "")
        return f"environment variable {variable}: {'.'.join(path)}" if variable else self.source.place(path)

    def _is_from(self, key: Path, path: Path) -> bool:
        """Whether what stands at a path came by the variable of this key: the whole of it, or all that there is."""
        return path[: len(key)] == key or (key[: len(path)] == path and path not in self.source.lines)

    def describe(self, error: ValidationError, prefix: Path, model: type[BaseModel]) -> str:
        return "\n".join(self._sentence(each, prefix, model) for each in _causes(error.errors()))

    def _sentence(self, fault: Any, prefix: Path, model: type[BaseModel]) -> str:
        path = (*prefix, *(str(part) for part in fault["loc"]))
        if fault["type"] == "extra_forbidden":
            known = sorted(_fields_at(model, fault["loc"][:-1]))
            nearest = get_close_matches(path[-1], known, 1)
            question = f", did you mean {nearest[0]}?" if nearest else ""
            return f"{self.place(path)}: there is no such setting{question}; allowed here: {', '.join(known)}"
        text = WORDS.get(fault["type"], "") or str(fault["msg"]).removeprefix("Value error, ")
        return f"{self.place(path)}: {text}{_shown(fault)}"


NOWHERE = Origin(Source("config.toml", ""), {})


def _causes(faults: list[Any]) -> list[Any]:
    """Without "too short" about an array that is so only because an element of it is at fault."""
    def is_echo(fault: Any) -> bool:
        place = fault["loc"]
        return fault["type"] == "too_short" and any(each["loc"][: len(place)] == place for each in faults
                                                    if each is not fault)

    return [fault for fault in faults if not is_echo(fault)]


def _shown(fault: Any) -> str:
    """The value that was found, when the sentence does not say it and it is no secret."""
    value = fault["input"]
    is_plain = isinstance(value, str | int | float) and fault["loc"] and "password" not in str(fault["loc"][-1])
    return f", not {value!r}" if is_plain and fault["type"] != "value_error" else ""


def _fields_at(model: type[BaseModel], path: tuple[Any, ...]) -> Iterable[str]:
    """Names of the settings at a path: through tables, and through arrays of tables."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field else None
        if field and inner is None:
            return ()
        model = inner or model
    return model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for each in get_args(annotation) if (inner := _model_in(each))), None)
