"""What is there is documented: every command in README.md, every setting in config.toml, every handler in both."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from gateway.cli import app
from gateway.config import Config, load
from gateway.desk.handler import Handler

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text(encoding="utf-8")
TEXT = (HERE / "config.toml").read_text(encoding="utf-8")
SHIPPED = load(HERE / "config.toml", {}, folder=Path())
HANDLERS = sorted(file.stem for file in (HERE / "handlers").glob("[a-z]*.py"))
SECTIONS = [name for name in Config.model_fields if name != "handlers"]


def table(name: str) -> str:
    """The text under [name], up to the next table that is not below it."""
    end = rf"^\[+(?!\[|{re.escape(name)}\.)|\Z"
    found = re.search(rf"^\[{re.escape(name)}\]\n(.*?)(?={end})", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"config.toml has no [{name}]"
    return found[1]


def settings() -> Iterator[tuple[str, str, FieldInfo]]:
    for section in SECTIONS:
        model = Config.model_fields[section].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, field in model.model_fields.items():
            yield section, key, field


@pytest.mark.parametrize(("section", "key"), [(section, key) for section, key, _ in settings()])
def test_every_setting_stands_in_config_toml(section: str, key: str) -> None:
    """With its value, or commented out where the default is to have none; or as a table of its own."""
    assert re.search(rf"^(# )?{key} = ", table(section), re.MULTILINE) or f"[{section}.{key}]" in TEXT


def test_a_setting_that_is_commented_out_has_no_default() -> None:
    for section, key, field in settings():
        if re.search(rf"^# {key} = ", table(section), re.MULTILINE):
            assert field.default in (None, {})


def test_no_setting_stands_without_a_comment_above_its_group() -> None:
    """Blank lines part the groups: each that sets something begins with a comment."""
    for group in re.split(r"\n\s*\n", TEXT):
        lines = [line for line in group.splitlines() if not line.startswith("[")]
        if any(re.match(r"[a-z_]+ = ", line) for line in lines):
            assert lines[0].startswith("#"), f"no comment above {lines[0]!r}"


def handler(name: str) -> type[Handler]:
    module = importlib.import_module(f"handlers.{name}")
    return next(value for value in vars(module).values()
                if isinstance(value, type) and issubclass(value, Handler) and value.__module__ == module.__name__)


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_stands_in_the_readme_and_in_the_order(name: str) -> None:
    assert f"| `{name}` |" in README
    assert name in SHIPPED.desk.handlers


@pytest.mark.parametrize("name", HANDLERS)
def test_every_setting_of_a_handler_stands_in_config_toml_with_its_default(name: str) -> None:
    model = handler(name)
    if not model.model_fields:
        return
    below = table(f"handlers.{name}")
    missing = [key for key in model.model_fields if not re.search(rf"^(# )?({key} = |\[+handlers\.{name}\.{key}[.\]])",
                                                                  below, re.MULTILINE)]
    assert missing == []
    assert SHIPPED.section(name, model) == model()


@pytest.mark.parametrize("name", HANDLERS)
def test_every_setting_of_a_handler_is_described(name: str) -> None:
    assert [key for key, field in handler(name).model_fields.items() if not field.description] == []


def commands(command: Any = None, name: str = "frontdesk") -> Iterator[str]:
    command = command or get_command(app)
    for word, below in getattr(command, "commands", {}).items():
        yield f"{name} {word}"
        yield from commands(below, f"{name} {word}") if getattr(below, "commands", {}) else ()


@pytest.mark.parametrize("command", [each for each in commands() if not each.endswith(" retry")])
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", README, re.MULTILINE)


def test_every_command_has_a_sentence_of_help() -> None:
    assert all(command.help for command in get_command(app).commands.values())  # type: ignore[attr-defined]


def test_the_readme_speaks_of_no_command_that_is_not_there() -> None:
    known = {each.split()[1] for each in commands()}
    assert set(re.findall(r"^(?:\| `)?frontdesk ([a-z]+)", README, re.MULTILINE)) <= known


def test_the_readme_speaks_of_no_make_target_that_is_not_there() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (HERE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_every_file_that_the_map_names_is_there() -> None:
    drawing = README.partition("## The map")[2].partition("```\n")[2].partition("```")[0]
    for name in re.findall(r"^  ([a-z]+\.py|[a-z]+/)  ", drawing, re.MULTILINE):
        assert (HERE / "gateway" / name).exists()


def test_the_packaged_file_is_toml_that_a_newcomer_may_copy() -> None:
    assert set(tomllib.loads(TEXT)) <= set(Config.model_fields)
