"""The officer's work: pins, verdicts, undo and redo. One at a time a run, only ever added to, each of them audited.

Undo takes back the asker's own latest entry that stands; redo brings back what the asker's own undo took back last, as
long as the asker has said nothing new since. `standing` entries hold in the order in which they were first made.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.report.review_entries import Entry, review_entry
from pipeline.report.reviews import append_review, read_reviews
from pipeline.server.access import Who
from pipeline.server.audit import audit
from pipeline.server.database import Database
from pipeline.server.finished import Finished
from pipeline.server.hits import Hits, hits_of
from pipeline.server.pictures import Pictures
from pipeline.server.problems import Problem

_locks: dict[str, threading.Lock] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Click:
    """A pixel of the k-th photo: x to the right, y down, (0, 0) the centre of the first one."""

    k: int
    x_px: float
    y_px: float


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at work on a run."""

    run: Finished
    who: Who
    database: Database
    pictures: Pictures

    def locate(self, click: Click) -> dict[str, Any]:
        """{at, r90_m, cov_m2, ellipse}; raises PipelineError with the reason where the pixel has no ground."""
        return self.pictures.ask({"do": "locate", **_where(self.run, click)})

    def pin(self, click: Click, label: str, note: str) -> str:
        """Add a hit of one's own; its id. Raises Problem 409 when the same click has made one that stands."""
        photo = self.run.photo(click.k)
        original = {"path": str(self.run.original(photo)), "sha256": photo["sha256"]}
        said = {"label": label, "said": [named(self.who), note]}
        entry = self.pictures.ask({"do": "pin", **_where(self.run, click), **original, **said})["entry"]
        with one_at_a_time(self.run):
            there = hits_of(self.run).features.get(entry["hit"])
            if there is not None and there["properties"]["verdict"] != "rejected":
                raise Problem(409, "pinned_already", "this very place is a hit already", {"hit": entry["hit"]})
            self._append(entry)
        hit: str = entry["hit"]
        return hit

    def review(self, hit: str, verdict: str, value: Any, note: str) -> None:
        """Add a verdict on a hit; raises Problem 404 when there is none such."""
        with one_at_a_time(self.run):
            hits = hits_of(self.run)
            shown, evidence = hits.listed(hit), hits.evidence(self.run, hit)
            feature = {**shown, "properties": {"id": hit, "evidence": evidence}}
            self._append(review_entry(feature, verdict, named(self.who), value, note))

    def undo(self) -> int:
        """The number of the entry that was taken back; raises Problem 409 when nothing of the asker's stands."""
        with one_at_a_time(self.run):
            entries = read_reviews(self.run.run)
            mine, _ = stacks(entries, self.who.user_id)
            if not mine:
                raise Problem(409, "nothing_to_undo", "you have said nothing here that could be taken back")
            return self._take(entries, mine[-1], "undone")

    def redo(self) -> int:
        """The number of the entry that holds again; raises Problem 409 when the asker's last word was no undo."""
        with one_at_a_time(self.run):
            entries = read_reviews(self.run.run)
            _, back = stacks(entries, self.who.user_id)
            if not back:
                raise Problem(409, "nothing_to_redo", "you have taken nothing back since you last said something")
            return self._take(entries, back[-1], "redone")

    def _take(self, entries: Sequence[Entry], n: int, verdict: str) -> int:
        first = entries[n - 1]
        kept = ("schema_version", "hit", "source", "sha256", "frame_id", "box_px", "at")
        feature = {"geometry": {"coordinates": first["at"]}, "properties": {"id": first["hit"]}}
        entry = review_entry(feature, verdict, named(self.who), {"entry": n})
        self._append({**entry, **{key: first.get(key) for key in kept}})
        return n

    def _append(self, entry: Entry) -> None:
        """The entry names its author's account too, which stays when a name changes."""
        append_review(self.run.run, {**entry, "user": self.who.user_id})
        detail = {"note": entry["note"]} if entry["note"] else {}
        if entry["verdict"] == "added":
            detail["class"] = entry["value"]["properties"]["class"]
        elif entry["value"] is not None:
            detail["value"] = entry["value"]
        with self.database.write() as db:
            audit(db, self.who, f"hit_{entry['verdict']}", f"run/{self.run.id}/hits/{entry['hit']}", detail)


def one_at_a_time(run: Finished) -> threading.Lock:
    """The run's lock, within this process."""
    with _guard:
        return _locks.setdefault(run.id, threading.Lock())


def _where(run: Finished, click: Click) -> dict[str, Any]:
    run.photo(click.k)  # 404 where there is none
    dem = str(run.dem) if run.dem else None
    return {"run": str(run.run), "k": click.k, "pixel": [click.x_px, click.y_px], "dem": dem}


def stacks(entries: Sequence[Entry], user_id: str) -> tuple[list[int], list[int]]:
    """Numbers (from 1) of a person's entries that stand, and of those that a redo would bring back, latest last."""
    said: list[int] = []
    back: list[int] = []
    for n, entry in enumerate(entries, start=1):
        if entry.get("user") != user_id or "carried_from" in entry:
            continue
        if entry["verdict"] == "undone":
            named = entry["value"]["entry"]
            said = [m for m in said if m != named]
            back.append(named)
        elif entry["verdict"] == "redone":
            named = entry["value"]["entry"]
            back = [m for m in back if m != named]
            said = sorted({*said, named})
        else:
            said.append(n)
            back = []
    return said, back


def named(who: Who) -> str:
    """As a review names its author: the name, and the login, since two may have one name."""
    return f"{who.name} ({who.login})" if who.name else who.login


def entries_of(hits: Hits) -> list[dict[str, Any]]:
    """All entries with their numbers, and whether they are taken back; without accounts."""
    return [
        {"n": n, **{k: v for k, v in e.items() if k != "user"}, "undone": n in hits.back}
        for n, e in enumerate(hits.entries, start=1)
    ]
