"""Alembic's entry: it is always called from run.py with an open connection."""

from alembic import context
from sqlmodel import SQLModel

import gateway.models  # noqa: F401  (fills the metadata)

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
