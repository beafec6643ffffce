"""What every page and API route of the agents works with, made once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.config import Agents, Site
from gateway.desk.acts import Acts
from gateway.store.database import Database


@dataclass(frozen=True)
class Workplace:
    """The desk as the agents' window sees it."""

    database: Database
    acts: Acts
    site: Site
    settings: Agents
    now: Callable[[], datetime]
