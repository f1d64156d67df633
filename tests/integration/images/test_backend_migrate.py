# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The backend's migration with real alembic on a real PostgreSQL: one at a time, and in words when it cannot."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.images.postgres import PASSWORD, postgres
from tools.paths import ROOT

MIGRATE = ROOT / "images" / "backend" / "migrate.py"
# images/backend/migrate.py
LOCK = 0x74726164_65736E73
ENV_PY = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["SYNC_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """\
from alembic import op

revision, down_revision = "0001", None

def upgrade():
    op.execute("INSERT INTO journal VALUES ('began')")
    op.execute("SELECT pg_sleep(1)")
    op.execute("{statement}")
    op.execute("INSERT INTO journal VALUES ('ended')")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def database(server: str) -> str:
    """A database of the test's own, with an empty journal."""
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    address = server.removesuffix("postgres") + name
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE journal (entry text)")
    return address


def application(folder: Path, statement: str = "CREATE TABLE orders (id int)") -> Path:
    """An application with one migration."""
    (folder / "alembic" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = alembic\npath_separator = os\n", encoding="utf-8")
    (folder / "alembic" / "env.py").write_text(ENV_PY, encoding="utf-8")
    (folder / "alembic" / "versions" / "0001.py").write_text(REVISION.format(statement=statement), encoding="utf-8")
    return folder


def start(folder: Path, address: str, *words: str, driver: str = "psycopg") -> subprocess.Popen[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    sync = address.replace("postgresql://", "postgresql+psycopg://")
    env = {"PATH": path, "DATABASE_URL": address.replace("postgresql://", f"postgresql+{driver}://"), "SYNC_URL": sync}
    env["TERMINATION_LOG"] = str(folder / "termination-log")
    return subprocess.Popen(
        [sys.executable, str(MIGRATE), *words],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, problem = process.communicate(timeout=60)
    assert PASSWORD not in output + problem
    return process.returncode, problem


def journal(address: str) -> list[str]:
    with psycopg.connect(address) as connection:
        return [row[0] for row in connection.execute("SELECT entry FROM journal")]


def wait_for_lock(address: str, process: subprocess.Popen[str], *, granted: bool) -> None:
    """Wait until the process holds the advisory lock, or waits for it."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = %s AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with psycopg.connect(address, autocommit=True) as connection:
        for _ in range(600):
            if connection.execute(query, [granted]).fetchone() == (1,):
                return
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
    raise AssertionError("no lock")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg_async"])
def test_the_schema_is_brought_up_to_date(tmp_path: Path, database: str, driver: str) -> None:
    code, said = finish(start(application(tmp_path), database, driver=driver))
    assert code == 0, said
    assert said.splitlines()[-1] == "tradesense-backend: the schema is up to date"
    assert journal(database) == ["began", "ended"]


def test_a_second_run_changes_nothing(tmp_path: Path, database: str) -> None:
    folder = application(tmp_path)
    assert [finish(start(folder, database))[0] for _ in range(2)] == [0, 0]
    assert journal(database) == ["began", "ended"]


def test_it_waits_while_another_one_runs(tmp_path: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(f"SELECT pg_advisory_lock({LOCK})".encode())
        process = start(application(tmp_path), database)
        wait_for_lock(database, process, granted=False)
        assert journal(database) == []
    code, said = finish(process)
    assert code == 0
    assert said.startswith("tradesense-backend: another migration of this database is running, waiting up to 300 s")
    assert journal(database) == ["began", "ended"]


def test_nobody_else_gets_in_while_it_runs(tmp_path: Path, database: str) -> None:
    process = start(application(tmp_path), database)
    wait_for_lock(database, process, granted=True)
    with psycopg.connect(database, autocommit=True) as other:
        assert other.execute(f"SELECT pg_try_advisory_lock({LOCK})".encode()).fetchone() == (False,)
    assert finish(process)[0] == 0


def test_a_killed_one_leaves_no_lock(tmp_path: Path, database: str) -> None:
    folder = application(tmp_path)
    first = start(folder, database)
    wait_for_lock(database, first, granted=True)
    first.kill()
    first.communicate(timeout=60)
    assert finish(start(folder, database))[0] == 0


def test_a_migration_that_fails_is_an_exit_code_and_changes_nothing(tmp_path: Path, database: str) -> None:
    code, said = finish(start(application(tmp_path, "SELECT 1/0"), database))
    assert code != 0
    assert "division by zero" in said
    left = (tmp_path / "termination-log").read_text(encoding="utf-8")
    assert left == f"alembic failed with exit code {code}; its reason is in the log"
    assert said.endswith(f"tradesense-backend: {left}\n")
    assert journal(database) == []


@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        (f"no address, {PASSWORD}", 78, "DATABASE_URL is not an address of a database"),
        (f"postgresql://owner:{PASSWORD}@127.0.0.1:1/none", 75, "no migration: connection failed"),
    ],
)
def test_a_database_that_is_not_there_is_told_in_words(tmp_path: Path, address: str, code: int, sentence: str) -> None:
    assert finish(start(application(tmp_path), address))[0] == code
    said = finish(start(tmp_path, address))[1]
    assert said.startswith(f"tradesense-backend: {sentence}")
    assert (tmp_path / "termination-log").read_text(encoding="utf-8").startswith(sentence)
    assert "Traceback" not in said


def test_a_wrong_password_is_told_without_it(tmp_path: Path, database: str) -> None:
    wrong = database.replace(PASSWORD, "another-s3cret")
    code, said = finish(start(application(tmp_path), wrong))
    assert code == 75
    assert "another-s3cret" not in said
