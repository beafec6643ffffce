"""A database that cannot be used is told in a sentence, by exit code 1: a restart may mend it, no other config can."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from command import Command

NO_DATABASE = "frontdesk: The database cannot be used: (sqlite3.DatabaseError) file is not a database\n"


def damaged(folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var" / "frontdesk.db").write_text("nothing of the kind" * 100)


def test_a_file_that_is_no_database(frontdesk: Command, tmp_path: Path) -> None:
    damaged(tmp_path)
    assert [(said.code, said.err) for said in map(frontdesk, ("queue", "report"))] == [(1, NO_DATABASE)] * 2


def test_a_gateway_that_finds_none(tmp_path: Path) -> None:
    damaged(tmp_path)
    (tmp_path / "config.toml").write_text("".join(f'[{each}]\nlisten = ""\n' for each in ("web", "agents", "status")))
    ended = subprocess.run([sys.executable, "-m", "gateway.serving", "config.toml"], cwd=tmp_path, capture_output=True,
                           text=True, timeout=100)
    assert ended.returncode == 1
    assert ended.stderr.endswith(NO_DATABASE)
    assert "Traceback" not in ended.stderr


def test_one_of_an_older_release(frontdesk: Command, tmp_path: Path, migrated: Path) -> None:
    (tmp_path / "var").mkdir()
    file = shutil.copy(migrated, tmp_path / "var")
    with closing(sqlite3.connect(file)) as db:
        db.executescript("DROP TABLE request; UPDATE alembic_version SET version_num = '0012'")
    said = frontdesk("queue")
    assert said.code == 1
    assert said.err == ("frontdesk: The database is that of an older frontdesk: a restart of the gateway brings it up "
                        "to date.\n")
