"""The application: its parts put together. Nothing here knows a subject."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.errors import PipelineError
from pipeline.server.checking import Checker
from pipeline.server.database import Database, upgrade
from pipeline.server.door import Door
from pipeline.server.gate import Gate
from pipeline.server.headers import Shell
from pipeline.server.hosts import Hosts
from pipeline.server.limits import Limits
from pipeline.server.metrics import Measured, Metrics
from pipeline.server.pace import Pace
from pipeline.server.passwords import Hashing
from pipeline.server.problems import Problem, on_http_exception, on_invalid, on_pipeline_error, on_problem
from pipeline.server.services import Services, services
from pipeline.server.settings import Settings, prepare
from pipeline.server.supervisor import Supervisor
from pipeline.server.uploads import Uploads
from pipeline.server.version import VERSION

__all__ = ["Services", "create_app", "services"]


def create_app(settings: Settings) -> FastAPI:
    """The whole application over a data folder; the database is brought up to date.

    Background work starts with the application's lifespan, not here: tests of routes need none.
    """
    prepare(settings)
    database = Database(settings.url)
    upgrade(database)
    found = Services(settings, database, Limits(), Hashing(), Metrics(database))
    app = FastAPI(
        title="Qianliyan 千里眼", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan
    )
    app.state.services = found
    app.state.uploads = Uploads(settings, database, Checker(settings, database))
    _add_handlers(app)
    _add_routes(app)
    app.add_middleware(Door)
    app.add_middleware(Gate, database=database, limits=found.limits, hosts=Hosts(frozenset(settings.names)))
    app.add_middleware(Pace)
    app.add_middleware(Measured, metrics=found.metrics)
    app.add_middleware(Shell)  # added last, it is outermost
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What runs beside the requests, from start to end."""
    found: Services = app.state.services
    uploads: Uploads = app.state.uploads
    await run_in_threadpool(uploads.start)
    supervisor = Supervisor(found.settings, found.database)
    supervisor.start()
    try:
        yield
    finally:
        await run_in_threadpool(supervisor.stop)
        await run_in_threadpool(uploads.close)
        found.database.close()


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(PipelineError, on_pipeline_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http_exception)


def _add_routes(app: FastAPI) -> None:
    """Pages come last: they answer whatever is left."""
    from pipeline.server.routes import (
        accounts,
        audit,
        auth,
        events,
        exports,
        files,
        flights,
        health,
        hits,
        layers,
        organisations,
        pages,
        photos,
        reviews,
        run_map,
        runs,
        uploads,
    )

    subjects = (auth, accounts, organisations, audit, health, flights, files, runs, events, layers)
    finished = (run_map, hits, photos, reviews, exports)
    app.include_router(uploads.make_router(app.state.uploads, app.state.services.settings))
    for module in (*subjects, *finished, pages):
        app.include_router(module.router)
