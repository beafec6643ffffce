"""The handlers of the journey: found by name, in the order of config.toml, each with its settings."""

import importlib
import inspect
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb

from gateway.config import Config
from gateway.desk.handler import Handler


def load_handlers(config: Config) -> list[tuple[str, Handler]]:
    """The journey in the order of [desk] handlers, each with its settings. Raises ConfigError."""
    for name in config.handlers:
        if not _is_there(name):
            raise config.fault(("handlers", name), f"there is no handlers/{name}.py")
    return [(name, config.section(name, _find_handler(config, name))) for name in config.desk.handlers]


def _find_handler(config: Config, name: str) -> type[Handler]:
    if not _is_there(name):
        raise config.fault(("desk", "handlers"), f"there is no handlers/{name}.py")
    try:
        module = importlib.import_module(f"handlers.{name}")
    except Exception as error:  # whatever the code of a customer centre may raise
        file = "" if where(error) else f"handlers/{name}.py: "
        raise config.fault(("desk", "handlers"), f"{file}{told(error).partition(chr(10))[0]}") from error
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Handler) and found.__module__ == module.__name__:
            return found
    raise config.fault(("desk", "handlers"), f"handlers/{name}.py holds no class of Handler")


def told(error: Exception) -> str:
    """What failed, and in which line of a handler."""
    return f"{where(error)}{type(error).__name__}: {error}"


def where(error: Exception) -> str:
    """File and line of the handler that raised it, in front of what it says; "" when none did."""
    frames = [(Path(each.filename), each.lineno) for each in extract_tb(error.__traceback__)]
    lines = [f"handlers/{file.name}:{line}: " for file, line in frames if file.parent.name == "handlers"]
    return "".join(lines[-1:])


def _is_there(name: str) -> bool:
    return name.isidentifier() and find_spec(f"handlers.{name}") is not None
