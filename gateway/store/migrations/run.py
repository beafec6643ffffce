"""Brings a database to the newest revision. A start does it, so that an upgrade is a new version and a restart."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine


def upgrade(connection: Connection | Engine) -> None:
    """Run what is missing, in one transaction."""
    if isinstance(connection, Engine):
        with connection.begin() as opened:
            upgrade(opened)
        return
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
