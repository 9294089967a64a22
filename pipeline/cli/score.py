"""What `qianliyan score` shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from pipeline.cli import show
from pipeline.errors import OutputError
from pipeline.types import Score


def judged(hits: Path, targets: Path, rules: str) -> Score:
    """Score a hit list; a run's own list is taken with the officers' verdicts beside it."""
    from pipeline.score import hits_of, judge, read_hits, read_rules, read_targets

    reviewed = _reviewed(hits)
    submission = read_hits(hits) if reviewed is None else hits_of(reviewed["features"], str(hits))
    return judge(submission, read_targets(targets), read_rules(rules))


def _reviewed(hits: Path) -> dict[str, Any] | None:
    """RUN/hits.geojson with RUN.reviews applied; None for any other file, or when nobody reviewed."""
    from pipeline.report.reviews import apply_reviews, read_reviews

    run = hits if hits.is_dir() else hits.parent
    if hits.name != "hits.geojson" or not (reviews := read_reviews(run)):
        return None
    collection: dict[str, Any] = json.loads(hits.read_bytes())
    return apply_reviews(collection, reviews)


def show_score(hits: Path, targets: Path, rules: str, out: Path | None) -> None:
    """Print the score table, and write RESULT.json where asked for."""
    from pipeline.score import canonical_json, result

    hits = hits / "hits.geojson" if hits.is_dir() else hits
    score = judged(hits, targets, rules)
    print_score(score)
    if out is None:
        return
    from pipeline.report.files import write_bytes_atomic

    if out.exists():
        raise OutputError(f"{out}: is there already")
    write_bytes_atomic(out, canonical_json(result(score)) + b"\n")
    typer.echo(f"结果 result: {out}")


def print_score(score: Score) -> None:
    """The table in points with two decimals, rounded half up."""
    from pipeline.score import score_table

    sheet = score_table(score)
    show.table(sheet.title, sheet.headings, sheet.rows)
    for name, value in sheet.summary:
        typer.echo(f"{name}: {value}")
    if sheet.notice:
        typer.echo(sheet.notice)
    for warning in score.warnings:
        typer.echo(f"注意 warning: {warning}")
