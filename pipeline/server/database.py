"""The database: SQLite beside the data, or PostgreSQL; brought up to date when the server starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from pipeline.errors import OutputError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_MS = 30_000


class Database:
    """The engine, and the two ways to use it; each is one transaction."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(begin="IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """To look; readers do not wait for a writer. What is loaded can still be read afterwards."""
        with Session(self.engine, expire_on_commit=False) as db, db.begin():
            yield db

    @contextmanager
    def write(self) -> Iterator[Session]:
        """To change: committed at the end of the block, undone by an exception.

        SQLite takes its write lock at once: a transaction that looks first and writes later would fail when another
        wrote in between.
        """
        with Session(self._writing, expire_on_commit=False) as db, db.begin():
            yield db

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    """SQLite keeps a write-ahead log, so that readers and one writer do not wait for each other.

    What is asked with stays out of error messages, and so out of logs: it may be a digest or a hash.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20)
    patience = {"timeout": BUSY_MS / 1000}
    engine = create_engine(url, hide_parameters=True, connect_args=patience, pool_size=20, max_overflow=20)
    event.listen(engine, "connect", _sqlite_habits)
    event.listen(engine, "begin", _begin)
    return engine


def _sqlite_habits(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's BEGIN counts, not the driver's guess of when one is due
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', '')}")


def upgrade(database: Database) -> None:
    """Bring the tables up to date; raises OutputError when the database cannot be reached or is newer than we."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    try:
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError) as why:
        first = str(why).partition("\n")[0]
        raise OutputError(f"the database cannot be brought up to date ({type(why).__name__}: {first})") from why
