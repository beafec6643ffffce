"""What a first start makes: the data folder with its secret, the tables, and the door's certificate where none is
configured.

It is done before the gateway runs, which would keep what Alembic and OpenSSL for Python take for it, 22 MB. The gateway
looks at both once more.
"""

from gateway.config import Config
from gateway.foundation import build_capabilities, certificate, clock, open_database
from gateway.smtp import tls


async def lay(config: Config) -> None:
    """Raises ConfigError, and what the database says."""
    build_capabilities(config)
    with certificate(config):
        tls.context(config.smtp, config.site, clock())
    database = open_database(config)
    try:
        await database.migrate()
    finally:
        await database.close()
