"""Teams that never flew: hit lists perturbed from the truth, better with each submission."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.rehearse.world import CLASSES, Planted, geographic
from pipeline.score.hits import Row

ROUGHER = (1.7, 1.25, 1.0)  # how much worse a team's first, second and later lists are than its best
T_START_MS = 1_792_202_400_000  # 2026-10-17 10:00 in Zhengzhou: when the first photo is taken


@dataclass(frozen=True, slots=True)
class Skill:
    """How well a team sees."""

    found: float  # share of the targets
    sigma_m: float  # of a position, each axis
    bias_m: tuple[float, float]  # east, north: common to all its hits
    misread: float  # share of classes that are wrong
    extras: float  # hits on nothing, of the number of targets
    copies: float  # hits handed in twice, of the number of targets


def skill_of(team: int, seed: int) -> Skill:
    """The skill of team number `team` (from 0)."""
    r = random.Random(f"skill/{seed}/{team}")
    turned = r.uniform(0, math.tau)
    off_m = r.choice((0.0, 0.4, 1.5, 4.0))
    return Skill(
        found=r.uniform(0.55, 1.0),
        sigma_m=r.uniform(0.4, 5.0),
        bias_m=(off_m * math.cos(turned), off_m * math.sin(turned)),
        misread=r.uniform(0.0, 0.3),
        extras=r.uniform(0.0, 0.25),
        copies=r.uniform(0.0, 0.1),
    )


def hit_rows(planted: Sequence[Planted], team: int, number: int, seed: int) -> list[Row]:
    """What team `team` (from 0) hands in as its submission `number` (from 1)."""
    skill, r = skill_of(team, seed), random.Random(f"hits/{seed}/{team}/{number}")
    rough = ROUGHER[min(number, len(ROUGHER)) - 1]
    rows = [_hit(r, t, skill, rough) for t in planted if r.random() < skill.found / rough**0.5]
    rows += [_extra(r, planted) for _ in planted if r.random() < skill.extras * rough]
    rows += [_moved(r, row) for row in rows if r.random() < skill.copies * rough]
    r.shuffle(rows)
    return [row._replace(id=f"H{n:03d}") for n, row in enumerate(rows, 1)]


def _hit(r: random.Random, t: Planted, skill: Skill, rough: float) -> Row:
    sigma_m = skill.sigma_m * rough
    north_m = t.north_m + skill.bias_m[1] + r.gauss(0, sigma_m)
    east_m = t.east_m + skill.bias_m[0] + r.gauss(0, sigma_m)
    label = r.choice(CLASSES) if r.random() < skill.misread * rough else t.label
    return _row(r, label, north_m, east_m, r90_m=2.15 * sigma_m * r.uniform(0.7, 1.3), sure=r.uniform(0.5, 1.0))


def _extra(r: random.Random, planted: Sequence[Planted]) -> Row:
    norths, easts = [t.north_m for t in planted], [t.east_m for t in planted]
    north_m, east_m = r.uniform(min(norths), max(norths)), r.uniform(min(easts), max(easts))
    return _row(r, r.choice(CLASSES), north_m, east_m, r90_m=r.uniform(1.0, 8.0), sure=r.uniform(0.1, 0.7))


def _row(r: random.Random, label: str, north_m: float, east_m: float, r90_m: float, sure: float) -> Row:
    at, seen_ms = geographic(north_m, east_m), T_START_MS + r.randrange(0, 900_000, 1_000)
    return Row("", label, round(at.lat_deg, 8), round(at.lon_deg, 8), round(sure, 3), round(r90_m, 2), seen_ms,
               seen_ms + r.randrange(0, 60_000, 1_000))  # fmt: skip


def _moved(r: random.Random, row: Row) -> Row:
    """The same source handed in again, a metre or two off."""
    assert row.lat_deg is not None
    return row._replace(lat_deg=round(row.lat_deg + r.gauss(0, 1e-5), 8), confidence=round(r.uniform(0.2, 0.6), 3))


def mistakes(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """CSV texts as people send them by mistake, each with its name; the last two are taken, with a warning."""
    yield "swapped", _csv((r, f"{r.lon_deg:.8f}", f"{r.lat_deg:.8f}") for r in rows)
    yield "wide-digits", _csv((r, f"{r.lat_deg:.8f}".translate(_WIDE), f"{r.lon_deg:.8f}") for r in rows)
    yield "same-id", _csv((r._replace(id="H001"), f"{r.lat_deg:.8f}", f"{r.lon_deg:.8f}") for r in rows)
    yield "nan", _csv((r, "nan", f"{r.lon_deg:.8f}") for r in rows)
    yield "metres", _csv((r, "3848500.123", "465200.456") for r in rows)
    yield "no-class", "lat_deg,lon_deg\n" + "".join(f"{r.lat_deg},{r.lon_deg}\n" for r in rows)
    yield "gcj02", "datum," + _csv((r, f"{r.lat_deg:.8f}", f"{r.lon_deg:.8f}") for r in rows).replace("\n", "\nGCJ-02,")
    yield "degrees-minutes-seconds", _csv((r, _dms(r.lat_deg), _dms(r.lon_deg)) for r in rows)
    yield "zeros", _csv((r, *(("0", "0") if n == 0 else (f"{r.lat_deg:.8f}", f"{r.lon_deg:.8f}")))
                        for n, r in enumerate(rows))  # fmt: skip


def _dms(deg: float | None) -> str:
    """Degrees, minutes and seconds to a tenth of a millisecond of arc (3 mm)."""
    assert deg is not None
    tenths = round(deg * 36_000_000)
    minutes, rest = divmod(tenths, 600_000)
    return f"{minutes // 60}°{minutes % 60:02d}′{rest // 10_000:02d}.{rest % 10_000:04d}″"


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def _csv(cells: Iterator[tuple[Row, str, str]]) -> str:
    lines = (f"{row.id},{row.label},{lat},{lon},{row.confidence}" for row, lat, lon in cells)
    return "\n".join(("id,class,lat_deg,lon_deg,confidence", *lines))
