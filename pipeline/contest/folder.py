"""A contest's folder: made once, opened to read by anybody, changed by one process at a time."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.contest.keys import COST, Signer, new_key, open_key
from pipeline.contest.ledger import NOTHING, Event, append_event, read_events
from pipeline.contest.plan import plan_bytes, plan_of
from pipeline.contest.records import State
from pipeline.contest.rulebooks import read_rule_books
from pipeline.contest.state import fold, step
from pipeline.contest.store import load, store, sync_folder
from pipeline.errors import ContestError, OutputError
from pipeline.files import is_aside
from pipeline.hold import held
from pipeline.score.canonical import canonical_json

LEDGER = "events.jsonl"
DESK_KEY = "desk.key"
DESK_NAME = "desk"
VERIFIER = "verify_contest.py"
WAIT_S = 30.0
WRITTEN_LOCKED = ("objects/*", "heads", "receipts", "results")  # sheets and tables are printed without the lock
OBJECTS = ("object", "canonical", "manifest", "commitments", "box", "diff")  # keys of a body that name objects


class Contest:
    """A contest as it stands on the disk; `append` works only inside `changing`."""

    def __init__(self, folder: Path, events: tuple[Event, ...], state: State) -> None:
        self.folder, self.events, self.state = folder, events, state
        self._may_change = False

    @classmethod
    def create(
        cls,
        folder: str | Path,
        plan_path: str | Path,
        desk_passphrase: str,
        now_ms: int,
        *,
        cost: int = COST,
        contest_id: str = "",
    ) -> Contest:
        """Make the folder: desk key, plan and rules as objects, the first event. `contest_id` is for tests.

        Raises:
            ContestError: the folder exists and is not empty, or plan or rules are refused.
        """
        folder = Path(folder).absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ContestError(f"{folder}: is there already and not empty")
        data = plan_bytes(plan_path)
        plan = plan_of(data, str(plan_path))
        books = read_rule_books(plan, Path(plan_path).parent)
        with _grown(folder) as aside:
            new_key(aside / DESK_KEY, DESK_NAME, desk_passphrase, cost=cost)
            desk = open_key(aside / DESK_KEY, desk_passphrase)
            body = {"desk": {"key": desk.public, "name": desk.name}, "id": contest_id or secrets.token_hex(6),
                    "name": plan.name, "plan": store(aside, data), "software": software(),
                    "rules": {leg: store(aside, book) for leg, book in books.items()}}  # fmt: skip
            append_event(aside / LEDGER, None, str(body["id"]), "contest", body, desk, now_ms)
            shutil.copyfile(Path(__file__).parent / VERIFIER, aside / VERIFIER)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Contest:
        """Read ledger and objects; nothing is changed.

        Raises:
            ContestError: not a contest folder, or its records do not agree.
        """
        folder = Path(folder)
        if not (folder / LEDGER).is_file():
            raise ContestError(f"{folder}: is not a contest folder (it has no {LEDGER})")
        events = read_events(folder / LEDGER)
        return cls(folder, events, fold(events, lambda sha256: load(folder, sha256)))

    def append(self, kind: str, body: Mapping[str, Any], desk: Signer, now_ms: int) -> Event:
        """Write one event, on the disk when this returns. What the fold would refuse is refused before it is written.

        Raises:
            ContestError: it may not happen now, the key is no desk's, or the folder is not being changed.
        """
        if not self._may_change:
            raise ContestError(f"{self.folder}: events are added inside `changing` only")
        if desk.public not in self.state.desk_keys:
            raise ContestError(f"the key of {desk.name} is not a desk's key of this contest")
        self._check_stored(body)
        step(self.state, self._draft(kind, body, desk, now_ms), self.load)
        event = append_event(self.folder / LEDGER, self.events[-1], self.state.id, kind, body, desk, now_ms)
        self._follow(event)
        return event

    def _check_stored(self, body: Mapping[str, Any]) -> None:
        """Each object that the event names is on the disk, and is what its name says."""
        for name in OBJECTS:
            if isinstance(body.get(name), str):
                self.load(body[name])

    def _draft(self, kind: str, body: Mapping[str, Any], desk: Signer, now_ms: int) -> Event:
        said = json.loads(canonical_json(body))
        return Event(seq=len(self.events), t_ms=self.at_ms(now_ms), kind=kind, body=said, prev=NOTHING,
                     key=desk.public, head="", line=b"", contest=self.state.id)  # fmt: skip

    def _follow(self, event: Event) -> None:
        """Go on from the event that was written; where a torn line was recovered before it, read all again."""
        if event.seq == len(self.events):
            self.events, self.state = (*self.events, event), step(self.state, event, self.load)
        else:
            fresh = Contest.open(self.folder)
            self.events, self.state = fresh.events, fresh.state

    def at_ms(self, now_ms: int) -> int:
        """The time that an event written now gets: never before the last one's."""
        return max(now_ms, self.events[-1].t_ms)

    def store(self, data: bytes) -> str:
        """Keep bytes as an object; their SHA-256."""
        return store(self.folder, data)

    def load(self, sha256: str) -> bytes:
        """The bytes of an object, checked against its name."""
        return load(self.folder, sha256)

    def desk(self, passphrase: str) -> Signer:
        """The desk's key of this folder; ContestError when it is none of this contest."""
        desk = open_key(self.folder / DESK_KEY, passphrase)
        if desk.public not in self.state.desk_keys:
            raise ContestError(f"{self.folder / DESK_KEY}: is not a desk's key of this contest")
        return desk


def software() -> str:
    """The program and its version, as events and results name it."""
    try:
        return f"qianliyan {version('qianliyan')}"
    except PackageNotFoundError:
        return "qianliyan"


@contextmanager
def _grown(folder: Path) -> Iterator[Path]:
    """A folder aside that becomes `folder` when all is in it; nothing is left behind when something fails."""
    aside = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        _settle(aside, folder)
        sync_folder(folder.parent)
    except OSError as why:
        raise OutputError(f"{folder}: cannot be made ({why.strerror or why})") from why
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _settle(aside: Path, folder: Path) -> None:
    """Rename, or fill a folder that is there and empty: the ledger, which makes it a contest, last."""
    if not folder.exists():
        aside.replace(folder)
        return
    for child in sorted(aside.iterdir(), key=lambda p: p.name == LEDGER):
        child.replace(folder / child.name)
    sync_folder(folder)


def _clear_left(folder: Path) -> None:
    """Remove what a process that died left half-written, where files are written under the lock only."""
    for place in WRITTEN_LOCKED:
        for path in folder.glob(f"{place}/.*"):
            if is_aside(path.name):
                with suppress(OSError):
                    path.unlink()


@contextmanager
def changing(folder: str | Path) -> Iterator[Contest]:
    """The contest, read anew, while no other process changes it.

    Raises:
        OutputError: another process holds the folder for longer than half a minute.
        ContestError: as `Contest.open`.
    """
    folder = Path(folder)
    if not (folder / LEDGER).is_file():
        raise ContestError(f"{folder}: is not a contest folder (it has no {LEDGER})")
    with held(folder / ".lock", WAIT_S):
        _clear_left(folder)
        contest = Contest.open(folder)
        contest._may_change = True
        try:
            yield contest
        finally:
            contest._may_change = False
