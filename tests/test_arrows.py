"""The arrows of the map, walked with ast: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent

MAY = {
    "mail": {"mail"},
    "models": set(),
    "units": set(),
    "source": set(),
    "config": {"units", "source"},
    "authentication": {"authentication", "mail"},
    "store": {"store", "mail", "models"},
    "desk.handler": {"mail", "models", "config"},
    "handlers": {"desk.handler"},
    "desk": {"desk", "desk.handler", "mail", "models", "store", "config"},
    "smtp": {"smtp", "mail", "authentication", "store.intake", "store.arrival", "store.refusals", "desk.capability",
             "config"},
    "delivery": {"delivery", "mail", "models", "store", "config", "authentication.resolver", "authentication.signer"},
    "web": {"web", "mail", "models", "store", "desk", "config"},
}
"""Room -> the rooms and pages that it may import; "desk" stands for all of desk but the contract, desk.handler.

What is not named here is the top (service, the commands and what they show): it may import every room, none may import
it.
"""
NEVER = {room: {"asyncio", "socket", "time"} for room in ("mail", "models", "units", "source", "config")}


def files() -> list[Path]:
    return [*(HERE / "gateway").rglob("*.py"), *(HERE / "handlers").rglob("*.py")]


def name_of(file: Path) -> str:
    """gateway/mail/dsn.py -> mail.dsn; handlers/screen.py -> handlers.screen"""
    name = ".".join(file.relative_to(HERE).with_suffix("").parts)
    return name.removeprefix("gateway.").removesuffix(".__init__")


def room_of(name: str) -> str | None:
    """The longest entry of the table that a module lies in; None is the top."""
    parts = name.split(".")
    return next((room for end in (2, 1) if (room := ".".join(parts[:end])) in MAY), None)


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide the room"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(room: str, imported: str) -> bool:
    target = imported.removeprefix("gateway.")
    if room_of(target) == "desk.handler" and "desk.handler" not in MAY[room]:
        return False
    return any(target == may or target.startswith(f"{may}.") for may in MAY[room])


@pytest.mark.parametrize("file", files(), ids=name_of)
def test_a_room_imports_only_what_the_map_allows(file: Path) -> None:
    room = room_of(name_of(file))
    if room is None:
        return
    ours = [name for name in imports(file) if name.partition(".")[0] in ("gateway", "handlers")]
    assert [name for name in ours if not is_allowed(room, name)] == []


@pytest.mark.parametrize("file", [file for file in files() if room_of(name_of(file)) in NEVER], ids=name_of)
def test_what_a_mail_is_knows_no_clock_and_no_wire(file: Path) -> None:
    assert {name.partition(".")[0] for name in imports(file)} & NEVER[room_of(name_of(file)) or ""] == set()


def test_the_table_can_fail() -> None:
    assert not is_allowed("smtp", "gateway.desk.pipeline.Desk")
    assert not is_allowed("smtp", "gateway.models.Request")
    assert not is_allowed("handlers", "handlers.screen.Screen")
    assert not is_allowed("store", "gateway.desk.states.after")
    assert not is_allowed("mail", "gateway.console.edge.run")
    assert not is_allowed("delivery", "gateway.authentication.spf.check")
    assert not is_allowed("web", "gateway.smtp.limits.client_net")
    assert not is_allowed("desk", "gateway.web.pages.Pages")


def test_no_two_modules_import_each_other() -> None:
    """Imports at the head of a file only: one inside a function waits until it is called."""
    heads = {name_of(file): set(_heads(file)) for file in files()}

    def reach(name: str, seen: tuple[str, ...]) -> None:
        assert name not in seen, f"a circle: {' -> '.join((*seen, name))}"
        if name not in done:
            for target in heads[name]:
                reach(target, (*seen, name))
            done.add(name)

    done: set[str] = set()
    for name in heads:
        reach(name, ())


def _heads(file: Path) -> Iterator[str]:
    known = {name_of(each) for each in files()}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}".removeprefix("gateway.")
                part = str(node.module).removeprefix("gateway.")
                target = whole if whole in known else part
                if target in known and target != name_of(file):
                    yield target
