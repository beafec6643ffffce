"""Brings a database to the newest revision. A start does it, so that an upgrade is a new version and a restart."""

import re
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

HERE = Path(__file__).parent
_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def upgrade(connection: Connection | Engine, revision: str = "head") -> None:
    """Run what is missing, up to this revision, in one transaction."""
    if isinstance(connection, Engine):
        with connection.begin() as opened:
            if opened.dialect.name == "sqlite":  # whose driver is told to leave that to us
                opened.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(opened, revision)
        return
    if _found(connection) == newest():
        return
    from alembic import command  # 12 MB and 0.2 s, for who has something to do
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def newest() -> set[str]:
    """The revision that no other one follows."""
    scripts = [path.read_text(encoding="utf-8") for path in (HERE / "versions").glob("*.py")]
    return {each for script in scripts for each in _REVISION.findall(script)} - {
        each for script in scripts for each in _BEFORE.findall(script)}  # fmt: skip


def _found(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))
