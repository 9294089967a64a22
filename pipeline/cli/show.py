"""What the commands print: tables and progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.types import HitList

STAGES = {
    "look": "搜索照片 looking",
    "turns": "比对相邻照片 comparing neighbours",
    "report": "写出结果 writing",
    "sim": "制作演示航次 making the flight",
}


def console() -> Console:
    """A console that keeps whole lines in a pipe."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def complain(sentence: str) -> None:
    """One line on stderr."""
    print(" ".join(sentence.split()), file=sys.stderr)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A callback (stage, done, total): a bar on a terminal, a plain line every tenth of the way in a pipe."""
    if not sys.stderr.isatty():
        yield _plain_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield tell


def _plain_lines() -> Callable[[str, int, int], None]:
    tenths: dict[str, int] = {}

    def tell(stage: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if tenth > tenths.get(stage, -1):
            tenths[stage] = tenth
            print(f"{STAGES.get(stage, stage)} {done}/{total}", file=sys.stderr, flush=True)

    return tell


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under headings; numbers to the right."""
    shown = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        number = bool(rows) and all(isinstance(r[i], int | float) for r in rows)
        shown.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(str(v) for v in row))
    console().print(shown)


def hits_table(hits: HitList, most: int = 40) -> None:
    """The first hits of a run."""
    rows = [
        (
            h.id,
            h.label,
            f"{h.at.lat_deg:.7f}",
            f"{h.at.lon_deg:.7f}",
            f"{h.r90_m:.1f}",
            f"{h.confidence:.2f}",
            len(h.sightings),
        )
        for h in hits.hits[:most]
    ]
    heads = ("编号 id", "类别 class", "纬度 lat", "经度 lon", "r90 (m)", "置信度 conf.", "目击 sightings")
    table(f"发现 hits: {len(hits.hits)}", heads, rows)
    if len(hits.hits) > most:
        print(f"… {len(hits.hits) - most} more in hits.csv")
