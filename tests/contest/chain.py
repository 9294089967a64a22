"""A small ledger to break: a folder with a desk's key and a few events, and lines written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.contest.keys import TEST_COST, Signer, new_key, open_key
from pipeline.contest.ledger import LEDGER, Event, append_event, read_events
from pipeline.score.canonical import canonical_json

PASSPHRASE = "千里眼 eight"
START_MS = 1_790_000_000_000


@dataclass
class Chain:
    """A contest's folder with a ledger only, and its opened desk key."""

    folder: Path
    desk: Signer
    id: str = "river-2026"

    @property
    def path(self) -> Path:
        """The ledger."""
        return self.folder / LEDGER

    def read(self) -> tuple[Event, ...]:
        """Its events, checked."""
        return read_events(self.path)

    def add(self, kind: str, body: Mapping[str, Any] | None = None, now_ms: int = START_MS) -> Event:
        """Append one event."""
        events = self.read() if self.path.exists() else ()
        last = events[-1] if events else None
        return append_event(self.path, last, self.id, kind, body or {}, self.desk, now_ms)

    def lines(self) -> list[bytes]:
        """The ledger's lines, without newlines."""
        return self.path.read_bytes().split(b"\n")[:-1]

    def write(self, lines: list[bytes]) -> None:
        """Put other lines in the ledger's place."""
        self.path.write_bytes(b"".join(line + b"\n" for line in lines))


def chain(folder: Path, events: int = 6, id: str = "river-2026") -> Chain:
    """A ledger with one event `contest`, and the rest of the kind `note`, a second apart."""
    folder.mkdir(parents=True, exist_ok=True)
    new_key(folder / "desk.key", "仲裁台", PASSPHRASE, cost=TEST_COST)
    made = Chain(folder, open_key(folder / "desk.key", PASSPHRASE), id)
    made.add("contest", {"id": id, "name": "练习赛", "desk": {"name": "仲裁台", "key": made.desk.public}})
    for number in range(1, events):
        made.add("note", {"text": f"第 {number} 条"}, START_MS + 1000 * number)
    return made


def signed_line(desk: Signer, line: bytes, **changes: Any) -> bytes:
    """A line changed and signed anew by somebody who has the desk's key, or another."""
    content = {**json.loads(line), "key": desk.public, **changes}
    del content["sig"]
    return canonical_json({**content, "sig": desk.sign(canonical_json(content))})
