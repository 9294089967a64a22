"""What `qianliyan score` shows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli import show
from pipeline.errors import ScoreError
from pipeline.types import Frame, Score

if TYPE_CHECKING:
    from pipeline.score import Submission

SELF_TOLD = "the originals are those that the run folder itself names; --originals FOLDER compares with the photos"


def judged(hits: Path, targets: Path, rules: str, originals: Path | None = None) -> Score:
    """Score a hit list; a run's own list is taken with the officers' verdicts beside it.

    Where the rules count evidence, its hashes and times are compared with the photos in `originals`, else with those
    that the run folder of the hits names.
    """
    from pipeline.score import judge, read_rules, read_targets

    book, known, sent = read_rules(rules), read_targets(targets), _submission(hits)
    if not book.evidence:
        return judge(sent, known, book)
    own, flight_ms = _flown(originals) if originals is not None else _told_by_run(hits.parent)
    return judge(sent, known, book, originals=own, flight_ms=flight_ms)


def _submission(hits: Path) -> Submission:
    """The hit list; RUN/hits.geojson as the reviews in RUN.reviews leave it."""
    from pipeline.report.reviews import apply_reviews, read_reviews
    from pipeline.score import hits_of, read_hits

    if hits.name != "hits.geojson" or not (reviews := read_reviews(hits.parent)):
        return read_hits(hits)
    return hits_of(apply_reviews(_collection(hits), reviews)["features"], str(hits))


def _collection(hits: Path) -> dict[str, Any]:
    """A hit list from a stranger to which reviews can be applied: checked, and every hit has an id and a place."""
    from pipeline.score import hits_of
    from pipeline.score.strict import check_datum, read_collection

    collection = read_collection(hits)
    check_datum(collection, str(hits))
    hits_of(collection["features"], str(hits))
    for number, feature in enumerate(collection["features"], 1):
        if not isinstance((feature.get("properties") or {}).get("id"), str) or not feature.get("geometry"):
            raise ScoreError(f"{hits}: feature {number}: has no id or place, which the reviews beside the run need")
    return collection


def _flown(folder: Path) -> tuple[frozenset[str], tuple[int, int] | None]:
    """(SHA-256 of the photos in a folder, first and last time in them in UTC ms)."""
    from pipeline import imagery
    from pipeline.ingest import open_mission

    frames = open_mission(folder).frames
    own = frozenset(imagery.file_sha256(path) for path in dict.fromkeys(f.path for f in frames))
    # A team may have said a better zone than the one that we would assume; it must not lose points by that.
    guessed = any(part == "time" and "assumed" in source for f in frames for part, source in f.sources)
    return own, None if guessed else _span_ms(frames)


def _told_by_run(run: Path) -> tuple[frozenset[str] | None, tuple[int, int] | None]:
    """The same from a run folder's frames.json; (None, None) where there is none."""
    from pipeline.flow.frames import read_frames

    if not (run / "frames.json").is_file():
        return None, None
    frames, _ = read_frames(run)
    show.complain(f"warning: {SELF_TOLD}")
    return frozenset(key.partition("#")[0] for key in frames), _span_ms(frames.values())


def _span_ms(frames: Iterable[Frame]) -> tuple[int, int] | None:
    times = [f.pose.t_ns // 1_000_000 for f in frames if f.pose is not None and f.pose.t_ns is not None]
    return (min(times), max(times)) if times else None


def show_score(hits: Path, targets: Path, rules: str, out: Path | None, originals: Path | None) -> None:
    """Write RESULT.json where asked for, and print the score table."""
    from pipeline.files import write_bytes_atomic
    from pipeline.score import canonical_json, result

    hits = hits / "hits.geojson" if hits.is_dir() else hits
    score = judged(hits, targets, rules, originals)
    if out is not None:
        write_bytes_atomic(out, canonical_json(result(score)) + b"\n")
    print_score(score)
    if out is not None:
        show.say(f"结果 result: {out}")


def print_score(score: Score) -> None:
    """The table in points with two decimals, rounded half up."""
    from pipeline.score import score_table

    sheet = score_table(score)
    show.table(sheet.title, sheet.headings, sheet.rows)
    for name, value in sheet.summary:
        show.say(f"{name}: {value}")
    if sheet.notice:
        show.say(sheet.notice)
    for warning in score.warnings:
        show.say(f"注意 warning: {warning}")
