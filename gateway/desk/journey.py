"""The handlers of the journey: found by name, in the order of config.toml, each with its settings."""

import importlib
import inspect

from gateway.config import Config
from gateway.desk.handler import Handler


def load_handlers(config: Config) -> list[tuple[str, Handler]]:
    """The journey in the order of [desk] handlers, each with its settings. Raises ConfigError."""
    return [(name, config.section(name, _find_handler(config, name))) for name in config.desk.handlers]


def _find_handler(config: Config, name: str) -> type[Handler]:
    try:
        module = importlib.import_module(f"handlers.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"handlers.{name}":
            raise
        raise config.fault(("desk", "handlers"), f"there is no handlers/{name}.py") from None
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Handler) and found.__module__ == module.__name__:
            return found
    raise config.fault(("desk", "handlers"), f"handlers/{name}.py holds no class of Handler")
