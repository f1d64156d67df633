# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring the database's schema to this version: ``alembic upgrade head``, by one process at a time.

Several services migrate one database, each by a Job of its own. A PostgreSQL advisory lock lets one in after the other;
the server takes it back when its holder dies. Arguments replace ``upgrade head``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

# Any number will do, as long as it is the same everywhere: "tradesns" in ASCII.
LOCK = 0x74726164_65736E73
WAIT_SECONDS = 300
TERMINATION_LOG = os.environ.get("TERMINATION_LOG", "/dev/termination-log")


def say(text: str) -> None:
    """Print a line at once."""
    print(f"tradesense-backend: {text}", file=sys.stderr, flush=True)


def give_up(reason: str) -> None:
    """Say why, and leave it where the release looks for it: Kubernetes shows that file in the pod's status."""
    say(reason)
    with contextlib.suppress(OSError), open(TERMINATION_LOG, "w", encoding="utf-8") as file:
        file.write(reason)


def migrate(connection: Connection, words: list[str]) -> int:
    """Run alembic while holding the lock; returns its exit code."""
    connection.exec_driver_sql(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LOCK})").scalar():
        say(f"another migration of this database is running, waiting up to {WAIT_SECONDS} s for it")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
    # The lock belongs to the session, so the transaction may end: an open one would be in alembic's way.
    connection.commit()
    return subprocess.run(["alembic", *words], check=False).returncode


def with_database(address: str, words: list[str]) -> int:
    """Connect with the driver that the address names, of either kind, and migrate."""
    url = make_url(address)
    if not url.get_dialect().is_async:
        with create_engine(url, poolclass=NullPool).connect() as connection:
            return migrate(connection, words)

    # Here, because it needs greenlet, which an application without such a driver does not have.
    from sqlalchemy.ext.asyncio import create_async_engine

    async def run() -> int:
        async with create_async_engine(url, poolclass=NullPool).connect() as connection:
            return await connection.run_sync(migrate, words)

    return asyncio.run(run())


def main(words: list[str]) -> int:
    """Migrate, and say in one sentence why not; no message may have the password in it."""
    address = os.environ["DATABASE_URL"]
    try:
        code = with_database(address, words or ["upgrade", "head"])
    except ArgumentError:
        give_up("DATABASE_URL is not an address of a database, such as postgresql://USER:PASSWORD@HOST:5432/NAME")
        return 78
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
        password = make_url(address).password
        give_up(f"no migration: {reason.replace(password, '***') if password else reason}")
        return 75
    if code == 0:
        say("the schema is up to date")
    else:
        give_up(f"alembic failed with exit code {code}; its reason is in the log")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
