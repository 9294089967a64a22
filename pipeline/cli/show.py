"""What the commands print: tables and progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from pipeline.types import Hit, HitList

STAGES = {
    "look": "搜索照片 looking",
    "turns": "比对相邻照片 comparing neighbours",
    "features": "提取特征 finding features",
    "match": "匹配照片 matching photos",
    "report": "写出结果 writing",
    "sim": "制作演示航次 making the flight",
    "labelled": "读取标注 reading labels",
    "convert": "转换图片 converting pictures",
    "reviews": "整理核查结论 reading verdicts",
    "train": "制作训练图块 training tiles",
    "watch": "制作验证图块 watch tiles",
    "drawn": "检验合成图块 drawn tiles",
    "real": "检验真实图片 real pictures",
    "clean": "检验无目标照片 clean photos",
    "tiles": "取图块 taking tiles",
    "float": "检验浮点网络 in float",
    "int8": "检验 8 位网络 in 8 bits",
}


WIDE = 10_000  # columns: in a pipe a row is one line, whatever it holds
_BREAKS = re.compile(r"[\t\n\r\x85\u2028\u2029]+")
_COMMANDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def console() -> Console:
    """A console for stdout; in a pipe no colours, and no folding of long lines."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=WIDE, force_terminal=False)


def plain(value: object) -> str:
    """One line of text that no terminal takes for a command: names of files and hits come from strangers."""
    return _COMMANDS.sub("\ufffd", _BREAKS.sub(" ", str(value)))


def say(sentence: str) -> None:
    """One line on stdout."""
    typer.echo(plain(sentence))


def complain(sentence: str) -> None:
    """One line on stderr."""
    print(plain(sentence), file=sys.stderr)


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
    """Print rows under headings; numbers to the right. In a pipe without lines around the cells."""
    out = console()
    shown = Table(box=box.HEAVY_HEAD if out.is_terminal else None)
    for i, heading in enumerate(headings):
        number = bool(rows) and all(isinstance(r[i], int | float) for r in rows)
        shown.add_column(Text(heading), justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(v)) for v in row))
    out.print(Text(plain(title)))
    out.print(shown)


def hits_table(hits: HitList, most: int = 40) -> None:
    """The first hits of a run."""
    rows = [_hit_row(h) for h in hits.hits[:most]]
    heads = ("编号 id", "类别 class", "纬度 lat", "经度 lon", "r90 (m)", "置信度 conf.", "目击 sightings")
    table(f"发现 hits: {len(hits.hits)}", heads, rows)
    if len(hits.hits) > most:
        say(f"… {len(hits.hits) - most} more in hits.csv")


def _hit_row(h: Hit) -> tuple[Any, ...]:
    place = (f"{h.at.lat_deg:.7f}", f"{h.at.lon_deg:.7f}", f"{h.r90_m:.1f}")
    exposures = len({s.exposure for s in h.sightings})  # lenses of one exposure see once
    return (h.id, h.label, *place, f"{h.confidence:.2f}", exposures)
