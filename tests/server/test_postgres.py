"""The same accounts on PostgreSQL: migrations, constraints, times and what comes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from sqlalchemy import inspect, select

from pipeline.server import accounts
from pipeline.server.accounts import new_setup_link
from pipeline.server.database import upgrade
from pipeline.server.problems import Problem
from pipeline.server.tables import Base, User, now
from tests.server.postgres import Postgres
from tests.server.test_accounts import (  # noqa: F401  # collected here again, on the database of this module
    TestPeople,
    TestSession,
    TestSetUp,
    TestSignIn,
    TestTokens,
    test_the_audit_log_pages,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.new_database()
    yield url
    postgres.drop(url)


def test_the_migrations_make_what_the_models_say(app: FastAPI) -> None:
    database = app.state.services.database
    upgrade(database)  # twice is once
    found = inspect(database.engine)
    assert database.engine.dialect.name == "postgresql"
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == set(table.columns.keys())
        for column in table.columns:
            assert columns[column.name]["nullable"] == column.nullable, f"{table.name}.{column.name}"
            kept, meant = columns[column.name]["type"], column.type.compile(database.engine.dialect)
            assert str(kept.compile(database.engine.dialect)) == meant, f"{table.name}.{column.name}"
        keys = {tuple(key["constrained_columns"]) for key in found.get_foreign_keys(table.name)}
        assert keys == {tuple(key.column_keys) for key in table.foreign_key_constraints}


def test_times_come_back_as_they_went(app: FastAPI) -> None:
    at = now()
    with app.state.services.database.write() as db:
        place = accounts.add_organisation(db, "总队")
        place.created_at = at
    with app.state.services.database.read() as db:
        assert db.get_one(type(place), place.id).created_at == at


def test_of_two_who_set_up_at_once_one_does(app: FastAPI) -> None:
    database = app.state.services.database
    token = new_setup_link(database)
    both, outcomes = threading.Barrier(2), []

    def try_it(i: int) -> None:
        try:
            with database.write() as db:
                assert not accounts.is_set_up(db)
                both.wait(30)
                accounts.set_up(db, token, f"总队 {i}", "管理员", f"admin{i}", "hash")
            outcomes.append("done")
        except Problem as why:
            outcomes.append(why.code)

    threads = [threading.Thread(target=try_it, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["done", "link_used"]
    with database.read() as db:
        assert len(db.scalars(select(User)).all()) == 1
