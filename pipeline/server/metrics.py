"""What the server counts about itself, for Prometheus. Labels hold route templates, never ids or names."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.server.database import Database
from pipeline.server.pace import UPLOADS
from pipeline.server.tables import Job

KNOWN_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """A registry of this application alone."""

    def __init__(self, database: Database) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "qianliyan_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "qianliyan_request_seconds", "From a request to the end of its answer.", ("route",), registry=self.registry
        )
        self.upload_bytes = Counter("qianliyan_upload_bytes", "Bytes of files received.", registry=self.registry)
        self.registry.register(_Jobs(database))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Jobs(Collector):
    """Jobs by state, counted when asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("qianliyan_jobs", "Jobs by kind and state.", labels=("kind", "state"))
        with self._database.read() as db:
            counted = db.execute(select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state))
            for kind, state, count in counted:
                family.add_metric((kind, state), count)
        yield family


class Measured:
    """Counts and times every request that passes."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        uploading = str(scope["path"]).startswith(UPLOADS)

        async def received() -> Message:
            message = await receive()
            if uploading:
                self._metrics.upload_bytes.inc(len(message.get("body", b"")))
            return message

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, received, sent)
        finally:
            self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(getattr(scope.get("route"), "path", "none"))
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
