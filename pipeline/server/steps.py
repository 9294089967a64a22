"""What each kind of job needs before its task can start, and what its end means besides.

The task's process does the work (`search.py`, `layers/prepare.py`); these are the steps that need the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from pipeline.server.database import Database
from pipeline.server.layers.job import LayerSteps
from pipeline.server.search_job import SearchSteps
from pipeline.server.settings import Settings
from pipeline.server.tables import Job


class Steps(Protocol):
    """A kind of job. Everything may be repeated: a job may have been begun, and even ended, before."""

    longest_s: float  # that its task may take

    def folder(self, settings: Settings, job: Job) -> Path:
        """Where its log lies."""

    def begin(self, settings: Settings, database: Database, job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
        """(what the task is told, what the job is to remember); raises PipelineError."""

    def reached(self, folder: Path) -> str:
        """Changes when an attempt got anywhere."""

    def end(self, db: Session, job: Job, state: str, sentence: str, result: dict[str, Any]) -> None:
        """What follows from the end, in the transaction that writes it down."""


STEPS: Mapping[str, Steps] = {"search": SearchSteps(), "layer": LayerSteps()}
