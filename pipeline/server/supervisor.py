"""Keeps the worker processes going for as long as the server runs."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from pipeline.server import jobs, parent
from pipeline.server.database import Database
from pipeline.server.settings import Settings

LOOK_S = 0.2  # between two looks at whether the workers live
LONGEST_BACK_OFF_S = 60.0
STEADY_S = 60.0  # a worker that lived this long is started again at once
LEAVE_S = 10.0  # for a worker to go by itself when the server stops


class Supervisor:
    """Starts `settings.workers` workers, starts them again when they die, and ends them."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._stop = threading.Event()
        self._slots = [_Slot(settings, database, self._stop) for _ in range(settings.workers)]

    def start(self) -> None:
        """Returns at once."""
        for slot in self._slots:
            slot.thread.start()

    def stop(self) -> None:
        """Returns when the workers have gone; what they worked on is due again."""
        self._stop.set()
        for slot in self._slots:
            slot.thread.join()


class _Slot:
    """The place of one worker."""

    def __init__(self, settings: Settings, database: Database, stop: threading.Event) -> None:
        self._settings, self._database, self._stop = settings, database, stop
        self.thread = threading.Thread(target=self._keep, name="worker's place", daemon=True)

    def _keep(self) -> None:
        """A worker that dies young is started again after 1, 2, 4 … seconds."""
        back_off_s = 0.0
        while not self._stop.wait(back_off_s):
            began = time.monotonic()
            self._one_life()
            back_off_s = min(LONGEST_BACK_OFF_S, max(1.0, 2 * back_off_s))
            if time.monotonic() - began > STEADY_S:
                back_off_s = 0.0

    def _one_life(self) -> None:
        name = f"worker-{secrets.token_hex(4)}"
        told = {
            "name": name,
            "data": str(self._settings.data.resolve()),
            "database_url": self._settings.database_url,
            "lease_s": self._settings.lease_s,
        }
        worker = parent.start("pipeline.server.worker", told)
        while worker.poll() is None and not self._stop.wait(LOOK_S):
            pass
        _end(worker)
        if not self._stop.is_set():
            print(f"{name} ended with status {worker.returncode}; starting another", file=sys.stderr, flush=True)
        try:
            jobs.put_back(self._database, name)
        except SQLAlchemyError as why:
            print(f"{name}: its job waits for the lease ({type(why).__name__})", file=sys.stderr, flush=True)


def _end(worker: subprocess.Popen[bytes]) -> None:
    """Let it go by itself, and see that it does."""
    parent.told_to(worker).close()
    try:
        worker.wait(LEAVE_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
