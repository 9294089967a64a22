"""What routes need, handed to them by `services(request)`."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from pipeline.server.database import Database
from pipeline.server.limits import Limits
from pipeline.server.metrics import Metrics
from pipeline.server.passwords import Hashing
from pipeline.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    database: Database
    limits: Limits
    hashing: Hashing
    metrics: Metrics


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found
